"""Whether what is to be deployed is in order: the folders that `make package` builds."""

from collections.abc import Iterator
from pathlib import Path

from extension import storage
from extension.doctor import Level, Remark, bytecode, listed, versions
from extension.errors import PolicyError
from extension.packing import FUNCTION, SERVICE, TOP, Package, contents
from extension.storage import ROOT, name_of

BUILD = ROOT / "build"
"""Where `make package` puts what it builds."""

NEEDED = ("policy.yaml", "extension", "python")
"""What a package does not start without, with the files of its own."""

UPLOAD_BYTES, ZIP_BYTES = 75_000_000, 500_000_000
"""Largest zip that goes through the API, 100 MB in Base64, and largest one that any way takes.

Source: "Quotas and limits" of Function Compute 3.0, https://www.alibabacloud.com/help/en/functioncompute/
"""


def remarks(policy: Path, build: Path = BUILD, wanted: Package | None = None) -> Iterator[Remark]:
    """What is wrong with the packages that are built. `policy` is what they should have been built with.

    `wanted` is looked at first, and has to be there; without it, any of them will do.
    """
    order = (SERVICE, FUNCTION) if wanted is SERVICE else (FUNCTION, SERVICE)
    built = [(package, build / package.name) for package in order if (build / package.name).is_dir()]
    if not built or (wanted and not (build / wanted.name).is_dir()):
        yield Remark(
            id="package.none",
            level=Level.NOTE,
            what=f"{name_of(build / order[0].name)}: nothing is built",
            why="There is nothing to deploy, and nothing to look at.",
            do="`make package SERVICE=1`."
            if wanted is SERVICE
            else "`make package`, or `make package SERVICE=1` for the service.",
        )
    for package, folder in built:
        yield from of_folder(folder, package, policy)


def of_folder(folder: Path, package: Package, policy: Path) -> Iterator[Remark]:
    """What is wrong with one package."""
    place, make = name_of(folder), _make(folder, package, policy)
    found = [
        *_of_top(folder, package, place, make),
        *_of_sources(folder, package, place, make),
        *_of_policy(folder, policy, place, make),
        *bytecode.remarks(folder, place, make),
        *versions.of_package(folder, package, place, make),
        *_of_modes(folder, place, make),
    ]
    size = _size(folder)
    found += _of_size(size, place, make)
    if not found:
        told = f"{place}: {size / 1e6:.1f} MB, of this policy and code, with byte code, versions as pinned"
        found = [Remark(id="package.well", level=Level.OK, what=told)]
    yield from found


def _make(folder: Path, package: Package, policy: Path) -> str:
    """The command that builds such a package with a policy."""
    service = " SERVICE=1" if package is SERVICE else ""
    light = " LIGHT=1" if versions.is_light(folder) else ""
    named = "" if policy == ROOT / "policy.yaml" or policy.is_dir() else f" POLICY={name_of(policy)}"
    return f"make package{service}{light}{named}"


def _of_top(folder: Path, package: Package, place: str, make: str) -> Iterator[Remark]:
    there = {path.name for path in folder.iterdir()}
    if missing := {*NEEDED, *package.files} - there:
        yield Remark(
            id="package.incomplete",
            level=Level.ERROR,
            what=f"{place}: is without {listed(missing)}",
            why="It does not start.",
            do=f"Build it anew: `{make}`.",
        )
    if strange := there - {*TOP}:
        yield Remark(
            id="package.strange",
            level=Level.WARNING,
            what=f"{place}: has in it what no package has: {listed(strange)}",
            why="It is deployed with the rest, and the next build refuses to replace the folder.",
            do=f"Move it out of {place}, then `{make}`.",
        )


def _of_sources(folder: Path, package: Package, place: str, make: str) -> Iterator[Remark]:
    """Whether the code is that of the project."""
    files = [file for file in (ROOT / "extension").rglob("*") if file.is_file() and package.runs(file)]
    ours = {file.relative_to(ROOT).as_posix(): file for file in (*files, *(ROOT / name for name in package.files))}
    packed = {file.relative_to(folder).as_posix() for file in (folder / "extension").rglob("*")}
    strange = {name for name in packed if name.endswith(package.suffixes) and name not in ours}
    changed = {name for name, file in ours.items() if not _is_same(folder / name, file)}
    changed -= {name for name in package.files if not (folder / name).exists()}  # that is said already
    if changed or strange:
        yield Remark(
            id="package.old-code",
            level=Level.WARNING,
            what=f"{place}: its code is not that of the project: {listed(changed | strange)}",
            why="What is deployed is not what is tried and tested here.",
            do=f"Build it anew, and deploy it: `{make}`.",
        )


def _is_same(packed: Path, file: Path) -> bool:
    return packed.is_file() and packed.read_bytes() == file.read_bytes()


def _of_policy(folder: Path, policy: Path, place: str, make: str) -> Iterator[Remark]:
    """Whether the policy is the one that is meant, and the compiled form is of it. Of a folder, none is packed."""
    if not (folder / "policy.yaml").is_file():
        return
    if policy.is_file() and not _is_packed(policy, folder):
        yield Remark(
            id="package.old-policy",
            level=Level.WARNING,
            what=f"{place}: its policy or custom checks are not those of {name_of(policy)}",
            why="A change of the policy counts when it is built and deployed, and not before.",
            do=f"Build it anew, and deploy it: `{make}`.",
        )
    try:
        form = storage.compiled_form(folder / "policy.yaml")
    except PolicyError as error:
        yield Remark(
            id="package.broken-policy",
            level=Level.ERROR,
            what=f"its policy does not validate: {error.faults[0].at(error.file)}",
            why="It does not start.",
            do=f"Correct {name_of(policy)}, then `{make}`.",
        )
        return
    compiled = folder / "policy.compiled"
    if not compiled.is_file() or compiled.read_bytes() != form:
        yield Remark(
            id="package.compiled",
            level=Level.WARNING,
            what=f"{name_of(compiled)}: is {'not of the policy beside it' if compiled.is_file() else 'missing'}",
            why="It does not count, so that a cold start reads the YAML and is longer.",
            do=f"Build it anew: `{make}`.",
        )


def _is_packed(policy: Path, folder: Path) -> bool:
    """Whether a policy and the custom checks beside it are in a package as they are."""
    checks = [path for path in (policy.parent / "checks").rglob("*.py") if path.is_file()]
    named = {f"checks/{path.relative_to(policy.parent / 'checks').as_posix()}": path for path in checks}
    return all(_is_same(folder / name, file) for name, file in {**named, "policy.yaml": policy}.items())


def _of_modes(folder: Path, place: str, make: str) -> Iterator[Remark]:
    """Whether whoever runs the function can read all of it."""
    closed = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if not _is_open(path)]
    if closed:
        yield Remark(
            id="package.closed",
            level=Level.WARNING,
            what=f"{place}: not everybody can read {listed(closed)}",
            why="The function runs as another user than the one who built it, and may not start.",
            do=f"`chmod -R a+rX {place}`, or build it anew: `{make}`.",
        )


_READ, _ENTER = 0o004, 0o005


def _is_open(path: Path) -> bool:
    """Whether everybody can read a file, or enter a folder; nobody can where a link leads nowhere."""
    try:
        wanted = _ENTER if path.is_dir() else _READ
        return path.stat().st_mode & wanted == wanted
    except OSError:
        return False


def _size(folder: Path) -> int:
    """Bytes that are uploaded: the zip, and where there is none, at most what the folder holds."""
    packed = folder.with_name(f"{folder.name}.zip")
    return packed.stat().st_size if packed.is_file() else sum(map(len, contents(folder).values()))


def _of_size(size: int, place: str, make: str) -> Iterator[Remark]:
    """Whether it can be uploaded. That `s deploy` goes by way of OSS is unverified."""
    over = size > ZIP_BYTES
    most, way = (ZIP_BYTES, "any region takes") if over else (UPLOAD_BYTES, "the API takes, in Base64")
    if size > UPLOAD_BYTES:
        yield Remark(
            id="package.large",
            level=Level.ERROR if over else Level.WARNING,
            what=f"{place}: is {size / 1e6:,.0f} MB to upload, more than the {most / 1e6:,.0f} MB that {way}",
            why="The deployment is refused."
            if over
            else "It is only taken from OSS or in the console, in main regions.",
            do=f"See what is large in it: `du -a {place} | sort -n | tail`; `{make} LIGHT=1` leaves out the SDK.",
        )
