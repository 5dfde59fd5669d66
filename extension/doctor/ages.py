"""How long a line of a file has been there, by git."""

import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

TIMEOUT_S = 20.0

_UNKNOWN: Mapping[int, datetime] = {}


def of_lines(file: Path, lines: Iterable[int], now: datetime) -> Mapping[int, datetime]:
    """When each line was last changed, by its number. Empty where that is not known.

    It is not without git or a repository, and not in a repository whose history is cut off: there, every line seems to
    be of its first commit. A line that is not committed is of now.
    """
    wanted = [f"-L{line},{line}" for line in sorted(set(lines))]
    said = _git(file.parent, "rev-parse", "--is-shallow-repository")
    if not wanted or said.strip() != "false":
        return _UNKNOWN
    found: dict[int, datetime] = {}
    number, committed = 0, False
    for line in _git(file.parent, "blame", "--line-porcelain", *wanted, "--", file.name).splitlines():
        words = line.split(" ")
        if words[0] == "committer-time":
            found[number] = datetime.fromtimestamp(int(words[1]), UTC) if committed else now
        elif len(words[0]) in _HASHES and len(words) >= _HEAD:
            number, committed = int(words[2]), bool(words[0].strip("0"))
    return found


_HASHES = (40, 64)
"""Lengths of the name of a commit."""

_HEAD = 3
"""Parts of the first line on each line: commit, and the line's number then and now."""


def _git(folder: Path, *arguments: str) -> str:
    """What git prints, empty where it fails or is not there."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        run = subprocess.run(  # noqa: S603  git of who asks, and no shell
            command, capture_output=True, check=False, timeout=TIMEOUT_S, encoding="utf-8", errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if run.returncode else run.stdout
