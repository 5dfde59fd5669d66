"""`events`: the catalogue of events, and what one of them can be checked for."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args, get_origin

import click
import msgspec
from click.shell_completion import CompletionItem
from rich.table import Table
from rich.text import Text

from extension import catalogue, events, expressions, schema, settings
from extension.checks import Check, Need
from extension.commands import registry
from extension.events import Payload
from extension.screen import THERE, fail, grid, show
from extension.settings import plain
from extension.tree import suggestion


def _codes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The event codes that begin so, for a shell."""
    del ctx, param
    found = (entry for entry in catalogue.ENTRIES if entry.code.startswith(incomplete))
    return [CompletionItem(entry.code, help=entry.about) for entry in found]


@click.command("events")
@click.argument("code", required=False, shell_complete=_codes)
@click.option("--policy", type=THERE, help="Policy whose own checks are shown, too.")
def list_events(code: str | None, policy: Path | None) -> None:
    """List the events of DataWorks, or describe one.

    CODE is its event code or its EventBridge type. Described are its names in `on:`, its fields, and the checks that
    judge it.
    """
    known = registry(policy)
    if code is None:
        _list_events(known)
        return
    entry = catalogue.BY_CODE.get(code) or catalogue.BY_TYPE.get(code)
    if entry is None:
        fail(f"CODE: {plain(code)} is no event code{suggestion(code, catalogue.BY_CODE)}")
    show(Text.assemble((entry.code, "bold"), f"  {entry.about}"), "")
    names = (
        ("type", entry.event_type),
        ("on", f'{entry.code}, {entry.category}, "{entry.module.value}" or "*"'),
        ("sent", _KINDS[entry.kind]),
        ("answer", entry.callback or "none"),
        ("level", entry.level),
    )
    show(grid(*((f"  {name}", value) for name, value in names)), "")
    if entry.payload:
        show("Fields: event.NAME in a condition; what is indented is in the field above it", "")
        show(grid(*_fields(entry.payload)), "")
    else:
        show("Fields: not typed, a condition can read any as event.NAME", "")
    show("Checks, each with its parameters; those in brackets are optional")
    judging = [check for check in known.values() if entry.code in check.events]
    show(grid(*(row for check in judging for row in _described(check, entry))))


_KINDS = {
    catalogue.Kind.EXTENSION_POINT: "before the operation, which waits for a verdict",
    catalogue.Kind.REGULAR: "after the operation; nobody waits for a verdict",
    catalogue.Kind.BOTH: "before the operation, which waits for a verdict, and after it",
}


def _list_events(registry: Mapping[str, Check]) -> None:
    for module in catalogue.Module:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column(module.value, no_wrap=True)
        table.add_column("checks", justify="right", header_style="dim")
        table.add_column("sent when", header_style="dim")
        for entry in catalogue.ENTRIES:
            if entry.module is module:
                number = sum(entry.code in check.events for check in registry.values())
                waits = entry.kind is not catalogue.Kind.REGULAR
                table.add_row(f"  {entry.code}", str(number) if waits else "", entry.about)
        show(table, "")
    show("An event with a number waits for a verdict; the number is that of the checks that can judge it.")


def _fields(struct: type[Payload], indent: str = "  ") -> Iterator[tuple[str, str, str]]:
    """The fields of a payload, those of its parts behind the part."""
    about, record = schema.docs(struct), expressions.record(struct)
    for attribute, name, kind in events.fields(struct):
        yield indent + name, str(record.fields[name]), about.get(attribute, "")
        item = get_args(kind)[0] if get_origin(kind) is tuple else kind
        if isinstance(item, type) and issubclass(item, Payload):
            yield from _fields(item, f"{indent}  ")


def _described(check: Check, entry: catalogue.Entry) -> Iterator[tuple[str, str]]:
    """What a check judges, what it takes, and what a message about it can hold."""
    needs = sorted(check.needs if entry.has_code else check.needs - {Need.FILE})
    asks = f" Asks DataWorks for the {', the '.join(needs)}." if needs else ""
    yield "", ""
    yield f"  {check.id}", " ".join(check.about.split()) + asks
    about = schema.docs(check.settings)
    for field in msgspec.structs.fields(check.settings):
        name = field.encode_name if field.required else f"[{field.encode_name}]"
        text = about.get(field.name, "")
        yield f"    {name}", settings.kind_of(field).FORM + (f". {text}" if text else "")
    if check.placeholders:
        yield "    placeholders", " ".join(f"{{{name}}}" for name in sorted(check.placeholders))
