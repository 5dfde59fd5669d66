"""Every statement of the corpus gives the facts that stand beside it; a table of them is in the output of pytest."""

from collections import Counter

import pytest
import yaml

from extension import pipeline, policy
from extension.events import EPOCH
from extension.rules import Policy
from extension.sql.facts import KINDS
from extension.verdict import Result
from tests.cases import event
from tests.sql.corpus import Entry, entries, found, scores

READ = [entry for entry in entries() if not entry.unread]
UNREAD = [entry for entry in entries() if entry.unread]
EVASIONS = entries("evasions")


def name(entry: Entry) -> str:
    return entry.name


@pytest.mark.parametrize("entry", READ, ids=name)
def test_tables_are_all_found_and_no_others(entry: Entry) -> None:
    facts = found(entry.analysis())
    assert (facts["reads"], facts["written"]) == (set(entry.reads), set(entry.written))


@pytest.mark.parametrize("entry", READ, ids=name)
def test_columns_stars_and_functions_are_all_found(entry: Entry) -> None:
    facts = found(entry.analysis())
    assert set(entry.columns) <= facts["columns"]
    assert set(entry.stars) <= facts["stars"]
    assert set(entry.functions) <= facts["functions"]


@pytest.mark.parametrize("entry", READ, ids=name)
def test_statements_are_told_apart(entry: Entry) -> None:
    statements = entry.analysis().statements
    assert [statement.unread for statement in statements] == [""] * len(statements)
    assert [statement.kind for statement in statements] == entry.kinds


@pytest.mark.parametrize("entry", [entry for entry in READ if entry.filters is not None], ids=name)
def test_filters_are_found_and_no_others(entry: Entry) -> None:
    for table, columns in (entry.filters or {}).items():
        for statement in entry.analysis().statements:
            assert all(read.filters == set(columns) for read in statement.reads if read.table == table)


@pytest.mark.parametrize("entry", [entry for entry in READ if entry.limit is not None], ids=name)
def test_limits_are_found(entry: Entry) -> None:
    assert [statement.limit for statement in entry.analysis().statements if statement.returns][-1] == entry.limit


@pytest.mark.parametrize("entry", [entry for entry in READ if entry.cross_joins is not None], ids=name)
def test_joins_without_a_condition_are_found(entry: Entry) -> None:
    names = [cross.name for statement in entry.analysis().statements for cross in statement.cross_joins]
    assert Counter(names) == Counter(entry.cross_joins)


@pytest.mark.parametrize("entry", UNREAD, ids=name)
def test_what_the_grammar_does_not_take_is_read_by_its_words(entry: Entry) -> None:
    analysis = entry.analysis()
    facts = found(analysis)
    assert analysis.unread
    assert set(entry.reads) <= facts["reads"]
    assert set(entry.written) <= facts["written"]
    assert set(entry.functions) <= facts["functions"]
    assert not set(entry.not_reads) & facts["reads"]


@pytest.mark.parametrize("entry", [entry for entry in EVASIONS if entry.caught], ids=name)
def test_every_evasion_is_caught(entry: Entry) -> None:
    data = {"sqlText": entry.sql, "datasourceName": "source"}
    verdict = pipeline.judge(event("download-resources", data), against(entry), EPOCH)
    assert verdict.result is Result.FAIL
    assert not any(found.error for found in verdict.findings)


def against(entry: Entry) -> Policy:
    """A policy with the rule that must catch an evasion."""
    assert entry.caught is not None
    rule = {"id": "r", "on": "resources-download", "check": entry.caught.check, "with": entry.caught.with_}
    source = {"projects": {"source": entry.project}, "engines": {"source": str(entry.engine)}}
    return policy.parse(yaml.safe_dump({"version": 1, "sql": source, "rules": [rule]}).encode(), "p")


@pytest.mark.parametrize("entry", [entry for entry in EVASIONS if not entry.caught], ids=name)
def test_what_only_looks_like_an_evasion_reads_nothing_else(entry: Entry) -> None:
    facts = found(entry.analysis())
    assert facts["reads"] | facts["written"] == {*entry.reads, *entry.written}
    assert not entry.analysis().unread


def test_recall_and_precision() -> None:
    assert scores()["reads"].recall == scores()["written"].recall == scores()["functions"].recall == 1
    assert scores()["reads"].precision == scores()["written"].precision == 1
    assert scores()["columns"].recall >= 0.98


def test_the_corpus_is_large_and_its_names_are_its_own() -> None:
    assert len(entries()) >= 300
    assert len(EVASIONS) >= 60
    assert len({entry.name for entry in entries()}) == len(entries())
    assert {kind for entry in entries() for kind in entry.kinds} <= set(KINDS)
