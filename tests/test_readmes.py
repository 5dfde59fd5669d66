"""README.md and README.zh-CN.md say the same: in each section headings, code, links, names and figures are in step."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from extension import storage
from extension.__main__ import main
from extension.storage import ROOT

ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")

TITLES = {
    "dataworks-extension": "dataworks-extension",
    "One event, one command, one verdict": "一个事件，一条命令，一个结论",
    "The policy by example": "策略示例",
    "Test a policy": "测试策略",
    "Deploy in five steps": "五步部署",
    "The self-managed service": "自建服务",
    "Environment": "环境变量",
    "What the platform documents, and what it does not": "哪些有官方文档依据，哪些没有",
    "The log": "日志",
    "Work on it": "参与开发",
}


def place(title: str) -> str:
    """What a link names a heading by, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


PAGES = {
    "README.zh-CN.md": "README.md",
    "docs/checks.md": "docs/checks.zh-CN.md",
    **{f"#{place(english)}": f"#{place(chinese)}" for english, chinese in TITLES.items()},
}
"""Pages and places that there are in both languages: what the English README links, and what the Chinese one does."""

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ .*$", re.MULTILINE)
CODE = re.compile(r"`[^`]+`")
LINK = re.compile(r"\]\(([^)]+)\)")
ENGLISH_TEXT = re.compile(r"[A-Za-z']+(?:[ ,:;-]+[A-Za-z']+){4,}")
HAN = re.compile(r"[\u4e00-\u9fff]")


def sections(page: str) -> list[tuple[str, str]]:
    """Headings, with their signs, and what stands below each. A # in code is none."""
    hidden = FENCE.sub(lambda fence: fence.group().replace("#", "\0"), page)
    _, *parts = re.split(r"^(?=#+ )", hidden, flags=re.MULTILINE)
    pairs = [part.partition("\n") for part in parts]
    return [(heading, below.replace("\0", "#")) for heading, _, below in pairs]


def bare(language: str, text: str) -> object:
    """What a block of code says, whatever the language of its reader: without comments and texts for users."""
    if language == "sh":
        return [line.partition(" #")[0].rstrip() for line in text.splitlines()]
    if language == "yaml":
        return bare_policy(yaml.safe_load(text))
    return text


def bare_policy(value: object) -> object:
    """A part of a policy without texts for users, and without its language."""
    if isinstance(value, dict):
        return {key: bare_policy(inner) for key, inner in value.items() if key not in ("language", "message", "reason")}
    return [bare_policy(inner) for inner in value] if isinstance(value, list) else value


def rows(text: str) -> list[tuple[str, int]]:
    """First cell and number of cells of the rows of tables, heads left out."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    rules = {place for place, row in enumerate(cells) if set("".join(row)) == {"-"}}
    heads = {place - 1 for place in rules}
    return [(row[0], len(row)) for place, row in enumerate(cells) if place not in rules | heads]


def translated(text: str) -> str:
    """The English text with the links of the Chinese one."""
    pages = re.compile("|".join(re.escape(f"]({page})") for page in PAGES))
    text = pages.sub(lambda link: f"]({PAGES[link.group()[2:-1]]})", text)
    return text.replace("[docs/checks.md]", "[docs/checks.zh-CN.md]")


def said(text: str) -> dict[str, object]:
    """What has to be the same in a section of both: by what it is called in a report of drift."""
    prose = FENCE.sub("", text)
    plain = CODE.sub("", LINK.sub("]", prose))
    return {
        "code": [(fence[1], bare(fence[1], fence[2])) for fence in FENCE.finditer(text)],
        "names": Counter(re.sub(r"\s+", " ", code) for code in CODE.findall(prose)),
        "links": Counter(LINK.findall(prose)),
        "rows": rows(prose),
        "lists": re.findall(r"^ *(-|\d+\.) ", prose, re.MULTILINE),
        "figures": Counter(re.findall(r"\d[\d.,]*\d|\d", re.sub(r"^ *\d+\. ", "", plain, flags=re.MULTILINE))),
    }


def drift(english: str, chinese: str) -> list[str]:
    """Where the two differ: the heading, and in what."""
    ours, theirs = sections(english), sections(chinese)
    titles = [heading for heading, _ in ours]
    found = [f"{title} has no translation in TITLES" for title in titles if title.lstrip("# ") not in TITLES]
    wanted = [re.sub(r"(?<=# ).*", lambda title: TITLES.get(title[0], title[0]), title) for title in titles]
    if wanted != [heading for heading, _ in theirs]:
        return [*found, f"headings: {wanted} are not {[heading for heading, _ in theirs]}"]
    for (heading, text), (_, translation) in zip(ours, theirs, strict=True):
        there = said(translation)
        found += [f"{heading}: {kind}" for kind, what in said(translated(text)).items() if what != there[kind]]
    return found


def paragraphs(page: str) -> Iterator[str]:
    """What is read as text: paragraphs, items of lists and cells of tables, without names in code and addresses."""
    for line in HEADING.sub("", FENCE.sub("", page)).splitlines():
        yield from (LINK.sub("]", CODE.sub("", cell)).strip() for cell in line.split("|"))


def left_in_english(page: str) -> list[str]:
    """Text that was not translated: five words in a row, or a comment without a Chinese word."""
    comments = [line.partition("# ")[2] for fence in FENCE.finditer(page) for line in fence[2].splitlines()]
    return [text for text in paragraphs(page) if ENGLISH_TEXT.search(text)] + [
        comment for comment in comments if comment and not HAN.search(comment)
    ]


def test_the_two_are_in_step() -> None:
    assert drift(ENGLISH, CHINESE) == []


def test_nothing_is_left_in_english() -> None:
    assert left_in_english(CHINESE) == []
    assert left_in_english(ENGLISH)


def test_every_title_that_is_translated_is_there() -> None:
    assert [heading.lstrip("# ") for heading, _ in sections(ENGLISH)] == list(TITLES)


@pytest.mark.parametrize(
    ("pattern", "instead", "named"),
    [
        (r"## 日志\n", "## 更多\n\n## 日志\n", "headings: "),
        (r"## 日志\n", "### 日志\n", "headings: "),
        (r"(?s)(## 日志\n.*)(## 参与开发\n.*)", r"\2\n\1", "headings: "),
        (r"\nmake test ", r"\nmake check ", "# dataworks-extension: code"),
        (r"python -m extension.service\n", "", "## The self-managed service: code"),
        (r"{max: 100000}", "{max: 10000}", "## The policy by example: code"),
        (r"14 passed", "15 passed", "## Test a policy: code"),
        (r"`s extension deploy`", "`s deploy`", "## Deploy in five steps: names"),
        (r"\]\(docs/emergency.md\)", "](docs/service.md)", "## Deploy in five steps: links"),
        (r"\]\(docs/checks.zh-CN.md\)", "](docs/checks.md)", "## The policy by example: links"),
        (r"\| `EXTENSION_FC` .*\n", "", "## Environment: rows"),
        (r"(\| `EVENTBRIDGE_TOKEN` .*) \| \|\n", r"\1 |\n", "## Environment: rows"),
        (r"- \*\*故障", "**故障", "## What the platform documents, and what it does not: lists"),
        (r"20,000", "10,000", "## Work on it: figures"),
        (r"3\.13", "3.14", "# dataworks-extension: figures"),
    ],
)
def test_drift_is_found(pattern: str, instead: str, named: str) -> None:
    changed = re.sub(pattern, instead, CHINESE, count=1)
    assert changed != CHINESE
    assert [line for line in drift(ENGLISH, changed) if line.startswith(named)]


def test_a_section_that_only_the_english_one_has_is_found() -> None:
    found = drift(ENGLISH.replace("\n## The log\n", "\n## Questions\n\n## The log\n"), CHINESE)
    assert found[0] == "## Questions has no translation in TITLES"
    assert found[1].startswith("headings: ")


@pytest.mark.parametrize(
    "text",
    [
        "\nThis paragraph was added and not translated.\n",
        "\n- 还有一项：see what the policy says about it\n",
        "\n| `X` | where the service of the company listens | |\n",
        "\n```sh\nmake run    # sets up\n```\n",
    ],
)
def test_english_that_is_left_is_found(text: str) -> None:
    assert len(left_in_english(CHINESE + text)) == 1


def test_words_for_the_reader_may_differ() -> None:
    """Comments, and what the policy says to users."""
    changed = CHINESE.replace("# 准备 .venv，运行测试", "# 测试").replace("reason: 季度审计", "reason: 审计")
    assert changed != CHINESE
    assert drift(ENGLISH, changed) == []


def test_the_policy_that_is_shown_in_chinese_is_valid(tmp_path: Path) -> None:
    (policy,) = [fence[2] for fence in FENCE.finditer(CHINESE) if fence[1] == "yaml"]
    (tmp_path / "policy.yaml").write_text(policy, encoding="utf-8")
    assert storage.load(tmp_path / "policy.yaml").rules


@pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_the_chinese_text_that_is_shown_is_what_the_user_reads(page: str, tmp_path: Path) -> None:
    policy = (ROOT / "policy.yaml").read_text(encoding="utf-8").replace("language: en", "language: zh")
    (tmp_path / "policy.yaml").write_text(policy, encoding="utf-8")
    event = str(ROOT / "events/download-resources-execute.json")
    shown = CliRunner().invoke(main, ["invoke", event, "--policy", str(tmp_path / "policy.yaml"), "--json"])
    (text,) = re.findall("“(本次下载.*?)”", page, re.DOTALL)
    assert re.sub(r"\s+", " ", text) in shown.output


@pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_places_that_are_linked_are_there(page: str) -> None:
    links = re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page)
    assert links
    for file, linked in links:
        text = (ROOT / file).read_text(encoding="utf-8") if file else page
        assert linked in {place(title.lstrip("# ")) for title, _ in sections(text)}, f"{file}#{linked}"
