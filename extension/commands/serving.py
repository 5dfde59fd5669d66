"""`serve`: the self-managed service."""

import click

from extension.screen import fail


@click.command()
def serve() -> None:
    """Run the self-managed service, behind EventBridge, with its pages.

    What it needs is in requirements-service.txt, and where it listens in the environment: EXTENSION_LISTEN, else
    127.0.0.1:9000. docs/service.md has the rest. It ends when it is interrupted, after it has finished what it began.
    """
    try:
        from extension import service  # noqa: PLC0415  not everybody has what it needs
    except ModuleNotFoundError as error:
        fail(f"{error.name} is not installed: pip install --require-hashes -r requirements-service.txt")
    service.main()
