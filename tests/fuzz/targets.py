"""What is fuzzed, and what must hold whatever comes: a target takes any bytes, and raises where something does not."""

import json
import logging
import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from extension import edges, envelopes, local, pipeline, policy, sql
from extension.errors import MessageError, PolicyError
from extension.events import EPOCH
from extension.rules import Policy
from extension.sql.facts import Engine
from extension.sql.outline import MAX_CHARS, outline
from extension.storage import LOG, ROOT
from extension.verdict import Result

MAX_LINE_BYTES = 32_000
"""Longest line that Function Compute keeps of a log."""

TIMEOUT_S = 60


@cache
def extensions() -> tuple[edges.Extension, ...]:
    """The function under each of the example policies, posting nothing."""
    os.environ.update({"DATAWORKS_CALLBACK": "off", "FC_REGION": "cn-shanghai"})
    made = []
    for path in sorted(ROOT.glob("examples/*/policy.yaml")):
        os.environ["EXTENSION_POLICY"] = str(path)
        made.append(edges.Extension(None))
    return tuple(made)


class _Lines(logging.Handler):
    """What is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())


def events(data: bytes) -> None:
    """Any bytes as an event: a verdict with its line in the log, the same one again, or one clear error.

    The first byte says under which policy.
    """
    extension = extensions()[(data[0] if data else 0) % len(extensions())]
    first = _run(extension, data[1:])
    assert first == _run(extension, data[1:])


def _run(extension: edges.Extension, body: bytes) -> Mapping[str, object] | str:
    """What is returned, or what is wrong with the body."""
    extension.answers = type(extension.answers)(edges.ANSWERED_TTL_S, edges.ANSWERED_SIZE)
    log = _Lines()
    propagate, LOG.propagate = LOG.propagate, False
    LOG.addHandler(log)
    try:
        returned = json.loads(pipeline.run(body, extension, local.context(timeout_s=TIMEOUT_S)))
    except MessageError as error:
        assert len(log.lines) == 1
        return str(error)
    finally:
        LOG.removeHandler(log)
        LOG.propagate = propagate
    (line,) = log.lines
    assert len(line.encode()) < MAX_LINE_BYTES
    found: dict[str, Any] = json.loads(line)
    if found["event"] == "refused-request":
        assert returned["statusCode"] == 401
        return {"returned": returned}
    assert found["callback"]["outcome"] in ("off", "not-needed")
    assert set(returned) == {"checkResult", "errorMessage"}
    assert returned["checkResult"] in set(Result)
    assert (returned["errorMessage"] == "") is (returned["checkResult"] == "OK")
    assert len(returned["errorMessage"]) <= pipeline.RETURNED_CHARS
    return {"returned": returned}


@cache
def _samples() -> tuple[Any, ...]:
    """The documented events."""
    return tuple(envelopes.parse(path.read_bytes()) for path in sorted(ROOT.glob("events/*.eventbridge.json")))


def policies(data: bytes) -> None:
    """Any bytes as a policy: one error that names the file in every line, or a policy that judges every event."""
    loaded, error = _parsed(data)
    assert all(line.startswith("p.yaml") for line in error.split("\n") if error)
    if loaded:
        for sample in _samples():
            assert len(pipeline.judge(sample, loaded, EPOCH).message(100)) <= 100


def _parsed(data: bytes) -> tuple[Policy | None, str]:
    """A policy, or what is wrong with it."""
    try:
        return policy.parse(data, "p.yaml"), ""
    except PolicyError as error:
        return None, str(error)


def texts(data: bytes) -> None:
    """Any bytes as SQL: facts, and an outline. The first byte says of which engine."""
    engine = list(Engine)[(data[0] if data else 0) % len(Engine)]
    text = data[1:].decode(errors="replace")
    found = sql.analyse(text, engine, "project")
    assert found.characters == len(text)
    assert len(outline(text, engine)) <= MAX_CHARS


TARGETS: Mapping[str, Callable[[bytes], None]] = {"events": events, "policies": policies, "texts": texts}
"""Targets by their names, which are also those of the folders of their seeds."""
