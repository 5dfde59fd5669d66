"""`policy`: validate and test policies, and print their schema."""

import re
import sys
from pathlib import Path

import click
import msgspec

from extension import cases, edges, schema, storage
from extension.commands import in_force, registry
from extension.doctor import Level, places, rules
from extension.errors import PolicyError
from extension.screen import THERE, explained, fail, warn


@click.group()
def policy() -> None:
    """Validate and test policies, and print their schema."""


_CHANGED = click.option(
    "--changed", is_flag=True, help="What is named are changed files: take the policies that they belong to."
)


@policy.command()
@click.argument("paths", type=THERE, nargs=-1, metavar="[PATH]...")
@_CHANGED
def check(paths: tuple[Path, ...], *, changed: bool) -> None:
    """Validate the policies PATH, each a file or a folder.

    Without PATH, that is policy.yaml, or what EXTENSION_POLICY names. Exits 0, or 2 with every error in it. Rules that
    can never apply are warned of, and what has expired.
    """
    errors = []
    with explained():
        found = _changed(paths) if changed else paths or (in_force(None),)
    for path in found:
        try:
            _check(path)
        except PolicyError as error:
            errors.append(str(error))
    if errors:
        fail("\n".join(errors))


POLICY = "policy.yaml"
"""What a policy is called in a folder that has its cases, too."""


def _belonging(paths: tuple[Path, ...]) -> list[Path]:
    """The folders of the policies that files belong to: for each the next one above it."""
    above = (next((each for each in path.parents if (each / POLICY).is_file()), None) for path in paths)
    return list(dict.fromkeys(filter(None, above)))


def _changed(paths: tuple[Path, ...]) -> list[Path]:
    """The policies that files belong to, and those files that are a policy or a part of one under another name.

    A policy can be several files of a folder, whatever they are called; one beside a `policy.yaml` stands for itself.
    """
    found = [folder / POLICY for folder in _belonging(paths)]
    for path in paths:
        is_one = path.name != POLICY and path.suffix in (".yaml", ".yml") and cases.CASES not in path.parts
        if is_one and path.is_file() and _RULES.search(path.read_bytes()):
            found.append(path if (path.parent / POLICY).is_file() else path.parent)
    return list(dict.fromkeys(found))


_RULES = re.compile(rb"^rules\s*:", re.MULTILINE)
"""What no other file of a policy's repository has."""


def _check(path: Path) -> None:
    """Say that a policy is valid, and what to look at in it all the same. Raises PolicyError."""
    found, written = storage.load(path), places.of_rules(path)
    for remark in rules.remarks(found, edges.now(), written):
        if remark.level is Level.WARNING:
            warn(f"{remark.what}. {remark.why} {remark.do}")
    click.echo(f"{found.file}: valid, rules: {len(found.rules)}, events: {len(found.plan)}, digest: {found.digest}")


@policy.command("schema")
@click.option("--policy", type=THERE, help="Policy whose own checks are in the schema, too.")
def policy_schema(policy: Path | None) -> None:
    """Print the JSON Schema of a policy, for an editor."""
    found = schema.schema(registry(policy))
    click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())


@policy.command("test")
@click.argument("paths", type=THERE, nargs=-1, metavar="[DIR]...")
@click.option("--policy", type=THERE, help="Another policy than DIR/policy.yaml.")
@click.option("--format", "form", type=click.Choice(["text", "junit", "github"]), default="text", show_default=True)
@_CHANGED
def policy_test(paths: tuple[Path, ...], policy: Path | None, form: str, *, changed: bool) -> None:
    """Run the cases in DIR/cases against DIR/policy.yaml.

    Without DIR, that is the current folder. Rules that no case touches are listed. Exits 0 if all cases pass, 1 if one
    fails, 2 for a policy or a case that does not validate.
    """
    folders = paths or (Path(),)
    if changed:
        belonging = _belonging(paths)
        folders = tuple(folder for folder in belonging if cases.files_of(folder))
        for folder in (folder for folder in belonging if folder not in folders):
            warn(f"{folder / POLICY}: has no cases beside it: nothing was tried")
        if not folders:
            return
    for folder in folders:
        if not folder.is_dir():
            fail(f"DIR: {folder}: is a file: name a folder, or say --changed")
    with explained():
        reports = [cases.run(folder, policy) for folder in folders]
    click.echo({"text": cases.text, "junit": cases.junit, "github": cases.github}[form](reports))
    sys.exit(1 if any(report.failed for report in reports) else 0)
