"""The registry: every check is documented, for events that exist, and found under its id."""

import inspect
import re

import msgspec
import pytest

from extension import catalogue
from extension.checks import BY_ID, Check, transfers
from tests.cases import documented

ISSUED = [
    "download.rows",
    "download.size",
    "download.source",
    "download.datasource",
    "download.workspace",
    "download.operator",
    "download.file_name",
    "download.ip",
    "upload.size",
    "upload.target",
    "upload.source",
    "upload.overwrite",
    "upload.engine",
]


def test_the_checks_of_data_movement_are_all_there() -> None:
    assert set(ISSUED) <= set(BY_ID)


@pytest.mark.parametrize("check", BY_ID.values(), ids=BY_ID)
def test_a_check_is_documented_with_an_example_that_passes_and_one_that_hits(check: Check) -> None:
    assert (inspect.getdoc(check.judge) or "").splitlines()[0].endswith((".", ","))
    assert set(documented()[check.id]) == {"Passes", "Hits"}


@pytest.mark.parametrize("check", BY_ID.values(), ids=BY_ID)
def test_a_check_judges_events_of_the_catalogue_that_have_a_struct(check: Check) -> None:
    assert check.events
    assert all(catalogue.BY_CODE[code].payload for code in check.events)


@pytest.mark.parametrize("check", BY_ID.values(), ids=BY_ID)
def test_parameters_have_the_four_names_that_all_checks_share(check: Check) -> None:
    assert {field.name for field in msgspec.structs.fields(check.settings)} <= {"max", "allow", "deny", "pattern"}


@pytest.mark.parametrize("check", BY_ID.values(), ids=BY_ID)
def test_a_check_is_named_for_what_it_judges(check: Check) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", check.id)
    assert check.judge.__name__ == check.id.replace(".", "_")


def test_every_function_of_a_family_is_registered() -> None:
    written = {
        name
        for name, function in vars(transfers).items()
        if inspect.isfunction(function) and function.__module__ == transfers.__name__ and not name.startswith("_")
    }
    assert written == {check.id.replace(".", "_") for check in BY_ID.values()}
