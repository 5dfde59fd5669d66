"""Opening a store by the name of its place."""

import re
from pathlib import Path

from extension.errors import ConfigurationError
from extension.stores import Store

_DRIVERS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
"""What stands for each scheme of a URL that names no driver."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9.-]*)(\+[A-Za-z0-9_.+-]+)?:")


def open_store(place: str) -> Store:
    """The store at a place: a URL of SQLAlchemy (`sqlite:///verdicts.db`), else a folder, which is made when needed.

    Both count from the working directory where they do not say otherwise. Nothing is read or connected yet. Raises
    ConfigurationError for a URL that is none, or whose driver is not there, without the URL in its text: it may have a
    password in it.
    """
    scheme = _SCHEME.match(place)
    if scheme:
        return _database(scheme[1].lower(), scheme[2] or "", place[scheme.end() :])
    if not place.strip() or "\0" in place or "://" in place:  # a URL with a slip in it is no folder
        raise ConfigurationError(_VARIABLE, _EXPECTED)
    from extension.stores.folder import Folder  # noqa: PLC0415  either this or the other

    return Folder(Path(place))


_VARIABLE = "EXTENSION_RECORDS"
_EXPECTED = "expected a folder, or a URL: sqlite:///FILE, postgresql://, mysql:// or mariadb:// USER:PASSWORD@HOST/NAME"


def _database(scheme: str, driver: str, rest: str) -> Store:
    """The store in a database. Raises ConfigurationError."""
    if scheme not in _DRIVERS or not rest.startswith("//") or (scheme == "sqlite" and not rest.lstrip("/").strip()):
        raise ConfigurationError(_VARIABLE, _EXPECTED)
    try:
        from extension.stores.database import Database  # noqa: PLC0415  the function's package has no SQLAlchemy

        return Database((f"{scheme}{driver}" if driver else _DRIVERS[scheme]) + ":" + rest)
    except ImportError as error:
        raise ConfigurationError(
            _VARIABLE, "a database needs what requirements-service.txt names: install it, or give a folder"
        ) from error
    except ValueError:  # its text may quote the URL
        raise ConfigurationError(_VARIABLE, _EXPECTED) from None
