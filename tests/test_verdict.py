"""The worst finding decides, and users read what was hit in their language, without anything that could deceive."""

import ast
import importlib
import pkgutil
import random
import re
import unicodedata
from collections.abc import Iterator

import msgspec
import pytest

from extension import checks, verdict
from extension.checks import registry
from extension.events import Missing, Reason, Unknown
from extension.settings import Pattern, Size
from extension.sql.facts import Statement
from extension.storage import ROOT
from extension.verdict import (
    CONDITION,
    LATE,
    MAX_HELP_CHARS,
    MAX_VALUE_CHARS,
    RAISED,
    SUBJECT,
    Finding,
    Judged,
    Language,
    Mode,
    Result,
    Text,
    Verdict,
    casefold,
    clean,
    cut,
    hit,
    not_had,
    placeholders,
    show,
    unparsed,
    unread,
    visible,
    worst,
)

ROWS = Text(en="{rows} rows; at most {max}.", zh="共 {rows} 行，最多 {max} 行。")
FILE = Text(en='The file "{file}".', zh="文件“{file}”。")

SUBJECT_VALUES = {
    "event": "download-resources",
    "operator": "4711",
    "workspace": "90214",
    "time": "2026-01-31 08:00",
    "rule": "-",
}


def judged(  # noqa: PLR0913  what a finding can be told, nearly all by keyword
    result: Result = Result.FAIL,
    *,
    rule: str = "r",
    mode: Mode = Mode.ENFORCE,
    finding: Finding | None = None,
    message: str = "",
    owner: str = "",
    help_: str = "",
) -> Judged:
    """A finding under its rule: 1,234,567 rows where 100,000 are allowed, unless told otherwise."""
    return Judged(
        rule=rule,
        check="download.rows",
        result=result,
        mode=mode,
        finding=finding or hit(ROWS, rows=1_234_567, max=100_000),
        message=message,
        owner=owner,
        help=help_,
    )


def decided(*findings: Judged, language: Language = Language.EN, manual_pass: bool = False) -> Verdict:
    """The verdict that `findings` give."""
    return Verdict(
        result=worst(findings),
        findings=findings,
        subject=SUBJECT_VALUES,
        policy="p.yaml@0123",
        language=language,
        manual_pass=manual_pass,
    )


def said(one: Judged, language: Language = Language.EN) -> str:
    """What a finding says to the user."""
    return decided(one, language=language).sentence(one)


def texts() -> Iterator[tuple[str, Text]]:
    """Every text of the package, with the place it stands at."""
    modules = [verdict, checks]
    modules += [
        importlib.import_module(f"{checks.__name__}.{one.name}") for one in pkgutil.iter_modules(checks.__path__)
    ]
    for module in modules:
        for name, value in vars(module).items():
            if isinstance(value, Text):
                yield f"{module.__name__}.{name}", value


TEXTS = dict(texts())

# what counts


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], "OK"),
        (["OK"], "OK"),
        (["WARN"], "WARN"),
        (["FAIL"], "FAIL"),
        (["OK", "WARN", "OK"], "WARN"),
        (["WARN", "FAIL", "WARN"], "FAIL"),
        (["FAIL", "WARN", "OK"], "FAIL"),
        (["OK", "OK"], "OK"),
    ],
    ids=lambda value: " ".join(value) or "none" if isinstance(value, list) else "",
)
def test_the_worst_finding_decides(results: list[str], expected: str) -> None:
    assert worst(judged(Result(result)) for result in results) is Result(expected)


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode is not Mode.ENFORCE])
def test_a_finding_that_is_not_enforced_changes_nothing(mode: Mode) -> None:
    shadow = judged(Result.FAIL, rule="shadow", mode=mode, owner="nobody")
    warning = judged(Result.WARN, rule="warning")
    assert worst([shadow]) is Result.OK
    assert worst([shadow, warning]) is Result.WARN
    assert decided(shadow).message(1000) == ""
    assert decided(shadow, warning).message(1000) == decided(warning).message(1000)


# the message


def test_a_message_names_its_rule_and_shows_its_values() -> None:
    finding = judged(rule="bulk-download")
    assert decided(finding).message(1000) == "[bulk-download] 1,234,567 rows; at most 100,000."
    assert decided(finding, language=Language.ZH).message(1000) == "[bulk-download] 共 1,234,567 行，最多 100,000 行。"


def test_the_message_of_ok_is_empty() -> None:
    assert decided().message(1000) == ""
    assert decided(judged(Result.OK), language=Language.ZH).message(1000) == ""


def test_the_worst_stands_first_and_else_the_order_of_the_rules() -> None:
    findings = [
        judged(Result.WARN, rule="z-warns"),
        judged(Result.FAIL, rule="y-fails"),
        judged(Result.OK, rule="x-passes"),
        judged(Result.FAIL, rule="w-shadow", mode=Mode.SHADOW),
        judged(Result.WARN, rule="a-warns"),
        judged(Result.FAIL, rule="b-fails"),
    ]
    lines = decided(*findings).message(1000).split("\n")
    assert [line.partition("]")[0] for line in lines] == ["[y-fails", "[b-fails", "[z-warns", "[a-warns"]


@pytest.mark.parametrize("language", Language)
def test_a_message_keeps_to_its_limit(language: Language) -> None:
    verdict_ = decided(*[judged(rule=f"rule-{number}") for number in range(20)], language=language)
    whole = verdict_.message(10_000)
    for limit in range(1, len(whole) + 2):
        message = verdict_.message(limit)
        assert len(message) <= limit
        assert message == whole or message.endswith("…")
    assert verdict_.message(len(whole)) == whole


@pytest.mark.parametrize("language", Language)
def test_a_link_ends_a_message_where_it_leaves_half_of_the_room(language: Language) -> None:
    whole = decided(judged(rule="a"), judged(rule="b"), language=language)
    link = "https://checks.example.com/verdicts/20261127T000000000000-0123456789ab?until=1&sign=x"
    plain = whole.message(1000)
    assert whole.message(1000, link).splitlines()[:-1] == plain.splitlines()
    assert whole.message(1000, link).endswith(f" {link}" if language is Language.EN else f"：{link}")
    for limit in range(1, 400):
        message = whole.message(limit, link)
        assert len(message) <= limit
        assert message.endswith(link) == (link in message)
        if link not in message:
            assert message == whole.message(limit)
            assert limit / 2 <= len(link) + 40
    assert decided().message(1000, link) == ""


def test_a_rules_own_message_stands_in_for_the_built_in_one_in_either_language() -> None:
    one = judged(rule="bulk", message="{rows} > {max} {{by hand}}")
    assert said(one, Language.EN) == said(one, Language.ZH) == "[bulk] 1,234,567 > 100,000 {by hand}"


def test_a_rules_own_message_can_say_what_every_event_has() -> None:
    one = judged(rule="bulk", message="{rule}: {operator} in {workspace} at {time}, {event}")
    assert said(one) == "[bulk] bulk: 4711 in 90214 at 2026-01-31 08:00, download-resources"
    assert set(SUBJECT_VALUES) == SUBJECT


def test_a_value_of_the_finding_is_stronger_than_that_of_the_event() -> None:
    text = Text(en="Not for {operator}.", zh="{operator}")
    assert said(judged(finding=hit(text, operator="Li"))) == "[r] Not for Li."


@pytest.mark.parametrize(
    "finding",
    [
        unread(Unknown("dataRowSize", Reason.MISSING)),
        unread(Unknown("dataRowSize", Reason.UNREADABLE)),
        RAISED,
        LATE,
        not_had(Missing("why")),
        not_had(Missing("why", count=21, most=20)),
        *unparsed([Statement(kind="OTHER", line=3, unread="a quote is not closed")]),
    ],
    ids=["missing", "unreadable", "raised", "late", "not had", "too many", "unparsed"],
)
@pytest.mark.parametrize("language", Language)
def test_a_rules_own_message_is_not_used_for_what_was_not_judged(finding: Finding, language: Language) -> None:
    """It speaks of values that are not there: `{rows}` has none where the rows are missing."""
    own = said(judged(finding=finding, message="{rows} rows are too many"), language)
    assert own == said(judged(finding=finding), language)
    assert "too many" not in own
    assert not finding.judged


def test_a_missing_fact_is_named_as_the_platform_names_it() -> None:
    missing = said(judged(finding=unread(Unknown("dataRowSize", Reason.MISSING))))
    unreadable = said(judged(finding=unread(Unknown("dataRowSize", Reason.UNREADABLE))))
    assert missing.startswith('[r] DataWorks did not send "dataRowSize"')
    assert unreadable.startswith('[r] DataWorks sent "dataRowSize" in a form that cannot be read')
    chinese = said(judged(finding=unread(Unknown("dataRowSize", Reason.MISSING))), Language.ZH)
    assert "缺少本规则所需的字段“dataRowSize”" in chinese


def test_what_raised_and_what_was_late_read_differently() -> None:
    assert "because of an error in the extension" in said(judged(finding=RAISED))
    assert "ran out of time" in said(judged(finding=LATE))
    assert "DataWorks did not give the details that it needs" in said(judged(finding=not_had(Missing("why"))))
    assert "出错" in said(judged(finding=RAISED), Language.ZH)
    assert "超时" in said(judged(finding=LATE), Language.ZH)
    assert "未返回本规则所需的详细信息" in said(judged(finding=not_had(Missing("why"))), Language.ZH)


def test_instances_that_are_too_many_to_be_asked_for_are_counted_and_not_blamed_on_the_platform() -> None:
    one = judged(finding=not_had(Missing("why", count=1021, most=20)))
    assert said(one) == (
        "[r] This rule can be checked for at most 20 instances at a time, and 1,021 are selected. Select fewer."
    )
    assert said(one, Language.ZH) == "[r] 本规则单次最多可检查 20 个实例，当前选择了 1,021 个。请减少所选实例。"


def unread_sql(*reasons: str) -> list[Finding]:
    """Findings for statements that could not be read, one in each line."""
    return [*unparsed(Statement(kind="OTHER", line=line, unread=reason) for line, reason in enumerate(reasons, 1))]


def test_a_statement_that_was_judged_by_its_words_says_where_it_is_and_why() -> None:
    (finding,) = unread_sql("a quote is not closed")
    assert said(judged(finding=finding)) == (
        "[r] Line 1: this could not be read as SQL (a quote is not closed) and was judged by its words alone. Rewrite"
        " it, or ask the owner of the extension."
    )
    assert said(judged(finding=finding), Language.ZH) == (
        "[r] 第 1 行：无法按 SQL 解析（引号未闭合），仅根据其中的词语进行了检查。请改写，或联系扩展程序负责人。"
    )
    (finding,) = unread_sql("a reason of tomorrow")
    assert "（a reason of tomorrow）" in said(judged(finding=finding), Language.ZH)


def test_nobody_is_told_to_rewrite_python_as_sql() -> None:
    (finding,) = unread_sql("Python is not SQL")
    assert said(judged(finding=finding)) == (
        "[r] Line 1: Python is not SQL, so that it was judged by its words alone and not all could be checked. If that"
        " stops you, ask the owner of the extension."
    )
    assert said(judged(finding=finding), Language.ZH) == (
        "[r] 第 1 行：Python 代码不是 SQL，仅根据其中的词语进行了检查，部分内容无法检查。如影响使用，请联系扩展程序"
        "负责人。"
    )


def test_statements_that_could_not_be_read_for_one_reason_are_one_finding() -> None:
    first, second = "a quote is not closed", "it is too long"
    findings = unread_sql(first, second, first, *[second] * 4)
    assert [finding.values["line"] for finding in findings] == ["1, 3", "2, 4, 5 (+2)"]


def test_every_reason_that_the_reading_of_sql_gives_is_there_in_chinese() -> None:
    reasons = re.compile("(?:an?|its?|the|engines|Python|Shell) [A-Za-z $#]+")
    found = {
        node.value
        for file in (ROOT / "extension/sql").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and reasons.fullmatch(node.value)
    }
    assert found == set(verdict._REASONS)
    assert all(re.search("[\u4e00-\u9fff]", chinese) for chinese in verdict._REASONS.values())


def test_a_value_that_is_a_text_is_shown_in_the_language_of_the_policy() -> None:
    one = judged(finding=hit(FILE, file=Text(en="<none>", zh="无")))
    assert (said(one), said(one, Language.ZH)) == ('[r] The file "‹none›".', "[r] 文件“无”。")


def test_what_could_not_be_read_is_told_apart_from_a_hit() -> None:
    assert all(finding.unread for finding in unread_sql("it is not SQL"))
    assert not any(finding.unread for finding in (hit(ROWS), unread(Unknown("a", Reason.MISSING)), RAISED, LATE))


def test_a_condition_says_what_it_is() -> None:
    one = judged(finding=hit(CONDITION, condition="size(event.nodeIds) > 5"))
    assert said(one) == (
        "[r] The operation meets the condition of this rule (size(event.nodeIds) › 5). Change it so that it does not,"
        " or ask the owner of the extension."
    )
    assert said(one, Language.ZH) == (
        "[r] 本次操作符合本规则设定的条件（size(event.nodeIds) › 5）。请调整后重试，或联系扩展程序负责人。"
    )


def test_a_value_that_a_check_forgot_to_give_is_a_question_mark() -> None:
    assert said(judged(finding=hit(ROWS, rows=5))) == "[r] 5 rows; at most ?."
    assert said(judged(finding=hit(FILE), message="{file} in {workspace}")) == "[r] ? in 90214"


# what several rules say


def test_what_several_rules_could_not_judge_for_the_same_reason_is_said_once() -> None:
    (finding,) = unread_sql("a quote is not closed")
    rules = [judged(rule=rule, finding=finding) for rule in ("a", "b", "a")]
    (line,) = decided(*rules).lines()
    assert line.findings == tuple(rules)
    assert line.text == said(rules[0]).replace("[a]", "[a, b]")
    assert decided(*rules).message(1000) == line.text
    raised = [judged(rule=rule, finding=RAISED) for rule in "abcdefghij"]
    assert decided(*raised).message(1000).startswith("[a, b, c, d, e, f, g, h (+2)] This rule could not be checked")


def test_other_lines_and_other_results_are_said_for_themselves() -> None:
    one, other = unread_sql("a quote is not closed", "it is too long")
    assert len(decided(judged(rule="a", finding=one), judged(rule="b", finding=other)).lines()) == 2
    warned = judged(Result.WARN, rule="b", finding=one)
    assert [line.findings for line in decided(warned, judged(rule="a", finding=one)).lines()] == [
        (judged(rule="a", finding=one),),
        (warned,),
    ]


def test_hits_are_said_for_each_rule_and_before_what_could_not_be_read() -> None:
    (finding,) = unread_sql("a quote is not closed")
    found = [judged(rule="a", finding=finding), judged(rule="b"), judged(rule="c")]
    assert [line.findings[0].rule for line in decided(*found).lines()] == ["b", "c", "a"]


def test_the_owners_of_rules_that_say_the_same_are_all_named_once() -> None:
    (finding,) = unread_sql("a quote is not closed")
    found = [
        judged(rule="a", finding=finding, owner="data", help_="https://x.example/a"),
        judged(rule="b", finding=finding, owner="data", help_="https://x.example/b"),
        judged(rule="c", finding=finding, owner="hr", help_="https://x.example/a"),
        judged(rule="d", finding=finding, owner="late"),
        judged(Result.WARN, rule="d"),
    ]
    first, last = decided(*found).message(1000).split("\n")
    assert first.endswith(" Questions about this rule: data, hr. More: https://x.example/a More: https://x.example/b")
    assert last.startswith("[d] ")


def test_whom_to_ask_stands_behind_a_line_of_the_rule_s_own() -> None:
    (finding,) = unread_sql("a quote is not closed")
    found = [judged(rule="a", owner="data"), judged(rule="a", finding=finding, owner="data")]
    own, shared = decided(*found, judged(rule="b", finding=finding)).message(1000).split("\n")
    assert own.endswith(" Questions about this rule: data.")
    assert shared.startswith("[a, b] ")
    assert "data" not in shared


# whom to ask, where to read more, what else can be done


@pytest.mark.parametrize(
    ("owner", "help_", "language", "advice"),
    [
        ("", "", Language.EN, ""),
        ("data team", "", Language.EN, " Questions about this rule: data team."),
        ("", "https://x.example/r", Language.EN, " More: https://x.example/r"),
        (
            "data team",
            "https://x.example/r",
            Language.EN,
            " Questions about this rule: data team. More: https://x.example/r",
        ),
        ("data team", "https://x.example/r", Language.ZH, "如有疑问，请联系 data team。详情：https://x.example/r"),
        (
            "<b>li</b>",
            "https://x.example/<b>",
            Language.EN,
            " Questions about this rule: ‹b›li‹/b›. More: https://x.example/‹b›",
        ),
        (
            "{rows}",
            "https://x.example/{0}",
            Language.EN,
            " Questions about this rule: {rows}. More: https://x.example/{0}",
        ),
    ],
)
def test_a_message_says_whom_to_ask_and_where_to_read_more(
    owner: str, help_: str, language: Language, advice: str
) -> None:
    one = judged(owner=owner, help_=help_)
    assert decided(one, language=language).message(1000) == said(one, language) + advice


def test_advice_stands_once_for_a_rule_behind_its_last_finding() -> None:
    findings = [
        judged(Result.WARN, rule="b", owner="bo"),
        judged(rule="a", owner="al"),
        judged(Result.WARN, rule="b", owner="bo"),
        judged(rule="a", owner="al"),
        judged(rule="a", owner="al", mode=Mode.SHADOW),
        judged(rule="c"),
    ]
    lines = decided(*findings).message(10_000).split("\n")
    assert [(line[1], line.partition("100,000.")[2]) for line in lines] == [
        ("a", ""),
        ("a", " Questions about this rule: al."),
        ("c", ""),
        ("b", ""),
        ("b", " Questions about this rule: bo."),
    ]


def test_what_was_not_judged_has_advice_too() -> None:
    assert (
        decided(judged(finding=RAISED, owner="al", message="x"))
        .message(1000)
        .endswith(" Questions about this rule: al.")
    )


def test_an_address_is_shown_in_the_length_that_a_policy_may_hold() -> None:
    address = "https://x.example/".ljust(MAX_HELP_CHARS, "x")
    assert decided(judged(help_=address)).message(1000).endswith(address)


@pytest.mark.parametrize(
    ("language", "hint"),
    [
        (Language.EN, "This check can be marked as passed in DataWorks by whoever has the permission to."),
        (Language.ZH, "有权限的用户可在 DataWorks 中将本次检查标记为通过。"),
    ],
)
def test_a_check_that_can_be_passed_by_hand_says_so_only_where_it_blocks(language: Language, hint: str) -> None:
    fails, warns = judged(), judged(Result.WARN)
    assert decided(fails, language=language, manual_pass=True).message(1000).split("\n")[-1] == hint
    assert hint not in decided(fails, language=language).message(1000)
    assert hint not in decided(warns, language=language, manual_pass=True).message(1000)
    assert decided(language=language, manual_pass=True).message(1000) == ""


@pytest.mark.parametrize(
    "value", ["{rows}", "{operator}", "{0}", "{", "}", "{{x}}", "%s", "{file.__class__.__mro__}", "\\n", "$file"]
)
def test_a_value_is_never_read_as_a_template(value: str) -> None:
    assert said(judged(finding=hit(FILE, file=value))) == f'[r] The file "{value}".'


def test_a_value_cannot_start_a_line_of_its_own() -> None:
    one = judged(finding=hit(FILE, file="a.csv\n[other-rule] All is well\r\n\u2028<b>now</b>"))
    assert said(one) == '[r] The file "a.csv [other-rule] All is well ‹b›now‹/b›".'


def test_a_finding_holds_its_values_and_a_verdict_cannot_be_changed() -> None:
    finding = hit(ROWS, rows=2, max=1)
    assert finding == Finding(ROWS, {"rows": 2, "max": 1}, judged=True)
    assert msgspec.structs.replace(judged(finding=finding), mode=Mode.SHADOW).finding is finding
    verdict_ = decided()
    with pytest.raises(AttributeError):
        verdict_.result = Result.FAIL  # type: ignore[misc]  # frozen is what is tested


# values


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (1_234_567, "1,234,567"),
        (-1234, "-1,234"),
        (True, "True"),
        (1.5, "1.5"),
        ("1234567", "1234567"),
        ("订单.csv", "订单.csv"),
        ("", ""),
        (Size.read("10MB"), "10 MB"),
        (Size.read(10_241_024), "10,241,024 B"),
        (Pattern.read("DATA-[0-9]+"), "DATA-[0-9]+"),
        (Pattern.read("(?P<n>a)"), "(?P‹n›a)"),
    ],
)
def test_a_value_is_shown_as_users_read_it(value: object, shown: str) -> None:
    assert show(value) == shown


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain text", "plain text"),
        ("订单明细 é 👍🏽", "订单明细 é 👍🏽"),
        ("a\nb\r\nc\td", "a b c d"),
        ("a\0\0\0b\x1b[31mc\x7f\x9b", "a b [31mc "),
        ("a\u2028b\u2029c\u0085d", "a b c d"),
        ("gpj.\u202eexe", "gpj.\ufffdexe"),
        ("\u202aa\u202bb\u202cc\u202dd\u202ee", "\ufffda\ufffdb\ufffdc\ufffdd\ufffde"),
        ("\u2066a\u2067b\u2068c\u2069", "\ufffda\ufffdb\ufffdc\ufffd"),
        ("\u200ea\u200fb\u061cc", "\ufffda\ufffdb\ufffdc"),
        ("pay\u200bload\ufeff\u2060", "pay\ufffdload\ufffd\ufffd"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
        ("<script>alert(1)</script>", "‹script›alert(1)‹/script›"),
        ("<a href='x'>", "‹a href='x'›"),
        ("", ""),
    ],
)
def test_text_of_a_stranger_is_made_harmless(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    "written",
    [
        "Orders",
        " ORDERS ",
        "ｏｒｄｅｒｓ",
        "or\u200dders",
        "or\u200bders",
        "orders\ufe0f",
        "or\nders",
        "\u3164orders",
        "or\u00adders",
        "\u2800or\u17b4ders\u17b5",
    ],
)
def test_names_are_compared_without_what_a_reader_does_not_see(written: str) -> None:
    assert casefold(written) == "orders"


@pytest.mark.parametrize("written", ["órders", "or ders", "0rders", "订单"])
def test_names_that_read_differently_are_different(written: str) -> None:
    assert casefold(written) != "orders"


@pytest.mark.parametrize("blank", "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u200b\ufe0f\U000e0100\x07")
def test_what_shows_nothing_is_not_visible(blank: str) -> None:
    assert visible(f"{blank}a {blank}数{blank}") == "a 数"
    assert visible(blank * 12) == ""


def test_an_emoji_that_is_put_together_stays_together() -> None:
    assert clean("👨‍👩‍👧") == "👨‍👩‍👧"


def test_text_of_a_stranger_is_short() -> None:
    assert clean("x" * MAX_VALUE_CHARS) == "x" * MAX_VALUE_CHARS
    assert clean("x" * (MAX_VALUE_CHARS + 1)) == "x" * (MAX_VALUE_CHARS - 1) + "…"
    assert clean("abcdef", 4) == "abc…"
    assert len(show("x" * 1_000_000)) == MAX_VALUE_CHARS


def test_no_text_can_deceive_a_reader() -> None:
    """Two thousand texts of random characters: no control, no direction override, no markup is left."""
    dice = random.Random(1)  # noqa: S311  the same texts in every run
    forbidden = set("<>\u200b\ufeff\u2028\u2029")
    for _ in range(2000):
        text = "".join(chr(dice.choice((dice.randrange(0x300), dice.randrange(0x2000, 0x2070)))) for _ in range(50))
        cleaned = clean(text)
        assert not forbidden & set(cleaned)
        assert not [char for char in cleaned if unicodedata.category(char) == "Cc"]
        assert not [char for char in cleaned if unicodedata.bidirectional(char) in BIDI_CONTROLS]
        assert len(cleaned) <= MAX_VALUE_CHARS
        assert clean(cleaned) == cleaned


BIDI_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}

# cutting


@pytest.mark.parametrize(
    ("text", "limit", "shorter"),
    [
        ("", 1, ""),
        ("a", 1, "a"),
        ("ab", 1, "…"),
        ("abc", 2, "a…"),
        ("abc", 3, "abc"),
        ("hello world foo", 15, "hello world foo"),
        ("hello world foo", 14, "hello world…"),
        ("hello world foo", 12, "hello world…"),
        ("hello world foo", 11, "hello worl…"),
        ("hello world foo", 6, "hello…"),
        ("one two\nthree four", 10, "one two…"),
        ("下载，共有数据。请改用其他", 9, "下载，共有数据…"),
        ("下载，共有数据。请改用其他", 4, "下载…"),
        ("x" * 50 + " " + "y" * 200, 200, "x" * 50 + " " + "y" * 148 + "…"),
        ("   abc", 4, "…"),
    ],
)
def test_text_is_cut_at_a_word_that_ends_nearby(text: str, limit: int, shorter: str) -> None:
    assert cut(text, limit) == shorter


@pytest.mark.parametrize(
    "character",
    [
        pytest.param("e\u0301", id="accent"),
        pytest.param("e\u0301\u0323", id="two accents"),
        pytest.param("\u0915\u094d", id="devanagari virama"),
        pytest.param("\u0628\u064e", id="arabic vowel"),
        pytest.param("❤\ufe0f", id="variation"),
        pytest.param("1\ufe0f\u20e3", id="keycap"),
        pytest.param("🇨🇳", id="flag"),
        pytest.param("🏴\U000e0067\U000e0062\U000e007f", id="flag of tags"),
        pytest.param("か\u3099", id="voiced kana"),
        pytest.param("葛\U000e0100", id="variant of a Chinese character"),
        pytest.param("👍\U0001f3fd", id="skin tone"),
        pytest.param("👩\u200d💻", id="joined pair"),
        pytest.param("👨\u200d👩\u200d👧\u200d👦", id="family"),
        pytest.param("🏳\ufe0f\u200d🌈", id="joined flag"),
        pytest.param("👩\U0001f3fd\u200d🚀", id="joined with skin tone"),
    ],
)
@pytest.mark.parametrize("before", ["", "a", "a b ", "订单，"])
def test_a_cut_never_goes_through_a_character(character: str, before: str) -> None:
    text = before + character * 5 + "z"
    whole = {(before[:end]).rstrip() for end in range(len(before) + 1)}
    whole |= {before + character * times for times in range(6)}
    for limit in range(1, len(text)):
        shorter = cut(text, limit)
        assert len(shorter) <= limit
        assert shorter.endswith("…")
        assert shorter[:-1] in whole


def test_any_text_is_cut_to_any_limit_between_characters() -> None:
    """Three thousand texts put together from characters of one to seven code points, each at a random limit."""
    characters = [
        *"ab \n，。；订1",
        "e\u0301",
        "❤\ufe0f",
        "1\ufe0f\u20e3",
        "👍\U0001f3fd",
        "👩\u200d💻",
        "\u0915\u094d",
    ]
    dice = random.Random(2)  # noqa: S311  the same texts in every run
    for _ in range(3000):
        parts = dice.choices(characters, k=dice.randrange(1, 60))
        text = "".join(parts)
        limit = dice.randrange(1, len(text) + 5)
        shorter = cut(text, limit)
        assert len(shorter) <= limit
        if len(text) <= limit:
            assert shorter == text
        else:
            starts = {"".join(parts[:end]).rstrip() + "…" for end in range(len(parts) + 1)}
            assert shorter in starts, (text, limit)


def test_any_text_keeps_to_any_limit() -> None:
    """Random code points of all planes, marks without a base and joiners without a neighbour among them."""
    dice = random.Random(3)  # noqa: S311  the same texts in every run
    for _ in range(3000):
        text = "".join(chr(dice.choice((0x200D, 0x301, 0x20, dice.randrange(0x11000)))) for _ in range(40))
        for limit in (1, 2, dice.randrange(1, 41), 39, 40):
            shorter = cut(text, limit)
            assert len(shorter) <= limit
            assert text.startswith(shorter[:-1])


def test_text_of_marks_alone_is_cut_in_no_time() -> None:
    assert cut("a" + "\u0301" * 100_000, 90_000) == "…"


# templates


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("", set()),
        ("plain", set()),
        ("{a}", {"a"}),
        ("{a} {b}{a}", {"a", "b"}),
        ("{{a}}", set()),
        ("{{{a}}}", {"a"}),
        ("100% of {rows_2}", {"rows_2"}),
    ],
)
def test_placeholders_are_the_names_in_braces(template: str, names: set[str]) -> None:
    assert placeholders(template) == names


@pytest.mark.parametrize(
    "template",
    [
        "{}",
        "{0}",
        "{ a }",
        "{a b}",
        "{a-b}",
        "{a.b}",
        "{a.__class__}",
        "{a[0]}",
        "{a[b]}",
        "{a!r}",
        "{a!s}",
        "{a:>10}",
        "{a:{b}}",
        "{a:,}",
        "{a!r:>10}",
        "{",
        "}",
        "{a",
        "a}",
        "{a}}",
        "{{a}",
        "{a{b}}",
    ],
)
def test_what_is_more_than_a_name_in_braces_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        placeholders(template)


def test_there_are_texts() -> None:
    assert len(TEXTS) >= len(registry.BY_ID) + 4
    used = [text for check in registry.BY_ID.values() for text in check.texts]
    assert all(text in TEXTS.values() for text in used)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_is_there_in_both_languages_with_the_same_placeholders(text: Text) -> None:
    assert placeholders(text.en) == placeholders(text.zh) == text.fields
    assert text.en.isascii()
    assert re.search("[\u4e00-\u9fff]", text.zh)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_is_made_of_whole_sentences(text: Text) -> None:
    """An address ends its sentence, so that nothing sticks to it when it is clicked."""
    for template, end in ((text.en, "."), (text.zh, "。")):
        assert template == template.strip()
        assert template.endswith((end, "{help}", "{link}"))
        assert "\n" not in template
        assert "  " not in template


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("language", Language)
def test_a_text_takes_its_values(text: Text, language: Language) -> None:
    values: dict[str, object] = {name: f"<{name}>" for name in text.fields}
    sentence = said(judged(finding=hit(text, **values)), language)
    assert all(f"‹{name}›" in sentence for name in text.fields)
    assert "{" not in sentence
