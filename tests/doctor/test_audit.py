"""Known vulnerabilities: pip-audit itself asks a small OSV on loopback, and is not believed where it cannot."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from extension.doctor import Level, Remark, audit, versions
from extension.storage import ROOT

REQUIREMENTS = ROOT / "requirements.txt"
OLD = f"msgspec==0.1 --hash=sha256:{'0' * 64}\nsix==1.0 --hash=sha256:{'0' * 64}\n"


def entry(name: str, *fixed: str, **more: object) -> dict[str, object]:
    """A vulnerability as OSV tells it.

    Source: https://ossf.github.io/osv-schema/
    """
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, *({"fixed": version} for version in fixed)]}]
    affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": ranges}]
    return {"id": f"GHSA-{name}", "aliases": ["CVE-2026-1"], "summary": "a", "affected": affected, **more}


class Osv(NamedTuple):
    """A vulnerability database, and what it is asked."""

    url: str
    known: dict[str, list[dict[str, object]]]
    asked: list[tuple[str, str]]


@pytest.fixture
def osv() -> Iterator[Osv]:
    known: dict[str, list[dict[str, object]]] = {}
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = msgspec.json.decode(self.rfile.read(int(self.headers["Content-Length"])))
            name = query["package"]["name"]
            asked.append((name, query["version"]))
            vulns = known.get(name, [])
            body = msgspec.json.encode({"vulns": vulns} if vulns else {})
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as it is called
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield Osv(f"http://127.0.0.1:{server.server_address[1]}/v1/query", known, asked)
        server.shutdown()
        thread.join()


def test_each_pinned_version_is_looked_up_and_what_is_vulnerable_said(osv: Osv) -> None:
    known = {"msgspec": [entry("msgspec", "98.2", "98.3")], "six": [entry("six"), entry("six", schema_version="2.0")]}
    osv.known.update(known)
    first, second, partial = audit.remarks([REQUIREMENTS], osv.url)
    pins = versions.pins(REQUIREMENTS)
    assert set(osv.asked) == {*pins.items()}
    assert (first.id, first.level) == (second.id, second.level) == ("audit.vulnerable", Level.ERROR)
    assert first.what.startswith(f"requirements.txt: msgspec {pins['msgspec']} has the known vulnerability ")
    assert "CVE-2026-1" in first.what
    assert "GHSA-msgspec" in first.what
    assert first.why.startswith("What it lets others do: https://osv.dev/vulnerability/")
    assert first.do.startswith("Have `make lock` pin msgspec 98.2 or 98.3, by pyproject.toml")
    assert second.do.startswith("No version is free of it")
    assert partial.id == "audit.partial"
    assert partial.what == "requirements.txt: pip-audit did not understand all of the answers"


def test_a_database_that_is_not_there_is_not_taken_for_a_good_answer(osv: Osv) -> None:
    gone = osv.url.replace("//127.0.0.1", "//user:secret@127.0.0.1").replace("/v1/query", "1")
    (remark,) = audit.remarks([REQUIREMENTS], gone)
    assert (remark.id, remark.level) == ("audit.not-told", Level.WARNING)
    assert remark.what.startswith(
        "requirements.txt: whether versions with known vulnerabilities are pinned could not be"
    )
    assert "pip-audit failed (" in remark.what
    assert "secret" not in f"{remark}"
    assert "`python -m pip_audit --disable-pip -s osv -r requirements.txt`" in remark.do


def prints(text: str) -> tuple[str, ...]:
    """What prints a text instead of pip-audit."""
    return (sys.executable, "-ISc", f"import sys; sys.stdout.write({text!r})")


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ((sys.executable, "-ISm", "pip_audit"), "pip-audit is not installed"),
        ((sys.executable, "-ISc", "import time; time.sleep(60)"), "pip-audit was not done within 0.3 s"),
        ((sys.executable, "-ISc", "raise OSError('https://user:secret@host')"), "pip-audit failed (OSError)"),
        (prints("[]"), "pip-audit failed (it does not say why)"),
    ],
)
def test_what_keeps_it_from_being_known_is_said(command: tuple[str, ...], reason: str) -> None:
    (remark,) = audit.remarks(timeout_s=0.3 if "sleep" in command[-1] else 60, command=command)
    assert (remark.id, remark.level) == ("audit.not-told", Level.WARNING)
    assert remark.what.startswith("requirements.txt, requirements-service.txt: whether versions with known ")
    assert remark.what.endswith(f"could not be looked up: {reason}")
    assert "api.osv.dev" in remark.do
    assert "`make setup`" in remark.do


def test_what_pip_audit_started_ends_with_it() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        grandchild = f"import socket; socket.create_connection({listening.getsockname()!r}).recv(1)"
        child = f"import subprocess, sys; subprocess.run([sys.executable, '-ISc', {grandchild!r}])"
        (remark,) = audit.remarks(timeout_s=1.5, command=(sys.executable, "-ISc", child))
        assert remark.what.endswith("pip-audit was not done within 1.5 s")
        listening.settimeout(10)
        connection, _ = listening.accept()
        with connection:
            connection.settimeout(10)
            assert connection.recv(1) == b""


def test_that_there_is_nothing_is_said(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(OLD)
    dependencies: list[dict[str, object]] = [{"name": name, "version": "1", "vulns": []} for name in ("msgspec", "six")]
    report = msgspec.json.encode({"dependencies": dependencies, "fixes": []}).decode()
    (remark,) = audit.remarks([file], command=prints(report))
    what = f"{file}: 2 dependencies, none with a vulnerability that api.osv.dev knows"
    assert remark == Remark(id="audit.well", level=Level.OK, what=what)


def test_what_was_left_out_is_said(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(OLD)
    report = (
        '{"dependencies": [{"name": "six", "skip_reason": "no"}, {"name": "x\\n<b>", "version": "1", "vulns": []}]}'
    )
    (remark,) = audit.remarks([file], command=prints(report))
    assert (remark.id, remark.level) == ("audit.partial", Level.WARNING)
    assert remark.what == f"{file}: pip-audit was not told of msgspec, six"


def test_what_the_database_says_cannot_mark_anything_up(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(OLD.partition("\n")[0])
    vulnerable = {"name": "msgspec", "version": "0.1", "vulns": [{"id": "A\x1b[31m\n", "fix_versions": ["1\n2"]}]}
    report = msgspec.json.encode({"dependencies": [vulnerable]}).decode()
    (remark,) = audit.remarks([file], command=prints(report))
    assert remark.id == "audit.vulnerable"
    assert f"{remark.what}{remark.why}{remark.do}".isprintable()
