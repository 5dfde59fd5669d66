"""What a policy is made of once it is read: rules, their scope, their exemptions, and the plan of who judges what."""

from collections.abc import Mapping, Sequence
from datetime import MAXYEAR, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from extension import conditions, settings
from extension.checks import Check, Need
from extension.conditions import Condition
from extension.events import Event, Missing
from extension.settings import Names
from extension.verdict import Language, Mode, Result, Severity

DEFAULT_TIMEZONE = "Asia/Shanghai"


class Exemption(msgspec.Struct, frozen=True, kw_only=True):
    """Whom or what a rule lets pass until it expires. All that it names must match; of the tables, every one."""

    operators: Names | None
    workspaces: Names | None
    tables: Names | None
    until: datetime
    """First moment at which it is over."""
    reason: str

    def about(self, timezone: ZoneInfo) -> str:
        """Why, and until when, for the log; in the policy's timezone."""
        until = f"until {self.until.astimezone(timezone):%Y-%m-%d %H:%M}" if self.until.year < MAXYEAR else "for ever"
        return f"{self.reason} ({until})" if self.reason else until

    def covers(self, event: Event[Any]) -> bool:
        """Whether the event is exempt. An event that does not say who, where or which table is not."""
        tables = event.payload.tables() if event.payload else ()
        return (
            event.moment < self.until
            and (self.operators is None or any(operator in self.operators for operator in event.operators))
            and (self.workspaces is None or (isinstance(event.workspace, str) and event.workspace in self.workspaces))
            and (self.tables is None or (bool(tables) and all(table in self.tables for table in tables)))
        )


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """For whom, where and when a rule is. An event that does not say who or where is in every scope."""

    workspaces: Names | None = None
    except_workspaces: Names | None = None
    operators: Names | None = None
    except_operators: Names | None = None
    start: datetime | None = None
    """First moment at which the rule is in force."""
    end: datetime | None = None
    """First moment at which it is no longer."""

    def holds(self, event: Event[Any]) -> bool:
        """Whether the rule is for this event."""
        workspaces = (event.workspace,) if isinstance(event.workspace, str) else ()
        return (
            (self.start is None or event.moment >= self.start)
            and (self.end is None or event.moment < self.end)
            and _within(workspaces, self.workspaces, self.except_workspaces)
            and _within(event.operators, self.operators, self.except_operators)
        )


def _within(ids: Sequence[str], only: Names | None, without: Names | None) -> bool:
    return not ids or (
        (only is None or any(each in only for each in ids)) and not (without and any(each in without for each in ids))
    )


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: a check with its settings, a condition, or both; the events that it is for, and what a hit gives."""

    id: str
    check: Check | None
    """None for a rule that has a condition alone."""
    settings: msgspec.Struct | None
    when: Condition | None
    events: frozenset[str]
    """Codes of the events that it judges: those of `on:` that the check knows how to judge."""
    scope: Scope
    exempt: tuple[Exemption, ...]
    result: Result
    mode: Mode
    on_error: Result
    """What it gives if it cannot be judged: a check raises, a condition cannot be worked out, the platform does not
    answer."""
    on_timeout: Result
    """What it gives if it was not done when the time ran out."""
    message: str
    """Template of the rule's own message, empty for the built-in one."""
    severity: Severity | None
    owner: str
    help: str
    options: Mapping[str, str]
    """Parameter of the check, or `result`, and the key of the extension's console option that sets it."""

    @property
    def needs(self) -> frozenset[Need]:
        """What its check needs of the platform, once the condition is met."""
        return self.check.needs if self.check else frozenset()

    @property
    def reads_roles(self) -> bool:
        """Whether its condition reads the operator's roles."""
        fields = self.when.fields.get("operator", frozenset()) if self.when else frozenset[str]()
        return fields is None or "roles" in fields

    @property
    def reads_parameters(self) -> bool:
        """Whether its condition reads the extension's parameters."""
        return self.when is not None and "parameters" in self.when.reads

    @property
    def asks(self) -> bool:
        """Whether it may need an answer of the platform."""
        return bool(self.needs or self.options) or self.reads_roles or self.reads_parameters

    def unanswered(self, event: Event[Any]) -> Missing | None:
        """Why its condition cannot be worked out, None where what it reads was had of the platform."""
        answers = (event.roles if self.reads_roles else None, event.parameters if self.reads_parameters else None)
        return next((answer for answer in answers if isinstance(answer, Missing)), None)

    def met(self, event: Event[Any]) -> bool:
        """Whether the event meets the condition; True for a rule without one. Raises ConditionError."""
        return self.when is None or self.when.holds(_variables(self.when, event))

    def under(self, options: Mapping[str, object]) -> tuple["Rule", tuple[str, ...]]:
        """The rule with what a workspace has set, and what was wrong with that.

        An option that is not set leaves the rule as it is; so does one that cannot be what its parameter is, with a
        line for the log.
        """
        if not self.options:
            return self, ()
        # By the type and not by its instance, which does not know what a list of it is of: Listed[Names].
        known = msgspec.structs.fields(self.check.settings) if self.check else ()
        fields = {field.encode_name: field for field in known}
        changes: dict[str, object] = {}
        keys, problems, result = [], [], self.result
        for parameter, key in self.options.items():
            value = options.get(key)
            if value in (None, "", []):
                continue
            try:
                if parameter == "result":
                    result = _result(value)
                else:
                    changes[fields[parameter].name] = settings.offered(fields[parameter], value)
                    keys.append(key)
            except ValueError as error:
                problems.append(f"rule {self.id}: option {key}: {error}; the rule's own value is used")
        own = self.settings
        if own is not None and changes:
            try:
                own = msgspec.structs.replace(own, **changes)
            except ValueError as error:
                listed = ", ".join(keys)
                problems.append(f"rule {self.id}: option {listed}: {error}; the rule's own value is used")
        return msgspec.structs.replace(self, settings=own, result=result), tuple(problems)


def _result(value: object) -> Result:
    """What a workspace wants a hit to give. Raises ValueError."""
    if not isinstance(value, str) or value not in (Result.FAIL, Result.WARN):
        raise ValueError(f"expected FAIL or WARN, found {settings.plain(value)}")
    return Result(value)


def _variables(condition: Condition, event: Event[Any]) -> Mapping[str, object]:
    """What a condition reads: what is not known of operator and workspace is not there."""
    operator: dict[str, object] = {"ids": list(event.operators)}
    if isinstance(event.operator, str):
        operator["id"] = event.operator
    if isinstance(event.roles, frozenset):
        operator["roles"] = sorted(event.roles)
    return {
        "event": conditions.value_of(event.payload, event.data, condition.fields.get("event"), condition.names),
        "operator": operator,
        "workspace": {"id": event.workspace} if isinstance(event.workspace, str) else {},
        "now": event.moment,
        "parameters": event.parameters if isinstance(event.parameters, Mapping) else {},
    }


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that validates."""

    file: str
    digest: str
    """First 12 hex digits of the SHA-256 of all that it is made of: which policy decided."""
    language: Language
    timezone: ZoneInfo
    rules: tuple[Rule, ...]
    plan: Mapping[str, tuple[Rule, ...]]
    """Rules for each event code, in the order of the file."""

    @property
    def name(self) -> str:
        """Which policy it is: the file, and its digest."""
        return f"{self.file}@{self.digest}"

    @property
    def asks(self) -> bool:
        """Whether any rule needs an answer of the platform."""
        return any(rule.asks for rule in self.rules)

    def at(self, event: Event[Any], now: datetime) -> tuple[Event[Any], tuple[Rule, ...]]:
        """The event with the moment that it is judged for, and the rules that are for it then.

        The moment is the platform's where the event has one, else `now`; in the policy's timezone.
        """
        event = msgspec.structs.replace(event, moment=(event.time or now).astimezone(self.timezone))
        return event, tuple(rule for rule in self.plan.get(event.code, ()) if rule.scope.holds(event))


def empty(file: str) -> Policy:
    """A policy without rules, for when nothing is judged."""
    return Policy(file=file, digest="", language=Language.ZH, timezone=ZoneInfo(DEFAULT_TIMEZONE), rules=(), plan={})
