"""The example policies: their cases pass, tell every change of a rule, and hold on the way through the handler."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from extension import cases, catalogue, local, options, policy, settings, storage
from extension.__main__ import main
from extension.cases import Case
from extension.catalogue import Entry, Kind
from extension.checks import registry
from extension.errors import PolicyError
from extension.events import Callback
from extension.rules import Policy, Rule
from extension.sql.facts import KINDS
from extension.storage import ROOT
from extension.tree import load
from extension.windows import Holidays
from tests.cases import documented
from tests.conftest import EVENTS, Function

EXAMPLES = ROOT / "examples"
NAMES = ("data-studio", "deployment-freeze", "download-loss", "max-pt", "operations-guard", "sql")

Plain = dict[str, Any]
"""A rule, or a whole policy, as plain YAML."""


@pytest.mark.parametrize("name", NAMES)
def test_the_cases_of_an_example_pass_and_touch_every_rule(name: str) -> None:
    report = cases.run(EXAMPLES / name)
    assert cases.text([report]).splitlines() == [
        f"examples/{name}: {len(report.outcomes)} passed, 0 failed ({report.policy.name})"
    ]
    assert len(report.outcomes) >= 14
    assert not report.untouched


def test_the_examples_show_every_part_of_a_rule_and_both_languages() -> None:
    parts = {key for name in NAMES for rule in _tree(name)["rules"] for key in rule}
    assert parts >= {
        *("id", "on", "check", "with", "when", "result", "mode", "on_error", "message", "severity", "owner", "help"),
        *("options", "exempt", "from", "until", "workspaces", "except_workspaces", "operators", "except_operators"),
    }
    assert {_tree(name)["language"] for name in NAMES} == {"en", "zh"}
    assert any("{'list': " in str(_tree(name)["rules"]) for name in NAMES)


def test_one_extension_can_hold_an_example_or_the_example_says_that_it_takes_two() -> None:
    for name in NAMES:
        codes = storage.load(EXAMPLES / name / "policy.yaml").plan
        levels = {catalogue.BY_CODE[code].level for code in codes}
        text = (EXAMPLES / name / "policy.yaml").read_text(encoding="utf-8")
        assert len(levels) == 1 or "register --split" in text, name


# Mutations: a policy that says something else must not pass the cases.


def _tree(name: str) -> Plain:
    """An example's policy as plain YAML."""
    file = EXAMPLES / name / "policy.yaml"
    tree: Plain = json.loads(json.dumps(load(file.read_bytes(), file.name)))
    return tree


def _expanded(value: Any, lists: Mapping[str, list[object]]) -> Any:  # noqa: ANN401  any part of a policy
    """`value` with named lists in place, so that each of their entries can be changed for each rule."""
    if isinstance(value, dict):
        found = value.get("list")
        return lists[found] if isinstance(found, str) else {key: _expanded(item, lists) for key, item in value.items()}
    return [_expanded(item, lists) for item in value] if isinstance(value, list) else value


def _parsed(tree: Plain) -> Policy:
    """The policy that a tree is: JSON is YAML, and quotes the key `on`."""
    return policy.parse(json.dumps(tree, ensure_ascii=False).encode(), "mutant.yaml")


@cache
def _example(name: str) -> tuple[Plain, Policy, tuple[Case, ...]]:
    """An example with its named lists in place: as plain YAML, as a policy, and its cases without their messages.

    A limit stands in the message: a case that hits would tell a change of it, though none is on its other side.
    """
    tree = _tree(name)
    tree = {**tree, "rules": _expanded(tree["rules"], tree.get("lists", {}))}
    original = _parsed(tree)
    files = sorted((EXAMPLES / name / "cases").glob("*.yaml"))
    known = (case for file in files for case in cases.read(file, original))
    return tree, original, tuple(msgspec.structs.replace(case, message="") for case in known)


NEVER = "nothing is called this"
"""Text, and a regular expression, that no case holds."""

_STRANGERS = ("nothing_is_called_this", "nothing.is_called_this", "909090909", "203.0.113.99/32", "nothing*")
"""Entries of a list that no case holds: each kind of list takes one of them at least."""

Change = tuple[str, tuple[Plain, ...]]
"""A change of a rule: what it is, and the rule in all spellings of it, the first of which that loads counts."""


def _with(rule: Plain, key: str, *values: object) -> tuple[Plain, ...]:
    """The rule with another value at `key`, in several spellings; without one for None."""
    rest = {name: value for name, value in rule.items() if name != key}
    return tuple(rest if value is None else {**rest, key: value} for value in values)


def _lists(value: object) -> Iterator[tuple[str, tuple[list[object], ...]]]:
    """A list, or one value as a list, with each entry replaced, and with each taken out where others remain."""
    items = value if isinstance(value, list) else [value]
    for number, item in enumerate(items):
        before, after = items[:number], items[number + 1 :]
        yield f"{item} replaced", tuple([*before, stranger, *after] for stranger in _STRANGERS)
        if before or after:
            yield f"{item} taken out", ([*before, *after],)


def _shifted(text: str) -> Iterator[str]:
    """Text with each date moved by a day, each time by a minute, and each day of the week by one."""
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    forms: tuple[tuple[str, Callable[[str, int], str]], ...] = (
        (r"\d{4}-\d\d-\d\d", lambda day, step: str(date.fromisoformat(day) + timedelta(days=step))),
        (
            r"\b\d\d:\d\d",
            lambda clock, step: f"{datetime.fromisoformat(f'2026-01-01 {clock}') + timedelta(minutes=step):%H:%M}",
        ),
        ("|".join(days), lambda day, step: days[(days.index(day) + step) % 7]),
    )
    for form, moved in forms:
        for match in re.finditer(form, text):
            for step in (-1, 1):
                yield text[: match.start()] + moved(match[0], step) + text[match.end() :]


def _setting(kind: type, value: object) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Other values of a parameter."""
    if isinstance(value, bool):
        yield "flipped", (not value,)
    elif isinstance(value, int) or kind is settings.Size:
        number = int(settings.Size.read(value))
        yield "one less", (number - 1,)
        yield "one more", (number + 1,)
    elif kind is settings.Pattern:
        yield "anything", ("(?s).*",)
        yield "nothing", (NEVER,)
    elif kind is Holidays:
        yield "of another country", ("US",)
    elif isinstance(value, list) and re.search(r"\d\d:\d\d|\d{4}-\d\d", str(value)):
        for number, item in enumerate(value):
            yield (
                f"{item} taken out",
                ([*value[:number], *value[number + 1 :]] or ["1999-01-01"], ["Mon 00:00 - 00:01"]),
            )
            for moved in _shifted(item):
                yield f"{item} is {moved}", ([*value[:number], moved, *value[number + 1 :]],)
    elif isinstance(value, list):
        yield from _lists(value)


def _unheard(text: str) -> str:
    """Another text of a condition, that no case holds: a kind of statements is one of a set."""
    return '"KILL"' if text.strip('"') in KINDS else f'"{NEVER}"'


def _condition(text: str) -> Iterator[str]:
    """Other conditions: the opposite, and each number and each text in it changed."""
    yield f"!({text})"
    for match in re.finditer(r"\"[^\"]*\"|\b\d+\b", text):
        others = [_unheard(match[0])] if match[0][0] == '"' else [str(int(match[0]) + step) for step in (-1, 1)]
        yield from (text[: match.start()] + other + text[match.end() :] for other in others)


def _scopes(rule: Plain) -> Iterator[Change]:
    """Whom, where and when the rule is for, changed."""
    for key in ("workspaces", "except_workspaces", "operators", "except_operators"):
        if key in rule:
            yield f"{key} taken out", _with(rule, key, None)
            for what, values in _lists(rule[key]):
                yield f"{key}: {what}", _with(rule, key, *values)
    for key in ("from", "until"):
        if key in rule:
            yield f"{key} taken out", _with(rule, key, None)
            for moved in _shifted(rule[key]):
                yield f"{key}: {moved}", _with(rule, key, moved)


def _exemptions(rule: Plain) -> Iterator[Change]:
    """Whom the rule lets pass, changed."""
    entries = rule.get("exempt", [])
    for number, entry in enumerate(entries):

        def other(*changed: Plain, number: int = number) -> tuple[Plain, ...]:
            return _with(rule, "exempt", *([*entries[:number], one, *entries[number + 1 :]] for one in changed))

        yield f"exempt[{number}] taken out", _with(rule, "exempt", [*entries[:number], *entries[number + 1 :]] or None)
        for moved in _shifted(entry["until"]):
            yield f"exempt[{number}].until: {moved}", other({**entry, "until": moved})
        named = {"operator", "workspace", "table"} & set(entry)
        for key in sorted(named):
            if len(named) > 1:
                yield f"exempt[{number}].{key} taken out", other(*_with(entry, key, None))
            for what, values in _lists(entry[key]):
                yield f"exempt[{number}].{key}: {what}", other(*_with(entry, key, *values))


def _parameters(rule: Plain, parsed: Rule) -> Iterator[Change]:
    """What the check looks for, changed. A severity has no other value, and what is required cannot be taken out."""
    given = rule.get("with", {})
    if parsed.settings is None:
        return
    for field in msgspec.structs.fields(parsed.settings):
        key = field.encode_name
        if key in given:
            for what, values in _setting(settings.kind_of(field), given[key]):
                yield f"with.{key}: {what}", _with(rule, "with", *(_with(given, key, value)[0] for value in values))
            if _optional(parsed.settings, field):
                yield f"with.{key} taken out", _with(rule, "with", *_with(given, key, None))


def _optional(given: msgspec.Struct, field: msgspec.structs.FieldInfo) -> bool:
    """Whether a parameter can be left out beside the others."""
    try:
        return not field.required and bool(msgspec.structs.replace(given, **{field.name: field.default}))
    except ValueError:
        return False


def _changes(rule: Plain, parsed: Rule) -> Iterator[Change]:
    """Everything in a rule that decides, changed one at a time; texts decide nothing."""
    if len(parsed.events) > 1:
        for code in sorted(parsed.events):
            yield f"on: without {code}", _with(rule, "on", sorted(parsed.events - {code}))
    yield "mode", _with(rule, "mode", "enforce" if rule.get("mode") == "shadow" else "shadow")
    if rule.get("mode") != "shadow":  # there, the result is logged and decides nothing
        yield "result", _with(rule, "result", "FAIL" if rule.get("result") == "WARN" else "WARN")
    for key in {"on_error", "on_unreadable"} & set(rule):
        for result in {"OK", "WARN", "FAIL"} - {rule[key]}:
            yield f"{key}: {result}", _with(rule, key, result)
    if "when" in rule:
        for text in _condition(rule["when"]):
            yield f"when: {text}", _with(rule, "when", text)
        if "check" in rule:
            yield "when taken out", _with(rule, "when", None)
    for key in rule.get("options", {}):
        options = rule["options"]
        yield f"options.{key} taken out", _with(rule, "options", *_with(options, key, None))
        yield f"options.{key} of another name", _with(rule, "options", *_with(options, key, NEVER))
    yield from _parameters(rule, parsed)
    yield from _scopes(rule)
    yield from _exemptions(rule)


def _mutant(tree: Plain, number: int, spellings: tuple[Plain, ...]) -> Policy:
    """The policy with another rule at `number`, in the first spelling that loads."""
    for last, rule in enumerate(spellings, start=1):
        try:
            return _parsed({**tree, "rules": [*tree["rules"][:number], rule, *tree["rules"][number + 1 :]]})
        except PolicyError:
            if last == len(spellings):
                raise
    raise AssertionError(spellings)


_RULES = [(name, number, rule["id"]) for name in NAMES for number, rule in enumerate(_tree(name)["rules"])]


@pytest.mark.parametrize(
    ("name", "number"), [each[:2] for each in _RULES], ids=[f"{each[0]}:{each[2]}" for each in _RULES]
)
@pytest.mark.no_cover
def test_a_rule_that_says_something_else_does_not_pass_the_cases(name: str, number: int) -> None:
    tree, original, known = _example(name)
    rule = original.rules[number]
    concerned = [case for case in known if case.event.code in rule.events]
    changes = list(_changes(tree["rules"][number], rule))
    survivors = [
        what
        for what, spellings in changes
        for mutant in [_mutant(tree, number, spellings)]
        if not any(cases._outcome(case, mutant).problems for case in concerned)
    ]
    assert len(changes) >= 2
    assert survivors == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.no_cover
def test_an_example_with_other_settings_does_not_pass_its_cases(name: str, tmp_path: Path) -> None:
    tree = _tree(name)
    others: dict[str, list[object]] = {"language": ["en" if tree["language"] == "zh" else "zh"]}
    if "timezone" in tree:
        others["timezone"] = ["UTC", "America/New_York"]
    if "defaults" in tree:
        others["defaults"] = [
            {"on_error": each} for each in ("OK", "WARN", "FAIL") if tree["defaults"]["on_error"] != each
        ]
    others["sql"] = [
        {**tree["sql"], section: {place: said for place, said in places.items() if place != left_out}}
        for section, places in tree.get("sql", {}).items()
        for left_out in places
    ]
    for key, values in others.items():
        for value in values:
            file = tmp_path / "policy.yaml"
            file.write_text(json.dumps({**tree, key: value}, ensure_ascii=False), encoding="utf-8")
            assert cases.run(EXAMPLES / name, file).failed, f"{key}: {value}"


def test_a_mutation_that_changes_nothing_would_be_noticed() -> None:
    tree, _, known = _example("max-pt")
    assert not any(cases._outcome(case, _mutant(tree, 0, (tree["rules"][0],))).problems for case in known)


# The walk-through of the platform's documentation that bans MAX_PT
# (https://www.alibabacloud.com/help/en/dataworks/user-guide/best-practices-for-prohibiting-the-use-of-the-max-pt-function)

MAX_PT = {"CommittedFile": {"FileType": 10, "Content": "select *\nfrom t\nwhere ds = max_pt('t');"}}
NO_MAX_PT = {"CommittedFile": {"FileType": 10, "Content": "select * from t where ds = '${bizdate}';"}}
BOTH = pytest.mark.parametrize(
    "event", ["commit-file.json", "deploy-file.json", "commit-file.eventbridge.json", "deploy-file.eventbridge.json"]
)
WORKSPACE = "90214"


def _deploy(function: Function, name: str) -> None:
    function.set(EXTENSION_POLICY=str(EXAMPLES / name / "policy.yaml"))
    function.initialize()


def _posted(function: Function) -> tuple[str, str]:
    """Result and tip of the one verdict that was posted, which must be to Data Studio."""
    (call,) = function.received
    assert (call.action, call.verified, call.status) == (Callback.IDE, True, 200)
    return call.parameters["CheckResult"], call.parameters.get("CheckResultTip", "")


@BOTH
@pytest.mark.parametrize("chosen", ["WARN", "FAIL"])
def test_a_call_of_max_pt_gives_what_the_workspace_has_chosen(function: Function, event: str, chosen: str) -> None:
    _deploy(function, "max-pt")
    function.dataworks.snapshots["*"] = MAX_PT
    function.dataworks.options[WORKSPACE] = {"checkStatus": chosen}
    returned = function.handle((EVENTS / event).read_bytes())
    result, tip = _posted(function)
    assert (result, returned["checkResult"]) == (chosen, chosen)
    assert tip == returned["errorMessage"]
    assert tip == (
        '[max-pt] The code of "dwd_order_detail_di" calls banned functions: max_pt (calls: 1; lines: 3). Remove the'
        " calls and try again. Questions about this rule: data-governance. More: https://example.com/data-rules/max-pt"
    )
    assert [call.action for call in function.asked[:2]] == ["GetIDEEventDetail", "GetOptionValueForProject"]


@BOTH
def test_a_call_of_max_pt_is_blocked_where_the_workspace_has_not_chosen(function: Function, event: str) -> None:
    _deploy(function, "max-pt")
    function.dataworks.snapshots["*"] = MAX_PT
    function.handle((EVENTS / event).read_bytes())
    assert _posted(function)[0] == "FAIL"
    assert function.log[-1]["warnings"] == []


@BOTH
@pytest.mark.parametrize("chosen", ["WARN", "FAIL"])
def test_code_without_max_pt_passes_without_a_tip(function: Function, event: str, chosen: str) -> None:
    _deploy(function, "max-pt")
    function.dataworks.snapshots["*"] = NO_MAX_PT
    function.dataworks.options[WORKSPACE] = {"checkStatus": chosen}
    assert function.handle((EVENTS / event).read_bytes()) == {"checkResult": "OK", "errorMessage": ""}
    assert _posted(function) == ("OK", "")


@BOTH
def test_the_rule_s_own_result_counts_where_options_cannot_be_had(function: Function, event: str) -> None:
    _deploy(function, "max-pt")
    function.dataworks.snapshots["*"] = MAX_PT
    function.dataworks.options[WORKSPACE] = {"checkStatus": "WARN"}
    function.dataworks.failing["GetOptionValueForProject"] = (403, "Forbidden.Access")
    function.handle((EVENTS / event).read_bytes())
    assert _posted(function)[0] == "FAIL"
    assert function.log[-1]["level"] == "WARNING"
    (warning,) = function.log[-1]["warnings"]
    assert re.match("options could not be read, the rules' own values are used: .*Forbidden.Access", warning)


@pytest.mark.parametrize("saved", [{"checkStatus": "Alert"}, {"checkStatus": 1}])
def test_the_rule_s_own_result_counts_for_an_option_that_is_none(function: Function, saved: dict[str, object]) -> None:
    _deploy(function, "max-pt")
    function.dataworks.snapshots["*"] = MAX_PT
    function.dataworks.options[WORKSPACE] = saved
    function.handle((EVENTS / "commit-file.json").read_bytes())
    assert _posted(function)[0] == "FAIL"
    (warning,) = function.log[-1]["warnings"]
    assert warning.startswith("rule max-pt: option checkStatus: expected FAIL or WARN, found ")


def test_code_that_cannot_be_had_is_blocked_and_said_so_in_the_log(function: Function) -> None:
    _deploy(function, "max-pt")
    function.dataworks.options[WORKSPACE] = {"checkStatus": "WARN"}
    function.handle((EVENTS / "commit-file.json").read_bytes())
    assert _posted(function)[0] == "FAIL"
    assert function.log[-1]["level"] == "ERROR"
    assert "InvalidMessageId.NotFound" in function.log[-1]["findings"][0]["error"]


@pytest.mark.parametrize(("event", "result"), [("commit-file.json", "OK"), ("deploy-file.json", "FAIL")])
def test_the_registration_switches_commits_off_and_leaves_deployments(
    function: Function, event: str, result: str
) -> None:
    _deploy(function, "max-pt")
    function.dataworks.snapshots["*"] = MAX_PT
    function.dataworks.parameters = f"extension.project.commit-file.disabled={WORKSPACE}"
    function.handle((EVENTS / event).read_bytes())
    assert _posted(function)[0] == result


def test_the_form_of_max_pt_offers_what_the_rule_takes() -> None:
    (rule,) = storage.load(EXAMPLES / "max-pt" / "policy.yaml").rules
    form: Any = options.form(storage.load(EXAMPLES / "max-pt" / "policy.yaml")).schema()
    option = form["properties"][rule.options["result"]]
    assert option["x-component"] == "Radio.Group"
    offered = [entry["value"] for entry in option["x-component-props"]["dataSource"]]
    assert offered == ["WARN", "FAIL"]
    for value in offered:
        assert rule.under({"checkStatus": value}) == (
            msgspec.structs.replace(rule, result=rule.result.__class__(value)),
            (),
        )


def test_the_sample_of_what_the_platform_answers_makes_a_local_run() -> None:
    folder = EXAMPLES / "max-pt"
    arguments = ["--policy", str(folder / "policy.yaml"), "--platform", str(folder / "platform.yaml")]
    for event in ("commit-file.json", "deploy-file.json"):
        shown = CliRunner().invoke(main, ["invoke", str(EVENTS / event), *arguments])
        assert (shown.exit_code, shown.stdout.split()[0]) == (0, "WARN")
    assert local.answers((folder / "platform.yaml").read_bytes(), "platform.yaml").options == {"checkStatus": "WARN"}


# The walk-through that locks deployment on listed dates
# (https://www.alibabacloud.com/help/en/dataworks/latest/thepublishingnetcontrol)


def _at(event: str, published: str) -> bytes:
    """An event of EventBridge as if it had been published at another moment."""
    envelope = json.loads((EVENTS / f"{event}.eventbridge.json").read_bytes())
    return json.dumps({**envelope, "aliyunpublishtime": published}).encode()


@pytest.mark.parametrize("event", ["commit-file", "deploy-file"])
@pytest.mark.parametrize(
    ("published", "until"),
    [
        ("2026-11-10T15:59:59.999Z", ""),  # China is 8 hours ahead
        ("2026-11-10T16:00:00.000Z", "2026-11-12 00:00"),
        ("2026-11-11T15:59:59.999Z", "2026-11-12 00:00"),
        ("2026-11-11T16:00:00.000Z", ""),
        ("2026-12-29T15:59:59.000Z", ""),
        ("2026-12-29T16:00:00.000Z", "2027-01-02 00:00"),
        ("2026-11-11T10:00:00.000PRC", "2026-11-12 00:00"),
    ],
)
def test_a_listed_date_is_locked_by_the_time_of_the_event(
    function: Function, event: str, published: str, until: str
) -> None:
    _deploy(function, "deployment-freeze")
    returned = function.handle(_at(event, published))
    result, tip = _posted(function)
    assert result == returned["checkResult"] == ("FAIL" if until else "OK")
    assert tip == returned["errorMessage"]
    assert f"请在 {until} 之后重试" in tip if until else not tip
    assert {call.action for call in function.asked} <= {"GetExtension"}


def test_the_clock_counts_where_the_event_has_no_time(function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    function.set(DATAWORKS_CALLBACK="off")  # what is signed at such a time is refused
    _deploy(function, "deployment-freeze")

    class Frozen(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # a clock that says what it is told
            return datetime(2026, 11, 11, 10, tzinfo=tz)

    monkeypatch.setattr("extension.edges.datetime", Frozen)
    assert function.handle((EVENTS / "deploy-file.json").read_bytes())["checkResult"] == "FAIL"
    assert function.handle(_at("deploy-file", "2026-11-12T01:00:00.000Z"))["checkResult"] == "OK"


def test_release_managers_deploy_on_a_listed_date(function: Function) -> None:
    _deploy(function, "deployment-freeze")
    envelope = json.loads(_at("deploy-file", "2026-11-11T02:00:00.000Z"))
    envelope["data"]["operator"] = "1107550004253538"
    assert function.handle(json.dumps(envelope).encode())["checkResult"] == "OK"
    assert [finding["rule"] for finding in function.log[-1]["findings"]] == ["lockdown-dates"]


# Every extension point, under every check that there is for it


_POINTS = [entry for entry in catalogue.ENTRIES if entry.kind is not Kind.REGULAR]

_UNDOCUMENTED: dict[str, Plain] = {
    "batch-update-data-quality-rules": {"projectId": 90214, "operator": "1902847365091735", "id": 100001},
    "delete-data-quality-evaluation-task-notification": {
        "projectId": 90214,
        "operator": "1902847365091735",
        "dataQualityEvaluationTaskId": 10001,
    },
}
"""Payloads of the extension points that no document has a sample of."""


@cache
def _every_check() -> str:
    """A policy with every built-in check on all that it judges, under the settings of its own example."""
    rules = [
        {"id": check, "on": sorted(registry.BY_ID[check].events), "check": check, "with": example["Hits"][1]}
        for check, example in documented().items()
    ]
    return json.dumps({"version": 1, "rules": rules}, ensure_ascii=False)


def _samples(code: str) -> list[bytes]:
    if code in _UNDOCUMENTED:
        envelope = {"messageId": "m-1", "eventType": code, "blockBusiness": True, "messageBody": _UNDOCUMENTED[code]}
        return [json.dumps(envelope).encode()]
    return [path.read_bytes() for path in sorted(EVENTS.glob(f"{code}.*json"))]


@pytest.mark.parametrize("entry", _POINTS, ids=lambda entry: entry.code)
def test_every_extension_point_is_judged_and_answered_through_its_api(
    function: Function, tmp_path: Path, entry: Entry
) -> None:
    own = [check.id for check in registry.BY_ID.values() if entry.code in check.events != frozenset(catalogue.BY_CODE)]
    assert own
    dataworks = function.dataworks
    dataworks.snapshots["*"] = {**MAX_PT, "TableModel": {"TableName": "table1", "Columns": [{"ColumnName": "A"}]}}
    dataworks.instances["*"] = {"NodeId": 8, "NodeName": "pay_salaries"}
    dataworks.members["*"] = {"1902847365091735": ["role_project_dev"]}
    function.policy(_every_check(), tmp_path)
    samples = _samples(entry.code)
    assert samples
    for sample in samples:
        dataworks.received.clear()
        returned = function.handle(sample)
        last = function.received[-1]
        assert (last.action, last.verified) == (entry.callback, True)
        assert [call.status for call in function.received][-1:] == [200]
        assert all(call.status != 200 for call in function.received[:-1])
        warned = returned["checkResult"] == "WARN" and entry.callback is Callback.WORKBENCH
        assert last.parameters["CheckResult"] == ("OK" if warned else returned["checkResult"])
        (line,) = [line for line in function.log if line["event"] == "verdict"][-1:]
        assert [finding for finding in line["findings"] if finding["error"]] == []
        assert line["level"] != "ERROR"
        assert line["callback"]["outcome"] == "posted"


# The README


def test_the_readme_lists_the_examples_truthfully() -> None:
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    listed = re.findall(
        r"^\| \[([a-z-]+)\]\(([a-z-]+)/policy\.yaml\) \| .+ \| (en|zh) \| ([0-9]+) \|$", text, re.MULTILINE
    )
    told = [(name, name, _tree(name)["language"], str(len(_tree(name)["rules"]))) for name in NAMES]
    assert sorted(listed) == told
    assert {path.name for path in EXAMPLES.iterdir() if path.is_dir()} == {*NAMES, "policy-repository"}
    for file in re.findall(r"\b(?:examples|events)/[\w./-]+", text):
        assert (ROOT / file).exists(), file
