"""The command line: what it prints, and what it exits with."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from extension import local
from extension.__main__ import main
from extension.edges import ROOT
from tests.conftest import EVENTS


def run(*arguments: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(main, arguments, env={"COLUMNS": "140"})


@pytest.mark.parametrize(
    ("name", "result", "exit_code"),
    [
        ("download-resources.small.json", "OK", 0),
        ("upload-data-to-table.json", "WARN", 0),
        ("download-resources.json", "FAIL", 1),
    ],
)
def test_invoke_exits_with_the_verdict(name: str, result: str, exit_code: int) -> None:
    shown = run("invoke", str(EVENTS / name))
    assert shown.exit_code == exit_code
    assert shown.stdout.split()[0] == result


def test_invoke_shows_verdict_finding_callback_and_time() -> None:
    lines = run("invoke", str(EVENTS / "download-resources-execute.json")).stdout.splitlines()
    assert lines[0].split() == ["FAIL", "download-resources-execute", "2948d35a-3a6f-5076-815c-edde8cedcf11"]
    assert lines[1].split() == ["rule", "check", "gives", "the", "user", "reads"]
    assert lines[2].split()[:3] == ["bulk-download", "download.rows", "FAIL"]
    assert any(line.split()[:3] == ["office-network", "download.ip", "shadow"] for line in lines)
    assert "callback  CallbackExtension CheckResult=FAIL: taken, signature verified" in lines
    assert lines[-2].startswith("policy    policy.yaml@")
    assert re.fullmatch(r"time      start \d+ ms, judge \d+\.\d ms, post \d+ ms", lines[-1])


def test_invoke_says_that_no_rule_has_a_finding() -> None:
    assert "no rule has a finding" in run("invoke", str(EVENTS / "freeze-node.json")).stdout


def test_invoke_says_why_there_is_no_callback() -> None:
    assert "callback  not-needed" in run("invoke", str(EVENTS / "project-deleted.eventbridge.json")).stdout


def test_invoke_as_json_is_for_machines() -> None:
    shown = run("invoke", str(EVENTS / "download-resources.json"), "--json")
    assert shown.exit_code == 1
    found = json.loads(shown.stdout)
    assert found["returned"]["checkResult"] == "FAIL"
    assert found["verdict"]["findings"][0]["rule"] == "bulk-download"
    assert found["received"][0]["verified"] is True
    assert found["initialize_ms"] > 0
    assert found["handler_ms"] > 0


def test_invoke_takes_another_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.yaml").write_text(
        "version: 1\nrules:\n  - {id: none, on: '*', check: download.rows, with: {max: 0}, result: WARN}\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    shown = run("invoke", str(EVENTS / "download-resources.small.json"), "--policy", "mine.yaml")
    assert (shown.exit_code, shown.stdout.split()[0]) == (0, "WARN")


def test_user_text_is_shown_as_text_and_not_as_markup(tmp_path: Path) -> None:
    event = json.loads((EVENTS / "download-resources.json").read_bytes())
    event["messageId"] = "[bold]m-1[/bold]"
    (tmp_path / "event.json").write_text(json.dumps(event), encoding="utf-8")
    assert "[bold]m-1[/bold]" in run("invoke", str(tmp_path / "event.json")).stdout


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "body: is not JSON, at character 1"),
        (b"{}", "body: is neither a Function Compute envelope (messageId, messageBody) nor an EventBridge event"),
        (b'{"messageId": ""}', "eventType: is missing: the message does not say which event it is"),
        (b'{"requestContext": {}}', "a request through an HTTP trigger needs a valid EventBridge signature"),
    ],
)
def test_a_broken_event_exits_2_with_one_clear_line(tmp_path: Path, content: bytes, error: str) -> None:
    file = tmp_path / "event.json"
    file.write_bytes(content)
    shown = run("invoke", str(file))
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert shown.stderr == f"error: {file}: {error}\n"


def test_an_event_file_that_is_not_there_exits_2(tmp_path: Path) -> None:
    shown = run("invoke", str(tmp_path / "none.json"))
    assert (shown.exit_code, shown.stderr) == (2, f"error: {tmp_path / 'none.json'}: no such file or directory\n")


def test_a_broken_policy_exits_2_with_its_errors(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("version: 1\nrules:\n  - {id: a, on: run-file, check: nope}\n  - {id: b}\n", encoding="utf-8")
    for arguments in (
        ("invoke", str(EVENTS / "freeze-node.json"), "--policy", str(file)),
        ("policy", "check", str(file)),
    ):
        shown = run(*arguments)
        assert (shown.exit_code, shown.stdout) == (2, "")
        assert shown.stderr.splitlines() == [
            f"error: {file}:3: rule a: check: expected a check, found 'nope'",
            f"error: {file}:4: rule b: on: is missing",
            f"error: {file}:4: rule b: check: is missing",
        ]


def test_policy_check_says_what_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXTENSION_POLICY", raising=False)
    shown = run("policy", "check")
    assert shown.exit_code == 0
    assert shown.stdout.startswith("policy.yaml: valid, rules: 6, events: 3, digest: ")


def test_invoke_says_which_variable_makes_no_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTENSION_RESPONSE_FIELDS", "one")
    shown = run("invoke", str(EVENTS / "freeze-node.json"))
    assert shown.exit_code == 2
    assert shown.stderr.startswith("error: environment variable EXTENSION_RESPONSE_FIELDS: expected two")


def test_a_callback_that_was_not_taken_exits_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "EXTENSION_CODE", "")
    shown = run("invoke", str(EVENTS / "freeze-node.json"))
    assert shown.exit_code == 2
    assert "the callback was not taken: DATAWORKS_EXTENSION_CODE: not set" in shown.stderr


def test_a_chinese_message_is_shown_whole_on_a_narrow_terminal(tmp_path: Path) -> None:
    policy = tmp_path / "p.yaml"
    policy.write_text(
        "version: 1\nrules:\n  - {id: a-rule-with-a-long-name, on: '*', check: download.rows, with: {max: 0}}\n",
        encoding="utf-8",
    )
    arguments = ["invoke", str(EVENTS / "download-resources.json"), "--policy", str(policy)]
    shown = CliRunner().invoke(main, arguments, env={"COLUMNS": "80"})
    assert "…" not in shown.stdout
    assert "减少单次下载量" in "".join(re.findall(r"[\u4e00-\u9fff]", shown.stdout))


def test_a_terminal_that_has_no_chinese_costs_nobody_the_verdict(tmp_path: Path) -> None:
    policy = tmp_path / "p.yaml"
    policy.write_text(
        "version: 1\nrules:\n  - {id: r, on: '*', check: download.rows, with: {max: 0}}\n", encoding="utf-8"
    )
    event = str(EVENTS / "download-resources.json")
    done = subprocess.run(  # noqa: S603  this very Python
        [sys.executable, "-m", "extension", "invoke", event, "--policy", str(policy)],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"FAIL" in done.stdout


def test_policy_check_says_what_is_wrong_with_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTENSION_MODE", "loud")
    shown = run("policy", "check")
    assert (shown.exit_code, shown.stderr) == (
        2,
        "error: EXTENSION_MODE: expected enforce, shadow, off, found 'loud'\n",
    )


def test_the_module_runs_from_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603  this very Python
        [sys.executable, "-m", "extension", "invoke", str(EVENTS / "download-resources.json")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HTTP_PROXY": "http://127.0.0.1:9", "DEBUG": "sdk"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "FAIL" in done.stdout
