"""README.md and docs/policy.md list what there is; that what they show runs is a matter of test_docs."""

import re
from pathlib import Path

from extension import schema
from extension.checks.registry import BY_ID
from extension.storage import ROOT
from tests.conftest import EVENTS, Function
from tests.test_edges import VARIABLES

README = (ROOT / "README.md").read_text(encoding="utf-8")
POLICY = (ROOT / "docs/policy.md").read_text(encoding="utf-8")


def blocks(language: str, page: str = README) -> list[str]:
    """Code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def test_the_check_of_ones_own_that_is_shown_judges(function: Function, tmp_path: Path) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks/tickets.py").write_text(blocks("python", POLICY)[0], encoding="utf-8")
    function.policy(next(text for text in blocks("yaml", POLICY) if "tickets.py" in text), tmp_path)
    returned = function.handle((EVENTS / "download-resources.json").read_bytes())
    assert returned["checkResult"] == "FAIL"
    assert returned["errorMessage"] == '[ticket] "filename.csv" names no ticket.'
    body = (EVENTS / "download-resources.json").read_text(encoding="utf-8").replace("filename.csv", "data-42.csv")
    assert function.handle(body.encode())["checkResult"] == "OK"


def test_every_key_of_a_rule_is_listed() -> None:
    rule = schema.schema(BY_ID)["properties"]["rules"]["items"]  # type: ignore[index]  # JSON
    table = POLICY[POLICY.index("## A rule") : POLICY.index("The worst finding decides")]
    listed = {key for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)}
    assert listed == set(rule["properties"])
    assert {"version", *re.findall(r"^\| `(\w+)` \|", POLICY[: POLICY.index("## A rule")], re.MULTILINE)} == set(
        schema.schema(BY_ID)["properties"]  # type: ignore[call-overload]  # JSON
    )


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    commands = re.findall(r"^make (\w+)", blocks("sh")[0], re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert commands == ["run", "test"]
    assert all(f"\n{command}: $(READY)\n" in makefile for command in commands)
    assert "\nmake test\n" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_every_environment_variable_is_listed() -> None:
    table = README[README.index("## Environment") : README.index("## What the platform documents")]
    assert set(re.findall(r"`([A-Z_]{6,}|https_proxy)`", table)) == set(VARIABLES)
