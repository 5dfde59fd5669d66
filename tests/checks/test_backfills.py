"""Checks on backfills: each passes, hits, sits on its limit, and says what it does not know."""

import json
import random
import time
from datetime import date, timedelta
from typing import Any

import pytest

from extension.checks.registry import BY_ID
from tests.cases import given, hits, judge, judge_one, sample, unknown

Data = dict[str, Any]


def over(*periods: tuple[object, object]) -> Data:
    """A backfill of periods, with the list as JSON text, as the platform sends it."""
    listed = [{"bizBeginTime": begin, "bizEndTime": end} for begin, end in periods]
    return {"multipleTimePeriods": json.dumps(listed)}


def test_they_judge_backfills_alone() -> None:
    own = [check for check in BY_ID.values() if check.id.startswith("backfill.")]
    assert len(own) == 6
    assert all(check.events == {"backfill-data"} and not check.needs for check in own)


@pytest.mark.parametrize(
    ("check", "settings", "values"),
    [
        ("backfill.days", {"max": 0}, {"days": "1", "max": "0"}),
        ("backfill.days", {"max": 1}, None),
        ("backfill.age", {"max": 1}, {"date": "2022-04-17", "days": "2", "max": "1"}),
        ("backfill.age", {"max": 2}, None),
        ("backfill.nodes", {"max": 0}, {"nodes": "1", "max": "0"}),
        ("backfill.nodes", {"max": 1}, None),
        ("backfill.parallel", {"max": 0}, {"groups": "1", "max": "0"}),
        ("backfill.parallel", {"max": 1}, None),
        ("backfill.order", {"deny": ["asc"]}, {"order": "asc"}),
        ("backfill.order", {"allow": ["asc"]}, None),
        ("backfill.future", {}, None),
    ],
)
def test_the_documented_sample(check: str, settings: Data, values: dict[str, str] | None) -> None:
    data = {**sample("backfill-data"), "moment": "2022-04-19T00:00:00+08:00"}
    assert hits(check, data, settings) == ([values] if values else [])


class TestDays:
    """Business dates over all periods."""

    @pytest.mark.parametrize(
        ("periods", "days"),
        [
            ([("2022-04-17", "2022-04-17")], 1),
            ([("2022-04-17", "2022-04-18")], 2),
            ([("2024-02-28", "2024-03-01")], 3),
            ([("2023-02-28", "2023-03-01")], 2),
            ([("2022-04-17", "2022-04-17"), ("2022-04-19", "2022-04-19")], 2),
            ([("2022-04-17", "2022-04-18"), ("2022-04-18", "2022-04-19")], 3),
            ([("2022-04-17", "2022-04-18"), ("2022-04-19", "2022-04-20")], 4),
            ([("2022-04-17", "2022-04-17"), ("2022-04-17", "2022-04-17")], 1),
            ([("2022-04-01", "2022-04-30"), ("2022-04-10", "2022-04-11"), ("2022-04-20", "2022-05-01")], 31),
            ([("2022-05-01", "2022-05-02"), ("2022-04-01", "2022-04-02")], 4),
            ([("2022-04-17 00:00:00", "2022-04-18 23:59:59")], 2),
            ([(" 2022-04-17T00:00:00 ", "2022-04-18")], 2),
            ([("2022-04-17 23:00:00", "2022-04-17 01:00:00")], 1),
            ([("0001-01-01", "9999-12-31")], 3_652_059),
        ],
    )
    def test_up_to_the_maximum_passes(self, periods: list[tuple[object, object]], days: int) -> None:
        assert hits("backfill.days", over(*periods), {"max": days}) == []
        expected = [{"days": str(days), "max": f"{days - 1:,}"}]
        assert hits("backfill.days", over(*periods), {"max": days - 1}) == expected

    def test_any_periods_add_up_to_the_days_that_are_in_one(self) -> None:
        """Two hundred sets of periods, counted in the simplest way."""
        dice = random.Random(4)  # noqa: S311  the same periods in every run
        first = date(2022, 1, 1)
        for _ in range(200):
            spans = [sorted((dice.randrange(40), dice.randrange(40))) for _ in range(dice.randrange(1, 9))]
            days = len({day for begin, end in spans for day in range(begin, end + 1)})
            data = over(*((f"{first + timedelta(begin)}", f"{first + timedelta(end)}") for begin, end in spans))
            assert hits("backfill.days", data, {"max": days}) == []
            assert hits("backfill.days", data, {"max": days - 1}) == [{"days": str(days), "max": str(days - 1)}]

    @pytest.mark.no_cover
    def test_thousands_of_periods_are_judged_in_no_time(self) -> None:
        first = date(1900, 1, 1)
        days = [f"{first + timedelta(number * 2 % 19_990)}" for number in range(19_990)]
        started = time.process_time()
        found = hits("backfill.days", over(*((day, day) for day in days)), {"max": 1000})
        assert found == [{"days": "9995", "max": "1,000"}]
        assert time.process_time() - started < 10


class TestAge:
    """The oldest business date."""

    @pytest.mark.parametrize(
        ("moment", "days"),
        [
            ("2022-04-18T00:00:00+08:00", 1),
            ("2022-04-18T23:59:59+08:00", 1),
            ("2022-04-17T16:00:00+00:00", 0),
            ("2022-04-17T23:59:59+08:00", 0),
            ("2022-04-16T23:59:59+08:00", -1),
            ("2023-04-17T00:00:00+08:00", 365),
        ],
    )
    def test_it_is_counted_in_days_of_the_moments_own_zone(self, moment: str, days: int) -> None:
        data = {**over(("2022-04-18", "2022-04-30"), ("2022-04-17", "2022-04-17")), "moment": moment}
        assert hits("backfill.age", data, {"max": max(days, 0)}) == []
        expected = [{"date": "2022-04-17", "days": str(days), "max": f"{days - 1}"}]
        assert days < 1 or hits("backfill.age", data, {"max": days - 1}) == expected

    def test_one_old_period_is_enough(self) -> None:
        periods = [("2022-04-18", "2022-04-18"), ("0001-01-01", "0001-01-01"), ("2022-04-19", "2022-04-19")]
        data = {**over(*periods), "moment": "2022-04-20T12:00:00+08:00"}
        assert hits("backfill.age", data, {"max": 30}) == [{"date": "0001-01-01", "days": "738264", "max": "30"}]

    @pytest.mark.parametrize("begin", ["2022-04-21", "9999-12-31"])
    def test_a_date_to_come_is_not_old(self, begin: str) -> None:
        data = {**over((begin, "9999-12-31")), "moment": "2022-04-20T12:00:00+08:00"}
        assert hits("backfill.age", data, {"max": 0}) == []


NEVER = {"max": 10**9}

UNREADABLE = [
    ("multipleTimePeriods[0].bizBeginTime", [{"bizBeginTime": "2022-02-29", "bizEndTime": "2022-03-01"}]),
    ("multipleTimePeriods[0].bizBeginTime", [{"bizBeginTime": "20220417", "bizEndTime": "2022-04-18"}]),
    ("multipleTimePeriods[0].bizBeginTime", [{"bizBeginTime": "2022-W15-1", "bizEndTime": "2022-04-18"}]),
    ("multipleTimePeriods[0].bizBeginTime", [{"bizBeginTime": "0000-01-01", "bizEndTime": "2022-04-18"}]),
    ("multipleTimePeriods[0].bizBeginTime", [{"bizBeginTime": "10000-01-01", "bizEndTime": "2022-04-18"}]),
    ("multipleTimePeriods[0].bizBeginTime", [{"bizBeginTime": 1650124800000, "bizEndTime": "2022-04-18"}]),
    ("multipleTimePeriods[0].bizBeginTime", [{"bizBeginTime": "２０２２-04-17", "bizEndTime": "2022-04-18"}]),
    ("multipleTimePeriods[0].bizBeginTime", [{"bizBeginTime": ["2022-04-17"], "bizEndTime": "2022-04-18"}]),
    ("multipleTimePeriods[0].bizEndTime", [{"bizBeginTime": "2022-04-17", "bizEndTime": "2022-04-18T25:00:00"}]),
    ("multipleTimePeriods[0].bizEndTime", [{"bizBeginTime": "2022-04-17", "bizEndTime": "2022-04-18 00:00:00Z"}]),
    ("multipleTimePeriods[0].bizEndTime", [{"bizBeginTime": "2022-04-17", "bizEndTime": "2022-04-18x"}]),
    ("multipleTimePeriods[0].bizEndTime", [{"bizBeginTime": "2022-04-17", "bizEndTime": "tomorrow"}]),
    ("multipleTimePeriods[0]", [{"bizBeginTime": "2022-04-18", "bizEndTime": "2022-04-17"}]),
    ("multipleTimePeriods", []),
    ("multipleTimePeriods", "[{"),
    ("multipleTimePeriods", {"bizBeginTime": "2022-04-18", "bizEndTime": "2022-04-18"}),
    ("multipleTimePeriods", ["2022-04-18"]),
]


@pytest.mark.parametrize("check", ["backfill.days", "backfill.age"])
class TestPeriods:
    """What the checks have in common that judge the periods."""

    @pytest.mark.parametrize(("field", "periods"), UNREADABLE)
    @pytest.mark.parametrize("nested", [True, False])
    def test_a_period_that_makes_no_sense_is_unreadable(
        self, check: str, field: str, periods: object, *, nested: bool
    ) -> None:
        value = json.dumps(periods) if nested and not isinstance(periods, str) else periods
        (finding,) = judge(check, {"multipleTimePeriods": value}, NEVER)
        assert unknown([finding]) == [field]
        assert "cannot be read" in finding.text.en

    @pytest.mark.parametrize("missing", ["bizBeginTime", "bizEndTime"])
    @pytest.mark.parametrize("value", [None, "", " "])
    def test_a_period_without_begin_or_end_is_named(self, check: str, missing: str, value: object) -> None:
        whole = {"bizBeginTime": "2022-04-17", "bizEndTime": "2022-04-17"}
        (finding,) = judge(check, {"multipleTimePeriods": [whole, {**whole, missing: value}]}, NEVER)
        assert unknown([finding]) == [f"multipleTimePeriods[1].{missing}"]
        assert "did not send" in finding.text.en

    def test_what_is_known_can_decide_already(self, check: str) -> None:
        data = {**over(("2022-04-17", "2022-04-20"), ("x", "y")), "moment": "2022-04-21"}
        assert len(hits(check, data, {"max": 3})) == 1
        assert unknown(judge(check, data, {"max": 4})) == ["multipleTimePeriods[1].bizBeginTime"]


class TestNodes:
    """Nodes whose code runs."""

    @pytest.mark.parametrize(
        ("root", "included", "excluded", "count"),
        [
            (1, [1], [], 1),
            (1, [1, 2, 2, 1], [], 2),
            (1, [2, 3], [], 3),
            (1, [2, 3], None, 3),
            (1, [2, 3], [1], 2),
            (1, [2, 3], "no list", 3),
            (1, [1, 2], [4, 5, 6], 2),
            (1, [1, 2], [2], 2),
            (1, [1, 2], [1], 2),
            ("1", ["2"], ["1"], 1),
            (1, list(range(90_000)), list(range(90_000)), 90_000),
        ],
    )
    def test_up_to_the_maximum_passes(self, root: object, included: list[object], excluded: object, count: int) -> None:
        data = {"rootNodeId": root, "includeNodeIds": included, "excludeNodeIds": excluded}
        assert hits("backfill.nodes", data, {"max": count}) == []
        assert hits("backfill.nodes", data, {"max": count - 1}) == [{"nodes": str(count), "max": f"{count - 1:,}"}]

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({"rootNodeId": 1}, "includeNodeIds"),
            ({"rootNodeId": 1, "includeNodeIds": []}, "includeNodeIds"),
            ({"rootNodeId": 1, "includeNodeIds": "all"}, "includeNodeIds"),
            ({"includeNodeIds": [1]}, "rootNodeId"),
            ({"rootNodeId": {}, "includeNodeIds": [1]}, "rootNodeId"),
        ],
    )
    def test_what_is_known_can_decide_already(self, data: Data, field: str) -> None:
        assert hits("backfill.nodes", data, {"max": 0}) == [{"nodes": "1", "max": "0"}]
        assert unknown(judge("backfill.nodes", data, {"max": 1})) == [field]


class TestParallelGroups:
    """How much runs side by side."""

    @pytest.mark.parametrize(
        ("parallel", "groups", "count"),
        [
            (True, 2, 2),
            (True, 1, 1),
            (True, "3", 3),
            ("true", 3, 3),
            (False, 5, 1),
            ("false", 5, 1),
            (False, None, 1),
            (False, 0, 1),
            (None, 4, 4),
            ("perhaps", 4, 4),
            (True, 10**30, 10**30),
        ],
    )
    def test_up_to_the_maximum_passes(self, parallel: object, groups: object, count: int) -> None:
        data = {"isParallel": parallel, "parallelGroup": groups}
        assert hits("backfill.parallel", data, {"max": count}) == []
        assert hits("backfill.parallel", data, {"max": count - 1}) == [{"groups": str(count), "max": f"{count - 1:,}"}]

    @pytest.mark.parametrize("parallel", [True, None, "perhaps"])
    @pytest.mark.parametrize("groups", [None, 0, -1, "many", [2]])
    def test_groups_that_make_no_sense_are_unknown(self, parallel: object, groups: object) -> None:
        data = {"isParallel": parallel, "parallelGroup": groups}
        for most in (0, 9):
            assert unknown(judge("backfill.parallel", data, {"max": most})) == ["parallelGroup"]


class TestOrder:
    """The order of the business dates."""

    @pytest.mark.parametrize(
        ("order", "settings", "hit"),
        [
            ("asc", {"allow": ["asc"]}, False),
            ("desc", {"allow": ["asc"]}, True),
            ("DESC", {"deny": ["desc"]}, True),
            (" Asc ", {"allow": ["ASC"]}, False),
            ("asc", {"deny": ["desc"]}, False),
            ("asc", {"allow": ["*"], "deny": ["asc"]}, True),
        ],
    )
    def test_it_is_compared_with_the_lists(self, order: str, settings: Data, hit: bool) -> None:
        assert hits("backfill.order", {"order": order}, settings) == [{"order": order}] * hit

    @pytest.mark.parametrize("order", ["descending", "d", 1, "倒序", ["asc"], "asc,desc"])
    @pytest.mark.parametrize("settings", [{"deny": ["desc"]}, {"allow": ["asc"]}, {"allow": ["*"]}])
    def test_an_order_that_nobody_documents_is_unreadable(self, order: object, settings: Data) -> None:
        assert unknown(judge("backfill.order", {"order": order}, settings)) == ["order"]

    def test_such_an_order_in_a_policy_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"^expected asc, desc, or a pattern with \*, found 'up' in it$"):
            given("backfill.order", {"allow": ["up"]})
        with pytest.raises(ValueError, match=r"^expected allow, deny or both, found neither$"):
            given("backfill.order", {})


@pytest.mark.parametrize(("value", "hit"), [(True, True), ("true", True), (1, True), (False, False), ("false", False)])
def test_instances_of_future_dates_that_start_at_once_hit(value: object, hit: bool) -> None:
    assert hits("backfill.future", {"startFutureInstanceImmediately": value}, {}) == [{}] * hit


@pytest.mark.parametrize("value", ["yes, please", [], 2])
def test_a_flag_that_is_none_is_unreadable(value: object) -> None:
    data = {"startFutureInstanceImmediately": value}
    assert unknown(judge_one("backfill.future", "backfill-data", data, {})) == ["startFutureInstanceImmediately"]
