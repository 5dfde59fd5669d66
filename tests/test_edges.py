"""The environment is read strictly, the clock once, the credentials anew at every call."""

import json
import sys
import threading
import traceback
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path
from types import SimpleNamespace

import pytest

from extension import edges, local
from extension.dataworks import Credentials, Guarded, Transport
from extension.edges import Endpoint, Switch
from extension.errors import ConfigurationError, PolicyError
from extension.light import Light
from extension.sdk import Sdk
from extension.storage import ROOT
from tests.conftest import Function

VARIABLES = (
    "DATAWORKS_EXTENSION_CODE",
    "DATAWORKS_ENDPOINT",
    "DATAWORKS_CALLBACK",
    "DATAWORKS_CLIENT",
    "HTTPS_PROXY",
    "https_proxy",
    "EXTENSION_POLICY",
    "EXTENSION_MODE",
    "EXTENSION_RESPONSE_FIELDS",
    "EXTENSION_RECORDS",
    "EXTENSION_RECORDS_DAYS",
    "EXTENSION_RECORDS_KB",
    "EXTENSION_URL",
    "EXTENSION_LINK_KEY",
    "EXTENSION_LINK_DAYS",
    "EXTENSION_LISTEN",
    "EXTENSION_ADMIN_TOKEN",
    "EXTENSION_FC",
    "EVENTBRIDGE_URL",
    "EVENTBRIDGE_TOKEN",
    "EVENTBRIDGE_CERTIFICATES",
    "DINGTALK_WEBHOOK",
    "DINGTALK_SECRET",
    "FC_REGION",
    "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "ALIBABA_CLOUD_SECURITY_TOKEN",
)


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing set."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_everything_has_a_default() -> None:
    found = edges.environment()
    assert found.extension_code == ""
    assert found.endpoint == Endpoint("https", "")
    assert found.client is edges.Client.LIGHT
    assert found.callback
    assert found.policy == ROOT / "policy.yaml"
    assert found.mode is Switch.ENFORCE
    assert found.response_fields == ("checkResult", "errorMessage")
    assert (found.records, found.url, found.link_key, found.eventbridge_url, found.certificates) == ("", "", "", "", "")
    assert (found.record_days, found.record_bytes, found.link_days) == (180, 65_536, 7)
    service = edges.service_environment()
    assert (service.host, service.port, service.admin_token) == ("127.0.0.1", 9000, "")
    assert (service.function_compute, service.webhook, service.webhook_secret) == (False, "", "")


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    default = edges.environment()
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
    assert edges.environment() == default
    assert edges.service_environment().port == 9000


def test_what_is_set_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAWORKS_EXTENSION_CODE", " ext-1 ")
    monkeypatch.setenv("DATAWORKS_CALLBACK", "off")
    monkeypatch.setenv("EXTENSION_POLICY", "/mnt/policy.yaml")
    monkeypatch.setenv("EXTENSION_MODE", "shadow")
    monkeypatch.setenv("EXTENSION_RESPONSE_FIELDS", "CheckResult, Message")
    found = edges.environment()
    assert (found.extension_code, found.callback, found.mode) == ("ext-1", False, Switch.SHADOW)
    assert found.policy == Path("/mnt/policy.yaml")
    assert found.response_fields == ("CheckResult", "Message")


LONG = "a secret of more than 32 characters, made up"


def test_what_is_set_for_the_service_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTENSION_RECORDS", "postgresql://user:word@127.0.0.1/verdicts")
    monkeypatch.setenv("EXTENSION_RECORDS_DAYS", "0")
    monkeypatch.setenv("EXTENSION_URL", "https://checks.example.com/dataworks/")
    monkeypatch.setenv("EXTENSION_LINK_KEY", LONG)
    monkeypatch.setenv("EXTENSION_LINK_DAYS", "1")
    monkeypatch.setenv("EXTENSION_LISTEN", "[::1]:8080")
    monkeypatch.setenv("EXTENSION_ADMIN_TOKEN", LONG)
    monkeypatch.setenv("EXTENSION_FC", "on")
    monkeypatch.setenv("EVENTBRIDGE_TOKEN", "a-token")
    monkeypatch.setenv("DINGTALK_WEBHOOK", "https://oapi.dingtalk.com/robot/send?access_token=word")
    monkeypatch.setenv("DINGTALK_SECRET", "SECword")
    found, service = edges.environment("elsewhere"), edges.service_environment()
    assert found.records == "postgresql://user:word@127.0.0.1/verdicts"
    assert (found.record_days, found.link_days, found.link_key) == (0, 1, LONG)
    assert found.url == "https://checks.example.com/dataworks"
    assert found.eventbridge_url == "https://checks.example.com/dataworks/events"
    assert (service.host, service.port, service.function_compute, service.admin_token) == ("::1", 8080, True, LONG)
    assert "word" not in repr(found) + repr(service)
    assert LONG not in repr(found) + repr(service)


def test_the_url_that_eventbridge_signs_can_be_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTENSION_URL", "https://checks.example.com")
    monkeypatch.setenv("EVENTBRIDGE_URL", "https://push.example.com/a?b=c")
    assert edges.environment().eventbridge_url == "https://push.example.com/a?b=c"


def test_verdicts_are_recorded_where_the_caller_says_unless_the_environment_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert edges.environment("verdicts").records == "verdicts"
    monkeypatch.setenv("EXTENSION_RECORDS", "/mnt/verdicts")
    assert edges.environment("verdicts").records == "/mnt/verdicts"


@pytest.mark.parametrize("name", ["EXTENSION_URL", "EVENTBRIDGE_URL"])
@pytest.mark.parametrize(
    "value",
    [
        *("checks.example.com", "http://checks.example.com", "ftp://checks.example.com", "https://", "https://[::1"),
        *("https://user:word@checks.example.com", "https://checks.example.com/#x", "https://checks.example.com/a b"),
        *("https://checks.example.com:port", "https://例え.example.com", "https://user:word@exa\u2100mple.com"),
    ],
)
def test_a_public_url_is_one_of_https(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=rf"^{name}: expected a URL") as raised:
        edges.environment()
    assert "word" not in "".join(traceback.format_exception(raised.value)).replace(__file__, "")


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("EXTENSION_RECORDS_DAYS", "-1", "expected a whole number of days of at least 0, found '-1'"),
        ("EXTENSION_RECORDS_DAYS", "ever", "expected a whole number of days of at least 0, found 'ever'"),
        ("EXTENSION_RECORDS_DAYS", "10000", "expected a whole number of days of at least 0, found '10000'"),
        ("EXTENSION_RECORDS_KB", "0", "expected a whole number of KB of at least 1, found '0'"),
        ("EXTENSION_LINK_DAYS", "0", "expected a whole number of days of at least 1, found '0'"),
        ("EXTENSION_LINK_KEY", "short", "expected a random text of at least 32 characters, found 5"),
        ("EXTENSION_ADMIN_TOKEN", "short", "expected a random text of at least 32 characters, found 5"),
        ("EXTENSION_LISTEN", "9000", "expected host:port, found '9000'"),
        ("EXTENSION_LISTEN", "127.0.0.1:65536", "expected host:port, found '127.0.0.1:65536'"),
        ("EXTENSION_FC", "yes", "expected off, on, found 'yes'"),
    ],
)
def test_what_makes_no_sense_to_the_service_is_an_error(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, error: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as raised:
        (edges.environment(), edges.service_environment())
    assert str(raised.value) == f"{name}: {error}"


@pytest.mark.parametrize(
    ("value", "protocol", "host"),
    [
        ("dataworks.cn-shanghai.aliyuncs.com", "https", "dataworks.cn-shanghai.aliyuncs.com"),
        ("dataworks-vpc.cn-shanghai.aliyuncs.com:8443", "https", "dataworks-vpc.cn-shanghai.aliyuncs.com:8443"),
        ("https://dataworks.cn-shanghai.aliyuncs.com", "https", "dataworks.cn-shanghai.aliyuncs.com"),
        ("https://dataworks.cn-shanghai.aliyuncs.com/", "https", "dataworks.cn-shanghai.aliyuncs.com"),
        ("http://127.0.0.1:8080", "http", "127.0.0.1:8080"),
        ("http://127.8.8.8", "http", "127.8.8.8"),
        ("http://localhost:1", "http", "localhost:1"),
        ("http://[::1]:80", "http", "[::1]:80"),
    ],
)
def test_an_endpoint_is_a_host_or_a_url(monkeypatch: pytest.MonkeyPatch, value: str, protocol: str, host: str) -> None:
    monkeypatch.setenv("DATAWORKS_ENDPOINT", value)
    assert edges.environment().endpoint == Endpoint(protocol, host)


@pytest.mark.parametrize(
    "value",
    [
        "http://dataworks.cn-shanghai.aliyuncs.com",
        "http://127.0.0.1.example.com",
        "http://127.example.com",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://localhost.example.com",
        "http://user@127.0.0.1",
        "https://user:word@dataworks.cn-shanghai.aliyuncs.com",
        "https://user:word@exa\u2100mple.com",
        "https://dataworks.cn-shanghai.aliyuncs.com/path",
        "https://dataworks.cn-shanghai.aliyuncs.com?x=1",
        "https://dataworks.cn-shanghai.aliyuncs.com#x",
        "https://host:port",
        "https://host:99999",
        "https://",
        "ftp://127.0.0.1",
        "https://[::1",
        "a b",
        "host,other",
        "xn--p1ai.例え",
    ],
)
def test_an_endpoint_that_would_lead_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DATAWORKS_ENDPOINT", value)
    with pytest.raises(ConfigurationError, match=r"^DATAWORKS_ENDPOINT: ") as raised:
        edges.environment()
    assert "word" not in "".join(traceback.format_exception(raised.value)).replace(__file__, "")


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("EXTENSION_MODE", "Enforce", "EXTENSION_MODE: expected enforce, shadow, off, found 'Enforce'"),
        ("DATAWORKS_CLIENT", "SDK", "DATAWORKS_CLIENT: expected light, sdk, found 'SDK'"),
        ("DATAWORKS_CALLBACK", "true", "DATAWORKS_CALLBACK: expected on, off, found 'true'"),
        ("EXTENSION_RESPONSE_FIELDS", "one", "EXTENSION_RESPONSE_FIELDS: expected two different names"),
        ("EXTENSION_RESPONSE_FIELDS", "a,b,c", "EXTENSION_RESPONSE_FIELDS: expected two different names"),
        ("EXTENSION_RESPONSE_FIELDS", "a,a", "EXTENSION_RESPONSE_FIELDS: expected two different names"),
        ("EXTENSION_RESPONSE_FIELDS", "a,", "EXTENSION_RESPONSE_FIELDS: expected two different names"),
    ],
)
def test_a_value_that_makes_no_sense_is_an_error_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, error: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as raised:
        edges.environment()
    assert str(raised.value).startswith(error)
    assert raised.value.variable == name


@pytest.mark.parametrize("client", edges.Client)
def test_the_region_comes_from_the_context_or_else_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, client: edges.Client
) -> None:
    monkeypatch.setenv("FC_REGION", "cn-beijing")
    monkeypatch.setenv("DATAWORKS_CLIENT", client)
    for context, region in ((local.context(), "cn-shanghai"), (object(), "cn-beijing")):
        transport = edges.Extension(context).transport()
        host = f"dataworks.{region}.aliyuncs.com"
        if isinstance(transport, Sdk):
            opened = transport._open(Credentials("id", "secret"))
            assert (opened._endpoint, opened._protocol) == (host, "https")
        else:
            assert isinstance(transport, Guarded)
            assert isinstance(transport._transport, Light)
            connection = transport._transport._connection(1)
            assert isinstance(connection, HTTPSConnection)
            assert connection.host == host
        assert isinstance(transport, Sdk) is (client is edges.Client.SDK)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_through_a_proxy_the_sdk_calls(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    assert isinstance(edges.Extension(local.context()).transport(), Sdk)
    monkeypatch.setenv("DATAWORKS_ENDPOINT", "http://127.0.0.1:9")
    assert isinstance(edges.Extension(local.context()).transport(), Guarded)


def test_an_sdk_that_is_not_loaded_in_time_is_there_for_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    extension = edges.Extension(local.context())
    gate = threading.Event()
    load = edges.Extension._sdk

    def slowly(extension: edges.Extension) -> Transport | None:
        gate.wait(10)
        return load(extension)

    monkeypatch.setattr(edges.Extension, "_sdk", slowly)
    assert extension._second(0.01) is None
    gate.set()
    assert isinstance(extension._second(10), Sdk)


def test_a_package_without_the_sdk_says_so_where_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "extension.sdk", None)
    extension = edges.Extension(local.context())
    assert isinstance(extension.transport(), Guarded)
    assert extension._sdk() is None
    monkeypatch.setenv("DATAWORKS_CLIENT", "sdk")
    with pytest.raises(ConfigurationError, match=r"^DATAWORKS_CLIENT: the SDK is needed"):
        edges.Extension(local.context())


@pytest.mark.parametrize("region", ["", "cn-shanghai.example.com/", "CN", "a b"])
def test_a_region_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    monkeypatch.setenv("FC_REGION", region)
    with pytest.raises(ConfigurationError, match="FC_REGION"):
        edges.Extension(object())


def test_with_an_endpoint_no_region_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAWORKS_ENDPOINT", "http://127.0.0.1:9")
    extension = edges.Extension(object())
    assert extension.transport() is extension.transport()


QUIET = "version: 1\nrules:\n  - {id: a, on: run-file, when: operator.id == '1'}\n"
ASKING = {
    "a check that asks": "{id: a, on: run-file, check: file.size, with: {max: 1MB}}",
    "roles": "{id: a, on: run-file, when: \"'role_project_admin' in operator.roles\"}",
    "parameters": "{id: a, on: run-file, when: 'has(parameters.x)'}",
    "options": "{id: a, on: run-file, when: operator.id == '1', options: {result: status}}",
}


def test_where_nothing_is_posted_and_nothing_asked_no_way_to_dataworks_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATAWORKS_CALLBACK", "off")
    (tmp_path / "policy.yaml").write_text(QUIET, encoding="utf-8")
    monkeypatch.setenv("EXTENSION_POLICY", str(tmp_path / "policy.yaml"))
    extension = edges.Extension(object())
    with pytest.raises(ConfigurationError, match="FC_REGION: the region is not known"):
        extension.transport()


@pytest.mark.parametrize("rule", ASKING.values(), ids=ASKING)
def test_a_policy_that_asks_needs_the_way_also_with_the_callback_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rule: str
) -> None:
    monkeypatch.setenv("DATAWORKS_CALLBACK", "off")
    (tmp_path / "policy.yaml").write_text(f"version: 1\nrules:\n  - {rule}\n", encoding="utf-8")
    monkeypatch.setenv("EXTENSION_POLICY", str(tmp_path / "policy.yaml"))
    with pytest.raises(ConfigurationError, match="FC_REGION: the region is not known"):
        edges.Extension(object())


def test_a_broken_policy_is_an_error_unless_nothing_is_judged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("version: 2\n", encoding="utf-8")
    monkeypatch.setenv("EXTENSION_POLICY", str(file))
    monkeypatch.setenv("DATAWORKS_CALLBACK", "off")
    for mode in ("enforce", "shadow"):
        monkeypatch.setenv("EXTENSION_MODE", mode)
        with pytest.raises(PolicyError, match="version: expected 1, found 2"):
            edges.Extension(object())
    monkeypatch.setenv("EXTENSION_MODE", "off")
    extension = edges.Extension(object())
    policy = extension.policy(extension.call(object()))
    assert (policy.rules, policy.plan, policy.name) == ((), {}, f"{file}@")
    (record,) = caplog.records
    line = json.loads(record.getMessage())
    assert (record.levelname, line["event"], line["consequence"]) == (
        "ERROR",
        "broken-policy",
        "EXTENSION_MODE is off: nothing is judged",
    )
    assert "version: expected 1, found 2" in line["error"]


def test_the_moment_of_a_call_is_in_utc_and_of_now(function: Function) -> None:
    del function
    call = edges.Extension(local.context()).call(local.context())
    assert call.now.tzinfo is UTC
    assert datetime.now(UTC) - call.now < timedelta(minutes=1)
    assert call.elapsed_ms() >= 0


@pytest.mark.parametrize(
    ("timeout", "whole", "judging"),
    [
        (60, 59.5, 51.5),
        ("60", 59.5, 51.5),
        (20, 19.5, 11.5),
        (10, 9.5, 4.75),
        (1, 0.9, 0.45),
        (10**400, 59.5, 51.5),
        (float("inf"), 86_399.5, 86_391.5),
        (float("nan"), 59.5, 51.5),
        (None, 59.5, 51.5),
        ("soon", 59.5, 51.5),
        (0, 59.5, 51.5),
        (-5, 59.5, 51.5),
    ],
)
def test_asking_judging_and_posting_share_the_time_of_the_function(
    timeout: object, whole: float, judging: float, function: Function
) -> None:
    del function
    call = edges.Extension(local.context()).call(SimpleNamespace(function=SimpleNamespace(timeout=timeout)))
    assert call.ends - call.started == pytest.approx(whole)
    assert call.deadline - call.started == pytest.approx(judging)
    assert call.asked - call.started == pytest.approx(judging * 3 / 4)


def test_credentials_are_the_context_s_or_else_the_environment_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "env-id")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "env-secret")
    given = Credentials("id", "secret", "token")
    assert edges._credentials(local.context(credentials=given)) == given
    assert edges._credentials(local.context()) == Credentials("env-id", "env-secret", "")
    half = SimpleNamespace(credentials=SimpleNamespace(access_key_id="id", access_key_secret=None))
    assert edges._credentials(half) == Credentials("env-id", "env-secret", "")
    untemporary = SimpleNamespace(
        credentials=SimpleNamespace(access_key_id="id", access_key_secret="s", security_token=None)
    )
    assert edges._credentials(untemporary) == Credentials("id", "s", "")


def test_half_of_a_key_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "env-id")
    assert edges._credentials(object()) is None


def test_what_a_call_cannot_do_without_is_given_or_an_error_that_names_the_variable() -> None:
    assert edges.need("value", "VARIABLE", "not set") == "value"
    for value in (None, ""):
        with pytest.raises(ConfigurationError, match=r"^VARIABLE: not set$"):
            edges.need(value, "VARIABLE", "not set")


def test_now_is_now_and_in_utc() -> None:
    assert edges.now().tzinfo is UTC
    assert abs(datetime.now(UTC) - edges.now()) < timedelta(minutes=1)
