"""Measures, prints and writes what cold starts cost: `python -m benchmarks.cold --help`."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from benchmarks.cold import calls, packages, report, runs, shares
from benchmarks.cold.packages import BUILD, HERE
from benchmarks.cold.report import DOWNLOAD, LIMIT, SAMPLE, SQL, Machine, Report
from benchmarks.cold.runs import KEY, SAMPLE_EVENT, Condition, Subject
from extension.local import EXTENSION_CODE, DataWorks
from extension.storage import ROOT

QUICK = 3
README, PICTURE = ROOT / "benchmarks" / "README.md", ROOT / "benchmarks" / "cold.png"
REMEMBERS = 1000
"""Requests that DataWorks keeps in mind: each process is looked at as soon as it ends."""


def subjects(sample: Path, ours: Path, limit: Path) -> Sequence[Subject]:
    """What is started in turns, from these folders; the policies of ours are put into its folder."""
    policies = {
        name: str(packages.add(ours, f"{name}.yaml", (HERE / "policies" / f"{name}.yaml").read_bytes()))
        for name in (DOWNLOAD, SQL)
    }
    query = BUILD / "query.json"
    query.write_bytes(runs.said((HERE / "query.sql").read_text(encoding="utf-8")))
    rows = "123,456 rows"
    return (
        Subject(name=SAMPLE, folder=sample, event=SAMPLE_EVENT, says=rows),
        Subject(name=DOWNLOAD, folder=ours, event=SAMPLE_EVENT, policy=policies[DOWNLOAD], says=rows),
        Subject(name=SQL, folder=ours, event=query, policy=policies[SQL], says="hr.users.phone"),
        Subject(name=LIMIT, folder=limit, event=SAMPLE_EVENT, says=rows),
    )


def measure(python: Path, rounds: int, processes: int) -> Report:
    """Build what is missing, and run everything."""
    folders = {
        SAMPLE: packages.sample(python),
        "ours": packages.ours(python),
        LIMIT: packages.limit(python),
    }
    sizes = {name: packages.size(folder) for name, folder in folders.items()}
    sizes["light"] = packages.size(packages.ours(python, light=True))
    load, *_ = os.getloadavg()
    as_deployed = subjects(*folders.values())
    unpacked = subjects(*(packages.unpacked(folder) for folder in folders.values()))
    costs = {}
    with DataWorks(keys=[KEY], extension_code=EXTENSION_CODE, remembers=REMEMBERS) as dataworks:
        click.echo(f"{rounds} rounds of each condition", err=True)
        costs[Condition.DEPLOYED] = runs.rounds(as_deployed, dataworks, python, rounds)
        costs[Condition.UNPACKED] = runs.rounds(unpacked, dataworks, python, rounds)
        with shares.limited() as way:
            click.echo(f"a share of a core: {way.words}", err=True)
            costs[Condition.SHARE] = runs.rounds(as_deployed, dataworks, python, rounds, way.prefix)
        warm = [calls.measure(kind, folders["ours"], dataworks, python, processes) for kind in calls.KINDS]
    return Report(
        machine=machine(python, load, way.words), costs=costs, sizes=sizes, calls=warm, notes=notes(folders["ours"])
    )


def notes(ours: Path) -> Sequence[str]:
    """What would make the figures worse than those of a deployed function, where it is so."""
    if packages.byte_code(ours):
        return ()
    return ("The package had no byte code of Python 3.12: its figures are those of a start that compiles everything.",)


def machine(python: Path, load: float, share: str) -> Machine:
    """Where this is, and when."""
    asked = [str(python), "-I", "-c", "import platform; print(platform.python_version())"]
    version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603  a Python
    return Machine(
        date=datetime.now(UTC).date().isoformat(),
        python=version,
        system=f"{platform.system()} {platform.machine()}",
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        load=load,
        share=share,
    )


def _processor() -> str:
    told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.partition(":")[2].strip() for line in told if line.startswith("model name")), "unknown processor")


def _drawing() -> Callable[[Report, Path], None]:
    """What draws; known before anything is measured, so that nothing is measured in vain."""
    try:
        from benchmarks.cold import figure  # noqa: PLC0415  only who draws needs matplotlib
    except ImportError:
        raise click.ClickException("matplotlib is needed to draw: make bench installs it") from None
    return figure.draw


@click.command()
@click.option("--rounds", default=15, show_default=True, help="Rounds that count; one before them warms up.")
@click.option("--quick", is_flag=True, help=f"{QUICK} rounds, to see that it works.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all figures there.")
@click.option("--write", is_flag=True, help="Put the figures into benchmarks/README.md and draw benchmarks/cold.png.")
@click.option("--check", is_flag=True, help="Exit 1 if a target is missed.")
def main(*, rounds: int, quick: bool, json_file: Path | None, write: bool, check: bool) -> None:
    """Start handlers as whole processes in turns, against a DataWorks on loopback, and compare what they cost."""
    if not Path("/proc/self/status").exists():
        raise click.ClickException("how much memory a process takes is only known on Linux")
    draw = _drawing() if write else None
    try:
        found = measure(packages.python312(), QUICK if quick else rounds, 1 if quick else QUICK)
    except (LookupError, RuntimeError) as error:
        raise click.ClickException(str(error)) from error
    text = report.markdown(found)
    click.echo(text)
    if json_file:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2))
    if draw:
        draw(found, PICTURE)
        shown = f"{text}\n\n![The same costs as bars]({PICTURE.name})"
        README.write_text(report.write(README.read_text(encoding="utf-8"), shown), encoding="utf-8")
    missed = report.missed(found)
    for words in missed:
        click.echo(f"missed: {words}", err=True)
    sys.exit(1 if check and missed else 0)


if __name__ == "__main__":
    main()
