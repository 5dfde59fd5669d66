"""Records of judged events: nothing secret is in them, and they can be judged again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extension import catalogue, envelopes, events, pipeline, records, storage
from extension.deliveries import Callback
from extension.errors import MessageError
from extension.events import (
    NEVER_KEPT,
    UNRECORDED,
    WITHHELD,
    Event,
    FileSnapshot,
    Instance,
    Missing,
    Payload,
    Reason,
    TableSnapshot,
    Unknown,
)
from extension.payloads import FileOperation
from extension.records import ALL, ID, MAX_BYTES, MAX_CHARS, Judgement, Record, event_of, record
from extension.rules import Policy
from extension.storage import ROOT
from extension.verdict import UNRECORDED as UNRECORDED_TEXT
from extension.verdict import Asked, Finding, Judged, Mode, Result, Text, hit
from tests import strategies
from tests.strategies import Json, completed, encode, examples, mutants, policy_of, rules, secret_sql
from tests.verdicts import NOON, judged, judgement

SAMPLES = {path.name: path.read_bytes() for path in sorted((ROOT / "events").glob("*.json"))}

POLICIES = {
    str(path.relative_to(ROOT)): storage.load(path)
    for path in (ROOT / "policy.yaml", *sorted((ROOT / "examples").glob("*/policy.yaml")))
}

SECRET_CODE = "select max_pt('hr.secrets'), phone from hr.users where name = 'Zhang San' -- ask Li Si"
"""Of which no word but the names of table, column and function may be kept."""


def asked(event: Event[Any]) -> Event[Any]:
    """An event with all that the platform can be asked for it."""
    code = events.read(FileSnapshot, {"Content": SECRET_CODE, "FileId": 1, "FileName": "a.sql", "FileType": 10})
    is_file = isinstance(event.payload, FileOperation)
    columns = [{"ColumnName": "phone", "ColumnType": "STRING"}]
    table = {"Columns": columns, "Comment": "people", "LifeCycle": 30, "TableName": "users"}
    return msgspec.structs.replace(
        event,
        file=code if is_file else None,
        table=events.read(TableSnapshot, table),
        instances=(events.read(Instance, {"InstanceId": 1, "NodeId": 2, "ProjectEnv": "PROD"}),),
        roles=frozenset({"role_project_dev", "role_project_admin"}),
        options={"checkStatus": "WARN", "max": 3},
        parameters={"extension.project.disabled": "4711"},
    )


def again(made: Record) -> Record:
    """A record as it comes out of a store."""
    return msgspec.json.decode(msgspec.json.encode(made), type=Record)


def secrets_in(value: object) -> Iterator[str]:
    """Texts of what is never kept, at any depth of a message."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in NEVER_KEPT:
                yield from (each for each in ([inner] if isinstance(inner, str) else inner) if len(each) > 1)
            else:
                yield from secrets_in(inner)
    elif isinstance(value, list):
        yield from chain.from_iterable(map(secrets_in, value))


def withheld_in(fact: object) -> bool:
    """Whether anything in a fact is withheld."""
    if isinstance(fact, Payload):
        return any(withheld_in(getattr(fact, name)) for name in fact.__struct_fields__)
    if isinstance(fact, tuple):
        return any(map(withheld_in, fact))
    return isinstance(fact, Unknown) and fact.reason is Reason.UNRECORDED


def of_records(finding: Finding) -> bool:
    """Whether a finding says that a record does not hold what a rule needs."""
    return finding.text == UNRECORDED_TEXT


# every documented event


@pytest.mark.parametrize("name", SAMPLES)
def test_a_documented_event_is_kept_without_what_is_secret_and_judged_again_the_same(name: str) -> None:
    event = asked(envelopes.parse(SAMPLES[name]))
    for policy in POLICIES.values():
        made = record(judged(event, policy))
        text = msgspec.json.encode(made).decode()
        for secret in (
            *(each for each in secrets_in(event.data) if each not in event.operators),
            SECRET_CODE,
            "Zhang",
            "Li Si",
            "hr.secrets",
            "where",
        ):
            assert secret not in text
        kept = again(made)
        assert kept == made
        second = event_of(kept)
        assert kept == made  # nothing of it is changed
        assert_alike(event, second)
        one, two = pipeline.judge(event, policy, NOON), pipeline.judge(second, policy, NOON)
        needing = {each.rule for each in two.findings if of_records(each.finding)}
        assert needing <= NEEDING
        assert [each for each in two.findings if each.rule not in needing] == [
            each for each in one.findings if each.rule not in needing
        ]
        assert needing or two.result == one.result


NEEDING = {"header", "secrets", "quality-receivers", "personal-columns"}
"""Rules of the examples on the text of code and SQL, and on receivers."""


def assert_alike(first: Event[Any], second: Event[Any]) -> None:
    """Two events say the same, but for what is withheld in the second."""
    named = ("code", "known", "message_id", "delivery", "callback", "workspace", "operator", "operators", "region")
    for name in (*named, "time", "table", "instances", "roles", "options", "parameters"):
        assert getattr(second, name) == getattr(first, name), name
    if first.payload is not None:
        for name in first.payload.__struct_fields__:
            one, two = getattr(first.payload, name), getattr(second.payload, name)
            assert two == one or withheld_in(two), name
    if isinstance(first.file, FileSnapshot):
        assert isinstance(second.file, FileSnapshot)
        assert second.file.content == Unknown("Content", Reason.UNRECORDED)
        assert msgspec.structs.replace(second.file, content=first.file.content) == first.file


def test_the_samples_have_secrets_and_they_are_named() -> None:
    withheld = {
        path.rpartition(".")[2]
        for body in SAMPLES.values()
        for path in record(judged(envelopes.parse(body))).withheld
        if envelopes.parse(body).payload is not None
    }
    assert withheld >= {"sqlText", "receiverValue", "receiverValues", "currentReceiverValue", "updatedReceiverValue"}
    assert withheld <= NEVER_KEPT


def test_what_no_document_has_is_withheld_and_a_condition_on_it_is_not_judged() -> None:
    event = event_with(newField={"a": 1}, other=None)
    policy = policy_of({"version": 1}, [{"on": event.code, "when": 'event["newField"].a == 2'}])
    made = again(record(judged(event, policy)))
    assert made.result is Result.OK
    assert "newField" in made.withheld
    assert "other" not in made.withheld
    verdict = pipeline.judge(event_of(made), policy, NOON)
    assert verdict.result is Result.FAIL
    assert [of_records(each.finding) for each in verdict.findings] == [True]


def event_with(**data: object) -> Event[Any]:
    """A download with something more in it."""
    body = {"operatorUid": "1", "queryDwProjectId": "2", "moduleType": "sqlx_query", **data}
    return envelopes.parse(encode({"messageId": "m-1", "eventType": "download-resources", "messageBody": body}))


# what is odd


@pytest.mark.parametrize(
    ("data", "withheld"),
    [
        ({"fileName": {"a": 1}}, ("fileName",)),
        ({"fileName": "\ud800"}, ("fileName",)),
        ({"fileSize": strategies.HUGE}, ("fileSize",)),
        ({"a.b": 1}, (ALL,)),
        ({"a[0]": 1}, (ALL,)),
        ({"*": 1}, (ALL,)),
        ({"": 1}, (ALL,)),
        ({"a\nb": 1}, (ALL,)),
        ({"x" * 200: 1}, (ALL,)),
        ({"fileName": "x" * MAX_BYTES}, (ALL,)),
        ({f"n{number}": number for number in range(20_000)}, (ALL,)),
        ({"operator": {"a": 1}}, ("operator",)),
        ({"12": 1}, ("12",)),
    ],
)
def test_what_is_odd_is_withheld(data: Json, withheld: tuple[str, ...]) -> None:
    made = again(record(judged(event_with(**data))))
    assert made.withheld == withheld
    second = event_of(made)
    if withheld == (ALL,):
        assert made.data == {}
        assert all(withheld_in(getattr(second.payload, name)) for name in second.payload.__struct_fields__)
        assert (second.operator, second.operators, second.workspace) == ("1", ("1",), "2")
    else:
        assert second.data[withheld[0]] is WITHHELD


def test_where_the_user_cannot_be_read_nobody_else_is_taken_for_it() -> None:
    event = event_with(operator={"a": 1})
    assert event.operator == Unknown("operator", Reason.UNREADABLE)
    second = event_of(again(record(judged(event))))
    assert second.operator == Unknown("operator", Reason.UNRECORDED)
    assert second.operators == ("1",)


def test_nobody_is_known_where_nothing_is_kept_of_an_event_that_does_not_say_it() -> None:
    body = {"messageId": "m-1", "eventType": "download-resources", "messageBody": {"a.b": 1}}
    second = event_of(again(record(judged(envelopes.parse(encode(body))))))
    assert second.operator == Unknown("operator", Reason.MISSING)
    assert second.workspace == Unknown("projectId", Reason.MISSING)


@pytest.mark.parametrize("code", ["pre-something-new", "freeze-instance"])
def test_an_event_that_has_no_struct_is_kept_by_who_and_where(code: str) -> None:
    body = {"messageId": "m-1", "eventType": code, "messageBody": {"projectId": 1, "operator": "2", "taskIds": [1]}}
    event = envelopes.parse(encode(body))
    made = again(record(judged(event)))
    second = event_of(made)
    assert made.withheld == ("taskIds",)
    assert dict(made.data) == {"projectId": 1, "operator": "2"}
    assert_alike(event, msgspec.structs.replace(second, table=None, instances=None, roles=None, parameters=None))
    assert second.roles == Missing(UNRECORDED)
    huge = {**body, "messageBody": {"a.b": 1}}
    assert event_of(again(record(judged(envelopes.parse(encode(huge)))))).data == {}


def test_a_part_that_cannot_be_read_takes_with_it_what_is_withheld_inside() -> None:
    (name,) = (name for name in SAMPLES if name.startswith("create-data-quality-evaluation-task.event"))
    body = json.loads(SAMPLES[name])
    inner = body["data"]["notifications"]
    inner = json.loads(inner) if isinstance(inner, str) else inner
    inner["notifications"].append("none")
    body["data"]["notifications"] = inner
    made = again(record(judged(envelopes.parse(encode(body)))))
    assert "notifications.notifications" in made.withheld
    assert not any("receiver" in path for path in made.withheld)
    assert withheld_in(event_of(made).payload)


@pytest.mark.parametrize("spoiled", ["text", 7, {"notifications": "[1]"}, {"notifications": {"a": 1}}])
def test_what_is_no_part_and_no_list_is_withheld(spoiled: object) -> None:
    (name,) = (name for name in SAMPLES if name.startswith("create-data-quality-evaluation-task.event"))
    body = json.loads(SAMPLES[name])
    body["data"]["notifications"] = spoiled
    made = again(record(judged(envelopes.parse(encode(body)))))
    assert [path for path in made.withheld if path.startswith("notifications")]
    assert withheld_in(event_of(made).payload)


def test_answers_that_are_too_much_are_left_out() -> None:
    long = "x" * 70_000
    event = msgspec.structs.replace(
        asked(envelopes.parse(SAMPLES["commit-file.json"])),
        roles=frozenset({long}),
        options={"a": long},
        parameters={"a": "\ud800"},
        file=events.read(FileSnapshot, {"Content": "select 1", "FileName": long}),
        table=events.read(TableSnapshot, {"Comment": long}),
        instances=tuple(events.read(Instance, {"InstanceId": number}) for number in range(5000)),
    )
    made = again(record(judged(event)))
    assert made.answers == records.Answers()
    second = event_of(made)
    assert {second.roles, second.parameters, second.file, second.table, second.instances} == {Missing(UNRECORDED)}


def test_code_that_was_not_had_is_missing_and_not_withheld() -> None:
    event = asked(envelopes.parse(SAMPLES["commit-file.json"]))
    event = msgspec.structs.replace(event, file=events.read(FileSnapshot, {"FileName": "a"}))
    second = event_of(again(record(judged(event))))
    assert isinstance(second.file, FileSnapshot)
    assert second.file.content == Unknown("Content", Reason.MISSING)
    unasked = record(judged(msgspec.structs.replace(event, file=None)))
    assert unasked.sql is None
    assert event_of(unasked).file == Missing(UNRECORDED)


def test_of_too_much_sql_its_size_is_kept_alone() -> None:
    columns = ", ".join(f"column_{number}" for number in range(5000))
    text = f"select {columns} from hr.users"  # noqa: S608  no database sees it
    made = again(record(judged(event_with(sqlText=text, queryDwProjectName="x"))))
    assert made.sql
    assert (made.sql.characters, made.sql.analysis, made.sql.project) == (len(text), None, "")
    unread = again(record(judged(event_with(sqlText="select 'not closed from hr.users"))))
    assert unread.sql
    assert unread.sql.analysis is None


def test_calls_in_code_are_kept_where_they_surely_are_some() -> None:
    event = asked(envelopes.parse(SAMPLES["commit-file.json"]))
    made = record(judged(event))
    assert made.sql
    assert made.sql.calls == ((1, "max_pt"),)
    unsure = events.read(FileSnapshot, {"Content": "select 'a max_pt(", "FileType": 10})
    made = record(judged(msgspec.structs.replace(event, file=unsure)))
    assert made.sql
    assert made.sql.calls is None


# bounds


def found(number: int = 1, **values: object) -> tuple[Judged, ...]:
    """Findings with some values."""
    fields = "".join(f"{{{name}}}" for name in values)
    finding = hit(Text(en=fields, zh=fields), **values)
    one = Judged(rule="a", check="b", result=Result.FAIL, mode=Mode.ENFORCE, finding=finding)
    return (one,) * number


def with_verdict(given: Judgement, **changes: Any) -> Record:  # noqa: ANN401  fields of a verdict
    """The record of a judgement with something else in its verdict."""
    return again(record(msgspec.structs.replace(given, verdict=msgspec.structs.replace(given.verdict, **changes))))


def test_findings_are_kept_with_what_they_name_and_where() -> None:
    known = Text(en="in English", zh="中文")
    findings = found(tables="hr.Users, shop.`t` (+12)", columns="hr.users.phone", line="3, 5, 8 (+2)", reason=known)
    made = with_verdict(judgement(), findings=findings)
    (kept,) = made.findings
    assert kept.names == ("hr.users", "shop.", "t", "hr.users.phone")
    assert kept.lines == (3, 5, 8)
    assert "in English" in kept.en
    assert "中文" in kept.zh
    assert made.rules == ("a",)
    (kept,) = with_verdict(judgement(), findings=found(line=7, name=known, lines="9" * 5000)).findings
    assert (kept.lines, kept.names) == ((7,), ())
    unsure = msgspec.structs.replace(
        found(table="a")[0], finding=Finding(Text(en="", zh=""), {"table": "a"}, judged=False)
    )
    assert with_verdict(judgement(), findings=(unsure,)).findings[0].names == ()


def test_everything_has_a_bound() -> None:
    long = "数" * 10_000
    given = judgement(doubts=(long,) * 500)
    verdict = {
        "findings": found(1000, table=f"{long} " * 30, line=" ".join(map(str, range(1000)))),
        "warnings": (long,) * 1000,
        "asked": (Asked(action="GetX", cached=False, calls=1, error=f"{long}\n"),) * 1000,
        "sql": {"outline": long},
    }
    callback = Callback(outcome="failed", error=long, request_id=f"<{long}", result=long)
    made = with_verdict(msgspec.structs.replace(given, callback=callback, request_id=long), **verdict)
    assert len(msgspec.json.encode(made)) < 1_500_000
    assert (len(made.findings), made.findings_total) == (records.MAX_FINDINGS, 1000) or len(made.findings) > 20
    assert made.findings_total == 1000
    texts = (made.outline, made.callback.error, *made.warnings, *(each.error for each in made.asked))
    assert max(map(len, texts)) <= MAX_CHARS
    assert "\n" not in made.asked[0].error
    assert "<" not in made.callback.request_id
    few = with_verdict(given, findings=found(1000, table="a"))
    assert len(few.findings) == records.MAX_FINDINGS


# threads and ids


def test_what_is_checked_again_comes_under_the_same_thread() -> None:
    def thread(body: bytes, **changes: object) -> str:
        event = json.loads(body)
        event["messageBody"] |= changes
        return record(judged(envelopes.parse(encode({**event, "messageId": str(changes)})))).thread

    body = SAMPLES["download-resources.json"]
    first = thread(body)
    assert thread(body, dataRowSize=1, sqlText="select 2", messageId="x") == first
    assert thread(body, fileName="other") != first
    assert thread(body, operatorUid="7") != first
    huge = {"sqlText": "", "ip": "x" * MAX_BYTES}
    assert thread(body, **huge) == first
    assert thread(body, **huge, fileName="other") != thread(body, **huge)
    tasks = encode({"messageId": "m", "eventType": "freeze-instance", "messageBody": {"operator": "1", "taskIds": [1]}})
    assert thread(tasks) != thread(tasks, taskIds=[2])


@given(st.lists(st.datetimes(datetime(1970, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC)), min_size=2))  # noqa: DTZ001  see timezones
@examples(50)
def test_ids_sort_by_the_moment(moments: list[datetime]) -> None:
    event = envelopes.parse(SAMPLES["download-resources.json"])
    names = [records.identity(event, "p", moment) for moment in moments]
    assert all(ID.fullmatch(name) for name in names)
    assert sorted(zip(moments, names, strict=True)) == sorted(
        zip(moments, names, strict=True), key=lambda each: each[1]
    )


def test_an_id_tells_two_events_of_one_moment_apart() -> None:
    one, two = judgement(), judgement()
    assert one.id != two.id
    assert one.id[:21] == two.id[:21]
    assert record(one).id == one.id
    assert repr(record(one)) == f"Record('{one.id}')"
    later = msgspec.structs.replace(one, at=one.at + timedelta(microseconds=1))
    assert later.id > one.id


# what nobody thought of


@cache
def nothing() -> Policy:
    return policy_of({"version": 1}, [])


@given(mutants(), st.sampled_from(sorted(POLICIES)))
@pytest.mark.no_cover
@examples(60)
def test_whatever_comes_can_be_kept(body: bytes, name: str) -> None:
    try:
        event = envelopes.parse(body)
    except MessageError:
        return
    made = record(judged(event, POLICIES[name]))
    assert again(made) == made
    event_of(again(made))


@given(st.data())
@pytest.mark.no_cover
@examples(60)
def test_whatever_is_judged_is_judged_again_the_same_or_said_not_to_be(data: Any) -> None:  # noqa: ANN401  Hypothesis' own
    code = data.draw(st.sampled_from(sorted(catalogue.BY_CODE)))
    event = data.draw(completed(code))
    given_rules = data.draw(st.lists(rules(frozenset({code})), min_size=1, max_size=3))
    fixed = [{name: value for name, value in each.items() if name != "options"} for each in given_rules]
    policy = policy_of(data.draw(strategies.ABOVE), fixed)
    made = again(record(judged(event, policy)))
    assert len(msgspec.json.encode(made)) < 1_500_000
    one, two = pipeline.judge(event, policy, NOON), pipeline.judge(event_of(made), policy, NOON)
    for rule in policy.rules:
        first = [each for each in one.findings if each.rule == rule.id]
        second = [each for each in two.findings if each.rule == rule.id]
        if all(each.finding.judged for each in second):
            assert {each.result for each in second} == {each.result for each in first}


@given(secret_sql())
@pytest.mark.no_cover
@examples(60)
def test_no_text_and_no_comment_of_sql_is_kept(drawn: tuple[str, str]) -> None:
    text, mark = drawn
    made = record(judged(event_with(sqlText=text, datasourceName="odps_first")))
    assert mark not in msgspec.json.encode(made).decode().casefold()
    event = asked(envelopes.parse(SAMPLES["commit-file.json"]))
    for kind in (10, 6, 1221, 11):
        snapshot = events.read(FileSnapshot, {"Content": text, "FileType": kind})
        made = record(judged(msgspec.structs.replace(event, file=snapshot)))
        assert mark not in msgspec.json.encode(made).decode().casefold()
