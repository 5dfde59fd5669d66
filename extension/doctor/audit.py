"""Whether what is deployed has known vulnerabilities: pip-audit asks OSV, for each pinned version.

Nothing is resolved and nothing installed: names and versions are those of the files of requirements, hashes and all.
Source: https://github.com/pypa/pip-audit, and https://google.github.io/osv.dev/post-v1-query/
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from extension.doctor import Level, Remark, listed, versions
from extension.storage import ROOT, name_of
from extension.verdict import clean

DEPLOYED = (ROOT / "requirements.txt", ROOT / "requirements-service.txt")
"""What pins the dependencies of the function and of the service."""

OSV = "https://api.osv.dev/v1/query"
"""Who is asked."""

TIMEOUT_S, ANSWER_S = 180.0, 10
"""How long all of it may take, and one answer: there is one for each dependency."""

PIP_AUDIT = (sys.executable, "-m", "pip_audit")


class _Vulnerability(msgspec.Struct, frozen=True):
    id: str
    fix_versions: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


class _Dependency(msgspec.Struct, frozen=True):
    name: str
    version: str = ""
    vulns: tuple[_Vulnerability, ...] = ()
    skip_reason: str = ""


class _Report(msgspec.Struct, frozen=True):
    """What pip-audit prints as JSON."""

    dependencies: tuple[_Dependency, ...]


class _NotToldError(Exception):
    """Why it is not known whether there are vulnerabilities."""


def remarks(
    files: Sequence[Path] = DEPLOYED,
    url: str = OSV,
    *,
    timeout_s: float = TIMEOUT_S,
    command: Sequence[str] = PIP_AUDIT,
) -> Iterator[Remark]:
    """What is known to be vulnerable of what some files of requirements pin; `url` is OSV's, or that of a mirror."""
    told, host = ", ".join(map(name_of, files)), urlsplit(url).hostname or ""
    asked = ["--disable-pip", "--vulnerability-service", "osv", "--osv-url", url, "--timeout", str(ANSWER_S)]
    named = [part for file in files for part in ("--requirement", str(file))]
    shown = ["--format", "json", "--desc", "off", "--progress-spinner", "off"]
    try:
        report, warned = _told([*command, *asked, *named, *shown], timeout_s)
    except _NotToldError as error:
        yield Remark(
            id="audit.not-told",
            level=Level.WARNING,
            what=f"{told}: whether versions with known vulnerabilities are pinned could not be looked up: {error}",
            why="They may have some.",
            do=f"`make setup` if pip-audit is missing; else try again where {host} can be reached, or see what"
            f" `python -m pip_audit --disable-pip -s osv -r {name_of(files[0])}` says.",
        )
        return
    pinned = {name: version for file in files for name, version in versions.pins(file).items()}
    looked_up = {each.name for each in report.dependencies if not each.skip_reason}
    found = [*_vulnerable(report, files), *_partial(pinned.keys() - looked_up, told, host, warned=warned)]
    if not found:
        what = f"{told}: {len(looked_up)} dependencies, none with a vulnerability that {host} knows"
        found = [Remark(id="audit.well", level=Level.OK, what=what)]
    yield from found


def _told(command: Sequence[str], timeout_s: float) -> tuple[_Report, bool]:
    """What pip-audit found, and whether it warned that it did not understand all of the answers.

    It exits 1 where there are vulnerabilities, and where it could not look them up: what it prints tells which.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, start_new_session=True) as run:  # noqa: S603  no shell
        try:
            printed, complained = run.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise _NotToldError(f"pip-audit was not done within {timeout_s:g} s") from error
        finally:
            if (
                run.returncode is None
            ):  # also where somebody presses Ctrl-C, of which a session of its own hears nothing
                os.killpg(run.pid, signal.SIGKILL)  # with what it started
    said = complained.decode(errors="replace")
    try:
        report = msgspec.json.decode(printed, type=_Report)
    except msgspec.DecodeError as error:
        raise _NotToldError(_reason(said)) from error
    return report, _WARNING in said


_WARNING = "WARNING:pip_audit._service"


def _reason(said: str) -> str:
    """Why there is no report: without what was asked of whom, for a URL can have a password in it."""
    last = said.strip().rpartition("\n")[2]
    if "No module named" in last:
        return "pip-audit is not installed"
    return f"pip-audit failed ({clean(last.partition(':')[0]) or 'it does not say why'})"


def _vulnerable(report: _Report, files: Sequence[Path]) -> Iterator[Remark]:
    """A remark for each vulnerability."""
    pinned: Mapping[Path, Mapping[str, str]] = {file: versions.pins(file) for file in files}
    for each in report.dependencies:
        places = ", ".join(name_of(file) for file in files if each.name in pinned[file])
        for one in each.vulns:
            name = f"{clean(each.name)} {clean(each.version)}"
            known = clean(", ".join((one.id, *one.aliases)))
            fixed = clean(" or ".join(one.fix_versions))
            do = f"Have `make lock` pin {clean(each.name)} {fixed}, by pyproject.toml; then `make test`, and deploy."
            nothing = "No version is free of it: see whether it matters here, and do without if it does."
            yield Remark(
                id="audit.vulnerable",
                level=Level.ERROR,
                what=f"{places}: {name} has the known vulnerability {known}",
                why=f"What it lets others do: https://osv.dev/vulnerability/{clean(one.id)}",
                do=do if fixed else nothing,
            )


def _partial(left: set[str], told: str, host: str, *, warned: bool) -> Iterator[Remark]:
    """What nothing is known of."""
    if left or warned:
        what = f"of {listed(left)}" if left else "all of the answers"
        verb = "was not told" if left else "did not understand"
        yield Remark(
            id="audit.partial",
            level=Level.WARNING,
            what=f"{told}: pip-audit {verb} {what}",
            why="Those may have known vulnerabilities.",
            do=f"Look them up at https://osv.dev, and see whether {host} answers as OSV does.",
        )
