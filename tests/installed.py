"""The package as pip installs it, in a virtual environment of its own, for tests of what happens outside a checkout."""

import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path

import pytest

from extension.storage import ROOT

SOURCES = ("LICENSE", "README.md", "extension", "handler.py", "pyproject.toml")
"""What the package is built from."""

REPOSITORY = ROOT / "examples/policy-repository"


def environment(folder: Path) -> Path:
    """A virtual environment with the package; what it needs is that of the tests, and is not installed again."""
    made, packages = folder / "venv", folder / "venv" / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    venv.create(made, symlinks=True)
    (packages / "theirs.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    sources = folder / "sources"
    sources.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, sources)
    pip = [str(made / "bin/python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--no-deps", "--no-compile", str(sources)], check=True, timeout=300)  # noqa: S603  pip, on our sources
    return made


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That environment, made once for all processes of a run."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with (shared / "installed.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / "installed"
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            environment(folder)
            (folder / "made").touch()
    return folder / "venv"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A policy repository as the example has it, with the extension where the submodule would be."""
    folder = tmp_path / "repository"
    shutil.copytree(REPOSITORY, folder)
    (folder / "vendor").mkdir()
    (folder / "vendor/dataworks-extension").symlink_to(ROOT)
    return folder


def broken(repository: Path) -> None:
    """Have its policy name a check that there is not."""
    policy = repository / "policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("download.rows", "download.row"), encoding="utf-8")


def failing(repository: Path) -> None:
    """Have its policy be valid, and another one than its cases expect."""
    policy = repository / "policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("max: 100000", "max: 100001"), encoding="utf-8")


def ran(
    script: str, folder: Path, installed: Path, variables: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run commands in `folder` as GitHub runs a step, with the installed package on the PATH."""
    return subprocess.run(  # noqa: S603  what our own files say
        ["/usr/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={"PATH": f"{installed}/bin:/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8", **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
