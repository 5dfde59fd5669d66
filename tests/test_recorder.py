"""The recorder: nobody waits for a store, whatever it does, and what is lost is counted and said."""

import gc
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from extension import recorder, records
from extension.errors import ConfigurationError, StoreError
from extension.events import FileSnapshot, Missing
from extension.recorder import Recorder, size_of
from extension.records import Judgement, Record
from extension.stores import Query
from extension.stores.folder import Folder
from extension.verdict import Text, hit
from tests.verdicts import NOON, judgement

SOON_S = 5.0


class Shelf(Folder):
    """A store that fails, or hangs, as a test wants it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.problem: BaseException | None = None
        self.free = threading.Event()
        self.free.set()
        self.entered = threading.Event()
        self.tries = self.purges = 0
        self.closed = threading.Event()

    def add(self, records: Sequence[Record]) -> None:
        self.tries += 1
        self.entered.set()
        self.free.wait()
        if self.problem:
            raise self.problem
        super().add(records)

    def purge(self, first: date) -> int:
        if self.problem:
            raise self.problem
        removed = super().purge(first)
        self.purges += 1
        return removed

    def close(self) -> None:
        self.closed.set()
        super().close()

    @property
    def ids(self) -> list[str]:
        """What it holds."""
        return [record.id for record in self.find(Query(), limit=100_000)]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.problem = None
    shelf.free.set()


@pytest.fixture
def opened(shelf: Shelf) -> Iterator[Callable[..., Recorder]]:
    """Opens recorders before `shelf`, and closes them."""
    made: list[Recorder] = []

    def opened(**options: Any) -> Recorder:  # noqa: ANN401  what a recorder takes
        options = {"now": lambda: NOON, "clock": time.monotonic, "pause": quickly, **options}
        made.append(Recorder(options.pop("open_", lambda: shelf), **options))
        return made[-1]

    yield opened
    shelf.problem = None
    shelf.free.set()
    for each in made:
        each.close(SOON_S)


def quickly(wake: threading.Event, pause_s: float) -> None:
    """Wait less than is said."""
    wake.wait(min(pause_s, 0.01))


def said(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What was logged, a line each."""
    return [{"level": line.levelname, **json.loads(line.getMessage())} for line in caplog.records]


def until(met: Callable[[], object]) -> None:
    """Wait for something that happens soon."""
    ends = time.monotonic() + SOON_S
    while not met():
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_what_is_added_is_written(shelf: Shelf, opened: Callable[..., Recorder]) -> None:
    judgements = [judgement(NOON + timedelta(seconds=step)) for step in range(250)]
    writing = opened()
    for each in judgements:
        writing.add(each)
    assert writing.flush(SOON_S)
    assert shelf.ids == [each.id for each in reversed(judgements)]
    assert (writing.written, writing.dropped, writing.failed, writing.waiting) == (250, 0, 0, 0)
    assert shelf.tries < 20


def test_no_thread_and_no_store_is_there_before_the_first(opened: Callable[..., Recorder]) -> None:
    def never() -> Shelf:
        raise AssertionError("not yet")

    before = threading.active_count()
    writing = opened(open_=never)
    assert writing.flush(0)
    assert writing.close(0)
    assert threading.active_count() == before


def test_a_store_that_hangs_keeps_nobody(
    shelf: Shelf, opened: Callable[..., Recorder], capsys: pytest.CaptureFixture[str]
) -> None:
    shelf.free.clear()
    writing = opened()
    writing.add(judgement())
    shelf.entered.wait(SOON_S)
    each = judgement()
    begun = time.perf_counter()
    for _ in range(2000):
        writing.add(each)
    microseconds = (time.perf_counter() - begun) / 2000 * 1e6
    with capsys.disabled():
        print(f"\nadd() takes {microseconds:.1f} µs")  # noqa: T201  for whoever looks at it
    assert microseconds < 1000
    assert writing.waiting == 2001


def test_one_flush_waits_for_a_store_that_hangs_and_others_do_not(
    shelf: Shelf, opened: Callable[..., Recorder]
) -> None:
    moment = [0.0]
    shelf.free.clear()
    writing = opened(clock=lambda: moment[0])
    writing.add(judgement())

    def flush() -> float:
        begun = time.perf_counter()
        assert not writing.flush(0.1)
        return time.perf_counter() - begun

    assert flush() >= 0.1
    assert flush() < 0.1
    moment[0] += recorder.AGAIN_S - 1
    assert flush() < 0.1
    moment[0] += 1
    assert flush() >= 0.1
    assert flush() < 0.1
    shelf.free.set()
    until(lambda: writing.waiting == 0)
    shelf.free.clear()
    writing.add(judgement())
    assert flush() >= 0.1  # it has answered since
    shelf.free.set()


def test_a_store_that_fails_is_tried_again_and_said_once(
    shelf: Shelf, opened: Callable[..., Recorder], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "extension")
    pauses: list[float] = []
    shelf.problem = StoreError("the disk is full")

    def pause(wake: threading.Event, pause_s: float) -> None:
        pauses.append(pause_s)
        wake.wait(0.002)

    writing = opened(pause=pause)
    for _ in range(3):
        writing.add(judgement())
    until(lambda: len(pauses) > 9)
    assert not writing.flush(0.01)
    assert pauses[:8] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    shelf.problem = None
    until(lambda: writing.waiting == 0)
    assert writing.written == len(shelf.ids) == 3
    shelf.problem = OSError("secret")
    writing.add(judgement())
    until(lambda: len(said(caplog)) == 3)
    shelf.problem = None
    until(lambda: len(said(caplog)) == 4)
    (first, *_), errors = said(caplog), [line.get("error", "") for line in said(caplog)]
    assert first == {"level": "ERROR", "event": "records-down", "error": "the disk is full"}
    assert [line["event"] for line in said(caplog)] == ["records-down", "records-back"] * 2
    assert said(caplog)[1] == {"level": "WARNING", "event": "records-back", "lost": 0}
    assert errors[2].startswith("OSError at test_recorder.py:")


def test_a_store_that_cannot_be_opened_is_tried_again(
    shelf: Shelf, opened: Callable[..., Recorder], caplog: pytest.LogCaptureFixture
) -> None:
    problems = [ConfigurationError("EXTENSION_RECORDS", "no driver"), SystemExit(1), MemoryError()]

    def open_() -> Shelf:
        if problems:
            raise problems.pop(0)
        return shelf

    writing = opened(open_=open_)
    writing.add(judgement())
    assert writing.flush(SOON_S)
    assert said(caplog)[0]["error"] == "EXTENSION_RECORDS: no driver"


def test_of_too_many_the_newest_are_kept(
    shelf: Shelf, opened: Callable[..., Recorder], caplog: pytest.LogCaptureFixture
) -> None:
    shelf.free.clear()
    writing = opened(max_waiting=5)
    judgements = [judgement(NOON + timedelta(seconds=step)) for step in range(20)]
    writing.add(judgements[0])
    shelf.entered.wait(SOON_S)
    for each in judgements[1:]:
        writing.add(each)
    assert (writing.dropped, writing.waiting) == (14, 6)
    shelf.free.set()
    assert writing.flush(SOON_S)
    assert shelf.ids == [each.id for each in (*reversed(judgements[15:]), judgements[0])]
    assert (writing.written, writing.dropped) == (6, 14)
    until(lambda: len(said(caplog)) == 2)
    assert [line["event"] for line in said(caplog)] == ["records-down", "records-back"]
    assert said(caplog)[1]["lost"] == 14


def test_the_queue_is_bounded_by_bytes_too(shelf: Shelf, opened: Callable[..., Recorder]) -> None:
    shelf.free.clear()
    size = size_of(judgement())
    writing = opened(max_waiting_bytes=size * 3 + size // 2)
    writing.add(judgement())
    shelf.entered.wait(SOON_S)
    for _ in range(10):
        writing.add(judgement())
    assert writing.waiting == 4
    event = judgement().event
    writing.add(judgement(data={**event.data, "sqlText": "x" * size * 4}))
    assert writing.waiting == 1  # it takes more than there may be, and so do all before it
    shelf.free.set()
    assert writing.flush(SOON_S)
    assert (writing.written, writing.dropped) == (1, 11)


def test_the_size_of_a_judgement_is_that_of_its_texts() -> None:
    plain = judgement()
    base = size_of(plain)
    content = FileSnapshot(
        content="数" * 100_000,
        file_id=1,
        file_name="a",
        file_type=10,
        owner="1",
        use_type="",
        datasource_name="",
    )
    assert 2000 < base < 100_000
    assert size_of(judgement(file=content)) - base > 200_000
    assert size_of(judgement(file=Missing("HTTP 500"))) == base
    nested = {"a": [{"b": ["x" * 50_000]}]}
    assert size_of(judgement(data={**plain.event.data, **nested})) - base > 50_000
    assert size_of(judgement(data={"a": [{}] * 1000})) > 10_000_000
    findings = plain.verdict.findings * 500
    many = msgspec.structs.replace(plain, verdict=msgspec.structs.replace(plain.verdict, findings=findings))
    assert size_of(many) - base > 400_000


def test_a_judgement_that_makes_no_record_is_counted_and_said_by_its_id(
    shelf: Shelf, opened: Callable[..., Recorder], caplog: pytest.LogCaptureFixture
) -> None:
    class Secret:
        def __str__(self) -> str:
            raise SystemExit("secret")

    good, bad = judgement(), judgement()
    finding = hit(Text(en="{table}", zh="{table}"), table=Secret())
    judged = msgspec.structs.replace(bad.verdict.findings[0], finding=finding)
    verdict = msgspec.structs.replace(bad.verdict, findings=(judged,))
    bad = msgspec.structs.replace(bad, verdict=verdict)
    writing = opened()
    writing.add(bad)
    assert writing.close(SOON_S)
    assert writing.failed == 1
    writing = opened()
    writing.add(bad)
    assert writing.flush(SOON_S)
    writing.add(bad)
    writing.add(good)
    assert writing.flush(SOON_S)
    assert shelf.ids == [good.id]
    assert (writing.written, writing.failed, writing.waiting) == (1, 2, 0)
    assert {line["event"] for line in said(caplog)} == {"record-failed"}
    assert {line["id"] for line in said(caplog)} == {bad.id}
    assert all(line["error"].startswith("SystemExit at test_recorder.py:") for line in said(caplog))


def test_nothing_of_the_event_is_held_behind_its_record(shelf: Shelf, opened: Callable[..., Recorder]) -> None:
    def held() -> int:
        gc.collect()
        return sum(isinstance(each, Judgement) and each.request_id == "held?" for each in gc.get_objects())

    writing = opened()
    for _ in range(3):
        writing.add(msgspec.structs.replace(judgement(), request_id="held?"))
    assert writing.flush(SOON_S)
    until(lambda: held() == 0)
    shelf.problem = StoreError("down")
    writing.add(msgspec.structs.replace(judgement(), request_id="held?"))
    until(lambda: shelf.tries > 3)
    assert held() == 0  # a record alone waits


def test_close_writes_what_is_there_and_ends_the_thread(
    shelf: Shelf, opened: Callable[..., Recorder], caplog: pytest.LogCaptureFixture
) -> None:
    shelf.problem = StoreError("down")
    writing = opened(pause=lambda wake, _: wake.wait(60))
    writing.add(judgement())
    until(lambda: shelf.tries == 1)
    shelf.problem = None
    assert writing.close(SOON_S)  # it does not wait for the rest of the pause
    assert len(shelf.ids) == 1
    assert shelf.closed.is_set()
    assert writing._thread
    assert not writing._thread.is_alive()
    writing.add(judgement())
    assert (writing.dropped, writing.waiting) == (1, 0)
    assert writing.close(0)
    assert [line["event"] for line in said(caplog)] == ["records-down", "records-back"]


def test_close_gives_up_on_a_store_that_fails(
    shelf: Shelf, opened: Callable[..., Recorder], caplog: pytest.LogCaptureFixture
) -> None:
    shelf.problem = StoreError("down")
    writing = opened()
    for _ in range(150):
        writing.add(judgement())
    until(lambda: shelf.tries)
    begun = time.monotonic()
    assert not writing.close(0.2)
    assert time.monotonic() - begun < SOON_S
    until(shelf.closed.is_set)
    assert (writing.written, writing.dropped, writing.waiting) == (0, 150, 0)
    assert said(caplog)[-1] == {"level": "ERROR", "event": "records-lost", "lost": 150}


def test_close_leaves_a_store_that_hangs(shelf: Shelf, opened: Callable[..., Recorder]) -> None:
    shelf.free.clear()
    writing = opened()
    writing.add(judgement())
    shelf.entered.wait(SOON_S)
    begun = time.monotonic()
    assert not writing.close(0.05)
    assert time.monotonic() - begun < SOON_S
    assert writing.waiting == 1


def test_what_is_old_is_removed_at_the_start_and_once_a_day(
    shelf: Shelf, opened: Callable[..., Recorder], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "extension")
    moment = [0.0]
    old, young = judgement(NOON - timedelta(days=31)), judgement(NOON - timedelta(days=30))
    writing = opened(days=30, clock=lambda: moment[0])
    writing.add(old)
    writing.add(young)
    until(lambda: said(caplog))
    assert said(caplog) == [{"level": "INFO", "event": "records-removed", "days": 30, "removed": 1}]
    assert writing.flush(SOON_S)
    assert shelf.ids == [young.id]
    writing.add(old)
    assert writing.flush(SOON_S)
    assert len(shelf.ids) == 2
    moment[0] += recorder.DAY_S
    writing.add(judgement())
    until(lambda: len(said(caplog)) == 2)
    assert len(shelf.ids) == 2


def test_what_is_old_is_removed_where_nothing_comes_in(
    shelf: Shelf, opened: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "DAY_S", 0.05)
    writing = opened(days=30)
    writing.add(judgement())
    until(lambda: shelf.purges)  # the first is that of the start
    old = judgement(NOON - timedelta(days=99))
    Folder(shelf._path).add([records.record(old)])
    until(lambda: len(shelf.ids) == 1)


def test_a_purge_that_fails_costs_no_record(opened: Callable[..., Recorder], caplog: pytest.LogCaptureFixture) -> None:
    writing = opened(days=10**9)
    writing.add(judgement())
    assert writing.flush(SOON_S)
    until(lambda: said(caplog))
    assert said(caplog)[0]["event"] == "records-not-removed"
    assert said(caplog)[0]["error"].startswith("OverflowError")
    writing.add(judgement())
    assert writing.flush(SOON_S)
    assert writing.written == 2


def test_a_thread_that_cannot_be_started_is_started_by_the_next(
    shelf: Shelf, opened: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = opened()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        writing.add(judgement())
    assert writing.waiting == 1
    writing.add(judgement())
    assert writing.flush(SOON_S)
    assert len(shelf.ids) == 2


def refused(_: threading.Thread) -> None:
    """What a system does that has no room for a thread."""
    raise RuntimeError("can't start new thread")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_ends_is_started_again_by_the_next(shelf: Shelf, opened: Callable[..., Recorder]) -> None:
    shelf.problem = KeyboardInterrupt()
    writing = opened()
    writing.add(judgement())
    assert writing.flush(SOON_S)
    assert writing.dropped == 1
    shelf.problem = None
    until(lambda: writing._thread and not writing._thread.is_alive())
    writing.add(judgement())
    assert writing.flush(SOON_S)
    assert len(shelf.ids) == 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # from Python 3.12 on
def test_a_process_that_was_forked_writes_its_own(opened: Callable[..., Recorder], tmp_path: Path) -> None:
    writing = opened(open_=lambda: Folder(tmp_path / "of" / str(os.getpid())))
    writing.add(judgement())
    assert writing.flush(SOON_S)
    with writing._changed:  # as where the thread holds it at that moment
        child = os.fork()
        if child == 0:
            writing.add(judgement())
            os._exit(0 if writing.flush(SOON_S) and writing.written == 1 else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert len([*(tmp_path / "of" / str(child)).glob("*/*.jsonl")]) == 1
    assert writing.written == 1


def test_a_process_that_was_forked_holds_on_to_the_store_and_does_not_use_it(
    shelf: Shelf, opened: Callable[..., Recorder]
) -> None:
    writing = opened()
    writing.add(judgement())
    assert writing.flush(SOON_S)
    first = writing._thread
    writing._pid = -1  # as it is to a child
    writing.add(judgement())
    assert writing._inherited is shelf
    assert writing.flush(SOON_S)
    assert writing.written == 1
    assert writing._thread is not first
