"""The examples in the docstrings of checks, each as a rule that is complete, and what comes of an event under it.

`Passes:` and `Hits:` name fields of all events that a check judges. Here one event is taken, with those that it has;
what no message has, DataWorks would have answered.
"""

import inspect
import math
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
import yaml

from extension import cases, catalogue, events, pipeline, policy
from extension.catalogue import Entry
from extension.checks import Check, Need
from extension.events import FileSnapshot, Payload, TableSnapshot
from extension.verdict import Language, Result, Verdict

Words = Mapping[str, object]
"""Names and values, of an event or of settings."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A check's example: the policy, an event that passes it and one that does not, and what the user then reads."""

    policy: str
    """A policy file of one rule."""
    cases: str
    """A file of cases for it, as `policy test` runs them."""
    message: str
    """What the user reads of the one that does not pass."""


def documented(check: Check) -> Mapping[str, tuple[Words, Words]]:
    """The examples in the docstring of a check, by their word: the fields of the event, and the settings."""
    text = inspect.getdoc(check.judge) or ""
    found = re.findall(r"^(Passes|Hits): (\{.*\}) with (\{.*\})$", text, re.MULTILINE)
    return {word: (yaml.safe_load(fields), yaml.safe_load(with_)) for word, fields, with_ in found}


def example(check: Check, language: Language, passes: str, hits: str) -> Example:
    """The example of a check, in a language; `passes` and `hits` are what its cases are called.

    Raises LookupError where it is not so that the one passes and the other hits, both under one rule.
    """
    said = documented(check)
    (good, with_), (bad, other) = said["Passes"], said["Hits"]
    entry = _event(check)
    text = _policy(check, language, entry, with_)
    tried = [
        {"name": passes, **_case(check, entry, good), "expect": {"result": Result.OK.value}},
        {"name": hits, **_case(check, entry, bad), "expect": {"result": Result.FAIL.value}},
    ]
    listed = yaml.safe_dump({"cases": tried}, default_flow_style=None, sort_keys=False, allow_unicode=True)
    passing, hitting = judged(text, listed)
    if with_ != other or passing.findings or [each.finding.judged for each in hitting.findings] != [True]:
        raise LookupError(f"{check.id}: of {entry.code}, Passes and Hits do not do so with the same settings")
    return Example(policy=text, cases=listed, message=hitting.message(cases.MESSAGE_CHARS))


def _policy(check: Check, language: Language, entry: Entry, with_: Words) -> str:
    """A policy of one rule, written as people write one."""
    settings = yaml.safe_dump(with_, default_flow_style=True, sort_keys=False, width=math.inf).strip()
    lines = (
        "version: 1",
        f"language: {language}",
        "rules:",
        f"  - id: {re.sub('[._]', '-', check.id)}",
        f"    on: {entry.code}",
        f"    check: {check.id}",
        *([f"    with: {settings}"] if with_ else []),
    )
    return "".join(f"{line}\n" for line in lines)


def judged(rules: str, listed: str) -> list[Verdict]:
    """The verdicts of a file of cases under a policy. Raises PolicyError."""
    name = policy.parse(rules.encode(), "policy.yaml")
    read = cases.parse(listed.encode(), "cases.yaml", Path(), name)
    return [pipeline.judge(case.event, name, case.now) for case in read]


def _event(check: Check) -> Entry:
    """The event that an example is shown with: one that most readers know, where the check judges it."""
    known = "download-resources" if check.id.startswith(("download.", "sql.")) else "commit-file"
    judging = (entry for entry in catalogue.ENTRIES if entry.code in check.events)
    return min(judging, key=lambda entry: entry.code != known)


_ALWAYS = ("operator", "projectId")
"""What messages say besides their payload."""


def _case(check: Check, entry: Entry, said: Words) -> Words:
    """A case of a check: the fields that the event has, and what DataWorks answers where it is asked."""
    names = {*_ALWAYS, *(_names(entry.payload) if entry.payload else ())}
    data = {key: value for key, value in said.items() if key in names}
    answers = {key: said[key] for key in ("instances", "roles") if key in said}
    if Need.FILE in check.needs and entry.has_code:
        answers["snapshot"] = {"CommittedFile": _of(FileSnapshot, said)}
    if Need.TABLE in check.needs:
        answers["snapshot"] = {"TableModel": _of(TableSnapshot, said)}
    when = {"now": said["moment"]} if "moment" in said else {}
    return {"event": entry.code, **({"data": data} if data else {}), **answers, **when}


def _of(struct: type[Payload], said: Words) -> Words:
    names = _names(struct)
    return {key: value for key, value in said.items() if key in names}


def _names(struct: type[Payload]) -> set[str]:
    return {name for _, name, _ in events.fields(struct)}
