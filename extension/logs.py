"""Recorded events to be judged again: where they are, and how they are read, in little memory however many there are.

A log is a folder of JSON lines, one `Record` a line, by day (`2026-11-27/*.jsonl`) or flat; a file of them, also
compressed; standard input; or a database. What is no record is counted, and stops nothing.
"""

import errno
import gzip
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, cast

import msgspec

from extension.errors import ConfigurationError, StoreError
from extension.records import Record

STDIN = "-"
"""The log that is standard input."""

PART_BYTES = 2 * 1024 * 1024
"""About how much of a file is read at a time: fewer records than are counted one by one, see `replay.KEYS`."""

MAX_LINE_BYTES = 4 * 1024 * 1024
"""Longest line that is read: several times what a record can have."""


class Part(msgspec.Struct, frozen=True):
    """A part of a file: the lines that begin in it. What is compressed, and a stream, is read as a whole."""

    name: str
    start: int = 0
    end: int = 0
    """Where it ends, 0 for where the file does."""
    size_bytes: int = 0
    """How much of the disk it takes, 0 where that is not known."""


class Span(msgspec.Struct, frozen=True):
    """Days that are looked at, in UTC; None for no limit."""

    first: date | None = None
    last: date | None = None

    def holds(self, day: date) -> bool:
        """Whether a day is looked at."""
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)


def is_database(place: str) -> bool:
    """Whether a log is a database: its URL."""
    return re.match(r"[a-zA-Z][\w+.-]*://", place) is not None


def shown(place: str) -> str:
    """A log for readers: of a URL neither user nor password, nor what comes behind the path."""
    return re.sub(r"://.*@", "://", place, flags=re.DOTALL).partition("?")[0] if is_database(place) else place


def parts(place: str, span: Span) -> list[Part]:
    """The parts of a log that is no database, the oldest day first. Raises OSError where nothing is there."""
    if place == STDIN:
        return [Part(STDIN)]
    path = Path(place)
    if not path.is_dir():
        return list(_parts_of(path))
    inside = sorted(path.glob("*")), sorted(path.glob("*/*"))
    files = [file for each in inside for file in each if _is_log(file)]
    if not files:
        raise FileNotFoundError(errno.ENOENT, "has no *.jsonl in it, nor in folders for days", place)
    return [part for file in files if _may_hold(file, path, span) for part in _parts_of(file)]


def _is_log(file: Path) -> bool:
    return file.name.endswith((".jsonl", ".jsonl.gz")) and not file.name.startswith(".") and file.is_file()


def _may_hold(file: Path, folder: Path, span: Span) -> bool:
    """Whether a file may have records of the days, by the day that its folder is for.

    What is judged around midnight can come into the next one.
    """
    if file.parent == folder:
        return True
    try:
        day = date.fromisoformat(file.parent.name)
    except ValueError:
        return True
    beside = timedelta(days=1)
    return any(span.holds(each) for each in (day - beside, day, day + beside))


def _parts_of(file: Path) -> Iterator[Part]:
    size = file.stat().st_size
    if file.suffix == ".gz" or not file.is_file():
        yield Part(str(file), size_bytes=size)
        return
    for start in range(0, size, PART_BYTES):
        end = min(start + PART_BYTES, size)
        yield Part(str(file), start, end, end - start)


class Reader:
    """Reads records, and counts what is none: `strange` lines, and among them those of Function Compute's `log`.

    `left_out` are records of other days. `broken` says why what is compressed could not be read to its end.
    """

    def __init__(self, span: Span) -> None:
        self.strange = self.log = self.left_out = 0
        self.broken = ""
        self._span = span
        self._decoder = msgspec.json.Decoder(Record)

    def records(self, part: Part) -> Iterator[Record]:
        """The records of a part of a file. Raises OSError."""
        try:
            for line in _lines(part):
                record = self._record(line)
                if record is not None:
                    yield record
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self.broken = str(error)

    def kept(self, found: Iterable[Record]) -> Iterator[Record]:
        """Those of some records that are of the days."""
        for record in found:
            if self._is_wanted(record):
                yield record

    def _record(self, line: bytes) -> Record | None:
        if line.isspace():
            return None
        try:
            record = self._decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.strange += 1
            self.log += _OF_THE_LOG.search(line) is not None
            return None
        return record if self._is_wanted(record) else None

    def _is_wanted(self, record: Record) -> bool:
        if not all(_is_told(each) for each in (record.at, record.occurred) if each):
            self.strange += 1
            return False
        wanted = self._span.holds(record.at.astimezone(UTC).date())
        self.left_out += not wanted
        return wanted


_OF_THE_LOG = re.compile(rb'\\?"event\\?": ?\\?"verdict\\?"')
"""What `journal.verdict` writes, also as a text inside of another line."""

_YEARS = range(1970, 9999)


def _is_told(moment: datetime) -> bool:
    """Whether a moment can be told in every timezone."""
    return moment.tzinfo is not None and moment.year in _YEARS


def _lines(part: Part) -> Iterator[bytes]:
    """The lines that begin in a part. One that is too long is cut."""
    if part.name == STDIN:
        yield from _cut(sys.stdin.buffer)
        return
    path = Path(part.name)
    with cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb") as file:
        if part.start:
            file.seek(part.start - 1)
            _skip(file)
        yield from _cut(file, (lambda: file.tell() < part.end) if part.end else lambda: True)


def _cut(file: IO[bytes], more: Callable[[], bool] = lambda: True) -> Iterator[bytes]:
    while more() and (line := file.readline(MAX_LINE_BYTES)):
        yield line
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            _skip(file)


def _skip(file: IO[bytes]) -> None:
    """Read to the end of a line."""
    while (line := file.readline(MAX_LINE_BYTES)) and not line.endswith(b"\n"):
        pass


def stored(place: str) -> Iterator[Record]:
    """The records of a database. Raises StoreError, which names it without its password."""
    from extension.stores.opening import open_store  # noqa: PLC0415  a database needs what the function does not have

    try:
        with open_store(place) as store:
            yield from store.read()
    except (ConfigurationError, StoreError) as error:
        problem = error.problem if isinstance(error, ConfigurationError) else str(error)
        raise StoreError(f"{shown(place)}: {problem}") from error
