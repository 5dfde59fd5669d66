"""What the console asks when an extension is registered, and what goes with it, from the policy and `s.yaml`. Pure."""

from collections.abc import Iterator, Sequence
from pathlib import PurePath

import msgspec

from extension import edges, options, settings, titles
from extension.catalogue import Module
from extension.deployment import UNSET_ACCOUNT, Deployment, Function
from extension.edges import Environment
from extension.registration import lines, points
from extension.registration.bridge import bridge
from extension.registration.form import (
    Deployed,
    Half,
    Host,
    Hosted,
    Level,
    Point,
    Registration,
    Setting,
    Variable,
)
from extension.registration.steps import Todo, steps
from extension.rules import Policy
from extension.verdict import Language, cut

NAME_CHARS, DESCRIPTION_CHARS = 64, 200
"""Longest name and description that are proposed; what the console takes is unverified."""


def make(  # noqa: PLR0913  what is chosen, all by keyword
    policy: Policy,
    deployment: Deployment,
    environment: Environment,
    *,
    host: Host | None = None,
    defaults: bool = True,
    file: tuple[str, ...] = (),
    named: tuple[str, ...] = (),
    packed: str = "",
) -> Registration:
    """The registration of a policy. `host` is what it is for where both would do; `defaults` are those of options.

    `file` and `named` are what other commands are to be told of s.yaml and of the policy, `packed` what is wrong where
    `s` would deploy another policy.

    `environment` counts where `s.yaml` has no function that answers; else what it sets does, whatever is set here.
    Raises ConfigurationError for a variable of the function that does not make sense.
    """
    needed, regular = points.points(policy, blocking=True), points.points(policy, blocking=False)
    hosted = points.hosting((*needed, *regular), host)
    ticked = points.ticked(needed, hosted)
    form = options.form(policy)
    schema = form.schema(defaults=defaults)
    serving = hosted.chosen is Host.SERVICE
    apis = points.callbacks(ticked)
    level, halves = points.level(ticked), points.halves(ticked)
    function = deployment.service if serving else deployment.hosted
    environment = edges.environment(variables=function.variables) if function else environment
    deployed = _deployed(deployment, function)
    variables = tuple(_variables(function, deployed.region, environment, serving=serving))
    url = environment.url if serving else ""
    todo = Todo(
        deployed=deployed,
        serving=serving,
        level=level,
        apis=apis,
        variables=variables,
        has_options=schema is not None,
        asking=points.asking(policy),
        resource=function.resource if function and function is not deployment.functions[0] else "",
        file=file,
        policy=named,
        halves=_halves(policy),
    )
    return Registration(
        policy=policy.file,
        digest=policy.digest,
        language=policy.language.value,
        deployment=deployed,
        name=_name(policy, deployed, hosted),
        description=_description(policy, ticked),
        owners=_owners(policy),
        level=level,
        halves=halves,
        hosting=hosted,
        points=ticked,
        regular=regular,
        test_workspace=level is not Level.TENANT,
        details_url=url and f"{url}/",
        document_url=url and f"{url}/policy",
        parameters=lines.lines(policy, ticked),
        options=schema,
        options_text=options.text(schema),
        bridge=bridge((*ticked, *regular), deployed.region, environment) if serving else None,
        variables=variables,
        apis=apis,
        permissions=points.permissions(policy, ticked),
        steps=steps(todo),
        problems=(
            *((packed,) if packed and not halves else ()),
            *_of_level(halves),
            *_of_hosting(needed, regular, hosted),
            *_of_deployment(deployed, hosted),
            *_of_policy(policy, form, level),
        ),
    )


def _halves(policy: Policy) -> tuple[str, ...]:
    """What `--split` would write: two files, or two folders for a folder."""
    suffix = ".yaml" if PurePath(policy.file).suffix in (".yaml", ".yml") else ""
    return tuple(f"{each}{suffix}" for each in (Level.TENANT, Level.WORKSPACE))


def _deployed(deployment: Deployment, function: Function | None) -> Deployed:
    """What s.yaml says, of the function that answers."""
    hosted, service = deployment.hosted, deployment.service
    return Deployed(
        file=deployment.file,
        region=function.region if function else deployment.region,
        role=function.role if function else "",
        hosted=hosted.name if hosted else "",
        service=service.name if service else "",
    )


def _owners(policy: Policy) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule.owner for rule in policy.rules if rule.owner))


def _name(policy: Policy, deployed: Deployed, hosted: Hosted) -> str:
    """A name for the extension: that of the function, or of the policy where it has one of its own."""
    file = PurePath(policy.file)
    function = (deployed.service if hosted.chosen is Host.SERVICE else deployed.hosted) or "dataworks-extension"
    own = file.stem if file.stem != "policy" else file.parent.name
    if own in (Level.TENANT, Level.WORKSPACE):
        own = f"{function}-{own}"
    return cut(own or function, NAME_CHARS)


def _description(policy: Policy, ticked: Sequence[Point]) -> str:
    """What it checks, and whom to ask, in the language of the policy."""
    owners = ("、" if policy.language is Language.ZH else ", ").join(_owners(policy))
    if policy.language is Language.ZH:
        names = "、".join(dict.fromkeys(titles.MODULES[Language.ZH][Module(point.module)] for point in ticked))
        text = f"操作执行前检查：{names}。共 {len(policy.rules)} 条规则。" + (f"联系人：{owners}。" if owners else "")
    else:
        names = ", ".join(dict.fromkeys(point.module for point in ticked))
        text = f"Checks operations before they happen: {names}. Rules: {len(policy.rules)}."
        text += f" Ask: {owners}." if owners else ""
    return cut(text, DESCRIPTION_CHARS)


def _variables(
    function: Function | None, region: str, environment: Environment, *, serving: bool
) -> Iterator[Variable]:
    """What to set for the process that answers, and in `.env` where `s` deploys it."""
    sources = function.sources if function else {}

    def variable(name: str, why: str, value: str = "", *, secret: bool = False, later: bool = False) -> Variable:
        missing = Setting.LATER if later else Setting.MISSING
        return Variable(
            name=name,
            dotenv=sources.get(name, ""),
            value="" if secret else value,
            secret=secret,
            standing=Setting.SET if value else missing,
            why=why,
        )

    why = "The code that the console shows after the registration; verdicts are posted under it."
    yield variable("DATAWORKS_EXTENSION_CODE", why, environment.extension_code, later=True)
    why = (
        "The region of the workspaces. Function Compute sets it; set it where else the service runs, and for `doctor`."
    )
    yield msgspec.structs.replace(variable("FC_REGION", why), value=region)
    if not serving:
        return
    why = "Where people and EventBridge reach the service: the address of the target, the details and the document."
    yield variable("EXTENSION_URL", why, environment.url)
    token = environment.eventbridge_token
    yield variable(
        "EVENTBRIDGE_TOKEN", "The token of the target. `openssl rand -hex 16` makes one.", token, secret=True
    )
    why = "Signs the links to the page of a verdict. `openssl rand -hex 32` makes one; without it there are no links."
    yield variable("EXTENSION_LINK_KEY", why, environment.link_key, secret=True)
    if environment.eventbridge_url not in ("", f"{environment.url}/events"):
        why = "The address of the target to the letter, which is not EXTENSION_URL and /events."
        yield variable("EVENTBRIDGE_URL", why, environment.eventbridge_url, secret="?" in environment.eventbridge_url)


def _of_level(halves: Sequence[Half]) -> Iterator[str]:
    """Which rules are to be split, and why."""
    for half in halves:
        rules = ", ".join(rule for rule in half.rules if rule not in half.both) or "no rule alone"
        both = f"; in both, each narrowed to its events: {', '.join(half.both)}" if half.both else ""
        yield f"an extension has points of one level; those of the {half.level} level are of: {rules}{both}"
    if halves:
        yield "register two extensions: --split DIR writes a policy for each"


def _of_hosting(needed: Sequence[Point], regular: Sequence[Point], hosted: Hosted) -> Iterator[str]:
    """Points that a function never gets, or may not; and those that only rules in shadow judge."""
    ticked = points.ticked(needed, hosted)
    hosting = hosted.chosen is Host.FUNCTION
    for point in (*needed, *regular) if hosting else ():
        if point not in ticked:
            rules = ", ".join(rule.id for rule in point.rules)
            yield f"a function that DataWorks hosts never gets {point.code}, so that nothing judges it for: {rules}"
        elif point.code not in points.HOSTED:
            yield f"whether a function that DataWorks hosts gets {point.code} is unverified: try it"
    for point in ticked:
        if point.is_shadow:
            yield f"rules in shadow alone judge {point.code}: whoever does it waits for a verdict that is always OK"


def _of_deployment(deployed: Deployed, hosted: Hosted) -> Iterator[str]:
    if hosted.chosen is Host.FUNCTION and not deployed.hosted:
        yield f"{deployed.file} has no function called extension, and one is needed"
    if UNSET_ACCOUNT in deployed.role:
        yield f"{deployed.file}: the role is the example's; set DEPLOY_ROLE in .env, or edit it (docs/ram/README.md)"


def _of_policy(policy: Policy, form: options.Form, level: Level) -> Iterator[str]:
    if level is Level.NONE:
        yield "no rule judges an event that waits for a verdict: there is nothing to register"
    yield from form.problems
    if level is Level.TENANT and any(rule.options for rule in policy.rules):
        yield "whether DataWorks keeps options for an extension of the tenant level is unverified: try it"
    for key, rules in lines.impossible(policy).items():
        problem = f"the condition of {', '.join(rules)} reads the parameter {settings.plain(key)}"
        yield f"{problem}, and no line can have that key: name it without =, blanks at its ends, and invisible signs"
    for rule in lines.whole(policy):
        yield f"rule {rule}: its condition reads parameters by names that cannot be told; see what lines it wants"
