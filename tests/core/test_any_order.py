"""Whatever is lost, doubled or out of order: the bytes are right, or the upload is not done."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes import Browser, FakePage, files_below, until_only_this_task_runs
from hypothesis import given, settings
from hypothesis import strategies as st

from panel_chunked.checksum import checksum
from panel_chunked.protocol import Complete, Resume
from panel_chunked.stores import DirectoryStore


class Inline(ThreadPoolExecutor):
    """Works at once, so that a transfer goes the same way each time."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass(frozen=True)
class Slice:
    """A chunk with the bytes from `start` to `stop`."""

    start: int
    stop: int


Step = Slice | str | int


@st.composite
def faulty_transfers(draw: st.DrawFn) -> tuple[bytes, list[Step]]:
    """Draw a file, and steps: some of its chunks in any order, and other messages between them."""
    data = draw(st.binary(max_size=40))
    chunk_size = draw(st.integers(1, 16))
    honest = [Slice(i, min(i + chunk_size, len(data))) for i in range(0, len(data), chunk_size)]
    bounds = st.integers(0, len(data))
    anywhere = st.builds(lambda a, b: Slice(min(a, b), max(a, b)), bounds, bounds)
    other = st.sampled_from(["finish", "hello", "create"]) | st.integers(1, 12)
    steps: list[Step] = []
    for chunk in honest:  # mostly in order, or hardly anything would ever fit
        steps += draw(st.lists(anywhere | other, max_size=2))
        steps += [chunk] * draw(st.sampled_from([1, 1, 1, 1, 0, 2]))
    return data, steps + draw(st.lists(anywhere | other, max_size=3))


async def play(browser: Browser, data: bytes, steps: Sequence[Step]) -> str:
    (upload_id,) = browser.create(len(data))
    for step in steps:
        match step:
            case Slice(start=start, stop=stop):
                known = checksum(data[:stop])
                browser.chunk(upload_id, start, data[start:stop], checksum=known)
            case "finish":
                browser.finish(upload_id, checksum=checksum(data))
            case "hello":
                browser.hello(upload_id)
            case "create" if not browser.page.all(Complete):
                browser.create(len(data))
            case int(turns):
                for _ in range(turns):  # of the event loop: the session gets this far
                    await asyncio.sleep(0)
    return upload_id


async def recover(browser: Browser, upload_id: str, data: bytes) -> None:
    """Do what an honest browser does after a fault: ask where to go on, and go on from there."""
    sent = browser.page.sent
    start = len(sent)
    browser.hello(upload_id)
    await browser.page.until(lambda: any(isinstance(m, Complete | Resume) for m in sent[start:]))
    while answers := [m for m in sent[start:] if isinstance(m, Complete | Resume)]:
        if isinstance(answers[-1], Complete):
            return
        start, offset = len(sent), answers[-1].offset
        browser.chunk(upload_id, offset, data[offset:])
        browser.finish(upload_id)
        await browser.page.until(
            lambda: any(isinstance(m, Complete | Resume) for m in sent[start:])  # noqa: B023
        )


async def upload_with_faults(root: Path, data: bytes, steps: Sequence[Step]) -> None:
    asyncio.get_running_loop().set_default_executor(Inline())
    browser = Browser(FakePage(DirectoryStore(root)))
    browser.page.patience = 1  # nothing here waits for anything but the event loop
    upload_id = await play(browser, data, steps)
    whole = {"f0.bin": data}
    assert {k: v for k, v in files_below(root).items() if k[0] != "."} in ({}, whole)
    await recover(browser, upload_id, data)
    await browser.idle()
    assert browser.page.all(Complete, id=upload_id)
    assert files_below(root) == whole
    assert len(browser.page.picked) == 1
    await browser.session.close()
    await until_only_this_task_runs()


@settings(deadline=None, max_examples=150)
@given(faulty_transfers())
def test_any_order_of_messages_ends_with_the_right_bytes(
    transfer: tuple[bytes, list[Step]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(upload_with_faults(Path(folder), *transfer))
