"""Logs of recorded events: where they are found, how they are read, and what is no record."""

import gzip
import io
import json
import os
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from extension import logs
from extension.errors import StoreError
from extension.logs import STDIN, Part, Reader, Span
from extension.records import Record
from tests.recorded import NOW, judged

RECORD = judged("download-resources", {"dataRowSize": 1, "operatorUid": "1"})


def line(number: int, at: datetime = NOW) -> bytes:
    """A line of a log; the id says which one it is."""
    changed = msgspec.structs.replace(RECORD, id=f"{at:%Y%m%dT%H%M%S%f}-{number:012x}", at=at)
    return msgspec.json.encode(changed) + b"\n"


def written(file: Path, *lines: bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(b"".join(lines)) if file.suffix == ".gz" else b"".join(lines))
    return file


def numbers(reader: Reader, found: list[Part]) -> list[int]:
    """Which records are read."""
    return [int(record.id.partition("-")[2], 16) for part in found for record in reader.records(part)]


def read(place: Path | str, span: Span = Span()) -> list[int]:  # noqa: B008  it is frozen
    return numbers(Reader(span), logs.parts(str(place), span))


class TestPlaces:
    """Folders by day, flat ones, files, compressed ones, standard input, databases."""

    def test_a_folder_by_day_the_oldest_first(self, tmp_path: Path) -> None:
        written(tmp_path / "2026-11-27" / "b.jsonl", line(3))
        written(tmp_path / "2026-11-26" / "z.jsonl.gz", line(1), line(2))
        written(tmp_path / "2026-11-27" / "notes.txt", line(4))
        written(tmp_path / "2026-11-27" / ".b.jsonl", line(5))
        assert read(tmp_path) == [1, 2, 3]

    def test_a_flat_folder(self, tmp_path: Path) -> None:
        written(tmp_path / "b.jsonl", line(2))
        written(tmp_path / "a.jsonl", line(1))
        assert read(tmp_path) == [1, 2]

    def test_a_file_whatever_its_ending(self, tmp_path: Path) -> None:
        assert read(written(tmp_path / "verdicts.log", line(1), b"\n", line(2).rstrip())) == [1, 2]
        assert read(written(tmp_path / "verdicts.gz", line(3))) == [3]

    def test_a_pipe(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        writer = threading.Thread(target=lambda: pipe.write_bytes(line(1) + line(2)), daemon=True)
        writer.start()
        assert read(pipe) == [1, 2]
        writer.join()

    def test_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line(1) + line(2))))
        assert read(STDIN) == [1, 2]

    def test_what_is_not_there_is_an_error_that_names_it(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="nowhere"):
            logs.parts(str(tmp_path / "nowhere"), Span())
        with pytest.raises(FileNotFoundError, match=r"has no \*\.jsonl in it") as caught:
            logs.parts(str(tmp_path), Span())
        assert caught.value.filename == str(tmp_path)

    @pytest.mark.parametrize("place", ["sqlite:///a.db", "postgresql+psycopg://u:p@h/d", "mysql://h"])
    def test_a_database_is_told_by_its_url(self, place: str) -> None:
        assert logs.is_database(place)

    @pytest.mark.parametrize("place", ["a.jsonl", "/var/log", "-", "C:\\logs"])
    def test_all_else_is_none(self, place: str) -> None:
        assert not logs.is_database(place)
        assert logs.shown(place) == place

    @pytest.mark.parametrize(
        "place",
        ["mysql://u:s3cret@h/d", "mysql://u:s3@cret@h/d", "mysql://u:s3/cret@h/d", "mysql://h/d?password=s3cret"],
    )
    def test_a_database_is_shown_without_its_password(self, place: str) -> None:
        assert logs.shown(place) == "mysql://h/d"

    def test_a_database_that_is_none_is_an_error_without_its_password(self) -> None:
        with pytest.raises(StoreError, match=r"^oracle://h: expected a folder, or a URL: ") as raised:
            list(logs.stored("oracle://u:s3cret@h"))
        assert "s3cret" not in str(raised.value)

    def test_a_database_that_fails_is_an_error_that_names_it(self, tmp_path: Path) -> None:
        (tmp_path / "a.db").write_bytes(b"no database at all, but long enough to be read as one" * 100)
        with pytest.raises(StoreError, match=rf"^sqlite:///{tmp_path}/a.db: "):
            list(logs.stored(f"sqlite:///{tmp_path}/a.db"))


class TestParts:
    """A long file is read in parts, each line once."""

    @pytest.mark.parametrize("size", [1, 7, 100, 1000, 4096])
    def test_each_line_is_in_one_part(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
        monkeypatch.setattr(logs, "PART_BYTES", size)
        lines = [json.dumps({"n": number, "x": "y" * (number * 3 % 11)}).encode() + b"\n" for number in range(9)]
        file = written(tmp_path / "a.jsonl", *lines)
        assert [each for part in logs.parts(str(file), Span()) for each in logs._lines(part)] == lines

    def test_an_end_of_a_part_at_the_end_of_a_line(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(logs, "PART_BYTES", len(line(1)))
        assert read(written(tmp_path / "a.jsonl", line(1), line(2), line(3))) == [1, 2, 3]

    def test_fewer_records_than_are_counted_one_by_one(self) -> None:
        """So that what is counted together does not depend on where a file is cut."""
        smallest = {"id": "i" * 34, "at": "2026-11-27T08:30:00Z", "code": "c", "delivery": "eventbridge"}
        least = {"message_id": "", "result": "OK", "policy": "", "language": "en", "judged_ms": 0, "total_ms": 0}
        text = msgspec.json.encode({**smallest, **least, "callback": {"outcome": ""}})
        assert msgspec.json.decode(text, type=Record).code == "c"
        assert logs.PART_BYTES // len(text) < 10_000

    def test_the_size_is_that_of_the_disk(self, tmp_path: Path) -> None:
        file = written(tmp_path / "a.jsonl.gz", line(1))
        assert [part.size_bytes for part in logs.parts(str(file), Span())] == [file.stat().st_size]


class TestWhatIsNoRecord:
    """It is counted, and stops nothing."""

    @pytest.mark.parametrize(
        "damaged",
        [
            b"nonsense\n",
            b"{}\n",
            b'"\xff"\n',
            b"[" * 100_000 + b"\n",
            line(9)[:-20] + b"\n",
            line(9).replace(b'"at":"2026', b'"at":"9999'),
            line(9).replace(b'30:00Z"', b'30:00"'),
            line(9).replace(b'"result":"OK"', b'"result":"BAD"'),
        ],
    )
    def test_a_line(self, tmp_path: Path, damaged: bytes) -> None:
        file = written(tmp_path / "a.jsonl", line(1), damaged, line(2))
        reader = Reader(Span())
        assert numbers(reader, logs.parts(str(file), Span())) == [1, 2]
        assert (reader.strange, reader.log) == (1, 0)

    def test_a_line_that_is_too_long(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(logs, "MAX_LINE_BYTES", 4096)
        file = written(tmp_path / "a.jsonl", line(1), b"x" * 4096 * 3 + b"\n", line(2), b"x" * 5000)
        reader = Reader(Span())
        assert numbers(reader, logs.parts(str(file), Span())) == [1, 2]
        assert reader.strange == 2

    @pytest.mark.parametrize("wrapped", [False, True])
    def test_a_line_of_the_log_of_function_compute(self, tmp_path: Path, *, wrapped: bool) -> None:
        text = json.dumps({"event": "verdict", "code": "x"})
        said = json.dumps({"message": text}) if wrapped else text
        file = written(tmp_path / "a.jsonl", said.encode() + b"\n", b'{"event": "policy"}\n')
        reader = Reader(Span())
        assert numbers(reader, logs.parts(str(file), Span())) == []
        assert (reader.strange, reader.log) == (2, 1)

    @pytest.mark.parametrize("how", ["cut", "spoilt", "none"])
    def test_what_is_compressed_and_damaged(self, tmp_path: Path, how: str) -> None:
        whole = gzip.compress(b"".join(line(number) for number in range(200)))
        spoilt = {"cut": whole[:-50], "spoilt": whole[:300] + b"\xff" * 300 + whole[600:], "none": b"plain"}[how]
        file = tmp_path / "a.jsonl.gz"
        file.write_bytes(spoilt)
        reader = Reader(Span())
        assert len(numbers(reader, logs.parts(str(file), Span()))) < 200
        assert reader.broken


class TestDays:
    """Days are those of judging, in UTC; first and last are inside."""

    def test_records_of_other_days_are_left_out(self, tmp_path: Path) -> None:
        days = [line(day, datetime(2026, 11, day, 23, 59, tzinfo=UTC)) for day in range(20, 25)]
        file = written(tmp_path / "a.jsonl", *days)
        span = Span(date(2026, 11, 21), date(2026, 11, 23))
        reader = Reader(span)
        assert numbers(reader, logs.parts(str(file), span)) == [21, 22, 23]
        assert reader.left_out == 2
        assert read(file, Span(first=date(2026, 11, 23))) == [23, 24]
        assert read(file, Span(last=date(2026, 11, 20))) == [20]

    def test_those_of_a_database_too(self) -> None:
        reader = Reader(Span(first=date(2026, 11, 28)))
        later = msgspec.structs.replace(RECORD, at=datetime(2026, 11, 28, tzinfo=UTC))
        odd = msgspec.structs.replace(RECORD, at=datetime(2026, 11, 28))  # noqa: DTZ001  the point of it
        assert list(reader.kept([RECORD, later, odd])) == [later]
        assert (reader.left_out, reader.strange) == (1, 1)

    def test_folders_for_other_days_are_not_opened(self, tmp_path: Path) -> None:
        for day in (10, 19, 20, 21, 30):
            written(tmp_path / f"2026-11-{day}" / "a.jsonl", line(day, datetime(2026, 11, 20, tzinfo=UTC)))
        written(tmp_path / "others" / "a.jsonl", line(99, datetime(2026, 11, 20, tzinfo=UTC)))
        assert read(tmp_path, Span(date(2026, 11, 20), date(2026, 11, 20))) == [19, 20, 21, 99]
