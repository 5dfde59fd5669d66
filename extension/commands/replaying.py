"""`replay`: recorded events, judged by another policy."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from extension import replay, storage
from extension.logs import Span
from extension.screen import COLOURS, NEW, THERE, explained, fail, grid, show, warn
from extension.verdict import Language, clean

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("replay")
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@click.option("--policy", "path", type=THERE, required=True, help="The policy to judge by.")
@click.option("--since", type=_DAY, metavar="DAY", help="First day to look at, in UTC: 2026-11-01.")
@click.option("--until", type=_DAY, metavar="DAY", help="Last day to look at.")
@click.option("--html", type=NEW, metavar="FILE", help="Write a report to FILE, which stands alone.")
@click.option(
    "--lang",
    type=click.Choice([each.value for each in Language]),
    help="Language of the report; by default the policy's.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@click.option("--sample", type=click.IntRange(0, 1000), default=replay.EXAMPLES, show_default=True,
              help="Most events of each kind of change that are named.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 64), help="Processes that read a long log; by default one a core.")
def replay_log(  # noqa: PLR0913  an option each
    *,
    logs: tuple[str, ...],
    path: Path,
    since: datetime | None,
    until: datetime | None,
    html: Path | None,
    lang: str | None,
    sample: int,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Judge recorded events under another policy, and say what changes.

    LOG is a folder of recorded verdicts, a file of such (.jsonl, .jsonl.gz), - for standard input, or the URL of a
    database. Nothing is asked of DataWorks, and nothing is posted. An event is not decidable where its record does not
    hold what a rule needs; nothing is guessed. Exits 0, or 2 for an error.
    """
    render = None if html is None else _report()
    if html and not html.parent.is_dir():
        fail(f"--html: {html.parent}: no such folder")
    with explained(parameter="LOG"):
        judged_by = storage.load(path.resolve())
        log = replay.find(logs, Span(since and since.date(), until and until.date()))
        with _progress(log.size_bytes) as done:
            found = replay.replay(
                log, judged_by, path.resolve(), jobs=jobs or os.cpu_count() or 1, sample=sample, done=done
            )
    if html and render:
        with explained(str(html), parameter="--html"):
            html.write_text(render(found, Language(lang) if lang else judged_by.language), encoding="utf-8")
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        _show_replay(found)
    for name, strange in found.files.items():
        _warn_of(name, strange)


def _report() -> Callable[[replay.Replay, Language], str]:
    """What makes a page of a replay."""
    try:
        from extension.pages import report  # noqa: PLC0415  what it needs is not there where nobody serves pages
    except ModuleNotFoundError as error:
        if error.name not in ("jinja2", "markupsafe"):
            raise
        fail("--html: Jinja2 is not installed; requirements-service.txt and requirements-dev.txt have it")
    return report.render


def _warn_of(name: str, strange: replay.Strange) -> None:
    """Say what of a file could not be used."""
    if strange.log_lines:
        warn(
            f"{name}: {strange.log_lines:,} lines are of Function Compute's log, which holds too little of an event to"
            " judge it again: replay the recorded verdicts instead (EXTENSION_RECORDS)"
        )
    if rest := strange.lines - strange.log_lines:
        warn(f"{name}: {rest:,} lines are no record of a verdict, and were left out")
    if strange.broken:
        warn(f"{name}: could not be read to its end: {strange.broken}")


@contextmanager
def _progress(size_bytes: int) -> Iterator[replay.Progress]:
    """Show on a terminal how much is done: of files in bytes, of all else in events."""
    if not sys.stderr.isatty():
        yield lambda _, __: None
        return
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[events]:,} events"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=size_bytes or None, events=0)

        def done(more_bytes: int, more_events: int) -> None:
            bar.update(task, advance=more_bytes, events=bar.tasks[0].fields["events"] + more_events)

        yield done


_ROWS = 10
"""Most rows of a table on the terminal; --json and --html have all."""


def _show_replay(found: replay.Replay) -> None:
    """Print what a policy changes so that it is read at a glance."""
    total = found.total
    show(
        Text.assemble(
            (
                f" {total.newly_blocked:,} newly blocked ",
                f"bold reverse {COLOURS['FAIL' if total.newly_blocked else 'OK']}",
            ),
            f"  {total.newly_warned:,} newly warned, {total.newly_passed:,} newly passed,"
            f" {found.unchanged:,} unchanged, {total.undecided:,} not decidable",
        ),
        "",
    )
    show(grid(*_accounts(found)), "")
    if changes := replay.changes(found):
        show(_table(("recorded", "now", "events", "for example"), (_changed(found, *each) for each in changes)), "")
    show(_table(_OF_A_RULE, (_effect(*each) for each in replay.by_effect(found))))
    for title, rows in (("workspace", found.workspaces), ("operator", found.operators), ("event", found.codes)):
        if shown := replay.by_change(rows)[:_ROWS]:
            show("", _table((title, *_OF_A_CHANGE), (_change(*each) for each in shown)))


_OF_A_RULE = ("rule", "hits before", "hits now", "newly blocked", "newly let by", "shadow hits", "not known")
_OF_A_CHANGE = (
    *("events", "blocked before", "blocked now", "newly blocked", "newly warned", "newly passed", "not known"),
)


def _accounts(found: replay.Replay) -> Iterator[tuple[str, Text]]:
    """What was read, and what to know of the figures."""
    total, days = found.total, sorted(found.days)
    span = f", {days[0]} to {days[-1]}" if days else ""
    yield "events", Text(f"{total.events:,}{span}; {found.judged:,} with a rule for them")
    yield "policy", Text(found.policy)
    before = sorted(found.policies.items(), key=lambda each: -each[1])
    listed = ", ".join(f"{clean(name)} ({number:,})" for name, number in before[:_POLICIES])
    more = f" and {len(before) - _POLICIES:,} more" if len(before) > _POLICIES else ""
    if before:
        yield "before", Text(f"{listed}{more}")
    for number, meaning in (
        (found.switched, "were let pass by EXTENSION_MODE or a parameter: compared is what their policy decided"),
        (found.unknown_before, "have no verdict to compare with: nothing was judged, or not all findings were kept"),
        (found.accidents, "of the changes are of verdicts that came of an error, or of time that had run out"),
        (found.left_out, "are of other days"),
        (found.strange, "lines are no record"),
    ):
        if number:
            yield "note", Text(f"{number:,} {meaning}", "yellow")


_POLICIES = 3


def _changed(found: replay.Replay, before: str, now: str, number: int) -> tuple[RenderableType, ...]:
    """A row of the table of transitions."""
    example = next(iter(found.examples.get(f"{before}>{now}", ())), None)
    named = f"{example.at} {clean(example.code)} {clean(example.id)}" if example else ""
    said = {replay.UNKNOWN: "not known"}
    verdicts = (Text(said.get(each, each), COLOURS.get(each, "dim")) for each in (before, now))
    return (*verdicts, f"{number:,}", Text(named, "dim"))


def _effect(rule: str, effect: replay.Effect) -> tuple[RenderableType, ...]:
    """A row of the table of rules."""
    numbers = msgspec.structs.astuple(effect)
    return (Text(clean(rule)), *(f"{number:,}" for number in numbers))


def _change(name: str, change: replay.Change) -> tuple[RenderableType, ...]:
    """A row of a table of what changes for whom or what."""
    return (Text(clean(name)), *(f"{number:,}" for number in msgspec.structs.astuple(change)))


_VERDICTS = ("recorded", "now", "for example")
_NAME_COLUMNS = 18


def _table(heads: tuple[str, ...], rows: Iterable[tuple[RenderableType, ...]]) -> Table:
    """A table without lines, numbers to the right. The first column leaves room for a name."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for head in heads:
        names = head == heads[0] and head not in _VERDICTS
        left = names or head in _VERDICTS[:2]
        table.add_column(
            head if left or head in _VERDICTS else head.replace(" ", "\n", 1),  # seven of them fit into 80 characters
            justify="left" if left or head == _VERDICTS[-1] else "right",
            overflow="fold",
            min_width=_NAME_COLUMNS if names else None,
        )
    for row in rows:
        table.add_row(*row)
    return table
