"""sqlglot as a parser alone: every function taken as it is written, and no more steps than a text of that length needs.

Its own reading of functions is left aside: it drops arguments that a function of that name does not have, and fails on
some that it does have. The compiled half of sqlglot is not used: the MaxCompute dialect cannot inherit from it, and
what is nested too deeply would end the process there, where it is an error here.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.tokenizer_core import TokenType

from extension.sql.facts import Engine

MAX_STEPS_PER_WORD = 30
"""Most that the parser may go forth and back for each word of a statement; what is written by people needs one or two.
"""
_STEPS_PER_WORD, _STEPS_OF_ANY = 2, 20_000
"""The same for a text of many statements: on average, and what is there for the shortest."""
_STEPS_PER_COPY, _STEPS_PER_TYPE = 2, 2
"""What counts as much as steps: the copy of a node, and a type in another one, which is parsed anew for each level."""
_DEEP_TYPE = re.compile(r"(?:\b(?:array|map|struct)\s*+<[^<>()]{0,200}?){10}", re.IGNORECASE)
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


ODD = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What sqlglot's own code raises on odd input, and the reading of an odd tree that it makes of it."""


class RefusedError(Exception):
    """A statement that the grammar does not take; the text says why, and quotes nothing of it."""


class Steps:
    """What the parser may still go forth and back for the statements of one text, which has so many words."""

    def __init__(self, words: int) -> None:
        self.left = _STEPS_PER_WORD * words + _STEPS_OF_ANY


def _copied(node: exp.Expr | None) -> int:
    """What a function before a dot costs as soon as another one comes behind it."""
    called = isinstance(node, exp.Window) or (isinstance(node, exp.Dot) and isinstance(node.expression, exp.Func))
    return _STEPS_PER_COPY * sum(1 for _ in node.walk()) if called and node else 0


def _nested(node: exp.Expr | None) -> int:
    """What a type with others in it costs."""
    if not isinstance(node, exp.DataType) or not node.expressions:
        return 0
    return _STEPS_PER_TYPE * sum(1 for _ in node.find_all(exp.DataType))


def _place(node: exp.Expr | None, token: Any) -> None:  # noqa: ANN401  a token, of which sqlglot has two kinds
    """Note the place of a function, where it has none."""
    while isinstance(node, _AROUND):
        node = node.this
    if isinstance(node, exp.Func) and node.meta_get("start") is None:
        node.update_positions(token)


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

        PIPE_SYNTAX_TRANSFORM_PARSERS = {  # noqa: RUF012  as in sqlglot, which takes the alias of AS for a table
            name: each for name, each in parser.PIPE_SYNTAX_TRANSFORM_PARSERS.items() if name != "AS"
        }

        def parse_within(self, tokens: list[Any], sql: str, steps: Steps) -> Any:  # noqa: ANN401  as in sqlglot
            """What `parse` gives, for so many steps at most."""
            most = self.left = min(MAX_STEPS_PER_WORD * (len(tokens) + 10), steps.left)
            try:
                return self.parse(tokens, sql)
            finally:
                steps.left -= most - max(self.left, 0)

        def _spend(self, steps: int) -> None:
            self.left -= steps
            if self.left < 0:
                raise RefusedError("it is too intricate")

        def _advance(self, times: int = 1) -> None:
            self._spend(1)
            super()._advance(times)

        def _parse_bracket(self, this: Any = None) -> Any:  # noqa: ANN401  as in sqlglot
            """Count what `a.f().g()` costs: all that stands before the dot of a function is copied."""
            self._spend(_copied(this))
            return super()._parse_bracket(this)

        def _parse_types(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  as in sqlglot
            """Count what types inside each other cost."""
            found = super()._parse_types(*args, **options)
            self._spend(_nested(found))
            return found

        def _parse_function_call(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  as in sqlglot
            """Note the place of every function: sqlglot does so for those alone that have no grammar of their own."""
            token = self._curr
            found = super()._parse_function_call(*args, **options)
            _place(found, token)
            return found

        def _warn_unsupported(self) -> None:
            """Say nothing: sqlglot's own text quotes the SQL."""

    return dialect, Parser


class Lost(NamedTuple):
    """A name in a text that is nowhere in its tree: where it is, and whether a bracket follows it."""

    text: str
    start: int
    end: int
    called: bool


class Parsed(NamedTuple):
    """The tree of a statement, and the names that are not in it."""

    tree: exp.Expr
    lost: tuple[Lost, ...]


_KEYWORDS = frozenset(
    {
        *("at", "auto", "both", "bucket", "buckets", "by", "cascade", "clustered", "conflict"),
        *("current", "day", "delimited", "directory", "dow", "doy", "duplicate", "engine", "external"),
        *("fields", "first", "following", "group", "hour", "if", "ignore", "innodb", "last", "leading"),
        *("local", "location", "matched", "materialized", "minute", "month", "nowait", "nulls", "of"),
        *("only", "options", "orc", "parquet", "partitioned", "preceding", "quarter", "rcfile"),
        *("respect", "second", "sequencefile", "serde", "shallow", "sorted", "stored", "tblproperties"),
        *("terminated", "textfile", "ties", "trailing", "transform", "unbounded", "week", "within"),
        *("year", "zone"),
    }
)
"""What sqlglot reads as names at first, and then as keywords."""


def parse(text: str, engine: Engine, steps: Steps) -> Parsed:
    """The tree of one statement, and the names that it lacks. Raises RefusedError. What it took is off `steps`.

    The text is clean: without comments, and with nothing in its strings that could be taken for the end of them.
    """
    if _DEEP_TYPE.search(text):
        raise RefusedError("it is nested too deeply")
    for pattern, other in _REWRITTEN.get(engine, ()):
        text = pattern.sub(other, text)
    dialect, parser = _dialect(engine)
    try:
        tokens = dialect.tokenize(text)
        found = parser(dialect=dialect, error_level=ErrorLevel.IMMEDIATE).parse_within(tokens, text, steps)
    except SqlglotError:  # its text quotes the SQL
        raise RefusedError("the grammar does not take it") from None
    except RecursionError:
        raise RefusedError("it is nested too deeply") from None
    except ODD:
        raise RefusedError("the grammar does not take it") from None
    if len(found) != 1 or found[0] is None:
        raise RefusedError("the grammar does not take it")
    tree: exp.Expr = found[0]
    return Parsed(tree, tuple(_lost(tree, tokens)))


def _lost(tree: exp.Expr, tokens: Sequence[Any]) -> Iterator[Lost]:
    """Names that sqlglot has read and dropped, or has kept as something else, such as the size of a type."""
    kept = {each.meta_get("start") for each in tree.walk()}
    for number, token in enumerate(tokens):
        quoted = token.token_type is TokenType.IDENTIFIER
        named = quoted or (token.token_type is TokenType.VAR and token.text.lower() not in _KEYWORDS)
        if named and token.start not in kept:
            called = any(behind.token_type is TokenType.L_PAREN for behind in tokens[number + 1 : number + 2])
            yield Lost(token.text, token.start, token.end + 1, called)
