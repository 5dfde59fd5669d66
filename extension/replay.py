"""Recorded events judged under another policy, and what would change. Nothing is asked of the platform, or posted.

All is counted on the way, so that a million events take no more memory than a thousand.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import UTC
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TypeAlias, TypeVar

import msgspec

from extension import logs, storage
from extension.errors import Fault, PolicyError
from extension.evidence import Judge, Opinion, counts
from extension.logs import Part, Reader, Span
from extension.records import Found, Record
from extension.rules import Policy
from extension.verdict import LATE, Judged, Mode, Result, worst_of

KEYS = 10_000
"""Most users, workspaces, ... that are counted one by one; all others are counted together."""

OTHERS = "*"
"""What is counted together."""

EXAMPLES = 20
"""Most events of a transition that are named."""

PARALLEL_BYTES = 16 * 1024 * 1024
"""Files that are longer than this together are read by several processes: each takes half a second to start."""

UNKNOWN = "?"
"""In a transition: what is not decidable, or was not recorded."""


class Change(msgspec.Struct, kw_only=True):
    """What changes for some of the events, such as those of one workspace."""

    events: int = 0
    blocked_before: int = 0
    blocked_now: int = 0
    newly_blocked: int = 0
    """Blocked under the policy, and not by the record."""
    newly_warned: int = 0
    newly_passed: int = 0
    undecided: int = 0
    """Not decidable by what is recorded."""


class Effect(msgspec.Struct, kw_only=True):
    """What a rule does: in how many events it has a finding that counts, by the record and under the policy."""

    hits_before: int = 0
    hits_now: int = 0
    newly_blocked: int = 0
    """Events that are blocked now, by it among others."""
    unblocked: int = 0
    """Events that were blocked, by it among others, and are not now."""
    shadow_hits: int = 0
    """Events that it hits in shadow, where it decides nothing."""
    undecided: int = 0
    """Events whose record does not say enough for it, whether or not that matters."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """An event by name, with the rules that decided it and those that would; `open` are those that are undecided."""

    id: str
    at: str
    code: str
    workspace: str
    operator: str
    rules_before: tuple[str, ...]
    rules_now: tuple[str, ...]
    open: tuple[str, ...]


class Strange(msgspec.Struct, kw_only=True):
    """What of a file could not be used: lines, among them those of Function Compute's log, which hold too little.

    `broken` says why it could not be read to its end.
    """

    lines: int = 0
    log_lines: int = 0
    broken: str = ""


class Replay(msgspec.Struct, kw_only=True):
    """What a policy changes, counted over the events of a log."""

    policy: str
    sample: int = EXAMPLES
    """Most events of a transition that are named."""
    total: Change = msgspec.field(default_factory=Change)
    judged: int = 0
    """Events that the policy has a rule for."""
    unchanged: int = 0
    unknown_before: int = 0
    """Events of which no verdict is recorded: nothing was judged, or not all findings were kept."""
    switched: int = 0
    """Events that a switch or a parameter let pass. What their policy decided counts as their verdict."""
    accidents: int = 0
    """Changes of a verdict that had come of an error, of an answer that was not had, or of time that had run out."""
    left_out: int = 0
    """Records of other days than those that are looked at."""
    strange: int = 0
    """Lines that are no record."""
    transitions: dict[str, int] = {}
    """Events by verdict, as recorded and under the policy: `OK>FAIL`."""
    rules: dict[str, Effect] = {}
    workspaces: dict[str, Change] = {}
    operators: dict[str, Change] = {}
    codes: dict[str, Change] = {}
    days: dict[str, Change] = {}
    """By day of judging, in UTC."""
    policies: dict[str, int] = {}
    """Events by the policy that had decided."""
    examples: dict[str, list[Example]] = {}
    """The first events of each transition that is a change, or not decidable."""
    files: dict[str, Strange] = {}
    """Files with something in them that could not be used."""

    def add(self, record: Record, opinion: Opinion) -> None:
        """Count an event, and what the policy says to it."""
        before, now = _verdict(record), opinion.result
        differs = before is not None and now is not None and before is not now
        self.unchanged += before is not None and before is now
        self.unknown_before += before is None
        self.switched += bool(record.switch) or any(found.mode is Mode.OVERRULED for found in record.findings)
        self.accidents += differs and any(_is_accident(found) for found in record.findings)
        self._count(record, before, now, differs=differs)
        self._effects(record, opinion, before, differs=differs)
        _add(self.policies, record.policy)
        transition = f"{before or UNKNOWN}>{now or UNKNOWN}"
        _add(self.transitions, transition)
        if before is not now or now is None:
            named = self.examples.setdefault(transition, [])
            if len(named) < self.sample:
                named.append(_example(record, opinion))

    def _count(self, record: Record, before: Result | None, now: Result | None, *, differs: bool) -> None:
        """Count it in all, and with those that it has something in common with."""
        changes = (
            self.total,
            _of(self.workspaces, record.workspace or "-", Change),
            _of(self.operators, record.operator or "-", Change),
            _of(self.codes, record.code, Change),
            _of(self.days, record.at.astimezone(UTC).date().isoformat(), Change),
        )
        for change in changes:
            change.events += 1
            change.undecided += now is None
            change.blocked_before += before is Result.FAIL
            change.blocked_now += now is Result.FAIL
        for change in changes if differs else ():
            change.newly_blocked += now is Result.FAIL
            change.newly_warned += now is Result.WARN
            change.newly_passed += now is Result.OK

    def _effects(self, record: Record, opinion: Opinion, before: Result | None, *, differs: bool) -> None:
        """Count what rules do."""
        for rule in _hits(record):
            _of(self.rules, rule, Effect).hits_before += 1
        for rule in opinion.open:
            _of(self.rules, rule, Effect).undecided += 1
        for rule in {judged.rule for judged in opinion.findings if counts(judged)}:
            _of(self.rules, rule, Effect).hits_now += 1
        for rule in {judged.rule for judged in opinion.findings if judged.mode is Mode.SHADOW}:
            _of(self.rules, rule, Effect).shadow_hits += 1
        if differs and opinion.result is Result.FAIL:
            for rule in _blocking(opinion.findings):
                _of(self.rules, rule, Effect).newly_blocked += 1
        if differs and before is Result.FAIL:
            for rule in _blocking(record.findings):
                _of(self.rules, rule, Effect).unblocked += 1

    def note(self, name: str, reader: Reader) -> None:
        """Count what could not be used of a file."""
        self.left_out += reader.left_out
        self.strange += reader.strange
        if reader.strange or reader.broken:
            strange = _of(self.files, logs.shown(name), Strange)
            strange.lines += reader.strange
            strange.log_lines += reader.log
            strange.broken = strange.broken or reader.broken

    def merge(self, other: "Replay") -> None:
        """Add what was counted over events that come behind."""
        _sum(self, other)
        _sum(self.total, other.total)
        for name, number in (*other.transitions.items(),):
            _add(self.transitions, name, number)
        for name, number in other.policies.items():
            _add(self.policies, name, number)
        for mine, others in (
            (self.workspaces, other.workspaces),
            (self.operators, other.operators),
            (self.codes, other.codes),
            (self.days, other.days),
        ):
            for name, change in others.items():
                _sum(_of(mine, name, Change), change)
        for name, effect in other.rules.items():
            _sum(_of(self.rules, name, Effect), effect)
        for name, strange in other.files.items():
            mine_ = _of(self.files, name, Strange)
            _sum(mine_, strange)
            mine_.broken = mine_.broken or strange.broken
        for name, examples in other.examples.items():
            named = self.examples.setdefault(name, [])
            named += examples[: self.sample - len(named)]


def changes(found: Replay) -> list[tuple[str, str, int]]:
    """Verdict as recorded, verdict now and events of each transition that is a change or not known, the most first."""
    parted = ((*name.partition(">"), number) for name, number in found.transitions.items())
    differing = [(before, now, number) for before, _, now, number in parted if before != now or now == UNKNOWN]
    return sorted(differing, key=lambda each: (_LEAST.index(each[1]), -each[2]))


_LEAST = ("FAIL", "WARN", "OK", UNKNOWN)


def by_effect(found: Replay) -> list[tuple[str, Effect]]:
    """The rules, those first that change the most."""
    return sorted(
        found.rules.items(), key=lambda each: (-each[1].newly_blocked - each[1].unblocked, -each[1].hits_now, each[0])
    )


def by_change(rows: Mapping[str, Change]) -> list[tuple[str, Change]]:
    """Rows by how much changes, those first that are newly blocked the most; what is counted together is the last."""
    return sorted(
        rows.items(),
        key=lambda each: (
            each[0] == OTHERS,
            -each[1].newly_blocked,
            -each[1].newly_warned - each[1].newly_passed,
            -each[1].events,
            each[0],
        ),
    )


_T = TypeVar("_T")


def _of(rows: dict[str, _T], name: str, make: Callable[[], _T]) -> _T:
    """The row of a name; that of all others where there are too many."""
    row = rows.get(name)
    if row is None:
        if len(rows) >= KEYS:
            name = OTHERS
        row = rows.setdefault(name, make())
    return row


def _add(numbers: dict[str, int], name: str, number: int = 1) -> None:
    name = name if name in numbers or len(numbers) < KEYS else OTHERS
    numbers[name] = numbers.get(name, 0) + number


def _sum(mine: msgspec.Struct, other: msgspec.Struct) -> None:
    """Add the numbers of a row to another of its kind."""
    for name in _numbers(type(mine)):
        setattr(mine, name, getattr(mine, name) + getattr(other, name))


@cache
def _numbers(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Names of the fields that are counted, and not set from the beginning."""
    return tuple(field.name for field in msgspec.structs.fields(kind) if field.default == 0)


def _verdict(record: Record) -> Result | None:
    """What the policy of a record decided, whatever a switch or a parameter made of it; None where it does not say."""
    if record.switch == "off":
        return None
    if not any(found.mode is Mode.OVERRULED for found in record.findings):
        return record.result
    decided = worst_of(found.result for found in record.findings if counts(found))
    whole = len(record.findings) >= record.findings_total
    return decided if whole or decided is Result.FAIL else None


def _hits(record: Record) -> Iterable[str]:
    """Rules with a finding that counts."""
    return dict.fromkeys((*record.rules, *(found.rule for found in record.findings if counts(found))))


def _blocking(findings: Iterable[Found | Judged]) -> set[str]:
    """Rules that block."""
    return {each.rule for each in findings if counts(each) and each.result is Result.FAIL}


def _is_accident(found: Found) -> bool:
    """Whether a finding that counts comes of something that need not happen again."""
    return counts(found) and not found.judged and (bool(found.error) or found.en.endswith(LATE.text.en))


def _example(record: Record, opinion: Opinion) -> Example:
    return Example(
        id=record.id,
        at=f"{record.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        code=record.code,
        workspace=record.workspace,
        operator=record.operator,
        rules_before=tuple(_hits(record)),
        rules_now=tuple(dict.fromkeys(judged.rule for judged in opinion.findings if counts(judged))),
        open=opinion.open,
    )


Progress: TypeAlias = Callable[[int, int], None]
"""What is told of what is done: bytes of files, and events."""

_STEP = 1000
"""Events of a database after which something is told."""


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """What is replayed: parts of files and databases, in their order."""

    sources: tuple[Part | str, ...]
    """A text is the URL of a database."""
    span: Span = Span()

    @property
    def size_bytes(self) -> int:
        """How long the files are together, 0 where that is not known of all."""
        sizes = [part.size_bytes if isinstance(part, Part) else 0 for part in self.sources]
        return sum(sizes) if all(sizes) else 0


def find(places: Iterable[str], span: Span) -> Log:
    """Find the logs. Raises OSError where one is not there."""
    sources: list[Part | str] = []
    for place in places:
        sources += [place] if logs.is_database(place) else logs.parts(place, span)
    return Log(sources=tuple(sources), span=span)


def replay(  # noqa: PLR0913  all by keyword but the log and the policy
    log: Log,
    policy: Policy,
    path: Path,
    *,
    jobs: int = 1,
    sample: int = EXAMPLES,
    done: Progress = lambda _, __: None,
) -> Replay:
    """Judge a log under the policy, which is that at `path`, in so many processes where it is long.

    What comes out does not depend on their number. Raises OSError, StoreError, and PolicyError where the policy changes
    meanwhile.
    """
    found = Replay(policy=policy.name, sample=sample)
    found.rules |= {rule.id: Effect() for rule in policy.rules}
    for part, tally in _tallies(log, Judge(policy), path, jobs, sample, done):
        if tally.policy != policy.name:
            raise PolicyError(policy.file, [Fault("has changed while the log was read: start again")])
        found.merge(tally)
        if isinstance(part, Part) and part.name != logs.STDIN:
            done(part.size_bytes, tally.total.events)
    return found


def _tallies(  # noqa: PLR0913, PLR0917  what `replay` is given
    log: Log, judge: Judge, path: Path, jobs: int, sample: int, done: Progress
) -> Iterator[tuple[Part | str, Replay]]:
    """What is counted in each part of the log, in their order."""
    sizes = sum(part.size_bytes for part in log.sources if isinstance(part, Part))
    if jobs < 2 or sizes <= PARALLEL_BYTES:  # noqa: PLR2004  one process is this one
        for source in log.sources:
            yield source, tally(source, judge, log.span, sample, done)
        return
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
    try:
        waiting: deque[tuple[Part | str, Future[Replay] | None]] = deque()
        for source in log.sources:
            alone = not isinstance(source, Part) or source.name == logs.STDIN
            future = None if alone else pool.submit(tally_of, source, path, log.span, sample)
            waiting.append((source, future))
            if len(waiting) > _AHEAD * jobs:
                yield _next(waiting, judge, log.span, sample, done)
        while waiting:
            yield _next(waiting, judge, log.span, sample, done)
    finally:
        pool.shutdown(cancel_futures=True)


_AHEAD = 4
"""Parts for each process that are read or wait for it: what is counted in them waits in memory."""


def _next(
    waiting: deque[tuple[Part | str, Future[Replay] | None]], judge: Judge, span: Span, sample: int, done: Progress
) -> tuple[Part | str, Replay]:
    source, future = waiting.popleft()
    return source, future.result() if future else tally(source, judge, span, sample, done)


def tally_of(source: Part | str, path: Path, span: Span, sample: int) -> Replay:
    """`tally` in a process of its own, under the policy at a path."""
    return tally(source, _judge_of(path), span, sample)


@cache
def _judge_of(path: Path) -> Judge:
    return Judge(storage.load(path))


def tally(source: Part | str, judge: Judge, span: Span, sample: int, done: Progress = lambda _, __: None) -> Replay:
    """What is counted in a part of a log. Of a stream it is told on the way. Raises OSError and StoreError."""
    found = Replay(policy=judge.policy.name, sample=sample)
    reader = Reader(span)
    name = source.name if isinstance(source, Part) else source
    streams = name == logs.STDIN or not isinstance(source, Part)
    records = reader.records(source) if isinstance(source, Part) else reader.kept(logs.stored(source))
    plan = judge.policy.plan
    for number, record in enumerate(records, 1):
        found.judged += record.code in plan
        found.add(record, judge.opinion(record))
        if streams and number % _STEP == 0:
            done(0, _STEP)
    found.note(name, reader)
    return found
