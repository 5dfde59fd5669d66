"""The folders that are deployed: built as whoever deploys would build them, and kept under build/bench.

A folder is built anew when what it is made of has changed. All of them are for Python 3.12, the runtime's.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

import msgspec

from extension import storage
from extension.storage import ROOT

HERE = Path(__file__).parent
BUILD = ROOT / "build" / "bench"
"""Where folders are kept; git does not see it."""

EXTRA = "benchmark"
"""What a run adds to a folder, policies for one, is in there, and is not counted."""

SDK = ("alibabacloud-dataworks-public20200518", "alibabacloud-tea-openapi")
"""What the sample imports. What these need is pip's to find out."""

ONE_DATE = 1_735_689_600
"""Every file of a package has this date (UTC, 2025-01-01) where it comes out of a zip of fc3: any would do."""

Build: TypeAlias = Callable[[Path], None]


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder takes: the sum of its files, and the blocks that they and their folders have on the disk."""

    files_bytes: int
    disk_bytes: int


def python312() -> Path:
    """A Python 3.12 of this machine, on the path or of pyenv. Raises LookupError where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [shutil.which("python3.12"), *sorted(map(str, pyenv.glob("versions/3.12*/bin/python")), reverse=True)]
    for candidate in filter(None, found):
        code = "import os, sys; print(sys.version_info[:2] == (3, 12) and os.path.realpath(sys.executable) or '')"
        asked = subprocess.run([candidate, "-I", "-c", code], capture_output=True, text=True, check=False)  # noqa: S603  a Python
        if asked.returncode == 0 and asked.stdout.strip():
            return Path(asked.stdout.strip())  # itself: a link of a virtual environment or of pyenv costs time
    raise LookupError("Python 3.12 is needed, the runtime's: neither python3.12 nor pyenv has one")


def sample(python: Path) -> Path:
    """The sample's handler with the SDK of requirements.txt beside it, put there and compiled by pip as it does."""
    return _kept("sample", _inputs(HERE / "sample", python=python), lambda folder: _install(folder, python))


def limit(python: Path) -> Path:
    """The handler that needs nothing."""
    return _kept("limit", _inputs(HERE / "limit", python=python), lambda folder: _copy("limit", folder, python))


def ours(python: Path, *, light: bool = False) -> Path:
    """The package of the function as `make package` builds it, without what can be left out where `light`."""
    inputs = _inputs(ROOT / "extension", ROOT / "handler.py", ROOT / "policy.yaml", ROOT / "Makefile", python=python)
    return _kept("light" if light else "ours", inputs, lambda folder: package(folder, light=light))


def package(folder: Path, *, light: bool) -> None:
    """Build the function's package: the one place that knows how."""
    _run(["make", "--no-print-directory", "-C", str(ROOT), "package", f"DEST={folder}", *["LIGHT=1"] * light])


def unpacked(folder: Path) -> Path:
    """A copy of a folder as it comes out of fc3's zip: every file has one date.

    So byte code that goes by the date of its source, as pip writes it, is taken for stale, read and thrown away. That
    which is unchecked is used.
    """

    def build(copy: Path) -> None:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        for file in copy.rglob("*"):
            os.utime(file, (ONE_DATE, ONE_DATE))

    return _kept(f"{folder.name}.unpacked", [_key(folder).read_text(encoding="ascii")], build)


def byte_code(folder: Path) -> bool:
    """Whether a folder has byte code that Python 3.12 would look at."""
    return any(folder.rglob("*.cpython-312.pyc"))


def size(folder: Path) -> Size:
    """Measure what is deployed of a folder."""
    files_bytes = disk_bytes = 0
    for place, folders, files in os.walk(folder):
        if EXTRA in folders:
            folders.remove(EXTRA)
        of_files = [(Path(place) / name).lstat() for name in files]
        files_bytes += sum(status.st_size for status in of_files)
        disk_bytes += 512 * sum(status.st_blocks for status in (*of_files, Path(place).lstat()))
    return Size(files_bytes=files_bytes, disk_bytes=disk_bytes)


def add(folder: Path, name: str, content: bytes) -> Path:
    """Put a policy of the benchmark's own into a folder, compiled as `make package` does it; its path within."""
    path = Path(EXTRA) / name
    (folder / EXTRA).mkdir(exist_ok=True)
    (folder / path).write_bytes(content)
    (folder / path).with_suffix(".compiled").write_bytes(storage.compiled_form(folder / path))
    return path


def _install(folder: Path, python: Path) -> None:
    """Find out what the SDK needs, then install these of requirements.txt by their hashes."""
    pins = {
        re.sub(r"[-_.]+", "-", pin.partition("==")[0]).lower(): pin
        for pin in re.findall(r"(?m)^[\w.-]+==.*(?:\n    --hash=.*)*", _read(ROOT / "requirements.txt"))
    }
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(pin.split()[0] for pin in pins.values()), encoding="ascii")
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    report = _run([*pip, "install", *_DRY, "--constraint", str(constraints), *SDK])
    needed = msgspec.json.decode(report[report.index("{") :], type=_Report).install
    names = [re.sub(r"[-_.]+", "-", each.metadata.name).lower() for each in needed]
    constraints.write_text("\n".join(pins[name] for name in names), encoding="ascii")
    target = ["--target", str(folder / "python"), "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    _run([*pip, "install", *target, "--requirement", str(constraints)])
    constraints.unlink()
    _copy("sample", folder, python)


_DRY = ("--dry-run", "--ignore-installed", "--only-binary", ":all:", "--report", "-")


class _Metadata(msgspec.Struct):
    name: str


class _Needed(msgspec.Struct):
    metadata: _Metadata


class _Report(msgspec.Struct):
    """What pip says that it would install."""

    install: list[_Needed]


def _copy(name: str, folder: Path, python: Path) -> None:
    """Copy a handler of the benchmark, and compile it as pip would."""
    shutil.copy(HERE / name / "handler.py", folder)
    _run([str(python), "-m", "compileall", "-q", str(folder / "handler.py")])


def _inputs(*paths: Path, python: Path) -> list[str]:
    """What a folder is made of: the text of these files, or of all in these folders, and of the pins."""
    pins = sorted(ROOT.glob("requirements*.txt"))
    files = [file for path in (*paths, *pins) for file in ([path] if path.is_file() else sorted(path.rglob("*")))]
    sources = [file for file in files if file.is_file() and "__pycache__" not in file.parts]
    return [str(python), *(f"{file}\n{_read(file)}" for file in sources)]


def _kept(name: str, inputs: Iterable[str], build: Build) -> Path:
    """The folder of a name, built where it is not there, or is of other inputs."""
    folder, key = BUILD / name, sha256("\0".join((_read(Path(__file__)), *inputs)).encode()).hexdigest()
    if folder.is_dir() and _key(folder).is_file() and _read(_key(folder)) == key:
        return folder
    sys.stderr.write(f"building {folder.name}\n")
    _key(folder).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    build(folder)
    _key(folder).write_text(key, encoding="ascii")
    return folder


def _key(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.key")


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def _run(command: Sequence[str]) -> str:
    """Run a command; what it printed. Raises RuntimeError with its errors where it fails."""
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own
    if ended.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{ended.stderr or ended.stdout}")
    return ended.stdout
