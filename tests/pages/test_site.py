"""Who may see which page, over HTTP: by a link, by the token, or without either."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote, urlencode

import msgspec
import pytest

from extension import links, pages, policy
from extension.pages.site import HISTORY, HISTORY_DAYS, PAGE
from extension.verdict import Result
from tests.pages.given import KEY, NOW, RULES, TOKEN, Failing, Hanging, Kept, Page, judged, many
from tests.pages.served import Answer, ask, serving, site

RECORD = judged()
OLDER = [*many(120, RECORD)]
FORM = {"content_type": "application/x-www-form-urlencoded"}


def link(identity: str = RECORD.id, seconds: float = 3600) -> str:
    """A link that works for some seconds."""
    return links.path(KEY, identity, NOW + timedelta(seconds=seconds))


@pytest.fixture(scope="module")
def store() -> Kept:
    """A store with a verdict that has been looked for before, and many others."""
    again = msgspec.structs.replace(OLDER[0], thread=RECORD.thread)
    same = msgspec.structs.replace(OLDER[1], message_id=RECORD.message_id, result=Result.OK)
    return Kept([RECORD, again, same, *OLDER[2:]])


@pytest.fixture(scope="module")
def base(store: Kept) -> Iterator[str]:
    """A site with everything."""
    with serving(site(store=store)) as address:
        yield address


@pytest.fixture(scope="module")
def cookie(base: str) -> str:
    """The cookie of an administrator."""
    return ask(base, "/login", "POST", urlencode({"token": TOKEN}), **FORM).headers["set-cookie"].partition(";")[0]


def test_a_link_opens_its_verdict(base: str) -> None:
    answer = ask(base, link())
    assert answer.status == 200
    assert "This operation was blocked by the rules below." in answer.text
    assert "All verdicts" not in answer.text


def test_other_checks_of_the_operation_are_linked_with_the_same_expiry(base: str) -> None:
    found = [each for each in Page(ask(base, link()).text).links if each.startswith("/verdicts/")][1:]
    assert found == [link(OLDER[0].id), link(OLDER[1].id)]
    assert [ask(base, each).status for each in found] == [200, 200]


def test_at_most_twenty_other_checks_are_listed() -> None:
    shared = [{"thread": RECORD.thread}, {"message_id": RECORD.message_id}]
    alike = [msgspec.structs.replace(each, **shared[number % 2]) for number, each in enumerate(OLDER)]
    with serving(site(store=Kept([RECORD, *alike]))) as base:
        found = [each for each in Page(ask(base, link()).text).links if each.startswith("/verdicts/")][1:]
    assert found == [link(each.id) for each in OLDER[:HISTORY]]


def test_other_checks_are_those_of_the_days_around() -> None:
    """So that a page does not wait for all that was ever recorded to be read."""
    days = [-HISTORY_DAYS - timedelta(days=1), -HISTORY_DAYS, HISTORY_DAYS, HISTORY_DAYS + timedelta(days=1)]
    moments = [RECORD.at + difference for difference in days]
    several = [judged(at=moment) for moment in moments]
    same = [msgspec.structs.replace(each, thread=RECORD.thread, message_id="") for each in several]
    with serving(site(store=Kept([RECORD, *same]))) as base:
        found = [each for each in Page(ask(base, link()).text).links if each.startswith("/verdicts/")][1:]
    assert found == [link(same[2].id), link(same[1].id)]


def test_verdicts_without_a_thread_or_a_message_are_not_each_others_checks() -> None:
    bare = [msgspec.structs.replace(each, thread="", message_id="") for each in (RECORD, *OLDER)]
    with serving(site(store=Kept(bare))) as base:
        assert "There are none." in ask(base, link()).text


def test_an_expired_link_is_gone_and_says_what_to_do(base: str, store: Kept) -> None:
    store.asked.clear()
    answer = ask(base, link(seconds=0))
    assert answer.status == 410
    assert "press Recheck" in answer.text
    assert RECORD.id in Page(answer.text).text
    assert store.asked == []


def test_a_forged_link_and_one_of_no_verdict_get_the_same_page(base: str, store: Kept) -> None:
    unknown = RECORD.id[:-1] + ("0" if RECORD.id[-1] != "0" else "1")
    store.asked.clear()
    forged = ask(base, link().replace("sign=", "sign=x"))
    assert store.asked == []
    absent = ask(base, link(unknown))
    assert store.asked == [unknown]
    assert forged.status == absent.status == 404
    without = [re.sub(r'href="[^"]*verdicts[^"]*"', "", answer.text) for answer in (forged, absent)]
    assert without[0] == without[1]
    assert {**forged.headers, "date": "", "content-length": ""} == {**absent.headers, "date": "", "content-length": ""}


@pytest.mark.parametrize(
    "path",
    [
        f"/verdicts/{RECORD.id}",
        f"/verdicts/{RECORD.id}?until=&sign=",
        f"/verdicts/{RECORD.id}?sign=x",
        "/verdicts/..%2f..%2fetc?until=1&sign=x",
        "/verdicts/%00%ff?until=1&sign=x",
        "/verdicts/<script>",
        f"/verdicts/{'1' * 5000}",
        "/nope",
        "/extension/pages/base.html.jinja",
        "//evil.example/",
    ],
)
def test_what_is_no_page_is_not_found(base: str, path: str) -> None:
    answer = ask(base, path)
    assert answer.status == 404
    assert "There is no such page" in answer.text
    assert "evil" not in answer.text


def test_without_a_key_no_link_opens_anything(store: Kept) -> None:
    with serving(site(store=store, link_key="")) as base:
        assert ask(base, links.path("", RECORD.id, NOW + timedelta(hours=1))).status == 404
        assert ask(base, f"/verdicts/{RECORD.id}", authorization=f"Bearer {TOKEN}").status == 200


def test_without_a_store_there_are_no_verdicts() -> None:
    with serving(site(store=None)) as base:
        assert ask(base, link()).status == 404
        assert ask(base, "/verdicts", authorization=f"Bearer {TOKEN}").status == 404
        assert ask(base, "/policy").status == 200


def test_without_a_token_there_is_no_list(store: Kept) -> None:
    with serving(site(store=store, admin_token="")) as base:
        assert ask(base, "/verdicts", authorization="Bearer ").status == 404
        assert ask(base, "/verdicts", cookie="session=9999999999.x").status == 404
        assert [ask(base, path, "POST", "token=", **FORM).status for path in ("/login", "/logout")] == [404, 404]
        assert ask(base, "/login").status == 404
        assert ask(base, f"/verdicts/{RECORD.id}", authorization="Bearer ").status == 404
        assert ask(base, link()).status == 200


def test_the_list_asks_who_does_not_say_who_he_is(base: str) -> None:
    answer = ask(base, "/verdicts")
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "Log in" in answer.text
    assert RECORD.id not in answer.text
    assert ask(base, "/login").status == 200


def test_the_token_itself_opens_the_list(base: str) -> None:
    for given in (f"Bearer {TOKEN}", f"bearer  {TOKEN}"):
        assert ask(base, "/verdicts", authorization=given).status == 200
    for given in ("Bearer", "Bearer x", f"Basic {TOKEN}", TOKEN):
        assert ask(base, "/verdicts", authorization=given).status == 401


def test_a_login_gives_a_cookie_that_scripts_and_other_sites_do_not_get(base: str) -> None:
    answer = ask(base, "/login?lang=zh", "POST", urlencode({"token": TOKEN}), **FORM)
    assert answer.status == 303
    assert answer.headers["location"] == "/verdicts?lang=zh"
    said = answer.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"} <= {*said}
    assert "Secure" not in said
    assert TOKEN not in answer.headers["set-cookie"]
    assert ask(base, "/verdicts", cookie=said[0]).status == 200


def test_behind_https_the_cookie_is_for_that_alone_and_the_prefix_is_kept(store: Kept) -> None:
    with serving(site(store=store, base="https://rules.example.com/ext/")) as base:
        answer = ask(base, "/login", "POST", urlencode({"token": TOKEN}), **FORM)
        assert answer.headers["location"] == "/ext/verdicts"
        assert answer.headers["set-cookie"].startswith("__Host-session=")
        assert "Secure" in answer.headers["set-cookie"].split("; ")
        text = ask(base, "/verdicts", cookie=answer.headers["set-cookie"].partition(";")[0]).text
        assert not [each for each in Page(text).links if not each.startswith(("/ext/", "#"))]


def test_a_cookie_is_good_for_twelve_hours(store: Kept) -> None:
    moment = NOW
    with serving(site(store=store, now=lambda: moment)) as base:
        cookie = (
            ask(base, "/login", "POST", urlencode({"token": TOKEN}), **FORM).headers["set-cookie"].partition(";")[0]
        )
        moment = NOW + timedelta(hours=12, seconds=-16)
        assert ask(base, "/verdicts", cookie=cookie).status == 200
        moment = NOW + timedelta(hours=12)
        assert ask(base, "/verdicts", cookie=cookie).status == 401
        assert ask(base, "/verdicts", cookie=cookie, authorization=f"Bearer {TOKEN}").status == 200


def test_a_cookie_of_another_token_or_time_is_none(base: str, cookie: str, store: Kept) -> None:
    name, _, value = cookie.partition("=")
    until, _, signature = value.partition(".")
    for wrong in (f"{int(until) + 1}.{signature}", f"0{until}.{signature}", f"{until}.{signature}x", until, ".", "١.x"):
        assert ask(base, "/verdicts", cookie=f"{name}={quote(wrong)}").status == 401
    with serving(site(store=store, admin_token=TOKEN[::-1])) as other:
        assert ask(other, "/verdicts", cookie=cookie).status == 401


def test_logging_out_takes_the_cookie_away(base: str, cookie: str) -> None:
    answer = ask(base, "/logout?lang=en", "POST", cookie=cookie)
    assert answer.status == 303
    assert answer.headers["location"] == "/?lang=en"
    assert "Max-Age=0" in answer.headers["set-cookie"]


def test_a_form_of_another_site_is_refused(base: str) -> None:
    for path in ("/login", "/logout"):
        answer = ask(base, path, "POST", urlencode({"token": TOKEN}), **FORM, sec_fetch_site="cross-site")
        assert answer.status == 403
        assert "set-cookie" not in answer.headers
        assert ask(base, path, "POST", urlencode({"token": TOKEN}), **FORM, sec_fetch_site="same-origin").status == 303


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("token=" + "x" * 4096, FORM["content_type"]),
        (f"token={TOKEN}", "application/json"),
        (f"token={TOKEN}", ""),
        ("&".join(["a=1"] * 11), FORM["content_type"]),
    ],
)
def test_what_is_no_login_form_or_too_long_is_refused(base: str, body: str, kind: str) -> None:
    answer = ask(base, "/login", "POST", body, content_type=kind)
    assert answer.status == 400
    assert "The form could not be read." in answer.text


def test_bytes_that_are_no_text_are_no_token(base: str) -> None:
    assert ask(base, "/login", "POST", "token=%ff%00\u202e", **FORM).status == 401
    assert ask(base, "/login", "POST", "", **FORM).status == 401


def test_who_hangs_up_in_the_middle_of_a_form_is_not_answered(base: str) -> None:
    host, port = base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n")
        connection.sendall(b"content-length: 100\r\n\r\ntoken=")
        time.sleep(0.05)
    assert ask(base, "/").status == 200


def test_a_wrong_token_waits_and_after_twenty_a_minute_none_is_looked_at(store: Kept) -> None:
    moment = NOW
    right, wrong = (urlencode({"token": token}) for token in (TOKEN, "x" * 40))
    with serving(site(store=store, now=lambda: moment, failure_delay_s=0.03)) as base:
        begin = time.monotonic()
        assert ask(base, "/login", "POST", wrong, **FORM).status == 401
        assert time.monotonic() - begin >= 0.03
        for _ in range(19):
            ask(base, "/verdicts", authorization="Bearer x")
        busy = ask(base, "/login", "POST", right, **FORM)
        assert busy.status == 429
        assert busy.headers["retry-after"] == "60"
        assert "Too many wrong tokens" in busy.text
        assert ask(base, "/verdicts", authorization=f"Bearer {TOKEN}").status == 401
        moment = NOW + timedelta(seconds=60)
        assert ask(base, "/login", "POST", right, **FORM).status == 303


def test_a_login_lasts_while_others_guess(base: str, cookie: str) -> None:
    for _ in range(25):
        ask(base, "/verdicts", authorization="Bearer x")
    assert ask(base, "/verdicts", cookie=cookie).status == 200


def rows(answer: Answer) -> list[str]:
    """Addresses of the verdicts of a list."""
    return [each for each in Page(answer.text).links if re.match("/verdicts/2", each)]


def next_page(answer: Answer) -> str:
    """Address of the next page, empty for none."""
    return next((each["href"] for _, each in Page(answer.text).elements if each.get("rel") == "next"), "")


def test_the_list_goes_page_by_page_from_the_newest_to_the_end(base: str, cookie: str, store: Kept) -> None:
    answer = ask(base, "/verdicts", cookie=cookie)
    found = rows(answer)
    while older := next_page(answer):
        answer = ask(base, older, cookie=cookie)
        found += rows(answer)
    assert found == [f"/verdicts/{identity}" for identity in store.kept]
    assert len(found) > 2 * PAGE
    assert "Newest" in answer.text
    assert "Newest" not in ask(base, "/verdicts", cookie=cookie).text


def test_a_row_leads_to_its_verdict_without_a_signature(base: str, cookie: str) -> None:
    answer = ask(base, f"/verdicts/{RECORD.id}", cookie=cookie)
    assert answer.status == 200
    assert "For administrators" in answer.text
    assert f"/verdicts/{OLDER[0].id}" in Page(answer.text).links
    assert "sign=" not in answer.text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("result=OK", 1),
        ("result=WARN", 0),
        (f"message={RECORD.message_id}", 2),
        ("message=m-7", 1),
        ("message=%20m-7%20", 1),
        (
            "code=download-resources&rule=hr&workspace=90214&operator=123936573482016&first=2026-11-27&last=2026-11-27",
            50,
        ),
        ("code=commit-file", 0),
        ("rule=names", 0),
        ("first=2026-11-28", 0),
        ("last=2026-11-26", 0),
        ("nothing=known", 50),
    ],
)
def test_a_filter_leaves_what_fits(base: str, cookie: str, query: str, count: int) -> None:
    answer = ask(base, f"/verdicts?{query}", cookie=cookie)
    assert answer.status == 200
    assert len(rows(answer)) == count
    assert ("No verdict is like that." in answer.text) is (count == 0)


def test_a_filter_and_the_language_go_with_the_pages(base: str, cookie: str) -> None:
    answer = ask(base, "/verdicts?lang=zh&rule=hr&first=2026-11-27", cookie=cookie)
    found, older = Page(answer.text), next_page(answer)
    assert re.fullmatch(r"/verdicts\?rule=hr&first=2026-11-27&before=[^&]+&lang=zh", older)
    assert ("input", {"type": "hidden", "name": "lang", "value": "zh"}) in found.elements
    assert ("option", {"value": "download-resources"}) in found.elements
    back = Page(ask(base, older, cookie=cookie).text)
    assert "/verdicts?rule=hr&first=2026-11-27&lang=zh" in back.links
    assert f"{older.removesuffix('&lang=zh')}&lang=en" in back.links


@pytest.mark.parametrize(
    ("query", "said", "field"),
    [
        ("result=ok", "Choose one of the list.", "result"),
        ("code=x", "Choose one of the list.", "code"),
        ("rule=" + "x" * 201, "At most 200 characters, on one line.", "rule"),
        ("workspace=%0a%00", "At most 200 characters, on one line.", "workspace"),
        ("operator=%E2%80%AE1", "At most 200 characters, on one line.", "operator"),
        ("message=" + "x" * 201, "At most 200 characters, on one line.", "message"),
        ("first=2026-13-01", "Write a day such as 2026-11-27.", "first"),
        ("first=20261127", "Write a day such as 2026-11-27.", "first"),
        ("last=%D9%A2026-11-27", "Write a day such as 2026-11-27.", "last"),
        ("first=2026-11-27&last=2026-11-26", "The last day is before the first.", "last"),
    ],
)
def test_a_filter_that_cannot_be_is_said_at_its_field(
    base: str, cookie: str, query: str, said: str, field: str
) -> None:
    answer = ask(base, f"/verdicts?{query.replace('%00', '%01x')}", cookie=cookie)
    found = Page(answer.text)
    assert answer.status == 400
    wrong = [attributes for _, attributes in found.elements if "aria-invalid" in attributes]
    assert [each["name"] for each in wrong] == [field]
    assert wrong[0]["aria-describedby"] == f"w-{field}"
    assert said in found.words
    assert rows(answer) == []


def test_a_broken_cursor_is_said(base: str, cookie: str) -> None:
    answer = ask(base, "/verdicts?before=1", cookie=cookie)
    assert answer.status == 400
    assert "The link to this page is broken." in answer.text
    assert "aria-invalid" not in answer.text


def test_a_store_that_fails_is_not_shown_and_the_rest_goes_on() -> None:
    with serving(site(store=Failing([RECORD]))) as base:
        answer = ask(base, link())
        assert answer.status == 503
        assert "The records cannot be read now" in answer.text
        assert "no connection" not in answer.text
        assert ask(base, "/policy").status == 200


def test_a_store_that_hangs_keeps_nobody_waiting_for_long() -> None:
    store = Hanging()
    with serving(site(store=store, store_limit_s=0.05)) as base:
        try:
            begin = time.monotonic()
            assert [ask(base, link()).status for _ in range(6)] == [503] * 6
            assert time.monotonic() - begin < 5
            assert sum(thread.name.startswith("pages") for thread in threading.enumerate()) <= 12
            assert ask(base, "/").status == 200
        finally:
            store.let_go.set()


SECURE = {
    "content-security-policy": pages.POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex",
}


@pytest.mark.parametrize(
    ("path", "method", "status", "cache"),
    [
        ("/", "GET", 200, "no-store"),
        ("/", "HEAD", 200, "no-store"),
        ("/policy", "GET", 200, "no-cache"),
        ("/verdicts", "GET", 401, "no-store"),
        (link(), "GET", 200, "no-store"),
        (link(seconds=-1), "GET", 410, "no-store"),
        ("/nope", "GET", 404, "no-store"),
        ("/raise", "GET", 500, "no-store"),
        ("/", "POST", 405, "no-store"),
        ("/verdicts", "DELETE", 405, "no-store"),
        ("/logout", "GET", 405, "no-store"),
        ("/logout", "POST", 303, "no-store"),
        ("/style.css", "GET", 200, "no-cache"),
        (f"/style.css?v={pages.STYLE}", "GET", 200, "public, max-age=31536000, immutable"),
        ("/style.css?v=another", "GET", 200, "no-cache"),
    ],
)
def test_every_answer_keeps_a_browser_from_doing_anything_else_with_it(
    base: str, path: str, method: str, status: int, cache: str
) -> None:
    answer = ask(base, path, method)
    assert answer.status == status
    assert SECURE.items() <= answer.headers.items()
    assert answer.headers["cache-control"] == cache
    assert "server" not in answer.headers
    assert ("allow" in answer.headers) is (status == 405)


def test_an_error_of_ours_shows_nothing_of_it(base: str) -> None:
    answer = ask(base, "/raise")
    assert "Something went wrong" in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_the_pages_are_in_the_language_that_was_chosen_else_in_the_browsers_else_in_the_policys(base: str) -> None:
    def language(path: str, accepted: str = "") -> str:
        text = ask(base, path, accept_language=accepted).text
        return text.partition('<html lang="')[2].partition('"')[0]

    assert language("/") == "en"
    assert language("/", "zh-CN,zh;q=0.9") == "zh-CN"
    assert language("/nope", "zh-CN") == "zh-CN"
    assert language("/?lang=en", "zh-CN") == "en"
    assert language("/?lang=xx", "zh-CN") == "zh-CN"
    assert "Accept-Language" in ask(base, "/").headers["vary"]


def test_the_chosen_language_stays_in_links_and_the_asked_one_does_not(base: str) -> None:
    assert Page(ask(base, "/?lang=zh").text).links == [
        "#content",
        "/?lang=zh",
        "/policy?lang=zh",
        "/?lang=en",
        "/policy?lang=zh",
    ]
    assert Page(ask(base, "/", accept_language="zh").text).links == ["#content", "/", "/policy", "/?lang=en", "/policy"]


def test_the_address_of_the_switch_is_that_of_the_page(base: str) -> None:
    assert f"{link()}&lang=zh" in Page(ask(base, link()).text).links
    assert f"{link(seconds=-1)}&lang=zh" in Page(ask(base, link(seconds=-1)).text).links
    assert "/policy?lang=zh" in Page(ask(base, "/policy").text).links


def test_opening_pages_changes_nothing(base: str, cookie: str, store: Kept) -> None:
    before = dict(store.kept)
    for path in ("/", "/policy", "/verdicts", "/verdicts?result=OK", link(), f"/verdicts/{RECORD.id}"):
        ask(base, path, cookie=cookie)
    assert store.kept == before


def test_a_site_shows_no_secret_where_it_is_printed() -> None:
    given = site()
    assert repr(given) == "Site('http://rules.example.com')"
    assert KEY not in f"{given}"


def test_the_policy_in_force_at_that_moment_is_shown() -> None:
    in_force = policy.parse(RULES.encode(), "policy.yaml")
    with serving(site(policy=lambda: in_force)) as base:
        assert "Rule hr" in Page(ask(base, "/policy").text).words
        in_force = policy.parse(
            RULES.replace("id: hr", "id: staff").replace("language: en", "language: zh").encode(), "p"
        )
        assert "规则 staff" in Page(ask(base, "/policy").text).words
