"""`register`: what it prints is what the console takes, in every form, and nothing of it lets anything through."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from markdown_it import MarkdownIt

from extension import catalogue, edges, envelopes, local, parameters, pipeline, policy, registration, storage, titles
from extension.__main__ import main
from extension.cases import UNSAID
from extension.commands.registering import register
from extension.local import EXTENSION_CODE, DataWorks
from extension.registration import shown
from extension.registration.form import Host, Registration, Standing
from extension.storage import ROOT
from tests import console
from tests.conftest import EVENTS
from tests.test_s_yaml import OWN

URL, TOKEN, LINK_KEY = "https://checks.example.com", "token-that-nobody-sees", "the-link-key-that-nobody-sees-at-all"
UNSET = dict.fromkeys(("EXTENSION_POLICY", "EXTENSION_URL", "EVENTBRIDGE_URL", "EVENTBRIDGE_TOKEN"), "")
SERVED = {"EXTENSION_URL": URL, "EVENTBRIDGE_TOKEN": TOKEN, "EXTENSION_LINK_KEY": LINK_KEY}
ONE_LEVEL = ("data-studio", "deployment-freeze", "download-loss", "max-pt")


@pytest.fixture
def deployed(tmp_path: Path) -> Path:
    """A folder with our own s.yaml, and no `.env`."""
    (tmp_path / "s.yaml").write_bytes(OWN)
    return tmp_path / "s.yaml"


def run(*arguments: str | Path, **variables: str) -> Result:
    """Run `register` in this process."""
    words = ["register", *map(str, arguments)]
    environment = {**UNSET, "EXTENSION_LINK_KEY": "", **variables}
    result = CliRunner().invoke(main, words, env=environment)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def printed(*arguments: str | Path, **variables: str) -> str:
    result = run(*arguments, **variables)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def of_json(*arguments: str | Path, **variables: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(printed("--format", "json", *arguments, **variables))
    return found


def made(
    text: str, *, host: Host | None = None, variables: dict[str, str] | None = None, described: bytes = OWN
) -> Registration:
    """The registration of a policy under our own s.yaml, or another one."""
    from extension import deployment  # noqa: PLC0415  of its own name here

    read = policy.parse(text.encode(), "policy.yaml")
    return registration.make(
        read,
        deployment.read(described, "s.yaml", variables or {}),
        edges.environment(variables=variables or {}),
        host=host,
    )


def rules(*lines: str) -> str:
    return "version: 1\nlanguage: en\nrules:\n" + "".join(f"  - {{{line}}}\n" for line in lines)


DOWNLOAD = "id: rows, on: download-resources, check: download.rows, with: {max: 1}"
UPLOAD = "id: size, on: upload-data-to-table, check: upload.size, with: {max: 1}"
CODE = "id: code, on: commit-file, when: event.fileType == 10"


# what it prints is what the console takes


@pytest.fixture(scope="module")
def max_pt(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is printed for one of the examples."""
    file = tmp_path_factory.mktemp("deployed") / "s.yaml"
    file.write_bytes(OWN)
    return of_json("--policy", policy_of("max-pt"), "--deployment", file, **SERVED)


def policy_of(name: str) -> Path:
    return ROOT / "policy.yaml" if name == "own" else ROOT / "examples" / name / "policy.yaml"


@pytest.mark.parametrize("name", ["own", *ONE_LEVEL])
def test_json_and_text_say_the_same_and_the_console_takes_it(name: str, deployed: Path, dataworks: DataWorks) -> None:
    arguments = ("--policy", policy_of(name), "--deployment", deployed)
    read = of_json(*arguments, **SERVED)
    typed = console.of_text(printed(*arguments, **SERVED))
    assert typed == console.of_json(read)
    variables = console.follow(read, dataworks)
    assert variables["DATAWORKS_EXTENSION_CODE"] == EXTENSION_CODE
    assert variables["FC_REGION"] == "cn-shanghai"
    bound: Any = dataworks.registration["BindEventList"]
    assert {event["EventCode"] for event in bound} == {
        code for code in storage.load(policy_of(name)).plan if catalogue.BY_CODE[code].callback
    }
    assert dataworks.registration["OptionSetting"] == read["options_text"]
    assert (read["options"] is None) is (read["options_text"] == "")


@pytest.mark.parametrize("name", ["own", "download-loss"])
def test_a_function_is_registered_without_eventbridge(name: str, deployed: Path, dataworks: DataWorks) -> None:
    arguments = ("--policy", policy_of(name), "--deployment", deployed, "--hosting", "function")
    read = of_json(*arguments)
    assert console.of_text(printed(*arguments)) == console.of_json(read)
    assert read["bridge"] is None
    assert console.follow(read, dataworks) == {
        "DATAWORKS_EXTENSION_CODE": EXTENSION_CODE,
        "FC_REGION": "cn-shanghai",
    }
    assert dataworks.registration["ProjectTesting"] is None


def test_options_that_are_saved_as_they_are_shown_are_the_rules_own_values(
    deployed: Path, dataworks: DataWorks
) -> None:
    console.follow(of_json("--policy", policy_of("max-pt"), "--deployment", deployed, **SERVED), dataworks)
    (rule,) = storage.load(policy_of("max-pt")).rules
    options: Any = dataworks.options["90214"]
    assert options["checkStatus"] == "FAIL"
    assert rule.under(options) == (rule, ())


@pytest.mark.parametrize("name", ["operations-guard", "sql"])
def test_a_policy_of_both_levels_is_refused_and_its_halves_are_taken(
    name: str, deployed: Path, dataworks: DataWorks, tmp_path: Path
) -> None:
    arguments = ("--policy", policy_of(name), "--deployment", deployed)
    read = of_json(*arguments, **SERVED)
    assert read["level"] == "mixed"
    assert any("--split DIR" in problem for problem in read["problems"])
    with pytest.raises(console.Refused, match="two levels"):
        console.follow(read, dataworks)
    lines = printed(*arguments, "--split", tmp_path / "halves").splitlines()
    assert [line.split(": ")[1].split(",")[0] for line in lines] == ["tenant level", "workspace level"]
    codes: list[str] = []
    for level in ("tenant", "workspace"):
        half = of_json("--policy", tmp_path / f"halves/{level}.yaml", "--deployment", deployed, **SERVED)
        assert (half["level"], half["halves"]) == (level, [])
        assert half["name"] == f"dataworks-extension-service-{level}"
        console.follow(half, dataworks)
        codes += console.of_json(half).codes
    assert sorted(codes) == sorted(console.of_json(read).codes)


def test_the_halves_say_which_rules_go_where() -> None:
    both = 'id: both, on: "*", check: operator.id, with: {deny: ["1"]}'
    tenant, workspace = made(rules(DOWNLOAD, CODE, both)).halves
    assert (tenant.level, tenant.rules, tenant.both) == ("tenant", ("both", "rows"), ("both",))
    assert set(workspace.rules) == {"both", "code"}
    problems = made(rules(DOWNLOAD, CODE, both)).problems
    assert "those of the tenant level are of: rows; in both, each narrowed to its events: both" in problems[0]
    assert made(rules(both)).problems[0].endswith("no rule alone; in both, each narrowed to its events: both")


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"way": "Deploy by hand"}, "no way"),
        ({"way": console.FUNCTION}, "data download alone"),
        ({"codes": ()}, "no extension point"),
        ({"codes": ("commit-file", "commit-file")}, "ticked twice"),
        ({"codes": ("comit-file",)}, "no extension point"),
        ({"codes": ("project-deleted",)}, "no extension point"),
        ({"codes": ("commit-file", "delete-project")}, "two levels"),
        ({"name": " "}, "a name"),
        ({"description": "x" * 201}, "too long"),
        ({"has_test_workspace": False}, "test workspace"),
        ({"details": "checks.example.com"}, "no address"),
        ({"parameters": "a"}, "no key=value"),
        ({"parameters": "a=1\na=2"}, "stands twice"),
        ({"parameters": "extension.project.run-file.disabled=1"}, "there is no parameter"),
        ({"parameters": "extension.project.disabled=dev"}, "no workspaces"),
        ({"options": "{"}, "documented form"),
        ({"options": '{"type": "object", "properties": {}}'}, "documented form"),
        ({"pattern": "{"}, "no JSON"),
        ({"pattern": '{"source": ["acs.oss"]}'}, "documented form"),
        ({"pattern": '{"source": ["acs.dataworks"], "type": ["x"]}'}, "never sends"),
        ({"pattern": '{"source": ["acs.dataworks"], "type": []}'}, "never lets through"),
        ({"url": ""}, "no URL"),
    ],
)
def test_the_console_refuses_what_is_typed_in_another_way(
    change: dict[str, Any], refused: str, max_pt: dict[str, Any], dataworks: DataWorks
) -> None:
    typed = msgspec.structs.replace(console.of_json(max_pt), **change)
    with pytest.raises(console.Refused, match=refused):
        console.enter(typed, dataworks)


@pytest.mark.parametrize(
    ("old", "new", "refused"),
    [
        ('"rule_max_pt":', '"checkStatus":', "name stands twice"),
        ('"label": "Warning (WARN)"', '"label": "Block (FAIL)"', "label stands twice"),
        ('"default": "FAIL"', '"default": "OK"', "none of the choices"),
        ('"Radio.Group"', '"Radio"', "documented form"),
    ],
)
def test_the_console_refuses_options_of_another_form(
    old: str, new: str, refused: str, max_pt: dict[str, Any], dataworks: DataWorks
) -> None:
    changed = {**max_pt, "options_text": max_pt["options_text"].replace(old, new)}
    assert changed != max_pt
    with pytest.raises(console.Refused, match=refused):
        console.follow(changed, dataworks)


def test_getextension_answers_with_what_was_typed(max_pt: dict[str, Any], dataworks: DataWorks) -> None:
    console.follow(max_pt, dataworks, published=False)
    answer: Any = local._registration(dataworks, {})["Extension"]
    assert (answer["Status"], answer["HelpDocUrl"]) == (0, f"{URL}/policy")
    assert answer["ExtensionCode"] == EXTENSION_CODE


# parameters: nothing that is judged is switched off


SCOPED = """
version: 1
rules:
  - {id: a, on: [commit-file, run-file], check: operator.id, with: {deny: ["1"]}, except_workspaces: ["1", "2", "9*"]}
  - {id: b, on: commit-file, check: operator.id, with: {deny: ["1"]}, workspaces: ["3", "4"], mode: shadow}
  - {id: c, on: deploy-file, check: operator.id, with: {deny: ["1"]}, except_workspaces: ["1"], until: 2020-01-01}
  - {id: d, on: instance-status-changes, when: "true", except_workspaces: ["1", "2"]}
"""


def test_workspaces_are_switched_off_that_every_rule_leaves_out() -> None:
    lines = {line.key: line.value for line in made(SCOPED).parameters if line.standing is Standing.PROPOSAL}
    assert lines == {
        "extension.project.disabled": "1",
        "extension.project.commit-file.disabled": "2",
        "extension.project.run-file.disabled": "2",
    }


def test_a_rule_on_a_regular_event_counts_for_the_line_that_is_for_all() -> None:
    text = SCOPED.replace('when: "true", except_workspaces: ["1", "2"]', 'when: "true"')
    assert "extension.project.disabled" not in {line.key for line in made(text).parameters}


@pytest.mark.parametrize(
    "text", [SCOPED, SCOPED.replace('"1", "2", "9*"', '"1", "2", "3"'), SCOPED.replace('"3", "4"', '"1"')]
)
def test_no_line_switches_off_what_the_policy_judges(text: str) -> None:
    found = made(text)
    read = policy.parse(text.encode(), "policy.yaml")
    said = parameters.parse("\n".join(line.text for line in found.parameters if line.standing is Standing.PROPOSAL))
    assert said
    for code in catalogue.BY_CODE:
        for workspace in ("1", "2", "3", "4", "5", "90", "91"):
            body = {"messageId": "m", "messageBody": {"projectId": workspace}, "eventType": code}
            _, judging = read.at(envelopes.event(body), UNSAID)
            if parameters.switched_off(said, code=code, workspace=workspace, file_type="10"):
                assert judging == ()


def test_keys_that_conditions_read_are_there_to_be_filled_in(dataworks: DataWorks) -> None:
    found = made(
        rules(
            'id: a, on: commit-file, when: \'parameters["limit"] == "1" || parameters.other == "2"\'',
            "id: b, on: commit-file, when: 'parameters.limit == parameters[\"extension.manualPass.enabled\"]'",
            "id: c, on: commit-file, when: '\"x\" in parameters'",
        ),
        variables=SERVED,
    )
    needed = {line.text: line.why for line in found.parameters if line.standing is Standing.NEEDED}
    assert set(needed) == {"limit=VALUE", "other=VALUE"}
    assert needed["limit=VALUE"] == (
        "The condition of a, b reads it."
        " Without it the condition does not come out: rule a hits (FAIL), saying so."
        " Without it the condition does not come out: rule b hits (FAIL), saying so."
    )
    assert any(problem.startswith("rule c: its condition reads parameters by names") for problem in found.problems)
    console.follow(json.loads(msgspec.json.encode(found)), dataworks)
    assert dataworks.parameters == "limit=1\nother=1"


READS = "id: {id}, on: commit-file, result: WARN, on_error: OK, when: '{when}'"


def test_a_line_to_fill_in_is_not_pasted_and_says_what_happens_without_it(deployed: Path, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    read = READS.format(id="strict", when='parameters["how strict"] == "very"')
    asked = READS.format(id="asks", when='has(parameters.mode) && parameters.mode == "on"')
    scoped = 'id: left-out, on: commit-file, when: "true", except_workspaces: ["1"]'
    for texts, pasted in (((read, asked), []), ((scoped,), ["extension.project.disabled=1"])):
        file.write_text(rules(*texts), encoding="utf-8")
        arguments = ("--policy", file, "--deployment", deployed)
        page = printed(*arguments, "--format", "markdown", **SERVED)
        section = page[page.index("## Extension parameter settings") : page.index("## Extension option settings")]
        assert re.findall(r"^```text\n(.*?)\n```$", section, re.MULTILINE | re.DOTALL) == pasted
        assert console.of_text(printed(*arguments, **SERVED)) == console.of_json(of_json(*arguments, **SERVED))
    found = made(rules(read, asked))
    why = {line.key: line.why for line in found.parameters if line.standing is Standing.NEEDED}
    said = "Without it the condition does not come out: rule strict hits (WARN), saying so."
    assert why == {
        "how strict": f"The condition of strict reads it. {said}",
        "mode": "The condition of asks reads it.",
    }
    event = envelopes.event({"messageId": "m", "messageBody": {}, "eventType": "commit-file"})
    verdict = pipeline.judge(
        msgspec.structs.replace(event, parameters={}), policy.parse(rules(read, asked).encode(), "p"), UNSAID
    )
    assert [(each.rule, each.result) for each in verdict.findings if each.result != "OK"] == [("strict", "WARN")]


@pytest.mark.parametrize(
    "key", [r"x=1\nextension.project.disabled=90214\ny", "a=b", " a", "a ", "", r"a\u0007", r"a\u2028b", r"a\u202eb"]
)
def test_a_key_that_no_line_can_have_is_said_and_has_no_line(key: str) -> None:
    found = made(rules(READS.format(id="odd", when=f'parameters["{key}"] == "1"')))
    assert not [line for line in found.parameters if line.standing is Standing.NEEDED]
    (problem,) = [each for each in found.problems if "no line can have that key" in each]
    assert problem.startswith("the condition of odd reads the parameter ")
    assert problem.isprintable()


def test_marking_as_passed_is_never_proposed() -> None:
    (line,) = [line for line in made(rules(CODE)).parameters if "manualPass" in line.key]
    assert line.standing is Standing.OPTIONAL


# hosting, points, permissions


@pytest.mark.parametrize(
    ("lines", "kind", "chosen", "forced"),
    [
        ([DOWNLOAD], "either", "function", []),
        ([DOWNLOAD, UPLOAD], "unverified", "service", ["size"]),
        ([DOWNLOAD, CODE], "self-managed", "service", ["code"]),
        (
            ["id: gone, on: delete-project, check: workspace.protected, with: {deny: ['1']}"],
            "self-managed",
            "service",
            ["gone"],
        ),
    ],
)
def test_function_compute_suffices_for_the_data_download_alone(
    lines: list[str], kind: str, chosen: str, forced: list[str]
) -> None:
    hosting = made(rules(*lines)).hosting
    assert (hosting.kind.value, hosting.chosen.value) == (kind, chosen)
    assert [each.rule for each in hosting.forced] == forced


def test_what_a_function_never_gets_is_not_ticked_but_said() -> None:
    found = made(rules(DOWNLOAD, UPLOAD, CODE), host=Host.FUNCTION)
    assert [point.code for point in found.points] == ["download-resources", "upload-data-to-table"]
    assert found.problems[0].startswith("a function that DataWorks hosts never gets commit-file")
    assert "whether a function that DataWorks hosts gets upload-data-to-table is unverified: try it" in found.problems
    assert (found.level, found.halves, found.bridge) == ("tenant", (), None)


def test_points_that_rules_in_shadow_alone_judge_are_said() -> None:
    found = made(rules(f"{CODE}, mode: shadow"))
    assert found.points[0].rules[0].shadow
    assert any(problem.startswith("rules in shadow alone judge commit-file") for problem in found.problems)


def test_points_have_a_note_of_what_is_documented() -> None:
    undeploy = 'id: a, on: [undeploy-node, deploy-file], when: "true"'
    notes = {point.code: point.note for point in made(rules(undeploy)).points}
    assert notes == {"undeploy-node": "", "deploy-file": "sent in workspaces in standard mode alone"}
    (first, _) = sorted(made(rules(f"{undeploy}, result: WARN")).points, key=lambda point: point.code, reverse=True)
    assert first.note.startswith("Operation Center documents no warning")


def test_regular_events_are_in_the_pattern_and_not_to_be_ticked() -> None:
    found = made(rules(CODE, 'id: told, on: project-deleted, when: "true"'))
    assert [point.code for point in found.points] == ["commit-file"]
    assert [point.code for point in found.regular] == ["project-deleted"]
    assert found.bridge
    assert found.bridge.pattern == {
        "source": ["acs.dataworks"],
        "type": ["dataworks:FileChange:CommitFile", "dataworks:ProjectChange:ProjectDeleted"],
    }


def test_a_policy_of_regular_events_alone_has_nothing_to_register() -> None:
    found = made(rules('id: told, on: project-deleted, when: "true"'))
    assert (found.level, found.points, found.apis) == ("none", (), ())
    assert any("nothing to register" in problem for problem in found.problems)
    assert not any("Register Extension" in step for step in found.steps)


def test_regular_events_come_to_a_service_alone() -> None:
    told = 'id: told, on: project-deleted, when: "true"'
    for lines in ([told], [DOWNLOAD, told]):
        found = made(rules(*lines))
        assert (found.hosting.kind, found.hosting.chosen) == ("self-managed", "service")
        assert [each.rule for each in found.hosting.forced] == ["told"]
        assert found.bridge
    hosted = made(rules(DOWNLOAD, told), host=Host.FUNCTION)
    assert any("never gets project-deleted" in problem for problem in hosted.problems)


def test_every_extension_point_counts_for_a_rule_on_all_events() -> None:
    found = made(rules('id: all, on: "*", check: operator.id, with: {deny: ["1"]}'))
    assert {point.code for point in found.points} == {entry.code for entry in catalogue.ENTRIES if entry.callback}
    assert {point.code for point in found.regular} == {entry.code for entry in catalogue.ENTRIES if not entry.callback}


def test_permissions_are_those_that_a_rule_needs() -> None:
    read = policy.parse((ROOT / "examples/operations-guard/policy.yaml").read_bytes(), "p")
    found = made((ROOT / "examples/operations-guard/policy.yaml").read_text(encoding="utf-8"))
    actions = {each.action.removeprefix("dataworks:"): each.rules for each in found.permissions}
    assert set(actions) == {
        *("CallbackExtension", "UpdateWorkbenchEventResult", "GetExtension"),
        *("GetOptionValueForProject", "ListProjectMembers", "GetInstance"),
    }
    assert actions["GetOptionValueForProject"] == tuple(rule.id for rule in read.rules if rule.options)
    code = made(rules(CODE, 'id: tables, on: commit-file, when: "true", exempt: [{table: a.b, until: 2030-01-01}]'))
    assert [each.rules for each in code.permissions if "GetIDEEventDetail" in each.action] == [("tables",)]


def test_every_action_is_in_the_ram_policy() -> None:
    allowed = json.loads((ROOT / "docs/ram/function-role-policy.json").read_text(encoding="utf-8"))["Statement"][0]
    for name in (*ONE_LEVEL, "operations-guard", "sql"):
        found = made(policy_of(name).read_text(encoding="utf-8"))
        assert {each.action for each in found.permissions} <= set(allowed["Action"])


def test_a_name_is_that_of_the_policy_or_the_function_and_not_too_long() -> None:
    assert made(rules(DOWNLOAD)).name == "dataworks-extension"
    long = made(rules(*(f'id: r{n}, on: commit-file, when: "true", owner: {"o" * 60}{n}' for n in range(9))))
    assert len(long.description) <= registration.DESCRIPTION_CHARS
    assert long.name == "dataworks-extension-service"
    chinese = made(rules(DOWNLOAD).replace("language: en", "language: zh"))
    assert chinese.description == "操作执行前检查：上传与下载。共 1 条规则。"
    several = rules(f"{DOWNLOAD}, owner: 甲", 'id: all, on: "*", when: "true", owner: 乙')
    chinese = made(several.replace("language: en", "language: zh"))
    assert "联系人：甲、乙。" in chinese.description
    assert not re.search("[a-z]+-[a-z]+|, ", chinese.description)


def test_points_have_the_names_that_the_reference_gives_them() -> None:
    found = {each.code: each.name_zh for each in made(rules('id: all, on: "*", when: "true"')).points}
    assert {code: found[code] for code in titles.POINTS_ZH} == dict(titles.POINTS_ZH)


# what it is made of, and what it never says


def test_no_secret_is_printed(deployed: Path) -> None:
    hidden = {**SERVED, "EVENTBRIDGE_URL": f"{URL}/bridge?key=query-that-nobody-sees"}
    for form in ("text", "markdown", "json"):
        page = printed("--policy", policy_of("max-pt"), "--deployment", deployed, "--format", form, **hidden)
        assert not re.search("that-nobody-sees", page)
        assert f"{URL}/bridge?..." in page
        assert "EVENTBRIDGE_URL" in page


def test_dotenv_beside_the_file_is_read_and_the_environment_stands_over_it(deployed: Path) -> None:
    text = "DEPLOY_REGION=cn-beijing\nDEPLOY_ROLE=acs:ram::1:role/a\nEVENTBRIDGE_TOKEN=that-nobody-sees\n"
    (deployed.parent / ".env").write_text(f"{text}EXTENSION_LINK_KEY=\n", encoding="utf-8")
    read = of_json("--policy", policy_of("max-pt"), "--deployment", deployed, DEPLOY_REGION="cn-hangzhou")
    assert (read["deployment"]["region"], read["bridge"]["region"]) == ("cn-hangzhou", "cn-hangzhou")
    assert read["deployment"]["role"] == "acs:ram::1:role/a"
    assert not any("role" in problem for problem in read["problems"])


def test_variables_have_the_names_that_s_reads_them_by() -> None:
    served = {each.name: each for each in made(rules(CODE), variables=SERVED).variables}
    assert served["DATAWORKS_EXTENSION_CODE"].dotenv == "SERVICE_EXTENSION_CODE"
    assert [name for name, each in served.items() if each.standing == "set"] == [
        *("EXTENSION_URL", "EVENTBRIDGE_TOKEN", "EXTENSION_LINK_KEY")
    ]
    (code, _) = made(rules(DOWNLOAD)).variables
    assert (code.name, code.dotenv, code.standing) == ("DATAWORKS_EXTENSION_CODE",) * 2 + ("later",)
    (code, _) = made(rules(DOWNLOAD), variables={"DATAWORKS_EXTENSION_CODE": "x"}).variables
    assert (code.value, code.standing) == ("x", "set")


VALUES = {
    "DATAWORKS_EXTENSION_CODE": "code",
    "EXTENSION_URL": URL,
    "EVENTBRIDGE_URL": f"{URL}/bridge",
    "EVENTBRIDGE_TOKEN": TOKEN,
    "EXTENSION_LINK_KEY": LINK_KEY,
}


def function(resource: str) -> str:
    """A function of a s.yaml, which `s` gives variables of other names."""
    lines = "".join(f"        {name}: ${{env('OF_{resource.upper()}_{name}', '')}}\n" for name in VALUES)
    props = f"region: cn-{resource}\n      role: acs:ram::1:role/{resource}\n      functionName: {resource}\n"
    return f"  {resource}:\n    component: fc3\n    props:\n      {props}      environmentVariables:\n{lines}"


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize(("host", "other"), [("service", "extension"), ("extension", "service")])
def test_a_variable_is_what_the_chosen_function_gets(name: str, host: str, other: str) -> None:
    described = f"resources:\n{function('extension')}{function('service')}".encode()
    chosen = Host.SERVICE if host == "service" else Host.FUNCTION

    def found(source: str) -> Registration:
        return made(rules(DOWNLOAD), host=chosen, variables={source: VALUES[name]}, described=described)

    for source in (name, f"OF_{other.upper()}_{name}"):
        elsewhere = found(source)
        assert not [each for each in elsewhere.variables if each.standing == "set" and each.name != "FC_REGION"]
        assert (elsewhere.details_url, elsewhere.document_url) == ("", "")
        assert elsewhere.bridge is None or (elsewhere.bridge.target.url, elsewhere.bridge.target.token_set) == (
            "",
            False,
        )
    own = found(f"OF_{host.upper()}_{name}")
    told = {each.name: each for each in own.variables}
    if name in told:
        assert told[name].standing == "set"
        assert told[name].dotenv == f"OF_{host.upper()}_{name}"
        assert told[name].value == ("" if told[name].secret else VALUES[name])
    else:
        assert chosen is Host.FUNCTION
    assert own.details_url == (f"{URL}/" if name == "EXTENSION_URL" and chosen is Host.SERVICE else "")


@pytest.mark.parametrize("host", Host)
def test_region_and_role_are_those_of_the_chosen_function(host: Host) -> None:
    resource = "service" if host is Host.SERVICE else "extension"
    for order in (("extension", "service"), ("service", "extension")):
        described = f"resources:\n{''.join(map(function, order))}".encode()
        found = made(rules(DOWNLOAD), host=host, described=described)
        assert (found.deployment.region, found.deployment.role) == (f"cn-{resource}", f"acs:ram::1:role/{resource}")
        assert next(each for each in found.variables if each.name == "FC_REGION").value == f"cn-{resource}"
        assert found.bridge is None or found.bridge.region == "cn-service"
        assert f"region cn-{resource}" in " ".join(found.steps)


def test_the_environment_counts_where_s_yaml_has_no_such_function() -> None:
    described = f"resources:\n{function('extension')}".encode()
    found = made(rules(CODE), variables=VALUES, described=described)
    assert {each.name for each in found.variables if each.standing == "set"} == set(VALUES)
    assert (found.deployment.region, found.deployment.role) == ("cn-extension", "")


def test_certificates_of_a_folder_are_said() -> None:
    found = made(
        rules(CODE),
        variables={"EVENTBRIDGE_CERTIFICATES": "certificates", "EXTENSION_URL": "http://localhost"},
        described=OTHER.encode(),
    )
    assert found.bridge
    assert found.bridge.signature[-1].startswith("Certificates are those in the folder")
    assert found.bridge.target.service_type == "HTTP"


OTHER = """
resources:
  other:
    component: fc3
    props: {region: cn-beijing, functionName: other}
"""


def test_without_a_service_or_a_function_in_s_yaml_it_is_said_how_else(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(OTHER, encoding="utf-8")
    for name, hosting in (("max-pt", "service"), ("download-loss", "function")):
        arguments = ("--policy", policy_of(name), "--deployment", tmp_path / "s.yaml", "--hosting", hosting)
        page = " ".join(printed(*arguments, **SERVED).split())
        if hosting == "service":
            assert "blocks nothing: on a machine; docs/service.md" in page
            assert "Put it into the environment as DATAWORKS_EXTENSION_CODE=..., and start the service again" in page
        else:
            assert "has no function called extension, and one is needed" in page


def test_text_fits_into_80_columns_but_for_what_is_pasted(deployed: Path) -> None:
    for name in ("own", "data-studio", "sql"):
        arguments = ("--policy", policy_of(name), "--deployment", deployed)
        read = of_json(*arguments, **SERVED)
        as_it_is = {read["description"], *read["options_text"].splitlines()}
        page = printed(*arguments, **SERVED).replace(f"{deployed.parent}/", "").splitlines()[1:]
        lines = [line for line in page if len(line) > 80 and not as_it_is & {line, line.strip()}]
        assert [line for line in lines if not line.startswith("   `python -m extension ")] == []


def test_without_problems_the_text_begins_with_the_hosting(deployed: Path) -> None:
    arguments = ("--policy", policy_of("max-pt"), "--deployment", deployed)
    page = printed(*arguments, DEPLOY_ROLE="acs:ram::1:role/dataworks-extension", POLICY=str(policy_of("max-pt")))
    assert page.splitlines()[3] == "Hosting"
    assert printed(*arguments).splitlines()[3] == "Look at this first"


def test_text_names_no_rules_where_a_function_suffices(deployed: Path, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(rules(DOWNLOAD), "utf-8")
    page = printed("--policy", file, "--deployment", deployed)
    assert "- Register as: Deploy with Function Compute\n" in page
    assert "- Function: dataworks-extension\n" in page
    assert "does not suffice for" not in page
    assert "EventBridge:" not in page


def test_text_says_what_is_judged_where_nobody_waits(deployed: Path, tmp_path: Path) -> None:
    file = tmp_path / "told.yaml"
    file.write_text(rules('id: told, on: project-deleted, when: "true", options: {result: r}'), encoding="utf-8")
    page = printed("--policy", file, "--deployment", deployed)
    assert "- project-deleted  Console: A workspace was deleted\n  rules: told\n" in page
    assert "[x]" not in page
    assert "- Level: none\n" in page


def test_markdown_has_what_is_pasted_in_fences(deployed: Path) -> None:
    page = printed("--policy", policy_of("max-pt"), "--deployment", deployed, "--format", "markdown", **SERVED)
    read = of_json("--policy", policy_of("max-pt"), "--deployment", deployed, **SERVED)
    fenced = re.findall(r"^```json\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL)
    assert fenced == [read["options_text"], read["bridge"]["pattern_text"]]
    assert "- [x] `commit-file` Data Studio: File committing (文件提交前置事件)\n  - rules: max-pt\n" in page
    assert f"- **Extension Document URL:** `{URL}/policy`" in page
    assert "\n1. Run the service" in page


ODD = "```<img/src=x_onerror=1>` [a](b) ![c](d) *e* &lt; \\"
ODD_KEY = "``<img/src>` [a](b) `"
UNSEEN = "\x1b]0;pwn\x07\x9b31m\u202e\u2028\n\nSteps\n-----\n"


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A policy whose texts are Markdown and HTML, and whose name is commands to a terminal."""
    condition = json.dumps(f'parameters["{ODD_KEY}"] == "1"')
    file = tmp_path / f"odd`<b>{UNSEEN}.yaml"
    lines = (f"{CODE}, owner: {json.dumps(ODD)}", f"id: reads, on: commit-file, when: {condition}")
    file.write_text(rules(*lines, f"{UPLOAD}, options: {{max: key}}"), encoding="utf-8")
    return file


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_texts_of_a_policy_do_nothing_to_a_terminal(form: str, odd: Path, deployed: Path) -> None:
    page = printed("--policy", odd, "--deployment", deployed, "--format", form, **SERVED)
    assert all(line.isprintable() for line in page.split("\n"))
    if form == "text":
        assert ODD in " ".join(page.split())
        assert len(re.findall("^Steps$", page, re.MULTILINE)) == 1


def test_texts_of_a_policy_mean_nothing_to_markdown(odd: Path, deployed: Path) -> None:
    page = printed("--policy", odd, "--deployment", deployed, "--format", "markdown", **SERVED)
    blocks = MarkdownIt("commonmark").parse(page)
    tokens = [token for block in blocks for token in (block, *(block.children or ()))]
    kinds = {token.type for token in tokens}
    assert kinds & {"html_block", "html_inline", "image", "link_open", "em_open"} == set()
    assert [token.type for token in tokens].count("fence") == 2
    assert ODD in "".join(token.content for token in tokens if token.type.startswith("text"))
    assert f"{ODD_KEY}=VALUE" in [token.content for token in tokens if token.type == "code_inline"]


def test_json_has_escapes_for_what_cannot_be_seen() -> None:
    text = json.dumps({"key": f"中文 {UNSEEN}\U000e0041"}, ensure_ascii=False, indent=2)
    assert json.loads(shown.printable(text)) == json.loads(text)
    assert "中文" in shown.printable(text)
    assert all(line.isprintable() for line in shown.printable(text).split("\n"))


def test_defaults_of_options_can_be_left_out(deployed: Path) -> None:
    arguments = ("--policy", policy_of("max-pt"), "--deployment", deployed, "--no-defaults")
    read = of_json(*arguments)
    assert read["options"] == json.loads(read["options_text"])
    assert '"default"' not in read["options_text"]
    assert "That the console takes the key" not in printed(*arguments)


def test_two_forms_of_one_option_are_a_problem(deployed: Path, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    other = f"{UPLOAD}, options: {{max: key}}"
    file.write_text(rules(f"{DOWNLOAD}, options: {{max: key}}", other), encoding="utf-8")
    read = of_json("--policy", file, "--deployment", deployed)
    assert any("option key: rule rows sets max with it, and rule size max" in problem for problem in read["problems"])
    assert any("tenant level is unverified" in problem for problem in read["problems"])


def test_what_cannot_be_read_ends_it_with_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    missing = run("--policy", policy_of("max-pt"))
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert missing.stderr == (
        "error: s.yaml: cannot be read: no such file or directory; --deployment FILE names another one\n"
    )
    (tmp_path / "s.yaml").write_text("resources:\n  a: {component: fc3, props: {region: 1, functionName: f}}\n")
    broken = run("--policy", policy_of("max-pt"), "--deployment", tmp_path / "s.yaml")
    assert broken.exit_code == 2
    assert broken.stderr == "error: s.yaml:2: resources.a.props.region: expected text, found 1\n"


def test_the_policy_is_that_of_the_environment_where_none_is_named(deployed: Path) -> None:
    read = of_json("--deployment", deployed, EXTENSION_POLICY=str(policy_of("max-pt")))
    assert (read["policy"], read["name"]) == ("examples/max-pt/policy.yaml", "max-pt")


def test_the_policy_is_the_one_that_is_packed_where_none_is_named(
    deployed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`POLICY` of `.env` is taken from the folder of s.yaml, as `make` takes it."""
    folder = deployed.parent
    (folder / "policies").mkdir()
    (folder / "policies/own.yaml").write_text(rules(DOWNLOAD), encoding="utf-8")
    (folder / ".env").write_text("POLICY=policies/own.yaml\n", encoding="utf-8")
    read = of_json("--deployment", deployed)
    assert (read["policy"], read["name"]) == (str(folder / "policies/own.yaml"), "own")
    assert not any("`s` would deploy" in problem for problem in read["problems"])
    assert of_json("--deployment", deployed, POLICY=str(policy_of("max-pt")))["name"] == "max-pt"
    assert (
        of_json("--deployment", deployed, EXTENSION_POLICY=str(policy_of("download-loss")))["name"] == "download-loss"
    )
    missing = run("--deployment", deployed, POLICY="other.yaml")
    assert missing.stderr == f"error: {folder / 'other.yaml'}: is not there: POLICY names it, for `s` to pack\n"
    monkeypatch.chdir(folder)
    found = json.loads(CliRunner().invoke(main, ["doctor", "--json", "--offline"], env=UNSET).stdout)
    assert any("own.yaml" in remark["what"] for remark in found["remarks"])
    (folder / "policies/own.yaml").rename(folder / "policies/renamed.yaml")
    found = json.loads(CliRunner().invoke(main, ["doctor", "--json", "--offline"], env=UNSET).stdout)
    assert any("own.yaml" in remark["what"] for remark in found["remarks"])


def test_a_policy_that_s_would_not_deploy_is_said_with_what_to_do(
    deployed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = deployed.parent
    monkeypatch.chdir(folder)
    named = folder / "build/levels/tenant.yaml"
    named.parent.mkdir(parents=True)
    named.write_text(rules(DOWNLOAD), encoding="utf-8")

    def problem(*arguments: str | Path, **variables: str) -> str:
        found = [each for each in of_json(*arguments, **variables)["problems"] if "`s`" in each]
        assert len(found) <= 1
        return found[0] if found else ""

    tenant = ("--policy", "build/levels/tenant.yaml")
    put = "put POLICY=build/levels/tenant.yaml into .env"
    assert problem(*tenant) == (
        f"`s` would deploy nothing, for want of {folder / 'policy.yaml'}, or of rules in it that are valid: {put}"
    )
    (folder / "policy.yaml").write_text(rules(CODE), encoding="utf-8")
    own = storage.load(folder / "policy.yaml").digest
    assert problem() == ""
    assert problem(*tenant) == f"`s` would deploy {folder / 'policy.yaml'}@{own}: {put}"
    assert problem(*tenant, POLICY="build/levels/tenant.yaml") == ""
    assert problem(*tenant, EXTENSION_POLICY="build/other.yaml").endswith(f"{put} in the place of EXTENSION_POLICY")
    assert problem(*tenant, EXTENSION_POLICY=str(folder / "policy.yaml")) == "", "a mount has what it has"
    assert problem("--policy", policy_of("max-pt")).endswith(f"POLICY={policy_of('max-pt').as_posix()} into .env")
    assert problem("--policy", "build/levels").startswith("`s` packs a file, and no folder")
    assert problem("--policy", policy_of("operations-guard")) == "", "it is split first"
    (folder / "policy.yaml").write_bytes(named.read_bytes())
    assert problem(*tenant) == "", "it says the same"
    (folder / "vendor/extension").mkdir(parents=True)
    (folder / "vendor/extension/s.yaml").write_bytes(OWN)
    assert problem("--deployment", "vendor/extension/s.yaml").endswith("put POLICY=../../policy.yaml into .env")


def test_s_yaml_is_that_of_the_current_folder_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (storage.ROOT / "s.yaml").is_file()
    shown = run("--policy", policy_of("max-pt"))
    assert shown.exit_code == 2
    assert "--deployment FILE names another one" in shown.stderr


def test_a_variable_of_dotenv_that_makes_no_sense_is_said_to_be_there(deployed: Path) -> None:
    (deployed.parent / ".env").write_text("EXTENSION_URL=checks\n", encoding="utf-8")
    assert run("--deployment", deployed, EXTENSION_URL="http://x").stderr.startswith(
        "error: environment variable EXTENSION_URL: expected"
    )
    shown = CliRunner().invoke(main, ["register", "--deployment", str(deployed)], env={"EXTENSION_URL": None})
    assert shown.exit_code == 2
    assert shown.stderr.startswith("error: environment variable EXTENSION_URL (from .env): expected a URL")


def test_a_function_has_no_pages_whatever_the_environment_says(deployed: Path) -> None:
    arguments = ("--policy", policy_of("download-loss"), "--deployment", deployed, "--hosting", "function")
    read = of_json(*arguments, **SERVED)
    assert (read["details_url"], read["document_url"]) == ("", "")
    assert printed(*arguments, **SERVED).count("leave it empty: a function has no pages") == 2


def test_the_step_of_doctor_is_a_command_that_looks_at_the_same(
    deployed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(deployed.parent)
    policy_of_own = deployed.parent / "policy.yaml"
    policy_of_own.write_text(rules(CODE), encoding="utf-8")

    def doctor(*arguments: str | Path, **variables: str) -> str:
        (step,) = [each for each in of_json(*arguments, **variables)["steps"] if "extension doctor" in each]
        commands: list[str] = re.findall("`python -m extension doctor([^`]*)`", step)
        return commands[0]

    assert doctor() == " --resource service"
    assert doctor("--policy", "policy.yaml") == " --resource service", "it is in force"
    (deployed.parent / "a b.yaml").write_text(rules(DOWNLOAD), encoding="utf-8")
    assert doctor("--policy", "a b.yaml") == " --policy 'a b.yaml'"
    policy_of_own.unlink()
    assert doctor("--policy", "a b.yaml", POLICY="missing.yaml") == " --policy 'a b.yaml'"
    assert doctor("--deployment", deployed, "--policy", "a b.yaml", POLICY="a b.yaml") == f" --deployment {deployed}"
    page = printed("--policy", "a b.yaml")
    assert "`python -m extension doctor --policy 'a b.yaml'`" in page, "it is on one line"


def test_steps_are_those_that_are_left() -> None:
    def steps(*lines: str, host: Host | None = None) -> str:
        return "\n".join(made(rules(*lines), host=host).steps)

    assert "Set its options there" not in steps(DOWNLOAD)
    assert "Set its options there" in steps(f"{DOWNLOAD}, options: {{max: rows}}")
    told = 'id: told, on: project-deleted, when: "true"'
    assert steps(told, host=Host.FUNCTION) == ""
    assert "make the rule" in steps(told)


def test_a_warning_that_asks_nobody_is_said() -> None:
    def step(*lines: str) -> list[str]:
        return [each for each in made(rules(*lines)).steps if "docs/approval.md" in each]

    assert step(DOWNLOAD) == step(f"{DOWNLOAD}, result: WARN, mode: shadow") == step(f"{CODE}, result: WARN") == []
    (found,) = step(f"{DOWNLOAD}, result: WARN")
    assert found.endswith("without both, a download passes for which these give WARN: rows.")


def test_for_two_extensions_the_commands_come_first(deployed: Path, tmp_path: Path) -> None:
    page = printed("--policy", policy_of("operations-guard"), "--deployment", deployed)
    titles = re.findall(r"^(\S.*)\n-{3,}$", page, re.MULTILINE)
    assert titles[:3] == ["Look at this first", "Steps", "Hosting"]
    assert titles.count("Steps") == 1
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "a.yaml").write_text(rules(DOWNLOAD, CODE), encoding="utf-8")
    for named, halves in (
        (policy_of("operations-guard"), ("tenant.yaml", "workspace.yaml")),
        (folder, ("tenant", "workspace")),
    ):
        steps = " ".join(of_json("--policy", named, "--deployment", deployed)["steps"])
        commands = [each.split()[3:] for each in re.findall("`(python [^`]*)`", steps)]
        assert commands[0] == [
            "register",
            "--deployment",
            str(deployed),
            "--policy",
            str(named),
            "--split",
            "build/levels",
        ]
        assert [each[-1] for each in commands[1:]] == [f"build/levels/{half}" for half in halves]


def test_the_shape_of_the_json_stays(deployed: Path) -> None:
    read = of_json("--deployment", deployed)
    assert list(read) == [
        *("policy", "digest", "language", "deployment", "name", "description", "owners", "level", "halves"),
        *("hosting", "points", "regular", "test_workspace", "details_url", "document_url", "parameters"),
        *("options", "options_text", "bridge", "variables", "apis", "permissions", "steps", "problems"),
    ]
    assert list(read["points"][0]) == ["code", "name", "name_zh", "module", "level", "event_type", "rules", "note"]
    assert list(read["variables"][0]) == ["name", "dotenv", "value", "secret", "standing", "why"]


def test_the_types_of_the_pattern_are_those_of_the_samples() -> None:
    text = rules('id: all, on: "*", check: operator.id, with: {deny: ["1"]}')
    found = made(text).bridge
    assert found
    sampled = {json.loads(file.read_bytes())["type"] for file in EVENTS.glob("*.eventbridge.json")}
    assert sampled <= set(found.pattern["type"])


# the guide

GUIDE = (ROOT / "docs/register.md").read_text(encoding="utf-8")


def test_the_commands_of_the_guide_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"^```sh\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    commands = [line.partition(" #")[0] for block in blocks for line in block.splitlines()]
    assert len(commands) == 4
    for command in commands:
        words = command.replace("build/levels", str(tmp_path)).split()
        assert words[:4] == ["python", "-m", "extension", "register"]
        assert printed(*words[4:])


def test_files_that_the_guide_links_are_there_and_every_key_is_listed(max_pt: dict[str, Any]) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", GUIDE)
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
    listed = GUIDE[GUIDE.index("## The JSON") :]
    assert [key for key in max_pt if f"`{key}`" not in listed] == []


def test_every_option_is_in_the_guide() -> None:
    options = {name for each in register.params for name in each.opts if name.startswith("--")}
    assert {name for name in options if name not in GUIDE} <= {"--deployment"}
