"""Command line: reads arguments, calls a room, prints. `python -m extension VERB`."""

import io
import sys
from pathlib import Path
from typing import NoReturn, cast

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from extension import __version__, edges, local
from extension.errors import ConfigurationError, ExtensionError, PolicyError

_COLOURS = {"OK": "green", "WARN": "yellow", "FAIL": "red"}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="extension")
def main() -> None:
    """Check DataWorks operations against a policy, and answer them."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that has no Chinese shall not cost anybody the verdict
        cast("io.TextIOWrapper", stream).reconfigure(errors="replace")


@main.command()
@click.argument("event", type=click.Path(path_type=Path))
@click.option("--policy", type=click.Path(path_type=Path), help="Policy file instead of policy.yaml.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON.")
def invoke(event: Path, policy: Path | None, *, as_json: bool) -> None:
    """Run the event in file EVENT through the real handler.

    The verdict goes to a DataWorks on loopback; no cloud account is needed. Exits 0 for OK and WARN, 1 for FAIL, 2 for
    an error.
    """
    try:
        body = event.read_bytes()
    except OSError as error:
        _fail(f"{event}: {(error.strerror or str(error)).lower()}")
    try:
        run = local.invoke(body, {"EXTENSION_POLICY": str(policy.resolve())} if policy else {})
    except PolicyError as error:
        _fail(str(error))
    except ConfigurationError as error:
        _fail(f"environment variable {error}")
    except ExtensionError as error:
        _fail(f"{event}: {error}")
    if run.verdict is None:
        _fail(f"{event}: {run.returned.get('body')}")
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(run), indent=2).decode())
    else:
        _show(run, run.verdict)
    callback = msgspec.convert(run.verdict["callback"], dict[str, str])
    if callback["error"]:
        _fail(f"{event}: the callback was not taken: {callback['error']}")
    sys.exit(1 if run.verdict["result"] == "FAIL" else 0)


@main.group()
def policy() -> None:
    """Work on policies."""


@policy.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
def check(path: Path | None) -> None:
    """Validate the policy at PATH (policy.yaml where none is given). Exits 0, or 2 with every error in it."""
    try:
        found = edges.load_policy((path or edges.environment().policy).resolve())
    except ExtensionError as error:
        _fail(str(error))
    click.echo(f"{found.file}: valid, rules: {len(found.rules)}, events: {len(found.plan)}, digest: {found.digest}")


def _fail(problem: str) -> NoReturn:
    """Say what is wrong, a line a problem, and exit 2."""
    for line in problem.splitlines():
        click.echo(f"error: {line}", err=True)
    sys.exit(2)


def _show(run: local.Run, verdict: dict[str, object]) -> None:
    """Print a run so that it is read at a glance."""
    console = Console(highlight=False)
    result = str(verdict["result"])
    head = Text.assemble(
        (f" {result} ", f"bold reverse {_COLOURS[result]}"),
        f"  {verdict['code']}  ",
        (str(verdict["message_id"]), "dim"),
    )
    console.print(head)
    findings = msgspec.convert(verdict["findings"], list[dict[str, str]])
    if findings:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for column in ("rule", "check", "gives", "the user reads"):
            table.add_column(column, no_wrap=column != "the user reads", overflow="fold")
        for finding in findings:
            shadow = finding["mode"] == "shadow"
            gives = Text("shadow", "dim") if shadow else Text(finding["result"], _COLOURS[finding["result"]])
            said = finding["text"].removeprefix(f"[{finding['rule']}] ")
            table.add_row(Text(finding["rule"]), finding["check"], gives, Text(said, "dim" if shadow else ""))
        console.print(table)
    else:
        console.print(Text("no rule has a finding", "dim"))
    for request in run.received:
        answer = "taken" if request.status == 200 else f"{request.status} {request.code}"  # noqa: PLR2004  HTTP's OK
        signature = "signature verified" if request.verified else "signature refused"
        result = request.parameters.get("CheckResult", "")
        console.print(Text(f"callback  {request.action} CheckResult={result}: {answer}, {signature}"))
    if not run.received:
        callback = msgspec.convert(verdict["callback"], dict[str, str])
        console.print(Text(f"callback  {callback['outcome']} {callback['error']}".rstrip()))
    judged, total = (msgspec.convert(verdict[name], float) for name in ("judged_ms", "total_ms"))
    console.print(Text(f"policy    {verdict['policy']}", "dim"))
    console.print(
        Text(f"time      start {run.initialize_ms:.0f} ms, judge {judged:.1f} ms, post {total - judged:.0f} ms", "dim")
    )


if __name__ == "__main__":
    main(prog_name="python -m extension")
