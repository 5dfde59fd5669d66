"""Checks on nodes and instances: each passes, hits, sits on its limit, and says what it does not know."""

import time
from typing import Any

import msgspec
import pytest

from extension.checks import Need
from extension.checks.registry import BY_ID
from extension.events import Missing
from tests.cases import event, given, hits, judge, judge_one, sample, unknown

Data = dict[str, Any]

NODE_EVENTS = ["freeze-node", "unfreeze-node", "undeploy-node"]
INSTANCE_EVENTS = [
    *("pre-freeze-instance", "pre-unfreeze-instance", "pre-rerun-instance"),
    *("pre-set-instance-success", "pre-kill-instance"),
]


def on(*ids: object) -> Data:
    """An operation on nodes, as each event of `node.protected` says it."""
    return {"nodeIds": ids, "rootNodeId": ids[0], "includeNodeIds": ids}


def instances(*described: Data) -> Data:
    """An operation on instances 1, 2, 3, ..., with what the platform knows of each."""
    found = [{"InstanceId": number, **each} for number, each in enumerate(described, start=1)]
    return {"taskIds": list(range(1, len(described) + 1)), "instances": found}


def ids(findings: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Nodes that findings name, and how many there are."""
    return [(finding["nodes"], finding["count"]) for finding in findings]


class TestProtectedNodes:
    """Nodes by their ids, in operations and in backfills."""

    @pytest.mark.parametrize(
        ("nodes", "settings", "named"),
        [
            ([1, 2], {"deny": [3]}, None),
            ([1, 2], {"deny": [2]}, "2"),
            ([1, 2], {"allow": [1]}, "2"),
            ([1, 2], {"allow": [1, 2]}, None),
            ([1, 2], {"allow": ["*"], "deny": [1]}, "1"),
            ([1, 2], {"allow": [1], "deny": [1]}, "1, 2"),
            ([12, 2], {"deny": ["1*"]}, "12"),
            ([12, 2], {"deny": ["1"]}, None),
            (["700005421003"], {"deny": [700005421003]}, "700005421003"),
        ],
    )
    def test_lists_of_ids_and_patterns(self, nodes: list[object], settings: Data, named: str | None) -> None:
        expected = [(named, str(named.count(",") + 1))] if named else []
        assert ids(hits("node.protected", on(*nodes), settings)) == expected

    def test_three_are_named_and_all_are_counted_each_once(self) -> None:
        found = hits("node.protected", on(5, 5, 1, 7, 6, 4, 4), {"deny": ["*"]})
        assert ids(found) == [("5, 1, 7", "5")]

    @pytest.mark.parametrize("code", NODE_EVENTS)
    def test_the_nodes_of_the_documented_samples(self, code: str) -> None:
        data = sample(code)
        assert judge_one("node.protected", code, data, {"deny": [4]}) == []
        (finding,) = judge_one("node.protected", code, data, {"deny": [3]})
        assert finding.values == {"nodes": "3", "count": 1}

    def test_the_node_of_the_documented_backfill(self) -> None:
        data = sample("backfill-data")
        assert judge_one("node.protected", "backfill-data", data, {"deny": [1]}) == []
        (finding,) = judge_one("node.protected", "backfill-data", data, {"deny": [700005421003]})
        assert finding.values == {"nodes": "700005421003", "count": 1}

    @pytest.mark.parametrize(
        ("data", "hit"),
        [
            ({"rootNodeId": 9, "includeNodeIds": [1]}, True),
            ({"rootNodeId": 1, "includeNodeIds": [9]}, True),
            ({"rootNodeId": 9, "includeNodeIds": [1], "excludeNodeIds": [9]}, False),
            ({"rootNodeId": 1, "includeNodeIds": [1], "excludeNodeIds": [9]}, False),
            ({"rootNodeId": 1, "includeNodeIds": [9], "excludeNodeIds": [9]}, True),
            ({"rootNodeId": 9, "includeNodeIds": [1], "excludeNodeIds": "no list"}, True),
            ({"rootNodeId": 9}, True),
            ({"includeNodeIds": [9]}, True),
        ],
    )
    def test_a_backfill_is_judged_by_the_nodes_that_run(self, data: Data, hit: bool) -> None:
        found = judge_one("node.protected", "backfill-data", data, {"deny": [9]})
        assert [finding.values for finding in found if finding.judged] == [{"nodes": "9", "count": 1}] * hit
        assert all(finding.judged for finding in found)

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({"rootNodeId": 1}, "includeNodeIds"),
            ({"includeNodeIds": [1]}, "rootNodeId"),
            ({"rootNodeId": 1, "includeNodeIds": []}, "includeNodeIds"),
            ({"rootNodeId": "root", "includeNodeIds": [1]}, "rootNodeId"),
            ({"rootNodeId": 1, "includeNodeIds": [1, "x"]}, "includeNodeIds"),
        ],
    )
    def test_a_backfill_of_which_something_is_not_known_does_not_pass(self, data: Data, field: str) -> None:
        assert unknown(judge_one("node.protected", "backfill-data", data, {"deny": [9]})) == [field]
        assert unknown(judge_one("node.protected", "backfill-data", data, {"allow": ["*"]})) == [field]

    @pytest.mark.parametrize("nodes", [[], ["x"], [None], [-1], "1,2", 7, {}])
    @pytest.mark.parametrize("code", NODE_EVENTS)
    def test_nodes_that_make_no_sense_are_unreadable(self, code: str, nodes: object) -> None:
        (finding,) = judge_one("node.protected", code, {"nodeIds": nodes}, {"deny": [9]})
        assert unknown([finding]) == ["nodeIds"]
        assert "cannot be read" in finding.text.en

    @pytest.mark.parametrize("code", ["freeze-node", "backfill-data"])
    def test_what_cannot_be_read_is_never_named_as_a_node_and_is_one_finding(self, code: str) -> None:
        data = {"nodeIds": "x", "includeNodeIds": "x", "rootNodeId": "x"}
        (finding,) = judge_one("node.protected", code, data, {"deny": ["*"]})
        assert not finding.judged

    def test_ids_alone_can_be_listed(self) -> None:
        with pytest.raises(ValueError, match=r"^expected ids \(digits\), found 'pay_salaries' in it$"):
            given("node.protected", {"deny": ["pay_salaries"]})
        with pytest.raises(ValueError, match=r"^expected allow, deny or both, found neither$"):
            given("node.protected", {})

    @pytest.mark.no_cover
    def test_a_hundred_thousand_nodes_are_judged_in_no_time(self) -> None:
        started = time.process_time()
        found = judge_one("node.protected", "freeze-node", {"nodeIds": list(range(100_000))}, {"deny": ["9*", 5]})
        assert found[0].values == {"nodes": "5, 9, 90", "count": 11_112}
        assert time.process_time() - started < 5


class TestCounts:
    """What `node.count` and `instance.count` have in common."""

    BOTH = pytest.mark.parametrize(
        ("check", "field", "name"),
        [("node.count", "nodeIds", "nodes"), ("instance.count", "taskIds", "instances")],
    )

    @BOTH
    @pytest.mark.parametrize("case", [([1], 1), ([1, 2], 2), ([1, 2, 2, 1, 2], 2), (["1", 1], 1), ([2**63, 2**70], 2)])
    def test_up_to_the_maximum_passes(self, check: str, field: str, name: str, case: tuple[list[object], int]) -> None:
        listed, count = case
        assert hits(check, {field: listed}, {"max": count}) == []
        assert hits(check, {field: listed}, {"max": count - 1}) == [{name: str(count), "max": str(count - 1)}]

    @BOTH
    @pytest.mark.parametrize("listed", [[], ["x"], "many", 3, [1.5]])
    def test_ids_that_make_no_sense_are_unreadable(self, check: str, field: str, name: str, listed: object) -> None:
        for most in (0, 10):
            assert unknown(judge(check, {field: listed}, {"max": most})) == [field], name

    @pytest.mark.no_cover
    @BOTH
    def test_a_hundred_thousand_count(self, check: str, field: str, name: str) -> None:
        assert hits(check, {field: list(range(100_000))}, {"max": 99_999}) == [{name: "100000", "max": "99,999"}]

    def test_the_documented_samples(self) -> None:
        for code in NODE_EVENTS:
            assert judge_one("node.count", code, sample(code), {"max": 3}) == []
            (finding,) = judge_one("node.count", code, sample(code), {"max": 2})
            assert finding.values == {"nodes": 3, "max": 2}
        for code in INSTANCE_EVENTS:
            assert judge_one("instance.count", code, sample(code), {"max": 1}) == []
            (finding,) = judge_one("instance.count", code, sample(code), {"max": 0})
            assert finding.values == {"instances": 1, "max": 0}

    def test_backfills_are_counted_elsewhere(self) -> None:
        assert BY_ID["node.count"].events == set(NODE_EVENTS)
        assert BY_ID["node.protected"].events == {*NODE_EVENTS, "backfill-data"}


PAY = {"NodeId": 8, "NodeName": "pay_salaries"}
ODS = {"NodeId": 7, "NodeName": "ods_orders"}


class TestProtectedInstances:
    """Instances by the nodes that they are of."""

    @pytest.mark.parametrize(
        ("described", "settings", "named"),
        [
            ([ODS], {"nodes": [8]}, []),
            ([ODS, PAY], {"nodes": [8]}, [("pay_salaries (8)", "1")]),
            ([ODS, PAY], {"nodes": ["*"]}, [("ods_orders (7), pay_salaries (8)", "2")]),
            ([ODS, PAY], {"names": ["PAY_*"]}, [("pay_salaries (8)", "1")]),
            ([ODS, PAY], {"nodes": [7], "names": ["pay_*"]}, [("ods_orders (7), pay_salaries (8)", "2")]),
            ([PAY, PAY, PAY], {"nodes": [8], "names": ["x"]}, [("pay_salaries (8)", "1")]),
            ([{"NodeId": 8}], {"nodes": [8], "names": ["x"]}, [("8", "1")]),
            ([{"NodeName": "付薪"}], {"nodes": [8], "names": ["付薪"]}, [("付薪", "1")]),
            ([{"NodeName": "x"}, PAY], {"nodes": [8]}, [("pay_salaries (8)", "1")]),
            ([{"NodeName": "x"}], {"names": ["y"]}, []),
            ([{"NodeId": 1}], {"nodes": [2]}, []),
        ],
    )
    def test_one_of_both_lists_is_enough(self, described: list[Data], settings: Data, named: list[object]) -> None:
        assert ids(hits("instance.protected", instances(*described), settings)) == named

    def test_three_nodes_are_named_and_all_are_counted(self) -> None:
        described = [{"NodeId": number % 5, "NodeName": "n"} for number in range(10)]
        found = hits("instance.protected", instances(*described), {"names": ["n"]})
        assert ids(found) == [("n (0), n (1), n (2)", "5")]

    @pytest.mark.parametrize(
        ("described", "settings", "field"),
        [
            ([ODS, {"NodeName": "x"}], {"nodes": [8]}, "NodeId"),
            ([ODS, {"NodeId": 1}], {"names": ["y"]}, "NodeName"),
            ([{"NodeId": 1}], {"nodes": [8], "names": ["y"]}, "NodeName"),
            ([{"NodeId": "x", "NodeName": "x"}], {"nodes": [8], "names": ["y"]}, "NodeId"),
        ],
    )
    def test_an_instance_whose_node_is_not_known_does_not_pass(
        self, described: list[Data], settings: Data, field: str
    ) -> None:
        assert unknown(judge("instance.protected", instances(*described), settings)) == [field]

    def test_the_name_in_the_message_is_not_enough(self) -> None:
        data = {"extensionBizName": "pay_salaries", **instances(ODS)}
        assert hits("instance.protected", data, {"names": ["pay_salaries"]}) == []

    @pytest.mark.parametrize("code", INSTANCE_EVENTS)
    def test_the_documented_samples_with_an_instance(self, code: str) -> None:
        data = {**sample(code), "instances": [PAY]}
        assert judge_one("instance.protected", code, data, {"nodes": [7]}) == []
        (finding,) = judge_one("instance.protected", code, data, {"nodes": [8]})
        assert finding.values == {"nodes": "pay_salaries (8)", "count": 1}

    def test_settings_that_could_never_hit_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"^expected nodes, names or both, found neither$"):
            given("instance.protected", {})
        with pytest.raises(ValueError, match=r"^expected ids \(digits\), found 'pay_salaries' in it$"):
            given("instance.protected", {"nodes": ["pay_salaries"]})
        with pytest.raises(ValueError, match=r"^expected a list with at least one name in it, found an empty list$"):
            given("instance.protected", {"names": []})


class TestEnvironments:
    """Instances by where they run."""

    @pytest.mark.parametrize(
        ("found_in", "settings", "values"),
        [
            (["DEV"], {"deny": ["PROD"]}, None),
            (["PROD"], {"allow": ["prod", "dev"]}, None),
            (["DEV", "PROD"], {"deny": ["prod"]}, ("PROD", "2", "1")),
            (["DEV", "PROD"], {"allow": ["PROD"]}, ("DEV", "1", "1")),
            (["DEV", "PROD", "DEV"], {"deny": ["*"]}, ("DEV, PROD", "1, 2, 3", "3")),
            (["PROD"] * 5, {"deny": ["PROD"]}, ("PROD", "1, 2, 3", "5")),
        ],
    )
    def test_each_instance_is_judged_by_its_environment(
        self, found_in: list[str], settings: Data, values: tuple[str, str, str] | None
    ) -> None:
        data = instances(*({"ProjectEnv": environment} for environment in found_in))
        names = ("environment", "instances", "count")
        expected = [dict(zip(names, values, strict=True))] if values else []
        assert hits("instance.environment", data, settings) == expected

    def test_an_instance_without_environment_does_not_pass(self) -> None:
        data = instances({"ProjectEnv": "DEV"}, {})
        assert unknown(judge("instance.environment", data, {"deny": ["PROD"]})) == ["ProjectEnv"]
        assert len(hits("instance.environment", data, {"deny": ["DEV"]})) == 1

    def test_an_instance_whose_id_is_not_known_is_a_question_mark(self) -> None:
        data = {"taskIds": [1], "instances": [{"ProjectEnv": "PROD"}]}
        assert hits("instance.environment", data, {"deny": ["PROD"]})[0]["instances"] == "?"

    @pytest.mark.parametrize("code", INSTANCE_EVENTS)
    def test_the_documented_samples_with_an_instance(self, code: str) -> None:
        data = {**sample(code), "instances": [{"InstanceId": 523536569736, "ProjectEnv": "PROD"}]}
        assert judge_one("instance.environment", code, data, {"deny": ["DEV"]}) == []
        (finding,) = judge_one("instance.environment", code, data, {"deny": ["PROD"]})
        assert finding.values == {"environment": "PROD", "instances": "523536569736", "count": 1}

    def test_an_environment_that_nobody_documents_is_refused(self) -> None:
        expected = r"^expected PROD, DEV, or a pattern with \*, found 'TEST' in it$"
        with pytest.raises(ValueError, match=expected):
            given("instance.environment", {"deny": ["TEST"]})


ASKED: list[tuple[str, Data]] = [
    ("instance.protected", {"nodes": ["*"]}),
    ("instance.environment", {"deny": ["*"]}),
]


@pytest.mark.parametrize(("check", "settings"), ASKED)
class TestWhatIsAsked:
    """What the checks have in common whose facts the message does not have."""

    def test_it_is_asked_before(self, check: str, settings: Data) -> None:
        assert BY_ID[check].needs == {Need.INSTANCES}, settings
        assert BY_ID[check].events == set(INSTANCE_EVENTS)

    def test_a_check_is_not_called_without_it(self, check: str, settings: Data) -> None:
        unasked = msgspec.structs.replace(event("pre-kill-instance", {"taskIds": [1]}), instances=Missing("403"))
        with pytest.raises(LookupError):
            list(BY_ID[check].judge(unasked, given(check, settings)))

    @pytest.mark.parametrize("listed", [[], ["x"], "many"])
    def test_without_ids_nothing_can_have_been_asked(self, check: str, settings: Data, listed: object) -> None:
        assert unknown(judge(check, {"taskIds": listed, "instances": []}, settings)) == ["taskIds"]
