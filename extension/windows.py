"""Times that a calendar names: windows of the week, dates, public holidays. All are times on the wall clock.

Each is a setting type like those of `settings`, and `at` tells whether a moment lies in it. Moments have no zone: they
are what the clock on the wall shows in the policy's timezone, so that 18:00 is 18:00 also where the clocks are changed.
An hour that comes twice is in a window both times; a window that ends in an hour that is left out ends with it.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Self

import msgspec

from extension.settings import plain

if TYPE_CHECKING:
    from holidays import HolidayBase


class Window(msgspec.Struct, frozen=True):
    """A window that a moment lies in, as the policy writes it, and when it is over."""

    text: str
    until: datetime


_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ONE = f"(?:{'|'.join(_DAYS)})"
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SPAN = re.compile(f"({_ONE}) ({_CLOCK}) ?- ?({_ONE}) ({_CLOCK}|24:00)")
_WHOLE = re.compile(f"({_ONE})(?: ?- ?({_ONE}))?")
_EACH = re.compile(f"(daily|{_ONE}(?: {_ONE})*) ({_CLOCK}) ?- ?({_CLOCK}|24:00)")


class Weekly:
    """Windows that come again every week; the begin belongs to a window, the end does not.

    - `Fri 18:00 - Mon 08:00`: one span, over the end of the week where it has to be
    - `Sat - Sun`, `Fri`: whole days, the last one with it
    - `daily 23:00 - 06:00`: every day, into the next one where it ends earlier than it begins
    - `Mon Wed 12:00 - 13:00`: the same on the days that are named

    A Saturday or Sunday that is worked on in place of a holiday is frozen like any other. No parameter leaves a day
    out; the rule's `when:` can:
    `now < timestamp("2026-10-10T00:00:00+08:00") || now >= timestamp("2026-10-11T00:00:00+08:00")`
    """

    FORM: ClassVar[str] = "windows of the week"

    def __init__(self, spans: tuple[tuple[str, timedelta, timedelta], ...]) -> None:
        self._spans = spans

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema."""
        examples = ["Fri 18:00 - Mon 08:00", "Sat - Sun", "daily 23:00 - 06:00", "Mon Wed 12:00 - 13:00"]
        return {"type": "array", "items": {"type": "string", "examples": examples}, "minItems": 1}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a list of windows, at least one."""
        if not isinstance(value, list) or not value:
            raise ValueError(f"expected a list of windows such as Fri 18:00 - Mon 08:00, found {plain(value)}")
        return cls(tuple(span for item in value for span in _spans(item)))

    @property
    def always(self) -> bool:
        """Whether they cover the whole week."""
        moment = monday = datetime(2000, 1, 3)  # noqa: DTZ001  on the wall
        while moment < monday + _WEEK:
            window = self.at(moment)
            if window is None:
                return False
            moment = window.until
        return True

    def at(self, moment: datetime) -> Window | None:
        """The window that a moment lies in, None for none."""
        elapsed = moment - datetime.combine(moment, datetime.min.time()) + moment.weekday() * _DAY
        for text, begin, length in self._spans:
            passed = (elapsed - begin) % _WEEK
            if passed < length:
                return Window(text, moment + length - passed)
        return None


def _spans(item: object) -> list[tuple[str, timedelta, timedelta]]:
    """What a window of the policy stands for: its text, when in the week it begins, and how long it is."""
    text = " ".join(item.split()) if isinstance(item, str) else ""
    lower = text.lower()
    if match := _SPAN.fullmatch(lower):
        begin, end = _in_week(match[1], match[2]), _in_week(match[3], match[4])
        if begin == end:
            raise ValueError(f"{plain(item)} ends when it begins; for the whole week, write Mon - Sun")
        return [(text, begin, (end - begin) % _WEEK or _WEEK)]
    if match := _WHOLE.fullmatch(lower):
        first, last = _DAYS.index(match[1]), _DAYS.index(match[2] or match[1])
        return [(text, first * _DAY, ((last - first) % 7 + 1) * _DAY)]
    if match := _EACH.fullmatch(lower):
        length = _clock(match[3]) - _clock(match[2])
        if not length:
            raise ValueError(f"{plain(item)} ends when it begins; for whole days, write 00:00 - 24:00")
        days = _DAYS if match[1] == "daily" else match[1].split()
        return [(text, _in_week(day, match[2]), length if length > timedelta() else length + _DAY) for day in days]
    raise ValueError(
        "expected windows such as Fri 18:00 - Mon 08:00, Sat - Sun, daily 23:00 - 06:00 or Mon Wed 12:00 - 13:00,"
        f" found {plain(item)}"
    )


def _in_week(day: str, clock: str) -> timedelta:
    return _DAYS.index(day) * _DAY + _clock(clock)


def _clock(text: str) -> timedelta:
    hours, _, minutes = text.partition(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


_MOMENT = "([12][0-9]{3}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2}))?"
_RANGE = re.compile(f"{_MOMENT}(?: ?[.][.] ?{_MOMENT})?")


class Dates:
    """Dates, and ranges of dates or of moments.

    - `2026-11-11`: the whole day
    - `2026-01-20 .. 2026-02-03`: from the start of the first day to the end of the last
    - `2026-11-10 20:00 .. 2026-11-12 02:00`: from the one moment to the other, which does not belong to it
    """

    FORM: ClassVar[str] = "dates"

    def __init__(self, ranges: tuple[tuple[str, datetime, datetime], ...]) -> None:
        self._ranges = ranges

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema."""
        return {"type": "array", "items": {"type": "string", "pattern": f"^{_RANGE.pattern}$"}, "minItems": 1}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a list of dates and ranges, at least one."""
        if not isinstance(value, list) or not value:
            raise ValueError(f"expected a list of dates such as 2026-11-11, found {plain(value)}")
        return cls(tuple(_range(item) for item in value))

    def at(self, moment: datetime) -> Window | None:
        """The date or range that a moment lies in, None for none."""
        return next((Window(text, end) for text, begin, end in self._ranges if begin <= moment < end), None)


def _range(item: object) -> tuple[str, datetime, datetime]:
    """A date or range of the policy: its text, its begin, and its end, which does not belong to it."""
    text = " ".join(item.split()) if isinstance(item, str) else ""
    match = _RANGE.fullmatch(text)
    if not match or (match[2] and not match[3]):
        raise ValueError(
            "expected dates such as 2026-11-11, 2026-01-20 .. 2026-02-03 or 2026-11-10 20:00 .. 2026-11-12 02:00,"
            f" found {plain(item)}"
        )
    first, first_clock, last, last_clock = match.groups()
    try:
        begin = datetime.fromisoformat(f"{first}T{first_clock or '00:00'}")
        end = datetime.fromisoformat(f"{last or first}T{last_clock or '00:00'}")
    except ValueError as error:
        raise ValueError(f"expected dates of the calendar, found {plain(item)}") from error
    end += timedelta() if last_clock else _DAY
    if end <= begin:
        raise ValueError(f"{plain(item)} ends before it begins")
    return text, begin, end


_COUNTRY = re.compile("([A-Z]{2,3})(?:-(.+))?")
_WEEKEND_DAYS = 3
"""Days that a weekend has at most, in any country."""


class Holidays:
    """Public holidays of a country or of a part of it, those with it that are taken on another day.

    They are those of the library `holidays`, to be renewed and deployed once a year: China decides late in a year which
    working days are swapped for days off in the next, and until then the library knows the holidays alone. A day of a
    weekend that lies between two holidays is one, too (4 October 2026), but not where it is worked on; a weekend before
    or after holidays is none.
    """

    FORM: ClassVar[str] = "country"

    def __init__(self, code: str, calendar: "HolidayBase") -> None:
        self.code = code
        self._calendar = calendar

    @classmethod
    def schema(cls) -> dict[str, object]:
        """What `read` takes, as JSON Schema."""
        return {"type": "string", "pattern": f"^{_COUNTRY.pattern}$"}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a country such as CN, or a part of one such as DE-BY."""
        import holidays  # noqa: PLC0415  45 ms that only a rule about holidays has to pay
        from holidays.registry import COUNTRIES  # noqa: PLC0415  loaded with it

        names = {name: entry[1] for name, entry in COUNTRIES.items()}
        codes = {code for entry in COUNTRIES.values() for code in entry[1:] if _COUNTRY.fullmatch(code)}
        match = _COUNTRY.fullmatch(value) if isinstance(value, str) else None
        if not match or match[1] not in codes:
            known = {code.lower(): code for code in codes} | names
            raise ValueError(f"expected a country such as CN or DE-BY, found {plain(value)}{_meant(value, known)}")
        country, part = match.groups()
        calendar = holidays.country_holidays(country)
        if part and part not in calendar.subdivisions:
            known = {one.lower(): f"{country}-{one}" for one in calendar.subdivisions}
            known |= {alias.lower(): f"{country}-{one}" for alias, one in calendar.subdivisions_aliases.items()}
            raise ValueError(f"expected {country} or a part of it, found {plain(value)}{_meant(part, known)}")
        try:  # without a language, names would be in that of the environment
            found = holidays.country_holidays(country, subdiv=part, language=calendar.default_language)
        except FileNotFoundError:  # the package that is deployed has no other names than those
            found = holidays.country_holidays(country, subdiv=part)
        return cls(match[0], found)

    def reaches(self, year: int) -> bool:
        """Whether the library knows the holidays of a year; for most countries, it does until 2100."""
        return self._calendar.start_year <= year <= self._calendar.end_year

    def at(self, moment: datetime) -> Window | None:
        """The holiday that a moment lies in, by its name in the language of the country; None for none."""
        day = moment.date()
        name = self._name(day)
        return Window(name, datetime.combine(day, datetime.min.time()) + _DAY) if name else None

    def _name(self, day: date) -> str | None:
        """The name of the holiday that a day is, or that comes before it where it lies between two; None for none."""
        name = self._calendar.get(day)
        if name or self._calendar.is_working_day(day):
            return name
        return self._around(day, -_DAY) if self._around(day, _DAY) else None

    def _around(self, day: date, step: timedelta) -> str | None:
        """The holiday that the weekend around `day` ends at in one direction, None where it ends at a working day."""
        days = (day + step * number for number in range(1, _WEEKEND_DAYS + 1))
        beyond = next((one for one in days if one in self._calendar or self._calendar.is_working_day(one)), day)
        return self._calendar.get(beyond)


def _meant(word: object, known: Mapping[str, str]) -> str:
    """`; did you mean ...?` where a word is close to one of those that are known, each with what it stands for."""
    if not isinstance(word, str):
        return ""
    from difflib import get_close_matches  # noqa: PLC0415  only a policy with an error pays for it

    close = get_close_matches(word.lower().replace(" ", "_"), sorted(known), n=1, cutoff=0.75)
    return f"; did you mean {known[close[0]]}?" if close else ""
