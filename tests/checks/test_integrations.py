"""Checks on sync jobs: each passes, hits, sits on its limit, and lets nothing pass that DataWorks did not show."""

import time
from typing import Any

import pytest

from extension import events
from extension.checks.integrations import NOT_SHOWN
from extension.checks.registry import BY_ID
from extension.verdict import Finding
from tests.cases import given, hits, judge, judge_one, sample, unknown

Data = dict[str, Any]

ONE, BATCH = "start-diJob", "batch-start-diJob"
SAMPLES = [f"{ONE}", f"{ONE}.v1", f"{ONE}.pattern", BATCH]
HIDDEN = f"{ONE}.no-mapping"

READ = ("integration.source", "srcDatasourceName", "sources")
WRITTEN = ("integration.destination", "dstDatasourceName", "destinations")
TABLE = ("integration.table_name", "dstTable", "tables")

MAPPED: list[tuple[str, Data]] = [
    ("integration.source", {"deny": ["nothing"]}),
    ("integration.destination", {"deny": ["nothing"]}),
    ("integration.table_name", {"pattern": ".*"}),
    ("integration.tables", {"max": 10**6}),
    ("integration.mapping", {}),
]
"""Every check of the family, with settings that let all pass that is shown."""


def pair(**names: object) -> Data:
    """A pair of tables, with all its names."""
    whole = {"srcDatasourceName": "src", "srcDatabaseName": ".*", "srcTable": "t.*"}
    return {**whole, "dstDatasourceName": "dst", "dstTable": "ods_t", **names}


def jobs(*mappings: object) -> Data:
    """A start of a job, and a batch with a job for each mapping; the single job has all of them."""
    flat = [one for mapping in mappings if isinstance(mapping, list) for one in mapping]
    batch = [{"id": number, "tableMapping": mapping} for number, mapping in enumerate(mappings)]
    ids = list(range(len(mappings)))
    return {"showTableMapping": True, "tableMapping": flat, "tableMappings": batch, "jobIds": ids}


def not_shown(findings: list[Finding]) -> list[object]:
    """Fields that DataWorks left out."""
    assert all(finding.text is NOT_SHOWN for finding in findings)
    return unknown(findings)


def code_of(name: str) -> str:
    """The event that a sample is of."""
    return name.partition(".")[0]


class TestNames:
    """What the checks on names have in common."""

    @pytest.mark.parametrize(("check", "field", "shown"), [READ, WRITTEN])
    @pytest.mark.parametrize(
        ("settings", "refused"),
        [
            ({"allow": ["a", "b"]}, None),
            ({"allow": ["A"]}, "b"),
            ({"deny": ["B*"]}, "b"),
            ({"deny": ["c"]}, None),
            ({"allow": ["*"], "deny": ["a"]}, "a"),
            ({"allow": ["c"]}, "a, b"),
            ({"deny": ["*"]}, "a, b"),
        ],
    )
    def test_data_sources_are_compared_with_the_lists(
        self, check: str, field: str, shown: str, settings: Data, refused: str | None
    ) -> None:
        data = jobs([pair(**{field: "a"}), pair(**{field: "a"})], [pair(**{field: "b"})])
        count = str(len((refused or "").split(", ")))
        assert hits(check, data, settings) == ([{shown: refused, "count": count}] if refused else [])

    @pytest.mark.parametrize(
        ("name", "pattern", "hit"),
        [
            ("ods_t", "ods_[a-z]+", False),
            ("ods_t1", "ods_[a-z]+", True),
            ("x_ods_t", "ods_[a-z]+", True),
            ("ods_t\n", "ods_[a-z]+", True),
            ("ods_订单", "ods_.+", False),
            ("ods_.*", "ods_[a-z]+", True),
            ("ods_.*", r"ods_[a-z.*]+", False),
            ("a" * 50_000 + "!", "(a+)+", True),
        ],
    )
    def test_the_whole_name_of_a_table_must_match(self, name: str, pattern: str, hit: bool) -> None:
        found = hits("integration.table_name", jobs([pair(dstTable=name)]), {"pattern": pattern})
        assert found == [{"tables": name, "count": "1", "pattern": pattern}] * hit

    @pytest.mark.parametrize(("check", "field", "shown"), [READ, WRITTEN, TABLE])
    def test_three_names_are_shown_and_all_are_counted_each_once(self, check: str, field: str, shown: str) -> None:
        data = jobs([pair(**{field: f"n{number % 5}"}) for number in range(4)], [pair(**{field: "n4"})])
        settings = {"pattern": "x"} if check == TABLE[0] else {"deny": ["n*"]}
        (found,) = hits(check, data, settings)
        assert (found[shown], found["count"]) == ("n0, n1, n2", "5")

    @pytest.mark.parametrize(("check", "field", "shown"), [READ, WRITTEN, TABLE])
    @pytest.mark.parametrize("value", [None, "", ["a"], {}])
    def test_a_pair_without_the_name_does_not_pass(self, check: str, field: str, shown: str, value: object) -> None:
        data = jobs([pair(), pair(**{field: value}), pair(**{field: value})])
        settings = {"pattern": ".*"} if check == TABLE[0] else {"allow": ["*"]}
        assert unknown(judge_one(check, ONE, data, settings)) == [f"tableMapping[1].{field}"], shown
        assert unknown(judge_one(check, BATCH, data, settings)) == [f"tableMappings[0].tableMapping[1].{field}"]

    @pytest.mark.parametrize(("check", "field", "shown"), [READ, WRITTEN, TABLE])
    def test_what_is_shown_can_decide_already(self, check: str, field: str, shown: str) -> None:
        data = {**jobs([pair(**{field: "bad"}), pair(**{field: None})], [pair()]), "showTableMapping": False}
        settings = {"pattern": "[^b].*"} if check == TABLE[0] else {"deny": ["bad"]}
        (found,) = hits(check, data, settings)
        assert (found[shown], found["count"]) == ("bad", "1")

    def test_a_name_with_the_signs_of_a_pattern_is_text(self) -> None:
        data = jobs([pair(srcDatasourceName="shop.*", dstDatasourceName="[a-z]")])
        assert hits("integration.source", data, {"deny": ["shop_1"]}) == []
        assert len(hits("integration.source", data, {"deny": ["shop.*"]})) == 1
        assert hits("integration.destination", data, {"deny": ["a"]}) == []
        assert len(hits("integration.destination", data, {"deny": ["[a-z]"]})) == 1

    @pytest.mark.no_cover
    @pytest.mark.parametrize(("check", "field", "shown"), [READ, WRITTEN, TABLE])
    def test_as_many_pairs_as_are_read_are_judged_in_no_time(self, check: str, field: str, shown: str) -> None:
        data = jobs([{field: f"n{number}"} for number in range(events.MAX_PARTS // 4)])
        settings = {"pattern": "x"} if check == TABLE[0] else {"deny": ["n*"]}
        started = time.process_time()
        (found,) = hits(check, data, settings)
        assert (found[shown], found["count"]) == ("n0, n1, n2", "5000")
        assert time.process_time() - started < 20


class TestCount:
    """Pairs of tables over all jobs."""

    @pytest.mark.parametrize(
        ("data", "count"),
        [
            (jobs([pair()]), 1),
            (jobs([pair(), pair()], [pair()]), 3),
            (jobs([{}], [{}], [{}]), 3),
            (jobs([pair()] * 501), 501),
        ],
    )
    def test_up_to_the_maximum_passes(self, data: Data, count: int) -> None:
        assert hits("integration.tables", data, {"max": count}) == []
        expected = [{"tables": str(count), "max": str(count - 1)}]
        assert hits("integration.tables", data, {"max": count - 1}) == expected

    @pytest.mark.parametrize("most", [0, 499, 500])
    def test_tables_that_are_not_shown_are_more_than_500(self, most: int) -> None:
        expected = [{"tables": "500+", "max": str(most)}]
        assert hits("integration.tables", {"showTableMapping": False}, {"max": most}) == expected

    def test_whether_they_are_more_than_501_nobody_knows(self) -> None:
        found = judge_one("integration.tables", ONE, sample(HIDDEN), {"max": 501})
        assert not_shown(found) == ["tableMapping"]
        found = judge_one("integration.tables", BATCH, {"showTableMapping": False, "tableMappings": []}, {"max": 501})
        assert not_shown(found) == ["tableMappings"]

    def test_those_that_are_shown_count_all_the_same(self) -> None:
        data = {**jobs([pair()] * 600), "showTableMapping": False}
        assert hits("integration.tables", data, {"max": 599}) == [{"tables": "600", "max": "599"}]
        assert hits("integration.tables", data, {"max": 500}) == [{"tables": "600", "max": "500"}]

    def test_without_the_flag_nobody_says_that_they_are_more_than_500(self) -> None:
        assert not_shown(judge_one("integration.tables", ONE, {}, {"max": 1})) == ["tableMapping"]


class TestHiddenMapping:
    """Jobs whose tables DataWorks does not list."""

    @pytest.mark.parametrize("value", [False, "false"])
    @pytest.mark.parametrize("data", [{}, jobs([pair()])])
    def test_they_hit(self, value: object, data: Data) -> None:
        named = {**data, "showTableMapping": value, "extensionBizName": "sync_1,sync_2"}
        assert hits("integration.mapping", named, {}) == [{"jobs": "sync_1,sync_2"}]
        assert hits("integration.mapping", {"showTableMapping": value}, {}) == [{"jobs": "?"}]

    @pytest.mark.parametrize("value", [None, "perhaps", []])
    def test_whether_they_are_hidden_is_not_known_without_flag_and_mapping(self, value: object) -> None:
        assert unknown(judge("integration.mapping", {"showTableMapping": value}, {})) == ["showTableMapping"]


@pytest.mark.parametrize(("check", "settings"), MAPPED)
class TestWhatIsShown:
    """What all checks of the family have in common: no pass without the whole mapping."""

    @pytest.mark.parametrize("name", SAMPLES)
    def test_the_documented_samples_pass(self, check: str, settings: Data, name: str) -> None:
        assert judge_one(check, code_of(name), sample(name), settings) == []
        assert BY_ID[check].events == {ONE, BATCH}
        assert not BY_ID[check].needs

    def test_the_documented_sample_without_mapping_does_not_pass(self, check: str, settings: Data) -> None:
        (finding,) = judge_one(check, ONE, sample(HIDDEN), settings)
        if check == "integration.mapping":
            assert finding.values == {"jobs": "sync_mysql_to_holo_20240412_213634"}
        else:
            assert not_shown([finding]) == ["tableMapping"]

    def test_a_mapping_that_is_not_said_to_be_whole_does_not_pass(self, check: str, settings: Data) -> None:
        data = {**jobs([pair()]), "showTableMapping": False}
        for code, field in ((ONE, "tableMapping"), (BATCH, "tableMappings")):
            (finding,) = judge_one(check, code, data, settings)
            assert finding.judged if check == "integration.mapping" else not_shown([finding]) == [field]

    @pytest.mark.parametrize("flag", [{}, {"showTableMapping": None}, {"showTableMapping": "true"}])
    def test_a_mapping_is_judged_without_the_flag(self, check: str, settings: Data, flag: Data) -> None:
        data = jobs([pair()])
        del data["showTableMapping"]
        assert judge(check, {**data, **flag}, settings) == []

    @pytest.mark.parametrize("mapping", [None, [], "[]", " "])
    def test_a_mapping_that_is_missing_or_empty_does_not_pass(
        self, check: str, settings: Data, mapping: object
    ) -> None:
        data = {"showTableMapping": True, "tableMapping": mapping, "tableMappings": mapping}
        assert not_shown(judge_one(check, ONE, data, settings)) == ["tableMapping"]
        assert not_shown(judge_one(check, BATCH, data, settings)) == ["tableMappings"]

    @pytest.mark.parametrize("mapping", [{}, "all", [1], 7, ["x"]])
    def test_a_mapping_that_makes_no_sense_is_unreadable(self, check: str, settings: Data, mapping: object) -> None:
        data = {"showTableMapping": True, "tableMapping": mapping, "tableMappings": mapping}
        for code, field in ((ONE, "tableMapping"), (BATCH, "tableMappings")):
            (finding,) = judge_one(check, code, data, settings)
            assert unknown([finding]) == [field]
            assert "cannot be read" in finding.text.en

    def test_a_flag_that_makes_no_sense_is_unreadable(self, check: str, settings: Data) -> None:
        data = {**jobs([pair()]), "showTableMapping": "perhaps"}
        assert unknown(judge(check, data, settings)) == ["showTableMapping"]

    @pytest.mark.parametrize("mapping", [None, []])
    def test_a_job_of_a_batch_without_its_mapping_does_not_pass(
        self, check: str, settings: Data, mapping: object
    ) -> None:
        found = judge_one(check, BATCH, jobs([pair()], mapping, [pair()]), settings)
        assert not_shown(found) == ["tableMappings[1].tableMapping"]

    @pytest.mark.parametrize(
        ("started", "shown", "whole"),
        [
            ([1, 2], [1, 2], True),
            ([1, 2], [2, 1], True),
            ([1, 2, 2], [1, 2], True),
            ([1], [1, 2], True),
            ([1, 2], [1, None], True),
            ([1, 2], [None, None], True),
            (None, [1], True),
            ([], [1], True),
            (["1", "2"], [1, "2"], True),
            ([1, 2], [1], False),
            ([1, 2], [None], False),
            ([1, 2], [1, 1], False),
            ([1, 2], [1, 3], False),
            ([1, 2, 3], [1, None], False),
            ([1, 2, 3], [None, None], False),
        ],
    )
    def test_every_job_of_a_batch_has_to_be_shown(
        self, check: str, settings: Data, *, started: object, shown: list[object], whole: bool
    ) -> None:
        mappings = [{"id": job_id, "tableMapping": [pair()]} for job_id in shown]
        data = {"showTableMapping": True, "jobIds": started, "tableMappings": mappings}
        assert not_shown(judge_one(check, BATCH, data, settings)) == ([] if whole else ["tableMappings"])

    def test_job_ids_that_make_no_sense_are_unreadable(self, check: str, settings: Data) -> None:
        data = {**jobs([pair()]), "jobIds": "all"}
        assert unknown(judge_one(check, BATCH, data, settings)) == ["jobIds"]


@pytest.mark.parametrize(
    ("check", "settings", "name", "values"),
    [
        ("integration.source", {"deny": ["mysql_public"]}, f"{ONE}.pattern", {"sources": "mysql_public", "count": 1}),
        ("integration.source", {"allow": ["mysql_public"]}, BATCH, {"sources": "mysql_3357_pub_ip_1", "count": 1}),
        ("integration.destination", {"deny": ["*"]}, BATCH, {"destinations": "holo_db, odps_first", "count": 2}),
        ("integration.destination", {"deny": ["odps*"]}, f"{ONE}.v1", {"destinations": "odps_first", "count": 1}),
        ("integration.tables", {"max": 1}, f"{ONE}.pattern", {"tables": 2, "max": 1}),
        ("integration.tables", {"max": 3}, f"{ONE}.v1", {"tables": 4, "max": 3}),
        ("integration.tables", {"max": 6}, BATCH, {"tables": 7, "max": 6}),
    ],
)
def test_the_documented_samples_hit(check: str, settings: Data, name: str, values: Data) -> None:
    (finding,) = judge_one(check, code_of(name), sample(name), settings)
    assert finding.judged
    assert finding.values == values


def test_the_table_names_of_the_documented_batch() -> None:
    (finding,) = judge_one("integration.table_name", BATCH, sample(BATCH), {"pattern": "ods_.*"})
    expected = {"tables": "test_verify1, test_verify1_dst, mysql_0_timetest2", "count": "3", "pattern": "ods_.*"}
    assert {name: str(value) for name, value in finding.values.items()} == expected


def test_settings_that_could_never_hit_are_refused() -> None:
    for check in (READ[0], WRITTEN[0]):
        with pytest.raises(ValueError, match=r"^expected allow, deny or both, found neither$"):
            given(check, {})
    with pytest.raises(ValueError, match=r"^expected a regular expression \(RE2 syntax\): missing \): \(ods$"):
        given("integration.table_name", {"pattern": "(ods"})
    with pytest.raises(ValueError, match=r"^expected a whole number of at least 0, found -1$"):
        given("integration.tables", {"max": -1})
