"""What is logged of an event: one line of JSON, with nothing secret in it.

Neither credentials nor SQL nor code get here: what an event says of them is left out by `events.facts`, and what a
stranger wrote is made harmless by `verdict.clean`.
"""

import itertools
import logging
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from extension import catalogue, events, queries
from extension.deliveries import Answer, Callback
from extension.edges import Call, Extension, Switch
from extension.errors import ConfigurationError, ExtensionError
from extension.events import Delivery, Event, known
from extension.rules import LoggedSql, Rule
from extension.storage import LOG
from extension.verdict import Mode, Result, Verdict, clean, cut

_FINDINGS, _CHARS, _ITEMS, _OUTLINE_CHARS = 40, 300, 20, 1000
_FINDINGS_BYTES, _WARNINGS_BYTES, _OPTIONS_BYTES, _TABLES_BYTES = 12_000, 4_000, 8_000, 1_000
_LINE_BYTES = 32_000
"""A line of Function Compute's log holds 32 KB."""


def refused(call: Call, error: ExtensionError) -> None:
    """Log a request that does not prove who sent it."""
    _log(logging.WARNING, {"event": "refused-request", "request_id": clean(call.request_id), "error": str(error)})


def slow(problem: str) -> None:
    """Log a connection that brought no request in time."""
    _log(logging.WARNING, {"event": "refused-request", "request_id": "", "error": problem})


def warned(problem: str) -> None:
    """Log what whoever deploys the service should look at."""
    _log(logging.WARNING, {"event": "service", "warning": problem})


def unanswerable(call: Call, error: ExtensionError) -> None:
    """Log a delivery that cannot be answered."""
    _log(logging.ERROR, {"event": "unanswerable", "request_id": clean(call.request_id), "error": clean(str(error))})


def verdict(  # noqa: PLR0913  everything that is known of the event, for its one line
    event: Event[Any],
    judged: Verdict,
    callback: Callback,
    failure: ExtensionError | None,
    *,
    extension: Extension,
    call: Call,
    judged_ms: float,
) -> None:
    """Log what was decided, why, under which policy, and what became of the callback; `failure` is why it failed."""
    warnings = [clean(warning, _CHARS) for warning in (*_warnings(event, extension, call), *judged.warnings)]
    level = logging.WARNING if warnings else logging.INFO
    if any(found.error for found in judged.findings):
        level = logging.ERROR
    counted = (found for found in judged.findings if found.mode is Mode.ENFORCE and found.result is not Result.OK)
    _log(
        max(level, _level(event, callback, failure)),
        {
            "event": "verdict",
            "warnings": _fitting(warnings, _WARNINGS_BYTES),
            **_of(event, call),
            "at": call.now,
            "occurred": event.time,
            "region": clean(event.region),
            "operator": clean("".join(known(event.operator))),
            "facts": {
                name: _shown(fact) for name, fact in (events.facts(event.payload) if event.payload else {}).items()
            },
            "result": judged.result,
            "mode": extension.environment.mode,
            "policy": judged.policy,
            "rules": list(dict.fromkeys(found.rule for found in counted))[:_FINDINGS],
            "findings": _fitting(
                [
                    {
                        "rule": found.rule,
                        "check": found.check,
                        "result": found.result,
                        "mode": found.mode,
                        "severity": found.severity or "",
                        "owner": found.owner,
                        "exempt": found.exempt,
                        "text": cut(judged.sentence(found), _CHARS),
                        "error": found.error,
                    }
                    for found in judged.findings[:_FINDINGS]
                ],
                _FINDINGS_BYTES,
            ),
            "findings_total": len(judged.findings),
            "asked": [msgspec.structs.replace(each, error=clean(each.error, _CHARS)) for each in judged.asked],
            "answers": judged.answers,
            "sql": judged.sql,
            "callback": callback,
            "judged_ms": judged_ms,
            "total_ms": call.elapsed_ms(),
        },
    )


def again(event: Event[Any], answer: Answer, callback: Callback, failure: ExtensionError | None, *, call: Call) -> None:
    """Log that an event came again and was answered as before; `callback` is what became of that, before or now."""
    _log(
        _level(event, callback, failure),
        {
            "event": "redelivery",
            **_of(event, call),
            "at": call.now,
            "result": answer.result,
            "policy": answer.policy,
            "callback": callback,
            "total_ms": call.elapsed_ms(),
        },
    )


def _of(event: Event[Any], call: Call) -> Mapping[str, object]:
    """Which event it is, and by which way it came."""
    return {
        "code": clean(event.code),
        "delivery": event.delivery,
        "message_id": clean(event.message_id),
        "request_id": clean(call.request_id),
        "workspace": clean("".join(known(event.workspace))),
    }


def _level(event: Event[Any], callback: Callback, failure: ExtensionError | None) -> int:
    """How bad it is what became of the callback."""
    unset = isinstance(failure, ConfigurationError) and failure.variable == "DATAWORKS_EXTENSION_CODE"
    entry = catalogue.BY_CODE.get(event.code)
    waits = entry is not None and entry.kind is catalogue.Kind.EXTENSION_POINT
    if (callback.outcome == "refused" and not waits) or (unset and event.delivery is Delivery.FUNCTION):
        return logging.WARNING
    return logging.ERROR if callback.outcome in ("refused", "failed") else logging.INFO


def _warnings(event: Event[Any], extension: Extension, call: Call) -> list[str]:
    """What the deployer should look at, though the event was answered."""
    warnings = list(event.doubts)
    if extension.broken_policy:
        warnings.append(f"the policy has changed and is broken; an earlier one decided: {extension.broken_policy}")
    if extension.slow_policy:
        warnings.append("the files of the policy could not be read in time; an earlier look at them decided")
    if extension.doubtful_client:
        warnings.append(f"the SDK makes the calls, since the light client's was not taken: {extension.doubtful_client}")
    if extension.environment.mode is Switch.OFF:
        warnings.append("EXTENSION_MODE is off: nothing is judged")
    if not event.known:
        warnings.append("the event is not in the catalogue: no rule can be for it, it is answered OK")
    elsewhere = event.region not in ("", extension.region) and not extension.environment.endpoint.host
    if elsewhere and event.callback and extension.environment.callback:
        warnings.append(f"the event is of another region than the function, {extension.region}: set DATAWORKS_ENDPOINT")
    if call.left:
        warnings.append(f"threads of earlier events that took too long and have not come to an end: {call.left}")
    return warnings


def answers(event: Event[Any], rules: Sequence[Rule]) -> Mapping[str, object]:
    """What a verdict can turn on and neither the event nor the policy says: options that rules have, and roles."""
    keys = {key for rule in rules for key in rule.options.values()} & set(event.options) if event.options else set()
    options = _fitting([(key, _shown(event.options[key])) for key in sorted(keys)], _OPTIONS_BYTES)
    roles = {"roles": _shown(sorted(event.roles))} if isinstance(event.roles, frozenset) else {}
    return ({"options": dict(options)} if keys else {}) | roles


def sql(event: Event[Any], rules: Sequence[Rule], logged: LoggedSql) -> Mapping[str, object]:
    """What is known of the SQL: which text it is, and where rules have read it, what they went by."""
    found = dict(queries.logged(event, outlined=logged is LoggedSql.OUTLINE))
    if "outline" in found:
        found["outline"] = clean(str(found["outline"]), _OUTLINE_CHARS)
    if any(rule.is_about_sql for rule in rules):
        for name, fact in queries.account(event).items():
            found[name] = _fitting(list(map(clean, fact)), _TABLES_BYTES) if isinstance(fact, list) else fact
    return found


_T = TypeVar("_T")


def _fitting(items: Sequence[_T], most_bytes: int) -> Sequence[_T]:
    """The first of many, as many as fit."""
    sizes = itertools.accumulate(len(msgspec.json.encode(item)) + 1 for item in items)
    return items[: sum(1 for size in sizes if size <= most_bytes)]


def _shown(fact: object) -> object:
    """A fact as the log holds it."""
    if isinstance(fact, tuple | list):
        return [_shown(item) for item in fact[:_ITEMS]]
    long = isinstance(fact, int) and fact.bit_length() > _BITS
    return clean(str(fact)) if long or isinstance(fact, str | dict) else fact


_BITS = 64
"""Longest number that is logged as one; its sender can have one of 4,300 digits."""


def _log(level: int, line: Mapping[str, object]) -> None:
    """Log a line. Where it is too long, parts of it are left empty, and it says which."""
    text = msgspec.json.encode(line)
    left_out: list[str] = []
    while len(text) > _LINE_BYTES and len(left_out) < len(_SPARED):
        part = _SPARED[len(left_out)]
        left_out.append(part)
        line = {**line, part: type(line.get(part))(), "left_out": left_out}
        text = msgspec.json.encode(line)
    LOG.log(level, "%s", text.decode())


_SPARED = ("answers", "facts", "sql", "asked", "warnings", "findings")
"""What is left out first."""
