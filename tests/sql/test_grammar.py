"""The grammar: every function as it is written, and a plain refusal of what it does not take."""

# ruff: noqa: S608  SQL that no database sees

import pytest
from sqlglot import exp

from extension.sql import grammar
from extension.sql.facts import Engine
from extension.sql.grammar import RefusedError
from tests.sql.given import columns, last, reads

PARSED = [engine for engine in Engine if engine not in (Engine.PYTHON, Engine.SHELL, Engine.OTHER)]


def refused(text: str, engine: Engine = Engine.MAXCOMPUTE) -> str:
    """Why a text is refused."""
    with pytest.raises(RefusedError) as error:
        grammar.parse(text, engine, grammar.Steps(100))
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None
    return str(error.value)


@pytest.mark.parametrize("engine", PARSED)
def test_each_engine_has_a_grammar(engine: Engine) -> None:
    tree = grammar.parse("select secret(a, 1, 2, 3) from t", engine, grammar.Steps(100)).tree
    assert isinstance(tree, exp.Select)
    assert [column.name for column in tree.find_all(exp.Column)] == ["a"]


@pytest.mark.parametrize("engine", PARSED)
def test_a_refusal_quotes_nothing_of_the_text(engine: Engine) -> None:
    assert refused("select secret from (", engine) == "the grammar does not take it"


@pytest.mark.parametrize(
    "text", ["", "select 1; select 2", "select a b c d", "select 'a", "selec 1 from", "insert into"]
)
def test_what_is_not_one_statement_is_refused(text: str) -> None:
    assert refused(text) == "the grammar does not take it"


def test_what_is_nested_too_deeply_is_refused() -> None:
    assert refused("select " + "(1 + " * 2000 + "1" + ")" * 2000) in {"it is nested too deeply", "it is too intricate"}
    assert refused("select f(" * 700 + ")" * 700) == "it is nested too deeply"


def test_types_inside_each_other_are_refused_from_ten_on() -> None:
    nested = "cast(a as {}int{})"
    text = nested.format("array<" * 9, ">" * 9)
    assert isinstance(grammar.parse(f"select {text}", Engine.MAXCOMPUTE, grammar.Steps(100)).tree, exp.Select)
    assert refused("select " + nested.format("array<" * 10, ">" * 10)) == "it is nested too deeply"
    assert refused("select " + nested.format("STRUCT<a: MAP <string, " * 10, ">" * 20)) == "it is nested too deeply"


def test_a_text_that_the_parser_goes_back_and_forth_in_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar, "MAX_STEPS_PER_WORD", 0)
    assert refused("select a from (((((((((((((((t)))))))))))))))") == "it is too intricate"


def test_an_error_of_the_parser_itself_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AttributeError("secret")

    monkeypatch.setattr(exp.Select, "set", fail)
    assert refused("select a from t where b = 1") == "the grammar does not take it"


@pytest.mark.parametrize(
    "call",
    [
        *("date_add(a, b, c, d)", "substr(a)", "nvl(a, b, c)", "if(a, b, c)", "to_date(a, b)", "decode(a, b, c, d)"),
        *(
            "md5()",
            "concat(a)",
            "explode(a, b)",
            "date_format(a, b, c)",
            "json_extract(a)",
            "count(a, b)",
            "left(a, b)",
        ),
    ],
)
def test_a_function_keeps_its_name_and_all_that_it_is_given(call: str) -> None:
    wanted = {letter for letter in "abcd" if letter in call.partition("(")[2]}
    found = last(f"select {call} from t")
    assert [called.function for called in found.calls] == [call.partition("(")[0]]
    assert columns(f"select {call} from t") == {f"shop.t.{letter}" for letter in wanted}


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("select a(x) over (order by y) from t", "maxcompute"),
        ("select a(x) within group (order by y) from t", "postgresql"),
        ("select a(x) filter (where y = 1) from t", "postgresql"),
        ("select a(x) ignore nulls over (order by y) from t", "presto"),
        ("select a(x) respect nulls over (order by y) from t", "presto"),
        ("select array_agg(x) filter (where y = 1) over (order by z) from t", "postgresql"),
        ("select percentile_cont(0.5) within group (order by y) over (partition by z) from t", "postgresql"),
        ("select\n row_number() over (order by y) from t", "maxcompute"),
    ],
)
def test_a_function_is_found_behind_all_that_stands_around_it(text: str, engine: str) -> None:
    calls = last(text, engine).calls
    assert [(call.function, call.line) for call in calls] == [
        (text.split()[1].partition("(")[0], 2 if "\n" in text else 1)
    ]


@pytest.mark.parametrize(
    ("text", "engine", "wanted"),
    [
        ("select lib:f(a) from t", "maxcompute", {"shop.t.a"}),
        ("select LIB:g(a), lib:h (b) from t", "maxcompute", {"shop.t.a", "shop.t.b"}),
        ("create materialized view v partitioned on (ds) as select a from t", "maxcompute", {"shop.t.a"}),
        ("create materialized view v PARTITIONED  ON (ds) as select a from t", "maxcompute", {"shop.t.a"}),
        ("select a from t limit 2 by b limit 3", "clickhouse", {"shop.t.a"}),
        ("select a from t limit 1, 2 by b, c.d limit 3", "clickhouse", {"shop.t.a"}),
    ],
)
def test_what_a_grammar_does_not_have_is_read_all_the_same(text: str, engine: str, wanted: set[str]) -> None:
    assert columns(text, engine) == wanted
    assert reads(text, engine) == ["shop.t"]


def test_what_is_rewritten_keeps_its_place() -> None:
    found = last("select a\nfrom t\nlimit 2\nby b\nlimit 3 settings x = (select\n max(z) from u)", "clickhouse")
    assert found.limit == 3
    assert [read.line for read in found.reads][:1] == [2]


def test_types_in_a_struct_are_no_functions() -> None:
    text = "create table t (a struct<b:decimal(10, 2), c:varchar(5), d:char(3)>)"
    assert (last(text).calls, last(text).kind) == ((), "CREATE")
