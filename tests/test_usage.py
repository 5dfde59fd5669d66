"""Mistakes on the command line: every option of every verb, as click's own tree has them."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from extension import usage
from extension.__main__ import main
from tests.test_main import errors, run

Command = tuple[str, ...]


def commands(group: click.Group = main, path: Command = ()) -> Iterator[tuple[Command, click.Command]]:
    """Every verb, and every verb of a verb, with the group that has all of them."""
    yield path, group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands())
OPTIONS = [
    (path, option)
    for path, command in ALL.items()
    for option in command.params
    if isinstance(option, click.Option) and not option.is_eager
]
ARGUMENTS = [
    (path, argument)
    for path, command in ALL.items()
    for argument in command.params
    if isinstance(argument, click.Argument)
]


def flag(option: click.Option) -> str:
    return max(option.opts, key=len)


def named(path: Command) -> str:
    """How an error names a verb."""
    return " ".join(path) or "main"


def bad(kind: click.ParamType[object], folder: Path) -> Iterator[tuple[str, str]]:
    """Values that a type does not take, each with what is said of it."""
    match kind:
        case click.Choice():
            yield "xyz", rf"expected {', '.join(kind.choices[:-1])} or {kind.choices[-1]}, found 'xyz'"
            first = kind.choices[0]
            yield f"{first}x", rf"expected .*, found '{first}x'(; did you mean {first}\?)?"
        case click.types.IntParamType() | click.types.FloatParamType():
            yield "many", r"expected a (whole )?number( from \d+ to \d+| of at (least|most) \d+)?, found 'many'"
            if getattr(kind, "max", None) is not None:
                yield "100000000", r"expected a (whole )?number .*, found 100000000"
        case click.DateTime():
            yield "yesterday", r"expected a date such as 2026-11-01.*, found 'yesterday'"
            yield "2026-02-30", r"expected a date such as 2026-11-01.*, found '2026-02-30'"
        case click.Path(exists=False, dir_okay=False):
            yield str(folder), r".*: is a folder: name a file"
        case click.Path(exists=True):
            yield str(folder / "policy.yml"), r".*policy\.yml: no such file( or folder)?; did you mean policy.yaml\?"
            yield str(folder / "none/x"), r".*none/x: no such file( or folder)?"
            if not kind.dir_okay:
                yield str(folder), r".*: is a folder: name a file"
            if not kind.file_okay:
                yield str(folder / "policy.yaml"), r".*: is a file: name a folder"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(
        "version: 1\nrules: [{id: a, on: run-file, when: 'true'}]\n", encoding="utf-8"
    )
    return tmp_path


@pytest.mark.parametrize("path", ALL, ids=named)
def test_an_unknown_option_is_named_with_those_that_there_are(path: Command) -> None:
    (line,) = errors(run(*path, "--zzz"))
    has = ", ".join(
        flag(each) for each in ALL[path].get_params(click.Context(ALL[path])) if isinstance(each, click.Option)
    )
    assert line == f"error: --zzz: no such option of {named(path)}; it has {has}"


@pytest.mark.parametrize(("path", "option"), OPTIONS, ids=str)
def test_a_slip_in_an_option_is_said_with_the_one_that_was_meant(path: Command, option: click.Option) -> None:
    slip = flag(option)[:-1] + "q"
    (line,) = errors(run(*path, slip))
    assert re.fullmatch(rf"error: {slip}: no such option of {named(path)}; did you mean --[\w-]+\?", line) or (
        "it has" in line and flag(option) in line
    )


@pytest.mark.parametrize(("path", "option"), OPTIONS, ids=str)
def test_an_option_says_whether_it_takes_a_value(path: Command, option: click.Option) -> None:
    if option.is_flag:
        assert errors(run(*path, f"{flag(option)}=1")) == [f"error: {flag(option)}: takes no value"]
    else:
        assert errors(run(*path, flag(option))) == [f"error: {flag(option)}: needs a value behind it"]


def whole(path: Command, folder: Path, *, but: click.Parameter | None = None) -> list[str]:
    """What a verb demands, so that nothing but one of its parameters can be wrong."""
    words = []
    for each in ALL[path].params:
        if each.required and each is not but:
            kind = each.type
            value = kind.choices[0] if isinstance(kind, click.Choice) else str(folder / "policy.yaml")
            words += [flag(each), value] if isinstance(each, click.Option) else [value]
    return words


@pytest.mark.parametrize(("path", "option"), OPTIONS, ids=str)
def test_a_value_that_an_option_does_not_take_is_said_with_what_it_takes(
    path: Command, option: click.Option, folder: Path
) -> None:
    for value, said in bad(option.type, folder):
        (line,) = errors(run(*path, *whole(path, folder, but=option), flag(option), value))
        assert re.fullmatch(f"error: {flag(option)}: {said}", line), line


@pytest.mark.parametrize(("path", "argument"), ARGUMENTS, ids=str)
def test_a_value_that_an_argument_does_not_take_is_said_with_its_name(
    path: Command, argument: click.Argument, folder: Path
) -> None:
    name = argument.human_readable_name.strip("[].")
    for value, said in bad(argument.type, folder):
        (line,) = errors(run(*path, value, *whole(path, folder, but=argument)))
        assert re.fullmatch(f"error: {name}: {said}", line), line


@pytest.mark.parametrize(
    ("path", "parameter"), [(path, each) for path, each in (*OPTIONS, *ARGUMENTS) if each.required], ids=str
)
def test_what_is_missing_is_named_with_an_example(path: Command, parameter: click.Parameter, folder: Path) -> None:
    name = flag(parameter) if isinstance(parameter, click.Option) else parameter.human_readable_name.strip("[].")
    first, second = errors(run(*path, *whole(path, folder, but=parameter)))
    assert first == f"error: {name}: is missing"
    assert second.startswith(f"       for example: main {named(path)} ")


@pytest.mark.parametrize("path", [path for path, each in ALL.items() if not isinstance(each, click.Group)], ids=named)
def test_an_argument_too_many_is_named_with_those_that_there_are(path: Command, folder: Path) -> None:
    command = ALL[path]
    if any(isinstance(each, click.Argument) and each.nargs == -1 for each in command.params):
        return
    optional = [each for each in command.params if isinstance(each, click.Argument) and not each.required]
    words = [str(folder / "policy.yaml")] * len(optional)
    (line,) = errors(run(*path, *whole(path, folder), *words, "b\x1b[1m"))
    taken = " ".join(command.collect_usage_pieces(click.Context(command)))
    assert line == f"error: b\\x1b[1m: is more than there is room for: main {named(path)} {taken}"


@pytest.mark.parametrize("path", [path for path, each in ALL.items() if isinstance(each, click.Group)], ids=named)
def test_an_unknown_verb_is_named_with_those_that_there_are(path: Command) -> None:
    group = ALL[path]
    assert isinstance(group, click.Group)
    known = group.list_commands(click.Context(group))
    of = f" of {named(path)}" if path else ""
    assert errors(run(*path, "zzz")) == [f"error: zzz: no such verb{of}; there are {', '.join(known)}"]
    for name in known:
        (line,) = errors(run(*path, f"{name}q"))
        assert line == f"error: {name}q: no such verb{of}; did you mean {name}?"


def test_a_verb_of_a_verb_is_found_where_its_group_was_left_out() -> None:
    assert errors(run("check")) == ["error: check: no such verb; did you mean policy check?"]


def test_a_group_alone_says_what_belongs_behind_it() -> None:
    assert errors(run("policy")) == [
        "error: policy: needs check, schema or test behind it",
        "       for example: main policy check policy.yaml",
    ]


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (click.INT, "x", "expected a whole number, found 'x'"),
        (click.IntRange(min=1), "0", "expected a whole number of at least 1, found 0"),
        (click.IntRange(max=9), "10", "expected a whole number of at most 9, found 10"),
        (click.FloatRange(0, 1), "2.5", "expected a number from 0 to 1, found 2.5"),
        (click.BOOL, "perhaps", "expected boolean, found 'perhaps'"),
        (click.Choice(["text", "json"]), "jsn", "expected text or json, found 'jsn'; did you mean json?"),
        (click.Path(exists=True, file_okay=False), __file__, f"{__file__}: is a file: name a folder"),
    ],
)
def test_what_types_take_is_said_also_of_those_that_no_verb_has(
    kind: click.ParamType[object], value: str, said: str
) -> None:
    with pytest.raises(click.BadParameter) as raised, click.Context(click.Command("verb")) as context:
        kind.convert(value, click.Option(["--some", "-s"], type=kind), context)
    assert usage.mistake(raised.value).message == f"--some: {said}"


def test_what_a_verb_raises_itself_is_said_as_it_stands() -> None:
    option = click.Option(["--some"])
    with click.Context(click.Command("verb")) as context:
        raised = click.BadParameter("must be even", ctx=context, param=option)
        assert usage.mistake(raised).message == "--some: must be even"
        assert usage.mistake(click.UsageError("not like this", context)).message == "not like this"
