"""What a page names in a line of text: commands, places that links lead to, variables, checks, keys and options."""

import re

import click
import msgspec

from extension import catalogue, events, local, schema
from extension.__main__ import main
from extension.checks.registry import BY_ID
from extension.storage import ROOT
from tests.docs.commands import hold
from tests.docs.held import Wrong, variables_of_s
from tests.docs.pages import Page, read
from tests.test_edges import VARIABLES

_PROGRAMS = ("dataworks-extension", "python", "make", "s", "npm", "docker", "systemctl", "pip", "pre-commit")


def wrong_commands(page: Page) -> list[str]:
    wrong = []
    for code in page.code:
        if code.split()[0] in _PROGRAMS and " " in code:
            try:
                hold(code, ROOT)
            except Wrong as error:
                wrong.append(f"`{code}`: {error}")
    return wrong


def dead_links(page: Page) -> list[str]:
    dead = []
    for link in page.links:
        name, _, anchor = link.partition("#")
        target = page.folder / name
        if not target.exists() or (anchor and anchor not in (read(target).anchors if name else page.anchors)):
            dead.append(link)
    return dead


def unknown_names(page: Page) -> list[str]:
    """Environment variables, checks, keys and options that are nowhere."""
    unknown = []
    for code in page.code:
        if re.match(r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+(=.*)?$", code):
            if code.partition("=")[0] not in _KNOWN_VARIABLES:
                unknown.append(code)
        elif re.match(r"^[a-z]+\.[a-z_]+$", code) and code.partition(".")[0] in _FAMILIES:
            if code not in _KNOWN_DOTTED:
                unknown.append(code)
        elif (key := re.match(r"^([a-z_]+):( .*)?$|^(--[a-z-]+)\b", code)) and (key[1] or key[3]) not in _KNOWN_KEYS:
            unknown.append(code)
    return unknown


def _properties(tree: object) -> set[str]:
    """Every key that a JSON Schema knows, at any depth."""
    if isinstance(tree, dict):
        own = set(tree["properties"]) if isinstance(tree.get("properties"), dict) else set()
        return own.union(*(_properties(value) for value in tree.values()))
    return set().union(*(_properties(item) for item in tree)) if isinstance(tree, list) else set()


def _options(command: click.Command) -> set[str]:
    """The options of a command, and of those in it."""
    found = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    if isinstance(command, click.Group):
        within = click.Context(command)
        for name in command.list_commands(within):
            verb = command.get_command(within, name)
            found |= _options(verb) if verb else set()
    return found


def _code(folder: str) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / folder).rglob("*.py")))


_KNOWN_VARIABLES = {
    *VARIABLES,
    *variables_of_s(),
    *re.findall(r"^([A-Z_]+) [?:]?=", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE),
    "ALIBABA_CLOUD_CREDENTIALS_FILE",  # what other programs of the cloud read
}
_FAMILIES = {check.partition(".")[0] for check in BY_ID} | {"event", "operator", "workspace", "sql"}
_KNOWN_DOTTED = {
    *BY_ID,
    *(f"operator.{name}" for name in ("id", "ids", "roles")),
    "workspace.id",
    "workspace.yaml",  # what `register --split` writes
    *(f"sql.{name}" for name in ("tables", "written", "columns", "stars", "functions", "statements")),
    *(f"sql.{name}" for name in ("cross_joins", "limit", "length", "readable")),
    *(f"event.{name}" for entry in catalogue.ENTRIES if entry.payload for _, name, __ in events.fields(entry.payload)),
    *(f"event.{name}" for name in ("payload", "moment", "file", "table", "roles")),  # as a check of one's own has it
    "file.content",
}
_KNOWN_KEYS = (
    _properties(msgspec.json.decode(msgspec.json.encode(schema.schema(BY_ID))))
    | {"cases", "name", "event", "data", "now", "expect", "findings", "rev"}
    | set(local.Answers.__struct_fields__)
    | _options(main)
    | set(re.findall(r'"(--[a-z-]+)"', _code("extension") + _code("benchmarks")))
)
