"""From zero to enabled: who follows what `register` prints has a set-up in which `doctor` finds no error."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from extension.__main__ import main
from extension.doctor import Level, Remark
from extension.local import DataWorks
from extension.storage import ROOT
from tests import console
from tests.conftest import key
from tests.doctor.setups import CODE, SECRETS, SetUp

pytestmark = pytest.mark.no_cover  # each part of it has its own tests

URL = "https://checks.example.com"


@pytest.fixture
def zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SetUp]:
    """Somebody with credentials and a folder, whose extension nobody has registered."""
    with DataWorks(keys=[key()], extension_code=CODE) as dataworks:
        at = SetUp(dataworks, tmp_path, monkeypatch)
        at.set(**dict.fromkeys((*SECRETS, "DATAWORKS_EXTENSION_CODE", "EXTENSION_POLICY", "FC_REGION"), ""))
        dataworks.registration = {"Status": 0}
        shutil.copy(ROOT / "s.yaml", tmp_path)
        at.set(DEPLOY_ROLE="acs:ram::1902847365091735:role/dataworks-extension")
        yield at


def deployed(at: SetUp, folder: Path) -> None:
    """Have the policy of a folder, with its cases."""
    shutil.copytree(folder, at.folder, dirs_exist_ok=True)


def printed(*arguments: str) -> str:
    """What `register` prints."""
    shown = CliRunner().invoke(main, ["register", *arguments])
    assert (shown.exit_code, shown.stderr) == (0, "")
    return shown.stdout


def by_text(*arguments: str) -> console.Typed:
    return console.of_text(printed(*arguments))


def by_json(*arguments: str) -> console.Typed:
    return console.of_json(json.loads(printed("--format", "json", *arguments)))


def errors(at: SetUp, *arguments: str) -> list[Remark]:
    return [remark for remark in at.report(*arguments).remarks if remark.level is Level.ERROR]


@pytest.mark.parametrize("read", [by_text, by_json])
@pytest.mark.parametrize("name", ["data-studio", "deployment-freeze", "download-loss", "max-pt"])
def test_a_service_is_enabled_by_what_register_prints(
    name: str, read: Callable[..., console.Typed], zero: SetUp
) -> None:
    deployed(zero, ROOT / "examples" / name)
    zero.set(EXTENSION_URL=URL)
    assert [remark.id for remark in errors(zero, "--resource", "service")] == ["code.missing"]
    typed = read("--hosting", "service")
    zero.set(**console.enter(typed, zero.dataworks))
    assert errors(zero, "--resource", "service") == []


@pytest.mark.parametrize("read", [by_text, by_json])
def test_a_function_is_enabled_by_what_register_prints(read: Callable[..., console.Typed], zero: SetUp) -> None:
    zero.policy(
        "version: 1\nlanguage: en\nrules:\n"
        "  - {id: bulk, on: download-resources, check: download.rows, with: {max: 100000}}\n"
    )
    typed = read()
    assert typed.way == console.FUNCTION
    zero.set(**console.enter(typed, zero.dataworks))
    assert errors(zero) == []


@pytest.mark.parametrize("name", ["operations-guard", "sql"])
def test_each_half_of_a_policy_of_both_levels_is_enabled_by_itself(name: str, zero: SetUp) -> None:
    deployed(zero, ROOT / "examples" / name)
    zero.set(EXTENSION_URL=URL)
    with pytest.raises(console.Refused, match="two levels"):
        console.enter(by_text(), zero.dataworks)
    printed("--split", "halves")
    halves = sorted((zero.folder / "halves").glob("*.yaml"))
    assert [half.name for half in halves] == ["tenant.yaml", "workspace.yaml"]
    for half in halves:
        zero.set(EXTENSION_URL=URL, **dict.fromkeys(("DATAWORKS_EXTENSION_CODE", "FC_REGION"), ""))
        zero.set(**console.enter(by_text("--policy", str(half)), zero.dataworks))
        assert errors(zero, "--resource", "service", "--policy", str(half)) == []


def test_what_is_left_out_on_the_way_is_found(zero: SetUp) -> None:
    deployed(zero, ROOT / "examples/max-pt")
    zero.set(EXTENSION_URL=URL)
    typed = by_text()
    variables = console.enter(typed, zero.dataworks, published=False)
    zero.set(**variables)
    zero.dataworks.registration["BindEventList"] = [{"EventCode": typed.codes[0], "EventName": ""}]
    zero.dataworks.registration["OptionSetting"] = ""
    found = {remark.id for remark in zero.report("--resource", "service").remarks}
    assert {"registration.unbound-event", "options.missing"} <= found
