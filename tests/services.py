"""The service as it runs, on real sockets, for every test that takes the whole way."""

import json
import logging
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import uvicorn

from extension import service
from extension.local import EXTENSION_CODE, DataWorks
from extension.records import Record
from extension.stores import Query
from extension.stores.opening import open_store
from tests.eventbridge import Answer, Push, Pusher, publish, send

URL = "https://checks.example.com/dataworks/events?from=bridge"
"""The target, as the rule of EventBridge has it; a proxy in front takes the prefix away."""

TOKEN, ADMIN, LINK_KEY = (
    "token of the target",
    "the administrator's token of the tests",
    "the key that signs links in the tests",
)


class Running:
    """A service in a thread of its own. Use it in a `with` block."""

    def __init__(self, dataworks: DataWorks, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        key = next(iter(dataworks.keys.values()))
        certificates = folder / "certificates"
        certificates.mkdir()
        self.records = folder / "verdicts"
        self.pusher = Pusher(URL, TOKEN)
        self.monkeypatch = monkeypatch
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.set(
            DATAWORKS_ENDPOINT=dataworks.url,
            DATAWORKS_EXTENSION_CODE=EXTENSION_CODE,
            ALIBABA_CLOUD_ACCESS_KEY_ID=key.access_key_id,
            ALIBABA_CLOUD_ACCESS_KEY_SECRET=key.access_key_secret,
            ALIBABA_CLOUD_SECURITY_TOKEN=key.security_token,
            EVENTBRIDGE_URL=URL,
            EVENTBRIDGE_TOKEN=TOKEN,
            EVENTBRIDGE_CERTIFICATES=str(publish(certificates)),
            EXTENSION_URL="https://checks.example.com/dataworks",
            EXTENSION_LISTEN="127.0.0.1:0",
            EXTENSION_RECORDS=str(self.records),
            EXTENSION_LINK_KEY=LINK_KEY,
            EXTENSION_ADMIN_TOKEN=ADMIN,
        )

    def set(self, **variables: str) -> None:
        """Set environment variables, for the next start; an empty text unsets one."""
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    def __enter__(self) -> Self:
        """Start to serve."""
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        self._server = service.server()
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop as on SIGTERM."""
        self.stop()
        if self._thread:
            self._thread.join()

    def stop(self) -> None:
        """Tell it to stop, and go on."""
        if self._server:
            self._server.should_exit = True

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server
        port: int = self._server.servers[0].sockets[0].getsockname()[1]
        return port

    def push(self, push: Push) -> Answer:
        """Send a push; the proxy in front takes the prefix of the path away."""
        path = push.path.removeprefix("/dataworks")
        return send(push.altered(path=path), "127.0.0.1", self.port)

    def take(self, body: bytes) -> Answer:
        """Push an event, signed."""
        return self.push(self.pusher.push(body))

    def ask(
        self, path: str, *, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, path, body, dict(headers or {}))
            with connection.getresponse() as response:
                found = {name.lower(): value for name, value in response.getheaders()}
                return Answer(status=response.status, headers=found, body=response.read())

    def connect(self) -> socket.socket:
        """A connection, for who sends no whole request."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def recorded(self) -> list[Record]:
        """What is in the verdict log, the newest first. It is written behind the answer: read it after the end."""
        with open_store(str(self.records)) as store:
            return store.find(Query(), limit=1000)


def event(code: str, data: Mapping[str, object] | None = None, *, message_id: str = "m-1") -> bytes:
    """An event as EventBridge sends it."""
    envelope = {"id": message_id, "source": "acs.dataworks", "data": {"eventCode": code, **(data or {})}}
    return json.dumps(envelope).encode()
