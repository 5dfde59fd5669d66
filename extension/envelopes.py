"""Bytes in, event out: one function for each shape of delivery. No I/O.

Sources: https://www.alibabacloud.com/help/en/dataworks/user-guide/formats-of-event-messages-sent-to-eventbridge (both
envelopes) and https://www.alibabacloud.com/help/en/functioncompute/fc/http-trigger-invoking-function (HTTP trigger).
"""

from base64 import b64decode
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone

import msgspec

from extension import bounds, catalogue, events
from extension.errors import MessageError, SignatureError
from extension.events import Callback, Delivery, Event, Fact, Payload

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Longest delivery that is read: enough for SQL of some megabytes. Function Compute takes 32 MB in a synchronous call,
EventBridge far less.
"""

SOURCE = "acs.dataworks"
"""`source` of every DataWorks event in EventBridge."""

_MAX_DIGITS = 100

_WORKSPACE_FIELDS = ("projectId", "appId", "queryDwProjectId")
_OPERATOR_FIELDS = ("operator", "operatorUid", "operatorBaseId")

WHO = (*_WORKSPACE_FIELDS, *_OPERATOR_FIELDS)
"""Fields that say where it was, and who did it."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request over HTTP. Names of headers are in lower case; the values of one that comes twice are joined."""

    method: str
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        """The method alone: headers and body may hold what nobody shall log."""
        return f"Request({self.method!r})"


def opened(body: object) -> Mapping[str, object]:
    """What Function Compute passed: the JSON object in it. Raises MessageError."""
    return _decode(_bytes(body))


def request(envelope: Mapping[str, object]) -> Request | None:
    """The request that came through an HTTP trigger, None where the envelope is none of such. Raises MessageError.

    The case of names of headers is unverified, and so is what stands there for a body of no bytes.
    """
    if "requestContext" not in envelope and "rawPath" not in envelope:
        return None
    http = _inside(envelope.get("requestContext")).get("http")
    text = envelope.get("body") or ""
    try:
        body = str(text).encode()
        body = b64decode(body, validate=True) if _flag(envelope.get("isBase64Encoded")) else body
    except ValueError as error:  # half of a surrogate pair, or no Base64
        raise MessageError("body", "is no text, or no Base64 where it should be") from error
    headers = joined(_inside(envelope.get("headers")).items())
    return Request(method=str(_inside(http).get("method", "")).upper(), headers=headers, body=body)


def joined(headers: Iterable[tuple[str, object]]) -> Mapping[str, str]:
    """Headers by their names in lower case, the values of one that comes more than once joined."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else str(value)
    return found


def _inside(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def parse(body: object) -> Event[Payload | None]:
    """Read one delivery: the envelope of Function Compute or of EventBridge.

    Raises MessageError for what cannot be answered (not JSON, no envelope, no message id, no event code), and
    SignatureError for a request through an HTTP trigger: who takes those has to see who sent them, see `request`.
    """
    envelope = opened(body)
    if request(envelope):
        raise SignatureError("a request through an HTTP trigger needs a valid EventBridge signature")
    return event(envelope)


def event(envelope: Mapping[str, object]) -> Event[Payload | None]:
    """The event in an envelope. Raises MessageError as `parse` does."""
    if "messageId" in envelope or "messageBody" in envelope:
        return _function_compute(envelope)
    if any(key in envelope for key in ("specversion", "data", "source", "type")):
        return _eventbridge(envelope)
    raise MessageError(
        "body", "is neither a Function Compute envelope (messageId, messageBody) nor an EventBridge event"
    )


def _function_compute(envelope: Mapping[str, object]) -> Event[Payload | None]:
    """The envelope that DataWorks passes to an FC-hosted extension. `blockBusiness: false` marks a notification."""
    data = _mapping(envelope.get("messageBody"))
    routes = _known(events.text(envelope, "eventType")), _known(events.text(data, "eventCode"))
    code, entry = _route(*routes, field="eventType")
    callback = entry.callback if entry else Callback.EXTENSION
    return _event(
        code,
        entry,
        message_id=_message_id(envelope, "messageId"),
        delivery=Delivery.FUNCTION,
        callback=None if _flag(envelope.get("blockBusiness")) is False else callback,
        envelope=envelope,
        data=data,
        doubts=_doubts(*routes, data),
    )


def _eventbridge(envelope: Mapping[str, object]) -> Event[Payload | None]:
    """The CloudEvents envelope of EventBridge.

    `data.blockBusiness` is not reliable there (the documented commit-file pre-event has false): what the catalogue
    calls an extension point is always answered, and only an event that it does not know is taken at the flag's word.
    """
    if envelope.get("source") not in (None, SOURCE):
        raise MessageError("source", f"is not {SOURCE}: this is no DataWorks event")
    data = _mapping(envelope.get("data"))
    routes = _known(events.text(data, "eventCode")), _known(events.text(envelope, "type"))
    code, entry = _route(*routes, field="data.eventCode")
    callback = entry.callback if entry else None if _flag(data.get("blockBusiness")) is False else Callback.EXTENSION
    return _event(
        code,
        entry,
        message_id=_message_id(envelope, "id"),
        delivery=Delivery.EVENTBRIDGE,
        callback=callback,
        envelope=envelope,
        data=data,
        doubts=_doubts(*routes, data),
    )


_Route = tuple[str, catalogue.Entry | None]


def _known(name: str) -> _Route:
    """The catalogue's entry for an event code or an EventBridge type, beside the name itself."""
    name = name.strip()
    return name, catalogue.BY_CODE.get(name) or catalogue.BY_TYPE.get(name)


def _route(first: _Route, second: _Route, *, field: str) -> _Route:
    """The first of two routes that the catalogue knows, else the first that has a name at all."""
    for _, entry in (first, second):
        if entry:
            return entry.code, entry
    name = first[0] or second[0]
    if not name:
        raise MessageError(field, "is missing: the message does not say which event it is")
    return name, None


def _doubts(first: _Route, second: _Route, data: Mapping[str, object]) -> tuple[str, ...]:
    """What is odd about a delivery that can be answered all the same."""
    doubts = []
    if first[1] and second[1] and first[1] is not second[1]:
        doubts.append(f"the message calls itself {first[1].code} and {second[1].code}: judged as {first[1].code}")
    if not data:
        doubts.append("the payload is empty or cannot be read")
    return tuple(doubts)


def _event(  # noqa: PLR0913  the parts of an envelope, all by keyword
    code: str,
    entry: catalogue.Entry | None,
    *,
    message_id: str,
    delivery: Delivery,
    callback: Callback | None,
    envelope: Mapping[str, object],
    data: Mapping[str, object],
    doubts: tuple[str, ...],
) -> Event[Payload | None]:
    found = who(data)
    return Event(
        code=code,
        known=entry is not None,
        message_id=message_id,
        delivery=delivery,
        callback=callback,
        workspace=found.workspace,
        operator=found.operator,
        operators=found.operators,
        region=events.text(envelope, "aliyunregionid"),
        time=_time(events.text(envelope, "aliyunpublishtime")) or _time(events.text(envelope, "time")),
        data=data,
        payload=events.read(entry.payload, data) if entry and entry.payload else None,
        doubts=doubts,
    )


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Where an operation was, and who did it: ids."""

    workspace: Fact[str]
    operator: Fact[str]
    operators: tuple[str, ...]


def who(data: Mapping[str, object]) -> Who:
    """Where an operation was and who did it, by the platform's mapping."""
    return Who(
        workspace=events.first(data, *_WORKSPACE_FIELDS),
        operator=events.first(data, *_OPERATOR_FIELDS),
        operators=tuple(filter(None, (events.text(data, name) for name in _OPERATOR_FIELDS))),
    )


def _message_id(envelope: Mapping[str, object], field: str) -> str:
    message_id = events.text(envelope, field)
    if not message_id:
        raise MessageError(field, "is missing or is not text: without it nobody can be answered")
    return message_id


def _mapping(value: object) -> Mapping[str, object]:
    """The payload, also where it was sent as JSON text; empty where it is unreadable, so that rules can say so."""
    if isinstance(value, str):
        try:
            value = _decode(value.encode(errors="replace"))
        except MessageError:
            return {}
    return value if isinstance(value, dict) else {}


def _flag(value: object) -> bool | None:
    """A truth value, also as text or number; None where there is none to read."""
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).strip().lower())


_FIRST_YEAR, _LAST_YEAR = 1970, 9998
_CHINA = timezone(timedelta(hours=8))


def _time(value: str) -> datetime | None:
    """The platform's time with its zone, None where it cannot be read.

    Older samples end `aliyunpublishtime` in PRC. `time` is used only where that is missing: in newer samples it has
    a Z but is 8 hours ahead of the publish time, as if it were China's.
    """
    try:
        moment = datetime.fromisoformat(value.removesuffix("PRC"))
    except ValueError:
        return None
    sensible = _FIRST_YEAR <= moment.year <= _LAST_YEAR  # the calendar's ends cannot be told in every timezone
    return moment.replace(tzinfo=moment.tzinfo or _CHINA) if sensible else None


def _bytes(body: object) -> bytes:
    """What the runtime passed, as bytes no longer than the limit."""
    if isinstance(body, str):
        body = body.encode(errors="surrogatepass")
    if not isinstance(body, bytes | bytearray):
        raise MessageError("body", f"is {type(body).__name__}, not bytes")
    if len(body) > MAX_BODY_BYTES:
        raise MessageError("body", f"has {len(body):,} bytes; at most {MAX_BODY_BYTES:,} are read")
    return bytes(body)


def _decode(body: bytes) -> dict[str, object]:
    """The JSON object in `body`.

    A number or a character that no fact can be (1e400, half of a surrogate pair) does not spoil the message around
    it: the message is read a second time, leniently, and only that field comes out unreadable.
    """
    if excess := bounds.excess(body):
        raise MessageError("body", excess)
    value = _decode_strictly(body)
    if not isinstance(value, dict):
        raise MessageError("body", "is JSON, but not an object")
    return value


def _decode_strictly(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_leniently(body)


def _decode_leniently(body: bytes) -> object:
    import json  # noqa: PLC0415  only damaged messages come here, and every import is on the user's time

    try:
        return json.loads(body.decode(), parse_int=_whole)
    except UnicodeDecodeError as error:
        raise MessageError("body", "is not UTF-8 text") from error
    except ValueError as error:
        raise MessageError("body", f"is not JSON{_place(error)}") from error


def _place(error: ValueError) -> str:
    """Where JSON ends to be JSON, as far as that is known: the words for it differ from one Python to the next."""
    position = getattr(error, "pos", None)
    return "" if position is None else f", at character {position + 1}"


def _whole(digits: str) -> int | float:
    """A whole number, or infinity for one of a length that is meant to cost time."""
    return int(digits) if len(digits) <= _MAX_DIGITS else float("inf")
