"""Inputs that nobody thought of: any JSON, any event, any rule, any policy text, for properties that hold for all.

What is drawn is likely where that leads further (fields by their names, values that lists have in them), and odd
everywhere else.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import extension.sql.reading  # noqa: F401  it raises the limit of recursion, which Hypothesis minds within a test
from extension import catalogue, cel, envelopes, events, policy, windows
from extension.checks import Check, files, quality, tables
from extension.checks.registry import BY_ID
from extension.dataworks import Credentials
from extension.errors import PolicyError
from extension.events import Callback, Event, FileSnapshot, Instance, Missing, Payload, TableSnapshot
from extension.rules import Policy
from extension.settings import (
    ColumnNames,
    Count,
    Flag,
    Guids,
    Known,
    Names,
    Networks,
    Numbers,
    Pattern,
    Size,
    TableNames,
    kind_of,
    read,
)
from tests.cases import EVENTS, WHO

T = TypeVar("T")

Json = dict[str, object]

_TIMES = int(os.environ.get("EXAMPLES", "1"))


def examples(number: int) -> settings:
    """Settings of a property: so many examples, the same ones in every run.

    With EXAMPLES=100 in the environment it is a hundred times as many, and others in every run.
    """
    return settings(
        max_examples=number * _TIMES,
        derandomize=_TIMES == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),  # they measure time, and this machine's is not that of the next
    )


# any JSON

HUGE = "<a number that no float can hold>"
"""Stands for 1e400, which JSON can say and Python cannot."""

ODD = (
    *("\u202a", "\u202e", "\u2066", "\u2069", "\u200b", "\u200d", "\u200c", "\ufeff", "\u00ad", "\u2060", "\u061c"),
    *("\u034f", "\u3164", "\u2800", "\ufe0f", "\U000e0001", "\U000e0041", "\U0001f3fd", "\U0001f1e8", "\U0001f1f3"),
    *("\0", "\x07", "\x1b[31m", "\x7f", "\x85", "\x9b", "\r\n", "\n", "\t", "\u2028", "\u2029", "\ud800", "\udc00"),
    *("<script>alert(1)</script>", "<b>", "&lt;", "</td>", "](javascript:x)", "'", '"', "`", "\\", "$", "#", ";"),
    *("{", "}", "{0.__class__}", "{rule}", "{operator!r}", "{:>9999999}", "%s", "%(a)s", "%n", "${x}", "{{", "}}"),
    *("e\u0301", "\u0301" * 5, "👨‍👩‍👧", "🇨🇳", "👍🏽", "ｆｕｌｌ", "İ", "ß", "ﬀ", "數", "表", "é"),
    *(" ", "\u3000", "\xa0", "*", "?", "."),
    *("true", "null", "NaN", "-1", "0", "00", "1e400", "[]", "{}", "[1]", '{"a": 1}', '"', "--", "/*", "*/", "' or '"),
)
"""What texts are made of that means something to somebody: a terminal, a browser, a template, a database."""

_LONGEST = 10**4_299
"""A number with as many digits as Python takes from a text."""

_LONG = ("a" * 2_000, "数" * 2_000, "a b " * 1_000, "\u202e" * 2_000, "\n" * 2_000, "e\u0301" * 1_000, "9" * 5_000)


def texts(most: int = 20) -> SearchStrategy[str]:
    """Any text, of which halves of surrogate pairs can be a part; now and then a long one."""
    parts = st.lists(st.sampled_from(ODD) | st.text(max_size=4), max_size=6).map("".join)
    return st.text(max_size=most) | parts | st.sampled_from(ODD) | st.sampled_from(_LONG)


_NUMBERS = st.one_of(
    st.integers(-2, 3),
    st.integers(),
    st.sampled_from((2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**40, _LONGEST)),
    st.floats(),
)


def _nested(depth: int) -> object:
    value: object = 0
    for number in range(depth):
        value = {"a": value} if number % 2 else [value]
    return value


@cache
def values() -> SearchStrategy[object]:
    """Any value of JSON, those that only lenient parsers take among them."""
    leaves = st.one_of(st.none(), st.booleans(), _NUMBERS, st.just(HUGE), texts(), st.sampled_from(_words()))
    wide = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts(8), inner, max_size=4),
        max_leaves=6,
    )
    return wide | wide.map(lambda value: encode(value).decode()) | st.integers(1, 50).map(_nested)


def encode(value: object, *, escaped: bool = True) -> bytes:
    """JSON text of a value, with everything that is not ASCII `escaped`, or as it is where UTF-8 can say it."""
    text = json.dumps(value, ensure_ascii=escaped).replace(json.dumps(HUGE), "1e400")
    try:
        return text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return encode(value)


# events

SQL = (
    *("select 1", "select * from hr.users", "select phone, count(*) from hr.users where ds = '${bizdate}' group by 1"),
    *("select max_pt('a.b') from a.b", "select a.phone from hr.users a join shop.t b on 1 = 1 limit 10", "", ";;"),
    *("insert overwrite table a.b partition (ds = '1') select * from c", "drop table hr.users", "set a = b; select 1"),
    *("@a := select id from hr.t; select * from @a", "with q as (select * from hr.t) select * from q", "import os"),
    *("select 'it''s', \"x\", `phone` from hr.users -- rest", "select 'not closed from hr.users", "/* open", "sel ect"),
    *("select case when a then b end from ${table}", "create table a.b as select * from hr.users limit 20", "()" * 30),
)
"""Texts of SQL that checks on it have something to say about."""

_NAMED = ("odps_first", "hr.users", "odps.hr.users", "198.51.100.7", "::1", "role_project_dev", "2022-04-17", "asc")


@cache
def _words() -> tuple[str, ...]:
    """Texts that documented events and settings have in them."""
    found = {text for name in SAMPLES for text in _texts_in(SAMPLES[name])}
    known = {name for check in BY_ID.values() for kind in _kinds(check) for name in getattr(kind, "KNOWN", ())}
    return (*sorted(found | known), *_NAMED, *SQL)


def _texts_in(value: object) -> Iterator[str]:
    """Texts and keys at any depth."""
    if isinstance(value, dict):
        yield from value
    elif isinstance(value, str):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        yield from _texts_in(each)


def _kinds(check: Check) -> list[type[Any]]:
    return [kind_of(field) for field in msgspec.structs.fields(check.settings)]


SAMPLES: Mapping[str, Json] = {
    path.name.removesuffix(".json"): json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(EVENTS.glob("*.json"))
}
"""Every documented event, by the name of its file."""


@cache
def payloads(struct: type[Payload]) -> SearchStrategy[Json]:
    """What an event says: any of the fields of `struct`, each as it is documented or as anything else."""
    return st.fixed_dictionaries(
        {}, optional={name: likely(kind) | values() for _, name, kind in events.fields(struct)}
    )


def likely(kind: Any) -> SearchStrategy[Any]:  # noqa: ANN401  what kind a field is of, is known at run time only
    """Values of a field, in each of the forms in which the platform sends them."""
    part, items = events.shape(kind)
    if part or items:
        whole = payloads(kind) if part else st.lists(likely(items), max_size=4)
        return whole | whole.map(lambda value: encode(value).decode())
    if kind is str:
        return st.sampled_from(_words()) | texts() | st.integers(0, 200_000)
    if kind is bool:
        return st.sampled_from((True, False, "true", "false", "1", 0))
    numbers = st.integers(0, 12) | st.integers(0) | st.sampled_from((*files.FILE_TYPES, _LONGEST))
    return numbers | numbers.map(str)


class Delivered(NamedTuple):
    """A delivery, and what must become of it: which API takes the verdict, None for none."""

    body: bytes
    message_id: str
    callback: Callback | None


_IDS = st.uuids().map(str) | texts(8).filter(lambda text: bool(text.strip()) and text.isprintable())
_UNKNOWN = ("pre-something-new", "download-resources ", "DOWNLOAD-RESOURCES", "x" * 300, "<b>\u202e")
"""Codes that are in no catalogue, but for the second: blanks around a code do not count."""


@st.composite
def deliveries(draw: st.DrawFn) -> Delivered:
    """An event in either envelope, of which it is clear whether anybody waits for a verdict, whatever else it says."""
    entry = draw(st.sampled_from(catalogue.ENTRIES))
    code = draw(st.sampled_from((entry.code, entry.code, entry.event_type, *_UNKNOWN)))
    known = catalogue.BY_CODE.get(code.strip()) or catalogue.BY_TYPE.get(code)
    data = draw(payloads(entry.payload) if entry.payload else st.dictionaries(texts(8), values(), max_size=3))
    data.pop("eventCode", None)
    blocks = draw(st.sampled_from((True, False, "true", "false", None)))
    silent = str(blocks).lower() == "false"
    callback = known.callback if known else Callback.EXTENSION
    message_id = draw(_IDS)
    who: Json = draw(st.sampled_from((WHO, {}, {"operatorUid": 1}, {"projectId": "1", "operator": "\u202e{0}"})))
    extra = draw(st.dictionaries(st.sampled_from(("aliyunpublishtime", "time", "aliyunregionid")), values()))
    if draw(st.booleans()):
        envelope: Json = {**extra, "messageId": message_id, "eventType": code, "blockBusiness": blocks}
        message: Json = {**who, **data}
        envelope["messageBody"] = message if draw(st.booleans()) else encode(message).decode()
        callback = None if silent else callback
    else:
        named: Json = {"type": code} if draw(st.booleans()) else {}
        data |= {"blockBusiness": blocks} | ({} if named else {"eventCode": code})
        envelope = {**extra, **named, "id": message_id, "specversion": "1.0", "data": {**who, **data}}
        callback = None if silent and known is None else callback
    return Delivered(encode(envelope, escaped=draw(st.booleans())), message_id, callback)


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """A documented event with something else in some of its places, or with a piece of its text gone or doubled."""
    event = json.loads(json.dumps(draw(st.sampled_from(tuple(SAMPLES.values())))))
    for _ in range(draw(st.integers(0, 3))):
        _change(draw, event)
    body = encode(event, escaped=draw(st.booleans()))
    begin, end = sorted(draw(st.tuples(*[st.integers(0, len(body))] * 2)))
    how = draw(st.integers(0, 9))
    return body[:begin] + body[end:] if how == 0 else body[:end] + body[begin:] if how == 1 else body


def _change(draw: st.DrawFn, event: Any) -> None:  # noqa: ANN401  JSON
    """Put a value in the place of another, or take it away, at any depth."""
    key = draw(st.sampled_from(sorted(event) if isinstance(event, dict) else range(len(event)))) if event else None
    if key is None:
        return
    if isinstance(event[key], dict | list) and draw(st.integers(0, 3)):
        _change(draw, event[key])
    elif (how := draw(st.integers(0, 3))) == 0:
        del event[key]
    else:
        event[key] = encode(event[key]).decode() if how == 1 else draw(values())


def bodies() -> SearchStrategy[object]:
    """Anything that a function can be called with."""
    text = (values() | st.integers(50, 200).map(_nested)).map(encode)
    return st.one_of(st.binary(max_size=60), text, mutants(), mutants(), values(), text.map(bytes.decode))


_MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(9998, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001  see timezones


@st.composite
def completed(draw: st.DrawFn, code: str) -> Event[Any]:
    """An event of the catalogue with any payload, and what DataWorks can be asked for it, or why that is not there."""
    entry = catalogue.BY_CODE[code]
    data = draw(payloads(entry.payload) if entry.payload else st.dictionaries(texts(8), values(), max_size=3))
    who = draw(st.sampled_from((WHO, {}, {"operatorUid": 1, "queryDwProjectId": "1"})))
    body = encode({"messageId": "m-1", "eventType": code, "messageBody": {**who, **data}})
    return msgspec.structs.replace(
        envelopes.parse(body),
        time=draw(st.none() | _MOMENTS),
        file=draw(_had(payloads(FileSnapshot).map(partial(events.read, FileSnapshot)))),
        table=draw(_had(payloads(TableSnapshot).map(partial(events.read, TableSnapshot)))),
        instances=draw(_had(st.lists(payloads(Instance).map(partial(events.read, Instance)), max_size=3).map(tuple))),
        roles=draw(_had(st.frozensets(st.sampled_from(_words()) | texts(), max_size=30))),
        options=draw(st.dictionaries(st.sampled_from(_KEYS), values())),
        parameters=draw(_had(st.dictionaries(st.sampled_from(_PARAMETERS), st.sampled_from(_SWITCHES)))),
    )


def _had(strategy: SearchStrategy[T]) -> SearchStrategy[T | Missing]:
    """What was asked for, or now and then why it could not be had."""
    return strategy | strategy | strategy | st.just(Missing("GetX: HTTP 500: InternalError: <b>no</b>"))


# rules

_KEYS = ("limit", "result", "list")
_PARAMETERS = ("extension.project.disabled", "extension.project.enabled", "extension.file.fileType.disabled")
_SWITCHES = ("90214", "10", "1,2", "true", "false", "")


def _some(*choices: object) -> SearchStrategy[object]:
    """One of the choices or several, as a list."""
    return st.lists(st.sampled_from(choices), min_size=1, max_size=3)


_SETTINGS: Mapping[type, SearchStrategy[object]] = {
    Count: st.integers(0, 20) | st.integers(0, 10**9),
    Size: st.integers(0, 10**6) | st.sampled_from(("0B", "1kB", "10MB", "1.5GiB", "999TB")),
    Flag: st.booleans(),
    Pattern: st.sampled_from(
        ("a", ".*", "(?i)max_pt", "[a-z_]+", "(a|b)*c", r"\d+", "^$", "(?s).{0,999}", r"\p{Han}+")
    ),
    Networks: _some("10.0.0.0/8", "198.51.100.7", "::/0", "0.0.0.0/0", "2001:db8::/32"),
    windows.Weekly: _some("Sat - Sun", "Mon - Sun", "daily 23:00 - 06:00", "Fri 18:00 - Mon 08:00"),
    windows.Dates: _some("2026-11-11", "1970-01-01 .. 2998-12-31", "2026-11-10 20:00 .. 2026-11-12 02:00"),
    windows.Holidays: st.sampled_from(("CN", "DE-BY")),
    quality.Level: st.just("High"),
    files.FileTypes: _some(10, 6, 1221, "ODPS SQL", "py odps 3", 123456),
    files.BannedFunctions: _some("MAX_PT", "*", "get_*", "count", "?ax"),
    tables.ColumnTypes: _some("BIGINT", "STRING", "DECIMAL", "*INT*", "?"),
    tables.ColumnNames: _some("ds", "pt", "COLUMN"),
    Guids: _some("odps.hr.users", "odps.*", "*", "*.users", "holo.a.b", "emr_hive.a.b.c"),
    TableNames: _some("hr.*", "*", "*.users", "shop.t", "a.b.c", "*.?"),
    ColumnNames: _some("*.phone", "hr.users.id_card", "*", "hr.*.*", "*.p?one", "shop.*"),
    Numbers: _some("1", 90214, "149318", "*", "9*", "0", 1023),
    Names: _some("a", "*", "hr*", "odps_first", "12*", "?", "1", "ＨＲ", "role_project_dev", "Select", "[a]", "a?b*c"),
}
"""Values that a policy can give a setting, by its type."""


def _setting(kind: Any) -> SearchStrategy[object]:  # noqa: ANN401  a setting type
    if issubclass(kind, Known):
        return _some(*kind.KNOWN, "*", "z*")
    return next(_SETTINGS[each] for each in kind.__mro__ if each in _SETTINGS)


@cache
def settings_of(check: str) -> SearchStrategy[Json]:
    """What a policy can write under `with:` for a check, always valid."""
    struct = BY_ID[check].settings
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    drawn = st.fixed_dictionaries(
        {name: _setting(kind_of(field)) for name, field in fields.items() if field.required},
        optional={name: _setting(kind_of(field)) for name, field in fields.items() if not field.required},
    )

    def valid(given: Json) -> bool:
        try:
            struct(**{fields[name].name: read(fields[name], value) for name, value in given.items()})
        except ValueError:
            return False
        return True

    return drawn.filter(valid)


_BY_KIND: Mapping[str, tuple[str, ...]] = {
    "string": (
        *('{0} == "a"', "size({0}) > 3", '{0}.contains("a")', '{0}.matches("[a-z]+")', '{0} in ["1", "a"]'),
        "int({0}) > 1",
    ),
    "int": ("{0} > 10", "{0} / {0} == 1", "{0} % 2 == 0", "{0} * {0} > 9", "double({0}) < 1.5"),
    "bool": ("{0}", "!{0}"),
    "list": ("size({0}) > 1", "{0}[0] == {0}[1]", "{0}.exists(x, x == x)", "{0}.all(x, {0}.exists(y, x != y))"),
    "record": ("has({0}.x) || true", "{0} == {0}"),
    "dyn": ("{0} == 1", "string({0}) != {0}", "{0}.a.b > 3", "size({0}) > 0", "{0} + 1 > 1"),
}
_ANYWHERE = (
    *('operator.id == "149318"', '"a" in operator.roles', 'operator.ids.exists(i, i.startsWith("1"))', "true", "1 > 2"),
    *('now.getHours("Asia/Shanghai") > 8', "now.getDayOfWeek() in [0, 6]", 'workspace.id == "90214"', "1 / 0 == 1"),
    *('event["newField"] == 1', 'event["a"]["b"].c > timestamp("2026-01-01T00:00:00Z")', 'parameters["a"] == "b"'),
)
_OF_SQL = (
    *('"hr.users" in sql.tables', "sql.length > 10", "sql.limit > 100", "!sql.readable", "sql.cross_joins > 0"),
    *('sql.columns.exists(c, c.endsWith(".phone"))', '"DROP" in sql.statements && sql.written == []'),
)


@cache
def conditions_of(codes: frozenset[str]) -> SearchStrategy[str]:
    """Conditions that a rule for these events can have."""
    variables = policy.variables(codes)
    fields = variables["event"].fields
    of_fields = [
        template.format(f"event.{name}")
        for name, kind in sorted(fields.items())
        if name.isidentifier()
        for template in _BY_KIND.get(kind.name, ())
    ]
    texts_of = st.sampled_from((*of_fields, *_ANYWHERE, *(_OF_SQL if "sql" in variables else ())))
    joined = st.tuples(texts_of, st.sampled_from((" && ", " || ")), texts_of).map("".join)
    return (texts_of | joined).filter(lambda text: len(text) <= cel.MAX_CHARS and _compiles(text, codes))


@cache
def _compiles(text: str, codes: frozenset[str]) -> bool:
    """Whether a policy takes a condition: of a field's kind not everything can be asked."""
    rule = {"id": "a", "on": sorted(codes), "when": text}
    try:
        policy.parse(encode({"version": 1, "rules": [rule]}), "p")
    except PolicyError:
        return False
    return True


_RESULTS = st.sampled_from(("FAIL", "WARN"))
_GIVEN = st.sampled_from(("FAIL", "WARN", "OK"))
_WHOM = st.sampled_from(("90214", 1, ["1", "9*"], "149318"))
_EXEMPT = st.fixed_dictionaries(
    {"until": st.sampled_from(("2026-12-31", "9999-12-31"))},
    optional={
        "operator": _WHOM,
        "workspace": _WHOM,
        "table": st.sampled_from(("*", "hr.*")),
        "reason": st.just("audit"),
    },
).filter(lambda entry: not {"operator", "workspace", "table"}.isdisjoint(entry))
_NARROWING: Mapping[str, SearchStrategy[object]] = {
    "workspaces": _WHOM,
    "except_operators": _WHOM,
    "from": st.sampled_from(("2026-01-01", "1970-01-01 08:00")),
    "until": st.sampled_from(("2027-01-01T00:00:00+08:00", "9999-12-31")),
    "exempt": st.lists(_EXEMPT, min_size=1, max_size=2),
}
_SAYING = ("{operator}", "{workspace}", "{time}", "{event}", "{rule}", " ", "请重试。", "No", "{{x}}", "\n")
_OTHERS: Mapping[str, SearchStrategy[object]] = {
    "result": _RESULTS,
    "on_error": _GIVEN,
    "on_timeout": _GIVEN,
    "on_unreadable": _GIVEN,
    "message": st.lists(st.sampled_from(_SAYING), min_size=1).map("".join).filter(lambda text: bool(text.strip())),
    "severity": st.sampled_from(("low", "critical")),
    "owner": st.sampled_from(("data-governance", "李雷 <li@example.com>")),
    "help": st.sampled_from(("https://example.com/a?b=c&d=<e>", f"https://example.com/{'a' * 400}")),
}


def checks_of(codes: frozenset[str]) -> list[str]:
    """Checks that judge any of the events."""
    return sorted(check.id for check in BY_ID.values() if check.events & codes)


@st.composite
def rules(draw: st.DrawFn, codes: frozenset[str], check: str | None = None, *, plainly: bool = False) -> Json:
    """A rule for some of the events, without its id: of a check, or of any, or of none but a condition.

    `plainly` without what narrows it: neither scope nor exemption nor condition.
    """
    names = st.sampled_from(checks_of(codes))
    chosen = check or draw(names if plainly else names | names | st.none())
    on = sorted(codes & BY_ID[chosen].events if chosen else codes)
    rule: Json = {"on": on}
    if chosen:
        rule |= {"check": chosen, "with": draw(settings_of(chosen))}
    if not chosen or (not plainly and draw(st.integers(0, 3)) == 0):
        rule["when"] = draw(conditions_of(frozenset(on)))
    rule |= draw(st.fixed_dictionaries({}, optional={**_OTHERS, **({} if plainly else _NARROWING)}))
    if chosen and draw(st.integers(0, 3)) == 0:
        parameters = [field.encode_name for field in msgspec.structs.fields(BY_ID[chosen].settings)]
        rule["options"] = {draw(st.sampled_from(("result", *parameters))): draw(st.sampled_from(_KEYS))}
    return rule


ABOVE = st.fixed_dictionaries(
    {"version": st.just(1)},
    optional={
        "language": st.sampled_from(("zh", "en")),
        "timezone": st.sampled_from(("Asia/Shanghai", "America/Los_Angeles", "UTC")),
        "defaults": st.fixed_dictionaries({}, optional={"on_error": _GIVEN, "on_unreadable": _GIVEN}),
        "sql": st.builds(
            lambda: {"projects": {"odps_first": "shop", "*": "lab"}, "engines": {"odps_first": "hologres"}}
        ),
    },
)
"""What a policy can say above its rules."""


def policy_of(above: Json, given: Sequence[Json]) -> Policy:
    """The policy with these rules, numbered where they have no id. Fails where they do not validate."""
    numbered = [{"id": f"r{number}", **rule} for number, rule in enumerate(given, start=1)]
    return policy.parse(encode({**above, "rules": numbered}, escaped=False), "policy.yaml")


# policy texts

_PIECES = (
    *("version: 1\n", "rules:\n", "  - id: a\n", "    on: download-resources\n", "    check: download.rows\n"),
    *("    with: {max: 1}\n", "    when: 'true'\n", "    result: FAIL\n", "language: zh\n", "checks: [x.py]\n"),
    *("    exempt: [{operator: {list: a}, until: 2026-12-31}]\n", "sql: {projects: {a: b}}\n", "timezone: UTC\n"),
    *("lists:\n", "  a: [1]\n", "&a ", "*a ", "<<: ", "!!python/object/apply:os.system ", "!x ", "%YAML 1.1\n", "? "),
    *("---\n", "...\n", "- ", ": ", "[", "]", "{", "}", ",", '"', "'", "|\n", ">\n", "#", "\t", "  ", "\n", "\ufeff"),
    *("0777", "1e999", "12:30", ".inf", '"\\ud800"', '"\\0"', "on", "yes", "~", "{list: a}", "{list: [a]}", "9" * 200),
    *("(" * 60, "\u202e", "\x85", "\u2028"),
)
"""Pieces of YAML, of policies and of other things."""


def like_yaml() -> SearchStrategy[bytes]:
    """Texts that have something of a policy."""
    return st.lists(st.sampled_from(_PIECES) | texts(4), max_size=30).map(
        lambda parts: "".join(parts).encode(errors="surrogatepass")
    )


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A valid policy with something else in some of its places."""
    codes = draw(st.sets(st.sampled_from(sorted(catalogue.BY_CODE)), min_size=1, max_size=2).map(frozenset))
    given = draw(st.lists(rules(codes), min_size=1, max_size=3))
    whole = {**draw(ABOVE), "rules": [{"id": f"r{number}", **rule} for number, rule in enumerate(given)]}
    for _ in range(draw(st.integers(1, 3))):
        _change(draw, whole)
    return encode(whole, escaped=False)


# secrets


def _lines(text: str) -> tuple[str, ...]:
    """The lines of a text, in which ¶ stands for a line end of their own."""
    return tuple(line.replace("¶", "\n") for line in text.strip("\n").split("\n"))


_QUOTED = _lines(r"""
'@'
"@"
'a @ b'
'from @'
'select * from @ where @ = 1'
'it''s @'
'it\'s @'
'\\@'
'@.@'
'@(1)'
'insert into @ values'
'drop table @'
'-- @'
'/* @'
';@;'
'${@}'
'`@`'
'a¶@¶'
N'@'
date '@'
'@' '@'
'a'/*@*/'b'
-- @¶
--from @¶
/* @ */
/* from @ */
/* a /* b */ @ */
/*+ mapjoin(@) */
/**@**/
concat('@', a)
'%@%'
get_json_object(a, '$.@')
cast('@' as string)
""")
"""Where no name stands: text in quotes, and comments. In double quotes is a text, too, to the engines of `_SOURCES`."""

_STATEMENTS = _lines(r"""
select {} from hr.users
select a, {} as b from hr.users where c = {} limit 10
select * from hr.users where phone = {} and ds in ({}, {})
select case when a = {} then {} else b end from hr.users
select max_pt({}) from hr.users
select * from (select {} as x) t join hr.users
select * from values ({}, {}) t (a, b)
select * from hr.users lateral view explode(split({}, a)) t
select transform({}) using {} as (a) from hr.users
with q as (select {} as k) select * from q, hr.users
insert into a.b values ({}, 1)
insert overwrite table a.b partition (ds = {}) select * from hr.users
merge into a.b using hr.users on b.k = {} when matched then update set v = {}
delete from hr.users where a in ({})
create table a.b (c string comment {}) comment {}
alter table a.b set tblproperties ({} = {})
alter table a.b add partition (ds = {}) location {}
load data inpath {} into table a.b
unload from a.b into location {}
set a = {}; select phone from hr.users
@a := {}; select 1
execute immediate {}
call p({})
use {}
grant select on a.b to user {}
tunnel upload {} a.b
add jar {}
x = {}¶print(x)
echo {} | grep a
{} select 1
select 1 {}
{}
""")
"""Statements, in good SQL and in none."""

_BEFORE = _lines(r"""

select 'not closed
/*
`
"
sel ect from where;¶
$
\
select 1;¶
'it\'s'
#
""")
_BEHIND = _lines(r"""

'
¶-- '
 from
;
 group by (
 /*
"
`
\
;¶select * from hr.users
""")
"""What makes a text of SQL one that engines read in different ways, or none."""


@st.composite
def secret_sql(draw: st.DrawFn) -> tuple[str, str]:
    """SQL, or what looks like it, and the mark that stands in it where no name stands.

    A quote that is not closed before it is of another kind: else it would be the other way round, and the mark a name.
    """
    mark = draw(st.text("bcdfghjkmpqrtvwxyz", min_size=9, max_size=9).map("zq{}".format))
    hidden = draw(st.sampled_from(_QUOTED)).replace("@", mark)
    text = draw(st.sampled_from(_STATEMENTS)).replace("{}", hidden)
    before = draw(
        st.sampled_from(_BEFORE).filter(lambda each: not any(each.count(q) % 2 and q in hidden for q in "'\"`"))
    )
    return f"{before} {text}{draw(st.sampled_from(_BEHIND))}", mark


_FILE_TYPES = (10, 24, 227, 6, 1221, 11)
_SOURCES = ("odps_first", "my_mysql", "a_hive", "unknown")
"""Engines that take a text in double quotes for a text."""


@st.composite
def about(draw: st.DrawFn, text: str) -> tuple[bytes, Json]:
    """A delivery about a text of SQL, and what DataWorks says of the file that it is in."""
    code = draw(st.sampled_from(("download-resources", "download-resources-execute", "commit-file", "run-file")))
    data: Json = {**WHO, "eventCode": code, "operatorUid": "1", "datasourceName": draw(st.sampled_from(_SOURCES))}
    data |= {"fileType": draw(st.sampled_from(_FILE_TYPES)), "fileName": "a"}
    if code.startswith("download"):
        data["sqlText"] = text
    envelope: Json = {"messageId": "m-1", "eventType": code, "messageBody": data}
    if draw(st.booleans()):
        envelope = {"id": "m-1", "specversion": "1.0", "data": data}
    return encode(envelope), {"CommittedFile": {"Content": text, "FileType": data["fileType"]}}


_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="


def keys() -> SearchStrategy[Credentials]:
    """Temporary credentials as RAM gives them."""
    names = st.text("ABCDEF0123456789", min_size=16, max_size=24).map("STS.{}".format)
    secret = st.text(_SIGNS, min_size=24, max_size=60)
    return st.builds(Credentials, names, secret, secret)
