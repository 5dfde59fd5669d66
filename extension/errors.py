"""Every error that the package raises, one kind for each party who must act.

The facts are attributes; the text of an error is one line that names the place. No error carries a credential.
"""

from collections.abc import Iterable
from pathlib import PurePath

import msgspec


class ExtensionError(Exception):
    """What all errors of the package have in common: catch it to catch them all."""


class MessageError(ExtensionError):
    """The sender's: a delivery that cannot be answered. `field` is the place in it, `problem` what is wrong there."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class SignatureError(ExtensionError):
    """The caller's: a request over HTTP that does not prove that EventBridge sent it.

    `status` is the HTTP status of the answer to it. The text quotes nothing of the request.
    """

    def __init__(self, problem: str, *, status: int = 401) -> None:
        super().__init__(problem)
        self.status = status


class CertificateError(ExtensionError):
    """The network's: the certificate that a signature names could not be had.

    The request may be genuine: 503, so that it comes again. `url` is where the certificate should be.
    """

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(f"{url}: {problem}")
        self.url = url
        self.problem = problem


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong in a policy, and where.

    `line` counts from 1, 0 where it is not known; `rule` is the rule's id, or `#3` for the third rule where it has
    none, empty above the rules; `key` is the path of the key inside the rule (`with.max`), or inside the file; `file`
    is the file, empty where it is the one that the error names.
    """

    problem: str
    line: int = 0
    rule: str = ""
    key: str = ""
    file: str = ""

    def at(self, file: str) -> str:
        """One line that names file, rule and key, in the form that editors make a link of.

        What the problem quotes of the policy can have line ends in it: they are written as in a text of Python's.
        """
        file = self.file or file
        place = [f"{file}:{self.line}" if self.line else file]
        if self.rule:
            place.append(f"rule {self.rule}")
        if self.key:
            place.append(self.key)
        problem = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in self.problem)
        return ": ".join((*place, problem))


class PolicyError(ExtensionError):
    """The policy owner's: a policy file that does not validate, with everything that is wrong in it."""

    def __init__(self, file: str, faults: Iterable[Fault]) -> None:
        self.file = file
        self.faults = tuple(faults)
        super().__init__("\n".join(fault.at(file) for fault in self.faults))


class ConfigurationError(ExtensionError):
    """The deployer's: an environment variable (or a credential) that is missing or does not make sense."""

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(f"{variable}: {problem}")
        self.variable = variable
        self.problem = problem


class ConditionError(ExtensionError):
    """A condition's: it came out neither true nor false for one event.

    `field` is what the event lacks, as the condition names it (`event.rowCount`), empty where something else is the
    matter, and `reason` how it lacks it. The text quotes nothing of the event.
    """

    def __init__(self, problem: str, field: str = "", reason: str = "missing") -> None:
        super().__init__(problem)
        self.field = field
        self.reason = reason


class StoreError(ExtensionError):
    """The store's: records could not be kept or read. The text has no password and no record in it."""


class PlatformError(ExtensionError):
    """The platform's: an API call that was refused, failed, or was not answered.

    `status` is the HTTP status (0: no answer came, or none that could be read), `code` the platform's error code,
    `request_id` what its support asks for (empty where it is not known), `retry_after_s` how long the platform wants to
    be left alone (0 where it does not say).
    """

    def __init__(  # noqa: PLR0913  the facts, all by keyword
        self, *, action: str, status: int, code: str, message: str, request_id: str, retry_after_s: float = 0
    ) -> None:
        answer = f"HTTP {status}" if status else "no usable answer"
        trail = f" (request id {request_id})" if request_id else ""
        super().__init__(f"{action}: {answer}: {code}: {message}{trail}")
        self.action = action
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.retry_after_s = retry_after_s

    @property
    def passing(self) -> bool:
        """Whether the same call may succeed a moment later: no answer, none that can be read, 5xx, or throttled."""
        throttled = self.status == 429 or self.code.startswith("Throttling")  # noqa: PLR2004  Too Many Requests
        unread = self.status == 0 or self.code == "UnreadableAnswer"
        return unread or throttled or self.status >= 500  # noqa: PLR2004  the HTTP class of server errors

    @property
    def mistaken(self) -> bool:
        """Whether the mistake may be the caller's own: the signature is refused, or the answer cannot be read."""
        return self.code in _OF_THE_SIGNATURE or self.code == "UnreadableAnswer"

    @property
    def refused(self) -> bool:
        """Whether the platform understood the call and turned it down for what it says about the event.

        False where the same call can succeed later: no answer, 5xx, throttling, and everything about who calls and
        where (credentials, signature, clock, permission, extension code, endpoint), which the deployer can put right
        while the event is redelivered.
        """
        passing = self.status in _TIME_OR_CALLER or self.code.startswith(_TIME_OR_CALLER_CODES)
        return 400 <= self.status < 500 and not passing  # noqa: PLR2004  the HTTP class of client errors


def trace(error: BaseException) -> str:
    """Type and place of an exception, whose text may say what nobody shall read."""
    last = error.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    place = f" at {PurePath(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}" if last else ""
    return f"{type(error).__name__}{place}"


_OF_THE_SIGNATURE = (
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "InvalidContentSha256",
    "MissingAuthorization",
    "SignatureNonceUsed",
)
_TIME_OR_CALLER = (401, 403, 408, 429)
_TIME_OR_CALLER_CODES = (
    "InternalError",
    "InvalidAction",
    "InvalidContentSha256",
    "InvalidParameter.ExtensionCode",
    "InvalidProtocol",
    "InvalidVersion",
    "MissingAuthorization",
    "MissingExtensionCode",
    "Throttling",
    "InvalidAccessKeyId",
    "InvalidSecurityToken",
    "MissingSecurityToken",
    "InvalidTimeStamp",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "SignatureNonceUsed",
    "Forbidden",
    "NoPermission",
    "UnreadableAnswer",
)
