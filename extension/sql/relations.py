"""What the reading of a statement is made of: sources of a column, relations, scopes, and what one statement leaves."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from sqlglot import exp

from extension.sql.facts import Engine
from extension.sql.grammar import RefusedError

MAX_STEPS = 2_000_000
"""Most sources that are carried from one place to another for a text: about two seconds."""
_MAX_WAYS = 8
"""Most sets of functions that are told apart on the ways of a column; with more it counts as if it went
through none."""
ANY = "*"
"""The column of a source that may be any."""
Key: TypeAlias = tuple[int, str]
"""A column: number of the read, and name."""
Ways: TypeAlias = tuple[int, tuple[frozenset[str], ...]]
"""The line where a column is named, and the functions on each of its ways."""
Sources: TypeAlias = Mapping[Key, Ways]

NONE: frozenset[str] = frozenset()
DIRECT = (NONE,)


class Whole(NamedTuple):
    """All columns of a read but for some."""

    read: int
    line: int
    without: frozenset[str] = NONE


class Relation:
    """What can stand in a FROM: its named columns, the reads of which it has all columns, and what may be in any."""

    def __init__(self, columns: Iterable[tuple[str, Sources]] = (), wholes: Iterable[Whole] = ()) -> None:
        self.columns = list(columns)
        self.wholes = list(wholes)
        self.extra: Sources = {}
        self.one_row = False
        """Whether it surely has one row at most."""
        self.called = False
        """Whether a function makes it, for each row of what stands before it."""
        self.value: exp.Expr | None = None
        """The expression that it stands for, where WITH gives a name to one: it is of the query that names it."""
        self.uses = 0
        """In how many places it stands, where it has a name by WITH or as a variable."""
        self.narrowed: Counter[Key] = Counter()
        """In how many of them a column of its reads is narrowed."""
        self._named: dict[str, list[Sources]] = {}
        self._sorted = 0

    def named(self, name: str) -> list[Sources]:
        """Sources of the columns that have a name."""
        if self._sorted < len(self.columns):
            for each, sources in self.columns[self._sorted :]:
                self._named.setdefault(each, []).append(sources)
            self._sorted = len(self.columns)
        return self._named.get(name, [])

    def all(self) -> Iterator[Sources]:
        """Sources of all that it has."""
        yield from (sources for _, sources in self.columns)
        yield {(whole.read, ANY): (whole.line, DIRECT) for whole in self.wholes}
        yield self.extra

    def renamed(self, names: Sequence[str]) -> "Relation":
        """The same under other names of the columns, the first ones first. Where it cannot be told how many it has, the
        others keep theirs.
        """
        if not names:
            return self
        if self.wholes:
            merged = self.merged()
            found = Relation([(name, merged) for name in names], self.wholes)
        else:
            own = [(name, sources) for name, (_, sources) in zip(names, self.columns, strict=False)]
            found = Relation([*own, *self.columns[len(own) :], *((name, {}) for name in names[len(own) :])])
        found.extra, found.one_row = self.extra, self.one_row
        return found

    def add(self, other: "Relation") -> None:
        """Add all that another one has."""
        self.columns += other.columns
        self.wholes += other.wholes
        extra = Gathered()
        extra.add(self.extra)
        extra.add(other.extra)
        self.extra = extra.found

    def merged(self) -> Sources:
        """Sources of all that it has, put together."""
        gathered = Gathered()
        for sources in self.all():
            gathered.add(sources)
        return gathered.found


class Gathered:
    """Sources put together. Of several ways of a column only those stay that no other is a part of."""

    def __init__(self, spend: Callable[[int], None] = lambda _: None) -> None:
        self.found: dict[Key, Ways] = {}
        self._spend = spend

    def add(self, sources: Sources, through: frozenset[str] = NONE) -> None:
        """Add sources that go through functions, too."""
        self._spend(len(sources))
        for key, (line, ways) in sources.items():
            own = tuple(way | through for way in ways) if through else ways
            known = self.found.get(key)
            if known is None:
                self.found[key] = (line, own)
            elif known[1] != own:
                self.found[key] = (known[0], _shortest((*known[1], *own)))


def _shortest(ways: tuple[frozenset[str], ...]) -> tuple[frozenset[str], ...]:
    kept: list[frozenset[str]] = []
    for way in sorted(set(ways), key=lambda way: (len(way), sorted(way))):
        if not any(other <= way for other in kept):
            kept.append(way)
    return tuple(kept) if len(kept) <= _MAX_WAYS else DIRECT


_ONE_DATABASE = (Engine.HOLOGRES, Engine.POSTGRESQL)
"""Engines whose queries stay in one database, so that its name in front of a table says nothing."""


class _Entry:
    """A read while it is worked on."""

    def __init__(self, table: str, line: int, *, listed: bool) -> None:
        self.table, self.line, self.listed = table, line, listed
        self.filters: set[str] = set()


class Book:
    """What the statements of a text leave to each other: project, reads, tables that were made, variables."""

    def __init__(self, engine: Engine, project: str) -> None:
        self.engine = engine
        self.project = project
        self.schemas = False
        """Whether a name of two parts is a schema and a table."""
        self.entries: list[_Entry] = []
        self.made: dict[str, Relation] = {}
        self.variables: dict[str, Relation] = {}
        self._left = MAX_STEPS

    def spend(self, steps: int) -> None:
        """Count what is done. Raises RefusedError when it is too much."""
        self._left -= steps + 1
        if self._left < 0:
            raise RefusedError("it is too intricate")

    def read(self, table: str, line: int, *, listed: bool = True) -> int:
        """Note a read, and give it a number. One that is not listed is the target of a statement."""
        self.entries.append(_Entry(table, line, listed=listed))
        return len(self.entries) - 1

    def full(self, parts: Sequence[str]) -> str:
        """The full name of a table."""
        names = [name.strip() for part in parts for name in part.split(".")]
        if self.engine is Engine.MAXCOMPUTE:
            if len(names) == 2 and self.schemas and self.project:  # noqa: PLR2004  schema and table
                names = [self.project, *names]
            if len(names) == 3 and names[1] == "default":  # noqa: PLR2004  project, schema and table
                del names[1]
        only = self.engine in _ONE_DATABASE or names[0] == "spark_catalog"
        if only and len(names) == 3:  # noqa: PLR2004  catalog, schema and table
            del names[0]
        if len(names) == 1 and self.project and names[0][:1] not in ("$", "@"):  # a placeholder may bring its own
            names = [self.project, *names]
        return ".".join(names)


class Scope:
    """What the names of a query can mean: its FROM, the aliases of its list, and the query around it."""

    def __init__(self, outer: "Scope | None", ctes: Mapping[str, Relation]) -> None:
        self.outer = outer
        self.ctes = ctes
        self.relations: list[tuple[tuple[str, ...], Relation]] = []
        self.aliases: dict[str, list[Sources]] = {}
        self.windows: dict[str, exp.Expr] = {}
        self.merged: set[str] = set()
        """Columns of USING, which are those of both sides."""
        self.natural = False
        self.hidden: set[int] = set()
        """Relations that only their own condition sees: those of semi and anti joins."""
        self._by_name: dict[str, list[int]] = {}

    def add(self, names: tuple[str, ...], relation: Relation) -> None:
        """Add a relation under its alias, or under the parts of its own name. Quotes may be around several of them."""
        names = _apart(names)
        self._by_name.setdefault(names[-1] if names else "", []).append(len(self.relations))
        self.relations.append((names, relation))

    def visible(self) -> list[Relation]:
        """The relations that a column without its table can be of."""
        return [relation for number, (_, relation) in enumerate(self.relations) if number not in self.hidden]

    def find(self, qualifier: tuple[str, ...]) -> list[Relation]:
        """The relations that a qualifier names."""
        return [self.relations[number][1] for number in self.numbers(qualifier)]

    def numbers(self, qualifier: tuple[str, ...]) -> list[int]:
        """Numbers of the relations that a qualifier names, none for an empty one."""
        qualifier = _apart(qualifier)
        known = self._by_name.get(qualifier[-1], ()) if qualifier else ()
        return [number for number in known if self.relations[number][0][-len(qualifier) :] == qualifier]


def _apart(names: Sequence[str]) -> tuple[str, ...]:
    """The parts of a name, also of those that stand in one pair of quotes."""
    return tuple(part for name in names for part in name.split("."))


class Join(NamedTuple):
    """A join, and the numbers of the relations that it brings."""

    node: exp.Expr
    relations: range
