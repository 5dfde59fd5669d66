"""Statement by statement through a text, with what one leaves to the next: project, variables, tables of its own."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from unicodedata import name as name_of

import msgspec
from sqlglot import exp

from extension.sql import grammar
from extension.sql.facts import Analysis, Call, Engine, Output, Read, Source, Statement, Written
from extension.sql.grammar import Lost, RefusedError
from extension.sql.lineage import Place, Reader
from extension.sql.relations import Book
from extension.sql.scripts import Piece, by_words, pieces
from extension.sql.statements import changed, facts
from extension.verdict import casefold

MAX_WORDS = 250_000
"""Longest statement that the grammar is given, in words: about 1 MB, for which it takes 6 s on one core."""

MAX_STATEMENTS = 10_000
"""Most statements of a text that the grammar is given: about two seconds for short ones."""

MAX_CHARS, MAX_ENDS = 1_200_000, 100_000
"""Longest text that is read, and most semicolons in it. Reading takes up to 0.5 KB of memory for each character, and an
instance that runs out of it loses the verdict. MaxCompute takes some 2 MB, DataWorks far less in a file.
"""

_TOO_LONG = "it is too long"
_TOO_MANY = "it comes after too many statements"
_RECURSION = 4_000
# The grammar takes some 25 calls for a bracket: enough for 130 of them inside each other. What needs more is an error.
sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION))


def read(text: str, engine: Engine, project: str) -> Analysis:
    """The facts of a text; of one that is too long, that it is."""
    if len(text) > MAX_CHARS or text.count(";") > MAX_ENDS:
        whole = Statement(kind="OTHER", line=1, unread=_TOO_LONG)
        return Analysis(engine=engine, characters=len(text), statements=(whole,))
    book = Book(engine, casefold(project))
    found = pieces(text, engine)
    steps = grammar.Steps(sum(len(piece.words) for piece in found))
    more = (msgspec.structs.replace(piece, unread=piece.unread or _TOO_MANY) for piece in found[MAX_STATEMENTS:])
    statements = tuple(_statement(piece, book, steps) for piece in (*found[:MAX_STATEMENTS], *more))
    return Analysis(engine=engine, characters=len(text), statements=statements)


def _statement(piece: Piece, book: Book, steps: grammar.Steps) -> Statement:
    """The facts of one statement, by the grammar where it takes it, by its words where not."""
    if piece.setting[0] == "odps.namespace.schema":
        book.schemas = piece.setting[1] == "true"
    if _moves(piece, book.engine):
        book.project = ""
    worded = _by_words(piece, book)
    if reason := piece.unread or _odd(piece):
        return msgspec.structs.replace(worded, unread=reason)
    if not piece.text:
        return worded
    try:
        return _read(piece, book, worded, steps)
    except RefusedError as error:
        reason = "" if _defines(piece) else str(error)
    except (*grammar.ODD, RecursionError):
        reason = "the grammar makes something odd of it"
    return msgspec.structs.replace(worded, unread=reason)


def _read(piece: Piece, book: Book, worded: Statement, steps: grammar.Steps) -> Statement:
    """The facts of one statement by the grammar, with the tables of its words beside them."""
    tree, lost = grammar.parse(piece.text, book.engine, steps)
    reading = Reader(book, Place(piece.text, piece.line_of, piece.original, piece.line), changed)
    found = facts(reading, tree, piece.kind, piece.assigns)
    outputs = tuple(_taken(reading, found, lost))
    known = {*(read.table for read in found.reads), *(written.table for written in found.written), *reading.passed}
    reads = tuple(read for read in worded.reads if read.table not in known)
    written = tuple(each for each in worded.written if each.table not in known)
    if reads or written:
        return msgspec.structs.replace(
            worded,
            reads=(*found.reads, *reads),
            written=(*found.written, *written),
            unread="the grammar and the words do not name the same tables",
        )
    called = tuple(
        Call(function=casefold(each.text), line=reading.at.line_of(each.start)) for each in lost if each.called
    )
    return msgspec.structs.replace(
        found,
        outputs=(*found.outputs, *outputs),
        calls=tuple(dict.fromkeys((*_calls(reading, tree), *called))),
    )


def _taken(reading: Reader, found: Statement, lost: Sequence[Lost]) -> Iterator[Output]:
    """Outputs for the names that the grammar lost, where anything is put out: each may be a column of any table.

    Raises RefusedError where that is too much.
    """
    tables = dict.fromkeys(read.table for read in found.reads)
    for each in lost if found.outputs or found.stars else ():
        if not each.called:
            reading.book.spend(len(tables))
            name, line = casefold(reading.at.original(each.start, each.end).strip('`"')), reading.at.line_of(each.start)
            sources = tuple(Source(table=table, column=name, line=line) for table in tables)
            yield Output(name="", sources=sources)


def _moves(piece: Piece, engine: Engine) -> bool:
    """Whether tables that are named without a schema are in another one from here on, and which is not known."""
    if engine not in (Engine.HOLOGRES, Engine.POSTGRESQL):
        return False
    words = [casefold(word.text) for word in piece.words]
    sets = piece.setting[0] == "search_path" or "schema" in words[1:3]
    return (piece.kind == "SET" and sets) or "set_config" in words or words[:1] == ["reset"] or words[:1] == ["discard"]


def _calls(reading: Reader, tree: exp.Expr) -> Iterable[Call]:
    """Functions that a statement calls, in its order."""
    found = ((reading.function(node), node) for node in tree.find_all(exp.Func, bfs=False))
    return dict.fromkeys(Call(function=name, line=reading.line(node)) for name, node in found if name)


def _by_words(piece: Piece, book: Book) -> Statement:
    """What the words of a statement say."""
    said = by_words(piece.words)
    places = {
        (book.full([casefold(part) for part in named.parts]), piece.line_at(named.at), named.written): None
        for named in said.tables
    }
    if piece.kind == "USE" and said.tables:
        # A schema stands inside a project, a catalog holds more than one: then a bare table has no name in full.
        named = casefold(piece.words[1].text)
        inside = named == "catalog" or (named == "schema" and book.engine is Engine.MAXCOMPUTE)
        book.project = "" if inside else casefold(said.tables[0].parts[-1])
        places = {}
    return Statement(
        kind=piece.kind,
        line=piece.line,
        reads=tuple(Read(table=table, line=line) for table, line, changes in places if not changes),
        written=tuple(Written(table=table, line=line) for table, line, changes in places if changes),
        calls=tuple(dict.fromkeys(Call(function=casefold(name), line=piece.line_at(at)) for name, at in said.calls)),
        words=said.names,
    )


_DEFINING = frozenset({"CREATE", "ALTER", "DROP", "TRUNCATE"})
_TAKING = frozenset({"select", "from", "values", "table", "inherit", "attach", "of"})


def _defines(piece: Piece) -> bool:
    """Whether a statement defines a table and takes nothing from another: then its words say all that there is."""
    names = [casefold(word.text) for word in piece.words if word.kind == "name"]
    return piece.kind in _DEFINING and not _TAKING & set(names[2:]) and "as" not in names


def _odd(piece: Piece) -> str:
    """Why a statement is not given to the grammar, empty where it is."""
    if len(piece.words) > MAX_WORDS:
        return _TOO_LONG
    for word in piece.words:
        if word.kind in ("name", "quoted") and not word.text.isascii() and len(_alphabets(casefold(word.text))) > 1:
            return "a name has letters of several alphabets"
    return ""


def _alphabets(text: str) -> set[str]:
    """The alphabets of a name; Chinese and other scripts that no letter of another looks like are none."""
    found = {name_of(letter, "").partition(" ")[0] for letter in text if letter.isalpha()}
    return found & _ALPHABETS


_ALPHABETS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "GEORGIAN", "HEBREW"})
