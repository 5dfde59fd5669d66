"""Database servers of Debian's packages, for tests: quick, on loopback alone, and with a password."""

import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from shutil import chown
from types import TracebackType
from typing import Self
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

STARTS_S = 60.0
"""Longest that a server may take to answer, on a machine that has a lot else to do."""

PASSWORD = f"pass/{secrets.token_hex(8)}'@:%?"
"""Of the user of all servers; with signs that mean something to a URL, and to SQL."""


class MissingServerError(Exception):
    """What of a server is not installed."""


class Server(ABC):
    """A server with a database `records`; use it in a `with` block. It ends with the process that has started it."""

    scheme: str
    user: str
    """Who runs it where root runs the tests: it refuses to be run by root."""
    ending: int
    """The signal that ends it at once, as a power failure does."""

    def __init__(self) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port: int = free.getsockname()[1]
        self._folder = tempfile.TemporaryDirectory(prefix=f"{self.scheme}-", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, password: str = PASSWORD) -> str:
        """Where it is, as `open_store` takes it."""
        return f"{self.scheme}://keeper:{quote(password, safe='')}@127.0.0.1:{self.port}/records"

    def __enter__(self) -> Self:
        """Make it, and start it. Raises MissingServerError."""
        try:
            if os.geteuid() == 0:
                chown(self.folder, self.user)
            self.make()
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, and remove its data."""
        self.stop()
        self._folder.cleanup()

    @abstractmethod
    def make(self) -> None:
        """Make what it keeps its data in. Raises MissingServerError."""

    @abstractmethod
    def command(self) -> Sequence[object]:
        """What runs it."""

    @abstractmethod
    def admin(self) -> sa.URL:
        """Where its user connects before anything else is there."""

    def start(self) -> None:
        """Run it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._as_user(self.command()), stdout=log, stderr=log, cwd=self.folder)  # noqa: S603  the command of the class
        engine = sa.create_engine(self.admin(), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        ends = time.monotonic() + STARTS_S
        while time.monotonic() < ends and self._process.poll() is None:
            with suppress(OperationalError), engine.connect() as connection:
                self.greet(connection)
                return
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text(errors="replace")[-2000:])

    def greet(self, connection: sa.Connection) -> None:
        """Do what is left to do once it answers."""
        del connection  # there is nothing

    def stop(self) -> None:
        """End it at once."""
        if self._process:
            self._process.send_signal(self.ending)
            self._process.wait(STARTS_S)
            self._process = None

    def run(self, *command: object) -> None:
        """Run a program to its end."""
        done = subprocess.run(self._as_user(command), capture_output=True, cwd=self.folder, check=False)  # noqa: S603  the command of the class
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]

    def _as_user(self, command: Sequence[object]) -> list[str]:
        """A command of the server's user, which ends when this process does."""
        who = (f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups") if os.geteuid() == 0 else ()
        return [str(word) for word in ("/usr/bin/setpriv", *who, "--pdeathsig=TERM", *command)]

    def secret(self, name: str, text: str) -> Path:
        """A file that the server's user alone can read."""
        file = self.folder / name
        file.touch(mode=0o600)
        if os.geteuid() == 0:
            chown(file, self.user)
        file.write_text(text, encoding="utf-8")
        return file


class PostgreSQL(Server):
    """PostgreSQL, of the package `postgresql`."""

    scheme, user, ending = "postgresql", "postgres", signal.SIGQUIT

    def make(self) -> None:
        """Make a cluster whose one user has the password."""
        secret = self.secret("password", PASSWORD)
        options = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
        self.run(program("initdb"), f"--pgdata={self.folder}/data", "--username=keeper", f"--pwfile={secret}", *options)

    def command(self) -> Sequence[object]:
        """Without what makes it safe from a power failure."""
        settings = (
            *("fsync=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=16MB", "max_connections=40"),
            *("listen_addresses=127.0.0.1", "unix_socket_directories="),
        )
        options = [word for setting in settings for word in ("-c", setting)]
        return (program("postgres"), "-D", f"{self.folder}/data", "-p", self.port, *options)

    def admin(self) -> sa.URL:
        """In the database that each cluster has."""
        return sa.make_url(self.url()).set(drivername="postgresql+psycopg", database="postgres")

    def greet(self, connection: sa.Connection) -> None:
        """Make the database, the first time."""
        if not connection.execute(sa.text("SELECT 1 FROM pg_database WHERE datname = 'records'")).scalar():
            connection.execute(sa.text("CREATE DATABASE records"))


class MariaDB(Server):
    """MariaDB, of the package `mariadb-server`."""

    scheme, user, ending = "mariadb", "mysql", signal.SIGKILL

    def make(self) -> None:
        """Make the data, and what the server runs each time that it starts: nobody has no password."""
        self.run(
            program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={self.folder}/data",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--innodb-log-file-size=32M",
            "--innodb-flush-method=nosync",
        )
        statements = (
            "CREATE DATABASE IF NOT EXISTS records CHARACTER SET latin1;",  # the table says itself what it is in
            "CREATE USER IF NOT EXISTS keeper@'127.0.0.1' IDENTIFIED BY '{}';".format(PASSWORD.replace("'", "''")),
            "GRANT ALL ON records.* TO keeper@'127.0.0.1';",
            "DROP USER IF EXISTS root@'127.0.0.1', root@'::1', ''@localhost;",
        )
        self.secret("init.sql", "\n".join(statements))

    def command(self) -> Sequence[object]:
        """Without what makes it safe from a power failure."""
        return (
            program("mariadbd"),
            "--no-defaults",
            f"--datadir={self.folder}/data",
            f"--init-file={self.folder}/init.sql",
            f"--socket={self.folder}/socket",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--innodb-flush-log-at-trx-commit=2",  # what is committed outlives the server
            "--innodb-flush-method=nosync",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=32M",
            "--skip-innodb-doublewrite",
            "--innodb-stats-persistent=off",
        )

    def admin(self) -> sa.URL:
        """In the database that is there when it answers."""
        return sa.make_url(self.url()).set(drivername="mariadb+pymysql")


def program(name: str) -> Path:
    """A program, wherever Debian has it. Raises MissingServerError."""
    folders = [Path("/usr/sbin"), *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/bin")]
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            return folder / name
    raise MissingServerError(f"{name} is not installed; `make packages` does it")
