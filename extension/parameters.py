"""The parameters that an extension is registered with, and what they say about an event.

The platform documents that it enforces them itself; whether EventBridge still delivers the message is unverified, so
they are read here too.

Source: https://www.alibabacloud.com/help/en/dataworks/user-guide/configure-extension-parameters
"""

from collections.abc import Mapping


def parse(text: str) -> dict[str, str]:
    """Read one key=value per line; the last of a repeated key counts, and a line that is no such pair does not."""
    pairs = (line.partition("=") for line in text.splitlines())
    named = ((key.strip(), value.strip()) for key, equals, value in pairs if equals)
    return {key: value for key, value in named if key}


def switched_off(parameters: Mapping[str, str], *, code: str, workspace: str, file_type: str) -> str:
    """Name the parameter because of which the extension is not active for an event, empty where it is.

    `code` is the event's; an event without workspace or file type is not touched by what is said of those. A list and
    what is appended to it are taken together: the older text wants a list for that, the newer adds in any case.
    That `enabled=true` for one file type leaves the others as they are is unverified.
    """
    lists = ("extension.project.disabled", f"extension.project.{code}.disabled")
    for name in (name for key in lists for name in (key, f"{key}.append")):
        if workspace and workspace in (entry.strip() for entry in parameters.get(name, "").split(",")):
            return name
    name = f"extension.fileType.{file_type}.{code}.enabled"
    return name if file_type and parameters.get(name, "").lower() == "false" else ""


def manual_pass(parameters: Mapping[str, str]) -> bool:
    """Whether users can mark a check as passed themselves."""
    return parameters.get("extension.manualPass.enabled", "").lower() == "true"
