"""Checks on tables: each passes, hits, sits on its limit, and says what it does not know."""

import re
from typing import Any

import pytest

from extension import events
from extension.checks import Need, tables
from extension.checks.registry import BY_ID
from tests.cases import given, hits, judge, judge_one, sample, unknown

CODES = ("commit-table", "deploy-table")
FAMILY = [check for check in BY_ID if check.startswith("table.")]
MANY = events.MAX_PARTS - 10


def table(*columns: dict[str, object], **facts: object) -> dict[str, object]:
    """A table `t` with columns."""
    return {"tableName": "t", "Columns": [*columns], **facts}


def column(
    name: object = "c", kind: object = "BIGINT", comment: object = "c", *, partition: object = False
) -> dict[str, object]:
    """A column, with what it has a value for."""
    facts = {"ColumnName": name, "ColumnType": kind, "Comment": comment, "IsPartitionColumn": partition}
    return {field: value for field, value in facts.items() if value is not None}


@pytest.mark.parametrize("check", FAMILY)
def test_every_check_judges_both_events_and_all_but_the_name_is_asked_for(check: str) -> None:
    assert BY_ID[check].events == set(CODES)
    assert BY_ID[check].needs == (set() if check == "table.name" else {Need.TABLE})


@pytest.mark.parametrize("code", CODES)
def test_the_documented_sample_is_judged(code: str) -> None:
    data = sample(code) | {
        "Columns": [column("id"), column("ds", "STRING", partition=True)],
        "Comment": "x",
        "LifeCycle": 30,
    }
    found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "table.name": ({"pattern": "table[0-9]"}, {"pattern": "ods_.*"}),
        "table.column_name": ({"pattern": "[a-z]+"}, {"pattern": "[a-c]+"}),
        "table.column_type": ({"allow": ["bigint", "string"]}, {"deny": ["string"]}),
        "table.partition": ({"columns": ["ds"]}, {"columns": ["id"]}),
        "table.lifecycle": ({"max": 30}, {"max": 29}),
    }
    assert {*found, "table.comment"} == set(FAMILY)
    for check, (passes, hit) in found.items():
        assert judge_one(check, code, data, passes) == []
        (finding,) = judge_one(check, code, data, hit)
        assert finding.judged
        assert finding.values["table"] == "table1"
    assert judge_one("table.comment", code, data, {"columns": True}) == []
    assert [finding.judged for finding in judge_one("table.comment", code, data | {"Comment": ""}, {})] == [True]


NEEDS_COLUMNS: list[tuple[str, dict[str, object]]] = [
    ("table.comment", {"columns": True}),
    ("table.column_name", {"pattern": ".*"}),
    ("table.column_type", {"deny": ["float"]}),
    ("table.partition", {}),
    ("table.partition", {"columns": ["ds"]}),
]


@pytest.mark.parametrize(("check", "settings"), NEEDS_COLUMNS)
@pytest.mark.parametrize("columns", [None, [], "", "x", {"ColumnName": "c"}, ["c"], [None], 1])
def test_a_table_whose_columns_are_not_told_is_unknown(
    check: str, settings: dict[str, object], columns: object
) -> None:
    assert unknown(judge(check, {"Columns": columns, "Comment": "x"}, settings)) == ["Columns"]


@pytest.mark.no_cover
@pytest.mark.parametrize(("check", "settings"), NEEDS_COLUMNS[:3])
def test_as_many_columns_as_are_read_are_one_finding_that_names_three(check: str, settings: dict[str, object]) -> None:
    columns = [column(f"c{number}", "FLOAT", None) for number in range(MANY)]
    settings = {"pattern": "[a-z]"} if "pattern" in settings else settings
    (found,) = hits(check, table(*columns, Comment="x"), settings)
    names = "c0 FLOAT, c1 FLOAT, c2 FLOAT" if check == "table.column_type" else "c0, c1, c2"
    assert (found["columns"], found["count"]) == (names, str(MANY))


# Name


@pytest.mark.parametrize(
    ("name", "pattern", "hit"),
    [
        ("ods_a", "ods_[a-z]+", False),
        ("ods_A", "ods_[a-z]+", True),
        ("x_ods_a", "ods_[a-z]+", True),
        ("ods_a ", "ods_[a-z]+", True),
        ("订单", ".{2}", False),
        ("a" * MANY, "(a*)*b", True),
    ],
)
def test_the_whole_name_of_a_table_must_match(name: str, pattern: str, hit: bool) -> None:
    found = hits("table.name", {"tableName": name, "TableName": "other"}, {"pattern": pattern})
    assert found == ([{"table": name, "pattern": pattern}] if hit else [])


@pytest.mark.parametrize("name", [None, " ", ["t"]])
def test_a_table_without_a_name_is_unknown(name: object) -> None:
    assert unknown(judge("table.name", {"tableName": name}, {"pattern": ".*"})) == ["tableName"]


def test_a_hit_on_a_table_without_a_name_is_a_hit() -> None:
    assert hits("table.lifecycle", {}, {}) == [{"table": "?"}]


# Comment


@pytest.mark.parametrize(
    ("comment", "hit"),
    [
        ("Orders", False),
        ("x", False),
        ("订单", False),
        (0, False),
        (None, True),
        ("", True),
        (" \n", True),
        ("\u200b\u3000", True),
    ],
)
def test_a_table_has_a_comment_that_can_be_seen(comment: object, hit: bool) -> None:
    assert hits("table.comment", table(Comment=comment), {}) == ([{"table": "t"}] if hit else [])
    assert hits("table.comment", table(column(), Comment=comment), {"columns": True}) == (
        [{"table": "t"}] if hit else []
    )


@pytest.mark.parametrize("comment", [["x"], {"x": 1}, True, "\ud800"])
def test_a_comment_that_cannot_be_read_is_unknown(comment: object) -> None:
    assert unknown(judge("table.comment", table(Comment=comment), {})) == ["Comment"]
    columns = column("a"), column("b", comment=comment)
    assert unknown(judge("table.comment", table(*columns, Comment="x"), {"columns": True})) == ["Columns[1].Comment"]


def test_columns_without_a_comment_are_named_where_columns_count() -> None:
    data = table(
        column("a", comment=None), column("b"), column("c", comment=" "), column(None, comment=""), Comment="x"
    )
    assert hits("table.comment", data, {}) == []
    assert hits("table.comment", data, {"columns": False}) == []
    assert hits("table.comment", data, {"columns": True}) == [
        {"table": "t", "columns": "a, c, Columns[3]", "count": "3"}
    ]


def test_a_partition_column_needs_a_comment_too() -> None:
    data = table(column("ds", comment=None, partition=True), Comment="x")
    assert len(hits("table.comment", data, {"columns": True})) == 1


def test_a_column_without_a_comment_decides_whatever_else_is_unreadable() -> None:
    data = table(column("a", comment=["x"]), column("b", comment=None), Comment="x")
    assert hits("table.comment", data, {"columns": True}) == [{"table": "t", "columns": "b", "count": "1"}]


def test_table_and_columns_without_a_comment_are_two_findings() -> None:
    first, second = judge("table.comment", table(column(comment=None)), {"columns": True})
    assert (first.text, second.text) == (tables.TABLE_COMMENT_MISSING, tables.COLUMN_COMMENT_MISSING)


@pytest.mark.parametrize("value", [1, "yes", [True]])
def test_columns_of_a_comment_is_true_or_false(value: object) -> None:
    with pytest.raises(ValueError, match=r"^expected true or false, found "):
        given("table.comment", {"columns": value})


# Columns


def test_all_columns_have_names_of_the_pattern_those_of_the_partition_too() -> None:
    data = table(
        column("id"), column("OrderId"), column("数"), column("ds ", partition=True), column("x" * 31), column("y")
    )
    pattern = "[a-z]{1,30}"
    assert hits("table.column_name", data, {"pattern": pattern}) == [
        {"table": "t", "pattern": pattern, "columns": "OrderId, 数, ds ", "count": "4"}
    ]
    assert hits("table.column_name", table(column("x" * 30)), {"pattern": pattern}) == []


def test_a_column_without_a_name_is_unknown_unless_another_hits() -> None:
    data = table(column("a"), column(None))
    assert unknown(judge("table.column_name", data, {"pattern": "[a-z]"})) == ["Columns[1].ColumnName"]
    assert len(hits("table.column_name", data, {"pattern": "[b-z]"})) == 1


@pytest.mark.parametrize(
    ("kind", "types"),
    [
        ("BIGINT", {"bigint"}),
        (" bigint ", {"bigint"}),
        ("ＢＩＧＩＮＴ", {"bigint"}),
        ("DECIMAL(10,2)", {"decimal"}),
        ("decimal ( 10 , 2 )", {"decimal"}),
        ("ＡＲＲＡＹ＜ＤＥＣＩＭＡＬ（10，2）＞", {"array", "decimal"}),
        ("VARCHAR(20)", {"varchar"}),
        ("TIMESTAMP_NTZ", {"timestamp_ntz"}),
        ("ARRAY<STRING>", {"array", "string"}),
        ("array < string >", {"array", "string"}),
        ("MAP<STRING, ARRAY<DECIMAL(10,2)>>", {"map", "string", "array", "decimal"}),
        ("STRUCT<a:BIGINT,b : ARRAY<FLOAT>>", {"struct", "bigint", "array", "float"}),
        ("STRUCT<double:BIGINT>", {"struct", "bigint"}),
        ("STRUCT<`a:b`:INT>", {"struct", "int"}),
        ("STRUCT<a:BIGINT COMMENT 'of <x>, it\\'s: y',b:INT NOT NULL>", {"struct", "bigint", "int"}),
        ('STRUCT<a:BIGINT NOT NULL COMMENT "x\n>",b:INT>', {"struct", "bigint", "int"}),
        ("ARRAY<" * 10_000 + "INT" + ">" * 10_000, {"array", "int"}),
    ],
)
def test_a_type_is_compared_with_each_type_in_it_and_without_parameters(kind: str, types: set[str]) -> None:
    data = table(column("c", kind))
    assert hits("table.column_type", data, {"allow": [*types]}) == []
    for one in types:
        hit = [{"table": "t", "columns": f"c {kind}", "count": "1"}]
        assert hits("table.column_type", data, {"deny": [one.upper()]}) == hit
        rest = [*(types - {one}), "other"]
        assert hits("table.column_type", data, {"allow": rest}) == hit
    assert hits("table.column_type", data, {"deny": ["x", "doubl", "double", "a"]}) == []


def test_deny_is_stronger_than_allow_and_patterns_match() -> None:
    data = table(column("a", "TINYINT"), column("b", "SMALLINT"), column("c", "STRING"))
    assert hits("table.column_type", data, {"allow": ["*"], "deny": ["*int"]}) == [
        {"table": "t", "columns": "a TINYINT, b SMALLINT", "count": "2"}
    ]


@pytest.mark.parametrize(
    "kind",
    [None, "", "<>", "DECIMAL(10", "ARRAY<STRING", "STRING>", "INT NOT", "DECIMAL(a)", "BIG-INT", ["INT"], "(1)"],
)
def test_a_type_that_is_none_is_unknown_unless_another_column_hits(kind: object) -> None:
    data = table(column("a"), column("b", kind))
    (field,) = unknown(judge("table.column_type", data, {"deny": ["float"]}))
    assert str(field).endswith("ColumnType")
    assert unknown(judge("table.column_type", data, {"allow": ["*"]})) == [field]
    assert hits("table.column_type", data, {"deny": ["bigint"]}) == [
        {"table": "t", "columns": "a BIGINT", "count": "1"}
    ]


@pytest.mark.parametrize("kind", ["decimal(10,2)", "array<string>", "double precision", "decimal()"])
def test_a_type_with_parameters_is_an_error_in_a_policy(kind: str) -> None:
    error = f"expected types without parameters, such as decimal or array, found {kind!r} in it"
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        given("table.column_type", {"deny": [kind]})


def test_a_rule_on_types_has_a_list() -> None:
    with pytest.raises(ValueError, match=r"^expected allow, deny or both, found neither$"):
        given("table.column_type", {})


# Partition


@pytest.mark.parametrize(
    ("partition", "settings", "missing"),
    [
        (["ds"], {}, None),
        ([], {}, ""),
        (["ds"], {"columns": ["ds"]}, None),
        (["DS"], {"columns": ["ds"]}, None),
        (["ds"], {"columns": ["DS"]}, None),
        (["ds", "hh"], {"columns": ["hh", "ds"]}, None),
        (["ds", "hh"], {"columns": ["ds"]}, None),
        (["ds"], {"columns": ["ds", "hh"]}, "hh"),
        ([], {"columns": ["a", "b", "c", "d"]}, "a, b, c"),
        (["id2"], {"columns": ["id"]}, "id"),
        (["2024"], {"columns": [2024]}, None),
    ],
)
def test_a_table_is_partitioned_by_all_columns_that_are_named(
    partition: list[str], settings: dict[str, object], missing: str | None
) -> None:
    data = table(column("id"), *(column(name, partition=True) for name in partition))
    expected = [] if missing is None else [{"table": "t", **({"columns": missing} if settings else {})}]
    assert hits("table.partition", data, settings) == expected


@pytest.mark.parametrize("settings", [{}, {"columns": ["ds"]}])
@pytest.mark.parametrize("flag", [None, "perhaps", 2, ["x"]])
def test_a_table_that_may_be_partitioned_is_unknown(settings: dict[str, object], flag: object) -> None:
    maybe = table(column("id"), column("ds", partition=flag))
    assert unknown(judge("table.partition", maybe, settings)) == ["Columns[1].IsPartitionColumn"]
    sure = table(column("ds", partition="true"), column("hh", partition=flag))
    assert hits("table.partition", sure, settings) == []


def test_a_partition_column_without_a_name_may_be_the_one() -> None:
    data = table(column("id"), column(None, partition=True))
    assert hits("table.partition", data, {}) == []
    assert unknown(judge("table.partition", data, {"columns": ["ds"]})) == ["Columns[1].ColumnName"]
    assert len(hits("table.partition", table(column(None)), {"columns": ["ds"]})) == 1


@pytest.mark.no_cover
def test_as_many_partition_columns_are_compared_at_once() -> None:
    data = table(*(column(f"c{number}", partition=True) for number in range(MANY)))
    names = [f"c{number}" for number in range(1000)]
    assert hits("table.partition", data, {"columns": names}) == []
    assert hits("table.partition", data, {"columns": [*names, "x"]}) == [{"table": "t", "columns": "x"}]


@pytest.mark.parametrize("name", ["d*", "d?"])
def test_partition_columns_are_names_and_not_patterns(name: str) -> None:
    error = f"expected names of columns, not patterns, found {name!r} in it"
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        given("table.partition", {"columns": ["ds", name]})


# Lifecycle


@pytest.mark.parametrize(
    ("days", "settings", "hit"),
    [
        (1, {}, None),
        (10**30, {}, None),
        ("365", {"max": 365}, None),
        (366, {"max": 365}, {"table": "t", "days": "366", "max": "365"}),
        (10**30, {"max": 365}, {"table": "t", "days": str(10**30), "max": "365"}),
        (1, {"max": 1}, None),
        (30, {"min": 30}, None),
        (29, {"min": 30}, {"table": "t", "days": "29", "min": "30"}),
        (30, {"min": 30, "max": 30}, None),
        (29, {"min": 30, "max": 30}, {"table": "t", "days": "29", "min": "30"}),
        (31, {"min": 30, "max": 30}, {"table": "t", "days": "31", "max": "30"}),
    ],
)
def test_a_lifecycle_is_between_its_limits(
    days: object, settings: dict[str, object], hit: dict[str, str] | None
) -> None:
    assert hits("table.lifecycle", {"tableName": "t", "LifeCycle": days}, settings) == ([hit] if hit else [])


@pytest.mark.parametrize("days", [None, "", 0, -1, "0", "-1", -(10**30)])
@pytest.mark.parametrize("settings", [{}, {"max": 365}, {"min": 0}, {"min": 7, "max": 365}])
def test_a_table_without_a_lifecycle_hits_whatever_the_limits(days: object, settings: dict[str, object]) -> None:
    assert hits("table.lifecycle", {"tableName": "t", "LifeCycle": days}, settings) == [{"table": "t"}]


@pytest.mark.parametrize("days", ["a year", [1], {"days": 1}, 1.5, "9" * 10_000])
def test_a_lifecycle_that_is_no_number_is_unknown(days: object) -> None:
    assert unknown(judge("table.lifecycle", {"tableName": "t", "LifeCycle": days}, {})) == ["LifeCycle"]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"max": 0}, "expected max of at least 1 and of at least min, found 0 (min: 0)"),
        ({"min": 31, "max": 30}, "expected max of at least 1 and of at least min, found 30 (min: 31)"),
        ({"max": -1}, "expected a whole number of at least 0, found -1"),
        ({"min": "30"}, "expected a whole number of at least 0, found '30': write digits only, without quotes"),
    ],
)
def test_limits_that_no_lifecycle_could_keep_are_an_error(settings: dict[str, object], error: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        given("table.lifecycle", settings)
