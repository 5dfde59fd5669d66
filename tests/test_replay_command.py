"""`replay` on the command line: what it prints, writes and exits with."""

import gzip
import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from extension import replay
from extension.commands import replaying
from extension.storage import ROOT
from extension.verdict import Mode, Result
from tests.recorded import judged, policy_of
from tests.test_main import errors, run

ROWS = "on: download-resources, check: download.rows, with: {max: %d}"
RECORD = judged("download-resources", {"dataRowSize": 10})
BLOCKED = judged("download-resources", {"dataRowSize": 10}, policy_of(ROWS % 1))


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy that blocks what the old one let pass."""
    file = tmp_path / "new.yaml"
    file.write_text(f"version: 1\nlanguage: zh\nrules:\n  - {{id: fewer-rows, {ROWS % 5}}}\n", encoding="utf-8")
    return file


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Three events of a day, in the folder of that day."""
    file = tmp_path / "log" / "2026-11-27" / "a.jsonl"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in (RECORD, RECORD, BLOCKED)))
    return file.parent.parent


def test_what_changes_is_read_at_a_glance(policy: Path, log: Path) -> None:
    shown = run("replay", log, "--policy", policy)
    assert (shown.exit_code, shown.stderr) == (0, "")
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert lines[0][:3] == ["2", "newly", "blocked"]
    assert "1 unchanged, 0 not decidable" in shown.stdout
    assert next(line[:6] for line in lines if line[:1] == ["OK"]) == [
        "OK",
        "FAIL",
        "2",
        "2026-11-27",
        "08:30:00",
        "download-resources",
    ]
    assert ["fewer-rows", "0", "3", "2", "0", "0", "0"] in lines
    assert ["r1", "1", "0", "0", "0", "0", "0"] in lines
    for name in ("90214", "149318", "download-resources"):
        assert [name, "3", "1", "3", "2", "0", "0", "0"] in lines


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_narrow_terminal_cuts_no_name(policy: Path, log: Path, columns: int) -> None:
    shown = run("replay", log, "--policy", policy, columns=columns)
    assert "fewer-rows " in shown.stdout
    assert "download-resources " in shown.stdout
    assert all(len(line) <= max(columns, 80) for line in shown.stdout.splitlines())
    assert len([line for line in shown.stdout.splitlines() if re.search(r"(passed|hits) +known$", line)]) >= 2


def test_notes_say_what_the_figures_leave_open(policy: Path, tmp_path: Path) -> None:
    off = msgspec.structs.replace(RECORD, switch="off", policy="b@2")
    shadow = [msgspec.structs.replace(each, mode=Mode.OVERRULED) for each in BLOCKED.findings]
    passed = msgspec.structs.replace(BLOCKED, switch="shadow", findings=tuple(shadow), result=Result.OK, policy="c@3")
    others = [msgspec.structs.replace(RECORD, policy=f"{name}@4") for name in "de"]
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in (off, passed, *others)) + b"nonsense\n")
    shown = run("replay", file, "--policy", policy)
    assert "1 newly blocked" not in shown.stdout
    assert "2 were let pass by EXTENSION_MODE or a parameter" in shown.stdout
    assert "1 have no verdict to compare with" in shown.stdout
    assert "1 lines are no record" in shown.stdout
    assert "and 1 more" in shown.stdout
    assert "not known  FAIL" in shown.stdout
    assert shown.stderr == f"warning: {file}: 1 lines are no record of a verdict, and were left out\n"


def test_nothing_at_all_is_no_error(policy: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"")
    shown = run("replay", file, "--policy", policy)
    assert shown.exit_code == 0
    assert shown.stdout.startswith(" 0 newly blocked ")


def test_a_log_of_function_compute_is_told_and_what_to_use(policy: Path, tmp_path: Path) -> None:
    file = tmp_path / "fc.log"
    file.write_text('{"event":"verdict","code":"x"}\n' * 3, encoding="utf-8")
    shown = run("replay", file, "--policy", policy)
    assert shown.exit_code == 0
    assert shown.stderr.count("warning") == 1
    assert f"{file}: 3 lines are of Function Compute's log" in shown.stderr
    assert "replay the recorded verdicts instead (EXTENSION_RECORDS)" in shown.stderr


def test_what_is_compressed_is_read_and_told_where_it_ends_too_early(policy: Path, tmp_path: Path) -> None:
    whole = gzip.compress(msgspec.json.encode(RECORD) + b"\n")
    (tmp_path / "a.jsonl.gz").write_bytes(whole)
    (tmp_path / "b.jsonl.gz").write_bytes(whole[:-4])
    shown = run("replay", tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl.gz", "--policy", policy)
    assert "2 newly blocked" in shown.stdout
    assert f"{tmp_path / 'b.jsonl.gz'}: could not be read to its end" in shown.stderr


def test_standard_input(policy: Path) -> None:
    found = subprocess.run(  # noqa: S603  this Python
        [sys.executable, "-m", "extension", "replay", "-", "--policy", str(policy), "--json"],
        input=msgspec.json.encode(RECORD),
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    assert found.stderr == b""
    assert json.loads(found.stdout)["total"]["newly_blocked"] == 1


def test_as_json_it_is_for_machines(policy: Path, log: Path) -> None:
    found = msgspec.json.decode(run("replay", log, "--policy", policy, "--json").stdout, type=replay.Replay)
    assert found.total.newly_blocked == 2
    assert len(found.examples["OK>FAIL"]) == 2
    few = json.loads(run("replay", log, "--policy", policy, "--json", "--sample", "1").stdout)
    assert len(few["examples"]["OK>FAIL"]) == 1


def test_days_can_be_chosen(policy: Path, log: Path) -> None:
    shown = run("replay", log, "--policy", policy, "--since", "2026-11-28", "--json")
    assert (json.loads(shown.stdout)["total"]["events"], json.loads(shown.stdout)["left_out"]) == (0, 3)
    shown = run("replay", log, "--policy", policy, "--since", "2026-11-27", "--until", "2026-11-27", "--json")
    assert json.loads(shown.stdout)["total"]["events"] == 3
    assert run("replay", log, "--policy", policy, "--since", "yesterday").exit_code == 2


@pytest.mark.parametrize(("given", "language"), [([], "zh-CN"), (["--lang", "en"], "en")])
def test_the_report_is_in_the_policys_language_or_another(
    policy: Path, log: Path, tmp_path: Path, given: list[str], language: str
) -> None:
    page = tmp_path / "report.html"
    assert run("replay", log, "--policy", policy, "--html", page, *given).exit_code == 0
    assert f'<html lang="{language}">' in page.read_text(encoding="utf-8")


def test_without_jinja_it_says_what_brings_it(policy: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "extension.pages.report", raising=False)
    monkeypatch.delattr("extension.pages.report", raising=False)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    shown = run("replay", log, "--policy", policy, "--html", "report.html")
    assert errors(shown) == [
        "error: --html: Jinja2 is not installed; requirements-service.txt and requirements-dev.txt have it"
    ]


def test_a_report_that_is_broken_is_not_taken_for_one_without_jinja(
    policy: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "extension.pages.report", None)
    monkeypatch.delattr("extension.pages.report", raising=False)
    with pytest.raises(ModuleNotFoundError):
        run("replay", log, "--policy", policy, "--html", "report.html")


class TestErrors:
    """They name the place, and exit 2."""

    def test_a_log_that_is_not_there(self, policy: Path, tmp_path: Path) -> None:
        shown = errors(run("replay", tmp_path / "none", "--policy", policy))
        assert shown == [f"error: LOG: {tmp_path / 'none'}: no such file or directory"]

    def test_a_folder_without_logs(self, policy: Path, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        shown = errors(run("replay", tmp_path / "empty", "--policy", policy))
        assert shown == [f"error: LOG: {tmp_path / 'empty'}: has no *.jsonl in it, nor in folders for days"]

    def test_a_policy_that_does_not_validate(self, log: Path, tmp_path: Path) -> None:
        (tmp_path / "bad.yaml").write_text("version: 1\nrules: [{id: a}]\n", encoding="utf-8")
        (problem,) = errors(run("replay", log, "--policy", tmp_path / "bad.yaml"))[:1]
        assert problem.startswith("error: ")
        assert "rule a" in problem

    def test_a_database_that_is_none(self, policy: Path) -> None:
        (problem,) = errors(run("replay", "nosuch://user:s3cret@host/db", "--policy", policy))
        assert problem.startswith("error: nosuch://host/db: ")

    def test_a_report_that_cannot_be_written(self, policy: Path, log: Path, tmp_path: Path) -> None:
        place = tmp_path / "none" / "report.html"
        assert errors(run("replay", log, "--policy", policy, "--html", place)) == [
            f"error: --html: {place.parent}: no such folder"
        ]
        name = "x" * 300 + ".html"
        assert errors(run("replay", log, "--policy", policy, "--html", tmp_path / name)) == [
            f"error: --html: {tmp_path / name}: file name too long"
        ]


@pytest.mark.parametrize("source", ["log", "-"])
def test_on_a_terminal_it_shows_how_far_it_is(policy: Path, log: Path, source: str) -> None:
    command = [
        sys.executable,
        "-m",
        "extension",
        "replay",
        str(log) if source == "log" else "-",
        "--policy",
        str(policy),
    ]
    main_, terminal = pty.openpty()
    with subprocess.Popen(  # noqa: S603  this Python
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=terminal,
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm"},
    ) as running:
        os.close(terminal)
        out, _ = running.communicate(msgspec.json.encode(RECORD))
        shown = b""
        while True:
            try:
                shown += os.read(main_, 4096)
            except OSError:
                break
    os.close(main_)
    assert b"newly blocked" in out
    assert b"events" in shown


def test_it_counts_bytes_or_events_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", Terminal(shown))
    with replaying._progress(10) as done:
        done(10, 3)
    with replaying._progress(0) as done:
        done(0, 4_711)
    sys.stderr.flush()
    assert "100%" in shown.getvalue().decode()
    assert "4,711 events" in shown.getvalue().decode()
