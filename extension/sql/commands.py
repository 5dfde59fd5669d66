"""Tables in commands, where they stand elsewhere than in queries."""

from collections.abc import Callable

from extension.sql.names import Named, Words, keywords

_OBJECTS = keywords(
    "all catalog cluster connection database domain external foreign function instance language namespace package"
    " procedure project resource role routine schema sequence tablespace tenant type volume"
)
"""What is no table, where a name follows."""


def _object(words: Words, at: int, *, written: bool) -> list[Named]:
    """The tables that stand where other objects may stand, too."""
    if words.keys[at] in _OBJECTS and words.named(at + 1) and words.keys[at + 1] not in ("to", "from", "partition"):
        return []
    return words.listed(words.past(at, "table", "view"), written=written)


_SHOWN = keywords("changelogs columns fields history index indexes keys stats statistics")
"""What is shown of a table that stands behind FROM, IN, FOR or OF."""


_EXPLAINED = keywords("insert update delete merge create replace from with values upsert truncate drop alter")


def _explain(words: Words) -> list[Named] | None:
    at = words.past(1, "analyze", "extended", "format", "formatted", "=", "json", "plan", "verbose")
    if words.keys[at] == "(":
        at = words.closing[at] + 1
    return None if words.keys[at] in _EXPLAINED else words.listed(words.past(at, "table"), written=False)[:1]


def _show(words: Words) -> list[Named]:
    keys = words.keys
    for at, key in enumerate(keys):
        if key in ("table", "view", "partitions", "tblproperties") and keys[at + 1] not in ("status", "extended", ""):
            return words.listed(words.past(at + 1, "for", "table", "if", "exists"), written=False)[:1]
        if key in ("from", "in", "for", "of") and not _SHOWN.isdisjoint(keys[:4]):
            return words.listed(words.past(at + 1, "table", "tables"), written=False)[:1]
    return []


def _describe(words: Words) -> list[Named]:
    at = words.past(1, "extended", "formatted", "detail", "full")
    return _object(words, words.past(at, "history") if words.named(at + 1) else at, written=False)[:1]


def _grant(words: Words) -> list[Named]:
    if "on" not in words.keys:
        return []
    at = words.keys.index("on") + 1
    found = _object(words, at, written=True)
    return [each for each in found if words.keys[words.chain(at)[1]] != "."]


def _add(words: Words) -> list[Named]:
    return words.listed(2, written=False)[:1] if words.keys[1] == "table" else []


def _clone(words: Words) -> list[Named]:
    at = words.past(1, "table")
    target = words.keys.index("to") + 1 if "to" in words.keys else len(words.words)
    return [*words.listed(at, written=False)[:1], *words.listed(words.past(target, "table"), written=True)[:1]]


def _copy(words: Words) -> list[Named]:
    _, end = words.chain(1)
    if words.keys[end] == "(":
        end = words.closing[end] + 1
    return words.listed(1, written=words.keys[end] == "from")[:1]


def _load(words: Words) -> list[Named]:
    for at, key in enumerate(words.keys):
        if key in ("into", "overwrite", "table") and words.keys[at + 1] not in ("into", "table"):
            return words.listed(at + 1, written=True)[:1]
    return []


def _unload(words: Words) -> list[Named] | None:
    return None if words.keys[2] == "(" else words.listed(words.past(1, "from", "table"), written=False)[:1]


def _analyze(words: Words) -> list[Named]:
    at = words.past(1, "local", "no_write_to_binlog", "verbose")
    if words.keys[at] == "(":
        at = words.closing[at] + 1
    return [] if words.keys[at] == "tables" else words.listed(words.past(at, "table"), written=False)


def _set(words: Words) -> list[Named]:
    at = words.keys.index("table") + 1 if words.keys[1] == "label" and "table" in words.keys else len(words.words)
    return words.listed(at, written=True)


def _use(words: Words) -> list[Named]:
    at = words.past(1, "database", "namespace", "project", "schema")
    return words.listed(at if words.named(at) else 1, written=False)[:1]


def _tunnel(words: Words) -> list[Named]:
    """The table of a download is its first argument, that of an upload its second. Options may have values or not."""
    if words.keys[1] not in ("download", "d", "upload", "u", "upsert", "us"):
        return []
    download = words.keys[1] in ("download", "d")
    arguments: list[list[Named]] = []
    found: list[Named] = []
    at, option = 2, False
    while words.keys[at]:
        parts, _ = words.chain(at)
        named = [Named(parts, words.words[at].at, not download)] if parts else []
        if option and len(parts) > 1:
            found += named
        elif not option and words.keys[at] != "-":
            arguments.append(named)
        option = words.keys[at] == "-"
        at += 1
        while words.keys[at] and words.words[at - 1].at + len(words.words[at - 1].text) == words.words[at].at:
            at += 1
    place = arguments[:1] if download else arguments[:2][-1:]
    return found + [named for argument in place for named in argument]


def _one(*skipped: str, written: bool) -> Callable[[Words], list[Named]]:
    """The command that has its table behind its own words."""
    return lambda words: words.listed(words.past(1, *skipped), written=written)[:1]


def _only(keyword: str, *, written: bool) -> Callable[[Words], list[Named]]:
    """The command that has a table behind one word, or has none."""
    return lambda words: (
        words.listed(words.keys.index(keyword) + 1, written=written)[:1] if keyword in words.keys else []
    )


COMMANDS: dict[str, Callable[[Words], list[Named] | None]] = {
    "add": _add,
    "analyze": _analyze,
    "clone": _clone,
    "copy": _copy,
    "count": _one("table", written=False),
    "desc": _describe,
    "describe": _describe,
    "explain": _explain,
    "export": _only("table", written=False),
    "grant": _grant,
    "import": _only("table", written=True),
    "kill": lambda _: [],
    "list": lambda _: [],
    "load": _load,
    "msck": _only("table", written=True),
    "purge": _only("table", written=True),
    "read": _one("table", written=False),
    "revoke": _grant,
    "set": _set,
    "show": _show,
    "tunnel": _tunnel,
    "unload": _unload,
    "use": _use,
    "whoami": lambda _: [],
}
"""Commands in which tables stand elsewhere than in queries."""
