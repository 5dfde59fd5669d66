"""What was blocked, told to a group of DingTalk by its robot. Never on the path of a verdict: a batch at a time, late.

Sources: https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages (messages, limits, error codes) and
https://open.dingtalk.com/document/robots/customize-robot-security-settings (signature).
"""

import base64
import hmac
import logging
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TypeAlias
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec

from extension.errors import ConfigurationError
from extension.light import trust
from extension.storage import LOG
from extension.verdict import Language, Text, clean, cut, together

HOST = "oapi.dingtalk.com"
"""Where robots listen."""

BATCH_S = 30.0
"""How long notices are collected for one message: a robot takes 20 messages a minute at most."""

LIMITED_S = 600.0
"""How long a robot is left alone that was sent too much: it takes nothing for ten minutes then."""

SEND_S = 10.0
"""Time for a connection, and for each piece of what comes through it."""

MAX_WAITING = 1000
"""Most notices that wait; those above are counted, and told as a number."""

MAX_BYTES = 20_000
"""Longest message that a robot takes: here the whole of the body."""

MAX_ANSWER_BYTES = 64 * 1024

LIMITED = frozenset({130101, 410100})
"""Error codes for too many messages in a minute; the first is what robots are seen to answer, the second the page's."""

BUSY = -1
"""Error code for a moment in which nothing works."""

MAX_REASON_CHARS, MAX_MESSAGE_CHARS, MAX_LINK_CHARS = 200, 1000, 1000


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One operation that was blocked, as its user was told. `at` is shown in the timezone that it has."""

    code: str
    """Event code."""
    operator: str
    """Id, empty where it is not known, and so the workspace."""
    workspace: str
    rules: tuple[str, ...]
    message: str
    link: str = ""
    """Page of the verdict, empty for none."""
    language: Language
    at: datetime


Send: TypeAlias = Callable[[str, bytes], tuple[int, bytes]]
"""Posts a body to a path with its query; status and content of the answer. Raises OSError and HTTPException."""

Pause: TypeAlias = Callable[[threading.Event, float], bool]
"""Waits for an event, but so many seconds at most; whether the event has come."""


class _Outcome(StrEnum):
    """What became of a message: taken; to be sent again later; never to be taken."""

    SENT = "sending"
    LATER = "waiting"
    REFUSED = "refused"


class _Told(msgspec.Struct, frozen=True):
    """An outcome, why, and whether that is because too much was sent."""

    outcome: _Outcome
    reason: str = ""
    limited: bool = False


class Notices:
    """Sends what was blocked. Any number of threads can add to it.

    `sent` counts the notices in messages that were taken, `dropped` those for which there was no room, `failed` those
    that the robot refused, or that were still waiting when it was closed.
    """

    def __init__(
        self,
        webhook: str,
        secret: str,
        *,
        now: Callable[[], datetime],
        send: Send | None = None,
        pause: Pause = threading.Event.wait,
    ) -> None:
        """`secret` is that of the signature, empty for a robot without. `now` gives the moment with its timezone.

        Raises ConfigurationError for a webhook that is none, without it in its text: the token in it is a secret.
        """
        self.sent = self.dropped = self.failed = 0
        self._robot = _Robot(webhook, secret, now=now, send=send)
        self._pause = pause
        self._waiting: deque[Notice] = deque()
        self._lock = threading.Lock()
        self._some, self._closing = threading.Event(), threading.Event()
        self._ended = False
        self._thread: threading.Thread | None = None
        self._state = ""
        self._untold = 0
        self._wait_s = BATCH_S

    def add(self, notice: Notice) -> None:
        """Have a notice sent with the next message. Waits for nothing and raises nothing."""
        with self._lock:
            if len(self._waiting) >= MAX_WAITING or self._closing.is_set() or not self._started():
                self.dropped += 1
                self._untold += 1
                return
            self._waiting.append(notice)
            self._some.set()

    def close(self, within_s: float) -> None:
        """Send what is waiting, as far as that is done in time. What is added later is dropped."""
        with self._lock:
            self._closing.set()
        self._some.set()
        if self._thread:
            self._thread.join(within_s)
        with self._lock:
            self._ended = True
            self.failed += len(self._waiting)
            self._waiting.clear()

    def _started(self) -> bool:
        """Whether there is a thread that sends; the first notice starts it."""
        if self._thread is None:
            thread = threading.Thread(target=self._work, name="extension-notices", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the machine has no more threads, or the process is about to end
                return False
            self._thread = thread
        return True

    def _work(self) -> None:
        last = False
        while not last:
            self._some.wait()
            last = self._pause(self._closing, self._wait_s)
            self._pass_on()

    def _pass_on(self) -> None:
        """Send what is waiting in one message, and set when the next one is due."""
        with self._lock:
            batch, untold = tuple(self._waiting), self._untold
        if not batch:
            return
        told = self._robot.tell(_message(batch, untold))
        again = min(self._wait_s * 2, LIMITED_S)
        self._wait_s = BATCH_S if told.outcome is not _Outcome.LATER else LIMITED_S if told.limited else again
        with self._lock:
            if told.outcome is not _Outcome.LATER and not self._ended:
                self._settle(len(batch), untold, told.outcome)
            waiting, dropped = len(self._waiting), self.dropped
        if told.outcome != self._state:
            self._state = told.outcome
            line = {"event": "notices", "state": told.outcome, "reason": told.reason}
            level = logging.INFO if told.outcome is _Outcome.SENT else logging.WARNING
            LOG.log(level, "%s", msgspec.json.encode({**line, "waiting": waiting, "dropped": dropped}).decode())

    def _settle(self, count: int, untold: int, outcome: _Outcome) -> None:
        """Take what was in a message out of what is waiting, and count it."""
        for _ in range(count):
            self._waiting.popleft()
        if outcome is _Outcome.SENT:
            self.sent += count
            self._untold -= untold
        else:
            self.failed += count
        if not self._waiting and not self._closing.is_set():
            self._some.clear()


class _Robot:
    """The robot of a group. What it says of a failure has no token in it, no secret and no signature."""

    def __init__(self, webhook: str, secret: str, *, now: Callable[[], datetime], send: Send | None) -> None:
        self._secure, self._host, self._path, self._query = _address(webhook)
        self._secret = secret
        self._now = now
        self._send = send or self._post

    def tell(self, body: bytes) -> _Told:
        """Send a message."""
        query = [*self._query, *self._signature()]
        try:
            status, content = self._send(f"{self._path}?{urlencode(query)}", body)
            said = msgspec.json.decode(content, type=_Answer)
        except (OSError, HTTPException, ValueError, msgspec.MsgspecError) as error:
            # Of the text only what the system says of a connection: the rest can quote the address.
            reason = error.strerror if isinstance(error, OSError) else ""
            return _Told(_Outcome.LATER, clean(f"{type(error).__name__}: {reason or 'no answer'}", MAX_REASON_CHARS))
        if said.errcode == 0:
            return _Told(_Outcome.SENT)
        reason = clean(f"{said.errcode}: {self._scrub(said.errmsg, query)}", MAX_REASON_CHARS)
        limited = said.errcode in LIMITED
        later = limited or said.errcode == BUSY or status >= _SERVER_ERROR
        return _Told(_Outcome.LATER if later else _Outcome.REFUSED, reason, limited)

    def _signature(self) -> Iterator[tuple[str, str]]:
        """The parameters that prove who sends; none to a robot that wants none."""
        if self._secret:
            timestamp = str(int(self._now().timestamp() * 1000))
            digest = hmac.digest(self._secret.encode(), f"{timestamp}\n{self._secret}".encode(), "sha256")
            yield from (("timestamp", timestamp), ("sign", base64.b64encode(digest).decode()))

    def _scrub(self, text: str, query: Iterable[tuple[str, str]]) -> str:
        for value in (self._secret, *(value for _, value in query)):
            for form in (value, quote(value, safe="")):
                text = text.replace(form, "***") if form else text
        return text

    def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        connection: HTTPConnection
        if self._secure:
            connection = HTTPSConnection(self._host, timeout=SEND_S, context=trust())
        else:
            connection = HTTPConnection(self._host, timeout=SEND_S)
        try:
            connection.request("POST", path, body, {"content-type": "application/json; charset=utf-8"})
            with connection.getresponse() as response:
                return response.status, response.read(MAX_ANSWER_BYTES)
        finally:
            connection.close()


_SERVER_ERROR = 500


class _Answer(msgspec.Struct):
    errcode: int
    errmsg: str = ""


def _address(webhook: str) -> tuple[bool, str, str, list[tuple[str, str]]]:
    """Whether it is TLS, host and port, path and query of a webhook. Raises ConfigurationError."""
    try:
        url = urlsplit(webhook.strip())
        host, port = url.hostname or "", url.port
    except ValueError:  # its text quotes the address
        host, port, url = "", None, urlsplit("")
    query = parse_qsl(url.query)
    ours = url.scheme == "https" and host == HOST and port in {None, 443}
    loopback = url.scheme in {"http", "https"} and re.fullmatch(r"localhost|127(\.\d{1,3}){3}|::1", host)
    if not (ours or loopback) or "@" in url.netloc or not dict(query).get("access_token"):
        raise ConfigurationError(
            "DINGTALK_WEBHOOK", f"expected https://{HOST}/robot/send?access_token=..., as the robot's settings show it"
        )
    return url.scheme == "https", url.netloc, url.path or "/", query


_TITLE = Text(en="DataWorks: operations that were blocked: {count}", zh="DataWorks：{count} 项操作被拦截")
_WHO = Text(
    en="Operator {operator}, workspace {workspace}, rules {rules}",
    zh="操作人 {operator}，工作空间 {workspace}，规则 {rules}",
)
_DETAILS = Text(en="Details", zh="查看详情")
_MORE = Text(en="and {count} more", zh="另有 {count} 项")

_RESERVE_BYTES = 1000
"""Of a message, for all but its notices."""


def _message(batch: Sequence[Notice], untold: int) -> bytes:
    """The body of a message: notices, the oldest first, as many as it can hold, and how many more there are."""
    language, count = batch[0].language, len(batch) + untold
    title = _in(language, _TITLE).format(count=count)
    parts, room = [f"#### {title}"], MAX_BYTES - _RESERVE_BYTES
    for notice in batch:
        part = _part(notice)
        room -= len(msgspec.json.encode(part)) + 2 * len(_RULER)
        if room < 0:
            break
        parts.append(part)
    if more := count - len(parts) + 1:
        parts.append(_in(language, _MORE).format(count=more))
    return msgspec.json.encode({"msgtype": "markdown", "markdown": {"title": title, "text": _RULER.join(parts)}})


_RULER = "\n\n---\n\n"


def _part(notice: Notice) -> str:
    language = notice.language
    rules = together((_plain(rule) for rule in notice.rules), most=8) or "-"
    who = {"operator": _plain(notice.operator) or "-", "workspace": _plain(notice.workspace) or "-", "rules": rules}
    lines = [_plain(line, MAX_MESSAGE_CHARS) for line in cut(notice.message, MAX_MESSAGE_CHARS).splitlines()]
    parts = [
        f"**{_plain(notice.code)}** {notice.at:%Y-%m-%d %H:%M:%S %z}".rstrip(),
        _in(language, _WHO).format_map(who),
        "\n>\n".join(f"> {line}" for line in lines if line),
    ]
    if notice.link and len(notice.link) <= MAX_LINK_CHARS:
        link = quote(notice.link, safe=_OF_A_LINK, errors="replace")
        parts.append(f"[{_in(language, _DETAILS)}]({link})")
    return "\n\n".join(part for part in parts if part)


_OF_A_LINK = "%/:?&=#~,;+!$'@"
"""What a link is made of, and never a blank or a bracket, which would end it."""

_MARKS = str.maketrans("\\`*#[]@~|&", "＼ˋ∗＃［］＠～｜＆")


def _plain(text: str, limit: int = MAX_REASON_CHARS) -> str:
    """A text that means nothing in Markdown: no heading, link, image or mention, and no address that becomes a link.

    Signs are replaced by others that look like them: whether clients know a backslash in front is unverified.
    """
    return clean(text, limit).translate(_MARKS).replace("://", "∶//").strip()


def _in(language: Language, text: Text) -> str:
    return text.zh if language is Language.ZH else text.en
