"""The verbs of the command line, a module each: each reads its arguments, calls a room, and shows what came of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extension.checks import Check


def registry(policy: Path | None) -> "Mapping[str, Check]":
    """The built-in checks, and those that a policy brings."""
    from extension.checks.registry import BY_ID  # noqa: PLC0415  all families, which not every verb needs

    if policy is None:
        return BY_ID
    from extension import storage  # noqa: PLC0415  the same
    from extension.screen import explained  # noqa: PLC0415  the same

    with explained():
        return storage.registry(policy.resolve())


def in_force(policy: Path | None, variables: Mapping[str, str] | None = None, folder: Path = Path()) -> Path:
    """The policy that a verb goes by: the one that is named, else that of the environment, or policy.yaml.

    Its path is taken from the current folder, where a policy repository is, and where nothing is there from beside
    handler.py, as the function takes it. `variables`, of a verb for what `s` deploys, are read in the place of the
    environment: `POLICY` in them, which `s` packs, stands before policy.yaml, and is taken from `folder`, that of
    s.yaml. Raises ConfigurationError, and PolicyError where there is none.
    """
    from extension import edges  # noqa: PLC0415  who says which policy needs none of it
    from extension.errors import Fault, PolicyError  # noqa: PLC0415  the same

    if policy:
        return policy
    if variables and variables.get("POLICY") and not variables.get("EXTENSION_POLICY"):
        path = folder / variables["POLICY"]
        if _is_there(path):
            return path
        raise PolicyError(str(path), [Fault("is not there: POLICY names it, for `s` to pack")])
    here, deployed = (
        edges.environment(folder=Path(), variables=variables).policy,
        edges.environment(variables=variables).policy,
    )
    for path in (here, deployed):
        if _is_there(path):
            return path
    raise PolicyError(str(here), [Fault("is not there: name one, or set EXTENSION_POLICY")])


def _is_there(path: Path) -> bool:
    """Whether there is something, also where there can be nothing, for the name is too long."""
    try:
        return path.exists()
    except OSError:
        return False
