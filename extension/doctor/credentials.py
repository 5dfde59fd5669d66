"""What credentials there are, and what can be seen of them without a call."""

from collections.abc import Iterator

from extension.doctor import Level, Remark
from extension.doctor.setup import KEYS, Setup

_ID, _SECRET, _TOKEN = KEYS

_ROLE = (
    "In the function: give it a role, as docs/ram/README.md says; Function Compute sets the variables then. Here:"
    f" export {_ID} and {_SECRET} (and {_TOKEN}, where they are temporary) of a RAM user with the policy of docs/ram"
)

TEMPORARY = "STS."
"""What the ids of temporary keys begin with; unverified that all do.

Source: https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerole
"""


def remarks(setup: Setup) -> Iterator[Remark]:
    """What is wrong with the credentials, or where they are from. No value of them is shown."""
    there = [name for name in KEYS if setup.variables.get(name)]
    odd = [name for name in there if _odd(setup.variables[name])]
    if not there:
        yield _error(
            "missing", "no credentials", "Nothing can be asked of DataWorks, and no verdict posted.", f"{_ROLE}."
        )
    elif setup.credentials is None:
        missing = [name for name in KEYS[:2] if name not in there]
        had = ", ".join(map(setup.source, there))
        yield _error(
            "partial",
            f"{had}: set, but not {' and '.join(missing)}",
            "A key is of no use without its other half: there are no credentials for the function.",
            f"Set {' and '.join(missing)}, too. {_ROLE}.",
        )
    for name in odd:
        yield _error(
            "form",
            f"{setup.source(name)}: has quotes, blanks or line ends in it",
            "They are taken for a part of it: the platform does not know the key, or refuses the signature.",
            f"Set {name} again, without quotes and blanks.",
        )
    if _lacks_token(setup):
        yield _error(
            "token-missing",
            f"{setup.source(_ID)}: is that of a temporary key (it begins with {TEMPORARY}), and {_TOKEN} is not set",
            "A temporary key counts with its token alone: the platform refuses every call.",
            f"Set {_TOKEN}, which came with the key.",
        )
    elif setup.credentials and not odd:
        kind = "temporary, with a token" if setup.credentials.security_token else "not temporary"
        yield Remark(
            id="credentials.found",
            level=Level.OK,
            what=f"{', '.join(map(setup.source, there))}: {kind}",
        )


def usable(setup: Setup) -> bool:
    """Whether a call with them can tell something."""
    odd = any(_odd(setup.variables.get(name, "")) for name in KEYS)
    return setup.credentials is not None and not odd and not _lacks_token(setup)


def _lacks_token(setup: Setup) -> bool:
    """Whether the token of a temporary key is not there."""
    found = setup.credentials
    return found is not None and found.access_key_id.startswith(TEMPORARY) and not found.security_token


def _odd(value: str) -> bool:
    """Whether a value has something in it that no key has."""
    return any(sign.isspace() or sign in "\"'`" or not sign.isprintable() or not sign.isascii() for sign in value)


def _error(identity: str, what: str, why: str, do: str) -> Remark:
    return Remark(id=f"credentials.{identity}", level=Level.ERROR, what=what, why=why, do=do)
