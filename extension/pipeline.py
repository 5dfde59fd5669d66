"""One event from bytes to its verdict: `judge` is pure, `run` is parse, complete, judge, post and log."""

import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec

from extension import catalogue, dataworks, envelopes, events, parameters, queries
from extension.completion import Asking
from extension.conditions import ConditionError
from extension.edges import NO_CREDENTIALS, Call, Extension, Switch, need
from extension.errors import ConfigurationError, ExtensionError, MessageError, PlatformError, SignatureError
from extension.events import Delivery, Event, Missing, Reason, Unknown, known
from extension.rules import Exemption, Policy, Rule
from extension.storage import LOG
from extension.verdict import (
    CONDITION,
    LATE,
    RAISED,
    SUBJECT,
    Finding,
    Judged,
    Mode,
    Result,
    Verdict,
    clean,
    cut,
    hit,
    not_had,
    placeholders,
    show,
    unparsed,
    unread,
    worst,
)

_LOGGED_FINDINGS, _LOGGED_CHARS, _LOGGED_ITEMS = 40, 300, 20
_LOGGED_FINDINGS_BYTES, _LOGGED_WARNINGS_BYTES, _LOGGED_OPTIONS_BYTES, _LOGGED_TABLES_BYTES = (
    12_000,
    4_000,
    8_000,
    1_000,
)
"""A line of Function Compute's log holds 32 KB."""

RETURNED_CHARS = 1000
"""Longest message that is returned to Function Compute; the platform's limit is unverified."""


def judge(event: Event[Any], policy: Policy, now: datetime, late: Callable[[], bool] = lambda: False) -> Verdict:
    """Judge an event at an instant: every rule for it, in the order of the file; the worst finding decides.

    What the message lacks stands on the event already, see `complete`. A rule that cannot be judged gives its
    `on_error`, and the others are still judged. `late` says whether the time is up: every rule that is not done by then
    gives its `on_timeout`.
    """
    event, rules = policy.at(event, now)
    found: list[Judged] = []
    warnings: list[str] = []
    for own in rules:
        rule, problems, (findings, result, error), exemption = _judge(own, event, late)
        warnings.extend(problems)
        found.extend(
            Judged(
                rule=rule.id,
                check=rule.check.id if rule.check else "",
                result=rule.unreadable(event) if finding.unread else result,
                mode=Mode.EXEMPT if exemption else rule.mode,
                finding=finding,
                message=rule.message,
                severity=rule.severity,
                owner=rule.owner,
                help=rule.help,
                exempt=exemption.about(policy.timezone) if exemption else "",
                error=error,
            )
            for finding in findings
        )
    verdict = Verdict(
        result=worst(found),
        findings=tuple(found),
        subject=_subject(event),
        policy=policy.name,
        language=policy.language,
        warnings=tuple(warnings),
        answers=_answers(event, rules),
        sql=_sql(event, rules),
    )
    return settle(verdict, event)


def _answers(event: Event[Any], rules: Sequence[Rule]) -> Mapping[str, object]:
    """What a verdict can turn on and neither the event nor the policy says: options that rules have, and roles."""
    keys = {key for rule in rules for key in rule.options.values()} & set(event.options)
    options = _fitting([(key, _shown(event.options[key])) for key in sorted(keys)], _LOGGED_OPTIONS_BYTES)
    roles = {"roles": _shown(sorted(event.roles))} if isinstance(event.roles, frozenset) else {}
    return ({"options": dict(options)} if keys else {}) | roles


def _sql(event: Event[Any], rules: Sequence[Rule]) -> Mapping[str, object]:
    """What is known of the SQL, where rules have read it."""
    if not any(rule.is_about_sql for rule in rules):
        return {}
    return {
        name: _fitting(list(map(clean, fact)), _LOGGED_TABLES_BYTES) if isinstance(fact, list) else fact
        for name, fact in queries.account(event).items()
    }


_Found: TypeAlias = tuple[tuple[Finding, ...], Result, str]
"""What a rule finds, what that gives, and what went wrong."""


def _judge(
    rule: Rule, event: Event[Any], late: Callable[[], bool]
) -> tuple[Rule, tuple[str, ...], _Found, Exemption | None]:
    """A rule as the workspace has set it, what was wrong with that, what it finds, and what makes that not count."""
    problems: tuple[str, ...] = ()
    try:
        rule, problems = rule.under(event.options)
        found = ((LATE,), rule.on_timeout, "") if late() else _apply(rule, event)
        exemptions = rule.exempt if found[0] else ()
        return rule, problems, found, next((one for one in exemptions if one.covers(event, late=late())), None)
    except (Exception, SystemExit) as problem:  # noqa: BLE001  the one place: whatever a check does, the user is answered
        return rule, problems, ((RAISED,), rule.on_error, _trace(problem)), None


def _apply(rule: Rule, event: Event[Any]) -> _Found:
    """What a rule finds. Where its condition is not met, nothing is missed but SQL that could not be read.

    Raises what its check raises.
    """
    missing = rule.unanswered(event)
    try:
        met = missing is not None or rule.met(event)
    except ConditionError as problem:
        if problem.field:
            return (unread(Unknown(problem.field, problem.reason)),), rule.result, ""
        return (RAISED,), rule.on_error, f"when: {problem}"
    if not met:
        return tuple(unparsed(rule.overlooked(event))), rule.result, ""
    answers = (getattr(event, need) for need in sorted(rule.needs_of(event)))
    missing = missing or next((answer for answer in answers if isinstance(answer, Missing)), None)
    if missing:
        return (not_had(missing),), rule.on_error, missing.error
    return _findings(rule, event), rule.result, ""


def _findings(rule: Rule, event: Event[Any]) -> tuple[Finding, ...]:
    """What a rule finds in an event that meets its condition. Raises what its check raises, and for what is no finding.

    Texts and values are tried here: what cannot be written would leave the user without an answer later.
    """
    if rule.check is None:
        return (hit(CONDITION, condition=rule.when.text if rule.when else ""),)
    findings: tuple[Any, ...] = tuple(rule.check.judge(event, rule.settings))
    for each in findings:
        if not isinstance(each, Finding):
            raise TypeError(rule.check.id)
        placeholders(each.text.en + each.text.zh)
        for value in each.values.values():
            show(value)
    return findings


def settle(verdict: Verdict, event: Event[Any]) -> Verdict:
    """The verdict under the parameters of the extension's registration, where they are known.

    Where they switch the extension off for the event, its findings are kept and count for nothing.
    Source: https://www.alibabacloud.com/help/en/dataworks/user-guide/configure-extension-parameters
    """
    if not isinstance(event.parameters, Mapping):
        return verdict
    file_type = "".join(str(each) for each in known(getattr(event.payload, "file_type", Unknown("", Reason.MISSING))))
    workspace = "".join(known(event.workspace))
    name = parameters.switched_off(event.parameters, code=event.code, workspace=workspace, file_type=file_type)
    if not name:
        return msgspec.structs.replace(verdict, manual_pass=parameters.manual_pass(event.parameters))
    warning = f"the extension's parameter {name} switches it off here: answered OK"
    return _overruled(verdict, warning)


def _overruled(verdict: Verdict, warning: str) -> Verdict:
    """The verdict with all its findings, none of which counts."""
    findings = tuple(
        msgspec.structs.replace(judged, mode=Mode.OVERRULED) if judged.mode is Mode.ENFORCE else judged
        for judged in verdict.findings
    )
    return msgspec.structs.replace(verdict, result=Result.OK, findings=findings, warnings=(*verdict.warnings, warning))


def _subject(event: Event[Any]) -> Mapping[str, str]:
    """What every message can say of the event; the time is that of judging where the event has none."""
    facts = {
        "event": event.code,
        "operator": "".join(known(event.operator)),
        "workspace": "".join(known(event.workspace)),
        "time": f"{event.moment:%Y-%m-%d %H:%M}",
        "rule": "",
    }
    return {name: clean(facts[name]) or "-" for name in SUBJECT}


def _trace(error: BaseException) -> str:
    """Type and place of an exception."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the callback of one event.

    `outcome` is posted, not-needed (a notification), off (by DATAWORKS_CALLBACK), refused (the platform turned it down
    for what it says) or failed. `result` is what was posted; `error` what went wrong.
    """

    outcome: str
    action: str = ""
    result: str = ""
    request_id: str = ""
    error: ExtensionError | None = None


def run(body: object, extension: Extension, context: object) -> str:
    """Take one delivery to its end: parse, judge, post the verdict, log, and return what the function returns.

    Raises MessageError for a delivery that cannot be answered. An event from EventBridge whose verdict could not be
    posted raises too (PlatformError, ConfigurationError), so that it is delivered again; an FC-hosted event is
    answered by the return value, and the failed callback is logged.
    """
    call = extension.call(context)
    try:
        event = envelopes.parse(body)
    except SignatureError as error:
        _log(logging.WARNING, {"event": "refused-request", "request_id": clean(call.request_id), "error": str(error)})
        return _encode({"statusCode": 401, "headers": {}, "isBase64Encoded": False, "body": str(error)})
    except MessageError as error:
        _log(logging.ERROR, {"event": "unanswerable", "request_id": clean(call.request_id), "error": clean(str(error))})
        raise
    policy = extension.policy()
    verdict = _decide(event, policy, extension, call)
    judged_ms = call.elapsed_ms()
    callback = _call_back(event, verdict, extension, call)
    _log_verdict(event, verdict, callback, extension=extension, call=call, judged_ms=judged_ms)
    if callback.outcome == "failed" and callback.error and event.delivery is Delivery.EVENTBRIDGE:
        raise callback.error
    result_field, message_field = extension.environment.response_fields
    message = verdict.message(RETURNED_CHARS)
    return _encode({result_field: verdict.result, message_field: message})


def _decide(event: Event[Any], policy: Policy, extension: Extension, call: Call) -> Verdict:
    """The verdict under the emergency switch: with `shadow` the findings are kept, but count for nothing."""
    mode = extension.environment.mode
    if mode is Switch.OFF:
        return Verdict(result=Result.OK, findings=(), subject={}, policy=policy.name, language=policy.language)
    asking = Asking(event, extension, call)
    event = asking.complete(policy)
    verdict = judge(event, policy, call.now, lambda: call.clock() >= call.deadline)
    if mode is Switch.SHADOW:
        verdict = _overruled(verdict, "EXTENSION_MODE is shadow: nothing is blocked")
    elif verdict.result is not Result.OK and event.parameters is None and _waits(event, extension):
        found = asking.parameters()
        if isinstance(found, Missing):
            asking.warnings.append(f"the extension's parameters could not be read, and do not count: {found.error}")
        verdict = settle(verdict, msgspec.structs.replace(event, parameters=found))
    warnings = (*asking.warnings, *verdict.warnings)
    return msgspec.structs.replace(verdict, warnings=warnings, asked=tuple(asking.asked))


def _waits(event: Event[Any], extension: Extension) -> bool:
    """Whether a verdict is going to be posted, so that the extension's parameters matter."""
    environment = extension.environment
    return event.callback is not None and environment.callback and bool(environment.extension_code)


def _call_back(event: Event[Any], verdict: Verdict, extension: Extension, call: Call) -> Outcome:
    """Post the verdict where somebody waits for it."""
    action = event.callback
    if action is None:
        return Outcome(outcome="not-needed")
    if not extension.environment.callback:
        return Outcome(outcome="off", action=action)
    try:
        posted = dataworks.post(
            extension.transport(),
            need(call.credentials, "ALIBABA_CLOUD_ACCESS_KEY_ID", NO_CREDENTIALS),
            action,
            extension_code=need(
                extension.environment.extension_code,
                "DATAWORKS_EXTENSION_CODE",
                "not set: the verdict cannot be posted",
            ),
            message_id=event.message_id,
            result=verdict.result,
            message=verdict.message(dataworks.MESSAGE_CHARS[action]),
        )
    except (PlatformError, ConfigurationError) as error:
        refused = isinstance(error, PlatformError) and error.refused and event.delivery is Delivery.EVENTBRIDGE
        return Outcome(outcome="refused" if refused else "failed", action=action, error=error)
    return Outcome(outcome="posted", action=action, result=posted.result, request_id=posted.request_id)


def _log_verdict(  # noqa: PLR0913  everything that is known of the event, for its one line
    event: Event[Any], verdict: Verdict, callback: Outcome, *, extension: Extension, call: Call, judged_ms: float
) -> None:
    """Log the one line of an event: what was decided, why, under which policy, and what became of the callback."""
    warnings = [clean(warning, _LOGGED_CHARS) for warning in (*_warnings(event, extension), *verdict.warnings)]
    unset = isinstance(callback.error, ConfigurationError) and callback.error.variable == "DATAWORKS_EXTENSION_CODE"
    level = logging.WARNING if warnings else logging.INFO
    entry = catalogue.BY_CODE.get(event.code)
    waits = entry is not None and entry.kind is catalogue.Kind.EXTENSION_POINT
    if (callback.outcome == "refused" and not waits) or (unset and event.delivery is Delivery.FUNCTION):
        level = logging.WARNING
    elif callback.outcome in ("refused", "failed") or any(judged.error for judged in verdict.findings):
        level = logging.ERROR
    _log(
        level,
        {
            "event": "verdict",
            "warnings": _fitting(warnings, _LOGGED_WARNINGS_BYTES),
            "code": clean(event.code),
            "delivery": event.delivery,
            "message_id": clean(event.message_id),
            "request_id": clean(call.request_id),
            "at": call.now,
            "occurred": event.time,
            "region": clean(event.region),
            "workspace": clean("".join(known(event.workspace))),
            "operator": clean("".join(known(event.operator))),
            "facts": {
                name: _shown(fact) for name, fact in (events.facts(event.payload) if event.payload else {}).items()
            },
            "result": verdict.result,
            "mode": extension.environment.mode,
            "policy": verdict.policy,
            "findings": _fitting(
                [
                    {
                        "rule": judged.rule,
                        "check": judged.check,
                        "result": judged.result,
                        "mode": judged.mode,
                        "severity": judged.severity or "",
                        "owner": judged.owner,
                        "exempt": judged.exempt,
                        "text": cut(verdict.sentence(judged), _LOGGED_CHARS),
                        "error": judged.error,
                    }
                    for judged in verdict.findings[:_LOGGED_FINDINGS]
                ],
                _LOGGED_FINDINGS_BYTES,
            ),
            "findings_total": len(verdict.findings),
            "asked": [msgspec.structs.replace(each, error=clean(each.error, _LOGGED_CHARS)) for each in verdict.asked],
            "answers": verdict.answers,
            "sql": verdict.sql,
            "callback": {
                "outcome": callback.outcome,
                "action": callback.action,
                "result": callback.result,
                "request_id": callback.request_id,
                "error": str(callback.error or ""),
            },
            "judged_ms": judged_ms,
            "total_ms": call.elapsed_ms(),
        },
    )


_T = TypeVar("_T")


def _fitting(items: Sequence[_T], most_bytes: int) -> Sequence[_T]:
    """The first of many, as many as fit."""
    sizes = itertools.accumulate(len(_encode(item).encode()) + 1 for item in items)
    return items[: sum(1 for size in sizes if size <= most_bytes)]


def _shown(fact: object) -> object:
    """A fact as the log holds it."""
    if isinstance(fact, tuple | list):
        return [_shown(item) for item in fact[:_LOGGED_ITEMS]]
    return clean(str(fact)) if isinstance(fact, str | dict) else fact


def _warnings(event: Event[Any], extension: Extension) -> list[str]:
    """What the deployer should look at, though the event was answered."""
    warnings = list(event.doubts)
    if extension.broken_policy:
        warnings.append(f"the policy has changed and is broken; an earlier one decided: {extension.broken_policy}")
    if extension.environment.mode is Switch.OFF:
        warnings.append("EXTENSION_MODE is off: nothing is judged")
    if not event.known:
        warnings.append("the event is not in the catalogue: no rule can be for it, it is answered OK")
    elsewhere = event.region not in ("", extension.region) and not extension.environment.endpoint.host
    if elsewhere and event.callback and extension.environment.callback:
        warnings.append(f"the event is of another region than the function, {extension.region}: set DATAWORKS_ENDPOINT")
    return warnings


def _log(level: int, line: Mapping[str, object]) -> None:
    LOG.log(level, "%s", _encode(line))


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()
