"""All that is looked at, in its order. What cannot be tried without something that is missing is said, and the rest is
tried all the same.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import msgspec

from extension import edges, storage
from extension.dataworks import UNREADABLE
from extension.doctor import (
    Level,
    Remark,
    calls,
    credentials,
    endpoint,
    options,
    policies,
    refusals,
    registration,
    service,
    setup,
)
from extension.doctor.calls import Caller
from extension.doctor.endpoint import UnreachableError
from extension.doctor.registered import Registration
from extension.doctor.setup import Setup
from extension.errors import PlatformError, PolicyError, trace
from extension.overtime import Workers
from extension.rules import Policy
from extension.verdict import clean

LOAD_S = 30.0
"""Most that it may take to read the policy: it can be on a mount that is gone."""


def examine(
    found: Setup, path: Path, *, workspace: str = "", offline: bool = False, audited: bool = False
) -> Iterator[Remark]:
    """Look at a set-up and the policy at `path`. No secret of the set-up is in a remark.

    `offline` asks nobody; `audited` asks whether versions are known to be vulnerable, too. Packages are looked for
    where `s` would take them from.
    """
    for remark in _Examination(found, path, workspace=workspace, offline=offline).remarks():
        yield _scrubbed(remark, found.secrets)
    if (found.file or audited) and (lacks := _lacks()):
        why = f"they are held against {lacks}, which is not here: doctor runs without the project around it"
        yield _skipped("versions and packages", why, "Run doctor in a checkout of the project, after `make setup`.")
        return
    if found.file:
        yield from _built(path, found.file.absolute().parent, service=found.is_service)
    if audited:
        from extension.doctor import audit  # noqa: PLC0415  as in `_built`

        yield from _whole("audit", audit.remarks)


PROJECT = tuple(
    storage.ROOT / name
    for name in ("pyproject.toml", "requirements.txt", "requirements-service.txt", "requirements-dev.txt")
)
"""Files that packages and versions are held against. Who installs the package by pip has none of them."""


def _lacks() -> str:
    """What is missing that packages and versions are held against, empty for nothing."""
    if find_spec("packaging") is None:
        return "what the package packaging reads"
    return next((storage.name_of(file) for file in PROJECT if not file.is_file()), "")


def _built(path: Path, folder: Path, *, service: bool) -> Iterator[Remark]:
    """What is wrong with the packages that are built in a folder, and with what this runs with."""
    from extension.doctor import packages, versions  # noqa: PLC0415  they need `packaging`, which may be missing
    from extension.packing import SERVICE  # noqa: PLC0415  the same

    build, deployed = folder / packages.BUILD.name, SERVICE if service else None
    yield from _whole("packages", lambda: packages.remarks(path, build, deployed))
    yield from _whole("versions", versions.of_environment)


def _whole(group: str, look: Callable[[], Iterable[Remark]]) -> Iterator[Remark]:
    """The remarks of a group. What nobody foresaw ends this group alone, and is said: the rest is looked at."""
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001  files, variables and answers can be whatever they are
        yield Remark(
            id="doctor.broken",
            level=Level.ERROR,
            what=f"looking at {group} broke off with {trace(error)}",
            why="What else may be wrong there is not known.",
            do=f"Report it, with this line; until then look at {group} yourself: docs/doctor.md lists what for.",
        )


def _scrubbed(remark: Remark, secrets: frozenset[str]) -> Remark:
    """A remark in which no secret stands, whoever quoted it."""
    texts = {name: getattr(remark, name) for name in ("what", "why", "do")}
    for secret in sorted(secrets, key=len, reverse=True):
        pattern = re.escape(secret) if len(secret) >= _LONG else rf"(?<![\w-]){re.escape(secret)}(?![\w-])"
        texts = {name: re.sub(pattern, "***", text) for name, text in texts.items()}
    return msgspec.structs.replace(remark, **texts)


_LONG = 8
"""Characters of a secret that is blotted out wherever it stands: a shorter one is a part of many words."""


class _Examination:
    """One look at a set-up: what is found first decides what can be tried next."""

    def __init__(self, found: Setup, path: Path, *, workspace: str, offline: bool) -> None:
        self._setup = found
        self._path = path
        self._workspace = workspace
        self._offline = offline
        self._workers = Workers()
        self._policy: Policy | None = None
        self._registration: Registration | None = None

    def remarks(self) -> Iterator[Remark]:
        yield from _whole("variables", lambda: setup.remarks(self._setup))
        yield from _whole("the policy", self._read_policy)
        yield from _whole("credentials", lambda: credentials.remarks(self._setup))
        yield from _whole("the region", lambda: endpoint.region(self._setup))
        yield from _whole("the code", lambda: _code(self._setup, self._policy))
        if self._offline:
            yield _skipped("endpoint, clock, registration and calls", "--offline", "Leave --offline out.")
        else:
            yield from _whole("endpoint and calls", self._ask)
        yield from _whole("the service", lambda: service.remarks(self._setup, self._pushed(), self._workers))
        if policy := self._policy:
            yield from _whole("rules and cases", lambda: policies.of_policy(policy, self._path, edges.now()))

    def _read_policy(self) -> Iterator[Remark]:
        if self._is_mounted():
            told = f"{self._setup.source('EXTENSION_POLICY')} is a place of the function, and none of this machine"
            yield _skipped(f"policy {clean(str(self._path))}", told, "Name a copy of it: --policy PATH.")
            return
        try:
            self._policy = self._workers.run(lambda: storage.load(self._path), LOAD_S)
        except (PolicyError, TimeoutError) as error:
            late = f"{storage.name_of(self._path)}: could not be read in {LOAD_S:.0f} s"
            for line in [late] if isinstance(error, TimeoutError) else str(error).splitlines():
                yield Remark(
                    id="policy.invalid",
                    level=Level.ERROR,
                    what=line,
                    why="The function does not start with it, so that no event is answered.",
                    do="Correct it: `python -m extension policy check` says when all is well. (--policy: another one.)",
                )
        else:
            numbers = f"rules: {len(self._policy.rules)}, events: {len(self._policy.plan)}"
            yield Remark(id="policy.valid", level=Level.OK, what=f"{self._policy.name}: valid, {numbers}")

    def _is_mounted(self) -> bool:
        """Whether the policy is where the function alone has it: on its mount."""
        named = Path(self._setup.given("EXTENSION_POLICY"))
        of_function = self._setup.sources.get("EXTENSION_POLICY") not in (None, setup.PROCESS)
        missing = self._path == named.resolve() and not self._path.exists()
        return of_function and named.is_absolute() and missing and not named.is_relative_to(storage.ROOT)

    def _ask(self) -> Iterator[Remark]:
        """What DataWorks says, as far as it can be asked."""
        if not endpoint.host(self._setup):
            yield _skipped("endpoint, clock, registration and calls", "it is not known where calls go", "Set it.")
            return
        if self._setup.proxied:
            name = self._setup.proxy
            yield Remark(
                id="endpoint.proxy",
                level=Level.NOTE,
                what=f"{self._setup.source(name)} is set: the SDK makes all calls, through that proxy",
                why="A light package is without the SDK, and cannot call through a proxy. The clock was not looked at.",
                do=f"Take {name} out where no proxy is needed; else do not build the package with LIGHT=1.",
            )
        else:
            try:
                reached = endpoint.reach(self._setup, self._workers)
            except UnreachableError as error:
                yield from endpoint.remarks(self._setup, error)
                yield _skipped(
                    "registration and calls", "the endpoint does not answer", "Mend that, and run doctor again."
                )
                return
            yield from endpoint.remarks(self._setup, reached)
            if endpoint.is_wrong(reached):
                yield _skipped("registration and calls", "no call is taken with such a date", "Set the clock.")
                return
        if not self._setup.credentials or not credentials.usable(self._setup):
            yield _skipped(
                "registration and calls", "there are no credentials that count", "Mend them, and run doctor again."
            )
            return
        try:
            caller = Caller(self._setup, self._setup.credentials, self._workers)
        except ImportError:
            yield Remark(
                id="calls.no-sdk",
                level=Level.ERROR,
                what="the SDK must make the calls (DATAWORKS_CLIENT=sdk, or a proxy), and is not installed",
                why="The function does not start.",
                do="Take DATAWORKS_CLIENT and HTTPS_PROXY out, or build the package without LIGHT=1.",
            )
            return
        yield from self._call(caller)

    def _call(self, caller: Caller) -> Iterator[Remark]:
        code = self._setup.environment.extension_code
        try:
            # Without a code nothing is registered, but that DataWorks says so tells of credentials and permission.
            self._registration = caller.registration(code or "extension-doctor")
        except PlatformError as error:
            proxy = self._setup.source(self._setup.proxy) if self._setup.proxied else ""
            foreign = error.code == UNREADABLE and error.request_id  # who gives an id for support is DataWorks
            remark = registration.unreadable(error) if foreign else refusals.about(error, proxy)
            if remark:
                yield remark
            elif code and not _is_odd(code):
                yield _unknown(self._setup, error)
            if remark and refusals.of_all(remark):
                yield _skipped("registration and calls", "no call is taken", "Mend that, and run doctor again.")
                return
            yield _skipped("registration", "GetExtension did not answer with one", "Mend that, and run doctor again.")
        if found := self._registration:
            yield from _whole("the registration", lambda: registration.remarks(found, self._policy, self._setup))
            yield from _whole("options and parameters", lambda: options.remarks(found, self._policy))
        events = self._registration.events if self._registration else frozenset[str]()
        wanted = calls.needed(self._policy, events, callback=self._setup.environment.callback)
        workspace = self._workspace or (self._registration.workspace if self._registration else "")
        yield from calls.remarks(caller, wanted, code=code, workspace=workspace)
        if caller.doubt:
            yield Remark(
                id="calls.light",
                level=Level.WARNING,
                what=f"the SDK's calls are taken, and those of the light client are not: {clean(caller.doubt)}",
                why="The first call of each instance is made twice, and a light package is without the SDK.",
                do="Set DATAWORKS_CLIENT=sdk, and report it.",
            )

    def _pushed(self) -> frozenset[str]:
        """Events that rules judge, and that come through EventBridge alone."""
        judged = registration.points(self._policy) if self._policy else frozenset[str]()
        events = judged & self._registration.events if self._registration else judged
        return events - registration.HOSTED


def _code(found: Setup, policy: Policy | None) -> Iterator[Remark]:
    """What is wrong with the code of the extension."""
    name, code = "DATAWORKS_EXTENSION_CODE", found.environment.extension_code
    if not code:
        served = bool(found.environment.eventbridge_url)
        hosted = policy is not None and not served and registration.points(policy) <= registration.HOSTED
        lost = "An event of an FC-hosted extension is answered by the return value alone, which is documented as enough"
        yield Remark(
            id="code.missing",
            level=Level.WARNING if hosted else Level.ERROR,
            what=f"{name} is not set",
            why=f"{lost}; one of EventBridge cannot be answered at all. What is registered cannot be looked at.",
            do=f"Put the code that the DataWorks console shows after the registration into .env as {name}=..., for the"
            " service that `s` deploys as SERVICE_EXTENSION_CODE=..., and deploy again.",
        )
    elif _is_placeholder(code):
        yield Remark(
            id="code.form",
            level=Level.ERROR,
            what=f"{found.source(name)}: {clean(code)} is a placeholder",
            why="It stands for the code of an extension, and is none: DataWorks takes no verdict with it.",
            do=f"Set {name} to the code that the DataWorks console shows after the registration; before it, leave"
            f" {name} empty.",
        )
    elif _is_odd(code):
        yield Remark(
            id="code.form",
            level=Level.ERROR,
            what=f"{found.source(name)}: has quotes or blanks in it",
            why="They are taken for a part of it: DataWorks does not know the extension.",
            do=f"Set {name} to the code as the console shows it, without quotes and blanks.",
        )
    else:
        yield Remark(id="code.set", level=Level.OK, what=f"{found.source(name)}: {clean(code)}")


def _is_odd(code: str) -> bool:
    """Whether something stands in a code that is in none."""
    return _is_placeholder(code) or any(sign.isspace() or sign in "\"'" for sign in code)


_PLACEHOLDER = re.compile(
    r"<.*>|‹.*›|\$?\{.*\}|\[.*\]|(?:your|the|my)?[-_ ]?(?:extension)?[-_ ]?code|x+", re.IGNORECASE
)


def _is_placeholder(code: str) -> bool:
    """Whether a code is what documents write in the place of one."""
    return bool(_PLACEHOLDER.fullmatch(code)) or not any(map(str.isalnum, code))


def _unknown(found: Setup, error: PlatformError) -> Remark:
    """GetExtension was refused for what it says. That it is so where there is no such extension is unverified."""
    return Remark(
        id="code.unknown",
        level=Level.ERROR,
        what=f"{found.source('DATAWORKS_EXTENSION_CODE')}: {clean(str(error))}",
        why="DataWorks does not know the extension: it takes no verdict for it, and operations wait.",
        do="Set DATAWORKS_EXTENSION_CODE to the code in the console's list of extensions (same region, same account).",
    )


def _skipped(what: str, why: str, do: str) -> Remark:
    first = what.partition(",")[0].partition(" ")[0]
    return Remark(
        id=f"{first}.not-looked-at",
        level=Level.NOTE,
        what=f"not looked at: {what}",
        why=f"{why[0].upper()}{why[1:]}.",
        do=do,
    )
