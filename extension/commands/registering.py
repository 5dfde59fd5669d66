"""`register`: everything that the console asks when an extension is registered."""

from collections.abc import Mapping
from pathlib import Path

import click
import msgspec

from extension import deployment, edges, registration, splitting, storage
from extension.commands import in_force
from extension.edges import Environment
from extension.errors import ConfigurationError, Fault, PolicyError
from extension.registration import shown
from extension.registration.form import Host, Registration
from extension.registration.page import page
from extension.rules import Policy
from extension.screen import FILE, PATH, THERE, count, explained


@click.command()
@click.option("--policy", "path", type=THERE, help="Another policy than what EXTENSION_POLICY or POLICY names.")
@click.option("--deployment", "file", type=FILE, help="Another file than s.yaml of this folder.")
@click.option(
    "--hosting",
    type=click.Choice([each.value for each in Host]),
    help="A function that DataWorks hosts, or a service behind EventBridge; by default what surely gets all events.",
)
@click.option("--split", type=PATH, metavar="DIR", help="Write a policy for each level into DIR, and stop.")
@click.option("--no-defaults", is_flag=True, help="Leave `default` out of the options: that it is taken is unverified.")
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True)
def register(  # noqa: PLR0913  an option each
    *, path: Path | None, file: Path | None, hosting: str | None, split: Path | None, no_defaults: bool, form: str
) -> None:
    """Say what to fill in where, to register the extension.

    It is made of the policy, of s.yaml, of the environment and of the file .env beside s.yaml. Without --policy it is
    the policy that is deployed: what EXTENSION_POLICY names, else POLICY, which `s` packs, else policy.yaml. Nothing is
    asked of DataWorks. Exits 0, or 2 for an error.
    """
    here = Path(deployment.FILE)
    with explained():
        file = file or here
        beside = _dotenv(file.parent / deployment.DOTENV)
        variables = edges.variables(beside)
        environment = _environment(beside, variables)
        named, path = path, in_force(path, variables, file.parent).resolve()
        policy = storage.load(path)
        if split:
            for half in splitting.split(path, policy, split):
                rules = count(half.policy.rules, "rule")
                click.echo(f"{half.path}: {half.level.value} level, {rules}, digest {half.policy.digest}")
            return
        deployed = deployment.read(_content(file), storage.name_of(file), variables)
        host = Host(hosting) if hosting else None
        other = named and not _is_in_force(path, variables, file.parent)
        found = registration.make(
            policy,
            deployed,
            environment,
            host=host,
            defaults=not no_defaults,
            file=("--deployment", str(file)) if file != here else (),
            named=("--policy", str(named)) if other else (),
            packed=_packed(path, policy, file, variables),
        )
    click.echo(_shown(found, form))


def _shown(found: Registration, form: str) -> str:
    if form == "json":
        return shown.printable(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    title = f"Register {found.policy}@{found.digest}"
    return (shown.markdown if form == "markdown" else shown.text)(title, page(found))


def _environment(beside: Mapping[str, str], variables: Mapping[str, str]) -> Environment:
    """What the variables say; an error says which are of the file `.env`."""
    try:
        return edges.environment(variables=variables)
    except ConfigurationError as error:
        if error.variable in beside and error.variable not in edges.variables():
            raise ConfigurationError(f"{error.variable} (from {deployment.DOTENV})", error.problem) from error
        raise


def _is_in_force(path: Path, variables: Mapping[str, str], folder: Path) -> bool:
    """Whether a policy is the one that counts where none is named."""
    try:
        return in_force(None, variables, folder).resolve() == path
    except PolicyError:
        return False


def _packed(path: Path, policy: Policy, file: Path, variables: Mapping[str, str]) -> str:
    """What is wrong where `s` would deploy another policy; empty where it is this one, or comes from a mount."""
    elsewhere = variables.get("EXTENSION_POLICY", "")
    if elsewhere and Path(elsewhere).is_absolute():
        return ""
    if path.is_dir():
        return "`s` packs a file, and no folder: put it onto a mount that EXTENSION_POLICY names (docs/deploy.md)"
    folder = file.parent.resolve()
    packed = folder / (variables.get("POLICY") or deployment.POLICY)
    if packed.resolve() == path:
        return ""
    try:
        other = storage.load(packed)
        if other.digest == policy.digest:
            return ""
        found = f"`s` would deploy {other.name}"
    except PolicyError:
        found = f"`s` would deploy nothing, for want of {storage.name_of(packed)}, or of rules in it that are valid"
    instead = " in the place of EXTENSION_POLICY" if elsewhere else ""
    return f"{found}: put POLICY={_from(folder, path)} into {deployment.DOTENV}{instead}"


def _from(folder: Path, path: Path) -> str:
    """A path as POLICY names it, which `make` takes from the folder of s.yaml."""
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    if folder.is_relative_to(path.parent):
        return "../" * len(folder.relative_to(path.parent).parts) + path.name
    return path.as_posix()


def _content(file: Path) -> bytes:
    """What the file of the deployment holds."""
    try:
        return file.read_bytes()
    except OSError as error:
        problem = f"cannot be read: {(error.strerror or str(error)).lower()}; --deployment FILE names another one"
        raise PolicyError(storage.name_of(file), [Fault(problem)]) from error


def _dotenv(file: Path) -> dict[str, str]:
    """The variables of a `.env`, none where there is no such file."""
    try:
        return deployment.dotenv(file.read_text(encoding="utf-8-sig", errors="replace"))
    except FileNotFoundError:
        return {}
