"""The steps of docs/emergency.md, each tried on somebody who is blocked."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import handler
from extension import edges
from extension.dataworks import Guarded
from extension.errors import PlatformError, PolicyError
from extension.faults import Fault, Outage
from extension.local import EXTENSION_CODE, DataWorks
from extension.sdk import Sdk
from extension.storage import ROOT
from tests.conftest import EVENTS, Function

PAGE = (ROOT / "docs/emergency.md").read_text(encoding="utf-8")
DOWNLOAD = (EVENTS / "download-resources.json").read_bytes()
BEHIND_EVENTBRIDGE = (EVENTS / "download-resources.eventbridge.json").read_bytes()
WORKSPACE = "90214"
OPERATOR = "149318960375502187"

CHECKS = '''
import time
from extension.checks import check
from extension.settings import Nothing
from extension.verdict import Text

NO = Text(en="No.", zh="不可以。")

@check("custom.hang", events="download-resources", texts=[NO])
def hang(event, settings: Nothing):
    """A check that never returns."""
    while True:
        time.sleep(0.01)
    yield

@check("custom.fail", events="download-resources", texts=[NO])
def fail(event, settings: Nothing):
    """A check that raises."""
    raise ValueError
    yield
'''
ROWS = "check: download.rows, with: {max: 1}"
ROLES = "check: operator.roles, with: {allow: [role_project_admin]}"


class Emergency:
    """Somebody is blocked by the function; a step is taken; and they try once more."""

    def __init__(self, function: Function, tmp_path: Path) -> None:
        self.function = function
        self.dataworks = function.dataworks
        self._tmp_path = tmp_path
        function.timeout_s = 3

    def deploy(self, rule: str = ROWS, *, more: str = "", top: str = "") -> None:
        """Deploy a rule on downloads, with more keys, and more above the rules."""
        (self._tmp_path / "custom.py").write_text(CHECKS, encoding="utf-8")
        keys = ", ".join(("id: r, on: download-resources", rule, *filter(None, (more,))))
        head = f"version: 1\nlanguage: en\nchecks: custom.py\n{top}\n"
        self.function.policy(f"{head}rules:\n  - {{{keys}}}\n", self._tmp_path)

    def set(self, **variables: str) -> None:
        """Set environment variables; they are in force with the next instance."""
        self.function.set(**variables)
        self.function.initialize()

    def register(self, parameters: str) -> None:
        """Change the parameters of the extension; they are read again within five minutes."""
        self.dataworks.parameters = parameters
        self.function.initialize()

    def result(self, body: bytes = DOWNLOAD, *, again: bool = False) -> object:
        """What the user gets who tries it."""
        return self.function.handle(body, again=again)["checkResult"]

    @property
    def posted(self) -> list[str]:
        """Verdicts that DataWorks took, of whatever event."""
        return [each for verdicts in self.dataworks.verdicts.values() for each in verdicts]

    @property
    def line(self) -> dict[str, object]:
        """What was logged last."""
        return self.function.log[-1]

    @property
    def modes(self) -> list[object]:
        """What the findings of the last event counted for."""
        return [each["mode"] for each in self.function.log[-1]["findings"]]


def exempt_somebody(emergency: Emergency) -> None:
    emergency.deploy()
    assert emergency.result() == "FAIL"
    emergency.deploy(more=f"exempt: [{{operator: '{OPERATOR}', until: 2099-12-31, reason: emergency}}]")
    assert emergency.result() == "OK"
    assert emergency.modes == ["exempt"]


def rule_in_shadow(emergency: Emergency) -> None:
    emergency.deploy()
    assert emergency.result() == "FAIL"
    emergency.deploy(more="mode: shadow")
    assert emergency.result() == "OK"
    assert emergency.modes == ["shadow"]


def workspace_off(emergency: Emergency) -> None:
    for parameter in ("extension.project.disabled", "extension.project.download-resources.disabled"):
        emergency.deploy()
        emergency.register("")
        assert emergency.result() == "FAIL"
        emergency.register(f"{parameter}={WORKSPACE}")
        assert emergency.result() == "OK"
        assert (emergency.modes, emergency.line["level"]) == (["overruled"], "WARNING")


def mark_as_passed(emergency: Emergency) -> None:
    emergency.deploy()
    emergency.register("extension.manualPass.enabled=true")
    message = str(emergency.function.handle(DOWNLOAD)["errorMessage"])
    assert "This check can be marked as passed in DataWorks" in message


def all_in_shadow(emergency: Emergency) -> None:
    emergency.deploy()
    assert emergency.result() == "FAIL"
    emergency.set(EXTENSION_MODE="shadow")
    assert emergency.result() == "OK"
    assert (emergency.modes, emergency.line["level"]) == (["overruled"], "WARNING")
    assert emergency.posted == ["FAIL", "OK"]


def all_off(emergency: Emergency) -> None:
    emergency.deploy()
    assert emergency.result() == "FAIL"
    emergency.function.set(EXTENSION_MODE="off")
    emergency.deploy(rule="check: nope")
    assert emergency.result() == "OK"
    assert (emergency.modes, emergency.line["level"]) == ([], "WARNING")
    assert emergency.posted == ["FAIL", "OK"]


def answers_missing(emergency: Emergency) -> None:
    emergency.deploy(ROLES)
    emergency.dataworks.faults["ListProjectMembers"] = Outage(Fault.UNAVAILABLE)
    assert emergency.result() == "FAIL"
    emergency.deploy(ROLES, more="on_error: WARN")
    assert emergency.result() == "WARN"
    emergency.deploy(ROLES, top="defaults: {on_error: OK}")
    assert emergency.result() == "OK"
    assert emergency.line["level"] == "ERROR"


def callback_fails(emergency: Emergency) -> None:
    emergency.deploy()
    emergency.dataworks.faults["CallbackExtension"] = Outage(Fault.INTERNAL_ERROR)
    assert emergency.result() == "FAIL"
    assert (emergency.posted, emergency.line["level"]) == ([], "ERROR")


def callback_off(emergency: Emergency) -> None:
    emergency.deploy()
    emergency.dataworks.faults["CallbackExtension"] = Outage(Fault.HANG)
    emergency.set(DATAWORKS_CALLBACK="off")
    assert emergency.result() == "FAIL"
    assert emergency.function.received == []


def redelivery(emergency: Emergency) -> None:
    emergency.deploy()
    emergency.dataworks.faults["CallbackExtension"] = Outage(Fault.UNAVAILABLE)
    with pytest.raises(PlatformError):
        emergency.result(BEHIND_EVENTBRIDGE)
    assert emergency.posted == []
    emergency.dataworks.faults.clear()
    assert emergency.result(BEHIND_EVENTBRIDGE, again=True) == "FAIL"
    assert emergency.posted == ["FAIL"]


def another_endpoint(emergency: Emergency) -> None:
    emergency.deploy()
    keys = list(emergency.dataworks.keys.values())
    emergency.dataworks.refuse()
    with DataWorks(keys=keys, extension_code=EXTENSION_CODE) as other:
        emergency.set(DATAWORKS_ENDPOINT=other.url)
        assert emergency.result() == "FAIL"
        assert list(other.verdicts.values()) == [["FAIL"]]


def sdk_alone(emergency: Emergency) -> None:
    emergency.deploy()
    for client, kind in (("", Guarded), ("sdk", Sdk)):
        emergency.set(DATAWORKS_CLIENT=client)
        extension = handler._extension
        assert extension
        assert isinstance(extension.transport(), kind)
    assert emergency.result() == "FAIL"
    assert emergency.posted == ["FAIL"]


def broken_policy(emergency: Emergency) -> None:
    emergency.deploy()
    assert emergency.result() == "FAIL"
    file = emergency._tmp_path / "policy.yaml"
    good = file.read_text(encoding="utf-8")
    file.write_text(good.replace("max: 1", "max: one"), encoding="utf-8")
    assert (emergency.result(), emergency.line["level"]) == ("FAIL", "WARNING")
    with pytest.raises(PolicyError, match=r"policy\.yaml:6: rule r: with\.max: expected a whole number"):
        emergency.function.initialize()
    file.write_text(good, encoding="utf-8")
    emergency.function.initialize()
    assert (emergency.result(), emergency.line["level"]) == ("FAIL", "INFO")


def check_hangs(emergency: Emergency) -> None:
    emergency.deploy("check: custom.hang")
    assert emergency.result() == "FAIL"
    findings = emergency.function.log[-1]["findings"]
    assert [(each["rule"], bool(each["error"])) for each in findings] == [("r", True)]
    emergency.deploy("check: custom.hang", more="on_timeout: WARN")
    assert emergency.result() == "WARN"
    emergency.deploy("check: custom.hang", top="defaults: {on_timeout: OK}")
    assert emergency.result() == "OK"


def check_raises(emergency: Emergency) -> None:
    emergency.deploy("check: custom.fail")
    assert emergency.result() == "FAIL"
    findings = emergency.function.log[-1]["findings"]
    assert [(each["rule"], each["error"]) for each in findings] == [("r", "ValueError at custom.py:19")]
    emergency.deploy("check: custom.fail", more="on_error: WARN")
    assert emergency.result() == "WARN"


STEPS: dict[str, Callable[[Emergency], None]] = {
    step.__name__.replace("_", "-"): step
    for step in (
        *(exempt_somebody, rule_in_shadow, workspace_off, mark_as_passed, all_in_shadow, all_off),
        *(answers_missing, callback_fails, callback_off, redelivery, another_endpoint, sdk_alone),
        *(broken_policy, check_hangs, check_raises),
    )
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_step_does_what_the_page_says(step: Callable[[Emergency], None], function: Function, tmp_path: Path) -> None:
    step(Emergency(function, tmp_path))


def test_the_page_has_these_steps_and_no_others() -> None:
    assert re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE) == list(STEPS)


def test_what_the_console_says_is_read_again_within_five_minutes(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert function.handle(DOWNLOAD)["checkResult"] == "FAIL"
    function.dataworks.parameters = f"extension.project.disabled={WORKSPACE}"
    assert function.handle(DOWNLOAD)["checkResult"] == "FAIL"
    later = edges.time.monotonic() + 300  # type: ignore[attr-defined]  # the clock of the function
    monkeypatch.setattr(edges, "time", SimpleNamespace(monotonic=lambda: later))
    assert function.handle(DOWNLOAD)["checkResult"] == "OK"


def test_a_recheck_under_the_id_of_before_has_the_answer_of_before_until_policy_or_environment_change(
    function: Function, tmp_path: Path
) -> None:
    emergency = Emergency(function, tmp_path)
    emergency.deploy()
    assert [emergency.result(again=True), emergency.result(again=True)] == ["FAIL", "FAIL"]
    assert emergency.posted == ["FAIL"]
    emergency.set(EXTENSION_MODE="shadow")
    assert emergency.result(again=True) == "OK"
    assert json.loads(DOWNLOAD)["messageId"] in emergency.dataworks.verdicts
