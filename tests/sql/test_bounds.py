"""Texts that are long in one way or another are read, or end where they would take too much work."""

import pytest

from extension.sql.facts import Analysis, Engine
from extension.sql.reading import read

pytestmark = pytest.mark.no_cover  # its texts are huge, and run nothing that a short one does not


def found(text: str) -> Analysis:
    return read(text, Engine.MAXCOMPUTE, "shop")


def test_many_tables_with_a_condition_for_each() -> None:
    tables = ", ".join(f"t{number}" for number in range(1_000))
    conditions = " and ".join(f"t{number}.a = t{number + 1}.a" for number in range(999))
    parts = ["select 1 from", tables, "where", conditions]
    (statement,) = found(" ".join(parts)).statements
    assert statement.cross_joins == ()


def test_many_joins_of_which_the_last_has_no_condition() -> None:
    joins = " ".join(f"join t{number} on t{number}.a = t{max(0, number - 1)}.a" for number in range(1, 1_000))
    parts = ["select 1 from t0", joins, "join u"]
    (statement,) = found(" ".join(parts)).statements
    assert [cross.name for cross in statement.cross_joins] == ["u"]


@pytest.mark.parametrize("count", [40, 1_000])
def test_layers_that_double_what_they_are_made_of(count: int) -> None:
    layer = "{} as (select * from {} x join {} y)".format
    layers = [layer(f"c{number}", f"c{number - 1}", f"c{number - 1}") for number in range(1, count)]
    first = "with c0 as (select * from hr.users)"
    (statement,) = found(" ".join((", ".join((first, *layers)), "select * from", f"c{count - 1}"))).statements
    assert statement.unread or {star.table for star in statement.stars} == {"hr.users"}


def test_tables_that_are_made_of_each_other() -> None:
    make = "create table {} as select * from {} x, {} y".format
    made = [make(f"c{number}", f"c{number - 1}", f"c{number - 1}") for number in range(1, 1_500)]
    assert found("; ".join(("create table c0 as select * from hr.users", *made))).unread
