"""The tree of a statement read: what it is, what it writes, and the facts of it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from sqlglot import exp

from extension.sql import joins
from extension.sql.facts import Engine, Output, Read, Source, Star, Statement, Written
from extension.sql.grammar import RefusedError
from extension.sql.lineage import From, Reader, limit, nodes
from extension.sql.relations import ANY, NONE, Book, Gathered, Join, Relation, Scope, Sources, Whole
from extension.sql.words import VARIABLE


def facts(reader: Reader, tree: exp.Expr, kind: str, assigns: str = "") -> Statement:
    """The facts of a statement, without the functions that it calls. Raises RefusedError for a kind that is not known.

    `assigns` is the variable of a script that its result becomes.
    """
    book = reader.book
    if tree.find(exp.MatchRecognize):
        raise RefusedError("its rows are matched to a pattern")
    result = _result(reader, tree)
    for table in tree.find_all(exp.Table):
        if id(table) not in reader.visited and not isinstance(table.this, exp.Func):
            book.read(book.full(reader.parts(table)), reader.line(table))
    for each in reader.froms:
        joins.narrow(reader, each)
    if assigns:
        book.variables[VARIABLE + assigns.removeprefix("@")] = result
    extra = [("", result.extra)] if result.extra else []
    return Statement(
        kind=kind,
        line=reader.at.line,
        reads=tuple(
            Read(table=entry.table, line=entry.line, filters=frozenset(entry.filters))
            for entry in book.entries[reader.first :]
            if entry.listed
        ),
        written=tuple(reader.written),
        outputs=tuple(Output(name=name, sources=_sources(book, found)) for name, found in (*result.columns, *extra)),
        stars=tuple(_star(book, whole) for whole in dict.fromkeys((*result.wholes, *_any(result, reader.packed)))),
        inner_stars=tuple(_star(book, whole) for whole in reader.inner),
        used=tuple(
            Source(table=book.entries[read].table, column=column, line=line)
            for (read, column), line in reader.used.items()
        ),
        cross_joins=tuple(cross for each in reader.froms for cross in joins.cross_joins(reader, each)),
        returns=kind == "SELECT" and not assigns,
        limit=limit(tree),
    )


def _any(relation: Relation, packed: Collection[int]) -> Iterator[Whole]:
    """Reads of which any column may be in a result as it is, or that are packed into one."""
    for sources in (*(found for _, found in relation.columns), relation.extra):
        for (read, column), (line, ways) in sources.items():
            if column == ANY and (NONE in ways or read in packed):
                yield Whole(read, line)


def _star(book: Book, whole: Whole) -> Star:
    return Star(table=book.entries[whole.read].table, line=whole.line, without=whole.without)


def _sources(book: Book, sources: Sources) -> tuple[Source, ...]:
    found = {
        Source(table=book.entries[read].table, column=column, line=line, through=way)
        for (read, column), (line, ways) in sources.items()
        for way in ways
    }
    return tuple(sorted(found, key=lambda each: (each.line, each.table, each.column, sorted(each.through))))


def _result(reader: Reader, tree: exp.Expr) -> Relation:
    """What a statement gives or writes; nothing for many."""
    if isinstance(tree, exp.Query | exp.Values | exp.Table):
        return reader.query(tree, None, {})
    return changed(reader, tree)


def changed(reader: Reader, tree: exp.Expr) -> Relation:
    """What a statement that is no query gives or writes. Raises RefusedError for a kind that is not known here."""
    read = _READERS.get(type(tree))
    if read is None:
        raise RefusedError("its kind is not known")
    return read(reader, tree) or Relation()


def _insert(reader: Reader, node: exp.Expr, around: From | None = None) -> Relation:
    """INSERT: what is written. `around` is the FROM that stands before several of them."""
    full = reader.target(node.this)
    ctes = reader.with_(node, None, {})
    source = node.args.get("expression") or node.args.get("source")
    relation = Relation()
    if isinstance(source, exp.Select) and around:
        relation = reader.select(source, None, ctes, around)
    elif isinstance(source, exp.Expr):
        relation = reader.query(source, None, ctes)
    if full:
        _made(reader.book, full, relation)
    target = Scope(None, ctes)
    if full:
        read = reader.book.read(full, reader.at.line, listed=False)
        target.add(tuple(full.split(".")), reader.base(read, full, reader.at.line))
    _rest(reader, node, target, relation)
    return relation


def _made(book: Book, full: str, relation: Relation) -> None:
    """Note what is behind a table that was written into: the names of its columns are not those of what is written."""
    before = book.made.get(full, Relation())
    gathered = Gathered(book.spend)
    gathered.add(before.extra)
    for sources in relation.all():
        gathered.add(sources)
    behind = Relation(before.columns, before.wholes)
    behind.extra = gathered.found
    book.made[full] = behind


def _rest(reader: Reader, node: exp.Expr, scope: Scope, relation: Relation) -> None:
    """Clauses of a statement that writes, in the scope of what is written; what RETURNING gives is in the result."""
    for key in ("conflict", "where", "order", "limit"):
        for part in nodes(node.args.get(key)):
            reader.value(part, scope)
    for returning in nodes(node.args.get("returning")):
        for each in returning.expressions:
            reader.projection(each, relation, scope)


def _inserts(reader: Reader, node: exp.Expr) -> Relation:
    """FROM ... INSERT ... INSERT ..."""
    ctes = reader.with_(node, None, {})
    scope = Scope(None, ctes)
    around = From(node, scope, reader.place(node.args["source"], scope))
    reader.conditions(around.joins, scope)
    found = Relation()
    for each in node.expressions:
        found.add(_insert(reader, each, around))
    return found


def _create(reader: Reader, node: exp.Expr) -> Relation | None:
    """CREATE: a table, a view, or something else."""
    kind = str(node.args.get("kind") or "").upper()
    table = kind.endswith(("TABLE", "VIEW"))
    full = reader.target(node.this) if table else ""
    if not table:
        for each in node.this.find_all(exp.Table) if isinstance(node.this, exp.Expr) else ():
            reader.visited.add(id(each))
    source = node.args.get("expression")
    if isinstance(node.args.get("clone"), exp.Clone):
        return reader.query(node.args["clone"].this, None, {})
    if not isinstance(source, exp.Query):
        return None
    relation = reader.query(source, None, reader.with_(node, None, {}))
    names = _defined(reader, node.this)
    if names and reader.book.engine is Engine.MYSQL:  # they stand beside the columns of the query, not for them
        _made(reader.book, full, relation)
        return relation
    relation = relation.renamed(names)
    if full:
        reader.book.made[full] = relation
    return relation


def _defined(reader: Reader, schema: exp.Expr) -> list[str]:
    """Names of the columns that CREATE lists."""
    columns = schema.expressions if isinstance(schema, exp.Schema) else []
    names = (column.this if isinstance(column, exp.ColumnDef) else column for column in columns)
    return [reader.name(name) for name in names if isinstance(name, exp.Identifier)]


def _merge(reader: Reader, node: exp.Expr) -> Relation:
    """MERGE: the values that are set and inserted."""
    scope = _writing(reader, node).scope
    reader.complete(From(node, scope, reader.place(node.args["using"], scope)))
    found = Relation()
    if isinstance(node.args.get("on"), exp.Expr):
        reader.value(node.args["on"], scope)
    whens = node.args.get("whens")
    for when in whens.expressions if isinstance(whens, exp.Expr) else ():
        for part in nodes(when.args.get("condition")):
            reader.value(part, scope)
        then = when.args.get("then")
        for part in nodes(then):
            values = (part.args.get("expression") or part.this) if isinstance(part, exp.Insert) else None
            for each in [values] if isinstance(values, exp.Expr) else part.expressions:
                _assigned(reader, each, found, scope)
    return found


def _assigned(reader: Reader, node: exp.Expr, found: Relation, scope: Scope) -> None:
    """Add what is assigned to a column."""
    value = node.expression if isinstance(node, exp.EQ) else node
    if isinstance(value, exp.Star):
        for _, relation in scope.relations[1:]:
            found.add(relation)
        return
    name = reader.name(node.this.this) if isinstance(node, exp.EQ) and isinstance(node.this, exp.Column) else ""
    found.columns.append((name, reader.value(value, scope)))


def _writing(reader: Reader, node: exp.Expr) -> From:
    """The FROM of a statement that changes a table: the table itself, which is written, and not listed as read. Raises
    RefusedError where it changes something else.
    """
    scope = Scope(None, reader.with_(node, None, {}))
    target = node.this
    if not isinstance(target, exp.Table):
        raise RefusedError("it changes what is no table")
    full = reader.target(target)
    read = reader.book.read(full, reader.line(target), listed=False)
    alias = target.args.get("alias")
    names = (reader.name(alias.this),) if alias and alias.this else reader.parts(target)
    scope.add(names, reader.base(read, full, reader.line(target)))
    return From(node, scope, reader.joined(target, scope))


def _update(reader: Reader, node: exp.Expr) -> Relation:
    """UPDATE: the values that are set."""
    _, scope, joined = _writing(reader, node)
    reader.complete(From(node, scope, [*joined, *reader.sources(node, scope)]))
    found = Relation()
    for each in node.expressions:
        _assigned(reader, each, found, scope)
    _rest(reader, node, scope, found)
    return found


def _delete(reader: Reader, node: exp.Expr) -> Relation:
    """DELETE: nothing, but for what it returns. MySQL names the tables first, and then where they are joined."""
    found = Relation()
    if nodes(node.args.get("tables")):
        scope = Scope(None, reader.with_(node, None, {}))
        joined: Sequence[Join] = reader.place(node.this, scope)
        for each in nodes(node.args["tables"]):
            reader.visited.add(id(each))
            _named(reader, each, scope)
    else:
        _, scope, joined = _writing(reader, node)
        for each in nodes(node.args.get("using")):
            joined = [*joined, *reader.place(each, scope)]
    reader.complete(From(node, scope, joined))
    _rest(reader, node, scope, found)
    return found


def _named(reader: Reader, table: exp.Expr, scope: Scope) -> None:
    """Note as written what a name in front of a FROM means there."""
    parts = reader.parts(table) if isinstance(table, exp.Table) else ()
    reads = {whole.read for relation in scope.find(parts) for whole in relation.wholes}
    for name in {reader.book.entries[read].table for read in reads} or {reader.book.full(parts)}:
        reader.written.append(Written(table=name, line=reader.line(table)))


def _altered(reader: Reader, node: exp.Expr) -> Relation | None:
    """ALTER, DROP, TRUNCATE: the tables that they name, and the new query of a view."""
    queries = [each for each in nodes(node.args.get("actions")) if isinstance(each, exp.Query)]
    found = [reader.query(each, None, {}) for each in queries]
    kind = str(node.args.get("kind") or "TABLE").upper()
    for each in node.find_all(exp.Table):
        if id(each) not in reader.visited and kind.endswith(("TABLE", "VIEW")):
            reader.target(each)
        reader.visited.add(id(each))
    return found[0] if found else None


_READERS: Mapping[type[exp.Expr], Callable[[Reader, exp.Expr], Relation | None]] = {
    exp.Insert: _insert,
    exp.MultitableInserts: _inserts,
    exp.Create: _create,
    exp.Merge: _merge,
    exp.Update: _update,
    exp.Delete: _delete,
    exp.Alter: _altered,
    exp.Drop: _altered,
    exp.TruncateTable: _altered,
    exp.Describe: lambda *_: None,  # what they name is read, as is every table that no other reader has taken
    exp.Analyze: lambda *_: None,
}
