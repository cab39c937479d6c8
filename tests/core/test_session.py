"""A whole session: a browser's messages go in, a real store is behind."""

import asyncio
import errno
import gc
import logging
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes import (
    Browser,
    FakePage,
    Gate,
    HookedStore,
    files_below,
    raising,
    until_only_this_task_runs,
)

from panel_chunked import lane
from panel_chunked.credit import FIRST_GRANT, MIN_GRANT
from panel_chunked.failures import MAX_LOGGED
from panel_chunked.files import UploadedFile
from panel_chunked.lane import MESSAGE_OVERHEAD
from panel_chunked.limits import Limits
from panel_chunked.protocol import Ack, Cleared, Complete, Created, Error, Removed, Resume
from panel_chunked.stores import DirectoryStore
from panel_chunked.underway import MAX_PENDING, MAX_RUNNING
from panel_chunked.upload import Upload, UploadInfo

pytestmark = pytest.mark.usefixtures("nothing_blocks")

DATA = b"abcdefghijkl"


@pytest.fixture
def hooked(store: DirectoryStore, page: FakePage) -> HookedStore:
    """The store of the page, for a test that puts a hook into one of its steps."""
    hooked = HookedStore(store)
    page.allow(store=hooked)
    return hooked


@pytest.fixture
def gate(hooked: HookedStore) -> Iterator[Gate]:
    """Holds every write until it is opened."""
    gate = hooked.hooks["append"] = Gate()
    yield gate
    gate.opened.set()


# --- A file arrives ---


async def test_a_file_arrives(browser: Browser, page: FakePage, incoming: Path) -> None:
    upload_id = await browser.upload(DATA)
    assert files_below(incoming) == {"f0.bin": DATA}
    assert [type(message) for message in page.sent] == [Created, Ack, Ack, Ack, Complete]
    created, *acks, _ = page.sent
    assert created == Created("b.f0", upload_id, browser.secret(upload_id), 0, 0, 0, FIRST_GRANT)
    assert [(ack.id, ack.offset) for ack in acks] == [(upload_id, it) for it in (4, 8, 12)]
    assert page.picked == [browser.session.files]


async def test_what_the_browser_says_of_a_file_is_kept(browser: Browser) -> None:
    await browser.upload(
        b"x", name="a/CON", relative_path="/holiday/../../CON", mime_type="video/mp4"
    )
    (file,) = browser.session.files
    assert (file.name, file.original_name) == ("a_CON", "a/CON")
    assert (file.relative_path, file.mime_type, file.size) == ("holiday/a_CON", "video/mp4", 1)


async def test_a_file_without_a_type_is_bytes(browser: Browser) -> None:
    await browser.upload(b"x")
    assert browser.session.files[0].mime_type == "application/octet-stream"


async def test_a_file_of_zero_bytes_arrives(browser: Browser, incoming: Path) -> None:
    await browser.upload(b"")
    assert files_below(incoming) == {"f0.bin": b""}


async def test_files_that_arrive_at_once_do_not_mix(browser: Browser, incoming: Path) -> None:
    contents = [bytes([number]) * 40 for number in range(5)]
    ids = browser.create(*map(len, contents))
    for offset in range(0, 40, 4):
        for upload_id, data in zip(ids, contents, strict=True):
            browser.chunk(upload_id, offset, data[offset : offset + 4])
    for upload_id in ids:
        browser.finish(upload_id)
    await browser.idle()
    assert list(files_below(incoming).values()) == contents


async def test_ack_comes_after_the_write(browser: Browser, page: FakePage, gate: Gate) -> None:
    (upload_id,) = browser.create(4)
    browser.chunk(upload_id, 0, b"abcd")
    await gate.reached.wait()
    assert page.all(Ack) == []
    gate.opened.set()
    ack = await page.next(Ack)
    assert (ack.id, ack.offset) == (upload_id, 4)


async def test_ids_cannot_be_guessed(browser: Browser) -> None:
    ids = browser.create(*[1] * 100)
    assert len(set(ids)) == 100
    assert min(map(len, ids)) >= 16


# --- Offsets ---


@pytest.mark.parametrize("offset", [0, 3, 5, 8])
async def test_a_chunk_that_belongs_elsewhere_is_answered_with_where_to_go_on(
    browser: Browser, incoming: Path, offset: int
) -> None:
    (upload_id,) = browser.create(12)
    browser.chunk(upload_id, 0, b"abcd")
    browser.chunk(upload_id, offset, b"XXXX")
    assert (await browser.resume(upload_id)).offset == 4
    browser.chunk(upload_id, 4, b"efghijkl")
    browser.finish(upload_id)
    await browser.idle()
    assert files_below(incoming) == {"f0.bin": DATA}


async def test_early_finish_is_answered_with_where_to_go_on(browser: Browser) -> None:
    (upload_id,) = browser.create(12)
    browser.finish(upload_id)
    assert (await browser.resume(upload_id)).offset == 0
    browser.transfer(upload_id, DATA)
    await browser.page.next(Complete, id=upload_id)


async def test_more_bytes_than_declared_end_the_upload(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    (upload_id,) = browser.create(6)
    browser.chunk(upload_id, 0, b"abcd")
    browser.chunk(upload_id, 4, b"efg")
    assert (await browser.error()).code == "over_size"
    browser.chunk(upload_id, 4, b"ef")
    browser.finish(upload_id)
    assert [error.code for error in page.all(Error)][1:] == ["unknown_upload"] * 2
    await browser.idle()
    assert files_below(incoming) == {}


async def test_bytes_beyond_the_memory_of_the_process_harm_no_upload(
    browser: Browser, page: FakePage, gate: Gate, incoming: Path
) -> None:
    browser.memory.limit = 2 * (4 + MESSAGE_OVERHEAD)
    one, two = browser.create(8, 8)
    browser.chunk(one, 0, b"1111")
    browser.chunk(two, 0, b"2222")
    await gate.reached.wait()
    browser.chunk(two, 4, b"2222")  # dropped
    browser.finish(two)
    gate.opened.set()
    assert (await browser.resume(two)).offset == 4
    for upload_id, data in ((one, b"1111"), (two, b"2222")):
        browser.chunk(upload_id, 4, data)
        browser.finish(upload_id)
        await page.next(Complete, id=upload_id)
    assert files_below(incoming) == {"f0.bin": b"11111111", "f1.bin": b"22222222"}
    assert browser.memory.held == 0


async def test_uploads_that_run_share_the_memory_of_the_process(
    browser: Browser, page: FakePage, gate: Gate
) -> None:
    browser.memory.limit = 4 * MIN_GRANT
    ids = browser.create(*[8] * 4)
    for upload_id in ids:
        browser.chunk(upload_id, 0, b"abcd")
    gate.opened.set()
    await page.until(lambda: len(page.all(Ack)) == 4)
    assert {ack.grant for ack in page.all(Ack)} == {MIN_GRANT}


async def test_uploads_under_way_are_bounded(browser: Browser, page: FakePage, gate: Gate) -> None:
    ids = browser.create(*[4] * (MAX_RUNNING + 1))
    for upload_id in ids:
        browser.chunk(upload_id, 0, b"abcd")
    gate.opened.set()
    error = await browser.error()
    assert (error.id, error.code) == (ids[-1], "busy")
    for upload_id in ids[:-1]:
        browser.finish(upload_id)
        await page.next(Complete, id=upload_id)


async def test_paused_uploads_keep_no_other_from_beginning(
    browser: Browser, page: FakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "LET_GO_SECONDS", 0.01)
    ids = browser.create(*[8] * MAX_RUNNING)
    for upload_id in ids:
        browser.chunk(upload_id, 0, b"abcd")
        browser.send("paused", id=upload_id, paused=True)
    await page.until(lambda: len(page.all(Ack)) == MAX_RUNNING)
    handlers = [it.handler for it in browser.session._underway.lanes.values()]
    async with asyncio.timeout(5):
        while any(handler.is_busy for handler in handlers):  # noqa: ASYNC110 (it is not told)
            await asyncio.sleep(0.01)
    (late,) = browser.create(4, batch="late")
    browser.transfer(late, b"abcd")
    await page.next(Complete, id=late)


async def test_app_sees_what_is_paused(browser: Browser, page: FakePage) -> None:
    running, queued = browser.create(8, 8)
    browser.chunk(running, 0, b"abcd")
    await page.next(Ack, id=running)
    for upload_id in (running, queued, "unknown"):
        browser.send("paused", id=upload_id, paused=True)
    seen = [(it.state, it.rate, it.time_left) for it in browser.session.uploads]
    assert seen == [("paused", None, None)] * 2
    browser.send("paused", id=queued, paused=False)
    assert [it.state for it in browser.session.uploads] == ["paused", "queued"]
    browser.send("paused", id=running, paused=False)
    browser.chunk(running, 4, b"efgh")
    browser.finish(running)
    await page.next(Complete, id=running)


async def test_uploads_that_are_being_cancelled_keep_no_other_from_beginning(
    browser: Browser, page: FakePage, hooked: HookedStore
) -> None:
    slow = hooked.hooks["terminate"] = Gate()
    ids = browser.create(*[8] * MAX_RUNNING)
    for upload_id in ids:
        browser.chunk(upload_id, 0, b"abcd")
    await page.until(lambda: len(page.all(Ack)) == MAX_RUNNING)
    for upload_id in ids:
        browser.abort(upload_id)
    await slow.reached.wait()
    (late,) = browser.create(4, batch="late")
    browser.transfer(late, b"abcd")
    await page.next(Complete, id=late)
    slow.opened.set()


async def test_a_file_that_the_browser_cannot_read_has_failed(
    browser: Browser, page: FakePage, caplog: pytest.LogCaptureFixture
) -> None:
    (upload_id,) = browser.create(12)
    browser.send("abort", id=upload_id, reason="unreadable")
    await browser.error(id=upload_id)
    (upload,) = browser.session.uploads
    assert upload.state == "failed"
    assert "changed, moved or deleted" in caplog.text


async def test_the_path_gives_folders_and_never_another_name(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    page.allow(limits=Limits(accept=(".csv",)))
    await browser.upload(b"x", name="ok.csv", relative_path="folder/shell.php")
    assert files_below(incoming) == {"folder/ok.csv": b"x"}


# --- Finish ---


async def test_finish_twice_at_once_is_one_file(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    (upload_id,) = browser.create(4)
    browser.chunk(upload_id, 0, b"abcd")
    browser.finish(upload_id)
    browser.finish(upload_id)
    await browser.idle()
    assert files_below(incoming) == {"f0.bin": b"abcd"}
    assert len(page.picked) == 1
    assert page.all(Error) == []


async def test_finish_again_later_is_answered_the_same(browser: Browser, page: FakePage) -> None:
    upload_id = await browser.upload(DATA)
    browser.finish(upload_id)
    assert page.all(Complete) == [Complete(upload_id, 12)] * 2
    await browser.idle()
    assert len(page.picked) == 1


async def test_a_chunk_sent_again_after_the_end_is_told_of_the_end(
    browser: Browser, page: FakePage
) -> None:
    """The acks and the end were lost with the connection; the page sends from what it knows."""
    upload_id = await browser.upload(DATA)
    browser.chunk(upload_id, 8, DATA[8:])
    assert page.all(Error) == []
    assert page.sent[-1] == Complete(upload_id, 12)


# --- Abort and remove ---


async def test_abort_in_the_middle_of_a_write_frees_what_is_stored(
    browser: Browser, page: FakePage, gate: Gate, hooked: HookedStore, incoming: Path
) -> None:
    (upload_id,) = browser.create(12)
    browser.transfer(upload_id, DATA)
    await gate.reached.wait()
    browser.abort(upload_id)
    assert page.all(Removed) == []
    gate.opened.set()
    await browser.removed(upload_id)
    assert files_below(incoming) == {}
    assert hooked.steps == ["create", "append", "terminate"]


async def test_nothing_is_taken_after_an_abort(
    browser: Browser, page: FakePage, gate: Gate, incoming: Path
) -> None:
    (upload_id,) = browser.create(12)
    browser.chunk(upload_id, 0, b"abcd")
    await gate.reached.wait()
    browser.abort(upload_id)
    browser.chunk(upload_id, 4, b"efgh")
    browser.finish(upload_id)
    assert [error.code for error in page.all(Error)] == ["unknown_upload"] * 2
    gate.opened.set()
    await browser.idle()
    assert browser.session.files == []


async def test_abort_of_a_queued_upload_does_not_touch_the_store(
    browser: Browser, hooked: HookedStore
) -> None:
    (upload_id,) = browser.create(12)
    browser.abort(upload_id)
    await browser.removed(upload_id)
    assert hooked.steps == []


async def test_abort_while_the_file_is_finished_leaves_no_file(
    browser: Browser, hooked: HookedStore, incoming: Path
) -> None:
    gate = hooked.hooks["finish"] = Gate()
    (upload_id,) = browser.create(4)
    browser.transfer(upload_id, b"abcd")
    await gate.reached.wait()
    browser.abort(upload_id)
    gate.opened.set()
    await browser.idle()
    assert browser.session.files == []
    assert files_below(incoming) == {}
    await browser.removed(upload_id)


async def test_abort_while_the_file_is_finished_ends_even_if_it_cannot_be_deleted(
    browser: Browser, hooked: HookedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UploadedFile, "unlink", refuse_to_delete)
    gate = hooked.hooks["finish"] = Gate()
    (upload_id,) = browser.create(4)
    browser.transfer(upload_id, b"abcd")
    await gate.reached.wait()
    browser.abort(upload_id)
    gate.opened.set()
    await browser.removed(upload_id)
    await browser.upload(DATA, batch="b2")


async def test_abort_of_an_upload_that_is_failing_cancels_it(
    browser: Browser, page: FakePage, hooked: HookedStore
) -> None:
    gate = Gate()

    async def fail_late() -> None:
        await gate()
        raise OSError(errno.EIO, "I/O error")

    hooked.hooks["append"] = fail_late
    (upload_id,) = browser.create(4)
    browser.transfer(upload_id, b"abcd")
    await gate.reached.wait()
    browser.abort(upload_id)
    gate.opened.set()
    await browser.idle()
    assert [type(message) for message in page.sent] == [Created, Removed]
    assert browser.session.uploads == []


def refuse_to_delete(file: UploadedFile) -> None:
    raise PermissionError(errno.EPERM, "Operation not permitted")


async def test_a_complete_file_is_not_called_removed_while_it_is_there(
    browser: Browser, page: FakePage
) -> None:
    upload_id = await browser.upload(DATA)
    browser.abort(upload_id)
    await browser.idle()
    assert bool(page.all(Removed)) == (browser.session.files == [])


async def test_remove_deletes_the_file(browser: Browser, page: FakePage, incoming: Path) -> None:
    upload_id = await browser.upload(DATA)
    settled = page.settled_calls
    browser.remove(upload_id)
    await browser.removed(upload_id)
    await browser.idle()
    assert browser.session.files == []
    assert files_below(incoming) == {}
    assert page.settled_calls == settled + 1


async def test_remove_of_a_file_that_has_vanished_is_no_error(
    browser: Browser, incoming: Path
) -> None:
    upload_id = await browser.upload(DATA)
    (incoming / "f0.bin").unlink()
    browser.remove(upload_id)
    await browser.removed(upload_id)


async def test_the_same_file_again_works(browser: Browser, incoming: Path) -> None:
    for batch in ("b1", "b2"):
        await browser.upload(DATA, batch=batch)
    assert list(files_below(incoming).values()) == [DATA, DATA]


# --- Limits, for a browser that ignores them ---


@pytest.mark.parametrize(
    ("limits", "facts", "code"),
    [
        (Limits(accept=(".csv",)), {"name": "a.exe"}, "not_accepted"),
        (
            Limits(accept=(".csv",)),
            {"name": "a.exe", "relative_path": "ok.csv"},
            "not_accepted",
        ),
        (Limits(accept=("image/*",)), {"mime_type": "video/mp4"}, "not_accepted"),
        (Limits(max_file_size=11), {}, "file_too_large"),
        (Limits(max_total_size=11), {}, "file_too_large"),
        (Limits(max_files=0), {}, "too_many_files"),
    ],
)
async def test_what_is_not_allowed_is_refused(
    browser: Browser,
    page: FakePage,
    hooked: HookedStore,
    caplog: pytest.LogCaptureFixture,
    limits: Limits,
    facts: dict[str, Any],
    code: str,
) -> None:
    page.allow(limits=limits)
    assert browser.create(12, **facts) == []
    (error,) = page.all(Error)
    assert (error.code, error.key, error.id) == (code, "b.f0", None)
    (upload,) = browser.session.uploads
    assert (upload.state, upload.error) == ("failed", error.message)
    assert hooked.steps == []
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_nothing_is_taken_while_disabled(browser: Browser, page: FakePage) -> None:
    (running,) = browser.create(12)
    page.allow(disabled=True)
    assert browser.create(12, batch="b2") == []
    assert (await browser.error()).code == "disabled"
    browser.transfer(running, DATA)
    await page.next(Complete, id=running)


async def test_count_and_total_go_over_all_picks(browser: Browser, page: FakePage) -> None:
    page.allow(limits=Limits(max_files=3, max_total_size=20))
    first = await browser.upload(DATA, batch="b1")  # 12 bytes are complete
    assert len(browser.create(4, batch="b2")) == 1  # 4 are under way
    assert browser.create(5, batch="b3") == []
    assert len(browser.create(4, batch="b4")) == 1
    assert browser.create(0, batch="b5") == []
    assert [e.code for e in page.all(Error)] == ["total_too_large", "too_many_files"]
    browser.remove(first)
    await browser.removed(first)
    assert len(browser.create(12, batch="b6")) == 1


async def test_refused_files_do_not_count(browser: Browser, page: FakePage) -> None:
    page.allow(limits=Limits(max_file_size=10, max_files=1))
    assert len(browser.create(11, 11, 10)) == 1


async def test_failed_and_cancelled_files_do_not_count(browser: Browser, page: FakePage) -> None:
    page.allow(limits=Limits(max_files=1))
    (upload_id,) = browser.create(4)
    browser.abort(upload_id)
    (upload_id,) = browser.create(4, batch="b2")
    browser.chunk(upload_id, 0, b"abcde")
    await browser.error(code="over_size")
    assert len(browser.create(4, batch="b3")) == 1


# --- Junk ---


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
        logging.getLogger(f"panel_chunked.{name}") for name in ("session", "lane", "handler")
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


async def test_hello_answers_each_upload_once(browser: Browser, page: FakePage) -> None:
    browser.hello(*["nobody"] * 1000)
    await browser.idle()
    assert [error.id for error in page.all(Error)] == ["nobody"]


async def test_the_log_says_that_more_failures_are_not_in_it(
    browser: Browser, page: FakePage, caplog: pytest.LogCaptureFixture
) -> None:
    page.allow(limits=Limits(max_file_size=3))
    browser.create(*[4] * (MAX_LOGGED + 10))
    assert len(caplog.records) == MAX_LOGGED + 1
    assert "not logged" in caplog.records[-1].message


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


# --- Batches ---


async def test_a_batch_is_told_once_in_the_order_it_was_picked(
    browser: Browser, page: FakePage
) -> None:
    ids = browser.create(4, 4, 4)
    for upload_id in reversed(ids):
        assert page.picked == []
        browser.transfer(upload_id, b"abcd")
        await page.next(Complete, id=upload_id)
    await browser.idle()
    assert [[file.name for file in files] for files in page.picked] == [
        ["f0.bin", "f1.bin", "f2.bin"]
    ]


async def test_the_app_hears_of_each_file_of_a_batch(browser: Browser, page: FakePage) -> None:
    for number, upload_id in enumerate(browser.create(4, 4), start=1):
        browser.transfer(upload_id, b"abcd")
        await page.until(lambda number=number: page.settled_calls == number)
        assert len(browser.session.files) == number


async def test_members_that_failed_are_left_out(browser: Browser, page: FakePage) -> None:
    page.allow(limits=Limits(max_file_size=10))
    good, failing, cancelled = browser.create(4, 4, 11, 4)
    browser.chunk(failing, 0, b"abcde")
    browser.abort(cancelled)
    browser.transfer(good, b"abcd")
    await browser.idle()
    assert [[file.name for file in files] for files in page.picked] == [["f0.bin"]]


async def test_a_member_that_was_removed_before_the_end_is_left_out(
    browser: Browser, page: FakePage
) -> None:
    first, second = browser.create(4, 4)
    browser.transfer(first, b"abcd")
    await page.next(Complete, id=first)
    browser.remove(first)
    await browser.removed(first)
    browser.transfer(second, b"abcd")
    await browser.idle()
    assert [[file.name for file in files] for files in page.picked] == [["f1.bin"]]


async def test_a_batch_that_comes_in_parts_ends_with_the_last(
    browser: Browser, page: FakePage
) -> None:
    await browser.upload(b"abcd", more=True, key="k1")
    assert page.picked == []
    await browser.upload(b"abcd", more=False, key="k2")
    await browser.idle()
    assert [len(files) for files in page.picked] == [2]


async def test_a_last_part_without_files_ends_the_batch(browser: Browser, page: FakePage) -> None:
    await browser.upload(b"abcd", more=True)
    browser.create(more=False)
    await browser.idle()
    assert [len(files) for files in page.picked] == [1]


async def test_the_app_hears_of_a_batch_that_is_refused_as_a_whole(
    browser: Browser, page: FakePage
) -> None:
    page.allow(disabled=True)
    browser.create(4, 4)
    await browser.idle()
    assert page.settled_calls == 1
    assert page.picked == []
    assert len(browser.session.uploads) == 2


async def test_an_app_that_fails_at_one_end_hears_of_the_next(
    browser: Browser, page: FakePage
) -> None:
    page.while_settling = raising(RuntimeError("The app's own fault."))
    (upload_id,) = browser.create(4, batch="b1")
    browser.transfer(upload_id, b"abcd")
    await page.next(Complete, id=upload_id)
    await browser.idle()
    page.while_settling = None
    await browser.upload(b"abcd", batch="b2")
    assert [len(files) for files in page.picked] == [1]


# --- A single file ---


@pytest.fixture
def single(page: FakePage) -> FakePage:
    page.allow(multiple=False)
    return page


async def test_a_single_file_takes_the_place_of_the_one_before(
    browser: Browser, single: FakePage
) -> None:
    first = await browser.upload(b"old", batch="b1")
    await browser.upload(b"new", batch="b2")
    assert [file.path.read_bytes() for file in browser.session.files] == [b"new"]
    assert [removed.id for removed in single.all(Removed)] == [first]
    assert [len(files) for files in single.picked] == [1, 1]


async def test_of_several_files_only_one_is_taken(browser: Browser, single: FakePage) -> None:
    assert len(browser.create(4, 4, 4)) == 1
    assert [error.code for error in single.all(Error)] == ["too_many_files"] * 2


async def test_a_failed_file_does_not_replace_the_one_before(
    browser: Browser, single: FakePage
) -> None:
    await browser.upload(b"old", batch="b1")
    (upload_id,) = browser.create(4, batch="b2")
    browser.abort(upload_id)
    await browser.idle()
    assert [file.path.read_bytes() for file in browser.session.files] == [b"old"]


async def test_limits_do_not_count_the_file_that_is_replaced(
    browser: Browser, single: FakePage
) -> None:
    single.allow(limits=Limits(max_files=1, max_total_size=10))
    await browser.upload(bytes(10), batch="b1")
    await browser.upload(bytes(10), batch="b2")
    assert single.all(Error) == []


async def test_limits_do_not_count_the_upload_that_is_replaced(
    browser: Browser, single: FakePage
) -> None:
    """The user picks again before the page knows an id that it could abort."""
    single.allow(limits=Limits(max_files=1, max_total_size=10))
    (first,) = browser.create(10, batch="b1")
    assert len(browser.create(10, batch="b2")) == 1
    browser.abort(first)


# --- Asked again ---


async def test_create_again_gives_the_same_upload(browser: Browser, page: FakePage) -> None:
    (upload_id,) = browser.create(12)
    browser.chunk(upload_id, 0, b"abcd")
    await page.next(Ack)
    assert browser.create(12) == [upload_id]
    assert page.all(Created)[-1].offset == 4
    assert len(browser.session.uploads) == 1


async def test_hello_is_welcomed(browser: Browser, page: FakePage) -> None:
    browser.hello()
    assert page.sent == [page.welcome()]


async def test_hello_is_answered_with_where_each_upload_goes_on(
    browser: Browser, page: FakePage, gate: Gate, incoming: Path
) -> None:
    running, waiting = browser.create(12, 5)
    browser.chunk(running, 0, b"abcd")
    await gate.reached.wait()
    browser.chunk(running, 4, b"efgh")  # it waits, and is kept
    browser.hello(running, waiting)
    gate.opened.set()
    await browser.resume(running)
    answers = {m.id: (m.attempt, m.offset) for m in page.all(Resume)}
    assert answers == {running: (1, 8), waiting: (1, 0)}
    browser.chunk(running, 8, b"ijkl")
    browser.finish(running)
    browser.transfer(waiting, b"01234")
    await browser.idle()
    assert files_below(incoming) == {"f0.bin": DATA, "f1.bin": b"01234"}


async def test_hello_of_another_view_does_not_disturb_a_transfer(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    (upload_id,) = browser.create(12)
    browser.chunk(upload_id, 0, DATA[:4])
    browser.hello()
    browser.chunk(upload_id, 4, DATA[4:])
    browser.finish(upload_id)
    await page.next(Complete, id=upload_id)
    assert page.all(Resume) == []
    assert files_below(incoming) == {"f0.bin": DATA}


async def test_hello_tells_what_has_become_of_uploads_that_ended_meanwhile(
    browser: Browser, page: FakePage
) -> None:
    upload_id = await browser.upload(DATA)
    page.sent.clear()
    browser.hello(upload_id, "never-heard-of")
    assert page.all(Complete, id=upload_id)
    await browser.idle()
    (error,) = page.all(Error)
    assert (error.code, error.id) == ("unknown_upload", "never-heard-of")


async def test_page_has_no_secret_of_what_no_other_session_can_go_on_with(
    browser: Browser, page: FakePage, hooked: HookedStore
) -> None:
    first, second = browser.create(4, 4)
    assert [created.secret for created in page.all(Created)] == ["", ""]
    known = [{"id": it, "secret": "", "batch": "b"} for it in (first, second)]
    browser.send("hello", version=1, page="page", uploads=known)
    await browser.resume(second)
    browser.transfer(first, b"abcd")
    await page.next(Complete, id=first)


async def test_without_a_secret_nothing_is_taken_from_another_page(
    browser: Browser, page: FakePage, hooked: HookedStore
) -> None:
    (upload_id,) = browser.create(4)
    browser.create(4, batch="again", resume={"id": upload_id, "secret": ""})
    assert (await page.next(Created, key="again.f0")).id != upload_id
    assert upload_id in [it.id for it in browser.session.uploads]


async def test_hello_does_not_bring_an_aborted_upload_back(browser: Browser, gate: Gate) -> None:
    (upload_id,) = browser.create(12)
    browser.chunk(upload_id, 0, b"abcd")
    await gate.reached.wait()
    browser.abort(upload_id)
    browser.hello(upload_id)
    gate.opened.set()
    await browser.removed(upload_id)


# --- Several pages, as in a notebook ---


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("panel_chunked.presence.PATIENCE", 0)


@pytest.mark.usefixtures("no_patience")
async def test_uploads_of_a_page_that_was_left_end_once_another_has_come(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    first, second = browser.create(4, 12, more=True)
    browser.transfer(first, b"abcd")
    browser.chunk(second, 0, b"abcd")
    await page.next(Ack, id=second)
    await page.next(Complete, id=first)
    Browser(page, browser.session, "another").hello()
    await browser.error(id=second, code="page_gone")
    await browser.idle()
    assert files_below(incoming) == {"f0.bin": b"abcd"}
    assert page.picked == [browser.session.files]
    assert [upload.state for upload in browser.session.uploads] == ["failed"]


async def test_uploads_of_a_page_that_is_heard_go_on(
    browser: Browser, page: FakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("panel_chunked.presence.PATIENCE", 0.2)
    left = Browser(page, browser.session, "left")
    (running,) = browser.create(4)
    (gone,) = left.create(4, batch="b2")
    async with asyncio.timeout(10):
        while not page.all(Error, id=gone, code="page_gone"):
            browser.hello(running)
            await asyncio.sleep(0.02)
    browser.transfer(running, b"abcd")
    await page.next(Complete, id=running)


async def test_page_that_came_and_went_does_not_hide_another_that_is_gone(
    browser: Browser, page: FakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("panel_chunked.presence.PATIENCE", 0.1)
    guest = Browser(page, browser.session, "guest")
    browser.create(4)
    (gone,) = guest.create(4, batch="b2")
    browser.hello()
    await browser.error(id=gone, code="page_gone")


@pytest.mark.usefixtures("no_patience")
async def test_uploads_of_a_page_that_is_alone_wait_for_it(browser: Browser) -> None:
    (upload_id,) = browser.create(4)
    browser.hello()
    for _ in range(10):
        await asyncio.sleep(0)
    browser.hello(upload_id)
    assert (await browser.resume(upload_id)).offset == 0


# --- Storage errors ---

STEPS = ["create", "append", "finish"]
ERRORS = [OSError(errno.ENOSPC, "No space left on device", "/srv/x"), RuntimeError("/srv/x: bug")]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", ERRORS, ids=["expected", "unexpected"])
async def test_an_error_of_the_storage_ends_that_upload_alone(
    browser: Browser,
    page: FakePage,
    hooked: HookedStore,
    incoming: Path,
    caplog: pytest.LogCaptureFixture,
    step: str,
    error: Exception,
) -> None:
    hooked.hooks[step] = raising(error)
    (failing, good) = browser.create(12, 12)
    browser.transfer(failing, DATA)
    answer = await browser.error(id=failing)
    del hooked.hooks[step]
    browser.transfer(good, DATA)
    await page.next(Complete, id=good)
    await browser.idle()
    expected = isinstance(error, OSError)
    assert answer.code == ("storage_full" if expected else "storage")
    assert "/srv" not in answer.message
    assert files_below(incoming) == {"f1.bin": DATA}
    (failed,) = browser.session.uploads
    assert (failed.state, failed.error, failed.error_code) == (
        "failed",
        answer.message,
        answer.code,
    )
    assert all(failing in record.getMessage() for record in caplog.records)
    # Only what is nobody's fault but the code's has a traceback.
    assert any(record.exc_info for record in caplog.records) != expected


@pytest.mark.parametrize("error", ERRORS, ids=["expected", "unexpected"])
async def test_an_upload_that_cannot_be_freed_still_ends(
    browser: Browser, hooked: HookedStore, error: Exception
) -> None:
    hooked.hooks["terminate"] = raising(error)
    aborted, failing = browser.create(12, 2)
    browser.chunk(aborted, 0, b"abcd")
    browser.chunk(failing, 0, b"ab")
    browser.chunk(failing, 2, b"c")
    assert (await browser.error(id=failing)).code == "over_size"
    browser.abort(aborted)
    await browser.idle()
    assert [message.id for message in browser.page.sent[-1:]] == [aborted]  # type: ignore[union-attr]


async def test_what_is_tried_again_does_not_count_as_failed(
    browser: Browser, page: FakePage, hooked: HookedStore
) -> None:
    hooked.hooks["append"] = raising(ERRORS[0])
    (failing, other, _waiting) = browser.create(12, 13, 14)
    browser.transfer(failing, DATA)
    browser.transfer(other, bytes(13))
    await browser.error(id=failing)
    await browser.error(id=other)
    del hooked.hooks["append"]
    states = {(it.name, it.state) for it in browser.session.uploads}
    assert states == {("f0.bin", "failed"), ("f1.bin", "failed"), ("f2.bin", "queued")}
    (again,) = browser.create(12, batch="again")
    states = {(it.name, it.state) for it in browser.session.uploads}
    assert states == {("f0.bin", "queued"), ("f1.bin", "failed"), ("f2.bin", "queued")}
    browser.transfer(again, DATA)
    await page.next(Complete, id=again)
    assert {it.name for it in browser.session.uploads} == {"f1.bin", "f2.bin"}


async def test_no_space_is_no_false_ack(
    browser: Browser, page: FakePage, hooked: HookedStore
) -> None:
    hooked.hooks["append"] = raising(ERRORS[0])
    (upload_id,) = browser.create(12)
    browser.transfer(upload_id, DATA)
    await browser.error(id=upload_id)
    await browser.idle()
    assert page.all(Ack) == []


# --- What the app sees, and does ---


async def test_progress_counts_everything_since_the_page_was_idle(
    browser: Browser, page: FakePage
) -> None:
    one, two = browser.create(4, 12)
    browser.transfer(one, b"abcd")
    await page.next(Complete, id=one)
    browser.chunk(two, 0, b"abcd")
    await page.next(Ack, id=two)
    assert browser.session.progress == (8, 16)
    browser.abort(two)
    await browser.idle()
    assert browser.session.progress == (4, 4)
    browser.create(20, batch="b2")
    assert browser.session.progress == (0, 20)


async def test_uploads_are_what_runs_and_what_failed(browser: Browser, page: FakePage) -> None:
    running, failing, _ = browser.create(12, 2, 3)
    browser.chunk(running, 0, b"abcd")
    await page.next(Ack, id=running)
    browser.chunk(failing, 0, b"abc")
    await browser.error(id=failing)
    found = [(u.name, u.stored, u.state) for u in browser.session.uploads]
    assert found == [("f0.bin", 4, "running"), ("f2.bin", 0, "queued"), ("f1.bin", 0, "failed")]
    assert page.progressed_calls > 0


async def test_failures_are_forgotten_with_the_next_pick(browser: Browser, page: FakePage) -> None:
    page.allow(limits=Limits(max_file_size=4))
    browser.create(5, batch="b1")
    browser.create(4, batch="b2")
    assert [upload.state for upload in browser.session.uploads] == ["queued"]


@pytest.mark.parametrize("in_thread", [False, True])
async def test_clear_cancels_and_forgets_everything(
    browser: Browser, page: FakePage, gate: Gate, incoming: Path, in_thread: bool
) -> None:
    gate.opened.set()
    await browser.upload(DATA, batch="b1")
    page.allow(limits=Limits(max_file_size=12))
    running, queued = browser.create(12, 12, 13, batch="b2")
    browser.chunk(running, 0, b"abcd")
    await page.next(Ack, id=running)
    if in_thread:
        await asyncio.to_thread(browser.session.clear)
    else:
        browser.session.clear()
    await browser.idle()
    assert browser.session.files == browser.session.uploads == []
    assert page.all(Cleared) == [Cleared()]
    assert {message.id for message in page.all(Removed)} == {running, queued}
    assert files_below(incoming) == {"f0.bin": DATA}  # files in a directory stay


async def test_what_the_page_begins_after_clear_is_wanted(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    (old,) = browser.create(12)
    browser.session.clear()
    (new,) = browser.create(12, batch="b2")  # before the event loop has had a turn
    browser.transfer(new, DATA)
    await page.next(Complete, id=new)
    assert [message.id for message in page.all(Removed)] == [old]
    assert files_below(incoming) == {"f0.bin": DATA}


async def test_a_file_that_is_complete_at_the_moment_of_clear_is_cleared(
    browser: Browser, page: FakePage, hooked: HookedStore, incoming: Path
) -> None:
    gate = hooked.hooks["finished"] = Gate()
    (upload_id,) = browser.create(12)
    browser.transfer(upload_id, DATA)
    await gate.reached.wait()
    gate.opened.set()  # what follows in the lane is ready to run before anything that clear starts
    browser.session.clear()
    await browser.idle()
    assert browser.session.files == []
    assert page.all(Complete) == page.picked == []
    assert files_below(incoming) == {}


async def test_forget_takes_a_file_off_the_page_once(browser: Browser, page: FakePage) -> None:
    upload_id = await browser.upload(DATA)
    browser.session.forget(upload_id)
    browser.session.forget(upload_id)
    assert browser.session.files == []
    assert page.all(Removed) == [Removed(upload_id)]


async def test_a_file_that_the_app_deletes_is_told_to_the_page(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    upload_id = await browser.upload(DATA)
    (file,) = browser.session.files
    await asyncio.to_thread(file.delete)
    assert page.deleted_ids == [upload_id]
    assert files_below(incoming) == {}


# --- The end of the session ---


async def test_close_frees_what_is_not_complete(
    browser: Browser, page: FakePage, gate: Gate, incoming: Path
) -> None:
    gate.opened.set()
    await browser.upload(DATA, batch="b1")
    running, _queued = browser.create(12, 12, batch="b2")
    browser.chunk(running, 0, b"abcd")
    await page.next(Ack, id=running)
    await browser.session.close()
    assert files_below(incoming) == {"f0.bin": DATA}
    assert browser.session.idle


async def test_close_waits_for_the_write_that_is_under_way(
    browser: Browser, gate: Gate, incoming: Path
) -> None:
    (upload_id,) = browser.create(12)
    browser.transfer(upload_id, DATA)
    await gate.reached.wait()
    closing = asyncio.create_task(browser.session.close())
    gate.opened.set()
    await closing
    assert files_below(incoming) == {}
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("removed", [False, True])
async def test_close_waits_until_the_app_has_heard(
    browser: Browser, page: FakePage, removed: bool
) -> None:
    """What the app reads at an end is gone once the session is closed and its files with it."""
    if removed:
        upload_id = await browser.upload(DATA)
    gate = page.while_settling = Gate()
    if removed:
        browser.remove(upload_id)
    else:
        (upload_id,) = browser.create(4)
        browser.transfer(upload_id, b"abcd")
    await gate.reached.wait()
    asyncio.get_running_loop().call_later(0.05, gate.opened.set)
    await browser.session.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_closing_one_session_leaves_the_other_running(
    browser: Browser, page: FakePage
) -> None:
    other = Browser(FakePage(page.now.store))
    (upload_id,) = other.create(4)
    await browser.session.close()
    other.transfer(upload_id, b"abcd")
    await other.page.next(Complete, id=upload_id)
    await other.idle()


async def test_the_guard_of_these_tests_sees_a_blocking_call(
    browser: Browser, hooked: HookedStore, tmp_path: Path
) -> None:
    async def block() -> None:
        (tmp_path / "made").mkdir()

    hooked.hooks["append"] = block
    (upload_id,) = browser.create(4)
    browser.chunk(upload_id, 0, b"abcd")
    assert (await browser.error()).code == "storage"


async def test_one_that_is_tried_again_leaves_the_other_failures(
    browser: Browser, page: FakePage
) -> None:
    page.allow(limits=Limits(max_file_size=8))
    browser.create(9, 10)
    await browser.idle()
    page.allow(limits=Limits())
    browser.create(9, batch="retry")
    assert [it.size for it in browser.session.uploads if it.state == "failed"] == [10]


# A size that is not known before the end


async def test_a_recording_grows_and_is_a_file_when_it_is_finished(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    (upload_id,) = browser.create(None, name="recording.webm", mime_type="audio/webm;codecs=opus")
    browser.chunk(upload_id, 0, b"abcd")
    await page.next(Ack, id=upload_id)
    (running,) = browser.session.uploads
    assert (running.size, running.stored, running.state) == (None, 4, "running")
    assert browser.session.progress == (4, 4)
    browser.chunk(upload_id, 4, b"ef")
    browser.finish(upload_id)
    await page.next(Complete, id=upload_id)
    await browser.idle()
    (file,) = browser.session.files
    assert (file.name, file.size) == ("recording.webm", 6)
    assert files_below(incoming) == {"recording.webm": b"abcdef"}
    assert browser.session.progress == (6, 6)


async def test_a_recording_that_lacks_bytes_goes_on_from_what_is_stored(browser: Browser) -> None:
    (upload_id,) = browser.create(None)
    browser.chunk(upload_id, 0, b"abcd")
    browser.finish(upload_id, size=6)
    assert (await browser.resume(upload_id)).offset == 4


@pytest.mark.parametrize(
    ("multiple", "limits", "code"),
    [
        (True, {"max_file_size": 6}, "file_too_large"),
        (True, {"max_total_size": 10}, "total_too_large"),
        (False, {"max_total_size": 6}, "file_too_large"),
    ],
)
async def test_a_recording_ends_with_the_bytes_beyond_a_limit(
    browser: Browser, page: FakePage, multiple: bool, limits: dict[str, int], code: str
) -> None:
    page.allow(multiple=multiple)
    await browser.upload(b"1234", batch="first")
    page.allow(limits=Limits(**limits))
    (upload_id,) = browser.create(None, batch="second")
    browser.chunk(upload_id, 0, b"abcdef")
    await page.next(Ack, id=upload_id)
    browser.chunk(upload_id, 6, b"g")
    assert (await browser.error(id=upload_id)).code == code


async def test_what_was_stored_of_a_recording_counts_for_others(
    browser: Browser, page: FakePage
) -> None:
    page.allow(limits=Limits(max_total_size=10))
    (upload_id,) = browser.create(None, batch="recording")
    browser.chunk(upload_id, 0, b"abcdef")
    await page.next(Ack, id=upload_id)
    assert browser.create(5, batch="too large") == []
    assert len(browser.create(4, batch="fits")) == 1


async def test_session_ends_though_the_app_does_not_say_whether_it_takes_a_file(
    browser: Browser, page: FakePage
) -> None:
    asked = asyncio.Event()

    async def ask(info: UploadInfo) -> UploadInfo:
        asked.set()
        await asyncio.Event().wait()
        return info

    page.allow(ask=ask)
    browser.create(4)
    await asked.wait()
    async with asyncio.timeout(5):
        await browser.session.close()
    assert page.all(Created) == []
