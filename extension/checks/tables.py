"""Checks on tables that are about to be committed or deployed.

The name of a table is in the message; all else is asked of the platform before (GetIDEEventDetail). A comment or a
lifecycle that it does not give is one that the table does not have.
"""

import re
from collections.abc import Iterator
from typing import Self

import msgspec

from extension.checks import Need, row
from extension.checks.lists import few, refuses
from extension.events import Column, Event, Fact, Reason, Unknown, had, known
from extension.payloads import TableChange
from extension.settings import Count, Flag, Listed, Named, Names, plain
from extension.verdict import Finding, Text, casefold, hit, unread

TABLE_NAME_REFUSED = Text(
    en='The name of the table "{table}" is not of the form {pattern}. Rename the table.',
    zh="表名“{table}”不符合规定的格式 {pattern}。请修改表名。",
)


def table_name(event: Event[TableChange], settings: Named) -> Iterator[Finding]:
    """Name of a table: all of it matches `pattern`.

    A name that says layer, subject and period is how others find a table.

    Passes: {tableName: dwd_orders_di} with {pattern: '(ods|dwd|ads)_[a-z_]+_(di|df)'}
    Hits: {tableName: test1} with {pattern: '(ods|dwd|ads)_[a-z_]+_(di|df)'}
    """
    name = event.payload.table_name
    if isinstance(name, Unknown):
        yield unread(name)
    elif not settings.pattern.matches(name):
        yield hit(TABLE_NAME_REFUSED, table=name, pattern=settings.pattern)


class Commented(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `table.comment`."""

    columns: Flag = Flag()
    """Whether each column must have a comment, too."""


TABLE_COMMENT_MISSING = Text(
    en='The table "{table}" has no comment. Add one that says what its rows are.',
    zh="表“{table}”没有注释。请添加注释，说明表中数据的含义。",
)
COLUMN_COMMENT_MISSING = Text(
    en='Columns of the table "{table}" have no comment: {columns} ({count} in all). Add a comment to each.',
    zh="表“{table}”有 {count} 个字段没有注释：{columns}。请为每个字段添加注释。",
)


def table_comment(event: Event[TableChange], settings: Commented) -> Iterator[Finding]:
    """Comment of a table: there is one; with `columns`, each column has one, too.

    What nobody has described, nobody else can use.

    Passes: {tableName: orders, Comment: Orders by day} with {}
    Hits: {tableName: orders, Comment: " "} with {}
    """
    table = had(event.table)
    if _absent(table.comment):
        yield hit(TABLE_COMMENT_MISSING, table=_table(event))
    elif isinstance(table.comment, Unknown):
        yield unread(table.comment)
    if settings.columns:
        columns = _columns(event)
        if isinstance(columns, Unknown):
            yield unread(columns)
            return
        bare = [_called(column) for column in columns if _absent(column.comment)]
        unreadable = [column.comment for column in columns if isinstance(column.comment, Unknown)]
        if bare:
            yield hit(COLUMN_COMMENT_MISSING, table=_table(event), columns=few(bare), count=len(bare))
        elif unreadable:
            yield unread(unreadable[0])


def _absent(comment: Fact[str]) -> bool:
    """Whether there is no comment, or nothing in it that can be seen."""
    return comment.reason is Reason.MISSING if isinstance(comment, Unknown) else not casefold(comment)


COLUMN_NAME_REFUSED = Text(
    en='Columns of the table "{table}" have names that are not of the form {pattern}: {columns} ({count} in all).'
    " Rename them.",
    zh="表“{table}”有 {count} 个字段的名称不符合规定的格式 {pattern}：{columns}。请修改字段名。",
)


def table_column_name(event: Event[TableChange], settings: Named) -> Iterator[Finding]:
    """Names of the columns of a table, those of its partition among them: all of each matches `pattern`.

    Passes: {tableName: orders, Columns: [{ColumnName: order_id}, {ColumnName: ds}]} with {pattern: '[a-z][a-z0-9_]*'}
    Hits: {tableName: orders, Columns: [{ColumnName: OrderId}, {ColumnName: ds}]} with {pattern: '[a-z][a-z0-9_]*'}
    """
    columns = _columns(event)
    if isinstance(columns, Unknown):
        yield unread(columns)
        return
    refused = [name for column in columns for name in known(column.name) if not settings.pattern.matches(name)]
    unnamed = [column.name for column in columns if isinstance(column.name, Unknown)]
    if refused:
        yield hit(
            COLUMN_NAME_REFUSED,
            table=_table(event),
            pattern=settings.pattern,
            columns=few(refused),
            count=len(refused),
        )
    elif unnamed:
        yield unread(unnamed[0])


class ColumnTypes(Names):
    """Types of columns without parameters, such as decimal or array, or patterns."""

    FORM = "column types"

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a list of types. One with parameters would never match."""
        names = super().read(value)
        for name in names.names:
            if not re.fullmatch(r"[\w*?]+", name):
                raise ValueError(
                    f"expected types without parameters, such as decimal or array, found {plain(name)} in it"
                )
        return names


COLUMN_TYPE_REFUSED = Text(
    en='Columns of the table "{table}" have types that are not allowed: {columns} ({count} in all). Use other types.',
    zh="表“{table}”有 {count} 个字段使用了不允许的数据类型：{columns}。请改用其他类型。",
)


def table_column_type(event: Event[TableChange], settings: Listed[ColumnTypes]) -> Iterator[Finding]:
    """Types of the columns of a table: without their parameters, and each type inside of ARRAY, MAP and STRUCT.

    Amounts in FLOAT or DOUBLE do not add up to the cent.

    Passes: {tableName: orders, Columns: [{ColumnName: a, ColumnType: "DECIMAL(10,2)"}]} with {deny: [float, double]}
    Hits: {tableName: orders, Columns: [{ColumnName: a, ColumnType: "ARRAY<DOUBLE>"}]} with {deny: [float, double]}
    """
    columns = _columns(event)
    if isinstance(columns, Unknown):
        yield unread(columns)
        return
    refused: list[str] = []
    unreadable: list[Unknown] = []
    for column in columns:
        types = _types(column.type)
        if isinstance(types, Unknown):
            unreadable.append(types)
        elif any(refuses(settings, one) for one in types):
            refused.append(f"{_called(column)} {column.type}")
    if refused:
        yield hit(COLUMN_TYPE_REFUSED, table=_table(event), columns=few(refused), count=len(refused))
    elif unreadable:
        yield unread(unreadable[0])


_NOTES = re.compile(r"""\s++(?:comment\s++(?:'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")|not\s++null\b)""", re.DOTALL)
"""What may stand behind the type of a field of a STRUCT."""
_PARAMETERS = re.compile(r"\(\s*+[0-9]++\s*+(?:,\s*+[0-9]++\s*+)?\)")


def _types(written: Fact[str]) -> Fact[frozenset[str]]:
    """The types that a column's type is made of: `MAP<STRING, ARRAY<DECIMAL(10,2)>>` has map, string, array, decimal.

    Source: https://www.alibabacloud.com/help/en/maxcompute/user-guide/maxcompute-v2-0-data-type-edition
    """
    if isinstance(written, Unknown):
        return written
    folded = _NOTES.sub("", casefold(written))
    parts = re.split("[<>,]", _PARAMETERS.sub("", folded))
    types = {part.rpartition(":")[2].strip() for part in parts} - {""}
    if not types or not all(re.fullmatch(r"\w+", one) for one in types) or folded.count("<") != folded.count(">"):
        return Unknown("ColumnType", Reason.UNREADABLE)
    return frozenset(types)


class ColumnNames(Names):
    """Names of columns; a pattern would not say which of them must be there."""

    FORM = "column names"

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a list of names."""
        names = super().read(value)
        for name in names.names:
            if {"*", "?"} & set(name):
                raise ValueError(f"expected names of columns, not patterns, found {plain(name)} in it")
        return names


class Partitioned(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `table.partition`."""

    columns: ColumnNames | None = None
    """Columns that the table must be partitioned by, all of them; without it, by any."""


NOT_PARTITIONED = Text(
    en='The table "{table}" is not partitioned. Add a partition column, such as the business date.',
    zh="表“{table}”不是分区表。请添加分区字段，例如业务日期。",
)
NOT_PARTITIONED_BY = Text(
    en='The table "{table}" is not partitioned by {columns}. Add what is missing to its partition columns.',
    zh="表“{table}”缺少分区字段：{columns}。请补充缺少的分区字段。",
)


def table_partition(event: Event[TableChange], settings: Partitioned) -> Iterator[Finding]:
    """Partition of a table: there is one; with `columns`, by all of these.

    A table without partitions is read and written as a whole, and cannot be filled in for one day.

    Passes: {tableName: orders, Columns: [{ColumnName: ds, IsPartitionColumn: true}]} with {columns: [ds]}
    Hits: {tableName: orders, Columns: [{ColumnName: ds, IsPartitionColumn: false}]} with {columns: [ds]}
    """
    columns = _columns(event)
    if isinstance(columns, Unknown):
        yield unread(columns)
        return
    partition = [column for column in columns if column.partition is True]
    unsure = [
        fact
        for column in columns
        for fact in (column.partition, column.name)
        if isinstance(fact, Unknown) and column.partition is not False
    ]
    if settings.columns is None:
        missing, finding = not partition, hit(NOT_PARTITIONED, table=_table(event))
    else:
        names = {casefold(name) for column in partition for name in known(column.name)}
        absent = [name for name in settings.columns.names if casefold(name) not in names]
        missing, finding = bool(absent), hit(NOT_PARTITIONED_BY, table=_table(event), columns=few(absent))
    if missing:
        yield unread(unsure[0]) if unsure else finding


class Lifecycle(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `table.lifecycle`."""

    max: Count | None = None
    """Most days that data may be kept."""
    min: Count | None = None
    """Fewest days that data must be kept."""

    def __post_init__(self) -> None:
        """Refuse settings that no lifecycle could pass."""
        if self.max is not None and self.max < max(self.min or 0, 1):
            raise ValueError(f"expected max of at least 1 and of at least min, found {self.max} (min: {self.min or 0})")


NO_LIFECYCLE = Text(
    en='The table "{table}" has no lifecycle. Set how many days its data is kept.',
    zh="表“{table}”没有设置生命周期。请设置数据保留的天数。",
)
LIFECYCLE_TOO_LONG = Text(
    en='The lifecycle of the table "{table}" is too long: {days} days, of {max} that are allowed. Shorten it.',
    zh="表“{table}”的生命周期为 {days} 天，最多允许 {max} 天。请缩短生命周期。",
)
LIFECYCLE_TOO_SHORT = Text(
    en='The lifecycle of the table "{table}" is too short: {days} days, of {min} that are required. Extend it.',
    zh="表“{table}”的生命周期为 {days} 天，至少需要 {min} 天。请延长生命周期。",
)


def table_lifecycle(event: Event[TableChange], settings: Lifecycle) -> Iterator[Finding]:
    """Lifecycle of a table: one is set, of at least `min` and at most `max` days.

    Data that nobody reads any more costs as much as data that somebody needs. No lifecycle, or one of 0 or fewer days,
    means that data is kept for ever.

    Passes: {tableName: orders, LifeCycle: 365} with {min: 30, max: 365}
    Hits: {tableName: orders, LifeCycle: 366} with {min: 30, max: 365}
    """
    days = had(event.table).lifecycle_days
    if isinstance(days, Unknown) and days.reason is not Reason.MISSING:
        yield unread(days)
    elif isinstance(days, Unknown) or days <= 0:
        yield hit(NO_LIFECYCLE, table=_table(event))
    elif settings.max is not None and days > settings.max:
        yield hit(LIFECYCLE_TOO_LONG, table=_table(event), days=days, max=settings.max)
    elif settings.min is not None and days < settings.min:
        yield hit(LIFECYCLE_TOO_SHORT, table=_table(event), days=days, min=settings.min)


def _table(event: Event[TableChange]) -> str:
    """Name of the table for a finding."""
    name = event.payload.table_name
    return "?" if isinstance(name, Unknown) else name


def _columns(event: Event[TableChange]) -> Fact[tuple[Column, ...]]:
    """Columns of the table. An empty list is the SDK's way to say that there was none in the answer."""
    return had(event.table).columns or Unknown("Columns", Reason.MISSING)


def _called(column: Column) -> str:
    """Name of a column for a finding; where it stands, if it has no name that can be read."""
    return column.name.field.rpartition(".")[0] if isinstance(column.name, Unknown) else column.name


_TABLE = ("commit-table", "deploy-table")

# A table, one check a line.
# fmt: off
CHECKS = (
    row("table.name", table_name, Named, _TABLE, TABLE_NAME_REFUSED),
    row("table.comment", table_comment, Commented, _TABLE, TABLE_COMMENT_MISSING, COLUMN_COMMENT_MISSING, needs=Need.TABLE),
    row("table.column_name", table_column_name, Named, _TABLE, COLUMN_NAME_REFUSED, needs=Need.TABLE),
    row("table.column_type", table_column_type, Listed[ColumnTypes], _TABLE, COLUMN_TYPE_REFUSED, needs=Need.TABLE),
    row("table.partition", table_partition, Partitioned, _TABLE, NOT_PARTITIONED, NOT_PARTITIONED_BY, needs=Need.TABLE),
    row("table.lifecycle", table_lifecycle, Lifecycle, _TABLE, NO_LIFECYCLE, LIFECYCLE_TOO_LONG, LIFECYCLE_TOO_SHORT, needs=Need.TABLE),
)
# fmt: on
