"""A policy is a file or a folder with its custom checks; a changed one is taken up, a broken one is not."""

import errno
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from extension import pipeline, storage
from extension.checks.registry import BY_ID
from extension.errors import PolicyError
from extension.policy import Draft
from extension.rules import Policy
from extension.storage import ROOT, Store
from extension.verdict import Verdict
from tests.cases import event


def rules(*ids: str) -> str:
    """A policy with rules of these ids."""
    rows = "".join(
        f"  - {{id: {each}, on: download-resources, check: download.rows, with: {{max: 5}}}}\n" for each in ids
    )
    return f"version: 1\nlanguage: en\nrules:\n{rows}"


def part(*ids: str) -> str:
    """A further file of a policy, with rules of these ids."""
    return rules(*ids).replace("language: en\n", "")


def write(file: Path, text: str) -> Path:
    """Write a file, in a folder that need not be there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def ids(policy: Policy) -> list[str]:
    """The rules of a policy."""
    return [rule.id for rule in policy.rules]


def errors(path: Path) -> list[str]:
    """What is wrong with the policy at `path`, a line each, the path as `P`."""
    with pytest.raises(PolicyError) as caught:
        storage.load(path)
    return str(caught.value).replace(str(path.parent), "P").splitlines()


def judged(policy: Policy, code: str, data: dict[str, object]) -> Verdict:
    """The verdict on an event."""
    return pipeline.judge(event(code, data), policy, datetime(2026, 1, 1, tzinfo=UTC))


# A file


def test_a_file_is_a_policy(tmp_path: Path) -> None:
    assert ids(storage.load(write(tmp_path / "mine.yaml", rules("a", "b")))) == ["a", "b"]


def test_a_file_is_a_policy_whatever_it_is_called(tmp_path: Path) -> None:
    write(tmp_path / "other.yaml", "{")
    assert ids(storage.load(write(tmp_path / ".policy", rules("a")))) == ["a"]


def test_a_policy_is_named_from_the_folder_of_the_function(tmp_path: Path) -> None:
    assert storage.load(ROOT / "policy.yaml").file == "policy.yaml"
    elsewhere = tmp_path / "mine.yaml"
    elsewhere.write_bytes((ROOT / "policy.yaml").read_bytes())
    assert storage.load(elsewhere).file == str(elsewhere)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert errors(tmp_path / "none.yaml") == ["P/none.yaml: cannot be read: no such file or directory"]


def test_a_name_that_the_disk_does_not_take_is_an_error(tmp_path: Path) -> None:
    assert errors(tmp_path / ("x" * 300)) == [f"P/{'x' * 300}: cannot be read: file name too long"]


# A folder


def test_the_files_of_a_folder_are_one_policy_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, rule in (("20-b.yaml", "b"), ("10-a.yml", "a"), ("30-c.YAML", "c")):
        write(tmp_path / name, part(rule))
    policy = storage.load(tmp_path)
    assert ids(policy) == ["a", "b", "c"]
    assert policy.file == str(tmp_path)


@pytest.mark.parametrize(
    "name", [".hidden.yaml", "notes.txt", "policy.yaml~", ".policy.yaml.swp", "old.yaml.bak", "yaml"]
)
def test_what_is_hidden_or_no_yaml_is_left_aside(tmp_path: Path, name: str) -> None:
    write(tmp_path / "a.yaml", rules("a"))
    write(tmp_path / name, "{")
    assert ids(storage.load(tmp_path)) == ["a"]


def test_folders_inside_are_left_aside_whatever_they_are_called(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", rules("a"))
    write(tmp_path / "team" / "b.yaml", "{")
    write(tmp_path / "old.yaml" / "c.yaml", "{")
    assert ids(storage.load(tmp_path)) == ["a"]


def test_a_folder_without_a_policy_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    write(folder / "notes.txt", "")
    assert errors(folder) == ["P/policies: holds no policy: no file there ends in .yaml"]


def test_a_link_that_leads_nowhere_is_an_error_and_not_a_rule_less(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    write(folder / "a.yaml", rules("a"))
    (folder / "b.yaml").symlink_to(tmp_path / "gone.yaml")
    assert errors(folder) == ["P/policies/b.yaml: cannot be read: no such file or directory"]


def test_errors_name_the_file_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    write(folder / "a.yaml", rules("a"))
    write(folder / "b.yaml", part("b").replace("max: 5", "max: many"))
    (error,) = errors(folder)
    assert error.startswith("P/policies/b.yaml:3: rule b: with.max: expected a whole number")


# Custom checks

TICKET = '''"""Checks of our own."""
from collections.abc import Iterator

import msgspec

from extension.checks import check
from extension.events import Event
from extension.settings import Count
from extension.verdict import Finding, Text, hit

LONG = Text(en="The name has {chars} characters; {max} are allowed.", zh="名称有 {chars} 个字符，最多 {max} 个。")


class Length(msgspec.Struct, frozen=True, kw_only=True):
    """Settings."""

    max: Count


@check("name.length", events=["commit-file", "Upload and Download"], texts=[LONG])
def name_length(event: Event, settings: Length) -> Iterator[Finding]:
    """The name of a file is short."""
    name = event.payload.file_name
    if len(name) > settings.max:
        yield hit(LONG, chars=len(name), max=settings.max)
'''

CUSTOM = """version: 1
language: en
checks: checks/names.py
rules:
  - {id: short, on: commit-file, check: name.length, with: {max: 5}}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy with a check of its own beside it."""
    write(tmp_path / "checks" / "names.py", TICKET)
    return write(tmp_path / "policy.yaml", CUSTOM)


@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"])
def test_a_custom_check_is_as_good_as_a_built_in_one(policy: Path, future: str) -> None:
    write(policy.parent / "checks" / "names.py", TICKET.replace("from collections", f"{future}from collections", 1))
    loaded = storage.load(policy)
    (rule,) = loaded.rules
    assert rule.check is not None
    assert rule.check.about == "The name of a file is short."
    assert rule.check.events == {
        *("commit-file", "download-resources", "download-resources-execute", "upload-data-to-table")
    }
    assert judged(loaded, "commit-file", {"fileName": "short"}).result == "OK"
    verdict = judged(loaded, "commit-file", {"fileName": "too long"})
    assert verdict.result == "FAIL"
    assert verdict.message(1000) == "[short] The name has 8 characters; 5 are allowed."


def test_its_settings_are_validated_like_those_of_a_built_in_one(policy: Path) -> None:
    write(policy, CUSTOM.replace("max: 5", "max: many, min: 1"))
    assert errors(policy) == [
        (
            "P/policy.yaml:5: rule short: with.max: expected a whole number of at least 0, found 'many':"
            " write digits only, without quotes"
        ),
        "P/policy.yaml:5: rule short: with.min: unknown key; known: max",
    ]


def test_its_events_are_compared_with_those_of_the_rule(policy: Path) -> None:
    write(policy, CUSTOM.replace("on: commit-file", "on: freeze-node"))
    (error,) = errors(policy)
    assert error.startswith("P/policy.yaml:5: rule short: on: holds no event that name.length judges")


def test_several_modules_and_files_of_a_folder_share_their_checks(tmp_path: Path) -> None:
    write(tmp_path / "checks" / "names.py", TICKET)
    write(tmp_path / "checks" / "more.py", TICKET.replace("name.length", "name.more"))
    write(tmp_path / "a.yaml", CUSTOM.replace("checks/names.py", "[checks/names.py, checks/more.py]"))
    again = CUSTOM.replace("language: en\n", "").replace("id: short", "id: other").replace("name.length", "name.more")
    write(tmp_path / "b.yaml", again)
    assert ids(storage.load(tmp_path)) == ["short", "other"]


def test_modules_of_one_name_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    future = TICKET.replace("from collections", "from __future__ import annotations\nfrom collections", 1)
    write(tmp_path / "a" / "names.py", future)
    other = future.replace("name.length", "name.more").replace("Length", "Other").replace("Count", "Size")
    write(tmp_path / "b" / "names.py", other)
    text = CUSTOM.replace("checks/names.py", "[a/names.py, b/names.py]")
    text += "  - {id: sized, on: commit-file, check: name.more, with: {max: 5B}}\n"
    loaded = storage.load(write(tmp_path / "policy.yaml", text))
    assert ids(loaded) == ["short", "sized"]


REGISTERED = "ValueError in line 20: name.length"

BROKEN: dict[str, tuple[str, str]] = {
    "syntax": ("import re\ndef x(:\n", "SyntaxError in line 2: invalid syntax"),
    "bytes that are no text": ("x = 1\0", "SyntaxError: source code string cannot contain null bytes"),
    "raises at import": ("x = 1\n\nraise RuntimeError('no\\n  luck')\n", "RuntimeError in line 3: no luck"),
    "raises deeper": (
        "import json\ndef load():\n    return json.loads('{')\nload()\n",
        "JSONDecodeError in line 3: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ),
    "syntax elsewhere": (
        "compile('(', 'other.py', 'exec')",
        "SyntaxError in line 1: '(' was never closed (other.py, line 1)",
    ),
    "missing import": (
        "import nowhere_to_be_found\n",
        "ModuleNotFoundError in line 1: No module named 'nowhere_to_be_found'",
    ),
    "no check": (
        "from extension.checks import check\n",
        "registers no check: decorate a function with extension.checks.check",
    ),
    "empty": ("", "registers no check: decorate a function with extension.checks.check"),
    "id of a built-in check": (
        TICKET.replace("name.length", "download.rows"),
        "ValueError in line 20: the id download.rows is not of the form family.name, or is that of a built-in check",
    ),
    "id without family": (
        TICKET.replace("name.length", "Length"),
        "ValueError in line 20: the id Length is not of the form family.name, or is that of a built-in check",
    ),
    "unknown events": (
        TICKET.replace('"commit-file"', '"commit"'),
        f"{REGISTERED}: expected event codes, categories or modules, found commit",
    ),
    "no events": (
        TICKET.replace('events=["commit-file", "Upload and Download"]', "events=[]"),
        f"{REGISTERED}: expected event codes, categories or modules, found ",
    ),
    "texts that differ": (
        TICKET.replace("最多 {max} 个", "最多 5 个"),
        f"{REGISTERED}: expected texts with the same placeholders in both languages",
    ),
    "no texts": (
        TICKET.replace("texts=[LONG]", "texts=[]"),
        f"{REGISTERED}: expected texts with the same placeholders in both languages",
    ),
    "no docstring": (
        TICKET.replace('    """The name of a file is short."""\n', ""),
        f"{REGISTERED}: the function has no docstring, which says what it judges",
    ),
    "settings without annotation": (
        TICKET.replace("settings: Length", "settings"),
        f"{REGISTERED}: expected a function of event and settings, the latter annotated with a struct",
    ),
    "settings of another kind": (
        TICKET.replace("settings: Length", "settings: dict[str, int]"),
        f"{REGISTERED}: expected a function of event and settings, the latter annotated with a struct",
    ),
    "one parameter": (
        TICKET.replace(", settings: Length", ""),
        f"{REGISTERED}: expected a function of event and settings, the latter annotated with a struct",
    ),
    "setting of a plain type": (
        TICKET.replace("max: Count", "max: int"),
        f"{REGISTERED}: max is of no type of extension.settings",
    ),
    "annotation that is not there": (
        TICKET.replace("settings: Length", 'settings: "Longer"'),
        "NameError in line 20: name 'Longer' is not defined",
    ),
    "registered twice": (TICKET + "\nagain = name_length\n", "name.length is registered twice"),
}


@pytest.mark.parametrize(("content", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_broken_module_is_one_line_that_names_it(policy: Path, content: str, problem: str) -> None:
    write(policy.parent / "checks" / "names.py", content)
    found = errors(policy)
    assert found[0].rstrip() == f"P/policy.yaml:3: checks: checks/names.py: {problem}".rstrip()
    assert len(found) == (1 if problem.endswith("twice") else 2)


def test_a_module_that_is_not_there_is_one_line_that_names_it(policy: Path) -> None:
    (policy.parent / "checks" / "names.py").unlink()
    assert errors(policy)[0] == ("P/policy.yaml:3: checks: checks/names.py: cannot be read: no such file or directory")


def test_an_id_of_two_modules_is_registered_twice(policy: Path) -> None:
    write(policy.parent / "checks" / "more.py", TICKET)
    write(policy, CUSTOM.replace("checks/names.py", "[checks/names.py, checks/more.py]"))
    assert errors(policy) == ["P/policy.yaml:3: checks: checks/more.py: name.length is registered twice"]


def test_the_registry_of_a_policy_has_its_checks_beside_the_built_in_ones_whatever_its_rules_say(policy: Path) -> None:
    write(policy, CUSTOM.replace("max: 5", "max: many"))
    found = storage.registry(policy)
    assert set(found) == {*BY_ID, "name.length"}
    assert found["name.length"].about == "The name of a file is short."


def test_the_registry_of_a_policy_whose_checks_cannot_be_read_is_an_error(policy: Path) -> None:
    write(policy.parent / "checks" / "names.py", "raise ValueError('oh')")
    with pytest.raises(PolicyError, match=r"checks/names\.py: ValueError in line 1: oh$"):
        storage.registry(policy)


# The digest


def test_the_digest_is_that_of_everything_the_policy_is_made_of(policy: Path) -> None:
    digests = [storage.load(policy).digest]
    assert storage.load(policy).digest == digests[0]
    write(policy, CUSTOM.replace("max: 5", "max: 6"))
    digests.append(storage.load(policy).digest)
    write(policy.parent / "checks" / "names.py", TICKET + "# changed\n")
    digests.append(storage.load(policy).digest)
    write(policy.parent / "checks" / "names.py", TICKET.replace("name.length", "name.other"))
    write(policy, CUSTOM.replace("name.length", "name.other"))
    digests.append(storage.load(policy).digest)
    write(policy.parent / "more.yaml", "version: 1\n")
    digests.append(storage.load(policy.parent).digest)
    write(policy.parent / "more.yaml", "version: 1\nlists: {a: [1]}\n")
    digests.append(storage.load(policy.parent).digest)
    assert len(set(digests)) == len(digests)


# Changes

Change = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A policy of two files, one with a check of its own."""
    folder = tmp_path / "policies"
    write(folder / "a.yaml", CUSTOM)
    write(folder / "b.yaml", part("rows"))
    write(folder / "checks" / "names.py", TICKET)
    return folder


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], list[tuple[str, dict[str, str]]]]:
    """What was logged, with its level."""
    caplog.set_level(logging.INFO, "extension")
    return lambda: [(record.levelname, json.loads(record.getMessage())) for record in caplog.records]


def test_a_policy_that_does_not_change_is_read_once(folder: Path) -> None:
    store = Store(folder)
    assert store.policy() is store.policy()


CHANGES: dict[str, tuple[Change, list[str]]] = {
    "content": (lambda folder: write(folder / "b.yaml", part("c")), ["short", "c"]),
    "another file": (lambda folder: write(folder / "c.yaml", part("c")), ["short", "rows", "c"]),
    "one file less": (lambda folder: (folder / "b.yaml").unlink(), ["short"]),
    "another name": (lambda folder: (folder / "b.yaml").rename(folder / "0.yaml"), ["rows", "short"]),
}


@pytest.mark.parametrize(("change", "found"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_taken_up_at_the_next_look(folder: Path, change: Change, found: list[str]) -> None:
    store = Store(folder)
    before = store.policy()
    change(folder)
    assert ids(store.policy()) == found
    assert store.policy().digest != before.digest
    assert store.policy() is store.policy()


def test_a_changed_check_is_taken_up(folder: Path) -> None:
    store = Store(folder)
    assert judged(store.policy(), "commit-file", {"fileName": "too long"}).result == "FAIL"
    write(folder / "checks" / "names.py", TICKET.replace("len(name) > settings.max", "len(name) > 2 * settings.max"))
    assert judged(store.policy(), "commit-file", {"fileName": "too long"}).result == "OK"


def test_a_changed_file_of_the_same_size_is_taken_up(tmp_path: Path) -> None:
    file = write(tmp_path / "policy.yaml", rules("a"))
    store = Store(file)
    write(tmp_path / "new.yaml", rules("b"))
    stamp = file.stat()
    os.utime(tmp_path / "new.yaml", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    (tmp_path / "new.yaml").replace(file)
    assert ids(store.policy()) == ["b"]


def empty(folder: Path) -> None:
    """Take the files of a policy away."""
    for name in ("a.yaml", "b.yaml"):
        (folder / name).unlink()


BREAKS: dict[str, tuple[Change, str]] = {
    "no YAML": (lambda folder: write(folder / "a.yaml", "rules: ["), "a.yaml"),
    "bad rule": (lambda folder: write(folder / "a.yaml", CUSTOM.replace("name.length", "name.len")), "name.len"),
    "bad check": (
        lambda folder: write(folder / "checks" / "names.py", "raise ValueError('oh')"),
        "ValueError in line 1: oh",
    ),
    "check removed": (lambda folder: (folder / "checks" / "names.py").unlink(), "cannot be read: no such file"),
    "all files removed": (empty, "holds no policy"),
    "folder removed": (shutil.rmtree, "policies: cannot be read: no such file"),
    "a check of an odd name": (
        lambda folder: write(folder / "a.yaml", CUSTOM.replace("checks/names.py", '"a\\0b.py"')),
        "a.yaml:3: checks: expected Python files beside the policy",
    ),
    "an id twice": (lambda folder: write(folder / "0.yaml", rules("rows")), "is the id of the rule"),
}


@pytest.mark.parametrize(("change", "problem"), BREAKS.values(), ids=BREAKS)
def test_a_broken_change_leaves_the_last_good_policy_in_force_and_is_logged_once(
    folder: Path, logged: Callable[[], list[tuple[str, dict[str, str]]]], change: Change, problem: str
) -> None:
    store = Store(folder)
    good = store.policy()
    change(folder)
    for _ in range(3):
        assert store.policy() is good
    assert judged(good, "commit-file", {"fileName": "too long"}).result == "FAIL"
    ((level, line),) = logged()
    assert level == "ERROR"
    assert line["event"] == "broken-policy"
    assert problem in line["error"]
    assert line["consequence"] == f"the last good one stays in force: {good.name}"


@pytest.mark.parametrize(("change", "problem"), BREAKS.values(), ids=BREAKS)
def test_a_repaired_policy_is_taken_up(folder: Path, change: Change, problem: str) -> None:
    del problem
    store = Store(folder)
    kept = shutil.copytree(folder, folder.parent / "kept")
    change(folder)
    store.policy()
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(kept, folder)
    write(folder / "b.yaml", part("rows", "more"))
    assert ids(store.policy()) == ["short", "rows", "more"]


def test_a_change_that_is_taken_up_is_logged(
    folder: Path, logged: Callable[[], list[tuple[str, dict[str, str]]]]
) -> None:
    store = Store(folder)
    store.policy()
    assert logged() == []
    write(folder / "b.yaml", part("c", "d"))
    name = store.policy().name
    store.policy()
    assert logged() == [("INFO", {"event": "policy", "policy": name, "rules": 3})]


def test_what_is_wrong_with_the_files_is_known_for_as_long_as_it_is(folder: Path) -> None:
    store = Store(folder)
    assert store.broken == ""
    write(folder / "b.yaml", part("rows").replace("max: 5", "max: many, min: 1"))
    for _ in range(2):
        store.policy()
        assert store.broken.startswith(f"{folder}/b.yaml:3: rule rows: with.max: expected a whole number")
        assert "\n" not in store.broken
    write(folder / "b.yaml", part("more"))
    store.policy()
    assert store.broken == ""


def test_a_policy_with_very_many_errors_is_logged_in_short(
    folder: Path, logged: Callable[[], list[tuple[str, dict[str, str]]]]
) -> None:
    """A line of Function Compute's log holds 32 KB."""
    store = Store(folder)
    write(folder / "b.yaml", part(*(f"r{number}" for number in range(1000))).replace("max: 5", "max: 数"))
    store.policy()
    ((_, line),) = logged()
    assert 7000 < len(line["error"]) <= 8000
    assert line["error"].endswith("…")
    assert len(json.dumps(line, ensure_ascii=False).encode()) < 32_000


@pytest.mark.parametrize("stale", ["a.yaml", "names.py"])
def test_a_mount_that_goes_stale_leaves_the_last_good_policy_in_force(
    folder: Path, monkeypatch: pytest.MonkeyPatch, stale: str
) -> None:
    store = Store(folder)
    good = store.policy()
    real = os.stat

    def stat(path: Path | str | int, *args: Any, **kwargs: Any) -> os.stat_result:  # noqa: ANN401  those of os.stat
        if str(path).endswith(stale):
            raise OSError(errno.ESTALE, "Stale file handle")
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "stat", stat)
    assert ids(store.policy()) == ids(good)
    monkeypatch.undo()
    assert ids(store.policy()) == ids(good)


ODD = """
class Odd:
    FORM = "odd"

    @classmethod
    def schema(cls):
        return {"type": "string"}

    @classmethod
    def read(cls, value):
        return value.lower()
"""


def test_a_setting_that_raises_is_an_error_that_names_its_file(
    folder: Path, logged: Callable[[], list[tuple[str, dict[str, str]]]]
) -> None:
    store = Store(folder)
    good = store.policy()
    odd = TICKET.replace("\n\nclass Length", ODD + "\n\nclass Length").replace("max: Count", "max: Odd")
    write(folder / "checks" / "names.py", odd)
    assert store.policy() is good
    ((level, line),) = logged()
    assert (level, line["event"]) == ("ERROR", "broken-policy")
    problem = "AttributeError: 'int' object has no attribute 'lower'"
    assert line["error"] == f"{folder}/a.yaml:3: checks: checks/names.py: reading its settings: {problem}"
    with pytest.raises(PolicyError, match="reading its settings"):
        Store(folder)


def test_what_raises_where_no_check_is_custom_is_an_error_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "policy.yaml", rules("a"))

    def raising(_self: Draft, _custom: object, _content: object) -> Policy:
        raise ZeroDivisionError

    monkeypatch.setattr(Draft, "finish", raising)
    with pytest.raises(ZeroDivisionError):
        storage.load(file)


def test_an_error_of_ours_while_a_change_is_read_leaves_the_last_good_policy_in_force(
    folder: Path, logged: Callable[[], list[tuple[str, dict[str, str]]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would cost every event its verdict."""
    store = Store(folder)
    before = store.policy()

    def fail(*_: object) -> None:
        raise KeyError("of ours")

    monkeypatch.setattr(Draft, "finish", fail)
    write(folder / "a.yaml", rules("other"))
    assert store.policy() is before
    assert "could not be read: KeyError" in store.broken
    (line,) = logged()
    assert line[1]["event"] == "broken-policy"


def test_threads_that_look_at_the_same_time_take_a_change_up_once(
    folder: Path, logged: Callable[[], list[tuple[str, dict[str, str]]]]
) -> None:
    store = Store(folder)
    write(folder / "a.yaml", rules("other"))
    threads = [threading.Thread(target=store.policy) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert [line["event"] for _, line in logged()] == ["policy"]


def test_each_broken_change_is_logged(folder: Path, logged: Callable[[], list[tuple[str, dict[str, str]]]]) -> None:
    store = Store(folder)
    for text in ("rules: [", "rules: [[", "rules: [[["):
        write(folder / "a.yaml", text)
        store.policy()
    assert len(logged()) == 3


def test_a_module_that_comes_after_the_policy_that_names_it_is_taken_up(folder: Path) -> None:
    """Files are uploaded one after the other, in any order."""
    store = Store(folder)
    good = store.policy()
    more = "  - {id: more, on: commit-file, check: name.more, with: {max: 9}}\n"
    write(folder / "a.yaml", CUSTOM.replace("checks/names.py", "[checks/names.py, checks/more.py]") + more)
    assert store.policy() is good
    write(folder / "checks" / "more.py", TICKET.replace("name.length", "name.more"))
    assert ids(store.policy()) == ["short", "more", "rows"]


def test_a_check_stays_whole_while_a_broken_version_of_its_module_stands_on_disk(folder: Path) -> None:
    future = TICKET.replace("from collections", "from __future__ import annotations\nfrom collections", 1)
    write(folder / "checks" / "names.py", future)
    options = CUSTOM.replace("{max: 5}}", "{max: 5}, options: {max: longest}}")
    write(folder / "a.yaml", options)
    store = Store(folder)
    write(folder / "checks" / "names.py", "raise ValueError")
    (rule, _) = store.policy().rules
    changed, problems = rule.under({"longest": "7"})
    assert (getattr(changed.settings, "max", None), problems) == (7, ())


def test_a_first_policy_that_is_broken_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError):
        Store(tmp_path)


def test_a_start_loads_nothing_that_the_policy_has_no_use_for(tmp_path: Path) -> None:
    """Each costs milliseconds while the user waits: the engine of conditions, expressions, holidays, the SDK."""
    heavy = ("cel", "re2", "holidays", "difflib", "alibabacloud_tea_openapi")
    code = (
        "import sys, handler; handler.initialize(None); print([name for name in sys.argv[1:] if name in sys.modules])"
    )
    policy = write(tmp_path / "policy.yaml", rules("rows"))
    variables = {"DATAWORKS_CALLBACK": "off", "EXTENSION_POLICY": str(policy)}
    done = subprocess.run(  # noqa: S603  a process of its own, with nothing loaded
        [sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True, env=variables, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"
