from typing import Any

import golden
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panel_chunked.errors import UploadError
from panel_chunked.limits import Limits, format_size, parse_accept, parse_size

ACCEPT = golden.load("accept")
REFUSALS = golden.load("refusals")


def code_of(check: Any, *args: Any) -> str | None:
    try:
        check(*args)
    except UploadError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("written", "size"),
    [
        (None, None),
        (0, 0),
        (5_000_000, 5_000_000),
        ("0", 0),
        ("123", 123),
        ("123 b", 123),
        ("1 kB", 1000),
        ("1k", 1000),
        ("5 GB", 5 * 10**9),
        ("5gb", 5 * 10**9),
        (" 1.5 MB ", 1_500_000),
        ("1 KiB", 1024),
        ("200 MiB", 200 * 2**20),
        ("2 TB", 2 * 10**12),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_size_can_be_written_as_people_write_it(written: int | str | None, size: int) -> None:
    assert parse_size(written) == size


@pytest.mark.parametrize(
    "written", ["", "GB", "-1", "5 XB", "1,5 MB", "1.2.3 MB", "5 GB each", -1, 1.5, True, b"5", []]
)
def test_what_is_no_size_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(written)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (2, "2 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (1250, "1.3 kB"),
        (1450, "1.5 kB"),
        (1550, "1.6 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1 MB"),
        (5 * 10**9, "5 GB"),
        (2**53, "9 PB"),
        (10**19, "10,000 PB"),
    ],
)
def test_size_is_shown_with_up_to_one_decimal(size: int, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(0, 2**60))
def test_a_size_that_is_shown_reads_back_nearly_the_same(size: int) -> None:
    shown = format_size(size).replace(",", "").replace("bytes", "b").replace("byte", "b")
    assert parse_size(shown) == pytest.approx(size, rel=0.05)


@pytest.mark.parametrize(
    ("accept", "kinds"),
    [
        (None, ()),
        ("", ()),
        ([], ()),
        ("*", ()),
        (".mp4,video/*", (".mp4", "video/*")),
        (" .MP4 , , image/PNG ", (".mp4", "image/png")),
        ([".csv", "application/json"], (".csv", "application/json")),
        ("csv", (".csv",)),
        (["CSV", "tar.gz"], (".csv", ".tar.gz")),
    ],
)
def test_accept_is_read_as_html_and_as_a_list(
    accept: str | list[str] | None, kinds: tuple[str, ...]
) -> None:
    assert parse_accept(accept) == kinds


@pytest.mark.parametrize("case", ACCEPT, ids=[case["case"] for case in ACCEPT])
def test_kind_of_file_is_judged_as_in_the_browser(case: dict[str, Any]) -> None:
    limits = Limits(accept=tuple(case["accept"]))
    assert limits.accepts(case["name"], case["type"]) is case["accepted"]


def test_a_type_the_browser_does_not_know_is_guessed_from_the_name() -> None:
    limits = Limits(accept=("image/*", "text/csv"))
    assert limits.accepts("photo.PNG", "")
    assert limits.accepts("table.csv", "")
    assert not limits.accepts("tool.exe", "")
    assert not limits.accepts("photo", "")


def test_file_of_another_kind_is_refused_with_the_accepted_ones() -> None:
    with pytest.raises(UploadError, match=r"\.csv, images") as info:
        Limits(accept=(".csv", "image/*")).check_file("a.exe", "", 1)
    assert info.value.code == "not_accepted"


@pytest.mark.parametrize(("size", "code"), [(0, None), (10, None), (11, "file_too_large")])
def test_file_size_may_reach_its_limit(size: int, code: str | None) -> None:
    assert code_of(Limits(max_file_size=10).check_file, "a", "", size) == code


@pytest.mark.parametrize(
    ("files", "total", "code"),
    [
        (2, 10, None),
        (3, 10, "too_many_files"),
        (2, 11, "total_too_large"),
        (0, 0, None),
    ],
)
def test_count_and_total_may_reach_their_limits(files: int, total: int, code: str | None) -> None:
    limits = Limits(max_files=2, max_total_size=10)
    assert code_of(limits.check_total, files, total) == code


def test_a_limit_of_zero_is_a_limit() -> None:
    assert code_of(Limits(max_file_size=0).check_file, "a", "", 1) == "file_too_large"
    assert code_of(Limits(max_total_size=0).check_total, 1, 1) == "file_too_large"
    assert code_of(Limits(max_total_size=0).check_total, 2, 1) == "total_too_large"


def test_no_limit_takes_everything() -> None:
    assert code_of(Limits().check_file, "a.exe", "", 2**53 - 1) is None
    assert code_of(Limits().check_total, 10**6, 2**60) is None


@pytest.mark.parametrize("case", REFUSALS, ids=[case["case"] for case in REFUSALS])
def test_refusal_says_the_same_as_in_the_browser(case: dict[str, Any]) -> None:
    limits = Limits(**case["limits"] | {"accept": tuple(case["limits"].get("accept", ()))})
    held, size = case.get("held", {"files": 0, "size": 0}), case["size"]
    text = None
    try:
        limits.check_file("a.bin", "application/x", size)
        limits.check_total(held["files"] + 1, held["size"] + size)
    except UploadError as error:
        text = error.message
    assert text == case["text"]
