"""Messages that are none, and more of them than anybody needs."""

import gc
import logging
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fakes import Browser, FakePage, until_only_this_task_runs

from panel_chunked.protocol import Complete, Created, Error, Removed
from panel_chunked.stores import DirectoryStore
from panel_chunked.underway import MAX_PENDING
from panel_chunked.upload import Upload

pytestmark = pytest.mark.usefixtures("nothing_blocks")

DATA = b"abcdefghijkl"


async def test_junk_is_refused_one_by_one_and_logged_once(
    browser: Browser, page: FakePage, caplog: pytest.LogCaptureFixture
) -> None:
    junk: list[Any] = [None, 5, "hello", [], {}, {"kind": "x"}, {"kind": "finish"}, b"", object()]
    for message in junk:
        browser.session.receive(message)
    assert [error.code for error in page.all(Error)] == ["bad_message"] * len(junk)
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info is None
    await browser.upload(DATA)


async def test_unknown_uploads_are_answered_calmly(browser: Browser, page: FakePage) -> None:
    browser.chunk("nobody", 0, b"abcd")
    browser.finish("nobody")
    browser.abort("nobody")
    browser.remove("nobody")
    await page.until(lambda: len(page.sent) == 4)
    assert [type(message) for message in page.sent] == [Error, Error, Removed, Removed]
    assert [error.code for error in page.all(Error)] == ["unknown_upload"] * 2


async def test_the_upload_of_another_session_is_unknown(browser: Browser, page: FakePage) -> None:
    stranger = Browser(FakePage(page.now.store))
    (upload_id,) = browser.create(4)
    stranger.transfer(upload_id, b"evil")
    stranger.abort(upload_id)
    assert [error.code for error in stranger.page.all(Error)] == ["unknown_upload"] * 2
    browser.transfer(upload_id, b"good")
    await page.next(Complete, id=upload_id)
    assert browser.session.files[0].path.read_bytes() == b"good"


async def test_more_than_can_wait_are_refused(browser: Browser, page: FakePage) -> None:
    for number in range(3):
        browser.create(*[1] * 1000, batch=f"b{number}")
    assert len(page.all(Created)) == MAX_PENDING
    assert {error.code for error in page.all(Error)} == {"busy"}


class Deaf(FakePage):
    """Forgets what is sent, so that memory is the session's own."""

    def send(self, message: object, page: str | None = None) -> None:
        self.last = message

    def failed(self, upload: Upload) -> None:
        pass


@pytest.fixture
def log_count() -> Iterator[list[int]]:
    """Count log records, and keep none."""
    count = [0]

    def drop(record: logging.LogRecord) -> bool:
        count[0] += 1
        return False

    loggers = [
        logging.getLogger(f"panel_chunked.{name}")
        for name in ("session", "failures", "adoption", "complete", "lane", "handler")
    ]
    for logger in loggers:
        logger.addFilter(drop)
    yield count
    for logger in loggers:
        logger.removeFilter(drop)


@pytest.fixture
async def full(store: DirectoryStore) -> Browser:
    """A session that can take no more uploads."""
    browser = Browser(Deaf(store))
    for number in range(MAX_PENDING // 1000):
        browser.create(*[1] * 1000, batch=f"b{number}", more=True)
    return browser


def flood_of_files(browser: Browser, count: int) -> None:
    for number in range(count // 1000):
        browser.create(*[1] * 1000, batch=f"c{number}")


def flood_of_open_batches(browser: Browser, count: int) -> None:
    for number in range(count):
        browser.create(batch=f"c{number}", more=True)


def flood_of_junk(browser: Browser, count: int) -> None:
    for _ in range(count):
        browser.send("create", batch="b", files=[{}], more=False)


Flood = Callable[[Browser, int], None]

FLOODS = [flood_of_files, flood_of_open_batches, flood_of_junk]


@contextmanager
def memory_stays_within(limit: int) -> Iterator[None]:
    gc.collect()
    tracemalloc.start()
    try:
        yield
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < limit
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_leaves_memory_flat(
    full: Browser, log_count: list[int], flood: Flood
) -> None:
    with memory_stays_within(150_000):  # 15 bytes for each
        flood(full, 10_000)
        await until_only_this_task_runs()


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_is_logged_in_few_lines(
    full: Browser, log_count: list[int], flood: Flood
) -> None:
    flood(full, 100_000)
    await until_only_this_task_runs()
    assert log_count[0] <= 200


async def test_uploads_that_come_and_go_leave_nothing(
    store: DirectoryStore, log_count: list[int]
) -> None:
    browser = Browser(Deaf(store))
    browser.create(1, batch="stays", more=True)
    with memory_stays_within(150_000):
        for number in range(1000):
            browser.create(1, batch="stays", more=True, key=f"k{number}")
            browser.abort(browser.page.last.id)  # type: ignore[attr-defined]
            await until_only_this_task_runs()
