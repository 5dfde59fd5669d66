"""Checks on who asks: every id that the message gives counts, and every role that the user has."""

import msgspec
import pytest

from extension import catalogue
from extension.checks import Need
from extension.checks.operators import NO_MEMBER
from extension.checks.registry import BY_ID
from extension.events import Missing
from tests.cases import event, given, hits, judge, judge_one, sample, unknown

UID = {"operator": None, "operatorUid": "149318", "operatorBaseId": "123936"}
"""The user of a transfer: a RAM user, and the account behind it."""


@pytest.mark.parametrize(
    ("listed", "hit"), [(["149318"], True), ([149318], True), (["149*"], True), (["1493"], False), (["555"], False)]
)
def test_a_user_is_denied_or_allowed_by_id(listed: list[object], hit: bool) -> None:
    for data in ({"operator": "149318"}, {"operator": 149318}):
        assert hits("operator.id", data, {"deny": listed}) == [{"operator": "149318"}] * hit
        assert hits("operator.id", data, {"allow": listed}) == [{"operator": "149318"}] * (not hit)


@pytest.mark.parametrize(("listed", "hit"), [(["149318"], True), (["123936"], True), (["555"], False)])
def test_one_of_two_ids_in_a_list_is_enough(listed: list[object], hit: bool) -> None:
    shown = [{"operator": "149318 (123936)"}]
    assert hits("operator.id", UID, {"deny": listed}) == shown * hit
    assert hits("operator.id", UID, {"allow": listed}) == shown * (not hit)


def test_an_id_that_is_told_twice_is_shown_once() -> None:
    data = {"operator": "7", "operatorUid": "7", "operatorBaseId": "7"}
    assert hits("operator.id", data, {"deny": ["7"]}) == [{"operator": "7"}]


def test_deny_is_stronger_than_allow() -> None:
    assert hits("operator.id", UID, {"allow": ["149318"], "deny": ["123936"]}) == [{"operator": "149318 (123936)"}]


@pytest.mark.parametrize("value", [None, "", [1], {"id": 1}, False])
@pytest.mark.parametrize("settings", [{"deny": ["5"]}, {"allow": ["*"]}])
def test_a_user_who_is_not_told_is_unknown(value: object, settings: dict[str, object]) -> None:
    assert unknown(judge("operator.id", {"operator": value}, settings)) == ["operator"]


def test_an_id_that_cannot_be_read_clears_nobody_of_deny() -> None:
    data = {"operator": [1], "operatorUid": "149318"}
    assert unknown(judge("operator.id", data, {"deny": ["555"]})) == ["operator"]
    assert len(hits("operator.id", data, {"deny": ["149318"]})) == 1
    assert hits("operator.id", data, {"allow": ["149318"]}) == []


@pytest.mark.parametrize("value", [10**30, "1" * 10_000, "１４９", "\u202e149"])
def test_a_hostile_id_is_compared_as_the_text_that_it_is(value: object) -> None:
    assert len(hits("operator.id", {"operator": value}, {"deny": ["1*"]})) == 1


@pytest.mark.parametrize("name", ["commit-file", "upload-data-to-table", "download-resources", "delete-project"])
def test_the_documented_samples(name: str) -> None:
    data = {"operator": None} | sample(name)
    (finding,) = judge_one("operator.id", name, data, {"deny": ["*"]})
    assert finding.judged
    assert judge_one("operator.id", name, data, {"allow": ["*"]}) == []


def test_a_login_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^expected ids of users \(digits\), found 'li' in it$"):
        given("operator.id", {"deny": ["li"]})


ADMIN, DEV, GUEST = "role_project_admin", "role_project_dev", "role_project_guest"


@pytest.mark.parametrize(
    ("roles", "settings", "hit"),
    [
        ([ADMIN], {"allow": [ADMIN]}, False),
        ([ADMIN.upper()], {"allow": [ADMIN]}, False),
        ([DEV, ADMIN], {"allow": [ADMIN]}, False),
        ([DEV], {"allow": [ADMIN]}, True),
        ([DEV], {"allow": [ADMIN, "role_project_d*"]}, False),
        ([DEV], {"deny": [GUEST]}, False),
        ([GUEST], {"deny": [GUEST]}, True),
        ([DEV, GUEST], {"deny": [GUEST]}, True),
        ([], {"deny": ["*"]}, False),
        ([ADMIN, GUEST], {"allow": [ADMIN], "deny": [GUEST]}, True),
        ([ADMIN, DEV], {"allow": [ADMIN], "deny": [GUEST]}, False),
        (["数据_治理员"], {"allow": ["数据_*"]}, False),
        (["role_1", "custom"], {"allow": ["role_?"]}, False),
    ],
)
def test_one_role_is_enough_to_be_allowed_and_one_to_be_denied(
    roles: list[str], settings: dict[str, object], hit: bool
) -> None:
    shown = ", ".join(sorted(roles))
    assert hits("operator.roles", {"roles": roles}, settings) == [{"roles": shown}] * hit


@pytest.mark.parametrize("settings", [{"allow": ["*"]}, {"allow": [ADMIN], "deny": [GUEST]}])
def test_who_has_no_role_is_told_to_be_no_member(settings: dict[str, object]) -> None:
    for finding in judge("operator.roles", {"roles": []}, settings):
        assert (finding.text, finding.values, finding.judged) == (NO_MEMBER, {}, True)
    assert len(judge("operator.roles", {"roles": []}, settings)) == 1


def test_roles_are_asked_for_before_and_never_taken_for_none() -> None:
    check = BY_ID["operator.roles"]
    assert check.needs == {Need.ROLES}
    for roles in (None, Missing("refused")):
        asked = msgspec.structs.replace(event("commit-file", {}), roles=roles)
        with pytest.raises(LookupError):
            list(check.judge(asked, given("operator.roles", {"deny": [GUEST]})))


def test_the_events() -> None:
    assert BY_ID["operator.id"].events == BY_ID["operator.roles"].events == set(catalogue.BY_CODE)


@pytest.mark.parametrize("check", ["operator.id", "operator.roles"])
def test_settings_that_never_hit_are_refused(check: str) -> None:
    with pytest.raises(ValueError, match=r"^expected allow, deny or both, found neither$"):
        given(check, {})
