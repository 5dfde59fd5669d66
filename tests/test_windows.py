"""Windows of the week, dates and holidays: what a policy writes, and which moments lie in it, to the minute."""

import gettext
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from extension.windows import Dates, Holidays, Weekly

ROOT = Path(__file__).parent.parent
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)

Kind = type[Weekly | Dates | Holidays]


def moment(text: str) -> datetime:
    """A moment on the wall clock."""
    return datetime.fromisoformat(text)


def lies(kind: Kind, value: object, at: str | datetime) -> bool:
    """Whether a moment lies in what a policy writes."""
    return kind.read(value).at(moment(at) if isinstance(at, str) else at) is not None


def edges(kind: Kind, value: object, begin: str, end: str) -> None:
    """Hold what a policy writes against the first moment that lies in it, and the first that does not any more."""
    read = kind.read(value)
    assert read.at(moment(begin) - MICROSECOND) is None
    for inside in (moment(begin), moment(begin) + SECOND, moment(end) - MICROSECOND):
        window = read.at(inside)
        assert window is not None
        assert window.until == moment(end)
    assert read.at(moment(end)) is None


def problem(kind: Kind, value: object) -> str:
    """What `kind` has against `value`."""
    with pytest.raises(ValueError, match=r".") as caught:
        kind.read(value)
    return str(caught.value)


# windows of the week; 2026-11-02 is a Monday


@pytest.mark.parametrize(
    ("written", "begin", "end"),
    [
        ("Fri 18:00 - Mon 08:00", "2026-11-06T18:00", "2026-11-09T08:00"),
        ("Mon 08:00 - Fri 18:00", "2026-11-02T08:00", "2026-11-06T18:00"),
        ("fri 18:00-mon 08:00", "2026-11-06T18:00", "2026-11-09T08:00"),
        (" FRI  18:00 -  Mon 08:00 ", "2026-11-06T18:00", "2026-11-09T08:00"),
        ("Sun 23:59 - Mon 00:00", "2026-11-08T23:59", "2026-11-09T00:00"),
        ("Sun 00:00 - Sun 24:00", "2026-11-08T00:00", "2026-11-09T00:00"),
        ("Wed 18:00 - Wed 08:00", "2026-11-04T18:00", "2026-11-11T08:00"),
        ("Wed 08:00 - Wed 18:00", "2026-11-04T08:00", "2026-11-04T18:00"),
        ("Sat - Sun", "2026-11-07T00:00", "2026-11-09T00:00"),
        ("Sat-Sun", "2026-11-07T00:00", "2026-11-09T00:00"),
        ("Fri - Mon", "2026-11-06T00:00", "2026-11-10T00:00"),
        ("Wed", "2026-11-04T00:00", "2026-11-05T00:00"),
        ("Sun", "2026-11-08T00:00", "2026-11-09T00:00"),
        ("Wed - Wed", "2026-11-04T00:00", "2026-11-05T00:00"),
        ("daily 12:00 - 13:00", "2026-11-04T12:00", "2026-11-04T13:00"),
        ("daily 23:00 - 06:00", "2026-11-04T23:00", "2026-11-05T06:00"),
        ("Daily 23:00 - 06:00", "2026-11-08T23:00", "2026-11-09T06:00"),
        ("daily 23:00 - 24:00", "2026-11-08T23:00", "2026-11-09T00:00"),
        ("daily 23:00 - 00:00", "2026-11-08T23:00", "2026-11-09T00:00"),
        ("Mon Wed 12:00 - 13:00", "2026-11-02T12:00", "2026-11-02T13:00"),
        ("Mon Wed 12:00 - 13:00", "2026-11-04T12:00", "2026-11-04T13:00"),
        ("Sun Sat 22:00 - 04:30", "2026-11-08T22:00", "2026-11-09T04:30"),
        ("Thu 00:00 - 00:01", "2026-11-05T00:00", "2026-11-05T00:01"),
        ("Thu 23:59 - 24:00", "2024-02-29T23:59", "2024-03-01T00:00"),
        ("Thu", "2026-12-31T00:00", "2027-01-01T00:00"),
    ],
)
def test_a_window_of_the_week_has_its_begin_and_not_its_end(written: str, begin: str, end: str) -> None:
    edges(Weekly, [written], begin, end)


def test_a_window_on_some_days_is_not_on_others() -> None:
    days = [day for day in range(2, 9) if lies(Weekly, ["Mon Wed 12:00 - 13:00"], f"2026-11-0{day}T12:30")]
    assert days == [2, 4]


@pytest.mark.parametrize("written", ["Mon - Sun", "Thu - Wed", "Mon 00:00 - Sun 24:00", "daily 00:00 - 24:00"])
def test_a_window_can_be_the_whole_week(written: str) -> None:
    assert all(lies(Weekly, [written], moment("2026-11-02T00:00") + hours * timedelta(hours=1)) for hours in range(168))


def test_a_window_is_called_as_the_policy_writes_it() -> None:
    window = Weekly.read(["Wed", "Fri  18:00 - Mon 08:00 "]).at(moment("2026-11-07T00:00"))
    assert window is not None
    assert window.text == "Fri 18:00 - Mon 08:00"


@pytest.mark.parametrize(
    "written",
    [
        *(
            "Friday 18:00 - Monday 08:00",
            "Fri 18 - Mon 08",
            "Fri 18:00",
            "Fri 18:00 -",
            "Fri 25:00 - Mon 08:00",
            "weekly",
        ),
        *(
            "Fri 24:00 - Mon 08:00",
            "daily 24:00 - 06:00",
            "Fri 18:60 - Mon 08:00",
            "Fri 9:00 - 10:00",
            "",
            "Fri Sat",
            "-",
        ),
        *(
            "Mon-Fri 09:00 - 11:30",
            "Mon,Wed 12:00 - 13:00",
            "daily",
            "18:00 - 08:00",
            "Fri 18:00 - Mon 08:00 - Tue 09:00",
        ),
        *("周五 18:00 - 周一 08:00", "Fri １８:00 - Mon 08:00", "Fri 18:00\u2013Mon 08:00", "daily 09:00 - Mon 10:00"),
    ],
)
def test_a_window_of_another_form_is_refused(written: str) -> None:
    assert problem(Weekly, ["Wed", written]) == (
        "expected windows such as Fri 18:00 - Mon 08:00, Sat - Sun, daily 23:00 - 06:00 or Mon Wed 12:00 - 13:00,"
        f" found {written!r}"
    )


@pytest.mark.parametrize("item", [None, 5, True, ["Sat"], {"Sat": 1}])
def test_a_window_that_is_no_text_is_refused(item: object) -> None:
    assert problem(Weekly, [item]).startswith("expected windows such as")


@pytest.mark.parametrize("value", [None, [], "Sat - Sun", {"Sat": 1}, 5])
def test_windows_are_a_list(value: object) -> None:
    assert problem(Weekly, value).startswith("expected a list of windows such as Fri 18:00 - Mon 08:00, found ")


def test_a_window_without_length_is_refused() -> None:
    assert problem(Weekly, ["Fri 18:00 - Fri 18:00"]) == (
        "'Fri 18:00 - Fri 18:00' ends when it begins; for the whole week, write Mon - Sun"
    )
    assert problem(Weekly, ["daily 09:00 - 09:00"]) == (
        "'daily 09:00 - 09:00' ends when it begins; for whole days, write 00:00 - 24:00"
    )


# dates


@pytest.mark.parametrize(
    ("written", "begin", "end"),
    [
        ("2026-11-11", "2026-11-11T00:00", "2026-11-12T00:00"),
        ("2026-12-31", "2026-12-31T00:00", "2027-01-01T00:00"),
        ("2028-02-29", "2028-02-29T00:00", "2028-03-01T00:00"),
        ("2026-01-20 .. 2026-02-03", "2026-01-20T00:00", "2026-02-04T00:00"),
        ("2026-01-20..2026-02-03", "2026-01-20T00:00", "2026-02-04T00:00"),
        ("2028-02-28 .. 2028-02-29", "2028-02-28T00:00", "2028-03-01T00:00"),
        ("2026-11-11 .. 2026-11-11", "2026-11-11T00:00", "2026-11-12T00:00"),
        ("2026-11-10 20:00 .. 2026-11-12 02:00", "2026-11-10T20:00", "2026-11-12T02:00"),
        ("2026-11-10T20:00 .. 2026-11-12T02:00", "2026-11-10T20:00", "2026-11-12T02:00"),
        ("2026-11-10 20:00 .. 2026-11-12", "2026-11-10T20:00", "2026-11-13T00:00"),
        ("2026-11-10 .. 2026-11-12 02:00", "2026-11-10T00:00", "2026-11-12T02:00"),
        ("2026-11-10 20:00 .. 2026-11-10", "2026-11-10T20:00", "2026-11-11T00:00"),
        ("2026-11-10 20:00 .. 2026-11-10 20:01", "2026-11-10T20:00", "2026-11-10T20:01"),
        ("2999-12-31", "2999-12-31T00:00", "3000-01-01T00:00"),
    ],
)
def test_a_range_has_its_first_day_and_its_last_and_a_moment_at_its_end_is_outside(
    written: str, begin: str, end: str
) -> None:
    edges(Dates, ["2025-01-01", written], begin, end)


def test_a_range_is_called_as_the_policy_writes_it() -> None:
    window = Dates.read(["2026-11-11", " 2026-01-20  .. 2026-02-03"]).at(moment("2026-02-03T23:59"))
    assert window is not None
    assert window.text == "2026-01-20 .. 2026-02-03"


@pytest.mark.parametrize(
    "written",
    [
        *(
            "11.11.2026",
            "2026-11",
            "2026-1-1",
            "20261111",
            "2026-11-11 20:00",
            "2026-11-11 ..",
            ".. 2026-11-11",
            "",
            None,
        ),
        *("2026-11-11 - 2026-11-12", "2026-11-10 20:00:00 .. 2026-11-12 02:00:00", "2026-11-10T20:00Z .. 2026-11-12"),
        *(
            "2026-W46-3",
            "0026-11-11",
            "9999-12-31",
            "２０２６-11-11",
            "2026-11-11 .. 2026-11-12 .. 2026-11-13",
            20261111,
        ),
    ],
)
def test_a_date_of_another_form_is_refused(written: object) -> None:
    assert problem(Dates, [written]).startswith(
        "expected dates such as 2026-11-11, 2026-01-20 .. 2026-02-03 or 2026-11-10 20:00 .. 2026-11-12 02:00, found "
    )


@pytest.mark.parametrize(
    "written",
    [
        "2026-02-29",
        "2026-13-01",
        "2026-11-31 .. 2026-12-01",
        "2026-11-10 24:00 .. 2026-11-12",
        "2026-11-01 .. 2026-11-31",
    ],
)
def test_a_date_that_no_calendar_has_is_refused(written: str) -> None:
    assert problem(Dates, [written]) == f"expected dates of the calendar, found {written!r}"


@pytest.mark.parametrize(
    "written",
    [
        "2026-02-03 .. 2026-01-20",
        "2026-11-11 .. 2026-11-10",
        "2026-11-12 02:00 .. 2026-11-10 20:00",
        "2026-11-10 20:00 .. 2026-11-10 20:00",
        "2026-11-12 00:00 .. 2026-11-11",
    ],
)
def test_a_range_that_ends_before_it_begins_is_refused(written: str) -> None:
    assert problem(Dates, ["2026-11-11", written]) == f"{written!r} ends before it begins"


@pytest.mark.parametrize("value", [None, [], "2026-11-11", {"2026-11-11": 1}])
def test_dates_are_a_list(value: object) -> None:
    assert problem(Dates, value).startswith("expected a list of dates such as 2026-11-11, found ")


# holidays


def days_off(code: str, first: str, count: int) -> list[str]:
    """Days from `first` on that are holidays, as month and day."""
    holidays, begin = Holidays.read(code), moment(first)
    days = (begin + number * timedelta(days=1) for number in range(count))
    return [f"{day:%m-%d}" for day in days if holidays.at(day)]


def test_national_day_of_china_2026_is_seven_days_and_the_days_that_are_swapped_for_it_are_worked_on() -> None:
    """1 to 7 October; work on 20 September and 10 October.

    Source: notice of the General Office of the State Council on the holidays of 2026.
    """
    assert days_off("CN", "2026-09-19", 30) == ["09-25", *(f"10-0{day}" for day in range(1, 8))]


@pytest.mark.parametrize(
    ("code", "first", "count", "days"),
    [
        ("CN", "2026-02-10", 20, ["02-16", "02-17", "02-18", "02-19", "02-20", "02-21", "02-22", "02-23"]),
        ("CN", "2026-04-28", 14, ["05-01", "05-02", "05-03", "05-04", "05-05"]),
        ("DE", "2026-04-01", 8, ["04-03", "04-04", "04-05", "04-06"]),
        ("DE", "2026-01-01", 8, ["01-01"]),
        ("DE-BY", "2026-01-01", 8, ["01-01", "01-06"]),
        ("PL", "2024-04-29", 8, ["05-01", "05-03"]),
        ("US", "2027-12-28", 4, ["12-31"]),
        ("UK", "2026-12-24", 8, ["12-25", "12-26", "12-27", "12-28"]),
        ("CHN", "2026-10-07", 4, ["10-07"]),
    ],
)
def test_a_holiday_is_one_with_the_days_taken_for_it_and_the_weekend_between(
    code: str, first: str, count: int, days: list[str]
) -> None:
    assert days_off(code, first, count) == days


def test_a_holiday_is_a_whole_day_and_has_its_name_in_the_language_of_the_country() -> None:
    edges(Holidays, "DE", "2026-10-03T00:00", "2026-10-04T00:00")
    names = {day: getattr(Holidays.read("CN").at(datetime(2026, 10, day)), "text", "") for day in range(3, 9)}  # noqa: DTZ001  the wall clock
    assert names == {3: "国庆节", 4: "国庆节", 5: "国庆节（补假）", 6: names[6], 7: names[7], 8: ""}
    assert names[6].startswith("休息日")


def test_the_name_does_not_hang_on_the_environment() -> None:
    code = (
        "from datetime import datetime; from extension.windows import Holidays;"
        "print(ascii(Holidays.read('CN').at(datetime(2026, 10, 1)).text))"
    )
    for language in ("en_US.UTF-8", "C", "th"):
        environment = {**os.environ, "LANGUAGE": language, "LANG": language, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(  # noqa: S603  our own code
            [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == ascii("国庆节")


def test_where_the_names_in_all_languages_are_not_deployed_a_holiday_has_that_of_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def without(domain: str, *_: object, fallback: bool, **__: object) -> gettext.NullTranslations:
        if not fallback:
            raise FileNotFoundError(domain)
        return gettext.NullTranslations()

    monkeypatch.setattr("holidays.holiday_base.translation", without)
    window = Holidays.read("CN").at(datetime(2026, 10, 1, 12, tzinfo=UTC))
    assert window is not None
    assert "国庆节" in str(window)


def test_the_library_is_loaded_by_policies_with_holidays_alone() -> None:
    code = (
        "import sys; from extension.windows import Dates, Weekly; Weekly.read(['Sat']); Dates.read(['2026-11-11']);"
        "print([name for name in sys.modules if name.split('.')[0] in ('holidays', 'dateutil')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603  our own code
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("year", [1, 1949, 2101, 9999])
def test_a_year_that_the_library_does_not_know_has_no_holiday_and_is_not_reached(year: int) -> None:
    holidays = Holidays.read("CN")
    assert not holidays.reaches(year)
    for day in (date(year, 1, 1), date(year, 10, 1), date(year, 12, 31)):
        assert holidays.at(datetime.combine(day, moment("2026-01-01").time())) is None


@pytest.mark.parametrize("year", [1950, 1990, 2100])
def test_a_year_that_the_library_knows_has_holidays(year: int) -> None:
    assert Holidays.read("CN").reaches(year)
    assert Holidays.read("CN").at(datetime(year, 1, 1)) is not None  # noqa: DTZ001  the wall clock
    assert Holidays.read("CN").at(datetime(year, 12, 31)) is None  # noqa: DTZ001  the wall clock


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("XX", ""),
        ("cn", "; did you mean CN?"),
        ("China", "; did you mean CN?"),
        ("Germny", "; did you mean DE?"),
        ("Hong Kong", "; did you mean HK?"),
        ("中国", ""),
        ("CN-", "; did you mean CN?"),
        ("", ""),
        ("HolidayBase", ""),
        ("NYSE", ""),
    ],
)
def test_a_country_that_nobody_knows_is_refused_with_a_suggestion(value: str, hint: str) -> None:
    assert problem(Holidays, value) == f"expected a country such as CN or DE-BY, found {value!r}{hint}"


@pytest.mark.parametrize(("value", "shown"), [(None, "nothing"), (86, "86"), (False, "false"), (["CN"], "a list")])
def test_a_country_is_text(value: object, shown: str) -> None:
    assert problem(Holidays, value) == f"expected a country such as CN or DE-BY, found {shown}"


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("CN-SH", "expected CN or a part of it, found 'CN-SH'"),
        ("DE-XX", "expected DE or a part of it, found 'DE-XX'"),
        ("DE-by", "expected DE or a part of it, found 'DE-by'; did you mean DE-BY?"),
        ("US-Californa", "expected US or a part of it, found 'US-Californa'; did you mean US-CA?"),
    ],
)
def test_a_part_that_the_country_has_not_is_refused_with_a_suggestion(value: str, hint: str) -> None:
    assert problem(Holidays, value) == hint


@pytest.mark.parametrize("kind", [Weekly, Dates, Holidays])
def test_what_is_taken_can_be_put_into_a_schema(kind: Kind) -> None:
    assert kind.FORM
    schema = kind.schema()
    assert (schema["type"], schema.get("minItems")) in (("array", 1), ("string", None))


def test_the_schemas_take_what_is_taken() -> None:
    date_form = cast("dict[str, str]", Dates.schema()["items"])["pattern"]
    for written in ("2026-11-11", "2026-01-20 .. 2026-02-03", "2026-11-10 20:00 .. 2026-11-12 02:00"):
        assert re.search(date_form, written)
        Dates.read([written])
    for code in ("CN", "CHN", "DE-BY", "DE-Augsburg"):
        assert re.search(str(Holidays.schema()["pattern"]), code)
        assert Holidays.read(code).code == code
    for written in cast("dict[str, list[str]]", Weekly.schema()["items"])["examples"]:
        Weekly.read([written])
