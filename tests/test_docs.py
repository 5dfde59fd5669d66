"""The pages tell the truth: each command and each policy in them runs, each name is one that there is."""

import re
from pathlib import Path

import pytest

import handler
from extension.storage import ROOT
from tests.docs import blocks, names
from tests.docs.pages import Page, pages

PAGES = pages()

each_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


@each_page
def test_what_a_page_shows_runs_and_prints_what_it_says(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(handler, "_extension", None)
    assert blocks.follow(page, tmp_path) == []


@each_page
def test_commands_in_a_line_of_text_are_ones_that_there_are(page: Page) -> None:
    assert names.wrong_commands(page) == []


@each_page
def test_links_lead_somewhere(page: Page) -> None:
    assert names.dead_links(page) == []


@pytest.mark.parametrize("name", sorted(set(PAGES) - set(blocks.MADE_FROM_CODE)))
def test_names_in_backticks_are_ones_that_there_are(name: str) -> None:
    assert names.unknown_names(PAGES[name]) == []


def test_every_document_is_in_the_index() -> None:
    index = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in PAGES["docs/README.md"].links}
    assert [name for name in PAGES if name.startswith("docs/") and (ROOT / name).resolve() not in index] == [
        "docs/README.md"
    ]


GUIDES = ("write-a-policy", "write-a-check", "approval", "test-in-ci", "rollout", "blocked-user", "from-java-sample")


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_begins_with_what_comes_of_it_and_how_long_it_takes(guide: str) -> None:
    first = re.sub(r"\s+", " ", PAGES[f"docs/{guide}.md"].text.split("\n\n")[1])
    assert first.startswith("**At the end** ")
    assert re.search(r"\b(minutes?|hours?|day|week)\b", first)
