"""What is deployed with `s`: s.yaml against Function Compute's own model and what is packed, and the RAM policies.

fc3 lets unknown properties pass and deploys them without a word; these tests are what stops a typo.
"""

import ast
import copy
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

import pytest
import yaml
from alibabacloud_fc20230330 import models
from darabonba.model import DaraModel

from extension import catalogue, packing
from extension.dataworks import READS

Properties: TypeAlias = dict[str, Any]
Value: TypeAlias = Any  # what YAML holds
Hint: TypeAlias = Any  # what get_type_hints finds

ROOT = Path(__file__).parent.parent

OF_FC3 = {
    "region": "picks the endpoint; not a property of the function",
    "code": "a folder that fc3 zips and uploads; the function then gets a place in OSS",
    "logConfig": "`auto` makes the log project; a mapping is the function's own and is held against the model",
    "triggers": "things of their own, which fc3 makes for the function; each is held against its own model",
}
REQUIRED = ("region", "functionName", "runtime", "code", "handler")
# Python runtimes that fc3 0.1.22 takes; 3.11 is not among them.
BUILT_IN_RUNTIMES = ("python3.9", "python3.10", "python3.12")
RUNTIMES = (*BUILT_IN_RUNTIMES, "custom.debian10", "custom.debian11", "custom.debian12")

TRIGGERS = {"http": models.HTTPTriggerConfig}
AUTHENTICATION = ("anonymous", "function", "jwt")


def between(low: int, high: int) -> tuple[Callable[[float], bool], str]:
    """A limit on both sides, which both are taken."""
    return (lambda value: low <= value <= high), f"{low} to {high}"


# Sources: the model's own docstrings; https://help.aliyun.com/zh/ros/developer-reference/aliyun-fc3-function (cores and
# memory); Function Compute 3.0, "Quotas and limits" (hooks); the schema of fc3 0.1.22 (instanceConcurrency).
LIMITS: dict[str, tuple[Callable[[float], bool], str]] = {
    "memorySize": (lambda mb: 128 <= mb <= 32768 and mb % 64 == 0, "128 to 32768 in steps of 64"),
    "cpu": (lambda cores: 0.05 <= cores <= 16 and round(cores * 20, 6) % 1 == 0, "0.05 to 16 in steps of 0.05"),
    "diskSize": (lambda mb: mb in {512, 10240}, "512 or 10240"),
    "timeout": (lambda seconds: 1 <= seconds <= 86400, "1 to 86400"),
    "instanceConcurrency": (lambda requests: 1 <= requests <= 200, "1 to 200"),
    "instanceLifecycleConfig.initializer.timeout": (lambda seconds: 1 <= seconds <= 300, "1 to 300"),
    "instanceLifecycleConfig.preStop.timeout": (lambda seconds: 1 <= seconds <= 90, "1 to 90"),
    "customRuntimeConfig.port": between(1, 65535),
    "customRuntimeConfig.healthCheckConfig.initialDelaySeconds": between(0, 120),
    "customRuntimeConfig.healthCheckConfig.periodSeconds": between(1, 120),
    "customRuntimeConfig.healthCheckConfig.timeoutSeconds": between(1, 3),
    "customRuntimeConfig.healthCheckConfig.failureThreshold": between(1, 120),
    "customRuntimeConfig.healthCheckConfig.successThreshold": between(1, 120),
}


def is_model(hint: Hint) -> bool:
    """Tell whether a type is one of the official models."""
    return isinstance(hint, type) and issubclass(hint, DaraModel)


def sample(hint: Hint) -> Value:
    """Make some value of a type that a model's parameter has."""
    if is_model(hint):
        return hint()
    origin: object = get_origin(hint)
    if origin is list:
        return [sample(get_args(hint)[0])]
    if origin is dict:
        return {"key": sample(get_args(hint)[1])}
    return {str: "text", int: 1, float: 0.5, bool: True}[hint]


def properties_of(model: Hint) -> dict[str, Hint]:
    """Read a model's properties off what it sends: the name on the wire, and its type."""
    blank = model().to_map()
    found = {}
    for parameter, hint in get_type_hints(model.__init__).items():
        sent = model(**{parameter: sample(hint)}).to_map()
        (name,) = (key for key, value in sent.items() if value != blank.get(key))
        found[name] = hint
    return found


def faults(value: Value, hint: Hint, at: str) -> Iterator[str]:
    """Compare a value, through all its levels, with a type of the official model; each fault begins with its key."""
    origin: object = get_origin(hint)
    if is_model(hint):
        if not isinstance(value, dict):
            yield f"{at}: expected a mapping"
            return
        known = properties_of(hint)
        for key, inner in value.items():
            name = f"{at}.{key}".lstrip(".")
            if key in known:
                yield from faults(inner, known[key], name)
            else:
                yield f"{name}: {hint.__name__} has no such property"
    elif origin is list:
        for index, inner in enumerate(value if isinstance(value, list) else [None]):
            yield from faults(inner, get_args(hint)[0], f"{at}[{index}]")
    elif origin is dict:
        for key, inner in (value if isinstance(value, dict) else {"": None}).items():
            yield from faults(inner, get_args(hint)[1], f"{at}.{key}")
    elif type(value) is not hint and not (hint is float and type(value) is int):
        yield f"{at}: expected {hint.__name__}, found {value!r}"


def at_path(props: Properties, path: str) -> Value:
    """Look up a value by its dotted path, None where it is not set."""
    value: Value = props
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def limit_faults(props: Properties) -> Iterator[str]:
    """Compare numbers and names with the documented limits, which the model does not know."""
    yield from (f"{name}: is required" for name in REQUIRED if not props.get(name))
    if props.get("runtime") not in RUNTIMES:
        yield f"runtime: expected one of {', '.join(RUNTIMES)}"
    for path, (allows, text) in LIMITS.items():
        value = at_path(props, path)
        if isinstance(value, int | float) and not allows(value):
            yield f"{path}: expected {text}, found {value}"
    cpu, memory = props.get("cpu"), props.get("memorySize")
    if isinstance(cpu, int | float) and isinstance(memory, int) and not cpu <= memory / 1024 <= 4 * cpu:
        yield f"cpu: expected 1 to 4 GB of memory for a core, found {memory / 1024} GB for {cpu}"
    if props.get("runtime") in BUILT_IN_RUNTIMES and props.get("instanceConcurrency", 1) != 1:
        yield "instanceConcurrency: a built-in runtime runs one request per instance"
    if str(props.get("runtime")).startswith("custom"):
        parts = (f"customRuntimeConfig.{name}" for name in ("command", "port"))
        yield from (f"{part}: a custom runtime needs it" for part in parts if not at_path(props, part))
    if not re.fullmatch(r"[A-Za-z_][\w-]{0,63}", str(props.get("functionName")), re.ASCII):
        yield "functionName: expected letters, digits, _ and -, 64 at most, a letter or _ first"
    if not re.fullmatch(r"acs:ram::\d+:role/[a-z0-9.-]{1,64}", str(props.get("role"))):
        yield "role: expected the ARN of a role, in lower case"


def trigger_faults(props: Properties) -> Iterator[str]:
    """Compare triggers with their models."""
    if not (isinstance(props["triggers"], list) and props["triggers"]):
        yield "triggers: expected a list of at least one"
        return
    for index, trigger in enumerate(props["triggers"]):
        at = f"triggers[{index}]"
        outside = {key: value for key, value in trigger.items() if key != "triggerConfig"}
        yield from faults(outside, models.CreateTriggerInput, at)
        yield from (f"{at}.{key}: is required" for key in ("triggerName", "triggerType") if not trigger.get(key))
        if (model := TRIGGERS.get(str(trigger.get("triggerType")))) is None:
            yield f"{at}.triggerType: expected one of {', '.join(TRIGGERS)}"
            return
        yield from faults(trigger.get("triggerConfig"), model, f"{at}.triggerConfig")
        if at_path(trigger, "triggerConfig.authType") not in AUTHENTICATION:
            yield f"{at}.triggerConfig.authType: expected one of {', '.join(AUTHENTICATION)}"


def deployment_faults(props: Properties) -> list[str]:
    """List everything that is wrong with the properties that s.yaml gives to fc3."""
    own = {key: value for key, value in props.items() if key not in OF_FC3}
    if props.get("logConfig", "auto") != "auto":
        own["logConfig"] = props["logConfig"]
    of_fc3 = [f"{key}: expected text" for key in ("region", "code") if not isinstance(props.get(key), str)]
    triggers = trigger_faults(props) if "triggers" in props else ()
    return [*of_fc3, *faults(own, models.CreateFunctionInput, ""), *limit_faults(props), *triggers]


def rendered(value: Value, variables: Properties) -> Value:
    """Fill in `${vars.x}` and the defaults of `${env('X', 'x')}`, as `s` does for a deployer who has set nothing."""
    if isinstance(value, dict):
        return {key: rendered(inner, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [rendered(inner, variables) for inner in value]
    if not isinstance(value, str):
        return value
    text = re.sub(r"\$\{env\('\w+', '([^']*)'\)\}", r"\1", value)
    return re.sub(r"\$\{vars\.(\w+)\}", lambda found: str(variables[found[1]]), text)


DOCUMENT: Properties = yaml.safe_load((ROOT / "s.yaml").read_text(encoding="utf-8"))
VARIABLES: Properties = rendered(DOCUMENT["vars"], {})
PROPS: Properties = rendered(DOCUMENT["resources"]["extension"]["props"], VARIABLES)
SERVICE: Properties = rendered(DOCUMENT["resources"]["service"]["props"], VARIABLES)
EACH = pytest.mark.parametrize("props", [PROPS, SERVICE], ids=["extension", "service"])


def changed(path: str, value: object, props: Properties = PROPS) -> Properties:
    """Copy the properties of s.yaml with one of them set."""
    props = copy.deepcopy(props)
    *parents, last = path.split(".")
    target = props
    for key in parents:
        if not isinstance(target.get(key), dict):
            target[key] = {}
        target = target[key]
    target[last] = value
    return props


@EACH
def test_s_yaml_gives_function_compute_nothing_that_it_does_not_know(props: Properties) -> None:
    """The file as it is."""
    assert deployment_faults(props) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("timeoutt", 60),
        ("memory_size", 1024),
        ("triggers", []),
        ("instanceLifecycleConfig.initialiser", {"handler": "handler.initialize"}),
        ("instanceLifecycleConfig.initializer.timeOut", 30),
        ("logConfig.logStore", "default-logs"),
        ("vpcConfig.vSwitchIDs", ["vsw-1"]),
    ],
)
def test_a_misspelled_property_is_named(path: str, value: object) -> None:
    """fc3 would deploy without it."""
    assert any(fault.startswith(f"{path}: ") for fault in deployment_faults(changed(path, value)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("memorySize", "1024"),
        ("timeout", 60.5),
        ("timeout", True),
        ("cpu", "1"),
        ("internetAccess", "true"),
        ("handler", 1),
        ("description", None),
        ("code", {"ossBucketName": "b"}),
        ("region", 1),
        ("logConfig", "automatic"),
        ("instanceLifecycleConfig", "handler.initialize"),
        ("instanceLifecycleConfig.initializer.timeout", "30"),
        ("environmentVariables.DATAWORKS_EXTENSION_CODE", 58),
        ("environmentVariables.DATAWORKS_CALLBACK", True),
        ("environmentVariables.EXTENSION_MODE", None),
    ],
)
def test_a_value_of_the_wrong_type_is_named(path: str, value: object) -> None:
    """A bare `on` in YAML is true, and Function Compute takes text alone for a variable."""
    assert any(fault.startswith(f"{path}: ") for fault in deployment_faults(changed(path, value)))


@pytest.mark.parametrize(
    ("path", "value"),
    [("environmentVariables", ["A=B"]), ("layers", "acs:fc:layer"), ("layers", [1]), ("tags", [{"Kee": "team"}])],
)
def test_a_collection_of_the_wrong_shape_is_named(path: str, value: object) -> None:
    """A list where a mapping belongs, and the other way round."""
    assert any(re.match(rf"{path}[.\[]", fault) for fault in deployment_faults(changed(path, value)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("memorySize", 64),
        ("memorySize", 1000),
        ("memorySize", 32832),
        ("cpu", 0),
        ("cpu", 0.07),
        ("cpu", 16.05),
        ("cpu", 0.2),  # 1 GB for a fifth of a core
        ("cpu", 1.05),  # less than 1 GB for a core
        ("diskSize", 1024),
        ("timeout", 0),
        ("timeout", 86401),
        ("instanceConcurrency", 0),
        ("instanceConcurrency", 201),
        ("instanceConcurrency", 2),
        ("instanceLifecycleConfig.initializer.timeout", 0),
        ("instanceLifecycleConfig.initializer.timeout", 301),
        ("instanceLifecycleConfig.preStop.timeout", 91),
        ("runtime", "python3.11"),
        ("runtime", None),
        ("functionName", "1st"),
        ("functionName", "a" * 65),
        ("role", "dataworks-extension"),
        ("role", "acs:ram::0000000000000000:role/DataWorks"),
        ("code", ""),
        ("handler", ""),
    ],
)
def test_a_value_out_of_its_limits_is_named(path: str, value: object) -> None:
    """One step beyond each limit."""
    assert any(fault.startswith(f"{path}: ") for fault in deployment_faults(changed(path, value)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("memorySize", 4096),
        ("cpu", 0.25),
        ("cpu", 0.35),
        ("timeout", 1),
        ("timeout", 86400),
        ("diskSize", 10240),
        ("instanceConcurrency", 1),
        ("instanceLifecycleConfig.initializer.timeout", 300),
        ("logConfig", {"project": "p", "logstore": "l", "enableRequestMetrics": True}),
        ("vpcConfig", {"vpcId": "vpc-1", "vSwitchIds": ["vsw-1"], "securityGroupId": "sg-1"}),
    ],
)
def test_a_value_on_its_limit_passes(path: str, value: object) -> None:
    """The last value that Function Compute takes."""
    assert deployment_faults(changed(path, value)) == []


TRIGGER = SERVICE["triggers"][0]


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("customRuntimeConfig.comand", ["/code/bootstrap"], "customRuntimeConfig.comand"),
        ("customRuntimeConfig.command", "/bin/sh", "customRuntimeConfig.command[0]"),
        ("customRuntimeConfig.command", [], "customRuntimeConfig.command"),
        ("customRuntimeConfig.port", "9000", "customRuntimeConfig.port"),
        ("customRuntimeConfig.port", 65536, "customRuntimeConfig.port"),
        ("customRuntimeConfig.port", 0, "customRuntimeConfig.port"),
        ("customRuntimeConfig.healthCheckConfig.httpGetURL", "/", "customRuntimeConfig.healthCheckConfig.httpGetURL"),
        *(
            (f"customRuntimeConfig.healthCheckConfig.{name}", value, f"customRuntimeConfig.healthCheckConfig.{name}")
            for name, value in (
                ("initialDelaySeconds", 121),
                ("periodSeconds", 0),
                ("timeoutSeconds", 4),
                ("failureThreshold", 0),
                ("successThreshold", 121),
            )
        ),
        ("instanceConcurrency", 201, "instanceConcurrency"),
        ("triggers", [], "triggers"),
        ("triggers", "http", "triggers"),
        ("triggers", [{**TRIGGER, "triggerNam": "http"}], "triggers[0].triggerNam"),
        ("triggers", [{**TRIGGER, "triggerName": ""}], "triggers[0].triggerName"),
        ("triggers", [{**TRIGGER, "triggerType": "htp"}], "triggers[0].triggerType"),
        ("triggers", [{**TRIGGER, "triggerConfig": None}], "triggers[0].triggerConfig"),
        ("triggers", [{**TRIGGER, "triggerConfig": {"authType": "none"}}], "triggers[0].triggerConfig.authType"),
        (
            "triggers",
            [{**TRIGGER, "triggerConfig": {"authType": "anonymous", "method": ["GET"]}}],
            "triggers[0].triggerConfig.method",
        ),
        (
            "triggers",
            [{**TRIGGER, "triggerConfig": {"authType": "anonymous", "methods": "GET"}}],
            "triggers[0].triggerConfig.methods[0]",
        ),
    ],
)
def test_a_fault_of_the_service_is_named(path: str, value: object, named: str) -> None:
    """What only a custom runtime has."""
    assert any(fault.startswith(f"{named}: ") for fault in deployment_faults(changed(path, value, SERVICE)))


def test_only_region_and_role_are_left_to_the_deployer() -> None:
    """Two values to edit, at the top."""
    assert sorted(VARIABLES) == ["region", "role"]
    for props in (PROPS, SERVICE):
        assert (props["region"], props["role"]) == (VARIABLES["region"], VARIABLES["role"])


def test_no_placeholder_is_left_where_a_deployer_has_set_nothing() -> None:
    """A variable that has no default stops `s`."""
    assert "${" not in json.dumps(rendered(DOCUMENT, VARIABLES))


def test_the_account_is_written_out_since_s_does_not_fill_in_variables_there() -> None:
    """The placeholder itself would be taken for the name."""
    assert DOCUMENT["access"] == "default"
    assert DOCUMENT["edition"] == "3.0.0"
    assert {name: resource["component"] for name, resource in DOCUMENT["resources"].items()} == {
        "extension": "fc3",
        "service": "fc3",
    }


@pytest.mark.parametrize(
    ("path", "arguments"),
    [("handler", ["event", "context"]), ("instanceLifecycleConfig.initializer.handler", ["context"])],
)
def test_an_entry_point_is_a_function_that_takes_what_the_runtime_gives(path: str, arguments: list[str]) -> None:
    """Read from the text, so that it says so even where an import fails."""
    module, function = at_path(PROPS, path).split(".")
    tree = ast.parse((ROOT / f"{module}.py").read_text(encoding="utf-8"))
    functions = {
        node.name: [arg.arg for arg in node.args.args] for node in tree.body if isinstance(node, ast.FunctionDef)
    }
    assert functions[function] == arguments


def test_every_environment_variable_is_one_that_the_code_reads() -> None:
    """edges.py is the only module that reads the environment."""
    tree = ast.parse((ROOT / "extension" / "edges.py").read_text(encoding="utf-8"))
    read = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert set(PROPS["environmentVariables"]) - {"PYTHONPATH"} <= read


def test_every_setting_that_must_change_without_a_new_file_can_be_set_from_the_environment() -> None:
    """The code is known only after the registration, the policy can be on a mount; the other two are switches."""
    raw = DOCUMENT["resources"]["extension"]["props"]["environmentVariables"]
    names = ("DATAWORKS_EXTENSION_CODE", "EXTENSION_POLICY", "EXTENSION_MODE", "DATAWORKS_CALLBACK")
    assert [name for name in names if f"env('{name}'" not in raw[name]] == []


@pytest.mark.parametrize(
    ("props", "package"), [(PROPS, packing.FUNCTION), (SERVICE, packing.SERVICE)], ids=["extension", "service"]
)
def test_what_is_deployed_is_what_make_package_builds(props: Properties, package: packing.Package) -> None:
    """And nothing beside it: fc3 takes all of the folder, and knows no defaults of what to leave out."""
    assert props["code"] == f"./build/{package.name}"
    assert "\nDEST :=\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert not (ROOT / ".fcignore").exists()


@pytest.mark.parametrize(
    ("resource", "command"), [("extension", "make package"), ("service", "make package SERVICE=1")]
)
def test_the_package_is_built_before_whatever_s_does_with_it(resource: str, command: str) -> None:
    """Each of the three was run with `s`: an action that fails stops it."""
    build = [{"run": command, "path": "."}]
    assert DOCUMENT["resources"][resource]["actions"] == {
        "pre-deploy": build,
        "pre-build": build,
        "pre-local": build,
    }


def test_dependencies_are_packed_where_the_function_looks_for_them_and_for_its_python() -> None:
    """Two files that must agree."""
    paths = [f"{packing.MOUNT}/{part}" for part in packing.PYTHONPATH]
    for props in (PROPS, SERVICE):
        assert props["environmentVariables"]["PYTHONPATH"] == ":".join(paths)
    assert PROPS["runtime"] == f"python{packing.PYTHON}"
    assert f"python{packing.PYTHON} " in SERVICE["customRuntimeConfig"]["args"][0]


def start(folder: Path, path: str) -> "subprocess.CompletedProcess[str]":
    """Run the start-up command of the service in a folder that stands for /code, with what is on a PATH."""
    runtime = SERVICE["customRuntimeConfig"]
    arguments = [argument.replace("cd /code;", f"cd {folder};") for argument in runtime["args"]]
    assert arguments != runtime["args"]
    return subprocess.run(  # noqa: S603  what s.yaml says
        [*runtime["command"], *arguments], env={"PATH": path}, capture_output=True, text=True, check=False
    )


def test_the_service_is_started_with_the_python_that_is_there(tmp_path: Path) -> None:
    """In the folder of the code, for it is looked for there."""
    python = tmp_path / "bin" / f"python{packing.PYTHON}"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "$PWD" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    ran = start(tmp_path, str(python.parent))
    assert (ran.returncode, ran.stdout) == (0, f"{tmp_path} -m extension.service\n")


def test_a_runtime_without_that_python_says_so(tmp_path: Path) -> None:
    """Byte code and shared objects are of no use to another one."""
    ran = start(tmp_path, str(tmp_path))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        "no Python 3.12 here: set SERVICE_RUNTIME=custom.debian11, or add the public layer Python312\n"
    )


def test_the_service_listens_where_function_compute_calls_it() -> None:
    """On all addresses: a call does not come over loopback."""
    runtime, variables = SERVICE["customRuntimeConfig"], SERVICE["environmentVariables"]
    assert variables["EXTENSION_LISTEN"] == f"0.0.0.0:{runtime['port']}"
    assert variables["EXTENSION_FC"] == "on"
    assert runtime["healthCheckConfig"]["httpGetUrl"] == packing.HEALTH


def test_the_service_has_one_trigger_which_eventbridge_and_browsers_can_call() -> None:
    """EventBridge cannot sign for Function Compute."""
    assert [(each["triggerType"], each["triggerConfig"]) for each in SERVICE["triggers"]] == [
        ("http", {"authType": "anonymous", "methods": ["GET", "POST"], "disableURLInternet": False})
    ]


def test_the_mounts_that_are_shown_are_what_function_compute_takes() -> None:
    """They are comments, and so nobody would see what is wrong with them."""
    text = (ROOT / "s.yaml").read_text(encoding="utf-8")
    shown = re.search(r"(?m)^      # ossMountConfig:\n(      #.*\n)+", text)
    assert shown
    example = yaml.safe_load(re.sub(r"(?m)^      # ", "", shown[0]))
    assert example.keys() == {"ossMountConfig", "nasConfig", "vpcConfig"}
    assert deployment_faults({**SERVICE, **example}) == []


def test_what_both_can_be_told_is_told_in_the_same_way() -> None:
    """But for the code: each is an extension of its own to DataWorks."""
    of_function, of_service = (
        DOCUMENT["resources"][name]["props"]["environmentVariables"] for name in ("extension", "service")
    )
    assert of_function.keys() <= of_service.keys()
    assert [name for name in of_function if of_function[name] != of_service[name]] == ["DATAWORKS_EXTENSION_CODE"]


def test_secrets_of_the_service_come_from_the_environment_alone() -> None:
    """The file is committed."""
    raw = DOCUMENT["resources"]["service"]["props"]["environmentVariables"]
    secret = [name for name in raw if re.search("KEY|TOKEN|SECRET|WEBHOOK", name)]
    assert secret == [
        *("EVENTBRIDGE_TOKEN", "EXTENSION_LINK_KEY", "EXTENSION_ADMIN_TOKEN", "DINGTALK_WEBHOOK", "DINGTALK_SECRET")
    ]
    assert [raw[name] for name in secret] == [f"${{env('{name}', '')}}" for name in secret]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-service.txt"])
def test_requirements_have_no_markers_since_pip_would_judge_them_by_this_machine(name: str) -> None:
    """Under Python 3.13 a `python_version < '3.13'` would leave out what the function's 3.12 needs."""
    lines = [line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if "==" in line]
    assert lines
    assert [line for line in lines if ";" in line] == []


def statements(name: str) -> list[Properties]:
    """Read the statements of a RAM policy, and insist on the form that RAM takes."""
    document = json.loads((ROOT / "docs" / "ram" / name).read_text(encoding="utf-8"))
    assert document.keys() == {"Version", "Statement"}
    assert document["Version"] == "1"
    assert [statement["Effect"] for statement in document["Statement"]] == ["Allow"] * len(document["Statement"])
    return list(document["Statement"])


def test_the_role_of_the_function_allows_the_callbacks_of_the_catalogue_and_reading_and_nothing_else() -> None:
    """Least privilege, by name."""
    calls, logs = statements("function-role-policy.json")
    callbacks = {entry.callback.value for entry in catalogue.ENTRIES if entry.callback}
    assert sorted(calls["Action"]) == sorted(f"dataworks:{name}" for name in (*callbacks, *READS))
    assert calls.keys() == {"Effect", "Action", "Resource"}
    assert logs["Action"] == ["log:PostLogStoreLogs"]


def test_the_role_of_the_function_writes_to_the_logstore_that_fc3_makes_and_to_no_other() -> None:
    """The names are those of `logConfig: auto`."""
    _, logs = statements("function-role-policy.json")
    assert PROPS["logConfig"] == "auto"
    assert logs["Resource"] == "acs:log:*:*:project/serverless-*/logstore/default-logs"


def test_only_function_compute_may_assume_the_role() -> None:
    """Another principal could post verdicts."""
    (trust,) = statements("function-role-trust.json")
    assert trust == {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["fc.aliyuncs.com"]}}


def test_the_ram_page_names_the_role_that_s_yaml_expects() -> None:
    """Commands that are copied must make the role that is deployed."""
    page = (ROOT / "docs" / "ram" / "README.md").read_text(encoding="utf-8")
    assert f"--RoleName {PROPS['role'].rpartition('/')[2]} " in page
