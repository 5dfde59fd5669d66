"""What a text does, for a log: without literals and comments, and without what may be a secret that is not in quotes.

What is in doubt is left out: the rest of a statement, or of the text.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from extension.sql.facts import Engine
from extension.sql.names import keywords
from extension.sql.words import HIVE, NOT_SQL, PLACEHOLDER, VARIABLE, Cleaned, clean
from extension.verdict import casefold, cut

MAX_CHARS = 1_000
"""Longest outline."""

_LOOKED_AT = 20_000
"""Characters of a text that an outline is made from."""

_CHANGING = keywords("select with from values insert update delete merge replace upsert truncate")
_DEFINING = keywords("create alter drop")
"""What a statement begins with of which all is shown: queries, and changes of a table; definitions of one."""
_KINDS_OF_TABLES = keywords("or replace external temporary temp global local unlogged materialized")
_ADDED = keywords("( column columns partition constraint primary unique foreign check index key if")
"""What is added to a table, and not to a session."""
_FILES = keywords("jar jars file files archive archives py resource resources")
"""What is deleted from a session, and not from a table."""

_COMMANDS = keywords(
    "set use show desc describe explain analyze grant revoke call comment create alter drop delete begin commit start"
    " rollback end if else loop while declare return lock unlock optimize refresh vacuum execute prepare kill load"
    " unload export import clone function"
)
"""What a statement begins with of which nothing else is shown."""
_RAW = keywords("add list tunnel read purge msck dfs source")
"""Commands of a client of which nothing else is shown; in them, what looks like a quote may be none."""
_DATA = keywords("copy delimiter")
"""Commands behind which data stands, or SQL that ends elsewhere than at a semicolon."""

_BEGINNING = (_COMMANDS | _RAW) - keywords("end else if desc comment drop delete function")
"""What begins no line of a query or a definition: a semicolon was forgotten before it."""
_INTERRUPTING = keywords("set add tunnel create alter grant revoke identified execute exec prepare kill call")
"""What is no part of a query or of the rest of a definition wherever it stands: a secret may follow."""
_OPTIONS = keywords("options properties tblproperties serdeproperties dbproperties settings connection credentials")
"""What options follow, with or without quotes, and passwords among them."""

_PREFIXES = keywords("n x b r e rb br date datetime time timestamp interval")
"""Names that may stand at a quote with nothing between."""

_ALWAYS, _WITH_QUOTES, _NEVER = re.compile(""), re.compile(r"['\"`#\\]|--|/\*"), re.compile("(?!)")
"""What the hidden rest of a statement has in it where nothing is shown of the statements behind it, either."""

_TOKEN = re.compile(
    r"(?P<string>'[^']*+')|(?P<number>\d[\w.]*+(?:(?<=[eE])[+-]\d++)?+)|(?P<name>[\w\ue000\ue001]++)"
    r"|(?P<quoted>`[^`]*+`|\"[^\"]*+\")|(?P<quote>['\"`])|(?P<sign>\S)"
)
_NAME = re.compile(r"[^\W\d]")
_QUOTED_NAME = re.compile(r"`[^\W\d](?:[\w.$]|-(?!-))*+`|\"[^\W\d]\w*+\"")
_PLACEHOLDER = re.compile(f"{PLACEHOLDER}p*+")
_LINE_END = re.compile("[\r\n]")
_OUTSIDE = re.compile(r"[;#\r\n]|--|/\*")
"""What makes it doubtful that a text is in quotes, and not what is between two of them."""


class _Token(NamedTuple):
    """A word or a sign of a clean text."""

    key: str
    """A name in lower case, or a sign; empty for all else."""
    shown: str
    spaced: str
    """What is blank before it."""
    at: int


_MORE = "…"
_HIDDEN = _Token("", _MORE, " ", 0)
"""What stands for the rest of a statement."""


class _Kept(NamedTuple):
    """What is shown of a statement."""

    tokens: int
    """How many of its tokens, from the first one on."""
    until: re.Pattern[str] = _NEVER
    """What is in the rest of it where nothing is shown of the statements behind it, either."""


def outline(text: str, engine: Engine) -> str:
    """The statements of a text with `?` for a literal, `${}` for a placeholder of the scheduler, and without comments.

    It is one line of at most `MAX_CHARS` characters. Of a statement that is no query and neither changes nor defines a
    table it has the first word, if that is a command. `…` stands for what is left out. It is empty for what is no SQL.
    """
    if engine in NOT_SQL:
        return ""
    source = clean(text[:_LOOKED_AT], engine)
    tokens, stop = _tokens(source)
    lines: list[str] = []
    ended = stop < len(text)
    for statement, end in _statements(tokens, stop):
        count, until = _Statement(statement, engine).kept()
        rest = statement[count:]
        lines.append(_line([*statement[:count], *[_HIDDEN] * bool(rest)]))
        if rest and until.search(source.raw, rest[0].at, end):
            ended = True
            break
    said = "; ".join(lines)
    if ended and not said.endswith(_MORE):
        said = f"{said} {_MORE}".lstrip()
    return cut(said, MAX_CHARS)


def _tokens(source: Cleaned) -> tuple[list[_Token], int]:
    """Words and signs of a text, and the place up to which it is clear what is in quotes."""
    text = source.text[: source.certain]
    tokens: list[_Token] = []
    end, before = 0, ""
    for found in _TOKEN.finditer(text):
        kind, word, at = str(found.lastgroup), found[0], found.start()
        spans = kind in ("string", "quoted") and _OUTSIDE.search(source.raw, at, found.end())
        if spans or kind == "quote":
            return tokens, at
        touches = at == end and {kind, before} in ({"string", "name"}, {"string", "number"})
        if touches and (kind != "string" or not _is_prefix(tokens[-1].key)):
            return tokens[:-1], tokens[-1].at
        key = "" if kind not in ("name", "sign") else word.lower() if word.isascii() else casefold(word)
        shown = _shown(word) if kind == "name" else word if kind == "sign" or _QUOTED_NAME.fullmatch(word) else "?"
        tokens.append(_Token(key, shown, text[end:at], at))
        end, before = found.end(), kind
    return tokens, len(text)


def _is_prefix(name: str) -> bool:
    """Whether a name belongs to the quote behind it: `N'...'`, `_utf8'...'`."""
    return name in _PREFIXES or name.startswith("_")


def _shown(name: str) -> str:
    """A name with the sign of a variable in front, and nothing of a placeholder; what begins with a digit is none."""
    plain = _PLACEHOLDER.sub("", name).replace(VARIABLE, "")
    if plain and not _NAME.match(plain):
        return "?"
    return _PLACEHOLDER.sub("${}", name).replace(VARIABLE, "@")


def _line(tokens: Sequence[_Token]) -> str:
    """Tokens in a row, with one blank where there are any."""
    return "".join(" " * bool(token.spaced) + token.shown for token in tokens).lstrip()


def _statements(tokens: Sequence[_Token], stop: int) -> Iterator[tuple[list[_Token], int]]:
    """Tokens of each statement, and where it ends."""
    statement: list[_Token] = []
    for token in (*tokens, _Token(";", "", "", stop)):
        if token.key != ";":
            statement.append(token)
        elif statement:
            yield statement, token.at
            statement = []


class _Statement:
    """The tokens of a statement, by number, with what is behind the last one empty."""

    def __init__(self, tokens: Sequence[_Token], engine: Engine) -> None:
        self.tokens, self.engine = tokens, engine
        self.keys = [*(token.key for token in tokens), *[""] * 3]
        self.variable = self.keys[0].startswith(VARIABLE)
        self.begin = self._behind_variable() if self.variable else 0
        while self.keys[self.begin] == "(":
            self.begin += 1
        self.head = self.keys[self.begin]
        """The word that says what it is."""
        formatted = self.head == "insert" and engine is Engine.CLICKHOUSE and "format" in self.keys
        self.data = formatted or not _DATA.isdisjoint(self.keys)
        """Whether data may stand behind it."""

    def _behind_variable(self) -> int:
        """The place of what a variable is given; its own where it is given nothing."""
        places = range(1, len(self.tokens))
        return next((at + 2 for at in places if self.keys[at : at + 2] == [":", "="]), 0)

    def kept(self) -> _Kept:
        """What is shown of it."""
        if self.variable and self.head not in _CHANGING:
            return _Kept(1, self._until(raw=False))
        if not self._is_shown():
            raw = self.head not in _COMMANDS or (self.head == "set" and self.engine in HIVE)
            return _Kept(int(self.keys[0] in _COMMANDS | _RAW | _DATA), self._until(raw=raw))
        updated, depth = self.head == "update", 0
        for at in range(self.begin + 1, len(self.tokens)):
            key = self.keys[at]
            depth += (key == "(") - (key == ")")
            if key == "set" and updated:
                updated = False
            elif until := self._interrupted(at, depth):
                return _Kept(at + key.isalpha(), until)
            updated = updated or key == "update"
        return _Kept(len(self.tokens))

    def _is_shown(self) -> bool:
        """Whether it is a query, changes a table or defines one."""
        at = self.begin + 1
        if self.head == "delete":
            return self.keys[at] not in _FILES
        if self.head not in _DEFINING:
            return self.head in _CHANGING
        while self.keys[at] in _KINDS_OF_TABLES:
            at += 1
        return self.keys[at] in ("table", "view")

    def _interrupted(self, at: int, depth: int) -> re.Pattern[str] | None:
        """What ends the outline in the rest of it, where it is not shown from a place on; None where it is."""
        key, behind = self.keys[at], self.keys[at + 1]
        password = key == "password" and self.head in _DEFINING and not depth
        if key in _OPTIONS or (key == "with" and behind == "(") or password:
            return self._until(raw=False)
        begins = _LINE_END.search(self.tokens[at].spaced)
        command = begins and (key in _BEGINNING or (key == "!" and behind != "="))
        added = key == "add" and behind in _ADDED and self.head == "alter"
        if command or (key in _INTERRUPTING and not added) or key == behind == "/":
            return self._until(raw=bool(command) or self.engine in HIVE)
        return self._until(raw=False) if key in _DATA or (key == "format" and self.data) else None

    def _until(self, *, raw: bool) -> re.Pattern[str]:
        """What ends the outline in what is not shown of it. `raw` says whether quotes may be none there."""
        return _ALWAYS if self.data else _WITH_QUOTES if raw else _NEVER
