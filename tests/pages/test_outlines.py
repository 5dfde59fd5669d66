"""The outline of SQL on lines, with the names marked that a rule objects to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extension.pages.outlines import lines
from tests import strategies


def shown(outline: str, *names: str, columns: tuple[str, ...] = ()) -> str:
    """The lines, indented, with marks as square brackets."""
    return "\n".join(
        "  " * line.indent + "".join(f"[{piece.text}]" if piece.marked else piece.text for piece in line.pieces)
        for line in lines(outline, names, columns)
    )


@pytest.mark.parametrize(
    ("outline", "expected"),
    [
        ("", ""),
        ("select a from t where b = ?", "select a\nfrom t\nwhere b = ?"),
        (
            "SELECT a FROM t GROUP BY a HAVING count(*) › ? ORDER BY a LIMIT ?",
            "SELECT a\nFROM t\nGROUP BY a\nHAVING count(*) > ?\nORDER BY a\nLIMIT ?",
        ),
        ("select 1 union all select 2", "select 1\nunion all\nselect 2"),
        (
            "select a from t left outer join u on t.a = u.a cross join v join w on ?",
            "select a\nfrom t\nleft outer join u on t.a = u.a\ncross join v\njoin w on ?",
        ),
        ("select left(a, ?) from t", "select left(a, ?)\nfrom t"),
        (
            "select extract(year from d) over (partition by a order by b) from t",
            "select extract(year from d) over (partition by a order by b)\nfrom t",
        ),
        (
            "select * from (select a from t where b in (select c from u)) x where a = ?",
            "select *\nfrom (\n  select a\n  from t\n  where b in (\n    select c\n    from u\n  )\n) x\nwhere a = ?",
        ),
        ("with x as (select ?) select a from x", "with x as (\n  select ?\n)\nselect a\nfrom x"),
        (
            "insert overwrite table t partition (ds = ?) select a from u; drop table x",
            "insert overwrite table t partition (ds = ?)\nselect a\nfrom u;\ndrop table x",
        ),
        ("delete from t where a = ?", "delete from t\nwhere a = ?"),
        (
            "select a from t lateral view explode(b) x as c cluster by d",
            "select a\nfrom t\nlateral view explode(b) x as c\ncluster by d",
        ),
        ("select t.from, group, order from t", "select t.from, group, order\nfrom t"),
        ("select `from`, `select` from t", "select `from`, `select`\nfrom t"),
        ("select a), b from t", "select a), b\nfrom t"),
        ("select ((select a from t", "select ((\n  select a\n  from t"),
    ],
)
def test_a_line_begins_before_each_main_keyword(outline: str, expected: str) -> None:
    assert shown(outline) == expected


@pytest.mark.parametrize(
    ("outline", "names", "columns", "expected"),
    [
        ("select phone from hr.users", ["hr.users"], (), "select phone\nfrom [hr.users]"),
        ("select phone from HR.Users u", ["hr.users"], (), "select phone\nfrom [HR.Users] u"),
        ("from `hr`.`users`", ["hr.users"], (), "from [`hr`.`users`]"),
        ('from "hr.users"', ["hr.users"], (), 'from ["hr.users"]'),
        ("from users", ["hr.users"], (), "from [users]"),
        ("from odps.hr.users", ["hr.users"], (), "from odps.[hr.users]"),
        ("select users.phone, hr.users.id", ["hr.users"], (), "select [users].phone, [hr.users].id"),
        ("from sers, r.users", ["hr.users"], (), "from sers, r.users"),
        ("from shop.users", ["hr.users"], (), "from shop.users"),
        ("from hr.users_old, my_users, hr . users", ["hr.users"], (), "from hr.users_old, my_users, hr . [users]"),
        (
            "select u.phone, phone, u.phones",
            ["hr.users.phone"],
            ("hr.users.phone",),
            "select u.[phone], [phone], u.phones",
        ),
        (
            "select u.phone, lab.users.phone",
            ["hr.users.phone"],
            ("hr.users.phone",),
            "select u.[phone], lab.users.phone",
        ),
        ("select u.users", ["hr.users"], (), "select u.users"),
        ("select *, hr.users.* from hr.users", ["hr.users.*"], (), "select *, [hr.users].*\nfrom [hr.users]"),
        ("select max_pt(?), my.max_pt(?)", ["max_pt"], (), "select [max_pt](?), my.[max_pt](?)"),
        ("from ods.log_${}", ["ods.log_$", "bizdate"], (), "from [ods.log_${}]"),
        ("select 3, a", ["3", "+3", "*", ""], (), "select 3, a"),
        ("from 表.用户", ["表.用户"], (), "from [表.用户]"),
    ],
)
def test_marked_is_what_a_rule_names_as_a_whole(
    outline: str, names: list[str], columns: tuple[str, ...], expected: str
) -> None:
    assert shown(outline, *names, columns=columns) == expected


@strategies.examples(100)
@given(st.text(st.sampled_from('select from(),.;` "a?\u202e<‹\n') | st.characters(), max_size=200), st.text(max_size=9))
def test_nothing_is_lost_whatever_it_is(outline: str, name: str) -> None:
    pieces = [piece.text for line in lines(outline, [name]) for piece in line.pieces]
    plain = outline.translate(str.maketrans("‹›", "<>"))
    assert "".join("".join(pieces).split()) == "".join(plain.split())
