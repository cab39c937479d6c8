import pytest
from hypothesis import given
from hypothesis import strategies as st

from panel_chunked.rate import TIME_CONSTANT, Rate


def steady(bytes_per_second: float, seconds: int) -> Rate:
    rate = Rate(100.0, 0)
    for second in range(1, seconds + 1):
        rate.update(int(bytes_per_second * second), 100.0 + second)
    return rate


def test_no_rate_before_the_first_measurement() -> None:
    rate = Rate(0.0, 0)
    assert rate.bytes_per_second is None
    assert rate.time_left(1000) is None


def test_a_burst_is_no_measurement() -> None:
    rate = Rate(0.0, 0)
    rate.update(10**9, 0.05)
    assert rate.bytes_per_second is None
    rate.update(2 * 10**9, 1.0)
    assert rate.bytes_per_second == 2 * 10**9


def test_steady_rate_is_found_at_once_and_kept() -> None:
    assert steady(5e6, 1).bytes_per_second == pytest.approx(5e6)
    assert steady(5e6, 60).bytes_per_second == pytest.approx(5e6)


def test_time_left_follows_from_the_rate() -> None:
    assert steady(2e6, 5).time_left(10_000_000) == pytest.approx(5)
    assert steady(2e6, 5).time_left(0) == 0


def test_a_slow_start_is_soon_forgotten() -> None:
    rate = Rate(0.0, 0)
    offset = 0
    for tenth in range(1, 31):
        offset += 100_000 if tenth <= 5 else 1_000_000
        rate.update(offset, tenth / 10)
    assert rate.bytes_per_second == pytest.approx(1e7, rel=0.2)


def test_no_time_left_before_the_rate_has_settled() -> None:
    assert steady(2e6, 1).time_left(10_000_000) is None


def test_after_one_time_constant_two_thirds_are_the_new_rate() -> None:
    rate = steady(1000, 20)
    rate.update(20_000, 120.0 + TIME_CONSTANT)  # it stalls
    assert rate.bytes_per_second == pytest.approx(1000 / 2.718, rel=0.01)


def test_a_stalled_upload_never_ends_instead_of_failing() -> None:
    rate = Rate(0.0, 0)
    rate.update(0, 1.0)
    assert rate.time_left(10) is None


@given(st.lists(st.tuples(st.integers(0, 10**9), st.floats(0, 100)), max_size=30))
def test_rate_lies_between_nothing_and_the_fastest(steps: list[tuple[int, float]]) -> None:
    rate, offset, now = Rate(0.0, 0), 0, 0.0
    for size, seconds in steps:
        offset, now = offset + size, now + seconds
        rate.update(offset, now)
        measured = rate.bytes_per_second
        assert measured is None or 0 <= measured <= offset / 0.1
