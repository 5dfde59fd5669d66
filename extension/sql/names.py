"""Names in a row of words: which of them stand together, and where a bracket ends."""

from collections.abc import Sequence
from typing import NamedTuple

from extension.sql.words import VARIABLE, Word
from extension.verdict import casefold

STRING, QUOTED, UNCLEAR = "'", '"', "?!"
"""Keys of words that are no keyword and no sign."""


def keywords(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


class Named(NamedTuple):
    """A table as it is named, part by part and without quotes, and whether it is written, made, changed or dropped."""

    parts: tuple[str, ...]
    at: int
    written: bool


class Words:
    """Words by number, with what is behind the last one empty."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words
        self.keys = [*map(key, words), *[""] * 6]
        """What a word is compared by: a name without case, a sign, or a mark for what is no keyword."""
        self.closing = closing(self.keys)
        """Where each bracket is closed, by where it is opened; the end for one that is not."""

    def named(self, at: int) -> bool:
        """Whether a word is a name, in quotes or not, and no variable of a script."""
        if self.keys[at] in ("", STRING):
            return False
        word = self.words[at]
        return word.kind == "quoted" or (word.kind == "name" and not word.text.startswith(VARIABLE))

    def chain(self, at: int) -> tuple[tuple[str, ...], int]:
        """The parts of a name with dots in it, and where it ends; none where there is no name."""
        if not self.named(at):
            return (), at
        end = at + 1
        while self.keys[end] == "." and self.named(end + 1):
            end += 2
        return tuple(word.text for word in self.words[at:end:2]), end

    def past(self, at: int, *keys: str) -> int:
        """The first place from one on that is none of some keywords."""
        while self.keys[at] in keys and self.keys[at + 1] != ".":
            at += 1
        return at

    def listed(self, at: int, *, written: bool) -> list[Named]:
        """Tables from a place on, with commas between them."""
        found: list[Named] = []
        while True:
            parts, end = self.chain(at)
            if not parts:
                return found
            found.append(Named(parts, self.words[at].at, written))
            if self.keys[end] != ",":
                return found
            at = end + 1


def key(word: Word) -> str:
    """What a word is compared by: a name without case, a sign, or a mark for what is no keyword."""
    if word.kind == "name":
        return word.text.lower() if word.text.isascii() else casefold(word.text)
    if word.kind == "sign":
        return word.text
    return {"string": STRING, "quoted": QUOTED}.get(word.kind, UNCLEAR)


def closing(keys: Sequence[str]) -> dict[int, int]:
    """Where each bracket is closed, by where it is opened; the end, for one that is not. Six empty keys are there."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for at, key in enumerate(keys):
        if key == "(":
            opened.append(at)
            found[at] = len(keys) - 6
        elif key == ")" and opened:
            found[opened.pop()] = at
    return found
