"""What of a statement is left out because it only makes it long or deep."""

import pytest

from extension.sql import shortening
from extension.sql.facts import Engine
from extension.sql.scripts import by_words, pieces


def short(text: str, engine: Engine = Engine.MAXCOMPUTE) -> str:
    """What the grammar is given of a statement, with single blanks; it is as long as the statement."""
    (piece,) = pieces(text, engine)
    assert (len(piece.text), piece.text.count("\n")) == (len(text), text.count("\n"))
    return " ".join(piece.text.split())


def many(text: str, item: str, count: int = 21) -> str:
    """A text with an item many times where it has a ?, with commas between."""
    return text.replace("?", ", ".join([item] * count))


@pytest.mark.parametrize(
    "item",
    [
        "1",
        "-1",
        "+ 1.5",
        ".5",
        "1e-5",
        "1L",
        "2.5BD",
        "'a'",
        '"it\'s"',
        "null",
        "TRUE",
        "date '2024-01-01'",
        "timestamp 'a'",
    ],
)
def test_of_many_literals_the_first_is_left(item: str) -> None:
    assert short(many("select f(?) from a where b in (\n?)", item)).count(",") == 0
    assert short(many("select a from b where c in (?)", item, 20)).count(",") == 19


@pytest.mark.parametrize(
    "item", ["a", "1a", "1.a", "f(1)", "${b}", "1${b}", "(select 1)", "null.a", "'a' || b", "`a`", "1 + a"]
)
def test_what_is_no_literal_is_left(item: str) -> None:
    assert short(many("select a from b where c in (?, !, ?)", "1").replace("!", item)).count(",") == 42


def test_one_row_of_values_is_left() -> None:
    assert short(many("insert into a values (?)", "1")).count(",") == 20
    assert short(many("insert into a values (?), (?)", "1")).count(",") == 41


def test_of_many_rows_the_first_is_left() -> None:
    assert short(many("insert into a values ?", "(1, null)")) == "insert into a values (1, null)"
    assert short(many("select a from b where (c, d) in (?)", "(1, 2)")) == "select a from b where (c, d) in ((1, 2) )"
    assert short(many("insert into a values ?, (3, b)", "(1, 2)")).endswith("(1, 2) , (3, b)")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("select ((a))", "select (a)"),
        ("select (((((a)))) + 1)", "select ( (a) + 1)"),
        ("select ( ( a ) )", "select ( a )"),
        ("select f(((a)))", "select f (a)"),
        ("select f(((select 1)))", "select f( (select 1) )"),
        ("select a in (((select 1)))", "select a in (select 1)"),
        ("select 1 from ((a join b on c))", "select 1 from (a join b on c)"),
        ("(((select 1)))", "(select 1)"),
        ("select ((a), (b))", "select ((a), (b))"),
        ("select ((a) + 1)", "select ((a) + 1)"),
        ("select (1 + (a))", "select (1 + (a))"),
        ("select ((a)", "select ((a)"),
        ("select (a))", "select (a))"),
    ],
)
def test_a_bracket_with_nothing_but_a_bracket_in_it_is_left_out(text: str, left: str) -> None:
    assert short(text) == left


def test_zorder_is_sort_to_the_grammar() -> None:
    assert short("select a from b zorder by c") == "select a from b sort by c"
    assert short("select zorder from b") == "select zorder from b"


def test_five_thousand_brackets_are_one() -> None:
    assert short("select ?a! from hr.b".replace("?", "(" * 5000).replace("!", ")" * 5000)) == "select (a) from hr.b"


@pytest.mark.no_cover
def test_a_hundred_thousand_literals_are_one_and_hide_no_table() -> None:
    text = many("select a from b where c in (\n?) and d in (select e from hr.f)", "1", 100_000)
    assert short(text) == "select a from b where c in ( 1 ) and d in (select e from hr.f)"
    (piece,) = pieces(text, Engine.MAXCOMPUTE)
    assert [named.parts for named in by_words(piece.words).tables] == [("b",), ("hr", "f")]


@pytest.mark.no_cover
def test_rows_over_and_over_are_read_in_linear_time() -> None:
    rows = many("f(?, a)", "(1, 2)", 19)
    assert short(many("select ?", rows, 3000)).count("(1, 2)") == 57_000


def test_of_many_rows_one_is_left() -> None:
    for pattern in (shortening._rows, shortening._list):
        pattern.cache_clear()  # made by now for a text whose coverage is not measured
    assert short(many("insert into t values ?", "(1, 'a')", 22)) == "insert into t values (1, 'x')"
