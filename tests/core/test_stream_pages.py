"""Functions that use uploads whose page is gone, comes back, or goes on in another session."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from fakes import cancel_streams, info, until_only_this_task_runs
from streams import DATA, Slow, browser_of, end

from panel_chunked import UploadReader, UploadStream
from panel_chunked.checksum import checksum
from panel_chunked.errors import Refused
from panel_chunked.lane import LET_GO_SECONDS
from panel_chunked.protocol import Ack, Complete
from panel_chunked.stores import StreamStore
from panel_chunked.stores import stream as streams
from panel_chunked.underway import MAX_RUNNING

pytestmark = pytest.mark.usefixtures("nothing_blocks")


def new_handler(name: str) -> Callable[[UploadStream], Any]:
    """Make one as a session does that runs the app's script."""

    async def handler(stream: UploadStream) -> tuple[str, bytes]:
        return name, await stream.read()

    return handler


@pytest.mark.parametrize(
    ("handler", "is_found"),
    [
        (new_handler("b"), True),
        (partial(new_handler("b")), True),
        (Slow(), False),
        (print, False),
        (lambda stream: None, False),
    ],
)
async def test_an_upload_is_found_by_the_same_function_alone(
    handler: Callable[[Any], Any], is_found: bool
) -> None:
    stored = await StreamStore(new_handler("a")).create(info(id="u1"))
    assert (await StreamStore(handler).find("u1") is not None) == is_found
    await stored.terminate()
    await until_only_this_task_runs()


async def test_it_waits_for_the_page_and_goes_on_in_another_session() -> None:
    browser = browser_of(new_handler("first"))
    (upload_id,) = browser.create(len(DATA))
    browser.chunk(upload_id, 0, DATA[:4])
    await browser.page.next(Ack, offset=4)
    await browser.session.close()

    later = browser_of(new_handler("later"))
    secret = browser.secret(upload_id)
    known = [{"id": upload_id, "secret": secret, "batch": "b"}]
    later.send("hello", version=1, page="page", uploads=known)
    resume = await later.resume(upload_id)
    assert (resume.offset, resume.checksum) == (4, checksum(DATA[:4]))
    later.chunk(upload_id, 4, DATA[4:])
    later.finish(upload_id)
    await later.page.next(Complete, id=upload_id)
    assert [file.result for file in later.session.files] == [("first", DATA)]
    later.remove(upload_id)
    await later.removed(upload_id)
    await end(later)


async def test_its_end_is_told_in_the_session_that_the_page_is_in() -> None:
    called, ends = asyncio.Event(), asyncio.Event()

    async def handler(_stream: UploadStream) -> str:
        called.set()
        await ends.wait()
        return "enough"

    left = browser_of(handler)
    (upload_id,) = left.create(len(DATA))
    left.chunk(upload_id, 0, DATA[:4])
    await called.wait()
    left.hello(upload_id)  # it was cut off, and is again
    other = browser_of(StreamStore(handler))
    known = [{"id": upload_id, "secret": left.secret(upload_id), "batch": "b"}]
    other.send("hello", version=1, page="page", uploads=known)
    await other.resume(upload_id)
    await left.resume(upload_id)  # which nobody answers

    ends.set()
    await other.page.next(Complete, id=upload_id)
    assert [file.result for file in other.session.files] == ["enough"]
    assert left.session.files == []
    await left.session.close()
    await end(other)


async def test_a_session_that_ends_does_not_wait_for_a_slow_one() -> None:
    slow = Slow()
    browser = browser_of(slow)
    (upload_id,) = browser.create(len(DATA))
    browser.chunk(upload_id, 0, DATA)
    await slow.called.wait()
    async with asyncio.timeout(5):
        await browser.session.close()
    resumed = await StreamStore(slow).resume(upload_id)
    assert resumed.offset == 10  # it is still to be taken
    await resumed.terminate()
    await end(browser)


async def test_it_is_cancelled_if_the_page_does_not_come_back() -> None:
    cancelled = asyncio.Event()

    async def handler(stream: UploadStream) -> None:
        try:
            await stream.read()
        finally:
            cancelled.set()

    store = StreamStore(handler, expiry=0.01)
    browser = browser_of(store)
    (upload_id,) = browser.create(len(DATA))
    browser.chunk(upload_id, 0, DATA[:4])
    await browser.page.next(Ack, offset=4)
    await asyncio.sleep(10 * store.expiry)  # its page is there
    assert not cancelled.is_set()
    await browser.session.close()
    await asyncio.wait_for(cancelled.wait(), 10)  # nobody has to look
    assert await store.find(upload_id) is None
    await until_only_this_task_runs()


async def test_each_store_has_an_expiry_of_its_own() -> None:
    handler = new_handler("a")
    patient, hasty = StreamStore(handler), StreamStore(handler, expiry=0.01)
    for store, upload_id in ((patient, "patient"), (hasty, "hasty")):
        stored = await store.create(info(size=4, id=upload_id))
        await stored.suspend()
    async with asyncio.timeout(10):
        while await hasty.find("hasty") is not None:  # noqa: ASYNC110 (a store has no event)
            await asyncio.sleep(0.01)
    assert await patient.find("patient") is not None
    cancel_streams()
    await until_only_this_task_runs()


async def test_a_pause_does_not_count_as_a_page_that_is_gone() -> None:
    async def handler(stream: UploadStream) -> bytes:
        return await stream.read()

    store = StreamStore(handler, expiry=0.01)
    browser = browser_of(store)
    (upload_id,) = browser.create(len(DATA))
    browser.chunk(upload_id, 0, DATA[:4])
    await browser.page.next(Ack, offset=4)
    await asyncio.sleep(2 * LET_GO_SECONDS)  # the pause itself is what is tested
    browser.chunk(upload_id, 4, DATA[4:])
    browser.finish(upload_id)
    await browser.page.next(Complete, id=upload_id)
    assert [file.result for file in browser.session.files] == [DATA]
    await end(browser)


async def test_who_waits_for_a_function_that_was_cancelled_is_woken() -> None:
    cancelled, goes_on = asyncio.Event(), asyncio.Event()

    async def handler(stream: UploadStream) -> None:
        try:
            await stream.read()
        except asyncio.CancelledError:
            cancelled.set()
            await goes_on.wait()  # it takes its time to tidy up

    store = StreamStore(handler, expiry=0.01)
    stored = await store.create(of := info(size=4))
    await stored.append(b"abcd")
    await stored.suspend()
    await asyncio.wait_for(cancelled.wait(), 10)
    finishing = asyncio.create_task(stored.finish())
    goes_on.set()
    async with asyncio.timeout(5):
        await asyncio.wait([finishing])
    assert await store.find(of.id) is None


async def test_who_sends_is_told_at_once_that_another_one_does() -> None:
    slow = Slow()
    browser = browser_of(slow)
    (upload_id,) = browser.create(len(DATA))
    browser.chunk(upload_id, 0, DATA[:4])  # nobody takes it
    await slow.called.wait()
    resumed = await StreamStore(slow).resume(upload_id)
    assert (await browser.error(id=upload_id)).code == "taken_over"
    await resumed.terminate()
    await end(browser)


async def test_a_page_that_comes_back_hears_why_its_function_has_failed() -> None:
    fails = asyncio.Event()

    async def handler(stream: UploadStream) -> None:
        await stream.read(4)
        await fails.wait()
        raise Refused("Row 3 has no date.")

    browser = browser_of(handler)
    (upload_id,) = browser.create(len(DATA))
    browser.chunk(upload_id, 0, DATA[:4])
    await browser.page.next(Ack, offset=4)
    await browser.session.close()
    fails.set()
    await until_only_this_task_runs()

    later = browser_of(handler)
    known = [{"id": upload_id, "secret": browser.secret(upload_id), "batch": "b"}]
    later.send("hello", version=1, page="page", uploads=known)
    await later.resume(upload_id)
    later.chunk(upload_id, 4, DATA[4:])
    error = await later.error(id=upload_id)
    assert (error.code, error.message) == ("refused", "Row 3 has no date.")
    await end(later)


# --- How much is kept ---


class Result:
    """Something that a weak reference can point to."""


async def test_what_it_returns_is_not_kept_longer_than_its_file() -> None:
    async def handler(stream: UploadStream) -> Result:
        await stream.read()
        return Result()

    browser = browser_of(handler)
    results = []
    for _ in range(3):
        await browser.upload(DATA)
        results.append(weakref.ref(browser.session.files[-1].result))
    browser.session.forget(browser.session.files[0].id)
    browser.session.clear()
    await browser.idle()
    browser.page.picked.clear()
    browser.page.told.clear()
    gc.collect()
    assert [result() for result in results] == [None, None, None]
    await end(browser)


async def test_a_function_that_has_ended_keeps_nothing_of_its_session() -> None:
    class Document:
        @contextmanager
        def current(self) -> Iterator[None]:
            yield

    document = Document()
    kept = weakref.ref(document)
    browser = browser_of(StreamStore(new_handler("a"), within=document.current))
    await browser.upload(DATA)
    await browser.session.close()
    session = weakref.ref(browser.session)
    del document, browser
    gc.collect()
    assert (kept(), session()) == (None, None)
    cancel_streams()


@pytest.mark.parametrize("limit", ["MAX_LEFT", "MAX_LEFT_BYTES"])
async def test_what_waits_for_pages_is_bounded(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, limit, 2 if limit == "MAX_LEFT" else 2 * len(DATA))
    slow = Slow()
    store = StreamStore(slow)
    left = []
    for _ in range(4):
        browser = browser_of(store)
        (upload_id,) = browser.create(len(DATA))
        browser.chunk(upload_id, 0, DATA)  # nobody takes it
        await slow.called.wait()
        slow.called.clear()
        await browser.session.close()
        left.append(upload_id)
    is_known = [await store.find(upload_id) is not None for upload_id in left]
    assert is_known == [False, False, True, True]
    await end(browser)


async def test_what_is_complete_takes_no_room_from_what_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "MAX_LEFT", 2)
    monkeypatch.setattr(streams, "MAX_COMPLETE", 3)
    store = StreamStore(new_handler("a"))
    waiting = await store.create(info(size=4, id="waiting"))
    await waiting.suspend()
    for number in range(5):
        stored = await store.create(info(size=1, id=f"complete{number}"))
        await stored.append(b"x")
        await stored.finish()
    known = [await store.find(f"complete{number}") is not None for number in range(5)]
    assert known == [False, False, True, True, True]
    assert await store.find("waiting") is not None
    cancel_streams()
    await until_only_this_task_runs()


async def test_functions_that_run_after_their_last_byte_count() -> None:
    running, may_end = threading.Semaphore(0), threading.Event()

    def handler(stream: UploadReader) -> None:
        stream.read()
        running.release()
        may_end.wait(10)

    browser = browser_of(handler)
    *ids, late = browser.create(*[4] * (MAX_RUNNING + 1))
    for upload_id in ids:
        browser.transfer(upload_id, b"abcd")
    for _ in ids:
        assert await asyncio.to_thread(running.acquire, timeout=10)
    browser.chunk(late, 0, b"abcd")
    assert (await browser.error(id=late)).code == "busy"
    may_end.set()
    await browser.idle()
    assert len(browser.session.files) == MAX_RUNNING
    await end(browser)
