"""Checks on downloads and uploads: each passes, hits, sits on its limit, and says what it does not know."""

from typing import Any

import pytest

from extension.checks.registry import BY_ID
from tests.cases import hits, judge, unknown


@pytest.mark.parametrize(("rows", "hit"), [(0, False), (99, False), (100, False), (101, True), (10**30, True)])
def test_rows_up_to_the_maximum_pass(rows: int, hit: bool) -> None:
    assert bool(hits("download.rows", {"dataRowSize": rows}, {"max": 100})) == hit


def test_a_maximum_of_none_forbids_any_row() -> None:
    assert hits("download.rows", {"dataRowSize": 1}, {"max": 0}) == [{"rows": "1", "max": "0"}]
    assert hits("download.rows", {"dataRowSize": 0}, {"max": 0}) == []


@pytest.mark.parametrize("check", ["download.size", "upload.size"])
@pytest.mark.parametrize(
    ("size", "most", "hit"),
    [
        (10_000_000, "10MB", False),
        (10_000_001, "10MB", True),
        (10_000_001, "10MiB", False),
        (2**30, "1GiB", False),
        (2**30 + 1, "1GiB", True),
        (1500, "1.5kB", False),
        (1501, "1.5kB", True),
        (7, 7, False),
        (8, 7, True),
    ],
)
def test_sizes_up_to_the_maximum_pass_in_every_unit(check: str, size: int, most: object, hit: bool) -> None:
    assert bool(hits(check, {"fileSize": size}, {"max": most})) == hit


def test_a_size_just_over_the_limit_is_shown_to_the_byte() -> None:
    assert hits("download.size", {"fileSize": 10_000_001}, {"max": "10MB"}) == [
        {"size": "10 MB (10,000,001 B)", "max": "10 MB"}
    ]


NAMED: list[tuple[str, str, dict[str, object], str]] = [
    ("download.source", "source", {"moduleType": "sqlx_query"}, "dw_excel"),
    ("download.datasource", "datasource", {"datasourceName": "odps_first", "datasourceId": "1111"}, "other"),
    ("download.workspace", "workspace", {"queryDwProjectName": "finance", "queryDwProjectId": "90214"}, "other"),
    ("download.operator", "operator", {"operatorUid": "149318", "operatorBaseId": "123936"}, "555"),
    ("upload.source", "source", {"uploadSourceType": "LOCAL"}, "OSS"),
    ("upload.target", "table", {"tableGuid": "odps.mc_project.test_table"}, "odps.mc_project.other"),
    ("upload.engine", "engine", {"targetEngineType": "MAXCOMPUTE"}, "Hologres"),
]


@pytest.mark.parametrize(("check", "name", "data", "other"), NAMED, ids=[row[0] for row in NAMED])
class TestLists:
    """What all checks with allow and deny have in common."""

    def test_what_is_allowed_passes(self, check: str, name: str, data: dict[str, Any], other: str) -> None:
        for value in data.values():
            assert hits(check, data, {"allow": [other, value]}) == [], name

    def test_what_is_not_allowed_hits(self, check: str, name: str, data: dict[str, Any], other: str) -> None:
        assert hits(check, data, {"allow": [other]}) == [{name: shown(data)}]

    def test_what_is_denied_hits_by_any_of_its_names(
        self, check: str, name: str, data: dict[str, Any], other: str
    ) -> None:
        for value in data.values():
            assert hits(check, data, {"deny": [other, value]}) == [{name: shown(data)}]

    def test_what_is_not_denied_passes(self, check: str, name: str, data: dict[str, Any], other: str) -> None:
        assert hits(check, data, {"deny": [other]}) == [], name

    def test_deny_is_stronger_than_allow(self, check: str, name: str, data: dict[str, Any], other: str) -> None:
        value = next(iter(data.values()))
        assert hits(check, data, {"allow": ["*"], "deny": [other, value]}) == [{name: shown(data)}]

    def test_what_is_in_neither_list_is_not_allowed(
        self, check: str, name: str, data: dict[str, Any], other: str
    ) -> None:
        assert hits(check, data, {"allow": [other], "deny": [other]}) == [{name: shown(data)}]

    def test_case_does_not_matter(self, check: str, name: str, data: dict[str, Any], other: str) -> None:
        value = next(iter(data.values()))
        assert hits(check, data, {"deny": [other, value.swapcase()]}) == [{name: shown(data)}]

    def test_a_pattern_matches(self, check: str, name: str, data: dict[str, Any], other: str) -> None:
        value = next(iter(data.values()))
        assert hits(check, data, {"deny": [other, f"{value[:3]}*"]}) == [{name: shown(data)}]
        assert hits(check, data, {"deny": [other, f"{value[1:4]}*"]}) == []

    def test_one_missing_name_clears_nobody_of_deny(
        self, check: str, name: str, data: dict[str, Any], other: str
    ) -> None:
        for missing in data:
            rest = {field: value for field, value in data.items() if field != missing}
            assert unknown(judge(check, rest, {"deny": [other]})) == [missing], name

    def test_one_name_that_is_allowed_is_enough(self, check: str, name: str, data: dict[str, Any], other: str) -> None:
        for field, value in data.items():
            assert hits(check, {field: value}, {"allow": [other, value]}) == [], name


def shown(data: dict[str, Any]) -> str:
    """What the user reads of it: its name, and the id behind it where it has both."""
    first, *rest = data.values()
    return f"{first} ({rest[0]})" if rest else str(first)


@pytest.mark.parametrize(
    ("guid", "deny", "hit"),
    [
        ("odps.finance.ledger", "odps.finance.*", True),
        ("odps.finance.ledger", "odps.*.ledger", True),
        ("odps.finance.hr.salaries", "odps.finance.*", True),
        ("odps.finance_tmp.ledger", "odps.finance.*", False),
        ("emr_hive.C-1.finance.ledger", "emr_hive.*.finance.*", True),
        ("emr_hive.C-1.sandbox.ledger", "emr_hive.*.finance.*", False),
        ("holo.hgpost-1.finance", "holo.*.finance", True),
        ("holo.hgpost-1.sandbox", "holo.*.finance", False),
        ("ODPS.Finance.LEDGER", "odps.finance.ledger", True),
        ("starrocks.i-1.finance.ledger", "*.finance.*", True),
    ],
)
def test_targets_of_every_engine_are_matched(guid: str, deny: str, hit: bool) -> None:
    assert bool(hits("upload.target", {"tableGuid": guid}, {"deny": [deny]})) == hit


@pytest.mark.parametrize("guid", ["ledger", "odps.ledger", "odps..ledger", ".a.b", "odps.a.", "odps. .ledger"])
def test_a_target_that_is_no_guid_is_unreadable(guid: str) -> None:
    assert unknown(judge("upload.target", {"tableGuid": guid}, {"deny": ["*.x"]})) == ["tableGuid"]


@pytest.mark.parametrize("engine", ["EMR Hive", "EMR_HIVE", "emr-hive", "EMRHive"])
@pytest.mark.parametrize("listed", ["EMR Hive", "EMR_HIVE", "EMR-Hive", "emrhive"])
def test_an_engine_is_known_in_every_spelling(engine: str, listed: str) -> None:
    assert len(hits("upload.engine", {"targetEngineType": engine}, {"deny": [listed]})) == 1
    assert hits("upload.engine", {"targetEngineType": engine}, {"allow": [listed]}) == []


@pytest.mark.parametrize(
    ("settings", "table", "hit"),
    [
        ({}, "odps.finance.ledger", True),
        ({"allow": ["odps.*.tmp_*"]}, "odps.finance.tmp_1", False),
        ({"allow": ["odps.*.tmp_*"]}, "odps.finance.ledger", True),
        ({"deny": ["odps.finance.*"]}, "odps.finance.ledger", True),
        ({"deny": ["odps.finance.*"]}, "odps.sandbox.t", False),
    ],
)
def test_overwriting_is_forbidden_altogether_or_for_some_tables(
    settings: dict[str, object],
    table: str,
    hit: bool,
) -> None:
    data: dict[str, object] = {"writeType": "OVERWRITE", "tableGuid": table}
    assert hits("upload.overwrite", data, settings) == [{"table": table}] * hit
    assert hits("upload.overwrite", data | {"writeType": "APPEND"}, settings) == []


@pytest.mark.parametrize("mode", ["INSERT_OVERWRITE", "UPSERT", "REPLACE", "over_write", "覆盖", "true"])
def test_a_way_of_writing_that_nobody_documents_is_unreadable(mode: str) -> None:
    assert unknown(judge("upload.overwrite", {"writeType": mode, "tableGuid": "odps.a.b"}, {})) == ["writeType"]


def test_overwriting_is_forbidden_altogether_also_where_the_table_is_not_told() -> None:
    assert hits("upload.overwrite", {"writeType": " overwrite "}, {}) == [{"table": "?"}]


def test_overwriting_where_the_table_decides_and_is_not_told_is_unknown() -> None:
    assert unknown(judge("upload.overwrite", {"writeType": "OVERWRITE"}, {"allow": ["*"]})) == ["tableGuid"]


@pytest.mark.parametrize(
    ("ip", "settings", "hit"),
    [
        ("10.1.2.3", {"allow": ["10.0.0.0/8"]}, False),
        ("11.1.2.3", {"allow": ["10.0.0.0/8"]}, True),
        ("11.1.2.3", {"deny": ["10.0.0.0/8"]}, False),
        ("10.1.2.3", {"deny": ["10.0.0.0/8"]}, True),
        ("10.1.2.3", {"allow": ["10.0.0.0/8"], "deny": ["10.1.2.3"]}, True),
        ("2001:db8::1", {"allow": ["2001:db8::/32"]}, False),
        ("2001:db9::1", {"allow": ["2001:db8::/32"]}, True),
        ("2001:db8::1", {"allow": ["10.0.0.0/8"]}, True),
        ("10.1.2.3", {"allow": ["2001:db8::/32"]}, True),
        ("::ffff:10.1.2.3", {"deny": ["10.0.0.0/8"]}, True),
        ("::ffff:10.1.2.3", {"allow": ["10.0.0.0/8"]}, False),
        (" 10.1.2.3 ", {"allow": ["10.0.0.0/8"]}, False),
        ("255.255.255.255", {"allow": ["0.0.0.0/0"]}, False),
        ("12.1.2.3", {"allow": ["10.0.0.0/8"], "deny": ["11.0.0.0/8"]}, True),
        ("::ffff:10.1.2.3", {"deny": ["::/0"]}, True),
        ("10.1.2.3", {"deny": ["::ffff:10.0.0.0/104"]}, True),
    ],
)
def test_addresses_of_both_families_are_matched(ip: str, settings: dict[str, object], hit: bool) -> None:
    assert bool(hits("download.ip", {"ip": ip}, settings)) == hit


@pytest.mark.parametrize("ip", ["localhost", "10.1.2", "10.1.2.3, 10.1.2.4", "10.1.2.3:80", "300.1.2.3", 167838211])
def test_an_address_that_is_none_is_unreadable(ip: object) -> None:
    assert unknown(judge("download.ip", {"ip": ip}, {"allow": ["0.0.0.0/0"]})) == ["ip"]


def test_an_address_is_judged_only_where_the_event_has_one() -> None:
    assert BY_ID["download.ip"].events == {"download-resources-execute"}


@pytest.mark.parametrize(
    ("name", "pattern", "hit"),
    [
        ("a.csv", r"[a-z]+\.csv", False),
        ("a.csv.exe", r"[a-z]+\.csv", True),
        ("x a.csv", r"[a-z]+\.csv", True),
        ("订单.csv", r".+\.csv", False),
        ("a.csv\n", r"[a-z]+\.csv", True),
        ("A.CSV", r"(?i)[a-z]+\.csv", False),
    ],
)
def test_the_whole_file_name_must_match(name: str, pattern: str, hit: bool) -> None:
    assert bool(hits("download.file_name", {"fileName": name}, {"pattern": pattern})) == hit
