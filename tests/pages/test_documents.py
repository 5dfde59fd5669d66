"""The document of a policy says what is checked, and keeps to itself whom that is for."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from extension import policy
from extension.checks import check
from extension.events import Event
from extension.pages import Frame, documents
from extension.policy import Draft, Source
from extension.rules import Policy
from extension.settings import Count, Ids
from extension.verdict import Finding, Language, Text, hit
from tests.pages.given import RULES, Page

NOW = datetime(2026, 11, 27, 8, 30, 15, tzinfo=UTC)


def parsed(*rules: str) -> Policy:
    """A policy with these rules."""
    text = "version: 1\nlanguage: en\nrules:\n" + "".join(f"  - {rule}\n" for rule in rules)
    return policy.parse(text.encode(), "policy.yaml")


def html(in_force: Policy, language: Language = Language.EN, now: datetime = NOW) -> str:
    """The document as it is sent."""
    return documents.document(Frame(language=language, here="/policy"), in_force, now)


def words(*rules: str, language: Language = Language.EN, now: datetime = NOW) -> str:
    """The text of the document of some rules."""
    return Page(html(parsed(*rules), language, now)).words


ROWS = "{id: rows, on: resources-download, check: download.rows, with: {max: 100000}, owner: data-office}"


def test_it_says_what_is_checked_the_limit_what_a_hit_gives_and_what_the_user_reads() -> None:
    said = words(ROWS)
    assert "Upload and Download Before the download file is generated. download-resources" in said
    assert (
        "Before the generated file is fetched. download-resources-execute Blocked Rows of a download: at most max."
        in said
    )
    assert "at most 100,000 What the user reads The download has rows rows; at most max are allowed." in said
    assert "Rule rows Ask data-office" in said
    assert "Made of policy policy.yaml@" in said
    assert "on 2026-11-27 16:30:15 (Asia/Shanghai, UTC+08:00)." in said


def test_it_is_in_chinese_for_whoever_reads_that() -> None:
    said = words(ROWS, language=Language.ZH)
    assert "上传与下载 生成下载文件之前。 download-resources" in said
    assert "已拦截 下载的行数 最多 100,000 提示内容 本次下载共 rows 行，最多允许 max 行。" in said


def test_a_placeholder_is_shown_as_one() -> None:
    made = html(parsed(ROWS))
    assert "The download has <var>rows</var> rows; at most <var>max</var> are allowed." in made
    assert "Rows of a download: at most <code>max</code>." in made


def test_a_message_of_its_own_stands_for_those_of_the_check() -> None:
    said = words('{id: r, on: resources-download, check: download.rows, with: {max: 1}, message: "{rows} of {{max}}"}')
    assert "What the user reads rows of {max} Rule r" in said


def test_a_help_address_is_a_link_and_the_severity_is_said() -> None:
    rule = ROWS.replace("owner", "help: https://example.com/x, severity: critical, owner")
    assert ("a", {"href": "https://example.com/x", "rel": "noreferrer noopener"}) in Page(html(parsed(rule))).elements
    assert "Severity: critical" in words(rule)


@pytest.mark.parametrize(
    ("condition", "shown"),
    [
        ("size(event.includeNodeIds) > 50", "Hits if size(event.includeNodeIds) > 50"),
        ("'role_x' in operator.roles", "Hits if 'role_x' in operator.roles"),
        ("operator.id == '4711'", "Hits if a condition on who does it, which is not shown"),
        ("'4711' in operator.ids", "Hits if a condition on who does it, which is not shown"),
        ("size(operator) > 4711", "Hits if a condition on who does it, which is not shown"),
    ],
)
def test_a_condition_is_shown_unless_it_may_name_people(condition: str, shown: str) -> None:
    said = words(f'{{id: wide, on: backfill-data, when: "{condition}", result: WARN}}')
    assert f"Warning A condition of one's own {shown} Rule wide" in said
    assert "4711" not in said


def test_a_condition_that_narrows_a_check_is_said_to() -> None:
    said = words(ROWS.replace("owner", "when: event.fileSize > 5, owner"))
    assert "Rows of a download: at most max. at most 100,000 Only if event.fileSize > 5 What" in said


@pytest.mark.parametrize(
    "rule",
    [
        ROWS.replace("owner", "mode: shadow, owner"),
        ROWS.replace("owner", "from: 2026-11-28, owner"),
        ROWS.replace("owner", "until: 2026-11-26, owner"),
    ],
)
def test_what_decides_nothing_now_is_not_shown(rule: str) -> None:
    said = words(rule)
    assert "download" not in said
    assert "No rule is in force now." in said
    assert "Blocked" not in said


def test_what_is_in_force_from_this_moment_on_is_shown() -> None:
    rule = ROWS.replace("owner", "from: 2026-11-27, until: 2026-11-27, owner")
    assert "Rule rows" in words(rule)
    assert "Rule rows" not in words(rule, now=datetime(2026, 11, 27, 16, 0, tzinfo=UTC))
    assert "Rule rows" in words(rule, now=datetime(2026, 11, 26, 16, 0, tzinfo=UTC))


def test_whom_and_where_a_rule_is_for_is_not_shown_but_that_it_is_not_for_all() -> None:
    scope = (
        "workspaces: '90214', except_operators: '4711', exempt: [{operator: '4711', until: 2027-01-01, reason: x4711}]"
    )
    said = words(ROWS.replace("owner", f"{scope}, owner"))
    assert "Applies in some workspaces. Applies to some users. Rule rows" in said
    assert "90214" not in said
    assert "4711" not in said
    assert "Applies" not in words(ROWS)
    other = words(ROWS.replace("owner", "except_workspaces: '90214', operators: '4711', owner"))
    assert "Applies in some workspaces. Applies to some users. Rule rows" in other


@pytest.mark.parametrize(
    "rule",
    [
        "{id: r, on: resources-download, check: download.operator, with: {deny: [4711]}}",
        "{id: r, on: '*', check: operator.id, with: {allow: [4711, 4712]}}",
        "{id: r, on: download-resources-execute, check: download.ip, with: {allow: [192.0.2.0/24]}}",
        "{id: r, on: Data Quality, check: quality.receivers, with: {allow: ['https://oapi.example/send?token=4711']}}",
    ],
)
def test_no_list_of_people_networks_or_addresses_is_shown(rule: str) -> None:
    said = words(rule)
    assert "a list that is not shown" in said
    assert "4711" not in said
    assert "192.0.2" not in said


def test_values_are_shown_as_people_write_them() -> None:
    said = words(
        "{id: size, on: resources-download, check: download.size, with: {max: 10240000}}",
        "{id: big, on: resources-download, check: download.size, with: {max: 1GiB}}",
        "{id: star, on: resources-download, check: sql.star, with: {tables: ['hr.*', 'a.b'], anywhere: true}}",
        "{id: node, on: freeze-node, check: node.protected, with: {deny: [1234567]}}",
        "{id: note, on: commit-table, check: table.comment, with: {columns: false}}",
    )
    assert "at most 10.24 MB What" in said
    assert "at most 1GiB What" in said
    assert "tables hr.* a.b anywhere in the SQL yes" in said
    assert "not allowed 1234567 What" in said
    assert "columns no What" in said


def test_a_long_list_is_cut() -> None:
    tables = ", ".join(f"a.t{number}" for number in range(60))
    said = words(f"{{id: r, on: resources-download, check: sql.tables, with: {{deny: [{tables}]}}}}")
    assert "a.t49 and 10 more" in said
    assert "a.t50" not in said


def test_a_workspaces_options_are_said() -> None:
    said = words(ROWS.replace("owner", "options: {max: maxRows}, owner"))
    assert "A workspace can set some of this for itself" in said
    assert "maxRows" not in said


def test_a_rule_for_every_event_stands_once_above_the_modules() -> None:
    said = words(ROWS, "{id: freeze, on: '*', check: calendar.freeze, with: {dates: [2026-12-31]}}")
    assert said.count("Rule freeze") == 1
    assert said.index("Every operation These rules are") < said.index("Rule freeze") < said.index("Rule rows")


def test_operations_with_the_same_rules_share_a_group() -> None:
    pair = words("{id: a, on: [commit-file, deploy-file], check: file.owner}")
    assert pair.count("Rule a") == 1
    apart = words(
        "{id: a, on: [commit-file, deploy-file], check: file.owner}", "{id: b, on: commit-file, check: file.owner}"
    )
    assert apart.count("Rule a") == 2


def test_the_modules_are_listed_where_there_are_several() -> None:
    both = Page(html(parsed(ROWS, "{id: a, on: commit-file, check: file.owner}")))
    assert [link for link in both.links if link.startswith("#m")] == ["#m0", "#m6"]
    assert {"m0", "m6"} <= {attributes.get("id", "") for _, attributes in both.elements}
    assert not [link for link in Page(html(parsed(ROWS))).links if link.startswith("#m")]


class Tickets(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a check of one's own."""

    people: Ids
    """Who."""
    least: Count
    """How many."""


@check("ticket.named", events="resources-download", texts=[Text(en="{n} < 1 & more", zh="{n}")])
def ticket_named(event: Event[Any], given: Tickets) -> Iterator[Finding]:
    """Name of a file: begins with a ticket. It is not looked up.

    More.
    """
    yield hit(Text(en="{n}", zh="{n}"), n=event, given=given)


def test_a_check_of_ones_own_is_described_by_its_docstring_in_both_languages() -> None:
    text = """
version: 1
rules:
  - {id: t, on: download-resources, check: ticket.named, with: {people: [4711], least: 1000}}
"""
    in_force = Draft([Source("p", text.encode())], "p").finish([ticket_named])
    for language in Language:
        said = Page(html(in_force, language)).words
        assert "Name of a file: begins with a ticket. people" in said
        assert "least 1,000" in said
        assert "4711" not in said
    assert "<var>n</var> &lt; 1 &amp; more" in html(in_force)


def test_every_documented_policy_can_be_read() -> None:
    assert "Rule bulk-download Ask data-governance" in Page(html(policy.parse(RULES.encode(), "p"))).words
