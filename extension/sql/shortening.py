"""The text of a statement without what only makes it long or deep: rows of literals, brackets in brackets.

It stays as long as it is, with its line ends, and says the same of tables, columns and functions.
"""

import re
from functools import cache

from extension.sql.names import Words
from extension.sql.tables import NO_CALLS

QUERY = ("select", "with", "from", "values")
"""What a query begins with."""
_LITERAL = (
    r"(?:[+-]\s*+)?(?:(?:\d++(?:\.\d*+)?+|\.\d++)(?:e[+-]?\d++)?+(?:bd|[lsyfd])?+(?![\w.\ue000\ue001])"
    r"|(?:(?:date|datetime|timestamp)\s*+)?+'[^']*+'|(?:null|true|false)(?![\w.\ue000\ue001]))\s*+"
)
_ROW = rf"\(\s*+{_LITERAL}(?:,\s*+{_LITERAL})*+\)\s*+"
_MANY = 20
"""Literals or rows behind the first of which there are so many are left out."""


@cache
def _list() -> re.Pattern[str]:
    """A list of literals. This and the next take 6 ms together, which a short text does not have to pay."""
    return re.compile(rf"\(\s*+{_LITERAL}(?P<list>(?:,\s*+{_LITERAL}){{{_MANY},}}+)(?=\))", re.IGNORECASE)


@cache
def _rows() -> re.Pattern[str]:
    """Rows of literals."""
    return re.compile(rf"{_ROW}(?P<list>(?:,\s*+{_ROW}){{{_MANY},}}+)", re.IGNORECASE)


_ROW_BEFORE = re.compile(r"(?:values|[,()])\s*+\Z", re.IGNORECASE)


def _first(found: re.Match[str]) -> str:
    """The first of many literals or rows. One row of VALUES stays: it says how many columns there are."""
    if found.re is _list() and _ROW_BEFORE.search(found.string, max(0, found.start() - 20), found.start()):
        return found[0]
    kept = found.start("list") - found.start()
    return found[0][:kept] + re.sub(r"[^\n]++", _blank, found["list"]) + found[0][kept + len(found["list"]) :]


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def short(words: Words, text: str, part: range) -> str:
    """The text of some words of a clean text."""
    blank = _superfluous(words, part)
    parts, at = [], words.words[part.start].at
    for number in part:
        place = words.words[number].at
        if number in blank:
            parts += [text[at:place], " "]
            at = place + 1
        elif words.keys[number] == "zorder" and words.keys[number + 1] == "by":  # no grammar has it
            parts += [text[at:place], "sort  "]
            at = place + len("zorder")
    parts.append(text[at : _behind(words, text, part.stop - 1)])
    shortened = "".join(parts)
    if shortened.count("(") > _MANY:
        shortened = _rows().sub(_first, shortened)
    return _list().sub(_first, shortened) if shortened.count(",") >= _MANY else shortened


def _behind(words: Words, text: str, at: int) -> int:
    """The place in the text behind a word."""
    word = words.words[at]
    if word.kind == "string":
        return text.index("'", word.at + 1) + 1
    return word.at + len(word.text) + (2 if word.kind == "quoted" else 0)


def _superfluous(words: Words, part: range) -> set[int]:
    """Brackets that have nothing but another bracket in them, but for the innermost and what a function needs."""
    found: set[int] = set()
    at = part.start
    while at < part.stop:
        last = at
        while (
            words.keys[last] == "(" == words.keys[last + 1]
            and words.closing[last + 1] == words.closing[last] - 1 < len(words.words) - 1
        ):
            last += 1
        if last > at:
            called = at > 0 and words.words[at - 1].kind in ("name", "quoted") and words.keys[at - 1] not in NO_CALLS
            outer = at + 1 if called and words.keys[last + 1] in QUERY else at
            found.update(range(outer, last), (words.closing[each] for each in range(outer, last)))
        at = last + 1
    return found
