"""What became of every event: one verdict for each that somebody waits for, or what is wrong with it."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from benchmarks.load.events import Kind
from benchmarks.load.instance import Outcome


class Sent(msgspec.Struct, kw_only=True):
    """An event, how many deliveries of it were begun, and what came of each of those that ended."""

    message_id: str
    kind: Kind
    body: bytes
    deliveries: int = 0
    outcomes: list[Outcome] = []


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all events. What must not be is told by the ids of the messages."""

    events: int
    blocking: int
    """Events that somebody waits for."""
    deliveries: int
    raised: Mapping[str, int]
    """Deliveries that ended in an error, by its name."""
    lost: Sequence[str]
    """Somebody waits, and no verdict came: none was taken by DataWorks, nor returned where that is read."""
    doubled: Sequence[str]
    """Two different verdicts were taken or returned, or one was taken that nobody waits for."""
    wrong: Sequence[str]
    """One verdict, and not the one of the event."""
    unexpected: Sequence[str]
    """Where errors were raised that are none of the documented ones."""
    overdue: Sequence[str]
    """An invocation took longer than the function's timeout: the platform would have killed it."""
    verdicts: Mapping[str, int]
    """Events by the verdict that DataWorks has in the end."""
    returned_only: int
    """Events whose verdict DataWorks has from what was returned alone."""
    posted_again: int
    """Calls with the verdict of before in the same delivery: the answer to the first was lost on the way."""
    posted_by_others: int
    """The same in another delivery of the event."""

    @property
    def sound(self) -> bool:
        """Whether everybody has one verdict, the right one, in time."""
        return not (self.lost or self.doubled or self.wrong or self.unexpected or self.overdue)


def account(sent: Sequence[Sent], taken: Mapping[str, Sequence[str]], timeout_s: float) -> Account:
    """Hold what was sent against the verdicts that DataWorks has taken, by the id of the message."""
    strays = taken.keys() - {event.message_id for event in sent}
    several = {event.message_id: len(event.outcomes) > 1 for event in sent}
    outcomes = [outcome for event in sent for outcome in event.outcomes]
    return Account(
        events=len(sent),
        blocking=sum(bool(event.kind.counted) for event in sent),
        deliveries=len(outcomes),
        raised=Counter(outcome.raised for outcome in outcomes if outcome.raised),
        lost=[event.message_id for event in sent if _lost(event, taken)],
        doubled=[event.message_id for event in sent if _doubled(event, taken)],
        wrong=[event.message_id for event in sent if _wrong(event, taken)] + sorted(strays),
        unexpected=[outcome.trace for outcome in outcomes if outcome.trace],
        overdue=[event.message_id for event in sent if any(each.ms > timeout_s * 1000 for each in event.outcomes)],
        verdicts=Counter(verdicts[-1] for verdicts in taken.values()),
        returned_only=sum(_returned_only(event, taken) for event in sent),
        posted_again=sum(len(taken[each]) - 1 for each in taken if not several.get(each)),
        posted_by_others=sum(len(taken[each]) - 1 for each in taken if several.get(each)),
    )


def _returned(event: Sent) -> set[str]:
    """The verdicts that were returned for an event."""
    return {msgspec.json.decode(each.returned)["checkResult"] for each in event.outcomes if each.returned}


def _returned_only(event: Sent, taken: Mapping[str, Sequence[str]]) -> bool:
    waits = bool(event.kind.counted) and event.message_id not in taken
    return waits and event.kind.hosted and bool(_returned(event))


def _lost(event: Sent, taken: Mapping[str, Sequence[str]]) -> bool:
    return bool(event.kind.counted) and event.message_id not in taken and not _returned_only(event, taken)


def _doubled(event: Sent, taken: Mapping[str, Sequence[str]]) -> bool:
    counted = set(taken.get(event.message_id, ()))
    return len(counted) > (1 if event.kind.counted else 0) or len(_returned(event)) > 1


def _wrong(event: Sent, taken: Mapping[str, Sequence[str]]) -> bool:
    counted = set(taken.get(event.message_id, ()))
    others = (counted - {event.kind.counted}) | (_returned(event) - {event.kind.result})
    return bool(others) and not _doubled(event, taken)
