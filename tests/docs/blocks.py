"""The code blocks of a page: each language has its test, and a language without one is wrong."""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from extension import cases, local, storage
from extension.checks.registry import BY_ID
from extension.errors import ExtensionError
from extension.storage import ROOT
from extension.tree import load
from tests.docs import commands
from tests.docs.commands import Workspace, differs
from tests.docs.held import Wrong
from tests.docs.pages import Block, Page, pages

EXAMPLES = sorted(ROOT.glob("examples/*/policy.yaml"))

MADE_FROM_CODE = ("docs/checks.md", "docs/checks.zh-CN.md")
"""Pages that `make docs` writes, whose words are those of the code."""

ELSEWHERE = {
    ("docs/service.md", "nginx"): "tests/test_hosting.py",
    ("docs/service.md", "text"): "tests/test_hosting.py",
    **{
        (page, language): "what tests the reference of checks"
        for page in MADE_FROM_CODE
        for language in ("yaml", "text")
    },
}
"""Blocks that another test holds."""


AT_HOME = {"docs/ram/README.md", "examples/policy-repository/README.md"}
"""Pages whose commands are for the folder that they are in."""

GIVEN: Mapping[str, Callable[[Path], object]] = {
    "new.yaml": lambda file: shutil.copy(ROOT / "policy.yaml", file),
    "verdicts": lambda folder: local.invoke(
        (ROOT / "events/download-resources.json").read_bytes(),
        {"EXTENSION_RECORDS": str(folder), "EXTENSION_POLICY": ""},
    ),
}
"""Files that a reader of a page has, and that no page makes."""

SHOWN = "shown-"
"""What folders of policies that have no file on their page begin with."""


def follow(page: Page, folder: Path) -> list[str]:
    """Do what a page says, from its top to its end; a line of each thing that is wrong.

    Blocks that the paragraph before them names a file for are written there, so that commands find them.
    """
    workspace = Workspace(folder, page.folder if page.name in AT_HOME else ROOT)
    for name, give in GIVEN.items():
        made = any(block.file == name or f"={name} " in block.text for block in page.blocks)
        if not made and any(re.search(rf"(?m)(?<=\s){re.escape(name)}(?=\s)", block.text) for block in page.blocks):
            give(workspace.folder / name)
    wrong = []
    for number, block in enumerate(page.blocks):
        if (page.name, block.language) in ELSEWHERE:
            continue
        try:
            try_ = LANGUAGES[block.language]
        except KeyError:
            wrong.append(f"{block.place}: no test knows the language {block.language!r}")
            continue
        try:
            if block.file:
                workspace.write(block.file, block.text)
            try_(block, page.blocks[number + 1 :], workspace)
        except (Wrong, ExtensionError) as error:
            wrong.append(f"{block.place}: {error}")
    return wrong


def _console(block: Block, _: list[Block], workspace: Workspace) -> None:
    """Commands behind `$ `, each with what it prints."""
    if not block.text.startswith("$ "):
        raise Wrong("a console begins with a command behind $")
    for run in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        lines = run.splitlines()
        command = lines.pop(0)
        while command.endswith("\\"):
            command = f"{command[:-1].rstrip()} {lines.pop(0).strip()}"
        shown = workspace.run(command)
        if problem := "" if shown.held else differs(_without_blanks(lines), _without_blanks(shown.output.splitlines())):
            raise Wrong(f"{command}\n{problem}")


def _without_blanks(lines: list[str]) -> list[str]:
    """The lines that say something."""
    return [line for line in lines if line.strip()]


def _shell(block: Block, _: list[Block], workspace: Workspace) -> None:
    """Commands that end well, and whose output is not shown."""
    parsed = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)  # noqa: S607  wherever it is
    if parsed.returncode:
        raise Wrong(parsed.stderr)
    for line in commands.lines(block.text):
        shown = workspace.run(line)
        if shown.code:
            raise Wrong(f"{line}\nexits with {shown.code}:\n{shown.output}")


def _json(block: Block, _: list[Block], __: Workspace) -> None:
    try:
        json.loads(block.text)
    except ValueError as error:
        raise Wrong(f"is no JSON: {error}") from error


def _text(block: Block, rest: list[Block], workspace: Workspace) -> None:
    """A file that a command needs, or a list of files that are there or are made by a command."""
    later = [further.text for further in rest]
    files = [line.split()[0] for line in block.text.splitlines() if line.strip()]
    if block.file and any(block.file in text for text in later):
        return
    if not all(
        re.search(r"[./]", file) and ((workspace.of / file).exists() or any(file in text for text in later))
        for file in files
    ):
        raise Wrong("a text is a file that the paragraph before it names first, and that a command after it uses")


def _python(block: Block, _: list[Block], workspace: Workspace) -> None:
    """A check: it is registered, and a policy that names it loads."""
    file = workspace.folder / block.file
    if not block.file or file.parent.name != "checks":
        raise Wrong("Python is a file in checks/ that the paragraph before it names first")
    with tempfile.TemporaryDirectory() as folder:
        policy = Path(folder) / "policy.yaml"
        (policy.parent / "checks").mkdir()
        (policy.parent / "checks" / file.name).write_text(block.text, encoding="utf-8")
        policy.write_text(f"version: 1\nchecks: [checks/{file.name}]\n", encoding="utf-8")
        if set(storage.registry(policy)) <= set(BY_ID):
            raise Wrong("registers no check")


def _yaml(block: Block, _: list[Block], workspace: Workspace) -> None:
    """A policy or a part of one, cases, what DataWorks answers, or a file of other programs, told by its keys."""
    tree = load(block.text.encode(), block.place) if not block.text.startswith("- ") else None
    keys = {"- "} if tree is None else set(tree)
    for marks, try_ in _KINDS:
        if marks & keys:
            try_(block, keys, workspace)
            return
    raise Wrong(f"YAML of a kind that no test knows: {', '.join(sorted(keys))}")


def _policy(block: Block, keys: set[str], workspace: Workspace) -> None:
    """A policy, whole or in part, loads. One without a file finds the checks that pages show as checks/NAME.py."""
    file = block.file if "version" in keys else ""
    if not file:
        folder = f"{SHOWN}{block.place.rpartition(':')[2]}"
        for own in (own for page in pages().values() for own in page.blocks if own.language == "python"):
            if own.file.startswith("checks/"):
                workspace.write(f"{folder}/{own.file}", own.text)
        file = f"{folder}/policy.yaml"
        workspace.write(file, _whole(block.text, keys))
    storage.load(workspace.folder / file)


_ANY_RULE = "{id: any, on: resources-download, check: download.rows, with: {max: 1}}"


def _whole(text: str, keys: set[str]) -> str:
    """The policy that a text is, or is a part of."""
    if "version" in keys:
        return text
    if keys & {"rules", "lists", "defaults", "sql", "log", "language", "timezone"}:
        return f"version: 1\n{text}" + ("" if "rules" in keys else f"rules: [{_ANY_RULE}]\n")
    indented = "".join(f"    {line}\n" for line in text.splitlines())
    if "- " in keys:
        return f"version: 1\nrules:\n{indented}"
    rest = [] if "id" in keys else ["id: any"]
    rest += [] if "on" in keys else ["on: resources-download"]
    rest += [] if keys & {"check", "when"} else ["check: download.rows", "with: {max: 1}"]
    return f"version: 1\nrules:\n  -\n{indented}" + "".join(f"    {line}\n" for line in rest)


def _cases(block: Block, _: set[str], workspace: Workspace) -> None:
    """Cases: those in a file are run by a command of the page; others pass under an example or a policy of the page."""
    if block.file:
        return
    said = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "any/cases").mkdir(parents=True)
        (home / "any/events").symlink_to(ROOT / "events")
        (home / "any/cases/shown.yaml").write_text(block.text, encoding="utf-8")
        for policy in (*EXAMPLES, *workspace.folder.glob(f"{SHOWN}*/policy.yaml")):
            try:
                report = cases.run(home / "any", policy)
            except ExtensionError as error:
                said.append(str(error))
                continue
            if not report.failed:
                return
            said.append(cases.text([report]))
    raise Wrong("the cases pass under no policy\n" + "\n".join(said))


def _answers(block: Block, _: set[str], __: Workspace) -> None:
    local.answers(block.text.encode(), block.place)


def _workflow(block: Block, _: set[str], workspace: Workspace) -> None:
    """A workflow: each of its commands is one that there is."""
    for job in yaml.safe_load(block.text)["jobs"].values():
        for step in job["steps"]:
            for line in commands.lines(step.get("run", "")):
                commands.hold(line, workspace.folder)


def _hooks(block: Block, _: set[str], __: Workspace) -> None:
    """The hooks that are named are offered."""
    file = ROOT / ".pre-commit-hooks.yaml"
    offered = [hook["id"] for hook in yaml.safe_load(file.read_text(encoding="utf-8"))] if file.exists() else []
    for name in re.findall(r"\bid: ([\w-]+)", block.text):
        if name not in offered:
            raise Wrong(f"{name}: is no hook of .pre-commit-hooks.yaml")


def _deployment(block: Block, _: set[str], __: Workspace) -> None:
    """A part of s.yaml: its variables are there."""
    for name in re.findall(r"^ *([A-Z_]+):", block.text, re.MULTILINE):
        if name not in (ROOT / "s.yaml").read_text(encoding="utf-8"):
            raise Wrong(f"{name}: is not in s.yaml")


def _other(_: Block, __: set[str], ___: Workspace) -> None:
    """A file of another program: that it is YAML is all that is known here."""


_RULE = {*("id", "on", "check", "with", "when", "result", "mode"), *("message", "owner", "help", "options", "exempt")}

_KINDS: tuple[tuple[set[str], Callable[[Block, set[str], Workspace], None]], ...] = (
    ({"cases"}, _cases),
    ({"jobs"}, _workflow),
    ({"repos"}, _hooks),
    ({"scrape_configs"}, _other),
    ({"edition", "environmentVariables"}, _deployment),
    ({"snapshot", "roles", "instances", "parameters"}, _answers),
    ({"version", "rules", "lists", "defaults", "sql", "log", "- "} | _RULE, _policy),
)

LANGUAGES: Mapping[str, Callable[[Block, list[Block], Workspace], None]] = {
    "console": _console,
    "sh": _shell,
    "bash": _shell,
    "yaml": _yaml,
    "json": _json,
    "python": _python,
    "text": _text,
}
