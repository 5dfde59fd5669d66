"""Cases of a policy: what passes, what fails and says why, and what is wrong with a case file."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from extension import cases, storage
from extension.cases import Case, Report
from extension.errors import PolicyError
from tests.conftest import EVENTS

POLICY = """\
version: 1
language: en
rules:
  - {id: rows, on: resources-download, check: download.rows, with: {max: 10}, options: {max: maxRows, result: answer}}
  - {id: source, on: resources-download, check: download.source, with: {deny: [dw_excel]}, result: WARN}
  - {id: functions, on: commit-file, check: file.functions, with: {deny: [MAX_PT]}}
  - {id: comment, on: commit-table, check: table.comment}
  - {id: roles, on: commit-table, check: operator.roles, with: {deny: [role_project_guest]}}
  - {id: nodes, on: pre-kill-instance, check: instance.protected, with: {nodes: [7]}}
  - {id: limit, on: delete-project, when: '"strict" in parameters && parameters["strict"] == "true"'}
  - {id: night, on: delete-project, when: 'now.getHours("Asia/Shanghai") >= 22', mode: shadow}
"""

DOWNLOAD = {"moduleType": "develop_query", "dataRowSize": 11}


def folder(tmp_path: Path, text: str, policy: str = POLICY) -> Path:
    """A folder with a policy, and one file of cases."""
    (tmp_path / "policy.yaml").write_text(policy, encoding="utf-8")
    (tmp_path / "cases").mkdir(exist_ok=True)
    (tmp_path / "cases/a.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def case(keys: str, expect: str = "{result: FAIL}") -> str:
    """A file of one case; `keys` are in flow style, without the name."""
    return f"cases:\n  - {{name: one, {keys}, expect: {expect}}}\n"


def problems(tmp_path: Path, text: str, policy: str = POLICY) -> Sequence[str]:
    """What is wrong with the verdict on the only case, nothing where it passes."""
    (outcome,) = cases.run(folder(tmp_path, text, policy)).outcomes
    return outcome.problems


def only(tmp_path: Path, text: str) -> Case:
    """The only case of a file."""
    place = folder(tmp_path, text)
    (found,) = cases.read(place / "cases/a.yaml", storage.load(place / "policy.yaml"))
    return found


def refusal(tmp_path: Path, text: str) -> list[str]:
    """What a file of cases is refused with, without the folder."""
    with pytest.raises(PolicyError) as caught:
        cases.run(folder(tmp_path, text))
    return str(caught.value).replace(f"{tmp_path}/", "").split("\n")


# what all cases of a file share


DEFAULTS = (
    "defaults: {event: download-resources, now: 2026-11-11 10:00, data: {moduleType: sqlx_query, dataRowSize: 11}}\n"
)


def test_what_all_cases_of_a_file_share_stands_once_and_a_case_says_otherwise_for_itself(tmp_path: Path) -> None:
    text = DEFAULTS + (
        "cases:\n"
        "  - {name: shared, expect: {result: FAIL, findings: rows}}\n"
        "  - {name: data of its own on top, data: {dataRowSize: 10}, expect: {result: OK, findings: []}}\n"
        "  - {name: another event, event: commit-file, snapshot: {CommittedFile: {Content: x}},"
        " expect: {result: OK}}\n"
    )
    report = cases.run(folder(tmp_path, text))
    assert report.failed == ()
    assert [outcome.case.line for outcome in report.outcomes] == [3, 4, 5]
    assert {str(outcome.case.now) for outcome in report.outcomes} == {"2026-11-11 10:00:00+08:00"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "defaults: {evnt: x}\ncases: []\n",
            "cases/a.yaml:1: defaults.evnt: unknown key; known: data, event, instances,",
        ),
        ("defaults: {expect: {result: OK}}\ncases: []\n", "cases/a.yaml:1: defaults.expect: unknown key; known: data,"),
        ("defaults: [1]\ncases: []\n", "cases/a.yaml:1: defaults: expected a mapping, found a list"),
        (
            DEFAULTS.replace("10:00", "25:00") + case("roles: []"),
            "cases/a.yaml:1: cases[0].now: expected a moment such as",
        ),
    ],
)
def test_a_slip_in_what_is_shared_is_said_with_its_place(tmp_path: Path, text: str, line: str) -> None:
    assert refusal(tmp_path, text)[0].startswith(line)


def test_a_case_that_says_no_roles_is_one_of_a_platform_that_does_not_answer(tmp_path: Path) -> None:
    keys = "event: commit-table, snapshot: {TableModel: {TableName: t, Comment: x}}"
    (outcome,) = cases.run(folder(tmp_path, case(keys, "{result: FAIL, findings: roles}"))).outcomes
    assert outcome.problems == ()
    assert outcome.verdict.findings[0].error == "the case has no roles"


# what passes


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            case("event: download-resources, data: {moduleType: sqlx_query, dataRowSize: 10}", "{result: OK}"), id="OK"
        ),
        pytest.param(
            case(
                "event: download-resources, data: {moduleType: dw_excel, dataRowSize: 1}",
                "{result: WARN, findings: source, message: dw_excel}",
            ),
            id="WARN",
        ),
        pytest.param(
            case(
                "event: download-resources, data: {moduleType: dw_excel, dataRowSize: 11}",
                "{result: FAIL, findings: [source, rows], message: at most 10}",
            ),
            id="FAIL, findings in any order",
        ),
        pytest.param(
            case("event: download-resources, data: {moduleType: x, dataRowSize: 1}", "{result: OK, findings: []}"),
            id="no findings",
        ),
        pytest.param(
            case("event: delete-project, now: 2026-05-05 23:00", "{result: OK, findings: [night]}"),
            id="a finding in shadow",
        ),
        pytest.param(
            case(
                "event: commit-file, snapshot: {CommittedFile: {Content: 'select max_pt(1)'}}, data: {fileType: 10}",
                "{result: FAIL, message: max_pt}",
            ),
            id="a snapshot of code",
        ),
        pytest.param(
            case(
                "event: commit-table, snapshot: {TableModel: {TableName: t, Comment: x}}, roles: [role_project_dev]",
                "{result: OK}",
            ),
            id="a snapshot of a table, and roles",
        ),
        pytest.param(
            case(
                "event: commit-table, snapshot: {TableModel: {TableName: t, Comment: x}}, roles: [role_project_guest]",
                "{result: FAIL, findings: roles}",
            ),
            id="roles that are denied",
        ),
        pytest.param(
            case(
                "event: pre-kill-instance, data: {taskIds: [1]}, instances: [{InstanceId: 1, NodeId: 7, NodeName: n}]",
                "{result: FAIL, findings: nodes}",
            ),
            id="instances",
        ),
        pytest.param(
            case(
                f"event: download-resources, data: {json.dumps(DOWNLOAD)}, options: {{maxRows: '11'}}",
                "{result: OK}",
            ),
            id="options",
        ),
        pytest.param(case("event: delete-project, parameters: {strict: true}"), id="parameters"),
        pytest.param(
            case(
                "event: delete-project, parameters: {strict: true, extension.project.disabled: 5}, data: {projectId: 5}"
            ).replace("FAIL", "OK"),
            id="parameters that switch the extension off",
        ),
    ],
)
def test_a_case_passes_where_the_verdict_is_the_expected_one(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text) == ()


def test_the_files_of_a_folder_are_run_in_the_order_of_their_names(tmp_path: Path) -> None:
    place = folder(tmp_path, case("event: run-file", "{result: OK}").replace("one", "first"))
    (place / "cases/b.yml").write_text(case("event: run-file", "{result: OK}").replace("one", "second"), "utf-8")
    (place / "cases/.c.yaml").write_text("hidden", "utf-8")
    (place / "cases/d.txt").write_text("of another kind", "utf-8")
    assert [outcome.case.name for outcome in cases.run(place).outcomes] == ["first", "second"]


def test_cases_run_against_another_policy(tmp_path: Path) -> None:
    place = folder(tmp_path, case("event: run-file", "{result: WARN}"))
    other = tmp_path / "other.yaml"
    other.write_text("version: 1\nrules:\n  - {id: a, on: run-file, when: 'true', result: WARN}\n", encoding="utf-8")
    report = cases.run(place, other)
    assert report.failed == ()
    assert report.policy.file == str(other)


def test_rules_without_a_finding_in_any_case_are_untouched(tmp_path: Path) -> None:
    text = case("event: download-resources, data: {moduleType: dw_excel, dataRowSize: 1}", "{result: WARN}")
    report = cases.run(folder(tmp_path, text))
    assert report.untouched == ("rows", "functions", "comment", "roles", "nodes", "limit", "night")


# what fails, and says why


@pytest.mark.parametrize(
    ("expect", "found"),
    [
        ("{result: OK}", ["expected OK, got FAIL"]),
        ("{result: FAIL, findings: []}", ["expected no finding of rows, got one"]),
        (
            "{result: FAIL, findings: [source]}",
            ["expected a finding of source, got none", "expected no finding of rows, got one"],
        ),
        (
            "{result: FAIL, message: at most 11}",
            [
                (
                    "expected a message with 'at most 11', got '[rows] The download has 11 rows; at most 10 are"
                    " allowed. Narrow the query with a filter, or download less at a time.'"
                )
            ],
        ),
    ],
)
def test_a_case_that_fails_says_what_was_expected_and_what_was_found(
    tmp_path: Path, expect: str, found: list[str]
) -> None:
    said = problems(tmp_path, case(f"event: download-resources, data: {json.dumps(DOWNLOAD)}", expect))
    assert said == (
        *found,
        (
            "found FAIL: [rows] The download has 11 rows; at most 10 are allowed. Narrow the query with a filter, or"
            " download less at a time."
        ),
    )


def test_a_finding_in_shadow_is_said_to_be_one(tmp_path: Path) -> None:
    said = problems(tmp_path, case("event: delete-project, now: 2026-05-05 23:00"))
    assert said[0] == "expected FAIL, got OK"
    assert said[1].startswith("found shadow: [night] The operation meets the condition of this rule (now.getHours")


def test_what_went_wrong_in_a_rule_is_said(tmp_path: Path) -> None:
    (tmp_path / "raising.py").write_text(
        "import msgspec\n"
        "from extension.checks import check\n"
        "from extension.settings import Nothing\n"
        "from extension.verdict import Text\n"
        "@check('a.b', events='run-file', texts=[Text(en='a', zh='b')])\n"
        "def judge(event, settings: Nothing):\n"
        "    'Nothing.'\n"
        "    raise LookupError('secret')\n",
        encoding="utf-8",
    )
    policy = "version: 1\nlanguage: en\nchecks: raising.py\nrules:\n  - {id: a, on: run-file, check: a.b}\n"
    said = problems(tmp_path, case("event: run-file", "{result: OK}"), policy)
    assert said[0] == "expected OK, got FAIL"
    assert said[1].endswith("tell the owner of the extension. (LookupError at raising.py:8)")
    assert problems(tmp_path, case("event: run-file", "{result: FAIL}"), policy) == ()


def test_warnings_of_the_verdict_are_said(tmp_path: Path) -> None:
    said = problems(
        tmp_path,
        case(f"event: download-resources, data: {json.dumps(DOWNLOAD)}, options: {{maxRows: many}}", "{result: OK}"),
    )
    assert said[-1].startswith(
        "warning: rule rows: option maxRows: expected a whole number of at least 0, found 'many'"
    )


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ("commit-file", "the case has no snapshot of code"),
        ("commit-table", "the case has no snapshot of a table"),
        ("pre-kill-instance", "the case has no instances"),
    ],
)
def test_what_a_case_does_not_say_could_not_be_had(tmp_path: Path, event: str, error: str) -> None:
    said = problems(tmp_path, case(f"event: {event}", "{result: OK}"))
    assert said[0] == "expected OK, got FAIL"
    assert said[1].endswith(f"tell the owner of the extension. ({error})")
    assert "DataWorks did not give the details" in said[1]


ON_SQL = """\
version: 1
language: en
sql: {projects: {crm: hr}}
rules: [{id: users, on: [download-resources, commit-file], when: '"hr.users" in sql.tables'}]
"""


@pytest.mark.parametrize(
    ("keys", "expect"),
    [
        ("data: {sqlText: select a from hr.users}", "{result: FAIL, findings: users, message: meets the condition}"),
        ("data: {sqlText: select a from users, datasourceName: CRM}", "{result: FAIL, findings: users}"),
        ("data: {sqlText: select a from dw.b}", "{result: OK, findings: []}"),
        ("data: {sqlText: select from from}", "{result: FAIL, message: could not be read as SQL}"),
        ("data: {}", '{result: FAIL, message: did not send "sqlText"}'),
    ],
)
def test_a_case_is_judged_by_its_sql_without_a_snapshot(tmp_path: Path, keys: str, expect: str) -> None:
    assert problems(tmp_path, case(f"event: download-resources, {keys}", expect), ON_SQL) == ()


@pytest.mark.parametrize(
    ("keys", "expect"),
    [
        ("snapshot: {CommittedFile: {Content: select a from hr.users}}", "{result: FAIL, findings: users}"),
        ("snapshot: {CommittedFile: {Content: select from from}}", "{result: WARN, findings: users}"),
        ("snapshot: {CommittedFile: {Content: ''}}", "{result: OK, findings: []}"),
        ("roles: []", "{result: FAIL, message: did not give the details}"),
    ],
)
def test_a_case_is_judged_by_the_code_of_its_snapshot(tmp_path: Path, keys: str, expect: str) -> None:
    assert problems(tmp_path, case(f"event: commit-file, {keys}", expect), ON_SQL) == ()


NOWHERE = "projectId: null, appId: null, queryDwProjectId: null"


@pytest.mark.parametrize(
    ("event", "keys", "rules"),
    [
        ("commit-file", "snapshot: {CommittedFile: {Content: x}}", 1),
        ("commit-table", "snapshot: {TableModel: {Comment: x}}, roles: [a]", 2),
        ("pre-kill-instance", "instances: [{NodeId: 8, NodeName: a}]", 0),
    ],
)
def test_of_an_event_file_that_names_no_workspace_nothing_of_one_could_be_asked(
    tmp_path: Path, event: str, keys: str, rules: int
) -> None:
    file = EVENTS / f"{event}.eventbridge.json"
    assert problems(tmp_path, case(f"event: {file}, {keys}", "{result: OK}")) == ()
    bare = problems(tmp_path, case(f"event: {file}, data: {{{NOWHERE}}}, {keys}", "{result: OK}"))
    assert sum(problem.endswith("(projectId: is not in the message)") for problem in bare) == rules
    assert problems(tmp_path, case(f"event: {event}, data: {{taskIds: [1]}}, {keys}", "{result: OK}")) == ()


def test_an_event_file_that_names_no_workspace_has_no_options(tmp_path: Path) -> None:
    keys = f"event: {EVENTS / 'download-resources.json'}, options: {{maxRows: 999999}}"
    assert problems(tmp_path, case(keys, "{result: OK}")) == ()
    bare = case(f"{keys}, data: {{{NOWHERE}}}", "{result: FAIL, findings: rows}")
    assert problems(tmp_path, bare) == ()


def test_of_an_event_file_that_names_no_operator_nobody_s_roles_could_be_asked(tmp_path: Path) -> None:
    keys = "snapshot: {TableModel: {Comment: x}}, roles: [a]"
    bare = f"event: {EVENTS / 'commit-table.eventbridge.json'}, data: {{operator: null}}, {keys}"
    said = problems(tmp_path, case(bare, "{result: OK}"))
    assert any(problem.endswith("(the message does not say who the operator is)") for problem in said)
    assert problems(tmp_path, case(f"event: commit-table, {keys}", "{result: OK}")) == ()


@pytest.mark.parametrize(("number", "result"), [(20, "OK"), (21, "FAIL")])
@pytest.mark.parametrize("event", ["pre-kill-instance", EVENTS / "pre-kill-instance.eventbridge.json"])
def test_more_instances_than_are_asked_for_are_not_had(
    tmp_path: Path, event: str | Path, number: int, result: str
) -> None:
    data = f"data: {{taskIds: {list(range(number))}}}, instances: [{{InstanceId: 1, NodeId: 8}}]"
    assert problems(tmp_path, case(f"event: {event}, {data}", f"{{result: {result}}}")) == ()


# the event


def test_an_event_is_a_file_beside_the_case_or_a_code(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "events/e.json").write_bytes((EVENTS / "download-resources.json").read_bytes())
    assert only(tmp_path, case("event: ../events/e.json")).event.payload.row_count == 123456
    assert only(tmp_path, case("event: run-file")).event.code == "run-file"
    assert only(tmp_path, case("event: run-file")).event.message_id == "case"


@pytest.mark.parametrize("name", ["commit-file.eventbridge.json", "commit-file.json"])
def test_data_changes_the_event_of_either_envelope(tmp_path: Path, name: str) -> None:
    before = only(tmp_path, case(f"event: {EVENTS / name}")).event
    after = only(
        tmp_path, case(f"event: {EVENTS / name}, data: {{fileName: other, fileOwner: null, operator: 7}}")
    ).event
    assert {**before.data, "fileName": "other", "operator": 7} == {**after.data, "fileOwner": before.data["fileOwner"]}
    assert "fileOwner" not in after.data
    assert after.payload.file_name == "other"
    assert after.operator == "7"
    assert (after.message_id, after.time, after.delivery) == (before.message_id, before.time, before.delivery)


def test_data_changes_what_is_inside_a_part(tmp_path: Path) -> None:
    name = EVENTS / "approval-change-before-create.eventbridge.json"
    change = (
        "{order: {applyReason: because, deadlineDate: null, projectMeta: {envCode: 0}, more: {a: {b: null, c: 1}}}}"
    )
    before: Any = only(tmp_path, case(f"event: {name}")).event.data["order"]
    after: Any = only(tmp_path, case(f"event: {name}, data: {change}")).event.data["order"]
    assert after["applyReason"] == "because"
    assert "deadlineDate" not in after
    assert after["projectMeta"] == {**before["projectMeta"], "envCode": 0}
    assert after["granteeObjectList"] == before["granteeObjectList"]
    assert after["more"] == {"a": {"c": 1}}


def test_data_takes_the_place_of_what_is_no_part(tmp_path: Path) -> None:
    found = only(tmp_path, case("event: run-file, data: {fileId: {a: 1}, gone: null, list: x}")).event
    assert found.data == {"fileId": {"a": 1}, "list": "x"}


def test_data_changes_a_payload_that_came_as_text(tmp_path: Path) -> None:
    body = {"messageId": "m", "eventType": "run-file", "messageBody": json.dumps({"fileId": 1, "fileName": "a"})}
    (tmp_path / "e.json").write_text(json.dumps(body), encoding="utf-8")
    assert only(tmp_path, case("event: ../e.json, data: {fileId: 2}")).event.data == {"fileId": 2, "fileName": "a"}


def test_data_options_and_parameters_can_have_any_name(tmp_path: Path) -> None:
    found = only(tmp_path, case("event: run-file, options: {list: x}, parameters: {list: y, n: 1, f: 1.5, on: false}"))
    assert found.event.options == {"list": "x"}
    assert only(tmp_path, case("event: run-file, data: {list: x}")).event.data == {"list": "x"}
    assert found.event.parameters == {"list": "y", "n": "1", "f": "1.5", "on": "false"}


# the moment


def at(tmp_path: Path, keys: str) -> tuple[datetime, datetime | None]:
    """The moment that a case is judged for where its event says none, and the one that it says."""
    found = only(tmp_path, case(keys))
    return found.now, found.event.time


def test_a_case_is_judged_for_the_moment_that_it_says(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 11, 15, 30, tzinfo=UTC)
    assert at(tmp_path, "event: run-file, now: 2026-11-11 23:30") == (moment, None)
    assert at(tmp_path, "event: run-file, now: '2026-11-11T15:30:00Z'") == (moment, None)
    file = EVENTS / "commit-file.eventbridge.json"
    assert at(tmp_path, f"event: {file}, now: 2026-11-11 23:30") == (moment, None)


def test_else_for_that_of_the_event_else_for_one_that_never_changes(tmp_path: Path) -> None:
    _, time = at(tmp_path, f"event: {EVENTS / 'commit-file.eventbridge.json'}")
    assert time is not None
    assert at(tmp_path, "event: run-file") == (datetime(2026, 1, 7, 2, tzinfo=UTC), None)


# what is refused


SLIPS = [
    ("", "cases/a.yaml: expected a mapping with cases, found nothing"),
    ("- a\n", "cases/a.yaml: expected a mapping with cases, found a list"),
    ("{}\n", "cases/a.yaml:1: cases: is missing"),
    ("cases: []\n", "cases/a.yaml:1: cases: expected a list of mappings, found an empty list"),
    ("cases: [one]\n", "cases/a.yaml:1: cases: expected a list of mappings, found 'one' in it"),
    ("cases: [\n", "cases/a.yaml:2: is not YAML: did not find expected node content"),
    (
        case("event: run-file") + "more: 1\n",
        "cases/a.yaml:3: more: unknown key; known: cases, defaults",
    ),
    (
        case("event: run-file, evnt: 1"),
        (
            "cases/a.yaml:2: cases[0].evnt: unknown key; known: data, event, expect, instances, name, now, options,"
            " parameters, roles, snapshot; did you mean event?"
        ),
    ),
    ("cases:\n  - {event: run-file, expect: {result: OK}}\n", "cases/a.yaml:2: cases[0].name: is missing"),
    (
        "cases:\n  - {name: 5, event: run-file, expect: {result: OK}}\n",
        "cases/a.yaml:2: cases[0].name: expected text, found 5",
    ),
    (
        'cases:\n  - {name: "a\\nb", event: run-file, expect: {result: OK}}\n',
        "cases/a.yaml:2: cases[0].name: expected one line of text, found 'a\\nb'",
    ),
    ("cases:\n  - {name: a, event: run-file}\n", "cases/a.yaml:2: cases[0].expect.result: is missing"),
    (
        "cases:\n  - {name: a, event: run-file, expect: FAIL}\n",
        "cases/a.yaml:2: cases[0].expect: expected a mapping, found 'FAIL'",
    ),
    (
        case("event: run-file", "{result: PASS}"),
        "cases/a.yaml:2: cases[0].expect.result: expected OK or WARN or FAIL, found 'PASS'",
    ),
    (
        case("event: run-file", "{result: OK, finding: a}"),
        (
            "cases/a.yaml:2: cases[0].expect.finding: unknown key; known: findings, message, result; did you mean"
            " findings?"
        ),
    ),
    (
        case("event: run-file", "{result: OK, findings: [row]}"),
        "cases/a.yaml:2: cases[0].expect.findings: expected ids of rules, found 'row'; did you mean rows?",
    ),
    (
        case("event: run-file", "{result: OK, findings: [[rows]]}"),
        "cases/a.yaml:2: cases[0].expect.findings: expected ids of rules, found a list",
    ),
    (
        case("event: run-file", "{result: OK, findings: }"),
        "cases/a.yaml:2: cases[0].expect.findings: expected ids of rules, found nothing",
    ),
    (
        case("event: run-file", "{result: OK, message: 5}"),
        "cases/a.yaml:2: cases[0].expect.message: expected text, found 5",
    ),
    (
        "cases:\n  - {name: a, expect: {result: OK}}\n",
        "cases/a.yaml:2: cases[0].event: is missing",
    ),
    (
        case("event: 5"),
        "cases/a.yaml:2: cases[0].event: expected an event file, or an event code, found 5",
    ),
    (
        case("event: run-fil"),
        "cases/a.yaml:2: cases[0].event: run-fil is no event code, and no .json file; did you mean run-file?",
    ),
    (
        case("event: none.json"),
        "cases/a.yaml:2: cases[0].event: none.json cannot be read: no such file or directory",
    ),
    (
        case("event: ../text.json"),
        "cases/a.yaml:2: cases[0].event: ../text.json: body: is not JSON, at character 1",
    ),
    (
        case("event: ../list.json"),
        "cases/a.yaml:2: cases[0].event: ../list.json: body: is JSON, but not an object",
    ),
    (
        case("event: ../deep.json"),
        "cases/a.yaml:2: cases[0].event: ../deep.json: body: is nested too deeply",
    ),
    (
        case("event: ../http.json"),
        (
            "cases/a.yaml:2: cases[0].event: ../http.json: a request through an HTTP trigger needs a valid EventBridge"
            " signature"
        ),
    ),
    (
        case("event: run-file, data: [1]"),
        "cases/a.yaml:2: cases[0].data: expected a mapping, found a list",
    ),
    (
        case("event: run-file, now: soon"),
        "cases/a.yaml:2: cases[0].now: expected a moment such as 2026-11-11 10:00, found 'soon'",
    ),
    (
        case("event: run-file, now: 2026"),
        "cases/a.yaml:2: cases[0].now: expected a moment such as 2026-11-11 10:00, found 2026",
    ),
    (
        case("event: run-file, snapshot: {CommitedFile: {}}"),
        (
            "cases/a.yaml:2: cases[0].snapshot: expected CommittedFile, DeletedFile, FileExecutionCommand or"
            " TableModel, found CommitedFile in it"
        ),
    ),
    (
        case("event: run-file, roles: role_project_dev"),
        (
            "cases/a.yaml:2: cases[0].roles: expected a list of codes of roles such as role_project_dev, found"
            " 'role_project_dev'"
        ),
    ),
]


@pytest.mark.parametrize(("text", "error"), SLIPS, ids=[error for _, error in SLIPS])
def test_a_slip_is_said_with_its_place(tmp_path: Path, text: str, error: str) -> None:
    (tmp_path / "text.json").write_text("text", encoding="utf-8")
    (tmp_path / "list.json").write_text("[]", encoding="utf-8")
    (tmp_path / "deep.json").write_text("[" * 100_000, encoding="utf-8")
    (tmp_path / "http.json").write_text('{"requestContext": {}}', encoding="utf-8")
    assert refusal(tmp_path, text) == [error]


def test_everything_that_is_wrong_in_all_files_is_said_at_once(tmp_path: Path) -> None:
    (folder(tmp_path, "") / "cases/b.yaml").write_text("cases: 5\n", encoding="utf-8")
    text = "cases:\n  - {name: a, event: nope,\n     expect: {result: NO}}\n  - {name: 5, event: run-file, expect: }\n"
    assert refusal(tmp_path, text) == [
        "cases/a.yaml:2: cases[0].event: nope is no event code, and no .json file",
        "cases/a.yaml:3: cases[0].expect.result: expected OK or WARN or FAIL, found 'NO'",
        "cases/a.yaml:4: cases[1].name: expected text, found 5",
        "cases/a.yaml:4: cases[1].expect: expected a mapping, found nothing",
        "cases/b.yaml:1: cases: expected a list of mappings, found 5",
    ]


def test_slips_are_said_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "cases:\n  - expect: {result: NO}\n    event: nope\n    name: 5\n"
    assert [line.partition(": ")[0] for line in refusal(tmp_path, text)] == [
        "cases/a.yaml:2",
        "cases/a.yaml:3",
        "cases/a.yaml:4",
    ]


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    with pytest.raises(PolicyError, match=r"cases: holds no cases: no file there ends in \.yaml$"):
        cases.run(tmp_path)


def test_a_case_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (folder(tmp_path, "") / "cases/a.yaml").unlink()
    (tmp_path / "cases/a.yaml").mkdir()
    with pytest.raises(PolicyError, match=r"cases/a\.yaml: cannot be read: is a directory$"):
        cases.run(tmp_path)


def test_a_policy_that_does_not_validate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"policy\.yaml:1: rules: is missing$"):
        cases.run(folder(tmp_path, case("event: run-file"), "version: 1\n"))


# how it is reported

HARD = (
    'version: 1\nrules:\n  - {id: hard, on: run-file, when: "true", message: "<a>\\0\\x1b[31m 100%,\\nb: 中文 ]]>"}\n'
)
HARD = HARD.replace("\\0", "\\x01")
"""A rule whose message is hard to carry."""


@pytest.fixture
def reports(tmp_path: Path) -> list[Report]:
    """Two folders: one case of three fails in the first, none in the second, which has an untouched rule."""
    first, second = tmp_path / "first", tmp_path / "second, a"
    first.mkdir()
    second.mkdir()
    text = (
        "cases:\n"
        "  - {name: passes, event: run-file, expect: {result: FAIL}}\n"
        "  - {name: 'fails: 100%, <so>', event: run-file, expect: {result: OK}}\n"
        "  - {name: 不适用, event: commit-file, expect: {result: OK}}\n"
    )
    policy = "version: 1\nrules:\n  - {id: quiet, on: run-file, when: 'false'}\n  - {id: shy, on: '*', when: 'false'}\n"
    return [
        cases.run(folder(first, text, HARD)),
        cases.run(folder(second, case("event: run-file", "{result: OK}"), policy)),
    ]


def test_text_is_for_readers(reports: list[Report], tmp_path: Path) -> None:
    names = [report.policy.name for report in reports]
    assert cases.text(reports).replace(f"{tmp_path}/", "").split("\n") == [
        "FAIL  first/cases/a.yaml:3: fails: 100%, <so>",
        "      expected OK, got FAIL",
        "      found FAIL: [hard] <a>\x01\x1b[31m 100%,",
        "        b: 中文 ]]>",
        f"first: 2 passed, 1 failed ({names[0]})".replace(f"{tmp_path}/", ""),
        "second, a: no case touches quiet, shy",
        f"second, a: 1 passed, 0 failed ({names[1]})".replace(f"{tmp_path}/", ""),
    ]


def test_junit_is_xml_whatever_a_message_holds(reports: list[Report], tmp_path: Path) -> None:
    text = cases.junit(reports)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')
    suites = ET.fromstring(text.encode())  # noqa: S314  our own
    first, second = suites.findall("testsuite")
    assert (first.get("name"), first.get("tests"), first.get("failures")) == (str(tmp_path / "first"), "3", "1")
    assert (second.get("tests"), second.get("failures")) == ("1", "0")
    assert [one.get("name") for one in first.findall("testcase")] == ["passes", "fails: 100%, <so>", "不适用"]
    (failed,) = [one for one in suites.iter("testcase") if one.find("failure") is not None]
    assert (failed.get("file"), failed.get("line")) == (str(tmp_path / "first/cases/a.yaml"), "3")
    (failure,) = failed
    assert failure.get("message") == "expected OK, got FAIL"
    assert failure.text == "expected OK, got FAIL\nfound FAIL: [hard] <a>\ufffd\ufffd[31m 100%,\nb: 中文 ]]>"
    assert first.find("system-out") is None
    assert second.findtext("system-out") == "no case touches quiet, shy"


@pytest.mark.parametrize("sign", ["\x00", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_what_xml_cannot_hold_is_marked(sign: str) -> None:
    assert cases._xml(f"a{sign}b") == "a\ufffdb"


@pytest.mark.parametrize("text", ["\t\n\r ~", "\x7f\x85", "\ud7ff\ue000\ufffd", "𠮷🚫\U0010ffff", "<&>\"'"])
def test_what_xml_can_hold_stays(text: str) -> None:
    assert cases._xml(text) == text


def test_github_shows_failures_and_untouched_rules_beside_the_files(reports: list[Report], tmp_path: Path) -> None:
    names = [report.policy.name for report in reports]
    assert cases.github(reports).replace(str(tmp_path), "").split("\n") == [
        (
            "::error file=/first/cases/a.yaml,line=3,title=fails%3A 100%25%2C <so>::expected OK, got FAIL%0A"
            "found FAIL: [hard] <a>\x01\x1b[31m 100%25,%0Ab: 中文 ]]>"
        ),
        f"/first: 2 passed, 1 failed ({names[0]})".replace(str(tmp_path), ""),
        "::warning file=/second%2C a/policy.yaml,title=untouched rule::no case touches quiet",
        "::warning file=/second%2C a/policy.yaml,title=untouched rule::no case touches shy",
        f"/second, a: 1 passed, 0 failed ({names[1]})".replace(str(tmp_path), ""),
    ]


def test_an_annotation_escapes_what_would_end_it() -> None:
    assert cases.annotation("error", "a,b:c%.sql", 0, "d\re", "f\r\ng,h:i%0A") == (
        "::error file=a%2Cb%3Ac%25.sql,title=d%0De::f%0D%0Ag,h:i%250A"
    )
