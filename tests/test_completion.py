"""What a message lacks is asked of the platform, once, only where a rule needs it, and its absence is told apart."""

import json
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from extension import edges
from extension.checks import Need, registry
from extension.dataworks import ATTEMPTS, Credentials
from extension.edges import OPTIONS_TTL_S, PARAMETERS_TTL_S, ROLES_TTL_S
from extension.errors import PlatformError
from extension.events import Event
from extension.local import EXTENSION_CODE, DataWorks, _Request
from extension.rules import Rule
from tests.conftest import EVENTS, Function, key

BANNED = "check: file.content, with: {forbid: '(?i)drop table'}"
COMMITTED = {"CommittedFile": {"Content": "DROP TABLE a;", "FileName": "a.sql", "FileType": 10, "Owner": "149318"}}
HARMLESS = {"CommittedFile": {"Content": "SELECT 1;", "FileName": "a.sql", "FileType": 10, "Owner": "149318"}}
MODEL = {"TableModel": {"TableName": "orders", "Comment": "Orders.", "Columns": []}}
WHO = {"operator": "149318", "projectId": 90214}


class Clock:
    """The seconds that a function counts; a test moves them."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.passing = 0.0
        """What passes after the next look."""

    def __call__(self) -> float:
        """The seconds since whenever."""
        seconds, self.seconds, self.passing = self.seconds, self.seconds + self.passing, 0.0
        return seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the function under test."""
    clock = Clock()
    monkeypatch.setattr(edges, "time", SimpleNamespace(monotonic=clock, sleep=clock.sleep))
    return clock


class Deployed:
    """The function under a policy of given rules."""

    def __init__(self, function: Function, tmp_path: Path) -> None:
        self.function = function
        self.dataworks = function.dataworks
        self._tmp_path = tmp_path

    def rules(self, *rules: str) -> None:
        """Deploy these rules, each given by its keys."""
        lines = [f"  - {{id: r{number}, {rule}}}" for number, rule in enumerate(rules, start=1)]
        self.function.policy("version: 1\nlanguage: en\ntimezone: UTC\nrules:\n" + "\n".join(lines), self._tmp_path)

    def handle(self, code: str, data: Mapping[str, object] | None = None, *, message_id: str = "m-1") -> object:
        """The verdict on an event of a workspace, or on one with other data."""
        body = {
            "messageId": message_id,
            "eventType": code,
            "blockBusiness": True,
            "messageBody": {**WHO, **(data or {})},
        }
        return self.function.handle(json.dumps(body).encode())["checkResult"]

    @property
    def asked(self) -> list[tuple[str, dict[str, str]]]:
        """What was asked of DataWorks, and with which parameters."""
        return [(call.action, call.parameters) for call in self.function.asked]

    @property
    def actions(self) -> list[str]:
        """What was asked of DataWorks, by the name of the action."""
        return [call.action for call in self.function.asked]

    @property
    def errors(self) -> list[object]:
        """What went wrong with each finding of the last event, as the log has it."""
        return [found["error"] for found in self.function.log[-1]["findings"]]

    @property
    def warnings(self) -> list[str]:
        """What the log of the last event warns of."""
        warnings: list[str] = self.function.log[-1]["warnings"]
        return warnings


@pytest.fixture
def deployed(function: Function, tmp_path: Path) -> Deployed:
    """The function, to be given rules."""
    return Deployed(function, tmp_path)


DETAIL = "GetIDEEventDetail"


class TestSnapshot:
    """The code or the table of an event of Data Studio."""

    def test_it_is_asked_for_the_event_and_judged(self, deployed: Deployed) -> None:
        deployed.rules(f"on: commit-file, {BANNED}")
        deployed.dataworks.snapshots["m-1"] = COMMITTED
        deployed.dataworks.snapshots["m-2"] = HARMLESS
        assert deployed.handle("commit-file") == "FAIL"
        assert deployed.handle("commit-file", message_id="m-2") == "OK"
        assert [call for call in deployed.asked if call[0] == DETAIL] == [
            (DETAIL, {"MessageId": "m-1", "ProjectId": "90214"}),
            (DETAIL, {"MessageId": "m-2", "ProjectId": "90214"}),
        ]

    @pytest.mark.parametrize(
        ("code", "member"),
        [
            ("commit-file", "CommittedFile"),
            ("deploy-file", "CommittedFile"),
            ("delete-file", "DeletedFile"),
            ("run-file", "FileExecutionCommand"),
        ],
    )
    def test_every_operation_on_files_has_one(self, deployed: Deployed, code: str, member: str) -> None:
        deployed.rules(f"on: {code}, {BANNED}")
        deployed.dataworks.snapshots["m-1"] = {member: {"Content": "drop table x"}}
        assert deployed.handle(code) == "FAIL"
        assert deployed.errors == [""]

    def test_a_table_is_judged_by_its_model(self, deployed: Deployed) -> None:
        deployed.rules("on: commit-table, check: table.comment, with: {columns: false}")
        deployed.dataworks.snapshots["m-1"] = MODEL
        assert deployed.handle("commit-table") == "OK"
        deployed.dataworks.snapshots["m-1"] = {"TableModel": {"TableName": "orders"}}
        assert deployed.handle("commit-table") == "FAIL"

    @pytest.mark.parametrize(
        "narrow",
        [
            "workspaces: 1",
            "except_workspaces: 90214",
            "operators: 1",
            "except_operators: 149318",
            "from: 2999-01-01",
            "until: 2020-01-01",
            "when: event.fileType == 6",
            "when: event.nodeId == 6",
            "when: event.dataSourceName == 'x' && workspace.id == '1'",
        ],
    )
    def test_it_is_not_asked_for_a_rule_that_does_not_apply(self, deployed: Deployed, narrow: str) -> None:
        deployed.rules(f"on: commit-file, {BANNED}, on_error: OK, result: WARN, {narrow}")
        deployed.dataworks.snapshots["m-1"] = COMMITTED
        deployed.handle("commit-file", {"fileType": 10, "dataSourceName": "y"})
        assert DETAIL not in deployed.actions

    @pytest.mark.parametrize(
        "rule",
        [f"on: run-file, {BANNED}", "on: commit-file, check: file.owner", "on: commit-file, when: event.fileType == 6"],
    )
    def test_it_is_not_asked_for_a_rule_that_does_not_need_it(self, deployed: Deployed, rule: str) -> None:
        deployed.rules(rule)
        deployed.handle("commit-file", {"fileType": 10, "fileOwner": "149318"})
        assert deployed.asked == []

    def test_it_is_asked_for_a_rule_whose_condition_is_met_at_that_moment(self, deployed: Deployed) -> None:
        deployed.rules(f"on: commit-file, when: now.getFullYear() > 2000, {BANNED}")
        deployed.dataworks.snapshots["m-1"] = COMMITTED
        assert deployed.handle("commit-file") == "FAIL"
        assert deployed.errors == [""]

    @pytest.mark.parametrize("code", ["commit-file", "deploy-file", "run-file", "delete-file"])
    def test_it_is_asked_for_a_condition_on_sql_before_that_is_worked_out(self, deployed: Deployed, code: str) -> None:
        deployed.rules(f"on: {code}, when: '\"INSERT\" in sql.statements'")
        deployed.dataworks.snapshots["m-1"] = {"CommittedFile": {"Content": "insert into dw.a select 1"}}
        deployed.dataworks.snapshots["m-2"] = {"CommittedFile": {"Content": "select 1"}}
        assert deployed.handle(code, {"fileType": 10}) == "FAIL"
        assert deployed.handle(code, {"fileType": 10}, message_id="m-2") == "OK"
        assert deployed.errors == []
        assert deployed.actions.count(DETAIL) == 2

    @pytest.mark.parametrize("when", ["sql.length > 3", "event.fileType == 10 && sql.length > 3"])
    def test_a_condition_on_sql_without_the_code_gives_on_error(self, deployed: Deployed, when: str) -> None:
        deployed.rules(f"on: commit-file, when: '{when}', on_error: WARN")
        assert deployed.handle("commit-file", {"fileType": 10}) == "WARN"
        assert str(deployed.errors[0]).startswith("GetIDEEventDetail: HTTP 404: ")

    def test_it_is_asked_once_for_a_condition_and_a_check(self, deployed: Deployed) -> None:
        deployed.rules(f"on: commit-file, when: sql.length > 3, {BANNED}")
        deployed.dataworks.snapshots["m-1"] = COMMITTED
        assert deployed.handle("commit-file", {"fileType": 10}) == "FAIL"
        assert deployed.actions.count(DETAIL) == 1

    def test_of_a_rule_on_code_and_downloads_it_is_not_asked_for_a_download(
        self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        both = registry.BY_ID["file.size"].events | {"download-resources"}
        check = msgspec.structs.replace(registry.BY_ID["file.size"], events=both, judge=lambda *_: iter(()))
        monkeypatch.setitem(registry.BY_ID, "file.size", check)
        deployed.rules("on: '*', check: file.size, with: {max: 1kB}", "on: '*', when: sql.length > 30")
        assert deployed.handle("download-resources", {"sqlText": "select 1"}) == "OK"
        assert deployed.asked == []
        deployed.dataworks.snapshots["m-1"] = HARMLESS
        assert deployed.handle("commit-file", {"fileType": 10}) == "OK"
        assert deployed.actions == [DETAIL]

    @pytest.mark.parametrize(
        ("exempt", "asked"),
        [
            ("table: 'dw.*', until: 2999-01-01", True),
            ("table: 'dw.*', operator: 149318, until: 2999-01-01", True),
            ("table: 'dw.*', operator: 1, until: 2999-01-01", False),
            ("table: 'dw.*', until: 2020-01-01", False),
        ],
    )
    def test_it_is_asked_for_an_exemption_of_tables_that_may_cover_the_event(
        self, deployed: Deployed, exempt: str, *, asked: bool
    ) -> None:
        deployed.rules(f"on: commit-file, when: event.fileType == 10, exempt: [{{{exempt}}}]")
        deployed.dataworks.snapshots["m-1"] = {"CommittedFile": {"Content": "select a from dw.a"}}
        assert deployed.handle("commit-file", {"fileType": 10}) == ("OK" if asked else "FAIL")
        assert (DETAIL in deployed.actions) is asked

    def test_without_it_nothing_is_exempt_for_its_tables_and_the_rule_is_judged(self, deployed: Deployed) -> None:
        deployed.rules("on: commit-file, when: event.fileType == 10, exempt: [{table: '*', until: 2999-01-01}]")
        assert deployed.handle("commit-file", {"fileType": 10}) == "FAIL"
        assert deployed.errors == [""]
        assert deployed.handle("commit-file", {"fileType": 6}) == "OK"

    def test_it_is_asked_once_for_several_rules(self, deployed: Deployed) -> None:
        deployed.rules(
            f"on: commit-file, {BANNED}", "on: commit-file, check: file.size, with: {max: 3B}", "on: '*', when: 'true'"
        )
        deployed.dataworks.snapshots["m-1"] = COMMITTED
        deployed.handle("commit-file")
        assert deployed.actions.count(DETAIL) == 1
        assert [found["rule"] for found in deployed.function.log[0]["findings"]] == ["r1", "r2", "r3"]

    @pytest.mark.parametrize("on_error", ["FAIL", "WARN", "OK"])
    def test_what_is_not_found_is_a_finding_under_on_error(self, deployed: Deployed, on_error: str) -> None:
        deployed.rules(f"on: commit-file, {BANNED}, on_error: {on_error}, message: own")
        assert deployed.handle("commit-file") == on_error
        (error,) = deployed.errors
        assert str(error).startswith("GetIDEEventDetail: HTTP 404: InvalidMessageId.NotFound: ")
        line = deployed.function.log[0]
        assert line["level"] == "ERROR"
        assert "DataWorks did not give the details that it needs" in line["findings"][0]["text"]

    def test_an_outage_is_a_finding_under_on_error_and_the_other_rules_are_judged(self, deployed: Deployed) -> None:
        deployed.rules(
            f"on: commit-file, {BANNED}, on_error: OK", "on: commit-file, when: event.fileType == 10, result: WARN"
        )
        deployed.dataworks.failing[DETAIL] = (500, "InternalError")
        assert deployed.handle("commit-file", {"fileType": 10}) == "WARN"
        assert str(deployed.errors[0]).startswith("GetIDEEventDetail: HTTP 500: InternalError: ")
        assert deployed.errors[1] == ""

    @pytest.mark.parametrize(
        ("snapshot", "error"),
        [
            (MODEL, "GetIDEEventDetail: the answer is not about what the event is about"),
            (
                {"CommittedFile": None},
                "GetIDEEventDetail: HTTP 200: UnreadableAnswer: no member of EventDetail is filled",
            ),
            ({"CommittedFile": "DROP TABLE a"}, "GetIDEEventDetail: HTTP 200: UnreadableAnswer: "),
        ],
    )
    def test_an_answer_about_something_else_is_a_finding_under_on_error(
        self, deployed: Deployed, snapshot: dict[str, object], error: str
    ) -> None:
        deployed.rules(f"on: commit-file, {BANNED}, on_error: WARN")
        deployed.dataworks.snapshots["m-1"] = snapshot
        assert deployed.handle("commit-file") == "WARN"
        assert str(deployed.errors[0]).startswith(error)

    def test_an_event_without_a_workspace_has_none(self, deployed: Deployed) -> None:
        deployed.rules(f"on: commit-file, {BANNED}, on_error: WARN")
        assert deployed.handle("commit-file", {"projectId": None}) == "WARN"
        assert deployed.errors == ["projectId: is not in the message"]
        assert DETAIL not in deployed.actions

    def test_without_credentials_there_is_none(self, deployed: Deployed) -> None:
        deployed.rules(f"on: commit-file, {BANNED}, on_error: WARN")
        deployed.function.set(ALIBABA_CLOUD_ACCESS_KEY_SECRET="")
        assert deployed.handle("commit-file") == "WARN"
        assert deployed.errors == ["ALIBABA_CLOUD_ACCESS_KEY_ID: no credentials: give the function a role"]

    def test_without_a_way_to_the_platform_there_is_none(
        self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        deployed.rules("on: commit-file, check: file.owner")
        deployed.function.set(DATAWORKS_CALLBACK="off", DATAWORKS_ENDPOINT="")
        extension = edges.Extension(SimpleNamespace(region=""))
        monkeypatch.setattr("handler._extension", extension)
        file = extension.environment.policy
        file.write_text(f"version: 1\nrules:\n  - {{id: r, on: commit-file, {BANNED}, on_error: WARN}}")
        assert deployed.handle("commit-file") == "WARN"
        assert deployed.errors == ["FC_REGION: the region is not known; set it, or DATAWORKS_ENDPOINT"]

    def test_it_is_asked_also_where_the_callback_is_off_or_no_code_is_set(self, deployed: Deployed) -> None:
        deployed.function.set(DATAWORKS_CALLBACK="off", DATAWORKS_EXTENSION_CODE="")
        deployed.rules(f"on: commit-file, {BANNED}")
        deployed.dataworks.snapshots["*"] = COMMITTED
        assert deployed.handle("commit-file") == "FAIL"
        assert deployed.actions == [DETAIL]
        assert deployed.function.received == []

    @pytest.mark.parametrize(
        ("timeout_s", "seconds", "asked"),
        [(60, 36, True), (60, 38.6, False), (10, 1.5, True), (10, 3.55, False), (30, 14, True), (30, 16.1, False)],
    )
    def test_it_is_not_asked_where_no_time_is_left_for_the_answer_and_the_callback(
        self, deployed: Deployed, clock: Clock, timeout_s: int, seconds: float, *, asked: bool
    ) -> None:
        deployed.function.timeout_s = timeout_s
        deployed.rules(f"on: commit-file, {BANNED}, on_error: WARN")
        deployed.dataworks.snapshots["m-1"] = COMMITTED
        clock.passing = seconds  # the first look is the start of the call
        assert deployed.handle("commit-file") == ("FAIL" if asked else "WARN")
        assert (DETAIL in deployed.actions) is asked
        assert deployed.errors == ["" if asked else "no time was left to call DataWorks"]

    def test_conditions_end_when_the_time_is_up_and_nothing_is_asked(
        self, deployed: Deployed, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        met = Rule.met

        def slow(rule: Rule, event: Event[Any]) -> bool:
            clock.seconds += 2
            return met(rule, event)

        rule = "on: commit-file, when: event.fileType == 10, on_timeout: WARN"
        deployed.rules(f"{rule}, {BANNED}", *[f"{rule}, options: {{result: level}}"] * 60)
        monkeypatch.setattr(Rule, "met", slow)
        started = clock.seconds
        assert deployed.handle("commit-file", {"fileType": 10}) == "WARN"
        assert clock.seconds - started <= 60
        assert {found["result"] for found in deployed.function.log[-1]["findings"]} == {"WARN"}
        assert (DETAIL in deployed.actions, "GetOptionValueForProject" in deployed.actions) == (False, False)


def take_s(deployed: Deployed, clock: Clock, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let every request to DataWorks take its time."""
    take = deployed.dataworks._take

    def slow(request: _Request) -> object:
        clock.seconds += seconds
        return take(request)

    monkeypatch.setattr(deployed.dataworks, "_take", slow)


MEMBERS = "ListProjectMembers"
ADMINS = "check: operator.roles, with: {allow: [role_project_admin]}"


class TestRoles:
    """The operator's roles in the workspace."""

    def test_they_are_asked_once_for_a_workspace_and_a_while(self, deployed: Deployed, clock: Clock) -> None:
        deployed.rules(f"on: freeze-node, {ADMINS}", f"on: undeploy-node, {ADMINS}")
        deployed.dataworks.members["90214"] = {"149318": ["role_project_admin"], "2": ["role_project_dev"]}
        deployed.dataworks.members["7"] = {"149318": ["role_project_guest"]}
        assert deployed.handle("freeze-node") == "OK"
        assert deployed.handle("undeploy-node", {"operator": "2"}) == "FAIL"
        assert deployed.handle("freeze-node", {"projectId": 7}) == "FAIL"
        clock.seconds += ROLES_TTL_S - 1
        assert deployed.handle("freeze-node") == "OK"
        assert self.workspaces(deployed) == ["90214", "7"]
        clock.seconds += 1
        deployed.dataworks.members["90214"] = {"149318": []}
        assert deployed.handle("freeze-node") == "FAIL"
        assert self.workspaces(deployed) == ["90214", "7", "90214"]

    def test_a_stranger_to_the_workspace_has_none(self, deployed: Deployed) -> None:
        deployed.rules(f"on: freeze-node, {ADMINS}")
        deployed.dataworks.members["90214"] = {"1": ["role_project_admin"]}
        assert deployed.handle("freeze-node") == "FAIL"
        assert deployed.errors == [""]

    def test_an_unknown_operator_is_not_asked_for(self, deployed: Deployed) -> None:
        deployed.rules(f"on: freeze-node, {ADMINS}, on_error: WARN")
        deployed.dataworks.members["90214"] = {"1": ["role_project_admin"]}
        assert deployed.handle("freeze-node", {"operator": None}) == "WARN"
        assert deployed.errors == ["the message does not say who the operator is"]
        assert MEMBERS not in deployed.actions

    @pytest.mark.parametrize(
        ("members", "verdict"), [({"1": ["role_project_admin"]}, "OK"), ({"10": ["role_project_admin"]}, "FAIL")]
    )
    def test_roles_of_the_account_behind_a_user_are_not_the_user_s(
        self, deployed: Deployed, members: dict[str, list[str]], verdict: str
    ) -> None:
        deployed.rules(f"on: download-resources, {ADMINS}")
        deployed.dataworks.members["5"] = members
        who = {"operator": None, "projectId": None, "operatorUid": "1", "operatorBaseId": "10", "queryDwProjectId": "5"}
        assert deployed.handle("download-resources", who) == verdict

    def test_nor_do_they_stand_in_for_those_of_a_user_who_is_not_named(self, deployed: Deployed) -> None:
        deployed.rules(f"on: download-resources, {ADMINS}, on_error: WARN")
        deployed.dataworks.members["5"] = {"10": ["role_project_admin"]}
        who = {"operator": None, "projectId": None, "operatorBaseId": "10", "queryDwProjectId": "5"}
        assert deployed.handle("download-resources", who) == "WARN"
        assert deployed.errors == ["the message does not say who the operator is"]

    @pytest.mark.parametrize(
        ("condition", "verdict"),
        [
            ("operator.roles.exists(role, role == 'role_project_dev')", "FAIL"),
            ("!operator.roles.exists(role, role == 'role_project_dev')", "OK"),
        ],
    )
    def test_a_condition_that_reads_them_has_them(self, deployed: Deployed, condition: str, verdict: str) -> None:
        deployed.rules(f'on: freeze-node, when: "{condition}", {ADMINS}')
        deployed.dataworks.members["90214"] = {"149318": ["role_project_dev"]}
        assert deployed.handle("freeze-node") == verdict
        assert deployed.actions.count(MEMBERS) == 1

    def test_roles_that_cannot_be_had_are_a_finding_under_on_error(self, deployed: Deployed) -> None:
        condition = "operator.roles.exists(role, role == 'x')"
        deployed.rules(
            f"on: freeze-node, {ADMINS}, on_error: WARN", f'on: freeze-node, when: "{condition}", on_error: OK'
        )
        assert deployed.handle("freeze-node") == "WARN"
        assert len(deployed.errors) == 2
        assert all(str(error).startswith("ListProjectMembers: HTTP 404: ") for error in deployed.errors)
        assert deployed.actions.count(MEMBERS) == 1

    def test_no_earlier_answer_serves_once_its_time_is_over(self, deployed: Deployed, clock: Clock) -> None:
        """Who has lost a role shall not have it for as long as the platform is out."""
        deployed.rules(f"on: freeze-node, {ADMINS}, on_error: WARN")
        deployed.dataworks.members["90214"] = {"149318": ["role_project_admin"]}
        assert deployed.handle("freeze-node") == "OK"
        deployed.dataworks.failing[MEMBERS] = (503, "ServiceUnavailable")
        clock.seconds += ROLES_TTL_S - 1
        assert deployed.handle("freeze-node") == "OK"
        clock.seconds += 1
        assert deployed.handle("freeze-node") == "WARN"
        (error,) = deployed.errors
        assert str(error).startswith("ListProjectMembers: HTTP 503: ServiceUnavailable: ")
        assert deployed.warnings == []

    def test_members_of_no_more_than_fifty_workspaces_are_kept(self, deployed: Deployed) -> None:
        """Each can have thousands."""
        deployed.rules(f"on: freeze-node, {ADMINS}")
        deployed.dataworks.members |= {str(number): {"149318": []} for number in range(1, 52)}
        for number in (*range(1, 51), 50, 51, 2, 1):
            deployed.handle("freeze-node", {"projectId": number})
        assert self.workspaces(deployed) == [str(number) for number in (*range(1, 51), 51, 1)]

    def test_their_pages_stop_in_time_and_no_cache_keeps_that(
        self, deployed: Deployed, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One question can be many calls: each of these takes five seconds of the function's sixty."""
        deployed.rules(f"on: freeze-node, {ADMINS}")
        deployed.dataworks.members["90214"] = {str(number): [] for number in range(2950)}
        with monkeypatch.context() as patch:
            take_s(deployed, clock, patch, 5)
            started = clock.seconds
            assert deployed.handle("freeze-node") == "FAIL"
            assert clock.seconds - started <= 60
        assert deployed.errors == ["no time was left to call DataWorks"]
        assert 1 < deployed.actions.count(MEMBERS) < 30
        assert deployed.handle("freeze-node") == "FAIL"
        assert deployed.errors == [""]

    def test_an_answer_that_is_fresh_serves_though_no_time_is_left_to_ask(
        self, deployed: Deployed, clock: Clock
    ) -> None:
        deployed.rules(f"on: freeze-node, {ADMINS}")
        deployed.dataworks.members["90214"] = {"149318": ["role_project_admin"]}
        deployed.handle("freeze-node")
        clock.passing = 45
        assert deployed.handle("freeze-node") == "OK"
        assert deployed.actions == [MEMBERS]

    def test_an_event_without_a_workspace_has_none(self, deployed: Deployed) -> None:
        deployed.rules(f"on: freeze-node, {ADMINS}, on_error: WARN")
        assert deployed.handle("freeze-node", {"projectId": None}) == "WARN"
        assert deployed.errors == ["projectId: is not in the message"]

    @staticmethod
    def workspaces(deployed: Deployed) -> list[str]:
        """Workspaces whose members were asked for."""
        return [parameters["ProjectId"] for action, parameters in deployed.asked if action == MEMBERS]


OPTIONS = "GetOptionValueForProject"
ROWS = "on: download-resources, check: download.rows, with: {max: 5}, options: {max: maxRows, result: level}"
TEN_ROWS = {"dataRowSize": 10}


class TestOptions:
    """What a workspace has set."""

    def test_they_are_asked_for_the_workspace_and_kept_for_a_while(self, deployed: Deployed, clock: Clock) -> None:
        deployed.rules(ROWS, "on: download-resources, check: download.rows, with: {max: 1}, options: {max: maxRows}")
        deployed.dataworks.options |= {"90214": {"maxRows": "10"}, "7": {"maxRows": 9, "level": "WARN"}}
        assert deployed.handle("download-resources", TEN_ROWS) == "OK"
        assert deployed.handle("download-resources", TEN_ROWS | {"projectId": 7}) == "FAIL"
        assert [found["result"] for found in deployed.function.log[-1]["findings"]] == ["WARN", "FAIL"]
        clock.seconds += OPTIONS_TTL_S - 1
        deployed.dataworks.options["90214"] = {"maxRows": "3"}
        assert deployed.handle("download-resources", TEN_ROWS) == "OK"
        assert self.workspaces(deployed) == ["90214", "7"]
        clock.seconds += 1
        assert deployed.handle("download-resources", TEN_ROWS) == "FAIL"
        assert self.workspaces(deployed) == ["90214", "7", "90214"]

    def test_they_are_asked_under_the_extension_s_code(self, deployed: Deployed) -> None:
        deployed.rules(ROWS)
        deployed.handle("download-resources", {"dataRowSize": 1})
        assert deployed.asked == [(OPTIONS, {"ExtensionCode": EXTENSION_CODE, "ProjectId": "90214"})]

    def test_they_are_not_asked_for_a_rule_that_has_none_or_does_not_apply(self, deployed: Deployed) -> None:
        deployed.rules(
            "on: download-resources, check: download.rows, with: {max: 5}",
            f"{ROWS}, workspaces: 1",
            f"{ROWS}, when: event.dataRowSize > 100",
        )
        deployed.handle("download-resources", {"dataRowSize": 1})
        assert deployed.asked == []

    def test_a_stale_value_is_used_with_a_warning_when_the_platform_fails(
        self, deployed: Deployed, clock: Clock
    ) -> None:
        deployed.rules(ROWS)
        deployed.dataworks.options["90214"] = {"maxRows": "10"}
        deployed.handle("download-resources", TEN_ROWS)
        clock.seconds += OPTIONS_TTL_S
        deployed.dataworks.failing[OPTIONS] = (500, "InternalError")
        assert deployed.handle("download-resources", TEN_ROWS) == "OK"
        (warning,) = deployed.warnings
        assert warning.startswith("an earlier answer is used: GetOptionValueForProject: HTTP 500: InternalError: ")
        assert deployed.function.log[-1]["level"] == "WARNING"

    def test_without_any_value_the_rule_s_own_is_used_with_a_warning(self, deployed: Deployed) -> None:
        deployed.rules(ROWS)
        deployed.dataworks.failing[OPTIONS] = (500, "InternalError")
        assert deployed.handle("download-resources", TEN_ROWS) == "FAIL"
        (warning,) = deployed.warnings
        assert warning.startswith(
            "options could not be read, the rules' own values are used: GetOptionValueForProject: "
        )
        assert deployed.handle("download-resources", {"dataRowSize": 5}) == "OK"

    @pytest.mark.parametrize("saved", [{}, "", "{}", "null", {"maxRows": ""}, {"maxRows": None}, {"other": 1}])
    def test_a_workspace_that_set_nothing_has_the_rule_s_own_values(self, deployed: Deployed, saved: object) -> None:
        deployed.rules(ROWS)
        deployed.dataworks.options["90214"] = saved
        assert deployed.handle("download-resources", TEN_ROWS) == "FAIL"
        assert deployed.warnings == []

    def test_a_value_of_zero_is_one(self, deployed: Deployed) -> None:
        deployed.rules(ROWS)
        deployed.dataworks.options["90214"] = {"maxRows": 0}
        assert deployed.handle("download-resources", {"dataRowSize": 1}) == "FAIL"
        assert deployed.warnings == []

    @pytest.mark.parametrize(
        "check", ["download.workspace, with: {deny: [a]}", "download.ip, with: {deny: [10.0.0.0/8]}"]
    )
    def test_a_value_that_is_nested_too_deeply_leaves_the_rule_its_own_with_a_warning(
        self, deployed: Deployed, check: str
    ) -> None:
        deployed.rules(f"on: download-resources-execute, check: {check}, options: {{deny: denied}}")
        deployed.dataworks.options["*"] = json.dumps({"denied": "[" * 100_000})
        data = {"ip": "10.0.0.1", "queryDwProjectName": "a"}
        assert deployed.handle("download-resources-execute", data) == "FAIL"
        assert deployed.errors == [""]
        (warning,) = deployed.warnings
        assert warning.startswith("rule r1: option denied: ")
        assert "nested too deeply" in warning

    def test_a_value_of_a_wrong_type_leaves_the_rule_its_own_with_a_warning(self, deployed: Deployed) -> None:
        deployed.rules(ROWS)
        deployed.dataworks.options["90214"] = {"maxRows": {"a": 1}, "level": "OK"}
        assert deployed.handle("download-resources", TEN_ROWS) == "FAIL"
        assert deployed.warnings == [
            (
                "rule r1: option maxRows: expected a whole number of at least 0, found a mapping;"
                " the rule's own value is used"
            ),
            "rule r1: option level: expected FAIL or WARN, found 'OK'; the rule's own value is used",
        ]

    def test_an_event_of_the_tenant_is_asked_for_under_the_workspace_that_it_names(self, deployed: Deployed) -> None:
        deployed.rules(ROWS)
        deployed.dataworks.options["5"] = {"maxRows": 10}
        data = TEN_ROWS | {"projectId": None, "queryDwProjectId": "5"}
        assert deployed.handle("download-resources", data) == "OK"
        assert self.workspaces(deployed) == ["5"]

    def test_an_event_that_names_no_workspace_has_the_rule_s_own_values(self, deployed: Deployed) -> None:
        deployed.rules(ROWS)
        assert deployed.handle("download-resources", {"dataRowSize": 5, "projectId": None}) == "OK"
        assert deployed.asked == []
        assert deployed.warnings == [
            "options could not be read, the rules' own values are used: projectId: is not in the message"
        ]

    def test_without_a_code_the_rule_s_own_values_are_used(self, deployed: Deployed) -> None:
        deployed.function.set(DATAWORKS_EXTENSION_CODE="", DATAWORKS_CALLBACK="off")
        deployed.rules(ROWS)
        assert deployed.handle("download-resources", TEN_ROWS) == "FAIL"
        assert deployed.asked == []
        assert deployed.warnings == [
            "options could not be read, the rules' own values are used: DATAWORKS_EXTENSION_CODE: not set"
        ]

    @staticmethod
    def workspaces(deployed: Deployed) -> list[str]:
        """Workspaces whose options were asked for."""
        return [parameters["ProjectId"] for action, parameters in deployed.asked if action == OPTIONS]


REGISTRATION = "GetExtension"
TYPED = "on: commit-file, when: event.fileType == 10"


class TestParameters:
    """What the extension was registered with."""

    def test_they_are_not_asked_for_an_event_that_passes(self, deployed: Deployed) -> None:
        deployed.rules(TYPED)
        assert deployed.handle("commit-file", {"fileType": 6}) == "OK"
        assert deployed.asked == []

    @pytest.mark.parametrize("result", ["FAIL", "WARN"])
    def test_they_are_asked_once_where_an_event_does_not_pass_and_kept_for_a_while(
        self, deployed: Deployed, clock: Clock, result: str
    ) -> None:
        deployed.rules(f"{TYPED}, result: {result}")
        for _ in range(2):
            assert deployed.handle("commit-file", {"fileType": 10}) == result
            clock.seconds += PARAMETERS_TTL_S - 1
        assert deployed.asked == [(REGISTRATION, {"ExtensionCode": EXTENSION_CODE})]
        clock.seconds += 1
        deployed.handle("commit-file", {"fileType": 10})
        assert deployed.actions == [REGISTRATION] * 2

    @pytest.mark.parametrize(
        "line",
        [
            "extension.project.disabled=1,90214",
            "extension.project.disabled=1\nextension.project.disabled.append=90214",
            "extension.project.commit-file.disabled=90214",
            "extension.project.commit-file.disabled=1\nextension.project.commit-file.disabled.append=90214",
            "extension.fileType.10.commit-file.enabled=false",
        ],
    )
    def test_where_they_switch_the_extension_off_ok_is_posted_and_findings_are_logged(
        self, deployed: Deployed, line: str
    ) -> None:
        deployed.rules(TYPED)
        deployed.dataworks.parameters = line
        assert deployed.handle("commit-file", {"fileType": 10}) == "OK"
        assert [call.parameters["CheckResult"] for call in deployed.function.received] == ["OK"]
        logged = deployed.function.log[0]
        assert [(found["rule"], found["result"], found["mode"]) for found in logged["findings"]] == [
            ("r1", "FAIL", "overruled")
        ]
        (warning,) = deployed.warnings
        assert warning.endswith("switches it off here: answered OK")

    def test_a_check_that_can_be_passed_by_hand_says_so(self, deployed: Deployed) -> None:
        deployed.rules(TYPED)
        deployed.dataworks.parameters = "extension.manualPass.enabled=true"
        assert deployed.handle("commit-file", {"fileType": 10}) == "FAIL"
        (call,) = deployed.function.received
        assert call.parameters["CheckResultTip"].endswith(
            "marked as passed in DataWorks by whoever has the permission to."
        )

    @pytest.mark.parametrize(("team", "verdict"), [("team=dw", "FAIL"), ("team=bi", "OK"), ("", "OK")])
    def test_a_condition_that_reads_them_has_them(self, deployed: Deployed, team: str, verdict: str) -> None:
        deployed.rules("on: commit-file, when: \"'team' in parameters && parameters['team'] == 'dw'\"")
        deployed.dataworks.parameters = team
        assert deployed.handle("commit-file") == verdict
        assert deployed.actions == [REGISTRATION]

    def test_a_condition_narrows_what_else_is_asked_for(self, deployed: Deployed) -> None:
        deployed.rules(f"on: commit-file, when: \"'strict' in parameters\", {BANNED}")
        deployed.dataworks.snapshots["*"] = COMMITTED
        assert deployed.handle("commit-file") == "OK"
        assert deployed.actions == [REGISTRATION]

    def test_a_condition_without_them_gives_on_error(self, deployed: Deployed) -> None:
        deployed.rules(f"on: commit-file, when: \"!('off' in parameters)\", on_error: WARN, {BANNED}")
        deployed.dataworks.snapshots["*"] = HARMLESS
        deployed.dataworks.failing[REGISTRATION] = (500, "InternalError")
        assert deployed.handle("commit-file") == "WARN"
        assert str(deployed.errors[0]).startswith("GetExtension: HTTP 500: InternalError: ")
        assert deployed.actions == [REGISTRATION] * ATTEMPTS

    def test_where_they_cannot_be_read_the_verdict_stands_with_a_warning(self, deployed: Deployed) -> None:
        deployed.rules(TYPED)
        deployed.dataworks.parameters = "extension.project.disabled=90214"
        deployed.dataworks.failing[REGISTRATION] = (403, "Forbidden.RAM")
        assert deployed.handle("commit-file", {"fileType": 10}) == "FAIL"
        assert [call.parameters["CheckResult"] for call in deployed.function.received] == ["FAIL"]
        (warning,) = deployed.warnings
        assert warning.startswith(
            "the extension's parameters could not be read, and do not count: GetExtension: HTTP 403: Forbidden.RAM: "
        )

    def test_an_earlier_answer_serves_while_the_platform_gives_no_other(self, deployed: Deployed, clock: Clock) -> None:
        deployed.rules(TYPED)
        deployed.dataworks.parameters = "extension.project.disabled=90214"
        deployed.handle("commit-file", {"fileType": 10})
        clock.seconds += PARAMETERS_TTL_S
        deployed.dataworks.failing[REGISTRATION] = (500, "InternalError")
        assert deployed.handle("commit-file", {"fileType": 10}) == "OK"
        assert deployed.warnings[0].startswith("an earlier answer is used: GetExtension: HTTP 500: ")

    @pytest.mark.parametrize(
        "variables",
        [{"DATAWORKS_CALLBACK": "off"}, {"DATAWORKS_EXTENSION_CODE": ""}, {"EXTENSION_MODE": "shadow"}],
    )
    def test_they_are_not_asked_where_they_can_change_nothing(
        self, deployed: Deployed, variables: dict[str, str]
    ) -> None:
        deployed.function.set(**variables)
        deployed.rules(TYPED)
        assert deployed.handle("commit-file", {"fileType": 10}) == ("OK" if "EXTENSION_MODE" in variables else "FAIL")
        assert deployed.asked == []
        assert not [warning for warning in deployed.warnings if "parameters" in warning]

    def test_they_are_not_asked_for_a_notification(self, deployed: Deployed) -> None:
        deployed.rules(TYPED)
        body = {"messageId": "m-1", "eventType": "commit-file", "blockBusiness": False}
        deployed.function.handle(json.dumps({**body, "messageBody": {**WHO, "fileType": 10}}).encode())
        assert deployed.function.log[-1]["result"] == "FAIL"
        assert deployed.asked == []


INSTANCE = "GetInstance"
PRODUCTION = "on: pre-kill-instance, check: instance.environment, with: {allow: [DEV]}, on_error: WARN"


class TestInstances:
    """The instances that an operation is about."""

    @pytest.mark.parametrize("count", [1, 20])
    def test_each_is_asked_for_once(self, deployed: Deployed, count: int) -> None:
        deployed.rules(PRODUCTION)
        deployed.dataworks.instances["*"] = {"NodeId": 1, "NodeName": "n"}
        ids = list(range(1, count + 1))
        assert deployed.handle("pre-kill-instance", {"taskIds": [*ids, *ids]}) == "FAIL"
        asked = [parameters for action, parameters in deployed.asked if action == INSTANCE]
        assert asked == [{"InstanceId": str(number), "ProjectEnv": "PROD"} for number in ids]

    @pytest.mark.parametrize("count", [0, 21])
    def test_none_and_too_many_are_not_asked_for(self, deployed: Deployed, count: int) -> None:
        deployed.rules(PRODUCTION)
        assert deployed.handle("pre-kill-instance", {"taskIds": list(range(count))}) == "WARN"
        assert deployed.errors == [f"the message names {count} instances; 1 to 20 are asked for"]
        assert INSTANCE not in deployed.actions
        assert ("at most 20 instances" in deployed.function.log[-1]["findings"][0]["text"]) is (count > 0)

    def test_the_asking_stops_in_time_also_in_the_middle_of_one_question(
        self, deployed: Deployed, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An instance is asked for twice where it is not in production; the last call that may begin is the eighth."""
        deployed.rules(PRODUCTION)
        deployed.dataworks.instances["*"] = {"NodeId": 1, "ProjectEnv": "DEV"}
        take_s(deployed, clock, monkeypatch, 4.9)
        assert deployed.handle("pre-kill-instance", {"taskIds": [*range(1, 21)]}) == "WARN"
        assert deployed.errors == ["no time was left to call DataWorks"]
        assert deployed.actions.count(INSTANCE) == 8

    def test_an_instance_that_is_not_in_production_is_looked_for_in_development(self, deployed: Deployed) -> None:
        deployed.rules(PRODUCTION)
        deployed.dataworks.instances["7"] = {"NodeId": 1, "ProjectEnv": "DEV"}
        assert deployed.handle("pre-kill-instance", {"taskIds": [7]}) == "OK"
        assert [parameters["ProjectEnv"] for _, parameters in deployed.asked] == ["PROD", "DEV"]

    def test_one_that_cannot_be_had_is_a_finding_under_on_error_and_ends_the_asking(self, deployed: Deployed) -> None:
        deployed.rules(PRODUCTION)
        deployed.dataworks.instances["9"] = {"NodeId": 1}
        assert deployed.handle("pre-kill-instance", {"taskIds": [8, 9]}) == "WARN"
        assert str(deployed.errors[0]).startswith("GetInstance: HTTP 404: InvalidInstanceId.NotFound: ")
        assert {parameters.get("InstanceId", "8") for _, parameters in deployed.asked} == {"8"}

    def test_an_event_that_has_no_instances_is_a_finding_and_no_crash(
        self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A custom check may need what its event cannot have."""
        check = msgspec.structs.replace(registry.BY_ID["file.owner"], needs=frozenset({Need.INSTANCES}))
        monkeypatch.setitem(registry.BY_ID, "file.owner", check)
        deployed.rules("on: commit-file, check: file.owner, on_error: WARN")
        assert deployed.handle("commit-file") == "WARN"
        assert deployed.errors == ["the message names 0 instances; 1 to 20 are asked for"]


class TestAsked:
    """The log says what was asked, and what can have decided of what was answered."""

    def test_each_question_is_listed_with_whether_it_was_put_and_what_went_wrong(self, deployed: Deployed) -> None:
        deployed.rules(
            f"on: commit-file, {BANNED}, on_error: WARN", f"on: commit-file, {ADMINS}, options: {{result: o}}"
        )
        deployed.dataworks.members["90214"] = {"149318": ["role_project_admin"]}
        for _ in range(2):
            deployed.handle("commit-file")
        first, second = ([(each["action"], each["cached"]) for each in line["asked"]] for line in deployed.function.log)
        assert first == [(DETAIL, False), (MEMBERS, False), (OPTIONS, False), (REGISTRATION, False)]
        assert second == [(DETAIL, False), (MEMBERS, True), (OPTIONS, True), (REGISTRATION, True)]
        for line in deployed.function.log:
            detail, *others = (each["error"] for each in line["asked"])
            assert detail.startswith("GetIDEEventDetail: HTTP 404: ")
            assert others == ["", "", ""]
        assert len(deployed.actions) == 5

    def test_an_earlier_answer_is_listed_with_what_went_wrong(self, deployed: Deployed, clock: Clock) -> None:
        deployed.rules(ROWS)
        deployed.dataworks.options["90214"] = {"maxRows": "10"}
        deployed.handle("download-resources", TEN_ROWS)
        clock.seconds += OPTIONS_TTL_S
        deployed.dataworks.failing[OPTIONS] = (500, "InternalError")
        for cached in (False, True):
            deployed.handle("download-resources", TEN_ROWS)
            (each,) = deployed.function.log[-1]["asked"]
            assert (each["action"], each["cached"]) == (OPTIONS, cached)
            assert each["error"].startswith("GetOptionValueForProject: HTTP 500: InternalError: ")

    def test_what_could_not_be_asked_is_listed_too(self, deployed: Deployed) -> None:
        deployed.rules(ROWS)
        deployed.handle("download-resources", {"dataRowSize": 1, "projectId": None})
        assert deployed.function.log[-1]["asked"] == [
            {"action": OPTIONS, "cached": False, "calls": 0, "error": "projectId: is not in the message"}
        ]

    def test_an_event_for_which_nothing_is_asked_lists_nothing(self, deployed: Deployed) -> None:
        deployed.rules(TYPED)
        deployed.handle("commit-file", {"fileType": 6})
        line = deployed.function.log[-1]
        assert (line["asked"], line["answers"]) == ([], {})

    def test_options_that_rules_have_are_logged_and_no_others(self, deployed: Deployed) -> None:
        deployed.rules(ROWS, f"{ROWS.replace('maxRows', 'of_another')}, workspaces: 1")
        deployed.dataworks.options["*"] = {"maxRows": "10", "other": "x", "of_another": 1, "level": "WARN"}
        deployed.handle("download-resources", TEN_ROWS)
        assert deployed.function.log[-1]["answers"] == {"options": {"level": "WARN", "maxRows": "10"}}

    def test_what_a_workspace_has_set_is_logged_in_short(self, deployed: Deployed) -> None:
        keys = ("text", "list", "map", "number", "none", "flag")
        deployed.rules(*[f"on: download-resources, when: 'true', options: {{result: {key}}}" for key in keys])
        deployed.dataworks.options["*"] = {
            "text": "<b>" + "x" * 500,
            "list": [1, "a", *range(50)],
            "map": {"a": "x" * 500},
            "number": 7,
            "none": None,
            "flag": True,
        }
        deployed.handle("download-resources")
        options = deployed.function.log[-1]["answers"]["options"]
        assert (options["text"][:4], len(options["text"])) == ("‹b›x", 120)
        assert (options["list"][:3], len(options["list"])) == ([1, "a", 0], 20)
        assert (options["map"][:7], len(options["map"])) == ("{'a': '", 120)
        assert (options["number"], options["none"], options["flag"]) == (7, None, True)

    def test_roles_are_logged_where_they_were_asked_for(self, deployed: Deployed) -> None:
        deployed.rules(f"on: freeze-node, {ADMINS}")
        deployed.dataworks.members["90214"] = {"149318": ["role_project_dev", "role_project_admin"], "2": []}
        deployed.handle("freeze-node")
        assert deployed.function.log[-1]["answers"] == {"roles": ["role_project_admin", "role_project_dev"]}
        deployed.handle("freeze-node", {"operator": "2"})
        assert deployed.function.log[-1]["answers"] == {"roles": []}
        deployed.handle("freeze-node", {"projectId": 7})
        assert deployed.function.log[-1]["answers"] == {}


class TestSecrets:
    """Code, SQL and secrets stay where they are."""

    MARK = "Zx81Marker"

    @pytest.mark.no_cover
    def test_none_gets_into_a_log_a_message_or_an_error(
        self, function: Function, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        mark = self.MARK
        server = key()
        token = f"{mark}Token{server.security_token}"
        known = Credentials(f"KEY{mark[::-1]}", f"{mark}Secret", token)
        seen: list[str] = []
        with DataWorks(keys=[known], extension_code=EXTENSION_CODE) as dataworks:
            function.set(DATAWORKS_ENDPOINT=dataworks.url)
            deployed = Deployed(function, tmp_path)
            for secret in (known.access_key_secret, f"{mark}Wrong"):
                function.sign_with(Credentials(known.access_key_id, secret, token))
                for snapshot in self.snapshots():
                    dataworks.snapshots["*"] = snapshot
                    for failing in ({}, {DETAIL: (500, "InternalError")}, {"UpdateIDEEventResult": (403, "Forbidden")}):
                        dataworks.failing = failing
                        deployed.rules(*self.rules())
                        seen += self.run(function, "commit-file") + self.run(function, "download-resources")
                        seen += self.run(function, "commit-table")
            seen += [json.dumps(call.parameters) for call in dataworks.received]
        assert len(seen) > 100
        assert "r1" in "".join(seen)
        assert mark not in "".join(seen)
        assert mark not in caplog.text
        assert mark not in "".join(record.getMessage() for record in caplog.records)

    def snapshots(self) -> list[dict[str, object]]:
        """Answers with the marker in the code, where it belongs and where it does not."""
        code = f"-- {self.MARK}\nSELECT MAX_PT('{self.MARK}') FROM t; DROP TABLE {self.MARK};"
        return [
            {"CommittedFile": {"Content": code, "FileType": 10, "Owner": "149318", "FileName": "a.sql"}},
            {"CommittedFile": {"Content": [code], "FileType": code}},
            {"CommittedFile": code},
            {"TableModel": {"TableName": "t", "Comment": "c", "Location": code, "Columns": []}},
        ]

    def rules(self) -> list[str]:
        """Rules of every kind, those that hit, those that raise and those that lack something."""
        return [
            f"on: commit-file, {BANNED}",
            f"on: commit-file, {BANNED}, message: 'No: {{rule}} {{event}}'",
            "on: commit-file, check: file.functions, with: {deny: [max_pt]}",
            "on: commit-file, check: file.size, with: {max: 3B}",
            "on: commit-table, check: table.comment, with: {columns: true}",
            "on: download-resources, when: event.sqlText.contains('MAX_PT'), options: {result: level}",
            "on: download-resources, when: 'int(event.sqlText) > 5'",
            "on: download-resources, when: event.sqlText.matches('.*DROP.*') && event.fileSize > 1",
            "on: download-resources, when: event.sqlText + 'x' == event.fileName + event.moduleType",
        ]

    def run(self, function: Function, code: str) -> list[str]:
        """What is told to whom of an event in both of its envelopes."""
        sql = f"SELECT MAX_PT('{self.MARK}'); DROP TABLE {self.MARK}"
        data = {**WHO, "sqlText": sql, "dataRowSize": 10, "fileName": "a.csv", "fileType": 10}
        told = []
        for body in (
            {"messageId": "m-1", "eventType": code, "blockBusiness": True, "messageBody": data},
            {"id": "m-1", "source": "acs.dataworks", "data": {"eventCode": code, **data}},
        ):
            try:
                told.append(json.dumps(function.handle(json.dumps(body).encode())))
            except PlatformError as error:
                told += [str(error), repr(error), "".join(traceback.format_exception(error, chain=True))]
        return told + [json.dumps(line) for line in function.log]


def test_every_sample_is_answered_whatever_is_asked(deployed: Deployed) -> None:
    """Under rules that need everything, with a platform that has nothing."""
    deployed.rules(
        "on: '*', when: 'operator.roles.size() > 0', on_error: WARN",
        "on: '*', check: operator.roles, with: {allow: [a]}, on_error: WARN",
        f"on: file-change, {BANNED}, on_error: WARN",
        "on: table-change, check: table.comment, with: {columns: true}, on_error: WARN",
        PRODUCTION.replace("pre-kill-instance", "instance-change"),
        ROWS,
    )
    for path in sorted(EVENTS.glob("*.json")):
        deployed.function.handle(path.read_bytes())
    assert len(deployed.function.log) == len(list(EVENTS.glob("*.json")))
    assert {line["event"] for line in deployed.function.log} == {"verdict"}
