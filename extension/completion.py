"""What a message lacks and a rule needs: asked of the platform before anything is judged, and only then."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import msgspec

from extension import dataworks, events, parameters
from extension.checks import Need
from extension.conditions import ConditionError
from extension.dataworks import Cache, Credentials, Transport
from extension.edges import NO_CREDENTIALS, POST_S, Call, Extension, need
from extension.errors import ConfigurationError, PlatformError
from extension.events import Event, FileSnapshot, Instance, Missing, Reason, TableSnapshot, Unknown, known
from extension.rules import Policy, Rule

MAX_INSTANCES = 20
"""Most instances that are asked for: each is a call while the user waits."""

_T = TypeVar("_T")


def complete(event: Event[Any], policy: Policy, extension: Extension, call: Call) -> tuple[Event[Any], tuple[str, ...]]:
    """The event with what the rules for it need, and warnings for the log.

    Conditions come first: a rule whose condition is not met needs nothing else. What cannot be had is `Missing`, and
    the rule that needs it gives its `on_error`; without options a rule goes by its own values.
    """
    asking = Asking(event, extension, call)
    event, rules = policy.at(event, call.now)
    if any(rule.reads_roles for rule in rules):
        event = msgspec.structs.replace(event, roles=asking.roles())
    if any(rule.reads_parameters for rule in rules):
        event = msgspec.structs.replace(event, parameters=asking.parameters())
    rules = tuple(rule for rule in rules if rule.asks and _applies(rule, event))
    needs = frozenset[Need]().union(*(rule.needs for rule in rules))
    if needs & {Need.FILE, Need.TABLE}:
        file, table = asking.snapshot()
        event = msgspec.structs.replace(event, file=file, table=table)
    if Need.INSTANCES in needs:
        event = msgspec.structs.replace(event, instances=asking.instances())
    if Need.ROLES in needs and event.roles is None:
        event = msgspec.structs.replace(event, roles=asking.roles())
    if any(rule.options for rule in rules):
        event = msgspec.structs.replace(event, options=asking.options())
    return event, tuple(asking.warnings)


def _applies(rule: Rule, event: Event[Any]) -> bool:
    """Whether a rule is going to need its answers: not where its condition is not met, or cannot be worked out."""
    try:
        return not rule.unanswered(event) and rule.met(event)
    except ConditionError:
        return False


class Asking:
    """The questions about one event. `warnings` are what to look at, though an answer was found."""

    def __init__(self, event: Event[Any], extension: Extension, call: Call) -> None:
        self.warnings: list[str] = []
        self._event = event
        self._extension = extension
        self._call = call
        self._workspace = "".join(known(event.workspace))

    def snapshot(self) -> tuple[FileSnapshot | Missing, TableSnapshot | Missing]:
        """The code or the table that the event is about (GetIDEEventDetail)."""

        def fetch(transport: Transport, credentials: Credentials) -> Mapping[str, object]:
            message_id, workspace = self._event.message_id, need(self._workspace, "projectId", "is not in the message")
            return dataworks.event_detail(transport, credentials, message_id=message_id, workspace=workspace)

        detail = self._ask(fetch)
        if isinstance(detail, Missing):
            return detail, detail
        other = Missing("GetIDEEventDetail: the answer is not about what the event is about")
        return events.file_snapshot(detail) or other, events.table_snapshot(detail) or other

    def instances(self) -> tuple[Instance, ...] | Missing:
        """The instances that the event is about (GetInstance)."""
        named = getattr(self._event.payload, "instance_ids", Unknown("taskIds", Reason.MISSING))
        ids = [each for found in known(named) for each in dict.fromkeys(found)]
        if not ids or len(ids) > MAX_INSTANCES:
            return Missing(f"the message names {len(ids)} instances; 1 to {MAX_INSTANCES} are asked for")
        found = []
        for each in ids:
            data = self._ask(partial(dataworks.instance, instance_id=str(each)))
            if isinstance(data, Missing):
                return data
            found.append(events.read(Instance, data))
        return tuple(found)

    def roles(self) -> frozenset[str] | Missing:
        """Codes of the operator's roles in the workspace (ListProjectMembers)."""

        def fetch(transport: Transport, credentials: Credentials) -> Mapping[str, frozenset[str]]:
            workspace = need(self._workspace, "projectId", "is not in the message")
            return dataworks.member_roles(transport, credentials, workspace=workspace)

        if not self._event.operators:
            return Missing("the message does not say who the operator is")
        members = self._ask(fetch, self._extension.roles, self._workspace)
        if isinstance(members, Missing):
            return members
        return frozenset[str]().union(*(members.get(each, frozenset()) for each in self._event.operators))

    def options(self) -> Mapping[str, object]:
        """What the workspace has set (GetOptionValueForProject); nothing where that cannot be had.

        An extension of the tenant level, and an event that names no workspace, may have no options: the rules' own
        values stand then, too. Whether the platform keeps options for a tenant-level extension is unverified.
        """

        def fetch(transport: Transport, credentials: Credentials) -> Mapping[str, object]:
            workspace, code = need(self._workspace, "projectId", "is not in the message"), self._code()
            return dataworks.option_values(transport, credentials, extension_code=code, workspace=workspace)

        found = self._ask(fetch, self._extension.options, self._workspace)
        if isinstance(found, Missing):
            self.warnings.append(f"options could not be read, the rules' own values are used: {found.error}")
            return {}
        return found

    def parameters(self) -> Mapping[str, str] | Missing:
        """Parameters of the extension's registration (GetExtension)."""

        def fetch(transport: Transport, credentials: Credentials) -> Mapping[str, str]:
            text = dataworks.extension_parameters(transport, credentials, extension_code=self._code())
            return parameters.parse(text)

        return self._ask(fetch, self._extension.parameters)

    def _code(self) -> str:
        return need(self._extension.environment.extension_code, "DATAWORKS_EXTENSION_CODE", "not set")

    def _ask(
        self, fetch: Callable[[Transport, Credentials], _T], cache: Cache[_T] | None = None, key: str = ""
    ) -> _T | Missing:
        """The answer, from the cache where one is given; why there is none.

        A call is not begun where it might take until after the deadline: the verdict has to be posted yet.
        """
        call, moment = self._call, self._call.clock()
        if moment >= call.deadline - min(POST_S, (call.deadline - call.started) / 2):
            return Missing("no time was left to ask the platform")
        try:
            transport = self._extension.transport()
            credentials = need(call.credentials, "ALIBABA_CLOUD_ACCESS_KEY_ID", NO_CREDENTIALS)
            if cache is None:
                return fetch(transport, credentials)
            kept = cache.get(key, moment, lambda: fetch(transport, credentials))
        except (PlatformError, ConfigurationError) as error:
            return Missing(str(error))
        if kept.error:
            self.warnings.append(f"an earlier answer is used: {kept.error}")
        return kept.value
