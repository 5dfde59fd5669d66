"""Words that inputs of the targets are made of, and that no fuzzer would guess."""

import json

from extension.catalogue import ENTRIES, names
from extension.checks.registry import BY_ID
from extension.events import Payload, fields, shape
from extension.sql.facts import KINDS

_OF_POLICIES = (
    "- id: ",
    "  on: ",
    "  check: ",
    "  with: {",
    "  when: ",
    "  exempt: [{",
    "until: 2026-12-31",
    "&a ",
    "*a",
)
_OF_SQL = (
    "from where group order by limit join on union with as case when then end over lateral view explode ${a} @a:= --"
)


def dictionary(target: str) -> str:
    """The dictionary of a target, in the form of libFuzzer."""
    words = {"events": _of_events, "policies": _of_policies, "texts": _of_texts}[target]()
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"\n' for word in sorted(words))


def _of_events() -> set[str]:
    words = {word for entry in ENTRIES for word in (entry.code, entry.event_type)}
    words |= {name for entry in ENTRIES if entry.payload for name in _fields(entry.payload)}
    return {json.dumps(word) for word in words} | {"1e400", r'"\ud800"', "null"}


def _fields(struct: type[Payload]) -> set[str]:
    """Names of the fields of a payload, and of its parts."""
    found = set()
    for _, name, kind in fields(struct):
        part, items = shape(kind)
        inner = kind if part else items
        found |= {name} | (_fields(inner) if isinstance(inner, type) and issubclass(inner, Payload) else set())
    return found


def _of_policies() -> set[str]:
    return {f" {word}\n" for word in (*names(), *BY_ID)} | {*_OF_POLICIES}


def _of_texts() -> set[str]:
    return {f"{word} " for word in (*KINDS, *_OF_SQL.split())}
