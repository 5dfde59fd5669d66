"""Precision and recall over the corpus, in the output of pytest."""

import pytest

from tests.sql import corpus


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how much of the corpus is found, where it was run."""
    if any("test_corpus" in report.nodeid for report in terminalreporter.getreports("passed")):
        count = len(corpus.entries())
        terminalreporter.section(f"SQL corpus: {count} texts", sep="-")
        for line in corpus.report():
            terminalreporter.write_line(line)
