"""What the extension is registered with, held against the policy that judges its events.

Source: https://alibabacloud.com/help/en/dataworks/developer-reference/api-dataworks-public-2020-05-18-getextension
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from extension import catalogue
from extension.catalogue import Level as Holder
from extension.doctor import Level, Remark, listed
from extension.doctor.registered import Registration
from extension.doctor.setup import Setup
from extension.errors import PlatformError
from extension.registration import points as needs
from extension.rules import Policy, Rule
from extension.verdict import clean

_CONSOLE = "in the DataWorks console (Open Platform, Extensions)"

_STATUS: Mapping[int, tuple[str, Level, str, str]] = {
    0: (
        "testing",
        Level.NOTE,
        "It can be enabled in its test workspace alone: nobody's operation is checked elsewhere.",
        f"Publish it {_CONSOLE} when it does what it shall, and have it enabled in the workspaces.",
    ),
    1: ("published", Level.OK, "", ""),
    3: (
        "disabled",
        Level.ERROR,
        "DataWorks checks nothing with it: every operation passes.",
        f"Enable it again {_CONSOLE}.",
    ),
    4: (
        "in review",
        Level.NOTE,
        "It can be enabled in its test workspace alone until it is published; reviews take about three working days.",
        "Wait for the review, then publish it.",
    ),
    5: (
        "approved, not published",
        Level.WARNING,
        "It can be enabled in its test workspace alone until it is published.",
        f"Publish it {_CONSOLE}, and have it enabled in the workspaces.",
    ),
    6: (
        "rejected",
        Level.ERROR,
        "It cannot be published: nobody's operation is checked outside of its test workspace.",
        f"See why it was rejected {_CONSOLE}, correct it, and submit it again.",
    ),
}
"""What each status is called, how bad that is, what it means, and what to do.

That an extension in review, approved or rejected works on in its test workspace is unverified.
Source: https://www.alibabacloud.com/help/en/dataworks/user-guide/develop-and-deploy-a-custom-extension
"""

HOSTED = needs.HOSTED | needs.PERHAPS_HOSTED
"""Events that Function Compute hosting may cover."""


def remarks(found: Registration, policy: Policy | None, setup: Setup) -> Iterator[Remark]:
    """What is wrong with status, events and addresses of a registration."""
    yield _status(found)
    yield from _unknown(found)
    if policy:
        yield from _levels(found, policy)
        yield from _unbound(found, policy)
        yield from _idle(found, policy)
    yield from _addresses(found, setup)


def unreadable(error: PlatformError) -> Remark:
    """What is said of an answer of DataWorks that is not of the documented form."""
    return Remark(
        id="registration.unreadable",
        level=Level.ERROR,
        what=clean(str(error)),
        why="What the extension is registered with is not known; its parameters may not be, either, so that rules that"
        " read them give their on_error.",
        do="Install a newer version if there is one; else report it with this line, and compare the registration with"
        " what `python -m extension register` prints yourself.",
    )


def _status(found: Registration) -> Remark:
    name = f'extension "{clean(found.name)}"' if found.name else "the extension"
    known = _STATUS.get(found.status if found.status is not None else -1)
    if known is None:
        return Remark(
            id="registration.status",
            level=Level.WARNING,
            what=f"{name}: GetExtension says status {found.status}, which is not documented",
            why="Whether DataWorks checks anything with it is not known.",
            do=f"Look at its state {_CONSOLE}.",
        )
    said, level, why, do = known
    return Remark(id="registration.status", level=level, what=f"{name}: status {found.status}, {said}", why=why, do=do)


def _unknown(found: Registration) -> Iterator[Remark]:
    """Events that are registered, and not in our catalogue."""
    codes = sorted(found.events - catalogue.BY_CODE.keys())
    if codes:
        yield Remark(
            id="registration.unknown-event",
            level=Level.WARNING,
            what=f"registered for events that this version does not know: {_joined(codes)}",
            why="No rule can judge them. They are answered OK, through CallbackExtension.",
            do=f"Take them out {_CONSOLE}, or install a version that knows them.",
        )
    if not found.events:
        yield Remark(
            id="registration.no-event",
            level=Level.ERROR,
            what="registered for no event",
            why="DataWorks sends it nothing: every operation passes.",
            do=f"Tick the extension points {_CONSOLE}: `python -m extension register` lists them.",
        )


def _levels(found: Registration, policy: Policy) -> Iterator[Remark]:
    """Rules with events of the other level than the registered ones: one extension cannot have both."""
    other = _other_level(found)
    apart = {name: [code for code in codes if _level(code) is other] for name, codes in _points(policy).items()}
    lost = [f"rule {clean(name)} ({listed(codes)})" for name, codes in apart.items() if codes]
    if lost:
        yield Remark(
            id="registration.level",
            level=Level.WARNING,
            what=f"registered for {_level(min(_known(found)))} events; of {other} level: {'; '.join(lost)}",
            why="An extension has points of one level: these rules never run on these events in this one.",
            do="Register a second extension for them, with a policy of their own: `python -m extension register` writes"
            " both with --split.",
        )


def _unbound(found: Registration, policy: Policy) -> Iterator[Remark]:
    """Rules none of whose events are registered, and events of the others that are not."""
    if not found.events:  # that is said already
        return
    other = _other_level(found)
    gaps: dict[str, list[Rule]] = {}
    points_of = _points(policy)
    for rule in policy.rules:
        codes = [code for code in points_of.get(rule.id, ()) if _level(code) is not other]
        missing = [code for code in codes if code not in found.events]
        if missing and len(missing) == len(codes):
            yield Remark(
                id="registration.unbound-rule",
                level=Level.ERROR,
                what=f"{policy.file}: rule {rule.id}: none of its events is registered: {_joined(missing)}",
                why="DataWorks does not send them: the rule never runs, and what it forbids passes.",
                do=f"Tick {_joined(missing)} {_CONSOLE}, or take rule {rule.id} out.",
            )
        else:
            for code in missing:
                gaps.setdefault(code, []).append(rule)
    if gaps:
        yield Remark(
            id="registration.unbound-event",
            level=Level.WARNING,
            what="not registered: " + "; ".join(f"{code} ({_named(gaps[code])})" for code in sorted(gaps)),
            why="DataWorks does not send these events: the rules judge only the others that they are for.",
            do=f"Tick them {_CONSOLE}, or name under `on` of these rules only what is ticked.",
        )


def _idle(found: Registration, policy: Policy) -> Iterator[Remark]:
    """Events that are registered, and that no rule judges."""
    idle = sorted(_known(found) - policy.plan.keys())
    if idle:
        yield Remark(
            id="registration.idle-event",
            level=Level.WARNING,
            what=f"registered, and judged by no rule of {policy.file}: {_joined(idle)}",
            why="Every such operation waits for an OK of ours, which says nothing, and stops where that fails to come.",
            do=f"Write rules for them, or take them out {_CONSOLE}.",
        )
    bound = sorted(_known(found) & policy.plan.keys())
    if bound:
        yield Remark(id="registration.events", level=Level.OK, what=f"registered and judged: {_joined(bound)}")


def _addresses(found: Registration, setup: Setup) -> Iterator[Remark]:
    """Addresses that users are led to, other than where the pages are."""
    ours = setup.environment.url
    if not ours:
        return
    for name, address in (("DetailUrl", found.detail_url), ("HelpDocUrl", found.help_url)):
        if address and _origin(address) != _origin(ours):
            yield Remark(
                id="registration.address",
                level=Level.WARNING,
                what=f"{name} leads to {clean(address.partition('?')[0])}, and EXTENSION_URL is {clean(ours)}",
                why="Who is blocked is led elsewhere than to the pages of this service.",
                do=f"Set it to {clean(ours)}/policy {_CONSOLE}, or correct EXTENSION_URL.",
            )


def _origin(address: str) -> str:
    try:
        url = urlsplit(address)
    except ValueError:
        return ""
    return f"{url.scheme}://{url.netloc}".lower()


def points(policy: Policy) -> frozenset[str]:
    """Events of a policy that wait for a verdict."""
    return frozenset(point.code for point in needs.points(policy, blocking=True))


def _points(policy: Policy) -> Mapping[str, Sequence[str]]:
    """Events of each rule that wait for a verdict, by the rule's id: no other can be registered."""
    found: dict[str, list[str]] = {}
    for point in needs.points(policy, blocking=True):
        for rule in point.rules:
            found.setdefault(rule.id, []).append(point.code)
    return found


def _known(found: Registration) -> frozenset[str]:
    return found.events & catalogue.BY_CODE.keys()


def _level(code: str) -> Holder:
    return catalogue.BY_CODE[code].level


def _other_level(found: Registration) -> Holder | None:
    """The level that no registered event has, None where there is none."""
    levels = {_level(code) for code in _known(found)}
    return next((each for each in Holder if each not in levels), None) if levels else None


def _named(rules: Iterable[Rule]) -> str:
    names = [rule.id for rule in rules]
    return f"rule{'' if len(names) == 1 else 's'} {_joined(names)}"


def _joined(names: Iterable[str]) -> str:
    return ", ".join(clean(name) for name in names)
