"""Who is the administrator: whoever has the token, or a cookie that was given for it."""

import hmac
import re
from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

MAX_FORM_BYTES = 4096
"""Longest login form that is read."""

MAX_FAILURES, FAILURES_WITHIN = 20, timedelta(minutes=1)
"""So many wrong tokens of all callers together are taken in this time; no token is looked at while there are more."""

LASTS = timedelta(hours=12)
"""How long a login lasts."""


class Sessions:
    """Logins with one token. They are kept by the browsers alone, so all of them end with another token."""

    def __init__(self, token: str, now: Callable[[], datetime], *, secure: bool) -> None:
        """`secure` says whether the pages are reached by https, and so whether the cookie is for that alone."""
        self._token = token
        self._now = now
        self._secure = secure
        self._cookie = "__Host-session" if secure else "session"
        self._key = hmac.digest(token.encode(errors="surrogatepass"), b"dataworks-extension session 1", sha256)
        self._failures: deque[datetime] = deque()

    def admits(self, request: Request) -> bool:
        """Whether a request is the administrator's: by the cookie, or by the token itself."""
        if not self._token:
            return False
        until, _, signature = request.cookies.get(self._cookie, "").partition(".")
        signed = re.fullmatch("[0-9]{1,12}", until) is not None and _same(signature, self._signature(until))
        if signed and self._now().timestamp() < int(until):
            return True
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and not self.is_busy() and self.takes(token.strip())

    def takes(self, token: str) -> bool:
        """Whether it is the token. One that is not counts: ask first whether it is too busy."""
        right = _same(token, self._token)
        if not right:
            self._failures.append(self._now())
        return right

    def is_busy(self) -> bool:
        """Whether there were too many wrong tokens a moment ago."""
        begin = self._now() - FAILURES_WITHIN
        while self._failures and self._failures[0] <= begin:
            self._failures.popleft()
        return len(self._failures) >= MAX_FAILURES

    def begin(self, answer: Response) -> None:
        """Give the cookie with an answer."""
        until = str(int((self._now() + LASTS).timestamp()))
        self._set(answer, f"{until}.{self._signature(until)}", int(LASTS.total_seconds()))

    def end(self, answer: Response) -> None:
        """Take the cookie away. It stays good for whoever has kept it, until its time is over."""
        self._set(answer, "", 0)

    def _set(self, answer: Response, value: str, seconds: int) -> None:
        answer.set_cookie(
            self._cookie, value, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="strict"
        )

    def _signature(self, until: str) -> str:
        return urlsafe_b64encode(hmac.digest(self._key, until.encode(), sha256)).decode().rstrip("=")


def is_from_elsewhere(request: Request) -> bool:
    """Whether a browser says that the form was sent from another site."""
    return request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")


async def token(request: Request) -> str | None:
    """The token in a login form, None for what is no such form or too long."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return None
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_FORM_BYTES:
                return None
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=10)
    except (ValueError, ClientDisconnect):
        return None
    return fields.get("token", [""])[0]


def _same(given: str, right: str) -> bool:
    """Whether two texts are the same, in a time that tells nothing of where they differ, or how long they are."""
    one, other = (sha256(text.encode(errors="surrogatepass")).digest() for text in (given, right))
    return hmac.compare_digest(one, other)
