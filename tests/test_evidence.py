"""What a policy says to a recorded event: the same as to the event, or that it cannot be told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extension import catalogue, envelopes, events, pipeline
from extension.checks.registry import BY_ID
from extension.events import Event, FileSnapshot, TableSnapshot
from extension.evidence import COUNTED, Judge, Opinion
from extension.records import Record
from extension.rules import Policy
from extension.storage import ROOT, load
from extension.verdict import Mode, Result, worst_of
from tests.cases import documented, event
from tests.recorded import NOTHING, NOW, OPTIONS_ASKED, judged, policy_of, recorded
from tests.strategies import ABOVE, completed, examples, rules
from tests.strategies import policy_of as any_policy

OPEN = None
FAIL, WARN, OK = Result.FAIL, Result.WARN, Result.OK

DOWNLOAD = {"dataRowSize": 10, "fileName": "a.csv", "sqlText": "select a from hr.t", "datasourceName": "odps_first"}
SQL_TABLES = "on: download-resources, check: sql.tables, with: {deny: ['hr.*']}"
ROWS = "on: download-resources, check: download.rows, with: {max: 1}"


def opinion(policy: Policy, record: Record) -> Opinion:
    return Judge(policy).opinion(record)


def verdict(record: Record, *rules: str, above: str = "") -> Result | None:
    """What rules decide by a record, None where that cannot be told."""
    return opinion(policy_of(*rules, above=above), record).result


def file(content: str, kind: int = 10) -> FileSnapshot:
    return events.read(FileSnapshot, {"Content": content, "FileType": kind})


def _of_the_platform(event: Event[Any]) -> bool:
    """Whether the roles are what they can be: a condition on the operator's id fails on half of a surrogate pair."""
    return not isinstance(event.roles, frozenset) or all(role.isprintable() for role in event.roles)


@pytest.mark.no_cover
@examples(40)
@given(st.data())
@pytest.mark.no_cover
def test_what_is_decided_by_a_record_would_have_been_decided_on_the_event(data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(sorted(catalogue.BY_CODE)))
    whole = data.draw(completed(code).filter(_of_the_platform))
    above: dict[str, object] = {**data.draw(ABOVE)}
    policy = any_policy(above, data.draw(st.lists(rules(frozenset({code})), min_size=1, max_size=3)))
    truth = pipeline.judge(whole, policy, NOW)
    asked = msgspec.structs.replace(truth, asked=(OPTIONS_ASKED,) if data.draw(st.booleans()) else ())
    names = data.draw(st.sets(st.sampled_from(("file", "table", "instances", "roles", "parameters")), max_size=2))
    unasked: dict[str, Any] = dict.fromkeys(names)
    found = opinion(policy, recorded(msgspec.structs.replace(whole, **unasked), asked))
    assert found.result in {OPEN, worst_of(each.result for each in truth.findings if each.mode in COUNTED)}
    settled = {(each.rule, each.result) for each in found.findings}
    assert settled == {(each.rule, each.result) for each in truth.findings if each.rule not in found.open}


WITHHELD = ("file.content", "quality.receivers")
"""Checks that read what no record holds."""


@pytest.mark.parametrize("check", documented())
@pytest.mark.parametrize("word", ["Passes", "Hits"])
@pytest.mark.parametrize("spoilt", [False, True], ids=["whole", "too much"])
@pytest.mark.no_cover
def test_every_check_says_to_a_record_what_it_says_to_the_event(check: str, word: str, *, spoilt: bool) -> None:
    data, with_ = documented(check.partition(".")[0] + ".")[check][word]
    code = min(BY_ID[check].events & catalogue.WITH_CODE or BY_ID[check].events)
    long = {"extensionBizName": "x" * 70_000, "fileName": "x" * 70_000, "name": "x" * 70_000, "channel": "x" * 70_000}
    whole = event(code, {**data, **long} if spoilt else data)
    written = {"on": code, "check": check, "with": with_, "id": "r1"}
    policy = any_policy({"version": 1}, [written])
    truth = pipeline.judge(whole, policy, NOW)
    found = opinion(policy, recorded(whole, truth))
    assert found.result in {OPEN, truth.result}
    if not spoilt and check not in WITHHELD:
        assert found.result is truth.result


POLICIES = (ROOT / "policy.yaml", *sorted((ROOT / "examples").glob("*/policy.yaml")))


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: f"{path.parent.name}")
def test_under_the_policy_that_judged_nothing_changes(path: Path) -> None:
    policy = load(path)
    judge = Judge(policy)
    reading = {rule.id for rule in policy.rules if rule.check and rule.check.id in WITHHELD}
    reading |= {rule.id for rule in policy.rules if rule.when and "sqlText" in rule.when.names}
    for sample in sorted((ROOT / "events").glob("*.json")):
        message = msgspec.structs.replace(
            envelopes.parse(sample.read_bytes()),
            file=file("select * from hr.users where ds = max_pt('a')"),
            table=events.read(TableSnapshot, {"Columns": [{"ColumnName": "a"}], "Comment": "x", "LifeCycle": 1}),
            instances=(),
            roles=frozenset({"role_project_dev"}),
        )
        truth = pipeline.judge(message, policy, NOW)
        read, _ = policy.at(message, NOW)
        found = judge.opinion(recorded(read, msgspec.structs.replace(truth, asked=(OPTIONS_ASKED,))))
        unreadable = {each.rule for each in truth.findings if each.finding.unread}
        assert set(found.open) <= reading | unreadable
        assert found.result in {OPEN, truth.result}
        assert found.open or found.result is truth.result


class TestWhatIsNotRecorded:
    """Each way in which a record can lack what a rule needs."""

    def test_a_fact_that_is_withheld(self) -> None:
        task = {"notifications": {"notifications": [{"notificaionReceivers": [{"receiverValues": ["1"]}]}]}}
        record = judged("create-data-quality-evaluation-task", task)
        rule = "on: create-data-quality-evaluation-task, check: quality.receivers, with: {allow: ['1']}"
        assert verdict(record, rule) is OPEN

    def test_an_answer_that_was_not_asked_for(self) -> None:
        rule = "on: download-resources, check: operator.roles, with: {allow: [role_project_admin]}"
        assert verdict(judged("download-resources", DOWNLOAD), rule) is OPEN
        had = frozenset({"role_project_admin"})
        assert verdict(judged("download-resources", DOWNLOAD, roles=had), rule) is OK
        assert verdict(judged("download-resources", DOWNLOAD, roles=frozenset()), rule) is FAIL

    @pytest.mark.parametrize(
        ("when", "names"),
        [("'role_project_dev' in operator.roles", "roles"), ("parameters['x'] == '1'", "parameters")],
    )
    def test_an_answer_that_a_condition_reads(self, when: str, names: str) -> None:
        rule = f'on: download-resources, when: "{when}"'
        assert verdict(judged("download-resources", DOWNLOAD), rule) is OPEN
        answers: Mapping[str, Any] = {"roles": frozenset({"role_project_dev"}), "parameters": {"x": "1"}}
        assert verdict(judged("download-resources", DOWNLOAD, **{names: answers[names]}), rule) is FAIL

    @pytest.mark.parametrize("code", ["commit-file", "commit-table", "pre-kill-instance"])
    def test_a_snapshot(self, code: str) -> None:
        rule = {
            "commit-file": "check: file.size, with: {max: 1}",
            "commit-table": "check: table.lifecycle, with: {max: 10}",
            "pre-kill-instance": "check: instance.environment, with: {deny: [PROD]}",
        }[code]
        assert verdict(judged(code, {"fileName": "a", "taskIds": [1]}), f"on: {code}, {rule}") is OPEN

    def test_options_that_were_not_asked_for(self) -> None:
        rule = f"{ROWS}, options: {{max: rows}}"
        assert verdict(judged("download-resources", DOWNLOAD), rule) is OPEN
        assert verdict(judged("download-resources", DOWNLOAD, options={"rows": 100}), rule) is OK
        assert verdict(judged("download-resources", DOWNLOAD, options={"rows": 5}), rule) is FAIL

    def test_options_of_which_a_workspace_has_set_none_are_an_answer(self) -> None:
        assert verdict(judged("download-resources", DOWNLOAD, options={}), f"{ROWS}, options: {{max: rows}}") is FAIL

    def test_options_do_not_matter_where_the_condition_is_not_met(self) -> None:
        rule = f"{ROWS}, options: {{max: rows}}, when: 'event.dataRowSize > 10'"
        assert verdict(judged("download-resources", DOWNLOAD), rule) is OK
        assert verdict(judged("download-resources", DOWNLOAD | {"dataRowSize": 11}), rule) is OPEN

    def test_options_matter_where_the_condition_cannot_be_worked_out(self) -> None:
        rule = f"{ROWS}, options: {{max: rows}}, when: 'event.fileSize > 10'"
        assert verdict(judged("download-resources", DOWNLOAD), rule) is OPEN

    def test_a_rule_that_warns_can_block_by_its_option(self) -> None:
        record = judged("download-resources", DOWNLOAD)
        assert verdict(record, f"{ROWS}, result: WARN, on_error: WARN, options: {{max: rows}}", ROWS) is FAIL
        warning = f"{ROWS}, result: WARN, on_error: WARN"
        assert verdict(record, warning, f"{warning}, options: {{max: rows}}") is WARN
        assert verdict(record, warning, f"{warning}, options: {{result: level}}") is OPEN

    @pytest.mark.parametrize("sql", ["select a from hr.t", "sel ect"])
    def test_sql_that_is_read_in_another_project_or_engine(self, sql: str) -> None:
        record = judged("download-resources", DOWNLOAD | {"sqlText": sql})
        assert verdict(record, SQL_TABLES, above="sql: {projects: {odps_first: lab}}") is OPEN
        assert verdict(record, SQL_TABLES, above="sql: {engines: {odps_first: hologres}}") is OPEN
        assert verdict(record, SQL_TABLES) is (FAIL if sql == "select a from hr.t" else OPEN)

    def test_a_condition_on_sql_that_could_not_be_read(self) -> None:
        rule = "on: download-resources, when: 'sql.cross_joins > 0'"
        assert verdict(judged("download-resources", DOWNLOAD | {"sqlText": "sel ect"}), rule) is OPEN
        assert verdict(judged("download-resources", DOWNLOAD), rule) is OK
        short = "on: download-resources, when: 'sql.length > 3'"
        assert verdict(judged("download-resources", DOWNLOAD | {"sqlText": "sel ect"}), short) is FAIL

    def test_a_condition_on_the_text_of_sql(self) -> None:
        record = judged("download-resources", DOWNLOAD)
        for when in ("has(event.sqlText)", "event.sqlText != ''", "'sqlText' in event", "event['sqlText'] != ''"):
            assert verdict(record, f'on: download-resources, when: "{when}"') is OPEN

    def test_a_field_that_no_struct_declares(self) -> None:
        rule = "on: download-resources, when: \"'added' in event\""
        assert verdict(judged("download-resources", DOWNLOAD | {"added": 1}), rule) is OPEN
        assert verdict(judged("download-resources", DOWNLOAD), rule) is OK
        read = "on: download-resources, when: \"event['added'] == 1\""
        assert verdict(judged("download-resources", DOWNLOAD | {"added": 1}), read) is OPEN
        assert verdict(judged("download-resources", DOWNLOAD), read) is FAIL

    @pytest.mark.parametrize(
        "when",
        ["size(event) > 1", "event.exists(name, name == 'a')", "operator.id in event", "event[operator.id] == 1"],
    )
    def test_a_condition_that_can_tell_any_field(self, when: str) -> None:
        assert verdict(judged("download-resources", DOWNLOAD), f'on: download-resources, when: "{when}"') is OPEN

    def test_a_part_of_which_something_is_withheld(self) -> None:
        rule = "on: approval-change-before-create, when: \"event.order.applyReason == 'x'\""
        said = {"order": {"applyReason": "x"}}
        assert verdict(judged("approval-change-before-create", said), rule) is FAIL
        added = {"order": {"applyReason": "x", "added": {"a": 1}}}
        assert verdict(judged("approval-change-before-create", added), rule) is OPEN

    def test_a_condition_on_an_event_whose_fields_are_not_known(self) -> None:
        record = judged("node-change-created", {"nodeName": "a"})
        assert verdict(record, "on: node-change-created, when: \"event.nodeName == 'a'\"") is OPEN
        assert verdict(record, "on: node-change-created, when: 'has(event.other)'") is OK
        assert verdict(record, "on: node-change-created, when: \"operator.id == '149318'\"") is FAIL

    def test_an_event_of_which_nothing_is_kept(self) -> None:
        record = judged("download-resources", DOWNLOAD | {"fileName": "x" * 70_000})
        assert record.withheld == ("*",)
        assert verdict(record, ROWS) is OPEN
        assert verdict(record, SQL_TABLES) is OPEN
        assert verdict(record, "on: download-resources, when: \"'added' in event\"") is OPEN
        assert verdict(record, "on: '*', check: operator.id, with: {deny: ['149318']}") is FAIL

    def test_an_event_of_which_not_even_the_user_is_kept(self) -> None:
        record = judged("download-resources", DOWNLOAD | {"operatorUid": "9" * 70_000})
        assert record.withheld == ("*", "operatorUid")
        rule = "on: '*', check: operator.id, with: {deny: ['1']}"
        assert verdict(record, rule) is OPEN
        assert verdict(record, f"{rule}, operators: ['1']") is OPEN

    @pytest.mark.parametrize("code", ["download-resources", "commit-file"])
    def test_tables_that_would_be_exempt(self, code: str) -> None:
        exempt = "exempt: [{table: 'hr.*', until: 2026-12-31}]"
        check = {"download-resources": "check: download.rows, with: {max: 1}",
                 "commit-file": "check: file.name, with: {pattern: x}"}[code]  # fmt: skip
        rule = f"on: {code}, {check}, {exempt}"
        data = DOWNLOAD | {"fileType": 10, "fileName": "a"}
        readable: dict[str, Any] = {"file": file("select a from hr.t")} if code == "commit-file" else {}
        assert verdict(judged(code, data, **readable), rule) is OK
        odd: dict[str, Any] = {"file": file("sel ect")} if code == "commit-file" else {}
        assert verdict(judged(code, data | {"sqlText": "sel ect"}, **odd), rule) is OPEN
        assert verdict(judged(code, data | {"sqlText": "sel ect"}, **odd), rule, f"on: {code}, {check}") is FAIL
        others = f"on: {code}, {check}, exempt: [{{table: 'hr.*', operator: '1', until: 2026-12-31}}]"
        assert verdict(judged(code, data | {"sqlText": "sel ect"}, **odd), others) is FAIL

    def test_code_that_was_not_asked_for_and_would_be_exempt(self) -> None:
        rule = "on: commit-file, check: file.name, with: {pattern: x}, exempt: [{table: 'hr.*', until: 2026-12-31}]"
        assert verdict(judged("commit-file", {"fileName": "a", "fileType": 10}), rule) is OPEN
        assert verdict(judged("commit-file", {"fileName": "x", "fileType": 10}), rule) is OK

    def test_tables_of_an_event_of_which_nothing_is_kept(self) -> None:
        rule = "on: '*', check: operator.id, with: {deny: ['149318']}, exempt: [{table: 'hr.*', until: 2026-12-31}]"
        assert verdict(judged("commit-table", {"tableName": "x" * 70_000}), rule) is OPEN
        assert verdict(judged("commit-table", {"tableName": "t", "maxComputeProject": "hr"}), rule) is OK
        assert verdict(judged("commit-table", {"tableName": "t", "maxComputeProject": "a"}), rule) is FAIL

    def test_a_check_of_ones_own(self, tmp_path: Path) -> None:
        (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
        rule = "{id: r1, on: '*', check: own.rows, with: {max: 1}, when: 'has(event.fileName)'}"
        (tmp_path / "policy.yaml").write_text(f"version: 1\nchecks: [own.py]\nrules: [{rule}]", encoding="utf-8")
        policy = load(tmp_path / "policy.yaml")
        assert opinion(policy, judged("download-resources", DOWNLOAD)).result is OPEN
        assert opinion(policy, judged("download-resources", {"dataRowSize": 5, "fileName": "a"})).result is FAIL
        assert opinion(policy, judged("download-resources", {"sqlText": "x"})).result is OK

    def test_a_check_that_raises(self, tmp_path: Path) -> None:
        (tmp_path / "own.py").write_text(OWN.replace("event.payload.row_count", "1 / 0"), encoding="utf-8")
        rule = "{id: r1, on: '*', check: own.rows, with: {max: 1}, on_error: WARN, result: WARN}"
        (tmp_path / "policy.yaml").write_text(f"version: 1\nchecks: [own.py]\nrules: [{rule}]", encoding="utf-8")
        found = opinion(load(tmp_path / "policy.yaml"), judged("download-resources", {"dataRowSize": 5}))
        assert (found.result, found.open) == (OPEN, ("r1",))

    def test_a_condition_that_fails_would_have_failed_on_the_event(self) -> None:
        rule = "on: download-resources, when: '10 / (event.dataRowSize - 10) > 0', on_error: WARN"
        assert verdict(judged("download-resources", DOWNLOAD), rule) is WARN


OWN = '''
import msgspec
from extension.checks import check
from extension.settings import Count
from extension.verdict import Text, hit
TEXT = Text(en="no", zh="不")
class With(msgspec.Struct, frozen=True, kw_only=True):
    """Settings."""
    max: Count
@check("own.rows", events="*", texts=[TEXT])
def own_rows(event, settings: With):
    """Rows."""
    if event.payload.row_count > settings.max:
        yield hit(TEXT)
'''


class TestWhatAnOpenRuleCanDo:
    """It makes an event undecidable where it could make the verdict worse."""

    RECEIVERS = "on: create-data-quality-evaluation-task, check: quality.receivers, with: {allow: ['1']}"
    NAME = "on: create-data-quality-evaluation-task, check: operator.id, with: {deny: ['149318']}"
    TASK: ClassVar = {"notifications": {"notifications": [{"notificaionReceivers": [{"receiverValues": ["1"]}]}]}}

    def found(self, *rules: str) -> Result | None:
        return verdict(judged("create-data-quality-evaluation-task", self.TASK), *rules)

    def test_what_is_blocked_stays_blocked(self) -> None:
        assert self.found(self.RECEIVERS, self.NAME) is FAIL

    def test_a_rule_that_warns_cannot_block(self) -> None:
        assert self.found(f"{self.RECEIVERS}, result: WARN", f"{self.NAME}, result: WARN") is WARN
        assert self.found(self.RECEIVERS, f"{self.NAME}, result: WARN") is OPEN
        assert self.found(f"{self.RECEIVERS}, result: WARN") is OPEN

    def test_in_shadow_it_decides_nothing(self) -> None:
        record = judged("create-data-quality-evaluation-task", self.TASK)
        found = opinion(policy_of(f"{self.RECEIVERS}, mode: shadow"), record)
        assert (found.result, found.open) == (OK, ("r1",))

    def test_nor_does_it_for_whom_it_exempts(self) -> None:
        assert self.found(f"{self.RECEIVERS}, exempt: [{{operator: '149318', until: 2026-12-31}}]") is OK
        assert self.found(f"{self.RECEIVERS}, exempt: [{{operator: '1', until: 2026-12-31}}]") is OPEN

    def test_nor_outside_of_its_scope(self) -> None:
        assert self.found(f"{self.RECEIVERS}, workspaces: ['1']") is OK

    def test_for_sql_it_can_give_what_it_says_of_what_cannot_be_read(self) -> None:
        record = judged("download-resources", DOWNLOAD | {"sqlText": "sel ect"})
        rows = f"{ROWS}, result: WARN"
        assert verdict(record, f"{SQL_TABLES}, result: WARN, on_error: WARN, on_unreadable: FAIL", rows) is OPEN
        assert verdict(record, f"{SQL_TABLES}, result: WARN, on_error: WARN, on_unreadable: OK", rows) is WARN

    def test_where_it_asks_it_can_give_what_it_says_of_errors(self) -> None:
        record = judged("download-resources", DOWNLOAD)
        roles = "on: download-resources, check: operator.roles, with: {allow: [a]}, result: WARN"
        assert verdict(record, f"{roles}, on_error: FAIL", f"{ROWS}, result: WARN") is OPEN
        assert verdict(record, f"{roles}, on_error: OK", f"{ROWS}, result: WARN") is WARN


def test_an_event_that_no_rule_is_for_is_ok() -> None:
    assert opinion(NOTHING, judged("download-resources", DOWNLOAD)).result is OK


def test_a_rule_out_of_force_says_nothing() -> None:
    record = judged("download-resources", DOWNLOAD)
    assert verdict(record, f"{ROWS}, options: {{max: rows}}, until: 2026-01-01") is OK


def test_what_a_parameter_switches_off_is_what_the_policy_decides() -> None:
    off = {"extension.project.disabled": "90214"}
    found = opinion(policy_of(ROWS), judged("download-resources", DOWNLOAD, parameters=off))
    assert found.result is FAIL
    assert {each.mode for each in found.findings} == {Mode.OVERRULED}
