"""Broken set-ups, each made for real: `doctor` finds what is wrong, nothing else, and says what to do."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from extension.catalogue import BY_CODE
from extension.catalogue import Level as Holder
from extension.dataworks import Credentials
from extension.faults import Fault, Outage
from extension.local import DataWorks
from tests.conftest import key
from tests.doctor.setups import CHECKED, CODE, DOWNLOADS, OPTIONS, SetUp, found, free_port

Break: TypeAlias = Callable[[SetUp], None]

BROKEN: list[Any] = []
"""How a set-up is broken, which remarks must come of it, and words that must stand in what they say to do."""


def broken(*remarks: str, do: str, arguments: tuple[str, ...] = ()) -> Callable[[Break], Break]:
    """Add a broken set-up."""

    def add(way: Break) -> Break:
        BROKEN.append(pytest.param(way, remarks, do, arguments, id=way.__name__))
        return way

    return add


@pytest.fixture
def well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SetUp]:
    """A set-up in which all is well."""
    with DataWorks(keys=[key()], extension_code=CODE) as dataworks:
        yield SetUp(dataworks, tmp_path, monkeypatch)


@broken("error credentials.missing", do="ALIBABA_CLOUD_ACCESS_KEY_ID")
def no_credentials(at: SetUp) -> None:
    at.sign_with(Credentials("", ""))


@broken("error credentials.partial", do="Set ALIBABA_CLOUD_ACCESS_KEY_SECRET, too")
def half_a_key(at: SetUp) -> None:
    at.set(ALIBABA_CLOUD_ACCESS_KEY_SECRET="")


@broken("error credentials.form", do="ALIBABA_CLOUD_ACCESS_KEY_SECRET")
def a_line_end_in_the_secret(at: SetUp) -> None:
    at.set(ALIBABA_CLOUD_ACCESS_KEY_SECRET=f"{at.key.access_key_secret}\n")


@broken("error credentials.form", do="ALIBABA_CLOUD_ACCESS_KEY_ID")
def quotes_around_the_id(at: SetUp) -> None:
    at.set(ALIBABA_CLOUD_ACCESS_KEY_ID=f'"{at.key.access_key_id}"')


@broken("error credentials.token-missing", do="ALIBABA_CLOUD_SECURITY_TOKEN")
def a_temporary_key_without_its_token(at: SetUp) -> None:
    at.sign_with(Credentials("STS.NUexample", "secret"))


@broken("error credentials.expired", do="ALIBABA_CLOUD_SECURITY_TOKEN")
def a_token_that_has_expired(at: SetUp) -> None:
    at.dataworks.failing["GetExtension"] = (400, "InvalidSecurityToken.Expired")


@broken("error credentials.token", do="all three from the same answer")
def the_token_of_another_key(at: SetUp) -> None:
    at.set(ALIBABA_CLOUD_SECURITY_TOKEN="another-token")


@broken("error credentials.unknown", do="ALIBABA_CLOUD_ACCESS_KEY_ID")
def a_key_that_was_removed(at: SetUp) -> None:
    at.sign_with(key())


@broken("error credentials.inactive", do="Activate the key")
def a_key_that_was_switched_off(at: SetUp) -> None:
    at.dataworks.failing["GetExtension"] = (400, "InvalidAccessKeyId.Inactive")


@broken("error credentials.secret", do="both of the same key")
def the_secret_of_another_key(at: SetUp) -> None:
    at.set(ALIBABA_CLOUD_ACCESS_KEY_SECRET="not-its-secret")


@broken("error region.missing", do="FC_REGION")
def no_region(at: SetUp) -> None:
    at.set(FC_REGION="", DATAWORKS_ENDPOINT="")


@broken("error region.without-extensions", do="cn-shanghai")
def a_region_without_extensions(at: SetUp) -> None:
    at.set(FC_REGION="ap-south-1")


@broken("warning region.deployment", do="DEPLOY_REGION")
def a_function_in_another_region_than_it_is_deployed_to(at: SetUp) -> None:
    at.write("s.yaml", "resources: {extension: {component: fc3, props: {functionName: f, region: cn-beijing}}}")


@broken("warning endpoint.other-region", do="DATAWORKS_ENDPOINT", arguments=("--offline",))
def the_endpoint_of_another_region(at: SetUp) -> None:
    at.set(DATAWORKS_ENDPOINT="dataworks.cn-beijing.aliyuncs.com")


@broken("error endpoint.refused", do="DATAWORKS_ENDPOINT")
def an_endpoint_where_nobody_listens(at: SetUp) -> None:
    at.set(DATAWORKS_ENDPOINT=f"http://127.0.0.1:{free_port()}")


@broken("error endpoint.unresolved", do="DATAWORKS_ENDPOINT")
def an_endpoint_that_has_no_address(at: SetUp) -> None:
    at.set(DATAWORKS_ENDPOINT="https://dataworks..invalid")


@broken("error endpoint.tls", do="DATAWORKS_ENDPOINT")
def an_endpoint_that_speaks_no_tls(at: SetUp) -> None:
    at.set(DATAWORKS_ENDPOINT=at.dataworks.url.replace("http:", "https:"))


@broken("error environment.invalid", do="DATAWORKS_ENDPOINT")
def plain_http_to_somewhere_else(at: SetUp) -> None:
    at.set(DATAWORKS_ENDPOINT="http://dataworks.cn-shanghai.aliyuncs.com")


@broken("error endpoint.not-dataworks", do="DATAWORKS_ENDPOINT")
def an_endpoint_that_is_something_else(at: SetUp) -> None:
    at.dataworks.faults["*"] = Outage(Fault.GARBAGE)


@broken(
    "error endpoint.proxy-refused",
    do="See that the proxy runs, and lets calls to DataWorks through, or take HTTPS_PROXY",
)
def a_proxy_that_is_not_there(at: SetUp) -> None:
    at.set(HTTPS_PROXY=f"http://127.0.0.1:{free_port()}", DATAWORKS_ENDPOINT="dataworks.example.com")


@broken("error calls.failed", "error calls.failed", do="request id")
def a_dataworks_that_is_out_of_order(at: SetUp) -> None:
    at.dataworks.faults["*"] = Outage(Fault.INTERNAL_ERROR)


@broken("error clock.wrong", do="NTP")
def a_clock_that_is_twenty_minutes_slow(at: SetUp) -> None:
    at.dataworks.clock_ahead = timedelta(minutes=20)


@broken("warning clock.off", do="NTP")
def a_clock_that_is_two_minutes_fast(at: SetUp) -> None:
    at.dataworks.clock_ahead = timedelta(minutes=-2)


@broken("warning code.missing", do="DATAWORKS_EXTENSION_CODE")
def no_code_for_an_extension_that_function_compute_hosts(at: SetUp) -> None:
    at.set(DATAWORKS_EXTENSION_CODE="")


@broken("error code.missing", do="DATAWORKS_EXTENSION_CODE")
def no_code_for_an_extension_behind_eventbridge(at: SetUp) -> None:
    at.of_files()
    at.set(DATAWORKS_EXTENSION_CODE="")


@broken("error code.form", do="DATAWORKS_EXTENSION_CODE")
def a_code_in_quotes(at: SetUp) -> None:
    at.set(DATAWORKS_EXTENSION_CODE=f"'{CODE}'")


@broken("error code.form", do="after the registration")
def a_code_that_is_a_placeholder(at: SetUp) -> None:
    at.set(DATAWORKS_EXTENSION_CODE="<code of the extension>")


@broken("error code.unknown", do="DATAWORKS_EXTENSION_CODE")
def the_code_of_no_extension(at: SetUp) -> None:
    at.set(DATAWORKS_EXTENSION_CODE="ext-0815")


@broken("error registration.status", do="Enable it again")
def an_extension_that_is_disabled(at: SetUp) -> None:
    at.dataworks.registration["Status"] = 3


@broken("error registration.status", do="submit it again")
def an_extension_that_was_rejected(at: SetUp) -> None:
    at.dataworks.registration["Status"] = 6


@broken("warning registration.status", do="Publish it")
def an_extension_that_is_approved_and_not_published(at: SetUp) -> None:
    at.dataworks.registration["Status"] = 5


@broken("warning registration.status", do="Look at its state")
def a_status_that_is_not_documented(at: SetUp) -> None:
    at.dataworks.registration["Status"] = 2


@broken("warning registration.idle-event", do="Write rules for them")
def an_extension_point_that_no_rule_judges(at: SetUp) -> None:
    at.register(["download-resources", "upload-data-to-table"], options=OPTIONS)


@broken("error registration.unbound-rule", do="Tick upload-data-to-table")
def a_rule_whose_extension_point_is_not_ticked(at: SetUp) -> None:
    at.policy(f"{DOWNLOADS}  - {{id: uploads, on: upload-data-to-table, when: 'true'}}\n")


@broken("warning registration.unbound-event", do="name under `on`")
def a_rule_one_of_whose_extension_points_is_not_ticked(at: SetUp) -> None:
    at.policy(DOWNLOADS.replace("on: download-resources", "on: resources-download"))


@broken("error registration.no-event", do="register")
def no_extension_point_at_all(at: SetUp) -> None:
    at.register([], options=OPTIONS)


@broken("warning registration.unknown-event", do="Take them out")
def an_extension_point_that_is_new(at: SetUp) -> None:
    at.register(["download-resources", "pre-teleport"], options=OPTIONS)


@broken("warning registration.level", do="--split")
def rules_of_both_levels(at: SetUp) -> None:
    at.policy(f"{DOWNLOADS}  - {{id: backfills, on: backfill-data, when: 'true'}}\n")


@broken("warning registration.level", do="--split")
def a_rule_for_every_event_in_an_extension_of_one_level(at: SetUp) -> None:
    at.policy("version: 1\nrules: [{id: all, on: '*', when: 'true'}]")
    at.register(code for code, entry in BY_CODE.items() if entry.callback and entry.level is Holder.TENANT)
    at.set(EXTENSION_URL="https://checks.example.com")


@broken("error registration.unbound-rule", "warning registration.unknown-event", do="Tick download-resources")
def nothing_but_an_extension_point_that_is_new(at: SetUp) -> None:
    at.register(["pre-teleport"], options=OPTIONS)


@broken("warning registration.address", do="https://checks.example.com/policy")
def a_document_url_that_leads_elsewhere(at: SetUp) -> None:
    at.of_files()
    at.register(CHECKED, HelpDocUrl="https://wiki.example.com/checks?key=1", DetailUrl="https://checks.example.com/")


@broken("error options.missing", "warning options.unread", do="Add option maxRows")
def an_option_of_another_name(at: SetUp) -> None:
    at.register(["download-resources"], options={"maxrows": OPTIONS["maxRows"], "response": OPTIONS["response"]})


@broken("error options.missing", "error options.missing", do="register")
def no_options_at_all(at: SetUp) -> None:
    at.register(["download-resources"])


@broken("error options.form", do="Options JSON")
def options_that_are_no_json(at: SetUp) -> None:
    at.register(["download-resources"], OptionSetting="{maxRows: Input}")


@broken("error options.form", do="Options JSON")
def options_that_are_a_list(at: SetUp) -> None:
    at.register(["download-resources"], OptionSetting=json.dumps([OPTIONS]))


@broken("error options.form", do="Options JSON")
def an_option_that_is_shown_as_nothing_known(at: SetUp) -> None:
    at.register(["download-resources"], options={**OPTIONS, "maxRows": {"x-component": "NumberPicker"}})


@broken("error options.component", do="Make maxRows an Input")
def a_text_where_a_number_is_chosen(at: SetUp) -> None:
    at.register(["download-resources"], options={**OPTIONS, "maxRows": {"x-component": "PreviewText.Input"}})


@broken("error options.component", do="Make response an Input")
def several_values_where_one_counts(at: SetUp) -> None:
    changed = {**OPTIONS["response"], "x-component": "Checkbox.Group"}
    at.register(["download-resources"], options={**OPTIONS, "response": changed})


@broken("error options.choice", do="choice 'BLOCK' of option response")
def a_choice_that_is_no_result(at: SetUp) -> None:
    changed = deepcopy(OPTIONS["response"])
    changed["x-component-props"]["dataSource"].append({"value": "BLOCK", "label": "Block"})
    at.register(["download-resources"], options={**OPTIONS, "response": changed})


@broken("error options.choice", do="choice 'many' of option maxRows")
def a_choice_that_is_no_number(at: SetUp) -> None:
    changed = {"x-component": "Select", "x-component-props": {"dataSource": [{"value": "1000"}, {"value": "many"}]}}
    at.register(["download-resources"], options={**OPTIONS, "maxRows": changed})


@broken("error options.choice", do="Give option response its choices")
def nothing_that_can_be_chosen(at: SetUp) -> None:
    changed = {**OPTIONS["response"], "x-component-props": {"dataSource": [{"label": "Block"}]}}
    at.register(["download-resources"], options={**OPTIONS, "response": changed})


@broken("error options.choice", "error options.choice", do="Give option maxRows its choices")
def a_list_without_anything_in_it(at: SetUp) -> None:
    names = {"maxRows": "Select", "response": "Radio.Group"}
    at.register(["download-resources"], options={name: {"x-component": shown} for name, shown in names.items()})


@broken("error options.default", "error options.default", do="the default of option maxRows")
def defaults_that_the_rule_refuses(at: SetUp) -> None:
    defaults = {"maxRows": "many", "response": "BLOCK"}
    changed = {name: {**option, "default": defaults[name]} for name, option in OPTIONS.items()}
    at.register(["download-resources"], options=changed)


@broken("warning options.unread", do="Name each under `options`")
def an_option_that_no_rule_reads(at: SetUp) -> None:
    at.register(["download-resources"], options={**OPTIONS, "minRows": OPTIONS["maxRows"]})


@broken("warning parameters.line", do="key=value")
def a_parameter_without_a_value(at: SetUp) -> None:
    at.dataworks.parameters = "department: finance\n"


@broken("warning parameters.repeated", do="Leave one line with department")
def a_parameter_that_is_there_twice(at: SetUp) -> None:
    at.dataworks.parameters = "department=finance\ndepartment=sales"


@broken("warning parameters.disabled", do="extension.project.disabled")
def workspaces_where_it_is_switched_off(at: SetUp) -> None:
    at.dataworks.parameters = "extension.project.disabled=90214,90215"


@broken("warning parameters.disabled", do="extension.project.download-resources.disabled.append")
def workspaces_where_one_event_is_switched_off(at: SetUp) -> None:
    at.dataworks.parameters = "extension.project.download-resources.disabled.append=90214"


@broken("warning parameters.unknown-event", do="extension.project.download-resource.disabled")
def an_event_code_that_is_misspelt(at: SetUp) -> None:
    at.dataworks.parameters = "extension.project.download-resource.disabled=90214"


@broken("warning parameters.unknown-key", do="extension.projects.disabled")
def a_key_that_is_misspelt(at: SetUp) -> None:
    at.dataworks.parameters = "extension.projects.disabled=90214"


@broken("warning parameters.file-type", do="extension.fileType.10.commit-file.enabled")
def a_type_of_node_that_is_switched_off(at: SetUp) -> None:
    at.of_files()
    at.dataworks.parameters = (
        "extension.fileType.10.commit-file.enabled=false\nextension.fileType.10.run-file.enabled=false"
    )


@broken("warning parameters.manual-pass", do="extension.manualPass.enabled")
def checks_that_users_pass_themselves(at: SetUp) -> None:
    at.dataworks.parameters = "extension.manualPass.enabled=true"


@broken("error parameters.missing", do="limit=VALUE")
def a_parameter_that_a_condition_reads_and_that_is_missing(at: SetUp) -> None:
    at.policy(
        f"{DOWNLOADS}  - {{id: own, on: download-resources, when: 'parameters.limit == \"1\"', on_error: WARN}}\n"
        '  - {id: aware, on: download-resources, when: \'"other" in parameters && parameters.other == "1"\'}\n'
    )


@broken("warning parameters.empty", do="mode=VALUE")
def a_parameter_that_a_condition_reads_and_that_is_empty(at: SetUp) -> None:
    at.policy(f"{DOWNLOADS}  - {{id: own, on: download-resources, when: 'parameters.mode == \"1\"'}}\n")
    at.dataworks.parameters = "mode="


@broken("error calls.denied", do="dataworks:CallbackExtension")
def a_role_that_may_post_no_verdict(at: SetUp) -> None:
    at.dataworks.failing["CallbackExtension"] = (403, "NoPermission")


@broken("error calls.denied", do="dataworks:GetExtension")
def a_role_that_may_not_read_the_registration(at: SetUp) -> None:
    at.dataworks.failing["GetExtension"] = (403, "Forbidden.RAM")


@broken("error calls.denied", "error calls.denied", do="dataworks:UpdateWorkbenchEventResult")
def a_role_that_may_not_answer_operation_center_nor_data_studio(at: SetUp) -> None:
    at.of_files()
    at.dataworks.failing["UpdateWorkbenchEventResult"] = (403, "Forbidden.NoPermission")
    at.dataworks.failing["UpdateIDEEventResult"] = (400, "NoPermission")


@broken("error calls.denied", "error calls.denied", "error calls.denied", do="dataworks:GetInstance")
def a_role_that_may_not_read_what_rules_need(at: SetUp) -> None:
    at.of_files()
    for action in ("GetIDEEventDetail", "ListProjectMembers", "GetInstance"):
        at.dataworks.failing[action] = (403, "Forbidden.RAM")


@broken("error calls.denied", do="dataworks:GetOptionValueForProject")
def a_role_that_may_not_read_options(at: SetUp) -> None:
    at.dataworks.failing["GetOptionValueForProject"] = (403, "NoPermission")


@broken("error calls.edition", do="edition")
def an_edition_that_is_too_low(at: SetUp) -> None:
    at.dataworks.failing["CallbackExtension"] = (403, "Forbidden.Access")


@broken("warning calls.throttled", do="later")
def calls_that_are_throttled(at: SetUp) -> None:
    at.dataworks.faults["CallbackExtension"] = Outage(Fault.THROTTLED)


@broken("error calls.failed", do="request id")
def a_call_that_fails(at: SetUp) -> None:
    at.dataworks.faults["CallbackExtension"] = Outage(Fault.INTERNAL_ERROR)


@broken("warning calls.light", do="DATAWORKS_CLIENT=sdk")
def a_light_client_whose_signature_is_refused(at: SetUp) -> None:
    at.dataworks.faults["GetExtension"] = Outage(Fault.SIGNATURE, times=1)


@broken("warning environment.mode", do="EXTENSION_MODE")
def the_emergency_switch(at: SetUp) -> None:
    at.set(EXTENSION_MODE="shadow")


@broken("warning environment.mode", do="EXTENSION_MODE")
def the_emergency_switch_in_a_file(at: SetUp) -> None:
    at.deploy("extension", EXTENSION_MODE="${env('EXTENSION_MODE', 'enforce')}")
    at.write(".env", "EXTENSION_MODE=off  # until Monday\n")


@broken("warning environment.callback", do="DATAWORKS_CALLBACK")
def callbacks_that_are_switched_off(at: SetUp) -> None:
    at.set(DATAWORKS_CALLBACK="off")


@broken("error environment.invalid", "warning environment.invalid", do="EXTENSION_LISTEN")
def variables_that_make_no_sense(at: SetUp) -> None:
    at.set(EXTENSION_MODE="on", EXTENSION_LISTEN="everywhere")


@broken("error environment.invalid", do="EXTENSION_LISTEN")
def a_variable_of_the_service_that_makes_no_sense(at: SetUp) -> None:
    at.of_files()
    at.set(EXTENSION_LISTEN="everywhere")


@broken("error environment.invalid", do="EXTENSION_FC", arguments=("--resource", "service"))
def a_variable_of_the_service_in_its_deployment(at: SetUp) -> None:
    at.deploy("service", EXTENSION_FC="yes")


@broken("warning environment.role", do="docs/ram/README.md")
def the_role_of_the_sample(at: SetUp) -> None:
    at.deploy("extension", role="acs:ram::0000000000000000:role/dataworks-extension")


@broken("error environment.unread-file", do="--env", arguments=("--env", "latin.env"))
def a_file_of_variables_that_is_no_text(at: SetUp) -> None:
    (at.folder / "latin.env").write_bytes("NAME=Jürgen".encode("latin-1"))


@broken("error environment.unread-file", do="--deployment")
def a_deployment_without_a_function(at: SetUp) -> None:
    at.write("s.yaml", "resources: {}")


@broken("error policy.invalid", do="policy check")
def a_policy_that_is_not_there(at: SetUp) -> None:
    at.set(EXTENSION_POLICY="nowhere.yaml")


@broken("error policy.invalid", do="policy check")
def a_policy_with_a_slip(at: SetUp) -> None:
    at.policy(DOWNLOADS.replace("download.rows", "download.row"))


@broken("warning service.url-missing", do="EXTENSION_URL")
def events_of_eventbridge_without_a_service(at: SetUp) -> None:
    at.of_files()
    at.set(EXTENSION_URL="", EXTENSION_RECORDS="")


@broken("warning service.token", do="EVENTBRIDGE_TOKEN")
def pushes_without_a_token(at: SetUp) -> None:
    at.of_files()
    at.set(EVENTBRIDGE_TOKEN="")


@broken("warning service.link-key", do="EXTENSION_LINK_KEY")
def pages_without_links(at: SetUp) -> None:
    at.of_files()
    at.set(EXTENSION_LINK_KEY="")


@broken("error service.certificates", do="EVENTBRIDGE_CERTIFICATES")
def certificates_in_no_folder(at: SetUp) -> None:
    at.of_files()
    at.set(EVENTBRIDGE_CERTIFICATES=str(at.folder / "certificates"))


@broken("error service.certificates", do="EVENTBRIDGE_CERTIFICATES")
def a_folder_without_certificates(at: SetUp) -> None:
    at.of_files()
    at.set(EVENTBRIDGE_CERTIFICATES=str(at.write("certificates/README", "").parent))


@broken("error service.certificates", "warning service.certificate-expired", do="expired.pem")
def certificates_that_are_none_or_old(at: SetUp) -> None:
    at.of_files()
    at.write("certificates/text.pem", "no certificate")
    at.write("certificates/fresh.pem", _certificate(timedelta(days=1)))
    at.set(EVENTBRIDGE_CERTIFICATES=str(at.write("certificates/expired.pem", _certificate(-timedelta(days=1))).parent))


@broken("error service.records", do="EXTENSION_RECORDS")
def records_in_a_file(at: SetUp) -> None:
    at.of_files()
    at.set(EXTENSION_RECORDS=str(at.write("verdicts.txt", "")))


@broken("error service.records", do="EXTENSION_RECORDS")
def records_in_a_database_that_is_none(at: SetUp) -> None:
    at.of_files()
    at.set(EXTENSION_RECORDS="oracle://keeper:pass-word@localhost/records")


@broken("error service.records", do="EXTENSION_RECORDS")
def records_in_a_database_that_does_not_answer(at: SetUp) -> None:
    at.of_files()
    at.set(EXTENSION_RECORDS=f"postgresql://keeper:pass-word@127.0.0.1:{free_port()}/records")


def _certificate(valid: timedelta) -> str:
    """A certificate that is valid for so long, or was until then."""
    private, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([])
    made = (
        x509.CertificateBuilder(name, name, private.public_key(), 1)
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + valid)
        .sign(private, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize(("way", "remarks", "do", "arguments"), BROKEN)
def test_what_is_wrong_is_found_and_nothing_else(
    well: SetUp, way: Break, remarks: tuple[str, ...], do: str, arguments: tuple[str, ...]
) -> None:
    way(well)
    report = well.report(*arguments)
    wrong = found(report)
    assert sorted(f"{remark.level} {remark.id}" for remark in wrong) == sorted(remarks), wrong
    assert do in " ".join(remark.do for remark in wrong)
    assert all(remark.what and remark.why and remark.do for remark in wrong)


def test_there_are_set_ups_enough() -> None:
    assert len(BROKEN) >= 30
