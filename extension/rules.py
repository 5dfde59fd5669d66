"""What a policy is made of once it is read: rules, their scope, their exemptions, and the plan of who judges what."""

from collections.abc import Mapping, Sequence
from datetime import MAXYEAR, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from extension import catalogue, queries, settings
from extension.checks import Check, Need
from extension.errors import ConditionError
from extension.events import Databases, Event, Missing, Unknown, known
from extension.payloads import Download, FileOperation
from extension.settings import Names
from extension.sql.facts import Statement
from extension.verdict import Language, Mode, Result, Severity

if TYPE_CHECKING:
    from extension.conditions import Condition

DEFAULT_TIMEZONE = "Asia/Shanghai"


class LoggedSql(StrEnum):
    """What a log holds of the text of SQL: a digest, or an outline beside it, without literals and comments."""

    DIGEST = "digest"
    OUTLINE = "outline"


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

    def covers(self, event: Event[Any], *, late: bool = False) -> bool:
        """Whether the event is exempt. An event that does not say who, where or which table is not.

        A table whose name holds a scheduling parameter must match whatever that is. SQL is read for its tables, but not
        where it is too `late` for that.
        """
        if not self.fits(event) or self.tables is None:
            return self.fits(event)
        tables = () if late and queries.carries(type(event.payload)) else queries.tables(event)
        return bool(tables) and all(self.tables.match(table) is True for table in tables)

    def fits(self, event: Event[Any]) -> bool:
        """Whether it is for who does what when, whatever the tables."""
        return (
            event.moment < self.until
            and (self.operators is None or any(operator in self.operators for operator in event.operators))
            and (self.workspaces is None or (isinstance(event.workspace, str) and event.workspace in self.workspaces))
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


EVERYWHERE = Scope()
"""The scope of a rule that names none."""


def _within(ids: Sequence[str], only: Names | None, without: Names | None) -> bool:
    return not ids or (
        (only is None or any(each in only for each in ids)) and not (without and any(each in without for each in ids))
    )


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: a check with its settings, a condition, or both; the events that it is for, and what a hit gives."""

    id: str
    check: Check | None
    """None for a rule that has a condition alone."""
    given: Mapping[str, object]
    """What `with:` says, in plain values, with named lists in place."""
    settings: msgspec.Struct | None
    when: "Condition | None"
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
    on_unreadable: Result | None
    """What it gives for SQL that could only be read by its words; None where neither it nor the defaults say."""
    message: str
    """Template of the rule's own message, empty for the built-in one."""
    severity: Severity | None
    owner: str
    help: str
    options: Mapping[str, str]
    """Parameter of the check, or `result`, and the key of the extension's console option that sets it."""

    # What follows from the rest, worked out once: no event has to wait for it.
    needs: frozenset[Need] = frozenset()
    """What its check needs of the platform, once the condition is met, for any of its events."""
    reads_roles: bool = False
    """Whether its condition reads the operator's roles."""
    reads_parameters: bool = False
    """Whether its condition reads the extension's parameters."""
    reads_sql: bool = False
    """Whether its condition reads the SQL of the event."""
    is_about_sql: bool = False
    """Whether its check or its condition is."""
    asks: bool = False
    """Whether it may need an answer of the platform."""
    is_plain: bool = False
    """Whether there is nothing to it but its check: no condition, and nothing that the platform is asked."""

    def __post_init__(self) -> None:
        """Work out what follows from the rest."""
        check, when = self.check, self.when
        of_files = not self.events.isdisjoint(catalogue.WITH_CODE)
        needs = check.needs if check else frozenset[Need]()
        needs = needs if of_files else needs - {Need.FILE}
        reads_roles = reads_parameters = reads_sql = False
        if when is not None:
            fields = when.fields.get("operator", frozenset())
            reads_roles = fields is None or "roles" in fields
            reads_parameters, reads_sql = "parameters" in when.fields, "sql" in when.fields
        code = of_files and (reads_sql or any(entry.tables for entry in self.exempt))
        derived = {
            "needs": needs,
            "reads_roles": reads_roles,
            "reads_parameters": reads_parameters,
            "reads_sql": reads_sql,
            "is_about_sql": reads_sql or (check is not None and check.id.startswith("sql.")),
            "asks": bool(needs or self.options) or reads_roles or reads_parameters or code,
            "is_plain": when is None and check is not None and not check.needs,
        }
        for name, value in derived.items():
            msgspec.structs.force_setattr(self, name, value)

    def needs_of(self, event: Event[Any]) -> frozenset[Need]:
        """What its check needs of the platform for one event: code only where the event is about a file."""
        needs = self.check.needs if self.check else frozenset[Need]()
        return needs if isinstance(event.payload, FileOperation) else needs - {Need.FILE}

    def reads_code(self, event: Event[Any]) -> bool:
        """Whether its condition reads the code of the file that the event is about."""
        return self.reads_sql and isinstance(event.payload, FileOperation)

    def exempts_code(self, event: Event[Any]) -> bool:
        """Whether it may exempt the event for the tables in the code of its file; without the code, it does not."""
        return isinstance(event.payload, FileOperation) and any(
            each.tables and each.fits(event) for each in self.exempt
        )

    def unanswered(self, event: Event[Any]) -> Missing | None:
        """Why its condition cannot be worked out, None where what it reads was had of the platform."""
        answers = (
            event.roles if self.reads_roles else None,
            event.parameters if self.reads_parameters else None,
            event.file if self.reads_code(event) else None,
        )
        return next((answer for answer in answers if isinstance(answer, Missing)), None)

    def met(self, event: Event[Any]) -> bool:
        """Whether the event meets the condition; True for a rule without one. Raises ConditionError."""
        if self.when is None:
            return True
        variables = _variables(self.when, event)
        settled = self.when.settled(variables, "sql") if self.reads_sql else None
        return self.when.holds(variables | _sql(self.when, event)) if settled is None else settled

    def overlooked(self, event: Event[Any]) -> tuple[Statement, ...]:
        """Statements that could not be read, where the condition is not met and might be if they could.

        None of them where it asks by itself whether all could be read.
        """
        fields = self.when.fields.get("sql", frozenset()) if self.when else frozenset[str]()
        aware = fields is not None and ("readable" in fields or fields <= {"length"})
        if self.when is None or aware or self.when.settled(_variables(self.when, event), "sql") is not None:
            return ()
        return tuple(statement for found in known(queries.analysis(event)) for statement in found.unread)

    def unreadable(self, event: Event[Any]) -> Result:
        """What it gives for SQL that could only be read by its words: what a hit gives, but no more than WARN for code.

        A download takes data out of reach for good; code is read by others, too, and much of it is not SQL.
        """
        if self.on_unreadable is not None:
            return self.on_unreadable
        return self.result if isinstance(event.payload, Download) else Result.WARN

    def under(self, options: Mapping[str, object]) -> tuple["Rule", tuple[str, ...]]:
        """The rule with what a workspace has set, and what was wrong with that.

        An option that is not set leaves the rule as it is; so does one that cannot be what its parameter is, with a
        line for the log.
        """
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


def _sql(condition: "Condition", event: Event[Any]) -> dict[str, object]:
    """What a condition reads of SQL; nothing where it reads none, or the event is of a kind that has none.

    Raises ConditionError where it should have some.
    """
    if "sql" not in condition.reads or not queries.carries(type(event.payload)):
        return {}
    found = queries.values(event, condition.fields["sql"])
    if isinstance(found, Unknown):
        raise ConditionError(f"{found.field} is {found.reason}", found.field, found.reason)
    return {"sql": found}


def _variables(condition: "Condition", event: Event[Any]) -> dict[str, object]:
    """What a condition reads but for SQL: what is not known of operator and workspace is not there."""
    from extension import conditions  # noqa: PLC0415  only for who has a condition

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
    databases: Databases = Databases()
    """What it says of data sources."""
    logged_sql: LoggedSql = LoggedSql.DIGEST
    """What a log holds of SQL."""

    asks: bool = False
    """Whether any rule needs an answer of the platform."""
    asking: frozenset[str] = frozenset()
    """Events that some rule may need one for."""

    def __post_init__(self) -> None:
        """Work out what follows from the rules."""
        asking = frozenset(code for code, rules in self.plan.items() if any(rule.asks for rule in rules))
        msgspec.structs.force_setattr(self, "asking", asking)
        msgspec.structs.force_setattr(self, "asks", bool(asking))

    @property
    def name(self) -> str:
        """Which policy it is: the file, and its digest."""
        return f"{self.file}@{self.digest}"

    def at(self, event: Event[Any], now: datetime) -> tuple[Event[Any], tuple[Rule, ...]]:
        """The event with the moment that it is judged for, and the rules that are for it then.

        The moment is the platform's where the event has one, else `now`; in the policy's timezone. What the policy
        says of data sources comes onto the event, too.
        """
        moment = (event.time or now).astimezone(self.timezone)
        event = msgspec.structs.replace(event, moment=moment, databases=self.databases)
        rules = self.plan.get(event.code, ())
        return event, tuple(rule for rule in rules if rule.scope is EVERYWHERE or rule.scope.holds(event))


def plan(rules: Sequence[Rule]) -> Mapping[str, tuple[Rule, ...]]:
    """The rules for each event code, in their order."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        for code in rule.events:
            found.setdefault(code, []).append(rule)
    return {code: tuple(each) for code, each in found.items()}


def empty(file: str) -> Policy:
    """A policy without rules, for when nothing is judged."""
    return Policy(file=file, digest="", language=Language.ZH, timezone=ZoneInfo(DEFAULT_TIMEZONE), rules=(), plan={})
