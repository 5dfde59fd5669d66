"""Where the extension meets the world: the only reader of clock and environment, and the builder of the rest.

What survives a call is what `Extension` holds. What a call needs to know is read once, into a `Call`.
"""

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from extension import storage
from extension.dataworks import CALL_S, Cache, Credentials, Guarded, Line, Transport
from extension.deliveries import Deliveries
from extension.errors import ConfigurationError, PolicyError
from extension.overtime import Workers
from extension.rules import Policy, empty
from extension.storage import LOG, ROOT

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


def environment() -> Environment:
    """Read the variables that README.md documents. Raises ConfigurationError for one that does not make sense."""
    variables = os.environ
    path = Path(variables.get("EXTENSION_POLICY") or "policy.yaml")
    return Environment(
        extension_code=variables.get("DATAWORKS_EXTENSION_CODE", "").strip(),
        endpoint=_endpoint(variables.get("DATAWORKS_ENDPOINT", "").strip()),
        client=Client(_choice(variables, "DATAWORKS_CLIENT", tuple(Client))),
        callback=_choice(variables, "DATAWORKS_CALLBACK", ("on", "off")) == "on",
        policy=ROOT / path,
        mode=Switch(_choice(variables, "EXTENSION_MODE", tuple(Switch))),
        response_fields=_response_fields(variables.get("EXTENSION_RESPONSE_FIELDS") or "checkResult,errorMessage"),
    )


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
    if url.scheme == "http" and not re.fullmatch(r"localhost|127(\.\d{1,3}){3}|::1", host):
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

    def __init__(self, context: object) -> None:
        """Raises ConfigurationError or PolicyError, so that an instance that cannot judge does not start.

        With the emergency switch off nothing is judged: then a broken policy is logged, and keeps nobody waiting.
        """
        LOG.setLevel(logging.INFO)
        self.environment = environment()
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
        if self.environment.callback or (self._store and self._store.current.asks):
            self.transport()

    def policy(self, call: Call) -> Policy:
        """The policy in force now; take it once for an event. A mount that hangs leaves the last one in force."""
        if self._store is None:
            return empty(storage.name_of(self.environment.policy))
        if self._deployed:
            return self._store.policy()
        if call.started < self._next_look:
            return self._store.current
        try:
            found = self.workers.run(self._store.policy, min(POLICY_S, (call.deadline - call.started) / 2))
        except TimeoutError:
            self.slow_policy, self._next_look = True, call.clock() + POLICY_AGAIN_S
            return self._store.current
        self.slow_policy = False
        return found

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
            if not endpoint.host and not _is_region(self.region):
                raise ConfigurationError("FC_REGION", "the region is not known; set it, or DATAWORKS_ENDPOINT")
            if self.environment.client is Client.SDK or (endpoint.protocol == "https" and _proxied()):
                sdk = self._sdk()
                if sdk is None:
                    raise ConfigurationError("DATAWORKS_CLIENT", "the SDK is needed, and this package is without it")
                self._transport = sdk
            else:
                from extension.light import Light  # noqa: PLC0415  not needed where nothing is asked or posted

                light = Light(
                    region=self.region,
                    endpoint=endpoint.host,
                    protocol=endpoint.protocol,
                    now=now,
                    clock=time.monotonic,
                )
                self._transport = Guarded(light, self._second, clock=time.monotonic)
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


def _is_region(name: str) -> bool:
    """Whether it can be the name of a region, and so a part of the name of a host."""
    return name.isascii() and name.replace("-", "").isalnum() and name == name.lower()


def _proxied() -> bool:
    """Whether calls are to go through a proxy."""
    return bool(os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"))


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
