"""`doctor`: what is wrong with a set-up, why it matters, and what to do."""

import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import click
import msgspec
from click.shell_completion import CompletionItem
from rich.text import Text

from extension.commands import in_force
from extension.deployment import FILE as S_YAML
from extension.doctor import Level, Remark, examination, setup
from extension.errors import PolicyError
from extension.screen import FILE, THERE, fail, grid, show


def _policy(policy: Path | None, found: setup.Setup) -> Path:
    """The policy to look at; where there is none, where it would have to be."""
    wrong = {fault.variable for fault in found.faults}
    variables = {name: value for name, value in found.variables.items() if name not in wrong}
    try:
        return in_force(policy, variables, found.file.parent if found.file else Path()).resolve()
    except PolicyError as error:
        return Path(error.file).resolve()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `doctor --json` prints: this form is stable, but for fields that may be added."""

    remarks: Sequence[Remark]
    """In the order in which it was looked at: id, level (ok, note, warning, error), what, why, do."""
    summary: dict[Level, int]
    """How many there are of each level."""


HERE = Path(S_YAML)
"""What `s` deploys, if nobody says."""


def _resources(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The functions of s.yaml that begin so, for a shell."""
    del param
    found = setup.resources(ctx.params.get("deployment") or HERE)
    return [CompletionItem(name) for name in found if name.startswith(incomplete)]


@click.command()
@click.option("--policy", type=THERE, help="Policy instead of policy.yaml, or what EXTENSION_POLICY names.")
@click.option(
    "--deployment", type=FILE, metavar="S.YAML", help="What `s` deploys; by default s.yaml, where it is here."
)
@click.option(
    "--resource", default="", metavar="NAME", help="Function in it; by default the first.", shell_complete=_resources
)
@click.option("--env", type=FILE, metavar="FILE", help="Variables instead of .env beside s.yaml.")
@click.option(
    "--workspace", default="", metavar="ID", help="Workspace to ask about; by default that of the registration."
)
@click.option("--audit", is_flag=True, help="Ask OSV, too, whether pinned versions are known to be vulnerable.")
@click.option("--offline", is_flag=True, help="Ask nobody: look at files and variables alone.")
@click.option("--json", "as_json", is_flag=True, help="Print all remarks as JSON.")
def doctor(  # noqa: PLR0913  an option each
    *,
    policy: Path | None,
    deployment: Path | None,
    resource: str,
    env: Path | None,
    workspace: str,
    audit: bool,
    offline: bool,
    as_json: bool,
) -> None:
    """Find out what is wrong with a set-up, and what to do about it.

    Looked at are the environment with s.yaml and .env, the policy, credentials, endpoint and clock, what the extension
    is registered with, one call of each API that the policy needs, what the service needs, the rules and their cases,
    and the packages that are built. No operation is answered: callbacks are made with the id of no event. No secret is
    shown. Exits 0, or 1 where there is an error.
    """
    if workspace and not workspace.isdecimal():
        raise click.BadParameter("expected the id of a workspace, digits only", param_hint="--workspace")
    if audit and offline:
        raise click.UsageError("--audit asks OSV, and --offline asks nobody: leave one of them out")
    described = deployment or (HERE if HERE.is_file() else None)
    if resource and not described:
        fail("--resource: there is no s.yaml here: name it by --deployment")
    try:
        found = setup.set_up(described, resource, env)
    except setup.ResourceError as error:
        fail(f"--resource: {error}")
    remarks = list(
        examination.examine(found, _policy(policy, found), workspace=workspace, offline=offline, audited=audit)
    )
    numbers = {level: sum(remark.level is level for remark in remarks) for level in Level}
    if as_json:
        report = Report(remarks=remarks, summary=numbers)
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        _show(remarks)
        show("", _summary(numbers))
    sys.exit(1 if numbers[Level.ERROR] else 0)


_SIGNS = {Level.OK: ("ok", "green"), Level.NOTE: ("note", "cyan"), Level.WARNING: ("warning", "yellow")}
_SIGNS[Level.ERROR] = ("error", "bold red")


def _show(remarks: Sequence[Remark]) -> None:
    """Print remarks by what was looked at: a line for what is well, what, why and what to do for the rest."""
    titles = list(dict.fromkeys(map(_title, remarks)))
    ordered = sorted(remarks, key=lambda remark: titles.index(_title(remark)))
    for title, group in groupby(ordered, key=_title):
        rows: list[tuple[Text, Text]] = []
        for remark in group:
            word, colour = _SIGNS[remark.level]
            rows.append((Text(f"  {word}", colour), Text(remark.what)))
            rows.extend((Text(""), Text(said, "dim")) for said in (remark.why,) if said)
            rows.extend((Text(""), Text.assemble(("do: ", "bold"), said)) for said in (remark.do,) if said)
        show(Text(title, "bold"), grid(*rows))


def _title(remark: Remark) -> str:
    """What a remark is about: the first part of its id."""
    return remark.id.partition(".")[0]


def _summary(numbers: dict[Level, int]) -> Text:
    words = (("error", Level.ERROR), ("warning", Level.WARNING), ("note", Level.NOTE))
    said = ", ".join(f"{numbers[level]} {word}{'' if numbers[level] == 1 else 's'}" for word, level in words)
    return Text(f"{said}, {numbers[Level.OK]} ok", _SIGNS[Level.ERROR if numbers[Level.ERROR] else Level.OK][1])
