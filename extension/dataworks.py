"""DataWorks as the extension sees it: what is read from it and posted to it. How calls travel is a transport's.

Source: https://help.aliyun.com/en/dataworks/developer-reference/api-dataworks-public-2020-05-18-updateideeventresult
and the pages of the other operations beside it.
"""

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import msgspec

from extension.errors import ExtensionError, PlatformError
from extension.events import Callback
from extension.overtime import Workers
from extension.verdict import Result, clean

if TYPE_CHECKING:
    from tenacity import RetryCallState

VERSION = "2020-05-18"
"""Version of the API that all calls are made in."""

MESSAGE_PARAMETERS = {
    Callback.IDE: "CheckResultTip",
    Callback.WORKBENCH: "CheckResultTip",
    Callback.EXTENSION: "CheckMessage",
}
"""Parameter that takes the text for the user."""

MESSAGE_CHARS = {Callback.IDE: 1000, Callback.WORKBENCH: 300, Callback.EXTENSION: 1000}
"""Longest text that is posted. The platform's limits are unverified; the tip of the workbench travels in the URL,
where a Chinese character takes nine bytes, so it is kept short."""

READS = ("GetIDEEventDetail", "GetOptionValueForProject", "GetExtension", "ListProjectMembers", "GetInstance")
"""Actions that only read, by the platform's names."""

MEMBERS_PER_PAGE, MEMBER_PAGES = 100, 30
"""Bounds of ListProjectMembers: members of a workspace behind the 3,000th cannot be read."""


class Credentials(msgspec.Struct, frozen=True):
    """What calls are signed with. `security_token` is empty for a key that is not temporary."""

    access_key_id: str
    access_key_secret: str
    security_token: str = ""

    def __repr__(self) -> str:
        """Nothing of the credentials: a secret shall not end in a log or a traceback."""
        return "Credentials(...)"

    def scrub(self, text: str) -> str:
        """`text` with the secret and the token blotted out: a refused signature is answered with what was signed."""
        for secret in (self.access_key_secret, self.security_token):
            text = text.replace(secret, "***") if secret else text
        return text


CALL_S = 8.0
"""Most that one call may take: connection and answer."""

CONNECTING = 3 / 8
"""What of the time of a call is for the connection; the rest is for each piece of the answer."""

MAX_MESSAGE_CHARS = 300
"""Longest text of a failure that is kept."""

UNREADABLE = "UnreadableAnswer"
"""Code of an answer that does not say what became of the call."""


class Transport(Protocol):
    """A way to make a call of the OpenAPI."""

    def call(
        self, action: str, parameters: Mapping[str, str], credentials: Credentials, within_s: float = CALL_S
    ) -> Mapping[str, object]:
        """Make one call in about that time, and return the body of the answer; raises PlatformError for all else."""
        ...


SPARED_S = 60.0
"""How long the second transport is not tried after it did no better than the first."""


class Guarded:
    """A transport with another one behind it, for what may be the first one's own fault: see `PlatformError.mistaken`.

    The second one makes the call again at once, in what is left of its time. Where that goes better it makes all calls
    from then on, and `doubt` says why, empty until then.
    """

    def __init__(
        self, first: Transport, second: Callable[[float], Transport | None], *, clock: Callable[[], float]
    ) -> None:
        """`second` loads the other transport in so many seconds, None where there is none."""
        self.doubt = ""
        self._transport = first
        self._second = second
        self._clock = clock
        self._spared_until = 0.0

    def call(
        self, action: str, parameters: Mapping[str, str], credentials: Credentials, within_s: float = CALL_S
    ) -> Mapping[str, object]:
        """Make one call, or the same one twice; see `Transport`."""
        ends = self._clock() + within_s
        try:
            return self._transport.call(action, parameters, credentials, within_s)
        except PlatformError as error:
            failed = error
        if self.doubt or not failed.mistaken or self._clock() < self._spared_until:
            raise failed
        second = self._second(max(ends - self._clock() - _SHORTEST_S, 0))
        left_s = ends - self._clock()
        if second is None or left_s < _SHORTEST_S:
            raise failed
        try:
            answer = second.call(action, parameters, credentials, left_s)
        except PlatformError:
            self._spared_until = self._clock() + SPARED_S
            raise
        self._transport, self.doubt = second, str(failed)
        return answer


ATTEMPTS = 4
"""How often a call is made at most."""

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 2.0
"""Between two attempts lies a random time of up to this; twice as much with each, but no more than the second."""

_SHORTEST_S = 0.05
"""A call that has less time is not begun."""


class NoTimeError(ExtensionError):
    """A call was not begun. It says nothing of the platform, so that no cache keeps it."""


class Line:
    """A transport for one invocation: makes a call again while that can help, and ends with its time.

    Made again is what may succeed a moment later, see `PlatformError.passing`: after a random wait ("full jitter"), or
    after the time for which the platform wants to be left alone. `attempts` counts the calls that were made. Each has
    half of the time that is left, so that there is some for another; and it is left behind when that is over, for a
    timeout of a socket begins anew with each byte.
    """

    def __init__(
        self,
        transport: Transport,
        workers: Workers,
        *,
        clock: Callable[[], float],
        pause: Callable[[float], None],
        until: float,
    ) -> None:
        """`until` is the moment on the clock when all must be over, `pause` is what waits between two attempts."""
        self.attempts = 0
        self._transport = transport
        self._workers = workers
        self._clock = clock
        self._pause = pause
        self._until = until

    def call(
        self, action: str, parameters: Mapping[str, str], credentials: Credentials, within_s: float = CALL_S
    ) -> Mapping[str, object]:
        """Make a call until it succeeds; see `Transport`. Raises the last error, NoTimeError if none was made."""

        def attempt() -> Mapping[str, object]:
            return self._attempt(action, parameters, credentials, within_s)

        try:
            return attempt()
        except PlatformError as error:
            if not error.passing:
                raise
            return self._again(attempt, error)

    def _attempt(
        self, action: str, parameters: Mapping[str, str], credentials: Credentials, within_s: float
    ) -> Mapping[str, object]:
        left_s = self._until - self._clock()
        if left_s < _SHORTEST_S:
            raise NoTimeError("no time was left to call DataWorks")
        within_s = min(within_s, left_s / 2)
        self.attempts += 1
        try:
            answer = self._workers.run(
                lambda: self._transport.call(action, parameters, credentials, within_s), within_s
            )
        except TimeoutError:
            raise PlatformError(
                action=action, status=0, code="Timeout", message=f"no answer in {within_s:.1f} s", request_id=""
            ) from None
        must_succeed(action, answer, credentials)
        return answer

    def _again(self, attempt: Callable[[], Mapping[str, object]], failed: PlatformError) -> Mapping[str, object]:
        """What comes of a call that `failed` once. Tenacity takes 45 ms to import, so it is loaded only here."""
        from tenacity import Retrying, retry_if_exception, stop_after_attempt  # noqa: PLC0415  slow to load
        from tenacity.wait import wait_random_exponential  # noqa: PLC0415  slow to load

        first = [failed]
        jitter = wait_random_exponential(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S)

        def next_attempt() -> Mapping[str, object]:
            if first:
                raise first.pop()
            return attempt()

        def wait_s(state: "RetryCallState") -> float:
            error = state.outcome.exception() if state.outcome else None
            return max(jitter(state), error.retry_after_s if isinstance(error, PlatformError) else 0)

        def out_of_time(state: "RetryCallState") -> bool:
            return self._until - self._clock() - state.upcoming_sleep < _SHORTEST_S

        retrying = Retrying(
            stop=lambda state: stop_after_attempt(ATTEMPTS)(state) or out_of_time(state),
            wait=wait_s,
            retry=retry_if_exception(lambda error: isinstance(error, PlatformError) and error.passing),
            sleep=self._pause,
            reraise=True,
        )
        try:
            return retrying(next_attempt)
        except NoTimeError:
            raise failed from None


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict that the platform took: under which API, as what, and the id of the request."""

    action: Callback
    result: Result
    request_id: str


def post(  # noqa: PLR0913  the parameters of the API
    transport: Transport,
    credentials: Credentials,
    action: Callback,
    *,
    extension_code: str,
    message_id: str,
    result: Result,
    message: str,
) -> Posted:
    """Post a verdict. Raises PlatformError.

    Operation Center documents only OK and Fail: a WARN that it refuses is posted again as OK, with the text. In which
    form it would refuse one is unverified: both a 4xx and an answer with `Success: false` are taken for it.
    """
    parameters = {"ExtensionCode": extension_code, "MessageId": message_id, "CheckResult": result.value}
    if message:
        parameters[MESSAGE_PARAMETERS[action]] = message
    try:
        answer = transport.call(action.value, parameters, credentials)
    except PlatformError as error:
        turned_down = error.refused or error.code == _NO_SUCCESS
        if action is not Callback.WORKBENCH or result is not Result.WARN or not turned_down:
            raise
        result = Result.OK
        answer = transport.call(action.value, parameters | {"CheckResult": result.value}, credentials)
    return Posted(action=action, result=result, request_id=str(answer.get("RequestId", "")))


def event_detail(
    transport: Transport, credentials: Credentials, *, message_id: str, workspace: str
) -> Mapping[str, object]:
    """Fetch the snapshot of an event of Data Studio. Raises PlatformError.

    Members, of which the platform fills one: CommittedFile, DeletedFile, FileExecutionCommand, TableModel; those that
    say nothing are left out.

    Source: https://www.alibabacloud.com/help/en/dataworks/developer-reference/api-dataworks-public-2020-05-18-getideeventdetail
    """
    action = "GetIDEEventDetail"
    asked = {"MessageId": message_id, "ProjectId": workspace}
    answer = _read(transport, credentials, action, asked, _Detail)
    members = {name: answer.event_detail.get(name) for name in _MEMBERS}
    detail = {name: member for name, member in members.items() if member and any(member.values())}
    if not detail:
        raise _unreadable(action, "no member of EventDetail is filled", answer.request_id)
    return detail


_MEMBERS = ("CommittedFile", "DeletedFile", "FileExecutionCommand", "TableModel")


def option_values(
    transport: Transport, credentials: Credentials, *, extension_code: str, workspace: str
) -> Mapping[str, object]:
    """Fetch what a workspace chose in the options of the extension, by the name of the option. Raises PlatformError.

    Empty where it never saved any: that the platform answers null, "" or "{}" then is unverified. OptionValue is JSON
    in a text; one version of the page shows it as an object, so both are taken.

    Source: https://help.aliyun.com/en/dataworks/developer-reference/api-dataworks-public-2020-05-18-getoptionvalueforproject
    """
    action = "GetOptionValueForProject"
    asked = {"ExtensionCode": extension_code, "ProjectId": workspace}
    answer = _read(transport, credentials, action, asked, _Options)
    if not isinstance(answer.option_value, str):
        return answer.option_value or {}
    try:
        saved = msgspec.json.decode(answer.option_value.strip() or "{}", type=dict[str, Any] | None)
    except (ValueError, RecursionError):
        # What was chosen stays out of the error, and so does its cause.
        raise _unreadable(action, "OptionValue is no object of JSON", answer.request_id) from None
    return saved or {}


def extension_parameters(transport: Transport, credentials: Credentials, *, extension_code: str) -> str:
    """Fetch the parameters that the extension was registered with: lines of key=value. Raises PlatformError.

    Source: https://alibabacloud.com/help/en/dataworks/developer-reference/api-dataworks-public-2020-05-18-getextension
    """
    answer = _read(transport, credentials, "GetExtension", {"ExtensionCode": extension_code}, _Registration)
    return answer.extension.parameter_setting or ""


def member_roles(transport: Transport, credentials: Credentials, *, workspace: str) -> Mapping[str, frozenset[str]]:
    """Fetch the codes of the roles of each member of a workspace, by the id of the member. Raises PlatformError.

    Codes are those like role_project_admin, or of roles that the tenant made. That the id is the one that events give
    as the operator is unverified. A TotalCount that does not fit what came is not believed: an empty page ends it too.

    Source: https://alibabacloud.com/help/en/dataworks/developer-reference/api-dataworks-public-2020-05-18-listprojectmembers
    """
    action = "ListProjectMembers"
    roles: dict[str, frozenset[str]] = {}
    count, request_id = 0, ""
    for number in range(1, MEMBER_PAGES + 1):
        asked = {"ProjectId": workspace, "PageNumber": str(number), "PageSize": str(MEMBERS_PER_PAGE)}
        answer = _read(transport, credentials, action, asked, _MemberPage)
        page, request_id = answer.data, answer.request_id
        for member in page.project_member_list:
            held = roles.get(str(member.project_member_id), frozenset())
            codes = (role.project_role_code for role in member.project_role_list if role)
            roles[str(member.project_member_id)] = held.union(code for code in codes if code)
        count += len(page.project_member_list)
        if not page.project_member_list or count == page.total_count:
            return roles
    raise _unreadable(action, f"more than {count} members", request_id)


def instance(transport: Transport, credentials: Credentials, *, instance_id: str) -> Mapping[str, object]:
    """Fetch what the platform knows of an instance, and as "ProjectEnv" where it is: PROD or DEV. Raises PlatformError.

    Production is asked first, and development where production answers without the instance. That an instance of the
    one environment is not found in the other is unverified, and so is the form in which the platform says so.

    Source: https://alibabacloud.com/help/en/dataworks/developer-reference/api-dataworks-public-2020-05-18-getinstance
    """
    try:
        return _instance(transport, credentials, instance_id, "PROD")
    except PlatformError as error:
        if not error.refused and error.status != _OK:
            raise
    return _instance(transport, credentials, instance_id, "DEV")


def _instance(
    transport: Transport, credentials: Credentials, instance_id: str, environment: str
) -> Mapping[str, object]:
    asked = {"InstanceId": instance_id, "ProjectEnv": environment}
    answer = _read(transport, credentials, "GetInstance", asked, _Instance)
    return {**answer.data, "ProjectEnv": environment}


_OK = 200


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """What answers have in common. What is not declared is left aside."""

    request_id: str = ""


class _Detail(Answer, frozen=True, kw_only=True, rename="pascal"):
    event_detail: dict[str, dict[str, Any] | None]


class _Options(Answer, frozen=True, kw_only=True, rename="pascal"):
    option_value: str | dict[str, Any] | None = None


class _Extension(msgspec.Struct, frozen=True, rename="pascal"):
    parameter_setting: str | None = None


class _Registration(Answer, frozen=True, kw_only=True, rename="pascal"):
    extension: _Extension


class _Role(msgspec.Struct, frozen=True, rename="pascal"):
    project_role_code: str | None = None


class _Member(msgspec.Struct, frozen=True, rename="pascal"):
    project_member_id: str | int
    project_role_list: tuple[_Role | None, ...] = ()


class _Members(msgspec.Struct, frozen=True, rename="pascal"):
    project_member_list: tuple[_Member, ...] = ()
    total_count: int | None = None


class _MemberPage(Answer, frozen=True, kw_only=True, rename="pascal"):
    data: _Members


class _Instance(Answer, frozen=True, kw_only=True, rename="pascal"):
    data: dict[str, Any]


_A = TypeVar("_A", bound=Answer)


def _read(
    transport: Transport, credentials: Credentials, action: str, parameters: Mapping[str, str], shape: type[_A]
) -> _A:
    """Make a call, and read the answer as `shape`."""
    return shaped(action, transport.call(action, parameters, credentials), shape)


def shaped(action: str, answer: Mapping[str, object], shape: type[_A]) -> _A:
    """Read an answer as `shape`. Raises PlatformError."""
    try:
        return msgspec.convert(_filled(answer), shape)
    except (ValueError, RecursionError) as error:  # the text has types and names of fields, nothing of their content
        raise _unreadable(action, str(error), str(answer.get("RequestId", ""))) from error


def _filled(value: Any) -> Any:  # noqa: ANN401  whatever JSON holds
    """What an answer says, without its nulls: what is null is not there."""
    if isinstance(value, Mapping):
        return {name: _filled(each) for name, each in value.items() if each is not None}
    return [_filled(each) for each in value] if isinstance(value, list) else value


_NO_SUCCESS = "Success=false"
"""Code of a failure that the platform gives no code for."""


def must_succeed(action: str, answer: Mapping[str, object], credentials: Credentials) -> None:
    """Raise PlatformError for an answer that says that the call failed, though HTTP says that it went well.

    CallbackExtension says it in text, the others in JSON; GetInstance adds what HTTP could have said. An answer
    without a word of it is a success.
    """
    if str(answer.get("Success", True)).lower() != "false":
        return
    status, code = answer.get("HttpStatusCode"), clean(str(answer.get("ErrorCode") or ""))
    raise PlatformError(
        action=action,
        status=status if isinstance(status, int) else _OK,
        code=code if code not in ("", "0") else _NO_SUCCESS,  # 0 stands for no error
        message=clean(credentials.scrub(str(answer.get("ErrorMessage") or "not taken"))),
        request_id=clean(str(answer.get("RequestId", ""))),
    )


def _unreadable(action: str, problem: str, request_id: str) -> PlatformError:
    return PlatformError(action=action, status=_OK, code=UNREADABLE, message=problem, request_id=clean(request_id))


T = TypeVar("T")


class Kept(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A value of a cache. `error` is why it could not be fetched anew when its time was up, None while it is fresh."""

    value: T
    error: PlatformError | None = None


class _Entry(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What is given, or raised, without a call as long as the moment `until` has not come."""

    held: Kept[T] | PlatformError
    until: float


class Cache(Generic[T]):
    """Answers that serve for `ttl_s`, and with `stale` for longer while the platform does not give others.

    After a call that failed the next is made `retry_s` later at the earliest: an outage shall not cost every event a
    timeout. No more than `size` answers are kept; the one that was fetched first goes first. Of several threads that
    miss one, each fetches it.
    """

    def __init__(self, ttl_s: float, retry_s: float = 10.0, size: int = 1000, *, stale: bool = True) -> None:
        self._stale = stale
        self._ttl_s = ttl_s
        self._retry_s = retry_s
        self._size = size
        self._entries: dict[str, _Entry[T]] = {}
        self._lock = threading.Lock()

    def get(self, key: str, moment: float, fetch: Callable[[], T]) -> Kept[T]:
        """Give what is kept under `key`, fetched anew where its time is up. Raises PlatformError if it never came.

        `moment` is that of the caller's monotonic clock.
        """
        entry = self._entries.get(key)
        if entry is None or moment >= entry.until:
            entry = self._renew(entry, moment, fetch)
            with self._lock:
                self._entries.pop(key, None)  # so that it becomes the last in order
                self._entries[key] = entry
                if len(self._entries) > self._size:
                    del self._entries[next(iter(self._entries))]
        if isinstance(entry.held, PlatformError):
            raise entry.held.with_traceback(None)  # raised again and again, it would grow
        return entry.held

    def _renew(self, entry: _Entry[T] | None, moment: float, fetch: Callable[[], T]) -> _Entry[T]:
        try:
            value = fetch()
        except PlatformError as error:
            failure = error.with_traceback(None)  # its frames would be kept with it
            stale = entry.held if entry else failure
            held = Kept(value=stale.value, error=failure) if self._stale and isinstance(stale, Kept) else failure
            return _Entry(held=held, until=moment + self._retry_s)
        return _Entry(held=Kept(value=value), until=moment + self._ttl_s)
