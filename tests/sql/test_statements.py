"""Statements: what each writes, what it gives, and what is behind a table that the text itself made."""

# ruff: noqa: S608  SQL that no database sees

import pytest

from extension.sql.facts import KINDS
from tests.sql.given import columns, filters, last, outputs, reads, stars, statements, used, written


@pytest.mark.parametrize(
    ("text", "engine", "wanted"),
    [
        ("insert into t select a from u", "maxcompute", ["shop.t"]),
        ("insert overwrite table hr.t partition (ds = '1') select a from u", "maxcompute", ["hr.t"]),
        ("insert into t (a, b) values (1, 2)", "maxcompute", ["shop.t"]),
        ("insert into t (select 1 as a)", "maxcompute", ["shop.t"]),
        ("insert into t default values", "postgresql", ["shop.t"]),
        ("insert overwrite directory '/tmp/x' select a from u", "hive", []),
        ("insert into function remote('h', 'd', 't') select a from u", "clickhouse", []),
        ("from u insert into t select a insert into v select b", "maxcompute", ["shop.t", "shop.v"]),
        ("create table t as select a from u", "maxcompute", ["shop.t"]),
        ("create view t as select a from u", "maxcompute", ["shop.t"]),
        ("create or replace materialized view t as select a from u", "postgresql", ["shop.t"]),
        ("create table t (a bigint)", "maxcompute", ["shop.t"]),
        ("create index i on t (a)", "postgresql", []),
        ("create schema t", "postgresql", []),
        ("create schema t as select a from u", "maxcompute", []),
        ("merge into t using u when matched then delete", "spark", ["shop.t"]),
        ("create function f(x int) returns table(a int) return select a from u", "spark", []),
        ("select a into t from u", "postgresql", ["shop.t"]),
        ("merge into t using u on t.i = u.i when matched then delete", "maxcompute", ["shop.t"]),
        ("update t set a = 1", "maxcompute", ["shop.t"]),
        ("delete from t where a = 1", "maxcompute", ["shop.t"]),
        ("delete t, v from t join v on t.i = v.i", "mysql", ["shop.t", "shop.v"]),
        ("delete x from hr.t x join u on x.i = u.i", "mysql", ["hr.t"]),
        ("delete x from u", "mysql", ["shop.x"]),
        ("alter view t as select a from u", "maxcompute", ["shop.t"]),
        ("alter table t rename to v", "maxcompute", ["shop.t", "shop.v"]),
        ("alter index i rename to j", "postgresql", []),
        ("drop table if exists t", "maxcompute", ["shop.t"]),
        ("drop view t", "maxcompute", ["shop.t"]),
        ("drop materialized view t", "postgresql", ["shop.t"]),
        ("drop schema t", "postgresql", []),
        ("drop function t", "maxcompute", []),
        ("truncate table t", "maxcompute", ["shop.t"]),
        ("with c as (delete from t returning a) select * from c", "postgresql", ["shop.t"]),
        ("select a from u", "maxcompute", []),
    ],
)
def test_what_is_written_is_found_and_nothing_else(text: str, engine: str, wanted: list[str]) -> None:
    assert written(text, engine) == wanted
    assert set(reads(text, engine)) <= {"shop.u", "shop.t", "shop.v", "hr.t"}


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("insert into t select phone from users", "maxcompute"),
        ("insert into t values (1, (select phone from users))", "maxcompute"),
        ("insert into t set a = (select phone from users)", "mysql"),
        ("insert overwrite directory '/x' select phone from users", "hive"),
        (
            "insert into t values (1) on conflict (i) do update set a = 1 returning (select users.phone from users)",
            "postgresql",
        ),
        ("from users insert into t select phone insert into u select 1", "maxcompute"),
        ("create table t as select phone from users", "maxcompute"),
        ("create table t (p) as select phone from users", "postgresql"),
        ("create table t (p int) as select phone from users", "mysql"),
        ("create view t (p comment 'x') as select phone from users", "maxcompute"),
        ("create function f() returns table(a int) return select phone from users", "spark"),
        ("select phone into t from users", "postgresql"),
        ("alter view t as select phone from users", "maxcompute"),
        ("merge into t using users u on t.i = u.i when matched then update set t.a = u.phone", "maxcompute"),
        ("merge into t using users u on t.i = u.i when not matched then insert values (u.phone)", "maxcompute"),
        ("merge into t using users u on t.i = u.i when not matched then insert (a) values (u.phone)", "maxcompute"),
        ("merge into t using (select phone from users) u on 1 = 1 when not matched then insert *", "spark"),
        ("merge into t using (select phone from users) u on 1 = 1 when matched then update set *", "spark"),
        ("update t set a = (select users.phone from users)", "postgresql"),
        ("update t set a = users.phone from users where t.i = users.i", "postgresql"),
        ("update t join users u on t.i = u.i set t.a = u.phone", "mysql"),
        ("delete from t using users u where t.i = u.i returning u.phone", "postgresql"),
        ("update users set a = 1 returning phone", "postgresql"),
        ("insert into users values (1) returning phone", "postgresql"),
        ("describe select phone from users", "mysql"),
    ],
)
def test_what_a_statement_writes_or_gives_is_told(text: str, engine: str) -> None:
    assert columns(text, engine) == {"shop.users.phone"}
    assert last(text, engine).stars == ()


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("insert into t select * from users", "maxcompute"),
        ("insert into t table users", "spark"),
        ("insert into t table users", "mysql"),
        ("from users insert into t select * insert into u select 1", "maxcompute"),
        ("create table t as select * from users", "maxcompute"),
        ("create table t as table users", "postgresql"),
        ("merge into t using users u on t.i = u.i when not matched then insert *", "spark"),
        ("merge into t using users u on t.i = u.i when matched then update set *", "spark"),
        ("delete from t using users returning users.*", "postgresql"),
        ("delete from users returning *", "postgresql"),
        ("alter view t as select * from users", "maxcompute"),
    ],
)
def test_a_star_that_is_written_or_returned_is_told(text: str, engine: str) -> None:
    assert ("shop.users", frozenset()) in stars(text, engine)


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("insert into t values (1) on conflict (i) do update set a = phone", "postgresql"),
        ("insert into t select 1 from u returning (select 1 where phone = 1)", "postgresql"),
        ("merge into t using u on t.phone = u.i when matched then delete", "maxcompute"),
        ("merge into t using u on t.i = u.i when matched and t.phone = 1 then delete", "maxcompute"),
        ("update t set a = 1 where phone = 1", "maxcompute"),
        ("update t set a = 1 order by phone limit 1", "mysql"),
        ("delete from t where phone = 1", "maxcompute"),
        ("delete from t order by phone limit 1", "mysql"),
        ("delete from t x where x.phone = 1", "postgresql"),
        ("delete from shop.t where shop.t.phone = 1", "maxcompute"),
    ],
)
def test_columns_in_the_clauses_of_a_statement_are_used_and_not_given(text: str, engine: str) -> None:
    assert "shop.t.phone" in used(text, engine)
    assert "shop.t.phone" not in columns(text, engine)


def test_a_schema_that_is_made_is_no_table() -> None:
    assert reads("create schema t as select a from u") == ["shop.u"]


def test_the_table_that_a_statement_changes_is_not_read() -> None:
    for text in (
        "update t set a = b",
        "delete from t where a = 1",
        "merge into t using u on 1 = 1 when matched then delete",
    ):
        assert "shop.t" not in reads(text)
    assert reads("insert into t select a from t") == ["shop.t"]
    assert reads("delete t from t join u on t.i = u.i", "mysql") == ["shop.t", "shop.u"]


@pytest.mark.parametrize(
    ("made", "engine"),
    [
        ("create table b as select phone as x from users", "maxcompute"),
        ("create table b (x) as select phone from users", "postgresql"),
        ("create table b (x, y) as select phone, a from users", "postgresql"),
        ("create view b (x comment 'c') as select phone from users", "maxcompute"),
        ("create table b (primary key (x)) as select phone as x from users", "mysql"),
        ("create table b (y int) as select phone as x from users", "mysql"),
        ("create table b (y int, x int) as select phone from users", "mysql"),
        ("insert into b select phone from users", "maxcompute"),
        ("insert into b select phone from users; insert into b select 1", "maxcompute"),
        ("create table b as select phone as x from users; insert into b select 1", "maxcompute"),
        ("from users insert into b select phone insert into c select 1", "maxcompute"),
        ("select phone as x into b from users", "postgresql"),
    ],
)
def test_what_is_behind_a_table_that_the_text_made_is_told_where_it_is_read(made: str, engine: str) -> None:
    assert columns(f"{made}; select x from b", engine) == {"shop.b.x", "shop.users.phone"}


def test_a_table_that_the_text_made_of_a_star_is_that_star() -> None:
    text = "create table b as select * from users; select * from b"
    assert stars(text) == {("shop.b", frozenset()), ("shop.users", frozenset())}
    assert columns("create table b as select * from users; select phone from b") == {"shop.b.phone", "shop.users.phone"}


def test_the_columns_of_a_table_that_the_text_made_are_named() -> None:
    text = "create table b as select phone as x, name as y from users; select y from b"
    assert columns(text) == {"shop.b.y", "shop.users.name"}


def test_the_names_that_create_gives_its_columns_are_those_of_the_result() -> None:
    assert outputs("create view v (x comment 'c', y) as select a, b from t") == [
        ("x", {"shop.t.a"}),
        ("y", {"shop.t.b"}),
    ]


def test_columns_that_are_set_have_their_names() -> None:
    assert outputs("update t set a = b, t.c = 1") == [("a", {"shop.t.b"}), ("c", set())]
    text = "merge into t using u on t.i = u.i when matched then update set t.a = u.x when not matched then insert (a)"
    text += " values (u.y)"
    assert outputs(text) == [("a", {"shop.u.x"}), ("", {"shop.u.y"})]


def test_a_join_of_several_inserts_is_of_all_of_them() -> None:
    text = "from t join u on t.i = u.i and t.ds = 1 insert into x select t.a insert into y select b where u.ds = 1"
    assert filters(text) == [("shop.t", {"ds"}), ("shop.u", {"ds"})]
    assert outputs(text) == [("a", {"shop.t.a"}), ("b", {"shop.t.b", "shop.u.b"})]


def test_a_semi_join_before_several_inserts_has_no_columns_for_them() -> None:
    text = "from t left semi join u on t.i = u.i insert into x select a insert into y select b"
    assert columns(text) == {"shop.t.a", "shop.t.b"}
    assert reads(text) == ["shop.t", "shop.u"]


@pytest.mark.parametrize(
    ("text", "engine", "wanted"),
    [
        ("use hr; select a from t", "maxcompute", ["hr.t"]),
        ("use hr; select a from t", "mysql", ["hr.t"]),
        ("use a.b; select a from t", "presto", ["b.t"]),
        ("set odps.namespace.schema=true; select a from s.t", "maxcompute", ["shop.s.t"]),
        ("set odps.namespace.schema=true; set odps.namespace.schema=false; select a from s.t", "maxcompute", ["s.t"]),
        ("set odps.namespace.schema=true; select a from s.t", "hive", ["s.t"]),
        ("select a from shop.default.t", "maxcompute", ["shop.t"]),
        ("select a from `hr.t`", "maxcompute", ["hr.t"]),
        ("select a from ${db}", "maxcompute", ["${db}"]),
        ("select a from t_${ds}", "maxcompute", ["shop.t_${ds}"]),
        ("@a := select 1; select x from @a, t", "maxcompute", ["shop.t"]),
    ],
)
def test_a_table_has_its_full_name(text: str, engine: str, wanted: list[str]) -> None:
    assert reads(text, engine) == wanted


def test_a_table_keeps_its_name_where_no_project_is_known() -> None:
    assert reads("select a from t", project="") == ["t"]
    assert reads("set odps.namespace.schema=true; select a from s.t", project="") == ["s.t"]


@pytest.mark.parametrize(
    ("text", "engine"),
    [("analyze table t compute statistics", "spark"), ("describe t", "mysql"), ("analyze t", "postgresql")],
)
def test_a_table_that_is_looked_at_is_read(text: str, engine: str) -> None:
    assert (reads(text, engine), columns(text, engine)) == (["shop.t"], set())


def test_a_kind_of_statement_that_is_not_known_is_read_by_its_words() -> None:
    found = statements("table t", "hive")
    assert [(each.unread, [read.table for read in each.reads]) for each in found] == [
        ("its kind is not known", ["shop.t"])
    ]


@pytest.mark.parametrize(
    "text",
    [
        "update (select a from t) x set a = 1",
        "delete from (select a from t) x",
        "merge into (table t) x using u on 1 = 1",
    ],
)
def test_what_changes_something_else_than_a_table_is_read_by_its_words(text: str) -> None:
    found = statements(text)
    assert all(each.unread for each in found)
    assert "shop.t" in {read.table for read in found[0].reads}


def test_only_a_query_returns_rows_to_the_user() -> None:
    text = "set a=b; @x := select a from t; insert into u select a from t; select a from t; explain select a from t"
    found = statements(text)
    assert [(each.kind, each.returns) for each in found] == [
        ("SET", False),
        ("SELECT", False),
        ("INSERT", False),
        ("SELECT", True),
        ("EXPLAIN", False),
    ]
    assert {each.kind for each in found} <= set(KINDS)


def test_sources_and_stars_are_told_once_and_in_the_order_of_the_text() -> None:
    found = last("select t.b,\n concat(t.b, t.a, t.b),\n t.*,\n t.*\nfrom t")
    assert [[(each.column, each.line) for each in output.sources] for output in found.outputs] == [
        [("b", 1)],
        [("a", 2), ("b", 2)],
    ]
    assert [(star.table, star.line) for star in found.stars] == [("shop.t", 3), ("shop.t", 4)]


def test_a_text_gives_its_statements_and_their_lines() -> None:
    found = statements("select 1;\n\nselect a\nfrom t;\ndrop table\nu")
    assert [(each.kind, each.line) for each in found] == [("SELECT", 1), ("SELECT", 3), ("DROP", 5)]
    assert [read.line for read in found[1].reads] == [4]
    assert [each.line for each in found[2].written] == [6]


def test_all_that_merge_inserts_is_told_where_no_column_is_known() -> None:
    rows = "(select * from u pivot (sum(phone) for b in ('x'))) s"
    (statement,) = statements(f"merge into t using {rows} on t.a = s.a when not matched then insert *")
    found = {(source.table, source.column) for output in statement.outputs for source in output.sources}
    assert ("shop.u", "phone") in found
