"""Parameters of an extension are read as they are documented, and switch it off where they say so."""

import pytest

from extension.parameters import manual_pass, parse, switched_off

ALL = "extension.project.disabled"
ONE = "extension.project.commit-file.disabled"
SQL = "extension.fileType.10.commit-file.enabled"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", {}),
        ("a=b", {"a": "b"}),
        ("a=b\nc=d", {"a": "b", "c": "d"}),
        ("a=b\r\nc=d\r\n", {"a": "b", "c": "d"}),
        ("\n\n  a = b c \t\n \n", {"a": "b c"}),
        ("a=b\na=c", {"a": "c"}),
        ("a=b\na=", {"a": ""}),
        ("a=b=c==", {"a": "b=c=="}),
        ("a\n# of its own: a comment\nb=c", {"b": "c"}),
        ("=b\n = c", {}),
        ("负责人=数据 平台", {"负责人": "数据 平台"}),
        ("A=1\na=2", {"A": "1", "a": "2"}),
    ],
)
def test_a_line_is_a_pair(text: str, read: dict[str, str]) -> None:
    assert parse(text) == read


def off(parameters: dict[str, str], *, code: str = "commit-file", workspace: str = "2", file_type: str = "10") -> str:
    return switched_off(parameters, code=code, workspace=workspace, file_type=file_type)


def test_without_parameters_everything_is_on() -> None:
    assert off({}) == ""


@pytest.mark.parametrize("name", [ALL, f"{ALL}.append", ONE, f"{ONE}.append"])
@pytest.mark.parametrize("ids", ["2", "1,2", "2,3", "1, 2 ,3", "1,,2,", " 2 "])
def test_a_workspace_of_a_list_is_off(name: str, ids: str) -> None:
    assert off({name: ids}) == name


@pytest.mark.parametrize("name", [ALL, f"{ALL}.append", ONE, f"{ONE}.append"])
@pytest.mark.parametrize("ids", ["", ",", "1", "22", "12,21", "1 2", "1;2", "1\uff0c2", "-2", "02"])
def test_a_workspace_that_is_not_of_the_list_is_on(name: str, ids: str) -> None:
    assert off({name: ids}) == ""


@pytest.mark.parametrize("name", [ALL, ONE])
def test_a_list_and_what_is_appended_are_one(name: str) -> None:
    both = {name: "1,2", f"{name}.append": "3"}
    assert [off(both, workspace=workspace) for workspace in "1234"] == [name, name, f"{name}.append", ""]


@pytest.mark.parametrize("name", [ONE, f"{ONE}.append", SQL])
def test_what_is_said_of_an_event_is_not_said_of_others(name: str) -> None:
    assert off({name: "false" if name == SQL else "2"}, code="deploy-file") == ""


@pytest.mark.parametrize("ids", ["", ",", "1,,2", " "])
def test_an_event_without_workspace_is_in_no_list(ids: str) -> None:
    assert off({ALL: ids, f"{ALL}.append": ids, ONE: ids, f"{ONE}.append": ids}, workspace="") == ""


@pytest.mark.parametrize("value", ["false", "FALSE", "False"])
def test_a_file_type_can_be_off(value: str) -> None:
    assert off({SQL: value}) == SQL
    assert off({SQL: value}, workspace="") == SQL


@pytest.mark.parametrize("value", ["true", "", "no", "0", "falsely"])
def test_a_file_type_that_is_not_off_is_on_and_so_are_the_others(value: str) -> None:
    assert off({SQL: value}) == ""
    assert off({SQL: value}, file_type="23") == ""


@pytest.mark.parametrize("file_type", ["23", "1", "100", ""])
def test_a_file_type_that_is_off_leaves_the_others_on(file_type: str) -> None:
    assert off({SQL: "false"}, file_type=file_type) == ""


def test_an_event_without_file_type_is_not_switched_off_by_one() -> None:
    assert off({"extension.fileType..commit-file.enabled": "false"}, file_type="") == ""


def test_the_widest_reason_is_told() -> None:
    assert off({SQL: "false", f"{ONE}.append": "2", ONE: "2", f"{ALL}.append": "2", ALL: "2"}) == ALL


@pytest.mark.parametrize(
    ("parameters", "passes"),
    [
        ({}, False),
        ({"extension.manualPass.enabled": "true"}, True),
        ({"extension.manualPass.enabled": "TRUE"}, True),
        ({"extension.manualPass.enabled": "false"}, False),
        ({"extension.manualPass.enabled": ""}, False),
        ({"extension.manualPass.enabled": "yes"}, False),
        ({"extension.manualpass.enabled": "true"}, False),
    ],
)
def test_users_can_pass_checks_themselves_where_that_is_on(parameters: dict[str, str], *, passes: bool) -> None:
    assert manual_pass(parameters) is passes
