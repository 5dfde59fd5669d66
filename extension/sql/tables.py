"""Tables and functions by the words of a statement alone, without its grammar.

What it names is exact for a statement that is valid, but for what stands where a function may, too: there rather too
much is named than too little. So it serves for what no grammar takes, and to see that the grammar has missed nothing.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from extension.sql.words import VARIABLE, Word
from extension.verdict import casefold


class Named(NamedTuple):
    """A table as it is named, part by part and without quotes, and whether it is written, made, changed or dropped."""

    parts: tuple[str, ...]
    at: int
    written: bool


class Called(NamedTuple):
    """A function that is called, by the last part of its name."""

    name: str
    at: int


class Reading(NamedTuple):
    """What the words of a statement say. `names` are all its names, folded."""

    tables: tuple[Named, ...]
    calls: tuple[Called, ...]
    names: frozenset[str]


def _all(names: str) -> frozenset[str]:
    return frozenset(names.split())


def by_words(words: Sequence[Word]) -> Reading:
    """Tables that a statement names, functions that it calls, and all its names."""
    statement = _Words(words)
    command = _COMMANDS.get(statement.keys[0])
    queries = "select" in statement.keys and statement.keys[0] not in ("grant", "revoke")
    general = queries or _UNCLEAR in statement.keys
    tables = command(statement) if command and not general else None
    scan = _Scan(statement)
    scan.run()
    names = {word.text for word in words if word.kind in ("name", "quoted")}
    return Reading(
        tables=tuple(dict.fromkeys(scan.tables if tables is None else tables)),
        calls=() if tables is not None else tuple(dict.fromkeys(scan.calls)),
        names=frozenset(casefold(name) for name in names if not name.isdecimal() and not name.startswith(VARIABLE)),
    )


class _Words:
    """Words by number, with what is behind the last one empty."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words
        self.keys = [*map(key, words), *[""] * 6]
        """What a word is compared by: a name without case, a sign, or a mark for what is no keyword."""
        self.closing = closing(self.keys)
        """Where each bracket is closed, by where it is opened; the end for one that is not."""

    def named(self, at: int) -> bool:
        """Whether a word is a name, in quotes or not, and no variable of a script."""
        if self.keys[at] in ("", _STRING):
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


_STRING, _QUOTED, _UNCLEAR = "'", '"', "?!"


def key(word: Word) -> str:
    """What a word is compared by: a name without case, a sign, or a mark for what is no keyword."""
    if word.kind == "name":
        return word.text.lower() if word.text.isascii() else casefold(word.text)
    if word.kind == "sign":
        return word.text
    return {"string": _STRING, "quoted": _QUOTED}.get(word.kind, _UNCLEAR)


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


# Commands: what stands where in them.

_NO_TABLES = _all(
    "all catalog cluster connection database databases domain external foreign function functions group instance job"
    " jobs label language namespace package packages procedure project projects resource resources role roles routine"
    " schema schemas sequence tables tablespace tenant type user users volume"
)
"""Objects that are no tables, where the next word is a name."""


def _object(words: _Words, at: int, *, written: bool) -> list[Named]:
    """The tables that stand where other objects may stand, too."""
    if words.keys[at] in _NO_TABLES and (words.named(words.past(at + 1, "if", "exists")) or words.keys[at + 1] == ""):
        following = words.keys[at + 1]
        if following not in ("to", "from"):
            return []
    return words.listed(words.past(at, "table", "view"), written=written)


def _show(words: _Words) -> list[Named]:
    keys = words.keys
    for at, key in enumerate(keys):
        if key in ("table", "view", "partitions", "tblproperties") and keys[at + 1] not in ("status", "extended", ""):
            return words.listed(words.past(at + 1, "for", "table", "if", "exists"), written=False)[:1]
        if key in ("from", "in") and {"columns", "fields", "index", "indexes", "keys"} & set(keys[:at]):
            return words.listed(at + 1, written=False)[:1]
        if key in ("for", "of") and {"history", "changelogs", "stats", "statistics"} & set(keys[:at]):
            return words.listed(words.past(at + 1, "table", "tables"), written=False)[:1]
    return []


def _describe(words: _Words) -> list[Named]:
    at = words.past(1, "extended", "formatted", "detail", "full")
    return _object(words, words.past(at, "history") if words.named(at + 1) else at, written=False)[:1]


def _grant(words: _Words) -> list[Named]:
    if "on" not in words.keys:
        return []
    at = words.keys.index("on") + 1
    found = _object(words, at, written=True)
    return [each for each in found if words.keys[words.chain(at)[1]] != "."]


def _add(words: _Words) -> list[Named]:
    return words.listed(2, written=False)[:1] if words.keys[1] == "table" else []


def _clone(words: _Words) -> list[Named]:
    at = words.past(1, "table")
    target = words.keys.index("to") + 1 if "to" in words.keys else len(words.words)
    return [*words.listed(at, written=False)[:1], *words.listed(words.past(target, "table"), written=True)[:1]]


def _copy(words: _Words) -> list[Named]:
    _, end = words.chain(1)
    if words.keys[end] == "(":
        end = words.closing[end] + 1
    return words.listed(1, written=words.keys[end] == "from")[:1]


def _load(words: _Words) -> list[Named]:
    for at, key in enumerate(words.keys):
        if key in ("into", "overwrite", "table") and words.keys[at + 1] not in ("into", "table"):
            return words.listed(at + 1, written=True)[:1]
    return []


def _unload(words: _Words) -> list[Named] | None:
    return None if words.keys[2] == "(" else words.listed(words.past(1, "from", "table"), written=False)[:1]


def _analyze(words: _Words) -> list[Named]:
    at = words.past(1, "local", "no_write_to_binlog", "verbose")
    if words.keys[at] == "(":
        at = words.closing[at] + 1
    return [] if words.keys[at] == "tables" else words.listed(words.past(at, "table"), written=False)


def _set(words: _Words) -> list[Named]:
    at = words.keys.index("table") + 1 if words.keys[1] == "label" and "table" in words.keys else len(words.words)
    return words.listed(at, written=True)


def _use(words: _Words) -> list[Named]:
    at = words.past(1, "database", "namespace", "project", "schema")
    return words.listed(at if words.named(at) else 1, written=False)[:1]


def _tunnel(words: _Words) -> list[Named]:
    """The table of a download is its first argument, that of an upload its second. Options may have values or not."""
    download = words.keys[1] not in ("upload", "u", "upsert", "us")
    arguments: list[list[Named]] = []
    found: list[Named] = []
    at, option = 2, False
    while words.keys[at]:
        parts, _ = words.chain(at)
        named = [Named(parts, words.words[at].at, not download)] if parts else []
        if option and len(parts) > 1:
            found += named
        elif not option and words.keys[at] != "-":
            arguments.append(named)
        option = words.keys[at] == "-"
        at += 1
        while words.keys[at] and words.words[at - 1].at + len(words.words[at - 1].text) == words.words[at].at:
            at += 1
    place = arguments[:1] if download else arguments[:2][-1:]
    return found + [named for argument in place for named in argument]


def _one(*skipped: str, written: bool) -> Callable[[_Words], list[Named]]:
    """The command that has its table behind its own words."""
    return lambda words: words.listed(words.past(1, *skipped), written=written)[:1]


def _only(keyword: str, *, written: bool) -> Callable[[_Words], list[Named]]:
    """The command that has a table behind one word, or has none."""
    return lambda words: (
        words.listed(words.keys.index(keyword) + 1, written=written)[:1] if keyword in words.keys else []
    )


_COMMANDS: dict[str, Callable[[_Words], list[Named] | None]] = {
    "add": _add,
    "analyze": _analyze,
    "clone": _clone,
    "copy": _copy,
    "count": _one("table", written=False),
    "desc": _describe,
    "describe": _describe,
    "explain": _one("extended", "format", "=", "json", "table", written=False),
    "export": _only("table", written=False),
    "grant": _grant,
    "import": _only("table", written=True),
    "kill": lambda _: [],
    "list": lambda _: [],
    "load": _load,
    "msck": _only("table", written=True),
    "purge": _only("table", written=True),
    "read": _one("table", written=False),
    "revoke": _grant,
    "set": _set,
    "show": _show,
    "tunnel": _tunnel,
    "unload": _unload,
    "use": _use,
    "whoami": lambda _: [],
}
"""Commands in which tables stand elsewhere than in queries."""


# Queries, and whatever has one in it.

_ENDS = _all(
    "where group having order limit union intersect except minus select window qualify cluster distribute sort set when"
    " returning prewhere settings format fetch offset duplicate conflict zorder connect"
)
"""What ends a list of tables."""
_NEVER = _all(
    "select where on group order having union from into with as set join using limit intersect except when and or not"
    " case then left right inner full cross natural insert overwrite end else by nulls"
)
"""What is no table without quotes."""
_FILLERS = _all("table only lateral ignore low_priority quick temp temporary oj")
"""What can stand before the name of a table."""
_NEVER_BEFORE = frozenset(
    {
        *((place, _STRING) for place in ("directory", "location", "outfile", "dumpfile")),
        *(("values", "("), ("partition", "("), ("local", "directory"), ("lateral", "view")),
    }
)
"""What is no table where something follows."""
_OPERATORS = _all("extract trim ltrim rtrim btrim substring substr overlay position")
"""Functions that have a FROM of their own."""
_JOINS = _all("left right inner outer full cross natural semi anti asof any all global")
_CHANGES = _all("create alter drop truncate rename restore undrop undo comment")
NO_CALLS = _NEVER | _all(
    "in values value over exists any all some is like rlike ilike between distinct interval cast try_cast safe_cast"
    " lateral only rollup cube filter within union table partition partitioned clustered sets minus returns begin"
    " return tablesample decimal numeric varchar nvarchar materialized unique primary key references check"
    " index tblproperties properties serdeproperties buckets shards view function loop while elseif qualify options pivot unpivot"
) - {"left", "right", "insert"}
_TYPES = _all("char binary bit time timestamp datetime array map struct float double int bigint string")
_BARE_CALLS = _all("current_date current_timestamp current_time localtime localtimestamp current_user")
_READ, _WRITE = "read", "write"


class _Level:
    """What a bracket has in it, so far."""

    __slots__ = ("at", "conditions", "expects", "lateral", "lists", "opener", "queries", "scope", "values")

    def __init__(self, at: int, opener: str, expects: str, scope: int) -> None:
        self.at, self.opener, self.scope = at, opener, scope
        """Where it is, the function that it belongs to, and how many queries had names before it."""
        self.expects = self.lists = expects
        """Whether a table that is read or written comes next, and whether one comes after a comma."""
        self.queries = self.values = self.lateral = self.conditions = False
        """Whether there was a query in it, and what it has last: rows, a LATERAL VIEW, the condition of a join."""


class _Scan:
    """Word by word through statements."""

    def __init__(self, words: _Words) -> None:
        self.words, self.keys = words, words.keys
        self.tables: list[Named] = []
        self.calls: list[Called] = []
        self.uncalled: set[int] = set()
        """Names with a bracket behind them that are no functions."""
        self.unsure = self.loose = False
        """Whether this is code, or it is unclear what is comment: then names are tables wherever they could be."""
        self.elsewhere: list[Named] = []
        self.aliases: set[str] = set()
        """Names with a dot outside of lists of tables, and those that are before the dot of a column."""
        self.reset(0)

    def reset(self, at: int) -> int:
        """Begin a statement."""
        self.level = _Level(-1, "", "", 0)
        self.levels: list[_Level] = []
        self.change = ""
        """CREATE, DROP and so on, up to the table that it is for."""
        self.source = False
        """Whether a USING that comes names tables: that of MERGE and DELETE does, that of a join does not."""
        self.taken = -1
        """Where the last table ended."""
        self.names: list[str] = []
        self.known: dict[str, int] = {}
        """Names that WITH gives to queries, in their order, and how often each is there."""
        self.bodies: dict[int, tuple[str, bool]] = {}
        """The name that WITH gives, by the bracket of its query, and whether it is known inside."""
        return at + 1

    def run(self) -> None:
        """Find what there is."""
        at, end, keys = 0, len(self.words.words), self.keys
        while at < end:
            if self.level.expects:
                at = self.expected(at)
            elif (step := _STEPS.get(keys[at])) and not self.part(at):
                at = step(self, at)
            else:
                at = self.stray(at) if self.loose else at + 1
        self.tables += [each for each in self.elsewhere if casefold(each.parts[0]) not in self.aliases]

    def part(self, at: int) -> bool:
        """Whether a word is part of a name with dots in it."""
        if not self.words.named(at):
            return False
        behind = self.keys[at + 1] == "." and self.words.named(at + 2) and not self.keys[at + 2][:1].isdecimal()
        return behind or (self.keys[at - 1] == "." and self.words.named(at - 2))

    def first(self, at: int) -> bool:
        """Whether a statement begins here, or may."""
        return (
            self.loose or at == 0 or self.keys[at - 1] in (")", ";", "explain", "begin", "then", "else", "(", _UNCLEAR)
        )

    def expect(self, at: int, kind: str, *, lists: bool = False) -> int:
        """Say that a table comes next, and after a comma, too."""
        self.level.expects = kind
        self.level.conditions = False
        if lists:
            self.level.lists = kind
        return at

    def expected(self, at: int) -> int:
        """Where a table is expected."""
        key, behind, level = self.keys[at], self.keys[at + 1], self.level
        if key == "{":
            return at + 1
        if not self.part(at):
            if (
                key in _FILLERS
                and behind != "view"
                and (behind == "(" or (self.words.named(at + 1) and behind not in _NEVER))
            ):
                return at + 1
            if key == "if" and behind in ("not", "exists"):
                return at + (3 if behind == "not" else 2)
        kind, level.expects = level.expects, ""
        if key == "(":
            return self.open(at, _READ)
        never = not self.part(at) and (key in _NEVER or (key, behind) in _NEVER_BEFORE)
        if never or not self.words.named(at):
            return at
        return self.table(at, written=kind == _WRITE)

    def table(self, at: int, *, written: bool) -> int:
        """Note the table that is named here, unless it is a function, a query of WITH or a number."""
        parts, end = self.words.chain(at)
        called = self.keys[end] == "(" and not written
        bare = len(parts) == 1 and (
            (casefold(parts[0]) in self.known and not written) or parts[0].isdecimal() or self.keys[end] == "buckets"
        )
        if bare or (called and not self.loose):
            return end
        self.tables.append(Named(parts, self.words.words[at].at, written))
        self.aliases.add(casefold(parts[-1]))
        if not called:
            self.uncalled.add(end - 1)
        self.taken = end
        return end

    def stray(self, at: int) -> int:
        """Where it is unclear what is comment: a name that may be a table."""
        parts, end = self.words.chain(at)
        if not parts or self.keys[at] in _JOINS:
            return at + 1
        if self.keys[end] == "(":
            return end
        found = Named(parts, self.words.words[at].at, written=False)
        if self.keys[at - 1] == "as" and len(parts) == 1:
            self.aliases.add(casefold(parts[0]))
        elif not self.level.lists or self.level.conditions:
            self.elsewhere += [found] if len(parts) > 1 else []
        else:
            self.aliases.add(casefold(parts[-1]))
            self.tables.append(found)
        return end

    def open(self, at: int, expects: str = "") -> int:
        """Go into a bracket."""
        opener = ""
        if at and self.words.named(at - 1) and self.is_call(at - 1):
            opener = self.keys[at - 1]
            self.calls.append(Called(self.words.words[at - 1].text, self.words.words[at - 1].at))
        self.levels.append(self.level)
        self.level = _Level(at, opener, expects, len(self.names))
        name, recursive = self.bodies.get(at, ("", False))
        if recursive:
            self.remember(name)
        return at + 1

    def is_call(self, at: int) -> bool:
        """Whether a name before a bracket is that of a function, or may be."""
        key = self.keys[at]
        if at in self.uncalled or (key in NO_CALLS and not self.part(at)):
            return False
        before = self.keys[at - 1]
        column = before in ("as", ":") or (self.words.named(at - 1) and before not in NO_CALLS)
        return not (key in _TYPES and column)

    def close(self, at: int) -> int:
        """Go out of a bracket."""
        if self.levels:
            inner, self.level = self.level, self.levels.pop()
            while len(self.names) > inner.scope:
                self.known[self.names.pop()] -= 1
            self.known = self.known if self.names else {}
            name, _ = self.bodies.get(inner.at, ("", False))
            if name:
                self.remember(name)
                if self.keys[at + 1] == ",":
                    self.define(at + 2, recursive=self.bodies[inner.at][1])
        return at + 1

    def remember(self, name: str) -> None:
        """Know a name of WITH from here on, up to the end of the bracket."""
        self.names.append(name)
        self.known[name] = self.known.get(name, 0) + 1

    def with_(self, at: int) -> int:
        """Look for a name of WITH."""
        recursive = self.keys[at + 1] == "recursive"
        self.define(at + 2 if recursive else at + 1, recursive=recursive)
        return at + 1

    def define(self, at: int, *, recursive: bool) -> None:
        """Note `name as (` or `name (columns) as (`, if it is one."""
        if not self.words.named(at):
            return
        end = at + 1
        if self.keys[end] == "(":
            end = self.words.closing[end] + 1
        if self.keys[end] == "as":
            end = self.words.past(end + 1, "not", "materialized")
            if self.keys[end] == "(":
                self.bodies[end] = casefold(self.words.words[at].text), recursive
                self.uncalled.add(at)
                self.level.lists = ""

    def comma(self, at: int) -> int:
        """Expect another table, in a list of them."""
        if self.level.lists and not (self.level.values and self.keys[at + 1] == "("):
            self.expect(at, self.level.lists)
        return at + 1

    def ends(self, at: int) -> int:
        """End a list of tables."""
        if self.keys[at + 1] != ",":
            self.level.lists = ""
            self.level.values = self.level.lateral = False
        return at + 1

    def select(self, at: int) -> int:
        """Begin a query."""
        self.change, self.level.queries = "", True
        return self.ends(at)

    def from_(self, at: int) -> int:
        """Expect tables, unless this FROM is that of a function, an operator or an import."""
        before, level = self.keys[at - 1], self.level
        distinct = before == "distinct" and self.keys[at - 2] in ("is", "not")
        if distinct or before == "values" or (level.opener in _OPERATORS and not level.queries):
            return at + 1
        _, end = self.words.chain(at + 1)
        if self.keys[end] == "import":
            return end
        level.queries, level.values, level.lateral = True, False, False
        self.source = self.source or before == "delete"
        return self.expect(at + 1, _WRITE if before == "delete" else _READ, lists=True)

    def join(self, at: int) -> int:
        """Expect a table, unless an array is joined."""
        if self.keys[at - 1] == "array":
            return self.ends(at)
        return self.expect(at + 1, _READ)

    def into(self, at: int) -> int:
        """Expect the table that is written."""
        return at + 2 if self.keys[at + 1] == "function" else self.expect(at + 1, _WRITE)

    def overwrite(self, at: int) -> int:
        """Expect the table that is written."""
        return self.expect(at + 1, _WRITE) if self.keys[at - 1] in ("insert", "load") else at + 1

    def insert(self, at: int) -> int:
        """Expect the table where there is no INTO."""
        behind = self.words.past(at + 1, "ignore", "low_priority", "high_priority", "delayed")
        other = self.keys[behind] in ("into", "overwrite", "or", "all", "first", "values")
        if self.first(at) and self.words.named(behind) and not other:
            self.expect(behind, _WRITE)
        return behind

    def merge(self, at: int) -> int:
        """Note that USING names a table."""
        self.source = self.source or self.keys[at + 1] == "into"
        return at + 1

    def update(self, at: int) -> int:
        """Expect the tables that are written."""
        if self.first(at) and self.keys[at + 1] != "set":
            self.expect(at, _WRITE, lists=True)
        return at + 1

    def change_(self, at: int) -> int:
        """Note what is done to the table that comes."""
        if self.first(at):
            self.change = self.keys[at]
            if self.change == "truncate" and self.keys[at + 1] != "table":
                self.expect(at, _WRITE, lists=True)
        return at + 1

    def table_(self, at: int) -> int:
        """Expect a table, written where it is changed."""
        if self.keys[at + 1] != "(":
            self.expect(at, _WRITE if self.change else _READ, lists=self.change in ("drop", "truncate"))
        self.change = ""
        return at + 1

    def view(self, at: int) -> int:
        """Expect the view that is changed."""
        if self.change:
            self.expect(at, _WRITE, lists=self.change == "drop")
        self.change = ""
        return at + 1

    def like(self, at: int) -> int:
        """Expect the table that another is made like."""
        if self.taken == at or (self.keys[at - 1] == "(" and self.taken == at - 1):
            self.expect(at, _READ)
        return at + 1

    def using(self, at: int) -> int:
        """Expect tables, where this is not that of a join."""
        if self.source and self.keys[at + 1] != _STRING:
            self.source = False
            self.expect(at, _READ, lists=True)
        return at + 1

    def lateral(self, at: int) -> int:
        """Note that columns come after the next AS."""
        self.level.lateral = self.keys[at + 1] == "view"
        return at + 2 if self.level.lateral else at + 1

    def as_(self, at: int) -> int:
        """Pass over the columns of a LATERAL VIEW, whose commas are none between tables."""
        at += 1
        if self.level.lateral:
            self.level.lateral = False
            while (
                self.words.named(at)
                and self.keys[at + 1] == ","
                and self.words.named(at + 2)
                and self.keys[at + 3] not in (".", "(")
            ):
                at += 2
        return at

    def function(self, at: int) -> int:
        """Pass over the name of a function that is made or dropped."""
        at = self.words.past(at + 1, "if", "not", "exists")
        _, end = self.words.chain(at)
        self.uncalled.add(end - 1)
        return end

    def to(self, at: int) -> int:
        """Expect the new name of a table, which stands right behind the old one."""
        renamed = self.keys[at - 1] == "rename" and self.taken == at - 1
        return self.expect(at + 1, _WRITE) if renamed else at + 1

    def values(self, at: int) -> int:
        """Note that rows come."""
        self.level.values = True
        return at + 1

    def on(self, at: int) -> int:
        """Note that a condition comes."""
        self.level.conditions = True
        return at + 1

    def bare(self, at: int) -> int:
        """Note a function that needs no bracket."""
        if self.keys[at + 1] != "(":
            self.calls.append(Called(self.words.words[at].text, self.words.words[at].at))
        return at + 1

    def named(self, at: int) -> int:
        """Expect a table in code, where a command may be."""
        return self.expect(at + 1, _READ) if self.unsure else at + 1

    def unclear(self, at: int) -> int:
        """Take more for tables from here on."""
        self.unsure = True
        self.loose = self.words.words[at].kind == "unclear"
        return at + 1


_STEPS: dict[str, Callable[[_Scan, int], int]] = {
    **dict.fromkeys(_ENDS, _Scan.ends),
    **dict.fromkeys(_CHANGES, _Scan.change_),
    **dict.fromkeys(_BARE_CALLS, _Scan.bare),
    **dict.fromkeys(("desc", "describe", "download", "upload", "partitions", "unload"), _Scan.named),
    "(": _Scan.open,
    ")": _Scan.close,
    ",": _Scan.comma,
    ";": _Scan.reset,
    _UNCLEAR: _Scan.unclear,
    "as": _Scan.as_,
    "clone": _Scan.like,
    "from": _Scan.from_,
    "function": _Scan.function,
    "insert": _Scan.insert,
    "into": _Scan.into,
    "join": _Scan.join,
    "lateral": _Scan.lateral,
    "like": _Scan.like,
    "merge": _Scan.merge,
    "on": _Scan.on,
    "overwrite": _Scan.overwrite,
    "select": _Scan.select,
    "straight_join": _Scan.join,
    "table": _Scan.table_,
    "to": _Scan.to,
    "update": _Scan.update,
    "using": _Scan.using,
    "values": _Scan.values,
    "view": _Scan.view,
    "with": _Scan.with_,
}
"""What a word does."""
