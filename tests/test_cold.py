"""The benchmark of cold starts measures what it says, and does not take a process without its verdict for one."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks.cold import __main__ as command
from benchmarks.cold import calls, packages, report, runs, shares
from benchmarks.cold.calls import Calls, Kind
from benchmarks.cold.packages import HERE, Size
from benchmarks.cold.report import (
    BEGIN,
    CPU,
    DOWNLOAD,
    END,
    LIMIT,
    MEMORY,
    SAMPLE,
    SQL,
    TARGETS,
    WALL,
    Machine,
    Ratio,
    Report,
)
from benchmarks.cold.runs import KEY, SAMPLE_EVENT, Condition, Cost, Subject, VerdictError
from extension import edges, envelopes, pipeline, storage
from extension.local import EXTENSION_CODE, DataWorks
from extension.storage import ROOT
from extension.verdict import Result

on_linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells what a process takes")
PYTHON = Path(sys.executable)


@pytest.fixture
def dataworks() -> Iterator[DataWorks]:
    """A DataWorks that knows the key of the benchmark."""
    with DataWorks(keys=[KEY], extension_code=EXTENSION_CODE) as server:
        yield server


def deployed(tmp_path: Path, name: str, **more: str) -> Subject:
    """A handler of the benchmark in a folder of its own, to run with the Python of the tests."""
    shutil.copy(HERE / name / "handler.py", tmp_path)
    return Subject(name=name, folder=tmp_path, event=SAMPLE_EVENT, **more)


@pytest.fixture(autouse=True)
def beside_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is started here has the dependencies of who runs the tests."""
    monkeypatch.setattr(runs, "ALONE", ())


# Processes


@on_linux
@pytest.mark.parametrize("name", [SAMPLE, LIMIT])
def test_a_verdict_is_posted_and_its_cost_is_known(name: str, dataworks: DataWorks, tmp_path: Path) -> None:
    cost = runs.run(deployed(tmp_path, name, says="123,456 rows"), dataworks, PYTHON)
    (posted,) = dataworks.received
    assert (posted.action, posted.verified, posted.status) == ("CallbackExtension", True, 200)
    assert 0 < cost.inside_s < cost.wall_s
    assert cost.cpu_s > 0
    assert cost.memory_bytes > 1_000_000
    assert cost.modules > 30


@on_linux
def test_a_small_download_passes(dataworks: DataWorks, tmp_path: Path) -> None:
    event = ROOT / "events" / "download-resources.small.json"
    subject = msgspec.structs.replace(deployed(tmp_path, LIMIT), event=event, result="OK")
    runs.run(subject, dataworks, PYTHON)
    assert [each.parameters["CheckResult"] for each in dataworks.received] == ["OK"]


@on_linux
def test_processes_take_turns_and_the_first_round_does_not_count(
    dataworks: DataWorks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    def run(subject: Subject, *_: object) -> Cost:
        started.append(subject.name)
        return cost(wall_s=len(started))

    monkeypatch.setattr(runs, "run", run)
    first, second = (Subject(name=name, folder=tmp_path, event=SAMPLE_EVENT) for name in "ab")
    taken = runs.rounds([first, second], dataworks, PYTHON, 2)
    assert started == ["a", "b"] * 3
    assert {name: [each.wall_s for each in costs] for name, costs in taken.items()} == {"a": [3, 5], "b": [4, 6]}


@on_linux
@pytest.mark.parametrize(
    ("handler", "problem"),
    [
        ("def handler(event, context): return ''", "posted nothing"),
        ("def handler(event, context): raise LookupError('gone')", "LookupError: gone"),
        ("def handler(event, context): raise SystemExit", "posted nothing"),
    ],
)
def test_a_process_without_a_verdict_is_an_error(
    handler: str, problem: str, dataworks: DataWorks, tmp_path: Path
) -> None:
    (tmp_path / "handler.py").write_text(handler, encoding="utf-8")
    subject = Subject(name="silent", folder=tmp_path, event=SAMPLE_EVENT)
    with pytest.raises(VerdictError, match=problem):
        runs.run(subject, dataworks, PYTHON)


@on_linux
@pytest.mark.parametrize(
    ("expected", "problem"),
    [({"result": "OK"}, "has to post OK, and posted .*'FAIL'"), ({"says": "hr.users"}, "has to say 'hr.users'")],
)
def test_another_verdict_is_an_error(
    expected: Mapping[str, str], problem: str, dataworks: DataWorks, tmp_path: Path
) -> None:
    with pytest.raises(VerdictError, match=problem):
        runs.run(deployed(tmp_path, LIMIT, **expected), dataworks, PYTHON)


@on_linux
def test_a_verdict_that_is_not_taken_is_an_error(tmp_path: Path) -> None:
    with (
        DataWorks(keys=[KEY], extension_code="another") as dataworks,
        pytest.raises(VerdictError, match="answered with 400"),
    ):
        runs.run(deployed(tmp_path, LIMIT), dataworks, PYTHON)


@on_linux
def test_a_verdict_of_before_does_not_count(dataworks: DataWorks, tmp_path: Path) -> None:
    runs.run(deployed(tmp_path, LIMIT), dataworks, PYTHON)
    (tmp_path / "handler.py").write_text("def handler(event, context): return ''", encoding="utf-8")
    with pytest.raises(VerdictError, match="posted nothing"):
        runs.run(Subject(name="silent", folder=tmp_path, event=SAMPLE_EVENT), dataworks, PYTHON)


@on_linux
def test_an_initializer_is_called_and_the_folder_comes_first(dataworks: DataWorks, tmp_path: Path) -> None:
    subject = deployed(tmp_path, LIMIT)
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "beside.py").write_text("", encoding="utf-8")
    (tmp_path / "limit.py").write_text((tmp_path / "handler.py").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "handler.py").write_text(
        "import sys, beside, limit\n"
        f"assert sys.path[:2] == [{str(tmp_path)!r}, {str(tmp_path / 'python')!r}]\n"
        "def initialize(context): global region; region = context.region\n"
        "def handler(event, context):\n"
        "    assert region == 'cn-shanghai' and context.function.timeout == 60\n"
        "    return limit.handler(event, context)\n",
        encoding="utf-8",
    )
    runs.run(subject, dataworks, PYTHON)


@on_linux
def test_calls_in_one_process_are_measured(
    dataworks: DataWorks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "CALLS", 5)
    monkeypatch.setattr(calls, "LOADS", 2)
    shutil.copy(ROOT / "handler.py", tmp_path)
    shutil.copytree(ROOT / "extension", tmp_path / "extension")
    for kind in (Kind(rules=6, posts=True), Kind(rules=20)):
        found = calls.measure(kind, tmp_path, dataworks, PYTHON, 1)
        assert found.kind == kind
        assert min(found.first_load_ms, found.load_ms, found.first_call_ms, found.call_ms, found.verdict_ms) > 0
        assert len(dataworks.verdicts) == (6 if kind.posts else 0)


# What they run on


@pytest.mark.parametrize("rules", [6, calls.FEW, calls.MANY])
def test_a_policy_has_so_many_rules_and_one_of_them_hits(rules: int, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(calls.policy(rules), encoding="utf-8")
    policy = storage.load(file)
    verdict = pipeline.judge(envelopes.parse(SAMPLE_EVENT.read_bytes()), policy, edges.now())
    assert len(policy.rules) == rules
    assert [finding.rule for finding in verdict.findings] == ["bulk-download"]
    assert verdict.result is Result.FAIL


def test_the_query_of_20_lines_is_refused_for_a_column() -> None:
    query = (HERE / "query.sql").read_text(encoding="utf-8")
    policy = storage.load(HERE / "policies" / "sql.yaml")
    verdict = pipeline.judge(envelopes.parse(runs.said(query)), policy, edges.now())
    assert len(query.splitlines()) == 20
    assert [finding.rule for finding in verdict.findings] == ["personal-columns"]
    assert "hr.users.phone" in verdict.message(1000)


# Folders


def test_a_folder_is_built_when_its_inputs_have_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "BUILD", tmp_path)
    built: list[Path] = []
    for inputs in (["1"], ["1"], ["2"]):
        packages._kept("some", inputs, built.append)
    assert built == [tmp_path / "some"] * 2

    def fail(_: Path) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        packages._kept("some", ["3"], fail)
    packages._kept("some", ["2"], built.append)
    assert len(built) == 3


def test_the_package_is_what_make_package_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(packages, "_run", commands.append)
    packages.package(tmp_path, light=False)
    packages.package(tmp_path, light=True)
    assert [command[3:] for command in commands] == [
        [str(ROOT), "package", f"DEST={tmp_path}"],
        [str(ROOT), "package", f"DEST={tmp_path}", "LIGHT=1"],
    ]


def test_what_is_unpacked_has_one_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "BUILD", tmp_path)

    def build(folder: Path) -> None:
        (folder / "python").mkdir()
        (folder / "python" / "a.py").write_text("a = 1", encoding="utf-8")

    copy = packages.unpacked(packages._kept("some", [], build))
    assert copy != tmp_path / "some"
    assert (copy / "python" / "a.py").stat().st_mtime == packages.ONE_DATE
    assert (tmp_path / "some" / "python" / "a.py").stat().st_mtime != packages.ONE_DATE


def test_a_size_is_of_what_is_deployed_alone(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_bytes(b"x" * 100)
    before = packages.size(tmp_path)
    policy = (ROOT / "policy.yaml").read_bytes()
    assert packages.add(tmp_path, "policy.yaml", policy) == Path("benchmark/policy.yaml")
    assert (tmp_path / "benchmark" / "policy.yaml").read_bytes() == policy
    assert (tmp_path / "benchmark" / "policy.compiled").is_file()
    assert packages.size(tmp_path) == before
    assert before.files_bytes == 100


def test_a_python_of_another_version_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    for place in (tmp_path / "python3.12", tmp_path / "versions" / "3.12.0" / "bin" / "python"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("#!/bin/sh\necho ''\n", encoding="ascii")
        place.chmod(0o755)
    with pytest.raises(LookupError, match=r"Python 3\.12 is needed"):
        packages.python312()
    (tmp_path / "versions" / "3.12.0" / "bin" / "python").write_text("#!/bin/sh\necho /opt/python\n", encoding="ascii")
    assert packages.python312() == Path("/opt/python")


# A share of a core


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"cpulimit": "/bin/cpulimit"}, "cpulimit at 35%"),
        ({"taskset": shutil.which("taskset") or ""}, "busy processes"),
    ],
)
def test_the_way_to_a_share_is_said(found: Mapping[str, str], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not all(found.values()):
        pytest.skip("no taskset")
    monkeypatch.setattr(shares, "_group", lambda: None)
    monkeypatch.setattr(shutil, "which", found.get)
    with shares.limited() as way:
        assert words in way.words
        assert way.prefix[0] in found.values()


@pytest.mark.parametrize(
    ("files", "written"),
    [
        ({"cpu.max": "max 100000"}, {"cpu.max": "3500 10000"}),
        (
            {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "-1"},
            {"cpu.cfs_period_us": "10000", "cpu.cfs_quota_us": "3500"},
        ),
    ],
)
def test_a_control_group_of_either_version_has_its_quota(
    files: Mapping[str, str], written: Mapping[str, str], tmp_path: Path
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="ascii")
    assert shares._allot(tmp_path)
    assert (tmp_path / "cgroup.procs").read_text(encoding="ascii").strip().isdigit()
    assert {name: (tmp_path / name).read_text(encoding="ascii") for name in files} == written


def test_without_any_way_there_is_no_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "_group", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(LookupError, match="no cgroup"), shares.limited():
        pass


def test_a_folder_that_is_no_control_group_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "_parents", lambda: iter([tmp_path]))
    assert shares._group() is None
    assert list(tmp_path.iterdir()) == []


# Ratios, targets, and what is written


def cost(wall_s: float = 1, cpu_s: float = 1, memory_bytes: int = 1_000_000, modules: int = 100) -> Cost:
    """What a process took."""
    return Cost(wall_s=wall_s, cpu_s=cpu_s, memory_bytes=memory_bytes, modules=modules, inside_s=wall_s / 2)


MET = {DOWNLOAD: cost(0.2, 0.2, 450_000), SQL: cost(0.45), "unpacked": cost(0.99, 0.99)}
"""What processes may just take."""


def made_up(  # noqa: PLR0913  what a target can be missed by
    *,
    download: Cost = MET[DOWNLOAD],
    sql: Cost = MET[SQL],
    unpacked: Cost = MET["unpacked"],
    size: int = 900,
    light: int = 250,
    verdict_ms: float = 0.19,
    load_ms: float = 49.9,
) -> Report:
    """A report of one round, in which each target is just met."""
    every = {SAMPLE: [cost()], DOWNLOAD: [download], SQL: [sql], LIMIT: [cost(0.1, 0.1)]}
    figures = {"first_load_ms": 9.0, "load_ms": load_ms, "first_call_ms": 9.0, "call_ms": 0.5, "verdict_ms": verdict_ms}
    sizes = {SAMPLE: 1000, "ours": size, "light": light}
    return Report(
        machine=Machine(
            date="2026-01-02", python="3.12.9", system="Linux", processor="a CPU", cores=2, load=0.1, share="by magic"
        ),
        costs={
            Condition.DEPLOYED: every,
            Condition.UNPACKED: every | {DOWNLOAD: [unpacked]},
            Condition.SHARE: every,
        },
        sizes={name: Size(files_bytes=each, disk_bytes=each) for name, each in sizes.items()},
        calls=[
            Calls(kind=kind, **(figures | ({"verdict_ms": 5.0, "load_ms": 500.0} if kind.posts else {})))
            for kind in calls.KINDS
        ],
    )


def test_a_ratio_is_the_median_of_those_of_the_rounds() -> None:
    costs = {
        SAMPLE: [cost(wall, 2, 100) for wall in (1, 2, 4, 1, 1)],
        DOWNLOAD: [cost(wall, 1, 25) for wall in (0.1, 0.4, 1.2, 0.4, 5)],
    }
    wall = report.ratio(costs, DOWNLOAD, WALL)
    assert (wall.median, wall.low, wall.high) == pytest.approx((0.3, 0.2, 0.4))
    assert report.ratio(costs, DOWNLOAD, CPU) == Ratio(0.5, 0.5, 0.5)
    assert report.ratio(costs, DOWNLOAD, MEMORY).median == 0.25
    assert report.ratio({SAMPLE: [cost(2)], SQL: [cost(1)]}, SQL, WALL) == Ratio(0.5, 0.5, 0.5)
    assert str(Ratio(0.123, 0.1, 0.2)) == "0.12 (0.10 to 0.20)"


def test_of_two_sizes_the_worse_counts() -> None:
    sizes = {SAMPLE: Size(files_bytes=100, disk_bytes=400), "ours": Size(files_bytes=50, disk_bytes=300)}
    assert report.size_ratio(sizes, "ours") == 0.75


def test_all_targets_can_be_met() -> None:
    assert report.missed(made_up()) == []


@pytest.mark.parametrize(
    ("worse", "number"),
    [
        ({"download": cost(0.21, 0.2, 450_000)}, 0),
        ({"download": cost(0.2, 0.21, 450_000)}, 1),
        ({"download": cost(0.2, 0.2, 460_000)}, 2),
        ({"sql": cost(0.46)}, 3),
        ({"unpacked": cost(1, 0.9)}, 4),
        ({"unpacked": cost(0.9, 1)}, 5),
        ({"size": 901}, 6),
        ({"light": 251}, 7),
        ({"verdict_ms": 0.2 / 0.43}, 8),
        ({"load_ms": 50.0 / 0.43}, 9),
    ],
)
def test_a_target_is_missed_on_its_own(worse: dict[str, Any], number: int) -> None:
    found = made_up(**worse)
    assert report.missed(found) == [TARGETS[number].words]
    assert report.markdown(found).count("**not met**") == 1


def test_ratios_stand_first_and_it_says_where_it_was_measured() -> None:
    text = report.markdown(made_up())
    lines = [line for line in text.splitlines() if line.startswith("|")]
    ratios = "0.20 (0.20 to 0.20) | 0.20 (0.20 to 0.20) | 0.45 (0.45 to 0.45)"
    assert lines[2] == f"| as deployed | ours, six download rules | {ratios} |"
    assert "| as deployed | the sample's handler: one rule in code, the SDK | 1000 | 1000 | 1.0 | 100 | 1.00 |" in lines
    assert "| ours | 0.90 | 0.90 | 0.00 | 0.00 |" in lines
    assert "| 20 rules, no network | 0.190 | 0.500 | 9.0 | 49.90 | 9.0 |" in lines
    assert "2026-01-02 (rounds: 1, " in text
    assert "by magic" in text


def test_figures_are_written_between_the_markers_and_nothing_else_changes() -> None:
    text = f"# A\n\nbefore\n\n{BEGIN}\nold\n{END}\n\nafter\n"
    written = report.write(text, "new")
    assert written == f"# A\n\nbefore\n\n{BEGIN}\n\nnew\n\n{END}\n\nafter\n"
    assert report.write(written, "new") == written


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_without_both_markers_nothing_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="once each"):
        report.write(text, "new")


def test_the_readme_has_the_markers() -> None:
    assert report.write(command.README.read_text(encoding="utf-8"), "new").count("new") >= 1


# The command


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the command measure what is made up, and miss one target."""
    monkeypatch.setattr(packages, "python312", lambda: PYTHON)
    monkeypatch.setattr(command, "measure", lambda *_: made_up(size=1000))


@on_linux
@pytest.mark.usefixtures("measured")
def test_a_missed_target_counts_where_it_is_checked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for options, status in ((["--json", str(tmp_path / "all.json")], 0), (["--check"], 1)):
        with pytest.raises(SystemExit) as ended:
            command.main(options)
        assert ended.value.code == status
        assert "missed: package with the SDK" in capsys.readouterr().err
    everything = json.loads((tmp_path / "all.json").read_bytes())
    assert msgspec.convert(everything, Report).costs == made_up().costs


@on_linux
@pytest.mark.usefixtures("measured")
def test_figures_and_their_picture_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, picture = tmp_path / "README.md", tmp_path / "cold.png"
    page.write_text(f"{BEGIN}\n{END}\n", encoding="utf-8")
    monkeypatch.setattr(command, "README", page)
    monkeypatch.setattr(command, "PICTURE", picture)
    monkeypatch.setattr(command, "_drawing", lambda: lambda found, path: path.write_text(found.machine.date))
    with pytest.raises(SystemExit):
        command.main(["--write"])
    shown = f"{report.markdown(made_up(size=1000))}\n\n![The same costs as bars](cold.png)"
    assert page.read_text(encoding="utf-8") == f"{BEGIN}\n\n{shown}\n\n{END}\n"
    assert picture.read_text(encoding="utf-8") == "2026-01-02"


@on_linux
def test_without_python_312_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def none() -> Path:
        raise LookupError("Python 3.12 is needed")

    monkeypatch.setattr(packages, "python312", none)
    with pytest.raises(SystemExit) as ended:
        command.main(["--quick"])
    assert ended.value.code == 1
    assert "Error: Python 3.12 is needed" in capsys.readouterr().err
