"""The workflow of the example repository: what each step runs, on a good repository and on broken ones."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from extension.storage import ROOT
from tests.installed import REPOSITORY, broken, failing, installed, ran, repository
from tests.test_main import run, written

__all__ = ["installed", "repository"]

WORKFLOW = yaml.safe_load((REPOSITORY / ".github/workflows/policy.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = WORKFLOW["jobs"]["policy"]["steps"]
RUN: dict[str, str] = {step["name"]: step["run"] for step in STEPS if "run" in step}

GIT = "git -c user.name=a -c user.email=a@example.com -c commit.gpgsign=false"


def step(name: str, repository: Path, installed: Path) -> tuple[int, list[str], str]:
    """What a step exits with, its lines, and its errors. In the environment is what the workflow puts there."""
    (found,) = [each for each in STEPS if each.get("name") == name]
    variables = {**WORKFLOW["env"], "RUNNER_TEMP": str(repository.parent)}
    variables |= dict.fromkeys(found.get("env", ()), "base")
    done = ran(found["run"], repository, installed, variables)
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_no_step_puts_what_others_say_into_its_commands() -> None:
    """An expression in a script is text of whoever opened the pull request; in the environment it is a value."""
    assert not [name for name, script in RUN.items() if "${{" in script]
    assert WORKFLOW["permissions"] == {"contents": "read"}


def test_the_extension_is_installed_from_the_submodule_with_its_command_line(repository: Path, installed: Path) -> None:
    (repository / "vendor/dataworks-extension").unlink()
    command = RUN["Install"].replace("python -m pip", "echo")
    done = ran(command, repository, installed, WORKFLOW["env"])
    target = done.stdout.split()[-1]
    assert target == "./vendor/dataworks-extension[cli]"
    assert STEPS[0]["with"] == {"fetch-depth": 0, "submodules": True}


def test_a_good_repository_passes(repository: Path, installed: Path) -> None:
    code, lines, errors = step("Check the policy", repository, installed)
    assert (code, len(lines), errors) == (0, 1, "")
    code, lines, errors = step("Test the policy", repository, installed)
    assert (code, errors) == (0, "")
    assert len(lines) == 1
    assert lines[0].startswith(".: 5 passed, 0 failed (policy.yaml@")
    assert step("Report the tests", repository, installed) == (0, [], "")
    report = ET.parse(repository / "policy.junit.xml").getroot()  # noqa: S314  our own
    assert [suite.get("failures") for suite in report] == ["0"]
    upload = next(each for each in STEPS if "upload-artifact" in each.get("uses", ""))
    assert (repository / upload["with"]["path"]).exists()


def test_a_broken_policy_fails_with_its_place(repository: Path, installed: Path) -> None:
    broken(repository)
    code, lines, errors = step("Check the policy", repository, installed)
    assert (code, lines) == (2, [])
    assert errors.startswith("error: policy.yaml:11: rule bulk-download: check: expected a check, found 'download.row'")


def test_a_case_that_fails_is_an_annotation_and_in_the_report(repository: Path, installed: Path) -> None:
    failing(repository)
    code, lines, errors = step("Test the policy", repository, installed)
    assert (code, errors) == (1, "")
    assert lines[0].startswith(
        "::error file=cases/downloads.yaml,line=7,title=a large one does not::expected FAIL, got OK"
    )
    assert step("Report the tests", repository, installed) == (0, [], "")
    report = ET.parse(repository / "policy.junit.xml").getroot()  # noqa: S314  our own
    assert [case.get("name") for case in report.iter("testcase") if case.find("failure") is not None] == [
        "a large one does not"
    ]


def test_the_sql_that_changes_is_reviewed_and_no_other(repository: Path, installed: Path) -> None:
    review = "Review the SQL that changes"
    written(repository / "sql/old.sql", "select max_pt('shop.t') from shop.t")
    written(repository / "sql/gone.sql", "select 1")
    assert (
        ran(f"git init -q . && git add . && {GIT} commit -qm a && git branch base", repository, installed).returncode
        == 0
    )
    assert step(review, repository, installed) == (0, [], "")
    commit = f"git rm -q sql/gone.sql && git add . && {GIT} commit -qm b"
    written(repository / "sql/a b.sql", "select order_id\nfrom shop.t where ds = max_pt('shop.t')")
    assert ran(commit, repository, installed).returncode == 0
    code, lines, errors = step(review, repository, installed)
    assert (code, errors) == (1, "")
    assert len(lines) == 2
    assert re.match(r"::error file=sql/a b\.sql,line=2,title=max-pt::\[max-pt\] ", lines[0])
    assert lines[1].startswith("FAIL: 1 file, 2 rules (policy.yaml@")


def test_the_readme_of_the_repository_shows_commands_that_work_there(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    (block,) = re.findall(r"```sh\n(.*?)```", (REPOSITORY / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    commands = [line for line in block.splitlines() if line.startswith("dataworks-extension")]
    assert len(commands) == 3
    assert [run(*command.split()[1:]).exit_code for command in commands] == [0, 0, 0]
    assert [line for line in block.splitlines() if line not in commands] == [
        "git submodule add ADDRESS vendor/dataworks-extension",
        "git -C vendor/dataworks-extension checkout REVISION",
        'python -m pip install "./vendor/dataworks-extension[cli]"',
    ]


def test_a_step_that_cannot_compare_with_the_base_fails(repository: Path, installed: Path) -> None:
    code, lines, errors = step("Review the SQL that changes", repository, installed)
    assert (code != 0, lines) == (True, [])
    assert errors


@pytest.mark.parametrize("name", [path.relative_to(REPOSITORY).as_posix() for path in sorted(REPOSITORY.rglob("*"))])
def test_every_file_of_the_repository_is_in_the_list_of_its_readme(name: str) -> None:
    listed = re.findall(r"^(\S+)  ", (REPOSITORY / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert (
        (ROOT / "examples/policy-repository" / name).is_dir()
        or name == "README.md"
        or any(name.startswith(each) for each in listed)
    )
