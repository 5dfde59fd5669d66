"""What sends events to the function: the part of Function Compute and EventBridge."""

import heapq
import itertools
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.load import endpoint, events, instance
from benchmarks.load.account import Sent
from benchmarks.load.endpoint import KEY, Pipe, Taken
from benchmarks.load.instance import Outcome
from extension.local import EXTENSION_CODE

TWICE, TWICE_S = 0.02, 3.0
"""Share of the events that are delivered twice: half of those at the same time, the others within so many seconds."""

REDELIVERIES, REDELIVERY_S = 3, 1.0
"""How often a delivery is made again after an error, and when. (EventBridge waits 10 to 20 s.)

Source: https://www.alibabacloud.com/help/en/eventbridge/user-guide/retry-policies-and-dead-letter-queues
"""

STUCK = 3
"""An invocation is waited for as long as so many times the function's timeout."""

SAMPLE = 500
"""Instances are measured each time that so many events were sent."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How the function runs: `concurrency` is how many invocations an instance takes at a time."""

    instances: int = 2
    concurrency: int = 2
    timeout_s: int = 6
    handler: str = "handler"


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """What an instance takes of its machine."""

    rss_bytes: int
    threads: int
    files: int


def size(process: int) -> Size:
    """Measure a process, by its id. Only Linux tells."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    said = dict(line.split(":", 1) for line in status.splitlines())
    return Size(
        rss_bytes=int(said["VmRSS"].removesuffix("kB")) * 1024,
        threads=int(said["Threads"]),
        files=len(os.listdir(f"/proc/{process}/fd")),  # noqa: PTH208  names are counted, and nothing else
    )


class _Delivery(NamedTuple):
    """A delivery that is due at a moment; `order` tells those of one moment apart, `attempt` counts from 0."""

    moment: float
    order: int
    event: Sent
    attempt: int


class Platform:
    """Sends events to the instances behind `pipes`, one at a time through each.

    They come in bursts of as many as there are pipes, so that as many are judged at a time with faults as without.
    `sent` is what was sent and what came of it, `sizes` what the instances took of the machine at moments meanwhile.
    """

    def __init__(self, pipes: list[Pipe], processes: list[int], timeout_s: float, seed: int) -> None:
        self.sent: list[Sent] = []
        self.sizes: list[list[Size]] = []
        self._pipes = len(pipes)
        self._processes = processes
        self._timeout_s = timeout_s
        self._idle = pipes
        self._busy: dict[Pipe, _Delivery] = {}
        self._due: list[_Delivery] = []
        self._order = itertools.count()
        self._random = random.Random(seed)  # noqa: S311  the same events shall come twice the next time

    def send(self, count: int, rate: float, until: float) -> None:
        """Send so many events, `rate` of them a second, and none after a moment; return when all have come to an end.

        Raises RuntimeError where one never will.
        """
        new, began = [_event(len(self.sent) + number) for number in range(count)], time.monotonic()
        for number, event in enumerate(new):
            moment = began + number // self._pipes * self._pipes / rate
            self._plan(moment, event)
            if self._random.random() < TWICE:
                self._plan(moment + self._random.choice((0, self._random.uniform(0, TWICE_S))), event)
        while self._due or self._busy:
            now = time.monotonic()
            if now >= until:
                self._due = [delivery for delivery in self._due if delivery.event.deliveries]
                heapq.heapify(self._due)
            while self._idle and self._due and self._due[0].moment <= now:
                self._deliver(heapq.heappop(self._due), now)
            self._receive(now)
        self._measure()

    def _plan(self, moment: float, event: Sent, attempt: int = 0) -> None:
        heapq.heappush(self._due, _Delivery(moment, next(self._order), event, attempt))

    def _deliver(self, delivery: _Delivery, now: float) -> None:
        """Begin a delivery, to any instance that has a place."""
        event = delivery.event
        if not event.deliveries:
            self.sent.append(event)
            if len(self.sent) % SAMPLE == 0:
                self._measure()
        event.deliveries += 1
        pipe = self._idle.pop(self._random.randrange(len(self._idle)))
        pipe.send_bytes(event.body)
        self._busy[pipe] = delivery._replace(moment=now)

    def _receive(self, now: float) -> None:
        """Wait until an invocation comes to its end, or a delivery is due and can be made."""
        pause = max(self._due[0].moment - now, 0) if self._idle and self._due else 1.0
        ready = wait(list(self._busy), pause)
        for pipe in [each for each in self._busy if each in ready]:
            delivery = self._busy.pop(pipe)
            try:
                outcome: Outcome = pipe.recv()
            except EOFError:
                raise RuntimeError("an instance has died") from None
            self._idle.append(pipe)
            delivery.event.outcomes.append(outcome)
            if outcome.raised and delivery.attempt < REDELIVERIES and not delivery.event.kind.hosted:
                self._plan(now + REDELIVERY_S, delivery.event, delivery.attempt + 1)
        if any(now - delivery.moment > STUCK * self._timeout_s for delivery in self._busy.values()):
            raise RuntimeError("an invocation does not come to an end")

    def _measure(self) -> None:
        self.sizes.append([size(process) for process in self._processes])


def _event(number: int) -> Sent:
    """A new event; the kinds come in turns."""
    kind = events.KINDS[number % len(events.KINDS)]
    return Sent(message_id=events.message_id(number), kind=kind, body=kind.body(number))


class Place:
    """Where a run takes place: the platform that sends, and the DataWorks that is called."""

    def __init__(self, platform: Platform, dataworks: Pipe) -> None:
        self.platform = platform
        self._dataworks = dataworks

    def fail(self, share: float) -> None:
        """Have that share of all calls to DataWorks meet a fault from now on."""
        self._dataworks.send(share)

    def taken(self) -> Taken:
        """Close DataWorks; what it has taken."""
        self._dataworks.send(None)
        taken: Taken = self._dataworks.recv()
        return taken


@contextmanager
def opened(shape: Shape, seed: int) -> Iterator[Place]:
    """Start DataWorks and the instances, each in a process of its own, and end them."""
    with ExitStack() as running:
        policy = Path(running.enter_context(tempfile.TemporaryDirectory())) / "policy.yaml"
        policy.write_text(events.POLICY, encoding="utf-8")
        _, (dataworks,) = running.enter_context(_process(endpoint.serve, 1, seed))
        variables = {
            "DATAWORKS_ENDPOINT": dataworks.recv(),
            "DATAWORKS_EXTENSION_CODE": EXTENSION_CODE,
            "EXTENSION_POLICY": str(policy),
            "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": KEY.access_key_secret,
            "ALIBABA_CLOUD_SECURITY_TOKEN": KEY.security_token,
        }
        works = [
            _process(instance.run, shape.concurrency, variables, shape.handler, shape.timeout_s)
            for _ in range(shape.instances)
        ]
        started = [running.enter_context(work) for work in works]
        pipes = [pipe for _, ours in started for pipe in ours]
        for pipe in pipes:
            pipe.recv()
        platform = Platform(pipes, [process.pid or 0 for process, _ in started], shape.timeout_s, seed)
        yield Place(platform, dataworks)


@contextmanager
def _process(work: Callable[..., None], pipes: int, *arguments: object) -> Iterator[tuple[BaseProcess, list[Pipe]]]:
    """Run `work` in a process of its own, with the other ends of so many pipes; it is killed at the end."""
    context = get_context("spawn")
    ends = [context.Pipe() for _ in range(pipes)]
    ours, theirs = [end for end, _ in ends], [end for _, end in ends]
    process = context.Process(target=work, args=(theirs, *arguments), daemon=True)
    process.start()
    for end in theirs:  # so that ours tell when it has died
        end.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.join()
