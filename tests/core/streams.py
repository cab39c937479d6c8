"""What tests of functions that use uploads share."""

import asyncio
from collections.abc import Callable
from typing import Any

from fakes import Browser, FakePage, cancel_streams, until_only_this_task_runs

from panel_chunked import UploadStream
from panel_chunked.stores import StreamStore

DATA = b"abcdefghij"


def browser_of(handler: Callable[[Any], Any] | StreamStore) -> Browser:
    return Browser(FakePage(handler if isinstance(handler, StreamStore) else StreamStore(handler)))


async def end(browser: Browser) -> None:
    await browser.session.close()
    cancel_streams()  # also what waits for its page
    await until_only_this_task_runs()


class Slow:
    """A handler that takes a chunk only when the test says so."""

    def __init__(self) -> None:
        self.called = asyncio.Event()
        self.permits = asyncio.Semaphore(0)
        self.taken: list[bytes] = []

    async def __call__(self, stream: UploadStream) -> int:
        self.called.set()
        await self.permits.acquire()
        async for chunk in stream:
            self.taken.append(chunk)
            await self.permits.acquire()
        return len(self.taken)
