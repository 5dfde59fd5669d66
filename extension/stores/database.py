"""Records in an SQL database: SQLite, PostgreSQL, MySQL or MariaDB, in one table that is made when it is first used.

What a database says goes nowhere: it quotes who connects from where, and values. Its errors are told by their kind, and
by words that are known to have nothing else in them.
"""

import re
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from typing import Any, Self

import msgspec
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from extension.errors import StoreError
from extension.records import ID, Record
from extension.stores import Query

CONNECT_S, STATEMENT_S = 3, 15
"""Most that a connection and a statement may take, where the URL does not say otherwise."""

_PAGE = 100
"""Records that are read at once."""

_REMOVED_AT_ONCE = 2000

_ID_CHARS, _CHARS = 34, 128
"""Length of an id, and the longest text of a column: texts of records are cut at 120 characters."""


def _text(length: int) -> sa.types.TypeEngine[str]:
    """The type of a text that is compared by its bytes."""
    of_mysql = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    of_postgresql = sa.String(length, collation="C")
    return sa.String(length).with_variant(of_mysql, "mysql", "mariadb").with_variant(of_postgresql, "postgresql")


_LONG = sa.Text().with_variant(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
_MOMENT = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")

VERDICTS = sa.Table(
    "verdicts",
    sa.MetaData(),
    sa.Column("id", _text(_ID_CHARS), primary_key=True),
    sa.Column("at", _MOMENT, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("code", _text(_CHARS), nullable=False),
    sa.Column("workspace", _text(_CHARS), nullable=False),
    sa.Column("operator", _text(_CHARS), nullable=False),
    sa.Column("operators", _LONG, nullable=False),
    sa.Column("result", _text(8), nullable=False),
    sa.Column("rules", _LONG, nullable=False),
    sa.Column("thread", _text(16), nullable=False),
    sa.Column("message_id", _text(_CHARS), nullable=False),
    sa.Column("body", _LONG, nullable=False),
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
    mariadb_engine="InnoDB",
    mariadb_charset="utf8mb4",
)
"""`operators` and `rules` are lists in JSON: an item with its quotes is found in it as a word, and as nothing else."""

for _column in ("day", "code", "workspace", "operator", "result", "thread", "message_id"):
    sa.Index(f"verdicts_{_column}", VERDICTS.c[_column], VERDICTS.c.id)

_C = VERDICTS.c


class Database:
    """A store in the database at a URL of SQLAlchemy. Nothing is connected before the first call.

    Raises ValueError for a URL that is none, with nothing of it in the text, and ImportError where the driver is not
    there.
    """

    def __init__(self, url: str) -> None:
        self.skipped = 0
        """Rows that were passed by since no record is in them, as often as they were met."""
        self._engine = _engine(url)
        self._there = False
        self._lock = threading.Lock()
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Record)

    def __enter__(self) -> Self:
        """Use it in a `with` block, which closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def add(self, records: Sequence[Record]) -> None:
        """Insert records, all or none; one that is there already is left as it is. Raises StoreError."""
        rows = [self._row(record) for record in sorted(records, key=lambda record: record.id)]
        if rows:
            with self._connected("written") as connection, connection.begin():
                connection.execute(self._insert(), rows)

    def _row(self, record: Record) -> Mapping[str, Any]:
        operators = dict.fromkeys((record.operator, *record.operators))
        return {
            "id": record.id,
            "at": record.at,
            "day": record.at.date(),
            "code": record.code,
            "workspace": record.workspace,
            "operator": record.operator,
            "operators": self._encoder.encode(list(operators)).decode(),
            "result": record.result.value,
            "rules": self._encoder.encode(record.rules).decode(),
            "thread": record.thread,
            "message_id": record.message_id,
            "body": self._encoder.encode(record).decode(),
        }

    def _insert(self) -> sa.Insert:
        """The statement that inserts rows, but for those that are there: other errors stay errors."""
        dialect = self._engine.dialect.name
        if dialect == "postgresql":
            return postgresql.insert(VERDICTS).on_conflict_do_nothing(index_elements=["id"])
        if dialect == "sqlite":
            return sqlite.insert(VERDICTS).on_conflict_do_nothing(index_elements=["id"])
        return mysql.insert(VERDICTS).on_duplicate_key_update(id=_C.id)

    def get(self, identity: str) -> Record | None:
        """The record with an id, None for none. Raises StoreError."""
        if not ID.fullmatch(identity):
            return None
        with self._connected("read") as connection:
            row = connection.execute(sa.select(_C.id, _C.body).where(_C.id == identity)).first()
        return None if row is None else self._record(row)

    def find(self, query: Query, *, limit: int, before: str = "") -> list[Record]:
        """Records that are looked for, the newest first: those with an id below `before`, at most `limit`.

        A rule, and an operator, are looked for in one row after the other. Raises StoreError.
        """
        found: list[Record] = []
        conditions = self._conditions(query)
        below, more = _comparable(before), conditions is not None
        while more and len(found) < limit:
            wanted = limit - len(found)
            statement = sa.select(_C.id, _C.body).where(*conditions or ()).order_by(_C.id.desc()).limit(wanted)
            rows = self._rows(statement.where(_C.id < below) if below else statement)
            records = (self._record(row) for row in rows)
            found += [record for record in records if record and query.takes(record)]
            more = len(rows) == wanted
            below = rows[-1].id if more else below
        return found

    def _conditions(self, query: Query) -> list[sa.ColumnElement[bool]] | None:
        """What a row must be like; None where none can be."""
        columns = (
            *((_C.code, query.code), (_C.workspace, query.workspace), (_C.result, query.result or "")),
            *((_C.message_id, query.message_id), (_C.thread, query.thread)),
        )
        lists = ((_C.rules, query.rule), (_C.operators, query.operator))
        if not all(_can_be_held(text) for _, text in (*columns, *lists)):
            return None
        found: list[sa.ColumnElement[bool]] = [column == str(text) for column, text in columns if text]
        found += [self._has(column, text) for column, text in lists if text]
        if query.first:
            found.append(_C.id >= _begin(query.first))
        if query.last and query.last < date.max:
            found.append(_C.id < _begin(query.last + timedelta(days=1)))
        return found

    def _has(self, column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
        """Whether a list has an item. With `like` signs of it would be patterns, and case would not count in SQLite."""
        item = self._encoder.encode(text).decode()
        place = sa.func.strpos if self._engine.dialect.name == "postgresql" else sa.func.instr
        return place(column, item) > 0

    def read(self) -> Iterator[Record]:
        """All records, the oldest first, some at a time. Raises StoreError."""
        last, more = "", True
        while more:
            rows = self._rows(sa.select(_C.id, _C.body).where(_C.id > last).order_by(_C.id).limit(_PAGE))
            yield from (record for row in rows if (record := self._record(row)))
            last, more = rows[-1].id if rows else last, len(rows) == _PAGE

    def purge(self, first: date) -> int:
        """Remove what was judged before a day, in UTC, some at a time; how many that were. Raises StoreError."""
        end, removed, more = _begin(first), 0, True
        while more:
            with self._connected("removed") as connection, connection.begin():
                of_next = sa.select(_C.id).where(_C.id < end).order_by(_C.id).offset(_REMOVED_AT_ONCE).limit(1)
                bound = connection.execute(of_next).scalar()
                removed += connection.execute(sa.delete(VERDICTS).where(_C.id < (bound or end))).rowcount
                more = bound is not None
        return removed

    def _rows(self, statement: sa.Select[Any, Any]) -> Sequence[sa.Row[Any, Any]]:
        with self._connected("read") as connection:
            return connection.execute(statement).all()

    def _record(self, row: sa.Row[Any, Any]) -> Record | None:
        """The record in a row, None where there is none."""
        with suppress(msgspec.DecodeError, UnicodeEncodeError):
            record = self._decoder.decode(row.body)
            if record.id == row.id:
                return record
        self.skipped += 1
        return None

    @contextmanager
    def _connected(self, what: str) -> Iterator[sa.Connection]:
        """A connection to a database that has the table. Raises StoreError."""
        try:
            self._prepare()
            with self._engine.connect() as connection:
                yield connection
        except Exception as error:  # noqa: BLE001  whatever a driver raises: a text with a password in it goes no further
            raise StoreError(f"the records in the database cannot be {what}: {_told(error)}") from None

    def _prepare(self) -> None:
        """Make the table where it is not there. Others may be doing that at the same time."""
        with self._lock:
            if self._there:
                return
            try:
                with self._engine.begin() as connection:
                    VERDICTS.metadata.create_all(connection)
            except SQLAlchemyError:
                if not sa.inspect(self._engine).has_table(VERDICTS.name):
                    raise
            self._there = True


_RECYCLE_S = 1800
"""How long a connection is kept: proxies cut off those that are older."""

_OPTIONS: Mapping[str, Mapping[str, object]] = {
    "pysqlite": {"timeout": CONNECT_S},
    "psycopg": {
        "connect_timeout": CONNECT_S,
        "options": f"-c statement_timeout={STATEMENT_S}s -c lock_timeout={STATEMENT_S}s",
        "tcp_user_timeout": STATEMENT_S * 1000,
        "prepare_threshold": None,  # poolers such as PgBouncer know nothing of prepared statements
    },
    "pymysql": {
        "connect_timeout": CONNECT_S,
        "read_timeout": STATEMENT_S,
        "write_timeout": STATEMENT_S,
        "charset": "utf8mb4",
        "sql_mode": "STRICT_ALL_TABLES",
    },
}
"""What a connection is made with, by its driver."""


def _engine(url: str) -> sa.Engine:
    """What connects to a database. Raises ValueError and ImportError."""
    try:
        parsed = sa.make_url(url)
        is_file = parsed.get_backend_name() == "sqlite"
        options = _OPTIONS.get(parsed.get_driver_name(), {})
        isolation = {} if is_file else {"isolation_level": "READ COMMITTED"}  # fewer locks; each row stands for itself
        engine = sa.create_engine(
            parsed,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_timeout=CONNECT_S,
            pool_recycle=_RECYCLE_S,
            connect_args={name: value for name, value in options.items() if name not in parsed.query},
            **isolation,
        )
    except (ArgumentError, TypeError, ValueError):
        raise ValueError("the URL of the database is none") from None
    if is_file:
        event.listen(engine, "connect", _write_ahead)
    return engine


def _write_ahead(connection: sqlite3.Connection, _: object) -> None:
    """Let others read while one writes. The file remembers it, so that it is no matter where another one has it now."""
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode=WAL")


def _begin(day: date) -> str:
    """What is below all ids of a day, and above those of the day before."""
    return f"{day.isoformat().replace('-', '')}T"


def _can_be_held(text: str) -> bool:
    """Whether a record can have the text: its texts have no control characters in them, and are Unicode."""
    return "\0" not in text and not re.search("[\ud800-\udfff]", text)


def _comparable(identity: str) -> str:
    """A text that is above and below the same ids, and that every database takes."""
    return "".join(min(max(character, "!"), "~") for character in identity[: _ID_CHARS + 1])


_KNOWN = (
    ("connection refused", "it does not answer (connection refused)"),
    ("timeout expired", "it does not answer in time"),
    ("timed out", "it does not answer in time"),
    ("statement timeout", "the statement took too long"),
    ("password authentication failed", "user or password are refused"),
    ("access denied", "user or password are refused, or something is not granted"),
    ("permission denied", "something is not granted"),
    ("name or service not known", "there is no such host"),
    ("name resolution", "the name of the host is not found"),
    ("closed the connection", "it has closed the connection"),
    ("lost connection", "it has closed the connection"),
    ("unknown database", "there is no such database"),
    ("does not exist", "something that is named does not exist"),
    ("unable to open database file", "the file cannot be opened"),
    ("database is locked", "another one has it locked for too long"),
    ("readonly", "it is read-only"),
    ("is full", "it has no room left"),
    ("no space left", "it has no room left"),
    ("not a database", "the file is no database"),
    ("malformed", "the file is damaged"),
)
"""What is told of an error in whose text a word stands: nothing of that text itself."""


def _told(error: Exception) -> str:
    """What an error is, without anything of its text: its kind, its number, and what that means where it is known."""
    origin = getattr(error, "orig", None) or error
    number = next((each for each in origin.args[:1] if isinstance(each, int)), "")
    code = getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None) or number
    words = str(origin).casefold()
    known = next((f": {told}" for word, told in _KNOWN if word in words), "")
    return f"{type(origin).__name__} {code}".strip() + known
