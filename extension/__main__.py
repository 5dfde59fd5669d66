"""Command line: `python -m extension VERB`, or `dataworks-extension VERB` where the package is installed.

Each verb has its module in `commands`, which is loaded when the verb is called.
"""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import click
from click.shell_completion import CompletionItem

from extension import __version__, welcome
from extension.verbs import COMPLETE, PROGRAM, VERBS


class Verbs(click.Group):
    """The group of all verbs, which loads none that is not called, and says mistakes in the form of other errors."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order in which one comes to need them."""
        del ctx
        return [verb.name for verb in VERBS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb, loaded."""
        del ctx
        for verb in VERBS:
            if verb.name == cmd_name:
                found = getattr(import_module(f"extension.commands.{verb.room}"), verb.command)
                return cast("click.Command", found)
        return None

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:  # noqa: ANN401  as in click
        """Read what stands before the verb."""
        with _said():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  as in click
        """Read what stands behind the verb, and do it."""
        with _said():
            return super().invoke(ctx)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The verbs that begin so, none of them loaded; of options what click finds."""
        found = [CompletionItem(verb.name, help=verb.about) for verb in VERBS if verb.name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first screen with the options in the place of how things stand."""
        for line in welcome.verbs(ctx.command_path, Path()):
            formatter.write(f"{line}\n")
        click.Command.format_options(self, ctx, formatter)


@contextmanager
def _said() -> Iterator[None]:
    """Say mistakes in the form of other errors."""
    try:
        yield
    except click.UsageError as error:
        from extension import usage  # noqa: PLC0415  who makes no mistake needs none of it

        raise usage.mistake(error) from error


@click.group(cls=Verbs, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="extension")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Check DataWorks operations against a policy, and answer them."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that has no Chinese shall not cost anybody the verdict
        cast("io.TextIOWrapper", stream).reconfigure(errors="replace")
    if ctx.invoked_subcommand is None:
        for line in (*welcome.verbs(ctx.command_path, Path()), "", *welcome.state(ctx.command_path)):
            click.echo(line)


def run() -> None:
    """What `dataworks-extension` runs."""
    main(prog_name=PROGRAM, complete_var=COMPLETE)


if __name__ == "__main__":
    main(prog_name="python -m extension", complete_var=COMPLETE)
