"""The registry: every check is documented, for events that exist, and found under its id."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, cast, get_origin

import msgspec
import pytest

from extension import catalogue, checks, settings
from extension.checks import Check
from extension.checks.registry import BY_ID
from extension.events import Event
from extension.settings import Maximum
from extension.verdict import Finding, Text
from tests.cases import WHO, documented, judge, judge_one

DOCUMENTED = documented()

ABSENCE_IS_AN_ANSWER = frozenset(
    {
        "table.comment",  # a table without a comment has no such field
        "table.lifecycle",  # nor has one without a lifecycle
        "quality.receivers",  # a task that tells nobody has no such field
    }
)
"""Checks that are on what is not there, so that nothing is unknown without it."""

NOT_IN_THE_MESSAGE = frozenset(
    {
        "calendar.freeze",  # the moment is set by `judge`
        "operator.roles",  # roles are asked for before; a user who is no member has none
    }
)
"""Checks on what no message says, so that nothing in it can be missing or unreadable."""


@pytest.mark.parametrize("check", BY_ID.values(), ids=BY_ID)
def test_the_example_in_the_docstring_that_passes_passes(check: Check) -> None:
    data, settings = DOCUMENTED[check.id]["Passes"]
    assert judge(check.id, data, settings) == []


@pytest.mark.parametrize("check", BY_ID.values(), ids=BY_ID)
def test_the_example_in_the_docstring_that_hits_hits(check: Check) -> None:
    data, settings = DOCUMENTED[check.id]["Hits"]
    (finding,) = judge(check.id, data, settings)
    assert finding.judged
    assert finding.text in check.texts
    assert set(finding.values) == finding.text.fields >= check.placeholders


@pytest.mark.parametrize(
    "check", [BY_ID[name] for name in BY_ID if name not in ABSENCE_IS_AN_ANSWER | NOT_IN_THE_MESSAGE]
)
def test_without_any_fact_a_check_says_which_it_needs(check: Check) -> None:
    data, settings = DOCUMENTED[check.id]["Hits"]
    for code in check.events:
        (finding,) = judge_one(check.id, code, {name: None for name in data if name in WHO}, settings)
        assert not finding.judged
        assert finding.values["field"] in data
        assert "missing" in finding.text.en or "did not send" in finding.text.en


@pytest.mark.parametrize("check", [BY_ID[name] for name in BY_ID if name not in NOT_IN_THE_MESSAGE])
def test_a_fact_that_cannot_be_read_is_said_to_be_so(check: Check) -> None:
    data, settings = DOCUMENTED[check.id]["Hits"]
    for code in check.events:
        (finding,) = judge_one(check.id, code, {name: [["not readable"]] for name in data}, settings)
        assert not finding.judged
        assert finding.values["field"] in data
        assert "cannot be read" in finding.text.en


@pytest.mark.parametrize("check", BY_ID.values(), ids=BY_ID)
@pytest.mark.no_cover
def test_a_check_is_documented_with_an_example_that_passes_and_one_that_hits(check: Check) -> None:
    assert (inspect.getdoc(check.judge) or "").splitlines()[0].endswith((".", ","))
    assert set(documented()[check.id]) == {"Passes", "Hits"}


@pytest.mark.parametrize("check", BY_ID.values(), ids=BY_ID)
def test_a_check_judges_events_of_the_catalogue_that_have_a_struct_or_any_event(check: Check) -> None:
    assert check.events
    any_event = check.events == set(catalogue.BY_CODE)
    assert any_event or all(catalogue.BY_CODE[code].payload for code in check.events)


@pytest.mark.parametrize("check", BY_ID.values(), ids=BY_ID)
def test_every_parameter_is_documented_and_can_be_put_into_a_schema(check: Check) -> None:
    source = inspect.getsource(get_origin(check.settings) or check.settings)
    for field in msgspec.structs.fields(check.settings):
        assert re.search(rf"^    {field.name}: .*\n    \"\"\"\S", source, re.MULTILINE), field.name
        kind = settings.kind_of(field)
        assert kind.FORM
        assert set(kind.schema()) & {"type", "anyOf", "enum"}


@pytest.mark.parametrize("check", BY_ID.values(), ids=BY_ID)
def test_a_check_is_named_for_what_it_judges(check: Check) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", check.id)
    assert check.judge.__name__ == check.id.replace(".", "_")


FAMILIES = [
    module
    for name, module in sorted(vars(checks).items())
    if inspect.ismodule(module) and "checks" in module.__name__ and name != "lists"
]


def test_every_function_of_a_family_is_registered() -> None:
    written = {
        name
        for family in FAMILIES
        for name, function in vars(family).items()
        if inspect.isfunction(function) and function.__module__ == family.__name__ and not name.startswith("_")
    }
    assert written == {check.id.replace(".", "_") for check in BY_ID.values()}


def _three(event: Event[Any], settings: Maximum, more: object) -> Iterator[Finding]:  # noqa: ARG001  nothing is judged
    """A function that nobody could call with event and settings."""
    yield from ()


def _two(event: Event[Any], settings: Maximum) -> Iterator[Finding]:  # noqa: ARG001  nothing is judged
    """A function as a check has it."""
    yield from ()


def test_a_function_of_event_and_settings_is_a_check_and_one_of_more_is_none() -> None:
    register = checks.check("my.own", events="*", texts=[Text(en="No.", zh="不。")])
    assert register(_two).settings is Maximum
    with pytest.raises(ValueError, match=r"^my\.own: expected a function of event and settings, the latter annotated"):
        register(cast("Any", _three))


@pytest.mark.parametrize(
    "entry", [entry for entry in catalogue.ENTRIES if entry.callback], ids=lambda entry: entry.code
)
def test_every_extension_point_has_a_check_of_its_own(entry: catalogue.Entry) -> None:
    own = [check for check in BY_ID.values() if entry.code in check.events and check.events != set(catalogue.BY_CODE)]
    assert own
