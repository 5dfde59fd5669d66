"""What a record holds is enough to have the same event again: what is not there stays not there, and is told."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from extension import envelopes, events, pipeline, records
from extension.checks.registry import BY_ID
from extension.events import WITHHELD, Event, FileSnapshot, Reason, TableSnapshot, Unknown
from extension.records import ALL, Record, event_of
from extension.verdict import UNRECORDED
from tests.cases import event, given
from tests.recorded import NOTHING, NOW, again, judged, recorded


def parsed(code: str, data: str) -> Event[Any]:
    """An event of JSON text, also such as only lenient parsers take."""
    body = f'{{"messageId": "m-1", "eventType": "{code}", "messageBody": {data}}}'
    return envelopes.parse(body.encode())


def of(found: Event[Any]) -> Record:
    return recorded(found, pipeline.judge(found, NOTHING, NOW))


def test_a_list_with_something_in_it_that_cannot_be_read_is_withheld_as_a_whole() -> None:
    rules = [{"name": "a", "added": 1}, "none"]
    record = judged("batch-create-data-quality-rules", {"rules": rules})
    assert record.withheld == ("rules",)
    assert judged("freeze-node", {"nodeIds": {"a": 1}}).withheld == ("nodeIds",)
    assert event_of(record).payload.rules == Unknown("rules", Reason.UNRECORDED)


@pytest.mark.parametrize("value", ["1e400", "-1e400", "NaN"])
def test_a_number_that_json_cannot_say_is_withheld(value: str) -> None:
    record = of(parsed("start-diJob", f'{{"showTableMapping": {value}}}'))
    assert record.withheld == ("showTableMapping",)
    assert event_of(record).payload.shows_mapping == Unknown("showTableMapping", Reason.UNRECORDED)


def test_who_and_where_are_as_the_message_says_them() -> None:
    found = event("download-resources", {"operator": "1\u202e", "operatorBaseId": "7", "projectId": "9\u200b"})
    record = of(found)
    assert (record.operator, record.workspace) == ("1\ufffd", "9\ufffd")
    once = event_of(record)
    assert (once.operator, once.operators, once.workspace) == (found.operator, found.operators, found.workspace)


def test_who_cannot_be_read_is_nobody_else() -> None:
    record = judged("download-resources", {"operatorUid": {"a": 1}, "operatorBaseId": "7", "operator": None})
    assert event_of(record).operator == Unknown("operatorUid", Reason.UNRECORDED)


@pytest.mark.parametrize("long", [{"fileName": "x" * 70_000}, {"y" * 70_000: 1}])
def test_of_what_is_too_much_who_and_where_is_said_elsewhere(long: dict[str, object]) -> None:
    found = msgspec.structs.replace(event("download-resources", {"dataRowSize": 1}), data={"projectId": 5, **long})
    record = of(found)
    assert (record.withheld, record.data, event_of(record).workspace) == ((ALL,), {}, "90214")
    payload = event_of(record).payload
    facts = [getattr(payload, field.name) for field in msgspec.structs.fields(payload)]
    assert {fact.reason for fact in facts} == {Reason.UNRECORDED}


def test_ids_that_are_too_long_are_named() -> None:
    found = msgspec.structs.replace(event("download-resources", {}), data={"operator": "x" * 70_000, "projectId": 5})
    assert of(found).withheld == (ALL, "operator")


def test_facts_of_sql_do_not_count_where_nothing_is_kept_of_the_event() -> None:
    found = event("download-resources", {"sqlText": "select 1", "fileName": "x" * 70_000})
    assert event_of(of(found)).code_facts is None


def test_what_of_a_snapshot_cannot_be_read_is_no_better_again() -> None:
    said = {"Comment": {}, "LifeCycle": "x", "Columns": [{"ColumnName": [], "IsPartitionColumn": True}]}
    table = events.read(TableSnapshot, said)
    record = judged("commit-table", {}, table=table)
    assert event_of(record).table == table


def test_answers_that_are_too_long_or_that_json_cannot_say_are_not_kept() -> None:
    record = judged(
        "download-resources",
        {},
        roles=frozenset({"\ud800"}),
        options={"a": "x" * 70_000},
        parameters={"a": "\ud800"},
        file=events.read(FileSnapshot, {"FileName": "x" * 300_000}),
    )
    assert record.answers == records.Answers()


def test_the_moment_is_kept_to_the_second_whatever_its_zone() -> None:
    odd = datetime.fromisoformat("2026-01-01T00:00:00+08:00:30")
    record = of(msgspec.structs.replace(event("download-resources", {}), time=odd))
    assert record.occurred == odd.astimezone(UTC)


def test_a_record_stays_as_it_is() -> None:
    record = judged("approval-change-before-create", {"order": {"applyReason": "x", "added": [1]}})
    event_of(record)
    assert again(record) == record


@pytest.mark.parametrize(
    "path", ["", ".", "a", "order[0]", "order.x.y", "order.applyReason[0]", "rules[9]", "rules[x]"]
)
def test_a_path_that_leads_nowhere_is_no_error(path: str) -> None:
    record = judged("approval-change-before-create", {"order": {"applyReason": "x"}})
    damaged = msgspec.structs.replace(record, withheld=(path,), data={**record.data, "rules": []})
    assert event_of(damaged).code == record.code


@pytest.mark.parametrize(
    ("code", "check", "with_", "data"),
    [
        (
            "approval-change-before-create",
            "approval.reason",
            {"min": 0, "pattern": ".*"},
            {"order": {"applyReason": {}}},
        ),
        (
            "start-diJob",
            "integration.tables",
            {"max": 9},
            {"showTableMapping": {}, "tableMapping": [{"dstTable": "a"}]},
        ),
        (
            "batch-start-diJob",
            "integration.tables",
            {"max": 9},
            {"jobIds": {}, "tableMappings": [{"id": 1, "tableMapping": [{"dstTable": "a"}]}]},
        ),
    ],
)
def test_what_is_withheld_is_not_missing_to_a_check(
    code: str, check: str, with_: dict[str, object], data: dict[str, object]
) -> None:
    once = event_of(judged(code, data))
    found = list(BY_ID[check].judge(once, given(check, with_)))
    assert [each.text for each in found] == [UNRECORDED]


def test_a_lifecycle_that_is_withheld_is_not_missing() -> None:
    table = events.read(TableSnapshot, {"LifeCycle": WITHHELD})
    found = msgspec.structs.replace(event("commit-table", {}), table=table)
    assert [each.text for each in BY_ID["table.lifecycle"].judge(found, given("table.lifecycle", {"max": 1}))] == [
        UNRECORDED
    ]
