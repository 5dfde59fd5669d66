"""`invoke`: one event through the real handler, against a DataWorks on loopback."""

import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.table import Table
from rich.text import Text

from extension import commands, local
from extension.screen import COLOURS, FILE, THERE, explained, fail, grid, show


@click.command()
@click.argument("event", type=FILE)
@click.option("--policy", type=THERE, help="Policy instead of policy.yaml.")
@click.option("--platform", type=FILE, help="YAML file with what DataWorks answers when asked.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON.")
def invoke(event: Path, policy: Path | None, platform: Path | None, *, as_json: bool) -> None:
    """Run the event in file EVENT through the real handler.

    The verdict goes to a DataWorks on loopback; no cloud account is needed. What rules ask of DataWorks it answers
    from the file PLATFORM: a mapping with snapshot (an EventDetail), options, parameters, roles (of the operator)
    and instances, each optional. Exits 0 for OK and WARN, 1 for FAIL, 2 for an error.
    """
    with explained(str(event)):
        body = event.read_bytes()
        asked = local.answers(platform.read_bytes(), str(platform)) if platform else local.Answers()
        variables = {"EXTENSION_POLICY": str(commands.in_force(policy).resolve())}
        run = local.invoke(body, variables, partial(asked.prepare, body=body))
    if run.verdict is None:
        fail(f"{event}: {msgspec.json.decode(str(run.returned.get('body')))['error']}")
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(run), indent=2).decode())
    else:
        _show(run, run.verdict)
    callback = msgspec.convert(run.verdict["callback"], dict[str, Any])
    if callback["error"]:
        fail(f"{event}: the callback was not taken: {callback['error']}")
    sys.exit(1 if run.verdict["result"] == "FAIL" else 0)


def _show(run: local.Run, verdict: dict[str, object]) -> None:
    """Print a run so that it is read at a glance."""
    result = str(verdict["result"])
    show(
        Text.assemble(
            (f" {result} ", f"bold reverse {COLOURS[result]}"),
            f"  {verdict['code']}  ",
            (str(verdict["message_id"]), "dim"),
        )
    )
    findings = msgspec.convert(verdict["findings"], list[dict[str, str]])
    if findings:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for column in ("rule", "check", "gives", "the user reads"):
            table.add_column(column, overflow="fold")
        for finding in findings:
            counts = finding["mode"] == "enforce"
            gives = Text(finding["result"], COLOURS[finding["result"]]) if counts else Text(finding["mode"], "dim")
            said = finding["text"].removeprefix(f"[{finding['rule']}] ")
            table.add_row(finding["rule"], finding["check"], gives, Text(said, "" if counts else "dim"))
        show(table)
    else:
        show(Text("no rule has a finding", "dim"))
    show(grid(*_circumstances(run, verdict, findings)))


def _circumstances(
    run: local.Run, verdict: dict[str, object], findings: list[dict[str, str]]
) -> Iterator[tuple[str, Text]]:
    """What came of a run beside its findings."""
    for finding in findings:
        for name in ("error", "exempt"):
            if finding[name]:
                yield name, Text(f"{finding['rule']}: {finding[name]}")
    for warning in msgspec.convert(verdict["warnings"], list[str]):
        yield "warning", Text(warning, "yellow")
    sql = msgspec.convert(verdict["sql"], dict[str, Any])
    if "engine" in sql:
        yield "sql", Text(_said_of(sql))
    for request in run.received:
        given = request.parameters.get("CheckResult")
        taken = "taken" if given else "answered"
        answer = taken if request.status == 200 else f"{request.status} {request.code}"  # noqa: PLR2004  HTTP's OK
        signature = "signature verified" if request.verified else "signature refused"
        said = f"{request.action} CheckResult={given}" if given else request.action
        yield "callback" if given else "asked", Text(f"{said}: {answer}, {signature}")
    callback = msgspec.convert(verdict["callback"], dict[str, Any])
    if callback["outcome"] != "posted":
        yield "callback", Text(f"{callback['outcome']} {callback['error']}".rstrip())
    judged, total = (msgspec.convert(verdict[name], float) for name in ("judged_ms", "total_ms"))
    yield "policy", Text(str(verdict["policy"]), "dim")
    spent = f"start {run.initialize_ms:.0f} ms, ask and judge {judged:.1f} ms, post {total - judged:.0f} ms"
    yield "time", Text(spent, "dim")


def _said_of(sql: Mapping[str, Any]) -> str:
    """What a run went by where SQL was read."""
    kinds = ", ".join(f"{kind} {number}" for kind, number in sql["statements"].items())
    unread = ", ".join(f"{reason} {number}" for reason, number in sql["unread"].items())
    project = f", project {sql['project']}" if sql["project"] else ", project not known"
    return f"{sql['engine']}{project}: {kinds or 'no statement'}" + (f"; by its words: {unread}" if unread else "")
