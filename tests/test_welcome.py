"""The first screen: what it says, that its commands work as typed, and what is not loaded for it."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from extension import __version__, storage, welcome
from extension.__main__ import main
from extension.commands import in_force
from extension.errors import PolicyError
from extension.storage import ROOT
from extension.verbs import VERBS
from tests.test_main import run

PROGRAM = "python -m extension"
POLICY = "version: 1\nrules: [{id: a, on: run-file, when: 'true'}]\n"


def screen(*arguments: str, colours: bool = False) -> list[str]:
    """Lines that the command line prints under the name that users type."""
    shown = CliRunner().invoke(main, arguments, prog_name=PROGRAM, env={"EXTENSION_POLICY": ""}, color=colours)
    assert (shown.exit_code, shown.stderr) == (0, "")
    return shown.stdout.splitlines()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A policy repository that somebody stands in."""
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases/a.yaml").write_text(
        "cases: [{name: a, event: run-file, expect: {result: FAIL}}]\n", encoding="utf-8"
    )
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql/a.sql").write_text("select 1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_verb_is_there_with_the_first_line_of_its_help() -> None:
    context = click.Context(main)
    for verb in VERBS:
        command = main.get_command(context, verb.name)
        assert command is not None
        assert command.name == verb.name
        assert command.get_short_help_str(100) == verb.about
        assert f"  {verb.name:12}{verb.about}" in screen()
    assert main.get_command(context, "nope") is None


def test_verbs_stand_under_what_one_is_about_to_do() -> None:
    tasks = list(dict.fromkeys(verb.task for verb in VERBS))
    assert [line for line in screen() if re.match("[A-Z]", line)][1:] == tasks


@pytest.mark.parametrize("arguments", [(), ("-h",), ("--help",)])
def test_it_fits_80_columns_and_has_no_colours_without_a_terminal(arguments: tuple[str, ...]) -> None:
    lines = screen(*arguments)
    assert not [line for line in lines if len(line) > 80 or line != line.rstrip() or "\x1b" in line]
    assert any("\x1b[1m" in line for line in screen(*arguments, colours=True))


def test_help_has_the_options_in_the_place_of_how_things_stand() -> None:
    lines, shown = screen("-h"), screen()
    end = shown.index("", shown.index("    $ python -m extension completion bash"))
    assert lines[: end + 1] == shown[: end + 1]
    assert lines[end + 1] == "Options:"
    assert [line.split()[0] for line in lines[end + 2 :]] == ["--version", "-h,"]
    assert shown[end + 1] == f"policy   {storage.load(ROOT / 'policy.yaml').name}, rules: 6"
    assert shown[end + 2 :] == [
        "options  python -m extension VERB -h has those of a verb",
        "docs     README.md, docs/",
        f"version  {__version__}",
    ]


def test_its_commands_work_as_typed() -> None:
    commands = [line.split(PROGRAM)[1].split() for line in screen() if line.startswith("    $ ")]
    assert {command[0] for command in commands} >= {"invoke", "events", "policy"}
    for command in commands:
        shown = run(*command)
        assert (shown.exit_code, shown.stderr) in ((0, ""), (1, ""))


@pytest.mark.usefixtures("repository")
def test_they_are_others_in_a_policy_repository_and_work_there() -> None:
    commands = [line.split(PROGRAM)[1].strip() for line in screen() if line.startswith("    $ ")]
    assert {"policy check policy.yaml", "policy test", "review sql"} < {*commands}
    assert not [command for command in commands if command.startswith(("invoke", "replay"))]
    for command in commands:
        assert run(*command.split()).exit_code == 0


def test_the_policy_of_the_current_folder_is_in_force_before_the_one_beside_the_handler(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def policy() -> str:
        return next(line.removeprefix("policy   ") for line in screen() if line.startswith("policy  "))

    assert policy() == f"{storage.load(Path('policy.yaml')).name}, rules: 1"
    (repository / "policy.yaml").write_text("version: 2\nrules: []\n", encoding="utf-8")
    assert policy().startswith("error: policy.yaml:1: version: ")
    (repository / "policy.yaml").unlink()
    assert policy().endswith(", rules: 6")
    monkeypatch.setattr(storage, "ROOT", repository)
    monkeypatch.setattr("extension.edges.ROOT", repository)
    assert policy() == "error: policy.yaml: is not there: name one, or set EXTENSION_POLICY"


def test_there_is_no_policy_where_the_name_is_longer_than_a_name_can_be() -> None:
    for name in ("EXTENSION_POLICY", "POLICY"):
        with pytest.raises(PolicyError, match="is not there"):
            in_force(None, {name: "x" * 300})


def test_what_is_wrong_with_the_environment_is_said_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTENSION_MODE", "loud" * 30)
    (line,) = [line for line in screen() if line.startswith("policy  ")]
    assert line.startswith("policy   error: environment variable EXTENSION_MODE: expected enforce, shadow, ")
    assert (len(line), line[-1]) == (80, "…")


def test_where_the_documents_are_depends_on_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def docs() -> str:
        return next(line for line in screen() if line.startswith("docs "))

    assert docs() == "docs     README.md, docs/"
    monkeypatch.chdir(tmp_path)
    assert docs() == f"docs     {ROOT}/README.md, {ROOT}/docs"
    monkeypatch.setattr(welcome, "ROOT", tmp_path)
    assert docs() == "docs     README.md and docs/, where the package was installed from"


def test_no_verb_is_loaded_for_help_and_completion() -> None:
    program = (
        "import sys; from extension.__main__ import main; from click.shell_completion import BashComplete\n"
        "assert BashComplete(main, {}, 'p', 'P').get_completions([], '')\n"
        "try: main(['-h'])\nexcept SystemExit: print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603  our own interpreter
    loaded = set(done.stdout.splitlines()[-1].split())
    assert {name for name in loaded if name.partition(".")[0] == "extension"} == {
        *("extension", "extension.__main__", "extension.verbs", "extension.welcome")
    }
    assert not {"rich", "yaml", "sqlglot", "holidays"} & loaded
