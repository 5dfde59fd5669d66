"""Runs the load and prints what came of it: `python -m benchmarks.load --help`."""

import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.load.account import Account, Sent, account
from benchmarks.load.platform import Shape, Size, opened

SHOWN = 5
"""Most events and errors of a kind that are named."""


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """How long the invocations of some events took."""

    p50_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def of(cls, sent: Sequence[Sent]) -> "Times":
        """Those of these events; zeros for none."""
        took = sorted(outcome.ms for event in sent for outcome in event.outcomes) or [0.0]
        hundredths = statistics.quantiles(took, n=100, method="inclusive") if len(took) > 1 else took * 99
        return cls(p50_ms=hundredths[49], p99_ms=hundredths[98], max_ms=took[-1])


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run: of `warmed_up` events without faults, and then of events with faults, for so many seconds.

    `calls` are those of DataWorks that were made, `faults` those of them that met one, by its kind; `refusing` counts
    how often it refused connections for a while. `sizes` are those of all instances at some moments; before the one of
    the place `warm` there were no faults.
    """

    shape: Shape
    account: Account
    warmed_up: int
    seconds: float
    without_faults: Times
    with_faults: Times
    calls: int
    faults: Mapping[str, int]
    refusing: int
    sizes: Sequence[Sequence[Size]]
    warm: int

    @property
    def growth(self) -> float:
        """The memory that instances take in the end, as a multiple of that after the warm-up; of the worst of them."""
        return max(
            end.rss_bytes / start.rss_bytes for start, end in zip(self.sizes[self.warm], self.sizes[-1], strict=True)
        )


def run(  # noqa: PLR0913  what a run can be like
    shape: Shape, *, events: int, warm_up: int, seconds: float, rate: float, share: float, seed: int
) -> Report:
    """Send events without faults, so that what is bounded in an instance is full, and then those with faults."""
    with opened(shape, seed) as place:
        platform, until = place.platform, time.monotonic() + seconds
        platform.send(warm_up, rate, until)
        warmed_up, warm = len(platform.sent), len(platform.sizes) - 1
        place.fail(share)
        started = time.monotonic()
        platform.send(events, rate, until)
        ended = time.monotonic()
        taken = place.taken()
    return Report(
        shape=shape,
        account=account(platform.sent, taken.verdicts, shape.timeout_s),
        warmed_up=warmed_up,
        seconds=ended - started,
        without_faults=Times.of(platform.sent[:warmed_up]),
        with_faults=Times.of(platform.sent[warmed_up:]),
        calls=taken.calls,
        faults=taken.faults,
        refusing=taken.refusing,
        sizes=platform.sizes,
        warm=warm,
    )


def rows(report: Report) -> Iterator[tuple[str, str, str]]:
    """A share or a ratio, the figure behind it, and what it is of."""
    found = report.account

    def share(part: int, whole: int, about: str) -> tuple[str, str, str]:
        return f"{part / max(whole, 1):.2%}", f"{part:,}", about

    def ratio(before: float, after: float, form: str, about: str) -> tuple[str, str, str]:
        return f"{after / before:.3f}x" if before else "", f"{before:{form}} to {after:{form}}", about

    yield share(len(found.lost), found.blocking, f"lost, of {found.blocking:,} that somebody waits for")
    yield share(len(found.doubled), found.events, f"doubled, of {found.events:,} events")
    yield share(len(found.wrong), found.events, "with another verdict than theirs")
    yield share(len(found.unexpected), found.deliveries, f"unexpected errors, of {found.deliveries:,} deliveries")
    yield share(len(found.overdue), found.events, f"with an invocation of more than {report.shape.timeout_s} s")
    for number, (start, end) in enumerate(zip(report.sizes[report.warm], report.sizes[-1], strict=True), 1):
        yield ratio(start.rss_bytes / 1e6, end.rss_bytes / 1e6, ".1f", f"MB of instance {number}, start to end")
        yield ratio(start.threads, end.threads, "", f"threads of instance {number}")
        yield ratio(start.files, end.files, "", f"open files of instance {number}")
    calm, stormy = report.without_faults, report.with_faults
    yield ratio(calm.p50_ms, stormy.p50_ms, ".1f", "ms of the handler, without and with faults: p50")
    yield ratio(calm.p99_ms, stormy.p99_ms, ".1f", "  p99")
    yield ratio(calm.max_ms, stormy.max_ms, ".0f", "  at most")
    for verdict, count in sorted(found.verdicts.items()):
        yield share(count, found.blocking, f"{verdict} at DataWorks")
    yield share(found.returned_only, found.blocking, "without a callback, but returned")
    yield share(sum(found.raised.values()), found.deliveries, "deliveries that ended in an error")
    yield share(found.posted_again, found.blocking, "posted again after a lost answer")
    yield share(found.posted_by_others, found.blocking, "posted again by another delivery")
    yield share(sum(report.faults.values()), report.calls, f"calls that met a fault, of {report.calls:,}")
    for fault, count in sorted(report.faults.items()):
        yield share(count, report.calls, f"  {fault}")
    yield "", f"{report.refusing:,}", "times connections were refused for a while"
    events = found.events - report.warmed_up
    yield "", f"{events / report.seconds:.0f}", f"events a second, {events:,} in {report.seconds:.0f} s"


@click.command()
@click.option("--events", default=20_000, show_default=True, help="Events with faults.")
@click.option("--warm-up", default=2_500, show_default=True, help="Events without faults before.")
@click.option("--seconds", default=600.0, show_default=True, help="No event is sent later than that.")
@click.option("--rate", default=100.0, show_default=True, help="Events a second, where that can be kept up.")
@click.option("--instances", default=2, show_default=True, help="Instances of the function.")
@click.option("--concurrency", default=2, show_default=True, help="Invocations at a time in each.")
@click.option("--timeout", "timeout_s", default=6, show_default=True, help="The function's timeout in seconds.")
@click.option("--share", default=0.05, show_default=True, help="Share of calls that meet a fault.")
@click.option("--growth", default=5.0, show_default=True, help="Percent that memory may grow by.")
@click.option("--seed", default=1, show_default=True, help="Seed of all that is left to chance.")
@click.option("--handler", default="handler", show_default=True, help="Module of the handler.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def main(  # noqa: PLR0913  the options
    *,
    events: int,
    warm_up: int,
    seconds: float,
    rate: float,
    instances: int,
    concurrency: int,
    timeout_s: int,
    share: float,
    growth: float,
    seed: int,
    handler: str,
    as_json: bool,
) -> None:
    """Send events to instances of the function while calls of DataWorks fail in every way.

    Exits 1 if a verdict was lost, doubled, wrong or late, if something unexpected was raised, or if memory grew.
    """
    if not Path("/proc/self/status").exists():
        raise click.ClickException("how much memory a process takes is only known on Linux")
    shape = Shape(instances=instances, concurrency=concurrency, timeout_s=timeout_s, handler=handler)
    report = run(shape, events=events, warm_up=warm_up, seconds=seconds, rate=rate, share=share, seed=seed)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2))
    else:
        table = Table("share or ratio", "figure", "of", box=None, padding=(0, 2, 0, 0))
        for column in table.columns[:2]:
            column.justify = "right"
        for row in rows(report):
            table.add_row(*row)
        Console().print(table)
        for trace in report.account.unexpected[:SHOWN]:
            click.echo(trace)
        for name in ("lost", "doubled", "wrong", "overdue"):
            if ids := getattr(report.account, name)[:SHOWN]:
                click.echo(f"{name}: {', '.join(ids)}")
    sys.exit(0 if report.account.sound and report.growth <= 1 + growth / 100 else 1)


if __name__ == "__main__":
    main()
