"""A policy loads to what it says, or is refused with one line for each thing that is wrong in it."""

import hashlib
from datetime import UTC, datetime
from ipaddress import ip_address

import msgspec
import pytest

from extension import catalogue, policy, settings
from extension.checks import Need, registry
from extension.errors import PolicyError
from extension.events import Databases
from extension.policy import Draft, Source, variables
from extension.rules import LoggedSql, Policy, Rule, Scope
from extension.settings import Count, Listed, Maximum, MaximumSize, Protected
from extension.sql.facts import KINDS, Engine
from extension.tree import MAX_BYTES, MAX_FAULTS, MAX_REPEATED
from extension.verdict import Language, Mode, Result, Severity

FULL = """\
version: 1
language: en
timezone: Europe/Berlin
defaults: {on_error: WARN, on_timeout: OK, on_unreadable: WARN}
rules:
  - id: bulk-download
    on: [download-resources, download-resources-execute]
    check: download.rows
    with: {max: 100000}
    result: WARN
    mode: shadow
    message: "{operator} takes {rows} rows"
  - id: large-download
    on: resources-download
    check: download.size
    with: {max: 500MB}
  - id: no-overwriting
    on: "*"
    check: upload.overwrite
"""

DOWNLOADS = {"download-resources", "download-resources-execute"}


def load(content: str | bytes) -> Policy:
    """The policy in `content`, which is called p.yaml."""
    return policy.parse(content.encode() if isinstance(content, str) else content, "p.yaml")


def rule(**changes: str | None) -> str:
    """A policy of one rule, with changes: None takes a key out, a new one stands in line 7; `with_` is `with`."""
    keys: dict[str, str | None] = {
        "id": "r",
        "on": "download-resources",
        "check": "download.rows",
        "with": "{max: 1}",
    }
    keys |= {name.rstrip("_"): value for name, value in changes.items()}
    return "version: 1\nrules:\n  - " + "".join(
        f"{name}: {value}\n    " for name, value in keys.items() if value is not None
    )


def top(**keys: str) -> str:
    """A policy that is right but for `keys`, which stand at the top of the file from line 7 on."""
    return rule().rstrip(" ") + "".join(f"{name}: {value}\n" for name, value in keys.items())


def when(text: str, on: str = "download-resources", **changes: str) -> str:
    """A policy of one rule that has a condition alone."""
    return rule(on=on, check=None, with_=None, when=text, **changes)


def lists(text: str, **changes: str) -> str:
    """A policy of one rule, with named lists in line 2; what `rule` has in line 4 stands in line 5, and so on."""
    return f"version: 1\nlists: {text}\n" + rule(**changes).partition("\n")[2]


def exempt(text: str) -> str:
    """A policy of one rule with exemptions in line 7."""
    return rule(exempt=f"[{text}]")


def listed(with_: str) -> str:
    """A policy of one rule that compares with names."""
    return rule(check="download.datasource", with_=with_)


def networks(with_: str) -> str:
    """A policy of one rule that compares with networks."""
    return rule(on="download-resources-execute", check="download.ip", with_=with_)


def pattern(text: str) -> str:
    """A policy of one rule that matches with a pattern."""
    return rule(check="download.file_name", with_=f"{{pattern: {text}}}")


def only_rule(content: str) -> Rule:
    """The one rule of a policy."""
    (found,) = load(content).rules
    return found


def refusal(content: str | bytes) -> list[str]:
    """What a policy is refused with, line by line."""
    with pytest.raises(PolicyError) as caught:
        load(content)
    lines = str(caught.value).split("\n")
    assert len(lines) == len(caught.value.faults), "an error takes more than one line"
    return lines


# what loads


def test_a_policy_says_what_its_file_says() -> None:
    loaded = load(FULL)
    assert loaded.file == "p.yaml"
    assert loaded.language is Language.EN
    assert loaded.timezone.key == "Europe/Berlin"
    assert {(one.on_error, one.on_timeout, one.on_unreadable) for one in loaded.rules} == {
        (Result.WARN, Result.OK, Result.WARN)
    }
    assert [one.id for one in loaded.rules] == ["bulk-download", "large-download", "no-overwriting"]


def test_a_rule_says_what_the_file_says() -> None:
    assert load(FULL).rules[0] == Rule(
        id="bulk-download",
        check=registry.BY_ID["download.rows"],
        given={"max": 100000},
        settings=Maximum(max=Count(100000)),
        when=None,
        events=frozenset(DOWNLOADS),
        scope=Scope(),
        exempt=(),
        result=Result.WARN,
        mode=Mode.SHADOW,
        on_error=Result.WARN,
        on_timeout=Result.OK,
        on_unreadable=Result.WARN,
        message="{operator} takes {rows} rows",
        severity=None,
        owner="",
        help="",
        options={},
    )


def test_what_a_policy_leaves_out_is_strict() -> None:
    loaded = load(rule())
    assert loaded.language is Language.ZH
    assert loaded.timezone.key == "Asia/Shanghai"
    assert loaded.rules[0].on_error is Result.FAIL
    assert loaded.rules[0].on_timeout is Result.FAIL
    assert loaded.rules[0].on_unreadable is None
    assert loaded.logged_sql is LoggedSql.DIGEST
    assert loaded.rules[0].result is Result.FAIL
    assert loaded.rules[0].mode is Mode.ENFORCE
    assert loaded.rules[0].message == ""


def test_one_default_leaves_the_other_alone() -> None:
    late = only_rule(top(defaults="{on_timeout: WARN}"))
    raised = only_rule(top(defaults="{on_error: OK}"))
    assert (late.on_error, late.on_timeout) == (Result.FAIL, Result.WARN)
    assert (raised.on_error, raised.on_timeout) == (Result.OK, Result.FAIL)


@pytest.mark.parametrize(
    ("log", "said"),
    [("{}", LoggedSql.DIGEST), ("{sql: digest}", LoggedSql.DIGEST), ("{sql: outline}", LoggedSql.OUTLINE)],
)
def test_what_of_sql_is_logged_is_said_by_name(log: str, said: LoggedSql) -> None:
    assert load(top(log=log)).logged_sql is said


def test_the_plan_has_the_rules_of_each_event_in_the_order_of_the_file() -> None:
    plan = {code: [one.id for one in rules] for code, rules in load(FULL).plan.items()}
    assert plan == {
        "download-resources": ["bulk-download", "large-download"],
        "download-resources-execute": ["bulk-download", "large-download"],
        "upload-data-to-table": ["no-overwriting"],
    }


def test_the_order_of_the_plan_is_not_that_of_names() -> None:
    template = "  - {{id: {0}, on: download-resources, check: download.rows, with: {{max: 1}}}}\n"
    loaded = load("version: 1\nrules:\n" + "".join(template.format(name) for name in ("c", "a", "b")))
    assert [one.id for one in loaded.plan["download-resources"]] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("on", "codes"),
    [
        pytest.param("download-resources", {"download-resources"}, id="a code"),
        pytest.param("[download-resources]", {"download-resources"}, id="a list of one code"),
        pytest.param("[download-resources, download-resources-execute]", DOWNLOADS, id="a list of codes"),
        pytest.param("[download-resources, download-resources]", {"download-resources"}, id="a code twice"),
        pytest.param("resources-download", DOWNLOADS, id="a category"),
        pytest.param("[resources-download, file-change]", DOWNLOADS, id="two categories"),
        pytest.param("Upload and Download", DOWNLOADS, id="a module"),
        pytest.param("'*'", DOWNLOADS, id="everything"),
    ],
)
def test_on_selects_what_the_check_can_judge(on: str, codes: set[str]) -> None:
    loaded = load(rule(on=on))
    assert loaded.rules[0].events == codes
    assert set(loaded.plan) == codes


def test_a_category_reaches_only_the_events_that_the_check_can_judge() -> None:
    loaded = load(rule(on="resources-download", check="download.ip", with_="{allow: [10.0.0.0/8]}"))
    assert loaded.rules[0].events == {"download-resources-execute"}
    assert set(loaded.plan) == {"download-resources-execute"}


def test_on_is_a_choice_among_all_events_of_the_catalogue() -> None:
    """A rule reaches every extension point: by a check of its own, or by one for any event."""
    points = {entry.code for entry in catalogue.ENTRIES if entry.kind is not catalogue.Kind.REGULAR}
    assert set(catalogue.BY_CODE) > points <= set().union(*(check.events for check in registry.BY_ID.values()))


def test_the_digest_is_that_of_the_bytes() -> None:
    assert load(FULL).digest == hashlib.sha256(FULL.encode()).hexdigest()[:12]
    assert load(FULL).digest == load(FULL).digest
    assert load(FULL).digest != load(FULL + "# a comment\n").digest


def test_a_byte_order_mark_and_windows_line_ends_are_taken() -> None:
    loaded = load(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())
    assert loaded.rules == load(FULL).rules


def test_a_policy_is_yaml_so_json_is_one_too() -> None:
    text = (
        '{"version": 1, "rules": [{"id": "r", "on": ["*"], "check": "download.rows", "with": {"max": 7}, '
        '"message": "\\u4e0b\\u8f7d {rows}"}]}'
    )
    assert only_rule(text).settings == Maximum(max=Count(7))
    assert only_rule(text).message == "下载 {rows}"


def test_a_check_without_required_settings_needs_no_with() -> None:
    assert only_rule(rule(on="upload-data-to-table", check="upload.overwrite", with_=None)).settings == Protected()


def test_sizes_names_networks_and_patterns_are_read() -> None:
    size = only_rule(rule(check="download.size", with_="{max: 1.5MiB}")).settings
    assert isinstance(size, MaximumSize)
    assert size.max == 1_572_864

    names = only_rule(listed("{allow: [DW_Excel, 4711], deny: ['*_pii']}")).settings
    assert isinstance(names, Listed)
    assert names.allow is not None
    assert names.deny is not None
    assert names.allow.names == ("DW_Excel", "4711")
    assert "crm_pii" in names.deny

    places = only_rule(networks("{deny: [10.0.0.0/8, '2001:db8::/32', 192.0.2.1]}")).settings
    assert isinstance(places, Listed)
    assert places.allow is None
    assert places.deny is not None
    assert all(ip_address(ip) in places.deny for ip in ("10.9.9.9", "2001:db8::1", "192.0.2.1"))

    named = only_rule(pattern("'DATA-[0-9]+[.]csv'")).settings
    assert isinstance(named, settings.Named)
    assert named.pattern.matches("DATA-1.csv")


@pytest.mark.parametrize(
    "message", ["{rows} of {max}", "{{rows}}", "{event} {operator} {workspace} {time} {rule}", "plain"]
)
def test_a_message_can_hold_what_its_check_and_every_event_have(message: str) -> None:
    assert only_rule(rule(message=f"'{message}'")).message == message


@pytest.mark.parametrize("name", ["a", "9", "A.b_c-9", "x" * 64])
def test_ids_are_short_names(name: str) -> None:
    assert only_rule(rule(id=f"'{name}'")).id == name


def test_a_message_of_the_longest_length_loads() -> None:
    assert len(only_rule(rule(message="x" * settings.MAX_PATTERN_CHARS)).message) == settings.MAX_PATTERN_CHARS


def test_a_file_of_the_longest_length_loads() -> None:
    content = FULL + "#" * (MAX_BYTES - len(FULL))
    assert len(content) == MAX_BYTES
    assert load(content).rules == load(FULL).rules


# YAML 1.2


def test_on_and_off_are_words() -> None:
    """YAML 1.1 reads the key `on` as true, and `off` as false."""
    assert load(rule()).rules[0].events == {"download-resources"}
    assert refusal(rule(mode="off")) == ["p.yaml:7: rule r: mode: expected enforce or shadow, found 'off'"]


@pytest.mark.parametrize(
    "text", ["yes", "no", "on", "off", "y", "12:30", "1_000", "0777", "0x1F", "0b1", "2026-12-31", "=", "<<", ".inf"]
)
def test_what_yaml_1_1_reads_as_something_else_is_text(text: str) -> None:
    found = only_rule(listed(f"{{allow: [{text}]}}")).settings
    assert isinstance(found, Listed)
    assert found.allow is not None
    assert found.allow.names == (text,)
    assert refusal(rule(with_=f"{{max: {text}}}")) == [f"{NOT_INT} {text!r}: write digits only, without quotes"]


@pytest.mark.parametrize("word", ["~", "null", "Null", "NULL", ""])
def test_nothing_is_null(word: str) -> None:
    expected = "p.yaml:6: rule r: with.max: expected a whole number of at least 0, found nothing"
    assert refusal(rule(with_=f"{{max: {word}}}")) == [expected]


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "false", "False", "FALSE"])
def test_truth_values_are_truth_values(word: str) -> None:
    expected = f"p.yaml:6: rule r: with.max: expected a whole number of at least 0, found {word.lower()}"
    assert refusal(rule(with_=f"{{max: {word}}}")) == [expected]


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("7", 7), ("+7", 7), ("-0", 0), ("123456789012345678901", 123456789012345678901)]
)
def test_whole_numbers_are_exact(text: str, number: int) -> None:
    assert only_rule(rule(with_=f"{{max: {text}}}")).settings == Maximum(max=Count(number))


@pytest.mark.parametrize(
    ("text", "shown"), [("1.5", "1.5"), (".5", "0.5"), ("2.", "2.0"), ("1e3", "1000.0"), ("-1.5E+2", "-150.0")]
)
def test_fractions_are_no_whole_numbers(text: str, shown: str) -> None:
    assert refusal(rule(with_=f"{{max: {text}}}")) == [
        f"p.yaml:6: rule r: with.max: expected a whole number of at least 0, found {shown}"
    ]


@pytest.mark.parametrize("text", ["'5'", '"5"', "!!str 5", "! 5"])
def test_quotes_make_text(text: str) -> None:
    assert only_rule(rule(id=text)).id == "5"


def test_an_id_with_a_leading_zero_stays_as_it_is_written() -> None:
    found = only_rule(listed("{deny: [0149318960375502187]}")).settings
    assert isinstance(found, Listed)
    assert found.deny is not None
    assert "0149318960375502187" in found.deny
    assert "149318960375502187" not in found.deny


def test_block_text_is_text() -> None:
    assert only_rule(rule(message=">-\n      Too many:\n      {rows}")).message == "Too many: {rows}"


def test_anchors_and_aliases_stand_for_each_other() -> None:
    loaded = load(
        "version: 1\n"
        "rules:\n"
        "  - {id: a, on: &downloads [resources-download], check: download.source, with: &lists {deny: [dw_excel]}}\n"
        "  - {id: b, on: *downloads, check: download.datasource, with: *lists}\n"
    )
    assert [one.events for one in loaded.rules] == [DOWNLOADS, DOWNLOADS]
    found = [one.settings for one in loaded.rules]
    assert all(isinstance(one, Listed) and one.deny and one.deny.names == ("dw_excel",) for one in found)


def test_a_later_anchor_takes_the_place_of_one_of_the_same_name() -> None:
    loaded = load(
        "version: 1\nrules:\n"
        "  - {id: a, on: '*', check: download.rows, with: {max: &x 1}}\n"
        "  - {id: b, on: '*', check: download.rows, with: {max: &x 2}}\n"
        "  - {id: c, on: '*', check: download.rows, with: {max: *x}}\n"
    )
    assert loaded.rules[2].settings == Maximum(max=Count(2))


# what is refused, each with one line

NOT_INT = "p.yaml:6: rule r: with.max: expected a whole number of at least 0, found"
NOT_SIZE = "p.yaml:6: rule r: with.max: expected bytes or a size such as 10MB or 1GiB, found"
NOT_NAMES = "p.yaml:6: rule r: with.allow: expected a list with at least one name in it, found"
NOT_NAME = "p.yaml:6: rule r: with.allow: expected a list of names (text) or ids, found"
NOT_NETWORKS = "p.yaml:6: rule r: with.allow: expected a list of networks such as 10.0.0.0/8 or 2001:db8::/32, found"
BAD_NETWORK = "p.yaml:6: rule r: with.allow: expected networks such as 10.0.0.0/8 or 2001:db8::/32, found"
BAD_PATTERN = "p.yaml:6: rule r: with.pattern: expected a regular expression (RE2 syntax):"
NOT_PATTERN = "p.yaml:6: rule r: with.pattern: expected a regular expression of at most 1000 characters, found"
NOT_EVENT = 'p.yaml:4: rule r: on: expected event codes, categories or modules, or "*", found'
NOT_CHECK = "p.yaml:5: rule r: check: expected a check, found"
BAD_BRACE = "p.yaml:7: rule r: message: a brace is not closed or not opened; write {{ or }} for a brace itself"
NOT_MESSAGE = "p.yaml:7: rule r: message: expected text, found"
NO_VALUE = "it has event, max, operator, rows, rule, time, workspace"
NOT_ID = "id: expected text of at most 64 letters, digits, '_', '.' and '-', a letter or digit first, found"
NOT_RULES = "p.yaml:2: rules: expected a list of rules, each with id, on and check, found"
NO_MAPPING = "p.yaml: expected a mapping with version and rules, found"
BAD_CHARACTER = "p.yaml: is not YAML: it has a character that YAML does not allow"
TOP_KEYS = "checks, defaults, language, lists, log, rules, sql, timezone, version"
KEYS = (
    "check, except_operators, except_workspaces, exempt, from, help, id, message, mode, on, on_error, on_timeout,"
    " on_unreadable,"
    " operators, options, owner, result, severity, until, when, with, workspaces"
)
NOT_UNTIL = "p.yaml:7: rule r: until: expected a date such as 2026-12-31, or 2026-12-31 18:00, found"
NOT_FROM = "p.yaml:7: rule r: from: expected a date such as 2026-12-31, or 2026-12-31 18:00, found"
NOT_OWNER = "p.yaml:7: rule r: owner: expected one line of at most 200 characters, found"
NOT_KEY = "p.yaml:7: rule r: options.max: expected one line of at most 200 characters, found"
NOT_HELP = (
    "p.yaml:7: rule r: help: expected an address such as https://example.com/rules of at most 500 characters, found"
)
NOT_SEVERITY = "p.yaml:7: rule r: severity: expected low or medium or high or critical, found"
NOT_PYTHON = "p.yaml:7: checks: expected Python files beside the policy, such as checks/tickets.py, found"
NOT_EXEMPT = "p.yaml:7: rule r: exempt: expected a list of mappings, found"
NOT_LIST = "p.yaml:2: lists.a: expected a list of text and numbers, found"
NOT_CEL = "p.yaml:5: rule r: when: expected a CEL expression, found"
EXEMPT_KEYS = "operator, reason, table, until, workspace"
EVERYBODY = "names neither operator nor workspace nor table: it would exempt everybody"
DEEP = "is nested more than 20 deep"
NOT_ZONE = "p.yaml:7: timezone: expected a timezone such as Asia/Shanghai, found"

NOT_PROJECT = "p.yaml:7: sql.projects.a: expected the name of a project, schema or database, found"
NOT_PLACE = "expected a data source, the id of a workspace, or both, such as 90214/odps_first"
NOT_ENGINE = (
    "p.yaml:7: sql.engines.crm: expected maxcompute or hive or spark or hologres or postgresql or mysql or clickhouse"
    " or presto, found"
)

BROKEN: dict[str, tuple[str | bytes, str]] = {
    # the file
    "a bracket that is not closed": ("version: [1\n", "p.yaml:2: is not YAML: did not find expected ',' or ']'"),
    "two colons in a line": (
        "a: b: c\n",
        (
            "p.yaml:1: is not YAML: mapping values are not allowed in this context; line 1: put text that"
            " holds a colon in"
            " quotes"
        ),
    ),
    "a tab as indent": (
        "version: 1\nrules:\n\t- id: x\n",
        "p.yaml:3: is not YAML: found character that cannot start any token; line 3: indent with spaces, not with tabs",
    ),
    "Latin-1": ("version: é\n".encode("latin-1"), "p.yaml:1: is not UTF-8 text: save the file as UTF-8"),
    "GBK": ("language: 中文\n".encode("gbk"), "p.yaml:1: is not UTF-8 text: save the file as UTF-8"),
    "UTF-16": (rule().encode("utf-16"), "p.yaml:1: is not UTF-8 text: save the file as UTF-8"),
    "empty": ("", f"{NO_MAPPING} nothing"),
    "comments only": ("# rules follow\n", f"{NO_MAPPING} nothing"),
    "an empty document": ("---\n", f"{NO_MAPPING} nothing"),
    "text": ("hello\n", f"{NO_MAPPING} 'hello'"),
    "a list": ("- version: 1\n", f"{NO_MAPPING} a list"),
    "a number": ("1\n", f"{NO_MAPPING} 1"),
    "a second document": (f"{rule()}\n---\n{rule()}", "p.yaml:8: a second document starts here; a policy is one"),
    "too large": (
        b"#" * (MAX_BYTES + 1),
        "p.yaml: has 4,194,305 bytes; at most 4,194,304 are read",
    ),
    "a null byte": ("version: 1\0\n", BAD_CHARACTER),
    "a control character": ("version: 1\x07\n", BAD_CHARACTER),
    "lists nested 100,000 deep": ("[" * 100_000, f"p.yaml:1: {DEEP}"),
    "mappings nested 100,000 deep": ("{a: " * 100_000, f"p.yaml:1: {DEEP}"),
    "block lists nested 100,000 deep": ("- " * 100_000 + "a", f"p.yaml:1: {DEEP}"),
    "rules nested 100,000 deep": ("version: 1\nrules: " + "[" * 100_000, f"p.yaml:2: {DEEP}"),
    "nested too deep line by line": ("\n".join(" " * depth + "a:" for depth in range(30)), f"p.yaml:21: {DEEP}"),
    "a key twice at the top": (top(version="1"), "p.yaml:7: the key 'version' stands twice"),
    "a key twice in a rule": (rule() + "check: download.size\n", "p.yaml:7: the key 'check' stands twice"),
    "a key twice in with": (listed("{deny: [a], deny: [b]}"), "p.yaml:6: the key 'deny' stands twice"),
    "a key that is a list": ("version: 1\n? [a]\n: b\n", "p.yaml:2: a key is not plain text"),
    "a key that is an alias": ("&a version: 1\n*a : b\n", "p.yaml:2: a key is not plain text"),
    "an alias inside its anchor": (
        "&a [*a]",
        'p.yaml:1: *a is an alias to YAML, and nothing is called so: put "*a" in quotes',
    ),
    "an alias without an anchor": (
        listed("{deny: *auditors}"),
        'p.yaml:6: *auditors is an alias to YAML, and nothing is called so: put "*auditors" in quotes',
    ),
    "a Python tag": (
        rule(check="!python/name:os.system x"),
        "p.yaml:5: the tag !python/name:os.system is not supported: put what begins with ! in quotes",
    ),
    "a tag on a mapping": (
        rule(with_="!foo {max: 1}"),
        "p.yaml:6: the tag !foo is not supported: put what begins with ! in quotes",
    ),
    "a tag on a list": (
        rule(on="!!set [run-file]"),
        "p.yaml:4: the tag tag:yaml.org,2002:set is not supported: put what begins with ! in quotes",
    ),
    "a standard tag": (
        rule(id="!!int 5"),
        "p.yaml:3: the tag tag:yaml.org,2002:int is not supported: put what begins with ! in quotes",
    ),
    # the top
    "version 2": ("version: 2" + rule().removeprefix("version: 1"), "p.yaml:1: version: expected 1, found 2"),
    "version as text": (
        "version: '1'" + rule().removeprefix("version: 1"),
        "p.yaml:1: version: expected 1, found '1'; did you mean 1?",
    ),
    "version as fraction": (
        "version: 1.0" + rule().removeprefix("version: 1"),
        "p.yaml:1: version: expected 1, found 1.0",
    ),
    "version as truth": (
        "version: true" + rule().removeprefix("version: 1"),
        "p.yaml:1: version: expected 1, found true",
    ),
    "no version": (rule().removeprefix("version: 1\n"), "p.yaml:1: version: is missing"),
    "no rules": ("version: 1\n", "p.yaml:1: rules: is missing"),
    "null rules": ("version: 1\nrules:\n", f"{NOT_RULES} nothing"),
    "empty rules": ("version: 1\nrules: []\n", f"{NOT_RULES} an empty list"),
    "rules as a mapping": ("version: 1\nrules: {a: b}\n", f"{NOT_RULES} a mapping"),
    "rules as text": ("version: 1\nrules: all\n", f"{NOT_RULES} 'all'"),
    "a rule as text": (
        "version: 1\nrules: [bulk-download]\n",
        "p.yaml:2: rule #1: expected a mapping with id, on and check, found 'bulk-download'",
    ),
    "a rule that is nothing": (
        "version: 1\nrules:\n  -\n",
        "p.yaml:3: rule #1: expected a mapping with id, on and check, found nothing",
    ),
    "a key that moves the cursor": (
        rule() + '\n"\\e[31m": 1\n',
        f"p.yaml:8: '\\x1b[31m': unknown key; known: {TOP_KEYS}",
    ),
    "an event of another kind beside one of its own": (
        rule(on="[download-resources, upload-data-to-table]"),
        (
            "p.yaml:4: rule r: on: download.rows does not judge upload-data-to-table; it judges download-resources,"
            " download-resources-execute"
        ),
    ),
    "a full-width colon": (
        "version: 1\nrules：\n  - id: r\n",
        (
            "p.yaml:3: is not YAML: could not find expected ':'; line 2: write : , [ ] { } and quotes in"
            " their plain form"
        ),
    ),
    "a list with something behind it": (
        rule(message="[a-z]+ {rows}"),
        "p.yaml:7: is not YAML: did not find expected key; line 7: put what begins with [ and is no list in quotes",
    ),
    "a quote and a colon in text": (
        rule(message="it's so: no"),
        (
            "p.yaml:7: is not YAML: mapping values are not allowed in this context; line 7: put text that holds a colon"
            " in quotes"
        ),
    ),
    "a parameter of a check that has none": (
        rule(on="update-data-quality-rule", check="quality.thresholds", with_="{max: 1}"),
        "p.yaml:6: rule r: with.max: unknown key; none is known here",
    ),
    "a file of checks that cannot be printed": (
        top(checks='"checks/a\\nb.py"'),
        f"{NOT_PYTHON} 'checks/a\\nb.py'",
    ),
    "a star without quotes": (
        rule(on="*"),
        (
            "p.yaml:4: is not YAML: did not find expected alphabetic or numeric character; line 4: put what"
            " begins with * % @ ! or ` in quotes"
        ),
    ),
    "a backslash in double quotes": (
        pattern(r'"\d+.csv"'),
        "p.yaml:6: is not YAML: found unknown escape character; line 6: put what holds a \\ in single quotes",
    ),
    "a colon in a message": (
        rule(message="Too many: ask us"),
        (
            "p.yaml:7: is not YAML: mapping values are not allowed in this context; line 7: put text that"
            " holds a colon in"
            " quotes"
        ),
    ),
    "a slip that nobody knows": (
        "version: 1\nrules: [\n",
        "p.yaml:3: is not YAML: did not find expected node content",
    ),
    "a number with separators": (
        rule(with_="{max: 100,000}"),
        "p.yaml:6: rule r: with.000: unknown key; known: max; a comma ends the value before it",
    ),
    "a missing dash": (
        rule() + "\n    id: s\n",
        "p.yaml:8: the key 'id' stands twice; is a '-' missing before it?",
    ),
    "a source that nobody knows": (
        rule(check="download.source", with_="{deny: [dwexel]}"),
        (
            "p.yaml:6: rule r: with.deny: expected entity_transfer, develop_query, sqlx_query, dw_excel, or"
            " a pattern with *,"
            " found 'dwexel' in it"
        ),
    ),
    "a login name for an id": (
        rule(check="download.operator", with_="{deny: [zhangsan]}"),
        "p.yaml:6: rule r: with.deny: expected ids of users (digits), found 'zhangsan' in it",
    ),
    "an unknown key at the top": (
        top(lang="en"),
        f"p.yaml:7: lang: unknown key; known: {TOP_KEYS}; did you mean language?",
    ),
    "a key at the top like no other": (
        top(zzz="1"),
        "p.yaml:7: zzz: unknown key; known: checks, defaults, language, lists, log, rules, sql, timezone, version",
    ),
    "a language that is not built in": (top(language="fr"), "p.yaml:7: language: expected en or zh, found 'fr'"),
    "Norwegian": (top(language="no"), "p.yaml:7: language: expected en or zh, found 'no'"),
    "language in capitals": (top(language="ZH"), "p.yaml:7: language: expected en or zh, found 'ZH'; did you mean zh?"),
    "null language": (top(language=""), "p.yaml:7: language: expected en or zh, found nothing"),
    "a timezone that does not exist": (top(timezone="Mars/Olympus"), f"{NOT_ZONE} 'Mars/Olympus'"),
    "a timezone as offset": (top(timezone="'+08:00'"), f"{NOT_ZONE} '+08:00'"),
    "a timezone as number": (top(timezone="8"), f"{NOT_ZONE} 8"),
    "a timezone that is nothing": (top(timezone="~"), f"{NOT_ZONE} nothing"),
    "a timezone as list": (top(timezone="[UTC]"), f"{NOT_ZONE} a list"),
    "a timezone outside its folder": (top(timezone="../../etc/passwd"), f"{NOT_ZONE} '../../etc/passwd'"),
    "a timezone from the root": (top(timezone="/etc/localtime"), f"{NOT_ZONE} '/etc/localtime'"),
    "defaults as a list": (top(defaults="[FAIL]"), "p.yaml:7: defaults: expected a mapping, found a list"),
    "null defaults": (top(defaults=""), "p.yaml:7: defaults: expected a mapping, found nothing"),
    "an unknown key in defaults": (
        top(defaults="{on_eror: OK}"),
        "p.yaml:7: defaults.on_eror: unknown key; known: on_error, on_timeout, on_unreadable; did you mean on_error?",
    ),
    "a bad on_error": (
        top(defaults="{on_error: PASS}"),
        "p.yaml:7: defaults.on_error: expected OK or WARN or FAIL, found 'PASS'",
    ),
    "a bad on_timeout": (
        top(defaults="{on_timeout: ok}"),
        "p.yaml:7: defaults.on_timeout: expected OK or WARN or FAIL, found 'ok'; did you mean OK?",
    ),
    "a bad on_unreadable": (
        top(defaults="{on_unreadable: ERROR}"),
        "p.yaml:7: defaults.on_unreadable: expected OK or WARN or FAIL, found 'ERROR'",
    ),
    "a bad on_unreadable of a rule": (
        rule(on_unreadable="ERROR"),
        "p.yaml:7: rule r: on_unreadable: expected OK or WARN or FAIL, found 'ERROR'",
    ),
    # the log
    "log as text": (top(log="outline"), "p.yaml:7: log: expected a mapping, found 'outline'"),
    "null log": (top(log=""), "p.yaml:7: log: expected a mapping, found nothing"),
    "an unknown key in log": (
        top(log="{slq: outline}"),
        "p.yaml:7: log.slq: unknown key; known: sql; did you mean sql?",
    ),
    "all of SQL in the log": (top(log="{sql: text}"), "p.yaml:7: log.sql: expected digest or outline, found 'text'"),
    "an outline in capitals": (
        top(log="{sql: OUTLINE}"),
        "p.yaml:7: log.sql: expected digest or outline, found 'OUTLINE'; did you mean outline?",
    ),
    "a log of true SQL": (top(log="{sql: true}"), "p.yaml:7: log.sql: expected digest or outline, found true"),
    "a log of no SQL": (top(log="{sql: }"), "p.yaml:7: log.sql: expected digest or outline, found nothing"),
    "a list of what is logged": (
        top(log="{sql: [outline]}"),
        "p.yaml:7: log.sql: expected digest or outline, found a list",
    ),
    # data sources
    "sql as text": (top(sql="odps"), "p.yaml:7: sql: expected a mapping, found 'odps'"),
    "null sql": (top(sql=""), "p.yaml:7: sql: expected a mapping, found nothing"),
    "an unknown key in sql": (
        top(sql="{project: {a: b}}"),
        "p.yaml:7: sql.project: unknown key; known: engines, projects; did you mean projects?",
    ),
    "projects as text": (top(sql="{projects: sales}"), "p.yaml:7: sql.projects: expected a mapping, found 'sales'"),
    "a project of nothing": (top(sql="{projects: {a: }}"), f"{NOT_PROJECT} nothing"),
    "a project that is a number": (top(sql="{projects: {a: 7}}"), f"{NOT_PROJECT} 7"),
    "a project of all names": (top(sql="{projects: {a: '*'}}"), f"{NOT_PROJECT} '*'"),
    "a project with an end": (top(sql="{projects: {a: sales.}}"), f"{NOT_PROJECT} 'sales.'"),
    "a project as in a GUID": (top(sql="{projects: {a: ODPS.sales}}"), f"{NOT_PROJECT} 'ODPS.sales'; leave odps. out"),
    "a named list as project": (top(sql="{projects: {a: {list: b}}}"), f"{NOT_PROJECT} a mapping"),
    "a project of others that is none": (
        top(sql="{projects: {'*': '*'}}"),
        "p.yaml:7: sql.projects.*: expected the name of a project, schema or database, found '*'",
    ),
    "an engine of all others": (top(sql="{engines: {'*': hive}}"), f"p.yaml:7: sql.engines.*: {NOT_PLACE}"),
    "a pattern of data sources": (
        top(sql="{projects: {'odps_*': sales}}"),
        f"p.yaml:7: sql.projects.odps_*: {NOT_PLACE}",
    ),
    "a workspace by name": (top(sql="{projects: {dw/odps: a}}"), f"p.yaml:7: sql.projects.dw/odps: {NOT_PLACE}"),
    "a data source without a name": (
        top(sql="{engines: {90214/: hive}}"),
        f"p.yaml:7: sql.engines.90214/: {NOT_PLACE}",
    ),
    "an empty data source": (top(sql="{engines: {'': hive}}"), f"p.yaml:7: sql.engines: {NOT_PLACE}"),
    "a data source in two cases": (
        top(sql="{projects: {1/CRM: a, crm: a, 1/crm: b}}"),
        "p.yaml:7: sql.projects.1/crm: is the same as another key here: case does not count",
    ),
    "an engine that is no SQL": (top(sql="{engines: {crm: python}}"), f"{NOT_ENGINE} 'python'"),
    "an engine like no other": (top(sql="{engines: {crm: oracle}}"), f"{NOT_ENGINE} 'oracle'"),
    "an engine in capitals": (top(sql="{engines: {crm: MySQL}}"), f"{NOT_ENGINE} 'MySQL'; did you mean mysql?"),
    # a rule
    "no id": (rule(id=None), "p.yaml:3: rule #1: id: is missing"),
    "an id with a space": (rule(id="bulk download"), f"p.yaml:3: rule #1: {NOT_ID} 'bulk download'"),
    "an id that starts with a sign": (rule(id="-bulk"), f"p.yaml:3: rule #1: {NOT_ID} '-bulk'"),
    "an id that is a number": (rule(id="5"), f"p.yaml:3: rule #1: {NOT_ID} 5"),
    "an empty id": (rule(id="''"), f"p.yaml:3: rule #1: {NOT_ID} ''"),
    "an id that is too long": (
        rule(id="x" * 65),
        f"p.yaml:3: rule #1: {NOT_ID} '{'x' * 58}…",
    ),
    "an id of two lines": (rule(id='"a\\nb"'), f"p.yaml:3: rule #1: {NOT_ID} 'a\\nb'"),
    "an id in Chinese": (rule(id="下载"), f"p.yaml:3: rule #1: {NOT_ID} '下载'"),
    "two rules with one id": (
        rule() + "\n" + rule().partition("rules:\n")[2],
        "p.yaml:8: rule r: id: is the id of the rule in line 3 too",
    ),
    "a parameter outside of with": (
        rule(max="5"),
        "p.yaml:7: rule r: max: is a parameter of download.rows: write it under with, as with: {max: ...}",
    ),
    "an unknown key in a rule": (
        rule(massage="no"),
        (f"p.yaml:7: rule r: massage: unknown key; known: {KEYS}; did you mean message?"),
    ),
    "a merge key": (
        rule(**{"<<": "{id: x}"}),
        "p.yaml:7: merge keys (<<) are not taken: write the keys out, or use lists",
    ),
    "result OK": (rule(result="OK"), "p.yaml:7: rule r: result: expected FAIL or WARN, found 'OK'"),
    "result in small letters": (
        rule(result="fail"),
        "p.yaml:7: rule r: result: expected FAIL or WARN, found 'fail'; did you mean FAIL?",
    ),
    "mode off": (rule(mode="off"), "p.yaml:7: rule r: mode: expected enforce or shadow, found 'off'"),
    "mode false": (rule(mode="false"), "p.yaml:7: rule r: mode: expected enforce or shadow, found false"),
    # its events
    "no on": (rule(on=None), "p.yaml:3: rule r: on: is missing"),
    "null on": (rule(on=""), f"{NOT_EVENT} nothing"),
    "an empty on": (rule(on="[]"), "p.yaml:4: rule r: on: expected at least one event"),
    "a number in on": (rule(on="[download-resources, 5]"), f"{NOT_EVENT} 5"),
    "a mapping as on": (rule(on="{a: b}"), f"{NOT_EVENT} a mapping"),
    "an event that nearly is one": (
        rule(on="download-resource"),
        f"{NOT_EVENT} 'download-resource'; did you mean download-resources?",
    ),
    "an event in the wrong case": (
        rule(on="Download-Resources"),
        f"{NOT_EVENT} 'Download-Resources'; did you mean download-resources?",
    ),
    "an unknown event among known ones": (
        rule(on="[download-resources, commitfile]"),
        f"{NOT_EVENT} 'commitfile'; did you mean commit-file?",
    ),
    "an event like no other": (rule(on="xyz"), f"{NOT_EVENT} 'xyz'"),
    "events that the check does not judge": (
        rule(on="[upload-data-to-table, commit-file]"),
        (
            "p.yaml:4: rule r: on: holds no event that download.rows judges; it judges download-resources,"
            " download-resources-execute"
        ),
    ),
    # its check
    "a check that nearly is one": (
        rule(check="download.row"),
        f"{NOT_CHECK} 'download.row'; did you mean download.rows?",
    ),
    "a check like no other": (rule(check="frobnicate"), f"{NOT_CHECK} 'frobnicate'"),
    "a number as check": (rule(check="1"), f"{NOT_CHECK} 1"),
    # its settings
    "no with": (rule(with_=None), "p.yaml:3: rule r: with.max: is missing"),
    "an empty with": (rule(with_="{}"), "p.yaml:6: rule r: with.max: is missing"),
    "an unknown key in with": (
        rule(with_="{max: 1, maximum: 1}"),
        "p.yaml:6: rule r: with.maximum: unknown key; known: max; did you mean max?",
    ),
    "with as a list": (
        rule(check="upload.overwrite", on="upload-data-to-table", with_="[a]"),
        "p.yaml:6: rule r: with: expected a mapping, found a list",
    ),
    "with as text": (
        rule(check="upload.overwrite", on="upload-data-to-table", with_="all"),
        "p.yaml:6: rule r: with: expected a mapping, found 'all'",
    ),
    "a negative max": (
        rule(with_="{max: -1}"),
        "p.yaml:6: rule r: with.max: expected a whole number of at least 0, found -1",
    ),
    "a fraction as max": (rule(with_="{max: 1.5}"), f"{NOT_INT} 1.5"),
    "a whole fraction as max": (rule(with_="{max: 2.0}"), f"{NOT_INT} 2.0"),
    "truth as max": (rule(with_="{max: true}"), f"{NOT_INT} true"),
    "text as max": (rule(with_="{max: many}"), f"{NOT_INT} 'many': write digits only, without quotes"),
    "a number in quotes as max": (rule(with_="{max: '5'}"), f"{NOT_INT} '5': write digits only, without quotes"),
    "a list as max": (rule(with_="{max: [1]}"), f"{NOT_INT} a list"),
    "a size of no known unit": (rule(check="download.size", with_="{max: 10XB}"), f"{NOT_SIZE} '10XB'"),
    "a size in small letters": (rule(check="download.size", with_="{max: 10mb}"), f"{NOT_SIZE} '10mb'"),
    "a negative size": (rule(check="download.size", with_="{max: -5}"), f"{NOT_SIZE} -5"),
    "a size without a number": (rule(check="download.size", with_="{max: MB}"), f"{NOT_SIZE} 'MB'"),
    "a size with separators": (rule(check="download.size", with_="{max: '1,000 B'}"), f"{NOT_SIZE} '1,000 B'"),
    "truth as size": (rule(check="download.size", with_="{max: true}"), f"{NOT_SIZE} true"),
    "a fraction of a byte": (
        rule(check="download.size", with_="{max: 0.3B}"),
        "p.yaml:6: rule r: with.max: expected whole bytes, found '0.3B'",
    ),
    "neither allow nor deny": (listed("{}"), "p.yaml:6: rule r: with: expected allow, deny or both, found neither"),
    "neither allow nor deny, without with": (
        rule(check="download.source", with_=None),
        "p.yaml:3: rule r: with: expected allow, deny or both, found neither",
    ),
    "no networks at all": (networks("{}"), "p.yaml:6: rule r: with: expected allow, deny or both, found neither"),
    "an empty allow": (listed("{allow: []}"), f"{NOT_NAMES} an empty list"),
    "null allow": (listed("{allow: }"), f"{NOT_NAMES} nothing"),
    "a number for a list": (listed("{allow: 5}"), f"{NOT_NAMES} 5"),
    "text for a list": (listed("{allow: dw_excel}"), f"{NOT_NAMES} 'dw_excel'"),
    "a mapping for a list": (listed("{allow: {dw_excel: }}"), f"{NOT_NAMES} a mapping"),
    "a list in a list": (listed("{allow: [[dw_excel]]}"), f"{NOT_NAME} a list in it"),
    "a fraction in a list": (listed("{allow: [1.5]}"), f"{NOT_NAME} 1.5 in it"),
    "truth in a list": (listed("{allow: [true]}"), f"{NOT_NAME} true in it"),
    "nothing in a list": (listed("{allow: [a, ~]}"), f"{NOT_NAME} nothing in it"),
    "blank text in a list": (listed("{allow: ['  ']}"), f"{NOT_NAME} '  ' in it"),
    "a name that is too long": (
        listed(f"{{allow: [{'x' * 1001}]}}"),
        f"p.yaml:6: rule r: with.allow: expected names of at most 1000 characters, found '{'x' * 58}… in it",
    ),
    "a network that is too small": (
        networks("{allow: [10.0.0.0/33]}"),
        f"{BAD_NETWORK} '10.0.0.0/33'",
    ),
    "a network with host bits": (
        networks("{allow: [10.0.0.1/8]}"),
        "p.yaml:6: rule r: with.allow: 10.0.0.1/8 has host bits set; did you mean 10.0.0.0/8?",
    ),
    "an IPv6 network with host bits": (
        networks("{allow: ['2001:db8::1/32']}"),
        "p.yaml:6: rule r: with.allow: 2001:db8::1/32 has host bits set; did you mean 2001:db8::/32?",
    ),
    "an IPv6 network with other letters": (
        networks("{allow: ['2001:zz::/32']}"),
        f"{BAD_NETWORK} '2001:zz::/32'",
    ),
    "a word as network": (
        networks("{allow: [10.0.0.0/8, office]}"),
        f"{BAD_NETWORK} 'office'",
    ),
    "no list of networks": (networks("{allow: 10.0.0.0/8}"), f"{NOT_NETWORKS} '10.0.0.0/8'"),
    "an empty list of networks": (networks("{allow: []}"), f"{NOT_NETWORKS} an empty list"),
    "a number as network": (networks("{allow: [10]}"), f"{BAD_NETWORK} 10"),
    "a group that is not closed": (pattern("'('"), f"{BAD_PATTERN} missing ): ("),
    "a class that is not closed": (pattern("'[a'"), f"{BAD_PATTERN} missing ]: [a"),
    "nothing to repeat": (pattern("'*a'"), f"{BAD_PATTERN} no argument for repetition operator: *"),
    "a pattern too large": (pattern("'a{2000}'"), f"{BAD_PATTERN} invalid repetition size: {{2000}}"),
    "a lookahead": (pattern("'a(?=b)'"), f"{BAD_PATTERN} invalid perl operator: (?="),
    "a negative lookahead": (pattern("'(?!b)a'"), f"{BAD_PATTERN} invalid perl operator: (?!"),
    "a backreference": (pattern(r"'(a)\1'"), f"{BAD_PATTERN} invalid escape sequence: \\1"),
    "an empty pattern": (pattern("''"), f"{NOT_PATTERN} ''"),
    "a number as pattern": (pattern("5"), f"{NOT_PATTERN} 5"),
    "a pattern that is too long": (pattern("x" * 1001), f"{NOT_PATTERN} '{'x' * 58}…"),
    "no pattern": (
        rule(check="download.file_name", with_="{}"),
        "p.yaml:6: rule r: with.pattern: is missing",
    ),
    # its message
    "a placeholder of another check": (
        rule(message="'{size} bytes'"),
        f"p.yaml:7: rule r: message: download.rows has no value for {{size}}; {NO_VALUE}",
    ),
    "an attribute of a value": (
        rule(message="'{rows.__class__}'"),
        "p.yaml:7: rule r: message: {rows.__class__} is not a placeholder: only {name} is taken",
    ),
    "an index of a value": (
        rule(message="'{rows[0]}'"),
        "p.yaml:7: rule r: message: {rows[0]} is not a placeholder: only {name} is taken",
    ),
    "a format of a value": (
        rule(message="'{rows:>10}'"),
        "p.yaml:7: rule r: message: {rows:>10} is not a placeholder: only {name} is taken",
    ),
    "a conversion of a value": (
        rule(message="'{rows!r}'"),
        "p.yaml:7: rule r: message: {rows!r} is not a placeholder: only {name} is taken",
    ),
    "a format that takes a value": (
        rule(message="'{rows:{max}}'"),
        "p.yaml:7: rule r: message: {rows:{max}} is not a placeholder: only {name} is taken",
    ),
    "empty braces": (
        rule(message="'{} rows'"),
        "p.yaml:7: rule r: message: {} is not a placeholder: only {name} is taken",
    ),
    "a number in braces": (
        rule(message="'{0} rows'"),
        "p.yaml:7: rule r: message: {0} is not a placeholder: only {name} is taken",
    ),
    "an opening brace": (
        rule(message="'{'"),
        f"{BAD_BRACE} (Single '{{' encountered in format string)",
    ),
    "a closing brace": (
        rule(message="'}'"),
        f"{BAD_BRACE} (Single '}}' encountered in format string)",
    ),
    "braces that are not closed": (
        rule(message="'{rows'"),
        f"{BAD_BRACE} (expected '}}' before end of string)",
    ),
    "a number as message": (rule(message="5"), f"{NOT_MESSAGE} 5"),
    "a list as message": (rule(message="[no]"), f"{NOT_MESSAGE} a list"),
    "a blank message": (rule(message="'   '"), f"{NOT_MESSAGE} '   '"),
    "null message": (rule(message=""), f"{NOT_MESSAGE} nothing"),
    "a message that is too long": (
        rule(message="x" * 1001),
        "p.yaml:7: rule r: message: expected at most 1000 characters, found 1,001",
    ),
    # what rules share, and what narrows them
    "a condition that begins with a quote": (
        when("'role_project_admin' in operator.roles"),
        (
            "p.yaml:5: is not YAML: did not find expected key; line 5: put all of what begins with a quote in quotes of"
            " the other kind"
        ),
    ),
    "a list that nobody made": (
        listed("{deny: {list: auditors}}"),
        "p.yaml:6: rule r: with.deny: there is no list 'auditors' under lists",
    ),
    "a list that nearly is one": (
        lists("{auditors: [a]}", check="download.datasource", with_="{deny: {list: auditor}}"),
        "p.yaml:7: rule r: with.deny: there is no list 'auditor' under lists; did you mean auditors?",
    ),
    "a list among names that nobody made": (
        listed("{deny: [a, {list: b}]}"),
        "p.yaml:6: rule r: with.deny: there is no list 'b' under lists",
    ),
    "a list that is called by a number": (
        listed("{deny: {list: 5}}"),
        "p.yaml:6: rule r: with.deny: there is no list 5 under lists",
    ),
    "lists as a list": (lists("[a]"), "p.yaml:2: lists: expected a mapping, found a list"),
    "a list that is text": (lists("{a: b}"), f"{NOT_LIST} 'b'"),
    "a list that is nothing": (lists("{a: }"), f"{NOT_LIST} nothing"),
    "a list that is empty": (lists("{a: []}"), f"{NOT_LIST} an empty list"),
    "a list of lists": (lists("{a: [[b]]}"), f"{NOT_LIST} a list in it"),
    "a list of truth values": (lists("{a: [true]}"), f"{NOT_LIST} true in it"),
    "a list in a list of its own": (
        lists("{a: [1], b: [{list: a}]}"),
        "p.yaml:2: lists.b: there is no list 'a' under lists",
    ),
    "a list of names where ids stand": (
        lists("{a: [zhang]}", operators="{list: a}"),
        "p.yaml:8: rule r: operators: expected ids of users (digits), found 'zhang' in it",
    ),
    "a list of networks that are none": (
        lists("{a: [office]}", on="download-resources-execute", check="download.ip", with_="{deny: {list: a}}"),
        "p.yaml:7: rule r: with.deny: expected networks such as 10.0.0.0/8 or 2001:db8::/32, found 'office'",
    ),
    "a list of events that are none": (
        lists("{a: [run-fil]}", on="{list: a}"),
        (
            "p.yaml:5: rule r: on: expected event codes, categories or modules, or \"*\", found 'run-fil';"
            " did you mean run-file?"
        ),
    ),
    "a list of other events than the check judges": (
        lists("{a: [commit-file]}", on="{list: a}"),
        (
            "p.yaml:5: rule r: on: holds no event that download.rows judges; it judges download-resources,"
            " download-resources-execute"
        ),
    ),
    "a list where a number stands": (
        lists("{a: [1]}", with_="{max: {list: a}}"),
        "p.yaml:7: rule r: with.max: expected a whole number of at least 0, found a list",
    ),
    "a condition that is not done": (
        when("size(event.fileName) >"),
        "p.yaml:5: rule r: when: the text ends too early (at character 23)",
    ),
    "a condition with one equals sign": (
        when("event.fileName = 1"),
        "p.yaml:5: rule r: when: = is not expected here; write == (at character 16)",
    ),
    "a condition that is nothing": (when(""), f"{NOT_CEL} nothing"),
    "a condition that is a number": (when("5"), f"{NOT_CEL} 5"),
    "a condition that is blank": (when("'  '"), f"{NOT_CEL} '  '"),
    "a condition that is too long": (
        when('"' + "true || " * 2000 + 'true"'),
        "p.yaml:5: rule r: when: expected a CEL expression of at most 1,000 characters, found 16,004",
    ),
    "a field that the events do not have": (
        when("event.dataRowSiz > 1"),
        "p.yaml:5: rule r: when: event has no dataRowSiz (at character 7); did you mean dataRowSize?",
    ),
    "a field of another event": (
        when("event.includeNodeIds.size() > 1"),
        "p.yaml:5: rule r: when: event has no includeNodeIds (at character 7)",
    ),
    "a field that events of several kinds do not have": (
        when("event.tableName == ''", on="[download-resources, backfill-data]"),
        "p.yaml:5: rule r: when: event has no tableName (at character 7); did you mean fileName?",
    ),
    "a variable that nobody has": (
        when("evnt.dataRowSize > 1"),
        "p.yaml:5: rule r: when: there is no evnt (at character 1); did you mean event?",
    ),
    "a variable like no other": (
        when("workspaces.id == '1'"),
        "p.yaml:5: rule r: when: there is no workspaces (at character 1); did you mean workspace?",
    ),
    "SQL of events that have none": (
        when("sql.tables.size() > 1", on="[freeze-node, project-deleted]"),
        "p.yaml:5: rule r: when: there is no sql (at character 1)",
    ),
    "a fact of SQL like no other": (
        when("sql.table == 'a'"),
        "p.yaml:5: rule r: when: sql has no table (at character 5); did you mean tables?",
    ),
    "a fact of SQL of another kind": (
        when("sql.limit == '10'"),
        "p.yaml:5: rule r: when: == cannot compare int with string (at character 11)",
    ),
    "a field of the operator": (
        when("operator.name == 'li'"),
        "p.yaml:5: rule r: when: operator has no name (at character 10)",
    ),
    "a field of the workspace": (
        when("workspace.name == 'dw'"),
        "p.yaml:5: rule r: when: workspace has no name (at character 11)",
    ),
    "a number compared with text": (
        when("event.dataRowSize > 'many'"),
        "p.yaml:5: rule r: when: > cannot compare int with string (at character 19)",
    ),
    "text taken for a condition": (
        when("event.fileName"),
        "p.yaml:5: rule r: when: expected a condition (true or false), found string",
    ),
    "a number taken for a condition": (
        when("event.dataRowSize + 1"),
        "p.yaml:5: rule r: when: expected a condition (true or false), found int",
    ),
    "a function that is none": (
        when("event.fileName.beginsWith('a')"),
        "p.yaml:5: rule r: when: there is no method beginsWith (at character 16); did you mean endsWith?",
    ),
    "a pattern that is none": (
        when("event.fileName.matches('(')"),
        "p.yaml:5: rule r: when: expected a regular expression: unclosed group (at character 24)",
    ),
    "a timezone that is none": (
        when("now.getHours('Mars') > 1"),
        ("p.yaml:5: rule r: when: expected a timezone such as Asia/Shanghai or +08:00, found 'Mars' (at character 14)"),
    ),
    "a date that is no time": (
        when("""now < timestamp("2026-01-01")"""),
        (
            "p.yaml:5: rule r: when: expected a time such as 2026-01-31T09:00:00+08:00, found '2026-01-01' (at"
            " character 17)"
        ),
    ),
    "a bad condition beside a check": (
        rule(when="event.fileNme == ''"),
        "p.yaml:7: rule r: when: event has no fileNme (at character 7); did you mean fileName?",
    ),
    "a field of an event that the check does not judge": (
        rule(on="'*'", when="event.includeNodeIds.size() > 1"),
        "p.yaml:7: rule r: when: event has no includeNodeIds (at character 7)",
    ),
    "neither check nor when": (
        rule(check=None, with_=None),
        "p.yaml:3: rule r: has neither check nor when: it would never hit",
    ),
    "with without check": (
        rule(check=None, when="'true'"),
        "p.yaml:5: rule r: with: is for a check, and this rule has none",
    ),
    "a month 13": (rule(from_="2026-13-01"), f"{NOT_FROM} '2026-13-01'"),
    "a day 30 of February": (rule(until="2026-02-30"), f"{NOT_UNTIL} '2026-02-30'"),
    "a date in the German way": (rule(until="31.12.2026"), f"{NOT_UNTIL} '31.12.2026'"),
    "a date in the American way": (rule(until="12/31/2026"), f"{NOT_UNTIL} '12/31/2026'"),
    "a date without zeros": (rule(from_="2026-1-1"), f"{NOT_FROM} '2026-1-1'"),
    "a year": (rule(from_="2026"), f"{NOT_FROM} 2026"),
    "a date that is nothing": (rule(until=""), f"{NOT_UNTIL} nothing"),
    "an hour 25": (rule(until="2026-12-31 25:00"), f"{NOT_UNTIL} '2026-12-31 25:00'"),
    "a time without a date": (rule(from_="'18:00'"), f"{NOT_FROM} '18:00'"),
    "a date with a zone by its name": (
        rule(until="2026-12-31 18:00 Asia/Shanghai"),
        f"{NOT_UNTIL} '2026-12-31 18:00 Asia/Shanghai'",
    ),
    "a date as a list": (rule(until="[2026-12-31]"), f"{NOT_UNTIL} a list"),
    "until before from": (
        rule(from_="2026-12-31", until="2026-12-30"),
        "p.yaml:8: rule r: until: is not after from: the rule would never be in force",
    ),
    "until at from": (
        rule(from_="2026-12-31 18:00", until="2026-12-31 18:00"),
        "p.yaml:8: rule r: until: is not after from: the rule would never be in force",
    ),
    "operators by name": (
        rule(operators="[zhangsan]"),
        "p.yaml:7: rule r: operators: expected ids of users (digits), found 'zhangsan' in it",
    ),
    "one operator by name": (
        rule(except_operators="li"),
        "p.yaml:7: rule r: except_operators: expected ids of users (digits), found 'li' in it",
    ),
    "no operators": (
        rule(operators="[]"),
        "p.yaml:7: rule r: operators: expected a list with at least one name in it, found an empty list",
    ),
    "operators as a mapping": (
        rule(operators="{a: b}"),
        "p.yaml:7: rule r: operators: expected a list with at least one name in it, found a mapping",
    ),
    "workspaces by name": (
        rule(workspaces="[sandbox]"),
        "p.yaml:7: rule r: workspaces: expected ids of workspaces (digits), found 'sandbox' in it",
    ),
    "except_workspaces by name": (
        rule(except_workspaces="[90214, sand-box]"),
        "p.yaml:7: rule r: except_workspaces: expected ids of workspaces (digits), found 'sand-box' in it",
    ),
    "workspaces that are nothing": (
        rule(workspaces=""),
        "p.yaml:7: rule r: workspaces: expected a list with at least one name in it, found nothing",
    ),
    "workspaces by a fraction": (
        rule(workspaces="1.5"),
        "p.yaml:7: rule r: workspaces: expected a list with at least one name in it, found 1.5",
    ),
    "a rule for nobody": (
        rule(except_operators="'*'"),
        "p.yaml:7: rule r: except_operators: holds *, so that the rule would be for nobody",
    ),
    "a rule for no workspace": (
        rule(except_workspaces="[90214, '*']"),
        "p.yaml:7: rule r: except_workspaces: holds *, so that the rule would be for nobody",
    ),
    "a rule for nobody by a named list": (
        rule(except_operators="{list: all}") + "\nlists: {all: ['*']}\n",
        "p.yaml:7: rule r: except_operators: holds *, so that the rule would be for nobody",
    ),
    "an exemption without an end": (exempt("{operator: 1}"), "p.yaml:7: rule r: exempt[0].until: is missing"),
    "an exemption of everybody": (
        exempt("{until: 2026-12-31, reason: audit}"),
        ("p.yaml:7: rule r: exempt[0]: names neither operator nor workspace nor table: it would exempt everybody"),
    ),
    "an exemption with a key like no other": (
        exempt("{operator: 1, until: 2026-12-31, zzz: 1}"),
        "p.yaml:7: rule r: exempt[0].zzz: unknown key; known: operator, reason, table, until, workspace",
    ),
    "an exemption until nobody knows": (
        exempt("{operator: 1, until: friday}"),
        ("p.yaml:7: rule r: exempt[0].until: expected a date such as 2026-12-31, or 2026-12-31 18:00, found 'friday'"),
    ),
    "an exemption of an operator by name": (
        exempt("{operator: li, until: 2026-12-31}"),
        "p.yaml:7: rule r: exempt[0].operator: expected ids of users (digits), found 'li' in it",
    ),
    "an exemption of a workspace by name": (
        exempt("{workspace: dw, until: 2026-12-31}"),
        "p.yaml:7: rule r: exempt[0].workspace: expected ids of workspaces (digits), found 'dw' in it",
    ),
    "an exemption of a table without its project": (
        exempt("{table: orders, until: 2026-12-31}"),
        (
            "p.yaml:7: rule r: exempt[0].table: expected tables such as odps.project.table or *.table, found"
            " 'orders' in it"
        ),
    ),
    "an exemption of an operator with a zero in front": (
        exempt("{operator: 0149, until: 2026-12-31}"),
        ("p.yaml:7: rule r: exempt[0].operator: expected ids of users (digits, no zeros in front), found '0149' in it"),
    ),
    "an exemption with a reason of two lines": (
        exempt('{operator: 1, until: 2026-12-31, reason: "a\\nb"}'),
        "p.yaml:7: rule r: exempt[0].reason: expected one line of at most 200 characters, found 'a\\nb'",
    ),
    "the second exemption": (
        exempt("{operator: 1, until: 2026-12-31}, {table: odps.a.b, until: 2026-31-12}"),
        (
            "p.yaml:7: rule r: exempt[1].until: expected a date such as 2026-12-31, or 2026-12-31 18:00,"
            " found '2026-31-12'"
        ),
    ),
    "an exemption that is text": (rule(exempt="[li]"), f"{NOT_EXEMPT} 'li' in it"),
    "exemptions as a mapping": (rule(exempt="{operator: 1, until: 2026-12-31}"), f"{NOT_EXEMPT} a mapping"),
    "exemptions that are none": (rule(exempt="[]"), f"{NOT_EXEMPT} an empty list"),
    "exemptions that are nothing": (rule(exempt=""), f"{NOT_EXEMPT} nothing"),
    "an option for a parameter that nearly is one": (
        rule(options="{maxx: rows}"),
        ("p.yaml:7: rule r: options.maxx: download.rows has no such parameter; it has max, result; did you mean max?"),
    ),
    "an option for a parameter like no other": (
        rule(options="{limit: rows}"),
        "p.yaml:7: rule r: options.limit: download.rows has no such parameter; it has max, result",
    ),
    "an option for mode": (
        rule(options="{mode: m}"),
        "p.yaml:7: rule r: options.mode: download.rows has no such parameter; it has max, result",
    ),
    "an option whose key is a number": (rule(options="{max: 5}"), f"{NOT_KEY} 5"),
    "an option whose key is nothing": (rule(options="{max: }"), f"{NOT_KEY} nothing"),
    "an option whose key is a list": (rule(options="{max: [a]}"), f"{NOT_KEY} a list"),
    "options as a list": (rule(options="[max]"), "p.yaml:7: rule r: options: expected a mapping, found a list"),
    "an option of a condition": (
        when("'true'", options="{max: rows}"),
        "p.yaml:6: rule r: options.max: a rule without check has no such parameter; it has result",
    ),
    "a severity that is none": (rule(severity="urgent"), f"{NOT_SEVERITY} 'urgent'"),
    "a severity in capitals": (rule(severity="HIGH"), f"{NOT_SEVERITY} 'HIGH'; did you mean high?"),
    "a severity that is a number": (rule(severity="1"), f"{NOT_SEVERITY} 1"),
    "an owner of two lines": (rule(owner='"data\\nteam"'), f"{NOT_OWNER} 'data\\nteam'"),
    "an owner that is nothing": (rule(owner=""), f"{NOT_OWNER} nothing"),
    "an owner that is too long": (rule(owner="x" * 201), f"{NOT_OWNER} '{'x' * 58}…"),
    "an owner that is a list": (rule(owner="[a, b]"), f"{NOT_OWNER} a list"),
    "help without an address": (rule(help="ask us"), f"{NOT_HELP} 'ask us'"),
    "help by mail": (rule(help="mailto:a@example.com"), f"{NOT_HELP} 'mailto:a@example.com'"),
    "help in a script": (rule(help='"javascript:alert(1)"'), f"{NOT_HELP} 'javascript:alert(1)'"),
    "help with a blank in it": (rule(help="https://example.com/a b"), f"{NOT_HELP} 'https://example.com/a b'"),
    "help that is too long": (
        rule(help="https://example.com/" + "x" * 500),
        f"{NOT_HELP} 'https://example.com/{'x' * 38}…",
    ),
    "on_error of a rule": (
        rule(on_error="IGNORE"),
        "p.yaml:7: rule r: on_error: expected OK or WARN or FAIL, found 'IGNORE'",
    ),
    "on_error in small letters": (
        rule(on_error="fail"),
        "p.yaml:7: rule r: on_error: expected OK or WARN or FAIL, found 'fail'; did you mean FAIL?",
    ),
    "on_timeout of a rule": (
        rule(on_timeout="PASS"),
        "p.yaml:7: rule r: on_timeout: expected OK or WARN or FAIL, found 'PASS'",
    ),
    "custom checks from the root": (top(checks="/etc/check.py"), f"{NOT_PYTHON} '/etc/check.py'"),
    "custom checks from above": (top(checks="../check.py"), f"{NOT_PYTHON} '../check.py'"),
    "custom checks from above in a list": (
        top(checks="[checks/a.py, checks/../../b.py]"),
        f"{NOT_PYTHON} 'checks/../../b.py'",
    ),
    "custom checks that are no Python": (top(checks="checks/a.txt"), f"{NOT_PYTHON} 'checks/a.txt'"),
    "a folder of custom checks": (top(checks="checks"), f"{NOT_PYTHON} 'checks'"),
    "custom checks that are nothing": (top(checks=""), f"{NOT_PYTHON} nothing"),
    "custom checks that are none": (top(checks="[]"), f"{NOT_PYTHON} an empty list"),
    "custom checks by a number": (top(checks="[5]"), f"{NOT_PYTHON} 5"),
    "the condition in the message of a check": (
        rule(when="'true'", message="'{condition}'"),
        (
            "p.yaml:8: rule r: message: download.rows has no value for {condition}; it has event, max,"
            " operator, rows, rule, time, workspace"
        ),
    ),
    "a value of a check in the message of a condition": (
        when("'true'", message="'{rows}'"),
        (
            "p.yaml:6: rule r: message: a rule without check has no value for {rows}; it has condition,"
            " event, operator, rule, time, workspace"
        ),
    ),
}


@pytest.mark.parametrize(("content", "error"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_is_said_in_one_line(content: str | bytes, error: str) -> None:
    assert refusal(content) == [error]


@pytest.mark.parametrize(
    ("content", "errors"),
    [
        pytest.param(
            rule(with_="{list: a}"),
            [
                "p.yaml:6: rule r: with.max: is missing",
                "p.yaml:6: rule r: with.list: unknown key; known: max",
            ],
            id="a list where settings stand",
        ),
        pytest.param(
            rule(check=None),
            [
                "p.yaml:3: rule r: has neither check nor when: it would never hit",
                "p.yaml:5: rule r: with: is for a check, and this rule has none",
            ],
            id="settings alone",
        ),
        pytest.param(
            exempt("{}"),
            [
                "p.yaml:7: rule r: exempt[0].until: is missing",
                f"p.yaml:7: rule r: exempt[0]: {EVERYBODY}",
            ],
            id="an exemption of nothing",
        ),
        pytest.param(
            exempt("{operators: 1, until: 2026-12-31}"),
            [
                f"p.yaml:7: rule r: exempt[0].operators: unknown key; known: {EXEMPT_KEYS}; did you mean operator?",
                f"p.yaml:7: rule r: exempt[0]: {EVERYBODY}",
            ],
            id="an exemption with another key",
        ),
        pytest.param(
            rule(check="download.row", when="event.fileNme == ''", message="'{rows}'", options="{limit: l}"),
            [
                f"{NOT_CHECK} 'download.row'; did you mean download.rows?",
                "p.yaml:7: rule r: when: event has no fileNme (at character 7); did you mean fileName?",
            ],
            id="what depends on a check that is none is not held against it",
        ),
    ],
)
def test_what_is_wrong_in_two_ways_is_said_in_two_lines(content: str, errors: list[str]) -> None:
    assert refusal(content) == errors


def test_everything_that_is_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    content = """\
version: 2
rules:
  - id: a
    on: nope
    check: nah
    result: OK
  - on: '*'
    check: download.rows
    with: {max: -1}
  - id: a
    on: '*'
    check: download.size
    with: {max: 1MB}
    message: "{rows} {ip}"
language: fr
zzz: 1
"""
    assert refusal(content) == [
        "p.yaml:1: version: expected 1, found 2",
        "p.yaml:4: rule a: on: expected event codes, categories or modules, or \"*\", found 'nope'",
        "p.yaml:5: rule a: check: expected a check, found 'nah'",
        "p.yaml:6: rule a: result: expected FAIL or WARN, found 'OK'",
        "p.yaml:7: rule #2: id: is missing",
        "p.yaml:9: rule #2: with.max: expected a whole number of at least 0, found -1",
        "p.yaml:10: rule a: id: is the id of the rule in line 3 too",
        (
            "p.yaml:14: rule a: message: download.size has no value for {ip}; it has event, max, operator, rule,"
            " size, time, workspace"
        ),
        (
            "p.yaml:14: rule a: message: download.size has no value for {rows}; it has event, max, operator, rule,"
            " size, time, workspace"
        ),
        "p.yaml:15: language: expected en or zh, found 'fr'",
        "p.yaml:16: zzz: unknown key; known: checks, defaults, language, lists, log, rules, sql, timezone, version",
    ]


def test_an_empty_rule_misses_everything() -> None:
    assert refusal("version: 1\nrules:\n  - {}\n") == [
        "p.yaml:3: rule #1: id: is missing",
        "p.yaml:3: rule #1: on: is missing",
        "p.yaml:3: rule #1: has neither check nor when: it would never hit",
    ]


def test_the_facts_of_an_error_are_attributes() -> None:
    with pytest.raises(PolicyError) as caught:
        load(rule(with_="{max: -1}"))
    (fault,) = caught.value.faults
    assert caught.value.file == "p.yaml"
    assert (fault.line, fault.rule, fault.key) == (6, "r", "with.max")
    assert fault.problem == "expected a whole number of at least 0, found -1"


def test_an_error_names_a_value_on_one_short_line() -> None:
    (line,) = refusal(rule(check='"' + r"x\n" * 500 + '"'))
    assert len(line) < 200


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (rule(message=r'"{a\n\nb}"'), r"{a\n\nb} is not a placeholder"),
        (rule(when='"' + r"now.getHours('''a\nb''') > 1" + '"'), r"found '''a\nb'''"),
        (pattern(r'"(?P<a\Lb>x)"'), r"invalid named capture group: (?P<a\u2028b>"),
        (
            rule(on="download-resources-execute", check="download.ip", with_=r'{deny: ["fe80::1%\n/8"]}'),
            r"fe80::1%\n/8 has host bits set",
        ),
        ("version: !a%0Ab 1", r"the tag !a\nb is not supported"),
    ],
)
def test_what_an_error_quotes_begins_no_line(content: str, found: str) -> None:
    (line,) = refusal(content)
    assert line.isprintable()
    assert found in line


def test_aliases_of_aliases_are_refused() -> None:
    """Eight aliases each, twenty levels: 8 to the power of 20 values."""
    levels = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 21)]
    assert refusal("version: 1\n" + "\n".join(levels) + "\nrules: *a20\n") == [
        "p.yaml:7: aliases stand for more than 100,000 values here: use lists"
    ]


def test_an_alias_counts_with_all_that_it_stands_for() -> None:
    text = "version: 1\na: &a [1, 2, &b [x, y]]\nb: *b\n"
    assert len(refusal(text + "c: [" + ", ".join(["*a"] * ((MAX_REPEATED - 3) // 6)) + "]\n")) > 1
    (line,) = refusal(text + "c: [" + ", ".join(["*a"] * ((MAX_REPEATED - 3) // 6 + 1)) + "]\n")
    assert line.startswith("p.yaml:4: aliases stand for more than")


def test_not_all_faults_are_said_where_there_are_very_many() -> None:
    faults = refusal("version: 1\n" + "".join(f"x{number}: 1\n" for number in range(2 * MAX_FAULTS)))
    assert len(faults) == MAX_FAULTS + 1
    assert faults[-1] == "p.yaml:500: too much is wrong: what comes behind was not read"


def test_nothing_is_proposed_where_there_is_too_much_to_choose_from() -> None:
    for count, hint in ((500, "; did you mean list7?"), (501, "")):
        lists = "".join(f"  list{number}: [1]\n" for number in range(count))
        check = "on: '*', check: operator.id, with: {deny: {list: lost7}}"
        line = f"p.yaml:{count + 3}: rule r: with.deny: there is no list 'lost7' under lists{hint}"
        assert refusal(f"version: 1\nlists:\n{lists}rules: [{{id: r, {check}}}]\n") == [line]


def test_a_policy_cannot_be_changed() -> None:
    loaded = load(FULL)
    with pytest.raises(AttributeError):
        loaded.language = Language.EN  # type: ignore[misc]  # frozen is what is tested
    with pytest.raises(AttributeError):
        loaded.rules[0].mode = Mode.ENFORCE  # type: ignore[misc]  # frozen is what is tested


# what narrows a rule, and what it carries along

WHOLE = """\
version: 1
language: en
timezone: Asia/Tokyo
defaults: {on_error: WARN}
lists:
  auditors: ["149318", 20]
  offices: [10.0.0.0/8, "2001:db8::/32"]
  downloads: [download-resources, download-resources-execute]
rules:
  - id: whole
    on: {list: downloads}
    when: event.fileName.endsWith(".csv")
    check: download.rows
    with: {max: 5}
    severity: high
    owner: " data-governance "
    help: http://wiki.example.com/rules?id=1
    options: {max: maxRows, result: level}
    on_error: OK
    on_timeout: WARN
    workspaces: [90214, "77*"]
    except_workspaces: 7700
    operators: {list: auditors}
    except_operators: [{list: auditors}, "9"]
    from: 2026-01-01
    until: 2026-12-31 18:00
    exempt:
      - {operator: {list: auditors}, until: 2026-06-30, reason: audit}
      - {workspace: 1, table: [odps.a.*], until: 2026-06-30 08:30:15}
      - {table: odps.a.b, until: "2026-06-30T08:30Z"}
      - {table: odps.a.b, until: 2026-06-30 08:30+05:30}
"""


def test_a_rule_carries_what_the_file_says_of_it() -> None:
    one = only_rule(WHOLE)
    assert one.check is registry.BY_ID["download.rows"]
    assert one.settings == Maximum(max=Count(5))
    assert one.when is not None
    assert one.when.text == 'event.fileName.endsWith(".csv")'
    assert one.events == DOWNLOADS
    assert (one.severity, one.owner) == (Severity.HIGH, "data-governance")
    assert one.help == "http://wiki.example.com/rules?id=1"
    assert one.options == {"max": "maxRows", "result": "level"}
    assert (one.on_error, one.on_timeout) == (Result.OK, Result.WARN)


def test_a_rule_s_scope_is_what_the_file_says() -> None:
    scope = only_rule(WHOLE).scope
    assert scope.workspaces is not None
    assert scope.except_workspaces is not None
    assert scope.operators is not None
    assert scope.except_operators is not None
    assert scope.workspaces.names == ("90214", "77*")
    assert scope.except_workspaces.names == ("7700",)
    assert scope.operators.names == ("149318", "20")
    assert scope.except_operators.names == ("149318", "20", "9")
    assert scope.start == datetime(2025, 12, 31, 15, 0, tzinfo=UTC)
    assert scope.end == datetime(2026, 12, 31, 9, 0, tzinfo=UTC)


def test_exemptions_are_what_the_file_says() -> None:
    first, second, third, fourth = only_rule(WHOLE).exempt
    assert first.operators is not None
    assert first.operators.names == ("149318", "20")
    assert (first.workspaces, first.tables, first.reason) == (None, None, "audit")
    assert first.until == datetime(2026, 6, 30, 15, 0, tzinfo=UTC)
    assert second.workspaces is not None
    assert second.tables is not None
    assert (second.workspaces.names, second.tables.names) == (("1",), ("odps.a.*",))
    assert (second.operators, second.reason) == (None, "")
    assert second.until == datetime(2026, 6, 29, 23, 30, 15, tzinfo=UTC)
    assert third.until == datetime(2026, 6, 30, 8, 30, tzinfo=UTC)
    assert fourth.until == datetime(2026, 6, 30, 3, 0, tzinfo=UTC)


def test_a_date_alone_is_the_whole_day_in_the_policy_s_timezone() -> None:
    scope = only_rule(
        top(timezone="America/New_York").replace("id: r", "id: r\n    from: 2026-07-01\n    until: 2026-07-01")
    )
    assert scope.scope.start == datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
    assert scope.scope.end == datetime(2026, 7, 2, 4, 0, tzinfo=UTC)


def test_what_a_rule_leaves_out_narrows_nothing() -> None:
    one = only_rule(rule())
    assert (one.when, one.scope, one.exempt, one.severity, one.owner, one.help, one.options) == (
        *(None, Scope(), (), None, "", ""),
        {},
    )


@pytest.mark.parametrize("result", Result)
def test_a_rule_can_say_otherwise_than_the_defaults_for_itself(result: Result) -> None:
    one = only_rule(rule(on_error=result, on_timeout=result, on_unreadable=result))
    assert (one.on_error, one.on_timeout, one.on_unreadable) == (result, result, result)


@pytest.mark.parametrize("severity", Severity)
def test_severities_are_known_by_their_names(severity: Severity) -> None:
    assert only_rule(rule(severity=severity)).severity is severity


def test_a_condition_alone_is_for_all_events_of_on() -> None:
    one = only_rule(when("operator.id == '1'", on="[commit-file, Data Quality, project-deleted]"))
    assert (one.check, one.settings) == (None, None)
    assert one.events == {"commit-file", "project-deleted"} | catalogue.select("Data Quality")
    assert not one.needs
    assert only_rule(when("'true'", message="'{condition} {rule}'")).message == "{condition} {rule}"


def test_a_condition_beside_a_check_is_held_against_the_events_that_the_check_judges() -> None:
    one = only_rule(rule(on="'*'", when="event.dataRowSize > 5"))
    assert one.events == DOWNLOADS
    assert one.when is not None
    assert one.when.reads == {"event"}


def test_a_condition_for_events_without_a_struct_can_read_any_field_of_theirs() -> None:
    assert only_rule(when("event.anything == 1", on="project-deleted")).when is not None
    assert (
        variables(frozenset({"project-deleted", "backfill-data"}))["event"]
        == variables(frozenset({"project-deleted"}))["event"]
    )


def test_a_condition_knows_the_fields_of_all_its_events() -> None:
    both = variables(frozenset({"download-resources", "backfill-data"}))["event"]
    assert set(both.fields) > {"dataRowSize", "includeNodeIds", "operator"}
    always = {"event", "operator", "workspace", "now", "parameters"}
    assert set(variables(frozenset({"freeze-node", "project-deleted"}))) == always
    assert set(variables(frozenset({"freeze-node", "download-resources"}))) == always | {"sql"}
    assert set(variables(frozenset({"run-file"}))) == always | {"sql"}


@pytest.mark.parametrize(
    ("content", "needs", "reads"),
    [
        (rule(), set(), (False, False)),
        (when("sql.limit > 1"), set(), (False, False)),
        (rule(on="commit-file", check="file.size", with_="{max: 1kB}"), {Need.FILE}, (False, False)),
        (when("operator.id == '1'"), set(), (False, False)),
        (when("operator.roles.exists(role, role == 'role_project_admin')"), set(), (True, False)),
        (when("operator == {}"), set(), (True, False)),
        (when("parameters['a'] == '1'"), set(), (False, True)),
        (
            rule(on="pre-kill-instance", check="instance.environment", with_="{allow: [PROD]}"),
            {Need.INSTANCES},
            (False, False),
        ),
    ],
)
def test_a_rule_knows_what_has_to_be_asked_for_it(content: str, needs: set[Need], reads: tuple[bool, bool]) -> None:
    one = only_rule(content)
    assert one.needs == needs
    assert (one.reads_roles, one.reads_parameters) == reads
    assert one.asks == load(content).asks == (bool(needs) or any(reads))


@pytest.mark.parametrize(
    ("content", "asks"),
    [
        (when("sql.limit > 1"), False),
        (when("sql.limit > 1", on="[download-resources, run-file]"), True),
        (rule(exempt="[{table: a.b, until: 2026-12-31}]"), False),
        (rule(on="commit-file", check="file.owner", with_=None, exempt="[{table: a.b, until: 2026-12-31}]"), True),
        (rule(on="commit-file", check="file.owner", with_=None, exempt="[{operator: 1, until: 2026-12-31}]"), False),
    ],
)
def test_a_rule_asks_for_code_that_its_condition_or_an_exemption_reads(content: str, asks: bool) -> None:
    assert load(content).asks is asks


def test_a_rule_with_options_asks() -> None:
    assert load(rule(options="{max: rows}")).asks
    assert not load(rule(options="{}")).asks


# data sources


def test_a_policy_says_where_the_tables_of_data_sources_are_and_what_runs_there() -> None:
    projects = "{odps_first: Sales, '90214': sales_dev, 90214/ODPS_First: sales_dev, 9_lives: hive.default, 日志: a-b}"
    loaded = load(top(sql=f"{{projects: {projects}, engines: {{crm: mysql, '1': hologres}}}}"))
    assert loaded.databases.projects == {
        ("", "odps_first"): "sales",
        ("90214", ""): "sales_dev",
        ("90214", "odps_first"): "sales_dev",
        ("", "9_lives"): "hive.default",
        ("", "日志"): "a-b",
    }
    assert loaded.databases.engines == {("", "crm"): Engine.MYSQL, ("1", ""): Engine.HOLOGRES}


def test_a_policy_says_where_all_other_tables_are() -> None:
    loaded = load(top(sql="{projects: {'*': Sales, crm: shop}}"))
    assert (loaded.databases.project, loaded.databases.projects) == ("sales", {("", "crm"): "shop"})


@pytest.mark.parametrize("engine", policy.ENGINES)
def test_a_data_source_runs_what_is_sql(engine: Engine) -> None:
    assert load(top(sql=f"{{engines: {{a: {engine}}}}}")).databases.engines == {("", "a"): engine}


@pytest.mark.parametrize("content", [rule(), top(sql="{}"), top(sql="{projects: {}, engines: {}}")])
def test_a_policy_need_not_say_anything_of_data_sources(content: str) -> None:
    assert load(content).databases == Databases()


@pytest.mark.parametrize(
    "condition",
    [
        '"hr.users" in sql.tables',
        '"users" in sql.written',
        '"hr.users.*" in sql.columns',
        '"users.phone" in sql.columns',
        '"max_pt" in sql.functions',
        '"SELECT" in sql.statements',
        '"Phone" in ["Phone"]',
        "event.fileName in sql.tables",
        '"A" in (sql.tables + sql.written)',
        'sql.tables.exists(t, "A" in [t])',
        '"90214" in operator.ids',
    ],
)
def test_what_sql_may_say_can_be_looked_for(condition: str) -> None:
    assert load(when(f"'{condition}'", "run-file")).rules[0].when


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        (
            '"HR.Users" in sql.tables',
            "sql.tables never holds 'HR.Users': names are in lower case, so write 'hr.users' (at character 1)",
        ),
        (
            'sql.length > 1 && ("hr.*" in sql.written)',
            (
                "sql.written never holds 'hr.*': it holds names, not patterns; write"
                ' exists(t, t.startsWith("hr.")) (at character 20)'
            ),
        ),
        (
            '"phone" in sql.columns',
            (
                "sql.columns never holds 'phone': it holds project.table.column; write"
                ' exists(c, c.endsWith(".phone")) (at character 1)'
            ),
        ),
        (
            '"hr.users.ph*" in sql.columns',
            (
                "sql.columns never holds 'hr.users.ph*': it holds names, not patterns; write"
                ' exists(t, t.startsWith("hr.users.ph")) (at character 1)'
            ),
        ),
        (
            '"MAX_PT" in sql.functions',
            "sql.functions never holds 'MAX_PT': names are in lower case, so write 'max_pt' (at character 1)",
        ),
        (
            '"select" in sql.statements',
            f"sql.statements never holds 'select': it holds {', '.join(KINDS)}; did you mean SELECT? (at character 1)",
        ),
    ],
)
def test_what_sql_never_says_is_not_looked_for(condition: str, problem: str) -> None:
    with pytest.raises(PolicyError) as raised:
        load(when(f"'{condition}'", "run-file"))
    assert str(raised.value).endswith(f"rule r: when: {problem}")


# named lists


@pytest.mark.parametrize(
    ("allow", "names"),
    [
        ("{list: a}", ("dw", "7")),
        ("[{list: a}]", ("dw", "7")),
        ("[{list: b}, {list: a}]", ("c", "dw", "7")),
        ("[x, {list: a}, 4]", ("x", "dw", "7", "4")),
    ],
)
def test_a_named_list_stands_for_its_values_alone_or_among_others(allow: str, names: tuple[str, ...]) -> None:
    with_ = f"{{allow: {allow}}}"
    found = only_rule(lists("{a: [dw, 7], b: [c]}", check="download.datasource", with_=with_)).settings
    assert isinstance(found, Listed)
    assert found.allow is not None
    assert found.allow.names == names


def test_named_lists_stand_for_networks_and_events() -> None:
    found = only_rule(
        lists(
            "{offices: [10.0.0.0/8, '2001:db8::/32'], steps: [download-resources-execute]}",
            on="[{list: steps}, download-resources]",
            check="download.ip",
            with_="{allow: {list: offices}}",
        )
    )
    assert found.events == {"download-resources-execute"}
    assert isinstance(found.settings, Listed)
    assert found.settings.allow is not None
    assert all(ip_address(ip) in found.settings.allow for ip in ("10.1.2.3", "2001:db8::7"))


def test_a_list_may_be_called_list() -> None:
    assert only_rule(lists("{list: ['7']}", operators="{list: list}")).scope.operators is not None


def test_a_list_that_no_rule_uses_is_no_fault() -> None:
    assert only_rule(lists("{unused: [1, a]}")).id == "r"


# several files


def several(*contents: str) -> Policy:
    """The policy of several files: a.yaml, b.yaml, ..."""
    return Draft(
        [Source(f"{name}.yaml", text.encode()) for name, text in zip("abcd", contents, strict=False)], "rules"
    ).finish()


def several_refused(*contents: str) -> list[str]:
    """What a policy of several files is refused with, line by line."""
    with pytest.raises(PolicyError) as caught:
        several(*contents)
    return str(caught.value).split("\n")


def test_a_policy_can_stand_in_several_files() -> None:
    top_ = "version: 1\nlanguage: en\ntimezone: UTC\ndefaults: {on_timeout: WARN}\nlists: {mine: [a]}\n"
    first = rule(id="one", check="download.datasource", with_="{deny: {list: mine}}")
    loaded = several(top_, first, rule(id="two", on_timeout="OK", until="2026-01-31"))
    assert (loaded.file, loaded.language, loaded.timezone.key) == ("rules", Language.EN, "UTC")
    assert [one.id for one in loaded.plan["download-resources"]] == ["one", "two"]
    assert [one.on_timeout for one in loaded.rules] == [Result.WARN, Result.OK]
    assert loaded.name == f"rules@{loaded.digest}"
    assert loaded.rules[1].scope.end == datetime(2026, 2, 1, tzinfo=UTC)


def test_what_one_file_says_above_the_rules_holds_for_those_before_it() -> None:
    below = "version: 1\nlanguage: en\ntimezone: UTC\ndefaults: {on_error: OK}\nlists: {mine: ['7']}\n"
    loaded = several(rule(operators="{list: mine}", from_="2026-01-01"), below)
    (one,) = loaded.rules
    assert (loaded.language, one.on_error) == (Language.EN, Result.OK)
    assert one.scope.start == datetime(2026, 1, 1, tzinfo=UTC)


def test_one_file_of_several_says_what_data_sources_are() -> None:
    said = "version: 1\nsql: {projects: {a: b}}\n"
    for files in ((said, rule()), (rule(), said)):
        assert several(*files).databases.projects == {("", "a"): "b"}
    assert several_refused(said, rule(), "version: 1\nsql: {}\n") == ["c.yaml:2: sql: is said in a.yaml, too"]


def test_one_file_of_several_says_what_is_logged() -> None:
    said = "version: 1\nlog: {sql: outline}\n"
    for files in ((said, rule()), (rule(), said)):
        assert several(*files).logged_sql is LoggedSql.OUTLINE
    assert several_refused(said, rule(), "version: 1\nlog: {}\n") == ["c.yaml:2: log: is said in a.yaml, too"]


def test_the_digest_of_several_files_tells_their_order_names_and_contents_apart() -> None:
    one, two = rule(id="one").strip() + "\n", rule(id="two").strip() + "\n"
    digests = [
        several(one, two).digest,
        several(two, one).digest,
        several(one, two + "# comment\n").digest,
        several(one + "# comment\n", two).digest,
        Draft([Source("b.yaml", one.encode()), Source("a.yaml", two.encode())], "rules").finish().digest,
        several(one, two, "version: 1\n").digest,
    ]
    assert len(set(digests)) == len(digests)
    assert several(one, two).digest == digests[0]


def test_the_digest_tells_custom_checks_apart() -> None:
    sources = [Source("a.yaml", rule().encode())]
    assert Draft(sources, "a.yaml").finish((), b"x").digest != Draft(sources, "a.yaml").finish((), b"y").digest


def test_a_policy_names_the_files_of_its_custom_checks() -> None:
    draft = Draft([Source("a.yaml", top(checks="[checks/a.py, b.py]").encode())], "a.yaml")
    assert [(one.path, one.file, one.line) for one in draft.modules] == [
        ("checks/a.py", "a.yaml", 7),
        ("b.py", "a.yaml", 7),
    ]
    assert [one.path for one in Draft([Source("a.yaml", top(checks="c.py").encode())], "a.yaml").modules] == ["c.py"]


def test_a_custom_check_is_one_like_the_others() -> None:
    custom = msgspec.structs.replace(registry.BY_ID["download.rows"], id="mine.rows")
    content = rule(check="mine.rows")
    loaded = Draft([Source("a.yaml", content.encode())], "a.yaml").finish((custom,))
    assert loaded.rules[0].check is custom
    assert refusal(content) == ["p.yaml:5: rule r: check: expected a check, found 'mine.rows'"]


def test_faults_of_several_files_stand_in_the_order_of_file_and_line() -> None:
    assert several_refused(
        rule(result="OK", id="late") + "\nzzz: 1\nlists: {twice: [1]}\n",
        "rules: []\nlists: {twice: [2]}\nlanguage: zh\n",
        rule(id="late", check="download.row") + "\nlanguage: en\ntimezone: UTC\ndefaults: {}\n",
        "version: 1\ndefaults: {}\ntimezone: UTC\n",
    ) == [
        "a.yaml:7: rule late: result: expected FAIL or WARN, found 'OK'",
        "a.yaml:9: zzz: unknown key; known: checks, defaults, language, lists, log, rules, sql, timezone, version",
        "b.yaml:1: version: is missing",
        "b.yaml:1: rules: expected a list of rules, each with id, on and check, found an empty list",
        "b.yaml:2: lists.twice: is the name of another list, too",
        "c.yaml:3: rule late: id: is the id of the rule in a.yaml:3 too",
        "c.yaml:5: rule late: check: expected a check, found 'download.row'; did you mean download.rows?",
        "c.yaml:8: language: is said in b.yaml, too",
        "d.yaml:2: defaults: is said in c.yaml, too",
        "d.yaml:3: timezone: is said in c.yaml, too",
    ]


def test_of_several_files_one_must_have_rules() -> None:
    assert several_refused("version: 1\n", "version: 1\n") == ["a.yaml:1: rules: is missing in every file"]


def test_a_rule_without_an_id_is_known_by_its_number_in_its_file() -> None:
    assert several_refused(rule(), rule(id=None, result="OK")) == [
        "b.yaml:3: rule #1: id: is missing",
        "b.yaml:6: rule #1: result: expected FAIL or WARN, found 'OK'",
    ]


def test_a_file_that_is_no_yaml_is_named() -> None:
    assert several_refused(rule(), "version: [1\n") == ["b.yaml:2: is not YAML: did not find expected ',' or ']'"]


@pytest.mark.parametrize("timezone", ["Asia/Shanghai", "America/New_York", "UTC"])
@pytest.mark.parametrize("moment", ["9999-12-31", "9999-12-31 23:59"])
def test_the_last_day_of_all_is_for_ever_and_the_first_has_always_been(timezone: str, moment: str) -> None:
    scope = only_rule(rule(from_="0001-01-01", until=moment) + f"\ntimezone: {timezone}\n").scope
    assert scope.start is not None
    assert scope.end is not None
    assert scope.start <= datetime(1, 1, 1, 12, tzinfo=UTC) < datetime(9999, 12, 31, 15, tzinfo=UTC) <= scope.end
