"""What replaying a log costs: time for each event and most memory, for logs of 100,000 to a million events.

Run by `python -m benchmarks.replay [--events 1000000] [--quick]`. Each log is read by a process of its own. Ratios
stand first; seconds are those of the machine that it runs on.
"""

import argparse
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from extension import envelopes, events, pipeline, records, replay, storage
from extension.deliveries import Callback
from extension.events import Event, FileSnapshot
from extension.logs import Span
from extension.payloads import FileOperation
from extension.rules import Policy

EVENTS = storage.ROOT / "events"

OLD = """
version: 1
language: en
defaults: {on_error: WARN}
rules:
  - {id: bulk-download, on: resources-download, check: download.rows, with: {max: 100000}}
  - {id: spreadsheets, on: resources-download, check: download.source, with: {deny: [dw_excel]}, result: WARN}
  - {id: people, on: [resources-download, commit-file], check: sql.tables, with: {deny: ["hr.*"]}}
  - {id: old-dates, on: backfill-data, check: backfill.days, with: {max: 31}}
  - {id: functions, on: [commit-file, deploy-file], check: file.functions, with: {deny: [MAX_PT]}}
  - {id: overwriting, on: upload-data-to-table, check: upload.overwrite, with: {allow: ["odps.sandbox.*"]}}
"""
NEW = """
version: 1
language: en
defaults: {on_error: WARN}
rules:
  - {id: bulk-download, on: resources-download, check: download.rows, with: {max: 20000}}
  - {id: spreadsheets, on: resources-download, check: download.source, with: {deny: [dw_excel]}, mode: shadow}
  - {id: people, on: [resources-download, commit-file], check: sql.tables, with: {deny: ["hr.*"], except: [hr.teams]}}
  - {id: stars, on: [resources-download, commit-file], check: sql.star, result: WARN}
  - {id: old-dates, on: backfill-data, check: backfill.days, with: {max: 7}}
  - {id: functions, on: [commit-file, deploy-file], check: file.functions, with: {deny: [MAX_PT, GET_JSON_OBJECT]}}
  - {id: overwriting, on: upload-data-to-table, check: upload.overwrite, with: {allow: ["odps.sandbox.*"]}}
  - {id: weekends, on: "*", check: calendar.freeze, with: {weekly: ["Sat - Sun"]}, result: WARN}
  - {id: large, on: resources-download, when: "event.dataRowSize > 5000 && operator.id != '100002'", result: WARN}
"""
"""The policies of the log and of the replay: rules of all kinds, by checks and by conditions."""

SQL = (
    "select order_id, sum(amount) as amount from shop.orders where ds = '20261127' group by order_id",
    "select * from hr.people p join hr.teams t on p.team = t.id where t.ds = '20261127' limit 100",
    "insert overwrite table dw.daily select a.id, get_json_object(a.body, '$.x') from ods.log a where a.ds = '1'",
)
ROWS = (12, 4_000, 60_000, 250_000)
USERS, WORKSPACES, DAYS = 2_000, 40, 30
_ID, _USER, _WORKSPACE = b"20260101T000000000000-000000000000", b"4242424242", b"575757"
"""What is put into the place of these texts differs from record to record."""


def prepared() -> list[bytes]:
    """A line for each event of the samples, with each of the SQL texts where it has SQL: as the service writes them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "policy.yaml"
        file.write_text(OLD, encoding="utf-8")
        policy = storage.load(file)
    lines = []
    for sample in sorted(EVENTS.glob("*.eventbridge.json")):
        for sql, rows in itertools.product(SQL, ROWS) if "download" in sample.name else ((text, 1) for text in SQL):
            lines.append(_line(sample, sql, rows, policy))
    return lines


def _line(sample: Path, sql: str, rows: int, policy: Policy) -> bytes:
    body: dict[str, Any] = json.loads(sample.read_bytes())
    said = body["data"]
    said |= {name: _USER.decode() for name in ("operator", "operatorUid") if name in said}
    said |= {name: int(_WORKSPACE) for name in ("projectId", "appId", "queryDwProjectId") if name in said}
    said |= {"sqlText": sql, "dataRowSize": rows} if "sqlText" in said else {}
    event: Event[Any] = envelopes.parse(json.dumps(body).encode())
    if isinstance(event.payload, FileOperation):
        event = msgspec.structs.replace(event, file=events.read(FileSnapshot, {"Content": sql, "FileType": 10}))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    event = msgspec.structs.replace(event, time=None)
    callback = Callback(outcome="posted", action=event.callback) if event.callback else Callback(outcome="not-needed")
    judgement = records.Judgement(
        event=event,
        verdict=pipeline.judge(event, policy, at),
        callback=callback,
        at=at,
        request_id="f1c4e2b0-0000-4000-8000-000000000000",
        switch="",
        judged_ms=3.2,
        total_ms=120.5,
    )
    record = msgspec.structs.replace(records.record(judgement), id=_ID.decode())
    return msgspec.json.encode(record) + b"\n"


def write(folder: Path, number: int) -> int:
    """Write a log of so many events into folders for days; how many bytes that is."""
    lines = prepared()
    size = 0
    day = datetime(2026, 10, 1, tzinfo=UTC)
    each = -(-number // DAYS)
    for first in range(0, number, each):
        file = folder / f"{day:%Y-%m-%d}" / "00000001.jsonl"
        file.parent.mkdir(parents=True)
        begin = f"{day:%Y-%m-%d}T0".encode()
        with file.open("wb") as out:
            for count in range(first, min(first + each, number)):
                identity = b"20261001T00000000%04d-%012x" % (count % 10_000, count)
                line = lines[count % len(lines)].replace(_ID, identity)
                line = line.replace(_USER, b"%d" % (100_000 + count * 7 % USERS))
                line = line.replace(_WORKSPACE, b"%d" % (900_000 + count * 3 % WORKSPACES))
                size += out.write(line.replace(b"2026-01-01T0", begin))
        day += timedelta(days=1)
    return size


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay took: of one process, or of all where there are more."""

    events: int
    jobs: int
    seconds: float
    cpu_seconds: float
    """Of all processes: the machine may have other things to do."""
    memory_mib: float
    """Most that the process that counts had at a time (VmHWM)."""
    bytes: int

    @property
    def per_event_us(self) -> float:
        """Microseconds of a core for each event."""
        return self.cpu_seconds / self.events * 1e6


def measured(folder: Path, policy: Path, jobs: int) -> None:
    """Replay a log in this process, and print what that took as JSON."""
    started = time.perf_counter()
    log = replay.find([str(folder)], Span())
    found = replay.replay(log, storage.load(policy), policy, jobs=jobs)
    seconds = time.perf_counter() - started
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    peak = next(line for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if "VmHWM" in line)
    figures = Figures(
        events=found.total.events,
        jobs=jobs,
        seconds=seconds,
        cpu_seconds=sum(each.ru_utime + each.ru_stime for each in used),
        memory_mib=int(peak.split()[1]) / 1024,
        bytes=log.size_bytes,
    )
    sys.stdout.write(msgspec.json.encode(figures).decode())


def run(folder: Path, policy: Path, jobs: int) -> Figures:
    """What a process of its own takes for a log."""
    words = [sys.executable, "-m", "benchmarks.replay", "--measure", str(folder), str(policy), str(jobs)]
    shown = subprocess.run(words, check=True, capture_output=True).stdout  # noqa: S603  this file
    return msgspec.json.decode(shown, type=Figures)


def report(found: Sequence[Figures]) -> Iterator[str]:
    """The table: CPU for each event and memory as multiples of the shortest log in one process."""
    unit = found[0]
    yield "| events | processes | CPU for each event | peak memory | CPU s | CPU us each | s | events/s | MiB |"
    yield "|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    for each in found:
        ratios = f"{each.per_event_us / unit.per_event_us:.2f}x | {each.memory_mib / unit.memory_mib:.2f}x"
        cpu = f"{each.cpu_seconds:.1f} | {each.per_event_us:.0f}"
        speed = f"{each.seconds:.1f} | {each.events / each.seconds:,.0f}"
        yield f"| {each.events:,} | {each.jobs} | {ratios} | {cpu} | {speed} | {each.memory_mib:.0f} |"


def main() -> None:
    """Print the figures, or those of one log."""
    if sys.argv[1:2] == ["--measure"]:
        measured(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="events of the longest log")
    parser.add_argument("--quick", action="store_true", help="a hundredth of that")
    arguments = parser.parse_args()
    most = arguments.events // (100 if arguments.quick else 1)
    found = []
    folder = Path()
    with tempfile.TemporaryDirectory() as place:
        policy = Path(place) / "new.yaml"
        policy.write_text(NEW, encoding="utf-8")
        for number in (most // 10, most * 3 // 10, most):
            folder = Path(place) / str(number)
            write(folder, number)
            found.append(run(folder, policy, 1))
        found.append(run(folder, policy, 2))
    for line in report(found):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
