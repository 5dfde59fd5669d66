"""Records of events as tests make them: judged, recorded, written as JSON and read again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from extension import pipeline, policy, records
from extension.deliveries import Callback
from extension.events import Event
from extension.records import Record
from extension.rules import Policy
from extension.verdict import Asked, Verdict
from tests.cases import event

NOW = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
OPTIONS_ASKED = Asked(action="GetOptionValueForProject", cached=False, calls=1, error="")


def policy_of(*rules: str, above: str = "") -> Policy:
    """A policy of these rules, each by its keys; the first is called r1."""
    listed = "\n".join(f"  - {{id: r{number}, {keys}}}" for number, keys in enumerate(rules, 1))
    return policy.parse(f"version: 1\nlanguage: en\n{above}\nrules:\n{listed}".encode(), "p.yaml")


NOTHING = policy_of("on: delete-project, check: workspace.protected, with: {deny: ['1']}")
"""A policy that has nothing to say to other events."""


def again(record: Record) -> Record:
    """A record as it is read from a log."""
    return msgspec.json.decode(msgspec.json.encode(record), type=Record)


def recorded(event: Event[Any], verdict: Verdict, *, at: datetime = NOW, switch: str = "") -> Record:
    """The record of an event."""
    judgement = records.Judgement(
        event=event,
        verdict=verdict,
        callback=Callback(outcome="not-needed"),
        at=at,
        request_id="",
        switch=switch,
        judged_ms=1.0,
        total_ms=2.0,
    )
    return again(records.record(judgement))


def judged(
    code: str,
    data: Mapping[str, object],
    under: Policy = NOTHING,
    **answers: Any,  # noqa: ANN401  of several types
) -> Record:
    """The record of an event that a policy has judged; `answers` are what the platform said, nothing unless given."""
    asked: dict[str, Any] = dict.fromkeys(("file", "table", "instances", "roles", "parameters"))
    found = msgspec.structs.replace(event(code, data), **(asked | answers))
    verdict = pipeline.judge(found, under, NOW)
    options = (OPTIONS_ASKED,) if "options" in answers else ()
    return recorded(found, msgspec.structs.replace(verdict, asked=options))
