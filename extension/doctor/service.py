"""What a self-managed service behind EventBridge needs: addresses, token, certificates, records, links, packages."""

import os
from collections.abc import Iterator
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from extension import edges
from extension.certificates import MAX_BYTES
from extension.doctor import Level, Remark
from extension.doctor.setup import Setup
from extension.errors import ConfigurationError, StoreError
from extension.overtime import Workers
from extension.storage import ROOT
from extension.stores import Query
from extension.verdict import clean

OPEN_S = 5.0
"""Most that it may take to look into the records, or the folder of certificates."""

PACKAGES = ("cryptography", "jinja2", "prometheus_client", "starlette", "uvicorn")
"""What the service imports of requirements-service.txt; drivers of databases are missed where one is opened."""


def remarks(setup: Setup, pushed: frozenset[str], workers: Workers) -> Iterator[Remark]:
    """What is wrong with the service. `pushed` are the events that come through EventBridge alone."""
    environment = setup.environment
    if environment.eventbridge_url or pushed:
        yield from _push(setup, pushed)
        yield from _certificates(setup, workers)
    if environment.records:
        yield from _records(setup, workers)
        if environment.url and not environment.link_key:
            yield _remark(
                "link-key",
                Level.WARNING,
                "EXTENSION_LINK_KEY is not set",
                "No message has a link to the page of its verdict: who is blocked sees the message alone.",
                "Set EXTENSION_LINK_KEY to a random text: `openssl rand -hex 32` makes one.",
            )
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if (environment.url or environment.eventbridge_url) and missing:
        yield _remark(
            "packages",
            Level.WARNING,
            f"not installed: {', '.join(missing)}",
            "The service does not start on this machine.",
            "pip install --require-hashes -r requirements-service.txt, unless it runs elsewhere.",
        )


def _push(setup: Setup, pushed: frozenset[str]) -> Iterator[Remark]:
    """Whether what EventBridge pushes is taken, and from whom."""
    if not setup.environment.eventbridge_url:
        if any(fault.variable in ("EVENTBRIDGE_URL", "EXTENSION_URL") for fault in setup.faults):
            return
        yield _remark(
            "url-missing",
            Level.WARNING,
            f"neither EXTENSION_URL nor EVENTBRIDGE_URL is set, and rules judge {', '.join(sorted(pushed))}",
            "Function Compute hosting covers the data download alone; these come through EventBridge, whose signature"
            " can only be verified with the address of the target: pushes over HTTP are refused, and users wait.",
            "Run the service (docs/service.md), and set EXTENSION_URL to its address, or EVENTBRIDGE_URL where the"
            " target of the rule is not EXTENSION_URL with /events.",
        )
        return
    if not setup.environment.eventbridge_token:
        yield _remark(
            "token",
            Level.WARNING,
            "EVENTBRIDGE_TOKEN is not set",
            "EventBridge signs for everybody who has an account: a stranger can have events pushed here.",
            "Set a token at the target of the EventBridge rule, and the same one as EVENTBRIDGE_TOKEN.",
        )
    else:
        yield Remark(id="service.push", level=Level.OK, what="EventBridge's address and token are set")


def _certificates(setup: Setup, workers: Workers) -> Iterator[Remark]:
    """What is wrong with a folder of certificates."""
    name = setup.environment.certificates
    if not name or find_spec("cryptography") is None:  # that it is missing is said by itself
        return
    folder, place = ROOT / name, setup.source("EVENTBRIDGE_CERTIFICATES")
    why = "Signatures of EventBridge cannot be verified: every push is refused, and users wait."
    do = (
        f"Put the certificates that EventBridge's requests name into {clean(name)}, as .pem files, or take"
        " EVENTBRIDGE_CERTIFICATES out: then they are fetched."
    )
    try:
        contents = workers.run(lambda: _contents(folder), OPEN_S)
    except TimeoutError:
        yield _remark("certificates", Level.ERROR, f"{place}: could not be read in {OPEN_S:.0f} s", why, do)
        return
    except OSError as error:
        yield _remark("certificates", Level.ERROR, f"{place}: {clean(str(error.filename))}: {_said(error)}", why, do)
        return
    if not contents:
        yield _remark("certificates", Level.ERROR, f"{place}: no .pem file is in {clean(name)}", why, do)
    for file, content in contents.items():
        ends = _ends(content)
        if ends is None:
            yield _remark("certificates", Level.ERROR, f"{place}: {file.name}: is no X.509 certificate in PEM", why, do)
        elif ends <= edges.now():
            yield _remark(
                "certificate-expired",
                Level.WARNING,
                f"{place}: {file.name}: was valid until {ends:%Y-%m-%d}",
                "It still counts here, but EventBridge may sign with another one by now, which is not in the folder.",
                f"Fetch it again, and replace {file.name} in EVENTBRIDGE_CERTIFICATES.",
            )


def _contents(folder: Path) -> dict[Path, bytes]:
    """What the .pem files of a folder begin with; nothing of what is no regular file: a pipe is never at its end."""
    files = [file for file in sorted(folder.iterdir()) if file.suffix == ".pem"]
    return {file: _begin(file) if file.is_file() else b"" for file in files}


def _begin(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES)


def _ends(content: bytes) -> datetime | None:
    """Until when a certificate is valid, None for what is none."""
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415  slow, and not everybody has it

    try:
        return load_pem_x509_certificate(content).not_valid_after_utc
    except ValueError:
        return None


def _records(setup: Setup, workers: Workers) -> Iterator[Remark]:
    """Whether the verdict log can be opened. Nothing of its place is shown but the variable: it may hold a password."""
    place, problem = setup.source("EXTENSION_RECORDS"), ""
    elsewhere = setup.function is not None and setup.sources.get("EXTENSION_RECORDS") not in (None, "the environment")
    try:
        problem = workers.run(lambda: _opened(setup.environment.records, elsewhere=elsewhere), OPEN_S)
    except (ConfigurationError, StoreError) as error:
        problem = error.problem if isinstance(error, ConfigurationError) else str(error)
    except TimeoutError:
        problem = f"could not be opened in {OPEN_S:.0f} s"
    if problem:
        yield _remark(
            "records",
            Level.ERROR,
            f"{place}: {problem}",
            "No verdict is recorded: pages are empty, and links lead nowhere.",
            "Set EXTENSION_RECORDS to a folder that can be written to, or to a database that can be reached.",
        )
    else:
        yield Remark(
            id="service.records", level=Level.OK, what=f"{place}: {'not of this machine' if elsewhere else 'opens'}"
        )


def _opened(place: str, *, elsewhere: bool) -> str:
    """Why records cannot be read and written, empty where they can. Raises ConfigurationError and StoreError."""
    from extension.stores.folder import Folder  # noqa: PLC0415  who has no records needs none
    from extension.stores.opening import open_store  # noqa: PLC0415  the same

    with open_store(place) as store:
        if not isinstance(store, Folder):
            store.find(Query(), limit=1)
        elif not elsewhere:
            folder = Path(place)
            there = next((each for each in (folder, *folder.absolute().parents) if each.exists()), folder)
            if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
                return "is no folder that can be written to"
    return ""


def _said(error: OSError) -> str:
    return (error.strerror or "cannot be read").lower()


def _remark(identity: str, level: Level, what: str, why: str, do: str) -> Remark:
    return Remark(id=f"service.{identity}", level=level, what=what, why=why, do=do)
