"""Policies that are not in order: each is found, with its place and what to do."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from extension import storage
from extension.doctor import Level, Remark, ages, policies

NOW = datetime(2026, 11, 27, tzinfo=UTC)

CASE = """\
cases:
  - {name: large, event: download-resources, data: {dataRowSize: 11, moduleType: dw_excel}, expect: {result: FAIL}}
"""
ROWS = "id: a, on: download-resources, check: download.rows, with: {max: 10}"


def written(folder: Path, rules: str, cases: str = CASE, name: str = "policy.yaml") -> Path:
    """A policy with these rules, a line each, from line 4 on, and its cases."""
    lines = "\n".join(f"  - {{{rule}}}" for rule in rules.splitlines())
    file = folder / name
    file.write_text(f"version: 1\nlanguage: en\nrules:\n{lines}\n", encoding="utf-8")
    if cases:
        (folder / "cases").mkdir(exist_ok=True)
        (folder / "cases/a.yaml").write_text(cases, encoding="utf-8")
    return file


def found(file: Path, *, but: frozenset[str] = frozenset({"rule.untested"})) -> list[Remark]:
    return [remark for remark in policies.of_policy(storage.load(file), file, NOW) if remark.id not in but]


def test_nothing_is_said_of_a_policy_in_order(tmp_path: Path) -> None:
    assert found(written(tmp_path, ROWS), but=frozenset()) == []


BROKEN = {
    "until has passed": (
        f"{ROWS}, until: 2026-11-26",
        ("rule.over", Level.WARNING, "4: rule a: until: has passed", "Take the rule out, or give it a later `until`"),
    ),
    "from is to come": (
        f"{ROWS}, from: 2027-01-01",
        ("rule.not-yet", Level.NOTE, "4: rule a: from: begins on 2027-01-01 00:00", "an earlier `from`"),
    ),
    "no workspace is left": (
        f"{ROWS}, workspaces: [1, '22*'], except_workspaces: [1, '2*']",
        ("rule.nobody", Level.WARNING, "4: rule a: workspaces: except_workspaces holds all", "Take from `except_work"),
    ),
    "nobody is left": (
        f"{ROWS}, operators: ['1?'], except_operators: ['1?']",
        ("rule.nobody", Level.WARNING, "4: rule a: operators: except_operators holds all", "Take from `except_operat"),
    ),
    "a condition is always false": (
        'id: a, on: download-resources, when: "false && event.dataRowSize > 1"',
        ("rule.never-true", Level.WARNING, "4: rule a: when: is false, whatever", "Correct the condition"),
    ),
    "a condition reads what an event never has": (
        "id: a, on: [download-resources, run-file], when: event.dataRowSize > 1",
        (
            "rule.no-field",
            Level.WARNING,
            "when: event.dataRowSize is no field of run-file",
            'begin the condition with `"dataRowSize" in event &&`',
        ),
    ),
    "nobody waits for the verdict": (
        "id: a, on: kill-instance, when: operator.id == '1'",
        ("rule.never-blocks", Level.WARNING, "rule a: on: DataWorks waits for a verdict on none", "extension events`"),
    ),
    "a window of the week is the whole week": (
        "id: a, on: download-resources, check: calendar.freeze, with: {weekly: [Sun - Sat]}",
        ("rule.always", Level.WARNING, "4: rule a: with.weekly: covers the whole week", "for the weekend, Sat - Sun"),
    ),
    "windows of the week are the whole week together": (
        "id: a, on: download-resources, check: calendar.freeze, with: {weekly: [Sat - Sun, Mon 00:00 - Fri 24:00]}",
        ("rule.always", Level.WARNING, "rule a: with.weekly: covers", "Write the time that is frozen"),
    ),
    "an exemption is over": (
        f"{ROWS}, exempt: [{{operator: 1, until: 2026-11-26}}]",
        ("exemption.over", Level.WARNING, "rule a: exempt[0].until: has passed", "Take the exemption out"),
    ),
    "an exemption ends within two weeks": (
        f"{ROWS}, exempt: [{{operator: 1, until: 2026-12-01}}]",
        ("exemption.ends", Level.WARNING, "ends on 2026-12-02 00:00, in 4 days", "Tell those it is for"),
    ),
    "an exemption ends today": (
        f"{ROWS}, exempt: [{{operator: 1, until: 2026-11-27}}]",
        ("exemption.ends", Level.WARNING, "in less than a day", "Tell those it is for"),
    ),
    "an exemption ends within a month": (
        f"{ROWS}, exempt: [{{operator: 1, until: 2026-12-20}}]",
        ("exemption.ends", Level.NOTE, "ends on 2026-12-21 00:00, in 23 days", "agree on a later `until`"),
    ),
    "an exemption never ends": (
        f"{ROWS}, exempt: [{{operator: 1, until: 9999-12-31}}]",
        ("exemption.for-ever", Level.NOTE, "rule a: exempt[0].until: never comes", "Set a day"),
    ),
    "an exemption is for a workspace that the rule is not for": (
        f"{ROWS}, workspaces: 1, exempt: [{{workspace: 2, until: 2027-06-01}}]",
        ("exemption.for-nobody", Level.NOTE, "exempt[0]: workspace: the rule is for none", "Correct the ids"),
    ),
    "an exemption is for a workspace that is taken out": (
        f"{ROWS}, except_workspaces: [2, 3], exempt: [{{workspace: 2, until: 2027-06-01}}]",
        ("exemption.for-nobody", Level.NOTE, "exempt[0]: workspace: except_workspaces takes", "take the exemption out"),
    ),
    "an exemption is for somebody who is taken out": (
        f"{ROWS}, except_operators: ['1*'], exempt: [{{operator: 12, until: 2027-06-01}}]",
        ("exemption.for-nobody", Level.NOTE, "exempt[0]: operator: except_operators takes", "take the exemption out"),
    ),
    "an exemption is over before the rule begins": (
        f"{ROWS}, from: 2027-07-01, exempt: [{{operator: 12, until: 2027-06-01}}]",
        ("exemption.for-nobody", Level.NOTE, "exempt[0]: is over before the rule begins", "take the exemption out"),
    ),
    "everybody is exempt": (
        f"{ROWS}, operators: [1, 2], exempt: [{{operator: [1, 2, 3], until: 2027-06-01, reason: audit}}]",
        ("rule.all-exempt", Level.WARNING, "is for all that the rule is for, audit (until 2027-06-02", "Narrow the"),
    ),
    "a shadow rule is old": (
        f"{ROWS}, mode: shadow, from: 2026-08-01",
        ("shadow.old", Level.WARNING, "4: rule a: mode: is in shadow for 118 days, by from", "docs/rollout.md"),
    ),
    "nothing says how old a shadow rule is": (
        f"{ROWS}, mode: shadow",
        ("shadow.age-unknown", Level.NOTE, "4: rule a: mode: is in shadow, and nothing says", "`from: 2026-11-27`"),
    ),
}


@pytest.mark.parametrize(("rules", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_rule_that_is_not_in_order_is_found(
    tmp_path: Path, rules: str, expected: tuple[str, Level, str, str]
) -> None:
    name, level, what, do = expected
    file = written(tmp_path, rules)
    but = frozenset({"rule.untested", "cases.failed", "rule.not-yet"} - {name})
    (remark,) = found(file, but=but)
    assert (remark.id, remark.level) == (name, level)
    assert remark.what.startswith(f"{file}:")
    assert what in remark.what
    assert do in remark.do
    assert remark.why


@pytest.mark.parametrize(
    "rule",
    [
        f"{ROWS}, workspaces: [1, 2], except_workspaces: [1]",
        f"{ROWS}, workspaces: ['31*'], except_workspaces: ['32*']",
        f"{ROWS}, operators: ['1*'], except_operators: ['1?', '*1']",
        f"{ROWS}, workspaces: [1, 3], exempt: [{{workspace: [1, 4], until: 2027-06-01}}]",
        f"{ROWS}, workspaces: 1, exempt: [{{workspace: '2*', until: 2027-06-01}}]",
        f"{ROWS}, exempt: [{{operator: '*', workspace: 4, until: 2027-06-01}}]",
        f"{ROWS}, operators: 1, exempt: [{{operator: 2, until: 2027-06-01}}]",  # an event can name two ids
        f"{ROWS}, mode: shadow, from: 2026-10-01",
        f"{ROWS}, mode: shadow, until: 2027-01-01, from: 2026-09-01",
        f"{ROWS}, when: '\"dataRowSize\" in event'",
        "id: a, on: download-resources, check: calendar.freeze, with: {weekly: [Mon - Sat, Sun 00:00 - Sun 23:59]}",
        f"{ROWS}, when: 'now.getHours() >= 0'",
    ],
)
def test_nothing_is_said_of_a_rule_that_applies(tmp_path: Path, rule: str) -> None:
    but = frozenset({"rule.untested", "cases.failed"})
    assert {remark.id for remark in found(written(tmp_path, rule), but=but)} == set()


def test_an_old_shadow_rule_that_is_over_is_only_said_to_be_over(tmp_path: Path) -> None:
    file = written(tmp_path, f"{ROWS}, mode: shadow, from: 2020-01-01, until: 2020-02-01")
    assert [remark.id for remark in found(file)] == ["rule.over", "cases.failed"]


def test_a_shadow_rule_on_what_nobody_waits_for_is_noted(tmp_path: Path) -> None:
    file = written(tmp_path, f"{ROWS}\nid: b, on: kill-instance, when: 'true', mode: shadow, from: 2026-11-01")
    (remark,) = found(file)
    assert (remark.id, remark.level) == ("rule.never-blocks", Level.NOTE)


def test_a_rule_that_is_written_twice_is_found(tmp_path: Path) -> None:
    twice = f"{ROWS}, exempt: [{{operator: 1, until: 2027-06-01}}]"
    file = written(tmp_path, f"{twice}\n{twice.replace('id: a', 'id: b')}, result: WARN\n{ROWS.replace('a,', 'c,', 1)}")
    (remark,) = found(file)
    assert (remark.id, remark.level) == ("rule.duplicate", Level.NOTE)
    assert remark.what.startswith(f"{file}:5: rule b: has the same events, check, condition and scope as rule a")


def test_the_rules_of_a_folder_are_named_with_their_files(tmp_path: Path) -> None:
    written(tmp_path, ROWS, name="a.yaml")
    (tmp_path / "b.yaml").write_text(f"version: 1\nrules: [{{{ROWS.replace('a,', 'b,', 1)}, until: 2020-01-01}}]\n")
    first, *_ = found(tmp_path)
    assert first.what == f"{tmp_path}/b.yaml:2: rule b: until: has passed"


def test_a_file_of_a_folder_need_have_no_rules(tmp_path: Path) -> None:
    written(tmp_path, ROWS, name="a.yaml")
    (tmp_path / "b.yaml").write_text("version: 1\nlists: {x: [1]}\n")
    assert [remark.id for remark in found(tmp_path)] == []


class TestCases:
    """The cases beside a policy."""

    def test_a_policy_without_any_is_found_once(self, tmp_path: Path) -> None:
        file = written(tmp_path, f"{ROWS}\n{ROWS.replace('a,', 'b,', 1)}, when: operator.id == '1'", cases="")
        (remark,) = found(file, but=frozenset())
        assert (remark.id, remark.level) == ("cases.none", Level.WARNING)
        assert remark.what == f"{file}: has no test cases: no file in {tmp_path}/cases ends in .yaml"
        assert f"python -m extension policy test {tmp_path}" in remark.do

    def test_a_rule_that_none_touches_is_found(self, tmp_path: Path) -> None:
        file = written(tmp_path, f"{ROWS}\nid: b, on: run-file, when: operator.id == '1'")
        (remark,) = found(file, but=frozenset())
        assert (remark.id, remark.level) == ("rule.untested", Level.WARNING)
        assert remark.what == f"{file}:5: rule b: no case in {tmp_path}/cases touches it"
        assert f"python -m extension policy test {tmp_path}" in remark.do

    def test_one_that_fails_is_found(self, tmp_path: Path) -> None:
        file = written(tmp_path, ROWS.replace("10", "11"))
        failed, untested = found(file, but=frozenset())
        assert (failed.id, failed.level) == ("cases.failed", Level.ERROR)
        assert failed.what == f"{tmp_path}/cases/a.yaml:2: large: expected FAIL, got OK"
        assert f"python -m extension policy test {tmp_path}" in failed.do
        assert untested.id == "rule.untested"

    def test_a_file_that_cannot_be_read_as_cases_is_found(self, tmp_path: Path) -> None:
        file = written(tmp_path, ROWS, cases="cases:\n  - {name: a, event: b}\n")
        remarks = found(file, but=frozenset())
        assert {(remark.id, remark.level) for remark in remarks} == {("cases.invalid", Level.ERROR)}
        assert remarks[0].what.startswith(f"{tmp_path}/cases/a.yaml:2: cases[0].event: b is no event code")


class TestGit:
    """A shadow rule without `from` is as old as its line."""

    @pytest.fixture
    def repository(self, tmp_path: Path) -> Path:
        folder = tmp_path / "repository"
        folder.mkdir()
        self.git(folder, "init", "-q")
        return folder

    @staticmethod
    def git(folder: Path, *arguments: str, day: str = "2026-01-01") -> None:
        names = {f"GIT_{who}_{what}": "a" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        dates = {f"GIT_{who}_DATE": f"{day}T00:00:00Z" for who in ("AUTHOR", "COMMITTER")}
        nothing = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        environment = {**os.environ, **names, **dates, **nothing}
        subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True)  # noqa: S603, S607  git, no shell

    def commit(self, folder: Path, day: str) -> None:
        self.git(folder, "add", ".")
        self.git(folder, "commit", "-q", "-m", "policy", day=day)

    def test_only_the_line_of_the_mode_counts(self, repository: Path) -> None:
        shadows = f"{ROWS}, mode: shadow\n{ROWS.replace('a,', 'b,', 1)}, when: operator.id == '1', mode: shadow"
        file = written(repository, shadows)
        self.commit(repository, "2026-03-01")
        written(repository, shadows.replace("id: b", "id: c"))
        self.commit(repository, "2026-11-01")
        first = next(remark for remark in found(file) if remark.id.startswith("shadow"))
        assert (first.id, first.level) == ("shadow.old", Level.WARNING)
        assert first.what == f"{file}:4: rule a: mode: is in shadow for 271 days, by git"
        assert [remark.id for remark in found(file) if "rule c" in remark.what] == []

    def test_a_line_that_is_not_committed_is_new(self, repository: Path) -> None:
        file = written(repository, ROWS)
        self.commit(repository, "2026-03-01")
        written(repository, f"{ROWS}, mode: shadow")
        assert [remark.id for remark in found(file)] == ["cases.failed"]
        assert ages.of_lines(file, [3, 4], NOW) == {3: datetime(2026, 3, 1, tzinfo=UTC), 4: NOW}

    def test_a_history_that_is_cut_off_does_not_tell(self, repository: Path, tmp_path: Path) -> None:
        written(repository, f"{ROWS}, mode: shadow")
        self.commit(repository, "2026-03-01")
        self.git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "shallow")
        assert "shadow.age-unknown" in {remark.id for remark in found(tmp_path / "shallow/policy.yaml")}

    def test_nothing_is_known_without_git(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file = written(repository, f"{ROWS}, mode: shadow")
        self.commit(repository, "2026-03-01")
        assert ages.of_lines(file, [4], NOW) == {4: datetime(2026, 3, 1, tzinfo=UTC)}
        monkeypatch.setenv("PATH", str(repository))
        assert ages.of_lines(file, [4], NOW) == {}
