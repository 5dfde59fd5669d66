"""Checks on requests for permission: each passes, hits, sits on its limit, and says what it does not know."""

import time
from typing import Any

import pytest

from extension import events
from extension.checks.registry import BY_ID
from tests.cases import given, hits, judge, sample, unknown

Data = dict[str, Any]
CODE = "approval-change-before-create"
CHECKS: list[tuple[str, Data]] = [
    ("approval.actions", {"deny": ["x"]}),
    ("approval.validity", {"max": 1}),
    ("approval.reason", {}),
    ("approval.grantees", {"max": 1}),
    ("approval.tables", {"deny": ["odps.a.b"]}),
]


def order(**fields: object) -> Data:
    """The data of a request."""
    return {"order": fields}


def asked(*objects: Data) -> Data:
    """The data of a request for some tables."""
    return order(projectMeta={"objectMetaList": list(objects)})


@pytest.mark.parametrize(
    ("check", "settings", "values"),
    [
        ("approval.actions", {"allow": ["select", "DESCRIBE"]}, None),
        ("approval.actions", {"allow": ["Describe"]}, {"actions": "Select", "count": "1"}),
        ("approval.validity", {"max": 31}, None),
        ("approval.validity", {"max": 30}, {"days": "31", "max": "30"}),
        ("approval.reason", {"min": 4}, None),
        ("approval.reason", {"min": 5}, {"length": "4", "min": "5"}),
        ("approval.reason", {"pattern": "[A-Z]+-[0-9]+"}, {"pattern": "[A-Z]+-[0-9]+"}),
        ("approval.grantees", {"max": 1}, None),
        ("approval.grantees", {"max": 0}, {"count": "1", "max": "0"}),
        ("approval.tables", {"allow": ["odps.d11aa.*"]}, None),
        ("approval.tables", {"deny": ["odps.d11aa.tablei"]}, {"tables": "odps.d11aa.tablei", "count": "1"}),
    ],
)
def test_the_documented_sample(check: str, settings: Data, values: dict[str, str] | None) -> None:
    assert hits(check, sample(CODE), settings) == ([values] if values else [])


@pytest.mark.parametrize(("check", "settings"), CHECKS)
@pytest.mark.parametrize("value", [None, "", [], "not JSON", 7])
def test_a_request_that_is_not_there_is_unknown(check: str, settings: Data, value: object) -> None:
    assert unknown(judge(check, {"order": value}, settings)) == ["order"]


def test_only_requests_before_they_are_made_are_judged() -> None:
    checks = {check.id: check.events for check in BY_ID.values() if check.id.startswith("approval.")}
    assert checks == {check: {CODE} for check, _ in CHECKS}


# actions


@pytest.mark.parametrize(
    ("objects", "settings", "actions"),
    [
        ([["Select"], ["Describe"]], {"allow": ["Select", "Describe"]}, []),
        ([["Select"], ["Drop"]], {"allow": ["Select"]}, ["Drop"]),
        ([["SELECT"]], {"deny": ["select"]}, ["SELECT"]),
        ([["Select"], ["select", "SELECT"]], {"deny": ["select"]}, ["SELECT"]),
        ([["Drop", "Alter"], ["Update", "Download"]], {"deny": ["*"]}, ["Drop", "Alter", "Update", "Download"]),
        ([["Drop"]], {"deny": ["D*"], "allow": ["*"]}, ["Drop"]),
        ([["Drop"]], {"deny": ["Dr"]}, []),
    ],
)
def test_an_action_on_any_table_is_judged(objects: list[list[str]], settings: Data, actions: list[str]) -> None:
    data = asked(*({"action": each} for each in objects))
    expected = [{"actions": ", ".join(actions[:3]), "count": str(len(actions))}] if actions else []
    assert hits("approval.actions", data, settings) == expected


def test_a_list_of_no_actions_is_unknown_and_does_not_hide_a_hit() -> None:
    assert unknown(judge("approval.actions", asked({"action": []}), {"allow": ["*"]})) == ["action"]
    both = asked({"action": []}, {"action": ["Drop"]})
    assert hits("approval.actions", both, {"deny": ["Drop"]}) == [{"actions": "Drop", "count": "1"}]


@pytest.mark.parametrize("action", [None, "Select", 7, {"a": 1}, [["Select"]]])
def test_actions_that_cannot_be_read_do_not_pass_and_do_not_hide_a_hit(action: object) -> None:
    path = "order.projectMeta.objectMetaList[0].action"
    assert unknown(judge("approval.actions", asked({"action": action}), {"deny": ["Drop"]})) == [path]
    both = asked({"action": action}, {"action": ["Drop"]}, {"action": None})
    assert hits("approval.actions", both, {"deny": ["Drop"]}) == [{"actions": "Drop", "count": "1"}]
    assert unknown(judge("approval.actions", both, {"deny": ["Alter"]})) == [path]


@pytest.mark.parametrize(("check", "settings"), [CHECKS[0], CHECKS[4]])
def test_tables_that_are_not_told_are_unknown(check: str, settings: Data) -> None:
    assert unknown(judge(check, order(applyReason="x"), settings)) == ["order.projectMeta"]
    assert unknown(judge(check, order(projectMeta={}), settings)) == ["order.projectMeta.objectMetaList"]
    for tables in ([7], []):
        assert unknown(judge(check, order(projectMeta={"objectMetaList": tables}), settings)) == [
            "order.projectMeta.objectMetaList"
        ]


# validity


@pytest.mark.parametrize(
    ("number", "unit", "days"),
    [
        (1, "day", 1),
        ("90", "day", 90),
        (90, " DAY ", 90),
        ("1", "month", 31),
        (12, "Month", 372),
        (10**30, "day", 10**30),
    ],
)
def test_validity_up_to_the_maximum_passes(number: object, unit: str, days: int) -> None:
    data = order(deadlineDate=number, deadlineType=unit)
    assert hits("approval.validity", data, {"max": days}) == []
    assert hits("approval.validity", data, {"max": days - 1}) == [{"days": str(days), "max": f"{days - 1:,}"}]


@pytest.mark.parametrize(
    ("number", "unit", "field"),
    [
        (None, "day", "order.deadlineDate"),
        (1, None, "order.deadlineType"),
        (None, None, "order.deadlineDate"),
        (0, "day", "order.deadlineDate"),
        (-1, "day", "order.deadlineDate"),
        (1.5, "day", "order.deadlineDate"),
        ("forever", "day", "order.deadlineDate"),
        ("2026-11-11", "day", "order.deadlineDate"),
        (1, "year", "order.deadlineType"),
        (1, "forever", "order.deadlineType"),
        (1, "days", "order.deadlineType"),
        (1, "", "order.deadlineType"),
        (1, ["day"], "order.deadlineType"),
    ],
)
def test_validity_that_nobody_documents_is_unknown(number: object, unit: object, field: str) -> None:
    assert unknown(judge("approval.validity", order(deadlineDate=number, deadlineType=unit), {"max": 10**6})) == [field]


# reason


@pytest.mark.parametrize(
    ("reason", "length"),
    [
        ("monthly", 7),
        ("  monthly\n", 7),
        ("月度报表", 4),
        ("a b", 3),
        ("月\u3000报", 3),
        ("", 0),
        (" \t\u3000", 0),
        ("\u200b\u200b\u2060\ufeff", 0),
        ("\u200b monthly \u200b", 7),
        ("\u3164" * 12, 0),
        ("\u2800" * 12, 0),
        ("\ufe0f" * 12, 0),
        (None, 0),
        (42, 2),
        ("x" * 100_000, 100_000),
    ],
)
def test_a_reason_has_as_many_characters_as_one_can_see(reason: object, length: int) -> None:
    data = order(applyReason=reason)
    assert hits("approval.reason", data, {"min": length + 1}) == [{"length": f"{length}", "min": f"{length + 1:,}"}]
    if length:
        assert hits("approval.reason", data, {"min": length}) == []


def test_without_settings_there_has_to_be_a_reason() -> None:
    assert hits("approval.reason", order(applyReason="x"), {}) == []
    assert hits("approval.reason", order(deadlineDate=1), {}) == [{"length": "0", "min": "1"}]


@pytest.mark.parametrize(
    ("reason", "pattern", "hit"),
    [
        ("DATA-42: report", "DATA-[0-9]+: .*", False),
        (" DATA-42: report ", "DATA-[0-9]+: .*", False),
        ("see DATA-42: report", "DATA-[0-9]+: .*", True),
        ("DATA-42: a\nb", "DATA-[0-9]+: .*", True),
        ("DATA-42: a\nb", "(?s)DATA-[0-9]+: .*", False),
        ("数据-1", r"\p{Han}+-\d", False),
        ("a" * 50_000 + "!", "(a+)+", True),
    ],
)
def test_the_whole_reason_must_match(reason: str, pattern: str, hit: bool) -> None:
    assert hits("approval.reason", order(applyReason=reason), {"pattern": pattern}) == [{"pattern": pattern}] * hit


def test_a_reason_that_is_too_short_is_one_finding() -> None:
    assert hits("approval.reason", order(applyReason="x"), {"min": 5, "pattern": "[0-9]+"}) == [
        {"length": "1", "min": "5"}
    ]


def test_without_a_minimum_the_pattern_decides_about_no_reason() -> None:
    assert hits("approval.reason", order(deadlineDate=1), {"min": 0, "pattern": ".*"}) == []
    assert hits("approval.reason", order(deadlineDate=1), {"min": 0, "pattern": ".+"}) == [{"pattern": ".+"}]


@pytest.mark.parametrize("reason", [["x"], {"a": 1}, True, 1.5])
def test_a_reason_that_cannot_be_read_is_unknown(reason: object) -> None:
    assert unknown(judge("approval.reason", order(applyReason=reason), {})) == ["order.applyReason"]


def test_a_reason_that_every_request_has_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^expected a min of at least 1, or a pattern: every reason has 0 characters$"
    ):
        given("approval.reason", {"min": 0})


# grantees


@pytest.mark.parametrize(
    ("ids", "count"),
    [(["1"], 1), (["1", "2"], 2), (["1", 1, " 1 "], 1), (["a", "A"], 1), (list(range(500)), 500)],
)
def test_each_user_counts_once(ids: list[object], count: int) -> None:
    data = order(granteeObjectList=[{"granteeId": each} for each in ids])
    assert hits("approval.grantees", data, {"max": count}) == []
    assert hits("approval.grantees", data, {"max": count - 1}) == [{"count": str(count), "max": str(count - 1)}]


def test_a_user_without_id_does_not_pass_and_does_not_hide_a_hit() -> None:
    data = order(granteeObjectList=[{"granteeId": "1"}, {"name": "x"}, {"granteeId": "2"}, {}])
    assert unknown(judge("approval.grantees", data, {"max": 2})) == ["order.granteeObjectList[1].granteeId"]
    assert hits("approval.grantees", data, {"max": 1}) == [{"count": "2", "max": "1"}]


@pytest.mark.parametrize("grantees", [None, [], 7, {"granteeId": 1}, ["1"], "x"])
def test_users_who_are_not_told_are_unknown(grantees: object) -> None:
    data = order(granteeObjectList=grantees)
    assert unknown(judge("approval.grantees", data, {"max": 10})) == ["order.granteeObjectList"]


# tables


@pytest.mark.parametrize(
    ("settings", "tables"),
    [
        ({"deny": ["odps.hr.*"]}, ["odps.hr.a", "odps.HR.b"]),
        ({"allow": ["odps.shop.*"]}, ["odps.hr.a", "odps.HR.b", "odps.x.hr"]),
        ({"allow": ["odps.*"]}, []),
        ({"deny": ["*.b"]}, ["odps.HR.b"]),
        ({"deny": ["odps.shop.orders"]}, ["odps.shop.orders"]),
    ],
)
def test_tables_are_compared_with_their_project(settings: Data, tables: list[str]) -> None:
    names = [("odps.shop", "orders"), ("odps.hr", "a"), ("odps.HR", "b"), ("odps.hr", "a"), ("odps.x", "hr")]
    data = asked(*({"projectGuid": project, "name": name} for project, name in names))
    expected = [{"tables": ", ".join(tables), "count": str(len(tables))}] if tables else []
    assert hits("approval.tables", data, settings) == expected


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ({"name": "a"}, "projectGuid"),
        ({"projectGuid": "odps.x"}, "name"),
        ({"projectGuid": ["odps.x"], "name": "a"}, "projectGuid"),
        ({}, "projectGuid"),
    ],
)
def test_half_a_table_does_not_pass_and_does_not_hide_a_hit(table: Data, field: str) -> None:
    path = f"order.projectMeta.objectMetaList[0].{field}"
    assert unknown(judge("approval.tables", asked(table, {}), {"allow": ["*"]})) == [path]
    both = asked(table, {"projectGuid": "odps.hr", "name": "a"})
    assert hits("approval.tables", both, {"deny": ["odps.hr.*"]}) == [{"tables": "odps.hr.a", "count": "1"}]


@pytest.mark.parametrize("project", ["odps.hr", " odps.hr ", "odps . hr"])
def test_a_guid_is_compared_without_blanks(project: str) -> None:
    data = asked({"projectGuid": project, "name": " a "})
    assert hits("approval.tables", data, {"deny": ["odps.hr.a"]}) == [{"tables": "odps.hr.a", "count": "1"}]


@pytest.mark.parametrize("project", ["hr", "odps.", ".hr", "."])
def test_a_project_without_its_engine_or_name_cannot_be_compared(project: str) -> None:
    data = asked({"projectGuid": project, "name": "a"})
    assert unknown(judge("approval.tables", data, {"deny": ["*.hr.*"]})) == ["projectGuid"]


@pytest.mark.no_cover
def test_as_many_tables_as_are_read_make_one_short_finding_in_passing() -> None:
    data = asked(
        *(
            {"projectGuid": "odps.hr", "name": f"t{number}", "action": ["Drop"]}
            for number in range(events.MAX_PARTS - 10)
        )
    )
    start = time.process_time()
    (found,) = hits("approval.tables", data, {"deny": ["odps.hr.*"]})
    assert found == {"tables": "odps.hr.t0, odps.hr.t1, odps.hr.t2", "count": "19990"}
    assert time.process_time() - start < 10


def test_a_bare_table_name_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^expected GUIDs such as odps.project.table or \*.table, found 'orders' in it$"
    ):
        given("approval.tables", {"deny": ["orders"]})
