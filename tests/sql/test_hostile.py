"""Texts that are made to be long or deep end in a verdict, with what they read found; none raises or runs away."""

import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial

import pytest
import yaml

from benchmarks.sql import HOSTILE
from extension import pipeline, policy
from extension.events import EPOCH
from extension.sql import analyse
from extension.sql.facts import Analysis, Engine
from extension.sql.reading import MAX_CHARS, MAX_ENDS
from extension.verdict import Result, Verdict
from tests.cases import event

pytestmark = pytest.mark.no_cover  # its texts are huge, and run nothing that a short one does not

POLICY = policy.parse(
    yaml.safe_dump(
        {
            "version": 1,
            "language": "en",
            "sql": {"projects": {"source": "shop"}},
            "rules": [
                {"id": check, "on": "resources-download", "check": check, "with": with_}
                for check, with_ in {
                    "sql.tables": {"deny": ["hr.*"]},
                    "sql.columns": {"deny": ["hr.*.phone"]},
                    "sql.star": {},
                    "sql.functions": {"deny": ["max_pt"]},
                    "sql.statements": {"allow": ["SELECT"]},
                    "sql.partition_filter": {"tables": ["*.dwd_*"], "columns": ["ds"]},
                    "sql.limit": {"max": 1000},
                    "sql.cross_join": {},
                    "sql.length": {"max": 100_000},
                }.items()
            ],
        }
    ).encode(),
    "p",
)


def judged(sql: str) -> Verdict:
    return pipeline.judge(event("download-resources", {"sqlText": sql, "datasourceName": "source"}), POLICY, EPOCH)


def hits(verdict: Verdict) -> set[str]:
    """The rules that found what they look for."""
    return {each.rule for each in verdict.findings if each.finding.judged}


def read(sql: str) -> Analysis:
    return analyse(sql, Engine.MAXCOMPUTE, "shop")


def tables(analysis: Analysis) -> set[str]:
    return {read.table for statement in analysis.statements for read in statement.reads}


READ: Mapping[str, set[str]] = {
    "a statement of 1 MB": {"sql.tables", "sql.limit", "sql.length"},
    "5,000 brackets inside each other": {"sql.tables", "sql.columns", "sql.limit"},
    "10,000 unions": {"sql.limit", "sql.length"},
    "a list of 100,000 items": {"sql.limit", "sql.length"},
}
"""The rules that hit where the grammar takes the text."""


@pytest.mark.parametrize("name", READ)
def test_a_long_text_is_read_in_full(name: str) -> None:
    verdict = judged(HOSTILE[name]())
    assert verdict.result is Result.FAIL
    assert not any(found.error for found in verdict.findings)
    assert hits(verdict) == READ[name]


def _begun(make: Callable[[], str]) -> str:
    """The first part of a text, which is long enough for a test."""
    return make()[:300_000]


UNREAD: Mapping[str, Callable[[], str]] = {
    **{name: partial(_begun, make) for name, make in HOSTILE.items() if name not in READ},
    "calls": lambda: "select " + "f(" * 200 + "phone" + ")" * 200 + " from hr.users",
    "queries": lambda: "select * from " + "(select * from " * 700 + "hr.users" + ") q" * 700,
    "unions in brackets": lambda: "(select 1 union all " * 3_000 + "select phone from hr.users" + ")" * 3_000,
    "UNION and INTERSECT in turns": lambda: (
        "select phone from hr.users" + " union select a from t intersect select b from u" * 665
    ),
    "signs": lambda: "select " + "- " * 10_000 + "phone from hr.users",
    "types": lambda: "select cast(phone as " + "array<" * 12 + "int" + ">" * 12 + ") from hr.users",
    "calls of calls": lambda: "select phone" + ".f()" * 1_000 + " from hr.users",
    "joins": lambda: "select phone from hr.users" + " join t on a = b" * 2_000,
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_too_much_for_the_grammar_is_read_by_its_words(name: str) -> None:
    verdict = judged(UNREAD[name]())
    assert verdict.result is Result.FAIL
    assert not any(found.error for found in verdict.findings)
    assert any(found.finding.unread for found in verdict.findings)


@pytest.mark.parametrize("name", [name for name in UNREAD if name != "1 MB of opening brackets"])
def test_tables_are_found_by_words(name: str) -> None:
    assert "hr.users" in tables(read(UNREAD[name]()))


@pytest.mark.parametrize(
    "text",
    ["select a from hr.users where b in (" + "1," * (MAX_CHARS // 2) + "1)", "select 1;" * (MAX_ENDS + 1)],
    ids=["characters", "statements"],
)
def test_what_an_instance_has_no_memory_for_is_not_read(text: str) -> None:
    """It is a finding of every rule on SQL all the same."""
    (statement,) = read(text).statements
    assert (statement.unread, statement.reads, statement.line) == ("it is too long", (), 1)
    verdict = judged(text)
    assert verdict.result is Result.FAIL
    assert {found.rule for found in verdict.findings if found.finding.unread} >= {"sql.tables", "sql.columns"}
    assert not any(found.error for found in verdict.findings)


def test_what_is_just_short_enough_is_read() -> None:
    text = "select a from hr.users where b in (1".ljust(MAX_CHARS)
    assert "hr.users" in tables(read(text[: MAX_CHARS - 1] + ")"))
    assert len(read("drop table a.b;" * 1_000).statements) == 1_000


DEEP = [
    ("", "(select 1 union all ", "select a from t", ")", ""),
    ("select ", "f(", "a", ")", " from t"),
    ("select ", "not (", "a", ")", " from t"),
]
"""What begins a text, what is before and behind its middle so many times, and what ends it."""


@pytest.mark.parametrize("depth", [100, 160, 500, 570, 600, 700, 3_000])
@pytest.mark.parametrize("form", DEEP)
def test_no_depth_raises_on_a_small_stack(form: tuple[str, str, str, str, str], depth: int) -> None:
    start, before, middle, behind, end = form
    text = start + before * depth + middle + behind * depth + end
    found: list[Analysis] = []
    size = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=lambda: found.append(read(text)))
        thread.start()
    finally:
        threading.stack_size(size)
    thread.join()
    assert tables(found[0]) == {"shop.t"}


def test_no_caller_is_too_deep() -> None:
    def under(frames: int) -> Analysis:
        return under(frames - 1) if frames else read("select " + "f(" * 150 + "a" + ")" * 150 + " from t where b = 800")

    assert sys.getrecursionlimit() >= 4_000
    assert tables(under(800)) == {"shop.t"}


def test_many_statements_share_what_the_parser_may_spend() -> None:
    intricate = "select " + "struct(" * 8 + "int" + ")" * 8 + " from t"
    many = read(";".join([intricate] * 500))
    assert len(many.statements) == 500
    assert {statement.unread for statement in many.unread} == {"it is too intricate"}
    assert tables(many) == {"shop.t"}


def test_types_that_people_write_are_read() -> None:
    columns = ", ".join(f"a{number} map<string, array<struct<a: int, b: string>>>" for number in range(200))
    assert not read(f"create table t ({columns})").unread


def test_functions_of_values_are_read() -> None:
    assert not read("select a" + ".f()" * 30 + " from t").unread


def test_few_facts_are_kept_of_texts_with_many() -> None:
    columns = ", ".join(f"c{number}" for number in range(300))
    joins = " join ".join(f"t{number} on 1 = 1" if number else "t0" for number in range(300))
    texts = [f"select {columns}, {last} from {joins}" for last in range(3)]  # noqa: S608  no database runs it
    first = read(texts[0])
    assert read(texts[0]) is first
    assert sum(len(output.sources) for output in first.statements[0].outputs) == 300 * 300
    read(texts[1])
    read(texts[2])
    assert read(texts[0]) is not first
