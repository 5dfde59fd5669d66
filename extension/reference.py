"""The reference of checks in docs/checks.md, made from what stands beside each check: `make docs`."""

import inspect
from collections.abc import Iterator, Mapping

import click
import msgspec

from extension import catalogue, settings
from extension.checks import Check, Need
from extension.checks.registry import BY_ID
from extension.schema import docs

_HEAD = """\
# Checks

What a rule can name with `check:`. Made by `make docs` from the code; `python -m extension events CODE` shows the
checks of one event.

A parameter that is *ids*, *names*, *networks* or *table GUIDs*, of whatever kind, is a list; `{list: NAME}` stands for
a list under `lists:`. In names and ids `*` stands for any characters and `?` for one; neither case nor blanks around a
name matter.
A *size* is a number of bytes, or such as `10MB`, `1.5GB`, `512MiB`. A *regular expression* is one of
[RE2](https://github.com/google/re2/wiki/Syntax).

A fact that a check needs and the event does not have, or has in a form that cannot be read, is a finding of its rule:
nothing passes because it could not be judged. *Asks DataWorks* says what is asked before the check runs; if it cannot
be had, the rule gives its `on_error`.
"""

_ASKED = {
    Need.FILE: "for the code of a file (GetIDEEventDetail)",
    Need.TABLE: "for the table (GetIDEEventDetail)",
    Need.INSTANCES: "for the instances (GetInstance)",
    Need.ROLES: "for the members of the workspace (ListProjectMembers)",
}


def markdown(registry: Mapping[str, Check]) -> str:
    """The reference as a page, a section for each family and each check in it."""
    lines = [_HEAD]
    family = ""
    for check in registry.values():
        if family != (family := check.id.partition(".")[0]):
            lines.append(f"## {family}\n")
        lines.extend(_section(check))
    lines.extend(_values(registry))
    return "\n".join(lines)


def _values(registry: Mapping[str, Check]) -> Iterator[str]:
    """What the forms of parameters mean, each once, as the types that read them say it."""
    fields = (field for check in registry.values() for field in msgspec.structs.fields(check.settings))
    kinds = {settings.kind_of(field).FORM: settings.kind_of(field) for field in fields}
    yield "## Forms of parameters\n"
    for form, kind in sorted(kinds.items()):
        examples = kind.schema().get("items", {}).get("examples", ())
        yield f"### {form}\n"
        yield f"{inspect.getdoc(kind)}\n"
        if examples:
            yield f"{', '.join(f'`{example}`' for example in examples)}\n"


def _section(check: Check) -> Iterator[str]:
    text = inspect.getdoc(check.judge) or ""
    prose, _, examples = text.partition("\nPasses: ")
    yield f"### `{check.id}`\n"
    yield f"{prose.strip()}\n"
    yield f"Judges {_events(check)}."
    if check.needs:
        asked = " and ".join(_ASKED[need] for need in sorted(check.needs))
        others = Need.FILE in check.needs and not all(catalogue.BY_CODE[code].has_code for code in check.events)
        yield f"Asks DataWorks {asked}{'; the message of a download has its SQL' if others else ''}."
    yield ""
    about = docs(check.settings)
    for field in msgspec.structs.fields(check.settings):
        wanted = settings.kind_of(field).FORM + ("" if field.required else ", optional")
        yield f"- `{field.encode_name}` ({wanted}): {about[field.name]}"
    names = " ".join(f"`{{{name}}}`" for name in sorted(check.placeholders))
    yield f"- placeholders: {names or 'none of its own'}\n"
    yield "```yaml"
    yield from (f"# {line}" for line in f"Passes: {examples}".strip().splitlines())
    yield "```\n"


def _events(check: Check) -> str:
    """The codes of a check's events, in the order of the catalogue."""
    if check.events == set(catalogue.BY_CODE):
        return "every event"
    return ", ".join(f"`{entry.code}`" for entry in catalogue.ENTRIES if entry.code in check.events)


if __name__ == "__main__":
    click.echo(markdown(BY_ID), nl=False)
