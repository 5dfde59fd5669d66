"""Finding, severity, verdict, and the text that users read, in English and Chinese.

A finding holds values; the sentence is written here, from templates that sit beside the checks. The worst finding
decides: FAIL over WARN over OK.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from string import Formatter
from unicodedata import category, normalize

import msgspec

from extension.events import Missing, Reason, Unknown
from extension.sql.facts import Statement


class Result(StrEnum):
    """Verdict of a rule and of an event, in the platform's words: passed, passed with a warning, blocked."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


_RANK = {Result.OK: 0, Result.WARN: 1, Result.FAIL: 2}


class Mode(StrEnum):
    """Whether a finding counts, or is logged only.

    That is because the rule is in shadow, because the event is exempt, or because EXTENSION_MODE or a parameter of the
    extension overrules all.
    """

    ENFORCE = "enforce"
    SHADOW = "shadow"
    EXEMPT = "exempt"
    OVERRULED = "overruled"


class Severity(StrEnum):
    """How grave a rule's owner finds a hit: for logs, pages and reports; it decides nothing."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Language(StrEnum):
    """Language of the built-in texts."""

    EN = "en"
    ZH = "zh"


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence or two for the user, what was hit and what to do, with {placeholders} for a finding's values."""

    en: str
    zh: str

    @property
    def fields(self) -> frozenset[str]:
        """Placeholders of the text, the same in both languages."""
        return placeholders(self.en)


def placeholders(template: str) -> frozenset[str]:
    """Names in braces. Raises ValueError for a template that is not plain text with {name} in it."""
    found = set()
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(
            f"a brace is not closed or not opened; write {{{{ or }}}} for a brace itself ({error})"
        ) from error
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if spec or conversion or not name.isidentifier():
            written = f"{name}{'!' * bool(conversion)}{conversion or ''}{':' * bool(spec)}{spec}"
            raise ValueError(f"{{{written}}} is not a placeholder: only {{name}} is taken")
        found.add(name)
    return frozenset(found)


class Finding(msgspec.Struct, frozen=True):
    """What a check has to say: a text and the values for it.

    `judged` is False where the check could not judge (a fact is missing, it raised, time ran out): a rule's own message
    speaks of what was judged, so it does not stand in for these. `unread` is True where SQL could not be read well
    enough to judge it: the finding gives what the rule says under `on_unreadable`. A value that is a `Text` is shown in
    the language of the policy.
    """

    text: Text
    values: Mapping[str, object] = {}
    judged: bool = True
    unread: bool = False


def hit(text: Text, **values: object) -> Finding:
    """A finding: what was judged is against the rule. `values` are the placeholders of `text`."""
    return Finding(text, values)


def unread(fact: Unknown) -> Finding:
    """The finding of a rule that needs a fact which the message does not give, or a LIMIT where the SQL has none."""
    if fact.field == "sql.limit":
        return Finding(_NO_LIMIT, judged=False)
    texts = {Reason.MISSING: _MISSING, Reason.UNREADABLE: _UNREADABLE, Reason.UNRECORDED: UNRECORDED}
    return Finding(texts[fact.reason], {"field": fact.field}, judged=False)


_MISSING = Text(
    en='DataWorks did not send "{field}", which this rule needs. Try again; if it happens again, tell the owner of'
    " the extension.",
    zh="DataWorks 发送的消息中缺少本规则所需的字段“{field}”。请重试；如问题仍然存在，请联系扩展程序负责人。",
)
_UNREADABLE = Text(
    en='DataWorks sent "{field}" in a form that cannot be read, and this rule needs it. Try again; if it happens'
    " again, tell the owner of the extension.",
    zh="DataWorks 发送的消息中，本规则所需的字段“{field}”无法识别。请重试；如问题仍然存在，请联系扩展程序负责人。",
)
UNRECORDED = Text(
    en='The record of this event does not hold "{field}", so that this rule cannot be judged on it.',
    zh="该事件的记录中没有字段“{field}”，无法据此判断本规则。",
)
"""The finding of a rule that needs what a record does not hold: no event that comes in has it."""
_NO_LIMIT = Text(
    en="The query has no LIMIT, or one that is no plain number, and this rule needs one. Add a LIMIT to its end.",
    zh="查询没有 LIMIT，或 LIMIT 不是数字，而本规则需要 LIMIT。请在查询末尾添加 LIMIT。",
)
_RAISED = Text(
    en="This rule could not be checked because of an error in the extension. Try again; if it happens again, tell"
    " the owner of the extension.",
    zh="扩展程序出错，本规则未能完成检查。请重试；如问题仍然存在，请联系扩展程序负责人。",
)
_LATE = Text(
    en="The check ran out of time before this rule was done. Try again; if it happens again, tell the owner of the"
    " extension.",
    zh="检查超时，本规则未能完成检查。请重试；如问题仍然存在，请联系扩展程序负责人。",
)
_SLOW = Text(
    en="This rule was still being checked when the time ran out. Try again; if it happens again, tell the owner of the"
    " extension.",
    zh="检查时间已用尽，本规则仍在检查中，未能得出结果。请重试；如问题仍然存在，请联系扩展程序负责人。",
)
_NOT_HAD = Text(
    en="This rule could not be checked because DataWorks did not give the details that it needs. Try again; if it"
    " happens again, tell the owner of the extension.",
    zh="DataWorks 未返回本规则所需的详细信息，本规则未能完成检查。请重试；如问题仍然存在，请联系扩展程序负责人。",
)

_TOO_MANY = Text(
    en="This rule can be checked for at most {max} instances at a time, and {count} are selected. Select fewer.",
    zh="本规则单次最多可检查 {max} 个实例，当前选择了 {count} 个。请减少所选实例。",
)


def not_had(missing: Missing) -> Finding:
    """The finding of a rule that needs what was asked of the platform and could not be had, or was not asked."""
    if missing.most:
        return Finding(_TOO_MANY, {"max": missing.most, "count": missing.count}, judged=False)
    return Finding(_NOT_HAD, judged=False)


def unparsed(statements: Iterable[Statement]) -> Iterator[Finding]:
    """Findings of a rule on SQL for statements that could only be read by their words: one for each reason."""
    lines: dict[str, list[int]] = {}
    for statement in statements:
        lines.setdefault(statement.unread, []).append(statement.line)
    for reason, places in lines.items():
        text = _NO_SQL if reason.endswith("not SQL") else _UNPARSED
        known = Text(en=reason, zh=_REASONS.get(reason, reason))
        yield Finding(text, {"line": together(map(str, places)), "reason": known}, judged=False, unread=True)


_UNPARSED = Text(
    en="Line {line}: this could not be read as SQL ({reason}) and was judged by its words alone. Rewrite it, or ask the"
    " owner of the extension.",
    zh="第 {line} 行：无法按 SQL 解析（{reason}），仅根据其中的词语进行了检查。请改写，或联系扩展程序负责人。",
)
_NO_SQL = Text(
    en="Line {line}: {reason}, so that it was judged by its words alone and not all could be checked. If that stops"
    " you, ask the owner of the extension.",
    zh="第 {line} 行：{reason}，仅根据其中的词语进行了检查，部分内容无法检查。如影响使用，请联系扩展程序负责人。",
)
"""Nobody can rewrite Python as SQL."""
_REASONS: Mapping[str, str] = {
    "Python is not SQL": "Python 代码不是 SQL",
    "Shell is not SQL": "Shell 脚本不是 SQL",
    "it is not SQL": "不是 SQL 代码",
    "engines end a text in quotes in different places": "不同引擎对引号内文本的结束位置理解不同",
    "a quote is not closed": "引号未闭合",
    "engines end a comment in different places": "不同引擎对注释的结束位置理解不同",
    "a comment is not closed": "注释未闭合",
    "an invisible character": "含有不可见字符",
    "a control character": "含有控制字符",
    "a character that SQL does not have": "含有 SQL 中没有的字符",
    "a quote or comment sign in a value of SET": "SET 的值中含有引号或注释符号",
    "a command of the shell": "含有 Shell 命令",
    "engines read a $ in different ways": "不同引擎对 $ 的理解不同",
    "a # is not a comment to all engines": "并非所有引擎都将 # 视为注释",
    "a backslash outside of quotes": "引号之外有反斜杠",
    "it is nested too deeply": "嵌套过深",
    "it is too intricate": "结构过于复杂",
    "it is too long": "语句过长",
    "its kind is not known": "语句类型未知",
    "its rows are matched to a pattern": "使用了行模式匹配",
    "it comes after too many statements": "语句过多",
    "it changes what is no table": "变更的对象不是表",
    "the grammar does not take it": "不符合语法",
    "the grammar makes something odd of it": "语法解析结果异常",
    "the grammar and the words do not name the same tables": "语法解析与逐词检查得到的表不一致",
    "a name has letters of several alphabets": "名称中混用了多种字母",
    "a SET with a query or a bracket in it": "SET 语句中含有查询或括号",
    "a SET of more than one line": "SET 语句跨多行",
    "a procedure is called": "调用了存储过程",
    "a command with a query in it": "命令中含有查询",
    "it is a tunnel command": "属于 Tunnel 命令",
    "it runs a text as SQL": "将文本作为 SQL 执行",
}
"""In Chinese, why a statement could not be read. What is not here is shown in English."""


RAISED = Finding(_RAISED, judged=False)
"""The finding of a rule whose check raised."""
LATE = Finding(_LATE, judged=False)
"""The finding of every rule that was not done when the time ran out."""
SLOW = Finding(_SLOW, judged=False)
"""The finding of the one rule that was being judged then, and was stopped."""


CONDITION = Text(
    en="The operation meets the condition of this rule ({condition}). Change it so that it does not, or ask the owner"
    " of the extension.",
    zh="本次操作符合本规则设定的条件（{condition}）。请调整后重试，或联系扩展程序负责人。",
)
"""The hit of a rule that has a condition alone."""

_ASK = Text(en="Questions about this rule: {owner}.", zh="如有疑问，请联系 {owner}。")
_READ = Text(en="More: {help}", zh="详情：{help}")
_DETAILS = Text(en="What was checked, in full: {link}", zh="检查详情：{link}")
_MANUAL_PASS = Text(
    en="This check can be marked as passed in DataWorks by whoever has the permission to.",
    zh="有权限的用户可在 DataWorks 中将本次检查标记为通过。",
)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A finding under its rule: what it counts for. `message` is the rule's own template, empty for the built-in.

    `check` is empty for a rule that has a condition alone; `exempt` says why the event is exempt, where it is.
    """

    rule: str
    check: str
    result: Result
    mode: Mode
    finding: Finding
    message: str = ""
    severity: Severity | None = None
    owner: str = ""
    help: str = ""
    exempt: str = ""
    error: str = ""
    """Type and place of what the check raised, or what the platform answered, for the log; never the user's data."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What the user reads of one finding, or of several rules that say the same: `findings` are of one result."""

    findings: tuple[Judged, ...]
    text: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question to the platform, for the log: whether an answer of before served, how many calls, what went wrong."""

    action: str
    cached: bool
    calls: int
    error: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted for one event, and why.

    `policy` names the policy that decided, and `language` is its language; `subject` are the placeholders that every
    message can use, whatever the check: see `SUBJECT`. `manual_pass` says whether the extension lets a failed check be
    marked as passed. For the log are `warnings`, what the platform was `asked`, those of its `answers` that a verdict
    can turn on, but for code and tables: options and roles; and what it went by where `sql` was read.
    """

    result: Result
    findings: tuple[Judged, ...]
    subject: Mapping[str, str]
    policy: str
    language: Language
    manual_pass: bool = False
    warnings: tuple[str, ...] = ()
    asked: tuple[Asked, ...] = ()
    answers: Mapping[str, object] = {}
    sql: Mapping[str, object] = {}

    def sentence(self, *findings: Judged) -> str:
        """What a finding says to the user, with its rule named; `?` for a value that a custom check forgot to give.

        Of several findings that say the same it is that of the first, with all their rules named.
        """
        rules = together((judged.rule for judged in findings), _RULES)
        return f"[{rules}] {self._words(findings[0])}"

    def _words(self, judged: Judged) -> str:
        finding = judged.finding
        template = judged.message if judged.message and finding.judged else self._say(finding.text)
        said = {name: self._say(value) if isinstance(value, Text) else value for name, value in finding.values.items()}
        values = {name: show(value) for name, value in said.items()}
        return template.format_map(defaultdict(lambda: "?", {**self.subject, "rule": judged.rule, **values}))

    def lines(self) -> tuple[Line, ...]:
        """What counts, worst first, and with one result hits before SQL that could not be read.

        What several rules could not judge for the same reason is said once.
        """
        counted = [judged for judged in self.findings if judged.mode is Mode.ENFORCE and judged.result is not Result.OK]
        counted.sort(key=lambda judged: (-_RANK[judged.result], judged.finding.unread))
        alike: dict[object, list[Judged]] = {}
        for number, judged in enumerate(counted):
            key = number if judged.finding.judged else (judged.result, self._words(judged))
            alike.setdefault(key, []).append(judged)
        return tuple(Line(findings=tuple(each), text=self.sentence(*each)) for each in alike.values())

    def message(self, limit: int, link: str = "") -> str:
        """The text for the user: what counts, see `lines`, no longer than `limit`; empty for OK.

        Behind the last line of a rule stands whom to ask, and where to read more: one of its own where it has any. At
        the end stands `link`, where it leaves half of the room.
        """
        details = self._say(_DETAILS).format(link=link) if link and self.result is not Result.OK else ""
        if details and len(details) < limit / 2:
            return f"{self.message(limit - len(details) - 1)}\n{details}"
        lines = self.lines()
        shared_first = sorted(lines, key=lambda line: len({judged.rule for judged in line.findings}) == 1)
        last = {judged.rule: line for line in shared_first for judged in line.findings}
        said = [
            _spaced([line.text, *self._advice([each for each in line.findings if last[each.rule] is line])])
            for line in lines
        ]
        if self.manual_pass and self.result is Result.FAIL:
            said.append(self._say(_MANUAL_PASS))
        return cut("\n".join(said), limit)

    def _advice(self, findings: Sequence[Judged]) -> Iterator[str]:
        """Whom to ask, and where to read more."""
        if owners := dict.fromkeys(clean(judged.owner) for judged in findings if judged.owner):
            yield self._say(_ASK).format(owner=", ".join(owners))
        for help_ in dict.fromkeys(judged.help for judged in findings if judged.help):
            yield self._say(_READ).format(help=clean(help_, MAX_HELP_CHARS))

    def _say(self, text: Text) -> str:
        return text.zh if self.language is Language.ZH else text.en


def _spaced(sentences: Sequence[str]) -> str:
    """Sentences in a row; behind a Chinese mark there is no space."""
    return "".join(f"{text} " if text[-1] not in "。！？；" else text for text in sentences[:-1]) + sentences[-1]


MAX_HELP_CHARS = 500
"""Longest address that is shown."""

SUBJECT = frozenset({"event", "operator", "workspace", "time", "rule"})
"""Placeholders that every message can use: event code, ids of user and workspace (a dash where the message does not
give them), the event's time or else that of judging, in the policy's timezone, and the rule's id."""


def worst_of(results: Iterable[Result]) -> Result:
    """The worst of some results, OK for none."""
    return max(results, key=_RANK.__getitem__, default=Result.OK)


def worst(findings: Iterable[Judged]) -> Result:
    """The verdict that enforced findings add up to."""
    return worst_of(judged.result for judged in findings if judged.mode is Mode.ENFORCE)


MAX_VALUE_CHARS = 120
"""Longest value of a finding that is shown: a file name can be as long as its sender likes."""


def show(value: object) -> str:
    """A value as users read it: whole numbers with separators, text without anything that could deceive a reader."""
    if type(value) is int:
        return clean(f"{value:,}")
    return clean(str(value))


_TOGETHER, _RULES = 3, 8


def together(values: Iterable[str], most: int = _TOGETHER) -> str:
    """Each of the values once, the first ones of many; behind them stands how many more there are."""
    distinct = [*dict.fromkeys(values)]
    more = len(distinct) - most
    return ", ".join(distinct[:most]) + (f" (+{more})" if more > 0 else "")


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_MARKUP = str.maketrans("<>", "‹›")
_JOINERS = "\u200c\u200d"
_ALTERING = frozenset((*_JOINERS, *map(chr, range(0xFE00, 0xFE10)), *map(chr, range(0xE0100, 0xE01F0))))
"""Joiners and variation selectors: of use to a reader, but no part of a name."""
_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters and marks that show nothing, though they are neither format nor space to Unicode."""


def clean(text: str, limit: int = MAX_VALUE_CHARS) -> str:
    """Text of a stranger on one line: no markup, not too long, and a mark for what is invisible or turns the text."""
    if len(text) <= limit and _is_harmless(text):
        return text
    text = _CONTROL.sub(" ", text)[: limit + 1]  # one more tells a cut that there is something to cut, and where not to
    if not text.isascii():
        text = "".join(character if _shows(character) else "\ufffd" for character in text)
    return cut(text.translate(_MARKUP), limit)


def _is_harmless(text: str) -> bool:
    """Whether a text is such that nothing has to be done to it, as most are."""
    return text.isascii() and text.isprintable() and "<" not in text and ">" not in text


def casefold(text: str) -> str:
    """`text` in the form in which names are compared: without case, width, blanks around it, and what is invisible."""
    if text.isascii() and text.isprintable():
        return text.strip().lower()
    text = visible(text)
    return (text if text.isascii() else normalize("NFKC", text)).strip().casefold()


def visible(text: str) -> str:
    """`text` without what is invisible, but for its blanks."""
    if not text.isascii():
        text = "".join(character for character in text if _shows(character) and character not in _ALTERING)
    return _CONTROL.sub("", text)


def _shows(character: str) -> bool:
    """Whether a character is of use to a reader: joiners hold scripts and emoji together."""
    return character in _JOINERS or not (category(character) in ("Cf", "Cs") or character in _BLANKS)


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` characters: cut at a word where one ends nearby, never inside a character."""
    if len(text) <= limit:
        return text
    end = limit - 1
    word = max(text.rfind(mark, end * 3 // 4, end + 1) for mark in " \n，。；")
    end = word if word > 0 else end
    while end > 0 and _continues(text, end):
        end -= 1
    return text[:end].rstrip() + "…"


def _continues(text: str, end: int) -> bool:
    """Whether a cut at `end` would go through what is one character to the reader.

    That is a mark on its base, an emoji put together or coloured, the tags of a flag, and half of a flag's two letters.
    """
    before, after = text[end - 1], text[end]
    if category(after).startswith("M") or "\u200d" in (before, after) or after in _TAGS or after in _SKIN:
        return True
    run = 0
    while run < end and text[end - 1 - run] in _FLAG_LETTERS:
        run += 1
    return after in _FLAG_LETTERS and run % 2 == 1


_SKIN = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_TAGS = frozenset(map(chr, range(0xE0020, 0xE0080)))
_FLAG_LETTERS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
