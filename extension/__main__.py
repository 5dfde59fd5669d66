"""Command line: reads arguments, calls a room, prints. `python -m extension VERB`."""

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, cast, get_args, get_origin

import click
import msgspec
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from extension import (
    __version__,
    cases,
    catalogue,
    edges,
    events,
    expressions,
    local,
    replay,
    review,
    schema,
    settings,
    storage,
)
from extension.checks import Check, Need
from extension.checks.registry import BY_ID
from extension.errors import ConfigurationError, ExtensionError, PolicyError
from extension.events import Payload
from extension.logs import Span
from extension.rules import Policy, Rule
from extension.settings import plain
from extension.tree import suggestion
from extension.verdict import Language, clean

_COLOURS = {"OK": "green", "WARN": "yellow", "FAIL": "red"}

_PATH = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="extension")
def main() -> None:
    """Check DataWorks operations against a policy, and answer them."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that has no Chinese shall not cost anybody the verdict
        cast("io.TextIOWrapper", stream).reconfigure(errors="replace")


@main.command()
@click.argument("event", type=_PATH)
@click.option("--policy", type=_PATH, help="Policy instead of policy.yaml.")
@click.option("--platform", type=_PATH, help="YAML file with what DataWorks answers when asked.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON.")
def invoke(event: Path, policy: Path | None, platform: Path | None, *, as_json: bool) -> None:
    """Run the event in file EVENT through the real handler.

    The verdict goes to a DataWorks on loopback; no cloud account is needed. What rules ask of DataWorks it answers
    from the file PLATFORM: a mapping with snapshot (an EventDetail), options, parameters, roles (of the operator)
    and instances, each optional. Exits 0 for OK and WARN, 1 for FAIL, 2 for an error.
    """
    with _explained(str(event)):
        body = event.read_bytes()
        asked = local.answers(platform.read_bytes(), str(platform)) if platform else local.Answers()
        variables = {"EXTENSION_POLICY": str(policy.resolve())} if policy else {}
        run = local.invoke(body, variables, partial(asked.prepare, body=body))
    if run.verdict is None:
        _fail(f"{event}: {msgspec.json.decode(str(run.returned.get('body')))['error']}")
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(run), indent=2).decode())
    else:
        _show(run, run.verdict)
    callback = msgspec.convert(run.verdict["callback"], dict[str, Any])
    if callback["error"]:
        _fail(f"{event}: the callback was not taken: {callback['error']}")
    sys.exit(1 if run.verdict["result"] == "FAIL" else 0)


@main.group()
def policy() -> None:
    """Validate and test policies, and print their schema."""


@policy.command()
@click.argument("path", type=_PATH, required=False)
def check(path: Path | None) -> None:
    """Validate the policy PATH, a file or a folder.

    Without PATH, that is policy.yaml, or what EXTENSION_POLICY names. Exits 0, or 2 with every error in it. What has
    expired is warned of.
    """
    with _explained():
        found = storage.load((path or edges.environment().policy).resolve())
    for rule in found.rules:
        if rule.scope.end and rule.scope.end <= edges.now():
            _warn(f"{found.file}: rule {rule.id}: until: has passed, the rule judges nothing any longer")
        for field, codes in _never_there(found, rule):
            _warn(
                f"{found.file}: rule {rule.id}: when: event.{field} is no field of {', '.join(codes)}: the rule hits on"
                f' each of them; take them out of `on`, or begin with "{field}" in event &&'
            )
        for number, exemption in enumerate(rule.exempt):
            if exemption.until <= edges.now():
                _warn(f"{found.file}: rule {rule.id}: exempt[{number}].until: has passed, nobody is exempt any longer")
    click.echo(f"{found.file}: valid, rules: {len(found.rules)}, events: {len(found.plan)}, digest: {found.digest}")


def _never_there(found: Policy, rule: Rule) -> Iterator[tuple[str, list[str]]]:
    """Fields that the condition of a rule needs, each with the events of the rule that wait and do not have it."""
    entries = [catalogue.BY_CODE[code] for code, rules in found.plan.items() if rule in rules]
    for field in sorted(rule.when.needed if rule.when else ()):
        codes = [
            entry.code
            for entry in entries
            if entry.callback and entry.payload and field not in expressions.record(entry.payload).fields
        ]
        if codes:
            yield field, sorted(codes)


@policy.command("schema")
@click.option("--policy", type=_PATH, help="Policy whose own checks are in the schema, too.")
def policy_schema(policy: Path | None) -> None:
    """Print the JSON Schema of a policy, for an editor."""
    found = schema.schema(_registry(policy))
    click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())


@policy.command("test")
@click.argument("folders", type=_PATH, nargs=-1, required=True, metavar="DIR...")
@click.option("--policy", type=_PATH, help="Another policy than DIR/policy.yaml.")
@click.option("--format", "form", type=click.Choice(["text", "junit", "github"]), default="text", show_default=True)
def policy_test(folders: tuple[Path, ...], policy: Path | None, form: str) -> None:
    """Run the cases in DIR/cases against DIR/policy.yaml.

    Rules that no case touches are listed. Exits 0 if all cases pass, 1 if one fails, 2 for a policy or a case that
    does not validate.
    """
    with _explained():
        reports = [cases.run(folder, policy) for folder in folders]
    click.echo({"text": cases.text, "junit": cases.junit, "github": cases.github}[form](reports))
    sys.exit(1 if any(report.failed for report in reports) else 0)


@main.command("review")
@click.argument("paths", type=_PATH, nargs=-1, required=True, metavar="PATH...")
@click.option("--policy", type=_PATH, help="Policy instead of policy.yaml.")
@click.option("--project", help="Project of tables that are named without one.")
@click.option("--format", "form", type=click.Choice(["text", "github"]), default="text", show_default=True)
def review_files(paths: tuple[Path, ...], policy: Path | None, project: str | None, form: str) -> None:
    """Judge code files of a repository as if committed.

    Judged are .sql, .py and .sh files, those in folders among them, by the rules on commit-file that need nothing but
    the file: those whose check is of the family file or sql, and conditions on sql. The others are listed. A file has
    no data source: its tables are in PROJECT, or in that which the policy has for "*" under sql: projects. Exits 0 for
    OK and WARN, 1 for FAIL, 2 for an error.
    """
    with _explained():
        judged_by, left_out = review.reviewable(storage.load((policy or edges.environment().policy).resolve()))
        if project is not None:
            judged_by = _placed(judged_by, project)
        reviewed = []
        for file in review.files(paths):
            if file.suffix.lower() not in review.TYPES and file.is_file():
                _warn(f"{file}: left out: DataWorks has no type for its ending ({', '.join(review.TYPES)})")
            else:
                reviewed.append(review.review(file, judged_by, edges.now()))
    for one in reviewed:
        for said in one.verdict.lines():
            judged = said.findings[0]
            line = review.line(judged)
            if form == "github":
                level = "error" if judged.result == "FAIL" else "warning"
                click.echo(cases.annotation(level, str(one.file), line, judged.rule, said.text))
            else:
                click.echo(f"{judged.result:4}  {one.file}{f':{line}' if line else ''}: {said.text}")
    if left_out:
        click.echo(f"not judged, since a file does not say what they need: {', '.join(left_out)}")
    if not judged_by.rules:
        _warn(f"{judged_by.file}: no rule on {review.EVENT} can be judged by a file alone: nothing was judged")
    overall = review.overall(reviewed)
    click.echo(f"{overall}: {_count(reviewed, 'file')}, {_count(judged_by.rules, 'rule')} ({judged_by.name})")
    sys.exit(1 if overall == "FAIL" else 0)


@main.command()
def serve() -> None:
    """Run the self-managed service, behind EventBridge, with its pages.

    What it needs is in requirements-service.txt, and where it listens in the environment: EXTENSION_LISTEN, else
    127.0.0.1:9000. docs/service.md has the rest. It ends when it is interrupted, after it has finished what it began.
    """
    try:
        from extension import service  # noqa: PLC0415  not everybody has what it needs
    except ModuleNotFoundError as error:
        _fail(f"{error.name} is not installed: pip install --require-hashes -r requirements-service.txt")
    service.main()


def _placed(policy: Policy, project: str) -> Policy:
    """The policy for a review with `--project`."""
    try:
        return review.placed(policy, project)
    except ValueError as error:
        _fail(f"--project: {error}")


def _count(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


_DAY = click.DateTime(formats=["%Y-%m-%d"])


@main.command("replay")
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@click.option("--policy", "path", type=_PATH, required=True, help="The policy to judge by.")
@click.option("--since", type=_DAY, metavar="DAY", help="First day to look at, in UTC: 2026-11-01.")
@click.option("--until", type=_DAY, metavar="DAY", help="Last day to look at.")
@click.option("--html", type=_PATH, metavar="FILE", help="Write a report to FILE, which stands alone.")
@click.option(
    "--lang",
    type=click.Choice([each.value for each in Language]),
    help="Language of the report; by default the policy's.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@click.option("--sample", type=click.IntRange(0, 1000), default=replay.EXAMPLES, show_default=True,
              help="Most events of each kind of change that are named.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 64), help="Processes that read a long log; by default one a core.")
def replay_log(  # noqa: PLR0913  an option each
    *,
    logs: tuple[str, ...],
    path: Path,
    since: datetime | None,
    until: datetime | None,
    html: Path | None,
    lang: str | None,
    sample: int,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Judge recorded events under another policy, and say what changes.

    LOG is a folder of recorded verdicts, a file of such (.jsonl, .jsonl.gz), - for standard input, or the URL of a
    database. Nothing is asked of DataWorks, and nothing is posted. An event is not decidable where its record does not
    hold what a rule needs; nothing is guessed. Exits 0, or 2 for an error.
    """
    render = None if html is None else _report()
    with _explained():
        judged_by = storage.load(path.resolve())
        log = replay.find(logs, Span(since and since.date(), until and until.date()))
        with _progress(log.size_bytes) as done:
            found = replay.replay(
                log, judged_by, path.resolve(), jobs=jobs or os.cpu_count() or 1, sample=sample, done=done
            )
    if html and render:
        with _explained(str(html)):
            html.write_text(render(found, Language(lang) if lang else judged_by.language), encoding="utf-8")
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        _show_replay(found)
    for name, strange in found.files.items():
        _warn_of(name, strange)


def _report() -> Callable[[replay.Replay, Language], str]:
    """What makes a page of a replay."""
    try:
        from extension.pages import report  # noqa: PLC0415  what it needs is not there where nobody serves pages
    except ModuleNotFoundError as error:
        if error.name not in ("jinja2", "markupsafe"):
            raise
        _fail("--html: Jinja2 is not installed; requirements-service.txt and requirements-dev.txt have it")
    return report.render


def _warn_of(name: str, strange: replay.Strange) -> None:
    """Say what of a file could not be used."""
    if strange.log_lines:
        _warn(
            f"{name}: {strange.log_lines:,} lines are of Function Compute's log, which holds too little of an event to"
            " judge it again: replay the recorded verdicts instead (EXTENSION_RECORDS)"
        )
    if rest := strange.lines - strange.log_lines:
        _warn(f"{name}: {rest:,} lines are no record of a verdict, and were left out")
    if strange.broken:
        _warn(f"{name}: could not be read to its end: {strange.broken}")


@contextmanager
def _progress(size_bytes: int) -> Iterator[replay.Progress]:
    """Show on a terminal how much is done: of files in bytes, of all else in events."""
    if not sys.stderr.isatty():
        yield lambda _, __: None
        return
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[events]:,} events"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=size_bytes or None, events=0)

        def done(more_bytes: int, more_events: int) -> None:
            bar.update(task, advance=more_bytes, events=bar.tasks[0].fields["events"] + more_events)

        yield done


_ROWS = 10
"""Most rows of a table on the terminal; --json and --html have all."""


def _show_replay(found: replay.Replay) -> None:
    """Print what a policy changes so that it is read at a glance."""
    total = found.total
    _print(
        Text.assemble(
            (
                f" {total.newly_blocked:,} newly blocked ",
                f"bold reverse {_COLOURS['FAIL' if total.newly_blocked else 'OK']}",
            ),
            f"  {total.newly_warned:,} newly warned, {total.newly_passed:,} newly passed,"
            f" {found.unchanged:,} unchanged, {total.undecided:,} not decidable",
        ),
        "",
    )
    _print(_grid(*_accounts(found)), "")
    if changes := replay.changes(found):
        _print(_table(("recorded", "now", "events", "for example"), (_changed(found, *each) for each in changes)), "")
    _print(_table(_OF_A_RULE, (_effect(*each) for each in replay.by_effect(found))))
    for title, rows in (("workspace", found.workspaces), ("operator", found.operators), ("event", found.codes)):
        if shown := replay.by_change(rows)[:_ROWS]:
            _print("", _table((title, *_OF_A_CHANGE), (_change(*each) for each in shown)))


_OF_A_RULE = ("rule", "hits before", "hits now", "newly blocked", "newly let by", "shadow hits", "not known")
_OF_A_CHANGE = (
    *("events", "blocked before", "blocked now", "newly blocked", "newly warned", "newly passed", "not known"),
)


def _accounts(found: replay.Replay) -> Iterator[tuple[str, Text]]:
    """What was read, and what to know of the figures."""
    total, days = found.total, sorted(found.days)
    span = f", {days[0]} to {days[-1]}" if days else ""
    yield "events", Text(f"{total.events:,}{span}; {found.judged:,} with a rule for them")
    yield "policy", Text(found.policy)
    before = sorted(found.policies.items(), key=lambda each: -each[1])
    listed = ", ".join(f"{clean(name)} ({number:,})" for name, number in before[:_POLICIES])
    more = f" and {len(before) - _POLICIES:,} more" if len(before) > _POLICIES else ""
    if before:
        yield "before", Text(f"{listed}{more}")
    for number, meaning in (
        (found.switched, "were let pass by EXTENSION_MODE or a parameter: compared is what their policy decided"),
        (found.unknown_before, "have no verdict to compare with: nothing was judged, or not all findings were kept"),
        (found.accidents, "of the changes are of verdicts that came of an error, or of time that had run out"),
        (found.left_out, "are of other days"),
        (found.strange, "lines are no record"),
    ):
        if number:
            yield "note", Text(f"{number:,} {meaning}", "yellow")


_POLICIES = 3


def _changed(found: replay.Replay, before: str, now: str, number: int) -> tuple[RenderableType, ...]:
    """A row of the table of transitions."""
    example = next(iter(found.examples.get(f"{before}>{now}", ())), None)
    named = f"{example.at} {clean(example.code)} {clean(example.id)}" if example else ""
    said = {replay.UNKNOWN: "not known"}
    verdicts = (Text(said.get(each, each), _COLOURS.get(each, "dim")) for each in (before, now))
    return (*verdicts, f"{number:,}", Text(named, "dim"))


def _effect(rule: str, effect: replay.Effect) -> tuple[RenderableType, ...]:
    """A row of the table of rules."""
    numbers = msgspec.structs.astuple(effect)
    return (Text(clean(rule)), *(f"{number:,}" for number in numbers))


def _change(name: str, change: replay.Change) -> tuple[RenderableType, ...]:
    """A row of a table of what changes for whom or what."""
    return (Text(clean(name)), *(f"{number:,}" for number in msgspec.structs.astuple(change)))


_VERDICTS = ("recorded", "now", "for example")
_NAME_COLUMNS = 18


def _table(heads: tuple[str, ...], rows: Iterable[tuple[RenderableType, ...]]) -> Table:
    """A table without lines, numbers to the right. The first column leaves room for a name."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for head in heads:
        names = head == heads[0] and head not in _VERDICTS
        left = names or head in _VERDICTS[:2]
        table.add_column(
            head if left or head in _VERDICTS else head.replace(" ", "\n", 1),  # seven of them fit into 80 characters
            justify="left" if left or head == _VERDICTS[-1] else "right",
            overflow="fold",
            min_width=_NAME_COLUMNS if names else None,
        )
    for row in rows:
        table.add_row(*row)
    return table


@main.command("events")
@click.argument("code", required=False)
@click.option("--policy", type=_PATH, help="Policy whose own checks are shown, too.")
def list_events(code: str | None, policy: Path | None) -> None:
    """List the events of DataWorks, or describe one.

    CODE is its event code or its EventBridge type. Described are its names in `on:`, its fields, and the checks that
    judge it.
    """
    registry = _registry(policy)
    if code is None:
        _list_events(registry)
        return
    entry = catalogue.BY_CODE.get(code) or catalogue.BY_TYPE.get(code)
    if entry is None:
        _fail(f"{plain(code)} is no event code{suggestion(code, catalogue.BY_CODE)}")
    _print(Text.assemble((entry.code, "bold"), f"  {entry.about}"), "")
    names = (
        ("type", entry.event_type),
        ("on", f'{entry.code}, {entry.category}, "{entry.module.value}" or "*"'),
        ("sent", _KINDS[entry.kind]),
        ("answer", entry.callback or "none"),
        ("level", entry.level),
    )
    _print(_grid(*((f"  {name}", value) for name, value in names)), "")
    if entry.payload:
        _print("Fields: event.NAME in a condition; what is indented is in the field above it", "")
        _print(_grid(*_fields(entry.payload)), "")
    else:
        _print("Fields: not typed, a condition can read any as event.NAME", "")
    _print("Checks, each with its parameters; those in brackets are optional")
    judging = [check for check in registry.values() if entry.code in check.events]
    _print(_grid(*(row for check in judging for row in _described(check, entry))))


_KINDS = {
    catalogue.Kind.EXTENSION_POINT: "before the operation, which waits for a verdict",
    catalogue.Kind.REGULAR: "after the operation; nobody waits for a verdict",
    catalogue.Kind.BOTH: "before the operation, which waits for a verdict, and after it",
}


def _list_events(registry: Mapping[str, Check]) -> None:
    for module in catalogue.Module:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column(module.value, no_wrap=True)
        table.add_column("checks", justify="right", header_style="dim")
        table.add_column("sent when", header_style="dim")
        for entry in catalogue.ENTRIES:
            if entry.module is module:
                number = sum(entry.code in check.events for check in registry.values())
                waits = entry.kind is not catalogue.Kind.REGULAR
                table.add_row(f"  {entry.code}", str(number) if waits else "", entry.about)
        _print(table, "")
    _print("An event with a number waits for a verdict; the number is that of the checks that can judge it.")


def _fields(struct: type[Payload], indent: str = "  ") -> Iterator[tuple[str, str, str]]:
    """The fields of a payload, those of its parts behind the part."""
    about, record = schema.docs(struct), expressions.record(struct)
    for attribute, name, kind in events.fields(struct):
        yield indent + name, str(record.fields[name]), about.get(attribute, "")
        item = get_args(kind)[0] if get_origin(kind) is tuple else kind
        if isinstance(item, type) and issubclass(item, Payload):
            yield from _fields(item, f"{indent}  ")


def _described(check: Check, entry: catalogue.Entry) -> Iterator[tuple[str, str]]:
    """What a check judges, what it takes, and what a message about it can hold."""
    needs = sorted(check.needs if entry.has_code else check.needs - {Need.FILE})
    asks = f" Asks DataWorks for the {', the '.join(needs)}." if needs else ""
    yield "", ""
    yield f"  {check.id}", " ".join(check.about.split()) + asks
    about = schema.docs(check.settings)
    for field in msgspec.structs.fields(check.settings):
        name = field.encode_name if field.required else f"[{field.encode_name}]"
        text = about.get(field.name, "")
        yield f"    {name}", settings.kind_of(field).FORM + (f". {text}" if text else "")
    if check.placeholders:
        yield "    placeholders", " ".join(f"{{{name}}}" for name in sorted(check.placeholders))


def _registry(policy: Path | None) -> Mapping[str, Check]:
    """The built-in checks, and those that a policy brings."""
    with _explained():
        return storage.registry(policy.resolve()) if policy else BY_ID


@contextmanager
def _explained(place: str = "") -> Iterator[None]:
    """Say what went wrong instead of raising it; `place` is said of errors that name none."""
    try:
        yield
    except PolicyError as error:
        _fail(str(error))
    except ConfigurationError as error:
        _fail(f"environment variable {error}")
    except ExtensionError as error:
        _fail(f"{place}: {error}" if place else str(error))
    except OSError as error:
        _fail(f"{error.filename or place}: {(error.strerror or str(error)).lower()}")


def _fail(problem: str) -> NoReturn:
    """Say what is wrong, a line a problem, and exit 2."""
    for line in problem.splitlines():
        click.echo(f"error: {line}", err=True)
    sys.exit(2)


def _warn(problem: str) -> None:
    click.echo(f"warning: {problem}", err=True)


_LEAST_COLUMNS = 80
"""A narrower terminal breaks the lines itself: nothing is cut off."""


def _print(*things: RenderableType) -> None:
    """Print as wide as the terminal is; without colours and blanks at the ends of lines where there is none."""
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = max(console.width, _LEAST_COLUMNS)
    with console.capture() as captured:
        for thing in things:
            console.print(thing)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def _grid(*rows: tuple[RenderableType, ...]) -> Table:
    """A table without lines and heads, whose last column takes the room that is left."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in rows[0][:-1]:
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _show(run: local.Run, verdict: dict[str, object]) -> None:
    """Print a run so that it is read at a glance."""
    result = str(verdict["result"])
    _print(
        Text.assemble(
            (f" {result} ", f"bold reverse {_COLOURS[result]}"),
            f"  {verdict['code']}  ",
            (str(verdict["message_id"]), "dim"),
        )
    )
    findings = msgspec.convert(verdict["findings"], list[dict[str, str]])
    if findings:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for column in ("rule", "check", "gives", "the user reads"):
            table.add_column(column, overflow="fold")
        for finding in findings:
            counts = finding["mode"] == "enforce"
            gives = Text(finding["result"], _COLOURS[finding["result"]]) if counts else Text(finding["mode"], "dim")
            said = finding["text"].removeprefix(f"[{finding['rule']}] ")
            table.add_row(finding["rule"], finding["check"], gives, Text(said, "" if counts else "dim"))
        _print(table)
    else:
        _print(Text("no rule has a finding", "dim"))
    _print(_grid(*_circumstances(run, verdict, findings)))


def _circumstances(
    run: local.Run, verdict: dict[str, object], findings: list[dict[str, str]]
) -> Iterator[tuple[str, Text]]:
    """What came of a run beside its findings."""
    for finding in findings:
        for name in ("error", "exempt"):
            if finding[name]:
                yield name, Text(f"{finding['rule']}: {finding[name]}")
    for warning in msgspec.convert(verdict["warnings"], list[str]):
        yield "warning", Text(warning, "yellow")
    sql = msgspec.convert(verdict["sql"], dict[str, Any])
    if "engine" in sql:
        yield "sql", Text(_said_of(sql))
    for request in run.received:
        given = request.parameters.get("CheckResult")
        taken = "taken" if given else "answered"
        answer = taken if request.status == 200 else f"{request.status} {request.code}"  # noqa: PLR2004  HTTP's OK
        signature = "signature verified" if request.verified else "signature refused"
        said = f"{request.action} CheckResult={given}" if given else request.action
        yield "callback" if given else "asked", Text(f"{said}: {answer}, {signature}")
    callback = msgspec.convert(verdict["callback"], dict[str, Any])
    if callback["outcome"] != "posted":
        yield "callback", Text(f"{callback['outcome']} {callback['error']}".rstrip())
    judged, total = (msgspec.convert(verdict[name], float) for name in ("judged_ms", "total_ms"))
    yield "policy", Text(str(verdict["policy"]), "dim")
    spent = f"start {run.initialize_ms:.0f} ms, ask and judge {judged:.1f} ms, post {total - judged:.0f} ms"
    yield "time", Text(spent, "dim")


def _said_of(sql: Mapping[str, Any]) -> str:
    """What a run went by where SQL was read."""
    kinds = ", ".join(f"{kind} {number}" for kind, number in sql["statements"].items())
    unread = ", ".join(f"{reason} {number}" for reason, number in sql["unread"].items())
    project = f", project {sql['project']}" if sql["project"] else ", project not known"
    return f"{sql['engine']}{project}: {kinds or 'no statement'}" + (f"; by its words: {unread}" if unread else "")


if __name__ == "__main__":
    main(prog_name="python -m extension")
