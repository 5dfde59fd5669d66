"""Lineage: where each column of a result comes from, through all that a query can have."""

# ruff: noqa: S608  SQL that no database sees

import pytest

from extension.sql import relations
from extension.sql.lineage import AGGREGATES
from tests.sql.given import columns, last, outputs, reads, stars, statements, used, ways

ALL = frozenset[str]()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("select a from t", "t.a"),
        ("select x.a from t x", "t.a"),
        ("select shop.t.a from shop.t", "t.a"),
        ("select t.a from shop.t", "t.a"),
        ("select t.s.f from t", "t.s"),
        ("select s.f.g from t", "t.s"),
        ("select a.b.c.d.e from t a", "t.b"),
        ("select f(s).g from t", "t.s"),
        ("select s[i].f from t", "t.s t.i"),
        ("select p.f(a) from t", "t.a"),
        ("select a from t, u", "t.a u.a"),
        ("select a from t, (select b from u) x", "t.a"),
        ("select b from t, (select b from u) x", "u.b"),
        ("select a from (select b from u) x", ""),
        ("select t.a from t, u", "t.a"),
        ("select x.a from t join u on t.i = u.i", "t.x u.x"),
        ("select a from t left semi join u on t.i = u.i", "t.a"),
        ("select a from t left anti join u on t.i = u.i", "t.a"),
        ("select i from t join u using (i)", "t.i u.i"),
        ("select i from t natural join u", "t.i u.i"),
        ("select i from (select i from t) a natural join (select i from u) b", "t.i u.i"),
        ("select i from (select i from t) a join u using (i)", "t.i u.i"),
        ("select i from (select i from t) a join u using (j)", "t.i"),
        ("select case when a = 1 then b else c end from t", "t.a t.b t.c"),
        ("select sum(a) over (partition by b order by c) from t", "t.a t.b t.c"),
        ("select sum(a) over w from t window w as (partition by b)", "t.a t.b"),
        ("select sum(a) over v from t window w as (partition by b)", "t.a"),
        ("select transform(a, x -> x + b) from t", "t.a t.b"),
        ("select count(*) from t", ""),
        ("select count(1), 'a', 1.5 from t", ""),
        ("select exists (select a from u) from t", ""),
        ("select (select max(u.a) from u where u.b = 1) from t", "u.a"),
        ("select (select a from u) from t", "t.a u.a"),
        ("select (select b from (select b from u) x) from t", "t.b u.b"),
        ("select a in (select u.b from u) from t", "t.a u.b"),
        ("select a + 1 as b, b from t", "t.a t.b"),
        ("select a from t where b = 1 group by c having d > 1 order by e", "t.a"),
        ("select a from t union all select b from u", "t.a u.b"),
        ("select a from t except select b from u order by a", "t.a u.b"),
        ("select e from t lateral view explode(split(a, ',')) v as e", "t.a"),
        ("select v.e from t lateral view posexplode(a) v as p, e", "t.a"),
        ("select z from t lateral view explode(a) v as e", "t.z"),
        ("select d from t lateral view explode(a) v as e lateral view explode(e) w as d", "t.a"),
        ("with c as (select a as b from t) select b from c", "t.a"),
        ("with c as (select a as b from t), d as (select b as e from c) select e from d", "t.a"),
        ("with c (z) as (select a from t) select z from c", "t.a"),
        ("with c as (select 1 as b) select a from t", "t.a"),
        ("with t as (select b as a from u) select a from t", "u.b"),
        ("with t as (select a from t) select a from t", "t.a"),
        ("with t as (select u.b as a from u) select a from shop.t", "t.a"),
        ("with recursive c as (select a from t union all select a + 1 from c) select a from c", "t.a"),
        (
            "with recursive c(n) as (select a from t union select b from t union all select n from c) select n from c",
            "t.a t.b",
        ),
        ("select x.b from (select a from t) x (b)", "t.a"),
        ("select x.b from (select * from t) x (b)", ""),
        ("select v.a from (values (1, 2)) v (a, b)", ""),
        ("select x.c from (a join b on a.i = b.i) x", "a.c b.c"),
        ("select b.c from (a join b on a.i = b.i)", "b.c"),
        ("select ${col} from (select a, b from t) x", "t.a t.b"),
        ("select x.${col} from (select a, b from t) x, u", "t.a t.b"),
        ("select a from (select a from (select a from (select a from t) x) y) z", "t.a"),
        ("(select a from t) order by (select u.b from u)", "t.a"),
        ("select struct(a, b) from t", "t.a t.b"),
        ("select date '2024-01-01', interval 1 day + a from t", "t.a"),
    ],
)
def test_a_column_comes_from_all_that_it_is_made_of(text: str, wanted: str) -> None:
    found = {column.removeprefix("shop.") for column in columns(text)}
    assert found - {"t.*"} == set(wanted.split())


@pytest.mark.parametrize(
    ("text", "engine", "wanted"),
    [
        ("select t from t", "postgresql", {"shop.t.*", "shop.t.t"}),
        ("select to_json(x) from t x", "hologres", {"shop.t.*", "shop.t.x"}),
        ("select t from t", "maxcompute", {"shop.t.t"}),
        ("select (c).* from t", "postgresql", {"shop.t.c"}),
        ("select c.* from t", "spark", {"shop.t.c"}),
        ("select a from t, lateral (select t.b as a) x", "postgresql", {"shop.t.b"}),
        ("select e from t cross join unnest(a) as x (e)", "presto", {"shop.t.a"}),
        ("select g from t, generate_series(1, t.a) g", "postgresql", {"shop.t.a"}),
        ("select x.e from t, unnest(t.a) with ordinality as x (e, n)", "postgresql", {"shop.t.a"}),
        ("select z from unnest(array[1, 2]), t", "postgresql", {"shop.t.z"}),
        ("with a as x select x from t", "clickhouse", {"shop.t.a", "shop.t.x"}),
        ("with (select max(u.a) from u) as x select x + 1 from t", "clickhouse", {"shop.u.a", "shop.t.x"}),
        ("select b from t array join a as b", "clickhouse", {"shop.t.a"}),
        ("select a from t final", "clickhouse", {"shop.t.a"}),
        ("select a.1, b.^c from t", "clickhouse", {"shop.t.a", "shop.t.b", "shop.t.c"}),
        ("select as struct a, b from t", "spark", {"shop.t.a", "shop.t.b"}),
        ("select a from only t", "postgresql", {"shop.t.a"}),
        ("select x.a from (select u.b from u) as x (a)", "postgresql", {"shop.u.b"}),
        ("with c as (insert into t values (1) returning a) select a from c", "postgresql", {"shop.t.a"}),
        ("select a from t x for update of x", "postgresql", {"shop.t.a"}),
        ("select sumIf(a, b), quantile(0.9)(c) from t", "clickhouse", {"shop.t.a", "shop.t.b", "shop.t.c"}),
        (
            "select string_agg(a, ',' order by b) filter (where c = 1) from t",
            "postgresql",
            {"shop.t.a", "shop.t.b", "shop.t.c"},
        ),
    ],
)
def test_a_column_of_other_engines_comes_from_all_that_it_is_made_of(text: str, engine: str, wanted: set[str]) -> None:
    assert columns(text, engine) == wanted


@pytest.mark.parametrize(
    ("text", "engine", "wanted"),
    [
        ("select * from t", "maxcompute", {("shop.t", ALL)}),
        ("select x.* from t x, u", "maxcompute", {("shop.t", ALL)}),
        ("select * from t, u", "maxcompute", {("shop.t", ALL), ("shop.u", ALL)}),
        ("select * from t left semi join u on t.i = u.i", "maxcompute", {("shop.t", ALL)}),
        ("select * except (a, B) from t", "maxcompute", {("shop.t", frozenset({"a", "b"}))}),
        ("select * replace (a + 1 as a) from t", "maxcompute", {("shop.t", frozenset({"a"}))}),
        ("select * except (a) from (select * except (b) from t) x", "maxcompute", {("shop.t", frozenset({"a", "b"}))}),
        ("select * from (select * from t) x", "maxcompute", {("shop.t", ALL)}),
        ("with c as (select * from t) select * from c", "maxcompute", {("shop.t", ALL)}),
        ("select * from (select a from t) x", "maxcompute", set[object]()),
        ("select * from (select a from t) x, u", "maxcompute", {("shop.u", ALL)}),
        ("select a from (select * from t) x", "maxcompute", set[object]()),
        ("select count(*), count(t.*) from t", "maxcompute", set[object]()),
        ("select * from t union all select * from t", "maxcompute", {("shop.t", ALL)}),
        ("select a from t union all select * from u", "maxcompute", {("shop.u", ALL)}),
        ("select struct(*) from t", "maxcompute", {("shop.t", ALL)}),
        ("select struct(t.*) from t, u", "maxcompute", {("shop.t", ALL)}),
        ("select * from (a join b on a.i = b.i) x", "maxcompute", {("shop.a", ALL), ("shop.b", ALL)}),
        ("select * from t lateral view explode(a) v as e", "maxcompute", {("shop.t", ALL)}),
        ("select * from t pivot (sum(a) for b in ('x', 'y')) p", "maxcompute", {("shop.t", ALL)}),
        ("select `(a)?+.+` from t", "maxcompute", {("shop.t", ALL)}),
        ("select t.`a|b` from t, u", "spark", {("shop.t", ALL)}),
        ("select `a|b` + 1 from t", "hive", {("shop.t", ALL)}),
        ("select `a|b` from t", "mysql", set[object]()),
        ("select columns('a.*') from t", "clickhouse", {("shop.t", ALL)}),
        ("select t from t", "postgresql", {("shop.t", ALL)}),
        ("select row_to_json(x) from t x", "postgresql", {("shop.t", ALL)}),
        ("table t", "postgresql", {("shop.t", ALL)}),
        ("(table t) order by a", "postgresql", {("shop.t", ALL)}),
        ("select * from t limit 10", "maxcompute", {("shop.t", ALL)}),
    ],
)
def test_a_star_is_over_its_tables(text: str, engine: str, wanted: set[tuple[str, frozenset[str]]]) -> None:
    assert stars(text, engine) == wanted


def test_a_column_that_is_left_out_is_not_there_any_more() -> None:
    assert columns("select phone from (select * except (phone) from t) x") == set()
    assert columns("select phone from (select * except (phone) from t) x, u") == {"shop.u.phone"}
    assert columns("select a from (select * except (phone) from (select a, phone from t) y) x") == {"shop.t.a"}


def test_a_column_that_is_replaced_or_renamed_comes_from_its_expression() -> None:
    assert outputs("select * replace (b + 1 as a) from t") == [("a", {"shop.t.b"})]
    assert outputs("select * rename (a as b) from t") == [("b", {"shop.t.a"})]
    assert stars("select * rename (a as b) from t") == {("shop.t", frozenset({"a"}))}


def test_a_star_inside_counts_though_it_does_not_reach_the_result() -> None:
    found = last("select count(*) from (select * from t) x where x.a in (select u.b from u)")
    assert [star.table for star in found.inner_stars] == ["shop.t"]
    assert found.stars == ()


def test_the_columns_of_a_result_have_names_where_the_sql_gives_them_any() -> None:
    text = "select a, t.b, s.f.g as h, c + 1, f(s).k, (select 1) as `Ä` from t"
    assert [name for name, _ in outputs(text)] == ["a", "b", "h", "", "k", "ä"]
    assert [name for name, _ in outputs("select (c).* from t", "postgresql")] == [""]
    assert [name for name, _ in outputs("select stack(1, a, b) as (x, y) from t", "hive")] == ["x", "y"]


def test_several_names_of_one_expression_are_columns_of_their_own() -> None:
    assert outputs("select stack(1, a, b) as (x, y) from t", "hive") == [
        ("x", {"shop.t.a", "shop.t.b"}),
        ("y", {"shop.t.a", "shop.t.b"}),
    ]


def test_a_transform_gives_any_of_its_input_in_each_of_its_columns() -> None:
    both = {"shop.t.a", "shop.t.b"}
    assert outputs("select transform(a, b) using 'x' as (p, q string) from t") == [("p", both), ("q", both)]
    assert outputs("select transform(a, b) using 'x' from t") == [("key", both), ("value", both)]


def test_branches_of_a_union_are_put_together_column_by_column() -> None:
    assert outputs("select a, b as c from t union all select d, e from u") == [
        ("a", {"shop.t.a", "shop.u.d"}),
        ("c", {"shop.t.b", "shop.u.e"}),
    ]


@pytest.mark.parametrize("other", ["select * from u", "select d from u", "select d, e, f from u"])
def test_branches_of_a_union_whose_places_are_not_known_may_be_in_any_column(other: str) -> None:
    sources = columns(f"select x.a from (select a, b from t union all {other}) x")
    assert sources >= {"shop.t.a", "shop.u.*" if "*" in other else "shop.u.d"}
    assert "shop.t.b" not in sources


def test_a_branch_behind_a_star_is_put_beside_it() -> None:
    sources = columns("select x.phone from (select * from t union all select a from u) x")
    assert sources == {"shop.t.phone", "shop.u.a"}


def test_stars_on_top_of_each_other_have_the_column_of_each() -> None:
    sources = columns("select x.phone from (select * from t union all select * from u) x")
    assert sources == {"shop.t.phone", "shop.u.phone", "shop.u.*"}


def test_a_pattern_in_an_expression_is_over_the_table_that_it_names() -> None:
    assert used("select sum(t.`a|b`) from t, u") == {"shop.t.*"}
    assert used("select sum(`a|b`) from t, u") == {"shop.t.*", "shop.u.*"}


def test_a_union_of_thousands_is_read_without_recursion() -> None:
    text = " union all ".join(f"select c{number} as c from t" for number in range(900))
    assert len(columns(text)) == 900


def test_a_filter_behind_a_union_sees_its_columns() -> None:
    assert used("select a from t union all select b from u order by a") == {"shop.t.a", "shop.u.b"}
    assert "shop.v.c" in used("select a from t union all select b from u order by (select v.c from v)")


def test_a_union_sees_the_ctes_that_stand_in_front_of_it() -> None:
    assert columns("with c as (select a from t) select a from c union all select a from c") == {"shop.t.a"}


def test_a_pivot_has_what_it_is_made_of_in_any_column() -> None:
    text = "select p.x from (select a, b, c from t) pivot (sum(a) for b in ('x', 'y')) p"
    assert columns(text) == {"shop.t.a", "shop.t.b"}
    assert columns("select p.c from (select a, b, c from t) pivot (sum(a) for b in ('x')) p") >= {"shop.t.c"}
    assert columns("select v from (select a, b from t) y unpivot (v for n in (a, b)) u") == {"shop.t.a", "shop.t.b"}
    assert columns("select z.c from t z pivot (sum(a) for b in ('x'))") >= {"shop.t.c"}


def test_a_variable_of_a_script_is_its_query() -> None:
    assert columns("@a := select phone as p from t; select p from @a") == {"shop.t.phone"}
    assert columns("@a := select phone as p from t; @b := select p as q from @a; select q from @b") == {"shop.t.phone"}
    assert reads("@a := select phone as p from t; select p from @a") == []
    assert columns("@a := select phone as p from t; select @a from u") == {"shop.t.phone"}
    assert columns("select p from @a") == set()


def test_a_name_that_is_no_column_of_what_surely_has_it_is_looked_for_outside() -> None:
    assert columns("select (select x.b from (select u.b from u) x where a = 1) from t") == {"shop.u.b"}
    assert columns("select (select a from (select b from u) x) from t") == {"shop.t.a"}
    assert columns("select (select b from (select u.b from u) x) from t") == {"shop.u.b"}
    assert columns("select (select t.a from u) from t") == {"shop.t.a"}
    assert columns("select (select t.a from u t) from t") == {"shop.u.a"}


def test_the_functions_on_the_way_of_a_column_are_told() -> None:
    assert ways("select md5(upper(a)) from t") == {("a", frozenset({"md5", "upper"}))}
    assert ways("select md5(b) from (select upper(a) as b from t) x") == {("a", frozenset({"md5", "upper"}))}
    assert ways("select sum(a) over (order by b) from t") == {
        ("a", frozenset({"sum", "over"})),
        ("b", frozenset({"over"})),
    }
    assert ways("select cast(a as string), case when b then 1 end from t") == {("a", ALL), ("b", ALL)}
    assert ways("select p.mask(a) from t") == {("a", frozenset({"mask"}))}


def test_a_way_with_fewer_functions_is_the_one_that_counts() -> None:
    assert ways("select concat(md5(a), a) from t") == {("a", frozenset({"concat"}))}
    assert ways("select x from (select md5(a) as x from t union all select a from t) y") == {
        ("a", frozenset({"md5"})),
        ("a", ALL),
    }
    assert ways("select f(a) + g(a) from t") == {("a", frozenset({"f"})), ("a", frozenset({"g"}))}


def test_a_column_with_more_ways_than_are_told_apart_goes_through_none() -> None:
    eight, nine = (" + ".join(f"f{number}(a)" for number in range(count)) for count in (8, 9))
    assert len(ways(f"select {eight} from t")) == 8
    assert ways(f"select {nine} from t") == {("a", ALL)}


@pytest.mark.parametrize(
    ("text", "engine", "wanted"),
    [
        ("select f(a), G(b), p.h(c) from t", "maxcompute", ["f", "g", "h"]),
        ("select `max_pt`('t'), a.b.f(x) from t", "maxcompute", ["max_pt", "f"]),
        ("select p:f(a) from t", "maxcompute", ["f"]),
        ("select cast(a as int), try_cast(b as int), case when c then 1 end from t", "presto", []),
        (
            "select if(a, 1, 2), count(*), exists (select 1), a in (1), a = any (array[1]) from t",
            "postgresql",
            ["if", "count"],
        ),
        ("select current_date, current_timestamp from t", "postgresql", ["current_date", "current_timestamp"]),
        ("select 1 from t lateral view explode(a) v as e", "maxcompute", ["explode"]),
        ("select 1 from unnest(array[1])", "presto", ["unnest"]),
        ("select sumIf(a, b), uniqMerge(c), quantile(0.5)(d) from t", "clickhouse", ["sumif", "uniqmerge", "quantile"]),
        ("select quantileIf(0.5)(a, b), anyIf(c, d) from t", "clickhouse", ["quantileif", "anyif"]),
        ("select sum(a) over (order by b) from t", "maxcompute", ["sum"]),
        ("select f_${ds}(a) from t", "maxcompute", ["f_${ds}"]),
        (
            "select 1 from t where f(a) = 1 group by g(b) having h(c) > 1 order by i(d)",
            "maxcompute",
            ["f", "g", "h", "i"],
        ),
        ("select 1 from t where ds in max_pt('t')", "maxcompute", ["max_pt"]),
    ],
)
def test_functions_are_told_as_they_are_written(text: str, engine: str, wanted: list[str]) -> None:
    assert {call.function for call in last(text, engine).calls} == set(wanted)


def test_calls_have_their_lines_and_each_is_told_once() -> None:
    found = last("select f(a), f(b),\n g(c)\nfrom t\nwhere f(d) = 1")
    assert [(call.function, call.line) for call in found.calls] == [("f", 1), ("g", 2), ("f", 4)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("select a from t where b = 1 group by c having d > 1 order by e distribute by f sort by g", "a b c d e f g"),
        ("select a from t cluster by b", "a b"),
        ("select a from t qualify b = 1", "a b"),
        ("select a from t limit (select max(b) from t)", "a b"),
        ("select 1 from t where exists (select 1 from u where u.x = t.a)", "a"),
        ("select s.* from t", "s"),
        ("select `a|b` + 1 from t", "*"),
        ("(select a from t) order by b", "a b"),
    ],
)
def test_columns_that_are_used_anywhere_are_told(text: str, wanted: str) -> None:
    found = {column.removeprefix("shop.t.") for column in used(text) if column.startswith("shop.t.")}
    assert found - {"b"} == set(wanted.split()) - {"b"}


@pytest.mark.parametrize(
    ("text", "engine", "wanted"),
    [
        ("select a from t limit 10", "maxcompute", 10),
        ("select a from t limit 10 offset 5", "maxcompute", 10),
        ("select a from t limit 5, 10", "mysql", 10),
        ("select a from t union all select b from u limit 7", "maxcompute", 7),
        ("(select a from t) limit 5", "maxcompute", 5),
        ("(select a from t limit 5)", "maxcompute", 5),
        ("((select a from t limit 5) limit 7)", "maxcompute", 7),
        ("with c as (select 1) select a from t limit 3", "maxcompute", 3),
        ("select a from t fetch first 3 rows only", "postgresql", 3),
        ("select a from t fetch first 3 percent rows only", "presto", None),
        ("select a from t fetch first 3 rows with ties", "postgresql", None),
        ("select a from t limit 5 by a", "clickhouse", None),
        ("select a from t limit ${n}", "maxcompute", None),
        ("select a from t limit 1 + 1", "maxcompute", None),
        ("select a from t limit '5'", "maxcompute", None),
        ("select a from t limit 1.5", "maxcompute", None),
        ("select a from t limit all", "postgresql", None),
        ("select a from (select a from t limit 5) x", "maxcompute", None),
        ("select a from t", "maxcompute", None),
    ],
)
def test_the_limit_of_a_result_is_told_where_it_is_a_plain_number(text: str, engine: str, wanted: int | None) -> None:
    assert last(text, engine).limit == wanted


@pytest.mark.parametrize(
    ("text", "engine", "wanted"),
    [
        ("select a in hr.users from t", "clickhouse", ["shop.t", "hr.users"]),
        ("select a from t where b in hr.users", "clickhouse", ["shop.t", "hr.users"]),
        ("select a from t where b in users", "clickhouse", ["shop.t"]),
        ("select a from t x where b in x.items", "clickhouse", ["shop.t"]),
        ("select a from t where b in (1, 2) and c in (select x from u)", "clickhouse", ["shop.t", "shop.u"]),
        ("select a from t where b in hr.users", "postgresql", ["shop.t"]),
        ("select a from t x for update of x", "postgresql", ["shop.t"]),
        ("select a from t, t", "maxcompute", ["shop.t", "shop.t"]),
        ("with c as (select 1 from u) select a from t", "maxcompute", ["shop.u", "shop.t"]),
        ("with recursive c as (select a from t union all select a from c) select a from c", "maxcompute", ["shop.t"]),
        ("select * from f(table hr.users)", "postgresql", ["hr.users"]),
        ("select * from remote('h', 'd', 't')", "clickhouse", []),
    ],
)
def test_a_table_is_read_at_each_of_its_places(text: str, engine: str, wanted: list[str]) -> None:
    assert reads(text, engine) == wanted


def test_aggregates_are_named_as_names_are_compared() -> None:
    assert {name.lower() for name in AGGREGATES} == AGGREGATES


def test_a_text_that_needs_too_many_steps_is_read_by_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relations, "MAX_STEPS", 10_000)
    columns = ", ".join(f"a{number}" for number in range(20))
    ctes = [f"c0 as (select {columns} from t)"]
    ctes += [f"c{level} as (select * from c{level - 1} x, c{level - 1} y)" for level in range(1, 20)]
    found = statements(f"with {', '.join(ctes)} select * from c19")
    assert [(each.unread, [read.table for read in each.reads]) for each in found] == [
        ("it is too intricate", ["shop.t"])
    ]
