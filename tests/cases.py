"""Checks run on plain mappings, and the examples that stand in their docstrings."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import msgspec

from extension import envelopes, events, examples, settings
from extension.checks.registry import BY_ID
from extension.events import Event, FileSnapshot, Instance, TableSnapshot
from extension.verdict import Finding

Example = tuple[dict[str, object], dict[str, object]]

EVENTS = Path(__file__).parents[1] / "events"

WHO: dict[str, object] = {"operator": "149318", "projectId": 90214}
"""User and workspace of an event whose payload does not say them."""


def event(code: str, data: Mapping[str, object]) -> Event[Any]:
    """An event of the catalogue with a payload, parsed as Function Compute would deliver it.

    What no message has is read from the same mapping: the fields of a snapshot (`Content`, `Columns`, ...), a list
    `instances`, a list `roles`, and the `moment` that it is judged for.
    """
    body = {"messageId": "m-1", "eventType": code, "messageBody": {**WHO, **data}}
    moment = data.get("moment")
    return msgspec.structs.replace(
        envelopes.parse(json.dumps(body).encode()),
        file=events.read(FileSnapshot, data),
        table=events.read(TableSnapshot, data),
        instances=tuple(
            events.read(Instance, each)
            for each in cast("list[object]", data.get("instances", []))
            if isinstance(each, dict)
        ),
        roles=frozenset(cast("list[str]", data.get("roles", []))),
        **({"moment": datetime.fromisoformat(moment)} if isinstance(moment, str) else {}),
    )


def sample(name: str) -> dict[str, Any]:
    """The data of a documented event, by its file: `start-diJob.v1`."""
    text = (EVENTS / f"{name}.eventbridge.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)["data"]
    return data


def given(check: str, values: Mapping[str, object]) -> msgspec.Struct:
    """Settings of a check as a policy writes them."""
    struct: type[msgspec.Struct] = BY_ID[check].settings
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    return struct(**{fields[name].name: settings.read(fields[name], value) for name, value in values.items()})


def judge(check: str, data: Mapping[str, object], values: Mapping[str, object]) -> list[Finding]:
    """What a check says to a payload under settings as a policy writes them: the same for each event it judges."""
    entry = BY_ID[check]
    with_ = given(check, values)
    found = [list(entry.judge(event(code, data), with_)) for code in sorted(entry.events)]
    assert all(findings == found[0] for findings in found)
    return found[0]


def judge_one(check: str, code: str, data: Mapping[str, object], values: Mapping[str, object]) -> list[Finding]:
    """What a check says to one event."""
    return list(BY_ID[check].judge(event(code, data), given(check, values)))


def hits(check: str, data: Mapping[str, object], values: Mapping[str, object]) -> list[dict[str, str]]:
    """Values of what a check hits; fails on a finding that is no hit."""
    findings = judge(check, data, values)
    assert all(finding.judged for finding in findings)
    return [{name: str(value) for name, value in finding.values.items()} for finding in findings]


def unknown(findings: list[Finding]) -> list[object]:
    """Fields that a check misses."""
    assert not any(finding.judged for finding in findings)
    return [finding.values["field"] for finding in findings]


def documented(family: str = "") -> dict[str, dict[str, Example]]:
    """`Passes` and `Hits` of each check (of a family: `download.`): the payload and the settings in its docstring."""
    return {
        check.id: {word: (dict(data), dict(with_)) for word, (data, with_) in examples.documented(check).items()}
        for check in BY_ID.values()
        if check.id.startswith(family)
    }
