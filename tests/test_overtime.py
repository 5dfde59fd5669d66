"""What never returns is stopped or left behind, and everything else comes back as it is."""

import re
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TypeAlias, cast

import pytest

from extension import overtime
from extension.overtime import Stop, Workers

SHORT_S = 0.2
ENOUGH_S = 20.0


@pytest.fixture
def workers() -> Iterator[Workers]:
    workers = Workers()
    yield workers
    until = time.monotonic() + ENOUGH_S
    while workers.left and time.monotonic() < until:
        time.sleep(0.01)
    assert not workers.left


def loop() -> None:
    while True:
        pass


def sleep() -> None:
    """In pieces: under a tracer, CPython 3.11 waits for the thread that an exception is set in to wake up."""
    for _ in range(300):
        time.sleep(0.01)


def sleep_long() -> None:
    time.sleep(100)


def backtrack() -> object:
    return re.match("(a+)+$", "a" * 60 + "b")


def ignore() -> None:
    while True:
        with suppress(Exception):
            loop()


def catch_once() -> None:
    with suppress(BaseException):
        loop()
    loop()


Way: TypeAlias = Callable[[Callable[[], object], float], object]
"""A method of `Workers` that does work in a time."""


def stoppable_elsewhere(workers: Workers) -> Way:
    """`stoppable`, called in a thread that is not the main one."""

    def call(work: Callable[[], object], within_s: float) -> object:
        outcome: list[object] = []

        def target() -> None:
            try:
                outcome.append(workers.stoppable(work, within_s))
            except Exception as error:  # noqa: BLE001  it is raised where the test looks
                outcome.append(error)

        thread = threading.Thread(target=target)
        thread.start()
        thread.join(ENOUGH_S)
        (found,) = outcome
        if isinstance(found, Exception):
            raise found
        return found

    return call


WAYS: dict[str, Callable[[Workers], Way]] = {
    "run": lambda workers: workers.run,
    "stoppable": lambda workers: workers.stoppable,
    "stoppable elsewhere": stoppable_elsewhere,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_what_is_returned_comes_back(way: Callable[[Workers], Way], workers: Workers) -> None:
    assert way(workers)(lambda: [1], ENOUGH_S) == [1]
    assert way(workers)(lambda: None, ENOUGH_S) is None


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), TimeoutError("its own"), RecursionError()])
def test_what_is_raised_is_raised(way: Callable[[Workers], Way], error: BaseException, workers: Workers) -> None:
    def fail() -> None:
        raise error

    if isinstance(error, SystemExit) and way is WAYS["stoppable elsewhere"]:
        return  # the helper above is a thread: an exit ends it silently
    with pytest.raises(type(error)) as caught:
        way(workers)(fail, ENOUGH_S)
    assert caught.value is error
    assert workers.run(lambda: 1, ENOUGH_S) == 1


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("work", [loop, sleep, ignore, catch_once])
def test_nobody_waits_for_what_does_not_return(
    way: Callable[[Workers], Way],
    work: Callable[[], None],
    workers: Workers,
) -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutError, match=r"^not done in 0\.2 s$"):
        way(workers)(work, SHORT_S)
    assert SHORT_S <= time.monotonic() - started < SHORT_S + 2
    assert way(workers)(lambda: 1, ENOUGH_S) == 1


@pytest.mark.parametrize("work", [backtrack, sleep_long])
def test_an_alarm_stops_what_is_not_in_code_of_python_s(work: Callable[[], object], workers: Workers) -> None:
    """An expression that backtracks for ever lets no other thread run: only the main one can be stopped in it."""
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        workers.stoppable(work, SHORT_S)
    assert time.monotonic() - started < SHORT_S + 2


@pytest.mark.parametrize("within_s", [0, -1])
def test_no_time_at_all_is_no_time(within_s: float, workers: Workers) -> None:
    for way in (workers.run, workers.stoppable):
        with pytest.raises(TimeoutError):
            way(sleep, within_s)


def test_an_alarm_leaves_nothing_behind(workers: Workers) -> None:
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        workers.stoppable(lambda: 1, SHORT_S)
        with pytest.raises(TimeoutError):
            workers.stoppable(loop, SHORT_S)
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
        signal.raise_signal(signal.SIGALRM)
        assert rung == [1]
    finally:
        signal.signal(signal.SIGALRM, before)


def test_an_alarm_of_somebody_else_goes_on(workers: Workers) -> None:
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 100, 50)
        workers.stoppable(lambda: 1, SHORT_S)
        delay, interval = signal.getitimer(signal.ITIMER_REAL)
        assert (99 < delay <= 100, interval, rung) == (True, 50, [])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_where_the_alarm_is_of_foreign_code_it_is_done_in_a_thread(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "getsignal", lambda _: None)
    assert workers.stoppable(threading.current_thread, ENOUGH_S) is not threading.main_thread()


def test_an_alarm_that_comes_too_late_is_not_heard(workers: Workers) -> None:
    """It can ring between the last step of the work and the one that turns it off."""
    handlers: list[Callable[[], None]] = []

    def work() -> int:
        ring = signal.getsignal(signal.SIGALRM)
        assert callable(ring)
        handlers.append(lambda: ring(signal.SIGALRM, None))
        return 1

    assert workers.stoppable(work, ENOUGH_S) == 1
    handlers[0]()


def test_where_there_are_no_alarms_it_is_done_in_a_thread(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "setitimer")
    assert workers.stoppable(threading.current_thread, ENOUGH_S) is not threading.main_thread()


def test_one_thread_serves_one_caller_after_the_other(workers: Workers) -> None:
    assert len({workers.run(threading.get_ident, ENOUGH_S) for _ in range(20)}) == 1


def test_callers_do_not_wait_for_each_other(workers: Workers) -> None:
    together = threading.Barrier(4)
    callers = [threading.Thread(target=workers.run, args=(lambda: together.wait(ENOUGH_S), ENOUGH_S)) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(ENOUGH_S)
    assert not together.broken


def test_a_thread_that_is_left_behind_is_not_given_another_job_and_ends(workers: Workers) -> None:
    first = workers.run(threading.current_thread, ENOUGH_S)
    with pytest.raises(TimeoutError):
        workers.run(loop, SHORT_S)
    assert workers.run(threading.current_thread, ENOUGH_S) is not first
    first.join(ENOUGH_S)
    assert not first.is_alive()
    assert workers.left == 0


def test_one_that_does_not_end_is_counted_and_told_again(workers: Workers) -> None:
    with pytest.raises(TimeoutError):
        workers.run(catch_once, SHORT_S)
    time.sleep(SHORT_S)
    assert workers.left == 1


class Lingering(overtime._Worker):
    """A worker that takes its time to end, and notes what is raised in it meanwhile."""

    released = False
    raised: BaseException | None = None

    def run(self) -> None:
        super().run()
        try:
            while not self.released:
                time.sleep(0.01)
        except Stop as stop:
            self.raised = stop


def test_one_that_is_about_to_end_is_told_nothing_more(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has to put its own things in order then, such as the list of its threads."""
    monkeypatch.setattr(overtime, "_Worker", Lingering)
    worker = workers.run(threading.current_thread, ENOUGH_S)
    assert isinstance(worker, Lingering)
    with pytest.raises(TimeoutError):
        workers.run(loop, SHORT_S)
    until = time.monotonic() + ENOUGH_S
    while not worker._ended and time.monotonic() < until:
        time.sleep(0.01)
    for _ in range(10):
        assert workers.left == 1
        time.sleep(0.01)
    worker.released = True
    worker.join(ENOUGH_S)
    assert worker.raised is None


class Late(overtime._Worker):
    """A worker that is stopped a moment later than it was meant to be."""

    def stop(self) -> None:
        time.sleep(2 * SHORT_S)
        super().stop()


def test_one_that_has_done_its_job_when_it_is_stopped_ends(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for another job, outside of code of Python's: nothing can be raised there."""
    monkeypatch.setattr(overtime, "_Worker", Late)
    worker = workers.run(threading.current_thread, ENOUGH_S)
    with pytest.raises(TimeoutError):
        workers.run(lambda: time.sleep(1.5 * SHORT_S), SHORT_S)
    worker.join(ENOUGH_S)
    assert not worker.is_alive()
    assert workers.left == 0


def test_one_that_hears_nothing_of_it_ends_with_its_job(workers: Workers) -> None:
    def catch() -> None:
        with suppress(BaseException):
            loop()

    worker = workers.run(threading.current_thread, ENOUGH_S)
    with pytest.raises(TimeoutError):
        workers.run(catch, SHORT_S)
    worker.join(ENOUGH_S)
    assert not worker.is_alive()


def test_callers_that_count_what_is_left_do_not_get_in_each_other_s_way(workers: Workers) -> None:
    class Ended:
        """Another caller finds it at the same time, and takes it out of the list."""

        def is_alive(self) -> bool:
            workers._left.clear()
            return False

    workers._left.append(cast("overtime._Worker", Ended()))
    assert workers.left == 0


def test_a_caller_who_is_stopped_leaves_its_work_behind(workers: Workers) -> None:
    first = workers.run(threading.current_thread, ENOUGH_S)
    with pytest.raises(TimeoutError):
        workers.stoppable(lambda: workers.run(sleep, ENOUGH_S), SHORT_S)
    assert workers.run(threading.current_thread, ENOUGH_S) is not first
    first.join(ENOUGH_S)
    assert not first.is_alive()


def test_nothing_of_a_job_is_held_when_it_is_done(workers: Workers) -> None:
    class Thing:
        pass

    def work(thing: Thing) -> Thing:
        return thing

    thing = Thing()
    seen = weakref.ref(thing)
    workers.run(partial(work, thing), ENOUGH_S)
    del thing
    assert seen() is None


def test_a_stop_is_no_error() -> None:
    assert not issubclass(Stop, Exception)
