"""The SQL of an event: where it is, what runs it, where its tables are, and what a condition sees of it."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from extension import catalogue, queries, sql
from extension.checks.files import FILE_TYPES
from extension.events import Databases, Event, Missing, Reason, Unknown
from extension.queries import ENGINES, Query
from extension.sql.facts import Engine
from extension.storage import ROOT
from tests.cases import event

FILES = ("commit-file", "deploy-file", "run-file", "delete-file")
DOWNLOADS = ("download-resources", "download-resources-execute")


def download(text: str = "select 1", /, **data: object) -> Event[Any]:
    """A download of the result of some SQL."""
    return event("download-resources", {"sqlText": text, "queryDwProjectId": 90214, **data})


def file(text: str = "select 1", /, code: str = "commit-file", **data: object) -> Event[Any]:
    """An operation on a file with some code."""
    return event(code, {"Content": text, "fileType": 10, **data})


def found(asked: Event[Any], databases: Databases | None = None) -> Query:
    """The SQL of an event, under what a policy says of data sources."""
    query = queries.query(msgspec.structs.replace(asked, databases=databases or Databases()))
    assert isinstance(query, Query)
    return query


# where it is


@pytest.mark.parametrize("code", DOWNLOADS)
def test_the_sql_of_a_download_is_that_of_its_result(code: str) -> None:
    asked = event(code, {"sqlText": "select 1", "Content": "select 2"})
    assert found(asked) == Query(text="select 1", engine=Engine.MAXCOMPUTE, project="")


@pytest.mark.parametrize("code", FILES)
def test_the_sql_of_an_operation_on_a_file_is_its_code(code: str) -> None:
    asked = event(code, {"sqlText": "select 1", "Content": "select 2"})
    assert found(asked) == Query(text="select 2", engine=Engine.MAXCOMPUTE, project="")


def test_all_events_that_carry_sql_are_known() -> None:
    carrying = {entry.code for entry in catalogue.ENTRIES if queries.carries(entry.payload)}
    assert carrying == {*DOWNLOADS, *FILES}


@pytest.mark.parametrize("code", ["freeze-node", "upload-data-to-table", "project-deleted"])
def test_other_events_have_none(code: str) -> None:
    asked = event(code, {"sqlText": "select 1", "Content": "select 2"})
    missing = Unknown("sqlText", Reason.MISSING)
    assert queries.query(asked) == queries.analysis(asked) == queries.values(asked, None) == missing


@pytest.mark.parametrize(
    ("asked", "field", "reason"),
    [
        (event("download-resources", {}), "sqlText", Reason.MISSING),
        (download("  "), "sqlText", Reason.MISSING),
        (event("download-resources", {"sqlText": ["select 1"]}), "sqlText", Reason.UNREADABLE),
        (event("commit-file", {}), "Content", Reason.MISSING),
        (event("run-file", {"Content": {}}), "Content", Reason.UNREADABLE),
    ],
)
def test_sql_that_is_not_there_or_is_no_text_is_unknown(asked: Event[Any], field: str, reason: Reason) -> None:
    assert queries.query(asked) == queries.analysis(asked) == queries.values(asked, None) == Unknown(field, reason)
    assert queries.tables(asked) == ()


def test_a_file_may_be_empty() -> None:
    assert found(file("")).text == ""


@pytest.mark.parametrize("answer", [None, Missing("HTTP 500")])
def test_code_that_was_not_had_is_an_error_of_who_did_not_ask(answer: Missing | None) -> None:
    with pytest.raises(LookupError, match="not asked"):
        queries.query(msgspec.structs.replace(file(), file=answer))


def test_sql_is_not_shown() -> None:
    query = found(download("select hush from a"))
    assert repr(query) == str(query) == "Query(<Engine.MAXCOMPUTE: 'maxcompute'>)"


# what runs it


def test_the_engine_of_every_documented_type_of_file_is_known() -> None:
    assert set(ENGINES) == set(FILE_TYPES)


@pytest.mark.parametrize(
    ("kind", "engine"),
    [
        (10, Engine.MAXCOMPUTE),
        ("24", Engine.MAXCOMPUTE),
        (227, Engine.HIVE),
        (1093, Engine.HOLOGRES),
        (1221, Engine.PYTHON),
        (6, Engine.SHELL),
        (900, Engine.OTHER),
    ],
)
def test_a_file_is_of_the_engine_of_its_type_whatever_its_data_source_is_called(kind: object, engine: Engine) -> None:
    said = Databases(engines={("", "mysql_1"): Engine.MYSQL, ("90214", ""): Engine.CLICKHOUSE})
    assert found(file(fileType=kind, dataSourceName="mysql_1"), said).engine is engine


def test_the_type_of_a_file_is_that_of_the_message_else_that_of_its_code() -> None:
    assert found(file(fileType=1093, FileType=10)).engine is Engine.HOLOGRES
    assert found(file(fileType=None, FileType=1093)).engine is Engine.HOLOGRES
    assert found(file(fileType=4711, FileType=1093)).engine is Engine.HOLOGRES


@pytest.mark.parametrize("kind", [4711, None, "SQL"])
def test_a_file_of_another_type_is_of_the_engine_that_its_data_source_tells(kind: object) -> None:
    said = Databases(engines={("", "crm"): Engine.MYSQL})
    assert found(file(fileType=kind, dataSourceName="CRM"), said).engine is Engine.MYSQL
    assert found(file(fileType=kind, dataSourceName="my_clickhouse")).engine is Engine.CLICKHOUSE
    assert found(file(fileType=kind, DataSourceName="my_clickhouse")).engine is Engine.CLICKHOUSE
    assert found(file(code="run-file", fileType=kind, DataSourceName="my_clickhouse")).engine is Engine.CLICKHOUSE
    assert found(file(fileType=kind, dataSourceName="my_hive", DataSourceName="odps")).engine is Engine.HIVE
    assert found(file(fileType=kind)).engine is Engine.MAXCOMPUTE


@pytest.mark.parametrize(
    ("name", "engine"),
    [
        ("odps_first", Engine.MAXCOMPUTE),
        ("MaxCompute", Engine.MAXCOMPUTE),
        ("Hologres", Engine.HOLOGRES),
        ("Holo_prod", Engine.HOLOGRES),
        ("EMR Hive", Engine.HIVE),
        ("emr_spark", Engine.SPARK),
        ("EMR Presto", Engine.PRESTO),
        ("trino", Engine.PRESTO),
        ("PostgreSQL", Engine.POSTGRESQL),
        ("analyticdb for postgresql", Engine.POSTGRESQL),
        ("rds_mysql", Engine.MYSQL),
        ("PolarDB", Engine.MYSQL),
        ("mariadb", Engine.MYSQL),
        ("ＣｌｉｃｋＨｏｕｓｅ", Engine.CLICKHOUSE),
        ("crm", Engine.MAXCOMPUTE),
        ("", Engine.MAXCOMPUTE),
    ],
)
def test_a_download_is_of_the_engine_that_a_name_tells_else_of_maxcompute(name: str, engine: Engine) -> None:
    assert found(download(datasourceName=name)).engine is engine
    assert found(download(targetEngineType=name)).engine is engine


def test_what_the_policy_says_is_stronger_than_the_type_that_comes_and_that_than_the_name() -> None:
    said = Databases(engines={("", "holo_1"): Engine.PRESTO})
    assert found(download(datasourceName="holo_1", targetEngineType="EMR Hive"), said).engine is Engine.PRESTO
    assert found(download(datasourceName="holo_1", targetEngineType="EMR Hive")).engine is Engine.HIVE
    assert found(download(datasourceName="holo_1", targetEngineType="Oracle")).engine is Engine.HOLOGRES
    assert found(download(datasourceName="holo_1", targetEngineType=7)).engine is Engine.HOLOGRES


# where its tables are


def test_without_a_word_of_the_policy_a_download_of_maxcompute_is_of_the_project_called_like_its_workspace() -> None:
    assert found(download(queryDwProjectName="Sales_Dev")).project == "sales_dev"
    assert found(download()).project == ""


@pytest.mark.parametrize(("name", "project"), [("holo", "public"), ("postgres", "public"), ("mysql", ""), ("hive", "")])
def test_other_engines_have_their_own_default_or_none(name: str, project: str) -> None:
    assert found(download(datasourceName=name, queryDwProjectName="sales")).project == project
    assert found(file(fileType=None, dataSourceName=name)).project == project


def test_the_project_of_a_file_is_not_known_without_a_word_of_the_policy() -> None:
    assert found(file(dataSourceName="odps_first")).project == ""


@pytest.mark.parametrize(
    ("said", "project"),
    [
        ({("", "odps_first"): "a", ("90214", ""): "b", ("90214", "odps_first"): "c"}, "c"),
        ({("", "odps_first"): "a", ("90214", ""): "b", ("90215", "odps_first"): "c"}, "a"),
        ({("", "odps"): "a", ("90214", ""): "b"}, "b"),
        ({("", "odps"): "a", ("90215", ""): "b"}, ""),
    ],
)
@pytest.mark.parametrize("asked", [download(datasourceName="ODPS_First"), file(dataSourceName="odps_First ")])
def test_what_the_policy_says_most_closely_counts(
    asked: Event[Any], said: Mapping[tuple[str, str], str], project: str
) -> None:
    assert found(asked, Databases(projects=said)).project == project


@pytest.mark.parametrize(
    ("asked", "project"),
    [
        (download(queryDwProjectName="sales"), "others"),
        (download(queryDwProjectName="sales", datasourceName="crm"), "crm"),
        (download(datasourceName="holo"), "public"),
        (download(datasourceName="mysql"), ""),
        (file(), "others"),
        (file(fileType=1221), "others"),
        (file(fileType=227), ""),
        (file(fileType=1093), "public"),
    ],
)
def test_what_the_policy_says_of_all_others_is_for_maxcompute(asked: Event[Any], project: str) -> None:
    assert found(asked, Databases(projects={("", "crm"): "crm"}, project="others")).project == project


def test_what_the_policy_says_of_a_workspace_is_not_said_of_an_unknown_one() -> None:
    said = Databases(projects={("90214", ""): "a", ("90214", "crm"): "b"})
    nowhere = msgspec.structs.replace(download(datasourceName="crm"), workspace=Unknown("projectId", Reason.MISSING))
    assert found(nowhere, said).project == ""
    assert found(nowhere, Databases(projects={("", "crm"): "c"})).project == "c"


# what it says


def test_the_project_and_the_engine_are_those_that_it_is_read_with() -> None:
    said = Databases(projects={("", "crm"): "shop"}, engines={("", "crm"): Engine.MYSQL})
    asked = msgspec.structs.replace(download("select `a` from t # x", datasourceName="crm"), databases=said)
    read = queries.analysis(asked)
    assert not isinstance(read, Unknown)
    assert read.engine is Engine.MYSQL
    assert [each.table for statement in read.statements for each in statement.reads] == ["shop.t"]


@pytest.mark.parametrize(
    ("asked", "tables"),
    [
        (download("select * from dw.a, dw.A, b", queryDwProjectName="shop"), ("dw.a", "shop.b")),
        (download("select * from dw.a, b"), ()),
        (file("insert into dw.a select * from dw.b; drop table dw.c"), ("dw.b", "dw.a", "dw.c")),
        (file("select * from dw.a where ds = '${bizdate}'"), ("dw.a",)),
        (file("select * from dw.a_${bizdate}"), ("dw.a_${bizdate}",)),
        (file("select 1"), ()),
        (file(""), ()),
        (file("select * from dw.a; select from from from"), ()),
        (file("o.execute_sql('select * from dw.a')", fileType=1221), ()),
        (event("upload-data-to-table", {"tableGuid": "odps.dw.a"}), ("odps.dw.a",)),
        (event("project-deleted", {}), ()),
        (msgspec.structs.replace(file("select * from dw.a"), file=None), ()),
        (msgspec.structs.replace(file("select * from dw.a"), file=Missing("no")), ()),
    ],
)
def test_the_tables_of_an_event_are_all_that_its_sql_reads_and_writes_or_none(
    asked: Event[Any], tables: tuple[str, ...]
) -> None:
    assert queries.tables(asked) == tables


SAMPLE = """\
set odps.sql.mapper.split.size=64;
with a as (select u.phone as p, upper(u.name) n from hr.users u)
insert overwrite table ods.b partition (ds = '1') select p, n from a;
select * from ods.c cross join ods.d limit 10;
select id from ods.c where ds = max_pt('ods.c') limit 5;
"""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tables", ["hr.users", "ods.c", "ods.d"]),
        ("written", ["ods.b"]),
        ("columns", ["hr.users.phone", "hr.users.name", "ods.c.id", "ods.c.*", "ods.d.*"]),
        ("stars", ["ods.c", "ods.d"]),
        ("functions", ["upper", "max_pt"]),
        ("statements", ["SET", "INSERT", "SELECT"]),
        ("cross_joins", 1),
        ("limit", 5),
        ("length", len(SAMPLE)),
        ("readable", True),
    ],
)
def test_a_condition_sees_what_sql_says(field: str, value: object) -> None:
    assert queries.values(download(SAMPLE), frozenset({field})) == {field: value}
    everything = queries.values(download(SAMPLE), None)
    assert isinstance(everything, dict)
    assert everything[field] == value


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("select a from dw.t limit 10", {"limit": 10}),
        ("select a from dw.t limit 10; select a from dw.t", {}),
        ("select a from dw.t", {}),
        ("insert into dw.a select a from dw.t limit 10", {}),
        ("set a=b", {}),
    ],
)
def test_the_limit_is_that_of_the_last_result(text: str, limit: dict[str, object]) -> None:
    assert queries.values(download(text), frozenset({"limit"})) == limit


def test_what_cannot_be_read_is_not_readable() -> None:
    read = queries.values(download("select a from from"), frozenset({"readable", "tables"}))
    assert isinstance(read, dict)
    assert read["readable"] is False


# what a log may hold of it


@pytest.mark.parametrize("outlined", [False, True])
def test_a_log_holds_a_digest_and_where_asked_for_an_outline(outlined: bool) -> None:
    text = "select a from t where phone = '13800000000' -- 字"
    outline = {"outline": "select a from t where phone = ?"} if outlined else {}
    for asked in (download(text), file(text)):
        assert queries.logged(asked, outlined=outlined) == {"digest": "f9b302c5b707807e", **outline}


def test_the_same_sql_has_the_same_digest_and_other_sql_another() -> None:
    digests = {str(queries.logged(download(text), outlined=False)) for text in ("select 1", "select 1 ", "select 1")}
    assert len(digests) == 2


def test_the_outline_is_by_what_runs_the_sql() -> None:
    text = 'select "name" from t'
    said = Databases(engines={("", "crm"): Engine.POSTGRESQL})
    asked = msgspec.structs.replace(download(text, datasourceName="crm"), databases=said)
    assert queries.logged(asked, outlined=True)["outline"] == text
    assert queries.logged(download(text), outlined=True)["outline"] == "select ? from t"
    assert queries.logged(file(text, fileType=1221), outlined=True)["outline"] == ""
    assert queries.logged(file("", fileType=10), outlined=True)["outline"] == ""


@pytest.mark.parametrize(
    "asked",
    [
        event("download-resources", {"queryDwProjectId": 90214}),
        event("download-resources", {"sqlText": {"text": "select 1"}}),
        event("upload-data-to-table", {"sqlText": "select 1", "Content": "select 1"}),
        event("project-deleted", {"sqlText": "select 1"}),
        msgspec.structs.replace(file(), file=None),
        msgspec.structs.replace(file(), file=Missing("no")),
        event("commit-file", {"fileType": 10}),
        event("new-event", {"sqlText": "select 1"}),
    ],
)
def test_of_sql_that_there_is_none_of_or_that_was_not_had_the_log_holds_nothing(asked: Event[Any]) -> None:
    assert queries.logged(asked, outlined=True) == {}


def test_nothing_is_analysed_for_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "analyse", None)
    monkeypatch.setattr(sql, "analysed", None)
    assert queries.logged(download("select 1"), outlined=True)["outline"] == "select ?"


def test_a_log_names_the_tables_of_what_was_read_and_counts_those_of_words() -> None:
    asked = download(
        "insert into dw.a select 1 from dw.b; select ( from hunter; select 'x from dw.hunter; insert into hunter"
    )
    assert queries.account(asked) == {}
    queries.analysis(asked)
    assert queries.account(asked) == {
        "engine": Engine.MAXCOMPUTE,
        "project": "",
        "characters": 103,
        "statements": {"INSERT": 1, "SELECT": 2},
        "tables": ["dw.b"],
        "tables_total": 3,
        "written": ["dw.a"],
        "written_total": 2,
        "unread": {"the grammar does not take it": 1, "a quote is not closed": 1},
    }
    assert queries.account(msgspec.structs.replace(file("select * from dw.a"), file=None)) == {}


# what it costs


def test_nothing_is_read_for_the_length_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "analyse", None)
    assert queries.values(download("select 字"), frozenset({"length"})) == {"length": 8}


def test_no_grammar_is_loaded_before_there_is_sql_to_read() -> None:
    program = """
import sys
from extension import pipeline, policy, queries
from tests.cases import event
from datetime import datetime, UTC
rules = b'version: 1\\nrules: [{id: r, on: "*", check: download.rows, with: {max: 1}, when: "sql.length > 3"}]'
pipeline.judge(event("download-resources", {"sqlText": "select 1"}), policy.parse(rules, "p"), datetime.now(UTC))
assert "sqlglot" not in sys.modules
queries.analysis(event("download-resources", {"sqlText": "select 1"}))
assert "sqlglot" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, timeout=60)  # noqa: S603  our own text
