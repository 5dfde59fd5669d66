"""The options of an extension: the form that DataWorks shows in each workspace, made of the rules' `options:`.

The form is JSON text in the registration, in words of Formily. What DataWorks documents of it is the type, title,
decorator, component, tooltip and choices of a property; that it takes a `default`, as Formily does, and the types
`number` and `array` is unverified. So is how it stores what is chosen of several: as a list, or as a text.

Source: https://www.alibabacloud.com/help/en/dataworks/user-guide/define-options-for-an-extension
Source of `default`: https://github.com/alibaba/formily/blob/formily_next/packages/react/docs/api/shared/Schema.md
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from extension import descriptions
from extension.rules import Policy, Rule
from extension.settings import Count, Flag, Names, Pattern, kind_of
from extension.verdict import Language, Result, Text
from extension.windows import Holidays


class Component(StrEnum):
    """What a value is put into; a list to choose several of is a `Select`, too."""

    HEADING = "PreviewText.Input"
    LINE = "Input"
    LINES = "Input.TextArea"
    LIST = "Select"
    BOXES = "Checkbox.Group"
    BUTTONS = "Radio.Group"


FEW = 5
"""Most choices that are all shown; more of them are in a list."""


class Choice(msgspec.Struct, frozen=True):
    """One that can be chosen: what is stored, and what is shown."""

    value: str
    label: str


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A property of the form. `default` is what the console would store for it, None for none."""

    hint: str
    """Which of the hints how to fill it in it has: two rules can share a field of one hint."""
    type: str
    component: Component
    title: str
    tooltip: str
    choices: tuple[Choice, ...] = ()
    several: bool = False
    default: object = None

    def property(self, *, defaults: bool) -> dict[str, object]:
        """The property as the registration takes it; what is documented alone, without `defaults`."""
        inside: dict[str, object] = {}
        if self.choices:
            inside["dataSource"] = [{"value": choice.value, "label": choice.label} for choice in self.choices]
        if self.several and self.component is Component.LIST:
            inside["mode"] = "multiple"
        found: dict[str, object] = {
            "type": self.type,
            "title": self.title,
            "x-decorator": "FormItem",
            "x-component": self.component.value,
            "x-decorator-props": {"tooltip": self.tooltip},
            "x-component-props": inside,
        }
        return found if self.default is None or not defaults else {**found, "default": self.default}


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a policy: its fields in the order of the rules, and what two rules do not agree on."""

    fields: Mapping[str, Field]
    problems: tuple[str, ...]

    def schema(self, *, defaults: bool = True) -> dict[str, object] | None:
        """The form as the registration takes it, None where there is nothing to set."""
        if not self.fields:
            return None
        shown = {name: field.property(defaults=defaults) for name, field in self.fields.items()}
        return {"type": "object", "properties": shown}


def text(schema: Mapping[str, object] | None) -> str:
    """A form as it is pasted into the registration; empty for none."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() if schema else ""


def form(policy: Policy) -> Form:
    """The options that the rules of a policy have, with a heading for each rule that brings the first of a key."""
    fields: dict[str, Field] = {}
    setters: dict[str, list[tuple[Rule, str]]] = {}
    problems = []
    keys = {key for rule in policy.rules for key in rule.options.values()}
    for rule in policy.rules:
        heading = _unique(f"rule_{re.sub('[^A-Za-z0-9_]', '_', rule.id)}", keys | set(fields))
        fields_before = len(fields)
        for parameter, key in rule.options.items():
            made = field(rule, parameter, policy.language)
            if key not in fields:
                if len(fields) == fields_before:
                    fields[heading] = _heading(rule, policy.language)
                fields[key] = made
            elif (agreed := _agreed(fields[key], made)) is not None:
                fields[key] = agreed
            else:
                first, of_first = setters[key][0]
                problems.append(
                    f"option {key}: rule {first.id} sets {of_first} with it, and rule {rule.id} {parameter}, which is"
                    " put in in another way; give one of them a key of its own"
                )
                continue
            setters.setdefault(key, []).append((rule, parameter))
    return Form(fields=fields, problems=tuple(problems))


def _unique(name: str, taken: set[str]) -> str:
    """`name`, or with a number behind it where something else is called so."""
    number = 2
    found = name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


def _agreed(one: Field, other: Field) -> Field | None:
    """One field for two rules, None where it cannot be one. A default that is not that of both is none."""
    known = {choice.value: choice for choice in one.choices}
    alike = {choice.value for choice in other.choices}
    if one.hint != other.hint or (known and not alike & set(known)):
        return None
    choices = (*one.choices, *(choice for choice in other.choices if choice.value not in known))
    return msgspec.structs.replace(
        one,
        component=_component(choices, one.component),
        tooltip=f"{one.tooltip} | {other.tooltip}",
        choices=choices,
        default=one.default if one.default == other.default else None,
    )


def _component(choices: Sequence[Choice], otherwise: Component) -> Component:
    """What choices are shown in: a list, where they are many."""
    return Component.LIST if len(choices) > FEW else otherwise


# the words around values

_HEADING = Text(en="Rule {rule}: {about}", zh="规则 {rule}：{about}")
_FOR = Text(en="Judges {events}.", zh="适用事件：{events}。")
_DEFAULT = Text(en="Left empty: {default}.", zh="留空则为{default}。")
_NO_DEFAULT = Text(en="Left empty: not set.", zh="留空则不设置。")
_RULE = Text(en="Rule {rule}, {parameter}.", zh="（规则 {rule} 的 {parameter}）")
_CONDITION = Text(en="a condition", zh="自定义条件")
_RESULT = Text(en="What a hit gives", zh="命中规则时的处理方式")
_RESULT_TIP = Text(
    en="A warning lets the operation pass and tells its user; a block stops it.",
    zh="警告：提示用户，操作继续执行；拦截：操作被阻止。",
)
_RESULTS = {
    Result.WARN: Text(en="Warning (WARN)", zh="警告（WARN）"),
    Result.FAIL: Text(en="Block (FAIL)", zh="拦截（FAIL）"),
}
_FLAGS = {"true": Text(en="Yes", zh="是"), "false": Text(en="No", zh="否")}
_HINTS = {
    "number": Text(en="A whole number, in digits.", zh="请填写整数；"),
    "size": Text(en="A size, such as 10MB or 1GiB.", zh="请填写大小，例如 10MB、1GiB；"),
    "pattern": Text(en="A regular expression (RE2).", zh="请填写正则表达式（RE2 语法）；"),
    "lines": Text(en="One a line, or with commas between them.", zh="每行一项，或用逗号分隔；"),
    "choice": Text(en="Choose one.", zh="请选择一项；"),
    "several": Text(en="Choose one or more.", zh="请选择一项或多项；"),
    "text": Text(en="", zh=""),
}
_COMMA, _BLANK = Text(en=", ", zh="、"), Text(en=" ", zh="")
_MOST_TITLE = 60
"""Longest sentence that is a title; how long one may be is unverified."""


def _say(language: Language, words: Text, **values: str) -> str:
    return (words.zh if language is Language.ZH else words.en).format(**values)


def _plain(words: str) -> str:
    """A text without the backticks of Markdown, which the console would show."""
    return words.replace("`", "")


def _heading(rule: Rule, language: Language) -> Field:
    """What stands above the fields of a rule: what it judges, and on which events."""
    about = _plain(descriptions.check(rule.check, language)) if rule.check else _say(language, _CONDITION)
    events = _say(language, _FOR, events=_say(language, _COMMA).join(sorted(rule.events)))
    title = _say(language, _HEADING, rule=rule.id, about=about)
    return Field(hint="", type="string", component=Component.HEADING, title=title, tooltip=events, default=events)


# a field for each kind of setting


def field(rule: Rule, parameter: str, language: Language) -> Field:
    """The field that a parameter of a rule is set with."""
    if parameter == "result":
        made = Field(
            hint="choice",
            type="string",
            component=Component.BUTTONS,
            title=_say(language, _RESULT),
            tooltip=_say(language, _RESULT_TIP),
            choices=tuple(Choice(value.value, _say(language, words)) for value, words in _RESULTS.items()),
            default=rule.result.value,
        )
    else:
        made = _setting(rule, parameter, language)
    values = made.default if isinstance(made.default, list) else [made.default]
    labels = {choice.value: choice.label for choice in made.choices}
    comma = _say(language, _COMMA)
    shown = comma.join(labels.get(str(value), comma.join(str(value).split("\n"))) for value in values)
    if language is Language.ZH and shown[:1].isascii():
        shown = f" {shown}"
    default = _NO_DEFAULT if made.default is None else _DEFAULT
    parts = (
        made.tooltip,
        _say(language, default, default=shown),
        _say(language, _RULE, rule=rule.id, parameter=parameter),
    )
    return msgspec.structs.replace(made, tooltip=_say(language, _BLANK).join(part for part in parts if part))


def _setting(rule: Rule, parameter: str, language: Language) -> Field:
    """The field of a parameter of the rule's check."""
    assert rule.check  # noqa: S101  only such a rule has parameters
    fields = {field.encode_name: field for field in msgspec.structs.fields(rule.check.settings)}
    kind = kind_of(fields[parameter])
    about = _plain(descriptions.parameter(rule.check, parameter, language))
    sentence = re.split(r"(?<=[.。])\s*", about)[0].rstrip(".。")
    made = _of_kind(kind, _given(rule, fields[parameter]), language)
    titled = 0 < len(sentence) <= _MOST_TITLE
    return msgspec.structs.replace(
        made,
        title=sentence if titled else parameter,
        tooltip=_say(language, _BLANK).join(
            part for part in ("" if titled and about.rstrip(".。") == sentence else about, made.tooltip) if part
        ),
    )


def _given(rule: Rule, setting: msgspec.structs.FieldInfo) -> object:
    """What the rule has for a parameter, in plain values: what it says, or the check's default; None for nothing."""
    if setting.encode_name in rule.given:
        return rule.given[setting.encode_name]
    default = None if setting.required else setting.default
    if isinstance(default, Names):
        return list(default.names)
    if isinstance(default, Flag):
        return bool(default)
    return int(default) if isinstance(default, Count) else default


def _of_kind(kind: Any, given: object, language: Language) -> Field:  # noqa: ANN401  a setting type
    """The field of a setting type, its title and description left out."""
    schema = kind.schema()
    if schema["type"] == "boolean":
        choices = [Choice(value, _say(language, words)) for value, words in _FLAGS.items()]
        return _one_of(choices, None if given is None else str(given).lower(), language)
    if "enum" in schema:
        return _one_of([Choice(value, value) for value in schema["enum"]], given, language)
    if issubclass(kind, Holidays):
        return _one_of(_countries(given), given, language)
    if schema["type"] == "array":
        return _several_of(kind, schema["items"].get("examples", ()), given, language)
    if schema["type"] == "integer":
        return _typed("number", Component.LINE, "number", given, language)
    hint = "size" if "integer" in schema["type"] else "pattern" if issubclass(kind, Pattern) else "text"
    component = Component.LINES if hint == "pattern" else Component.LINE
    return _typed("string", component, hint, None if given is None else str(given), language)


def _typed(kind: str, component: Component, hint: str, given: object, language: Language) -> Field:
    tooltip = _say(language, _HINTS[hint])
    return Field(hint=hint, type=kind, component=component, title="", tooltip=tooltip, default=given)


def _one_of(choices: Sequence[Choice], given: object, language: Language) -> Field:
    return Field(
        hint="choice",
        type="string",
        component=_component(choices, Component.BUTTONS),
        title="",
        tooltip=_say(language, _HINTS["choice"]),
        choices=tuple(choices),
        default=given,
    )


def _several_of(kind: type, known: Sequence[str], given: object, language: Language) -> Field:
    """Names of a documented set can be chosen, and with them what the rule says besides; others are written."""
    values = [str(value) for value in given] if isinstance(given, list) else []
    if not known or not issubclass(kind, Names):
        return _typed("string", Component.LINES, "lines", lines(values) if values else None, language)
    stored = {kind.read([name]).names[0]: name for name in known}
    sets = {value: kind.read([value]) for value in stored}
    chosen = [name for value in values for name in kind.read([value]).names]
    chosen = [next((value for value, alike in sets.items() if name in alike), name) for name in chosen]
    labels = {value: name if value == name else f"{name} ({value})" for value, name in stored.items()}
    labels |= {name: name for name in chosen if name not in labels}
    choices = tuple(Choice(value, label) for value, label in labels.items())
    return Field(
        hint="several",
        type="array",
        component=_component(choices, Component.BOXES),
        title="",
        tooltip=_say(language, _HINTS["several"]),
        choices=choices,
        several=True,
        default=list(dict.fromkeys(chosen)) or None,
    )


def lines(values: Sequence[str]) -> str:
    """Values as they are written into several lines: JSON where a line would be taken for more than one of them."""
    apart = all(value == value.strip() and not re.search("[,\n，、;；]", value) for value in values)
    if apart and not values[0].startswith("["):
        return "\n".join(values)
    return msgspec.json.encode(list(values)).decode()


def _countries(given: object) -> Sequence[Choice]:
    """Countries whose holidays are known, by their code; and the part of one that the rule names."""
    from holidays.registry import COUNTRIES  # noqa: PLC0415  45 ms that only a rule about holidays has to pay

    found = {entry[1]: name.replace("_", " ").title() for name, entry in COUNTRIES.items()}
    choices = [Choice(code, f"{code} {found[code]}") for code in sorted(found)]
    return choices if given is None or given in found else [*choices, Choice(str(given), str(given))]
