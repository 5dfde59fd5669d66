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


def test_a_policy_folder_is_said_to_be_one(function: Function, tmp_path: Path) -> None:
    function.set(EXTENSION_POLICY=str(tmp_path))
    with pytest.raises(PolicyError, match="cannot be read: is a directory"):
        function.initialize()


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


def test_a_context_of_no_runtime_that_we_know_is_enough(function: Function) -> None:
    del function
    handler.initialize(object())
    assert '"checkResult":"FAIL"' in handler.handler(DOWNLOAD, object())


def test_both_shapes_of_context_are_what_the_documents_say() -> None:
    assert not hasattr(local.context(), "credentials")
    assert hasattr(local.context(credentials=key()), "credentials")
