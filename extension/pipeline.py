"""One event from bytes to its verdict: `judge` is pure, `run` is parse, complete, judge, post and log."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from extension import dataworks, envelopes, journal, parameters
from extension.completion import Asking
from extension.dataworks import NoTimeError
from extension.deliveries import Answer, Callback
from extension.edges import NO_CREDENTIALS, Call, Extension, Switch, need
from extension.errors import (
    CertificateError,
    ConditionError,
    ConfigurationError,
    ExtensionError,
    MessageError,
    PlatformError,
    SignatureError,
    trace,
)
from extension.events import Delivery, Event, Missing, Reason, Unknown, known
from extension.rules import Exemption, Policy, Rule
from extension.verdict import (
    CONDITION,
    LATE,
    RAISED,
    SLOW,
    SUBJECT,
    Finding,
    Judged,
    Mode,
    Result,
    Verdict,
    clean,
    hit,
    not_had,
    placeholders,
    show,
    unparsed,
    unread,
    worst,
)

if TYPE_CHECKING:
    from extension.signatures import Replays

MAX_FINDINGS = 1000
"""Most findings of one rule that are taken: a check of one's own can find without end."""

RETURNED_CHARS = 1000
"""Longest message that is returned to Function Compute; the platform's limit is unverified."""


def judge(event: Event[Any], policy: Policy, now: datetime, late: Callable[[], bool] = lambda: False) -> Verdict:
    """Judge an event at an instant: every rule for it, in the order of the file; the worst finding decides.

    What the message lacks stands on the event already, see `complete`. A rule that cannot be judged gives its
    `on_error`, and the others are still judged. `late` says whether the time is up: every rule that is not done by then
    gives its `on_timeout`.
    """
    judging = _Judging(event, policy, now)
    judging.judge(late)
    return judging.verdict()


class _Judging:
    """One event on its way to a verdict. What is done of it stands, whatever stops the rest.

    `event` is what its rules judge, and may be completed before they do. `found` is what each of its rules has found so
    far, in their order.
    """

    def __init__(self, event: Event[Any], policy: Policy, now: datetime) -> None:
        self.event, self._rules = policy.at(event, now)
        self.found: list[_Outcome] = []
        self._policy = policy

    def judge(self, late: Callable[[], bool]) -> None:
        """Judge rule by rule."""
        for rule in self._rules:
            self.found.append(_judge(rule, self.event, late))

    def stop(self, rule: str, error: str) -> None:
        """Give what is not judged its `on_timeout`; `rule` is being worked on, or the next one where it is empty."""
        rest = self._rules[len(self.found) :]
        for each in rest:
            slow = each.id == rule if rule else each is rest[0]
            self.found.append(_given_up(each, self.event, (SLOW,) if slow else (LATE,), each.on_timeout, error * slow))

    def fail(self, error: str) -> None:
        """Give what is not judged its `on_error`."""
        for each in self._rules[len(self.found) :]:
            self.found.append(_given_up(each, self.event, (RAISED,), each.on_error, error))

    def verdict(self) -> Verdict:
        """The verdict that the findings add up to."""
        found = tuple(judged for outcome in self.found for judged in self._counted(outcome))
        verdict = Verdict(
            result=worst(found),
            findings=found,
            subject=_subject(self.event),
            policy=self._policy.name,
            language=self._policy.language,
            warnings=tuple(problem for outcome in self.found for problem in outcome.problems),
            answers=journal.answers(self.event, self._rules),
            sql=journal.sql(self.event, self._rules, self._policy.logged_sql),
        )
        return settle(verdict, self.event)

    def _counted(self, outcome: "_Outcome") -> Iterator[Judged]:
        rule, exemption = outcome.rule, outcome.exemption
        for finding in outcome.findings:
            yield Judged(
                rule=rule.id,
                check=rule.check.id if rule.check else "",
                result=rule.unreadable(self.event) if finding.unread else outcome.result,
                mode=Mode.EXEMPT if exemption else rule.mode,
                finding=finding,
                message=rule.message,
                severity=rule.severity,
                owner=rule.owner,
                help=rule.help,
                exempt=exemption.about(self._policy.timezone) if exemption else "",
                error=outcome.error,
            )


_Found: TypeAlias = tuple[tuple[Finding, ...], Result, str]
"""What a rule finds, what that gives, and what went wrong."""


class _Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as the workspace has set it, what was wrong with that, what it finds, and what makes that not count."""

    rule: Rule
    problems: tuple[str, ...] = ()
    findings: tuple[Finding, ...]
    result: Result
    error: str
    exemption: Exemption | None = None


def _judge(rule: Rule, event: Event[Any], late: Callable[[], bool]) -> _Outcome:
    """What a rule finds, whatever its check does."""
    problems: tuple[str, ...] = ()
    try:
        if rule.options:
            rule, problems = rule.under(event.options)
        if late():
            return _given_up(rule, event, (LATE,), rule.on_timeout, "", problems)
        findings, result, error = (_findings(rule, event), rule.result, "") if rule.is_plain else _apply(rule, event)
        exemption = _exemption(rule, event, late=late()) if findings else None
    except (Exception, SystemExit) as problem:  # noqa: BLE001  whatever a check does, the user is answered
        return _Outcome(rule=rule, problems=problems, findings=(RAISED,), result=rule.on_error, error=trace(problem))
    return _Outcome(rule=rule, problems=problems, findings=findings, result=result, error=error, exemption=exemption)


def _given_up(  # noqa: PLR0913, PLR0917  what an outcome is made of
    rule: Rule,
    event: Event[Any],
    findings: tuple[Finding, ...],
    result: Result,
    error: str,
    problems: tuple[str, ...] = (),
) -> _Outcome:
    """The outcome of a rule that is not judged. Who is exempt from it still is, as far as that costs no time."""
    return _Outcome(
        rule=rule,
        problems=problems,
        findings=findings,
        result=result,
        error=error,
        exemption=_exemption(rule, event, late=True),
    )


def _exemption(rule: Rule, event: Event[Any], *, late: bool) -> Exemption | None:
    """What exempts the event from a rule, None for nothing."""
    return next((one for one in rule.exempt if one.covers(event, late=late)), None)


def _apply(rule: Rule, event: Event[Any]) -> _Found:
    """What a rule finds. Where its condition is not met, nothing is missed but SQL that could not be read.

    Raises what its check raises.
    """
    missing = rule.unanswered(event)
    try:
        met = missing is not None or rule.met(event)
    except ConditionError as problem:
        if problem.field:
            return (unread(Unknown(problem.field, Reason(problem.reason))),), rule.result, ""
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
    findings: tuple[Any, ...] = tuple(itertools.islice(rule.check.judge(event, rule.settings), MAX_FINDINGS))
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


def run(body: object, extension: Extension, context: object) -> str:
    """Take one delivery to its end: parse, judge, post the verdict, log, and return what the function returns.

    An event that comes again is answered as before, and its verdict is posted again only if that failed. Raises
    MessageError for a delivery that cannot be answered. An event from EventBridge whose verdict could not be posted
    raises too (PlatformError, NoTimeError, ConfigurationError), so that it is delivered again; an FC-hosted event is
    answered by the return value, and the failed callback is logged. What comes through an HTTP trigger is answered as
    `push` does.
    """
    call = extension.call(context)
    try:
        envelope = envelopes.opened(body)
        sent = envelopes.request(envelope) or envelopes.event(envelope)
    except MessageError as error:
        journal.unanswerable(call, error)
        raise
    try:
        if isinstance(sent, Event):
            return _returned(_take(sent, extension, call), extension)
        said = push(sent, extension, call)
    finally:
        if extension.recorder:
            extension.recorder.flush(RECORD_S)
    headers = {"Content-Type": "application/json"}
    return _encode({"statusCode": said.status, "headers": headers, "isBase64Encoded": False, "body": said.body})


RECORD_S = 0.1
"""How long the return waits for the verdict log, since the instance is frozen behind it; the verdict is posted by then.
Once that was too short, it waits no longer until the log is written again.
"""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """How a request over HTTP is answered; the body is JSON."""

    status: int
    body: str


def push(request: envelopes.Request, extension: Extension, call: Call) -> Response:
    """Take an event that was sent over HTTP to its end, if EventBridge sent it.

    200: the verdict is posted, or nobody waits for it, or the platform turned the callback down for what it says. 503:
    the event has to come again. 400, 401, 405, 409 (it was answered before) and 413: it can never succeed. What
    EventBridge does with a status of the class 4xx is unverified.
    """
    try:
        replays, identity = _proven(request, extension, call)
        answer = _take(_pushed(request.body), extension, call)
    except SignatureError as error:
        journal.refused(call, error)
        status, problem = error.status, str(error)
    except MessageError as error:
        journal.unanswerable(call, error)
        status, problem = 400, str(error)
    except (PlatformError, NoTimeError):  # logged with the verdict
        status, problem = 503, _LATER
    except (CertificateError, ConfigurationError) as error:
        journal.unanswerable(call, error)
        status, problem = 503, _LATER
    else:
        replays.note(identity, call.now)
        return Response(status=200, body=_returned(answer, extension))
    return Response(status=status, body=_encode({"error": problem}))


_LATER = "the event cannot be answered now and has to come again"


def _proven(request: envelopes.Request, extension: Extension, call: Call) -> "tuple[Replays, str]":
    """Who remembers what was answered, and what the request is to them.

    Raises SignatureError where EventBridge did not send it, or it was answered before; CertificateError where that
    cannot be told.
    """
    if not any(name.startswith("x-eventbridge-signature") for name in request.headers):
        raise SignatureError("a request through an HTTP trigger needs a valid EventBridge signature")
    if request.method != "POST":
        raise SignatureError("the method is not POST", status=405)
    verifier, replays = extension.verifier()
    within_s = (call.deadline - call.clock()) / 2
    identity = verifier.verify(request.headers, request.body, call.now, within_s)
    if replays.seen(identity, call.now):
        raise SignatureError("the request was answered before", status=409)
    return replays, identity


def _pushed(body: bytes) -> Event[Any]:
    """The event in a request over HTTP. Whatever its envelope: nobody reads a verdict that is only returned."""
    return msgspec.structs.replace(envelopes.parse(body), delivery=Delivery.EVENTBRIDGE)


def _returned(answer: Answer, extension: Extension) -> str:
    result_field, message_field = extension.environment.response_fields
    return _encode({result_field: answer.result, message_field: answer.returned})


def _take(event: Event[Any], extension: Extension, call: Call) -> Answer:
    """The answer to an event, posted where somebody waits for it; that of before where the event comes again."""
    policy = extension.policy(call)
    verdict, judged = None, event
    with extension.answers.of(_identity(event, policy), call.started, call.deadline - call.clock()) as delivery:
        if delivery.answer is None:
            verdict, judged = _decide(event, policy, extension, call)
            delivery.answer = _answer(event, verdict, _link(event, verdict, extension, call))
        answer, judged_ms = delivery.answer, call.elapsed_ms()
        callback, failure = (answer.callback, None) if answer.callback else _call_back(event, answer, extension, call)
        if callback.outcome != "failed":
            delivery.answer = msgspec.structs.replace(answer, callback=callback)
    if verdict:
        journal.verdict(event, verdict, callback, failure, extension=extension, call=call, judged_ms=judged_ms)
        _tell(extension, call, judged, verdict, callback, judged_ms)
    else:
        journal.again(event, answer, callback, failure, call=call)
    if failure and callback.outcome == "failed" and event.delivery is Delivery.EVENTBRIDGE:
        raise failure
    return answer


def _link(event: Event[Any], verdict: Verdict, extension: Extension, call: Call) -> str:
    """The address of the page that the verdict is going to have, empty for none."""
    if not extension.has_pages or verdict.result is Result.OK:
        return ""
    from extension import records  # noqa: PLC0415  nothing of it is needed where there are no pages

    return extension.link(records.identity(event, verdict.policy, call.now), call.now)


def _tell(  # noqa: PLR0913, PLR0917  what a judgement is made of
    extension: Extension, call: Call, event: Event[Any], verdict: Verdict, callback: Callback, judged_ms: float
) -> None:
    """Tell of a verdict whom it concerns: the verdict log, metrics, notices."""
    if not extension.witnesses:
        return
    from extension import records  # noqa: PLC0415  nothing of it is needed where nobody is told

    mode = extension.environment.mode
    judgement = records.Judgement(
        event=event,
        verdict=verdict,
        callback=callback,
        at=call.now,
        request_id=call.request_id,
        switch="" if mode is Switch.ENFORCE else mode.value,
        judged_ms=judged_ms,
        total_ms=call.elapsed_ms(),
    )
    for witness in extension.witnesses:
        witness(judgement)


def _identity(event: Event[Any], policy: Policy) -> object:
    """What two deliveries share that are answered alike: the id, the event with all that it says, and the policy."""
    said = sha256(repr(event.data).encode(errors="surrogatepass")).digest()
    return event.message_id, event.code, event.callback, said, policy.name


def _decide(event: Event[Any], policy: Policy, extension: Extension, call: Call) -> tuple[Verdict, Event[Any]]:
    """The verdict under the emergency switch, and the event as it was judged.

    With `shadow` the findings are kept, but count for nothing.
    """
    mode = extension.environment.mode
    if mode is Switch.OFF:
        nothing = Verdict(result=Result.OK, findings=(), subject={}, policy=policy.name, language=policy.language)
        return nothing, event
    asking = Asking(event, extension, call)
    judging = _Judging(event, policy, call.now)

    def work() -> None:
        if event.code in policy.asking:
            judging.event = asking.complete(policy)
        judging.judge(lambda: call.clock() >= call.deadline)

    try:
        extension.workers.stoppable(work, call.deadline - call.clock())
    except TimeoutError as error:
        judging.stop(asking.rule, str(error))
    except Exception as problem:  # noqa: BLE001  an error of ours: it costs the rules their verdict, and nobody an answer
        judging.fail(trace(problem))
    verdict, event = judging.verdict(), judging.event
    if mode is Switch.SHADOW:
        verdict = _overruled(verdict, "EXTENSION_MODE is shadow: nothing is blocked")
    elif verdict.result is not Result.OK and event.parameters is None and _waits(event, extension):
        found = asking.parameters()
        if isinstance(found, Missing):
            asking.warnings.append(f"the extension's parameters could not be read, and do not count: {found.error}")
        event = msgspec.structs.replace(event, parameters=found)
        verdict = settle(verdict, event)
    warnings = (*asking.warnings, *verdict.warnings)
    return msgspec.structs.replace(verdict, warnings=warnings, asked=tuple(asking.asked)), event


def _waits(event: Event[Any], extension: Extension) -> bool:
    """Whether a verdict is going to be posted, so that the extension's parameters matter."""
    environment = extension.environment
    return event.callback is not None and environment.callback and bool(environment.extension_code)


def _answer(event: Event[Any], verdict: Verdict, link: str) -> Answer:
    """A verdict in the words of its users; `link` leads to its page, empty for none."""
    returned = verdict.message(RETURNED_CHARS, link)
    tip = ""
    if event.callback:
        most = dataworks.MESSAGE_CHARS[event.callback]
        tip = returned if most == RETURNED_CHARS else verdict.message(most, link)
    return Answer(result=verdict.result, returned=returned, tip=tip, policy=verdict.policy)


def _call_back(
    event: Event[Any], answer: Answer, extension: Extension, call: Call
) -> tuple[Callback, ExtensionError | None]:
    """Post the verdict where somebody waits for it; what became of that, and why it failed where it did."""
    action = event.callback
    if action is None:
        return Callback(outcome="not-needed"), None
    if not extension.environment.callback:
        return Callback(outcome="off", action=action), None
    calls = 0
    try:
        line = extension.line(call, call.ends)
        try:
            posted = dataworks.post(
                line,
                need(call.credentials, "ALIBABA_CLOUD_ACCESS_KEY_ID", NO_CREDENTIALS),
                action,
                extension_code=need(
                    extension.environment.extension_code,
                    "DATAWORKS_EXTENSION_CODE",
                    "not set: the verdict cannot be posted",
                ),
                message_id=event.message_id,
                result=answer.result,
                message=answer.tip,
            )
        finally:
            calls = line.attempts
    except (PlatformError, ConfigurationError, NoTimeError) as error:
        refused = isinstance(error, PlatformError) and error.refused and event.delivery is Delivery.EVENTBRIDGE
        outcome = "refused" if refused else "failed"
        return Callback(outcome=outcome, action=action, calls=calls, error=str(error)), error
    return Callback(
        outcome="posted", action=action, result=posted.result, request_id=posted.request_id, calls=calls
    ), None


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()
