"""Reading what is stored of an upload while it grows."""

import asyncio
import io
import os
import threading
from typing import Any

import pytest
from fakes import Browser, FakePage, until_only_this_task_runs

from panel_chunked import UploadCancelledError, UploadReader, UploadStream
from panel_chunked.follow import Follower
from panel_chunked.protocol import Ack, Complete
from panel_chunked.stores import StreamStore, TemporaryStore

DATA = b"abcdefghij"


@pytest.fixture(params=["directory", "temporary"])
def store(request: pytest.FixtureRequest, store: Any) -> Any:
    if request.param == "directory":
        yield store
    else:
        temporary = TemporaryStore()
        yield temporary
        temporary.close()


async def begin(browser: Browser, page: FakePage, data: bytes = DATA[:4]) -> str:
    (upload_id,) = browser.create(len(DATA))
    browser.chunk(upload_id, 0, data)
    await page.next(Ack, offset=len(data))
    return upload_id


async def rest(browser: Browser, page: FakePage, upload_id: str, offset: int = 4) -> None:
    browser.chunk(upload_id, offset, DATA[offset:])
    browser.finish(upload_id)
    await page.next(Complete, id=upload_id)


async def test_a_stream_follows_the_file(browser: Browser, page: FakePage) -> None:
    upload_id = await begin(browser, page)
    (upload,) = browser.session.uploads
    stream = upload.stream()
    assert (stream.name, stream.size) == ("f0.bin", 10)
    assert await stream.read(3) == b"abc"
    assert await stream.read(100) == b"d"
    reading = asyncio.create_task(stream.read())
    await rest(browser, page, upload_id)
    assert await reading == b"efghij"
    assert await stream.read() == b""


async def test_it_may_be_asked_for_before_the_first_byte(browser: Browser, page: FakePage) -> None:
    (upload_id,) = browser.create(len(DATA))
    reading = asyncio.create_task(browser.session.uploads[0].stream().read())
    await rest(browser, page, upload_id, 0)
    assert await reading == DATA


async def test_there_is_nothing_before_the_first_byte(browser: Browser, page: FakePage) -> None:
    await begin(browser, page)
    (upload,) = browser.session.uploads
    for follow in (upload.stream, upload.open):
        with pytest.raises(ValueError, match="-5"):
            follow(-5)


async def test_several_read_at_once_each_from_where_it_wants(
    browser: Browser, page: FakePage
) -> None:
    upload_id = await begin(browser, page)
    (upload,) = browser.session.uploads
    streams = [upload.stream(), upload.stream(), upload.stream(2), upload.stream(7)]
    ahead = streams[0]
    assert await ahead.read(4) == b"abcd"
    assert upload.open(7).tell() == streams[3].offset == 7
    reading = [asyncio.create_task(stream.read()) for stream in streams]
    reading.append(asyncio.create_task(asyncio.to_thread(lambda: upload.open(5).read())))
    await rest(browser, page, upload_id)
    assert await asyncio.gather(*reading) == [b"efghij", DATA, DATA[2:], DATA[7:], DATA[5:]]


async def test_a_file_object_waits_in_its_thread(browser: Browser, page: FakePage) -> None:
    upload_id = await begin(browser, page)
    (upload,) = browser.session.uploads

    def read(file: UploadReader) -> list[bytes]:
        with file:
            return [file.read(6), file.read()]

    reading = asyncio.create_task(asyncio.to_thread(read, upload.open()))
    await rest(browser, page, upload_id)
    assert await reading == [b"abcdef", b"ghij"]


async def test_the_upload_does_not_wait_for_its_readers(browser: Browser, page: FakePage) -> None:
    upload_id = await begin(browser, page)
    stream = browser.session.uploads[0].stream()
    await rest(browser, page, upload_id)
    assert await stream.read() == DATA


async def test_a_read_that_is_cancelled_loses_nothing(
    browser: Browser, page: FakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = await begin(browser, page)
    begun, may_end = threading.Event(), threading.Event()
    read = Follower._peek

    def slow(self: Follower, size: int) -> bytes | None:
        data = read(self, size)
        begun.set()
        may_end.wait(10)
        return data

    monkeypatch.setattr(Follower, "_peek", slow)
    stream = browser.session.uploads[0].stream()
    reading = asyncio.create_task(stream.read(4))
    assert await asyncio.to_thread(begun.wait, 10)
    reading.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await rest(browser, page, upload_id)
    assert await stream.read() == DATA


@pytest.mark.parametrize("end", ["abort", "fail", "close"])
async def test_an_upload_that_ends_badly_ends_its_readers(
    browser: Browser, page: FakePage, end: str
) -> None:
    upload_id = await begin(browser, page)
    upload = browser.session.uploads[0]
    stream = upload.stream()
    assert await stream.read(4) == b"abcd"
    reading = [
        asyncio.create_task(stream.read()),
        asyncio.create_task(asyncio.to_thread(upload.open().read)),
    ]
    if end == "abort":
        browser.abort(upload_id)
    elif end == "fail":
        browser.chunk(upload_id, 4, bytes(100))
    else:
        await browser.session.close()
    for reader in reading:
        with pytest.raises(UploadCancelledError):
            await reader


async def test_no_reader_misses_a_byte_however_they_come(browser: Browser, page: FakePage) -> None:
    data = os.urandom(20_000)
    (upload_id,) = browser.create(len(data))
    upload = browser.session.uploads[0]
    reading = [asyncio.create_task(upload.stream().read()) for _ in range(3)]
    reading += [asyncio.create_task(asyncio.to_thread(upload.open().read)) for _ in range(2)]
    browser.transfer(upload_id, data, chunk_size=100)
    assert set(await asyncio.gather(*reading)) == {data}


async def test_what_a_function_uses_cannot_be_followed() -> None:
    async def handler(stream: UploadStream) -> bytes:
        return await stream.read()

    browser = Browser(FakePage(StreamStore(handler)))
    (upload_id,) = browser.create(len(DATA))
    early = browser.session.uploads[0].stream()
    browser.chunk(upload_id, 0, DATA[:4])
    await browser.page.next(Ack)
    for call in (browser.session.uploads[0].stream, browser.session.uploads[0].open):
        with pytest.raises(io.UnsupportedOperation):
            call()
    with pytest.raises(io.UnsupportedOperation):
        await early.read()
    browser.abort(upload_id)
    await browser.removed(upload_id)
    await browser.session.close()
    await until_only_this_task_runs()


async def test_what_was_refused_cannot_be_followed(browser: Browser, page: FakePage) -> None:
    page.allow(disabled=True)
    browser.create(len(DATA))
    with pytest.raises(io.UnsupportedOperation):
        browser.session.uploads[0].stream()
