"""The words of a policy become sizes, names, networks and patterns, exactly; what is none of them is refused."""

import itertools
import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from random import Random
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from extension import settings
from extension.settings import (
    ANYTHING,
    ANYTHING_BUT_A_DOT,
    MAX_PATTERN_CHARS,
    ColumnNames,
    Count,
    Flag,
    Glob,
    Guids,
    Ids,
    Known,
    Listed,
    Named,
    Names,
    Networks,
    Nothing,
    Numbers,
    Pattern,
    Protected,
    Size,
    TableNames,
    Tables,
    WorkspaceIds,
    address,
    bytes_text,
    open_ended,
    parametric,
    plain,
)


def field(kind: Any) -> msgspec.structs.FieldInfo:  # noqa: ANN401  a setting type
    """A field of a settings struct, of this type."""
    (found,) = msgspec.structs.fields(msgspec.defstruct("Settings", [("field", kind)]))
    return found


def problem(reader: type[Size | Names | Networks | Pattern], value: object) -> str:
    """What `reader` has against `value`."""
    with pytest.raises(ValueError, match=r"^expected |did you mean ") as caught:
        reader.read(value)
    return str(caught.value)


# sizes


@pytest.mark.parametrize(
    ("written", "size", "text"),
    [
        (0, 0, "0 B"),
        (999, 999, "999 B"),
        (10_241_024, 10_241_024, "10,241,024 B"),
        ("0B", 0, "0 B"),
        ("1B", 1, "1 B"),
        ("1 B", 1, "1 B"),
        ("1kB", 1000, "1 kB"),
        ("1KB", 1000, "1 KB"),
        ("10MB", 10_000_000, "10 MB"),
        ("10 MB", 10_000_000, "10 MB"),
        ("3GB", 3_000_000_000, "3 GB"),
        ("2TB", 2_000_000_000_000, "2 TB"),
        ("1KiB", 1024, "1 KiB"),
        ("1MiB", 1_048_576, "1 MiB"),
        ("1GiB", 1_073_741_824, "1 GiB"),
        ("1TiB", 1_099_511_627_776, "1 TiB"),
        ("1.5KiB", 1536, "1.5 KiB"),
        ("0.5MB", 500_000, "0.5 MB"),
        ("1.50 GB", 1_500_000_000, "1.50 GB"),
        ("0.001kB", 1, "0.001 kB"),
        ("0.000000001GB", 1, "0.000000001 GB"),
        ("4.35GB", 4_350_000_000, "4.35 GB"),
        ("1.1TB", 1_100_000_000_000, "1.1 TB"),
        ("1.000B", 1, "1.000 B"),
        ("999999999999999TiB", 999_999_999_999_999 * 1024**4, "999999999999999 TiB"),
    ],
)
def test_a_size_is_exact_and_reads_as_it_is_written(written: object, size: int, text: str) -> None:
    read = Size.read(written)
    assert read == size
    assert str(read) == f"{read}" == text


@pytest.mark.parametrize("written", ["0.3B", "1.5B", "0.0001kB", "1.0000000001MB", "0.1KiB", "0.000000001MB"])
def test_a_size_that_is_no_whole_number_of_bytes_is_refused(written: str) -> None:
    """A tenth of a KiB is 102.4 bytes; ten digits behind the point are more than a size needs."""
    assert problem(Size, written).startswith("expected ")


def test_the_error_of_a_fraction_of_a_byte_says_so() -> None:
    assert problem(Size, "0.1KiB") == "expected whole bytes, found '0.1KiB'"


@pytest.mark.parametrize(
    "written",
    [
        -1,
        1.0,
        True,
        None,
        [],
        {},
        "",
        "10",
        "MB",
        "-1MB",
        "+1MB",
        "1,000 B",
        "1_000B",
        "10  MB",
        " 10MB",
        "10MB ",
        "10MB\n",
        "10mb",
        "10m",
        "10M",
        "1kiB",
        "1PB",
        "1.MB",
        ".5MB",
        "1e3B",
        "１MB",
        "0x10B",
        "9999999999999999MB",
    ],
)
def test_what_is_no_size_is_refused(written: object) -> None:
    expected = f"expected bytes or a size such as 10MB or 1GiB, found {plain(written)}"
    assert problem(Size, written) == expected


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1001, "1 kB (1,001 B)"),
        (1010, "1.01 kB"),
        (1500, "1.5 kB"),
        (10_000_000, "10 MB"),
        (10_000_001, "10 MB (10,000,001 B)"),
        (10_241_024, "10.24 MB (10,241,024 B)"),
        (9_950_000_000, "9.95 GB"),
        (100_000_000_000, "100 GB"),
        (2_500_000_000_000, "2.5 TB"),
        (1_234_000_000_000_000, "1,234 TB"),
    ],
)
def test_bytes_are_written_for_readers(count: int, text: str) -> None:
    assert bytes_text(count) == text


def test_one_byte_above_a_limit_never_reads_like_the_limit() -> None:
    for limit in (1000, 10_000_000, 5_000_000_000, 7_000_000_000_000):
        assert bytes_text(limit) != bytes_text(limit + 1)
        assert f"({limit + 1:,} B)" in bytes_text(limit + 1)


# names


@pytest.mark.parametrize(
    ("name", "matching"),
    [
        ("dw_excel", "DW_Excel"),
        ("DW_EXCEL", "dw_excel"),
        ("STRASSE", "straße"),
        ("订单", "订单"),
        ("*", ""),
        ("*", "a\nb.c"),
        ("*_pii", "CRM_PII"),
        ("odps.*.tmp_*", "odps.sandbox.tmp_orders"),
        ("odps.*", "odps.a.b.c"),
        ("holo.*.scratch", "holo.a.b.scratch"),
        ("a?c", "abc"),
        ("a?c", "a.c"),
        ("a?c", "A订C"),
        ("??", "ab"),
        ("a[bc]", "a[bc]"),
        ("a[bc]*", "a[BC]d"),
        ("[!a]?", "[!a]b"),
        ("a*]", "a[x]"),
        ("a+b(c)|d$^\\", "a+b(c)|d$^\\"),
        ("a+b|*", "a+b|c"),
        (" a ", "a"),
    ],
)
def test_a_name_matches(name: str, matching: str) -> None:
    assert matching in Names.read([name])


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("dw_excel", "dw_excel2"),
        ("dw_excel", "xdw_excel"),
        ("dw_excel", ""),
        ("*_pii", "pii"),
        ("*_pii", "crm_pii_masked"),
        ("*_pii", "crm_pii\nx"),
        ("odps.*.tmp_*", "odps.tmp_orders"),
        ("odps.*", "odpsx.a"),
        ("a?c", "ac"),
        ("a?c", "abbc"),
        ("a[bc]*", "abx"),
        ("[!a]?", "bc"),
        ("a|b*", "a"),
        ("a.c*", "abc"),
    ],
)
def test_a_name_does_not_match(name: str, other: str) -> None:
    assert other not in Names.read([name])


def test_one_of_several_names_is_enough() -> None:
    names = Names.read(["exact", "first*", "*last", 4711])
    assert all(name in names for name in ("EXACT", "first one", "the last", "4711"))
    assert not any(name in names for name in ("exactly", "a first", "last one", "47110"))


def test_a_long_id_keeps_every_digit() -> None:
    assert "149318960375502187" in Names.read([149318960375502187])
    assert "149318960375502188" not in Names.read([149318960375502187])


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 400 + "*b", "a" * 100_000),
        ("*a" * 20 + "b", "a" * 100_000),
        ("?*" * 400 + "b", "a" * 100_000),
        ("*" * 999 + "b", "a" * 100_000),
        ("*a?a" * 200 + "*b", "a" * 100_000),
    ],
    ids=["many stars", "a star too many", "stars and questions", "stars only", "stars with gaps"],
)
def test_a_hostile_pattern_ends_at_once(pattern: str, text: str) -> None:
    names = Names.read([pattern])
    assert text not in names


def test_a_name_that_is_too_long_is_refused() -> None:
    name = "x" * (MAX_PATTERN_CHARS + 1)
    assert problem(Names, [name]) == f"expected names of at most 1000 characters, found {plain(name)} in it"


@pytest.mark.parametrize("value", [None, [], {}, "a", 5, True, ("a",)])
def test_what_is_no_list_of_names_is_refused(value: object) -> None:
    assert problem(Names, value) == f"expected a list with at least one name in it, found {plain(value)}"


@pytest.mark.parametrize("name", [None, True, 1.5, "", " \t", [], ["a"], {}])
def test_what_is_no_name_is_refused(name: object) -> None:
    assert problem(Names, ["a", name]) == f"expected a list of names (text) or ids, found {plain(name)} in it"


def test_a_name_of_the_longest_length_is_taken() -> None:
    assert "x" * MAX_PATTERN_CHARS in Names.read(["x" * MAX_PATTERN_CHARS])


class Engines(Known):
    """Names of a set, for the tests."""

    KNOWN = ("MaxCompute", "EMR Hive", "Hologres")


def test_names_of_a_set_are_compared_without_regard_to_what_stands_between_words() -> None:
    engines = Engines.read(["EMR Hive", "max_compute", "holo*"])
    assert all(
        name in engines for name in ("emr-hive", "EMRHive", "EMR _-HIVE", "MaxCompute", "MAX-COMPUTE", "Hologres")
    )
    assert not any(name in engines for name in ("EMR.Hive", "EMR", "Hive", "max", ""))
    assert "emr-hive" not in Names.read(["EMR Hive"])


@pytest.mark.parametrize("name", ["MaxComputer", "odps", "EMR.Hive", 7])
def test_a_name_that_is_not_of_the_set_is_refused(name: object) -> None:
    expected = f"expected MaxCompute, EMR Hive, Hologres, or a pattern with *, found {str(name)!r} in it"
    assert problem(Engines, [name]) == expected


def test_a_pattern_can_name_what_the_platform_adds_to_the_set() -> None:
    assert "StarRocks" in Engines.read(["star*"])


@pytest.mark.parametrize("name", ["zhangsan", "12a", "a*", "1.2"])
def test_a_login_name_is_no_id(name: str) -> None:
    assert problem(Ids, ["123", name]) == f"expected ids of users (digits), found {name!r} in it"


def test_ids_are_digits_or_patterns() -> None:
    ids = Ids.read([1234, "99*", "??"])
    assert all(one in ids for one in ("1234", "99887", "12"))
    assert "98" in ids
    assert "123" not in ids


@pytest.mark.parametrize("name", ["0001", "00", "01"])
def test_an_id_with_a_zero_in_front_would_never_match(name: str) -> None:
    assert problem(Ids, ["123", name]) == f"expected ids of users (digits, no zeros in front), found {name!r} in it"


def test_zero_alone_and_patterns_may_begin_with_a_zero() -> None:
    ids = Numbers.read(["0", "00*", "0?"])
    assert all(one in ids for one in ("0", "001", "05"))
    assert "10" not in ids


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ledger", ""),
        ("finance.ledger", "; did you mean odps.finance.ledger?"),
        ("hive.finance.ledger", ""),
        ("finance.*", "; did you mean odps.finance.*?"),
        ("odps.ledger", ""),
        ("odps", ""),
        ("odps.", ""),
        ("finance.", ""),
        (".ledger", ""),
    ],
)
def test_a_table_without_its_engine_or_project_is_no_guid(name: str, hint: str) -> None:
    expected = f"expected GUIDs such as odps.project.table or *.table, found {name!r} in it{hint}"
    assert problem(Guids, ["odps.a.b", name]) == expected


@pytest.mark.parametrize(
    ("name", "guid"),
    [
        ("odps.finance.ledger", "odps.finance.ledger"),
        ("ODPS.Finance.ledger", "odps.finance.ledger"),
        ("emr_hive.cluster.schema.table", "emr_hive.cluster.schema.table"),
        ("holo.instance.database", "holo.instance.database"),
        ("odps.fin*", "odps.finance.ledger"),
        ("odps.?", "odps.a"),
        ("*ledger", "odps.finance.ledger"),
        ("*.finance.ledger", "new.finance.ledger"),
        ("o???.a.b", "odps.a.b"),
    ],
)
def test_a_guid_has_an_engine_that_is_documented_or_a_pattern_in_its_place(name: str, guid: str) -> None:
    assert guid in Guids.read([name])


def test_a_table_of_an_exemption_has_any_name_but_a_bare_one() -> None:
    expected = "expected tables such as odps.project.table or *.table, found 'ledger' in it"
    assert problem(Tables, ["a.b", "ledger"]) == expected
    assert "shop.orders" in Tables.read(["shop.orders"])
    assert "orders" in Tables.read(["*orders"])


@pytest.mark.parametrize(
    "name",
    [
        "crm_ｐii",
        "crm_pii\u200b",
        "CRM_PII\u202e",
        "crm\u00ad_pii",
        "crm_pii\u200d",
        "crm_\u200cpii",
        "crm_pii\ufe0f",
        "crm_\x00pii",
    ],
)
def test_what_is_invisible_or_of_full_width_fools_nobody(name: str) -> None:
    assert name in Names.read(["*_pii"])
    assert name in Names.read(["crm_pii"])


# names of which something is open


@pytest.mark.parametrize(
    ("pattern", "name", "found"),
    [
        ("hr.*", "hr.\0", True),
        ("hr.*", "h\0", None),
        ("hr.*", "log_\0", False),
        ("hr.salary", "\0.salary", None),
        ("*.salary", "\0.salary", True),
        ("*.salary", "\0.salary2", False),
        ("**.salary", "\0.salary", True),
        ("?.salary", "\0.salary", None),
        ("*.salary", "shop.log_\0", None),
        ("*.salary", "shop.log_\1", False),
        ("shop.log_*", "shop.log_\1", True),
        ("shop.*.x", "shop.\1", False),
        ("shop.a?c", "shop.a\1", None),
        ("hr.salary", "\0", None),
        ("*", "\0", True),
        ("hr.salary", "hr.salary", True),
        ("hr.salary", "hr.salar", False),
        ("hr.salary", "hr.salary2", False),
        ("", "", True),
        ("", "\0", None),
        ("a*", "a" * (MAX_PATTERN_CHARS + 1), None),
    ],
)
def test_a_pattern_is_held_against_all_that_a_name_can_be(pattern: str, name: str, found: bool | None) -> None:
    assert Glob(pattern).match(name) is found


def spelled(name: str) -> Iterator[str]:
    """Names that a name with something open in it can be, with up to three signs for that."""
    words = ["".join(signs) for count in range(4) for signs in itertools.product("ab.", repeat=count)]
    closed = [word for word in words if "." not in word]
    parts = ({ANYTHING: words, ANYTHING_BUT_A_DOT: closed}.get(sign, [sign]) for sign in name)
    return map("".join, itertools.product(*parts))


def test_a_pattern_says_nothing_of_an_open_name_that_is_not_so() -> None:
    """By all names that it can be. Not to know is never wrong, but where nothing is open."""
    random, told = Random(4), 0  # noqa: S311  no secret
    signs = {"*": ".*", "?": "."}
    for _ in range(3000):
        pattern = "".join(random.choices("ab.*?", k=random.randint(0, 5)))
        name = "".join(random.choices("ab.\0\1", weights=(3, 3, 2, 1, 1), k=random.randint(0, 4)))
        if len(re.findall("[\0\1]", name)) > 2:
            continue
        expression = re.compile("".join(signs.get(sign, re.escape(sign)) for sign in pattern))
        found, matching = Glob(pattern).match(name), {bool(expression.fullmatch(each)) for each in spelled(name)}
        assert {found} == matching if name.isprintable() else found is None or {found} == matching
        told += found is not None
    assert told > 2000


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("hr.salary", True),
        ("HR.Salary", True),
        ("ｈｒ.salary", True),
        ("shop.orders", False),
        ("hr.pii.salary", True),  # with a schema
        ("finance.ledger", True),
        ("finance.ledger_2024", False),
        ("salary", None),
        ("ledger", None),
        ("orders", None),  # in hr, perhaps
        ("hr.log_${bizdate}", True),
        ("hr.${table}", None),  # it may be finance.orders, looked for in the project hr
        ("shop.log_${bizdate}", False),
        ("shop.log_$[yyyymmdd-1]", False),
        ("shop.log_@@[yyyy]", False),
        ("shop.log_${yyyymm}${dd}", False),
        ("shop.log_${bdp.system.bizdate}", False),
        ("shop.log_$bizdate", False),
        ("shop.log_${n}", False),
        ("shop.h${n}", None),  # h and r.salary
        ("shop.${table}", None),
        ("shop.${table}_di", None),
        ("${project}.orders", None),
        ("${project}.ledger", None),
        ("${table}", None),
        ("log_${bizdate}", None),
        ("$table", None),
        ("shop.default.log_${n}", False),
        ("finance.ledger${dag.input[0]}", None),
    ],
)
def test_a_table_is_one_of_those_that_are_listed_or_is_not_or_may_be(name: str, found: bool | None) -> None:
    assert TableNames.read(["hr.*", "finance.ledger"]).match(name) is found


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("salary", True),
        ("shop.salary", True),
        ("salary2", False),
        ("salary_${bizdate}", False),
        ("shop.salary_${bizdate}", False),
        ("shop.salary${suffix}", None),
        ("${project}.salary", True),
        ("shop.${table}", None),
    ],
)
def test_a_table_of_any_project_needs_none(name: str, found: bool | None) -> None:
    assert TableNames.read(["*.salary"]).match(name) is found


def test_a_table_that_is_in_the_list_whatever_its_project_is_in_it() -> None:
    assert TableNames.read(["*"]).match("${table}") is True
    assert TableNames.read(["hr.*", "*.salary"]).match("salary") is True


@pytest.mark.parametrize(
    ("name", "found"), [("max_pt", True), ("MAX_PT", True), ("max", False), ("max_${n}", None), ("m${n}", None)]
)
def test_any_name_may_be_open(name: str, found: bool | None) -> None:
    assert Names.read(["max_pt"]).match(name) is found


@pytest.mark.parametrize(
    ("names", "name", "which"),
    [
        (Names.read(["MAX_PT", "max_*"]), "Max_Pt", "max_pt"),
        (Names.read(["min", "MAX_*", "*"]), "max_by", "MAX_*"),
        (Names.read(["min", "m?n"]), "max", "…"),
        (Names.read(["ma*"]), "ma${x}", "ma*"),
        (Names.read(["*"]), "x" * 10_000, "…"),
        (TableNames.read(["HR.Users", "hr.*"]), "hr.users", "hr.users"),
        (TableNames.read(["lab.*", "HR.*"]), "hr.users", "HR.*"),
        (TableNames.read(["hr.*", "*.Users"]), "users", "*.Users"),
        (TableNames.read(["hr.users", "*.log_*"]), "${p}.log_${bizdate}", "*.log_*"),
        (TableNames.read(["hr.*"]), "users", "…"),
    ],
)
def test_a_name_is_told_by_what_of_the_list_it_is(names: Names, name: str, which: str) -> None:
    assert names.which(name) == which


@pytest.mark.parametrize(
    "name", ["a_${x}", "${a.b}", "$[yyyymmdd-1/24]", "@@[x]", "$bizdate", "x.$y.z", "${dag.input[0]}"]
)
def test_a_parameter_in_a_name_is_seen(name: str) -> None:
    assert parametric(name)


@pytest.mark.parametrize("name", ["a.b", "", "@a", "a$", "$", "${", "订单"])
def test_a_name_without_a_parameter_has_none(name: str) -> None:
    assert not parametric(name)
    assert not open_ended(name)


def test_a_date_is_no_open_end() -> None:
    assert open_ended("log_${n}_${bizdate}")
    assert not open_ended("log_${bizdate}")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("salary", "; did you mean *.salary?"),
        ("salar?", "; did you mean *.salar??"),
        ("salary*", "; did you mean *.salary*?"),
        ("s*y", "; did you mean *.s*y?"),
        ("odps.hr.salary", "; leave odps. out"),
        ("ODPS.hr.*", "; leave odps. out"),
        ("odps.*", "; leave odps. out"),
    ],
)
def test_a_table_of_sql_without_its_project_or_with_its_engine_would_never_match(name: str, hint: str) -> None:
    expected = f"expected tables such as project.table, project.* or *.table, found {name!r} in it{hint}"
    assert problem(TableNames, ["a.b", name]) == expected


def test_a_project_may_be_called_like_the_engine() -> None:
    assert TableNames.read(["odps.orders"]).match("odps.orders") is True
    assert ColumnNames.read(["odps.orders.id"]).holds("odps.orders", "id") is True


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("phone", "; did you mean *.phone?"),
        ("phone*", "; did you mean *.phone*?"),
        ("users.phone", "; did you mean *.users.phone?"),
        ("odps.hr.users.phone", "; leave odps. out"),
        ("odps.hr.*", "; leave odps. out"),
    ],
)
def test_a_column_of_sql_without_its_table_would_never_match(name: str, hint: str) -> None:
    such = "columns such as project.table.column, project.table.* or *.column"
    assert problem(ColumnNames, ["*.a", name]) == f"expected {such}, found {name!r} in it{hint}"


@pytest.mark.parametrize(
    ("pattern", "table", "column", "found"),
    [
        ("hr.users.phone", "hr.users", "phone", True),
        ("hr.users.phone", "HR.users", "PHONE", True),
        ("hr.users.phone", "hr.users", "phone2", False),
        ("hr.users.phone", "shop.users", "phone", False),
        ("hr.users.phone", "users", "phone", None),
        ("hr.users.phone", "users2", "phone", False),
        ("*.phone", "users", "phone", True),
        ("*.phone", "hr.users", "name", False),
        ("*phone*", "shop.phones", "id", True),  # the star does not stop at the dot
        ("hr.*", "hr.users", "id", True),
        ("hr.*", "users", "id", None),
        ("hr.users.phone", "hr.users", "${column}", None),
        ("hr.users.phone", "shop.users", "${column}", False),
        ("hr.users.phone", "hr.users", "${bizdate}", False),  # the date itself
        ("hr.users.phone", "hr.users", "phone_${bizdate}", False),
        ("hr.users.phone*", "hr.users", "phone_${bizdate}", True),
        ("hr.users.phone", "${project}.users", "phone", None),
        ("hr.users.phone", "shop.${table}", "phone", None),
    ],
)
def test_a_column_is_one_of_those_that_are_listed_or_is_not_or_may_be(
    pattern: str, table: str, column: str, found: bool | None
) -> None:
    assert ColumnNames.read([pattern]).holds(table, column) is found


@pytest.mark.parametrize(
    ("pattern", "table", "left"),
    [
        ("hr.users.phone", "hr.users", [("phone", True)]),
        ("hr.users.phone", "hr.users2", []),
        ("hr.users.phone", "users", [("phone", None)]),
        ("hr.users.*", "hr.users", [("*", True)]),
        ("hr.users.*_no", "hr.users", [("*_no", True)]),
        ("a.hr.users?phone", "a.hr.users", [("phone", True)]),
        ("*.phone", "shop.orders", [("phone", True)]),
        ("*phone", "shop.orders", [("*phone", True)]),
        ("*phone*", "shop.orders", [("*phone*", True)]),
        ("*phone*", "shop.phones", [("*phone*", True), ("*", True)]),
        ("hr.*", "hr.users", [("*", True)]),
        ("hr.*", "shop.users", []),
        ("*.users.phone", "hr.users", [("phone", True)]),
        ("h*.phone", "hr.users", [("phone", True)]),
        ("hr.users.phone", "shop.${table}", [("phone", None)]),
    ],
)
def test_what_is_listed_says_which_columns_a_table_can_have(
    pattern: str, table: str, left: list[tuple[str, bool | None]]
) -> None:
    assert list(ColumnNames.read([pattern]).over(table)) == [(pattern, *each) for each in left]


@pytest.mark.parametrize("kind", [TableNames, ColumnNames])
def test_the_schema_of_names_in_full_takes_what_is_read(kind: type[TableNames]) -> None:
    validator = Draft202012Validator(kind.schema())
    for name in ("a.b.c", "*", "*a", " *a", "*.b", "a.*", "a*.b", "hr.users.*"):
        assert validator.is_valid([name])
        kind.read([name])
    for name in ("a", "a?", "a*", ""):
        assert not validator.is_valid([name])


def test_a_list_of_many_stars_ends_at_once() -> None:
    names = TableNames.read(["*a" * 499, "*.a" * 300])
    assert names.match("${x}a" * 100) is None
    assert names.match("b" * 500) is False


# networks


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("192.0.2.128/25", "192.0.2.128", "192.0.2.127"),
        ("0.0.0.0/0", "255.255.255.255", "::1"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
        ("2001:DB8::1", "2001:db8::1", "2001:db8::2"),
        ("fd00::/8", "fdff::", "fc00::"),
    ],
)
def test_a_network_holds_its_addresses_and_no_other(network: str, inside: str, outside: str) -> None:
    networks = Networks.read([network])
    assert ip_address(inside) in networks
    assert ip_address(outside) not in networks


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (10**401, f"{10**389:,} TB"),
        (1999, "2 kB (1,999 B)"),
        (999_999, "1,000 kB (999,999 B)"),
        (1004, "1 kB (1,004 B)"),
        (1005, "1.01 kB (1,005 B)"),
        (1_004_999, "1 MB (1,004,999 B)"),
        (1_005_000, "1.01 MB (1,005,000 B)"),
    ],
)
def test_bytes_are_rounded_whatever_their_number(count: int, text: str) -> None:
    assert bytes_text(count) == text


def test_networks_of_both_kinds_stand_in_one_list() -> None:
    networks = Networks.read(["10.0.0.0/8", "fd00::/8"])
    assert IPv4Address("10.1.2.3") in networks
    assert IPv6Address("fd00::1") in networks
    assert IPv4Address("192.0.2.1") not in networks
    assert IPv6Address("::1") not in networks


@pytest.mark.parametrize("value", [None, [], {}, "10.0.0.0/8", 10])
def test_what_is_no_list_of_networks_is_refused(value: object) -> None:
    expected = f"expected a list of networks such as 10.0.0.0/8 or 2001:db8::/32, found {plain(value)}"
    assert problem(Networks, value) == expected


@pytest.mark.parametrize(
    "network",
    [
        *["", " 10.0.0.0/8", "10.0.0", "10.0.0.0/33", "10.0.0.256", "010.0.0.0/8", "::/129", "2001:zz::", "office"],
        *[10, None, True, ["10.0.0.0/8"]],
    ],
)
def test_what_is_no_network_is_refused(network: object) -> None:
    expected = f"expected networks such as 10.0.0.0/8 or 2001:db8::/32, found {plain(network)}"
    assert problem(Networks, ["10.0.0.0/8", network]) == expected


@pytest.mark.parametrize(("network", "meant"), [("10.0.0.1/8", "10.0.0.0/8"), ("2001:db8::1/32", "2001:db8::/32")])
def test_a_network_with_host_bits_is_refused(network: str, meant: str) -> None:
    assert problem(Networks, [network]) == f"{network} has host bits set; did you mean {meant}?"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.0.2.1", IPv4Address("192.0.2.1")),
        (" 192.0.2.1\n", IPv4Address("192.0.2.1")),
        ("2001:DB8::1", IPv6Address("2001:db8::1")),
        ("::ffff:192.0.2.1", IPv4Address("192.0.2.1")),
        ("::FFFF:c000:201", IPv4Address("192.0.2.1")),
        ("::192.0.2.1", IPv6Address("::192.0.2.1")),
        ("::ffff:0:192.0.2.1", IPv6Address("::ffff:0:192.0.2.1")),
        ("::", IPv6Address("::")),
    ],
)
def test_an_address_is_read(text: str, found: IPv4Address | IPv6Address) -> None:
    assert address(text) == found


def test_an_address_written_as_ipv6_is_in_its_ipv4_network() -> None:
    found = address("::ffff:10.1.2.3")
    assert found is not None
    assert found in Networks.read(["10.0.0.0/8"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "office",
        "10.0.0",
        "10.0.0.256",
        "010.0.0.1",
        "10.0.0.1/8",
        "10.0.0.1:80",
        "10.0.0.1, 10.0.0.2",
        "[::1]",
        ":::",
        "1",
        "１0.0.0.1",
        "10.0.0.1\0",
        "9" * 10_000,
    ],
)
def test_garbage_is_no_address(text: str) -> None:
    assert address(text) is None


# patterns


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a|ab", "ab"),
        ("DATA-[0-9]+_.*[.]csv", "DATA-42_订单.csv"),
        ("订单.", "订单明"),
        ("(?i)data", "DATA"),
        ("(?s).*", "a\nb"),
        (r"\p{Han}+", "订单"),
        ("a*", ""),
    ],
)
def test_a_pattern_matches(pattern: str, text: str) -> None:
    assert Pattern.read(pattern).matches(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a", "ab"),
        ("b", "ab"),
        ("a|b", "ab"),
        ("data", "DATA"),
        (".*", "a\nb"),
        ("a$", "a\n"),
        ("a", "a\n"),
        ("DATA-[0-9]+", "DATA-４２"),
    ],
)
def test_a_pattern_matches_nothing_less_than_the_whole(pattern: str, text: str) -> None:
    assert not Pattern.read(pattern).matches(text)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("max_pt", "select max_pt('t')", True),
        ("^select", "-- x\nselect", False),
        ("(?m)^select", "-- x\nselect", True),
        ("订单", "明细订单表", True),
        ("(?i)MAX", "max", True),
        ("b$", "ab\n", False),
        ("x", "", False),
    ],
)
def test_a_pattern_is_found_anywhere_in_a_text(pattern: str, text: str, found: bool) -> None:
    assert Pattern.read(pattern).found_in(text) is found


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(a*)*b", "(.*)*[.]csv", "(?:a?){500}a{500}b"])
def test_a_pattern_takes_time_that_is_linear_in_the_text(pattern: str) -> None:
    """Python's own expressions take longer for the first than the world will last."""
    compiled = Pattern.read(pattern)
    assert not compiled.matches("a" * 20_000 + "!")


def test_a_pattern_reads_as_it_is_written() -> None:
    assert str(Pattern.read("DATA-[0-9]+")) == "DATA-[0-9]+"


@pytest.mark.parametrize("value", [None, "", 5, True, ["a"], {}, "x" * (MAX_PATTERN_CHARS + 1)])
def test_what_is_no_text_is_no_pattern(value: object) -> None:
    assert problem(Pattern, value) == (
        f"expected a regular expression of at most {MAX_PATTERN_CHARS} characters, found {plain(value)}"
    )


def test_a_pattern_of_the_longest_length_is_taken() -> None:
    assert MAX_PATTERN_CHARS == 1000
    assert Pattern.read("x" * 1000).matches("x" * 1000)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "missing ): ("),
        ("a(?=b)", "invalid perl operator: (?="),
        ("(?<!a)b", "invalid perl operator: (?<"),
        (r"(a)\1", r"invalid escape sequence: \1"),
        ("a{1001}", "invalid repetition size: {1001}"),
        ("(订", "missing ): (订"),
    ],
)
def test_the_reason_against_a_pattern_is_re2s(pattern: str, reason: str) -> None:
    assert problem(Pattern, pattern).startswith(f"expected a regular expression (RE2 syntax): {reason}")


def test_a_bad_pattern_writes_nothing_to_the_console(capfd: pytest.CaptureFixture[str]) -> None:
    problem(Pattern, "(")
    assert capfd.readouterr() == ("", "")


# settings as a whole


def test_read_takes_the_type_with_a_reader_out_of_an_optional_one() -> None:
    assert isinstance(settings.read(field(Names | None), ["a"]), Names)
    assert isinstance(settings.read(field(Size), "1MB"), Size)
    assert settings.kind_of(field(Names | None)) is settings.kind_of(field(Names)) is Names


def test_null_is_not_the_same_as_left_out() -> None:
    """`deny:` with its list forgotten would otherwise allow everything."""
    with pytest.raises(ValueError, match="found nothing"):
        settings.read(field(Names | None), None)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("5", "'5': write digits only, without quotes"),
        ("1_000", "'1_000': write digits only, without quotes"),
        (5.0, "5.0"),
        (True, "true"),
        (-1, "-1"),
        (None, "nothing"),
        ([1], "a list"),
        ({}, "a mapping"),
    ],
)
def test_what_is_no_count_is_said_to_be_none(value: object, found: str) -> None:
    with pytest.raises(ValueError, match=r"^expected ") as caught:
        settings.read(field(Count), value)
    assert str(caught.value) == f"expected a whole number of at least 0, found {found}"


def test_a_count_is_shown_with_separators() -> None:
    assert str(settings.read(field(Count), 1234567)) == "1,234,567"
    assert settings.read(field(Count), 0) == 0


@pytest.mark.parametrize("value", [True, False])
def test_a_flag_is_true_or_false(value: bool) -> None:
    assert settings.read(field(Flag), value) == value


@pytest.mark.parametrize("value", ["true", "yes", 1, 0, None, []])
def test_what_is_neither_true_nor_false_is_no_flag(value: object) -> None:
    with pytest.raises(ValueError, match=r"^expected true or false, found ") as caught:
        settings.read(field(Flag), value)
    assert str(caught.value) == f"expected true or false, found {plain(value)}"


@pytest.mark.parametrize(
    ("kind", "what"), [(Ids, "ids of users"), (WorkspaceIds, "ids of workspaces"), (Numbers, "ids")]
)
def test_a_name_is_no_id_of_any_kind(kind: type[Numbers], what: str) -> None:
    assert problem(kind, [7, "x1"]) == f"expected {what} (digits), found 'x1' in it"
    assert "42" in kind.read(["4?"])


def test_a_check_without_settings_takes_none() -> None:
    assert msgspec.structs.fields(Nothing) == ()


# the console's options


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        (Count, 5, 5),
        (Count, "5", 5),
        (Count, " 5 ", 5),
        (Size, "10MB", 10_000_000),
        (Size, 7, 7),
        (Size, "7", 7),
        (Flag, True, 1),
        (Flag, "true", 1),
        (Flag, "False", 0),
    ],
)
def test_an_option_gives_a_number_or_flag_also_as_text(kind: type[int], value: object, found: int) -> None:
    read = settings.offered(field(kind), value)
    assert (type(read), read) == (kind, found)


@pytest.mark.parametrize(
    "value",
    [
        ["12", "34"],
        [12, 34],
        "12,34",
        "12, 34,",
        "12，34",
        "12;34",
        "12；34",
        "12、34",
        "12\n34\n",
        '["12", "34"]',
        " [12,34] ",
    ],
)
def test_an_option_gives_a_list_also_as_text(value: object) -> None:
    assert settings.offered(field(Ids | None), value).names == ("12", "34")


@pytest.mark.parametrize("value", ["12", ["12"], "[12]", 12])
def test_an_option_gives_a_list_of_one(value: object) -> None:
    assert settings.offered(field(Ids), value).names == ("12",)


def test_an_option_that_is_text_stays_as_it_is() -> None:
    assert settings.offered(field(Pattern), "a,b").pattern == "a,b"
    assert settings.offered(field(Pattern), "5").pattern == "5"
    assert settings.offered(field(Names), "true").names == ("true",)


@pytest.mark.parametrize(
    ("kind", "value", "error"),
    [
        (Count, "many", "expected a whole number of at least 0, found 'many': write digits only, without quotes"),
        (Count, "5,6", "expected a whole number of at least 0, found '5,6': write digits only, without quotes"),
        (Count, "true", "expected a whole number of at least 0, found true"),
        (Count, True, "expected a whole number of at least 0, found true"),
        (Count, ["5"], "expected a whole number of at least 0, found a list"),
        (
            Count,
            "9" * 19,
            f"expected a whole number of at least 0, found '{'9' * 19}': write digits only, without quotes",
        ),
        (Flag, "yes", "expected true or false, found 'yes'"),
        (Flag, "1", "expected true or false, found 1"),
        (Ids, "12,x", "expected ids of users (digits), found 'x' in it"),
        (Ids, {}, "expected a list with at least one name in it, found a mapping"),
        (Ids, " , ", "expected a list with at least one name in it, found an empty list"),
        (Ids, "[12", "Input data was truncated"),
        (Ids, "[" * 100_000, "expected a list, found one that is nested too deeply"),
        (Ids, "12,007", "expected ids of users (digits, no zeros in front), found '007' in it"),
        (Ids, -1, "expected ids of users (digits), found '-1' in it"),
        (Pattern, 7, "expected a regular expression of at most 1000 characters, found 7"),
        (Networks, 7, "expected networks such as 10.0.0.0/8 or 2001:db8::/32, found 7"),
        (Names, True, "expected a list with at least one name in it, found true"),
    ],
)
def test_an_option_that_cannot_be_what_it_sets_is_refused(kind: type, value: object, error: str) -> None:
    with pytest.raises(ValueError, match=r"^expected |^Input ") as caught:
        settings.offered(field(kind), value)
    assert str(caught.value) == error


# the schema


def fits(value: object, schema: Any) -> bool:  # noqa: ANN401  JSON Schema
    """Whether a value is of a schema."""
    return Draft202012Validator(schema).is_valid(value)


VALUES: tuple[object, ...] = (
    *(None, True, False, 0, 5, -1, 1.5, 10**30),
    *("", " ", "5", "5 MB", "1.5GiB", "10mb", "a", "a.b", "*", "(", "10.0.0.0/8", "x" * MAX_PATTERN_CHARS),
    *(
        "x" * (MAX_PATTERN_CHARS + 1),
        {},
        {"a": 1},
        [],
        ["a"],
        ["a", 5],
        ["a.b", "*"],
        ["*.b", " a.b "],
        [5],
        ["5", "5*"],
    ),
    *(
        [" 5 "],
        ["asc"],
        ["ASC", "a*"],
        ["10.0.0.0/8"],
        ["10.0.0.1/8"],
        ["::/0"],
        [""],
        [None],
        [[]],
        [True],
        [-1],
        [1.5],
    ),
    *(["x" * MAX_PATTERN_CHARS], ["x" * (MAX_PATTERN_CHARS + 1)]),
    *(["odps.a.b"], ["\tODPS.a.b "], ["emr_hive.c.s.t", "holo.i.d"], ["hive.a.b"], ["odps.a"], ["odps.*", "?dps.a"]),
    *(["0"], ["007"], ["0*"], ["*"], [0]),
)
KINDS: tuple[Any, ...] = (Count, Size, Names, Numbers, Ids, WorkspaceIds, Guids, Tables, Networks, Pattern, Flag)


def takes(kind: Any, value: object) -> bool:  # noqa: ANN401  a setting type
    """Whether a setting type reads a value."""
    try:
        kind.read(value)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_schema_takes_whatever_is_read(kind: Any) -> None:  # noqa: ANN401  a setting type
    """An editor underlines nothing that is right; it may let pass what is wrong, for the reader knows more."""
    read = [value for value in VALUES if takes(kind, value)]
    assert read
    assert [value for value in read if not fits(value, kind.schema())] == []
    assert [value for value in VALUES if not fits(value, kind.schema())] != []


def test_the_schema_of_a_set_shows_it_and_takes_other_spellings() -> None:
    schema = Engines.schema()
    assert list(Engines.KNOWN) in [value["examples"] for value in schema.values() if isinstance(value, dict)]
    for names in (["EMR Hive"], ["max_compute"], ["star*"]):
        assert takes(Engines, names)
        assert fits(names, schema)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_setting_has_a_name_for_readers(kind: Any) -> None:  # noqa: ANN401  a setting type
    assert kind.FORM


# more networks


@pytest.mark.parametrize("network", ["::ffff:10.0.0.0/104", "::ffff:a00:0/104"])
def test_a_network_of_ipv4_written_as_ipv6_is_one_of_ipv4(network: str) -> None:
    networks = Networks((network,))
    assert ip_address("10.1.2.3") in networks
    assert ip_address("11.1.2.3") not in networks


def test_all_of_ipv6_is_all_there_is() -> None:
    networks = Networks(("::/0",))
    assert ip_address("2001:db8::1") in networks
    assert ip_address("10.1.2.3") in networks


@pytest.mark.parametrize("name", [" dw_excel ", "\tDW_EXCEL"])
def test_blanks_around_a_name_do_not_matter(name: str) -> None:
    assert name in Names(("dw_excel",))


def test_lists_that_could_never_hit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^expected allow, deny or both, found neither$"):
        Listed()
    with pytest.raises(ValueError, match=r"^expected allow, deny or both, found neither$"):
        Listed()


def test_one_list_is_enough() -> None:
    names, networks = Names(("a",)), Networks(("10.0.0.0/8",))
    assert Listed(allow=names).deny is None
    assert Listed(deny=names).allow is None
    assert Listed(allow=networks, deny=networks).allow is networks


def test_what_is_protected_needs_no_list() -> None:
    assert Protected().allow is None
    assert Protected().deny is None


def test_settings_cannot_be_changed() -> None:
    named = Named(pattern=Pattern("a"))
    with pytest.raises(AttributeError):
        named.pattern = Pattern("b")  # type: ignore[misc]  # frozen is what is tested


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "nothing"),
        ({}, "a mapping"),
        ({"a": 1}, "a mapping"),
        ([], "an empty list"),
        ([1], "a list"),
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (1.5, "1.5"),
        ("5", "'5'"),
        ("", "''"),
        ("a\nb\0", r"'a\nb\x00'"),
        ("a\u202eb", r"'a\u202eb'"),
        ("订单", "'订单'"),
        ("x" * 58, f"'{'x' * 58}'"),
        ("x" * 59, f"'{'x' * 58}…"),
    ],
)
def test_a_value_of_a_policy_is_shown_on_one_line_with_its_kind(value: object, shown: str) -> None:
    assert plain(value) == shown
