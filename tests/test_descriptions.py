"""Whatever can be said of a check, a parameter, a form or an event is said in Chinese, and as much as in English."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from extension import catalogue, checks, descriptions, settings, titles
from extension.checks import Check
from extension.checks.registry import BY_ID
from extension.descriptions import judged, words
from extension.events import Event
from extension.schema import docs
from extension.settings import Count
from extension.verdict import Finding, Language, Text

EN, ZH = Language.EN, Language.ZH

FIELDS = [(check, field) for check in BY_ID.values() for field in msgspec.structs.fields(check.settings)]
KINDS = {settings.kind_of(field).FORM: settings.kind_of(field) for _, field in FIELDS}

CHINESE = re.compile("[\u4e00-\u9fff]")
SENTENCE = re.compile(r"\b[a-z]+(?: [a-z]+){3}")
"""Four English words one after the other."""
HALF = re.compile("[\u4e00-\u9fff][,;:!?()]|[,;:!?(][\u4e00-\u9fff]|[\u4e00-\u9fff][.](?![a-z*])")
"""Punctuation of the width that Latin letters have, at a Chinese one."""


def is_chinese(text: str) -> bool:
    """Whether a text reads as Chinese."""
    prose = re.sub(r"`[^`]*`|https?://[!-~]+", "", text)
    return bool(CHINESE.search(prose)) and not SENTENCE.search(prose) and not HALF.search(prose)


def facts(text: str) -> set[str]:
    """What is the same in any language: what stands in backquotes, and numbers."""
    prose = re.sub(r"`[^`]*`|https?://[!-~]+|[0-9]+ 月", " ", text).replace(",", "")
    return {*re.findall("`([^`]*)`", text), *re.findall("[0-9]{2,}", prose)}


@pytest.mark.parametrize("check", BY_ID.values(), ids=BY_ID)
def test_a_check_is_described_in_chinese_with_all_that_the_docstring_names(check: Check) -> None:
    chinese, english = descriptions.prose(check, ZH), descriptions.prose(check, EN)
    assert is_chinese(chinese), chinese
    assert facts(chinese) == facts(english)
    assert chinese.count("\n\n") == english.count("\n\n")
    assert "Passes:" not in english
    assert is_chinese(descriptions.check(check, ZH))
    assert descriptions.check(check, EN) == " ".join(check.about.split())


@pytest.mark.parametrize(("check", "field"), FIELDS, ids=[f"{check.id}-{field.name}" for check, field in FIELDS])
def test_a_parameter_is_described_in_chinese(check: Check, field: msgspec.structs.FieldInfo) -> None:
    chinese = descriptions.parameter(check, field.encode_name, ZH)
    english = descriptions.parameter(check, field.encode_name, EN)
    assert is_chinese(chinese), chinese
    assert english == docs(check.settings)[field.name]
    assert facts(chinese) == facts(english)


@pytest.mark.parametrize("form", KINDS)
def test_a_form_is_named_and_explained_in_chinese(form: str) -> None:
    assert is_chinese(descriptions.form(KINDS[form], ZH))
    assert descriptions.form(KINDS[form], EN) == form
    assert is_chinese(descriptions.explained(KINDS[form], ZH))
    assert facts(descriptions.explained(KINDS[form], ZH)) == facts(descriptions.explained(KINDS[form], EN))


@pytest.mark.parametrize("entry", catalogue.ENTRIES, ids=lambda entry: entry.code)
def test_an_event_and_its_module_are_named_in_chinese(entry: catalogue.Entry) -> None:
    assert is_chinese(descriptions.event(entry, ZH))
    assert descriptions.event(entry, EN) == entry.about
    assert is_chinese(descriptions.module(entry.module, ZH))
    assert descriptions.module(entry.module, EN) == entry.module


def test_nothing_is_left_over_of_what_there_is_no_more() -> None:
    assert judged.JUDGED.keys() == BY_ID.keys()
    assert words.PARAMETERS.keys() == {docs(check.settings)[field.name] for check, field in FIELDS}
    assert words.FORMS.keys() == words.EXPLAINED.keys() == KINDS.keys()
    assert titles.EVENTS[ZH].keys() == catalogue.BY_CODE.keys()


def test_no_two_forms_have_one_name() -> None:
    assert len(set(words.FORMS.values())) == len(words.FORMS)


@pytest.mark.parametrize(
    "text", ["Only these.", "只允许这些，and nothing else that is", "最多,10 个", "最多(10)个", "行。"]
)
def test_what_is_chinese_can_be_told(text: str) -> None:
    assert is_chinese(text) == (text == "行。")


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a check that is not built in."""

    most: Count = msgspec.field(name="max")
    """Most that may be."""
    least: Count = Count(0)


@checks.check("my.own", events="*", texts=[Text(en="No.", zh="不。")])
def own(event: Event[Any], settings: Own) -> Iterator[Finding]:  # noqa: ARG001  nothing is judged
    """What I judge, and
    nobody else.

    Because I can.

    Passes: {a: 1} with {max: 1}
    """
    yield from ()


def test_a_check_of_ones_own_is_described_in_its_own_words_in_any_language() -> None:
    for language in Language:
        assert descriptions.check(own, language) == "What I judge, and nobody else."
        assert descriptions.prose(own, language) == "What I judge, and\nnobody else.\n\nBecause I can."
        assert descriptions.parameter(own, "max", language) == "Most that may be."
        assert descriptions.parameter(own, "least", language) == ""
        assert descriptions.parameter(own, "most", language) == ""
