"""Facts are read leniently between text and numbers, each for itself; what cannot be read is an Unknown."""

import msgspec
import pytest

from extension import events
from extension.events import Download, Reason, Unknown

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


def test_text_takes_the_first_field_that_holds_any() -> None:
    assert events.text({"a": " ", "c": 7, "d": "later"}, "a", "b", "c", "d") == "7"
    assert events.text({"a": None}, "a", "b") == ""


def test_text_is_not_taken_from_another_field_than_the_one_that_cannot_be_read() -> None:
    assert events.text({"operator": {"id": 1}, "owner": "another"}, "operator", "owner") == ""


def test_the_facts_of_a_payload_are_told_without_sql_and_without_what_is_unknown() -> None:
    facts = events.facts(events.read(Download, DATA | {"fileSize": "big", "datasourceId": None}))
    assert facts == {
        name: value for name, value in DATA.items() if name not in ("sqlText", "fileSize", "datasourceId")
    } | {"dataRowSize": 123456}


def test_a_payload_never_shows_its_sql() -> None:
    assert repr(events.read(Download, DATA)) == "Download(...)"


def test_payloads_cannot_be_changed() -> None:
    payload = events.read(Download, DATA)
    with pytest.raises(AttributeError):
        payload.row_count = 1  # type: ignore[misc]  # frozen is what is tested
