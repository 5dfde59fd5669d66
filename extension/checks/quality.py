"""Checks on data quality: rules, the monitor tasks that run them, and who is told of their results.

DataWorks documents no id of the task in an update of it, and prints the payload of a single update for updates in bulk:
a list `rules` or `ids` that comes with one is judged, else the rule that the payload itself is.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, Self, TypeVar

import msgspec

from extension.checks import row
from extension.checks.lists import few, first_unread, refuses
from extension.events import Event, Fact, Reason, Unknown, known
from extension.payloads import (
    Checking,
    Notice,
    QualityDeletion,
    QualityRule,
    QualityRules,
    QualityRulesUpdate,
    QualityRuleUpdate,
    QualityTask,
    QualityTaskClone,
    Subscription,
    SubscriptionUpdate,
)
from extension.settings import Listed, Maximum, Names, Nothing, Numbers, plain
from extension.verdict import Finding, Text, casefold, hit, unread

PROTECTED = Text(
    en="This changes or deletes what is protected in Data Quality: {protected} ({count} in all). Ask who is responsible"
    " for the quality of this data.",
    zh="本次操作将修改或删除数据质量中受保护的对象：{protected}（共 {count} 个）。请联系数据质量负责人。",
)


class ProtectedQuality(msgspec.Struct, frozen=True, kw_only=True):
    """What stays as it is."""

    rules: Numbers | None = None
    """Ids of rules that must not be changed or deleted."""
    tasks: Numbers | None = None
    """Ids of monitor tasks that must not be deleted, and whose alert subscriptions must not be changed."""
    tables: Names | None = None
    """Tables, by their ids in Data Map, whose monitor tasks must not be changed."""

    def __post_init__(self) -> None:
        """Refuse settings that could never hit."""
        if not (self.rules or self.tasks or self.tables):
            raise ValueError("expected rules, tasks, tables or several of them, found none")


def quality_protected(
    event: Event[QualityRuleUpdate | QualityDeletion | QualityTask | Notice], settings: ProtectedQuality
) -> Iterator[Finding]:
    """Quality rules, monitor tasks and their alert subscriptions: none that is protected is changed or deleted.

    A rule that is switched off, or an alarm that nobody gets, is not noticed before the data is wrong.

    A change of a task does not say which: it is judged by the table that the task watches, and by the rules in it,
    which all count as changed. Rules that are added to a task do not change it.

    Passes: {id: 1, ids: [1], rules: [{id: 1}], dataQualityEvaluationTaskId: 1} with {rules: [9], tasks: ["9*"]}
    Hits: {id: 9, ids: [9], rules: [{id: 9}], dataQualityEvaluationTaskId: 9} with {rules: [9], tasks: ["9*"]}
    """
    protected: dict[str, None] = {}
    unknown: list[Unknown] = []
    for listed, facts in _touched(event, settings):
        for fact in facts:
            if isinstance(fact, Unknown):
                unknown.append(fact)
            elif str(fact) in listed:
                protected[str(fact)] = None
    if protected:
        yield hit(PROTECTED, protected=few(protected), count=len(protected))
    else:
        yield from first_unread(unknown)


def _touched(
    event: Event[QualityRuleUpdate | QualityDeletion | QualityTask | Notice], settings: ProtectedQuality
) -> Iterator[tuple[Names, Iterable[Fact[int] | Fact[str]]]]:
    """What an event changes or deletes, by the list that protects it, as far as there is one."""
    payload = event.payload
    if settings.rules and isinstance(payload, QualityRuleUpdate):
        yield settings.rules, _updated(payload)
    if isinstance(payload, QualityDeletion):
        listed = settings.rules if event.code == _RULES_DELETED else settings.tasks
        if listed:
            yield listed, _each(payload.ids)
    if settings.tasks and isinstance(payload, Notice):
        yield settings.tasks, (payload.task_id,)
    if settings.rules and isinstance(payload, QualityTask):
        yield settings.rules, _listed(payload)
    if settings.tables and isinstance(payload, QualityTask):
        yield settings.tables, _watched(payload)


_RULES_DELETED = "batch-delete-data-quality-rules"


def _updated(payload: QualityRuleUpdate) -> Iterator[Fact[int]]:
    """Ids of the rules that an update changes."""
    if not isinstance(payload, QualityRulesUpdate) or not (_there(payload.ids) or _there(payload.rules)):
        yield payload.rule_id
        return
    yield from known(payload.rule_id)
    if _there(payload.ids):
        yield from _each(payload.ids)
    if _there(payload.rules):
        yield from (rule if isinstance(rule, Unknown) else rule.rule_id for rule in _each(payload.rules))


def _listed(payload: QualityTask) -> Iterator[Fact[int]]:
    """Ids of the rules in a task; those that are made with it have none."""
    for rule in _each(payload.rules):
        if isinstance(rule, Unknown):
            yield rule
        elif _there(rule.rule_id):
            yield rule.rule_id


TOO_LOW = Text(
    en="These quality rules have a severity below {min}: {rules} ({count} in all). Raise it.",
    zh="以下质量规则的强弱低于 {min}（强规则）：{rules}（共 {count} 条）。请将其设置为强规则。",
)

_LEVELS = {"high": 2, "normal": 1}
"""Severities that are documented: High for a strong rule, Normal for a weak one."""


class Level(str):
    """A severity that not every rule reaches."""

    __slots__ = ()

    FORM: ClassVar[str] = "High"

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema."""
        return {"type": "string", "enum": ["High"]}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a severity."""
        if value == "Normal":
            raise ValueError("expected High, found 'Normal', which every rule has at least")
        if value != "High":
            raise ValueError(f"expected High, found {plain(value)}")
        return cls(value)


class Severity(msgspec.Struct, frozen=True, kw_only=True):
    """How strong rules have to be."""

    min: Level
    """Lowest severity that is allowed: High. The only other one is Normal."""


Changed = QualityRules | QualityRuleUpdate | QualityTask


def quality_severity(event: Event[Changed], settings: Severity) -> Iterator[Finding]:
    """Severity of quality rules that are made or changed: at least `min`.

    Only a strong rule (High) stops the nodes that come after it; a weak one (Normal) tells somebody. A rule that exists
    already comes into a task without its severity, and is not judged there.

    Passes: {name: a, severity: High, rules: [{name: a, severity: High}, {name: b, severity: high}]} with {min: High}
    Hits: {name: a, severity: Normal, rules: [{name: a, severity: Normal}, {name: b, severity: High}]} with {min: High}
    """
    listed = isinstance(event.payload, QualityTask)
    names, unknown = _offending(event.payload, lambda rule, path: _low(rule, path, settings.min, listed=listed))
    if names:
        yield hit(TOO_LOW, rules=few(names), count=len(names), min=settings.min)
    else:
        yield from first_unread(unknown)


def _low(rule: QualityRule, path: str, least: Level, *, listed: bool) -> Fact[bool]:
    """Whether a rule's severity is below the least; `listed` says that the rule stands in a task."""
    severity = rule.severity
    if isinstance(severity, Unknown):
        exists = listed and not isinstance(rule.rule_id, Unknown)
        return False if exists and not _there(severity) else severity
    level = _LEVELS.get(casefold(severity))
    return Unknown(f"{path}severity", Reason.UNREADABLE) if level is None else level < _LEVELS[casefold(least)]


NO_THRESHOLDS = Text(
    en="These quality rules lack a threshold: {rules} ({count} in all). Set an expected and a critical threshold.",
    zh="以下质量规则缺少阈值：{rules}（共 {count} 条）。请设置正常阈值和红色异常阈值。",
)


def quality_thresholds(event: Event[Changed], settings: Nothing) -> Iterator[Finding]:  # noqa: ARG001  it has none
    """Quality rules that are made or changed: each has an expected and a critical threshold.

    Without them, a rule measures and never raises the alarm. Rules of the type Auto find their thresholds themselves
    and need none (by the name of the type: what their payload looks like is unverified).

    Passes: {name: a, checkingConfig: {type: auto}, rules: [{name: a, checkingConfig: {type: auto}}]} with {}
    Hits: {name: a, checkingConfig: {type: fixed}, rules: [{name: a, checkingConfig: {type: fixed}}]} with {}
    """
    names, unknown = _offending(
        event.payload,
        lambda rule, _: rule.checking if isinstance(rule.checking, Unknown) else _lacks(rule.checking),
    )
    if names:
        yield hit(NO_THRESHOLDS, rules=few(names), count=len(names))
    else:
        yield from first_unread(unknown)


def _lacks(checking: Checking) -> Fact[bool]:
    """Whether one of two thresholds is not there that have to be."""
    kind, thresholds = checking.kind, checking.thresholds
    if not isinstance(kind, Unknown) and casefold(kind) == "auto":
        return False
    both = (thresholds,) if isinstance(thresholds, Unknown) else (thresholds.expected, thresholds.critical)
    facts = [fact if isinstance(fact, Unknown) else fact.expression for fact in both]
    if not all(_there(fact) for fact in facts):
        return kind if isinstance(kind, Unknown) else True
    return next((fact for fact in facts if isinstance(fact, Unknown)), False)


def _offending(payload: Changed, judge: Callable[[QualityRule, str], Fact[bool]]) -> tuple[list[str], list[Unknown]]:
    """Names of the rules that `judge` is against, and what keeps it from judging others; it also gets their path."""
    names: list[str] = []
    unknown: list[Unknown] = []
    for rule, path in _rules(payload):
        if isinstance(rule, Unknown):
            unknown.append(rule)
            continue
        offends = judge(rule, path)
        if isinstance(offends, Unknown):
            unknown.append(offends)
        elif offends:
            names.append(next(iter((*known(rule.name), *map(str, known(rule.rule_id)))), "?"))
    return names, unknown


def _rules(payload: Changed) -> Iterator[tuple[Fact[QualityRule], str]]:
    """Rules that are made or changed, each with its path in the message."""
    if isinstance(payload, QualityRulesUpdate) and _there(payload.rules):
        rules = payload.rules
    elif isinstance(payload, QualityRuleUpdate):
        yield payload, ""
        return
    else:
        rules = payload.rules
    yield from ((rule, f"rules[{number}].") for number, rule in enumerate(_each(rules)))


TOO_MANY_DELETIONS = Text(
    en="This deletes {count} quality rules or monitor tasks at once; at most {max} are allowed. Delete fewer.",
    zh="本次将一次性删除 {count} 个质量规则或监控任务，最多允许 {max} 个。请分批删除。",
)


def quality_deletions(event: Event[QualityDeletion], settings: Maximum) -> Iterator[Finding]:
    """Quality rules or monitor tasks that are deleted at once: at most `max`.

    Passes: {ids: [1, 2, 2]} with {max: 2}
    Hits: {ids: [1, 2, 3]} with {max: 2}
    """
    ids = event.payload.ids
    if isinstance(ids, Unknown):
        yield unread(ids)
    elif len(set(ids)) > settings.max:
        yield hit(TOO_MANY_DELETIONS, count=len(set(ids)), max=settings.max)


RECEIVERS_REFUSED = Text(
    en="Results of data quality may not be sent to these receivers: {receivers} ({count} in all). Use other receivers.",
    zh="不允许将数据质量结果发送给以下接收人：{receivers}（共 {count} 个）。请改用其他接收人。",
)


def quality_receivers(
    event: Event[Subscription | SubscriptionUpdate | QualityTask], settings: Listed[Names]
) -> Iterator[Finding]:
    """Who is told of the results of monitor tasks: UIDs, addresses of mail, addresses of robots.

    Results hold values of the data, and a robot's address leads anywhere. Of an address on the web, a finding names
    the host alone: what comes behind it is as good as a password. A task without `notifications` tells nobody.

    Passes: {receiverValue: "9", updatedReceiverValue: "9", notifications: {notifications: [{notificaionReceivers: [{receiverValues: ["9"]}]}]}} with {allow: ["9"]}
    Hits: {receiverValue: "8", updatedReceiverValue: "8", notifications: {notifications: [{notificaionReceivers: [{receiverValues: ["8", "9"]}]}]}} with {allow: ["9"]}
    """
    refused: dict[str, None] = {}
    unknown: list[Unknown] = []
    for receiver in _receivers(event.payload):
        if isinstance(receiver, Unknown):
            unknown.append(receiver)
        elif refuses(settings, receiver):
            refused[receiver] = None
    if refused:
        yield hit(RECEIVERS_REFUSED, receivers=few(list(map(_without_path, refused))), count=len(refused))
    else:
        yield from first_unread(unknown)


def _receivers(payload: Subscription | SubscriptionUpdate | QualityTask) -> Iterator[Fact[str]]:
    """Who is told, from now on."""
    if not isinstance(payload, QualityTask):
        yield payload.receiver
    elif isinstance(payload.notifications, Unknown):
        if _there(payload.notifications):
            yield payload.notifications
    else:
        for notification in _each(payload.notifications.notifications):
            for receivers in (notification,) if isinstance(notification, Unknown) else _each(notification.receivers):
                yield from (receivers,) if isinstance(receivers, Unknown) else _each(receivers.values)


_ADDRESS = re.compile("([a-zA-Z][^:/?#]*://)?(?:[^/?#]*@)?([^/?#]*)[/?#]")


def _without_path(receiver: str) -> str:
    """A receiver as a finding names it: of an address, the host alone."""
    address = _ADDRESS.match(receiver)
    return f"{address[1] or ''}{address[2]}/..." if address else receiver


TARGETS_REFUSED = Text(
    en="The quality of these tables may not be watched by this task or rule: {tables} ({count} in all). Choose other"
    " tables, or ask their owner.",
    zh="不允许为以下表配置质量监控：{tables}（共 {count} 张）。请选择其他表，或联系表负责人。",
)


def quality_target(
    event: Event[QualityRules | QualityTask | QualityTaskClone], settings: Listed[Names]
) -> Iterator[Finding]:
    """Tables whose quality is watched: those of new rules, of a task that is made or changed, and of the copies of one.

    A monitor task reads the table that it watches, and costs what that costs. Tables are named by their ids in Data
    Map, which need not have the form of a GUID of MaxCompute.

    Passes: {target: {tableGuid: odps.shop.a}, targets: [{tableGuid: odps.shop.a}]} with {allow: ["odps.shop.*"]}
    Hits: {target: {tableGuid: odps.hr.a}, targets: [{tableGuid: odps.hr.a}]} with {allow: ["odps.shop.*"]}
    """
    facts = list(_watched(event.payload))
    refused = [table for table in dict.fromkeys(facts) if not isinstance(table, Unknown) and refuses(settings, table)]
    if refused:
        yield hit(TARGETS_REFUSED, tables=few(refused), count=len(refused))
    else:
        yield from first_unread(facts)


def _watched(payload: QualityRules | QualityTask | QualityTaskClone) -> Iterator[Fact[str]]:
    """Tables that are watched."""
    targets = _each(payload.targets) if isinstance(payload, QualityTaskClone) else (payload.target,)
    yield from (target if isinstance(target, Unknown) else target.table_guid for target in targets)


T = TypeVar("T")


def _each(fact: Fact[tuple[T, ...]]) -> tuple[Fact[T], ...]:
    """The items of a list, or in their place what is unknown."""
    return (fact,) if isinstance(fact, Unknown) else fact


def _there(fact: object) -> bool:
    """Whether the message has something in the place of a fact, readable or not."""
    return not (isinstance(fact, Unknown) and fact.reason is Reason.MISSING)


_RULES_MADE = ("batch-create-data-quality-rules",)
_RULES_UPDATED = ("update-data-quality-rule", "batch-update-data-quality-rules")
_QUALITY_DELETED = ("batch-delete-data-quality-rules", "batch-delete-data-quality-evaluation-tasks")
_TASK_UPDATED = ("update-data-quality-evaluation-task",)
_TASKS = ("create-data-quality-evaluation-task", *_TASK_UPDATED)
_TASK_CLONED = ("clone-data-quality-evaluation-task",)
_RECEIVERS = (
    *("create-data-quality-evaluation-task-notification", "update-data-quality-evaluation-task-notification"),
    *_TASKS,
)
_SUBSCRIPTIONS = (*_RECEIVERS[:2], "delete-data-quality-evaluation-task-notification")
_RULES = (*_RULES_MADE, *_RULES_UPDATED, *_TASKS)
_PROTECTED = (*_RULES_UPDATED, *_QUALITY_DELETED, *_TASK_UPDATED, *_SUBSCRIPTIONS)

# A table, one check a line.
# fmt: off
CHECKS = (
    row("quality.protected", quality_protected, ProtectedQuality, _PROTECTED, PROTECTED),
    row("quality.severity", quality_severity, Severity, _RULES, TOO_LOW),
    row("quality.thresholds", quality_thresholds, Nothing, _RULES, NO_THRESHOLDS),
    row("quality.deletions", quality_deletions, Maximum, _QUALITY_DELETED, TOO_MANY_DELETIONS),
    row("quality.receivers", quality_receivers, Listed[Names], _RECEIVERS, RECEIVERS_REFUSED),
    row("quality.target", quality_target, Listed[Names], (*_RULES_MADE, *_TASKS, *_TASK_CLONED), TARGETS_REFUSED),
)
# fmt: on
