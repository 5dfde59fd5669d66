"""A text cut into statements, and each made ready for the grammar.

What a script has around its queries is taken off: variables, definitions of functions, blocks, EXPLAIN. What only makes
a statement long or deep is left out: rows of literals, brackets in brackets. Commands that no grammar has are read by
their words.
"""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from extension.sql.facts import Engine
from extension.sql.names import Named, Words, keywords
from extension.sql.shortening import QUERY, short
from extension.sql.tables import Called, Reading, by_words
from extension.sql.words import (
    HIVE,
    NOT_SQL,
    PLACEHOLDER,
    VARIABLE,
    Cleaned,
    Lines,
    Word,
    clean,
    loosened,
    readings,
    words,
)

__all__ = ["Called", "Named", "Piece", "Reading", "by_words", "pieces"]


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A statement, or what of one is read by itself: the condition of an IF, the body of a function."""

    kind: str
    """One of `facts.KINDS`."""
    text: str
    """What the grammar is given. Where it is empty, and nothing is `unread`, the words say all."""
    unread: str = ""
    """Why it is not for the grammar; empty where it is."""
    assigns: str = ""
    """The variable that it gives a value, such as @a; empty where there is none."""
    setting: tuple[str, str] = ("", "")
    """Key and value of SET, in lower case."""
    words: tuple[Word, ...]
    """All its words, by their places in the whole text."""
    line: int
    """Line of its first word."""
    source: Cleaned
    lines: Lines
    begins: int = 0
    """Where in the whole text that begins which follows the first `added` characters of `text`."""
    added: int = 0

    def __repr__(self) -> str:
        """Nothing of the text: SQL shall not end in a log or a traceback."""
        return f"Piece({self.kind!r}, {self.line})"

    def line_of(self, at: int) -> int:
        """Line of a place in `text`, in the whole text."""
        return self.lines.at(self._place(at))

    def line_at(self, at: int) -> int:
        """Line of a place in the whole text, such as that of a word."""
        return self.lines.at(at)

    def original(self, start: int, end: int) -> str:
        """What is written where `text` has the characters from `start` up to `end`: there with its placeholders."""
        return self.source.raw[self._place(start) : self._place(end)]

    def _place(self, at: int) -> int:
        return self.begins + max(0, at - self.added)


def pieces(text: str, engine: Engine) -> list[Piece]:
    """The statements of a text."""
    source, lines = clean(text, engine), Lines(text)
    if engine in NOT_SQL:
        return _unread(source, lines, [[Word("code", "", 0), *_words(source, each)] for each in readings(source)])
    *cut, (rest, _) = _cut(_words(source, source.text, 0, source.unclear), source, lines)
    found = [piece for each, stop in cut if each for piece in _Statement(each, stop, source, lines).pieces()]
    if source.unclear == len(text):
        return found + (list(_Statement(rest, len(text), source, lines).pieces()) if rest else [])
    mark = Word("unclear", "", source.unclear)
    ways = [[*rest, mark, *_words(source, each, source.unclear)] for each in readings(source)]
    return found + _unread(source, lines, ways)


def _words(source: Cleaned, text: str, start: int = 0, end: int | None = None) -> list[Word]:
    """Words of a clean text, with placeholders as they are written."""
    found = words(text, start, end)
    if PLACEHOLDER in text:
        raw = source.raw
        return [
            word._replace(text=raw[word.at : word.at + len(word.text)]) if PLACEHOLDER in word.text else word
            for word in found
        ]
    return found


def _unread(source: Cleaned, lines: Lines, ways: Sequence[list[Word]]) -> list[Piece]:
    """What is read by its words, in each of the ways in which they may be read."""
    first = [word for word in ways[0] if word.kind not in ("unclear", "code")]
    if not first:
        return []
    found = [word for way in ways for word in (*way, Word("sign", ";", len(source.raw)))]
    kind = (
        "OTHER" if source.engine in NOT_SQL else _Statement(first, len(source.raw), source, lines).kind_behind_blocks()
    )
    line = lines.at(first[0].at)
    return [Piece(kind=kind, text="", unread=source.reason, words=tuple(found), line=line, source=source, lines=lines)]


_TUNNEL = keywords("upload download upsert resume show purge help u d us")


def _cut(found: list[Word], source: Cleaned, lines: Lines) -> Iterator[tuple[list[Word], int]]:
    """Words of each statement and where it ends: at a semicolon, and before and behind a line of TUNNEL."""
    start, tunnel = 0, 0
    for at, word in enumerate(found):
        if tunnel and word.text != ";" and lines.at(word.at) != tunnel:
            yield found[start:at], word.at
            start, tunnel = at, 0
        if word.text == ";" and word.kind == "sign":
            yield found[start:at], word.at
            start, tunnel = at + 1, 0
        elif word.text.lower() == "tunnel" and source.engine in HIVE and _begins_line(found, at, lines):
            yield found[start:at], word.at
            start, tunnel = at, lines.at(word.at)
    if tunnel:
        yield found[start:], source.unclear
        start = len(found)
    yield found[start:], source.unclear


def _begins_line(found: Sequence[Word], at: int, lines: Lines) -> bool:
    """Whether a line begins with a word, and a command of TUNNEL follows."""
    line = lines.at(found[at].at)
    behind = found[at + 1 : at + 2]
    return (not at or lines.at(found[at - 1].at) < line) and any(
        word.text.lower() in _TUNNEL and lines.at(word.at) == line for word in behind
    )


_KINDS = {
    **{
        kind.lower(): kind
        for kind in ("INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "CREATE", "ALTER", "DROP", "SET")
    },
    **{kind.lower(): kind for kind in ("USE", "SHOW", "DESCRIBE", "EXPLAIN", "ANALYZE", "GRANT", "REVOKE", "CALL")},
    **{kind.lower(): kind for kind in ("FUNCTION", "LOAD", "UNLOAD", "CLONE", "TUNNEL", "ADD", "KILL")},
    **dict.fromkeys(("select", "with", "from", "values", "(", "table", "map", "reduce"), "SELECT"),
    **dict.fromkeys(("if", "while", "elseif", "elsif"), "CONTROL"),
    "desc": "DESCRIBE",
    "replace": "INSERT",
    "upsert": "INSERT",
}
_WRITES = ("insert", "update", "delete", "merge")
_BEHIND = ("", "union", "intersect", "except", "minus", "order", "limit", "sort", "cluster", "distribute")
"""What can follow the bracket of a query that is a statement."""
_BODIES = ("begin", "then", "do", "loop")
_COMMANDS = frozenset({"show", "desc", "describe", "grant", "revoke", "kill", "use", "load", "analyze"})
"""Commands that are read by their words, whatever runs them."""
_HIVE_COMMANDS = _COMMANDS | {
    *("add", "clone", "export", "import", "read", "count", "whoami", "list", "msck", "purge", "unload"),
}
_RUNS_TEXT = frozenset({"execute", "exec", "prepare", "do"})
_OPERATORS = frozenset("=<>!+-*/%|&~^") | {"and", "or", "is", "in", "not", "between", "like", "rlike"}


class _Statement(Words):
    """The words of one statement."""

    def __init__(self, found: list[Word], stop: int, source: Cleaned, lines: Lines) -> None:
        super().__init__(found)
        self.stop, self.source, self.lines = stop, source, lines
        self.count = len(found)
        self.script = source.engine in HIVE

    def pieces(self) -> Iterator[Piece]:
        """What the statement is made of: conditions and heads of functions before it, and itself."""
        at = 0
        while self.script and at < self.count:
            behind = self.behind_block(at)
            if behind == at and self.keys[at] in ("if", "while", "elseif", "elsif"):
                behind = self.condition(at)
                yield self.piece("CONTROL", at, range(at + 1, behind), "select ")
            elif behind == at and (head := self.function(at)):
                behind = head
                yield self.command(self.kind(at), at, behind)
            if behind == at:
                break
            at = behind
        if at < self.count:
            yield self.statement(at)

    def behind_block(self, at: int) -> int:
        """The place behind a word of a block: BEGIN, END, ELSE, LOOP, BREAK."""
        word, behind = self.keys[at], self.keys[at + 1]
        if word in ("begin", "then", "do", "loop") and behind not in ("transaction", "work", "tran"):
            return at + 1
        if word in ("end", "else"):
            return at + 2 if behind in ("if", "loop", "while") and at + 2 == self.count else at + 1
        if word in ("break", "continue", "return", "exit", "leave") and at + 1 == self.count:
            return at + 1
        return at

    def kind_behind_blocks(self) -> str:
        """The kind of the first thing that is none of the words of a block."""
        at = 0
        while self.script and (behind := self.behind_block(at)) != at:
            at = behind
        assigned = self.assigned(at) if self.keys[at].startswith(VARIABLE) else 0
        return ("SELECT" if self.is_query(assigned) else "ASSIGN") if assigned else self.kind(at)

    def condition(self, at: int) -> int:
        """The end of the condition of an IF."""
        end = at + 1
        if self.keys[end] == "(":
            end = min(self.closing[end] + 1, self.count)
            if self.keys[end] not in _OPERATORS:
                return end
        while end < self.count and self.keys[end] not in _BODIES:
            end = min(self.closing[end], self.count - 1) + 1 if self.keys[end] == "(" else end + 1
        return end

    def function(self, at: int) -> int:
        """The end of the head of a function whose body is a block; 0 where there is none."""
        body = self.body(at)
        return body if body and self.keys[body] == "begin" else 0

    def body(self, at: int) -> int:
        """The place of what a function is made of; 0 where none is made here."""
        if self.keys[at] == "create":
            end = self.past(at + 1, "or", "replace", "sql", "temporary", "temp", "global", "aggregate", "table")
        else:
            end = at
        if self.keys[end] != "function":
            return 0
        while end < self.count and self.keys[end] not in ("as", "return", "begin"):
            end = min(self.closing[end], self.count - 1) + 1 if self.keys[end] == "(" else end + 1
        return end if self.keys[end] in ("begin", "") else end + 1

    def kind(self, at: int) -> str:
        """The kind of a statement by its first words; for WITH and FROM, by what they lead to."""
        first = self.keys[at]
        if first in ("with", "from"):
            level = 0
            for place in range(at, self.count):
                word = self.keys[place]
                level += (word == "(") - (word == ")")
                if not level and word in _WRITES and (self.keys[place - 1] == ")" or first == "from"):
                    return _KINDS[word]
        return _KINDS.get(first, "OTHER")

    def is_query(self, at: int) -> bool:
        """Whether a query stands here, in brackets or not, and nothing else behind it."""
        first = self.past(at, "(")
        if self.keys[first] not in QUERY:
            return False
        return first == at or self.keys[min(self.closing[at] + 1, self.count)] in _BEHIND

    def statement(self, at: int) -> Piece:
        """The statement that begins here."""
        first = self.keys[at]
        if self.script and first.startswith(VARIABLE):
            return self.variable(at)
        for special in (self.set_, self.made, self.explained, self.told):
            if piece := special(at):
                return piece
        return self.piece(self.kind(at), at, range(at, self.count))

    def variable(self, at: int) -> Piece:
        """A variable that is given a value, or told the type of."""
        name = "@" + self.keys[at][1:]
        value = self.assigned(at)
        if value and self.is_query(value):
            return replace(self.piece("SELECT", at, range(value, self.count)), assigns=name)
        if value:
            alone = self.keys[value].startswith(VARIABLE) and value + 1 == self.count
            added = "select * from " if alone else "select "
            return replace(self.piece("ASSIGN", at, range(value, self.count), added), assigns=name)
        if self.words[at + 1 : at + 2] and self.words[at + 1].kind == "name" and "select" not in self.keys:
            return replace(self.command("ASSIGN", at, self.count), assigns=name)
        return self.piece("ASSIGN", at, range(at, self.count))

    def assigned(self, at: int) -> int:
        """The place behind `:=`; 0 where there is none."""
        if self.keys[at + 1] == ",":
            return 0
        while at < self.count - 2 and self.keys[at] not in ("select", "="):
            if self.keys[at] == ":" and self.keys[at + 1] == "=":
                return at + 2
            at = self.closing[at] + 1 if self.keys[at] == "(" else at + 1
        return 0

    def set_(self, at: int) -> Piece | None:
        """SET, with its key and value."""
        if self.keys[at] != "set":
            return None
        places = [place for place in range(at + 1, min(at + 20, self.count)) if self.keys[place] in ("=", "to")]
        setting = ("", "")
        if places and self.keys[at + 1] != "label":
            start = self.words[self.past(at + 1, "session", "local", "global")].at
            split = self.words[places[0]]
            name = self.source.raw[start : split.at]
            written = self.source.text[split.at + len(split.text) : self.stop]
            if self.script or "'" in written:
                written = self.source.raw[split.at + len(split.text) : self.stop]
            setting = (name.strip().lower(), written.strip().lower())
        unread = ""
        if "select" in self.keys or ("(" in self.keys and self.keys[at + 1] != "label"):
            unread = "a SET with a query or a bracket in it"
        elif self.script and "\n" in setting[1]:
            unread = "a SET of more than one line"
        return replace(self.command("SET", at, self.count, unread), setting=setting)

    def made(self, at: int) -> Piece | None:
        """A function or procedure that is made, and what runs a text."""
        first, body = self.keys[at], self.body(at)
        end = self.past(at + 1, "or", "replace", "temporary", "temp", "definer", "aggregate")
        code = first == "create" and self.keys[end] in ("function", "procedure", "trigger", "event", "rule")
        if first in _RUNS_TEXT or (code and not self.script):
            found = tuple(loosened(self.source, self.words[at].at, self.stop))
            return replace(self.command(self.kind(at), at, self.count, "it runs a text as SQL"), words=found)
        if not body or not self.script:
            return None
        if self.words[body : body + 1] and self.words[body].kind == "string":
            return self.command(self.kind(at), at, self.count)
        return self.piece(self.kind(at), at, range(body, self.count), "" if self.is_query(body) else "select ")

    def explained(self, at: int) -> Piece | None:
        """EXPLAIN of a statement, and DESCRIBE of one."""
        if self.keys[at] not in ("explain", "desc", "describe"):
            return None
        start = at + 1
        while start < min(at + 12, self.count) and self.keys[start] not in (*QUERY, *_WRITES, "create", "replace"):
            if self.keys[start] == "(":
                if self.keys[self.past(start, "(")] in QUERY:
                    break
                start = min(self.closing[start], self.count - 1)
            start += 1
        if self.keys[at] != "explain" and self.keys[start] not in ("select", "with", "("):
            return None
        if not self.keys[start] or start == at + 12:
            return self.command("EXPLAIN", at, self.count)
        return self.piece("EXPLAIN", at, range(start, self.count))

    def told(self, at: int) -> Piece | None:
        """A command that is read by its words."""
        first, kind = self.keys[at], self.kind(at)
        query = "select" in self.keys
        if first == "call":
            return self.command(kind, at, self.count, "a procedure is called")
        if first == "tunnel" and self.script:
            return self.command(kind, at, self.count, "it is a tunnel command")
        if first == "unload" and self.script and self.keys[at + 2] == "(":
            inner = self.piece(kind, at, range(at + 3, self.closing[at + 2]))
            return replace(inner, words=tuple(self.words[at:]))
        if first in (_HIVE_COMMANDS if self.script else _COMMANDS):
            unread = "a command with a query in it" if query and first not in ("grant", "revoke") else ""
            return self.command(kind, at, self.count, unread)
        if first == "alter" and self.script and not query:
            return self.command(kind, at, self.count)
        return None

    def command(self, kind: str, first: int, end: int, unread: str = "") -> Piece:
        """What is not for the grammar."""
        return Piece(
            kind=kind,
            text="",
            unread=unread,
            words=tuple(self.words[first:end]),
            line=self.lines.at(self.words[first].at),
            source=self.source,
            lines=self.lines,
        )

    def piece(self, kind: str, at: int, text: range, added: str = "") -> Piece:
        """What is for the grammar: the text of some words, with something added before it."""
        begins = self.words[text.start].at if text else self.stop
        shortened = short(self, self.source.text, text) if text else ""
        return replace(self.command(kind, at, text.stop), text=added + shortened, begins=begins, added=len(added))
