"""What came of it: ratios first, the targets, and then the absolute figures, as Markdown."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from benchmarks.cold.calls import FEW, MANY, Calls
from benchmarks.cold.packages import Size
from benchmarks.cold.runs import Condition, Cost

SAMPLE, DOWNLOAD, SQL, LIMIT = "sample", "download", "sql", "limit"
"""The processes."""

ABOUT = {
    SAMPLE: "the sample's handler: one rule in code, the SDK",
    DOWNLOAD: "ours, six download rules",
    SQL: "ours, three SQL rules, a query of 20 lines",
    LIMIT: "the limit: one rule, the standard library alone",
}

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
"""Between these the figures stand in a file."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when it was measured. `load` is the average before; `share` says how a share of a core was made."""

    date: str
    python: str
    system: str
    processor: str
    cores: int
    load: float
    share: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that was measured: costs by condition and process, sizes by folder. `notes` is what a reader must know."""

    machine: Machine
    costs: Mapping[Condition, Mapping[str, Sequence[Cost]]]
    sizes: Mapping[str, Size]
    calls: Sequence[Calls]
    notes: Sequence[str] = ()


class Ratio(msgspec.Struct, frozen=True):
    """The median of the ratios of all rounds, and between what the middle half of them is."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


class Figure(NamedTuple):
    """A figure of a process: how it is taken, the unit and how many of those, and its digits."""

    name: str
    of: Callable[[Cost], float]
    unit: str
    scale: float
    digits: int = 0

    def shown(self, costs: Sequence[Cost]) -> float:
        """The median in the unit."""
        return statistics.median(map(self.of, costs)) * self.scale


WALL = Figure("wall", lambda cost: cost.wall_s, "ms", 1e3)
CPU = Figure("CPU", lambda cost: cost.cpu_s, "ms", 1e3)
MEMORY = Figure("memory", lambda cost: float(cost.memory_bytes), "MB", 1e-6, 1)
FIGURES = (WALL, CPU, MEMORY)


def ratio(costs: Mapping[str, Sequence[Cost]], name: str, figure: Figure, base: str = SAMPLE) -> Ratio:
    """A figure of a process as a multiple of that of another in the same round."""
    pairs = zip(costs[name], costs[base], strict=True)
    each = [figure.of(ours) / figure.of(theirs) for ours, theirs in pairs]
    low, median, high = statistics.quantiles(each, n=4, method="inclusive") if len(each) > 1 else each * 3
    return Ratio(median, low, high)


def size_ratio(sizes: Mapping[str, Size], name: str) -> float:
    """What a folder takes, as a multiple of the sample's: of the two ways to count, the one that is worse for it."""
    ours, theirs = sizes[name], sizes[SAMPLE]
    return max(ours.files_bytes / theirs.files_bytes, ours.disk_bytes / theirs.disk_bytes)


SAMPLE_S = 0.43
"""What the sample takes as deployed on the machine that the targets in milliseconds are for."""


def slowness(report: Report) -> float:
    """How many times as long as there the sample takes here: targets in milliseconds are for that speed."""
    return statistics.median(cost.wall_s for cost in report.costs[Condition.DEPLOYED][SAMPLE]) / SAMPLE_S


class Target(NamedTuple):
    """What shall be: a figure of at most `most`, or below it."""

    words: str
    most: float
    of: Callable[[Report], float]
    below: bool = False

    def judge(self, report: Report) -> tuple[bool, float]:
        """Whether it is met, and what the figure is."""
        found = self.of(report)
        return found < self.most if self.below else found <= self.most, found


def _median(condition: Condition, name: str, figure: Figure) -> Callable[[Report], float]:
    return lambda report: ratio(report.costs[condition], name, figure).median


def _calls(report: Report, rules: int) -> Calls:
    return next(each for each in report.calls if each.kind.rules == rules and not each.kind.posts)


TARGETS = (
    Target("download rules, wall, of the sample's", 0.20, _median(Condition.DEPLOYED, DOWNLOAD, WALL)),
    Target("download rules, CPU, of the sample's", 0.20, _median(Condition.DEPLOYED, DOWNLOAD, CPU)),
    Target("download rules, memory, of the sample's", 0.45, _median(Condition.DEPLOYED, DOWNLOAD, MEMORY)),
    Target("SQL rules, wall, of the sample's", 0.45, _median(Condition.DEPLOYED, SQL, WALL)),
    Target(
        "unpacked: download rules, wall, of the sample's", 1, _median(Condition.UNPACKED, DOWNLOAD, WALL), below=True
    ),
    Target("unpacked: download rules, CPU, of the sample's", 1, _median(Condition.UNPACKED, DOWNLOAD, CPU), below=True),
    Target("package with the SDK, bytes, of the sample's", 0.90, lambda report: size_ratio(report.sizes, "ours")),
    Target("light package, bytes, of the sample's", 0.25, lambda report: size_ratio(report.sizes, "light")),
    Target(
        f"verdict under {FEW} rules without network, ms at the targets' speed",
        0.2,
        lambda report: _calls(report, FEW).verdict_ms / slowness(report),
        below=True,
    ),
    Target(
        f"loading {MANY:,} rules, ms at the targets' speed",
        50,
        lambda report: _calls(report, MANY).load_ms / slowness(report),
        below=True,
    ),
)


def missed(report: Report) -> Sequence[str]:
    """The targets that are not met."""
    return [target.words for target in TARGETS if not target.judge(report)[0]]


def markdown(report: Report) -> str:
    """The whole report."""
    parts = (_ratios(report), _targets(report), _costs(report), _sizes(report), _warm(report), _where(report))
    return "\n\n".join("\n".join(part) for part in parts)


def write(text: str, figures: str) -> str:
    """A file's text with the figures between its markers, and nothing else changed. Raises ValueError without these."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"expected {BEGIN} and, after it, {END}, once each")
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{figures}\n\n{END}{rest.partition(END)[2]}"


def _table(*rows: Sequence[str]) -> Iterator[str]:
    """Rows of Markdown, the first of which has the names of the columns."""
    names, *others = (f"| {' | '.join(row)} |" for row in rows)
    yield names
    yield f"|---|{'---|' * (len(rows[0]) - 1)}"
    yield from others


def _ratios(report: Report) -> Iterator[str]:
    rows = [
        (condition.value, ABOUT[name], *(str(ratio(costs, name, figure)) for figure in FIGURES))
        for condition, costs in report.costs.items()
        for name in costs
        if name != SAMPLE
    ]
    yield "Cold start as a share of the sample's: the median of all rounds (and the middle half of them)."
    yield ""
    yield from _table(("condition", "process", *(figure.name for figure in FIGURES)), *rows)


def _targets(report: Report) -> Iterator[str]:
    rows: list[Sequence[str]] = []
    for target in TARGETS:
        met, found = target.judge(report)
        bound = f"{'less than' if target.below else 'at most'} {target.most:g}"
        rows.append((target.words, bound, f"{found:.3g}", "met" if met else "**not met**"))
    yield from _table(("target", "", "measured", ""), *rows)


def _costs(report: Report) -> Iterator[str]:
    rows: list[Sequence[str]] = []
    for condition, costs in report.costs.items():
        for name, each in costs.items():
            had = statistics.median(cost.cpu_s / cost.wall_s for cost in each)
            modules = statistics.median(cost.modules for cost in each)
            shown = [f"{figure.shown(each):.{figure.digits}f}" for figure in FIGURES]
            rows.append((condition.value, ABOUT[name], *shown, f"{modules:.0f}", f"{had:.2f}"))
    units = [f"{figure.name}, {figure.unit}" for figure in FIGURES]
    yield "Medians of one process, from its start to its end:"
    yield ""
    yield from _table(("condition", "process", *units, "modules", "CPU had, cores"), *rows)


def _sizes(report: Report) -> Iterator[str]:
    base = report.sizes[SAMPLE]
    rows = [
        (
            name,
            f"{size.files_bytes / base.files_bytes:.2f}",
            f"{size.disk_bytes / base.disk_bytes:.2f}",
            f"{size.files_bytes / 1e6:.2f}",
            f"{size.disk_bytes / 1e6:.2f}",
        )
        for name, size in report.sizes.items()
    ]
    columns = ("deployed", "files, of the sample's", "disk, of the sample's", "files, MB", "disk, MB")
    yield from _table(columns, *rows)


def _warm(report: Report) -> Iterator[str]:
    rows = [
        (
            f"{calls.kind.rules:,} rules{', posted' if calls.kind.posts else ', no network'}",
            f"{calls.verdict_ms:.3f}",
            f"{calls.call_ms:.3f}",
            f"{calls.first_call_ms:.1f}",
            f"{calls.load_ms:.2f}",
            f"{calls.first_load_ms:.1f}",
        )
        for calls in report.calls
    ]
    columns = (
        "warm, ours",
        "verdict alone, ms",
        "whole call, ms",
        "first call, ms",
        "loading the policy, ms",
        "first load, ms",
    )
    yield from _table(columns, *rows)


def _where(report: Report) -> Iterator[str]:
    machine = report.machine
    rounds = len(next(iter(next(iter(report.costs.values())).values())))
    yield (
        f"Measured on {machine.date} (rounds: {rounds}, after one to warm up): Python {machine.python},"
        f" {machine.system}, {machine.cores} cores ({machine.processor}), load average"
        f" {machine.load:.1f} before. The share of a core: {machine.share}."
    )
    yield from report.notes
