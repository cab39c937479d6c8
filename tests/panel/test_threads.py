"""Callbacks of the app that raise, and that take their time, on one thread and on several."""

import asyncio
import random
import threading
import time

import panel as pn
import pytest
from panel.io.state import state

from panel_chunked import ChunkedFileInput
from panel_chunked import page as page_module
from panel_chunked.underway import MAX_RUNNING


@pytest.fixture
def nthreads(monkeypatch):
    monkeypatch.setattr(pn.config, "nthreads", 4)
    assert state._thread_pool is not None


class Slow:
    """A watcher that does not return until it is told to; later calls return at once."""

    def __init__(self):
        self.calls = []
        self._go_on = threading.Event()

    def __call__(self, event):
        self.calls.append(event.new)
        assert self._go_on.wait(30)

    def end(self):
        self._go_on.set()

    @property
    def running(self):
        return self.calls and not self._go_on.is_set()


@pytest.fixture
def slow(nthreads):
    slow = Slow()
    yield slow
    slow.end()


async def nothing_waits_for_a_thread():
    """Wait until as many callbacks as there are threads, less the slow one, have run."""
    met = threading.Barrier(3)
    async with asyncio.timeout(5):
        await asyncio.gather(
            *(asyncio.wrap_future(state._thread_pool.submit(met.wait, 5)) for _ in range(3))
        )


@pytest.mark.parametrize("threads", [None, 4])
async def test_a_callback_that_raises_each_time_holds_up_nothing(open_page, monkeypatch, threads):
    monkeypatch.setattr(pn.config, "nthreads", threads)
    widget = ChunkedFileInput(multiple=True)
    page = await open_page(widget)
    told = []

    def raising(event):
        told.append(event.new)
        raise ZeroDivisionError

    widget.param.watch(raising, "value")
    for number in range(3):
        await page.create((f"{number}.txt", str(number).encode()))
    await page.wait(lambda: len(told) == 3)
    assert sorted(told) == [[b"0"], [b"1"], [b"2"]], "each once"

    (created,) = await page.create(("next.txt", b"next"), chunks=False)
    await page.say("chunk", id=created["id"], attempt=0, offset=0, data=b"ne")
    await page.wait(lambda: widget.progress == 50)
    assert [upload.name for upload in widget.uploads] == ["next.txt"]


async def test_a_pick_that_is_over_while_the_app_is_told_of_another_page_arrives(open_page, slow):
    widget = ChunkedFileInput(multiple=True)
    one, two = await open_page(widget), await open_page(widget)
    await one.upload(("first.txt", b"1"))
    await two.upload(("gone.txt", b"gone"))
    widget.param.watch(slow, "files")
    values = []
    widget.param.watch(lambda event: values.append(event.new), "filename")

    await two.leave()
    await one.wait(lambda: slow.running)
    (answer,) = await one.create(("a.txt", b"a"))
    await one.heard("complete", id=answer["id"])
    (session,) = widget._sessions()
    await one.wait(lambda: not session.ending)
    slow.end()

    # The thread tells the watchers after it has set the params.
    await one.wait(lambda: values[-1:] == [["a.txt"]])
    assert widget.filename == ["a.txt"]


async def test_progress_takes_no_thread_while_a_callback_takes_its_time(
    open_page, slow, monkeypatch
):
    monkeypatch.setattr(page_module, "PROGRESS_INTERVAL", 0)
    widget = ChunkedFileInput(multiple=True)
    page = await open_page(widget)
    widget.param.watch(slow, "value")
    await page.create(("a.txt", b"a"))
    await page.wait(lambda: slow.running)

    (created,) = await page.create(("b.txt", bytes(20)), chunks=False)
    for offset in range(10):
        await page.say("chunk", id=created["id"], attempt=0, offset=offset, data=b"b")
        await page.heard("ack", id=created["id"], offset=offset + 1)

    await nothing_waits_for_a_thread()
    slow.end()
    await page.wait(lambda: widget.uploads and widget.uploads[0].stored == 10)
    assert widget.progress == 50


async def test_closing_the_page_does_not_wait_for_a_callback(open_page, slow):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    widget.param.watch(slow, "value")
    await page.create(("a.txt", b"a"))
    await page.wait(lambda: slow.running)

    await page.leave()

    assert slow.running
    slow.end()
    await page.wait(lambda: not widget.files)
    assert widget.value is None
    assert slow.calls == [b"a"], "nobody is there any more"


async def test_clear_on_the_event_loop_does_not_wait_for_a_callback(open_page, slow):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    widget.param.watch(slow, "value")
    await page.create(("a.txt", b"a"))
    await page.wait(lambda: slow.running)

    widget.clear()

    assert slow.running
    slow.end()
    await page.wait(lambda: not widget.files)
    assert (widget.value, widget.filename, widget.mime_type) == (None, None, None)


async def test_clear_that_comes_meanwhile_empties_what_the_app_has_set(open_page, slow):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    widget.param.watch(slow, "files")
    await page.create(("a.txt", b"a"))
    await page.wait(lambda: slow.running)
    widget.value = b"set"

    widget.clear()

    slow.end()
    await page.wait(lambda: not widget.files)
    assert widget.value is None


async def test_picks_that_overlap_all_arrive_with_callbacks_slow_and_raising(open_page, nthreads):
    widget = ChunkedFileInput(multiple=True)
    page, *leaving = [await open_page(widget) for _ in range(4)]
    chance = random.Random(1)
    told, threads, together = [], set(), []
    alone = threading.Lock()
    few = asyncio.Semaphore(MAX_RUNNING // 2)

    def on_files(event):
        threads.add(threading.current_thread())
        if not alone.acquire(blocking=False):
            together.append(event)
            return
        time.sleep(chance.choice([0, 0.001, 0.01]))
        alone.release()

    def on_filename(event):
        told.append(event.new)
        if chance.random() < 0.5:
            raise ZeroDivisionError

    widget.param.watch(on_files, "files")
    widget.param.watch(on_filename, "filename")

    async def pick(number):
        async with few:
            answers = await page.create((f"{number}.txt", b"a"), (f"{number}.bin", b"b"))
            for answer in answers:
                await page.heard("complete", id=answer["id"])

    async def leave(other):
        async with few:
            await other.create(("gone.txt", b"gone"))
            await other.leave()

    tasks = [*map(pick, range(40)), *map(leave, leaving)]
    chance.shuffle(tasks)
    await asyncio.gather(*tasks)

    picks = [[f"{number}.txt", f"{number}.bin"] for number in range(40)]
    await page.wait(lambda: all(pick in told for pick in picks))
    names = sorted(name for pick in picks for name in pick)
    await page.wait(lambda: sorted(file.name for file in widget.files) == names)
    await page.wait(lambda: (widget.progress, widget.uploads) == (100, []))
    assert [pick for pick in picks if told.count(pick) > 1] == []
    assert together == [], "watchers ran on two threads at the same time"
    assert threading.current_thread() not in threads
    with pytest.raises(TypeError, match="Read-only"):
        widget.files = []
