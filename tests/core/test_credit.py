import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panel_chunked import config
from panel_chunked.credit import (
    FIRST_GRANT,
    MAX_GRANT,
    MAX_HELD,
    MIN_GRANT,
    SHARED_GRANT,
    Credit,
    Pool,
)
from panel_chunked.credit import pool as pool_of_the_process

MB = 1000**2


def running(pool: Pool, count: int) -> list[Credit]:
    credits = [Credit(pool) for _ in range(count)]
    for credit in credits:
        credit.begin()
        credit.stored(100 * MB, 0.1)  # a store that is no bottleneck
    return credits


# --- What is granted ---


def test_little_is_granted_before_anything_is_known() -> None:
    assert Credit(Pool(10**9)).grant == FIRST_GRANT


def test_a_fast_store_gets_most() -> None:
    (credit,) = running(Pool(10**9), 1)
    assert credit.grant == MAX_GRANT


def test_a_slow_store_is_granted_a_second_of_its_work() -> None:
    credit = Credit(Pool(10**9))
    for _ in range(50):
        credit.stored(MB, 0.2)
    assert credit.grant == pytest.approx(5 * MB)


def test_a_store_that_becomes_slow_is_granted_less() -> None:
    (credit,) = running(Pool(10**9), 1)
    grants = []
    for _ in range(30):
        credit.stored(MB, 1)
        grants.append(credit.grant)
    assert grants == sorted(grants, reverse=True)
    assert grants[-1] == pytest.approx(MB, rel=0.5)


def test_a_store_that_hardly_moves_still_goes_on() -> None:
    credit = Credit(Pool(10**9))
    credit.stored(1, 60)
    assert credit.grant == MIN_GRANT


def test_many_uploads_share_the_pool_and_none_starves() -> None:
    pool = Pool(16 * MB)
    assert {credit.grant for credit in running(pool, 100)} >= {15 * MB // 100}
    credits = running(pool, 100_000)
    assert {credit.grant for credit in credits} == {MIN_GRANT}
    for credit in credits:
        credit.end()
    assert running(pool, 1)[0].grant == 15 * MB // 101


def test_a_new_grant_is_a_share_of_what_the_event_loop_takes_in_soon() -> None:
    pool = Pool(10**9)
    (alone,) = running(pool, 1)
    assert alone.grant == MAX_GRANT
    grants = [credit.grant for credit in running(pool, 99)]
    assert grants[-1] == SHARED_GRANT // 100


# --- What is held ---


def test_an_upload_holds_no_more_than_the_largest_grant() -> None:
    credit = Credit(Pool(10**9))
    assert credit.take(MAX_HELD)
    assert not credit.take(1)
    credit.give_back(MAX_HELD)
    assert credit.take(1)


def test_one_chunk_may_always_come_in() -> None:
    assert Credit(Pool(10)).take(11)
    assert Credit(Pool(10**9)).take(MAX_HELD + 1)


class Waiting:
    """Uploads that wait for room, and who was told to go on."""

    def __init__(self, pool: Pool, count: int) -> None:
        self.resumed: list[int] = []
        self.credits = [Credit(pool) for _ in range(count)]
        for number, credit in enumerate(self.credits):
            credit.begin()
            credit.wait(lambda number=number: self.resumed.append(number))  # type: ignore[misc]


def test_those_that_wait_go_on_in_the_order_of_asking_as_far_as_there_is_room() -> None:
    pool = Pool(4 * MIN_GRANT)
    for _ in range(4):
        assert pool.take(MIN_GRANT)
    waiting = Waiting(pool, 5)
    assert waiting.resumed == []
    pool.give_back(MIN_GRANT)
    assert waiting.resumed == [0]
    pool.give_back(2 * MIN_GRANT)
    assert waiting.resumed == [0, 1, 2, 3]
    pool.give_back(MIN_GRANT)
    assert waiting.resumed == [0, 1, 2, 3, 4]


def test_waiting_for_a_pool_that_has_room_is_no_wait() -> None:
    assert Waiting(Pool(10**9), 3).resumed == [0, 1, 2]


def test_a_pool_smaller_than_a_grant_resumes_one_after_another_once_it_is_empty() -> None:
    pool = Pool(10)
    assert pool.take(10)
    waiting = Waiting(pool, 2)
    pool.give_back(4)
    assert waiting.resumed == []
    pool.give_back(6)
    assert waiting.resumed == [0]
    waiting.credits[0].end()  # it has sent what it had, or never will
    assert waiting.resumed == [0, 1]


def test_what_has_ended_waits_no_more() -> None:
    pool = Pool(10)
    assert pool.take(10)
    waiting = Waiting(pool, 2)
    waiting.credits[0].end()
    pool.give_back(10)
    assert waiting.resumed == [1]


@given(st.integers(1, 300), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 200))))
def test_the_pool_never_holds_more_than_its_limit_or_one_chunk(
    limit: int, steps: list[tuple[int, int]]
) -> None:
    pool = Pool(limit)
    credits = [Credit(pool) for _ in range(4)]
    held: list[tuple[Credit, int]] = []
    for number, size in steps:
        if size > 150 and held:
            credit, size = held.pop(0)
            credit.give_back(size)
        elif credits[number].take(size):
            held.append((credits[number], size))
        assert pool.held == sum(size for _, size in held)
        assert pool.held <= limit or sum(size > 0 for _, size in held) == 1
    for credit, size in held:
        credit.give_back(size)
    assert pool.held == 0


def test_threads_may_use_a_pool_at_once() -> None:
    pool = Pool(10**9)

    def work() -> None:
        for _ in range(2000):
            assert pool.take(3)
            pool.give_back(3)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pool.held == 0


# --- The setting ---


def test_the_limit_of_the_process_is_256_mb_and_can_be_set() -> None:
    assert pool_of_the_process.limit == 256 * MB
    with pytest.raises(ValueError, match="not a size"):
        config.memory_limit = "much"
    config.memory_limit = "1 GB"
    try:
        assert pool_of_the_process.limit == 10**9
    finally:
        config.memory_limit = config.param.memory_limit.default
    assert pool_of_the_process.limit == 256 * MB
