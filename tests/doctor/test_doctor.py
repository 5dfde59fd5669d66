"""The command `doctor`: what it says of a set-up in which all is well, what it asks, and what it never shows."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from extension.__main__ import main
from extension.doctor import Level, Remark, versions
from extension.doctor import calls as calls_module
from extension.doctor import endpoint as endpoint_module
from extension.doctor.setup import set_up
from extension.faults import Fault, Outage
from extension.local import DataWorks
from extension.storage import ROOT
from extension.verdict import clean
from tests.conftest import key
from tests.doctor.setups import CHECKED, CODE, DOWNLOADS, OPTIONS, SetUp, found, free_port
from tests.eventbridge import certificates
from tests.fakes import Stub, answering


@pytest.fixture
def well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SetUp]:
    """A set-up in which all is well."""
    with DataWorks(keys=[key()], extension_code=CODE) as dataworks:
        yield SetUp(dataworks, tmp_path, monkeypatch)


def ids(at: SetUp, *arguments: str) -> list[str]:
    """The ids of all that is said."""
    return [remark.id for remark in at.report(*arguments).remarks]


def test_where_all_is_well_nothing_is_wrong(well: SetUp) -> None:
    well.try_rules()
    report = well.report()
    assert {remark.level for remark in report.remarks} == {Level.OK}
    assert report.summary == {Level.OK: len(report.remarks), Level.NOTE: 0, Level.WARNING: 0, Level.ERROR: 0}
    assert not [remark for remark in report.remarks if remark.why or remark.do]


def test_nor_where_everything_is_used(well: SetUp) -> None:
    well.of_files()
    well.write("certificates/own.pem", certificates()["own"].pem.decode())
    well.set(EVENTBRIDGE_CERTIFICATES=str(well.folder / "certificates"), EVENTBRIDGE_URL="https://checks.example.com/x")
    report = well.report()
    assert not found(report)
    assert {call.action for call in well.dataworks.received if call.verified} == {
        *("GetExtension", "GetIDEEventDetail", "ListProjectMembers", "GetInstance"),
        *("UpdateIDEEventResult", "UpdateWorkbenchEventResult"),
    }


def test_it_says_a_line_for_what_is_well_and_more_for_the_rest(well: SetUp) -> None:
    well.try_rules()
    well.dataworks.registration["Status"] = 3
    shown = well.shown()
    assert shown.exit_code == 1
    lines = shown.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if "status 3" in line)
    assert lines[at - 1] == "registration"
    assert [line.strip() for line in lines[at : at + 3]] == [
        'error  extension "checks": status 3, disabled',
        "DataWorks checks nothing with it: every operation passes.",
        "do: Enable it again in the DataWorks console (Open Platform, Extensions).",
    ]
    assert lines[-1].startswith("1 error, 0 warnings, 0 notes, ")


def test_the_form_of_its_json_is_stable(well: SetUp) -> None:
    said = json.loads(well.shown("--json").stdout)
    assert set(said) == {"remarks", "summary"}
    assert set(said["summary"]) == {"ok", "note", "warning", "error"}
    assert set(said["remarks"][0]) == {"id", "level", "what", "why", "do"}


def test_no_operation_is_answered(well: SetUp) -> None:
    well.shown()
    (posted,) = [call for call in well.dataworks.received if call.action == "CallbackExtension"]
    assert posted.parameters["MessageId"].startswith("extension-doctor-")
    assert len(posted.parameters["MessageId"]) == len("extension-doctor-") + 32


def test_no_secret_is_shown(well: SetUp) -> None:
    """`SetUp.report` looks for them in whatever it gives: here they are in all that is shown."""
    well.of_files()
    well.set(EXTENSION_LINK_KEY="too-short-a-key")
    shown = well.shown().output
    assert "EXTENSION_LINK_KEY" in shown
    assert not [secret for secret in (*well.secrets, "too-short-a-key") if secret in shown]


def test_a_secret_that_stands_elsewhere_is_blotted_out(well: SetUp) -> None:
    well.dataworks.registration["ExtensionName"] = f"checks {well.key.access_key_secret}"
    assert 'extension "checks ***"' in well.shown().output


def test_what_is_deployed_is_looked_at_where_it_is(well: SetUp) -> None:
    well.write("s.yaml", "resources: {extension: {component: fc3, props: {functionName: f, region: cn-shanghai}}}")
    assert {"cases.none", "package.none"} <= set(ids(well))


def test_what_is_half_installed_is_not_installed(tmp_path: Path) -> None:
    (tmp_path / "half.dist-info").mkdir()
    (tmp_path / "pins.txt").write_text("half==1.0 \\\n    --hash=sha256:00\n", encoding="utf-8")
    installed = [Distribution.at(tmp_path / "half.dist-info")]
    (said,) = versions.of_environment(installed, tmp_path / "pins.txt")
    assert "half is not installed" in said.what


def test_vulnerabilities_are_asked_for_when_asked(well: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "extension.doctor.audit.remarks", lambda: iter([Remark(id="audit.well", level=Level.OK, what="")])
    )
    assert "audit.well" in ids(well, "--audit")
    assert "audit.well" not in ids(well)


def test_what_s_yaml_gives_a_function_counts(well: SetUp) -> None:
    well.write(".env", "SERVICE_EXTENSION_CODE=ext-4711\nDEPLOY_REGION=cn-shanghai")
    well.write(
        "s.yaml",
        """
vars: {region: "${env('DEPLOY_REGION', 'cn-beijing')}"}
resources:
  service:
    component: fc3
    props:
      functionName: f
      region: ${vars.region}
      environmentVariables:
        DATAWORKS_EXTENSION_CODE: ${env('SERVICE_EXTENSION_CODE', '')}
        EXTENSION_LISTEN: ${git('branch')}
        EXTENSION_MODE: ${env("EXTENSION_MODE", "shadow")}
        EXTENSION_FC:
""",
    )
    well.set(DATAWORKS_EXTENSION_CODE="another", FC_REGION="")
    report = well.report()
    assert [remark.what for remark in found(report)] == ["EXTENSION_MODE (from s.yaml, resource service) is shadow"]
    said = {remark.id: remark.what for remark in report.remarks}
    assert said["code.set"] == "DATAWORKS_EXTENSION_CODE (from s.yaml, resource service): ext-4711"
    assert said["region.known"] == "s.yaml: cn-shanghai"


def test_of_env_beside_s_yaml_counts_what_the_function_takes(well: SetUp) -> None:
    well.set(DATAWORKS_EXTENSION_CODE="", ALIBABA_CLOUD_ACCESS_KEY_SECRET="", EXTENSION_ADMIN_TOKEN="", FC_REGION="")
    well.write(
        ".env",
        f"DATAWORKS_EXTENSION_CODE={CODE}\nEXTENSION_MODE=off\nEXTENSION_LISTEN=everywhere\nFC_REGION=cn-shanghai\n"
        f"EXTENSION_ADMIN_TOKEN=short\nALIBABA_CLOUD_ACCESS_KEY_SECRET={well.key.access_key_secret}\n",
    )
    well.deploy("extension", DATAWORKS_EXTENSION_CODE="${env('DATAWORKS_EXTENSION_CODE', '')}")
    report = well.report()
    assert not found(report)
    said = {remark.id: remark.what for remark in report.remarks}
    assert said["code.set"] == f"DATAWORKS_EXTENSION_CODE (from .env): {CODE}"
    assert said["region.known"] == "FC_REGION (from .env): cn-shanghai"
    assert len(found(well.report("--env", ".env"))) == 3
    (well.folder / "s.yaml").unlink()
    well.write("else/.env", "EXTENSION_MODE=off")
    assert [remark.id for remark in found(well.report("--env", "else/.env"))][:1] == ["environment.mode"]


def test_what_only_the_service_reads_keeps_no_function_from_starting(well: SetUp) -> None:
    well.set(EXTENSION_ADMIN_TOKEN="short")
    (said,) = found(well.report())
    assert (said.level, said.why) == (Level.WARNING, "The service does not start with it; a function does not read it.")


@pytest.mark.parametrize("code", ["...", "‹code›", "<code>", "CODE", "your-extension-code", "${CODE}", "xxx", "--"])
def test_what_documents_write_for_a_code_is_none(well: SetUp, code: str) -> None:
    well.set(DATAWORKS_EXTENSION_CODE=code)
    (said,) = found(well.report())
    assert said.what == f"DATAWORKS_EXTENSION_CODE (from the environment): {clean(code)} is a placeholder"


def test_a_short_secret_is_blotted_out_as_a_word_alone(well: SetUp) -> None:
    well.set(DINGTALK_SECRET="ext", DATAWORKS_EXTENSION_CODE="ext-123")
    well.dataworks.registration["ExtensionName"] = "my ext"
    shown = well.shown("--json").output
    assert "DATAWORKS_EXTENSION_CODE (from the environment): ext-123" in shown
    well.set(DATAWORKS_EXTENSION_CODE=CODE)
    assert 'extension "my ***"' in well.shown().output


def test_a_resource_that_s_yaml_does_not_have_exits_2(well: SetUp) -> None:
    shown = well.shown("--resource", "service")
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert shown.stderr == "error: --resource: there is no s.yaml here: name it by --deployment\n"
    shutil.copy(ROOT / "s.yaml", well.folder)
    shown = well.shown("--resource", "nix")
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert shown.stderr == "error: --resource: s.yaml has no nix; it has extension, service\n"


def test_a_shell_is_offered_the_resources(well: SetUp) -> None:
    def offered(*words: str) -> list[str]:
        found = ShellComplete(main, {}, "extension", "_C").get_completions(["doctor", *words[:-1]], words[-1])
        return [item.value for item in found]

    assert offered("--resource", "") == []
    shutil.copy(ROOT / "s.yaml", well.folder / "other.yaml")
    assert offered("--deployment", "other.yaml", "--resource", "") == ["extension", "service"]
    well.deploy("api")
    well.write(".env", "")
    assert offered("--resource", "a") == ["api"]
    assert offered("--resource", "s") == []


def test_of_a_service_its_package_is_looked_at_first(well: SetUp) -> None:
    well.deploy("service")
    (said,) = [remark for remark in well.report().remarks if remark.id == "package.none"]
    assert said.what.startswith(f"{well.folder}/build/service")
    assert said.do == "`make package SERVICE=1`."
    (well.folder / "build/function").mkdir(parents=True)
    packages = [remark for remark in well.report().remarks if remark.id.startswith("package.")]
    assert [remark.id for remark in packages][:2] == ["package.none", "package.incomplete"]


def test_an_address_of_nothing_is_another_one(well: SetUp) -> None:
    well.of_files()
    well.register(CHECKED, HelpDocUrl="https://[checks")
    assert [remark.id for remark in found(well.report())] == ["registration.address"]


def test_an_endpoint_needs_no_region(well: SetUp) -> None:
    well.set(FC_REGION="")
    assert not found(well.report())


@pytest.mark.usefixtures("well")
def test_the_set_up_shows_nothing_of_itself() -> None:
    assert repr(set_up(None, "", None)) == "Setup(...)"


def test_a_certificate_that_nobody_trusts_is_said(well: SetUp) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own = certificates()["own"]
    secret = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    server.load_cert_chain(well.write("own.pem", own.pem.decode() + secret))
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor() as threads:
        threads.submit(_shake_hands, server, listening)
        well.set(DATAWORKS_ENDPOINT=f"https://127.0.0.1:{listening.getsockname()[1]}")
        assert [remark.id for remark in found(well.report())] == ["endpoint.certificate"]


def _shake_hands(server: ssl.SSLContext, listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with suppress(OSError):
        server.wrap_socket(connection, server_side=True).close()
    connection.close()


def test_a_list_can_be_chosen_and_a_parameter_be_there(well: SetUp) -> None:
    well.policy(
        "version: 1\nrules:\n  - {id: sources, on: download-resources, check: download.source,"
        " with: {deny: [dw_excel]}, options: {deny: sources}, when: 'parameters.on == \"1\"'}\n"
    )
    choices = [{"value": "dw_excel"}, {"value": "develop_query"}, {"value": ""}, "sqlx_query"]
    well.register(
        ["download-resources"],
        options={
            "sources": {
                "x-component": "Select",
                "x-component-props": {"mode": "multiple", "dataSource": choices},
                "default": ["dw_excel"],
            },
            "hint": {"x-component": "PreviewText.Input"},
        },
    )
    well.dataworks.parameters = "on=1\nextension.project.disabled=\n"
    assert not found(well.report())


def test_audit_and_offline_exclude_each_other(well: SetUp) -> None:
    shown = well.shown("--audit", "--offline")
    assert shown.exit_code == 2
    assert "--offline asks nobody" in shown.stderr


def test_offline_nobody_is_asked(well: SetUp) -> None:
    assert "endpoint.not-looked-at" in ids(well, "--offline")
    assert not well.dataworks.received


@pytest.mark.parametrize("arguments", [("--workspace", "sales"), ("--policies",), ("--deployment", "nowhere/s.yaml")])
def test_an_option_that_makes_no_sense_exits_2(well: SetUp, arguments: tuple[str, ...]) -> None:
    shown = well.shown(*arguments)
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert arguments[0] in shown.stderr


def test_another_policy_can_be_named(well: SetUp) -> None:
    well.write("other/policy.yaml", DOWNLOADS.replace("download-resources", "upload-data-to-table"))
    assert "policy.invalid" in ids(well, "--policy", "other/policy.yaml")  # its check is for downloads


def test_a_workspace_can_be_named_where_none_is_registered(well: SetUp) -> None:
    well.register(["download-resources"], options=OPTIONS, ProjectTesting=None)
    assert "calls.not-looked-at" in ids(well)
    well.dataworks.received.clear()
    assert "calls.not-looked-at" not in ids(well, "--workspace", "4711")
    asked = [call.parameters.get("ProjectId") for call in well.dataworks.received]
    assert "4711" in asked


def test_without_a_code_it_is_seen_whether_the_key_counts(well: SetUp) -> None:
    well.set(DATAWORKS_EXTENSION_CODE="")
    skipped = [each for each in ids(well) if each.endswith(".not-looked-at")]
    assert skipped == ["registration.not-looked-at", "calls.not-looked-at", "calls.not-looked-at"]
    well.dataworks.keys.clear()
    assert "credentials.unknown" in ids(well)


def test_the_sdk_makes_the_calls_where_it_is_to(well: SetUp) -> None:
    well.set(DATAWORKS_CLIENT="sdk")
    report = well.report()
    assert [remark.id for remark in report.remarks if remark.level is Level.NOTE] == ["environment.client"]


def test_the_sdk_makes_the_calls_through_a_proxy(well: SetUp) -> None:
    with answering(502, "") as proxy:
        well.set(HTTPS_PROXY=f"http://{proxy.endpoint}", DATAWORKS_ENDPOINT="dataworks.example.com")
        report = well.report()
    (refused,) = found(report)
    assert refused.id == "endpoint.proxy-refused"
    assert refused.why.startswith("HTTPS_PROXY (from the environment) is set")
    assert "endpoint.proxy" in [remark.id for remark in report.remarks]
    assert [request.split(" ")[:2] for request in proxy.requests] == [["CONNECT", "dataworks.example.com:443"]]


def test_only_a_call_with_a_request_id_is_one_for_the_support(well: SetUp) -> None:
    well.dataworks.faults["CallbackExtension"] = Outage(Fault.RESET)
    (said,) = found(well.report())
    assert said.id == "calls.failed"
    assert "request id" not in said.do
    assert "what is between this machine and DataWorks" in said.do


@pytest.mark.parametrize("client", ["sdk", "light"])
def test_the_sdk_may_be_missing(well: SetUp, monkeypatch: pytest.MonkeyPatch, client: str) -> None:
    monkeypatch.setitem(__import__("sys").modules, "extension.sdk", None)
    well.set(DATAWORKS_CLIENT=client, ALIBABA_CLOUD_ACCESS_KEY_SECRET="another")
    expected = {"sdk": ["calls.no-sdk"], "light": ["credentials.secret"]}
    assert [remark.id for remark in found(well.report())] == expected[client]


def test_what_the_service_needs_may_be_missing(well: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    well.of_files()
    well.set(EVENTBRIDGE_CERTIFICATES="certificates")
    monkeypatch.setattr("extension.doctor.service.find_spec", lambda _: None)
    assert [remark.id for remark in found(well.report())] == ["service.packages"]


def test_an_address_that_makes_no_sense_is_said_once(well: SetUp) -> None:
    well.of_files()
    well.set(EXTENSION_URL="checks.example.com")
    assert [remark.id for remark in found(well.report())] == ["environment.invalid"]


def test_records_of_a_function_are_not_of_this_machine(well: SetUp) -> None:
    well.write(
        "s.yaml",
        "resources: {service: {component: fc3, props: {functionName: f, region: cn-shanghai,"
        " environmentVariables: {EXTENSION_RECORDS: /dev/null/verdicts, EXTENSION_FC: 'on'}}}}",
    )
    assert not found(well.report())
    well.write("s.yaml", "resources: {service: {component: fc3, props: {functionName: f, region: cn-shanghai}}}")
    well.set(EXTENSION_RECORDS="/dev/null/verdicts")
    assert [remark.what for remark in found(well.report())] == [
        "EXTENSION_RECORDS (from the environment): is no folder that can be written to"
    ]


def test_a_policy_on_a_mount_of_the_function_is_not_of_this_machine(well: SetUp) -> None:
    well.write(
        "s.yaml",
        "resources: {service: {component: fc3, props: {functionName: f, region: cn-shanghai,"
        " environmentVariables: {EXTENSION_POLICY: /mnt/policies-of-nobody}}}}",
    )
    report = well.report()
    assert not found(report)
    (said,) = [remark for remark in report.remarks if remark.id == "policy.not-looked-at"]
    assert said.what == "not looked at: policy /mnt/policies-of-nobody"
    assert said.why.startswith("EXTENSION_POLICY (from s.yaml, resource service) is a place of the function")
    assert "policy.valid" in ids(well, "--policy", "policy.yaml")
    well.set(EXTENSION_POLICY="")
    taken = "environmentVariables: {EXTENSION_POLICY: \"${env('EXTENSION_POLICY', '')}\"}"
    well.write(
        "s.yaml", f"resources: {{a: {{component: fc3, props: {{functionName: f, region: cn-shanghai, {taken}}}}}}}"
    )
    well.write(".env", "EXTENSION_POLICY=/mnt/policies-of-nobody")
    assert "policy.not-looked-at" in ids(well)
    well.write(".env", "EXTENSION_POLICY=policies-of-nobody")
    assert "policy.invalid" in ids(well)


def test_records_that_hang_are_not_waited_for(well: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    # Loads the driver: a thread that is stopped while it does leaves files open.
    well.set(EXTENSION_RECORDS=f"postgresql://keeper@127.0.0.1:{free_port()}/records")
    assert len(found(well.report())) == 1
    monkeypatch.setattr("extension.doctor.service.OPEN_S", 0.05)
    with closing(socket.create_server(("127.0.0.1", 0))) as hanging:
        well.set(EXTENSION_RECORDS=f"postgresql://keeper@127.0.0.1:{hanging.getsockname()[1]}/records")
        assert [remark.what for remark in found(well.report())] == [
            "EXTENSION_RECORDS (from the environment): could not be opened in 0 s"
        ]


def test_a_pipe_among_certificates_is_none(well: SetUp) -> None:
    well.of_files()
    folder = well.write("certificates/own.pem", certificates()["own"].pem.decode()).parent
    os.mkfifo(folder / "pipe.pem")
    well.set(EVENTBRIDGE_CERTIFICATES=str(folder))
    (said,) = found(well.report())
    assert said.what.endswith("pipe.pem: is no X.509 certificate in PEM")


def test_certificates_that_hang_are_not_waited_for(well: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    well.of_files()
    folder = well.write("certificates/own.pem", certificates()["own"].pem.decode()).parent
    well.set(EVENTBRIDGE_CERTIFICATES=str(folder), EXTENSION_RECORDS="")
    hanging = threading.Event()
    monkeypatch.setattr("extension.doctor.service.OPEN_S", 0.05)
    monkeypatch.setattr("extension.doctor.service._begin", lambda _: hanging.wait(5))
    (said,) = found(well.report())
    hanging.set()
    assert said.what == "EVENTBRIDGE_CERTIFICATES (from the environment): could not be read in 0 s"


def test_a_policy_that_hangs_is_not_waited_for(well: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = threading.Event()
    monkeypatch.setattr("extension.doctor.examination.LOAD_S", 0.05)
    monkeypatch.setattr("extension.doctor.examination.storage.load", lambda _: hanging.wait(5))
    (said,) = found(well.report())
    hanging.set()
    assert (said.id, said.what) == ("policy.invalid", f"{well.folder}/policy.yaml: could not be read in 0 s")


@pytest.mark.parametrize(("status", "level"), [(0, Level.NOTE), (1, Level.OK), (4, Level.NOTE), (None, Level.WARNING)])
def test_a_status_can_be_one_to_wait_in(well: SetUp, status: int | None, level: Level) -> None:
    well.dataworks.registration["Status"] = status
    (said,) = [remark for remark in well.report().remarks if remark.id == "registration.status"]
    assert said.level is level


@pytest.mark.parametrize("error", ["InvalidParameter.MessageId", "EventNotFound"])
def test_an_answer_about_our_message_says_that_the_call_may_be_made(well: SetUp, error: str) -> None:
    well.dataworks.failing["CallbackExtension"] = (404, error)
    assert not found(well.report())


def test_an_answer_without_success_says_so_too(well: SetUp) -> None:
    well.dataworks.faults["CallbackExtension"] = Outage(Fault.UNSUCCESSFUL)
    assert not found(well.report())


def test_a_call_that_befalls_all_ends_them(well: SetUp) -> None:
    well.of_files()
    well.dataworks.failing["UpdateIDEEventResult"] = (400, "InvalidSecurityToken.Expired")
    assert [remark.id for remark in found(well.report())] == ["credentials.expired"]
    assert well.dataworks.received[-1].action == "UpdateIDEEventResult"


def test_a_call_that_hangs_is_not_waited_for(well: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls_module, "CALL_S", 0.2)
    well.dataworks.faults["GetExtension"] = Outage(Fault.HANG)
    (said,) = found(well.report())
    assert said.what.startswith("GetExtension: ")


def test_a_registration_that_cannot_be_read_is_said(well: SetUp) -> None:
    well.dataworks.registration["BindEventList"] = "none"
    report = well.report()
    assert [remark.id for remark in found(report)] == ["registration.unreadable"]
    assert "calls.allowed" in [remark.id for remark in report.remarks]


def test_a_registration_may_come_in_other_types(well: SetUp) -> None:
    events = [None, {"EventName": "x"}, {"EventCode": "download-resources"}]
    options = {"type": "object", "properties": OPTIONS}
    well.dataworks.registration |= {"Status": "1", "ProjectTesting": 90214.0, "BindEventList": events}
    well.dataworks.registration |= {"OptionSetting": options, "ExtensionName": 4711}
    report = well.report()
    assert not found(report)
    assert 'extension "4711": status 1, published' in [remark.what for remark in report.remarks]
    asked = {call.parameters.get("ProjectId") for call in well.dataworks.received} - {None}
    assert asked == {"90214"}


@pytest.mark.parametrize("status", ["", "published", 1.5])
def test_a_status_that_is_none_is_not_documented(well: SetUp, status: object) -> None:
    well.dataworks.registration["Status"] = status
    assert [remark.id for remark in found(well.report())] == ["registration.status"]


def test_an_extension_that_is_not_given_is_not_known(well: SetUp) -> None:
    answer = b'{"RequestId": "R-1", "Success": false, "ErrorCode": "Nope"}'
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(answer)}\r\nconnection: close\r\n\r\n".encode()
    with Stub(lambda connection, _: connection.wfile.write(head + answer)) as refusing:
        well.set(DATAWORKS_ENDPOINT=f"http://{refusing.endpoint}")
        report = well.report()
    assert [remark.id for remark in found(report)] == ["code.unknown"]
    assert "calls.allowed" in [remark.id for remark in report.remarks]


def test_a_policy_that_is_broken_keeps_nothing_else_from_being_looked_at(well: SetUp) -> None:
    well.policy("version: 1\nrules: []\nrule: []")
    well.dataworks.parameters = "extension.fileType.10.commit-file.enabled=false"
    said = ids(well)
    assert {"policy.invalid", "registration.status", "clock.right"} <= set(said)


def test_the_events_of_the_other_level_are_named_for_each_rule(well: SetUp) -> None:
    well.policy(
        f"{DOWNLOADS}  - {{id: all, on: '*', when: 'true'}}\n"
        "  - {id: both, on: [download-resources, run-file, commit-file], when: 'true'}\n"
    )
    (said,) = [remark.what for remark in well.report().remarks if remark.id == "registration.level"]
    assert re.fullmatch(
        "registered for tenant events; of workspace level:"
        r" rule all \(approval-.*, .*, .* and \d+ more\); rule both \(commit-file, run-file\)",
        said,
    ), said


def test_two_levels_that_are_registered_together_are_not_taken_for_one(well: SetUp) -> None:
    well.policy("version: 1\nrules: [{id: all, on: [download-resources, commit-file], when: 'true'}]")
    well.register(["download-resources", "commit-file"])
    well.set(EVENTBRIDGE_URL="https://checks.example.com/events", EVENTBRIDGE_TOKEN="token")
    assert not found(well.report())


@pytest.mark.parametrize(
    "date", ["", "date: yesterday\r\n", f"date: Mon, 01 Jan 2026 00:00:00 +{'9' * 20}\r\n"], ids=["none", "odd", "zone"]
)
def test_an_endpoint_may_not_say_what_time_it_is(well: SetUp, date: str) -> None:
    raw = f"HTTP/1.1 400 Bad\r\n{date}content-length: 0\r\nconnection: close\r\n\r\n".encode()
    with Stub(lambda connection, _: connection.wfile.write(raw)) as silent:
        well.set(DATAWORKS_ENDPOINT=f"http://{silent.endpoint}")
        assert "clock.unknown" in ids(well)


def test_an_endpoint_may_speak_something_else(well: SetUp) -> None:
    with Stub(lambda connection, _: connection.wfile.write(b"220 mail.example.com ESMTP\r\n")) as mail:
        well.set(DATAWORKS_ENDPOINT=f"http://{mail.endpoint}")
        assert [remark.id for remark in found(well.report())] == ["endpoint.unreachable"]


def test_an_endpoint_may_be_an_address_of_ipv6(well: SetUp) -> None:
    well.set(DATAWORKS_ENDPOINT=f"http://[::1]:{free_port()}")
    (said,) = found(well.report())
    assert said.id in ("endpoint.refused", "endpoint.unreachable")  # the latter where the machine has no IPv6


def test_an_endpoint_that_hangs_is_not_waited_for(well: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_module, "WHOLE_S", 0.1)
    with Stub(lambda _, stub: stub.ended.wait(10)) as hanging:
        well.set(DATAWORKS_ENDPOINT=f"http://{hanging.endpoint}")
        assert [remark.id for remark in found(well.report())] == ["endpoint.timeout"]


@pytest.mark.parametrize(("minutes", "said"), [(5, "behind"), (-5, "ahead of")])
def test_the_clock_is_compared_in_both_directions(well: SetUp, minutes: int, said: str) -> None:
    well.dataworks.clock_ahead = timedelta(minutes=minutes)
    (remark,) = found(well.report())
    assert re.match(rf"our clock is (29\d|30\d) s {said} that of 127.0.0.1", remark.what)


GROUPS = {
    "setup.remarks": ("variables", "environment.read"),
    "storage.load": ("the policy", "policy.valid"),
    "credentials.remarks": ("credentials", "credentials.found"),
    "endpoint.region": ("the region", "region.known"),
    "_code": ("the code", "code.set"),
    "endpoint.reach": ("endpoint and calls", "endpoint.reached"),
    "registration.remarks": ("the registration", "registration.status"),
    "options.remarks": ("options and parameters", "options.read"),
    "service.remarks": ("the service", "service.push"),
    "policies.of_policy": ("rules and cases", "cases.none"),
    "packages.remarks": ("packages", "package.none"),
    "versions.of_environment": ("versions", ""),
    "audit.remarks": ("audit", "audit.not-told"),
}


@pytest.mark.parametrize("broken", GROUPS)
def test_what_nobody_foresaw_ends_its_group_alone(well: SetUp, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    well.write("s.yaml", "resources: {extension: {component: fc3, props: {functionName: f, region: cn-shanghai}}}")
    well.set(EVENTBRIDGE_URL="https://checks.example.com/events")
    told = Remark(id="audit.not-told", level=Level.WARNING, what="", why="", do="")
    monkeypatch.setattr("extension.doctor.audit.remarks", lambda: iter([told]))
    monkeypatch.setattr("extension.doctor.versions.of_environment", lambda: iter(()))

    def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError(well.key.access_key_secret)

    place = (
        "extension.doctor" if broken.startswith(("packages", "versions", "audit")) else "extension.doctor.examination"
    )
    monkeypatch.setattr(f"{place}.{broken}", breaks)
    remarks = well.report("--audit").remarks
    group, lost = GROUPS[broken]
    (said,) = [remark for remark in remarks if remark.id == "doctor.broken"]
    assert re.fullmatch(rf"looking at {group} broke off with ZeroDivisionError at test_doctor.py:\d+", said.what)
    asked = {"endpoint.reached", "registration.status", "options.read"} if broken == "endpoint.reach" else set()
    of_policy = {"policy.valid", "cases.none", "options.read"} if broken == "storage.load" else set()
    every = {name for _, name in GROUPS.values()} - {lost, ""} - asked - of_policy
    assert every <= {remark.id for remark in remarks}


@pytest.mark.parametrize("lacks", ["packaging", "requirements.txt"])
def test_without_the_project_packages_are_not_looked_at(
    well: SetUp, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    well.write("s.yaml", "resources: {extension: {component: fc3, props: {functionName: f, region: cn-shanghai}}}")
    if lacks == "packaging":
        monkeypatch.setattr("extension.doctor.examination.find_spec", lambda _: None)
    else:
        monkeypatch.setattr("extension.doctor.examination.PROJECT", (well.folder / lacks,))
    report = well.report("--audit")
    (said,) = [remark for remark in report.remarks if remark.id == "versions.not-looked-at"]
    assert said.level is Level.NOTE
    assert lacks in said.why
    assert not [remark for remark in report.remarks if remark.id.startswith(("package.", "audit."))]


def test_what_may_be_missing_is_imported_where_it_is_needed() -> None:
    code = "import sys; sys.modules['packaging'] = None; from extension.doctor import examination"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)  # noqa: S603  this Python, no shell


def test_the_page_lists_what_ids_begin_with() -> None:
    page = (ROOT / "docs/doctor.md").read_text(encoding="utf-8")
    modules = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "extension/doctor").glob("*.py"))
    listed = re.findall(r"^\| `(\w+)` \|", page[page.index("## What is looked at") :], re.MULTILINE)
    assert set(re.findall(r'id=f?"([a-z]+)\.', modules)) <= set(listed)
    assert [name for name in listed if f'"{name}.' not in modules] == []
