"""The page of a registration as text for a terminal, and as Markdown. What is to be pasted is never wrapped.

Names, owners and keys are what somebody wrote into a policy: nothing of them reaches a terminal or a reader of Markdown
as anything but signs on one line.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Sequence

import msgspec
from rich.cells import cell_len

from extension.registration.page import TICK, Item, Items, Paste, Section, Text
from extension.verdict import clean

COLUMNS = 80


def text(title: str, sections: Sequence[Section]) -> str:
    """The page as text."""
    title = _legible(title)
    lines = [title, "=" * cell_len(title)]
    for section in map(_cleaned, sections):
        lines += ["", section.title, "-" * len(section.title)]
        for number, block in enumerate(section.blocks):
            lines += ["", *_plain(block)] if number else _plain(block)
    return "\n".join(line.rstrip() for line in lines)


def _plain(block: Text | Items | Paste) -> Iterator[str]:
    if isinstance(block, Text):
        yield from _wrapped(block.text, "", "")
    elif isinstance(block, Paste):
        yield from block.text.split("\n")
    else:
        for number, item in enumerate(block.items, start=1):
            yield from _item(item, block.sign or f"{number}.", labels=block.labels)


def _item(item: Item, sign: str, *, labels: bool) -> Iterator[str]:
    """An item: what it says stands behind its term where there is room, else below it."""
    below = " " * (len(sign) + 1)
    term = f"{sign} {item.term}{':' if labels else ''}"
    behind = f"{term}{' ' if labels else '  '}{item.text}"
    if not item.term:
        yield from _wrapped(item.text, f"{sign} ", below)
    elif cell_len(behind) <= COLUMNS:
        yield behind
    else:
        yield term
        yield from _wrapped(item.text, below, below)
    for line in item.below:
        yield from _wrapped(line, below, below)


def _wrapped(words: str, first: str, indent: str) -> list[str]:
    """Lines of words; a command between backticks stays on one, to be copied."""
    lines = textwrap.wrap(
        re.sub("`[^`]*`", lambda command: command[0].replace(" ", "\0"), words),
        COLUMNS,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\0", " ") for line in lines]


def markdown(title: str, sections: Sequence[Section]) -> str:
    """The page as Markdown."""
    parts = [f"# {_escaped(_legible(title))}"]
    for section in map(_cleaned, sections):
        parts.append(f"## {section.title}")
        parts += ["\n".join(_marked(block)) for block in section.blocks]
    return "\n\n".join(parts)


def _marked(block: Text | Items | Paste) -> Iterator[str]:
    if isinstance(block, Text):
        yield _escaped(block.text)
    elif isinstance(block, Paste):
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", block.text)), default=0))
        yield from (f"{fence}{block.language}", block.text, fence)
    else:
        mark = {TICK: "- [x]", "": "1."}.get(block.sign, "-")
        for item in block.items:
            term = f"**{item.term}:**" if block.labels else _code(item.term)
            value = _code(item.text) if block.labels and " " not in item.text else _escaped(item.text)
            yield " ".join(part for part in (mark, term, value) if part)
            yield from (f"  - {_escaped(line)}" for line in item.below)


_SIGNS = re.compile(r"[\\`*_{}<>\[\]|#&~$]|^[-+=]|^\d+(?=[.)])")


def _escaped(words: str) -> str:
    """A text whose signs mean nothing to Markdown."""
    return _SIGNS.sub(lambda match: f"{match[0]}\\" if match[0].isdigit() else f"\\{match[0]}", words)


def _code(words: str) -> str:
    """A text as code, whatever backticks are in it; empty for none."""
    fence = "`" * (1 + max(map(len, re.findall("`+", words)), default=0))
    edge = " " if "`" in words else ""
    return f"{fence}{edge}{words}{edge}{fence}" if words else ""


def _cleaned(section: Section) -> Section:
    """A section without anything that could deceive a reader, or that a terminal would do."""
    return msgspec.structs.replace(section, blocks=tuple(map(_cleaned_block, section.blocks)))


def _cleaned_block(block: Text | Items | Paste) -> Text | Items | Paste:
    if isinstance(block, Text):
        return Text(_legible(block.text))
    if isinstance(block, Paste):
        return msgspec.structs.replace(block, text=printable(block.text))
    items = (Item(_legible(item.term), _legible(item.text), tuple(map(_legible, item.below))) for item in block.items)
    return msgspec.structs.replace(block, items=tuple(items))


def _legible(words: str) -> str:
    """A text as `clean` has it, all of it; < and > stay, for it may be what is to be typed."""
    return re.sub("[^<>]+", lambda match: clean(match[0], len(match[0])), words)


def printable(text: str) -> str:
    """JSON whose texts have escapes for what cannot be seen; it is the same JSON."""
    return "".join(sign if sign.isprintable() or sign == "\n" else json.dumps(sign)[1:-1] for sign in text)
