"""One event from bytes to its verdict: `judge` is pure, `run` is parse, judge, post and log."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from extension import catalogue, dataworks, envelopes, events
from extension.edges import LOG, Call, Extension, Switch
from extension.errors import ConfigurationError, ExtensionError, MessageError, PlatformError, SignatureError
from extension.events import Delivery, Event
from extension.policy import Policy
from extension.verdict import LATE, RAISED, SUBJECT, Finding, Judged, Mode, Result, Verdict, clean, cut, worst

_LOGGED_FINDINGS, _LOGGED_CHARS = 40, 300
"""A line of Function Compute's log holds 32 KB."""

RETURNED_CHARS = 1000
"""Longest message that is returned to Function Compute; the platform's limit is unverified."""


def judge(event: Event[Any], policy: Policy, now: datetime, late: Callable[[], bool] = lambda: False) -> Verdict:
    """Judge an event at an instant: every rule for it, in the order of the file; the worst finding decides.

    A check that raises gives its rule the policy's `on_error`, and the others are still judged. `late` says whether
    the time is up: every rule that is not done by then gives `on_timeout`.
    """
    found: list[Judged] = []
    for rule in policy.plan.get(event.code, ()):
        findings: tuple[Finding, ...]
        result, raised = rule.result, ""
        if late():
            findings, result = (LATE,), policy.on_timeout
        else:
            try:
                findings = tuple(rule.check.judge(event, rule.settings))
            except Exception as error:  # noqa: BLE001  the one place: whatever a check does, the user is answered
                findings, result, raised = (RAISED,), policy.on_error, _trace(error)
        found.extend(
            Judged(
                rule=rule.id,
                check=rule.check.id,
                result=result,
                mode=rule.mode,
                finding=finding,
                message=rule.message,
                error=raised,
            )
            for finding in findings
        )
    return Verdict(
        result=worst(found),
        findings=tuple(found),
        subject=_subject(event, policy, now),
        policy=policy.name,
        language=policy.language,
    )


def _subject(event: Event[Any], policy: Policy, now: datetime) -> Mapping[str, str]:
    """What every message can say of the event; the time is that of judging where the event has none."""
    moment = (event.time or now).astimezone(policy.timezone).strftime("%Y-%m-%d %H:%M")
    facts = {"event": event.code, "operator": event.operator, "workspace": event.workspace, "time": moment, "rule": ""}
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
    verdict = _decide(event, extension, call)
    judged_ms = call.elapsed_ms()
    callback = _call_back(event, verdict, extension, call)
    _log_verdict(event, verdict, callback, extension=extension, call=call, judged_ms=judged_ms)
    if callback.outcome == "failed" and callback.error and event.delivery is Delivery.EVENTBRIDGE:
        raise callback.error
    result_field, message_field = extension.environment.response_fields
    message = verdict.message(RETURNED_CHARS)
    return _encode({result_field: verdict.result, message_field: message})


def _decide(event: Event[Any], extension: Extension, call: Call) -> Verdict:
    """The verdict under the emergency switch: with `shadow` the findings are kept, but count for nothing."""
    policy = extension.policy
    if extension.environment.mode is Switch.OFF:
        return Verdict(result=Result.OK, findings=(), subject={}, policy=policy.name, language=policy.language)
    verdict = judge(event, policy, call.now, lambda: call.clock() >= call.deadline)
    if extension.environment.mode is Switch.ENFORCE:
        return verdict
    findings = tuple(msgspec.structs.replace(judged, mode=Mode.SHADOW) for judged in verdict.findings)
    return msgspec.structs.replace(verdict, result=Result.OK, findings=findings)


def _call_back(event: Event[Any], verdict: Verdict, extension: Extension, call: Call) -> Outcome:
    """Post the verdict where somebody waits for it."""
    action = event.callback
    if action is None:
        return Outcome(outcome="not-needed")
    if extension.transport is None:
        return Outcome(outcome="off", action=action)
    try:
        posted = dataworks.post(
            extension.transport,
            _need(call.credentials, "ALIBABA_CLOUD_ACCESS_KEY_ID", "no credentials: give the function a role"),
            action,
            extension_code=_need(
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


_T = TypeVar("_T")


def _need(value: _T | None, variable: str, problem: str) -> _T:
    """What a callback cannot do without. Raises ConfigurationError."""
    if not value:
        raise ConfigurationError(variable, problem)
    return value


def _log_verdict(  # noqa: PLR0913  everything that is known of the event, for its one line
    event: Event[Any], verdict: Verdict, callback: Outcome, *, extension: Extension, call: Call, judged_ms: float
) -> None:
    """Log the one line of an event: what was decided, why, under which policy, and what became of the callback."""
    warnings = _warnings(event, extension)
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
            "warnings": warnings,
            "code": clean(event.code),
            "delivery": event.delivery,
            "message_id": clean(event.message_id),
            "request_id": clean(call.request_id),
            "at": call.now,
            "occurred": event.time,
            "region": clean(event.region),
            "workspace": clean(event.workspace),
            "operator": clean(event.operator),
            "facts": {
                name: clean(fact) if isinstance(fact, str) else fact
                for name, fact in (events.facts(event.payload) if event.payload else {}).items()
            },
            "result": verdict.result,
            "mode": extension.environment.mode,
            "policy": verdict.policy,
            "findings": [
                {
                    "rule": judged.rule,
                    "check": judged.check,
                    "result": judged.result,
                    "mode": judged.mode,
                    "text": cut(verdict.sentence(judged), _LOGGED_CHARS),
                    "error": judged.error,
                }
                for judged in verdict.findings[:_LOGGED_FINDINGS]
            ],
            "findings_total": len(verdict.findings),
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


def _warnings(event: Event[Any], extension: Extension) -> list[str]:
    """What the deployer should look at, though the event was answered."""
    warnings = list(event.doubts)
    if extension.environment.mode is not Switch.ENFORCE:
        warnings.append(f"EXTENSION_MODE is {extension.environment.mode}: nothing is blocked")
    if not event.known:
        warnings.append("the event is not in the catalogue: no rule can be for it, it is answered OK")
    elsewhere = event.region not in ("", extension.region) and not extension.environment.endpoint.host
    if elsewhere and event.callback and extension.transport:
        warnings.append(f"the event is of another region than the function, {extension.region}: set DATAWORKS_ENDPOINT")
    return warnings


def _log(level: int, line: Mapping[str, object]) -> None:
    LOG.log(level, "%s", _encode(line))


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()
