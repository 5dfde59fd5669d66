"""The folders that are deployed, built once each, and tried with the Python that they are for.

The function's is built full and light, the service's light alone: what the SDK adds is the same.
"""

import ast
import fcntl
import json
import os
import py_compile
import re
import shutil
import stat
import struct
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import holidays
import msgspec
import pytest
from click.testing import CliRunner
from holidays.registry import COUNTRIES

from extension import packing, storage
from extension.packing import FUNCTION, SERVICE, NoPackage, Package, contents
from extension.sql.facts import Engine
from extension.storage import ROOT
from tests.sql import corpus

PYTHON = packing.interpreter("", Path.home() / ".pyenv")
CACHE = ROOT / "build/.cache"
POLICY = ROOT / "policy.yaml"


class Built(NamedTuple):
    """A folder that was built, what was said of it, and what is in it."""

    folder: Path
    said: list[str]
    files: dict[str, bytes]


def built(folder: Path, package: Package = FUNCTION, *, light: bool) -> Built:
    if PYTHON is None:
        pytest.skip(f"no Python {packing.PYTHON} on this machine: the package would have no byte code")
    said = list(packing.build(folder, POLICY, package, light=light, python=PYTHON, cache=CACHE))
    return Built(folder, said, contents(folder))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run that all processes of it have."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other processes waiting that are about to make the same."""
    with (folder / "packing.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def installed(shared: Path) -> Path:
    """The function's dependencies as pip installs them, which each build then takes from the cache."""
    with alone(shared):
        return packing.install(ROOT / FUNCTION.requirements, CACHE)


@pytest.fixture(scope="session")
def installed_for_service(shared: Path) -> Path:
    with alone(shared):
        return packing.install(ROOT / SERVICE.requirements, CACHE)


def once(shared: Path, name: str, package: Package = FUNCTION) -> Built:
    """A package that one process builds for all."""
    folder, said = shared / name / package.name, shared / name / "said.json"
    with alone(shared):
        if not said.exists():
            said.parent.mkdir(exist_ok=True)
            said.write_bytes(msgspec.json.encode(built(folder, package, light=name != "full").said))
    return Built(folder, msgspec.json.decode(said.read_bytes()), contents(folder))


@pytest.fixture(scope="session")
def full(shared: Path, installed: Path) -> Built:
    del installed
    return once(shared, "full")


@pytest.fixture(scope="session")
def light(shared: Path, installed: Path) -> Built:
    del installed
    return once(shared, "light")


@pytest.fixture(scope="session")
def service(shared: Path, installed_for_service: Path) -> Built:
    del installed_for_service
    return once(shared, "service", SERVICE)


def run(package: Built, script: str, given: bytes = b"", **variables: str) -> str:
    """What a script prints that runs in the function's Python, with nothing to import from but the package."""
    paths = (package.folder, *(package.folder / part for part in packing.PYTHONPATH))
    done = subprocess.run(  # noqa: S603  the Python that was found, and no shell
        [str(PYTHON), "-sSPB", "-c", textwrap.dedent(script)],
        input=given,
        env={"PYTHONPATH": ":".join(map(str, paths)), **variables},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def sql_of_corpus() -> list[tuple[str, Engine, str]]:
    return [(entry.sql, entry.engine, entry.project) for entry in corpus.entries()]


def test_a_package_has_what_the_function_runs_and_nothing_else(full: Built) -> None:
    assert {path.name for path in full.folder.iterdir()} <= {*packing.TOP}
    assert {"handler.py", "policy.yaml", "extension/edges.py", "extension/checks/files.py"} <= full.files.keys()
    assert not {f"extension/{name}.py" for name in FUNCTION.not_run} & full.files.keys()
    assert full.files["policy.yaml"] == POLICY.read_bytes()


def test_the_package_of_the_service_has_what_that_runs_and_nothing_else(service: Built) -> None:
    assert {path.name for path in service.folder.iterdir()} == {*packing.TOP} - {"handler.py", "checks", "__pycache__"}
    assert {
        *("extension/service.py", "extension/pipeline.py", "extension/notices.py", "extension/pages/__init__.py"),
        *("extension/pages/verdict.html.jinja", "extension/pages/style.css", "extension/stores/database.py"),
    } <= service.files.keys()
    assert not {f"extension/{name}.py" for name in SERVICE.not_run} & service.files.keys()
    assert "extension/__pycache__/service.cpython-312.pyc" in service.files


def test_a_module_that_is_left_out_is_left_out_with_what_is_below_it() -> None:
    folder = ROOT / "extension"
    below = ("pages/__init__.py", "pages/texts.py", "pages/base.html.jinja", "stores/database.py", "service.py")
    beside = ("stores/__init__.py", "stores/folder.py", "pagesize.py", "services.py")
    assert [name for name in below if FUNCTION.runs(folder / name)] == []
    assert [name for name in beside if not FUNCTION.runs(folder / name)] == []
    assert [name for name in (*below, *beside) if not SERVICE.runs(folder / name)] == []


def test_the_service_is_proved_by_its_health(service: Built) -> None:
    assert service.said[2:] == ["proved: the service starts, answers /healthz and ends"]


def test_our_own_code_has_sources_and_byte_code_and_the_dependencies_have_byte_code_alone(full: Built) -> None:
    ours = {Path(path) for path in full.files if path.endswith(".py")}
    assert {path.parts[0] for path in ours} == {"handler.py", "extension"}
    made = {str(path.parent / "__pycache__" / f"{path.stem}.cpython-312.pyc") for path in ours}
    theirs = {path for path in full.files if path.startswith("python/") and path.endswith(".pyc")}
    assert {path for path in full.files if path.endswith(".pyc")} == made | theirs
    assert "python/yaml/nodes.pyc" in theirs
    unchecked = 0b01
    assert {struct.unpack_from("<I", full.files[path], 4)[0] for path in made | theirs} == {unchecked}


def test_byte_code_says_where_its_source_is_in_the_function_and_not_where_it_was_made(full: Built) -> None:
    assert b"/code/extension/edges.py" in full.files["extension/__pycache__/edges.cpython-312.pyc"]
    assert b"/code/python/yaml/nodes.py" in full.files["python/yaml/nodes.pyc"]
    assert [path for path, file in full.files.items() if str(full.folder.parent).encode() in file] == []


def test_the_same_input_gives_the_same_bytes(full: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    umask = os.umask(0o077)
    try:
        again = built(tmp_path / "somewhere" / "else", light=False)
    finally:
        os.umask(umask)
    assert again.files.keys() == full.files.keys()
    assert [path for path in full.files if full.files[path] != again.files[path]] == []
    assert Path(f"{again.folder}.zip").read_bytes() == Path(f"{full.folder}.zip").read_bytes()


def test_everybody_may_read_what_is_packed(full: Built) -> None:
    assert {stat.S_IMODE(path.stat().st_mode) for path in full.folder.rglob("*") if path.is_file()} == {0o644}
    assert {stat.S_IMODE(path.stat().st_mode) for path in full.folder.rglob("*") if path.is_dir()} == {0o755}
    with zipfile.ZipFile(f"{full.folder}.zip") as packed:
        assert {entry.external_attr >> 16 for entry in packed.infolist()} == {0o100644}
        assert packed.namelist() == sorted(full.files)


def test_a_package_is_proved_with_each_client_that_it_has(full: Built) -> None:
    assert [line for line in full.said if "proved" in line] == [
        "proved: the verdict on a sample event, FAIL, is posted and returned",
        "proved with DATAWORKS_CLIENT=sdk: the verdict on a sample event, FAIL, is posted and returned",
    ]


def test_a_light_package_is_proved_without_the_sdk(light: Built) -> None:
    assert light.said[2:] == ["proved: the verdict on a sample event, FAIL, is posted and returned"]


@pytest.mark.parametrize(("name", "most_mb"), [("full", 37), ("light", 11.8), ("service", 49.5)])
def test_a_package_is_no_larger_than_it_was(name: str, most_mb: float, request: pytest.FixtureRequest) -> None:
    package: Built = request.getfixturevalue(name)
    assert sum(map(len, package.files.values())) <= most_mb * 1e6


def test_a_light_package_is_without_the_sdk_and_what_only_that_needs(installed: Path) -> None:
    assert packing.needed(installed, FUNCTION, light=True) == {
        *("certifi", "common-expression-language", "google-re2", "holidays", "msgspec", "python-dateutil", "pyyaml"),
        *("six", "sqlglot", "sqlglot-maxcompute", "tenacity", "tzdata"),
    }


@pytest.mark.parametrize(
    ("package", "fixture"), [(FUNCTION, "installed"), (SERVICE, "installed_for_service")], ids=["function", "service"]
)
def test_a_full_package_has_all_that_its_requirements_name(
    package: Package, fixture: str, request: pytest.FixtureRequest
) -> None:
    lines = (ROOT / package.requirements).read_text(encoding="utf-8").splitlines()
    named = {re.split(r"==|\[", line)[0] for line in lines if "==" in line}
    assert packing.needed(request.getfixturevalue(fixture), package, light=False) == named


def test_a_light_service_is_without_the_sdk_and_has_its_own_dependencies(installed_for_service: Path) -> None:
    light = packing.needed(installed_for_service, SERVICE, light=True)
    assert {"uvicorn", "click", "h11", "psycopg-binary", "pymysql", "sqlalchemy", "cryptography"} <= light
    assert not {*packing.OF_SDK, "alibabacloud-credentials"} & light


def test_only_holidays_needs_what_is_zipped_with_it(installed: Path) -> None:
    users = {
        metadata.parent.name.partition("-")[0]
        for metadata in installed.glob("*.dist-info/METADATA")
        for line in metadata.read_text(encoding="utf-8").splitlines()
        if line.startswith(("Requires-Dist: six", "Requires-Dist: python-dateutil")) and "extra ==" not in line
    }
    assert users == {"holidays", "python_dateutil"}


def test_the_dependencies_of_a_light_package_can_all_be_imported(light: Built) -> None:
    script = """
        import importlib, sys, zipfile
        from pathlib import Path
        names = [path.relative_to(sys.argv[1]) for path in Path(sys.argv[1]).rglob("*.pyc")]
        names += [Path(name) for name in zipfile.ZipFile(sys.argv[2]).namelist() if name.endswith(".pyc")]
        for name in sorted(name for name in names if name.parts[0] != "cel"):
            importlib.import_module(".".join(name.with_suffix("").parts).removesuffix(".__init__"))
            print(name)
    """
    paths = [str(light.folder / part) for part in packing.PYTHONPATH]
    imported = run(light, f"import sys\nsys.argv[1:] = {paths!r}\n{textwrap.dedent(script)}")
    assert {"sqlglot/parsers/hive.pyc", "sqlglot_maxcompute/dialect.pyc", "holidays/countries/china.pyc"} <= {
        *imported.split()
    }


def test_the_dependencies_of_the_service_need_nothing_that_is_left_out_of_them(
    service: Built, installed_for_service: Path
) -> None:
    """What is not installed at all, an event loop of another make say, they do without."""
    script = """
        import importlib, sys, warnings
        from pathlib import Path
        warnings.simplefilter("ignore")
        for name in NAMES:
            for path in sorted(Path(FOLDER, name).rglob("*.pyc")):
                module = ".".join(path.relative_to(FOLDER).with_suffix("").parts).removesuffix(".__init__")
                try:
                    importlib.import_module(module)
                except ImportError as error:
                    print(error.name or "")
                else:
                    print("imported", module)
    """
    names = ("anyio", "h11", "jinja2", "prometheus_client", "psycopg", "pymysql", "sqlalchemy", "starlette", "uvicorn")
    head = f"NAMES, FOLDER = {names!r}, {str(service.folder / 'python')!r}\n"
    shown = run(service, head + textwrap.dedent(script)).splitlines()
    assert {"sqlalchemy.dialects.postgresql.psycopg", "starlette.templating", "uvicorn.server"} <= {
        line.removeprefix("imported ") for line in shown
    }
    missing = {line for line in shown if line and not line.startswith("imported ")}
    assert "trio" in missing
    places = {name: installed_for_service / name.replace(".", "/") for name in missing}
    assert [name for name, place in places.items() if place.exists() or place.with_suffix(".py").exists()] == []


def test_sql_of_every_engine_is_read_as_it_is_with_all_of_sqlglot(light: Built) -> None:
    script = """
        import sys, msgspec
        from extension.sql import analyse
        from extension.sql.facts import Engine
        for text, engine, project in msgspec.json.decode(sys.stdin.buffer.read()):
            facts = analyse(text, Engine(engine), project)
            print(msgspec.json.encode(facts, order="deterministic").decode())
    """
    texts = sql_of_corpus()
    assert {engine for _, engine, _ in texts} == {*Engine}
    read = run(light, script, msgspec.json.encode(texts)).splitlines()
    wanted = [msgspec.json.encode(entry.analysis(), order="deterministic").decode() for entry in corpus.entries()]
    assert [text for text, found, facts in zip(texts, read, wanted, strict=True) if found != facts] == []


def test_holidays_have_the_names_that_they_have_with_all_languages(light: Built) -> None:
    script = """
        import json
        from holidays.registry import COUNTRIES
        from extension.windows import Holidays
        found = {}
        for entry in COUNTRIES.values():
            days = Holidays.read(entry[1])._calendar
            days.get("2026-06-01")  # which has it work out the year
            found[entry[1]] = {str(day): name for day, name in sorted(days.items())}
        print(json.dumps(found))
    """
    wanted = {}
    for entry in COUNTRIES.values():
        language = holidays.country_holidays(entry[1]).default_language
        days = holidays.country_holidays(entry[1], subdiv=None, language=language, years=2026)
        wanted[entry[1]] = {str(day): name for day, name in sorted(days.items())}
    assert wanted["CN"]["2026-10-01"] == "国庆节"
    assert json.loads(run(light, script, LANGUAGE="th", LANG="en_US.UTF-8")) == wanted


@pytest.mark.parametrize("country", ["CN", "DE-BY", "US-CA", "HK"])
def test_the_calendar_of_a_rule_reads_a_country(country: str, light: Built) -> None:
    script = f"""
        from datetime import datetime
        from extension.windows import Holidays
        print(Holidays.read({country!r}).at(datetime(2026, 1, 1)) is not None)
    """
    assert run(light, script) == "True\n"


def test_every_example_of_a_policy_is_valid_in_a_light_package(light: Built) -> None:
    script = """
        import sys
        from pathlib import Path
        from extension import storage
        for path in sys.stdin.read().splitlines():
            print(len(storage.load(Path(path)).rules) > 0)
    """
    paths = sorted(map(str, (ROOT / "examples").glob("*/policy.yaml")))
    assert any("when:" in Path(path).read_text(encoding="utf-8") for path in paths)
    assert run(light, script, "\n".join(paths).encode()).splitlines() == ["True"] * len(paths)


def test_timezones_are_those_of_the_package_where_the_image_has_none(light: Built) -> None:
    assert run(light, "from zoneinfo import ZoneInfo; print(ZoneInfo('Asia/Shanghai'))", PYTHONTZPATH="") == (
        "Asia/Shanghai\n"
    )


def test_signatures_can_be_verified_with_what_is_left_of_cryptography(full: Built) -> None:
    script = """
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
        from cryptography.hazmat.primitives.serialization import pkcs12, pkcs7
        from cryptography.x509 import load_pem_x509_certificate
        key = rsa.generate_private_key(65537, 2048)
        signature = key.sign(b"event", padding.PKCS1v15(), hashes.SHA1())
        key.public_key().verify(signature, b"event", padding.PKCS1v15(), hashes.SHA1())
        print("verified")
    """
    assert run(full, script) == "verified\n"


def test_shared_objects_end_with_their_last_segment(full: Built, installed: Path) -> None:
    objects = {path.removeprefix("python/"): file for path, file in full.files.items() if path.endswith(".so")}
    assert objects
    for path, file in objects.items():
        assert file[40:48] == bytes(8)
        assert len(file) < len((installed / path).read_bytes())


def elf(*, sections: int, segments: tuple[tuple[int, int], ...], size: int = 512) -> bytes:
    """A shared object of some segments, each with its place and length, and its table of sections at some place."""
    head = b"\x7fELF\x02\x01".ljust(32, b"\0") + struct.pack(
        "<QQIHHHHHH", 64, sections, 0, 64, 56, len(segments), 64, 9, 8
    )
    table = b"".join(struct.pack("<IIQQQQQQ", 1, 4, place, 0, 0, length, length, 1) for place, length in segments)
    return (head + table).ljust(size, b"x")


def test_a_shared_object_loses_what_no_loader_reads() -> None:
    whole = elf(sections=400, segments=((0, 200), (200, 90)))
    assert (
        packing.trimmed(whole)
        == elf(sections=0, segments=((0, 200), (200, 90)), size=290)[:60] + bytes(4) + whole[64:290]
    )


def test_a_shared_object_whose_sections_are_between_its_segments_stays_as_it_is() -> None:
    whole = elf(sections=250, segments=((0, 200), (300, 90)))
    assert packing.trimmed(whole) == whole


@pytest.mark.parametrize("content", [b"", b"\x7fELF\x01\x01" + bytes(60), b"\xcf\xfa\xed\xfe" + bytes(60), b"# Python"])
def test_what_is_no_shared_object_of_the_function_stays_as_it_is(content: bytes) -> None:
    assert packing.trimmed(content) == content


@pytest.mark.parametrize(
    ("patterns", "fixture"),
    [(packing.LEFT_OUT, "installed"), (packing.LEFT_OUT_OF_SERVICE, "installed_for_service")],
    ids=["function", "service"],
)
def test_every_pattern_of_what_is_left_out_leaves_out_something(
    patterns: list[tuple[str, str]], fixture: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(fixture)
    paths = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    idle = [pattern for pattern, _ in patterns if not any(re.fullmatch(pattern, path) for path in paths)]
    assert idle == []


@cache
def needs(file: Path) -> frozenset[Path]:
    """The modules of ours that a file imports, at the top or inside a function, and does not do without."""
    nodes = [*ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    optional = {
        inner
        for node in nodes
        if isinstance(node, ast.Try) and any("ImportError" in ast.unparse(each.type or node) for each in node.handlers)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node not in optional:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    paths = [ROOT.joinpath(*name.split(".")) for name in names if name.partition(".")[0] == "extension"]
    return frozenset(
        each for path in paths for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()
    )


@pytest.mark.parametrize("package", [FUNCTION, SERVICE], ids=["function", "service"])
def test_nothing_that_is_packed_needs_a_module_that_is_left_out(package: Package) -> None:
    packed = [file for file in (ROOT / "extension").rglob("*.py") if package.runs(file)]
    packed += [ROOT / name for name in package.files]
    assert ROOT / "extension/pipeline.py" in packed
    needed = {(file.name, each.name) for file in packed for each in needs(file) if each.name != "__init__.py"}
    assert ("pipeline.py", "journal.py") in needed
    assert [(file, each) for file in packed for each in needs(file) if not package.runs(each)] == []


def test_a_module_that_is_done_without_is_not_needed(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "try:\n    from extension.local import DataWorks\nexcept ImportError:\n    from extension import cases\n",
        encoding="utf-8",
    )
    assert {path.name for path in needs(tmp_path / "a.py")} == {"__init__.py", "cases.py"}


def test_every_module_that_is_left_out_is_one() -> None:
    places = (ROOT / "extension" / name.replace(".", "/") for name in (*packing.NOT_RUN, *packing.OF_SERVICE))
    assert [place for place in places if not (place.is_dir() or place.with_suffix(".py").is_file())] == []


def test_pip_is_asked_once_for_each_requirements_txt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []

    def pip(command: list[str], what: str) -> bytes:
        del what
        calls.append(command)
        Path(command[command.index("--target") + 1]).mkdir()
        return b""

    monkeypatch.setattr(packing, "_run", pip)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("a==1\n", encoding="utf-8")
    first = packing.install(requirements, tmp_path / "cache")
    assert packing.install(requirements, tmp_path / "cache") == first
    requirements.write_text("a==2\n", encoding="utf-8")
    assert packing.install(requirements, tmp_path / "cache") != first
    assert len(calls) == 2
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile"} <= {*calls[0]}
    assert [calls[0][at + 1] for at, each in enumerate(calls[0]) if each == "--platform"] == [*packing.PLATFORMS]
    assert len([*(tmp_path / "cache").iterdir()]) == 2


def test_a_policy_that_does_not_validate_is_said_and_nothing_is_built(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("version: 1\nrules:\n  - id: a\n    on: nothing\n", encoding="utf-8")
    dest = tmp_path / "build/function"
    shown = CliRunner().invoke(packing.main, ["--policy", str(tmp_path / "broken.yaml"), "--dest", str(dest)])
    assert shown.exit_code == 2
    assert shown.stderr.splitlines()[0].startswith("error: ")
    assert "broken.yaml:4: rule a: on: expected event codes" in shown.stderr
    assert not dest.exists()
    assert [*dest.parent.iterdir()] == []


def test_a_policy_that_is_not_there_is_said(tmp_path: Path) -> None:
    arguments = ["--policy", str(tmp_path / "none.yaml"), "--dest", str(tmp_path / "function")]
    shown = CliRunner().invoke(packing.main, arguments)
    assert (shown.exit_code, "none.yaml: cannot be read" in shown.stderr) == (2, True)


def test_a_folder_that_is_no_package_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    shown = CliRunner().invoke(packing.main, ["--dest", str(tmp_path)])
    assert (shown.exit_code, shown.stderr) == (
        2,
        f"error: {tmp_path}: has in it what no package has, and is left as it is\n",
    )


def test_a_named_python_of_another_version_is_refused(tmp_path: Path) -> None:
    arguments = ["--dest", str(tmp_path / "function"), "--python", "no-such-python"]
    shown = CliRunner().invoke(packing.main, arguments)
    assert (shown.exit_code, shown.stderr) == (2, "error: PACKAGE_PYTHON: no-such-python is no Python 3.12\n")


def test_the_command_builds_over_what_it_built_before(light: Built, tmp_path: Path) -> None:
    shutil.copytree(light.folder, tmp_path / "function")
    (tmp_path / "function/extension/old.py").write_text("", encoding="utf-8")
    environment = {"LIGHT": "1", "PACKAGE_PYTHON": str(PYTHON)}
    shown = CliRunner().invoke(packing.main, ["--dest", str(tmp_path / "function")], env=environment)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith(f"{tmp_path}/function: {len(light.files)} files, ")
    assert contents(tmp_path / "function") == light.files
    assert sorted(path.name for path in tmp_path.iterdir()) == ["function", "function.zip"]


@pytest.mark.parametrize(("environment", "folder"), [({}, "function"), ({"SERVICE": "1"}, "service")])
def test_the_command_makes_the_package_that_is_asked_for(
    environment: dict[str, str], folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, Package]] = []

    def build(dest: Path, policy: Path, package: Package, **_: object) -> list[str]:
        assert policy == POLICY
        asked.append((dest, package))
        return ["built"]

    monkeypatch.setattr(packing, "build", build)
    for arguments, dest in (([], ROOT / "build" / folder), (["--dest", str(tmp_path / "x")], tmp_path / "x")):
        shown = CliRunner().invoke(packing.main, arguments, env={"SERVICE": "", **environment})
        assert (shown.exit_code, shown.stdout) == (0, "built\n")
        assert (asked[-1][0], asked[-1][1].name) == (dest, folder)


def test_the_module_is_a_command() -> None:
    command = [sys.executable, "-m", "extension.packing", "--help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603  this Python
    assert "--light" in shown.stdout


def test_without_the_python_of_the_function_sources_are_packed_and_that_is_said(
    tmp_path: Path, installed: Path
) -> None:
    assert installed.parent == CACHE
    said = list(packing.build(tmp_path / "function", POLICY, light=True, python=None, cache=CACHE))
    assert said[2:] == [
        "warning: without byte code, for want of a Python 3.12: a cold start takes three times as long",
        "warning: install one, or say where it is: make package PACKAGE_PYTHON=/usr/bin/python3.12",
        "not proved: that needs Python 3.12 on Linux and x86_64",
    ]
    assert (tmp_path / "function/python/holidays/countries/china.py").is_file()
    assert [*(tmp_path / "function").rglob("*.pyc")] == []


def test_nothing_is_proved_where_the_function_cannot_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    said = list(packing._proofs(FUNCTION, "python3.12", tmp_path / "none.zip", light=False))
    assert said == ["not proved: that needs Python 3.12 on Linux and x86_64"]


def test_custom_checks_and_the_compiled_policy_are_packed_with_another_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    (folder / "checks/__pycache__").mkdir(parents=True)
    (folder / "checks/__pycache__/x.pyc").write_bytes(b"")
    (folder / "checks/.secret").write_bytes(b"")
    (folder / "checks/names.txt").write_bytes(b"x")
    shutil.copyfile(POLICY, folder / "other.yaml")
    (tmp_path / "function").mkdir()
    packing.own(FUNCTION, folder / "other.yaml", tmp_path / "function")
    files = contents(tmp_path / "function")
    assert {path for path in files if not path.startswith("extension/")} == {
        *("handler.py", "policy.yaml", "policy.compiled", "checks/names.txt")
    }
    monkeypatch.setattr(storage, "ROOT", tmp_path / "function")
    assert storage._load_compiled(tmp_path / "function/policy.yaml", {}) is not None


def zipped(tmp_path: Path, handler: str) -> Path:
    packing.archive({"handler.py": textwrap.dedent(handler).encode()}, tmp_path / "function.zip")
    return tmp_path / "function.zip"


def test_a_package_that_does_not_start_is_none(tmp_path: Path) -> None:
    with pytest.raises(NoPackage, match=r"(?s)the sample event: Traceback.*No module named 'nothing'"):
        packing.prove(sys.executable, zipped(tmp_path, "import nothing"), {})


def test_a_package_that_posts_no_verdict_is_none(tmp_path: Path) -> None:
    handler = """
        def initialize(context): pass
        def handler(event, context): return '{"checkResult": "OK"}'
    """
    with pytest.raises(NoPackage, match="the sample event: OK was returned and nothing posted"):
        packing.prove(sys.executable, zipped(tmp_path, handler), {})


def test_a_package_that_writes_into_its_folder_is_none(full: Built, tmp_path: Path) -> None:
    writing = b"\nimport os\nos.chmod(os.path.dirname(__file__), 0o755)\nopen(__file__ + '.log', 'w').close()\n"
    files = full.files | {"handler.py": full.files["handler.py"] + writing}
    del files["__pycache__/handler.cpython-312.pyc"]
    packing.archive(files, tmp_path / "function.zip")
    with pytest.raises(NoPackage, match="the package writes to its own folder"):
        packing.prove(str(PYTHON), tmp_path / "function.zip", {})


WELL = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(STATUS)
        self.end_headers()
if __name__ == "__main__":
    port = int(os.environ["EXTENSION_LISTEN"].rpartition(":")[2])
    http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def served(tmp_path: Path, script: str) -> None:
    """Try a package that has a script for the service, and its byte code."""
    source = tmp_path / "extension/service.py"
    source.parent.mkdir()
    source.write_text(script, encoding="utf-8")
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    packing.archive({f"extension/{path}": file for path, file in contents(source.parent).items()}, tmp_path / "s.zip")
    packing.serve(sys.executable, tmp_path / "s.zip")


def test_a_service_that_is_well_and_writes_nothing_is_one(tmp_path: Path) -> None:
    served(tmp_path, WELL.replace("STATUS", "200"))


@pytest.mark.parametrize(
    ("script", "problem"),
    [("import nothing", "(?s)the service: Traceback.*No module named 'nothing'"), ("", "the service: says nothing")],
)
def test_a_service_that_does_not_start_is_none(script: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(NoPackage, match=problem):
        served(tmp_path, script)


def test_a_service_that_is_not_well_in_time_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "START_S", 0.5)
    with pytest.raises(NoPackage, match=r'"GET /healthz HTTP/1.1" 503|the service: says nothing'):
        served(tmp_path, WELL.replace("STATUS", "503"))


def test_a_service_that_does_not_end_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "END_S", 0.1)
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    with pytest.raises(NoPackage, match="the service: does not end when it is told to"):
        served(tmp_path, deaf + WELL.replace("STATUS", "200"))


def test_a_service_that_writes_into_its_folder_is_none(tmp_path: Path) -> None:
    writing = "import os\nos.chmod('.', 0o755)\nopen('log', 'w').close()\n"
    with pytest.raises(NoPackage, match="the service: the package writes to its own folder"):
        served(tmp_path, writing + WELL.replace("STATUS", "200"))


def test_a_program_that_is_not_there_is_said() -> None:
    with pytest.raises(NoPackage, match=r"pip: .*no-such-program"):
        packing._run(["no-such-program"], "pip")


def stand_in(path: Path, tag: str) -> Path:
    """A Python that says what its byte code is for."""
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho {tag}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_python_is_looked_for_on_the_path_and_among_those_of_pyenv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "")
    monkeypatch.setenv("PATH", "/no/such/folder")
    assert packing.interpreter("", tmp_path) is None
    stand_in(tmp_path / "versions/3.12.0/bin/python", "pypy312")
    other = stand_in(tmp_path / "versions/3.12.9/bin/python", "cpython-312")
    assert packing.interpreter("", tmp_path) == str(other)
    on_path = stand_in(tmp_path / "bin/python3.12", "cpython-312")
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert packing.interpreter("", tmp_path) == str(on_path)
    assert packing.interpreter(str(other), tmp_path / "none") == str(other)
    assert packing.interpreter(str(tmp_path / "versions/3.12.0/bin/python"), tmp_path) is None
