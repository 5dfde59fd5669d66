"""A small DataWorks on loopback, and a Function Compute to run the handler in: for the command line and the tests.

The server speaks the RPC form of the OpenAPI over real sockets, verifies the ACS3-HMAC-SHA256 signature of every
request on its own, turns down what the platform would turn down, and records what it is asked. It is written from the
documents of the platform, not from the SDK, so that each can find the other wrong. The codes for what does not exist
are documented nowhere: they are unverified. Where it is told to, it fails in every way of `faults`.

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
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace, TracebackType
from typing import Self, TypeVar
from urllib.parse import parse_qsl, quote

import msgspec

from extension import envelopes, errors, events
from extension.dataworks import MESSAGE_PARAMETERS, VERSION, Credentials
from extension.errors import ExtensionError, PolicyError
from extension.events import Callback
from extension.faults import Fault, Handler, Outage, Server
from extension.settings import plain
from extension.storage import LOG, ROOT
from extension.tree import Place, Section, load

_SKEW = timedelta(minutes=15)
_MAX_BODY_BYTES = 1024 * 1024
_ALGORITHM = "ACS3-HMAC-SHA256"


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A request that the server answered. `connection` is the client's port: the same for one TCP connection.

    `verified` says whether signature, date and nonce were right; `status` and `code` how it was answered (200 and
    empty: taken), or would have been but for a fault on the way back. Where a fault gives an answer without a code, its
    name is the code; the status is 0 where there was none.
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
    """`answer` is what is said instead of code and message."""

    def __init__(self, status: int, code: str, message: str, answer: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.answer = answer


_EXPIRED = (400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
_MISMATCH = "Specified signature does not match our calculation. Server canonicalRequest is:{canonical}"
"""The platform quotes what it signed, headers included: this one does so too, to keep the client careful."""

_THROTTLED = (429, "Throttling.User", "Request was denied due to user flow control.")
_NOT_TAKEN = {
    Fault.HANG: (0, Fault.HANG.value, ""),
    Fault.UNSUCCESSFUL: (200, Fault.UNSUCCESSFUL.value, ""),
    Fault.INTERNAL_ERROR: (500, "InternalError.System", "An error occurred while processing your request."),
    Fault.UNAVAILABLE: (503, Fault.UNAVAILABLE.value, ""),
    Fault.THROTTLED: _THROTTLED,
    Fault.THROTTLED_FOR: _THROTTLED,
    Fault.SIGNATURE: (400, "SignatureDoesNotMatch", _MISMATCH),
    Fault.SKEW: _EXPIRED,
}
"""How a call is answered that a fault keeps from being taken: status, code, message."""


class DataWorks:
    """The server. Use it in a `with` block.

    It knows the callers in `keys` and one extension, `extension_code`. Operation Center turns WARN down, since it
    documents only OK and Fail; whether the platform does is unverified.

    What came of it is there to be read:

    - `received`: what it was asked, in order; of requests and nonces only the last `remembers`, unless that is None
    - `verdicts`: by the id of the message, the CheckResults that were taken, in order and with repeats, until somebody
      removes them. A second one is taken as the first was: what the platform does with it is unverified.

    What it answers from can be set at any time; in the first four the key `*` stands for every other.

    - `snapshots`: the EventDetail of an event, by message id
    - `options`: what a workspace chose, by its id; a text is sent as it is, though it may be no JSON
    - `members`: by the id of the workspace, the codes of the roles of each member by their id
    - `instances`: what is known of an instance, by its id, with its environment as "ProjectEnv" (else PROD)
    - `parameters`: those that the extension was registered with, as one text
    - `registration`: what else GetExtension says of it, by the API's names: Status, BindEventList, OptionSetting...
    - `failing`: HTTP status and error code to answer a call with instead, by the action
    - `faults`: what goes wrong with a call whose signature is right, by the action; the outage of `*` befalls every
      call that its own does not
    - `retry_after_ms`: what a call is told that is throttled for a time
    - `clock_ahead`: how far its clock is ahead of ours: in the header Date, and where it looks at the date of a request
    """

    def __init__(self, *, keys: list[Credentials], extension_code: str, remembers: int | None = None) -> None:
        self.keys = {key.access_key_id: key for key in keys}
        self.extension_code = extension_code
        self.received: list[Received] = []
        self.snapshots: dict[str, Mapping[str, object]] = {}
        self.options: dict[str, object] = {}
        self.members: dict[str, Mapping[str, Sequence[str]]] = {}
        self.instances: dict[str, Mapping[str, object]] = {}
        self.parameters = ""
        self.registration: dict[str, object] = {"Status": 1}
        self.failing: dict[str, tuple[int, str]] = {}
        self.faults: dict[str, Outage] = {}
        self.retry_after_ms = 20
        self.clock_ahead = timedelta(0)
        self.verdicts: dict[str, list[str]] = {}
        self._remembers = sys.maxsize if remembers is None else remembers
        self._nonces: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self._server = Server(_handler(self))

    @property
    def url(self) -> str:
        """Where it listens, as DATAWORKS_ENDPOINT takes it."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Start to serve."""
        self.accept()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up on every caller, and close the socket."""
        self._server.close()

    def refuse(self) -> None:
        """Hang up on every caller, and refuse connections until `accept`; any thread may call both."""
        self._server.refuse()

    def accept(self) -> None:
        """Serve again, at the same `url`."""
        self._server.accept()

    def answer(self, request: "_Request") -> tuple[int, dict[str, object]]:
        """Judge one request as the platform would, record it, and say what to answer."""
        request_id = str(uuid.uuid4()).upper()
        action, verified = request.headers.get("x-acs-action", ""), False
        try:
            self._verify(request)
            verified = True
            self._strike(request)
            answer = self._take(request)
            status, code = 200, ""
        except _Refusal as refusal:
            status, code = refusal.status, refusal.code
            answer = refusal.answer or {
                "Code": code,
                "Message": str(refusal),
                "HostId": request.headers.get("host", ""),
            }
        with self._lock:
            self.received.append(
                Received(
                    action=action,
                    parameters=request.parameters,
                    access_key_id=request.access_key_id,
                    verified=verified,
                    status=status,
                    code=code,
                    request_id=request_id,
                    connection=request.connection,
                )
            )
            while len(self.received) > self._remembers:
                del self.received[0]
            if action in {*Callback} and not code:
                self.verdicts.setdefault(request.parameters["MessageId"], []).append(request.parameters["CheckResult"])
        return status, {"RequestId": request_id, **answer}

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
            raise _Refusal(400, "SignatureDoesNotMatch", _MISMATCH.format(canonical=canonical))
        self._verify_freshness(headers)

    def _verify_freshness(self, headers: Mapping[str, str]) -> None:
        try:
            sent = datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise _Refusal(400, "InvalidTimeStamp.Format", "Specified time stamp is not well formatted.") from None
        if abs(datetime.now(UTC) + self.clock_ahead - sent) > _SKEW:
            raise _Refusal(*_EXPIRED)
        nonce = headers["x-acs-signature-nonce"]
        with self._lock:
            if nonce in self._nonces:
                raise _Refusal(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
            self._nonces[nonce] = None
            while len(self._nonces) > self._remembers:
                self._nonces.popitem(last=False)

    def _strike(self, request: "_Request") -> None:
        """Have an outage befall a request; refuse the request where its fault is that it is not taken."""
        action = request.headers["x-acs-action"]
        outages = (self.faults.get(key) for key in (action, "*"))
        request.fault = next((outage.fault for outage in outages if outage and outage.strikes()), None)
        if request.fault and not request.fault.taken:
            status, code, message = _NOT_TAKEN[request.fault]
            no = "false" if action == Callback.EXTENSION else False
            answer = {"Success": no} if request.fault is Fault.UNSUCCESSFUL else None
            raise _Refusal(status, code, message.format(canonical=request.canonical()), answer)

    def _take(self, request: "_Request") -> Mapping[str, object]:
        """Refuse what makes no sense as a call; else say what the API answers."""
        name = request.headers["x-acs-action"]
        if name not in _OPERATIONS:
            raise _Refusal(404, "InvalidAction.NotFound", "Specified api is not found.")
        if request.headers["x-acs-version"] != VERSION:
            raise _Refusal(404, "InvalidVersion", "Specified version is not found.")
        if name in self.failing:
            raise _Refusal(*self.failing[name], "The server was told to fail.")
        operation, parameters = _OPERATIONS[name], request.parameters
        for required in operation.required:
            if not parameters.get(required):
                raise _Refusal(400, f"Missing{required}", f"{required} is mandatory for this action.")
        forms = {**operation.required, **operation.optional}
        if unknown := set(parameters) - set(forms):
            raise _Refusal(400, "InvalidParameter", f"The action does not know {', '.join(sorted(unknown))}.")
        for parameter, value in parameters.items():
            if not re.fullmatch(forms[parameter], value):
                raise _Refusal(400, f"InvalidParameter.{parameter}", f"{parameter} is not {forms[parameter]}.")
        if parameters.get("ExtensionCode", self.extension_code) != self.extension_code:
            raise _Refusal(400, "InvalidParameter.ExtensionCode", "The extension does not exist.")
        return operation.answer(self, parameters)


class _Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What an API takes, with the form of each parameter as a pattern, and what it answers."""

    required: Mapping[str, str]
    optional: Mapping[str, str]
    answer: Callable[[DataWorks, Mapping[str, str]], dict[str, object]]


_T = TypeVar("_T")


def _held(values: Mapping[str, _T], key: str, name: str) -> _T:
    """What is held under `key`, or for every other; refuses what is not held, as the value of the parameter `name`."""
    if key not in values and "*" not in values:
        raise _Refusal(404, f"Invalid{name}.NotFound", f"The {name} does not exist.")
    return values[key if key in values else "*"]


def _event_detail(dataworks: DataWorks, parameters: Mapping[str, str]) -> dict[str, object]:
    return {"EventDetail": dict(_held(dataworks.snapshots, parameters["MessageId"], "MessageId"))}


def _option_value(dataworks: DataWorks, parameters: Mapping[str, str]) -> dict[str, object]:
    """An empty object for a workspace that never saved any: what the platform answers then is unverified."""
    saved = _held({"*": {}, **dataworks.options}, parameters["ProjectId"], "ProjectId")
    return {"OptionValue": saved if isinstance(saved, str) else json.dumps(saved)}


def _registration(dataworks: DataWorks, _: Mapping[str, str]) -> dict[str, object]:
    known = {"ExtensionCode": dataworks.extension_code, "ParameterSetting": dataworks.parameters}
    return {"Extension": {**known, **dataworks.registration}}


def _member_page(dataworks: DataWorks, parameters: Mapping[str, str]) -> dict[str, object]:
    members = _held(dataworks.members, parameters["ProjectId"], "ProjectId")
    number, size = int(parameters.get("PageNumber", "1")), int(parameters.get("PageSize", "10"))
    page = [
        {"ProjectMemberId": member, "ProjectRoleList": [{"ProjectRoleCode": role} for role in roles]}
        for member, roles in list(members.items())[(number - 1) * size : number * size]
    ]
    counts = {"PageNumber": number, "PageSize": size, "TotalCount": len(members)}
    return {"Data": {**counts, "ProjectMemberList": page}}


def _instance(dataworks: DataWorks, parameters: Mapping[str, str]) -> dict[str, object]:
    """An instance is found in its environment alone; whether the platform looks so closely is unverified."""
    data = dict(_held(dataworks.instances, parameters["InstanceId"], "InstanceId"))
    if data.pop("ProjectEnv", "PROD") != parameters["ProjectEnv"]:
        raise _Refusal(404, "InvalidInstanceId.NotFound", "The InstanceId does not exist.")
    return {"Success": True, "HttpStatusCode": 200, "Data": data}


_TEXT, _NUMBER = "(?s).*", "[0-9]{1,19}"
_VERDICT = {"MessageId": _TEXT, "ExtensionCode": _TEXT, "CheckResult": "OK|FAIL|WARN"}

_OPERATIONS = {
    Callback.IDE.value: _Operation(
        required=_VERDICT, optional={MESSAGE_PARAMETERS[Callback.IDE]: _TEXT}, answer=lambda *_: {}
    ),
    Callback.WORKBENCH.value: _Operation(
        required=_VERDICT | {"CheckResult": "OK|FAIL"},
        optional={MESSAGE_PARAMETERS[Callback.WORKBENCH]: _TEXT},
        answer=lambda *_: {"Success": True},
    ),
    Callback.EXTENSION.value: _Operation(
        required=_VERDICT,
        optional={MESSAGE_PARAMETERS[Callback.EXTENSION]: _TEXT},
        answer=lambda *_: {"Success": "true"},
    ),
    "GetIDEEventDetail": _Operation(
        required={"MessageId": _TEXT, "ProjectId": _NUMBER}, optional={}, answer=_event_detail
    ),
    "GetOptionValueForProject": _Operation(
        required={"ExtensionCode": _TEXT, "ProjectId": _TEXT}, optional={}, answer=_option_value
    ),
    "GetExtension": _Operation(required={"ExtensionCode": _TEXT}, optional={}, answer=_registration),
    "ListProjectMembers": _Operation(
        required={"ProjectId": _NUMBER},
        optional={"PageNumber": "[1-9]|[12][0-9]|30", "PageSize": "[1-9][0-9]?|100"},
        answer=_member_page,
    ),
    "GetInstance": _Operation(
        required={"InstanceId": _NUMBER, "ProjectEnv": "PROD|DEV"}, optional={}, answer=_instance
    ),
}


class _Request:
    """One HTTP request with the parts that the signature is made of."""

    def __init__(self, *, path: str, headers: dict[str, str], body: bytes, connection: int) -> None:
        self.headers = headers
        self.body = body
        self.connection = connection
        self.fault: Fault | None = None
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


def _handler(dataworks: DataWorks) -> type[Handler]:
    class Caller(Handler):
        def do_POST(self) -> None:  # noqa: N802  the name that the standard library calls
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
                status, body = dataworks.answer(request)
                wait = {"x-acs-retry-after": str(dataworks.retry_after_ms)}
                headers = wait if request.fault is Fault.THROTTLED_FOR else None
                self.send(status, body, fault=request.fault, headers=headers)

        def date_time_string(self, timestamp: float | None = None) -> str:
            """The header Date, by the clock of the server."""
            return super().date_time_string((timestamp or time.time()) + dataworks.clock_ahead.total_seconds())

        def _turn_away(self, status: int, code: str, message: str) -> None:
            """Answer without reading the body: what follows on the connection would be taken for a request."""
            self.close_connection = True
            self.send(status, {"Code": code, "Message": message})

    return Caller


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


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What DataWorks answers when rules ask it about an event, as a file for a local run or a case of a policy says."""

    snapshot: Mapping[str, object] | None = None
    """The EventDetail of GetIDEEventDetail: CommittedFile, DeletedFile, FileExecutionCommand or TableModel."""
    options: Mapping[str, object] = {}
    """What the workspace has set of the extension's options."""
    parameters: Mapping[str, str] = {}
    """Parameters of the extension's registration."""
    roles: tuple[str, ...] | None = None
    """Codes of the operator's roles in the workspace: none for who is no member, None for no answer."""
    instances: tuple[Mapping[str, object], ...] = ()
    """Instances as GetInstance tells them, with ProjectEnv beside."""

    @classmethod
    def read(cls, section: Section) -> Self:
        """Read the keys of a section that say it, each optional; what is wrong is noted there."""
        take = partial(section.take, default=None, lists=False)
        return cls(
            snapshot=take("snapshot", _snapshot),
            options=take("options", mapping) or {},
            parameters=take("parameters", _parameters) or {},
            roles=take("roles", _roles),
            instances=take("instances", _instances) or (),
        )

    def prepare(self, dataworks: DataWorks, body: bytes) -> None:
        """Have a server give these answers, whatever it is asked about; the roles to the operator of the delivery."""
        operators: tuple[str, ...] = ()
        with suppress(ExtensionError):  # what is wrong with the delivery is the handler's to say
            operators = envelopes.parse(body).operators
        if self.snapshot is not None:
            dataworks.snapshots["*"] = self.snapshot
        dataworks.options["*"] = self.options
        dataworks.parameters = "\n".join(f"{key}={value}" for key, value in self.parameters.items())
        if self.roles is not None:
            dataworks.members["*"] = dict.fromkeys(operators, self.roles)
        for instance in self.instances:
            dataworks.instances[str(instance.get("InstanceId", "*"))] = instance


def answers(content: bytes, file: str) -> Answers:
    """Read a YAML (or JSON) file of answers. Raises PolicyError with everything that is wrong in it."""
    faults: list[errors.Fault] = []
    root = Section(load(content, file, "what DataWorks answers"), faults, Place(file=file))
    found = Answers.read(root)
    root.close()
    if faults:
        raise PolicyError(file, sorted(faults, key=lambda fault: fault.line))
    return found


def mapping(value: object) -> Mapping[str, object]:
    """Read a mapping of any keys. Raises ValueError."""
    if isinstance(value, dict):
        return value
    raise ValueError(f"expected a mapping, found {plain(value)}")


def _snapshot(value: object) -> Mapping[str, object]:
    detail = mapping(value)
    if not events.file_snapshot(detail) and not events.table_snapshot(detail):
        found = ", ".join(detail) or "nothing"
        raise ValueError(
            f"expected CommittedFile, DeletedFile, FileExecutionCommand or TableModel, found {found} in it"
        )
    return detail


def _parameters(value: object) -> Mapping[str, str]:
    """Parameters are text to the platform, whatever they look like in YAML."""
    found = mapping(value)
    if wrong := next((key for key, item in found.items() if not isinstance(item, str | int | float)), None):
        raise ValueError(f"expected text, found {plain(found[wrong])} at {wrong}")
    return {key: str(item).lower() if isinstance(item, bool) else str(item) for key, item in found.items()}


def _roles(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"expected a list of codes of roles such as role_project_dev, found {plain(value)}")
    return tuple(value)


def _instances(value: object) -> tuple[Mapping[str, object], ...]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(f"expected a list of instances, each a mapping as GetInstance answers, found {plain(value)}")
    return tuple(value)


EXTENSION_CODE = "local-extension"
"""Code of the extension in a local run."""

_KEPT_OUT = re.compile(r"(?i)DEBUG|.*_PROXY|ALIBABA_CLOUD_.*|DATAWORKS_ENDPOINT|DATAWORKS_EXTENSION_CODE")
"""Variables of the surroundings that would lead a call or a log elsewhere."""


_RECORDING_S = 10.0
"""How long a run waits for its verdict to be recorded, where EXTENSION_RECORDS is set."""


def invoke(body: bytes, variables: Mapping[str, str], prepare: Callable[[DataWorks], None] | None = None) -> Run:
    """Run one delivery through handler.py against a DataWorks of its own, with `variables` set in the environment.

    `prepare` is called with that DataWorks before the run, to fill what it answers from. Raises what `initialize` and
    `handler` raise.
    """
    key = Credentials(f"LOCAL{secrets.token_hex(8)}", secrets.token_hex(16), secrets.token_hex(32))
    with DataWorks(keys=[key], extension_code=EXTENSION_CODE) as dataworks:
        if prepare:
            prepare(dataworks)
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
            if recorder := handler._extension.recorder:  # noqa: SLF001  nobody else can: this process ends next
                recorder.close(_RECORDING_S)
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
