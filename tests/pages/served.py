"""The pages on loopback, as a server has them, and how the tests ask it for one."""

import http.client
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from extension import policy
from extension.pages.site import Site, handlers, routes
from tests.pages.given import KEY, NOW, RULES, TOKEN, Kept


def site(**changes: Any) -> Site:  # noqa: ANN401  fields
    """A site with everything, and some fields changed."""
    in_force = policy.parse(RULES.encode(), "policy.yaml")
    given = Site(
        store=Kept(),
        policy=lambda: in_force,
        now=lambda: NOW,
        base="http://rules.example.com",
        link_key=KEY,
        admin_token=TOKEN,
        failure_delay_s=0,
    )
    return msgspec.structs.replace(given, **changes)


def _raising(_: object) -> None:
    raise RuntimeError("a secret of ours")


@contextmanager
def serving(site: Site) -> Iterator[str]:
    """The pages on loopback, with one that raises under /raise; the address without a path."""
    application = Starlette(
        routes=[*routes(site), Route("/raise", _raising)],
        exception_handlers={**handlers(site)},
    )
    config = uvicorn.Config(
        application,
        port=0,
        lifespan="off",
        ws="none",
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


class Answer(msgspec.Struct, frozen=True):
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    text: str


def ask(base: str, path: str, method: str = "GET", body: str = "", **headers: str) -> Answer:
    """Ask a server for a page. `content_type` and the like are names of headers."""
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body.encode(), headers=named)
        response = connection.getresponse()
        said = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, said, response.read().decode())
    finally:
        connection.close()
