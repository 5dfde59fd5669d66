"""A policy of both levels as two policies, one for each: an extension can have points of one level alone.

They are made of its text: what stands above and below the rules stays, and so does the text of each rule, but for the
events of a rule that goes into both.
"""

import re
import textwrap
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import yaml

from extension import catalogue, compiled, storage
from extension.catalogue import Level
from extension.errors import Fault, PolicyError
from extension.rules import Policy, Rule

_COLUMNS = 116
"""Longest line that a list of events is written into."""

_LINE = re.compile("[^\n\r\x85\u2028\u2029]*(?:\r\n|[\n\r\x85\u2028\u2029]|$)")
"""A line as YAML has it."""

_DASH = re.compile("[\n\r\x85\u2028\u2029] *-")
"""Where an item begins a line."""


class Half(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that was written."""

    level: Level
    path: Path
    policy: Policy


def split(path: Path, policy: Policy, folder: Path) -> tuple[Half, ...]:
    """Write the policy at `path` as two into a folder, with the files of its checks; the halves, as they are loaded.

    A file becomes tenant.yaml and workspace.yaml, a folder two folders. Raises PolicyError where there is nothing to
    split, something is there already, which is never overwritten, or a half does not validate or has other rules, and
    OSError where it cannot be written; then nothing is.
    """
    for level in Level:
        if not any(level_of(rule.events, level) for rule in policy.rules):
            problem = f"needs no split: no rule judges an event of the {level.value} level"
            raise PolicyError(policy.file, [Fault(problem)])
    files, checks = storage.sources(path)
    several = path.is_dir()
    texts: dict[Path, str | bytes] = {}
    for level in Level:
        own = folder / level.value if several else folder
        for name, content in files.items():
            place = own / (name if several else f"{level.value}.yaml")
            try:
                texts[place] = half(policy, content.decode("utf-8-sig"), level)
            except yaml.composer.ComposerError as error:
                line = error.problem_mark.line + 1 if error.problem_mark else 0
                problem = "cannot be split: it has an anchor twice; give each a name of its own"
                raise PolicyError(policy.file, [Fault(problem, line=line, file=name if several else "")]) from error
        texts |= {own / name: content for name, content in checks.items()}
    there = [place for place in texts if place.exists() and not _same(place, texts[place])]
    if there:
        problem = "is there already, and is left as it is: name another folder"
        raise PolicyError(str(folder), [Fault(problem, file=str(place)) for place in there])
    written = [place for place in texts if not place.exists()]
    folders = {parent for place in written for parent in place.parents if not parent.exists()}
    try:
        for place in written:
            place.parent.mkdir(parents=True, exist_ok=True)
            text = texts[place]
            place.write_bytes(text.encode() if isinstance(text, str) else text)
        places = {level: folder / (level.value if several else f"{level.value}.yaml") for level in Level}
        return tuple(_loaded(policy, level, place) for level, place in places.items())
    except OSError:
        _take_back(written, folders)
        raise
    except PolicyError as error:
        _take_back(written, folders)
        advice = "so it would be in this half: make two of it by hand, one for each level"
        faults = (msgspec.structs.replace(fault, problem=f"{fault.problem}; {advice}") for fault in error.faults)
        raise PolicyError(error.file, faults) from error


def _loaded(whole: Policy, level: Level, place: Path) -> Half:
    """A half that was written. Raises PolicyError where it does not judge as the whole does."""
    found = storage.load(place)
    expected = {rule.id: _said(rule, own) for rule in whole.rules if (own := level_of(rule.events, level))}
    said = {rule.id: _said(rule, rule.events) for rule in found.rules}
    if list(said) != list(expected):
        raise PolicyError(found.file, [Fault(f"has the rules {', '.join(said)}, not {', '.join(expected)}")])
    others = [rule for rule in said if said[rule] != expected[rule]]
    if others:
        raise PolicyError(found.file, [Fault("is not what it was", rule=rule) for rule in others])
    return Half(level=level, path=place, policy=found)


def _said(rule: Rule, events: frozenset[str]) -> object:
    """What a rule is, for some events; what follows from that is left aside."""
    return {**compiled.plain(rule, 0), "when": rule.when and rule.when.text, "events": events}


def _take_back(written: Iterable[Path], folders: Iterable[Path]) -> None:
    """Leave nothing behind of what was written, and of the folders that were made for it."""
    for place in written:
        with suppress(OSError):
            place.unlink()
    for folder in sorted(folders, reverse=True):
        with suppress(OSError):
            folder.rmdir()


def _same(place: Path, text: str | bytes) -> bool:
    """Whether a file of checks is there as it is to be written: a half beside the policy has its checks already."""
    return isinstance(text, bytes) and place.read_bytes() == text


def level_of(codes: frozenset[str], level: Level) -> frozenset[str]:
    """Those of some events that are of a level."""
    return frozenset(code for code in codes if catalogue.BY_CODE[code].level is level)


def half(policy: Policy, text: str, level: Level) -> str:
    """A file of the policy with the rules for one level alone."""
    tree: Any = yaml.compose(text, Loader=yaml.CSafeLoader)  # a mapping, for the policy was loaded
    found = next(((key, value) for key, value in tree.value if key.value == "rules"), None)
    if found is None:
        return text
    key, rules = found
    events = {rule.id: rule.events for rule in policy.rules}
    kept: _Kept = {}
    for number, item in enumerate(rules.value):
        own = {name.value: (name, value) for name, value in item.value}
        codes = events[own["id"][1].value]
        if wanted := level_of(codes, level):
            kept[number] = () if wanted == codes else (_narrowed(text, *own["on"], wanted),)
    if rules.flow_style:
        inside = ",\n  ".join(_changed(text, *_span(rules.value[number]), kept[number]) for number in kept)
        begin, end = _span(rules)
        return f"{text[:begin]}[{inside}]{text[end:]}"
    return "".join(_block(text, key, rules, kept))


class _Change(msgspec.Struct, frozen=True):
    """A place of the text, and what stands there from now on."""

    begin: int
    end: int
    text: str


_Kept = dict[int, tuple[_Change, ...]]
"""The rules that are kept, by their number in the file, with what changes in each."""


def _narrowed(text: str, key: yaml.Node, value: yaml.Node, codes: frozenset[str]) -> _Change:
    """What has a rule be for these events."""
    begin, end = value.start_mark.index, _end(text, value)
    if begin < key.end_mark.index:  # an alias, whose node is where its anchor is
        colon = text.index(":", key.end_mark.index)
        alias = re.compile(r"\s*\*[^\s,\[\]{}]+").match(text, colon + 1)
        begin, end = alias.span() if alias else (colon + 1, colon + 1)
    ordered = ", ".join(entry.code for entry in catalogue.ENTRIES if entry.code in codes)
    indent = " " * (key.start_mark.column + len("on: ["))
    lines = textwrap.wrap(ordered, _COLUMNS - len(indent), break_long_words=False, break_on_hyphens=False)
    inside = f"\n{indent}".join(lines)
    # A list right below its key, with no more blanks before it, would be read as the next key.
    below = begin == value.start_mark.index and value.start_mark.line > key.start_mark.line
    before = "  " if below and value.start_mark.column <= key.start_mark.column else ""
    return _Change(begin, end, f"{before if text[begin - 1].isspace() else ' '}[{inside}]")


def _span(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.index, node.end_mark.index


def _end(text: str, node: yaml.Node) -> int:
    """Where a node ends; the mark of a block is where the next thing begins, behind blanks and comments."""
    begin, end = _span(node)
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1]
        inside = last if isinstance(last, tuple) else (last,)
        return max(_end(text, each) for each in inside if each.start_mark.index >= begin)
    return begin + len(text[begin:end].rstrip()) if isinstance(node, yaml.ScalarNode) else end


def _changed(text: str, begin: int, end: int, changes: Sequence[_Change]) -> str:
    """A part of the text, with what changes in it."""
    parts = []
    for change in changes:
        parts += [text[begin : change.begin], change.text]
        begin = change.end
    return "".join((*parts, text[begin:end]))


def _block(text: str, key: yaml.Node, rules: yaml.Node, kept: Mapping[int, tuple[_Change, ...]]) -> Iterator[str]:
    """The text with the rules that are kept; without the key, where there are none.

    Comments right above a rule belong to it. A paragraph of comments above those is for all rules up to the next, and
    stays where any of them does.
    """
    lines = [match.start() for match in _LINE.finditer(text)]
    spans = [*_spans(text, lines, rules)]
    above = lines[key.start_mark.line + 1]
    yield text[:above] if kept else text[: lines[key.start_mark.line]]
    pending = ""
    for number, (first, last) in enumerate(spans):
        own = first
        while own - 1 >= 0 and lines[own - 1] >= above and _is_comment(text, lines, own - 1):
            own -= 1
        between = text[above : lines[own]]
        pending = between if "#" in between or not pending else pending
        if number in kept:
            yield pending
            yield _changed(text, lines[own], lines[last + 1], kept[number])
            pending = ""
        above = lines[last + 1]
    yield text[above:]


def _spans(text: str, lines: Sequence[int], rules: yaml.Node) -> Iterator[tuple[int, int]]:
    """First and last line of each rule, without comments and blank lines behind it."""
    first = rules.start_mark.index
    if text[first] != "-":  # an anchor or a tag, and the list in a line of its own
        first = next(_DASH.finditer(text, first)).end() - 1
    column = first - lines[bisect_right(lines, first) - 1]
    starts = []
    for item in rules.value:
        line = item.start_mark.line
        while text[lines[line] + column] != "-":
            line -= 1
        starts.append(line)
    for item, first, following in zip(rules.value, starts, [*starts[1:], rules.end_mark.line], strict=True):
        last = bisect_right(lines, max(_end(text, item) - 1, item.start_mark.index)) - 1
        beyond = [line for line in range(last + 1, following) if not _is_idle(text, lines, line)]
        yield first, max([last, *beyond])


def _is_comment(text: str, lines: Sequence[int], line: int) -> bool:
    return text[lines[line] : lines[line + 1]].lstrip().startswith("#")


def _is_idle(text: str, lines: Sequence[int], line: int) -> bool:
    return _is_comment(text, lines, line) or not text[lines[line] : lines[line + 1]].strip()
