"""The pages in a real browser: a blocked user's way to the reason, an administrator's through the list, and axe.

Debian's Chromium does it, on loopback. Where it is not installed this is skipped, or an error with REQUIRE_ALL set.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it publishes no types
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from extension import links
from extension.pages.site import PAGE
from extension.records import Record
from extension.verdict import Result
from tests.pages.given import KEY, NOW, TOKEN, Kept, judged, many
from tests.pages.served import ask, serving, site
from tests.pages.test_verdicts import hostile

CHROMIUM = Path("/usr/bin/chromium")
PHONE, DESK = ViewportSize(width=375, height=800), ViewportSize(width=1280, height=900)
VERDICTS, WARNED = 10_000, 40
"""How many verdicts there are, and of how many one is a warning."""


def require(program: Path) -> None:
    """Skip what needs a program that is not installed; where all must be, that is an error."""
    if not program.exists():
        if os.environ.get("REQUIRE_ALL"):
            raise FileNotFoundError(f"{program}: not installed, and REQUIRE_ALL is set")
        pytest.skip(f"{program} is not installed: make packages")


def test_a_missing_browser_is_skipped_or_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="is not installed: make packages"):
        require(tmp_path / "chromium")
    monkeypatch.setenv("REQUIRE_ALL", "1")
    with pytest.raises(FileNotFoundError, match="REQUIRE_ALL is set"):
        require(tmp_path / "chromium")


class Served(NamedTuple):
    """A site on loopback, and the paths of links to verdicts of it."""

    base: str
    blocked: str
    plain: str
    hostile: str
    expired: str
    forged: str


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """Ten thousand verdicts and a few that are looked at closely."""
    blocked = judged()
    others = [
        msgspec.structs.replace(record, result=Result.FAIL if number % WARNED else Result.WARN)
        for number, record in enumerate(many(VERDICTS - 4, blocked))
    ]
    before = judged(at=NOW - timedelta(hours=1))
    plain = judged(at=NOW - timedelta(hours=2), outline="", thread="", message_id="m-0")
    odd = msgspec.structs.replace(
        hostile("<script>alert(1)</script>\"'><img src=x onerror=alert(1)>" + "x" * 10_000),
        id=f"{NOW - timedelta(hours=3):%Y%m%dT%H%M%S%f}-0123456789ab",
        thread="",
    )

    def link(record: Record, hours: float = 24) -> str:
        return links.path(KEY, record.id, NOW + timedelta(hours=hours))

    with serving(site(store=Kept([blocked, before, plain, odd, *others]))) as base:
        yield Served(
            base=base,
            blocked=link(blocked),
            plain=link(plain),
            hostile=link(odd),
            expired=link(blocked, -1),
            forged=link(blocked) + "x",
        )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all."""
    require(CHROMIUM)
    with sync_playwright() as playwright:
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=root)
        yield browser
        browser.close()


class Reader:
    """A browser window, and all that went wrong in it or left for elsewhere."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.page: Page = context.new_page()
        self.base = base
        self.wrong: list[str] = []
        self.page.on("console", lambda message: self.wrong.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self._asks(request.url))
        self.page.on("requestfailed", lambda request: self.wrong.append(f"failed: {request.url}"))
        self.page.on("dialog", lambda dialog: self.wrong.append(f"dialog: {dialog.message}"))

    def _asks(self, url: str) -> None:
        if not url.startswith(f"{self.base}/"):
            self.wrong.append(f"elsewhere: {url}")

    def open(self, path: str) -> Page:
        """Go to a page."""
        self.page.goto(f"{self.base}{path}")
        return self.page

    @property
    def faults(self) -> list[str]:
        """What went wrong, but for the status of pages that are meant to have it."""
        return [each for each in self.wrong if "the server responded with a status of 4" not in each]

    def overflow(self) -> int:
        """By how much the page is wider than the window."""
        wide: int = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return wide


@pytest.fixture(params=["en-US", "zh-CN"])
def locale(request: pytest.FixtureRequest) -> str:
    """The language of a browser."""
    return str(request.param)


@pytest.fixture
def reader(browser: Browser, served: Served, locale: str) -> Iterator[Reader]:
    """A reader with a phone and without JavaScript."""
    context = browser.new_context(locale=locale, viewport=PHONE, java_script_enabled=False)
    yield Reader(context, served.base)
    context.close()


@pytest.fixture
def administrator(browser: Browser, served: Served, locale: str) -> Iterator[Reader]:
    """A reader at a desk who has logged in with the form."""
    context = browser.new_context(locale=locale, viewport=DESK, java_script_enabled=False)
    reader = Reader(context, served.base)
    page = reader.open("/verdicts")
    page.get_by_label("Token" if locale == "en-US" else "令牌").fill(TOKEN)
    page.locator("main button").click()
    yield reader
    context.close()


def test_a_blocked_user_finds_the_reason_and_the_rules(reader: Reader, served: Served, locale: str) -> None:
    english = locale == "en-US"
    page = reader.open(served.blocked)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "This operation was blocked by the rules below." if english else "本次操作被以下规则拦截。"
    )
    expect(page.locator("html")).to_have_attribute("lang", "en" if english else "zh-CN")
    first = page.locator(".finding").first
    expect(first).to_contain_text("123,456 rows" if english else "共 123,456 行")
    expect(first).to_contain_text("data-governance")
    expect(first.get_by_role("link")).to_have_attribute("href", "https://example.com/rules/bulk-download")
    expect(page.locator("mark")).to_have_count(3)
    folded = page.locator("details .finding")
    expect(folded).not_to_be_visible()
    page.locator("summary").click()
    expect(folded).to_be_visible()
    assert reader.overflow() <= 0
    page.locator(".history a").click()
    expect(page.locator(".verdict time").first).to_contain_text("15:30:15")
    page.get_by_role("link", name="All rules" if english else "全部规则").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What is checked" if english else "检查规则说明")
    expect(page.locator(".finding")).to_have_count(4)
    assert reader.overflow() <= 0
    assert reader.faults == []


def test_a_reader_can_take_the_other_language_and_keeps_it(reader: Reader, served: Served, locale: str) -> None:
    page = reader.open(served.blocked)
    page.get_by_role("link", name="中文" if locale == "en-US" else "English").click()
    other = "zh-CN" if locale == "en-US" else "en"
    expect(page.locator("html")).to_have_attribute("lang", other)
    page.locator(".history a").click()
    expect(page.locator("html")).to_have_attribute("lang", other)
    page.locator(".brand").click()
    expect(page.locator("html")).to_have_attribute("lang", other)


def test_links_that_do_not_hold_say_what_to_do(reader: Reader, served: Served, locale: str) -> None:
    english = locale == "en-US"
    page = reader.open(served.expired)
    expect(page.locator("main")).to_contain_text("press Recheck" if english else "重新检查")
    page = reader.open(served.forged)
    expect(page.locator("main")).to_contain_text("copy the whole link" if english else "请复制完整链接")
    assert reader.faults == []


def test_what_strangers_wrote_is_shown_and_does_nothing(browser: Browser, served: Served) -> None:
    context = browser.new_context(viewport=PHONE)
    reader = Reader(context, served.base)
    page = reader.open(served.hostile)
    expect(page.locator("main")).to_contain_text("‹script›alert(1)‹/script›")
    assert reader.overflow() <= 0
    page.set_viewport_size(DESK)
    assert reader.overflow() <= 0
    assert reader.faults == []
    context.close()


def test_an_administrator_finds_verdicts_among_ten_thousand(administrator: Reader, locale: str) -> None:
    english = locale == "en-US"
    page, rows = administrator.page, administrator.page.locator("tbody tr")
    expect(rows).to_have_count(PAGE)
    page.locator("#f-result").select_option("WARN")
    page.locator("#f-first").fill("2026-11-27")
    with page.expect_navigation():
        page.get_by_role("button", name="Show" if english else "查询").click()
    found = rows.count()
    while (older := page.locator("a[rel=next]")).count():
        with page.expect_navigation():
            older.click()
        found += rows.count()
    assert found == len(range(0, VERDICTS - 4, WARNED))
    expect(page.locator("#f-result")).to_have_value("WARN")
    page.get_by_role("link", name="← Newest" if english else "← 最新").click()
    expect(rows).to_have_count(PAGE)
    rows.first.get_by_role("link").click()
    expect(page.locator(".verdict .badge")).to_contain_text("Warning" if english else "警告")
    page.go_back()
    page.locator("#f-rule").fill("no-such-rule")
    page.get_by_role("button", name="Show" if english else "查询").click()
    expect(page.locator("main")).to_contain_text("No verdict is like that." if english else "没有符合条件的检查记录。")
    page.get_by_role("button", name="Log out" if english else "退出登录").click()
    expect(page.get_by_role("button")).to_have_count(0)
    administrator.open("/verdicts")
    expect(page.locator("#token")).to_be_visible()
    assert administrator.faults == []


def test_the_list_of_ten_thousand_has_an_end(served: Served) -> None:
    path, found = "/verdicts?first=2026-11-27", 0
    while path:
        text = ask(served.base, path, authorization=f"Bearer {TOKEN}").text
        found += text.count('<td role="cell" class="when">')
        path = text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert found == VERDICTS


def test_a_wrong_token_is_said_and_a_table_becomes_cards_on_a_phone(reader: Reader, locale: str) -> None:
    page = reader.open("/login")
    for token, said in (("wrong", "This is not the token." if locale == "en-US" else "令牌不正确。"), (TOKEN, "")):
        page.locator("#token").fill(token)
        page.locator("main button").click()
        if said:
            expect(page.get_by_role("alert")).to_have_text(said)
    row = page.get_by_role("row").nth(1)
    expect(row.get_by_role("cell")).to_have_count(6)
    assert row.evaluate("row => getComputedStyle(row).display") == "block"
    assert reader.overflow() <= 0
    assert reader.faults == []


def test_on_paper_there_is_only_what_was_decided(reader: Reader, served: Served) -> None:
    page = reader.open(served.blocked)
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator("nav").first).not_to_be_visible()
    expect(page.locator(".finding").first).to_be_visible()
    assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == "rgb(255, 255, 255)"


def test_who_reads_with_the_keyboard_can_skip_the_menu(reader: Reader) -> None:
    page = reader.open("/policy")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_axe_finds_nothing_on_any_page_in_either_colour_and_nothing_is_cut_off(
    browser: Browser, served: Served, locale: str
) -> None:
    """Of the dark pages the contrast alone, for the rest does not depend on colours."""
    context = browser.new_context(locale=locale, viewport=PHONE)
    reader = Reader(context, served.base)
    public = ["/", "/policy", "/login", served.blocked, served.plain, served.hostile, served.expired, served.forged]
    private = [
        "/verdicts?message=m-7",
        "/verdicts?result=x&first=x&rule=" + "x" * 300,
        served.blocked,
    ]
    found: list[str] = []
    for path in (*public, "log in", *private):
        if path == "log in":
            reader.page.goto(f"{served.base}/login")
            reader.page.locator("#token").fill(TOKEN)
            reader.page.locator("main button").click()
            expect(reader.page.locator("tbody tr")).to_have_count(PAGE)
            continue
        page = reader.open(path)
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        found += _violations(page, f"{path} light")
        assert reader.overflow() <= 0
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size(DESK)
        found += _violations(page, f"{path} dark", "color-contrast")
        assert reader.overflow() <= 0
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(PHONE)
    context.close()
    assert found == []
    assert [fault for fault in reader.faults if "does not conform to the required format" not in fault] == []


def _violations(page: Page, where: str, *rules: str) -> list[str]:
    """What axe objects to, by all of its rules, or by some where it is in the page already."""
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if rules:
        only = {"runOnly": {"type": "rule", "values": [*rules]}}
        answer = page.evaluate("options => axe.run(document, options)", {**options, **only})
    else:
        answer = Axe().run(page, options=options).response
    return [f"{where}: {each['id']}: {each['nodes'][0]['html']}" for each in answer["violations"]]
