"""A text statement by statement: by the grammar where it takes it, by the words where not."""

# ruff: noqa: S608  SQL that no database sees

import pytest

from extension.sql import reading
from extension.sql.facts import Engine
from extension.sql.lineage import Reader
from tests.sql.given import last, statements


def test_an_empty_text_has_no_statements() -> None:
    for text in ("", " ; ;\n", "-- select 1", "/* select 1 */"):
        assert statements(text) == ()


def test_what_is_read_is_counted_in_characters() -> None:
    found = reading.read("select 1 -- 手机", Engine.MAXCOMPUTE, "")
    assert (found.characters, found.engine, found.unread) == (15 - 1, Engine.MAXCOMPUTE, ())


def test_a_statement_that_the_grammar_does_not_take_is_read_by_its_words_and_says_so() -> None:
    found = statements("select f(phone from hr.users where; select 1")
    broken = found[0]
    assert broken.unread
    assert [(read.table, read.line, read.filters) for read in broken.reads] == [("hr.users", 1, frozenset())]
    assert [call.function for call in broken.calls] == ["f"]
    assert "phone" in broken.words
    assert (broken.outputs, broken.stars, broken.used, broken.returns) == ((), (), (), False)


def test_a_statement_that_the_grammar_takes_has_no_words() -> None:
    assert (last("select phone from t").unread, last("select phone from t").words) == ("", frozenset())


def test_what_broke_off_in_a_statement_is_not_left_to_the_next_one() -> None:
    found = statements("with c as (select a from t) select * from c, (table u v w x); select b from v")
    assert [read.table for read in found[-1].reads] == ["shop.v"]


@pytest.mark.parametrize(
    "text",
    [
        "create table t (a bigint) frobnicate by (a)",
        "drop table if exists t frobnicate now please",
        "alter table t frobnicate the columns",
        "truncate table t frobnicate",
    ],
)
def test_a_statement_that_only_defines_a_table_is_read_by_its_words_for_certain(text: str) -> None:
    found = last(text)
    assert [(each.table, each.line) for each in found.written] == [("shop.t", 1)]
    assert found.reads == ()


@pytest.mark.parametrize(
    "text",
    [
        "create table t frobnicate as select a from hr.users",
        "create table t frobnicate select a from hr.users",
        "create table t frobnicate as table hr.users",
    ],
)
def test_one_that_takes_from_another_is_not(text: str) -> None:
    found = statements(text)
    assert [bool(each.unread) for each in found] == [True]
    assert "hr.users" in {read.table for read in found[0].reads}


def test_what_is_defined_as_something_is_not_read_for_certain() -> None:
    assert statements("create table t frobnicate as u")[0].unread


def test_a_text_longer_than_the_grammar_is_given_is_read_by_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_WORDS", 6)
    assert [each.unread for each in statements("select a from t limit 10; select a, b, c from t")] == [
        "",
        "it is too long",
    ]


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("users", False),
        ("uѕers", True),
        ("ｕｓｅｒｓ", False),
        ("用户", False),
        ("用户users", False),
        ("пользователи", False),
        ("αβγ", False),
        ("aβ", True),
        ("`uѕers`", True),
        ("naïve", False),
        ("users_２", False),
        ("ⅰd", False),
    ],
)
def test_a_name_of_several_alphabets_is_not_taken_for_what_it_looks_like(name: str, *, odd: bool) -> None:
    found = statements(f"select a from {name}")
    assert [each.unread for each in found] == ["a name has letters of several alphabets" if odd else ""]
    assert found[0].reads


def test_letters_of_several_alphabets_in_a_string_are_nobodys_name() -> None:
    assert last("select 'uѕers' from t").unread == ""


def test_what_the_words_name_and_the_grammar_does_not_is_told_and_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reader, "parts", lambda self, table: ("x", *map(self.name, table.parts[1:])))
    for text, reads, written in (
        ("select a from t", ["shop.x", "shop.t"], []),
        ("insert into t values (1)", [], ["shop.x", "shop.t"]),
    ):
        found = reading.read(text, Engine.MAXCOMPUTE, "shop").statements[0]
        assert found.unread == "the grammar and the words do not name the same tables"
        assert [read.table for read in found.reads] == reads
        assert [each.table for each in found.written] == written


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("select a from ODS.Log_${bizdate}", "ods.log_${bizdate}"),
        ("select a from log_$[yyyymmdd-1]", "shop.log_$[yyyymmdd-1]"),
        ("select a from ${db}.log", "${db}.log"),
        ("select a from hr.`log_${day}`", "hr.log_${day}"),
        ("select a b c from hr.log_${day} x y", "hr.log_${day}"),
        ("select a b c from ${a}.log_${b} x y", "${a}.log_${b}"),
    ],
)
def test_a_placeholder_is_shown_as_the_text_has_it(text: str, wanted: str) -> None:
    assert [read.table for read in statements(text)[0].reads] == [wanted]


def test_use_is_for_what_follows_also_by_the_words() -> None:
    found = statements("use HR; select a b c from users; use other; select a b c from t")
    assert [[read.table for read in each.reads] for each in found] == [[], ["hr.users"], [], ["other.t"]]


def test_an_assignment_sets_the_schemas_of_names_no_more_than_another_setting() -> None:
    text = "set odps.sql.type=true; select a from s.t"
    assert [read.table for read in last(text).reads] == ["s.t"]


def test_a_name_is_read_without_case_and_width() -> None:
    found = reading.read("select A from Users", Engine.MAXCOMPUTE, "ＳＨＯＰ").statements[0]
    assert [read.table for read in found.reads] == ["shop.users"]


def test_each_function_is_told_once_for_each_line_also_by_the_words() -> None:
    found = statements("select F(a), f(b),\n f(c) from t where where")[0]
    assert found.unread
    assert [(call.function, call.line) for call in found.calls] == [("f", 1), ("f", 2)]


@pytest.mark.parametrize("depth", [50, 1500])
def test_deep_brackets_are_read_or_refused_and_never_the_end_of_the_process(depth: int) -> None:
    found = statements("select * from " + "(select a from " * depth + "hr.users" + ") x" * depth)
    assert {read.table for each in found for read in each.reads} == {"hr.users"}
    assert bool(found[0].unread) is (depth == 1500)


@pytest.mark.parametrize(
    "text", ["select a from b where c = 1".ljust(reading.MAX_CHARS + 1), ";" * (reading.MAX_ENDS + 1)]
)
def test_a_text_that_is_too_long_is_one_statement_that_was_not_read(text: str) -> None:
    found = reading.read(text, Engine.MAXCOMPUTE, "p")
    assert [(each.kind, each.unread) for each in found.statements] == [("OTHER", "it is too long")]
    assert found.characters == len(text)
