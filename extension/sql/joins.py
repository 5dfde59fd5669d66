"""What the conditions of a query do: which columns they narrow, and which joins they leave without any."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from sqlglot import exp

from extension.sql.facts import CrossJoin
from extension.sql.lineage import AGGREGATES, PARAMETER, WINDOW, From, Reader, children, nodes
from extension.sql.relations import ANY, Join, Key, Relation, Scope

_GATHERING = AGGREGATES | {WINDOW}
"""What a column goes through whose filter narrows nothing that is read."""
_MAX_EQUAL = 200
"""Most equations between columns that are followed to their end."""


def narrow(reader: Reader, found: From) -> None:
    """Note on the reads which of their columns the conditions of a query narrow."""
    narrowing = _Narrowing(reader, found.scope)
    for term in _terms(found.node):
        narrowing.add(term, None)
    for join in found.joins:
        for term in _ons(join):
            narrowing.add(term, join)
    narrowing.finish()


def cross_joins(reader: Reader, found: From) -> Iterator[CrossJoin]:
    """The joins of a query that have no condition, neither of their own nor among those of the query."""
    if not found.joins:
        return
    relations = found.scope.relations
    conditions: dict[int, list[frozenset[int]]] = {}
    for term in _terms(found.node):
        touched = _touched(reader, term, found.scope)
        for number in touched:
            conditions.setdefault(number, []).append(touched)
    several = next((number for number, (_, relation) in enumerate(relations) if not relation.one_row), len(relations))
    for join in found.joins:
        own = frozenset(join.relations)
        if not _joins_rows(join, [relations[number][1] for number in join.relations]):
            continue
        ons = (_touched(reader, term, found.scope) for term in _ons(join))
        wheres = (condition for number in own for condition in conditions.get(number, ()))
        if any(condition & own and condition - own for condition in chain(wheres, ons)):
            continue
        one_row = join.relations.start <= several or all(relations[number][1].one_row for number in own)
        names = relations[join.relations.start][0]
        yield CrossJoin(name=names[-1] if names else "", line=reader.line(join.node.this), one_row=one_row)


def _joins_rows(join: Join, relations: Sequence[Relation]) -> bool:
    """Whether a join needs a condition: not where it has names in place of one, or calls a function for each row."""
    named = join.node.args.get("using") or join.node.args.get("method") == "NATURAL"
    called = isinstance(join.node.this, exp.Lateral | exp.Unnest) or all(relation.called for relation in relations)
    return not (named or called)


def _terms(node: exp.Expr) -> list[exp.Expr]:
    """Conditions of a query that must all hold."""
    wheres = [part for key in ("where", "prewhere", "qualify", "having") for part in nodes(node.args.get(key))]
    return [term for where in wheres for term in _conjuncts(where.this)]


def _ons(join: Join) -> list[exp.Expr]:
    """Conditions of a join that must all hold."""
    return [term for on in nodes(join.node.args.get("on")) for term in _conjuncts(on)]


def _touched(reader: Reader, node: exp.Expr, scope: Scope) -> frozenset[int]:
    """Numbers of the relations that a condition speaks of; a column without its table may be of several."""
    found: set[int] = set()
    for column in _columns(node):
        parts = tuple(reader.name(part) for part in column.parts)
        found.update(scope.numbers(parts[:-1]) or _possible(reader, parts[0], scope))
    return frozenset(found)


def _possible(reader: Reader, name: str, scope: Scope) -> list[int]:
    """Numbers of the relations that a name without its table can be of."""
    reader.book.spend(len(scope.relations))
    every = [relation for _, relation in scope.relations]
    sure = [number for number, each in enumerate(every) if each.named(name)]
    return sure or [number for number, each in enumerate(every) if each.wholes or each.extra]


class _Narrowing:
    """Which columns of which reads a query narrows."""

    def __init__(self, reader: Reader, scope: Scope) -> None:
        self._reader = reader
        self._scope = scope
        self._found: set[Key] = set()
        self._equal: list[tuple[set[Key], set[Key]]] = []
        self._reads = [(relation, _reads(relation)) for _, relation in scope.relations]
        self._own = frozenset[int]().union(*(reads for _, reads in self._reads))

    def add(self, term: exp.Expr, join: Join | None) -> None:
        """Take a condition that must hold; that of an outer join holds for one side alone."""
        keys = self._keys(term)
        side = str(join.node.args.get("side") or "").upper() if join else ""
        if join and side:
            own = {read for each in join.relations for read in _reads(self._scope.relations[each][1])}
            keys = {key for key in keys if side != "FULL" and (key[0] in own) == (side == "LEFT")}
        self._found |= keys
        if isinstance(term, exp.EQ) and not side:
            left, right = self._plain(term.this), self._plain(term.expression)
            if left and right:
                self._equal.append((left, right))

    def finish(self) -> None:
        """Note what was found on the reads; a column that equals a narrowed one is narrowed, too.

        What stands in several places, by its name in WITH, is narrowed where it is in all of them.
        """
        for _ in range(min(len(self._equal), _MAX_EQUAL)):
            before = len(self._found)
            for left, right in self._equal:
                if left & self._found or right & self._found:
                    self._found |= left | right
            if len(self._found) == before:
                break
        shared = [(relation, reads) for relation, reads in self._reads if relation.uses > 1]
        for key in self._found:
            inside = [relation for relation, reads in shared if key[0] in reads]
            for relation in inside:
                relation.narrowed[key] += 1
            if all(relation.narrowed[key] >= relation.uses for relation in inside):
                self._reader.book.entries[key[0]].filters.add(key[1])

    def _keys(self, node: exp.Expr) -> set[Key]:
        """Columns that a condition narrows: in an OR, those that every branch does."""
        terms = _conjuncts(node)
        if len(terms) > 1:
            return set[Key]().union(*map(self._keys, terms))
        node = terms[0]
        if isinstance(node, exp.Or):
            return set.intersection(*map(self._keys, _flat(node, exp.Or)))
        if isinstance(node, exp.EQ | exp.NullSafeEQ | exp.GT | exp.GTE | exp.LT | exp.LTE):
            left, right = self._of(node.this), self._of(node.expression)
            return set() if left and right else left or right
        if isinstance(node, exp.Between | exp.In | exp.Like) and not node.args.get("negate"):
            return self._of(node.this)
        return set()

    def _of(self, node: exp.Expr) -> set[Key]:
        """Columns that an expression is made of, through no aggregate; those of its sub-queries left aside."""
        found: set[Key] = set()
        for column in _columns(node, self._gathers):
            sources = self._reader.column(column, self._scope)
            found |= {
                key
                for key, (_, ways) in sources.items()
                if key[0] in self._own and not _open(key[1]) and any(not way & _GATHERING for way in ways)
            }
        return found

    def _gathers(self, node: exp.Expr) -> bool:
        """Whether a value is made of many rows, so that a condition on it narrows nothing that is read."""
        return isinstance(node, exp.Window) or self._reader.function(node) in AGGREGATES

    def _plain(self, node: exp.Expr) -> set[Key]:
        return self._of(node) if isinstance(node, exp.Column) else set()


def _columns(node: exp.Expr, aside: Callable[[exp.Expr], bool] = lambda _: False) -> Iterator[exp.Column]:
    """Columns in an expression; those of sub-queries, and of what else is to be left aside, are not."""
    stack = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, exp.Column) and not isinstance(each.this, exp.Star):
            yield each
        elif not isinstance(each, exp.Query) and not aside(each):
            stack += children(each)


def _open(column: str) -> bool:
    """Whether a column may be any."""
    return column == ANY or PARAMETER.search(column) is not None


def _reads(relation: Relation) -> set[int]:
    return {read for sources in relation.all() for read, _ in sources}


def _conjuncts(node: exp.Expr) -> list[exp.Expr]:
    return _flat(node, exp.And)


def _flat(node: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    """The terms of a chain, which can be thousands deep, without recursion."""
    found, stack = [], [node]
    while stack:
        each = stack.pop()
        if isinstance(each, exp.Paren):
            stack.append(each.this)
        elif isinstance(each, kind):
            stack += [each.args["expression"], each.this]
        else:
            found.append(each)
    return found
