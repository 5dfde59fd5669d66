"""The SQL of an event: where it is, what runs it, and which project its tables are in when it does not say."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

from extension import events, sql
from extension.events import SQL, Event, Fact, Payload, Reason, Unknown, had, known
from extension.payloads import Download, FileChange, FileOperation
from extension.sql.facts import Analysis, Code, Engine
from extension.verdict import casefold

ENGINES = {
    10: Engine.MAXCOMPUTE,
    24: Engine.MAXCOMPUTE,
    227: Engine.HIVE,
    229: Engine.SPARK,
    259: Engine.PRESTO,
    260: Engine.HIVE,
    1091: Engine.HOLOGRES,
    1093: Engine.HOLOGRES,
    6: Engine.SHELL,
    257: Engine.SHELL,
    221: Engine.PYTHON,
    1221: Engine.PYTHON,
    **dict.fromkeys((11, 99, 225, 228, 230, 239, 258, 900, 1089, 1100), Engine.OTHER),
}
"""Engine of each documented type of file; Impala's SQL is read as Hive's."""

_NAMED = (
    (Engine.HOLOGRES, ("holo",)),
    (Engine.CLICKHOUSE, ("clickhouse",)),
    (Engine.POSTGRESQL, ("postgre",)),
    (Engine.MYSQL, ("mysql", "polardb", "mariadb")),
    (Engine.SPARK, ("spark",)),
    (Engine.PRESTO, ("presto", "trino")),
    (Engine.HIVE, ("hive", "emr")),
    (Engine.MAXCOMPUTE, ("odps", "maxcompute")),
)
"""What a data source or the platform's name of an engine has in it, in the order in which it is looked for."""

_SCHEMAS = {Engine.HOLOGRES: "public", Engine.POSTGRESQL: "public"}
"""Where a table is that is named without a schema, in engines that have a default for it."""


_ON_MAXCOMPUTE = frozenset({Engine.MAXCOMPUTE, Engine.PYTHON, Engine.SHELL, Engine.OTHER})
"""Engines whose tables are in the project that the policy says of all others."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """SQL, what runs it, and the project of tables that are named without one (empty where that is not known)."""

    text: str
    engine: Engine
    project: str
    facts: Code | None = None
    """What is known of the text where that is not there: see `Event.code_facts`."""

    @property
    def characters(self) -> int:
        """Length of the text."""
        return self.facts.characters if self.facts else len(self.text)

    def analysis(self) -> Fact[Analysis]:
        """What the text says. Unknown where a record does not say it, or was made where it is read in another way."""
        if self.facts is None:
            return sql.analyse(self.text, self.engine, self.project)
        alike = (self.facts.engine, self.facts.project) == (self.engine, self.project)
        return (alike and self.facts.analysis) or Unknown(SQL, Reason.UNRECORDED)

    def __repr__(self) -> str:
        """The engine alone: SQL shall not end in a log or a traceback."""
        return f"Query({self.engine!r})"


def carries(payload: type[Payload] | None) -> bool:
    """Whether events with this payload can have SQL: downloads, and operations on files."""
    return payload is not None and issubclass(payload, (Download, FileOperation))


def query(event: Event[Any]) -> Fact[Query]:
    """The SQL of an event: that of the result which is downloaded, or the code of a file.

    Raises LookupError where the code was not asked of the platform, see `had`.
    """
    if isinstance(event.payload, Download):
        return _of_download(event, event.payload)
    if isinstance(event.payload, FileOperation):
        return _of_file(event, event.payload)
    return Unknown(SQL, Reason.MISSING)


def _of_download(event: Event[Any], payload: Download) -> Fact[Query]:
    """The SQL of a download.

    `targetEngineType` is taken where it comes, though the documents have it for uploads alone. That the MaxCompute
    project is called like the workspace is unverified: the policy can say another one.
    """
    facts = event.code_facts
    if isinstance(payload.sql_text, Unknown) and facts is None:
        return payload.sql_text
    source = _name(payload.datasource_name)
    engine = (
        _said(event.databases.engines, event, source)
        or _engine(events.text(event.data, "targetEngineType"))
        or _engine(source)
        or Engine.MAXCOMPUTE
    )
    project = _project(event, source, engine, _name(payload.workspace_name))
    return Query(text="".join(known(payload.sql_text)), engine=engine, project=project, facts=facts)


def _of_file(event: Event[Any], payload: FileOperation) -> Fact[Query]:
    """The code of a file. A documented type of file says what runs it, and no name of a data source says otherwise."""
    file, facts = had(event.file), event.code_facts
    if isinstance(file.content, Unknown) and facts is None:
        return file.content
    source = (_name(payload.datasource_name) if isinstance(payload, FileChange) else "") or _name(file.datasource_name)
    types = (*known(payload.file_type), *known(file.file_type))
    engine = (
        next((ENGINES[each] for each in types if each in ENGINES), None)
        or _said(event.databases.engines, event, source)
        or _engine(source)
        or Engine.MAXCOMPUTE
    )
    project = _project(event, source, engine)
    return Query(text="".join(known(file.content)), engine=engine, project=project, facts=facts)


def _project(event: Event[Any], source: str, engine: Engine, workspace: str = "") -> str:
    """The project of tables that are named without one, empty where it is not known.

    On MaxCompute it may be called like the `workspace`; what the policy says of all tables there counts before that.
    Code that is no SQL runs there, too, for all that is known.
    """
    others = event.databases.project or workspace
    rest = others if engine in _ON_MAXCOMPUTE else _SCHEMAS.get(engine, "")
    return _said(event.databases.projects, event, source) or rest


def _name(fact: Fact[str]) -> str:
    """A name in the form in which names are compared, empty where it is not known."""
    return "".join(map(casefold, known(fact)))


def _engine(name: str) -> Engine | None:
    """The engine that a name tells, None where it tells none."""
    folded = casefold(name)
    return next((engine for engine, words in _NAMED if any(word in folded for word in words)), None)


_T = TypeVar("_T")


def _said(by_place: Mapping[tuple[str, str], _T], event: Event[Any], source: str) -> _T | None:
    """What the policy says of the place of an event, None where it says nothing: what is said most closely counts."""
    workspace = "".join(known(event.workspace))
    places = ((workspace, source), ("", source), (workspace, ""))
    return next((by_place[place] for place in places if place in by_place), None)


def analysis(event: Event[Any]) -> Fact[Analysis]:
    """What the SQL of an event says. Raises LookupError as `query` does."""
    found = query(event)
    return found if isinstance(found, Unknown) else found.analysis()


def calls(code: str, payload: FileOperation) -> Iterator[tuple[int, str, bool]]:
    """Line and name of each call in the code of a file, and whether it surely is one.

    Names are without case, width and what is invisible. From the place on where engines read SQL in different ways, the
    text counts as it stands, too: what is taken for a call there may be a part of a text or of a comment.
    """
    from extension.sql.words import Lines, clean, readings  # noqa: PLC0415  for code alone: it is slow to load

    engine = next((ENGINES.get(kind, Engine.OTHER) for kind in known(payload.file_type)), Engine.OTHER)
    source = clean(code, engine)
    found: dict[int, str] = {}
    written = len(code) if engine in (Engine.PYTHON, Engine.SHELL) else source.unclear
    for text, start in (*((reading, 0) for reading in readings(source)), (code, written)):
        forms = {ord(character): casefold(character) for character in set(text) if not character.isspace()}
        found |= {call.start(): call[1] for call in _call().finditer(text.translate(forms), start)}
    lines = Lines(code)
    sure = _setting().sub(lambda setting: " " * len(setting[0]), source.text[: source.certain])
    for place in sorted(found):
        yield lines.at(place), found[place], bool(sure[place : place + 1].strip())


@cache
def _call() -> re.Pattern[str]:
    """A name and its bracket. Where comments are still there, one of them after the name is taken for the bracket."""
    return re.compile(r"(?<!\w)(\w++)[`\"]?[\s\\]*+(?:[(#]|/[*/]|--)")


@cache
def _setting() -> re.Pattern[str]:
    """A statement whose value counts as it stands, with what is in quotes."""
    return re.compile(r"(?:\A|;)\s*+set\s[^;]*+", re.IGNORECASE)


def tables(event: Event[Any]) -> tuple[str, ...]:
    """Tables that an event is about, as `Payload.tables` says them; with SQL, those that it reads and writes.

    Empty where not all of them are known for certain: the code was not had, a statement could not be read, a project is
    not known.
    """
    if not carries(type(event.payload)):
        return event.payload.tables() if event.payload else ()
    if isinstance(event.payload, FileOperation) and not _has_code(event):
        return ()
    found = analysis(event)
    if isinstance(found, Unknown) or found.unread:
        return ()
    names = (*_read(found), *_written(found))
    return names if all("." in name for name in names) else ()


def account(event: Event[Any]) -> Mapping[str, object]:
    """What a verdict on SQL went by, for a log: names and numbers, no text of it; empty where it was not read.

    Of a statement that was read by its words tables are counted, and not named: these may be any of its words.
    """
    if isinstance(event.payload, FileOperation) and not _has_code(event):
        return {}
    found = query(event)
    read = None if isinstance(found, Unknown) else sql.analysed(found.text, found.engine, found.project)
    if isinstance(found, Unknown) or read is None:
        return {}
    sure = msgspec.structs.replace(read, statements=tuple(each for each in read.statements if not each.unread))
    return {
        "engine": read.engine,
        "project": found.project,
        "characters": read.characters,
        "statements": Counter(statement.kind for statement in read.statements),
        "tables": _read(sure),
        "tables_total": len(_read(read)),
        "written": _written(sure),
        "written_total": len(_written(read)),
        "unread": Counter(statement.unread for statement in read.unread),
    }


def logged(event: Event[Any], *, outlined: bool) -> Mapping[str, object]:
    """What a log holds of the text of SQL: a digest, and an outline where that is asked for; nothing is analysed.

    Empty for an event that has no SQL, and for one of whose file the code was not asked.
    """
    text = _text(event)
    if isinstance(text, Unknown):
        return {}
    digest = sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]
    if not outlined:
        return {"digest": digest}
    from extension.sql.outline import outline  # noqa: PLC0415  nothing of it is needed where the policy does not say so

    return {"digest": digest, "outline": "".join(outline(each.text, each.engine) for each in known(query(event)))}


def _text(event: Event[Any]) -> Fact[str]:
    """The text of the SQL, as far as it is there."""
    if isinstance(event.payload, Download):
        return event.payload.sql_text
    if isinstance(event.payload, FileOperation) and _has_code(event):
        return had(event.file).content
    return Unknown(SQL, Reason.MISSING)


_DIGITS = 16
"""Digits of a digest that tell one text from another."""


def _has_code(event: Event[Any]) -> bool:
    """Whether the code of a file was had of the platform."""
    return isinstance(event.file, events.FileSnapshot)


def _read(found: Analysis) -> list[str]:
    return list(dict.fromkeys(read.table for statement in found.statements for read in statement.reads))


def _written(found: Analysis) -> list[str]:
    return list(dict.fromkeys(written.table for statement in found.statements for written in statement.written))


def _columns(found: Analysis) -> list[str]:
    """Columns that the results come from, with the table; all columns of a table are a star."""
    columns = (
        f"{source.table}.{source.column}"
        for statement in found.statements
        for output in statement.outputs
        for source in output.sources
    )
    return list(dict.fromkeys((*columns, *(f"{table}.*" for table in _stars(found)))))


def _stars(found: Analysis) -> list[str]:
    return list(dict.fromkeys(star.table for statement in found.statements for star in statement.stars))


def _limit(found: Analysis) -> int | None:
    """Most rows of the last result, None for no limit."""
    limits = [statement.limit for statement in found.statements if statement.returns]
    return limits[-1] if limits else None


_FACTS: Mapping[str, Callable[[Analysis], object]] = {
    "tables": _read,
    "written": _written,
    "columns": _columns,
    "stars": _stars,
    "functions": lambda found: list(dict.fromkeys(call.function for each in found.statements for call in each.calls)),
    "statements": lambda found: list(dict.fromkeys(statement.kind for statement in found.statements)),
    "cross_joins": lambda found: sum(len(statement.cross_joins) for statement in found.statements),
    "limit": _limit,
    "readable": lambda found: not found.unread,
}
"""What a condition sees of SQL, but for its length."""


def values(event: Event[Any], only: frozenset[str] | None) -> Fact[Mapping[str, object]]:
    """What a condition sees of the SQL of an event: the fields of `only`, all of them for None.

    The SQL is not read for its length alone. Raises LookupError as `query` does.
    """
    found = query(event)
    if isinstance(found, Unknown):
        return found
    made: dict[str, object] = {"length": found.characters} if only is None or "length" in only else {}
    wanted = [name for name in _FACTS if only is None or name in only]
    if wanted:
        read = found.analysis()
        if isinstance(read, Unknown):
            return read
        made |= {name: _FACTS[name](read) for name in wanted}
    return {name: value for name, value in made.items() if value is not None}
