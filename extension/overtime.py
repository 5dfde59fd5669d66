"""What runs for a while, and is stopped when its time is up: nothing that never returns takes the invocation with it.

Two ways, since neither does it all. An alarm stops what runs in the main thread, also inside of a regular expression of
Python's that backtracks for ever, which keeps every other thread from running. A thread of its own can be left behind
whatever it waits for, such as a server that sends a byte a second, or a mount that has gone stale.
"""

import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

AGAIN_S = 0.1
"""After this long the alarm rings again: what it interrupts can catch it by mistake, with a bare `except`, or be called
where Python ignores what is raised, such as by the collector of garbage.
"""

T = TypeVar("T")


class Stop(BaseException):
    """Raised in the middle of what runs too long: no error of it, and not to be caught with those."""


class _Job(Generic[T]):
    """Something to do, and where the one who waits for it looks for what comes of it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.work = work
        self.outcome: SimpleQueue[tuple[T, None] | tuple[None, BaseException]] = SimpleQueue()


class _Worker(threading.Thread):
    """A thread that does one job after the other, until one of them is stopped."""

    def __init__(self) -> None:
        super().__init__(name="extension-worker", daemon=True)
        self.jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._ending = threading.Lock()
        self._ended = False
        self.start()

    def run(self) -> None:
        """Do jobs. It ends with the one that is stopped, since nobody gives it another."""
        with suppress(Stop):  # told twice, it hears the second time when it is about to end
            try:
                with suppress(Stop):
                    while True:
                        _do(self.jobs.get())
            finally:
                with self._ending:
                    self._ended = True

    def stop(self) -> None:
        """Have `Stop` raised in it, as soon as it is in code of Python's again; one that waits for a job just ends.

        Nothing is raised in one that has ended: Python has things to do behind that, and gives its number to the next.
        """
        from ctypes import c_ulong, py_object, pythonapi  # noqa: PLC0415  loaded where something is stuck, and only then

        self.jobs.put(None)  # it may have come to the end of the job in the very moment when its time was up
        with self._ending:
            if not self._ended:
                pythonapi.PyThreadState_SetAsyncExc(c_ulong(self.ident or 0), py_object(Stop))


def _do(job: _Job[Any] | None) -> None:
    """Do one job; raises Stop for None. A function of its own, so that nothing of the last one is held meanwhile."""
    if job is None:
        raise Stop
    try:
        job.outcome.put((job.work(), None))
    except Stop:
        raise
    except BaseException as error:  # noqa: BLE001  it is raised where the job is waited for
        job.outcome.put((None, error))


class Workers:
    """Threads for what may have to be left behind. They are kept, so that none is started for every call.

    Any number of threads can call at the same time.
    """

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._left: list[_Worker] = []

    @property
    def left(self) -> int:
        """How many that were left behind have not come to an end; each of them is told to once more."""
        for worker in [*self._left]:
            if worker.is_alive():
                worker.stop()
            else:
                with suppress(ValueError):  # another caller was faster
                    self._left.remove(worker)
        return len(self._left)

    def run(self, work: Callable[[], T], within_s: float) -> T:
        """What `work` returns or raises. Raises TimeoutError if that takes longer, and leaves it behind."""
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = _Worker()
        job = _Job(work)
        worker.jobs.put(job)
        try:
            found, error = job.outcome.get(timeout=max(within_s, 0))
        except BaseException as problem:  # also an alarm in whoever waits
            self._left.append(worker)
            worker.stop()
            if isinstance(problem, Empty):
                raise TimeoutError(f"not done in {within_s:.1f} s") from None
            raise
        self._idle.append(worker)
        if error is not None:
            raise error
        return found  # type: ignore[return-value]  # it is what the work returned where nothing was raised

    def stoppable(self, work: Callable[[], T], within_s: float) -> T:
        """As `run`, for what computes rather than waits: in the main thread it is done here, under an alarm."""
        alarmed = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
        if alarmed and signal.getsignal(signal.SIGALRM) is not None:  # None is one that could not be put back
            return _under_alarm(work, within_s)
        return self.run(work, within_s)


def _under_alarm(work: Callable[[], T], within_s: float) -> T:
    """What `work` returns or raises. Raises TimeoutError if that takes longer."""
    over = False

    def ring(*_: object) -> None:
        if not over:
            raise Stop

    before = signal.signal(signal.SIGALRM, ring)
    timer = (0.0, 0.0)
    try:
        try:
            timer = signal.setitimer(signal.ITIMER_REAL, max(within_s, 0.001), AGAIN_S)
            return work()
        finally:
            over = True
    except Stop:
        over = True
        raise TimeoutError(f"not done in {within_s:.1f} s") from None
    finally:
        over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *timer)  # somebody else's goes on, later by what this took
