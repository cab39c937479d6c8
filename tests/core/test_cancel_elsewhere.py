"""An upload is cancelled in another session than the one that has it."""

from pathlib import Path

import pytest
from fakes import Browser, FakePage, files_below
from returning import DATA, Returning, begin, begin_and_leave, come_back_complete, send_rest

from panel_chunked.protocol import Complete

pytestmark = pytest.mark.usefixtures("nothing_blocks")


def everything_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


async def test_complete_file_is_gone_when_a_new_session_is_told_to_cancel(
    browser: Browser, returning: Returning, incoming: Path
) -> None:
    """The page has not heard that it is complete."""
    upload_id = await come_back_complete(browser, returning)
    returning.abort(upload_id)
    await returning.removed(upload_id)
    assert everything_below(incoming) == []


async def test_upload_is_gone_that_is_cancelled_while_a_new_session_looks_for_it(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path
) -> None:
    upload_id = await begin_and_leave(browser, page)
    returning.hello(upload_id)
    returning.abort(upload_id)
    await returning.removed(upload_id)
    await returning.idle()
    assert everything_below(incoming) == []


@pytest.mark.parametrize("stored", [4, len(DATA)])
async def test_upload_is_gone_that_is_cancelled_in_a_session_that_does_not_know_it(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path, stored: int
) -> None:
    """The server was started anew, and the page has not heard whether it was cancelled before."""
    upload_id = await begin(browser, page)
    if stored == len(DATA):
        send_rest(browser, upload_id)
        await page.next(Complete)
    await browser.session.close()
    returning.abort(upload_id)
    await returning.removed(upload_id)
    assert everything_below(incoming) == []


async def test_upload_is_gone_that_is_cancelled_while_the_old_session_still_has_it(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path
) -> None:
    upload_id = await begin(browser, page)
    returning.abort(upload_id)
    await returning.removed(upload_id)
    assert everything_below(incoming) == []
    await browser.session.close()


@pytest.mark.parametrize("secret", ["guess", ""])
async def test_without_the_secret_nothing_is_cancelled(
    browser: Browser, page: FakePage, returning: Returning, secret: str
) -> None:
    upload_id = await begin_and_leave(browser, page)
    returning.send("abort", id=upload_id, secret=secret)
    await returning.removed(upload_id)
    returning.hello(upload_id)
    assert (await returning.resume(upload_id)).offset == 4


async def test_cancelling_what_another_page_has_taken_over_leaves_it_alone(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path
) -> None:
    """The page has not heard yet that it has the upload no more."""
    upload_id = await begin(browser, page)
    returning.hello(upload_id)
    await returning.resume(upload_id)
    browser.chunk(upload_id, 4, DATA[4:8])
    await browser.error(id=upload_id, code="taken_over")

    browser.abort(upload_id)
    await browser.removed(upload_id)
    send_rest(returning, upload_id)
    await returning.page.next(Complete, id=upload_id)
    assert files_below(incoming) == {"f0.bin": DATA}


async def test_cancelled_upload_is_gone(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path
) -> None:
    upload_id = await begin(browser, page)
    browser.abort(upload_id)
    await browser.removed(upload_id)
    returning.hello(upload_id)
    assert (await returning.error(id=upload_id)).code == "unknown_upload"
    assert files_below(incoming) == {}


async def test_cancel_of_what_is_not_found_is_answered(page: FakePage, browser: Browser) -> None:
    browser.hello("unknown")
    browser.abort("unknown")
    await browser.removed("unknown")
