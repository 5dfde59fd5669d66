"""What reading SQL costs: for statements of 1 to 1,000 lines, for texts that are made to be slow, and to begin with.

Run by `make bench`. Ratios stand first; seconds are those of the machine that it runs on.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from extension.sql import analyse
from extension.sql.facts import Engine

LINES = (1, 10, 100, 1_000)
RUNS = 7
"""Each figure is the least of so many."""

_LINE = (
    "  select a{n}.order_id, b{n}.buyer_name, coalesce(sum(a{n}.pay_amount), 0) as amount"
    " from dwd_trade_order_{n} a{n} join hr.users b{n} on a{n}.buyer_id = b{n}.user_id"
    " where a{n}.ds = '${{bizdate}}' group by a{n}.order_id, b{n}.buyer_name"
)


def lines(count: int) -> str:
    """A statement of so many lines, each of them a query of two tables."""
    return "\n  union all\n".join(_LINE.format(n=number) for number in range((count + 1) // 2))


HOSTILE: Mapping[str, Callable[[], str]] = {
    "a statement of 1 MB": lambda: lines(8_000)[:1_000_000].rpartition("\n  union all")[0],
    "5,000 brackets inside each other": lambda: "select " + "(" * 5_000 + "phone" + ")" * 5_000 + " from hr.users",
    "5,000 calls inside each other": lambda: "select " + "f(" * 5_000 + "phone" + ")" * 5_000 + " from hr.users",
    "10,000 unions": lambda: " union all ".join(f"select a from t{number}" for number in range(10_000)),
    "a list of 100,000 items": lambda: f"select a from t where b in ({', '.join(map(str, range(100_000)))})",
    "a quote that is not closed, 1 MB": lambda: "select phone from hr.users where a = '" + "x from t " * 110_000,
    "1 MB of opening brackets": lambda: "select " + "(" * 1_000_000,
}


def best(run: Callable[[], object], runs: int = RUNS) -> float:
    """Seconds of the quickest of several runs."""
    return min(_seconds(run) for _ in range(runs))


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def read(text: str) -> object:
    """Read a text as for the first time."""
    from extension.sql.reading import read as fresh  # noqa: PLC0415  what loading it costs is measured, too

    return fresh(text, Engine.MAXCOMPUTE, "shop")


def growth() -> Iterator[str]:
    """Time for each line, as a multiple of that in the statement of 10 lines."""
    seconds = {count: best(partial(read, lines(count))) for count in LINES}
    yield f"{'lines':>6} {'characters':>11} {'per line':>9} {'ms each statement':>18} {'us each line':>13}"
    for count, each in seconds.items():
        ratio = (each / count) / (seconds[10] / 10)
        yield f"{count:>6,} {len(lines(count)):>11,} {ratio:>8.2f}x {each * 1e3:>18.2f} {each / count * 1e6:>13.0f}"


def hostile() -> Iterator[str]:
    """Texts that are made to be slow, as multiples of the statement of 1,000 lines."""
    unit = best(partial(read, lines(1_000)), 3)
    yield f"{'of 1,000 lines':>15} {'s':>7}  text"
    for name, make in HOSTILE.items():
        each = best(partial(read, make()), 1)
        yield f"{each / unit:>14.1f}x {each:>7.2f}  {name}"


def start() -> Iterator[str]:
    """The first text of a process, the next one, and the same one again."""
    first = float(
        subprocess.run(
            [sys.executable, "-m", "benchmarks.sql", "first"], check=True, capture_output=True, text=True
        ).stdout
    )
    text = lines(10)
    following = best(partial(read, text))
    analyse(text, Engine.MAXCOMPUTE, "shop")
    again = best(partial(analyse, text, Engine.MAXCOMPUTE, "shop"))
    yield f"{'of the next one':>16} {'ms':>9}"
    for name, each in (("first text of a process", first), ("next one", following), ("same one again", again)):
        yield f"{each / following:>15.3f}x {each * 1e3:>9.3f}  {name}"


def main() -> None:
    """Print all figures, or the seconds that the first text of this process takes."""
    if sys.argv[1:] == ["first"]:
        sys.stdout.write(f"{_seconds(partial(read, lines(10)))}\n")
        return
    for title, figures in (("SQL by its length", growth), ("SQL made to be slow", hostile), ("Ten lines", start)):
        sys.stdout.write(f"{title}\n")
        for line in figures():
            sys.stdout.write(f"{line}\n")
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
