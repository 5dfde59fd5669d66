"""What a policy says to a recorded event, and whether the record says enough for that: nothing is guessed.

A rule that reads what a record does not hold may come out in another way than it would have on the event. It is open;
where it could make the verdict worse than the other rules do, the event is not decidable.
"""

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

import msgspec

from extension import catalogue, cel, checks, events, pipeline, queries, records
from extension.errors import ConditionError
from extension.events import Event, Missing, Payload, Reason, Unknown
from extension.records import ALL, Found, Record
from extension.rules import Policy, Rule
from extension.verdict import UNRECORDED, Judged, Mode, Result, worst_of

COUNTED = frozenset({Mode.ENFORCE, Mode.OVERRULED})
"""Modes of findings that a policy decides by, whether or not a switch or a parameter then overrules it."""


def counts(finding: Found | Judged) -> bool:
    """Whether a policy decides by a finding."""
    return finding.mode in COUNTED and finding.result is not Result.OK


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy would have decided: None where the record does not say enough."""

    result: Result | None
    findings: tuple[Judged, ...] = ()
    """Of rules that are not open."""
    open: tuple[str, ...] = ()
    """Rules that cannot be judged by the record, those in shadow among them."""


NO_RULE = Opinion(result=Result.OK)


class _Concern(msgspec.Struct, frozen=True, kw_only=True):
    """Why a rule may be open though it has no finding that says so: what of an event of one code it may need."""

    rule: Rule
    options: bool
    """Whether the workspace may have set its parameters."""
    tables: bool
    """Whether it lets tables pass."""
    own: bool
    """Whether its check is a custom one, which may read anything."""
    whole: bool
    """Whether it may tell by any field whether it is there."""
    parts: frozenset[str]
    """Fields with fields of their own that it reads: of those it may tell the same."""


class Judge:
    """Judges records under one policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._concerns: dict[str, tuple[_Concern, ...]] = {}

    def opinion(self, record: Record) -> Opinion:
        """What the policy says to the event of a record, at the moment when it was judged."""
        if record.code not in self.policy.plan:
            return NO_RULE
        event = records.event_of(record)
        verdict = pipeline.judge(event, self.policy, record.at)
        doubtful = {judged.rule for judged in verdict.findings if _unfounded(judged)}
        if self._of(record.code) or ALL in record.withheld:
            doubtful |= set(self._doubts(record, event, {judged.rule for judged in verdict.findings}))
        if not doubtful:
            result = verdict.result
            if any(judged.mode is Mode.OVERRULED for judged in verdict.findings):
                result = worst_of(judged.result for judged in verdict.findings if judged.mode in COUNTED)
            return Opinion(result=result, findings=verdict.findings)
        findings = tuple(judged for judged in verdict.findings if judged.rule not in doubtful)
        decided = worst_of(judged.result for judged in findings if judged.mode in COUNTED)
        raised = {judged.rule for judged in verdict.findings if judged.error}
        possible = worst_of(self._possible(doubtful, record, event, raised))
        certain = worst_of((possible, decided)) is decided
        return Opinion(result=decided if certain else None, findings=findings, open=tuple(sorted(doubtful)))

    def _of(self, code: str) -> tuple[_Concern, ...]:
        """The rules for a code that may be open without a word."""
        if code not in self._concerns:
            found = (_concern(rule, code) for rule in self.policy.plan[code])
            self._concerns[code] = tuple(
                each for each in found if each.options or each.tables or each.own or each.whole or each.parts
            )
        return self._concerns[code]

    def _doubts(self, record: Record, bare: Event[Any], hit: set[str]) -> Iterator[str]:
        """Rules that are open, whatever they found."""
        event, rules = self.policy.at(bare, record.at)
        in_force = {rule.id for rule in rules}
        if ALL in record.withheld:
            unknown = len(record.withheld) > 1  # who or where is not known in full, and with it the scope of any rule
            for rule in self.policy.plan[record.code]:
                if unknown or (rule.id in in_force and rule.when and "event" in rule.when.reads):
                    yield rule.id
        for concern in self._of(record.code):
            rule = concern.rule
            if rule.id in in_force and (
                _misses_a_field(concern, record)
                or (rule.id in hit and concern.tables and _misses_tables(rule, event, record))
                or (_may_be_other(concern, record) and not _is_unmet(rule, event))
            ):
                yield rule.id

    def _possible(self, doubtful: set[str], record: Record, bare: Event[Any], raised: set[str]) -> Iterator[Result]:
        """What open rules can give at worst, where they count at all."""
        event, _ = self.policy.at(bare, record.at)
        for rule in self.policy.plan[record.code]:
            if (
                rule.id not in doubtful
                or rule.mode is not Mode.ENFORCE
                or any(one.covers(event) for one in rule.exempt)
            ):
                continue
            yield Result.FAIL if "result" in rule.options and record.answers.options is None else rule.result
            if rule.is_about_sql:
                yield rule.unreadable(event)
            if rule.asks or rule.when or _is_custom(rule) or rule.id in raised:
                yield rule.on_error


def _unfounded(judged: Judged) -> bool:
    """Whether a finding says that the record does not hold what its rule needs, or comes of a check that raised.

    A condition that fails reads nothing but what is recorded: it would have failed on the event, too.
    """
    if judged.finding.judged:
        return False
    failed = bool(judged.error) and not judged.error.startswith("when: ")
    return judged.finding.text is UNRECORDED or failed


def _concern(rule: Rule, code: str) -> _Concern:
    entry = catalogue.BY_CODE[code]
    fields = rule.when.fields.get("event", frozenset()) if rule.when else frozenset[str]()
    parts = _parts(entry.payload) if entry.payload else frozenset[str]()
    return _Concern(
        rule=rule,
        options=bool(rule.options),
        tables=any(each.tables for each in rule.exempt),
        own=_is_custom(rule),
        whole=fields is None and rule.when is not None and not _names_what_it_reads(rule.when.text),
        parts=parts if fields is None else parts & fields,
    )


def _is_custom(rule: Rule) -> bool:
    return rule.check is not None and checks.built_in(rule.check.id) is not rule.check


@cache
def _parts(struct: type[Payload]) -> frozenset[str]:
    """Fields of a payload that have fields of their own, or are lists of such."""
    shapes = ((name, kind, events.shape(kind)) for _, name, kind in events.fields(struct))
    return frozenset(name for name, _, (part, items) in shapes if part or (items and events.shape(items)[0]))


@lru_cache(maxsize=2048)
def _names_what_it_reads(condition: str) -> bool:
    """Whether a condition names each field of the event that it reads, in it or in front of `in`.

    What is named and withheld is an error of the condition; not so what `size(event)` counts.
    """
    words = cel.tokens(condition)
    texts = ["", "", *(word.text for word in words), "", "", ""]
    kinds = ["", "", *(word.kind for word in words), "", "", ""]
    for at, text in enumerate(texts):
        if text != "event" or kinds[at] != "name" or texts[at - 1] == ".":
            continue
        selected = texts[at + 1] == "." and texts[at + 3] != "("
        indexed = texts[at + 1] == "[" and kinds[at + 2] == "string" and texts[at + 3] == "]"
        sought = texts[at - 1] == "in" and kinds[at - 2] == "string" and texts[at + 1] not in (".", "[")
        if not (selected or indexed or sought):
            return False
    return True


def _misses_a_field(concern: _Concern, record: Record) -> bool:
    """Whether the condition may turn on a field that is withheld, without an error."""
    if concern.whole and record.withheld:
        return True
    return any(path.startswith((f"{part}.", f"{part}[")) for path in record.withheld for part in concern.parts)


def _misses_tables(rule: Rule, event: Event[Any], record: Record) -> bool:
    """Whether an exemption would let it pass for tables that the record does not name."""
    if not any(each.tables and each.fits(event) for each in rule.exempt):
        return False
    if ALL in record.withheld or not queries.carries(type(event.payload)):
        return ALL in record.withheld
    if rule.exempts_code(event) and isinstance(event.file, Missing):
        return True
    found = queries.analysis(event)
    return isinstance(found, Unknown) and found.reason is Reason.UNRECORDED


def _may_be_other(concern: _Concern, record: Record) -> bool:
    """Whether it may be judged by other settings than its own, or by what the record does not hold."""
    unset = concern.options and record.answers.options is None
    return unset or (concern.own and bool(record.withheld or record.answers.file is not None))


def _is_unmet(rule: Rule, event: Event[Any]) -> bool:
    """Whether its condition is surely not met, so that nothing else matters."""
    try:
        return not rule.unanswered(event) and not rule.met(event)
    except ConditionError:
        return False
