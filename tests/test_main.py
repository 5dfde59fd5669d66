"""The command line: what it prints, and what it exits with."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from extension import catalogue, events, local, schema, service
from extension.__main__ import main
from extension.checks.registry import BY_ID
from extension.storage import ROOT
from tests.conftest import EVENTS


def run(*arguments: str | Path, columns: int = 140, **variables: str) -> Result:
    """Run the command line in this process. What it raises is raised: nobody shall see a stack trace."""
    words = [str(argument) for argument in arguments]
    shown = CliRunner().invoke(main, words, env={"COLUMNS": str(columns), **variables})
    if shown.exception and not isinstance(shown.exception, SystemExit):
        raise shown.exception
    return shown


def errors(shown: Result) -> list[str]:
    """What a command says that could not do its work."""
    assert (shown.exit_code, shown.stdout) == (2, "")
    return shown.stderr.splitlines()


def written(file: Path, text: str) -> Path:
    """A file with this text."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


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
    assert re.fullmatch(r"time      start \d+ ms, ask and judge \d+\.\d ms, post \d+ ms", lines[-1])


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
    assert (shown.exit_code, shown.stderr) == (2, f"error: EVENT: {tmp_path / 'none.json'}: no such file\n")


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
            f"error: {file}:4: rule b: has neither check nor when: it would never hit",
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
    assert not [line for line in shown.stdout.splitlines() if line != line.rstrip()]


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
        "error: environment variable EXTENSION_MODE: expected enforce, shadow, off, found 'loud'\n",
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


def test_a_long_name_of_a_rule_leaves_room_for_what_the_user_reads(tmp_path: Path) -> None:
    name = "a-rule-" + "x" * 57
    text = f"version: 1\nlanguage: en\nrules: [{{id: {name}, on: '*', check: download.rows, with: {{max: 0}}}}]\n"
    shown = run(
        "invoke", EVENTS / "download-resources.json", "--policy", written(tmp_path / "p.yaml", text), columns=80
    )
    lines = shown.stdout.splitlines()
    assert not [line for line in lines if len(line) > 80]
    assert "The download has 123,456" in lines[2]
    assert "".join(line.split(" ")[0] for line in lines[2:6]).startswith(name)


# invoke, with what DataWorks answers

ASKING = """\
version: 1
language: en
rules:
  - {id: functions, on: commit-file, check: file.functions, with: {deny: [MAX_PT]}, options: {result: answer}}
  - {id: guests, on: commit-file, check: operator.roles, with: {deny: [role_project_guest]}, result: WARN}
  - {id: strict, on: commit-file, when: 'parameters["strict"] == "true"', result: WARN}
  - {id: nodes, on: pre-kill-instance, check: instance.protected, with: {nodes: [7]}, owner: ops}
"""

PLATFORM = """\
snapshot: {CommittedFile: {Content: "select max_pt('t')"}}
options: {answer: WARN}
parameters: {strict: true}
roles: [role_project_guest]
"""


def test_what_rules_ask_is_answered_from_a_file(tmp_path: Path) -> None:
    policy, platform = written(tmp_path / "p.yaml", ASKING), written(tmp_path / "platform.yaml", PLATFORM)
    shown = run("invoke", EVENTS / "commit-file.json", "--policy", policy, "--platform", platform)
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert lines[0].split()[:2] == ["WARN", "commit-file"]
    assert {"functions", "guests", "strict"} < {line.split(" ")[0] for line in lines}
    assert sorted(line.partition(":")[0] for line in lines if line.startswith("asked")) == [
        "asked     GetExtension",
        "asked     GetIDEEventDetail",
        "asked     GetOptionValueForProject",
        "asked     ListProjectMembers",
    ]
    assert "callback  UpdateIDEEventResult CheckResult=WARN: taken, signature verified" in lines
    assert "asked     GetIDEEventDetail: answered, signature verified" in lines
    assert shown.stderr == ""


def test_an_instance_is_answered_from_a_file(tmp_path: Path) -> None:
    event = json.loads((EVENTS / "pre-kill-instance.eventbridge.json").read_bytes())
    policy = written(tmp_path / "p.yaml", ASKING)
    platform = written(tmp_path / "platform.yaml", "instances: [{NodeId: 7, NodeName: pay, ProjectEnv: PROD}]\n")
    file = written(tmp_path / "event.json", json.dumps(event))
    shown = run("invoke", file, "--policy", policy, "--platform", platform)
    assert shown.exit_code == 1
    assert "asked     GetInstance: answered, signature verified" in shown.stdout


def test_what_cannot_be_had_is_said_and_why(tmp_path: Path) -> None:
    shown = run("invoke", EVENTS / "commit-file.json", "--policy", written(tmp_path / "p.yaml", ASKING))
    assert shown.exit_code == 1
    lines = shown.stdout.splitlines()
    assert any(line.startswith("error     functions: GetIDEEventDetail: HTTP 404: Invalid") for line in lines)
    assert "asked     GetIDEEventDetail: 404 InvalidMessageId.NotFound, signature verified" in lines


@pytest.mark.parametrize(
    ("text", "source", "said"),
    [
        ("select a from t", "odps_first", "maxcompute, project test_project: SELECT 1"),
        ("select a from t where where", "mysql_1", "mysql, project not known: SELECT 1; by its words: "),
        ("-- nothing", "odps_first", "maxcompute, project test_project: no statement"),
    ],
)
def test_what_sql_was_read_by_is_shown(tmp_path: Path, text: str, source: str, said: str) -> None:
    policy = written(
        tmp_path / "p.yaml", "version: 1\nrules: [{id: a, on: '*', when: size(sql.tables) > 5, on_unreadable: OK}]\n"
    )
    sample = json.loads((EVENTS / "download-resources.json").read_text(encoding="utf-8"))
    sample["messageBody"] |= {"sqlText": text, "datasourceName": source}
    event = written(tmp_path / "event.json", json.dumps(sample))
    lines = run("invoke", event, "--policy", policy).stdout.splitlines()
    assert [line for line in lines if line.startswith(f"sql       {said}")]


def test_an_exempt_finding_and_a_warning_are_shown(tmp_path: Path) -> None:
    text = (
        "version: 1\nlanguage: en\nrules:\n"
        "  - {id: rows, on: '*', check: download.rows, with: {max: 1}, options: {max: m},"
        " exempt: [{operator: '*', until: 2999-12-31, reason: audit}]}\n"
    )
    policy, platform = written(tmp_path / "p.yaml", text), written(tmp_path / "platform.yaml", "options: {m: many}\n")
    shown = run("invoke", EVENTS / "download-resources.json", "--policy", policy, "--platform", platform)
    assert (shown.exit_code, shown.stdout.split()[0]) == (0, "OK")
    lines = shown.stdout.splitlines()
    assert lines[2].split()[:3] == ["rows", "download.rows", "exempt"]
    assert "exempt    rows: audit (until 3000-01-01 00:00)" in lines
    assert any(line.startswith("warning   rule rows: option m: expected a whole number") for line in lines)


def test_a_file_of_answers_with_a_slip_exits_2(tmp_path: Path) -> None:
    file = written(tmp_path / "platform.yaml", "role: a\n")
    shown = run("invoke", EVENTS / "commit-file.json", "--platform", file)
    assert errors(shown) == [
        (
            f"error: {file}:1: role: unknown key; known: instances, options, parameters, roles, snapshot; did you mean"
            " roles?"
        )
    ]


@pytest.mark.parametrize("name", ["none.yaml", "."])
def test_a_file_of_answers_that_cannot_be_read_exits_2(tmp_path: Path, name: str) -> None:
    shown = run("invoke", EVENTS / "commit-file.json", "--platform", tmp_path / name)
    problem = "is a folder: name a file" if name == "." else "no such file"
    assert errors(shown) == [f"error: --platform: {tmp_path / name}: {problem}"]


def test_an_event_that_is_a_folder_exits_2(tmp_path: Path) -> None:
    assert errors(run("invoke", tmp_path)) == [f"error: EVENT: {tmp_path}: is a folder: name a file"]


def test_an_event_from_eventbridge_that_cannot_be_answered_exits_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "EXTENSION_CODE", "")
    shown = run("invoke", EVENTS / "commit-file.eventbridge.json")
    (line,) = errors(shown)
    assert line.startswith("error: environment variable DATAWORKS_EXTENSION_CODE: not set")


# policy check


def test_what_has_passed_is_warned_of(tmp_path: Path) -> None:
    text = (
        "version: 1\nrules:\n"
        "  - {id: over, on: run-file, when: 'true', until: 2020-01-01}\n"
        "  - {id: now, on: run-file, when: 'true', from: 2020-01-01, until: 2999-01-01, exempt: ["
        "{operator: 1, until: 2999-01-01}, {operator: 2, until: 2020-01-01}]}\n"
    )
    file = written(tmp_path / "p.yaml", text)
    shown = run("policy", "check", file)
    assert shown.exit_code == 0
    assert shown.stderr.splitlines() == [
        (
            f"warning: {file}:3: rule over: until: has passed. The rule judges nothing any longer."
            " Take the rule out, or give it a later `until`."
        ),
        (
            f"warning: {file}:4: rule now: exempt[1].until: has passed. Nobody is exempt any longer."
            " Take the exemption out; if somebody still needs it, agree on a later `until`."
        ),
    ]
    assert shown.stdout.startswith(f"{file}: valid, rules: 2, events: 1, digest: ")


@pytest.mark.parametrize(
    ("on", "when", "warned"),
    [
        ("[download-resources, upload-data-to-table]", "event.dataRowSize > 1", ["upload-data-to-table"]),
        ("[download-resources, commit-file, run-file]", "event.dataRowSize > 1", ["commit-file", "run-file"]),
        ("[download-resources]", "event.dataRowSize > 1", []),
        ("[download-resources, commit-file]", "has(event.dataRowSize) && event.dataRowSize > 1", []),
        ("[download-resources, commit-file]", "event.size() > 1", []),
        ("[download-resources, commit-file]", "operator.id == '1'", []),
        ("[download-resources, {posted}]", "event.dataRowSize > 1", []),
    ],
)
def test_a_condition_on_what_some_of_its_events_never_have_is_warned_of(
    tmp_path: Path, on: str, when: str, warned: list[str]
) -> None:
    """Only of those that wait: nothing comes of a hit on another."""
    posted = next(entry.code for entry in catalogue.ENTRIES if not entry.callback)
    text = f'version: 1\nrules: [{{id: a, on: {on.format(posted=posted)}, when: "{when}"}}]\n'
    file = written(tmp_path / "p.yaml", text)
    shown = run("policy", "check", file)
    lines = [
        (
            f"warning: {file}:2: rule a: when: event.dataRowSize is no field of {', '.join(warned)}. The rule hits on"
            ' each of them. Take them out of `on`, or begin the condition with `"dataRowSize" in event &&`.'
        )
    ]
    assert (shown.exit_code, shown.stderr.splitlines()) == (0, lines * bool(warned))


def test_a_folder_is_a_policy(tmp_path: Path) -> None:
    written(tmp_path / "a.yaml", "version: 1\nrules: [{id: a, on: run-file, when: 'true'}]\n")
    written(tmp_path / "b.yaml", "version: 1\nrules: [{id: b, on: run-file, when: 'true'}]\n")
    assert run("policy", "check", tmp_path).stdout.startswith(f"{tmp_path}: valid, rules: 2, events: 1, digest: ")


def test_the_policy_of_the_environment_is_checked_where_none_is_named(tmp_path: Path) -> None:
    file = written(tmp_path / "p.yaml", "version: 1\n")
    assert errors(run("policy", "check", EXTENSION_POLICY=str(file))) == [f"error: {file}:1: rules: is missing"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rules: [\n", ":2: is not YAML: did not find expected node content"),
        ("", ": expected a mapping with version and rules, found nothing"),
        ("version: 1\nchecks: none.py\nrules: [{id: a, on: run-file, when: 'true'}]\n", None),
    ],
)
def test_a_policy_with_a_slip_exits_2(tmp_path: Path, text: str, problem: str | None) -> None:
    file = written(tmp_path / "p.yaml", text)
    expected = problem or ":2: checks: none.py: cannot be read: no such file or directory"
    for command in ("policy check", "policy schema --policy", "events --policy", "review . --policy"):
        assert errors(run(*command.split(), file)) == [f"error: {file}{expected}"]


@pytest.mark.parametrize(
    "command",
    [("policy", "check"), ("policy", "schema", "--policy"), ("events", "--policy"), ("review", ".", "--policy")],
)
def test_a_policy_that_is_not_there_exits_2(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "none.yaml"
    place = "PATH" if command[-1] == "check" else "--policy"
    assert errors(run(*command, file)) == [f"error: {place}: {file}: no such file or folder"]


# policy schema and events, with checks of one's own

OWN = """\
import msgspec
from extension.checks import Need, check
from extension.settings import Names
from extension.verdict import Text

class Tickets(msgspec.Struct, frozen=True, kw_only=True):
    prefixes: Names
    "What a name begins with."
    others: Names | None = None

@check("ticket.named", events="download-resources", texts=[Text(en="No.", zh="否。")], needs=[Need.ROLES])
def named(event, settings: Tickets):
    "文件名：以工单号开头。"
    yield from ()
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A policy with a check of its own, and a rule that is broken."""
    written(tmp_path / "checks/tickets.py", OWN)
    return written(tmp_path / "p.yaml", "version: 1\nchecks: checks/tickets.py\nrules: [{id: a, on: nope}]\n")


def test_the_schema_is_json(own: Path) -> None:
    shown = run("policy", "schema")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert json.loads(shown.stdout) == schema.schema(BY_ID)
    with_own = json.loads(run("policy", "schema", "--policy", own).stdout)
    names = [
        found["properties"]["rules"]["items"]["properties"]["check"]["enum"]
        for found in (with_own, json.loads(shown.stdout))
    ]
    assert names[0] == [*names[1], "ticket.named"]


def test_the_schema_is_the_same_in_every_process() -> None:
    shown = {
        subprocess.run(
            [sys.executable, "-m", "extension", "policy", "schema"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(shown) == 1


def test_events_are_listed_by_module_with_the_number_of_checks() -> None:
    shown = run("events")
    assert (shown.exit_code, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert [line.split("  ")[0] for line in lines if line[:1] not in ("", " ")][:-1] == [
        module.value for module in catalogue.Module
    ]
    assert [line.split()[0] for line in lines if re.match("  [a-z]", line)] == list(catalogue.BY_CODE)
    number = len([check for check in BY_ID.values() if "commit-file" in check.events])
    (line,) = [line for line in lines if line.startswith("  commit-file ")]
    assert line.split()[1] == str(number)
    (line,) = [line for line in lines if line.startswith("  node-change-created ")]
    assert line.split()[1:] == ["A", "new", "node", "reaches", "production."]


def test_checks_of_a_policy_are_counted_with_the_others(own: Path) -> None:
    def number(*arguments: str | Path) -> int:
        lines = run("events", *arguments).stdout.splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("  download-resources "))

    assert number("--policy", own) == number() + 1


def test_an_event_is_described(own: Path) -> None:
    shown = run("events", "download-resources", "--policy", own, columns=120)
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert lines[:8] == [
        "download-resources  Before the download file is generated.",
        "",
        "  type    dataworks:ResourcesDownload:DownloadResources",
        '  on      download-resources, resources-download, "Upload and Download" or "*"',
        "  sent    before the operation, which waits for a verdict",
        "  answer  CallbackExtension",
        "  level   tenant",
        "",
    ]
    assert lines[8] == "Fields: event.NAME in a condition; what is indented is in the field above it"
    fields = lines[10 : lines.index("", 10)]
    assert fields[0].split(maxsplit=2) == ["operatorUid", "string", "UID of the user."]
    start = next(number for number, line in enumerate(lines) if line.startswith("  download.rows "))
    assert [line.split(maxsplit=1) for line in lines[start : start + 4]] == [
        ["download.rows", "Rows of a download: at most `max`."],
        ["max", "whole number. Most that is allowed."],
        ["placeholders", "{max} {rows}"],
        [],
    ]
    start = next(number for number, line in enumerate(lines) if line.startswith("  ticket.named "))
    assert [line.split(maxsplit=1) for line in lines[start:]] == [
        ["ticket.named", "文件名：以工单号开头。 Asks DataWorks for the roles."],
        ["prefixes", "names. What a name begins with."],
        ["[others]", "names"],
    ]


@pytest.mark.parametrize(
    ("code", "asks"),
    [
        ("commit-file", {"file", "roles"}),
        ("run-file", {"file", "roles"}),
        ("commit-table", {"table", "roles"}),
        ("download-resources", {"roles"}),
    ],
)
def test_what_is_asked_of_dataworks_is_what_the_event_lacks(code: str, asks: set[str]) -> None:
    """The message of a download has its SQL."""
    shown = run("events", code, columns=400).stdout
    assert set(re.findall(r"Asks DataWorks for the (\w+)", shown)) == asks


def test_parts_of_an_event_are_indented() -> None:
    lines = run("events", "approval-change-before-create").stdout.splitlines()
    order = next(number for number, line in enumerate(lines) if line.startswith("  order "))
    assert lines[order].split()[:2] == ["order", "record"]
    assert lines[order + 1].startswith("    applyReason ")
    assert any(line.startswith("        projectGuid ") for line in lines)


def test_an_event_without_a_struct_and_one_by_its_type_are_described() -> None:
    shown = run("events", "dataworks:NodeChange:NodeChangeCreated").stdout
    assert shown.startswith("node-change-created  A new node reaches production.\n")
    assert "\n  answer  none\n" in shown
    assert "\nFields: not typed, a condition can read any as event.NAME\n" in shown
    assert "\n  calendar.freeze  " in shown


@pytest.mark.parametrize("code", catalogue.BY_CODE)
@pytest.mark.no_cover
def test_every_event_can_be_read_on_a_terminal_of_80_columns(code: str) -> None:
    lines = run("events", code, columns=80).stdout.splitlines()
    assert not [line for line in lines if cell_len(line) > 80 or line != line.rstrip() or "…" in line or "\x1b" in line]
    entry = catalogue.BY_CODE[code]
    assert entry.payload is None or all(
        any(line.split()[:1] == [name] for line in lines) for _, name, _ in events.fields(entry.payload)
    )
    for check in BY_ID.values():
        assert any(line.startswith(f"  {check.id} ") for line in lines) is (code in check.events)


def test_the_list_of_events_can_be_read_on_a_terminal_of_80_columns() -> None:
    lines = run("events", columns=80).stdout.splitlines()
    assert not [line for line in lines if len(line) > 80 or line != line.rstrip() or "…" in line]
    assert [line.split()[0] for line in lines if re.match("  [a-z]", line)] == list(catalogue.BY_CODE)


def test_a_narrow_terminal_loses_nothing() -> None:
    assert run("events", columns=30).stdout == run("events", columns=80).stdout
    assert run("events", "commit-file", columns=30).stdout == run("events", "commit-file", columns=80).stdout


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("commit-files", "'commit-files' is no event code; did you mean commit-file?"),
        ("start-dijob", "'start-dijob' is no event code; did you mean start-diJob?"),
        ("xyz", "'xyz' is no event code"),
        ("a\x1b[31m", "'a\\x1b[31m' is no event code"),
    ],
)
def test_an_unknown_event_exits_2(code: str, problem: str) -> None:
    assert errors(run("events", code)) == [f"error: CODE: {problem}"]


# policy test

CASES = """\
cases:
  - {name: stopped, event: run-file, expect: {result: FAIL}}
  - {name: let pass, event: run-file, expect: {result: OK}}
"""


@pytest.fixture
def tested(tmp_path: Path) -> Path:
    """A folder with a policy and two cases, one of which fails."""
    rules = "rules: [{id: a, on: run-file, when: 'true', message: 'no'}, {id: b, on: run-file, when: 'false'}]\n"
    written(tmp_path / "policy.yaml", f"version: 1\n{rules}")
    written(tmp_path / "cases/a.yaml", CASES)
    return tmp_path


def test_cases_that_fail_exit_1(tested: Path) -> None:
    shown = run("policy", "test", tested)
    assert (shown.exit_code, shown.stderr) == (1, "")
    lines = shown.stdout.splitlines()
    assert lines[:-1] == [
        f"FAIL  {tested}/cases/a.yaml:3: let pass",
        "      expected OK, got FAIL",
        "      found FAIL: [a] no",
        f"{tested}: no case touches b",
    ]
    assert lines[-1].startswith(f"{tested}: 1 passed, 1 failed ({tested}/policy.yaml@")


def test_cases_that_pass_exit_0(tested: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tested / "cases/a.yaml", CASES.replace("OK", "FAIL"))
    monkeypatch.chdir(tested.parent)
    shown = run("policy", "test", tested.name, tested.name)
    assert (shown.exit_code, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert lines[0] == f"{tested.name}: no case touches b"
    assert lines[1].startswith(f"{tested.name}: 2 passed, 0 failed ({tested.name}/policy.yaml@")
    assert lines[2:] == lines[:2]


def test_cases_run_against_another_policy(tested: Path) -> None:
    other = written(tested / "other.yaml", "version: 1\nrules: [{id: c, on: run-file, when: 'false'}]\n")
    shown = run("policy", "test", tested, "--policy", other)
    assert shown.exit_code == 1
    assert f"FAIL  {tested}/cases/a.yaml:2: stopped" in shown.stdout


def test_cases_are_reported_for_machines(tested: Path) -> None:
    shown = run("policy", "test", tested, "--format", "junit")
    assert shown.exit_code == 1
    suites = ET.fromstring(shown.stdout.encode())  # noqa: S314  our own
    assert [case.get("name") for case in suites.iter("testcase")] == ["stopped", "let pass"]
    shown = run("policy", "test", tested, "--format", "github")
    assert shown.exit_code == 1
    assert shown.stdout.startswith(
        f"::error file={tested}/cases/a.yaml,line=3,title=let pass::expected OK, got FAIL%0A"
    )


def test_cases_that_do_not_validate_exit_2(tested: Path) -> None:
    written(tested / "cases/b.yaml", "cases: []\n")
    assert errors(run("policy", "test", tested)) == [
        f"error: {tested}/cases/b.yaml:1: cases: expected a list of mappings, found an empty list"
    ]
    assert errors(run("policy", "test", tested / "cases")) == [
        f"error: {tested}/cases/policy.yaml: cannot be read: no such file or directory"
    ]


# review

REVIEWED = """\
version: 1
language: zh
rules:
  - {id: functions, on: commit-file, check: file.functions, with: {deny: [MAX_PT]}}
  - {id: name, on: commit-file, check: file.name, with: {pattern: 'ods_.*'}, result: WARN, message: "{file}: no, never"}
  - {id: owner, on: commit-file, check: file.owner}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A policy, and a folder with three files: one is fine, one is warned of, one is against the rules."""
    written(tmp_path / "policy.yaml", REVIEWED)
    written(tmp_path / "src/ods_fine.sql", "select 1")
    written(tmp_path / "src/warned.py", "x = 1")
    written(tmp_path / "src/ods_bad.sql", "select 1;\nselect max_pt('t')")
    written(tmp_path / "src/notes.txt", "max_pt()")
    return tmp_path


def reviewed(repository: Path, *arguments: str) -> Result:
    """Review files of the repository under its policy."""
    paths = [repository / "src" / name for name in arguments if not name.startswith("-") and name != "github"]
    options = [word for word in arguments if word.startswith("-") or word == "github"]
    return run("review", *paths, "--policy", repository / "policy.yaml", *options)


def test_files_are_judged_a_line_a_finding(repository: Path) -> None:
    shown = reviewed(repository, ".")
    assert (shown.exit_code, shown.stderr) == (1, "")
    source = repository / "src"
    lines = shown.stdout.splitlines()
    assert lines[0].startswith(
        f"FAIL  {source}/ods_bad.sql:2: [functions] 文件“ods_bad”的代码调用了禁用的函数：max_pt（"
    )
    assert lines[1:3] == [
        f"WARN  {source}/warned.py: [name] warned: no, never",
        "not judged, since a file does not say what they need: owner",
    ]
    assert lines[3].startswith(f"FAIL: 3 files, 2 rules ({repository}/policy.yaml@")
    assert len(lines) == 4


def test_files_are_judged_for_a_workflow(repository: Path) -> None:
    shown = reviewed(repository, ".", "--format", "github")
    assert shown.exit_code == 1
    source = repository / "src"
    lines = shown.stdout.splitlines()
    assert lines[0].startswith(f"::error file={source}/ods_bad.sql,line=2,title=functions::[functions] 文件“ods_bad”")
    assert lines[1] == f"::warning file={source}/warned.py,title=name::[name] warned: no, never"


def test_a_review_says_once_what_several_rules_could_not_judge(repository: Path) -> None:
    rules = "".join(f"  - {{id: {one}, on: commit-file, check: sql.star}}\n" for one in "ab")
    written(repository / "policy.yaml", f"version: 1\nlanguage: en\nrules:\n{rules}")
    file = written(repository / "src/unread.sql", "select 1;\nselect from from")
    for form, begins in (((), f"WARN  {file}:2: [a, b] Line 2: this"), (("--format", "github"), "::warning ")):
        first, last = reviewed(repository, "unread.sql", *form).stdout.splitlines()
        assert first.startswith(begins)
        assert "[a, b] Line 2" in first
        assert last.startswith("WARN: 1 file, 2 rules")


@pytest.mark.parametrize(
    ("name", "exit_code", "said"),
    [("ods_fine.sql", 0, "OK: 1 file,"), ("warned.py", 0, "WARN: 1 file,"), ("ods_bad.sql", 1, "FAIL: 1 file,")],
)
def test_a_review_exits_with_the_worst(repository: Path, name: str, exit_code: int, said: str) -> None:
    shown = reviewed(repository, name)
    assert shown.exit_code == exit_code
    assert shown.stdout.splitlines()[-1].startswith(said)


def test_a_file_of_no_known_type_is_left_out_with_a_warning(repository: Path) -> None:
    shown = reviewed(repository, "notes.txt", "ods_fine.sql")
    assert shown.exit_code == 0
    assert shown.stderr == (
        f"warning: {repository}/src/notes.txt: left out: DataWorks has no type for its ending (.py, .sh, .sql)\n"
    )
    assert shown.stdout.splitlines()[-1].startswith("OK: 1 file,")


@pytest.mark.parametrize("name", ["none.sql", "none.txt", "none"])
def test_a_file_that_is_not_there_exits_2(repository: Path, name: str) -> None:
    (line,) = errors(reviewed(repository, "ods_fine.sql", name))
    assert line.startswith(f"error: PATH: {repository}/src/{name}: no such file or folder")


def test_a_review_can_be_told_the_project(repository: Path) -> None:
    rules = "rules: [{id: a, on: commit-file, check: sql.tables, with: {deny: ['hr.*']}}]"
    policy = written(repository / "policy.yaml", f"version: 1\n{rules}\n")
    file = written(repository / "src/users.sql", "select a from users")
    command = ("review", file, "--policy", policy, "--project")
    assert [run(*command, project).exit_code for project in ("hr", "dw")] == [1, 0]
    (line,) = errors(run(*command, "d w"))
    assert line.startswith("error: --project: expected the name of a project")


def test_a_policy_with_nothing_to_review_says_so(repository: Path) -> None:
    written(repository / "policy.yaml", "version: 1\nrules: [{id: a, on: run-file, when: 'true'}]\n")
    shown = reviewed(repository, ".")
    assert shown.exit_code == 0
    assert "no rule on commit-file can be judged by a file alone: nothing was judged" in shown.stderr
    assert shown.stdout.startswith("OK: 3 files, 0 rules (")


def test_the_policy_of_the_environment_is_reviewed_with_where_none_is_named(repository: Path) -> None:
    shown = run("review", repository / "src/warned.py", EXTENSION_POLICY=str(repository / "policy.yaml"))
    assert shown.stdout.startswith(f"WARN  {repository}/src/warned.py: [name] ")


# help


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("invoke",),
        ("policy",),
        ("policy", "check"),
        ("policy", "schema"),
        ("policy", "test"),
        ("review",),
        ("events",),
    ],
)
def test_help_fits_a_terminal_of_80_columns(command: tuple[str, ...]) -> None:
    shown = run(*command, "--help", columns=80)
    assert shown.exit_code == 0
    assert not [line for line in shown.stdout.splitlines()[1:] if len(line) > 80 or line.endswith("...")]


# serve


def test_serve_runs_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[bool] = []
    monkeypatch.setattr(service, "main", lambda: ran.append(True))
    assert CliRunner().invoke(main, ["serve"]).exit_code == 0
    assert ran == [True]


def test_serve_says_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("extension.service")
    monkeypatch.setitem(sys.modules, "extension.service", None)
    done = CliRunner().invoke(main, ["serve"])
    assert done.exit_code == 2
    assert "is not installed: pip install --require-hashes -r requirements-service.txt" in done.stderr
