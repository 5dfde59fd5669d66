"""The document of a policy: what is checked before which operation, for whoever may be blocked.

It is public. So it says neither who is exempt nor whom or where a rule is for, and shows no list of people or networks.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from string import Formatter
from typing import Any

import msgspec

from extension import catalogue, settings, titles
from extension.checks import Check
from extension.pages import Frame, render
from extension.pages.texts import PARAMETERS, RESULTS, SEVERITIES, WORDS, said
from extension.pages.verdicts import moment
from extension.rules import Policy, Rule, Scope
from extension.settings import Ids, Networks, Size, bytes_text
from extension.verdict import Language, Mode

_MOST_ITEMS = 50
"""Values of a list that are shown."""

_RECEIVERS = "quality.receivers"
"""A check of which no list is shown: the address of a chat's webhook is its key, too."""


class Part(msgspec.Struct, frozen=True):
    """A part of a text, or what stands for a value or a name in it."""

    text: str
    stands: bool = False


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of a rule with its values; there are `more` that are not shown."""

    name: str
    values: tuple[str, ...]
    more: int = 0


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it is shown. `condition` is the word for what stands behind `when`, empty for none."""

    id: str
    result: str
    severity: str
    title: tuple[Part, ...]
    condition: str
    when: str
    limits: tuple[Limit, ...]
    notes: tuple[str, ...]
    messages: tuple[tuple[Part, ...], ...]
    owner: str
    help: str


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Operations with the same rules: the code of each, and what it is in words."""

    operations: tuple[tuple[str, str], ...]
    rules: tuple[Shown, ...]


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A module with its groups."""

    id: str
    title: str
    groups: tuple[Group, ...]


def document(frame: Frame, policy: Policy, now: datetime) -> str:
    """The page of what a policy checks: the rules that are enforced, and in force at a moment."""
    return render(
        "document",
        frame,
        sections=[*_sections(policy, now, frame.language)],
        policy=policy.name.rpartition("/")[2],  # everybody may see this page, and nobody needs to know the folder
        time=moment(now, policy.timezone),
    )


def _sections(policy: Policy, now: datetime, language: Language) -> Iterator[Section]:
    rules = [rule for rule in policy.rules if rule.mode is Mode.ENFORCE and _in_force(rule.scope, now)]
    everywhere = [rule for rule in rules if rule.events == set(catalogue.BY_CODE)]
    if everywhere:
        group = Group(operations=(), rules=tuple(_shown(rule, language) for rule in everywhere))
        yield Section(id="everything", title=WORDS[language]["everything"], groups=(group,))
    for number, module in enumerate(catalogue.Module):
        codes = [entry.code for entry in catalogue.ENTRIES if entry.module is module]
        of_code = {
            code: tuple(rule for rule in rules if code in rule.events and rule not in everywhere) for code in codes
        }
        groups = tuple(
            Group(
                operations=tuple((code, titles.EVENTS[language][code]) for code in codes if of_code[code] == alike),
                rules=tuple(_shown(rule, language) for rule in alike),
            )
            for alike in _distinct(of_code.values())
            if alike
        )
        if groups:
            yield Section(id=f"m{number}", title=titles.MODULES[language][module], groups=groups)


def _distinct(found: Iterable[tuple[Rule, ...]]) -> Sequence[tuple[Rule, ...]]:
    """Each of the combinations of rules once; rules are compared by their ids, which are their own."""
    return tuple({tuple(rule.id for rule in rules): rules for rules in found}.values())


def _in_force(scope: Scope, now: datetime) -> bool:
    return (scope.start is None or now >= scope.start) and (scope.end is None or now < scope.end)


def _shown(rule: Rule, language: Language) -> Shown:
    words = WORDS[language]
    texts = rule.check.texts if rule.check else ()
    templates = [rule.message] if rule.message else [said(text, language) for text in texts]
    return Shown(
        id=rule.id,
        result=RESULTS[rule.result],
        severity=SEVERITIES[language][rule.severity] if rule.severity else "",
        title=_title(rule.check, language),
        condition="" if rule.when is None else words["only_if" if rule.check else "hits_if"],
        when=_condition(rule, words),
        limits=tuple(_limits(rule, language)),
        notes=tuple(_notes(rule, words)),
        messages=tuple(tuple(_filled(template)) for template in templates),
        owner=rule.owner,
        help=rule.help,
    )


def _title(check: Check | None, language: Language) -> tuple[Part, ...]:
    """What a rule judges, in the first sentence of its check's docstring, or in Chinese words of ours."""
    if check is None:
        return (Part(WORDS[language]["condition"]),)
    about = re.split(r"(?<=[.。]) ", " ".join(check.about.split()), maxsplit=1)[0]
    text = titles.CHECKS_ZH.get(check.id, about) if language is Language.ZH else about
    return tuple(Part(part, stands=number % 2 == 1) for number, part in enumerate(text.split("`")) if part)


def _condition(rule: Rule, words: Mapping[str, str]) -> str:
    """The condition as the policy writes it, but for one that may name people."""
    if rule.when is None:
        return ""
    operator = rule.when.fields.get("operator", frozenset())
    named = operator is None or not operator.isdisjoint({"id", "ids"})
    return words["hidden_condition"] if named else rule.when.text


def _notes(rule: Rule, words: Mapping[str, str]) -> Iterator[str]:
    """What narrows a rule, without saying whom or where it is for."""
    scope = rule.scope
    if scope.workspaces or scope.except_workspaces:
        yield words["in_some_workspaces"]
    if scope.operators or scope.except_operators:
        yield words["for_some_users"]
    if rule.options:
        yield words["options"]


def _limits(rule: Rule, language: Language) -> Iterator[Limit]:
    words, names = WORDS[language], PARAMETERS[language]
    kinds: dict[str, Any] = {}
    if rule.check:
        fields = msgspec.structs.fields(rule.check.settings)
        kinds = {field.encode_name: settings.kind_of(field) for field in fields}
    for name, value in rule.given.items():
        kind = kinds[name]
        values = value if isinstance(value, list) else [value]
        shown = tuple(_value(kind, each, words) for each in values[:_MOST_ITEMS])
        hidden = issubclass(kind, Ids | Networks) or (rule.check is not None and rule.check.id == _RECEIVERS)
        yield Limit(
            name=names.get(name, name),
            values=(words["hidden"],) if hidden else shown,
            more=0 if hidden else len(values) - len(shown),
        )


def _value(kind: type, value: object, words: Mapping[str, str]) -> str:
    """A value as people write it."""
    if isinstance(value, bool):
        return words["yes" if value else "no"]
    if isinstance(value, int):
        return bytes_text(value) if issubclass(kind, Size) else f"{value:,}" if issubclass(kind, int) else str(value)
    return str(value)


def _filled(template: str) -> Iterator[Part]:
    """A text with its placeholders as what they are."""
    for text, name, _, _ in Formatter().parse(template):
        if text:
            yield Part(text)
        if name:
            yield Part(name, stands=True)
