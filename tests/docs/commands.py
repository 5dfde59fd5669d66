"""The commands of pages, run in a folder that looks like the project's; those that cannot run are held."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import msgspec
from click.testing import CliRunner

from extension.__main__ import main
from extension.storage import ROOT
from tests.docs.held import HELD_VERBS, Wrong, arguments_of, context, held, module_of, variables_of_s
from tests.test_edges import VARIABLES


class Simple(msgspec.Struct, frozen=True, kw_only=True):
    """One command: variables that are set for it, its words, the files that its output goes to, what links it on."""

    variables: dict[str, str]
    words: list[str]
    to: str
    link: str

    def __str__(self) -> str:
        return " ".join(self.words)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a command printed, and what it exited with. `held` says why it did not run."""

    output: str = ""
    code: int = 0
    held: str = ""


def split(text: str) -> list[Simple]:
    """The commands of a line. Raises Wrong for what is not understood."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    try:
        tokens = list(lexer)
    except ValueError as error:
        raise Wrong(f"{text}: {error}") from error
    found: list[Simple] = []
    words: list[str] = []
    to = ""
    rest = iter(tokens)
    for token in rest:
        if token in (">", ">>"):
            to = next(rest, "")
        elif token == "<<":
            next(rest, "")
        elif token in ("&&", "||", "|", ";"):
            found.append(_simple(words, to, token))
            words, to = [], ""
        elif re.fullmatch(r"[();<>|&]+", token):
            raise Wrong(f"{text}: {token} is not understood")
        else:
            words.append(token)
    return [*found, _simple(words, to, "")] if words else found


def _simple(words: Sequence[str], to: str, link: str) -> Simple:
    number = next((n for n, word in enumerate(words) if not re.match(r"^[A-Za-z_]\w*=", word)), len(words))
    if number == len(words):
        raise Wrong(f"a command is missing: {' '.join(words)}")
    variables = dict(word.split("=", 1) for word in words[:number])
    return Simple(variables=variables, words=list(words[number:]), to=to, link=link)


def lines(text: str) -> Iterator[str]:
    """The lines of a shell block: continued ones in one, documents of their commands with them; no comments."""
    waiting = iter(text.splitlines())
    for line in waiting:
        whole = line
        while whole.endswith("\\"):
            whole = whole[:-1].rstrip() + " " + next(waiting, "").strip()
        ending = re.search(r"<<-?\s*['\"]?(\w+)", whole)
        if ending:
            for further in waiting:
                whole += f"\n{further}"
                if further.strip() == ending[1]:
                    break
        if whole.strip() and not whole.lstrip().startswith("#"):
            yield whole


# What runs


class Workspace:
    """A folder with all of the project in it, or of a part of it, and with what a page writes beside that."""

    def __init__(self, folder: Path, of: Path = ROOT) -> None:
        self.folder = folder
        self.of = of
        self.code = 0
        for entry in of.iterdir():
            if not entry.name.startswith(".") and entry.name not in ("build", "__pycache__"):
                (folder / entry.name).symlink_to(entry)

    def write(self, name: str, text: str) -> None:
        """Write a file of the page; what is the project's own is not written over."""
        if self._is_of_the_project(name):
            raise Wrong(f"{name}: would be written into the project itself")
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(text, encoding="utf-8")

    def _is_of_the_project(self, name: str) -> bool:
        """Whether a file would be in a folder of the project, which is one for all tests."""
        top = self.folder / Path(name).parts[0]
        return Path(name).is_absolute() or (top.is_symlink() and top.is_dir())

    def run(self, line: str) -> Shown:
        """Run a line, or hold it. Raises Wrong."""
        shown = Shown()
        if re.search(r"<<", line):
            return self._document(line)
        before = ""
        for simple in split(line):
            if (before == "&&" and self.code) or (before == "||" and not self.code):
                break
            if before == "|" and not shown.held:
                shown = self._shell(str_of(simple), shown.output)
            else:
                further = self._one(simple)
                output = further.output if before in ("", "|") else shown.output + further.output
                shown = Shown(output=output, code=further.code, held=shown.held or further.held)
            self.code = shown.code
            before = simple.link
            if simple.to and not shown.held:
                self.write(simple.to, shown.output)
                shown = Shown(code=shown.code)
        return shown

    def _one(self, simple: Simple) -> Shown:
        words = simple.words
        if unknown := set(simple.variables) - set(VARIABLES):
            raise Wrong(f"{', '.join(unknown)}: no such environment variable")
        if words == ["echo", "$?"]:
            return Shown(output=f"{self.code}\n")
        if words[0] in ("cp", "mkdir") and self._is_of_the_project(words[-1]):
            return Shown(held=held(words, self.folder))
        if words[0] in _CHEAP:
            return self._shell(str_of(simple))
        if words[0] == "cd" or words == [".", ".venv/bin/activate"]:
            return Shown(held="folder and environment are those of the test")
        if module_of(words) != "extension":
            return Shown(held=held(words, self.folder))
        given = [word for argument in arguments_of(words) for word in self._expanded(argument)]
        context(given)
        verb = next((word for word in given if not word.startswith("-")), "")
        return Shown(held=HELD_VERBS[verb]) if verb in HELD_VERBS else self._extension(given, simple.variables)

    def _extension(self, arguments: Sequence[str], variables: dict[str, str]) -> Shown:
        """The command line, in this process."""
        empty: dict[str, str | None] = dict.fromkeys(VARIABLES)
        shown = CliRunner().invoke(main, arguments, env={**empty, "COLUMNS": "120", **variables})
        if shown.exception and not isinstance(shown.exception, SystemExit):
            raise Wrong(f"{' '.join(arguments)}: {shown.exception!r}") from shown.exception
        return Shown(output=shown.output.replace(f"{self.folder}/", ""), code=shown.exit_code)

    def _expanded(self, argument: str) -> list[str]:
        """What a shell makes of a pattern."""
        found = sorted(self.folder.glob(argument)) if re.search(r"[*?]", argument) else []
        folders = argument.endswith("/")
        names = [str(file.relative_to(self.folder)) for file in found if file.is_dir() or not folders]
        return [f"{name}/" if folders else name for name in names] or [argument]

    def _shell(self, line: str, given: str = "") -> Shown:
        """A command that every machine has."""
        shown = subprocess.run(  # noqa: S603  a line of a page of ours
            [_bash(), "-c", line], cwd=self.folder, input=given, capture_output=True, text=True, check=False, timeout=10
        )
        return Shown(output=shown.stdout + shown.stderr, code=shown.returncode)

    def _document(self, line: str) -> Shown:
        """A command that takes a document: it is run where all that it does is write a file of this folder."""
        (simple, *rest) = split(line.splitlines()[0])
        if simple.words != ["cat"] or rest:
            raise Wrong(f"{simple}: a document for another command than cat is not understood")
        if simple.to == ".env":
            known = variables_of_s()
            names = re.findall(r"^(\w+)=", line, re.MULTILINE)
            if unknown := [name for name in names if name not in known]:
                raise Wrong(f"{', '.join(unknown)}: s.yaml does not read that from .env")
            return Shown(held="holds what is chosen for one deployment")
        if self._is_of_the_project(simple.to or "/"):
            raise Wrong(f"{simple.to}: would be written into the project itself")
        return self._shell(line)


_CHEAP = {"cat", "cp", "diff", "grep", "head", "ls", "mkdir", "sed", "tail"}
"""Programs that run as they are: every machine has them, and they write to no folder of the project."""


@cache
def _bash() -> str:
    found = shutil.which("bash")
    assert found
    return found


def str_of(simple: Simple) -> str:
    """The command, as a shell takes it; patterns stay what they are."""
    return " ".join(word if re.fullmatch(r"[\w./*?=-]+", word) else shlex.quote(word) for word in simple.words)


# What a page shows of a run


def masked(line: str) -> str:
    """A line without what differs from run to run: times, and digests of policies."""
    line = re.sub(r"(?<![\w.])\d[\d.]* ms\b", "N ms", line.rstrip())
    return re.sub(r"(@|digest: )[0-9a-f]{12}\b", r"\1N", line)


def differs(expected: Sequence[str], found: Sequence[str]) -> str:
    """What of a run is other than shown; a line `...` stands for any lines, and none."""
    left = [masked(line) for line in found]
    chunks: list[list[str]] = [[]]
    for line in expected:
        if line.strip() == "...":
            chunks.append([])
        else:
            chunks[-1].append(masked(line))
    at = 0
    for number, chunk in enumerate(chunks):
        ends = number == len(chunks) - 1
        if number == 0:
            starts = [0]
        elif ends and chunk:
            starts = [len(left) - len(chunk)]
        else:
            starts = list(range(at, len(left) - len(chunk) + 1))
        start = next((start for start in starts if start >= at and left[start : start + len(chunk)] == chunk), None)
        if start is None or (ends and chunk and start + len(chunk) != len(left)):
            return "\n".join(["shows", *(f"  {line}" for line in expected), "prints", *(f"  {line}" for line in found)])
        at = start + len(chunk)
    if not expected and left:
        return "\n".join(["shows nothing; prints", *(f"  {line}" for line in found)])
    return ""


def hold(line: str, folder: Path) -> None:
    """Hold a command that stands in a line of text, with places for what its reader fills in. Raises Wrong."""
    for simple in split(re.sub(r"[\[\]]", "", line)):
        if module_of(simple.words) == "extension":
            context(arguments_of(simple.words), whole=False)
        elif simple.words[0] not in _CHEAP:
            held(simple.words, folder)
