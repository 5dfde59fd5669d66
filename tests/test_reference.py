"""The reference of checks is made from the code, and every rule that it shows gives what the page says."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from extension import cases, catalogue, examples, policy, reference, settings
from extension.checks import Check
from extension.checks.registry import BY_ID
from extension.descriptions import headings
from extension.errors import PolicyError
from extension.events import Event
from extension.settings import Maximum
from extension.storage import ROOT
from extension.verdict import Finding, Language
from tests.test_descriptions import CHINESE, is_chinese

FILES = {Language.EN: ROOT / "docs/checks.md", Language.ZH: ROOT / "docs/checks.zh-CN.md"}
PAGES = {language: file.read_text(encoding="utf-8") for language, file in FILES.items()}

BOTH = pytest.mark.parametrize("language", Language)
EACH = pytest.mark.parametrize("check", BY_ID.values(), ids=BY_ID)


def word(name: str, language: Language) -> str:
    text = headings.WORDS[name]
    return text.zh if language is Language.ZH else text.en


def sections(page: str) -> Mapping[str, str]:
    """What the page says of each check."""
    parts = re.split(r"^### `(.*)`\n|^## .*\n", page, flags=re.MULTILINE)
    return {name: text for name, text in zip(parts[1::2], parts[2::2], strict=True) if name}


SECTIONS = {language: sections(page) for language, page in PAGES.items()}


def shown(section: str) -> tuple[str, str, str]:
    """The policy, the cases and the message of a section."""
    (rule,) = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    (listed,) = re.findall(r"```text\n(.*?)```", section, re.DOTALL)
    (message,) = re.findall(r"^> (.*)$", section, re.MULTILINE)
    return rule, listed, re.sub(r"\\(.)", r"\1", message)


def lies(section: str, folder: Path) -> list[str]:
    """What comes of the example of a section, run as its reader would run it, other than the section says."""
    rule, listed, message = shown(section)
    (folder / "cases").mkdir()
    (folder / "policy.yaml").write_text(rule, encoding="utf-8")
    (folder / "cases/a.yaml").write_text(listed, encoding="utf-8")
    report = cases.run(folder)
    passes, hits = report.outcomes
    said = [passes.verdict.message(cases.MESSAGE_CHARS), hits.verdict.message(cases.MESSAGE_CHARS)]
    problems = [*passes.problems, *hits.problems, *report.untouched]
    return problems + [text for text, wanted in zip(said, ("", message), strict=True) if text != wanted]


def test_the_english_page_is_made_from_the_code() -> None:
    assert reference.markdown(BY_ID, Language.EN) == PAGES[Language.EN]


def test_the_chinese_page_is_what_the_command_prints() -> None:
    printed = CliRunner().invoke(reference.main, ["zh"])
    assert printed.exit_code == 0
    assert printed.output == PAGES[Language.ZH]


@BOTH
def test_every_check_has_its_section_in_the_order_of_the_registry(language: Language) -> None:
    assert list(SECTIONS[language]) == list(BY_ID)


@BOTH
@EACH
def test_an_example_gives_what_the_page_says(language: Language, check: Check, tmp_path: Path) -> None:
    section = SECTIONS[language][check.id]
    assert lies(section, tmp_path) == []
    rule, _, message = shown(section)
    assert f"language: {language}\n" in rule
    assert bool(CHINESE.search(message.replace("国庆节", ""))) == (language is Language.ZH)


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("max: 100000}", "max: 100001}"),
        ("'100000'", "'100001'"),
        ("{result: OK}", "{result: WARN}"),
        ("最多允许 100,000 行", "最多允许 1 行"),
    ],
)
def test_a_page_that_lies_is_found_out(true: str, false: str, tmp_path: Path) -> None:
    section = SECTIONS[Language.ZH]["download.rows"]
    assert section.count(true) == 1
    assert lies(section.replace(true, false), tmp_path)


@BOTH
@EACH
def test_the_table_has_every_parameter_with_its_default(language: Language, check: Check) -> None:
    section = SECTIONS[language][check.id]
    rows = re.findall(r"^\| `(.*?)` \| \[.*?\]\(#.*?\) \| (.*?) \| (.+) \|$", section, re.MULTILINE)
    fields = {field.encode_name: field for field in msgspec.structs.fields(check.settings)}
    assert [name for name, _, _ in rows] == list(fields)
    assert rows or word("no_parameters", language) in section
    for name, default, _ in rows:
        field = fields[name]
        if field.required or field.default is None:
            assert default == word("required" if field.required else "unset", language)
        else:
            words = re.findall("`(.*?)`", default)
            written = {"true": True, "false": False}.get(words[0], int(words[0]) if words[0].isdigit() else words)
            read, meant = settings.read(field, written), field.default
            assert getattr(read, "names", read) == getattr(meant, "names", meant)


@EACH
def test_every_parameter_can_be_a_console_option(check: Check) -> None:
    rule, _, _ = shown(SECTIONS[Language.EN][check.id])
    names = [field.encode_name for field in msgspec.structs.fields(check.settings)]
    options = ", ".join(f"{name}: a-key" for name in ("result", *names))
    (read,) = policy.parse(f"{rule}    options: {{{options}}}\n".encode(), "policy.yaml").rules
    assert read.options.keys() == {"result", *names}


@EACH
def test_what_has_to_be_set_is_refused_where_it_is_not(check: Check) -> None:
    section = SECTIONS[Language.EN][check.id]
    said = re.search("At least one has to be set: (.*)[.]$", section, re.MULTILINE)
    if not said:
        return
    rule, _, _ = shown(section)
    rule = re.sub(r"    with: .*\n", "    with: {}\n", rule)
    with pytest.raises(PolicyError) as error:
        policy.parse(rule.encode(), "policy.yaml")
    assert all(name in str(error.value) for name in re.findall("`(.*?)`", said[1]))


@BOTH
@EACH
def test_every_message_is_there_with_its_placeholders(language: Language, check: Check) -> None:
    section = SECTIONS[language][check.id]
    said = re.findall(r"^- (.*)$", section[section.index(f"**{word('messages', language)}**") :], re.MULTILINE)
    plain = [re.sub(r"`(\{\w+\})`", r"\1", re.sub(r"\\(.)", r"\1", line)) for line in said]
    texts = [text.zh if language is Language.ZH else text.en for text in check.texts]
    assert plain[: len(texts)] == texts
    assert all(f"`{{{name}}}`" in section for name in check.placeholders)


def anchors(page: str) -> list[str]:
    """The anchors of a page's headings."""
    return [reference.anchor(heading) for heading in re.findall(r"^#+ (.*)$", page, re.MULTILINE)]


@BOTH
def test_every_link_leads_to_a_heading_or_a_file_that_is_there(language: Language) -> None:
    page = re.sub(r"```.*?```", "", PAGES[language], flags=re.DOTALL)
    there = anchors(page)
    links = re.findall(r"\]\(#(.*?)\)", page)
    assert {reference.anchor(name) for name in BY_ID} <= set(links) <= set(there)
    assert [name for name, number in Counter(there).items() if number > 1] == []
    assert all((FILES[language].parent / file).is_file() for file in re.findall(r"\]\(([^#)]+)\)", page))


@BOTH
def test_every_check_is_in_the_contents_below_its_family(language: Language) -> None:
    listed = PAGES[language][PAGES[language].index(f"## {word('contents', language)}") :].split("\n## ")[0]
    families = re.findall(r"^- \[(\w+)\]\(#\w+\)$\n((?:  - .*\n)+)", listed, re.MULTILINE)
    found = [
        (family, name) for family, lines in families for name in re.findall(r"^  - \[`(.*?)`\]", lines, re.MULTILINE)
    ]
    assert found == [(name.partition(".")[0], name) for name in BY_ID]


@BOTH
def test_every_event_is_explained(language: Language) -> None:
    events = PAGES[language].split(f"\n## {word('events', language)}\n")[1]
    assert re.findall("^- `(.*?)`", events, re.MULTILINE) == [entry.code for entry in catalogue.ENTRIES]
    notices = re.findall(rf"^- `(.*?)`{re.escape(word('notice', language))}", events, re.MULTILINE)
    assert notices == [entry.code for entry in catalogue.ENTRIES if not entry.callback]


@BOTH
def test_a_page_can_be_read_on_a_phone(language: Language) -> None:
    assert {line.count("|") for line in re.findall(r"^\|.*$", PAGES[language], re.MULTILINE)} == {5}
    code = re.findall(r"```\w+\n(.*?)```", PAGES[language], re.DOTALL)
    assert max(len(line) for block in code for line in block.splitlines()) <= 90


def test_the_chinese_page_is_chinese() -> None:
    text = re.sub(r"```.*?```|^\[English\][^\n]*", "", PAGES[Language.ZH], flags=re.DOTALL | re.MULTILINE)
    lines = (re.sub(r"\]\(.*?\)|^#+ |^[-> |]+|\\", " ", line) for line in text.splitlines())
    prose = [line for line in lines if CHINESE.search(line) or re.search("[a-z] [a-z]", re.sub("`.*?`", "", line))]
    assert len(prose) > len(BY_ID)
    assert [line for line in prose if not is_chinese(line)] == []


@pytest.mark.parametrize(
    "hits", ["{dataRowSize: 1} with {max: 1}", "{dataRowSize: 2} with {max: 0}", "{} with {max: 1}"]
)
def test_an_example_that_does_not_hit_where_the_other_passes_is_not_shown(hits: str) -> None:
    def judge(event: Event[Any], settings: Maximum) -> Iterator[Finding]:
        yield from BY_ID["download.rows"].judge(event, settings)

    judge.__doc__ = f"Rows.\n\nPasses: {{dataRowSize: 1}} with {{max: 1}}\nHits: {hits}\n"
    check = msgspec.structs.replace(BY_ID["download.rows"], judge=judge)
    with pytest.raises(LookupError, match=r"^download\.rows: of download-resources, Passes and Hits do not do so"):
        examples.example(check, Language.EN, "passes", "hits")
