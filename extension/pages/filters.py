"""The filter of the list: what the form says, as a query for a store."""

import re
from collections.abc import Mapping
from datetime import date

from extension import catalogue
from extension.pages.verdicts import Form
from extension.records import ID
from extension.stores import Query
from extension.verdict import Result

MAX_CHARS = 200
"""Longest text that is looked for."""

_TEXTS = ("rule", "workspace", "operator", "message")
_DAYS = ("first", "last")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read(given: Mapping[str, str]) -> tuple[Form, Query, str]:
    """The form of the list as it was filled in, what it looks for, and where the page begins.

    What cannot be is left out of the query, and is a problem of the form.
    """
    values = {name: given.get(name, "").strip() for name in ("result", "code", *_TEXTS, *_DAYS)}
    problems = {
        name: "e_choice"
        for name, choices in (("result", {*Result}), ("code", {*catalogue.BY_CODE}))
        if values[name] and values[name] not in choices
    }
    problems |= {name: "e_long" for name in _TEXTS if not _is_short(values[name])}
    days = {name: _day(values[name]) for name in _DAYS}
    problems |= {name: "e_date" for name in _DAYS if values[name] and days[name] is None}
    if days["first"] and days["last"] and days["last"] < days["first"]:
        problems["last"] = "e_order"
    before = given.get("before", "")
    if before and not ID.fullmatch(before):
        before, problems["before"] = "", "e_before"
    right = {name: "" if name in problems else value for name, value in values.items()}
    query = Query(
        result=Result(right["result"]) if right["result"] else None,
        code=right["code"],
        rule=right["rule"],
        workspace=right["workspace"],
        operator=right["operator"],
        message_id=right["message"],
        first=days["first"],
        last=days["last"],
    )
    return Form(values=values, problems=problems), query, before


def _is_short(text: str) -> bool:
    return len(text) <= MAX_CHARS and (text.isprintable() or not text)


def _day(text: str) -> date | None:
    """The day that a text says, None for none."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None
