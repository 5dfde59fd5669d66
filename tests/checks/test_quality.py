"""Checks on data quality: rules, monitor tasks and who is told, in each of the forms that events have for them."""

import time
from typing import Any

import pytest

from extension import events
from extension.checks.quality import Level
from extension.checks.registry import BY_ID
from tests.cases import given, hits, judge, judge_one, sample, unknown

Data = dict[str, Any]

MAKE = "batch-create-data-quality-rules"
UPDATE = "update-data-quality-rule"
UPDATES = "batch-update-data-quality-rules"
DELETE = "batch-delete-data-quality-rules"
DELETE_TASKS = "batch-delete-data-quality-evaluation-tasks"
NEW_TASK = "create-data-quality-evaluation-task"
TASK = "update-data-quality-evaluation-task"
CLONE = "clone-data-quality-evaluation-task"
SUBSCRIBE = "create-data-quality-evaluation-task-notification"
RESUBSCRIBE = "update-data-quality-evaluation-task-notification"
UNSUBSCRIBE = "delete-data-quality-evaluation-task-notification"
LISTS = [MAKE, UPDATES, NEW_TASK, TASK]
"""Events with a list of rules."""


def said(check: str, code: str, data: Data, settings: Data) -> dict[str, str]:
    """Values of the one hit of a check on one event, empty where it passes; fails on a finding that is no hit."""
    findings = judge_one(check, code, data, settings)
    assert all(finding.judged for finding in findings)
    assert len(findings) <= 1
    return {name: str(value) for finding in findings for name, value in finding.values.items()}


def missing(check: str, code: str, data: Data, settings: Data) -> list[object]:
    """Fields that a check misses in one event."""
    return unknown(judge_one(check, code, data, settings))


@pytest.mark.parametrize(
    ("check", "settings", "passing", "hit"),
    [
        ("quality.severity", {"min": "High"}, [MAKE, UPDATE, NEW_TASK, TASK], []),
        ("quality.thresholds", {}, [MAKE, UPDATE, NEW_TASK, TASK], []),
        ("quality.deletions", {"max": 3}, [DELETE, DELETE_TASKS], []),
        ("quality.deletions", {"max": 2}, [DELETE_TASKS], [DELETE]),
        ("quality.protected", {"rules": [100001]}, [DELETE_TASKS, RESUBSCRIBE, SUBSCRIBE, TASK], [DELETE, UPDATE]),
        ("quality.protected", {"rules": [100002]}, [UPDATE], [DELETE, TASK]),
        ("quality.protected", {"tasks": [10001]}, [DELETE, UPDATE, TASK], [DELETE_TASKS, RESUBSCRIBE, SUBSCRIBE]),
        ("quality.protected", {"tables": ["an-emr-*"]}, [DELETE, DELETE_TASKS, UPDATE, SUBSCRIBE], [TASK]),
        ("quality.receivers", {"deny": ["1107550004253538"]}, [], [SUBSCRIBE, RESUBSCRIBE, NEW_TASK, TASK]),
        ("quality.receivers", {"allow": ["1107550004253538"]}, [SUBSCRIBE, RESUBSCRIBE], [NEW_TASK, TASK]),
        ("quality.receivers", {"allow": ["1*", "https://notify.example.com/*"]}, [SUBSCRIBE, NEW_TASK, TASK], []),
        ("quality.target", {"deny": ["an-emr-table-guid"]}, [MAKE], [NEW_TASK, TASK, CLONE]),
        ("quality.target", {"allow": ["odps.project_demo.*"]}, [MAKE], [NEW_TASK, TASK, CLONE]),
    ],
)
def test_the_documented_samples(check: str, settings: Data, passing: list[str], hit: list[str]) -> None:
    for code in passing:
        assert said(check, code, sample(code), settings) == {}, code
    for code in hit:
        assert said(check, code, sample(code), settings), code


def test_every_event_of_data_quality_that_waits_has_a_check() -> None:
    events = {code for check in BY_ID.values() if check.id.startswith("quality.") for code in check.events}
    assert events == {*LISTS, UPDATE, DELETE, DELETE_TASKS, CLONE, SUBSCRIBE, RESUBSCRIBE, UNSUBSCRIBE}


class TestProtected:
    """What is protected, and which of the three lists protects it in which event."""

    @pytest.mark.parametrize(
        ("code", "data", "settings", "protected"),
        [
            (UPDATE, {"id": 7}, {"rules": [7]}, "7"),
            (UPDATE, {"id": "7"}, {"rules": ["7"]}, "7"),
            (UPDATE, {"id": 7}, {"rules": [70]}, ""),
            (UPDATE, {"id": 7}, {"tasks": [7], "tables": ["7"]}, ""),
            (UPDATE, {"id": 7, "ids": [8], "rules": [{"id": 8}]}, {"rules": [8]}, ""),
            (UPDATES, {"id": 7}, {"rules": [7]}, "7"),
            (UPDATES, {"ids": [6, 7]}, {"rules": [7]}, "7"),
            (UPDATES, {"rules": [{"id": 6}, {"id": 7}]}, {"rules": [7]}, "7"),
            (UPDATES, {"id": 7, "ids": [6]}, {"rules": [7]}, "7"),
            (UPDATES, {"id": 5, "ids": [6], "rules": [{"id": 7}]}, {"rules": [5, 6, 7]}, "5, 6, 7"),
            (UPDATES, {"id": 5, "ids": [6], "rules": [{"id": 7}]}, {"rules": [8]}, ""),
            (UPDATES, {"ids": []}, {"rules": ["*"]}, ""),
            (DELETE, {"ids": [6, 7]}, {"rules": [7]}, "7"),
            (DELETE, {"ids": "[6, 7]"}, {"rules": [7]}, "7"),
            (DELETE, {"ids": [6, 7]}, {"tasks": [7]}, ""),
            (DELETE, {"ids": []}, {"rules": ["*"]}, ""),
            (DELETE_TASKS, {"ids": [6, 7]}, {"tasks": [7]}, "7"),
            (DELETE_TASKS, {"ids": [6, 7]}, {"rules": [7], "tables": ["*"]}, ""),
            (SUBSCRIBE, {"dataQualityEvaluationTaskId": 7}, {"tasks": [7]}, "7"),
            (RESUBSCRIBE, {"dataQualityEvaluationTaskId": 7}, {"tasks": ["7*"]}, "7"),
            (UNSUBSCRIBE, {"dataQualityEvaluationTaskId": 7}, {"tasks": [7]}, "7"),
            (UNSUBSCRIBE, {"dataQualityEvaluationTaskId": 7}, {"tasks": [8]}, ""),
            (UNSUBSCRIBE, {"dataQualityEvaluationTaskId": 7}, {"rules": [7]}, ""),
            (TASK, {"rules": [{"id": 7}, {"name": "new"}]}, {"rules": [7]}, "7"),
            (TASK, {"rules": [{"id": 6}, {"name": "new"}]}, {"rules": [7]}, ""),
            (TASK, {"rules": []}, {"rules": ["*"]}, ""),
            (TASK, {"target": {"tableGuid": "odps.a.B"}}, {"tables": ["odps.A.*"]}, "odps.a.B"),
            (TASK, {"target": {"tableGuid": "odps.a.b"}}, {"tables": ["odps.b.*"]}, ""),
            (TASK, {"rules": [{"id": 7}], "target": {"tableGuid": "t"}}, {"rules": [7], "tables": ["t"]}, "7, t"),
            (TASK, {}, {"tasks": ["*"]}, ""),
        ],
    )
    def test_what_is_listed_is_neither_changed_nor_deleted(
        self, code: str, data: Data, settings: Data, protected: str
    ) -> None:
        count = str(protected.count(",") + 1)
        expected = {"protected": protected, "count": count} if protected else {}
        assert said("quality.protected", code, data, settings) == expected

    @pytest.mark.parametrize(
        ("code", "data", "settings", "field"),
        [
            (UPDATE, {}, {"rules": [7]}, "id"),
            (UPDATE, {"id": "x"}, {"rules": [7]}, "id"),
            (UPDATE, {"ids": [7]}, {"rules": [7]}, "id"),
            (UPDATES, {}, {"rules": [7]}, "id"),
            (UPDATES, {"ids": ["x"]}, {"rules": [7]}, "ids"),
            (UPDATES, {"id": 6, "rules": [{"name": "x"}]}, {"rules": [7]}, "rules[0].id"),
            (UPDATES, {"rules": 7}, {"rules": [7]}, "rules"),
            (DELETE, {"ids": [[7]]}, {"rules": [7]}, "ids"),
            (DELETE, {"ids": [-7]}, {"rules": ["*"]}, "ids"),
            (DELETE_TASKS, {"rules": [7]}, {"tasks": [7]}, "ids"),
            (SUBSCRIBE, {"id": 7}, {"tasks": [7]}, "dataQualityEvaluationTaskId"),
            (RESUBSCRIBE, {}, {"tasks": [7]}, "dataQualityEvaluationTaskId"),
            (UNSUBSCRIBE, {}, {"tasks": [7]}, "dataQualityEvaluationTaskId"),
            (TASK, {}, {"rules": [7], "tables": ["t"]}, "rules"),
            (TASK, {"rules": [{"id": "x"}]}, {"rules": [7]}, "rules[0].id"),
            (TASK, {"rules": []}, {"rules": [7], "tables": ["t"]}, "target"),
            (TASK, {"target": {}}, {"tables": ["t"]}, "target.tableGuid"),
        ],
    )
    def test_what_is_not_told_does_not_pass(self, code: str, data: Data, settings: Data, field: str) -> None:
        assert missing("quality.protected", code, data, settings) == [field]

    def test_what_is_not_told_does_not_hide_a_hit(self) -> None:
        settings = {"rules": [7], "tables": ["t"]}
        assert said("quality.protected", TASK, {"target": {"tableGuid": "t"}}, settings)["protected"] == "t"
        assert said("quality.protected", TASK, {"rules": [{"id": "x"}, {"id": 7}]}, settings)["protected"] == "7"
        assert said("quality.protected", UPDATES, {"ids": ["x"], "rules": [{"id": 7}]}, settings)["protected"] == "7"

    def test_events_that_are_not_judged(self) -> None:
        assert not {MAKE, NEW_TASK, CLONE} & BY_ID["quality.protected"].events

    @pytest.mark.no_cover
    def test_a_hundred_thousand_rules_make_one_short_finding_in_passing(self) -> None:
        start = time.process_time()
        found = said("quality.protected", DELETE, {"ids": list(range(100_000))}, {"rules": ["1*", "2*", 3]})
        assert found == {"protected": "1, 2, 3", "count": "22223"}
        assert time.process_time() - start < 10

    def test_settings_that_never_hit_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"^expected rules, tasks, tables or several of them, found none$"):
            given("quality.protected", {})

    @pytest.mark.parametrize("key", ["rules", "tasks"])
    def test_a_name_is_refused(self, key: str) -> None:
        with pytest.raises(ValueError, match=r"^expected ids \(digits\), found 'row count' in it$"):
            given("quality.protected", {key: ["row count"]})


HIGH: Data = {"min": "High"}


class TestSeverity:
    """How strong a rule has to be that is made or changed."""

    @pytest.mark.parametrize(
        ("severity", "hit"), [("High", False), ("high", False), (" HIGH ", False), ("Normal", True), ("normal", True)]
    )
    def test_a_rule_below_the_least_severity_hits(self, severity: str, hit: bool) -> None:
        data = {"name": "a", "severity": severity, "rules": [{"name": "a", "severity": severity}]}
        assert hits("quality.severity", data, HIGH) == [{"rules": "a", "count": "1", "min": "High"}] * hit

    @pytest.mark.parametrize("code", LISTS)
    def test_rules_are_named_three_at_most(self, code: str) -> None:
        rules = [{"name": name, "severity": "High" if name == "c" else "Normal"} for name in "abcdef"]
        found = said("quality.severity", code, {"rules": rules}, HIGH)
        assert found == {"rules": "a, b, d", "count": "5", "min": "High"}

    @pytest.mark.parametrize("code", LISTS)
    def test_a_rule_without_name_is_named_by_its_id(self, code: str) -> None:
        rules = [{"id": 1234567, "severity": "Normal"}, {"severity": "Normal"}]
        assert said("quality.severity", code, {"rules": rules}, HIGH)["rules"] == "1234567, ?"

    @pytest.mark.parametrize("code", [NEW_TASK, TASK])
    def test_a_rule_that_exists_comes_into_a_task_without_severity(self, code: str) -> None:
        assert said("quality.severity", code, {"rules": [{"id": 7, "name": "a"}]}, HIGH) == {}
        assert said("quality.severity", code, {"rules": [{"id": 7, "severity": "Normal"}]}, HIGH)["rules"] == "7"
        assert missing("quality.severity", code, {"rules": [{"id": 7, "severity": 1.5}]}, HIGH) == ["rules[0].severity"]
        assert missing("quality.severity", code, {"rules": [{"name": "a"}]}, HIGH) == ["rules[0].severity"]

    @pytest.mark.parametrize("code", [MAKE, UPDATES])
    def test_outside_a_task_no_rule_comes_without_severity(self, code: str) -> None:
        assert missing("quality.severity", code, {"rules": [{"id": 7}]}, HIGH) == ["rules[0].severity"]

    @pytest.mark.parametrize("word", ["Strong", "1", "高", "High!", "HighNormal"])
    @pytest.mark.parametrize("code", LISTS)
    def test_another_word_is_unreadable(self, code: str, word: str) -> None:
        rules = [{"severity": "High"}, {"severity": word}, {"severity": word}]
        assert missing("quality.severity", code, {"rules": rules}, HIGH) == ["rules[1].severity"]
        assert missing("quality.severity", UPDATE, {"severity": word}, HIGH) == ["severity"]

    @pytest.mark.parametrize("code", LISTS)
    def test_what_is_not_told_does_not_hide_a_hit(self, code: str) -> None:
        rules: list[Data] = [{}, {"severity": "?"}, {"name": "a", "severity": "Normal"}]
        assert said("quality.severity", code, {"rules": rules}, HIGH) == {"rules": "a", "count": "1", "min": "High"}

    @pytest.mark.parametrize("code", [MAKE, NEW_TASK, TASK])
    def test_no_list_is_unknown_and_an_empty_one_passes(self, code: str) -> None:
        assert missing("quality.severity", code, {"severity": "High"}, HIGH) == ["rules"]
        assert missing("quality.severity", code, {"rules": ["x"]}, HIGH) == ["rules"]
        assert said("quality.severity", code, {"rules": []}, HIGH) == {}

    def test_an_update_in_bulk_is_judged_by_its_list_else_as_one(self) -> None:
        one = {"name": "a", "severity": "Normal"}
        assert said("quality.severity", UPDATES, one, HIGH)["rules"] == "a"
        assert said("quality.severity", UPDATES, {**one, "ids": [1, 2]}, HIGH)["rules"] == "a"
        assert said("quality.severity", UPDATES, {**one, "rules": [{"severity": "High"}]}, HIGH) == {}
        assert missing("quality.severity", UPDATES, {**one, "rules": 7}, HIGH) == ["rules"]
        assert missing("quality.severity", UPDATES, {}, HIGH) == ["severity"]
        assert said("quality.severity", UPDATE, {**one, "rules": []}, HIGH)["rules"] == "a"

    def test_the_schema_takes_what_the_check_takes(self) -> None:
        assert Level.schema() == {"type": "string", "enum": [Level.read("High")]}

    @pytest.mark.parametrize(
        ("value", "problem"),
        [
            ("Normal", r"^expected High, found 'Normal', which every rule has at least$"),
            ("high", r"^expected High, found 'high'$"),
            ("Critical", r"^expected High, found 'Critical'$"),
            (1, r"^expected High, found 1$"),
            (["High"], r"^expected High, found a list$"),
        ],
    )
    def test_another_least_severity_is_refused(self, value: object, problem: str) -> None:
        with pytest.raises(ValueError, match=problem):
            given("quality.severity", {"min": value})


def rule(*, kind: object = "fixed", expected: object = "$v > 0", critical: object = "$v <= 0") -> Data:
    """A rule with thresholds; None leaves one out."""
    thresholds = {"expected": {"expression": expected}, "critical": {"expression": critical}}
    return {"name": "a", "checkingConfig": {"type": kind, "thresholds": thresholds}}


def both(one: Data) -> Data:
    """A rule as the payload itself and as the only one of a list."""
    return {**one, "rules": [one]}


class TestThresholds:
    """Which rules need thresholds, and what is none."""

    @pytest.mark.parametrize(
        ("one", "hit"),
        [
            (rule(), False),
            (rule(kind=None), False),
            (rule(kind="Variance"), False),
            (rule(expected=None), True),
            (rule(critical=None), True),
            (rule(expected=" "), True),
            (rule(critical=""), True),
            (rule(expected=None, critical=[1]), True),
            (rule(expected=None, critical=None), True),
            (rule(kind="FluctuationDiscrete", critical=None), True),
            (rule(kind="Auto", critical=None), False),
            (rule(kind=" AUTO ", expected=None, critical=None), False),
            (rule(kind="auto", critical=[1]), False),
            (rule(kind="Automatic", critical=None), True),
            ({"name": "a", "checkingConfig": {"type": "fixed"}}, True),
            ({"name": "a", "checkingConfig": {"type": "auto"}}, False),
            ({"name": "a", "checkingConfig": {"type": "fixed", "thresholds": {}}}, True),
            ({"name": "a", "checkingConfig": {"type": "fixed", "thresholds": {"expected": {}, "critical": {}}}}, True),
        ],
    )
    def test_a_rule_has_both_thresholds_or_finds_them_itself(self, one: Data, hit: bool) -> None:
        assert hits("quality.thresholds", both(one), {}) == [{"rules": "a", "count": "1"}] * hit

    @pytest.mark.parametrize(
        ("one", "field"),
        [
            ({"name": "a"}, "checkingConfig"),
            ({"name": "a", "checkingConfig": 7}, "checkingConfig"),
            ({"name": "a", "checkingConfig": {}}, "checkingConfig.type"),
            (rule(kind=None, critical=None), "checkingConfig.type"),
            (rule(kind=[1], critical=None), "checkingConfig.type"),
            (rule(expected=[1]), "checkingConfig.thresholds.expected.expression"),
            (rule(critical={"a": 1}), "checkingConfig.thresholds.critical.expression"),
            ({"name": "a", "checkingConfig": {"type": "fixed", "thresholds": 7}}, "checkingConfig.thresholds"),
            (
                {"name": "a", "checkingConfig": {"type": "fixed", "thresholds": {"expected": [], "critical": []}}},
                "checkingConfig.thresholds.expected",
            ),
        ],
    )
    def test_what_cannot_be_read_does_not_pass(self, one: Data, field: str) -> None:
        assert missing("quality.thresholds", UPDATE, one, {}) == [field]
        for code in LISTS:
            assert missing("quality.thresholds", code, {"rules": [rule(), one, one]}, {}) == [f"rules[1].{field}"]
            mixed = {"rules": [one, {**rule(critical=None), "name": "b"}]}
            assert said("quality.thresholds", code, mixed, {}) == {"rules": "b", "count": "1"}

    @pytest.mark.parametrize("code", [NEW_TASK, TASK])
    def test_a_rule_that_exists_is_judged_in_a_task_too(self, code: str) -> None:
        one = {"id": 7, "checkingConfig": {"type": "fixed"}}
        assert said("quality.thresholds", code, {"rules": [one]}, {}) == {"rules": "7", "count": "1"}

    def test_the_expression_is_not_shown(self) -> None:
        (finding,) = judge_one("quality.thresholds", UPDATE, rule(critical=None, expected="select secret"), {})
        assert "secret" not in str(finding.values)


class TestDeletions:
    """How many rules or tasks go at once."""

    @pytest.mark.parametrize(("ids", "count"), [([], 0), ([1], 1), ([1, 2, 3], 3), ([1, 1, "1"], 1), ([10**30], 1)])
    def test_deletions_up_to_the_maximum_pass(self, ids: list[object], count: int) -> None:
        assert hits("quality.deletions", {"ids": ids}, {"max": count}) == []
        if count:
            assert hits("quality.deletions", {"ids": ids}, {"max": count - 1}) == [
                {"count": str(count), "max": str(count - 1)}
            ]

    @pytest.mark.no_cover
    def test_a_hundred_thousand(self) -> None:
        found = hits("quality.deletions", {"ids": list(range(100_000))}, {"max": 99_999})
        assert found == [{"count": "100000", "max": "99,999"}]

    @pytest.mark.parametrize("ids", [None, 7, "x", [None], ["x"], {"1": 1}])
    def test_deletions_that_are_not_told_are_unknown(self, ids: object) -> None:
        assert unknown(judge("quality.deletions", {"ids": ids}, {"max": 9})) == ["ids"]


def told(*receivers: object) -> Data:
    """The data of a task that tells somebody, in two notifications."""
    first, *rest = receivers
    lists = [[{"receiverValues": [first]}], [{"receiverValues": rest}]]
    return {"notifications": {"notifications": [{"notificaionReceivers": one} for one in lists]}}


_VALUES = ".notifications[0].notificaionReceivers[0].receiverValues"
ROBOT = "https://oapi.dingtalk.com/robot/send?access_token=s3cret"


class TestReceivers:
    """Who may be told."""

    @pytest.mark.parametrize(
        ("receiver", "settings", "hit"),
        [
            ("1107", {"allow": ["1107"]}, False),
            (1107, {"allow": [1107]}, False),
            ("1108", {"allow": ["1107"]}, True),
            ("li@example.com", {"allow": ["*@example.com"]}, False),
            ("li@example.com.evil.net", {"allow": ["*@example.com"]}, True),
            ("LI@Example.com", {"deny": ["li@*"]}, True),
            ("1107", {"allow": ["*"], "deny": ["1107"]}, True),
            ("1107", {"deny": ["110"]}, False),
        ],
    )
    def test_a_receiver_is_allowed_or_denied(self, receiver: object, settings: Data, hit: bool) -> None:
        data = {"receiverValue": receiver, "updatedReceiverValue": receiver, **told(receiver)}
        assert hits("quality.receivers", data, settings) == [{"receivers": str(receiver), "count": "1"}] * hit

    def test_who_was_told_until_now_is_not_judged(self) -> None:
        data = {"currentReceiverValue": "8", "updatedReceiverValue": "9"}
        assert said("quality.receivers", RESUBSCRIBE, data, {"deny": ["8"]}) == {}

    @pytest.mark.parametrize("code", [NEW_TASK, TASK])
    def test_all_receivers_have_to_be_allowed(self, code: str) -> None:
        data = told("1", "2", "3", "4", "2", "5")
        found = said("quality.receivers", code, data, {"allow": ["3"]})
        assert found == {"receivers": "1, 2, 4", "count": "4"}
        assert said("quality.receivers", code, data, {"allow": ["?"]}) == {}

    @pytest.mark.parametrize(
        ("receiver", "shown"),
        [
            (ROBOT, "https://oapi.dingtalk.com/..."),
            ("https://open.feishu.cn/open-apis/bot/v2/hook/s3cret", "https://open.feishu.cn/..."),
            ("https://li:s3cret@example.com:8443/a", "https://example.com:8443/..."),
            ("https://example.com?key=s3cret", "https://example.com/..."),
            ("https://example.com?key=s3cret/https://s3cret", "https://example.com/..."),
            ("https://example.com#s3cret", "https://example.com/..."),
            ("oapi.dingtalk.com/robot/send?access_token=s3cret", "oapi.dingtalk.com/..."),
            ("example.com?key=s3cret", "example.com/..."),
            ("li:s3cret@example.com/s3cret", "example.com/..."),
            ("https:/s3cret", "https:/..."),
            ("//s3cret", "/..."),
        ],
    )
    def test_what_is_secret_in_an_address_is_not_shown(self, receiver: str, shown: str) -> None:
        data = {"receiverValue": receiver, "updatedReceiverValue": receiver, **told(receiver)}
        assert hits("quality.receivers", data, {"allow": ["1"]}) == [{"receivers": shown, "count": "1"}]

    def test_an_address_is_compared_as_a_whole(self) -> None:
        data = {"receiverValue": ROBOT, "updatedReceiverValue": ROBOT, **told(ROBOT)}
        assert hits("quality.receivers", data, {"allow": ["https://oapi.dingtalk.com/robot/*"]}) == []
        assert len(hits("quality.receivers", data, {"deny": ["*s3cret"]})) == 1

    @pytest.mark.parametrize("code", [NEW_TASK, TASK])
    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"notifications": None},
            {"notifications": {"notifications": []}},
            {"notifications": {"notifications": [{"notificaionReceivers": []}]}},
            {"notifications": {"notifications": [{"notificaionReceivers": [{"receiverValues": []}]}]}},
        ],
    )
    def test_a_task_that_tells_nobody_passes(self, code: str, data: Data) -> None:
        assert said("quality.receivers", code, data, {"allow": ["1"]}) == {}

    @pytest.mark.parametrize("code", [NEW_TASK, TASK])
    @pytest.mark.parametrize(
        ("notifications", "field"),
        [
            (7, ""),
            ([], ""),
            ({"condition": "x"}, ".notifications"),
            ({"notifications": 7}, ".notifications"),
            ({"notifications": [{"notificationReceivers": []}]}, ".notifications[0].notificaionReceivers"),
            (
                {"notifications": [{"notificaionReceivers": [{}]}]},
                _VALUES,
            ),
            ({"notifications": [{"notificaionReceivers": [{"receiverValues": [[1]]}, {}]}]}, _VALUES),
        ],
    )
    def test_receivers_that_cannot_be_read_do_not_pass(self, code: str, notifications: object, field: str) -> None:
        found = missing("quality.receivers", code, {"notifications": notifications}, {"allow": ["*"]})
        assert found == [f"notifications{field}"]

    def test_receivers_that_cannot_be_read_do_not_hide_a_hit(self) -> None:
        data = told("8")
        data["notifications"]["notifications"].insert(0, {})
        assert said("quality.receivers", TASK, data, {"deny": ["8"]})["receivers"] == "8"

    @pytest.mark.parametrize(("code", "field"), [(SUBSCRIBE, "receiverValue"), (RESUBSCRIBE, "updatedReceiverValue")])
    def test_a_subscription_tells_somebody(self, code: str, field: str) -> None:
        for value in (None, "", ["1"], {"a": 1}):
            assert missing("quality.receivers", code, {field: value}, {"allow": ["*"]}) == [field]


class TestTarget:
    """Which tables may be watched."""

    @pytest.mark.parametrize(
        ("guid", "settings", "hit"),
        [
            ("odps.shop.orders", {"allow": ["odps.shop.*"]}, False),
            ("odps.hr.a", {"allow": ["odps.shop.*"]}, True),
            ("ODPS.hr.a", {"deny": ["odps.HR.*"]}, True),
            ("an-emr-table-guid", {"allow": ["an-emr-table-guid"]}, False),
            ("an-emr-table-guid", {"deny": ["an-emr-*"]}, True),
            ("odps.hr.a", {"allow": ["*"], "deny": ["*.a"]}, True),
        ],
    )
    def test_a_table_is_allowed_or_denied(self, guid: str, settings: Data, hit: bool) -> None:
        data = {"target": {"tableGuid": guid}, "targets": [{"tableGuid": guid}]}
        assert hits("quality.target", data, settings) == [{"tables": guid, "count": "1"}] * hit

    def test_every_table_that_a_task_is_copied_to_is_judged(self) -> None:
        data = {"targets": [{"tableGuid": guid} for guid in ("a", "b", "c", "b", "d", "e")]}
        assert said("quality.target", CLONE, data, {"allow": ["b"]}) == {"tables": "a, c, d", "count": "4"}
        assert said("quality.target", CLONE, {"targets": []}, {"allow": ["b"]}) == {}

    def test_what_is_not_told_does_not_pass_and_does_not_hide_a_hit(self) -> None:
        data = {"targets": [{}, {"tableGuid": [1]}, {"tableGuid": "a"}]}
        assert missing("quality.target", CLONE, data, {"deny": ["b"]}) == ["targets[0].tableGuid"]
        assert said("quality.target", CLONE, data, {"deny": ["a"]}) == {"tables": "a", "count": "1"}
        for code in (MAKE, NEW_TASK, TASK):
            assert missing("quality.target", code, {"target": {}}, {"allow": ["*"]}) == ["target.tableGuid"]
            assert missing("quality.target", code, {"target": "odps.a.b"}, {"allow": ["*"]}) == ["target"]

    @pytest.mark.no_cover
    def test_as_many_copies_as_are_read_make_one_short_finding_in_passing(self) -> None:
        start = time.process_time()
        data = {"targets": [{"tableGuid": f"odps.a.t{number}"} for number in range(events.MAX_PARTS - 10)]}
        found = said("quality.target", CLONE, data, {"deny": ["odps.a.*"]})
        assert found == {"tables": "odps.a.t0, odps.a.t1, odps.a.t2", "count": "19990"}
        assert time.process_time() - start < 10


@pytest.mark.parametrize("check", ["quality.receivers", "quality.target"])
def test_lists_that_never_hit_are_refused(check: str) -> None:
    with pytest.raises(ValueError, match=r"^expected allow, deny or both, found neither$"):
        given(check, {})
