"""Facts are read leniently between text and numbers, each for itself; what cannot be read is an Unknown."""

import json
from collections.abc import Mapping

import msgspec
import pytest

from extension import events
from extension.bounds import MAX_DEPTH, MAX_VALUES
from extension.events import (
    Column,
    Count,
    Fact,
    FileSnapshot,
    Instance,
    Missing,
    Payload,
    Reason,
    TableSnapshot,
    Unknown,
    named,
)
from extension.payloads import Download
from tests.cases import event


class Part(Payload, frozen=True, kw_only=True):
    """A part of a payload, for the tests."""

    size: Fact[Count] = named("size")
    on: Fact[bool] = named("isOn")


class Whole(Payload, frozen=True, kw_only=True):
    """A payload with everything that one can have, for the tests."""

    part: Fact[Part] = named("part")
    parts: Fact[tuple[Part, ...]] = named("parts")
    ids: Fact[tuple[Count, ...]] = named("ids")
    words: Fact[tuple[str, ...]] = named("words")


class Outer(Payload, frozen=True, kw_only=True):
    """A payload whose parts have parts, for the tests."""

    wholes: Fact[tuple[Whole, ...]] = named("wholes")


DATA: dict[str, object] = {
    "moduleType": "sqlx_query",
    "operatorBaseId": "123936573482016",
    "operatorUid": "149318960375502187",
    "fileName": "filename.csv",
    "fileSize": 10241024,
    "datasourceId": "1111",
    "datasourceName": "odps_first",
    "queryDwProjectId": "90214",
    "queryDwProjectName": "test_project",
    "dataRowSize": "123456",
    "sqlText": "select sku_code from dim_sku",
}


@pytest.mark.parametrize("rows", [123456, "123456", 123456.0, "123456.0"])
def test_a_count_is_taken_as_number_and_as_text(rows: object) -> None:
    assert events.read(Download, DATA | {"dataRowSize": rows}).row_count == 123456


@pytest.mark.parametrize("value", [149318960375502187, "149318960375502187"])
def test_an_id_is_taken_as_number_and_as_text(value: object) -> None:
    assert events.read(Download, DATA | {"operatorUid": value}).operator_uid == "149318960375502187"


@pytest.mark.parametrize("value", [None, "", "   ", "\t\n"])
def test_blank_and_null_are_missing(value: object) -> None:
    payload = events.read(Download, DATA | {"fileName": value, "dataRowSize": value})
    assert payload.file_name == Unknown("fileName", Reason.MISSING)
    assert payload.row_count == Unknown("dataRowSize", Reason.MISSING)


def test_a_field_that_is_not_there_is_missing() -> None:
    payload = events.read(Download, {})
    facts = [getattr(payload, field.name) for field in msgspec.structs.fields(Download)]
    assert facts == [Unknown(field.encode_name, Reason.MISSING) for field in msgspec.structs.fields(Download)]


@pytest.mark.parametrize("rows", ["many", "12 rows", "1,234", "１２", -1, "-1", 1.5, True, [1], {"n": 1}, float("inf")])
def test_what_is_no_count_is_unreadable(rows: object) -> None:
    assert events.read(Download, DATA | {"dataRowSize": rows}).row_count == Unknown("dataRowSize", Reason.UNREADABLE)


@pytest.mark.parametrize("name", [True, 1.5, ["a.csv"], {"name": "a.csv"}, "half \ud83d of a pair"])
def test_what_is_no_text_is_unreadable(name: object) -> None:
    assert events.read(Download, DATA | {"fileName": name}).file_name == Unknown("fileName", Reason.UNREADABLE)


def test_one_unreadable_field_leaves_the_others_alone() -> None:
    payload = events.read(Download, DATA | {"fileSize": "big"})
    assert payload.file_size_bytes == Unknown("fileSize", Reason.UNREADABLE)
    assert payload.row_count == 123456


def test_fields_that_are_not_declared_are_left_aside() -> None:
    assert events.read(Download, DATA | {"newField": {"deep": [1]}}) == events.read(Download, DATA)


def test_chinese_text_is_text() -> None:
    assert events.read(Download, DATA | {"fileName": "订单明细.csv"}).file_name == "订单明细.csv"


# parts and lists


@pytest.mark.parametrize("as_text", [False, True])
def test_parts_and_lists_are_read_also_where_they_are_json_text(as_text: bool) -> None:
    data: dict[str, object] = {
        "part": {"size": "1", "isOn": "true"},
        "parts": [{"size": 2, "isOn": 0}, {}],
        "ids": [3, "4", 5.0],
        "words": ["a", 6],
    }
    sent = {name: json.dumps(value) if as_text else value for name, value in data.items()}
    assert events.read(Whole, sent) == Whole(
        part=Part(size=1, on=True),
        parts=(
            Part(size=2, on=False),
            Part(size=Unknown("parts[1].size", Reason.MISSING), on=Unknown("parts[1].isOn", Reason.MISSING)),
        ),
        ids=(3, 4, 5),
        words=("a", "6"),
    )


def test_an_empty_list_is_a_fact() -> None:
    whole = events.read(Whole, {"parts": [], "ids": "[]", "words": []})
    assert (whole.parts, whole.ids, whole.words) == ((), (), ())


def test_what_is_unknown_in_a_part_is_named_by_its_path_and_spoils_nothing_else() -> None:
    whole = events.read(Whole, {"part": {"size": [1], "isOn": 1}, "parts": [{"size": 7}, {"size": "big", "isOn": {}}]})
    assert whole.part == Part(size=Unknown("part.size", Reason.UNREADABLE), on=True)
    assert whole.parts == (
        Part(size=7, on=Unknown("parts[0].isOn", Reason.MISSING)),
        Part(
            size=Unknown("parts[1].size", Reason.UNREADABLE),
            on=Unknown("parts[1].isOn", Reason.UNREADABLE),
        ),
    )


@pytest.mark.parametrize("value", [7, True, [], [1], "[]", "seven", "{", "null", "{} {}", '{"size": 1e400}', "\ud83d"])
def test_what_is_no_part_is_unreadable(value: object) -> None:
    assert events.read(Whole, {"part": value}).part == Unknown("part", Reason.UNREADABLE)


@pytest.mark.parametrize("value", [7, True, {}, [7], [None], [{}, 7], "{}", "seven", "[", "null", "[7]", "1,2"])
def test_what_is_no_list_of_parts_is_unreadable(value: object) -> None:
    assert events.read(Whole, {"parts": value}).parts == Unknown("parts", Reason.UNREADABLE)


@pytest.mark.parametrize("value", [7, "7", True, {}, [None], [1, "many"], [-1], [[1]], [{}], ["\ud83d"], "1,2"])
def test_what_is_no_list_of_ids_is_unreadable(value: object) -> None:
    assert events.read(Whole, {"ids": value}).ids == Unknown("ids", Reason.UNREADABLE)


@pytest.mark.parametrize("value", [None, "", " "])
def test_a_part_that_is_blank_or_null_is_missing(value: object) -> None:
    assert events.read(Whole, {"part": value}).part == Unknown("part", Reason.MISSING)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000])
@pytest.mark.parametrize("name", ["part", "parts", "ids"])
def test_json_text_that_is_nested_too_deeply_is_unreadable(name: str, text: str) -> None:
    whole = events.read(Whole, {name: text})
    assert {whole.part, whole.parts, whole.ids} >= {Unknown(name, Reason.UNREADABLE)}


def test_json_text_goes_as_deep_as_a_message_and_holds_as_much() -> None:
    deep = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    shallow = events.read(Whole, {"part": {"size": 1}})
    assert events.read(Whole, {"part": f'{{"size": 1, "x": {deep}}}'}) == shallow
    assert events.read(Whole, {"part": f'{{"size": 1, "x": [{deep}]}}'}).part == Unknown("part", Reason.UNREADABLE)
    assert events.read(Whole, {"ids": "[" + "1," * MAX_VALUES + "1]"}).ids == Unknown("ids", Reason.UNREADABLE)


def test_a_field_in_which_there_are_more_parts_than_are_read_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_PARTS", 3)
    assert events.read(Whole, {"parts": [{}] * 3}).parts == tuple(
        Part(size=Unknown(f"parts[{at}].size", Reason.MISSING), on=Unknown(f"parts[{at}].isOn", Reason.MISSING))
        for at in range(3)
    )
    assert events.read(Whole, {"parts": [{}] * 4}).parts == Unknown("parts", Reason.UNREADABLE)
    whole = events.read(Whole, {"parts": [{}] * 4, "part": {}, "ids": [1] * 5})
    assert (whole.part, whole.parts, whole.ids) == (
        Part(size=Unknown("part.size", Reason.MISSING), on=Unknown("part.isOn", Reason.MISSING)),
        Unknown("parts", Reason.UNREADABLE),
        (1, 1, 1, 1, 1),
    )


def test_parts_count_wherever_they_are() -> None:
    inner = [{"parts": "[" + "{}," * 100 + "{}]"}] * 150
    few, many = events.read(Outer, {"wholes": inner}), events.read(Outer, {"wholes": inner + inner})
    assert not isinstance(few.wholes, Unknown)
    assert many.wholes == Unknown("wholes", Reason.UNREADABLE)


@pytest.mark.parametrize(("value", "fact"), [(True, True), ("FALSE", False), ("true", True), (1, True), ("0", False)])
def test_a_truth_value_is_taken_in_every_spelling(value: object, fact: object) -> None:
    assert events.read(Part, {"isOn": value}).on is fact


@pytest.mark.parametrize("value", [2, "yes", 1.0, [], {}])
def test_what_is_no_truth_value_is_unreadable(value: object) -> None:
    assert events.read(Part, {"isOn": value}).on == Unknown("isOn", Reason.UNREADABLE)


# single fields


def test_text_takes_the_first_field_that_holds_any() -> None:
    assert events.text({"a": " ", "c": 7, "d": "later"}, "a", "b", "c", "d") == "7"
    assert events.text({"a": None}, "a", "b") == ""


def test_text_is_not_taken_from_another_field_than_the_one_that_cannot_be_read() -> None:
    data: dict[str, object] = {"operator": {"id": 1}, "owner": "another"}
    assert events.text(data, "operator", "owner") == ""
    assert events.first(data, "operator", "owner") == Unknown("operator", Reason.UNREADABLE)


def test_where_no_field_is_there_the_first_is_missed() -> None:
    assert events.first({"c": ""}, "a", "b", "c") == Unknown("a", Reason.MISSING)
    assert events.first({"b": 7}, "a", "b") == "7"


def test_a_known_fact_is_a_tuple_of_one() -> None:
    assert events.known(0) == (0,)
    assert events.known(()) == ((),)
    assert events.known(Unknown("a", Reason.MISSING)) == ()


# the log


def test_the_facts_of_a_payload_are_told_without_sql_and_without_what_is_unknown() -> None:
    facts = events.facts(events.read(Download, DATA | {"fileSize": "big", "datasourceId": None}))
    assert facts == {
        name: value for name, value in DATA.items() if name not in ("sqlText", "fileSize", "datasourceId")
    } | {"dataRowSize": 123456}


def test_the_facts_of_parts_are_told_by_their_path_and_those_of_lists_by_number_or_by_the_first_twenty() -> None:
    data: dict[str, object] = {
        "part": {"size": 1, "isOn": None},
        "parts": [{"size": 2}, {"size": 3}],
        "ids": list(range(50)),
        "words": [],
    }
    assert events.facts(events.read(Whole, data)) == {
        "part.size": 1,
        "parts": 2,
        "ids": tuple(range(20)),
        "words": (),
    }


def test_neither_code_nor_the_address_of_a_webhook_is_told() -> None:
    class Secrets(Payload, frozen=True, kw_only=True):
        content: Fact[str] = named("Content")
        sql: Fact[str] = named(events.SQL)
        receiver: Fact[str] = named("receiverValue")
        before: Fact[str] = named("currentReceiverValue")
        after: Fact[str] = named("updatedReceiverValue")

    names = [field.encode_name for field in msgspec.structs.fields(Secrets)]
    assert events.facts(events.read(Secrets, dict.fromkeys(names, "https://chat.example.com/send?token=1"))) == {}


def test_a_payload_never_shows_its_sql() -> None:
    assert repr(events.read(Download, DATA)) == "Download(...)"


def test_a_payload_names_no_tables_unless_it_says_which() -> None:
    assert events.read(Download, DATA).tables() == ()


def test_an_event_shows_its_code_and_id_alone() -> None:
    assert repr(event("download-resources", DATA)) == "Event('download-resources', 'm-1')"


def test_payloads_cannot_be_changed() -> None:
    payload = events.read(Download, DATA)
    with pytest.raises(AttributeError):
        payload.row_count = 1  # type: ignore[misc]  # frozen is what is tested


# what is asked of the platform

CODE = {
    "Content": "select 1",
    "FileId": 123,
    "FileName": "dwd_orders",
    "FileType": 10,
    "UseType": "NORMAL",
}
COMMITTED = {
    **CODE,
    "Committor": "1",
    "NodeConfiguration": {"RerunMode": "ALL_ALLOWED"},
    "FilePropertyContent": {"Owner": "149318", "DataSourceName": "odps_first", "FolderId": "f"},
}
DELETED = {**CODE, "Owner": "149318", "DataSourceName": "odps_first"}
SNAPSHOT = FileSnapshot(
    content="select 1",
    file_id=123,
    file_name="dwd_orders",
    file_type=10,
    owner="149318",
    use_type="NORMAL",
    datasource_name="odps_first",
)


def snapshot(detail: Mapping[str, object]) -> FileSnapshot:
    """The snapshot in an answer that holds one."""
    found = events.file_snapshot(detail)
    assert found is not None
    return found


@pytest.mark.parametrize("detail", [{"CommittedFile": COMMITTED}, {"DeletedFile": DELETED}])
def test_the_code_of_a_commit_and_of_a_deletion_comes_with_its_owner(detail: dict[str, object]) -> None:
    assert snapshot(detail) == SNAPSHOT


def test_the_code_of_a_run_has_neither_name_nor_owner() -> None:
    member = {"Content": "select 1", "DataSourceName": "odps_first", "FileId": "123", "FileType": "10"}
    assert snapshot({"FileExecutionCommand": member}) == msgspec.structs.replace(
        SNAPSHOT,
        file_name=Unknown("FileName", Reason.MISSING),
        owner=Unknown("Owner", Reason.MISSING),
        use_type=Unknown("UseType", Reason.MISSING),
    )


def test_what_the_member_itself_says_is_stronger_than_its_properties_and_nothing_is_weaker() -> None:
    properties = {"Owner": "2", "DataSourceName": "second"}
    member = {**CODE, "Owner": "1", "DataSourceName": None, "FilePropertyContent": properties}
    assert (snapshot({"CommittedFile": member}).owner, snapshot({"CommittedFile": member}).datasource_name) == (
        "1",
        "second",
    )


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        ("", ""),
        (" \n", " \n"),
        ("select", "select"),
        (None, Unknown("Content", Reason.MISSING)),
        ({}, Unknown("Content", Reason.UNREADABLE)),
    ],
)
def test_code_can_be_empty_and_that_is_not_the_same_as_missing(content: object, fact: object) -> None:
    assert snapshot({"DeletedFile": {**DELETED, "Content": content}}).content == fact


@pytest.mark.parametrize("properties", [None, 7, [], "{}", {}])
def test_properties_of_an_odd_shape_take_the_owner_with_them_and_nothing_else(properties: object) -> None:
    assert snapshot({"CommittedFile": {**COMMITTED, "FilePropertyContent": properties}}) == msgspec.structs.replace(
        SNAPSHOT,
        owner=Unknown("Owner", Reason.MISSING),
        datasource_name=Unknown("DataSourceName", Reason.MISSING),
    )


@pytest.mark.parametrize("member", [None, 7, "text", []])
def test_an_answer_without_code_or_table_has_none(member: object) -> None:
    for name in ("CommittedFile", "DeletedFile", "FileExecutionCommand", "TableModel", "Other"):
        assert events.file_snapshot({name: member}) is None
        assert events.table_snapshot({name: member}) is None
    assert events.file_snapshot({"TableModel": {}}) is None
    assert events.table_snapshot({"CommittedFile": CODE}) is None


TABLE = {
    "Columns": [
        {"ColumnName": "id", "ColumnType": "BIGINT", "Comment": "key", "IsPartitionColumn": False},
        {"ColumnName": "ds", "ColumnType": "STRING", "Comment": "", "IsPartitionColumn": "true"},
    ],
    "Comment": "orders",
    "DataSourceName": "odps_first",
    "Env": "DEV",
    "LifeCycle": "30",
    "Location": None,
    "TableName": "dwd_orders",
}


def test_a_table_comes_with_its_columns() -> None:
    assert events.table_snapshot({"TableModel": TABLE}) == TableSnapshot(
        columns=(
            Column(name="id", type="BIGINT", comment="key", partition=False),
            Column(name="ds", type="STRING", comment=Unknown("Columns[1].Comment", Reason.MISSING), partition=True),
        ),
        comment="orders",
        datasource_name="odps_first",
        environment="DEV",
        lifecycle_days=30,
        location=Unknown("Location", Reason.MISSING),
        table_name="dwd_orders",
    )


@pytest.mark.parametrize("columns", [7, "seven", {}, [7], [None], [[]]])
def test_columns_of_an_odd_shape_are_unreadable_and_nothing_else_is(columns: object) -> None:
    table = events.table_snapshot({"TableModel": {**TABLE, "Columns": columns}})
    assert table is not None
    assert table.columns == Unknown("Columns", Reason.UNREADABLE)
    assert table.table_name == "dwd_orders"


def test_nulls_of_a_table_are_missing() -> None:
    table = events.table_snapshot({"TableModel": dict.fromkeys(TABLE)})
    assert table is not None
    for field in msgspec.structs.fields(TableSnapshot):
        assert getattr(table, field.name) == Unknown(field.encode_name, Reason.MISSING)


def test_an_instance_is_read_from_what_the_platform_says_of_it() -> None:
    data = {"InstanceId": 1, "NodeId": "2", "NodeName": "n", "ProjectEnv": "PROD", "Status": "SUCCESS"}
    assert events.read(Instance, data) == Instance(instance_id=1, node_id=2, node_name="n", environment="PROD")


def test_what_was_had_is_given() -> None:
    assert events.had(SNAPSHOT) is SNAPSHOT
    nothing: tuple[Instance, ...] = ()
    assert events.had(nothing) == ()


@pytest.mark.parametrize("answer", [None, Missing("refused")])
def test_what_was_not_asked_or_not_had_is_no_answer(answer: Missing | None) -> None:
    with pytest.raises(LookupError):
        events.had(answer)
