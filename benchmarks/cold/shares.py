"""A process that has a share of one core alone, by the best of the ways that this machine has."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec

SHARE = 0.35
"""Of a core: what a small function has."""

PERIOD_US = 10_000
"""The quota is for so long each time: in the usual 100 ms a short process could end before it is ever stopped."""

NEIGHBOURS = 2
"""Processes that do nothing but compute on the same core: it has three then, and each a third."""

_JOIN = ("/bin/sh", "-c", 'echo $$ >"$0" && exec "$@"')
"""A process that joins a group before it becomes what it is to be: the start of the interpreter counts, too."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How a share is had: in words, and what goes before a command."""

    words: str
    prefix: tuple[str, ...] = ()


@contextmanager
def limited() -> Iterator[Way]:
    """The way to `SHARE` of a core, for as long as it is open. Raises LookupError where there is none."""
    with ExitStack() as opened:
        if group := _group():
            opened.callback(_close, group)
            version = "v2" if (group / "cpu.max").exists() else "v1"
            quota = f"{PERIOD_US * SHARE / 1000:g} of every {PERIOD_US / 1000:g} ms"
            yield Way(words=f"cgroup {version} with a CPU quota of {quota}", prefix=_joining(group))
        elif command := shutil.which("cpulimit"):
            prefix = (command, "--quiet", "--foreground", "--limit", f"{SHARE * 100:.0f}", "--")
            yield Way(words=f"cpulimit at {SHARE:.0%}, which stops and continues the process", prefix=prefix)
        elif command := shutil.which("taskset"):
            core = str(max(os.sched_getaffinity(0)))
            for _ in range(NEIGHBOURS):
                opened.enter_context(_busy((command, "--cpu-list", core)))
            words = f"one core shared with {NEIGHBOURS} busy processes, so a third of it and not {SHARE}"
            yield Way(words=words, prefix=(command, "--cpu-list", core))
        else:
            raise LookupError("no cgroup that could be made, no cpulimit and no taskset")


def _group() -> Path | None:
    """A new control group with the quota, None where this machine or this user cannot have one."""
    for parent in _parents():
        group = parent / f"dataworks-extension-bench-{os.getpid()}"
        with suppress(OSError):
            group.mkdir()
            if _allot(group):
                return group
            _close(group)
    return None


def _allot(group: Path) -> bool:
    """Give a group its quota; whether a process can then join it."""
    quota = int(PERIOD_US * SHARE)
    with suppress(OSError):
        if (group / "cpu.max").exists():
            (group / "cpu.max").write_text(f"{quota} {PERIOD_US}", encoding="ascii")
        elif (group / "cpu.cfs_quota_us").exists():
            (group / "cpu.cfs_period_us").write_text(f"{PERIOD_US}", encoding="ascii")
            (group / "cpu.cfs_quota_us").write_text(f"{quota}", encoding="ascii")
        else:
            return False
        return _joins(group)
    return False


def _joins(group: Path) -> bool:
    command = [*_joining(group), "/bin/true"]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0  # noqa: S603  our own


def _joining(group: Path) -> tuple[str, ...]:
    return (*_JOIN, str(group / "cgroup.procs"))


def _close(group: Path) -> None:
    with suppress(OSError):  # what is left of it is empty, and costs nothing
        group.rmdir()


def _parents() -> Iterator[Path]:
    """Groups in which one of our own could be made: that of this process, and those around it."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
        groups = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()]
    except OSError:  # not on Linux
        return
    for _, mount, kind, options, *_ in mounts:
        if kind not in ("cgroup", "cgroup2") or (kind == "cgroup" and "cpu" not in options.split(",")):
            continue
        for _, controllers, path in groups:
            if "cpu" in controllers.split(",") if kind == "cgroup" else not controllers:
                own = Path(mount) / path.lstrip("/")
                yield from (each for each in (own, *own.parents) if each.is_relative_to(mount) and each.is_dir())


@contextmanager
def _busy(prefix: Sequence[str]) -> Iterator[None]:
    """A process that does nothing but compute."""
    process = subprocess.Popen([*prefix, sys.executable, "-c", "while True: pass"])  # noqa: S603  our own
    try:
        yield
    finally:
        process.kill()
        process.wait()
