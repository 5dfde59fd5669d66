"""Checks run on plain mappings, and the examples that stand in their docstrings."""

import inspect
import re
from typing import Any

import msgspec
import yaml

from extension import catalogue, events, settings
from extension.checks import BY_ID
from extension.events import Callback, Delivery, Event
from extension.verdict import Finding

Example = tuple[dict[str, object], dict[str, object]]


def event(code: str, data: dict[str, object]) -> Event[Any]:
    """An event of the catalogue with a payload."""
    struct = catalogue.BY_CODE[code].payload
    return Event(
        code=code,
        known=True,
        message_id="m-1",
        delivery=Delivery.FUNCTION,
        callback=Callback.EXTENSION,
        workspace="90214",
        operator="149318",
        region="",
        time=None,
        data=data,
        payload=events.read(struct, data) if struct else None,
    )


def judge(check: str, data: dict[str, object], given: dict[str, object]) -> list[Finding]:
    """What a check says to a payload under settings as a policy writes them: the same for each event it judges."""
    entry = BY_ID[check]
    fields = {field.encode_name: field for field in msgspec.structs.fields(entry.settings)}
    values = {name: settings.read(fields[name].type, value) for name, value in given.items()}
    found = [list(entry.judge(event(code, data), entry.settings(**values))) for code in sorted(entry.events)]
    assert all(findings == found[0] for findings in found)
    return found[0]


def documented() -> dict[str, dict[str, Example]]:
    """`Passes` and `Hits` of each check: the payload and the settings that its docstring shows."""
    examples: dict[str, dict[str, Example]] = {}
    for check in BY_ID.values():
        text = inspect.getdoc(check.judge) or ""
        examples[check.id] = {
            word: (yaml.safe_load(data), yaml.safe_load(given))
            for word, data, given in re.findall(r"^(Passes|Hits): (\{.*\}) with (\{.*\})$", text, re.MULTILINE)
        }
    return examples
