"""A function as Function Compute runs it, against a DataWorks on loopback, for every test that takes the whole way."""

import json
import logging
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import handler
from extension import local
from extension.dataworks import READS, Credentials
from extension.deliveries import Deliveries
from extension.edges import ANSWERED_SIZE, ANSWERED_TTL_S
from extension.local import EXTENSION_CODE, DataWorks, Received
from extension.overtime import Stop
from extension.storage import ROOT
from tests import fakes

EVENTS = ROOT / "events"


class Function:
    """handler.py in an instance of its own, with the environment that the tests of it can change."""

    def __init__(self, dataworks: DataWorks, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dataworks = dataworks
        self.monkeypatch = monkeypatch
        self.timeout_s = 60
        self._caplog = caplog

    def set(self, **variables: str) -> None:
        """Set environment variables, for the next `initialize`; an empty text unsets one."""
        for name, value in variables.items():
            if value:
                self.monkeypatch.setenv(name, value)
            else:
                self.monkeypatch.delenv(name, raising=False)

    def policy(self, text: str, tmp_path: Path) -> None:
        """Deploy another policy."""
        file = tmp_path / "policy.yaml"
        file.write_text(text, encoding="utf-8")
        self.set(EXTENSION_POLICY=str(file))
        self.initialize()

    def sign_with(self, key: Credentials) -> None:
        """Give the function credentials, as python3.12 does."""
        self.set(
            ALIBABA_CLOUD_ACCESS_KEY_ID=key.access_key_id,
            ALIBABA_CLOUD_ACCESS_KEY_SECRET=key.access_key_secret,
            ALIBABA_CLOUD_SECURITY_TOKEN=key.security_token,
        )

    def initialize(self) -> None:
        """Start the instance."""
        handler.initialize(local.context(timeout_s=self.timeout_s))

    def handle(self, body: object, *, credentials: Credentials | None = None, again: bool = False) -> dict[str, object]:
        """Invoke the function; what it returns, decoded.

        The event is new to the function, whatever came before; `again` says that it comes once more.
        """
        if handler._extension and not again:
            handler._extension.answers = Deliveries(ANSWERED_TTL_S, ANSWERED_SIZE)
        returned = handler.handler(body, local.context(credentials=credentials, timeout_s=self.timeout_s))
        decoded: dict[str, object] = json.loads(returned)
        return decoded

    @property
    def received(self) -> list[Received]:
        """Callbacks that DataWorks got."""
        return [call for call in self.dataworks.received if call.action not in READS]

    @property
    def asked(self) -> list[Received]:
        """What else DataWorks was asked."""
        return [call for call in self.dataworks.received if call.action in READS]

    @property
    def log(self) -> list[dict[str, Any]]:
        """What was logged, a line each, with its level."""
        return [
            {"level": record.levelname, **json.loads(record.getMessage())}
            for record in self._caplog.records
            if record.name == "extension"
        ]


def key() -> Credentials:
    """Credentials that nobody else has."""
    return Credentials(f"KEY{secrets.token_hex(8)}", secrets.token_hex(16), secrets.token_hex(32))


@pytest.fixture(params=["light", "sdk"])
def client(request: pytest.FixtureRequest) -> Iterator[str]:
    """Which client `fakes.transport_to` opens: what uses this is true of both."""
    fakes.chosen.append(request.param)
    yield request.param
    fakes.chosen.pop()


@pytest.fixture
def dataworks() -> Iterator[DataWorks]:
    """A DataWorks on loopback that knows one key."""
    with DataWorks(keys=[key()], extension_code=EXTENSION_CODE) as server:
        yield server


@pytest.fixture
def function(
    dataworks: DataWorks, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Function]:
    """The function with the project's policy, deployed against `dataworks`."""
    caplog.set_level(logging.INFO, "extension")
    function = Function(dataworks, caplog, monkeypatch)
    function.set(
        DATAWORKS_ENDPOINT=dataworks.url,
        DATAWORKS_EXTENSION_CODE=EXTENSION_CODE,
        DATAWORKS_CALLBACK="",
        DATAWORKS_CLIENT="",
        EXTENSION_POLICY="",
        EXTENSION_MODE="",
        EXTENSION_RESPONSE_FIELDS="",
        EXTENSION_RECORDS="",
        EXTENSION_URL="",
        EVENTBRIDGE_URL="",
        FC_REGION="",
        HTTP_PROXY="",
        http_proxy="",
    )
    function.sign_with(next(iter(dataworks.keys.values())))
    function.initialize()
    yield function
    monkeypatch.setattr(handler, "_extension", None)


@pytest.hookimpl(trylast=True)  # pytest puts its own hook there at first
def pytest_configure(config: pytest.Config) -> None:
    """Report what is raised where Python ignores it, but for `Stop`: that can be anywhere, and is raised again."""
    del config
    report = sys.unraisablehook

    def hook(unraisable: "sys.UnraisableHookArgs") -> None:
        if unraisable.exc_type is not Stop:
            report(unraisable)

    sys.unraisablehook = hook


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how much of the corpus of SQL is found, and how large the matrix of faults is, where they were run.

    Here and not beside the tests: the process that prints collects none of them when they run on several cores.
    """
    from tests import test_outages  # noqa: PLC0415  what the summary is of, and nothing that other tests need
    from tests.sql import corpus  # noqa: PLC0415  the same

    passed = [report.nodeid for report in terminalreporter.getreports("passed")]
    if any("test_corpus" in test for test in passed):
        terminalreporter.section(f"SQL corpus: {len(corpus.entries())} texts", sep="-")
        for line in corpus.report():
            terminalreporter.write_line(line)
    if cells := sum("test_outages.py::test_matrix[" in test for test in passed):
        matrix = test_outages.MATRIX
        faults, actions = {cell.fault for cell in matrix}, {cell.action for cell in matrix}
        terminalreporter.section(f"fault matrix: {len(matrix) + len(test_outages.OF_SDK)} cells", sep="-")
        terminalreporter.write_line(
            f"{cells} hold: {len(faults)} faults x {len(actions)} callback APIs x first call and every call with FAIL,"
            f" first call with WARN x both deliveries; and {len(test_outages.OF_SDK)} with the SDK alone"
        )
