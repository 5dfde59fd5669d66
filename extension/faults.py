"""What can go wrong between a caller and a server, and an HTTP server on loopback that lets it go wrong.

What is asked and answered is not its business: `local` makes a small DataWorks of it.
"""

import json
import socket
import struct
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DRIP_S = 0.05
"""Time from one byte of an answer that drips to the next."""

_BLANKS = b" " * 1500
"""What an answer that drips is made longer by: 75 seconds."""

_PAGE = b"<html><head><title>503</title></head><body><h1>Service Temporarily Unavailable</h1></body></html>"
_GARBAGE = b"\xff\xfe\x00\x80{]"
"""Neither JSON nor UTF-8."""


class Fault(StrEnum):
    """One way for a call to fail. `taken` tells those that the caller cannot tell from a call that came to nothing."""

    REFUSED = "refused"
    """Nobody listens. It befalls the port, not an action: see `Server.refuse`."""
    HANG = "hang"
    """The request is read and never answered, until one of both hangs up; the server does so after half a minute."""
    UNSUCCESSFUL = "unsuccessful"
    """HTTP 200, and the answer says that there was no success."""
    INTERNAL_ERROR = "internal error"
    """HTTP 500 with a code."""
    UNAVAILABLE = "unavailable"
    """HTTP 503 with a page in HTML, as a gateway on the way gives it."""
    THROTTLED = "throttled"
    """HTTP 429 with a code."""
    THROTTLED_FOR = "throttled for"
    """The same, with a header that says how long to wait."""
    SIGNATURE = "signature"
    """HTTP 400: the signature does not match, though it does; the message quotes what was signed."""
    SKEW = "skew"
    """HTTP 400: the date is too far from now, though it is not."""
    RESET = "reset"
    """Taken; the connection is reset in the middle of the answer."""
    DRIP = "drip"
    """Taken; the answer is whole, but comes a byte at a time, for more than a minute."""
    GARBAGE = "garbage"
    """Taken; what comes is neither JSON nor UTF-8."""
    TRUNCATED = "truncated"
    """Taken; the first half of the JSON comes, with the length of that half."""

    @property
    def taken(self) -> bool:
        """Whether the call is processed all the same, and only the answer comes to harm."""
        return self in {Fault.RESET, Fault.DRIP, Fault.GARBAGE, Fault.TRUNCATED}


class Outage:
    """A fault that befalls the next `times` calls, or every one for None. `times` counts down as it does."""

    def __init__(self, fault: Fault, times: int | None = None) -> None:
        if fault is Fault.REFUSED:
            raise ValueError("what refuses connections is the port: see Server.refuse")
        self.fault = fault
        self.times = times
        self._lock = threading.Lock()

    def strikes(self) -> bool:
        """Whether it befalls one more call, which is counted."""
        with self._lock:
            strikes = self.times is None or self.times > 0
            if self.times:
                self.times -= 1
            return strikes


class Server(ThreadingHTTPServer):
    """A server on a free port of loopback, which stays its own until `close`, whether it listens or refuses.

    It begins by refusing. `accept` and `refuse` can be called in turns, from any thread and any number of times.
    """

    request_queue_size = 128
    daemon_threads = True

    def __init__(self, handler: type["Handler"]) -> None:
        super().__init__(("127.0.0.1", 0), handler, bind_and_activate=False)
        self.server_bind()
        self._serving: threading.Thread | None = None
        self._switch = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()

    def accept(self) -> None:
        """Listen, and serve whoever connects."""
        with self._switch:
            if not self._serving:
                self.server_activate()
                self._serving = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
                self._serving.start()

    def refuse(self) -> None:
        """Hang up on every caller, and refuse connections.

        A socket that is bound and does not listen keeps the port: connections to it are refused, and no one else gets
        it. Between the one socket and the other lie some microseconds, since a port that listens can be bound nowhere.
        """
        with self._switch:
            if self._serving:
                self._stop(self._serving)
                self._serving = None
                self.socket = socket.socket(self.address_family, self.socket_type)
                self.server_bind()

    def close(self) -> None:
        """Hang up on every caller, and leave the port."""
        with self._switch:
            if self._serving:
                self._stop(self._serving)
                self._serving = None
            self.server_close()

    def _stop(self, serving: threading.Thread) -> None:
        self.shutdown()
        serving.join()
        self.server_close()
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):  # the caller was faster
                    # Its own thread closes it, when it wakes up from reading or writing.
                    connection.shutdown(socket.SHUT_RDWR)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection, and remember it."""
        connection, address = super().get_request()
        with self._lock:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Forget a connection, and close it."""
        with self._lock:
            self._connections -= {request}
        super().shutdown_request(request)

    def reset(self, connection: socket.socket) -> None:
        """Close a connection with a reset: `shutdown_request` would say goodbye first."""
        with self._lock:
            self._connections.discard(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(connection.detach())


class Handler(BaseHTTPRequestHandler):
    """Serves a connection, and sends answers whole or as a fault leaves them."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30
    server: Server

    def handle(self) -> None:
        """Serve until one of both hangs up."""
        with suppress(ConnectionError):  # a caller that hangs up before it is answered
            super().handle()

    def send(
        self,
        status: int,
        body: Mapping[str, object],
        *,
        fault: Fault | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send an answer as JSON, or what a fault makes of it."""
        content = json.dumps(body).encode()
        half = content[: len(content) // 2]
        match fault:
            case Fault.HANG:
                self.rfile.read()  # comes to its end when the connection does, or raises after `timeout`
            case Fault.RESET:
                self._send_head(status, len(content))
                self.wfile.write(half)
                self.close_connection = True
                self.server.reset(self.connection)
            case Fault.DRIP:
                longer = content[:-1] + _BLANKS + content[-1:]
                self._send_head(status, len(longer))
                for byte in longer:
                    self.wfile.write(bytes([byte]))
                    time.sleep(DRIP_S)
            case Fault.UNAVAILABLE:
                self._send_head(status, len(_PAGE), {"content-type": "text/html"})
                self.wfile.write(_PAGE)
            case Fault.GARBAGE:
                self._send_head(status, len(_GARBAGE))
                self.wfile.write(_GARBAGE)
            case Fault.TRUNCATED:
                self._send_head(status, len(half))
                self.wfile.write(half)
            case _:
                self._send_head(status, len(content), headers)
                self.wfile.write(content)

    def _send_head(self, status: int, length: int, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        lines = {"content-type": "application/json;charset=utf-8", "content-length": str(length), **(headers or {})}
        for name, value in lines.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the overridden
        """Say nothing: whoever serves keeps a record of its own."""
