"""The report of a replay: one page that stands alone, whatever is in the names of others."""

import re
from html.parser import HTMLParser

import pytest

from extension import replay
from extension.pages import report
from extension.replay import Change, Effect, Example, Replay, Strange
from extension.verdict import Language

HOSTILE = "<script>alert('x')</script>\u202e\"&"


class Page(HTMLParser):
    """A page, taken apart: its tags with their attributes, its text, and what is open."""

    VOID = frozenset({"meta"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Note its end, which must be that of the last one."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text.append(data.strip())

    def count(self, tag: str) -> int:
        """How many tags of a kind there are."""
        return sum(name == tag for name, _ in self.tags)


def example(name: str) -> Example:
    return Example(
        id=name,
        at="2026-11-27 08:30:00",
        code=name,
        workspace=name,
        operator=name,
        rules_before=(name,),
        rules_now=(name, "b"),
        open=(),
    )


def full(name: str = "bulk") -> Replay:
    """A replay with something in each of its parts."""
    change = Change(events=12_345, blocked_before=10, blocked_now=4_331, newly_blocked=4_321, undecided=7)
    return Replay(
        policy=f"{name}@x",
        total=change,
        judged=12_000,
        unchanged=8_000,
        unknown_before=3,
        switched=4,
        accidents=5,
        left_out=6,
        strange=9,
        transitions={"OK>OK": 8_000, "OK>FAIL": 4_321, "OK>?": 7, "WARN>OK": 17},
        rules={name: Effect(hits_before=1, hits_now=4_400, newly_blocked=4_321), "b": Effect(shadow_hits=2)},
        workspaces={name: change, replay.OTHERS: Change(events=2)},
        operators={name: change},
        codes={name: change},
        days={"2026-11-26": Change(events=1), "2026-11-27": change},
        policies={f"{name}@old": 12_345},
        examples={"OK>FAIL": [example(name)]},
        files={name: Strange(lines=9, log_lines=2, broken="cut")},
    )


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("found", [full(), Replay(policy="p@x"), full(HOSTILE)], ids=["full", "empty", "hostile"])
def test_it_is_one_page_without_scripts_and_without_anything_from_elsewhere(found: Replay, language: Language) -> None:
    text = report.render(found, language)
    page = Page(text)
    assert page.open == []
    assert page.count("script") == page.count("link") == page.count("img") == page.count("iframe") == 0
    attributes = [(name, value or "") for _, given in page.tags for name, value in given.items()]
    assert not [name for name, _ in attributes if name.startswith("on") or name in ("src", "href", "style", "action")]
    assert not re.search(r"https?://|url\(|@import", text)
    assert ("http-equiv", "Content-Security-Policy") in attributes


def test_names_of_others_are_text() -> None:
    text = report.render(full(HOSTILE), Language.EN)
    assert "<script" not in text
    assert "\u202e" not in text
    assert "‹script›alert(" in "".join(Page(text).text)


def test_charts_have_the_numbers_of_the_tables() -> None:
    page = Page(report.render(full(), Language.EN))
    assert page.count("svg") == 4
    assert page.count("title") > page.count("svg")
    assert page.count("desc") == 4
    assert page.text.count("4,321") >= 2 * 4
    named = [given["aria-labelledby"] for tag, given in page.tags if tag == "svg"]
    ids = {given.get("id") for _, given in page.tags}
    assert all(name and set(name.split()) <= ids for name in named)


def test_bars_are_as_long_as_their_share() -> None:
    page = Page(report.render(full(), Language.EN))
    bars = [given for tag, given in page.tags if tag == "rect"]
    assert [float(bar["width"] or 0) for bar in bars[:3]] == [report.WIDTH, 1.5, 1.5]
    found = full()
    found.transitions = {"OK>FAIL": 200, "OK>WARN": 50}
    bars = [given for tag, given in Page(report.render(found, Language.EN)).tags if tag == "rect"]
    assert [float(bar["width"] or 0) for bar in bars[:2]] == [report.WIDTH, report.WIDTH / 4]


def test_it_is_in_both_languages() -> None:
    english, chinese = (report.render(full(), language) for language in (Language.EN, Language.ZH))
    assert '<html lang="en">' in english
    assert "Newly blocked" in english
    assert '<html lang="zh-CN">' in chinese
    assert "新增拦截" in chinese
    assert "Newly blocked" not in chinese
    assert not re.search("[\u4e00-\u9fff]", "".join(Page(english).text))


def test_where_nothing_changes_it_says_so() -> None:
    page = Page(report.render(Replay(policy="p@x"), Language.EN))
    assert "Nothing changes." in page.text
    assert page.count("svg") == 0


def test_one_day_and_no_example_are_no_error() -> None:
    found = full()
    found.days = {"2026-11-27": found.total}
    found.examples = {}
    assert Page(report.render(found, Language.EN)).count("svg") == 4


def test_of_many_rows_the_first_are_shown() -> None:
    found = full()
    found.operators = {str(number): Change(events=1) for number in range(report.MOST_ROWS + 25)}
    text = report.render(found, Language.EN)
    assert "25 more rows are not shown here" in text
    assert Page(text).count("rect") < 20
