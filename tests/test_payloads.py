"""Every documented payload is read whole: each fact that the sample has, and none that it has not."""

import gc
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from extension import catalogue, events, payloads
from extension.events import Payload, Reason, Unknown
from tests.conftest import EVENTS

SAMPLES = [
    path for path in sorted(EVENTS.glob("*.json")) if catalogue.BY_CODE[path.name.split(".")[0]].payload is not None
]


def body(name: str | Path) -> dict[str, Any]:
    """The payload in a sample."""
    envelope = json.loads((EVENTS / name).read_text(encoding="utf-8"))
    data: dict[str, Any] = envelope.get("data") or envelope["messageBody"]
    return data


def payload(code: str, data: Mapping[str, object]) -> Any:  # noqa: ANN401  the struct differs from code to code
    """The typed reading of a payload."""
    struct = catalogue.BY_CODE[code].payload
    assert struct is not None
    return events.read(struct, data)


def unknowns(read: object) -> Iterator[Unknown]:
    """Everything that is unknown in a payload, at every depth."""
    if isinstance(read, Unknown):
        yield read
    elif isinstance(read, tuple):
        for item in read:
            yield from unknowns(item)
    elif isinstance(read, Payload):
        for attribute, _, _ in events.fields(type(read)):
            yield from unknowns(getattr(read, attribute))


def told(read: object) -> object:
    """A fact in the form of the sample: parts as mappings by the platform's names, without what is unknown."""
    if isinstance(read, Payload):
        facts = ((name, getattr(read, attribute)) for attribute, name, _ in events.fields(type(read)))
        return {name: told(fact) for name, fact in facts if not isinstance(fact, Unknown)}
    if isinstance(read, tuple):
        return [told(item) for item in read]
    return read


def declared(raw: Any, read: object, path: str = "") -> object:  # noqa: ANN401  what JSON holds
    """The sample without what no struct has a field for, numbers and text in the form of the facts."""
    if isinstance(read, Payload):
        raw = json.loads(raw) if isinstance(raw, str) else raw
        names = {name: attribute for attribute, name, _ in events.fields(type(read))}
        return {
            name: declared(value, getattr(read, names[name]), f"{path}.{name}")
            for name, value in raw.items()
            if name in names and value not in (None, "")
        }
    if isinstance(read, tuple):
        raw = json.loads(raw) if isinstance(raw, str) else raw
        assert len(raw) == len(read), path
        return [declared(value, item, path) for value, item in zip(raw, read, strict=True)]
    if isinstance(read, Unknown):
        return f"{path} is {read.reason}"
    kind: Any = type(read)
    return kind(raw)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_fact_of_a_sample_is_read_and_no_other(path: Path) -> None:
    raw = body(path.name)
    read = payload(path.name.split(".")[0], raw)
    assert told(read) == declared(raw, read)
    assert {fact.reason for fact in unknowns(read)} <= {Reason.MISSING}


def test_every_extension_point_with_a_documented_payload_has_a_sample_here() -> None:
    without = {"batch-update-data-quality-rules", "delete-data-quality-evaluation-task-notification"}
    points = {entry.code for entry in catalogue.ENTRIES if entry.payload}
    assert {path.name.split(".")[0] for path in SAMPLES} == points - without


# What the samples leave aside: fields that are in none of the structs


def undeclared(raw: Any, read: object, path: str = "") -> Iterator[str]:  # noqa: ANN401  what JSON holds
    """Fields of a sample that no struct has."""
    if isinstance(read, Payload):
        names = {name: attribute for attribute, name, _ in events.fields(type(read))}
        for name, value in raw.items():
            if name in names:
                yield from undeclared(value, getattr(read, names[name]), f"{path}{name}.")
            else:
                yield f"{path}{name}"
    elif isinstance(read, tuple) and isinstance(raw, list):
        for value, item in zip(raw, read, strict=True):
            yield from undeclared(value, item, path)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_no_field_of_a_sample_is_left_aside_but_the_event_s_own_code(path: Path) -> None:
    raw = body(path.name)
    assert set(undeclared(raw, payload(path.name.split(".")[0], raw))) <= {"eventCode"}


# Numbers and text


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_numbers_may_come_as_text_and_ids_as_numbers(path: Path) -> None:
    def swapped(value: Any) -> Any:  # noqa: ANN401  what JSON holds
        if isinstance(value, dict):
            return {name: swapped(each) for name, each in value.items()}
        if isinstance(value, list):
            return [swapped(each) for each in value]
        if isinstance(value, str) and value.isascii() and value.isdigit() and str(int(value)) == value:
            return int(value)
        return json.dumps(value) if isinstance(value, bool | int) else value

    code = path.name.split(".")[0]
    assert payload(code, swapped(body(path.name))) == payload(code, body(path.name))


@pytest.mark.parametrize("as_text", [True, False])
def test_periods_come_as_json_text_and_as_a_list(as_text: bool) -> None:
    periods = [{"bizBeginTime": "2022-04-17", "bizEndTime": "2022-04-18"}, {"bizBeginTime": "2022-05-01"}]
    read = payload("backfill-data", {"multipleTimePeriods": json.dumps(periods) if as_text else periods})
    assert read.periods == (
        payloads.Period(begin="2022-04-17", end="2022-04-18"),
        payloads.Period(begin="2022-05-01", end=Unknown("multipleTimePeriods[1].bizEndTime", Reason.MISSING)),
    )


# Damage stays where it is


def test_a_rule_without_severity_is_named_by_its_place() -> None:
    raw = body("batch-create-data-quality-rules.eventbridge.json")
    second = {name: value for name, value in raw["rules"][0].items() if name != "severity"}
    read = payload("batch-create-data-quality-rules", {**raw, "rules": [*raw["rules"][:1], second]})
    assert read.rules[1].severity == Unknown("rules[1].severity", Reason.MISSING)
    assert read.rules[0].severity == raw["rules"][0]["severity"]


DEEP = {
    "approval-change-before-create": ("order", "projectMeta", "objectMetaList", 0, "name"),
    "start-diJob": ("tableMapping", 0, "srcTable"),
    "batch-start-diJob": ("tableMappings", 0, "tableMapping", 0, "dstTable"),
    "create-data-quality-evaluation-task": (
        "notifications",
        "notifications",
        1,
        "notificaionReceivers",
        0,
        "extension",
    ),
    "update-data-quality-rule": ("checkingConfig", "thresholds", "expected", "expression"),
    "clone-data-quality-evaluation-task": ("targets", 0, "tableGuid"),
}


@pytest.mark.parametrize(("code", "place"), DEEP.items(), ids=DEEP)
def test_a_damaged_value_deep_inside_spoils_itself_alone(code: str, place: tuple[str | int, ...]) -> None:
    raw = body(f"{code}.eventbridge.json")
    sound = set(unknowns(payload(code, raw)))
    *way, last = place
    inner: Any = raw
    for step in way:
        inner = inner[step]
    assert last in inner
    inner[last] = {"not": "text"}
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")
    assert set(unknowns(payload(code, raw))) - sound == {Unknown(name, Reason.UNREADABLE)}


@pytest.mark.parametrize("value", [7, True, [], {}, "text", None, [None], [[]], [7], {"": 0}, "[", "{}", 1.5])
@pytest.mark.parametrize("code", [entry.code for entry in catalogue.ENTRIES if entry.payload])
def test_no_shape_of_a_field_keeps_a_payload_from_being_read(code: str, value: object) -> None:
    struct = catalogue.BY_CODE[code].payload
    assert struct is not None
    read = payload(code, {name: value for _, name, _ in events.fields(struct)})
    events.facts(read)
    assert isinstance(read.tables(), tuple)


# Tables


SAMPLED = {
    "upload-data-to-table.json": ("odps.mc_project.test_table",),
    "download-resources.json": (),
    "delete-project.json": (),
    "freeze-node.json": (),
}


@pytest.mark.parametrize(("sample", "tables"), SAMPLED.items(), ids=SAMPLED)
def test_the_tables_of_a_sample(sample: str, tables: tuple[str, ...]) -> None:
    assert payload(sample.partition(".")[0], body(sample)).tables() == tables


TARGET = {"databaseType": "maxcompute", "tableGuid": "odps.p.t"}
PAIR = {"srcDatasourceName": "my", "srcTable": "s", "dstDatasourceName": "holo", "dstTable": "t"}
ASKED = {"action": ["Select"], "name": "t", "projectGuid": "odps.p"}

NAMED: dict[str, tuple[str, dict[str, object], tuple[str, ...]]] = {
    "table of a commit": ("commit-table", {"tableName": "t", "maxComputeProject": "p"}, ("p.t",)),
    "table without its project": ("deploy-table", {"tableName": "t"}, ("t",)),
    "project without a table": ("deploy-table", {"maxComputeProject": "p"}, ()),
    "upload": ("upload-data-to-table", {"tableGuid": "odps.p.t"}, ("odps.p.t",)),
    "upload to nowhere": ("upload-data-to-table", {}, ()),
    "sync job": ("start-diJob", {"tableMapping": [PAIR, {**PAIR, "dstTable": "u"}]}, ("holo.t", "holo.u")),
    "sync job without data source": ("start-diJob", {"tableMapping": [{"dstTable": "t"}]}, ("t",)),
    "sync job that hides a table": ("start-diJob", {"tableMapping": [PAIR, {**PAIR, "dstTable": None}]}, ()),
    "sync job that hides its mapping": ("start-diJob", {"showTableMapping": False, "tableMapping": []}, ()),
    "batch": (
        "batch-start-diJob",
        {"tableMappings": [{"tableMapping": [PAIR]}, {"tableMapping": [{**PAIR, "dstTable": "u"}]}]},
        ("holo.t", "holo.u"),
    ),
    "batch with a job that hides its mapping": (
        "batch-start-diJob",
        {"tableMappings": [{"tableMapping": [PAIR]}, {"id": 1}]},
        (),
    ),
    "approval": (
        "approval-change-before-create",
        {"order": {"projectMeta": {"objectMetaList": [ASKED, {**ASKED, "name": "u"}]}}},
        ("odps.p.t", "odps.p.u"),
    ),
    "approval of what has no name": (
        "approval-change-before-create",
        {"order": {"projectMeta": {"objectMetaList": [ASKED, {"projectGuid": "odps.p"}]}}},
        (),
    ),
    "approval of nothing": ("approval-change-before-create", {"order": {}}, ()),
    "rules": ("batch-create-data-quality-rules", {"target": TARGET}, ("odps.p.t",)),
    "rules of no table": ("batch-create-data-quality-rules", {"target": {}}, ()),
    "task": ("create-data-quality-evaluation-task", {"target": json.dumps(TARGET)}, ("odps.p.t",)),
    "task of a table that cannot be read": ("update-data-quality-evaluation-task", {"target": 7}, ()),
    "copies of a task": (
        "clone-data-quality-evaluation-task",
        {"targets": [TARGET, {"tableGuid": "odps.p.u"}]},
        ("odps.p.t", "odps.p.u"),
    ),
    "copies, one of no table": ("clone-data-quality-evaluation-task", {"targets": [TARGET, {}]}, ()),
}


@pytest.mark.parametrize(("code", "data", "tables"), NAMED.values(), ids=NAMED)
def test_tables_are_named_all_or_none(code: str, data: dict[str, object], tables: tuple[str, ...]) -> None:
    assert payload(code, data).tables() == tables


# Nodes and instances


@pytest.mark.parametrize(
    ("ids", "nodes"),
    [
        ([1, "2"], (1, 2)),
        ([], (Unknown("nodeIds", Reason.UNREADABLE),)),
        (None, (Unknown("nodeIds", Reason.MISSING),)),
        ("all", (Unknown("nodeIds", Reason.UNREADABLE),)),
    ],
)
def test_an_operation_on_nodes_names_them_or_what_is_unknown(ids: object, nodes: tuple[object, ...]) -> None:
    assert payload("freeze-node", {"nodeIds": ids}).nodes() == nodes


@pytest.mark.parametrize(
    ("ids", "found"),
    [([7], (7,)), ([], (Unknown("taskIds", Reason.UNREADABLE),)), (None, (Unknown("taskIds", Reason.MISSING),))],
)
def test_an_operation_on_instances_names_them_or_what_is_unknown(ids: object, found: tuple[object, ...]) -> None:
    assert payload("pre-kill-instance", {"taskIds": ids}).ids() == found


@pytest.mark.parametrize(
    ("data", "nodes"),
    [
        ({"rootNodeId": 1, "includeNodeIds": [2, 3], "excludeNodeIds": []}, (1, 2, 3)),
        ({"rootNodeId": 1, "includeNodeIds": [2], "excludeNodeIds": [1]}, (2,)),
        ({"rootNodeId": 1, "includeNodeIds": [1, 2], "excludeNodeIds": [2]}, (1, 1, 2)),
        ({"rootNodeId": 1, "includeNodeIds": [2]}, (1, 2)),
        ({"includeNodeIds": [2]}, (Unknown("rootNodeId", Reason.MISSING), 2)),
        ({"rootNodeId": 1}, (1, Unknown("includeNodeIds", Reason.MISSING))),
        ({"rootNodeId": 1, "includeNodeIds": []}, (1, Unknown("includeNodeIds", Reason.UNREADABLE))),
    ],
)
def test_a_backfill_runs_its_root_and_what_is_included(data: dict[str, object], nodes: tuple[object, ...]) -> None:
    assert payload("backfill-data", data).nodes() == nodes


# Size

MANY = 20_000
LARGE: dict[str, dict[str, object]] = {
    "freeze-node": {"nodeIds": list(range(MANY))},
    "backfill-data": {"multipleTimePeriods": json.dumps([{"bizBeginTime": "2022-04-17"}] * MANY)},
    "start-diJob": {"tableMapping": [PAIR] * MANY},
    "batch-start-diJob": {"tableMappings": [{"tableMapping": [PAIR]}] * MANY},
    "approval-change-before-create": {"order": {"projectMeta": {"objectMetaList": [ASKED] * MANY}}},
    "batch-create-data-quality-rules": {"rules": [{"severity": "High"}] * MANY},
    "clone-data-quality-evaluation-task": {"targets": [TARGET] * MANY},
}


def seconds(code: str, data: Mapping[str, object]) -> float:
    """What reading a payload takes of the processor, at best."""
    times = []
    for _ in range(2):
        started = process_time()
        read = payload(code, data)
        read.tables()
        events.facts(read)
        times.append(process_time() - started)
    return min(times)


def tenth(value: object) -> object:
    """The value with its list cut to a tenth."""
    if isinstance(value, dict):
        return {name: tenth(each) for name, each in value.items()}
    if isinstance(value, str):
        return json.dumps(json.loads(value)[: MANY // 10])
    return value[: MANY // 10] if isinstance(value, list) else value


@pytest.fixture
def uncollected() -> Iterator[None]:
    """No garbage collection: it takes the longer the more is in memory, of other tests too."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.no_cover
@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize(("code", "data"), LARGE.items(), ids=LARGE)
def test_time_grows_with_the_message_and_not_faster(code: str, data: dict[str, object]) -> None:
    """Ten times the items would take a hundred times as long if it did."""
    small = tenth(data)
    assert isinstance(small, dict)
    assert seconds(code, data) < 40 * max(seconds(code, small), 0.001)
