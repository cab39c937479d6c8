"""One thread at a time has its turn, and no thread waits for it."""

import threading

import pytest

from panel_chunked.turn import Turn


@pytest.fixture
def turn() -> Turn:
    return Turn()


def never() -> None:
    raise AssertionError("It need not come again.")


class Busy:
    """Another thread that has its turn until it is told to end."""

    def __init__(self, turn: Turn) -> None:
        started, self._go_on = threading.Event(), threading.Event()

        def work() -> None:
            started.set()
            self._go_on.wait(10)

        self._thread = threading.Thread(target=turn.take, args=(work, never))
        self._thread.start()
        assert started.wait(10)

    def end(self) -> None:
        self._go_on.set()
        self._thread.join(10)


def test_work_is_done_at_once_if_it_is_nobodys_turn(turn: Turn) -> None:
    done: list[int] = []
    for number in range(3):
        turn.take(lambda number=number: done.append(number), never)  # type: ignore[misc]
    assert done == [0, 1, 2]


def test_who_comes_meanwhile_is_told_to_come_again_and_does_not_wait(turn: Turn) -> None:
    told: list[str] = []
    busy = Busy(turn)
    turn.take(never, lambda: told.append("first"))
    turn.take(never, lambda: told.append("second"))
    assert told == []
    busy.end()
    assert told == ["first", "second"]


def test_work_may_take_a_turn_itself(turn: Turn) -> None:
    done: list[str] = []

    def outer() -> None:
        turn.take(lambda: done.append("inner"), never)
        done.append("outer")

    turn.take(outer, never)
    assert done == ["inner", "outer"]


def test_who_is_told_may_take_a_turn_at_once(turn: Turn) -> None:
    done: list[str] = []
    busy = Busy(turn)
    turn.take(never, lambda: turn.take(lambda: done.append("again"), never))
    busy.end()
    assert done == ["again"]


def test_work_that_raises_ends_the_turn(turn: Turn) -> None:
    done: list[str] = []
    with pytest.raises(ZeroDivisionError):
        turn.take(lambda: 1 / 0, never)  # type: ignore[arg-type, return-value]
    busy = Busy(turn)
    turn.take(never, lambda: done.append("told"))
    busy.end()
    assert done == ["told"]
