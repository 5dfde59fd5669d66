"""Checks on workspaces: which may be deleted, and which a rule is for at all."""

import pytest

from extension import catalogue
from extension.checks.registry import BY_ID
from tests.cases import given, hits, judge, judge_one, sample, unknown

DELETE = "delete-project"
IDS = [
    (["90214"], True),
    ([90214], True),
    ([90215, 90214], True),
    (["902*"], True),
    (["9021?"], True),
    (["*"], True),
    ([90215], False),
    (["9021"], False),
    (["902140"], False),
]


@pytest.mark.parametrize(("deny", "hit"), IDS)
def test_a_protected_workspace_is_not_deleted(deny: list[object], hit: bool) -> None:
    for data in ({"projectId": 90214}, {"projectId": "90214"}, sample(DELETE)):
        assert hits("workspace.protected", data, {"deny": deny}) == [{"workspace": "90214"}] * hit


@pytest.mark.parametrize(("listed", "hit"), IDS)
def test_a_workspace_is_denied_or_allowed_by_its_id(listed: list[object], hit: bool) -> None:
    assert hits("workspace.id", {"projectId": 90214}, {"deny": listed}) == [{"workspace": "90214"}] * hit
    assert hits("workspace.id", {"projectId": 90214}, {"allow": listed}) == [{"workspace": "90214"}] * (not hit)


def test_deny_is_stronger_than_allow() -> None:
    assert hits("workspace.id", {"projectId": 90214}, {"allow": ["*"], "deny": [90214]}) == [{"workspace": "90214"}]


@pytest.mark.parametrize("field", ["projectId", "appId", "queryDwProjectId"])
def test_a_workspace_is_known_by_every_field_that_events_have_for_it(field: str) -> None:
    data = {"projectId": None, field: "7"}
    assert hits("workspace.id", data, {"deny": [7]}) == [{"workspace": "7"}]
    assert hits("workspace.id", data, {"deny": [8]}) == []


@pytest.mark.parametrize("check", ["workspace.id", "workspace.protected"])
@pytest.mark.parametrize("value", [None, "", " ", [90214], {"id": 1}, True])
def test_a_workspace_that_is_not_told_is_unknown(check: str, value: object) -> None:
    assert unknown(judge(check, {"projectId": value}, {"deny": ["*"]})) == ["projectId"]


@pytest.mark.parametrize("check", ["workspace.id", "workspace.protected"])
@pytest.mark.parametrize("value", [9 * 10**30, "9" * 10_000, "９０２１４", "\u202e90214"])
def test_a_hostile_workspace_is_compared_as_the_text_that_it_is(check: str, value: object) -> None:
    assert len(hits(check, {"projectId": value}, {"deny": ["9*"]})) == 1


def test_the_events() -> None:
    assert BY_ID["workspace.id"].events == set(catalogue.BY_CODE)
    assert BY_ID["workspace.protected"].events == {DELETE}


@pytest.mark.parametrize(
    "name", ["commit-file", "upload-data-to-table", "start-diJob", "start-diJob.v1", "delete-project"]
)
def test_the_documented_samples(name: str) -> None:
    data = {"projectId": None} | sample(name)
    (code, _, _) = name.partition(".")
    (finding,) = judge_one("workspace.id", code, data, {"deny": ["*"]})
    assert finding.judged
    assert judge_one("workspace.id", code, data, {"allow": ["*"]}) == []


@pytest.mark.parametrize("check", ["workspace.id", "workspace.protected"])
def test_a_name_is_refused(check: str) -> None:
    with pytest.raises(ValueError, match=r"^expected ids of workspaces \(digits\), found 'finance' in it$"):
        given(check, {"deny": ["finance"]})


def test_settings_that_never_hit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^expected allow, deny or both, found neither$"):
        given("workspace.id", {})
