"""The compiled form of a policy is the policy, for the very files that it was made of, and for nothing else."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extension import cases, catalogue, compiled, policy, storage
from extension.errors import PolicyError
from extension.rules import Policy
from extension.storage import ROOT
from tests import strategies

EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/policy.yaml"))

FULL = """\
version: 1
language: en
timezone: Europe/Berlin
defaults: {on_error: WARN, on_timeout: OK, on_unreadable: OK}
log: {sql: outline}
sql: {projects: {odps_first: shop, 90214/crm: crm, "*": lab}, engines: {crm: mysql}}
lists: {people: ["17", 42]}
rules:
  - {id: a, on: download-resources, check: download.size, with: {max: 1.5GiB}, severity: high, owner: me, mode: shadow}
  - {id: b, on: "*", check: operator.id, with: {deny: [{list: people}, "9*"]}, message: "{operator} ✋", result: WARN}
  - id: c
    on: resources-download
    check: download.ip
    with: {allow: [10.0.0.0/8, "2001:db8::/32"]}
    when: 'event.dataRowSize > 10 && now.getHours("Asia/Shanghai") > 8 && operator.roles.exists(r, r == "x")'
    from: 2026-01-01
    until: 2026-12-31 18:00
    workspaces: ["90214", "1*"]
    except_workspaces: 7
    operators: [1, 2]
    except_operators: "3"
    options: {allow: networks}
    help: https://example.com/rules
    exempt:
      - {operator: "17", until: 9999-12-31, reason: for ever}
      - {workspace: 5, table: "odps.shop.*", until: 2026-05-01}
  - {id: d, on: commit-file, when: '"DROP" in sql.statements', on_error: FAIL, on_timeout: WARN, on_unreadable: FAIL}
  - {id: e, on: deploy-file, check: calendar.freeze, with: {holidays: CN, weekly: [Fri 18:00 - Mon 08:00]}}
  - {id: f, on: [commit-file, download-resources], check: sql.limit, with: {max: 123456789012345678901234567890}}
"""
"""Everything that a policy can say."""


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that is deployed."""
    monkeypatch.setattr(storage, "ROOT", tmp_path)


def deployed(folder: Path, text: str = FULL) -> Path:
    """A policy with its compiled form beside it."""
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    path.with_suffix(".compiled").write_bytes(storage.compiled_form(path))
    return path


def taken(path: Path) -> Policy | None:
    """The policy from its compiled form."""
    return storage._load_compiled(path, {})


def test_it_says_all_that_the_policy_says(tmp_path: Path) -> None:
    path = deployed(tmp_path)
    form = path.with_suffix(".compiled").read_bytes()
    found = taken(path)
    assert found is not None
    assert compiled.write(found, {"policy.yaml": path.read_bytes()}, {}) == form
    written = policy.parse(path.read_bytes(), "policy.yaml")
    assert (found.name, found.databases, found.logged_sql) == (written.name, written.databases, written.logged_sql)
    assert found.timezone == written.timezone
    for one, other in zip(found.rules, written.rules, strict=True):
        assert (one.scope.start, one.scope.end) == (other.scope.start, other.scope.end)
        assert (one.when, one.events, one.options) == (other.when, other.events, other.options)
        assert str(getattr(one.settings, "max", "")) == str(getattr(other.settings, "max", ""))
    assert {code: [rule.id for rule in rules] for code, rules in found.plan.items()} == {
        code: [rule.id for rule in rules] for code, rules in written.plan.items()
    }


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_cases_of_the_examples_pass_with_it(example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(example, folder)
    deployed(folder, (example / "policy.yaml").read_text(encoding="utf-8"))
    monkeypatch.setattr(policy, "Draft", None)  # nothing reads it as it is written
    report = cases.run(folder)
    assert [outcome.problems for outcome in report.outcomes if outcome.problems] == []
    assert report.outcomes


@strategies.examples(100)
@given(data=st.data())
def test_so_it_does_for_any_policy(data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(sorted(catalogue.BY_CODE)))
    rules = data.draw(st.lists(strategies.rules(frozenset({code})), min_size=1, max_size=4))
    written = strategies.policy_of({"version": 1}, rules)
    form = compiled.write(written, {"p": b""}, {})
    said = compiled.read(form, {"p": b""})
    assert said is not None
    found = compiled.policy(said, written.file, {})
    assert compiled.write(found, {"p": b""}, {}) == form


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.update(version="0.0.0"),
        lambda said: said.update(sources={}),
        lambda said: said["sources"].update({"policy.yaml": "0" * 64}),
        lambda said: said["sources"].update({"other.yaml": "0" * 64}),
        lambda said: said.update(modules={"checks/mine.py": "0" * 64}),
        lambda said: said.pop("rules"),
        lambda said: said["rules"].append({}),
        lambda said: said["rules"][0].update(check="download.nothing"),
        lambda said: said["rules"][0].update(check="nothing"),
        lambda said: said["rules"][0].update(result="NO"),
        lambda said: said["rules"][0].update(given={"max": "much"}),
        lambda said: said["rules"][0].update(given={"most": 1}),
        lambda said: said.update(timezone="Nowhere/Here"),
        lambda said: said.update(rules=7),
        lambda said: said["rules"][0].update(given=[1]),
        lambda said: said["rules"][2]["when"].update(fields=[1]),
        lambda said: said["rules"][2].update(scope={"start": "soon"}),
    ],
)
def test_what_is_not_of_these_files_or_is_damaged_is_not_taken(change: Change, tmp_path: Path) -> None:
    path = deployed(tmp_path)
    file = path.with_suffix(".compiled")
    said = json.loads(file.read_bytes())
    change(said)
    file.write_text(json.dumps(said), encoding="utf-8")
    assert taken(path) is None
    assert storage.load(path).rules[0].id == "a"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"null", b"{}", b"\xff"])
def test_nor_what_is_something_else(content: bytes, tmp_path: Path) -> None:
    path = deployed(tmp_path)
    path.with_suffix(".compiled").write_bytes(content)
    assert taken(path) is None
    path.with_suffix(".compiled").unlink()
    assert taken(path) is None


def test_outside_of_the_package_it_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could say something else than the policy, under the policy's name."""
    path = deployed(tmp_path)
    file = path.with_suffix(".compiled")
    file.write_bytes(file.read_bytes().replace(b'"mode": "shadow"', b'"mode": "enforce"'))
    assert storage.load(path).rules[0].mode == "enforce"
    monkeypatch.setattr(storage, "ROOT", tmp_path / "elsewhere")
    assert taken(path) is None
    assert storage.load(path).rules[0].mode == "shadow"


def test_a_policy_that_is_changed_afterwards_counts(tmp_path: Path) -> None:
    path = deployed(tmp_path)
    store = storage.Store(path)
    assert store.policy().language == "en"
    path.write_text(FULL.replace("language: en", "language: zh"), encoding="utf-8")
    assert store.policy().language == "zh"
    assert storage.load(path).language == "zh"


CHECK = """\
import msgspec
from extension import verdict
from extension.checks import check

NO = verdict.Text(en="No.", zh="不。")


class Limits(dict):
    FORM = "limits"

    @classmethod
    def schema(cls):
        return {"type": "object"}

    @classmethod
    def read(cls, value):
        return cls(value)


class Given(msgspec.Struct, frozen=True, kw_only=True):
    limits: Limits | None = None


@check("mine.no", events="*", texts=[NO])
def no(event, given: Given):
    \"\"\"Anything: not allowed.\"\"\"
    yield verdict.hit(NO)
"""


class TestOfItsOwnChecks:
    """A policy that brings checks is compiled with them, and they with it."""

    @staticmethod
    def deployed(folder: Path) -> Path:
        """A policy with a check of its own."""
        (folder / "checks").mkdir()
        (folder / "checks/mine.py").write_text(CHECK, encoding="utf-8")
        rules = "rules: [{id: a, on: download-resources, check: mine.no, with: {limits: {rows: [1, {a: b}]}}}]\n"
        return deployed(folder, f"version: 1\nchecks: [checks/mine.py]\n{rules}")

    def test_they_are_run(self, tmp_path: Path) -> None:
        path = self.deployed(tmp_path)
        seen: dict[Path, object] = {}
        found = storage._load_compiled(path, seen)
        assert found is not None
        assert found.rules[0].check is not None
        assert found.rules[0].check.id == "mine.no"
        assert found.rules[0].given == {"limits": {"rows": [1, {"a": "b"}]}}
        assert set(seen) == {path, tmp_path / "checks/mine.py"}

    @pytest.mark.parametrize("content", [CHECK + "# another\n", "", "raise OSError\n"])
    def test_others_are_not_what_was_compiled(self, content: str, tmp_path: Path) -> None:
        path = self.deployed(tmp_path)
        (tmp_path / "checks/mine.py").write_text(content, encoding="utf-8")
        assert taken(path) is None

    def test_nor_are_those_that_are_gone(self, tmp_path: Path) -> None:
        path = self.deployed(tmp_path)
        (tmp_path / "checks/mine.py").unlink()
        assert taken(path) is None
        with pytest.raises(PolicyError, match=r"checks/mine\.py: cannot be read"):
            storage.load(path)

    def test_a_check_that_does_not_run_any_more_is_told_with_its_place(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It depends on something else than its file."""
        path = self.deployed(tmp_path)

        def fail(*_: object) -> None:
            raise storage._ModuleError("no")

        monkeypatch.setattr(storage, "_checks", fail)
        assert taken(path) is None


def test_a_policy_in_a_folder_has_its_form_beside_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "a.yaml").write_text("version: 1\nrules: [{id: a, on: '*', when: 'true'}]\n", encoding="utf-8")
    (folder / "b.yaml").write_text("version: 1\nrules: [{id: b, on: '*', when: 'true'}]\n", encoding="utf-8")
    (tmp_path / "policies.compiled").write_bytes(storage.compiled_form(folder))
    found = taken(folder)
    assert found is not None
    assert [rule.id for rule in found.rules] == ["a", "b"]
    assert found.name == storage._finished(*storage._drafted(folder, {})).name
    (folder / "c.yaml").write_text("version: 1\n", encoding="utf-8")
    assert taken(folder) is None


def test_a_broken_policy_is_not_compiled(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("version: 1\nrules: [{id: a, on: '*', check: no.such}]\n", encoding="utf-8")
    with pytest.raises(PolicyError, match="rule a: check"):
        storage.compiled_form(path)


def test_it_is_the_same_each_time(tmp_path: Path) -> None:
    path = deployed(tmp_path)
    assert path.with_suffix(".compiled").read_bytes() == storage.compiled_form(path)
    said: Mapping[str, object] = json.loads(storage.compiled_form(path))
    assert list(said) == sorted(said)
