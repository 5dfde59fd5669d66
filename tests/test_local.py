"""The embedded DataWorks takes what the platform takes and turns down the rest; checked with a signer of our own."""

import errno
import hashlib
import hmac
import json
import logging
import os
import socket
import struct
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException, RemoteDisconnected
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from extension import envelopes, faults, local
from extension.dataworks import READS, Credentials
from extension.errors import ConfigurationError, MessageError, PolicyError
from extension.events import Callback
from extension.faults import Fault, Outage
from extension.local import EXTENSION_CODE, Answers, DataWorks, Received, _Request
from extension.storage import LOG, ROOT
from tests.fakes import CODE, HARD_TEXTS, PLAIN, TEMPORARY, Stub, answering, endpoint, parameters

SMALL_DOWNLOAD = Path(ROOT, "events/download-resources.small.json").read_bytes()
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")


@pytest.fixture(autouse=True)
def quiet(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """No test makes the server print a stack trace."""
    yield
    assert capfd.readouterr().err == ""


@pytest.fixture
def server() -> Iterator[DataWorks]:
    with DataWorks(keys=[PLAIN, TEMPORARY], extension_code=CODE) as dataworks:
        yield dataworks


class Request(msgspec.Struct, kw_only=True):
    """A request that is signed and ready to go: what a test changes in it, it changes after signing."""

    target: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"


def signed(  # noqa: PLR0913  every part of a request can be another
    server: DataWorks,
    action: str = "CallbackExtension",
    *,
    form: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    credentials: Credentials = TEMPORARY,
    headers: dict[str, str | None] | None = None,
    not_signed: tuple[str, ...] = (),
) -> Request:
    """A request signed as the documents say; `headers` are set, or left out for None, before it is signed.

    Source: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
    """
    body = pairs(form).encode() if form is not None else b""
    made: dict[str, str | None] = {
        "host": endpoint(server),
        "content-type": "application/x-www-form-urlencoded" if form is not None else None,
        "x-acs-action": action,
        "x-acs-version": "2020-05-18",
        "x-acs-date": at(timedelta()),
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-acs-security-token": credentials.security_token or None,
        **(headers or {}),
    }
    sent = {name: value for name, value in made.items() if value is not None}
    covered = sorted(set(sent) - set(not_signed))
    payload_hash = sent.get("x-acs-content-sha256", "")
    lines = [f"{name}:{sent[name]}" for name in covered]
    canonical = "\n".join(["POST", "/", pairs(query), *lines, "", ";".join(covered), payload_hash])
    to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.digest(credentials.access_key_secret.encode(), to_sign.encode(), "sha256").hex()
    sent["Authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={credentials.access_key_id},"
        f"SignedHeaders={';'.join(covered)},Signature={signature}"
    )
    return Request(target="/" + (f"?{pairs(query)}" if query else ""), headers=sent, body=body)


def pairs(values: dict[str, str] | None) -> str:
    """Parameters in the order and the encoding that are signed: UTF-8, and all but the unreserved as %XX."""
    return "&".join(f"{encoded(name)}={encoded(value)}" for name, value in sorted((values or {}).items()))


def encoded(text: str) -> str:
    return "".join(chr(byte) if byte in UNRESERVED else f"%{byte:02X}" for byte in text.encode())


def at(distance: timedelta) -> str:
    """The moment so far from now, as x-acs-date takes it."""
    return (datetime.now(UTC) + distance).strftime("%Y-%m-%dT%H:%M:%SZ")


def send(server: DataWorks, request: Request) -> tuple[int, dict[str, Any]]:
    """Send a request as it is; the answer's status and JSON."""
    with calling(server, request) as connection:
        response = connection.getresponse()
        return response.status, json.loads(response.read())


@contextmanager
def calling(server: DataWorks, request: Request, timeout_s: float = 5) -> Iterator[HTTPConnection]:
    """A connection on which a request was sent as it is."""
    connection = HTTPConnection(endpoint(server), timeout=timeout_s)
    try:
        put(connection, request)
        yield connection
    finally:
        connection.close()


def put(connection: HTTPConnection, request: Request) -> None:
    """Send a request as it is."""
    connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
    for name, value in ({"content-length": str(len(request.body))} | request.headers).items():
        connection.putheader(name, value)
    connection.endheaders(request.body)


def send_raw(server: DataWorks, content: bytes) -> bytes:
    """Send bytes, and read until the server hangs up."""
    host, port = endpoint(server).split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(content)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


def assert_refused(server: DataWorks, request: Request, status: int, code: str, *, verified: bool) -> Received:
    """Send a request that is turned down: the answer says why, and so does the record."""
    answered, body = send(server, request)
    assert (answered, body["Code"]) == (status, code), body
    assert body["Message"]
    received = server.received[-1]
    assert (received.status, received.code, received.verified) == (status, code, verified)
    assert received.request_id == body["RequestId"]
    assert_still_serving(server)
    return received


def assert_still_serving(server: DataWorks) -> None:
    status, body = send(server, signed(server, form=parameters(Callback.EXTENSION)))
    assert status == 200, body


def test_a_request_without_authorization_is_refused(server: DataWorks) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION))
    del request.headers["Authorization"]
    received = assert_refused(server, request, 400, "MissingAuthorization", verified=False)
    assert received.access_key_id == ""
    assert received.action == "CallbackExtension"
    assert received.parameters == parameters(Callback.EXTENSION)


def test_an_unknown_key_is_refused(server: DataWorks) -> None:
    stranger = Credentials("LTAI5tStranger", PLAIN.access_key_secret)
    request = signed(server, form=parameters(Callback.EXTENSION), credentials=stranger)
    received = assert_refused(server, request, 404, "InvalidAccessKeyId.NotFound", verified=False)
    assert received.access_key_id == "LTAI5tStranger"


def test_a_wrong_secret_is_refused_and_what_was_signed_is_quoted(server: DataWorks) -> None:
    wrong = Credentials(TEMPORARY.access_key_id, "another", TEMPORARY.security_token)
    request = signed(server, form=parameters(Callback.EXTENSION), credentials=wrong)
    assert_refused(server, request, 400, "SignatureDoesNotMatch", verified=False)
    _, body = send(server, signed(server, form=parameters(Callback.EXTENSION), credentials=wrong))
    assert f"x-acs-security-token:{TEMPORARY.security_token}\n" in body["Message"]


@pytest.mark.parametrize(
    "name",
    ["host", "content-type", "x-acs-action", "x-acs-date", "x-acs-content-sha256", "x-acs-security-token"],
)
def test_a_header_that_is_not_signed_is_refused(server: DataWorks, name: str) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION), not_signed=(name,))
    assert_refused(server, request, 400, "IncompleteSignature", verified=False)


@pytest.mark.parametrize(
    "name", ["x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"]
)
def test_a_header_that_is_not_sent_is_refused(server: DataWorks, name: str) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION), headers={name: None})
    assert_refused(server, request, 400, "IncompleteSignature", verified=False)


def test_a_header_that_is_signed_and_then_taken_out_is_refused(server: DataWorks) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION))
    del request.headers["x-acs-date"]
    assert_refused(server, request, 400, "IncompleteSignature", verified=False)


def test_any_header_of_the_platform_has_to_be_signed(server: DataWorks) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION))
    request.headers["X-Acs-Source-Ip"] = "10.0.0.1"
    assert_refused(server, request, 400, "IncompleteSignature", verified=False)


def test_a_header_that_is_changed_after_signing_is_refused(server: DataWorks) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION))
    request.headers["x-acs-action"] = "UpdateIDEEventResult"
    assert_refused(server, request, 400, "SignatureDoesNotMatch", verified=False)


def test_a_body_that_is_changed_after_signing_is_refused(server: DataWorks) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION))
    request.body = request.body.replace(b"FAIL", b"PASS")
    assert_refused(server, request, 400, "InvalidContentSha256", verified=False)


def test_a_body_that_is_changed_with_its_hash_is_refused(server: DataWorks) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION))
    request.body = request.body.replace(b"FAIL", b"OK")
    request.headers["x-acs-content-sha256"] = hashlib.sha256(request.body).hexdigest()
    assert_refused(server, request, 400, "SignatureDoesNotMatch", verified=False)


@pytest.mark.parametrize(
    "change",
    [
        lambda target: target.replace("FAIL", "OK"),
        lambda target: target + "&More=1",
        lambda target: target + "&Empty=",
        lambda _: "/",
        lambda target: "/rpc" + target,
    ],
    ids=["value", "added", "added-empty", "removed", "path"],
)
def test_a_query_that_is_changed_after_signing_is_refused(server: DataWorks, change: Callable[[str], str]) -> None:
    request = signed(server, query=parameters(Callback.EXTENSION))
    request.target = change(request.target)
    assert_refused(server, request, 400, "SignatureDoesNotMatch", verified=False)


@pytest.mark.parametrize(
    ("credentials", "token"),
    [(TEMPORARY, "CAIS another"), (TEMPORARY, None), (PLAIN, TEMPORARY.security_token)],
    ids=["wrong", "missing", "extra"],
)
def test_a_security_token_that_is_not_that_of_the_key_is_refused(
    server: DataWorks, credentials: Credentials, token: str | None
) -> None:
    request = signed(
        server,
        form=parameters(Callback.EXTENSION),
        credentials=credentials,
        headers={"x-acs-security-token": token},
    )
    assert_refused(server, request, 400, "InvalidSecurityToken.Malformed", verified=False)


@pytest.mark.parametrize("minutes", [-16, 16, -60 * 24 * 365])
def test_a_date_too_far_from_now_is_refused(server: DataWorks, minutes: int) -> None:
    date = at(timedelta(minutes=minutes))
    request = signed(server, form=parameters(Callback.EXTENSION), headers={"x-acs-date": date})
    assert_refused(server, request, 400, "InvalidTimeStamp.Expired", verified=False)


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_date_within_fifteen_minutes_is_taken(server: DataWorks, minutes: int) -> None:
    date = at(timedelta(minutes=minutes))
    status, _ = send(server, signed(server, form=parameters(Callback.EXTENSION), headers={"x-acs-date": date}))
    assert status == 200


@pytest.mark.parametrize("date", ["", "now", "1700000000", "2026-07-01 08:00:00", "2026-07-01T08:00:00+08:00"])
def test_a_date_of_another_form_is_refused(server: DataWorks, date: str) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION), headers={"x-acs-date": date})
    assert_refused(server, request, 400, "InvalidTimeStamp.Format", verified=False)


def test_a_nonce_serves_once(server: DataWorks) -> None:
    first = signed(server, form=parameters(Callback.EXTENSION))
    assert send(server, first)[0] == 200
    assert_refused(server, first, 400, "SignatureNonceUsed", verified=False)


def test_a_nonce_of_a_request_that_was_not_verified_is_not_used_up(server: DataWorks) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION))
    genuine = request.headers["Authorization"]
    request.headers["Authorization"] = genuine[:-1]
    assert_refused(server, request, 400, "SignatureDoesNotMatch", verified=False)
    request.headers["Authorization"] = genuine
    assert send(server, request)[0] == 200


@pytest.mark.parametrize(
    ("authorization", "status", "code"),
    [
        ("nonsense", 404, "InvalidAccessKeyId.NotFound"),
        ("Basic dXNlcjpwYXNz", 404, "InvalidAccessKeyId.NotFound"),
        ("ACS3-HMAC-SHA256", 404, "InvalidAccessKeyId.NotFound"),
        ("ACS3-HMAC-SHA256 ,,=,", 404, "InvalidAccessKeyId.NotFound"),
        ("ACS3-HMAC-SHA256 Credential", 404, "InvalidAccessKeyId.NotFound"),
        (f"ACS3-HMAC-SM3 Credential={PLAIN.access_key_id}", 404, "InvalidAccessKeyId.NotFound"),
        (f"ACS3-HMAC-SHA256 Credential={PLAIN.access_key_id}", 400, "IncompleteSignature"),
        (f"ACS3-HMAC-SHA256 Credential={PLAIN.access_key_id},SignedHeaders=", 400, "IncompleteSignature"),
    ],
)
def test_an_authorization_of_another_form_is_refused(
    server: DataWorks, authorization: str, status: int, code: str
) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION), credentials=PLAIN)
    request.headers["Authorization"] = authorization
    assert_refused(server, request, status, code, verified=False)


def test_an_authorization_without_signature_is_refused(server: DataWorks) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION))
    request.headers["Authorization"] = request.headers["Authorization"].partition(",Signature=")[0]
    assert_refused(server, request, 400, "SignatureDoesNotMatch", verified=False)


def test_an_unknown_action_is_refused(server: DataWorks) -> None:
    request = signed(server, "DeleteProject", form=parameters(Callback.EXTENSION))
    received = assert_refused(server, request, 404, "InvalidAction.NotFound", verified=True)
    assert received.action == "DeleteProject"


def test_another_version_is_refused(server: DataWorks) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION), headers={"x-acs-version": "2024-05-18"})
    assert_refused(server, request, 404, "InvalidVersion", verified=True)


@pytest.mark.parametrize("action", Callback)
@pytest.mark.parametrize("name", ["MessageId", "ExtensionCode", "CheckResult"])
@pytest.mark.parametrize("empty", [False, True], ids=["missing", "empty"])
def test_what_an_api_needs_is_demanded(server: DataWorks, action: Callback, name: str, *, empty: bool) -> None:
    form = parameters(action)
    del form[name]
    request = signed(server, action, form={**form, name: ""} if empty else form)
    assert_refused(server, request, 400, f"Missing{name}", verified=True)


@pytest.mark.parametrize(
    ("action", "name"),
    [
        (Callback.IDE, "CheckMessage"),
        (Callback.WORKBENCH, "CheckMessage"),
        (Callback.EXTENSION, "CheckResultTip"),
        (Callback.EXTENSION, "messageid"),
    ],
)
def test_a_parameter_that_the_api_does_not_know_is_refused(server: DataWorks, action: Callback, name: str) -> None:
    request = signed(server, action, form={**parameters(action), name: "text"})
    assert_refused(server, request, 400, "InvalidParameter", verified=True)


@pytest.mark.parametrize("action", Callback)
@pytest.mark.parametrize("result", ["ok", "Fail", "PASS", " OK"])
def test_a_result_that_is_none_is_refused(server: DataWorks, action: Callback, result: str) -> None:
    request = signed(server, action, form={**parameters(action), "CheckResult": result})
    assert_refused(server, request, 400, "InvalidParameter.CheckResult", verified=True)


def test_the_workbench_does_not_know_warn(server: DataWorks) -> None:
    request = signed(server, Callback.WORKBENCH, form={**parameters(Callback.WORKBENCH), "CheckResult": "WARN"})
    assert_refused(server, request, 400, "InvalidParameter.CheckResult", verified=True)


def test_another_extension_is_refused(server: DataWorks) -> None:
    request = signed(server, form={**parameters(Callback.EXTENSION), "ExtensionCode": "ext-other"})
    assert_refused(server, request, 400, "InvalidParameter.ExtensionCode", verified=True)


@pytest.mark.parametrize(
    ("action", "result", "success"),
    [
        (Callback.IDE, "OK", None),
        (Callback.IDE, "FAIL", None),
        (Callback.IDE, "WARN", None),
        (Callback.WORKBENCH, "OK", True),
        (Callback.WORKBENCH, "FAIL", True),
        (Callback.EXTENSION, "OK", "true"),
        (Callback.EXTENSION, "FAIL", "true"),
        (Callback.EXTENSION, "WARN", "true"),
    ],
)
def test_each_api_answers_in_its_own_way(
    server: DataWorks, action: Callback, result: str, *, success: bool | str | None
) -> None:
    status, body = send(server, signed(server, action, form={**parameters(action), "CheckResult": result}))
    assert status == 200
    assert body.pop("RequestId") == server.received[0].request_id
    assert body == ({} if success is None else {"Success": success})


@pytest.mark.parametrize("credentials", [PLAIN, TEMPORARY], ids=["plain", "temporary"])
def test_what_is_taken_is_recorded(server: DataWorks, credentials: Credentials) -> None:
    send(server, signed(server, form=parameters(Callback.EXTENSION), credentials=credentials))
    (received,) = server.received
    assert received.action == "CallbackExtension"
    assert received.parameters == parameters(Callback.EXTENSION)
    assert received.access_key_id == credentials.access_key_id
    assert (received.verified, received.status, received.code) == (True, 200, "")


@pytest.mark.parametrize("text", HARD_TEXTS.values(), ids=HARD_TEXTS)
@pytest.mark.parametrize("action", Callback)
@pytest.mark.parametrize("where", ["form", "query"])
def test_hard_texts_arrive_as_they_were_sent(server: DataWorks, where: str, action: Callback, text: str) -> None:
    sent = parameters(action, text)
    request = signed(server, action, form=sent) if where == "form" else signed(server, action, query=sent)
    status, body = send(server, request)
    assert status == 200, body
    assert server.received[0].parameters == sent


def test_query_and_form_go_together(server: DataWorks) -> None:
    form = parameters(Callback.EXTENSION)
    query = {"MessageId": form.pop("MessageId")}
    assert send(server, signed(server, form=form, query=query))[0] == 200
    assert server.received[0].parameters == parameters(Callback.EXTENSION)


def test_a_body_that_is_no_form_has_no_parameters(server: DataWorks) -> None:
    form = parameters(Callback.EXTENSION)
    request = signed(server, form=form, headers={"content-type": "application/json"})
    received = assert_refused(server, request, 400, "MissingMessageId", verified=True)
    assert received.parameters == {}


def test_a_body_that_is_too_large_is_refused_before_it_is_read(server: DataWorks) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION))
    request.headers["content-length"] = str(1024 * 1024 + 1)
    request.body = b""
    status, body = send(server, request)
    assert (status, body["Code"]) == (413, "RequestTooLarge")
    assert server.received == []
    assert_still_serving(server)


def test_a_body_of_a_megabyte_is_read(server: DataWorks) -> None:
    form = parameters(Callback.EXTENSION, "x" * (1024 * 1024 - 1000))
    assert send(server, signed(server, form=form))[0] == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "NONSENSE"])
def test_only_post_is_served(server: DataWorks, method: str) -> None:
    answer = send_raw(server, f"{method} / HTTP/1.1\r\nhost: {endpoint(server)}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 501 ")
    assert server.received == []
    assert_still_serving(server)


def test_a_request_without_content_length_has_no_body(server: DataWorks) -> None:
    request = signed(server, query=parameters(Callback.EXTENSION))
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    answer = send_raw(server, f"POST {request.target} HTTP/1.1\r\n{head}connection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "header", ["content-length: many", "content-length: -5", "content-length: ²", "transfer-encoding: chunked"]
)
def test_a_body_of_unknown_length_is_not_read(server: DataWorks, header: str) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION))
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    answer = send_raw(server, f"POST / HTTP/1.1\r\n{head}{header}\r\n\r\n".encode("latin-1"))
    assert answer.startswith(b"HTTP/1.1 411 ")
    assert server.received == []
    assert_still_serving(server)


def test_a_header_that_is_signed_and_not_sent_is_refused(server: DataWorks) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION), headers={"x-other": "1"})
    del request.headers["x-other"]
    assert_refused(server, request, 400, "IncompleteSignature", verified=False)


def test_a_request_without_host_is_refused(server: DataWorks) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION), headers={"host": None})
    assert_refused(server, request, 400, "IncompleteSignature", verified=False)


def test_a_signature_that_is_not_ascii_is_refused(server: DataWorks) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION))
    request.headers["Authorization"] += "\xe9"
    assert_refused(server, request, 400, "SignatureDoesNotMatch", verified=False)


@pytest.mark.parametrize("target", ["http://[/", "*", "http://127.0.0.1/"])
def test_a_target_that_is_no_path_is_refused(server: DataWorks, target: str) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION))
    request.target = target
    assert_refused(server, request, 400, "SignatureDoesNotMatch", verified=False)


def test_a_caller_that_hangs_up_before_it_is_answered_is_nobodys_error(server: DataWorks) -> None:
    host, port = endpoint(server).split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\ncontent-length: 1000\r\n\r\nCheck")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert_still_serving(server)


def test_a_caller_that_hangs_up_in_its_body_is_turned_down(server: DataWorks) -> None:
    request = signed(server, form=parameters(Callback.EXTENSION))
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    host, port = endpoint(server).split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\n{head}content-length: 1000\r\n\r\nCheck".encode())
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
    assert server.received[0].code == "InvalidContentSha256"
    assert_still_serving(server)


@pytest.mark.parametrize(
    "content", [b"\r\n\r\n", b"\x16\x03\x01\x02\x00\r\n\r\n", b"POST\r\n\r\n", b"POST / HTTP/9\r\n\r\n"]
)
def test_what_is_no_http_is_not_served(server: DataWorks, content: bytes) -> None:
    answer = send_raw(server, content)
    assert b" 200 " not in answer
    assert server.received == []
    assert_still_serving(server)


def test_requests_on_one_connection_have_the_same_number(server: DataWorks) -> None:
    connection = HTTPConnection(endpoint(server), timeout=5)
    for _ in range(2):
        request = signed(server, form=parameters(Callback.EXTENSION))
        connection.request("POST", request.target, request.body, request.headers)
        connection.getresponse().read()
    connection.close()
    assert_still_serving(server)
    one, two, other = (received.connection for received in server.received)
    assert one == two != other


WORKSPACE, INSTANCE = "90214", "700007182934"

ASKED = {
    "GetIDEEventDetail": {"MessageId": "8d1a5c7e", "ProjectId": WORKSPACE},
    "GetOptionValueForProject": {"ExtensionCode": CODE, "ProjectId": WORKSPACE},
    "GetExtension": {"ExtensionCode": CODE},
    "ListProjectMembers": {"ProjectId": WORKSPACE},
    "GetInstance": {"InstanceId": INSTANCE, "ProjectEnv": "PROD"},
}

SNAPSHOT = {"FileExecutionCommand": {"Content": "SHOW TABLES; -- 数据"}}


@pytest.fixture
def filled(server: DataWorks) -> DataWorks:
    """A server that has an answer to each of `ASKED`."""
    server.snapshots["8d1a5c7e"] = SNAPSHOT
    server.members[WORKSPACE] = {"1": ["role_project_admin", "role_project_dev"], "2": []}
    server.instances[INSTANCE] = {"Status": "FAILURE"}
    return server


def ask(server: DataWorks, action: str, **changed: str | None) -> tuple[int, dict[str, Any]]:
    """What is answered to a question of `ASKED`, with parameters that are others, or left out for None."""
    sent = {**ASKED[action], **changed}
    form = {name: value for name, value in sent.items() if value is not None}
    status, body = send(server, signed(server, action, form=form))
    assert body.pop("RequestId") == server.received[-1].request_id
    return status, body


def refusal(server: DataWorks, action: str, **changed: str | None) -> tuple[int, str]:
    """How a question of `ASKED` is turned down."""
    status, body = ask(server, action, **changed)
    assert (server.received[-1].status, server.received[-1].code) == (status, body["Code"])
    assert body["Message"]
    return status, body["Code"]


def test_every_action_is_served() -> None:
    assert set(local._OPERATIONS) == {*Callback, *READS}
    assert set(ASKED) == set(READS)


@pytest.mark.parametrize("action", READS)
def test_every_question_is_answered_and_recorded(filled: DataWorks, action: str) -> None:
    assert ask(filled, action)[0] == 200
    (received,) = filled.received
    assert (received.action, received.parameters, received.verified) == (action, ASKED[action], True)


@pytest.mark.parametrize("action", READS)
def test_a_question_may_be_in_the_query(filled: DataWorks, action: str) -> None:
    assert send(filled, signed(filled, action, query=ASKED[action]))[0] == 200


@pytest.mark.parametrize("action", READS)
def test_a_question_that_is_not_signed_is_not_answered(filled: DataWorks, action: str) -> None:
    wrong = Credentials(TEMPORARY.access_key_id, "another", TEMPORARY.security_token)
    request = signed(filled, action, form=ASKED[action], credentials=wrong)
    assert_refused(filled, request, 400, "SignatureDoesNotMatch", verified=False)


@pytest.mark.parametrize(("action", "name"), [(action, name) for action in READS for name in ASKED[action]])
@pytest.mark.parametrize("value", ["", None])
def test_a_question_that_lacks_a_parameter_is_refused(
    filled: DataWorks, action: str, name: str, value: str | None
) -> None:
    assert refusal(filled, action, **{name: value}) == (400, f"Missing{name}")


@pytest.mark.parametrize("action", READS)
def test_a_question_with_a_parameter_of_another_is_refused(filled: DataWorks, action: str) -> None:
    assert refusal(filled, action, CheckResult="OK") == (400, "InvalidParameter")


@pytest.mark.parametrize(
    ("action", "name", "value"),
    [
        ("GetIDEEventDetail", "ProjectId", "one"),
        ("ListProjectMembers", "ProjectId", "90214 "),
        ("ListProjectMembers", "PageNumber", "0"),
        ("ListProjectMembers", "PageNumber", "31"),
        ("ListProjectMembers", "PageNumber", ""),
        ("ListProjectMembers", "PageSize", "0"),
        ("ListProjectMembers", "PageSize", "101"),
        ("GetInstance", "InstanceId", "-1"),
        ("GetInstance", "InstanceId", "１"),
        ("GetInstance", "ProjectEnv", "prod"),
        ("GetExtension", "ExtensionCode", "ext-other"),
        ("GetOptionValueForProject", "ExtensionCode", "ext-other"),
    ],
)
def test_a_parameter_of_another_form_is_refused(filled: DataWorks, action: str, name: str, value: str) -> None:
    assert refusal(filled, action, **{name: value}) == (400, f"InvalidParameter.{name}")


@pytest.mark.parametrize(
    ("action", "name"),
    [("GetIDEEventDetail", "MessageId"), ("ListProjectMembers", "ProjectId"), ("GetInstance", "InstanceId")],
)
def test_what_does_not_exist_is_refused(filled: DataWorks, action: str, name: str) -> None:
    assert refusal(filled, action, **{name: "404"}) == (404, f"Invalid{name}.NotFound")


@pytest.mark.parametrize("action", [*READS, *Callback])
def test_an_action_fails_where_it_was_told_to(filled: DataWorks, action: str) -> None:
    filled.failing[action] = (503, "ServiceUnavailable")
    status, body = send(filled, signed(filled, action, form=ASKED.get(action) or parameters(Callback(action))))
    assert (status, body["Code"]) == (503, "ServiceUnavailable")
    assert (filled.received[-1].verified, filled.received[-1].code) == (True, "ServiceUnavailable")
    filled.failing.clear()
    assert_still_serving(filled)


# what goes wrong

BEFALLING = [fault for fault in Fault if fault is not Fault.REFUSED]
"""Faults of a call, not of the port."""

ACTIONS = [*Callback, "GetExtension"]


def call(server: DataWorks, action: str = "CallbackExtension", message_id: str = "8d1a5c7e") -> Request:
    """A call that makes sense."""
    form = ASKED.get(action) or {**parameters(Callback(action)), "MessageId": message_id}
    return signed(server, action, form=form)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller sees of a call: an answer, or the error that kept it from coming."""

    status: int = 0
    headers: dict[str, str] = {}
    body: bytes = b""
    error: str = ""

    @property
    def content(self) -> Any:  # noqa: ANN401  any JSON
        """The answer's JSON, without what differs from call to call."""
        return {name: value for name, value in json.loads(self.body).items() if name not in ("RequestId", "HostId")}


def outcome(server: DataWorks, request: Request, fault: Fault | None = None) -> Outcome:
    """Make a call, by a caller who has no patience where nothing will come."""
    seen = len(server.received)
    with calling(server, request, 0.1 if fault is Fault.HANG else 5) as connection:
        try:
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Outcome(status=response.status, headers=headers, body=response.read())
        except OSError as error:
            until(lambda: len(server.received) > seen)
            return Outcome(error=type(error).__name__)


def until(condition: Callable[[], bool], within_s: float = 5) -> None:
    """Wait for something to be so."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def succeeds(server: DataWorks, action: str = "CallbackExtension") -> bool:
    """Whether a call is taken and answered."""
    status, body = send(server, call(server, action))
    return status == 200 and body.get("Success") not in (False, "false") and server.received[-1].code == ""


JSON_TYPE = "application/json;charset=utf-8"


def is_refused(found: Outcome, status: int, code: str) -> bool:
    """Whether a call was turned down with a code in JSON."""
    return (found.status, found.headers["content-type"], found.content["Code"]) == (status, JSON_TYPE, code)


WELL_KNOWN: dict[Fault, Callable[[Outcome], bool]] = {
    Fault.HANG: lambda found: found.error == "TimeoutError",
    Fault.UNSUCCESSFUL: lambda found: found.status == 200 and [*found.content] == ["Success"],
    Fault.INTERNAL_ERROR: lambda found: is_refused(found, 500, "InternalError.System"),
    Fault.UNAVAILABLE: lambda found: (
        (found.status, found.headers["content-type"], found.body[:6]) == (503, "text/html", b"<html>")
    ),
    Fault.THROTTLED: lambda found: (
        is_refused(found, 429, "Throttling.User") and "x-acs-retry-after" not in found.headers
    ),
    Fault.THROTTLED_FOR: lambda found: (
        is_refused(found, 429, "Throttling.User") and found.headers["x-acs-retry-after"] == "20"
    ),
    Fault.SIGNATURE: lambda found: is_refused(found, 400, "SignatureDoesNotMatch"),
    Fault.SKEW: lambda found: is_refused(found, 400, "InvalidTimeStamp.Expired"),
    Fault.RESET: lambda found: found.error == "ConnectionResetError",
    Fault.DRIP: lambda found: found.body.endswith(b" " * 20 + b"}") and "Code" not in found.content,
    Fault.GARBAGE: lambda found: (found.status, found.body.decode(errors="ignore")) == (200, "\0{]"),
    Fault.TRUNCATED: lambda found: (
        (found.status, found.headers["content-type"], found.body[:14]) == (200, JSON_TYPE, b'{"RequestId": ')
    ),
}
"""How a caller knows each fault."""


@pytest.fixture
def swift(monkeypatch: pytest.MonkeyPatch) -> None:
    """What drips comes at once, and is short."""
    monkeypatch.setattr(faults, "DRIP_S", 0)
    monkeypatch.setattr(faults, "_BLANKS", b" " * 20)


@pytest.mark.usefixtures("swift")
@pytest.mark.parametrize("times", [1, 2, None])
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("fault", BEFALLING)
def test_a_fault_befalls_as_many_calls_as_it_is_told_to(
    server: DataWorks, fault: Fault, action: str, times: int | None
) -> None:
    server.faults[action] = outage = Outage(fault, times)
    for _ in range(times or 3):
        assert WELL_KNOWN[fault](outcome(server, call(server, action), fault))
    assert succeeds(server, "ListProjectMembers") is False  # there is none: it has no fault of ours
    assert server.received[-1].status == 404
    assert outage.times == (None if times is None else 0)
    if times is None:
        assert WELL_KNOWN[fault](outcome(server, call(server, action), fault))
        del server.faults[action]
    assert succeeds(server, action)


@pytest.mark.usefixtures("swift")
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("fault", BEFALLING)
def test_a_verdict_counts_unless_the_fault_came_before_it(server: DataWorks, fault: Fault, action: str) -> None:
    server.faults["*"] = Outage(fault, 2)
    for of_call in (fault, fault, None):
        outcome(server, call(server, action), of_call)
    taken = fault in {Fault.RESET, Fault.DRIP, Fault.GARBAGE, Fault.TRUNCATED}
    assert fault.taken is taken
    verdicts = ["FAIL"] * (3 if taken else 1)
    assert server.verdicts == ({"8d1a5c7e": verdicts} if action in {*Callback} else {})
    assert [received.code == "" for received in server.received] == [taken, taken, True]


@pytest.mark.usefixtures("swift")
@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Fault.HANG, 0, "hang"),
        (Fault.UNSUCCESSFUL, 200, "unsuccessful"),
        (Fault.INTERNAL_ERROR, 500, "InternalError.System"),
        (Fault.UNAVAILABLE, 503, "unavailable"),
        (Fault.THROTTLED, 429, "Throttling.User"),
        (Fault.THROTTLED_FOR, 429, "Throttling.User"),
        (Fault.SIGNATURE, 400, "SignatureDoesNotMatch"),
        (Fault.SKEW, 400, "InvalidTimeStamp.Expired"),
        (Fault.RESET, 200, ""),
        (Fault.DRIP, 200, ""),
        (Fault.GARBAGE, 200, ""),
        (Fault.TRUNCATED, 200, ""),
    ],
)
def test_what_a_fault_befell_is_recorded(server: DataWorks, fault: Fault, status: int, code: str) -> None:
    server.faults["*"] = Outage(fault)
    outcome(server, call(server), fault)
    (received,) = server.received
    assert received.action == "CallbackExtension"
    assert received.parameters == {**parameters(Callback.EXTENSION), "MessageId": "8d1a5c7e"}
    assert (received.verified, received.status, received.code) == (True, status, code)


@pytest.mark.parametrize(
    ("action", "success"),
    [
        (Callback.IDE, False),
        (Callback.WORKBENCH, False),
        (Callback.EXTENSION, "false"),
        *((action, False) for action in READS),
    ],
)
def test_no_success_is_said_in_the_way_of_each_api(filled: DataWorks, action: str, *, success: bool | str) -> None:
    filled.faults[action] = Outage(Fault.UNSUCCESSFUL)
    status, body = send(filled, call(filled, action))
    assert body.pop("RequestId") == filled.received[0].request_id
    assert (status, body) == (200, {"Success": success})


def test_a_signature_that_is_said_not_to_match_is_quoted_with_its_token(server: DataWorks) -> None:
    server.faults["*"] = Outage(Fault.SIGNATURE)
    _, body = send(server, call(server))
    assert f"x-acs-security-token:{TEMPORARY.security_token}\n" in body["Message"]


def test_how_long_to_wait_can_be_set(server: DataWorks) -> None:
    server.faults["*"] = Outage(Fault.THROTTLED_FOR)
    server.retry_after_ms = 1500
    assert outcome(server, call(server)).headers["x-acs-retry-after"] == "1500"


def test_garbage_is_neither_json_nor_utf_8(server: DataWorks) -> None:
    server.faults["*"] = Outage(Fault.GARBAGE)
    body = outcome(server, call(server)).body
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(body.decode(errors="ignore"))


def test_what_is_truncated_is_half_of_the_answer(server: DataWorks) -> None:
    whole = len(outcome(server, call(server)).body)
    server.faults["*"] = Outage(Fault.TRUNCATED)
    found = outcome(server, call(server))
    assert len(found.body) == whole // 2
    assert found.headers["content-length"] == str(whole // 2)


@pytest.mark.parametrize("fault", [fault for fault in BEFALLING if fault not in (Fault.HANG, Fault.RESET)])
@pytest.mark.usefixtures("swift")
def test_a_connection_goes_on_after_an_answer_that_came_to_harm(server: DataWorks, fault: Fault) -> None:
    server.faults["*"] = Outage(fault, 1)
    with calling(server, call(server)) as connection:
        connection.getresponse().read()
        put(connection, call(server))
        assert connection.getresponse().status == 200
    one, two = server.received
    assert one.connection == two.connection


def test_a_reset_comes_in_the_middle_of_the_answer(server: DataWorks) -> None:
    whole = outcome(server, call(server))
    server.faults["*"] = Outage(Fault.RESET)
    with calling(server, call(server)) as connection:
        response = connection.getresponse()
        assert response.headers["content-length"] == str(len(whole.body))
        assert response.read(len(whole.body) // 2).startswith(b'{"RequestId"')
        with pytest.raises(ConnectionResetError):
            response.read()


def hang_up(connection: HTTPConnection) -> None:
    """End a connection with a reset."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Thoughtful(DataWorks):
    """The embedded DataWorks, which lets `meanwhile` happen between taking a call and answering it."""

    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    def answer(self, request: _Request) -> tuple[int, dict[str, object]]:
        """Answer as ever, a little later."""
        answered = super().answer(request)
        self.meanwhile()
        return answered


@pytest.fixture
def thoughtful() -> Iterator[Thoughtful]:
    with Thoughtful(keys=[TEMPORARY], extension_code=CODE) as dataworks:
        yield dataworks


@pytest.mark.parametrize("fault", BEFALLING)
def test_a_caller_that_hangs_up_before_a_fault_is_nobodys_error(thoughtful: Thoughtful, fault: Fault) -> None:
    gone = threading.Event()
    thoughtful.meanwhile = lambda: gone.wait(5)
    thoughtful.faults["*"] = Outage(fault, 1)
    with calling(thoughtful, call(thoughtful)) as connection:
        until(lambda: len(thoughtful.received) == 1)
        hang_up(connection)
    gone.set()
    until(lambda: serving() == 0)
    assert_still_serving(thoughtful)


def test_an_answer_drips_byte_by_byte_for_more_than_a_minute(server: DataWorks) -> None:
    server.faults["*"] = Outage(Fault.DRIP)
    started = time.monotonic()
    with calling(server, call(server)) as connection:
        response = connection.getresponse()
        assert int(response.headers["content-length"]) * faults.DRIP_S > 60
        read = sum(len(connection.sock.recv(100)) for _ in range(10))
    assert 10 <= read <= (time.monotonic() - started) / faults.DRIP_S + 1
    until(lambda: serving() == 0)


def serving() -> int:
    """How many connections are served, each by a thread."""
    return sum("process_request_thread" in thread.name for thread in threading.enumerate())


def test_nothing_is_kept_of_a_connection_that_has_ended(server: DataWorks) -> None:
    for fault in (None, Fault.RESET):
        server.faults = {"*": Outage(fault)} if fault else {}
        for _ in range(3):
            outcome(server, call(server))
    until(lambda: serving() == 0)
    assert server._server._connections == set()


def test_nothing_is_answered_on_a_connection_where_a_call_hung(server: DataWorks) -> None:
    server.faults["*"] = Outage(Fault.HANG, 1)
    with calling(server, call(server), timeout_s=0.2) as connection:
        until(lambda: len(server.received) == 1)
        connection.sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(TimeoutError):
            connection.sock.recv(1)


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP])
def test_nobody_waits_for_a_caller_that_hung_up(server: DataWorks, fault: Fault) -> None:
    server.faults["*"] = Outage(fault)
    with calling(server, call(server)):
        until(lambda: len(server.received) == 1)
        assert serving() > 0
    until(lambda: serving() == 0)


def test_nobody_is_kept_hanging_for_ever(server: DataWorks) -> None:
    assert faults.Handler.timeout == 30
    server.faults["*"] = Outage(Fault.HANG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faults.Handler, "timeout", 0.5)
        assert outcome(server, call(server)).error == "RemoteDisconnected"


@pytest.mark.parametrize("refusing", [False, True])
def test_a_server_is_left_at_once_whoever_hangs(*, refusing: bool) -> None:
    with ExitStack() as callers:
        with DataWorks(keys=[TEMPORARY], extension_code=CODE) as server:
            server.faults["*"] = Outage(Fault.DRIP, 2)
            hung = [callers.enter_context(calling(server, call(server))) for _ in range(2)]
            until(lambda: len(server.received) == 2)
            server.faults["*"] = Outage(Fault.HANG)
            hung += [callers.enter_context(calling(server, call(server))) for _ in range(8)]
            until(lambda: len(server.received) == 10)
            assert serving() >= 10
            started = time.monotonic()
            if refusing:
                server.refuse()
        assert time.monotonic() - started < 1
        until(lambda: serving() == 0, within_s=1)
        for connection in hung[2:]:
            with pytest.raises(RemoteDisconnected):
                connection.getresponse()


@pytest.mark.parametrize("fault", BEFALLING)
def test_a_signature_is_looked_at_before_a_fault(server: DataWorks, fault: Fault) -> None:
    server.faults["*"] = outage = Outage(fault, 1)
    wrong = Credentials(TEMPORARY.access_key_id, "another", TEMPORARY.security_token)
    status, body = send(server, signed(server, form=parameters(Callback.EXTENSION), credentials=wrong))
    assert (status, body["Code"]) == (400, "SignatureDoesNotMatch")
    assert server.received[-1].verified is False
    assert outage.times == 1


def test_an_outage_of_an_action_goes_before_that_of_all(server: DataWorks) -> None:
    server.faults = {
        "*": Outage(Fault.INTERNAL_ERROR, 2),
        "CallbackExtension": Outage(Fault.SKEW, 1),
        "GetExtension": Outage(Fault.THROTTLED, 0),
    }
    for action in ("CallbackExtension", "GetExtension", "CallbackExtension", "CallbackExtension"):
        outcome(server, call(server, action))
    assert [received.status for received in server.received] == [400, 500, 500, 200]


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.UNAVAILABLE])
def test_what_is_turned_down_is_no_verdict_whatever_becomes_of_the_answer(server: DataWorks, fault: Fault) -> None:
    server.faults["*"] = Outage(fault)
    form = {**parameters(Callback.WORKBENCH), "CheckResult": "WARN"}
    assert WELL_KNOWN[fault](outcome(server, signed(server, Callback.WORKBENCH, form=form)))
    assert server.verdicts == {}


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.GARBAGE])
def test_an_action_that_fails_can_have_a_fault(server: DataWorks, fault: Fault) -> None:
    server.failing["CallbackExtension"] = (503, "ServiceUnavailable")
    server.faults["*"] = Outage(fault, 1)
    assert outcome(server, call(server)).status == {Fault.THROTTLED: 429, Fault.GARBAGE: 503}[fault]
    assert is_refused(outcome(server, call(server)), 503, "ServiceUnavailable")
    assert server.verdicts == {}


def test_an_outage_counts_the_calls_of_all_threads(server: DataWorks) -> None:
    server.faults["*"] = Outage(Fault.INTERNAL_ERROR, 20)
    with ThreadPoolExecutor(10) as threads:
        statuses = [*threads.map(lambda _: send(server, call(server))[0], range(50))]
    assert (statuses.count(500), statuses.count(200)) == (20, 30)
    assert server.verdicts == {"8d1a5c7e": ["FAIL"] * 30}


@pytest.mark.parametrize("times", [0, -1])
def test_an_outage_can_be_over(times: int) -> None:
    outage = Outage(Fault.HANG, times)
    assert [outage.strikes(), outage.strikes()] == [False, False]


def test_a_refused_connection_is_no_fault_of_a_call() -> None:
    with pytest.raises(ValueError, match="refuse"):
        Outage(Fault.REFUSED)
    assert Fault.REFUSED.taken is False


def connect(server: DataWorks) -> socket.socket:
    host, port = endpoint(server).split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def test_a_server_refuses_connections_and_accepts_them_again(server: DataWorks) -> None:
    url = server.url
    for _ in range(3):
        assert succeeds(server)
        server.refuse()
        for _ in range(2):
            with pytest.raises(ConnectionRefusedError):
                connect(server)
        server.accept()
        assert server.url == url
    assert succeeds(server)
    assert server.verdicts == {"8d1a5c7e": ["FAIL"] * 4}


def test_who_refuses_twice_or_accepts_twice_does_so_once(server: DataWorks) -> None:
    server.accept()
    assert succeeds(server)
    server.refuse()
    server.refuse()
    with pytest.raises(ConnectionRefusedError):
        connect(server)
    server.accept()
    server.accept()
    assert succeeds(server)


def test_a_server_that_refuses_hangs_up_on_its_callers(server: DataWorks) -> None:
    with calling(server, call(server)) as connection:
        connection.getresponse().read()
        server.refuse()
        assert connection.sock.recv(1) == b""
    until(lambda: serving() == 0)


def test_a_caller_that_hung_up_first_is_nobodys_error(thoughtful: Thoughtful) -> None:
    """The server does not know of it yet when it wants to hang up itself."""
    down = threading.Event()
    thoughtful.meanwhile = lambda: down.wait(5)
    with calling(thoughtful, call(thoughtful)) as connection:
        until(lambda: len(thoughtful.received) == 1)
        hang_up(connection)
    thoughtful.refuse()
    down.set()
    thoughtful.accept()
    assert succeeds(thoughtful)


def test_nobody_else_gets_the_port_of_a_server_that_refuses(server: DataWorks) -> None:
    host, port = endpoint(server).split(":")
    server.refuse()
    with socket.socket() as other, pytest.raises(OSError, match="in use") as caught:
        other.bind((host, int(port)))
    assert caught.value.errno == errno.EADDRINUSE
    server.accept()
    assert succeeds(server)


def test_a_port_can_be_closed_while_a_call_is_made(thoughtful: Thoughtful) -> None:
    """By the thread that serves it: the caller sees that the connection ends, and the call was taken."""
    thoughtful.meanwhile = thoughtful.refuse
    assert outcome(thoughtful, call(thoughtful)).error == "RemoteDisconnected"
    assert thoughtful.verdicts == {"8d1a5c7e": ["FAIL"]}
    with pytest.raises(ConnectionRefusedError):
        connect(thoughtful)
    thoughtful.accept()
    thoughtful.meanwhile = lambda: None
    assert succeeds(thoughtful)


def test_a_port_can_be_switched_while_others_call(server: DataWorks) -> None:
    """Whatever becomes of a call, one that was answered was taken, and nothing hangs."""
    over = threading.Event()

    def switch() -> None:
        while not over.wait(0.01):
            server.refuse()
            server.accept()

    def attempt(number: int) -> str:
        try:
            status, _ = send(server, call(server, message_id=str(number)))
        except (OSError, HTTPException):
            return ""
        assert status == 200
        return str(number)

    switching = [threading.Thread(target=switch) for _ in range(2)]
    for thread in switching:
        thread.start()
    try:
        with ThreadPoolExecutor(4) as threads:
            answered = {*threads.map(attempt, range(200))} - {""}
    finally:
        over.set()
        for thread in switching:
            thread.join(5)
    assert answered <= set(server.verdicts)
    assert {*map(tuple, server.verdicts.values())} <= {("FAIL",)}
    assert succeeds(server)
    until(lambda: serving() == 0)


@pytest.mark.parametrize("refusing", [False, True])
def test_a_server_that_was_left_is_left_in_either_state(*, refusing: bool) -> None:
    with DataWorks(keys=[PLAIN], extension_code=CODE) as server:
        if refusing:
            server.refuse()
    with pytest.raises(ConnectionRefusedError):
        connect(server)
    host, port = endpoint(server).split(":")
    with socket.create_server((host, int(port))):
        pass  # the port is free


def test_verdicts_are_counted_by_message_with_repeats(server: DataWorks) -> None:
    for message_id, result in (("one", "OK"), ("two", "FAIL"), ("one", "FAIL"), ("one", "FAIL")):
        for action in Callback:
            form = {**parameters(action), "MessageId": message_id, "CheckResult": result}
            assert send(server, signed(server, action, form=form))[0] == 200
    assert server.verdicts == {"one": ["OK"] * 3 + ["FAIL"] * 6, "two": ["FAIL"] * 3}


def test_what_is_turned_down_or_asked_is_no_verdict(filled: DataWorks) -> None:
    for action in ASKED:
        assert ask(filled, action)[0] == 200
    once = call(filled)
    assert send(filled, once)[0] == 200
    assert send(filled, once)[0] == 400
    filled.failing["CallbackExtension"] = (503, "ServiceUnavailable")
    assert send(filled, call(filled))[0] == 503
    assert send(filled, signed(filled, "DeleteProject", form=parameters(Callback.EXTENSION)))[0] == 404
    assert filled.verdicts == {"8d1a5c7e": ["FAIL"]}


@pytest.mark.parametrize("remembers", [0, 1, 3])
def test_a_server_can_forget(remembers: int) -> None:
    with DataWorks(keys=[TEMPORARY], extension_code=CODE, remembers=remembers) as server:
        requests = [call(server, message_id=str(number)) for number in range(5)]
        for request in requests:
            assert send(server, request)[0] == 200
        assert len(server._nonces) == remembers
        kept = [received.parameters["MessageId"] for received in server.received]
        assert kept == ["0", "1", "2", "3", "4"][5 - remembers :]
        assert isinstance(server.received, list)
        assert list(server.verdicts) == ["0", "1", "2", "3", "4"]
        statuses = [send(server, request)[0] for request in requests[: -remembers - 1 : -1]]
        assert statuses == [400] * remembers  # their nonces are known
        assert send(server, requests[0])[0] == 200


def test_a_server_forgets_nothing_unless_it_is_told_to(server: DataWorks) -> None:
    requests = [call(server) for _ in range(50)]
    for request in requests:
        assert send(server, request)[0] == 200
    assert {send(server, request)[0] for request in requests} == {400}
    assert len(server.received) == 100


def test_a_hundred_callers_can_come_at_once(server: DataWorks) -> None:
    """The port takes them before the server looks at the first."""
    take, ready = server._server.get_request, threading.Event()

    def late() -> tuple[socket.socket, object]:
        ready.wait(60)
        return take()

    with pytest.MonkeyPatch.context() as patch, ExitStack() as callers:
        patch.setattr(server._server, "get_request", late)
        connections = [callers.enter_context(calling(server, call(server))) for _ in range(100)]
        ready.set()
        assert {connection.getresponse().status for connection in connections} == {200}
    assert len({received.connection for received in server.received}) == 100


# what is answered to questions


def test_a_snapshot_is_that_of_the_message(filled: DataWorks) -> None:
    assert ask(filled, "GetIDEEventDetail") == (200, {"EventDetail": SNAPSHOT})
    assert refusal(filled, "GetIDEEventDetail", MessageId="another")[0] == 404
    filled.snapshots["*"] = {"TableModel": {"TableName": "orders"}}
    assert ask(filled, "GetIDEEventDetail") == (200, {"EventDetail": SNAPSHOT})
    assert ask(filled, "GetIDEEventDetail", MessageId="another") == (200, {"EventDetail": filled.snapshots["*"]})


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "{}"),
        ({"1": {"a": 1}}, "{}"),
        ({WORKSPACE: {"a": 1}}, '{"a": 1}'),
        ({"*": {"a": 1}}, '{"a": 1}'),
        ({"*": {"a": 1}, WORKSPACE: {}}, "{}"),
        ({WORKSPACE: "no JSON"}, "no JSON"),
        ({WORKSPACE: None}, "null"),
    ],
)
def test_options_are_those_of_the_workspace(filled: DataWorks, options: Mapping[str, object], text: str) -> None:
    filled.options.update(options)
    assert ask(filled, "GetOptionValueForProject") == (200, {"OptionValue": text})


@pytest.mark.parametrize("text", ["", "a=b\r\nc=数据"])
def test_parameters_are_those_of_the_extension(filled: DataWorks, text: str) -> None:
    filled.parameters = text
    assert ask(filled, "GetExtension") == (
        200,
        {"Extension": {"ExtensionCode": CODE, "Status": 1, "ParameterSetting": text}},
    )


def test_members_are_those_of_the_workspace(filled: DataWorks) -> None:
    roles = [{"ProjectRoleCode": "role_project_admin"}, {"ProjectRoleCode": "role_project_dev"}]
    page = [
        {"ProjectMemberId": "1", "ProjectRoleList": roles},
        {"ProjectMemberId": "2", "ProjectRoleList": []},
    ]
    data = {"PageNumber": 1, "PageSize": 10, "TotalCount": 2, "ProjectMemberList": page}
    assert ask(filled, "ListProjectMembers") == (200, {"Data": data})
    filled.members["*"] = {}
    assert ask(filled, "ListProjectMembers") == (200, {"Data": data})
    none = data | {"TotalCount": 0, "ProjectMemberList": []}
    assert ask(filled, "ListProjectMembers", ProjectId="1") == (200, {"Data": none})


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        ({}, range(10)),
        ({"PageNumber": "2"}, range(10, 20)),
        ({"PageNumber": "3"}, range(20, 25)),
        ({"PageNumber": "4"}, range(0)),
        ({"PageSize": "100"}, range(25)),
        ({"PageSize": "9", "PageNumber": "3"}, range(18, 25)),
        ({"PageSize": "25", "PageNumber": "2"}, range(0)),
        ({"PageNumber": "30"}, range(0)),
    ],
)
def test_members_come_in_pages(server: DataWorks, asked: dict[str, str], listed: range) -> None:
    server.members["*"] = {str(number): () for number in range(25)}
    data = ask(server, "ListProjectMembers", **asked)[1]["Data"]
    assert [member["ProjectMemberId"] for member in data["ProjectMemberList"]] == [str(number) for number in listed]
    assert data["TotalCount"] == 25


@pytest.mark.parametrize(
    ("held", "environment"),
    [({}, "PROD"), ({"ProjectEnv": "PROD"}, "PROD"), ({"ProjectEnv": "DEV"}, "DEV")],
)
@pytest.mark.parametrize("key", [INSTANCE, "*"])
def test_an_instance_is_found_in_its_environment(
    server: DataWorks, held: dict[str, str], environment: str, key: str
) -> None:
    server.instances[key] = {"Status": "FAILURE", **held}
    assert ask(server, "GetInstance", ProjectEnv=environment) == (
        200,
        {"Success": True, "HttpStatusCode": 200, "Data": {"Status": "FAILURE"}},
    )
    other = {"PROD": "DEV", "DEV": "PROD"}[environment]
    assert refusal(server, "GetInstance", ProjectEnv=other) == (404, "InvalidInstanceId.NotFound")


def test_it_listens_on_loopback_alone(server: DataWorks) -> None:
    assert server.url.startswith("http://127.0.0.1:")


def test_a_server_that_was_left_listens_no_more() -> None:
    with DataWorks(keys=[PLAIN], extension_code=CODE) as server:
        host, port = endpoint(server).split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5)


def test_a_context_is_that_of_python_3_12() -> None:
    context = local.context()
    assert set(vars(context)) == {
        "request_id",
        "function",
        "region",
        "logger",
        "account_id",
        "log_project",
        "log_store",
    }
    assert set(vars(context.function)) == {"name", "handler", "memory", "timeout", "version_id", "qualifier"}


def test_a_context_with_credentials_is_that_of_python_3_10() -> None:
    context = local.context(credentials=TEMPORARY)
    assert set(vars(context)) == {"request_id", "credentials", "function", "service", "region", "account_id"}
    assert set(vars(context.function)) == {"name", "handler", "memory", "timeout"}
    assert set(vars(context.service)) == {"log_project", "log_store", "qualifier", "version_id"}
    assert context.credentials.access_key_id == TEMPORARY.access_key_id
    assert context.credentials.security_token == TEMPORARY.security_token


def test_a_context_has_the_timeout_it_is_given_and_an_id_of_its_own() -> None:
    assert local.context(timeout_s=7).function.timeout == 7
    assert local.context().request_id != local.context().request_id


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """An environment that leads every call astray, to a server that notes it."""
    with answering(200, {"RequestId": "ASTRAY"}) as stub:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "DATAWORKS_ENDPOINT"):
            monkeypatch.setenv(name, f"http://{stub.endpoint}")
        monkeypatch.setenv("DEBUG", "sdk")
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", PLAIN.access_key_id)
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", PLAIN.access_key_secret)
        monkeypatch.setenv("ALIBABA_CLOUD_SECURITY_TOKEN", "CAIS of the surroundings")
        monkeypatch.setenv("ALIBABA_CLOUD_CREDENTIALS_URI", f"http://{stub.endpoint}")
        monkeypatch.setenv("DATAWORKS_EXTENSION_CODE", "ext-of-the-surroundings")
        yield stub


def test_a_local_run_keeps_the_surroundings_out(surroundings: Stub) -> None:
    before = dict(os.environ)
    run = local.invoke(SMALL_DOWNLOAD, {})
    (received,) = run.received
    assert (received.action, received.verified, received.status) == ("CallbackExtension", True, 200)
    assert received.parameters["ExtensionCode"] == local.EXTENSION_CODE
    assert received.access_key_id != PLAIN.access_key_id
    assert surroundings.requests == []
    assert dict(os.environ) == before


@pytest.mark.usefixtures("surroundings")
def test_a_handler_sees_the_surroundings_but_not_what_leads_astray(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str] = {}
    monkeypatch.setenv("EXTENSION_MODE", "shadow")
    monkeypatch.setenv("SOMETHING_ELSE", "there")
    fake = SimpleNamespace(
        initialize=lambda _: seen.update(os.environ),
        handler=lambda *_: "{}",
        _extension=SimpleNamespace(recorder=None),
    )
    monkeypatch.setitem(sys.modules, "handler", fake)
    local.invoke(SMALL_DOWNLOAD, {"EXTENSION_MODE": "off"})
    assert seen["EXTENSION_MODE"] == "off"
    assert seen["SOMETHING_ELSE"] == "there"
    assert {name for name in seen if name.startswith(("ALIBABA_CLOUD_", "DATAWORKS_"))} == {
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        "ALIBABA_CLOUD_SECURITY_TOKEN",
        "DATAWORKS_ENDPOINT",
        "DATAWORKS_EXTENSION_CODE",
    }
    assert not {name.upper() for name in seen} & {"DEBUG", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize(
    ("body", "variables", "error"),
    [
        (b"no JSON", {}, MessageError),
        (SMALL_DOWNLOAD, {"EXTENSION_MODE": "nonsense"}, ConfigurationError),
    ],
    ids=["handler", "initialize"],
)
def test_a_local_run_that_raises_leaves_no_trace(
    body: bytes, variables: dict[str, str], error: type[Exception]
) -> None:
    before = dict(os.environ), list(LOG.handlers), LOG.propagate
    with pytest.raises(error):
        local.invoke(body, variables)
    assert (dict(os.environ), list(LOG.handlers), LOG.propagate) == before


def test_a_local_run_tells_what_was_returned_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    run = local.invoke(SMALL_DOWNLOAD, {"EXTENSION_MODE": "off"})
    assert run.returned == {"checkResult": "OK", "errorMessage": ""}
    assert run.verdict is not None
    assert run.verdict in run.log
    assert run.verdict["level"] == "WARNING"
    assert run.verdict["mode"] == "off"
    assert run.initialize_ms >= 0
    assert run.handler_ms > 0
    assert [record for record in caplog.records if record.name == LOG.name] == []


def test_a_local_run_takes_the_variables_it_is_given() -> None:
    run = local.invoke(SMALL_DOWNLOAD, {"DATAWORKS_CALLBACK": "off", "EXTENSION_RESPONSE_FIELDS": "a,b"})
    assert run.received == []
    assert set(run.returned) == {"a", "b"}


def test_a_local_run_can_be_prepared() -> None:
    prepared: list[DataWorks] = []

    def prepare(dataworks: DataWorks) -> None:
        prepared.append(dataworks)
        dataworks.failing["CallbackExtension"] = (403, "Forbidden.Access")

    run = local.invoke(SMALL_DOWNLOAD, {}, prepare)
    assert [received.code for received in run.received] == ["Forbidden.Access"]
    assert [dataworks.received for dataworks in prepared] == [run.received]


def test_a_local_run_of_a_request_over_http_has_no_verdict() -> None:
    request = {"version": "v1", "rawPath": "/", "headers": {}, "body": "{}", "isBase64Encoded": False}
    run = local.invoke(json.dumps(request).encode(), {})
    assert run.verdict is None
    assert run.returned["statusCode"] == 401


def test_a_local_run_finds_the_handler_from_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [path for path in sys.path if Path(path).resolve() != ROOT])
    monkeypatch.delitem(sys.modules, "handler", raising=False)
    run = local.invoke(SMALL_DOWNLOAD, {})
    assert run.received[0].status == 200


# what DataWorks answers in a local run


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", Answers()),
        ("snapshot: {TableModel: {TableName: t}}", Answers(snapshot={"TableModel": {"TableName": "t"}})),
        ('{"options": {"list": "a"}}', Answers(options={"list": "a"})),
        (
            "parameters: {a: 1, b: 1.5, c: true, d: text}",
            Answers(parameters={"a": "1", "b": "1.5", "c": "true", "d": "text"}),
        ),
        ("roles: [role_project_dev, role_project_pe]", Answers(roles=("role_project_dev", "role_project_pe"))),
        ("instances: [{InstanceId: 1}, {NodeId: 2}]", Answers(instances=({"InstanceId": 1}, {"NodeId": 2}))),
    ],
)
def test_answers_are_read_from_a_file(text: str, expected: Answers) -> None:
    assert local.answers(text.encode(), "a.yaml") == expected


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("", ["a.yaml: expected a mapping with what DataWorks answers, found nothing"]),
        ("- a", ["a.yaml: expected a mapping with what DataWorks answers, found a list"]),
        ("roles: [", ["a.yaml:2: is not YAML: did not find expected node content"]),
        (
            "role: [a]",
            [
                (
                    "a.yaml:1: role: unknown key; known: instances, options, parameters, roles, snapshot; did you mean"
                    " roles?"
                )
            ],
        ),
        ("snapshot: text", ["a.yaml:1: snapshot: expected a mapping, found 'text'"]),
        (
            "snapshot: {}",
            [
                (
                    "a.yaml:1: snapshot: expected CommittedFile, DeletedFile, FileExecutionCommand or TableModel, found"
                    " nothing in it"
                )
            ],
        ),
        (
            "snapshot: {CommitedFile: {}, Other: {}}",
            [
                (
                    "a.yaml:1: snapshot: expected CommittedFile, DeletedFile, FileExecutionCommand or TableModel, found"
                    " CommitedFile, Other in it"
                )
            ],
        ),
        ("options: [a]", ["a.yaml:1: options: expected a mapping, found a list"]),
        ("parameters: a=1", ["a.yaml:1: parameters: expected a mapping, found 'a=1'"]),
        ("parameters: {a: 1, b: [c]}", ["a.yaml:1: parameters: expected text, found a list at b"]),
        ("parameters: {a: }", ["a.yaml:1: parameters: expected text, found nothing at a"]),
        (
            "roles: [1]",
            ["a.yaml:1: roles: expected a list of codes of roles such as role_project_dev, found a list"],
        ),
        (
            "# two\ninstances: {InstanceId: 1}\nroles: dev",
            [
                (
                    "a.yaml:2: instances: expected a list of instances, each a mapping as GetInstance answers, found"
                    " a mapping"
                ),
                "a.yaml:3: roles: expected a list of codes of roles such as role_project_dev, found 'dev'",
            ],
        ),
        (
            "instances: [1]",
            ["a.yaml:1: instances: expected a list of instances, each a mapping as GetInstance answers, found a list"],
        ),
    ],
)
def test_a_slip_in_a_file_of_answers_is_said_with_its_place(text: str, errors: list[str]) -> None:
    with pytest.raises(PolicyError) as caught:
        local.answers(text.encode(), "a.yaml")
    assert str(caught.value).split("\n") == errors


def prepared(text: str, body: bytes = SMALL_DOWNLOAD) -> DataWorks:
    """A server, not started, that gives the answers of a file."""
    dataworks = DataWorks(keys=[], extension_code=EXTENSION_CODE)
    dataworks._server.server_close()
    local.answers(text.encode(), "a.yaml").prepare(dataworks, body)
    return dataworks


def test_answers_are_given_whatever_is_asked_about() -> None:
    found = prepared(
        "{snapshot: {TableModel: {}}, options: {a: 1}, parameters: {a: 1, b: x}, roles: [role_project_dev]}"
    )
    operators = envelopes.parse(SMALL_DOWNLOAD).operators
    assert found.snapshots == {"*": {"TableModel": {}}}
    assert found.options == {"*": {"a": 1}}
    assert found.parameters == "a=1\nb=x"
    assert found.members == {"*": dict.fromkeys(operators, ("role_project_dev",))}
    assert operators


def test_an_instance_is_that_of_its_id_or_any() -> None:
    found = prepared("instances: [{InstanceId: 1, NodeId: 5}, {NodeId: 6}]").instances
    assert found == {"1": {"InstanceId": 1, "NodeId": 5}, "*": {"NodeId": 6}}


def test_without_answers_nothing_exists() -> None:
    found = prepared("{}")
    assert (found.snapshots, found.instances, found.parameters) == ({}, {}, "")


def test_answers_about_what_is_no_event_are_nobodys() -> None:
    assert prepared("roles: [role_project_dev]", b"{}").members == {"*": {}}


def test_a_run_ends_after_its_verdict_was_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process of the command line ends with it, and takes the thread that writes along."""
    monkeypatch.setattr("extension.pipeline.RECORD_S", 0)
    local.invoke(SMALL_DOWNLOAD, {"EXTENSION_RECORDS": str(tmp_path), "EXTENSION_POLICY": ""})
    (file,) = tmp_path.glob("*/*.jsonl")
    assert json.loads(file.read_bytes())["result"] == "OK"
