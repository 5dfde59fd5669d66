"""What the command line shows: results in columns, problems a line each, errors that end it."""

import sys
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console, RenderableType
from rich.table import Table

from extension.errors import ConfigurationError, ExtensionError, PolicyError

COLOURS = {"OK": "green", "WARN": "yellow", "FAIL": "red"}
"""Colour of each result."""

PATH = click.Path(path_type=Path)
"""Type of an argument that is a path, whatever is there."""

THERE = click.Path(exists=True, path_type=Path)
"""The same of a file or a folder that must be there."""

NEW = click.Path(dir_okay=False, path_type=Path)
"""The same of a file that is written."""

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
"""The same of a file."""


def count(things: Sized, name: str) -> str:
    """How many there are, such as `2 rules`."""
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


@contextmanager
def explained(place: str = "", *, parameter: str = "") -> Iterator[None]:
    """Say what went wrong instead of raising it; `place` is said of errors that name none.

    `parameter` is what names the files that are opened: `LOG`, `--html`.
    """
    try:
        yield
    except PolicyError as error:
        fail(str(error))
    except ConfigurationError as error:
        fail(f"environment variable {error}")
    except ExtensionError as error:
        fail(f"{place}: {error}" if place else str(error))
    except OSError as error:
        where = f"{parameter}: " if parameter else ""
        fail(f"{where}{error.filename or place}: {(error.strerror or str(error)).lower()}")


def fail(problem: str) -> NoReturn:
    """Say what is wrong, a line a problem, and exit 2."""
    for line in problem.splitlines():
        click.echo(f"error: {line}", err=True)
    sys.exit(2)


def warn(problem: str) -> None:
    """Say what keeps nothing from its work."""
    click.echo(f"warning: {problem}", err=True)


_LEAST_COLUMNS = 80
"""A narrower terminal breaks the lines itself: nothing is cut off."""


def show(*things: RenderableType) -> None:
    """Print as wide as the terminal is; without colours and blanks at the ends of lines where there is none."""
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = max(console.width, _LEAST_COLUMNS)
    with console.capture() as captured:
        for thing in things:
            console.print(thing)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def grid(*rows: tuple[RenderableType, ...]) -> Table:
    """A table without lines and heads, whose last column takes the room that is left."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in rows[0][:-1]:
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
