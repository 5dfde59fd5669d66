"""The options of an extension: the form is the documented one, and what is typed into it comes back to the rules."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest

from extension import options, policy, storage
from extension.checks import Check
from extension.checks.registry import BY_ID
from extension.options import Component
from extension.rules import Policy, Rule
from extension.settings import Names, Networks, Size, kind_of
from extension.storage import ROOT
from extension.verdict import Language
from tests.console import OPTIONS_FORM

SAMPLES: dict[str, object] = {
    "column names in full": ["*.phone", "hr.users.id_card"],
    "column types": ["string", "decimal"],
    "country": "DE-BY",
    "dates": ["2026-11-11", "2026-01-20 .. 2026-02-03"],
    "file types": ["ODPS SQL", 6],
    "function names": ["max_pt", "get_json_*"],
    "High": "High",
    "ids": ["42", "70000*"],
    "kinds of access": ["read"],
    "kinds of statements": ["DROP", "insert"],
    "names": ["a", "b*"],
    "networks": ["10.0.0.0/8", "2001:db8::/32"],
    "regular expression": "(?i)[a-z_]+, or more",
    "size": "1.5GB",
    "table GUIDs": ["odps.hr.users", "*.ledger"],
    "table names": ["hr.*", "*.salary"],
    "true or false": True,
    "user ids": [1234567890123456, "42*"],
    "whole number": 7,
    "windows of the week": ["Fri 18:00 - Mon 08:00", "Mon Wed 12:00 - 13:00"],
    "workspace ids": [90214, "90215"],
    "column names": ["ds", "pt"],
}
"""A value of each form of parameters."""


BESIDE = {"file.content": ["forbid"], "sql.tables": ["deny"], "sql.statements": ["deny"]}
"""What a check wants beside some of its parameters."""


def sample(field: msgspec.structs.FieldInfo) -> object:
    """A value that a policy could have for a parameter."""
    kind = kind_of(field)
    known = kind.schema().get("items", {}).get("examples", ())
    return [known[0], "*x"] if hasattr(kind, "KNOWN") else SAMPLES[kind.FORM]


def parameters() -> Iterator[tuple[Check, msgspec.structs.FieldInfo]]:
    """Every parameter of every built-in check."""
    for check in BY_ID.values():
        yield from ((check, field) for field in msgspec.structs.fields(check.settings))


EACH = pytest.mark.parametrize(
    ("check", "field"),
    [pytest.param(check, field, id=f"{check.id}.{field.encode_name}") for check, field in parameters()],
)


def rule_of(check: Check, given: dict[str, object], *mapped: str, language: str = "en") -> Policy:
    """A policy of one rule, with options for some of its parameters, each under the key `o-` and its name."""
    rule = {
        "id": "one",
        "on": sorted(check.events),
        "check": check.id,
        "with": given,
        "options": {name: f"o-{name}" for name in mapped},
    }
    return policy.parse(json.dumps({"version": 1, "language": language, "rules": [rule]}).encode(), "policy.yaml")


def given_with(check: Check, field: msgspec.structs.FieldInfo) -> dict[str, object]:
    """What a check must be given, and one parameter besides."""
    wanted = {field.name, *BESIDE.get(check.id, ())}
    fields = msgspec.structs.fields(check.settings)
    return {each.encode_name: sample(each) for each in fields if each.required or each.name in wanted}


def values(struct: msgspec.Struct | None) -> dict[str, object]:
    """Settings in a form that can be compared: what tells two of them apart."""

    def plain(value: object) -> object:
        if isinstance(value, Size):
            return int(value)
        if isinstance(value, Names):
            return type(value), value.names
        return sorted(map(repr, vars(value).items())) if hasattr(value, "__dict__") else value

    return {name: plain(getattr(struct, name)) for name in getattr(struct, "__struct_fields__", ())}


def stored(field: dict[str, Any]) -> list[object]:
    """The default of a field in every way in which the console may store it: as it is, as text, as a list in a text."""
    value = field["default"]
    ways: list[object] = [value]
    if isinstance(value, list):
        ways += [",".join(value), "\n".join(value), json.dumps(value)]
    else:
        ways += [str(value), f" {value} "] if field["x-component"] == "Input" and field["type"] == "number" else []
    return ways


@EACH
def test_what_the_console_stores_comes_back_as_the_rules_parameter(
    check: Check, field: msgspec.structs.FieldInfo
) -> None:
    name = field.encode_name
    found = rule_of(check, given_with(check, field), name)
    schema: Any = options.form(found).schema()
    jsonschema.validate(schema, OPTIONS_FORM)
    (rule,) = found.rules
    bare = without(rule, field)
    for value in stored(schema["properties"][f"o-{name}"]):
        under, problems = bare.under({f"o-{name}": value})
        assert problems == ()
        assert values(under.settings) == values(rule.settings), value


def without(rule: Rule, field: msgspec.structs.FieldInfo) -> Rule:
    """The rule without its own value for a parameter, so that it can only come from the option."""
    own = copy.copy(rule.settings)
    assert own is not None
    msgspec.structs.force_setattr(own, field.name, None)
    return msgspec.structs.replace(rule, settings=own)


@EACH
def test_the_default_in_the_form_is_what_the_policy_says(check: Check, field: msgspec.structs.FieldInfo) -> None:
    given = given_with(check, field)
    made = options.field(rule_of(check, given).rules[0], field.encode_name, Language.EN)
    value = given[field.encode_name]
    if made.type == "array":
        kind = kind_of(field)
        assert isinstance(made.default, list)
        assert all(each in kind.read(made.default) for each in kind.read(value).names)
    elif isinstance(value, list):
        assert kind_of(field).read(_list(made.default)) is not None
        assert _list(made.default) == [str(each) for each in value]
    else:
        assert made.default == (str(value).lower() if isinstance(value, bool) else value)


def _list(text: object) -> list[str]:
    """What stands in a field of several lines."""
    assert isinstance(text, str)
    found: list[str] = json.loads(text) if text.startswith("[") else text.split("\n")
    return found


@pytest.mark.parametrize("chosen", ["WARN", "FAIL"])
def test_the_result_comes_back(chosen: str) -> None:
    found = rule_of(BY_ID["download.rows"], {"max": 1}, "result")
    field: Any = options.form(found).schema()["properties"]["o-result"]  # type: ignore[index]  # there is a form
    assert field["x-component"] == "Radio.Group"
    assert field["default"] == "FAIL"
    assert [choice["value"] for choice in field["x-component-props"]["dataSource"]] == ["WARN", "FAIL"]
    under, problems = found.rules[0].under({"o-result": chosen})
    assert (under.result.value, problems) == (chosen, ())


def test_all_seven_components_are_used_where_they_fit() -> None:
    checks = {
        "download.rows": ("max", Component.LINE, False),
        "download.size": ("max", Component.LINE, False),
        "download.file_name": ("pattern", Component.LINES, False),
        "download.operator": ("deny", Component.LINES, False),
        "download.source": ("deny", Component.BOXES, True),
        "file.type": ("deny", Component.LIST, True),
        "calendar.freeze": ("holidays", Component.LIST, False),
        "sql.star": ("anywhere", Component.BUTTONS, False),
    }
    for name, (parameter, component, several) in checks.items():
        check = BY_ID[name]
        field = next(each for each in msgspec.structs.fields(check.settings) if each.encode_name == parameter)
        made = options.field(rule_of(check, given_with(check, field)).rules[0], parameter, Language.EN)
        assert (made.component, made.several) == (component, several), name
        assert made.property(defaults=True)["x-component-props"].get("mode") == (  # type: ignore[attr-defined]  # JSON
            "multiple" if several and component is Component.LIST else None
        )
    heading = next(iter(options.form(rule_of(BY_ID["download.rows"], {"max": 1}, "max")).fields.values()))
    assert heading.component is Component.HEADING


def test_a_heading_says_what_the_rule_judges_and_on_which_events() -> None:
    found = options.form(rule_of(BY_ID["download.ip"], {"deny": ["10.0.0.0/8"]}, "deny"))
    heading = found.fields["rule_one"]
    assert heading.title.startswith("Rule one: Address that a generated file is fetched from")
    assert heading.tooltip == "Judges download-resources-execute."


def test_a_heading_gives_way_to_an_option_of_its_name() -> None:
    text = """
version: 1
rules:
  - {id: a, on: download-resources, check: download.rows, with: {max: 1}, options: {max: rule_a, result: rule_a_2}}
"""
    assert list(options.form(policy.parse(text.encode(), "p")).fields) == ["rule_a_3", "rule_a", "rule_a_2"]


def test_a_condition_without_check_has_its_result_as_an_option() -> None:
    text = """
version: 1
language: zh
rules:
  - {id: a, on: download-resources, when: event.dataRowSize > 1, result: WARN, options: {result: r}}
"""
    found = options.form(policy.parse(text.encode(), "p"))
    assert found.fields["rule_a"].title == "规则 a：自定义条件"
    assert found.fields["r"].default == "WARN"
    assert "留空则为警告（WARN）。（规则 a 的 result）" in found.fields["r"].tooltip


def test_labels_are_in_the_language_of_the_policy() -> None:
    english, chinese = (
        options.form(rule_of(BY_ID["sql.star"], {"anywhere": True}, "anywhere", "result", language=language))
        for language in ("en", "zh")
    )
    assert [choice.label for choice in english.fields["o-anywhere"].choices] == ["Yes", "No"]
    assert [choice.label for choice in chinese.fields["o-anywhere"].choices] == ["是", "否"]
    assert chinese.fields["o-result"].title == "命中规则时的处理方式"


def test_chinese_tooltips_have_no_blanks_between_sentences_and_no_markdown() -> None:
    (rule,) = rule_of(BY_ID["table.lifecycle"], {"max": 730}, language="zh").rules
    assert options.field(rule, "max", Language.ZH).tooltip == "请填写整数；留空则为 730。（规则 one 的 max）"
    (rule,) = rule_of(BY_ID["upload.overwrite"], {"deny": ["odps.a.b", "odps.a.c"]}, "deny", language="zh").rules
    field = options.field(rule, "deny", Language.ZH)
    assert "`" not in field.title + field.tooltip
    assert field.tooltip.endswith("；留空则为 odps.a.b、odps.a.c。（规则 one 的 deny）")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_heading_is_plain_text(language: str) -> None:
    found = options.form(rule_of(BY_ID["download.rows"], {"max": 1}, "max", language=language))
    heading = found.fields["rule_one"]
    assert "`" not in heading.title
    assert (
        heading.tooltip
        == {
            "en": "Judges download-resources, download-resources-execute.",
            "zh": "适用事件：download-resources、download-resources-execute。",
        }[language]
    )


def test_one_key_of_several_rules_is_one_field_where_they_agree() -> None:
    text = """
version: 1
language: en
rules:
  - {id: a, on: download-resources, check: download.rows, with: {max: 1}, options: {max: most, result: gives}}
  - {id: b, on: backfill-data, check: backfill.days, with: {max: 1}, result: WARN, options: {max: most, result: gives}}
"""
    found = options.form(policy.parse(text.encode(), "p"))
    assert found.problems == ()
    assert list(found.fields) == ["rule_a", "most", "gives"]
    assert found.fields["most"].default == 1
    assert found.fields["gives"].default is None, "one rule gives FAIL, the other WARN"
    assert "Rule a, max." in found.fields["most"].tooltip
    assert "Rule b, max." in found.fields["most"].tooltip


def test_choices_of_several_rules_are_put_together() -> None:
    text = """
version: 1
language: en
rules:
  - {id: a, on: download-resources, check: download.source, with: {deny: [dw_excel]}, options: {deny: sources}}
  - {id: b, on: download-resources, check: download.source, with: {deny: ["new*", "x*"]}, options: {deny: sources}}
"""
    field = options.form(policy.parse(text.encode(), "p")).fields["sources"]
    assert [choice.value for choice in field.choices][-2:] == ["new*", "x*"]
    assert field.component is Component.LIST, "they are six now"


@pytest.mark.parametrize(
    "other",
    [
        "{id: b, on: download-resources, check: download.size, with: {max: 1MB}, options: {max: key}}",
        "{id: b, on: download-resources, check: download.rows, with: {max: 1}, options: {result: key}}",
        "{id: b, on: commit-file, check: sql.star, with: {anywhere: true}, options: {anywhere: key}}",
    ],
)
def test_one_key_of_two_forms_is_a_problem_that_names_key_and_rules(other: str) -> None:
    first = "{id: a, on: download-resources, check: download.rows, with: {max: 1}, options: {max: key}}"
    text = f"version: 1\nrules:\n  - {first}\n  - {other}\n"
    (problem,) = options.form(policy.parse(text.encode(), "p")).problems
    assert problem.startswith("option key: rule a sets max with it, and rule b ")


def test_flags_and_results_do_not_share_a_key() -> None:
    text = """
version: 1
rules:
  - {id: a, on: commit-file, check: sql.star, with: {anywhere: true}, options: {anywhere: key, result: other}}
  - {id: b, on: commit-file, check: sql.star, options: {result: key, anywhere: other}}
"""
    assert len(options.form(policy.parse(text.encode(), "p")).problems) == 2


def test_a_parameter_that_the_rule_leaves_out_has_the_default_of_the_check_or_none() -> None:
    found = options.form(rule_of(BY_ID["sql.star"], {}, "anywhere", "tables"))
    assert found.fields["o-anywhere"].default == "false"
    assert found.fields["o-tables"].default is None
    assert "Left empty: not set." in found.fields["o-tables"].tooltip


def test_without_defaults_the_form_has_what_is_documented_alone() -> None:
    found = options.form(rule_of(BY_ID["download.rows"], {"max": 5}, "max"))
    plain: Any = found.schema(defaults=False)
    assert all("default" not in field for field in plain["properties"].values())
    assert "Left empty: 5." in plain["properties"]["o-max"]["x-decorator-props"]["tooltip"]


def test_what_would_be_taken_for_two_lines_is_written_as_json() -> None:
    assert options.lines(["a", "b"]) == "a\nb"
    assert options.lines(["a,b", "c"]) == '["a,b","c"]'
    assert options.lines(["[x", "c"]) == '["[x","c"]'
    assert options.lines([" a"]) == '[" a"]'


def test_without_options_there_is_no_form() -> None:
    assert options.form(rule_of(BY_ID["download.rows"], {"max": 5})).schema() is None
    assert options.text(None) == ""


def test_the_choice_of_the_platforms_walk_through_is_the_one_of_the_example() -> None:
    found: Any = options.form(storage.load(ROOT / "examples/max-pt/policy.yaml")).schema()
    field = found["properties"]["checkStatus"]
    assert (field["type"], field["x-component"]) == ("string", "Radio.Group")
    assert [each["value"] for each in field["x-component-props"]["dataSource"]] == ["WARN", "FAIL"]


class Fallback(msgspec.Struct, frozen=True, kw_only=True):
    """Settings with defaults of the kinds that no built-in check has."""

    names: Names = Names(("a", "b"))
    networks: Networks | None = None
    size: Size = Size.read("10MB")


def test_defaults_of_custom_checks_are_shown_as_a_policy_writes_them() -> None:
    rule = rule_of(BY_ID["download.rows"], {"max": 5}).rules[0]
    check = msgspec.structs.replace(BY_ID["download.rows"], settings=Fallback)
    rule = msgspec.structs.replace(rule, check=check, given={})
    made = {name: options.field(rule, name, Language.EN) for name in ("names", "networks", "size")}
    assert [field.default for field in made.values()] == ["a\nb", None, "10 MB"]
    assert made["names"].title == "names", "there is no description"
