"""What the reading of a statement is made of."""

import pytest

from extension.sql.facts import Engine
from extension.sql.grammar import RefusedError
from extension.sql.relations import ANY, DIRECT, MAX_STEPS, Book, Gathered, Relation, Scope, Sources, Whole

A: Sources = {(0, "a"): (1, DIRECT)}
B: Sources = {(1, "b"): (2, DIRECT)}


def through(*functions: str) -> frozenset[str]:
    """Functions on a way."""
    return frozenset(functions)


def test_columns_of_a_relation_are_found_by_name_also_those_that_came_later() -> None:
    relation = Relation([("a", A), ("a", B)])
    assert relation.named("a") == [A, B]
    relation.columns.append(("b", B))
    assert (relation.named("b"), relation.named("c")) == ([B], [])


def test_all_that_a_relation_has_is_put_together() -> None:
    relation = Relation([("a", A)], [Whole(2, 3)])
    relation.extra = B
    assert relation.merged() == {**A, **B, (2, ANY): (3, DIRECT)}


def test_a_relation_under_other_names_has_the_first_columns_renamed() -> None:
    relation = Relation([("a", A), ("b", B)])
    relation.extra, relation.one_row = A, True
    renamed = relation.renamed(["x"])
    assert (renamed.columns, renamed.extra, renamed.one_row) == ([("x", A), ("b", B)], A, True)
    assert relation.renamed(["x", "y", "z"]).columns == [("x", A), ("y", B), ("z", {})]
    assert relation.renamed([]) is relation


def test_a_star_under_other_names_can_be_any_of_them() -> None:
    renamed = Relation([("a", A)], [Whole(2, 3)]).renamed(["x", "y"])
    both = {**A, (2, ANY): (3, DIRECT)}
    assert (renamed.columns, renamed.wholes) == ([("x", both), ("y", both)], [Whole(2, 3)])


def test_of_the_ways_of_a_column_those_stay_that_no_other_is_a_part_of() -> None:
    gathered = Gathered()
    gathered.add(A, through("f", "g"))
    gathered.add({(0, "a"): (9, DIRECT)}, through("g"))
    assert gathered.found == {(0, "a"): (1, (through("g"),))}
    gathered.add(A, through("h"))
    assert gathered.found == {(0, "a"): (1, (through("g"), through("h")))}
    gathered.add(A)
    assert gathered.found == {(0, "a"): (1, DIRECT)}


def test_functions_are_added_to_each_way() -> None:
    gathered = Gathered()
    gathered.add({(0, "a"): (1, (through("f"), through("g")))}, through("h"))
    assert gathered.found == {(0, "a"): (1, (through("f", "h"), through("g", "h")))}


def test_what_is_carried_is_counted() -> None:
    spent: list[int] = []
    Gathered(spent.append).add({**A, **B})
    assert spent == [2]


def test_a_book_takes_so_many_steps_and_no_more() -> None:
    book = Book(Engine.MAXCOMPUTE, "shop")
    book.spend(MAX_STEPS - 2)
    book.spend(0)
    with pytest.raises(RefusedError, match="intricate"):
        book.spend(0)


@pytest.mark.parametrize(
    ("engine", "parts", "wanted"),
    [
        (Engine.MAXCOMPUTE, ("t",), "shop.t"),
        (Engine.MAXCOMPUTE, ("hr", "t"), "hr.t"),
        (Engine.MAXCOMPUTE, ("hr.t",), "hr.t"),
        (Engine.MAXCOMPUTE, ("hr . t",), "hr.t"),
        (Engine.MAXCOMPUTE, ("hr", "default", "t"), "hr.t"),
        (Engine.MAXCOMPUTE, ("hr", "s", "t"), "hr.s.t"),
        (Engine.MAXCOMPUTE, ("default", "t"), "default.t"),
        (Engine.HOLOGRES, ("db", "default", "t"), "default.t"),
        (Engine.PRESTO, ("db", "default", "t"), "db.default.t"),
        (Engine.MAXCOMPUTE, ("$[a]",), "$[a]"),
        (Engine.MAXCOMPUTE, ("@@[a]",), "@@[a]"),
        (Engine.MAXCOMPUTE, ("t_${a}",), "shop.t_${a}"),
    ],
)
def test_the_full_name_of_a_table(engine: Engine, parts: tuple[str, ...], wanted: str) -> None:
    assert Book(engine, "shop").full(parts) == wanted


def test_a_name_of_two_parts_is_a_schema_and_a_table_where_the_text_says_so() -> None:
    book = Book(Engine.MAXCOMPUTE, "shop")
    book.schemas = True
    assert book.full(("s", "t")) == "shop.s.t"
    assert book.full(("default", "t")) == "shop.t"
    assert book.full(("t",)) == "shop.t"
    assert book.full(("p", "s", "t")) == "p.s.t"
    book.project = ""
    assert book.full(("s", "t")) == "s.t"


def test_a_relation_is_found_by_its_name_or_the_end_of_it() -> None:
    scope = Scope(None, {})
    first, second, third = Relation(), Relation(), Relation()
    scope.add(("hr", "t"), first)
    scope.add(("shop", "t"), second)
    scope.add((), third)
    assert scope.find(("t",)) == [first, second]
    assert scope.find(("hr", "t")) == [first]
    assert scope.find(("x", "hr", "t")) == scope.find(("hr",)) == scope.find(()) == []
    assert scope.numbers(("shop", "t")) == [1]


def test_the_same_relation_can_stand_in_a_scope_twice() -> None:
    scope, relation = Scope(None, {}), Relation()
    scope.add(("x",), relation)
    scope.add(("y",), relation)
    assert (scope.numbers(("x",)), scope.numbers(("y",))) == ([0], [1])


def test_hidden_relations_are_not_visible() -> None:
    scope, first, second = Scope(None, {}), Relation(), Relation()
    scope.add(("a",), first)
    scope.add(("b",), second)
    scope.hidden.add(0)
    assert scope.visible() == [second]


def test_what_is_added_keeps_the_shortest_way_of_a_column() -> None:
    masked, plain = Relation(), Relation()
    masked.extra = {(0, "phone"): (1, (frozenset({"mask"}),))}
    plain.extra = {(0, "phone"): (1, (frozenset(),))}
    for first, second in ((masked, plain), (plain, masked)):
        both = Relation()
        both.add(first)
        both.add(second)
        assert both.extra == plain.extra
