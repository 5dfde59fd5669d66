"""The hooks of pre-commit: what the manifest promises, and that they work on the package as it is installed."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from extension.__main__ import main
from extension.storage import ROOT
from tests.installed import broken, failing, installed, ran, repository
from tests.test_main import errors, run, written

__all__ = ["installed", "repository"]

HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

KEYS = {
    *("id", "name", "description", "entry", "language", "additional_dependencies", "types_or", "files", "exclude"),
    *("require_serial", "minimum_pre_commit_version"),
}
"""Those that we use of https://pre-commit.com/#new-hooks."""


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_has_what_pre_commit_demands_and_nothing_that_it_does_not_know(name: str) -> None:
    hook = HOOKS[name]
    assert {"id", "name", "entry", "language"} <= set(hook) <= KEYS
    assert (hook["language"], hook["require_serial"]) == ("python", True)
    assert set(hook.get("types_or", ())) <= {"yaml", "json", "python"}
    assert all(re.compile(hook[key]) for key in ("files", "exclude") if key in hook)


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_calls_a_verb_that_takes_files(name: str) -> None:
    program, *words = shlex.split(HOOKS[name]["entry"])
    assert PROJECT["scripts"] == {program: "extension.__main__:run"}
    assert CliRunner().invoke(main, [*words, "--help"]).exit_code == 0
    command: click.Command = main
    for word in (word for word in words if not word.startswith("-")):
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found
    assert [each.nargs for each in command.params if isinstance(each, click.Argument)] == [-1]


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_has_what_the_command_line_needs(name: str) -> None:
    assert HOOKS[name]["additional_dependencies"] == PROJECT["optional-dependencies"]["cli"]


def test_code_is_reviewed_and_checks_of_ones_own_are_not() -> None:
    hook = HOOKS["policy-review"]
    names = ("sql/a.sql", "a.py", "jobs/a.sh", "checks/own.py", "team/checks/own.py", "policy.yaml", "a.sql.txt")
    chosen = [name for name in names if re.search(hook["files"], name) and not re.search(hook["exclude"], name)]
    assert chosen == ["sql/a.sql", "a.py", "jobs/a.sh"]


def test_the_example_names_hooks_that_there_are_and_leaves_the_revision_open(repository: Path) -> None:
    (source,) = yaml.safe_load((repository / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [hook["id"] for hook in source["hooks"]] == list(HOOKS)
    assert source["rev"] == "0" * 40
    assert (repository / source["repo"] / ".pre-commit-hooks.yaml").exists()


# --changed: the policies that changed files belong to


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two policies, one of them broken, and files that belong to none."""
    text = "version: 1\nrules: [{id: a, on: run-file, when: 'true'}]\n"
    written(tmp_path / "a/policy.yaml", text)
    written(tmp_path / "a/cases/a.yaml", "cases: [{name: a, event: run-file, expect: {result: FAIL}}]\n")
    written(tmp_path / "b/policy.yaml", text.replace("when", "wen"))
    written(tmp_path / "b/checks/own.py", "")
    written(tmp_path / "other/values.yaml", "")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("two")
def test_the_policies_that_changed_files_belong_to_are_checked_each_once() -> None:
    shown = run("policy", "check", "--changed", "a/policy.yaml", "a/cases/a.yaml", "other/values.yaml")
    assert (shown.exit_code, shown.stderr) == (0, "")
    (line,) = shown.stdout.splitlines()
    assert line.startswith("a/policy.yaml: valid, ")
    shown = run("policy", "check", "--changed", "b/checks/own.py", "a/cases/a.yaml")
    assert shown.exit_code == 2
    assert shown.stdout.startswith("a/policy.yaml: valid, ")
    assert all(line.startswith("error: b/policy.yaml:2: rule a: ") for line in shown.stderr.splitlines())


@pytest.mark.usefixtures("two")
def test_their_cases_are_run() -> None:
    shown = run("policy", "test", "--changed", "a/policy.yaml", "a/cases/a.yaml")
    assert (shown.exit_code, shown.stdout[:20]) == (0, "a: 1 passed, 0 faile")
    assert errors(run("policy", "test", "a/policy.yaml")) == [
        "error: DIR: a/policy.yaml: is a file: name a folder, or say --changed"
    ]


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("verb", ["check", "test"])
def test_files_that_belong_to_no_policy_need_none(verb: str) -> None:
    for files in ((), ("other/values.yaml",)):
        shown = run("policy", verb, "--changed", *files)
        assert (shown.exit_code, shown.output) == (0, "")


def test_a_policy_of_another_name_is_checked_and_its_neighbours_with_it(two: Path) -> None:
    team = "rules: [{id: a, on: run-file, when: 'tru'}]\n"
    written(two / "team/one.yaml", f"version: 1\n{team}")
    written(two / "team/two.yaml", "version: 1\n")
    written(two / "a/more.yaml", f"version: 1\n{team}")
    shown = run("policy", "check", "--changed", "team/one.yaml", "a/more.yaml")
    assert shown.exit_code == 2
    assert shown.stdout.startswith("a/policy.yaml: valid, ")
    assert [line.partition(": rule")[0] for line in shown.stderr.splitlines()] == [
        "error: team/one.yaml:2",
        "error: a/more.yaml:2",
    ]


@pytest.mark.usefixtures("two")
def test_a_policy_without_cases_is_said_to_have_none() -> None:
    shown = run("policy", "test", "--changed", "b/policy.yaml")
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert shown.stderr == "warning: b/policy.yaml: has no cases beside it: nothing was tried\n"


# The package as it is installed


def test_what_is_installed_is_what_there_is(installed: Path) -> None:
    packages = next(installed.glob("lib/python*/site-packages"))

    def files(folder: Path) -> set[str]:
        found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        return {str(path) for path in found if "__pycache__" not in path.parts}

    assert files(packages / "extension") == files(ROOT / "extension")
    assert (packages / "handler.py").exists()
    (metadata,) = packages.glob("dataworks_extension-*.dist-info/METADATA")
    text = metadata.read_text(encoding="utf-8")
    assert all(f'Requires-Dist: {each}; extra == "cli"' in text for each in PROJECT["optional-dependencies"]["cli"])


FILES = "policy.yaml cases/downloads.yaml"


def test_the_hooks_pass_a_good_repository(installed: Path, repository: Path) -> None:
    done = ran(f"{HOOKS['policy-check']['entry']} {FILES}", repository, installed)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("policy.yaml: valid, rules: 3, ")
    done = ran(f"{HOOKS['policy-test']['entry']} {FILES}", repository, installed)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(".: 5 passed, 0 failed (policy.yaml@")
    done = ran(f"{HOOKS['policy-review']['entry']} sql/dwd_orders_di.sql", repository, installed)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("OK: 1 file, 2 rules (policy.yaml@")


def test_the_hooks_stop_a_broken_one(installed: Path, repository: Path) -> None:
    failing(repository)
    done = ran(f"{HOOKS['policy-test']['entry']} {FILES}", repository, installed)
    assert done.returncode == 1
    assert "FAIL  cases/downloads.yaml:7: a large one does not" in done.stdout
    written(repository / "sql/bad.sql", "select max_pt('shop.t') from shop.t")
    done = ran(f"{HOOKS['policy-review']['entry']} sql/bad.sql", repository, installed)
    assert done.returncode == 1
    assert done.stdout.startswith("FAIL  sql/bad.sql:1: [max-pt] ")
    broken(repository)
    done = ran(f"{HOOKS['policy-check']['entry']} {FILES}", repository, installed)
    assert done.returncode == 2
    assert done.stderr.startswith(
        "error: policy.yaml:11: rule bulk-download: check: expected a check, found 'download.row'"
    )


def test_the_installed_package_runs_an_event_through_the_handler_by_the_policy_of_the_folder(
    installed: Path, repository: Path
) -> None:
    event = ROOT / "events/download-resources.json"
    done = ran(f"dataworks-extension invoke {event}", repository, installed, {"COLUMNS": "400"})
    assert (done.returncode, done.stderr) == (1, "")
    assert f"policy    {repository}/policy.yaml@" in done.stdout
