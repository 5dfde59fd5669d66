"""What is read comes as it is, and a verdict is posted as each API wants it: over real sockets and both clients."""

import random
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping

import pytest

from extension import dataworks
from extension.dataworks import (
    ATTEMPTS,
    CALL_S,
    MEMBER_PAGES,
    MEMBERS_PER_PAGE,
    MESSAGE_PARAMETERS,
    READS,
    SPARED_S,
    Cache,
    Credentials,
    Guarded,
    Line,
    NoTimeError,
    Posted,
    Transport,
    post,
)
from extension.errors import PlatformError
from extension.events import Callback
from extension.faults import Fault, Outage
from extension.local import DataWorks, _Request
from extension.overtime import Workers
from extension.storage import ROOT
from extension.verdict import Result
from tests.fakes import (
    CODE,
    LEFT_TO_THE_COLLECTOR,
    PLAIN,
    TEMPORARY,
    answering,
    by_client,
    endpoint,
    parameters,
    transport_to,
)

pytestmark = pytest.mark.usefixtures("client")

MESSAGE_ID = "8d1a5c7e-52f0-4f4e-9f7d-3f4b1f6f7c21"
WORKSPACE = "90214"
INSTANCE = "700007182934"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's proxy does not lead to our loopback."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "DEBUG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[DataWorks]:
    with DataWorks(keys=[PLAIN, TEMPORARY], extension_code=CODE) as served:
        yield served


def open_line(host: str) -> Line:
    """The client that is chosen on a line that does not wait between two calls."""
    return Line(transport_to(host), Workers(), clock=time.monotonic, pause=lambda _: None, until=time.monotonic() + 20)


def post_to(
    transport: Transport,
    action: Callback = Callback.EXTENSION,
    result: Result = Result.FAIL,
    *,
    message: str = "too many rows",
    extension_code: str = CODE,
) -> Posted:
    return post(
        transport,
        TEMPORARY,
        action,
        extension_code=extension_code,
        message_id=MESSAGE_ID,
        result=result,
        message=message,
    )


@pytest.mark.parametrize(
    ("action", "name"),
    [
        (Callback.IDE, "CheckResultTip"),
        (Callback.WORKBENCH, "CheckResultTip"),
        (Callback.EXTENSION, "CheckMessage"),
    ],
)
def test_the_message_goes_into_the_parameter_of_the_api(server: DataWorks, action: Callback, name: str) -> None:
    posted = post_to(open_line(endpoint(server)), action, message="下载行数超过上限")
    (received,) = server.received
    assert received.action == action
    assert received.parameters == {
        "ExtensionCode": CODE,
        "MessageId": MESSAGE_ID,
        "CheckResult": "FAIL",
        name: "下载行数超过上限",
    }
    assert posted == Posted(action=action, result=Result.FAIL, request_id=received.request_id)


@pytest.mark.parametrize("action", Callback)
def test_an_empty_message_is_not_posted(server: DataWorks, action: Callback) -> None:
    post_to(open_line(endpoint(server)), action, Result.OK, message="")
    (received,) = server.received
    assert received.parameters == {"ExtensionCode": CODE, "MessageId": MESSAGE_ID, "CheckResult": "OK"}


@pytest.mark.parametrize("action", Callback)
@pytest.mark.parametrize("result", [Result.OK, Result.FAIL])
def test_what_is_posted_is_told(server: DataWorks, action: Callback, result: Result) -> None:
    posted = post_to(open_line(endpoint(server)), action, result)
    (received,) = server.received
    assert received.parameters["CheckResult"] == posted.result == result


@pytest.mark.parametrize("message", ["slow down", ""])
def test_a_warning_that_the_workbench_refuses_is_posted_again_as_ok(server: DataWorks, message: str) -> None:
    posted = post_to(open_line(endpoint(server)), Callback.WORKBENCH, Result.WARN, message=message)
    refused, taken = server.received
    assert (refused.status, refused.code) == (400, "InvalidParameter.CheckResult")
    assert refused.parameters["CheckResult"] == "WARN"
    assert taken.status == 200
    assert taken.parameters == refused.parameters | {"CheckResult": "OK"}
    assert taken.parameters.get("CheckResultTip", "") == message
    assert posted == Posted(action=Callback.WORKBENCH, result=Result.OK, request_id=taken.request_id)


@pytest.mark.parametrize("action", [Callback.IDE, Callback.EXTENSION])
def test_the_others_take_a_warning(server: DataWorks, action: Callback) -> None:
    posted = post_to(open_line(endpoint(server)), action, Result.WARN)
    (received,) = server.received
    assert received.parameters["CheckResult"] == posted.result == Result.WARN


@pytest.mark.parametrize(
    ("action", "result"),
    [
        (Callback.WORKBENCH, Result.FAIL),
        (Callback.WORKBENCH, Result.OK),
        (Callback.IDE, Result.WARN),
        (Callback.EXTENSION, Result.WARN),
    ],
)
def test_nothing_else_that_is_refused_is_posted_again(server: DataWorks, action: Callback, result: Result) -> None:
    with pytest.raises(PlatformError) as caught:
        post_to(open_line(endpoint(server)), action, result, extension_code="ext-other")
    (received,) = server.received
    assert caught.value.code == received.code == "InvalidParameter.ExtensionCode"


def test_a_warning_that_is_refused_as_ok_too_is_an_error(server: DataWorks) -> None:
    with pytest.raises(PlatformError) as caught:
        post_to(open_line(endpoint(server)), Callback.WORKBENCH, Result.WARN, extension_code="ext-other")
    assert [received.parameters["CheckResult"] for received in server.received] == ["WARN", "OK"]
    assert caught.value.request_id == server.received[-1].request_id
    shown = "".join(traceback.format_exception(caught.value))
    assert TEMPORARY.security_token not in shown
    assert TEMPORARY.access_key_secret not in shown


@pytest.mark.parametrize(
    ("status", "code"), [(429, "Throttling.User"), (500, "InternalError"), (403, "Forbidden.Access")]
)
def test_a_warning_that_can_succeed_later_is_not_turned_into_ok(status: int, code: str) -> None:
    with answering(status, {"RequestId": "R-1", "Code": code, "Message": "later"}) as stub:
        with pytest.raises(PlatformError) as caught:
            post_to(open_line(stub.endpoint), Callback.WORKBENCH, Result.WARN)
        assert len(stub.requests) == (1 if status == 403 else ATTEMPTS)
    assert (caught.value.status, caught.value.code) == (status, code)


@pytest.mark.parametrize("success", ["false", "False", "FALSE", False])
@pytest.mark.parametrize("action", [Callback.EXTENSION, Callback.WORKBENCH])
def test_an_answer_without_success_is_an_error(action: Callback, *, success: bool | str) -> None:
    """UpdateIDEEventResult answers with a RequestId alone."""
    with answering(200, {"RequestId": "R-1", "Success": success}) as stub:
        with pytest.raises(PlatformError, match="Success=false") as caught:
            post_to(open_line(stub.endpoint), action, Result.FAIL)
        assert len(stub.requests) == 1
    assert (caught.value.action, caught.value.status, caught.value.request_id) == (action, 200, "R-1")
    assert not caught.value.refused


@pytest.mark.parametrize(
    ("action", "answer", "posts"),
    [
        (Callback.WORKBENCH, {"Success": False}, 2),
        (Callback.WORKBENCH, {"Success": "false"}, 2),
        (Callback.EXTENSION, {"Success": "false"}, 1),
    ],
)
def test_a_warning_that_the_workbench_takes_without_success_is_posted_again_as_ok(
    action: Callback, answer: dict[str, object], posts: int
) -> None:
    with answering(200, {"RequestId": "R-1", **answer}) as stub:
        with pytest.raises(PlatformError):
            post_to(open_line(stub.endpoint), action, Result.WARN)
        assert len(stub.requests) == posts
        assert [("CheckResult=OK" in head) for head in stub.requests] == [False, True][:posts]


@pytest.mark.parametrize("success", [{"Success": "true"}, {"Success": True}, {}])
def test_an_answer_with_success_or_without_a_word_of_it_is_taken(success: dict[str, object]) -> None:
    with answering(200, {"RequestId": "R-1", **success}) as stub:
        assert post_to(open_line(stub.endpoint)).request_id == "R-1"


def test_every_api_has_a_parameter_for_the_message() -> None:
    assert set(MESSAGE_PARAMETERS) == set(Callback)


READERS: dict[str, Callable[[Transport], object]] = {
    "GetIDEEventDetail": lambda transport: dataworks.event_detail(
        transport, TEMPORARY, message_id=MESSAGE_ID, workspace=WORKSPACE
    ),
    "GetOptionValueForProject": lambda transport: dataworks.option_values(
        transport, TEMPORARY, extension_code=CODE, workspace=WORKSPACE
    ),
    "GetExtension": lambda transport: dataworks.extension_parameters(transport, TEMPORARY, extension_code=CODE),
    "ListProjectMembers": lambda transport: dataworks.member_roles(transport, TEMPORARY, workspace=WORKSPACE),
    "GetInstance": lambda transport: dataworks.instance(transport, TEMPORARY, instance_id=INSTANCE),
}


def read_from(server: DataWorks, action: str) -> object:
    return READERS[action](open_line(endpoint(server)))


def read_answer(action: str, answer: object) -> object:
    """What is read from one answer, which the platform gives to everything."""
    with answering(200, answer) as stub:
        return READERS[action](open_line(stub.endpoint))


def fail_to_read(action: str, answer: object) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        read_answer(action, answer)
    assert caught.value.action == action
    return caught.value


COMMITTED = {
    "ChangeType": "UPDATE",
    "Content": "SELECT 1;\n-- 数据 🚫",
    "FileId": 503412830,
    "FileType": 10,
    "FilePropertyContent": {"Owner": "1902847365091735"},
    "NodeConfiguration": {
        "CronExpress": "00 00 02 * * ?",
        "InputList": [{"Input": "root", "ParseType": "MANUAL"}],
        "OutputList": [],
    },
}
TABLE = {"TableName": "orders", "LifeCycle": 7, "Columns": [{"ColumnName": "id", "IsPartitionColumn": False}]}


def test_every_action_that_reads_is_tested() -> None:
    assert set(READERS) == set(READS)


@pytest.mark.parametrize(
    "detail",
    [
        {"CommittedFile": COMMITTED},
        {"DeletedFile": {"FileName": "a.sql", "Content": ""}},
        {"FileExecutionCommand": {"Content": "SHOW TABLES;", "FileType": 10}},
        {"TableModel": TABLE},
        {"CommittedFile": COMMITTED, "TableModel": TABLE},
    ],
    ids="+".join,
)
def test_a_snapshot_is_given_as_it_is(server: DataWorks, detail: Mapping[str, object]) -> None:
    server.snapshots[MESSAGE_ID] = detail
    assert read_from(server, "GetIDEEventDetail") == detail
    assert server.received[0].parameters == {"MessageId": MESSAGE_ID, "ProjectId": WORKSPACE}


@pytest.mark.parametrize("empty", [None, {}, {"FileName": "", "Content": None}])
def test_a_member_of_a_snapshot_that_says_nothing_is_left_out(empty: object) -> None:
    detail = {"CommittedFile": COMMITTED, "DeletedFile": empty, "TableModel": empty}
    assert read_answer("GetIDEEventDetail", {"RequestId": "R-1", "EventDetail": detail}) == {"CommittedFile": COMMITTED}


@pytest.mark.parametrize("detail", [{}, {"CommittedFile": {}}, {"TableModel": None}, {"NodeModel": {"Id": 1}}, []])
def test_a_snapshot_without_a_member_cannot_be_read(detail: object) -> None:
    error = fail_to_read("GetIDEEventDetail", {"RequestId": "R-1", "EventDetail": detail})
    assert (error.status, error.code, error.request_id) == (200, "UnreadableAnswer", "R-1")
    unlike = by_client(light="Expected `object`, got `array` - at `$.EventDetail`", sdk="")
    assert error.message == ((detail == [] and unlike) or "no member of EventDetail is filled")


@pytest.mark.parametrize(
    "saved",
    [{"checkStatus": "FAIL", "limit": 3, "tables": ["a", "b"], "nested": {"on": True}}, {"说明": "数据 🚫"}, {}],
)
def test_options_are_given_as_the_workspace_chose_them(server: DataWorks, saved: dict[str, object]) -> None:
    server.options[WORKSPACE] = saved
    assert read_from(server, "GetOptionValueForProject") == saved
    assert server.received[0].parameters == {"ExtensionCode": CODE, "ProjectId": WORKSPACE}


def test_a_workspace_that_chose_nothing_has_no_options(server: DataWorks) -> None:
    assert read_from(server, "GetOptionValueForProject") == {}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"OptionValue": None},
        {"OptionValue": ""},
        {"OptionValue": " "},
        {"OptionValue": "{}"},
        {"OptionValue": "\n{ }\n"},
        {"OptionValue": "null"},
        {"OptionValue": {}},
    ],
    ids=str,
)
def test_no_options_come_in_many_forms(answer: dict[str, object]) -> None:
    assert read_answer("GetOptionValueForProject", {"RequestId": "R-1", **answer}) == {}


def test_options_may_be_an_object_that_is_no_text() -> None:
    answer = {"RequestId": "R-1", "OptionValue": {"cuNumber": 0}}
    assert read_answer("GetOptionValueForProject", answer) == {"cuNumber": 0}


@pytest.mark.parametrize(
    "value",
    [
        "hunter2",
        '{"password": "hunter2"',
        '["hunter2"]',
        '"hunter2"',
        "17",
        "true",
        '{"a": NaN, "password": "hunter2"}',
        '{"password": "hunter2\\ud800"}',
        "\ud800hunter2",
        '{"hunter2":' * 100_000,
        '{"hunter2": 1}, {}',
    ],
    ids=lambda value: value[:20].encode("ascii", "replace").decode(),
)
def test_options_that_are_no_object_are_an_error_that_does_not_quote_them(value: str) -> None:
    error = fail_to_read("GetOptionValueForProject", {"RequestId": "R-1", "OptionValue": value})
    assert (error.status, error.code, error.request_id) == (200, "UnreadableAnswer", "R-1")
    assert error.message == "OptionValue is no object of JSON"
    assert "hunter2" not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("text", ["", "extension.project.disabled=1,2\r\nlimit=数据 100%\n", " a = b "])
def test_parameters_are_given_as_they_were_registered(server: DataWorks, text: str) -> None:
    server.parameters = text
    assert read_from(server, "GetExtension") == text
    assert server.received[0].parameters == {"ExtensionCode": CODE}


@pytest.mark.parametrize("extension", [{}, {"ParameterSetting": None}, {"Status": 1}])
def test_an_extension_without_parameters_has_none(extension: object) -> None:
    assert read_answer("GetExtension", {"RequestId": "R-1", "Extension": extension}) == ""


def test_an_extension_that_is_a_list_has_none_for_the_sdk_and_cannot_be_read_by_us() -> None:
    said: dict[str, object] = {"RequestId": "R-1", "Extension": []}
    if by_client(light=False, sdk=True):
        assert read_answer("GetExtension", said) == ""
    else:
        assert fail_to_read("GetExtension", said).code == "UnreadableAnswer"


@pytest.mark.parametrize(
    ("count", "pages"),
    [(0, 1), (1, 1), (100, 1), (101, 2), (200, 2), (201, 3), (MEMBER_PAGES * MEMBERS_PER_PAGE, MEMBER_PAGES)],
)
def test_members_are_read_page_by_page(server: DataWorks, count: int, pages: int) -> None:
    members = {str(1000 + number): ["role_project_dev", f"role_{number}"] for number in range(count)}
    server.members[WORKSPACE] = members
    read = read_from(server, "ListProjectMembers")
    assert read == {member: frozenset(roles) for member, roles in members.items()}
    assert [received.parameters for received in server.received] == [
        {"ProjectId": WORKSPACE, "PageNumber": str(page), "PageSize": "100"} for page in range(1, pages + 1)
    ]


def test_more_members_than_can_be_read_are_an_error(server: DataWorks) -> None:
    server.members[WORKSPACE] = {str(number): () for number in range(MEMBER_PAGES * MEMBERS_PER_PAGE + 1)}
    with pytest.raises(PlatformError, match="more than 3000 members") as caught:
        read_from(server, "ListProjectMembers")
    assert len(server.received) == MEMBER_PAGES
    assert caught.value.code == "UnreadableAnswer"
    assert caught.value.request_id == server.received[-1].request_id


class Miscounting(DataWorks):
    """The embedded DataWorks, with a word of its own on how many members there are."""

    total: object = 0

    def answer(self, request: _Request) -> tuple[int, dict[str, object]]:
        """Answer as ever, and give the number another value."""
        status, body = super().answer(request)
        data = body["Data"]
        assert isinstance(data, dict)
        data["TotalCount"] = self.total
        return status, body


@pytest.mark.parametrize(("total", "pages"), [(0, 3), (99, 3), (102, 3), (10**9, 3), (None, 3), (100, 1)])
def test_a_wrong_number_of_members_is_not_believed(total: object, pages: int) -> None:
    """Unless it is that of a full page: then nothing says that there is more."""
    with Miscounting(keys=[TEMPORARY], extension_code=CODE) as server:
        server.members[WORKSPACE] = {str(number): ["role_project_dev"] for number in range(101)}
        server.total = total
        read = dataworks.member_roles(open_line(endpoint(server)), TEMPORARY, workspace=WORKSPACE)
    assert len(server.received) == pages
    assert len(read) == (101 if pages > 1 else 100)


def members(*listed: object, total: int = 1) -> dict[str, object]:
    return {"RequestId": "R-1", "Data": {"ProjectMemberList": listed, "TotalCount": total}}


def test_a_member_that_is_listed_twice_has_the_roles_of_both() -> None:
    one = {"ProjectMemberId": "1", "ProjectRoleList": [{"ProjectRoleCode": "a"}, {"ProjectRoleCode": "b"}]}
    two = {"ProjectMemberId": "1", "ProjectRoleList": [{"ProjectRoleCode": "b"}, {"ProjectRoleCode": "c"}]}
    assert read_answer("ListProjectMembers", members(one, two, total=2)) == {"1": frozenset("abc")}


@pytest.mark.parametrize("roles", [[], None, [{}], [None], [{"ProjectRoleCode": None}], [{"ProjectRoleCode": ""}]])
def test_a_member_may_have_no_role(roles: object) -> None:
    member = {"ProjectMemberId": "1", "ProjectRoleList": roles}
    assert read_answer("ListProjectMembers", members(member)) == {"1": frozenset()}


def test_the_id_of_a_member_may_be_a_number() -> None:
    member = {"ProjectMemberId": 1902847365091735, "ProjectRoleList": [{"ProjectRoleCode": "a"}]}
    assert read_answer("ListProjectMembers", members(member)) == {"1902847365091735": frozenset("a")}


@pytest.mark.parametrize(("environment", "asked"), [("PROD", ["PROD"]), ("DEV", ["PROD", "DEV"])])
def test_an_instance_says_in_which_environment_it_is(server: DataWorks, environment: str, asked: list[str]) -> None:
    data = {"InstanceId": int(INSTANCE), "NodeId": 700005421003, "Repeatability": False, "Status": "FAILURE"}
    server.instances[INSTANCE] = data | {"ProjectEnv": environment}
    assert read_from(server, "GetInstance") == data | {"ProjectEnv": environment}
    assert [received.parameters for received in server.received] == [
        {"InstanceId": INSTANCE, "ProjectEnv": name} for name in asked
    ]


def test_an_instance_that_is_in_neither_environment_is_an_error(server: DataWorks) -> None:
    with pytest.raises(PlatformError) as caught:
        read_from(server, "GetInstance")
    assert (caught.value.refused, caught.value.code) == (True, "InvalidInstanceId.NotFound")
    assert [received.parameters["ProjectEnv"] for received in server.received] == ["PROD", "DEV"]


FAILED = {"RequestId": "R-1", "Success": False, "HttpStatusCode": 400, "ErrorCode": "Invalid\nX", "ErrorMessage": "why"}


@pytest.mark.parametrize(
    ("answer", "status", "code", "message", "calls"),
    [
        (FAILED, 400, "Invalid X", "why", 2),
        (FAILED | {"Success": "false"}, 400, "Invalid X", "why", 2),
        (FAILED | {"HttpStatusCode": 500}, 500, "Invalid X", "why", ATTEMPTS),
        (FAILED | {"HttpStatusCode": 429}, 429, "Invalid X", "why", ATTEMPTS),
        (FAILED | {"HttpStatusCode": "400"}, 200, "Invalid X", "why", 2),
        (FAILED | {"ErrorCode": "Throttling.User"}, 400, "Throttling.User", "why", ATTEMPTS),
        ({"RequestId": "R-1", "Success": False, "ErrorCode": "0"}, 200, "Success=false", "not taken", 2),
        ({"RequestId": "R-1", "Success": False}, 200, "Success=false", "not taken", 2),
        ({"RequestId": "R-1", "Success": False, "Data": {"Status": "RUNNING"}}, 200, "Success=false", "not taken", 2),
        ({"RequestId": "R-1", "Success": True}, 200, "UnreadableAnswer", "Object missing required field `Data`", 2),
    ],
)
def test_an_instance_that_is_not_given_is_looked_for_in_both_environments(
    answer: object, status: int, code: str, message: str, calls: int
) -> None:
    """Unless the answer says that the same question can succeed later."""
    with answering(200, answer) as stub:
        with pytest.raises(PlatformError) as caught:
            READERS["GetInstance"](open_line(stub.endpoint))
        assert len(stub.requests) == calls
    error = caught.value
    assert (error.action, error.status, error.code, error.message) == ("GetInstance", status, code, message)
    assert error.request_id == "R-1"


def test_an_error_of_an_instance_is_told_without_a_credential() -> None:
    said = FAILED | {"ErrorMessage": f"{TEMPORARY.access_key_secret} <b>" + "x" * 1000, "HttpStatusCode": 500}
    error = fail_to_read("GetInstance", said)
    assert error.message.startswith("*** ‹b›x")
    assert len(error.message) < 200


ODD = {
    "GetIDEEventDetail": [
        {},
        {"EventDetail": None},
        {"EventDetail": "text"},
        {"EventDetail": {"CommittedFile": "text"}},
        {"EventDetail": {"CommittedFile": ["text"]}},
    ],
    "GetOptionValueForProject": [{"OptionValue": 1}, {"OptionValue": ["a"]}, {"OptionValue": True}],
    "GetExtension": [
        {},
        {"Extension": None},
        {"Extension": "text"},
        {"Extension": {"ParameterSetting": 1}},
        {"Extension": {"ParameterSetting": ["a=b"]}},
    ],
    "ListProjectMembers": [
        {},
        {"Data": None},
        {"Data": "text"},
        {"Data": {"ProjectMemberList": 1}},
        {"Data": {"ProjectMemberList": ["text"]}},
        {"Data": {"ProjectMemberList": [None]}},
        {"Data": {"ProjectMemberList": [{"ProjectRoleList": []}]}},
        {"Data": {"ProjectMemberList": [{"ProjectMemberId": True}]}},
        {"Data": {"ProjectMemberList": [{"ProjectMemberId": "1", "ProjectRoleList": "text"}]}},
        {"Data": {"ProjectMemberList": [{"ProjectMemberId": "1", "ProjectRoleList": [{"ProjectRoleCode": 1}]}]}},
        {"Data": {"ProjectMemberList": [], "TotalCount": "many"}},
        {"Data": {"ProjectMemberList": 1, "\ud800": 1}},
    ],
    "GetInstance": [{}, {"Data": None}, {"Data": "text"}, {"Data": ["text"]}],
}


@pytest.mark.parametrize(("action", "answer"), [(action, answer) for action, odd in ODD.items() for answer in odd])
def test_an_answer_that_is_not_as_documented_is_an_error(action: str, answer: dict[str, object]) -> None:
    error = fail_to_read(action, {"RequestId": "R-1", **answer})
    assert error.code == "UnreadableAnswer"
    assert error.status in (0, 200)
    assert not error.refused


@pytest.mark.parametrize("columns", [1, ["id"], {"ColumnName": "id"}])
def test_what_is_odd_inside_a_snapshot_is_given_as_it_is(columns: object) -> None:
    """The SDK gives an answer that does not fit its models as it came: whoever reads a snapshot has to look."""
    detail = {"TableModel": {"TableName": "orders", "Columns": columns}, "CommittedFile": {"NodeId": 1, "Odd": 1}}
    assert read_answer("GetIDEEventDetail", {"RequestId": "R-1", "EventDetail": detail}) == detail


@pytest.mark.parametrize("action", READS)
@pytest.mark.parametrize(
    ("status", "code"), [(400, "InvalidX"), (403, "Forbidden.Access"), (429, "Throttling.User"), (503, "Busy")]
)
def test_what_the_platform_does_not_answer_is_an_error(server: DataWorks, action: str, status: int, code: str) -> None:
    server.failing[action] = (status, code)
    with pytest.raises(PlatformError) as caught:
        read_from(server, action)
    assert (caught.value.action, caught.value.status, caught.value.code) == (action, status, code)
    assert caught.value.request_id == server.received[-1].request_id
    calls = 2 if (action, status) == ("GetInstance", 400) else 1
    assert len(server.received) == (ATTEMPTS if caught.value.passing else calls)


class Platform:
    """A transport that answers as it is told to, and a clock that only moves while it is waited for."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        """HTTP statuses; the last one is given again and again. 0 is no answer."""
        self.within: list[float] = []
        self.pauses: list[float] = []
        self.now = 100.0
        self.takes_s = 0.0
        self.overslept_s = 0.0
        self.retry_after_s = 0.0

    def call(
        self, action: str, parameters: Mapping[str, str], credentials: Credentials, within_s: float = CALL_S
    ) -> Mapping[str, object]:
        assert (parameters, credentials) == ({"a": "b"}, PLAIN)
        self.within.append(within_s)
        self.now += self.takes_s
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if status == 200:
            return {"RequestId": "R-1"}
        raise PlatformError(
            action=action, status=status, code=f"C{status}", message="", request_id="", retry_after_s=self.retry_after_s
        )

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds + self.overslept_s

    def line(self, seconds: float) -> Line:
        return Line(self, Workers(), clock=lambda: self.now, pause=self.pause, until=self.now + seconds)

    def ask(self, seconds: float = 60) -> int:
        """Call within a time; the status of the answer, or of the error that is raised."""
        try:
            self.line(seconds).call("X", {"a": "b"}, PLAIN)
        except PlatformError as error:
            return error.status
        return 200


@pytest.fixture
def longest_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each random time the longest."""
    monkeypatch.setattr(random, "uniform", lambda _, high: high)


@pytest.mark.usefixtures("longest_waits")
class TestLine:
    """A call is made again while that can help and there is time for it."""

    @pytest.mark.parametrize(
        ("answers", "status", "calls"),
        [
            ((200,), 200, 1),
            ((0, 200), 200, 2),
            ((500, 503, 429, 200), 200, 4),
            ((500,), 500, ATTEMPTS),
            ((0,), 0, ATTEMPTS),
            ((429,), 429, ATTEMPTS),
            ((400,), 400, 1),
            ((403,), 403, 1),
            ((404,), 404, 1),
            ((408,), 408, 1),
            ((302,), 302, 1),
            ((500, 400), 400, 2),
            ((500, 0, 404), 404, 3),
        ],
    )
    def test_what_can_succeed_is_called_again(self, answers: tuple[int, ...], status: int, calls: int) -> None:
        platform = Platform(*answers)
        assert platform.ask() == status
        assert len(platform.within) == calls

    def test_waits_double_and_are_random_from_nothing_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        platform = Platform(500)
        platform.ask()
        assert platform.pauses == [0.2, 0.4, 0.8]
        monkeypatch.setattr(random, "uniform", lambda low, _: low)
        platform.ask()
        assert platform.pauses[3:] == [0, 0, 0]

    def test_waits_do_not_grow_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dataworks, "ATTEMPTS", 7)
        platform = Platform(500)
        platform.ask()
        assert platform.pauses == [0.2, 0.4, 0.8, 1.6, 2, 2]

    def test_the_platform_is_left_alone_as_long_as_it_wants(self) -> None:
        platform = Platform(429, 200)
        platform.retry_after_s = 7
        assert platform.ask() == 200
        assert platform.pauses == [7]

    @pytest.mark.parametrize(("seconds", "calls"), [(10, ATTEMPTS), (1.5, ATTEMPTS), (1, 3), (0.5, 2), (0.2, 1)])
    def test_nothing_is_begun_that_the_time_does_not_allow(self, seconds: float, calls: int) -> None:
        platform = Platform(503)
        assert platform.ask(seconds) == 503
        assert len(platform.within) == calls
        assert platform.now <= 100 + seconds

    def test_a_wait_that_was_longer_than_it_should_have_been_ends_it_with_the_error(self) -> None:
        platform = Platform(503, 200)
        platform.overslept_s = 60
        assert platform.ask() == 503
        assert len(platform.within) == 1

    @pytest.mark.parametrize("seconds", [0.04, 0, -5])
    def test_without_time_there_is_no_call(self, seconds: float) -> None:
        platform = Platform(200)
        line = platform.line(seconds)
        with pytest.raises(NoTimeError):
            line.call("X", {"a": "b"}, PLAIN)
        assert (platform.within, line.attempts) == ([], 0)

    def test_each_call_has_half_of_what_is_left_and_no_more_than_a_call_may_take(self) -> None:
        platform = Platform(0)
        platform.takes_s = 1
        platform.ask(6)
        assert platform.within == pytest.approx([3, (6 - 1.2) / 2, (6 - 2.6) / 2, (6 - 4.4) / 2])
        assert platform.ask(100) == 0
        assert platform.within[4:] == [CALL_S] * 4

    def test_calls_are_counted(self) -> None:
        platform = Platform(503, 200)
        line = platform.line(60)
        for calls in (2, 3):
            line.call("X", {"a": "b"}, PLAIN)
            assert line.attempts == calls

    @LEFT_TO_THE_COLLECTOR
    def test_an_answer_that_comes_too_slowly_is_left_behind(self) -> None:
        with DataWorks(keys=[PLAIN], extension_code=CODE) as server:
            server.faults["*"] = Outage(Fault.DRIP)
            line = Line(
                transport_to(endpoint(server)),
                Workers(),
                clock=time.monotonic,
                pause=lambda _: None,
                until=time.monotonic() + 4,
            )
            with pytest.raises(
                PlatformError, match=r"CallbackExtension: no usable answer: Timeout: no answer in [0-9]\."
            ):
                line.call("CallbackExtension", parameters(Callback.EXTENSION), PLAIN)
            assert line.attempts > 1

    def test_what_makes_calls_again_is_loaded_with_the_first_that_fails(self) -> None:
        """It takes 45 ms."""
        program = (
            "import sys; from tests.test_dataworks import Platform; first, second = Platform(200), Platform(503, 200)\n"
            "print(first.ask(), 'tenacity' in sys.modules, second.ask(), 'tenacity' in sys.modules)"
        )
        done = subprocess.run(  # noqa: S603  our own program
            [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
        )
        assert done.stdout.split() == ["200", "False", "200", "True"]


class Scripted:
    """A transport that does what it is told, call by call: raises a failure of a code, or answers with a text."""

    def __init__(self, *script: str, takes_s: float = 0) -> None:
        self.script = list(script)
        self.takes_s = takes_s
        self.within: list[float] = []

    def call(
        self, action: str, _: Mapping[str, str], __: Credentials, within_s: float = CALL_S
    ) -> Mapping[str, object]:
        """Do the next thing of the script; the last one again and again."""
        self.within.append(within_s)
        moment[0] += self.takes_s
        said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if said[0].isupper():
            raise PlatformError(action=action, status=400, code=said, message="no", request_id="")
        return {"RequestId": said}


moment = [1000.0]


class TestGuarded:
    """What one client may have done wrong the other one does again."""

    def guarded(self, first: Scripted, second: Scripted | None) -> Guarded:
        self.loaded = 0

        def load(_: float) -> Scripted | None:
            self.loaded += 1
            return second

        return Guarded(first, load, clock=lambda: moment[0])

    @staticmethod
    def ask(guarded: Guarded, within_s: float = 8) -> object:
        """The answer, or the code of the failure."""
        try:
            return guarded.call("GetExtension", {}, PLAIN, within_s)["RequestId"]
        except PlatformError as error:
            return error.code if error.__context__ is None else error.__context__

    @pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "IncompleteSignature", "UnreadableAnswer"])
    def test_what_may_be_the_first_ones_mistake_the_second_one_does(self, code: str) -> None:
        first, second = Scripted(code, takes_s=3), Scripted("b")
        guarded = self.guarded(first, second)
        assert self.ask(guarded) == "b"
        assert (first.within, second.within) == ([8], [5])
        assert code in guarded.doubt

    def test_and_from_then_on_everything(self) -> None:
        first, second = Scripted("SignatureDoesNotMatch", "a"), Scripted("b", "SignatureDoesNotMatch", "c")
        guarded = self.guarded(first, second)
        assert [self.ask(guarded) for _ in range(3)] == ["b", "SignatureDoesNotMatch", "c"]
        assert (len(first.within), self.loaded) == (1, 1)

    @pytest.mark.parametrize("code", ["Forbidden.RAM", "Throttling.User", "InvalidTimeStamp.Expired", "TimeoutError"])
    def test_what_is_not_is_not_tried_again(self, code: str) -> None:
        guarded = self.guarded(Scripted(code), Scripted("b"))
        assert self.ask(guarded) == code
        assert (self.loaded, guarded.doubt) == (0, "")

    def test_a_second_one_that_does_no_better_is_spared_for_a_while(self) -> None:
        first, second = Scripted("UnreadableAnswer"), Scripted("SignatureDoesNotMatch", "b")
        guarded = self.guarded(first, second)
        assert self.ask(guarded) == "SignatureDoesNotMatch"
        moment[0] += SPARED_S - 1
        assert self.ask(guarded) == "UnreadableAnswer"
        moment[0] += 1
        assert self.ask(guarded) == "b"

    def test_there_may_be_no_second_one_or_no_time_for_it(self) -> None:
        assert self.ask(self.guarded(Scripted("UnreadableAnswer"), None)) == "UnreadableAnswer"
        second = Scripted("b")
        assert self.ask(self.guarded(Scripted("UnreadableAnswer", takes_s=7.96), second)) == "UnreadableAnswer"
        assert second.within == []


class Source:
    """Something to fetch from that counts, and that fails where it is told to."""

    def __init__(self) -> None:
        self.calls = 0
        self.failing = False

    def fetch(self) -> str:
        self.calls += 1
        if self.failing:
            raise PlatformError(action="GetExtension", status=503, code="Busy", message=str(self.calls), request_id="")
        return f"value {self.calls}"


def test_what_is_fresh_is_not_fetched_again() -> None:
    source, cache = Source(), Cache[str](ttl_s=60)
    assert [cache.get("a", moment, source.fetch).value for moment in (5, 5, 64.9)] == ["value 1"] * 3
    assert [cache.get("a", moment, source.fetch).value for moment in (65, 124)] == ["value 2"] * 2
    assert cache.get("a", 125, source.fetch) == dataworks.Kept(value="value 3", error=None)


def test_each_key_has_a_value_of_its_own() -> None:
    source, cache = Source(), Cache[str](ttl_s=60)
    assert [cache.get(key, 0, source.fetch).value for key in ("a", "b", "a")] == ["value 1", "value 2", "value 1"]


def test_nothing_is_kept_for_no_time() -> None:
    source, cache = Source(), Cache[str](ttl_s=0)
    assert [cache.get("a", 7, source.fetch).value for _ in range(2)] == ["value 1", "value 2"]


def test_a_stale_value_serves_while_the_platform_fails() -> None:
    source, cache = Source(), Cache[str](ttl_s=60, retry_s=10)
    cache.get("a", 0, source.fetch)
    source.failing = True
    for moment, tried in [(60, 2), (69.9, 2), (70, 3), (79, 3)]:
        kept = cache.get("a", moment, source.fetch)
        assert kept.value == "value 1"
        assert kept.error is not None
        assert (kept.error.message, source.calls) == (str(tried), tried)
    source.failing = False
    assert cache.get("a", 80, source.fetch) == dataworks.Kept(value="value 4")
    assert cache.get("a", 139, source.fetch) == dataworks.Kept(value="value 4")


def test_without_a_value_the_error_is_raised_and_no_call_is_made_for_a_while() -> None:
    source, cache = Source(), Cache[str](ttl_s=60, retry_s=10)
    source.failing = True
    for moment, tried in [(0, 1), (5, 1), (9.9, 1), (10, 2), (19, 2)]:
        with pytest.raises(PlatformError) as caught:
            cache.get("a", moment, source.fetch)
        assert (caught.value.message, source.calls) == (str(tried), tried)
    source.failing = False
    assert cache.get("a", 20, source.fetch) == dataworks.Kept(value="value 3")


def test_where_nothing_stale_may_serve_the_error_is_raised_and_no_call_is_made_for_a_while() -> None:
    source, cache = Source(), Cache[str](ttl_s=60, retry_s=10, stale=False)
    assert [cache.get("a", moment, source.fetch).value for moment in (0, 59.9)] == ["value 1"] * 2
    source.failing = True
    for moment, tried in [(60, 2), (69.9, 2), (70, 3)]:
        with pytest.raises(PlatformError) as caught:
            cache.get("a", moment, source.fetch)
        assert (caught.value.message, source.calls) == (str(tried), tried)
    source.failing = False
    assert cache.get("a", 80, source.fetch) == dataworks.Kept(value="value 4")


def test_an_error_that_is_raised_again_does_not_grow() -> None:
    source, cache = Source(), Cache[str](ttl_s=60)
    source.failing = True
    lengths = set()
    for _ in range(5):
        with pytest.raises(PlatformError) as caught:
            cache.get("a", 0, source.fetch)
        lengths.add(len(traceback.extract_tb(caught.value.__traceback__)))
    assert lengths == {2}


def test_an_error_that_is_kept_holds_no_frames() -> None:
    source, cache = Source(), Cache[str](ttl_s=0)
    cache.get("a", 0, source.fetch)
    source.failing = True
    kept = cache.get("a", 0, source.fetch)
    assert kept.error is not None
    assert kept.error.__traceback__ is None


def test_another_error_is_nothing_to_keep() -> None:
    source, cache = Source(), Cache[str](ttl_s=60)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", 0, lambda: str(1 // 0))
    assert cache.get("a", 0, source.fetch).value == "value 1"


def test_what_was_fetched_first_makes_room() -> None:
    source, cache = Source(), Cache[str](ttl_s=60, size=2)
    for key, moment in [("a", 0), ("b", 1), ("a", 2), ("a", 60), ("c", 61)]:
        cache.get(key, moment, source.fetch)
    assert source.calls == 4
    assert cache.get("a", 62, source.fetch).value == "value 3"
    assert cache.get("c", 62, source.fetch).value == "value 4"
    assert cache.get("b", 62, source.fetch).value == "value 5"


def test_errors_are_kept_in_bounds_too() -> None:
    source, cache = Source(), Cache[str](ttl_s=60, size=2)
    source.failing = True
    for key in "abcd":
        with pytest.raises(PlatformError):
            cache.get(key, 0, source.fetch)
    assert len(cache._entries) == 2


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{!r}".format])
def test_credentials_show_nothing(show: Callable[[object], str]) -> None:
    assert show(TEMPORARY) == "Credentials(...)"


def test_credentials_inside_other_values_show_nothing() -> None:
    assert repr({"key": [TEMPORARY]}) == "{'key': [Credentials(...)]}"


def test_scrubbing_takes_secret_and_token_out() -> None:
    said = f"{TEMPORARY.access_key_id}:{TEMPORARY.access_key_secret}:{TEMPORARY.security_token}:{PLAIN.access_key_id}"
    assert TEMPORARY.scrub(said * 2) == f"{TEMPORARY.access_key_id}:***:***:{PLAIN.access_key_id}" * 2


def test_scrubbing_leaves_text_alone_that_holds_neither() -> None:
    assert PLAIN.scrub("nothing to see") == "nothing to see"
    assert Credentials("", "").scrub("nothing to see") == "nothing to see"
