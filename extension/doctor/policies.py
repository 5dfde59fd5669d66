"""Whether a policy is in order: it validates, its rules can apply, cases try them, and none is in shadow for good."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from extension import cases, storage
from extension.cases import Outcome
from extension.doctor import Level, Remark, ages, places, rules
from extension.doctor.places import Place
from extension.errors import PolicyError
from extension.rules import Policy, Rule
from extension.verdict import Mode, cut

SHADOW = timedelta(days=90)
"""How long a rule may be in shadow before somebody should decide."""

GUIDE = "docs/rollout.md"
"""How a rule gets from shadow to enforce."""


def of_policy(policy: Policy, path: Path, now: datetime) -> Iterator[Remark]:
    """What is wrong with a policy that validates, read from `path`, and with the cases in the folder beside it."""
    written = places.of_rules(path)
    yield from rules.remarks(policy, now, written)
    yield from _of_shadows(policy, now, written)
    yield from _of_cases(path, written)


def _of_shadows(policy: Policy, now: datetime, written: Mapping[str, Place]) -> Iterator[Remark]:
    """Rules that have been in shadow for long. When that began is what `from` says, or else git."""
    shadows = [rule for rule in policy.rules if rule.mode is Mode.SHADOW and not _is_over(rule, now)]
    changed = _changed([written[rule.id] for rule in shadows if rule.scope.start is None], now)
    for rule in shadows:
        place = written[rule.id]
        since, source = rule.scope.start, "from"
        if since is None:
            since, source = changed.get((place.file, place.line_of("mode"))), "git"
        if since is None:
            yield Remark(
                id="shadow.age-unknown",
                level=Level.NOTE,
                what=place.about(rule.id, "is in shadow, and nothing says since when", "mode"),
                why="A rule that is forgotten in shadow blocks nothing, and looks as if it did.",
                do=f"Give it `from: {now.astimezone(policy.timezone):%Y-%m-%d}`, or the day on which it began; or keep"
                " the policy in git, with its whole history.",
            )
        elif now - since > SHADOW:
            yield Remark(
                id="shadow.old",
                level=Level.WARNING,
                what=place.about(rule.id, f"is in shadow for {(now - since).days} days, by {source}", "mode"),
                why="It blocks nothing, and looks as if it did.",
                do=f"Look in the log for what it would have blocked, and enforce it or take it out: {GUIDE}.",
            )


def _is_over(rule: Rule, now: datetime) -> bool:
    return rule.scope.end is not None and rule.scope.end <= now


def _changed(written: list[Place], now: datetime) -> Mapping[tuple[Path, int], datetime]:
    """When the line of the mode of each rule was last changed, by file and line."""
    lines: dict[Path, list[int]] = {}
    for place in written:
        lines.setdefault(place.file, []).append(place.line_of("mode"))
    return {
        (file, line): moment
        for file, numbers in lines.items()
        for line, moment in ages.of_lines(file, numbers, now).items()
    }


def _of_cases(path: Path, written: Mapping[str, Place]) -> Iterator[Remark]:
    folder = path if path.is_dir() else path.parent
    name = storage.name_of(folder)
    if not cases.files_of(folder):
        yield Remark(
            id="cases.none",
            level=Level.WARNING,
            what=f"{storage.name_of(path)}: has no test cases: no file in {name}/{cases.CASES} ends in .yaml",
            why="Nobody sees what a change of the policy changes before users do.",
            do=f"Write {cases.CASES}/a.yaml beside it, as in examples/, then `python -m extension policy test {name}`.",
        )
        return
    try:
        report = cases.run(folder, path)
    except PolicyError as error:
        for fault in error.faults:
            yield Remark(
                id="cases.invalid",
                level=Level.ERROR,
                what=fault.at(error.file),
                why="None of the cases was run.",
                do=f"Correct it, then `python -m extension policy test {name}`.",
            )
        return
    for outcome in report.failed:
        yield _failed(outcome, name)
    for rule in report.untouched:
        yield Remark(
            id="rule.untested",
            level=Level.WARNING,
            what=written[rule].about(rule, f"no case in {name}/{cases.CASES} touches it"),
            why="Nobody has seen it hit, and a change can break it unseen.",
            do=f"Write a case in which it hits, and one in which it does not: `python -m extension policy test {name}`"
            " runs them.",
        )


def _failed(outcome: Outcome, folder: str) -> Remark:
    case = outcome.case
    return Remark(
        id="cases.failed",
        level=Level.ERROR,
        what=f"{case.file}:{case.line}: {case.name}: {cut(' '.join(outcome.problems[0].split()), _PROBLEM_CHARS)}",
        why="The policy decides otherwise than is expected of it.",
        do=f"Correct the policy or the case, then `python -m extension policy test {folder}`.",
    )


_PROBLEM_CHARS = 300
