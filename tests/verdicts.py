"""Judgements and records, for tests of what keeps them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import msgspec

from extension import envelopes, pipeline, records, storage
from extension.deliveries import Callback
from extension.events import Event
from extension.records import Judgement, Record
from extension.rules import Policy
from extension.storage import ROOT

NOON = datetime(2026, 11, 27, 12, 0, 0, 123456, tzinfo=UTC)

POLICY = storage.load(ROOT / "policy.yaml")

SAMPLE = (ROOT / "events/download-resources-execute.json").read_bytes()

_number = count()


def judged(event: Event[Any], policy: Policy = POLICY, at: datetime = NOON, **said: Any) -> Judgement:  # noqa: ANN401  fields of a judgement
    """An event under a policy, as it is handed over to be recorded."""
    verdict = pipeline.judge(event, policy, at)
    made = Judgement(
        event=policy.at(event, at)[0],
        verdict=verdict,
        callback=Callback(outcome="off"),
        at=at,
        request_id="r-1",
        switch="",
        judged_ms=1.5,
        total_ms=2.25,
    )
    return msgspec.structs.replace(made, **said)


def judgement(at: datetime = NOON, **changes: Any) -> Judgement:  # noqa: ANN401  fields of an event
    """A judgement of its own: nobody else has its message id."""
    message_id = f"m-{next(_number)}"
    return judged(msgspec.structs.replace(envelopes.parse(SAMPLE), **{"message_id": message_id, **changes}), at=at)


_ONE = records.record(judged(envelopes.parse(SAMPLE)))


def kept(at: datetime = NOON, **changes: Any) -> Record:  # noqa: ANN401  fields of a record
    """A record of its own."""
    identity = f"{at:%Y%m%dT%H%M%S%f}-{next(_number):012x}"
    return msgspec.structs.replace(_ONE, **{"id": identity, "at": at, **changes})


def many(number: int, at: datetime = NOON, step: timedelta = timedelta(seconds=1), **changes: Any) -> Iterator[Record]:  # noqa: ANN401  fields of a record
    """Records one after the other, the oldest first."""
    return (kept(at + step * place, **changes) for place in range(number))
