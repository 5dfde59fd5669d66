"""What `s.yaml` deploys: functions with their region, role and variables, filled in as `s` does.

`s` reads a file `.env` beside s.yaml, over which the environment stands (seen in @serverless-devs/parse-spec 0.0.29).
That it takes a variable that is empty as one that is not set is unverified.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from extension import settings
from extension.errors import Fault, PolicyError
from extension.tree import Place, Section, load

FILE, DOTENV = "s.yaml", ".env"
"""Where a deployment is described, and what is read beside it."""

POLICY = "policy.yaml"
"""Policy beside it that is packed, unless the variable POLICY names another one."""

COMPONENT = "fc3"
"""Component of `s` that makes functions."""

UNSET_ACCOUNT = "0000000000000000"
"""Account in the role of a `s.yaml` that nobody has edited."""


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """A function that is deployed. `resource` is what `s` calls it: `s extension deploy`."""

    resource: str
    name: str
    region: str
    role: str
    sources: Mapping[str, str]
    """Its environment variables that `s` takes from the environment or from `.env`, each with its name there."""
    variables: Mapping[str, str]
    """Its environment variables, without those that are empty or cannot be worked out."""


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """What a `s.yaml` deploys."""

    file: str
    functions: tuple[Function, ...]

    @property
    def region(self) -> str:
        """Region of its functions: that of the first."""
        return self.functions[0].region

    def named(self, resource: str) -> Function | None:
        """The function that `s` calls so."""
        return next((function for function in self.functions if function.resource == resource), None)

    @property
    def hosted(self) -> Function | None:
        """The function that DataWorks calls itself."""
        return self.named("extension")

    @property
    def service(self) -> Function | None:
        """The self-managed service."""
        return self.named("service")


_PAIR = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*("(?:\\.|[^"\\])*"|'[^']*'|`[^`]*`|[^#\r\n]*)""", re.MULTILINE
)


def dotenv(text: str) -> dict[str, str]:
    """The variables of a file `.env`: NAME=VALUE, quotes around a value go, and so does what # begins outside of them.

    It is the form of the package dotenv. That `s` fills in variables inside of values, too, is not looked at.
    """
    found = {}
    for name, text_of in _PAIR.findall(text):
        value = text_of.strip()
        if value[:1] in ('"', "'", "`") and value.endswith(value[0]):
            value = value[1:-1].replace(r"\n", "\n") if value[0] == '"' else value[1:-1]
        found[name] = value
    return found


def read(content: bytes, file: str, variables: Mapping[str, str]) -> Deployment:
    """The deployment that a `s.yaml` describes; `variables` are those of the environment and of `.env`.

    Raises PolicyError with every place that cannot be read.
    """
    faults: list[Fault] = []
    root = Section(load(content, file, "resources", merges=True), faults, Place(file=file))
    above = root.section("vars")
    fill = partial(_filled, variables, above.tree if above else {})
    resources = root.section("resources")
    found = []
    for key in resources.tree if resources else ():
        resource = resources.section(key) if resources else None
        if resource and resource.tree.get("component") == COMPONENT:
            found.append(_function(key, resource.section("props"), fill))
    if not found and not faults:
        root.fault("resources", f"has no function: expected a resource with component: {COMPONENT}")
    if faults:
        raise PolicyError(file, faults)
    return Deployment(file=file, functions=tuple(function for function in found if function))


def _function(resource: str, props: Section | None, fill: Callable[[object], str]) -> Function | None:
    """A function; None, with faults noted, where its properties cannot be read."""
    if props is None:
        return None
    own = props.section("environmentVariables")
    sources = {}
    for name, value in own.tree.items() if own else ():
        if isinstance(value, str) and (match := _FILLED.fullmatch(value)) and match["name"]:
            sources[name] = match["name"]
    given = {name: _worked_out(value, fill) for name, value in (own.tree if own else {}).items()}
    return Function(
        resource=resource,
        name=props.take("functionName", fill),
        region=props.take("region", fill),
        role=props.take("role", fill, ""),
        sources=sources,
        variables={name: value for name, value in given.items() if value},
    )


def _worked_out(value: object, fill: Callable[[object], str]) -> str:
    """What a variable would be; empty where that is not known."""
    try:
        return fill(str(value)) if value is not None else ""
    except ValueError:
        return ""


_QUOTE = r"""['"]"""
_FILLED = re.compile(
    rf"\$\{{env\(\s*{_QUOTE}(?P<name>\w+){_QUOTE}\s*(?:,\s*{_QUOTE}(?P<default>[^'\"]*){_QUOTE}\s*)?\)\}}"
    r"|\$\{vars\.(?P<own>[\w-]+)\}"
)


def _filled(variables: Mapping[str, str], own: Mapping[str, object], value: object) -> str:
    """A text with what `s` puts into it, `own` being what the file says under `vars`. Raises ValueError."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected text, found {settings.plain(value)}")

    def fill(match: re.Match[str]) -> str:
        if match["own"]:
            if match["own"] not in own:
                raise ValueError(f"there is no {match['own']} under vars")
            return _filled(variables, {}, own[match["own"]])
        found = variables.get(match["name"]) or match["default"]
        if found is None:
            raise ValueError(f"needs the environment variable {match['name']}: set it, or put it into {DOTENV}")
        return found

    filled = _FILLED.sub(fill, value)
    if "${" in filled:
        problem = f"cannot be worked out here: {settings.plain(filled)}"
        raise ValueError(f"{problem}; write it out, or as ${{env('NAME', 'default')}} or ${{vars.NAME}}")
    return filled
