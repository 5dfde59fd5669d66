"""Whether the byte code of a package is that of the function's Python, and of the sources beside it.

Source of its form: https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation
"""

import _imp
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from extension.doctor import Level, Remark, listed
from extension.packing import PYTHON

MAGIC = (3531).to_bytes(2, "little") + b"\r\n"
"""What byte code of Python 3.12 begins with.

Source: https://github.com/python/cpython/blob/3.12/Lib/importlib/_bootstrap_external.py
"""

_TAG = f"cpython-{PYTHON.replace('.', '')}"
_HEAD = 16
"""Bytes before the code: the magic number, how to tell whether it fits the source, and what tells it."""

_BY_HASH = 0b01
_UNCHECKED = (1).to_bytes(4, "little")


def remarks(folder: Path, place: str, make: str) -> Iterator[Remark]:
    """What is wrong with the byte code in a package, which is called `place` and built by the command `make`."""
    files = (*folder.glob("*.py"), *(folder / "extension").rglob("*.py"))
    sources = {path: _beside(path) for path in files if path.is_file()}
    packed = _of_dependencies(folder / "python")
    if not any(code.is_file() for code in sources.values()) and not packed:
        yield Remark(
            id="bytecode.none",
            level=Level.WARNING,
            what=f"{place}: has no byte code",
            why="The function compiles all sources at each cold start, which takes about three times as long.",
            do=f"Install Python {PYTHON}, or say where it is: `{make} PACKAGE_PYTHON=/usr/bin/python{PYTHON}`.",
        )
        return
    yield from _of_ours(folder, sources, place, make)
    foreign = [path for path, head in packed.items() if head[: len(MAGIC)] != MAGIC]
    if foreign:
        yield Remark(
            id="bytecode.foreign",
            level=Level.ERROR,
            what=f"{place}: is not of Python {PYTHON}, and has no source beside it: {listed(foreign)}",
            why="The function cannot import it, and does not start.",
            do=f"Build it anew with Python {PYTHON}: `{make}`.",
        )


def _of_ours(folder: Path, sources: dict[Path, Path], place: str, make: str) -> Iterator[Remark]:
    """What is wrong with the byte code beside sources."""
    wrong: dict[str, list[str]] = {}
    for source, code in sources.items():
        if kind := _fault(source, code):
            wrong.setdefault(kind, []).append(source.relative_to(folder).as_posix())
    for kind, names in wrong.items():
        level, what, why = _FAULTS[kind]
        yield Remark(
            id=f"bytecode.{kind}",
            level=level,
            what=f"{place}: {what}: {listed(names)}",
            why=why,
            do=f"Build it anew: `{make}`.",
        )


_SLOWER = "The function compiles the source instead, at each cold start."
_FAULTS = {
    "missing": (Level.WARNING, "has no byte code of some of its modules", _SLOWER),
    "other-python": (Level.WARNING, f"has byte code that is not of Python {PYTHON}", _SLOWER),
    "by-date": (
        Level.WARNING,
        "has byte code that counts for the date of its source alone",
        f"Function Compute gives all files one date, so it does not count. {_SLOWER}",
    ),
    "other-source": (
        Level.ERROR,
        "has byte code of another source than the one beside it",
        "The function runs what the source said before: nobody compares the two.",
    ),
}


def _beside(source: Path) -> Path:
    return source.parent / "__pycache__" / f"{source.stem}.{_TAG}.pyc"


def _fault(source: Path, code: Path) -> str:
    """What is wrong with the byte code of a source, empty for nothing."""
    if not code.is_file():
        return "missing"
    head = _begin(code)
    if len(head) < _HEAD or head[: len(MAGIC)] != MAGIC:
        return "other-python"
    if not head[4] & _BY_HASH:
        return "by-date"
    # importlib.util.source_hash has the running Python's number in it.
    own = _imp.source_hash(int.from_bytes(MAGIC, "little"), source.read_bytes())
    return "other-source" if head[4:8] == _UNCHECKED and head[8:] != own else ""


def _of_dependencies(folder: Path) -> dict[str, bytes]:
    """The first bytes of byte code that stands in the place of its source, also in zips."""
    found: dict[str, bytes] = {}
    for path in folder.rglob("*.pyc"):
        found[f"python/{path.relative_to(folder).as_posix()}"] = _begin(path)
    for archive in folder.glob("*.zip"):
        found.update(_of_zip(archive))
    return found


def _begin(path: Path) -> bytes:
    """The first bytes of a file, none of one that cannot be read: the function cannot, either."""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return b""


def _of_zip(archive: Path) -> dict[str, bytes]:
    """The first bytes of the byte code in a zip; of the zip itself, where it is none."""
    name = f"python/{archive.name}"
    try:
        with zipfile.ZipFile(archive) as packed:
            return {f"{name}/{each}": _head(packed, each) for each in packed.namelist() if each.endswith(".pyc")}
    except _DAMAGED:
        return {name: b""}


_DAMAGED = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, ValueError)
"""What reading a zip raises, depending on which part of it is wrong; RuntimeError where it is encrypted."""


def _head(packed: zipfile.ZipFile, name: str) -> bytes:
    with packed.open(name) as file:
        return file.read(_HEAD)
