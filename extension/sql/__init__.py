"""SQL text in, facts out: what it reads and writes, where its columns come from, what it calls. No opinions.

The text is cleaned and cut into statements by `words` and `scripts`, each statement is parsed by sqlglot and read by
`lineage`; what its grammar does not take is read by its words. sqlglot is loaded with the first statement.
"""

from collections import OrderedDict
from hashlib import sha256
from threading import Lock

from extension.sql.facts import Analysis, Engine

MAX_KEPT = 32
"""Texts whose facts are kept: the same one comes with the generation of a file and with its download."""

MAX_FACTS = 200_000
"""Facts that are kept of all texts together, some 50 MB; the last text stays, however many it has."""

_kept: OrderedDict[tuple[bytes, Engine, str], tuple[Analysis, int]] = OrderedDict()
_lock = Lock()


def analyse(text: str, engine: Engine, project: str) -> Analysis:
    """The facts of a text, worked out once for each text, engine and project. `project` is where a table is that the
    text names without one; empty where that is not known.
    """
    key = _key(text, engine, project)
    kept = _kept.get(key)
    if kept is None:
        from extension.sql.reading import read  # noqa: PLC0415  nothing of it is needed before there is SQL to read

        found = read(text, engine, project)
        kept = found, _facts(found)
    with _lock:
        _kept[key] = kept
        _kept.move_to_end(key)
        while len(_kept) > MAX_KEPT or (len(_kept) > 1 and sum(facts for _, facts in _kept.values()) > MAX_FACTS):
            _kept.popitem(last=False)
    return kept[0]


def _facts(found: Analysis) -> int:
    """How many facts an analysis has."""
    return sum(
        len(each.reads)
        + len(each.used)
        + len(each.calls)
        + len(each.words)
        + sum(1 + len(output.sources) for output in each.outputs)
        for each in found.statements
    )


def analysed(text: str, engine: Engine, project: str) -> Analysis | None:
    """The facts of a text that was read just now, None for one that was not: nothing is read."""
    kept = _kept.get(_key(text, engine, project))
    return kept[0] if kept else None


def _key(text: str, engine: Engine, project: str) -> tuple[bytes, Engine, str]:
    return sha256(text.encode(errors="surrogatepass")).digest(), engine, project
