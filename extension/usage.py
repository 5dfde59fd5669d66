"""Mistakes on the command line, said as all errors are: the option, what is wrong with it, and what to type instead."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from extension.tree import suggestion
from extension.verbs import VERBS


class Mistake(click.UsageError):
    """A mistake in its one form: `error: OPTION: what is wrong`, with a second line where that helps."""

    def show(self, file: Any = None) -> None:  # noqa: ANN401  as in click
        """Say it."""
        first, _, second = self.message.partition("\n")
        click.echo(f"error: {first}", file=file, err=True)
        if second:
            click.echo(f"       {second}", file=file, err=True)


def mistake(error: click.UsageError) -> Mistake:
    """The same in the form of this module."""
    return Mistake(_text(error, error.ctx or click.get_current_context()), error.ctx)


def _text(error: click.UsageError, ctx: click.Context) -> str:  # noqa: PLR0911  one for each kind of mistake
    program = ctx.find_root().command_path
    path = ctx.command_path
    command = path.removeprefix(program).strip() or program
    match error:
        case click.NoSuchCommand():
            of = "" if command == program else f" of {command}"
            return f"{_clean(error.command_name)}: no such verb{of}{_meant(error.command_name, ctx)}"
        case click.NoSuchOption():
            near = f"did you mean {error.possibilities[0]}?" if error.possibilities else f"it has {_options(ctx)}"
            return f"{_clean(error.option_name)}: no such option of {command}; {near}"
        case click.BadOptionUsage():
            wrong = "takes no value" if "not take a value" in error.message else "needs a value behind it"
            return f"{_clean(error.option_name)}: {wrong}"
        case click.MissingParameter() if error.param:
            return f"{_name(error.param)}: is missing{_example(command, program)}"
        case click.BadParameter() if error.param:
            return f"{_name(error.param)}: {_bad(error.message, error.param.type)}"
        case click.exceptions.NoArgsIsHelpError() if isinstance(ctx.command, click.Group):
            return f"{command}: needs {_or(ctx.command.list_commands(ctx))} behind it{_example(command, program)}"
        case click.BadParameter() if isinstance(error.param_hint, str):
            return f"{error.param_hint}: {error.message}"
    if extra := _EXTRA.match(error.message):
        taken = " ".join(ctx.command.collect_usage_pieces(ctx))
        return f"{_clean(extra[1])}: is more than there is room for: {path} {taken}"
    return error.format_message()


_EXTRA = re.compile(r"Got unexpected extra arguments? \((.*)\)$", re.DOTALL)
"""What click says of arguments that nothing takes."""

_REFUSED = re.compile(r"""(?:\w+ )?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|-?[\d.]+) (?:is|does) (.*)$""", re.DOTALL)
"""What click says of a value that its type does not take: the value, and what is the matter with it."""


def _clean(word: str) -> str:
    """A word of the command line on one line, whatever is in it."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in word)


def _or(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _name(param: click.Parameter) -> str:
    """`--policy` for an option, `EVENT` for an argument."""
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return param.human_readable_name.strip("[].")


def _options(ctx: click.Context) -> str:
    options = (param for param in ctx.command.get_params(ctx) if isinstance(param, click.Option))
    return ", ".join(_name(option) for option in options)


def _meant(name: str, ctx: click.Context) -> str:
    """Which verb was meant; all of them where none is close."""
    group = ctx.command
    assert isinstance(group, click.Group)  # noqa: S101  nothing else has verbs
    known = group.list_commands(ctx)
    for verb in known:
        command = group.get_command(ctx, verb)
        if isinstance(command, click.Group) and name in command.list_commands(ctx):
            return f"; did you mean {verb} {name}?"
    return suggestion(name, known) or f"; there are {', '.join(known)}"


def _example(command: str, program: str) -> str:
    """A second line with an example of a command, where there is one."""
    lines = (example.line for verb in VERBS for example in verb.examples)
    found = next((line for line in lines if f"{line} ".startswith(f"{command} ")), "")
    return f"\nfor example: {program} {found}" if found else ""


def _expected(kind: click.ParamType[Any]) -> str:
    """What a type takes."""
    match kind:
        case click.Choice():
            return _or([str(choice) for choice in kind.choices])
        case click.types.IntParamType():
            return "a whole number" + _within(kind)
        case click.types.FloatParamType():
            return "a number" + _within(kind)
        case click.DateTime():
            return f"a date such as {datetime(2026, 11, 1).strftime(kind.formats[0])}"  # noqa: DTZ001  no moment
    return kind.name


def _within(kind: click.ParamType[Any]) -> str:
    least, most = getattr(kind, "min", None), getattr(kind, "max", None)
    if least is not None and most is not None:
        return f" from {least} to {most}"
    return f" of at least {least}" if least is not None else f" of at most {most}" if most is not None else ""


def _bad(message: str, kind: click.ParamType[Any]) -> str:
    """What is wrong with a value. What no type of click says is as it was raised."""
    refused = _REFUSED.match(message)
    if refused is None:
        return message
    value, problem = _clean(refused[1]), refused[2]
    word = value.strip("'\"")
    if not isinstance(kind, click.Path):
        known = [str(choice) for choice in kind.choices] if isinstance(kind, click.Choice) else ()
        return f"expected {_expected(kind)}, found {value}{suggestion(word, known)}"
    if problem == "not exist.":
        folder = Path(word).parent
        beside = [each.name for each in folder.iterdir()] if folder.is_dir() else ()
        near = suggestion(Path(word).name, beside)
        return f"{word}: no such file{'' if not kind.dir_okay else ' or folder'}{near}"
    said = {"a directory": "a folder: name a file", "a file": "a file: name a folder"}
    problem = problem.rstrip(".")
    return f"{word}: is {said.get(problem, problem)}"
