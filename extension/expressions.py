"""Conditions as a policy writes them: CEL text is checked in full when the policy is loaded, and made a `Condition`."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

import msgspec

from extension import cel
from extension.cel import Kind
from extension.conditions import LONE_SURROGATE, Checked, Condition, engine, pattern_of, zone_of
from extension.events import Payload, Unknown
from extension.settings import plain

Never: TypeAlias = Callable[[str], str]
"""Why a list never holds a text, empty where it may."""


def compile(  # noqa: A001  as in re.compile
    text: object, variables: Mapping[str, Kind], never: Mapping[tuple[str, ...], Never] = MappingProxyType({})
) -> Condition:
    """Read a condition whose variables are of these kinds. `never` refuses texts that a list, by its path, never holds.

    Fields that a record does not have are refused; a field that the platform has added can be read in brackets, as in
    `event["newField"]`, of which nothing is checked. Raises ValueError with one line that says what is wrong and where.
    """
    if not isinstance(text, str) or not text.strip() or LONE_SURROGATE.search(text):
        raise ValueError(f"expected a CEL expression, found {plain(text)}")
    if len(text) > cel.MAX_CHARS:
        raise ValueError(f"expected a CEL expression of at most {cel.MAX_CHARS:,} characters, found {len(text):,}")
    words = cel.tokens(text)
    _parse(text)
    checked = cel.check(words, text, variables, _value)
    if checked.kind not in (cel.BOOL, cel.DYN):
        raise ValueError(f"expected a condition (true or false), found {checked.kind}")
    for pattern, at in checked.patterns:
        _checkpattern(pattern, at)
    for name, at in checked.zones:
        if zone_of(str(_value(name))) is None:
            raise ValueError(
                f"expected a timezone such as Asia/Shanghai or +08:00, found {name} (at character {at + 1})"
            )
    for function, literal, at in checked.converted:
        _check_converted(function, literal, at)
    for path, literal, at in checked.sought:
        found = str(_value(literal))
        if path in never and (problem := never[path](found)):
            raise ValueError(f"{'.'.join(path)} never holds {plain(found)}: {problem} (at character {at + 1})")
    return Condition(
        text=text,
        fields=checked.reads,
        names=checked.names,
        checked=Checked(
            text=checked.text,
            needs=checked.needs,
            power=checked.power,
            inner=checked.inner,
            scans=checked.scans,
            longest=checked.longest,
        ),
    )


def _parse(text: str) -> None:
    """Have the engine parse `text`. Raises ValueError with the first thing that it says, made short."""
    try:
        engine().compile(text)
    except ValueError as error:
        said = _ERROR.findall(str(error).partition(f"'{text}': ")[2]) or [("1", "1", "this cannot be parsed")]
        line, column, problem = next((one for one in said if one[2].startswith("Syntax error: ")), said[0])
        at = sum(len(one) + 1 for one in text.split("\n")[: int(line) - 1]) + int(column)
        raise ValueError(f"{_short(problem)} (at character {at})") from error


_ERROR = re.compile(r"ERROR: <input>:([0-9]+):([0-9]+): (.*)")
_SYNTAX = re.compile(
    r"Syntax error: (?:mismatched|extraneous|no viable alternative at|token recognition error at:"
    r"|missing '(?P<missing>.*)' at)(?: input)? '(?P<found>.*?)'(?: expecting .*)?$"
)


def _short(problem: str) -> str:
    """The engine's words without its list of what it would have taken instead."""
    if problem.startswith("invalid argument to has()"):
        return "has takes one field, as in has(event.x)"
    match = _SYNTAX.match(problem)
    if match is None:
        return problem.removeprefix("Syntax error: ").partition(" {")[0].partition(": Invalid")[0]
    if match["missing"]:
        return f"{match['missing']} is missing"
    return "the text ends too early" if match["found"] == "<EOF>" else cel.unexpected(match["found"].strip())


def _value(literal: str) -> object:
    """The value of a literal, as the engine reads it."""
    return engine().compile(literal).execute(engine().Context(variables={}, functions={}))


def _checkpattern(literal: str, at: int) -> None:
    """Refuse what is no regular expression. Raises ValueError."""
    try:
        _value(f'"".matches({literal})')
    except RuntimeError as error:
        lines = str(error).partition(" not a valid regex:")[2].partition(". Check function")[0].splitlines()
        problem = lines[-1].removeprefix("error: ").rstrip(".")
        raise ValueError(f"expected a regular expression: {problem} (at character {at + 1})") from error
    try:
        pattern_of(str(_value(literal)))
    except ValueError as error:
        raise ValueError(f"{error} (at character {at + 1})") from error


def _check_converted(function: str, literal: str, at: int) -> None:
    """Refuse a text that the function never takes. Raises ValueError."""
    try:
        _value(f"{function}({literal})")
    except RuntimeError as error:
        found = plain(_value(literal))
        raise ValueError(f"expected {cel.FORMS[function]}, found {found} (at character {at + 1})") from error


# kinds of the variables


@cache
def record(struct: type[Payload]) -> Kind:
    """The kind of a payload: its fields by the platform's names."""
    return cel.fields({field.encode_name: _kind(field.type) for field in msgspec.structs.fields(struct)})


def merge(kinds: Iterable[Kind]) -> Kind:
    """The kind of a value that is one of these records: what any of them has can be selected.

    A field whose kind is not the same in all that have it is `dyn`; so is the whole where one of them is no record.
    """
    found: dict[str, list[Kind]] = {}
    for kind in kinds:
        if kind.name != "record":
            return cel.DYN
        for name, item in kind.fields.items():
            found.setdefault(name, []).append(item)
    return cel.fields({name: cel.join(items) for name, items in found.items()})


_KINDS: tuple[tuple[type, Kind], ...] = (
    (bool, cel.BOOL),
    (int, cel.INT),
    (float, cel.DOUBLE),
    (str, cel.STRING),
    (datetime, cel.TIMESTAMP),
    (timedelta, cel.DURATION),
)


def _kind(annotation: Any) -> Kind:  # noqa: ANN401  an annotation is of no one type
    """The kind of a fact by its annotation; `dyn` where that says nothing that a condition could rely on."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        known = [one for one in inner if one not in (Unknown, NoneType)]
        return _kind(known[0]) if len(known) == 1 else cel.DYN
    if origin is Annotated:
        return _kind(inner[0])
    if origin is list or (origin is tuple and inner[1:] == (...,)):
        return cel.list_of(_kind(inner[0]))
    if not isinstance(annotation, type):
        return cel.DYN
    if issubclass(annotation, Payload):
        return record(annotation)
    return next((kind for one, kind in _KINDS if issubclass(annotation, one)), cel.DYN)
