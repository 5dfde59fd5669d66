"""What a message lacks and a rule needs: asked of the platform before anything is judged, and only then."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from extension import dataworks, events, parameters
from extension.checks import Need
from extension.dataworks import Cache, Credentials, Kept, Line, NoTimeError, Transport
from extension.edges import NO_CREDENTIALS, Call, Extension, need
from extension.errors import ConditionError, ConfigurationError, PlatformError
from extension.events import Event, Fact, FileSnapshot, Instance, Missing, Reason, TableSnapshot, Unknown, known
from extension.rules import Policy, Rule
from extension.verdict import Asked

MAX_INSTANCES = 20
"""Most instances that are asked for: each is a call while the user waits."""

_T = TypeVar("_T")


def _applies(rule: Rule, event: Event[Any]) -> bool:
    """Whether a rule is going to need its answers: not where its condition is not met, or cannot be worked out."""
    try:
        return not rule.unanswered(event) and rule.met(event)
    except ConditionError:
        return False


def instance_ids(event: Event[Any]) -> list[int]:
    """Ids of the instances that the event names, each once."""
    named = getattr(event.payload, "instance_ids", Unknown("taskIds", Reason.MISSING))
    return [each for found in known(named) for each in dict.fromkeys(found)]


def uid(event: Event[Any]) -> Fact[str]:
    """UID of the operator: the roles are of that one, and not of the account behind, which the base id names."""
    return events.first(event.data, "operator", "operatorUid")


def too_many(event: Event[Any]) -> Missing | None:
    """Why its instances are not asked for, None where they are."""
    number = len(instance_ids(event))
    if 1 <= number <= MAX_INSTANCES:
        return None
    error = f"the message names {number} instances; 1 to {MAX_INSTANCES} are asked for"
    return Missing(error, count=number, most=MAX_INSTANCES) if number else Missing(error)


class Asking:
    """The questions about one event. `asked` are those that were put, `warnings` what to look at in the answers.

    `rule` is the rule whose condition is being worked out, empty for none.
    """

    def __init__(self, event: Event[Any], extension: Extension, call: Call) -> None:
        self.asked: list[Asked] = []
        self.warnings: list[str] = []
        self.rule = ""
        self._event = event
        self._extension = extension
        self._call = call
        self._workspace = "".join(known(event.workspace))

    def complete(self, policy: Policy) -> Event[Any]:
        """The event with what the rules for it need.

        Conditions come first: a rule whose condition is not met needs nothing else. What cannot be had is `Missing`,
        and the rule that needs it gives its `on_error`; without options a rule goes by its own values, and without the
        code it exempts nothing for its tables.
        """
        event, rules = policy.at(self._event, self._call.now)
        if any(rule.reads_roles for rule in rules):
            event = msgspec.structs.replace(event, roles=self.roles())
        if any(rule.reads_parameters for rule in rules):
            event = msgspec.structs.replace(event, parameters=self.parameters())
        if any(rule.reads_code(event) for rule in rules):
            event = self._with_snapshot(event)
        rules = self._applying(rules, event)
        needs = frozenset[Need]().union(*(rule.needs_of(event) for rule in rules))
        if needs & {Need.FILE, Need.TABLE} or any(rule.exempts_code(event) for rule in rules):
            event = self._with_snapshot(event)
        if Need.INSTANCES in needs:
            event = msgspec.structs.replace(event, instances=self.instances())
        if Need.ROLES in needs and event.roles is None:
            event = msgspec.structs.replace(event, roles=self.roles())
        if any(rule.options for rule in rules):
            event = msgspec.structs.replace(event, options=self.options())
        return event

    def _applying(self, rules: Sequence[Rule], event: Event[Any]) -> tuple[Rule, ...]:
        """The rules that are going to need their answers.

        Conditions take time, too; once it is up, every rule gives its on_timeout, and nothing is asked.
        """
        found = []
        for rule in rules:
            self.rule = rule.id
            if self._call.clock() < self._call.deadline and rule.asks and _applies(rule, event):
                found.append(rule)
        self.rule = ""
        return tuple(found)

    def _with_snapshot(self, event: Event[Any]) -> Event[Any]:
        """The event with the code or the table that it is about, asked for once."""
        if event.file is not None:
            return event
        file, table = self.snapshot()
        return msgspec.structs.replace(event, file=file, table=table)

    def snapshot(self) -> tuple[FileSnapshot | Missing, TableSnapshot | Missing]:
        """The code or the table that the event is about (GetIDEEventDetail)."""

        def fetch(transport: Transport, credentials: Credentials) -> Mapping[str, object]:
            message_id, workspace = self._event.message_id, need(self._workspace, "projectId", "is not in the message")
            return dataworks.event_detail(transport, credentials, message_id=message_id, workspace=workspace)

        detail = self._ask("GetIDEEventDetail", fetch)
        if isinstance(detail, Missing):
            return detail, detail
        other = Missing("GetIDEEventDetail: the answer is not about what the event is about")
        return events.file_snapshot(detail) or other, events.table_snapshot(detail) or other

    def instances(self) -> tuple[Instance, ...] | Missing:
        """The instances that the event is about (GetInstance)."""
        if missing := too_many(self._event):
            return missing
        found = []
        for each in instance_ids(self._event):
            data = self._ask("GetInstance", partial(dataworks.instance, instance_id=str(each)))
            if isinstance(data, Missing):
                return data
            found.append(events.read(Instance, data))
        return tuple(found)

    def roles(self) -> frozenset[str] | Missing:
        """Codes of the operator's roles in the workspace (ListProjectMembers); those of the UID, not of the base id.

        The account behind a RAM user can have more. That a member is listed under the UID of events is unverified.
        """

        def fetch(transport: Transport, credentials: Credentials) -> Mapping[str, frozenset[str]]:
            workspace = need(self._workspace, "projectId", "is not in the message")
            return dataworks.member_roles(transport, credentials, workspace=workspace)

        operator = uid(self._event)
        if isinstance(operator, Unknown):
            return Missing("the message does not say who the operator is")
        members = self._ask("ListProjectMembers", fetch, self._extension.roles, self._workspace)
        if isinstance(members, Missing):
            return members
        return members.get(operator, frozenset())

    def options(self) -> Mapping[str, object]:
        """What the workspace has set (GetOptionValueForProject); nothing where that cannot be had.

        An extension of the tenant level, and an event that names no workspace, may have no options: the rules' own
        values stand then, too. Whether the platform keeps options for a tenant-level extension is unverified.
        """

        def fetch(transport: Transport, credentials: Credentials) -> Mapping[str, object]:
            workspace, code = need(self._workspace, "projectId", "is not in the message"), self._code()
            return dataworks.option_values(transport, credentials, extension_code=code, workspace=workspace)

        found = self._ask("GetOptionValueForProject", fetch, self._extension.options, self._workspace)
        if isinstance(found, Missing):
            self.warnings.append(f"options could not be read, the rules' own values are used: {found.error}")
            return {}
        return found

    def parameters(self) -> Mapping[str, str] | Missing:
        """Parameters of the extension's registration (GetExtension)."""

        def fetch(transport: Transport, credentials: Credentials) -> Mapping[str, str]:
            text = dataworks.extension_parameters(transport, credentials, extension_code=self._code())
            return parameters.parse(text)

        return self._ask("GetExtension", fetch, self._extension.parameters)

    def _code(self) -> str:
        return need(self._extension.environment.extension_code, "DATAWORKS_EXTENSION_CODE", "not set")

    def _ask(
        self,
        action: str,
        fetch: Callable[[Transport, Credentials], _T],
        cache: Cache[_T] | None = None,
        key: str = "",
    ) -> _T | Missing:
        """The answer, from the cache where one is given; why there is none."""
        call = self._call
        called: list[bool] = []
        lines: list[Line] = []

        def ask() -> _T:
            called.append(True)
            lines.append(self._extension.line(call, call.asked))
            return fetch(lines[0], need(call.credentials, "ALIBABA_CLOUD_ACCESS_KEY_ID", NO_CREDENTIALS))

        def note(error: object) -> None:
            calls = sum(line.attempts for line in lines)
            self.asked.append(Asked(action=action, cached=not called, calls=calls, error=str(error or "")))

        try:
            kept = cache.get(key, call.clock(), ask) if cache else Kept(value=ask())
        except (PlatformError, ConfigurationError, NoTimeError) as error:
            note(error)
            return Missing(str(error))
        if kept.error:
            self.warnings.append(f"an earlier answer is used: {kept.error}")
        note(kept.error)
        return kept.value
