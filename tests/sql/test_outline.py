"""An outline says what a text does, and holds nothing that somebody has put into it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extension.sql.facts import Engine
from extension.sql.outline import MAX_CHARS, outline
from extension.sql.words import HIVE, NOT_SQL

SQL = tuple(engine for engine in Engine if engine not in NOT_SQL)
MAXCOMPUTE, MYSQL, POSTGRESQL, CLICKHOUSE = Engine.MAXCOMPUTE, Engine.MYSQL, Engine.POSTGRESQL, Engine.CLICKHOUSE


# what is shown


@pytest.mark.parametrize("engine", SQL)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" ; ;\n", ""),
        ("SELECT a.b,  c\n\nFROM\tshop.t ;", "SELECT a.b, c FROM shop.t"),
        ("select '' a, 'x, y' b from t where c='it''s'", "select ? a, ? b from t where c=?"),
        ("select a -- from u\nfrom t /* x\ny */ where b=c", "select a from t where b=c"),
        ("select /*+ mapjoin(b) */ a from t", "select a from t"),
        ("select 1, 1.5, 1.5e-10, 2E+3, 0x1F, 1L, 1.0BD, 1_000", "select ?, ?, ?, ?, ?, ?, ?, ?"),
        ("select a.1b, .5, 1e5, -7, 1+2, c[0] from t2", "select a.?, .?, ?, -?, ?+?, c[?] from t2"),
        ("select date '2020-01-01', N'x', n 'x'", "select date ?, N?, n ?"),
        ("select true, null, Ünï, 中文 from _t where a<>b", "select true, null, Ünï, 中文 from _t where a<>b"),
        ("select １３８ from t", "select ? from t"),
        ("(select a from t) union all (select b from u)", "(select a from t) union all (select b from u)"),
        ("with a as (select 1) insert into t select * from a", "with a as (select ?) insert into t select * from a"),
        ("values (1, 'x')", "values (?, ?)"),
        ("delete from t where a=1; truncate table u", "delete from t where a=?; truncate table u"),
        ("update t set a=1 where b='x'", "update t set a=? where b=?"),
        (
            "merge into t using u on t.a=u.a when matched then update set b='x' when not matched then insert values(1)",
            "merge into t using u on t.a=u.a when matched then update set b=? when not matched then insert values(?)",
        ),
        ("create table t (a int, password string)", "create table t (a int, password string)"),
        ("create or replace temporary view v as select 1", "create or replace temporary view v as select ?"),
        (
            "drop table if exists t; alter table t add columns (a int)",
            "drop table if exists t; alter table t add columns (a int)",
        ),
        ("select a from ods.log_${bizdate} where ds=$[yyyymmdd-1]", "select a from ods.log_${} where ds=${}"),
        ("select ${a}_b, ${c}1 from ${d}.t", "select ${}_b, ? from ${}.t"),
    ],
)
def test_a_query_is_shown_without_its_literals(engine: Engine, text: str, expected: str) -> None:
    assert outline(text, engine) == expected


@pytest.mark.parametrize(
    ("engine", "text", "expected"),
    [
        (MAXCOMPUTE, "select `a`, `b.c-d`, `1a`, `a b` from `t`", "select `a`, `b.c-d`, ?, ? from `t`"),
        (MAXCOMPUTE, 'select "a" from t', "select ? from t"),
        (MAXCOMPUTE, "select a from t # x", "select a from t …"),
        (MAXCOMPUTE, "@a := select 'x' from t", "@a := select ? from t"),
        (MAXCOMPUTE, "@a string := 'x'; select * from @b", "@a …; select * from @b"),
        (MAXCOMPUTE, "@a string; @b", "@a …; @b"),
        (MAXCOMPUTE, "@a array<string> := (select 1)", "@a array<string> := (select ?)"),
        (
            MAXCOMPUTE,
            "from t insert overwrite table u partition(ds='1') select a",
            "from t insert overwrite table u partition(ds=?) select a",
        ),
        (MYSQL, 'select "a", `b`, @c, @@d from t # x', "select ?, `b`, @c, @@d from t"),
        (MYSQL, "select _utf8mb4'x', X'1f', b'01'", "select _utf8mb4?, X?, b?"),
        (
            MYSQL,
            "insert into t values (1) on duplicate key update a='x'",
            "insert into t values (?) on duplicate key update a=?",
        ),
        (POSTGRESQL, 'select "a", "b c", "1d" from "T"', 'select "a", ?, ? from "T"'),
        (POSTGRESQL, "select E'x', U&'x', a #>> b, c::int from t", "select E?, U&?, a #>> b, c::int from t"),
        (POSTGRESQL, "select a from t where b=$$x$$", "select a from t where b= …"),
        (
            CLICKHOUSE,
            "select a from t final prewhere b={c:String} format JSON; select 1",
            "select a from t final prewhere b={c:String} format JSON; select ?",
        ),
        (CLICKHOUSE, "insert into t values (1, 'x'); select 1", "insert into t values (?, ?); select ?"),
    ],
)
def test_each_engine_has_its_own_quotes(engine: Engine, text: str, expected: str) -> None:
    assert outline(text, engine) == expected


@pytest.mark.parametrize("engine", sorted(NOT_SQL))
def test_what_is_no_sql_has_no_outline(engine: Engine) -> None:
    assert outline("select a from t", engine) == ""


# what is left out


@pytest.mark.parametrize("engine", SQL)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("set a=b; select 1", "set …; select ?"),
        ("use shop; show tables; desc t; explain select 1", "use …; show …; desc …; explain …"),
        ("add jar x.jar; list jars; delete jar x", "add …; list …; delete …"),
        (
            "create function f as 'a.B'; drop user u; alter user u; create or replace function f",
            "create …; drop …; alter …; create …",
        ),
        ("grant select on t to u; call f('x'); select 1", "grant …; call …; select ?"),
        ("tunnel upload a b; select 1", "tunnel …; select ?"),
        ("hunter2 hunter3; (hunter2); (set a=b); select 1", "…; …; …; select ?"),
        ("copy t from stdin; a; b", "copy …"),
        ("select a from t copy u from stdin; b", "select a from t copy …"),
        ("begin; commit", "begin; commit"),
        ("alter table t set lifecycle 7; select 1", "alter table t set …; select ?"),
        ("alter table t add constraint c check (a > 0)", "alter table t add constraint c check (a > ?)"),
        ("alter table t\nadd jar x", "alter table t add …"),
        ("create table t (a int) with (a=b); select 1", "create table t (a int) with …; select ?"),
        (
            "create table t (a int) tblproperties ('a'='b'); select 1",
            "create table t (a int) tblproperties …; select ?",
        ),
        ("create table t (a int) password b", "create table t (a int) password …"),
        ("select a from t settings b=c", "select a from t settings …"),
        ("select a from t set b=c; select 1", "select a from t set …; select ?"),
        ("update t set a=b set c=d", "update t set a=b set …"),
        ("select a from t\nset b=c", "select a from t set …"),
        ("select a from t\ndfs -ls b; select 1", "select a from t dfs …; select ?"),
        ("select a from t\nuse b; select 1", "select a from t use …; select ?"),
        ("select a from t\n!sh b", "select a from t …"),
        ("select a from t where b\n!= c", "select a from t where b != c"),
        ("select read, list from t use index (i)", "select read, list from t use index (i)"),
        ("select case\nwhen a then\nif(b, c, d)\nelse e\nend", "select case when a then if(b, c, d) else e end"),
        ("select a from t ＳＥＴ b=c", "select a from t ＳＥＴ …"),
        ("select a from t // b", "select a from t …"),
        ("select a from t create user u identified by b", "select a from t create …"),
        ("select a from t where b = 'c", "select a from t where b = …"),
        ("select a, 'b' from t /* c", "select a, …"),
        ("select a from t /* c", "select a from t …"),
        ("select a\u200b from t", "select a …"),
        ("'", "…"),
    ],
)
def test_what_may_be_followed_by_a_secret_is_cut_off(engine: Engine, text: str, expected: str) -> None:
    assert outline(text, engine) == expected


@pytest.mark.parametrize(
    ("engine", "text", "expected"),
    [
        # what looks like a quote in a command of a client may be none, and then what follows is in quotes
        (MAXCOMPUTE, "add jar it's.jar; select 'a; select b'", "add …"),
        (MAXCOMPUTE, "select 1 from t set a=it's; select 'a; select b'", "select ? from t set …"),
        (MAXCOMPUTE, "begin set a=it's; select 'b; select c'", "begin …"),
        (MAXCOMPUTE, "set a 'b'; select 1", "set …"),
        (MAXCOMPUTE, "hunter 'a'; select 1", "…"),
        (MAXCOMPUTE, "select a from t set b='c'; select 1", "select a from t set …"),
        (MYSQL, "select a from t set b='c'; select 1", "select a from t set …; select ?"),
        (MYSQL, "set a='b'; select 1", "set …; select ?"),
        (MYSQL, "hunter 'a'; select 1", "…"),
        (MYSQL, "delimiter //\ncreate procedure p() select 1//", "delimiter …"),
        (CLICKHOUSE, "insert into t format CSV 1,a; select a", "insert into t format …"),
        (CLICKHOUSE, "insert into t settings a=1 format CSV b; select a", "insert into t settings …"),
        (CLICKHOUSE, "insert into t select format('x', a) from u", "insert into t select format …"),
        (POSTGRESQL, "insert into t select format('x', a) from u", "insert into t select format(?, a) from u"),
        # a quote that nobody has closed, and an apostrophe
        (MAXCOMPUTE, "select it's, 'b' from t where c='d", "select …"),
        (MAXCOMPUTE, "select 'a, b from t where c='d' and e='f'", "select …"),
        (MAXCOMPUTE, "select ' a from t -- b ' c where d = ' e", "select …"),
        (MAXCOMPUTE, "select a, ' from t; select ' b ', c from t", "select a, …"),
        (MAXCOMPUTE, "select a, ' from t\nwhere b = ' c ', d from t", "select a, …"),
        (MAXCOMPUTE, "select split(a, ';') from t", "select split(a, …"),
        (MAXCOMPUTE, "select a from t where b = 5' and c = 'd'", "select a from t where b = ? …"),
        (MAXCOMPUTE, 'select a from t where b = "c" and d = "e', "select a from t where b = …"),
    ],
)
def test_where_quotes_are_in_doubt_nothing_more_is_shown(engine: Engine, text: str, expected: str) -> None:
    assert outline(text, engine) == expected


# how much is shown


def test_an_outline_is_cut_at_a_word() -> None:
    text = " ".join(("select", ", ".join(f"column_{number}" for number in range(400)), "from t"))
    found = outline(text, MAXCOMPUTE)
    assert MAX_CHARS - 20 < len(found) <= MAX_CHARS
    assert found == text[: len(found) - 1] + "…"


def test_of_many_statements_as_many_are_shown_as_fit() -> None:
    found = outline("select a from t;" * 1_000, MYSQL)
    assert MAX_CHARS - 20 < len(found) <= MAX_CHARS
    assert found.startswith("select a from t; select a from t; ")
    assert found.endswith("…")


@pytest.mark.parametrize("begin", ["select a from t -- ", "select a from t /* "])
def test_of_a_long_text_the_beginning_is_looked_at(begin: str) -> None:
    assert outline(begin + "x " * 50_000 + "*/\n where b = 1", MAXCOMPUTE) == "select a from t …"
    assert outline(begin + "x'" * 50_000 + "*/\n where b = 1", MAXCOMPUTE) == "select a from t …"


@pytest.mark.parametrize("text", ["select a, '", "select a, 'b', '"])
def test_what_is_in_quotes_where_the_beginning_ends_makes_all_quotes_doubtful(text: str) -> None:
    assert outline(text + "x" * 100_000 + "' from t", MAXCOMPUTE) == "select a, …"


# nothing that somebody has put into it is shown

SECRET = "hunter"
NUMBER = "9876543210"

IN_QUOTES = (
    "select a from t where b = {}",
    "select {} as c, N{}, x{}, E{}, U&{}, _utf8{}, r{} from t",
    "select date {}, interval {} day from t",
    "select a from t where b in ({}, {}) and c like {} escape {}",
    "insert into t (a) values (1, {}), ({}, 2)",
    "update t set a = {} where b = {}",
    "create table t (a int default {} comment {}) comment {}",
    "create table t (a int) with ('password' = {}, password = {})",
    "create table t (a int) properties ('password' = {})",
    "create external table t (a int) stored by {} tblproperties ('a' = {}) location {}",
    "create user u identified by {}",
    "create function f as {}",
    "call p({}, {})",
    "set a = {}",
    "comment on table t is {}",
    "select * from s3({}, {}, {})",
    "load data inpath {} into table t",
    "with a as (select {}) select * from a",
)
BARE = (
    "set a = {}",
    "set a.b={}",
    "set {}",
    "use {}",
    "select a from t\nset b = {}",
    "select a from t\n\tset {}",
    "update t set a = b\nset c={}",
    "create user u identified by {}",
    "alter user u password {}",
    "create table t (a int) with (password = {})",
    "create table t (a int) options (password {})",
    "alter table t set tblproperties (password = {})",
    "alter table t password {}",
    "select a from t settings password = {}",
    "add jar {}",
    "add {}",
    "tunnel upload {} t",
    "select a from t\ntunnel upload {} t",
    "select a from t\nadd file {}",
    "dfs -ls {}",
    "list {}",
    "select a from t\ndfs -ls {}",
    "!sh {}",
    "select a from t\n!connect x {}",
    "grant {} to u",
    "create function f as {}",
    "create or replace function f as {}",
    "kill {}",
    "execute {}",
    "prepare p from {}",
    "{} a b",
    "call p({})",
    "copy t from stdin;\n{}\n{} select {};{}",
    "delimiter //\nselect 1//{}",
    "select a from t // {}",
)
COMMENTS = (
    "select a -- {}\n from t",
    "select a --{}",
    "select a /* {} */ from t",
    "select /*+ {} */ a from t",
    "select /*! {} */ a from t",
    "select a /* {}",
    "select a # {}\n from t",
    "select a #{}",
    "select a from t where b = $${}$$",
    "select a from t where b = $x${}$x$",
)
NUMBERS = (
    "select {}, -{}, {}.5, 1.{}, .{}, {}e5, 1e{}, 1.5e-{}, 0x{}, {}L, {}BD from t",
    "select a from t where b = {} and c in ({}, {}) limit {}",
    "insert into t values ({})",
    "select a[{}], b.{} from t",
)


def quoted(engine: Engine) -> tuple[str, ...]:
    """What a text stands in that is none but data to an engine."""
    return ("'{}'", '"{}"') if engine in (*HIVE, MYSQL) else ("'{}'",)


INSIDE = (
    *("", " ", ", ", "; ", "--", "/*", "*/", "#", "\n", "''", '""', "`", "$$", "(", "\\\\", "。"),
    *(" it''s ", " and b = "),
)
WORDS = (
    *("select", "a", "from", "t", "where", "=", "(", ")", ",", ";", "\n", "-- x\n", "/* x */", "# x\n"),
    *("$$", "@a", ":=", "set", "b.c", "' ", " '", '" ', ' "', "`", "\\", "\u200b", "中文", "，", "‘"),
    *("union all", "${x}", "1", "as", "begin", "end", "!", "with", "drop", "add", "insert into", "//"),
    *("create table", "alter table", "format", "values"),
)
GARBAGE = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
BLANK = st.sampled_from(("", " ", "\n"))
OPEN = st.lists(st.sampled_from([*WORDS, "--", "/*", "*/", "#", "'x'", '"']), max_size=5).map(" ".join)


@st.composite
def texts(draw: st.DrawFn) -> tuple[Engine, str]:
    """A text with a secret in a place where it is data, in the middle of something else."""
    engine = draw(st.sampled_from(SQL))
    kind = draw(st.sampled_from((IN_QUOTES, BARE, COMMENTS, NUMBERS)))
    template = draw(st.sampled_from(kind))
    secret = NUMBER if kind is NUMBERS else SECRET
    if kind is IN_QUOTES:
        secret = draw(st.sampled_from(quoted(engine))).format(SECRET + draw(st.sampled_from(INSIDE)) + SECRET)
    elif kind is COMMENTS:
        secret += draw(st.sampled_from((" it's", " ;", ' "', "", " select"))) + " " + SECRET
    made = template.format(*[secret] * template.count("{}"))
    return engine, "".join((draw(GARBAGE), ";", draw(BLANK), made, draw(BLANK), ";", draw(OPEN)))


@settings(max_examples=1_000)
@given(texts())
@pytest.mark.no_cover
def test_no_literal_comment_or_setting_is_shown(made: tuple[Engine, str]) -> None:
    engine, text = made
    found = outline(text, engine)
    assert SECRET not in found
    assert NUMBER not in found
    assert len(found) <= MAX_CHARS
    assert "\n" not in found
