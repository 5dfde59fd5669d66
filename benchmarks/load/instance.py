"""An instance of the function in a process of its own: started once, then invoked, several times at once if wanted."""

import importlib
import logging
import os
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import ModuleType

import msgspec

from benchmarks.load.endpoint import Pipe
from extension import local
from extension.dataworks import NoTimeError
from extension.errors import ConfigurationError, PlatformError


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one invocation: what was returned, or the error that was raised, by its name.

    `trace` says where, if it is not one that has the platform deliver the event again.
    """

    returned: str = ""
    raised: str = ""
    trace: str = ""
    ms: float


def run(pipes: Sequence[Pipe], variables: Mapping[str, str], module: str, timeout_s: int) -> None:
    """Start the instance; then take an event from each of `pipes` at a time, and send what came of it, for ever.

    With one pipe the handler runs in the main thread, as in a built-in runtime; with several, in a thread for each, as
    in a custom one.
    """
    os.environ.clear()
    os.environ.update(variables)
    logging.basicConfig(level=logging.INFO, filename=os.devnull)  # what is logged is written, as it is there
    handler = importlib.import_module(module)
    handler.initialize(local.context(timeout_s=timeout_s))
    for pipe in pipes:
        pipe.send(None)
    if len(pipes) == 1:
        _serve(pipes[0], handler, timeout_s)
        return
    threads = [threading.Thread(target=_serve, args=(pipe, handler, timeout_s)) for pipe in pipes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _serve(pipe: Pipe, handler: ModuleType, timeout_s: int) -> None:
    with suppress(EOFError, OSError):  # the platform is gone
        while True:
            pipe.send(_invoke(pipe.recv_bytes(), handler, timeout_s))


def _invoke(body: bytes, handler: ModuleType, timeout_s: int) -> Outcome:
    returned = raised = trace = ""
    started = time.perf_counter()
    try:
        returned = handler.handler(body, local.context(timeout_s=timeout_s))
    except (PlatformError, NoTimeError, ConfigurationError) as error:
        raised = type(error).__name__
    except BaseException as error:  # noqa: BLE001  it is what the run is there to find
        raised, trace = type(error).__name__, traceback.format_exc()
    return Outcome(returned=returned, raised=raised, trace=trace, ms=(time.perf_counter() - started) * 1000)
