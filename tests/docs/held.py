"""Commands that do not run in a test, why, and what is looked at all the same.

They need what a test has not, such as an account of the cloud, Docker or root. Still their files are there, their
target is in the Makefile, and the command line takes their options. A command that is not listed here is wrong.
"""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import click
import yaml

from extension.__main__ import main
from extension.storage import ROOT


class Wrong(AssertionError):  # noqa: N818  it is what a page has, and not what the test does
    """A page shows a command that is not so."""


PROGRAM = "dataworks-extension"
"""What `python -m extension` is called where pip has installed it."""

HELD_VERBS = {"serve": "runs until it is stopped", "doctor": "asks the real DataWorks"}
"""Verbs of the command line that do not run here: how they are written is looked at."""


def module_of(words: Sequence[str]) -> str:
    """The module that Python is to run, where this is Python; the program that pip installs is one, too."""
    if words[0] == PROGRAM:
        return "extension"
    is_python = re.fullmatch(r"(?:\.venv/bin/)?python(?:3(?:\.\d+)?)?", words[0])
    return words[2] if is_python and len(words) > 2 and words[1] == "-m" else ""


def arguments_of(words: Sequence[str]) -> list[str]:
    """What stands behind the name of our command line."""
    return list(words[1:] if words[0] == PROGRAM else words[3:])


def context(arguments: Sequence[str], *, whole: bool = True) -> None:
    """Hold the arguments of `python -m extension` against its parser; `whole`: none may be missing. Raises Wrong."""
    helped = {"--help", "-h", "--version"} & set(arguments)
    given = [argument for argument in arguments if argument not in helped]
    command: click.Command | None = main
    above: click.Context | None = None
    name: str | None = "python -m extension"
    try:
        while isinstance(command, click.Group) and given:
            above = click.Context(command, info_name=name, parent=above)
            name, command, given = command.resolve_command(above, given)
        if command and not isinstance(command, click.Group) and not helped:
            command.make_context(name, given, parent=above)
    except click.ClickException as error:
        missing = isinstance(error, click.MissingParameter) and not whole
        if not missing and not _is_of_a_path(error):
            raise Wrong(f"python -m extension {' '.join(arguments)}: {error.format_message()}") from error


def _is_of_a_path(error: click.ClickException) -> bool:
    """Whether all that is wrong is that a file is not there: where the command runs, that is told by it."""
    return (
        isinstance(error, click.BadParameter) and error.param is not None and isinstance(error.param.type, click.Path)
    )


@cache
def make(*arguments: str) -> str:
    """Why `make` does not run: make itself says what it would do, and its variables are there. Raises Wrong."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for argument in arguments:
        name, is_variable, _ = argument.partition("=")
        if is_variable and not re.search(rf"\b{name}\b", makefile):
            raise Wrong(f"make {argument}: the Makefile knows no such variable")
    told = subprocess.run(  # noqa: S603  a target of ours, and nothing is made
        [str(shutil.which("make")), "--dry-run", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if told.returncode:
        raise Wrong(f"make {' '.join(arguments)}: {told.stderr.strip()}")
    return "builds, tests or measures for minutes"


@cache
def variables_of_s() -> frozenset[str]:
    """Variables that s.yaml reads of .env, and `make package` that it runs."""
    text = (ROOT / "s.yaml").read_text(encoding="utf-8")
    return frozenset(re.findall(r"env\('(\w+)'", text)) | {"LIGHT", "POLICY", "PACKAGE_PYTHON"}


def held(words: Sequence[str], folder: Path) -> str:
    """Why the command does not run here. Raises Wrong for one that is not known, or is not so."""
    program, *arguments = words
    if program == "make":
        return make(*arguments)
    module = module_of(words)
    hold = _MODULES.get(module) if module else _PROGRAMS.get(Path(program).name)
    if hold is None:
        raise Wrong(f"{' '.join(words)}: is not understood: it neither runs here nor is it among those that are held")
    why, look = hold
    look(arguments, folder)
    return why


def _files(arguments: Sequence[str], folder: Path) -> None:
    """What looks like a file of the project is there, or is made by a command."""
    named = [argument for argument in arguments if _FILE.match(argument) and not argument.startswith(".venv/")]
    read = re.findall(r"\$\(cat ([\w.-]+)\)", " ".join(arguments))
    for name in (*named, *read):
        if name not in _MADE and not any((at / name).exists() for at in (folder, ROOT)):
            raise Wrong(f"{name}: is not there")


_FILE = re.compile(r"^[\w.-]+(?:/[\w.-]+)+$|^[\w-]+\.(?:txt|json|yaml|service)$")

_MADE = {"deploy/environment", "build/service", "build/function"}
"""What commands make, or are given."""


def _module(arguments: Sequence[str], folder: Path) -> None:
    """The module is there, and has each option that is named, in its code."""
    spec = importlib.util.find_spec(arguments[1])
    if spec is None or spec.origin is None:
        raise Wrong(f"python -m {arguments[1]}: there is no such module")
    home = Path(spec.origin)
    main_ = home.with_name("__main__.py")
    code = (main_ if home.name == "__init__.py" else home).read_text(encoding="utf-8")
    for option in arguments[2:]:
        name = option.partition("=")[0]
        if name.startswith("--") and name != "--help" and f'"{name}"' not in code:
            raise Wrong(f"python -m {arguments[1]}: has no option {name}")
    _files(arguments[2:], folder)


_S_VERBS = {"deploy", "build", "local", "config", "verify", "preview", "plan", "info", "logs", "remove", "invoke"}


def _s(arguments: Sequence[str], folder: Path) -> None:
    resources = yaml.safe_load((ROOT / "s.yaml").read_text(encoding="utf-8"))["resources"]
    verb = arguments[1] if arguments[0] in resources else arguments[0]
    if verb not in _S_VERBS:
        raise Wrong(f"s {' '.join(arguments)}: s.yaml has no resource {arguments[0]}, and s no such command")
    _files(arguments[1:], folder)


def _docker(arguments: Sequence[str], folder: Path) -> None:
    (file,) = [after for before, after in pairwise(arguments) if before == "-f"]
    _files([file], folder)
    if arguments[0] == "compose" and "services" not in yaml.safe_load((ROOT / file).read_text(encoding="utf-8")):
        raise Wrong(f"{file}: has no services")


def _unit(arguments: Sequence[str], _: Path) -> None:
    for argument in arguments[1:]:
        if not argument.startswith("-") and not (ROOT / f"deploy/{argument}.service").exists():
            raise Wrong(f"systemctl {argument}: there is no such unit under deploy/")


def _paths_of_service(arguments: Sequence[str], _: Path) -> None:
    service = (ROOT / "extension/service.py").read_text(encoding="utf-8")
    for path in re.findall(r"http://127\.0\.0\.1:9000(/\w*)", " ".join(arguments)):
        if f'"{path}"' not in service:
            raise Wrong(f"curl {path}: the service has no such path")


def _nothing(_: Sequence[str], __: Path) -> None:
    """There is nothing of ours in it."""


Hold = tuple[str, Callable[[Sequence[str], Path], None]]
"""Why a command is held, and what looks at its arguments."""

_PROGRAMS: dict[str, Hold] = {
    "aliyun": ("needs an account", _files),
    "cp": ("would write into the project", lambda arguments, folder: _files(arguments[:-1], folder)),
    "curl": ("needs a service that runs", _paths_of_service),
    "docker": ("needs Docker", _docker),
    "git": ("needs the network", _nothing),
    "install": ("needs root", _files),
    "journalctl": ("needs a service under systemd", _nothing),
    "npm": ("needs the network", _nothing),
    "openssl": ("prints something else each time", _nothing),
    "pip": ("needs the network", _files),
    "pre-commit": ("needs the network", _nothing),
    "s": ("needs an account", _s),
    "systemctl": ("needs root", _unit),
    "systemd-analyze": ("tests/test_hosting.py runs it", _nothing),
}
"""Programs that do not run here, why, and what is looked at all the same."""

_MODULES: dict[str, Hold] = {
    "pip": ("needs the network", _files),
    "venv": ("make does it", _nothing),
    "compileall": ("would write beside the code", lambda arguments, folder: _files(arguments[2:], folder)),
    "extension.service": ("runs until it is stopped", _module),
    "extension.reference": ("a test of its own runs it", _module),
    "extension.packing": ("builds for a minute", _module),
    **{
        f"benchmarks.{name}": ("measures for minutes", _module) for name in ("cold", "load", "replay", "service", "sql")
    },
    "tests.fuzz": ("looks for minutes", _module),
}
