"""Deliveries that nobody can answer: each gets one clear error that names the place, and nothing is called back."""

import json
import re
from pathlib import Path

import pytest

from extension.bounds import MAX_DEPTH, MAX_VALUES
from extension.envelopes import MAX_BODY_BYTES
from extension.errors import MessageError
from tests.conftest import Function

FC = {"messageId": "m-1", "eventType": "download-resources", "blockBusiness": True, "messageBody": {"dataRowSize": 1}}
EB = {"id": "m-1", "source": "acs.dataworks", "type": "dataworks:FileChange:RunFile", "data": {"projectId": 1}}


def raw(rows: bytes) -> bytes:
    """The FC envelope with `dataRowSize` as it stands in the JSON text."""
    return b'{"messageId": "m-1", "eventType": "download-resources", "messageBody": {"dataRowSize": ' + rows + b"}}"


NOT_AN_EVENT = "body: is neither a Function Compute envelope (messageId, messageBody) nor an EventBridge event"
NO_ID = "is missing or is not text: without it nobody can be answered"
NO_CODE = "is missing: the message does not say which event it is"
DEEP = "body: is nested too deeply"


def fc(**changes: object) -> bytes:
    """The FC envelope with changes; None takes a key out."""
    return json.dumps({name: value for name, value in (FC | changes).items() if value is not None}).encode()


def eb(**changes: object) -> bytes:
    """The EventBridge envelope with changes; None takes a key out."""
    return json.dumps({name: value for name, value in (EB | changes).items() if value is not None}).encode()


BAD_INPUTS: dict[str, tuple[object, str]] = {
    # not JSON
    "empty": (b"", "body: is not JSON"),
    "blank": (b" \n\t ", "body: is not JSON"),
    "plain text": (b"hello", "body: is not JSON"),
    "truncated": (fc()[:-1], "body: is not JSON"),
    "trailing comma": (
        b'{"messageId": "m-1",}',
        "body: is not JSON",
    ),
    "two objects": (fc() + fc(), "body: is not JSON"),
    "single quotes": (b"{'messageId': 'm-1'}", "body: is not JSON"),
    "XML": (b"<event><id>m-1</id></event>", "body: is not JSON"),
    "form": (b"messageId=m-1&eventType=download-resources", "body: is not JSON"),
    "null byte after": (fc() + b"\0", "body: is not JSON"),
    "null byte inside": (fc().replace(b"m-1", b"m\0-1"), "body: is not JSON"),
    "null bytes only": (b"\0" * 64, "body: is not JSON"),
    "unterminated text": (b'{"messageId": "m-1', "body: is not JSON"),
    "bad escape": (b'{"messageId": "\\x41"}', "body: is not JSON"),
    "comment": (b'{"messageId": "m-1" /* id */}', "body: is not JSON"),
    # wrong charset
    "UTF-16": (fc().decode().encode("utf-16"), "body: is not UTF-8 text"),
    "GBK": ('{"messageId": "m-1", "messageBody": {"fileName": "订单.csv"}}'.encode("gbk"), "body: is not UTF-8 text"),
    "Latin-1": ('{"messageId": "é"}'.encode("latin-1"), "body: is not UTF-8 text"),
    "byte order mark": (b"\xef\xbb\xbf" + fc(), "body: is not JSON"),
    "random bytes": (bytes(range(128, 256)), "body: is not UTF-8 text"),
    "gzip": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "body: is not UTF-8 text"),
    # huge and deep
    "too long": (
        b'{"messageId":"' + b"x" * MAX_BODY_BYTES + b'"}',
        "body: has 4,194,320 bytes; at most 4,194,304 are read",
    ),
    "one level too deep": (b'{"messageBody": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", DEEP),
    "deep arrays": (b"[" * 100_000 + b"]" * 100_000, DEEP),
    "deep objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, DEEP),
    "deep payload": (fc()[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", DEEP),
    "deep and broken": (b'{"messageId": NaN, "x": ' + b"[" * 100_000, DEEP),
    "too many values": (fc(messageBody={"x": [0] * MAX_VALUES}), "body: has more than 200,000 values"),
    "too many values, and broken": (
        b'{"messageId": NaN, "x": [' + b"0," * MAX_VALUES,
        "body: has more than 200,000 values",
    ),
    # JSON, but no event
    "array": (b"[]", "body: is JSON, but not an object"),
    "array of events": (b"[" + fc() + b"]", "body: is JSON, but not an object"),
    "text": (b'"m-1"', "body: is JSON, but not an object"),
    "number": (b"42", "body: is JSON, but not an object"),
    "true": (b"true", "body: is JSON, but not an object"),
    "null": (b"null", "body: is JSON, but not an object"),
    "event inside text": (json.dumps(fc().decode()).encode(), "body: is JSON, but not an object"),
    "empty object": (b"{}", NOT_AN_EVENT),
    "another object": (b'{"hello": "world"}', NOT_AN_EVENT),
    "timer trigger": (b'{"triggerTime": "2026-01-01T00:00:00Z", "triggerName": "t", "payload": ""}', NOT_AN_EVENT),
    "OSS trigger": (b'{"events": [{"eventName": "ObjectCreated:PutObject"}]}', NOT_AN_EVENT),
    "wrong case": (b'{"MessageId": "m-1", "EventType": "download-resources"}', NOT_AN_EVENT),
    # FC envelope that cannot be answered
    "FC without id": (fc(messageId=None), f"messageId: {NO_ID}"),
    "FC with blank id": (fc(messageId="  "), f"messageId: {NO_ID}"),
    "FC with null id": (b'{"messageId": null, "eventType": "download-resources"}', f"messageId: {NO_ID}"),
    "FC with object id": (fc(messageId={"id": 1}), f"messageId: {NO_ID}"),
    "FC with list id": (fc(messageId=["m-1"]), f"messageId: {NO_ID}"),
    "FC with true id": (fc(messageId=True), f"messageId: {NO_ID}"),
    "FC with half a character as id": (b'{"messageId": "\\ud83d", "eventType": "run-file"}', f"messageId: {NO_ID}"),
    "FC without code": (fc(eventType=None), f"eventType: {NO_CODE}"),
    "FC with blank code": (fc(eventType=" "), f"eventType: {NO_CODE}"),
    "FC with number as list code": (fc(eventType=[1]), f"eventType: {NO_CODE}"),
    "FC body alone": (b'{"messageBody": {"dataRowSize": 1}}', f"eventType: {NO_CODE}"),
    # EventBridge envelope that cannot be answered
    "EventBridge without id": (eb(id=None), f"id: {NO_ID}"),
    "EventBridge with blank id": (eb(id=""), f"id: {NO_ID}"),
    "EventBridge with object id": (eb(id={}), f"id: {NO_ID}"),
    "EventBridge without code and type": (eb(type=None), f"data.eventCode: {NO_CODE}"),
    "EventBridge with object code": (eb(type=None, data={"eventCode": {}}), f"data.eventCode: {NO_CODE}"),
    "EventBridge of another product": (
        eb(source="acs.oss"),
        "source: is not acs.dataworks: this is no DataWorks event",
    ),
    "EventBridge with an object source": (eb(source={}), "source: is not acs.dataworks: this is no DataWorks event"),
    "EventBridge with a source like ours": (
        eb(source="acs.dataworks2"),
        "source: is not acs.dataworks: this is no DataWorks event",
    ),
    # not what a runtime passes
    "a mapping": (dict(FC), "body: is dict, not bytes"),
    "None": (None, "body: is NoneType, not bytes"),
    "a number of Python": (7, "body: is int, not bytes"),
}


@pytest.mark.parametrize(("body", "error"), BAD_INPUTS.values(), ids=BAD_INPUTS)
def test_a_delivery_that_cannot_be_answered_is_an_error_and_no_callback(
    function: Function, body: object, error: str
) -> None:
    with pytest.raises(MessageError) as raised:
        function.handle(body)
    assert re.sub(r"(?<=is not JSON), at character [0-9]+$", "", str(raised.value)) == error
    assert function.received == []
    assert [(line["level"], line["event"], line["error"]) for line in function.log] == [
        ("ERROR", "unanswerable", str(raised.value))
    ]


def test_the_table_is_as_long_as_promised() -> None:
    assert len(BAD_INPUTS) >= 40


DAMAGED = {
    "no payload": fc(messageBody=None),
    "payload is a list": fc(messageBody=[1, 2]),
    "payload is text": fc(messageBody="rows=1"),
    "payload is a number": fc(messageBody=3),
    "rows missing": fc(messageBody={}),
    "rows null": fc(messageBody={"dataRowSize": None}),
    "rows a word": fc(messageBody={"dataRowSize": "many"}),
    "rows negative": fc(messageBody={"dataRowSize": -5}),
    "rows a fraction": fc(messageBody={"dataRowSize": 1.5}),
    "rows true": fc(messageBody={"dataRowSize": True}),
    "rows half a character": fc(messageBody={"dataRowSize": "\ud800"}),
    "rows a list": fc(messageBody={"dataRowSize": [1]}),
    "rows out of range": raw(b"1e400"),
    "rows of 5,000 digits": raw(b"9" * 5000),
    "rows not a number": raw(b"NaN"),
    "rows infinite": raw(b"Infinity"),
    "payload is text that is nested too deeply": fc(
        messageBody='{"dataRowSize": 1, "x": ' + "[" * 100 + "]" * 100 + "}"
    ),
    "payload is text with too many values": fc(messageBody='{"dataRowSize": 1, "x": [' + "0," * MAX_VALUES + "0]}"),
    "payload is text that is broken and too deep": fc(
        messageBody='{"dataRowSize": NaN, "x": ' + "[" * 100 + "]" * 100 + "}"
    ),
}

ROWS = """
version: 1
language: en
rules:
  - {id: rows, on: download-resources, check: download.rows, with: {max: 1000}}
"""


@pytest.mark.parametrize("body", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_payload_is_a_finding_of_the_rule_that_needs_it(
    function: Function, tmp_path: Path, body: bytes
) -> None:
    function.policy(ROWS, tmp_path)
    returned = function.handle(body)
    assert returned["checkResult"] == "FAIL"
    assert str(returned["errorMessage"]).startswith("[rows] DataWorks ")
    assert [(call.parameters["CheckResult"], call.verified) for call in function.received] == [("FAIL", True)]


@pytest.mark.parametrize("rows", [b"1", b'"1"', b"1.0"])
def test_a_sound_payload_passes_the_same_rule(function: Function, tmp_path: Path, rows: bytes) -> None:
    function.policy(ROWS, tmp_path)
    assert function.handle(raw(rows)) == {"checkResult": "OK", "errorMessage": ""}
    assert [call.parameters["CheckResult"] for call in function.received] == ["OK"]


def test_a_damaged_field_that_no_rule_needs_is_kept_out_of_the_way(function: Function, tmp_path: Path) -> None:
    function.policy(ROWS, tmp_path)
    body = b'{"messageId": "m-1", "eventType": "download-resources", "messageBody": {"dataRowSize": 1, "x": "\\ud83d"}}'
    assert function.handle(body)["checkResult"] == "OK"
