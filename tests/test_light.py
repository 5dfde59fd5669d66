"""What the light client does on its own; what it shares with the SDK is in `test_transports` and `test_contract`."""

import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from extension import edges, light
from extension.dataworks import Credentials
from extension.errors import PlatformError
from extension.events import Callback
from extension.light import IDLE_S, Light
from tests.fakes import PLAIN, TEMPORARY, Stub, Witness, answering, endpoint, parameters


@pytest.fixture
def server() -> Iterator[Witness]:
    with Witness(keys=[PLAIN, TEMPORARY]) as dataworks:
        yield dataworks


class Clock:
    """A clock that goes when it is told to."""

    now_s = 0.0

    def __call__(self) -> float:
        """The moment."""
        return self.now_s


def open_light(host: str, clock: Clock | None = None) -> Light:
    return Light(region="", endpoint=host, protocol="http", now=edges.now, clock=clock or time.monotonic)


def call(transport: Light, credentials: Credentials = TEMPORARY) -> object:
    return transport.call("CallbackExtension", parameters(Callback.EXTENSION), credentials, 2)


def test_a_connection_that_lay_idle_for_long_is_not_used_again(server: Witness) -> None:
    clock = Clock()
    transport = open_light(endpoint(server), clock)
    for idle_s in (0, IDLE_S - 1, IDLE_S, 0):
        clock.now_s += idle_s
        call(transport)
    ports = [received.connection for received in server.received]
    assert ports[0] == ports[1] != ports[2] == ports[3]


def test_an_answer_that_is_too_long_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(light, "MAX_ANSWER_BYTES", 18)
    with answering(200, '{"RequestId": "A"}') as stub:
        assert call(open_light(stub.endpoint)) == {"RequestId": "A"}
    with answering(200, '{"RequestId": "AB"}') as stub, pytest.raises(PlatformError, match="ConnectionError"):
        call(open_light(stub.endpoint))
    chunks = b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n13\r\n{"RequestId": "AB"}\r\n0\r\n\r\n'
    with (
        Stub(lambda connection, _: connection.wfile.write(chunks)) as stub,
        pytest.raises(PlatformError, match="ConnectionError"),
    ):
        call(open_light(stub.endpoint))


def test_an_answer_in_chunks_is_read_whole() -> None:
    chunks = b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\n{"Requ\r\nc\r\nestId": "A"}\r\n0\r\n\r\n'
    with Stub(lambda connection, _: connection.wfile.write(chunks)) as stub:
        assert call(open_light(stub.endpoint)) == {"RequestId": "A"}


@pytest.mark.parametrize("token", ["CAIS+Token\nX: injected", "CAIS+Token\r\n", "数"])
def test_credentials_that_no_header_can_hold_are_an_error_without_them(server: Witness, token: str) -> None:
    with pytest.raises(PlatformError) as caught:
        call(open_light(endpoint(server)), Credentials("STS.NU", "Secret+Of=Tests", token))
    assert caught.value.code in {"ValueError", "UnicodeEncodeError"}
    assert "CAIS" not in str(caught.value)
    assert caught.value.__context__ is caught.value.__cause__ is None
    assert server.received == []


def test_a_message_that_is_no_text_is_an_error(server: Witness) -> None:
    sent = parameters(Callback.EXTENSION, "half of a pair: \ud800")
    with pytest.raises(PlatformError, match="UnicodeEncodeError"):
        open_light(endpoint(server)).call("CallbackExtension", sent, TEMPORARY)


def test_what_is_kept_is_closed_with_the_client(server: Witness) -> None:
    transport = open_light(endpoint(server))
    call(transport)
    ((connection, _),) = transport._idle
    assert connection.sock is not None
    del transport
    assert connection.sock is None


def test_another_thread_may_take_the_last_connection(server: Witness) -> None:
    class Emptied(list[object]):
        """A list that another thread empties between the look and the taking."""

        def __bool__(self) -> bool:
            return True

    transport = open_light(endpoint(server))
    transport._idle = Emptied()  # type: ignore[assignment]  # as far as it is used here
    assert transport._connection(1).sock is None


@pytest.mark.parametrize("folder", [True, False])
def test_where_the_machine_trusts_no_certificates_those_of_certifi_are(
    folder: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert light.trust().verify_mode is ssl.CERT_REQUIRED
    nothing = SimpleNamespace(cafile=None, capath=str(tmp_path) if folder else None)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nothing)
    context = light.trust()
    assert len(context.get_ca_certs()) > 100
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
