"""The JSON Schema of a policy: right by its own standard, and of one mind with the parser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import jsonschema
import msgspec
import pytest
import yaml
from jsonschema import Draft202012Validator

from extension import catalogue, checks, policy, schema, storage
from extension.checks import check
from extension.checks.registry import BY_ID
from extension.errors import PolicyError
from extension.events import Event
from extension.settings import Count, Listed, Names
from extension.storage import ROOT
from extension.tree import load
from extension.verdict import Finding, Text
from tests.cases import documented

DOCUMENTED = documented()
SCHEMA = schema.schema(BY_ID)
VALIDATOR = Draft202012Validator(SCHEMA)


def accepted(text: str | bytes) -> bool:
    """Whether the schema takes a policy, as an editor reads it: YAML 1.2, in which `on` is a word."""
    valid: bool = VALIDATOR.is_valid(load(text.encode() if isinstance(text, str) else text, "p.yaml"))
    return valid


def problems(text: str) -> list[str]:
    """What the schema has against a policy, with the places."""
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(load(text.encode(), "p.yaml"))]


def refused(text: str | bytes) -> bool:
    """Whether the parser refuses a policy."""
    try:
        policy.parse(text.encode() if isinstance(text, str) else text, "p.yaml")
    except PolicyError:
        return True
    return False


def descend(value: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401  JSON
    """Every mapping in a value, with its place."""
    if isinstance(value, dict):
        yield path, value
        for key, item in value.items():
            yield from descend(item, f"{path}.{key}")
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from descend(item, f"{path}[{number}]")


RULE = cast("dict[str, Any]", SCHEMA["properties"])["rules"]["items"]


def branch(name: str) -> dict[str, Any]:
    """What the schema says of a rule with the check `name`."""
    (found,) = (one for one in RULE["allOf"] if one["if"].get("properties") == {"check": {"const": name}})
    then: dict[str, Any] = found["then"]
    return then


# what it is


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_slip_in_it_would_be_seen() -> None:
    with pytest.raises(jsonschema.SchemaError):
        Draft202012Validator.check_schema({**SCHEMA, "type": "mapping"})


def test_it_is_the_same_every_time() -> None:
    assert json.dumps(schema.schema(BY_ID)) == json.dumps(schema.schema(dict(BY_ID)))


def test_every_reference_leads_somewhere() -> None:
    found = {value["$ref"] for _, value in descend(SCHEMA) if "$ref" in value}
    assert found == {f"#/$defs/{name}" for name in cast("dict[str, object]", SCHEMA["$defs"])}


def test_every_key_of_a_policy_has_a_description() -> None:
    bare = [
        f"{path}.{name}"
        for path, value in descend(SCHEMA)
        if isinstance(value.get("properties"), dict) and value.get("additionalProperties") is False
        for name, key in value["properties"].items()
        if not key.get("description")
    ]
    assert bare == []


def test_a_closed_mapping_takes_no_other_key() -> None:
    """Only what names keys of its own, the lists and `with:` of a check that is not known, is open."""
    objects = [path for path, value in descend(SCHEMA) if value.get("type") == "object"]
    opened = [
        path for path, value in descend(SCHEMA) if value.get("type") == "object" and "additionalProperties" not in value
    ]
    assert len(objects) > 100
    assert opened == ["$.properties.rules.items.properties.with", "$.properties.rules.items.properties.options"]


def test_an_editor_offers_events_and_checks_with_what_they_are() -> None:
    event = cast("dict[str, Any]", SCHEMA["$defs"])["event"]
    about = dict(zip(event["enum"], event["enumDescriptions"], strict=True))
    assert set(about) == catalogue.names()
    assert about["commit-file"] == "A node, resource or function is committed."
    assert about["file-change"] == "All events of this kind: commit-file, delete-file, deploy-file, run-file."
    assert about["Data Studio"] == "All events of Data Studio."
    assert about["*"] == "All events."
    offered = RULE["properties"]["check"]
    about = dict(zip(offered["enum"], offered["enumDescriptions"], strict=True))
    assert list(about) == list(BY_ID)
    assert about["download.rows"] == "Rows of a download: at most `max`."
    assert not [text for text in about.values() if "\n" in text]


@pytest.mark.parametrize("entry", BY_ID.values(), ids=BY_ID)
def test_every_parameter_of_a_check_is_in_it(entry: checks.Check) -> None:
    with_, options = (branch(entry.id)["properties"][key] for key in ("with", "options"))
    fields = msgspec.structs.fields(entry.settings)
    assert list(with_["properties"]) == [field.encode_name for field in fields]
    assert with_.get("required", []) == [field.encode_name for field in fields if field.required]
    assert set(options["properties"]) == {"result", *with_["properties"]}
    for parameter in with_["properties"].values():
        assert parameter["description"].endswith((".", ")")), parameter
        assert set(parameter) & {"type", "anyOf", "enum"}


# what it takes


def policies() -> dict[str, bytes]:
    """Every policy of the project, by its file."""
    files = [ROOT / "policy.yaml", *sorted((ROOT / "examples").glob("*/policy.yaml"))]
    found = {str(file.relative_to(ROOT)): file.read_bytes() for file in files}
    for page in ("README.md", "docs/policy.md", "docs/sql.md"):
        shown = re.findall(r"```yaml\n(version: .*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
        assert shown
        found |= {f"{page} {number}": text.encode() for number, text in enumerate(shown, start=1)}
    return found


@pytest.mark.parametrize("text", policies().values(), ids=policies())
def test_it_takes_the_policies_of_the_project(text: bytes, tmp_path: Path) -> None:
    tree = load(text, "p.yaml")
    validator = VALIDATOR
    if "checks" in tree:
        page = (ROOT / "docs/policy.md").read_text(encoding="utf-8")
        (tmp_path / "checks").mkdir()
        (tmp_path / "checks/tickets.py").write_text(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0], "utf-8")
        (tmp_path / "policy.yaml").write_bytes(text)
        assert not VALIDATOR.is_valid(tree)
        validator = Draft202012Validator(schema.schema(storage.registry(tmp_path / "policy.yaml")))
    assert [error.message for error in validator.iter_errors(tree)] == []


EVENT_OF = {entry.id: min(entry.events) for entry in BY_ID.values()}


@pytest.mark.parametrize("word", ["Passes", "Hits"])
@pytest.mark.parametrize("name", BY_ID)
def test_it_takes_what_the_examples_of_a_check_say(name: str, word: str) -> None:
    _, with_ = DOCUMENTED[name][word]
    rule = {"id": "r", "on": EVENT_OF[name], "check": name, "with": with_}
    text = yaml.safe_dump({"version": 1, "rules": [rule]}, default_flow_style=True)
    assert not refused(text)
    assert problems(text) == []


@pytest.mark.parametrize("name", BY_ID)
def test_an_unknown_parameter_is_refused_whatever_the_check(name: str) -> None:
    _, with_ = DOCUMENTED[name]["Hits"]
    rule = {"id": "r", "on": EVENT_OF[name], "check": name, "with": {**with_, "zzz": 1}}
    text = yaml.safe_dump({"version": 1, "rules": [rule]}, default_flow_style=True)
    assert refused(text)
    assert not accepted(text)


@pytest.mark.parametrize("name", [entry.id for entry in BY_ID.values() if not schema._can_do_without(entry.settings)])
def test_a_check_that_needs_parameters_is_refused_without_any(name: str) -> None:
    for with_ in ("", ", with: {}"):
        text = f"version: 1\nrules:\n  - {{id: r, on: {EVENT_OF[name]}, check: {name}{with_}}}\n"
        assert refused(text)
        assert not accepted(text)


@pytest.mark.parametrize("name", [entry.id for entry in BY_ID.values() if schema._can_do_without(entry.settings)])
def test_a_check_that_needs_no_parameters_is_taken_without_any(name: str) -> None:
    for with_ in ("", ", with: {}"):
        text = f"version: 1\nrules:\n  - {{id: r, on: {EVENT_OF[name]}, check: {name}{with_}}}\n"
        assert not refused(text)
        assert accepted(text)


ON = "on: download-resources"
ROWS = "check: download.rows, with: {max: 1}"
SOME = "check: download.datasource, with"
LISTS = "lists: {few: [a, 5]}\n"

TAKEN = {
    "all that a rule can say": (
        f"{{id: a, {ON}, {ROWS}, when: 'true', result: WARN, mode: shadow, message: no, severity: high, owner: us,"
        " help: 'https://example.com/x', on_error: WARN, on_timeout: OK, options: {max: maxRows, result: answer},"
        " from: 2026-01-01, until: '2026-12-31T18:00:00+08:00', workspaces: 1, except_workspaces: ['2*'],"
        " operators: '3', except_operators: [4, '5'], on_unreadable: OK,"
        " exempt: [{operator: 1, workspace: [2], table: 'odps.*', until: 2026-12-31 18:00, reason: audit}]}"
    ),
    "a condition alone": f"{{id: a, {ON}, when: 'true', options: {{result: answer}}}}",
    "a condition beside parameters of nothing": f"{{id: a, {ON}, when: 'true', with: {{}}}}",
    "a named list for a parameter": f"{{id: a, {ON}, {SOME}: {{allow: {{list: few}}}}}}",
    "a named list among others": f"{{id: a, {ON}, {SOME}: {{allow: [b, {{list: few}}], deny: [c]}}}}",
    "events of a module": "{id: a, on: [Data Studio, run-file], when: 'true'}",
}


@pytest.mark.parametrize("rule", TAKEN.values(), ids=TAKEN)
def test_it_takes_what_the_parser_takes(rule: str) -> None:
    text = f"version: 1\n{LISTS}rules:\n  - {rule}\n"
    assert not refused(text)
    assert problems(text) == []


@pytest.mark.parametrize(
    "keys",
    [
        "on: {list: ids}, when: 'true'",
        "on: [{list: ids}, run-file], when: 'true'",
        *(
            f"on: run-file, when: 'true', {key}: {value}"
            for key in ("workspaces", "except_workspaces", "operators", "except_operators")
            for value in ("{list: ids}", "[{list: ids}]", "['7', {list: ids}]")
        ),
        *(
            f"on: run-file, when: 'true', exempt: [{{{key}: {value}, until: 2026-12-31}}]"
            for key in ("operator", "workspace", "table")
            for value in ("{list: ids}", "[{list: ids}]")
        ),
    ],
)
def test_a_named_list_stands_wherever_a_list_does(keys: str) -> None:
    values = "[commit-file]" if "on: {" in keys or "on: [" in keys else "['*.a']" if "table" in keys else "[1, '2']"
    text = f"version: 1\nlists: {{ids: {values}}}\nrules:\n  - {{id: a, {keys}}}\n"
    assert not refused(text)
    assert problems(text) == []


@pytest.mark.parametrize(
    "sql",
    [
        "{}",
        "{projects: {odps_first: sales, '90214': hive.default, 90214/日志_1: ' a-b '}}",
        "{projects: {'*': sales}}",
        "{engines: {crm: mysql, '90214': maxcompute, 90214/odps_first: presto}, projects: {}}",
    ],
)
def test_it_takes_what_the_parser_takes_of_data_sources(sql: str) -> None:
    text = f"version: 1\nsql: {sql}\nrules:\n  - {{id: a, {ON}, {ROWS}}}\n"
    assert not refused(text)
    assert problems(text) == []


@pytest.mark.parametrize("log", ["{}", "{sql: digest}", "{sql: outline}"])
def test_it_takes_what_the_parser_takes_of_the_log(log: str) -> None:
    text = f"version: 1\nlog: {log}\nrules:\n  - {{id: a, {ON}, {ROWS}}}\n"
    assert not refused(text)
    assert problems(text) == []


def test_one_file_of_several_has_no_rules() -> None:
    assert accepted("version: 1\nlists: {a: [b]}\n")


# what it refuses

BROKEN = {
    "an unknown key": f"{{id: a, {ON}, {ROWS}, massage: no}}",
    "no id": f"{{{ON}, {ROWS}}}",
    "an id with a blank": f"{{id: a b, {ON}, {ROWS}}}",
    "no on": f"{{id: a, {ROWS}}}",
    "no events": f"{{id: a, on: [], {ROWS}}}",
    "an unknown event": f"{{id: a, on: download-resource, {ROWS}}}",
    "an unknown event among others": f"{{id: a, on: [download-resources, nope], {ROWS}}}",
    "neither check nor when": f"{{id: a, {ON}}}",
    "parameters without a check": f"{{id: a, {ON}, when: 'true', with: {{max: 1}}}}",
    "an unknown check": f"{{id: a, {ON}, check: download.row, with: {{max: 1}}}}",
    "a missing parameter": f"{{id: a, {ON}, check: download.rows, with: {{}}}}",
    "no parameters": f"{{id: a, {ON}, check: download.rows}}",
    "neither of two": f"{{id: a, {ON}, {SOME}: {{}}}}",
    "an extra parameter": f"{{id: a, {ON}, check: download.rows, with: {{max: 1, min: 1}}}}",
    "text for a number": f"{{id: a, {ON}, check: download.rows, with: {{max: many}}}}",
    "a negative number": f"{{id: a, {ON}, check: download.rows, with: {{max: -1}}}}",
    "truth for a number": f"{{id: a, {ON}, check: download.rows, with: {{max: true}}}}",
    "a size of no known unit": f"{{id: a, {ON}, check: download.size, with: {{max: 10XB}}}}",
    "text for a list": f"{{id: a, {ON}, {SOME}: {{allow: x}}}}",
    "an empty list": f"{{id: a, {ON}, {SOME}: {{allow: []}}}}",
    "a mapping in a list": f"{{id: a, {ON}, {SOME}: {{allow: [{{a: b}}]}}}}",
    "a blank name": f"{{id: a, {ON}, {SOME}: {{allow: [' ']}}}}",
    "a login name for an id": f"{{id: a, {ON}, check: download.operator, with: {{deny: [li]}}}}",
    "a negative id": f"{{id: a, {ON}, {ROWS}, operators: -5}}",
    "a bare table": f"{{id: a, {ON}, {ROWS}, exempt: [{{table: t, until: 2026-12-31}}]}}",
    "an option of no parameter": f"{{id: a, {ON}, {ROWS}, options: {{rows: maxRows}}}}",
    "an option of a rule without a check": f"{{id: a, {ON}, when: 'true', options: {{max: maxRows}}}}",
    "a number for an option": f"{{id: a, {ON}, {ROWS}, options: {{max: 1}}}}",
    "result OK": f"{{id: a, {ON}, {ROWS}, result: OK}}",
    "mode off": f"{{id: a, {ON}, {ROWS}, mode: off}}",
    "mode exempt": f"{{id: a, {ON}, {ROWS}, mode: exempt}}",
    "an unknown severity": f"{{id: a, {ON}, {ROWS}, severity: grave}}",
    "on_error in small letters": f"{{id: a, {ON}, {ROWS}, on_error: fail}}",
    "on_unreadable of an error": f"{{id: a, {ON}, {ROWS}, on_unreadable: ERROR}}",
    "a blank message": f"{{id: a, {ON}, {ROWS}, message: ' '}}",
    "a message that is too long": f"{{id: a, {ON}, {ROWS}, message: {'x' * 1001}}}",
    "a number for the owner": f"{{id: a, {ON}, {ROWS}, owner: 5}}",
    "help that is no address": f"{{id: a, {ON}, {ROWS}, help: ask us}}",
    "help with a blank": f"{{id: a, {ON}, {ROWS}, help: 'https://a b'}}",
    "a date in another form": f"{{id: a, {ON}, {ROWS}, until: 31.12.2026}}",
    "a time without a date": f"{{id: a, {ON}, {ROWS}, from: '18:00'}}",
    "a number for a date": f"{{id: a, {ON}, {ROWS}, from: 2026}}",
    "a name for a workspace": f"{{id: a, {ON}, {ROWS}, workspaces: [finance]}}",
    "an exemption without an end": f"{{id: a, {ON}, {ROWS}, exempt: [{{operator: 1}}]}}",
    "an exemption for everybody": f"{{id: a, {ON}, {ROWS}, exempt: [{{until: 2026-12-31}}]}}",
    "an exemption with an unknown key": f"{{id: a, {ON}, {ROWS}, exempt: [{{table: a.b, until: 2026-12-31, by: me}}]}}",
    "no exemptions": f"{{id: a, {ON}, {ROWS}, exempt: []}}",
    "an exemption that is no list": f"{{id: a, {ON}, {ROWS}, exempt: {{operator: 1, until: 2026-12-31}}}}",
    "a reference with another key": f"{{id: a, {ON}, {SOME}: {{allow: {{list: few, more: x}}}}}}",
    "a rule that is text": "bulk-download",
}


@pytest.mark.parametrize("rule", BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_refused(rule: str) -> None:
    text = f"version: 1\n{LISTS}rules:\n  - {rule}\n"
    assert refused(text), "the parser takes it"
    assert not accepted(text)


@pytest.mark.parametrize(
    "top",
    [
        "version: 2",
        "version: '1'",
        "{}",
        "version: 1\nlang: en",
        "version: 1\nlanguage: fr",
        "version: 1\ntimezone: 8",
        "version: 1\ndefaults: FAIL",
        "version: 1\ndefaults: {on_error: PASS}",
        "version: 1\ndefaults: {on_failure: OK}",
        "version: 1\ndefaults: {on_unreadable: ERROR}",
        "version: 1\nlog: outline",
        "version: 1\nlog: {sql: text}",
        "version: 1\nlog: {sql: [outline]}",
        "version: 1\nlog: {sq: outline}",
        "version: 1\nsql: odps",
        "version: 1\nsql: {project: {}}",
        "version: 1\nsql: {projects: [a]}",
        "version: 1\nsql: {projects: {a: 5}}",
        "version: 1\nsql: {projects: {a: 'a b'}}",
        "version: 1\nsql: {projects: {a: '*'}}",
        "version: 1\nsql: {projects: {a: odps.sales}}",
        "version: 1\nsql: {projects: {a: .b}}",
        "version: 1\nsql: {projects: {'odps_*': a}}",
        "version: 1\nsql: {projects: {dw/odps: a}}",
        "version: 1\nsql: {projects: {90214/: a}}",
        "version: 1\nsql: {projects: {'': a}}",
        "version: 1\nsql: {projects: {'*': '*'}}",
        "version: 1\nsql: {projects: {'90214/*': a}}",
        "version: 1\nsql: {engines: {'*': hive}}",
        "version: 1\nsql: {engines: {crm: oracle}}",
        "version: 1\nsql: {engines: {crm: python}}",
        "version: 1\nlists: [a]",
        "version: 1\nlists: {a: b}",
        "version: 1\nlists: {a: []}",
        "version: 1\nlists: {a: [{list: b}]}",
        "version: 1\nchecks: tickets",
        "version: 1\nchecks: []",
        "version: 1\nchecks: [a.py, 5]",
        "version: 1\nchecks: {list: a}",
        "version: 1\nrules: []",
        "version: 1\nrules: {}",
    ],
)
def test_a_broken_top_is_refused(top: str) -> None:
    text = top if "rules" in top else f"{top}\nrules:\n  - {{id: a, on: run-file, when: 'true'}}\n"
    if top == "{}":
        text = "rules:\n  - {id: a, on: run-file, when: 'true'}\n"
    assert refused(text), "the parser takes it"
    assert not accepted(text)


def test_the_place_of_what_is_wrong_is_said() -> None:
    text = "version: 1\nrules:\n  - {id: a, on: run-file, check: file.size, with: {max: many}}\n"
    (error,) = problems(text)
    assert error.startswith("$.rules[0].with.max: 'many' does not match")


# checks of one's own


class Tickets(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a check of one's own."""

    prefixes: Names
    """What a name
    begins with."""
    length: Count = Count(3)
    note = "no field"


@check("ticket.named", events="download-resources", texts=[Text(en="no", zh="否")])
def named(event: Event[Any], settings: Tickets) -> Iterator[Finding]:  # noqa: ARG001  what it says is not read
    """Name of the file:
    a ticket in it.
    """
    yield from ()


def test_a_check_of_ones_own_is_in_it_like_a_built_in_one() -> None:
    found = schema.schema(BY_ID | {named.id: named})
    validator = Draft202012Validator(found)
    Draft202012Validator.check_schema(found)
    good: dict[str, object] = {
        "id": "r",
        "on": "download-resources",
        "check": "ticket.named",
        "with": {"prefixes": ["A"]},
    }
    assert validator.is_valid({"version": 1, "rules": [good]})
    assert not validator.is_valid({"version": 1, "rules": [{**good, "with": {"prefixes": "A"}}]})
    assert not VALIDATOR.is_valid({"version": 1, "rules": [good]})
    rules = cast("dict[str, Any]", found["properties"])["rules"]["items"]
    assert rules["properties"]["check"]["enumDescriptions"][-1] == "Name of the file: a ticket in it."
    with_ = rules["allOf"][-1]["then"]["properties"]["with"]
    assert with_["properties"]["prefixes"]["description"] == "What a name begins with."
    assert with_["properties"]["length"] == {"type": "integer", "minimum": 0}


class Bare:
    """A type that values can be read as, and that says nothing of itself."""

    read = str


class Silent(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that no schema could be made of."""

    what: Bare


def test_a_check_whose_settings_no_schema_can_be_made_of_is_refused() -> None:
    def judge(event: Event[Any], settings: Silent) -> Iterator[Finding]:  # noqa: ARG001  never called
        """Nothing."""
        yield from ()

    with pytest.raises(ValueError, match=r"ticket\.silent: what is of no type of extension\.settings"):
        check("ticket.silent", events="*", texts=[Text(en="no", zh="否")])(judge)


# the docstrings of fields

L = TypeVar("L")


class Base(msgspec.Struct, Generic[L], frozen=True, kw_only=True):
    """A base."""

    one: int
    """One
    of the base."""
    two: int
    """Two of the base."""


class Derived(Base[int], frozen=True, kw_only=True):
    """Derived."""

    two: int
    """Two."""
    three: int
    four: int
    5  # noqa: B018  no text  # type: ignore[unused-ignore]


def test_the_text_under_a_field_is_its_description() -> None:
    assert schema.docs(Derived) == {"one": "One of the base.", "two": "Two."}
    assert schema.docs(Base[int]) == {"one": "One of the base.", "two": "Two of the base."}
    assert set(schema.docs(Listed[Names])) == {"allow", "deny"}


def test_a_struct_without_source_has_no_descriptions() -> None:
    assert schema.docs(msgspec.defstruct("Made", [("max", Count)])) == {}
    namespace: dict[str, Any] = {"__name__": "nowhere"}
    exec("import msgspec\nclass Ghost(msgspec.Struct):\n    max: int\n    'Most.'\n", namespace)  # noqa: S102  as custom checks are run
    assert schema.docs(namespace["Ghost"]) == {}
