"""Stores of records: a folder and three databases do the same, also when disks, servers and writers fail."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from extension.deliveries import Callback
from extension.errors import ConfigurationError, StoreError
from extension.events import Delivery
from extension.records import Answers, Found, Record
from extension.sql.facts import Analysis, Code, Engine, Read, Statement
from extension.storage import ROOT
from extension.stores import Query, Store, folder
from extension.stores.database import VERDICTS, Database
from extension.stores.folder import Folder
from extension.stores.opening import open_store
from extension.verdict import Asked, Language, Mode, Result, Severity
from tests.fakes import HARD_TEXTS
from tests.servers import PASSWORD, MariaDB, MissingServerError, PostgreSQL, Server, program
from tests.verdicts import NOON, kept, many

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)


def running(kind: type[Server]) -> Iterator[Server]:
    """A server for all tests of this process."""
    try:
        with kind() as server:
            yield server
    except MissingServerError as problem:
        if os.environ.get("REQUIRE_ALL"):
            raise
        pytest.skip(str(problem))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    yield from running(PostgreSQL)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    yield from running(MariaDB)


def emptied(server: Server) -> str:
    """The URL of a server that has no table yet."""
    with open_store(server.url()) as store:
        assert isinstance(store, Database)
        with store._engine.begin() as connection:
            VERDICTS.drop(connection, checkfirst=True)
    return server.url()


@pytest.fixture
def of_postgresql(postgresql: Server) -> str:
    return emptied(postgresql)


@pytest.fixture
def of_mariadb(mariadb: Server) -> str:
    return emptied(mariadb)


@pytest.fixture(params=["folder", "sqlite", "of_postgresql", "of_mariadb"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for each kind of store, with nothing in it."""
    places = {"folder": f"{tmp_path}/verdicts", "sqlite": f"sqlite:///{tmp_path}/verdicts.db"}
    return places.get(request.param) or str(request.getfixturevalue(request.param))


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    with open_store(place) as store:
        yield store


def newest(records: list[Record]) -> list[Record]:
    """Records in the order in which they are found."""
    return sorted(records, key=lambda record: record.id, reverse=True)


def whole(text: str) -> Record:
    """A record with everything that one can have, and a hard text wherever there may be one."""
    short = text[:100]
    found = Found(
        rule="a_b",
        check="file.functions",
        result=Result.WARN,
        mode=Mode.SHADOW,
        severity=Severity.HIGH,
        owner=text,
        help="https://example.com",
        exempt=text,
        judged=False,
        error=text,
        en=f"not {text}",
        zh=f"不 {text}",
        names=("hr.users", text),
        lines=(1, 2**31),
    )
    statement = Statement(kind="SELECT", line=1, reads=(Read(table="hr.users", line=1, filters=frozenset({"ds"})),))
    return kept(
        occurred=NOON - DAY,
        code="download-resources",
        delivery=Delivery.EVENTBRIDGE,
        message_id=short,
        request_id=short,
        region="cn-shanghai",
        workspace=short,
        operator=short,
        operators=(short, "2"),
        waits=True,
        thread="0123456789abcdef",
        data={"fileName": text, "size": 2**53 + 1, "parts": [{"a": [1.5, True, None, text]}], text[:50] or "x": "y"},
        withheld=("sqlText", f"parts[0].{text[:10]}"),
        answers=Answers(
            roles=("role_project_dev",),
            options={"max": text},
            parameters={"extension.x": text},
            file={"FileName": text},
            table={"Columns": [{"ColumnName": text}]},
            instances=({"InstanceId": 1},),
        ),
        sql=Code(
            digest="0123456789abcdef",
            characters=3,
            size_bytes=4,
            engine=Engine.HIVE,
            project="shop",
            analysis=Analysis(engine=Engine.HIVE, characters=3, statements=(statement,)),
            calls=((1, "max_pt"),),
        ),
        outline=text,
        result=Result.WARN,
        switch="shadow",
        policy="policy.yaml@0123456789ab",
        language=Language.ZH,
        findings=(found,),
        findings_total=7,
        rules=("a_b", short),
        warnings=(text,),
        asked=(Asked(action="GetExtension", cached=True, calls=2, error=text),),
        callback=Callback(outcome="failed", action="CallbackExtension", result="WARN", calls=3, error=text),
        judged_ms=1.125,
        total_ms=2.5,
    )


def with_text(field: str, text: str) -> Query:
    """A query for one text."""
    return msgspec.structs.replace(Query(), **{field: text})


# what all stores do


def test_nothing_is_found_where_nothing_was_kept(store: Store) -> None:
    assert store.find(Query(), limit=10) == []
    assert [*store.read()] == []
    assert store.get(kept().id) is None
    assert store.purge(date.max) == 0
    store.add([])
    assert store.find(Query(), limit=10) == []


def test_a_record_comes_back_as_it_was(store: Store) -> None:
    records = [whole(text) for text in HARD_TEXTS.values()]
    defaults = {field.name: field.default for field in msgspec.structs.fields(Record)}
    assert all(getattr(records[0], name) != default for name, default in defaults.items())
    for record in records:
        store.add([record])
    for record in records:
        assert store.get(record.id) == record
        exact = Query(message_id=record.message_id, workspace=record.workspace, operator=record.operator, rule="a_b")
        assert record in store.find(exact, limit=99)
        assert store.find(Query(rule=record.rules[1], message_id=record.message_id), limit=99).count(record) == 1
    assert newest([*store.read()]) == newest(records)


def test_the_newest_come_first_and_are_read_last(store: Store) -> None:
    records = [*many(40, NOON - 3 * DAY, timedelta(hours=2))]
    shuffled = Random(7).sample(records, len(records))  # noqa: S311  the same in every run
    for begin in range(0, 40, 8):
        store.add(shuffled[begin : begin + 8])
    assert store.find(Query(), limit=100) == newest(records)
    assert store.find(Query(), limit=3) == newest(records)[:3]
    assert store.find(Query(), limit=0) == []
    read = [*store.read()]
    assert newest(read) == newest(records)
    assert [record.at.date() for record in read] == sorted(record.at.date() for record in records)


AWKWARD = (
    *("a_b", "axb", "a%b", "A_B", "a_b ", "a", "b", 'a"b', '"', "a\\b", "a\\", "'", "a,b", '","', "数", "🚫", "é"),
    *("90214", "9021", "902", "x' OR '1'='1", "%", "_", "[]", '["a_b"]', "a-b", "null", "commit-file"),
)


def test_texts_are_found_whole_or_not_at_all(store: Store) -> None:
    records = [
        kept(
            NOON + place * timedelta(hours=1),
            code=text,
            workspace=text,
            operator=text,
            operators=(text, AWKWARD[place - 1]),
            rules=(text, AWKWARD[place - 2]),
            message_id=text,
            thread=text,
            result=[*Result][place % 3],
        )
        for place, text in enumerate(AWKWARD)
    ]
    store.add(records)
    fields = ("code", "rule", "workspace", "operator", "message_id", "thread")
    queries = [with_text(field, text) for field in fields for text in (*AWKWARD, "A_b", "a_b  ", "none")]
    queries += [Query(result=result) for result in Result]
    queries += [Query(result=Result.WARN, code="commit-file"), Query(workspace="a_b", rule="a_b", operator="a_b")]
    for query in queries:
        expected = [record for record in newest(records) if query.takes(record)]
        assert store.find(query, limit=100) == expected, query
        assert store.find(query, limit=1) == expected[:1], query


DAYS = (
    (None, None, 5),
    (date(2026, 11, 26), None, 3),
    (None, date(2026, 11, 26), 3),
    (date(2026, 11, 25), date(2026, 11, 26), 3),
    (date(2026, 11, 27), date(2026, 11, 26), 0),
    (date.min, date.max, 5),
    (date.max, None, 0),
    (None, date.min, 0),
)


def test_days_are_those_of_utc_with_both_ends(store: Store) -> None:
    midnight = NOON.replace(hour=0, minute=0, second=0, microsecond=0)
    store.add([kept(midnight - 2 * DAY), kept(midnight - 3 * MICROSECOND - DAY)])
    store.add([kept(midnight), kept(midnight + DAY - MICROSECOND), kept(midnight - MICROSECOND)])
    for first, last, expected in DAYS:
        found = store.find(Query(first=first, last=last), limit=10)
        assert len(found) == expected, (first, last)
        assert all((first or date.min) <= record.at.date() <= (last or date.max) for record in found)


def test_pages_have_each_once_also_of_one_microsecond(store: Store) -> None:
    records = [*many(25, step=timedelta()), *many(5, NOON - DAY, step=timedelta()), *many(5)]
    for record in records:
        store.add([record])
    found, before = [], ""
    while page := store.find(Query(), limit=4, before=before):
        found += page
        before = page[-1].id
    assert found == newest(records)


BEFORE = (
    *(
        ("zzz", 2),
        ("\ud800", 2),
        ("数", 2),
        ("2026\ud800", 2),
        ("20261127", 1),
        ("20261127T\ud800", 2),
        ("9" * 5000, 2),
    ),
    *(("%", 0), ("\0", 0), ("2026", 0), ("2026\0", 0), ("' OR 1=1 --", 0), (" " * 5000, 0)),
)


def test_what_is_no_id_is_above_or_below_each(store: Store) -> None:
    store.add([kept(), kept(NOON - DAY)])
    for before, expected in BEFORE:
        assert len(store.find(Query(), limit=9, before=before)) == expected, before[:20]


def test_an_id_with_something_behind_it_is_above_it(store: Store) -> None:
    store.add([record := kept()])
    assert store.find(Query(), limit=9, before=record.id) == []
    for behind in ("\0", "0", "\ud800"):
        assert store.find(Query(), limit=9, before=record.id + behind) == [record]


NO_IDS = (
    *("", "../..", "../../etc/passwd", "%", "20261127", "20261127T120000123456-../../../../x", "x" * 100_000),
    *("20261127T120000123456-00000000000g", "２０２６１１２７T120000123456-000000000000", "\0", "\ud800", "' OR 1=1"),
    *("../..227T120000123456-000000000000", "99999999T999999999999-ffffffffffff", "00000000T000000000000-000000000000"),
)


def test_what_is_no_id_is_nobody_s(store: Store) -> None:
    store.add([kept()])
    for identity in NO_IDS:
        assert store.get(identity) is None, identity[:20]


def test_what_is_added_again_is_there_once(store: Store, place: str) -> None:
    records = [*many(5)]
    store.add(records)
    store.add([*records, records[0], kept(NOON - DAY)])
    with open_store(place) as other:
        other.add(records[:3])
    assert len(store.find(Query(), limit=100)) == 6
    assert len([*store.read()]) == 6
    assert store.get(records[0].id) == records[0]


def test_what_is_added_again_changes_nothing_in_a_database(store: Store) -> None:
    if isinstance(store, Database):
        store.add([record := kept()])
        store.add([msgspec.structs.replace(record, result=Result.OK, rules=())])
        assert [*store.read()] == [record]


def test_threads_can_write_and_read_at_the_same_time(store: Store, place: str) -> None:
    records = [*many(200, step=timedelta(milliseconds=1))]

    def add(number: int) -> None:
        with open_store(place) as own:
            for begin in range(number * 25, number * 25 + 25, 5):
                (own if number % 2 else store).add([*records[begin : begin + 5], records[0]])
                assert store.find(Query(), limit=3)

    with ThreadPoolExecutor(8) as pool:
        [*pool.map(add, range(8))]
    assert store.find(Query(), limit=1000) == newest(records)


WRITER = """
import sys
from datetime import timedelta
from extension.stores.opening import open_store
from tests.verdicts import NOON, kept
place, number = sys.stdin.readline().strip(), int(sys.argv[1])
with open_store(place) as store:
    for step in range(20):
        at = NOON + timedelta(seconds=step)
        store.add([kept(at, thread=str(number), id=f"{at:%Y%m%dT%H%M%S%f}-{number:012x}") for _ in range(2)])
"""


def python(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Python of its own."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)  # noqa: S603  this Python


def test_processes_can_make_the_store_and_write_at_the_same_time(store: Store, place: str) -> None:
    writers = [python(WRITER, number) for number in range(2)]
    for writer in writers:
        assert writer.stdin
        writer.stdin.write(f"{place}\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0, 0]
    found = store.find(Query(), limit=1000)
    assert len(found) == 40
    assert {record.thread for record in found} == {"0", "1"}


def test_a_purge_removes_the_days_before(store: Store) -> None:
    old, young = [*many(3, NOON - 40 * DAY), *many(2, NOON - 31 * DAY)], [*many(2, NOON - 30 * DAY), kept()]
    store.add([*old, *young])
    removed = store.purge((NOON - 30 * DAY).date())
    assert removed == (5 if isinstance(store, Database) else 2)
    assert store.purge((NOON - 30 * DAY).date()) == 0
    assert store.find(Query(), limit=10) == newest(young)
    store.add(old[:1])
    assert len([*store.read()]) == 4


def test_a_store_that_was_purged_by_another_goes_on(store: Store, place: str) -> None:
    store.add([kept(NOON - DAY)])
    with open_store(place) as other:
        other.purge(NOON.date())
    store.add([record := kept(NOON - DAY)])
    assert [*store.read()] == [record]


INJECTIONS = (
    *("' OR '1'='1", '" OR ""="', "'; DROP TABLE verdicts; --", "\\'; DROP TABLE verdicts; --", "%' OR 1=1 #", "*/1/*"),
    *(
        "$$; drop table verdicts; $$",
        "{0}",
        "%s",
        "%(id)s",
        ":id",
        "?",
        "\\",
        "%",
        "_",
        "\0",
        "\ud800",
        "a\0b",
        "x" * 9999,
    ),
)


def test_filters_are_texts_and_nothing_else(store: Store) -> None:
    store.add([record := kept()])
    for field in ("code", "rule", "workspace", "operator", "message_id", "thread"):
        for text in INJECTIONS:
            assert store.find(with_text(field, text), limit=9) == [], (field, text[:20])
    assert store.find(Query(), limit=9) == [record]


def test_ten_thousand_records_are_searched_soon(store: Store, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    records = [*many(10_000, NOON.replace(hour=0), timedelta(seconds=8))]
    rare = {record.id: place % 1000 == 0 for place, record in enumerate(records)}
    records = [
        msgspec.structs.replace(record, rules=("rare", "bulk-download") if rare[record.id] else ("bulk-download",))
        for record in records
    ]
    times: dict[str, float] = {}

    def timed(what: str, work: Callable[[], int]) -> int:
        begun = time.perf_counter()
        found = work()
        times[what] = time.perf_counter() - begun
        return found

    def add() -> int:
        for begin in range(0, len(records), 500):
            store.add(records[begin : begin + 500])
        return 0

    timed("add", add)
    assert timed("list", lambda: len(store.find(Query(), limit=50))) == 50
    assert timed("page", lambda: len(store.find(Query(), limit=50, before=records[5000].id))) == 50
    assert timed("rule", lambda: len(store.find(Query(rule="rare"), limit=50))) == 10
    assert timed("thread", lambda: len(store.find(Query(thread="none"), limit=50))) == 0
    assert timed("get", lambda: store.get(records[7].id) == records[7])
    assert timed("read", lambda: sum(1 for _ in store.read())) == 10_000
    assert timed("purge", lambda: store.purge(date.max)) > 0
    with capsys.disabled():
        said = ", ".join(f"{what} {seconds:.2f} s" for what, seconds in times.items())
        print(f"\n10,000 records in {place.partition(':')[0].rpartition('/')[2]}: {said}")  # noqa: T201  for whoever looks at it; the machine may be busy


@pytest.mark.parametrize("name", ["verdicts", "sqlite:///{}/verdicts.db"])
def test_reading_takes_little_memory(name: str, tmp_path: Path) -> None:
    place = name.format(tmp_path) if "{" in name else f"{tmp_path}/{name}"
    with open_store(place) as store:
        store.add([*many(2000, data={"fileName": "x" * 8000})])
    with open_store(place) as store:
        tracemalloc.start()
        try:
            assert sum(1 for _ in store.read()) == 2000
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 8_000_000  # of 16 MB


# opening


@pytest.mark.parametrize(
    "place",
    [
        *(
            "",
            "  ",
            "a\0b",
            "sqlite:",
            "sqlite://",
            "sqlite:///:memory:",
            "sqlite:verdicts.db",
            "oracle://u:s3cret@h/d",
        ),
        *("postgresql://u:s3cret@h:port/d", "mariadb://u:s3cret@[::1/d", "postgresql+nope://u:s3cret@h/d", "oss://b/x"),
        *("http://u:s3cret@h", "postgresql:u:s3cret", "PostgreSQL+://u:s3cret@h", "://u:s3cret@h"),
        *(
            "file:///verdicts",
            "mssql+pyodbc://u:s3cret@h/d",
            "sqlite+x;y://s3cret",
        ),
    ],
)
def test_a_place_that_is_none_is_said_without_its_password(place: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        open_store(place)
    assert raised.value.variable == "EXTENSION_RECORDS"
    assert "s3cret" not in f"{raised.value}{raised.value.__cause__}"


@pytest.mark.parametrize("place", ["postgresql+psycopg2://u:s3cret@h/d", "mysql+mysqldb://u:s3cret@h/d"])
def test_a_driver_that_is_named_is_taken_and_may_not_be_there(place: str) -> None:
    with pytest.raises(ConfigurationError, match=r"requirements-service\.txt"):
        open_store(place)


def test_without_sqlalchemy_a_database_is_refused_and_a_folder_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "extension.stores.database", None)
    with pytest.raises(ConfigurationError, match=r"requirements-service\.txt"):
        open_store(f"sqlite:///{tmp_path}/verdicts.db")
    with open_store(f"{tmp_path}") as store:
        store.add([record := kept()])
        assert [*store.read()] == [record]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("sqlite:///x.db", "sqlite+pysqlite"),
        ("SQLITE:///x.db", "sqlite+pysqlite"),
        ("postgresql://u:p@h/d", "postgresql+psycopg"),
        ("postgresql+psycopg://u:p@h/d?connect_timeout=9", "postgresql+psycopg"),
        ("mysql://u:p@h/d", "mysql+pymysql"),
        ("mariadb://u:p@h/d", "mariadb+pymysql"),
    ],
)
def test_a_scheme_stands_for_a_driver(place: str, expected: str) -> None:
    store = open_store(place)
    assert isinstance(store, Database)
    dialect = store._engine.dialect
    assert f"{store._engine.url.get_backend_name()}+{dialect.driver}" == expected


# databases


def test_a_server_that_stops_is_an_error_in_seconds_and_none_when_it_is_back(
    request: pytest.FixtureRequest, subtests: pytest.Subtests
) -> None:
    for kind in ("postgresql", "mariadb"):
        with subtests.test(kind):
            server: Server = request.getfixturevalue(kind)
            with open_store(emptied(server)) as store:
                store.add([first := kept()])
                server.stop()
                for work in (
                    lambda: store.add([kept()]),
                    lambda: store.find(Query(), limit=1),
                    lambda: store.get(first.id),
                ):
                    begun = time.monotonic()
                    with pytest.raises(StoreError, match="does not answer") as raised:
                        work()
                    assert time.monotonic() - begun < 5
                    assert not leaks(raised.value, server)
                server.start()
                store.add([second := kept()])
                assert store.find(Query(), limit=9) == newest([first, second])


def leaks(error: BaseException, server: Server) -> bool:
    """Whether an error, or one behind it, says anything of where the database is, or of what goes there."""
    assert error.__suppress_context__
    assert error.__cause__ is None
    said = f"{error} {error!r} {error.args}"
    return any(secret in said for secret in (PASSWORD, server.url(), str(server.port), "keeper", "149318", "INSERT"))


def test_a_wrong_password_is_refused_and_said_nowhere(
    request: pytest.FixtureRequest, subtests: pytest.Subtests
) -> None:
    for kind in ("postgresql", "mariadb"):
        with subtests.test(kind):
            server: Server = request.getfixturevalue(kind)
            with open_store(server.url("wr0ng")) as store, pytest.raises(StoreError, match="password") as raised:
                store.add([kept()])
            assert "wr0ng" not in str(raised.value)
            assert not leaks(raised.value, server)


def test_a_server_that_hangs_is_an_error_when_the_time_is_up(mariadb: Server) -> None:
    with open_store(f"{emptied(mariadb)}?read_timeout=1") as store:
        store.add([kept()])
        assert mariadb._process
        mariadb._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, mariadb._process.pid, os.WSTOPPED)  # until then a thread of it may answer
        try:
            begun = time.monotonic()
            with pytest.raises(StoreError, match=r"in time|closed the connection"):
                store.find(Query(), limit=1)
            assert time.monotonic() - begun < 8
        finally:
            mariadb._process.send_signal(signal.SIGCONT)
        assert len(store.find(Query(), limit=9)) == 1


@pytest.mark.parametrize(
    "place", ["postgresql://u:s3cret@127.0.0.1:1/d", "mariadb://u:s3cret@127.0.0.1:1/d", "sqlite:////nowhere/s3cret.db"]
)
def test_a_database_that_is_not_there_is_said_without_its_url(place: str) -> None:
    with open_store(place) as store, pytest.raises(StoreError) as raised:
        store.find(Query(), limit=1)
    assert "does not answer" in str(raised.value) or "cannot be opened" in str(raised.value)
    assert "s3cret" not in str(raised.value)
    assert raised.value.__suppress_context__


@pytest.mark.parametrize(
    "place", ["mariadb://u:s3cret@127.0.0.1:1/d?nope=1", "postgresql://u:s3cret@127.0.0.1:1/d?nope=1"]
)
def test_an_option_that_no_driver_knows_is_an_error_of_the_store(place: str) -> None:
    with open_store(place) as store, pytest.raises(StoreError) as raised:
        store.add([kept()])
    assert "s3cret" not in str(raised.value)


def test_a_file_that_is_no_database_and_one_of_somebody_else_are_errors(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database " * 1000, encoding="utf-8")
    with open_store(f"sqlite:///{tmp_path}/text.db") as store, pytest.raises(StoreError, match="is no database"):
        store.add([kept()])
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE verdicts (id TEXT)")
    other.close()
    with open_store(f"sqlite:///{tmp_path}/other.db") as store, pytest.raises(StoreError, match="OperationalError"):
        store.add([kept()])


def test_a_database_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    with (
        open_store(f"sqlite:///file:{tmp_path}/empty.db?mode=ro&uri=true") as store,
        pytest.raises(StoreError, match="read-only"),
    ):
        store.add([kept()])


def test_a_table_that_another_makes_meanwhile_is_taken(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path}/verdicts.db"
    other = sqlite3.connect(tmp_path / "verdicts.db", isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("BEGIN IMMEDIATE")
    engine = sa.create_engine(place)
    other.execute(str(sa.schema.CreateTable(VERDICTS).compile(engine)))
    with open_store(place) as store, ThreadPoolExecutor(1) as pool:
        adding = pool.submit(store.add, [kept()])
        time.sleep(0.3)
        other.execute("COMMIT")
        adding.result()
        assert len([*store.read()]) == 1
    other.close()
    engine.dispose()


def test_rows_that_hold_no_record_are_passed_by(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/verdicts.db") as store:
        assert isinstance(store, Database)
        records = [*many(10)]
        store.add(records)
        with store._engine.begin() as connection:
            for record, body in zip(records, ("{", "", "null", '{"id": 1}', records[9]), strict=False):
                text = body if isinstance(body, str) else msgspec.json.encode(body).decode()
                connection.execute(VERDICTS.update().where(VERDICTS.c.id == record.id).values(body=text))
        assert store.get(records[0].id) is None
        assert store.find(Query(), limit=6, before=records[6].id) == newest(records[5:6])
        assert [*store.read()] == records[5:]
        assert store.find(Query(), limit=2, before=records[3].id) == []
        assert store.skipped == 1 + 5 + 5 + 3


def test_a_batch_is_inserted_all_or_none(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/verdicts.db") as store:
        assert isinstance(store, Database)
        long = [*many(5, data={"fileName": "x" * 700_000})]
        store.add([*long, *many(250, NOON + DAY)])
        assert sum(1 for _ in store.read()) == 255
        spoiled = msgspec.structs.replace(kept(NOON + 9 * DAY), code=None)
        with pytest.raises(StoreError, match="IntegrityError"):
            store.add([*many(150, NOON + 2 * DAY), spoiled])
        assert sum(1 for _ in store.read()) == 255


def test_many_are_purged_some_at_a_time(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/verdicts.db") as store:
        store.add([*many(4500, step=MICROSECOND), kept(NOON + DAY)])
        assert store.purge((NOON + DAY).date()) == 4500
        assert len([*store.read()]) == 1


# the folder


def files(path: Path) -> list[Path]:
    """What a folder has written."""
    return sorted(path.glob("*/*.jsonl"))


def test_a_writer_has_files_of_its_own_one_for_each_day(tmp_path: Path) -> None:
    one, two = Folder(tmp_path), Folder(tmp_path)
    for _ in range(3):
        one.add([kept()])
        two.add([kept()])
    one.add([kept(NOON + DAY)])
    assert [file.parent.name for file in files(tmp_path)] == ["2026-11-27", "2026-11-27", "2026-11-28"]
    assert len([*one.read()]) == 7


def test_a_file_that_is_full_is_left(tmp_path: Path) -> None:
    store = Folder(tmp_path, max_file_bytes=10_000)
    records = [*many(100)]
    for begin in range(0, 100, 2):
        store.add(records[begin : begin + 2])
    assert len(files(tmp_path)) > 5
    assert all(file.stat().st_size < 20_000 for file in files(tmp_path))
    assert store.find(Query(), limit=100) == newest(records)


def test_more_files_than_are_kept_open_are_read(tmp_path: Path) -> None:
    store = Folder(tmp_path, max_file_bytes=1)
    records = [*many(folder._MOST_OPEN + 6)]
    for record in records:
        store.add([record])
    assert len(files(tmp_path)) == len(records)
    assert store.find(Query(), limit=100) == newest(records)


def test_a_file_that_is_not_as_it_was_left_is_left_alone(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    store.add([first := kept()])
    (file,) = files(tmp_path)
    with file.open("ab") as content:
        content.write(b'{"id":"half')
    store.add([second := kept()])
    assert len(files(tmp_path)) == 2
    assert file.read_bytes().endswith(b'{"id":"half')
    assert newest([*store.read()]) == newest([first, second])
    assert store.skipped == 1


def test_a_file_in_whose_place_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    store = Folder(tmp_path / "a")
    store.add([kept()])
    (file,) = files(tmp_path / "a")
    victim = tmp_path / "victim"
    victim.write_bytes(file.read_bytes())
    file.unlink()
    file.symlink_to(victim)
    before = victim.read_bytes()
    with pytest.raises(StoreError, match="cannot be written"):
        store.add([kept()])
    store.add([record := kept()])
    assert victim.read_bytes() == before
    assert [*store.read()] == [record]


DAMAGED = (
    *(b"\n", b"{}\n", b"null\n", b"{\n", b"\xff\xfe\n", b"\0" * 100 + b"\n", b'{"id":"../../x"}\n'),
    *(b'{"id":"20261127T120000123456-0000000000', b'{"id":"20261127T120000123456-zzzzzzzzzzzz"}\n'),
)


def test_damaged_lines_are_passed_by_and_counted(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    records = [*many(9)]
    for record, damage in zip(records, DAMAGED, strict=True):
        store.add([record])
        file = next(each for each in files(tmp_path) if record.id.encode() in each.read_bytes())
        with file.open("ab") as content:
            content.write(damage)
    assert newest([*store.read()]) == newest(records)
    assert store.skipped == len(DAMAGED)
    assert store.find(Query(), limit=100) == newest(records)
    assert [store.get(record.id) for record in records] == records


def test_a_line_is_as_long_as_the_record_and_no_part_of_it_counts(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    records = [*many(3)]
    store.add(records)
    (file,) = files(tmp_path)
    content = file.read_bytes()
    ends = content.index(b"\n") + 1
    for cut in (1, 5, 30, 45, ends // 2, ends - 2, ends - 1):
        file.write_bytes(content[:-cut])
        assert [*store.read()] == records[:2]
        file.write_bytes(content[:cut] + b"\n" + content[ends:])
        assert [*store.read()] == (records if cut == ends - 1 else records[1:])
    file.write_bytes(content[:ends].replace(b'"result":"', b'"result":"x') + content)
    assert store.find(Query(), limit=9) == newest(records)  # one of two copies is damaged
    assert store.get(records[0].id) == records[0]
    file.write_bytes(content[: ends - 1] + b"x" * (2 * folder.MAX_LINE_BYTES) + content[ends:])
    assert [*store.read()] == records[1:] or [*store.read()] == records[2:]


def test_a_record_under_the_id_of_another_is_none(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    store.add([record := kept()])
    (file,) = files(tmp_path)
    line = file.read_bytes()
    file.write_bytes(line.replace(b"{", b'{"id":"20261127T999999999999-000000000000",', 1) + line)
    assert [*store.read()] == [record]
    assert store.skipped == 1


def test_what_is_not_of_the_form_is_neither_read_nor_removed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    store = Folder(tmp_path / "verdicts")
    store.add([kept(), kept(NOON - DAY)])
    today, yesterday = sorted((tmp_path / "verdicts").iterdir(), reverse=True)
    (line,) = [file.read_bytes() for file in today.iterdir()]
    foreign = [
        today.parent / "README.txt",
        today / "notes.jsonl",
        today / ("0" * 16 + ".json"),
        outside / ("0" * 16 + ".jsonl"),
    ]
    for file in foreign:
        file.write_bytes(line)
    for name in ("2026-11-2", "2026-13-01", "2026-11-20"):
        (today.parent / name).mkdir()
    (today / ("1" * 16 + ".jsonl")).symlink_to(foreign[3])
    (today / ("2" * 16 + ".jsonl")).mkdir()
    (today.parent / "2026-11-01").symlink_to(outside)
    (today.parent / "2026-11-02").write_text("a file", encoding="utf-8")
    assert len([*store.read()]) == 2
    assert store.skipped == 9
    assert store.purge(date.max) == 2
    assert all(file.exists() for file in foreign)
    assert not yesterday.exists()
    assert not (today.parent / "2026-11-20").exists()
    left = {path.name for path in today.parent.iterdir()}
    assert left == {"README.txt", "2026-11-2", "2026-13-01", "2026-11-01", "2026-11-02", today.name}


@pytest.mark.parametrize("kind", ["file", "loop", "long"])
def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ("x" * 300 if kind == "long" else "verdicts")
    if kind == "file":
        path.write_text("a file", encoding="utf-8")
    elif kind == "loop":
        path.symlink_to(path)
    store = Folder(path)
    for work in (lambda: store.find(Query(), limit=1), lambda: [*store.read()], lambda: store.purge(date.max)):
        with pytest.raises(StoreError, match="cannot be read"):
            work()
    with pytest.raises(StoreError, match="cannot be written"):
        store.add([kept()])


def test_what_is_removed_while_it_is_read_is_passed_by_and_what_fails_is_said(tmp_path: Path) -> None:
    store = Folder(tmp_path, max_file_bytes=1)
    store.add([kept()])
    store.add([kept()])
    reading = store.read()
    next(reading)
    for file in files(tmp_path):
        file.unlink()
    assert [*reading] == []
    with folder._Handles() as handles:
        assert handles.line((tmp_path / "gone", 0)) == b""
    with pytest.raises(IsADirectoryError), folder._opened(tmp_path):
        pass


def test_a_mount_that_knows_no_fsync_is_taken_and_one_that_fails_is_not() -> None:
    reading, writing = os.pipe()
    folder._sync(writing)
    os.close(reading)
    os.close(writing)
    with pytest.raises(OSError, match="Bad file descriptor"):
        folder._sync(writing)


KILLED = """
import sys
from datetime import timedelta
from pathlib import Path
from extension.stores.folder import Folder
from tests.verdicts import NOON, kept
store = Folder(Path(sys.argv[1]), max_file_bytes=300_000)
number = 0
while True:
    batch = [kept(NOON + timedelta(seconds=number + step)) for step in range(7)]
    store.add(batch)
    number += 7
    print(*(record.id for record in batch), flush=True)
"""


def test_a_writer_that_is_killed_loses_nothing_that_it_has_acknowledged(tmp_path: Path) -> None:
    for delay_s in (0.05, 0.11, 0.23):
        writer = python(KILLED, tmp_path)
        assert writer.stdout
        acknowledged = writer.stdout.readline().split()
        time.sleep(delay_s)
        writer.kill()
        rest, _ = writer.communicate()
        acknowledged += [
            name for line in rest.splitlines(keepends=True) if line.endswith("\n") for name in line.split()
        ]
        read = {record.id: record for record in Folder(tmp_path).read()}
        assert set(acknowledged) <= set(read)
        assert len(acknowledged) > 7


FULL = """
import resource, signal, sys
from pathlib import Path
from extension.errors import StoreError
from extension.stores.folder import Folder
from tests.verdicts import kept
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
store = Folder(Path(sys.argv[1]))
for _ in range(20):
    record = kept()
    try:
        store.add([record])
        print(record.id)
    except StoreError as error:
        print(error)
try:
    store.add([kept() for _ in range(20)])
except StoreError as error:
    print(error)
"""


def test_a_disk_that_is_full_is_an_error_and_spoils_nothing(tmp_path: Path) -> None:
    writer = python(FULL, tmp_path)
    said, _ = writer.communicate(timeout=30)
    assert writer.returncode == 0
    errors = [line for line in said.splitlines() if "-" not in line]
    assert set(errors) == {"the folder of records cannot be written: file too large"}
    acknowledged = [line for line in said.splitlines() if "-" in line]
    assert len(acknowledged) > 10
    store = Folder(tmp_path)
    assert set(acknowledged) <= {record.id for record in store.read()}
    assert store.skipped > 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # from Python 3.12 on
def test_a_process_that_was_forked_writes_files_of_its_own(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    store.add([kept()])
    child = os.fork()
    if child == 0:
        try:
            store.add([kept(NOON + MICROSECOND)])
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    store.add([kept(NOON + 2 * MICROSECOND)])
    assert len(files(tmp_path)) == 2
    assert len([*store.read()]) == 3
    store._pid = child  # as it is to the child
    store.add([kept(NOON + 3 * MICROSECOND)])
    assert len(files(tmp_path)) == 3


# the servers


class Absent(PostgreSQL):
    """A server that is not installed."""

    def make(self) -> None:
        program("no-such-server")


def test_without_a_server_its_tests_are_skipped_or_fail_where_all_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-server is not installed"):
        next(running(Absent))
    monkeypatch.setenv("REQUIRE_ALL", "1")
    with pytest.raises(MissingServerError):
        next(running(Absent))


def test_a_folder_that_another_s_purge_takes_away_in_between_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its making and the file in it."""
    record, make, made = kept(), Path.mkdir, list[Path]()

    def mkdir(self: Path, *rest: Any, **more: Any) -> None:  # noqa: ANN401  as of Path
        make(self, *rest, **more)
        made.append(self)
        if len(made) == 1:
            self.rmdir()

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with Folder(tmp_path / "verdicts") as store:
        store.add([record])
        assert store.get(record.id) == record
    assert len(made) >= 2
