"""The tree of a query read: which tables, and where each column of a result comes from.

No schema is known: a column that is named without its table may be of any table that could have it, and all of them are
its sources then. What cannot be told exactly is told too broadly: a source whose column is `*` is any column.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlglot import exp

from extension.sql.facts import Engine, Written
from extension.sql.relations import (
    DIRECT,
    NONE,
    Book,
    Gathered,
    Join,
    Key,
    Relation,
    Scope,
    Sources,
    Whole,
)
from extension.sql.words import PLACEHOLDER, VARIABLE
from extension.verdict import casefold

AGGREGATES = frozenset(
    {
        *("any_value", "approx_distinct", "arg_max", "arg_min", "avg", "collect_list", "collect_set", "count"),
        *("count_if", "group_concat", "max", "max_by", "median", "min", "min_by", "percentile", "percentile_approx"),
        *("stddev", "stddev_samp", "string_agg", "sum", "var_pop", "var_samp", "variance", "wm_concat"),
    }
)
"""Functions that make one value of many rows."""
WINDOW = "over"
"""What stands among the functions that a value went through for a window."""
_NO_FUNCTIONS = frozenset({"cast", "try_cast", "safe_cast", "case"})
_EXPANDING = (Engine.MAXCOMPUTE, Engine.HIVE, Engine.SPARK)
"""Engines that take a quoted column name for a regular expression, or can be set to."""
_ROWS = (Engine.HOLOGRES, Engine.POSTGRESQL)
"""Engines where the name of a table stands for its row."""
_OF_CLUSTERS = frozenset({"remote", "remotesecure", "cluster", "clusterallreplicas"})
"""Functions of ClickHouse that give a table of other servers: it is behind their first argument."""
_KEPT = 4
"""Steps that each table counts for whose columns are all carried on: that is kept to the end of the text."""
PARAMETER = re.compile(r"\$[\w{\[]|@@\[")
"""A placeholder in a name: the name can be any."""
_PATTERN = re.compile(r"[*+?|()\[\].^$]")
_CALLED = (exp.AnonymousAggFunc, exp.CombinedAggFunc, exp.CombinedParameterizedAgg, exp.ParameterizedAgg)
"""Functions of ClickHouse, which have their name and not its place."""
_WITHOUT_BRACKETS = (
    *(exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentDatetime, exp.CurrentUser, exp.CurrentRole),
    *(exp.Localtime, exp.Localtimestamp),
)


class Place(NamedTuple):
    """A statement's text as the grammar was given it, and what its places are in the original."""

    text: str
    line_of: Callable[[int], int]
    original: Callable[[int, int], str]
    line: int


class From(NamedTuple):
    """The FROM of a query, whose conditions are read once all is known: see `joins`."""

    node: exp.Expr
    scope: Scope
    joins: Sequence[Join]


class Reader:
    """The reading of one statement's tree."""

    def __init__(self, book: Book, place: Place, change: Callable[["Reader", exp.Expr], Relation]) -> None:
        """`change` reads what is no query: a statement that writes, which can stand in a WITH and return something."""
        self.change = change
        self.book = book
        self.at = place
        self.visited: set[int] = set()
        self.passed: set[str] = set()
        """Full names that stand where a table could, and are CTEs and the like."""
        self.written: list[Written] = []
        self.used: dict[Key, int] = {}
        self.inner: dict[Whole, None] = {}
        """Stars, whether they reach the result or not."""
        self.froms: list[From] = []
        self.packed: set[int] = set()
        """Reads that are taken as a whole row, into a struct or a function."""
        self.first = len(book.entries)
        self._meaning: set[str] = set()
        """Names of WITH whose expression is being read."""

    def name(self, node: exp.Expr | str | None) -> str:
        """A name as names are compared; one with a placeholder in it as the text has it."""
        if not isinstance(node, exp.Expr):
            return casefold(node or "")
        name, start = node.name, node.meta_get("start")
        placed = PLACEHOLDER in name and start is not None
        return casefold(self.at.original(start, node.meta_get("end") + 1).strip('`"') if placed else name)

    def line(self, node: exp.Expr) -> int:
        """The line of a node: its own, or that of the first part that has one."""
        for each in node.walk():
            start = each.meta_get("start")
            if start is not None:
                return self.at.line_of(start)
        return self.at.line

    def function(self, node: exp.Expr) -> str:
        """The name of a function as it is written, empty for what is none."""
        if isinstance(node, exp.Unnest):
            return "unnest"
        if not isinstance(node, exp.Func) or isinstance(node, exp.SubqueryPredicate):
            return ""
        start, end = node.meta_get("start"), node.meta_get("end")
        if start is None or end is None:
            plain = isinstance(node, _WITHOUT_BRACKETS)
            return node.sql_names()[0].lower() if plain else casefold(node.name) if isinstance(node, _CALLED) else ""
        written = self.at.text[start : end + 1]
        name = casefold((self.at.original(start, end + 1) if PLACEHOLDER in written else written).strip('`"'))
        return "" if name in _NO_FUNCTIONS else name

    def parts(self, table: exp.Table) -> tuple[str, ...]:
        """The parts of a table's name, as names are compared."""
        return tuple(self.name(part) for part in table.parts)

    def table(self, node: exp.Table, scope: Scope) -> tuple[tuple[str, ...], Relation]:
        """A table in a FROM, with the names that it can be called by."""
        self.visited.add(id(node))
        alias = self.name(node.args["alias"].this) if node.args.get("alias") and node.args["alias"].this else ""
        if isinstance(node.this, exp.Func):
            columns = [self.name(column) for column in node.args["alias"].args.get("columns") or ()] if alias else []
            return ((alias,) if alias else ()), self.made_by(node.this, alias, scope, columns)
        parts = self.parts(node)
        relation = scope.ctes.get(parts[0]) if len(parts) == 1 else None
        if relation is None and parts[0].startswith(VARIABLE):
            relation = self.book.variables.get(parts[0], Relation())
        full = self.book.full(parts)
        if relation is not None:
            self.passed.add(full)
            relation.uses += 1
        else:
            relation = self.base(self.book.read(full, self.line(node)), full, self.line(node))
        return ((alias,) if alias else parts), relation

    def base(self, read: int, full: str, line: int) -> Relation:
        """All columns of a table; with what is behind them where the text itself made it."""
        relation = Relation(wholes=[Whole(read, line)])
        made = self.book.made.get(full)
        if made:
            self.book.spend(len(made.columns) + _KEPT * len(made.wholes))
            relation.columns = [(name, {**sources, (read, name): (line, DIRECT)}) for name, sources in made.columns]
            relation.wholes += made.wholes
            relation.extra = made.extra
        return relation

    def made_by(self, function: exp.Expr, alias: str, scope: Scope, columns: Sequence[str]) -> Relation:
        """What a function gives as a table: nothing is known of its columns but what it is given."""
        relation = Relation()
        sources = self.value(function, scope)
        relation.columns = [(column, sources) for column in columns or ([alias] if alias else [])]
        relation.extra = {} if columns else sources
        relation.called = True
        return relation

    def target(self, node: exp.Expr | None) -> str:
        """Note the table that is written, and give its full name; empty where it is no table."""
        while isinstance(node, exp.Schema | exp.Alias | exp.Subquery):
            node = node.this
        if not isinstance(node, exp.Table) or isinstance(node.this, exp.Func):
            return ""
        self.visited.add(id(node))
        full = self.book.full(self.parts(node))
        self.written.append(Written(table=full, line=self.line(node)))
        return full

    def query(self, node: exp.Expr, outer: Scope | None, ctes: Mapping[str, Relation]) -> Relation:
        """What a query gives, or a statement that stands in the place of one."""
        self.book.spend(1)
        if isinstance(node, exp.Select):
            return self.select(node, outer, ctes)
        if isinstance(node, exp.SetOperation):
            return self.set_operation(node, outer, ctes)
        if isinstance(node, exp.DML):
            return self.change(self, node)
        scope = Scope(outer, self.with_(node, outer, ctes))
        if isinstance(node, exp.Values):
            return self.values(node, scope)
        relation = Relation()
        if isinstance(node, exp.Subquery | exp.Table):
            self.complete(From(node, scope, self.place(node, scope)))
            relation = scope.relations[0][1] if len(scope.relations) == 1 else self.star(scope)
            self.modifiers(node, relation, outer, scope.ctes)
        else:
            relation.extra = self.value(node, scope)
        return relation

    def with_(self, node: exp.Expr, outer: Scope | None, ctes: Mapping[str, Relation]) -> Mapping[str, Relation]:
        """The CTEs that a query sees, with those that it defines."""
        with_ = node.args.get("with_")
        if not isinstance(with_, exp.With):
            return ctes
        known = dict(ctes)
        for cte in with_.expressions:
            name = self.name(cte.args["alias"].this)
            names = [self.name(column) for column in cte.args["alias"].args.get("columns") or ()]
            inner: Mapping[str, Relation] = known
            if with_.args.get("recursive"):
                first = cte.this
                while isinstance(first, exp.SetOperation):
                    first = first.this
                inner = {**known, name: Relation()}
                entries = len(self.book.entries)
                inner = {**known, name: self.query(first, outer, inner).renamed(names)}
                for entry in self.book.entries[entries:]:
                    entry.listed = False  # it is read once more, with the whole
            known[name] = self.query(cte.this, outer, inner).renamed(names)
            known[name].value = None if isinstance(cte.this, exp.Query) else cte.this
        return known

    def set_operation(self, node: exp.SetOperation, outer: Scope | None, ctes: Mapping[str, Relation]) -> Relation:
        """UNION and its like; a chain of thousands leans to the left, and is gone through without recursion."""
        rights: list[tuple[exp.Expr, Mapping[str, Relation]]] = []
        nodes: list[tuple[exp.Expr, Mapping[str, Relation]]] = []
        first: exp.Expr = node
        while isinstance(first, exp.SetOperation):
            ctes = self.with_(first, outer, ctes)
            nodes.append((first, ctes))
            rights.append((first.expression, ctes))
            first = first.this
        relation = self.query(first, outer, ctes)
        branches = [self.query(right, outer, own) for right, own in reversed(rights)]
        relation = self.together([relation, *branches])
        for each, own in nodes:
            self.modifiers(each, relation, outer, own)
        return relation

    def together(self, branches: Sequence[Relation]) -> Relation:
        """Queries on top of each other: column by column where their places are known."""
        first, rest = branches[0], branches[1:]
        columns = [Gathered(self.book.spend) for _ in first.columns]
        for gathered, (_, sources) in zip(columns, first.columns, strict=True):
            gathered.add(sources)
        extra = Gathered(self.book.spend)
        extra.add(first.extra)
        wholes = {(whole.read, whole.without): whole for whole in first.wholes}
        for branch in rest:
            plain = not branch.wholes and not branch.extra and len(branch.columns) == len(columns)
            if plain and not first.wholes:
                for gathered, (_, sources) in zip(columns, branch.columns, strict=True):
                    gathered.add(sources)
                continue
            for sources in branch.all():
                extra.add(sources)
            wholes.update({(whole.read, whole.without): whole for whole in branch.wholes})
        names = [name for name, _ in first.columns]
        found = Relation(zip(names, (gathered.found for gathered in columns), strict=True), wholes.values())
        found.extra = extra.found
        return found

    def values(self, node: exp.Values, scope: Scope) -> Relation:
        """Rows that are written out."""
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
        width = max(map(len, rows), default=0)
        columns = [Gathered(self.book.spend) for _ in range(width)]
        for row in rows:
            for gathered, each in zip(columns, row, strict=False):
                if not isinstance(each, exp.Literal):
                    gathered.add(self.value(each, scope))
        relation = Relation(("", gathered.found) for gathered in columns)
        relation.one_row = len(rows) == 1
        return relation

    def modifiers(self, node: exp.Expr, relation: Relation, outer: Scope | None, ctes: Mapping[str, Relation]) -> None:
        """What stands behind a query that is no SELECT itself: ORDER BY, LIMIT, with their sub-queries."""
        scope = Scope(outer, ctes)
        scope.add((), relation)
        for key in ("order", "limit", "offset", "sort", "cluster", "distribute", "where", "qualify", "having"):
            for part in nodes(node.args.get(key)):
                self.value(part, scope)

    def select(
        self, node: exp.Select, outer: Scope | None, ctes: Mapping[str, Relation], around: From | None = None
    ) -> Relation:
        """What a SELECT gives. `around` is the FROM that stands before several of them."""
        ctes = self.with_(node, outer, ctes)
        scope = Scope(outer, ctes)
        before = around or From(node, Scope(None, {}), ())
        for names, relation in before.scope.relations:
            scope.add(names, relation)
        scope.hidden |= before.scope.hidden
        joins = self.sources(node, scope)
        self.conditions(joins, scope)
        self.froms.append(From(node, scope, [*before.joins, *joins]))
        for window in node.args.get("windows") or ():
            scope.windows[self.name(window.this)] = window
        relation = self.projections(node, scope)
        for key, part in node.args.items():
            if key not in ("with_", "from_", "joins", "laterals", "expressions", "hint", "into", "locks"):
                for each in nodes(part):
                    self.value(each, scope)
        self.visited |= {id(name) for lock in nodes(node.args.get("locks")) for name in lock.find_all(exp.Table)}
        if isinstance(node.args.get("into"), exp.Into):
            self.book.made[self.target(node.args["into"].this)] = relation
        relation.one_row = _one_row(node, self.function, has_from=bool(scope.relations))
        return relation

    def sources(self, node: exp.Expr, scope: Scope) -> list[Join]:
        """Put what a FROM names into the scope, in the order in which it can be referred to."""
        joins: list[Join] = []
        from_ = node.args.get("from_")
        if isinstance(from_, exp.From):
            for each in (from_.this, *nodes(from_.args.get("expressions"))):
                joins += self.place(each, scope)
        joins += self.joined(node, scope)
        for lateral in node.args.get("laterals") or ():
            joins += self.place(lateral, scope)
        return joins

    def conditions(self, joins: Sequence[Join], scope: Scope) -> None:
        """Read the conditions of joins, when all that the FROM names is in its scope."""
        for join in joins:
            for on in nodes(join.node.args.get("on")):
                self.value(on, scope)
        for join in joins:
            if join.node.args.get("kind") in ("SEMI", "ANTI"):
                scope.hidden |= set(join.relations)

    def complete(self, found: From) -> None:
        """Read the conditions of a FROM that is complete, and note it."""
        self.conditions(found.joins, found.scope)
        self.froms.append(found)

    def joined(self, node: exp.Expr, scope: Scope) -> list[Join]:
        """The joins of a node."""
        found: list[Join] = []
        for join in node.args.get("joins") or ():
            if join.args.get("kind") == "ARRAY":
                scope.add((), self.array(join, scope))
                continue
            start = len(scope.relations)
            inner = self.place(join.this, scope)
            found += inner
            natural = join.args.get("method") == "NATURAL"
            scope.natural = scope.natural or natural
            scope.merged |= {self.name(column) for column in join.args.get("using") or ()}
            found.append(Join(join, range(start, len(scope.relations))))
        return found

    def array(self, join: exp.Expr, scope: Scope) -> Relation:
        """ARRAY JOIN: columns of what stands before it, with each item in a row of its own."""
        relation = Relation()
        for each in (join.this, *join.expressions):
            self.projection(each, relation, scope)
        relation.called = True
        return relation

    def place(self, node: exp.Expr, scope: Scope) -> list[Join]:
        """Put an item of a FROM into the scope, with its joins."""
        if isinstance(node, exp.Final):
            return self.place(node.this, scope)
        names, relation, joins = self.item(node, scope)
        alias = node.args.get("alias")
        if relation is not None:
            if isinstance(alias, exp.TableAlias) and not relation.called:
                relation = relation.renamed([self.name(column) for column in alias.args.get("columns") or ()])
            for pivot in node.args.get("pivots") or ():
                names, relation = self.pivot(pivot, names, relation, scope)
            scope.add(names, relation)
        joins += self.joined(node, scope)
        for lateral in node.args.get("laterals") or ():
            joins += self.place(lateral, scope)
        return joins

    def item(self, node: exp.Expr, scope: Scope) -> tuple[tuple[str, ...], Relation | None, list[Join]]:
        """The relation that an item of a FROM is; None where it was several, and they are in the scope already."""
        if isinstance(node, exp.Table):
            return *self.table(node, scope), []
        alias = node.args.get("alias")
        name = self.name(alias.this) if isinstance(alias, exp.TableAlias) and alias.this else ""
        names = (name,) if name else ()
        if isinstance(node, exp.Subquery):
            return self.bracketed(node, names, scope)
        columns = [self.name(column) for column in alias.args.get("columns") or ()] if alias else []
        inner = node.this if isinstance(node, exp.Lateral) else node
        if isinstance(inner, exp.Subquery):
            return names, self.query(inner, scope, scope.ctes).renamed(columns), []
        if isinstance(inner, exp.Values):
            return names, self.values(inner, scope).renamed(columns), []
        return names, self.made_by(inner, name, scope, columns), []

    def bracketed(
        self, node: exp.Subquery, names: tuple[str, ...], scope: Scope
    ) -> tuple[tuple[str, ...], Relation | None, list[Join]]:
        """A sub-query in a FROM, or joins in brackets."""
        inner = node.this
        if isinstance(inner, exp.Query):
            return names, self.query(inner, scope.outer, self.with_(node, scope.outer, scope.ctes)), []
        if not names:
            return (), None, self.place(inner, scope)
        own = Scope(scope.outer, scope.ctes)
        self.complete(From(node, own, self.place(inner, own)))
        return names, self.star(own), []

    def pivot(
        self, node: exp.Expr, names: tuple[str, ...], relation: Relation, scope: Scope
    ) -> tuple[tuple[str, ...], Relation]:
        """Rows turned into columns, or columns into rows: what it is made of may be in any column."""
        inner = Scope(scope.outer, scope.ctes)
        inner.add(names, relation)
        extra = Gathered(self.book.spend)
        extra.add(relation.extra)
        for part in (*nodes(node.args.get("expressions")), *nodes(node.args.get("fields"))):
            extra.add(self.value(part, inner))
        found = Relation(relation.columns, relation.wholes)
        found.extra = extra.found
        alias = node.args.get("alias")
        if isinstance(alias, exp.TableAlias) and alias.this:
            names = (self.name(alias.this),)
        return names, found

    def projections(self, node: exp.Select, scope: Scope) -> Relation:
        """The columns of a SELECT."""
        relation = Relation()
        for each in node.expressions:
            self.projection(each, relation, scope)
        if node.args.get("kind") in ("STRUCT", "VALUE"):
            relation = Relation([("", relation.merged())])
        return relation

    def projection(self, node: exp.Expr, relation: Relation, scope: Scope) -> None:
        """Add what an item of the list gives."""
        if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star)):
            self.starred(node, relation, scope)
            return
        last = node.expression if isinstance(node, exp.Dot) else node
        if self.book.engine is Engine.CLICKHOUSE and self.function(last) == "columns":
            qualifier = () if last is node else tuple(each.name for each in node.this.find_all(exp.Identifier))
            self.expand(self.qualified(qualifier[-1:], scope) or scope.visible(), relation, NONE, self.line(node))
            return
        if isinstance(node, exp.Column) and self.pattern(node):
            qualifier = tuple(self.name(part) for part in node.parts[:-1])
            self.expand(self.qualified(qualifier, scope) or scope.visible(), relation, NONE, self.line(node))
            return
        if isinstance(node, exp.Aliases):
            sources = self.value(node.this, scope)
            relation.columns += [(self.name(alias), sources) for alias in node.expressions]
            return
        if isinstance(node, exp.QueryTransform):
            self.transform(node, relation, scope)
            return
        sources = self.value(node, scope)
        name = self.name(node.args.get("alias")) if isinstance(node, exp.Alias) else ""
        if isinstance(node, exp.Column):
            name = self.name(node.this)
        elif isinstance(node, exp.Dot) and not isinstance(node.expression, exp.Star):
            name = self.name(node.expression)
        relation.columns.append((name, sources))
        if name and isinstance(node, exp.Alias):
            scope.aliases.setdefault(name, []).append(sources)

    def transform(self, node: exp.QueryTransform, relation: Relation, scope: Scope) -> None:
        """SELECT TRANSFORM: each column of a script's output can have anything of its input."""
        gathered = Gathered(self.book.spend)
        for each in node.expressions:
            inner = Relation()
            self.projection(each, inner, scope)
            for sources in inner.all():
                gathered.add(sources)
        schema = node.args.get("schema")
        names = [self.name(getattr(column, "this", column)) for column in schema.expressions] if schema else []
        relation.columns += [(name, gathered.found) for name in names or ("key", "value")]

    def starred(self, node: exp.Expr, relation: Relation, scope: Scope) -> None:
        """Add what `*` or `t.*` stands for."""
        star = node if isinstance(node, exp.Star) else node.this
        without = {self.name(column) for column in nodes(star.args.get("except_") or star.args.get("except"))}
        without |= {self.name(each.this.this) for each in nodes(star.args.get("rename"))}
        replaced = {self.name(each.args.get("alias")): each for each in nodes(star.args.get("replace"))}
        chosen = scope.visible()
        if isinstance(node, exp.Column):
            qualifier = tuple(self.name(part) for part in node.parts[:-1])
            chosen = self.qualified(qualifier, scope)
            if not chosen:  # the fields of a column
                relation.columns.append(("", self.note(self.resolve(qualifier, self.line(node), scope))))
        line = self.line(star)
        self.expand(chosen, relation, frozenset(without | set(replaced)), line)
        for name, each in replaced.items():
            relation.columns.append((name, self.value(each.this, scope)))
        for each in nodes(star.args.get("rename")):
            relation.columns.append((self.name(each.args.get("alias")), self.value(each.this, scope)))

    def expand(self, chosen: Iterable[Relation], into: Relation, without: frozenset[str], line: int) -> None:
        """Add all columns of relations."""
        extra = Gathered(self.book.spend)
        extra.add(into.extra)
        known = dict.fromkeys(into.wholes)
        for each in chosen:
            self.book.spend(len(each.columns) + _KEPT * len(each.wholes))
            into.columns += [(name, sources) for name, sources in each.columns if name not in without]
            wholes = dict.fromkeys(Whole(whole.read, line, whole.without | without) for whole in each.wholes)
            new = [whole for whole in wholes if whole not in known]
            self.inner.update(wholes)
            known.update(wholes)
            into.wholes += new
            extra.add(each.extra)
        into.extra = extra.found

    def star(self, scope: Scope) -> Relation:
        """All that a FROM has, without a `*` being written."""
        relation = Relation()
        for _, each in scope.relations:
            relation.add(each)
        return relation

    def value(self, node: exp.Expr, scope: Scope) -> Sources:
        """Where the value of an expression comes from. Goes without recursion, but into sub-queries."""
        gathered = Gathered(self.book.spend)
        stack: list[tuple[exp.Expr, frozenset[str]]] = [(node, NONE)]
        while stack:
            each, through = stack.pop()
            self.book.spend(0)
            if isinstance(each, exp.Column) and not isinstance(each.this, exp.Star):
                gathered.add(self.column(each, scope), through)
            elif isinstance(each, exp.Star | exp.Column):
                self.whole_row(each, scope, gathered, through)
            elif isinstance(each, exp.Query):
                relation = self.query(each, scope, scope.ctes)
                if not isinstance(each.parent, exp.Exists):
                    for sources in relation.all():
                        gathered.add(sources, through)
            elif not isinstance(each, exp.Identifier | exp.Literal | exp.DataType):
                name = WINDOW if isinstance(each, exp.Window) else self.function(each)
                own = through | {name} if name else through
                stack += [(child, own) for child in reversed(self.inside(each, name, scope, gathered))]
                if isinstance(each, exp.Window) and each.args.get("alias"):
                    named = scope.windows.get(self.name(each.args["alias"]))
                    stack += [(child, through) for child in children(named)] if named else ()
        return gathered.found

    def inside(self, node: exp.Expr, name: str, scope: Scope, gathered: Gathered) -> list[exp.Expr]:
        """What stands directly in a node; the tables that a function is given by their names are gathered instead."""
        found = list(children(node))
        if self.book.engine is Engine.CLICKHOUSE:
            self.elsewhere(node, name, scope, gathered)
        if name != "table":
            return found
        for each in found:
            if isinstance(each, exp.Column):
                self.given(tuple(self.name(part) for part in each.parts), self.line(each), scope, gathered)
        return [each for each in found if not isinstance(each, exp.Column)]

    def elsewhere(self, node: exp.Expr, name: str, scope: Scope, gathered: Gathered) -> None:
        """Gather what ClickHouse takes for tables where others have values, and what functions of WITH stand for.

        In `x IN d.t` that is a table; one name alone is taken for an array.
        """
        gathered.add(self.meant(name, scope), frozenset({name}))
        field = node.args.get("field") if isinstance(node, exp.In) else None
        if isinstance(field, exp.Column):
            parts = tuple(self.name(part) for part in field.parts)
            if len(parts) > 1 and not self.qualified(parts[:-1], scope):
                self.book.read(self.book.full(parts), self.line(node))
        columns = node.expressions[1:3] if name in _OF_CLUSTERS else []
        parts = tuple(self.name(part) for each in columns if isinstance(each, exp.Column) for part in each.parts)
        if parts:
            self.given(parts[:2], self.line(node), scope, gathered)

    def given(self, parts: tuple[str, ...], line: int, scope: Scope, gathered: Gathered) -> None:
        """Gather all columns of a table that a function is given by its name."""
        full = self.book.full(parts)
        relation = scope.ctes.get(parts[0]) if len(parts) == 1 else None
        if relation is None:
            relation = self.base(self.book.read(full, line), full, line)
        else:
            self.passed.add(full)
        self.packed |= {whole.read for whole in relation.wholes}
        gathered.add(relation.merged())

    def whole_row(self, node: exp.Expr, scope: Scope, gathered: Gathered, through: frozenset[str]) -> None:
        """A `*` inside an expression: count(*) has no columns, all else has all."""
        if isinstance(node.parent, exp.Expr) and self.function(node.parent) == "count":
            return
        chosen = scope.visible()
        if isinstance(node, exp.Column):
            chosen = self.qualified(tuple(self.name(part) for part in node.parts[:-1]), scope)
        for each in chosen:
            self.packed |= {whole.read for whole in each.wholes}
            for sources in each.all():
                gathered.add(sources, through)

    def column(self, node: exp.Column, scope: Scope) -> Sources:
        """Where a column comes from."""
        parts = tuple(self.name(part) for part in node.parts)
        line = self.line(node)
        if len(parts) == 1 and parts[0].startswith(VARIABLE):
            gathered = Gathered(self.book.spend)
            for sources in self.book.variables.get(parts[0], Relation()).all():
                gathered.add(sources)
            return gathered.found
        if self.pattern(node):
            chosen = self.qualified(parts[:-1], scope) or scope.visible()
            gathered = Gathered(self.book.spend)
            for each in chosen:
                for sources in each.all():
                    gathered.add({key: (line, ways) for key, (_, ways) in sources.items()})
            return self.note(gathered.found)
        return self.note(self.resolve(parts, line, scope))

    def pattern(self, node: exp.Column) -> bool:
        """Whether a column is a regular expression in backquotes, which stands for all columns that match it."""
        last = node.parts[-1]
        quoted = bool(last.args.get("quoted")) and self.book.engine in _EXPANDING
        return quoted and bool(_PATTERN.search(last.name))

    def note(self, sources: Sources) -> Sources:
        """Note sources as used."""
        for key, (line, _) in sources.items():
            self.used.setdefault(key, line)
        return sources

    def qualified(self, qualifier: tuple[str, ...], scope: Scope | None) -> list[Relation]:
        """The relations that a qualifier names: those of the innermost query that has any."""
        while scope and qualifier:
            if found := scope.find(qualifier):
                return found
            scope = scope.outer
        return []

    def resolve(self, parts: tuple[str, ...], line: int, scope: Scope) -> Sources:
        """Where a name comes from: a column of the table that is named, or of any that could have it."""
        for length in range(len(parts) - 1, 0, -1):
            if chosen := self.qualified(parts[:length], scope):
                gathered = Gathered(self.book.spend)
                for relation in chosen:
                    self.take(gathered, relation, parts[length], line)
                return gathered.found
        return self.unqualified(parts[0], line, scope)

    def take(self, gathered: Gathered, relation: Relation, name: str, line: int) -> None:
        """Add where a column of a relation comes from; nothing where it cannot have one of that name."""
        named = relation.named(name)
        if PARAMETER.search(name):
            named = []
            for _, sources in relation.columns:
                gathered.add(sources)
        for sources in named:
            gathered.add(sources)
        if not named and relation.wholes:
            gathered.add({(whole.read, name): (line, DIRECT) for whole in relation.wholes if name not in whole.without})
        if relation.extra:
            gathered.add(relation.extra)

    def rows(self, name: str, scope: Scope) -> Iterator[Sources]:
        """What the name of a table comes from: the row in PostgreSQL, a WITH that is a value in ClickHouse."""
        if self.book.engine in _ROWS:
            for relation in scope.find((name,)):
                self.packed |= {whole.read for whole in relation.wholes}
                yield relation.merged()
        if self.book.engine is Engine.CLICKHOUSE and name in scope.ctes:
            yield scope.ctes[name].merged()
            yield self.meant(name, scope)

    def meant(self, name: str, scope: Scope) -> Sources:
        """What the expression comes from that WITH gives a name to, in the query that names it."""
        relation = scope.ctes.get(name)
        if relation is None or relation.value is None or name in self._meaning:
            return {}
        self._meaning.add(name)
        found = self.value(relation.value, scope)
        self._meaning.discard(name)
        return found

    def unqualified(self, name: str, line: int, scope: Scope | None) -> Sources:
        """Where a name without its table comes from.

        A relation that surely has it is taken before those that could; what only could be here could be further out,
        too.
        """
        gathered = Gathered(self.book.spend)
        while scope:
            visible = scope.visible()
            self.book.spend(len(visible))
            sure = [relation for relation in visible if relation.named(name)]
            both = scope.natural or name in scope.merged
            chosen = sure if sure and not both else visible
            for relation in chosen:
                self.take(gathered, relation, name, line)
            for sources in (*scope.aliases.get(name, ()), *self.rows(name, scope)):
                gathered.add(sources)
            if sure:
                break
            scope = scope.outer
        return gathered.found


def children(node: exp.Expr) -> Iterator[exp.Expr]:
    """What stands directly in a node. Where a function is (`p.f(x)`) is left aside."""
    if isinstance(node, exp.Dot):
        if isinstance(node.expression, exp.Func):
            yield node.expression
        else:
            yield node.this
            if not isinstance(node.expression, exp.Star):  # all fields of what stands before it
                yield node.expression
    elif isinstance(node, exp.Lambda):
        yield node.this
    else:
        yield from node.iter_expressions()


def nodes(value: object) -> list[exp.Expr]:
    """An argument of a node as a list of nodes."""
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, exp.Expr)]


def _one_row(node: exp.Select, function: Callable[[exp.Expr], str], *, has_from: bool) -> bool:
    """Whether a SELECT surely gives one row at most: without a FROM, with LIMIT 1, or aggregates of all rows."""
    if not has_from or limit(node) == 1:
        return True
    if node.args.get("group") or not node.expressions:
        return False
    return all(
        any(
            function(each) in AGGREGATES and not isinstance(each.parent, exp.Window)
            for each in projection.find_all(exp.Func)
        )
        for projection in node.expressions
    )


def _exceeding(fetch: exp.Fetch) -> Iterator[object]:
    """What makes FETCH give more rows than it says."""
    options = fetch.args.get("limit_options")
    yield from (options.args.get("percent"), options.args.get("with_ties")) if options else ()


def limit(node: exp.Expr) -> int | None:
    """The limit of a query, None for none or one that is no plain number."""
    found = node.args.get("limit")
    while not found and isinstance(node, exp.Subquery):
        node = node.this
        found = node.args.get("limit")
    if isinstance(found, exp.Limit) and not found.expressions:
        value = found.expression
    elif isinstance(found, exp.Fetch) and not any(_exceeding(found)):
        value = found.args.get("count")
    else:
        return None
    plain = isinstance(value, exp.Literal) and not value.is_string and str(value.this).isdecimal()
    return int(str(value.this)) if plain else None
