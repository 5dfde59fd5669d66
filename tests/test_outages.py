"""Every fault of the embedded DataWorks, with every API, at the first call and at every call: somebody is answered.

The light client calls over real sockets, with the official SDK behind it, and then the SDK alone. Only the waiting
between two calls is simulated; what hangs or drips takes the time that the budget of a short invocation gives it.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from _pytest.mark import ParameterSet

import handler
from extension import events
from extension.dataworks import ATTEMPTS
from extension.errors import PlatformError
from extension.faults import Fault, Outage
from tests.conftest import Function
from tests.fakes import LEFT_TO_THE_COLLECTOR

CODES = {
    events.Callback.IDE: "commit-file",
    events.Callback.WORKBENCH: "freeze-node",
    events.Callback.EXTENSION: "download-resources",
}
TELLING = {Fault.UNSUCCESSFUL, Fault.SIGNATURE, Fault.SKEW}
"""Faults that another call would meet again: the platform has understood, and says no."""
OWN = {Fault.SIGNATURE, Fault.UNAVAILABLE, Fault.GARBAGE, Fault.TRUNCATED}
"""Faults that may be of the light client's own making: the SDK makes the call again, at once."""
SLOW = {Fault.HANG, Fault.DRIP}


def timeout_s(fault: Fault) -> int:
    """The function's timeout: what a fault takes of it is waited for."""
    return 3 if fault in SLOW else 60


class Cell(NamedTuple):
    """One cell of the matrix. `times` is 1 for the first call, None for every one."""

    fault: Fault
    action: events.Callback
    times: int | None
    result: str
    delivery: str
    client: str = "light"

    def __str__(self) -> str:
        """Its coordinates."""
        when = "first" if self.times else "every"
        parts = (self.fault.value.replace(" ", "-"), self.action, when, self.result, self.delivery, self.client)
        return "-".join(parts)

    @property
    def own(self) -> bool:
        """Whether there is another client for it."""
        return self.client == "light" and self.fault in OWN


MATRIX = [
    Cell(fault, action, times, result, delivery)
    for fault in Fault
    for action in CODES
    for times, result in ((1, "FAIL"), (None, "FAIL"), (1, "WARN"))
    for delivery in ("function-compute", "eventbridge")
]
OF_SDK = [
    Cell(fault, events.Callback.EXTENSION, times, "FAIL", "eventbridge", "sdk")
    for fault in Fault
    for times in (1, None)
]


class Waiting:
    """The user who waits for a verdict, and the platform that delivers the event until it has one."""

    def __init__(self, function: Function, code: str, delivery: str) -> None:
        self.function = function
        self.pauses: list[float] = []
        self.between: Callable[[], None] = lambda: None
        """What happens while the function waits between two calls."""
        data = {"operator": "149318", "projectId": 90214, "eventCode": code}
        body: dict[str, object] = {"messageId": "m-1", "eventType": code, "messageBody": data}
        if delivery == "eventbridge":
            body = {"id": "m-1", "source": "acs.dataworks", "specversion": "1.0", "data": data}
        self._body = json.dumps(body).encode()
        extension = handler._extension
        assert extension
        extension.pause = self.pause

    def pause(self, seconds: float) -> None:
        """Note how long the function waits between two calls, and let it go on."""
        self.pauses.append(seconds)
        self.between()

    def deliver(self, *, again: bool = False) -> dict[str, object]:
        """Deliver the event once."""
        return self.function.handle(self._body, again=again)

    @property
    def counted(self) -> list[str]:
        """The verdicts that the platform took."""
        return self.function.dataworks.verdicts.get("m-1", [])

    @property
    def line(self) -> dict[str, object]:
        """What the function logged last."""
        return self.function.log[-1]


def waiting(function: Function, tmp_path: Path, cell: Cell) -> Waiting:
    """Somebody who waits for the verdict of a function that has all that it needs but the callback."""
    code = CODES[cell.action]
    function.set(DATAWORKS_CLIENT=cell.client)
    function.policy(
        f"version: 1\nlanguage: en\nrules:\n  - {{id: r, on: {code}, when: 'true', result: {cell.result}}}\n", tmp_path
    )
    waiting = Waiting(function, code, cell.delivery)
    function.handle((json.dumps({"messageId": "m-0", "eventType": code, "messageBody": {}})).encode())
    function.timeout_s = timeout_s(cell.fault)
    function.dataworks.received.clear()
    if cell.fault is Fault.REFUSED:
        function.dataworks.refuse()
        if cell.times:
            waiting.between = function.dataworks.accept
    else:
        function.dataworks.faults[cell.action] = Outage(cell.fault, cell.times)
    return waiting


def repair(waiting: Waiting) -> None:
    """The outage is over."""
    waiting.function.dataworks.faults.clear()
    waiting.function.dataworks.accept()


def column(value: Cell | Fault, fault: Fault) -> ParameterSet:
    """A value of a column; what drips has a thread stopped."""
    return pytest.param(value, marks=[LEFT_TO_THE_COLLECTOR] if fault is Fault.DRIP else [])


def test_that_the_sdk_makes_the_calls_is_warned_of(function: Function, tmp_path: Path) -> None:
    cell = next(cell for cell in MATRIX if cell.times == 1 and cell.own and cell.action is events.Callback.EXTENSION)
    user = waiting(function, tmp_path, cell)
    user.deliver()
    assert user.line["warnings"] == [
        (
            "the SDK makes the calls, since the light client's was not taken: CallbackExtension: no usable answer:"
            " UnreadableAnswer: not the platform's (HTTP 503)"
        )
    ]


@pytest.mark.parametrize("cell", [column(cell, cell.fault) for cell in (*MATRIX, *OF_SDK)], ids=str)
@pytest.mark.no_cover
def test_matrix(cell: Cell, function: Function, tmp_path: Path) -> None:
    """What the user gets, what is logged, and that one verdict counts."""
    user = waiting(function, tmp_path, cell)
    posted = "OK" if cell.result == "WARN" and cell.action is events.Callback.WORKBENCH else cell.result
    refused = posted != cell.result
    taken_first = cell.fault.taken and not refused
    if refused and cell.fault is Fault.UNSUCCESSFUL:
        # This may be how Operation Center refuses a WARN: it is posted as OK at once.
        assert user.deliver()["checkResult"] == "WARN"
        assert (callback(user), user.pauses, user.counted) == (("posted", "OK"), [], ["OK"])
        return
    if cell.times == 1 and (cell.own or cell.fault not in TELLING):
        assert user.deliver()["checkResult"] == cell.result
        assert callback(user) == ("posted", posted)
        doubted = cell.own and not refused  # where it is refused again, the SDK has not done better
        assert user.line["level"] == ("WARNING" if doubted else "INFO")
        assert [str(each).startswith("the SDK makes the calls") for each in user.line["warnings"]] == [True] * doubted  # type: ignore[attr-defined]  # a list
        assert len(user.pauses) == (0 if cell.own else 1)
        assert user.counted == [posted] * (2 if taken_first else 1)
        return
    if cell.delivery == "function-compute":
        assert user.deliver()["checkResult"] == cell.result
    else:
        with pytest.raises(PlatformError) as caught:
            user.deliver()
        assert caught.value.action == cell.action
    assert callback(user)[0] == "failed"
    assert user.line["level"] == "ERROR"
    calls = user.line["callback"]["calls"]  # type: ignore[index]  # a mapping
    assert calls == 1 if cell.fault in TELLING else 1 < calls <= ATTEMPTS if cell.fault in SLOW else calls == ATTEMPTS
    assert set(user.counted) == ({posted} if taken_first else set())
    repair(user)
    assert user.deliver(again=True)["checkResult"] == cell.result
    assert user.line["event"] == "redelivery"
    assert callback(user) == ("posted", posted)
    assert set(user.counted) == {posted}
    before = list(user.counted)
    assert user.deliver(again=True)["checkResult"] == cell.result
    assert user.counted == before


def callback(user: Waiting) -> tuple[str, str]:
    """What became of the callback, as the log has it."""
    found = user.line["callback"]
    assert isinstance(found, dict)
    return found["outcome"], found["result"]


def test_the_matrix_has_every_fault_and_every_api() -> None:
    assert {cell.fault for cell in MATRIX} == set(Fault)
    assert {cell.action for cell in MATRIX} == set(events.Callback)
    assert len(MATRIX) == len(set(map(str, MATRIX))) == 13 * 3 * 3 * 2


ASKED = {
    "GetIDEEventDetail": "{id: r, on: commit-file, check: file.content, with: {forbid: drop}, on_error: WARN}",
    "GetOptionValueForProject": "{id: r, on: commit-file, when: 'true', result: WARN, options: {result: level}}",
    "ListProjectMembers": "{id: r, on: commit-file, check: operator.roles, with: {deny: [admin]}, on_error: WARN}",
}
"""A rule that asks, and gives WARN where it has no answer and FAIL where it has one."""


@pytest.mark.parametrize("times", [1, None], ids=["first", "every"])
@pytest.mark.parametrize("action", ASKED)
@pytest.mark.parametrize("fault", [column(fault, fault) for fault in Fault])
@pytest.mark.no_cover
def test_a_question(fault: Fault, action: str, times: int | None, function: Function, tmp_path: Path) -> None:
    """Without an answer the rule that needs it gives its own result, and the verdict is posted all the same."""
    function.timeout_s = 8 if times and fault in SLOW else timeout_s(fault)  # there is to be time for another call
    function.policy(f"version: 1\nlanguage: en\nrules:\n  - {ASKED[action]}\n", tmp_path)
    user = Waiting(function, "commit-file", "eventbridge")
    dataworks = function.dataworks
    dataworks.snapshots["*"] = {"CommittedFile": {"Content": "drop", "FileType": 10}}
    dataworks.options["*"] = {"level": "FAIL"}
    dataworks.members["*"] = {"149318": ["admin"]}
    if fault is Fault.REFUSED:
        dataworks.refuse()
        user.between = dataworks.accept if times else repair_after(user, ATTEMPTS - 1)
    else:
        dataworks.faults[action] = Outage(fault, times)
    answered = times == 1 and (fault in OWN or fault not in TELLING)
    expected = "FAIL" if answered or (fault is Fault.REFUSED and times) else "WARN"
    assert user.deliver()["checkResult"] == expected
    assert user.counted == [expected]
    (asked,) = [each for each in asked_of(user) if each["action"] == action]
    assert bool(asked["error"]) is not answered
    assert asked["calls"] == ((1 if fault in OWN else 2) if answered else asked["calls"])


def repair_after(user: Waiting, pauses: int) -> Callable[[], None]:
    """An outage that ends while the function waits for the last time before it gives a question up, and a little more.

    Nobody listens at all, so that the callback would fail with the question.
    """
    counted: Iterator[int] = iter(range(pauses + 1))

    def between() -> None:
        if next(counted) == pauses:
            repair(user)

    return between


def asked_of(user: Waiting) -> list[dict[str, object]]:
    """What the platform was asked, as the log has it."""
    found = user.line["asked"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("fault", [Fault.THROTTLED_FOR, Fault.THROTTLED])
def test_the_platform_is_left_alone_for_as_long_as_it_says(fault: Fault, function: Function, tmp_path: Path) -> None:
    cell = Cell(fault, events.Callback.EXTENSION, 1, "FAIL", "eventbridge")
    user = waiting(function, tmp_path, cell)
    function.dataworks.retry_after_ms = 700
    assert user.deliver()["checkResult"] == "FAIL"
    (pause,) = user.pauses
    assert pause >= 0.7 if fault is Fault.THROTTLED_FOR else pause < 0.7


def test_the_platform_that_wants_to_be_left_alone_for_too_long_is_not_called_again(
    function: Function, tmp_path: Path
) -> None:
    user = waiting(function, tmp_path, Cell(Fault.THROTTLED_FOR, events.Callback.EXTENSION, 1, "FAIL", "eventbridge"))
    function.dataworks.retry_after_ms = 1000 * function.timeout_s
    with pytest.raises(PlatformError, match="Throttling"):
        user.deliver()
    assert user.pauses == []
