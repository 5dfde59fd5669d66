"""One call of each API that a policy needs, which changes nothing: whether it may be made.

A callback needs the id of an event that waits. Ours is one that no event can have, so that no operation is answered;
how the platform refuses it, and whether it does, is unverified: every answer that is not about who calls, what they
may, or how often says that the call may be made.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from secrets import token_hex
from typing import TypeVar

from extension import catalogue, edges
from extension.dataworks import Credentials, Transport, must_succeed
from extension.doctor import Level, Remark, refusals, registered
from extension.doctor.registered import Registration
from extension.doctor.setup import Setup
from extension.edges import Client
from extension.errors import PlatformError
from extension.overtime import Workers
from extension.registration.points import asked
from extension.rules import Policy

CALL_S = 5.0
"""Most that one call may take."""

T = TypeVar("T")


class Caller:
    """Makes calls as the function does, each once and in bounded time."""

    def __init__(self, setup: Setup, credentials: Credentials, workers: Workers) -> None:
        """Raises ImportError where the SDK must make them and is not installed."""
        self._workers = workers
        self._credentials = credentials
        self._setup = setup
        self._transport: Transport
        if setup.environment.client is Client.SDK or setup.proxied:
            self._transport = self._sdk()
        else:
            self._transport = edges.guarded(setup.region, setup.environment.endpoint, self._second)

    def _sdk(self) -> Transport:
        from extension.sdk import Sdk  # noqa: PLC0415  heavy, and not everybody has it

        endpoint = self._setup.environment.endpoint
        return Sdk(region=self._setup.region, endpoint=endpoint.host, protocol=endpoint.protocol)

    def _second(self, within_s: float) -> Transport | None:
        del within_s  # here nobody waits
        try:
            return self._sdk()
        except ImportError:
            return None

    @property
    def doubt(self) -> str:
        """Why the SDK makes the calls and not the light client, empty where it is as it was set."""
        return getattr(self._transport, "doubt", "")

    def registration(self, code: str) -> Registration:
        """What the extension is registered with. Raises PlatformError."""
        return self._bounded(
            "GetExtension", lambda: registered.registration(self._transport, self._credentials, extension_code=code)
        )

    def call(self, action: str, parameters: Mapping[str, str]) -> None:
        """Make a call. Raises PlatformError."""
        answer = self._bounded(action, lambda: self._transport.call(action, parameters, self._credentials, CALL_S))
        must_succeed(action, answer, self._credentials)

    def _bounded(self, action: str, work: Callable[[], T]) -> T:
        try:
            return self._workers.run(work, CALL_S)
        except TimeoutError:
            raise PlatformError(
                action=action, status=0, code="Timeout", message=f"no answer in {CALL_S:.0f} s", request_id=""
            ) from None


def needed(policy: Policy | None, events: frozenset[str], *, callback: bool) -> dict[str, Sequence[str]]:
    """The APIs that are called for the rules of a policy and the events that are registered, each with what for."""
    found: dict[str, list[str]] = {}
    codes = events | (policy.plan.keys() if policy else frozenset())
    for code in sorted(codes & catalogue.BY_CODE.keys()):
        answered = catalogue.BY_CODE[code].callback
        if answered and callback:
            found.setdefault(answered.value, []).append(code)
    for rule in policy.rules if policy else ():
        for action in asked(rule):
            found.setdefault(action, []).append(f"rule {rule.id}")
    return {action: tuple(whom) for action, whom in found.items()}


def remarks(caller: Caller, wanted: Mapping[str, Sequence[str]], *, code: str, workspace: str) -> Iterator[Remark]:
    """Make each call once. What befalls every call is said once, and ends it."""
    for action, whom in wanted.items():
        parameters = _parameters(action, code, workspace)
        lacks = [name for name, value in parameters.items() if not value]
        if lacks:
            yield _left_out(action, lacks[0])
            continue
        try:
            caller.call(action, parameters)
        except PlatformError as error:
            remark = refusals.about(error)
            answered = f"answered with {error.code}, as it is about nothing"
        else:
            remark, answered = None, "taken"
        yield remark or Remark(
            id="calls.allowed", level=Level.OK, what=f"{action} may be called ({answered}), for {_listed(whom)}"
        )
        if remark and refusals.of_all(remark):
            return


def _parameters(action: str, code: str, workspace: str) -> Mapping[str, str]:
    """What a call is made with."""
    nobody = f"extension-doctor-{token_hex(16)}"
    return {
        "GetIDEEventDetail": {"MessageId": nobody, "ProjectId": workspace},
        "GetOptionValueForProject": {"ExtensionCode": code, "ProjectId": workspace},
        "ListProjectMembers": {"ProjectId": workspace, "PageNumber": "1", "PageSize": "1"},
        "GetInstance": {"InstanceId": "1", "ProjectEnv": "PROD"},
    }.get(action) or {"ExtensionCode": code, "MessageId": nobody, "CheckResult": "OK"}


def _left_out(action: str, lacks: str) -> Remark:
    workspace = lacks == "ProjectId"
    missing = "no workspace is known" if workspace else "there is no code of the extension"
    return Remark(
        id="calls.not-looked-at",
        level=Level.NOTE,
        what=f"{action} was not called: {missing}",
        why="Whether it may be called is not known.",
        do="Name a workspace whose events are judged: --workspace ID."
        if workspace
        else "Set DATAWORKS_EXTENSION_CODE.",
    )


_SHOWN = 3


def _listed(whom: Sequence[str]) -> str:
    more = f" and {len(whom) - _SHOWN} more" if len(whom) > _SHOWN else ""
    return ", ".join(whom[:_SHOWN]) + more
