"""sqlglot as a parser alone: every function taken as it is written, and no more steps than a text of that length needs.

Its own reading of functions is left aside: it drops arguments that a function of that name does not have, and fails on
some that it does have. The compiled half of sqlglot is not used: the MaxCompute dialect cannot inherit from it, and
what is nested too deeply would end the process there, where it is an error here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ErrorLevel, SqlglotError

from extension.sql.facts import Engine

MAX_STEPS_PER_WORD = 30
"""Most that the parser may go forth and back for each word; what is written by people needs three."""
_DEEP_TYPE = re.compile(r"(?:\b(?:array|map|struct)\s*+<[^<>()]{0,200}+){20}", re.IGNORECASE)
"""Types inside each other take it time that is quadratic in their depth."""

_DIALECTS = {
    Engine.MAXCOMPUTE: "maxcompute",
    Engine.HIVE: "hive",
    Engine.SPARK: "spark",
    Engine.HOLOGRES: "postgres",
    Engine.POSTGRESQL: "postgres",
    Engine.MYSQL: "mysql",
    Engine.CLICKHOUSE: "clickhouse",
    Engine.PRESTO: "presto",
}


_AROUND = (exp.Window, exp.WithinGroup, exp.Filter, exp.IgnoreNulls, exp.RespectNulls)
"""What sqlglot puts around a function that has it behind its bracket."""


_RESOURCE = re.compile(r"(?<=\w):(?=(?!decimal\b|varchar\b|char\b)\w+\s*+\()", re.IGNORECASE)
_PARTITIONED = re.compile(r"\bpartitioned\s++on\b", re.IGNORECASE)
_LIMIT_BY = re.compile(r"\blimit\s++\d++[\s\d,]*+by\s++[\w.]++(?:\s*+,\s*+[\w.]++)*+(?=\s++limit\b)", re.IGNORECASE)
_REWRITTEN: Mapping[Engine, Sequence[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]]] = {
    Engine.MAXCOMPUTE: (
        (_RESOURCE, lambda _: "."),
        (_PARTITIONED, lambda found: f"{found[0][:-2]}by"),
    ),
    Engine.CLICKHOUSE: ((_LIMIT_BY, lambda found: re.sub(r"[^\n]", " ", found[0])),),
}
"""What a grammar does not have, and what stands in its place, as long as it is: `project:function(...)`, a materialized
view that is `partitioned on`, LIMIT BY before LIMIT."""


class RefusedError(Exception):
    """A statement that the grammar does not take; the text says why, and quotes nothing of it."""


@cache
def _dialect(engine: Engine) -> tuple[Dialect, type[Any]]:
    """The dialect of an engine, and its parser as it is used here."""
    if engine is Engine.MAXCOMPUTE:
        from sqlglot_maxcompute import MaxCompute  # noqa: PLC0415  by name it would be looked for in all packages

        dialect: Dialect = MaxCompute()
    else:
        dialect = Dialect.get_or_raise(_DIALECTS[engine])
    parser: Any = dialect.parser_class

    class Parser(parser):  # type: ignore[misc]  # its class is known at run time only
        """The dialect's parser, which counts its steps and is silent."""

        FUNCTIONS: dict[str, Any] = {}  # noqa: RUF012  as in sqlglot
        NO_PAREN_FUNCTION_PARSERS = {  # noqa: RUF012  as in sqlglot
            name: each for name, each in parser.NO_PAREN_FUNCTION_PARSERS.items() if name != "IF"
        }

        def parse(self, raw_tokens: list[Any], sql: str) -> Any:  # noqa: ANN401  as in sqlglot
            self.left = MAX_STEPS_PER_WORD * (len(raw_tokens) + 10)
            return super().parse(raw_tokens, sql)

        def _advance(self, times: int = 1) -> None:
            self.left -= 1
            if self.left < 0:
                raise RefusedError("it is too intricate")
            super()._advance(times)

        def _parse_function_call(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  as in sqlglot
            """Note the place of every function: sqlglot does so for those alone that have no grammar of their own."""
            token = self._curr
            found = super()._parse_function_call(*args, **options)
            inner = found
            while isinstance(inner, _AROUND):
                inner = inner.this
            if isinstance(inner, exp.Func) and "start" not in inner.meta:
                inner.update_positions(token)
            return found

        def _warn_unsupported(self) -> None:
            """Say nothing: sqlglot's own text quotes the SQL."""

    return dialect, Parser


def parse(text: str, engine: Engine) -> exp.Expr:
    """The tree of one statement. Raises RefusedError.

    The text is clean: without comments, and with nothing in its strings that could be taken for the end of them.
    """
    if _DEEP_TYPE.search(text):
        raise RefusedError("it is nested too deeply")
    for pattern, other in _REWRITTEN.get(engine, ()):
        text = pattern.sub(other, text)
    dialect, parser = _dialect(engine)
    try:
        found = parser(dialect=dialect, error_level=ErrorLevel.IMMEDIATE).parse(dialect.tokenize(text), text)
    except SqlglotError:  # its text quotes the SQL
        raise RefusedError("the grammar does not take it") from None
    except RecursionError:
        raise RefusedError("it is nested too deeply") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):  # of sqlglot's own code on odd input
        raise RefusedError("the grammar does not take it") from None
    if len(found) != 1 or found[0] is None:
        raise RefusedError("the grammar does not take it")
    tree: exp.Expr = found[0]
    return tree
