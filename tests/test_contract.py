"""The light client against the official SDK: the same bytes for the same call, and a signature that holds.

It is run with the SDK that is pinned, and by `make contract` with the newest one.
"""

import hashlib
import hmac
import re
import time
from urllib.parse import parse_qsl, quote

import pytest
from alibabacloud_dataworks_public20200518.client import Client
from alibabacloud_tea_openapi.utils_models import Config

from extension import edges, light
from extension.dataworks import Credentials
from extension.light import Light
from extension.sdk import Sdk
from tests.fakes import HARD_TEXTS, PLAIN, TEMPORARY, answering

TEXTS = {
    **HARD_TEXTS,
    "slash-and-colon": "a/b:c@d",
    "plus-at-the-ends": "+ +",
    "percent-encoded-already": "%E4%B8%AD %2B %zz",
    "control": "\x00\x01\x7f",
    "one-space": " ",
    "10-kB": "数a+ " * 2048,
}
"""Values that two ways of encoding could carry in two forms."""

PARAMETERS = {
    "UpdateIDEEventResult": ("ExtensionCode", "MessageId", "CheckResult", "CheckResultTip"),
    "UpdateWorkbenchEventResult": ("ExtensionCode", "MessageId", "CheckResult", "CheckResultTip"),
    "CallbackExtension": ("ExtensionCode", "MessageId", "CheckResult", "CheckMessage"),
    "GetIDEEventDetail": ("MessageId", "ProjectId"),
    "GetOptionValueForProject": ("ExtensionCode", "ProjectId"),
    "GetExtension": ("ExtensionCode",),
    "ListProjectMembers": ("ProjectId", "PageNumber", "PageSize"),
    "GetInstance": ("InstanceId", "ProjectEnv"),
}


def sent(action: str, given: dict[str, str], key: Credentials) -> dict[str, tuple[str, bytes]]:
    """Head and body of the request that each transport makes of a call, as a server on one port gets them."""
    with answering(200, {"RequestId": "A"}) as stub:
        Light(region="", endpoint=stub.endpoint, protocol="http", now=edges.now, clock=time.monotonic).call(
            action, given, key
        )
        Sdk(region="cn-shanghai", endpoint=stub.endpoint, protocol="http").call(action, given, key)
        return dict(zip(("light", "sdk"), zip(stub.requests, stub.bodies, strict=True), strict=True))


def masked(head: str) -> str:
    """A head without what differs from one request to the next, and from one client to the other."""
    head = re.sub("(?im)^(x-acs-date|x-acs-signature-nonce|user-agent): .*$", r"\1: -", head)
    return re.sub("Signature=[0-9a-f]{64}", "Signature=-", head)


@pytest.mark.parametrize("key", [PLAIN, TEMPORARY], ids=["plain", "temporary"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("action", PARAMETERS)
@pytest.mark.no_cover
def test_both_send_the_same_bytes(action: str, text: str, key: Credentials) -> None:
    by = sent(action, dict.fromkeys(PARAMETERS[action], text), key)
    assert masked(by["light"][0]) == masked(by["sdk"][0])
    assert by["light"][1] == by["sdk"][1]


@pytest.mark.parametrize("action", PARAMETERS)
def test_also_where_a_call_has_no_parameters(action: str) -> None:
    by = sent(action, {}, TEMPORARY)
    assert masked(by["light"][0]) == masked(by["sdk"][0])
    assert by["light"][1] == by["sdk"][1] == b""


def test_what_is_masked_is_what_must_differ_and_no_more() -> None:
    by = sent("GetExtension", {"ExtensionCode": "a"}, TEMPORARY)
    lines = (by[each][0].splitlines() for each in ("light", "sdk"))
    changed = [one.partition(":")[0].lower() for one, other in zip(*lines, strict=True) if one != other]
    assert set(changed) - {"x-acs-date"} == {"user-agent", "x-acs-signature-nonce", "authorization"}
    assert masked(by["light"][0]) != masked(sent("GetExtension", {"ExtensionCode": "b"}, TEMPORARY)["light"][0])


def signature_of(head: str, body: bytes, secret: str) -> str:
    """The signature of a request as it came, worked out from the description of the algorithm and from nothing of ours.

    Source: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
    """
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    path, _, query = target.partition("?")
    pairs = sorted(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    named = re.findall("SignedHeaders=([^,]*),", headers["authorization"])[0].split(";")
    digest = hashlib.sha256(body).hexdigest()
    assert headers["x-acs-content-sha256"] == digest
    assert named == sorted(named)
    assert {name for name in headers if name.startswith("x-acs-")} | {"host"} <= set(named)
    canonical = "\n".join(
        [
            method,
            path,
            "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs),
            *(f"{name}:{headers[name]}" for name in named),
            "",
            ";".join(named),
            digest,
        ]
    )
    to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    return hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("action", PARAMETERS)
@pytest.mark.no_cover
def test_both_signatures_are_those_of_the_description(action: str, text: str) -> None:
    for head, body in sent(action, dict.fromkeys(PARAMETERS[action], text), TEMPORARY).values():
        (found,) = re.findall("Signature=([0-9a-f]{64})", head)
        assert found == signature_of(head, body, TEMPORARY.access_key_secret)
        assert found != signature_of(head, body, "another")
        assert found != signature_of(
            head.replace("x-acs-version: 2020", "x-acs-version: 2021"), body, TEMPORARY.access_key_secret
        )


def test_both_go_to_the_same_host_in_every_region() -> None:
    def host(region: str) -> str:
        config = Config(access_key_id="a", access_key_secret="b", region_id=region)
        return str(Client(config)._endpoint)

    regions = [*Client(Config(access_key_id="a", access_key_secret="b", region_id="x"))._endpoint_map, "cn-new-9"]
    assert {region: light.host_of(region) for region in regions} == {region: host(region) for region in regions}
    assert set(regions) >= light._OWN_HOST | light._CENTRAL
