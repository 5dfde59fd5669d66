"""The costs as a picture. matplotlib is loaded here alone: `make bench` installs it."""

from pathlib import Path

from matplotlib.figure import Figure as Picture

from benchmarks.cold.report import ABOUT, FIGURES, Report

COLOURS = ("#8c8c8c", "#1f6fb4", "#6fb1e0", "#c9a227")
"""Of the processes, in their order."""


def draw(report: Report, path: Path) -> None:
    """Write the medians as horizontal bars into a PNG: a row for each condition, a column for each figure."""
    picture = Picture(figsize=(13, 2.0 * len(report.costs) + 0.8), layout="constrained")
    cells = picture.subplots(len(report.costs), len(FIGURES), sharey=True, sharex="col", squeeze=False)
    for row, (condition, costs) in zip(cells, report.costs.items(), strict=True):
        names = [ABOUT[name].replace(": ", ":\n").replace(", ", ",\n", 1) for name in costs]
        for cell, figure in zip(row, FIGURES, strict=True):
            values = [figure.shown(each) for each in costs.values()]
            bars = cell.barh(names, values, color=COLOURS[: len(names)])
            cell.bar_label(bars, fmt=f"{{:,.{figure.digits}f}}", padding=3, fontsize=9)
            cell.margins(x=0.15)
            cell.spines[["top", "right"]].set_visible(False)
            cell.tick_params(labelsize=8)
            cell.set_title(f"{condition}: {figure.name}, {figure.unit}", fontsize=10, loc="left")
        row[0].invert_yaxis()
    machine = report.machine
    picture.suptitle(
        f"Cold start to posted verdict, one process (medians; {machine.date}, Python {machine.python},"
        f" {machine.cores} cores)",
        fontsize=11,
    )
    picture.savefig(path, dpi=110, metadata={"Software": None})
