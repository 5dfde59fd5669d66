"""An event that comes again is known for a while, and one caller at a time has it."""

import threading

import pytest

from extension.deliveries import Answer, Deliveries, Delivery
from extension.verdict import Result

OK = Answer(result=Result.OK, returned="", tip="", policy="p")
TTL_S = 10.0


def answer(deliveries: Deliveries, key: object, moment: float) -> Answer | None:
    """What is remembered of an event; from now on, that it was OK."""
    with deliveries.of(key, moment, 0) as delivery:
        found, delivery.answer = delivery.answer, OK
    return found


def test_an_event_is_remembered_until_its_time_is_over() -> None:
    deliveries = Deliveries(TTL_S, 10)
    moments = (0, 5, TTL_S - 0.1, TTL_S, TTL_S + 5, 2 * TTL_S)
    assert [answer(deliveries, "a", moment) for moment in moments] == [None, OK, OK, None, OK, None]


def test_each_event_is_remembered_for_itself() -> None:
    deliveries = Deliveries(TTL_S, 10)
    assert [answer(deliveries, key, 0) for key in ("a", "b", ("a",), "a", "b")] == [None, None, None, OK, OK]


def test_the_first_of_too_many_is_forgotten() -> None:
    deliveries = Deliveries(TTL_S, 2)
    assert [answer(deliveries, key, 0) for key in ("a", "b", "a", "c", "b", "c", "a")] == [
        *(None, None, OK),
        *(None, OK, OK),
        None,
    ]


def test_what_is_forgotten_takes_no_room() -> None:
    deliveries = Deliveries(TTL_S, 1000)
    for number in range(100):
        answer(deliveries, number, 0)
    answer(deliveries, "a", TTL_S)
    assert list(deliveries._known) == ["a"]


def test_an_event_that_failed_with_an_error_is_new_again() -> None:
    deliveries = Deliveries(TTL_S, 10)
    with pytest.raises(ValueError, match="no"), deliveries.of("a", 0, 0):
        raise ValueError("no")
    assert answer(deliveries, "a", 0) is None


def test_who_comes_second_waits_for_the_first() -> None:
    deliveries = Deliveries(TTL_S, 10)
    begun, go_on = threading.Event(), threading.Event()
    found: list[Answer | None] = []

    def first() -> None:
        with deliveries.of("a", 0, 0) as delivery:
            begun.set()
            go_on.wait(10)
            delivery.answer = OK

    def second() -> None:
        with deliveries.of("a", 1, 10) as delivery:
            found.append(delivery.answer)

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    begun.wait(10)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert found == [OK]


@pytest.mark.parametrize("wait_s", [0.05, 0, -1])
def test_who_has_waited_long_enough_goes_on_alone(wait_s: float) -> None:
    deliveries = Deliveries(TTL_S, 10)
    with deliveries.of("a", 0, 0) as first:
        with deliveries.of("a", 1, wait_s) as second:
            second.answer = OK
        assert second is not first
        assert first.answer is None
    assert answer(deliveries, "a", 2) is None


def test_it_takes_the_verdict_with_it_that_the_first_is_about_to_post() -> None:
    deliveries = Deliveries(TTL_S, 10)
    with deliveries.of("a", 0, 0) as first:
        first.answer = OK
        with deliveries.of("a", 1, 0) as second:
            assert second.answer is OK


def test_a_delivery_begins_without_an_answer() -> None:
    assert Delivery(0).answer is None
