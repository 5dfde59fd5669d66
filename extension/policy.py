"""The policy: what is checked, on which events, and what a hit gives. Its form stands in README.md."""

import hashlib
import re
from collections.abc import Mapping
from functools import partial
from zoneinfo import ZoneInfo

import msgspec

from extension import catalogue, checks, settings
from extension.errors import Fault, PolicyError
from extension.tree import REQUIRED, Section, Tree, Trees, join, load, suggestion
from extension.verdict import SUBJECT, Language, Mode, Result, placeholders


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: a check, its settings, and the events that it is for."""

    id: str
    check: checks.Check
    settings: msgspec.Struct
    events: frozenset[str]
    """Codes of the events that it judges: those of `on:` that the check knows how to judge."""
    result: Result
    mode: Mode
    message: str
    """Template of the rule's own message, empty for the built-in one."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that validates."""

    file: str
    digest: str
    """First 12 hex digits of the file's SHA-256: which policy decided."""
    language: Language
    timezone: ZoneInfo
    on_error: Result
    """What a rule gives whose check raises."""
    on_timeout: Result
    """What every rule gives that was not done when the time ran out."""
    rules: tuple[Rule, ...]
    plan: Mapping[str, tuple[Rule, ...]]
    """Rules for each event code, in the order of the file."""

    @property
    def name(self) -> str:
        """Which policy it is: the file, and its digest."""
        return f"{self.file}@{self.digest}"


def empty(file: str) -> Policy:
    """A policy without rules, for when nothing is judged."""
    return Policy(
        file=file,
        digest="",
        language=Language.ZH,
        timezone=_timezone("Asia/Shanghai"),
        on_error=Result.FAIL,
        on_timeout=Result.FAIL,
        rules=(),
        plan={},
    )


def parse(content: bytes, file: str) -> Policy:
    """Read a policy. Raises PolicyError with everything that is wrong in it; `file` is its name there."""
    faults: list[Fault] = []
    root = Section(load(content, file), faults)
    root.choice("version", 1)
    language = root.choice("language", *Language, default=Language.ZH)
    timezone = root.take("timezone", _timezone, default=None)
    on_error = on_timeout = Result.FAIL
    if defaults := root.section("defaults"):
        on_error = defaults.choice("on_error", *Result, default=on_error)
        on_timeout = defaults.choice("on_timeout", *Result, default=on_timeout)
        defaults.close()
    rules = _rules(root)
    root.close()
    if faults:
        raise PolicyError(file, sorted(faults, key=lambda fault: fault.line))
    return Policy(
        file=file,
        digest=hashlib.sha256(content).hexdigest()[:12],
        language=language,
        timezone=timezone or _timezone("Asia/Shanghai"),
        on_error=on_error,
        on_timeout=on_timeout,
        rules=rules,
        plan={
            code: tuple(rule for rule in rules if code in rule.events)
            for code in frozenset[str]().union(*(rule.events for rule in rules))
        },
    )


def _rules(root: Section) -> tuple[Rule, ...]:
    trees: Trees = root.take("rules", _rule_list) or Trees()
    rules = []
    lines: dict[str, int] = {}
    for number, tree in enumerate(trees, start=1):
        if not isinstance(tree, Tree):
            problem = f"expected a mapping with id, on and check, found {settings.plain(tree)}"
            root.faults.append(Fault(problem, line=trees.lines[number - 1], rule=f"#{number}"))
            continue
        name = tree.get("id")
        named = isinstance(name, str) and _ID.fullmatch(name)
        section = Section(tree, root.faults, rule=str(name) if named else f"#{number}")
        if section.rule in lines:
            section.fault("id", f"is the id of the rule in line {lines[section.rule]} too")
        lines[section.rule] = tree.line
        if rule := _rule(section):
            rules.append(rule)
    return tuple(rules)


def _rule(section: Section) -> Rule | None:
    """Read one rule; None, with faults noted, where it does not validate."""
    before = len(section.faults)
    identity = section.take("id", _identity)
    codes = section.take("on", _codes)
    check = section.take("check", _check)
    result = section.choice("result", Result.FAIL, Result.WARN, default=Result.FAIL)
    mode = section.choice("mode", *Mode, default=Mode.ENFORCE)
    message = section.take("message", _message, default="")
    given = section.section("with")
    values = _settings(given, check.settings) if check and given else None
    section.close()
    if check and codes and not codes & check.events:
        section.fault("on", f"holds no event that {check.id} judges; it judges {join(check.events)}")
    elif check and codes:
        for code in sorted(_misplaced(section.tree["on"], check)):
            section.fault("on", f"{check.id} does not judge {code}; it judges {join(check.events)}")
    if check and message:
        for name in sorted(placeholders(message) - check.placeholders - SUBJECT):
            known = join(check.placeholders | SUBJECT)
            section.fault("message", f"{check.id} has no value for {{{name}}}; it has {known}")
    if len(section.faults) > before or not (identity and codes and check and values is not None):
        return None
    return Rule(
        id=identity,
        check=check,
        settings=values,
        events=codes & check.events,
        result=result,
        mode=mode,
        message=message or "",
    )


def _settings(section: Section, struct: type[msgspec.Struct]) -> msgspec.Struct | None:
    """Read `with:` as the check's settings; None, with faults noted, where it does not validate."""
    before = len(section.faults)
    values = {}
    for field in msgspec.structs.fields(struct):
        default = REQUIRED if field.required else field.default
        values[field.name] = section.take(field.encode_name, partial(settings.read, field.type), default)
    section.close()
    if len(section.faults) > before:
        return None
    try:
        return struct(**values)
    except ValueError as error:
        section.fault("", str(error))
        return None


def _rule_list(value: object) -> Trees:
    if not isinstance(value, Trees) or not value:
        raise ValueError(f"expected a list of rules, each with id, on and check, found {settings.plain(value)}")
    return value


_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def _identity(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError(
            "expected text of at most 64 letters, digits, '_', '.' and '-', a letter or digit first,"
            f" found {settings.plain(value)}"
        )
    return value


def _codes(value: object) -> frozenset[str]:
    """Codes of the catalogue that `on:` stands for."""
    names = value if isinstance(value, list) else [value]
    codes = frozenset[str]()
    for name in names:
        selected = catalogue.select(name) if isinstance(name, str) else None
        if not selected:
            raise ValueError(
                f'expected event codes, categories or modules, or "*", found {settings.plain(name)}'
                + suggestion(name, catalogue.names())
            )
        codes |= selected
    if not codes:
        raise ValueError("expected at least one event")
    return codes


def _misplaced(names: object, check: checks.Check) -> frozenset[str]:
    """Codes that `on:` names one by one though the check has nothing to do with events of their category."""
    categories = {catalogue.BY_CODE[code].category for code in check.events}
    named = frozenset(map(str, names if isinstance(names, list) else [names])) & set(catalogue.BY_CODE)
    return frozenset(code for code in named if catalogue.BY_CODE[code].category not in categories)


def _check(value: object) -> checks.Check:
    check = checks.BY_ID.get(value) if isinstance(value, str) else None
    if check is None:
        raise ValueError(f"expected a check, found {settings.plain(value)}" + suggestion(value, checks.BY_ID))
    return check


def _message(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"expected text, found {settings.plain(value)}")
    if len(value) > settings.MAX_PATTERN_CHARS:
        raise ValueError(f"expected at most {settings.MAX_PATTERN_CHARS} characters, found {len(value):,}")
    placeholders(value)
    return value.strip()


def _timezone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(value if isinstance(value, str) else "")
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"expected a timezone such as Asia/Shanghai, found {settings.plain(value)}") from error
