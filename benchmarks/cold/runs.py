"""Whole processes, one after the other in turns, each from its start to its verdict at DataWorks and its end."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.cold.packages import HERE
from extension.dataworks import Credentials
from extension.local import EXTENSION_CODE, DataWorks
from extension.packing import PYTHONPATH
from extension.storage import ROOT

KEY = Credentials("BENCHKEY", "bench-secret", "bench-token")
"""What the handlers sign with."""

DRIVE = HERE / "drive.py"
SAMPLE_EVENT = ROOT / "events" / "download-resources.json"

STUCK_S = 120.0
"""A process that takes longer is killed."""


class Condition(StrEnum):
    """What a process finds: see benchmarks/README.md."""

    DEPLOYED = "as deployed"
    UNPACKED = "unpacked"
    SHARE = "0.35 core"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is started: a folder that is deployed, the event, the policy within the folder, and what has to come of it.

    `says` is part of the message that has to be posted: a verdict for another reason is none.
    """

    name: str
    folder: Path
    event: Path
    policy: str = ""
    result: str = "FAIL"
    says: str = ""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one process took. `inside_s` is from the first line of the driver to the return of the handler."""

    wall_s: float
    cpu_s: float
    memory_bytes: int
    modules: int
    inside_s: float


class VerdictError(RuntimeError):
    """A process that did not do what it is measured at."""


def said(query: str) -> bytes:
    """The event of a download of what a query gives."""
    event: dict[str, Any] = msgspec.json.decode(SAMPLE_EVENT.read_bytes())
    event["messageBody"]["sqlText"] = query
    return msgspec.json.encode(event)


def variables(dataworks: DataWorks, folder: Path, policy: str = "") -> dict[str, str]:
    """The environment of a process, as Function Compute sets it. Byte code that is made anew is never kept."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONPATH": ":".join(str(folder / part) for part in PYTHONPATH),
        "PYTHONDONTWRITEBYTECODE": "1",
        "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": KEY.access_key_secret,
        "ALIBABA_CLOUD_SECURITY_TOKEN": KEY.security_token,
        "DATAWORKS_ENDPOINT": dataworks.url,
        "DATAWORKS_EXTENSION_CODE": EXTENSION_CODE,
        "EXTENSION_POLICY": policy,
        "FC_REGION": "cn-shanghai",
    }


ALONE: Sequence[str] = ("-S",)
"""Without what the machine has in its own site-packages, and runs at each start."""


def run(subject: Subject, dataworks: DataWorks, python: Path, prefix: Sequence[str] = ()) -> Cost:
    """Start a process, wait for its end, and make sure of its verdict. Raises VerdictError where that is not there."""
    message_id = msgspec.json.decode(subject.event.read_bytes())["messageId"]
    environment = variables(dataworks, subject.folder, subject.policy)
    command = [*prefix, str(python), *ALONE, str(DRIVE), str(subject.folder), str(subject.event)]
    dataworks.received.clear()
    dataworks.verdicts.clear()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(command, env=environment, cwd=subject.folder, stdout=out, stderr=err)  # noqa: S603  our own
        watch = threading.Timer(STUCK_S, process.kill)
        watch.daemon = True
        watch.start()
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        watch.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        printed, errors = (_content(file) for file in (out, err))
    if process.returncode:
        raise VerdictError(f"{subject.name} ended with {process.returncode}:\n{errors or printed}")
    _make_sure(subject, dataworks, message_id, errors)
    told = msgspec.json.decode(printed.strip().rpartition("\n")[2], type=_Told)
    return Cost(
        wall_s=wall_s,
        cpu_s=used.ru_utime + used.ru_stime,
        memory_bytes=told.peak_kb * 1024,
        modules=told.modules,
        inside_s=told.inside_s,
    )


def rounds(
    subjects: Sequence[Subject], dataworks: DataWorks, python: Path, count: int, prefix: Sequence[str] = ()
) -> Mapping[str, Sequence[Cost]]:
    """Run all subjects in turns, so many rounds after one that only warms up; the costs of each, by round."""
    taken = [[run(subject, dataworks, python, prefix) for subject in subjects] for _ in range(count + 1)]
    return {subject.name: costs[1:] for subject, costs in zip(subjects, zip(*taken, strict=True), strict=True)}


class _Told(msgspec.Struct):
    """What the driver prints."""

    modules: int
    peak_kb: int
    inside_s: float


def _content(file: Any) -> str:  # noqa: ANN401  a file in binary form, which the standard library has several types for
    file.seek(0)
    return str(file.read().decode(errors="replace"))


def _make_sure(subject: Subject, dataworks: DataWorks, message_id: str, errors: str) -> None:
    """Raise VerdictError unless DataWorks took one verdict, the right one for the right reason."""
    posted = dataworks.verdicts
    if posted != {message_id: [subject.result]}:
        raise VerdictError(f"{subject.name} has to post {subject.result}, and posted {posted or 'nothing'}\n{errors}")
    texts = [each.parameters.get("CheckMessage", "") for each in dataworks.received if "CheckResult" in each.parameters]
    if not any(subject.says in text for text in texts):
        raise VerdictError(f"{subject.name} has to say {subject.says!r}, and said {texts}")
