"""A policy loads to what it says, or is refused with one line for each thing that is wrong in it."""

import hashlib
from ipaddress import ip_address

import pytest

from extension import catalogue, checks, policy, settings
from extension.errors import PolicyError
from extension.policy import Policy, Rule
from extension.settings import Count, Listed, Maximum, MaximumSize, Protected
from extension.tree import MAX_BYTES
from extension.verdict import Language, Mode, Result

FULL = """\
version: 1
language: en
timezone: Europe/Berlin
defaults: {on_error: WARN, on_timeout: OK}
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

TRANSFERS = {"download-resources", "download-resources-execute", "upload-data-to-table"}
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
    assert loaded.on_error is Result.WARN
    assert loaded.on_timeout is Result.OK
    assert [one.id for one in loaded.rules] == ["bulk-download", "large-download", "no-overwriting"]


def test_a_rule_says_what_the_file_says() -> None:
    assert load(FULL).rules[0] == Rule(
        id="bulk-download",
        check=checks.BY_ID["download.rows"],
        settings=Maximum(max=Count(100000)),
        events=frozenset(DOWNLOADS),
        result=Result.WARN,
        mode=Mode.SHADOW,
        message="{operator} takes {rows} rows",
    )


def test_what_a_policy_leaves_out_is_strict() -> None:
    loaded = load(rule())
    assert loaded.language is Language.ZH
    assert loaded.timezone.key == "Asia/Shanghai"
    assert loaded.on_error is Result.FAIL
    assert loaded.on_timeout is Result.FAIL
    assert loaded.rules[0].result is Result.FAIL
    assert loaded.rules[0].mode is Mode.ENFORCE
    assert loaded.rules[0].message == ""


def test_one_default_leaves_the_other_alone() -> None:
    late = load(top(defaults="{on_timeout: WARN}"))
    raised = load(top(defaults="{on_error: OK}"))
    assert (late.on_error, late.on_timeout) == (Result.FAIL, Result.WARN)
    assert (raised.on_error, raised.on_timeout) == (Result.OK, Result.FAIL)


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
    assert set(catalogue.BY_CODE) > TRANSFERS == set().union(*(check.events for check in checks.BY_ID.values()))


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
DEEP = "is nested more than 20 deep"
NOT_ZONE = "p.yaml:7: timezone: expected a timezone such as Asia/Shanghai, found"

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
        "p.yaml:5: the tag !python/name:os.system is not supported",
    ),
    "a tag on a mapping": (rule(with_="!foo {max: 1}"), "p.yaml:6: the tag !foo is not supported"),
    "a tag on a list": (rule(on="!!set [run-file]"), "p.yaml:4: the tag tag:yaml.org,2002:set is not supported"),
    "a standard tag": (rule(id="!!int 5"), "p.yaml:3: the tag tag:yaml.org,2002:int is not supported"),
    # the top
    "version 2": ("version: 2" + rule().removeprefix("version: 1"), "p.yaml:1: version: expected 1, found 2"),
    "version as text": ("version: '1'" + rule().removeprefix("version: 1"), "p.yaml:1: version: expected 1, found '1'"),
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
        "p.yaml:8: '\\x1b[31m': unknown key; known: defaults, language, rules, timezone, version",
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
    "a star without quotes": (
        rule(on="*"),
        (
            "p.yaml:4: is not YAML: did not find expected alphabetic or numeric character; line 4: put what"
            " begins with * %"
            " @ or ` in quotes"
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
        "p.yaml:7: lang: unknown key; known: defaults, language, rules, timezone, version; did you mean language?",
    ),
    "a key at the top like no other": (
        top(zzz="1"),
        "p.yaml:7: zzz: unknown key; known: defaults, language, rules, timezone, version",
    ),
    "a language that is not built in": (top(language="fr"), "p.yaml:7: language: expected en or zh, found 'fr'"),
    "Norwegian": (top(language="no"), "p.yaml:7: language: expected en or zh, found 'no'"),
    "language in capitals": (top(language="ZH"), "p.yaml:7: language: expected en or zh, found 'ZH'"),
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
        "p.yaml:7: defaults.on_eror: unknown key; known: on_error, on_timeout; did you mean on_error?",
    ),
    "a bad on_error": (
        top(defaults="{on_error: PASS}"),
        "p.yaml:7: defaults.on_error: expected OK or WARN or FAIL, found 'PASS'",
    ),
    "a bad on_timeout": (
        top(defaults="{on_timeout: ok}"),
        "p.yaml:7: defaults.on_timeout: expected OK or WARN or FAIL, found 'ok'",
    ),
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
    "an unknown key in a rule": (
        rule(massage="no"),
        (
            "p.yaml:7: rule r: massage: unknown key; known: check, id, message, mode, on, result, with; did you mean"
            " message?"
        ),
    ),
    "a merge key": (
        rule(**{"<<": "{id: x}"}),
        "p.yaml:7: rule r: <<: unknown key; known: check, id, message, mode, on, result, with",
    ),
    "result OK": (rule(result="OK"), "p.yaml:7: rule r: result: expected FAIL or WARN, found 'OK'"),
    "result in small letters": (rule(result="fail"), "p.yaml:7: rule r: result: expected FAIL or WARN, found 'fail'"),
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
    "no check": (rule(check=None), "p.yaml:3: rule r: check: is missing"),
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
}


@pytest.mark.parametrize(("content", "error"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_is_said_in_one_line(content: str | bytes, error: str) -> None:
    assert refusal(content) == [error]


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
        "p.yaml:16: zzz: unknown key; known: defaults, language, rules, timezone, version",
    ]


def test_an_empty_rule_misses_everything() -> None:
    assert refusal("version: 1\nrules:\n  - {}\n") == [
        "p.yaml:3: rule #1: id: is missing",
        "p.yaml:3: rule #1: on: is missing",
        "p.yaml:3: rule #1: check: is missing",
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


def test_aliases_of_aliases_take_no_time() -> None:
    """Eight aliases each, twenty levels: 8 to the power of 20 values, were they copied."""
    levels = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 21)]
    lines = refusal("version: 1\n" + "\n".join(levels) + "\nrules: *a20\n")
    assert len(lines) == 21 + 8
    assert lines[-2] == "p.yaml:22: rule #8: expected a mapping with id, on and check, found a list"


def test_a_policy_cannot_be_changed() -> None:
    loaded = load(FULL)
    with pytest.raises(AttributeError):
        loaded.on_error = Result.OK  # type: ignore[misc]  # frozen is what is tested
    with pytest.raises(AttributeError):
        loaded.rules[0].mode = Mode.ENFORCE  # type: ignore[misc]  # frozen is what is tested
