"""Each target holds for its seeds, and a target that does not hold is found."""

from collections.abc import Iterator
from typing import Any

import pytest

from extension import pipeline, policy, sql
from extension.sql.facts import Analysis, Engine
from tests.conftest import EVENTS
from tests.fuzz import targets
from tests.fuzz.__main__ import NAMES, SEEDS
from tests.fuzz.targets import TARGETS


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the targets put into the environment is taken back."""
    for variable in ("DATAWORKS_CALLBACK", "DATAWORKS_ENDPOINT", "EXTENSION_MODE", "EXTENSION_POLICY", "FC_REGION"):
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


def test_every_target_has_seeds() -> None:
    assert set(NAMES) == set(TARGETS) == {folder.name for folder in SEEDS.iterdir()}
