"""Checks on SQL: each passes, hits, sits on its limit, does not apply, and says what it cannot tell."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from extension import pipeline, policy, settings
from extension.checks import Need, sql
from extension.checks.registry import BY_ID
from extension.events import EPOCH
from extension.settings import ColumnNames
from extension.sql.facts import KINDS, CrossJoin, Read, Statement
from extension.verdict import Finding, Text, hit
from tests.cases import event, given, hits, judge, judge_one, sample, unknown

DOWNLOADS = ("download-resources", "download-resources-execute")
FILES = ("commit-file", "deploy-file", "run-file", "delete-file")
FAMILY = [check for check in BY_ID if check.startswith("sql.")]
PHONE = {"deny": ["hr.users.phone"]}

SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "sql.tables": ({"allow": ["*"]}, {"deny": ["*"]}),
    "sql.columns": ({"deny": ["lab.*"]}, {"deny": ["*"]}),
    "sql.star": ({"tables": ["*.nothing"]}, {}),
    "sql.functions": ({"deny": ["min"]}, {"deny": ["max"]}),
    "sql.statements": ({"allow": ["SELECT"]}, {"deny": ["SELECT"]}),
    "sql.partition_filter": ({"tables": ["*"], "columns": ["a"]}, {"tables": ["*"]}),
    "sql.limit": ({"max": 10}, {"max": 9}),
    "sql.cross_join": ({"types": ["Shell"]}, {}),
    "sql.length": ({"max": 1000}, {"max": 5}),
}
"""Settings of each check that pass `ALL`, and settings that hit it."""

ALL = "select *, max(b) from hr.t, hr.u where t.a = 1 and u.a = 1 limit 10"


def said(text: object, **more: object) -> dict[str, object]:
    """Data of an event of any kind whose SQL is `text`: ODPS SQL where it is a file."""
    return {"sqlText": text, "Content": text, "fileType": 10, **more}


def found(check: str, text: str, **with_: object) -> list[dict[str, str]]:
    """What a check hits in a text; fails on a finding that is no hit."""
    return hits(check, said(text), with_)


def doubts(findings: Sequence[Finding]) -> list[tuple[str, object]]:
    """Of findings that are no hits: the names that leave open what they are, or the reasons why nothing is known."""
    assert not any(finding.judged for finding in findings)
    assert all(finding.unread for finding in findings)
    return [(str(finding.values.get("name", "")), finding.values["line"]) for finding in findings]


def told(check: str, text: str, **with_: object) -> list[list[object]]:
    """Values of the hits of a check in a text of which some could be read by its words alone, in English."""
    judged = [finding.values for finding in judge(check, said(text), with_) if finding.judged]
    return [[value.en if isinstance(value, Text) else value for value in values.values()] for values in judged]


# All checks


@pytest.mark.parametrize("check", FAMILY)
def test_a_check_is_for_downloads_and_files_and_needs_the_code(check: str) -> None:
    assert BY_ID[check].events == {*DOWNLOADS, *FILES}
    assert BY_ID[check].needs == {Need.FILE}


@pytest.mark.parametrize("check", FAMILY)
def test_nothing_is_judged_of_a_file_of_another_type(check: str) -> None:
    _, hit = SETTINGS[check]
    for code in FILES:
        assert judge_one(check, code, said(ALL), {**hit, "types": ["ODPS SQL"]})
        assert judge_one(check, code, said(ALL), {**hit, "types": ["Shell", 24]}) == []
    for code in DOWNLOADS:
        assert judge_one(check, code, said(ALL), {**hit, "types": ["Shell"]})


@pytest.mark.parametrize("check", [check for check in FAMILY if check != "sql.cross_join"])
def test_settings_decide(check: str) -> None:
    passes, hit = SETTINGS[check]
    assert [finding.judged for finding in judge(check, said(ALL), passes)] == []
    assert {finding.judged for finding in judge(check, said(ALL), hit)} == {True}


@pytest.mark.parametrize("check", FAMILY)
def test_a_file_whose_type_is_not_known_cannot_be_told_where_there_is_something_to_tell(check: str) -> None:
    _, hit = SETTINGS[check]
    data = said(ALL, fileType=None)
    assert unknown(judge_one(check, "commit-file", data, {**hit, "types": [10]})) == ["fileType"]
    assert all(finding.judged for finding in judge_one(check, "commit-file", data, hit))
    assert judge_one(check, "commit-file", said(";", fileType=None), {**hit, "types": [10]}) == []


@pytest.mark.parametrize("check", FAMILY)
@pytest.mark.parametrize("text", [" ;", ";", "-- nothing", "/* nothing */ ;;\n"])
def test_nothing_is_found_where_there_is_no_sql(check: str, text: str) -> None:
    _, hit = SETTINGS[check]
    if check != "sql.length":
        assert judge(check, said(text), hit) == []


@pytest.mark.parametrize("code", DOWNLOADS)
def test_the_documented_download_is_judged(code: str) -> None:
    data = sample(code) | {"sqlText": "select phone from t limit 10", "queryDwProjectName": "hr"}
    for text, with_, count in (
        ("sql.columns", {"deny": ["hr.t.phone"]}, 1),
        ("sql.columns", {"deny": ["hr.t.name"]}, 0),
        ("sql.tables", {"allow": ["hr.*"]}, 0),
        ("sql.tables", {"allow": ["shop.*"]}, 1),
    ):
        assert [finding.judged for finding in judge_one(text, code, data, with_)] == [True] * count


@pytest.mark.parametrize("check", [check for check in FAMILY if check != "sql.length"])
def test_what_could_be_read_by_its_words_alone_is_said_to_be_so(check: str) -> None:
    passes, _ = SETTINGS[check]
    text = "\n\nselect nothing_to ( ( see"
    (finding,) = judge(check, said(text), {} if check == "sql.cross_join" else passes)
    assert doubts([finding]) == [("", "3")]


def test_many_statements_that_could_not_be_read_are_one_finding() -> None:
    assert doubts(judge("sql.star", said("select (;\n" * 30), {})) == [("", "1, 2, 3 (+27)")]


@pytest.mark.parametrize("check", FAMILY)
def test_no_finding_holds_sql_or_what_is_in_quotes(check: str) -> None:
    _, hit = SETTINGS[check]
    secret = "select *, max(b), '13800000000' from hr.t join hr.u where name = \"li\" limit 10; select ( '13800000000'"
    for finding in judge(check, said(secret), {**hit}):
        assert not {"13800000000", "li", "select"} & set(str(finding.values).replace("'", " ").split())


DOUBTFUL = (
    "select a from hr.t where b = '{}",
    "select a, '{}' from hr.t where b = 'c",
    "select it's, '{}' from hr.t",
    "select a from hr.t /* {}",
    "select a from hr.t /* b /* {} */ c */",
    "select a from hr.t # {}\n",
    "select a from hr.t where b = $${}$$",
    "select \u200b '{}' from hr.t",
    "select from from '{}' ( from hr.t",
    "execute '{}'",
    "create function f as '{}'",
    "do $${}$$",
    "tunnel download '{}' hr.t",
    "set a=it's {}",
    "set a=(select '{}')",
)
"""Texts in which it is not clear what a literal or a comment is, or that run one."""


@pytest.mark.parametrize("check", FAMILY)
@pytest.mark.parametrize("text", DOUBTFUL)
@pytest.mark.parametrize(
    "inside",
    [
        *("hunter", "from hunter", "insert into hr.hunter select hunter.phone from hr.hunter", "hunter(1)"),
        *("join hr.hunter on hunter(a) = b", "select * from hr.${x}hunter, hunter", "${hunter}(1)", "-- hunter.x"),
    ],
)
@pytest.mark.no_cover
def test_no_finding_holds_what_may_be_a_part_of_a_text_or_a_comment(check: str, text: str, inside: str) -> None:
    _, hit = SETTINGS[check]
    wide: dict[str, object] = {"deny": ["*"]} if check == "sql.functions" else {**hit}
    more: list[dict[str, object]] = [{"allow": ["lab.*"]}, {"deny": ["hr.*"]}] if check == "sql.tables" else []
    for code in ("commit-file", "download-resources"):
        for source in ("odps", "mysql", "holo"):
            data = said(text.replace("{}", inside), datasourceName=source)
            for with_ in (wide, *more):
                assert not any("hunter" in str(found.values) for found in judge_one(check, code, data, with_))


# sql.tables


def test_a_table_is_named_with_its_line_and_what_is_done_to_it() -> None:
    text = "insert overwrite table hr.b\nselect 1 from shop.a\njoin hr.a on 1 = 1"
    (read_, written) = judge("sql.tables", said(text), {"deny": ["hr.*"]})
    assert (read_.text, read_.values) == (sql.TABLE_READ, {"table": "hr.a", "line": "3"})
    assert (written.text, written.values) == (sql.TABLE_WRITTEN, {"table": "hr.b", "line": "1"})


@pytest.mark.parametrize(
    ("access", "tables"),
    [(["read"], ["hr.a"]), (["written"], ["hr.b"]), (["READ", "Written"], ["hr.a", "hr.b"]), (["w*"], ["hr.b"])],
)
def test_reads_and_writes_can_be_judged_alone(access: list[str], tables: list[str]) -> None:
    hit = found("sql.tables", "insert into hr.b select 1 from hr.a", deny=["hr.*"], access=access)
    assert [values["table"] for values in hit] == tables


def test_what_is_not_allowed_is_not_and_what_is_denied_is_not_either() -> None:
    text = "select 1 from shop.a, shop.b, hr.a, lab.a"
    assert [each["table"] for each in found("sql.tables", text, allow=["shop.*", "hr.*"], deny=["*.b"])] == [
        "shop.b",
        "lab.a",
    ]


def test_a_table_is_named_once_at_its_first_line() -> None:
    text = "select 1 from shop.t\nwhere a in (select a from HR.T)\nand b in (select b from `hr`.t)"
    assert found("sql.tables", text, deny=["hr.*"]) == [{"table": "hr.t", "line": "2"}]


def test_names_of_with_and_aliases_are_no_tables() -> None:
    text = "with secret as (select 1 as a from shop.t) select secret.a from secret join shop.u salary on 1 = salary.b"
    assert found("sql.tables", text, allow=["shop.*"]) == []


def test_a_table_without_a_project_is_in_that_of_the_workspace_where_it_is_known() -> None:
    data = said("select id from salary", queryDwProjectName="hr")
    (finding,) = judge_one("sql.tables", "download-resources", data, {"deny": ["hr.salary"]})
    assert finding.values == {"table": "hr.salary", "line": "1"}
    findings = judge_one("sql.tables", "commit-file", data, {"deny": ["hr.salary"]})
    assert doubts(findings) == [("salary", "1")]
    assert [finding.text for finding in findings] == [sql.NAMED_WITHOUT_PROJECT]


@pytest.mark.parametrize(
    ("with_", "outcome"),
    [
        ({"deny": ["*.salary"]}, "hit"),
        ({"deny": ["hr.*"]}, "doubt"),
        ({"deny": ["hr.orders"]}, "nothing"),
        ({"allow": ["hr.*"]}, "doubt"),
        ({"allow": ["*.salary"]}, "nothing"),
        ({"allow": ["hr.orders"]}, "hit"),
        ({"allow": ["*.salary"], "deny": ["hr.*"]}, "doubt"),
        ({"allow": ["hr.orders"], "deny": ["hr.*"]}, "hit"),
        ({"allow": ["hr.*"], "deny": ["*.salary"]}, "hit"),
        ({"allow": ["hr.*"], "deny": ["hr.orders"]}, "doubt"),
    ],
)
def test_a_table_whose_project_is_not_known_is_told_where_that_does_not_matter(
    with_: dict[str, object], outcome: str
) -> None:
    findings = judge("sql.tables", said("select id from salary", queryDwProjectName=""), with_)
    outcomes = ["hit" if finding.judged else "doubt" for finding in findings]
    assert outcomes == ([] if outcome == "nothing" else [outcome])


def test_a_table_that_a_parameter_names_cannot_be_told_where_it_matters() -> None:
    text = "select 1 from hr.log_${bizdate}, shop.log_${bizdate},\n${project}.salary, shop.log_$[yyyymmdd]"
    findings = judge("sql.tables", said(text), {"deny": ["hr.*", "lab.salary"]})
    assert findings[0].values == {"table": "hr.log_${bizdate}", "line": "1"}
    assert doubts(findings[1:]) == [("${project}.salary", "2")]
    assert findings[1].text == sql.NAMED_BY_PARAMETER


@pytest.mark.parametrize(
    ("table", "outcome"),
    [
        ("hr.holidays", []),
        ("HR . Holidays", []),
        ("hr.dim_x", []),
        ("hr.holidays2", [True]),
        ("shop.holidays", []),
        ("holidays", []),
        ("salary", [False]),
        ("hr.dim_${bizdate}", []),
        ("hr.log_${bizdate}", [True]),
        ("hr.${x}", [False]),
    ],
)
def test_a_table_that_is_excepted_is_allowed_whatever_it_is_joined_with(table: str, outcome: list[bool]) -> None:
    with_ = {"deny": ["hr.*"], "except": ["*.holidays", "hr.dim_*"]}
    data = said("select 1 from shop.orders join @ on 1 = 1".replace("@", table), queryDwProjectName="")
    assert [finding.judged for finding in judge("sql.tables", data, with_)] == outcome


def test_what_is_excepted_must_be_denied() -> None:
    with pytest.raises(ValueError, match="except is for tables of deny, which is missing"):
        given("sql.tables", {"allow": ["hr.*"], "except": ["hr.holidays"]})


def test_many_tables_stand_in_one_message_that_can_be_read() -> None:
    text = "\n".join(["select 1 from hr.t0", *(f"join hr.t{number} on 1 = 1" for number in range(1, 20))])
    many = found("sql.tables", text, deny=["hr.*"])
    assert [values["table"] for values in many[:4]] == ["hr.t0", "hr.t1", "hr.t2", "hr.t3"]
    assert many[4:] == [{"table": "hr.t4, hr.t5, hr.t6 (+13)", "line": "5, 6, 7 (+13)"}]
    assert len(found("sql.tables", text.partition("\njoin hr.t5")[0], deny=["hr.*"])) == 5
    (*_, last) = found("sql.tables", text.partition("\njoin hr.t6")[0], deny=["hr.*"])
    assert last == {"table": "hr.t4, hr.t5", "line": "5, 6"}


def test_tables_of_a_statement_that_cannot_be_read_are_taken_from_its_words() -> None:
    text = "selec id frum x;\nselect ( from hr . salary where"
    findings = judge("sql.tables", said(text), {"deny": ["Hr.Salary"]})
    assert (findings[0].text, findings[0].values) == (sql.TABLE_IN_WORDS, {"table": "hr.salary", "line": "2"})
    assert doubts(findings[1:]) == [("", "1, 2")]


@pytest.mark.parametrize(
    ("with_", "expected"),
    [
        ({"deny": ["lab.*", "HR.sal*", "hr.*"]}, [["HR.sal*", "2"], ["hr.*", "3"]]),
        ({"deny": ["hr.*"], "except": ["*.salary"]}, [["hr.*", "3"]]),
        ({"deny": ["*"], "access": ["written"]}, [["*", "3"]]),
        ({"deny": ["*"], "access": ["read"]}, [["*", "2"]]),
        ({"deny": ["lab.*"]}, []),
        ({"allow": ["lab.*", "hr.orders"]}, [["a table other than lab.*, hr.orders", "2, 3"]]),
        ({"allow": ["hr.*"]}, []),
        ({"allow": ["hr.salary"], "deny": ["hr.salary"]}, [["hr.salary", "2"], ["a table other than hr.salary", "3"]]),
    ],
)
def test_of_a_table_that_may_be_a_part_of_a_text_the_list_is_told_and_not_the_name(
    with_: dict[str, object], expected: list[list[object]]
) -> None:
    text = "select 'a\n from hr.salary where x = b\n; insert into hr.users values ("
    assert told("sql.tables", text, **with_) == expected


def test_a_table_other_than_those_that_are_allowed_is_told_in_the_language_of_the_policy() -> None:
    (hit, _) = judge("sql.tables", said("select ( from hr.salary"), {"allow": ["a.*", "b.*", "c.*", "d.*"]})
    table = hit.values["table"]
    assert isinstance(table, Text)
    assert (table.en, table.zh) == ("a table other than a.*, b.*, c.*", "a.*, b.*, c.* 以外的表")


@pytest.mark.parametrize(
    ("with_", "said_"),
    [("{allow: [lab.*]}", "Use none but lab.* 以外的表 (1)."), ("{deny: [hr.*]}", "Use none but hr.* (1).")],
)
def test_a_message_of_the_rule_s_own_tells_the_list_as_well(with_: str, said_: str) -> None:
    content = f"""
version: 1
rules:
  - id: r
    on: download-resources
    check: sql.tables
    with: {with_}
    message: "Use none but {{table}} ({{line}})."
"""
    asked = event("download-resources", said("select 'a from hr.hunter"))
    verdict = pipeline.judge(asked, policy.parse(content.encode(), "p"), EPOCH)
    assert verdict.message(1000).splitlines()[0] == f"[r] {said_}"


def test_a_table_whose_project_is_not_known_is_not_told_where_it_may_be_a_part_of_a_text() -> None:
    data = said("select 'a from salary", queryDwProjectName="")
    (doubt,) = judge("sql.tables", data, {"deny": ["hr.*"], "allow": ["hr.*"]})
    assert doubts([doubt]) == [("", "1")]
    (hit, _) = judge("sql.tables", data, {"deny": ["hr.*", "*.sal*"]})
    assert hit.values == {"table": "*.sal*", "line": "1"}


def test_of_many_tables_in_words_the_first_ones_are_told() -> None:
    tables = [f"hr.t{number}" for number in range(sql._TOLD)]
    text = " ".join(("select ( from", ", ".join((*tables, "lab.t")), "where"))
    assert told("sql.tables", text, deny=["lab.*", "hr.*"]) == [["hr.*", "1"]]
    assert told("sql.tables", text, deny=["lab.*"]) == [["lab.*", "1"]]
    assert told("sql.tables", text, allow=["shop.*"]) == [["a table other than shop.*", "1"]]


@pytest.mark.parametrize("check", ["sql.tables", "sql.statements"])
def test_a_list_that_is_not_there_is_refused(check: str) -> None:
    with pytest.raises(ValueError, match=r"^expected allow, deny or both, found neither$"):
        given(check, {})


# sql.columns


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("select phone from hr.users", ["hr.users.phone"]),
        ("select PHONE as phone from hr.users", ["hr.users.phone"]),
        ("select u.phone p from hr.users u", ["hr.users.phone as p"]),
        ("select x.b from (select concat(a.c, '') b from (select phone c from hr.users) a) x", ["hr.users.phone as b"]),
        ("with w as (select phone a from hr.users) select a from w union all select 'x'", ["hr.users.phone as a"]),
        ("insert into shop.t select phone from hr.users", ["hr.users.phone"]),
        ("create table shop.t as select phone from hr.users", ["hr.users.phone"]),
        ("select name from hr.users where phone = 1 group by name, phone order by phone", []),
        ("select phone from hr.staff", []),
        ("select count(*) from hr.users", []),
        ("select 'phone' from hr.users", []),
    ],
)
def test_a_column_is_found_wherever_it_comes_from(text: str, columns: list[str]) -> None:
    assert found("sql.columns", text, **PHONE) == [{"column": column, "line": "1"} for column in columns]


def test_a_column_is_named_once_with_the_line_where_it_stands() -> None:
    text = "select name,\nphone,\nphone as p,\nupper(id_card) as q\nfrom hr.users"
    assert found("sql.columns", text, deny=["hr.users.phone", "*.id_card"]) == [
        {"column": "hr.users.phone", "line": "2"},
        {"column": "hr.users.id_card as q", "line": "4"},
    ]


def test_a_column_that_goes_through_a_mask_may_leave() -> None:
    text = "select mask(phone) a, concat(sha2(id_card, 256), '') b from hr.users"
    assert found("sql.columns", text, deny=["hr.*"], masked_by=["MASK", "sha*"]) == []
    (hit,) = judge("sql.columns", said(text), {"deny": ["hr.*"], "masked_by": ["mask"]})
    assert hit.text == sql.COLUMN_UNMASKED
    assert hit.values == {"column": "hr.users.id_card as b", "line": "1", "functions": "mask"}


def test_a_column_that_goes_past_the_mask_may_not() -> None:
    text = "select mask(phone) a, concat(mask(phone), phone) b from hr.users"
    assert [each["column"] for each in found("sql.columns", text, **PHONE, masked_by=["mask"])] == [
        "hr.users.phone as b"
    ]


def test_columns_that_are_only_used_count_where_the_rule_says_so() -> None:
    text = "select name, id_card from hr.users\nwhere phone = 1"
    (hit, used) = judge("sql.columns", said(text), {"deny": ["*.phone", "*.id_card"], "anywhere": True})
    assert (hit.text, hit.values) == (sql.COLUMN_RETURNED, {"column": "hr.users.id_card", "line": "1"})
    assert (used.text, used.values) == (sql.COLUMN_USED, {"column": "hr.users.phone", "line": "2"})
    assert found("sql.columns", text, **PHONE, anywhere=False) == []


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("select * from hr.users", ["hr.users.*"]),
        ("select u.* from hr.users u join shop.t t on u.id = t.id", ["hr.users.*"]),
        ("select * from (select * from hr.users) x", ["hr.users.*"]),
        ("select * except (phone) from hr.users", []),
        ("select * except (name) from hr.users", ["hr.users.*"]),
        ("select * from shop.users", []),
        ("select id from (select * from hr.users) x", []),
        ("select count(*) from hr.users", []),
        ("clone table hr.users to shop.users", ["hr.users.*"]),
        ("unload from hr.users into location 'oss://a/b'", ["hr.users.*"]),
        ("read hr.users 10", ["hr.users.*"]),
        ("create table shop.users like hr.users", []),
        ("desc hr.users", []),
    ],
)
def test_a_star_over_a_table_with_a_denied_column_is_a_hit(text: str, columns: list[str]) -> None:
    hit = found("sql.columns", text, **PHONE)
    assert hit == [{"column": column, "line": "1", "patterns": "hr.users.phone"} for column in columns]


def test_a_star_is_cleared_by_leaving_out_all_that_is_denied_by_name() -> None:
    text = "select * except (phone, id_card) from hr.users"
    assert found("sql.columns", text, deny=["hr.users.phone", "*.id_card"]) == []
    assert found("sql.columns", text, deny=["hr.users.phone*"])[0]["patterns"] == "hr.users.phone*"
    assert found("sql.columns", text, deny=["hr.users.phone", "hr.*", "*.email"])[0]["patterns"] == "hr.*, *.email"


def test_a_table_that_is_starred_twice_is_named_once() -> None:
    text = "select * from hr.users\nunion all\nselect * from hr.users"
    assert found("sql.columns", text, **PHONE) == [{"column": "hr.users.*", "line": "1", "patterns": "hr.users.phone"}]


def test_a_star_in_a_sub_query_counts_where_columns_count_anywhere() -> None:
    text = "select name from (select * from hr.users) x"
    assert found("sql.columns", text, **PHONE, anywhere=True) != []


def test_a_column_that_may_be_any_of_its_table_is_as_good_as_a_star() -> None:
    text = "select to_json(struct(*)) as j from hr.users"
    findings = judge("sql.columns", said(text), PHONE)
    assert findings
    assert str(findings[0].values["column"]).startswith("hr.users.")


def test_columns_of_a_table_without_a_project_or_by_a_parameter_cannot_be_told() -> None:
    text = "select phone, name from users;\nselect ${columns} from hr.users;\nselect * from users"
    findings = judge("sql.columns", said(text, queryDwProjectName=""), PHONE)
    assert doubts(findings) == [("users.phone, users.*", "1, 3"), ("hr.users.${columns}", "2")]
    assert found("sql.columns", "select '${bizdate}', ${bizdate}, ${bizdate} ds from hr.users", **PHONE) == []


def test_words_of_a_statement_that_cannot_be_read_may_name_a_column() -> None:
    text = "select name from hr.users;\nselect ( phone, id from hr.users"
    (hit, rest) = judge("sql.columns", said(text), PHONE)
    assert (hit.text, hit.values) == (sql.COLUMN_IN_WORDS, {"column": "hr.users.phone", "line": "2"})
    assert doubts([rest]) == [("", "2")]
    assert doubts(judge("sql.columns", said(text), {"deny": ["hr.users.address"]})) == [("", "2")]
    assert doubts(judge("sql.columns", said("select ( phone from users", queryDwProjectName=""), PHONE))


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ("select 'phone from hr.users", [["*.pho*", "1"], ["hr.users.phone", "1"]]),
        ("select 1;\nselect name from hr.users 'x", []),
        ("tunnel download hr.users x.csv", [["*.pho*", "1"], ["hr.users.phone", "1"]]),
        ("tunnel download hr.staff x.csv", [["*.pho*", "1"]]),
        ("tunnel upload x.csv hr.users", []),
        ("tunnel download users x.csv", [["*.pho*", "1"]]),
    ],
)
def test_of_a_column_that_may_be_a_part_of_a_text_the_pattern_is_told_and_not_the_name(
    text: str, patterns: list[list[object]]
) -> None:
    assert told("sql.columns", text, deny=["*.pho*", "hr.users.phone"]) == patterns


def test_of_columns_in_words_the_patterns_are_told() -> None:
    statement = Statement(
        kind="SELECT",
        line=1,
        reads=(Read(table="hr.users", line=1), Read(table="hr.staff", line=1)),
        unread="why",
        words=frozenset({"phone_b", "phone_a", "name"}),
    )
    assert list(sql._in_words(statement, ColumnNames.read(["hr.users.phone*", "shop.*"]))) == ["hr.users.phone*"]
    assert list(sql._in_words(statement, ColumnNames.read(["*.name"]))) == ["*.name", "*.name"]


# sql.star


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("select * from shop.t", ["shop.t"]),
        ("select/**/*/**/from shop.t", ["shop.t"]),
        ("select a.*, b.* from shop.t a join shop.u b on a.i = b.i", ["shop.t", "shop.u"]),
        ("with w as (select * from shop.t) select * from w", ["shop.t"]),
        ("insert into shop.u select * from shop.t", ["shop.t"]),
        ("select count(*), a * b from shop.t", []),
        ("select * from (select a, b from shop.t) x", []),
        ("select a from (select * from shop.t) x", []),
        ("select '*' from shop.t -- *", []),
        ("clone table shop.t to shop.u", []),
    ],
)
def test_a_star_is_named_by_its_table(text: str, tables: list[str]) -> None:
    assert found("sql.star", text) == [{"table": table, "line": "1"} for table in tables]


def test_a_star_in_a_sub_query_counts_where_the_rule_says_so() -> None:
    text = "select a from (\nselect * from shop.t) x"
    assert found("sql.star", text, anywhere=True) == [{"table": "shop.t", "line": "2"}]
    assert found("sql.star", "select count(*) from shop.t", anywhere=True) == []


def test_stars_over_some_tables_can_be_judged_alone() -> None:
    text = "select * from shop.t; select * from shop.wide_t"
    assert found("sql.star", text, tables=["*.wide_*"]) == [{"table": "shop.wide_t", "line": "1"}]
    assert doubts(judge("sql.star", said("select * from t", queryDwProjectName=""), {"tables": ["shop.*"]})) == [
        ("t", "1")
    ]


def test_a_parameter_in_place_of_the_columns_may_be_a_star() -> None:
    text = "select ${columns}, ${bizdate}, ${x} as y, id_${x} from shop.t"
    assert doubts(judge("sql.star", said(text), {})) == [("shop.t.${columns}, shop.t.id_${x}", "1")]
    assert doubts(judge("sql.star", said(text), {"tables": ["shop.*"]}))
    assert judge("sql.star", said(text), {"tables": ["lab.*"]}) == []


# sql.functions


def test_functions_are_named_with_their_calls_and_lines() -> None:
    text = "select max(ds), MAX_PT('a'),\n`max_pt`('b')\nfrom t where ds = get_x(1) -- max_pt('c')"
    assert found("sql.functions", text, deny=["max_pt", "get_*"]) == [
        {"functions": "max_pt, get_x", "count": "3", "lines": "1, 2, 3"}
    ]
    assert found("sql.functions", text, deny=["min"]) == []


def test_a_function_in_text_is_no_call() -> None:
    assert found("sql.functions", "select 'max_pt(1)', \"max_pt(1)\", max_pt from t", deny=["max_pt"]) == []


def test_of_a_call_that_may_be_a_part_of_a_text_the_pattern_is_told_and_not_the_name() -> None:
    text = "select get_a(1), 'get_b(2),\nget_c(3), max_pt(4), min(5) from t"
    assert told("sql.functions", text, deny=["Get_*", "MAX_PT"]) == [["Get_*, max_pt", 4, "1, 2"]]
    assert told("sql.functions", "select get_a(1);" + text, deny=["get_*"]) == [["get_a, get_*", 4, "1, 2"]]
    (doubt,) = judge("sql.functions", said("select '${f}(1)"), {"deny": ["max_pt"]})
    assert doubts([doubt]) == [("", "1")]


def test_a_function_that_a_parameter_names_cannot_be_told() -> None:
    findings = judge("sql.functions", said("select ${f}('t') from shop.t"), {"deny": ["max_pt"]})
    assert doubts(findings)[0] == ("${f}", "1")


# sql.statements


def test_kinds_of_statements_are_named_once_with_their_line() -> None:
    text = "set a=b;\nselect 1;\ndrop table shop.t;\ndrop table shop.u;\ntruncate table shop.t"
    assert found("sql.statements", text, allow=["select", "SET"]) == [
        {"kind": "DROP", "line": "3"},
        {"kind": "TRUNCATE", "line": "5"},
    ]
    assert found("sql.statements", text, deny=["trunc*"]) == [{"kind": "TRUNCATE", "line": "5"}]
    assert found("sql.statements", text, deny=["select"], allow=["*"]) == [{"kind": "SELECT", "line": "2"}]


def test_the_kind_of_a_statement_that_cannot_be_read_counts_as_well() -> None:
    findings = judge("sql.statements", said("create view ( select ("), {"deny": ["CREATE"]})
    assert findings[0].values == {"kind": "CREATE", "line": "1"}
    assert doubts(findings[1:]) == [("", "1")]


def test_kinds_are_those_of_the_facts() -> None:
    assert sql.Kinds.read(list(KINDS)).names == KINDS
    with pytest.raises(ValueError, match=r"^expected SELECT, INSERT, "):
        sql.Kinds.read(["QUERY"])


# sql.partition_filter


@pytest.mark.parametrize(
    "text",
    [
        "select a from shop.t where ds = '20260101'",
        "select a from shop.t where DS between '1' and '2' and b = 1",
        "select a from (select * from shop.t) x where x.ds in ('1')",
        "select a from lab.t",
        "insert into shop.u select a from shop.t where pt > '1'",
        "desc shop.t",
        "explain select a from shop.t",
        "show partitions shop.t",
        "analyze table shop.t compute statistics",
        "clone table shop.t to lab.t",
        "create table lab.u like shop.t",
        "drop table shop.t",
        "read shop.t 10",
    ],
)
def test_what_is_filtered_or_not_scanned_passes(text: str) -> None:
    assert found("sql.partition_filter", text, tables=["shop.*"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "select a from shop.t",
        "select a from shop.t where ds <> '1'",
        "select a from shop.t where ds = '1' or b = 2",
        "select a from shop.t where dss = '1'",
        "select a from lab.t where ds in (select ds from shop.t)",
        "insert into lab.u select a from shop.t",
        "create table lab.u as select a from shop.t",
        "with x as (select a from shop.t) select a from x",
        "@a := select a from shop.t; select a from @a where ds = '1' limit 1",
    ],
)
def test_a_table_that_is_scanned_without_a_filter_is_a_hit(text: str) -> None:
    assert found("sql.partition_filter", text, tables=["shop.*"]) == [
        {"table": "shop.t", "line": "1", "columns": "ds, dt, pt"}
    ]


def test_each_read_needs_its_own_filter() -> None:
    text = "select 1 from shop.t a\njoin shop.t b on a.i = b.i\nwhere a.ds = '1'"
    assert found("sql.partition_filter", text, tables=["shop.*"], columns=["ds"]) == [
        {"table": "shop.t", "line": "2", "columns": "ds"}
    ]
    assert found("sql.partition_filter", text, tables=["shop.*"], columns=["i"]) != []


def test_a_table_that_may_need_a_filter_cannot_be_told() -> None:
    data = said("select a from t; select a from u where ds = '1'", queryDwProjectName="")
    assert doubts(judge("sql.partition_filter", data, {"tables": ["shop.*"]})) == [("t", "1")]


# sql.limit


def test_the_limit_of_each_query_that_returns_something_counts() -> None:
    text = "select 1 from t limit 10;\ninsert into t select 1;\nselect 1 from t;\nselect 1 from t limit 1001;\nset a=b"
    (without, high) = judge("sql.limit", said(text), {"max": 1000})
    assert (without.text, without.values) == (sql.NO_LIMIT, {"line": "3", "max": 1000})
    assert (high.text, high.values) == (sql.LIMIT_TOO_HIGH, {"line": "4", "limit": "1,001", "max": 1000})
    assert found("sql.limit", text.replace("1001", "1000").replace("select 1 from t;", ""), max=1000) == []


def test_a_limit_inside_is_none_and_one_that_is_no_number_is_none_either() -> None:
    assert found("sql.limit", "select 1 from (select 1 from t limit 5) x", max=10) == [{"line": "1", "max": "10"}]
    assert found("sql.limit", "select 1 from t limit ${n}", max=10) == [{"line": "1", "max": "10"}]
    assert found("sql.limit", "select 1 from t union all select 1 from u limit 5", max=10) == []


# sql.cross_join


def test_a_join_without_a_condition_is_named_as_the_sql_names_it() -> None:
    text = "select 1 from shop.a x\njoin shop.b y\ncross join shop.c"
    assert [each["line"] for each in found("sql.cross_join", text)] == ["2", "3"]
    assert found("sql.cross_join", text)[0]["name"] == "y"
    assert found("sql.cross_join", "select 1 from a join b on a.i = b.i, c where c.j = a.i") == []
    assert found("sql.cross_join", "select a.i / x.n from a cross join (select count(*) n from a) x") == []


def test_a_sub_query_without_a_name_is_shown_as_one() -> None:
    assert list(sql._cross_join([Statement(kind="SELECT", line=1, cross_joins=(CrossJoin(name="", line=2),))])) == [
        hit(sql.CROSS_JOIN, name="(select …)", line="2")
    ]


# sql.length


def test_a_text_may_have_so_many_characters_whatever_they_say() -> None:
    assert found("sql.length", "选选选选选", max=5) == []
    assert found("sql.length", "选选选选选选", max=5) == [{"length": "6", "max": "5"}]
    assert judge("sql.length", said("select ("), {"max": 8}) == []


def test_a_text_is_not_read_for_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extension.sql.analyse", None)
    assert found("sql.length", "select 1", max=7) == [{"length": "8", "max": "7"}]


# The console's options


def test_a_workspace_can_set_lists_and_limits() -> None:
    for check, name, value in (
        ("sql.tables", "deny", "hr.*, *.salary"),
        ("sql.columns", "deny", '["hr.users.phone"]'),
        ("sql.columns", "anywhere", "true"),
        ("sql.functions", "deny", "MAX_PT"),
        ("sql.statements", "allow", "SELECT;SET"),
        ("sql.limit", "max", "1000"),
        ("sql.tables", "access", "read"),
    ):
        fields = {field.encode_name: field for field in msgspec.structs.fields(BY_ID[check].settings)}
        assert settings.offered(fields[name], value)
