"""What a call costs where the process is warm: with the callback and without, under few rules and under many."""

import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.cold import packages, runs
from benchmarks.cold.packages import HERE
from benchmarks.cold.runs import SAMPLE_EVENT, VerdictError, variables
from extension.local import DataWorks
from extension.storage import ROOT

POLICY = "download.yaml"
FEW, MANY = 20, 1000
CALLS, LOADS = 500, 11


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of calls: under so many rules, and whether the verdict is posted."""

    rules: int
    posts: bool = False


class Calls(msgspec.Struct, frozen=True, kw_only=True):
    """What the calls of a kind take: the first load and call of a process apart, medians of the others.

    A verdict is the part of a call from the event's bytes to the message.
    """

    kind: Kind
    first_load_ms: float
    load_ms: float
    first_call_ms: float
    call_ms: float
    verdict_ms: float


DOWNLOAD_RULES = 6
"""Rules of the policy that the processes have, too."""

KINDS = (
    Kind(rules=DOWNLOAD_RULES, posts=True),
    Kind(rules=DOWNLOAD_RULES),
    Kind(rules=FEW),
    Kind(rules=MANY),
)


def policy(rules: int) -> str:
    """A policy of so many rules: those on downloads over and over, of which the first alone hits the sample event."""
    head, *own = (HERE / "policies" / POLICY).read_text(encoding="utf-8").split("\n  - id: ")
    harmless = [rule.replace("max: 100000}", "max: 1000000}") for rule in own]
    every = own + [
        harmless[number % len(own)].replace("\n", f"-{number}\n", 1) for number in range(len(own), max(rules, len(own)))
    ]
    return "".join((head, *(f"\n  - id: {rule}" for rule in every[:rules])))


def measure(kind: Kind, folder: Path, dataworks: DataWorks, python: Path, processes: int) -> Calls:
    """Measure the calls of a kind; the medians of several processes. Raises VerdictError for a wrong verdict."""
    added = packages.add(folder, f"rules-{kind.rules}.yaml", policy(kind.rules).encode())
    environment = variables(dataworks, folder, str(added))
    environment |= {
        "PYTHONPATH": f"{folder}:{folder / 'python'}:{ROOT}",
        "DATAWORKS_CALLBACK": "on" if kind.posts else "off",
    }
    taken = [_measured(kind, environment, dataworks, python, folder) for _ in range(processes)]
    names = ("first_load_ms", "load_ms", "first_call_ms", "call_ms", "verdict_ms")
    return Calls(kind=kind, **{name: statistics.median(getattr(each, name) for each in taken) for name in names})


class _Told(msgspec.Struct, kw_only=True):
    """What a process prints."""

    first_load_ms: float
    load_ms: float
    first_call_ms: float
    call_ms: float
    verdict_ms: float


def _measured(kind: Kind, environment: dict[str, str], dataworks: DataWorks, python: Path, folder: Path) -> _Told:
    dataworks.received.clear()
    dataworks.verdicts.clear()
    ended = subprocess.run(  # noqa: S603  our own
        _command(python), env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise VerdictError(f"calls under {kind.rules} rules ended with {ended.returncode}:\n{ended.stderr}")
    due = CALLS + 1 if kind.posts else 0
    if list(dataworks.verdicts.values()) != [["FAIL"]] * due:
        raise VerdictError(f"{due} calls have to post FAIL, {len(dataworks.verdicts)} posted something")
    return msgspec.json.decode(ended.stdout, type=_Told)


def _command(python: Path) -> Sequence[str]:
    """The folder of `-m` is not to be on the path: the package is there by its own place."""
    return [str(python), *runs.ALONE, "-P", "-m", "benchmarks.cold.warm", str(SAMPLE_EVENT), str(CALLS), str(LOADS)]
