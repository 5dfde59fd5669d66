"""What to do in which order, from a deployment to an extension that is enabled.

Sources: https://www.alibabacloud.com/help/en/dataworks/user-guide/preparations (registration) and
https://www.alibabacloud.com/help/en/dataworks/user-guide/test-application-extensions (testing, review, enabling)
"""

import shlex
from collections.abc import Iterator

import msgspec

from extension.registration.form import Deployed, Level, Setting, Variable

HALVES = "build/levels"
"""Where a policy is split into, unless somebody wants it elsewhere."""


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """What the steps depend on."""

    deployed: Deployed
    serving: bool
    """Whether it is for a service, and not for a function that DataWorks calls itself."""
    level: Level
    apis: tuple[str, ...]
    variables: tuple[Variable, ...]
    has_options: bool
    asking: tuple[str, ...]
    """Rules whose WARN can ask for approval."""
    resource: str
    """What s.yaml calls the function, empty where it is its first."""
    file: tuple[str, ...]
    """What names s.yaml to a command, empty where it is the one of the folder."""
    policy: tuple[str, ...]
    """The same for a policy that is not in force."""
    halves: tuple[str, ...]
    """Names of the policies that `--split` writes."""

    def command(self, verb: str, *options: str, policy: tuple[str, ...] | None = None) -> str:
        """A command for the files that it is about, or for another policy, as it is typed."""
        words = (verb, *self.file, *(self.policy if policy is None else policy), *options)
        return f"`python -m extension {shlex.join(words)}`"


def steps(todo: Todo) -> tuple[str, ...]:
    """The steps, each for one place."""
    if todo.level is Level.MIXED:
        return tuple(_split(todo))
    before = _before_service(todo) if todo.serving else _before_function(todo.deployed)
    bridged = _bridged(todo.deployed) if todo.serving else ()
    if todo.level is Level.NONE:
        return (*before, *bridged) if todo.serving else ()
    return (*before, *_registered(todo), *bridged, *_tested(todo), *_published(todo))


def _split(todo: Todo) -> Iterator[str]:
    yield f"Write a policy for each level: {todo.command('register', '--split', HALVES)}"
    each = " and ".join(todo.command("register", policy=("--policy", f"{HALVES}/{half}")) for half in todo.halves)
    yield (
        f"Register each of them: {each}. They are two extensions, each with a service or function of its own:"
        " docs/register.md, section Two extensions."
    )


def _before_function(deployed: Deployed) -> Iterator[str]:
    yield (
        "Deploy the function: EXTENSION_MODE=shadow in .env for a start that blocks nothing, then `s extension deploy`."
        f" It makes {deployed.hosted or 'the function'} in {deployed.region}."
    )


def _before_service(todo: Todo) -> Iterator[str]:
    deployed = todo.deployed
    missing = [each.name for each in todo.variables if each.standing is Setting.MISSING and not each.value]
    where = f"`s service deploy` makes {deployed.service} in {deployed.region}" if deployed.service else "on a machine"
    yield (
        "Run the service where EventBridge reaches it, with EXTENSION_MODE=shadow for a start that blocks nothing:"
        f" {where}; docs/service.md has the other ways."
        + (f" Not set yet: {', '.join(missing)}. Run `register` again once they are." if missing else "")
    )


def _registered(todo: Todo) -> Iterator[str]:
    deployed = todo.deployed
    way = "Deploy with a self-managed service" if todo.serving else "Deploy with Function Compute"
    function = "" if todo.serving else f" Choose the function {deployed.hosted or 'that you deployed'}."
    yield (
        f"DataWorks console, region {deployed.region}: More > Open Platform > Extensions > Extension List > Register"
        f" Extension > {way}. Fill in the form with what is above, and press OK.{function}"
    )
    code = next(each for each in todo.variables if each.name == "DATAWORKS_EXTENSION_CODE")
    again = f"`s {'service' if todo.serving else 'extension'} deploy`" if code.dotenv else "start the service again"
    yield (
        "Copy the code of the extension from the list: status Testing. Put it into"
        f" {f'.env as {code.dotenv}=...' if code.dotenv else f'the environment as {code.name}=...'}, and {again}."
    )


def _bridged(deployed: Deployed) -> Iterator[str]:
    yield (
        f"Open Platform > OpenEvent: enable event messages for the event bus. EventBridge console, region"
        f" {deployed.region}: make the rule that is above."
    )


def _tested(todo: Todo) -> Iterator[str]:
    tenant = todo.level is Level.TENANT
    where = "Management Center > Extensions" + ("" if tenant else ", the test workspace")
    effect = "it takes effect for the operations of its owner alone" if tenant else "it takes effect there alone"
    yield (
        f"Enable it while it is in Testing: {where}, switch it on and agree to the OpenAPIs ({_agreed(todo)});"
        f" {effect}." + (" Set its options there." if todo.has_options else "")
    )
    resource = ("--resource", todo.resource) if todo.resource else ()
    yield (
        "Do what a rule is about, find the verdict in the log, and run"
        f" {todo.command('doctor', *resource)} with the variables above until it exits 0."
    )


def _published(todo: Todo) -> Iterator[str]:
    tenant = todo.level is Level.TENANT
    who = "the administrator of the tenant" if tenant else "the administrator of each workspace"
    yield "Commit the extension for review: it takes about 3 business days (T+3). Then publish it: status Published."
    yield f"Have {who} enable it, agreeing to the same OpenAPIs ({_agreed(todo)})."
    if todo.asking:
        yield (
            "Give it the risk response Approval, and each workspace a request processing policy (docs/approval.md):"
            f" without both, a download passes for which these give WARN: {', '.join(todo.asking)}."
        )
    yield "Take EXTENSION_MODE out again, and deploy: from now on it blocks."


def _agreed(todo: Todo) -> str:
    return ", ".join(todo.apis) or "none"
