"""Filters: what narrows what is read, and what only looks like it. Joins: those without a condition."""

# ruff: noqa: S608  SQL that no database sees

from itertools import pairwise

import pytest

from tests.sql.given import crossed, filters, used

NARROWING = (
    *("ds = '1'", "'1' = ds", "ds <=> '1'", "ds > 1", "ds >= 1", "ds < 1", "1 <= ds", "ds in ('1', '2')"),
    *(
        "ds between 1 and 2",
        "ds like '2024%'",
        "substr(ds, 1, 6) = '202401'",
        "ds = max_pt('t')",
        "cast(ds as bigint) = 1",
    ),
    *("ds in (select x from v)", "ds = (select max(x) from v)", "((ds = '1'))", "true and (ds = '1')", "t.ds = 1"),
    *("ds = '1' or ds = '2'", "(ds = '1' and a = 2) or (b = 3 and ds = '2')", "(ds = 1 or ds = 2) and a = 1"),
)
NOT_NARROWING = (
    *("ds <> '1'", "not ds = '1'", "ds is null", "ds is not null", "ds not in ('1')", "ds not between 1 and 2"),
    *("ds not like '2%'", "ds rlike '2'", "ds", "ds = a", "ds = ds", "ds = '1' or a = 1", "not (ds = 1 or ds = 2)"),
    *("(ds = 1 or a = 2) and (ds = 2 or a = 3)", "1 = 1", "exists (select 1 from v where v.ds = 1)", "${ds} = '1'"),
    *("sum(ds) = 1", "max(ds) over () = 1", "(select ds) = 1", "`a|ds` = 1"),
)


@pytest.mark.parametrize("condition", NARROWING)
def test_a_filter_narrows_its_column(condition: str) -> None:
    table, columns = filters(f"select 1 from t where {condition}")[0]
    assert (table, columns & {"ds"}) == ("shop.t", {"ds"})


@pytest.mark.parametrize("condition", NOT_NARROWING)
def test_what_only_looks_like_a_filter_narrows_nothing(condition: str) -> None:
    assert filters(f"select 1 from t where {condition}")[0] == ("shop.t", set())


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("select a from t having ds = 1", "maxcompute"),
        ("select a from t qualify ds = 1", "maxcompute"),
        ("select a from t prewhere ds = 1", "clickhouse"),
        ("select a from (select * from t) x where ds = 1", "maxcompute"),
        ("select a from (select a, ds as day from t) x where day = 1", "maxcompute"),
        ("select a from (select distinct ds from t) x where x.ds = 1", "maxcompute"),
        ("with c as (select * from t) select a from c where ds = 1", "maxcompute"),
        ("insert into x select a from t where ds = 1", "maxcompute"),
        ("delete from x using t where x.i = t.i and t.ds = 1", "postgresql"),
        ("update x set a = t.a from t where x.i = t.i and t.ds = 1", "postgresql"),
        ("update x join t on x.i = t.i and t.ds = 1 set x.a = t.a", "mysql"),
        ("delete x from x, t where x.i = 1 and t.ds = 1", "mysql"),
    ],
)
def test_a_filter_narrows_wherever_it_stands(text: str, engine: str) -> None:
    assert [columns & {"ds"} for table, columns in filters(text, engine) if table == "shop.t"] == [{"ds"}]


@pytest.mark.parametrize(
    "inner",
    ["select max(ds) as ds from t", "select row_number() over (order by ds) as ds from t", "select a as ds from t"],
)
def test_a_filter_on_what_is_gathered_or_another_column_narrows_nothing(inner: str) -> None:
    assert "ds" not in filters(f"select 1 from ({inner}) x where ds = 1")[0][1]


def test_a_filter_on_a_union_narrows_all_its_branches() -> None:
    text = "select a from (select a, ds from t union all select a, ds from u) x where ds = 1"
    assert filters(text) == [("shop.t", {"ds"}), ("shop.u", {"ds"})]


@pytest.mark.parametrize(
    ("join", "first", "second"),
    [
        ("join u on t.i = u.i and t.ds = 1 and u.ds = 2", {"ds"}, {"ds"}),
        ("left join u on t.i = u.i and t.ds = 1 and u.ds = 2", set[str](), {"ds"}),
        ("right join u on t.i = u.i and t.ds = 1 and u.ds = 2", {"ds"}, set[str]()),
        ("full join u on t.i = u.i and t.ds = 1 and u.ds = 2", set[str](), set[str]()),
        ("left semi join u on t.i = u.i and u.ds = 2", set[str](), {"ds"}),
        ("left join u on t.ds = u.ds where t.ds = 1", {"ds"}, set[str]()),
        ("join u on t.ds = u.ds where t.ds = 1", {"ds"}, {"ds"}),
        ("join u on t.ds = u.ds where u.ds = 1", {"ds"}, {"ds"}),
        ("join u on t.ds > u.ds where u.ds = 1", set[str](), {"ds"}),
        ("join u on t.ds = substr(u.ds, 1) where u.ds = 1", set[str](), {"ds"}),
        ("join u on substr(t.ds, 1) = u.ds where u.ds = 1", set[str](), {"ds"}),
        ("join u where t.ds = u.ds or u.ds = 1", set[str](), set[str]()),
        ("join u using (ds) where t.ds = 1", {"ds"}, set[str]()),
        ("join u on t.i = u.i where t.ds = 1", {"ds"}, set[str]()),
    ],
)
def test_a_filter_of_a_join_narrows_the_side_that_it_holds_for(join: str, first: set[str], second: set[str]) -> None:
    found = filters(f"select 1 from t {join}")
    assert [columns & {"ds"} for _, columns in found] == [first, second]


def test_a_filter_goes_on_through_equal_columns() -> None:
    text = "select 1 from t, u, v, w where t.ds = u.ds and v.ds = u.ds and w.ds = v.ds and w.ds = 1"
    assert {columns == {"ds"} for _, columns in filters(text)} == {True}


def test_a_filter_goes_on_through_two_hundred_equal_columns_and_not_for_ever() -> None:
    names = [f"t{number}" for number in range(250)]
    equal = " and ".join(f"{first}.ds = {second}.ds" for first, second in pairwise(names))
    found = filters(f"select 1 from {', '.join(names)} where {equal} and t249.ds = 1")
    narrowed = [bool(columns) for _, columns in found]
    assert (narrowed[-1], narrowed[49], narrowed[48]) == (True, True, False)


def test_thousands_of_conditions_are_read_without_recursion() -> None:
    text = "select 1 from t where " + " or ".join(f"ds = {number}" for number in range(1200))
    assert filters(text) == [("shop.t", {"ds"})]


def test_a_filter_of_a_sub_query_is_its_own() -> None:
    text = "select 1 from t where t.i in (select i from u where u.ds = 1 and t.ds = 1)"
    assert filters(text) == [("shop.t", {"i"}), ("shop.u", {"ds"})]


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("select 1 from a, b", "maxcompute"),
        ("select 1 from a join b", "maxcompute"),
        ("select 1 from a cross join b", "maxcompute"),
        ("select 1 from a join b on 1 = 1", "maxcompute"),
        ("select 1 from a join b on a.i = 1 and b.i = 2", "maxcompute"),
        ("select 1 from a join b on a.i = a.j", "maxcompute"),
        ("select 1 from a, b where a.i = 1", "maxcompute"),
        ("select 1 from (a, b)", "maxcompute"),
        ("select 1 from (a, b) x", "maxcompute"),
        ("select 1 from (select 1 from a, b) x", "maxcompute"),
        ("select 1 from t where i in (select 1 from a, b)", "maxcompute"),
        ("select 1 from a, (select max(x) over () from u) b", "maxcompute"),
        ("select 1 from a, (select max(x) from u group by y) b", "maxcompute"),
        ("select 1 from a, (select x, max(x) from u) b", "maxcompute"),
        ("select 1 from a, (select x from u limit 2) b", "maxcompute"),
        ("select 1 from a, (select from u) b", "postgresql"),
        ("select 1 from a, (from u) b", "clickhouse"),
        ("select 1 from a, (values (1), (2)) b", "maxcompute"),
        ("select 1 from a, (select 1 union all select 2) b", "maxcompute"),
        ("insert into t select 1 from a, b", "maxcompute"),
        ("from a, b insert into t select 1", "maxcompute"),
        ("from a, b insert into t select 1 where a.i = b.i insert into u select 2", "maxcompute"),
        ("with c as (select * from t) select 1 from c a, c b", "maxcompute"),
        ("update t set x = 1 from a, b", "postgresql"),
        ("update a join b set a.x = b.x", "mysql"),
        ("delete a from a join b", "mysql"),
    ],
)
def test_a_join_without_a_condition_is_told(text: str, engine: str) -> None:
    assert crossed(text, engine) == [("b", False)]


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("select 1 from a join b on a.i = b.i", "maxcompute"),
        ("select 1 from a join b on a.i > b.i", "maxcompute"),
        ("select 1 from a join b on a.i = b.i or a.j = b.j", "maxcompute"),
        ("select 1 from a, b where a.i = b.i", "maxcompute"),
        ("select 1 from a, b where i = j", "maxcompute"),
        ("select 1 from a, b where not a.i <> b.i", "maxcompute"),
        ("select 1 from a, b having a.i = b.i", "maxcompute"),
        ("select 1 from a, b qualify a.i = b.i", "maxcompute"),
        ("select 1 from a, (select x from u) b where x = y", "maxcompute"),
        ("select 1 from a join b using (i)", "maxcompute"),
        ("select 1 from a natural join b", "maxcompute"),
        ("select 1 from a lateral view explode(c) z as w", "maxcompute"),
        ("select 1 from a, unnest(c) u", "presto"),
        ("select 1 from a cross join generate_series(1, 2) g", "postgresql"),
        ("select 1 from a, lateral (select 1 from b where b.i = a.i) x", "postgresql"),
        ("select 1 from a array join c", "clickhouse"),
        ("select 1 from a prewhere 1 = 1", "clickhouse"),
        ("from a, b insert into t select 1 where a.i = b.i insert into u select 2 where a.i = b.i", "maxcompute"),
        ("from a join b on a.i = b.i insert into t select 1 insert into u select 2", "maxcompute"),
        ("with c as (select * from t) select 1 from c a join c b on a.i = b.i", "maxcompute"),
        ("select 1 from (a join b on a.i = b.i) x join c on x.i = c.i", "maxcompute"),
        ("update t set x = 1 from a join b on a.i = b.i", "postgresql"),
        ("update a join b on a.i = b.i set a.x = b.x", "mysql"),
        ("delete a from a join b on a.i = b.i", "mysql"),
    ],
)
def test_a_join_with_a_condition_is_not(text: str, engine: str) -> None:
    assert crossed(text, engine) == []


@pytest.mark.parametrize(
    "inner",
    [
        *("select max(x) as m from u", "select count(*), 1 + sum(x) from u", "select x from u limit 1", "values (1)"),
        *("select 1 as m", "(select max(x) from u)", "select wm_concat(',', x) from u where y = 1"),
    ],
)
def test_one_row_multiplies_nothing_on_either_side(inner: str) -> None:
    assert crossed(f"select 1 from a, ({inner}) b") == [("b", True)]
    assert crossed(f"select 1 from ({inner}) b, a") == [("a", True)]


def test_one_row_before_is_not_enough_where_there_is_more_before() -> None:
    assert crossed("select 1 from (select 1 x) one, a, b where a.i = one.x") == [("b", False)]


def test_a_join_without_a_name_or_with_a_bracket_is_told_by_what_it_has() -> None:
    assert crossed("select 1 from a, (select x from u)") == [("", False)]
    assert crossed("select 1 from a join (b join c on b.i = c.i)") == [("b", False)]
    assert crossed("select 1 from x.a, y.b") == [("b", False)]


def test_a_condition_on_one_of_the_tables_of_a_bracket_is_one_on_all() -> None:
    assert crossed("select 1 from a join (b join c on b.i = c.i) on a.i = c.i") == []


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("select 1 from a join b on a.i in (select phone from users)", "maxcompute"),
        ("select 1 from (a join b on a.i in (select phone from users)) x", "maxcompute"),
        ("from a join b on a.i in (select phone from users) insert into t select 1", "maxcompute"),
        ("update a join b on a.i in (select phone from users) set a.x = 1", "mysql"),
        ("delete a from a join b on a.i in (select phone from users)", "mysql"),
        (
            "merge into t using (a join b on a.i in (select phone from users)) on 1 = 1 when matched then delete",
            "spark",
        ),
    ],
)
def test_the_sub_queries_of_conditions_are_read(text: str, engine: str) -> None:
    assert {"shop.users.phone", "shop.a.i"} <= used(text, engine)
