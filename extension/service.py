"""The self-managed service: takes what EventBridge pushes, and shows the pages. `python -m extension.service`.

Judging and posting is `pipeline.push`, as in a function with an HTTP trigger: here are the sockets alone. In a custom
runtime of Function Compute it takes the invocations of an FC-hosted extension, too.
"""

import asyncio
import logging
import sys
from asyncio import TimerHandle, Transport
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import TypeVar
from uuid import uuid4

import msgspec
import uvicorn
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from extension import certificates, edges, envelopes, journal, notices, pipeline
from extension.edges import Call, Extension, ServiceEnvironment, need
from extension.errors import ConfigurationError, ExtensionError, PolicyError, SignatureError, trace
from extension.metrics import CONTENT_TYPE, Metrics
from extension.pages import site
from extension.pages.sessions import Sessions
from extension.records import Judgement
from extension.storage import LOG
from extension.verdict import Result, clean

RECORDS = "verdicts"
"""Folder of the verdict log, where the environment names no other place."""

TIMEOUT_S = 20.0
"""Time for one event. How long EventBridge waits for an answer is unverified; an event that it sends again meanwhile is
answered with the first one.
"""

HEAD_S, BODY_S = 10.0, 10.0
"""Most that a client may take to send the head of a request, and its body."""

THREADS, CONNECTIONS = 64, 512
"""Events that are judged at the same time, and connections that are open; others get 503, and come again."""

MAX_HEAD_BYTES = 32 * 1024
"""Longest head of a request; Function Compute passes 8 KB."""

SHUTDOWN_S = 30
"""How long a service that is told to stop goes on with what it accepted."""

CLOSE_S = 5.0
"""How long the verdict log and the notices may take behind that."""

_ANYBODY = (
    "EVENTBRIDGE_TOKEN is not set: whoever has an account can have EventBridge push events of his own here. Set a token"
    " at the target, and this variable"
)

T = TypeVar("T")


class Service:
    """The service of one process: `app` is what a server runs."""

    def __init__(self, extension: Extension, environment: ServiceEnvironment) -> None:
        """Raises ConfigurationError."""
        self.metrics = Metrics()
        self.stopping = False
        self._extension = extension
        self._environment = environment
        self._recorder = need(extension.recorder, "EXTENSION_RECORDS", "not set: the service records what it decides")
        self._threads = CapacityLimiter(THREADS)
        self._notices: notices.Notices | None = None
        if environment.webhook:
            self._notices = notices.Notices(environment.webhook, environment.webhook_secret, now=edges.now)
            extension.witnesses.append(self._notify)
        extension.witnesses.append(self.metrics.judged)
        self._watch()
        if extension.environment.eventbridge_url:
            certificates.load()
            extension.verifier()
            if not extension.environment.eventbridge_token:
                journal.warned(_ANYBODY)
        secure = extension.environment.url.startswith("https:")
        self._sessions = Sessions(environment.admin_token, edges.now, secure=secure)
        self._store = extension.open_store()
        self.site = site.Site(
            store=self._store,
            policy=extension.in_force,
            now=edges.now,
            base=extension.environment.url,
            link_key=extension.environment.link_key,
            admin_token=environment.admin_token,
        )
        self.app = Starlette(
            routes=self._routes(), exception_handlers={**site.handlers(self.site)}, lifespan=self._lifespan
        )
        self.app.router.redirect_slashes = False  # it would send people to whatever host the request names

    def _routes(self) -> list[BaseRoute]:
        routes: list[BaseRoute] = [
            Route("/events", self.events, methods=["POST"]),
            Route("/healthz", self.health),
            Route("/readyz", self.ready),
            Route("/metrics", self.numbers),
        ]
        if self._environment.function_compute:
            routes.append(Route("/invoke", self.invoke, methods=["POST"]))
        return [*routes, *site.routes(self.site)]

    def _watch(self) -> None:
        recorder, told = self._recorder, self._notices
        self.metrics.watch(
            "records",
            "Verdicts for the verdict log, by what became of them",
            lambda: {"written": recorder.written, "dropped": recorder.dropped, "failed": recorder.failed},
            counts=True,
        )
        self.metrics.watch(
            "records_waiting", "Verdicts that wait to be recorded", lambda: {"records": recorder.waiting}, counts=False
        )
        if told:
            self.metrics.watch(
                "notices",
                "Notices of what was blocked, by what became of them",
                lambda: {"sent": told.sent, "dropped": told.dropped, "failed": told.failed},
                counts=True,
            )

    def _notify(self, judgement: Judgement) -> None:
        """Have the robot tell of what was blocked."""
        verdict = judgement.verdict
        if verdict.result is not Result.FAIL or self._notices is None:
            return
        counted = dict.fromkeys(judged.rule for line in verdict.lines() for judged in line.findings)
        self._notices.add(
            notices.Notice(
                code=judgement.event.code,
                operator=verdict.subject["operator"],
                workspace=verdict.subject["workspace"],
                rules=tuple(counted),
                message=verdict.message(pipeline.RETURNED_CHARS),
                link=self._extension.link(judgement.id, judgement.at),
                language=verdict.language,
                at=judgement.at.astimezone(judgement.event.moment.tzinfo),
            )
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        self.stopping = True
        await to_thread.run_sync(self.close)

    def close(self) -> None:
        """Write what waits to be written, send what waits to be sent."""
        self._recorder.close(CLOSE_S)
        self._store.close()
        if self._notices:
            self._notices.close(CLOSE_S)

    def _call(self, headers: Mapping[str, str] | None = None) -> Call:
        return self._extension.call(self._context(headers or {}))

    def _context(self, headers: Mapping[str, str]) -> SimpleNamespace:
        """What Function Compute's built-in runtimes give as the context of a call.

        The headers of a custom runtime are taken where one runs the service: no client can send any that begin so.
        Source: https://www.alibabacloud.com/help/en/functioncompute/fc/context-and-log-format-1
        """
        if not self._environment.function_compute:
            return SimpleNamespace(request_id=str(uuid4()), function=SimpleNamespace(timeout=TIMEOUT_S))
        credentials = SimpleNamespace(
            access_key_id=headers.get("x-fc-access-key-id", ""),
            access_key_secret=headers.get("x-fc-access-key-secret", ""),
            security_token=headers.get("x-fc-security-token", ""),
        )
        return SimpleNamespace(
            request_id=headers.get("x-fc-request-id", ""),
            credentials=credentials,
            function=SimpleNamespace(timeout=headers.get("x-fc-function-timeout")),
        )

    async def _run(self, work: Callable[[], T]) -> T:
        return await to_thread.run_sync(work, limiter=self._threads)

    async def events(self, request: Request) -> Response:
        """Take what EventBridge pushes: see `pipeline.push`."""
        headers = envelopes.joined(request.headers.items())
        call = self._call(headers)

        async def answer() -> Response:
            try:
                body = await _body(request)
            except SignatureError as error:
                journal.refused(call, error)
                closing = {"connection": "close"}
                return JSONResponse({"error": str(error)}, status_code=error.status, headers=closing)
            sent = envelopes.Request(method=request.method, headers=headers, body=body)
            said = await self._run(partial(self._push, sent, call))
            return Response(said.body, status_code=said.status, media_type="application/json")

        return await self._counted("/events", call, answer)

    def _push(self, sent: envelopes.Request, call: Call) -> pipeline.Response:
        said = pipeline.push(sent, self._extension, call)
        if self._environment.function_compute:
            self._recorder.flush(pipeline.RECORD_S)
        return said

    async def invoke(self, request: Request) -> Response:
        """Take an invocation of the function, for which Function Compute sets a header that no client can send.

        Without it, it is a request through the HTTP trigger: anybody can send one to this path. The header is
        documented for custom runtimes of before, and unverified for 3.0: without it nobody is let in.
        Source: https://www.alibabacloud.com/help/doc-detail/191342.htm (the header) and
        https://www.alibabacloud.com/help/en/function-compute/latest/custom-runtime-event-functions
        """
        headers = envelopes.joined(request.headers.items())
        call = self._call(headers)
        if headers.get("x-fc-control-path") != "/invoke":
            journal.refused(call, SignatureError("no invocation by Function Compute", status=404))
            return JSONResponse({"error": "SignatureError"}, status_code=404)

        async def answer() -> Response:
            try:
                body = await _body(request)
                run = partial(pipeline.run, body, self._extension, self._context(headers))
                return Response(await self._run(run), media_type="application/json", headers={"x-fc-status": "200"})
            except ExtensionError as error:
                said = {"errorMessage": clean(str(error), 1000), "errorType": type(error).__name__}
                return JSONResponse(said, status_code=404, headers={"x-fc-status": "404"})

        return await self._counted("/invoke", call, answer)

    async def _counted(self, path: str, call: Call, answer: Callable[[], Awaitable[Response]]) -> Response:
        try:
            response = await answer()
        except ClientDisconnect:
            self.metrics.answered(path, 499, call.elapsed_ms() / 1000)
            return Response(status_code=499)
        except Exception as error:  # noqa: BLE001  one of ours: the event has to come again, and the text can quote it
            journal.unanswerable(call, ExtensionError(trace(error)))
            response = JSONResponse({"error": "InternalError"}, status_code=500)
        self.metrics.answered(path, response.status_code, call.elapsed_ms() / 1000)
        return response

    async def health(self, _: Request) -> Response:
        """Whether the process answers at all."""
        return JSONResponse({"healthy": True})

    async def ready(self, _: Request) -> Response:
        """Whether an event that comes now can be answered; what keeps it from that, by the name of the variable."""
        environment, missing = self._extension.environment, []
        if environment.callback and not environment.extension_code:
            missing.append("DATAWORKS_EXTENSION_CODE")
        if environment.callback and not self._environment.function_compute and not self._call().credentials:
            missing.append("ALIBABA_CLOUD_ACCESS_KEY_ID")
        if not environment.eventbridge_url:
            missing.append("EVENTBRIDGE_URL")
        ready = not missing and not self.stopping
        said = {"ready": ready, "missing": missing, "stopping": self.stopping}
        return JSONResponse(said, status_code=200 if ready else 503)

    async def numbers(self, request: Request) -> Response:
        """The metrics, for who has the administrator's token; where there is none, for this machine alone."""
        if not self._may_count(request):
            return JSONResponse({"error": "Unauthorized"}, status_code=401, headers={"www-authenticate": "Bearer"})
        return Response(self.metrics.text(), media_type=CONTENT_TYPE)

    def _may_count(self, request: Request) -> bool:
        if self._environment.admin_token:
            return self._sessions.admits(request)
        local = request.client is not None and request.client.host in ("127.0.0.1", "::1")
        forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
        return local and not forwarded and not self._environment.function_compute


async def _body(request: Request) -> bytes:
    """The body. Raises SignatureError for one that is too long or takes too long."""
    most = envelopes.MAX_BODY_BYTES
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > most:
        raise SignatureError(f"the body has {int(length):,} bytes", status=413)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.stream():
                parts.append(part)
                size += len(part)
                if size > most:
                    raise SignatureError(f"the body has more than {most:,} bytes", status=413)
    except TimeoutError:
        raise SignatureError(f"the body did not come in {BODY_S:.0f} s", status=408) from None
    return b"".join(parts)


_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Patient(H11Protocol):
    """HTTP/1.1 that hangs up on a client whose head of a request does not come in time."""

    _waiting: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in the class above
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait no longer once the head is there; from the first byte of the next one on, wait for that."""
        super().data_received(data)
        if self._is_busy():
            self._stop_waiting()
        elif self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_busy(self) -> bool:
        """Whether a request is being answered; there is none before the first."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEAD_S, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        journal.slow(f"the head of a request did not come in {HEAD_S:.0f} s")
        self.transport.write(_TOO_SLOW)
        self.transport.close()


class _Lines(logging.Formatter):
    """One JSON object a line: ours as they are, those of the server as the type of what went wrong alone."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        if record.name == LOG.name:
            return record.getMessage()
        problem = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        said = {"event": "server", "level": record.levelname, "message": clean(record.getMessage().strip(), 1000)}
        return msgspec.json.encode({**said, "error": problem} if problem else said).decode()


def server() -> uvicorn.Server:
    """The service as the environment has it, in a server that is not running yet.

    Raises ConfigurationError, and PolicyError as `Extension` does.
    """
    environment = edges.service_environment()
    service = Service(Extension(SimpleNamespace(), RECORDS), environment)
    config = uvicorn.Config(
        service.app,
        host=environment.host,
        port=environment.port,
        http=Patient,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    return uvicorn.Server(config)


def main() -> None:
    """Run the service until it is told to stop; say what is wrong, a line a problem, and exit 2 where it cannot."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    try:
        server().run()
    except (ConfigurationError, PolicyError) as error:
        prefix = "error: environment variable" if isinstance(error, ConfigurationError) else "error:"
        for line in str(error).splitlines():
            sys.stderr.write(f"{prefix} {line}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
