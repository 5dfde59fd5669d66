"""The corpus: texts written for this project, with the facts that each must give. Its form is in corpus/README.md."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from extension.sql import analyse
from extension.sql.facts import Analysis, Engine

FOLDER = Path(__file__).parent / "corpus"
FACTS = ("reads", "written", "columns", "stars", "functions")
"""Facts that are compared as sets, for every entry."""


class Caught(msgspec.Struct, frozen=True):
    """A check, and the settings under which it must find something."""

    check: str
    with_: dict[str, Any] = msgspec.field(name="with", default_factory=dict)


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text, and what it must give. What is None is not compared."""

    name: str
    sql: str
    kinds: list[str] = []
    engine: Engine = Engine.MAXCOMPUTE
    project: str = "shop"
    reads: list[str] = []
    not_reads: list[str] = []
    written: list[str] = []
    columns: list[str] = []
    stars: list[str] = []
    functions: list[str] = []
    filters: dict[str, list[str]] | None = None
    limit: int | None = None
    cross_joins: list[str] | None = None
    unread: bool = False
    """Whether a statement of it is read by its words alone; then its facts must be among what is found."""
    caught: Caught | None = None

    def analysis(self) -> Analysis:
        """What is found in the text."""
        return _analysed(self.sql, self.engine, self.project)


_analysed = cache(analyse)
"""Each text is read once for all tests, which the package's own cache is too small for."""


@cache
def entries(*files: str) -> Sequence[Entry]:
    """The entries of some files of the corpus, of all for none."""
    paths = [FOLDER / f"{name}.yaml" for name in files] or sorted(FOLDER.glob("*.yaml"))
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [
        msgspec.convert(each, Entry)
        for path in paths
        for each in yaml.load(path.read_text(encoding="utf-8"), loader)  # noqa: S506  a safe loader
    ]


def found(analysis: Analysis) -> Mapping[str, set[str]]:
    """What is found of each of FACTS."""
    statements = analysis.statements
    return {
        "reads": {read.table for statement in statements for read in statement.reads},
        "written": {written.table for statement in statements for written in statement.written},
        "columns": {
            f"{source.table}.{source.column}"
            for statement in statements
            for output in statement.outputs
            for source in output.sources
            if source.column != "*"
        },
        "stars": {star.table for statement in statements for star in statement.stars},
        "functions": {call.function for statement in statements for call in statement.calls},
    }


class Score:
    """How much of what must be found is found, and how much of what is found must be."""

    def __init__(self) -> None:
        self.right = self.wanted = self.found = 0

    def add(self, wanted: set[str], found: set[str]) -> None:
        """Count an entry."""
        self.right += len(wanted & found)
        self.wanted += len(wanted)
        self.found += len(found)

    @property
    def recall(self) -> float:
        """Part of what must be found."""
        return self.right / self.wanted

    @property
    def precision(self) -> float:
        """Part of what is found."""
        return self.right / self.found


@cache
def scores() -> Mapping[str, Score]:
    """Precision and recall of each of FACTS over all entries that the grammar takes."""
    counted = {fact: Score() for fact in FACTS}
    for entry in entries():
        if not entry.unread:
            facts = found(entry.analysis())
            for fact, score in counted.items():
                score.add(set(getattr(entry, fact)), facts[fact])
    return counted


def report() -> Iterator[str]:
    """The scores as lines of a table."""
    yield f"{'fact':<10}{'wanted':>8}{'found':>8}{'recall':>9}{'precision':>11}"
    for fact, score in scores().items():
        yield f"{fact:<10}{score.wanted:>8}{score.found:>8}{score.recall:>9.2%}{score.precision:>11.2%}"
