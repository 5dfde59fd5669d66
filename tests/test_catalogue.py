"""The catalogue says what the reference data say, and selects what a policy names."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest

from extension import catalogue, payloads
from extension.catalogue import Kind, Level, Module
from extension.events import Payload, fields

REFERENCE = json.loads((Path(__file__).parent / "reference/events.json").read_text(encoding="utf-8"))["events"]


def test_every_event_of_the_reference_is_there_and_no_other() -> None:
    assert [entry.code for entry in catalogue.ENTRIES] == [event["event_code"] for event in REFERENCE]


@pytest.mark.parametrize("event", REFERENCE, ids=lambda event: event["event_code"])
def test_an_entry_says_what_the_reference_says(event: dict[str, str]) -> None:
    entry = catalogue.BY_CODE[event["event_code"]]
    assert {
        "event_code": entry.code,
        "type": entry.event_type,
        "category": entry.category,
        "module": entry.module,
        "level": entry.level,
        "kind": entry.kind,
        "callback": entry.callback,
        "trigger": entry.about,
    } == {
        name: event[name]
        for name in ("event_code", "type", "category", "module", "level", "kind", "callback", "trigger")
    }


BY_ANALOGY = {
    "batch-update-data-quality-rules": {"rules", "ids"},
    "delete-data-quality-evaluation-task-notification": {
        *("operator", "projectId", "operationTime", "dataQualityEvaluationTaskId"),
    },
}
"""Fields that are documented for the siblings of an event only."""


def leaves(struct: type[Payload], path: str = "") -> Iterator[str]:
    """Fields of a struct that hold no others, by their path as the reference writes it."""
    for _, name, kind in fields(struct):
        items = get_args(kind)[0] if get_origin(kind) is tuple else kind
        place = f"{path}{name}" + "[]" * (get_origin(kind) is tuple)
        if isinstance(items, type) and issubclass(items, Payload):
            yield from leaves(items, f"{place}.")
        else:
            yield f"{path}{name}"


def covers(name: str, others: set[str]) -> bool:
    """Whether one of `others` is this field, or one inside it, or one that it is inside of."""
    return any(
        name == other or name.startswith((f"{other}.", f"{other}[].")) or other.startswith((f"{name}.", f"{name}[]."))
        for other in others
    )


@pytest.mark.parametrize("event", REFERENCE, ids=lambda event: event["event_code"])
def test_a_struct_has_the_documented_fields_and_no_other(event: dict[str, Any]) -> None:
    entry = catalogue.BY_CODE[event["event_code"]]
    if entry.payload is None:
        return
    ours = set(leaves(entry.payload))
    documented = {field["name"] for field in event["fields"]} - {"eventCode"}
    assert {name for name in documented if not covers(name, ours)} == set()
    undocumented = {name for name in ours if not covers(name, documented)}
    if entry.code in BY_ANALOGY:
        assert {re.split(r"\[|\.", name)[0] for name in undocumented} == BY_ANALOGY[entry.code]
    else:
        assert undocumented == set()


def test_the_comparison_with_the_reference_sees_what_is_too_much_and_what_is_missing() -> None:
    assert set(leaves(payloads.JobStart)) >= {"operator", "tableMapping[].srcTable", "setting.timeZone"}
    assert covers("order", {"order.applyReason"})
    assert covers("order.list[].name", {"order.list"})
    assert not covers("orders", {"order"})
    assert not covers("order.reason", {"order.applyReason"})


def test_every_extension_point_has_a_struct_and_no_other_event_has_one() -> None:
    for entry in catalogue.ENTRIES:
        assert (entry.payload is None) == (entry.kind is Kind.REGULAR)


def test_types_are_as_unique_as_codes() -> None:
    assert len(catalogue.BY_TYPE) == len(catalogue.BY_CODE) == len(catalogue.ENTRIES)


def test_a_regular_event_has_no_callback_and_every_other_has_one() -> None:
    for entry in catalogue.ENTRIES:
        assert (entry.callback is None) == (entry.kind is Kind.REGULAR)


def test_a_code_selects_itself() -> None:
    assert catalogue.select("download-resources") == {"download-resources"}


def test_a_category_selects_its_events() -> None:
    assert catalogue.select("resources-download") == {"download-resources", "download-resources-execute"}


def test_a_module_selects_its_events() -> None:
    assert catalogue.select("Upload and Download") == {
        "download-resources",
        "download-resources-execute",
        "upload-data-to-table",
    }


def test_a_star_selects_everything() -> None:
    assert catalogue.select("*") == set(catalogue.BY_CODE)


@pytest.mark.parametrize("name", ["", "download", "start-dijob", "upload and download", "dataworks:FileChange:RunFile"])
def test_any_other_word_selects_nothing(name: str) -> None:
    assert not catalogue.select(name)
    assert name not in catalogue.names()


def test_levels_follow_the_module() -> None:
    tenants = {entry.module for entry in catalogue.ENTRIES if entry.level is Level.TENANT}
    assert tenants == {Module.CONSOLE, Module.UPLOAD_AND_DOWNLOAD}
