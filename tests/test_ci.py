"""What `.ci/run` leaves to one Python is tried by that one."""

import re

from extension.storage import ROOT

RUN = (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_what_one_python_alone_tries_is_not_left_out_there() -> None:
    once = re.search(r'^once="(.*)"$', RUN, re.MULTILINE)
    assert once
    files = [ROOT / "tests" / name for name in once[1].split()]
    assert files
    assert [file.name for file in files if "no_cover" in file.read_text(encoding="utf-8")] == []


def test_what_the_newest_python_tries_is_there() -> None:
    few = re.search(r'^few="(.*)"$', RUN, re.MULTILINE)
    assert few
    assert [name for name in few[1].split() if not (ROOT / f"tests/test_{name}.py").exists()] == []
