"""Pages that ask again, or come back to their session."""

from pathlib import Path

import pytest
from fakes import Browser, FakePage, Gate, HookedStore, files_below

from panel_chunked.protocol import Ack, Complete, Created, Error, Resume

pytestmark = pytest.mark.usefixtures("nothing_blocks")

DATA = b"abcdefghijkl"


async def test_hello_answers_each_upload_once(browser: Browser, page: FakePage) -> None:
    browser.hello(*["nobody"] * 1000)
    await browser.idle()
    assert [error.id for error in page.all(Error)] == ["nobody"]


async def test_create_again_gives_the_same_upload(browser: Browser, page: FakePage) -> None:
    (upload_id,) = browser.create(12)
    browser.chunk(upload_id, 0, b"abcd")
    await page.next(Ack)
    assert browser.create(12) == [upload_id]
    assert page.all(Created)[-1].offset == 4
    assert len(browser.session.uploads) == 1


async def test_hello_is_welcomed(browser: Browser, page: FakePage) -> None:
    browser.hello()
    assert page.sent == [page.welcome()]


async def test_hello_is_answered_with_where_each_upload_goes_on(
    browser: Browser, page: FakePage, gate: Gate, incoming: Path
) -> None:
    running, waiting = browser.create(12, 5)
    browser.chunk(running, 0, b"abcd")
    await gate.reached.wait()
    browser.chunk(running, 4, b"efgh")  # it waits, and is kept
    browser.hello(running, waiting)
    gate.opened.set()
    await browser.resume(running)
    answers = {m.id: (m.attempt, m.offset) for m in page.all(Resume)}
    assert answers == {running: (1, 8), waiting: (1, 0)}
    browser.chunk(running, 8, b"ijkl")
    browser.finish(running)
    browser.transfer(waiting, b"01234")
    await browser.idle()
    assert files_below(incoming) == {"f0.bin": DATA, "f1.bin": b"01234"}


async def test_hello_of_another_view_does_not_disturb_a_transfer(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    (upload_id,) = browser.create(12)
    browser.chunk(upload_id, 0, DATA[:4])
    browser.hello()
    browser.chunk(upload_id, 4, DATA[4:])
    browser.finish(upload_id)
    await page.next(Complete, id=upload_id)
    assert page.all(Resume) == []
    assert files_below(incoming) == {"f0.bin": DATA}


async def test_hello_tells_what_has_become_of_uploads_that_ended_meanwhile(
    browser: Browser, page: FakePage
) -> None:
    upload_id = await browser.upload(DATA)
    page.sent.clear()
    browser.hello(upload_id, "never-heard-of")
    assert page.all(Complete, id=upload_id)
    await browser.idle()
    (error,) = page.all(Error)
    assert (error.code, error.id) == ("unknown_upload", "never-heard-of")


async def test_page_has_no_secret_of_what_no_other_session_can_go_on_with(
    browser: Browser, page: FakePage, hooked: HookedStore
) -> None:
    first, second = browser.create(4, 4)
    assert [created.secret for created in page.all(Created)] == ["", ""]
    known = [{"id": it, "secret": "", "batch": "b"} for it in (first, second)]
    browser.send("hello", version=1, page="page", uploads=known)
    await browser.resume(second)
    browser.transfer(first, b"abcd")
    await page.next(Complete, id=first)


async def test_without_a_secret_nothing_is_taken_from_another_page(
    browser: Browser, page: FakePage, hooked: HookedStore
) -> None:
    (upload_id,) = browser.create(4)
    browser.create(4, batch="again", resume={"id": upload_id, "secret": ""})
    assert (await page.next(Created, key="again.f0")).id != upload_id
    assert upload_id in [it.id for it in browser.session.uploads]


async def test_hello_does_not_bring_an_aborted_upload_back(browser: Browser, gate: Gate) -> None:
    (upload_id,) = browser.create(12)
    browser.chunk(upload_id, 0, b"abcd")
    await gate.reached.wait()
    browser.abort(upload_id)
    browser.hello(upload_id)
    gate.opened.set()
    await browser.removed(upload_id)
