"""Checks on code: each passes, hits, sits on its limit, does not apply, and says what it does not know."""

import json
import re
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from extension.checks import Need, files
from extension.checks.registry import BY_ID
from extension.verdict import show
from tests.cases import event, given, hits, judge, judge_one, sample, unknown

CODES = ("commit-file", "deploy-file", "run-file", "delete-file")
FAMILY = [check for check in BY_ID if check.startswith("file.")]
NEEDS_CODE = {"file.functions", "file.content", "file.size"}
SQL, SHELL, PYTHON, HOLOGRES, OTHER = 10, 6, 1221, 1093, 999_999


def called(code: str, kind: object = SQL, *deny: str) -> list[dict[str, str]]:
    """What `file.functions` hits in a file `f` of a type."""
    return hits("file.functions", {"Content": code, "fileType": kind, "fileName": "f"}, {"deny": [*deny] or ["MAX_PT"]})


def calls(code: str, kind: object = SQL) -> bool:
    """Whether the code is found to call MAX_PT."""
    return bool(called(code, kind))


@pytest.mark.parametrize("check", FAMILY)
def test_every_check_judges_the_four_events_and_asks_for_code_only_where_it_needs_it(check: str) -> None:
    assert BY_ID[check].events == set(CODES)
    assert BY_ID[check].needs == ({Need.FILE} if check in NEEDS_CODE else set())


@pytest.mark.parametrize("code", CODES)
def test_the_documented_sample_is_judged(code: str) -> None:
    data = sample(code) | {"Content": "select max_pt('t')"}
    found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "file.name": ({"pattern": "dwd_.*_di", "types": [10]}, {"pattern": "ods_.*", "types": ["ODPS SQL"]}),
        "file.type": ({"allow": ["ODPS SQL"]}, {"deny": ["ODPS SQL"]}),
        "file.functions": ({"deny": ["now"]}, {"deny": ["max_pt"]}),
        "file.content": ({"require": "select"}, {"forbid": "select"}),
        "file.size": ({"max": 18}, {"max": 17}),
    }
    assert {*found, "file.owner"} == set(FAMILY)
    for check, (passes, hit) in found.items():
        assert judge_one(check, code, data, passes) == []
        assert [finding.judged for finding in judge_one(check, code, data, hit)] == [True]
    assert judge_one("file.owner", code, data, {}) == []
    (finding,) = judge_one("file.owner", code, data | {"operator": "2"}, {})
    assert finding.values == {"file": "dwd_order_detail_di", "owner": "1902847365091735"}


# Types of files


def test_the_types_are_those_of_the_reference() -> None:
    path = Path(__file__).parents[1] / "reference" / "events.json"
    documented = json.loads(path.read_text(encoding="utf-8"))["file_types"]
    assert {entry["code"]: entry["name"] for entry in documented} == files.FILE_TYPES


@pytest.mark.parametrize(
    "written", [10, "10", "010", "ODPS SQL", "odps sql", "odps_sql", "ODPS-SQL", " OdpsSql ", "ＯＤＰＳ SQL"]
)
def test_a_type_is_known_by_number_and_by_name(written: object) -> None:
    assert hits("file.type", {"fileType": 10}, {"deny": [written]}) == [{"type": "ODPS SQL (10)"}]
    assert hits("file.type", {"fileType": 24}, {"deny": [written]}) == []
    assert hits("file.type", {"fileType": "10"}, {"allow": [written]}) == []
    assert hits("file.type", {"fileType": 24}, {"allow": [written]}) == [{"type": "ODPS Script (24)"}]


@pytest.mark.parametrize("name", files.FILE_TYPES.values())
def test_every_documented_name_is_taken(name: str) -> None:
    number = next(number for number, known in files.FILE_TYPES.items() if known == name)
    assert files.FileTypes.read([name]).names == (str(number),)


@pytest.mark.parametrize("number", [0, 7, 1_000_023, 10**17])
def test_a_type_that_is_not_documented_is_taken_by_number(number: int) -> None:
    assert hits("file.type", {"fileType": number}, {"deny": [number]}) == [{"type": str(number)}]
    assert hits("file.type", {"fileType": number}, {"allow": ["Shell"]}) == [{"type": str(number)}]
    assert hits("file.type", {"fileType": number}, {"allow": ["Shell", number]}) == []
    assert hits("file.type", {"fileType": number}, {"deny": ["Shell"]}) == []


@pytest.mark.parametrize(
    ("check", "field", "settings"),
    [
        ("file.name", "fileName", {"pattern": ".*"}),
        ("file.type", "fileType", {"deny": [6]}),
        ("file.owner", "fileOwner", {}),
    ],
)
@pytest.mark.parametrize("value", [None, " ", {"x": 1}, [6]])
def test_what_the_message_does_not_say_is_unknown(
    check: str, field: str, settings: dict[str, object], value: object
) -> None:
    assert unknown(judge(check, {field: value}, settings)) == [field]


def test_deny_is_stronger_than_allow() -> None:
    assert len(hits("file.type", {"fileType": 6}, {"allow": [6], "deny": ["Shell"]})) == 1


ALL = ", ".join(files.FILE_TYPES.values())


@pytest.mark.parametrize(
    ("written", "error"),
    [
        (["ODPS SQLL"], "expected file types by number or by name (ODPS SQL), found 'ODPS SQLL' in it"),
        (["Python", 6], f"expected file types by number or by name ({ALL}), found 'Python' in it"),
        (["PyODPS"], "expected file types by number or by name (PyODPS 2, PyODPS 3), found 'PyODPS' in it"),
        (["*SQL"], f"expected file types by number or by name ({ALL}), found '*SQL' in it"),
        (["--"], f"expected file types by number or by name ({ALL}), found '--' in it"),
        ([-6], f"expected file types by number or by name ({ALL}), found '-6' in it"),
        ([10**18], f"expected file types by number or by name ({ALL}), found '1000000000000000000' in it"),
        ([True], "expected a list of names (text) or ids, found true in it"),
        ([], "expected a list with at least one name in it, found an empty list"),
        ("Shell", "expected a list with at least one name in it, found 'Shell'"),
    ],
)
def test_a_type_that_is_none_is_an_error_that_lists_what_is_close(written: object, error: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        files.FileTypes.read(written)


def test_the_schema_shows_the_documented_names() -> None:
    assert files.FileTypes.schema() == {
        "type": "array",
        "items": {"type": ["string", "integer"], "examples": [*files.FILE_TYPES.values()]},
        "minItems": 1,
    }


TYPED: list[tuple[str, dict[str, object], dict[str, object]]] = [
    ("file.name", {"fileName": "x"}, {"pattern": "ods_.*"}),
    ("file.functions", {"Content": "max_pt('t')"}, {"deny": ["MAX_PT"]}),
    ("file.content", {"Content": "x"}, {"forbid": "x"}),
]


@pytest.mark.parametrize(("check", "data", "settings"), TYPED, ids=[row[0] for row in TYPED])
class TestRulesForSomeTypes:
    """What all checks with `types` have in common."""

    def test_without_types_every_file_is_judged(
        self, check: str, data: dict[str, object], settings: dict[str, object]
    ) -> None:
        assert len(hits(check, data, settings)) == 1
        assert len(hits(check, data | {"fileType": 999}, settings)) == 1

    def test_only_files_of_the_types_are_judged(
        self, check: str, data: dict[str, object], settings: dict[str, object]
    ) -> None:
        settings = settings | {"types": ["ODPS SQL", 6]}
        assert len(hits(check, data | {"fileType": 10}, settings)) == 1
        assert len(hits(check, data | {"fileType": "6"}, settings)) == 1
        assert hits(check, data | {"fileType": 24}, settings) == []
        assert hits(check, data | {"fileType": 100}, settings) == []

    def test_a_hit_in_a_file_of_no_known_type_is_unknown(
        self, check: str, data: dict[str, object], settings: dict[str, object]
    ) -> None:
        assert unknown(judge(check, data, settings | {"types": [10]})) == ["fileType"]
        assert unknown(judge(check, data | {"fileType": "SQL"}, settings | {"types": [10]})) == ["fileType"]

    def test_where_nothing_is_hit_the_type_need_not_be_known(
        self, check: str, data: dict[str, object], settings: dict[str, object]
    ) -> None:
        assert hits(check, dict.fromkeys(data, "ods_a"), settings | {"types": [10]}) == []

    def test_a_file_of_another_type_passes_also_where_the_rest_is_not_known(
        self, check: str, data: dict[str, object], settings: dict[str, object]
    ) -> None:
        assert judge(check, {"fileType": 24}, settings | {"types": [10]}) == []
        assert unknown(judge(check, {"fileType": 10}, settings | {"types": [10]})) == [*data]


# Name, owner, size, content


@pytest.mark.parametrize(
    ("name", "pattern", "hit"),
    [
        ("ods_a", "ods_[a-z]+", False),
        ("ods_A", "ods_[a-z]+", True),
        ("ods_A", "(?i)ods_[a-z]+", False),
        ("x ods_a", "ods_[a-z]+", True),
        ("ods_a\n", "ods_[a-z]+", True),
        ("订单", ".{2}", False),
        ("a" * 100_000, "(a*)*b", True),
    ],
)
def test_the_whole_name_of_a_file_must_match(name: str, pattern: str, hit: bool) -> None:
    expected = [{"file": name, "pattern": pattern}] if hit else []
    assert hits("file.name", {"fileName": name}, {"pattern": pattern}) == expected


@pytest.mark.parametrize(
    ("operator", "owner", "hit"),
    [
        ("1", "1", False),
        (1, "1", False),
        ("1", 1, False),
        (" 1 ", "1", False),
        ("1", " 1 ", False),
        ("a", "A", False),
        ("1", "2", True),
        ("1", "11", True),
        ("11", "1", True),
        ("1", "1,2", True),
        ("Ⅰ", "i", False),
    ],
)
def test_a_file_belongs_to_who_handles_it(operator: object, owner: object, hit: bool) -> None:
    found = hits("file.owner", {"operator": operator, "fileOwner": owner, "fileName": "f"}, {})
    assert found == ([{"file": "f", "owner": str(owner)}] if hit else [])


def test_one_of_the_ids_of_the_operator_is_enough() -> None:
    data: dict[str, object] = {"operator": "1", "operatorBaseId": "2", "fileOwner": "2"}
    assert hits("file.owner", data, {}) == []
    assert hits("file.owner", data | {"fileOwner": "3"}, {}) == [{"file": "?", "owner": "3"}]


@pytest.mark.parametrize("operator", [None, "", {"id": 1}])
def test_an_owner_cannot_be_compared_with_nobody(operator: object) -> None:
    assert unknown(judge("file.owner", {"operator": operator, "fileOwner": "1"}, {})) == ["operator"]


@pytest.mark.parametrize(
    ("code", "most", "hit"),
    [
        ("", 0, False),
        ("a", 0, True),
        ("a" * 1000, "1kB", False),
        ("a" * 1001, "1kB", True),
        ("中" * 3, 9, False),
        ("中" * 3, 8, True),
        ("😀", 4, False),
        ("😀", 3, True),
    ],
)
def test_code_is_weighed_in_bytes(code: str, most: object, hit: bool) -> None:
    assert bool(hits("file.size", {"Content": code}, {"max": most})) == hit


def test_a_size_is_shown_to_the_byte() -> None:
    found = hits("file.size", {"Content": "a" * 1001, "fileName": "f"}, {"max": "1kB"})
    assert found == [{"file": "f", "size": "1 kB (1,001 B)", "max": "1 kB"}]


@pytest.mark.parametrize(
    ("code", "settings", "hit"),
    [
        ("a\n-- author: li\nb", {"require": "author: *[a-z]+"}, False),
        ("a\n-- author: \nb", {"require": "author: *[a-z]+"}, True),
        ("a\n-- author: li\nb", {"require": "^-- author"}, True),
        ("a\n-- author: li\nb", {"require": "(?m)^-- author"}, False),
        ("-- AUTHOR: li", {"require": "author"}, True),
        ("-- AUTHOR: li", {"require": "(?i)author"}, False),
        ("", {"require": "x"}, True),
        ("", {"forbid": "x"}, False),
        ("a\nb", {"forbid": "a.b"}, False),
        ("a\nb", {"forbid": "(?s)a.b"}, True),
        ("数据库密码", {"forbid": "密码"}, True),
        ("xy", {"require": "x", "forbid": "y"}, True),
        ("xz", {"require": "x", "forbid": "y"}, False),
        ("a" * 1_000_000, {"forbid": "(a*)*b"}, False),
    ],
)
def test_code_is_searched_for_what_must_and_what_must_not_be_in_it(
    code: str, settings: dict[str, object], hit: bool
) -> None:
    assert bool(hits("file.content", {"Content": code}, settings)) == hit


def test_what_is_missing_and_what_is_forbidden_are_two_findings() -> None:
    missing, forbidden = judge("file.content", {"Content": "y", "fileName": "f"}, {"require": "x", "forbid": "y"})
    assert (missing.text, forbidden.text) == (files.CONTENT_REQUIRED, files.CONTENT_FORBIDDEN)
    assert {name: str(value) for name, value in missing.values.items()} == {"file": "f", "pattern": "x"}
    assert {name: str(value) for name, value in forbidden.values.items()} == {"file": "f", "pattern": "y"}


def test_content_is_required_or_forbidden_or_there_is_no_rule() -> None:
    with pytest.raises(ValueError, match=r"^expected require, forbid or both, found neither$"):
        given("file.content", {"types": [10]})


@pytest.mark.parametrize("check", sorted(NEEDS_CODE))
def test_code_that_is_missing_or_unreadable_is_unknown(check: str) -> None:
    settings: dict[str, dict[str, object]] = {
        "file.functions": {"deny": ["x"]},
        "file.content": {"forbid": "x"},
        "file.size": {"max": 1},
    }
    for content in (None, ["x"], {"x": 1}, "\ud800"):
        assert unknown(judge(check, {"Content": content, "fileName": "f"}, settings[check])) == ["Content"]


# Functions

CALLS = [
    "select max_pt('t')",
    "select MAX_PT('t')",
    "select Max_Pt\n\t ('t')",
    "select db.max_pt('t')",
    "select `max_pt`('t')",
    "select `db`.`max_pt` ('t')",
    "select max_pt/* newest */('t')",
    "select max_pt -- newest\n ('t')",
    "select max_pt --\r\n ('t')",
    "select 1+max_pt('t')",
    "select(max_pt('t'))",
    "max_pt(",
    "ｍａｘ＿ｐｔ（'t'）",
    "max\u200b_pt('t')",
    "max_pt\u2060('t')",
    "\ufeffmax_pt('t')",
    "max_pt\u3000('t')",
    "max_pt\u00a0('t')",
    "select 'it''s' || max_pt('t')",
    "select 'a' -- '\n, max_pt('t')",
    "select '--', max_pt('t')",
    "select '/*', max_pt('t') -- */",
    "select \"--\", max_pt('t')",
    "/* ' */ select max_pt('t') -- '",
    "/**/max_pt('t')",
    "/***/max_pt('t')/* */",
    "-- a\nmax_pt('t')",
    "--\nmax_pt('t')",
    "'a''b'max_pt('t')",
]


@pytest.mark.parametrize("kind", [SQL, 24, 227, 229, 260, HOLOGRES, 259, 1091, OTHER, 11, None, "x"])
@pytest.mark.parametrize("code", CALLS)
def test_a_call_is_found(code: str, kind: object) -> None:
    assert calls(code, kind)


NO_CALLS = [
    "",
    "max_pt",
    "select max_pt from t",
    "my_max_pt('t')",
    "max_pt2('t')",
    "max_pt_('t')",
    "数max_pt('t')",
    "max.pt('t')",
    "max _pt('t')",
    "max_pt.x('t')",
    "max/* */_pt('t')",
    "max_pt, ('t')",
    "(max_pt)",
]


@pytest.mark.parametrize("kind", [*files.FILE_TYPES, OTHER, None])
@pytest.mark.parametrize("code", NO_CALLS)
def test_what_is_not_the_name_and_a_bracket_is_no_call(code: str, kind: object) -> None:
    assert not calls(code, kind)


HIDDEN_IN_SQL = [
    "select 1 -- max_pt('t')",
    "select 1 -- don't use max_pt('t')\n, 2",
    "-- max_pt(t)\r\nselect 1",
    "-- a \\ b max_pt(t)",
    "select 1 /* max_pt('t') */",
    "/* a\n * max_pt('t')\n **/ select 1",
    "/*+ mapjoin(a) max_pt(t) */ select 1",
    "select 'max_pt(t)'",
    "select 'a\nmax_pt(t)'",
    "select 'it''s max_pt(t)'",
    "select '\\d max_pt(t)'",
]


@pytest.mark.parametrize("kind", [SQL, 24, 227, 229, 260, HOLOGRES, 259, 1091])
@pytest.mark.parametrize("code", HIDDEN_IN_SQL)
def test_a_comment_and_a_string_of_sql_hold_no_call(code: str, kind: int) -> None:
    assert not calls(code, kind)
    assert calls(code, OTHER)


@pytest.mark.parametrize("kind", [SQL, 24, 227, 229, 260])
@pytest.mark.parametrize(
    "code",
    ["select 'it\\'s max_pt(t)'", "select `a b`, 'max_pt(t)'", 'select "max_pt(t)"', 'select "it\\"s max_pt(t)"'],
)
def test_hive_and_its_like_have_escapes_and_two_kinds_of_strings(code: str, kind: int) -> None:
    assert not calls(code, kind)


@pytest.mark.parametrize(
    "code", ['select "max_pt"(t)', "select 'a\\' || max_pt(t) || '\\'", "select \"it's\", max_pt(t), 'x'"]
)
def test_standard_sql_has_names_in_double_quotes_and_no_escapes(code: str) -> None:
    assert calls(code, HOLOGRES)


@pytest.mark.parametrize(
    "code",
    [
        "select 'a, max_pt(t)",
        "select `a, 'max_pt(t)'",
        "select `a'b`, 'max_pt(t)'",
        "/* max_pt(t)",
        "/*/ max_pt(t)",
        "/* /* */ ' */ max_pt('t')",
        "-- \r'\n', max_pt('t')",
        "-- \\\n'\nselect max_pt('t')",
        "-- \\\r\n'\nselect max_pt('t')",
        "select r'\\', max_pt('t')",
        "select r'a\\b\\', max_pt('t')",
        "select 'a', r'\\', max_pt('t')",
    ],
)
@pytest.mark.parametrize("kind", [SQL, HOLOGRES])
def test_from_what_is_unclear_on_everything_counts(code: str, kind: int) -> None:
    if "`" not in code or kind == SQL:
        assert calls(code, kind)


def test_a_name_in_double_quotes_is_read_as_a_whole() -> None:
    assert not calls("select \"its -- name\", 'max_pt(t)'", HOLOGRES)
    assert calls("select \"it's\", 'max_pt(t)'", HOLOGRES)


def test_a_backslash_before_a_quote_of_standard_sql_is_unclear() -> None:
    assert calls("select 'a\\', 'max_pt(t)'", HOLOGRES)


@pytest.mark.parametrize("code", ["select $$'$$, max_pt('t')", "select $a$'$a$, max_pt('t')"])
def test_quotes_in_dollars_are_unclear(code: str) -> None:
    assert calls(code, HOLOGRES)


@pytest.mark.parametrize("kind", [SQL, 24])
@pytest.mark.parametrize(
    "code",
    [
        "set odps.x=it's;\nselect max_pt('t');",
        "set a=/*; select max_pt('t'); set b=*/;",
        "set a=--; select max_pt('t');",
        "create temporary function f as 'X' using\n#CODE ('lang'='JAVA')\n// it's\n#END CODE;\nselect max_pt('t');",
    ],
)
def test_what_looks_like_a_quote_or_a_comment_and_is_none_hides_no_call(code: str, kind: int) -> None:
    assert calls(code, kind)


def test_a_plain_set_statement_leaves_comments_be() -> None:
    code = "set odps.sql.mapper.split.size=256;\nSET a.b = x-y/z ;\nselect offset -- max_pt('t')"
    assert not calls(code, SQL)


def test_a_comment_in_a_row_of_unclear_code_stands_for_a_bracket() -> None:
    assert calls("select ' max_pt /* x */ (t)", SQL)
    assert calls("max_pt /* x */ (t)", OTHER)
    assert calls("max_pt // x\n (t)", OTHER)
    assert calls("max_pt # x\n (t)", OTHER)
    assert not calls("max_pt / x", OTHER)
    assert not calls("max_pt - x", OTHER)


@pytest.mark.parametrize(
    ("code", "hit"),
    [
        ("max_pt('t')", True),
        ("max_pt \\\n('t')", True),
        ("o.execute_sql('select max_pt(t)')", True),
        ('o.execute_sql("""select\n max_pt(t)""")', True),
        ("o.execute_sql('''it's max_pt(t)''')", True),
        ("# max_pt(t)", False),
        ("x = 1  # don't use max_pt(t)", False),
        ("x = '#'; max_pt(t)", True),
        ("x = ''; max_pt(t)", True),
        ("x = '' # max_pt(t)", False),
        ('x = "" # max_pt(t)', False),
        ("x = 'it\\'s' # max_pt(t)", False),
        ("x = 'it\\'s #'; max_pt(t)", True),
        ('"""\n# """; max_pt(t)', True),
        ("'''\n# '''; max_pt(t)", True),
        ("'''a''b\\'''c''' # max_pt(t)", False),
        ('"""a""b\\"""c""" # max_pt(t)', False),
        ("# a\rmax_pt(t)", True),
        ("# a\nmax_pt(t)", True),
        ("x = 'a\n' # max_pt(t)", True),
        ("x = '''a' # max_pt(t)", True),
    ],
)
@pytest.mark.parametrize("kind", [PYTHON, 221])
def test_python_has_comments_and_sql_in_its_strings(code: str, hit: bool, kind: int) -> None:
    assert calls(code, kind) == hit


@pytest.mark.parametrize(
    ("code", "hit"),
    [
        ("odpscmd -e \"select max_pt('t')\"", True),
        ("odpscmd -e 'select max_pt(t)'", True),
        ("# max_pt(t)", False),
        ("ls # don't use max_pt(t)", False),
        ("ls;# max_pt(t)", False),
        ("echo '# ' max_pt(t)", True),
        ('echo "# " max_pt(t)', True),
        ('echo "${bizdate} $1 \\" #" # max_pt(t)', False),
        ("echo \\# max_pt(t)", True),
        ("echo \\' # max_pt(t)", False),
        ("echo a#max_pt(t)", True),
        ("echo $# max_pt(t)", True),
        ("echo ${#a} max_pt(t)", True),
        ("echo '' # max_pt(t)", False),
        ("cat <<EOF\n # max_pt(t)\nEOF", True),
        ("echo $'\\' #' max_pt(t)", True),
        ('echo "$(echo " # max_pt(t)")"', True),
        ('echo "${a:-" # max_pt(t)"}"', True),
        ('echo "`echo " # max_pt(t)"`"', True),
        ("echo ' # max_pt(t)", True),
        ("# a\rmax_pt(t)", False),
        ("# a\nmax_pt(t)", True),
    ],
)
@pytest.mark.parametrize("kind", [SHELL, 257])
def test_shell_has_comments_and_sql_in_its_strings(code: str, hit: bool, kind: int) -> None:
    assert calls(code, kind) == hit


def test_calls_are_named_with_their_lines() -> None:
    code = "select 'a\nb', -- c\n max_pt('t'),\r\n Now(),\n/* d\n */ max_pt('u')"
    assert called(code, SQL, "MAX_PT", "n*") == [
        {"file": "f", "functions": "max_pt, now", "count": "3", "lines": "3, 4, 6"}
    ]


@pytest.mark.parametrize(
    ("code", "kind", "functions"),
    [
        ("select get_a(1), get_b(1)", SQL, "get_a, get_b"),
        ("select get_a(1), 'get_b(1)", SQL, "get_a, Get_*"),
        ("select get_a(1) # get_b(1)", SQL, "get_a, Get_*"),
        ("select 'get_a(1), max_pt(2)", SQL, "Get_*, max_pt"),
        ("select get_a(1), it's, 'get_b(1)' from t", SQL, "get_a, Get_*"),
        ("set a='get_b(1)'; select get_a(1)", SQL, "Get_*, get_a"),
        ("select get_a(1);\n-- x\nSET a = get_b(1)", SQL, "get_a, Get_*"),
        ("update t set a = get_a(1)", SQL, "get_a"),
        ("sql('select get_a(1)')", PYTHON, "Get_*"),
        ("get_a(1)", PYTHON, "Get_*"),
        ("odpscmd -e 'select get_a(1), MAX_PT(2)'", SHELL, "Get_*, max_pt"),
        ("get_a(1)", OTHER, "Get_*"),
    ],
)
def test_of_a_call_that_may_be_a_part_of_a_text_the_pattern_is_told_and_not_the_name(
    code: str, kind: int, functions: str
) -> None:
    assert [hit["functions"] for hit in called(code, kind, "Get_*", "MAX_PT")] == [functions]


def test_a_call_over_several_lines_is_on_that_of_its_name() -> None:
    assert called("\nmax_pt\n\n('t'), max_pt('u')")[0]["lines"] == "2, 4"


def test_three_functions_and_three_lines_are_named_and_all_are_counted() -> None:
    code = "\n".join(f"f{number}(1), f{number}(2)" for number in range(5000))
    assert called(code, SQL, "f*") == [{"file": "f", "functions": "f0, f1, f2", "count": "10000", "lines": "1, 2, 3"}]


def test_a_function_on_the_last_of_the_lines_that_are_remembered_is_named_and_the_next_is_not() -> None:
    last, beyond = "f(1) " * 999 + "g(1) ", "f(1) " * 1000 + "g(1) "
    assert called(last, SQL, "f", "g")[0]["functions"] == "f, g"
    assert called(beyond, SQL, "f", "g")[0] == {"file": "f", "functions": "f", "count": "1001", "lines": "1"}


def test_what_is_shown_of_a_long_name_is_short() -> None:
    (found,) = called("max" + "x" * 100_000 + "(1)", SQL, "max*")
    assert len(show(found["functions"])) <= 120


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("begin", "repeated"),
    [("", "'"), ("'", "\\'"), ("", "/*"), ("", "--\n"), ("", "a "), ("", "a"), ("", '"$'), ("", "r'\\a")],
    ids=["quotes", "escapes", "blocks", "lines", "words", "word", "expansions", "prefixes"],
)
@pytest.mark.parametrize("kind", [SQL, HOLOGRES, PYTHON, SHELL, OTHER])
def test_hostile_code_is_read_in_linear_time(begin: str, repeated: str, kind: int) -> None:
    """Six times as much takes six times as long, and would take thirty-six times if it were quadratic."""

    def seconds(times: int) -> float:
        code = begin + repeated * times + " '\"`*/\n max_pt(t)"
        asked = event("run-file", {"Content": code, "fileType": kind})
        start = process_time()
        (finding,) = BY_ID["file.functions"].judge(asked, given("file.functions", {"deny": ["max_pt"]}))
        assert finding.values["count"] == 1
        return process_time() - start

    short, long, again = seconds(50_000), seconds(300_000), seconds(50_000)
    assert long < 18 * max(short, again)


@pytest.mark.parametrize("name", ["MAX_PT()", "db.max_pt", "`max_pt`", "max pt", "max-pt", "max_pt（"])
def test_a_name_that_no_function_can_have_is_an_error(name: str) -> None:
    error = f"expected names of functions such as MAX_PT or GET_*, found {name!r} in it"
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        given("file.functions", {"deny": [name]})


@pytest.mark.parametrize(
    ("deny", "hit"), [("max_*", True), ("M?X_PT", True), ("*pt", True), ("max", False), ("ＭＡＸ＿ＰＴ", True)]
)
def test_functions_are_denied_by_pattern(deny: str, hit: bool) -> None:
    assert bool(called("select max_pt('t')", SQL, deny)) == hit


def test_no_finding_shows_code() -> None:
    data: dict[str, object] = {"Content": "select max_pt('secret')", "fileType": 10, "fileName": "f"}
    for check, settings in (
        ("file.functions", {"deny": ["max_pt"]}),
        ("file.content", {"forbid": "max"}),
        ("file.size", {"max": 0}),
    ):
        (found,) = hits(check, data, settings)
        assert not re.search("secret|select", str(found))
