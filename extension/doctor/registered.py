"""All that an extension is registered with, as GetExtension says it; the function asks for its parameters alone.

Source: https://alibabacloud.com/help/en/dataworks/developer-reference/api-dataworks-public-2020-05-18-getextension
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from extension.dataworks import Answer, Credentials, Transport, must_succeed, shaped


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What an extension is registered with, as far as it matters to who judges."""

    name: str
    status: int | None
    """0 testing, 1 published, 3 disabled, 4 in review, 5 approved, 6 rejected; None where it is not said."""
    events: frozenset[str]
    """Codes of the events that it is registered for."""
    options: str | Mapping[str, object]
    """Options JSON, as it was typed in, or read already."""
    parameters: str
    """Lines of key=value."""
    detail_url: str
    help_url: str
    workspace: str
    """The one for tests, empty where there is none."""


def registration(transport: Transport, credentials: Credentials, *, extension_code: str) -> Registration:
    """Fetch all that an extension was registered with. Raises PlatformError."""
    action = "GetExtension"
    answer = transport.call(action, {"ExtensionCode": extension_code}, credentials)
    must_succeed(action, answer, credentials)
    found = shaped(action, answer, _Whole).extension
    status = _written(found.status)
    return Registration(
        name=_written(found.extension_name),
        status=int(status) if re.fullmatch("[0-9]{1,9}", status) else None,
        events=frozenset(bound.event_code for bound in found.bind_event_list if bound and bound.event_code),
        options=found.option_setting,
        parameters=_written(found.parameter_setting),
        detail_url=found.detail_url,
        help_url=found.help_doc_url,
        workspace=_written(found.project_testing),
    )


def _written(value: str | float) -> str:
    """A number as it is written where it stands for something, without decimals; a text as it is."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


class _Bound(msgspec.Struct, frozen=True, rename="pascal"):
    event_code: str = ""


class _Extension(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """Wider than what is documented: a number may come as a text, and a text of JSON as what it says."""

    extension_name: str | int | float = ""
    status: str | int | float = ""
    bind_event_list: tuple[_Bound | None, ...] = ()
    option_setting: str | dict[str, Any] = ""
    parameter_setting: str | int | float = ""
    detail_url: str = ""
    help_doc_url: str = ""
    project_testing: str | int | float = ""


class _Whole(Answer, frozen=True, kw_only=True, rename="pascal"):
    extension: _Extension
