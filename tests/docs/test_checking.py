"""The tests of the pages find what is wrong in a page."""

from pathlib import Path

import pytest

import handler
from extension.storage import ROOT
from tests.docs import blocks, commands
from tests.docs.names import dead_links, unknown_names, wrong_commands
from tests.docs.pages import Page

FENCE = "```"


def _made_up(text: str) -> Page:
    return Page(name="made-up.md", folder=ROOT, text=text.replace("~~~", FENCE))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("~~~console\n$ python -m extension policy chekc\n~~~", "No such command 'chekc'"),
        ("~~~console\n$ python -m extension policy check --strict\n~~~", "No such option '--strict'"),
        ("~~~console\n$ python -m extension policy check policy.yaml\nfine\n~~~", "prints\n  policy.yaml: valid"),
        ("~~~console\n$ python -m extension policy check policy.yaml\n~~~", "shows nothing"),
        ("~~~console\n$ python -m extension policy test examples/max-pt\n...\nall passed\n~~~", "examples/max-pt: "),
        ("~~~console\npolicy.yaml: valid\n~~~", "begins with a command"),
        ("~~~console\n$ echo $?\n1\n~~~", "prints\n  0"),
        ("~~~console\n$ EXTENSION_MOD=off python -m extension events\n~~~", "EXTENSION_MOD: no such environment"),
        ("~~~console\n$ frobnicate events\n~~~", "is not understood"),
        ("~~~console\n$ (make run)\n~~~", "( is not understood"),
        ("~~~console\n$ A=1\n~~~", "a command is missing"),
        ("~~~console\n$ python -m extension invoke 'events\n~~~", "No closing quotation"),
        ("~~~sh\npython -m extension invoke events/download-resources.json\n~~~", "exits with 1"),
        ("~~~sh\nmake rum\n~~~", "No rule to make target"),
        ("~~~sh\nmake package COLOUR=red\n~~~", "knows no such variable"),
        ("~~~sh\nfor x in; do\n~~~", "syntax error"),
        ("~~~sh\ns functions deploy\n~~~", "no resource functions"),
        ("~~~sh\npip install -r requirements-servic.txt\n~~~", "requirements-servic.txt: is not there"),
        ("~~~sh\ndocker compose -f deploy/compose.yml up\n~~~", "deploy/compose.yml: is not there"),
        ("~~~sh\nsystemctl restart dataworks\n~~~", "no such unit"),
        ("~~~sh\ncurl http://127.0.0.1:9000/ready\n~~~", "no such path"),
        ("~~~sh\npython -m benchmarks.cool\n~~~", "is not understood"),
        ("~~~sh\npython -m benchmarks.replay --evnts 3\n~~~", "no option --evnts"),
        ("~~~sh\ncat >>.env <<END\nEXTENSION_COLOUR=red\nEND\n~~~", "s.yaml does not read that"),
        ("~~~sh\nsed s/a/b/ <<END\na\nEND\n~~~", "another command than cat"),
        ('~~~sh\naliyun ram CreateRole --Document "$(cat role.json)"\n~~~', "role.json: is not there"),
        ("~~~yaml\nversion: 1\nrules: [{id: a, on: commit-file, check: file.nam}]\n~~~", "file.name?"),
        ("~~~yaml\n- {id: a, on: commit-file, check: file.nam}\n~~~", "file.name?"),
        ("~~~yaml\nmode: shady\n~~~", "shady"),
        ("~~~yaml\nlists: {a: {b: c}}\n~~~", "lists"),
        ("~~~yaml\ncases: [{name: a, event: commit-file, expect: {result: MAYBE}}]\n~~~", "MAYBE"),
        ("~~~yaml\ncases: [{name: a, event: commit-file, expect: {result: OK, findings: [no]}}]\n~~~", "no"),
        ("~~~yaml\noptions: {a: b}\nsnapshot: 3\n~~~", "snapshot"),
        ("~~~yaml\ncolour: red\n~~~", "of a kind that no test knows: colour"),
        ("~~~yaml\njobs:\n  a:\n    steps:\n    - run: |\n       ls\n       make rum\n~~~", "No rule"),
        ("~~~yaml\nenvironmentVariables:\n  EXTENSION_COLOUR: red\n~~~", "EXTENSION_COLOUR: is not in s.yaml"),
        ("~~~yaml\n{\n~~~", "made-up.md"),
        ("~~~json\n{'a': 1}\n~~~", "is no JSON"),
        ("~~~python\nprint()\n~~~", "a file in checks/"),
        ("`checks/own.py`:\n\n~~~python\nprint()\n~~~", "registers no check"),
        ("~~~text\na\n~~~", "a text is a file"),
        ("Into `a.txt`:\n\n~~~text\na\n~~~", "a text is a file"),
        ("~~~sh\ncat > events/a.json <<END\n{}\nEND\n~~~", "into the project itself"),
        ("~~~sh\nls > events/a.json\n~~~", "into the project itself"),
        ("~~~sh\ncp events/a.json deploy/a.json\n~~~", "events/a.json: is not there"),
        ("~~~sh\nls none || ls none\n~~~", "none"),
        ("Into `events/a.json`:\n\n~~~json\n{}\n~~~", "into the project itself"),
        ("~~~cobol\nADD 1 TO B\n~~~", "no test knows the language 'cobol'"),
        ("~~~\na\n~~~", "no test knows the language ''"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_page_is_found(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(handler, "_extension", None)
    (problem,) = blocks.follow(_made_up(text), tmp_path)
    assert problem.startswith("made-up.md:")
    assert said in problem


def test_a_block_without_an_end_is_found() -> None:
    with pytest.raises(AssertionError, match=r"made-up\.md:2: the block does not end"):
        assert _made_up("a\n~~~sh\nls\n").blocks


def test_a_wrong_word_in_a_line_of_text_is_found() -> None:
    page = _made_up(
        "`EXTENSION_COLOUR=red`, `download.row`, `event.rows`, `sql.joins`, `wehn: x`, `--strict`,"
        " `DATAWORKS_CALLBACK=off`, `download.rows`, `event.dataRowSize`, `sql.tables`, `when: x`, `--policy FILE`,"
        " `policy.yaml`, `UPPER`"
    )
    assert unknown_names(page) == page.code[:6]
    page = _made_up(
        "`python -m extension polcy check`, `make rum`, `s functions deploy`, `make run`, `s deploy`, `make`"
    )
    assert [said.split("`")[1] for said in wrong_commands(page)] == page.code[:3]


def test_a_link_that_leads_nowhere_is_found() -> None:
    page = _made_up(
        "# A page\n## Two `words`, one\n## Two words one\n[a](SECURITY.md) [b](SECURITY.md#reporting) "
        "[c](#two-words-one-1) [d](https://example.com) `[e](not-a-link)`\n"
        "[f](SECURITEE.md) [g](SECURITY.md#no) [h](#no) [i\nj](docs/none.md)"
    )
    assert page.anchors == {"a-page", "two-words-one", "two-words-one-1"}
    assert dead_links(page) == ["SECURITEE.md", "SECURITY.md#no", "#no", "docs/none.md"]


def test_lines_that_are_left_out_stand_for_any_lines() -> None:
    found = ["a 1.5 ms", "b", "c policy.yaml@0123456789ab", "d"]
    assert commands.differs(["a 20 ms", "...", "c policy.yaml@ba9876543210", "d"], found) == ""
    assert commands.differs(["...", "b", "..."], found) == ""
    assert commands.differs(["...", "d"], found) == ""
    for wrong in (["a 1 ms", "..."], ["...", "d", "..."], ["a 1 ms", "...", "d"]):
        assert commands.differs(wrong, found) == ""
    for wrong in (["b", "..."], ["...", "c"], ["...", "d", "b", "..."], ["a 1 ms", "b"], ["a 1 ms", "d", "..."], []):
        assert commands.differs(wrong, found)
