"""Calls inside one process: `python -m benchmarks.cold.warm EVENT CALLS LOADS`, with what is deployed on the path.

It loads the policy LOADS times, calls the handler CALLS times, each time with a message of its own, and prints as JSON
the milliseconds of the first load and of the first call, the medians of the others, and that of a verdict alone: the
event read, judged, and the message written, without a log and without what is remembered of deliveries.
"""

import json
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.cold.drive import Context


def _ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def main() -> None:
    """Measure and print. Raises RuntimeError where a verdict is not FAIL."""
    logging.basicConfig(level=logging.INFO, filename=os.devnull)  # what is logged is written, as it is there
    import handler  # noqa: PLC0415  it is what is measured
    from extension import edges, envelopes, pipeline  # noqa: PLC0415  so is this

    file, calls, loads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    event, context = json.loads(Path(file).read_bytes()), Context()
    returned: list[str] = []

    def call(body: bytes) -> Callable[[], None]:
        return lambda: returned.append(handler.handler(body, context))

    load = [_ms(lambda: handler.initialize(context)) for _ in range(loads + 1)]
    bodies = [json.dumps({**event, "messageId": f"warm-{number}"}).encode() for number in range(calls + 1)]
    called = [_ms(call(body)) for body in bodies]
    extension: Any = handler._extension  # noqa: SLF001  the policy in force
    policy, now = extension.policy(extension.call(context)), edges.now()

    def judge(body: bytes) -> Callable[[], object]:
        return lambda: pipeline.judge(envelopes.parse(body), policy, now).message(pipeline.RETURNED_CHARS)

    judged = [_ms(judge(body)) for body in bodies]
    if any(json.loads(each)["checkResult"] != "FAIL" for each in returned):
        raise RuntimeError(f"a verdict is not FAIL: {returned[0]}")
    figures = {
        "first_load_ms": load[0],
        "load_ms": statistics.median(load[1:]),
        "first_call_ms": called[0],
        "call_ms": statistics.median(called[1:]),
        "verdict_ms": statistics.median(judged[1:]),
    }
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main()
