"""A policy held against recorded events: what it changes, counted in little memory."""

import random
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from extension import logs, replay
from extension.errors import PolicyError, StoreError
from extension.evidence import Judge
from extension.logs import Part, Reader, Span
from extension.records import Found, Record
from extension.replay import UNKNOWN, Change, Effect, Log, Replay, Strange
from extension.rules import Policy
from extension.storage import load
from extension.stores.opening import open_store
from extension.verdict import LATE, Mode, Result
from tests.recorded import NOW, judged, policy_of

ROWS = "on: download-resources, check: download.rows, with: {max: %d}"
BLOCKS, WARNS, PASSES = ROWS % 1, f"{ROWS % 1}, result: WARN", ROWS % 1000
RULES = {"OK": PASSES, "WARN": WARNS, "FAIL": BLOCKS}
DOWNLOAD = {"dataRowSize": 10}


def taken(policy: Policy, *found: Record, sample: int = 20) -> Replay:
    """What is counted over some records."""
    judge, counted = Judge(policy), Replay(policy=policy.name, sample=sample)
    for record in found:
        counted.add(record, judge.opinion(record))
    return counted


def lone(before: str, now: str) -> Replay:
    """What is counted over one event that had one verdict and gets another."""
    return taken(policy_of(RULES[now]), judged("download-resources", DOWNLOAD, policy_of(RULES[before])))


def written(folder: Path, found: Iterator[Record] | list[Record]) -> Path:
    file = folder / "log.jsonl"
    file.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in found))
    return file


def deployed(folder: Path, *rules: str) -> Path:
    """A policy on disk."""
    listed = "\n".join(f"  - {{id: r{number}, {keys}}}" for number, keys in enumerate(rules, 1))
    file = folder / "policy.yaml"
    file.write_text(f"version: 1\nlanguage: en\nrules:\n{listed}", encoding="utf-8")
    return file


@pytest.mark.parametrize("before", RULES)
@pytest.mark.parametrize("now", RULES)
def test_each_transition(before: str, now: str) -> None:
    found = lone(before, now)
    same = before == now
    assert found.transitions == {f"{before}>{now}": 1}
    assert found.unchanged == same
    assert found.total == Change(
        events=1,
        blocked_before=before == "FAIL",
        blocked_now=now == "FAIL",
        newly_blocked=now == "FAIL" and not same,
        newly_warned=now == "WARN" and not same,
        newly_passed=now == "OK" and not same,
    )
    for rows, name in (
        (found.workspaces, "90214"),
        (found.operators, "149318"),
        (found.codes, "download-resources"),
        (found.days, "2026-11-27"),
    ):
        assert rows == {name: found.total}
    effect = Effect(
        hits_before=before != "OK",
        hits_now=now != "OK",
        newly_blocked=now == "FAIL" and not same,
        unblocked=before == "FAIL" and not same,
    )
    assert found.rules == ({} if before == now == "OK" else {"r1": effect})
    assert bool(found.examples) is not same


def test_an_example_names_the_event_and_the_rules() -> None:
    (example,) = lone("WARN", "FAIL").examples["WARN>FAIL"]
    assert example.at == "2026-11-27 08:30:00"
    assert (example.code, example.workspace, example.operator) == ("download-resources", "90214", "149318")
    assert (example.rules_before, example.rules_now, example.open) == (("r1",), ("r1",), ())


def test_the_first_events_are_named() -> None:
    records = [msgspec.structs.replace(judged("download-resources", DOWNLOAD), id=str(number)) for number in range(5)]
    found = taken(policy_of(BLOCKS), *records, sample=3)
    assert [each.id for each in found.examples["OK>FAIL"]] == ["0", "1", "2"]
    assert taken(policy_of(BLOCKS), *records, sample=0).examples == {"OK>FAIL": []}


def test_what_is_not_decidable_is_counted_apart() -> None:
    found = taken(policy_of(f"{BLOCKS}, options: {{max: rows}}"), judged("download-resources", DOWNLOAD))
    assert found.total == Change(events=1, undecided=1)
    assert found.rules == {"r1": Effect(undecided=1)}
    assert found.transitions == {f"OK>{UNKNOWN}": 1}
    assert found.examples[f"OK>{UNKNOWN}"][0].open == ("r1",)


def test_a_rule_in_shadow_decides_nothing() -> None:
    found = taken(policy_of(f"{BLOCKS}, mode: shadow"), judged("download-resources", DOWNLOAD))
    assert found.rules == {"r1": Effect(shadow_hits=1)}
    assert found.unchanged == 1


def test_only_rules_that_block_are_said_to_block() -> None:
    both = policy_of(BLOCKS, WARNS)
    found = taken(both, judged("download-resources", DOWNLOAD))
    assert (found.rules["r1"].newly_blocked, found.rules["r2"].newly_blocked) == (1, 0)
    back = taken(policy_of(PASSES), judged("download-resources", DOWNLOAD, both))
    assert (back.rules["r1"].unblocked, back.rules["r2"].unblocked) == (1, 0)


class TestSwitches:
    """What a switch or a parameter let pass is compared with what its policy decided."""

    def record(self, switch: str, *findings: Found, total: int = 0) -> Record:
        record = judged("download-resources", DOWNLOAD)
        return msgspec.structs.replace(
            record, switch=switch, findings=findings, findings_total=total or len(findings), result=Result.OK
        )

    def overruled(self, result: Result) -> Found:
        return Found(rule="old", result=result, mode=Mode.OVERRULED, en="no", zh="不")

    def test_in_shadow(self) -> None:
        found = taken(policy_of(BLOCKS), self.record("shadow", self.overruled(Result.FAIL)))
        assert (found.transitions, found.switched) == ({"FAIL>FAIL": 1}, 1)
        assert found.rules["old"].hits_before == 1

    def test_by_a_parameter(self) -> None:
        found = taken(policy_of(PASSES), self.record("", self.overruled(Result.WARN)))
        assert (found.transitions, found.switched) == ({"WARN>OK": 1}, 1)

    def test_without_findings(self) -> None:
        found = taken(policy_of(PASSES), self.record("shadow"))
        assert (found.transitions, found.switched) == ({"OK>OK": 1}, 1)

    def test_switched_off_nothing_is_known(self) -> None:
        found = taken(policy_of(BLOCKS), self.record("off"))
        assert (found.transitions, found.unknown_before) == ({f"{UNKNOWN}>FAIL": 1}, 1)
        assert found.total == Change(events=1, blocked_now=1)

    @pytest.mark.parametrize(("result", "before"), [(Result.WARN, UNKNOWN), (Result.FAIL, "FAIL")])
    def test_of_findings_that_are_not_all_kept(self, result: Result, before: str) -> None:
        found = taken(policy_of(PASSES), self.record("shadow", self.overruled(result), total=200))
        assert found.transitions == {f"{before}>OK": 1}


@pytest.mark.parametrize(
    ("finding", "accidents"),
    [
        (Found(rule="a", result=Result.FAIL, judged=False, error="GetX: HTTP 500", en="x", zh="x"), 1),
        (Found(rule="a", result=Result.FAIL, judged=False, en=f"[a] {LATE.text.en}", zh="x"), 1),
        (Found(rule="a", result=Result.FAIL, judged=False, en="[a] the field is missing", zh="x"), 0),
        (Found(rule="a", result=Result.FAIL, en="hit", zh="x"), 0),
        (Found(rule="a", result=Result.FAIL, mode=Mode.EXEMPT, judged=False, error="x", en="x", zh="x"), 0),
    ],
)
def test_changes_of_what_had_come_of_an_error_are_counted(finding: Found, accidents: int) -> None:
    record = judged("download-resources", DOWNLOAD)
    blocked = msgspec.structs.replace(record, result=Result.FAIL, findings=(finding,), findings_total=1)
    assert taken(policy_of(PASSES), blocked).accidents == accidents
    assert taken(policy_of(BLOCKS), blocked).accidents == 0


class TestReplay:
    """A whole log."""

    def records(self, number: int) -> list[Record]:
        """Events of many users over some days, with and without a verdict that changes."""
        source = judged("download-resources", DOWNLOAD)
        numbers = random.Random(7)  # noqa: S311  the same ones in every run
        return [
            msgspec.structs.replace(
                source,
                id=f"{each:06}",
                at=NOW + timedelta(days=each % 3),
                operator=str(numbers.randrange(number)),
                data={**source.data, "dataRowSize": numbers.randrange(20)},
                policy=f"p{each % 5}@x",
            )
            for each in range(number)
        ]

    def test_a_folder_a_file_and_a_stream_are_one_log(self, tmp_path: Path) -> None:
        path = deployed(tmp_path, ROWS % 9, f"{ROWS % 5}, result: WARN")
        file = written(tmp_path, self.records(300))
        found = replay.replay(replay.find([str(file), str(tmp_path)], Span()), load(path), path)
        assert (found.total.events, found.judged) == (600, 600)
        assert sum(found.transitions.values()) == 600
        assert found.days.keys() == {"2026-11-27", "2026-11-28", "2026-11-29"}
        assert found.policies == {f"p{number}@x": 120 for number in range(5)}

    def test_what_is_counted_does_not_depend_on_parts_and_processes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = deployed(tmp_path, ROWS % 9, f"{ROWS % 5}, result: WARN")
        (tmp_path / "other.jsonl").write_bytes(b"nonsense\n")
        places = [str(written(tmp_path, self.records(400))), str(tmp_path / "other.jsonl")]
        whole = replay.replay(replay.find(places, Span()), load(path), path)
        monkeypatch.setattr(logs, "PART_BYTES", 5000)
        monkeypatch.setattr(replay, "PARALLEL_BYTES", 1000)
        told: list[tuple[int, int]] = []
        log = replay.find(places, Span())
        assert len(log.sources) > 20
        parted = replay.replay(log, load(path), path, jobs=2, done=lambda *each: told.append(each))
        assert parted == whole == replay.replay(log, load(path), path, jobs=1)
        assert sum(size for size, _ in told) == log.size_bytes
        assert sum(number for _, number in told) == 400

    def test_more_users_than_are_counted_one_by_one_are_counted_together(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(replay, "KEYS", 10)
        path = deployed(tmp_path, ROWS % 9)
        found = replay.replay(replay.find([str(written(tmp_path, self.records(100)))], Span()), load(path), path)
        assert len(found.operators) == 11
        assert sum(row.events for row in found.operators.values()) == 100
        assert replay.by_change(found.operators)[-1][0] == replay.OTHERS
        monkeypatch.setattr(replay, "KEYS", 2)
        found = replay.replay(replay.find([str(tmp_path)], Span()), load(path), path)
        assert found.policies == {"p0@x": 20, "p1@x": 20, replay.OTHERS: 60}

    def test_rules_without_a_hit_are_there(self, tmp_path: Path) -> None:
        path = deployed(tmp_path, PASSES, "on: delete-project, check: workspace.protected, with: {deny: ['1']}")
        found = replay.replay(replay.find([str(written(tmp_path, self.records(3)))], Span()), load(path), path)
        assert found.rules == {"r1": Effect(), "r2": Effect()}

    def test_events_that_no_rule_is_for_are_not_judged(self, tmp_path: Path) -> None:
        path = deployed(tmp_path, "on: delete-project, check: workspace.protected, with: {deny: ['1']}")
        found = replay.replay(replay.find([str(written(tmp_path, self.records(3)))], Span()), load(path), path)
        assert (found.total.events, found.judged, found.unchanged) == (3, 0, 3)

    def test_a_policy_that_changes_meanwhile_is_an_error(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = deployed(tmp_path, PASSES)
        before = load(path)
        deployed(tmp_path, BLOCKS)
        monkeypatch.setattr(replay, "PARALLEL_BYTES", 1)
        log = replay.find([str(written(tmp_path, self.records(3)))], Span())
        tally = replay.tally_of(log.sources[0], path, Span(), 5)
        assert tally.policy != before.name
        monkeypatch.setattr(replay, "_tallies", lambda *_: iter([(log.sources[0], tally)]))
        with pytest.raises(PolicyError, match="has changed while the log was read"):
            replay.replay(log, before, path)

    def test_of_a_stream_and_a_database_it_is_told_on_the_way(self, monkeypatch: pytest.MonkeyPatch) -> None:
        records = self.records(5)
        monkeypatch.setattr(replay, "_STEP", 2)
        monkeypatch.setattr(replay, "PARALLEL_BYTES", -1)
        monkeypatch.setattr(logs, "stored", lambda place: iter(records if place == "sqlite:///a" else []))
        told: list[tuple[int, int]] = []
        log = Log(sources=("sqlite:///a",), span=Span(last=(NOW + timedelta(days=1)).date()))
        assert log.size_bytes == 0
        policy = policy_of(BLOCKS)
        for jobs in (1, 2):
            found = replay.replay(log, policy, Path(), jobs=jobs, done=lambda *each: told.append(each))
            assert (found.total.events, found.left_out) == (4, 1)
        assert told == [(0, 2)] * 4

    def test_a_database_by_its_url(self) -> None:
        assert replay.find(["sqlite:///a.db"], Span()).sources == ("sqlite:///a.db",)
        policy = policy_of(BLOCKS)
        with pytest.raises(StoreError, match=r"^nosuch://h/d: "):
            replay.replay(replay.find(["nosuch://u:secret@h/d"], Span()), policy, Path())

    def test_a_database_is_judged_as_a_file_is(self, tmp_path: Path) -> None:
        path, record = deployed(tmp_path, BLOCKS), judged("download-resources", DOWNLOAD)
        ids = (f"20261127T08301512345{each}-1a2b3c4d5e6f" for each in range(5))
        several = [msgspec.structs.replace(record, id=each) for each in ids]
        with open_store(f"sqlite:///{tmp_path}/a.db") as store:
            store.add(several)
        (tmp_path / "a.jsonl").write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in several))
        of_database, of_file = (
            replay.replay(replay.find([place], Span()), load(path), path)
            for place in (f"sqlite:///{tmp_path}/a.db", str(tmp_path / "a.jsonl"))
        )
        assert of_database.total.events == 5
        assert of_database == of_file

    def test_what_could_not_be_used_is_named_by_its_file(self) -> None:
        found, reader = Replay(policy="p"), Reader(Span())
        found.note("a.jsonl", reader)
        assert not found.files
        reader.strange, reader.log, reader.broken, reader.left_out = 3, 2, "the end is missing", 5
        found.note("a.jsonl", reader)
        found.merge(found)
        assert found.files == {"a.jsonl": Strange(lines=6, log_lines=4, broken="the end is missing")}
        assert (found.strange, found.left_out) == (6, 10)

    @pytest.mark.no_cover
    def test_it_takes_no_more_memory_for_more_events(self, tmp_path: Path) -> None:
        path = deployed(tmp_path, BLOCKS)
        policy, line = load(path), msgspec.json.encode(judged("download-resources", DOWNLOAD)) + b"\n"

        def peak(number: int) -> int:
            file = tmp_path / f"{number}.jsonl"
            file.write_bytes(line * number)
            log = replay.find([str(file)], Span())
            tracemalloc.start()
            replay.replay(log, policy, path)
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return found

        # What another thread takes in the meantime is traced, too, but not each time; what an event leaves behind is.
        assert peak(100)
        assert any(peak(3000) < peak(300) * 1.5 + 100_000 for _ in range(3))


def test_changes_are_in_the_order_of_what_they_cost() -> None:
    numbers = {"OK>OK": 9, "OK>WARN": 1, "OK>?": 5, "?>?": 1, "WARN>FAIL": 2, "OK>FAIL": 3, "FAIL>OK": 7, "?>OK": 8}
    found = Replay(policy="p", transitions=numbers)
    named = [f"{before}>{now}" for before, now, _ in replay.changes(found)]
    assert named == ["OK>FAIL", "WARN>FAIL", "OK>WARN", "?>OK", "FAIL>OK", "OK>?", "?>?"]


def test_rules_are_in_the_order_of_what_they_change() -> None:
    effects = {"a": Effect(hits_now=5), "b": Effect(newly_blocked=1), "c": Effect(unblocked=2), "d": Effect()}
    found = Replay(policy="p", rules=effects)
    assert [name for name, _ in replay.by_effect(found)] == ["c", "b", "a", "d"]


def test_a_day_is_that_of_utc() -> None:
    late = datetime.fromisoformat("2026-11-28T03:00:00+08:00")
    record = msgspec.structs.replace(judged("download-resources", DOWNLOAD), at=late)
    assert late.astimezone(UTC).day == 27
    assert taken(policy_of(PASSES), record).days.keys() == {"2026-11-27"}


def test_a_part_is_what_a_process_is_given() -> None:
    assert msgspec.json.decode(msgspec.json.encode(Part("a", 1, 2, 1)), type=Part) == Part("a", 1, 2, 1)
