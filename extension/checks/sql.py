"""Checks on SQL: of the result that is downloaded, and of the code in a file.

What is judged is what `extension.sql` knows of the text. Where a statement could be read by its words alone, its words
are judged, and a finding says so; where a name leaves open what it is, a finding says that, too: both give what the
rule says under `on_unreadable`. Findings hold names and lines, never SQL, nor a word that may be of a text or comment.
`Passes` and `Hits` are run by a test.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec

from extension import queries
from extension.checks import Need, row
from extension.checks.files import BannedFunctions, FileTypes
from extension.checks.lists import few, of_types
from extension.events import Event, Unknown
from extension.payloads import Download, FileOperation
from extension.settings import ColumnNames, Count, Flag, Known, Names, TableNames, open_ended, parametric
from extension.sql.facts import KINDS, Analysis, Source, Star, Statement
from extension.verdict import Finding, Text, hit, together, unparsed, unread

WithSql: TypeAlias = Download | FileOperation
"""Payloads of the events that are judged."""


class Access(Known):
    """What is done to a table: it is read, or it is written, made, changed or dropped (written)."""

    FORM = "kinds of access"
    KNOWN = ("read", "written")


class JudgedTables(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `sql.tables`. `deny` is stronger than `allow`, and `except` than `deny`."""

    allow: TableNames | None = None
    """Only these tables are allowed."""
    deny: TableNames | None = None
    """These tables are not allowed."""
    but: TableNames | None = msgspec.field(default=None, name="except")
    """Of those in `deny`, these are allowed."""
    access: Access = Access(Access.KNOWN)
    """What is judged: read, written, or both, which is the default."""
    types: FileTypes | None = None
    """Types of files that it is for, by number or name; without it, all. A download is always judged."""

    def __post_init__(self) -> None:
        """Refuse settings that could never hit."""
        if self.allow is None and self.deny is None:
            raise ValueError("expected allow, deny or both, found neither")
        if self.but and self.deny is None:
            raise ValueError("except is for tables of deny, which is missing")


TABLE_READ = Text(
    en='The SQL reads the table "{table}" (line {line}), which is not allowed here. Leave it out, or ask the owner of'
    " the table.",
    zh="SQL 读取了表“{table}”（第 {line} 行），此处不允许读取该表。请去掉对该表的引用，或联系表负责人。",
)
TABLE_WRITTEN = Text(
    en='The SQL writes or changes the table "{table}" (line {line}), which is not allowed here. Choose another table,'
    " or ask the owner of the table.",
    zh="SQL 写入或变更了表“{table}”（第 {line} 行），此处不允许写入或变更该表。请改用其他表，或联系表负责人。",
)
TABLE_IN_WORDS = Text(
    en="The statement at line {line} names {table}, as far as its words tell, which is not allowed here. Leave it out,"
    " or write the statement so that it can be read as SQL.",
    zh="第 {line} 行的语句无法解析；按关键词判断，它使用了 {table}，此处不允许使用该表。请从 SQL 中去掉，"
    "或将语句改写为可解析的 SQL。",
)


def sql_tables(event: Event[WithSql], settings: JudgedTables) -> Iterator[Finding]:
    """Tables that the SQL reads and writes, as project.table, against `allow` and `deny`.

    Names of WITH, variables and aliases are no tables. A table that is named without a project is in that which `sql:`
    of the policy says for the data source. Where nothing says it, or where a scheduling parameter stands in the name,
    the name may leave open whether the lists mean it; that gives `on_unreadable`, as every statement does that could be
    read by its words alone. So it is with all checks on SQL.

    An `exempt` of the rule lets an operation pass where all its tables are exempt; `except` lets the tables pass
    whatever they are joined with.

    Passes: {sqlText: select id from hr.a, Content: select id from hr.a, fileType: 10} with {deny: ["hr.*"], except: [hr.a]}
    Hits: {sqlText: select id from hr.t, Content: select id from hr.t, fileType: 10} with {deny: ["hr.*"], except: [hr.a]}
    """
    yield from _judge(settings.types, event, lambda found: _tables(found.statements, settings))


def _tables(statements: Sequence[Statement], settings: JudgedTables) -> Iterator[Finding]:
    sure, worded = _parted(statements)
    doubtful: dict[str, str] = {}
    for access, text in zip(Access.KNOWN, (TABLE_READ, TABLE_WRITTEN), strict=True):
        if access not in settings.access:
            continue
        places = (each for one in sure for each in (one.reads if text is TABLE_READ else one.written))
        lines = _first((each.table, each.line) for each in places)
        allowed = {table: _allowed(table, settings) for table in lines}
        doubtful |= {table: lines[table] for table in lines if allowed[table] is None}
        yield from _hits(text, [{"table": table, "line": lines[table]} for table in lines if allowed[table] is False])
    yield from _doubts(doubtful)
    yield from _tables_in_words(worded, settings)


def _tables_in_words(statements: Sequence[Statement], settings: JudgedTables) -> Iterator[Finding]:
    """Findings on tables of statements that were read by their words, which are not named: see `_parted`."""
    accesses = [(access, one) for one in statements for access in Access.KNOWN if access in settings.access]
    places = (each for access, one in accesses for each in (one.reads if access == "read" else one.written))
    lines = _first((each.table, each.line) for each in places)
    refused = [table for table in lines if _allowed(table, settings) is False]
    told: dict[str, str] = {}
    for table in refused[:_TOLD]:
        if settings.deny and _denied(table, settings):
            told.setdefault(settings.deny.which(table), lines[table])
    yield from _hits(TABLE_IN_WORDS, [{"table": pattern, "line": line} for pattern, line in told.items()])
    unlisted = [lines[table] for table in refused if not _denied(table, settings)]
    if settings.allow and unlisted:
        listed = few(settings.allow.names)
        other = Text(en=f"a table other than {listed}", zh=f"{listed} 以外的表")
        yield hit(TABLE_IN_WORDS, table=other, line=together(unlisted))


def _allowed(table: str, settings: JudgedTables) -> bool | None:
    """Whether the lists let a table pass; None where its name leaves that open."""
    denied = _denied(table, settings)
    allowed = settings.allow.match(table) if settings.allow else True
    if denied or allowed is False:
        return False
    return None if denied is None else allowed


def _denied(table: str, settings: JudgedTables) -> bool | None:
    """Whether a table is denied and not excepted; None where its name leaves that open."""
    denied = settings.deny.match(table) if settings.deny else False
    but = settings.but.match(table) if settings.but and denied is not False else False
    return False if but else denied if but is False else None


class JudgedColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `sql.columns`."""

    deny: ColumnNames
    """Columns that are not allowed."""
    masked_by: BannedFunctions | None = None
    """Functions, by their names alone, that a value may leave through: a column that went through one is allowed."""
    anywhere: Flag = Flag(0)
    """Whether columns of filters, joins, groups and orders count, too, and those that a sub-query reads by a star."""
    types: FileTypes | None = None
    """Types of files that it is for, by number or name; without it, all. A download is always judged."""


COLUMN_RETURNED = Text(
    en='The SQL returns or writes the column "{column}" (line {line}), which is not allowed here. Leave it out, or ask'
    " the owner of the table.",
    zh="SQL 的查询结果或写入内容包含字段“{column}”（第 {line} 行），此处不允许使用该字段。请从 SQL 中去掉，"
    "或联系表负责人。",
)
COLUMN_USED = Text(
    en='The SQL uses the column "{column}" (line {line}), which is not allowed here, not even in a filter. Leave it'
    " out, or ask the owner of the table.",
    zh="SQL 使用了字段“{column}”（第 {line} 行），此处不允许使用该字段，过滤条件中也不允许。请从 SQL 中去掉，"
    "或联系表负责人。",
)
COLUMN_UNMASKED = Text(
    en='The SQL uses the column "{column}" (line {line}) as it is; here it must go through {functions}. Put the'
    " function around it, or leave it out.",
    zh="SQL 直接使用了字段“{column}”（第 {line} 行），该字段须经 {functions} 脱敏后使用。请使用脱敏函数，"
    "或从 SQL 中去掉该字段。",
)
COLUMN_IN_STAR = Text(
    en='The SQL takes all columns, "{column}" (line {line}), of a table that can have columns which are not allowed'
    " here ({patterns}). Name the columns that you need.",
    zh="SQL 使用 * 选取了所有字段“{column}”（第 {line} 行），其中可能包含不允许使用的字段（{patterns}）。"
    "请逐一列出需要的字段。",
)
COLUMN_IN_WORDS = Text(
    en='The statement at line {line} names "{column}", as far as its words tell, which is not allowed here. Leave it'
    " out, or write the statement so that it can be read as SQL.",
    zh="第 {line} 行的语句无法解析；按关键词判断，它使用了“{column}”，此处不允许使用该字段。请从 SQL 中去掉，"
    "或将语句改写为可解析的 SQL。",
)


def sql_columns(event: Event[WithSql], settings: JudgedColumns) -> Iterator[Finding]:
    """Columns that reach the result, or the table that is written, as project.table.column: none of `deny`.

    A column is followed through aliases, WITH, sub-queries, unions and expressions to the table that it comes from; one
    that is named without its table counts for each that it can be of. `*` over a table that can have a denied column is
    a hit, too, unless the SQL leaves that column out, and so is a whole table that is cloned, unloaded or read.

    Passes: {sqlText: select id from hr.t, Content: select id from hr.t, fileType: 10} with {deny: [hr.t.phone]}
    Hits: {sqlText: select phone p from hr.t, Content: select phone p from hr.t, fileType: 10} with {deny: [hr.t.phone]}
    """
    yield from _judge(settings.types, event, lambda found: _columns(found.statements, settings))


def _columns(statements: Sequence[Statement], settings: JudgedColumns) -> Iterator[Finding]:
    sure, worded = _parted(statements)
    doubtful: dict[str, str] = {}
    yield from _named(sure, settings, doubtful)
    yield from _starred(sure, settings, doubtful)
    lines = _first((pattern, one.line) for one in worded for pattern in _in_words(one, settings.deny))
    yield from _hits(COLUMN_IN_WORDS, [{"column": pattern, "line": line} for pattern, line in lines.items()])
    yield from _doubts(doubtful)


def _named(statements: Sequence[Statement], settings: JudgedColumns, doubtful: dict[str, str]) -> Iterator[Finding]:
    """Findings on columns that are named, those of results first."""
    refused: dict[Text, list[Mapping[str, str]]] = {}
    for (table, column), (text, name, line) in _columns_of(statements, settings).items():
        denied = settings.deny.holds(table, column)
        if denied:
            shown = f"{table}.{column} as {name}" if name not in ("", column) else f"{table}.{column}"
            refused.setdefault(text, []).append({"column": shown, "line": line})
        elif denied is None:
            doubtful.setdefault(f"{table}.{column}", line)
    functions = {"functions": few(settings.masked_by.names)} if settings.masked_by else {}
    for text, found in refused.items():
        yield from _hits(text, found, **functions)


def _columns_of(
    statements: Sequence[Statement], settings: JudgedColumns
) -> Mapping[tuple[str, str], tuple[Text, str, str]]:
    """Columns that are not masked, each by table and name, with what is said of it, its name in the result and line."""
    returned = ((source, output.name) for each in statements for output in each.outputs for source in output.sources)
    used = ((source, "") for each in statements for source in each.used if settings.anywhere)
    columns: dict[tuple[str, str], tuple[Text, str, str]] = {}
    for said, places in ((COLUMN_RETURNED, returned), (COLUMN_USED, used)):
        text = COLUMN_UNMASKED if settings.masked_by else said
        for source, name in places:
            if source.column != _ANY and not _masked(source, settings.masked_by):
                columns.setdefault((source.table, source.column), (text, name, str(source.line)))
    return columns


_ANY = "*"
"""The column of a source that may be any of its table."""


def _masked(source: Source, masked_by: Names | None) -> bool:
    return masked_by is not None and any(function in masked_by for function in source.through)


def _starred(statements: Sequence[Statement], settings: JudgedColumns, doubtful: dict[str, str]) -> Iterator[Finding]:
    """Findings on columns that come by a star, or with a whole table."""
    refused: dict[tuple[str, str], str] = {}
    for star in (star for each in statements for star in _all_columns(each, settings)):
        column, line = f"{star.table}.*", str(star.line)
        denied = [(name, sure) for name, left, sure in settings.deny.over(star.table) if left not in star.without]
        if surely := dict.fromkeys(name for name, sure in denied if sure):
            refused.setdefault((column, few(surely)), line)
        elif denied:
            doubtful.setdefault(column, line)
    found = [{"column": column, "line": line, "patterns": patterns} for (column, patterns), line in refused.items()]
    yield from _hits(COLUMN_IN_STAR, found)


_COPYING = frozenset({"CLONE", "UNLOAD", "TUNNEL"})
"""Kinds of statements that take whole tables, where they have no query."""


def _all_columns(statement: Statement, settings: JudgedColumns) -> Iterator[Star]:
    """Tables of which all columns, or any, are taken: also by a command such as `read` and `export`, which is OTHER."""
    yield from _stars(statement, anywhere=bool(settings.anywhere))
    sources = [source for output in statement.outputs for source in output.sources]
    for source in (*sources, *(statement.used if settings.anywhere else ())):
        if source.column == _ANY and not _masked(source, settings.masked_by):
            yield Star(table=source.table, line=source.line)
    if statement.kind in (*_COPYING, "OTHER") and not (statement.outputs or statement.stars):
        yield from (Star(table=read.table, line=read.line) for read in statement.reads)


def _stars(statement: Statement, *, anywhere: bool) -> tuple[Star, ...]:
    return statement.stars + (statement.inner_stars if anywhere else ())


def _in_words(statement: Statement, deny: ColumnNames) -> Iterator[str]:
    """Patterns of `deny` that tables and words of a statement make a column of, or that a table has which it takes as a
    whole. The column is not named: see `_parted`.
    """
    found: dict[str, bool] = {}
    taken = {each.table for each in statement.reads if statement.kind in _COPYING}
    tables = [*(each.table for each in statement.reads), *(each.table for each in statement.written)]
    for table in dict.fromkeys(tables):
        for pattern, left, sure in deny.over(table):
            if left not in found:
                only = Names((left,))
                found[left] = any(word in only for word in statement.words)
            if sure and (found[left] or table in taken):
                yield pattern


class JudgedStars(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `sql.star`."""

    tables: TableNames | None = None
    """Tables of which all columns may not be taken; without it, all tables."""
    anywhere: Flag = Flag(0)
    """Whether a star in a sub-query counts, too, where its columns do not reach the result."""
    types: FileTypes | None = None
    """Types of files that it is for, by number or name; without it, all. A download is always judged."""


STAR_REFUSED = Text(
    en='The SQL takes all columns (*) of the table "{table}" (line {line}), which is not allowed here. Name the columns'
    " that you need.",
    zh="SQL 使用 * 选取了表“{table}”的所有字段（第 {line} 行），此处不允许使用 *。请逐一列出需要的字段。",
)


def sql_star(event: Event[WithSql], settings: JudgedStars) -> Iterator[Finding]:
    """`*` in the result, or in what is written: not over a table.

    A star takes columns that nobody has asked for, and tomorrow those that are added tonight. `count(*)` is none, nor
    is a star over a sub-query that names its columns. `select ${columns}` can be one.

    Passes: {sqlText: select count(*) from shop.t, Content: select count(*) from shop.t, fileType: 10} with {}
    Hits: {sqlText: select * from shop.t, Content: select * from shop.t, fileType: 10} with {}
    """
    yield from _judge(settings.types, event, lambda found: _star(found.statements, settings))


def _star(statements: Sequence[Statement], settings: JudgedStars) -> Iterator[Finding]:
    stars = (star for each in statements for star in _stars(each, anywhere=bool(settings.anywhere)))
    yield from _over(STAR_REFUSED, _first((star.table, star.line) for star in stars), settings.tables)
    outputs = (output for statement in statements for output in statement.outputs if open_ended(output.name))
    sources = [source for output in outputs for source in output.sources if source.column == output.name]
    may_be = {each.table: settings.tables is None or settings.tables.match(each.table) for each in sources}
    doubtful = ((f"{each.table}.{each.column}", each.line) for each in sources if may_be[each.table] is not False)
    yield from _doubts(_first(doubtful))


class JudgedFunctions(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `sql.functions`."""

    deny: BannedFunctions
    """Names of functions that are not allowed, or patterns with `*`."""
    types: FileTypes | None = None
    """Types of files that it is for, by number or name; without it, all. A download is always judged."""


FUNCTIONS_REFUSED = Text(
    en="The SQL calls banned functions: {functions} (calls: {count}; lines: {lines}). Remove the calls and try again.",
    zh="SQL 调用了禁用的函数：{functions}（共 {count} 处，位于第 {lines} 行）。请移除这些调用后重试。",
)


def sql_functions(event: Event[WithSql], settings: JudgedFunctions) -> Iterator[Finding]:
    """Functions that the SQL calls: none of `deny`.

    As `file.functions`, and of downloads, too; what stands in comments and in text is no call.

    Passes: {sqlText: select max(ds) from t, Content: select max(ds) from t, fileType: 10} with {deny: [MAX_PT]}
    Hits: {sqlText: "select max_pt('t')", Content: "select max_pt('t')", fileType: 10} with {deny: [MAX_PT]}
    """
    yield from _judge(settings.types, event, lambda found: _functions(found.statements, settings.deny))


def _functions(statements: Sequence[Statement], deny: BannedFunctions) -> Iterator[Finding]:
    calls = [(call, bool(statement.unread)) for statement in statements for call in statement.calls]
    denied = {function: deny.match(function) for function in {call.function for call, _ in calls}}
    banned = [(call, worded) for call, worded in calls if denied[call.function]]
    if banned:
        told = (deny.which(call.function) if worded else call.function for call, worded in banned[:_TOLD])
        places = few(dict.fromkeys(str(call.line) for call, _ in banned))
        yield hit(FUNCTIONS_REFUSED, functions=few(dict.fromkeys(told)), count=len(banned), lines=places)
    doubtful = ((call.function, call.line) for call, worded in calls if denied[call.function] is None and not worded)
    yield from _doubts(_first(doubtful))


class Kinds(Known):
    """Kinds of statements, also as patterns.

    DESC is a DESCRIBE; ASSIGN, FUNCTION and CONTROL (IF, LOOP) are of scripts; OTHER is every command that is none of
    the others, and what is no SQL. WITH is of the kind of what follows it, and a query that is assigned is a SELECT.
    """

    FORM = "kinds of statements"
    KNOWN = KINDS


class JudgedStatements(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `sql.statements`. `deny` is stronger than `allow`."""

    allow: Kinds | None = None
    """Only statements of these kinds are allowed."""
    deny: Kinds | None = None
    """Statements of these kinds are not allowed."""
    types: FileTypes | None = None
    """Types of files that it is for, by number or name; without it, all. A download is always judged."""

    def __post_init__(self) -> None:
        """Refuse settings that could never hit."""
        if self.allow is None and self.deny is None:
            raise ValueError("expected allow, deny or both, found neither")


STATEMENT_REFUSED = Text(
    en="The SQL has a statement of the kind {kind} (line {line}), which is not allowed here. Remove it and try again.",
    zh="SQL 包含类型为 {kind} 的语句（第 {line} 行），此处不允许使用该类语句。请移除后重试。",
)


def sql_statements(event: Event[WithSql], settings: JudgedStatements) -> Iterator[Finding]:
    """Kinds of the statements, against `allow` and `deny`.

    Where `allow` is for queries, SET should be in it, too: many begin with their settings.

    Passes: {sqlText: "set a=b; select 1", Content: "set a=b; select 1", fileType: 10} with {allow: [SELECT, SET]}
    Hits: {sqlText: drop table shop.t, Content: drop table shop.t, fileType: 10} with {allow: [SELECT, SET]}
    """
    yield from _judge(settings.types, event, lambda found: _statements(found.statements, settings))


def _statements(statements: Sequence[Statement], settings: JudgedStatements) -> Iterator[Finding]:
    lines = _first((statement.kind, statement.line) for statement in statements)
    refused = [
        {"kind": kind, "line": line}
        for kind, line in lines.items()
        if (settings.deny and kind in settings.deny) or (settings.allow and kind not in settings.allow)
    ]
    yield from _hits(STATEMENT_REFUSED, refused)


class Partitions(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `sql.partition_filter`."""

    tables: TableNames
    """Tables that are read with a filter on their partition only."""
    columns: Names = Names(("ds", "dt", "pt"))
    """Columns that the tables are partitioned by, a filter on one of which is enough; by default ds, dt, pt."""
    types: FileTypes | None = None
    """Types of files that it is for, by number or name; without it, all. A download is always judged."""


UNFILTERED = Text(
    en='The SQL reads the table "{table}" (line {line}) without a filter on its partition ({columns}). Add a filter on'
    " one of these columns.",
    zh="SQL 读取表“{table}”（第 {line} 行）时没有按分区字段（{columns}）过滤。请添加分区过滤条件。",
)

_SCANNING = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "ASSIGN", "FUNCTION", "CONTROL", "UNLOAD"}
)
"""Kinds of statements that scan what they read."""


def sql_partition_filter(event: Event[WithSql], settings: Partitions) -> Iterator[Finding]:
    """Filters on the partition of a table: one wherever it is read.

    A query without one reads all days that there are, and is paid by what it reads.

    Passes: {sqlText: select id from a.t where ds = '1', Content: select 1, fileType: 10} with {tables: ["a.*"]}
    Hits: {sqlText: select id from a.t, Content: select id from a.t, fileType: 10} with {tables: ["a.*"]}
    """
    yield from _judge(settings.types, event, lambda found: _partition_filter(found.statements, settings))


def _partition_filter(statements: Sequence[Statement], settings: Partitions) -> Iterator[Finding]:
    unfiltered = (
        (read.table, read.line)
        for statement in statements
        if _scans(statement)
        for read in statement.reads
        if not any(column in settings.columns for column in read.filters)
    )
    yield from _over(UNFILTERED, _first(unfiltered), settings.tables, columns=few(settings.columns.names))


def _scans(statement: Statement) -> bool:
    """Whether a statement scans what it reads: not CREATE TABLE ... LIKE, nor UNLOAD of a partition.

    Of a statement that was read by its words nothing is known of filters.
    """
    if statement.kind in ("CREATE", "UNLOAD") and not (statement.outputs or statement.stars):
        return False
    return statement.kind in _SCANNING and not statement.unread


class Limited(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `sql.limit`."""

    max: Count
    """Most rows that a query may ask for."""
    types: FileTypes | None = None
    """Types of files that it is for, by number or name; without it, all. A download is always judged."""


NO_LIMIT = Text(
    en="The query at line {line} has no LIMIT, or one that is no plain number; at most {max} rows are allowed. Add a"
    " LIMIT to its end.",
    zh="第 {line} 行的查询没有 LIMIT，或 LIMIT 不是数字，最多允许 {max} 行。请在查询末尾添加 LIMIT。",
)
LIMIT_TOO_HIGH = Text(
    en="The query at line {line} has LIMIT {limit}; at most {max} rows are allowed. Lower it.",
    zh="第 {line} 行的查询的 LIMIT 为 {limit}，最多允许 {max} 行。请调低 LIMIT。",
)


def sql_limit(event: Event[WithSql], settings: Limited) -> Iterator[Finding]:
    """LIMIT of each query whose result goes to the user: there is one, of at most `max` rows.

    Passes: {sqlText: select id from t limit 10, Content: select id from t limit 10, fileType: 10} with {max: 10}
    Hits: {sqlText: select id from t limit 11, Content: select id from t limit 11, fileType: 10} with {max: 10}
    """
    yield from _judge(settings.types, event, lambda found: _limit(found.statements, settings.max))


def _limit(statements: Sequence[Statement], most: Count) -> Iterator[Finding]:
    queried = [(str(statement.line), statement.limit) for statement in statements if statement.returns]
    yield from _hits(NO_LIMIT, [{"line": line} for line, limit in queried if limit is None], max=most)
    high = [{"line": line, "limit": f"{limit:,}"} for line, limit in queried if limit is not None and limit > most]
    yield from _hits(LIMIT_TOO_HIGH, high, max=most)


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of checks that have none but where they apply."""

    types: FileTypes | None = None
    """Types of files that it is for, by number or name; without it, all. A download is always judged."""


CROSS_JOIN = Text(
    en='The SQL joins "{name}" (line {line}) without a condition, so that every row meets every other. Add the'
    " condition that belongs to the join.",
    zh="SQL 关联“{name}”（第 {line} 行）时没有关联条件，会产生笛卡尔积。请补充关联条件。",
)


def sql_cross_join(event: Event[WithSql], settings: Typed) -> Iterator[Finding]:
    """Joins: none without a condition, but for those where one of the sides surely has one row at most.

    A condition in WHERE that compares both sides is as good as one at the join.

    Passes: {sqlText: select 1 from a join b on a.i = b.i, Content: select 1, fileType: 10} with {}
    Hits: {sqlText: "select 1 from a, b", Content: "select 1 from a, b", fileType: 10} with {}
    """
    yield from _judge(settings.types, event, lambda found: _cross_join(found.statements))


def _cross_join(statements: Sequence[Statement]) -> Iterator[Finding]:
    joins = (join for statement in statements for join in statement.cross_joins if not join.one_row)
    lines = _first((join.name or "(select …)", join.line) for join in joins)
    yield from _hits(CROSS_JOIN, [{"name": name, "line": line} for name, line in lines.items()])


class Length(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `sql.length`."""

    max: Count
    """Most characters that the SQL may have."""
    types: FileTypes | None = None
    """Types of files that it is for, by number or name; without it, all. A download is always judged."""


SQL_TOO_LONG = Text(
    en="The SQL has {length} characters; at most {max} are allowed. Shorten it, or split it.",
    zh="SQL 共 {length} 个字符，上限为 {max} 个。请缩短或拆分。",
)


def sql_length(event: Event[WithSql], settings: Length) -> Iterator[Finding]:
    """Length of the SQL in characters: at most `max`.

    What nobody can read through, nobody reviews.

    Passes: {sqlText: select 1, Content: select 1, fileType: 10} with {max: 8}
    Hits: {sqlText: select 10, Content: select 10, fileType: 10} with {max: 8}
    """
    yield from _where(settings.types, event, _length(event, settings.max))


def _length(event: Event[WithSql], most: Count) -> Iterator[Finding]:
    query = queries.query(event)
    if isinstance(query, Unknown):
        yield unread(query)
    elif query.characters > most:
        yield hit(SQL_TOO_LONG, length=query.characters, max=most)


NAMED_WITHOUT_PROJECT = Text(
    en="The project of {name} (line {line}) is not known: neither the SQL nor the policy says it (sql: projects), so"
    " that this rule cannot be judged. Write the project in front of the name, or ask the owner of the extension.",
    zh="{name}（第 {line} 行）所属的项目未知：SQL 中未写明，策略中也未配置（sql: projects），本规则无法判断。"
    "请在名称前写明项目，或联系扩展程序负责人。",
)
NAMED_BY_PARAMETER = Text(
    en="{name} (line {line}) has a scheduling parameter in its name, so that this rule cannot be judged. Write the name"
    " itself, or ask the owner of the extension.",
    zh="{name}（第 {line} 行）的名称中含有调度参数，本规则无法判断。请直接写出名称，或联系扩展程序负责人。",
)

_TOLD = 1000
"""Names that are looked up in the policy, for what of it they are: all are judged."""

_MOST = 5
"""Most findings of a kind: a message holds 1000 characters. What is more than that stands in the last one together."""


def _judge(
    types: FileTypes | None, event: Event[WithSql], judge: Callable[[Analysis], Iterator[Finding]]
) -> Iterator[Finding]:
    """What `judge` finds in the SQL of an event, and that of what it could not be sure."""
    yield from _where(types, event, _found(event, judge))


def _found(event: Event[WithSql], judge: Callable[[Analysis], Iterator[Finding]]) -> Iterator[Finding]:
    analysis = queries.analysis(event)
    if isinstance(analysis, Unknown):
        yield unread(analysis)
        return
    yield from judge(analysis)
    yield from unparsed(analysis.unread)


def _parted(statements: Sequence[Statement]) -> tuple[list[Statement], list[Statement]]:
    """Statements that were read, and those that were read by their words.

    What is taken for a name in the latter may be a part of a text or of a comment, where it is not clear what is, and
    findings are logged: they say what of the policy it is. That a name leaves open what it is goes without saying, for
    these statements give `on_unreadable` in any case.
    """
    return [each for each in statements if not each.unread], [each for each in statements if each.unread]


def _where(types: FileTypes | None, event: Event[WithSql], findings: Iterator[Finding]) -> Iterator[Finding]:
    """`findings`, for a download, or where the file is of one of `types`."""
    payload = event.payload
    yield from of_types(types, payload.file_type, findings) if isinstance(payload, FileOperation) else findings


def _first(places: Iterable[tuple[str, int]]) -> dict[str, str]:
    """Each name with the line where it stands first."""
    lines: dict[str, str] = {}
    for name, line in places:
        lines.setdefault(name, str(line))
    return lines


def _over(text: Text, lines: Mapping[str, str], only: TableNames | None, **same: object) -> Iterator[Finding]:
    """A hit for each table, where it is one of `only`."""
    judged = {table: only.match(table) if only else True for table in lines}
    yield from _hits(text, [{"table": table, "line": lines[table]} for table in lines if judged[table]], **same)
    yield from _doubts({table: lines[table] for table in lines if judged[table] is None})


def _hits(text: Text, found: Sequence[Mapping[str, str]], **same: object) -> Iterator[Finding]:
    for values in _merged(found):
        yield hit(text, **values, **same)


def _doubts(lines: Mapping[str, str]) -> Iterator[Finding]:
    """A finding for the names without a project, and one for those with a parameter: both leave open what they are."""
    for text in (NAMED_WITHOUT_PROJECT, NAMED_BY_PARAMETER):
        names = [name for name in lines if parametric(name) is (text is NAMED_BY_PARAMETER)]
        if names:
            values = {"name": together(names), "line": together(lines[name] for name in names)}
            yield Finding(text, values, judged=False, unread=True)


def _merged(found: Sequence[Mapping[str, str]]) -> Iterator[Mapping[str, str]]:
    """Values of the findings: one each, and those that would be too many in the last one."""
    single = _MOST - 1 if len(found) > _MOST else _MOST
    yield from found[:single]
    if rest := found[single:]:
        yield {key: together([values[key] for values in rest]) for key in rest[0]}


_SQL = (
    *("download-resources", "download-resources-execute"),
    *("commit-file", "deploy-file", "run-file", "delete-file"),
)

# A table, one check a line.
# fmt: off
CHECKS = (
    row("sql.tables", sql_tables, JudgedTables, _SQL, TABLE_READ, TABLE_WRITTEN, TABLE_IN_WORDS, needs=Need.FILE),
    row("sql.columns", sql_columns, JudgedColumns, _SQL, COLUMN_RETURNED, COLUMN_USED, COLUMN_UNMASKED, COLUMN_IN_STAR, COLUMN_IN_WORDS, needs=Need.FILE),
    row("sql.star", sql_star, JudgedStars, _SQL, STAR_REFUSED, needs=Need.FILE),
    row("sql.functions", sql_functions, JudgedFunctions, _SQL, FUNCTIONS_REFUSED, needs=Need.FILE),
    row("sql.statements", sql_statements, JudgedStatements, _SQL, STATEMENT_REFUSED, needs=Need.FILE),
    row("sql.partition_filter", sql_partition_filter, Partitions, _SQL, UNFILTERED, needs=Need.FILE),
    row("sql.limit", sql_limit, Limited, _SQL, NO_LIMIT, LIMIT_TOO_HIGH, needs=Need.FILE),
    row("sql.cross_join", sql_cross_join, Typed, _SQL, CROSS_JOIN, needs=Need.FILE),
    row("sql.length", sql_length, Length, _SQL, SQL_TOO_LONG, needs=Need.FILE),
)
# fmt: on
