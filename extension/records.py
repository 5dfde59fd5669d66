"""What is kept of a judged event: enough to show why it was decided, and to judge it again under another policy.

A record holds neither SQL nor code nor receivers of notifications; `withheld` names what was there and is left out. In
the place of SQL and code stands what checks read of it: tables, columns, functions, sizes, counts.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from itertools import accumulate
from math import isfinite
from typing import Any, TypeVar

import msgspec

from extension import catalogue, envelopes, events, queries
from extension.deliveries import Callback
from extension.events import (
    NEVER_KEPT,
    UNRECORDED,
    WITHHELD,
    Delivery,
    Event,
    FileSnapshot,
    Instance,
    Missing,
    Payload,
    TableSnapshot,
    Unknown,
    known,
)
from extension.payloads import FileOperation
from extension.sql.facts import Analysis, Code, Statement
from extension.verdict import Asked, Judged, Language, Mode, Result, Severity, Text, Verdict, clean

MAX_BYTES = 64 * 1024
"""Most that a record holds, unless somebody says otherwise, of what an event says with the paths of what is withheld,
of what the SQL or code says, and of each answer of the platform. Of what is more it holds nothing, and says so.
"""

MAX_FINDINGS, MAX_FINDINGS_BYTES, MAX_CHARS = 100, 256 * 1024, 1000
"""Most findings that it holds, what they take together, and the longest text of one."""

MAX_NOTES = 100
"""Most warnings that it holds, and most questions to the platform."""

ALL = "*"
"""In `withheld`: nothing of what the event said is kept, for it was too much."""


class Found(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A finding, in both languages. `names` are the tables, columns and functions in it, and `lines` where they stand.

    `judged` is False where the rule could not be judged, `error` says why; `exempt` why it does not count.
    """

    rule: str
    check: str = ""
    result: Result
    mode: Mode = Mode.ENFORCE
    severity: Severity | None = None
    owner: str = ""
    help: str = ""
    exempt: str = ""
    judged: bool = True
    error: str = ""
    en: str
    zh: str
    names: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()


class Answers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the platform was asked for the event; None for what it was not, or did not answer."""

    roles: tuple[str, ...] | None = None
    options: Mapping[str, object] | None = None
    parameters: Mapping[str, str] | None = None
    file: Mapping[str, object] | None = None
    """The snapshot, without the code."""
    table: Mapping[str, object] | None = None
    instances: tuple[Mapping[str, object], ...] | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One verdict. Ids sort by the moment of judging; texts are as `verdict.clean` leaves them.

    But for those in `data` and `answers`, which are as they came: who shows them has to make them harmless.
    """

    id: str
    """`20261127T083015123456-1a2b3c4d5e6f`: when it was judged, in UTC, and a digest of what."""
    at: datetime
    """When it was judged, in UTC."""
    occurred: datetime | None = None
    """When it happened, by the platform."""
    code: str
    """Event code."""
    delivery: Delivery
    message_id: str
    request_id: str = ""
    region: str = ""
    workspace: str = ""
    operator: str = ""
    operators: tuple[str, ...] = ()
    """All ids that the message gives for the user."""
    waits: bool = False
    """Whether somebody waited for the verdict."""
    thread: str = ""
    """The same for the same operation by the same user: what is checked again comes under the same one."""
    data: Mapping[str, object] = {}
    """What the event said, by the platform's names, without what is withheld."""
    withheld: tuple[str, ...] = ()
    """Paths in `data` of what was there: `sqlText`, `order.items[0].note`; `*` for everything.

    Those of fields that the documents do not have are among them: nobody knows what is in these.
    """
    answers: Answers = Answers()
    sql: Code | None = None
    """What checks read of SQL or code."""
    outline: str = ""
    """SQL without literals and comments, where the policy has `log: {sql: outline}`."""
    result: Result
    switch: str = ""
    """EXTENSION_MODE where it is not enforce."""
    policy: str
    """Which policy decided: file and digest."""
    language: Language
    findings: tuple[Found, ...] = ()
    findings_total: int = 0
    rules: tuple[str, ...] = ()
    """Rules that decided: with a finding that counts, in the order of the file."""
    warnings: tuple[str, ...] = ()
    asked: tuple[Asked, ...] = ()
    callback: Callback
    judged_ms: float
    total_ms: float

    def __repr__(self) -> str:
        """The id alone: what people do shall not end in a log or a traceback."""
        return f"Record({self.id!r})"


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a record is made of, kept until there is time to make it: the event as it was judged, and all around it."""

    event: Event[Any]
    verdict: Verdict
    callback: Callback
    at: datetime
    request_id: str
    switch: str
    judged_ms: float
    total_ms: float

    @property
    def id(self) -> str:
        """The id of its record."""
        return identity(self.event, self.verdict.policy, self.at)


def identity(event: Event[Any], policy: str, at: datetime) -> str:
    """The id of the record of an event that is judged under a policy at a moment in UTC."""
    what = f"{event.message_id}\n{event.code}\n{event.delivery}\n{policy}"
    return f"{at:%Y%m%dT%H%M%S%f}-{sha256(what.encode(errors='surrogatepass')).hexdigest()[:12]}"


ID = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9a-f]{12}")
"""What the id of a record is like."""


def record(judgement: Judgement, most_bytes: int = MAX_BYTES) -> Record:
    """Make the record of an event. SQL that no rule read is read now.

    `most_bytes` is the most that is kept of what the event says, of its SQL or code, and of each of the platform's
    answers.
    """
    event, verdict = judgement.event, judgement.verdict
    data, withheld = _kept(event, most_bytes)
    counted = [each for each in verdict.findings if each.mode is Mode.ENFORCE and each.result is not Result.OK]
    workspace, operator = ("".join(known(each)) for each in (event.workspace, event.operator))
    return Record(
        id=judgement.id,
        at=judgement.at,
        occurred=event.time.astimezone(UTC) if event.time else None,
        code=clean(event.code),
        delivery=event.delivery,
        message_id=clean(event.message_id),
        request_id=clean(judgement.request_id),
        region=clean(event.region),
        workspace=clean(workspace),
        operator=clean(operator),
        operators=tuple(map(clean, event.operators)),
        waits=event.callback is not None,
        thread=_thread(event),
        data=data,
        withheld=withheld,
        answers=_answers(event, verdict, most_bytes),
        sql=_code(event, most_bytes),
        outline=clean(str(verdict.sql.get("outline", "")), MAX_CHARS),
        result=verdict.result,
        switch=judgement.switch,
        policy=verdict.policy,
        language=verdict.language,
        findings=_all_found(verdict),
        findings_total=len(verdict.findings),
        rules=tuple(dict.fromkeys(each.rule for each in counted)),
        warnings=tuple(clean(warning, MAX_CHARS) for warning in (*event.doubts, *verdict.warnings)[:MAX_NOTES]),
        asked=tuple(
            msgspec.structs.replace(each, error=clean(each.error, MAX_CHARS)) for each in verdict.asked[:MAX_NOTES]
        ),
        callback=_callback(judgement.callback),
        judged_ms=judgement.judged_ms,
        total_ms=judgement.total_ms,
    )


_ALSO_KEPT = frozenset({*envelopes.WHO, "eventCode", "targetEngineType"})
"""What is read of a message besides the facts of its struct."""


def _kept(event: Event[Any], most_bytes: int) -> tuple[Mapping[str, object], tuple[str, ...]]:
    """What the event said, and the paths of what is left out of it.

    Of what is too much nothing is kept; who and where are said elsewhere in the record, but for ids that are no plain
    text: these are named, too.
    """
    withheld: list[str] = []
    try:
        data = dict(_part(Payload if event.payload is None else type(event.payload), event.data, "", withheld))
        size = len(msgspec.json.encode((data, withheld)))
    except (ValueError, RecursionError):
        size = most_bytes + 1
        data = {}
    if size <= most_bytes:
        return data, tuple(withheld)
    ids = (name for name in envelopes.WHO if (text := events.text(event.data, name)) != clean(text))
    return {}, (ALL, *ids)


def _part(
    struct: type[Payload], data: Mapping[str, object], path: str, withheld: list[str]
) -> Iterator[tuple[str, object]]:
    """The facts that a struct declares, as the platform sent them. Raises ValueError where a name is no name."""
    kinds = {name: kind for _, name, kind in events.fields(struct)}
    if not path:
        kinds = dict.fromkeys(_ALSO_KEPT, str) | kinds
    for name, value in data.items():
        if value is None:
            continue
        kept = len(withheld)
        try:
            if name in kinds and name not in NEVER_KEPT:
                yield name, _value(kinds[name], value, f"{path}{name}", withheld)
                continue
        except ValueError:
            del withheld[kept:]  # what is in it goes with it
        if not _NAME_IN_A_PATH.fullmatch(name) or clean(name) != name:
            raise ValueError(path)
        withheld.append(f"{path}{name}")


_NAME_IN_A_PATH = re.compile(r"[^.*\[\]]+")


def _value(kind: Any, value: object, path: str, withheld: list[str]) -> object:  # noqa: ANN401  see events
    """A value as it was sent, without what no struct declares. Raises ValueError for what it should not be."""
    part, items = events.shape(kind)
    if (part or items) and isinstance(value, str):
        value = events.decoded(value, path)
    if part:
        if not isinstance(value, dict):
            raise ValueError(path)
        return dict(_part(kind, value, f"{path}.", withheld))
    if items:
        if not isinstance(value, list):
            raise ValueError(path)
        return [_value(items, item, f"{path}[{number}]", withheld) for number, item in enumerate(value)]
    if isinstance(value, str):
        value.encode()  # raises for half of a surrogate pair
        return value
    if isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return value
    raise ValueError(path)


_OF_AN_OPERATION = re.compile(r"(?i).*(id|ids|guid|guids|name|names|type)$")
_OF_A_MESSAGE = frozenset({"messageId", "eventCode", "extensionBizId", "checkId"})


def _thread(event: Event[Any]) -> str:
    """The same for the same operation by the same user: by the ids and names at the top of what the event says."""
    facts = sorted(
        (name, str(value))
        for name, value in event.data.items()
        if _OF_AN_OPERATION.fullmatch(name) and name not in _OF_A_MESSAGE and isinstance(value, str | int | list)
    )
    what = repr((event.code, known(event.workspace), event.operators, facts))
    return sha256(what.encode(errors="surrogatepass")).hexdigest()[:16]


_T = TypeVar("_T")


def _fitting(value: _T | None, most_bytes: int) -> _T | None:
    """A value, None where it is too much, or JSON cannot say it."""
    try:
        return value if len(msgspec.json.encode(value)) <= most_bytes else None
    except (ValueError, TypeError, RecursionError):
        return None


def _answers(event: Event[Any], verdict: Verdict, most_bytes: int) -> Answers:
    """What the platform answered. Where a workspace has set none of its options, that is an answer, too."""
    answered = any(each.action == "GetOptionValueForProject" and not each.error for each in verdict.asked)
    file, table, instances = event.file, event.table, event.instances
    found = Answers(
        roles=tuple(sorted(event.roles)) if isinstance(event.roles, frozenset) else None,
        options=event.options if event.options or answered else None,
        parameters=event.parameters if isinstance(event.parameters, Mapping) else None,
        file=_snapshot(file) if isinstance(file, FileSnapshot) else None,
        table=_snapshot(table) if isinstance(table, TableSnapshot) else None,
        instances=tuple(map(_snapshot, instances)) if isinstance(instances, tuple) else None,
    )
    return Answers(**{name: _fitting(getattr(found, name), most_bytes) for name in Answers.__struct_fields__})


def _snapshot(payload: Payload) -> Mapping[str, object]:
    """The facts of a snapshot, by the platform's names, without code. What cannot be read is no better here: `{}`."""
    found: dict[str, object] = {}
    for attribute, name, _ in events.fields(type(payload)):
        fact = getattr(payload, attribute)
        if name in NEVER_KEPT:
            continue
        if isinstance(fact, Unknown):
            found |= {name: {}} if fact.reason is events.Reason.UNREADABLE else {}
        else:
            found[name] = [_snapshot(each) for each in fact] if isinstance(fact, tuple) else fact
    return found


def _code(event: Event[Any], most_bytes: int) -> Code | None:
    """What checks read of the SQL or code, None where there is none, or it was not asked of the platform."""
    if isinstance(event.payload, FileOperation) and not isinstance(event.file, FileSnapshot):
        return None
    found = queries.query(event)
    if isinstance(found, Unknown):
        return None
    analysis = found.analysis()
    held = None if isinstance(analysis, Unknown) or analysis.unread else _without_words(analysis)
    code = Code(
        digest=sha256(found.text.encode(errors="surrogatepass")).hexdigest()[:16],
        characters=len(found.text),
        size_bytes=len(found.text.encode(errors="surrogatepass")),
        engine=found.engine,
        project=found.project,
        analysis=held,
        calls=_calls(event, found),
    )
    return _fitting(code, most_bytes) or msgspec.structs.replace(code, project="", analysis=None, calls=None)


def _calls(event: Event[Any], found: queries.Query) -> tuple[tuple[int, str], ...] | None:
    """The calls in the code of a file, None where some of what looks like one may be a part of a text."""
    if not isinstance(event.payload, FileOperation):
        return None
    calls = tuple(queries.calls(found.text, event.payload))
    return tuple((line, function) for line, function, _ in calls) if all(sure for _, _, sure in calls) else None


def _without_words(analysis: Analysis) -> Analysis:
    """Statements without what only those have that could not be read."""

    def plain(statement: Statement) -> Statement:
        return msgspec.structs.replace(statement, words=frozenset())

    return msgspec.structs.replace(analysis, statements=tuple(map(plain, analysis.statements)))


def _callback(callback: Callback) -> Callback:
    """What became of the callback, with what the platform said of it made harmless."""
    return msgspec.structs.replace(
        callback,
        result=clean(callback.result),
        request_id=clean(callback.request_id),
        error=clean(callback.error, MAX_CHARS),
    )


def _all_found(verdict: Verdict) -> tuple[Found, ...]:
    """The first findings, as many as fit."""
    found = tuple(_found(each, verdict) for each in verdict.findings[:MAX_FINDINGS])
    sizes = accumulate(len(msgspec.json.encode(each)) for each in found)
    return tuple(each for each, size in zip(found, sizes, strict=True) if size <= MAX_FINDINGS_BYTES)


_NAME = re.compile(r"[\w$.*]+")
_NAMING = ("table", "tables", "column", "columns", "function", "functions", "name", "names")
_LINE = re.compile(r"(?<![0-9])[0-9]{1,9}(?![0-9])")
_MORE = re.compile(r" \(\+\d+\)\Z")
"""What stands behind the first of many: see `verdict.together`."""


def _found(judged: Judged, verdict: Verdict) -> Found:
    values = {name: value for name, value in judged.finding.values.items() if not isinstance(value, Text)}
    named = [_MORE.sub("", str(values[key])) for key in _NAMING if key in values] if judged.finding.judged else []
    names = dict.fromkeys(clean(name).casefold() for text in named for name in _NAME.findall(text))
    lines = [_MORE.sub("", str(values[key])) for key in ("line", "lines") if key in values]
    english, chinese = (msgspec.structs.replace(verdict, language=each) for each in (Language.EN, Language.ZH))
    return Found(
        rule=judged.rule,
        check=judged.check,
        result=judged.result,
        mode=judged.mode,
        severity=judged.severity,
        owner=clean(judged.owner),
        help=clean(judged.help, MAX_CHARS),
        exempt=clean(judged.exempt, MAX_CHARS),
        judged=judged.finding.judged,
        error=clean(judged.error, MAX_CHARS),
        en=clean(english.sentence(judged), MAX_CHARS),
        zh=clean(chinese.sentence(judged), MAX_CHARS),
        names=tuple(names)[:_MOST_NAMES],
        lines=tuple(map(int, _LINE.findall(" ".join(lines))[:_MOST_NAMES])),
    )


_MOST_NAMES = 20


def event_of(record: Record) -> Event[Any]:
    """The event of a record, to be judged again; facts that the record does not hold are `Unknown`, as UNRECORDED.

    What the platform was not asked is `Missing`, with UNRECORDED for the reason.
    """
    entry = catalogue.BY_CODE.get(record.code)
    struct = entry.payload if entry else None
    data, who = _data(record, struct)
    answers, missing = record.answers, Missing(UNRECORDED)
    instances = None if answers.instances is None else tuple(events.read(Instance, each) for each in answers.instances)
    file: FileSnapshot | Missing = missing
    if answers.file is not None:
        content = {"Content": WITHHELD} if record.sql else {}
        file = events.read(FileSnapshot, {**answers.file, **content})
    return Event(
        code=record.code,
        known=entry is not None,
        message_id=record.message_id,
        delivery=record.delivery,
        callback=(entry.callback if entry else events.Callback.EXTENSION) if record.waits else None,
        workspace=who.workspace,
        operator=who.operator,
        operators=who.operators,
        region=record.region,
        time=record.occurred,
        data=data,
        payload=events.read(struct, data) if struct else None,
        file=file,
        table=missing if answers.table is None else events.read(TableSnapshot, answers.table),
        instances=missing if instances is None else instances,
        roles=missing if answers.roles is None else frozenset(answers.roles),
        options=answers.options or {},
        parameters=missing if answers.parameters is None else answers.parameters,
        code_facts=None if ALL in record.withheld else record.sql,  # what it would be read with is not known then
    )


def _data(record: Record, struct: type[Payload] | None) -> tuple[Mapping[str, object], envelopes.Who]:
    """What the event said, with a mark in the place of what is withheld, and who did it where."""
    if ALL not in record.withheld:
        data: dict[str, Any] = msgspec.to_builtins(record.data)  # a copy, to its depths
        for path in record.withheld:
            _withhold(data, path)
        return data, envelopes.who(data)
    who = envelopes.Who(
        workspace=record.workspace or Unknown(envelopes.WHO[0], events.Reason.MISSING),
        operator=record.operator or Unknown("operator", events.Reason.MISSING),
        operators=record.operators,
    )
    return {name: WITHHELD for _, name, _ in events.fields(struct)} if struct else {}, who


_STEP = re.compile(r"\[([0-9]+)\]|([^.\[\]]+)")


def _withhold(data: dict[str, Any], path: str) -> None:
    """Put the mark of what is withheld where it was; of a path that leads nowhere, as none of ours does, at its top."""
    place: Any = data
    steps = [int(number) if number else name for number, name in _STEP.findall(path)] or [path]
    try:
        for step in steps[:-1]:
            place = place[step]
        place[steps[-1]] = WITHHELD
    except (LookupError, TypeError):
        data[str(steps[0])] = WITHHELD
