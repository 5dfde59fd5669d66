"""What editors are told about policies: a schema at a path that stays, and lines and settings that lead to it."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from extension import schema
from extension.checks.registry import BY_ID
from extension.storage import ROOT
from extension.tree import load
from tests.installed import repository
from tests.test_main import run

__all__ = ["repository"]

FILE = ROOT / "docs/policy.schema.json"
POLICIES = (ROOT / "policy.yaml", *sorted((ROOT / "examples").glob("*/policy.yaml")))
PAGE = (ROOT / "docs/policy.md").read_text(encoding="utf-8")


@cache
def validator() -> Any:  # noqa: ANN401  jsonschema's own
    content = json.loads(FILE.read_bytes())
    jsonschema.Draft202012Validator.check_schema(content)
    return jsonschema.Draft202012Validator(content)


def test_the_file_is_what_the_command_prints_and_make_docs_makes_it() -> None:
    assert FILE.read_text(encoding="utf-8") == run("policy", "schema").stdout
    assert json.loads(FILE.read_bytes()) == schema.schema(BY_ID)
    assert "\n\t$(BIN)/python -m extension policy schema >docs/policy.schema.json\n" in (ROOT / "Makefile").read_text(
        "utf-8"
    )


def test_it_refers_to_nothing_outside_itself() -> None:
    """So it is the same wherever it is: beside the policy, in a submodule, behind any address."""
    text = FILE.read_text(encoding="utf-8")
    assert '"$id"' not in text
    assert {ref.partition("/")[0] for ref in re.findall(r'"\$ref": "([^"]*)"', text)} == {"#"}
    assert set(re.findall(r'"(https?://[^"]*)"', text)) == {schema.DIALECT}


@pytest.mark.parametrize("policy", POLICIES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_policy_of_the_project_validates_against_it(policy: Path) -> None:
    assert [error.message for error in validator().iter_errors(load(policy.read_bytes(), policy.name))] == []


def test_a_slip_does_not() -> None:
    text = POLICIES[0].read_bytes().replace(b"download.rows", b"download.row")
    assert [*validator().iter_errors(load(text, "policy.yaml"))]


def test_the_first_line_of_the_example_leads_to_it(repository: Path) -> None:
    line = (repository / "policy.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert line == "# yaml-language-server: $schema=vendor/dataworks-extension/docs/policy.schema.json"
    assert (repository / line.partition("=")[2]).samefile(FILE)
    assert f"`{line}`" in " ".join(PAGE.split())


def test_the_settings_of_vs_code_lead_to_it(repository: Path) -> None:
    text = (repository / ".vscode/settings.json").read_text(encoding="utf-8")
    ((path, policies),) = json.loads(text)["yaml.schemas"].items()
    assert (repository / path).samefile(FILE)
    assert policies == ["policy.yaml"]
    assert f"```json\n{text}```" in PAGE
