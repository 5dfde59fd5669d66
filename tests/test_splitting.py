"""A policy of both levels as two: together they judge every event as the one did, and nothing of its text is lost."""

import re
from pathlib import Path

import pytest

from extension import catalogue, envelopes, pipeline, splitting, storage
from extension.cases import UNSAID
from extension.catalogue import Level
from extension.errors import PolicyError
from extension.events import Event, Payload
from extension.registration import form, points
from extension.storage import ROOT
from extension.verdict import Verdict
from tests.conftest import EVENTS

HARD = """\
# 顶部注释 😀
version: 1
language: en
lists: {nobody: ["1"]}

rules:   # the rules

  # Everything

  # own of the first
  - id: all    # 😀
    on: "*"
    check: operator.id
    with: {deny: {list: nobody}}   # last of the first

  - id: listed
    on:
      - download-resources
      - commit-file   # goes
    # inside
    check: operator.id
    with: &with {deny: ["1902847365091735"]}

  # A heading for one alone

  - {id: flow, on: [run-file, delete-project], check: operator.id, with: *with}
  -
    id: dashed
    on: &events [run-file, delete-project]
    check: operator.id
    with: *with

  - id: aliased
    on: *events
    check: operator.id
    exempt:
      - {operator: "8", until: 2027-12-31}
    with:
      deny:
        - "7"
    message: |
      # not a comment

      text
  # own of the last
  - id: tenant
    on: download-resources
    when: event.dataRowSize > 1
    exempt:
    - &exempt {operator: "8", until: 2027-12-31}
    - *exempt

# the end
"""

NARROW = """\
version: 1
rules:
  - id: modules
    on: [Data Studio, Console, project-change, resources-download]
    check: operator.id
    with: {allow: ["1"]}
    mode: shadow
  - id: regular
    on: [project-deleted, instance-status-changes]
    when: "true"
"""

FLOW = """\
{version: 1, rules: [{id: a, on: "*", check: operator.id, with: {deny: ["1902847365091735"]}},
  {id: b, on: download-resources, when: event.dataRowSize > 1}, {id: c, on: commit-file, when: "true"}]}
"""

LAST = """\
version: 1
rules:
- id: a
  on: [commit-file, download-resources]
  when: "true"
- id: b
  on: commit-file
  when: "true\""""

MADE = {"hard": HARD, "narrow": NARROW, "flow": FLOW, "last": LAST, "windows": HARD.replace("\n", "\r\n")}

EXAMPLES = {path.parent.name: path.read_text(encoding="utf-8") for path in ROOT.glob("examples/*/policy.yaml")}
MIXED = ("operations-guard", "policy-repository", "sql")
"""The examples that are for two extensions."""


@pytest.fixture(scope="module")
def events() -> list[Event[Payload | None]]:
    """An event of every code of the catalogue: the samples, and an empty one for each of the others."""
    bodies = [file.read_bytes() for file in sorted(EVENTS.glob("*.json"))]
    found = [envelopes.parse(body) for body in bodies]
    empty = ({"messageId": code, "messageBody": {}, "eventType": code} for code in catalogue.BY_CODE)
    return [*found, *(envelopes.event(each) for each in empty)]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_bytes(text.encode())
    return path


def said(verdict: Verdict) -> list[object]:
    """What a verdict is, but for the name of its policy."""
    findings = ((each.rule, each.result, each.mode, each.exempt, verdict.sentence(each)) for each in verdict.findings)
    return [verdict.result, verdict.message(1000), *findings]


def halves(path: Path, folder: Path) -> dict[Level, splitting.Half]:
    return {half.level: half for half in splitting.split(path, storage.load(path), folder)}


@pytest.mark.parametrize("name", [*MADE, *MIXED])
def test_the_halves_together_judge_every_event_as_the_whole_did(
    name: str, tmp_path: Path, events: list[Event[Payload | None]]
) -> None:
    path = written(tmp_path, MADE.get(name) or EXAMPLES[name])
    whole = storage.load(path)
    found = halves(path, tmp_path / "halves")
    assert {event.code for event in events} == set(catalogue.BY_CODE)
    for event in events:
        expected = pipeline.judge(event, whole, UNSAID)
        level = catalogue.BY_CODE[event.code].level
        for half in found.values():
            verdict = pipeline.judge(event, half.policy, UNSAID)
            if half.level is level:
                assert said(verdict) == said(expected), event.code
            else:
                assert verdict.findings == (), event.code


@pytest.mark.parametrize("name", [*MADE, *MIXED])
def test_each_half_is_of_one_level_and_has_a_digest_of_its_own(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, MADE.get(name) or EXAMPLES[name])
    found = halves(path, tmp_path / "halves")
    for level, half in found.items():
        assert points.level(points.points(half.policy, blocking=True)) in (form.Level(level), form.Level.NONE)
        assert half.policy.name == storage.load(tmp_path / "halves" / f"{level}.yaml").name
    digests = {half.policy.digest for half in found.values()} | {storage.load(path).digest}
    assert len(digests) == 3
    assert all(re.fullmatch("[0-9a-f]{12}", digest) for digest in digests)


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - set(MIXED)))
def test_a_policy_of_one_level_needs_no_split(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, EXAMPLES[name])
    with pytest.raises(PolicyError, match=r"needs no split: no rule judges an event of the (tenant|workspace) level"):
        halves(path, tmp_path / "halves")
    assert not (tmp_path / "halves").exists()


def test_comments_and_the_text_of_rules_stay(tmp_path: Path) -> None:
    halves(written(tmp_path, HARD), tmp_path)
    tenant, workspace = ((tmp_path / f"{level}.yaml").read_text(encoding="utf-8") for level in Level)
    assert tenant.startswith("# 顶部注释 😀\n") == workspace.startswith("# 顶部注释 😀\n") is True
    for text in (tenant, workspace):
        assert "rules:   # the rules\n\n  # Everything\n\n  # own of the first\n  - id: all    # 😀\n" in text
        assert "with: {deny: {list: nobody}}   # last of the first\n" in text
        assert "    message: |\n      # not a comment\n\n      text\n" in text
        assert text.endswith("\n# the end\n")
    assert "# own of the last" in tenant
    assert "# own of the last" not in workspace
    assert tenant.count("- *exempt\n") == 1
    assert "- *exempt" not in workspace
    assert "\n    on:\n      [download-resources]   # goes\n    # inside\n" in tenant
    assert "{id: flow, on: [run-file], check: operator.id, with: *with}" in workspace
    assert "    id: dashed\n    on: [delete-project]\n" in tenant
    assert "  - id: aliased\n    on: [run-file]\n" in workspace


def test_what_a_half_keeps_is_not_changed_where_no_rule_is_of_both(tmp_path: Path) -> None:
    halves(written(tmp_path, EXAMPLES["operations-guard"]), tmp_path)
    whole = EXAMPLES["operations-guard"].splitlines()
    tenant, workspace = ((tmp_path / f"{level}.yaml").read_text(encoding="utf-8").splitlines() for level in Level)
    assert [line for line in tenant + workspace if line not in whole] == []
    assert "  # Workspaces" not in workspace, "a heading whose rules went to the other half"
    assert "  # Sync jobs" in workspace
    assert "  # Sync jobs" not in tenant


def test_a_heading_stays_where_any_of_its_rules_does(tmp_path: Path) -> None:
    rules = [
        f"  - {{id: {name}, on: {on}, when: 'true'}}\n" for name, on in (("a", "run-file"), ("b", "delete-project"))
    ]
    text = f"version: 1\nrules:\n\n  # Both\n\n{rules[0]}\n{rules[1]}"
    halves(written(tmp_path, text), tmp_path)
    kept = (tmp_path / "tenant.yaml").read_text(encoding="utf-8")
    assert kept == f"version: 1\nrules:\n\n  # Both\n\n{rules[1]}"


def test_long_lists_of_events_are_wrapped(tmp_path: Path) -> None:
    halves(written(tmp_path, HARD), tmp_path)
    lines = (tmp_path / "workspace.yaml").read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= 120


def test_checks_of_ones_own_go_with_each_half(tmp_path: Path) -> None:
    (tmp_path / "checks").mkdir()
    module = """
import msgspec
from extension import checks, verdict

SAID = verdict.Text(en="Said.", zh="已说。")


class Given(msgspec.Struct, frozen=True, kw_only=True):
    pass


@checks.check("own.said", events="*", texts=[SAID])
def said(event, given: Given):
    \"\"\"Says so.\"\"\"
    yield verdict.hit(SAID)
"""
    (tmp_path / "checks/own.py").write_text(module, encoding="utf-8")
    text = 'version: 1\nchecks: checks/own.py\nrules:\n  - {id: a, on: "*", check: own.said}\n'
    found = halves(written(tmp_path, text), tmp_path / "halves")
    assert (tmp_path / "halves/checks/own.py").read_text(encoding="utf-8") == module
    assert all(half.policy.rules[0].check for half in found.values())
    beside = halves(tmp_path / "policy.yaml", tmp_path)
    assert {half.path for half in beside.values()} == {tmp_path / "tenant.yaml", tmp_path / "workspace.yaml"}


def test_a_folder_becomes_two_folders(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "a.yaml").write_text("version: 1\nlanguage: en\nlists: {x: ['1']}\n", encoding="utf-8")
    rule = "  - {id: b, on: download-resources, check: operator.id, with: {deny: {list: x}}}  # b\n"
    (folder / "b.yaml").write_text(f"version: 1\n# above\nrules:\n{rule}# below\n", encoding="utf-8")
    rule = "  - {id: c, on: commit-file, check: operator.id, with: {deny: {list: x}}}\n"
    (folder / "c.yaml").write_text(f"version: 1\nrules:\n{rule}", encoding="utf-8")
    found = halves(folder, tmp_path / "halves")
    assert [rule.id for rule in found[Level.TENANT].policy.rules] == ["b"]
    assert [rule.id for rule in found[Level.WORKSPACE].policy.rules] == ["c"]
    assert (tmp_path / "halves/workspace/b.yaml").read_text(encoding="utf-8") == "version: 1\n# above\n# below\n"
    assert (tmp_path / "halves/tenant/a.yaml").exists()


def test_what_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, HARD)
    there = tmp_path / "workspace.yaml"
    there.write_text("mine", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"workspace\.yaml: is there already, and is left as it is"):
        halves(path, tmp_path)
    assert there.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "tenant.yaml").exists()


def test_a_rule_that_cannot_be_narrowed_is_named_and_nothing_stays_behind(tmp_path: Path) -> None:
    text = """\
version: 1
rules:
  - id: wide
    on: [download-resources, commit-file]
    when: has(event.dataRowSize) && event.dataRowSize > 1
"""
    path = written(tmp_path, text)
    with pytest.raises(PolicyError, match=r"workspace\.yaml:5: rule wide: when: event has no .*: make two of it"):
        halves(path, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["policy.yaml"]


BOTH = "  - {id: a, on: [commit-file, delete-project], when: 'true'}\n"


@pytest.mark.parametrize(
    "rules",
    [
        "rules:\n- id: a\n  on:\n  - commit-file\n  - delete-project\n  when: 'true'\n",
        "rules:\n- when: 'true'\n  id: a\n  on:   # those\n\n  - commit-file\n  - delete-project\n",
        "rules:\n- id: a\n  when: 'true'\n  on: !!seq\n  - commit-file\n  - delete-project\n",
        f"rules: &rules\n{BOTH}",
        f"rules: !!seq  # - all\n\n  # - those\n{BOTH}",
        "rules: &rules [{id: a, on: !!seq [commit-file, delete-project], when: 'true'}]\n",
    ],
)
def test_every_form_of_a_list_can_be_split(rules: str, tmp_path: Path) -> None:
    found = halves(written(tmp_path, f"version: 1\n{rules}"), tmp_path)
    assert found[Level.TENANT].policy.rules[0].events == {"delete-project"}
    assert found[Level.WORKSPACE].policy.rules[0].events == {"commit-file"}


def nothing_was_written(tmp_path: Path) -> bool:
    return sorted(file.name for file in tmp_path.rglob("*") if file.name != "a.yaml") in (["policy.yaml"], ["policies"])


ANCHORS = """\
version: 1
rules:
  - {id: a, on: commit-file, check: operator.id, with: &with {deny: ["1"]}}
  - {id: b, on: delete-project, check: operator.id, with: &with {deny: ["2"]}}
  - {id: c, on: commit-file, check: operator.id, with: *with}
"""


def test_an_anchor_that_stands_twice_is_refused_for_its_alias_could_be_of_the_other(tmp_path: Path) -> None:
    path = written(tmp_path, ANCHORS)
    with pytest.raises(PolicyError, match=r"policy\.yaml:4: cannot be split: it has an anchor twice"):
        halves(path, tmp_path / "new" / "halves")
    assert nothing_was_written(tmp_path)
    path.unlink()
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/a.yaml").write_text(ANCHORS, encoding="utf-8")
    with pytest.raises(PolicyError, match=r"a\.yaml:4: cannot be split: it has an anchor twice"):
        halves(tmp_path / "policies", tmp_path / "halves")
    assert nothing_was_written(tmp_path)


def test_a_half_whose_rule_is_another_one_is_refused(tmp_path: Path) -> None:
    text = """\
version: 1
rules:
  - id: a
    on: commit-file
    check: operator.id
    with:
      deny:
        - |+
          1902847365091735


  - {id: b, on: delete-project, when: "true"}
"""
    path = written(tmp_path, text)
    with pytest.raises(PolicyError, match=r"workspace\.yaml: rule a: is not what it was; .*make two of it by hand"):
        halves(path, tmp_path / "new" / "halves")
    assert nothing_was_written(tmp_path)


def test_a_half_with_other_rules_is_refused(tmp_path: Path) -> None:
    whole = storage.load(written(tmp_path, f"version: 1\nrules:\n{BOTH}"))
    other = tmp_path / "other.yaml"
    other.write_text(f"version: 1\nrules:\n{BOTH.replace('id: a', 'id: b')}", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"other\.yaml: has the rules b, not a"):
        splitting._loaded(whole, Level.TENANT, other)
    with pytest.raises(PolicyError, match=r"policy\.yaml: rule a: is not what it was"):
        splitting._loaded(whole, Level.TENANT, tmp_path / "policy.yaml")


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    path = written(tmp_path, HARD)
    (tmp_path / "workspace.yaml").symlink_to(tmp_path / "gone" / "workspace.yaml")
    with pytest.raises(FileNotFoundError):
        halves(path, tmp_path)
    assert not (tmp_path / "tenant.yaml").exists()
    path.rename(tmp_path / "kept.yaml")
    with pytest.raises((FileExistsError, NotADirectoryError)):
        halves(tmp_path / "kept.yaml", tmp_path / "kept.yaml" / "halves")
    assert (tmp_path / "kept.yaml").read_text(encoding="utf-8") == HARD
