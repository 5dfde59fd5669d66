"""Fuzzes each target for its share of the time: `python -m tests.fuzz --seconds 600`.

What a target finds is kept under findings/, and its seeds grow by what reached something new (`--keep`). Each target
runs in a process of its own, which the fuzzer ends as it likes.
"""

import shutil
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import click

import extension

HERE = Path(__file__).parent
SEEDS, FINDINGS = HERE / "seeds", HERE / "findings"
NAMES = ("events", "policies", "texts")
MAX_BYTES = 8192
"""Longest input that is made."""
KEPT_BYTES = 600
"""Longest input that is put among the seeds."""


@click.command(help=__doc__)
@click.option("--seconds", default=600, show_default=True, help="Of all targets together.")
@click.option("--target", type=click.Choice(NAMES), multiple=True, help="Only these.")
@click.option("--keep", is_flag=True, help="Put what reached something new among the seeds.")
def main(seconds: int, target: tuple[str, ...], *, keep: bool) -> None:
    """Fuzz, one target after the other."""
    from tests.fuzz.words import dictionary  # noqa: PLC0415  a child must not have loaded what it is to watch

    targets = target or NAMES
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name in targets:
            corpus = Path(folder) / name
            corpus.mkdir()
            (FINDINGS / name).mkdir(parents=True, exist_ok=True)
            words = Path(folder) / f"{name}.dict"
            words.write_text(dictionary(name), encoding="ascii")
            arguments = [
                *(str(corpus), str(SEEDS / name), f"-max_total_time={seconds // len(targets)}"),
                *(f"-max_len={MAX_BYTES}", "-timeout=30", "-rss_limit_mb=2048", "-print_final_stats=1"),
                *(f"-artifact_prefix={FINDINGS / name}/", f"-dict={words}"),
            ]
            failed |= _fuzz(name, arguments) != 0
            for found in corpus.iterdir() if keep else ():
                if found.stat().st_size <= KEPT_BYTES:
                    shutil.copy(found, SEEDS / name)
    if failed:
        click.echo(f"There are findings: see {FINDINGS.relative_to(Path.cwd())}", err=True)
    sys.exit(failed)


def _fuzz(name: str, arguments: list[str]) -> int:
    """Run the fuzzer on a target; its exit code."""
    click.echo(f"{name}:")
    program = f"from tests.fuzz.__main__ import child; child({name!r}, {arguments!r})"
    return subprocess.run([sys.executable, "-c", program], check=False).returncode  # noqa: S603  our own program


def child(name: str, arguments: list[str]) -> None:
    """Fuzz in this process: it does not return."""
    import atheris  # noqa: PLC0415  only `make fuzz` has it

    with atheris.instrument_imports(include=["extension"]):  # what is imported here is watched
        for room in walk_packages(extension.__path__, "extension."):
            if room.name not in ("extension.__main__", "extension.sdk"):
                import_module(room.name)
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415  once it is watched
    atheris.Setup([name, *arguments], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
