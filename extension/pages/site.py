"""The pages over HTTP: who may see which, in which language, and how long a reader waits for the records.

Opening a page changes nothing, and nothing here can post a verdict. What reads records or makes a page is done in a few
threads of its own, so that readers take none from the events.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlencode, urlsplit

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extension import links, pages
from extension.errors import StoreError
from extension.links import Standing
from extension.pages import Frame, documents, filters, sessions, texts, verdicts
from extension.pages.sessions import Sessions
from extension.records import ID, Record
from extension.rules import Policy
from extension.stores import Query, Store
from extension.verdict import Language

PAGE, HISTORY = 50, 20
"""Verdicts on a page of the list, and other checks of an operation on the page of one."""

HISTORY_DAYS = timedelta(days=3)
"""How long before and after a verdict its other checks are looked for: a store may have to read days as a whole."""

_THREADS = 4

_HEADERS = {
    "content-security-policy": pages.POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex",
}
"""Of every answer."""

_STATUSES = {"refused": 403, "absent": 404, "method": 405, "expired": 410, "broken": 500, "unavailable": 503}
"""What the pages in the place of others are answered with."""

_FOR_EVER = "public, max-age=31536000, immutable"


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages are made from.

    `store` is None where no records are kept. `base` is the public address of the pages, with a path before theirs
    where there is one. Without a `link_key` no link opens a verdict, without an `admin_token` there is no list. Who
    gives a wrong token waits for `failure_delay_s`, and nobody waits longer than `store_limit_s` for the records.
    """

    store: Store | None
    policy: Callable[[], Policy]
    """The policy in force, at once."""
    now: Callable[[], datetime]
    """The moment, in UTC."""
    base: str = ""
    link_key: str = ""
    admin_token: str = ""
    failure_delay_s: float = 0.5
    store_limit_s: float = 5.0

    def __repr__(self) -> str:
        """The address alone, for the rest is secret."""
        return f"Site({self.base!r})"


def routes(site: Site) -> list[BaseRoute]:
    """The pages, each with the headers that keep a browser from doing anything else with it."""
    made = _Pages(site)
    return [
        Route("/", made.home),
        Route("/style.css", made.style),
        Route("/policy", made.document),
        Route("/verdicts", made.listing),
        Route("/verdicts/{identity}", made.details),
        Route("/login", made.login_form),
        Route("/login", made.login, methods=["POST"]),
        Route("/logout", made.logout, methods=["POST"]),
    ]


def handlers(site: Site) -> Mapping[int, Callable[[Request, Exception], Response]]:
    """Pages in the place of what does not exist, is called in another way, or raised: `exception_handlers`."""
    made = _Pages(site)
    return {404: made.absent, 405: made.method, 500: made.broken}


class _Pages:
    def __init__(self, site: Site) -> None:
        self._site = site
        url = urlsplit(site.base)
        self._prefix = url.path.rstrip("/")
        self._sessions = Sessions(site.admin_token, site.now, secure=url.scheme == "https")
        self._threads = ThreadPoolExecutor(_THREADS, "pages")

    # what everybody sees

    async def home(self, request: Request) -> Response:
        """What this is."""
        return self._html(pages.home(self._frame(request, "/")))

    async def style(self, request: Request) -> Response:
        """The stylesheet, for ever under the address that the pages have."""
        kept = request.query_params.get("v") == pages.STYLE
        return self._answer(pages.STYLESHEET, "text/css", cache=_FOR_EVER if kept else "no-cache")

    async def document(self, request: Request) -> Response:
        """What the policy checks."""
        frame = self._frame(request, "/policy")
        work = partial(documents.document, frame, self._site.policy(), self._site.now())
        return await self._made(request, frame, work, cache="no-cache")

    # a verdict

    async def details(self, request: Request) -> Response:
        """The page of a verdict: for the administrator, and for whoever has a link."""
        store, identity = self._site.store, request.path_params["identity"]
        admin = self._sessions.admits(request)
        query = request.query_params
        until_text, sign = query.get("until", ""), query.get("sign", "")
        if store is None or not ID.fullmatch(identity) or not (admin or self._site.link_key):
            return self._problem(request, "absent")
        here = _path(f"/verdicts/{identity}", {} if admin else {"until": until_text, "sign": sign})
        until = None
        if not admin:
            standing = links.holds(self._site.link_key, identity, until_text, sign, self._site.now())
            if standing is Standing.FORGED:
                return self._problem(request, "absent", here)
            if standing is Standing.EXPIRED:
                return self._problem(request, "expired", here, identity)
            until = datetime.fromtimestamp(int(until_text), UTC)
        frame = self._frame(request, here, admin=admin)
        return await self._made(request, frame, partial(self._details, store, identity, frame, until))

    def _details(self, store: Store, identity: str, frame: Frame, until: datetime | None) -> str:
        """The page of a verdict, empty where there is none."""
        record = store.get(identity)
        if record is None:
            return ""

        def address(identity: str) -> str:
            return links.path(self._site.link_key, identity, until) if until else f"/verdicts/{identity}"

        return verdicts.details(
            frame,
            record,
            timezone=self._site.policy().timezone,
            history=_history(store, record),
            address=address,
            until=until,
        )

    # the list

    async def listing(self, request: Request) -> Response:
        """All verdicts, for the administrator; for others the form for the token."""
        store = self._site.store
        if not self._site.admin_token or store is None:
            return self._problem(request, "absent")
        if not self._sessions.admits(request):
            return self._login(request, status=401)
        form, query, before = filters.read(request.query_params)
        values = {name: value for name, value in form.values.items() if value}
        frame = self._frame(request, _path("/verdicts", {**values, "before": before}), admin=True)
        work = partial(self._listing, store, frame, form, query, before)
        return await self._made(request, frame, work, status=400 if form.problems else 200)

    def _listing(self, store: Store, frame: Frame, form: verdicts.Form, query: Query, before: str) -> str:
        found = [] if form.problems else store.find(query, limit=PAGE + 1, before=before)
        values = {name: value for name, value in form.values.items() if value}
        last = found[PAGE - 1].id if len(found) > PAGE else ""
        return verdicts.listing(
            frame,
            found[:PAGE],
            timezone=self._site.policy().timezone,
            form=form,
            older=_path("/verdicts", {**values, "before": last}) if last else "",
            newest=_path("/verdicts", values) if before else "",
        )

    # who is the administrator

    async def login_form(self, request: Request) -> Response:
        """The form for the token."""
        return self._login(request) if self._site.admin_token else self._problem(request, "absent")

    async def login(self, request: Request) -> Response:
        """Take the token, and give a cookie for it. Nothing tells how much of a wrong one was right."""
        if not self._site.admin_token:
            return self._problem(request, "absent")
        if sessions.is_from_elsewhere(request):
            return self._problem(request, "refused")
        token = await sessions.token(request)
        if token is None:
            return self._login(request, "login_form", status=400)
        if self._sessions.is_busy():
            return self._login(request, "login_busy", status=429, headers={"retry-after": "60"})
        if not self._sessions.takes(token):
            await asyncio.sleep(self._site.failure_delay_s)
            return self._login(request, "login_wrong", status=401)
        answer = self._moved(request, "/verdicts")
        self._sessions.begin(answer)
        return answer

    async def logout(self, request: Request) -> Response:
        """End a login."""
        if not self._site.admin_token:
            return self._problem(request, "absent")
        if sessions.is_from_elsewhere(request):
            return self._problem(request, "refused")
        answer = self._moved(request, "/")
        self._sessions.end(answer)
        return answer

    def _login(
        self, request: Request, problem: str = "", *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        asking = {"www-authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004  Unauthorized must say how
        frame = self._frame(request, "/verdicts")
        return self._html(pages.login(frame, problem), status=status, headers={**asking, **(headers or {})})

    # pages in the place of others

    def absent(self, request: Request, _: Exception) -> Response:
        """The page for an address that is none."""
        return self._problem(request, "absent")

    def method(self, request: Request, error: Exception) -> Response:
        """The page for what is called in another way than it can be."""
        headers = error.headers if isinstance(error, HTTPException) else None
        return self._problem(request, "method", headers=headers)

    def broken(self, request: Request, _: Exception) -> Response:
        """The page for an error of ours; it says nothing of it."""
        return self._problem(request, "broken")

    def _problem(
        self,
        request: Request,
        kind: str,
        here: str = "/",
        detail: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        page = pages.problem(self._frame(request, here), kind, detail)
        return self._html(page, status=_STATUSES[kind], headers=headers)

    # how it is answered

    def _frame(self, request: Request, here: str, *, admin: bool = False) -> Frame:
        """The frame of a page: in the language that the reader chose, else one that the browser asks for."""
        chosen = request.query_params.get("lang", "")
        accepted = request.headers.get("accept-language", "")
        known = chosen in tuple(Language)
        language = Language(chosen) if known else texts.language(accepted) or self._site.policy().language
        return Frame(language=language, here=here, prefix=self._prefix, chosen=known, admin=admin)

    async def _made(
        self, request: Request, frame: Frame, work: Callable[[], str], *, status: int = 200, cache: str = "no-store"
    ) -> Response:
        """The page that `work` makes, done in a thread; 404 where there is none, 503 where the records do not come."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._site.store_limit_s):
                page = await loop.run_in_executor(self._threads, work)
        except (StoreError, TimeoutError):
            return self._problem(request, "unavailable", frame.here)
        if not page:
            return self._problem(request, "absent", frame.here)
        return self._html(page, status=status, cache=cache)

    def _html(
        self, page: str, *, status: int = 200, cache: str = "no-store", headers: Mapping[str, str] | None = None
    ) -> Response:
        varying = {"vary": "Accept-Language, Cookie", **(headers or {})}
        return self._answer(page, "text/html", status=status, cache=cache, headers=varying)

    def _moved(self, request: Request, path: str) -> Response:
        """The answer to a form: see there."""
        where = self._frame(request, "/").link(path)
        return self._answer("", "text/html", status=303, cache="no-store", headers={"location": where})

    def _answer(
        self, content: str, kind: str, *, status: int = 200, cache: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        said = {**_HEADERS, "cache-control": cache, **(headers or {})}
        return Response(content, status_code=status, media_type=kind, headers=said)


def _history(store: Store, record: Record) -> list[Record]:
    """Other verdicts on the same operation, or on the same message, of the days around, the newest first."""
    day = record.at.astimezone(UTC).date()
    around = Query(first=day - HISTORY_DAYS, last=day + HISTORY_DAYS)
    facts = {"thread": record.thread, "message_id": record.message_id}
    queries = [msgspec.structs.replace(around, **{name: fact}) for name, fact in facts.items() if fact]
    found = {each.id: each for query in queries for each in store.find(query, limit=HISTORY + 1)}
    found.pop(record.id, None)
    return [found[identity] for identity in sorted(found, reverse=True)][:HISTORY]


def _path(path: str, query: Mapping[str, str]) -> str:
    """A path with what is not empty of a query."""
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{said}" if said else path
