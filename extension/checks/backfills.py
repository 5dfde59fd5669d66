"""Checks on backfills: business dates, nodes, and how much runs at a time.

Business dates are days: the time of day that may stand behind one is not judged.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime

from extension.checks import row
from extension.checks.lists import compare
from extension.events import Event, Fact, Reason, Unknown
from extension.payloads import Backfill
from extension.settings import Known, Listed, Maximum, Nothing
from extension.verdict import Finding, Text, hit, unread

TOO_MANY_DAYS = Text(
    en="The backfill is for {days} business dates; at most {max} are allowed. Choose fewer, or backfill in several"
    " steps.",
    zh="本次补数据包含 {days} 个业务日期，最多允许 {max} 个。请缩小业务日期范围，或分批补数据。",
)


def backfill_days(event: Event[Backfill], settings: Maximum) -> Iterator[Finding]:
    """Business dates of a backfill over all its periods: at most `max`; a date in two periods counts once.

    Each date runs every node again; a year by mistake takes the resources of the daily runs. First and last date are
    both inside.

    Passes: {multipleTimePeriods: [{bizBeginTime: "2022-04-17", bizEndTime: "2022-04-23"}]} with {max: 7}
    Hits: {multipleTimePeriods: [{bizBeginTime: "2022-04-17", bizEndTime: "2022-04-24"}]} with {max: 7}
    """
    spans, gap = _spans(event.payload)
    days = _covered(spans)
    if days > settings.max:
        yield hit(TOO_MANY_DAYS, days=days, max=settings.max)
    elif gap:
        yield unread(gap)


TOO_OLD = Text(
    en="The backfill goes back to {date}, {days} days ago; at most {max} days are allowed. Choose later business"
    " dates, or ask the owner of the extension.",
    zh="本次补数据最早的业务日期为 {date}，距今 {days} 天，最多允许 {max} 天。"
    "请选择较近的业务日期，或联系扩展程序负责人。",
)


def backfill_age(event: Event[Backfill], settings: Maximum) -> Iterator[Finding]:
    """Oldest business date of a backfill: at most `max` days before the day of the event, in the policy's timezone.

    What has been reported and closed should not change under its readers. The daily run of today has the business date
    of yesterday, which is one day old.

    Passes: {multipleTimePeriods: [{bizBeginTime: "2022-04-17", bizEndTime: "2022-04-18"}], moment: "2022-04-24"} with {max: 7}
    Hits: {multipleTimePeriods: [{bizBeginTime: "2022-04-17", bizEndTime: "2022-04-18"}], moment: "2022-04-25"} with {max: 7}
    """
    spans, gap = _spans(event.payload)
    today = event.moment.date().toordinal()
    oldest = min((begin for begin, _ in spans), default=today)
    if today - oldest > settings.max:
        yield hit(TOO_OLD, date=date.fromordinal(oldest).isoformat(), days=today - oldest, max=settings.max)
    elif gap:
        yield unread(gap)


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}:[0-9]{2})?")

Span = tuple[int, int]
"""First and last day of a period, each as the number of the day since the year 1."""


def _spans(payload: Backfill) -> tuple[list[Span], Unknown | None]:
    """Periods of a backfill, as far as they can be read, and the first thing that cannot be."""
    name, periods = "multipleTimePeriods", payload.periods
    if isinstance(periods, Unknown):
        return [], periods
    spans = []
    gaps = [] if periods else [Unknown(name, Reason.UNREADABLE)]
    for number, period in enumerate(periods):
        begin = _day(period.begin, f"{name}[{number}].bizBeginTime")
        end = _day(period.end, f"{name}[{number}].bizEndTime")
        if isinstance(begin, Unknown) or isinstance(end, Unknown):
            gaps += [fact for fact in (begin, end) if isinstance(fact, Unknown)]
        elif end < begin:
            gaps.append(Unknown(f"{name}[{number}]", Reason.UNREADABLE))
        else:
            spans.append((begin, end))
    return spans, gaps[0] if gaps else None


def _day(fact: Fact[str], name: str) -> Fact[int]:
    """The day that a business date is: `2022-04-17`, or with a time behind it, as DataWorks' API writes it.

    Source: https://www.alibabacloud.com/help/en/dataworks/developer-reference/api-dataworks-public-2020-05-18-runcycledagnodes
    """
    if isinstance(fact, Unknown):
        return fact
    none = Unknown(name, Reason.UNREADABLE)
    try:
        return datetime.fromisoformat(fact.strip()).toordinal() if _DATE.fullmatch(fact.strip()) else none
    except ValueError:
        return none


def _covered(spans: list[Span]) -> int:
    """Days in any of the spans."""
    days = covered = 0
    for begin, end in sorted(spans):
        days += max(0, end - max(begin - 1, covered))
        covered = max(covered, end)
    return days


TOO_MANY_NODES = Text(
    en="The backfill runs {nodes} nodes; at most {max} are allowed. Select fewer, or backfill in several steps.",
    zh="本次补数据将运行 {nodes} 个节点，最多允许 {max} 个。请减少所选节点，或分批补数据。",
)


def backfill_nodes(event: Event[Backfill], settings: Maximum) -> Iterator[Finding]:
    """Nodes whose code a backfill runs: at most `max`.

    These are `includeNodeIds`, and `rootNodeId` unless it is excluded; a node that is named twice counts once. Excluded
    nodes get instances that run dry.

    Passes: {rootNodeId: 1, includeNodeIds: [1, 2], excludeNodeIds: [3]} with {max: 2}
    Hits: {rootNodeId: 1, includeNodeIds: [2, 3], excludeNodeIds: []} with {max: 2}
    """
    facts = event.payload.nodes()
    nodes = {fact for fact in facts if not isinstance(fact, Unknown)}
    gaps = [fact for fact in facts if isinstance(fact, Unknown)]
    if len(nodes) > settings.max:
        yield hit(TOO_MANY_NODES, nodes=len(nodes), max=settings.max)
    elif gaps:
        yield unread(gaps[0])


TOO_PARALLEL = Text(
    en="The backfill runs {groups} groups side by side; at most {max} are allowed. Choose fewer parallel groups.",
    zh="本次补数据的并行组数为 {groups}，最多允许 {max}。请减少并行组数。",
)


def backfill_parallel(event: Event[Backfill], settings: Maximum) -> Iterator[Finding]:
    """Groups of business dates that a backfill runs side by side (`parallelGroup`): at most `max`; 1 means none.

    Without `isParallel` nothing runs side by side, whatever the number of groups is.

    Passes: {isParallel: true, parallelGroup: 2} with {max: 2}
    Hits: {isParallel: true, parallelGroup: 3} with {max: 2}
    """
    groups = 1 if event.payload.parallel is False else event.payload.parallel_groups
    if isinstance(groups, Unknown):
        yield unread(groups)
    elif not groups:
        yield unread(Unknown("parallelGroup", Reason.UNREADABLE))
    elif groups > settings.max:
        yield hit(TOO_PARALLEL, groups=groups, max=settings.max)


class Orders(Known):
    """Order of the business dates of a backfill, as the platform documents it."""

    KNOWN = ("asc", "desc")


ORDER_REFUSED = Text(
    en='Backfills in the order "{order}" of business dates are not allowed. Choose another order.',
    zh="不允许按该业务日期顺序（{order}）补数据。请改用其他顺序（asc 为升序，desc 为降序）。",
)


def backfill_order(event: Event[Backfill], settings: Listed[Orders]) -> Iterator[Finding]:
    """Order of the business dates of a backfill (`order`): asc, desc.

    Where a day builds on the day before, only the ascending order gives right data.

    Passes: {order: asc} with {allow: [asc]}
    Hits: {order: desc} with {allow: [asc]}
    """
    order = event.payload.order
    if not isinstance(order, Unknown) and order not in _ORDERS:
        order = Unknown("order", Reason.UNREADABLE)
    yield from compare(settings, ORDER_REFUSED, "order", order)


_ORDERS = Orders(Orders.KNOWN)

FUTURE_REFUSED = Text(
    en="The backfill starts instances at once that are scheduled later than now, before their data is there. Switch that"
    " off.",
    zh="本次补数据会立即运行定时时间晚于当前时间的实例，此时数据可能尚未就绪。请不要选择立即运行这些实例。",
)


def backfill_future(event: Event[Backfill], settings: Nothing) -> Iterator[Finding]:
    """Backfills that start instances at once that are scheduled later than now (`startFutureInstanceImmediately`).

    They run before their day is over, on data that is not whole.

    Passes: {startFutureInstanceImmediately: false} with {}
    Hits: {startFutureInstanceImmediately: true} with {}
    """
    del settings
    future = event.payload.starts_future_instances
    if isinstance(future, Unknown):
        yield unread(future)
    elif future:
        yield hit(FUTURE_REFUSED)


_BACKFILL = ("backfill-data",)

# A table, one check a line.
# fmt: off
CHECKS = (
    row("backfill.days", backfill_days, Maximum, _BACKFILL, TOO_MANY_DAYS),
    row("backfill.age", backfill_age, Maximum, _BACKFILL, TOO_OLD),
    row("backfill.nodes", backfill_nodes, Maximum, _BACKFILL, TOO_MANY_NODES),
    row("backfill.parallel", backfill_parallel, Maximum, _BACKFILL, TOO_PARALLEL),
    row("backfill.order", backfill_order, Listed[Orders], _BACKFILL, ORDER_REFUSED),
    row("backfill.future", backfill_future, Nothing, _BACKFILL, FUTURE_REFUSED),
)
# fmt: on
