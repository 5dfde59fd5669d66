"""The official SDK as a transport. Importing this module costs a third of a second: only `edges` does, when it must."""

import logging
from collections.abc import Mapping
from typing import Any

import requests.sessions
from alibabacloud_dataworks_public20200518 import models
from alibabacloud_dataworks_public20200518.client import Client
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions

from extension import __version__
from extension.dataworks import CALL_S, CONNECTING, MAX_MESSAGE_CHARS, UNREADABLE, Credentials
from extension.errors import PlatformError
from extension.verdict import clean

logging.getLogger("darabonba-core").disabled = True
"""With DEBUG=sdk in the environment the SDK logs the headers of every request: token, key id and signature."""

vars(requests.sessions)["DEFAULT_REDIRECT_LIMIT"] = 0
"""The SDK would follow a redirect to any host, and take the security token along."""

_CALLS: dict[str, tuple[str, type[Any]]] = {
    "UpdateIDEEventResult": ("update_ideevent_result_with_options", models.UpdateIDEEventResultRequest),
    "UpdateWorkbenchEventResult": (
        "update_workbench_event_result_with_options",
        models.UpdateWorkbenchEventResultRequest,
    ),
    "CallbackExtension": ("callback_extension_with_options", models.CallbackExtensionRequest),
    "GetIDEEventDetail": ("get_ideevent_detail_with_options", models.GetIDEEventDetailRequest),
    "GetOptionValueForProject": (
        "get_option_value_for_project_with_options",
        models.GetOptionValueForProjectRequest,
    ),
    "GetExtension": ("get_extension_with_options", models.GetExtensionRequest),
    "ListProjectMembers": ("list_project_members_with_options", models.ListProjectMembersRequest),
    "GetInstance": ("get_instance_with_options", models.GetInstanceRequest),
}
"""Method of the client and class of the request for each action."""


class _Client(Client):  # type: ignore[misc]  # the SDK has no types
    """The SDK's client. It leaves the answer as it came in the options of the call: models drop what they lack."""

    def call_api(self, params: object, request: object, runtime: RuntimeOptions) -> Any:  # noqa: ANN401  as it came
        """Make the call that all methods come to."""
        answer = super().call_api(params, request, runtime)
        runtime.answer = answer.get("body")
        return answer


class Sdk:
    """Calls through the official SDK.

    The client is kept, and built anew when the credentials are others than last time; the SDK keeps its connections
    by endpoint, so they live on. Any number of threads can call at the same time.
    """

    def __init__(self, *, region: str, endpoint: str = "", protocol: str = "https") -> None:
        """`endpoint` is `host[:port]`, empty for the SDK's endpoint of `region`."""
        self._region = region
        self._endpoint = endpoint
        self._protocol = protocol
        self._kept: tuple[Credentials, Any] | None = None

    def call(
        self, action: str, parameters: Mapping[str, str], credentials: Credentials, within_s: float = CALL_S
    ) -> Mapping[str, object]:
        """Make one call; see `dataworks.Transport`. Its time is looked at again with each piece of the answer."""
        method, request = _CALLS[action]
        kept = self._kept
        if kept is None or kept[0] != credentials:
            kept = self._kept = credentials, self._open(credentials)
        connecting_ms = max(int(within_s * CONNECTING * 1000), 1)
        options = RuntimeOptions(
            connect_timeout=connecting_ms, read_timeout=max(int(within_s * 1000) - connecting_ms, 1), ignore_ssl=False
        )
        try:
            response = getattr(kept[1], method)(request().from_map(dict(parameters)), options).to_map()
            status, answer = response["statusCode"], dict(response["body"])
            if "Success" in options.answer:
                answer["Success"] = options.answer["Success"]
        except Exception as error:  # noqa: BLE001  generated code: an answer it cannot read raises whatever comes up
            failure = _failure(action, error, credentials)
        else:
            if status == 200 and answer.get("RequestId"):  # noqa: PLR2004  the SDK takes every status below 400 for it
                return answer
            failure = PlatformError(
                action=action, status=status, code=UNREADABLE, message="not the platform's", request_id=""
            )
        raise failure from None  # the SDK's own text quotes the request and the answer, credentials included

    def _open(self, credentials: Credentials) -> Any:  # noqa: ANN401  the SDK has no types
        return _Client(
            Config(
                access_key_id=credentials.access_key_id,
                access_key_secret=credentials.access_key_secret,
                security_token=credentials.security_token or None,
                region_id=self._region,
                endpoint=self._endpoint or None,
                protocol=self._protocol,
                user_agent=f"dataworks-extension/{__version__}",
            )
        )


def _failure(action: str, error: Exception, credentials: Credentials) -> PlatformError:
    """The project's error for what the SDK raised, without a word that the platform did not say to us."""
    if isinstance(error, AlibabaCloudException):
        answer = error.data or {"Code": error.code if not error.status_code else ""}
        return PlatformError(
            action=action,
            status=error.status_code or 0,
            code=clean(str(answer.get("Code") or answer.get("code") or UNREADABLE)),
            message=clean(
                credentials.scrub(str(answer.get("Message") or answer.get("message") or "")), MAX_MESSAGE_CHARS
            ),
            request_id=clean(str(answer.get("RequestId") or answer.get("requestId") or "")),
            retry_after_s=(getattr(error, "retry_after", None) or 0) / 1000,
        )
    causes: list[BaseException] = [error]
    while cause := _cause(causes[-1]):
        causes.append(cause)
    names = [type(cause).__name__ for cause in causes]
    travelled = names[names.index("RetryError") + 1 :] if "RetryError" in names else []
    code, reason = (travelled[0], travelled[-1]) if travelled else (UNREADABLE, names[-1])
    return PlatformError(action=action, status=0, code=code, message=reason, request_id="")


def _cause(error: BaseException) -> BaseException | None:
    """What an error comes from, where whoever raised it did not say that it comes from nothing."""
    inner: BaseException | None = getattr(error, "inner_exception", None)
    return inner or error.__cause__ or (None if error.__suppress_context__ else error.__context__)
