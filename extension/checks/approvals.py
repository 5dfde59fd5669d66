"""Checks on requests for permission on tables, before they are made."""

from collections.abc import Iterator

import msgspec

from extension.checks import row
from extension.checks.lists import few, first_unread, refuses
from extension.events import Event, Fact, Reason, Unknown
from extension.payloads import Approval, Asked
from extension.settings import Count, Guids, Listed, Maximum, Names, Pattern
from extension.verdict import Finding, Text, casefold, hit, unread, visible

ACTIONS_REFUSED = Text(
    en="Permission for these actions may not be asked for: {actions} ({count} in all). Leave them out of the request.",
    zh="不允许申请以下操作权限：{actions}（共 {count} 项）。请从申请中移除。",
)


def approval_actions(event: Event[Approval], settings: Listed[Names]) -> Iterator[Finding]:
    """Actions that permission is asked for, on any of the tables: Select, Describe, Update, Drop, ...

    Reading is daily work; who may drop or download a table is another matter.

    Passes: {order: {projectMeta: {objectMetaList: [{action: [Select, Describe]}]}}} with {allow: [Select, Describe]}
    Hits: {order: {projectMeta: {objectMetaList: [{action: [Select, Drop]}]}}} with {allow: [Select, Describe]}
    """
    objects = _objects(event.payload)
    if isinstance(objects, Unknown):
        yield unread(objects)
        return
    facts = [asked.actions or _NO_ACTIONS for asked in objects]
    actions = {casefold(action): action for fact in facts if not isinstance(fact, Unknown) for action in fact}
    refused = [action for action in actions.values() if refuses(settings, action)]
    if refused:
        yield hit(ACTIONS_REFUSED, actions=few(refused), count=len(refused))
    else:
        yield from first_unread(facts)


TOO_LONG = Text(
    en="Permission is asked for {days} days; at most {max} are allowed. Ask for a shorter time.",
    zh="申请的权限有效期为 {days} 天，最多允许 {max} 天。请缩短有效期。",
)

_UNITS = {"day": 1, "month": 31}
"""Days of each unit that is documented; a month has as many as it can have."""


def approval_validity(event: Event[Approval], settings: Maximum) -> Iterator[Finding]:
    """Time that permission is asked for (`deadlineDate`, `deadlineType`), in days: at most `max`.

    What is granted forever is never looked at again. A month counts as 31 days. Other units than day and month are not
    documented, nor is what a request without an end looks like: no such request can be judged.

    Passes: {order: {deadlineDate: "92", deadlineType: day}} with {max: 92}
    Hits: {order: {deadlineDate: "3", deadlineType: month}} with {max: 92}
    """
    order = event.payload.order
    if isinstance(order, Unknown):
        yield unread(order)
    elif isinstance(order.validity, Unknown):
        yield unread(order.validity)
    elif isinstance(order.validity_unit, Unknown):
        yield unread(order.validity_unit)
    elif not order.validity:
        yield unread(Unknown("order.deadlineDate", Reason.UNREADABLE))
    elif casefold(order.validity_unit) not in _UNITS:
        yield unread(Unknown("order.deadlineType", Reason.UNREADABLE))
    else:
        days = order.validity * _UNITS[casefold(order.validity_unit)]
        if days > settings.max:
            yield hit(TOO_LONG, days=days, max=settings.max)


REASON_TOO_SHORT = Text(
    en="The reason of the request has {length} characters; at least {min} are needed. Say what the data is for.",
    zh="申请原因仅 {length} 个字符，至少需要 {min} 个字符。请说明数据用途。",
)
REASON_REFUSED = Text(
    en="The reason of the request is not of the form {pattern}. Write it in that form.",
    zh="申请原因不符合规定的格式 {pattern}。请按该格式填写。",
)


class Reasons(msgspec.Struct, frozen=True, kw_only=True):
    """What a reason has to be like."""

    min: Count = Count(1)
    """Fewest characters, without blanks around them and without what is invisible."""
    pattern: Pattern | None = None
    """Regular expression (RE2) that the whole reason must match."""

    def __post_init__(self) -> None:
        """Refuse settings that could never hit."""
        if not self.min and self.pattern is None:
            raise ValueError("expected a min of at least 1, or a pattern: every reason has 0 characters")


def approval_reason(event: Event[Approval], settings: Reasons) -> Iterator[Finding]:
    """Reason of the request (`applyReason`): at least `min` characters, and all of it matches `pattern`.

    Who approves, and who audits later, has nothing else to go by. A request without a reason has one of 0 characters.

    Passes: {order: {applyReason: "DATA-42: monthly report"}} with {min: 10, pattern: "[A-Z]+-[0-9]+: .*"}
    Hits: {order: {applyReason: test}} with {min: 10, pattern: "[A-Z]+-[0-9]+: .*"}
    """
    order = event.payload.order
    if isinstance(order, Unknown):
        yield unread(order)
        return
    reason = order.reason
    if isinstance(reason, Unknown) and reason.reason is not Reason.MISSING:
        yield unread(reason)
        return
    text = "" if isinstance(reason, Unknown) else reason.strip()
    length = len(visible(text).strip())
    if length < settings.min:
        yield hit(REASON_TOO_SHORT, length=length, min=settings.min)
    elif settings.pattern and not settings.pattern.matches(text):
        yield hit(REASON_REFUSED, pattern=settings.pattern)


TOO_MANY_GRANTEES = Text(
    en="Permission is asked for {count} users at once; at most {max} are allowed. Ask for fewer users.",
    zh="本次为 {count} 个用户申请权限，最多允许 {max} 个。请减少授权用户。",
)


def approval_grantees(event: Event[Approval], settings: Maximum) -> Iterator[Finding]:
    """Users that one request asks permission for: at most `max`.

    A long list is a group in disguise, and a group should have a role.

    Passes: {order: {granteeObjectList: [{granteeId: "1"}, {granteeId: "1"}]}} with {max: 1}
    Hits: {order: {granteeObjectList: [{granteeId: "1"}, {granteeId: "2"}]}} with {max: 1}
    """
    order = event.payload.order
    grantees = order if isinstance(order, Unknown) else order.grantees
    grantees = grantees or Unknown("order.granteeObjectList", Reason.UNREADABLE)
    if isinstance(grantees, Unknown):
        yield unread(grantees)
        return
    facts = [grantee.grantee_id for grantee in grantees]
    count = len({casefold(fact) for fact in facts if not isinstance(fact, Unknown)})
    if count > settings.max:
        yield hit(TOO_MANY_GRANTEES, count=count, max=settings.max)
    else:
        yield from first_unread(facts)


TABLES_REFUSED = Text(
    en="Permission on these tables may not be asked for: {tables} ({count} in all). Leave them out of the request, or"
    " ask their owner.",
    zh="不允许申请以下表的权限：{tables}（共 {count} 张）。请从申请中移除，或联系表负责人。",
)


def approval_tables(event: Event[Approval], settings: Listed[Guids]) -> Iterator[Finding]:
    """Tables that permission is asked for, by GUID: `odps.project.table`.

    Passes: {order: {projectMeta: {objectMetaList: [{projectGuid: odps.shop, name: a}]}}} with {deny: ["odps.hr.*"]}
    Hits: {order: {projectMeta: {objectMetaList: [{projectGuid: odps.hr, name: a}]}}} with {deny: ["odps.hr.*"]}
    """
    objects = _objects(event.payload)
    if isinstance(objects, Unknown):
        yield unread(objects)
        return
    facts = [_table(asked) for asked in objects]
    tables = dict.fromkeys(fact for fact in facts if not isinstance(fact, Unknown))
    refused = [table for table in tables if refuses(settings, table)]
    if refused:
        yield hit(TABLES_REFUSED, tables=few(refused), count=len(refused))
    else:
        yield from first_unread(facts)


def _objects(payload: Approval) -> Fact[tuple[Asked, ...]]:
    order = payload.order
    if isinstance(order, Unknown):
        return order
    if isinstance(order.project, Unknown):
        return order.project
    return order.project.objects or Unknown("order.projectMeta.objectMetaList", Reason.UNREADABLE)


_NO_ACTIONS = Unknown("action", Reason.UNREADABLE)
"""A list of none makes no sense where something is asked for."""


def _table(asked: Asked) -> Fact[str]:
    """The GUID of a table; unreadable where the project has not the engine and the name that it is documented with."""
    project, name = asked.project_guid, asked.name
    if isinstance(project, Unknown):
        return project
    if isinstance(name, Unknown):
        return name
    parts = [part.strip() for part in project.split(".")]
    whole = len(parts) > 1 and all(parts)
    return ".".join((*parts, name.strip())) if whole else Unknown("projectGuid", Reason.UNREADABLE)


_APPROVAL = ("approval-change-before-create",)

# A table, one check a line.
# fmt: off
CHECKS = (
    row("approval.actions", approval_actions, Listed[Names], _APPROVAL, ACTIONS_REFUSED),
    row("approval.validity", approval_validity, Maximum, _APPROVAL, TOO_LONG),
    row("approval.reason", approval_reason, Reasons, _APPROVAL, REASON_TOO_SHORT, REASON_REFUSED),
    row("approval.grantees", approval_grantees, Maximum, _APPROVAL, TOO_MANY_GRANTEES),
    row("approval.tables", approval_tables, Listed[Guids], _APPROVAL, TABLES_REFUSED),
)
# fmt: on
