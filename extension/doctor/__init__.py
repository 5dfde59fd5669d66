"""What is wrong with a set-up: every remark says what, why it matters, and what to do."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How bad it is: an error keeps verdicts from being right or from arriving, a warning may, a note does not."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    id: str
    """What was looked at, and what was found, such as `credentials.expired`: stable, for machines."""
    level: Level
    what: str
    """What was found, with its place: a file and rule, a variable, an API."""
    why: str = ""
    """Why it matters; empty where all is well."""
    do: str = ""
    """What to do about it; empty where all is well."""


SHOWN = 3
"""Most files that one remark names."""


def listed(names: Iterable[str]) -> str:
    """Names in order, the first of them where they are many."""
    ordered = sorted(names)
    more = f" and {len(ordered) - SHOWN} more" if len(ordered) > SHOWN else ""
    return ", ".join(ordered[:SHOWN]) + more
