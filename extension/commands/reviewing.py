"""`review`: code files of a repository, judged as if committed."""

import sys
from pathlib import Path

import click

from extension import cases, edges, review, storage
from extension.commands import in_force
from extension.rules import Policy
from extension.screen import THERE, count, explained, fail, warn


@click.command("review")
@click.argument("paths", type=THERE, nargs=-1, required=True, metavar="PATH...")
@click.option("--policy", type=THERE, help="Policy instead of policy.yaml.")
@click.option("--project", help="Project of tables that are named without one.")
@click.option("--format", "form", type=click.Choice(["text", "github"]), default="text", show_default=True)
def review_files(paths: tuple[Path, ...], policy: Path | None, project: str | None, form: str) -> None:
    """Judge code files of a repository as if committed.

    Judged are .sql, .py and .sh files, those in folders among them, by the rules on commit-file that need nothing but
    the file: those whose check is of the family file or sql, and conditions on sql. The others are listed. A file has
    no data source: its tables are in PROJECT, or in that which the policy has for "*" under sql: projects. Exits 0 for
    OK and WARN, 1 for FAIL, 2 for an error.
    """
    with explained():
        judged_by, left_out = review.reviewable(storage.load(in_force(policy)))
        if project is not None:
            judged_by = _placed(judged_by, project)
        reviewed = []
        for file in review.files(paths):
            if file.suffix.lower() not in review.TYPES and file.is_file():
                warn(f"{file}: left out: DataWorks has no type for its ending ({', '.join(review.TYPES)})")
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
        warn(f"{judged_by.file}: no rule on {review.EVENT} can be judged by a file alone: nothing was judged")
    overall = review.overall(reviewed)
    click.echo(f"{overall}: {count(reviewed, 'file')}, {count(judged_by.rules, 'rule')} ({judged_by.name})")
    sys.exit(1 if overall == "FAIL" else 0)


def _placed(policy: Policy, project: str) -> Policy:
    """The policy for a review with `--project`."""
    try:
        return review.placed(policy, project)
    except ValueError as error:
        fail(f"--project: {error}")
