"""CEL read without running it: the kinds of values, and whether a condition's names, fields and operators fit them.

The engine only parses: a name that is not there shows when an event comes, and short-circuiting can hide it for years.
So every condition is read here once more, with the kind of each variable known. What is taken and what it gives is what
the engine does, which differs from the language at places; the tests hold the tables below against it.

Source of the language: https://github.com/google/cel-spec/blob/master/doc/langdef.md
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, NoReturn, TypeVar

import msgspec

from extension.conditions import CHARACTERS, MATCHES

MAX_CHARS = 1000
"""Longest condition."""
MAX_DEPTH = 50
"""Most brackets inside each other, and most `?`: the engine overflows its stack at some hundreds."""
MAX_LOOPS = 2
"""Most macros inside each other's conditions: each multiplies the time by the length of a list."""


T = TypeVar("T")


class Kind(msgspec.Struct, frozen=True):
    """What a value is. `item` are the values of a list or map, `key` the keys of a map, `fields` those of a record."""

    name: str
    item: "Kind | None" = None
    key: "Kind | None" = None
    fields: Mapping[str, "Kind"] = {}

    def __str__(self) -> str:
        """The kind as errors name it: `int`, `list(string)`, `map(string, dyn)`, `record`."""
        inner = ", ".join(str(kind) for kind in (self.key, self.item) if kind is not None)
        return f"{self.name}({inner})" if inner else self.name


BOOL, INT, UINT, DOUBLE = Kind("bool"), Kind("int"), Kind("uint"), Kind("double")
STRING, BYTES, NULL, TYPE = Kind("string"), Kind("bytes"), Kind("null"), Kind("type")
TIMESTAMP, DURATION = Kind("timestamp"), Kind("duration")
DYN = Kind("dyn")
"""A value of which nothing is known before an event comes; it fits everywhere."""


def list_of(item: Kind) -> Kind:
    """A list."""
    return Kind("list", item)


def map_of(key: Kind, item: Kind) -> Kind:
    """A map with any keys."""
    return Kind("map", item, key)


def fields(kinds: Mapping[str, Kind]) -> Kind:
    """A record: a map with these keys, any of which a value may lack, and no others."""
    return Kind("record", fields=kinds)


class Checked(NamedTuple):
    """What a condition turned out to be.

    `text` is what the engine is given. `reads` are the variables, each with the fields that are selected of it, or None
    where it is used whole. `names` are all names that are selected of anything, those in `has` among them. `needs` are
    paths that must be there for the condition to come out. `patterns` and `zones` are the regular expressions and
    timezones that are written out, each as in the text and with its place; `converted` are texts that are written out
    for a function of `FORMS`, whose name comes first; `sought` are texts that are written out and looked for in a list
    of a variable, whose path comes first.

    The time is `steps`: see `conditions.Condition.holds`. `power` is the power of the lists' length, `inner` whether
    macros are nested, `scans` the depth at which texts are searched, `longest` the longest list in the text itself.
    """

    kind: Kind
    text: str
    reads: Mapping[str, frozenset[str] | None]
    names: frozenset[str]
    needs: frozenset[tuple[str, ...]]
    patterns: tuple[tuple[str, int], ...]
    zones: tuple[tuple[str, int], ...]
    converted: tuple[tuple[str, str, int], ...]
    sought: tuple[tuple[tuple[str, ...], str, int], ...]
    power: int
    inner: bool
    scans: int
    longest: int


class Token(NamedTuple):
    """A word of a condition, and its place, from 0."""

    kind: str
    text: str
    at: int


_ESCAPE = r"""\\(?:[abfnrtv"'\\?`]|[0-3][0-7]{2}|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"""
_QUOTED = rf"""\"{{3}}(?:{_ESCAPE}|[^\\])*?\"{{3}}|'{{3}}(?:{_ESCAPE}|[^\\])*?'{{3}}"""
_QUOTED += rf"""|"(?:{_ESCAPE}|[^\\"\n\r])*"|'(?:{_ESCAPE}|[^\\'\n\r])*'"""
_RAW = r"""[rR](?:\"{3}(?s:.*?)\"{3}|'{3}(?s:.*?)'{3}|"[^"\n\r]*"|'[^'\n\r]*')"""
_TOKEN = re.compile(
    rf"(?P<blank>(?:[\t \r\n\f]|//[^\n]*)+)|(?P<bytes>[bB](?:{_RAW}|{_QUOTED}))|(?P<string>{_RAW}|{_QUOTED})"
    r"|(?P<double>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<uint>(?:0x[0-9a-fA-F]+|[0-9]+)[uU])|(?P<int>0x[0-9a-fA-F]+|[0-9]+)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]{}])"
)
_LITERALS = {"int": INT, "uint": UINT, "double": DOUBLE, "string": STRING, "bytes": BYTES}
_WORDS = {"true": BOOL, "false": BOOL, "null": NULL}
_TYPES = ("bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint")

_NUMBERS = (INT, UINT, DOUBLE)
_LIST, _MAP = list_of(DYN), map_of(DYN, DYN)
_ORDERED = (*_NUMBERS, STRING, BYTES, BOOL, TIMESTAMP, DURATION)
_BINARY: Mapping[str, tuple[tuple[Kind, Kind, Kind], ...]] = {
    "+": (
        *((kind, kind, kind) for kind in (*_NUMBERS, STRING, BYTES, DURATION)),
        (TIMESTAMP, DURATION, TIMESTAMP),
    ),
    "-": (
        *((kind, kind, kind) for kind in (*_NUMBERS, DURATION)),
        (TIMESTAMP, DURATION, TIMESTAMP),
        (TIMESTAMP, TIMESTAMP, DURATION),
    ),
    "*": tuple((kind, kind, kind) for kind in _NUMBERS),
    "/": tuple((kind, kind, kind) for kind in _NUMBERS),
    "%": ((INT, INT, INT), (UINT, UINT, UINT)),
}
"""Left, right and outcome of each operator; two lists can be added, too."""

_STRENGTH = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%"), 5),
}

_FUNCTIONS: Mapping[str, tuple[tuple[tuple[Kind, ...], Kind], ...]] = {
    "size": tuple(((kind,), INT) for kind in (STRING, BYTES, _LIST, _MAP)),
    "int": tuple(((kind,), INT) for kind in (STRING, *_NUMBERS)),
    "uint": tuple(((kind,), UINT) for kind in (STRING, *_NUMBERS)),
    "double": tuple(((kind,), DOUBLE) for kind in (STRING, *_NUMBERS)),
    "string": tuple(((kind,), STRING) for kind in (STRING, *_NUMBERS, BYTES, TIMESTAMP, DURATION)),
    "bytes": (((STRING,), BYTES), ((BYTES,), BYTES)),
    "timestamp": (((STRING,), TIMESTAMP), ((TIMESTAMP,), TIMESTAMP)),
    "duration": (((STRING,), DURATION), ((DURATION,), DURATION)),
    "type": (((DYN,), TYPE),),
    "dyn": (((DYN,), DYN),),
}
FORMS: Mapping[str, str] = {
    "int": "a whole number",
    "uint": "a whole number of at least 0",
    "double": "a number",
    "timestamp": "a time such as 2026-01-31T09:00:00+08:00",
    "duration": "a duration such as 1h30m",
}
"""What a text must be for a function to take it."""
PARTS = (
    *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
    *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
)
"""Methods of a timestamp, with a timezone or in UTC; those of the second line are of a duration, too."""
_METHODS: Mapping[str, tuple[tuple[tuple[Kind, ...], Kind], ...]] = {
    "size": _FUNCTIONS["size"],
    **dict.fromkeys(("contains", "startsWith", "endsWith", "matches"), (((STRING, STRING), BOOL),)),
    **{
        name: (
            ((TIMESTAMP,), INT),
            ((TIMESTAMP, STRING), INT),
            *([((DURATION,), INT)] if name in PARTS[6:] else ()),
        )
        for name in PARTS
    },
}
"""What each function and method takes, a method's target first, and gives."""

_MACROS = {
    "all": "a name and a condition",
    "exists": "a name and a condition",
    "exists_one": "a name and a condition",
    "existsOne": "a name and a condition",
    "filter": "a name and a condition",
    "map": "a name and an expression, or a name, a condition and an expression",
}


def unexpected(word: str) -> str:
    """What an error says of a word that cannot be where it is."""
    sign = {"=": "==", "&": "&&", "and": "&&", "|": "||", "or": "||", "not": "!"}.get(word)
    return f"{word if word.isprintable() else ascii(word)} is not expected here{f'; write {sign}' if sign else ''}"


def tokens(text: str) -> list[Token]:
    """The words of `text`, the last one empty. Raises ValueError where there is none, or too many brackets."""
    found: list[Token] = []
    at = depth = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _problem("this text does not end" if text[at] in "'\"" else unexpected(text[at]), at)
        if match.lastgroup != "blank":
            found.append(Token(match.lastgroup or "", match[0], at))
            depth += (match[0] in ("(", "[", "{", "?")) - (match[0] in (")", "]", "}"))
        if depth > MAX_DEPTH:
            raise _problem(f"brackets and ? are more than {MAX_DEPTH} deep", at)
        at = match.end()
    return [*found, Token("end", "", at)]


def check(words: Sequence[Token], text: str, variables: Mapping[str, Kind], value: Callable[[str], object]) -> Checked:
    """Read `words`, the tokens of `text`, where `variables` are known; `value` gives the value of a literal's text.

    Raises ValueError with the first thing that is wrong and its place.
    """
    checker = _Checker(words, variables, value)
    kind = checker.expression()
    checker.expect("")
    for at, length, replacement in sorted(checker.edits, reverse=True):
        text = f"{text[:at]}{replacement}{text[at + length :]}"
    reads = {
        name: None if (name,) in checker.paths else frozenset(path[1] for path in checker.paths if path[0] == name)
        for name in {path[0] for path in checker.paths}
    }
    return Checked(
        kind=kind,
        text=text,
        reads=reads,
        names=frozenset(checker.names),
        needs=frozenset(checker.needs),
        patterns=tuple(checker.patterns),
        zones=tuple(checker.zones),
        converted=tuple(checker.converted),
        sought=tuple(checker.sought),
        power=checker.power,
        inner=checker.inner,
        scans=checker.scans,
        longest=checker.longest,
    )


def join(kinds: Iterable[Kind]) -> Kind:
    """The kind of a value that may be any of these: the one that all are, `dyn` where they differ or there is none."""
    found: Kind | None = None
    for kind in kinds:
        found = kind if found is None or found == kind else DYN
    return found or DYN


def _problem(problem: str, at: int, name: str = "", names: Iterable[str] = ()) -> ValueError:
    """What is wrong, where, and which of `names` may have been meant by `name`."""
    from difflib import get_close_matches  # noqa: PLC0415  only a policy with an error pays for it

    close = get_close_matches(name, tuple(names), 1, 0.6) if name else []
    meant = f"; did you mean {close[0]}?" if close else ""
    return ValueError(f"{problem} (at character {at + 1}){meant}")


def _takes(wanted: Kind, found: Kind) -> bool:
    """Whether a parameter takes a value."""
    if DYN in (wanted, found):
        return True
    return wanted.name == ("map" if found.name == "record" else found.name)


def _alike(left: Kind, right: Kind) -> bool:
    """Whether two values can be equal: numbers of all kinds can, what differs in kind else cannot."""
    if DYN in (left, right) or (left in _NUMBERS and right in _NUMBERS):
        return True
    if left.name == right.name:
        pairs = ((left.item, right.item), (left.key, right.key))
        return all(_alike(one, other) for one, other in pairs if one is not None and other is not None)
    return {left.name, right.name} == {"record", "map"} and (left.key or right.key) in (STRING, DYN)


def _listed(choices: Iterable[str]) -> str:
    """`a, b or c`."""
    *first, last = dict.fromkeys(choices)
    return f"{', '.join(first)} or {last}" if first else last


class _Term(NamedTuple):
    """A part of a condition: its kind, the variable's path that it is, or the literal text as it is written.

    `free` is whether it comes from a variable, and not from a macro's name alone. `whole` is the path once no more of
    it follows.
    """

    kind: Kind
    path: tuple[str, ...] = ()
    literal: str = ""
    free: bool = False
    whole: tuple[str, ...] = ()


class _Checker:
    """Reads the words once from left to right, and knows the kind of each part when its last word is read."""

    def __init__(self, words: Sequence[Token], variables: Mapping[str, Kind], value: Callable[[str], object]) -> None:
        self._words = words
        self._index = 0
        self._variables = variables
        self._value = value
        self._loops: list[tuple[str, Kind]] = []
        self._maps: list[int] = []
        self._last: tuple[str, ...] = ()
        self.paths: set[tuple[str, ...]] = set()
        self.names: set[str] = set()
        self.needs: set[tuple[str, ...]] = set()
        self.edits: list[tuple[int, int, str]] = []
        self.patterns: list[tuple[str, int]] = []
        self.zones: list[tuple[str, int]] = []
        self.converted: list[tuple[str, str, int]] = []
        self.sought: list[tuple[tuple[str, ...], str, int]] = []
        self.power = self.scans = self.longest = 0
        self.inner = False

    # words

    @property
    def _word(self) -> Token:
        return self._words[self._index]

    def _next(self) -> Token:
        """Take a word. The last one is never taken."""
        word = self._word
        self._index += word.kind != "end"
        return word

    def _take(self, *signs: str) -> Token | None:
        """Take a word if it is one of `signs`."""
        return self._next() if self._word.text in signs else None

    def expect(self, sign: str) -> Token:
        """Take this word, the empty one for the end; the engine has parsed the text, so another is not of CEL here."""
        return self._take(sign) or self._unread()

    def _unread(self) -> NoReturn:
        """Refuse what the engine may take and this page does not know."""
        word = self._word
        raise _problem(f"cannot read {word.text}" if word.text else "there is something missing", word.at)

    # operators, from the weakest to the strongest

    def expression(self) -> Kind:
        """The kind of an expression, which is used up by whoever asks."""
        return self._expression().kind

    def _expression(self) -> _Term:
        term = self._operation()
        if not (sign := self._take("?")):
            return term
        found = []
        while sign:
            self._condition(sign, term.kind)
            found.append(self._operation())
            self.expect(":")
            term = self._operation()
            sign = self._take("?")
        found.append(term)
        return _Term(join(one.kind for one in found), free=any(one.free for one in found))

    def _operation(self, weakest: int = 1) -> _Term:
        """An operand, with the operators behind it that are at least as strong as `weakest`."""
        at = self._word.at
        term = self._unary()
        while (strength := _STRENGTH.get(self._word.text, 0)) >= weakest:
            operator = self._next()
            right = self._operation(strength + 1)
            if operator.text == "in" and term.literal and right.whole:
                self.sought.append((right.whole, term.literal, at))
            term = self._apply(operator, term, right)
        return term

    def _apply(self, operator: Token, left: _Term, right: _Term) -> _Term:
        """What an operator gives."""
        if operator.text in _BINARY:
            kind = self._combine(operator, left.kind, right.kind)
            if kind in (STRING, BYTES, DYN):
                self.scans = max(self.scans, len(self._loops))
            return _Term(kind, free=left.free or right.free)
        if operator.text == "in":
            self._inside(operator, left.kind, right.kind)
            if left.literal:
                self.names.add(str(self._value(left.literal)))
        elif operator.text in ("||", "&&"):
            self._condition(operator, left.kind)
            self._condition(operator, right.kind)
        else:
            self._compare(operator, left.kind, right.kind)
        return _Term(BOOL)

    def _condition(self, operator: Token, kind: Kind) -> None:
        """Refuse an operand that is neither true nor false."""
        if kind not in (BOOL, DYN):
            raise _problem(f"{operator.text} takes a condition (true or false), found {kind}", operator.at)

    def _compare(self, operator: Token, left: Kind, right: Kind) -> None:
        """Refuse to compare what is never equal, and to order what has no order."""
        unordered = [kind for kind in (left, right) if kind not in (*_ORDERED, DYN)]
        if _alike(left, right) and (operator.text in ("==", "!=") or not unordered):
            self._walks(left.name == "list" == right.name)
            return
        hint = "; has(...) tells whether a field is there" if NULL in (left, right) else ""
        raise _problem(f"{operator.text} cannot compare {left} with {right}{hint}", operator.at)

    def _inside(self, operator: Token, left: Kind, right: Kind) -> None:
        """Refuse to look for what is never in there."""
        keys = STRING if right.name == "record" else right.key
        fits = left in (keys, DYN) if keys not in (None, DYN) else _alike(left, right.item or DYN)
        if right.name not in ("list", "map", "record", "dyn") or not fits:
            hint = "; write text.contains(part)" if (left, right) == (STRING, STRING) else ""
            raise _problem(f"in cannot find {left} in {right}{hint}", operator.at)
        if right.name == "map" and keys == DYN and left not in (*_KEYS, DYN):
            raise _problem(f"in cannot find {left} in {right}", operator.at)
        self._walks(right.name in ("list", "dyn"))

    def _combine(self, operator: Token, left: Kind, right: Kind) -> Kind:
        """The kind of a sum, difference, product, quotient or rest."""
        found = [out for one, other, out in _BINARY[operator.text] if _takes(one, left) and _takes(other, right)]
        if operator.text == "+" and {left.name, right.name} <= {"list", "dyn"}:
            self._walks(walks=True)
            found.append(list_of(join((left.item or DYN, right.item or DYN))))
        if found:
            return join(found)
        numbers = left in _NUMBERS and right in _NUMBERS and left != right
        hint = f"; convert one of them, as {left} or {right}" if numbers else ""
        raise _problem(f"{operator.text} cannot combine {left} and {right}{hint}", operator.at)

    def _unary(self) -> _Term:
        first = self._take("!", "-")
        if first is None:
            return self._member()
        while self._take(first.text):
            pass
        kind = self._member().kind
        if first.text == "!":
            self._condition(first, kind)
        elif kind not in (INT, DOUBLE, DYN):
            raise _problem(f"- takes int or double, found {kind}", first.at)
        return _Term(kind if first.text == "-" else BOOL)

    # members

    def _member(self) -> _Term:
        start = self._index
        term = self._primary()
        while sign := self._take(".", "["):
            term = self._index_of(sign, term) if sign.text == "[" else self._dot(term, start)
        return self._use(term)

    def _use(self, term: _Term) -> _Term:
        """Note that a variable is read, now that no more of its path follows."""
        self._last = term.path
        if term.path:
            self.needs.add(term.path)
            self.names.update(term.path[1:])
            self._walks(term.free and len(term.path) > 1 and term.kind.name in ("list", "map", "record", "dyn"))
            if term.free:
                self.paths.add(term.path)
        return term._replace(path=(), whole=term.path)

    def _dot(self, term: _Term, start: int) -> _Term:
        if self._word.kind != "name":
            self._unread()
        name = self._next()
        if self._take("("):
            return self._macro(name, term, start) if name.text in _MACROS else self._method(name, term)
        kind = term.kind
        if kind.name == "record":
            if name.text not in kind.fields:
                whole = ".".join(term.path) or "record"
                raise _problem(f"{whole} has no {name.text}", name.at, name.text, kind.fields)
            item = kind.fields[name.text]
        elif kind.name in ("map", "dyn") and (kind.key or DYN) in (STRING, DYN):
            item = kind.item or DYN
        else:
            raise _problem(f"{kind} has no fields, so no {name.text}", name.at)
        return _Term(item, (*term.path, name.text) if term.path else (), free=term.free)

    def _index_of(self, sign: Token, term: _Term) -> _Term:
        index = self._expression()
        self.expect("]")
        kind = term.kind
        if kind.name not in ("list", "map", "record", "dyn"):
            raise _problem(f"{kind} has no items, so no [{index.kind}]", sign.at)
        any_key = _KEYS if kind.key in (None, DYN) else (kind.key,)
        allowed = {"list": (INT, UINT), "record": (STRING,)}.get(kind.name, any_key)
        if index.kind not in (*allowed, DYN):
            raise _problem(f"{kind} is not looked up with {index.kind}", sign.at)
        item = kind.item or DYN
        if index.literal and term.path:
            return _Term(item, (*term.path, str(self._value(index.literal))), free=term.free)
        self._use(term)
        return _Term(item, free=term.free)

    # calls

    def _arguments(self) -> tuple[list[_Term], list[int]]:
        """What is between the brackets of a call, and where each part begins; the first bracket is taken."""
        terms: list[_Term] = []
        places: list[int] = []
        while not self._take(")"):
            if terms:
                self.expect(",")
            places.append(self._word.at)
            terms.append(self._expression())
        return terms, places

    def _method(self, name: Token, target: _Term) -> _Term:
        target = self._use(target)
        bracket = self._words[self._index - 1].at
        overloads = _METHODS.get(name.text)
        if overloads is None:
            known = name.text in _FUNCTIONS
            problem = f"write {name.text}(x), not x.{name.text}()" if known else f"there is no method {name.text}"
            raise _problem(problem, name.at, "" if known else name.text, (*_METHODS, *_MACROS))
        arguments, places = self._arguments()
        kind = self._call(name, overloads, [target, *arguments], method=True)
        if name.text == "matches":
            self.edits.append((name.at, len(name.text), MATCHES))
            if self._loops and not arguments[0].literal:
                raise _problem("inside a macro, matches takes a pattern that is written out", places[0])
        if name.text in PARTS and target.kind == TIMESTAMP and not arguments:
            self.edits.append((bracket + 1, 0, '"UTC"'))
        if arguments and arguments[0].literal and (name.text == "matches" or name.text in PARTS):
            (self.patterns if name.text == "matches" else self.zones).append((arguments[0].literal, places[0]))
        return _Term(kind, free=True)

    def _function(self, name: Token) -> _Term:
        if name.text == "has":
            return self._has(name)
        overloads = _FUNCTIONS.get(name.text)
        if overloads is None:
            known = name.text in _METHODS or name.text in _MACROS
            problem = f"write x.{name.text}(...), not {name.text}(x, ...)" if known else f"there is no {name.text}(...)"
            raise _problem(problem, name.at, "" if known else name.text, ("has", *_FUNCTIONS, *_METHODS, *_MACROS))
        arguments, places = self._arguments()
        kind = self._call(name, overloads, arguments, method=False)
        if name.text in FORMS and arguments[0].literal:
            self.converted.append((name.text, arguments[0].literal, places[0]))
        return _Term(kind, free=True)

    def _call(
        self, name: Token, overloads: Sequence[tuple[tuple[Kind, ...], Kind]], terms: Sequence[_Term], *, method: bool
    ) -> Kind:
        """The kind that a call gives."""
        kinds = [term.kind for term in terms]
        found = [
            out
            for wanted, out in overloads
            if len(wanted) == len(kinds) and all(_takes(one, kind) for one, kind in zip(wanted, kinds, strict=True))
        ]
        if not found:
            fitting = [wanted for wanted, _ in overloads if not method or _takes(wanted[0], kinds[0])]
            if not fitting:
                raise _problem(f"{name.text} is for {_listed(one[0].name for one, _ in overloads)}, found {kinds[0]}",
                               name.at)  # fmt: skip
            shown = _listed(", ".join(one.name for one in wanted[method:]) or "nothing" for wanted in fitting)
            given = ", ".join(map(str, kinds[method:])) or "nothing"
            raise _problem(f"{name.text} takes {shown}, found {given}", name.at)
        if name.text == "size" and kinds[0] in (STRING, DYN):
            self.edits.append((name.at, len(name.text), CHARACTERS))
        if any(term.free and term.kind in (STRING, BYTES, DYN) for term in terms):
            self.scans = max(self.scans, len(self._loops))
        return join(found)

    def _has(self, name: Token) -> _Term:
        """`has(event.x)`: the field must be known, but need not be there."""
        needed = frozenset(self.needs)
        _, places = self._arguments()
        if len(places) != 1:
            raise _problem("has takes one field, as in has(event.x)", name.at)
        if self._last and self._last not in needed:
            self.needs.remove(self._last)
            self.needs.add(self._last[:-1])
        return _Term(BOOL)

    def _macro(self, name: Token, target: _Term, start: int) -> _Term:
        self._use(target)
        if target.kind.name not in ("list", "map", "record", "dyn"):
            raise _problem(f"{name.text} is for list or map, found {target.kind}", name.at)
        if len(self._loops) == MAX_LOOPS:
            raise _problem(f"{name.text} is inside more than {MAX_LOOPS} others such as exists", name.at)
        if name.text == "map" and any(at >= start for at in self._maps):
            raise _problem("map goes over what another map gives; write one map", name.at)
        variable, comma = self._next(), self._take(",")
        if variable.kind != "name" or not comma:
            raise _problem(f"{name.text} takes {_MACROS[name.text]}", name.at)
        kind = target.kind
        item = {"map": kind.key, "record": STRING, "list": kind.item}.get(kind.name) or DYN
        outside, self.power = self.power, 0
        self._loops.append((variable.text, item))
        bodies, _ = self._arguments()
        self._loops.pop()
        conditions = bodies[:-1] if name.text == "map" else bodies
        if len(bodies) not in ((1, 2) if name.text == "map" else (1,)):
            raise _problem(f"{name.text} takes {_MACROS[name.text]}", name.at)
        for condition in conditions:
            self._condition(name, condition.kind)
        if name.text == "map":
            self._maps.append(start)
        # What is built is copied at each step: a list of the macro's own items, or for each item a whole list.
        whole = bodies[-1].free and bodies[-1].kind not in (*_ORDERED, NULL, TYPE)
        builds = {"filter": 2, "map": 3 if whole else 2}.get(name.text, 1)
        self.power = max(outside, builds, 1 + self.power)
        self.inner = self.inner or bool(self._loops)
        given = {"map": list_of(bodies[-1].kind), "filter": list_of(item)}
        return _Term(given.get(name.text, BOOL), free=True)

    def _walks(self, walks: bool) -> None:  # noqa: FBT001  what is asked is the argument
        """Note that the operator goes through a list, which counts inside a macro."""
        if walks and self._loops:
            self.power = max(self.power, 1)

    # the smallest parts

    def _primary(self) -> _Term:
        word = self._next()
        if word.text == "-" and self._word.kind in ("int", "double"):
            word = self._next()
        if word.kind in _LITERALS:
            return _Term(_LITERALS[word.kind], literal=word.text if word.kind == "string" else "")
        if word.kind == "name":
            return self._function(word) if self._take("(") else self._name(word)
        if word.text == "(":
            term = self._expression()
            self.expect(")")
            return term
        if word.text == "[":
            items = self._items("]", self._expression)
            return _Term(list_of(join(term.kind for term in items)), free=any(term.free for term in items))
        if word.text == "{":
            entries = self._items("}", self._entry)
            key, item = (join(entry[part].kind for entry in entries) for part in (0, 1))
            return _Term(map_of(key, item), free=any(part.free for entry in entries for part in entry))
        self._index -= word.kind != "end"
        return self._unread()

    def _items(self, end: str, read: Callable[[], T]) -> list[T]:
        """The parts of a list or map; a comma may follow the last one."""
        found: list[T] = []
        while not self._take(end):
            found.append(read())
            if not self._take(","):
                self.expect(end)
                break
        self.longest = max(self.longest, len(found))
        return found

    def _entry(self) -> tuple[_Term, _Term]:
        at = self._word.at
        key = self._expression()
        if key.kind not in (*_KEYS, DYN):
            raise _problem(f"the key of a map is int, uint, bool or string, found {key.kind}", at)
        self.expect(":")
        return key, self._expression()

    def _name(self, word: Token) -> _Term:
        """A macro's name, a variable, or the name of a type."""
        if word.text in _WORDS:
            return _Term(_WORDS[word.text])
        for name, kind in reversed(self._loops):
            if name == word.text:
                return _Term(kind, (name,))
        if word.text in self._variables:
            return _Term(self._variables[word.text], (word.text,), free=True)
        if word.text in _TYPES:
            return _Term(TYPE)
        names = (*self._variables, *(name for name, _ in self._loops))
        raise _problem(f"there is no {word.text}", word.at, word.text, names)


_KEYS = (INT, UINT, BOOL, STRING)
