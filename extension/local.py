"""A small DataWorks on loopback, and a Function Compute to run the handler in: for the command line and the tests.

The server speaks the RPC form of the OpenAPI over real sockets, verifies the ACS3-HMAC-SHA256 signature of every
request on its own, turns down what the platform would turn down, and records what it is asked. It is written from the
documents of the platform, not from the SDK, so that each can find the other wrong.

Source: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
"""

import hashlib
import hmac
import importlib
import json
import logging
import os
import re
import secrets
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace, TracebackType
from typing import Self
from urllib.parse import parse_qsl, quote

import msgspec

from extension.dataworks import MESSAGE_PARAMETERS, VERSION, Credentials
from extension.edges import LOG, ROOT
from extension.events import Callback

_SKEW = timedelta(minutes=15)
_MAX_BODY_BYTES = 1024 * 1024
_ALGORITHM = "ACS3-HMAC-SHA256"


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A request that the server answered. `connection` is the client's port: the same for one TCP connection.

    `verified` says whether signature, date and nonce were right; `status` and `code` how it was answered (200 and
    empty: taken).
    """

    action: str
    parameters: dict[str, str]
    access_key_id: str
    verified: bool
    status: int
    code: str
    request_id: str
    connection: int


class _Refusal(Exception):  # noqa: N818  an answer, not an error of ours
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class DataWorks:
    """The server. Use it in a `with` block; `received` holds what it was asked, in order.

    It knows the callers in `keys` and one extension, `extension_code`. Operation Center turns WARN down, since it
    documents only OK and Fail; whether the platform does is unverified.
    """

    def __init__(self, *, keys: list[Credentials], extension_code: str) -> None:
        self.keys = {key.access_key_id: key for key in keys}
        self.extension_code = extension_code
        self.received: list[Received] = []
        self._nonces: set[str] = set()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Where it listens, as DATAWORKS_ENDPOINT takes it."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Start to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and close the socket."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request: "_Request") -> tuple[int, dict[str, object]]:
        """Judge one request as the platform would, record it, and say what to answer."""
        request_id = str(uuid.uuid4()).upper()
        verified = False
        try:
            self._verify(request)
            verified = True
            body: dict[str, object] = {"RequestId": request_id, **self._take(request)}
            status, code = 200, ""
        except _Refusal as refusal:
            status, code = refusal.status, refusal.code
            body = {
                "RequestId": request_id,
                "Code": code,
                "Message": str(refusal),
                "HostId": request.headers.get("host", ""),
            }
        with self._lock:
            self.received.append(
                Received(
                    action=request.headers.get("x-acs-action", ""),
                    parameters=request.parameters,
                    access_key_id=request.access_key_id,
                    verified=verified,
                    status=status,
                    code=code,
                    request_id=request_id,
                    connection=request.connection,
                )
            )
        return status, body

    def _verify(self, request: "_Request") -> None:
        """Refuse a request that is not signed, not by whom it says, too old, or here before."""
        headers = request.headers
        signed = request.signed_headers
        if not request.authorization:
            raise _Refusal(400, "MissingAuthorization", "Authorization is mandatory for this action.")
        key = self.keys.get(request.access_key_id)
        if key is None:
            raise _Refusal(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        must = {"host", "content-type", *(name for name in headers if name.startswith("x-acs-"))} & set(headers)
        must |= {"host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"}
        if missing := (must - set(signed)) | ((must | set(signed)) - set(headers)):
            raise _Refusal(400, "IncompleteSignature", f"Not sent or not signed: {', '.join(sorted(missing))}.")
        if headers["x-acs-content-sha256"] != hashlib.sha256(request.body).hexdigest():
            raise _Refusal(400, "InvalidContentSha256", "x-acs-content-sha256 is not that of the body.")
        if headers.get("x-acs-security-token", "") != key.security_token:
            raise _Refusal(400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
        canonical = request.canonical()
        to_sign = f"{_ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(key.access_key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature.encode(), request.signature.encode()):
            # The platform quotes what it signed, headers included: this one does so too, to keep the client careful.
            message = f"Specified signature does not match our calculation. Server canonicalRequest is:{canonical}"
            raise _Refusal(400, "SignatureDoesNotMatch", message)
        self._verify_freshness(headers)

    def _verify_freshness(self, headers: Mapping[str, str]) -> None:
        try:
            sent = datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise _Refusal(400, "InvalidTimeStamp.Format", "Specified time stamp is not well formatted.") from None
        if abs(datetime.now(UTC) - sent) > _SKEW:
            raise _Refusal(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
        nonce = headers["x-acs-signature-nonce"]
        with self._lock:
            if nonce in self._nonces:
                raise _Refusal(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
            self._nonces.add(nonce)

    def _take(self, request: "_Request") -> dict[str, object]:
        """Refuse what makes no sense as a call; else say what the API answers."""
        name = request.headers["x-acs-action"]
        if name not in set(Callback):
            raise _Refusal(404, "InvalidAction.NotFound", "Specified api is not found.")
        if request.headers["x-acs-version"] != VERSION:
            raise _Refusal(404, "InvalidVersion", "Specified version is not found.")
        action = Callback(name)
        parameters = request.parameters
        for required in ("MessageId", "ExtensionCode", "CheckResult"):
            if not parameters.get(required):
                raise _Refusal(400, f"Missing{required}", f"{required} is mandatory for this action.")
        known = {"MessageId", "ExtensionCode", "CheckResult", MESSAGE_PARAMETERS[action]}
        if unknown := set(parameters) - known:
            raise _Refusal(400, "InvalidParameter", f"The action does not know {', '.join(sorted(unknown))}.")
        results = {"OK", "FAIL"} if action is Callback.WORKBENCH else {"OK", "FAIL", "WARN"}
        if parameters["CheckResult"] not in results:
            raise _Refusal(
                400, "InvalidParameter.CheckResult", f"CheckResult is not one of {', '.join(sorted(results))}."
            )
        if parameters["ExtensionCode"] != self.extension_code:
            raise _Refusal(400, "InvalidParameter.ExtensionCode", "The extension does not exist.")
        if action is Callback.IDE:
            return {}
        return {"Success": True if action is Callback.WORKBENCH else "true"}


class _Request:
    """One HTTP request with the parts that the signature is made of."""

    def __init__(self, *, path: str, headers: dict[str, str], body: bytes, connection: int) -> None:
        self.headers = headers
        self.body = body
        self.connection = connection
        self.path, _, query = path.partition("?")
        self.query = parse_qsl(query, keep_blank_values=True)
        form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        fields = parse_qsl(body.decode(errors="replace"), keep_blank_values=True) if form else []
        self.parameters = dict(self.query + fields)
        self.authorization = headers.get("authorization", "")
        scheme, _, rest = self.authorization.partition(" ")
        parts = dict(part.strip().partition("=")[::2] for part in rest.split(",")) if scheme == _ALGORITHM else {}
        self.access_key_id = parts.get("Credential", "")
        self.signed_headers = parts.get("SignedHeaders", "").split(";")
        self.signature = parts.get("Signature", "")

    def canonical(self) -> str:
        """The request in the one form that both sides sign."""
        query = "&".join(f"{_quote(name)}={_quote(value)}" for name, value in sorted(self.query))
        headers = "".join(f"{name}:{self.headers[name].strip()}\n" for name in sorted(self.signed_headers))
        signed = ";".join(sorted(self.signed_headers))
        return "\n".join(("POST", self.path, query, headers, signed, self.headers["x-acs-content-sha256"]))


def _quote(text: str) -> str:
    return quote(text, safe="~")


def _handler(dataworks: DataWorks) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 30

        def handle(self) -> None:
            with suppress(ConnectionError):  # a caller that hangs up before it is answered
                super().handle()

        def do_POST(self) -> None:
            length = self.headers.get("content-length") or "0"
            if "transfer-encoding" in self.headers or not re.fullmatch("[0-9]{1,15}", length):
                self._turn_away(411, "MissingContentLength", "The request does not say how long its body is.")
            elif int(length) > _MAX_BODY_BYTES:
                self._turn_away(413, "RequestTooLarge", "The request is too large.")
            else:
                request = _Request(
                    path=self.path,
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(int(length)),
                    connection=self.client_address[1],
                )
                self._send(*dataworks.answer(request))

        def _turn_away(self, status: int, code: str, message: str) -> None:
            """Answer without reading the body: what follows on the connection would be taken for a request."""
            self.close_connection = True
            self._send(status, {"Code": code, "Message": message})

        def _send(self, status: int, body: Mapping[str, object]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json;charset=utf-8")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the overridden
            """Say nothing: `received` is the record."""

    return Handler


def context(*, credentials: Credentials | None = None, timeout_s: int = 60) -> SimpleNamespace:
    """A context as Function Compute passes it: python3.12's, or with `credentials` that of the runtimes before.

    Source: https://help.aliyun.com/en/functioncompute/fc/context-1
    """
    function = SimpleNamespace(name="dataworks-extension", handler="handler.handler", memory=512, timeout=timeout_s)
    shared = SimpleNamespace(
        request_id=str(uuid.uuid4()), function=function, region="cn-shanghai", account_id="1234567890987654"
    )
    if credentials:
        shared.credentials = credentials
        shared.service = SimpleNamespace(log_project="", log_store="", qualifier="LATEST", version_id="")
        return shared
    function.version_id, function.qualifier = "", "LATEST"
    shared.logger, shared.log_project, shared.log_store = None, "", ""
    return shared


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What one delivery gave: what was returned, what was logged, what DataWorks was asked, how long it took.

    `verdict` is the log line of the verdict, None where there was none (a request through an HTTP trigger).
    """

    returned: dict[str, object]
    log: list[dict[str, object]]
    verdict: dict[str, object] | None
    received: list[Received]
    initialize_ms: float
    handler_ms: float


EXTENSION_CODE = "local-extension"
"""Code of the extension in a local run."""

_KEPT_OUT = re.compile(r"(?i)DEBUG|.*_PROXY|ALIBABA_CLOUD_.*|DATAWORKS_ENDPOINT|DATAWORKS_EXTENSION_CODE")
"""Variables of the surroundings that would lead a call or a log elsewhere."""


def invoke(body: bytes, variables: Mapping[str, str]) -> Run:
    """Run one delivery through handler.py against a DataWorks of its own, with `variables` set in the environment.

    Raises what `initialize` and `handler` raise.
    """
    key = Credentials(f"LOCAL{secrets.token_hex(8)}", secrets.token_hex(16), secrets.token_hex(32))
    with DataWorks(keys=[key], extension_code=EXTENSION_CODE) as dataworks:
        ours = {
            "DATAWORKS_ENDPOINT": dataworks.url,
            "DATAWORKS_EXTENSION_CODE": EXTENSION_CODE,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
            "ALIBABA_CLOUD_SECURITY_TOKEN": key.security_token,
        }
        kept = {name: value for name, value in os.environ.items() if not _KEPT_OUT.fullmatch(name)}
        with _environment({**kept, **ours, **variables}), _log() as lines:
            if str(ROOT) not in sys.path:
                sys.path.insert(0, str(ROOT))
            started = time.perf_counter()
            handler = importlib.import_module("handler")
            handler.initialize(context())
            initialized = time.perf_counter()
            returned = handler.handler(body, context())
            ended = time.perf_counter()
    return Run(
        returned=msgspec.json.decode(returned),
        log=lines,
        verdict=next((line for line in lines if line["event"] == "verdict"), None),
        received=dataworks.received,
        initialize_ms=round((initialized - started) * 1000, 1),
        handler_ms=round((ended - initialized) * 1000, 1),
    )


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _log() -> Iterator[list[dict[str, object]]]:
    """The lines that the extension logs, instead of on the terminal."""
    lines: list[dict[str, object]] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append({"level": record.levelname, **msgspec.json.decode(record.getMessage())})

    collector = Collector()
    propagate, LOG.propagate = LOG.propagate, False
    LOG.addHandler(collector)
    try:
        yield lines
    finally:
        LOG.removeHandler(collector)
        LOG.propagate = propagate
