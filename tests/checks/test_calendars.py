"""Freezes: which moments hit, by the clock on the wall of the policy's timezone, and what is said of them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from extension.checks.calendars import HOLIDAYS_UNKNOWN, calendar_freeze
from extension.checks.registry import BY_ID
from extension.verdict import Finding
from tests.cases import event, given, hits, judge_one

ANY = "commit-file"


def at(moment: datetime, settings: dict[str, object]) -> list[Finding]:
    """What is said of an event at a moment."""
    frozen = given("calendar.freeze", settings)
    asked = msgspec.structs.replace(event(ANY, {}), moment=moment)
    return list(BY_ID["calendar.freeze"].judge(asked, frozen))


def frozen(moment: str, settings: dict[str, object]) -> tuple[str, str] | None:
    """The window and the end of the freeze that a moment lies in."""
    found = [
        (finding.values["window"], finding.values["until"]) for finding in at(datetime.fromisoformat(moment), settings)
    ]
    return next(((str(window), str(until)) for window, until in found), None)


WEEKEND = "Fri 18:00 - Mon 08:00"


@pytest.mark.parametrize(
    ("moment", "hit"),
    [
        ("2026-11-06T17:59:59.999999", False),
        ("2026-11-06T18:00:00", True),
        ("2026-11-08T23:59:59.999999", True),
        ("2026-11-09T00:00:00", True),
        ("2026-11-09T07:59:59.999999", True),
        ("2026-11-09T08:00:00", False),
        ("2026-11-11T12:00:00", False),
    ],
)
def test_a_freeze_over_the_weekend_to_the_second(moment: str, hit: bool) -> None:
    assert frozen(moment, {"weekly": [WEEKEND]}) == ((WEEKEND, "2026-11-09 08:00") if hit else None)


@pytest.mark.parametrize(
    ("moment", "hit"),
    [
        ("2028-02-28T23:59", False),
        ("2028-02-29T00:00", True),
        ("2028-02-29T23:59", True),
        ("2028-03-01T00:00", False),
    ],
)
def test_a_leap_day_is_a_day(moment: str, hit: bool) -> None:
    assert frozen(moment, {"dates": ["2028-02-29"]}) == (("2028-02-29", "2028-03-01 00:00") if hit else None)


def test_every_event_is_judged_by_its_moment() -> None:
    data = {"moment": "2026-10-05T12:00"}
    assert hits("calendar.freeze", data, {"dates": ["2026-10-05"]}) == [
        {"window": "2026-10-05", "until": "2026-10-06 00:00"}
    ]
    assert hits("calendar.freeze", data, {"dates": ["2026-10-06"]}) == []


def test_the_clock_is_that_of_the_timezone_that_the_moment_has() -> None:
    moment = datetime(2026, 11, 10, 16, 30, tzinfo=UTC)
    settings: dict[str, object] = {"dates": ["2026-11-11"]}
    assert at(moment.astimezone(ZoneInfo("Asia/Shanghai")), settings)
    assert not at(moment, settings)
    assert not at(moment.astimezone(ZoneInfo("America/New_York")), settings)


@pytest.mark.parametrize(
    ("utc", "window", "hit"),
    [
        # The clocks go from 02:00 to 03:00 on 29 March 2026, at 01:00 UTC.
        ("2026-03-29T00:59:59", "Sun 01:30 - 02:30", True),
        ("2026-03-29T01:00:00", "Sun 01:30 - 02:30", False),
        ("2026-03-29T00:59:59", "Sun 02:15 - 02:45", False),
        ("2026-03-29T01:00:00", "Sun 02:15 - 02:45", False),
        ("2026-03-29T01:00:00", "Sun 02:30 - 03:30", True),
        ("2026-03-29T01:30:00", "Sun 02:30 - 03:30", False),
        ("2026-03-30T05:59:59", "Fri 18:00 - Mon 08:00", True),
        ("2026-03-30T06:00:00", "Fri 18:00 - Mon 08:00", False),
        # They go from 03:00 back to 02:00 on 25 October 2026, at 01:00 UTC: 02:00 to 03:00 comes twice.
        ("2026-10-25T00:00:00", "Sun 02:00 - 02:30", True),
        ("2026-10-25T00:30:00", "Sun 02:00 - 02:30", False),
        ("2026-10-25T01:00:00", "Sun 02:00 - 02:30", True),
        ("2026-10-25T01:30:00", "Sun 02:00 - 02:30", False),
        ("2026-10-25T02:00:00", "Sun 02:00 - 03:00", False),
        ("2026-10-26T06:59:59", "Fri 18:00 - Mon 08:00", True),
        ("2026-10-26T07:00:00", "Fri 18:00 - Mon 08:00", False),
    ],
)
def test_a_window_follows_the_wall_clock_where_the_clocks_are_changed(utc: str, window: str, hit: bool) -> None:
    moment = datetime.fromisoformat(utc).replace(tzinfo=UTC).astimezone(ZoneInfo("Europe/Berlin"))
    assert bool(at(moment, {"weekly": [window]})) == hit


@pytest.mark.parametrize(
    ("moment", "hit"),
    [
        ("2026-09-30T23:59:59", None),
        ("2026-10-01T00:00:00", "国庆节"),
        ("2026-10-04T12:00:00", "国庆节"),
        ("2026-10-07T23:59:59", "休息日（由 2026-10-10 调休）"),
        ("2026-10-08T00:00:00", None),
        ("2026-10-10T12:00:00", None),
    ],
)
def test_national_day_of_china_2026_is_one_freeze(moment: str, hit: str | None) -> None:
    assert frozen(moment, {"holidays": "CN"}) == ((hit, "2026-10-08 00:00") if hit else None)


def test_a_freeze_ends_where_the_last_of_the_windows_ends_that_follow_each_other() -> None:
    settings: dict[str, object] = {
        "weekly": ["Fri 18:00 - Mon 08:00", "daily 07:00 - 09:00"],
        "dates": ["2026-11-09 08:30 .. 2026-11-10 03:00", "2026-11-10 03:01 .. 2026-11-11"],
    }
    assert frozen("2026-11-07T12:00", settings) == (WEEKEND, "2026-11-10 03:00")
    assert frozen("2026-11-10T03:00", settings) is None


@pytest.mark.parametrize("weekly", [["Mon - Sun"], ["daily 00:00 - 24:00"], ["Mon - Thu", "Fri - Sun"]])
def test_a_freeze_without_end_is_told_with_one_far_away(weekly: list[str]) -> None:
    (window, until) = frozen("2026-11-07T12:00", {"weekly": weekly}) or ("", "")
    assert window in weekly
    assert until > "2027-01-01"


def test_what_freezes_is_named_the_most_special_first() -> None:
    everything: dict[str, object] = {"weekly": ["Mon - Sun"], "dates": ["2026-10-01"], "holidays": "CN"}
    rest = {key: value for key, value in everything.items() if key != "dates"}
    assert (frozen("2026-10-01T12:00", everything) or [])[0] == "2026-10-01"
    assert (frozen("2026-10-01T12:00", rest) or [])[0] == "国庆节"
    assert (frozen("2026-11-03T12:00", rest) or [])[0] == "Mon - Sun"


@pytest.mark.parametrize("year", [1949, 2101, 9998])
class TestYears:
    """Years that the library of holidays does not know: the message has a wrong time, or the library is old."""

    def test_no_rule_lets_pass_a_year_whose_holidays_it_does_not_know(self, year: int) -> None:
        (finding,) = at(datetime(year, 5, 17, tzinfo=UTC), {"holidays": "CN"})
        assert finding == Finding(HOLIDAYS_UNKNOWN, {"country": "CN", "year": str(year)}, judged=False)

    def test_what_is_frozen_otherwise_is_frozen(self, year: int) -> None:
        (finding,) = at(datetime(year, 5, 17, tzinfo=UTC), {"holidays": "CN", "weekly": ["Mon - Sun"]})
        assert finding.judged

    def test_windows_and_dates_know_every_year(self, year: int) -> None:
        assert at(datetime(year, 5, 17, 9, tzinfo=UTC), {"weekly": ["daily 10:00 - 11:00"]}) == []


def test_1990_has_holidays() -> None:
    assert frozen("1990-10-01T12:00", {"holidays": "CN"}) == ("国庆节", "1990-10-03 00:00")
    assert frozen("1990-10-05T12:00", {"holidays": "CN"}) is None


@pytest.mark.parametrize("offset", [-14, 0, 14])
def test_the_last_moment_that_an_event_can_have_is_judged(offset: int) -> None:
    last = datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC) + timedelta(hours=offset)
    assert at(last, {"weekly": ["Mon - Sun"]})
    assert at(datetime(1969, 12, 31, tzinfo=UTC), {"weekly": ["Mon - Sun"]})


def test_a_moment_is_judged_whatever_the_message_lacks() -> None:
    found = judge_one(
        "calendar.freeze", "delete-project", {"projectId": None, "operator": None}, {"weekly": ["Mon - Sun"]}
    )
    assert len(found) == 1


def test_settings_that_never_hit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^expected weekly, dates, holidays or several of them, found none$"):
        given("calendar.freeze", {})


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^expected a country such as CN or DE-BY, found 'China'; did you mean CN\?$"):
        given("calendar.freeze", {"holidays": "China"})


def test_ten_thousand_dates_are_judged_in_passing() -> None:
    dates = [
        f"{year}-{month:02}-{day:02}" for year in range(2000, 2030) for month in range(1, 13) for day in range(1, 29)
    ]
    settings = given("calendar.freeze", {"dates": dates})
    asked = msgspec.structs.replace(event(ANY, {}), moment=datetime(2029, 12, 28, tzinfo=UTC))
    (finding,) = calendar_freeze(asked, settings)  # type: ignore[arg-type]  # read at run time
    assert finding.values["window"] == "2029-12-28"
