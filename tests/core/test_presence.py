"""Several pages of one session, as in a notebook, of which some are gone."""

import asyncio
from pathlib import Path

import pytest
from fakes import Browser, FakePage, files_below

from panel_chunked.protocol import Ack, Complete, Error

pytestmark = pytest.mark.usefixtures("nothing_blocks")


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
