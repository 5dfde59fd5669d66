"""Tables and functions of a statement by its words."""

import pytest

from extension.sql.facts import Engine
from extension.sql.tables import Reading, by_words
from extension.sql.words import Word, clean, words

MAXCOMPUTE = Engine.MAXCOMPUTE


def reading(text: str, engine: Engine = MAXCOMPUTE) -> Reading:
    """What the words of a text say that is clear."""
    found = clean(text, engine)
    assert not found.reason
    return by_words(words(found.text))


def tables(text: str, engine: Engine = MAXCOMPUTE) -> tuple[str, str]:
    """Tables that are read and those that are written, in their order."""
    found = reading(text, engine).tables
    read, written = ([".".join(each.parts) for each in found if each.written == kind] for kind in (False, True))
    return " ".join(read), " ".join(written)


def calls(text: str, engine: Engine = MAXCOMPUTE) -> str:
    """Functions that are called, in their order."""
    return " ".join(called.name for called in reading(text, engine).calls)


def loose(text: str, kind: str = "unclear") -> Reading:
    """What the words of a text say where it is unclear what of it is comment."""
    return by_words([Word(kind, "", 0), *words(text)])


# Reading


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("select 1", ""),
        ("select a from hr.users", "hr.users"),
        ("select a from hr . users u", "hr.users"),
        ("select a from hr/**/./* b */users", "hr.users"),
        ("select a from `hr`.`users`", "hr.users"),
        ("select a from `hr.users`", "hr.users"),
        ("select a from a.b.c", "a.b.c"),
        ("SELECT a FROM ｈｒ.users", "ｈｒ.users"),
        ("select a ｆｒｏｍ b", "b"),
        ("select a from 2024_b", "2024_b"),
        ("select a from b, c d, hr.e as f where g in (1, h)", "b c hr.e"),
        ("select a from b order by c, d", "b"),
        ("select a from b group by c, d having e, f", "b"),
        ("select a from b join c on b.d = c.d, e", "b c e"),
        ("select a from b left outer join c using (d, e) cross join f", "b c f"),
        ("select a from b join c using d, e", "b c"),
        ("select a from (b, (c join d on e = f)), g", "b c d g"),
        ("select a from ((b)), (select c from d) e, f", "b d f"),
        ("select a from (select b from (select c from (d)))", "d"),
        ("select (select a from b) from c where d in (select e from f) and exists (select 1 from g)", "b c f g"),
        ("from a select c, d where e in (select f from g)", "a g"),
        ("select a from b union all select c from d minus (select e from f)", "b d f"),
        ("select a from only b", "b"),
        ("select a from only (b)", "b"),
        ("select a from lateral (select b from c) d", "c"),
        ("select a from b, lateral c(d)", "b"),
        ("select a from b lateral view explode(c) d as e, f lateral view g(h) i as j", "b"),
        ("select a from b lateral view outer explode(c) d as e, f where 1 = 1", "b"),
        ("select a from b lateral view explode(c) d as e, hr.f", "b hr.f"),
        ("select a from b lateral view explode(c) d as e, (select g from h)", "b h"),
        ("select a from b lateral view explode(c) d, e", "b e"),
        ("select a from table(f(b)), unnest(c) d, explode(e)", ""),
        ("select a from (values (1, b), (2, c)) d, e", "e"),
        ("select a from values (1, null), (2, null) t(b, c), d", "d"),
        ("select a from values", "values"),
        ("select a from values.b, set.c", "values.b set.c"),
        ("select a from b tablesample (10 percent) c, d", "b d"),
        ("select a from b pivot (sum(c) for d in ('e', 'f')) g, h", "b h"),
        ("select a from b format, c", "b c"),
        ("select a from b for update of c, d", "b"),
        ("select a from b for system_time as of c, d", "b d"),
        ("select a from @b join @c on d = e", ""),
        ("select a from 1", ""),
        ("select table.a, b.from, c.join from d", "d"),
        ("select `from`, `join` from b", "b"),
        ("select a from b where c.into = 1", "b"),
        ("select table from b", "b"),
        ("select a from b map c, d using 'e'", "b"),
        ("select .5 from a", "a"),
        ("(select.5 from a)", "a"),
        ("table a", "a"),
        ("cache table hr.a", "hr.a"),
        ("cache table (a b)", ""),
        ("select a from table(hr.b)", "hr.b"),
        ("select a from f(table(hr.b), c => table(d(e)))", "hr.b"),
        ("with b as (select 1) select a from f(table(b))", ""),
        ("select a from b) c, d", "b d"),
        ("select a; , b", ""),
    ],
)
def test_tables_stand_behind_from_and_join_and_between_commas(text: str, read: str) -> None:
    assert tables(text) == (read, "")


@pytest.mark.parametrize(
    "function", ["extract(year from", "trim(both 'b' from", "substring(b from 1 for", "overlay(b from"]
)
def test_a_from_of_a_function_has_no_table(function: str) -> None:
    assert tables(f"select {function} c) from d") == ("d", "")  # noqa: S608  it is only read
    assert tables("select extract(year from (select a from b)) from c") == ("b c", "")
    assert tables("select trim((select a from b)) from c") == ("b c", "")


def test_a_from_of_an_operator_has_no_table() -> None:
    assert tables("select a is distinct from b, c is not distinct from d from e") == ("e", "")
    assert tables("select distinct from a") == ("a", "")
    assert tables("create table a partition of b for values from (c) to (d)") == ("", "a")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("select a from b any left join c using d, e", "b c"),
        ("select a from b array join c, d where e", "b"),
        ("select a from b settings c = 1, d = 2", "b"),
        ("select a from numbers(10), b", "b"),
        ("select a from b where c in d.e and f in (g)", "b"),
        ("select a from remote('b', c.d), cluster('e', f, g), remoteSecure(h, i.j, k)", "c.d f.g i.j"),
        ("select a from remote('b', c), cluster('d'), cluster(e, 'f'), remote('g', h, 'i')", ""),
        ("with (select a from b) as c select c, d from e", "b e"),
        ("select a from b limit 1 by c, d", "b"),
        ("insert into function file('a') select b from c", "c"),
        ("insert into a from infile 'b'", ""),
    ],
)
def test_clickhouse_has_more_that_is_no_table(text: str, read: str) -> None:
    assert tables(text, Engine.CLICKHOUSE)[0] == read


def test_mysql_has_hints_and_braces() -> None:
    assert tables("select straight_join a, b from c straight_join d", Engine.MYSQL) == ("c d", "")
    assert tables("select a from {oj hr.b left join c on d}", Engine.MYSQL) == ("hr.b c", "")


# WITH


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("with a as (select 1) select * from a, b", "b"),
        ("with a (c, d) as (select 1), b as (select * from a) select * from a join b", ""),
        ("with a as not materialized (select 1) select * from a", ""),
        ("with `A` as (select 1) select * from a", ""),
        ("with a as (select * from a) select * from a", "a"),
        ("with recursive a as (select 1 union all select * from a) select * from a", ""),
        ("with recursive a as (select 1), b as (select * from b) select * from b", ""),
        ("with a as (select 1) select * from hr.a", "hr.a"),
        ("select * from (with a as (select 1) select * from a) b join a", "a"),
        ("with a as (with a as (select 1) select * from a) select * from a", ""),
        ("with a as (select 1) select * from (with a as (select 2) select 1) join a", ""),
        ("with a as (select * from b), b as (select * from a) select * from b", "b"),
        ("with a as (select 1) insert into a select 1", ""),
        ("with a as b select 1", ""),
        ("with 'a' as (select 1)", ""),
        ("with a as (select b from c", "c"),
        ("with a as (select 1); select * from a", "a"),
        ("select a from b with (nolock), c", "b c"),
    ],
)
def test_a_name_of_with_is_a_table_only_where_it_is_not_known(text: str, read: str) -> None:
    assert tables(text)[0] == read


# Writing


@pytest.mark.parametrize(
    ("text", "read", "written"),
    [
        ("insert into hr.a select b from c", "c", "hr.a"),
        ("insert into table a (b, c) values (1, d), (2, e)", "", "a"),
        ("insert overwrite table a partition (b = 1) select c from d", "d", "a"),
        ("insert overwrite a select b", "", "a"),
        ("insert overwrite local directory 'a' select b from c", "c", ""),
        ("insert overwrite directory 'a' select b from c", "c", ""),
        ("insert ignore into a values (1)", "", "a"),
        ("insert low_priority a values (1)", "", "a"),
        ("insert a values (1)", "", "a"),
        ("from a insert into b select c insert overwrite table d select e", "a", "b d"),
        ("select a into b from c", "c", "b"),
        ("select a into temp b from c", "c", "b"),
        ("select a into outfile 'b' from c", "c", ""),
        ("update a set b = 1, c = 2 where d in (select e from f)", "f", "a"),
        ("update a b join c d on e set b.f = d.f", "c", "a"),
        ("update a, b set c = 1", "", "a b"),
        ("delete from a where b in (select c from d)", "d", "a"),
        ("delete from a using b, c where d = e", "b c", "a"),
        ("delete from a where b in (select convert(c using utf8) from d)", "d", "a"),
        ("merge into a b using c d on e when matched then update set f = 1, g = 2", "c", "a"),
        ("merge into a using (select b from c) d on e when not matched then insert (f, g) values (h, i)", "c", "a"),
        ("create table a (b decimal(1, 2), c string comment 'd')", "", "a"),
        ("create table if not exists hr.a as select b from c", "c", "hr.a"),
        ("create external table a (b int) stored as x location 'y' using 'z'", "", "a"),
        ("create table a (b int) clustered by (b) into 10 buckets", "", "a"),
        ("create table a (b int) clustered by (b) into ${c} buckets", "", "a"),
        ("create table a like b", "b", "a"),
        ("create table a (like b including all)", "b", "a"),
        ("create table a clone b", "b", "a"),
        ("create table a shallow clone b", "b", "a"),
        ("create table a as table b", "b", "a"),
        ("create or replace view a as select b from c", "c", "a"),
        ("create materialized view a as select b from c where d like e", "c", "a"),
        ("drop table if exists a, b", "", "a b"),
        ("drop view a", "", "a"),
        ("drop function a", "", ""),
        ("truncate table a partition (b = 1), partition (b = 2)", "", "a"),
        ("truncate a, b", "", "a b"),
        ("alter table a add columns (b int)", "", "a"),
        ("alter table a rename to b", "", "a b"),
        ("alter table a change column b rename to c", "", "a"),
        ("alter table a exchange partition (b = 1) with table c", "c", "a"),
        ("comment on table a is 'b'", "", "a"),
        ("explain update a set b = 1", "", "a"),
        ("with a as (select 1) update b set c = 1", "", "b"),
        ("with a as (insert into b select 1 from c returning d) select 1 from a", "c", "b"),
        ("select a from b where (truncate(c, 2) = 1)", "b", ""),
        ("insert into a select b from c on duplicate key update d = 1, e = 2", "c", "a"),
        ("insert into a select b from c on conflict (d) do update set e = 1, f = 2", "c", "a"),
        ("insert into @a select b from c", "c", ""),
    ],
)
def test_a_table_is_written_by_what_stands_before_it(text: str, read: str, written: str) -> None:
    assert tables(text) == (read, written)


def test_a_table_has_its_place() -> None:
    (table,) = reading("select a\nfrom hr . users").tables
    assert (table.parts, table.at) == (("hr", "users"), 14)


def test_a_table_is_given_for_each_place_once() -> None:
    assert tables("select a from b union select a from b") == ("b b", "")


# Calls and names


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("select f(a), hr.g (b), `h`(c), hr:i(d), if(e, 1, 2)", "f g h i if"),
        ("select count(*), sum(a) over (partition by b order by f(c)) from d", "count sum f"),
        ("select a from b where c in (1) and (d) or exists (select 1) and not (e)", ""),
        ("select cast(a as decimal(1, 2)), b::char(3), array(1), timestamp('c')", "array timestamp"),
        ("create table a (b decimal(1, 2), c char(3), d varchar(4))", ""),
        ("insert into a (b) values (c)", ""),
        ("with a (b) as (select f(1)) select 1", "f"),
        ("select a from explode(b), unnest(c)", "explode unnest"),
        ("create function hr.f(a int)", ""),
        ("drop function if exists f", ""),
        ("select current_date, a.current_user, current_timestamp()", "current_date current_timestamp"),
        ("select left(a, 1), right(b, 2)", "left right"),
        ("select a.in(1)", "in"),
        ("f((((1))))", "f"),
    ],
)
def test_a_name_before_a_bracket_is_a_function(text: str, found: str) -> None:
    assert calls(text) == found


def test_a_call_has_its_place() -> None:
    (called,) = reading("select hr.f (1)").calls
    assert (called.name, called.at) == ("f", 10)


def test_all_names_are_known_without_case() -> None:
    assert reading("select ｐｈｏｎｅ, `Id Card`, @v, 12, 1a, 'x' from T").names == {
        *("select", "phone", "id card", "1a", "from", "t"),
    }


def test_no_words_say_nothing() -> None:
    assert by_words([]) == Reading((), (), frozenset())


# Where it is unclear what is comment, and in code


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a hr . users b", {"hr.users"}),
        ("select a.b from c a", {"c", "a"}),
        ("select a.b from c as a", {"c"}),
        ("from x hr . users where", {"x", "hr.users"}),
        ("from x hr . users as y join z on y.a = z.b , w", {"x", "hr.users", "z", "w"}),
        ("from x left join hr.users", {"x", "hr.users"}),
        ("from f(hr.a) b", {"f", "hr.a", "b"}),
        ("select hr.f(1)", set()),
        ("then drop table x", {"x"}),
        ("x update hr.a set b", {"hr.a"}),
        ("x desc hr.a", {"hr.a"}),
    ],
)
def test_where_it_is_unclear_rather_too_much_is_a_table(text: str, found: set[str]) -> None:
    assert {".".join(each.parts) for each in loose(text).tables} == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from odps import ODPS from a.b import c", set()),
        ("from . import a", set()),
        ("o.execute_sql f select a from hr.users", {"hr.users"}),
        ("desc hr.a ; show partitions hr.b", {"hr.a", "hr.b"}),
        ("tunnel download hr.a x", {"hr.a"}),
        ("add x o.run insert into hr.a", {"hr.a"}),
    ],
)
def test_code_has_tables_where_its_sql_has(text: str, found: set[str]) -> None:
    assert {".".join(each.parts) for each in loose(text, "code").tables} == found
