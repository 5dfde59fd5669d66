"""A verdict is posted as each API wants it, over real sockets and the official SDK."""

import traceback
from collections.abc import Callable, Iterator

import pytest

from extension.dataworks import MESSAGE_PARAMETERS, Credentials, Posted, Transport, post
from extension.errors import PlatformError
from extension.events import Callback
from extension.local import DataWorks
from extension.sdk import Sdk
from extension.verdict import Result
from tests.fakes import CODE, PLAIN, TEMPORARY, answering, endpoint

MESSAGE_ID = "8d1a5c7e-52f0-4f4e-9f7d-3f4b1f6f7c21"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's proxy does not lead to our loopback."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "DEBUG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[DataWorks]:
    with DataWorks(keys=[PLAIN, TEMPORARY], extension_code=CODE) as dataworks:
        yield dataworks


def open_sdk(host: str) -> Sdk:
    return Sdk(region="cn-shanghai", endpoint=host, protocol="http")


def post_to(
    transport: Transport,
    action: Callback = Callback.EXTENSION,
    result: Result = Result.FAIL,
    *,
    message: str = "too many rows",
    extension_code: str = CODE,
) -> Posted:
    return post(
        transport,
        TEMPORARY,
        action,
        extension_code=extension_code,
        message_id=MESSAGE_ID,
        result=result,
        message=message,
    )


@pytest.mark.parametrize(
    ("action", "name"),
    [
        (Callback.IDE, "CheckResultTip"),
        (Callback.WORKBENCH, "CheckResultTip"),
        (Callback.EXTENSION, "CheckMessage"),
    ],
)
def test_the_message_goes_into_the_parameter_of_the_api(server: DataWorks, action: Callback, name: str) -> None:
    posted = post_to(open_sdk(endpoint(server)), action, message="下载行数超过上限")
    (received,) = server.received
    assert received.action == action
    assert received.parameters == {
        "ExtensionCode": CODE,
        "MessageId": MESSAGE_ID,
        "CheckResult": "FAIL",
        name: "下载行数超过上限",
    }
    assert posted == Posted(action=action, result=Result.FAIL, request_id=received.request_id)


@pytest.mark.parametrize("action", Callback)
def test_an_empty_message_is_not_posted(server: DataWorks, action: Callback) -> None:
    post_to(open_sdk(endpoint(server)), action, Result.OK, message="")
    (received,) = server.received
    assert received.parameters == {"ExtensionCode": CODE, "MessageId": MESSAGE_ID, "CheckResult": "OK"}


@pytest.mark.parametrize("action", Callback)
@pytest.mark.parametrize("result", [Result.OK, Result.FAIL])
def test_what_is_posted_is_told(server: DataWorks, action: Callback, result: Result) -> None:
    posted = post_to(open_sdk(endpoint(server)), action, result)
    (received,) = server.received
    assert received.parameters["CheckResult"] == posted.result == result


@pytest.mark.parametrize("message", ["slow down", ""])
def test_a_warning_that_the_workbench_refuses_is_posted_again_as_ok(server: DataWorks, message: str) -> None:
    posted = post_to(open_sdk(endpoint(server)), Callback.WORKBENCH, Result.WARN, message=message)
    refused, taken = server.received
    assert (refused.status, refused.code) == (400, "InvalidParameter.CheckResult")
    assert refused.parameters["CheckResult"] == "WARN"
    assert taken.status == 200
    assert taken.parameters == refused.parameters | {"CheckResult": "OK"}
    assert taken.parameters.get("CheckResultTip", "") == message
    assert posted == Posted(action=Callback.WORKBENCH, result=Result.OK, request_id=taken.request_id)


@pytest.mark.parametrize("action", [Callback.IDE, Callback.EXTENSION])
def test_the_others_take_a_warning(server: DataWorks, action: Callback) -> None:
    posted = post_to(open_sdk(endpoint(server)), action, Result.WARN)
    (received,) = server.received
    assert received.parameters["CheckResult"] == posted.result == Result.WARN


@pytest.mark.parametrize(
    ("action", "result"),
    [
        (Callback.WORKBENCH, Result.FAIL),
        (Callback.WORKBENCH, Result.OK),
        (Callback.IDE, Result.WARN),
        (Callback.EXTENSION, Result.WARN),
    ],
)
def test_nothing_else_that_is_refused_is_posted_again(server: DataWorks, action: Callback, result: Result) -> None:
    with pytest.raises(PlatformError) as caught:
        post_to(open_sdk(endpoint(server)), action, result, extension_code="ext-other")
    (received,) = server.received
    assert caught.value.code == received.code == "InvalidParameter.ExtensionCode"


def test_a_warning_that_is_refused_as_ok_too_is_an_error(server: DataWorks) -> None:
    with pytest.raises(PlatformError) as caught:
        post_to(open_sdk(endpoint(server)), Callback.WORKBENCH, Result.WARN, extension_code="ext-other")
    assert [received.parameters["CheckResult"] for received in server.received] == ["WARN", "OK"]
    assert caught.value.request_id == server.received[-1].request_id
    shown = "".join(traceback.format_exception(caught.value))
    assert TEMPORARY.security_token not in shown
    assert TEMPORARY.access_key_secret not in shown


@pytest.mark.parametrize(
    ("status", "code"), [(429, "Throttling.User"), (500, "InternalError"), (403, "Forbidden.Access")]
)
def test_a_warning_that_can_succeed_later_is_not_turned_into_ok(status: int, code: str) -> None:
    with answering(status, {"RequestId": "R-1", "Code": code, "Message": "later"}) as stub:
        with pytest.raises(PlatformError) as caught:
            post_to(open_sdk(stub.endpoint), Callback.WORKBENCH, Result.WARN)
        assert len(stub.requests) == 1
    assert (caught.value.status, caught.value.code) == (status, code)


@pytest.mark.parametrize("success", ["false", "False", "FALSE", False])
@pytest.mark.parametrize("action", [Callback.EXTENSION, Callback.WORKBENCH])
def test_an_answer_without_success_is_an_error(action: Callback, *, success: bool | str) -> None:
    """UpdateIDEEventResult answers with a RequestId alone."""
    with answering(200, {"RequestId": "R-1", "Success": success}) as stub:
        with pytest.raises(PlatformError, match="Success=false") as caught:
            post_to(open_sdk(stub.endpoint), action, Result.WARN)
        assert len(stub.requests) == 1
    assert (caught.value.action, caught.value.status, caught.value.request_id) == (action, 200, "R-1")
    assert not caught.value.refused


@pytest.mark.parametrize("success", [{"Success": "true"}, {"Success": True}, {}])
def test_an_answer_with_success_or_without_a_word_of_it_is_taken(success: dict[str, object]) -> None:
    with answering(200, {"RequestId": "R-1", **success}) as stub:
        assert post_to(open_sdk(stub.endpoint)).request_id == "R-1"


def test_every_api_has_a_parameter_for_the_message() -> None:
    assert set(MESSAGE_PARAMETERS) == set(Callback)


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{!r}".format])
def test_credentials_show_nothing(show: Callable[[object], str]) -> None:
    assert show(TEMPORARY) == "Credentials(...)"


def test_credentials_inside_other_values_show_nothing() -> None:
    assert repr({"key": [TEMPORARY]}) == "{'key': [Credentials(...)]}"


def test_scrubbing_takes_secret_and_token_out() -> None:
    said = f"{TEMPORARY.access_key_id}:{TEMPORARY.access_key_secret}:{TEMPORARY.security_token}:{PLAIN.access_key_id}"
    assert TEMPORARY.scrub(said * 2) == f"{TEMPORARY.access_key_id}:***:***:{PLAIN.access_key_id}" * 2


def test_scrubbing_leaves_text_alone_that_holds_neither() -> None:
    assert PLAIN.scrub("nothing to see") == "nothing to see"
    assert Credentials("", "").scrub("nothing to see") == "nothing to see"
