"""Policies on disk: a file or a folder, with the custom checks that they name; taken up again on a change."""

import hashlib
import logging
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from extension import compiled
from extension.checks import Check
from extension.errors import ExtensionError, Fault, PolicyError
from extension.rules import Policy
from extension.verdict import cut

if TYPE_CHECKING:
    from extension.policy import Draft, Module

ROOT = Path(__file__).resolve().parent.parent
"""Folder of handler.py: /code in a deployed function."""

LOG = logging.getLogger("extension")
"""Where the package logs: one JSON object a line."""


def load(path: Path) -> Policy:
    """Read the policy at `path`, a file or a folder of `*.yaml`. Raises PolicyError, also where nothing is there."""
    return _load(path, {})


def compiled_form(path: Path) -> bytes:
    """The policy at `path` in its compiled form, which `load` takes from beside it. Raises PolicyError.

    It is made of what is written, and not of a form that was compiled before.
    """
    draft, checks, contents = _drafted(path, {})
    policy = _finished(draft, checks, contents)
    sources = {file.name: _read(file) for file in files_of(path)}
    return compiled.write(policy, sources, contents)


def sources(path: Path) -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    """The files of the policy at `path`, and those of its custom checks, by their paths from its folder.

    Raises PolicyError where they cannot be read.
    """
    _, _, contents = _drafted(path, {})
    return {file.name: _read(file) for file in files_of(path)}, contents


def registry(path: Path) -> Mapping[str, Check]:
    """The built-in checks and those that the policy at `path` brings, whatever is wrong with its rules.

    Raises PolicyError where it cannot be read, or its checks cannot.
    """
    from extension.checks.registry import BY_ID  # noqa: PLC0415  all families, which no event needs

    draft, custom, _ = _drafted(path, {})
    if draft.faults:
        raise PolicyError(draft.file, draft.faults)
    return BY_ID | {check.id: check for check in custom}


_Stamps: TypeAlias = dict[Path, object]
"""What tells one state of a file from the next, for each file."""


class Store:
    """The policy in force. A changed one takes its place at the next look; a broken one is logged, and does not.

    `broken` says what is wrong with the files as they are now, empty where the policy in force is the one in them.
    """

    def __init__(self, path: Path) -> None:
        """Raises PolicyError where the first policy is broken already."""
        self.broken = ""
        self._path = path
        self._seen: _Stamps = {}
        self._policy = _load(path, self._seen)
        self._lock = threading.Lock()

    @property
    def current(self) -> Policy:
        """The policy in force as of the last look."""
        return self._policy

    def policy(self) -> Policy:
        """The policy in force now."""
        with self._lock:
            if self._is_changed():
                self._take_up()
            return self._policy

    def _is_changed(self) -> bool:
        """Whether any file is another one than it was, or a folder has a new one."""
        if any(_stamp(file) != stamp for file, stamp in self._seen.items()):
            return True
        return self._path not in self._seen and any(file not in self._seen for file in files_of(self._path))

    def _take_up(self) -> None:
        """Have the policy that is on disk now in force, if it validates."""
        self._seen = {}
        try:
            self._policy = _load(self._path, self._seen)
        except PolicyError as error:
            self._reject(error)
        except Exception as error:  # noqa: BLE001  one of ours: it shall not cost events their verdict
            self._reject(PolicyError(name_of(self._path), [Fault(f"could not be read: {_raised(error, Path())}")]))
        else:
            self.broken = ""
            _log(logging.INFO, {"event": "policy", "policy": self._policy.name, "rules": len(self._policy.rules)})

    def _reject(self, error: PolicyError) -> None:
        self.broken = str(error).partition("\n")[0]
        log_broken(error, f"the last good one stays in force: {self._policy.name}")


def log_broken(error: PolicyError, consequence: str) -> None:
    """Log a policy that does not validate."""
    _log(logging.ERROR, {"event": "broken-policy", "error": cut(str(error), _LOGGED_CHARS), "consequence": consequence})


_LOGGED_CHARS = 8000
"""A line of Function Compute's log holds 32 KB."""


def _log(level: int, line: Mapping[str, object]) -> None:
    LOG.log(level, "%s", msgspec.json.encode(line).decode())


def _stamp(file: Path) -> object:
    try:
        status = os.stat(file)  # noqa: PTH116  for every event
    except OSError as error:
        return error.errno
    return status.st_mtime_ns, status.st_size, status.st_ino


def files_of(path: Path) -> list[Path]:
    """The policy's files: those in the folder, in order of their names; for all else the path itself."""
    try:
        inside = sorted(path.iterdir())
    except OSError:  # no folder, or none that can be read: that is said when the path itself is read
        return [path]
    return [
        file
        for file in inside
        if file.suffix.lower() in (".yaml", ".yml") and not file.name.startswith(".") and not os.path.isdir(file)  # noqa: PTH112  Path.is_dir raises where a mount has gone stale
    ]


def _load(path: Path, seen: _Stamps) -> Policy:
    """The policy. `seen` takes the stamps of its files and custom checks, each from before the file is read."""
    found = _load_compiled(path, seen)
    return found or _finished(*_drafted(path, seen))


def _load_compiled(path: Path, seen: _Stamps) -> Policy | None:
    """The policy from its compiled form, None where there is none that is of the files as they are.

    It is taken from the package alone: who can write to a mount could have it say something else than the policy does,
    under the policy's name.
    """
    if not path.is_relative_to(ROOT):
        return None
    try:
        form = path.with_suffix(compiled.SUFFIX).read_bytes()
        stamps = {file: _stamp(file) for file in files_of(path)}
        said = compiled.read(form, {file.name: file.read_bytes() for file in stamps})
        if said is None:
            return None
        files = [next(iter(stamps)).parent / name for name in said["modules"]]
        stamps.update((file, _stamp(file)) for file in files)
        contents = dict(zip(said["modules"], (file.read_bytes() for file in files), strict=True))
        if not compiled.fits(said, contents):
            return None
        found = [_checks(file, content) for file, content in zip(files, contents.values(), strict=True)]
        policy = compiled.policy(said, name_of(path), {check.id: check for checks in found for check in checks})
    except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError, _ModuleError):
        return None
    seen.update(stamps)
    return policy


def _finished(draft: "Draft", checks: tuple[Check, ...], contents: Mapping[str, bytes]) -> Policy:
    """The policy of a draft. Raises PolicyError."""
    try:
        return draft.finish(checks, b"".join(contents.values()))
    except PolicyError:
        raise
    except Exception as error:  # a setting type of a custom check: whatever it raises is said to its author
        if not draft.modules:
            raise
        raise PolicyError(
            draft.file, [_fault(draft.modules[0], f"reading its settings: {_raised(error, Path())}")]
        ) from error


def _drafted(path: Path, seen: _Stamps) -> tuple["Draft", tuple[Check, ...], Mapping[str, bytes]]:
    """The policy before its rules are read, its custom checks, and what their files hold."""
    from extension.policy import Draft, Source  # noqa: PLC0415  YAML and all that checks a policy: 40 ms

    files = files_of(path)
    seen.update((file, _stamp(file)) for file in files)
    if not files:
        raise PolicyError(name_of(path), [Fault("holds no policy: no file there ends in .yaml")])
    draft = Draft([Source(name_of(file), _read(file)) for file in files], name_of(path))
    checks: dict[str, Check] = {}
    contents: dict[str, bytes] = {}
    for module in draft.modules:
        file = files[0].parent / module.path
        if file in seen:
            continue
        seen[file] = _stamp(file)
        try:
            content = file.read_bytes()
        except OSError as error:
            draft.faults.append(_fault(module, _unreadable(error)))
            continue
        contents[module.path] = content
        try:
            found = _checks(file, content)
        except _ModuleError as error:
            draft.faults.append(_fault(module, str(error)))
            continue
        for check in found:
            if check.id in checks:
                draft.faults.append(_fault(module, f"{check.id} is registered twice"))
            checks[check.id] = check
    return draft, tuple(checks.values()), contents


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise PolicyError(name_of(file), [Fault(_unreadable(error))]) from error


def _unreadable(error: OSError) -> str:
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


class _ModuleError(ExtensionError):
    """What is wrong with a file of custom checks."""


def _checks(file: Path, content: bytes) -> Sequence[Check]:
    """Run a file of custom checks; the checks that it registers. Raises _ModuleError."""
    # Names in annotations are looked up in sys.modules, also those of a version that is still in force.
    loaded = ModuleType(f"extension_custom.{file.stem}_{hashlib.sha256(content).hexdigest()[:12]}")
    loaded.__file__ = str(file)
    sys.modules[loaded.__name__] = loaded
    try:
        exec(compile(content, str(file), "exec"), vars(loaded))  # noqa: S102  code that is deployed with the policy
    except (Exception, SystemExit) as error:  # whatever it raises is said to its author
        raise _ModuleError(_raised(error, file)) from error
    found = [value for value in vars(loaded).values() if isinstance(value, Check)]
    if not found:
        raise _ModuleError("registers no check: decorate a function with extension.checks.check")
    return found


def _raised(error: BaseException, file: Path) -> str:
    """What `file` raised, and in which of its lines where that is known; on one line."""
    problem, line = str(error), 0
    if isinstance(error, SyntaxError) and error.filename == str(file):
        problem, line = error.msg, error.lineno or 0
    trace = error.__traceback__
    while trace:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == str(file) else line
        trace = trace.tb_next
    place = f" in line {line}" if line else ""
    return f"{type(error).__name__}{place}: {' '.join(problem.split())}"


def _fault(module: "Module", problem: str) -> Fault:
    return Fault(f"{module.path}: {problem}", line=module.line, key="checks", file=module.file)


def name_of(path: Path) -> str:
    """The file as errors and logs name it: from the folder of handler.py where it is in there."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
