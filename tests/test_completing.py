"""Completion, by real shells on a terminal of their own: what a user sees who presses the tab key.

Where zsh is not installed its tests are skipped, or are errors with REQUIRE_ALL set.
"""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from extension import catalogue
from extension.__main__ import main, run
from extension.storage import ROOT
from extension.verbs import COMPLETE, PROGRAM, VERBS

TAB = b"\t"
CLEAR = b"\x15"
DEADLINE_S = 30.0

SHELLS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}
BEGIN = {
    "bash": "bind 'set bell-style none'; bind 'set page-completions off'; bind 'set completion-query-items 1000'",
    "zsh": "autoload -U compinit; compinit -D; unsetopt zle_bracketed_paste; LISTMAX=1000",
}


def needed(program: str) -> None:
    """Skip where a program is not installed."""
    if shutil.which(program) is None:
        if os.environ.get("REQUIRE_ALL"):
            raise FileNotFoundError(f"{program}: not installed, and REQUIRE_ALL is set")
        pytest.skip(f"{program} is not installed: make packages")


class Shell:
    """A shell on a terminal. `seen` is what it has shown since the last line that was typed."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self.seen = ""

    def types(self, text: bytes, until: str) -> str:
        """Type, and wait for what is shown then."""
        self.seen = ""
        os.write(self._terminal, text)
        end = time.monotonic() + DEADLINE_S
        while not re.search(until, self.seen):
            ready, _, _ = select.select([self._terminal], [], [], max(end - time.monotonic(), 0))
            assert ready, f"{until!r} is not in {self.seen!r}"
            self.seen += os.read(self._terminal, 65536).decode(errors="replace")
        return self.seen


@contextmanager
def opened(shell: str, folder: Path) -> Iterator[Shell]:
    """A shell that a user has set up for completion; in the project's folder, with both programs on its PATH."""
    program = folder / "dataworks-extension"
    program.write_text(f"#!{sys.executable}\nfrom extension.__main__ import run\nrun()\n", encoding="utf-8")
    program.chmod(0o755)
    path = f"{folder}:{Path(sys.executable).parent}:/usr/bin:/bin"
    environment = {"PATH": path, "PYTHONPATH": str(ROOT), "TERM": "dumb", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    script = subprocess.run(  # noqa: S603  the program of two lines above
        [program, "completion", shell], env=environment, capture_output=True, text=True, check=True
    ).stdout
    (folder / "script").write_text(script, encoding="utf-8")
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603  a shell, which is what is tested
        SHELLS[shell], cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        try:
            told = Shell(ours)
            told.types(f"PS1='> '; {BEGIN[shell]}; source {folder}/script; echo rea''dy\n".encode(), "ready\r\n(.*)> ")
            yield told
        finally:
            process.kill()
            os.close(ours)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_what_is_typed_in_both_ways(shell: str, tmp_path: Path) -> None:
    needed(shell)
    with opened(shell, tmp_path) as user:
        user.types(b"dataworks-extension policy check --ch" + TAB, "anged ")
        user.types(b"exam" + TAB, "ples/")
        user.types(CLEAR, "")
        user.types(b"python -m extension events upload" + TAB, "-data-to-table ")
        user.types(CLEAR, "")
        user.types(b"python handl" + TAB, r"er\.py ")  # what else Python runs is completed as before
        user.types(CLEAR, "")
        if shell == "zsh":  # which has room for what a code is about
            user.types(b"dataworks-extension events download-resources" + TAB + TAB, "Before the download file is")


def test_bash_keeps_what_completed_python_before(tmp_path: Path) -> None:
    with opened("bash", tmp_path) as user:
        user.types(b"mine() { COMPREPLY=(another); }; complete -F mine python\n", "> ")
        user.types(f"source {tmp_path}/script; source {tmp_path}/script\n".encode(), "> ")
        user.types(b"python an" + TAB, "other ")
        user.types(CLEAR, "")
        user.types(b"python -m extension comp" + TAB, "letion ")


def offered(*words: str) -> dict[str, str | None]:
    """What is offered for the last of some words, and what a shell says beside it."""
    *before, last = words
    shell = BashComplete(main, {}, PROGRAM, COMPLETE)
    return {item.value: item.help for item in shell.get_completions(before, last)}


def test_verbs_are_offered_with_what_they_do_and_options_where_one_has_begun() -> None:
    assert offered("") == {verb.name: verb.about for verb in VERBS}
    assert [*offered("re")] == [verb.name for verb in VERBS if verb.name.startswith("re")]
    assert {*offered("--")} == {"--version", "--help"}
    assert [*offered("policy", "")] == ["check", "schema", "test"]


def test_event_codes_are_offered_with_what_they_are_about() -> None:
    assert offered("events", "") == {entry.code: entry.about for entry in catalogue.ENTRIES}
    assert [*offered("events", "freeze-n")] == ["freeze-node"]


def test_the_program_runs_what_is_typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["dataworks-extension", "--verion"])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2
    assert (
        capsys.readouterr().err == "error: --verion: no such option of dataworks-extension; did you mean --version?\n"
    )


def test_a_shell_that_is_not_there_fails_where_all_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_ALL", "1")
    with pytest.raises(FileNotFoundError, match="REQUIRE_ALL is set"):
        needed("no-such-shell")
    monkeypatch.delenv("REQUIRE_ALL")
    with pytest.raises(pytest.skip.Exception):
        needed("no-such-shell")
