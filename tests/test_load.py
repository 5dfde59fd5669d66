"""The load run works, and finds what it is there to find."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load.__main__ import Report, Times, rows
from benchmarks.load.account import Account, Sent, account
from benchmarks.load.events import KINDS, Kind, message_id
from benchmarks.load.instance import Outcome
from benchmarks.load.platform import Shape, Size
from extension import envelopes
from extension.storage import ROOT
from extension.verdict import Result
from tests import careless

on_linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells what a process takes")


def load(*options: str) -> tuple[int, dict[str, Any]]:
    """Run it; its exit status and its report."""
    command = [sys.executable, "-m", "benchmarks.load", "--json", "--growth", "100", *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  our own program
    assert ended.stderr == ""
    return ended.returncode, json.loads(ended.stdout)


@on_linux
def test_every_event_has_its_verdict_though_calls_fail() -> None:
    status, report = load("--events", "200", "--warm-up", "50", "--rate", "500")
    found = report["account"]
    assert (found["lost"], found["doubled"], found["wrong"], found["unexpected"]) == ([], [], [], [])
    assert status == (1 if found["overdue"] else 0)  # a machine that is busy can keep an invocation waiting
    assert found["events"] == 250
    assert found["deliveries"] >= 250
    assert sum(found["verdicts"].values()) + found["returned_only"] == found["blocking"]
    assert set(found["verdicts"]) == {"OK", "WARN", "FAIL"}
    assert sum(report["faults"].values()) > 0
    assert all(len(sizes) == 2 for sizes in report["sizes"])


@on_linux
def test_mistakes_of_the_handler_are_found() -> None:
    mistaken = ("--handler", "tests.careless", "--timeout", "3", "--instances", "1")
    status, report = load("--events", "22", "--warm-up", "0", "--share", "0", *mistaken)
    found = report["account"]
    assert status == 1
    assert set(found["lost"]) == {careless.LOST, careless.RAISES}
    assert found["doubled"] == [careless.DOUBLED]
    assert found["wrong"] == [careless.WRONG]
    assert careless.LATE in found["overdue"]
    assert all("LookupError: load-000005" in trace for trace in found["unexpected"])
    assert found["unexpected"]


HOSTED, THROUGH_EVENTBRIDGE, WORKBENCH, REGULAR, NOTIFICATION = KINDS[1], KINDS[3], KINDS[8], KINDS[9], KINDS[10]


def returned(result: str, ms: float = 1) -> Outcome:
    """A verdict that was returned."""
    return Outcome(returned=json.dumps({"checkResult": result, "errorMessage": ""}), ms=ms)


FAILED = Outcome(raised="PlatformError", ms=1)
BROKEN = Outcome(raised="KeyError", trace="Traceback", ms=1)
LATE = returned("FAIL", ms=6001)


def told(kind: Kind, outcomes: Sequence[Outcome], taken: Sequence[str]) -> Account:
    """The account of one event."""
    sent = Sent(message_id="m", kind=kind, body=b"", deliveries=len(outcomes), outcomes=[*outcomes])
    return account([sent], {"m": taken} if taken else {}, timeout_s=6)


@pytest.mark.parametrize(
    ("kind", "outcomes", "taken"),
    [
        (HOSTED, [returned("FAIL")], ["FAIL"]),
        (HOSTED, [returned("FAIL")], []),
        (HOSTED, [returned("FAIL"), returned("FAIL")], ["FAIL", "FAIL"]),
        (THROUGH_EVENTBRIDGE, [returned("FAIL")], ["FAIL", "FAIL"]),
        (THROUGH_EVENTBRIDGE, [FAILED, returned("FAIL")], ["FAIL"]),
        (THROUGH_EVENTBRIDGE, [FAILED], ["FAIL"]),
        (WORKBENCH, [returned("WARN")], ["OK"]),
        (REGULAR, [returned("OK")], []),
        (NOTIFICATION, [returned("FAIL")], []),
    ],
)
def test_an_event_that_has_its_verdict_is_sound(kind: Kind, outcomes: list[Outcome], taken: list[str]) -> None:
    assert told(kind, outcomes, taken).sound


@pytest.mark.parametrize(
    ("mistake", "kind", "outcomes", "taken"),
    [
        ("lost", HOSTED, [FAILED], []),
        ("lost", THROUGH_EVENTBRIDGE, [returned("FAIL")], []),
        ("lost", THROUGH_EVENTBRIDGE, [FAILED] * 4, []),
        ("doubled", HOSTED, [returned("FAIL")], ["FAIL", "OK"]),
        ("doubled", HOSTED, [returned("FAIL"), returned("OK")], ["FAIL"]),
        ("doubled", NOTIFICATION, [returned("FAIL")], ["FAIL"]),
        ("doubled", REGULAR, [returned("OK")], ["OK"]),
        ("wrong", HOSTED, [returned("OK")], ["OK"]),
        ("wrong", HOSTED, [returned("FAIL")], ["OK"]),
        ("wrong", WORKBENCH, [returned("OK")], ["OK"]),
        ("wrong", NOTIFICATION, [returned("OK")], []),
        ("unexpected", HOSTED, [BROKEN, returned("FAIL")], ["FAIL"]),
        ("overdue", HOSTED, [LATE], ["FAIL"]),
    ],
)
def test_a_mistake_is_called_by_its_name(mistake: str, kind: Kind, outcomes: list[Outcome], taken: list[str]) -> None:
    found = told(kind, outcomes, taken)
    assert not found.sound
    assert [name for name in ("lost", "doubled", "wrong", "unexpected", "overdue") if getattr(found, name)] == [mistake]


def test_a_verdict_that_nobody_asked_for_is_wrong() -> None:
    assert account([], {"another": ["OK"]}, timeout_s=6).wrong == ["another"]


def test_a_post_that_is_made_again_is_put_down_to_an_answer_that_was_lost_or_to_another_delivery() -> None:
    once = told(THROUGH_EVENTBRIDGE, [returned("FAIL")], ["FAIL"] * 3)
    twice = told(THROUGH_EVENTBRIDGE, [FAILED, returned("FAIL")], ["FAIL"] * 3)
    assert (once.posted_again, once.posted_by_others) == (2, 0)
    assert (twice.posted_again, twice.posted_by_others) == (0, 2)


@pytest.mark.parametrize("number", range(len(KINDS)))
def test_a_kind_is_what_it_says(number: int) -> None:
    kind = KINDS[number]
    event = envelopes.parse(kind.body(number))
    assert event.message_id == message_id(number)
    assert (event.callback is not None) == bool(kind.counted)
    assert event.delivery == ("function-compute" if kind.hosted else "eventbridge")
    assert event.workspace == str(90_000 + number)


def test_the_kinds_have_every_verdict_every_api_and_both_envelopes() -> None:
    waiting = [kind for kind in KINDS if kind.counted]
    assert {kind.result for kind in waiting} == set(Result)
    assert {kind.counted for kind in waiting} == {"OK", "WARN", "FAIL"}
    assert {kind.hosted for kind in waiting} == {True, False}
    assert {kind.hosted for kind in KINDS if not kind.counted} == {True, False}
    assert len({envelopes.parse(kind.body(0)).callback for kind in waiting}) == 3


def report(*sizes: int, sent: Sequence[Sent] = ()) -> Report:
    """A report of one instance that takes so much memory at a moment each."""
    return Report(
        shape=Shape(),
        account=account(sent, {}, timeout_s=6),
        warmed_up=0,
        seconds=1,
        without_faults=Times.of([]),
        with_faults=Times.of(sent),
        calls=0,
        faults={"hang": 1},
        refusing=0,
        sizes=[[Size(rss_bytes=each, threads=1, files=1)] for each in sizes],
        warm=1,
    )


def test_memory_is_told_from_the_end_of_the_warm_up_on() -> None:
    assert report(100, 200, 300, 210).growth == 1.05


def test_times_are_of_all_invocations() -> None:
    sent = Sent(message_id="m", kind=HOSTED, body=b"", outcomes=[returned("FAIL", ms) for ms in range(101)])
    assert Times.of([sent]) == Times(p50_ms=50, p99_ms=99, max_ms=100)
    assert Times.of([]) == Times(p50_ms=0, p99_ms=0, max_ms=0)


def test_what_must_not_be_stands_first() -> None:
    sent = Sent(message_id="m", kind=THROUGH_EVENTBRIDGE, body=b"", outcomes=[FAILED])
    shown = list(rows(report(100, 100, 103, sent=[sent])))
    assert shown[0] == ("100.00%", "1", "lost, of 1 that somebody waits for")
    assert ("1.030x", "0.0 to 0.0", "MB of instance 1, start to end") in shown
