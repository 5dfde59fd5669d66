"""The facts of a text: worked out once, kept for a while, and nothing loaded for them before they are asked for."""

# ruff: noqa: S608  SQL that no database sees

import subprocess
import sys

import pytest

from extension import sql
from extension.sql import analyse, reading
from extension.sql.facts import Analysis, Engine
from extension.storage import ROOT


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Engine, str]]:
    """The texts that are read, with nothing kept from before."""
    texts: list[tuple[str, Engine, str]] = []

    def noting(text: str, engine: Engine, project: str) -> Analysis:
        texts.append((text, engine, project))
        return Analysis(engine=engine, characters=len(text))

    monkeypatch.setattr(reading, "read", noting)
    monkeypatch.setattr(sql, "_kept", type(sql._kept)())
    return texts


def test_a_text_is_read_once_for_each_engine_and_project(read: list[tuple[str, Engine, str]]) -> None:
    places = [("a", Engine.HIVE, "x"), ("b", Engine.HIVE, "x"), ("a", Engine.SPARK, "x"), ("a", Engine.HIVE, "y")]
    first = [analyse(*place) for place in places]
    again = [analyse(*place) for place in places]
    assert read == places
    assert all(one is other for one, other in zip(first, again, strict=True))


def test_as_many_texts_are_kept_as_are_said_and_the_last_used_ones(read: list[tuple[str, Engine, str]]) -> None:
    for number in range(sql.MAX_KEPT):
        analyse(str(number), Engine.HIVE, "")
    analyse("0", Engine.HIVE, "")
    analyse("new", Engine.HIVE, "")
    del read[:]
    analyse("0", Engine.HIVE, "")
    analyse("new", Engine.HIVE, "")
    assert read == []
    analyse("1", Engine.HIVE, "")
    assert [text for text, _, _ in read] == ["1"]


def test_a_text_with_half_a_character_is_read_like_any_other() -> None:
    assert [each.kind for each in analyse("select '\ud83d'", Engine.MAXCOMPUTE, "").statements] == ["SELECT"]


def test_statements_read_by_their_words_are_told_apart() -> None:
    found = analyse("select 1; select a b c from t", Engine.MAXCOMPUTE, "")
    assert [each.line for each in found.unread] == [1]
    assert found.unread == found.statements[1:]


LOADED = "import sys; print(sorted({name.partition('.')[0] for name in sys.modules if name.startswith('sqlglot')}))"
JUDGED = f"""
from extension import pipeline, policy
from extension.events import EPOCH
from tests.cases import event
rules = b"{{version: 1, rules: [{{id: r, on: '*', check: download.rows, with: {{max: 1}}}}]}}"
data = {{"sqlText": "select a from t", "datasourceName": "d"}}
pipeline.judge(event("download-resources", data), policy.parse(rules, "p"), EPOCH)
{LOADED}
"""
ANALYSED = f"""
from extension.sql import Engine, analyse
analyse("desc t", Engine.HIVE, "")
{LOADED}
"""


def loaded(code: str) -> str:
    """What a process of its own prints."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603  our own code


@pytest.mark.parametrize(
    "code", [f"import extension.queries; {LOADED}", f"import extension.__main__; {LOADED}", JUDGED]
)
def test_no_grammar_is_loaded_where_no_sql_is_read(code: str) -> None:
    assert loaded(code) == "[]"


def test_the_grammars_are_loaded_with_the_first_text() -> None:
    assert loaded(ANALYSED) == "['sqlglot']"
