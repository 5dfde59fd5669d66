"""The policy: what is checked, on which events, and what a hit gives. One parser, which names file, rule and key.

The file is YAML 1.2 (its core schema: `on`, `yes` and `off` are words, not truth values). Everything that is wrong in
a file is said at once. See README.md for the form.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import yaml

from extension import catalogue, checks, settings
from extension.errors import Fault, PolicyError
from extension.verdict import SUBJECT, Language, Mode, Result, placeholders

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

MAX_POLICY_BYTES = 4 * 1024 * 1024
"""Longest policy file that is read."""

_MAX_DEPTH = 20


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: a check, its settings, and the events that it is for."""

    id: str
    check: checks.Check
    settings: msgspec.Struct
    events: frozenset[str]
    """Codes of the events that it judges: those of `on:` that the check knows how to judge."""
    result: Result
    mode: Mode
    message: str
    """Template of the rule's own message, empty for the built-in one."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that validates."""

    file: str
    digest: str
    """First 12 hex digits of the file's SHA-256: which policy decided."""
    language: Language
    timezone: "ZoneInfo"
    on_error: Result
    """What a rule gives whose check raises."""
    on_timeout: Result
    """What the rule gives that was not done when the time ran out."""
    rules: tuple[Rule, ...]
    plan: Mapping[str, tuple[Rule, ...]]
    """Rules for each event code, in the order of the file."""


def parse(content: bytes, file: str) -> Policy:
    """Read a policy. Raises PolicyError with everything that is wrong in it; `file` is its name there."""
    faults: list[Fault] = []
    root = _Section(_load(content, file), faults)
    root.choice("version", 1)
    language = root.choice("language", *Language, default=Language.ZH)
    timezone = root.take("timezone", _timezone, default=None)
    on_error = on_timeout = Result.FAIL
    if defaults := root.section("defaults"):
        on_error = defaults.choice("on_error", *Result, default=on_error)
        on_timeout = defaults.choice("on_timeout", *Result, default=on_timeout)
        defaults.close()
    rules = _rules(root)
    root.close()
    if faults:
        raise PolicyError(file, sorted(faults, key=lambda fault: fault.line))
    return Policy(
        file=file,
        digest=hashlib.sha256(content).hexdigest()[:12],
        language=language,
        timezone=timezone or _timezone("Asia/Shanghai"),
        on_error=on_error,
        on_timeout=on_timeout,
        rules=rules,
        plan={
            code: tuple(rule for rule in rules if code in rule.events)
            for code in frozenset[str]().union(*(rule.events for rule in rules))
        },
    )


def _rules(root: "_Section") -> tuple[Rule, ...]:
    trees: _Trees = root.take("rules", _rule_list) or _Trees()
    rules = []
    lines: dict[str, int] = {}
    for number, tree in enumerate(trees, start=1):
        if not isinstance(tree, _Tree):
            problem = f"expected a mapping with id, on and check, found {settings.plain(tree)}"
            root.faults.append(Fault(problem, line=trees.lines[number - 1], rule=f"#{number}"))
            continue
        name = tree.get("id")
        named = isinstance(name, str) and _ID.fullmatch(name)
        section = _Section(tree, root.faults, rule=str(name) if named else f"#{number}")
        if section.rule in lines:
            section.fault("id", f"is the id of the rule in line {lines[section.rule]} too")
        lines[section.rule] = tree.line
        if rule := _rule(section):
            rules.append(rule)
    return tuple(rules)


def _rule(section: "_Section") -> Rule | None:
    """Read one rule; None, with faults noted, where it does not validate."""
    before = len(section.faults)
    identity = section.take("id", _identity)
    codes = section.take("on", _codes)
    check = section.take("check", _check)
    result = section.choice("result", Result.FAIL, Result.WARN, default=Result.FAIL)
    mode = section.choice("mode", *Mode, default=Mode.ENFORCE)
    message = section.take("message", _message, default="")
    given = section.section("with")
    values = _settings(given, check.settings) if check and given else None
    section.close()
    if check and codes and not codes & check.events:
        section.fault("on", f"{check.id} judges {_join(check.events)}, and none of them is in it")
    if check and message:
        for name in sorted(placeholders(message) - check.placeholders - SUBJECT):
            known = _join(check.placeholders | SUBJECT)
            section.fault("message", f"{check.id} has no value for {{{name}}}; it has {known}")
    if len(section.faults) > before or not (identity and codes and check and values is not None):
        return None
    return Rule(
        id=identity,
        check=check,
        settings=values,
        events=codes & check.events,
        result=result,
        mode=mode,
        message=message or "",
    )


def _settings(section: "_Section", struct: type[msgspec.Struct]) -> msgspec.Struct | None:
    """Read `with:` as the check's settings; None, with faults noted, where it does not validate."""
    before = len(section.faults)
    values = {}
    for field in msgspec.structs.fields(struct):
        default = _REQUIRED if field.required else field.default
        values[field.name] = section.take(field.encode_name, partial(settings.read, field.type), default)
    section.close()
    if len(section.faults) > before:
        return None
    try:
        return struct(**values)
    except ValueError as error:
        section.fault("", str(error))
        return None


def _rule_list(value: object) -> "_Trees":
    if not isinstance(value, _Trees) or not value:
        raise ValueError(f"expected a list of rules, each with id, on and check, found {settings.plain(value)}")
    return value


_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def _identity(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError(
            "expected text of at most 64 letters, digits, '_', '.' and '-', a letter or digit first,"
            f" found {settings.plain(value)}"
        )
    return value


def _codes(value: object) -> frozenset[str]:
    """Codes of the catalogue that `on:` stands for."""
    names = value if isinstance(value, list) else [value]
    codes = frozenset[str]()
    for name in names:
        selected = catalogue.select(name) if isinstance(name, str) else None
        if not selected:
            raise ValueError(
                f'expected event codes, categories or modules, or "*", found {settings.plain(name)}'
                + _suggestion(name, catalogue.names())
            )
        codes |= selected
    if not codes:
        raise ValueError("expected at least one event")
    return codes


def _check(value: object) -> checks.Check:
    check = checks.BY_ID.get(value) if isinstance(value, str) else None
    if check is None:
        raise ValueError(f"expected a check, found {settings.plain(value)}" + _suggestion(value, checks.BY_ID))
    return check


def _message(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"expected text, found {settings.plain(value)}")
    if len(value) > settings.MAX_PATTERN_CHARS:
        raise ValueError(f"expected at most {settings.MAX_PATTERN_CHARS} characters, found {len(value):,}")
    placeholders(value)
    return value.strip()


def _timezone(value: object) -> "ZoneInfo":
    from zoneinfo import ZoneInfo  # noqa: PLC0415  kept off the path of commands that read no policy

    try:
        return ZoneInfo(value if isinstance(value, str) else "")
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"expected a timezone such as Asia/Shanghai, found {settings.plain(value)}") from error


def _join(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _suggestion(name: object, names: Iterable[str]) -> str:
    """`; did you mean ...?` where a name is close to one of `names`."""
    if not isinstance(name, str):
        return ""
    from difflib import get_close_matches  # noqa: PLC0415  only a policy with an error pays for it

    close = get_close_matches(name, sorted(names), n=1)
    return f"; did you mean {close[0]}?" if close else ""


_REQUIRED: Any = object()
_T = TypeVar("_T")


class _Trees(list[object]):
    """A list of the file, with the line of each item."""

    lines: list[int]


class _Tree(dict[str, object]):
    """A mapping of the file, with the line of each key."""

    lines: dict[str, int]
    line: int


class _Section:
    """A mapping of the file, read key by key. What is wrong is noted in `faults`, with the place."""

    def __init__(self, tree: _Tree, faults: list[Fault], rule: str = "", path: str = "") -> None:
        self.tree = tree
        self.faults = faults
        self.rule = rule
        self.path = path
        self.known: list[str] = []

    def fault(self, key: str, problem: str) -> None:
        """Note what is wrong at `key`, or at the whole section for an empty key."""
        line = self.tree.lines.get(key, self.tree.line)
        path = f"{self.path}.{key if key.isprintable() else settings.plain(key)}".strip(".")
        self.faults.append(Fault(problem, line=line, rule=self.rule, key=path))

    def take(self, key: str, read: Callable[[Any], _T], default: Any = _REQUIRED) -> Any:  # noqa: ANN401  _T or default
        """The value at `key` as `read` reads it; the default, or None with a fault noted, where there is none."""
        self.known.append(key)
        if key not in self.tree:
            if default is _REQUIRED:
                self.fault(key, "is missing")
                return None
            return default
        try:
            return read(self.tree[key])
        except ValueError as error:
            self.fault(key, str(error))
            return None

    def choice(self, key: str, *choices: _T, default: Any = _REQUIRED) -> _T:  # noqa: ANN401  _T or nothing
        """The value at `key`, one of `choices`."""

        def read(value: object) -> _T:
            for choice in choices:
                if type(value) in (str, int) and value == choice:
                    return choice
            raise ValueError(
                f"expected {' or '.join(str(choice) for choice in choices)}, found {settings.plain(value)}"
            )

        return self.take(key, read, default)  # type: ignore[no-any-return]

    def section(self, key: str) -> "_Section | None":
        """The mapping at `key` as a section of its own, empty where there is none; None for what is no mapping."""

        def read(value: object) -> _Tree:
            if isinstance(value, _Tree):
                return value
            raise ValueError(f"expected a mapping, found {settings.plain(value)}")

        empty = _Tree()
        empty.lines, empty.line = {}, self.tree.lines.get(key, self.tree.line)
        tree = self.take(key, read, default=empty)
        return None if tree is None else _Section(tree, self.faults, self.rule, f"{self.path}.{key}".strip("."))

    def close(self) -> None:
        """Note every key that nobody took."""
        for key in self.tree:
            if key not in self.known:
                self.fault(key, f"unknown key; known: {_join(self.known)}" + _suggestion(key, self.known))


_PLAIN: tuple[tuple[re.Pattern[str], Callable[[str], object]], ...] = (
    (re.compile(r"true|True|TRUE|false|False|FALSE"), lambda text: text.lower() == "true"),
    (re.compile(r"[-+]?(?:0|[1-9][0-9]{0,99})"), int),
    (re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?"), float),
    (re.compile(r"~|null|Null|NULL|"), lambda _: None),
)
"""Text without quotes that is not text: YAML 1.2's core schema, less its octal, hexadecimal and infinite numbers, so
that an id such as 0777 stays what it is. Version 1.1, PyYAML's own, takes the key `on` for true, 12:30 for a number."""


def _scalar(event: yaml.ScalarEvent) -> object:
    if event.implicit[0] and event.tag is None:
        for form, value in _PLAIN:
            if form.fullmatch(event.value):
                return value(event.value)
    elif event.tag not in (None, "!", "tag:yaml.org,2002:str"):
        raise ValueError(f"the tag {event.tag} is not supported")
    return str(event.value)


def _load(content: bytes, file: str) -> _Tree:
    """The mapping that the file holds, with lines. Raises PolicyError."""
    if len(content) > MAX_POLICY_BYTES:
        raise PolicyError(file, [Fault(f"has {len(content):,} bytes; at most {MAX_POLICY_BYTES:,} are read")])
    try:
        loader = yaml.CSafeLoader(content.decode("utf-8-sig"))
        try:
            tree = _Builder(loader.get_event).document()
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        raise PolicyError(file, [Fault("is not UTF-8 text")]) from error
    except _TreeError as error:
        raise PolicyError(file, [error.fault]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it has a character that YAML does not allow"
        raise PolicyError(file, [Fault(f"is not YAML: {problem}", line=mark.line + 1 if mark else 0)]) from error
    if not isinstance(tree, _Tree):
        raise PolicyError(file, [Fault(f"expected a mapping with version and rules, found {settings.plain(tree)}")])
    return tree


_COLLECTION_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


class _TreeError(Exception):
    """YAML that holds what a policy cannot."""

    def __init__(self, event: yaml.Event, problem: str) -> None:
        super().__init__(problem)
        self.fault = Fault(problem, line=_line(event))


class _Builder:
    """Plain values from YAML's events, at a limited depth: PyYAML's own composer ends the process on deep nesting."""

    def __init__(self, next_event: Callable[[], Any]) -> None:
        self.next_event = next_event
        self.anchors: dict[str, object] = {}
        self.depth = 0

    def document(self) -> object:
        """The value of the only document; None where there is none."""
        self.next_event()
        event = self.next_event()
        if isinstance(event, yaml.StreamEndEvent):
            return None
        value = self.value(self.next_event())
        self.next_event()
        event = self.next_event()
        if not isinstance(event, yaml.StreamEndEvent):
            raise _TreeError(event, "a second document starts here; a policy is one")
        return value

    def value(self, event: Any) -> object:  # noqa: ANN401  PyYAML's events share no type with an anchor
        """The value that starts with `event`."""
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise _TreeError(event, f"the alias *{event.anchor} has no anchor before it")
            return self.anchors[event.anchor]
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _TreeError(event, f"is nested more than {_MAX_DEPTH} deep")
        value: object
        if isinstance(event, yaml.CollectionStartEvent) and event.tag not in _COLLECTION_TAGS:
            raise _TreeError(event, f"the tag {event.tag} is not supported")
        if isinstance(event, yaml.MappingStartEvent):
            value = self.mapping(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self.sequence()
        else:
            try:
                value = _scalar(event)
            except ValueError as error:
                raise _TreeError(event, str(error)) from error
        self.depth -= 1
        if event.anchor:
            self.anchors[event.anchor] = value
        return value

    def sequence(self) -> _Trees:
        """The list whose start was just read."""
        trees = _Trees()
        trees.lines = []
        while not isinstance(item := self.next_event(), yaml.SequenceEndEvent):
            trees.lines.append(_line(item))
            trees.append(self.value(item))
        return trees

    def mapping(self, event: yaml.MappingStartEvent) -> _Tree:
        """The mapping that starts with `event`."""
        tree = _Tree()
        tree.line, tree.lines = _line(event), {}
        while not isinstance(key := self.next_event(), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                raise _TreeError(key, "a key is not plain text")
            if key.value in tree:
                raise _TreeError(key, f"the key {settings.plain(key.value)} stands twice")
            tree.lines[key.value] = _line(key)
            tree[key.value] = self.value(self.next_event())
        return tree
