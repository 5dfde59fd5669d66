"""The entry points, in the life of an instance."""

from pathlib import Path

import pytest

import handler
from extension import catalogue, local
from extension.errors import ConfigurationError, PolicyError
from tests.conftest import EVENTS, Function, key

DOWNLOAD = (EVENTS / "download-resources.json").read_bytes()


def test_without_an_initializer_the_first_call_initializes(function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "_extension", None)
    assert function.handle(DOWNLOAD)["checkResult"] == "FAIL"
    first = handler._extension
    function.handle(DOWNLOAD)
    assert handler._extension is first is not None


def test_two_invocations_share_one_tcp_connection(function: Function) -> None:
    function.handle(DOWNLOAD)
    function.handle((EVENTS / "freeze-node.json").read_bytes())
    assert len({call.connection for call in function.received}) == 1


def test_credentials_that_rotate_are_used_from_the_next_call_on(function: Function) -> None:
    keys = [key() for _ in range(3)]
    for number, credentials in enumerate(keys):
        function.dataworks.keys[credentials.access_key_id] = credentials
        function.sign_with(credentials)
        function.handle(DOWNLOAD)
        function.handle(DOWNLOAD)
        assert {call.access_key_id for call in function.received[number * 2 :]} == {credentials.access_key_id}
    assert all(call.verified for call in function.received)
    assert len({call.connection for call in function.received}) == 1


def test_credentials_of_the_context_are_stronger_than_those_of_the_environment(function: Function) -> None:
    credentials = key()
    function.dataworks.keys[credentials.access_key_id] = credentials
    function.handle(DOWNLOAD, credentials=credentials)
    function.handle(DOWNLOAD)
    used = [call.access_key_id for call in function.received]
    assert used[0] == credentials.access_key_id != used[1]
    assert all(call.verified for call in function.received)


def test_a_policy_that_does_not_validate_keeps_the_instance_from_starting(function: Function, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\nrules:\n  - {id: a, on: run-file, check: nope}\n", encoding="utf-8")
    function.set(EXTENSION_POLICY=str(file))
    with pytest.raises(PolicyError, match="rule a: check: expected a check, found 'nope'"):
        function.initialize()


def test_a_policy_that_is_not_there_keeps_the_instance_from_starting(function: Function, tmp_path: Path) -> None:
    function.set(EXTENSION_POLICY=str(tmp_path / "none.yaml"))
    with pytest.raises(PolicyError, match=r"none\.yaml: cannot be read: no such file or directory"):
        function.initialize()


def test_a_folder_without_a_policy_keeps_the_instance_from_starting(function: Function, tmp_path: Path) -> None:
    function.set(EXTENSION_POLICY=str(tmp_path))
    with pytest.raises(PolicyError, match=r"holds no policy: no file there ends in \.yaml"):
        function.initialize()


def test_a_broken_policy_keeps_nobody_waiting_where_nothing_is_judged(function: Function, tmp_path: Path) -> None:
    function.set(EXTENSION_MODE="off")
    function.policy("version: 1\nrules: [", tmp_path)
    assert function.handle(DOWNLOAD) == {"checkResult": "OK", "errorMessage": ""}
    assert [call.parameters["CheckResult"] for call in function.received] == ["OK"]
    assert [(line["level"], line["event"]) for line in function.log] == [
        ("ERROR", "broken-policy"),
        ("WARNING", "verdict"),
    ]


ROWS = (
    "version: 1\nlanguage: en\nrules:\n  - {id: rows, on: download-resources, check: download.rows, with: {max: MAX}}\n"
)


def test_a_policy_that_changes_between_two_calls_decides_the_second(function: Function, tmp_path: Path) -> None:
    function.policy(ROWS.replace("MAX", "1"), tmp_path)
    results = []
    for limit in ("1", "1000000", "many", "20"):
        (tmp_path / "policy.yaml").write_text(ROWS.replace("MAX", limit), encoding="utf-8")
        results.append(function.handle(DOWNLOAD)["checkResult"])
    (tmp_path / "policy.yaml").unlink()
    results.append(function.handle(DOWNLOAD)["checkResult"])
    assert results == ["FAIL", "OK", "OK", "FAIL", "FAIL"]
    assert [call.parameters["CheckResult"] for call in function.received] == results
    broken = [line for line in function.log if line["event"] == "broken-policy"]
    assert [line["level"] for line in broken] == ["ERROR", "ERROR"]
    assert "rule rows: with.max: expected a whole number" in broken[0]["error"]
    assert "cannot be read: no such file or directory" in broken[1]["error"]
    verdicts = [line["policy"] for line in function.log if line["event"] == "verdict"]
    assert verdicts[1] == verdicts[2] != verdicts[3] == verdicts[4]


def test_each_verdict_of_an_earlier_policy_warns_that_the_one_on_disk_is_broken(
    function: Function, tmp_path: Path
) -> None:
    function.policy(ROWS.replace("MAX", "1"), tmp_path)
    (tmp_path / "policy.yaml").write_text(ROWS.replace("MAX", "many"), encoding="utf-8")
    for _ in range(3):
        assert function.handle(DOWNLOAD)["checkResult"] == "FAIL"
    broken, *verdicts = function.log
    assert (broken["level"], broken["event"]) == ("ERROR", "broken-policy")
    assert [(line["level"], line["event"]) for line in verdicts] == [("WARNING", "verdict")] * 3
    for line in verdicts:
        (warning,) = line["warnings"]
        assert warning.startswith("the policy has changed and is broken; an earlier one decided: ")
        assert "policy.yaml:4: rule rows: with.max: expected a whole number" in warning
    (tmp_path / "policy.yaml").write_text(ROWS.replace("MAX", "1000000"), encoding="utf-8")
    assert function.handle(DOWNLOAD)["checkResult"] == "OK"
    taken, line = function.log[-2:]
    assert (taken["level"], taken["event"], taken["policy"]) == ("INFO", "policy", line["policy"])
    assert (line["level"], line["warnings"]) == ("INFO", [])


CHECK = """
from collections.abc import Iterator
from extension.checks import check
from extension.events import Event
from extension.settings import Nothing
from extension.verdict import Finding, Text, hit

NO = Text(en="No downloads of {name}.", zh="禁止下载 {name}。")

@check("download.never", events="download-resources", texts=[NO])
def never(event: Event, settings: Nothing) -> Iterator[Finding]:
    \"""Nothing is downloaded.\"""
    yield hit(NO, name=event.payload.file_name)
"""


def test_a_check_of_ones_own_decides_like_any_other(function: Function, tmp_path: Path) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "downloads.py").write_text(CHECK, encoding="utf-8")
    rule = "{id: never, on: download-resources, check: download.never}"
    function.policy(f"version: 1\nlanguage: en\nchecks: checks/downloads.py\nrules:\n  - {rule}\n", tmp_path)
    assert function.handle(DOWNLOAD) == {
        "checkResult": "FAIL",
        "errorMessage": "[never] No downloads of filename.csv.",
    }


def test_an_environment_that_makes_no_sense_keeps_the_instance_from_starting(function: Function) -> None:
    function.set(EXTENSION_MODE="on")
    with pytest.raises(ConfigurationError, match="EXTENSION_MODE: expected enforce, shadow, off, found 'on'"):
        function.initialize()


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.json")), ids=lambda path: path.name)
def test_every_sample_runs_to_a_verdict_through_the_api_of_its_module(function: Function, path: Path) -> None:
    entry = catalogue.BY_CODE[path.name.split(".")[0]]
    result = function.handle(path.read_bytes())["checkResult"]
    assert result == {
        "download-resources.json": "FAIL",
        "download-resources.eventbridge.json": "FAIL",
        "download-resources-execute.json": "FAIL",
        "download-resources-execute.eventbridge.json": "FAIL",
        "upload-data-to-table.json": "WARN",
        "upload-data-to-table.eventbridge.json": "WARN",
    }.get(path.name, "OK")
    assert [(call.action, call.parameters["CheckResult"], call.verified) for call in function.received] == (
        [(entry.callback, result, True)] if entry.callback else []
    )
    assert [call.action for call in function.asked] == ([] if result == "OK" else ["GetExtension"])


def test_the_parameters_of_the_registration_are_asked_once_for_an_instance(function: Function) -> None:
    for _ in range(3):
        assert function.handle(DOWNLOAD)["checkResult"] == "FAIL"
    assert [call.action for call in function.asked] == ["GetExtension"]
    function.initialize()
    function.handle(DOWNLOAD)
    assert [call.action for call in function.asked] == ["GetExtension"] * 2


def test_a_context_of_no_runtime_that_we_know_is_enough(function: Function) -> None:
    del function
    handler.initialize(object())
    assert '"checkResult":"FAIL"' in handler.handler(DOWNLOAD, object())


def test_both_shapes_of_context_are_what_the_documents_say() -> None:
    assert not hasattr(local.context(), "credentials")
    assert hasattr(local.context(credentials=key()), "credentials")
