"""Pages of a service: why an operation was blocked, what is checked, what was decided. Values in, HTML out, no I/O.

They are made of templates beside this file, which are loaded once and escape whatever they are given. No page has a
script, a style of its own or anything from elsewhere, so that it works under `POLICY`, and opening one changes nothing.
"""

from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
import msgspec

from extension.pages.texts import WORDS
from extension.verdict import Language

_FOLDER = Path(__file__).parent

environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_FOLDER),
    autoescape=True,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)
"""What templates are made with: they escape everything, and a name that nobody gave is an error."""

STYLESHEET = (_FOLDER / "style.css").read_text(encoding="utf-8")
"""How all pages look: for light and dark, screen and paper. It refers to nothing else, so it can stand in a page."""

STYLE = sha256(STYLESHEET.encode()).hexdigest()[:12]
"""Which stylesheet it is."""

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a browser may do with a page: Content-Security-Policy."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What is around a page: for whom it is, and where its links lead.

    `prefix` is what stands before the pages' own paths in their public address, `here` the path of the page and its
    query, without what says the language. `chosen` says whether the reader chose that, so that links keep it.
    """

    language: Language
    here: str
    prefix: str = ""
    chosen: bool = False
    admin: bool = False

    def link(self, path: str, **query: str) -> str:
        """The address of another page, in the language of this one; empty parts of the query are left out."""
        return self._link(path, query, self.language if self.chosen else "")

    @property
    def other(self) -> str:
        """The address of this page in the other language."""
        return self._link(self.here, {}, Language.EN if self.language is Language.ZH else Language.ZH)

    def _link(self, path: str, query: dict[str, str], language: str) -> str:
        said = urlencode({key: value for key, value in {**query, "lang": language}.items() if value})
        return f"{self.prefix}{path}{('&' if '?' in path else '?') + said if said else ''}"


def render(template: str, frame: Frame, **values: Any) -> str:  # noqa: ANN401  whatever the template takes
    """The page that a template makes in its frame. `t` are the words of the reader's language."""
    page = environment.get_template(f"{template}.html.jinja")
    return page.render(frame=frame, t=WORDS[frame.language], style=STYLE, **values)


def home(frame: Frame) -> str:
    """The page at the root: what this is, and where the rules are."""
    return render("home", frame)


def login(frame: Frame, problem: str = "") -> str:
    """The form for the administrator's token. `problem` is the word for what was wrong with the last one."""
    return render("login", frame, problem=problem)


def problem(frame: Frame, kind: str, detail: str = "") -> str:
    """A page in the place of another: what is the matter, and what to do.

    `kind` is expired, absent, method, refused, broken or unavailable; `detail` what stands at the end of the advice.
    """
    return render("problem", frame, kind=kind, detail=detail)
