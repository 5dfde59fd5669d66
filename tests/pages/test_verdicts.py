"""The page of a verdict says what was hit, what to do and whom to ask, whatever strangers have written into it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from extension import links
from extension.deliveries import Callback
from extension.pages import Frame, verdicts
from extension.records import Found, Record
from extension.verdict import Language, Mode, Result, Severity
from tests.pages.given import KEY, NOW, RULES, Page, judged, many

SHANGHAI, UTC_ZONE = ZoneInfo("Asia/Shanghai"), ZoneInfo("UTC")
ENGLISH = Frame(language=Language.EN, here="/verdicts/x")
CHINESE = Frame(language=Language.ZH, here="/verdicts/x")
RECORD = judged()


def html(record: Record, frame: Frame = ENGLISH, history: Sequence[Record] = (), zone: ZoneInfo = SHANGHAI) -> str:
    """The page, as it is sent."""
    until = NOW + timedelta(days=7)
    return verdicts.details(
        frame,
        record,
        timezone=zone,
        history=history,
        address=lambda identity: links.path(KEY, identity, until),
        until=None if frame.admin else until,
    )


def page(record: Record, frame: Frame = ENGLISH, history: Sequence[Record] = (), zone: ZoneInfo = SHANGHAI) -> Page:
    """The page, taken apart."""
    return Page(html(record, frame, history, zone))


def changed(**changes: object) -> Record:
    """The record with some fields changed."""
    return msgspec.structs.replace(RECORD, **changes)


def found(text: str = "[r] It is so.", **changes: object) -> Found:
    """A finding."""
    given = Found(rule="r", result=Result.FAIL, en=text, zh=text)
    return msgspec.structs.replace(given, **changes)


def test_it_says_what_became_of_the_operation_and_what_was_asked_for() -> None:
    words = page(RECORD).words
    assert "Blocked This operation was blocked by the rules below." in words
    assert "Operation Before the download file is generated. download-resources" in words
    assert "Checked 2026-11-27 16:30:15 (Asia/Shanghai, UTC+08:00)" in words
    assert "User (id) 149318960375502187, 123936573482016" in words
    assert "Workspace (id) 90214" in words


def test_it_is_in_chinese_for_whoever_reads_that() -> None:
    words = page(RECORD, CHINESE).words
    assert "已拦截 本次操作被以下规则拦截。" in words
    assert "操作 生成下载文件之前。 download-resources" in words
    assert "本次下载共 123,456 行，最多允许 1,000 行。 请增加过滤条件，或减少单次下载量。" in words
    assert "严重程度：高" in words
    assert '<html lang="zh-CN">' in html(RECORD, CHINESE)


def test_each_finding_says_what_was_hit_then_what_to_do_and_whom_to_ask() -> None:
    made = page(RECORD)
    assert (
        "Blocked Severity: high The download has 123,456 rows; at most 1,000 are allowed. Narrow the query with a"
        " filter, or download less at a time. Rule bulk-download Ask data-governance"
        " Read more https://example.com/rules/bulk-download" in made.words
    )
    assert ("a", {"href": "https://example.com/rules/bulk-download", "rel": "noreferrer noopener"}) in made.elements
    assert "ask data-governance, hr-office, and give the verdict id" in made.words


def test_the_first_sentence_is_what_was_hit_and_what_is_in_quotes_ends_none() -> None:
    assert '<p class="said"><bdi>Rows.</bdi></p>\n<p class="advice"><bdi>Use fewer. Do.</bdi></p>' in html(
        changed(findings=(found("[a, b] Rows. Use fewer. Do."),))
    )
    assert "<bdi>&#34;a. B.csv&#34; is odd.</bdi>" in html(
        changed(findings=(found('[r] "a. B.csv" is odd. Rename it.'),))
    )
    assert "<bdi>“甲。乙”不行。</bdi>" in html(changed(findings=(found("[r] “甲。乙”不行。请改名。"),)))


def test_what_does_not_count_is_folded_below_with_the_reason() -> None:
    others = (
        found(mode=Mode.SHADOW),
        found(mode=Mode.EXEMPT, exempt="quarterly audit (until 2026-12-31 00:00)"),
        found(mode=Mode.OVERRULED),
        found(result=Result.OK),
    )
    made = html(changed(findings=others))
    folded = Page(made[made.index("<details>") : made.index("</details>")]).words
    assert folded.startswith("Findings that do not count 4")
    assert "This rule is only watched for now, and decides nothing." in folded
    assert "Exempt from this rule: quarterly audit (until 2026-12-31 00:00)" in folded
    assert "Overruled: " in folded
    assert "This rule lets pass what it finds or cannot check." in folded
    assert "What the rules found" not in Page(made).words
    assert "ask the owner of the extension, and give the verdict id" in Page(made).words


def test_a_warning_is_no_block_and_ok_is_neither() -> None:
    warned = page(judged(RULES.replace("max: 1000", "max: 1000000"), sql="select 1")).words
    assert "Warning This operation passed, with a warning from the rules below." in warned
    assert "The operation went on." in warned
    assert "What you can do" not in warned
    passed = page(changed(result=Result.OK, findings=())).words
    assert "Passed This operation passed. No rule objects to it." in passed
    assert "What you can do" not in passed


def test_a_notification_was_not_blocked() -> None:
    words = page(changed(waits=False, callback=Callback(outcome="not-needed"))).words
    assert "DataWorks did not wait for the verdict, so the operation went on." in words
    assert "DataWorks only told of this operation and waited for no verdict." in words


@pytest.mark.parametrize(("switch", "said"), [("shadow", "everything was checked"), ("off", "nothing was checked")])
def test_the_emergency_switch_is_said(switch: str, said: str) -> None:
    assert said in page(changed(switch=switch)).words
    assert "emergency" not in page(RECORD).words


@pytest.mark.parametrize(
    ("callback", "said"),
    [
        (Callback(outcome="posted", result="OK"), "The verdict reached DataWorks as OK."),
        (Callback(outcome="off"), "sending is switched off"),
        (Callback(outcome="refused"), "DataWorks did not take the verdict."),
        (Callback(outcome="failed"), "could not be sent to DataWorks"),
        (Callback(outcome="later"), "What DataWorks was told later"),
    ],
)
def test_it_says_what_became_of_the_callback(callback: Callback, said: str) -> None:
    assert said in page(changed(callback=callback)).words


def test_the_sql_is_on_lines_with_what_a_rule_names_marked() -> None:
    made = page(RECORD)
    assert made.marked == ["phone", "hr.users", "phone"]
    assert "group by u.named by a rule: phone, u.name" in made.words
    assert "where s.ds = ? and u.age > ?" in made.words
    assert "a secret" not in made.text


def test_what_only_a_finding_names_that_does_not_count_is_not_marked() -> None:
    shadowed = tuple(msgspec.structs.replace(each, mode=Mode.SHADOW) for each in RECORD.findings)
    assert page(changed(findings=shadowed)).marked == []


def test_without_an_outline_it_says_what_was_read_of_the_sql() -> None:
    words = page(changed(outline="")).words
    assert "The text of the SQL or code is not kept." in words
    assert "Tables that it reads shop.dim_sku hr.users" in words
    assert "Columns that it uses hr.users.phone hr.users.name" in words
    assert "Functions that it calls count" in words
    assert "Tables that it writes" not in words


def test_of_code_the_calls_are_listed() -> None:
    assert RECORD.sql
    code = msgspec.structs.replace(RECORD.sql, analysis=None, calls=((3, "max_pt"), (9, "max_pt")))
    assert "Functions that it calls max_pt " in page(changed(outline="", sql=code)).words


def test_where_nothing_was_read_of_the_sql_it_says_so() -> None:
    assert "nor what it reads and writes" in page(changed(outline="", sql=None)).words


def test_an_operation_without_sql_has_no_section_on_it() -> None:
    made = page(changed(outline="", sql=None, withheld=()))
    assert ("h2", {"id": "sql"}) not in made.elements
    assert "Said, but never kept" not in made.words


def test_the_facts_are_listed_by_the_platforms_names_and_what_is_withheld_is_named() -> None:
    data = {"fileName": "a.csv", "nodes": [1, 2], "parts": [{"id": 3, "sub": {"x": "y"}}, {"id": 4}], "none": []}
    words = page(changed(data=data, withheld=("sqlText",))).words
    assert "fileName a.csv nodes 1 2 parts[1].id 3 parts[1].sub.x y parts[2].id 4 none" in words
    assert "Said, but never kept: sqlText" in words
    assert "Nothing of what DataWorks said is kept." in page(changed(data={}, withheld=("*",))).words


def test_long_lists_and_many_fields_are_cut() -> None:
    assert "19 and 80 more" in page(changed(data={"ids": [*range(100)]})).words
    assert (
        "parts[20].id 19 parts and 5 more" in page(changed(data={"parts": [{"id": each} for each in range(25)]})).words
    )
    assert "2 more fields are not shown." in page(changed(data={f"f{each}": each for each in range(102)})).words


def test_parts_within_parts_without_end_are_shown_as_they_are() -> None:
    data: object = "deep"
    for _ in range(10_000):
        data = {"a": [data]}
    assert "a[1].a[1].a[1].a[1] …" in page(changed(data=data)).words


def test_of_parts_in_parts_eight_are_named() -> None:
    data: object = "deep"
    for _ in range(100):
        data = {"a": data}
    assert "a.a.a.a.a.a.a.a {'a'" in page(changed(data=data)).words


def test_who_and_where_can_be_unknown() -> None:
    words = page(changed(operator="", operators=(), workspace="", code="new-event", region="cn-shanghai")).words
    assert "User (id) not said by DataWorks Workspace (id) not said by DataWorks Region cn-shanghai" in words
    assert "An operation that the event catalogue does not know. new-event" in words


def test_when_it_happened_is_said_where_the_platform_says_it() -> None:
    words = page(changed(occurred=datetime(2026, 11, 27, 8, 30, tzinfo=UTC)), zone=UTC_ZONE).words
    assert "Checked 2026-11-27 08:30:15 (UTC) Happened 2026-11-27 08:30:00 (UTC)" in words
    assert "Happened" not in page(RECORD).words


def test_it_ends_with_what_an_auditor_asks_for() -> None:
    words = page(RECORD).words
    assert f"Verdict id {RECORD.id} Message id {RECORD.message_id} Request id r-1 Policy {RECORD.policy}" in words
    assert "This link works until 2026-12-04 16:30:15 (Asia/Shanghai, UTC+08:00)." in words
    assert "Request id" not in page(changed(request_id="")).words


def test_other_checks_are_linked_with_the_same_expiry() -> None:
    others = [*many(3, RECORD)]
    made = page(RECORD, history=others)
    until = NOW + timedelta(days=7)
    assert [link for link in made.links if link.startswith("/verdicts/")][1:] == [
        links.path(KEY, each.id, until) for each in others
    ]
    assert "Blocked 2026-11-27 16:30:14 bulk-download personal hr large" in made.words
    assert "There are none." in page(RECORD).words


def test_links_keep_the_language_that_was_chosen() -> None:
    frame = Frame(language=Language.ZH, here="/verdicts/x?until=1", prefix="/ext", chosen=True)
    made = page(RECORD, frame, history=[*many(1, RECORD)])
    assert made.links[1:4] == ["/ext/?lang=zh", "/ext/policy?lang=zh", "/ext/verdicts/x?until=1&lang=en"]
    assert next(link for link in made.links if "sign=" in link).endswith("&lang=zh")
    assert all(link.startswith("/ext/") for link in made.links[1:] if not link.startswith("https://example.com"))


def test_only_an_administrator_sees_warnings_errors_and_times() -> None:
    record = changed(
        warnings=("the SDK makes the calls",),
        findings=(found(error="KeyError at own.py:3"),),
        callback=Callback(outcome="failed", error="HTTP 503"),
    )
    assert "For administrators" not in page(record).words
    words = page(record, Frame(language=Language.EN, here="/", admin=True)).words
    assert "Time taken 1,234 ms to check, 2,000 ms in all" in words
    assert "Warnings the SDK makes the calls Errors KeyError at own.py:3 Errors HTTP 503" in words
    assert "This link works until" not in words


def test_many_findings_are_said_to_be_more_than_are_kept() -> None:
    assert "Only the first 5 of 1,234 findings are kept." in page(changed(findings_total=1234)).words
    assert "Only the first" not in page(RECORD).words


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)>'",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe",
    "a\u2066b\u200bc\u0000d\x1b[31m",
    "javascript:alert(1)",
    "x" * 10_000,
    "\ud800",
    "&lt;b&gt;&#x3c;",
    "%s %(x)s {x} {0}",
)


def hostile(text: str) -> Record:
    """A record with a text wherever there can be one."""
    given = found(text, rule=text, check=text, owner=text, help=text, exempt=text, error=text, names=(text, "a"))
    shadowed = msgspec.structs.replace(given, mode=Mode.EXEMPT, severity=Severity.LOW)
    return changed(
        code=text,
        message_id=text,
        request_id=text,
        region=text,
        workspace=text,
        operator=text,
        operators=(text,),
        data={text: text, "list": [text, {text: [text]}]},
        withheld=(text,),
        outline=text,
        switch=text,
        policy=text,
        findings=(given, shadowed),
        rules=(text,),
        warnings=(text,),
        callback=Callback(outcome="posted", result=text, error=text),
    )


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
@pytest.mark.parametrize("frame", [ENGLISH, Frame(language=Language.ZH, here="/", admin=True)], ids=["en", "zh"])
def test_a_hostile_text_is_a_text_and_no_more(text: str, frame: Frame) -> None:
    record = hostile(text)
    pages = [
        html(record, frame, history=[record]),
        verdicts.listing(
            frame,
            [record],
            timezone=SHANGHAI,
            form=verdicts.Form(values=dict.fromkeys(FIELDS, text.encode(errors="replace").decode())),
            older="",
            newest="",
        ),
    ]
    plain = [html(RECORD, frame, history=[RECORD]), ""]
    tags = {tag for tag, _ in Page(plain[0]).elements} | {
        "form",
        "input",
        "select",
        "option",
        "optgroup",
        "label",
        "table",
    }
    tags |= {"thead", "tbody", "tr", "th", "td", "button", "bdi", "details", "summary"}
    for made in pages:
        taken = Page(made)
        assert {tag for tag, _ in taken.elements} <= tags
        assert not [name for _, attributes in taken.elements for name in attributes if name.startswith("on")]
        assert not [link for link in taken.links if not link.startswith(("/", "#"))]
        shown = taken.text.replace(text, "") if text == "x" * 10_000 else taken.text
        assert not {"\u202e", "\u2066", "\u200b", "\x00", "\x1b"} & {*shown}
        assert len(made) < 150_000
        made.encode()


FIELDS = ("result", "code", "rule", "workspace", "operator", "message", "first", "last")


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "https://a b",
        "ftp://x",
        "https://x\u202ey",
        "http://" + "x" * 600,
    ],
)
def test_what_is_no_plain_web_address_is_no_link(address: str) -> None:
    made = page(changed(findings=(found(help=address),)))
    assert not [link for link in made.links if not link.startswith(("/", "#"))]
