"""Uploads that a function uses while they arrive: what it reads, how it ends, how fast it is."""

import asyncio
import csv
import io
import os
import shutil
import tarfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from fakes import info, until_only_this_task_runs
from streams import DATA, Slow, browser_of, end

from panel_chunked import UploadCancelledError, UploadReader, UploadStream
from panel_chunked.credit import MAX_HELD
from panel_chunked.errors import Refused
from panel_chunked.pipe import Pipe
from panel_chunked.protocol import Ack, Complete, Removed
from panel_chunked.stores import StreamStore, consumer
from panel_chunked.stores.consumer import Consumer

pytestmark = pytest.mark.usefixtures("nothing_blocks")


async def result_of(handler: Callable[[Any], Any], data: bytes = DATA, **facts: Any) -> Any:
    browser = browser_of(handler)
    await browser.upload(data, **facts)
    (file,) = browser.session.files
    file.unlink()
    return file.result


# --- What it reads ---


async def test_coroutine_gets_the_chunks_as_they_come() -> None:
    async def handler(stream: UploadStream) -> list[bytes]:
        return [chunk async for chunk in stream]

    assert await result_of(handler) == [b"abcd", b"efgh", b"ij"]


async def test_coroutine_reads_what_is_there_but_no_more_than_it_asks_for() -> None:
    async def handler(stream: UploadStream) -> list[bytes | int]:
        read = [await stream.read(size) for size in (0, 3, 3, 100)]
        offset = stream.offset
        return [*read, offset, await stream.read(), await stream.read(), stream.offset]

    assert await result_of(handler) == [b"", b"abc", b"d", b"efgh", 8, b"ij", b"", 10]


async def test_stream_knows_the_file() -> None:
    async def coroutine(stream: UploadStream) -> Any:
        return stream.name, stream.size, stream.mime_type, stream.relative_path, bool(stream.id)

    def function(stream: UploadReader) -> Any:
        return stream.name, stream.size, stream.mime_type, stream.relative_path, bool(stream.id)

    facts = {"name": "a.csv", "relative_path": "tables/a.csv", "mime_type": "text/csv"}
    for handler in (coroutine, function):
        known = await result_of(handler, **facts)
        assert known == ("a.csv", len(DATA), "text/csv", "tables/a.csv", True)


async def test_empty_file_is_an_empty_stream() -> None:
    async def coroutine(stream: UploadStream) -> bytes:
        return await stream.read()

    assert await result_of(coroutine, b"") == b""
    assert await result_of(lambda stream: stream.read(), b"") == b""


async def test_function_has_a_file_object() -> None:
    def handler(stream: UploadReader) -> list[Any]:
        into = bytearray(2)
        assert [stream.readable(), stream.seekable(), stream.writable()] == [True, False, False]
        return [stream.read(5), stream.readinto(into), bytes(into), stream.read1(9), stream.read()]

    # It waits for as much as it asks for, whatever the chunks; `read1` does not.
    assert await result_of(handler) == [b"abcde", 2, b"fg", b"h", b"ij"]


async def test_file_object_tells_where_it_is_and_cannot_seek() -> None:
    def handler(stream: UploadReader) -> list[int]:
        told = [stream.tell()]
        for size in (3, 2, 100):
            stream.read(size)
            told.append(stream.tell())
        with pytest.raises(io.UnsupportedOperation):
            stream.seek(0)
        return told

    assert await result_of(handler) == [0, 3, 5, 10]


async def test_function_may_hand_the_file_object_to_libraries() -> None:
    def rows(stream: UploadReader) -> list[list[str]]:
        return list(csv.reader(io.TextIOWrapper(stream, "utf-8", newline="")))

    def copy(stream: UploadReader) -> bytes:
        shutil.copyfileobj(stream, target := io.BytesIO())
        return target.getvalue()

    def members(stream: UploadReader) -> dict[str, bytes]:
        with tarfile.open(fileobj=stream, mode="r|*") as tar:
            files = ((it.name, tar.extractfile(it)) for it in tar)
            return {name: file.read() for name, file in files if file is not None}

    assert await result_of(rows, b"a,b\n1,2\n\xc3\xa4,3\n") == [["a", "b"], ["1", "2"], ["ä", "3"]]
    data = os.urandom(100_000)
    assert await result_of(copy, b"xy" + data[:1000]) == b"xy" + data[:1000]

    with tarfile.open(fileobj=(packed := io.BytesIO()), mode="w:gz") as tar:
        for name in ("one", "two"):
            it = tarfile.TarInfo(name)
            it.size = 3
            tar.addfile(it, io.BytesIO(name.encode()))
    assert await result_of(members, packed.getvalue()) == {"one": b"one", "two": b"two"}


async def test_it_begins_with_the_first_chunk() -> None:
    slow = Slow()
    slow.permits.release()
    browser = browser_of(slow)
    (upload_id,) = browser.create(len(DATA))
    browser.chunk(upload_id, 0, DATA[:4])
    while not slow.taken:  # noqa: ASYNC110 (it has nothing else to say)
        await asyncio.sleep(0)
    assert slow.taken == [DATA[:4]]
    await end(browser)


# --- How fast it is ---


async def test_a_chunk_is_acknowledged_when_it_was_taken() -> None:
    slow = Slow()
    browser = browser_of(slow)
    (upload_id,) = browser.create(len(DATA))
    browser.chunk(upload_id, 0, DATA[:4])
    browser.chunk(upload_id, 4, DATA[4:])
    for offset in (4, 10):
        assert not browser.page.all(Ack, offset=offset)
        slow.permits.release()
        await browser.page.next(Ack, offset=offset)
    slow.permits.release()
    browser.finish(upload_id)
    assert (await browser.page.next(Complete)).offset == 10
    assert slow.taken == [DATA[:4], DATA[4:]]
    await end(browser)


async def test_what_waits_for_it_is_bounded_whatever_the_browser_sends() -> None:
    slow = Slow()
    browser = browser_of(slow)
    chunk = bytes(2**20)
    (upload_id,) = browser.create(100 * len(chunk))
    for index in range(100):
        browser.chunk(upload_id, index * len(chunk), chunk)
    assert len(chunk) < browser.memory.held <= MAX_HELD
    await end(browser)


# --- How it ends ---


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ValueError("Row 3 has no date."), "app_error", "The app could not use the file: Row 3"),
        (KeyError(), "app_error", "The app could not use the file."),
        (Refused("Only on weekdays."), "refused", "Only on weekdays."),
        (Refused(""), "refused", "The app does not take this file."),
        (Refused("It is away.", may_retry=True), "app_error", "It is away."),
        # Where the server keeps its files is nobody's business.
        (
            FileNotFoundError(2, "No such file", "/srv/key"),
            "app_error",
            "The app could not use the file: No such file.",
        ),
    ],
)
async def test_what_it_raises_fails_the_upload_and_stops_the_browser(
    is_async: bool, error: Exception, code: str, said: str
) -> None:
    async def coroutine(stream: UploadStream) -> None:
        await stream.read(1)
        raise error

    def function(stream: UploadReader) -> None:
        stream.read(1)
        raise error

    browser = browser_of(coroutine if is_async else function)
    (upload_id,) = browser.create(len(DATA))
    browser.chunk(upload_id, 0, DATA[:4])
    refused = await browser.error(id=upload_id)
    assert refused.code == code
    assert refused.message.startswith(said)
    assert "/srv" not in refused.message
    (upload,) = browser.session.uploads
    assert (upload.state, upload.error_code) == ("failed", code)
    await end(browser)


async def test_what_it_raises_is_in_the_log_unless_it_refuses(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(stream: UploadReader) -> None:
        raise Refused("No.") if stream.name == "f0.bin" else ValueError("It broke.")

    browser = browser_of(fail)
    for facts in ({}, {"name": "b.bin"}):
        (upload_id,) = browser.create(4, batch=f"b{len(facts)}", **facts)
        browser.chunk(upload_id, 0, b"abcd")
        await browser.error(id=upload_id)
    traced = [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert traced == ["It broke."]
    await end(browser)


async def reads(stream: UploadStream) -> bytes:
    return await stream.read()


def yields(stream: UploadReader) -> Iterator[bytes]:
    yield stream.read()


async def yields_asynchronously(stream: UploadStream) -> AsyncIterator[bytes]:
    yield await stream.read()


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (lambda stream: reads(stream), "async def"),
        (yields, "cannot yield"),
        (yields_asynchronously, "cannot yield"),
    ],
)
async def test_a_function_that_has_not_run_has_failed(
    handler: Callable[[Any], Any], said: str
) -> None:
    browser = browser_of(handler)
    (upload_id,) = browser.create(4)
    browser.transfer(upload_id, b"abcd")
    assert said in (await browser.error(id=upload_id)).message
    assert browser.session.files == []
    await end(browser)


async def test_a_function_that_was_cancelled_by_others_is_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler(stream: UploadStream) -> None:
        raise asyncio.CancelledError

    browser = browser_of(handler)
    (upload_id,) = browser.create(4)
    browser.chunk(upload_id, 0, b"abcd")
    assert (await browser.error(id=upload_id)).code == "app_error"
    assert "was cancelled" in caplog.text
    await end(browser)


async def test_it_may_fail_while_nothing_comes() -> None:
    fails = asyncio.Event()

    async def handler(stream: UploadStream) -> None:
        await stream.read(4)
        await fails.wait()
        raise ValueError("Too late.")

    browser = browser_of(handler)
    (upload_id,) = browser.create(len(DATA))
    browser.chunk(upload_id, 0, DATA[:4])
    await browser.page.next(Ack, offset=4)
    fails.set()
    assert "Too late." in (await browser.error(id=upload_id)).message
    await end(browser)


@pytest.mark.parametrize("reads", [2, 4, 7])
async def test_it_may_return_before_the_end(reads: int) -> None:
    async def handler(stream: UploadStream) -> bytes:
        data = b""
        while len(data) < reads:
            data += await stream.read(reads - len(data))
        return data

    browser = browser_of(handler)
    (upload_id,) = browser.create(len(DATA))
    browser.chunk(upload_id, 0, DATA[:4])
    browser.chunk(upload_id, 4, DATA[4:8])
    complete = await browser.page.next(Complete, id=upload_id)
    (file,) = browser.session.files
    assert file.result == DATA[:reads]
    assert complete.offset == file.received < file.size == len(DATA)
    assert browser.page.all(Removed) == []
    await end(browser)


async def test_nothing_of_the_file_is_stored() -> None:
    browser = browser_of(lambda stream: len(stream.read()))
    await browser.upload(DATA)
    (file,) = browser.session.files
    assert (file.result, file.received) == (10, 10)
    for use in (file.open, file.read, lambda: file.save("x"), lambda: file.path):
        with pytest.raises(FileNotFoundError, match="went to a function"):
            use()
    browser.remove(file.id)
    await browser.removed(file.id)
    assert browser.session.files == []
    await end(browser)


async def test_a_coroutine_is_cancelled_with_its_upload() -> None:
    caught: list[BaseException] = []

    async def handler(stream: UploadStream) -> None:
        try:
            await stream.read()
        except asyncio.CancelledError as error:
            caught.append(error)
            raise

    browser = browser_of(handler)
    (upload_id,) = browser.create(len(DATA))
    browser.chunk(upload_id, 0, DATA[:4])
    await browser.page.next(Ack, offset=4)
    browser.abort(upload_id)
    await browser.removed(upload_id)
    await end(browser)
    assert len(caught) == 1


async def test_a_function_hears_of_it_as_it_reads(caplog: pytest.LogCaptureFixture) -> None:
    ended = threading.Event()

    def handler(stream: UploadReader) -> None:
        try:
            stream.read()
        except UploadCancelledError:
            ended.set()
            raise

    browser = browser_of(handler)
    (upload_id,) = browser.create(len(DATA))
    browser.chunk(upload_id, 0, DATA[:4])
    await browser.page.next(Ack, offset=4)
    browser.abort(upload_id)
    await browser.removed(upload_id)
    assert await asyncio.to_thread(ended.wait, 10)
    await end(browser)
    assert [record for record in caplog.records if record.exc_info] == []


async def test_a_coroutine_is_cancelled_before_what_it_reads_raises_something_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raised: list[type[BaseException]] = []
    heard, cancelling = asyncio.Event(), threading.current_thread()
    close = Pipe.close

    def slow_close(self: Pipe, error: BaseException | None = None) -> None:
        close(self, error)
        if threading.current_thread() is not cancelling:
            woken.wait(1)  # for what it wakes

    async def handler(stream: UploadStream) -> None:
        try:
            await stream.read()
        except BaseException as error:
            raised.append(type(error))
            woken.set()
            heard.set()
            raise

    woken = threading.Event()
    monkeypatch.setattr(Pipe, "close", slow_close)
    consumer = Consumer(info())
    consumer.start(handler, nullcontext)
    await asyncio.sleep(0)
    await asyncio.to_thread(consumer.cancel)
    await asyncio.wait_for(heard.wait(), 10)
    assert raised == [asyncio.CancelledError]
    await until_only_this_task_runs()
    assert consumer.is_over


async def test_a_coroutine_that_is_cancelled_before_it_has_begun_is_over() -> None:
    async def handler(stream: UploadStream) -> None:
        await stream.read()

    consumer = Consumer(info())
    consumer.start(handler, nullcontext)
    consumer.cancel()
    await until_only_this_task_runs()
    assert consumer.is_over


@pytest.mark.parametrize("step", ["chunk", "finish"])
async def test_cancelling_does_not_wait_for_a_slow_one(step: str) -> None:
    slow = Slow()
    browser = browser_of(slow)
    (upload_id,) = browser.create(len(DATA))
    if step == "finish":
        slow.permits.release()
    browser.chunk(upload_id, 0, DATA)
    if step == "finish":
        await browser.page.next(Ack, offset=10)
        browser.finish(upload_id)
    browser.abort(upload_id)
    await browser.removed(upload_id)
    await end(browser)


async def test_a_function_for_which_there_is_no_thread_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_threads(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    before = dict(consumer._threads)
    monkeypatch.setattr(threading.Thread, "start", no_threads)
    with pytest.raises(RuntimeError, match="can't start"):
        await StreamStore(print).create(info(id="no thread"))
    assert await StreamStore(print).find("no thread") is None
    assert consumer._threads == before
