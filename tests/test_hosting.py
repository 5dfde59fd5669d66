"""How the service is run elsewhere than on Function Compute: image, compose, systemd, and the page that says how.

No Docker is needed: the files are read, and what they run is run here.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from extension import packing
from extension.storage import ROOT

DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs/service.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
UNIT = DEPLOY / "dataworks-extension.service"
LONGEST_END_S = 30 + 2 * 5
"""How long the service goes on with what it accepted, and then records and tells."""


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, in order, each on one line."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def arguments(name: str) -> list[str]:
    return [rest for each, rest in instructions() if each == name]


def image_environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for line in arguments("ENV") for pair in shlex.split(line))


COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICE: dict[str, Any] = COMPOSE["services"]["service"]


def settings() -> Iterator[tuple[str, str]]:
    """The settings of the unit."""
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name, value


def unit(name: str) -> list[str]:
    return [value for each, value in settings() if each == name]


def test_the_image_has_instructions_that_docker_knows() -> None:
    known = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD"}
    names = [name for name, _ in instructions()]
    assert {*names} == known
    assert names[0] == "FROM"
    assert names[-1] == "CMD"


def test_the_image_is_a_slim_one_of_the_python_that_the_requirements_are_for_pinned_by_its_tag() -> None:
    (image,) = arguments("FROM")
    assert re.fullmatch(rf"python:{re.escape(packing.PYTHON)}\.\d+-slim-bookworm", image)


def test_what_is_copied_is_there_and_let_through_and_nothing_else_is() -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    copied = [source for line in arguments("COPY") for source in line.split()[:-1]]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert ignored == ["*", *sorted(f"!{source}" for source in copied), "**/__pycache__"]


def test_dependencies_are_wheels_with_hashes_of_the_file_that_was_copied() -> None:
    names = [name for name, _ in instructions()]
    install = next(line for line in arguments("RUN") if "pip install" in line)
    options = {"--require-hashes", "--no-deps", "--only-binary=:all:", "--no-cache-dir"}
    assert options <= {*install.split()}
    file = install.split("-r ")[1]
    assert file == packing.SERVICE.requirements
    assert arguments("COPY")[0].split()[0] == file
    assert names.index("COPY") < names.index("RUN")
    assert not re.search("apt-get|apk|gcc|curl|wget", " ".join(arguments("RUN")))


def test_byte_code_is_made_as_the_image_makes_it(tmp_path: Path) -> None:
    (tmp_path / "extension").mkdir()
    shutil.copyfile(ROOT / "extension/errors.py", tmp_path / "extension/errors.py")
    (line,) = [line for line in arguments("RUN") if "compileall" in line]
    command = shlex.split(line.partition("&&")[0])
    assert command[0] == "python"
    subprocess.run([sys.executable, *command[1:]], cwd=tmp_path, check=True)  # noqa: S603  what the Dockerfile says
    assert [path.suffix for path in (tmp_path / "extension/__pycache__").iterdir()] == [".pyc"]


def test_the_image_runs_as_nobody_who_could_change_it() -> None:
    names = [name for name, _ in instructions()]
    (user,) = arguments("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    assert "RUN" not in names[names.index("USER") :]
    (volume,) = arguments("VOLUME")
    assert f"chown {user} {volume}" in " ".join(arguments("RUN"))
    assert image_environment()["EXTENSION_RECORDS"].startswith(f"{volume}/")
    assert SERVICE["user"] == user


def test_the_image_starts_the_service() -> None:
    assert json.loads(arguments("CMD")[0]) == ["python", "-m", "extension.service"]
    assert unit("ExecStart") == ["/opt/dataworks-extension/.venv/bin/python -m extension.service"]
    assert arguments("STOPSIGNAL") == ["SIGTERM"]


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_of_a_container_is_that_of_the_service(status: int, code: int) -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the overridden
            """Say nothing."""

    (check,) = arguments("HEALTHCHECK")
    (port,) = arguments("EXPOSE")
    assert image_environment()["EXTENSION_LISTEN"] == f"0.0.0.0:{port}"
    command = json.loads(check.partition(" CMD ")[2])
    assert command[:2] == ["python", "-c"]
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        script = command[2].replace(f"127.0.0.1:{port}/", f"127.0.0.1:{server.server_port}/")
        ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)  # noqa: S603  as above
        server.shutdown()
        thread.join()
    assert (ran.returncode, asked) == (code, [packing.HEALTH])


def test_a_container_can_change_nothing_but_its_volume() -> None:
    assert SERVICE["read_only"] is True
    assert SERVICE["cap_drop"] == ["ALL"]
    assert SERVICE["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & SERVICE.keys()
    (volume,) = arguments("VOLUME")
    assert SERVICE["volumes"] == [f"verdicts:{volume}"]
    assert COMPOSE["volumes"] == {"verdicts": None}


def test_a_container_is_reached_from_its_machine_alone() -> None:
    (port,) = arguments("EXPOSE")
    assert SERVICE["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_compose_builds_the_image_from_here() -> None:
    build = SERVICE["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()


def test_compose_has_no_keys_but_those_of_its_specification() -> None:
    assert COMPOSE.keys() == {"name", "services", "volumes"}
    assert SERVICE.keys() == {
        *("image", "build", "platform", "env_file", "ports", "restart", "stop_grace_period", "user", "read_only"),
        *("cap_drop", "security_opt", "mem_limit", "pids_limit", "volumes", "logging"),
    }


def test_whoever_stops_the_service_waits_until_it_is_done() -> None:
    assert int(unit("TimeoutStopSec")[0]) > LONGEST_END_S
    assert SERVICE["stop_grace_period"] == f"{unit('TimeoutStopSec')[0]}s"


def test_the_file_with_the_secrets_is_committed_by_nobody() -> None:
    name = SERVICE["env_file"]
    assert f"/deploy/{name}" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert (DEPLOY / f"{name}.example").is_file()
    assert not (DEPLOY / name).exists()


def example() -> dict[str, str]:
    """The variables of the example, as systemd and compose read them."""
    lines = (DEPLOY / "environment.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_example_has_no_secret_and_nothing_that_only_one_of_the_two_reads() -> None:
    variables = example()
    secret = [name for name in variables if re.search("KEY|TOKEN|SECRET", name)]
    assert len(secret) == 5
    assert [variables[name] for name in secret] == [""] * len(secret)
    assert not re.search(r"[\"'$\\#]", "".join(variables.values()))
    assert variables["EXTENSION_MODE"] == "shadow"


def listed() -> set[str]:
    """The variables that the two pages list."""
    tables = [page[page.index("## Environment") :].split("\n## ")[0] for page in (README, PAGE)]
    return {name for table in tables for name in re.findall(r"`([A-Z][A-Z_]{5,})`", table)}


def test_every_variable_that_is_set_somewhere_is_listed() -> None:
    document = yaml.safe_load((ROOT / "s.yaml").read_text(encoding="utf-8"))
    of_units = {pair.partition("=")[0] for line in unit("Environment") for pair in line.split()}
    found = {*example(), *image_environment(), *of_units}
    found |= {*document["resources"]["service"]["props"]["environmentVariables"]}
    assert {name for name in found if not name.startswith("PYTHON")} - listed() == set()


def test_every_variable_of_the_service_can_be_set_where_function_compute_runs_it() -> None:
    """Certificates are for machines that cannot fetch them."""
    document = yaml.safe_load((ROOT / "s.yaml").read_text(encoding="utf-8"))
    table = PAGE[PAGE.index("## Environment") : PAGE.index("## On a machine")]
    rows = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    set_there = {*document["resources"]["service"]["props"]["environmentVariables"]}
    assert rows - set_there == {"EVENTBRIDGE_CERTIFICATES"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_takes_the_unit_and_finds_it_shut(tmp_path: Path) -> None:
    """With a program and a page that are there."""
    text = UNIT.read_text(encoding="utf-8").replace("/opt/dataworks-extension/.venv/bin/python", sys.executable)
    file = tmp_path / UNIT.name
    file.write_text(text.replace("/opt/dataworks-extension/docs/service.md", str(ROOT / "docs/service.md")), "utf-8")
    verified = subprocess.run(  # noqa: S603  systemd's own
        [str(shutil.which("systemd-analyze")), "verify", str(file)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    rated = subprocess.run(  # noqa: S603  as above
        [str(shutil.which("systemd-analyze")), "security", "--offline=true", "--threshold=15", "--no-pager", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout[-200:]


def test_the_unit_writes_to_the_folder_that_it_has() -> None:
    (folder,) = unit("StateDirectory")
    assert f"EXTENSION_RECORDS=/var/lib/{folder}/verdicts" in unit("Environment")
    assert unit("EnvironmentFile") == ["/etc/dataworks-extension/environment"]
    assert unit("DynamicUser") == ["yes"]
    assert unit("Restart") == ["always"]


def test_files_and_places_that_the_page_links_are_there() -> None:
    links = re.findall(r"\]\((?!http)([^)]+)\)", PAGE)
    headings = {text.lower().replace(" ", "-") for text in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)}
    anchors = {link[1:] for link in links if link.startswith("#")}
    assert anchors
    assert anchors <= headings
    files = [link.partition("#")[0] for link in links if not link.startswith("#")]
    assert [file for file in files if not (ROOT / "docs" / file).exists()] == []


def test_files_that_the_page_has_copied_are_there() -> None:
    named = re.findall(r"deploy/[\w.-]+", PAGE)
    assert {*named} - {"deploy/environment"} == {
        *("deploy/environment.example", "deploy/dataworks-extension.service", "deploy/compose.yaml")
    }
    assert [name for name in named if name != "deploy/environment" and not (ROOT / name).is_file()] == []


def blocks(language: str) -> list[str]:
    return re.findall(rf"(?m)^ *```{language}\n(.*?)^ *```", PAGE, re.DOTALL)


def test_what_the_page_shows_can_be_read() -> None:
    assert [json.loads(text) for text in blocks("json")] == [{"source": ["acs.dataworks"]}]
    (scraped,) = [yaml.safe_load(text) for text in blocks("yaml")]
    assert scraped["scrape_configs"][0]["job_name"] == "dataworks-extension"


def test_the_proxies_pass_the_path_as_it_came_to_where_the_service_listens() -> None:
    listens = re.search(r"`EXTENSION_LISTEN` \| .*? \| `([\d.:]+)` \|", PAGE)
    assert listens
    (nginx,), (caddy,) = blocks("nginx"), blocks("text")
    assert re.findall(r"proxy_pass (.*?);", nginx) == [f"http://{listens[1]}"]
    assert re.findall(r"reverse_proxy (\S+)", caddy) == [listens[1]]
    assert nginx.count("{") == nginx.count("}")
    assert caddy.count("{") == caddy.count("}")
    assert re.findall(r"client_max_body_size (\w+)", nginx) == ["4m"]
    assert re.findall(r"max_size (\w+)", caddy) == ["4MiB"]


def test_the_commands_of_the_page_are_those_of_the_shell() -> None:
    for text in blocks("sh"):
        subprocess.run(["/bin/sh", "-n"], input=text.encode(), check=True)
