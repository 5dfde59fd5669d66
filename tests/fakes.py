"""What several test files share: made-up credentials, values that are hard to carry, and servers of our own."""

import json
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TypeAlias, TypeVar

import pytest

from extension import edges
from extension.dataworks import MESSAGE_PARAMETERS, Credentials
from extension.events import Callback
from extension.light import Light
from extension.local import DataWorks, _Request
from extension.sdk import Sdk

T = TypeVar("T")

CODE = "ext-4711"
"""Code of the extension that the servers of the tests know."""

PLAIN = Credentials("LTAI5tPlainKeyOfTests", "Plain+Secret/of=Tests")
"""A key that is not temporary."""

TEMPORARY = Credentials("STS.NUTemporaryKey", "Temporary+Secret/of=Tests", "CAIS+Token/of=Tests" * 20 + "==")
"""Credentials with a security token, which is as long and as full of signs as real ones."""

HARD_TEXTS = {
    "chinese": "下载行数 1,200 超过上限：请联系数据管理员。",
    "spaces": " two  spaces and an end ",
    "signs": "a+b*c~d%e&f=g%20h?i#j;k,l/m\\n\"o'p<q>r|s`t^u{v}[w]!$()@:",
    "percent": "100%",
    "ends-in-ampersand": "this & that &",
    "ends-in-question-mark": "really ?",
    "equals": "a=b==c",
    "tilde-and-star": "~*~-._",
    "empty": "",
    "long": "0123456789" * 1024,
    "long-chinese": "数" * 1000,
    "emoji": "🚫👨‍👩‍👧 no",
    "newlines": "one\ntwo\r\nthree\ttab",
    "other-planes": "𠮷野家 ñ é é",
}
"""Texts that an encoding on the way could change, by what is hard about them."""


def parameters(action: Callback, message: str | None = "too many rows") -> dict[str, str]:
    """What is posted under `action`: a FAIL with its message, or without one where it is None."""
    sent = {"ExtensionCode": CODE, "MessageId": "8d1a5c7e-52f0-4f4e-9f7d-3f4b1f6f7c21", "CheckResult": "FAIL"}
    return sent if message is None else {**sent, MESSAGE_PARAMETERS[action]: message}


LEFT_TO_THE_COLLECTOR = pytest.mark.filterwarnings(
    f"{'ignore' if sys.gettrace() else 'error'}:unclosed <socket:ResourceWarning"
)
"""Of tests that stop a thread: where it is traced for coverage, CPython 3.11 passes by what would close its socket."""

chosen = ["light"]
"""Which client calls, the last one: see the fixture `client`."""


def by_client(*, light: T, sdk: T) -> T:
    """What is expected of the client that is chosen, where the two differ."""
    return sdk if chosen[-1] == "sdk" else light


def transport_to(host: str, *, protocol: str = "http") -> Light | Sdk:
    """The client that is chosen, for `host[:port]`."""
    if chosen[-1] == "sdk":
        return Sdk(region="cn-shanghai", endpoint=host, protocol=protocol)
    return Light(region="cn-shanghai", endpoint=host, protocol=protocol, now=edges.now, clock=time.monotonic)


def endpoint(server: DataWorks) -> str:
    """`host:port` of a server, as `Sdk` takes it."""
    return server.url.removeprefix("http://")


class Witness(DataWorks):
    """The embedded DataWorks, noting the signature of every request, for tests that look for it elsewhere."""

    def __init__(self, *, keys: list[Credentials], extension_code: str = CODE) -> None:
        super().__init__(keys=keys, extension_code=extension_code)
        self.signatures: list[str] = []

    def answer(self, request: _Request) -> tuple[int, dict[str, object]]:
        """Note the signature, then answer as ever."""
        self.signatures.append(request.signature)
        return super().answer(request)


class Stub:
    """A server on loopback that reads a request, does with the connection what `behave` says, and hangs up.

    `requests` holds the heads of what it read, `bodies` what came behind them, `hung_up` counts the connections that
    are closed. Use it in a `with` block; `ended` is set when that is left.
    """

    def __init__(self, behave: "Behaviour") -> None:
        self.requests: list[str] = []
        self.bodies: list[bytes] = []
        self.ended = threading.Event()
        self.hung_up = threading.Semaphore(0)
        stub = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += self.rfile.readline() or b"\r\n\r\n"
                stub.requests.append(head.decode())
                stub.bodies.append(self.rfile.read(_content_length(head.decode())))
                behave(self, stub)

        class Server(socketserver.ThreadingTCPServer):
            def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
                super().shutdown_request(request)
                stub.hung_up.release()

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def endpoint(self) -> str:
        """`host:port` of the server, as `Sdk` takes it."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def __enter__(self) -> Self:
        """Start to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go whoever waits, stop, and close the sockets."""
        self.ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


Behaviour: TypeAlias = Callable[[socketserver.StreamRequestHandler, Stub], object]
"""What a stub does with a connection whose request it has read."""


def _content_length(head: str) -> int:
    lengths = [line.partition(":")[2] for line in head.lower().split("\r\n") if line.startswith("content-length:")]
    return int(lengths[0]) if lengths else 0


def answering(status: int, body: object, headers: Mapping[str, str] | None = None) -> Stub:
    """A server that gives one answer to everything: bytes and text as they are, everything else as JSON."""
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    content = text if isinstance(text, bytes) else text.encode()
    lines = {"content-type": "application/json;charset=utf-8", "content-length": str(len(content)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    raw = f"HTTP/1.1 {status} Status\r\n{head}connection: close\r\n\r\n".encode() + content
    return Stub(lambda connection, _: connection.wfile.write(raw))
