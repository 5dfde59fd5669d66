"""Deliveries of one event: it can come more than once, and is answered once.

EventBridge delivers at least once, Function Compute calls again after an error, and a user presses Recheck: whether
that comes under the id of before is unverified.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from extension.verdict import Result


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the callback of one event.

    `outcome` is posted, not-needed (a notification), off (by DATAWORKS_CALLBACK), refused (the platform turned it down
    for what it says) or failed. `result` is what was posted; `calls` how many calls it took; `error` what went wrong.
    """

    outcome: str
    action: str = ""
    result: str = ""
    request_id: str = ""
    calls: int = 0
    error: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is given for an event, and again if it comes again: the verdict in the words of its users.

    `returned` is the text for Function Compute, `tip` the one that is posted. `callback` is None where none is left
    behind: it was not tried yet, or failed.
    """

    result: Result
    returned: str
    tip: str
    policy: str
    callback: Callback | None = None


class Delivery:
    """An event that is being answered. `answer` is what is remembered of it, None where it is new."""

    def __init__(self, until: float, answer: Answer | None = None) -> None:
        """`until` is the moment when it is forgotten."""
        self.answer = answer
        self.until = until
        self.lock = threading.Lock()


class Deliveries:
    """Answers of events, kept for `ttl_s`, and of no more than `size` events: the first one is forgotten first."""

    def __init__(self, ttl_s: float, size: int) -> None:
        self._ttl_s = ttl_s
        self._size = size
        self._known: OrderedDict[object, Delivery] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def of(self, key: object, moment: float, wait_s: float) -> Iterator[Delivery]:
        """The delivery of an event at a moment of the caller's clock, for one caller at a time.

        Another one waits until the first is done; after `wait_s` it goes on alone, with what is known by then.
        """
        delivery = self._find(key, moment)
        held = delivery.lock.acquire(timeout=max(wait_s, 0))
        try:
            yield delivery if held else Delivery(moment, delivery.answer)
        finally:
            if held:
                delivery.lock.release()

    def _find(self, key: object, moment: float) -> Delivery:
        with self._lock:
            while self._known and next(iter(self._known.values())).until <= moment:
                self._known.popitem(last=False)
            if key not in self._known:
                self._known[key] = Delivery(moment + self._ttl_s)
                if len(self._known) > self._size:
                    self._known.popitem(last=False)
            return self._known[key]
