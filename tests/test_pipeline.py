"""One event to its verdict: what is judged, what the user gets, what is posted, what is logged."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

import handler
from extension import edges, envelopes, local, pipeline, policy, sql
from extension.checks import registry
from extension.errors import ConfigurationError, MessageError, PlatformError, PolicyError
from extension.events import Event, Missing, Reason, Unknown
from extension.rules import Policy
from extension.sql.facts import Engine, Statement
from extension.verdict import LATE, RAISED, Finding, Mode, Result, Verdict, not_had, unparsed
from tests.cases import documented, event
from tests.conftest import EVENTS, Function, key
from tests.fakes import answering

RULES = """
version: 1
language: en
rules:
  - {id: rows, on: resources-download, check: download.rows, with: {max: 1000}}
  - {id: size, on: resources-download, check: download.size, with: {max: 1MB}, result: WARN}
  - {id: name, on: resources-download, check: download.file_name, with: {pattern: 'ok.*'}, mode: shadow}
"""
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
OK: dict[str, object] = {"dataRowSize": 1, "fileSize": 1, "fileName": "ok.csv", "moduleType": "sqlx_query"}


def judged(data: dict[str, object], rules: str = RULES) -> list[tuple[str, str, str]]:
    """Rule, result and mode of each finding."""
    verdict = pipeline.judge(event("download-resources", data), policy.parse(rules.encode(), "p"), NOW)
    return [(found.rule, found.result, found.mode) for found in verdict.findings]


def body(code: str = "download-resources", data: dict[str, object] | None = None, *, bridged: bool = False) -> bytes:
    """An event in one of its envelopes."""
    data = data or {}
    envelope: dict[str, object]
    if bridged:
        envelope = {"id": "m-1", "source": "acs.dataworks", "type": "x", "data": {"eventCode": code, **data}}
    else:
        envelope = {"messageId": "m-1", "eventType": code, "blockBusiness": True, "messageBody": data}
    return json.dumps(envelope).encode()


def only(rule: str, code: str = "download-resources", data: dict[str, object] | None = None) -> Verdict:
    """The verdict of one rule, given by its keys, on an event."""
    return pipeline.judge(event(code, OK if data is None else data), ruled(rule), NOW)


def ruled(rule: str) -> Policy:
    """A policy of one rule, given by its keys."""
    return policy.parse(f"version: 1\nlanguage: en\nrules:\n  - {{id: r, {rule}}}".encode(), "p")


def _with_message(message: str) -> Policy:
    """A policy whose one rule forbids every download with a message of its own."""
    rule = f"{{id: r, on: '*', check: download.rows, with: {{max: 0}}, message: '{message}'}}"
    return policy.parse(f"version: 1\ntimezone: America/New_York\nrules:\n  - {rule}".encode(), "p")


class TestJudge:
    """The pure part."""

    def test_without_findings_the_verdict_is_ok(self) -> None:
        verdict = pipeline.judge(event("download-resources", OK), policy.parse(RULES.encode(), "p"), NOW)
        assert (verdict.result, verdict.findings) == (Result.OK, ())

    def test_the_worst_finding_decides(self) -> None:
        both = pipeline.judge(
            event("download-resources", OK | {"dataRowSize": 1001, "fileSize": 10**7}),
            policy.parse(RULES.encode(), "p"),
            NOW,
        )
        assert both.result is Result.FAIL
        assert [found.rule for found in both.findings] == ["rows", "size"]

    def test_a_warning_alone_warns(self) -> None:
        verdict = pipeline.judge(
            event("download-resources", OK | {"fileSize": 10**7}), policy.parse(RULES.encode(), "p"), NOW
        )
        assert verdict.result is Result.WARN

    def test_a_shadow_rule_is_found_and_changes_nothing(self) -> None:
        verdict = pipeline.judge(
            event("download-resources", OK | {"fileName": "no.csv"}), policy.parse(RULES.encode(), "p"), NOW
        )
        assert verdict.result is Result.OK
        assert [(found.rule, found.mode) for found in verdict.findings] == [("name", Mode.SHADOW)]

    def test_an_event_that_no_rule_is_for_is_ok(self) -> None:
        verdict = pipeline.judge(event("freeze-node", {}), policy.parse(RULES.encode(), "p"), NOW)
        assert (verdict.result, verdict.findings) == (Result.OK, ())

    def test_the_same_event_gives_the_same_verdict(self) -> None:
        rules = policy.parse(RULES.encode(), "p")
        first, second = (pipeline.judge(event("download-resources", {}), rules, NOW) for _ in range(2))
        assert first == second

    @pytest.mark.parametrize("on_error", list(Result))
    def test_a_check_that_raises_gives_on_error_and_the_others_are_judged(
        self, on_error: Result, monkeypatch: pytest.MonkeyPatch, function: Function, tmp_path: Path
    ) -> None:
        def broken(_event: Event[Any], _settings: msgspec.Struct) -> Iterator[Finding]:
            raise ZeroDivisionError("select secret from a_table")

        check = msgspec.structs.replace(registry.BY_ID["download.rows"], judge=broken)
        monkeypatch.setitem(registry.BY_ID, "download.rows", check)
        rules = RULES.replace("language: en", f"language: en\ndefaults: {{on_error: {on_error}}}")
        assert judged({"fileSize": 10**7, "fileName": "ok.csv"}, rules) == [
            ("rows", on_error, "enforce"),
            ("size", "WARN", "enforce"),
        ]
        function.policy(rules, tmp_path)
        returned = function.handle(body(data=OK))
        assert returned["checkResult"] == on_error
        (line,) = function.log
        assert line["level"] == "ERROR"
        assert line["findings"][0]["error"].startswith("ZeroDivisionError at test_pipeline.py:")
        assert "secret" not in json.dumps(line)

    @pytest.mark.parametrize("on_timeout", list(Result))
    def test_rules_that_are_not_done_when_the_time_is_up_give_on_timeout(self, on_timeout: Result) -> None:
        rules = RULES.replace("language: en", f"language: en\ndefaults: {{on_timeout: {on_timeout}}}")
        moments = iter([False, True, True])
        verdict = pipeline.judge(
            event("download-resources", OK), policy.parse(rules.encode(), "p"), NOW, lambda: next(moments)
        )
        assert verdict.result is on_timeout
        assert [(found.rule, found.result, found.mode, found.finding.judged) for found in verdict.findings] == [
            ("size", on_timeout, Mode.ENFORCE, False),
            ("name", on_timeout, Mode.SHADOW, False),
        ]

    def test_a_message_can_name_the_event_its_user_and_its_time(self) -> None:
        rules = _with_message("{event} {operator} {workspace} {time} {rule} {rows} {max}")
        when = datetime(2026, 3, 1, 20, 30, tzinfo=timezone(timedelta(hours=8)))
        asked = msgspec.structs.replace(event("download-resources", {"dataRowSize": 1234}), time=when)
        assert pipeline.judge(asked, rules, NOW).message(1000) == (
            "[r] download-resources 149318 90214 2026-03-01 07:30 r 1,234 0"
        )

    def test_without_a_time_of_its_own_an_event_has_that_of_judging_and_what_is_not_known_is_a_dash(self) -> None:
        rules = _with_message("{time}/{operator}")
        asked = msgspec.structs.replace(event("download-resources", {"dataRowSize": 1}), operator="")
        assert pipeline.judge(asked, rules, NOW).message(1000) == "[r] 2026-07-01 08:00/-"


class TestConditions:
    """`when:` of a rule."""

    def test_alone_it_hits_where_it_is_met(self) -> None:
        verdict = only("on: download-resources, when: event.dataRowSize > 0, result: WARN")
        assert verdict.result is Result.WARN
        assert verdict.message(1000) == (
            "[r] The operation meets the condition of this rule (event.dataRowSize › 0). Change it so that it does not,"
            " or ask the owner of the extension."
        )
        assert verdict.findings[0].check == ""
        assert only("on: download-resources, when: event.dataRowSize > 1").findings == ()

    def test_alone_it_can_be_named_in_the_rule_s_message(self) -> None:
        verdict = only("on: download-resources, when: event.dataRowSize == 1, message: 'No: {condition}, {operator}'")
        assert verdict.message(1000) == "[r] No: event.dataRowSize == 1, 149318"

    @pytest.mark.parametrize(("rows", "name", "hits"), [(9, "a.csv", 1), (9, "a.txt", 0), (1, "a.csv", 0)])
    def test_beside_a_check_it_narrows_it(self, rows: int, name: str, hits: int) -> None:
        rule = "on: download-resources, when: event.fileName.endsWith('.csv'), check: download.rows, with: {max: 5}"
        verdict = only(rule, data=OK | {"dataRowSize": rows, "fileName": name})
        assert [found.check for found in verdict.findings] == ["download.rows"] * hits

    @pytest.mark.parametrize("result", ["FAIL", "WARN"])
    def test_a_field_that_the_event_lacks_is_a_finding_with_the_rule_s_result(self, result: str) -> None:
        rule = f"on: download-resources, when: event.dataRowSize > 5, result: {result}, on_error: OK, message: own"
        verdict = only(rule, data={})
        assert verdict.result is Result(result)
        assert verdict.message(1000).startswith('[r] DataWorks did not send "event.dataRowSize", which this rule needs')
        assert verdict.findings[0].error == ""

    @pytest.mark.parametrize("on_error", Result)
    def test_what_cannot_be_worked_out_gives_on_error_and_is_logged_without_what_the_event_says(
        self, function: Function, tmp_path: Path, on_error: Result
    ) -> None:
        rule = f"on: download-resources, when: '100 / event.fileSize > 5', on_error: {on_error}"
        function.policy(f"version: 1\nlanguage: en\nrules:\n  - {{id: r, {rule}}}", tmp_path)
        returned = function.handle(body(data=OK | {"fileSize": 0, "fileName": "hush.csv", "sqlText": "select hush"}))
        assert returned["checkResult"] == on_error
        (line,) = function.log
        assert (line["level"], line["findings"][0]["result"]) == ("ERROR", on_error)
        assert line["findings"][0]["error"] == "when: a number is divided by 0 (ZeroDivisionError)"
        assert "hush" not in json.dumps([line["findings"], returned])

    def test_what_the_platform_did_not_answer_matters_only_where_the_condition_is_met(self) -> None:
        rule = "on: commit-file, when: event.fileType == 10, check: file.size, with: {max: 1MB}, on_error: WARN"
        why = Missing("GetIDEEventDetail: HTTP 500")
        met, unmet = (
            pipeline.judge(
                msgspec.structs.replace(event("commit-file", {"fileType": number}), file=why), ruled(rule), NOW
            )
            for number in (10, 6)
        )
        assert [(found.finding, found.result, found.error) for found in met.findings] == [
            (not_had(why), Result.WARN, "GetIDEEventDetail: HTTP 500")
        ]
        assert unmet.findings == ()

    @pytest.mark.parametrize("reads", ["'a' in operator.roles", "parameters['a'] == '1'", "!('a' in parameters)"])
    def test_a_condition_without_its_answers_gives_on_error(self, reads: str) -> None:
        asked = msgspec.structs.replace(event("freeze-node", {}), roles=Missing("no"), parameters=Missing("no"))
        verdict = pipeline.judge(asked, ruled(f'on: freeze-node, when: "{reads}", on_error: WARN'), NOW)
        assert [(found.finding, found.result, found.error) for found in verdict.findings] == [
            (not_had(Missing("no")), Result.WARN, "no")
        ]

    def test_a_check_whose_answers_nobody_asked_for_gives_on_error(self) -> None:
        asked = msgspec.structs.replace(event("commit-file", {}), file=None)
        verdict = pipeline.judge(
            asked, ruled("on: commit-file, check: file.size, with: {max: 1MB}, on_error: WARN"), NOW
        )
        assert [(found.finding, found.result) for found in verdict.findings] == [(RAISED, Result.WARN)]
        assert verdict.findings[0].error.startswith("LookupError at ")


BROKEN = "select a from dw.a;\nselect from from;\nselect b from dw.b"


def on_sql(keys: str, text: str = BROKEN, when: str = "'\"hr.users\" in sql.tables'") -> Verdict:
    """The verdict of a rule with a condition on SQL, on a download."""
    return only(f"on: download-resources, when: {when}{keys}", data=OK | {"sqlText": text})


class TestSql:
    """Rules on SQL."""

    def test_a_condition_on_sql_hits_where_it_is_met(self) -> None:
        leaking = "select a from hr.users"
        verdict = on_sql("", leaking)
        assert (verdict.result, len(verdict.findings)) == (Result.FAIL, 1)
        assert on_sql("", "select a from dw.a").findings == ()
        assert on_sql("", f"{BROKEN}; {leaking}").findings == verdict.findings

    @pytest.mark.parametrize(
        ("keys", "result"),
        [
            ("", Result.FAIL),
            (", result: WARN", Result.WARN),
            (", on_unreadable: WARN", Result.WARN),
            (", on_unreadable: OK", Result.OK),
            (", on_unreadable: FAIL, result: WARN", Result.FAIL),
        ],
    )
    def test_what_could_not_be_read_is_a_finding_of_its_own(self, keys: str, result: Result) -> None:
        verdict = on_sql(f"{keys}, message: zzz, on_error: OK")
        (found,) = verdict.findings
        assert (found.finding, found.result, verdict.result) == (unparsable(2, found_reason()), result, result)
        assert ("Line 2" in verdict.message(1000)) is (result is not Result.OK)
        assert "zzz" not in verdict.message(1000)

    def test_the_defaults_say_what_it_gives_for_rules_that_do_not(self) -> None:
        text = """version: 1
defaults: {on_unreadable: WARN}
rules:
  - {id: a, on: download-resources, when: sql.cross_joins > 0}
  - {id: b, on: download-resources, when: sql.cross_joins > 0, on_unreadable: OK}
"""
        verdict = pipeline.judge(
            event("download-resources", {"sqlText": BROKEN}), policy.parse(text.encode(), "p"), NOW
        )
        assert [(found.rule, found.result) for found in verdict.findings] == [("a", "WARN"), ("b", "OK")]

    def test_it_is_a_warning_for_code(self) -> None:
        data = {"Content": "print('select 1')", "fileType": 1221}
        verdict = only("on: commit-file, when: sql.cross_joins > 0", "commit-file", data)
        assert [(found.finding, found.result) for found in verdict.findings] == [
            (unparsable(1, "Python is not SQL"), Result.WARN)
        ]

    def test_so_does_a_check_whose_condition_could_not_be_told(self) -> None:
        rule = "on: download-resources, when: sql.cross_joins > 0, check: download.rows, with: {max: 5}"
        (found,) = only(rule, data=OK | {"sqlText": BROKEN}).findings
        assert found.finding.unread

    def test_many_statements_that_could_not_be_read_are_one_finding(self) -> None:
        (found,) = on_sql("", "select from from;\n" * 50).findings
        assert found.finding.values["line"] == "1, 2, 3 (+47)"

    def test_sql_that_the_message_lacks_is_a_finding_with_the_rule_s_result(self) -> None:
        verdict = only("on: download-resources, when: sql.length > 3, on_error: OK, on_unreadable: OK")
        assert verdict.result is Result.FAIL
        assert verdict.message(1000).startswith('[r] DataWorks did not send "sqlText"')

    @pytest.mark.parametrize("text", ["select a from dw.a", "select a from dw.a limit 5 + 5"])
    def test_a_limit_that_the_sql_lacks_is_not_blamed_on_the_platform(self, text: str) -> None:
        verdict = on_sql(", message: zzz", text, "sql.limit > 5")
        assert verdict.result is Result.FAIL
        assert verdict.message(1000) == (
            "[r] The query has no LIMIT, or one that is no plain number, and this rule needs one. Add a LIMIT to its"
            " end."
        )

    def test_so_is_that_of_an_event_that_has_none(self) -> None:
        verdict = only("on: '*', when: sql.length > 3, result: WARN", "freeze-node", {})
        assert verdict.message(1000).startswith('[r] DataWorks did not send "sql"')
        assert only("on: '*', when: has(event.sqlText) && sql.length > 3", "freeze-node", {}).findings == ()

    def test_code_that_could_not_be_had_gives_on_error(self) -> None:
        lacking = msgspec.structs.replace(event("commit-file", {}), file=Missing("no"))
        verdict = pipeline.judge(lacking, ruled("on: commit-file, when: sql.length > 3, on_error: WARN"), NOW)
        assert [(found.finding, found.result, found.error) for found in verdict.findings] == [
            (not_had(Missing("no")), Result.WARN, "no")
        ]

    def test_code_that_nobody_asked_for_gives_on_error(self) -> None:
        lacking = msgspec.structs.replace(event("commit-file", {}), file=None)
        verdict = pipeline.judge(lacking, ruled("on: commit-file, when: sql.length > 3, on_error: WARN"), NOW)
        assert [(found.finding, found.result) for found in verdict.findings] == [(RAISED, Result.WARN)]

    def test_a_check_on_code_and_downloads_needs_no_code_for_a_download(self, monkeypatch: pytest.MonkeyPatch) -> None:
        check = registry.BY_ID["file.size"]
        both = msgspec.structs.replace(check, events=check.events | {"download-resources"}, judge=lambda *_: iter(()))
        monkeypatch.setitem(registry.BY_ID, "file.size", both)
        rules = ruled("on: '*', check: file.size, with: {max: 1kB}, on_error: WARN")
        for code, findings in (("download-resources", 0), ("commit-file", 1)):
            lacking = msgspec.structs.replace(event(code, {}), file=Missing("no"))
            assert len(pipeline.judge(lacking, rules, NOW).findings) == findings

    @pytest.mark.parametrize(
        ("text", "mode"),
        [
            ("select * from dw.a", Mode.EXEMPT),
            ("select * from dw.a, dw.b", Mode.ENFORCE),
            (BROKEN, Mode.ENFORCE),
        ],
    )
    def test_a_download_is_exempt_for_all_its_tables(self, text: str, mode: Mode) -> None:
        verdict = on_sql(", exempt: [{table: [dw.a], until: 2999-01-01, reason: audit}]", text, "sql.length > 3")
        assert [found.mode for found in verdict.findings] == [mode]

    def test_sql_is_not_read_for_an_exemption_when_the_time_is_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sql, "analyse", None)
        rules = ruled("on: download-resources, when: 'true', exempt: [{table: '*', until: 2999-01-01}]")
        verdict = pipeline.judge(event("download-resources", {"sqlText": "select 1"}), rules, NOW, lambda: True)
        assert [(found.finding, found.mode) for found in verdict.findings] == [(LATE, Mode.ENFORCE)]

    def test_what_an_exemption_raises_is_no_reason_to_give_no_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sql, "analyse", None)
        rules = ruled("on: download-resources, when: 'true', exempt: [{table: '*', until: 2999-01-01}], on_error: WARN")
        verdict = pipeline.judge(event("download-resources", {"sqlText": "select 1"}), rules, NOW)
        assert [(found.finding, found.result) for found in verdict.findings] == [(RAISED, Result.WARN)]

    @pytest.mark.parametrize(("project", "hits"), [("hr", 1), ("dw", 0)])
    def test_the_policy_says_where_tables_are_that_are_named_without_a_project(self, project: str, hits: int) -> None:
        text = f"""version: 1
sql: {{projects: {{90214/CRM: {project}}}}}
rules: [{{id: r, on: download-resources, when: '"hr.users" in sql.tables'}}]
"""
        data = {"sqlText": "select a from users", "datasourceName": "crm", "queryDwProjectId": 90214}
        asked = event("download-resources", data)
        assert len(pipeline.judge(asked, policy.parse(text.encode(), "p"), NOW).findings) == hits

    def test_the_log_says_what_a_verdict_on_sql_went_by(self, function: Function, tmp_path: Path) -> None:
        rule = "on: download-resources, when: '\"hr.users\" in sql.tables'"
        projects = "sql: {projects: {crm: shop}, engines: {crm: mysql}}"
        function.policy(f"version: 1\n{projects}\nrules:\n  - {{id: r, {rule}}}", tmp_path)
        text = "select a from t, hr.u; select b from t;\ninsert into v select 1; select hush from hushed where where"
        function.handle(body(data=OK | {"sqlText": text, "datasourceName": "crm"}))
        (line,) = function.log
        assert line["sql"] == {
            "digest": sha256(text.encode()).hexdigest()[:16],
            "engine": "mysql",
            "project": "shop",
            "characters": len(text),
            "statements": {"SELECT": 3, "INSERT": 1},
            "tables": ["shop.t", "hr.u"],
            "tables_total": 3,
            "written": ["shop.v"],
            "written_total": 1,
            "unread": {"the grammar does not take it": 1},
        }

    def test_sql_that_no_rule_reads_is_not_read_for_the_log(self, function: Function, tmp_path: Path) -> None:
        rule = "{id: r, on: [download-resources, commit-file], when: 'sql.length > 1'}"
        function.policy(f"version: 1\nrules:\n  - {rule}", tmp_path)
        function.handle(body(data=OK | {"sqlText": "select nobody_reads_this from t"}))
        function.handle(body(data=OK))
        function.handle(body("commit-file"))
        assert [list(line["sql"]) for line in function.log] == [["digest"], [], []]

    def test_the_log_has_an_outline_where_the_policy_says_so(self, function: Function, tmp_path: Path) -> None:
        rule = "{id: r, on: [download-resources, commit-file], check: sql.length, with: {max: 9}}"
        function.policy(f"version: 1\nlog: {{sql: outline}}\nrules:\n  - {rule}", tmp_path)
        function.dataworks.snapshots["*"] = {"CommittedFile": {"Content": "drop table a.b -- hush", "FileType": 10}}
        function.handle(body(data=OK | {"sqlText": "select a from t where b = 'hush' and c > 17"}))
        function.handle(body("commit-file", data={"projectId": 90214}))
        outlines = [line["sql"]["outline"] for line in function.log]
        assert outlines == ["select a from t where b = ? and c › ?", "drop table a.b"]
        assert "hush" not in json.dumps(function.log)

    def test_of_many_tables_the_log_names_the_first(self) -> None:
        text = "".join(["select 1 from dw.t0", *(f" join dw.{'t' * 100}{n} on 1 = 1" for n in range(50))])
        verdict = on_sql("", text)
        assert 1 < len(msgspec.convert(verdict.sql["tables"], list[str])) < 20
        assert verdict.sql["tables_total"] == 51

    def test_neither_log_nor_answer_holds_the_sql(self, function: Function, tmp_path: Path) -> None:
        rule = "on: download-resources, when: '\"hr.users\" in sql.tables'"
        function.policy(f"version: 1\nlanguage: en\nrules:\n  - {{id: r, {rule}}}", tmp_path)
        text = "select 'hush' as hushed from a;\nselect hush from from"
        returned = function.handle(body(data=OK | {"sqlText": text}))
        assert returned["checkResult"] == "FAIL"
        assert "Line 2" in str(returned["errorMessage"])
        assert "hush" not in json.dumps([function.log, returned])


def unparsable(line: int, reason: str) -> Finding:
    """The finding for a statement that could not be read."""
    (finding,) = unparsed([Statement(kind="OTHER", line=line, unread=reason)])
    return finding


def found_reason() -> str:
    """Why the second statement of `BROKEN` could not be read."""
    read = sql.analyse(BROKEN, Engine.MAXCOMPUTE, "").unread
    return read[0].unread


class TestRule:
    """What a rule says for itself."""

    @pytest.mark.parametrize("own", Result)
    def test_on_error_and_on_timeout_of_a_rule_are_stronger_than_the_defaults(self, own: Result) -> None:
        text = f"""version: 1
rules:
  - {{id: own, on: commit-file, check: file.size, with: {{max: 1MB}}, on_error: {own}, on_timeout: {own}}}
  - {{id: other, on: commit-file, check: file.size, with: {{max: 1MB}}}}
"""
        rules = policy.parse(text.encode(), "p")
        lacking = msgspec.structs.replace(event("commit-file", {}), file=Missing("no"))
        for late in (bool, lambda: True):
            verdict = pipeline.judge(lacking, rules, NOW, late)
            assert [(found.rule, found.result) for found in verdict.findings] == [("own", own), ("other", Result.FAIL)]

    def test_what_is_no_finding_is_an_error_of_the_check(self, monkeypatch: pytest.MonkeyPatch) -> None:
        check = msgspec.structs.replace(registry.BY_ID["download.rows"], judge=lambda *_: iter(["too many rows"]))
        monkeypatch.setitem(registry.BY_ID, "download.rows", check)
        verdict = only("on: download-resources, check: download.rows, with: {max: 5}, on_error: WARN")
        assert [(found.finding, found.result) for found in verdict.findings] == [(RAISED, Result.WARN)]
        assert verdict.findings[0].error.startswith("TypeError at pipeline.py:")

    @pytest.mark.parametrize(
        ("language", "advice"),
        [
            ("en", " Questions about this rule: data team. More: https://wiki.example.com/r"),
            ("zh", " 如有疑问，请联系 data team。详情：https://wiki.example.com/r"),
        ],
    )
    def test_severity_owner_and_help_reach_the_user_and_the_log(
        self, function: Function, tmp_path: Path, language: str, advice: str
    ) -> None:
        rule = (
            "id: r, on: commit-file, when: event.fileType == 10, severity: critical, owner: data team,"
            " help: 'https://wiki.example.com/r', message: 'No {rule}'"
        )
        function.policy(f"version: 1\nlanguage: {language}\nrules:\n  - {{{rule}}}", tmp_path)
        assert function.handle(body("commit-file", {"fileType": 10}))["errorMessage"] == f"[r] No r{advice}"
        (line,) = function.log
        (finding,) = line["findings"]
        assert (finding["severity"], finding["owner"], finding["text"]) == ("critical", "data team", "[r] No r")

    def test_an_exempt_event_is_found_logged_and_let_pass(self, function: Function, tmp_path: Path) -> None:
        rule = (
            "id: r, on: download-resources, check: download.rows, with: {max: 0}, exempt:"
            " [{operator: 1, until: 2199-12-31}, {operator: 149318, until: 2199-12-31, reason: quarterly audit}]"
        )
        function.policy(f"version: 1\nlanguage: en\nrules:\n  - {{{rule}}}", tmp_path)
        assert function.handle(body(data=OK | {"operator": "149318"})) == {"checkResult": "OK", "errorMessage": ""}
        assert function.handle(body(data=OK | {"operator": "2"}))["checkResult"] == "FAIL"
        exempt, other = (line["findings"][0] for line in function.log)
        assert (exempt["mode"], exempt["exempt"], exempt["result"]) == (
            *("exempt", "quarterly audit (until 2200-01-01 00:00)", "FAIL"),
        )
        assert (other["mode"], other["exempt"]) == ("enforce", "")
        assert function.log[0]["level"] == "INFO"

    def test_an_exemption_without_a_reason_is_known_by_its_end(self) -> None:
        exempt = "exempt: [{workspace: 90214, until: 2199-12-31}]"
        verdict = only(f"on: download-resources, check: download.rows, with: {{max: 0}}, {exempt}")
        assert [(found.mode, found.exempt) for found in verdict.findings] == [(Mode.EXEMPT, "until 2200-01-01 00:00")]

    def test_what_a_workspace_has_set_counts_and_what_it_set_wrong_is_warned_of(self) -> None:
        rule = "on: download-resources, check: download.rows, with: {max: 0}, options: {max: rows, result: level}"
        for options, results, warnings in (
            ({"rows": "5"}, [], 0),
            ({"level": "WARN"}, [Result.WARN], 0),
            ({"rows": "many", "level": "WARN"}, [Result.WARN], 1),
            ({}, [Result.FAIL], 0),
        ):
            asked = msgspec.structs.replace(event("download-resources", OK), options=options)
            verdict = pipeline.judge(asked, ruled(rule), NOW)
            assert [found.result for found in verdict.findings] == results
            assert len(verdict.warnings) == warnings


CUSTOM = """
import sys
import msgspec
from extension.checks import check
from extension.verdict import Finding, Text, hit

T = Text(en="no", zh="不")

class Odd:
    FORM = "odd"

    @classmethod
    def schema(cls):
        return {"type": "string"}

    @classmethod
    def read(cls, value):
        value.lower()
        return cls()

class Evil:
    def __str__(self):
        raise TypeError("no text")

class Settings(msgspec.Struct, frozen=True, kw_only=True):
    odd: Odd | None = None

@check("own.check", events="*", texts=[T])
def judge(event, settings: Settings):
    "Nothing is right."
    yield FOUND
"""


class TestCustomCheck:
    """Whatever a check of somebody else does, the user is answered."""

    @pytest.mark.parametrize(
        ("found", "error"),
        [
            ("hit('no text', x=1)", "AttributeError at pipeline.py:"),
            ("hit(Text(en='{a[0]}', zh='{a[0]}'), a='x')", "ValueError at verdict.py:"),
            ("hit(Text(en='no', zh='{'))", "ValueError at verdict.py:"),
            ("hit(T, a=Evil())", "TypeError at c.py:"),
            ("hit(T, n=10**5000)", "ValueError at verdict.py:"),
            ("Finding(T, 'abc')", "AttributeError at pipeline.py:"),
            ("'no finding'", "TypeError at pipeline.py:"),
            ("sys.exit(1)", "SystemExit at c.py:"),
        ],
    )
    def test_what_cannot_be_written_for_the_user_gives_on_error(
        self, function: Function, tmp_path: Path, found: str, error: str
    ) -> None:
        self.deploy(function, tmp_path, found, "mode: enforce")
        assert function.handle(body("commit-file"))["checkResult"] == "WARN"
        assert [call.parameters["CheckResult"] for call in function.received] == ["WARN"]
        assert [finding["error"][: len(error)] for finding in function.log[-1]["findings"]] == [error]
        assert function.log[-1]["level"] == "ERROR"

    def test_a_setting_that_raises_for_what_a_workspace_has_set_gives_on_error(
        self, function: Function, tmp_path: Path
    ) -> None:
        self.deploy(function, tmp_path, "hit(T)", "options: {odd: o}")
        assert function.handle(body("commit-file", {"projectId": 1}))["checkResult"] == "FAIL"
        function.initialize()
        function.dataworks.options["*"] = {"o": 5}
        assert function.handle(body("commit-file", {"projectId": 1}))["checkResult"] == "WARN"
        assert function.log[-1]["findings"][0]["error"].startswith("AttributeError at c.py:")

    def test_a_finding_that_can_be_written_stands(self, function: Function, tmp_path: Path) -> None:
        self.deploy(function, tmp_path, "hit(T)", "mode: enforce")
        assert function.handle(body("commit-file")) == {"checkResult": "FAIL", "errorMessage": "[r] no"}

    @staticmethod
    def deploy(function: Function, tmp_path: Path, found: str, keys: str) -> None:
        """Deploy a rule of a check that finds this, and that gives WARN where it cannot be judged."""
        (tmp_path / "c.py").write_text(CUSTOM.replace("FOUND", found), encoding="utf-8")
        rule = f"{{id: r, on: commit-file, check: own.check, on_error: WARN, {keys}}}"
        function.policy(f"version: 1\nlanguage: en\nchecks: c.py\nrules:\n  - {rule}\n", tmp_path)


class TestParameters:
    """What the extension was registered with decides last."""

    @pytest.mark.parametrize(
        "name",
        [
            "extension.project.disabled",
            "extension.project.disabled.append",
            "extension.project.commit-file.disabled",
            "extension.project.commit-file.disabled.append",
            "extension.fileType.10.commit-file.enabled",
        ],
    )
    def test_where_they_switch_the_extension_off_findings_are_kept_and_count_for_nothing(self, name: str) -> None:
        value = "false" if "fileType" in name else "1, 90214"
        verdict = self.verdict({name: value})
        assert verdict.result is Result.OK
        assert [(found.result, found.mode) for found in verdict.findings] == [
            (Result.FAIL, Mode.OVERRULED),
            (Result.WARN, Mode.OVERRULED),
            (Result.FAIL, Mode.EXEMPT),
        ]
        assert verdict.warnings == (f"the extension's parameter {name} switches it off here: answered OK",)
        assert verdict.message(1000) == ""

    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"extension.project.disabled": "1"},
            {"extension.project.run-file.disabled": "90214"},
            {"extension.fileType.6.commit-file.enabled": "false"},
            {"extension.fileType.10.commit-file.enabled": "true"},
            {"team": "dw"},
        ],
    )
    def test_else_the_verdict_stands(self, parameters: dict[str, str]) -> None:
        verdict = self.verdict(parameters)
        assert (verdict.result, verdict.warnings, verdict.manual_pass) == (Result.FAIL, (), False)

    @pytest.mark.parametrize("answer", [None, Missing("no")])
    def test_without_them_the_verdict_stands(self, answer: Missing | None) -> None:
        verdict = self.verdict(answer)
        assert (verdict.result, verdict.warnings) == (Result.FAIL, ())

    def test_what_can_be_passed_by_hand_is_said_where_it_blocks(self) -> None:
        can = {"extension.manualPass.enabled": "true"}
        assert "marked as passed" in self.verdict(can).message(1000)
        warns = pipeline.judge(
            msgspec.structs.replace(event("commit-file", {"fileType": 10}), parameters=can),
            ruled("on: commit-file, when: event.fileType == 10, result: WARN"),
            NOW,
        )
        assert warns.manual_pass
        assert "marked as passed" not in warns.message(1000)

    def test_an_event_without_workspace_or_file_type_is_switched_off_by_none(self) -> None:
        everywhere = {"extension.project.disabled": "1,,90214", "extension.fileType..project-deleted.enabled": "false"}
        known = event("project-deleted", {})
        asked = msgspec.structs.replace(known, workspace=Unknown("projectId", Reason.MISSING), parameters=everywhere)
        assert pipeline.judge(asked, ruled("on: project-deleted, when: 'true'"), NOW).result is Result.FAIL

    @staticmethod
    def verdict(answer: dict[str, str] | Missing | None) -> Verdict:
        """The verdict on a commit that three rules are against, one of which is eased."""
        text = """version: 1
language: en
rules:
  - {id: a, on: commit-file, when: event.fileType == 10}
  - {id: b, on: commit-file, when: event.fileType == 10, result: WARN}
  - {id: c, on: commit-file, when: event.fileType == 10, exempt: [{operator: 149318, until: 2199-12-31}]}
"""
        asked = msgspec.structs.replace(event("commit-file", {"fileType": 10}), parameters=answer)
        return pipeline.judge(asked, policy.parse(text.encode(), "p"), NOW)


class TestPure:
    """The same event, policy and instant give the same verdict."""

    def test_every_documented_event_under_every_check_and_a_condition(self) -> None:
        rules = policy.parse(every_check().encode(), "p")
        assert {rule.check.id for rule in rules.rules if rule.check} == set(registry.BY_ID)
        found = 0
        for path in sorted(EVENTS.glob("*.json")):
            first, second = (
                pipeline.judge(envelopes.parse(path.read_bytes()), rules, NOW + offset)
                for offset in (timedelta(), timedelta())
            )
            assert first == second, path.name
            assert first.message(1000) == second.message(1000)
            found += len(first.findings)
        assert found > 100

    def test_nothing_of_an_event_or_a_policy_is_changed(self) -> None:
        rules = policy.parse(every_check().encode(), "p")
        for path in sorted(EVENTS.glob("*.json")):
            asked = envelopes.parse(path.read_bytes())
            pipeline.judge(asked, rules, NOW)
            again = envelopes.parse(path.read_bytes())
            assert asked == again
            assert asked.data == again.data
        assert msgspec.structs.replace(rules, plan={}) == msgspec.structs.replace(rules, plan={})

    def test_an_event_with_a_time_is_judged_for_it_whenever_that_is(self) -> None:
        rules = policy.parse(every_check().encode(), "p")
        asked = envelopes.parse((EVENTS / "download-resources.eventbridge.json").read_bytes())
        assert pipeline.judge(asked, rules, NOW) == pipeline.judge(asked, rules, NOW + timedelta(days=1000))


def every_check() -> str:
    """A policy with each check under the settings of its documented hit, and a condition."""
    lines = ["version: 1", "language: en", "rules:", "  - {id: any, on: '*', when: operator.ids.size() > 0}"]
    for check, examples in documented().items():
        settings = json.dumps(examples["Hits"][1], ensure_ascii=False)
        lines.append(f"  - {{id: {check}, on: '*', check: {check}, with: {settings}}}")
    return "\n".join(lines)


class TestAnswer:
    """The way through the handler: what is returned and what is posted."""

    def test_the_returned_message_and_the_posted_one_are_the_same(self, function: Function) -> None:
        returned = function.handle((EVENTS / "download-resources.json").read_bytes())
        (call,) = function.received
        assert returned["checkResult"] == call.parameters["CheckResult"] == "FAIL"
        assert returned["errorMessage"] == call.parameters["CheckMessage"]
        assert call.parameters["MessageId"] == "5b0a8aca-1830-5679-90f0-36434549e55b"
        assert "123,456" in str(returned["errorMessage"])

    def test_ok_has_no_message(self, function: Function) -> None:
        assert function.handle(body(data=OK)) == {"checkResult": "OK", "errorMessage": ""}
        assert "CheckMessage" not in function.received[0].parameters

    def test_exactly_two_fields_are_returned_under_names_that_can_be_changed(self, function: Function) -> None:
        function.set(EXTENSION_RESPONSE_FIELDS="CheckResult, CheckMessage")
        function.initialize()
        assert list(function.handle(body(data=OK))) == ["CheckResult", "CheckMessage"]

    @pytest.mark.parametrize(
        ("code", "api", "parameter"),
        [
            ("commit-file", "UpdateIDEEventResult", "CheckResultTip"),
            ("freeze-node", "UpdateWorkbenchEventResult", "CheckResultTip"),
            ("download-resources", "CallbackExtension", "CheckMessage"),
            ("delete-project", "CallbackExtension", "CheckMessage"),
        ],
    )
    def test_each_module_is_answered_through_its_api(  # noqa: PLR0913, PLR0917  two fixtures and a row of the table
        self,
        function: Function,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        code: str,
        api: str,
        parameter: str,
    ) -> None:
        function.handle(body(code, OK))
        function.policy(_always(code, "FAIL", monkeypatch), tmp_path)
        function.handle(body(code))
        assert [(call.action, call.verified, call.parameters["CheckResult"]) for call in function.received] == [
            (api, True, "OK"),
            (api, True, "FAIL"),
        ]
        assert function.received[1].parameters[parameter].startswith("[r] This rule could not be checked")

    def test_a_warn_that_operation_center_refuses_is_posted_again_as_ok_with_the_tip(
        self, function: Function, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        function.policy(_always("freeze-node", "WARN", monkeypatch), tmp_path)
        assert function.handle(body("freeze-node"))["checkResult"] == "WARN"
        assert [(call.parameters["CheckResult"], call.status) for call in function.received] == [
            ("WARN", 400),
            ("OK", 200),
        ]
        assert len({call.parameters["CheckResultTip"] for call in function.received}) == 1
        (line,) = function.log
        assert line["result"] == "WARN"
        assert line["callback"] == {
            "outcome": "posted",
            "action": "UpdateWorkbenchEventResult",
            "result": "OK",
            "request_id": function.received[1].request_id,
            "calls": 2,
            "error": "",
        }

    def test_a_notification_is_judged_and_logged_but_never_called_back(self, function: Function) -> None:
        envelope = json.loads((EVENTS / "download-resources.json").read_bytes()) | {"blockBusiness": False}
        assert function.handle(json.dumps(envelope).encode())["checkResult"] == "FAIL"
        assert function.received == []
        (line,) = function.log
        assert (line["result"], line["callback"]["outcome"]) == ("FAIL", "not-needed")

    def test_a_regular_event_is_never_called_back(self, function: Function) -> None:
        assert function.handle((EVENTS / "project-deleted.eventbridge.json").read_bytes())["checkResult"] == "OK"
        assert function.received == []

    @pytest.mark.parametrize("bridged", [False, True])
    def test_an_unknown_event_is_ok_with_a_warning_and_is_called_back(
        self, function: Function, *, bridged: bool
    ) -> None:
        assert function.handle(body("share-table", {"projectId": 1}, bridged=bridged)) == {
            "checkResult": "OK",
            "errorMessage": "",
        }
        assert [(call.action, call.parameters["CheckResult"]) for call in function.received] == [
            ("CallbackExtension", "OK")
        ]
        (line,) = function.log
        assert (line["level"], line["code"]) == ("WARNING", "share-table")
        assert line["warnings"] == ["the event is not in the catalogue: no rule can be for it, it is answered OK"]

    def test_an_http_request_is_refused_with_401(self, function: Function) -> None:
        request = {"requestContext": {}, "rawPath": "/", "headers": {}, "body": body().decode()}
        returned = function.handle(json.dumps(request).encode())
        assert returned["statusCode"] == 401
        assert function.received == []
        assert [(line["level"], line["event"]) for line in function.log] == [("WARNING", "refused-request")]

    def test_what_cannot_be_answered_is_logged_and_raised(self, function: Function) -> None:
        with pytest.raises(MessageError, match="messageId"):
            function.handle(b'{"messageBody": {}, "eventType": "commit-file"}')
        assert function.received == []
        assert [(line["level"], line["event"]) for line in function.log] == [("ERROR", "unanswerable")]
        assert function.log[0]["error"].startswith("messageId: is missing")

    def test_messages_are_in_the_language_of_the_policy(self, function: Function, tmp_path: Path) -> None:
        function.policy(RULES.replace("language: en", "language: zh"), tmp_path)
        message = function.handle(body(data={"dataRowSize": 5000, "fileSize": 1}))["errorMessage"]
        assert message == "[rows] 本次下载共 5,000 行，最多允许 1,000 行。请增加过滤条件，或减少单次下载量。"
        assert function.received[0].parameters["CheckMessage"] == message

    def test_a_long_message_is_cut_to_the_limit_of_its_api(self, function: Function, tmp_path: Path) -> None:
        many = "\n".join(
            f"  - {{id: rule-{n}, on: download-resources, check: download.rows, with: {{max: 0}}}}" for n in range(50)
        )
        function.policy(f"version: 1\nlanguage: en\nrules:\n{many}", tmp_path)
        message = str(function.handle(body(data={"dataRowSize": 5}))["errorMessage"])
        assert 700 < len(message) <= 1000
        assert message.endswith("…")
        assert len(function.received[0].parameters["CheckMessage"]) <= 1000

    def test_a_long_tip_to_operation_center_is_shorter_for_it_travels_in_the_url(
        self, function: Function, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        rules = _always("freeze-node", "FAIL", monkeypatch)
        rule = rules.splitlines()[-1]
        named = (f"id: r{n}, help: 'https://example.com/{n}'" for n in range(9))
        function.policy(rules + "".join(f"\n{rule.replace('id: r', each)}" for each in named), tmp_path)
        function.handle(body("freeze-node"))
        assert 200 < len(function.received[0].parameters["CheckResultTip"]) <= 300

    def test_user_text_reaches_a_message_without_what_deceives(self, function: Function, tmp_path: Path) -> None:
        function.policy(RULES.replace("mode: shadow", ""), tmp_path)
        name = "a\u202egpj.exe\r\n<script>\x00\x1b[31m{rows}{0.__class__}.csv"
        message = function.handle(body(data=OK | {"fileName": name}))["errorMessage"]
        assert message == (
            '[name] The file name "a\ufffdgpj.exe ‹script› [31m{rows}{0.__class__}.csv" is not of the form ok.*.'
            " Rename the file."
        )


def _always(code: str, result: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A policy with one rule for `code`, whose check always has a finding."""
    check = msgspec.structs.replace(
        registry.BY_ID["upload.overwrite"], judge=lambda *_: iter([RAISED]), events=frozenset({code})
    )
    monkeypatch.setitem(registry.BY_ID, "upload.overwrite", check)
    return f"version: 1\nlanguage: en\nrules:\n  - {{id: r, on: {code}, check: upload.overwrite, result: {result}}}"


class TestEmergency:
    """The switch that is thrown when rules go wrong."""

    def test_shadow_judges_and_logs_and_lets_pass(self, function: Function) -> None:
        function.set(EXTENSION_MODE="shadow")
        function.initialize()
        returned = function.handle((EVENTS / "download-resources.json").read_bytes())
        assert returned == {"checkResult": "OK", "errorMessage": ""}
        assert [call.parameters["CheckResult"] for call in function.received] == ["OK"]
        (line,) = function.log
        assert (line["result"], line["mode"], line["level"]) == ("OK", "shadow", "WARNING")
        assert line["warnings"] == ["EXTENSION_MODE is shadow: nothing is blocked"]
        assert [(found["rule"], found["result"], found["mode"]) for found in line["findings"]] == [
            ("bulk-download", "FAIL", "overruled")
        ]

    def test_off_judges_nothing_and_lets_pass(self, function: Function) -> None:
        function.set(EXTENSION_MODE="off")
        function.initialize()
        returned = function.handle((EVENTS / "download-resources.json").read_bytes())
        assert returned == {"checkResult": "OK", "errorMessage": ""}
        assert [call.parameters["CheckResult"] for call in function.received] == ["OK"]
        (line,) = function.log
        assert (line["result"], line["mode"], line["findings"]) == ("OK", "off", [])

    def test_off_works_also_when_the_policy_is_what_is_broken(self, function: Function, tmp_path: Path) -> None:
        function.set(EXTENSION_MODE="off")
        function.policy("version: 2\n", tmp_path)
        assert function.handle((EVENTS / "download-resources.json").read_bytes())["checkResult"] == "OK"
        assert [(line["level"], line["event"]) for line in function.log] == [
            ("ERROR", "broken-policy"),
            ("WARNING", "verdict"),
        ]
        assert "version: expected 1, found 2" in function.log[0]["error"]

    @pytest.mark.parametrize("mode", ["enforce", "shadow"])
    def test_a_broken_policy_is_no_policy_in_any_other_mode(
        self, function: Function, tmp_path: Path, mode: str
    ) -> None:
        function.set(EXTENSION_MODE=mode)
        with pytest.raises(PolicyError):
            function.policy("version: 2\n", tmp_path)


class TestCallbackFails:
    """A verdict that cannot be posted: returned to Function Compute, raised behind EventBridge."""

    def test_with_the_callback_off_the_verdict_is_returned_and_logged_only(self, function: Function) -> None:
        function.set(DATAWORKS_CALLBACK="off")
        function.initialize()
        assert function.handle((EVENTS / "download-resources.json").read_bytes())["checkResult"] == "FAIL"
        assert function.received == []
        assert function.log[0]["callback"]["outcome"] == "off"

    def test_without_an_extension_code_an_fc_hosted_event_is_answered_by_the_return_value(
        self, function: Function
    ) -> None:
        function.set(DATAWORKS_EXTENSION_CODE="")
        function.initialize()
        assert function.handle((EVENTS / "download-resources.json").read_bytes())["checkResult"] == "FAIL"
        assert function.received == []
        (line,) = function.log
        assert line["level"] == "WARNING"
        assert line["callback"]["error"].startswith("DATAWORKS_EXTENSION_CODE: ")

    def test_without_an_extension_code_an_eventbridge_event_is_an_error(self, function: Function) -> None:
        function.set(DATAWORKS_EXTENSION_CODE="")
        function.initialize()
        with pytest.raises(ConfigurationError, match="DATAWORKS_EXTENSION_CODE"):
            function.handle((EVENTS / "download-resources.eventbridge.json").read_bytes())
        assert [line["level"] for line in function.log] == ["ERROR"]

    def test_without_credentials_an_fc_hosted_event_is_answered_by_the_return_value(self, function: Function) -> None:
        function.set(ALIBABA_CLOUD_ACCESS_KEY_SECRET="")
        assert function.handle((EVENTS / "download-resources.json").read_bytes())["checkResult"] == "FAIL"
        assert function.received == []
        (line,) = function.log
        assert line["level"] == "ERROR"
        assert line["callback"]["outcome"] == "failed"

    def test_without_credentials_an_eventbridge_event_is_an_error(self, function: Function) -> None:
        function.set(ALIBABA_CLOUD_ACCESS_KEY_ID="")
        with pytest.raises(ConfigurationError, match="ALIBABA_CLOUD_ACCESS_KEY_ID"):
            function.handle((EVENTS / "download-resources.eventbridge.json").read_bytes())

    def test_a_refusal_of_who_calls_is_an_error_behind_eventbridge(self, function: Function) -> None:
        function.sign_with(key())
        with pytest.raises(PlatformError) as raised:
            function.handle((EVENTS / "download-resources.eventbridge.json").read_bytes())
        assert raised.value.code == "InvalidAccessKeyId.NotFound"
        assert [line["level"] for line in function.log] == ["ERROR"]

    def test_a_refusal_of_who_calls_leaves_an_fc_hosted_event_its_return_value(self, function: Function) -> None:
        function.sign_with(key())
        assert function.handle((EVENTS / "download-resources.json").read_bytes())["checkResult"] == "FAIL"
        (line,) = function.log
        assert (line["level"], line["callback"]["outcome"]) == ("ERROR", "failed")

    @pytest.mark.parametrize(("code", "level"), [("commit-file", "WARNING"), ("download-resources", "ERROR")])
    def test_a_refusal_of_the_call_behind_eventbridge_is_logged_and_no_error(
        self, function: Function, code: str, level: str
    ) -> None:
        with answering(400, {"RequestId": "R-1", "Code": "InvalidParameter.MessageId", "Message": "why"}) as stub:
            function.set(DATAWORKS_ENDPOINT=f"http://{stub.endpoint}")
            function.initialize()
            function.handle((EVENTS / f"{code}.eventbridge.json").read_bytes())
        (line,) = function.log
        assert (line["level"], line["callback"]["outcome"]) == (level, "refused")

    def test_a_refusal_of_the_call_leaves_an_fc_hosted_event_its_return_value_and_an_error(
        self, function: Function
    ) -> None:
        with answering(400, {"RequestId": "R-1", "Code": "InvalidParameter.MessageId", "Message": "why"}) as stub:
            function.set(DATAWORKS_ENDPOINT=f"http://{stub.endpoint}")
            function.initialize()
            assert function.handle((EVENTS / "download-resources.json").read_bytes())["checkResult"] == "FAIL"
        (line,) = function.log
        assert (line["level"], line["callback"]["outcome"]) == ("ERROR", "failed")

    def test_a_wrong_extension_code_behind_eventbridge_is_an_error(self, function: Function) -> None:
        function.set(DATAWORKS_EXTENSION_CODE="of-somebody-else")
        function.initialize()
        with pytest.raises(PlatformError, match=r"InvalidParameter\.ExtensionCode"):
            function.handle((EVENTS / "commit-file.eventbridge.json").read_bytes())

    def test_a_warn_that_is_refused_for_who_calls_is_not_softened(
        self, function: Function, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        function.policy(_always("freeze-node", "WARN", monkeypatch), tmp_path)
        with answering(400, {"RequestId": "R-1", "Code": "SignatureDoesNotMatch", "Message": "why"}) as stub:
            function.set(DATAWORKS_ENDPOINT=f"http://{stub.endpoint}")
            function.initialize()
            function.handle(body("freeze-node"))
            assert len([request for request in stub.requests if "UpdateWorkbenchEventResult" in request]) == 1

    def test_no_answer_is_an_error_behind_eventbridge(self, function: Function) -> None:
        function.set(DATAWORKS_ENDPOINT="http://127.0.0.1:9")
        function.initialize()
        with pytest.raises(PlatformError) as raised:
            function.handle((EVENTS / "commit-file.eventbridge.json").read_bytes())
        assert raised.value.status == 0


class TestLog:
    """One line an event, which says everything and gives nothing away."""

    def test_the_line_says_what_was_decided_why_and_under_which_policy(self, function: Function) -> None:
        function.handle((EVENTS / "download-resources.eventbridge.json").read_bytes())
        (line,) = function.log
        judged_ms, total_ms = line.pop("judged_ms"), line.pop("total_ms")
        assert 0 < float(str(judged_ms)) <= float(str(total_ms))
        assert str(line.pop("policy")).startswith("policy.yaml@")
        assert str(line.pop("at")).endswith("Z")
        assert len(str(line.pop("request_id"))) == 36
        assert line == {
            "level": "INFO",
            "event": "verdict",
            "code": "download-resources",
            "warnings": [],
            "delivery": "eventbridge",
            "message_id": "5b0a8aca-1830-5679-90f0-36434549e55b",
            "occurred": "2024-07-10T07:25:34.915000Z",
            "region": "cn-shanghai",
            "workspace": "90214",
            "operator": "149318960375502187",
            "facts": {
                "operatorUid": "149318960375502187",
                "operatorBaseId": "123936573482016",
                "datasourceId": "1111",
                "datasourceName": "odps_first",
                "queryDwProjectId": "90214",
                "queryDwProjectName": "test_project",
                "fileSize": 10241024,
                "moduleType": "sqlx_query",
                "fileName": "filename.csv",
                "dataRowSize": 123456,
            },
            "result": "FAIL",
            "mode": "enforce",
            "rules": ["bulk-download"],
            "findings": [
                {
                    "rule": "bulk-download",
                    "check": "download.rows",
                    "result": "FAIL",
                    "mode": "enforce",
                    "severity": "",
                    "owner": "",
                    "exempt": "",
                    "text": "[bulk-download] The download has 123,456 rows; at most 100,000 are allowed. Narrow the"
                    " query with a filter, or download less at a time.",
                    "error": "",
                }
            ],
            "findings_total": 1,
            "asked": [{"action": "GetExtension", "cached": False, "calls": 1, "error": ""}],
            "answers": {},
            "sql": {"digest": "279e6ae01b927bcb"},
            "callback": {
                "outcome": "posted",
                "action": "CallbackExtension",
                "result": "FAIL",
                "request_id": function.received[0].request_id,
                "calls": 1,
                "error": "",
            },
        }

    def test_a_callback_to_another_region_than_the_event_s_is_warned_of(
        self, function: Function, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        extension = edges.Extension(local.context())
        monkeypatch.setattr(handler, "_extension", extension)
        monkeypatch.setattr(extension, "region", "cn-beijing")
        event = (EVENTS / "download-resources.eventbridge.json").read_bytes()
        function.handle(event)
        elsewhere = msgspec.structs.replace(extension.environment, endpoint=edges.Endpoint())
        monkeypatch.setattr(extension, "environment", elsewhere)
        function.handle(event)
        assert [line["warnings"] for line in function.log] == [
            [],
            ["the event is of another region than the function, cn-beijing: set DATAWORKS_ENDPOINT"],
        ]

    @pytest.mark.parametrize(
        ("name", "callback"),
        [("download-resources.eventbridge.json", "off"), ("project-deleted.eventbridge.json", "on")],
    )
    def test_another_region_is_not_warned_of_where_nothing_is_called_back(
        self, function: Function, monkeypatch: pytest.MonkeyPatch, name: str, callback: str
    ) -> None:
        function.set(DATAWORKS_CALLBACK=callback, DATAWORKS_ENDPOINT="", FC_REGION="cn-beijing")
        monkeypatch.setattr(handler, "_extension", edges.Extension(SimpleNamespace(region="cn-beijing")))
        function.handle((EVENTS / name).read_bytes())
        (line,) = function.log
        assert (line["region"], line["warnings"]) == ("cn-shanghai", [])

    def test_a_long_warning_is_cut_and_made_harmless(self, function: Function, tmp_path: Path) -> None:
        rule = "on: '*', check: download.rows, with: {max: 5}, options: {max: " + "o" * 150 + "}"
        function.policy(f"version: 1\nlanguage: en\nrules:\n  - {{id: r, {rule}}}\n", tmp_path)
        function.dataworks.options["*"] = {"o" * 150: "<b>" + "x" * 500}
        function.handle(body(data=OK | {"projectId": 1}))
        (line,) = function.log
        (warning,) = line["warnings"]
        assert warning.startswith(f"rule r: option {'o' * 150}: expected a whole number of at least 0, found '‹b›xx")
        assert 250 < len(warning) <= 300
        assert warning.endswith("…")

    def test_at_most_forty_findings_are_listed_and_all_are_counted(self, function: Function, tmp_path: Path) -> None:
        for many in (40, 41):
            rules = "".join(f"  - {{id: r{number}, on: '*', when: 'true'}}\n" for number in range(many))
            function.policy(f"version: 1\nlanguage: en\nrules:\n{rules}", tmp_path)
            function.handle(body(data=OK))
            line = function.log[-1]
            assert [found["rule"] for found in line["findings"]] == [f"r{number}" for number in range(40)]
            assert line["findings_total"] == many

    def test_it_fits_into_a_line_of_function_compute_s_log(self, function: Function, tmp_path: Path) -> None:
        """Of 32 KB: what is left over is cut there, and the line is no JSON any longer."""
        rule = "on: '*', check: operator.roles, with: {deny: [a]}, owner: OWNER, options: {result: oNUMBER, deny: o}"
        rules = "".join(
            f"  - {{id: r{number}, {rule.replace('OWNER', '数' * 200).replace('NUMBER', str(number))}}}\n"
            for number in range(100)
        )
        function.policy(f"version: 1\nrules:\n{rules}", tmp_path)
        function.dataworks.options["*"] = {f"o{number}": "数" * 200 for number in range(100)} | {"o": ["数" * 200] * 50}
        function.dataworks.failing["ListProjectMembers"] = (500, "InternalError")
        function.handle(body("commit-file", {"projectId": 1, "fileName": "数" * 500, "operator": "1"}))
        line = function.log[-1]
        assert len(json.dumps(line, ensure_ascii=False).encode()) < 32_000
        assert line["findings_total"] == 100
        assert 5 < len(line["findings"]) < 40
        assert 5 < len(line["warnings"]) < 100
        assert 1 < len(line["answers"]["options"]) < 100

    def test_long_lists_of_an_event_are_logged_in_short(self, function: Function) -> None:
        function.handle(body("freeze-node", {"nodeIds": list(range(1, 1000))}))
        assert function.log[-1]["facts"]["nodeIds"] == list(range(1, 21))

    def test_long_numbers_of_an_event_are_logged_in_short(self, function: Function) -> None:
        function.handle(body("freeze-node", {"nodeIds": [2**64 - 1, 2**64, "9" * 4_000], "projectId": 10**30}))
        facts = function.log[-1]["facts"]
        assert facts["nodeIds"] == [2**64 - 1, str(2**64), f"{'9' * 119}…"]
        assert facts["projectId"] == str(10**30)

    def test_a_line_that_would_be_too_long_says_what_it_leaves_out(self, function: Function, tmp_path: Path) -> None:
        wide = "🚫" * 119
        rules = "".join(
            f"  - {{id: r{number}, on: '*', when: '\"{wide}\" in operator.roles', options: {{result: o{number}}}}}\n"
            for number in range(40)
        )
        function.policy(f"version: 1\nrules:\n{rules}", tmp_path)
        function.dataworks.members["*"] = {"1": [f"{number}{wide}" for number in range(20)] + [wide]}
        function.dataworks.options["*"] = {f"o{number}": wide for number in range(40)}
        function.handle(body("commit-file", {"projectId": 1, "operator": "1", "fileName": wide}))
        line = function.log[-1]
        assert len(json.dumps(line, ensure_ascii=False).encode()) < 32_000
        assert line["left_out"] == ["answers"]
        assert line["answers"] == {}
        assert line["facts"]["fileName"] == wide

    def test_neither_sql_nor_credentials_are_logged_or_posted(
        self, function: Function, caplog: pytest.LogCaptureFixture
    ) -> None:
        for path in sorted(EVENTS.glob("*.json")):
            function.handle(path.read_bytes())
        used = next(iter(function.dataworks.keys.values()))
        seen = caplog.text + json.dumps([call.parameters for call in function.received])
        for secret in (used.access_key_secret, used.security_token, "dim_sku", "select"):
            assert secret not in seen
        assert "bulk-download" in seen
