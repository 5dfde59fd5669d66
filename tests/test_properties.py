"""What holds for every event, every policy text and every SQL, whatever is in them.

More is tried with EXAMPLES=100 in the environment, a hundred times as much, and by `make fuzz`.
"""

import json
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import accumulate
from pathlib import Path
from time import process_time
from typing import Any, TypeAlias
from unicodedata import category

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import handler
from extension import catalogue, conditions, edges, journal, local, pipeline, sql, storage
from extension.checks.registry import BY_ID
from extension.dataworks import Credentials
from extension.deliveries import Callback as Posted
from extension.errors import ExtensionError, MessageError, PolicyError
from extension.events import EPOCH, Event
from extension.faults import Fault, Outage
from extension.local import EXTENSION_CODE, _Request
from extension.rules import Policy
from extension.verdict import RAISED, Mode, Result, Verdict, clean, cut
from tests.cases import documented
from tests.conftest import Function
from tests.fakes import Witness
from tests.strategies import (
    ABOVE,
    Delivered,
    Json,
    about,
    bodies,
    checks_of,
    completed,
    deliveries,
    examples,
    keys,
    like_yaml,
    policy_of,
    rules,
    secret_sql,
    spoiled,
    texts,
)

pytestmark = pytest.mark.no_cover
"""What is covered by chance is not covered."""

LINE_BYTES = 32 * 1024
"""Longest line of Function Compute's log."""

CODES = tuple(sorted(catalogue.BY_CODE))
RANK = {Result.OK: 0, Result.WARN: 1, Result.FAIL: 2}
JOINERS = "\u200c\u200d"


def odd(text: str) -> set[str]:
    """What is in a text and is none: what controls, turns or ends a line, and is not to be seen."""
    return {each for each in text if category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - set(JOINERS)


# deliveries, through the whole function

HITS = {check: found["Hits"][1] for check, found in documented().items()}
"""Settings of the documented hit of each check."""


def every_check(*codes: str) -> list[Json]:
    """A rule of each check that judges one of the events, with the settings of `HITS`."""
    return [
        {"id": check, "on": list(codes), "check": check, "with": HITS[check]} for check in checks_of(frozenset(codes))
    ]


@pytest.fixture
def everything(function: Function, tmp_path: Path) -> Function:
    """The function with a rule of every check for every event that it judges, and a DataWorks that has answers."""
    named = [{**rule, "on": "*", "options": {"result": "result"}} for rule in every_check(*CODES)]
    conditions_ = [
        {"id": "roles", "on": "*", "when": 'size(operator.roles) > 9 && parameters["a"] == "b"', "on_error": "WARN"},
        {
            "id": "rows",
            "on": "resources-download",
            "when": 'event.dataRowSize > 3 || sql.limit > 1 || "a.b" in sql.tables',
        },
    ]
    function.policy(json.dumps({"version": 1, "language": "en", "rules": [*named, *conditions_]}), tmp_path)
    function.dataworks.snapshots["*"] = {"CommittedFile": {"Content": "select * from hr.users", "FileType": 10}}
    function.dataworks.members["*"] = {"149318": ["role_project_dev"]}
    function.dataworks.instances["*"] = {"NodeId": 1, "NodeName": "a"}
    return function


def handle(function: Function, caplog: pytest.LogCaptureFixture, body: object) -> dict[str, object]:
    """Invoke the function; nothing is left of what came before."""
    caplog.clear()
    function.dataworks.received.clear()
    function.dataworks.verdicts.clear()
    return function.handle(body)


def logged(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What was logged: each line is JSON, and fits into one of Function Compute's log."""
    lines = [record.getMessage() for record in caplog.records if record.name == "extension"]
    assert all(len(line.encode()) < LINE_BYTES and not odd(line) for line in lines)
    return [json.loads(line) for line in lines]


@examples(150)
@given(delivered=deliveries())
def test_an_event_is_answered_once_where_somebody_waits_and_nowhere_else(
    everything: Function, caplog: pytest.LogCaptureFixture, delivered: Delivered
) -> None:
    returned = handle(everything, caplog, delivered.body)
    assert list(returned) == ["checkResult", "errorMessage"]
    (line,) = logged(caplog)
    assert line["event"] == "verdict"
    assert line["result"] == returned["checkResult"]
    taken = {delivered.message_id: [line["callback"]["result"]]} if delivered.callback else {}
    assert everything.dataworks.verdicts == taken
    assert line["callback"]["outcome"] == ("posted" if delivered.callback else "not-needed")


@examples(300)
@given(body=bodies())
@example(body=None)
@example(body={})
@example(body=b'{"requestContext": 0}')
def test_whatever_comes_is_answered_or_refused_with_one_clear_error(
    everything: Function, caplog: pytest.LogCaptureFixture, body: object
) -> None:
    try:
        returned = handle(everything, caplog, body)
    except MessageError:
        (line,) = logged(caplog)
        assert line["event"] == "unanswerable"
        assert everything.dataworks.verdicts == {}
        return
    (line,) = logged(caplog)
    if line["event"] == "refused-request":
        assert returned["statusCode"] == 401
        assert everything.dataworks.verdicts == {}
        return
    assert list(returned) == ["checkResult", "errorMessage"]
    assert returned["checkResult"] in set(Result)
    entry = catalogue.BY_CODE.get(line["code"])
    waits = line["callback"]["outcome"] == "posted"
    assert [len(verdicts) for verdicts in everything.dataworks.verdicts.values()] == [1] * waits
    assert not waits or entry is None or entry.callback is not None


# any payload under any rule

LogOf: TypeAlias = Callable[[Event[Any], Verdict], dict[str, Any]]


@pytest.fixture
def log_of(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> LogOf:
    """What the log says of a verdict on an event, without a function around it."""
    monkeypatch.setenv("DATAWORKS_CALLBACK", "off")
    caplog.set_level(logging.INFO, "extension")
    extension = edges.Extension(local.context())
    call = extension.call(local.context())

    def line_of(event: Event[Any], judged: Verdict) -> dict[str, Any]:
        caplog.clear()
        callback = Posted(outcome="off")
        journal.verdict(event, judged, callback, None, extension=extension, call=call, judged_ms=0.1)
        (line,) = logged(caplog)
        return line

    return line_of


@cache
def checking(code: str) -> Policy:
    """A policy with every check that judges an event."""
    return policy_of({"version": 1, "language": "en"}, every_check(code))


def forget() -> None:
    """Drop what was worked out for earlier events."""
    sql._kept.clear()
    conditions.pattern_of.cache_clear()
    conditions.zone_of.cache_clear()


def raised(judged: Verdict) -> list[str]:
    """What checks raised; that a condition does not come out is no error of ours."""
    return [
        found.error for found in judged.findings if found.finding is RAISED and not found.error.startswith("when: ")
    ]


def must_be_sound(judged: Verdict) -> None:
    """Nothing raised, and nothing in the message that a user should not get to see."""
    assert raised(judged) == []
    assert judged.result in set(Result)
    for limit in (1, 2, 40, 300, 1_000, 10**6):
        message = judged.message(limit)
        assert len(message) <= limit
        assert odd(message) <= {"\n"}
        assert not set(message) & set("<>")
    assert (judged.message(1_000) == "") is (judged.result is Result.OK)


@pytest.mark.parametrize("code", [code for code in CODES if catalogue.BY_CODE[code].payload])
@examples(8)
@given(data=st.data())
def test_no_check_raises_whatever_the_event_says(code: str, log_of: LogOf, data: st.DataObject) -> None:
    policy, events = checking(code), [data.draw(completed(code)) for _ in range(2)]
    forget()
    first = [pipeline.judge(event, policy, EPOCH) for event in events]
    forget()
    again = [pipeline.judge(event, policy, EPOCH) for event in reversed(events)]
    assert first == again[::-1]
    for event, judged in zip(events, first, strict=True):
        must_be_sound(judged)
        assert log_of(event, judged)["result"] == judged.result


ON = st.sampled_from(CODES) | st.sampled_from(("download-resources", "commit-file", "backfill-data", "commit-table"))
"""Events, those with most checks more often."""


@examples(100)
@given(data=st.data(), code=ON, above=ABOVE)
def test_no_rule_raises_whatever_it_says(data: st.DataObject, code: str, above: Json, log_of: LogOf) -> None:
    policy = policy_of(above, data.draw(st.lists(rules(frozenset({code})), min_size=1, max_size=4)))
    event = data.draw(completed(code))
    judged = pipeline.judge(event, policy, EPOCH)
    must_be_sound(judged)
    assert judged == pipeline.judge(event, policy, EPOCH)
    assert log_of(event, judged)["result"] == judged.result


# one rule beside another


def said(judged: Verdict) -> set[str]:
    """What counts, without the names of rules: several that could not judge for one reason share a line."""
    return {line.text.partition("] ")[2] for line in judged.lines()}


@examples(90)
@given(data=st.data(), code=ON, above=ABOVE)
def test_another_rule_never_softens_a_verdict_and_one_in_shadow_never_changes_it(
    data: st.DataObject, code: str, above: Json
) -> None:
    event = data.draw(completed(code))
    some = data.draw(st.lists(rules(frozenset({code})), min_size=1, max_size=3))
    more = data.draw(rules(frozenset({code})))
    given_ = [{"id": f"r{number}", **rule} for number, rule in enumerate(some)]
    where = data.draw(st.integers(0, len(some)))

    def under(*added: Json) -> Verdict:
        return pipeline.judge(event, policy_of(above, [*given_[:where], *added, *given_[where:]]), EPOCH)

    alone, both = under(), under({"id": "more", **more})
    assert RANK[both.result] >= RANK[alone.result]
    assert said(both) >= said(alone)
    assert {found.rule for found in both.findings} - {"more"} == {found.rule for found in alone.findings}
    shadowed = under({"id": "more", **more, "mode": "shadow"})
    assert shadowed.result is alone.result
    assert shadowed.message(10**6) == alone.message(10**6)


@examples(70)
@given(data=st.data(), code=ON, above=ABOVE)
def test_shadow_scope_and_exemptions_never_harden_a_verdict(data: st.DataObject, code: str, above: Json) -> None:
    event = data.draw(completed(code))
    some = data.draw(st.lists(rules(frozenset({code}), plainly=True), min_size=1, max_size=3))
    whole = pipeline.judge(event, policy_of(above, some), EPOCH)
    for narrowed in (
        {"mode": "shadow"},
        {"exempt": [{"workspace": "*", "until": "9999-12-31"}]},
        {"workspaces": ["9*"]},
        {"except_operators": "1*"},
        {"until": "2001-01-01"},
    ):
        which = data.draw(st.sets(st.integers(0, len(some) - 1)))
        changed = [{**rule, **(narrowed if number in which else {})} for number, rule in enumerate(some)]
        assert RANK[pipeline.judge(event, policy_of(above, changed), EPOCH).result] <= RANK[whole.result]
    all_ = pipeline.judge(event, policy_of(above, [{**rule, "mode": "shadow"} for rule in some]), EPOCH)
    assert (all_.result, all_.message(10**6)) == (Result.OK, "")
    assert list(map(all_.sentence, all_.findings)) == list(map(whole.sentence, whole.findings))
    assert {found.mode for found in all_.findings} <= {Mode.SHADOW}


# any policy


def many(form: str, count: int) -> str:
    """A line with each number."""
    return "".join(form.format(number) for number in range(count))


RULES = "version: 1\nrules:\n"
BOMBS: Mapping[str, str] = {
    "aliases of aliases": many("a{0}: &a{0} [x, x]\n", 1) + many("b{0}: &b{0} [*a0, *a0, *a0, *a0, *a0]\n", 20_000),
    "an alias of itself": "rules: &r [*r]",
    "exemptions by aliases": (
        f"{RULES}- {{id: r, on: '*', when: 'true', exempt: &e [&m {{until: 2026-01-01, operator: 1}}"
        f"{', *m' * 2_000}]}}\n" + many("- {{id: r{0}, on: '*', when: 'true', exempt: *e}}\n", 300)
    ),
    "lists in lists": f"rules: {'[' * 100_000}",
    "mappings in mappings": "{" * 100_000,
    "dashes": "- " * 100_000,
    "question marks": "? " * 100_000,
    "a long text": f"version: 1\nrules: '{'x' * 1_000_000}'",
    "many keys": "version: 1\n" + many("key{0}: 1\n", 20_000),
    "many slips": RULES + many("- {{id: r{0}, on: download-resource{0}, check: download.row{0}}}\n", 3_000),
    "lists that are not there": (
        "version: 1\nlists:\n"
        + many("  list{0}: [1]\n", 1_000)
        + "rules:\n"
        + many("- {{id: r{0}, on: '*', check: operator.id, with: {{deny: {{list: lost{0}}}}}}}\n", 1_000)
    ),
    "brackets in a condition": f"{RULES}- {{id: a, on: '*', when: '{'(' * 900}'}}",
    "placeholders": f"{RULES}- {{id: a, on: '*', when: 'true', message: '{'{a}' * 300}'}}",
    "another version of YAML": "%YAML 9.9\n---\na",
}
"""Texts that are made to take long, or much."""

PARSE_S = 5


@examples(250)
@given(content=st.binary(max_size=80) | like_yaml() | spoiled())
def test_any_policy_text_is_a_policy_or_one_error_that_names_the_file(content: bytes, tmp_path: Path) -> None:
    must_be_a_policy_or_an_error(content, tmp_path)


@pytest.mark.parametrize("name", BOMBS)
def test_so_is_one_that_is_made_to_take_long(name: str, tmp_path: Path) -> None:
    must_be_a_policy_or_an_error(BOMBS[name].encode(), tmp_path)


def refusal(path: Path) -> list[str]:
    """The lines of the error that a policy is refused with, none where it is taken."""
    try:
        storage.load(path)
    except PolicyError as error:
        return str(error).splitlines() or [""]
    return []


def must_be_a_policy_or_an_error(content: bytes, folder: Path) -> None:
    """Of a file, and of a folder with two of them: each line of the error names one, and none takes long."""
    file, whole = folder / "policy.yaml", folder / "policies"
    whole.mkdir(exist_ok=True)
    (whole / "a.yaml").write_bytes(content)
    (whole / "b.yml").write_bytes(b"version: 1\nrules: [{id: last, on: '*', when: 'true'}]\n")
    file.write_bytes(content)
    for path in (file, whole):
        started = process_time()
        said = refusal(path)
        assert process_time() - started < PARSE_S
        assert all(line.startswith(str(path)) for line in said)


# text

CLUSTERS = (
    *(
        "a",
        "数",
        " ",
        "\n",
        "，",
        "。",
        ";",
        "e\u0301",
        "o\u0302\u0323",
        "👨‍👩‍👧",
        "👩🏽‍🚀",
        "👍🏿",
        "❤\ufe0f",
        "1\ufe0f\u20e3",
    ),
    *("🇨🇳", "🇩🇪", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "नि", "క్", "ก็", "a" * 30, "數\U000e0100"),
)
"""Each is one character to a reader, or several that can be parted from what comes before and behind."""


@examples(400)
@given(drawn=st.lists(st.sampled_from(CLUSTERS), max_size=30), limit=st.integers(1, 60))
def test_a_cut_goes_through_no_character(drawn: list[str], limit: int) -> None:
    parts = [part for each in drawn for part in (each if each.isascii() else [each])]
    text = "".join(parts)
    found = cut(text, limit)
    assert len(found) <= limit
    assert cut(found, limit) == found
    assert found == text or found.endswith("…")
    kept = text if found == text else found.removesuffix("…")
    assert text.startswith(kept)
    assert len(kept) in accumulate(map(len, parts), initial=0)


def seen(text: str) -> int:
    """How many characters of a text there are to be seen."""
    return sum(not each.isspace() and category(each) != "Cc" for each in text)


@examples(600)
@given(text=texts(200), limit=st.integers(1, 200))
@example(text="x" + "\n" * 2_000 + "\u00e9", limit=5)
def test_a_text_of_a_stranger_is_made_harmless(text: str, limit: int) -> None:
    found = clean(text, limit)
    assert len(found) <= limit
    assert not odd(found)
    assert not set(found) & set("<>")
    assert clean(found, limit) == found
    assert found.endswith("…") or seen(found) == seen(text)


# secrets

DENIED: Mapping[str, Json] = {
    "sql.tables": {"deny": ["*"]},
    "sql.columns": {"deny": ["*"], "anywhere": True},
    "sql.star": {"anywhere": True},
    "sql.functions": {"deny": ["*"]},
    "sql.statements": {"deny": ["*"]},
    "sql.partition_filter": {"tables": ["*"]},
    "sql.limit": {"max": 0},
    "sql.cross_join": {},
    "sql.length": {"max": 0},
    "file.functions": {"deny": ["*"]},
    "file.content": {"require": "never there", "forbid": "(?s).*"},
    "file.size": {"max": 0},
}
NOT_ALLOWED: Mapping[str, Json] = {
    "sql.tables": {"allow": ["no.table"], "deny": ["hr.*"], "except": ["hr.t"]},
    "sql.columns": {"deny": ["*.phone", "*.z*"], "masked_by": ["mask"]},
    "sql.functions": {"deny": ["max_pt", "z*"]},
    "sql.statements": {"allow": ["SELECT"]},
}
CONDITIONS = (
    *("sql.tables.exists(t, t > sql.columns[99])", "int(sql.tables[0]) > 1", "sql.limit > 1 || !sql.readable", "true"),
    *('sql.functions + sql.written == ["a"]', "sql.tables.map(t, timestamp(t)).size() > 1"),
)
"""Some do not come out, and the engine's errors quote values."""


def about_sql() -> str:
    """A policy that asks as much of SQL as can be asked, and lets as much of it be seen as can be."""
    rules_: list[Json] = [
        {"id": f"when-{number}", "on": ["resources-download", "commit-file", "run-file"], "when": when}
        for number, when in enumerate(CONDITIONS)
    ]
    for number, given_ in enumerate((DENIED, NOT_ALLOWED)):
        for check, settings in given_.items():
            message = "{rule} {operator} {workspace} {time} {event} " + " ".join(
                f"{{{name}}}" for name in sorted(BY_ID[check].placeholders)
            )
            rule = {"on": "*", "check": check, "with": settings, "options": {"result": "result"}}
            exempt = [{"table": "never.there", "until": "9999-12-31"}]
            rules_ += [
                {"id": f"{check}-{number}", **rule, "message": message},
                {"id": f"{check}-{number}-built-in", **rule, "exempt": exempt, "mode": "shadow"},
            ]
    above = {"version": 1, "language": "en", "log": {"sql": "outline"}, "sql": {"projects": {"*": "shop"}}}
    return json.dumps({**above, "rules": rules_})


FAULTS = (
    *(Fault.SIGNATURE, Fault.UNSUCCESSFUL, Fault.INTERNAL_ERROR, Fault.THROTTLED, Fault.SKEW, Fault.RESET),
    *(Fault.GARBAGE, Fault.TRUNCATED, Fault.UNAVAILABLE),
)
"""Those that take no time."""


class Quoting(Witness):
    """A DataWorks that says in every error what it was sent, credentials first."""

    def answer(self, request: _Request) -> tuple[int, dict[str, object]]:
        """Put what is secret into the words of an answer."""
        status, answer = super().answer(request)
        key = self.keys[request.access_key_id]
        quoted = f"{key.security_token} {key.access_key_secret}: {answer.get('Message')}"
        return status, {**answer, "Message": quoted, "ErrorMessage": quoted}


class Watched:
    """The function under the policy of `about_sql`, and all that leaves it: log, output, answers, calls, errors."""

    def __init__(
        self, function: Function, server: Quoting, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        self.function, self.server, self._caplog, self._capfd = function, server, caplog, capfd

    def left(self, body: bytes, key: Credentials, *, in_context: bool) -> list[str]:
        """What leaves the function for one event."""
        self.server.keys = {key.access_key_id: key}
        self.server.signatures.clear()
        self.server.received.clear()
        self._caplog.clear()
        self._capfd.readouterr()
        self.function.sign_with(Credentials("", "") if in_context else key)
        try:
            left = [repr(self.function.handle(body, credentials=key if in_context else None))]
        except ExtensionError as error:
            left = [repr(error), *traceback.format_exception(error)]
        records = (f"{record.getMessage()} {record.args} {record.exc_text}" for record in self._caplog.records)
        return [*left, *records, *(str(call.parameters) for call in self.server.received), *self._capfd.readouterr()]


@pytest.fixture
def watched(
    function: Function, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[Watched]:
    """The function against a DataWorks that quotes, with everything logged that anybody logs."""
    with Quoting(keys=[], extension_code=EXTENSION_CODE) as server:
        server.parameters = "a=b"
        function.set(DATAWORKS_ENDPOINT=server.url, DEBUG="sdk")
        function.policy(about_sql(), tmp_path)
        assert handler._extension
        handler._extension.pause = lambda _: None
        caplog.set_level(logging.DEBUG)
        yield Watched(function, server, caplog, capfd)


@examples(150)
@given(data=st.data(), key=keys(), fault=st.none() | st.sampled_from(FAULTS))
def test_no_secret_leaves_the_function(
    watched: Watched, data: st.DataObject, key: Credentials, fault: Fault | None
) -> None:
    text, mark = data.draw(secret_sql())
    body, watched.server.snapshots["*"] = data.draw(about(text))
    watched.server.faults = {"*": Outage(fault)} if fault else {}
    left = watched.left(body, key, in_context=data.draw(st.booleans()))
    assert len(left) > 3
    assert watched.server.signatures
    for secret in (*watched.server.signatures, key.access_key_secret, key.security_token):
        assert [each for each in left if secret[:20] in each or secret[-20:] in each] == []
    assert [each for each in left if mark in each.lower()] == []
