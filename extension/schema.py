"""JSON Schema of a policy file, made from the types that read it: for the YAML support of an editor.

It allows whatever a policy may say. What it cannot say (a date that does not exist, a condition that does not compile,
a rule id that stands twice, a check that does not judge the event) is said by `policy check`.
"""

import ast
import inspect
import itertools
import textwrap
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAlias, get_origin

import msgspec

from extension import catalogue, settings
from extension.checks import Check
from extension.policy import ENGINES
from extension.rules import LoggedSql
from extension.settings import MAX_PATTERN_CHARS, Ids, Names, Tables, WorkspaceIds
from extension.verdict import MAX_HELP_CHARS, Language, Mode, Result, Severity

Schema: TypeAlias = dict[str, object]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(registry: Mapping[str, Check]) -> Schema:
    """Schema of a policy whose rules name the checks of `registry`."""
    python = {"type": "string", "pattern": r"\.py$"}
    return {
        "$schema": DIALECT,
        "title": "Policy of a DataWorks extension",
        **_object(
            {
                "version": {"const": 1, "description": "Form of the file."},
                "language": _enum(Language, "Language of the built-in messages; zh where none is said."),
                "timezone": _text("Timezone of dates and times, such as Asia/Shanghai, which is the default."),
                "defaults": _object(
                    {
                        "on_error": _enum(Result, "What a rule gives that cannot be judged; FAIL by default."),
                        "on_timeout": _enum(Result, "What a rule gives that was not done in time; FAIL by default."),
                        "on_unreadable": _enum(Result, _ON_UNREADABLE),
                    },
                    "For all rules that do not say otherwise.",
                ),
                "log": _object(
                    {"sql": _enum(LoggedSql, "What a log holds of SQL: a digest (default), or an outline, too.")},
                    "What the log holds.",
                ),
                "sql": _sql(),
                "lists": {
                    "type": "object",
                    "description": "Named lists, used as {list: name} wherever a list of values stands.",
                    "additionalProperties": {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1},
                },
                "checks": {
                    "description": "Python files with checks of one's own, from the folder of the policy.",
                    "anyOf": [python, {"type": "array", "minItems": 1, "items": python}],
                },
                "rules": {"type": "array", "minItems": 1, "items": _rule(registry), "description": "What is judged."},
            },
            required=("version",),
        ),
        "$defs": {
            "event": _event(),
            "list": _object({"list": _text("Name of a list under lists.")}, "A named list.", required=("list",)),
        },
    }


_ON_UNREADABLE = "What SQL gives that cannot be read; for downloads as a hit, else at most WARN by default."


def _sql() -> Schema:
    """What is said of data sources, each by its name, a workspace's id, or both."""
    project = {"type": "string", "pattern": r"^\s*(?![Oo][Dd][Pp][Ss][.])[^\s.*?/]+([.][^\s.*?/]+)*\s*$"}
    keys = {"pattern": r"^\s*([0-9]+/)?[^\s/*?]+\s*$"}
    return _object(
        {
            "projects": {
                "type": "object",
                "description": "Project (schema, database) of tables that are named without one; `*`: of all others on"
                " MaxCompute.",
                "propertyNames": {"pattern": rf"{keys['pattern']}|^[*]$"},
                "additionalProperties": project,
            },
            "engines": {
                "type": "object",
                "description": "What runs the SQL, where the event does not tell.",
                "propertyNames": keys,
                "additionalProperties": _enum(ENGINES, "Engine."),
            },
        },
        "Of data sources: each by its name, by the id of a workspace, or by both (90214/odps_first).",
    )


_EVENT: Schema = {"$ref": "#/$defs/event"}
_LIST: Schema = {"$ref": "#/$defs/list"}


def _event() -> Schema:
    """A word of `on:`, with what it stands for, as editors show it."""
    about = {"*": "All events."}
    for entry in catalogue.ENTRIES:
        about[entry.module.value] = f"All events of {entry.module.value}."
        about[entry.category] = f"All events of this kind: {', '.join(sorted(catalogue.select(entry.category)))}."
    about |= {entry.code: entry.about for entry in catalogue.ENTRIES}
    return _described({name: about[name] for name in sorted(about)}, "Event code, category or module.")


def _described(about: Mapping[str, str], description: str) -> Schema:
    """One of several words; `enumDescriptions` is not of the standard, but what editors read."""
    return {"enum": list(about), "enumDescriptions": list(about.values()), "description": description}


def _rule(registry: Mapping[str, Check]) -> Schema:
    rule = _object(
        {
            "id": {
                "type": "string",
                "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
                "description": "Name of the rule, in messages and logs.",
            },
            "on": {
                "description": 'Events that it is for: codes, categories or modules, or "*".',
                **_one_or_more(_EVENT),
            },
            "check": _described(
                {check.id: _line(check.about) for check in registry.values()},
                "What is judged; with has its parameters.",
            ),
            "with": {"type": "object", "description": "Parameters of the check."},
            "when": _text("Condition in CEL over event, operator, workspace, sql, now and parameters."),
            "result": _enum((Result.FAIL, Result.WARN), "What a hit gives; FAIL by default."),
            "mode": _enum((Mode.ENFORCE, Mode.SHADOW), "shadow: a hit is logged and decides nothing."),
            "message": {
                **_text("Text for the user instead of the built-in one, with {placeholders}."),
                "maxLength": MAX_PATTERN_CHARS,
            },
            "severity": _enum(Severity, "For logs, pages and reports."),
            "owner": _text("Whom to ask; shown to the user."),
            "help": {
                "type": "string",
                "pattern": "^https?://[!-~]+$",
                "maxLength": MAX_HELP_CHARS,
                "description": "Where to read more; shown to the user.",
            },
            "on_error": _enum(Result, "What the rule gives if it cannot be judged."),
            "on_timeout": _enum(Result, "What the rule gives if it was not done in time."),
            "on_unreadable": _enum(Result, _ON_UNREADABLE),
            "options": {
                "type": "object",
                "description": "Parameter (or result), and the key of the console option that sets it in a workspace.",
            },
            "exempt": {
                "type": "array",
                "minItems": 1,
                "description": "Whom or what the rule lets pass until it expires.",
                "items": _exemption(),
            },
            "from": _moment("When the rule comes into force."),
            "until": _moment("When it is over; a date alone is the last day."),
            "workspaces": _some(WorkspaceIds, "Only in these workspaces (ids)."),
            "except_workspaces": _some(WorkspaceIds, "Not in these workspaces (ids)."),
            "operators": _some(Ids, "Only for these users (ids)."),
            "except_operators": _some(Ids, "Not for these users (ids)."),
        },
        required=("id", "on"),
    )
    return {**rule, "allOf": [_without_check(), *map(_with_check, registry.values())]}


def _without_check() -> Schema:
    """A rule has a condition where it has no check; then there is nothing that takes parameters."""
    return {
        "if": {"not": {"required": ["check"]}},
        "then": {"required": ["when"], "properties": {"with": {"maxProperties": 0}, "options": _options(())}},
    }


def _with_check(check: Check) -> Schema:
    """What goes with a check: its parameters, and the options that can set them."""
    about = docs(check.settings)
    fields = msgspec.structs.fields(check.settings)
    parameters = _object(
        {field.encode_name: _parameter(field, about.get(field.name, "")) for field in fields},
        _line(check.about),
        required=tuple(field.encode_name for field in fields if field.required),
    )
    then: Schema = {"properties": {"with": parameters, "options": _options(fields)}}
    if not _can_do_without(check.settings):
        parameters["minProperties"] = 1
        then["required"] = ["with"]
    return {"if": {"properties": {"check": {"const": check.id}}, "required": ["check"]}, "then": then}


def _can_do_without(struct: type[msgspec.Struct]) -> bool:
    """Whether a check can be used without any parameter."""
    try:
        struct()
    except (TypeError, ValueError):  # one is required; one of several is
        return False
    return True


def _parameter(field: msgspec.structs.FieldInfo, description: str) -> Schema:
    """Schema of a parameter; a list can be a named one, and hold named ones."""
    kind: Schema = settings.kind_of(field).schema()
    if kind.get("type") == "array":
        kind = {"anyOf": [{**kind, "items": {"anyOf": [kind.get("items", {}), _LIST]}}, _LIST]}
    return {**kind, "description": description} if description else kind


def _options(fields: tuple[msgspec.structs.FieldInfo, ...]) -> Schema:
    key = "Key of the console option that sets %s in a workspace."
    return _object({name: _text(key % name) for name in (*(field.encode_name for field in fields), "result")})


def _exemption() -> Schema:
    entry = _object(
        {
            "operator": _some(Ids, "Users (ids)."),
            "workspace": _some(WorkspaceIds, "Workspaces (ids)."),
            "table": _some(Tables, "Tables, by the fullest name that the event gives; project.table for SQL."),
            "until": _moment("When it expires; a date alone is the last day."),
            "reason": _text("Why; logged."),
        },
        required=("until",),
    )
    return {**entry, "anyOf": [{"required": [name]} for name in ("operator", "workspace", "table")]}


def _object(properties: Schema, description: str = "", required: tuple[str, ...] = ()) -> Schema:
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        made["required"] = list(required)
    return {**made, "description": description} if description else made


def _enum(values: Any, description: str) -> Schema:  # noqa: ANN401  an enumeration, or some of one
    return {"enum": [value.value for value in values], "description": description}


def _text(description: str) -> Schema:
    return {"type": "string", "pattern": r"\S", "description": description}


def _moment(description: str) -> Schema:
    form = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?$"
    return {"type": "string", "pattern": form, "description": description}


def _some(kind: type[Names], description: str) -> Schema:
    return {"description": description, **_one_or_more(kind.schema()["items"])}


def _one_or_more(item: object) -> Schema:
    """One value or a list of them, each of which can be a named list."""
    return {"anyOf": [item, {"type": "array", "minItems": 1, "items": {"anyOf": [item, _LIST]}}, _LIST]}


def _line(text: str) -> str:
    return " ".join(text.split())


@cache
def docs(struct: Any) -> Mapping[str, str]:  # noqa: ANN401  a struct, or a generic one with its argument
    """What each field of a struct is for: the docstrings under its attributes, its bases' among them, as one line."""
    found: dict[str, str] = {}
    origin = get_origin(struct) or struct
    for base in reversed(origin.__mro__):
        if base not in (msgspec.Struct, object) and issubclass(base, msgspec.Struct):
            found |= _docs(base)
    return found


def _docs(struct: type[msgspec.Struct]) -> Mapping[str, str]:
    try:
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(struct))).body
    except (OSError, TypeError):  # a check of one's own, whose source is not at hand
        return {}
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    return {
        before.target.id: _line(text.value.value)
        for before, text in itertools.pairwise(body)
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }
