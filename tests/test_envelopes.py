"""Every envelope is recognised by its shape; who waits for an answer, and where it goes, is read from it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from extension import catalogue, envelopes
from extension.bounds import MAX_DEPTH
from extension.catalogue import Kind
from extension.errors import MessageError, SignatureError
from extension.events import Callback, Delivery, Reason, Unknown
from tests.conftest import EVENTS

SAMPLES = sorted(EVENTS.glob("*.json"))


def fc(code: str = "download-resources", **changes: object) -> dict[str, Any]:
    """A Function Compute envelope."""
    return {"messageId": "m-1", "eventType": code, "blockBusiness": True, "messageBody": {}, **changes}


def eb(code: str = "download-resources", **changes: object) -> dict[str, Any]:
    """An EventBridge envelope."""
    event_type = catalogue.BY_CODE[code].event_type if code in catalogue.BY_CODE else "dataworks:New:Thing"
    return {"id": "m-1", "source": "acs.dataworks", "type": event_type, "data": {"eventCode": code}, **changes}


def parse(envelope: dict[str, Any]) -> Any:  # noqa: ANN401  tests look at every kind of event
    """The event in an envelope."""
    return envelopes.parse(json.dumps(envelope).encode())


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_sample_is_the_event_that_its_name_says(path: Path) -> None:
    event = envelopes.parse(path.read_bytes())
    entry = catalogue.BY_CODE[path.name.split(".")[0]]
    bridged = path.name.endswith(".eventbridge.json")
    assert event.code == entry.code
    assert event.known
    assert event.delivery is (Delivery.EVENTBRIDGE if bridged else Delivery.FUNCTION)
    assert event.callback is entry.callback
    assert type(event.payload) is (entry.payload or type(None))
    assert event.message_id
    assert (event.time is not None) == bridged
    assert event.region == ("" if not bridged else json.loads(path.read_text(encoding="utf-8"))["aliyunregionid"])


def test_there_is_a_sample_of_every_event_that_has_a_documented_payload() -> None:
    reference = json.loads((Path(__file__).parent / "reference/events.json").read_text(encoding="utf-8"))
    documented = {event["event_code"] for event in reference["events"] if event["sample"]}
    assert {path.name.split(".")[0] for path in SAMPLES} == documented


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_workspace_and_operator_are_found_wherever_an_event_has_them(path: Path) -> None:
    envelope = json.loads(path.read_text(encoding="utf-8"))
    data = envelope.get("data") or envelope.get("messageBody")
    event = envelopes.parse(path.read_bytes())
    workspaces = [str(data[name]) for name in ("projectId", "appId", "queryDwProjectId") if data.get(name)]
    operators = [str(data[name]) for name in ("operator", "operatorUid", "operatorBaseId") if data.get(name)]
    assert event.workspace == (workspaces[0] if workspaces else Unknown("projectId", Reason.MISSING))
    assert event.operator == (operators[0] if operators else Unknown("operator", Reason.MISSING))
    assert event.operators == tuple(operators)


def test_every_extension_point_says_who_and_where() -> None:
    for path in SAMPLES:
        event = envelopes.parse(path.read_bytes())
        if event.payload:
            assert isinstance(event.workspace, str)
            assert isinstance(event.operator, str)


def test_a_transfer_names_its_user_by_both_ids() -> None:
    event = parse(fc(messageBody={"operatorUid": "11", "operatorBaseId": 22}))
    assert (event.operator, event.operators) == ("11", ("11", "22"))


@pytest.mark.parametrize("damaged", [{"id": 1}, [1], True])
def test_a_user_or_workspace_that_cannot_be_read_is_not_taken_from_elsewhere(damaged: object) -> None:
    data = {"operator": damaged, "operatorUid": "11", "projectId": damaged, "appId": 90214}
    event = parse(fc("commit-file", messageBody=data))
    assert event.operator == Unknown("operator", Reason.UNREADABLE)
    assert event.workspace == Unknown("projectId", Reason.UNREADABLE)
    assert event.operators == ("11",)


def test_a_workspace_can_be_named_by_app_id_alone() -> None:
    assert parse(fc("start-diJob", messageBody={"appId": 90214})).workspace == "90214"


# The event code


def test_the_code_of_an_fc_envelope_is_its_event_type() -> None:
    assert parse(fc("commit-file", messageBody={"eventCode": "run-file"})).code == "commit-file"


def test_a_code_that_is_not_known_gives_way_to_one_that_is() -> None:
    assert parse(fc("resources", messageBody={"eventCode": "run-file"})).code == "run-file"
    assert parse(eb("commit-file", data={"eventCode": "commit"})).code == "commit-file"


def test_a_message_that_calls_itself_two_things_is_doubted() -> None:
    event = parse(fc("download-resources-execute", messageBody={"eventCode": "upload-data-to-table"}))
    assert event.code == "download-resources-execute"
    assert event.doubts == (
        (
            "the message calls itself download-resources-execute and upload-data-to-table:"
            " judged as download-resources-execute"
        ),
    )
    assert parse(eb("run-file", data={"eventCode": "commit-file"})).doubts == (
        "the message calls itself commit-file and run-file: judged as commit-file",
    )


@pytest.mark.parametrize("payload", [None, {}, [], "{broken", 7])
def test_a_payload_that_cannot_be_read_is_doubted(payload: object) -> None:
    assert parse(fc(messageBody=payload)).doubts == ("the payload is empty or cannot be read",)


def test_nothing_is_odd_about_the_samples() -> None:
    assert [path.name for path in SAMPLES if envelopes.parse(path.read_bytes()).doubts] == []


def test_the_category_of_an_fc_envelope_says_nothing() -> None:
    assert parse(fc("upload-data-to-table", eventCategoryType="resources-download")).code == "upload-data-to-table"


def test_without_an_event_code_the_type_says_which_event_it_is() -> None:
    assert parse(eb("freeze-node", data={"projectId": 1})).code == "freeze-node"


def test_the_event_code_is_stronger_than_the_type() -> None:
    assert parse(eb("freeze-node", data={"eventCode": "unfreeze-node"})).code == "unfreeze-node"


def test_codes_are_compared_exactly() -> None:
    assert parse(fc("start-diJob")).known
    assert not parse(fc("start-dijob")).known


def test_an_event_that_nobody_knows_yet_is_an_event() -> None:
    event = parse(fc("share-table"))
    assert (event.code, event.known, event.payload) == ("share-table", False, None)
    assert parse(eb("share-table", data={})).code == "dataworks:New:Thing"


# Who waits


@pytest.mark.parametrize("entry", catalogue.ENTRIES, ids=lambda entry: entry.code)
def test_a_notification_is_never_called_back(entry: catalogue.Entry) -> None:
    assert parse(fc(entry.code, blockBusiness=False)).callback is None
    if entry.kind is Kind.REGULAR:
        assert parse(fc(entry.code)).callback is None
        assert parse(eb(entry.code)).callback is None


@pytest.mark.parametrize("flag", [True, "true", "TRUE", " true ", 1, "1", None, "", "maybe", [], {}, 2])
def test_whatever_is_not_plainly_a_notification_is_called_back(flag: object) -> None:
    assert parse(fc(blockBusiness=flag)).callback is Callback.EXTENSION


@pytest.mark.parametrize("flag", [False, "false", "False", 0, "0"])
def test_a_notification_is_told_by_the_flag_of_the_fc_envelope_in_any_spelling(flag: object) -> None:
    assert parse(fc(blockBusiness=flag)).callback is None


def test_an_fc_envelope_without_the_flag_is_called_back() -> None:
    envelope = fc()
    del envelope["blockBusiness"]
    assert parse(envelope).callback is Callback.EXTENSION


def test_the_flag_inside_an_fc_message_body_says_nothing() -> None:
    assert parse(fc("commit-file", messageBody={"blockBusiness": False})).callback is Callback.IDE


@pytest.mark.parametrize("flag", [True, False, None])
@pytest.mark.parametrize("code", ["commit-file", "freeze-node", "download-resources"])
def test_an_extension_point_in_eventbridge_is_called_back_whatever_the_flag(code: str, flag: object) -> None:
    assert parse(eb(code, data={"eventCode": code, "blockBusiness": flag})).callback is catalogue.BY_CODE[code].callback


@pytest.mark.parametrize("flag", [True, None])
def test_an_unknown_event_is_called_back_unless_it_says_that_nobody_waits(flag: object) -> None:
    assert parse(fc("share-table", blockBusiness=flag)).callback is Callback.EXTENSION
    assert parse(eb("share-table", data={"eventCode": "share-table", "blockBusiness": flag})).callback is (
        Callback.EXTENSION
    )


def test_an_unknown_event_that_says_that_nobody_waits_is_a_notification() -> None:
    assert parse(fc("share-table", blockBusiness=False)).callback is None
    assert parse(eb("share-table", data={"eventCode": "share-table", "blockBusiness": False})).callback is None


# Shapes


@pytest.mark.parametrize("message_id", [17, "17"])
def test_a_message_id_is_taken_as_number_and_as_text(message_id: object) -> None:
    assert parse(fc(messageId=message_id)).message_id == "17"
    assert parse(eb(id=message_id)).message_id == "17"


@pytest.mark.parametrize("kind", [bytes, bytearray, lambda body: body.decode()])
def test_bytes_and_text_are_taken(kind: Any) -> None:  # noqa: ANN401  types and a function
    assert envelopes.parse(kind(json.dumps(fc()).encode())).code == "download-resources"


def test_a_message_body_that_was_sent_as_json_text_is_read() -> None:
    event = parse(fc(messageBody='{"dataRowSize": 7, "queryDwProjectId": "90214"}'))
    assert event.payload.row_count == 7
    assert event.workspace == "90214"


def test_an_eventbridge_event_without_source_is_taken() -> None:
    envelope = eb()
    del envelope["source"]
    assert parse(envelope).code == "download-resources"


def test_what_is_nested_as_deeply_as_can_be_is_read() -> None:
    deep = "[" * (MAX_DEPTH - 2) + "]" * (MAX_DEPTH - 2)
    assert parse(fc(messageBody={"dataRowSize": 7, "x": json.loads(deep)})).payload.row_count == 7
    assert parse(fc(messageBody=f'{{"dataRowSize": 7, "x": [{deep}]}}')).payload.row_count == 7


def test_the_longest_body_that_is_read_is_read() -> None:
    body = json.dumps(fc()).encode()
    assert envelopes.parse(body + b" " * (envelopes.MAX_BODY_BYTES - len(body))).code == "download-resources"


@pytest.mark.parametrize("inner", [fc(), eb()])
def test_nothing_comes_in_through_an_http_trigger(inner: dict[str, Any]) -> None:
    request = {
        "version": "v1",
        "rawPath": "/events",
        "body": json.dumps(inner),
        "isBase64Encoded": False,
        "headers": {"Content-Type": "application/json"},
        "queryParameters": {},
        "requestContext": {"http": {"method": "POST", "path": "/events"}},
    }
    with pytest.raises(SignatureError):
        parse(request)


def test_an_http_request_cannot_pass_as_an_event_by_wearing_its_keys() -> None:
    with pytest.raises(SignatureError):
        parse(fc(requestContext={}))
    with pytest.raises(SignatureError):
        parse(eb(rawPath="/"))


def triggered(**changes: object) -> envelopes.Request:
    """The request in the event of an HTTP trigger."""
    whole = {
        "rawPath": "/",
        "body": "a body",
        "isBase64Encoded": False,
        "headers": {"X-Name": "value"},
        "requestContext": {"http": {"method": "post", "path": "/"}},
        **changes,
    }
    found = envelopes.request(envelopes.opened(json.dumps(whole).encode()))
    assert found is not None
    return found


def test_a_request_is_taken_out_of_the_event_of_an_http_trigger() -> None:
    found = triggered()
    assert (found.method, found.headers, found.body) == ("POST", {"x-name": "value"}, b"a body")
    assert "body" not in repr(found)
    assert triggered(isBase64Encoded=True, body="AP8=").body == b"\x00\xff"
    assert triggered(headers={"A": "1", "a": 2}).headers == {"a": "1, 2"}


@pytest.mark.parametrize("nothing", [None, [], "text", 1])
def test_what_a_request_lacks_is_empty(nothing: object) -> None:
    assert triggered(headers=nothing).headers == {}
    assert triggered(requestContext=nothing).method == ""
    assert triggered(requestContext={"http": nothing}).method == ""
    assert triggered(body=None).body == b""


@pytest.mark.parametrize("text", ["A", "AP8", "AP8=\n", "€", "a b="])
def test_a_body_that_is_no_base64_is_an_error(text: str) -> None:
    with pytest.raises(MessageError, match=r"^body: is no text, or no Base64 where it should be"):
        triggered(isBase64Encoded=True, body=text)


def test_an_event_is_no_request() -> None:
    assert envelopes.request(envelopes.opened(json.dumps(fc()).encode())) is None


# Time


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"aliyunpublishtime": "2024-07-10T07:25:34.915Z", "time": "2024-07-10T15:25:34.897Z"}, (7, 25)),
        ({"aliyunpublishtime": "2020-11-19T21:04:42.179PRC"}, (13, 4)),
        ({"time": "2020-11-19T21:04:41+08:00"}, (13, 4)),
        ({"aliyunpublishtime": "soon", "time": "2020-11-19T21:04:41+08:00"}, (13, 4)),
    ],
)
def test_the_time_of_an_event_is_read_in_every_documented_form(
    fields: dict[str, str], expected: tuple[int, int]
) -> None:
    moment = parse(eb(**fields)).time.astimezone(UTC)
    assert (moment.hour, moment.minute) == expected


@pytest.mark.parametrize(
    "value",
    [None, "", "yesterday", 17, [], "2024-13-40T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"],
)
def test_a_time_that_cannot_be_read_is_none(value: object) -> None:
    assert parse(eb(time=value)).time is None


def test_a_time_with_a_zone_keeps_it() -> None:
    assert parse(eb(time="2024-07-10T15:25:34Z")).time == datetime(2024, 7, 10, 15, 25, 34, tzinfo=UTC)


def test_an_event_shows_no_data_of_people() -> None:
    assert repr(parse(fc(messageBody={"sqlText": "select secret"}))) == "Event('download-resources', 'm-1')"
