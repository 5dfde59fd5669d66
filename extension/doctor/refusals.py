"""What the platform means where it does not take a call, and what to do about it.

Codes of the gateway, which all of Alibaba Cloud's APIs have in common, are documented with other products; that
DataWorks gives the same is unverified. Which one it gives where RAM does not allow a call is documented nowhere: taken
for that is every 403 that is not about the edition, and every code that says so.

Source: https://www.alibabacloud.com/help/en/kms/key-management-service/support/sample-responses
and https://help.aliyun.com/en/dataworks/developer-reference/api-dataworks-public-2020-05-18-updateideeventresult
"""

import msgspec

from extension.dataworks import UNREADABLE
from extension.doctor import Level, Remark
from extension.errors import PlatformError
from extension.events import Callback
from extension.verdict import clean

_KEY = "ALIBABA_CLOUD_ACCESS_KEY_ID"
_SECRET = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"  # noqa: S105  the name of a variable
_TOKEN = "ALIBABA_CLOUD_SECURITY_TOKEN"  # noqa: S105  the name of a variable


class _Meaning(msgspec.Struct, frozen=True):
    """What a code means: the rest of a remark's id, why it matters, and what to do."""

    identity: str
    why: str
    do: str


_NOT_KNOWN = _Meaning(
    "credentials.unknown",
    "The platform does not know the key: it was removed, or never was one, or is of another site of Alibaba Cloud.",
    f"Set {_KEY} and {_SECRET} to a key that is in the RAM console.",
)
_INACTIVE = _Meaning(
    "credentials.inactive",
    "The key was switched off: no call is taken.",
    f"Activate the key in the RAM console, or set {_KEY} and {_SECRET} to another one.",
)
_EXPIRED = _Meaning(
    "credentials.expired",
    "The security token is too old: no call is taken. (Function Compute gives a function new ones in time.)",
    f"Fetch new temporary credentials, and set {_KEY}, {_SECRET} and {_TOKEN} anew, all three.",
)
_BAD_TOKEN = _Meaning(
    "credentials.token",
    "The security token is not that of the key, or not whole: no call is taken.",
    f"Set {_KEY}, {_SECRET} and {_TOKEN} anew, all three from the same answer.",
)
_SIGNATURE = _Meaning(
    "credentials.secret",
    "The signature is not that of the key: most often the secret is not that of the id.",
    f"Set {_KEY} and {_SECRET} anew, both of the same key.",
)
_DATE = _Meaning(
    "clock.refused",
    "The date of the call is too far from the platform's: no call is taken.",
    "Set the clock of the machine, and have NTP keep it.",
)
_NO_API = _Meaning(
    "endpoint.not-dataworks",
    "What answers is not DataWorks of version 2020-05-18: no verdict can be posted there.",
    "Take DATAWORKS_ENDPOINT out, or set it to the endpoint of DataWorks in the region of the workspaces.",
)
_EDITION = _Meaning(
    "calls.edition",
    "The edition of DataWorks is too low, or has expired: extensions need Enterprise Edition. Without it DataWorks"
    " checks nothing, and every operation passes.",
    "Renew or upgrade the edition in the region of the workspaces.",
)

_MEANINGS = (
    ("InvalidAccessKeyId.Inactive", _INACTIVE),
    ("InvalidAccessKeyId", _NOT_KNOWN),
    ("InvalidSecurityToken.Expired", _EXPIRED),
    ("InvalidSecurityToken", _BAD_TOKEN),
    ("MissingSecurityToken", _BAD_TOKEN),
    ("SignatureDoesNotMatch", _SIGNATURE),
    ("IncompleteSignature", _SIGNATURE),
    ("InvalidTimeStamp", _DATE),
    ("InvalidAction", _NO_API),
    ("InvalidVersion", _NO_API),
    (UNREADABLE, _NO_API),
    ("Forbidden.Access", _EDITION),
)
"""By how a code begins, the first that fits."""

_PROXY = "ProxyError"
"""What the SDK says where a proxy lets no call through, or is not there."""

_THROTTLED, _FORBIDDEN = 429, 403
_SERVER = 500


def about(error: PlatformError, proxy: str = "") -> Remark | None:
    """Why a call was not taken, None where that is for what it says: then it may be made.

    `proxy` is the variable that names the proxy through which calls are made, empty for none.
    """
    if proxy and error.code == _PROXY:
        return _remark(
            "endpoint.proxy-refused",
            Level.ERROR,
            error,
            f"{proxy} is set, and that proxy takes no call: DataWorks cannot be asked, and no verdict be posted.",
            f"See that the proxy runs, and lets calls to DataWorks through, or take {proxy.partition(' ')[0]} out.",
        )
    meaning = next((each for code, each in _MEANINGS if error.code.startswith(code)), None)
    if meaning:
        return _remark(meaning.identity, Level.ERROR, error, meaning.why, meaning.do)
    if error.status == _THROTTLED or error.code.startswith("Throttling"):
        return _remark(
            "calls.throttled",
            Level.WARNING,
            error,
            "DataWorks takes no more calls of this account for now. A verdict that is throttled is posted again, as"
            " long as the time of the function lasts.",
            "Run doctor again later. If it stays, find out who else calls DataWorks, or ask for a higher limit.",
        )
    if error.status in (401, _FORBIDDEN) or error.code.startswith(("NoPermission", "Forbidden")):
        return _remark("calls.denied", Level.ERROR, error, _LOSSES[error.action], _allow(error.action))
    if error.status == 0 or error.status >= _SERVER:
        return _remark(
            "calls.failed",
            Level.ERROR,
            error,
            "DataWorks does not answer this call. While that lasts, operations wait, and rules give their on_error.",
            "Run doctor again later; if it stays, "
            + (
                f"ask the support of Alibaba Cloud with the request id {clean(error.request_id)}."
                if error.request_id
                else "look for what is between this machine and DataWorks: network, firewall, proxy."
            ),
        )
    return None


_VERDICT = "No verdict can be posted: operations wait, and what comes through EventBridge is delivered again and again."
_LOSSES = {
    **dict.fromkeys((each.value for each in Callback), _VERDICT),
    "GetExtension": "The parameters of the extension are not known: rules that read them give their on_error, and what"
    " a parameter switches off is judged all the same.",
    "GetIDEEventDetail": "Rules that look at the code of files or at tables give their on_error.",
    "GetOptionValueForProject": "What workspaces chose in the options does not count: the rules' own values stand.",
    "ListProjectMembers": "Rules that read operator.roles give their on_error.",
    "GetInstance": "Rules that look at instances give their on_error.",
}
"""What it means that an action is not allowed."""


def _allow(action: str) -> str:
    statement = f'{{"Effect": "Allow", "Action": ["dataworks:{action}"], "Resource": "*"}}'
    return (
        f"Allow dataworks:{action}: add {statement} to the policy of the function's role (all that is needed is in"
        " docs/ram/function-role-policy.json). That an action of its own counts is unverified: if the refusal remains,"
        " allow dataworks:* instead, and make the role a member of the workspace (docs/ram/README.md)."
    )


def _remark(identity: str, level: Level, error: PlatformError, why: str, do: str) -> Remark:
    answered = f"HTTP {error.status} " if error.status else ""
    trail = f" (request id {error.request_id})" if error.request_id else ""
    message = f": {error.message}" if error.message else ""
    return Remark(
        id=identity, level=level, what=clean(f"{error.action}: {answered}{error.code}{message}{trail}"), why=why, do=do
    )


_OF_ALL = ("credentials.", "clock.", "endpoint.")


def of_all(remark: Remark) -> bool:
    """Whether what was found befalls every other call, too."""
    return remark.id.startswith(_OF_ALL)
