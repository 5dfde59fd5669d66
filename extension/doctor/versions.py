"""Versions of dependencies against the pins: those in a package, and those that the command line runs with."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from extension import packing
from extension.doctor import Level, Remark
from extension.packing import OF_SDK, Package
from extension.storage import ROOT, name_of

DEVELOPED = ROOT / "requirements-dev.txt"
"""Pins of what the command line runs with."""


def pins(requirements: Path) -> Mapping[str, str]:
    """The version of each dependency that a file of requirements pins for this machine and Python."""
    found: dict[str, str] = {}
    for line in requirements.read_text(encoding="utf-8").splitlines():
        text = line.partition("\\")[0].partition("#")[0].partition(" --")[0].strip()
        if not text or text.startswith("-"):
            continue
        one = Requirement(text)
        if one.marker is None or one.marker.evaluate():
            found[canonicalize_name(one.name)] = str(one.specifier).removeprefix("==")
    return found


def of_package(folder: Path, package: Package, place: str, make: str) -> Iterator[Remark]:
    """What is packed in another version than is pinned, is not pinned, or is missing."""
    pinned = pins(ROOT / package.requirements)
    packed = _versions(distributions(path=[str(folder / "python")]))
    for name, version in sorted(packed.items()):
        if name not in pinned:
            yield Remark(
                id="versions.not-pinned",
                level=Level.WARNING,
                what=f"{place}: has {name} {version}, which {package.requirements} does not pin",
                why="Nobody has said which one it should be, and no audit looks at it.",
                do=f"Name it in pyproject.toml and run `make lock`, or build without it: `{make}`.",
            )
        elif version != pinned[name]:
            yield Remark(
                id="versions.package",
                level=Level.WARNING,
                what=f"{place}: has {name} {version}, and {package.requirements} pins {pinned[name]}",
                why="What is deployed is not what was tested.",
                do=f"Build it anew: `{make}`.",
            )
    required = packing.required(folder / "python", package, light=is_light(folder))
    for name in sorted((required & pinned.keys()) - packed.keys()):
        yield Remark(
            id="versions.missing",
            level=Level.ERROR,
            what=f"{place}: has no {name}, and {package.requirements} pins {pinned[name]}",
            why="The import of it fails where it runs.",
            do=f"Build it anew: `{make}`.",
        )


def is_light(folder: Path) -> bool:
    """Whether a package is without the SDK."""
    packed = _versions(distributions(path=[str(folder / "python")]))
    return bool(packed) and not packed.keys() & set(OF_SDK)


def of_environment(installed: Iterable[Distribution] | None = None, requirements: Path = DEVELOPED) -> Iterator[Remark]:
    """What the command line runs with in another version than is pinned, or without."""
    found = _versions(distributions() if installed is None else installed)
    wrong = {name: version for name, version in pins(requirements).items() if found.get(name) != version}
    for name, version in sorted(wrong.items()):
        have = f"{name} {found[name]} is installed" if name in found else f"{name} is not installed"
        yield Remark(
            id="versions.environment",
            level=Level.WARNING,
            what=f"{sys.prefix}: {have}, and {name_of(requirements)} pins {version}",
            why="What is tried here is not what is tested, and not what is deployed.",
            do=f"`make setup`, or `python -m pip install --require-hashes -r {name_of(requirements)}`.",
        )


def _versions(found: Iterable[Distribution]) -> dict[str, str]:
    """Versions by name. What pip left half installed, or half removed, has no name."""
    return {canonicalize_name(each.name): each.version for each in found if "Name" in each.metadata}
