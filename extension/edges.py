"""Where the extension meets the world: the only reader of clock and environment, and the builder of the rest.

What survives a call is what `Extension` holds. What a call needs to know is read once, into a `Call`.
"""

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from extension import storage
from extension.dataworks import CALL_S, Cache, Credentials, Guarded, Line, Transport
from extension.deliveries import Deliveries
from extension.errors import ConfigurationError, PolicyError
from extension.overtime import Workers
from extension.rules import Policy, empty
from extension.storage import LOG, ROOT

if TYPE_CHECKING:
    from extension.recorder import Recorder
    from extension.records import Judgement
    from extension.signatures import Replays, Verifier
    from extension.stores import Store

POST_S = CALL_S
"""Time kept back from judging for the callback: one call, or shorter ones where the first of them fails."""

RETURN_S = 0.5
"""Time kept back from everything: for the log and the way back; a tenth of a short timeout."""

ASKING = 3 / 4
"""What of the time for judging the questions to DataWorks may take together: the rest is for the rules themselves."""

POLICY_S, POLICY_AGAIN_S = 10.0, 30.0
"""Most that a look at a policy on a mount may take, with loading it where it has changed; and when the next look is
after one that took longer.
"""

DEFAULT_TIMEOUT_S = 60.0
"""Time of an invocation where the context does not tell it: the default of Function Compute's console."""

_LONGEST_TIMEOUT_S = 86_400.0
"""Longest time of an invocation that Function Compute takes."""


class Switch(StrEnum):
    """The emergency switch: judge and answer; judge, log and answer OK; answer OK and judge nothing."""

    ENFORCE = "enforce"
    SHADOW = "shadow"
    OFF = "off"


class Client(StrEnum):
    """What makes the calls: the standard library, with the SDK behind it, or the SDK alone."""

    LIGHT = "light"
    SDK = "sdk"


class Endpoint(msgspec.Struct, frozen=True):
    """Where calls go: `host` with its port, or empty for the endpoint that the SDK knows for the region."""

    protocol: str = "https"
    host: str = ""


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment variables say, validated."""

    extension_code: str
    endpoint: Endpoint
    client: Client
    callback: bool
    policy: Path
    mode: Switch
    response_fields: tuple[str, str]
    records: str
    """Where verdicts are recorded: a folder, or a URL of a database; empty for nowhere."""
    record_days: int
    """How long, 0 for ever."""
    record_bytes: int
    """Most that a record holds of what an event says, and of what its SQL or code says."""
    url: str
    """Where people reach the pages, without a slash at the end; empty where there are none."""
    link_key: str
    """What links to the page of a verdict are signed with, empty for no links."""
    link_days: int
    eventbridge_url: str
    """The target's URL as the rule of EventBridge has it, with which it signs; empty where no push is taken."""
    eventbridge_token: str
    certificates: str
    """Folder with EventBridge's certificates, empty where they are fetched."""

    def __repr__(self) -> str:
        """Nothing of it: some of it is secret."""
        return "Environment(...)"


RECORD_DAYS, LINK_DAYS, RECORD_KB = 180, 7, 64
"""How long a verdict is kept, how long a link leads to it, and most that it holds of an event."""


def variables(beneath: Mapping[str, str] = MappingProxyType({})) -> Mapping[str, str]:
    """The environment variables, and those of a file that they stand over."""
    return {**beneath, **os.environ}


def environment(
    records: str = "", variables: Mapping[str, str] | None = None, folder: Path | None = None
) -> Environment:
    """Read the variables that README.md documents. Raises ConfigurationError for one that does not make sense.

    `records` is where verdicts are recorded if the environment does not say, `folder` where the path of the policy
    begins if not beside handler.py. `variables` are read in the place of the environment.
    """
    variables = os.environ if variables is None else variables
    url = _url(variables, "EXTENSION_URL").rstrip("/")
    path = Path(variables.get("EXTENSION_POLICY") or "policy.yaml")
    return Environment(
        extension_code=variables.get("DATAWORKS_EXTENSION_CODE", "").strip(),
        endpoint=_endpoint(variables.get("DATAWORKS_ENDPOINT", "").strip()),
        client=Client(_choice(variables, "DATAWORKS_CLIENT", tuple(Client))),
        callback=_choice(variables, "DATAWORKS_CALLBACK", ("on", "off")) == "on",
        policy=(folder or ROOT) / path,
        mode=Switch(_choice(variables, "EXTENSION_MODE", tuple(Switch))),
        response_fields=_response_fields(variables.get("EXTENSION_RESPONSE_FIELDS") or "checkResult,errorMessage"),
        records=variables.get("EXTENSION_RECORDS", "").strip() or records,
        record_days=_whole(variables, "EXTENSION_RECORDS_DAYS", RECORD_DAYS, "days", least=0),
        record_bytes=_whole(variables, "EXTENSION_RECORDS_KB", RECORD_KB, "KB", least=1) * 1024,
        url=url,
        link_key=_secret(variables, "EXTENSION_LINK_KEY"),
        link_days=_whole(variables, "EXTENSION_LINK_DAYS", LINK_DAYS, "days", least=1),
        eventbridge_url=_url(variables, "EVENTBRIDGE_URL") or (url and f"{url}/events"),
        eventbridge_token=variables.get("EVENTBRIDGE_TOKEN", "").strip(),
        certificates=variables.get("EVENTBRIDGE_CERTIFICATES", "").strip(),
    )


class ServiceEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment variables say to the service alone, validated."""

    host: str
    port: int
    admin_token: str
    """What opens the administrator's pages and the metrics, empty where they are not there."""
    function_compute: bool
    """Whether a custom runtime of Function Compute runs it, so that the headers x-fc-... are its own."""
    webhook: str
    """Robot that is told what was blocked, empty for none."""
    webhook_secret: str

    def __repr__(self) -> str:
        """Nothing of it: some of it is secret."""
        return "ServiceEnvironment(...)"


LISTEN = "127.0.0.1:9000"
"""Where the service listens if nobody says; 9000 is the port of Function Compute's custom runtimes."""


def service_environment(variables: Mapping[str, str] = os.environ) -> ServiceEnvironment:
    """Read the variables of the service. Raises ConfigurationError for one that does not make sense."""
    listen = variables.get("EXTENSION_LISTEN", "").strip() or LISTEN
    found = re.fullmatch(r"(?P<host>[\w.-]+|\[[0-9a-fA-F:]+\]):(?P<port>[0-9]{1,5})", listen, re.ASCII)
    if found is None or int(found["port"]) > _LAST_PORT:
        raise ConfigurationError("EXTENSION_LISTEN", f"expected host:port, found {listen!r}")
    return ServiceEnvironment(
        host=found["host"].strip("[]"),
        port=int(found["port"]),
        admin_token=_secret(variables, "EXTENSION_ADMIN_TOKEN"),
        function_compute=_choice(variables, "EXTENSION_FC", ("off", "on")) == "on",
        webhook=variables.get("DINGTALK_WEBHOOK", "").strip(),
        webhook_secret=variables.get("DINGTALK_SECRET", "").strip(),
    )


_LAST_PORT = 65_535


def _url(variables: Mapping[str, str], name: str) -> str:
    """A public address, empty for none. What it says is not quoted: a token may stand in it."""
    value = variables.get(name, "").strip()
    try:
        url = urlsplit(value)
        host, _ = url.hostname or "", url.port
    except ValueError:
        raise ConfigurationError(name, "expected a URL") from None
    fits = value.isascii() and value.isprintable() and " " not in value and "@" not in url.netloc and not url.fragment
    if value and not (fits and host and (url.scheme == "https" or (url.scheme == "http" and _is_loopback(host)))):
        raise ConfigurationError(name, "expected a URL that begins with https://, or with http:// and a loopback host")
    return value


def _is_loopback(host: str) -> bool:
    return bool(re.fullmatch(r"localhost|127(\.\d{1,3}){3}|::1", host))


def _whole(variables: Mapping[str, str], name: str, otherwise: int, unit: str, *, least: int) -> int:
    """A whole number of something."""
    value = variables.get(name, "").strip() or str(otherwise)
    if not re.fullmatch(r"[0-9]{1,4}", value) or int(value) < least:
        raise ConfigurationError(name, f"expected a whole number of {unit} of at least {least}, found {value!r}")
    return int(value)


def _secret(variables: Mapping[str, str], name: str) -> str:
    """A secret that is long enough, empty for none."""
    value = variables.get(name, "").strip()
    if not value:
        return ""
    from extension import links  # noqa: PLC0415  for who has pages alone

    try:
        return links.key(value)
    except ValueError as error:
        raise ConfigurationError(name, str(error)) from None


def _choice(variables: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """The value of a variable that has a few, the first of which is the default."""
    value = variables.get(name, "").strip() or choices[0]
    if value not in choices:
        raise ConfigurationError(name, f"expected {', '.join(choices)}, found {value!r}")
    return value


def _endpoint(value: str) -> Endpoint:
    if not value:
        return Endpoint()
    try:
        url = urlsplit(value if "://" in value else f"https://{value}")
        host, _ = url.hostname or "", url.port
    except ValueError:  # its text quotes the value, in which a password may stand
        raise ConfigurationError("DATAWORKS_ENDPOINT", "expected host[:port] or a URL") from None
    plain = url.scheme in ("http", "https") and url.path in ("", "/") and not url.query and not url.fragment
    if not host or not plain or "@" in url.netloc or not re.fullmatch(r"[\w.:-]+", host, re.ASCII):
        raise ConfigurationError("DATAWORKS_ENDPOINT", "expected host[:port], https://host[:port] or a loopback URL")
    if url.scheme == "http" and not _is_loopback(host):
        raise ConfigurationError("DATAWORKS_ENDPOINT", "plain http goes to a loopback address only; use https")
    return Endpoint(protocol=url.scheme, host=url.netloc)


def _response_fields(value: str) -> tuple[str, str]:
    names = tuple(name.strip() for name in value.split(","))
    if len(names) != 2 or not all(names) or names[0] == names[1]:  # noqa: PLR2004  verdict and message
        raise ConfigurationError(
            "EXTENSION_RESPONSE_FIELDS", "expected two different names, such as checkResult,errorMessage"
        )
    return names[0], names[1]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What one invocation brings: read once, when it starts.

    `now` is in UTC. `clock` counts seconds from any point; on it, `asked` is the moment when the last question to
    DataWorks must be answered, `deadline` when judging must be done, and `ends` when all must be. `left` is how many
    threads of earlier calls have not come to an end. `credentials` are None where the function has no role.
    """

    request_id: str
    now: datetime
    clock: Callable[[], float]
    started: float
    asked: float
    deadline: float
    ends: float
    left: int
    credentials: Credentials | None

    def elapsed_ms(self) -> float:
        """Milliseconds since the call started, with microseconds behind the point."""
        return round((self.clock() - self.started) * 1000, 3)


_T = TypeVar("_T")

NO_CREDENTIALS = "no credentials: give the function a role"


def need(value: _T | None, variable: str, problem: str) -> _T:
    """What a call cannot do without. Raises ConfigurationError."""
    if not value:
        raise ConfigurationError(variable, problem)
    return value


OPTIONS_TTL_S, PARAMETERS_TTL_S, ROLES_TTL_S = 60.0, 300.0, 300.0
"""How long an instance keeps what the platform answered."""

ANSWERED_TTL_S, ANSWERED_SIZE = 300.0, 1000
"""How long an instance remembers what it answered, and to how many events.

A delivery is made again 10 to 20 seconds after one that failed, or up to 512 where the rule of EventBridge says so.
Source: https://www.alibabacloud.com/help/en/eventbridge/user-guide/retry-policies-and-dead-letter-queues
"""


class Extension:
    """What is built once for an instance: the environment's settings, the policy, the way to DataWorks, its answers."""

    def __init__(self, context: object, records: str = "") -> None:
        """Raises ConfigurationError or PolicyError, so that an instance that cannot judge does not start.

        With the emergency switch off nothing is judged: then a broken policy is logged, and keeps nobody waiting.
        `records` is where verdicts are recorded if the environment does not say.
        """
        LOG.setLevel(logging.INFO)
        self.environment = environment(records)
        try:
            self._store: storage.Store | None = storage.Store(self.environment.policy)
        except PolicyError as error:
            if self.environment.mode is not Switch.OFF:
                raise
            storage.log_broken(error, "EXTENSION_MODE is off: nothing is judged")
            self._store = None
        self.region = str(getattr(context, "region", "") or os.environ.get("FC_REGION", ""))
        self.options: Cache[Mapping[str, object]] = Cache(OPTIONS_TTL_S)
        self.parameters: Cache[Mapping[str, str]] = Cache(PARAMETERS_TTL_S)
        self.roles: Cache[Mapping[str, frozenset[str]]] = Cache(ROLES_TTL_S, size=50, stale=False)
        self.answers = Deliveries(ANSWERED_TTL_S, ANSWERED_SIZE)
        self.workers = Workers()
        self.pause: Callable[[float], None] = time.sleep
        self.slow_policy = False
        """Whether the last look at the policy took too long, so that an earlier one is in force."""
        self._next_look = 0.0
        self._deployed = self.environment.policy.is_relative_to(ROOT)
        self._transport: Transport | None = None
        self._loading: threading.Thread | None = None
        self._verifier: tuple[Verifier, Replays] | None = None
        self.recorder = self._recorder() if self.environment.records else None
        self.witnesses: list[Callable[[Judgement], None]] = [self.recorder.add] if self.recorder else []
        """Who is told of each verdict once it is posted: they take no time, and raise nothing."""
        if self.environment.callback or (self._store and self._store.current.asks):
            self.transport()

    def policy(self, call: Call) -> Policy:
        """The policy in force now; take it once for an event. A mount that hangs leaves the last one in force."""
        if self._store is None or self._deployed:
            return self.in_force()
        if call.started < self._next_look:
            return self._store.current
        try:
            found = self.workers.run(self._store.policy, min(POLICY_S, (call.deadline - call.started) / 2))
        except TimeoutError:
            self.slow_policy, self._next_look = True, call.clock() + POLICY_AGAIN_S
            return self._store.current
        self.slow_policy = False
        return found

    def in_force(self) -> Policy:
        """The policy in force, at once: on a mount, which can hang, as of the last event."""
        if self._store is None:
            return empty(storage.name_of(self.environment.policy))
        return self._store.policy() if self._deployed else self._store.current

    @property
    def broken_policy(self) -> str:
        """What is wrong with the policy on disk where an earlier one is in force, empty where it is that."""
        return self._store.broken if self._store else ""

    @property
    def doubtful_client(self) -> str:
        """Why the SDK makes the calls and not the light client, empty where it is as it was set."""
        return self._transport.doubt if isinstance(self._transport, Guarded) else ""

    def transport(self) -> Transport:
        """The way to DataWorks. What it is made of is loaded while nobody waits yet.

        The SDK makes the calls where the environment says so, or a proxy, which the light client does not know. Raises
        ConfigurationError where it is not known which way it is, or the SDK is needed and not there.
        """
        if self._transport is None:
            endpoint = self.environment.endpoint
            if not endpoint.host and not is_region(self.region):
                raise ConfigurationError("FC_REGION", "the region is not known; set it, or DATAWORKS_ENDPOINT")
            if self.environment.client is Client.SDK or (endpoint.protocol == "https" and proxied()):
                sdk = self._sdk()
                if sdk is None:
                    raise ConfigurationError("DATAWORKS_CLIENT", "the SDK is needed, and this package is without it")
                self._transport = sdk
            else:
                self._transport = guarded(self.region, endpoint, self._second)
        return self._transport

    def _second(self, within_s: float) -> Transport | None:
        """The SDK, None where it is not there, or not in time: then it goes on to be loaded for the next call.

        In a thread of its own, since the one that calls can be stopped, and some modules cannot be begun twice.
        """
        if self._loading is None:
            self._loading = threading.Thread(target=self._sdk, name="extension-sdk", daemon=True)
            self._loading.start()
        self._loading.join(within_s)
        return None if self._loading.is_alive() else self._sdk()

    def _sdk(self) -> Transport | None:
        """The official SDK, None where it is not deployed."""
        try:
            from extension.sdk import Sdk  # noqa: PLC0415  heavy, and mostly not needed
        except ImportError:
            return None
        endpoint = self.environment.endpoint
        return Sdk(region=self.region, endpoint=endpoint.host, protocol=endpoint.protocol)

    def _recorder(self) -> "Recorder":
        """The verdict log. It is opened with the first verdict, and what becomes of it delays none."""
        from extension.recorder import Recorder  # noqa: PLC0415  not needed where nothing is recorded

        self.open_store().close()  # what no store can be is said before the first verdict
        days, most = self.environment.record_days, self.environment.record_bytes
        return Recorder(self.open_store, days=days, record_bytes=most, clock=time.monotonic, now=now)

    def open_store(self) -> "Store":
        """The verdict log, for who reads it. Raises ConfigurationError and StoreError."""
        from extension.stores.opening import open_store  # noqa: PLC0415  not needed where nothing is recorded

        return open_store(need(self.environment.records, "EXTENSION_RECORDS", "not set: no verdict is recorded"))

    def verifier(self) -> "tuple[Verifier, Replays]":
        """What tells whether EventBridge sent a request, and which requests were answered before.

        Who answers requests at the same time asks for it before the first, so that all have the same. Raises
        ConfigurationError where the URL that it signs is not known.
        """
        if self._verifier is None:
            from extension import certificates, signatures  # noqa: PLC0415  for what comes over HTTP alone

            environment = self.environment
            url = need(environment.eventbridge_url, "EVENTBRIDGE_URL", "not set: no signature can be verified")
            folder = environment.certificates
            fetch = certificates.pinned(ROOT / folder) if folder else certificates.fetch
            keys = certificates.Certificates(fetch, time.monotonic)
            self._verifier = signatures.Verifier(url, environment.eventbridge_token, keys), signatures.Replays()
        return self._verifier

    @property
    def has_pages(self) -> bool:
        """Whether the page of a verdict can be reached by who is blocked."""
        return bool(self.recorder and self.environment.url and self.environment.link_key)

    def link(self, identity: str, at: datetime) -> str:
        """The address of the page of a verdict, empty where there is none."""
        environment = self.environment
        if not self.has_pages:
            return ""
        from extension import links  # noqa: PLC0415  for who has pages alone

        until = at + timedelta(days=environment.link_days)
        return links.address(environment.url, environment.link_key, identity, until)

    def line(self, call: Call, until: float) -> Line:
        """The way to DataWorks for one invocation. Raises ConfigurationError as `transport` does."""
        return Line(self.transport(), self.workers, clock=call.clock, pause=self.pause, until=until)

    def call(self, context: object) -> Call:
        """Read clock, credentials and budget for one invocation."""
        started = time.monotonic()
        timeout = _seconds(getattr(getattr(context, "function", None), "timeout", None))
        whole = timeout - min(RETURN_S, timeout / 10)
        judging = max(whole - POST_S, whole / 2)
        return Call(
            request_id=str(getattr(context, "request_id", "") or ""),
            now=datetime.now(UTC),
            clock=time.monotonic,
            started=started,
            asked=started + judging * ASKING,
            deadline=started + judging,
            ends=started + whole,
            left=self.workers.left,
            credentials=_credentials(context),
        )


def now() -> datetime:
    """The moment, in UTC: for who judges without a call of Function Compute."""
    return datetime.now(UTC)


def guarded(region: str, endpoint: Endpoint, second: Callable[[float], Transport | None]) -> Guarded:
    """The light client, with another one behind it; see `Guarded`."""
    from extension.light import Light  # noqa: PLC0415  not needed where nothing is asked or posted

    light = Light(region=region, endpoint=endpoint.host, protocol=endpoint.protocol, now=now, clock=time.monotonic)
    return Guarded(light, second, clock=time.monotonic)


def seconds() -> float:
    """Seconds from any point, for who measures."""
    return time.monotonic()


def is_region(name: str) -> bool:
    """Whether it can be the name of a region, and so a part of the name of a host."""
    return name.isascii() and name.replace("-", "").isalnum() and name == name.lower()


def proxied(variables: Mapping[str, str] = os.environ) -> bool:
    """Whether calls are to go through a proxy."""
    return bool(variables.get("HTTPS_PROXY") or variables.get("https_proxy"))


def _seconds(value: Any) -> float:  # noqa: ANN401  whatever a runtime puts there
    """The function's timeout as the context gives it, the platform's default where it does not."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return DEFAULT_TIMEOUT_S
    return min(seconds, _LONGEST_TIMEOUT_S) if seconds > 0 else DEFAULT_TIMEOUT_S


def _credentials(context: object) -> Credentials | None:
    """Credentials of this moment: the context's (up to python3.10), else the environment's (python3.12); None for none.

    Source: https://help.aliyun.com/en/functioncompute/fc/context-1
    """
    given = getattr(context, "credentials", None)
    names = ("access_key_id", "access_key_secret", "security_token")
    of_context = [str(getattr(given, name, None) or "") for name in names]
    of_environment = [os.environ.get(f"ALIBABA_CLOUD_{name.upper()}", "") for name in names]
    for key_id, secret, token in (of_context, of_environment):
        if key_id and secret:
            return Credentials(key_id, secret, token)
    return None
