"""How deep JSON goes and how much it holds, told before a parser sees it.

How deep a parser can go differs from one interpreter to the next, and what comes out of it can take a hundred times the
memory of the text.
"""

from itertools import accumulate

MAX_DEPTH = 64
"""Most lists and objects inside each other that are parsed; the documented events have 8."""

MAX_VALUES = 200_000
"""Most values that are parsed. One that a condition reads takes up to 0.8 KB; documented events have fewer than 100."""

_STEPS = bytes.maketrans(b"[{,]}", b"\x01\x01\x00\xff\xff")
_NO_MARKS = bytes(set(range(256)) - set(b'[{,]}"'))


def excess(text: bytes) -> str:
    """What is too much in JSON in UTF-8, empty where nothing is.

    It takes time in proportion to the length, whatever the text is. What is not JSON is told only as far as a parser
    would read it: a text in quotes that is not closed runs to the end.
    """
    opened = text.count(b"[") + text.count(b"{")
    if opened <= MAX_DEPTH and opened + text.count(b",") < MAX_VALUES:
        return ""
    marks = text.replace(rb"\\", b"").replace(rb"\"", b"").translate(_STEPS, _NO_MARKS)
    outside = b"".join(marks.replace(b'""', b"").split(b'"')[::2])  # two quotes in a row change nothing for the others
    if max(accumulate(memoryview(outside).cast("b")), default=0) > MAX_DEPTH:
        return "is nested too deeply"
    values = outside.count(b"\x01") + outside.count(b"\x00") + 1  # each is the first in its place, or behind a comma
    return f"has more than {MAX_VALUES:,} values" if values > MAX_VALUES else ""
