"""What is left of a text when its comments and strings are gone, and from where on nobody can tell."""

import random
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import pytest

from extension.sql.facts import Engine
from extension.sql.words import (
    HIVE,
    NOT_SQL,
    PLACEHOLDER,
    VARIABLE,
    Cleaned,
    Lines,
    Word,
    _joined_words,
    _syntax,
    clean,
    loosened,
    readings,
    words,
)
from extension.verdict import visible

MAXCOMPUTE, MYSQL, POSTGRESQL, CLICKHOUSE = Engine.MAXCOMPUTE, Engine.MYSQL, Engine.POSTGRESQL, Engine.CLICKHOUSE
STANDARD = (Engine.HOLOGRES, Engine.POSTGRESQL, Engine.PRESTO)
SQL = tuple(engine for engine in Engine if engine not in NOT_SQL)


def cleaned(text: str, engine: Engine = MAXCOMPUTE) -> str:
    """The clean form of a text that is clear, without blanks at its end."""
    found = clean(text, engine)
    assert (found.unclear, found.reason) == (len(text), "")
    assert len(found.text) == len(text)
    return found.text.rstrip(" ")


def unclear(text: str, engine: Engine = MAXCOMPUTE) -> tuple[str, str]:
    """What is before the place from which on a text is unclear, and why it is."""
    found = clean(text, engine)
    assert len(found.text) == len(text)
    assert found.reason
    return text[: found.unclear], found.reason


def names(text: str) -> list[str]:
    """Names of a clean text."""
    return [word.text for word in words(text) if word.kind in ("name", "quoted")]


# How far


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("select 'a' from t", "select 'a' from t"),
        ("select a # b", "select a "),
        ("select 'a' # b", "select "),
        ("select it's, 'b' from t", "select it"),
        ('select `a`, "b', "select "),
        ("'", ""),
    ],
)
def test_where_a_text_is_unclear_all_quotes_before_are_in_doubt(text: str, sure: str) -> None:
    assert text[: clean(text, MAXCOMPUTE).certain] == sure


# Comments


@pytest.mark.parametrize("engine", SQL)
@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a -- b", "a"),
        ("a -- b\nc", "a     \nc"),
        ("a -- b\r\nc", "a     \r\nc"),
        ("a --\nc", "a   \nc"),
        ("a -- b \\ c\nd", "a         \nd"),
        ("a/* b */c", "a       c"),
        ("a/**/c", "a    c"),
        ("a/***/c", "a     c"),
        ("/* a\n * b\r\n **/c", "    \n    \r\n    c"),
        ("a/*+ mapjoin(b) */c", "a                 c"),
        ("/* ' */ a -- '", "        a"),
        ("/* -- */ a", "         a"),
        ("-- /*\na -- */", "     \na"),
        ("-- '订单；（）“\na", f"{' ' * 10}\na"),
        ("a - b / c * d", "a - b / c * d"),
    ],
)
def test_a_comment_is_blank(engine: Engine, text: str, left: str) -> None:
    assert cleaned(text, engine) == left


@pytest.mark.parametrize(
    ("engine", "text", "left"),
    [
        (MYSQL, "a # b'\nc", "a     \nc"),
        (CLICKHOUSE, "a # b\nc", "a    \nc"),
        (CLICKHOUSE, "#! b\nc", "    \nc"),
        (POSTGRESQL, "a #> b #>> c", "a #> b #>> c"),
    ],
)
def test_a_hash_is_what_it_is_to_the_engine(engine: Engine, text: str, left: str) -> None:
    assert cleaned(text, engine) == left


@pytest.mark.parametrize(
    ("engine", "text"),
    [(engine, "a # b") for engine in SQL if engine not in (MYSQL, CLICKHOUSE)] + [(CLICKHOUSE, "a #b")],
)
def test_a_hash_that_is_none_of_these_is_unclear(engine: Engine, text: str) -> None:
    assert unclear(text, engine) == ("a ", "a # is not a comment to all engines")


@pytest.mark.parametrize("engine", SQL)
@pytest.mark.parametrize(
    ("text", "before", "reason"),
    [
        ("a /* b", "a ", "a comment is not closed"),
        ("/*/ b", "", "a comment is not closed"),
        ("a /* /* */ b */", "a ", "engines end a comment in different places"),
        ("a /* //* */ b", "a ", "engines end a comment in different places"),
        ("a /*! b */", "a ", "engines end a comment in different places"),
        ("a /*M! b */", "a ", "engines end a comment in different places"),
        ("a -- b \\\nc", "a ", "engines end a comment in different places"),
        ("a -- b \\\r\nc", "a ", "engines end a comment in different places"),
        ("a -- b\rc", "a ", "engines end a comment in different places"),
    ],
)
def test_a_comment_that_not_all_engines_end_in_the_same_place_is_unclear(
    engine: Engine, text: str, before: str, reason: str
) -> None:
    assert unclear(text, engine) == (before, reason)


def test_two_minus_signs_are_a_comment_of_mysql_only_before_a_blank() -> None:
    assert cleaned("a --\tb\n--", MYSQL) == "a     \n"
    assert unclear("a --b", MYSQL) == ("a ", "engines end a comment in different places")


# Strings and names in quotes


@pytest.mark.parametrize("engine", SQL)
@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("'a' b", "'x' b"),
        ("''", "''"),
        ("'a\nb\r\n'", "'x\nx\r\n'"),
        ("'it''s' b", "'xxxxx' b"),
        ("'--' a", "'xx' a"),
        ("'/*' a", "'xx' a"),
        ("'a;b'", "'xxx'"),
        ("'\\d'", "'xx'"),
        ("'\\\\' a", "'xx' a"),
        ("'select * from hr.users'", "'xxxxxxxxxxxxxxxxxxxxxx'"),
        ("'${bizdate}@a，（\u200b\ue000'", "'xxxxxxxxxxxxxxxx'"),
        ("x'4f' B'1'", "x'00' B'0'"),
        ("ax'4f'", "ax'xx'"),
    ],
)
def test_a_string_is_filled_with_x(engine: Engine, text: str, left: str) -> None:
    assert cleaned(text, engine) == left


@pytest.mark.parametrize("engine", [*HIVE, MYSQL])
@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('"a" b', "'x' b"),
        ('"it\'s" b', "'xxxx' b"),
        ("'say \"a\"' b", "'xxxxxxx' b"),
        ("'it\\'s' b", "'xxxxx' b"),
        ('"a\\"" b', "'xxx' b"),
        ('"a""b"', "'xxxx'"),
        ("`a-- b/*;` c", "`a-- b/*;` c"),
        ("`金额（元）`", "`金额（元）`"),
    ],
)
def test_hive_and_mysql_have_escapes_and_two_kinds_of_strings(engine: Engine, text: str, left: str) -> None:
    assert cleaned(text, engine) == left


@pytest.mark.parametrize("engine", [*STANDARD, CLICKHOUSE])
def test_standard_sql_has_names_in_double_quotes(engine: Engine) -> None:
    assert cleaned('select "a-- b" from "hr"."users" -- c', engine) == 'select "a-- b" from "hr"."users"'


def test_clickhouse_has_escapes_and_both_kinds_of_names() -> None:
    assert cleaned("'it\\'s' `a` \"b\"", CLICKHOUSE) == "'xxxxx' `a` \"b\""


ELSEWHERE, OPEN = "engines end a text in quotes in different places", "a quote is not closed"


@pytest.mark.parametrize(
    ("engine", "text", "before", "reason"),
    [
        *((engine, "a 'b", "a ", OPEN) for engine in SQL),
        *((engine, 'a "b', "a ", OPEN) for engine in SQL),
        *((engine, "a `b", "a ", OPEN) for engine in SQL),
        *((engine, "a 'b''c", "a ", ELSEWHERE) for engine in SQL),
        *((engine, "a r'\\' b '", "a r", ELSEWHERE) for engine in SQL),
        *((engine, "a r'b\\c\\' d '", "a r", ELSEWHERE) for engine in SQL),
        *((engine, "a 'b\\' c '", "a ", ELSEWHERE) for engine in STANDARD),
        *((engine, "a E'b\\' c '", "a E", ELSEWHERE) for engine in STANDARD),
        *((engine, "a `b` c", "a ", ELSEWHERE) for engine in STANDARD),
        *((engine, 'a "b\'" c', "a ", ELSEWHERE) for engine in STANDARD),
        *((engine, 'a "b""c"', "a ", ELSEWHERE) for engine in STANDARD),
        *((engine, 'a U&"\\0062"', "a U&", ELSEWHERE) for engine in STANDARD),
        *((engine, "a u&\"!0062\" uescape '!'", "a ", ELSEWHERE) for engine in STANDARD),
        *((engine, "a `b'c`", "a ", ELSEWHERE) for engine in HIVE),
        *((engine, "a `b``c`", "a ", ELSEWHERE) for engine in HIVE),
        *((engine, "a `b\\` c`", "a ", ELSEWHERE) for engine in HIVE),
        *((engine, "a `b\nc`", "a ", ELSEWHERE) for engine in HIVE),
        (CLICKHOUSE, 'a "b\\" c"', "a ", ELSEWHERE),
    ],
)
def test_a_text_in_quotes_that_not_all_engines_end_in_the_same_place_is_unclear(
    engine: Engine, text: str, before: str, reason: str
) -> None:
    assert unclear(text, engine) == (before, reason)


@pytest.mark.parametrize("engine", SQL)
@pytest.mark.parametrize("text", ["a $$'$$ b", "a $x$'$x$ b", "a $[b", "a ${'b'}", "a ${b;c}", "a ${b--c}", "a @@[b"])
def test_dollars_that_may_be_quotes_or_half_a_placeholder_are_unclear(engine: Engine, text: str) -> None:
    assert unclear(text, engine) == ("a ", "engines read a $ in different ways")


# Placeholders and variables


@pytest.mark.parametrize("engine", SQL)
@pytest.mark.parametrize(
    "text",
    [
        "${bizdate}",
        "${yyyy-mm-dd}",
        "${dag.input[0]}",
        "$[yyyymmdd-1]",
        "$[hh24:mi:ss - 1/24]",
        "$[add_months(yyyymmdd,-1)]",
        "@@[yyyymmdd-7*1]",
    ],
)
def test_a_placeholder_is_a_name_or_part_of_one(engine: Engine, text: str) -> None:
    name = PLACEHOLDER + "p" * (len(text) - 1)
    assert cleaned(text, engine) == name
    assert names(cleaned(f"hr.ods_{text}_x + 1", engine)) == ["hr", f"ods_{name}_x", "1"]


@pytest.mark.parametrize("engine", [*HIVE, MYSQL])
def test_a_dollar_and_a_name_are_a_placeholder(engine: Engine) -> None:
    assert cleaned("ods_$bizdate", engine) == f"ods_{PLACEHOLDER}ppppppp"


def test_a_dollar_and_a_number_are_a_parameter() -> None:
    assert cleaned("a = $1", POSTGRESQL) == "a = $1"
    assert cleaned("a = $1") == "a = $1"


@pytest.mark.parametrize("engine", HIVE)
def test_a_variable_of_a_script_is_a_name_of_its_own(engine: Engine) -> None:
    assert cleaned("@a := @b", engine) == f"{VARIABLE}a := {VARIABLE}b"
    assert cleaned("a@b.com @ c", engine) == "a@b.com @ c"


def test_a_variable_of_mysql_stays() -> None:
    assert cleaned("@a @@b", MYSQL) == "@a @@b"


# Characters


@pytest.mark.parametrize("engine", SQL)
def test_every_kind_of_blank_is_a_blank(engine: Engine) -> None:
    assert cleaned("\ufeffa\u3000b\u00a0c\fd\ve\u2028f\tg\rh", engine) == " a b c d e f\tg\rh"


@pytest.mark.parametrize("engine", SQL)
@pytest.mark.parametrize("text", ["用户表", "ｕｓｅｒｓ", "été", "_1a", "1a"])
def test_names_stay_as_they_are(engine: Engine, text: str) -> None:
    assert cleaned(text, engine) == text
    assert names(text) == [text]


@pytest.mark.parametrize("engine", SQL)
@pytest.mark.parametrize(
    ("text", "before", "reason"),
    [
        ("a\u200bb", "a", "an invisible character"),
        ("a\ufeffb", "a", "an invisible character"),
        ("a\u00adb", "a", "an invisible character"),
        ("a\u3164b", "a", "an invisible character"),
        ("a，b", "a", "a character that SQL does not have"),
        ("a（b）", "a", "a character that SQL does not have"),
        ("a；", "a", "a character that SQL does not have"),
        ("a ‘b’", "a ", "a character that SQL does not have"),
        ("a \ue000b", "a ", "a character that SQL does not have"),
        ("a \ue001b", "a ", "a character that SQL does not have"),
        ("a\x01b", "a", "a control character"),
        ("a\0b", "a", "a control character"),
        ("a 'b\0'", "a 'b", "a control character"),
        ("a -- \0", "a -- ", "a control character"),
        ("a \\ b", "a ", "a backslash outside of quotes"),
    ],
)
def test_a_character_that_engines_may_take_for_another_is_unclear(
    engine: Engine, text: str, before: str, reason: str
) -> None:
    assert unclear(text, engine) == (before, reason)


def test_an_invisible_character_in_a_quoted_name_is_unclear() -> None:
    assert unclear("a `us\u200bers`") == ("a `us", "an invisible character")


@pytest.mark.parametrize("engine", SQL)
def test_no_character_is_lost_that_is_not_shown(engine: Engine) -> None:
    for number in (*range(0x80, 0x3200), *range(0xD800, 0xD810), *range(0xFE00, 0xFFFE), *range(0xE0000, 0xE0200)):
        if not visible(chr(number)) and not chr(number).isspace():
            assert clean(f"a{chr(number)}b", engine).unclear == 1


# SET, TUNNEL and the shell


@pytest.mark.parametrize("engine", HIVE)
@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("set a.b=c-d/e,f;", "set a.b=c-d e,f;"),
        ("SET a = 'b' ;", "SET a =  b  ;"),
        ('set a={"b": 1}', "set a=  b : 1"),
        ("set a=；;select ';'", "set a= ;select 'x'"),
        ("/* a */ set b=c; -- d\n set e=f", "        set b=c;     \n set e=f"),
        ("set a=b;\nselect offset -- c", "set a=b;\nselect offset"),
    ],
)
def test_a_value_of_set_goes_up_to_the_semicolon(engine: Engine, text: str, left: str) -> None:
    assert cleaned(text, engine).rstrip() == left


@pytest.mark.parametrize("engine", HIVE)
@pytest.mark.parametrize("text", ["set a=it's; b", "set a=/*; b */", "set a=b -- c\n;", "set a='b;c';", "set a=#;"])
def test_a_quote_or_a_comment_sign_in_a_value_of_set_is_unclear(engine: Engine, text: str) -> None:
    assert unclear(f"select 1; {text}", engine)[1] == "a quote or comment sign in a value of SET"


def test_a_set_that_is_no_statement_has_strings() -> None:
    assert cleaned("update a set b='it''s' where c='--'") == "update a set b='xxxxx' where c='xx'"
    assert cleaned("update a/**/set b='c;'") == "update a    set b='xx'"
    assert cleaned("set a='b;c';", POSTGRESQL) == "set a='xxx';"


def test_the_shell_is_unclear() -> None:
    assert unclear('a;\n odpscmd -e "select b"') == ("a;\n", "a command of the shell")
    assert cleaned("select odpscmd") == "select odpscmd"


@pytest.mark.parametrize("rest", ["'", '-fd "\\"";', "./*.csv;\nselect 1 -- */", "'a\nb'"])
def test_a_tunnel_line_with_quotes_of_its_own_is_unclear(rest: str) -> None:
    assert unclear(f"select 1;\ntunnel download a {rest}\n;select 'b'")[0] == "select 1;\n"


def test_a_plain_tunnel_line_is_clear() -> None:
    assert cleaned("tunnel upload /tmp/a.csv b -fd ',';") == "tunnel upload /tmp/a.csv b -fd 'x';"
    assert cleaned("tunnel upload a b;\ntunnel upload c d") == "tunnel upload a b;\ntunnel upload c d"


# From the unclear place on


def test_what_is_unclear_counts_as_words() -> None:
    found = clean("select 'a' /* /* b -- c */ 'd' \"e\" `f` # g */ \\n ${h} @i，（j）", MAXCOMPUTE)
    assert found.text[: found.unclear] == "select 'x' "
    assert names(found.text[found.unclear :]) == [*"bcdefg", f"{PLACEHOLDER}ppp", f"{VARIABLE}i", "j"]
    assert found.text.endswith(",(j)")


def test_escapes_are_blank_where_it_is_unclear() -> None:
    assert names(clean("'a\\nfrom\\tb\\\nc", MAXCOMPUTE).text) == ["a", "from", "b", "c"]


def test_the_signs_of_the_project_itself_are_blank_where_it_is_unclear() -> None:
    assert names(clean("\ue000a \ue001b", MAXCOMPUTE).text) == ["a", "b"]


def test_an_odd_character_stands_between_two_names_and_in_one() -> None:
    found = clean("us\u200bers，a", MAXCOMPUTE)
    assert [word.text for word in words(found.text, 2)] == ["ers", ",", "a", ";", "\u200bers", ",", "a"]


def test_a_text_that_is_clear_has_one_reading() -> None:
    assert readings(clean("a 'b' -- c", MAXCOMPUTE)) == ("a 'x'     ",)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("/* /* */ a */ from /* b */ hr.c", ["a", "from", "hr", "c"]),
        ("/* /* */ a */ from /* b */ hr.c", ["from", "hr", "c"]),
        ("'a' \\ from -- b\nhr.c", ["from", "hr", "c"]),
        ("'\\'' \\ from 'b' hr.c", ["from", "hr", "c"]),
        ("\\ from # b\nhr.c", ["from", "hr", "c"]),
        ("\\ from hr.c /* b", ["from", "hr", "c"]),
        ("\\ from hr.c 'b", ["from", "hr", "c"]),
    ],
)
def test_what_is_unclear_is_also_read_without_what_may_be_a_comment(text: str, reading: list[str]) -> None:
    assert reading in [names(each) for each in readings(clean(text, MAXCOMPUTE))]


def test_all_readings_are_as_long_as_the_text() -> None:
    for each in readings(clean("a /* /* b\n'c' \"d\\\" -- e\n*/ f */ ' g", MAXCOMPUTE)):
        assert (len(each), each.count("\n")) == (35, 2)


# Python, Shell and other code


@pytest.mark.parametrize(
    ("engine", "text", "found"),
    [
        (Engine.PYTHON, "a('select b') # c", ["a", "select", "b"]),
        (Engine.PYTHON, 'a("""b\n # c""") # d', ["a", "b", "c"]),
        (Engine.PYTHON, "a('''it's # b''') # c", ["a", "it", "s", "b"]),
        (Engine.PYTHON, "a('it\\'s # b') # c", ["a", "it", "s", "b"]),
        (Engine.PYTHON, "a('b # c", ["a", "b", "c"]),
        (Engine.PYTHON, "f'{a.b} {{c}} {d[0]}'", ["f", f"{PLACEHOLDER}pppp", f"{PLACEHOLDER}pppp", "d", "0"]),
        (Engine.SHELL, "a 'b # c' # d", ["a", "b", "c"]),
        (Engine.SHELL, 'a "$b # ${c}" # d', ["a", f"{PLACEHOLDER}p", f"{PLACEHOLDER}ppp"]),
        (Engine.SHELL, "a#b \\# c", ["a", "b", "c"]),
        (Engine.SHELL, "a <<b\n# c", ["a", "b", "c"]),
        (Engine.OTHER, "a // b # c '", ["a", "b", "c"]),
    ],
)
def test_code_is_words_without_its_comments(engine: Engine, text: str, found: list[str]) -> None:
    code = clean(text, engine)
    assert (code.unclear, code.reason, len(code.text)) == (0, NOT_SQL[engine], len(text))
    assert names(code.text) == found


@pytest.mark.parametrize("engine", NOT_SQL)
def test_sql_in_code_is_also_read_without_its_comments(engine: Engine) -> None:
    found = [names(each) for each in readings(clean("'from/*b*/hr.c -- d\n, e'", engine))]
    assert found == [["from", "b", "hr", "c", "d", "e"], ["from", "hr", "c", "e"]]


# Words and lines


def test_words_are_names_quoted_names_strings_and_signs() -> None:
    text = cleaned("select a1, `b c` from hr.\"用户\" where 'd' = 1.5", Engine.CLICKHOUSE)
    assert words(text)[:4] == [
        Word("name", "select", 0),
        Word("name", "a1", 7),
        Word("sign", ",", 9),
        Word("quoted", "b c", 11),
    ]
    assert [word.kind for word in words(text)[6:]] == [
        "sign",
        "quoted",
        "name",
        "string",
        "sign",
        "name",
        "sign",
        "name",
    ]
    assert words(text, 7, 10) == [Word("name", "a1", 7), Word("sign", ",", 9)]


def test_words_of_a_text_that_is_run_are_those_of_its_strings_too() -> None:
    text = "a; do 'select b'; c"
    assert [word.text for word in loosened(clean(text, POSTGRESQL), 3, 16)] == ["", "do", "select", "b"]
    assert [word.at for word in loosened(clean(text, POSTGRESQL), 3, 16)] == [3, 3, 7, 14]


def test_lines_count_from_1() -> None:
    lines = Lines("a\nb\r\n\nc")
    assert [lines.at(offset) for offset in range(7)] == [1, 1, 2, 2, 2, 3, 4]


def test_nothing_of_the_text_is_shown() -> None:
    assert repr(clean("select secret", MAXCOMPUTE)) == "Cleaned(<Engine.MAXCOMPUTE: 'maxcompute'>, 13)"


# Against a slow reader, which knows one way to read a text, and every way in turn


class Way(NamedTuple):
    """How an engine may read what is unclear."""

    nests: bool
    returns: bool
    continues: bool
    other_escapes: bool
    runs: bool


WAYS = [Way(*each) for each in product((False, True), repeat=5)]
ATOMS = (
    *("'", '"', "`", "\\", "/*", "*/", "--", "\n", "\r\n", "\r", "#", "# ", " ", "a", "r", "from hr.t", "/", "*", "-"),
    *("!", ";", "''", "'y'", "y", "/*!", "'\\'", "-- \\", "\\\\"),
)


class Slow:
    """A text read character by character in one way."""

    def __init__(self, text: str, engine: Engine, way: Way) -> None:
        self.text, self.engine, self.way = text, engine, way
        double = engine in (*HIVE, MYSQL)
        self.strings = "'\"" if double else "'"
        self.names = "`" if double else '"`' if engine is CLICKHOUSE else '"'
        self.escapes = double or engine is CLICKHOUSE
        self.left = ""

    def read(self) -> str | None:
        """The clean text, or None where something is not closed."""
        at = 0
        for _ in self.text:
            if at < len(self.text):
                end = self.token(at)
                if end is None:
                    return None
                at = end
        return self.left

    def blank(self, at: int, end: int) -> int:
        self.left += "".join(character if character in "\r\n" else " " for character in self.text[at:end])
        return end

    def token(self, at: int) -> int | None:
        text = self.text
        if text.startswith("/*!", at) and self.way.runs:
            return self.blank(at, at + 3)
        if text.startswith("/*", at):
            return self.block(at)
        if self.opens_line(at):
            return self.line(at)
        if text[at] in self.strings:
            return self.string(at)
        end = text.find(text[at], at + 1) + 1 if text[at] in self.names else at + 1
        self.left += text[at:end]
        return end or None

    def block(self, at: int) -> int | None:
        depth, end = 1, at + 2
        while depth:
            if end >= len(self.text):
                return None
            two = self.text[end : end + 2]
            nests = two == "/*" and self.way.nests
            depth += nests - (two == "*/")
            end += 2 if nests or two == "*/" else 1
        return self.blank(at, end)

    def opens_line(self, at: int) -> bool:
        behind = self.text[at + 1 : at + 3]
        if self.text[at] == "#":
            return self.engine is MYSQL or (self.engine is CLICKHOUSE and behind[:1] in (" ", "!"))
        return self.text.startswith("--", at) and (self.engine is not MYSQL or not behind[1:].strip())

    def line(self, at: int) -> int:
        end = at
        while end < len(self.text):
            if self.text[end] == "\n":
                if not (self.way.continues and self.text[at:end].removesuffix("\r").endswith("\\")):
                    break
            elif self.text[end] == "\r" and self.way.returns and self.text[end + 1 : end + 2] != "\n":
                break
            end += 1
        return self.blank(at, end)

    def string(self, at: int) -> int | None:
        quote, end = self.text[at], at + 1
        prefixed = self.left[-1:].isalnum()
        escapes = self.escapes != (self.way.other_escapes and (prefixed or not self.escapes))
        while end < len(self.text):
            if escapes and self.text[end] == "\\":
                end += 2
            elif self.text[end] != quote:
                end += 1
            elif self.text[end + 1 : end + 2] == quote:
                end += 2
                escapes = self.escapes or escapes
            else:
                inner = self.text[at + 1 : end]
                self.left += "'" + "".join(each if each in "\r\n" else "x" for each in inner) + "'"
                return end + 1
        return None


def texts(count: int) -> Iterator[str]:
    """Texts put together by chance, the same ones every time."""
    chance = random.Random(4)  # noqa: S311  no secret hangs on it
    for _ in range(count):
        yield "".join(chance.choice(ATOMS) for _ in range(chance.randint(1, 14)))


@pytest.mark.parametrize("engine", [MAXCOMPUTE, MYSQL, POSTGRESQL, CLICKHOUSE, Engine.PRESTO])
def test_what_is_clear_is_so_in_every_way_to_read_it(engine: Engine) -> None:
    clear = 0
    for text in texts(400):
        found: Cleaned = clean(text, engine)
        assert [each for each in found.text if each in "\r\n"] == [each for each in text if each in "\r\n"]
        for way in WAYS:
            slow = Slow(text, engine, way)
            whole = slow.read()
            assert slow.left[: found.unclear] == found.text[: found.unclear], (text, way)
            assert found.reason or whole == found.text, (text, way)
        clear += not found.reason
    assert clear > 50


# Size


@pytest.mark.no_cover
@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize(
    "text",
    [
        *(
            "'",
            "'\\'",
            "''",
            "/*",
            "/* /* */",
            "--\n",
            "-- \\\n",
            "a ",
            "a",
            "a.",
            '"$',
            "r'\\a",
            "${",
            "${a}",
            "$[a",
            "{{",
        ),
        *("set a=b;", "set a=", ";", "(", ")", "`a`", "`", "# ", "\\", "，", "a\u200b", "\u3000", "@a", "\0", "\r"),
    ],
)
def test_hostile_text_is_read_in_linear_time(engine: Engine, text: str) -> None:
    long = text * (60_000 // len(text))
    found = clean(long, engine)
    assert len(found.text) == len(long)
    assert all(len(each) == len(long) for each in readings(found))


@pytest.mark.no_cover
@pytest.mark.parametrize("engine", SQL)
def test_a_megabyte_is_read(engine: Engine) -> None:
    found = clean("select 'it''s', a -- b\nfrom c /* d */;\n" * 25_000, engine)
    assert (len(found.text), found.reason) == (975_000, "")
    assert names(found.text) == ["select", "a", "from", "c"] * 25_000


def test_patterns_are_made_with_the_first_text_for_them() -> None:
    for pattern in (_syntax, _joined_words):
        pattern.cache_clear()
    assert cleaned("select a from c", Engine.MYSQL) == "select a from c"
    assert _syntax.cache_info().misses == 1
    found = {word.text for word in words("select a。b from c")}
    assert {"a", "b"} <= found
    assert _joined_words.cache_info().misses == 1
