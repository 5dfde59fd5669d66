"""The calls of the extension on the standard library alone: what the SDK sends, without what it takes to send it.

A request is the SDK's, byte for byte but for nonce, date, user agent and the signature over them; the SDK is what it is
held against (`tests/test_contract.py`).

Source: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
"""

import hashlib
import hmac
import os
import select
import socket
import sys
import weakref
from collections.abc import Callable, Mapping
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import msgspec

from extension import __version__, bounds
from extension.dataworks import CALL_S, CONNECTING, MAX_MESSAGE_CHARS, UNREADABLE, VERSION, Credentials
from extension.errors import PlatformError
from extension.verdict import clean

if TYPE_CHECKING:
    from ssl import SSLContext

IDLE_S = 30.0
"""A connection that lay idle for longer is not used again: an instance can be frozen meanwhile, and the server gone."""

MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""Longest answer that is read; the longest that is known of is the code of a file."""

_IN_QUERY = frozenset({"UpdateWorkbenchEventResult", "GetExtension", "ListProjectMembers"})
"""Actions whose parameters travel in the URL; those of the others are a form. As in the SDK."""

_ALGORITHM = "ACS3-HMAC-SHA256"
_USER_AGENT = f"dataworks-extension/{__version__} Python/{sys.version.partition(' ')[0]}"

# fmt: off
_OWN_HOST = frozenset((
    "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-3", "ap-southeast-5", "cn-beijing",
    "cn-beijing-finance-1", "cn-chengdu", "cn-hangzhou", "cn-hongkong", "cn-north-2-gov-1", "cn-shanghai",
    "cn-shanghai-finance-1", "cn-shenzhen", "cn-shenzhen-finance-1", "cn-wulanchabu", "cn-zhangjiakou", "eu-central-1",
    "eu-west-1", "me-central-1", "me-east-1", "us-east-1", "us-west-1",
))
"""Regions that the SDK knows an endpoint of their own for."""

_CENTRAL = frozenset((
    "ap-northeast-2-pop", "ap-south-1", "ap-southeast-2", "cn-beijing-finance-pop", "cn-beijing-gov-1",
    "cn-beijing-nu16-b01", "cn-edge-1", "cn-fujian", "cn-haidian-cm12-c01", "cn-hangzhou-bj-b01", "cn-hangzhou-finance",
    "cn-hangzhou-internal-prod-1", "cn-hangzhou-internal-test-1", "cn-hangzhou-internal-test-2",
    "cn-hangzhou-internal-test-3", "cn-hangzhou-test-306", "cn-hongkong-finance-pop", "cn-huhehaote",
    "cn-huhehaote-nebula-1", "cn-qingdao", "cn-qingdao-nebula", "cn-shanghai-et15-b01", "cn-shanghai-et2-b01",
    "cn-shanghai-inner", "cn-shanghai-internal-test-1", "cn-shenzhen-inner", "cn-shenzhen-st4-d01",
    "cn-shenzhen-su18-b01", "cn-wuhan", "cn-yushanfang", "cn-zhangbei", "cn-zhangbei-na61-b01",
    "cn-zhangjiakou-na62-a01", "cn-zhengzhou-nebula-1", "eu-west-1-oxs", "rus-west-1-pop",
))
"""Regions that it sends to the central endpoint."""
# fmt: on


def host_of(region: str) -> str:
    """The endpoint of a region; for one that the SDK does not know, what it would try."""
    if region in _CENTRAL:
        return "dataworks.aliyuncs.com"
    return f"dataworks{'' if region in _OWN_HOST else '-public'}.{region}.aliyuncs.com"


class Light:
    """Calls over connections that are kept. Any number of threads can call at the same time."""

    def __init__(
        self,
        *,
        region: str,
        endpoint: str = "",
        protocol: str = "https",
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        """`endpoint` is `host[:port]`, empty for that of `region`. `now` gives UTC, `clock` counts seconds."""
        self._host = endpoint or host_of(region)
        self._secure = protocol == "https"
        self._now = now
        self._clock = clock
        self._idle: list[tuple[HTTPConnection, float]] = []
        self._trust: SSLContext | None = None
        weakref.finalize(self, _close, self._idle)

    def call(
        self, action: str, parameters: Mapping[str, str], credentials: Credentials, within_s: float = CALL_S
    ) -> Mapping[str, object]:
        """Make one call; see `dataworks.Transport`. Its time is looked at again with each piece of the answer."""
        if not credentials.access_key_id or not credentials.access_key_secret:
            raise PlatformError(
                action=action, status=0, code="InvalidCredentials", message="a key is empty", request_id=""
            )
        try:
            response, content = self._exchange(*self._request(action, parameters, credentials), within_s)
        except (OSError, HTTPException, ValueError) as error:
            # Of the text only what the system says of a connection: the rest can quote a header, credentials included.
            reason = error.strerror if isinstance(error, OSError) else ""
            message = clean(reason or "no answer", MAX_MESSAGE_CHARS)
            failure = PlatformError(action=action, status=0, code=type(error).__name__, message=message, request_id="")
        else:
            return _answer(action, response, content, credentials)
        raise failure

    def _request(
        self, action: str, parameters: Mapping[str, str], credentials: Credentials
    ) -> tuple[str, Mapping[str, str], bytes]:
        """Path, headers and body of a signed request, in the order of the SDK."""
        ordered = sorted(parameters.items())
        encoded, query, body, form = urlencode(ordered), "", b"", {}
        if action in _IN_QUERY:  # in the URL a blank is a plus, and signed is %20
            query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in ordered)
        else:
            body, form = encoded.encode(), {"content-type": "application/x-www-form-urlencoded"}
        token = credentials.security_token
        headers = {
            "host": self._host,
            "x-acs-version": VERSION,
            "x-acs-action": action,
            "user-agent": _USER_AGENT,
            "x-acs-date": f"{self._now():%Y-%m-%dT%H:%M:%SZ}",
            "x-acs-signature-nonce": os.urandom(16).hex(),
            "accept": "application/json",
            **form,
            "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
            "x-acs-credentials-provider": "static_sts" if token else "static_ak",
            **({"x-acs-accesskey-id": credentials.access_key_id, "x-acs-security-token": token} if token else {}),
        }
        signed = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
        canonical = f"POST\n/\n{query}\n{lines}\n{signed}\n{headers['x-acs-content-sha256']}"
        to_sign = f"{_ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(credentials.access_key_secret.encode(), to_sign.encode(), "sha256").hex()
        proof = f"{_ALGORITHM} Credential={credentials.access_key_id},SignedHeaders={signed},Signature={signature}"
        length = {"Content-Length": str(len(body))}
        return f"/?{encoded}" if query else "/", {**headers, "Authorization": proof, **length}, body

    def _exchange(
        self, path: str, headers: Mapping[str, str], body: bytes, within_s: float
    ) -> tuple[HTTPResponse, bytes]:
        """Send a request, and read what comes. Raises OSError and HTTPException."""
        connection, response = self._connection(within_s * CONNECTING), None
        try:
            connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Accept-Encoding", "identity")
            for name, value in headers.items():
                connection.putheader(name, value)
            if connection.sock is None:
                connection.connect()
            connection.sock.settimeout(within_s * (1 - CONNECTING))
            connection.endheaders(body)
            response = connection.getresponse()
            content = _whole(response)
        except BaseException:  # also what stops a thread: it may hold the last reference
            if response is not None:
                response.close()
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._idle.append((connection, self._clock()))
        return response, content

    def _connection(self, within_s: float) -> HTTPConnection:
        """A connection that was kept and is still good, else a new one, which connects when it is used."""
        while self._idle:
            try:
                connection, since = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if self._clock() - since < IDLE_S and _quiet(connection.sock):
                return connection
            connection.close()
        if self._secure:
            if self._trust is None:
                self._trust = trust()
            return HTTPSConnection(self._host, timeout=within_s, context=self._trust)
        return HTTPConnection(self._host, timeout=within_s)


def _whole(response: HTTPResponse) -> bytes:
    """The body of an answer. Raises ConnectionError where it is too long, or not all of it comes."""
    content = response.read(MAX_ANSWER_BYTES + 1)
    if response.length or len(content) > MAX_ANSWER_BYTES:
        raise ConnectionError("too long, or not whole")
    return content


def _close(idle: list[tuple[HTTPConnection, float]]) -> None:
    for connection, _ in idle:
        connection.close()


def _quiet(connection: socket.socket) -> bool:
    """Whether nothing has come that nobody asked for: most often that is the end."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return not poll.poll(0)


def trust() -> "SSLContext":
    """What certificates are verified by: those that the machine trusts; where it has none at all, those of certifi."""
    import ssl  # noqa: PLC0415  loaded already, with http.client

    paths = ssl.get_default_verify_paths()
    if paths.cafile or (paths.capath and os.listdir(paths.capath)):  # noqa: PTH208  no Path is at hand
        return ssl.create_default_context()
    import certifi  # noqa: PLC0415  only where it is needed

    return ssl.create_default_context(cafile=certifi.where())


def _answer(action: str, response: HTTPResponse, content: bytes, credentials: Credentials) -> Mapping[str, object]:
    """The body of an answer that says that the call was taken. Raises PlatformError for every other."""
    said, status = _decode(content), response.status
    if said and status == 200 and said.get("RequestId"):  # noqa: PLR2004  OK
        return said
    if said is None or status < 400:  # noqa: PLR2004  the HTTP class of errors
        known, message = (0, f"not the platform's (HTTP {status})") if said is None else (status, "not the platform's")
        raise PlatformError(action=action, status=known, code=UNREADABLE, message=message, request_id="")
    wait_ms = (response.headers.get("x-acs-retry-after") or "")[:10]
    raise PlatformError(
        action=action,
        status=status,
        code=clean(str(said.get("Code") or said.get("code") or UNREADABLE)),
        message=clean(credentials.scrub(str(said.get("Message") or said.get("message") or "")), MAX_MESSAGE_CHARS),
        request_id=clean(str(said.get("RequestId") or said.get("requestId") or "")),
        retry_after_s=int(wait_ms) / 1000 if wait_ms.isascii() and wait_ms.isdecimal() else 0,
    )


def _decode(content: bytes) -> dict[str, object] | None:
    """The JSON object that was answered, None where it is none."""
    if bounds.excess(content):
        return None
    try:
        said = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _decode_leniently(content)
    return said if isinstance(said, dict) else None


def _decode_leniently(content: bytes) -> object:
    """What JSON says in which there is half of a surrogate pair, such as code that was cut in an emoji."""
    import json  # noqa: PLC0415  only damaged answers come here

    try:
        return json.loads(content.decode())
    except ValueError:
        return None
