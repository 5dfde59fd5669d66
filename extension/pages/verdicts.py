"""The page of a verdict, and the list of all: a record as its reader sees it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from extension import catalogue, titles
from extension.deliveries import Callback
from extension.pages import Frame, outlines, render
from extension.pages.texts import RESULTS, SEVERITIES, WHYS, WORDS
from extension.records import MAX_CHARS, Found, Record
from extension.sql.facts import Code, Statement
from extension.verdict import MAX_HELP_CHARS, Language, Mode, Result, clean

_MOST_FACTS, _MOST_ITEMS, _MOST_NAMES, _DEEPEST = 100, 20, 200, 8
"""Fields of the event that are shown, values of a list, names that are looked for in the SQL, and parts in parts."""

_ADDRESS = re.compile(r"https?://[!-~]+")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding as it is shown. `said` is what was hit, `advice` what else its sentence says, `why` it does not count.

    `address` is where to read more, where that can be a link.
    """

    rule: str
    result: str
    said: str
    advice: str
    severity: str
    owner: str
    address: str
    why: str
    error: str


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A field with its values; there are `more` that are not shown."""

    name: str
    values: tuple[str, ...]
    more: int = 0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict in a list, and the address of its page."""

    address: str
    time: str
    moment: str
    result: str
    about: str
    code: str
    workspace: str
    operator: str
    rules: tuple[str, ...]


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """The filter of the list as it was filled in, and the word for what is wrong with a field of it."""

    values: Mapping[str, str]
    problems: Mapping[str, str] = {}


def details(  # noqa: PLR0913  the facts, all by keyword
    frame: Frame,
    record: Record,
    *,
    timezone: ZoneInfo,
    history: Sequence[Record],
    address: Callable[[str], str],
    until: datetime | None = None,
) -> str:
    """The page of a verdict. `history` are other checks of the same operation, the newest first.

    `address` gives the address of a page by the id of its record; `until` is when the reader's link expires, None for a
    reader who needs none.
    """
    words = WORDS[frame.language]
    counting = [found for found in record.findings if found.mode is Mode.ENFORCE and found.result is not Result.OK]
    others = [found for found in record.findings if found not in counting]
    facts = [*_flat(record.data)]
    errors = [found.error for found in record.findings if found.error] + [record.callback.error]
    owners = dict.fromkeys(_shown(found.owner) for found in counting if found.owner)
    return render(
        "verdict",
        frame,
        record=record,
        id=_shown(record.id),
        result=RESULTS[record.result],
        said=_said(record),
        about=about(record.code, frame.language),
        code=_shown(record.code),
        at=moment(record.at, timezone),
        occurred=moment(record.occurred, timezone) if record.occurred else "",
        operators=", ".join(map(_shown, dict.fromkeys((record.operator, *record.operators)))).strip(", "),
        workspace=_shown(record.workspace),
        region=_shown(record.region),
        owners=", ".join(owners),
        counting=[_finding(found, frame.language) for found in counting],
        others=[_finding(found, frame.language) for found in others],
        facts=facts[:_MOST_FACTS],
        facts_more=max(len(facts) - _MOST_FACTS, 0),
        withheld=_some("", record.withheld),
        outline=_outline(record, counting),
        has_sql=record.sql is not None or not {"sqlText", "Content"}.isdisjoint(record.withheld),
        read=[fact for fact in _read(record.sql, words) if fact.values],
        told=_told(record.callback, words),
        history=[_row(each, frame.language, timezone, address) for each in history],
        policy=_shown(record.policy),
        message_id=_shown(record.message_id),
        request_id=_shown(record.request_id),
        warnings=[_shown(warning, MAX_CHARS) for warning in record.warnings],
        errors=[_shown(error, MAX_CHARS) for error in dict.fromkeys(errors) if error],
        took=words["took_ms"].format(judged=f"{record.judged_ms:,.0f}", total=f"{record.total_ms:,.0f}"),
        until=moment(until, timezone) if until else "",
    )


def listing(  # noqa: PLR0913  the facts, all by keyword
    frame: Frame,
    records: Sequence[Record],
    *,
    timezone: ZoneInfo,
    form: Form,
    older: str,
    newest: str,
) -> str:
    """The list of verdicts with its filter; `older` and `newest` are the addresses of other pages, empty for none."""
    modules = {
        module: [entry.code for entry in catalogue.ENTRIES if entry.module is module] for module in catalogue.Module
    }
    return render(
        "verdicts",
        frame,
        rows=[_row(each, frame.language, timezone, lambda identity: f"/verdicts/{identity}") for each in records],
        form=form,
        results={result.value: RESULTS[result] for result in Result},
        codes=[(module.value, codes) for module, codes in modules.items()],
        older=older,
        newest=newest,
        zone=timezone.key,
    )


def about(code: str, language: Language) -> str:
    """What an event is about, in words."""
    return titles.EVENTS[language].get(code) or WORDS[language]["unknown_event"]


def moment(at: datetime, timezone: ZoneInfo) -> str:
    """A moment on the clocks of a timezone, with that, and how far it is from UTC."""
    local = at.astimezone(timezone)
    offset = f"{local:%z}"
    zone = "" if timezone.key == "UTC" else f", UTC{offset[:3]}:{offset[3:]}"
    return f"{local:%Y-%m-%d %H:%M:%S} ({timezone.key}{zone})"


def _shown(text: str, limit: int = MAX_CHARS) -> str:
    """A text of a stranger, on one line, not too long, and without what is invisible or turns the text."""
    return clean(text, limit)


def _said(record: Record) -> str:
    """The word for what became of the operation."""
    unasked = record.result is Result.FAIL and not record.waits
    return "said_fail_unasked" if unasked else f"said_{RESULTS[record.result]}"


def _told(callback: Callback, words: Mapping[str, str]) -> str:
    """What became of the callback."""
    said = words.get(f"callback_{callback.outcome}", _shown(callback.outcome))
    return said.format(result=_shown(callback.result)) if callback.outcome == "posted" else said


def _finding(found: Found, language: Language) -> Finding:
    said, advice = _parted(_shown(found.zh if language is Language.ZH else found.en))
    help_ = _shown(found.help)
    counts = found.mode is Mode.ENFORCE and found.result is not Result.OK
    why = "" if counts else WORDS[language][WHYS[found.mode]]
    return Finding(
        rule=_shown(found.rule),
        result=RESULTS[found.result],
        said=said,
        advice=advice,
        severity=SEVERITIES[language][found.severity] if found.severity else "",
        owner=_shown(found.owner),
        address=help_ if len(help_) <= MAX_HELP_CHARS and _ADDRESS.fullmatch(help_) else "",
        why=f"{why}{WORDS[language]['colon']}{_shown(found.exempt)}" if found.exempt and why else why,
        error=_shown(found.error),
    )


_END = re.compile(r"(?:[.!?] +(?=[A-Z])|[。！？](?=.))")
_QUOTED = re.compile('"[^"]*"|“[^”]*”')


def _parted(sentences: str) -> tuple[str, str]:
    """The first sentence without the names of rules in front, and the others; what is in quotes ends none."""
    text = re.sub(r"^\[[^\]]*\] ", "", sentences)
    quoted = [range(found.start(), found.end()) for found in _QUOTED.finditer(text)]
    for found in _END.finditer(text):
        if not any(found.start() in each for each in quoted):
            return text[: found.end()].strip(), text[found.end() :].strip()
    return text, ""


def _some(name: str, values: Sequence[object]) -> Fact:
    """A field with the first of its values."""
    shown = tuple(_shown(_text(value)) for value in values[:_MOST_ITEMS])
    return Fact(name=name, values=shown, more=len(values) - len(shown))


def _text(value: object) -> str:
    """A value as text; of parts within parts without end, that they are there."""
    try:
        return str(value)
    except RecursionError:
        return "…"


def _flat(value: object, name: str = "", depth: int = 0) -> Iterator[Fact]:
    """What an event said, field by field, by the platform's names."""
    if isinstance(value, Mapping) and depth < _DEEPEST:
        for key, part in value.items():
            yield from _flat(part, f"{name}.{key}".strip("."), depth + 1)
    elif isinstance(value, list | tuple) and any(isinstance(each, dict | list) for each in value) and depth < _DEEPEST:
        for number, part in enumerate(value[:_MOST_ITEMS], start=1):
            yield from _flat(part, f"{name}[{number}]", depth + 1)
        if len(value) > _MOST_ITEMS:
            yield Fact(name=_shown(name), values=(), more=len(value) - _MOST_ITEMS)
    else:
        yield _some(_shown(name), value if isinstance(value, list | tuple) else [value])


def _outline(record: Record, counting: Sequence[Found]) -> Sequence[outlines.Line]:
    """The outline of the SQL on lines, with the names marked of what counts."""
    named = [(name, found.check == "sql.columns") for found in counting for name in found.names][:_MOST_NAMES]
    columns = [name for name, is_column in named if is_column]
    return outlines.lines(_shown(record.outline), [name for name, _ in named], columns)


def _read(code: Code | None, words: Mapping[str, str]) -> Iterator[Fact]:
    """What was read of SQL or code."""
    statements: Sequence[Statement] = code.analysis.statements if code and code.analysis else ()
    calls = [name for _, name in code.calls or ()] if code else []
    outputs = [source for one in statements for output in one.outputs for source in output.sources]
    columns = [*outputs, *(source for one in statements for source in one.used)]
    found = {
        "reads": [each.table for one in statements for each in one.reads],
        "writes": [each.table for one in statements for each in one.written],
        "columns": [f"{each.table}.{each.column}" for each in columns],
        "functions": [*(each.function for one in statements for each in one.calls), *calls],
    }
    for word, names in found.items():
        yield _some(words[word], [*dict.fromkeys(names)])


def _row(record: Record, language: Language, timezone: ZoneInfo, address: Callable[[str], str]) -> Row:
    return Row(
        address=address(record.id),
        time=f"{record.at.astimezone(timezone):%Y-%m-%d %H:%M:%S}",
        moment=record.at.isoformat(),
        result=RESULTS[record.result],
        about=about(record.code, language),
        code=_shown(record.code),
        workspace=_shown(record.workspace),
        operator=_shown(record.operator),
        rules=tuple(map(_shown, record.rules[:_MOST_ITEMS])),
    )
