import sys
import threading
from contextlib import suppress

import pytest

from panel_chunked import printed


def test_what_another_thread_prints_meanwhile_is_not_taken(capsys: pytest.CaptureFixture) -> None:
    with printed.collect() as lines:
        print("one")
        other = threading.Thread(target=print, args=["of a cell"])
        other.start()
        other.join()
        print("two")
        sys.stdout.writelines(["three"])

    assert lines == ["one", "two", "three"]
    assert capsys.readouterr().out == "of a cell\n"


def test_what_overlaps_is_kept_apart(capsys: pytest.CaptureFixture) -> None:
    first = printed.collect()
    outer = first.__enter__()
    inner: list[str] = []

    def other() -> None:
        with printed.collect() as lines:
            print("inner")
            first_is_over.wait(10)
            print("still inner")
        inner.extend(lines)

    first_is_over = threading.Event()
    thread = threading.Thread(target=other)
    thread.start()
    print("outer")
    first.__exit__(None, None, None)
    first_is_over.set()
    thread.join()
    print("nobody's")

    assert (outer, inner) == (["outer"], ["inner", "still inner"])
    assert capsys.readouterr().out == "nobody's\n"


def test_what_was_printed_before_an_error_is_kept() -> None:
    def fail() -> None:
        print("before")
        raise RuntimeError

    with suppress(RuntimeError), printed.collect() as lines:
        fail()

    assert lines == ["before"]


def test_stdout_is_asked_for_all_else() -> None:
    with printed.collect():
        assert sys.stdout.encoding.lower().replace("-", "") == "utf8"
        sys.stdout.flush()
