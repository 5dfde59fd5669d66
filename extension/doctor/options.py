"""Options and parameters of a registration, held against what rules read of them.

Source: https://www.alibabacloud.com/help/en/dataworks/user-guide/configure-extension-options
and https://www.alibabacloud.com/help/en/dataworks/user-guide/configure-extension-parameters
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from extension import catalogue, parameters, settings
from extension.doctor import Level, Remark
from extension.doctor.registered import Registration
from extension.options import Component
from extension.registration import lines
from extension.rules import Policy, Rule
from extension.settings import plain
from extension.tree import suggestion
from extension.verdict import Result, clean

_FORM = "in the DataWorks console; `python -m extension register` prints the Options JSON that fits the policy"

_CHOICES = (Component.LIST, Component.BOXES, Component.BUTTONS)
"""What an option is shown as whose values are named in it."""


def remarks(found: Registration, policy: Policy | None) -> Iterator[Remark]:
    """What is wrong with the options, and with the parameters."""
    yield from _options(found, policy)
    yield from _parameters(found, policy)


def _options(found: Registration, policy: Policy | None) -> Iterator[Remark]:
    read = [(rule, name, key) for rule in (policy.rules if policy else ()) for name, key in rule.options.items()]
    try:
        properties = _properties(found.options)
    except ValueError as error:
        yield _bad(
            "form",
            f"OptionSetting: {error}",
            "The console shows workspaces no options, or none that can be read: the rules' own values stand.",
            f"Put the Options JSON in again {_FORM}.",
        )
        return
    problems = [remark for rule, name, key in read for remark in _option(rule, name, key, properties)]
    yield from problems
    unread = [name for name in properties if name not in {key for _, _, key in read} and not _shows(properties[name])]
    if unread and policy:
        yield _bad(
            "unread",
            f"options that no rule of {policy.file} reads: {_joined(unread)}",
            "Workspaces choose something there, and nothing comes of it.",
            f"Name each under `options` of a rule, or take it out {_FORM}.",
            Level.WARNING,
        )
    if read and not problems:
        names = sorted({key for _, _, key in read})
        yield Remark(
            id="options.read", level=Level.OK, what=f"options that rules read are registered: {_joined(names)}"
        )


def _properties(said: object) -> Mapping[str, Mapping[str, Any]]:
    """The options of an Options JSON, a text or read already, by name. Raises ValueError for what is none."""
    if said in ("", {}) or (isinstance(said, str) and not said.strip()):
        return {}
    if isinstance(said, str):
        try:
            said = msgspec.json.decode(said)
        except (ValueError, RecursionError):
            raise ValueError("is no JSON") from None
    found = said.get("properties", {}) if isinstance(said, dict) and said.get("type") == "object" else None
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise ValueError('is not of the form {"type": "object", "properties": {NAME: {...}}}')
    for name, each in found.items():
        if each.get("x-component") not in tuple(Component):
            raise ValueError(
                f"{clean(name)}: x-component is {plain(each.get('x-component'))}, none of the documented ones"
            )
    return found


def _option(rule: Rule, name: str, key: str, properties: Mapping[str, Mapping[str, Any]]) -> Iterator[Remark]:
    """What keeps one option from being one parameter of a rule."""
    place = f"rule {rule.id}: options: {name}: {key}"
    stands = f"The rule's own value stands, whatever a workspace chooses: {name} of rule {rule.id}."
    option = properties.get(key)
    if option is None:
        hint = suggestion(key, properties)
        yield _bad("missing", f"{place}: no such option is registered{hint}", stands, f"Add option {key} {_FORM}.")
        return
    listed = _listed(rule, name)
    component = option["x-component"]
    if _shows(option):
        yield _bad(
            "component", f"{place}: {component} shows a text, and has no value", stands, f"Make {key} an Input {_FORM}."
        )
    elif _multiple(option) and not listed:
        yield _bad(
            "component",
            f"{place}: {component} gives several values, and {name} takes one",
            stands,
            f"Make {key} an Input, a Radio.Group or a Select without mode {_FORM}.",
        )
    else:
        yield from _offered(rule, name, key, option)


def _offered(rule: Rule, name: str, key: str, option: Mapping[str, Any]) -> Iterator[Remark]:
    """What is wrong with what can be chosen, and with what is chosen at first."""
    place = f"rule {rule.id}: options: {name}: {key}"
    component, values = option["x-component"], list(_values(option))
    if component not in _CHOICES:
        values = []
    elif not values:
        yield _bad(
            "choice",
            f"{place}: {component} has nothing that can be chosen: no dataSource with a value",
            f"The rule's own value stands, whatever a workspace wants: {name} of rule {rule.id}.",
            f"Give option {key} its choices, as x-component-props, dataSource, {_FORM}.",
        )
    for value in values:
        problem = _refused(rule, name, [value] if _multiple(option) else value)
        if problem:
            yield _bad(
                "choice",
                f"{place}: choice {plain(value)}: {problem}",
                f"Where a workspace chooses it, the rule's own value stands: {name} of rule {rule.id}.",
                f"Correct or remove choice {plain(value)} of option {key} {_FORM}.",
            )
    default = option.get("default")
    if default not in (None, "", []) and (problem := _refused(rule, name, default)):
        yield _bad(
            "default",
            f"{place}: default {plain(default)}: {problem}",
            f"Where a workspace leaves it as it is, the rule's own value stands: {name} of rule {rule.id}.",
            f"Correct or remove the default of option {key} {_FORM}.",
        )


def _shows(option: Mapping[str, Any]) -> bool:
    return str(option["x-component"]) == Component.HEADING


def _props(option: Mapping[str, Any]) -> Mapping[str, Any]:
    found = option.get("x-component-props")
    return found if isinstance(found, dict) else {}


def _multiple(option: Mapping[str, Any]) -> bool:
    return str(option["x-component"]) == Component.BOXES or _props(option).get("mode") == "multiple"


def _values(option: Mapping[str, Any]) -> Iterator[object]:
    source = _props(option).get("dataSource")
    for each in source if isinstance(source, list) else ():
        if isinstance(each, dict) and each.get("value") not in (None, ""):  # what is empty is not set
            yield each["value"]


def _field(rule: Rule, name: str) -> msgspec.structs.FieldInfo | None:
    """The setting that a parameter is, None for `result`."""
    known = msgspec.structs.fields(rule.check.settings) if rule.check else ()
    return next((field for field in known if field.encode_name == name), None)


def _listed(rule: Rule, name: str) -> bool:
    """Whether a parameter takes a list."""
    field = _field(rule, name)
    return field is not None and settings.kind_of(field).schema().get("type") == "array"


def _refused(rule: Rule, name: str, value: object) -> str:
    """Why a value cannot be that of a parameter, empty where it can."""
    field = _field(rule, name)
    if field is None:
        return "" if value in (Result.FAIL.value, Result.WARN.value) else "expected FAIL or WARN"
    try:
        settings.offered(field, value)
    except ValueError as error:
        return str(error)
    return ""


_KNOWN = re.compile(
    r"extension\.(?:project\.disabled(?:\.append)?|manualPass\.enabled"
    r"|project\.(?P<project>.+?)\.disabled(?:\.append)?|fileType\.(?P<type>[^.]+)\.(?P<file>.+)\.enabled)"
)
"""Keys that the platform reads."""


def _parameters(found: Registration, policy: Policy | None) -> Iterator[Remark]:
    lines = [line for line in found.parameters.splitlines() if line.strip()]
    keys = [line.partition("=")[0].strip() for line in lines if "=" in line]
    said = parameters.parse(found.parameters)
    for line in (line for line in lines if not line.partition("=")[0].strip() or "=" not in line):
        yield _wrong(
            "line",
            f"line {plain(clean(line))} is no key=value",
            "It says nothing to anybody.",
            "Write key=value, or take the line out",
        )
    for key, number in Counter(keys).items():
        if number > 1:
            yield _wrong(
                "repeated",
                f"{clean(key)} stands there {number} times",
                "The last one counts, and the others do not.",
                f"Leave one line with {clean(key)}",
            )
    for key, value in said.items():
        yield from _parameter(key, value, policy)
    yield from _own(said, policy)
    if parameters.manual_pass(said):
        yield _wrong(
            "manual-pass",
            "extension.manualPass.enabled=true",
            'Users can mark a check as passed themselves ("Mark as Passed"): nothing is blocked for good.',
            "Take extension.manualPass.enabled out, unless that is meant",
        )


def _parameter(key: str, value: str, policy: Policy | None) -> Iterator[Remark]:
    """What is wrong with a key that the platform reads, or what it switches off."""
    if not key.startswith("extension.") or not value:
        return
    known = _KNOWN.fullmatch(key)
    if known is None:
        yield _wrong(
            "unknown-key",
            f"{clean(key)} is none that is documented",
            "DataWorks does not read it.",
            f"Correct {clean(key)}, or take it out",
        )
        return
    code = known["project"] or known["file"] or ""
    if code and code not in catalogue.BY_CODE:
        hint = suggestion(code, catalogue.BY_CODE)
        yield _wrong(
            "unknown-event",
            f"{clean(key)}: {clean(code)} is no event code{hint}",
            "It switches nothing off.",
            f"Correct the code in {clean(key)}",
        )
    elif known["type"] and value.lower() == "false":
        judged = policy.plan.get(code, ()) if policy else ()
        if judged:
            rules = _joined(rule.id for rule in judged)
            yield _wrong(
                "file-type",
                f"{clean(key)}=false: nodes of type {clean(known['type'])} are not checked at {code}",
                f"Rules that are for {code} do not see them: {rules}.",
                f"Take {clean(key)} out, unless that is meant",
            )
    elif "disabled" in key:
        where = f"at {code}" if code else "at all"
        yield _wrong(
            "disabled",
            f"{clean(key)}={clean(value)}: not checked {where} in these workspaces",
            "Every such operation passes there.",
            f"Take the workspaces out of {clean(key)}, unless that is meant",
        )


def _own(said: Mapping[str, str], policy: Policy | None) -> Iterator[Remark]:
    """Parameters that a condition does not come out without, and that are not there, or empty."""
    for rule in policy.rules if policy else ():
        needs = rule.when.checked.needs if rule.when else frozenset()
        if lines.asks(rule):
            continue
        for name in sorted(path[1] for path in needs if path[0] == "parameters" and len(path) > 1):
            if name not in said:
                yield _wrong(
                    "missing",
                    f"rule {rule.id}: when: reads parameters.{name}, which is not registered",
                    lines.without(rule),
                    f"Add a line {name}=VALUE",
                    Level.ERROR,
                )
            elif not said[name]:
                yield _wrong(
                    "empty",
                    f"rule {rule.id}: when: reads parameters.{name}, which has no value",
                    "The condition is given an empty text, which most often is what it is not for.",
                    f"Write {name}=VALUE, or leave the line as it is where that is meant",
                )


def _bad(identity: str, what: str, why: str, do: str, level: Level = Level.ERROR) -> Remark:
    return Remark(id=f"options.{identity}", level=level, what=what, why=why, do=do)


def _wrong(identity: str, what: str, why: str, do: str, level: Level = Level.WARNING) -> Remark:
    return Remark(
        id=f"parameters.{identity}",
        level=level,
        what=f"ParameterSetting: {what}",
        why=why,
        do=f"{do}: the parameters are in the registration, in the DataWorks console.",
    )


def _joined(names: Iterable[str]) -> str:
    return ", ".join(clean(name) for name in names)
