"""A YAML file as a tree that knows the line of everything in it, and the reading of it key by key.

The file is YAML 1.2 (`on`, `yes` and `off` are words, not truth values), one document, with a mapping at its top. What
is wrong is collected with its place, so that everything is said at once.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

import msgspec
import yaml

from extension import settings
from extension.errors import Fault, PolicyError

MAX_BYTES = 4 * 1024 * 1024
"""Longest file that is read."""

_MAX_DEPTH = 20

MAX_REPEATED = 100_000
"""Most values that the aliases of a file stand for together: ten lines of them can stand for a billion."""

MAX_FAULTS = 500
"""After so many faults the reading ends: nobody mends more at once, and each costs a search for what was meant."""

_MAX_NAMES = 500
"""Most names that one is looked for among."""


def join(names: Iterable[str]) -> str:
    """Names in order, for a reader."""
    return ", ".join(sorted(names))


def suggestion(name: object, names: Iterable[str]) -> str:
    """`; did you mean ...?` where a name is close to one of `names`."""
    if not isinstance(name, str):
        return ""
    from difflib import get_close_matches  # noqa: PLC0415  only a policy with an error pays for it

    known = sorted(names)
    close = get_close_matches(name, known, n=1) if len(known) <= _MAX_NAMES else ()
    return f"; did you mean {close[0]}?" if close else ""


REQUIRED: Any = object()
_T = TypeVar("_T")


class Trees(list[object]):
    """A list of the file, with the line of each item."""

    lines: list[int]


class Tree(dict[str, object]):
    """A mapping of the file, with the line of each key."""

    lines: dict[str, int]
    line: int


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a section stands, and what `{list: name}` stands for in it."""

    file: str
    rule: str = ""
    path: str = ""
    lists: Mapping[str, list[object]] = {}


class Section:
    """A mapping of the file, read key by key. What is wrong is noted in `faults`, with the place.

    Every method raises PolicyError where that becomes as much as MAX_FAULTS.
    """

    def __init__(self, tree: Tree, faults: list[Fault], place: Place) -> None:
        self.tree = tree
        self.faults = faults
        self.place = place
        self.known: list[str] = []

    def refuse(self, key: str, problem: str) -> None:
        """Note what is wrong with a key that nobody takes, where more can be said than that."""
        if key in self.tree and key not in self.known:
            self.known.append(key)
            self.fault(key, problem)

    def fault(self, key: str, problem: str) -> None:
        """Note what is wrong at `key`, or at the whole section for an empty key."""
        line = self.tree.lines.get(key, self.tree.line)
        path = f"{self.place.path}.{key if key.isprintable() else settings.plain(key)}".strip(".")
        self.faults.append(Fault(problem, line=line, rule=self.place.rule, key=path, file=self.place.file))
        if len(self.faults) >= MAX_FAULTS:
            end = Fault("too much is wrong: what comes behind was not read", line=line, file=self.place.file)
            raise PolicyError(self.place.file, [*self.faults, end])

    def take(self, key: str, read: Callable[[Any], _T], default: Any = REQUIRED, *, lists: bool = True) -> Any:  # noqa: ANN401  _T or default
        """The value at `key` as `read` reads it; the default, or None with a fault noted, where there is none.

        With `lists`, a named list stands for its values, alone or among others: `{list: auditors}`,
        `[{list: auditors}, "42"]`.
        """
        self.known.append(key)
        if key not in self.tree:
            if default is REQUIRED:
                self.fault(key, "is missing")
                return None
            return default
        try:
            return read(self.listed(key) if lists else self.tree[key])
        except ValueError as error:
            self.fault(key, str(error))
            return None

    def choice(self, key: str, *choices: _T, default: Any = REQUIRED) -> _T:  # noqa: ANN401  _T or nothing
        """The value at `key`, one of `choices`."""

        def read(value: object) -> _T:
            for choice in choices:
                if type(value) in (str, int) and value == choice:
                    return choice
            words = [str(choice) for choice in choices]
            in_another_case = [word for word in words if isinstance(value, str) and word.lower() == value.lower()]
            meant = f"; did you mean {in_another_case[0]}?" if in_another_case else suggestion(value, words)
            raise ValueError(f"expected {' or '.join(words)}, found {settings.plain(value)}{meant}")

        chosen: _T = self.take(key, read, default)
        return chosen

    def section(self, key: str) -> "Section | None":
        """The mapping at `key` as a section of its own, empty where there is none; None for what is no mapping."""

        def read(value: object) -> Tree:
            if isinstance(value, Tree):
                return value
            raise ValueError(f"expected a mapping, found {settings.plain(value)}")

        empty = Tree()
        empty.lines, empty.line = {}, self.tree.lines.get(key, self.tree.line)
        tree = self.take(key, read, default=empty, lists=False)
        path = f"{self.place.path}.{key}".strip(".")
        return None if tree is None else Section(tree, self.faults, msgspec.structs.replace(self.place, path=path))

    def sections(self, key: str) -> "list[Section]":
        """The list of mappings at `key`, empty where there is none, or where a fault is noted."""

        def read(value: object) -> Trees:
            wrong = [item for item in value if not isinstance(item, Tree)] if isinstance(value, Trees) else []
            if wrong or not value or not isinstance(value, Trees):
                found = f"{settings.plain(wrong[0])} in it" if wrong else settings.plain(value)
                raise ValueError(f"expected a list of mappings, found {found}")
            return value

        path = f"{self.place.path}.{key}".strip(".")
        return [
            Section(cast("Tree", tree), self.faults, msgspec.structs.replace(self.place, path=f"{path}[{number}]"))
            for number, tree in enumerate(self.take(key, read, default=None, lists=False) or ())
        ]

    def listed(self, key: str) -> object:
        """The value at `key` with named lists in place. Raises ValueError for a name that no list has."""
        return self._listed(self.tree[key])

    def _listed(self, value: object) -> object:
        """`value` with named lists in place. Raises ValueError for a name that no list has."""
        if _is_reference(value):
            name = cast("Tree", value)["list"]
            if not isinstance(name, str) or name not in self.place.lists:
                known = suggestion(name, self.place.lists)
                raise ValueError(f"there is no list {settings.plain(name)} under lists{known}")
            return self.place.lists[name]
        if isinstance(value, Trees) and any(map(_is_reference, value)):
            parts = (self._listed(item) if _is_reference(item) else [item] for item in value)
            return [item for part in parts for item in cast("list[object]", part)]
        return value

    def close(self) -> None:
        """Note every key that nobody took."""
        for key in self.tree:
            if key not in self.known:
                comma = key[:1].isdigit() and self.tree[key] is None
                hint = "; a comma ends the value before it" if comma else suggestion(key, self.known)
                known = f"known: {join(self.known)}" if self.known else "none is known here"
                self.fault(key, f"unknown key; {known}{hint}")


def _is_reference(value: object) -> bool:
    """Whether a value is `{list: name}`."""
    return isinstance(value, Tree) and set(value) == {"list"}


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
        raise ValueError(f"the tag {event.tag} is not supported: put what begins with ! in quotes")
    return str(event.value)


def load(content: bytes, file: str, what: str = "version and rules", *, merges: bool = False) -> Tree:
    """The mapping that the file holds, with lines. Raises PolicyError; `what` is said to be expected in it.

    With `merges`, what `<<` names is put into a mapping, as YAML 1.1 has it; a policy does without.
    """
    if len(content) > MAX_BYTES:
        raise PolicyError(file, [Fault(f"has {len(content):,} bytes; at most {MAX_BYTES:,} are read")])
    try:
        loader = yaml.CSafeLoader(content.decode("utf-8-sig"))
        try:
            tree = _Builder(loader.get_event, merges=merges).document()
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise PolicyError(file, [Fault("is not UTF-8 text: save the file as UTF-8", line=line)]) from error
    except _Error as error:
        raise PolicyError(file, [error.fault]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it has a character that YAML does not allow"
        line = mark.line + 1 if mark else 0
        raise PolicyError(file, [Fault(f"is not YAML: {problem}{_advice(content, line)}", line=line)]) from error
    if not isinstance(tree, Tree):
        raise PolicyError(file, [Fault(f"expected a mapping with {what}, found {settings.plain(tree)}")])
    return tree


_COLLECTION_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _advice(content: bytes, line: int) -> str:
    """What to do about text that is no YAML, where the line or the one before shows a usual slip."""
    lines = content.decode("utf-8-sig").splitlines()
    for number in (line, line - 1):
        text = lines[number - 1] if 0 < number <= len(lines) else ""
        for slip, advice in _SLIPS:
            if slip.search(text):
                return f"; line {number}: {advice}"
    return ""


_SLIPS = (
    (re.compile("[：，［］｛｝“”‘’]"), "write : , [ ] { } and quotes in their plain form"),
    (re.compile(r"^\s*\t"), "indent with spaces, not with tabs"),
    (re.compile(r"[:\[,] *[*%@`!]"), "put what begins with * % @ ! or ` in quotes"),
    (re.compile(r": *\[[^\]]*\][^\s,}\]#]"), "put what begins with [ and is no list in quotes"),
    (re.compile(r'"[^"\']*\\[^"]*"'), "put what holds a \\ in single quotes"),
    (re.compile(r"^[^'\"#]*: [^'\"{\[#]*: "), "put text that holds a colon in quotes"),
    (re.compile(r"""^[^'"#]*: [^'"{\[#\s][^#]*['"][^'"]*: """), "put text that holds a colon in quotes"),
    (
        re.compile(r"""^[^'"#]*: ('[^']*'|"[^"]*") *[^\s#]"""),
        "put all of what begins with a quote in quotes of the other kind",
    ),
)


class _Error(Exception):
    """YAML that holds what a policy cannot."""

    def __init__(self, event: yaml.Event, problem: str) -> None:
        super().__init__(problem)
        self.fault = Fault(problem, line=_line(event))


class _Builder:
    """Plain values from YAML's events, at a limited depth: PyYAML's own composer ends the process on deep nesting."""

    def __init__(self, next_event: Callable[[], Any], *, merges: bool) -> None:
        self.next_event = next_event
        self.merges = merges
        self.anchors: dict[str, tuple[object, int]] = {}
        self.depth = 0
        self.values = self.repeated = 0

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
            raise _Error(event, "a second document starts here; a policy is one")
        return value

    def value(self, event: Any) -> object:  # noqa: ANN401  PyYAML's events share no type with an anchor
        """The value that starts with `event`."""
        value: object
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                name = f"*{event.anchor}"
                raise _Error(event, f'{name} is an alias to YAML, and nothing is called so: put "{name}" in quotes')
            value, values = self.anchors[event.anchor]
            self.values += values
            self.repeated += values
            if self.repeated > MAX_REPEATED:
                raise _Error(event, f"aliases stand for more than {MAX_REPEATED:,} values here: use lists")
            return value
        before = self.values
        self.values += 1
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _Error(event, f"is nested more than {_MAX_DEPTH} deep")
        if isinstance(event, yaml.CollectionStartEvent) and event.tag not in _COLLECTION_TAGS:
            raise _Error(event, f"the tag {event.tag} is not supported: put what begins with ! in quotes")
        if isinstance(event, yaml.MappingStartEvent):
            value = self.mapping(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self.sequence()
        else:
            try:
                value = _scalar(event)
            except ValueError as error:
                raise _Error(event, str(error)) from error
        self.depth -= 1
        if event.anchor:
            self.anchors[event.anchor] = value, self.values - before
        return value

    def sequence(self) -> Trees:
        """The list whose start was just read."""
        trees = Trees()
        trees.lines = []
        while not isinstance(item := self.next_event(), yaml.SequenceEndEvent):
            trees.lines.append(_line(item))
            trees.append(self.value(item))
        return trees

    def mapping(self, event: yaml.MappingStartEvent) -> Tree:
        """The mapping that starts with `event`."""
        tree = Tree()
        tree.line, tree.lines = _line(event), {}
        merged: list[Tree] = []
        while not isinstance(key := self.next_event(), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                raise _Error(key, "a key is not plain text")
            if key.value == "<<" and key.implicit[0]:
                merged += self.merged(key)
                continue
            if key.value in tree:
                hint = "; is a '-' missing before it?" if key.value == "id" else ""
                raise _Error(key, f"the key {settings.plain(key.value)} stands twice{hint}")
            tree.lines[key.value] = _line(key)
            tree[key.value] = self.value(self.next_event())
        for other in merged:
            for name in other:
                if name not in tree:
                    tree[name], tree.lines[name] = other[name], other.lines[name]
        return tree

    def merged(self, key: yaml.ScalarEvent) -> list[Tree]:
        """The mappings that a key `<<` names, the first of which counts where several have a key."""
        if not self.merges:
            raise _Error(key, "merge keys (<<) are not taken: write the keys out, or use lists")
        value = self.value(self.next_event())
        trees = value if isinstance(value, Trees) else [value]
        found = [tree for tree in trees if isinstance(tree, Tree)]
        if len(found) < len(trees):
            raise _Error(key, "expected a mapping after <<, or a list of them")
        return found
