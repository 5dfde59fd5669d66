"""What is known of a SQL text once it is read: facts only, and no opinion on any of them.

Names are compared without case, and are held that way. A table is `project.table`, or as many parts as its engine has;
it is the bare name where neither the SQL nor the event says the project, and it holds the placeholder where one is part
of it (`ods.log_${bizdate}`). Lines count from 1.
"""

from enum import StrEnum

import msgspec


class Engine(StrEnum):
    """What runs a text: the grammar that it is read by. The last three are no SQL, and are read by their words."""

    MAXCOMPUTE = "maxcompute"
    HIVE = "hive"
    SPARK = "spark"
    HOLOGRES = "hologres"
    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
    CLICKHOUSE = "clickhouse"
    PRESTO = "presto"
    PYTHON = "python"
    SHELL = "shell"
    OTHER = "other"


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One place where a table is read."""

    table: str
    line: int
    filters: frozenset[str] = frozenset()
    """Columns of it that a filter narrows: by =, in, between, <, >, like; not by <> or `is not null`."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One place where a table is written, made, changed or dropped."""

    table: str
    line: int


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a table, where a value comes from. Where more than one table could have it, there is one for each.

    The column is `*` where it can be any, such as one of a `*` in another branch of a UNION. One that is named by a
    placeholder has that for a name.
    """

    table: str
    column: str
    line: int
    through: frozenset[str] = frozenset()
    """Functions that it went through on its way; `over` for a window."""


class Star(msgspec.Struct, frozen=True, kw_only=True):
    """All columns of a table, but for those that are left out."""

    table: str
    line: int
    without: frozenset[str] = frozenset()


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a result, or of what is written into a table. `name` is empty where it has none."""

    name: str
    sources: tuple[Source, ...] = ()


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A function that is called, by its name without what it belongs to."""

    function: str
    line: int


class CrossJoin(msgspec.Struct, frozen=True, kw_only=True):
    """A table or sub-query that is joined without a condition; `name` is what the SQL calls it, empty for nothing."""

    name: str
    line: int
    one_row: bool = False
    """Whether one of the sides surely has one row at most, so that nothing is multiplied."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement.

    Where the grammar did not take it, `unread` says why. Then `reads`, `written` and `calls` are from its words, with
    rather too much in them than too little, and nothing is known of the rest. `words` are all names of a statement that
    was not read by the grammar: any of them may be a column.
    """

    kind: str
    """SELECT, INSERT, CREATE, DROP, SET, ...: see `KINDS`."""
    line: int
    reads: tuple[Read, ...] = ()
    written: tuple[Written, ...] = ()
    outputs: tuple[Output, ...] = ()
    """Columns of the result, or of what is written. Those that come by a star are in `stars`."""
    stars: tuple[Star, ...] = ()
    """Tables of which all columns reach the result, or any column may."""
    inner_stars: tuple[Star, ...] = ()
    """Stars of sub-queries, whether or not they reach the result; not those of `count(*)`."""
    used: tuple[Source, ...] = ()
    """Columns that are used anywhere: also in filters, joins, groups and orders."""
    calls: tuple[Call, ...] = ()
    cross_joins: tuple[CrossJoin, ...] = ()
    returns: bool = False
    """Whether its result goes to the user: a query, and not one that writes or is assigned."""
    limit: int | None = None
    """Most rows of the result, None for no limit or one that is no plain number."""
    unread: str = ""
    words: frozenset[str] = frozenset()


KINDS = (
    *("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "CREATE", "ALTER", "DROP", "SET", "ASSIGN", "USE"),
    *("SHOW", "DESCRIBE", "EXPLAIN", "ANALYZE", "GRANT", "REVOKE", "CALL", "FUNCTION", "LOAD", "UNLOAD", "CLONE"),
    *("TUNNEL", "ADD", "KILL", "CONTROL", "OTHER"),
)
"""Kinds of statements. ASSIGN gives a variable of a script a value, FUNCTION defines a function of one, CONTROL is the
condition of an IF or a loop; a query that is assigned is a SELECT. OTHER is every other command, and what is no SQL."""


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """What a text says, statement by statement."""

    engine: Engine
    characters: int
    statements: tuple[Statement, ...] = ()

    @property
    def unread(self) -> tuple[Statement, ...]:
        """Statements that were read by their words."""
        return tuple(statement for statement in self.statements if statement.unread)


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of SQL or code whose text is not there: what a record of an event holds of it.

    `analysis` is None where what it says is not all there: a statement could not be read, so that its words may be any
    part of the text; or there is too much of it. `calls` are those that `file.functions` judges, line and name, None
    where some of them may be a part of the text, too.
    """

    digest: str
    """First digits of the SHA-256 of the text."""
    characters: int
    size_bytes: int
    engine: Engine
    project: str
    """What it was read with."""
    analysis: Analysis | None = None
    calls: tuple[tuple[int, str], ...] | None = None
