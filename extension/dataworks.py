"""DataWorks as the extension sees it: what is posted to it and how it answers. How calls travel is a transport's.

Source: https://help.aliyun.com/en/dataworks/developer-reference/api-dataworks-public-2020-05-18-updateideeventresult
and the pages of the other operations beside it.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from extension.errors import PlatformError
from extension.events import Callback
from extension.verdict import Result

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


class Transport(Protocol):
    """A way to make a call of the OpenAPI."""

    def call(self, action: str, parameters: Mapping[str, str], credentials: Credentials) -> Mapping[str, object]:
        """Make one call and return the body of the answer; raises PlatformError for every other outcome."""
        ...


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

    Operation Center documents only OK and Fail: a WARN that it refuses is posted again as OK, with the text.
    """
    parameters = {"ExtensionCode": extension_code, "MessageId": message_id, "CheckResult": result.value}
    if message:
        parameters[MESSAGE_PARAMETERS[action]] = message
    try:
        answer = transport.call(action.value, parameters, credentials)
    except PlatformError as error:
        if action is not Callback.WORKBENCH or result is not Result.WARN or not error.refused:
            raise
        result = Result.OK
        answer = transport.call(action.value, parameters | {"CheckResult": result.value}, credentials)
    request_id = str(answer.get("RequestId", ""))
    if str(answer.get("Success", True)).lower() == "false":  # CallbackExtension answers in text, the others in JSON
        raise PlatformError(
            action=action.value, status=200, code="Success=false", message="not taken", request_id=request_id
        )
    return Posted(action=action, result=result, request_id=request_id)
