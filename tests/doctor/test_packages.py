"""Packages that are not in order: each is found, with what to do. None is built here: folders that look like one."""

import _imp
import shutil
import zipfile
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest

from extension import packing
from extension.doctor import Level, Remark, bytecode, listed, packages, versions
from extension.packing import FUNCTION, SERVICE, Package
from extension.storage import ROOT

POLICY = ROOT / "policy.yaml"
PINNED = versions.pins(ROOT / "requirements.txt")


def dependency(folder: Path, name: str, version: str, *needs: str) -> None:
    """A dependency, as far as it says what it is."""
    for old in folder.glob(f"{name}-*.dist-info"):
        shutil.rmtree(old)
    about = folder / f"{name}-{version}.dist-info"
    about.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {n}" for n in needs)]
    (about / "METADATA").write_text("\n".join(lines) + "\n")


def compiled(source: Path, how: int = 1) -> None:
    """Byte code of a source, without the code."""
    code = source.parent / "__pycache__" / f"{source.stem}.cpython-312.pyc"
    code.parent.mkdir(exist_ok=True)
    digest = _imp.source_hash(int.from_bytes(bytecode.MAGIC, "little"), source.read_bytes())
    code.write_bytes(bytecode.MAGIC + how.to_bytes(4, "little") + digest)


def made(folder: Path, package: Package) -> Path:
    """What looks like a package."""
    packing.own(package, POLICY, folder)
    for source in (*folder.glob("*.py"), *(folder / "extension").rglob("*.py")):
        compiled(source)
    for name, version in versions.pins(ROOT / package.requirements).items():
        dependency(folder / "python", name, version)
    (folder / "python/six.pyc").write_bytes(bytecode.MAGIC)
    with zipfile.ZipFile(folder / "python/later.zip", "w") as packed:
        packed.writestr("holidays/__init__.pyc", bytecode.MAGIC)
        packed.writestr("tzdata/zoneinfo/UTC", b"TZif")
    return folder


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("build") / "function", FUNCTION)


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return shutil.copytree(template, tmp_path / "build/function")


def found(folder: Path, policy: Path = POLICY) -> list[Remark]:
    return [*packages.of_folder(folder, FUNCTION, policy)]


def test_a_package_in_order_is_said_to_be(folder: Path) -> None:
    (remark,) = packages.remarks(POLICY, folder.parent)
    assert (remark.id, remark.level) == ("package.well", Level.OK)
    assert remark.what.startswith(f"{folder}: ")


def test_one_of_the_service_is_held_against_its_own_files_and_pins(tmp_path: Path) -> None:
    service = made(tmp_path / "service", SERVICE)
    assert [remark.id for remark in packages.remarks(POLICY, tmp_path)] == ["package.well"]
    (service / "extension/service.py").unlink()
    dependency(service / "python", "starlette", "1.0")
    code, version = packages.remarks(POLICY, tmp_path)
    assert "extension/service.py" in code.what
    assert code.do == "Build it anew, and deploy it: `make package SERVICE=1`."
    assert "has starlette 1.0, and requirements-service.txt pins" in version.what


def test_that_nothing_is_built_is_noted(tmp_path: Path) -> None:
    (remark,) = packages.remarks(POLICY, tmp_path)
    assert (remark.id, remark.level) == ("package.none", Level.NOTE)
    assert remark.what == f"{tmp_path}/function: nothing is built"
    assert "`make package`" in remark.do


Change: TypeAlias = Callable[[Path], object]


def gone(*patterns: str) -> Change:
    """Without some files and folders."""

    def change(folder: Path) -> None:
        for path in [path for pattern in patterns for path in folder.glob(pattern)]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


def wrote(name: str, content: bytes) -> Change:
    return lambda folder: (folder / name).write_bytes(content)


def appended(name: str, content: bytes) -> Change:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes() + content)


def has(name: str, version: str, *needs: str) -> Change:
    def change(folder: Path) -> None:
        dependency(folder / "python", name, version, *needs)

    return change


def without_dateutil(folder: Path) -> None:
    gone("python/python-dateutil-*")(folder)
    has("holidays", PINNED["holidays"], "python-dateutil")(folder)


def by_date(folder: Path) -> None:
    compiled(folder / "handler.py", how=0)


def of_other_source(folder: Path) -> None:
    code = folder / "extension/__pycache__/edges.cpython-312.pyc"
    code.write_bytes(code.read_bytes()[:8] + bytes(8))


def large(size: int) -> Change:
    def change(folder: Path) -> None:
        with folder.with_name("function.zip").open("wb") as file:
            file.truncate(size)

    return change


def damaged(folder: Path) -> None:
    """A zip whose list is whole, and whose content is not."""
    file = folder / "python/later.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("holidays/__init__.pyc", bytecode.MAGIC * 20)
    content = bytearray(file.read_bytes())
    begin = len("holidays/__init__.pyc") + 30
    content[begin : begin + 8] = b"\xff" * 8
    file.write_bytes(content)


def packed_otherwise(folder: Path) -> None:
    file = folder / "python/later.zip"
    content = file.read_bytes()
    at = content.index(b"PK\x01\x02") + 10
    file.write_bytes(content[:at] + b"\x63\x00" + content[at + 2 :])


def linked(name: str) -> Change:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to("nowhere")

    return change


def closed(folder: Path) -> None:
    (folder / "handler.py").chmod(0o640)
    (folder / "extension/sql").chmod(0o750)


class Broken(NamedTuple):
    """What is changed in a package in order, and what is then said."""

    change: Change
    id: str
    level: Level
    what: str
    do: str


EDGES = "extension/__pycache__/edges.cpython-312.pyc"
OTHER_PYTHON = b"\xa7\r\r\n" + bytes(12)
WARNING, ERROR = Level.WARNING, Level.ERROR
BROKEN = {
    "a file is in the way": Broken(
        wrote("notes.txt", b""),
        "package.strange",
        WARNING,
        "has in it what no package has: notes.txt",
        "Move it out of",
    ),
    "the entry is missing": Broken(
        gone("handler.py"), "package.incomplete", ERROR, "{folder}: is without handler.py", "`make package`"
    ),
    "the code is older": Broken(
        appended("extension/edges.py", b"# before\n"),
        "package.old-code",
        WARNING,
        "project: extension/edges.py",
        "deploy",
    ),
    "a module is no longer there": Broken(
        wrote("extension/gone.py", b""), "package.old-code", WARNING, "project: extension/gone.py", "`make package`"
    ),
    "the policy is older": Broken(
        appended("policy.yaml", b"# before\n"),
        "package.old-policy",
        WARNING,
        "are not those of policy.yaml",
        "deploy it",
    ),
    "the policy does not validate": Broken(
        appended("policy.yaml", b"language: fr\n"), "package.broken-policy", ERROR, "{folder}/policy.yaml:", "Correct"
    ),
    "the compiled policy is another one": Broken(
        appended("policy.compiled", b"\n"),
        "package.compiled",
        WARNING,
        "compiled: is not of the policy",
        "Build it anew",
    ),
    "the compiled policy is missing": Broken(
        gone("policy.compiled"), "package.compiled", WARNING, "{folder}/policy.compiled: is missing", "Build it anew"
    ),
    "there is no byte code": Broken(
        gone("**/*.pyc", "python/later.zip"),
        "bytecode.none",
        WARNING,
        "has no byte code",
        "PACKAGE_PYTHON=/usr/bin/python3",
    ),
    "some byte code is missing": Broken(
        gone(EDGES),
        "bytecode.missing",
        WARNING,
        "no byte code of some of its modules: extension/edges.py",
        "`make package`",
    ),
    "byte code is of another Python": Broken(
        wrote(EDGES, OTHER_PYTHON),
        "bytecode.other-python",
        WARNING,
        "not of Python 3.12: extension/edges.py",
        "Build it",
    ),
    "byte code is cut off": Broken(
        wrote(EDGES, bytecode.MAGIC),
        "bytecode.other-python",
        WARNING,
        "not of Python 3.12: extension/edges.py",
        "Build it",
    ),
    "byte code goes by dates": Broken(
        by_date, "bytecode.by-date", WARNING, "counts for the date of its source alone: handler.py", "Build it anew"
    ),
    "byte code is of another source": Broken(
        of_other_source, "bytecode.other-source", ERROR, "than the one beside it: extension/edges.py", "Build it anew"
    ),
    "byte code without a source is of another Python": Broken(
        wrote("python/six.pyc", OTHER_PYTHON),
        "bytecode.foreign",
        ERROR,
        "beside it: python/six.pyc",
        "with Python 3.12",
    ),
    "the zip of dependencies is none": Broken(
        wrote("python/later.zip", b"PK"), "bytecode.foreign", ERROR, "beside it: python/later.zip", "`make package`"
    ),
    "the zip of dependencies is cut inside": Broken(
        damaged, "bytecode.foreign", ERROR, "beside it: python/later.zip", "`make package`"
    ),
    "the zip of dependencies is packed in a way of tomorrow": Broken(
        packed_otherwise, "bytecode.foreign", ERROR, "beside it: python/later.zip", "`make package`"
    ),
    "byte code is a link to nowhere": Broken(
        linked("python/six.pyc"), "bytecode.foreign", ERROR, "beside it: python/six.pyc", "`make package`"
    ),
    "a source is a link to nowhere": Broken(
        linked("extension/edges.py"), "package.old-code", WARNING, "project: extension/edges.py", "`make package`"
    ),
    "a dependency has another version": Broken(
        has("msgspec", "0.20"),
        "versions.package",
        WARNING,
        "has msgspec 0.20, and requirements.txt pins 0.",
        "Build it",
    ),
    "a dependency is not pinned": Broken(
        has("left_pad", "1.3"),
        "versions.not-pinned",
        WARNING,
        "has left-pad 1.3, which requirements.txt",
        "`make lock`",
    ),
    "a dependency is missing": Broken(
        gone("python/msgspec-*"), "versions.missing", ERROR, "has no msgspec, and requirements.txt pins 0.", "Build it"
    ),
    "a dependency of a dependency is missing": Broken(
        without_dateutil,
        "versions.missing",
        ERROR,
        "has no python-dateutil, and requirements.txt pins",
        "Build it anew",
    ),
    "it is too large for the API": Broken(
        large(90_000_000), "package.large", WARNING, "is 90 MB to upload, more than the 75 MB", "`make package LIGHT=1`"
    ),
    "it is too large": Broken(
        large(600_000_000), "package.large", ERROR, "is 600 MB to upload, more than the 500 MB", "du -a {folder}"
    ),
    "others cannot read it": Broken(
        closed, "package.closed", WARNING, "not everybody can read extension/sql, handler.py", "chmod -R a+rX {folder}"
    ),
}
ALSO = {"bytecode.other-source", "package.old-policy", "package.compiled", "bytecode.missing", "package.closed"}
"""What a change brings with it besides what it is about."""


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_package_that_is_not_in_order_is_found(folder: Path, broken: Broken) -> None:
    broken.change(folder)
    remarks = found(folder)
    (remark,) = [each for each in remarks if each.id == broken.id]
    assert {each.id for each in remarks} <= {broken.id, *ALSO}
    assert remark.level is broken.level
    assert str(folder) in remark.what
    assert broken.what.format(folder=folder) in remark.what
    assert broken.do.format(folder=folder) in remark.do
    assert remark.why


def test_a_light_package_lacks_no_sdk(folder: Path) -> None:
    for path in (folder / "python").glob("alibabacloud-*"):
        shutil.rmtree(path)
    assert [remark.id for remark in found(folder)] == ["package.well"]
    (folder / "policy.compiled").unlink()
    (remark,) = found(folder)
    assert remark.do == "Build it anew: `make package LIGHT=1`."


def test_a_package_without_policy_is_only_incomplete(folder: Path) -> None:
    (folder / "policy.yaml").unlink()
    (remark,) = found(folder)
    assert (remark.id, remark.what) == ("package.incomplete", f"{folder}: is without policy.yaml")


def test_custom_checks_are_held_against_those_beside_the_policy(folder: Path, tmp_path: Path) -> None:
    shutil.copyfile(POLICY, tmp_path / "policy.yaml")
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks/tickets.py").write_text("")
    (remark,) = found(folder, tmp_path / "policy.yaml")
    assert remark.id == "package.old-policy"
    assert remark.do == f"Build it anew, and deploy it: `make package POLICY={tmp_path}/policy.yaml`."
    (folder / "checks").mkdir()
    (folder / "checks/tickets.py").write_text("")
    assert [each.id for each in found(folder, tmp_path / "policy.yaml")] == ["package.well"]


def test_a_folder_of_policies_is_not_packed_and_so_not_compared(folder: Path, tmp_path: Path) -> None:
    assert [each.id for each in found(folder, tmp_path)] == ["package.well"]


def test_byte_code_that_is_checked_against_its_source_may_be_old(folder: Path) -> None:
    code = folder / "extension/__pycache__/edges.cpython-312.pyc"
    code.write_bytes(bytecode.MAGIC + (3).to_bytes(4, "little") + bytes(8))
    assert [each.id for each in found(folder)] == ["package.well"]


def test_of_many_files_some_are_named() -> None:
    assert listed("cbda") == "a, b, c and 1 more"
    assert listed("cba") == "a, b, c"


class TestEnvironment:
    """What the command line itself runs with."""

    PINS = (
        'alpha==1.0 \\\n    --hash=sha256:00\nbeta==2.0 ; python_version < "3"\n# via gamma\n--no-index\ngamma==3.0\n'
    )

    @pytest.fixture
    def pinned(self, tmp_path: Path) -> Path:
        file = tmp_path / "requirements.txt"
        file.write_text(self.PINS)
        return file

    def test_nothing_is_said_where_it_is_as_pinned(self, tmp_path: Path, pinned: Path) -> None:
        dependency(tmp_path, "Alpha", "1.0")
        dependency(tmp_path, "gamma", "3.0")
        dependency(tmp_path, "delta", "9.0")
        assert list(versions.of_environment(distributions(path=[str(tmp_path)]), pinned)) == []

    def test_what_is_other_or_missing_is_found(self, tmp_path: Path, pinned: Path) -> None:
        dependency(tmp_path, "Alpha", "1.1")
        other, missing = versions.of_environment(distributions(path=[str(tmp_path)]), pinned)
        assert {(each.id, each.level) for each in (other, missing)} == {("versions.environment", Level.WARNING)}
        assert f"alpha 1.1 is installed, and {pinned} pins 1.0" in other.what
        assert f"gamma is not installed, and {pinned} pins 3.0" in missing.what
        assert other.do == f"`make setup`, or `python -m pip install --require-hashes -r {pinned}`."

    def test_this_one_is_looked_at(self) -> None:
        """A test of it that insists on what is installed would fail wherever one thing is tried out."""
        assert {each.id for each in versions.of_environment()} <= {"versions.environment"}
