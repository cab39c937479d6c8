"""The end of a session."""

import asyncio
from pathlib import Path

import pytest
from fakes import Browser, FakePage, Gate, files_below

from panel_chunked.protocol import Ack, Complete

pytestmark = pytest.mark.usefixtures("nothing_blocks")

DATA = b"abcdefghijkl"


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
