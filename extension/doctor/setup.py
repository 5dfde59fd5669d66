"""What is known of a set-up before anybody is asked: its variables, where each comes from, and what they say."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from extension import deployment as deployments
from extension import edges
from extension.dataworks import Credentials
from extension.deployment import Function
from extension.doctor import Level, Remark
from extension.edges import Client, Environment, ServiceEnvironment, Switch
from extension.errors import ConfigurationError, PolicyError
from extension.verdict import clean

PROCESS = "the environment"

SERVICE = "service"
"""What the self-managed service is called in s.yaml."""

_T = TypeVar("_T")


class ResourceError(Exception):
    """There is no such function in s.yaml."""


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known at the beginning. What does not make sense is in `faults`, and its default counts."""

    variables: Mapping[str, str]
    sources: Mapping[str, str]
    """Where each variable comes from: the environment, or a file."""
    environment: Environment
    service: ServiceEnvironment
    secrets: frozenset[str]
    """What must be in no output."""
    faults: tuple[ConfigurationError, ...] = ()
    service_faults: tuple[ConfigurationError, ...] = ()
    """The same of variables that a function does not read."""
    file: Path | None = None
    """Where the deployment is described."""
    function: Function | None = None
    """What would be deployed."""
    troubles: tuple[Remark, ...] = ()
    """What is wrong with the files."""

    def __repr__(self) -> str:
        """Nothing of it: some of it is secret."""
        return "Setup(...)"

    def given(self, name: str) -> str:
        """A variable, without blanks around it; empty where it is not set."""
        return self.variables.get(name, "").strip()

    def source(self, name: str) -> str:
        """A variable as a remark names it, with where it comes from."""
        return f"{name} (from {self.sources[name]})" if name in self.sources else name

    @property
    def region(self) -> str:
        """The region of the function, else that of the deployment."""
        return self.given("FC_REGION") or (self.function.region if self.function else "")

    @property
    def credentials(self) -> Credentials | None:
        """What calls are signed with, None where it is not complete."""
        key_id, secret, token = (self.variables.get(name, "") for name in KEYS)
        return Credentials(key_id, secret, token) if key_id and secret else None

    @property
    def proxied(self) -> bool:
        """Whether calls go through a proxy: those to a loopback address in plain http do not."""
        return self.environment.endpoint.protocol == "https" and edges.proxied(self.variables)

    @property
    def proxy(self) -> str:
        """The variable that names the proxy."""
        return "HTTPS_PROXY" if self.variables.get("HTTPS_PROXY") else "https_proxy"

    @property
    def is_service(self) -> bool:
        """Whether it is the function of the service that is deployed."""
        return self.function is not None and self.function.resource == SERVICE

    @property
    def serves(self) -> bool:
        """Whether there is a service."""
        return self.is_service or bool(self.given("EXTENSION_URL") or self.given("EVENTBRIDGE_URL"))


KEYS = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN")
"""Variables of the credentials: id, secret, token."""

GIVEN = (*KEYS, "FC_REGION", "POLICY")
"""Variables of `.env` that count though s.yaml does not give them: those of Function Compute, and what `s` packs."""

SECRET = (
    *KEYS[1:],
    *("EVENTBRIDGE_TOKEN", "EXTENSION_LINK_KEY", "EXTENSION_ADMIN_TOKEN", "DINGTALK_WEBHOOK", "DINGTALK_SECRET"),
)
"""Variables whose values are shown nowhere."""


def set_up(deployment: Path | None, resource: str, env: Path | None) -> Setup:
    """Read the variables of this process, of the file `env`, and those that `deployment` gives a function.

    Without `env`, that is the file beside `deployment`. Of it counts what the function takes, and what nobody gives it
    but Function Compute: the rest is of another function, or of `s`. A file that cannot be read is noted, and the rest
    counts. Raises ResourceError.
    """
    process = edges.variables()
    troubles: list[Remark] = []
    file = env or (deployment.parent / deployments.DOTENV if deployment else None)
    beside = _dotenv(file, troubles) if file and (env or file.exists()) else {}
    surroundings = {**beside, **process}
    found = None
    if deployment:
        try:
            found = _function(deployment, surroundings, resource)
        except (PolicyError, OSError) as error:
            troubles.append(_unread(str(error)))
    secrets = {value for each in (beside, process) for name, value in each.items() if name in SECRET and value.strip()}
    if found and not env:
        beside = {name: value for name, value in beside.items() if name in GIVEN or found.variables.get(name) == value}
        surroundings = {**beside, **process}
    sources = dict.fromkeys(beside, str(file)) | dict.fromkeys(process, PROCESS)
    if found:
        # What is the same comes from where it stands; `DATAWORKS_EXTENSION_CODE` may be another one for this function.
        own = {name: value for name, value in found.variables.items() if surroundings.get(name) != value}
        surroundings = surroundings | own
        sources |= dict.fromkeys(own, f"{deployment}, resource {found.resource}")
    environment, faults = _settled(lambda variables: edges.environment(variables=variables), surroundings)
    service, of_service = _settled(edges.service_environment, surroundings)
    return Setup(
        variables=surroundings,
        sources=sources,
        environment=environment,
        service=service,
        secrets=frozenset({*secrets, *(surroundings[name] for name in SECRET if surroundings.get(name, "").strip())}),
        faults=tuple(faults),
        service_faults=tuple(of_service),
        file=deployment if found else None,
        function=found,
        troubles=tuple(troubles),
    )


def _function(file: Path, variables: Mapping[str, str], resource: str) -> Function:
    """The function `resource` of an s.yaml, or its first. Raises PolicyError, ResourceError and OSError."""
    found = deployments.read(file.read_bytes(), str(file), variables)
    function = found.named(resource) if resource else found.functions[0]
    if function is None:
        listed = ", ".join(clean(each.resource) for each in found.functions)
        raise ResourceError(f"{file} has no {clean(resource)}; it has {listed}")
    return function


def resources(deployment: Path) -> Sequence[str]:
    """What the functions of an s.yaml are called; none where it cannot be read."""
    file = deployment.parent / deployments.DOTENV
    try:
        beside = _dotenv(file, []) if file.exists() else {}
        found = deployments.read(deployment.read_bytes(), str(deployment), edges.variables(beside))
    except (PolicyError, OSError):
        return ()
    return [each.resource for each in found.functions]


def _dotenv(file: Path, troubles: list[Remark]) -> dict[str, str]:
    try:
        return deployments.dotenv(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        troubles.append(_unread(f"{file}: {(reason or 'cannot be read').lower()}"))
        return {}


def _unread(problem: str) -> Remark:
    return Remark(
        id="environment.unread-file",
        level=Level.ERROR,
        what=problem,
        why="What it says of the function is not known, so that the environment of this process alone was looked at.",
        do="Name a file that is there: --deployment s.yaml with --resource, --env .env.",
    )


def _settled(
    read_from: Callable[[Mapping[str, str]], _T], variables: Mapping[str, str]
) -> tuple[_T, list[ConfigurationError]]:
    """What variables say, those that do not make sense left aside, and what is wrong with each of these."""
    left, faults = dict(variables), list[ConfigurationError]()
    while True:
        try:
            return read_from(left), faults
        except ConfigurationError as error:
            faults.append(error)
            del left[error.variable]


def remarks(setup: Setup) -> Iterator[Remark]:
    """What the variables say that keeps verdicts from being right, or from arriving."""
    yield from setup.troubles
    who = "service" if setup.is_service else "function"
    for fault in setup.faults:
        yield Remark(
            id="environment.invalid",
            level=Level.ERROR,
            what=f"{setup.source(fault.variable)}: {fault.problem}",
            why=f"The {who} does not start with it, so that no event is answered.",
            do=f"Correct {fault.variable}, or take it out: README.md, section Environment, has its forms.",
        )
    for fault in setup.service_faults:
        yield Remark(
            id="environment.invalid",
            level=Level.ERROR if setup.serves else Level.WARNING,
            what=f"{setup.source(fault.variable)}: {fault.problem}",
            why="The service does not start with it; a function does not read it.",
            do=f"Correct {fault.variable}, or take it out: docs/service.md has its forms.",
        )
    yield from _role(setup)
    yield from _switches(setup)
    if not setup.faults and not setup.service_faults and not setup.troubles:
        files = sorted({place for place in setup.sources.values() if place != PROCESS})
        read_too = f", and {', '.join(files)}" if files else ""
        yield Remark(id="environment.read", level=Level.OK, what=f"read: the environment of this process{read_too}")


def _role(setup: Setup) -> Iterator[Remark]:
    """Whether somebody has said which role the function runs under."""
    function = setup.function
    if function and deployments.UNSET_ACCOUNT in function.role:
        place = f"{setup.file}, resource {clean(function.resource)}"
        yield Remark(
            id="environment.role",
            level=Level.WARNING,
            what=f"{place}: role is {clean(function.role)}, which is a sample",
            why="There is no such role: the function is not deployed with it, or has no credentials to post a verdict.",
            do="Make the role, as docs/ram/README.md says, and put the Arn that it shows into .env as DEPLOY_ROLE=...,"
            " or into s.yaml.",
        )


def _switches(setup: Setup) -> Iterator[Remark]:
    """What is switched off."""
    environment = setup.environment
    if environment.mode is not Switch.ENFORCE:
        judged = "everything is judged and logged, and" if environment.mode is Switch.SHADOW else "nothing is judged:"
        yield Remark(
            id="environment.mode",
            level=Level.WARNING,
            what=f"{setup.source('EXTENSION_MODE')} is {environment.mode}",
            why=f"It is the emergency switch: {judged} every operation passes.",
            do="Take EXTENSION_MODE out of .env (or of the function's variables) when it is to count, and deploy.",
        )
    if not environment.callback:
        yield Remark(
            id="environment.callback",
            level=Level.WARNING,
            what=f"{setup.source('DATAWORKS_CALLBACK')} is off",
            why="No verdict is posted. What comes through EventBridge is never answered: the user waits.",
            do="Take DATAWORKS_CALLBACK out, unless the return value of the function is to be the only answer.",
        )
    if environment.client is Client.SDK:
        yield Remark(
            id="environment.client",
            level=Level.NOTE,
            what=f"{setup.source('DATAWORKS_CLIENT')} is sdk: the SDK makes all calls",
            why="A cold start takes several times as long.",
            do="Take DATAWORKS_CLIENT out, unless the light client was found to be wrong.",
        )
