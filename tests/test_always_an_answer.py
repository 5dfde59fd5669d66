"""Every event that blocks ends in one posted verdict, or in an error that has it delivered again, whatever happens."""

import gc
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

import handler
from extension import completion, edges, local, pipeline
from extension.dataworks import NoTimeError
from extension.errors import ConfigurationError, PlatformError
from extension.rules import Rule
from extension.storage import ROOT, Store
from tests.conftest import EVENTS, Function, key

DOWNLOAD = (EVENTS / "download-resources.json").read_bytes()
BEHIND_EVENTBRIDGE = (EVENTS / "download-resources.eventbridge.json").read_bytes()

CHECKS = '''
import re
import time
from extension.checks import check
from extension.settings import Nothing
from extension.verdict import Text, hit

NO = Text(en="No.", zh="不可以。")

@check("custom.loop", events="download-resources", texts=[NO])
def loop(event, settings: Nothing):
    """A check that never returns."""
    while True:
        pass
    yield

@check("custom.sleep", events="download-resources", texts=[NO])
def sleep(event, settings: Nothing):
    """A check that waits for what never comes."""
    for _ in range(10_000):
        time.sleep(0.01)
    yield

@check("custom.backtrack", events="download-resources", texts=[NO])
def backtrack(event, settings: Nothing):
    """A check with an expression that backtracks for ever."""
    if re.match("(a+)+$", "a" * 60 + "b"):
        yield hit(NO)

@check("custom.endless", events="download-resources", texts=[NO])
def endless(event, settings: Nothing):
    """A check that finds without end."""
    while True:
        yield hit(NO)

@check("custom.recursion", events="download-resources", texts=[NO])
def recursion(event, settings: Nothing):
    """A check that calls itself."""
    yield from recursion.judge(event, settings) if hasattr(recursion, "judge") else recursion(event, settings)

@check("custom.exit", events="download-resources", texts=[NO])
def leave(event, settings: Nothing):
    """A check that ends the process."""
    raise SystemExit(1)
    yield

@check("custom.hit", events="download-resources", texts=[NO])
def always(event, settings: Nothing):
    """A check that hits."""
    yield hit(NO)
'''
OTHER = "version: 1\nrules: [{id: other, on: commit-file, when: 'true'}]\n"
ENDLESS = ("custom.loop", "custom.sleep", "custom.backtrack")


def deploy(function: Function, tmp_path: Path, *rules: str, top: str = "") -> None:
    """Deploy custom checks, and rules on downloads with the keys given."""
    (tmp_path / "custom.py").write_text(CHECKS, encoding="utf-8")
    lines = [f"  - {{id: r{number}, on: download-resources, {rule}}}" for number, rule in enumerate(rules, start=1)]
    function.policy("version: 1\nlanguage: en\nchecks: custom.py\n" + top + "rules:\n" + "\n".join(lines), tmp_path)


def found(function: Function) -> dict[str, dict[str, Any]]:
    """Findings of the last event as the log has them, by the rule."""
    return {each["rule"]: each for each in function.log[-1]["findings"]}


SLOW = "This rule was still being checked when the time ran out."
LATE = "The check ran out of time before this rule was done."


@pytest.fixture
def no_callbacks() -> Iterator[None]:
    """Nothing of Python's is called by the collector of garbage, where it would hear the alarm and ignore it.

    Hypothesis has itself called there, once it was used in the process.
    """
    callbacks = [*gc.callbacks]
    gc.callbacks.clear()
    yield
    gc.callbacks[:] = callbacks


@pytest.mark.usefixtures("no_callbacks")
class TestDeadline:
    """One budget for an invocation, and nothing that outlasts it."""

    @pytest.mark.parametrize("check", ENDLESS)
    def test_a_check_that_never_returns_gives_its_on_timeout_in_time_and_is_named(
        self, function: Function, tmp_path: Path, check: str
    ) -> None:
        function.timeout_s = 2
        deploy(
            function,
            tmp_path,
            "check: custom.hit, result: WARN",
            f"check: {check}, on_timeout: FAIL",
            "check: custom.hit, on_timeout: WARN",
            "check: custom.hit, on_timeout: OK",
        )
        started = time.monotonic()
        returned = function.handle(DOWNLOAD)
        assert time.monotonic() - started < function.timeout_s
        assert returned["checkResult"] == "FAIL"
        assert str(returned["errorMessage"]).startswith(f"[r2] {SLOW}")
        assert [call.parameters["CheckResult"] for call in function.received] == ["FAIL"]
        findings = found(function)
        assert [(rule, each["result"]) for rule, each in findings.items()] == [
            ("r1", "WARN"),
            ("r2", "FAIL"),
            ("r3", "WARN"),
            ("r4", "OK"),
        ]
        assert findings["r2"]["error"] == "not done in 0.9 s"
        assert LATE in findings["r3"]["text"]
        assert (findings["r1"]["error"], findings["r3"]["error"]) == ("", "")
        assert function.log[-1]["level"] == "ERROR"

    def test_the_next_event_is_judged_as_ever(self, function: Function, tmp_path: Path) -> None:
        function.timeout_s = 2
        deploy(function, tmp_path, "check: custom.loop, operators: '1'", "check: custom.hit, result: WARN")
        other = json.loads(DOWNLOAD)
        other["messageBody"]["operatorUid"] = other["messageBody"]["operatorBaseId"] = "1"
        assert function.handle(json.dumps(other).encode())["checkResult"] == "FAIL"
        assert function.handle(DOWNLOAD) == {"checkResult": "WARN", "errorMessage": "[r2] No."}

    @pytest.mark.parametrize("check", ["custom.loop", "custom.sleep"])
    def test_so_it_is_where_the_function_is_not_called_in_the_main_thread(
        self, function: Function, tmp_path: Path, check: str
    ) -> None:
        function.timeout_s = 2
        deploy(function, tmp_path, f"check: {check}, on_timeout: WARN")
        returned: list[dict[str, object]] = []
        thread = threading.Thread(target=lambda: returned.append(function.handle(DOWNLOAD)))
        thread.start()
        thread.join(10)
        assert [each["checkResult"] for each in returned] == ["WARN"]
        assert SLOW in found(function)["r1"]["text"]

    def test_a_thread_that_does_not_end_is_warned_of(self, function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
        assert handler._extension
        monkeypatch.setattr(type(handler._extension.workers), "left", 2)
        function.handle(DOWNLOAD)
        assert function.log[-1]["warnings"] == [
            "threads of earlier events that took too long and have not come to an end: 2"
        ]

    def test_a_condition_that_takes_too_long_is_named_also_before_anything_is_asked(
        self, function: Function, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        function.timeout_s = 2
        deploy(
            function,
            tmp_path,
            "check: custom.hit, on_timeout: WARN",
            "when: 'event.dataRowSize > 1', options: {result: level}, on_timeout: WARN",
        )

        def hang(_: Rule, __: object) -> bool:
            while True:
                pass

        monkeypatch.setattr(Rule, "met", hang)
        assert function.handle(DOWNLOAD)["checkResult"] == "WARN"
        findings = found(function)
        assert LATE in findings["r1"]["text"]
        assert SLOW in findings["r2"]["text"]

    def test_who_is_exempt_is_also_exempt_from_a_rule_that_was_not_done(
        self, function: Function, tmp_path: Path
    ) -> None:
        function.timeout_s = 2
        exempt = "exempt: [{workspace: '90214', until: 2099-01-01, reason: why not}]"
        deploy(function, tmp_path, f"check: custom.loop, {exempt}", f"check: custom.hit, {exempt}")
        assert function.handle(DOWNLOAD)["checkResult"] == "OK"
        assert [each["mode"] for each in found(function).values()] == ["exempt", "exempt"]

    def test_a_long_text_of_sql_is_not_read_beyond_the_time(self, function: Function, tmp_path: Path) -> None:
        """The grammar takes six seconds for it, which is just not too long to be given to it."""
        function.timeout_s = 3
        deploy(function, tmp_path, "check: sql.tables, with: {deny: ['x.*']}, on_timeout: WARN")
        event = json.loads(DOWNLOAD)
        columns = ", ".join(f"c{number}" for number in range(120_000))
        event["messageBody"]["sqlText"] = f"select {columns} from shop.t"  # noqa: S608  no database sees it
        started = time.monotonic()
        assert function.handle(json.dumps(event).encode())["checkResult"] == "WARN"
        assert time.monotonic() - started < function.timeout_s
        assert SLOW in found(function)["r1"]["text"]

    def test_findings_without_end_are_cut(self, function: Function, tmp_path: Path) -> None:
        deploy(function, tmp_path, "check: custom.endless")
        assert function.handle(DOWNLOAD)["checkResult"] == "FAIL"
        assert function.log[-1]["findings_total"] == pipeline.MAX_FINDINGS
        assert found(function)["r1"]["error"] == ""

    @pytest.mark.parametrize("check", ["custom.recursion", "custom.exit"])
    def test_a_check_that_raises_gives_its_on_error_and_the_others_are_judged(
        self, function: Function, tmp_path: Path, check: str
    ) -> None:
        deploy(function, tmp_path, f"check: {check}, on_error: OK", "check: custom.hit, result: WARN")
        assert function.handle(DOWNLOAD)["checkResult"] == "WARN"
        assert [each["result"] for each in found(function).values()] == ["OK", "WARN"]
        assert found(function)["r1"]["error"].startswith(("RecursionError at ", "SystemExit at "))

    def test_an_error_of_our_own_costs_the_rules_their_verdict_and_nobody_an_answer(
        self, function: Function, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asking = "options: {result: level}"
        deploy(function, tmp_path, f"check: custom.hit, on_error: WARN, {asking}", "check: custom.hit, on_error: OK")

        def fail(*_: object) -> None:
            raise KeyError("secret")

        monkeypatch.setattr(completion.Asking, "complete", fail)
        assert function.handle(DOWNLOAD)["checkResult"] == "WARN"
        assert [call.parameters["CheckResult"] for call in function.received] == ["WARN"]
        assert [each["result"] for each in found(function).values()] == ["WARN", "OK"]
        assert found(function)["r1"]["error"].startswith("KeyError at test_always_an_answer.py:")
        assert "secret" not in json.dumps(function.log)

    def test_a_mount_that_hangs_leaves_the_last_policy_in_force(
        self, function: Function, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        function.timeout_s = 2
        deploy(function, tmp_path, "check: custom.hit, result: WARN")
        looks: list[float] = []

        def hang(_: Store) -> None:
            looks.append(time.monotonic())
            for number in range(10_000):
                time.sleep(0.01 if number else 0)

        with monkeypatch.context() as patch:
            patch.setattr(Store, "policy", hang)
            for _ in range(3):
                assert function.handle(DOWNLOAD)["checkResult"] == "WARN"
        assert len(looks) == 1
        warning = "the files of the policy could not be read in time; an earlier look at them decided"
        assert [warning in line["warnings"] for line in function.log] == [True] * 3
        assert handler._extension
        handler._extension._next_look = 0
        assert function.handle(DOWNLOAD)["checkResult"] == "WARN"
        assert warning not in function.log[-1]["warnings"]


class TestFailure:
    """What cannot be done is said to whom it concerns."""

    def test_an_fc_hosted_event_is_answered_by_its_return_where_the_callback_is_impossible(
        self, function: Function
    ) -> None:
        function.sign_with(key())
        assert function.handle(DOWNLOAD)["checkResult"] == "FAIL"
        line = function.log[-1]
        assert (line["level"], line["callback"]["outcome"]) == ("ERROR", "failed")
        assert line["callback"]["error"].startswith("CallbackExtension: HTTP 404: InvalidAccessKeyId.NotFound")

    def test_one_behind_eventbridge_is_delivered_again(self, function: Function) -> None:
        mine = next(iter(function.dataworks.keys.values()))
        function.sign_with(key())
        with pytest.raises(PlatformError, match="InvalidAccessKeyId"):
            function.handle(BEHIND_EVENTBRIDGE)
        function.sign_with(mine)
        assert function.handle(BEHIND_EVENTBRIDGE, again=True)["checkResult"] == "FAIL"
        assert [(call.parameters["CheckResult"], call.status) for call in function.received] == [
            ("FAIL", 404),
            ("FAIL", 200),
        ]
        assert [(line["event"], line["callback"]["outcome"]) for line in function.log] == [
            ("verdict", "failed"),
            ("redelivery", "posted"),
        ]

    def test_one_that_has_no_time_left_to_be_posted_is_delivered_again(
        self, function: Function, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        call = edges.Extension.call

        def over(extension: edges.Extension, context: object) -> edges.Call:
            made = call(extension, context)
            return msgspec.structs.replace(made, ends=made.started)

        monkeypatch.setattr(edges.Extension, "call", over)
        with pytest.raises(NoTimeError, match="no time was left to call DataWorks"):
            function.handle(BEHIND_EVENTBRIDGE)
        assert function.received == []

    @pytest.mark.parametrize(
        ("variables", "error"),
        [
            (
                {"EXTENSION_POLICY": "broken.yaml"},
                "broken.yaml:2: rules: expected a list of rules, each with id, on and check, found 'none'",
            ),
            ({"EXTENSION_MODE": "loud"}, "EXTENSION_MODE: expected enforce, shadow, off, found 'loud'"),
        ],
    )
    def test_what_keeps_an_instance_from_starting_is_said_without_a_trace_of_ours(
        self, tmp_path: Path, variables: dict[str, str], error: str
    ) -> None:
        (tmp_path / "broken.yaml").write_text("version: 1\nrules: none\n", encoding="utf-8")
        variables = {name: value.replace("broken", f"{tmp_path}/broken") for name, value in variables.items()}
        program = "import handler; handler.initialize(None)"
        done = subprocess.run(  # noqa: S603  our own program
            [sys.executable, "-c", program], check=False, capture_output=True, text=True, cwd=ROOT, env=variables
        )
        assert done.returncode == 1
        frames = [line for line in done.stderr.splitlines() if line.lstrip().startswith("File ")]
        assert len(frames) == 2
        assert "handler.py" in frames[1]
        assert done.stderr.count("Traceback") == 1
        assert error in done.stderr.splitlines()[-1]


class TestRedelivery:
    """An event that comes again is answered as before."""

    @pytest.mark.parametrize("body", [DOWNLOAD, BEHIND_EVENTBRIDGE], ids=["function-compute", "eventbridge"])
    def test_it_has_the_same_verdict_and_one_callback(self, function: Function, body: bytes) -> None:
        first = function.handle(body)
        assert [function.handle(body, again=True) for _ in range(3)] == [first] * 3
        assert len(function.received) == 1
        verdict, *others = function.log
        for line in others:
            assert (line["level"], line["event"]) == ("INFO", "redelivery")
            for name in ("message_id", "code", "workspace", "delivery", "result", "policy", "callback"):
                assert line[name] == verdict[name]
            assert line["request_id"] != verdict["request_id"]

    def test_a_recheck_under_a_new_id_is_judged_anew(self, function: Function) -> None:
        function.handle(DOWNLOAD)
        again = json.loads(DOWNLOAD)
        again["messageId"] = "m-2"
        function.handle(json.dumps(again).encode(), again=True)
        assert [call.parameters["MessageId"] for call in function.received] == [
            json.loads(DOWNLOAD)["messageId"],
            "m-2",
        ]

    @pytest.mark.parametrize(
        "change",
        [
            {"messageBody": {"dataRowSize": 1}},
            {"eventType": "download-resources-execute"},
            {"blockBusiness": False},
        ],
        ids=["payload", "code", "notification"],
    )
    def test_another_event_under_the_same_id_is_judged_for_itself(
        self, function: Function, change: dict[str, object]
    ) -> None:
        """Nothing passes because something else has passed."""
        function.handle(DOWNLOAD)
        function.handle(json.dumps(json.loads(DOWNLOAD) | change).encode(), again=True)
        assert [line["event"] for line in function.log] == ["verdict", "verdict"]

    def test_a_changed_policy_judges_it_anew(self, function: Function, tmp_path: Path) -> None:
        """Whoever is blocked by a wrong rule shall not be blocked by it once it is right."""
        deploy(function, tmp_path, "check: custom.hit")
        assert function.handle(DOWNLOAD)["checkResult"] == "FAIL"
        (tmp_path / "policy.yaml").write_text(OTHER, encoding="utf-8")
        assert function.handle(DOWNLOAD, again=True)["checkResult"] == "OK"
        assert [call.parameters["CheckResult"] for call in function.received] == ["FAIL", "OK"]

    def test_it_is_forgotten_after_a_while(self, function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
        function.handle(DOWNLOAD)
        later = time.monotonic() + edges.ANSWERED_TTL_S
        monkeypatch.setattr(edges, "time", SimpleNamespace(monotonic=lambda: later))
        function.handle(DOWNLOAD, again=True)
        assert len(function.received) == 2

    def test_a_notification_is_logged_as_coming_again(self, function: Function) -> None:
        body = (EVENTS / "project-deleted.eventbridge.json").read_bytes()
        for again in (False, True):
            function.handle(body, again=again)
        assert [(line["event"], line["callback"]["outcome"]) for line in function.log] == [
            ("verdict", "not-needed"),
            ("redelivery", "not-needed"),
        ]

    def test_deliveries_at_the_same_time_are_answered_once(self, function: Function) -> None:
        together = threading.Barrier(4)
        returned: list[object] = []

        def deliver() -> None:
            together.wait(10)
            returned.append(handler.handler(DOWNLOAD, local.context()))

        threads = [threading.Thread(target=deliver) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(set(returned)) == 1
        assert len(returned) == 4
        assert len(function.received) == 1

    def test_without_a_code_an_event_behind_eventbridge_is_an_error_every_time(self, function: Function) -> None:
        function.set(DATAWORKS_EXTENSION_CODE="")
        function.initialize()
        for again in (False, True):
            with pytest.raises(ConfigurationError, match="DATAWORKS_EXTENSION_CODE"):
                function.handle(BEHIND_EVENTBRIDGE, again=again)
        assert [(line["event"], line["level"]) for line in function.log] == [
            ("verdict", "ERROR"),
            ("redelivery", "ERROR"),
        ]
