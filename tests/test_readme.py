"""README.md tells the truth: what it shows is what the commands print, and what it lists is what there is."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from extension import cases, reference, schema, storage
from extension.__main__ import main
from extension.checks.registry import BY_ID
from extension.storage import ROOT
from tests.conftest import EVENTS, Function
from tests.test_edges import VARIABLES

README = (ROOT / "README.md").read_text(encoding="utf-8")
POLICY = (ROOT / "docs/policy.md").read_text(encoding="utf-8")


def blocks(language: str, page: str = README) -> list[str]:
    """Code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def printed(*arguments: str) -> list[str]:
    """Lines that the command line prints, without what differs from run to run."""
    shown = CliRunner().invoke(main, arguments, env={"COLUMNS": "120", "EXTENSION_POLICY": "", "EXTENSION_MODE": ""})
    return [line.rstrip() for line in shown.output.splitlines() if not line.startswith("time ")]


def test_the_run_that_is_shown_is_what_the_command_prints() -> None:
    command, *lines = blocks("console")[0].splitlines()
    arguments = command.removeprefix("$ python -m extension ").split()
    assert [line for line in lines if not line.startswith("time ")] == printed(*arguments)


def test_the_errors_that_are_shown_are_what_the_command_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.yaml").write_text(blocks("text")[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    command, *lines = blocks("console")[1].splitlines()
    found = printed(*command.removeprefix("$ python -m extension ").split())
    assert lines == [line.replace(f"{tmp_path}/", "") for line in found]


@pytest.mark.parametrize("page", [README, POLICY], ids=["README", "docs/policy"])
def test_every_policy_that_is_shown_is_valid(page: str, tmp_path: Path) -> None:
    shown = blocks("yaml", page)
    assert shown
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks/tickets.py").write_text(blocks("python")[0], encoding="utf-8")
    for text in shown:
        (tmp_path / "policy.yaml").write_text(text, encoding="utf-8")
        assert storage.load(tmp_path / "policy.yaml").rules


def test_the_check_of_ones_own_that_is_shown_judges(function: Function, tmp_path: Path) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks/tickets.py").write_text(blocks("python")[0], encoding="utf-8")
    function.policy(next(text for text in blocks("yaml", POLICY) if "tickets.py" in text), tmp_path)
    returned = function.handle((EVENTS / "download-resources.json").read_bytes())
    assert returned["checkResult"] == "FAIL"
    assert returned["errorMessage"] == '[ticket] "filename.csv" names no ticket.'
    body = (EVENTS / "download-resources.json").read_text(encoding="utf-8").replace("filename.csv", "data-42.csv")
    assert function.handle(body.encode())["checkResult"] == "OK"


def test_the_case_file_that_is_shown_has_the_keys_that_there_are(tmp_path: Path) -> None:
    text = blocks("text", POLICY)[0].replace("{Content: ...}", "{Content: x}").replace("../events/", f"{EVENTS}/")
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases/a.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(next(text for text in blocks("yaml", POLICY) if "maxRows" in text), "utf-8")
    (outcome,) = cases.run(tmp_path).outcomes
    assert outcome.verdict.result == "FAIL"
    assert [judged.rule for judged in outcome.verdict.findings] == ["bulk-download"]


def test_every_key_of_a_rule_is_listed() -> None:
    rule = schema.schema(BY_ID)["properties"]["rules"]["items"]  # type: ignore[index]  # JSON
    table = POLICY[POLICY.index("## A rule") : POLICY.index("The worst finding decides")]
    listed = {key for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)}
    assert listed == set(rule["properties"])
    assert {"version", *re.findall(r"^\| `(\w+)` \|", POLICY[: POLICY.index("## A rule")], re.MULTILINE)} == set(
        schema.schema(BY_ID)["properties"]  # type: ignore[call-overload]  # JSON
    )


def test_the_reference_of_checks_is_made_from_the_code() -> None:
    page = (ROOT / "docs/checks.md").read_text(encoding="utf-8")
    assert page == reference.markdown(BY_ID)
    assert re.findall(r"^### `(.*)`$", page, re.MULTILINE) == list(BY_ID)


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    commands = re.findall(r"^make (\w+)", blocks("sh")[0], re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert commands == ["run", "test"]
    assert all(f"\n{command}: $(READY)\n" in makefile for command in commands)
    assert "\nmake test\n" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_every_environment_variable_is_listed() -> None:
    table = README[README.index("## Environment") : README.index("## What the platform documents")]
    assert set(re.findall(r"`([A-Z_]{6,}|https_proxy)`", table)) == set(VARIABLES)


def test_the_cases_that_are_shown_are_what_the_command_prints() -> None:
    command, *lines = blocks("console")[2].splitlines()
    assert lines == printed(*command.removeprefix("$ python -m extension ").split())


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "SECURITY.md",
        "docs/policy.md",
        "docs/checks.md",
        "docs/service.md",
        "docs/ram/README.md",
        "examples/README.md",
    ],
)
def test_files_that_are_linked_are_there(name: str) -> None:
    page = ROOT / name
    links = re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
