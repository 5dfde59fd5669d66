"""Both transports over real sockets: what they ask and post, and what becomes of everything that can go wrong."""

import logging
import os
import re
import socket
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from socketserver import StreamRequestHandler
from typing import NamedTuple

import pytest
from darabonba.runtime import RuntimeOptions

from extension import edges, light, sdk
from extension.dataworks import CONNECTING, MAX_MESSAGE_CHARS, READS, Credentials
from extension.errors import PlatformError
from extension.events import Callback
from extension.light import Light
from extension.local import DataWorks
from extension.sdk import Sdk
from extension.storage import ROOT
from tests.fakes import (
    CODE,
    HARD_TEXTS,
    PLAIN,
    TEMPORARY,
    Stub,
    Witness,
    answering,
    by_client,
    endpoint,
    parameters,
    transport_to,
)

pytestmark = pytest.mark.usefixtures("client")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's proxy does not lead to our loopback."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "DEBUG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Witness]:
    with Witness(keys=[PLAIN, TEMPORARY]) as dataworks:
        yield dataworks


def open_transport(server: DataWorks | Stub | str, *, protocol: str = "http") -> Light | Sdk:
    host = endpoint(server) if isinstance(server, DataWorks) else server if isinstance(server, str) else server.endpoint
    return transport_to(host, protocol=protocol)


def fail(
    server: DataWorks | Stub | str,
    *,
    action: str = "CallbackExtension",
    sent: dict[str, str] | None = None,
    credentials: Credentials = TEMPORARY,
    protocol: str = "http",
) -> PlatformError:
    """Make a call that fails; its error."""
    with pytest.raises(PlatformError) as caught:
        open_transport(server, protocol=protocol).call(action, sent or parameters(Callback.EXTENSION), credentials, 0.4)
    assert caught.value.action == action
    return caught.value


@pytest.mark.parametrize("text", HARD_TEXTS.values(), ids=HARD_TEXTS)
@pytest.mark.parametrize("action", Callback)
def test_hard_texts_arrive_as_they_were_sent(server: Witness, action: Callback, text: str) -> None:
    answer = open_transport(server).call(action, parameters(action, text), TEMPORARY)
    (received,) = server.received
    assert received.parameters == parameters(action, text)
    assert (received.action, received.verified, received.status) == (action, True, 200)
    assert answer["RequestId"] == received.request_id


@pytest.mark.parametrize(
    ("action", "success"), [(Callback.IDE, None), (Callback.WORKBENCH, True), (Callback.EXTENSION, "true")]
)
def test_the_answer_is_given_as_it_came(server: Witness, action: Callback, *, success: bool | str | None) -> None:
    answer = open_transport(server).call(action, parameters(action, None), PLAIN)
    assert answer.get("Success") == success


@pytest.mark.parametrize("credentials", [PLAIN, TEMPORARY], ids=["plain", "temporary"])
def test_calls_are_signed_with_a_plain_key_and_with_a_temporary_one(server: Witness, credentials: Credentials) -> None:
    open_transport(server).call("CallbackExtension", parameters(Callback.EXTENSION), credentials)
    assert [(received.access_key_id, received.verified) for received in server.received] == [
        (credentials.access_key_id, True)
    ]


def test_calls_share_a_connection_also_when_the_credentials_changed_in_between(server: Witness) -> None:
    transport = open_transport(server)
    for credentials in (PLAIN, PLAIN, TEMPORARY, PLAIN):
        transport.call("CallbackExtension", parameters(Callback.EXTENSION), credentials)
    assert len({received.connection for received in server.received}) == 1


def test_new_credentials_are_used_from_the_next_call_on(server: Witness) -> None:
    rotated = Credentials("STS.NURotated", "Rotated+Secret", "CAIS+Rotated")
    same_id = Credentials("STS.NURotated", "Rotated+Secret", "CAIS+Rotated+Once+More")
    transport = open_transport(server)
    for credentials in (TEMPORARY, rotated, same_id, TEMPORARY):
        server.keys = {credentials.access_key_id: credentials}
        transport.call("CallbackExtension", parameters(Callback.EXTENSION), credentials)
    assert [received.access_key_id for received in server.received] == [
        TEMPORARY.access_key_id,
        rotated.access_key_id,
        rotated.access_key_id,
        TEMPORARY.access_key_id,
    ]


def test_a_call_after_one_that_failed_goes_through(server: Witness) -> None:
    transport = open_transport(server)
    with pytest.raises(PlatformError):
        transport.call("CallbackExtension", {}, PLAIN)
    assert transport.call("CallbackExtension", parameters(Callback.EXTENSION), PLAIN)["Success"] == "true"


def test_a_connection_that_the_server_closed_meanwhile_is_opened_anew() -> None:
    answer = b'HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{"RequestId": "A"}'
    with Stub(lambda connection, _: connection.wfile.write(answer)) as stub:
        transport = open_transport(stub)
        for _ in range(3):
            taken = transport.call("CallbackExtension", parameters(Callback.EXTENSION), PLAIN)
            assert taken == {"RequestId": "A"}
            assert stub.hung_up.acquire(timeout=5)
    assert len(stub.requests) == 3


def test_the_caller_names_itself() -> None:
    with answering(200, {"RequestId": "A"}) as stub:
        open_transport(stub).call("CallbackExtension", parameters(Callback.EXTENSION), PLAIN)
    before = by_client(light="", sdk=".* ")
    assert re.search(rf"(?im)^user-agent: {before}dataworks-extension/", stub.requests[0])


ASKED = {
    "GetIDEEventDetail": {"MessageId": "8d1a5c7e", "ProjectId": "90214"},
    "GetOptionValueForProject": {"ExtensionCode": CODE, "ProjectId": "90214"},
    "GetExtension": {"ExtensionCode": CODE},
    "ListProjectMembers": {"ProjectId": "90214", "PageNumber": "1", "PageSize": "100"},
    "GetInstance": {"InstanceId": "700007182934", "ProjectEnv": "DEV"},
}

ANSWERED: dict[str, dict[str, object]] = {
    "GetIDEEventDetail": {
        "EventDetail": {
            "CommittedFile": {
                "ChangeType": "UPDATE",
                "Comment": "数据",
                "Committor": "1902847365091735",
                "Content": "SELECT 1;\n",
                "FileId": 503412830,
                "FileName": "a.sql",
                "FileType": 10,
                "NodeId": 700005421003,
                "UseType": "NORMAL",
                "FilePropertyContent": {"BusinessId": 1, "CurrentVersion": 2, "Owner": "3"},
                "NodeConfiguration": {
                    "AutoRerunTimes": 3,
                    "CronExpress": "00 00 02 * * ?",
                    "InputList": [{"Input": "root", "ParseType": "AUTO"}, {"Input": "b"}],
                    "OutputList": [],
                },
            },
            "TableModel": {
                "Columns": [{"ColumnName": "id", "ColumnType": "BIGINT", "IsPartitionColumn": False}],
                "Env": "PROD",
                "LifeCycle": 7,
            },
        }
    },
    "GetOptionValueForProject": {"OptionValue": '{"cuNumber":"0"}'},
    "GetExtension": {
        "Extension": {
            "BindEventList": [{"EventCode": "commit-file", "EventName": "?"}],
            "EventCategoryList": [],
            "ParameterSetting": "a=b\r\nc=d",
            "Status": 1,
        }
    },
    "ListProjectMembers": {
        "Data": {
            "PageNumber": 1,
            "PageSize": 100,
            "TotalCount": 1,
            "ProjectMemberList": [
                {
                    "ProjectMemberId": "1902847365091735",
                    "Status": "0",
                    "ProjectRoleList": [{"ProjectRoleCode": "role_project_dev", "ProjectRoleId": 1}],
                }
            ],
        }
    },
    "GetInstance": {
        "Success": True,
        "HttpStatusCode": 200,
        "Data": {"InstanceId": 700007182934, "NodeId": 700005421003, "Repeatability": True, "Status": "SUCCESS"},
    },
}


def test_every_action_can_be_called() -> None:
    assert set(sdk._CALLS) == {*Callback, *READS}
    assert {*Callback, *READS} > light._IN_QUERY
    assert set(ASKED) == set(ANSWERED) == set(READS)


@pytest.mark.parametrize("action", READS)
def test_what_is_asked_arrives_and_what_is_answered_comes_back(server: Witness, action: str) -> None:
    server.snapshots = {"*": {"FileExecutionCommand": {"Content": "SHOW TABLES;"}}}
    server.members = {"*": {}}
    server.instances = {"*": {"ProjectEnv": "DEV"}}
    answer = open_transport(server).call(action, ASKED[action], TEMPORARY)
    (received,) = server.received
    assert received.parameters == ASKED[action]
    assert (received.action, received.verified, received.status) == (action, True, 200)
    assert answer["RequestId"] == received.request_id


@pytest.mark.parametrize("action", READS)
def test_a_nested_answer_is_given_in_plain_values(action: str) -> None:
    said = {"RequestId": "R-1", **ANSWERED[action]}
    with answering(200, said) as stub:
        answer = open_transport(stub).call(action, ASKED[action], TEMPORARY)
    assert answer == said
    assert kinds(answer) <= {dict, list, str, int, bool}


def kinds(value: object) -> set[type]:
    """Types of everything that a value is made of."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {type(value)}.union(*(kinds(item) for item in inside))


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("GetIDEEventDetail", {"EventDetail": "text"}),
        ("GetIDEEventDetail", {"EventDetail": {"TableModel": {"Columns": [7]}, "New": None}}),
        ("GetOptionValueForProject", {"OptionValue": {"a": [None]}}),
        ("GetExtension", {"Extension": ["text"]}),
        ("ListProjectMembers", {"Data": {"ProjectMemberList": [None, 7], "TotalCount": None}}),
        ("GetInstance", {"Data": 7, "New": 1}),
    ],
)
def test_an_answer_that_fits_no_model_comes_as_it_is(action: str, answer: dict[str, object]) -> None:
    """Where its models fail the SDK gives everything as it came, null and new fields too."""
    said = {"RequestId": "R-1", **answer}
    with answering(200, said) as stub:
        assert open_transport(stub).call(action, ASKED[action], TEMPORARY) == said


@pytest.mark.parametrize("action", READS)
@pytest.mark.parametrize(
    "failure",
    ["reset", "page-503", "empty-200", "list", "null", "nothing-said", "400", "403", "429", "500", "too-deep"],
)
def test_reading_fails_as_posting_does(action: str, failure: str) -> None:
    with FAILURES[failure].serve() as stub:
        error = fail(stub, action=action, sent=ASKED[action])
    assert (error.status, error.code, error.request_id, error.refused) == FAILURES[failure].told


@pytest.mark.parametrize("action", READS)
def test_what_is_missing_is_left_to_the_platform_to_refuse(server: Witness, action: str) -> None:
    for name in ASKED[action].keys() - {"PageNumber", "PageSize"}:
        sent = {key: value for key, value in ASKED[action].items() if key != name}
        assert fail(server, action=action, sent=sent or {"Unknown": "1"}).code == f"Missing{name}"


class Failure(NamedTuple):
    """A server that fails its caller, and the error that comes of it; `light` is the light client's name of it."""

    serve: Callable[[], Stub]
    status: int
    code: str
    request_id: str = ""
    refused: bool = False
    light: str = ""

    @property
    def told(self) -> tuple[int, str, str, bool]:
        """Status, code, request id of the error, and whether the call was refused."""
        if by_client(light=self.light, sdk=""):
            unread = self.light == "UnreadableAnswer"
            return 0 if unread else self.status, self.light, "" if unread else self.request_id, False
        return self.status, self.code, self.request_id, self.refused


def silent(_: StreamRequestHandler, stub: Stub) -> None:
    """Answer nothing, until the test is over."""
    stub.ended.wait(timeout=10)


def reset(connection: StreamRequestHandler, _: Stub) -> None:
    """Hang up without the good manners of TCP."""
    connection.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.request.close()


def echo(connection: StreamRequestHandler, stub: Stub) -> None:
    """Answer with the request, which is no HTTP answer."""
    connection.wfile.write(stub.requests[-1].encode())


def echo_page(connection: StreamRequestHandler, stub: Stub) -> None:
    """Answer as a gateway that shows the request on its page."""
    page = f"<html><pre>{stub.requests[-1]}</pre></html>".encode()
    head = f"HTTP/1.1 503 Busy\r\ncontent-type: text/html\r\ncontent-length: {len(page)}\r\n\r\n"
    connection.wfile.write(head.encode() + page)


def half(connection: StreamRequestHandler, _: Stub) -> None:
    """Hang up inside the body that was announced."""
    connection.wfile.write(b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"RequestId": "A')


def refusal(code: str, message: str = "why") -> dict[str, str]:
    return {"RequestId": "R-1", "Code": code, "Message": message, "HostId": "dataworks.cn-shanghai.aliyuncs.com"}


XML = "<?xml version='1.0'?><Error><RequestId>R-1</RequestId><Code>InvalidX</Code><Message>why</Message></Error>"

FAILURES = {
    # No answer: status 0, and the code is what the HTTP library of the SDK calls it.
    "silence": Failure(lambda: Stub(silent), 0, "ReadTimeout", light="TimeoutError"),
    "reset": Failure(lambda: Stub(reset), 0, "ConnectionError", light="ConnectionResetError"),
    "hangs-up": Failure(lambda: Stub(lambda *_: None), 0, "ConnectionError", light="RemoteDisconnected"),
    "hangs-up-in-body": Failure(lambda: Stub(half), 0, "ChunkedEncodingError", light="ConnectionError"),
    "no-http": Failure(lambda: Stub(echo), 0, "ConnectionError", light="BadStatusLine"),
    "no-gzip": Failure(
        lambda: answering(200, b"plain", {"content-encoding": "gzip"}),
        0,
        "ContentDecodingError",
        light="UnreadableAnswer",
    ),
    # An answer that does not say what became of the call. The SDK does not tell its HTTP status.
    "page-503": Failure(lambda: Stub(echo_page), 0, "UnreadableAnswer"),
    "page-200": Failure(lambda: answering(200, "<html>Sign in</html>"), 0, "UnreadableAnswer"),
    "empty-200": Failure(lambda: answering(200, ""), 0, "UnreadableAnswer"),
    "empty-204": Failure(lambda: answering(204, ""), 0, "UnreadableAnswer"),
    "empty-503": Failure(lambda: answering(503, ""), 0, "UnreadableAnswer"),
    "truncated": Failure(lambda: answering(200, '{"RequestId": "R-1", "Succ'), 0, "UnreadableAnswer"),
    "truncated-400": Failure(lambda: answering(400, '{"RequestId": "R-1", "Co'), 0, "UnreadableAnswer"),
    "list": Failure(lambda: answering(200, [{"RequestId": "R-1"}]), 0, "UnreadableAnswer"),
    "list-400": Failure(lambda: answering(400, [refusal("InvalidX")]), 0, "UnreadableAnswer"),
    "null": Failure(lambda: answering(200, None), 0, "UnreadableAnswer"),
    "text": Failure(lambda: answering(200, '"taken"'), 0, "UnreadableAnswer"),
    "number": Failure(lambda: answering(200, 1), 0, "UnreadableAnswer"),
    "not-utf-8": Failure(lambda: answering(200, b'{"RequestId": "\xff"}'), 0, "UnreadableAnswer"),
    "too-deep": Failure(lambda: answering(200, "[" * 100_000), 0, "UnreadableAnswer"),
    # An answer that the SDK takes for one of the platform, and that does not say that the call was taken.
    "nothing-said": Failure(lambda: answering(200, {}), 200, "UnreadableAnswer"),
    "success-of-another": Failure(lambda: answering(200, {"Success": True}), 200, "UnreadableAnswer"),
    "redirection": Failure(lambda: answering(302, {"RequestId": "R-1"}), 302, "UnreadableAnswer"),
    "400-nothing-said": Failure(lambda: answering(400, {}), 400, "UnreadableAnswer"),
    "400-without-code": Failure(lambda: answering(400, {"RequestId": "R-1"}), 400, "UnreadableAnswer", "R-1"),
    # An answer of the platform.
    "400": Failure(lambda: answering(400, refusal("InvalidX")), 400, "InvalidX", "R-1", refused=True),
    "400-xml": Failure(
        lambda: answering(400, XML, {"content-type": "text/xml;charset=utf-8"}),
        400,
        "InvalidX",
        "R-1",
        refused=True,
        light="UnreadableAnswer",
    ),
    "400-lower-case": Failure(
        lambda: answering(400, {"requestId": "R-1", "code": "InvalidX", "message": "why"}),
        400,
        "InvalidX",
        "R-1",
        refused=True,
    ),
    "403": Failure(lambda: answering(403, refusal("Forbidden.Access")), 403, "Forbidden.Access", "R-1"),
    "429": Failure(lambda: answering(429, refusal("Throttling.User")), 429, "Throttling.User", "R-1"),
    "429-retry-after": Failure(
        lambda: answering(429, refusal("Throttling.Api"), {"x-acs-retry-after": "2"}), 429, "Throttling.Api", "R-1"
    ),
    "429-retry-after-no-number": Failure(
        lambda: answering(429, refusal("Throttling.Api"), {"x-acs-retry-after": "soon"}), 429, "Throttling.Api", "R-1"
    ),
    "500": Failure(lambda: answering(500, refusal("InternalError.System")), 500, "InternalError.System", "R-1"),
    "503": Failure(lambda: answering(503, refusal("ServiceUnavailable")), 503, "ServiceUnavailable", "R-1"),
}


@pytest.mark.parametrize("debug", ["", "sdk"], ids=["", "debug"])
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_what_fails_is_a_platform_error_without_a_secret(
    failure: Failure,
    debug: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DEBUG", debug)
    caplog.set_level(logging.DEBUG)
    with failure.serve() as stub:
        error = fail(stub)
        signature = re.findall("Signature=([0-9a-f]{64})", stub.requests[0])
    assert (error.status, error.code, error.request_id, error.refused) == failure.told
    assert len(stub.requests) == 1
    assert len(signature) == 1
    assert_no_secret(error, signature, caplog, capfd)


def assert_no_secret(
    error: PlatformError,
    signatures: list[str],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Neither the error in any form nor what was logged or printed has a credential or a signature in it."""
    printed = capfd.readouterr()
    shown = [str(error), repr(error), *traceback.format_exception(error), caplog.text, printed.out, printed.err]
    for secret in (TEMPORARY.access_key_secret, TEMPORARY.security_token, *signatures):
        assert secret[:16] not in "\n".join(shown)
    assert printed == ("", "")
    assert [record.name for record in caplog.records if record.name.startswith("darabonba")] == []
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize("debug", ["", "sdk"], ids=["", "debug"])
def test_a_signature_that_does_not_match_is_told_without_what_was_signed(
    debug: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DEBUG", debug)
    caplog.set_level(logging.DEBUG)
    other = Credentials(TEMPORARY.access_key_id, "Another+Secret", TEMPORARY.security_token)
    for module in (sdk, light):
        monkeypatch.setattr(module, "MAX_MESSAGE_CHARS", 10_000)  # the token is the last of what is quoted
    with Witness(keys=[other]) as server:
        error = fail(server, action="UpdateWorkbenchEventResult", sent=parameters(Callback.WORKBENCH))
    assert (error.status, error.code, error.refused) == (400, "SignatureDoesNotMatch", False)
    assert error.message.startswith("Specified signature does not match our calculation.")
    assert "x-acs-security-token:*** " in error.message
    assert_no_secret(error, server.signatures, caplog, capfd)


def test_a_message_is_scrubbed_before_it_is_cut() -> None:
    quoted = "x" * (MAX_MESSAGE_CHARS - 20) + TEMPORARY.security_token
    with answering(400, refusal("SignatureDoesNotMatch", quoted)) as stub:
        error = fail(stub)
    assert TEMPORARY.security_token[:8] not in error.message
    assert "***" in error.message


def test_nothing_is_printed_by_a_process_that_debugs_the_sdk() -> None:
    script = (
        "from extension.sdk import Sdk\n"
        "from tests.fakes import TEMPORARY, Witness, endpoint, parameters\n"
        "with Witness(keys=[TEMPORARY]) as server:\n"
        "    sdk = Sdk(region='cn-shanghai', endpoint=endpoint(server), protocol='http')\n"
        "    sdk.call('CallbackExtension', parameters('CallbackExtension'), TEMPORARY)\n"
        "print(server.received[0].status)\n"
    )
    surroundings = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(  # noqa: S603  our own interpreter and our own script
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=surroundings | {"DEBUG": "sdk"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")


def test_a_connection_that_is_refused_is_no_answer(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
    error = fail(f"127.0.0.1:{port}")
    code, message = by_client(
        light=("ConnectionRefusedError", "Connection refused"), sdk=("ConnectionError", "ConnectionRefusedError")
    )
    assert (error.status, error.code, error.message) == (0, code, message)
    assert str(error).endswith(f": {code}: {message}")
    assert not error.refused
    assert_no_secret(error, [], caplog, capfd)


def test_an_answer_without_message_has_none() -> None:
    with answering(400, {"Code": "InvalidX"}) as stub:
        assert fail(stub).message == ""


def test_an_answer_that_cannot_be_read_says_why() -> None:
    with answering(503, "<html>busy</html>") as stub:
        assert fail(stub).message == by_client(light="not the platform's (HTTP 503)", sdk="JSONDecodeError")


def test_a_server_without_tls_is_no_answer_to_https(server: Witness) -> None:
    error = fail(server, protocol="https")
    assert (error.status, error.code, error.refused) == (0, "SSLError", False)
    assert server.received == []


def test_the_time_that_a_silent_server_takes_is_bounded() -> None:
    with Stub(silent) as stub:
        started = time.monotonic()
        fail(stub)
        assert time.monotonic() - started < 2


def test_empty_credentials_never_leave(server: Witness) -> None:
    error = fail(server, credentials=Credentials("", ""))
    assert (error.status, error.code, error.refused) == (0, "InvalidCredentials", False)
    assert server.received == []


def test_what_the_platform_says_is_on_one_line_and_not_too_long() -> None:
    with answering(400, refusal("Invalid\nX", "<b>one</b>\r\ntwo\u202e " + "x" * 5000)) as stub:
        error = fail(stub)
    assert error.code == "Invalid X"
    assert error.message.startswith("‹b›one‹/b› two\ufffd x")
    assert len(error.message) <= MAX_MESSAGE_CHARS
    assert len(str(error).splitlines()) == 1


REFUSALS = {
    "InvalidAccessKeyId.NotFound": (404, False),
    "InvalidSecurityToken.Malformed": (400, False),
    "SignatureDoesNotMatch": (400, False),
    "InvalidParameter.ExtensionCode": (400, False),
    "InvalidParameter.CheckResult": (400, True),
    "MissingMessageId": (400, True),
}


def provoke(server: DataWorks, code: str) -> PlatformError:
    """Make the embedded DataWorks refuse with `code`."""
    sent = parameters(Callback.EXTENSION)
    match code:
        case "InvalidAccessKeyId.NotFound":
            server.keys = {}
        case "InvalidSecurityToken.Malformed":
            renewed = Credentials(TEMPORARY.access_key_id, TEMPORARY.access_key_secret, "CAIS+Renewed")
            server.keys = {TEMPORARY.access_key_id: renewed}
        case "SignatureDoesNotMatch":
            server.keys = {
                TEMPORARY.access_key_id: Credentials(TEMPORARY.access_key_id, "Renewed", TEMPORARY.security_token)
            }
        case "InvalidParameter.ExtensionCode":
            server.extension_code = "ext-other"
        case "InvalidParameter.CheckResult":
            sent["CheckResult"] = "PASS"
        case _:
            del sent["MessageId"]
    return fail(server, sent=sent)


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_is_told_with_its_facts(server: Witness, code: str) -> None:
    status, refused = REFUSALS[code]
    error = provoke(server, code)
    (received,) = server.received
    assert (error.status, error.code, error.refused) == (status, code, refused)
    assert (received.status, received.code) == (status, code)
    assert error.request_id == received.request_id
    assert error.message
    assert str(error).startswith(f"CallbackExtension: HTTP {status}: {code}: ")
    assert str(error).endswith(f" (request id {received.request_id})")


@pytest.mark.parametrize(
    ("status", "code", "refused"),
    [
        (400, "InvalidParameter.MessageId", True),
        (404, "InvalidAction.NotFound", False),
        (400, "InvalidParameter.ExtensionCode", False),
        (400, "InternalError.UserId.Missing", False),
        (400, "InvalidProtocol.NeedSsl", False),
        (409, "Conflict", True),
        (400, "Throttling", False),
        (400, "Throttling.User", False),
        (401, "Unauthorized", False),
        (403, "Anything", False),
        (408, "RequestTimeout", False),
        (429, "Anything", False),
        (404, "InvalidAccessKeyId.NotFound", False),
        (400, "InvalidAccessKeyId.Inactive", False),
        (400, "InvalidSecurityToken.Expired", False),
        (400, "MissingSecurityToken", False),
        (400, "InvalidTimeStamp.Expired", False),
        (400, "IncompleteSignature", False),
        (400, "SignatureDoesNotMatch", False),
        (400, "SignatureNonceUsed", False),
        (400, "Forbidden.RAM", False),
        (400, "NoPermission", False),
        (500, "InternalError", False),
        (503, "InvalidParameter", False),
        (0, "ReadTimeout", False),
        (200, "Success=false", False),
        (399, "Anything", False),
        (499, "Anything", True),
    ],
)
def test_only_what_cannot_succeed_later_is_refused(status: int, code: str, *, refused: bool) -> None:
    error = PlatformError(action="CallbackExtension", status=status, code=code, message="", request_id="")
    assert error.refused is refused


@pytest.mark.parametrize(("within_s", "connect_ms", "read_ms"), [(8, 3000, 5000), (0.4, 150, 250), (0.0001, 1, 1)])
def test_connection_and_answer_share_the_time_of_a_call(
    within_s: float, connect_ms: int, read_ms: int, server: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[RuntimeOptions] = []
    transport = Sdk(region="cn-shanghai", endpoint=endpoint(server), protocol="http")
    transport.call("CallbackExtension", parameters(Callback.EXTENSION), PLAIN)
    assert transport._kept
    monkeypatch.setattr(
        type(transport._kept[1]), "callback_extension_with_options", lambda _, __, options: given.append(options)
    )
    with pytest.raises(PlatformError):
        transport.call("CallbackExtension", parameters(Callback.EXTENSION), PLAIN, within_s)
    (options,) = given
    assert (options.connect_timeout, options.read_timeout, options.ignore_ssl) == (connect_ms, read_ms, False)


def test_so_they_do_for_the_light_client(server: Witness) -> None:
    transport = Light(
        region="cn-shanghai", endpoint=endpoint(server), protocol="http", now=edges.now, clock=time.monotonic
    )
    transport.call("CallbackExtension", parameters(Callback.EXTENSION), PLAIN, 4)
    (kept,) = transport._idle
    assert kept[0].timeout == 4 * CONNECTING
    assert kept[0].sock.gettimeout() == 4 * (1 - CONNECTING)


def test_what_the_platform_asks_for_before_the_next_call_is_told_in_seconds() -> None:
    with answering(429, refusal("Throttling.User"), {"x-acs-retry-after": "1500"}) as stub:
        assert fail(stub).retry_after_s == 1.5
    with answering(429, refusal("Throttling.User")) as stub:
        assert fail(stub).retry_after_s == 0


def test_a_redirect_is_not_followed(server: Witness) -> None:
    """The SDK would take the security token to wherever it leads."""
    with answering(307, "", {"location": f"http://{endpoint(server)}/"}) as stub:
        error = fail(stub)
    message = by_client(light="not the platform's (HTTP 307)", sdk="TooManyRedirects")
    assert (error.status, error.message) == (0, message)
    assert server.signatures == []
