"""README.md tells the truth: what it shows is what the commands print, and what it lists is what there is."""

import re
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from extension import policy
from extension.__main__ import main
from extension.checks import BY_ID
from extension.edges import ROOT
from tests.test_edges import VARIABLES

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


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


def test_every_policy_that_is_shown_is_valid() -> None:
    shown = blocks("yaml")
    assert shown
    for text in shown:
        assert policy.parse(text.encode(), "README.md").rules


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    commands = re.findall(r"^make (\w+)", blocks("sh")[0], re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert commands == ["run", "test"]
    assert all(f"\n{command}: $(READY)\n" in makefile for command in commands)
    assert "\nmake test\n" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_every_check_is_listed_with_its_parameters_and_placeholders() -> None:
    rows = re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|(?:.*)\| (.*) \| (.*) \|$", README, re.MULTILINE)
    assert [row[0] for row in rows] == list(BY_ID)
    for name, parameters, placeholders in rows:
        assert set(re.findall(r"`(\w+)`", parameters)) == {
            field.name for field in msgspec.structs.fields(BY_ID[name].settings)
        }
        assert set(re.findall(r"`(\w+)`", placeholders)) == BY_ID[name].placeholders


def test_every_environment_variable_is_listed() -> None:
    table = README[README.index("## Environment") : README.index("## What the platform documents")]
    assert set(re.findall(r"`([A-Z_]{6,})`", table)) == set(VARIABLES)


def test_files_that_are_linked_are_there() -> None:
    for page in (README, (ROOT / "docs/ram/README.md").read_text(encoding="utf-8")):
        links = re.findall(r"\]\((?!http)([^)#]+)\)", page)
        assert [link for link in links if not (ROOT / link).exists()] == []
