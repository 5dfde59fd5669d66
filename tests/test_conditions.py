"""A condition is checked in full when the policy is loaded; an event makes it true or false, or lacks what it needs."""

import itertools
import random
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import pytest

from extension import cel, conditions, expressions
from extension.cel import BOOL, BYTES, DOUBLE, DURATION, DYN, INT, NULL, STRING, TIMESTAMP, UINT, Kind, list_of, map_of
from extension.conditions import Condition, value_of
from extension.errors import ConditionError
from extension.events import Count, Fact, Payload, Reason, Unknown
from extension.expressions import merge, record
from extension.payloads import Approval, Download, JobStart
from tests.cases import event

ROOT = Path(conditions.__file__).parents[1]


class Mode(StrEnum):
    """Of a file, for the tests."""

    SQL = "sql"


class File(Payload, frozen=True, kw_only=True):
    """A part of an event, for the tests."""

    name: Fact[str] = msgspec.field(name="fileName")
    size_bytes: Fact[Count] = msgspec.field(name="fileSize")


class Deploy(Payload, frozen=True, kw_only=True):
    """An event, for the tests."""

    row_count: Fact[Count] = msgspec.field(name="rowCount")
    name: Fact[str] = msgspec.field(name="nodeName")
    node_ids: Fact[tuple[int, ...]] = msgspec.field(name="includeNodeIds")
    owners: Fact[list[str]] = msgspec.field(name="owners")
    ratio: Fact[float] = msgspec.field(name="ratio")
    urgent: Fact[bool] = msgspec.field(name="urgent")
    file: Fact[File] = msgspec.field(name="file")
    files: Fact[tuple[File, ...]] = msgspec.field(name="files")
    mode: Fact[Mode] = msgspec.field(name="mode")
    extra: Fact[dict[str, object]] = msgspec.field(name="extra")


class Delete(Payload, frozen=True, kw_only=True):
    """Another event, for the tests."""

    name: Fact[str] = msgspec.field(name="nodeName")
    row_count: Fact[str] = msgspec.field(name="rowCount")
    reason: Fact[str] = msgspec.field(name="reason")


class Odd(Payload, frozen=True, kw_only=True):
    """Facts of all kinds of types, for the tests."""

    when: Fact[datetime]
    took: Fact[timedelta]
    pair: Fact[tuple[int, str]]
    either: Fact[int | str]
    maybe: Fact[int | None]
    anything: Fact[Any]
    mapping: Fact[Mapping[str, object]]
    raw: Fact[bytes]


KINDS = {
    "event": record(Deploy),
    "operator": cel.fields({"id": STRING, "roles": list_of(STRING)}),
    "workspace": cel.fields({"id": STRING}),
    "now": TIMESTAMP,
    "parameters": map_of(STRING, STRING),
    "other": DYN,
    "counts": map_of(INT, INT),
}
PAYLOAD = Deploy(
    row_count=12,
    name="订单_daily",
    node_ids=(3, 5, 8),
    owners=["149", "150"],
    ratio=0.5,
    urgent=True,
    file=File(name="a.sql", size_bytes=10),
    files=(File(name="a.sql", size_bytes=10), File(name="b.py", size_bytes=2000)),
    mode=Mode.SQL,
    extra={"level": 3},
)
DATA = {"rowCount": "12", "newField": {"deep": [1, "two"]}, "file": {"fileName": "raw", "line": 7}, "sqlText": "x"}
VARIABLES = {
    "event": value_of(PAYLOAD, DATA),
    "operator": {"id": "149", "roles": ["dev", "admin"]},
    "workspace": {"id": "90214"},
    "now": datetime(2026, 3, 1, 23, 30, 5, 123456, tzinfo=timezone(timedelta(hours=8))),
    "parameters": {"team": "finance"},
    "other": {"a": 1, "list": [1, "two", 3.0], "nulls": [None], "text": "a\nb"},
    "counts": {1: 2},
}


def compiled(text: object) -> Condition:
    """A condition on the variables above."""
    return expressions.compile(text, KINDS)


def problem(text: object, kinds: Mapping[str, Kind] = KINDS) -> str:
    """What is wrong with a condition."""
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        expressions.compile(text, kinds)
    return str(caught.value)


def failure(text: str, variables: Mapping[str, object] = VARIABLES) -> tuple[str, str]:
    """Text and field of what happens to a condition that compiles."""
    with pytest.raises(ConditionError) as caught:
        compiled(text).holds(variables)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value), caught.value.field


# what holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("true", True),
        ("!true", False),
        ("!!true", True),
        ("event.urgent", True),
        ("event.rowCount > 10", True),
        ("event.rowCount >= 12 && event.rowCount <= 12", True),
        ("event.rowCount < 12 || event.rowCount != 12", False),
        ("event.rowCount == 12.0", True),
        ("event.rowCount < 12.5", True),
        ("event.rowCount > 11u", True),
        ("event.ratio > 0", True),
        ("event.ratio * 2.0 == 1.0", True),
        ("double(event.rowCount) * event.ratio == 6.0", True),
        ("event.rowCount % 5 == 2", True),
        ("event.rowCount / 5 == 2", True),
        ("1 + 2 * 3 - 4 == 3", True),
        ("(1 + 2) * 3 == 9", True),
        ("10 - 2 - 3 == 5", True),
        ("-event.rowCount == -12", True),
        ("--event.rowCount == 12", True),
        ("!(-1 == 1)", True),
        ("event.rowCount == 0xC", True),
        ("1e3 == 1000.0 && .5 == 0.5 && 1.5e-1 == 0.15", True),
        ("false || true && false", False),
        ("true || false && false", True),
        ("event.nodeName == '订单_daily'", True),
        ("event.nodeName.startsWith('订单')", True),
        ('event.nodeName.endsWith("daily")', True),
        ("event.nodeName.contains('_')", True),
        ("event.nodeName.matches(r'^\\p{Han}+_[a-z]+$')", True),
        ("event.nodeName.matches('[0-9]')", False),
        ("size(event.nodeName) == 8", True),
        ("event.nodeName.size() == 8", True),
        ("size('订单') == 2 && '😀'.size() == 1", True),
        ("size(b'订') == 3", True),
        ("size(other.text) == 3 && size(other.list) == 3 && size(other) == 4", True),
        ("event.includeNodeIds.size() == 3", True),
        ("size(event.file) == 3", True),
        ("3 in event.includeNodeIds", True),
        ("4 in event.includeNodeIds", False),
        ("operator.id in event.owners", True),
        ("'admin' in operator.roles", True),
        ("'rowCount' in event && !('nope' in event)", True),
        ("'team' in parameters", True),
        ("1 in counts && counts[1] == 2", True),
        ("event.includeNodeIds[0] == 3", True),
        ("event.includeNodeIds[1u] == 5", True),
        ("event.includeNodeIds == [3, 5, 8]", True),
        ("event.includeNodeIds + [9] == [3, 5, 8, 9,]", True),
        ("event.includeNodeIds.exists(id, id > 7)", True),
        ("event.includeNodeIds.all(id, id > 7)", False),
        ("event.includeNodeIds.exists_one(id, id > 7)", True),
        ("event.includeNodeIds.existsOne(id, id > 4)", False),
        ("event.includeNodeIds.filter(id, id > 4) == [5, 8]", True),
        ("event.includeNodeIds.map(id, id * 2) == [6, 10, 16]", True),
        ("event.includeNodeIds.map(id, id > 4, id * 2) == [10, 16]", True),
        ("event.files.exists(f, f.fileName.endsWith('.py') && f.fileSize > 1000)", True),
        ("event.files.filter(f, f.fileSize > 5).map(f, f.fileName) == ['a.sql', 'b.py']", True),
        ("event.files.all(f, event.owners.exists(o, o == operator.id))", True),
        ("event.files[1].fileName == 'b.py'", True),
        ("event.file.fileName == 'a.sql'", True),
        ("event.file['line'] == 7", True),
        ("event.mode == 'sql'", True),
        ("event.extra.level == 3", True),
        ("event['rowCount'] == 12", True),
        ("event['newField'].deep[1] == 'two'", True),
        ("event['new' + 'Field']['deep'][0] == 1", True),
        ("has(event.rowCount) && has(event.file.fileName)", True),
        ("has(parameters.nope)", False),
        ("has(parameters.nope) && parameters.nope == 'x'", False),
        ("parameters.team == 'finance'", True),
        ("workspace.id == '90214'", True),
        ("event.urgent ? event.rowCount > 5 : event.rowCount > 50", True),
        ("(event.urgent ? 1 : event.ratio > 0.1 ? 2 : 3) == 1", True),
        ("(event.urgent ? 'x' : 1) == 'x'", True),
        ("now > timestamp('2026-03-01T15:30:05Z')", True),
        ("now < timestamp('2026-03-01T23:30:06+08:00')", True),
        ("now - timestamp('2026-03-01T15:00:05Z') > duration('30m')", True),
        ("now + duration('1h') - duration('1h') == now", True),
        ("duration('1h30m').getMinutes() == 90 && duration('90m').getHours() == 1", True),
        ("now.getHours() == 15 && now.getHours('Asia/Shanghai') == 23", True),
        ("now.getHours('+08:00') == 23 && now.getHours('-01:30') == 14 && now.getMinutes('02:15') == 45", True),
        ("now.getFullYear() == 2026 && now.getMonth() == 2 && now.getDate() == 1", True),
        ("now.getDayOfMonth() == 0 && now.getDayOfYear() == 59 && now.getDayOfWeek() == 0", True),
        ("now.getMinutes() == 30 && now.getSeconds() == 5 && now.getMilliseconds() == 123", True),
        ("now.getDayOfWeek('Pacific/Kiritimati') == 1 && now.getDate('Pacific/Kiritimati') == 2", True),
        ("timestamp('2026-01-01T00:00:00+08:00').getFullYear() == 2025", True),
        ("int('5') + int(5u) + int(5.5) == 15 && uint(5) == 5u && double('1.5') == 1.5", True),
        ("string(event.rowCount) + 'x' == '12x' && string(b'a') == 'a' && bytes('a') == b'a'", True),
        ("type(event.rowCount) == int && type(other.a) == type(1) && type('') == string", True),
        ("dyn(1) == 1 && dyn(event.rowCount) + 1 == 13", True),
        ("other.a == 1 && other.a < 2 && !(other.a > 2)", True),
        ("other.list.exists(x, x == 'two')", True),
        ("other.nulls[0] == null && null == null", True),
        ("other.a in [1] && other.a in other.list", True),
        ("{'a': 1, 'b': 2}.b == 2 && {1: 'x'}[1] == 'x' && {true: 1}[true] == 1", True),
        ("{'a': 1}.all(k, k == 'a') && event.exists(k, k == 'rowCount')", True),
        ("{'a': 1} == {'a': 1.0} && [] == []", True),
        ("'a' + \"b\" + '''c''' + \"\"\"d\"\"\" + r'\\' + R\"e\" == 'abcd\\\\e'", True),
        ("'\\u8ba2\\x41\\101\\n\\U0001F600' == '订AA\\n😀'", True),
        ("event.rowCount > 10 // rows", True),
        ("event\n  .rowCount\n  > 10", True),
        ("event.includeNodeIds.exists(event, event == 3)", True),
        ("event.nodeName.contains('😀') == false", True),
        ("event.rowCount / 0 == 1 || true", True),
        ("parameters.nope == 'x' || event.urgent", True),
        ("'b' > 'a' && b'b' > b'a' && true > false && duration('2s') > duration('1s')", True),
        ("other.a - 1 == 0 && other.a + other.a == 2 && -other.a == -1 && !dyn(false)", True),
        ("[1, 'a'][1] == 'a' && [[1]][0][0] == 1", True),
    ],
)
def test_a_condition_holds_or_not(text: str, holds: bool) -> None:
    assert compiled(text).holds(VARIABLES) is holds


@pytest.mark.parametrize(
    ("text", "settled"),
    [
        ("event.urgent", True),
        ("event.rowCount > 20 && other.a == 1", False),
        ("other.a == 1 && event.rowCount > 20", False),
        ("other.a == 1 || event.urgent", True),
        ("event.urgent || has(other.nope)", True),
        ("event.urgent ? true : other.a == 1", True),
        ("event.includeNodeIds.exists(id, id == 3 || id == other.a)", True),
        ("event.includeNodeIds.all(id, id > 5 && other.a == 1)", False),
        ("event.urgent && other.a == 1", None),
        ("event.nope == 1 || other.a == 1", None),
        ("event.nope == 1", None),
    ],
)
def test_a_condition_may_be_settled_whatever_one_variable_is(text: str, settled: bool | None) -> None:
    condition = expressions.compile(text.replace("event.nope", 'event["nope"]'), KINDS)
    assert condition.settled(VARIABLES, "other") is settled


@pytest.mark.parametrize(
    "text",
    [
        "other.a == 1",
        "other.a == 2",
        "!(other.a == 1)",
        "other.a != other.a",
        "has(other.a)",
        "has(other.nope)",
        "!has(other.nope)",
        "'a' in other",
        "!('nope' in other)",
        "1 in other.list",
        "!(7 in other.list)",
        "other.a in [1, 2]",
        "!(other.a in [2])",
        "size(other.list) > 0",
        "[other.a].size() == 1",
        "{'x': other.a}.size() == 1",
        "type(other.a) == int",
        "dyn(other.a) == 1",
        "string(other.a) == '1'",
        "other.text.matches('a')",
        "other.text.contains('z')",
        "other.list.exists(x, true)",
        "other.list.all(x, true)",
        "other.list.map(x, 1).size() == 3",
        "[1, 2].exists(x, x == other.a)",
        "[1, 2].all(x, x == other.a)",
        "[1, 2].filter(x, x == other.a).size() == 1",
        "[1, 2].map(x, other.a).size() == 2",
        "(other.a == 1 ? 1 : 2) == 1",
        "other == other",
    ],
)
def test_a_condition_that_turns_on_a_variable_is_not_settled_without_it(text: str) -> None:
    condition = compiled(text)
    assert condition.settled(VARIABLES, "other") is None
    assert condition.holds(VARIABLES) in (True, False)


# what is refused at load


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # names
        ("evnt.rowCount > 1", "there is no evnt (at character 1); did you mean event?"),
        ("zzz", "there is no zzz (at character 1)"),
        ("event.includeNodeId == 1", "event has no includeNodeId (at character 7); did you mean includeNodeIds?"),
        ("event.file.filename == ''", "event.file has no filename (at character 12); did you mean fileName?"),
        ("event.files[0].size == 1", "record has no size (at character 16)"),
        ("event.files.all(f, f.fileSiz > 1)", "f has no fileSiz (at character 22); did you mean fileSize?"),
        ("event.files.all(file, fill.fileSize > 1)", "there is no fill (at character 23); did you mean file?"),
        ("true || evnt.x == 1", "there is no evnt (at character 9); did you mean event?"),
        ("has(event.rowCnt)", "event has no rowCnt (at character 11); did you mean rowCount?"),
        ("operator.name == ''", "operator has no name (at character 10)"),
        ("event.rowCount.x == 1", "int has no fields, so no x (at character 16)"),
        ("counts.x == 1", "map(int, int) has no fields, so no x (at character 8)"),
        ("event.owners.size == 1", "list(string) has no fields, so no size (at character 14)"),
        ("[].all(x, x.y) && [1].all(x, y)", "there is no y (at character 30)"),
        ("[1].all(x, true) && x", "there is no x (at character 21)"),
        # functions
        ("foo(1)", "there is no foo(...) (at character 1)"),
        ("siz('a') == 1", "there is no siz(...) (at character 1); did you mean size?"),
        ("bool('true')", "there is no bool(...) (at character 1)"),
        ("'a'.contain('a')", "there is no method contain (at character 5); did you mean contains?"),
        ("'a'.lowerAscii() == 'a'", "there is no method lowerAscii (at character 5)"),
        ("contains('a', 'a')", "write x.contains(...), not contains(x, ...) (at character 1)"),
        ("exists(event.owners, true)", "write x.exists(...), not exists(x, ...) (at character 1)"),
        ("'1'.int() == 1", "write int(x), not x.int() (at character 5)"),
        ("size(event.rowCount) > 1", "size takes string, bytes, list or map, found int (at character 1)"),
        ("size() == 1", "size takes string, bytes, list or map, found nothing (at character 1)"),
        ("size('a', 'b') == 1", "size takes string, bytes, list or map, found string, string (at character 1)"),
        ("event.rowCount.size() > 1", "size is for string, bytes, list or map, found int (at character 16)"),
        ("'a'.size('b') > 1", "size takes nothing, found string (at character 5)"),
        ("'a'.contains(1)", "contains takes string, found int (at character 5)"),
        ("event.owners.contains('a')", "contains is for string, found list(string) (at character 14)"),
        ("now.getHours(8) == 1", "getHours takes nothing or string, found int (at character 5)"),
        ("duration('1h').getDate() == 1", "getDate is for timestamp, found duration (at character 16)"),
        ("duration('1h').getHours('UTC') == 1", "getHours takes nothing, found string (at character 16)"),
        (
            'timestamp("2026-01-01") < now',
            "expected a time such as 2026-01-31T09:00:00+08:00, found '2026-01-01' (at character 11)",
        ),
        (
            "true || now > timestamp(('2026-13-01T00:00:00Z'))",
            "expected a time such as 2026-01-31T09:00:00+08:00, found '2026-13-01T00:00:00Z' (at character 25)",
        ),
        (
            "now - now > duration('1 day')",
            "expected a duration such as 1h30m, found '1 day' (at character 22)",
        ),
        (
            "duration('''1\nh''') == duration('1h')",
            "expected a duration such as 1h30m, found '1\\nh' (at character 10)",
        ),
        ("int('many') == 1", "expected a whole number, found 'many' (at character 5)"),
        ("-int('1.5') == 1", "expected a whole number, found '1.5' (at character 6)"),
        ("uint('-1') == 1u", "expected a whole number of at least 0, found '-1' (at character 6)"),
        ("double('1,5') > 1.0", "expected a number, found '1,5' (at character 8)"),
        ("int(true) == 1", "int takes string, int, uint or double, found bool (at character 1)"),
        ("timestamp(5) < now", "timestamp takes string or timestamp, found int (at character 1)"),
        (
            "now.getHours('Mars') == 1",
            "expected a timezone such as Asia/Shanghai or +08:00, found 'Mars' (at character 14)",
        ),
        ("now.getHours('') == 1", "expected a timezone such as Asia/Shanghai or +08:00, found '' (at character 14)"),
        (
            "now.getHours('25:00') == 1",
            "expected a timezone such as Asia/Shanghai or +08:00, found '25:00' (at character 14)",
        ),
        (
            "now.getHours('../UTC') == 1",
            "expected a timezone such as Asia/Shanghai or +08:00, found '../UTC' (at character 14)",
        ),
        ("'a'.matches('(')", "expected a regular expression: unclosed group (at character 13)"),
        ("true && 'a'.matches(\"[\")", "expected a regular expression: unclosed character class (at character 21)"),
        (
            "'a'.matches('(?=a)')",
            (
                "expected a regular expression: look-around, including look-ahead and look-behind, is not supported"
                " (at character 13)"
            ),
        ),
        (
            "'a'.matches('a{2000}{1000}')",
            "expected a regular expression: Compiled regex exceeds size limit of 10485760 bytes (at character 13)",
        ),
        # operators
        (
            "event.nodeName.matches('(?x)a')",
            "expected a regular expression (RE2 syntax): invalid perl operator: (?x (at character 24)",
        ),
        (
            "event.owners.exists(o, o.matches(event.nodeName))",
            "inside a macro, matches takes a pattern that is written out (at character 34)",
        ),
        (
            "event.owners.exists(o, o.matches('(' + ')'))",
            "inside a macro, matches takes a pattern that is written out (at character 34)",
        ),
        ("{'a': 1} == 1", "== cannot compare map(string, int) with int (at character 10)"),
        ("{'a': 1} == [1]", "== cannot compare map(string, int) with list(int) (at character 10)"),
        ("event == 'x'", "== cannot compare record with string (at character 7)"),
        ("event.includeNodeIds > 3", "> cannot compare list(int) with int (at character 22)"),
        ("event.rowCount == '12'", "== cannot compare int with string (at character 16)"),
        ("event.nodeName != 12", "!= cannot compare string with int (at character 16)"),
        ("event.nodeName < 1", "< cannot compare string with int (at character 16)"),
        ("event.owners == [1]", "== cannot compare list(string) with list(int) (at character 14)"),
        ("[1] < [2]", "< cannot compare list(int) with list(int) (at character 5)"),
        ("null < null", "< cannot compare null with null; has(...) tells whether a field is there (at character 6)"),
        (
            "event.nodeName == null",
            "== cannot compare string with null; has(...) tells whether a field is there (at character 16)",
        ),
        ("counts == {'a': 1}", "== cannot compare map(int, int) with map(string, int) (at character 8)"),
        ("counts == event", "== cannot compare map(int, int) with record (at character 8)"),
        ("1 < 2 < 3", "< cannot compare bool with int (at character 7)"),
        ("now > '2026-03-01'", "> cannot compare timestamp with string (at character 5)"),
        (
            "event.rowCount + 1.5 > 2.0",
            "+ cannot combine int and double; convert one of them, as int or double (at character 16)",
        ),
        ("event.nodeName + 1 == ''", "+ cannot combine string and int (at character 16)"),
        ("event.owners + 1 == []", "+ cannot combine list(string) and int (at character 14)"),
        ("duration('1h') + now > now", "+ cannot combine duration and timestamp (at character 16)"),
        ("duration('1h') * 2 > duration('1h')", "* cannot combine duration and int (at character 16)"),
        ("event.ratio % 2.0 == 0.0", "% cannot combine double and double (at character 13)"),
        ("true + true", "+ cannot combine bool and bool (at character 6)"),
        ("event.rowCount && true", "&& takes a condition (true or false), found int (at character 16)"),
        ("true || event.nodeName", "|| takes a condition (true or false), found string (at character 6)"),
        ("!event.rowCount", "! takes a condition (true or false), found int (at character 1)"),
        ("!-1", "! takes a condition (true or false), found int (at character 1)"),
        ("-event.nodeName == ''", "- takes int or double, found string (at character 1)"),
        ("-true", "- takes int or double, found bool (at character 1)"),
        ("-1u == 1u", "- takes int or double, found uint (at character 1)"),
        ("event.rowCount ? true : false", "? takes a condition (true or false), found int (at character 16)"),
        ("true ? false : 1 ? true : false", "? takes a condition (true or false), found int (at character 18)"),
        ("'a' in event.nodeName", "in cannot find string in string; write text.contains(part) (at character 5)"),
        ("1 in event.owners", "in cannot find int in list(string) (at character 3)"),
        ("1 in event", "in cannot find int in record (at character 3)"),
        ("'1' in counts", "in cannot find string in map(int, int) (at character 5)"),
        ("1.0 in {}", "in cannot find double in map(dyn, dyn) (at character 5)"),
        ("1 in 1", "in cannot find int in int (at character 3)"),
        ("event.includeNodeIds['a'] == 1", "list(int) is not looked up with string (at character 21)"),
        ("event.includeNodeIds[0.0] == 1", "list(int) is not looked up with double (at character 21)"),
        ("event[0] == 1", "record is not looked up with int (at character 6)"),
        ("counts['a'] == 1", "map(int, int) is not looked up with string (at character 7)"),
        ("other[1.0] == 1", "dyn is not looked up with double (at character 6)"),
        ("event.nodeName[0] == 'a'", "string has no items, so no [int] (at character 15)"),
        ("{1.5: 1} == {}", "the key of a map is int, uint, bool or string, found double (at character 2)"),
        # macros
        ("event.nodeName.all(c, c == 'a')", "all is for list or map, found string (at character 16)"),
        ("event.owners.exists(o)", "exists takes a name and a condition (at character 14)"),
        ("event.owners.exists(o, true, true)", "exists takes a name and a condition (at character 14)"),
        (
            "event.owners.map(o, true, o, o) == []",
            "map takes a name and an expression, or a name, a condition and an expression (at character 14)",
        ),
        ("event.owners.exists(o, o)", "exists takes a condition (true or false), found string (at character 14)"),
        ("event.owners.map(o, o, o) == []", "map takes a condition (true or false), found string (at character 14)"),
        ("event.owners.exists(1, true)", "argument must be a simple name (at character 21)"),
        (
            "[1].all(a, [1].all(b, [1].all(c, true)))",
            "all is inside more than 2 others such as exists (at character 27)",
        ),
        ("[1].map(x, x).map(x, x) == []", "map goes over what another map gives; write one map (at character 15)"),
        ("has(event)", "has takes one field, as in has(event.x) (at character 5)"),
        ("has(event['x'])", "has takes one field, as in has(event.x) (at character 10)"),
        ("has(event.rowCount, 1)", "has takes one field, as in has(event.x) (at character 1)"),
        # the outcome
        ("event.rowCount", "expected a condition (true or false), found int"),
        ("event.file", "expected a condition (true or false), found record"),
        ("event.files.map(f, f.fileName)", "expected a condition (true or false), found list(string)"),
        ("{'a': 1}", "expected a condition (true or false), found map(string, int)"),
        ("now", "expected a condition (true or false), found timestamp"),
        # syntax
        ("1 +", "the text ends too early (at character 4)"),
        ("a b", "b is not expected here (at character 3)"),
        ("(event.urgent", ") is missing (at character 14)"),
        ("event.urgent)", ") is not expected here (at character 13)"),
        ("event.urgent\n  && )", ") is not expected here (at character 19)"),
        ("'😀' == ]", "] is not expected here (at character 8)"),
        ("event.urgent ? true", "the text ends too early (at character 20)"),
        ("'a", "this text does not end (at character 1)"),
        ('event.nodeName == "a', "this text does not end (at character 19)"),
        ("'\\q' == ''", "this text does not end (at character 1)"),
        ("event.rowCount = 1", "= is not expected here; write == (at character 16)"),
        ("event.urgent and true", "and is not expected here; write && (at character 14)"),
        ("event.urgent & true", "& is not expected here; write && (at character 14)"),
        ("@", "@ is not expected here (at character 1)"),
        ("true\x00", "'\\x00' is not expected here (at character 5)"),
        ("9999999999999999999 > 1", "invalid int literal (at character 1)"),
        ("'\\ud800' == ''", "invalid string literal (at character 1)"),
        ("package", "reserved identifier: package (at character 1)"),
        ("other.?a == 1", "unsupported syntax '.?' (at character 6)"),
        (".event.urgent", "cannot read . (at character 1)"),
        ("event{a: 1} == 1", "cannot read { (at character 6)"),
        ("// nothing", "the text ends too early (at character 11)"),
        # no text
        ("", "expected a CEL expression, found ''"),
        (" \n", "expected a CEL expression, found ' \\n'"),
        ("'\ud800' == ''", "expected a CEL expression, found \"'\\ud800' == ''\""),
        (None, "expected a CEL expression, found nothing"),
        (True, "expected a CEL expression, found true"),
        (["true"], "expected a CEL expression, found a list"),
        (" " * 1000 + "true", "expected a CEL expression of at most 1,000 characters, found 1,004"),
    ],
)
def test_what_is_wrong_with_a_condition_is_said_on_one_line(text: object, expected: str) -> None:
    assert problem(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "(" * 500 + ")" * 500,
        "(" * 499 + "1" + ")" * 499,
        "[" * 500 + "]" * 500,
        "{1:" * 240 + "1" + "}" * 240,
        "size(" * 160 + "'a'" + ")" * 160,
        "event.urgent?1:" * 60 + "1",
        "true?(" * 80 + "true" + "):true" * 80,
        "(" * 51 + "true" + ")" * 51,
    ],
)
def test_what_is_too_deep_is_refused_before_the_engine_overflows(text: str) -> None:
    assert problem(text).startswith("brackets and ? are more than 50 deep (at character ")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 50 + "true" + ")" * 50,
        "true || " + "dyn(" * 50 + "true" + ")" * 50,
        "dyn(true||true&&1==1+1*(" * 20 + "1" + "))" * 20 + "||true",
        "!" * 996 + "true",
        "-" * 994 + "1 == 1",
        "true" + "||true" * 166,
        "0" + "+1" * 495 + " >= 0",
        "event.urgent" + "?true:true" * 50,
        "'" + "(" * 900 + "' != ''",
        "true//" + "(" * 900,
        "other" + ".a" * 400 + " == 1 || true",
        "[" + "1," * 490 + "] != []",
    ],
)
def test_what_is_long_but_flat_is_read(text: str) -> None:
    assert compiled(text).holds(VARIABLES) is True


@pytest.mark.parametrize("seed", range(3))
def test_no_text_does_worse_than_to_be_refused(seed: int) -> None:
    """Words in any order: what is not a condition is refused on one line, or comes out."""
    words = ["event", ".", "rowCount", "(", ")", "[", "]", "{", "}", "'", '"', "\\", "1", "u", "?", ":", ",", "!", "-"]
    words += [*("==", "in", "x", "all", "has", "owners", "null", "//", "订", "'''", "r", "b", "=")]
    words += ["\n", "\x00", "ERROR: <input>:1:1: x"]
    choice = random.Random(seed)  # noqa: S311  the same words every time
    for _ in range(700):
        text = "".join(choice.choices(words, k=choice.randint(1, 12)))
        try:
            condition = compiled(text)
        except ValueError:
            continue
        try:
            condition.holds(VARIABLES)
        except ConditionError:
            continue


def test_the_position_of_a_parser_that_says_nothing_is_the_beginning() -> None:
    assert expressions._short("a thing { source: 1 }") == "a thing"


def test_what_the_parsers_do_not_agree_on_is_refused() -> None:
    """The engine refuses these too, and first."""
    for text, expected in (("event.", "there is something missing (at character 7)"), ("a.'b'", "cannot read 'b'")):
        with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
            cel.check(cel.tokens(text), text, {"event": DYN, "a": DYN}, expressions._value)
        assert str(caught.value).startswith(expected)


# reading an event


def test_a_condition_says_what_it_reads() -> None:
    condition = compiled(
        "event.rowCount > 1 && has(event.file.fileName) && event['new'] == 1 && operator.id in operator.roles"
    )
    assert condition.reads == {"event", "operator"}
    assert condition.fields == {
        "event": frozenset({"rowCount", "file", "new"}),
        "operator": frozenset({"id", "roles"}),
    }
    assert condition.text.startswith("event.rowCount > 1")
    assert repr(condition) == f"Condition({condition.text!r})"


@pytest.mark.parametrize(
    "text",
    [
        "size(event) > 1",
        "event['a' + 'b'] == 1",
        "event.exists(k, k == 'a')",
        "'a' in event",
        "(event).rowCount == 1",
        "event == event",
        "event.rowCount > 1 && [event] == []",
    ],
)
def test_a_variable_that_is_used_whole_has_no_fields(text: str) -> None:
    assert compiled(text).fields == {"event": None}


def test_a_name_of_a_macro_is_nothing_that_is_read() -> None:
    condition = compiled("[1].exists(event, event == 1) && [2].exists(x, x > 1)")
    assert condition.reads == frozenset()
    assert condition.holds({})


def test_a_condition_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        compiled("true").text = "false"  # type: ignore[misc]  # frozen is what is tested


# the kinds of payloads


def test_a_payload_is_a_record_by_the_platforms_names() -> None:
    assert record(Deploy).fields == {
        "rowCount": INT,
        "nodeName": STRING,
        "includeNodeIds": list_of(INT),
        "owners": list_of(STRING),
        "ratio": DOUBLE,
        "urgent": BOOL,
        "file": record(File),
        "files": list_of(record(File)),
        "mode": STRING,
        "extra": DYN,
    }


def test_facts_that_say_little_are_dyn() -> None:
    kinds = {"when": TIMESTAMP, "took": DURATION, "maybe": INT}
    assert record(Odd).fields == {name: kinds.get(name, DYN) for name in Odd.__struct_fields__}


def test_a_field_of_any_of_several_events_is_known() -> None:
    both = merge([record(Deploy), record(Delete)])
    assert both.fields["nodeName"] == STRING
    assert both.fields["rowCount"] == DYN
    assert both.fields["reason"] == STRING
    assert both.fields["urgent"] == BOOL
    assert "nope" not in both.fields
    assert merge([]) == cel.fields({})


def test_events_without_a_struct_have_any_field() -> None:
    assert merge([record(Deploy), DYN]) == DYN
    assert expressions.compile("event.whatever > 1", {"event": DYN}).holds({"event": {"whatever": 2}})


@pytest.mark.parametrize(
    ("kind", "text"),
    [(INT, "int"), (list_of(list_of(DYN)), "list(list(dyn))"), (map_of(STRING, INT), "map(string, int)")],
)
def test_a_kind_reads_as_the_language_writes_it(kind: Kind, text: str) -> None:
    assert str(kind) == text


# values


def test_facts_stand_in_the_platforms_mapping() -> None:
    assert VARIABLES["event"] == {
        "rowCount": 12,
        "nodeName": "订单_daily",
        "includeNodeIds": [3, 5, 8],
        "owners": ["149", "150"],
        "ratio": 0.5,
        "urgent": True,
        "file": {"fileName": "a.sql", "fileSize": 10, "line": 7},
        "files": [{"fileName": "a.sql", "fileSize": 10}, {"fileName": "b.py", "fileSize": 2000}],
        "mode": "sql",
        "extra": {"level": 3},
        "newField": {"deep": [1, "two"]},
        "sqlText": "x",
    }
    assert type(value_of(PAYLOAD, {})["mode"]) is str


def test_only_what_is_selected_is_built() -> None:
    condition = compiled("event.rowCount > 1 && event['newField'].deep[0] == 1 && !has(event.extra)")
    built = value_of(PAYLOAD, DATA, condition.fields["event"])
    assert built == {"rowCount": 12, "newField": {"deep": [1, "two"]}, "extra": {"level": 3}}
    assert value_of(None, DATA, frozenset({"sqlText", "nope"})) == {"sqlText": "x"}


def test_parts_are_laid_over_their_own_mappings() -> None:
    raws = [{"fileName": "x", "line": 1}, {"line": 2}]
    files = value_of(PAYLOAD, {"files": raws})["files"]
    assert files == [
        {"fileName": "a.sql", "fileSize": 10, "line": 1},
        {"fileName": "b.py", "fileSize": 2000, "line": 2},
    ]
    assert value_of(PAYLOAD, {"files": raws[:1]})["files"] == value_of(PAYLOAD, {"files": "text"})["files"]


def test_an_unknown_fact_is_not_there_whatever_the_mapping_says() -> None:
    unknown = {"name": Unknown("nodeName", Reason.MISSING), "row_count": Unknown("rowCount", Reason.UNREADABLE)}
    payload = msgspec.structs.replace(PAYLOAD, **unknown, files=())
    built = value_of(payload, {"rowCount": "many", "nodeName": " "})
    assert not {"rowCount", "nodeName"} & built.keys()
    assert built["files"] == []
    assert compiled("!has(event.rowCount) && !has(event.nodeName)").holds({"event": built})
    assert failure("event.rowCount > 1", {"event": built}) == ("event.rowCount is missing", "event.rowCount")


@pytest.mark.parametrize(
    ("value", "built"),
    [
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (2**63, None),
        (-(2**63) - 1, None),
        (1.5, 1.5),
        (float("inf"), float("inf")),
        ("订单", "订单"),
        ("a\ud800", None),
        (None, None),
        (b"bytes", None),
        (object(), None),
        ([1, None, "a"], [1, None, "a"]),
        ((1,), [1]),
        ([1, 2**63], None),
        (["\ud800"], None),
        ({"a": 1, "b": None, "c": 2**70, "\udc00": 1}, {"a": 1}),
        (timedelta(1), timedelta(1)),
        (datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=8))), datetime(2025, 12, 31, 16, tzinfo=UTC)),
    ],
)
def test_what_the_engine_cannot_hold_is_not_there(value: object, built: object) -> None:
    assert value_of(None, {"x": value}).get("x") == built
    assert compiled("has(other.x)").holds({"other": value_of(None, {"x": value})}) is (built is not None)


def test_a_name_that_is_no_unicode_is_not_there() -> None:
    assert value_of(None, {"\ud800": 1, "a": 1}) == {"a": 1}


def test_what_is_too_deep_is_not_there() -> None:
    value: object = 1
    for _ in range(100_000):
        value = {"a": value}
    built = value_of(None, {"deep": value, "b": 1})
    assert built["b"] == 1
    assert compiled("other.deep.a.a.a != 1").holds({"other": built})
    assert len(str(built)) < 1000


# what is there and cannot be read


def holds(struct: type[Payload], code: str, text: str, data: Mapping[str, object]) -> bool:
    """Whether a condition is true of an event, built as a rule builds it."""
    it = event(code, data)
    condition = expressions.compile(text, {"event": record(struct)})
    return condition.holds({"event": value_of(it.payload, it.data, condition.fields["event"], condition.names)})


def unreadable(struct: type[Payload], code: str, text: str, data: Mapping[str, object]) -> str:
    """The field of an event that keeps a condition from being judged."""
    with pytest.raises(ConditionError) as caught:
        holds(struct, code, text, data)
    assert str(caught.value) == f"{caught.value.field} cannot be read"
    assert caught.value.reason is Reason.UNREADABLE
    return caught.value.field


@pytest.mark.parametrize("rows", ["100,001", -1, "x", {}, 10**30])
@pytest.mark.parametrize(
    "text",
    ["has(event.dataRowSize) && event.dataRowSize > 100", "'dataRowSize' in event && event.dataRowSize > 100"],
)
def test_a_field_that_is_there_and_cannot_be_read_is_not_taken_for_one_that_is_not(text: str, rows: object) -> None:
    assert unreadable(Download, "download-resources", text, {"dataRowSize": rows}) == "event.dataRowSize"
    assert not holds(Download, "download-resources", text, {})


def test_a_field_that_the_condition_does_not_select_need_not_be_readable() -> None:
    data = {"dataRowSize": "x", "fileName": "a", "newField": 10**30}
    assert holds(Download, "download-resources", "event.fileName == 'a'", data)
    assert holds(Download, "download-resources", "event.size() > 0 && event.fileName == 'a'", data)
    assert unreadable(Download, "download-resources", "event['newField'] == 1", data) == "event.newField"


def test_of_a_part_only_what_the_condition_selects_must_be_readable() -> None:
    order = {"order": {"deadlineDate": "forever", "applyReason": "x"}}
    code = "approval-change-before-create"
    assert holds(Approval, code, "event.order.applyReason == 'x'", order)
    for text in ("has(event.order.deadlineDate)", "'deadlineDate' in event.order"):
        assert unreadable(Approval, code, text, order) == "event.order.deadlineDate"


def test_an_item_that_cannot_be_read_is_not_skipped() -> None:
    text = "event.tableMapping.exists(t, has(t.srcDatasourceName) && t.srcDatasourceName == 'pii')"
    data = {"tableMapping": [{"srcDatasourceName": {}}, {"srcDatasourceName": "ok"}]}
    assert unreadable(JobStart, "start-diJob", text, data) == "event.tableMapping[0].srcDatasourceName"


# what fails for one event


@pytest.mark.parametrize(
    ("text", "expected", "field"),
    [
        ("parameters.nope == 'x'", "parameters.nope is missing", "parameters.nope"),
        ("parameters['nope'] == 'x'", "parameters.nope is missing", "parameters.nope"),
        ("has(event.extra.a.b)", "event.extra.a is missing", "event.extra.a"),
        ("event.extra.level == 3 && event.extra.nope == 1", "event.extra.nope is missing", "event.extra.nope"),
        ("other.a == 1 && parameters.a == 'x'", "parameters.a is missing", "parameters.a"),
        ("other.a.b == 1 || parameters.b == 'x'", "parameters.b is missing", "parameters.b"),
        ("has(parameters.x) || other.x == 1", "other.x is missing", "other.x"),
        ("event.files.all(f, event.newer.exists(n, n.x == 1))", "event.newer is missing", "event.newer"),
        ("[other].exists(o, o.nope == 1)", "o.nope is missing", "o.nope"),
        ("[other].exists(o, o.a == 2 || o.nope.deep == 1)", "o.nope is missing", "o.nope"),
        ("other[parameters.team] == 1", "a field or key is missing", ""),
        ("other['no' + 'pe'] == 1", "a field or key is missing", ""),
        ("counts[event.rowCount] == 1", "a field or key is missing", ""),
        ("other.a.nope == 1", "a value is of another kind than the condition expects (TypeError)", ""),
        ("other.a == 1 && other.a", "a value is of another kind than the condition expects (TypeError)", ""),
        ("other.list[7] == 1", "a list is shorter than the condition expects (IndexError)", ""),
        ("1 / (event.rowCount - 12) == 1", "a number is divided by 0 (ZeroDivisionError)", ""),
        ("event.rowCount + 9223372036854775807 > 1", "a number or time is out of range (OverflowError)", ""),
        ("int(1e300) > 1", "a number or time is out of range (OverflowError)", ""),
        ("int(event.nodeName) == 1", "a function does not take a value (RuntimeError)", ""),
        ("size(other.a) == 1", "a function does not take a value (RuntimeError)", ""),
        ("timestamp(event.nodeName) < now", "a function does not take a value (RuntimeError)", ""),
        ("now.getHours(operator.id) == 1", "a function does not take a value (RuntimeError)", ""),
        ("other.a.getHours() == 1", "a function does not take a value (RuntimeError)", ""),
        ("other.a.getHours('UTC') == 1", "a function does not take a value (RuntimeError)", ""),
        ("now.getHours(other.list) == 1", "a function does not take a value (RuntimeError)", ""),
        (
            "timestamp('9999-12-31T23:00:00Z').getHours('Asia/Shanghai') == 1",
            "a function does not take a value (RuntimeError)",
            "",
        ),
        ("other.a.matches('1')", "a function does not take a value (RuntimeError)", ""),
        ("'a'.matches(other.a)", "a function does not take a value (RuntimeError)", ""),
        ("'a'.matches(other.text + '(')", "a function does not take a value (RuntimeError)", ""),
        ("other.list", "it came out neither true nor false", ""),
        ("double('nan') < 1.0", "a value is of another kind than the condition expects (TypeError)", ""),
    ],
)
def test_what_an_event_lacks_is_named_and_nothing_of_it_is_quoted(text: str, expected: str, field: str) -> None:
    kinds = KINDS | {"event": cel.fields(dict(record(Deploy).fields) | {"newer": DYN})}
    with pytest.raises(ConditionError) as caught:
        expressions.compile(text, kinds).holds(VARIABLES)
    assert (str(caught.value), caught.value.field) == (expected, field)


def test_a_variable_that_is_not_given_is_missing() -> None:
    assert failure("workspace.id == '1' && operator.id == '1'", {"workspace": {}}) == (
        "operator is missing",
        "operator",
    )


def test_a_value_that_the_engine_does_not_take_is_an_error() -> None:
    assert failure("other.a == 1", {"other": {"a": object()}}) == ("a value cannot be used (ValueError)", "")


def test_the_engine_writes_nothing_to_the_log(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    failure("size(other.a) == 1")
    failure("now.getHours(operator.id) == 1")
    problem("'a'.matches('(')")
    problem("timestamp('2026-01-01') < now")
    problem("(((")
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


# time


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("other.exists(a, other.exists(b, a == b))", 4000),
        ("other.filter(a, a > 0) == []", 11_000),
        ("other.map(a, a) == []", 11_000),
        ("other.map(a, other) == []", 600),
        ("other.map(a, other.map(b, b)) == []", 300),
        ("other.all(a, a in other)", 11_000),
        ("other.all(a, other + other == [])", 11_000),
        ("[1].all(a, other == [a]) || other.map(x, [other]) == []", 600),
    ],
)
def test_lists_that_would_take_too_long_are_refused(text: str, items: int) -> None:
    expected = ("its lists or texts are too long to go through", "")
    assert failure(text, {"other": list(range(items))}) == expected


@pytest.mark.parametrize(
    "text",
    [
        "other.list.exists(x, other.text.contains(x))",
        "other.list.exists(x, other.text + x == 'a')",
        "other.list.exists(x, size(other.text) > 1e8)",
        "other.list.exists(x, other.list.exists(y, other.text.startsWith(x)))",
    ],
)
def test_a_long_text_that_is_searched_for_many_is_refused(text: str) -> None:
    other = {"list": ["b"] * 1000, "text": "a" * 10_000_000}
    assert failure(text, {"other": other}) == ("its lists or texts are too long to go through", "")


@pytest.mark.parametrize(
    "text",
    [
        "other.all(a, a.n >= 0)",
        "!other.exists(a, a.n < 0 || a.name == '')",
        "other.filter(a, a.n > 0).size() == 999",
        "other.all(a, [1, 2].exists(b, b == 1))",
        "other.all(a, a.name.startsWith(parameters.team))",
        "other.map(a, a.n).size() == 1000",
    ],
)
def test_lists_of_an_ordinary_length_are_gone_through(text: str) -> None:
    other = [{"n": number, "name": f"finance_{number}"} for number in range(1000)]
    assert compiled(text).holds({"other": other, "parameters": {"team": "finance"}})


def test_a_pattern_takes_time_that_is_linear_in_the_text() -> None:
    for pattern in ("(a+)+$", "(a|aa)+$", "(a*)*b", "(?:a?){500}a{500}b"):
        assert not compiled(f"other.text.matches('{pattern}')").holds({"other": {"text": "a" * 20_000 + "!"}})


@pytest.mark.no_cover
def test_a_pattern_is_compiled_once_and_not_for_each_item() -> None:
    conditions.pattern_of.cache_clear()
    people = {"order": {"granteeObjectList": [{"granteeId": f"u{n}"} for n in range(5000)]}}
    text = r"event.order.granteeObjectList.exists(g, g.granteeId.matches('^(\\w{90}){2}@$'))"
    assert not holds(Approval, "approval-change-before-create", text, people)
    assert conditions.pattern_of.cache_info().misses == 1


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "text", ["event.order != event.order", "size(event.order.granteeObjectList) < 5", "event['x'] != event['x']"]
)
def test_what_is_copied_for_each_item_counts(text: str) -> None:
    people = {
        "order": {"granteeObjectList": [{"granteeId": f"u{n}"} for n in range(10_000)]},
        "x": {str(n): n for n in range(10_000)},
    }
    with pytest.raises(ConditionError, match="too long"):
        holds(Approval, "approval-change-before-create", f"event.order.granteeObjectList.exists(g, {text})", people)


def test_sixteen_megabytes_are_no_hardship() -> None:
    data = {"sqlText": "订" * 5_000_000}
    assert compiled("size(other.sqlText) == 5000000").holds({"other": value_of(None, data)})


# the engine

SAMPLES: Mapping[str, Kind] = {
    "true": BOOL,
    "7": INT,
    "7u": UINT,
    "7.5": DOUBLE,
    "'7'": STRING,
    "b'7'": BYTES,
    "null": NULL,
    "timestamp('2026-01-01T00:00:00Z')": TIMESTAMP,
    "duration('7s')": DURATION,
    "[7]": list_of(INT),
    "{'7': 7}": map_of(STRING, INT),
    "type(7)": cel.TYPE,
}
FITTING = {"timestamp('7')": "timestamp('2026-01-01T00:00:00Z')", "duration('7')": "duration('7s')"}


def checked(text: str) -> str:
    """What the engine is given for an expression of any kind; empty where it is refused."""
    try:
        return cel.check(cel.tokens(text), text, {}, expressions._value).text
    except ValueError:
        return ""


def engine(text: str, functions: Mapping[str, object]) -> str:
    """What the engine has against an expression."""
    loaded = conditions.engine()
    try:
        loaded.compile(text).execute(loaded.Context({}, functions))
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        return str(error)
    return ""


def unfit(said: str) -> bool:
    """Whether that is an operator or function which does not take its operands."""
    words = ("No such overload", "Undefined", "Unsupported", "Unexpected type", "cannot be used as", "Cannot")
    return any(word in said for word in words)


FUNCTION_CALLS = [
    FITTING.get(f"{name}({sample})", f"{name}({sample})")
    for name in (*cel._FUNCTIONS, "bool", "max", "min", "matches", "contains")
    for sample in SAMPLES
]
METHOD_CALLS = [
    f"{target}.{name}({argument})"
    for name in (*cel._METHODS, "int", "trim")
    for target in SAMPLES
    for argument in ("", "'UTC'", "7", "[7]")
]
OPERATIONS = [
    f"{left} {operator} {right}"
    for operator in (*cel._BINARY, "<", "<=", ">", ">=")
    for left, right in itertools.product(SAMPLES, SAMPLES)
]
LOOK_UPS = [f"{target}[{index}]" for target in SAMPLES for index in SAMPLES]
SELECTIONS = [f"{target}.x" for target in SAMPLES if target != "7"]
MACROS = [f"{target}.{name}(x, true)" for target in SAMPLES for name in cel._MACROS]
UNARIES = [f"{sign}{sample}" for sign in "!-" for sample in SAMPLES]


@pytest.mark.parametrize(
    "texts",
    [FUNCTION_CALLS, METHOD_CALLS, OPERATIONS, LOOK_UPS, SELECTIONS, MACROS, UNARIES],
    ids=["functions", "methods", "operators", "look-ups", "selections", "macros", "unaries"],
)
def test_what_is_taken_and_what_is_refused_is_what_the_engine_does(texts: list[str]) -> None:
    odd = {
        "-true",  # is false to the engine
        "[7] + {'7': 7}",  # is the list
        "{'7': 7}[7]",
        "{'7': 7}[7u]",
        "{'7': 7}[true]",  # are keys that are not there
    }
    taken = {text: engine(checked(text), conditions._FUNCTIONS) for text in texts if checked(text)}
    assert [text for text, said in taken.items() if unfit(said)] == []
    assert {text for text in texts if text not in taken and not unfit(engine(text, {}))} <= odd
    assert taken


@pytest.mark.parametrize("operator", ["==", "!=", "in", "&&", "||"])
def test_the_engine_answers_where_a_slip_is_more_likely(operator: str) -> None:
    """It finds `1 == "1"` false, and `1 || true` true; both are refused, and what is taken has an answer."""
    for left, right in itertools.product(SAMPLES, SAMPLES):
        text = f"{left} {operator} {right}"
        if checked(text):
            assert not unfit(engine(checked(text), conditions._FUNCTIONS))


def test_every_method_of_a_timestamp_has_one_for_timezones() -> None:
    assert conditions._PARTS.keys() == set(cel.PARTS)


WRITTEN: Mapping[str, tuple[str, ...]] = {
    "bool": ("true", "!({bool})", "{bool} && {bool}", "{bool} || {bool}", "{int} < {double}", "{string} == {string}",
             "{int} in {ints}", "{string}.contains({string})", "{ints}.exists(i, i > {int})", "has({map}.a)",
             "{strings}.all(s, s.startsWith({string}))", "{time} > {time}", "({bool} ? {bool} : {bool})",
             "{string} in {map}", "{ints} == {ints}", "event.urgent", "{int} >= {uint}", "{span} != {span}"),
    "int": ("3", "-3", "({int} + {int})", "({int} - {int})", "({int} % 7)", "size({string})", "{ints}.size()",
            "int({double})", "int({uint})", "{time}.getHours('UTC')", "{time}.getMonth()", "{span}.getMinutes()",
            "({bool} ? {int} : {int})", "event.rowCount", "{map}.a", "{ints}[0]", "event.files[0].fileSize"),
    "uint": ("3u", "0x1Fu", "({uint} + {uint})", "({uint} * 2u)", "(size({string}) == 1 ? 1u : 2u)"),
    "double": ("1.5", "({double} + {double})", "double({int})", "({double} / 2.0)", "event.ratio", "-1.5"),
    "string": ("'a'", "r'\\d'", "({string} + {string})", "string({int})", "string({time})", "event.nodeName",
               "({bool} ? {string} : {string})", "{strings}[0]", "string({double})"),
    "ints": ("[1, 2]", "({ints} + {ints})", "{ints}.filter(i, i < {int})", "event.includeNodeIds",
             "[{int}, {int}]", "event.files.map(f, f.fileSize)"),
    "strings": ("['a']", "({strings} + {strings})", "event.owners", "{map}.map(k, k)", "[{string}]"),
    "map": ("{{'a': {int}}}", "{{'a': 1, {string}: {int}}}"),
    "time": ("now", "timestamp('2026-01-01T00:00:00Z')", "({time} + {span})", "({time} - {span})"),
    "span": ("duration('90m')", "({time} - {time})", "({span} + {span})"),
}  # fmt: skip


def written(kind: str, depth: int, choice: random.Random, slip: float) -> str:
    """An expression of this kind, or by a slip of another."""
    if choice.random() < slip:
        kind = choice.choice(list(WRITTEN))
    forms = WRITTEN[kind] if depth else [form for form in WRITTEN[kind] if "{" not in form.replace("{{", "")]
    form = choice.choice(forms or ["{{'a': 1}}"])

    class Parts(dict[str, str]):
        def __missing__(self, name: str) -> str:
            return written(name, max(0, depth - 1), choice, slip)

    return form.format_map(Parts())


@pytest.mark.parametrize("slip", [0.0, 0.15])
def test_what_is_taken_never_fails_for_its_kinds(slip: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random expressions, right ones and ones with slips; where kinds are mixed to `dyn`, they may fail."""

    def join(kinds: Any) -> Kind:  # noqa: ANN401  as the original
        found = list(kinds)
        if any(kind != found[0] for kind in found):
            raise ValueError("mixed")
        return found[0] if found else DYN

    monkeypatch.setattr(cel, "join", join)
    choice = random.Random(20260301)  # noqa: S311  the same expressions every time
    kinds = {name: kind for name, kind in KINDS.items() if name != "other"}
    loaded = conditions.engine()
    context = loaded.Context({**VARIABLES, "now": conditions._utc(VARIABLES["now"])}, conditions._FUNCTIONS)
    taken, refused = 0, []
    for _ in range(2000):
        text = written("bool", choice.randint(1, 3), choice, slip)
        if len(text) > cel.MAX_CHARS:
            continue
        try:
            found = cel.check(cel.tokens(text), text, kinds, expressions._value)
        except ValueError as error:
            refused.append(str(error))
            continue
        said, outcome = "", None
        try:
            outcome = loaded.compile(found.text).execute(context)
        except (ArithmeticError, LookupError, RuntimeError, TypeError) as error:
            said = str(error)
        taken += 1
        assert not unfit(said), text
        assert said or found.kind != BOOL or isinstance(outcome, bool), text
    assert taken > 1000
    slipped = [one for one in refused if "inside more than" not in one and "another map" not in one]
    assert bool(slipped) is bool(slip)


# loading the engine


def test_the_command_line_of_the_binding_is_never_imported() -> None:
    """It needs packages that are not deployed; `-I -S` leaves nothing but what the path names."""
    script = """
import sys
sys.path[:0] = sys.argv[1:]
from extension import cel, conditions, expressions
assert "cel.cel" not in sys.modules
condition = expressions.compile("x > 1 && size('a') == 1", {"x": cel.INT})
assert condition.holds({"x": 2}) and not condition.holds({"x": 1})
print(sorted({"typer", "rich", "prompt_toolkit", "cel", "cel.cli", "re2", "zoneinfo"} & sys.modules.keys()))
"""
    site = Path(msgspec.__file__).parents[1]
    done = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, "-I", "-S", "-c", script, str(ROOT), str(site)], capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_an_engine_that_is_loaded_already_is_taken() -> None:
    loaded = conditions.engine()
    conditions.engine.cache_clear()
    assert conditions.engine() is loaded


def test_an_engine_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "cel.cel", raising=False)
    monkeypatch.setattr(sys, "path", [])
    conditions.engine.cache_clear()
    with pytest.raises(ModuleNotFoundError, match="common-expression-language is not installed"):
        conditions.engine()
