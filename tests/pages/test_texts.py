"""Every word of the pages is there in both languages, and none is left over."""

import re
from pathlib import Path

import msgspec
import pytest

from extension import catalogue, pages, titles
from extension.checks.registry import BY_ID
from extension.pages import texts
from extension.verdict import Language, Mode, Result, Severity, placeholders

FOLDER = Path(pages.__file__).parent
CHINESE = re.compile("[\u4e00-\u9fff]")


def test_every_event_and_module_has_chinese_words() -> None:
    assert titles.EVENTS[Language.ZH].keys() == titles.EVENTS[Language.EN].keys() == catalogue.BY_CODE.keys()
    assert all(CHINESE.search(words) for words in titles.EVENTS[Language.ZH].values())
    assert all(titles.MODULES[language].keys() == {*catalogue.Module} for language in Language)


def test_every_built_in_check_has_a_chinese_title() -> None:
    assert titles.CHECKS_ZH.keys() == BY_ID.keys()
    assert all(CHINESE.search(title) for title in titles.CHECKS_ZH.values())


def test_every_parameter_of_a_built_in_check_has_a_name() -> None:
    fields = {field.encode_name for check in BY_ID.values() for field in msgspec.structs.fields(check.settings)}
    assert texts.PARAMETERS[Language.EN].keys() == fields


def test_results_severities_and_reasons_have_words() -> None:
    words = texts.WORDS[Language.EN]
    assert {texts.RESULTS[result] for result in Result} <= words.keys()
    assert {texts.WHYS[mode] for mode in Mode} <= words.keys()
    assert all(texts.SEVERITIES[language].keys() == {*Severity} for language in Language)


@pytest.mark.parametrize("name", texts.WORDS[Language.EN])
def test_a_word_has_the_same_placeholders_in_both_languages(name: str) -> None:
    english, chinese = (texts.WORDS[language][name] for language in (Language.EN, Language.ZH))
    assert placeholders(english) == placeholders(chinese)
    assert name in ("colon", "lang", "other_lang", "other_language", "sql") or CHINESE.search(chinese)
    assert not CHINESE.search(english) or name == "other_language"


def test_a_page_uses_every_word() -> None:
    sources = [*FOLDER.glob("*.jinja"), *FOLDER.glob("*.py")]
    used = "\n".join(file.read_text(encoding="utf-8") for file in sources if file.name != "texts.py")
    made: tuple[str, ...] = (
        "title_",
        "said_",
        "switch_",
        "callback_",
        "why_",
        "f_",
        "expired_",
        "absent_",
        "method_",
        "refused_",
    )
    made += ("broken_", "unavailable_", "ok", "warn", "fail")
    unused = [name for name in texts.WORDS[Language.EN] if not re.search(rf"\bt\.{name}\b|\"{name}\"", used)]
    assert [name for name in unused if not name.startswith(made)] == []


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", None),
        ("fr", None),
        ("*", None),
        ("zh", Language.ZH),
        ("zh-CN,zh;q=0.9,en;q=0.8", Language.ZH),
        ("zh-Hans-CN", Language.ZH),
        ("en-US,en;q=0.9,zh-CN;q=0.8", Language.EN),
        ("fr, zh;q=0.3, en;q=0.5", Language.EN),
        ("EN", Language.EN),
        ("en;q=0, zh;q=0.1", Language.ZH),
        ("en;q=0", None),
        ("en;q=x, zh;;, -, ,zh ; q=0.2", Language.ZH),
        ("en" * 5000, None),
        ("zh;q=0.5" + ",en;q=0.1" * 5000, Language.ZH),
    ],
)
def test_the_language_is_the_one_of_ours_that_the_browser_likes_best(accepted: str, language: Language | None) -> None:
    assert texts.language(accepted) is language


def test_the_pages_refer_to_nothing_elsewhere_and_have_no_script() -> None:
    """But for the report of a replay, which stands alone: that has its own test."""
    for file in {*FOLDER.glob("*.jinja"), FOLDER / "style.css"} - {FOLDER / "report.html.jinja"}:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"https?://|url\(|@import|<script|<style|\sstyle=|\son\w+=|\|\s*safe", text), file.name


def test_another_template_escapes_what_it_is_given_and_must_be_given_it() -> None:
    template = pages.environment.from_string("<p>{{ name }}</p>")
    assert template.render(name="<b>&") == "<p>&lt;b&gt;&amp;</p>"
    with pytest.raises(Exception, match="'name' is undefined"):
        template.render()
    assert "prefers-color-scheme: dark" in pages.STYLESHEET
