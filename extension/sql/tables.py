"""Tables and functions by the words of a statement alone, without its grammar.

What it names is exact for a statement that is valid, but for what stands where a function may, too: there rather too
much is named than too little. So it serves for what no grammar takes, and to see that the grammar has missed nothing.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from extension.sql.commands import COMMANDS
from extension.sql.names import STRING, UNCLEAR, Named, Words, keywords
from extension.sql.words import VARIABLE, Word
from extension.verdict import casefold

__all__ = ["NO_CALLS", "Called", "Named", "Reading", "by_words"]


class Called(NamedTuple):
    """A function that is called, by the last part of its name."""

    name: str
    at: int


class Reading(NamedTuple):
    """What the words of a statement say. `names` are all its names, folded."""

    tables: tuple[Named, ...]
    calls: tuple[Called, ...]
    names: frozenset[str]


def by_words(words: Sequence[Word]) -> Reading:
    """Tables that a statement names, functions that it calls, and all its names."""
    statement = Words(words)
    command = COMMANDS.get(statement.keys[0])
    queries = "select" in statement.keys and statement.keys[0] not in ("grant", "revoke")
    general = queries or UNCLEAR in statement.keys
    tables = command(statement) if command and not general else None
    scan = _Scan(statement)
    scan.run()
    names = {word.text for word in words if word.kind in ("name", "quoted")}
    return Reading(
        tables=tuple(dict.fromkeys(scan.tables if tables is None else tables)),
        calls=() if tables is not None else tuple(dict.fromkeys(scan.calls)),
        names=frozenset(casefold(name) for name in names if not name.isdecimal() and not name.startswith(VARIABLE)),
    )


_ENDS = keywords(
    "where group having order limit union intersect except minus select window qualify cluster distribute sort set when"
    " returning prewhere settings format fetch offset duplicate conflict zorder connect map reduce"
)
"""What ends a list of tables."""
_NEVER = keywords(
    "select where on group order having union from into with as set join using limit intersect except when and or not"
    " case then left right inner full cross natural insert overwrite end else by nulls"
)
"""What is no table without quotes."""
_FILLERS = keywords("table only lateral ignore low_priority quick temp temporary oj")
"""What can stand before the name of a table."""
_NEVER_BEFORE = frozenset(
    {
        *((place, STRING) for place in ("directory", "location", "infile", "outfile", "dumpfile")),
        *(("values", "("), ("partition", "("), ("local", "directory"), ("lateral", "view")),
    }
)
"""What is no table where something follows."""
_OPERATORS = keywords("extract trim ltrim rtrim btrim substring substr overlay position")
"""Functions that have a FROM of their own."""
_REMOTE = keywords("remote remotesecure cluster clusterallreplicas")
"""Functions of ClickHouse that are given the names of a table."""
_JOINS = keywords("left right inner outer full cross natural semi anti asof any all global")
_CHANGES = keywords("create alter drop truncate rename restore undrop undo comment")
NO_CALLS = (_NEVER - {"left", "right"}) | keywords(
    "in values value over exists any all some is like rlike ilike between distinct interval cast try_cast safe_cast"
    " lateral only rollup cube filter within union table partition partitioned clustered sets minus returns begin"
    " return tablesample decimal numeric varchar nvarchar materialized unique primary key references check"
    " index tblproperties properties serdeproperties buckets shards view function loop while elseif qualify options"
    " pivot unpivot"
)
"""What is no function, though a bracket follows."""
_TYPES = keywords("char binary bit time timestamp datetime array map struct float double int bigint string")
_BARE_CALLS = keywords("current_date current_timestamp current_time localtime localtimestamp current_user")
_BEFORE = keywords(") ( ; explain analyze verbose extended formatted json begin then else") | {UNCLEAR}
"""What a statement can begin behind."""
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

    def __init__(self, words: Words) -> None:
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
        return self.loose or at == 0 or self.keys[at - 1] in _BEFORE

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
            if opener in _REMOTE:
                self.remote(at + 1)
        self.levels.append(self.level)
        self.level = _Level(at, opener, expects, len(self.names))
        name, recursive = self.bodies.get(at, ("", False))
        if recursive:
            self.remember(name)
        return at + 1

    def remote(self, at: int) -> None:
        """Note the table of another server, which is named behind it: in one argument, or in two."""
        parts, end = self.words.chain(at + 2)
        if self.keys[at + 1] != "," or not parts:
            return
        table, _ = self.words.chain(end + 1) if self.keys[end] == "," else ((), end)
        if len(parts) > 1 or table:
            name = parts if len(parts) > 1 else parts + table
            self.tables.append(Named(name, self.words.words[at + 2].at, written=False))

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
            self.source = self.source and self.keys[at] != "where"
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
        hint = self.keys[at] == "straight_join" and not self.level.lists
        return at + 1 if hint else self.expect(at + 1, _READ)

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
        if self.first(at) and self.keys[at + 1] != "set" and self.words.named(at + 1):
            self.expect(at, _WRITE, lists=True)
        return at + 1

    def change_(self, at: int) -> int:
        """Note what is done to the table that comes."""
        if self.first(at):
            self.change = self.keys[at]
            if self.change == "truncate" and self.keys[at + 1] != "table" and self.words.named(at + 1):
                self.expect(at, _WRITE, lists=True)
        return at + 1

    def table_(self, at: int) -> int:
        """Expect a table, written where it is changed; or note the one that a function is given: f(table(a))."""
        if self.keys[at + 1] != "(":
            self.expect(at, _WRITE if self.change else _READ, lists=self.change in ("drop", "truncate"))
        elif not self.change and self.keys[self.words.chain(at + 2)[1]] == ")" and self.words.named(at + 2):
            self.table(at + 2, written=False)
        self.change = ""
        return at + 1

    def view(self, at: int) -> int:
        """Expect the view that is changed."""
        if self.change:
            self.expect(at, _WRITE, lists=self.change == "drop")
        self.change = ""
        return at + 1

    def for_(self, at: int) -> int:
        """End a list of tables where they are locked."""
        return self.ends(at) if self.keys[at + 1] in ("update", "share", "no", "key") else at + 1

    def like(self, at: int) -> int:
        """Expect the table that another is made like."""
        if self.taken == at or (self.keys[at - 1] in ("(", "shallow", "deep") and self.taken == at - 1):
            self.expect(at, _READ)
        return at + 1

    def using(self, at: int) -> int:
        """Expect tables, where this is not that of a join: names of columns are behind that."""
        if not self.source:
            return self.ends(at) if self.keys[at + 1] != "(" else at + 1
        self.source = False
        return self.expect(at + 1, _READ, lists=True)

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
    UNCLEAR: _Scan.unclear,
    "as": _Scan.as_,
    "clone": _Scan.like,
    "for": _Scan.for_,
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
