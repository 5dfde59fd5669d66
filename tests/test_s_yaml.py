"""What `register` reads of s.yaml and of .env: as `s` fills it in, and with the place of what it cannot read."""

from pathlib import Path

import pytest

from extension import deployment, policy
from extension.errors import PolicyError
from extension.storage import ROOT

OWN = (ROOT / "s.yaml").read_bytes()


def faults(text: str, **variables: str) -> str:
    with pytest.raises(PolicyError) as raised:
        deployment.read(text.encode(), "s.yaml", variables)
    return str(raised.value)


def resource(props: str, component: str = "fc3") -> str:
    return f"resources:\n  extension:\n    component: {component}\n    props:\n{props}"


def test_our_own_file_has_two_functions_in_the_region_that_is_set() -> None:
    found = deployment.read(OWN, "s.yaml", {"DEPLOY_REGION": "cn-beijing"})
    assert found.region == "cn-beijing"
    assert found.hosted
    assert found.service
    assert (found.hosted.name, found.service.name) == ("dataworks-extension", "dataworks-extension-service")
    assert found.hosted.sources["DATAWORKS_EXTENSION_CODE"] == "DATAWORKS_EXTENSION_CODE"
    assert found.service.sources["DATAWORKS_EXTENSION_CODE"] == "SERVICE_EXTENSION_CODE"
    assert deployment.UNSET_ACCOUNT in found.service.role


def test_what_is_not_set_or_empty_has_its_default() -> None:
    assert deployment.read(OWN, "s.yaml", {}).region == "cn-shanghai"
    assert deployment.read(OWN, "s.yaml", {"DEPLOY_REGION": ""}).region == "cn-shanghai"


def test_other_resources_are_not_functions() -> None:
    text = resource("      region: cn-shanghai\n      functionName: f\n") + "  bucket: {component: oss}\n  odd: 1\n"
    found = deployment.read(text.replace("  odd: 1\n", "").encode(), "s.yaml", {})
    assert [function.resource for function in found.functions] == ["extension"]
    assert (found.functions[0].role, found.functions[0].sources, found.service) == ("", {}, None)
    assert faults(text) == "s.yaml:8: resources.odd: expected a mapping, found 1"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "s.yaml: expected a mapping with resources, found nothing"),
        ("resources: [", "s.yaml:2: is not YAML: did not find expected node content"),
        ("edition: 3.0.0\n", "s.yaml:1: resources: has no function: expected a resource with component: fc3"),
        ("resources: 1\n", "s.yaml:1: resources: expected a mapping, found 1"),
        ("vars: 1\nresources: {}\n", "s.yaml:1: vars: expected a mapping, found 1"),
        (
            resource("      region: 1\n      functionName: f\n"),
            "s.yaml:5: resources.extension.props.region: expected text, found 1",
        ),
        (resource("      functionName: f\n"), "s.yaml:5: resources.extension.props.region: is missing"),
        ("resources:\n  f: {component: fc3, props: 1}\n", "s.yaml:2: resources.f.props: expected a mapping, found 1"),
        (
            resource("      region: ${env('R')}\n      functionName: f\n"),
            "s.yaml:5: resources.extension.props.region: needs the environment variable R: set it, or put it into .env",
        ),
        (
            resource("      region: ${vars.r}\n      functionName: f\n"),
            "s.yaml:5: resources.extension.props.region: there is no r under vars",
        ),
        (
            resource("      region: ${config('r')}\n      functionName: f\n"),
            "s.yaml:5: resources.extension.props.region: cannot be worked out here: \"${config('r')}\"; write it out",
        ),
        (
            resource("      region: r\n      functionName: f\n      environmentVariables: [A]\n"),
            "s.yaml:7: resources.extension.props.environmentVariables: expected a mapping, found a list",
        ),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(text: str, problem: str) -> None:
    assert faults(text).startswith(problem)


def test_dotenv_has_what_s_reads_of_it() -> None:
    text = """\
# A comment
REGION=cn-beijing
export ROLE = "acs:ram::1:role/a # b"  # behind
QUOTED='x y'
BARE=a b # comment
EMPTY=
no line
"""
    assert deployment.dotenv(text) == {
        "REGION": "cn-beijing",
        "ROLE": "acs:ram::1:role/a # b",
        "QUOTED": "x y",
        "BARE": "a b",
        "EMPTY": "",
    }


def test_every_variable_of_our_own_file_is_found() -> None:
    found = deployment.read(OWN, "s.yaml", {})
    named = {name for function in found.functions for name in function.sources.values()}
    assert {"EXTENSION_URL", "EVENTBRIDGE_TOKEN", "SERVICE_EXTENSION_CODE"} <= named
    assert Path(found.file).name == deployment.FILE


def test_the_form_of_env_files_is_that_of_dotenv() -> None:
    text = """
# a comment
export A=1
B = "two words # and a sign\\n"   # not a part of it
C='$A\\n'
D=plain # a comment
E=
F="first
second"
no variable
"""
    expected = {"A": "1", "B": "two words # and a sign\n", "C": "$A\\n", "D": "plain", "E": "", "F": "first\nsecond"}
    assert deployment.dotenv(text) == expected


MERGED = """\
common: &common
  region: cn-beijing
  role: acs:ram::1:role/common
  environmentVariables: &variables {A: a, B: b, UNKNOWN: "${config('x')}"}
more: &more {role: acs:ram::1:role/more, functionName: more}
resources:
  extension:
    component: fc3
    props:
      <<: *common
      functionName: own
      environmentVariables:
        B: own
        <<: *variables
  service:
    component: fc3
    props:
      <<: [*more, *common]
"""


def test_what_is_merged_into_a_function_is_a_part_of_it() -> None:
    found = deployment.read(MERGED.encode(), "s.yaml", {})
    assert found.hosted
    assert found.service
    assert (found.hosted.name, found.hosted.region) == ("own", "cn-beijing")
    assert found.hosted.role == "acs:ram::1:role/common"
    assert found.hosted.variables == {"A": "a", "B": "own"}
    assert (found.service.name, found.service.region) == ("more", "cn-beijing")
    assert found.service.role == "acs:ram::1:role/more"
    assert found.service.variables == {"A": "a", "B": "b"}


@pytest.mark.parametrize("value", ["1", "[{a: 1}, 1]"])
def test_what_is_no_mapping_cannot_be_merged(value: str) -> None:
    text = resource(f"      <<: {value}\n      region: r\n      functionName: f\n")
    assert faults(text) == "s.yaml:5: expected a mapping after <<, or a list of them"


def test_policies_are_still_without_merges() -> None:
    with pytest.raises(PolicyError, match=r"merge keys \(<<\) are not taken"):
        policy.parse(b"version: 1\n<<: {rules: []}\n", "policy.yaml")
