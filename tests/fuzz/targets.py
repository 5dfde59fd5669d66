"""What is fuzzed, and what must hold whatever comes: a target takes any bytes, and raises where something does not."""

import json
import logging
import os
import re
from collections.abc import Callable, Mapping
from functools import cache, wraps
from time import process_time
from typing import Any

import msgspec

from extension import edges, envelopes, local, pipeline, policy, sql
from extension.dataworks import CALL_S, Credentials
from extension.errors import MessageError, PolicyError
from extension.events import EPOCH, Missing
from extension.rules import Policy
from extension.sql.facts import Engine
from extension.sql.outline import MAX_CHARS, outline
from extension.storage import LOG, ROOT
from extension.verdict import RAISED, Result, Verdict
from tests.cases import documented, event

MAX_LINE_BYTES = 32_000
"""Longest line that Function Compute keeps of a log."""

TIMEOUT_S = 60

MOST_S = 10
"""Most that a target may take, watched as it is by the fuzzer, in seconds of the processor."""

Target = Callable[[bytes], None]


def _in_time(target: Target) -> Target:
    """The target, which raises where it takes too long: judging sets the alarm that the fuzzer would go by."""

    @wraps(target)
    def timed(data: bytes) -> None:
        started = process_time()
        target(data)
        taken_s = process_time() - started
        assert taken_s < MOST_S, taken_s

    return timed


HITS = {name: found["Hits"][1] for name, found in documented().items()}


def _every_check(family: str = "") -> Policy:
    """A policy with a rule of each check (of a family: `sql.`), with the settings of its documented hit."""
    rules = [{"id": name, "on": "*", "check": name, "with": HITS[name]} for name in HITS if name.startswith(family)]
    conditions = (
        *('size(operator.roles) > 9 && parameters["a"] == "b"', "sql.limit > 1 || sql.columns == sql.tables"),
        *('event["a"]["b"].c == 1 || now.getHours() > 3', "event.includeNodeIds.exists(n, n > 5) && event.isParallel"),
    )
    others = [{"id": f"when-{number}", "on": "*", "when": text} for number, text in enumerate(conditions)]
    above = {"version": 1, "language": "en", "sql": {"projects": {"*": "shop"}}, "log": {"sql": "outline"}}
    return policy.parse(json.dumps({**above, "rules": [*rules, *([] if family else others)]}).encode(), "p.yaml")


class _Platform:
    """A DataWorks that answers every question, without a socket."""

    def call(
        self, action: str, parameters: Mapping[str, str], credentials: Credentials, within_s: float = CALL_S
    ) -> Mapping[str, object]:
        """Answer a question."""
        del parameters, credentials, within_s
        return _ANSWERS[action]


_ANSWERS: Mapping[str, Mapping[str, object]] = {
    "GetIDEEventDetail": {"EventDetail": {"CommittedFile": {"Content": "select * from hr.users", "FileType": 10}}},
    "ListProjectMembers": {"Data": {"ProjectMemberList": [{"ProjectMemberId": "1"}], "TotalCount": 1}},
    "GetExtension": {"Extension": {"ParameterSetting": "a=b"}},
    "GetInstance": {"Data": {"NodeId": 1, "NodeName": "a"}},
    "GetOptionValueForProject": {"OptionValue": "{}"},
}


SURROUNDINGS = {"DATAWORKS_CALLBACK": "off", "DATAWORKS_EXTENSION_CODE": "fuzz", "FC_REGION": "cn-shanghai"}


@cache
def extensions() -> tuple[edges.Extension, ...]:
    """The function under each of the example policies, and under one with every check, posting nothing."""
    os.environ.update(SURROUNDINGS)
    made = []
    for path in sorted(ROOT.glob("examples/*/policy.yaml")):
        os.environ["EXTENSION_POLICY"] = str(path)
        made.append(edges.Extension(None))
    made.append(edges.Extension(None))
    vars(made[-1]._store)["_policy"] = _every_check()
    for extension in made:
        extension._transport = _Platform()
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
        context = local.context(credentials=Credentials("id", "secret"), timeout_s=TIMEOUT_S)
        returned = json.loads(pipeline.run(body, extension, context))
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
    assert not [finding for finding in found["findings"] if _TRACE.fullmatch(finding["error"])]
    assert set(returned) == {"checkResult", "errorMessage"}
    assert returned["checkResult"] in set(Result)
    assert (returned["errorMessage"] == "") is (returned["checkResult"] == "OK")
    assert len(returned["errorMessage"]) <= pipeline.RETURNED_CHARS
    return {"returned": returned}


_TRACE = re.compile(r"\w+ at \w+\.py:\d+")
"""What the log says where a check raised."""


@cache
def _samples() -> tuple[Any, ...]:
    """The documented events, for which DataWorks does not answer."""
    missing = Missing("no answer")
    samples = (envelopes.parse(path.read_bytes()) for path in sorted(ROOT.glob("events/*.eventbridge.json")))
    return tuple(
        msgspec.structs.replace(sample, file=missing, table=missing, instances=missing, roles=missing)
        for sample in samples
    )


def _sound(judged: Verdict) -> None:
    """No check raised, and the message is as long as it may be."""
    raised = [each.error for each in judged.findings if each.finding is RAISED]
    assert all(error.startswith("when: ") for error in raised), raised
    assert len(judged.message(100)) <= 100


def policies(data: bytes) -> None:
    """Any bytes as a policy: one error that names the file in every line, or a policy that judges every event."""
    loaded, error = _parsed(data)
    assert all(line.startswith("p.yaml") for line in error.splitlines())
    if loaded:
        for sample in _samples():
            _sound(pipeline.judge(sample, loaded, EPOCH))


def _parsed(data: bytes) -> tuple[Policy | None, str]:
    """A policy, or what is wrong with it."""
    try:
        return policy.parse(data, "p.yaml"), ""
    except PolicyError as error:
        return None, str(error)


def texts(data: bytes) -> None:
    """Any bytes as SQL: facts, an outline, and a verdict on both. The first byte says of which engine."""
    engine = list(Engine)[(data[0] if data else 0) % len(Engine)]
    text = data[1:].decode(errors="replace")
    found = sql.analyse(text, engine, "project")
    assert found.characters == len(text)
    assert len(outline(text, engine)) <= MAX_CHARS
    data_source = {"sqlText": text, "datasourceName": engine.value}
    _sound(pipeline.judge(event("download-resources", data_source), _of_sql(), EPOCH))


@cache
def _of_sql() -> Policy:
    return _every_check("sql.")


TARGETS: Mapping[str, Target] = {
    "events": _in_time(events),
    "policies": _in_time(policies),
    "texts": _in_time(texts),
}
"""Targets by their names, which are also those of the folders of their seeds."""
