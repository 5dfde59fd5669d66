"""The consoles of DataWorks and of EventBridge, as far as somebody who registers an extension has to do with them.

They are written from the documents. A person reads what `register` prints, as JSON or as text, and types it in;
what a console would refuse is `Refused`. What comes of it is what GetExtension says from then on.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, TypeAlias

import jsonschema
import msgspec

from extension import catalogue
from extension.local import DataWorks

Json: TypeAlias = Any  # what a document of JSON holds

TENANT = {"delete-project", "download-resources", "download-resources-execute", "upload-data-to-table"}
"""Events of the tenant level, by the documents."""
OF_FUNCTIONS = TENANT - {"delete-project"}
"""Events that the console may offer for a function; that it offers more than the first of a download is unverified."""

FUNCTION, SERVICE = "Deploy with Function Compute", "Deploy with a self-managed service"

TOKEN, LINK_KEY = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
"""What `openssl rand -hex 16` and 32 could have made."""

VALUE = "VALUE"
"""What stands where somebody is to fill in a parameter."""

OPTIONS_FORM = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "properties"],
    "properties": {
        "type": {"const": "object"},
        "properties": {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/field"}},
    },
    "$defs": {
        "field": {
            "type": "object",
            "additionalProperties": False,
            "required": ["type", "title", "x-decorator", "x-component", "x-decorator-props", "x-component-props"],
            "properties": {
                "type": {"enum": ["string", "number", "array"]},
                "title": {"type": "string", "minLength": 1},
                "x-decorator": {"const": "FormItem"},
                "x-component": {
                    "enum": [
                        *("PreviewText.Input", "Input", "Input.TextArea"),
                        *("Select", "Checkbox.Group", "Radio.Group"),
                    ]
                },
                "x-decorator-props": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"tooltip": {"type": "string"}},
                },
                "x-component-props": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "dataSource": {
                            "type": "array",
                            "minItems": 1,
                            "items": {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["value", "label"],
                                "properties": {"value": {"type": "string"}, "label": {"type": "string"}},
                            },
                        },
                        "mode": {"const": "multiple"},
                    },
                },
                "default": {},
            },
            "allOf": [
                {
                    "if": {"properties": {"x-component": {"enum": ["Select", "Checkbox.Group", "Radio.Group"]}}},
                    "then": {"properties": {"x-component-props": {"required": ["dataSource"]}}},
                    "else": {"properties": {"x-component-props": {"maxProperties": 0}}},
                },
                {
                    "if": {"properties": {"x-component": {"const": "Select"}}},
                    "else": {"properties": {"x-component-props": {"properties": {"mode": False}}}},
                },
            ],
        }
    },
}
"""The documented form of options, as JSON Schema; `default` is Formily's, and unverified.

Source: https://www.alibabacloud.com/help/en/dataworks/user-guide/define-options-for-an-extension
"""


class Refused(Exception):  # noqa: N818  an answer of the console
    """What a console says instead of taking what was typed."""


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """What a person types into the consoles, and into a file `.env`."""

    way: str
    region: str
    name: str
    description: str
    codes: tuple[str, ...]
    has_test_workspace: bool
    details: str
    document: str
    parameters: str
    options: str
    pattern: str
    """The event pattern, empty where there is no rule to make."""
    url: str
    variables: tuple[str, ...]
    """Variables to set, by the names that the process reads."""


def of_json(registration: Mapping[str, Json]) -> Typed:
    """What somebody types who reads the JSON."""
    lines = [
        f"{line['key']}={line['value'] if line['standing'] == 'proposal' else VALUE}"
        for line in registration["parameters"]
        if line["standing"] != "optional"
    ]
    bridge = registration["bridge"] or {"pattern_text": "", "target": {"url": ""}}
    return Typed(
        way=FUNCTION if registration["hosting"]["chosen"] == "function" else SERVICE,
        region=registration["deployment"]["region"],
        name=registration["name"],
        description=registration["description"],
        codes=tuple(point["code"] for point in registration["points"]),
        has_test_workspace=registration["test_workspace"],
        details=registration["details_url"],
        document=registration["document_url"],
        parameters="\n".join(lines),
        options=registration["options_text"],
        pattern=bridge["pattern_text"],
        url=bridge["target"]["url"],
        variables=tuple(variable["name"] for variable in registration["variables"]),
    )


def of_text(page: str) -> Typed:
    """What somebody types who reads the text: by the titles, the labels, and the signs at the beginning of lines."""
    titled = re.findall(r"^(\S[^\n]*)\n-{3,}\n(.*?)(?=\n\n\S[^\n]*\n-{3,}\n|\Z)", page, re.MULTILINE | re.DOTALL)
    sections: dict[str, str] = dict(titled)

    def labelled(title: str, label: str) -> str:
        found = re.search(rf"^- {label}:(.*(?:\n  .*)*)", sections.get(title, ""), re.MULTILINE)
        return " ".join(found[1].split()) if found else ""

    def address(title: str, label: str) -> str:
        found = labelled(title, label)
        return found if found.startswith("http") else ""

    def pasted(title: str) -> str:
        found = re.search(r"^\{\n.*?^\}$", sections.get(title, ""), re.MULTILINE | re.DOTALL)
        return found[0] if found else ""

    variables = []
    for item in re.findall(r"^- (\w+=.*(?:\n  .*)*)", sections["Variables to set"], re.MULTILINE):
        read = re.search(r"The process reads it as (\w+)\.", " ".join(item.split()))
        variables.append(read[1] if read else item.partition("=")[0])
    form = "Registration form"
    shown = rf"^(?:([^\s-]\S*=\S*)$|- (\S.*?={VALUE})(?=  |$))"
    lines = re.findall(shown, sections["Extension parameter settings"], re.MULTILINE)
    return Typed(
        way=labelled("Hosting", "Register as"),
        region=labelled("Hosting", "Region"),
        name=labelled(form, "Extension Name"),
        description=labelled(form, "Description"),
        codes=tuple(re.findall(r"^\[x\] (\S+)", sections["Extension points to process"], re.MULTILINE)),
        has_test_workspace=not labelled(form, "Test Workspace").startswith("not needed"),
        details=address(form, "Extension Details URL"),
        document=address(form, "Extension Document URL"),
        parameters="\n".join(pasted_line or to_fill_in for pasted_line, to_fill_in in lines),
        options=pasted("Extension option settings"),
        pattern=pasted("EventBridge: event pattern"),
        url=address("EventBridge: target", "URL"),
        variables=tuple(variables),
    )


def follow(
    registration: Mapping[str, Json], dataworks: DataWorks, *, workspace: str = "90214", published: bool = True
) -> dict[str, str]:
    """Do what the JSON of `register` says, on a DataWorks; the variables that are to be set after that."""
    return enter(of_json(registration), dataworks, workspace=workspace, published=published)


def enter(typed: Typed, dataworks: DataWorks, *, workspace: str = "90214", published: bool = True) -> dict[str, str]:
    """Register an extension, make the rule of EventBridge, and enable it; the variables to set. Raises Refused.

    Own parameters are filled in with 1. The administrator of the workspace saves the options as they are shown.
    """
    for refuse in (_points, _form, _parameters):
        refuse(typed)
    fields = _options(typed.options)
    if typed.pattern:
        _rule(typed)
    entries = [catalogue.BY_CODE[code] for code in typed.codes]
    categories = dict.fromkeys(entry.category for entry in entries)
    dataworks.parameters = re.sub(f"={VALUE}$", "=1", typed.parameters, flags=re.MULTILINE)
    dataworks.options = {workspace: {name: field["default"] for name, field in fields.items() if "default" in field}}
    dataworks.registration = {
        "ExtensionName": typed.name,
        "ExtensionDesc": typed.description,
        "BindEventList": [{"EventCode": entry.code, "EventName": entry.about.rstrip(".")} for entry in entries],
        "EventCategoryList": [{"CategoryCode": each, "CategoryName": each} for each in categories],
        "DetailUrl": typed.details,
        "HelpDocUrl": typed.document,
        "OptionSetting": typed.options,
        "ProjectTesting": int(workspace) if typed.has_test_workspace else None,
        "Status": 1 if published else 0,
    }
    known = {
        "DATAWORKS_EXTENSION_CODE": dataworks.extension_code,
        "FC_REGION": typed.region,
        "EXTENSION_URL": typed.document.removesuffix("/policy"),
        "EVENTBRIDGE_TOKEN": TOKEN,
        "EVENTBRIDGE_URL": typed.url,
        "EXTENSION_LINK_KEY": LINK_KEY,
    }
    return {name: known[name] for name in typed.variables}


def _points(typed: Typed) -> None:
    """What can be ticked: extension points of one level, and for a function those that it gets."""
    if not typed.codes:
        raise Refused("no extension point is ticked")
    for code, times in Counter(typed.codes).items():
        entry = catalogue.BY_CODE.get(code)
        if entry is None or entry.callback is None or times > 1:
            raise Refused(f"{code} is no extension point, or is ticked twice")
    if len({code in TENANT for code in typed.codes}) > 1:
        raise Refused("extension points of two levels")
    if typed.way == FUNCTION and not set(typed.codes) <= OF_FUNCTIONS:
        raise Refused("a function takes the data download alone")


def _form(typed: Typed) -> None:
    if typed.way not in (FUNCTION, SERVICE):
        raise Refused(f"there is no way to deploy called {typed.way}")
    if not typed.name.strip() or len(typed.name) > 64 or len(typed.description) > 200:
        raise Refused("a name that is empty or too long, or a description that is too long")
    if typed.has_test_workspace is (typed.codes[0] in TENANT):
        raise Refused("a test workspace is for the workspace level")
    for address in (typed.details, typed.document):
        if address and not re.fullmatch(r"https?://\S+", address):
            raise Refused(f"{address} is no address")


def _parameters(typed: Typed) -> None:
    keys = []
    codes = "|".join(typed.codes)
    known = rf"extension\.project(\.({codes}))?\.disabled(\.append)?|extension\.manualPass\.enabled"
    for line in typed.parameters.splitlines():
        key, equals, value = line.partition("=")
        keys.append(key)
        if not equals or not key.strip() or key != key.strip():
            raise Refused(f"{line} is no key=value")
        if key.startswith("extension.") and not re.fullmatch(known, key):
            raise Refused(f"there is no parameter {key}")
        if "disabled" in key and not re.fullmatch("[0-9]+(,[0-9]+)*", value):
            raise Refused(f"{value} are no workspaces")
    if len(set(keys)) < len(keys):
        raise Refused("a key stands twice")


def _options(text: str) -> dict[str, Json]:
    """The fields of the options."""
    if not text:
        return {}

    def unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        if len(dict(pairs)) < len(pairs):
            raise Refused("a name stands twice")
        return dict(pairs)

    try:
        form = json.loads(text, object_pairs_hook=unique)
        jsonschema.validate(form, OPTIONS_FORM)
    except (ValueError, jsonschema.ValidationError) as error:
        raise Refused(f"the options are not of the documented form: {error}") from error
    fields: dict[str, Json] = form["properties"]
    for name, field in fields.items():
        choices = field["x-component-props"].get("dataSource", [])
        for part in ("value", "label"):
            if len({choice[part] for choice in choices}) < len(choices):
                raise Refused(f"{name}: a {part} stands twice")
        chosen = field.get("default")
        chosen = chosen if isinstance(chosen, list) else [] if chosen is None else [chosen]
        if choices and not set(chosen) <= {choice["value"] for choice in choices}:
            raise Refused(f"{name}: the default is none of the choices")
    return fields


def _rule(typed: Typed) -> None:
    """The rule of EventBridge: what its pattern must let through, and that it has somewhere to push to."""
    try:
        pattern = json.loads(typed.pattern)
    except ValueError as error:
        raise Refused("the pattern is no JSON") from error
    types = pattern.get("type", [])
    if pattern.get("source") != ["acs.dataworks"] or set(pattern) != {"source", "type"} or len(set(types)) < len(types):
        raise Refused("the pattern is not of the documented form")
    if unknown := set(types) - set(catalogue.BY_TYPE):
        raise Refused(f"DataWorks never sends {unknown}")
    if missing := {catalogue.BY_CODE[code].event_type for code in typed.codes} - set(types):
        raise Refused(f"the rule never lets through {missing}")
    if not typed.url.startswith("https://"):
        raise Refused("the target has no URL")
