"""What all checks with `allow` and `deny` share: how facts are compared with the lists, and how many are named."""

from collections.abc import Collection, Iterable, Iterator
from typing import TypeVar

from extension.events import Fact, Unknown
from extension.settings import Listed, Names, Protected
from extension.verdict import Finding, Text, hit, unread

N = TypeVar("N", bound=Names)


def compare(settings: Listed[N] | Protected, text: Text, name: str, *facts: Fact[str]) -> Iterator[Finding]:
    """Compare what may be called by several facts (an id and a name) with the lists: one of them is enough to match.

    A fact that is missing cannot clear anybody of `deny`; in `allow`, the others can still let pass.
    """
    if len(facts) == 1 and isinstance(facts[0], str):
        if refuses(settings, facts[0]):
            yield hit(text, **{name: facts[0]})
        return
    known = [fact for fact in facts if not isinstance(fact, Unknown)]
    unknown = [fact for fact in facts if isinstance(fact, Unknown)]
    denied = any(settings.deny and fact in settings.deny for fact in known)
    allowed = not settings.allow or any(fact in settings.allow for fact in known)
    if unknown and not denied and (settings.deny or not allowed):
        yield from first_unread(unknown)
    elif denied or not allowed:
        yield hit(text, **{name: known[0] if len(known) == 1 else f"{known[0]} ({known[1]})"})


def refuses(settings: Listed[N] | Protected, name: str) -> bool:
    """Whether the lists are against a name that nothing else is known by."""
    return bool(settings.deny and name in settings.deny) or bool(settings.allow and name not in settings.allow)


def first_unread(facts: Iterable[object]) -> Iterator[Finding]:
    """The finding for the first of the facts that is unknown: one says as well as all that a rule cannot be judged."""
    yield from [unread(fact) for fact in facts if isinstance(fact, Unknown)][:1]


def of_types(types: Names | None, kind: Fact[int], findings: Iterator[Finding]) -> Iterator[Finding]:
    """`findings`, where a file is of one of `types`. Where its type is not known, they cannot be told."""
    if types is None or (not isinstance(kind, Unknown) and str(kind) in types):
        yield from findings
    elif isinstance(kind, Unknown) and any(True for _ in findings):
        yield unread(kind)


_NAMED = 3


def few(names: Collection[object]) -> str:
    """The first three of many, for a finding; it says beside it how many there are in all."""
    return ", ".join(str(name) for name, _ in zip(names, range(_NAMED), strict=False))
