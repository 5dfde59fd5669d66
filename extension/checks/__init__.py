"""What a check is, and where to find one by its id.

Each family has its checks in a module of its own, with a table of them at its end; a module is loaded with the first of
its checks that a policy names. All of them together are in `registry`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

import msgspec

from extension import catalogue
from extension.events import Event, Payload
from extension.settings import kind_of
from extension.verdict import Finding, Text, placeholders

P = TypeVar("P", bound=Payload | None)
S = TypeVar("S", bound=msgspec.Struct)


class Need(StrEnum):
    """What a check needs that no message has: the field of `Event` that holds it. It is asked of the platform before."""

    FILE = "file"
    TABLE = "table"
    INSTANCES = "instances"
    ROLES = "roles"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check: what a rule names with `check:`."""

    id: str
    judge: Callable[[Event[Any], Any], Iterator[Finding]]
    settings: type[msgspec.Struct]
    events: frozenset[str]
    texts: tuple[Text, ...]
    needs: frozenset[Need] = frozenset()

    @property
    def placeholders(self) -> frozenset[str]:
        """Placeholders that every hit of the check has a value for."""
        return frozenset.intersection(*(text.fields for text in self.texts))

    @property
    def about(self) -> str:
        """What it judges, in the first line of its docstring."""
        return (self.judge.__doc__ or "").strip().partition("\n\n")[0]


FAMILIES = {
    "download": "transfers",
    "upload": "transfers",
    "file": "files",
    "sql": "sql",
    "table": "tables",
    "node": "nodes",
    "instance": "nodes",
    "backfill": "backfills",
    "integration": "integrations",
    "quality": "quality",
    "approval": "approvals",
    "workspace": "workspaces",
    "operator": "operators",
    "calendar": "calendars",
}
"""Module of each family of checks, by the first part of their ids."""


def row(
    check: str,
    judge: Callable[[Event[P], S], Iterator[Finding]],
    settings: type[S],
    events: tuple[str, ...] | frozenset[str],
    *texts: Text,
    needs: Need | None = None,
) -> Check:
    """A check as the table of its family has it."""
    needed = frozenset({needs} if needs else ())
    return Check(id=check, judge=judge, settings=settings, events=frozenset(events), texts=texts, needs=needed)


@cache
def built_in(identity: str) -> Check | None:
    """The built-in check of this id, None for none."""
    family = FAMILIES.get(identity.partition(".")[0])
    if family is None:
        return None
    found: tuple[Check, ...] = import_module(f"{__name__}.{family}").CHECKS
    return next((check for check in found if check.id == identity), None)


def check(
    identity: str, *, events: str | Sequence[str], texts: Sequence[Text], needs: Sequence[Need] = ()
) -> Callable[[Callable[[Event[Any], Any], Iterator[Finding]]], Check]:
    """Make a check of a function, in a module that a policy names under `checks:`.

    `identity` is `family.name`, another one than those of the built-in checks; `events` are codes, categories or
    modules of the catalogue, or "*"; `texts` what it can say of a hit; the settings are the struct that its second
    parameter is annotated with. Raises ValueError for what a built-in check could not be either.
    """

    def register(judge: Callable[[Event[Any], Any], Iterator[Finding]]) -> Check:
        names = [events] if isinstance(events, str) else events
        unknown = [name for name in names if not catalogue.select(name)]
        if not re.fullmatch(r"[a-z][a-z0-9_]*[.][a-z][a-z0-9_]*", identity) or built_in(identity):
            raise ValueError(f"the id {identity} is not of the form family.name, or is that of a built-in check")
        if unknown or not names:
            raise ValueError(f"{identity}: expected event codes, categories or modules, found {', '.join(unknown)}")
        if not texts or any(text.fields != placeholders(text.zh) for text in texts):
            raise ValueError(f"{identity}: expected texts with the same placeholders in both languages")
        if not (judge.__doc__ or "").strip():
            raise ValueError(f"{identity}: the function has no docstring, which says what it judges")
        return Check(
            id=identity,
            judge=judge,
            settings=_settings(identity, judge),
            events=frozenset[str]().union(*map(catalogue.select, names)),
            texts=tuple(texts),
            needs=frozenset(needs),
        )

    return register


def _settings(identity: str, judge: Callable[..., object]) -> type[msgspec.Struct]:
    """The settings struct of a function. Raises ValueError for one that a policy could not be read into."""
    import inspect  # noqa: PLC0415  10 ms that only a custom check has to pay

    parameters = [*inspect.signature(judge, eval_str=True).parameters.values()]
    struct: Any = parameters[1].annotation if len(parameters) == 2 else None  # noqa: PLR2004  event and settings
    if not (inspect.isclass(struct) and issubclass(struct, msgspec.Struct)):
        raise ValueError(f"{identity}: expected a function of event and settings, the latter annotated with a struct")
    for field in msgspec.structs.fields(struct):
        if not all(hasattr(kind_of(field), name) for name in ("read", "schema", "FORM")):
            raise ValueError(f"{identity}: {field.name} is of no type of extension.settings")
    found: type[msgspec.Struct] = struct
    return found
