"""How a text is cut into statements, and what of each is for the grammar."""

import pytest

from extension.sql.facts import KINDS, Engine
from extension.sql.scripts import Piece, by_words, pieces

HIVE = (Engine.MAXCOMPUTE, Engine.HIVE, Engine.SPARK)
OTHERS = (Engine.HOLOGRES, Engine.POSTGRESQL, Engine.MYSQL, Engine.CLICKHOUSE, Engine.PRESTO)


def cut(text: str, engine: Engine = Engine.MAXCOMPUTE) -> list[tuple[str, str]]:
    """Kind and text of each piece, with @ for variables; none of them is unread."""
    found = pieces(text, engine)
    assert [piece.unread for piece in found] == [""] * len(found)
    return [(piece.kind, piece.text.replace("\ue000", "@")) for piece in found]


def one(text: str, engine: Engine = Engine.MAXCOMPUTE) -> Piece:
    """The only piece of a text."""
    (piece,) = pieces(text, engine)
    assert piece.kind in KINDS
    return piece


# Statements


@pytest.mark.parametrize("engine", [*HIVE, *OTHERS])
def test_a_semicolon_ends_a_statement(engine: Engine) -> None:
    assert cut("select 1; ;; select 2\n;", engine) == [("SELECT", "select 1"), ("SELECT", "select 2")]
    assert cut("", engine) == cut(" -- a\n/* b */ ;", engine) == []


def test_a_semicolon_in_a_string_a_name_or_a_comment_ends_nothing() -> None:
    assert cut("select ';', `a;b` -- ; drop table c\n, d /* ; */ from e") == [
        ("SELECT", "select 'x', `a;b`                  \n, d         from e")
    ]


def test_a_semicolon_ends_a_statement_also_in_brackets() -> None:
    assert [text for _, text in cut("select (1; select 2)")] == ["select (1", "select 2)"]


@pytest.mark.parametrize("engine", [*HIVE, *OTHERS])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("SELECT 1", "SELECT"),
        ("(select 1) union (select 2)", "SELECT"),
        ("with a as (select 1) select * from a", "SELECT"),
        ("with a as (select 1) insert into b select * from a", "INSERT"),
        ("with a as (select 1) delete from b", "DELETE"),
        ("with a as (delete from b returning c) select c from a", "SELECT"),
        ("with a as (select 1) select 1 from a for update", "SELECT"),
        ("from a insert into b select 1 insert into c select 2", "INSERT"),
        ("from a select b", "SELECT"),
        ("values (1)", "SELECT"),
        ("table a", "SELECT"),
        ("insert into a values (1)", "INSERT"),
        ("replace into a values (1)", "INSERT"),
        ("update a set b = 1", "UPDATE"),
        ("delete from a", "DELETE"),
        ("merge into a using b on 1 = 1 when matched then delete", "MERGE"),
        ("truncate table a", "TRUNCATE"),
        ("create table a as select 1", "CREATE"),
        ("drop table a", "DROP"),
        ("alter view a as select 1", "ALTER"),
        ("vacuum a", "OTHER"),
    ],
)
def test_a_statement_is_told_by_its_first_words_and_stays_whole(engine: Engine, text: str, kind: str) -> None:
    assert cut(text, engine) == [(kind, text)]


def test_lines_are_those_of_the_whole_text() -> None:
    first, second = pieces("-- a\nselect 1;\n\n select\n 2 from\n a", Engine.MAXCOMPUTE)
    assert (first.line, second.line) == (2, 4)
    assert [second.line_of(second.text.index(word)) for word in ("select", "2", "a")] == [4, 5, 6]
    assert [second.line_at(word.at) for word in second.words] == [4, 5, 5, 6]


def test_a_name_is_given_back_as_it_is_written() -> None:
    piece = one("select 1 from hr.ods_${bizdate}_x")
    start = piece.text.index("ods_")
    assert piece.original(start, len(piece.text)) == "ods_${bizdate}_x"
    assert [word.text for word in piece.words][-1] == "ods_${bizdate}_x"


def test_places_are_right_also_where_something_stands_before_the_text() -> None:
    _, piece = pieces("select 1;\n@a := @b +\n f_${c}(1)", Engine.MAXCOMPUTE)
    start = piece.text.index("f_")
    assert piece.text.startswith("select \ue000b")
    assert piece.original(start, start + 6) == "f_${c}"
    assert (piece.line_of(start), piece.line_of(0), piece.line_of(7)) == (3, 2, 2)


def test_nothing_of_the_text_is_shown() -> None:
    assert repr(one("\nselect secret")) == "Piece('SELECT', 2)"


# SET and USE


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("set odps.namespace.schema=true", ("odps.namespace.schema", "true")),
        ("SET  A.B = C d ", ("a.b", "c d")),
        ("set a=", ("a", "")),
        ("set a='b'", ("a", "'b'")),
        ("set a", ("", "")),
    ],
)
def test_set_has_a_key_and_a_value(text: str, setting: tuple[str, str]) -> None:
    piece = one(f"{text};")
    assert (piece.kind, piece.text, piece.unread, piece.setting) == ("SET", "", "", setting)


def test_set_of_other_engines_has_strings_and_to() -> None:
    assert one("set session search_path to hr, public -- x", Engine.POSTGRESQL).setting == ("search_path", "hr, public")
    assert one("set a = 'B;'", Engine.MYSQL).setting == ("a", "'b;'")


def test_set_lines_before_a_statement_are_statements() -> None:
    assert [kind for kind, _ in cut("set a=b;\nset c=d;\nselect 1;")] == ["SET", "SET", "SELECT"]


@pytest.mark.parametrize("engine", [*HIVE, *OTHERS])
def test_a_set_with_a_query_is_unread(engine: Engine) -> None:
    piece = one("set a = (select b from hr.c)", engine)
    assert (piece.kind, piece.unread) == ("SET", "a SET with a query or a bracket in it")
    assert [named.parts for named in by_words(piece.words).tables] == [("hr", "c")]


def test_a_set_whose_semicolon_is_missing_hides_no_query() -> None:
    piece = one("set a=b\nfrom hr.c insert into d;")
    assert (piece.kind, piece.unread) == ("SET", "a SET of more than one line")


def test_set_label_is_read_by_its_words() -> None:
    piece = one("set label 2 to table hr.a(phone)")
    assert (piece.kind, piece.text, piece.unread, piece.setting) == ("SET", "", "", ("", ""))


# Variables


@pytest.mark.parametrize("engine", HIVE)
@pytest.mark.parametrize(
    ("text", "kind", "left"),
    [
        ("@A := select 1", "SELECT", "select 1"),
        ("@a := with b as (select 1) select * from b", "SELECT", "with b as (select 1) select * from b"),
        ("@a := from b select c", "SELECT", "from b select c"),
        ("@a := values (1)", "SELECT", "values (1)"),
        ("@a := (select 1) union all (select 2)", "SELECT", "(select 1) union all (select 2)"),
        ("@a := (select 1)", "SELECT", "(select 1)"),
        ("@a cache on := select 1", "SELECT", "select 1"),
        ("@a table (b string, c decimal(1,2)) := select 1", "SELECT", "select 1"),
        ("@a := (select max(b) from c) + 1", "ASSIGN", "select (select max(b) from c) + 1"),
        ("@a := (1 + 2) * 3", "ASSIGN", "select (1 + 2) * 3"),
        ("@a := 'b'", "ASSIGN", "select 'x'"),
        ("@a bigint := 1", "ASSIGN", "select 1"),
        ("@a := @b", "ASSIGN", "select * from @b"),
        ("@a := @b + 1", "ASSIGN", "select @b + 1"),
        ("@a bigint", "ASSIGN", ""),
        ("@a table (b string)", "ASSIGN", ""),
    ],
)
def test_a_variable_is_given_a_query_or_a_value(engine: Engine, text: str, kind: str, left: str) -> None:
    assert cut(text, engine) == [(kind, left)]
    assert one(text, engine).assigns == "@a"


@pytest.mark.parametrize("text", ["@a = 1", "@a", "@a, @b := f()", "@a bigint select 1", "@a (b", "@a b (c :="])
def test_what_is_no_assignment_is_left_to_the_grammar(text: str) -> None:
    piece = one(text)
    assert (piece.kind, piece.unread) == ("ASSIGN", "")
    assert piece.text == text.replace("@", "\ue000") or not piece.text


def test_variables_are_those_of_scripts_alone() -> None:
    assert cut("@a := select 1", Engine.MYSQL) == [("OTHER", "@a := select 1")]


# Functions


def test_a_function_is_read_as_what_it_is_made_of() -> None:
    assert cut("function f(@a bigint, @b decimal(1,2)) returns @r bigint as @a + g(@b)") == [
        ("FUNCTION", "select @a + g(@b)")
    ]
    assert cut("function f(@a bigint) returns @r table (b bigint) as select b from c") == [
        ("FUNCTION", "select b from c")
    ]
    assert cut("create or replace sql function if not exists hr.f(@a bigint) as if(@a > 1, 1, 2)") == [
        ("CREATE", "select if(@a > 1, 1, 2)")
    ]
    assert cut("create function f(a int) returns int return a + 1", Engine.SPARK) == [("CREATE", "select a + 1")]


def test_the_body_of_a_function_is_statements() -> None:
    text = "function f(@a bigint) returns @r bigint as begin @b := select c from d; @r := @b; end; select f(1)"
    assert cut(text) == [
        ("FUNCTION", ""),
        ("SELECT", "select c from d"),
        ("ASSIGN", "select * from @b"),
        ("SELECT", "select f(1)"),
    ]
    assert cut("create sql function f() begin return; end") == [("CREATE", "")]


def test_a_function_of_a_class_says_all_by_its_words() -> None:
    assert cut("create temporary function f as 'com.x.F' using 'f.jar'") == [("CREATE", "")]
    assert by_words(one("create function hr.f as 'com.x.F' using 'f.jar'").words).calls == ()


def test_a_function_without_a_body_is_left_to_the_grammar() -> None:
    assert cut("function f(@a bigint") == [("FUNCTION", "select ")]
    assert cut("drop function f") == [("DROP", "drop function f")]


@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize("what", ["function", "procedure", "trigger"])
def test_a_function_of_another_engine_is_code(engine: Engine, what: str) -> None:
    text = "create or replace ? f() returns int language sql as 'select a from hr.b'"
    piece = one(text.replace("?", what), engine)
    assert (piece.kind, piece.text, piece.unread) == ("CREATE", "", "it runs a text as SQL")
    assert [named.parts for named in by_words(piece.words).tables] == [("hr", "b")]


@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize("text", ["execute immediate 'select a from hr.b'", "prepare c from 'select a from hr.b'"])
def test_a_text_that_is_run_is_read_by_its_words(engine: Engine, text: str) -> None:
    piece = one(f"\n{text};", engine)
    assert (piece.kind, piece.unread, piece.line) == ("OTHER", "it runs a text as SQL", 2)
    (named,) = by_words(piece.words).tables
    assert (named.parts, piece.line_at(named.at)) == (("hr", "b"), 2)


# Blocks


def test_a_block_is_its_conditions_and_statements() -> None:
    text = """
    if (select count(*) from a) > 5 begin
        @b := select case when c then d else e end from f;
        if (@g) begin select 1; end
        else if @h = 2 begin select 2; end
        elseif (@i) select 3;
        else begin select 4; end;
    end else
        select if(a, b, c) from d;
    while (@j < 10) begin @j := @j + 1; break; end
    loop begin select 5; continue; end
    begin select 6; end loop
    """
    assert cut(text) == [
        ("CONTROL", "select (select count(*) from a) > 5"),
        ("SELECT", "select case when c then d else e end from f"),
        ("CONTROL", "select (@g)"),
        ("SELECT", "select 1"),
        ("CONTROL", "select @h = 2"),
        ("SELECT", "select 2"),
        ("CONTROL", "select (@i)"),
        ("SELECT", "select 3"),
        ("SELECT", "select 4"),
        ("SELECT", "select if(a, b, c) from d"),
        ("CONTROL", "select (@j < 10)"),
        ("ASSIGN", "select @j + 1"),
        ("SELECT", "select 5"),
        ("SELECT", "select 6"),
    ]


def test_a_condition_without_a_block_goes_up_to_the_semicolon() -> None:
    assert cut("if @a = (1) select 2; select 3") == [("CONTROL", "select @a = (1) select 2"), ("SELECT", "select 3")]
    assert cut("if") == [("CONTROL", "select ")]
    assert cut("if (a") == [("CONTROL", "select (a")]
    assert cut("if (a) = (b") == [("CONTROL", "select (a) = (b")]


@pytest.mark.parametrize("text", ["begin transaction", "begin work"])
def test_a_transaction_is_no_block(text: str) -> None:
    assert cut(text) == [("OTHER", text)]


def test_blocks_are_those_of_scripts_alone() -> None:
    assert cut("begin; commit", Engine.POSTGRESQL) == [("OTHER", "begin"), ("OTHER", "commit")]


# EXPLAIN and commands


@pytest.mark.parametrize("engine", [*HIVE, *OTHERS])
@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("explain select 1", "select 1"),
        ("explain extended with a as (select 1) select 2", "with a as (select 1) select 2"),
        ("explain (analyze, verbose) select 1", "select 1"),
        ("explain (select 1) union (select 2)", "(select 1) union (select 2)"),
        ("explain analyze insert into a select 1", "insert into a select 1"),
        ("desc select 1", "select 1"),
        ("describe extended (select 1)", "(select 1)"),
        ("explain hr.a", ""),
        ("explain (a", ""),
    ],
)
def test_what_is_explained_is_read(engine: Engine, text: str, left: str) -> None:
    assert cut(text, engine) == [("EXPLAIN", left)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("desc hr.a", "DESCRIBE"),
        ("show create table hr.a", "SHOW"),
        ("grant select on table hr.a to user b", "GRANT"),
        ("revoke select on table hr.a from user b", "REVOKE"),
        ("kill 123", "KILL"),
        ("use hr", "USE"),
        ("analyze table hr.a compute statistics", "ANALYZE"),
        ("load overwrite table hr.a from location 'x'", "LOAD"),
        ("add jar a.jar", "ADD"),
        ("clone table a to b", "CLONE"),
        ("unload from hr.a into location 'x'", "UNLOAD"),
        ("export table hr.a to 'x'", "OTHER"),
        ("read hr.a 10", "OTHER"),
        ("count hr.a", "OTHER"),
        ("alter table hr.a merge smallfiles", "ALTER"),
    ],
)
def test_a_command_says_all_by_its_words(text: str, kind: str) -> None:
    assert cut(text) == [(kind, "")]


def test_commands_of_maxcompute_are_none_of_others() -> None:
    assert cut("count a", Engine.MYSQL) == [("OTHER", "count a")]
    assert cut("alter table a drop b", Engine.MYSQL) == [("ALTER", "alter table a drop b")]


def test_a_command_with_a_query_in_it_is_unread() -> None:
    assert one("count (select 1)").unread == "a command with a query in it"


def test_a_query_that_is_unloaded_is_read() -> None:
    piece = one("unload from (select a from hr.b) into location 'c' stored as parquet")
    assert (piece.kind, piece.text, piece.words[-1].text) == ("UNLOAD", "select a from hr.b", "parquet")
    assert one("unload from (select a from hr.b").text == "select a from hr.b"
    assert one("unload from ()").text == ""


def test_a_call_is_unread() -> None:
    piece = one("call hr.p(1)", Engine.MYSQL)
    assert (piece.kind, piece.unread) == ("CALL", "a procedure is called")
    assert [called.name for called in by_words(piece.words).calls] == ["p"]


def test_a_tunnel_line_needs_no_semicolon() -> None:
    text = "select 1\n tunnel download hr.a ./b\nselect tunnel\nfrom c;\ntunnel upload ./d e;TUNNEL show history"
    found = pieces(text, Engine.MAXCOMPUTE)
    assert [(piece.kind, piece.text, piece.line) for piece in found] == [
        ("SELECT", "select 1", 1),
        ("TUNNEL", "", 2),
        ("SELECT", "select tunnel\nfrom c", 3),
        ("TUNNEL", "", 5),
        ("TUNNEL", "", 5),
    ]
    assert {piece.unread for piece in found if piece.kind == "TUNNEL"} == {"it is a tunnel command"}
    assert [(named.parts, named.written) for piece in found for named in by_words(piece.words).tables] == [
        (("hr", "a"), False),
        (("c",), False),
        (("e",), True),
    ]


@pytest.mark.parametrize(
    "text", ["select a,\ntunnel\nfrom b", "select a,\ntunnel, upload from b", "select\n1 tunnel upload"]
)
def test_a_column_that_is_called_tunnel_is_no_command(text: str) -> None:
    assert cut(text) == [("SELECT", text)]


def test_there_is_no_tunnel_elsewhere() -> None:
    assert cut("a\ntunnel upload b c", Engine.MYSQL) == [("OTHER", "a\ntunnel upload b c")]


# What is unclear, and what is no SQL


def test_from_what_is_unclear_on_all_is_one_piece() -> None:
    first, second = pieces("select 1;\n\nselect a from b where c = 'd; drop table hr.e", Engine.MAXCOMPUTE)
    assert (first.text, first.unread) == ("select 1", "")
    assert (second.kind, second.text, second.line, second.unread) == ("SELECT", "", 3, "a quote is not closed")
    assert {named.parts for named in by_words(second.words).tables} >= {("b",), ("hr", "e")}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("insert into a select '", "INSERT"),
        ("'", ""),
        ("' drop table a", "DROP"),
        ("@a := select '", "SELECT"),
        ("@a := 1 + '", "ASSIGN"),
        ("@a bigint '", "OTHER"),
        ("begin select '", "SELECT"),
        ("select 1; -- \\\n", ""),
    ],
)
def test_what_is_unclear_is_told_by_its_first_words(text: str, kind: str) -> None:
    assert "".join(piece.kind for piece in pieces(text, Engine.MAXCOMPUTE) if piece.unread) == kind


def test_a_placeholder_is_given_back_also_where_it_is_unclear() -> None:
    (named,) = by_words(one("select '' ' from hr.a_${b}").words).tables
    assert named.parts == ("hr", "a_${b}")


@pytest.mark.parametrize(
    ("engine", "text", "reason"),
    [
        (Engine.PYTHON, "o.execute_sql('select f(a) from hr.b') # c", "Python is not SQL"),
        (Engine.SHELL, 'odpscmd -e "select f(a) from/* d */hr.b" # c', "Shell is not SQL"),
        (Engine.OTHER, "<sql>select f(a) from hr.b</sql>", "it is not SQL"),
    ],
)
def test_what_is_no_sql_is_one_piece(engine: Engine, text: str, reason: str) -> None:
    piece = one(f"\n{text}", engine)
    assert (piece.kind, piece.text, piece.unread, piece.line) == ("OTHER", "", reason, 2)
    found = by_words(piece.words)
    assert ("hr", "b") in {named.parts for named in found.tables}
    assert "f" in {called.name for called in found.calls}
    assert {"a", "b"} <= found.names


def test_code_with_nothing_in_it_is_nothing() -> None:
    assert pieces("# a", Engine.PYTHON) == []


# Size


@pytest.mark.no_cover
@pytest.mark.parametrize("engine", [Engine.MAXCOMPUTE, Engine.POSTGRESQL])
def test_a_megabyte_is_cut_and_read(engine: Engine) -> None:
    columns = ", ".join(f"column_{number} as c{number}" for number in range(50_000))
    piece = one("select ? from hr.users".replace("?", columns), engine)
    assert len(piece.text) > 1_000_000
    assert [named.parts for named in by_words(piece.words).tables] == [("hr", "users")]


@pytest.mark.no_cover
def test_ten_thousand_unions_are_cut_and_read() -> None:
    piece = one(" union all ".join("select a from hr.t?".replace("?", str(number)) for number in range(10_000)))
    assert len(by_words(piece.words).tables) == 10_000


@pytest.mark.no_cover
def test_a_hundred_thousand_statements_are_cut_and_read() -> None:
    found = pieces("select 1;" * 100_000, Engine.MAXCOMPUTE)
    assert len(found) == 100_000


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "text",
    [
        *("if a ", "if (a) ", "else if (a) begin ", "begin ", "end ", "while a begin ", "function f(", "explain "),
        *(
            "explain (",
            "@a := ",
            "@a (",
            "@a b ",
            "tunnel upload a b\n",
            "do a; ",
            "show a from ",
            "grant a on ",
            "desc (",
        ),
        *(
            "with a (",
            "with a as (",
            ", a as (select ",
            "from ",
            "from a,",
            "from (",
            "update ",
            "insert ignore ",
            "('a',",
        ),
        *(
            "(1,2,3),",
            "((",
            "select ( ",
            "case when ",
            "a:b:",
            "as a, ",
            "lateral view f(a) b as c, d, ",
            "values (1),",
        ),
    ],
)
def test_hostile_text_is_cut_and_read_in_linear_time(text: str) -> None:
    for engine in (Engine.MAXCOMPUTE, Engine.POSTGRESQL, Engine.PYTHON):
        for piece in pieces(text * (60_000 // len(text)), engine):
            by_words(piece.words)
