"""DataWorks in a process of its own, so that neither its memory nor its time is the function's."""

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

import msgspec

from benchmarks.load import events
from extension.dataworks import Credentials
from extension.faults import Fault, Outage
from extension.local import EXTENSION_CODE, DataWorks

KEY = Credentials("LOADKEY", "load-secret", "load-token")
"""What the function signs with."""

REMEMBERS = 1000
CALM_S, REFUSING_S = (0.5, 2.0), (0.02, 0.05)
"""For how long the port is open, from and to, and for how long it then refuses connections."""

FAULTS = [fault for fault in Fault if fault is not Fault.REFUSED]

Pipe: TypeAlias = "Connection[Any, Any]"


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken: the verdicts by message.

    `calls` were made while faults befell some of them, each of which is counted in `faults`; `refusing` counts how
    often the port refused connections for a while.
    """

    verdicts: Mapping[str, Sequence[str]]
    calls: int
    faults: Mapping[str, int]
    refusing: int


class Weather(Outage):
    """Faults that befall a `share` of all calls, each kind as often as the next.

    Of two calls that are befallen at the very same moment both can meet the fault of the second.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(Fault.HANG)
        self.share = 0.0
        self.calls = 0
        self.faults: Counter[str] = Counter()
        self._random = random.Random(seed)  # noqa: S311  what is drawn shall be the same the next time
        self._drawing = threading.Lock()

    def strikes(self) -> bool:
        """Whether it befalls one more call; what then is its `fault`. Calls count while there are faults at all."""
        with self._drawing:
            self.calls += self.share > 0
            strikes = self._random.random() < self.share
            if strikes:
                self.fault = self._random.choice(FAULTS)
                self.faults[self.fault] += 1
            return strikes


def serve(pipes: Sequence[Pipe], seed: int) -> None:
    """Send the address to the one pipe, then take orders from there: a share of faults from now on, or None to end.

    Where calls fail, the port refuses connections now and then, too. At the end what was taken is sent.
    """
    (pipe,) = pipes
    weather = Weather(seed)
    pauses = random.Random(seed)  # noqa: S311  as above
    refusing = 0
    with DataWorks(keys=[KEY], extension_code=EXTENSION_CODE, remembers=REMEMBERS) as dataworks:
        dataworks.faults["*"] = weather
        dataworks.snapshots["*"] = events.SNAPSHOT
        dataworks.options["*"] = events.OPTIONS
        dataworks.members["*"] = events.ROLES
        pipe.send(dataworks.url)
        with suppress(EOFError):  # the platform is gone
            while True:
                if pipe.poll(pauses.uniform(*CALM_S)):
                    share = pipe.recv()
                    if share is None:
                        break
                    weather.share = share
                elif weather.share:
                    dataworks.refuse()
                    time.sleep(pauses.uniform(*REFUSING_S))
                    dataworks.accept()
                    refusing += 1
    faults = dict(weather.faults)
    with suppress(OSError):  # as above
        pipe.send(Taken(verdicts=dataworks.verdicts, calls=weather.calls, faults=faults, refusing=refusing))
