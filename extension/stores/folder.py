"""Records in a folder: lines of JSON, a folder for each day in UTC, `2026-11-27/3f6c0d9e5a7b4c21.jsonl`.

It may be a mount. On OSS an append writes the whole object anew, and there are neither locks nor renames that are
atomic; on NAS two machines that append to one file write over each other. So a file has one writer, which began it
under a name that nobody else has, and leaves it after an error, after some MiB, and with the day. What a crash leaves
behind is a line without an end, or records that are there twice: the first is passed by, of the others one is taken.
"""

import errno
import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from io import BytesIO
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, NamedTuple, Self

import msgspec

from extension.errors import StoreError
from extension.records import ID, Record
from extension.stores import Query

MAX_FILE_BYTES = 8 * 1024 * 1024
"""A file that has as much is left, and another one begun: on OSS each append costs as much as is there already."""

MAX_LINE_BYTES = 4 * 1024 * 1024
"""A line that is longer is passed by: records are bounded, so that it is none."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FILE = re.compile(r"[0-9a-f]{16}\.jsonl")
_BEGIN = b'{"id":"'
_ID = slice(len(_BEGIN), len(_BEGIN) + len("20261127T083015123456-1a2b3c4d5e6f"))
_BUFFER_BYTES = 1024 * 1024
_GONE = frozenset({errno.ENOENT, errno.ESTALE})
_NO_SYNC = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""What a mount says that does not know fsync, or not that of a folder."""


class Folder:
    """A store in a folder, which is made when there is something to keep. No file is open between two calls.

    A search reads the whole of each day that it needs: 100,000 records take it some seconds at most. `read` keeps the
    ids of one day, and nothing else that grows.
    """

    def __init__(self, path: Path, *, max_file_bytes: int = MAX_FILE_BYTES) -> None:
        self.skipped = 0
        """What was passed by, as often as it was met: damaged lines, and whatever else is not of this form."""
        self._path = path
        self._max_file_bytes = max_file_bytes
        self._own: _Own | None = None
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Record)

    def __enter__(self) -> Self:
        """Use it in a `with` block, as all stores."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Leave the file that was written last."""
        self._own = None

    def add(self, records: Sequence[Record]) -> None:
        """Append records to files of this writer's own; they are on the disk when it returns. Raises StoreError."""
        days: dict[str, list[bytes]] = {}
        for record in records:
            days.setdefault(record.at.date().isoformat(), []).append(self._encoder.encode(record))
        with self._lock, _failing("written"):
            if self._pid != os.getpid():  # the file is that of the process which this one was forked from
                self._own, self._pid = None, os.getpid()
            for day, lines in days.items():
                self._append(day, b"\n".join((*lines, b"")))

    def _append(self, day: str, lines: bytes) -> None:
        """Append lines to the file of this writer for a day, or begin one. Raises OSError."""
        own, self._own = self._own, None  # where anything fails, it is left
        if own is None or own.day != day or own.size_bytes >= self._max_file_bytes or not own.append(lines):
            own = _Own(self._path, day)
            own.begin(lines)
        self._own = own

    def get(self, identity: str) -> Record | None:
        """The record with an id, None for none. Raises StoreError."""
        if not ID.fullmatch(identity):
            return None
        wanted = identity.encode()
        day = f"{identity[:4]}-{identity[4:6]}-{identity[6:8]}"
        found = (self._record(wanted, place.line) for place in self._places(day) if place.identity == wanted)
        return next((record for record in found if record), None)

    def find(self, query: Query, *, limit: int, before: str = "") -> list[Record]:
        """Records that are looked for, the newest first: those with an id below `before`, at most `limit`.

        Not decoded are lines without the words that are looked for, and all behind the last one that is given. Raises
        StoreError.
        """
        found: list[Record] = []
        needles = _needles(query)
        for day in reversed(self._days()):
            if needles is None or len(found) >= limit:
                break
            of_query = (query.first is None or day >= query.first.isoformat()) and (
                query.last is None or day <= query.last.isoformat()
            )
            if of_query and (not before or f"{day.replace('-', '')}T" < before):
                places = self._searched(day, needles, before.encode(errors="surrogatepass"))
                found += self._taken(query, places, limit - len(found))
        return found

    def _searched(self, day: str, needles: tuple[bytes, ...], before: bytes) -> dict[bytes, list["_Spot"]]:
        """Where in a day those may be that are looked for, by their ids; more than once where one is there twice."""
        found: dict[bytes, list[_Spot]] = {}
        for identity, line, spot in self._places(day):
            if (not before or identity < before) and all(needle in line for needle in needles):
                found.setdefault(identity, []).append(spot)
        return found

    def _taken(self, query: Query, places: dict[bytes, list["_Spot"]], limit: int) -> list[Record]:
        """Those of a day that are looked for, the newest first, at most `limit`."""
        found: list[Record] = []
        with _failing("read"), _Handles() as handles:
            for identity in sorted(places, reverse=True):
                if len(found) >= limit:
                    break
                copies = (self._record(identity, handles.line(spot)) for spot in places[identity])
                record = next((copy for copy in copies if copy), None)
                if record and query.takes(record):
                    found.append(record)
        return found

    def read(self) -> Iterator[Record]:
        """All records, the oldest day first, each once. Raises StoreError."""
        for day in self._days():
            seen: set[bytes] = set()
            for identity, line, _ in self._places(day):
                if identity not in seen and (record := self._record(identity, line)):
                    seen.add(identity)
                    yield record

    def purge(self, first: date) -> int:
        """Remove what was judged before a day, in UTC; how many files that were. Raises StoreError.

        A folder in which something is left that is not of this form stays, with that in it.
        """
        removed = 0
        for day in self._days():
            if day >= first.isoformat():
                break
            for file in self._files(day):
                with _failing("removed"), suppress(FileNotFoundError):  # another one was faster
                    file.unlink()
                    removed += 1
            with suppress(OSError):
                (self._path / day).rmdir()
        return removed

    def _days(self) -> list[str]:
        """The days that there are, the oldest first."""
        return self._names(self._path, _is_day, os.DirEntry.is_dir)

    def _files(self, day: str) -> list[Path]:
        """The files of a day. Their names say nothing of their order."""
        folder = self._path / day
        return [folder / name for name in self._names(folder, _FILE.fullmatch, os.DirEntry.is_file)]

    def _names(self, folder: Path, fits: Callable[[str], object], is_kind: Callable[..., bool]) -> list[str]:
        """What there is of a form and a kind in a folder; whatever else is there is counted, links among them."""
        names = []
        with _failing("read"), suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                if fits(entry.name) and is_kind(entry, follow_symlinks=False):
                    names.append(entry.name)
                else:
                    self.skipped += 1
        return sorted(names)

    def _places(self, day: str) -> Iterator["_Place"]:
        """The lines of a day that look as its records do. Raises StoreError."""
        begin = _BEGIN + day.replace("-", "").encode()
        for file in self._files(day):
            with _failing("read"), _opened(file) as content:
                for offset, line in _lines(content):
                    if line.startswith(begin) and line.endswith(b"}\n"):
                        yield _Place(line[_ID], line, (file, offset))
                    else:
                        self.skipped += 1

    def _record(self, identity: bytes, line: bytes) -> Record | None:
        """The record in a line that begins as one, None where it is damaged."""
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            record = self._decoder.decode(line)
            if ID.fullmatch(record.id) and record.id.encode() == identity:
                return record
        self.skipped += 1
        return None


_Spot = tuple[Path, int]
"""A file, and where in it a line begins."""


class _Place(NamedTuple):
    """A line: its id, all of it, and where it is."""

    identity: bytes
    line: bytes
    spot: _Spot


class _Own:
    """A file that is written here, and by nobody else."""

    def __init__(self, path: Path, day: str) -> None:
        self.day = day
        self.size_bytes = 0
        self._folder = path / day
        self._file = self._folder / f"{token_hex(8)}.jsonl"

    def begin(self, lines: bytes) -> None:
        """Make the file, with its first lines. Raises OSError, also where there is one of the name."""
        try:
            file = self._made()
        except FileNotFoundError:  # a purge took the empty folder away meanwhile
            file = self._made()
        self._write(file, lines)
        with suppress(FileNotFoundError):  # or all of it
            folder = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
            try:
                _sync(folder)
            finally:
                os.close(folder)

    def _made(self) -> int:
        """The file, new and open, in its folder."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)

    def append(self, lines: bytes) -> bool:
        """Append lines. False where the file is not there any more, or not as it was left. Raises OSError."""
        try:
            file = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in _GONE:  # by a purge
                return False
            raise
        if os.fstat(file).st_size != self.size_bytes:
            os.close(file)
            return False
        self._write(file, lines)
        return True

    def _write(self, file: int, lines: bytes) -> None:
        """Write lines and close the file: a mount can say there that it has no room. Raises OSError."""
        try:
            left = memoryview(lines)
            while left:
                left = left[os.write(file, left) :]
            _sync(file)
        finally:
            os.close(file)
        self.size_bytes += len(lines)


class _Handles:
    """Files from which lines are read here and there; some of them stay open meanwhile."""

    def __init__(self) -> None:
        self._open: dict[Path, BinaryIO] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        for content in self._open.values():
            content.close()
        self._open.clear()

    def line(self, spot: _Spot) -> bytes:
        """The line at a spot; empty where the file was removed. Raises OSError."""
        file, offset = spot
        if file not in self._open:
            if len(self._open) >= _MOST_OPEN:
                self._close()
            try:
                self._open[file] = file.open("rb")
            except FileNotFoundError:
                return b""
        self._open[file].seek(offset)
        return self._open[file].readline(MAX_LINE_BYTES)


_MOST_OPEN = 64


def _is_day(name: str) -> bool:
    """Whether a name is that of a day which the calendar has."""
    try:
        return bool(_DAY.fullmatch(name) and date.fromisoformat(name))
    except ValueError:
        return False


def _needles(query: Query) -> tuple[bytes, ...] | None:
    """What is in each line that is looked for; None where no line can have it."""
    texts = (query.code, query.rule, query.workspace, query.operator, query.message_id, query.thread)
    try:
        return tuple(msgspec.json.encode(text) for text in (query.result, *texts) if text)
    except UnicodeEncodeError:
        return None


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """A file to be read; an empty one where it was removed since it was listed. Raises OSError."""
    try:
        content: BinaryIO = file.open("rb", buffering=_BUFFER_BYTES)
    except OSError as error:
        if error.errno not in _GONE:
            raise
        content = BytesIO()
    with content:
        yield content


def _lines(content: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, and where they begin; of one that is too long the first part, without an end."""
    offset, begun = 0, False
    while line := content.readline(MAX_LINE_BYTES):
        if not begun:
            yield offset, line
        begun = not line.endswith(b"\n")
        offset += len(line)


def _sync(file: int) -> None:
    """Have it on the disk, where the mount can. Raises OSError."""
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


@contextmanager
def _failing(what: str) -> Iterator[None]:
    """Raise StoreError for what the system says of the folder."""
    try:
        yield
    except OSError as error:
        problem = (error.strerror or type(error).__name__).lower()
        raise StoreError(f"the folder of records cannot be {what}: {problem}") from error
