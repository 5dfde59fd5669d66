"""Tables of commands, by their words."""

import pytest

from extension.sql.facts import Engine
from extension.sql.tables import by_words
from extension.sql.words import clean, words


@pytest.mark.parametrize(
    ("text", "read", "written"),
    [
        ("desc hr.a", "hr.a", ""),
        ("describe extended hr.a partition (b = 'c') d", "hr.a", ""),
        ("desc table a", "a", ""),
        ("desc history a", "a", ""),
        ("desc history", "history", ""),
        ("desc users", "users", ""),
        ("desc role", "role", ""),
        ("desc schema partition (a = 1)", "schema", ""),
        ("desc function f", "", ""),
        ("desc instance 2024", "", ""),
        ("explain hr.a", "hr.a", ""),
        ("explain format = json table a", "a", ""),
        ("explain analyze update a set b = 1", "", "a"),
        ("explain (analyze) delete from a", "", "a"),
        ("show create table hr.a", "hr.a", ""),
        ("show create view a", "a", ""),
        ("show partitions hr.a (b = 1)", "hr.a", ""),
        ("show tables", "", ""),
        ("show tables in hr like 'a*'", "", ""),
        ("show table extended like 'a'", "", ""),
        ("show full columns from a from hr", "a", ""),
        ("show index in hr.a", "hr.a", ""),
        ("show history for table hr.a", "hr.a", ""),
        ("show history for tables", "", ""),
        ("show stats for hr.a", "hr.a", ""),
        ("show grants for a", "", ""),
        ("grant select, describe on table hr.a to user b", "", "hr.a"),
        ("grant select on hr.a, b to c", "", "hr.a b"),
        ("grant select (phone) on a to b", "", "a"),
        ("grant label 2 on table a(b) to user c", "", "a"),
        ("grant select on schema to c", "", "schema"),
        ("grant usage on schema hr to a", "", ""),
        ("grant select on all tables in schema hr to a", "", ""),
        ("grant all on hr.* to a", "", ""),
        ("grant admin to user a", "", ""),
        ("revoke select on table hr.a from user b", "", "hr.a"),
        ("add table hr.a partition (b = 1) as c -f", "hr.a", ""),
        ("add jar hr.a.jar", "", ""),
        ("clone table hr.a partition (b = 1) to c if exists overwrite", "hr.a", "c"),
        ("clone table a", "a", ""),
        ("copy hr.a (b, c) from stdin", "", "hr.a"),
        ("copy hr.a to stdout", "hr.a", ""),
        ("copy (select b from hr.a) to stdout", "hr.a", ""),
        ("load overwrite table hr.a partition (b = 1) from location 'c'", "", "hr.a"),
        ("load data local inpath 'a' overwrite into table b", "", "b"),
        ("load into a from location 'b'", "", "a"),
        ("load", "", ""),
        ("unload from hr.a partition (b = 1) into location 'c'", "hr.a", ""),
        ("unload from (select a from hr.b) into location 'c'", "hr.b", ""),
        ("unload from (hr.b) into location 'c'", "hr.b", ""),
        ("analyze table hr.a partition (b) compute statistics for columns (c, d)", "hr.a", ""),
        ("analyze a, b", "a b", ""),
        ("analyze (verbose) a (b)", "a", ""),
        ("analyze tables in hr compute statistics", "", ""),
        ("set label 2 to table hr.a(b)", "", "hr.a"),
        ("set a = b", "", ""),
        ("set label", "", ""),
        ("export table hr.a to 'b'", "hr.a", ""),
        ("export project", "", ""),
        ("import external table a from 'b'", "", "a"),
        ("msck repair table hr.a add partitions", "", "hr.a"),
        ("purge table a", "", "a"),
        ("purge all", "", ""),
        ("read hr.a (b, c) 10", "hr.a", ""),
        ("count hr.a partition (b = 1)", "hr.a", ""),
        ("count (select a from b)", "b", ""),
        ("use hr", "hr", ""),
        ("use schema hr", "hr", ""),
        ("use schema", "schema", ""),
        ("kill 2024", "", ""),
        ("list users", "", ""),
        ("whoami", "", ""),
        ("tunnel download hr.a ./b.csv", "hr.a", ""),
        ("tunnel download -h true -c utf8 hr.a/b=1 ./b.csv", "hr.a", ""),
        ("tunnel download -x hr.a b", "hr.a b", ""),
        ("tunnel d hr.a b -fd ','", "hr.a", ""),
        ("tunnel upload ./b.csv hr.a -fd ','", "", "hr.a"),
        ("tunnel upload b.csv a", "", "a"),
        ("tunnel us ./b.csv", "", ""),
        ("tunnel show history", "", ""),
        ("tunnel", "", ""),
    ],
)
def test_a_command_has_its_tables_in_places_of_its_own(text: str, read: str, written: str) -> None:
    found = by_words(words(clean(text, Engine.MAXCOMPUTE).text)).tables
    assert " ".join(".".join(each.parts) for each in found if not each.written) == read
    assert " ".join(".".join(each.parts) for each in found if each.written) == written


@pytest.mark.parametrize("text", ["desc a(b)", "grant label 2 on table a(b) to c", "show functions(a)"])
def test_a_command_calls_nothing(text: str) -> None:
    assert by_words(words(text)).calls == ()
