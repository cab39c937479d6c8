"""What the app sees of a session, and what it clears and deletes."""

import asyncio
from pathlib import Path

import pytest
from fakes import Browser, FakePage, Gate, HookedStore, files_below

from panel_chunked.limits import Limits
from panel_chunked.protocol import Ack, Cleared, Complete, Removed

pytestmark = pytest.mark.usefixtures("nothing_blocks")

DATA = b"abcdefghijkl"


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
