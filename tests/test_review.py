"""Files judged as if they were committed: which files, under which rules, and what is said of them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from extension import policy, review, storage
from extension.rules import Policy
from extension.verdict import Result

NOW = datetime(2026, 11, 20, tzinfo=UTC)

POLICY = """\
version: 1
language: en
rules:
  - {id: functions, on: [commit-file, deploy-file], check: file.functions, with: {deny: [MAX_PT]}}
  - {id: name, on: file-change, check: file.name, with: {pattern: '(ods|dwd)_[a-z]+', types: [ODPS SQL]}, result: WARN}
  - {id: size, on: "*", check: file.size, with: {max: 1kB}, mode: shadow}
  - {id: type, on: commit-file, check: file.type, with: {deny: [Shell]}, result: WARN}
"""


def load(text: str = POLICY) -> Policy:
    """What is left of a policy for a review."""
    return review.reviewable(policy.parse(text.encode(), "p.yaml"))[0]


def rule(keys: str) -> str:
    """A policy of one rule on the content of files, with more keys."""
    return (
        "version: 1\nlanguage: en\nrules:\n"
        f"  - {{id: a, on: commit-file, check: file.content, with: {{forbid: secret}}, {keys}}}\n"
    )


def found(file: Path, text: str = POLICY) -> list[tuple[str, str]]:
    """The rules with a finding that counts, and what it counts for."""
    return [(judged.rule, judged.result.value) for judged in review.review(file, load(text), NOW).counted]


def written(folder: Path, name: str, content: str | bytes = "select 1") -> Path:
    """A file with this content."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


# files


def test_folders_are_looked_through_in_order(tmp_path: Path) -> None:
    for name in ("b.sql", "a/z.py", "a/b/c.sh", "A.SQL", "a.txt", "README.md", ".git/x.sql", "a/.x.sql", "sql"):
        written(tmp_path, name)
    (tmp_path / "folder.sql").mkdir()
    (tmp_path / "gone.sql").symlink_to("nowhere")
    assert [str(file.relative_to(tmp_path)) for file in review.files([tmp_path])] == [
        "A.SQL",
        "a/b/c.sh",
        "a/z.py",
        "b.sql",
    ]


def test_a_file_that_is_named_is_taken_whatever_its_name(tmp_path: Path) -> None:
    named = [tmp_path / "b.sql", tmp_path / "a.txt", tmp_path / ".hidden.sql", tmp_path / "none.sql"]
    assert list(review.files(named)) == named


def test_a_folder_below_a_hidden_one_can_be_named(tmp_path: Path) -> None:
    file = written(tmp_path, ".hidden/a.sql")
    assert list(review.files([tmp_path / ".hidden"])) == [file]


def test_a_file_that_is_named_twice_is_judged_once(tmp_path: Path) -> None:
    first, second = written(tmp_path, "a.sql"), written(tmp_path, "b.sql")
    assert list(review.files([second, tmp_path, second])) == [second, first]


# rules


def test_rules_on_files_alone_are_kept() -> None:
    kept, left = review.reviewable(policy.parse(POLICY.encode(), "p.yaml"))
    assert [one.id for one in kept.rules] == ["functions", "name", "size", "type"]
    assert kept.plan == {"commit-file": kept.rules}
    assert left == ()
    assert kept.name.startswith("p.yaml@")


def test_rules_on_other_events_are_none_of_its_business() -> None:
    text = "version: 1\nrules:\n  - {id: a, on: [deploy-file, run-file], check: file.size, with: {max: 1}}\n"
    kept, left = review.reviewable(policy.parse(text.encode(), "p.yaml"))
    assert (kept.rules, kept.plan, left) == ((), {"commit-file": ()}, ())


@pytest.mark.parametrize(
    "keys",
    [
        "check: file.owner",
        "check: operator.id, with: {deny: ['1']}",
        "check: calendar.freeze, with: {weekly: [Sat - Sun]}",
        "when: 'event.fileType == 10'",
        *(
            f"check: file.size, with: {{max: 1}}, when: '{condition}'"
            for condition in (
                'operator.id == "1"',
                'workspace.id == "1"',
                'parameters["a"] == "1"',
                "event.nodeId == 5",
                'event.fileType == 10 && event.changeType == "0"',
                'event["new"] == 1',
                "size(event) > 3",
                'sql.readable && operator.id == "1"',
            )
        ),
    ],
)
def test_rules_that_need_more_than_a_file_are_left_out_and_named(keys: str) -> None:
    text = f"version: 1\nrules:\n  - {{id: a, on: commit-file, {keys}}}\n"
    kept, left = review.reviewable(policy.parse(text.encode(), "p.yaml"))
    assert kept.rules == ()
    assert left == ("a",)


@pytest.mark.parametrize(
    ("condition", "hit"),
    [
        ("event.fileType == 10", True),
        ('event.fileName.startsWith("dwd_") && event.fileType in [10, 24]', True),
        ('event.fileName == "ods_orders"', False),
        ("now.getFullYear() == 2026", True),
        ("true", True),
        ('"dw.orders" in sql.tables', True),
        ('event.fileType == 10 && sql.statements == ["INSERT"]', False),
    ],
)
def test_conditions_on_name_type_and_time_are_judged(tmp_path: Path, condition: str, *, hit: bool) -> None:
    file = written(tmp_path, "dwd_orders.sql", "-- secret\nselect a from dw.orders")
    assert bool(found(file, rule(f"when: '{condition}'"))) is hit


def test_a_condition_on_sql_needs_no_check(tmp_path: Path) -> None:
    text = "version: 1\nrules:\n  - {id: a, on: commit-file, when: '\"DROP\" in sql.statements'}\n"
    assert found(written(tmp_path, "a.sql", "drop table dw.a"), text) == [("a", "FAIL")]
    assert found(written(tmp_path, "b.sql", "select 1"), text) == []


def test_tables_without_a_project_are_where_the_policy_or_the_review_says(tmp_path: Path) -> None:
    text = (
        "version: 1\nsql: {projects: {'*': dw, crm: shop}}\n"
        "rules:\n  - {id: a, on: commit-file, check: sql.tables, with: {deny: ['hr.*']}}\n"
    )
    unsaid = load(text.replace("'*': dw, ", ""))
    file = written(tmp_path, "a.sql", "select a from users")
    results = {
        name: [one.result for one in review.review(file, judged_by, NOW).counted]
        for name, judged_by in (
            ("unsaid", unsaid),
            ("policy", load(text)),
            ("review", review.placed(unsaid, "HR")),
            ("both", review.placed(load(text), "hr")),
        )
    }
    assert results == {"unsaid": ["WARN"], "policy": [], "review": ["FAIL"], "both": ["FAIL"]}


@pytest.mark.parametrize(("name", "result"), [("a.sql", []), ("a.py", [("a", "WARN")]), ("a.sh", [("a", "WARN")])])
def test_the_ending_says_what_runs_a_file(tmp_path: Path, name: str, result: list[tuple[str, str]]) -> None:
    text = rule("when: '\"dw.b\" in sql.tables'")
    judged = review.review(written(tmp_path, name, "select a\nfrom dw.a -- secret"), load(text), NOW)
    assert [(one.rule, one.result) for one in judged.counted] == result
    assert [review.line(one) for one in judged.counted] == [1] * len(result)


def test_a_statement_that_could_not_be_read_gives_its_line(tmp_path: Path) -> None:
    text = rule("when: '\"dw.b\" in sql.tables'")
    (judged,) = review.review(written(tmp_path, "a.sql", "select 1;\n\nselect from from"), load(text), NOW).counted
    assert review.line(judged) == 3


@pytest.mark.parametrize(("until", "result"), [("2026-11-20", []), ("2026-11-19", [("a", "FAIL")])])
def test_a_file_is_exempt_for_its_tables(tmp_path: Path, until: str, result: list[tuple[str, str]]) -> None:
    file = written(tmp_path, "a.sql", "select 'secret' from dw.a")
    assert found(file, rule(f"exempt: [{{table: 'dw.*', until: {until}}}]")) == result


def test_a_custom_check_of_the_family_is_judged_if_it_needs_the_code_alone(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from extension.checks import Need, check\n"
        "from extension.events import had\n"
        "from extension.settings import Nothing\n"
        "from extension.verdict import Text, hit\n"
        "TEXT = Text(en='No.', zh='否。')\n"
        "@check('file.empty', events='commit-file', texts=[TEXT], needs=[Need.FILE])\n"
        "def empty(event, settings: Nothing):\n"
        "    'Code: some.'\n"
        "    if not had(event.file).content:\n"
        "        yield hit(TEXT)\n"
        "@check('file.roles', events='commit-file', texts=[TEXT], needs=[Need.FILE, Need.ROLES])\n"
        "def roles(event, settings: Nothing):\n"
        "    'Roles: some.'\n"
        "    yield hit(TEXT)\n",
        encoding="utf-8",
    )
    (tmp_path / "policy.yaml").write_text(
        "version: 1\nchecks: own.py\nrules:\n"
        "  - {id: a, on: commit-file, check: file.empty}\n  - {id: b, on: commit-file, check: file.roles}\n",
        encoding="utf-8",
    )
    kept, left = review.reviewable(storage.load(tmp_path / "policy.yaml"))
    assert left == ("b",)
    judged = review.review(written(tmp_path, "a.sql", ""), kept, NOW)
    assert [one.rule for one in judged.counted] == ["a"]


@pytest.mark.parametrize("keys", ["workspaces: 1", "except_workspaces: 1", "operators: 1", "except_operators: 1"])
def test_a_file_says_neither_who_nor_where_so_it_is_in_every_scope(tmp_path: Path, keys: str) -> None:
    file = written(tmp_path, "a.sql", "-- secret")
    assert found(file, rule(keys)) == [("a", "FAIL")]


def test_an_exemption_of_a_user_is_not_that_of_a_file(tmp_path: Path) -> None:
    file = written(tmp_path, "a.sql", "-- secret")
    assert found(file, rule("exempt: [{operator: '*', until: 2999-01-01}]")) == [("a", "FAIL")]


def test_a_rule_that_is_over_judges_no_file(tmp_path: Path) -> None:
    file = written(tmp_path, "a.sql", "-- secret")
    assert found(file, rule("until: 2026-11-19")) == []
    assert found(file, rule("until: 2026-11-20")) == [("a", "FAIL")]


# verdicts


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("dwd_orders.sql", "select 1", []),
        ("dwd_orders.sql", "select max_pt('t')", [("functions", "FAIL")]),
        ("dwd_orders.sql", "-- max_pt('t')", []),
        ("test1.sql", "select 1", [("name", "WARN")]),
        ("test1.SQL", "select MAX_PT('t')", [("functions", "FAIL"), ("name", "WARN")]),
        ("test1.py", "x = 1", []),
        ("test1.py", "sql('select max_pt(1)')", [("functions", "FAIL")]),
        ("test1.sh", "echo", [("type", "WARN")]),
        ("dwd_orders.v2.sql", "", [("name", "WARN")]),
    ],
)
def test_name_type_and_code_are_judged(
    tmp_path: Path, name: str, content: str, expected: list[tuple[str, str]]
) -> None:
    assert found(written(tmp_path, name, content)) == expected


def test_findings_in_shadow_do_not_count(tmp_path: Path) -> None:
    judged = review.review(written(tmp_path, "ods_a.sql", "x" * 2000), load(), NOW)
    assert [one.rule for one in judged.verdict.findings] == ["size"]
    assert judged.counted == ()
    assert review.overall([judged]) is Result.OK


def test_a_finding_that_gives_ok_does_not_count(tmp_path: Path) -> None:
    text = (
        "version: 1\nrules:\n"
        "  - {id: a, on: commit-file, check: file.size, with: {max: 0}, when: '1 / (event.fileType - 10) > 0',"
        " on_error: OK}\n"
    )
    judged = review.review(written(tmp_path, "a.sql"), load(text), NOW)
    assert [(one.rule, one.result) for one in judged.verdict.findings] == [("a", "OK")]
    assert judged.counted == ()


@pytest.mark.parametrize(
    "content",
    [b"\x00\x01\xff\xfe max_pt (", b"\xb8\xf1 max_pt(1)", "中文 MAX_PT(1)".encode("utf-16-le") + b" max_pt(1)"],
)
def test_what_is_no_text_is_judged_all_the_same(tmp_path: Path, content: bytes) -> None:
    assert found(written(tmp_path, "ods_a.sql", content)) == [("functions", "FAIL")]


def test_a_byte_order_mark_is_no_part_of_the_code(tmp_path: Path) -> None:
    text = "version: 1\nrules:\n  - {id: a, on: commit-file, check: file.content, with: {require: '^select'}}\n"
    assert found(written(tmp_path, "a.sql", b"\xef\xbb\xbfselect 1"), text) == []


def test_a_name_that_is_no_text_is_judged_all_the_same(tmp_path: Path) -> None:
    file = Path(str(tmp_path), b"ods_\xff.sql".decode(errors="surrogateescape"))
    file.write_text("select 1", encoding="utf-8")
    assert found(file) == [("name", "WARN")]


def test_a_file_that_cannot_be_read_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        review.review(tmp_path / "none.sql", load(), NOW)
    with pytest.raises(FileNotFoundError):
        review.review(tmp_path / "none.txt", load(), NOW)


def test_a_finding_says_its_first_line_where_it_has_one(tmp_path: Path) -> None:
    file = written(
        tmp_path, "test1.sql", "select 1;\n-- max_pt(\n\nselect max_pt('t'), max_pt('u');\nselect max_pt('v')"
    )
    judged = review.review(file, load(), NOW).counted
    assert [(one.rule, review.line(one)) for one in judged] == [("functions", 4), ("name", 0)]


def test_the_worst_file_decides(tmp_path: Path) -> None:
    fine, warned = written(tmp_path, "ods_a.sql"), written(tmp_path, "test1.sql")
    failed = written(tmp_path, "ods_b.sql", "max_pt()")
    judged = {file: review.review(file, load(), NOW) for file in (fine, warned, failed)}
    assert review.overall([]) is Result.OK
    assert review.overall([judged[fine]]) is Result.OK
    assert review.overall([judged[fine], judged[warned]]) is Result.WARN
    assert review.overall([judged[failed], judged[warned]]) is Result.FAIL
