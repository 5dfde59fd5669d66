"""Rules that never apply or never block, and exemptions that are over or for nobody: told by the policy alone."""

from collections.abc import Iterator, Mapping
from datetime import MAXYEAR, datetime, timedelta

import msgspec

from extension import catalogue, expressions
from extension.doctor import Level, Remark
from extension.doctor.places import Place
from extension.rules import Exemption, Policy, Rule
from extension.settings import Names
from extension.verdict import Mode
from extension.windows import Weekly

SOON, LATER = timedelta(days=14), timedelta(days=30)
"""How long before its end an exemption is warned of, and noted."""


def remarks(policy: Policy, now: datetime, places: Mapping[str, Place]) -> Iterator[Remark]:
    """What keeps rules from applying, and what is over."""
    judging: dict[object, str] = {}
    for rule in policy.rules:
        about = _About(rule, policy, places[rule.id])
        yield from _of_time(about, now)
        yield from _of_week(about)
        yield from _of_scope(about)
        yield from _of_condition(about)
        yield from _of_events(about)
        yield from _of_exemptions(about, now)
        key = _judged(rule)
        if key in judging:
            yield about(
                "rule.duplicate",
                Level.NOTE,
                f"has the same events, check, condition and scope as rule {judging[key]}",
                why="Both hit on the same events: the user reads the same thing twice.",
                do="Take one of them out; if they should differ, change `with` or `when` of one.",
            )
        judging.setdefault(key, rule.id)


class _About:
    """What is said of one rule."""

    def __init__(self, rule: Rule, policy: Policy, place: Place) -> None:
        self.rule = rule
        self.policy = policy
        self.place = place

    def __call__(self, name: str, level: Level, problem: str, *, why: str, do: str, key: str = "") -> Remark:  # noqa: PLR0913  a remark's parts
        what = self.place.about(self.rule.id, problem, key)
        return Remark(id=name, level=level, what=what, why=why, do=do)

    def day(self, moment: datetime) -> str:
        """A moment in the policy's timezone."""
        return f"{moment.astimezone(self.policy.timezone):%Y-%m-%d %H:%M}"


def _of_time(about: _About, now: datetime) -> Iterator[Remark]:
    scope = about.rule.scope
    if scope.end and scope.end <= now:
        yield about(
            "rule.over",
            Level.WARNING,
            "has passed",
            key="until",
            why="The rule judges nothing any longer.",
            do="Take the rule out, or give it a later `until`.",
        )
    if scope.start and scope.start > now:
        yield about(
            "rule.not-yet",
            Level.NOTE,
            f"begins on {about.day(scope.start)}",
            key="from",
            why="The rule judges nothing before that.",
            do="Nothing if that is meant; else give it an earlier `from`, or none.",
        )


def _of_week(about: _About) -> Iterator[Remark]:
    weekly = getattr(about.rule.settings, "weekly", None)
    if isinstance(weekly, Weekly) and weekly.always:
        yield about(
            "rule.always",
            Level.WARNING,
            "covers the whole week",
            key="with.weekly",
            why="Everything is frozen, at any time: a window such as Sun - Sat goes from the one day to the other.",
            do="Write the time that is frozen: for the weekend, Sat - Sun.",
        )


_SCOPES = (
    ("workspaces", "except_workspaces", "workspace"),
    ("operators", "except_operators", "operator"),
)


def _of_scope(about: _About) -> Iterator[Remark]:
    for name, other, what in _SCOPES:
        only, without = getattr(about.rule.scope, name), getattr(about.rule.scope, other)
        if only and without and _covers(without, only):
            yield about(
                "rule.nobody",
                Level.WARNING,
                f"{other} holds all of them, too",
                key=name,
                why=f"The rule is only left with events that name no {what}.",
                do=f"Take from `{other}` what the rule is for, or take the rule out.",
            )


def _covers(names: Names, others: Names) -> bool:
    """Whether whatever is one of `others` is one of `names`. False, too, for patterns that it cannot tell of."""
    return all(_holds(names, other) for other in others.names)


def _holds(names: Names, other: str) -> bool:
    if not _is_pattern(other):
        return other in names
    open_ended = [name[:-1] for name in names.names if name.endswith("*") and not _is_pattern(name[:-1])]
    return other in names.names or any(other.startswith(begin) for begin in open_ended)


def _is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


def _of_condition(about: _About) -> Iterator[Remark]:
    rule = about.rule
    if rule.when is None:
        return
    # Without a variable the engine only comes to an end where none decides.
    if msgspec.structs.replace(rule.when, fields={}).settled({}, "") is False:
        yield about(
            "rule.never-true",
            Level.WARNING,
            "is false, whatever the event is",
            key="when",
            why="The rule never hits.",
            do="Correct the condition, or take the rule out.",
        )
    for field, codes in _never_there(about.policy, rule):
        yield about(
            "rule.no-field",
            Level.WARNING,
            f"event.{field} is no field of {', '.join(codes)}",
            key="when",
            why="The rule hits on each of them.",
            do=f'Take them out of `on`, or begin the condition with `"{field}" in event &&`.',
        )


def _never_there(policy: Policy, rule: Rule) -> Iterator[tuple[str, list[str]]]:
    """Fields that the condition of a rule needs, each with the events of the rule that wait and do not have it."""
    entries = [catalogue.BY_CODE[code] for code, rules in policy.plan.items() if rule in rules]
    for field in sorted(rule.when.needed if rule.when else ()):
        codes = [
            entry.code
            for entry in entries
            if entry.callback and entry.payload and field not in expressions.record(entry.payload).fields
        ]
        if codes:
            yield field, sorted(codes)


def _of_events(about: _About) -> Iterator[Remark]:
    rule = about.rule
    if not any(catalogue.BY_CODE[code].callback for code in rule.events):
        yield about(
            "rule.never-blocks",
            Level.NOTE if rule.mode is Mode.SHADOW else Level.WARNING,
            "DataWorks waits for a verdict on none of its events",
            key="on",
            why=f"The rule is judged and logged when it is too late to block ({', '.join(sorted(rule.events))}).",
            do="Name the events that come before the operation: `python -m extension events` lists them; for a log"
            " alone, say `mode: shadow`.",
        )


def _of_exemptions(about: _About, now: datetime) -> Iterator[Remark]:
    for number, exemption in enumerate(about.rule.exempt):
        key = f"exempt[{number}].until"
        forever = exemption.until.year == MAXYEAR
        if exemption.until <= now:
            yield about(
                "exemption.over",
                Level.WARNING,
                "has passed",
                key=key,
                why="Nobody is exempt any longer.",
                do="Take the exemption out; if somebody still needs it, agree on a later `until`.",
            )
            continue
        if exemption.until <= now + LATER:
            yield about(
                "exemption.ends",
                Level.WARNING if exemption.until <= now + SOON else Level.NOTE,
                f"ends on {about.day(exemption.until)}, in {_days(exemption.until - now)}",
                key=key,
                why="After that, who counts on it is blocked.",
                do="Tell those it is for, or agree on a later `until`.",
            )
        if forever:
            yield about(
                "exemption.for-ever",
                Level.NOTE,
                "never comes",
                key=key,
                why="Nobody will ask again whether the exemption is still needed.",
                do="Set a day on which somebody looks at it again.",
            )
        yield from _of_reach(about, number, exemption)


def _days(left: timedelta) -> str:
    return f"{left.days} day{'' if left.days == 1 else 's'}" if left.days else "less than a day"


def _of_reach(about: _About, number: int, exemption: Exemption) -> Iterator[Remark]:
    """Whether an exemption is for all that the rule is for, or for nothing of it."""
    rule = about.rule
    if problem := _outside(rule, exemption):
        yield about(
            "exemption.for-nobody",
            Level.NOTE,
            problem,
            key=f"exempt[{number}]",
            why="The exemption lets nothing pass.",
            do="Correct the ids, or take the exemption out.",
        )
    elif _takes_all(rule, exemption):
        yield about(
            "rule.all-exempt",
            Level.WARNING,
            f"is for all that the rule is for, {exemption.about(about.policy.timezone)}",
            key=f"exempt[{number}]",
            why="The rule blocks nothing as long as that holds, but for events that do not say who or where.",
            do="Narrow the exemption, or take the rule out.",
        )


def _outside(rule: Rule, exemption: Exemption) -> str:
    """Why no event that the rule is for is exempt, empty where one may be.

    Of who does it, an event can name two ids: one of them in the rule's `operators`, the other one exempt.
    """
    scope = rule.scope
    if scope.start and exemption.until <= scope.start:
        return f"is over before the rule begins ({exemption.until:%Y-%m-%d})"
    if exemption.workspaces:
        exact = not any(map(_is_pattern, exemption.workspaces.names))
        if scope.workspaces and exact and not any(each in scope.workspaces for each in exemption.workspaces.names):
            return "workspace: the rule is for none of these workspaces"
        if scope.except_workspaces and _covers(scope.except_workspaces, exemption.workspaces):
            return "workspace: except_workspaces takes all of these out of the rule"
    if exemption.operators and scope.except_operators and _covers(scope.except_operators, exemption.operators):
        return "operator: except_operators takes all of these out of the rule"
    return ""


def _takes_all(rule: Rule, exemption: Exemption) -> bool:
    """Whether every event that the rule is for is exempt, if it says who and where and which tables."""
    pairs = (
        (exemption.operators, rule.scope.operators),
        (exemption.workspaces, rule.scope.workspaces),
        (exemption.tables, None),
    )
    return all(
        exempt is None or "*" in exempt.names or (only is not None and _covers(exempt, only)) for exempt, only in pairs
    )


def _judged(rule: Rule) -> object:
    """What decides whether and on what a rule hits."""
    scope, names = rule.scope, ("workspaces", "except_workspaces", "operators", "except_operators")
    exempt = [
        (_plain(each.operators), _plain(each.workspaces), _plain(each.tables), each.until) for each in rule.exempt
    ]
    return (
        rule.check.id if rule.check else "",
        repr(sorted(rule.given.items())),
        rule.when.text if rule.when else "",
        rule.events,
        tuple(_plain(getattr(scope, name)) for name in names),
        (scope.start, scope.end),
        tuple(exempt),
        tuple(sorted(rule.options.items())),
    )


def _plain(names: Names | None) -> frozenset[str] | None:
    return frozenset(names.names) if names else None
