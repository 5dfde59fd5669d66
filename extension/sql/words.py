"""A text without its comments and what is in its strings, and its words.

Nothing that an engine would run may be lost here. From the first place on that engines read in different ways, or that
is broken, everything counts as words: what may be a comment or a string, too.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple, cast
from unicodedata import normalize

import msgspec

from extension.sql.facts import Engine
from extension.verdict import visible

VARIABLE, PLACEHOLDER = "\ue000", "\ue001"
"""What a script's variable and a placeholder of the scheduler begin with in a clean text."""


_ANY_QUOTE = re.compile("['\"`]")


class Cleaned(msgspec.Struct, frozen=True, kw_only=True):
    """A text in which only what an engine runs is left; what is not is blank, line by line and place by place.

    `text` is as long as `raw` and has its line ends. Comments are blank; a string is `'xxx'`; a placeholder is
    `PLACEHOLDER` and letters, a script's variable `VARIABLE` and its name. From `unclear` on (its length where nothing
    is) it can be read in more than one way, `reason` says why, and quotes and comment signs are all that is blank.
    """

    raw: str
    text: str
    unclear: int
    reason: str
    engine: Engine

    @property
    def certain(self) -> int:
        """The place up to which nothing that is in quotes can be taken for code.

        Where a text is unclear that may be so because of a quote that was forgotten, or is an apostrophe: any before.
        """
        if self.unclear == len(self.raw):
            return self.unclear
        quote = _ANY_QUOTE.search(self.raw, 0, self.unclear)
        return quote.start() if quote else self.unclear

    def __repr__(self) -> str:
        """Nothing of the text: SQL shall not end in a log or a traceback."""
        return f"Cleaned({self.engine!r}, {self.unclear})"


class Word(NamedTuple):
    """A word, and where it is in the text. A string has no text; a sign is one character."""

    kind: str
    """name (numbers, too), quoted (a name in quotes, without them), string, sign, or unclear: what follows may be
    comment or string."""
    text: str
    at: int


class Lines:
    """Lines of a text by place."""

    def __init__(self, text: str) -> None:
        self._ends = [end.start() for end in re.finditer("\n", text)]

    def at(self, offset: int) -> int:
        """Number of the line, from 1, that has the character at `offset`."""
        return bisect_right(self._ends, offset - 1) + 1


HIVE = (Engine.MAXCOMPUTE, Engine.HIVE, Engine.SPARK)
"""MaxCompute and its like: variables, strings in double quotes, SET without quotes."""

NOT_SQL = {
    Engine.PYTHON: "Python is not SQL",
    Engine.SHELL: "Shell is not SQL",
    Engine.OTHER: "it is not SQL",
}
"""Why what is no SQL is read by its words."""


def _group(name: str, *choices: str) -> str:
    return f"(?P<{name}>{'|'.join(choices)})"


# Strings. Where a backslash may or may not be an escape (a prefix: r'\', E'\'', or standard SQL), one before a quote
# makes the string none, and so unclear. Two in a row are taken as one: 'it''s' ends where it does either way.
_PREFIXED = r"(?!(?<=\w{0})[^{0}\\]*+(?:\\[^{0}][^{0}\\]*+)*+\\{0})"
_ESCAPING = r"(?:{0}" + _PREFIXED + r"(?:[^{0}\\]++|\\.)*+{0})++(?!{0})"
_PLAIN = r"(?:'[^'\\]*+(?:\\[^'][^'\\]*+)*+')++(?!')"
_SINGLE, _DOUBLE = _ESCAPING.format("'"), _ESCAPING.format('"')

# Names in quotes: nothing in them that ends them for one engine and not for another.
_NAMED = "{0}[^'\"`\\\\\x00-\x1f\x7f-\x9f\ue000\ue001]++{0}(?!{0})"
_BACKQUOTED, _DOUBLEQUOTED = _NAMED.format("`"), _NAMED.format('"')

# Comments. One in another ends where the first ends, or the second; /*! is run by MySQL; a carriage return ends a line
# comment or does not, and so does a line end behind a backslash.
_BLOCK = r"/\*(?!M?!)(?:[^*/]++|\*(?!/)|/(?!\*))*+\*/"
_REST = r"(?:[^\r\n\\]++|\\(?!\r?\n))*+(?=\r?\n|\Z)"
_LINE, _MYSQL_LINE, _HASH, _CLICKHOUSE_HASH = f"--{_REST}", rf"--(?=\s|\Z){_REST}", f"#{_REST}", f"#(?=[ !]){_REST}"

# Placeholders of the scheduler, and a script's variables.
_WITHIN = r"(?:[\w.:+*, ()]|-(?!-)|/(?!\*)|\[[\w+ -]*+\])*+"
_CURLY, _SQUARE, _DAG = rf"\$\{{{_WITHIN}\}}", rf"\$\[{_WITHIN}\]", rf"@@\[{_WITHIN}\]"
_DOLLAR = r"\$[A-Za-z_]\w*+(?!\$)"
_AT = r"(?<![\w@])@(?=\w)"

_SIGNS = _group("plain", r"[\w!%&()*+,.:<=>?\[\]^{|}~][\w!%&()*+,.:<=>?\[\]^{|}~ \t\r\n]*+", r"/(?!\*)", "-(?!-)")
_BLANK = _group("blank", r"\s++")
_OTHERS = (
    _group("dollars", r"\$\w*+\$", r"\$[{\[]", r"@@\["),
    _group("sign", r"[$@]"),
    _group("quote", "['\"`]"),
    _group("comment", r"/\*", "--"),
    _group("hash", "#"),
    _group("backslash", r"\\"),
    _group("odd", "."),
)

# A value of SET is taken to the semicolon as it is: a quote or a comment sign in it is none there. A closed string with
# nothing of the kind in it ends the value for nobody.
_SETTING = re.compile(
    r"(?i:set)\s++[\w.:-]++\s*+=(?P<value>(?:[^;'\"`/\\#-]++|/(?!\*)|-(?!-)|'[^;'\"`/\\#\n-]*+'|\"[^;'\"`/\\#\n-]*+\")*+)"
    r"(?P<closed>(?=;|\Z))?"
)
_NO_WORD = re.compile(r"[^\w\s().,:=-]")


_HIVE = (
    _SIGNS,
    _group("hidden", _BLOCK, _LINE),
    _group("string", _SINGLE, _DOUBLE),
    _group("name", _BACKQUOTED),
    _group("placeholder", _CURLY, _SQUARE, _DAG, _DOLLAR),
    _group("variable", _AT),
)
_MYSQL = (
    _SIGNS,
    _group("hidden", _BLOCK, _MYSQL_LINE, _HASH),
    _group("string", _SINGLE, _DOUBLE),
    _group("name", _BACKQUOTED),
    _group("placeholder", _CURLY, _SQUARE, _DAG, _DOLLAR),
)
_CLICKHOUSE = (
    _SIGNS,
    _group("hidden", _BLOCK, _LINE, _CLICKHOUSE_HASH),
    _group("string", _SINGLE),
    _group("name", _BACKQUOTED, _DOUBLEQUOTED),
    _group("placeholder", _CURLY, _SQUARE, _DAG),
)
_STANDARD = (
    _SIGNS,
    _group("hidden", _BLOCK, _LINE),
    _group("string", _PLAIN),
    _group("name", _DOUBLEQUOTED),
    _group("placeholder", _CURLY, _SQUARE, _DAG),
)
_POSTGRESQL = (*_STANDARD, _group("operator", "#>>?"))
_CHOICES = {
    **dict.fromkeys(HIVE, _HIVE),
    Engine.MYSQL: _MYSQL,
    Engine.CLICKHOUSE: _CLICKHOUSE,
    **dict.fromkeys((Engine.HOLOGRES, Engine.POSTGRESQL), _POSTGRESQL),
    Engine.PRESTO: _STANDARD,
}


@cache
def _syntax(engine: Engine) -> re.Pattern[str]:
    """Tokens of an engine's SQL in the order in which they are tried: 5 ms, when the first SQL for it comes."""
    return re.compile("|".join((_group("end", ";"), *_CHOICES[engine], _BLANK, *_OTHERS)), re.DOTALL)


_QUOTE, _OPEN_QUOTE = "engines end a text in quotes in different places", "a quote is not closed"
_COMMENT, _OPEN_COMMENT = "engines end a comment in different places", "a comment is not closed"
_INVISIBLE, _CONTROL, _ODD = "an invisible character", "a control character", "a character that SQL does not have"
_SET_VALUE, _SHELL_COMMAND = "a quote or comment sign in a value of SET", "a command of the shell"
_REASONS = {
    "dollars": "engines read a $ in different ways",
    "hash": "a # is not a comment to all engines",
    "backslash": "a backslash outside of quotes",
    "quote": _QUOTE,
    "comment": _COMMENT,
    "odd": _ODD,
}
"""Why a text is unclear, by the token with which that begins."""


def clean(text: str, engine: Engine) -> Cleaned:
    """What of `text` is run, as `engine` reads it."""
    if engine in NOT_SQL:
        found = _loose(_code(text, engine), engine)
        return Cleaned(raw=text, text=found, unclear=0, reason=NOT_SQL[engine], engine=engine)
    found, why = _scan(text, engine)
    unclear, reason = min(((len(found), why), *_later(text, found)), key=lambda place: place[0])
    return Cleaned(
        raw=text, text=found[:unclear] + _loose(text[unclear:], engine), unclear=unclear, reason=reason, engine=engine
    )


def _scan(text: str, engine: Engine) -> tuple[str, str]:
    """The clean text up to the first place that is unclear, and why it is."""
    parts = [" "] if text.startswith("\ufeff") else []
    at = len(parts)
    fresh, syntax = True, _syntax(engine)
    while at < len(text):
        if fresh and engine in HIVE and (setting := _SETTING.match(text, at)):
            parts.append(text[at : setting.start("value")] + _NO_WORD.sub(" ", setting["value"]))
            if setting["closed"] is None:
                return "".join(parts), _SET_VALUE
            at, fresh = setting.end(), False
        else:
            token = cast("re.Match[str]", syntax.match(text, at))  # one of the choices takes any character
            kind = str(token.lastgroup)
            if kind in _REASONS:
                return "".join(parts), _why(kind, text, at)
            parts.append(_cleaned(kind, token[0], parts[-1][-2:] if parts else ""))
            fresh = kind == "end" or (fresh and kind in ("hidden", "blank"))
            at = token.end()
    return "".join(parts), ""


def _cleaned(kind: str, token: str, before: str) -> str:
    """What stands in the clean text for a token, given the two characters before it."""
    if kind == "string" and _NUMERAL.search(before):
        return f"'{_fill(token[1:-1], '0')}'"
    return _CLEAN[kind](token) if kind in _CLEAN else token


_NUMERAL = re.compile(r"(?<!\w)[bx]\Z", re.IGNORECASE)
"""What makes a string one of digits, which have to be some."""


def _fill(text: str, mark: str) -> str:
    """As many marks as there are characters, line by line."""
    if "\n" not in text and "\r" not in text:
        return mark * len(text)
    return re.sub(r"[^\r\n]++", lambda part: mark * len(part[0]), text)


_CLEAN: dict[str, Callable[[str], str]] = {
    "hidden": lambda text: _fill(text, " "),
    "blank": lambda text: _fill(text, " "),
    "string": lambda text: f"'{_fill(text[1:-1], 'x')}'",
    "placeholder": lambda text: PLACEHOLDER + "p" * (len(text) - 1),
    "field": lambda text: PLACEHOLDER + "p" * (len(text) - 1),
    "variable": lambda _: VARIABLE,
}
"""What stands in the clean text for a token; the others stay."""


def _why(kind: str, text: str, at: int) -> str:
    """Why a text is unclear at a place."""
    if kind == "quote" and text.find(text[at], at + 1) < 0:
        return _OPEN_QUOTE
    if kind == "comment" and text[at] == "/" and text.find("*/", at + 2) < 0:
        return _OPEN_COMMENT
    if kind == "odd" and not visible(text[at]):
        return _CONTROL if text[at].isascii() else _INVISIBLE
    return _REASONS[kind]


_SHELL_LINE = re.compile(r"^[ \t]*+odpscmd\b", re.MULTILINE | re.IGNORECASE)
_TUNNEL_LINE = re.compile(r"^[ \t]*+tunnel[ \t]++[a-z][^\n]*+", re.MULTILINE | re.IGNORECASE)
_TUNNEL_PLAIN = re.compile(r"(?:[^'\"\\/]++|/(?!\*)|'[^'\"\\\n]*+'|\"[^'\"\\\n]*+\")*+")
_UNICODE_NAME = re.compile(r"\bu&\"", re.IGNORECASE)


def _later(text: str, found: str) -> Iterator[tuple[int, str]]:
    """Places that are unclear though each of their tokens is not."""
    if "\0" in text:  # some engines end a text there, even in a comment
        yield text.index("\0"), _CONTROL
    if command := _SHELL_LINE.search(found):
        yield command.start(), _SHELL_COMMAND
    for line in _TUNNEL_LINE.finditer(found):  # it has quotes and escapes of its own
        if not _TUNNEL_PLAIN.fullmatch(text, line.start(), line.end()):
            yield line.start(), _SHELL_COMMAND
            break
    if name := _UNICODE_NAME.search(found):  # letters by their numbers, behind a sign that comes later
        yield name.start(), _QUOTE
    if hidden := {character for character in set(found) - {VARIABLE, PLACEHOLDER} if _hides(character)}:
        yield min(map(found.index, hidden)), _INVISIBLE


def _hides(character: str) -> bool:
    """Whether a character shows nothing, though it is a letter or stands in a name."""
    return not character.isascii() and not visible(character)


# What is no SQL. Its comments are gone up to the first thing that is unclear: here-documents, quotes in quotes.
_PYTHON = re.compile(
    r"(?P<hidden>#[^\r\n]*+)|'''(?:[^'\\]++|\\.|'(?!''))*+'''|\"\"\"(?:[^\"\\]++|\\.|\"(?!\"\"))*+\"\"\""
    r"|'(?!'')(?:[^'\\\r\n]++|\\.)*+'|\"(?!\"\")(?:[^\"\\\r\n]++|\\.)*+\"|(?P<quote>['\"])",
    re.DOTALL,
)
_SHELL = re.compile(
    r"(?P<hidden>(?<![^ \t\n;|&()])#[^\n]*+)|\\.|'[^']*+'|\"(?:[^\"\\$`]++|\\.|\$\{\w++\}|\$(?![({]))*+\""
    r"|(?P<quote>\$'|<<|['\"])",
    re.DOTALL,
)
_CODE = {Engine.PYTHON: _PYTHON, Engine.SHELL: _SHELL}


def _code(text: str, engine: Engine) -> str:
    """`text` without its comments, as far as it is clear where they are."""
    parts, at = [], 0
    for token in _CODE[engine].finditer(text) if engine in _CODE else ():
        if token.lastgroup == "quote":
            break
        if token.lastgroup == "hidden":
            parts += [text[at : token.start()], _fill(token[0], " ")]
            at = token.end()
    return "".join((*parts, text[at:]))


# What is unclear, and what is no SQL: words alone. Chinese punctuation counts as what it looks like.
_MARKS = dict(zip("、。‘’“”【】\ue000\ue001", ",.    []  ", strict=True))
_LOOSE = "|".join(
    (
        _group("variable", _AT),
        r"(?P<blank>(?:\\[nrtfv]?+|/\*|\*/|--|[#'\"`\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?![ \t\r\n])\s)++)",
        _group("placeholder", _CURLY, _SQUARE, _DAG, r"\$[A-Za-z_]\w*+"),
    )
)
_LOOSE_SQL, _LOOSE_PYTHON = re.compile(_LOOSE), re.compile(_LOOSE + r"|(?P<field>\{\{? ?[\w.]*+ ?\}?\})")


def _loose(text: str, engine: Engine) -> str:
    """`text` with blanks for quotes and comment signs: what was in them counts."""
    if not text.isascii():
        text = text.translate({ord(character): _alike(character) for character in set(text) if not character.isascii()})
    pattern = _LOOSE_PYTHON if engine is Engine.PYTHON else _LOOSE_SQL
    return pattern.sub(lambda token: _CLEAN[str(token.lastgroup)](token[0]), text)


def _alike(character: str) -> str:
    """The ASCII sign that a character looks like; a letter as it is."""
    plain = _MARKS.get(character) or normalize("NFKC", character)
    return plain if len(plain) == 1 and plain.isascii() and not plain.isalnum() else character


# Other ways to read what is unclear: what is a comment or a string to some engine is not there, and names that a
# comment stands between are next to each other. Each token is closed or runs to the end: there is none to try again.
_FLAT, _NESTED = re.compile(r"\*/"), re.compile(r"/\*|\*/")
_ESCAPES = re.compile(r"(?:--|#)[^\n]*+|(?P<open>/\*)|'(?:[^'\\]++|\\.)*+'?|\"(?:[^\"\\]++|\\.)*+\"?", re.DOTALL)
_NO_ESCAPES = re.compile(r"(?:--|#)[^\n]*+|(?P<open>/\*)|'[^']*+'?")
_NO_STRINGS = re.compile(r"--[^\n]*+|(?P<open>/\*)")
_READINGS = ((_ESCAPES, _FLAT), (_NO_ESCAPES, _NESTED))


def readings(cleaned: Cleaned) -> tuple[str, ...]:
    """The clean text, and what else it may be from the place on that is unclear: without what may be a comment."""
    head, rest = cleaned.text[: cleaned.unclear], cleaned.raw[cleaned.unclear :]
    ways: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = _READINGS
    if cleaned.engine in NOT_SQL:
        rest, ways = _code(rest, cleaned.engine), ((_NO_STRINGS, _FLAT),)
    others = (head + _loose(_without(rest, *way), cleaned.engine) for way in ways)
    return tuple(dict.fromkeys((cleaned.text, *others)))


def _without(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> str:
    """`text` without what is a comment or a string when it is read in one way."""
    parts, at = [], 0
    while token := opening.search(text, at):
        end = _end(text, token.end(), closing) if token["open"] else token.end()
        parts += [text[at : token.start()], _fill(text[token.start() : end], " ")]
        at = end
    return "".join((*parts, text[at:]))


def _end(text: str, at: int, closing: re.Pattern[str]) -> int:
    """Where a comment ends that is open at a place; the end of the text where it does not."""
    depth = 1
    for mark in closing.finditer(text, at):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return mark.end()
    return len(text)


_WORD = (
    r"(?P<name>[\w\ue000\ue001{0}]++)|'(?P<string>[^']*+)'|`(?P<quoted>[^`]*+)`|\"(?P<named>[^\"]*+)\""
    r"|(?P<sign>[^\s\x80-\U0010ffff])"
)
_WORDS = re.compile(_WORD.format(""))
_ODD_CHARACTER = re.compile(r"[^\w\s\x00-\x7f\ue000\ue001]")


@cache
def _joined_words() -> re.Pattern[str]:
    """Words in which an odd character can stand: 10 ms that most texts do not have to pay."""
    return re.compile(_WORD.format(r"\x80-\U0010ffff"))


def words(text: str, start: int = 0, end: int | None = None) -> list[Word]:
    """Words of a clean text, between two places of it.

    An odd character, which there can be where a text is unclear, stands between two names or in one: both are given,
    one after the other.
    """
    end = len(text) if end is None else end
    found = _tokens(_WORDS, text, start, end)
    if not text.isascii() and _ODD_CHARACTER.search(text, start, end):
        found += [Word("sign", ";", end), *_tokens(_joined_words(), text, start, end)]
    return found


_KINDS = {"name": "name", "string": "string", "quoted": "quoted", "named": "quoted", "sign": "sign"}


def _tokens(pattern: re.Pattern[str], text: str, start: int, end: int) -> list[Word]:
    return [
        Word(_KINDS[kind], token[kind] if kind != "string" else "", token.start())
        for token in pattern.finditer(text, start, end)
        if (kind := token.lastgroup)
    ]


def loosened(cleaned: Cleaned, start: int, end: int) -> list[Word]:
    """Words between two places of a text of which the strings are run: what is in them counts."""
    found = words(_loose(cleaned.raw[start:end], cleaned.engine))
    return [Word("unclear", "", start), *(word._replace(at=word.at + start) for word in found)]
