"""Files of a repository judged as if they were committed: for a pull request, before anything reaches DataWorks."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from extension import envelopes, pipeline
from extension.checks import Need
from extension.events import Databases, FileSnapshot, read
from extension.policy import project as name_of
from extension.rules import Policy, Rule
from extension.verdict import Judged, Mode, Result, Verdict, worst

EVENT = "commit-file"
"""The event that a reviewed file stands for."""

FAMILIES = ("file.", "sql.")
"""Checks that a file alone can be judged by."""

TYPES = {".py": 1221, ".sh": 6, ".sql": 10}
"""File type of DataWorks for each ending: PyODPS 3, Shell, ODPS SQL."""

_LEFT_OUT = frozenset({"file.owner"})
"""Checks that need to know who commits."""

_KNOWN = frozenset({"fileName", "fileType"})
"""Fields of the event that a file can say."""


class Reviewed(msgspec.Struct, frozen=True, kw_only=True):
    """A file, and what the rules say to it."""

    file: Path
    verdict: Verdict

    @property
    def counted(self) -> tuple[Judged, ...]:
        """The findings that count."""
        return tuple(
            judged for judged in self.verdict.findings if judged.mode is Mode.ENFORCE and judged.result is not Result.OK
        )


def reviewable(policy: Policy) -> tuple[Policy, tuple[str, ...]]:
    """The policy with nothing but the rules that a file alone can be judged by, and the others that are for a commit.

    Left out is also a rule whose condition reads what no file says: operator, workspace, parameters, fields of the
    event other than name and type.
    """
    rules = policy.plan.get(EVENT, ())
    kept = tuple(rule for rule in rules if _judges(rule))
    left = tuple(rule.id for rule in rules if not _judges(rule))
    return msgspec.structs.replace(policy, rules=kept, plan={EVENT: kept}), left


def placed(policy: Policy, project: str) -> Policy:
    """The policy with `project` as that of all tables which are named without one: a file has no data source.

    Raises ValueError for what is no name of a project.
    """
    return msgspec.structs.replace(policy, databases=Databases(project=name_of(project)))


def _judges(rule: Rule) -> bool:
    """Whether a file alone says all that a rule needs. A condition without a check must be about SQL."""
    if rule.check is None:
        if not rule.reads_sql:
            return False
    elif not rule.check.id.startswith(FAMILIES) or rule.check.id in _LEFT_OUT:
        return False
    if rule.when:
        fields = rule.when.fields.get("event", frozenset())
        if fields is None or not fields <= _KNOWN or not rule.when.reads <= {"event", "now", "sql"}:
            return False
    return rule.needs <= {Need.FILE}


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files that are named, and in folders those with an ending that DataWorks has a type for; each once, in order.

    What is hidden in a folder is left aside.
    """
    found: dict[Path, None] = {}
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        found |= dict.fromkeys(file for file in inside if file == path or _counts(file, path))
    yield from found


def _counts(file: Path, folder: Path) -> bool:
    hidden = any(part[0] == "." for part in file.relative_to(folder).parts)
    return file.is_file() and file.suffix.lower() in TYPES and not hidden


def review(file: Path, policy: Policy, now: datetime) -> Reviewed:
    """Judge one file under the rules of `reviewable`. Raises OSError.

    Its ending must be one of `TYPES`. Its name is that of the node, without the ending; what is not UTF-8 is judged
    with marks in place of it.
    """
    content = file.read_bytes().decode("utf-8-sig", errors="replace")
    name, kind = file.stem.encode(errors="replace").decode(), TYPES[file.suffix.lower()]
    data = {"fileName": name, "fileType": kind}
    body = {"messageId": "review", "eventType": EVENT, "blockBusiness": False, "messageBody": data}
    snapshot = read(FileSnapshot, {"Content": content, "FileName": name, "FileType": kind})
    event = msgspec.structs.replace(envelopes.parse(msgspec.json.encode(body)), file=snapshot)
    return Reviewed(file=file, verdict=pipeline.judge(event, policy, now))


def line(judged: Judged) -> int:
    """The first line of the file that a finding speaks of, 0 where it speaks of none."""
    values = judged.finding.values
    match = re.match("[0-9]+", str(values.get("line", values.get("lines", ""))))
    return int(match[0]) if match else 0


def overall(reviewed: Iterable[Reviewed]) -> Result:
    """The verdict on several files."""
    return worst(judged for one in reviewed for judged in one.verdict.findings)
