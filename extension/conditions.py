"""Conditions of a policy as an event meets them: true, false, or a ConditionError. How they are read: `expressions`.

The engine is the Rust crate `cel` in its Python binding. What it does other than the language says is put right here:
the size of a text is in characters, not in bytes, and a timestamp is taken apart in UTC or in a timezone that is named.

Source of the language: https://github.com/google/cel-spec/blob/master/doc/langdef.md
"""

import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import Enum
from functools import cache, lru_cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Protocol, cast

import msgspec

from extension.errors import ConditionError
from extension.events import WITHHELD, Payload, Reason, Unknown
from extension.settings import Pattern

MAX_STEPS = 100_000_000
"""Most that a condition may have to do for one event, about 2 s: some 3,000 items in each of two nested macros."""
MAX_LEVELS = 32
"""Deepest nesting of a value; what is deeper is left out."""

MATCHES = "_matches"
"""Method that the engine calls for `matches`: its own compiles the pattern for each text."""
CHARACTERS = "_size"
"""Function that the engine calls for the size of a text: its own counts bytes, the language characters."""

LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class _Program(Protocol):
    def execute(self, context: object) -> object:
        """Evaluate."""
        ...


class _Engine(Protocol):
    def compile(self, expression: str) -> _Program:
        """Parse. Raises ValueError."""
        ...

    def Context(self, variables: Mapping[str, object], functions: Mapping[str, object]) -> object:  # noqa: N802  a class
        """What a program is executed with."""
        ...


@cache
def engine() -> _Engine:
    """The compiled half of the binding: its Python half is a command line, which imports what is not deployed."""
    name = "cel.cel"
    if name not in sys.modules:  # it initialises once per process, whoever imports it
        package = find_spec("cel")
        spec = PathFinder.find_spec(name, package.submodule_search_locations) if package else None
        if spec is None or spec.loader is None:
            raise ModuleNotFoundError("common-expression-language is not installed", name=name)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return cast("_Engine", sys.modules[name])


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine is given of a condition, what must be there for it to come out, and what its time depends on.

    See `cel.Checked`.
    """

    text: str
    needs: frozenset[tuple[str, ...]]
    power: int
    inner: bool
    scans: int
    longest: int


@lru_cache(maxsize=2048)
def _program(text: str) -> _Program:
    """The text in the engine's own form, made when it is needed for the first time."""
    return engine().compile(text)


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """What must be true of an event.

    `fields` are the variables that it uses, each with the fields that it selects of it, so that no others need to be
    built, or None where it uses it as a whole. `names` are those that it selects of anything, and `checked` is what
    else was found when the policy was checked.
    """

    text: str
    fields: Mapping[str, frozenset[str] | None]
    names: frozenset[str]
    checked: Checked

    @property
    def reads(self) -> frozenset[str]:
        """The variables that it uses."""
        return frozenset(self.fields)

    def __repr__(self) -> str:
        """The text alone."""
        return f"Condition({self.text!r})"

    @property
    def needed(self) -> frozenset[str]:
        """Fields of the event without which it does not come out; none where it asks for any with `has`."""
        if ("event",) in self.checked.needs:
            return frozenset()
        return frozenset(path[1] for path in self.checked.needs if path[0] == "event" and len(path) > 1)

    def holds(self, variables: Mapping[str, object]) -> bool:
        """Whether it is true where the variables have these values; those that it does not read are left aside.

        Raises ConditionError.
        """
        for name in sorted(self.reads):
            if name not in variables:
                raise ConditionError(f"{name} is missing", name)
        return self._outcome({name: _utc(variables[name]) for name in self.reads})

    def settled(self, variables: Mapping[str, object], but_for: str) -> bool | None:
        """Whether it is true, whatever the variable `but_for` is; None where that decides, or is not all that it lacks.

        So what costs time is only worked out where it matters: in `event.fileType == 10 && sql.cross_joins > 0`.
        """
        try:
            return self._outcome({name: _utc(variables[name]) for name in self.reads - {but_for}})
        except ConditionError:
            return None

    def _outcome(self, values: Mapping[str, object]) -> bool:
        """What it comes out as with these values. Raises ConditionError."""
        if (self.checked.power > 1 or self.checked.scans) and _steps(self.checked, values) > MAX_STEPS:
            raise ConditionError("its lists or texts are too long to go through")
        try:
            outcome = _program(self.checked.text).execute(engine().Context(variables=values, functions=_FUNCTIONS))
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            # Not `from error`: the engine's text quotes values of the event, which must not get into a log.
            raise self._failure(error, values) from None
        if not isinstance(outcome, bool):
            raise ConditionError("it came out neither true nor false")
        return outcome

    def _failure(self, error: Exception, values: Mapping[str, object]) -> ConditionError:
        """What the engine's error says, in words of the policy alone."""
        if isinstance(error, KeyError):
            field = _missing(error.args[0], self.checked.needs, values)
            return ConditionError(f"{field or 'a field or key'} is missing", field)
        problem = _FAILURES.get(type(error), "a value cannot be used")
        return ConditionError(f"{problem} ({type(error).__name__})")


_FAILURES: Mapping[type[Exception], str] = {
    IndexError: "a list is shorter than the condition expects",
    ZeroDivisionError: "a number is divided by 0",
    OverflowError: "a number or time is out of range",
    TypeError: "a value is of another kind than the condition expects",
    RuntimeError: "a function does not take a value",
}


# what the engine lacks

_NO_VALUE = object()
"""What the engine does not take. From a function it is an error, and not logged as what the function raises is."""


def _size(value: object) -> object:
    """The characters of a text, and the number of items of everything else."""
    return len(value) if isinstance(value, Sized) else _NO_VALUE


@lru_cache(maxsize=256)
def pattern_of(text: str) -> Pattern:
    """A regular expression, compiled once. Raises ValueError."""
    return Pattern(text)


def _matches(text: object, pattern: object) -> object:
    """Whether anything in a text is of a pattern."""
    if not isinstance(text, str) or not isinstance(pattern, str):
        return _NO_VALUE
    try:
        return pattern_of(pattern).found_in(text)
    except ValueError:
        return _NO_VALUE


@cache
def zone_of(name: str) -> tzinfo | None:
    """The timezone of this name (`Asia/Shanghai`) or offset (`+08:00`), None for none."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415  3 ms that only a condition with a timezone has to pay

    if match := re.fullmatch(r"([+-]?)([01][0-9]|2[0-3]):([0-5][0-9])", name):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-offset if match[1] == "-" else offset)
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        return None


_PARTS: Mapping[str, Callable[[datetime], int]] = {
    "getFullYear": lambda moment: moment.year,
    "getMonth": lambda moment: moment.month - 1,
    "getDate": lambda moment: moment.day,
    "getDayOfMonth": lambda moment: moment.day - 1,
    "getDayOfWeek": lambda moment: moment.isoweekday() % 7,
    "getDayOfYear": lambda moment: moment.timetuple().tm_yday - 1,
    "getHours": lambda moment: moment.hour,
    "getMinutes": lambda moment: moment.minute,
    "getSeconds": lambda moment: moment.second,
    "getMilliseconds": lambda moment: moment.microsecond // 1000,
}


def _part(part: Callable[[datetime], int]) -> Callable[[object, object], object]:
    """The method of a timestamp that takes a timezone; the engine has those without."""

    def method(moment: object, name: object = None) -> object:
        zone = zone_of(name) if isinstance(name, str) else None
        if zone is None or not isinstance(moment, datetime):
            return _NO_VALUE
        try:
            return part(moment.astimezone(zone))
        except OverflowError:  # in the first or last hours of all years
            return _NO_VALUE

    return method


_FUNCTIONS: Mapping[str, object] = {CHARACTERS: _size, MATCHES: _matches} | {
    name: _part(part) for name, part in _PARTS.items()
}


# values of the variables


def value_of(
    payload: Payload | None,
    data: Mapping[str, object],
    only: frozenset[str] | None = None,
    names: frozenset[str] = frozenset(),
    path: str = "event",
) -> dict[str, object]:
    """What a condition sees of an event: the platform's mapping, with the facts of its payload in their places.

    `only` are the fields to build, all of them for None: see `Condition.fields`. A field that is null is not there.

    Raises ConditionError for a field that is there and cannot be read, or that the engine cannot hold (a number beyond
    64 bits, text that is no Unicode, a list with such an item), if it is in `only` or `names`: neither may `has(...)`
    take it for one that is not there. Others are left out.
    """
    found: dict[str, object] = {}
    facts = _facts(type(payload)) if payload is not None else {}
    for name in data.keys() | facts.keys() if only is None else only:
        raw = data.get(name)
        fact = getattr(payload, facts[name]) if name in facts else None
        value = _fact(fact, raw, names, f"{path}.{name}") if name in facts else _plain(raw)
        unreadable = isinstance(fact, Unknown) and fact.reason is not Reason.MISSING
        if (unreadable or value is _NO_VALUE) and (only is not None or name in names):
            unrecorded = raw is WITHHELD or (isinstance(fact, Unknown) and fact.reason is Reason.UNRECORDED)
            reason = Reason.UNRECORDED if unrecorded else Reason.UNREADABLE
            raise ConditionError(f"{path}.{name} cannot be read", f"{path}.{name}", reason)
        if value is not None and value is not _NO_VALUE and not LONE_SURROGATE.search(name):
            found[name] = value
    return found


@cache
def _facts(struct: type[Payload]) -> Mapping[str, str]:
    """The attribute of each fact, by the platform's name."""
    return {field.encode_name: field.name for field in msgspec.structs.fields(struct)}


def _fact(fact: object, raw: object, names: frozenset[str], path: str) -> object:
    """The value of a fact, None for none; a payload inside it is laid over what the platform's mapping has there."""
    if isinstance(fact, Unknown):
        return None
    if isinstance(fact, Payload):
        return value_of(fact, raw if isinstance(raw, Mapping) else {}, None, names, path)
    if isinstance(fact, tuple | list) and fact and all(isinstance(one, Payload) for one in fact):
        raws = raw if isinstance(raw, Sequence) and len(raw) == len(fact) else [None] * len(fact)
        pairs = enumerate(zip(fact, raws, strict=True))
        return [_fact(one, other, names, f"{path}[{number}]") for number, (one, other) in pairs]
    return _plain(fact)


def _plain(value: object, levels: int = MAX_LEVELS) -> object:
    """A value as the engine takes it, `_NO_VALUE` for one that it does not."""
    found: object = None if value is None else _NO_VALUE
    if isinstance(value, str):
        text = str(value.value) if isinstance(value, Enum) else value
        found = text if text.isascii() or not LONE_SURROGATE.search(text) else _NO_VALUE
    elif isinstance(value, int):
        found = value if -(2**63) <= value < 2**63 else _NO_VALUE
    elif isinstance(value, float | datetime | timedelta):
        found = _utc(value)
    elif levels and isinstance(value, Mapping):
        items = ((key, _plain(one, levels - 1)) for key, one in value.items() if not LONE_SURROGATE.search(key))
        found = {key: one for key, one in items if one is not None and one is not _NO_VALUE}
    elif levels and isinstance(value, tuple | list):
        parts = [_plain(one, levels - 1) for one in value]
        found = _NO_VALUE if any(part is _NO_VALUE for part in parts) else parts
    return found


def _utc(value: object) -> object:
    """A moment in UTC, since the engine takes it apart in the timezone that it comes in; all else as it is."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value


# what went wrong


def _missing(key: object, needs: Iterable[tuple[str, ...]], values: Mapping[str, object]) -> str:
    """The path in the condition that ends with `key` and that the values lack, empty for none."""
    paths = sorted(path for path in needs if key in path)
    for path in paths:
        value: object = values
        for count, name in enumerate(path, 1):
            if not isinstance(value, Mapping):
                break
            if name not in value and name == key:
                return ".".join(path[:count])
            value = value.get(name)
    # The name of a macro has no value here: its path is as good as the condition writes it.
    return next((".".join(path[: path.index(key) + 1]) for path in paths if path[0] not in values), "")


def _steps(checked: Checked, values: Mapping[str, object]) -> int:
    """About how much there is to do, in units of 20 ns: moving an item of a list, or searching 64 characters."""
    items, longest, text = 0, checked.longest, 0
    rest = list(values.values())
    while rest:
        value = rest.pop()
        items += 1
        if isinstance(value, str):
            text = max(text, len(value))
        elif isinstance(value, Mapping | tuple | list):
            longest = max(longest, len(value))
            rest.extend(value.values() if isinstance(value, Mapping) else value)
    macros = max(items, longest) * math.prod([longest] * (checked.power - 1)) * (10 if checked.inner else 1)
    return macros + text // 64 * math.prod([longest] * checked.scans)
