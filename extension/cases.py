"""Cases of a policy: an event, what DataWorks would answer about it, and the verdict that is expected.

A case runs through `pipeline.judge` at a moment of its own: nothing is asked, nothing is posted.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

import msgspec

from extension import catalogue, envelopes, events, pipeline, settings, storage
from extension.completion import instance_ids, too_many, uid
from extension.errors import ExtensionError, Fault, PolicyError
from extension.events import Delivery, Event, Instance, Missing, known
from extension.local import Answers, mapping
from extension.rules import Policy
from extension.tree import Place, Section, Tree, load, suggestion
from extension.verdict import Judged, Mode, Result, Verdict

CASES = "cases"
"""Folder of the case files, beside the policy."""

UNSAID = datetime(2026, 1, 7, 2, tzinfo=UTC)
"""The moment that a case is judged for where neither it nor its event says one: a Wednesday morning, in China."""

MESSAGE_CHARS = 10_000

SKETCH = "case"
"""Message id of an event that a case gives by its code alone."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case. `findings` are the rules that have a finding, in any mode; None where the case does not say."""

    file: str
    line: int
    name: str
    event: Event[Any]
    now: datetime
    result: Result
    findings: frozenset[str] | None
    message: str
    """Text that the message must hold."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a case: what is other than expected, nothing where it passed."""

    case: Case
    verdict: Verdict
    problems: tuple[str, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The cases of one policy, and the rules that none of them touches: those without a finding in any."""

    folder: str
    policy: Policy
    outcomes: tuple[Outcome, ...]
    untouched: tuple[str, ...]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The cases that did not pass."""
        return tuple(outcome for outcome in self.outcomes if outcome.problems)


def run(folder: Path, policy: Path | None = None) -> Report:
    """Run the cases in `folder`/cases against `folder`/policy.yaml, or another policy.

    Raises PolicyError for a policy that does not validate, or with everything that is wrong in the case files.
    """
    judged_by = storage.load(policy or folder / "policy.yaml")
    place = storage.name_of(folder / CASES)
    if not files_of(folder):
        raise PolicyError(place, [Fault("holds no cases: no file there ends in .yaml")])
    cases: list[Case] = []
    faults: list[Fault] = []
    for file in files_of(folder):
        try:
            cases.extend(read(file, judged_by))
        except PolicyError as error:
            faults.extend(msgspec.structs.replace(fault, file=error.file) for fault in error.faults)
    if faults:
        raise PolicyError(place, faults)
    outcomes = tuple(_outcome(case, judged_by) for case in cases)
    touched = {judged.rule for outcome in outcomes for judged in outcome.verdict.findings}
    return Report(
        folder=storage.name_of(folder),
        policy=judged_by,
        outcomes=outcomes,
        untouched=tuple(rule.id for rule in judged_by.rules if rule.id not in touched),
    )


def files_of(folder: Path) -> list[Path]:
    """The files of cases in `folder`/cases."""
    inside = sorted((folder / CASES).glob("*"))
    return [file for file in inside if file.suffix in (".yaml", ".yml") and file.name[0] != "."]


def _outcome(case: Case, policy: Policy) -> Outcome:
    verdict = pipeline.judge(case.event, policy, case.now)
    found = {judged.rule for judged in verdict.findings}
    problems = []
    if verdict.result is not case.result:
        problems.append(f"expected {case.result}, got {verdict.result}")
    if case.findings is not None:
        problems.extend(f"expected a finding of {rule}, got none" for rule in sorted(case.findings - found))
        problems.extend(f"expected no finding of {rule}, got one" for rule in sorted(found - case.findings))
    message = verdict.message(MESSAGE_CHARS)
    if case.message not in message:
        problems.append(f"expected a message with {case.message!r}, got {message!r}")
    if problems:
        problems.extend(_found(judged, verdict) for judged in verdict.findings)
        problems.extend(f"warning: {warning}" for warning in verdict.warnings)
    return Outcome(case=case, verdict=verdict, problems=tuple(problems))


def _found(judged: Judged, verdict: Verdict) -> str:
    """A finding, with what it counts for, and what went wrong where it could not be judged."""
    counts = judged.result if judged.mode is Mode.ENFORCE else judged.mode
    error = f" ({judged.error})" if judged.error else ""
    return f"found {counts}: {verdict.sentence(judged)}{error}"


def read(file: Path, policy: Policy) -> Sequence[Case]:
    """Read a file of cases. Raises PolicyError with everything that is wrong in it."""
    name = storage.name_of(file)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise PolicyError(name, [Fault(f"cannot be read: {(error.strerror or str(error)).lower()}")]) from error
    return parse(content, name, file.parent, policy)


def parse(content: bytes, name: str, folder: Path, policy: Policy) -> Sequence[Case]:
    """Read cases; `name` is that of their file, `folder` where its event files are looked for. Raises PolicyError."""
    faults: list[Fault] = []
    root = Section(load(content, name, "cases"), faults, Place(file=name))
    if "cases" not in root.tree:
        root.fault("cases", "is missing")
    defaults = root.section("defaults")
    if defaults:
        defaults.known.extend(("event", "data", "now", *Answers.__struct_fields__))
        defaults.close()
    root.known.append("cases")
    root.close()
    cases = [] if faults else [_case(_with(section, defaults), folder, policy) for section in root.sections("cases")]
    if faults:
        raise PolicyError(name, sorted(faults, key=lambda fault: fault.line))
    return cast("list[Case]", cases)


def _with(section: Section, defaults: Section | None) -> Section:
    """A case with what all cases of its file say; of `data`, what it says itself comes on top."""
    if not defaults or not defaults.tree:
        return section
    tree = Tree({**defaults.tree, **section.tree})
    tree.line = section.tree.line
    tree.lines = {**defaults.tree.lines, **section.tree.lines}
    shared, own = defaults.tree.get("data"), section.tree.get("data")
    if isinstance(shared, Tree) and isinstance(own, Tree):
        tree["data"] = Tree({**shared, **own})
    return Section(tree, section.faults, section.place)


def _case(section: Section, folder: Path, policy: Policy) -> Case | None:
    """Read one case; None, with faults noted, where it does not validate."""
    before = len(section.faults)
    name = section.take("name", _words)
    now = section.take("now", _moment, default=None)
    change = section.take("data", mapping, default=None, lists=False)
    event = section.take("event", lambda value: _event(value, change or {}, folder))
    answers = Answers.read(section)
    expect = section.section("expect")
    section.close()
    if expect is None:
        return None
    result = expect.choice("result", *Result)
    findings = expect.take("findings", lambda value: _findings(value, policy), default=None)
    message = expect.take("message", _text, default="")
    expect.close()
    if len(section.faults) > before:
        return None
    return Case(
        file=section.place.file,
        line=section.tree.line,
        name=name,
        event=_answered(event if now is None else msgspec.structs.replace(event, time=None), answers),
        now=UNSAID if now is None else now.replace(tzinfo=now.tzinfo or policy.timezone),
        result=result,
        findings=findings,
        message=message,
    )


def _event(value: object, change: Mapping[str, object], folder: Path) -> Event[Any]:
    """The event in a file, or one of a code of the catalogue, with changes to its data."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected an event file, or an event code, found {settings.plain(value)}")
    if value in catalogue.BY_CODE:
        body = msgspec.json.encode({"messageId": SKETCH, "eventType": value, "messageBody": {}})
    elif not value.endswith(".json"):
        raise ValueError(f"{value} is no event code, and no .json file{suggestion(value, catalogue.BY_CODE)}")
    else:
        body = _body(folder / value, value)
    try:
        event = envelopes.parse(body)
        if not change:
            return event
        key = "messageBody" if event.delivery is Delivery.FUNCTION else "data"
        return envelopes.parse(
            msgspec.json.encode({**msgspec.json.decode(body, type=dict), key: _merged(event.data, change)})
        )
    except ExtensionError as error:
        raise ValueError(f"{value}: {error}") from error


def _body(file: Path, name: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {(error.strerror or str(error)).lower()}") from error


def _merged(value: object, change: Mapping[str, object]) -> dict[str, object]:
    """A mapping with changes: mappings in it are changed in turn, and what becomes nothing is taken out."""
    merged = dict(value) if isinstance(value, dict) else {}
    for key, new in change.items():
        merged[key] = _merged(merged.get(key), new) if isinstance(new, dict) else new
        if new is None:
            del merged[key]
    return merged


def _answered(event: Event[Any], answers: Answers) -> Event[Any]:
    """The event with what DataWorks would have answered about it.

    An event file that names no workspace or no operator could not be asked about, as in the function; an event of a
    bare code is a sketch, whose case need not say them.
    """
    sketch = event.message_id == SKETCH
    nowhere = None if sketch or known(event.workspace) else Missing("projectId: is not in the message")
    nobody = None if sketch or known(uid(event)) else Missing("the message does not say who the operator is")
    detail = answers.snapshot or {}
    return msgspec.structs.replace(
        event,
        file=nowhere or events.file_snapshot(detail) or Missing("the case has no snapshot of code"),
        table=nowhere or events.table_snapshot(detail) or Missing("the case has no snapshot of a table"),
        instances=(None if sketch and not instance_ids(event) else too_many(event))
        or tuple(events.read(Instance, instance) for instance in answers.instances)
        or Missing("the case has no instances"),
        roles=nobody
        or nowhere
        or (Missing("the case has no roles") if answers.roles is None else frozenset(answers.roles)),
        options={} if nowhere else answers.options,
        parameters=answers.parameters,
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"expected text, found {settings.plain(value)}")
    return value.strip()


def _words(value: object) -> str:
    text = _text(value)
    if not text.isprintable():
        raise ValueError(f"expected one line of text, found {settings.plain(value)}")
    return text


def _findings(value: object, policy: Policy) -> frozenset[str]:
    rules = [rule.id for rule in policy.rules]
    names = value if isinstance(value, list) else [value]
    for name in names:
        if name not in rules:
            raise ValueError(f"expected ids of rules, found {settings.plain(name)}{suggestion(name, rules)}")
    return frozenset(names)


def _moment(value: object) -> datetime:
    try:
        return datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError as error:
        raise ValueError(f"expected a moment such as 2026-11-11 10:00, found {settings.plain(value)}") from error


def text(reports: Iterable[Report]) -> str:
    """A summary for a reader."""
    lines = []
    for report in reports:
        for outcome in report.failed:
            lines.append(f"FAIL  {outcome.case.file}:{outcome.case.line}: {outcome.case.name}")
            lines.extend("      " + problem.replace("\n", "\n        ") for problem in outcome.problems)
        if report.untouched:
            lines.append(f"{report.folder}: no case touches {', '.join(report.untouched)}")
        failed = len(report.failed)
        lines.append(f"{report.folder}: {len(report.outcomes) - failed} passed, {failed} failed ({report.policy.name})")
    return "\n".join(lines)


def junit(reports: Iterable[Report]) -> str:
    """The JUnit XML that test reports of CI systems are made of."""
    suites = ET.Element("testsuites")
    for report in reports:
        tests, failures = str(len(report.outcomes)), str(len(report.failed))
        suite = ET.SubElement(suites, "testsuite", name=_xml(report.folder), tests=tests, failures=failures)
        for outcome in report.outcomes:
            file, name = _xml(outcome.case.file), _xml(outcome.case.name)
            case = ET.SubElement(suite, "testcase", classname=file, name=name, file=file, line=str(outcome.case.line))
            if outcome.problems:
                problems = [_xml(problem) for problem in outcome.problems]
                ET.SubElement(case, "failure", message=problems[0]).text = "\n".join(problems)
        if report.untouched:
            ET.SubElement(suite, "system-out").text = f"no case touches {', '.join(report.untouched)}"
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode")


_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _xml(value: str) -> str:
    """`value` with a mark for what XML 1.0 cannot hold, not even escaped."""
    return _NO_XML.sub("\ufffd", value)


def github(reports: Iterable[Report]) -> str:
    """Annotations of a GitHub workflow, one for each case that failed and each rule that no case touches."""
    lines = []
    for report in reports:
        for outcome in report.failed:
            case = outcome.case
            lines.append(annotation("error", case.file, case.line, case.name, "\n".join(outcome.problems)))
        lines.extend(
            annotation("warning", report.policy.file, 0, "untouched rule", f"no case touches {rule}")
            for rule in report.untouched
        )
        failed = len(report.failed)
        lines.append(f"{report.folder}: {len(report.outcomes) - failed} passed, {failed} failed ({report.policy.name})")
    return "\n".join(lines)


def annotation(level: str, file: str, line: int, title: str, message: str) -> str:
    """A workflow command that GitHub shows beside the line; 0 is for a line that is not known.

    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    place = {"file": file, "line": str(line) if line else "", "title": title}
    properties = ",".join(f"{name}={_escape(value, ':,')}" for name, value in place.items() if value)
    return f"::{level} {properties}::{_escape(message)}"


def _escape(value: str, more: str = "") -> str:
    for sign in f"%\r\n{more}":
        value = value.replace(sign, f"%{ord(sign):02X}")
    return value
