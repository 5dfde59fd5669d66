"""The catalogue says what the reference data say, and selects what a policy names."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from extension import catalogue
from extension.catalogue import Kind, Level, Module

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


@pytest.mark.parametrize("event", REFERENCE, ids=lambda event: event["event_code"])
def test_a_struct_has_the_documented_fields_and_no_other(event: dict[str, Any]) -> None:
    entry = catalogue.BY_CODE[event["event_code"]]
    if entry.payload is None:
        assert entry.module is not Module.UPLOAD_AND_DOWNLOAD
        return
    names = {field.encode_name for field in msgspec.structs.fields(entry.payload)}
    assert names == {field["name"] for field in event["fields"]} - {"eventCode"}


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
