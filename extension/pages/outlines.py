"""The outline of SQL on lines, with the names marked that a rule objects to."""

import re
from collections.abc import Iterator, Sequence

import msgspec


class Piece(msgspec.Struct, frozen=True):
    """A part of a line, marked or not."""

    text: str
    marked: bool = False


class Line(msgspec.Struct, frozen=True):
    """A line, and how many steps it is indented."""

    indent: int
    pieces: tuple[Piece, ...]


class _Token(msgspec.Struct):
    """A name, a text in quotes or a sign. `key` is how a name is compared, empty for a sign."""

    text: str
    key: str
    spaced: bool
    marked: bool = False

    @property
    def word(self) -> str:
        """The name in lower case where it is not in quotes, for keywords are not."""
        return self.key if self.key and self.text[0] not in '`"' else ""


_TOKEN = re.compile(
    r"(?P<space>\s*)(?:(?P<name>(?:\$\{\}|@|[^\W\d])(?:\w|\$\{\}|\$)*)|(?P<quoted>`[^`]*`|\"[^\"]*\")|\S)"
)
_SIGNS = str.maketrans("‹›", "<>")
"""The outline has no markup in it, and so no sign of comparison either."""


def lines(outline: str, names: Sequence[str], columns: Sequence[str] = ()) -> tuple[Line, ...]:
    """The statements of an outline on lines: a new one before each main keyword, with sub-queries indented.

    Marked is what is one of `names`, in full or as far as the SQL says it, as a whole and without regard to case.
    `columns` are those of the names that are columns: they may stand behind the alias of their table.
    """
    tokens = [
        _Token(found[0].strip().translate(_SIGNS), _key(found["name"] or found["quoted"] or ""), bool(found["space"]))
        for found in _TOKEN.finditer(outline)
    ]
    _mark(tokens, [_key(name).removesuffix(".*") for name in names], {_key(name) for name in columns})
    return tuple(_lines(tokens))


def _key(name: str) -> str:
    """A name as it is compared: without case and quotes; of a placeholder of the scheduler the sign alone is left."""
    return re.sub(r"[`\"{}]", "", name).casefold()


def _mark(tokens: Sequence[_Token], names: Sequence[str], columns: set[str]) -> None:
    """Mark what is one of the names."""
    wanted = [name for name in dict.fromkeys(names) if re.search(r"[^\W\d]", name)]
    for chain in _chains(tokens):
        for end in range(len(chain)):
            for name in wanted:
                for token in chain[_begin(chain, end, name, is_column=name in columns) : end + 1]:
                    token.marked = True


def _chains(tokens: Sequence[_Token]) -> Iterator[list[_Token]]:
    """Names that are joined by dots, each of them together: `hr.users.phone`."""
    chain: list[_Token] = []
    dotted = False
    for token in tokens:
        if token.text == "." and chain:
            dotted = True
        elif token.key and dotted and not token.spaced:
            chain.append(token)
            dotted = False
        else:
            if chain:
                yield chain
            chain, dotted = [token] if token.key else [], False
    if chain:
        yield chain


def _begin(chain: Sequence[_Token], end: int, name: str, *, is_column: bool) -> int:
    """Where in a chain the name begins that ends at `end`; behind that where it is another one."""
    so_far = ".".join(token.key for token in chain[: end + 1])
    if f".{name}".endswith(f".{so_far}"):
        return 0
    if so_far.endswith(f".{name}"):
        return end - name.count(".")
    aliased = is_column and end == 1 and chain[end].key == name.rpartition(".")[2]
    return end if aliased else end + 1


_BREAKING = frozenset(
    {"select", "from", "where", "having", "limit", "union", "intersect", "except", "minus", "values", "insert"}
)
_BEFORE_BY = frozenset({"group", "order", "distribute", "cluster", "sort"})
_BEFORE_JOIN = frozenset({"left", "right", "full", "inner", "outer", "cross", "natural", "semi", "anti"})


def _lines(tokens: Sequence[_Token]) -> Iterator[Line]:
    """Tokens on lines. In brackets there is a new one only where they hold a query."""
    brackets: list[bool] = []
    line: list[_Token] = []
    indent = 0
    for at, token in enumerate(tokens):
        closing = token.text == ")" and brackets and brackets.pop()
        if line and (closing or ((not brackets or brackets[-1]) and _breaks(tokens, at))):
            yield _line(indent, line)
            line = []
        if not line:
            indent = sum(brackets)
        line.append(token)
        if token.text == "(":
            brackets.append(_word(tokens, at + 1) in ("select", "with"))
        elif token.text == ";":
            yield _line(indent, line)
            line, brackets = [], []
    if line:
        yield _line(indent, line)


def _word(tokens: Sequence[_Token], at: int) -> str:
    return tokens[at].word if 0 <= at < len(tokens) else ""


def _breaks(tokens: Sequence[_Token], at: int) -> bool:
    """Whether a line begins with a token."""
    word, before, behind = (_word(tokens, at + step) for step in (0, -1, 1))
    if at and tokens[at - 1].text == ".":
        return False
    if word in _BREAKING:
        return not (word == "from" and before == "delete")
    if word in _BEFORE_BY:
        return behind == "by"
    if word == "lateral":
        return behind == "view"
    return before not in _BEFORE_JOIN and _joins(tokens, at)


def _joins(tokens: Sequence[_Token], at: int) -> bool:
    """Whether JOIN stands there, or what belongs to it in front."""
    while _word(tokens, at) in _BEFORE_JOIN:
        at += 1
    return _word(tokens, at) == "join"


def _line(indent: int, tokens: Sequence[_Token]) -> Line:
    """A line, with neighbours that are marked together in one piece, and the dot between them."""
    pieces: list[Piece] = []
    for at, token in enumerate(tokens):
        between = token.text == "." and 0 < at < len(tokens) - 1
        marked = token.marked or (between and tokens[at - 1].marked and tokens[at + 1].marked)
        if token.spaced and at:
            pieces.append(Piece(" "))
        if pieces and pieces[-1].marked == marked:
            pieces[-1] = Piece(pieces[-1].text + token.text, marked)
        else:
            pieces.append(Piece(token.text, marked))
    return Line(indent, tuple(pieces))
