"""What stands before a store of records, so that nobody waits for it: a queue, and a thread that writes.

A user waits for the verdict and not for its record. A store that is down, or hangs, costs nobody more than the time
that `flush` is given, and that once in a while.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from sys import getsizeof
from typing import Any

import msgspec

from extension.errors import ExtensionError, trace
from extension.events import Event, FileSnapshot
from extension.records import MAX_BYTES, Judgement, Record, record
from extension.storage import LOG
from extension.stores import Store

MAX_WAITING, MAX_WAITING_BYTES = 10_000, 32 * 1024 * 1024
"""Most judgements that wait, and most that they take: each holds its event, with SQL and all."""

BATCH = 100
"""Most records that are written at once."""

FIRST_PAUSE_S, LONGEST_PAUSE_S, LAST_PAUSE_S = 0.5, 30.0, 0.2
"""After a failure the store is left alone for so long, twice as long after each more; and when all is to end."""

AGAIN_S = 30.0
"""After a flush that was not done in time, others do not wait for so long, or until the store has taken something."""

DAY_S = 86_400.0


class Recorder:
    """Takes judgements, and writes their records in a thread of its own, which starts with the first of them.

    Where more wait than may, the oldest is dropped: after an outage people ask about what has just happened, and each
    verdict is in the log, too. What is judged is kept for `days`, for ever where that is 0.
    """

    def __init__(  # noqa: PLR0913  what it is made of, all by keyword
        self,
        open_: Callable[[], Store],
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        days: int = 0,
        pause: Callable[[threading.Event, float], object] = threading.Event.wait,
        max_waiting: int = MAX_WAITING,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
        record_bytes: int = MAX_BYTES,
    ) -> None:
        """`open_` opens the store; `now` is in UTC; `clock` counts seconds; `pause` waits so long, or for an event."""
        self._open = open_
        self._now = now
        self._clock = clock
        self._days = days
        self._pause = pause
        self._max_waiting = max_waiting
        self._max_waiting_bytes = max_waiting_bytes
        self._record_bytes = record_bytes
        self._inherited: object = None
        self._store: Store | None = None
        self._begin()

    def _begin(self) -> None:
        """Begin with nothing, in this process."""
        self.written = 0
        """Records that were written."""
        self.dropped = 0
        """Judgements that were dropped: there were too many, or the time to end had come."""
        self.failed = 0
        """Judgements of which no record could be made."""
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._queue: deque[tuple[Judgement, int]] = deque()
        self._queue_bytes = 0
        self._held = 0
        self._lost_before: int | None = None
        self._late_until: float | None = None
        self._ends: float | None = None
        self._next_purge = self._clock()

    def _here(self) -> threading.Condition:
        """The lock of this process. One that was forked has neither the thread, nor what it was to write."""
        if self._pid != os.getpid():
            self._inherited, self._store = self._store, None  # never closed: its connections are the other's
            self._begin()
        return self._changed

    @property
    def waiting(self) -> int:
        """Judgements whose records are not written yet."""
        with self._here():
            return len(self._queue) + self._held

    def add(self, judgement: Judgement) -> None:
        """Take a judgement, to write its record soon. Never waits, and never raises."""
        size = size_of(judgement)
        with self._here():
            if self._ends is not None:
                self.dropped += 1
                return
            self._queue.append((judgement, size))
            self._queue_bytes += size
            before = self.dropped
            self._shorten()
            full = self.dropped > before
            self._start()
            self._changed.notify_all()
        if full:
            self._say_down("it takes less than there is, or does not answer: the oldest are dropped", before)

    def _shorten(self) -> None:
        """Drop the oldest of too many."""
        while len(self._queue) > self._max_waiting or self._queue_bytes > self._max_waiting_bytes:
            _, size = self._queue.popleft()
            self._queue_bytes -= size
            self.dropped += 1

    def _start(self) -> None:
        """Start the thread where there is none."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="extension-recorder", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:  # there are too many, or Python is about to end: the next one tries again
                self._thread = None

    def flush(self, within_s: float) -> bool:
        """Wait until everything is written, at most so long; whether it is.

        Where it was not, others do not wait before the store has taken something again, or some time has passed.
        """
        with self._here():
            if not self.waiting:
                return True
            if self._late_until is not None and self._clock() < self._late_until:
                return False
            done = self._changed.wait_for(lambda: not self.waiting, within_s)
            if not done:
                self._late_until = self._clock() + AGAIN_S
            return done

    def close(self, within_s: float) -> bool:
        """Write what is there, for at most so long, and stop; whether all was written. Nothing is taken any more."""
        with self._here():
            lost = self.dropped
            self._ends = self._clock() + within_s
            self._wake.set()
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: not self.waiting, within_s)
            thread, left = self._thread, self.waiting + self.dropped - lost
        if thread and done:
            thread.join(within_s)
        if left:
            _log(logging.ERROR, {"event": "records-lost", "lost": left})
        return not left

    # what the thread does

    def _run(self) -> None:
        try:
            while self._write_some(self._next()):
                if self._days and self._clock() >= self._next_purge:
                    self._purge()
        finally:
            with self._changed:
                self.dropped += self._held
                self._held = 0
                self._changed.notify_all()
            if self._store:
                _tried(self._store.close)
                self._store = None

    def _next(self) -> deque[Judgement] | None:
        """Judgements to be written, none when it is time to purge; None when all is done."""
        with self._changed:
            while not self._queue and self._ends is None:
                left = self._next_purge - self._clock() if self._days else None
                if left is not None and left <= 0:
                    break
                self._changed.wait(left)
            if not self._queue and self._ends is not None:
                return None
            batch: deque[Judgement] = deque()
            while self._queue and len(batch) < BATCH:
                judgement, size = self._queue.popleft()
                self._queue_bytes -= size
                batch.append(judgement)
            self._held = len(batch)
            return batch

    def _write_some(self, batch: deque[Judgement] | None) -> bool:
        """Write the records of judgements, and hold none of these meanwhile. False when there are to be no more."""
        if batch is None:
            return False
        records: list[Record] = []
        while batch:
            self._make(batch.popleft(), records)
        if records:
            self._write(records)
        return True

    def _make(self, judgement: Judgement, records: list[Record]) -> None:
        """Make the record of a judgement. One that cannot be encoded would keep all others from being written."""

        def make() -> None:
            made = record(judgement, self._record_bytes)
            msgspec.json.encode(made)
            records.append(made)

        problem = _tried(make)
        if problem:
            with self._changed:
                self.failed += 1
                self._held -= 1
                self._changed.notify_all()
            _log(logging.ERROR, {"event": "record-failed", "id": judgement.id, "error": problem})

    def _write(self, records: list[Record]) -> None:
        """Write records, as often as it takes, until the time to end has come."""

        def write() -> None:
            self._store = self._store or self._open()
            self._store.add(records)

        pause_s = FIRST_PAUSE_S
        while problem := _tried(write):
            self._say_down(problem, self.dropped)
            if self._ends is not None and self._clock() >= self._ends:
                self._give_up()
                return
            self._pause(self._wake, pause_s if self._ends is None else LAST_PAUSE_S)
            self._wake.clear()
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        with self._changed:
            self.written += len(records)
            self._held = 0
            self._late_until = None
            lost, self._lost_before = self._lost_before, None
            self._changed.notify_all()
        if lost is not None:
            lost = self.dropped - lost
            _log(logging.ERROR if lost else logging.WARNING, {"event": "records-back", "lost": lost})

    def _give_up(self) -> None:
        """Drop all that waits."""
        with self._changed:
            self.dropped += self._held + len(self._queue)
            self._held, self._queue_bytes = 0, 0
            self._queue.clear()
            self._changed.notify_all()

    def _purge(self) -> None:
        """Remove what is older than it may be."""
        self._next_purge = self._clock() + DAY_S
        removed: list[int] = []

        def purge() -> None:
            first = (self._now() - timedelta(days=self._days)).date()
            self._store = self._store or self._open()
            removed.append(self._store.purge(first))

        problem = _tried(purge)
        if problem:
            _log(logging.ERROR, {"event": "records-not-removed", "error": problem})
        elif removed[0]:
            _log(logging.INFO, {"event": "records-removed", "days": self._days, "removed": removed[0]})

    def _say_down(self, problem: str, dropped: int) -> None:
        """Log that the store is down, where that is new; `dropped` is how many were before."""
        with self._changed:
            new = self._lost_before is None
            if new:
                self._lost_before = dropped
        if new:
            _log(logging.ERROR, {"event": "records-down", "error": problem})


def _tried(work: Callable[[], object]) -> str:
    """Do something; what went wrong, empty for nothing. Of errors that are not ours the text may be a secret."""
    try:
        work()
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever is wrong with one record, or with the store, the thread goes on
        return str(error) if isinstance(error, ExtensionError) else trace(error)
    return ""


_PARTS = 500
_MUCH_BYTES = 16 * 1024 * 1024
"""What an event takes that has more parts than are counted: a message of 4 MB can be made of many small ones."""

_JUDGEMENT_BYTES, _FINDING_BYTES = 4096, 1024


def size_of(judgement: Judgement) -> int:
    """About how many bytes a judgement takes, rather too many; in microseconds."""
    findings = len(judgement.verdict.findings) * _FINDING_BYTES
    return _JUDGEMENT_BYTES + findings + _size_of_event(judgement.event)


def _size_of_event(event: Event[Any]) -> int:
    content = event.file.content if isinstance(event.file, FileSnapshot) else ""
    left: list[object] = [event.data, content]
    size, parts = 0, 0
    while left:
        value = left.pop()
        size += getsizeof(value)
        if isinstance(value, dict | list):
            parts += len(value)
            if parts > _PARTS:
                return _MUCH_BYTES
            left += value.values() if isinstance(value, dict) else value
    return size * 2  # what is read of it, beside what was sent


def _log(level: int, line: Mapping[str, object]) -> None:
    LOG.log(level, "%s", msgspec.json.encode(line).decode())
