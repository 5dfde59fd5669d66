"""The first screen of the command line: what there is to do, how each of it begins, and how things stand."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import click

from extension import __version__
from extension.verbs import VERBS

COLUMNS = 80
"""What the screen fits in."""

ROOT = Path(__file__).resolve().parent.parent
"""Where the package is: a checkout of the project, or where Python has its packages."""


def verbs(program: str, folder: Path) -> Iterator[str]:
    """What the command line can do, by what one is about to do, with what to type in `folder`."""
    yield click.style("Check DataWorks operations against a policy, and answer them.", bold=True)
    width = max(len(verb.name) for verb in VERBS) + 2
    for task, group in groupby(VERBS, lambda verb: verb.task):
        yield ""
        yield click.style(task, bold=True)
        for verb in group:
            yield f"  {click.style(verb.name.ljust(width), fg='cyan')}{verb.about}"
            for example in verb.examples:
                if example.works(folder):
                    yield click.style(f"    $ {program} {example.line}", dim=True)


def state(program: str) -> Iterator[str]:
    """How things stand here: the policy, the version, and where to read on."""
    for name, value in (
        ("policy", _policy()),
        ("options", f"{program} VERB -h has those of a verb"),
        ("docs", _docs(Path.cwd())),
        ("version", __version__),
    ):
        yield f"{click.style(name.ljust(9), dim=True)}{value}"


def _policy() -> str:
    """The policy that is in force where nothing else is said, or what is wrong with it."""
    from extension import commands, storage  # noqa: PLC0415  help and completion do without
    from extension.errors import ConfigurationError, PolicyError  # noqa: PLC0415  the same

    try:
        path = commands.in_force(None)
        found = storage.load(path)
    except ConfigurationError as error:
        return _short(f"error: environment variable {error}")
    except PolicyError as error:
        return _short(f"error: {error}".partition("\n")[0])
    return f"{found.name}, rules: {len(found.rules)}"


def _short(text: str) -> str:
    """As much of a text as stands on a line beside its name."""
    room = COLUMNS - 9
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _docs(folder: Path) -> str:
    """Where the documents are: with the sources, and not where Python has its packages."""
    if not (ROOT / "docs").is_dir():
        return "README.md and docs/, where the package was installed from"
    return "README.md, docs/" if folder == ROOT else f"{ROOT}/README.md, {ROOT}/docs"
