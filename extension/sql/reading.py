"""Statement by statement through a text, with what one leaves to the next: project, variables, tables of its own."""

import sys
from bisect import bisect_left
from collections.abc import Iterable
from unicodedata import name as name_of

import msgspec
from sqlglot import exp

from extension.sql import grammar
from extension.sql.facts import Analysis, Call, Engine, Read, Statement, Written
from extension.sql.grammar import RefusedError
from extension.sql.lineage import Place, Reader
from extension.sql.relations import Book
from extension.sql.scripts import Piece, by_words, pieces
from extension.sql.statements import changed, facts
from extension.sql.tables import Named
from extension.sql.words import PLACEHOLDER
from extension.verdict import casefold

MAX_WORDS = 250_000
"""Longest statement that the grammar is given, in words: about 1 MB, for which it takes 6 s on one core."""

_RECURSION = 4_000
# The grammar takes some 25 calls for a bracket: enough for 130 of them inside each other. What needs more is an error.
sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION))


def read(text: str, engine: Engine, project: str) -> Analysis:
    """The facts of a text."""
    book = Book(engine, casefold(project))
    statements = tuple(_statement(piece, book) for piece in pieces(text, engine))
    return Analysis(engine=engine, characters=len(text), statements=statements)


def _statement(piece: Piece, book: Book) -> Statement:
    """The facts of one statement, by the grammar where it takes it, by its words where not."""
    if piece.setting[0] == "odps.namespace.schema":
        book.schemas = piece.setting[1] == "true"
    worded = _by_words(piece, book)
    if reason := piece.unread or _odd(piece):
        return msgspec.structs.replace(worded, unread=reason)
    if not piece.text:
        return worded
    first = len(book.entries)
    try:
        tree = grammar.parse(piece.text, book.engine)
        reading = Reader(book, Place(piece.text, piece.line_of, piece.original, piece.line), changed)
        found = facts(reading, tree, piece.kind, piece.assigns)
    except RefusedError as error:
        del book.entries[first:]
        return worded if _defines(piece) else msgspec.structs.replace(worded, unread=str(error))
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
    return msgspec.structs.replace(found, calls=tuple(_calls(reading, tree)))


def _calls(reading: Reader, tree: exp.Expr) -> Iterable[Call]:
    """Functions that a statement calls, in its order."""
    found = ((reading.function(node), node) for node in tree.find_all(exp.Func, bfs=False))
    return dict.fromkeys(Call(function=name, line=reading.line(node)) for name, node in found if name)


def _parts(named: Named, piece: Piece) -> list[str]:
    """The parts of a name as names are compared; one with a placeholder in it as the text has it."""
    first = bisect_left(piece.words, named.at, key=lambda word: word.at)
    near = {word.text: word.at for word in piece.words[first : first + 4 * len(named.parts)]}
    raw = piece.source.raw
    return [
        casefold(raw[near[part] : near[part] + len(part)] if PLACEHOLDER in part and part in near else part)
        for part in named.parts
    ]


def _by_words(piece: Piece, book: Book) -> Statement:
    """What the words of a statement say."""
    said = by_words(piece.words)
    places = {(book.full(_parts(named, piece)), piece.line_at(named.at), named.written): None for named in said.tables}
    if piece.kind == "USE" and said.tables:
        book.project = casefold(said.tables[0].parts[-1])
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
_TAKING = frozenset({"select", "from", "values", "table", "map", "reduce"})


def _defines(piece: Piece) -> bool:
    """Whether a statement defines a table and takes nothing from another: then its words say all that there is."""
    names = [casefold(word.text) for word in piece.words if word.kind == "name"]
    return piece.kind in _DEFINING and not _TAKING & set(names[2:]) and "as" not in names


def _odd(piece: Piece) -> str:
    """Why a statement is not given to the grammar, empty where it is."""
    if len(piece.words) > MAX_WORDS:
        return "it is too long"
    for word in piece.words:
        if word.kind in ("name", "quoted") and not word.text.isascii() and len(_alphabets(casefold(word.text))) > 1:
            return "a name has letters of several alphabets"
    return ""


def _alphabets(text: str) -> set[str]:
    """The alphabets of a name; Chinese and other scripts that no letter of another looks like are none."""
    found = {name_of(letter, "").partition(" ")[0] for letter in text if letter.isalpha()}
    return found & _ALPHABETS


_ALPHABETS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "GEORGIAN", "HEBREW"})
