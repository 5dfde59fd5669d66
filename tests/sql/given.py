"""What the tests of the analysis ask of a text: facts in the form in which they are compared."""

from extension.sql import analyse
from extension.sql.facts import Engine, Statement


def statements(text: str, engine: str = "maxcompute", project: str = "shop") -> tuple[Statement, ...]:
    """The statements of a text."""
    return analyse(text, Engine(engine), project).statements


def last(text: str, engine: str = "maxcompute", project: str = "shop") -> Statement:
    """The last statement of a text; fails where the grammar did not take one of them."""
    found = statements(text, engine, project)
    assert [statement.unread for statement in found] == [""] * len(found)
    return found[-1]


def outputs(text: str, engine: str = "maxcompute") -> list[tuple[str, set[str]]]:
    """Names of the columns of the last result, with the columns behind each."""
    found = last(text, engine).outputs
    return [(output.name, {f"{source.table}.{source.column}" for source in output.sources}) for output in found]


def columns(text: str, engine: str = "maxcompute") -> set[str]:
    """Columns behind the last result."""
    return {column for _, columns in outputs(text, engine) for column in columns}


def ways(text: str, engine: str = "maxcompute") -> set[tuple[str, frozenset[str]]]:
    """Columns behind the last result, with the functions that each went through."""
    return {(source.column, source.through) for output in last(text, engine).outputs for source in output.sources}


def used(text: str, engine: str = "maxcompute") -> set[str]:
    """Columns that the last statement uses anywhere."""
    return {f"{source.table}.{source.column}" for source in last(text, engine).used}


def stars(text: str, engine: str = "maxcompute") -> set[tuple[str, frozenset[str]]]:
    """Tables whose columns all reach the last result, with those left out."""
    return {(star.table, star.without) for star in last(text, engine).stars}


def reads(text: str, engine: str = "maxcompute", project: str = "shop") -> list[str]:
    """Tables that the last statement reads, one for each place."""
    return [read.table for read in last(text, engine, project).reads]


def written(text: str, engine: str = "maxcompute") -> list[str]:
    """Tables that the last statement writes."""
    return [each.table for each in last(text, engine).written]


def filters(text: str, engine: str = "maxcompute") -> list[tuple[str, set[str]]]:
    """Tables that the last statement reads, with the columns that a filter narrows."""
    return [(read.table, set(read.filters)) for read in last(text, engine).reads]


def crossed(text: str, engine: str = "maxcompute") -> list[tuple[str, bool]]:
    """Joins of the last statement without a condition, and whether one side has one row at most."""
    return [(cross.name, cross.one_row) for cross in last(text, engine).cross_joins]
