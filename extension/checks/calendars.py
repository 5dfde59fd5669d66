"""Checks on when an operation is asked for: freezes on fixed days and hours, on dates, on public holidays."""

from collections.abc import Iterator
from datetime import MAXYEAR, datetime

import msgspec

from extension import catalogue
from extension.checks import row
from extension.events import Event, Payload
from extension.verdict import Finding, Text, hit
from extension.windows import Dates, Holidays, Weekly, Window

FROZEN = Text(
    en="Operations are frozen now ({window}). Try again after {until}.",
    zh="当前处于封网期（{window}），暂不允许执行此操作。请在 {until} 之后重试。",
)

HOLIDAYS_UNKNOWN = Text(
    en="The extension has no holidays of {country} for the year {year}, so this rule could not be checked. Ask the"
    " owner of the extension to renew it.",
    zh="扩展程序中没有 {country} 在 {year} 年的节假日数据，本规则未能完成检查。请联系扩展程序负责人更新。",
)
"""Not a hit: what a rule says that cannot know whether there is a holiday."""


class Freeze(msgspec.Struct, frozen=True, kw_only=True):
    """When nothing may be done. Times are those of the policy's timezone."""

    weekly: Weekly | None = None
    """Frozen every week: `Fri 18:00 - Mon 08:00`, `Sat - Sun`, `daily 23:00 - 06:00`, `Mon Wed 12:00 - 13:00`."""
    dates: Dates | None = None
    """Frozen once: `2026-11-11`, `2026-01-20 .. 2026-02-03`, `2026-11-10 20:00 .. 2026-11-12 02:00`."""
    holidays: Holidays | None = None
    """Frozen on the public holidays of a country: `CN`, or a part of one: `DE-BY`."""

    def __post_init__(self) -> None:
        """Refuse settings that could never hit."""
        if not (self.weekly or self.dates or self.holidays):
            raise ValueError("expected weekly, dates, holidays or several of them, found none")

    def at(self, moment: datetime) -> Window | None:
        """What freezes a moment, the most special first; None for nothing."""
        windows = (kind.at(moment) for kind in (self.dates, self.holidays, self.weekly) if kind)
        return next((window for window in windows if window), None)


def calendar_freeze(event: Event[Payload | None], settings: Freeze) -> Iterator[Finding]:
    """When the operation is asked for: not in a window of the week, on a date or on a public holiday that is frozen.

    A change on the eve of a holiday finds nobody who could undo it. The time is that of the event where DataWorks gives
    one, else that of judging. It is read off the wall clock in the policy's timezone; the begin of a window belongs to
    it, the end does not. Where windows follow each other without a gap, `{until}` is the end of the last. A holiday has
    the name that its country gives it; what is one, "country" below says.

    Passes: {moment: "2026-10-09 18:00"} with {weekly: ["Sat - Sun"], dates: ["2026-11-11"], holidays: CN}
    Hits: {moment: "2026-10-01 18:00"} with {weekly: ["Sat - Sun"], dates: ["2026-11-11"], holidays: CN}
    """
    moment = event.moment.replace(tzinfo=None)
    window = settings.at(moment)
    if window:
        yield hit(FROZEN, window=window.text, until=f"{_end(window, settings):%Y-%m-%d %H:%M}")
    elif settings.holidays and not settings.holidays.reaches(moment.year):
        values = {"country": settings.holidays.code, "year": str(moment.year)}
        yield Finding(HOLIDAYS_UNKNOWN, values, judged=False)


_MOST_WINDOWS = 100
"""Windows that are looked at for the end of a freeze: one of a whole week has none."""


def _end(window: Window, settings: Freeze) -> datetime:
    """When a freeze is over that a window begins, with those that follow it without a gap."""
    until = window.until
    for _ in range(_MOST_WINDOWS):
        following = settings.at(until) if until.year < MAXYEAR else None
        if following is None:
            break
        until = following.until
    return until


_ANY = frozenset(catalogue.BY_CODE)

# A table, one check a line.
# fmt: off
CHECKS = (
    row("calendar.freeze", calendar_freeze, Freeze, _ANY, FROZEN),
)
# fmt: on
