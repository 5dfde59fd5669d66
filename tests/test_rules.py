"""For whom, where and when a rule is; what is exempt from it; what a workspace can set of it; what must be asked."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from extension import policy, rules, sql
from extension.checks import Need, registry
from extension.errors import ConditionError
from extension.events import Event, Missing, Reason, Unknown
from extension.rules import Exemption, Policy, Rule, Scope
from extension.settings import Count, Ids, Listed, Maximum, Names, Tables, WorkspaceIds
from extension.verdict import Language, Result
from tests.cases import event

NOBODY: tuple[str, ...] = ()
MOMENT = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def asked(
    code: str = "freeze-node",
    data: Mapping[str, object] | None = None,
    *,
    workspace: str | None = "90214",
    operators: tuple[str, ...] = ("149318",),
    moment: datetime = MOMENT,
) -> Event[Any]:
    """An event of a workspace (None: unknown) by a user (all ids of it; empty: unknown) at a moment."""
    return msgspec.structs.replace(
        event(code, data or {}),
        workspace=workspace if workspace is not None else Unknown("projectId", Reason.MISSING),
        operator=operators[0] if operators else Unknown("operator", Reason.UNREADABLE),
        operators=operators,
        moment=moment,
    )


def ids(*names: str) -> Ids:
    """Ids of users."""
    return Ids.read(list(names))


def workspaces(*names: str) -> WorkspaceIds:
    """Ids of workspaces."""
    return WorkspaceIds.read(list(names))


# scope


@pytest.mark.parametrize(
    ("scope", "workspace", "holds"),
    [
        (Scope(), "90214", True),
        (Scope(), None, True),
        (Scope(workspaces=workspaces("90214")), "90214", True),
        (Scope(workspaces=workspaces("1", "90214")), "90214", True),
        (Scope(workspaces=workspaces("902*")), "90214", True),
        (Scope(workspaces=workspaces("1")), "90214", False),
        (Scope(workspaces=workspaces("1")), None, True),
        (Scope(except_workspaces=workspaces("90214")), "90214", False),
        (Scope(except_workspaces=workspaces("902*")), "90214", False),
        (Scope(except_workspaces=workspaces("1")), "90214", True),
        (Scope(except_workspaces=workspaces("*")), None, True),
        (Scope(workspaces=workspaces("902*"), except_workspaces=workspaces("90214")), "90214", False),
        (Scope(workspaces=workspaces("902*"), except_workspaces=workspaces("90214")), "90215", True),
    ],
)
def test_a_rule_is_for_the_workspaces_of_its_scope_and_for_an_unknown_one(
    scope: Scope, workspace: str | None, holds: bool
) -> None:
    assert scope.holds(asked(workspace=workspace)) is holds


@pytest.mark.parametrize(
    ("scope", "operators", "holds"),
    [
        (Scope(operators=ids("149318")), ("149318",), True),
        (Scope(operators=ids("149318")), ("1",), False),
        (Scope(operators=ids("149318")), NOBODY, True),
        (Scope(operators=ids("20")), ("149318", "20"), True),
        (Scope(operators=ids("149318")), ("149318", "20"), True),
        (Scope(operators=ids("3")), ("149318", "20"), False),
        (Scope(except_operators=ids("20")), ("149318", "20"), False),
        (Scope(except_operators=ids("149318")), ("149318", "20"), False),
        (Scope(except_operators=ids("3")), ("149318", "20"), True),
        (Scope(except_operators=ids("*")), NOBODY, True),
        (Scope(operators=ids("149318"), except_operators=ids("20")), ("149318", "20"), False),
    ],
)
def test_a_rule_is_for_the_users_of_its_scope_by_any_id_and_for_an_unknown_one(
    scope: Scope, operators: tuple[str, ...], holds: bool
) -> None:
    assert scope.holds(asked(operators=operators)) is holds


@pytest.mark.parametrize(("workspace", "operator", "holds"), [("1", "2", True), ("1", "3", False), ("4", "2", False)])
def test_all_of_a_scope_must_hold(workspace: str, operator: str, holds: bool) -> None:
    scope = Scope(workspaces=workspaces("1"), operators=ids("2"))
    assert scope.holds(asked(workspace=workspace, operators=(operator,))) is holds


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("scope", "moment", "holds"),
    [
        (Scope(start=MOMENT), MOMENT - SECOND, False),
        (Scope(start=MOMENT), MOMENT, True),
        (Scope(end=MOMENT), MOMENT - SECOND, True),
        (Scope(end=MOMENT), MOMENT, False),
        (Scope(start=MOMENT, end=MOMENT + SECOND), MOMENT, True),
        (Scope(start=MOMENT, end=MOMENT + SECOND), MOMENT + SECOND, False),
        (Scope(start=MOMENT), MOMENT.astimezone(ZoneInfo("Asia/Shanghai")), True),
        (Scope(end=MOMENT), MOMENT.astimezone(ZoneInfo("Asia/Shanghai")), False),
    ],
)
def test_a_rule_is_in_force_from_its_first_moment_up_to_its_last(scope: Scope, moment: datetime, holds: bool) -> None:
    assert scope.holds(asked(moment=moment)) is holds


@pytest.mark.parametrize(
    ("moment", "in_force"),
    [
        ("2026-06-30T15:59:59Z", False),
        ("2026-06-30T16:00:00Z", True),
        ("2026-07-02T15:59:59Z", True),
        ("2026-07-02T16:00:00Z", False),
    ],
)
def test_dates_alone_are_whole_days_in_the_policy_s_timezone_the_last_one_included(moment: str, in_force: bool) -> None:
    loaded = load("from: 2026-07-01, until: 2026-07-02")
    assert bool(loaded.at(asked(), datetime.fromisoformat(moment))[1]) is in_force


# exemptions


def exemption(
    *, operators: Names | None = None, workspaces: Names | None = None, tables: Names | None = None
) -> Exemption:
    """An exemption until MOMENT."""
    return Exemption(operators=operators, workspaces=workspaces, tables=tables, until=MOMENT, reason="audit")


BEFORE = MOMENT - SECOND
UPLOAD = {"tableGuid": "odps.dw.orders"}
TWO_TABLES = {
    "showTableMapping": True,
    "tableMapping": [
        {"dstDatasourceName": "holo", "dstTable": "a"},
        {"dstDatasourceName": "holo", "dstTable": "b"},
    ],
}


@pytest.mark.parametrize(
    ("entry", "operators", "workspace", "covers"),
    [
        (exemption(operators=ids("149318")), ("149318",), "90214", True),
        (exemption(operators=ids("20")), ("149318", "20"), "90214", True),
        (exemption(operators=ids("1")), ("149318",), "90214", False),
        (exemption(operators=ids("*")), NOBODY, "90214", False),
        (exemption(workspaces=workspaces("90214")), NOBODY, "90214", True),
        (exemption(workspaces=workspaces("1")), ("149318",), "90214", False),
        (exemption(workspaces=workspaces("*")), ("149318",), None, False),
        (exemption(operators=ids("149318"), workspaces=workspaces("90214")), ("149318",), "90214", True),
        (exemption(operators=ids("149318"), workspaces=workspaces("1")), ("149318",), "90214", False),
        (exemption(operators=ids("1"), workspaces=workspaces("90214")), ("149318",), "90214", False),
    ],
)
def test_an_exemption_covers_what_matches_all_that_it_names(
    entry: Exemption, operators: tuple[str, ...], workspace: str | None, covers: bool
) -> None:
    assert entry.covers(asked(operators=operators, workspace=workspace, moment=BEFORE)) is covers


@pytest.mark.parametrize(
    ("tables", "code", "data", "covers"),
    [
        (["odps.dw.orders"], "upload-data-to-table", UPLOAD, True),
        (["ODPS.dw.*"], "upload-data-to-table", UPLOAD, True),
        (["odps.dw.ledger"], "upload-data-to-table", UPLOAD, False),
        (["*"], "upload-data-to-table", {}, False),
        (["*"], "upload-data-to-table", {"tableGuid": []}, False),
        (["*"], "freeze-node", {"nodeIds": [1]}, False),
        (["*"], "project-deleted", {}, False),
        (["holo.a"], "start-diJob", TWO_TABLES, False),
        (["holo.a", "holo.b"], "start-diJob", TWO_TABLES, True),
        (["holo.*"], "start-diJob", TWO_TABLES, True),
    ],
)
def test_an_exemption_of_tables_covers_an_event_all_of_whose_tables_it_names(
    tables: list[str], code: str, data: dict[str, object], covers: bool
) -> None:
    assert exemption(tables=Tables.read(tables)).covers(asked(code, data, moment=BEFORE)) is covers


@pytest.mark.parametrize(
    ("tables", "code", "data", "covers"),
    [
        (["dw.a"], "download-resources", {"sqlText": "select * from dw.A"}, True),
        (["dw.*"], "download-resources", {"sqlText": "select * from dw.a, dw.b"}, True),
        (["dw.a"], "download-resources", {"sqlText": "select * from dw.a, dw.b"}, False),
        (["dw.*"], "download-resources", {"sqlText": "select * from dw.a"}, True),
        (["dw.a"], "download-resources", {"sqlText": "select * from a", "queryDwProjectName": "dw"}, True),
        (["*", "*.a"], "download-resources", {"sqlText": "select * from a"}, False),
        (["dw.log_*"], "run-file", {"Content": "select * from dw.log_${bizdate}", "fileType": 10}, True),
        (["dw.log_2*"], "run-file", {"Content": "select * from dw.log_${bizdate}", "fileType": 10}, False),
        (["dw.log_*"], "run-file", {"Content": "select * from ${db}.log_a", "fileType": 10}, False),
        (["*"], "download-resources", {"sqlText": "select 1"}, False),
        (["*"], "download-resources", {"sqlText": "select * from"}, False),
        (["*"], "download-resources", {}, False),
        (["dw.a", "dw.b"], "commit-file", {"Content": "insert into dw.b select * from dw.a", "fileType": 10}, True),
        (["dw.a"], "commit-file", {"Content": "insert into dw.b select * from dw.a", "fileType": 10}, False),
        (["*"], "run-file", {"Content": "print(1)", "fileType": 1221}, False),
    ],
)
def test_the_tables_of_sql_are_those_that_it_reads_and_writes(
    tables: list[str], code: str, data: dict[str, object], covers: bool
) -> None:
    entry = exemption(tables=Tables.read(tables))
    assert entry.covers(asked(code, data, moment=BEFORE)) is covers
    assert not entry.covers(asked(code, data, moment=BEFORE), late=True)
    assert not entry.covers(asked(code, data, moment=MOMENT))


def test_what_the_message_says_of_tables_counts_also_when_it_is_late() -> None:
    entry = exemption(tables=Tables.read(["odps.dw.*"]))
    assert entry.covers(asked("upload-data-to-table", UPLOAD, moment=BEFORE), late=True)
    assert not entry.covers(asked("project-deleted", moment=BEFORE), late=True)


def test_sql_is_not_read_for_an_exemption_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "analyse", None)
    one = asked("download-resources", {"sqlText": "select 1"}, moment=BEFORE)
    assert not exemption(operators=ids("1"), tables=Tables.read(["*"])).covers(one)
    assert exemption(operators=ids("149318")).covers(one)


def test_without_the_code_of_a_file_nothing_is_exempt_for_its_tables() -> None:
    for answer in (None, Missing("no")):
        one = msgspec.structs.replace(asked("commit-file", moment=BEFORE), file=answer)
        assert not exemption(tables=Tables.read(["*"])).covers(one)


@pytest.mark.parametrize(
    ("operator", "table", "covers"), [("1", "a.b", True), ("2", "a.b", False), ("1", "a.c", False)]
)
def test_a_table_beside_an_operator_is_exempt_for_that_operator_alone(operator: str, table: str, covers: bool) -> None:
    entry = exemption(operators=ids("1"), tables=Tables.read(["a.b"]))
    one = asked("upload-data-to-table", {"tableGuid": table}, operators=(operator,), moment=BEFORE)
    assert entry.covers(one) is covers


@pytest.mark.parametrize(
    ("until", "reason", "about"),
    [
        ("2026-07-01 18:30", "audit", "audit (until 2026-07-01 18:30)"),
        ("2026-07-01 18:30", "", "until 2026-07-01 18:30"),
        ("2026-07-01", "audit", "audit (until 2026-07-02 00:00)"),
        ("9999-12-31", "audit", "audit (for ever)"),
        ("9999-12-31", "", "for ever"),
    ],
)
def test_an_exemption_says_why_and_until_when_in_the_policy_s_timezone(until: str, reason: str, about: str) -> None:
    entry = f"{{operator: 1, until: {until}" + (f", reason: {reason}}}" if reason else "}")
    loaded = load(f"exempt: [{entry}]")
    assert loaded.rules[0].exempt[0].about(loaded.timezone) == about


@pytest.mark.parametrize(("moment", "covers"), [(MOMENT - SECOND, True), (MOMENT, False), (MOMENT + SECOND, False)])
def test_an_exemption_is_over_at_its_end(moment: datetime, covers: bool) -> None:
    assert exemption(operators=ids("149318")).covers(asked(moment=moment)) is covers


# what a workspace sets


def load(keys: str = "", on: str = "freeze-node", check: str = "node.count", with_: str = "{max: 5}") -> Policy:
    """A policy of one rule, in Shanghai's time, with `keys` of its own."""
    checked = f", check: {check}, with: {with_}" if check else ""
    return policy.parse(
        f"version: 1\nrules:\n  - {{id: r, on: {on}{checked}{', ' * bool(keys)}{keys}}}".encode(), "p.yaml"
    )


def one(keys: str = "", on: str = "freeze-node", check: str = "node.count", with_: str = "{max: 5}") -> Rule:
    """That rule."""
    return load(keys, on, check, with_).rules[0]


@pytest.mark.parametrize("value", [7, "7", " 7 "])
def test_a_workspace_can_set_a_number_also_as_text(value: object) -> None:
    rule, problems = one("options: {max: maxNodes}").under({"maxNodes": value, "other": 1})
    assert (rule.settings, problems) == (Maximum(max=Count(7)), ())


@pytest.mark.parametrize("value", [["a", "b"], "a,b", "a, b", "a\nb\n", " a ；b", "a，b"])
def test_a_workspace_can_set_a_list_also_as_text(value: object) -> None:
    rule = one("options: {deny: banned}", "download-resources", "download.datasource", "{deny: [x]}")
    changed, problems = rule.under({"banned": value})
    assert problems == ()
    assert isinstance(changed.settings, Listed)
    assert changed.settings.deny is not None
    assert changed.settings.deny.names == ("a", "b")


@pytest.mark.parametrize("value", [None, "", []])
def test_an_option_that_is_not_set_leaves_the_rule_as_it_is_without_a_word(value: object) -> None:
    rule = one("options: {max: maxNodes, result: level}")
    assert rule.under({"maxNodes": value, "level": value}) == (rule, ())
    assert rule.under({}) == (rule, ())


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("many", "expected a whole number of at least 0, found 'many'"),
        (-1, "expected a whole number of at least 0, found -1"),
        (1.5, "expected a whole number of at least 0, found 1.5"),
        (True, "expected a whole number of at least 0, found true"),
        ({"a": 1}, "expected a whole number of at least 0, found a mapping"),
    ],
)
def test_an_option_of_a_wrong_type_leaves_the_rule_its_own_value_with_a_warning(value: object, problem: str) -> None:
    rule = one("options: {max: maxNodes}")
    changed, problems = rule.under({"maxNodes": value})
    assert changed == rule
    (line,) = problems
    assert line.startswith(f"rule r: option maxNodes: {problem}")
    assert line.endswith("; the rule's own value is used")


@pytest.mark.parametrize("result", ["FAIL", "WARN"])
@pytest.mark.parametrize("own", ["FAIL", "WARN"])
def test_a_workspace_can_set_what_a_hit_gives(result: str, own: str) -> None:
    rule, problems = one(f"result: {own}, options: {{result: level}}").under({"level": result})
    assert (rule.result, problems) == (Result(result), ())


@pytest.mark.parametrize(
    ("value", "shown"), [("OK", "'OK'"), ("fail", "'fail'"), (1, "1"), (True, "true"), (["FAIL"], "a list")]
)
def test_a_workspace_cannot_set_another_result(value: object, shown: str) -> None:
    rule = one("result: WARN, options: {result: level}")
    changed, problems = rule.under({"level": value})
    assert changed.result is Result.WARN
    assert problems == (f"rule r: option level: expected FAIL or WARN, found {shown}; the rule's own value is used",)


def test_a_workspace_can_set_the_result_of_a_condition() -> None:
    rule, problems = one("when: 'true', options: {result: level}", check="").under({"level": "WARN"})
    assert (rule.result, problems) == (Result.WARN, ())


def test_one_option_that_is_wrong_leaves_the_others_be() -> None:
    rule, problems = one("options: {max: maxNodes, result: level}").under({"maxNodes": "x", "level": "WARN"})
    assert (rule.settings, rule.result) == (Maximum(max=Count(5)), Result.WARN)
    assert len(problems) == 1


class Picky(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that refuse a whole in which each part is right."""

    low: Count
    """Least."""
    high: Count
    """Most."""

    def __post_init__(self) -> None:
        """Refuse what could never hold."""
        if self.low > self.high:
            raise ValueError("expected low below high")


def picky() -> Rule:
    """A rule with settings that must fit together, both of which a workspace can set."""
    return msgspec.structs.replace(
        one(),
        check=msgspec.structs.replace(registry.BY_ID["node.count"], settings=Picky),
        settings=Picky(low=Count(1), high=Count(5)),
        options={"low": "least", "high": "most"},
    )


def test_settings_that_do_not_fit_together_leave_the_rule_its_own_values() -> None:
    changed, problems = picky().under({"least": "9", "most": "7"})
    assert changed.settings == Picky(low=Count(1), high=Count(5))
    assert problems == ("rule r: option least, most: expected low below high; the rule's own value is used",)


@pytest.mark.parametrize("options", [{"least": "9", "most": "12"}, {"most": "12", "least": "9"}])
def test_options_that_fit_together_are_set_though_one_alone_would_not_fit(options: dict[str, str]) -> None:
    changed, problems = picky().under(options)
    assert (changed.settings, problems) == (Picky(low=Count(9), high=Count(12)), ())


def test_the_result_is_set_also_where_the_settings_do_not_fit_together() -> None:
    rule = msgspec.structs.replace(picky(), options={"low": "least", "result": "level"})
    changed, problems = rule.under({"least": "9", "level": "WARN"})
    assert (changed.settings, changed.result) == (Picky(low=Count(1), high=Count(5)), Result.WARN)
    assert problems == ("rule r: option least: expected low below high; the rule's own value is used",)


def test_an_option_of_zero_is_a_value() -> None:
    assert one("options: {max: maxNodes}").under({"maxNodes": 0})[0].settings == Maximum(max=Count(0))


# what has to be asked


def test_a_rule_is_met_by_every_event_if_it_has_no_condition() -> None:
    assert one().met(asked())


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("operator.id == '149318'", True),
        ("operator.id in operator.ids && '20' in operator.ids", True),
        ("operator.id == '20'", False),
        ("workspace.id == '90214'", True),
        ("event.nodeIds.size() == 2", True),
        ("now == timestamp('2026-07-01T12:00:00Z')", True),
        ("now.getHours('Asia/Shanghai') == 20", True),
        ("operator.roles == ['role_project_admin', 'role_project_dev']", True),
        ("parameters['team'] == 'dw'", True),
        ("'other' in parameters", False),
    ],
)
def test_a_condition_reads_the_event_and_what_is_known_about_it(condition: str, met: bool) -> None:
    rule = one(f'when: "{condition}"', check="")
    known = msgspec.structs.replace(
        asked(data={"nodeIds": [1, 2]}, operators=("149318", "20")),
        roles=frozenset({"role_project_dev", "role_project_admin"}),
        parameters={"team": "dw"},
    )
    assert rule.met(known) is met


@pytest.mark.parametrize(
    ("condition", "field"),
    [
        ("operator.id == '1'", "operator.id"),
        ("workspace.id == '1'", "workspace.id"),
        ("'a' in operator.roles", "operator.roles"),
        ("event.nodeIds.size() == 1", "event.nodeIds"),
    ],
)
def test_what_is_not_known_is_not_there_for_a_condition(condition: str, field: str) -> None:
    unknown = msgspec.structs.replace(asked(workspace=None, operators=NOBODY), roles=None)
    with pytest.raises(ConditionError) as caught:
        one(f'when: "{condition}"', check="").met(unknown)
    assert caught.value.field == field


def test_what_the_platform_did_not_answer_is_known_by_its_error() -> None:
    lacking = msgspec.structs.replace(asked(), roles=Missing("no roles"), parameters=Missing("no parameters"))
    assert one("when: \"'a' in operator.roles\"").unanswered(lacking) == Missing("no roles")
    assert one("when: \"'a' in parameters\"").unanswered(lacking) == Missing("no parameters")
    assert one("when: \"'a' in parameters && 'b' in operator.roles\"").unanswered(lacking) == Missing("no roles")
    assert one("when: \"operator.id == '1'\"").unanswered(lacking) is None
    assert one().unanswered(lacking) is None
    assert one("when: \"'a' in operator.roles\"").unanswered(asked()) is None


def test_code_that_was_not_had_leaves_a_condition_on_sql_without_an_answer() -> None:
    lacking = msgspec.structs.replace(asked("commit-file"), file=Missing("no code"))
    on_sql = one("when: sql.length > 3", "'*'", "")
    assert on_sql.unanswered(lacking) == Missing("no code")
    assert one("when: event.fileType == 10", "commit-file", "").unanswered(lacking) is None
    download = msgspec.structs.replace(asked("download-resources"), file=Missing("no code"))
    assert on_sql.unanswered(download) is None


@pytest.mark.parametrize("code", ["commit-file", "deploy-file", "run-file", "delete-file"])
def test_code_is_needed_for_operations_on_files_alone(code: str) -> None:
    rule = one("", code, "file.size", "{max: 1kB}")
    both = msgspec.structs.replace(rule, events=frozenset({"download-resources", code}))
    assert both.needs == both.needs_of(asked(code)) == {Need.FILE}
    assert both.needs_of(asked("download-resources")) == set()
    download = msgspec.structs.replace(rule, events=frozenset({"download-resources", "project-deleted"}))
    assert download.needs == set()
    assert not download.asks


def test_other_needs_are_those_of_every_event() -> None:
    rule = one("", "'*'", "operator.roles", "{allow: [a]}")
    assert rule.needs_of(asked("commit-file")) == rule.needs_of(asked()) == {Need.ROLES}


# conditions on SQL


def sql_rule(condition: str, keys: str = "", on: str = "[resources-download, file-change, freeze-node]") -> Rule:
    """A rule with a condition alone."""
    return one(f"when: {condition!r}{keys}", on, "")


def downloaded(text: str, **data: object) -> Event[Any]:
    """A download of the result of some SQL."""
    return asked("download-resources", {"sqlText": text, **data})


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ('"hr.users" in sql.tables', True),
        ('"hr.users.phone" in sql.columns', True),
        ('sql.columns.exists(column, column.startsWith("hr."))', True),
        ("sql.stars.size() > 0", False),
        ('sql.statements == ["SELECT"]', True),
        ("sql.limit <= 10", True),
        ("!has(sql.limit) || sql.limit > 10", False),
        ("sql.readable", True),
        ("sql.length == 40", True),
        ('"limit" in sql', True),
        ('sql["limit"] == 10', True),
        ('sql.tables.exists(table, table == "hr.salary") || event.dataRowSize > 5', True),
    ],
)
def test_a_condition_can_read_what_the_sql_says(condition: str, met: bool) -> None:
    text = "select phone from hr.users limit 10     "
    assert sql_rule(condition).met(downloaded(text, dataRowSize=9)) is met
    code = asked("commit-file", {"Content": text, "fileType": 10})
    if "event" not in condition:
        assert sql_rule(condition).met(code) is met


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("event.dataRowSize > 100 && sql.limit > 10", False),
        ("sql.limit > 10 && event.dataRowSize > 100", False),
        ("event.dataRowSize > 5 || has(sql.limit)", True),
        ("event.dataRowSize > 5 ? true : sql.readable", True),
    ],
)
def test_sql_is_not_read_where_it_cannot_matter(condition: str, met: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "analyse", None)
    rule = sql_rule(condition)
    for one_ in (downloaded("select 1", dataRowSize=9), asked("download-resources", {"dataRowSize": 9})):
        assert rule.met(one_) is met
        assert rule.overlooked(one_) == ()


@pytest.mark.parametrize("condition", ["sql.length > 1", "has(sql.limit)", "!has(sql.limit)", '"a" in sql.tables'])
@pytest.mark.parametrize(
    ("code", "data", "field", "reason"),
    [
        ("download-resources", {}, "sqlText", Reason.MISSING),
        ("download-resources", {"sqlText": {}}, "sqlText", Reason.UNREADABLE),
        ("commit-file", {}, "Content", Reason.MISSING),
        ("freeze-node", {"sqlText": "select 1"}, "sql", Reason.MISSING),
    ],
)
def test_sql_that_is_not_there_is_missed_also_by_who_asks_for_a_part_of_it(
    condition: str, code: str, data: dict[str, object], field: str, reason: Reason
) -> None:
    with pytest.raises(ConditionError) as caught:
        sql_rule(condition).met(asked(code, data))
    assert (caught.value.field, caught.value.reason) == (field, reason)


BROKEN = "select a from dw.t;\nselect b from from;\nselect c from dw.u"


@pytest.mark.parametrize(
    ("condition", "overlooks"),
    [
        ('"hr.users" in sql.tables', True),
        ('event.dataRowSize == 9 && "hr.users" in sql.tables', True),
        ('"hr.users" in sql.tables && sql.length > 3', True),
        ('"hr" in sql', True),
        ('event.dataRowSize == 8 && "hr.users" in sql.tables', False),
        ('"hr.users" in sql.tables && sql.readable', False),
        ("sql.length > 3000", False),
        ("event.dataRowSize == 8", False),
    ],
)
def test_what_a_condition_could_not_see_is_not_overlooked_where_it_could_matter(
    condition: str, overlooks: bool
) -> None:
    rule, read = sql_rule(condition), downloaded("select a from dw.t", dataRowSize=9)
    unread = downloaded(BROKEN, dataRowSize=9)
    assert not rule.met(read)
    assert not rule.met(unread)
    assert rule.overlooked(read) == ()
    assert [statement.line for statement in rule.overlooked(unread)] == ([2] if overlooks else [])


def test_a_rule_without_a_condition_overlooks_nothing() -> None:
    assert one("", "download-resources", "download.rows").overlooked(downloaded(BROKEN)) == ()


@pytest.mark.parametrize(
    ("keys", "of_download", "of_code"),
    [
        ("", Result.FAIL, Result.WARN),
        (", result: WARN", Result.WARN, Result.WARN),
        (", on_unreadable: OK", Result.OK, Result.OK),
        (", on_unreadable: FAIL", Result.FAIL, Result.FAIL),
        (", on_unreadable: FAIL, result: WARN", Result.FAIL, Result.FAIL),
    ],
)
def test_what_could_not_be_read_gives_what_the_rule_says_else_less_for_code_than_for_a_download(
    keys: str, of_download: Result, of_code: Result
) -> None:
    rule = sql_rule("sql.readable", keys)
    assert rule.unreadable(downloaded("x")) is of_download
    assert rule.unreadable(asked("download-resources-execute")) is of_download
    assert rule.unreadable(asked("commit-file")) is of_code


def test_a_workspace_that_makes_a_rule_a_warning_makes_it_one_for_what_could_not_be_read_too() -> None:
    rule, _ = sql_rule("sql.readable", ", options: {result: level}").under({"level": "WARN"})
    assert rule.unreadable(downloaded("x")) is Result.WARN


# the plan


def test_an_event_is_judged_for_the_moment_that_the_platform_gives_else_for_that_of_judging() -> None:
    loaded = load()
    own = msgspec.structs.replace(asked(), time=MOMENT)
    later = MOMENT + timedelta(days=1)
    assert loaded.at(own, later)[0].moment == MOMENT
    assert loaded.at(asked(), later)[0].moment == later
    assert loaded.at(own, later)[0].moment.tzinfo == ZoneInfo("Asia/Shanghai")


def test_the_rules_for_an_event_are_those_of_its_code_in_whose_scope_it_is() -> None:
    text = """version: 1
rules:
  - {id: a, on: freeze-node, check: node.count, with: {max: 1}, workspaces: 90214}
  - {id: b, on: freeze-node, check: node.count, with: {max: 1}, workspaces: 1}
  - {id: c, on: unfreeze-node, check: node.count, with: {max: 1}}
  - {id: d, on: '*', check: node.count, with: {max: 1}, from: 2026-07-01 20:00}
  - {id: e, on: '*', check: node.count, with: {max: 1}, until: 2026-07-01 20:00}
"""
    loaded = policy.parse(text.encode(), "p.yaml")
    assert [rule.id for rule in loaded.at(asked(), MOMENT)[1]] == ["a", "d"]
    assert [rule.id for rule in loaded.at(asked(workspace=None), MOMENT - SECOND)[1]] == ["a", "b", "e"]
    assert loaded.at(asked("commit-file"), MOMENT)[1] == ()


@pytest.mark.parametrize(
    ("rule", "asks"),
    [
        (one(), False),
        (one("options: {max: maxNodes}"), True),
        (one("when: \"'a' in operator.roles\""), True),
        (one("when: \"'a' in parameters\""), True),
        (one("when: 'operator == {}'", check=""), True),
        (one("", "pre-kill-instance", "instance.environment", "{allow: [PROD]}"), True),
        (one("when: \"operator.id == '1'\"", check=""), False),
    ],
)
def test_a_rule_asks_where_the_message_is_not_enough(rule: Rule, asks: bool) -> None:
    assert rule.asks is asks


def test_an_event_is_judged_by_what_the_policy_says_of_data_sources() -> None:
    text = b"version: 1\nsql: {projects: {crm: shop}}\nrules: [{id: r, on: '*', check: node.count, with: {max: 1}}]"
    assert policy.parse(text, "p").at(asked(), MOMENT)[0].databases.projects == {("", "crm"): "shop"}


def test_an_empty_policy_judges_nothing_and_asks_nothing() -> None:
    nothing = rules.empty("p.yaml")
    assert nothing.at(asked(), MOMENT)[1] == ()
    assert not nothing.asks
    assert (nothing.name, nothing.language, nothing.timezone.key) == ("p.yaml@", Language.ZH, "Asia/Shanghai")
