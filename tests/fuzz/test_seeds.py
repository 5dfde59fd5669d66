"""Each target holds for its seeds, and a target that does not hold is found."""

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from extension import local, pipeline, policy, sql
from extension.checks import registry
from extension.checks.registry import BY_ID
from extension.dataworks import Credentials
from extension.sql.facts import Analysis, Engine
from extension.verdict import Finding
from tests.conftest import EVENTS
from tests.fuzz import targets
from tests.fuzz.__main__ import NAMES, SEEDS
from tests.fuzz.targets import TARGETS
from tests.fuzz.words import dictionary


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the targets put into the environment is taken back."""
    for variable in (*targets.SURROUNDINGS, "DATAWORKS_ENDPOINT", "EXTENSION_MODE", "EXTENSION_POLICY"):
        monkeypatch.setenv(variable, "")
    yield
    targets.extensions.cache_clear()


@pytest.mark.no_cover
@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_for_its_seeds(name: str) -> None:
    seeds = sorted((SEEDS / name).iterdir())
    assert len(seeds) >= 20
    for seed in seeds:
        TARGETS[name](seed.read_bytes())


@pytest.mark.parametrize(
    "returned",
    [
        '{"checkResult": "OK"}',
        '{"checkResult": "MAYBE", "errorMessage": ""}',
        '{"checkResult": "FAIL", "errorMessage": ""}',
    ],
)
def test_an_event_that_is_answered_wrongly_is_found(returned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = pipeline.run

    def wrong(*arguments: Any) -> str:  # noqa: ANN401  as they come
        run(*arguments)
        return returned

    monkeypatch.setattr(pipeline, "run", wrong)
    with pytest.raises(AssertionError):
        targets.events(b"\x02" + (EVENTS / "download-resources.json").read_bytes())


def test_a_policy_that_raises_and_a_text_that_is_lost_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "parse", lambda *_: [].pop())
    with pytest.raises(IndexError):
        targets.policies(b"version: 1")
    monkeypatch.setattr(sql, "analyse", lambda *_: Analysis(engine=Engine.OTHER, characters=0))
    with pytest.raises(AssertionError):
        targets.texts(b"\x00select 1")


def raising(*_: object) -> Iterator[Finding]:
    """A check that raises."""
    raise KeyError
    yield


def test_a_check_that_raises_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = msgspec.structs.replace(BY_ID["sql.limit"], judge=raising)
    monkeypatch.setitem(registry.BY_ID, "sql.limit", broken)
    with pytest.raises(AssertionError):
        targets.events(b"\x06" + (EVENTS / "download-resources.json").read_bytes())
    with pytest.raises(AssertionError):
        targets.policies(b"{version: 1, rules: [{id: a, on: '*', check: sql.limit, with: {max: 1}}]}")
    targets._of_sql.cache_clear()
    with pytest.raises(AssertionError):
        targets.texts(b"\x00select 1")
    targets._of_sql.cache_clear()


@pytest.mark.parametrize("name", ["commit-file.json", "freeze-node.json", "pre-kill-instance.eventbridge.json"])
def test_what_checks_ask_for_is_there(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "extension")
    context = local.context(credentials=Credentials("id", "secret"))
    pipeline.run((EVENTS / name).read_bytes(), targets.extensions()[-1], context)
    (line,) = [json.loads(record.getMessage()) for record in caplog.records]
    assert len(line["asked"]) > 1
    assert not any(asked["error"] for asked in line["asked"])


def test_a_target_that_takes_too_long_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "MOST_S", 0)
    with pytest.raises(AssertionError):
        TARGETS["texts"](b"\x00select 1")


@pytest.mark.parametrize("name", NAMES)
def test_a_dictionary_is_of_the_form_that_the_fuzzer_takes(name: str) -> None:
    lines = dictionary(name).splitlines()
    assert len(lines) >= 50
    assert all(re.fullmatch(r'"(\\x[0-9a-f]{2})+"', line) for line in lines)


def test_every_target_has_seeds() -> None:
    assert set(NAMES) == set(TARGETS) == {folder.name for folder in SEEDS.iterdir()}
