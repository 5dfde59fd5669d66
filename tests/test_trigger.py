"""Events through an HTTP trigger of the function: the same proof as for the service, in Function Compute's shape."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

import handler
from extension import edges
from extension.errors import ConfigurationError
from tests.conftest import Function
from tests.eventbridge import BAD, Push, Pusher, publish
from tests.services import TOKEN, URL, event

BIG = {"dataRowSize": "5000000", "fileSize": 1, "moduleType": "sqlx_query"}
"""A download that policy.yaml blocks."""


@pytest.fixture
def triggered(function: Function, tmp_path: Path) -> Function:
    """The function, with what it needs to verify signatures."""
    certificates = tmp_path / "certificates"
    certificates.mkdir()
    function.set(
        EVENTBRIDGE_URL=URL,
        EVENTBRIDGE_TOKEN=TOKEN,
        EVENTBRIDGE_CERTIFICATES=str(publish(certificates)),
        EXTENSION_URL="",
    )
    function.initialize()
    return function


def through(push: Push, *, encoded: bool = False) -> bytes:
    """A push as an HTTP trigger passes it on."""
    body = b64encode(push.body).decode() if encoded else push.body.decode()
    return json.dumps(
        {
            "version": "v1",
            "rawPath": push.path.partition("?")[0],
            "body": body,
            "isBase64Encoded": encoded,
            "headers": {name.title(): value for name, value in push.received.items()},
            "queryParameters": {"from": "bridge"},
            "requestContext": {"http": {"method": push.method, "path": push.path}, "requestId": "r-1"},
        }
    ).encode()


def answered(returned: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Status and body."""
    assert set(returned) == {"statusCode", "headers", "isBase64Encoded", "body"}
    assert returned["headers"] == {"Content-Type": "application/json"}
    return returned["statusCode"], json.loads(returned["body"])


@pytest.mark.parametrize("encoded", [True, False])
def test_a_signed_push_is_judged_and_posted_once(triggered: Function, *, encoded: bool) -> None:
    pusher = Pusher(URL, TOKEN)
    for _ in range(2):
        sent = through(pusher.push(event("download-resources", BIG)), encoded=encoded)
        status, said = answered(triggered.handle(sent, again=True))
        assert (status, said["checkResult"]) == (200, "FAIL")
        assert said["errorMessage"].startswith("[bulk-download]")
    assert [call.parameters["CheckResult"] for call in triggered.received] == ["FAIL"]


def test_an_envelope_of_function_compute_may_be_inside(triggered: Function) -> None:
    body = json.dumps({"messageId": "m-1", "eventType": "download-resources", "messageBody": BIG}).encode()
    assert answered(triggered.handle(through(Pusher(URL, TOKEN).push(body))))[0] == 200
    assert [call.parameters["CheckResult"] for call in triggered.received] == ["FAIL"]


_AT_THE_SOCKET = {"another path"}
"""What the trigger itself does not tell from a good one: the path that is signed is that of the rule."""


@pytest.mark.parametrize("name", [name for name in BAD if name not in _AT_THE_SOCKET])
def test_a_bad_push_is_refused_and_says_why(triggered: Function, name: str) -> None:
    *before, bad = BAD[name].pushes(Pusher(URL, TOKEN), event("download-resources", BIG))
    for push in before:
        assert answered(triggered.handle(through(push)))[0] == 200
    posted = len(triggered.received)
    if len(bad.body) > 1_000_000:  # it is too long for the trigger, too
        with pytest.raises(Exception, match=r"^body: has "):
            triggered.handle(through(bad))
    else:
        status, said = answered(triggered.handle(through(bad, encoded=True), again=True))
        assert status == BAD[name].status
        assert set(said) == {"error"}
    assert len(triggered.received) == posted


def test_an_unsigned_request_is_refused_though_nothing_can_be_verified(function: Function) -> None:
    push = Pusher(URL, None).push(event("download-resources", BIG))
    function.set(EVENTBRIDGE_URL="", EXTENSION_URL="")
    function.initialize()
    signed = answered(function.handle(through(push)))
    unsigned = answered(function.handle(through(push.altered(headers=()))))
    assert (signed[0], unsigned[0]) == (503, 401)
    assert "has to come again" in signed[1]["error"]
    assert [line["event"] for line in function.log] == ["unanswerable", "refused-request"]
    assert function.received == []


def test_a_push_whose_verdict_is_not_taken_has_to_come_again(triggered: Function) -> None:
    triggered.dataworks.failing["CallbackExtension"] = (403, "Forbidden.Access")
    push = Pusher(URL, TOKEN).push(event("download-resources", BIG))
    assert answered(triggered.handle(through(push)))[0] == 503
    triggered.dataworks.failing.clear()
    assert answered(triggered.handle(through(push), again=True))[0] == 200


# the verdict log and links of the function


def test_the_function_records_what_it_decides_and_links_to_it(triggered: Function, tmp_path: Path) -> None:
    triggered.set(
        EXTENSION_RECORDS=str(tmp_path / "verdicts"),
        EXTENSION_URL="https://checks.example.com",
        EXTENSION_LINK_KEY="the key that signs links in the tests",
    )
    triggered.initialize()
    hosted = json.dumps({"messageId": "m-1", "eventType": "download-resources", "messageBody": BIG}).encode()
    said = str(triggered.handle(hosted)["errorMessage"])
    small = hosted.replace(b"m-1", b"m-2").replace(b"5000000", b"1")
    assert triggered.handle(small)["errorMessage"] == ""
    extension = handler._extension
    assert extension is not None
    with extension.open_store() as store:
        blocked, ok = sorted(store.read(), key=lambda record: record.message_id)
    assert (blocked.message_id, blocked.result, blocked.callback.outcome) == ("m-1", "FAIL", "posted")
    assert (ok.message_id, ok.result) == ("m-2", "OK")
    assert f"https://checks.example.com/verdicts/{blocked.id}?until=" in said.splitlines()[-1]


@pytest.mark.usefixtures("triggered")
def test_nothing_is_recorded_and_no_link_given_where_nobody_says_where() -> None:
    extension = handler._extension
    assert extension is not None
    assert (extension.recorder, extension.has_pages, extension.link("i", edges.now())) == (None, False, "")
    with pytest.raises(ConfigurationError, match=r"^EXTENSION_RECORDS: not set: no verdict is recorded"):
        extension.open_store()


def test_what_a_verdict_may_take_in_the_log_is_a_setting(triggered: Function, tmp_path: Path) -> None:
    triggered.set(EXTENSION_RECORDS=str(tmp_path / "verdicts"), EXTENSION_RECORDS_KB="1")
    triggered.initialize()
    data = {**BIG, "fileName": "x" * 1000}
    body = json.dumps({"messageId": "m-1", "eventType": "download-resources", "messageBody": data}).encode()
    triggered.handle(body)
    extension = handler._extension
    assert extension is not None
    with extension.open_store() as store:
        (kept,) = store.read()
    assert (kept.data, kept.withheld, kept.result) == ({}, ("*",), "FAIL")


def test_a_verdict_log_that_cannot_be_is_said_before_the_first_event(triggered: Function) -> None:
    triggered.set(EXTENSION_RECORDS="oracle://user:word@host/db")
    with pytest.raises(ConfigurationError, match=r"^EXTENSION_RECORDS: expected a folder, or a URL"):
        triggered.initialize()
