"""Uploads that fail: told, logged, and remembered until they are tried again."""

import errno
from pathlib import Path

import pytest
from fakes import Browser, FakePage, HookedStore, files_below, raising

from panel_chunked.failures import MAX_LOGGED
from panel_chunked.limits import Limits
from panel_chunked.protocol import Ack, Complete

pytestmark = pytest.mark.usefixtures("nothing_blocks")

DATA = b"abcdefghijkl"


async def test_a_file_that_the_browser_cannot_read_has_failed(
    browser: Browser, page: FakePage, caplog: pytest.LogCaptureFixture
) -> None:
    (upload_id,) = browser.create(12)
    browser.send("abort", id=upload_id, reason="unreadable")
    await browser.error(id=upload_id)
    (upload,) = browser.session.uploads
    assert upload.state == "failed"
    assert "changed, moved or deleted" in caplog.text


async def test_the_log_says_that_more_failures_are_not_in_it(
    browser: Browser, page: FakePage, caplog: pytest.LogCaptureFixture
) -> None:
    page.allow(limits=Limits(max_file_size=3))
    browser.create(*[4] * (MAX_LOGGED + 10))
    assert len(caplog.records) == MAX_LOGGED + 1
    assert "not logged" in caplog.records[-1].message


STEPS = ["create", "append", "finish"]
ERRORS = [OSError(errno.ENOSPC, "No space left on device", "/srv/x"), RuntimeError("/srv/x: bug")]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", ERRORS, ids=["expected", "unexpected"])
async def test_an_error_of_the_storage_ends_that_upload_alone(
    browser: Browser,
    page: FakePage,
    hooked: HookedStore,
    incoming: Path,
    caplog: pytest.LogCaptureFixture,
    step: str,
    error: Exception,
) -> None:
    hooked.hooks[step] = raising(error)
    (failing, good) = browser.create(12, 12)
    browser.transfer(failing, DATA)
    answer = await browser.error(id=failing)
    del hooked.hooks[step]
    browser.transfer(good, DATA)
    await page.next(Complete, id=good)
    await browser.idle()
    expected = isinstance(error, OSError)
    assert answer.code == ("storage_full" if expected else "storage")
    assert "/srv" not in answer.message
    assert files_below(incoming) == {"f1.bin": DATA}
    (failed,) = browser.session.uploads
    assert (failed.state, failed.error, failed.error_code) == (
        "failed",
        answer.message,
        answer.code,
    )
    assert all(failing in record.getMessage() for record in caplog.records)
    # Only what is nobody's fault but the code's has a traceback.
    assert any(record.exc_info for record in caplog.records) != expected


@pytest.mark.parametrize("error", ERRORS, ids=["expected", "unexpected"])
async def test_an_upload_that_cannot_be_freed_still_ends(
    browser: Browser, hooked: HookedStore, error: Exception
) -> None:
    hooked.hooks["terminate"] = raising(error)
    aborted, failing = browser.create(12, 2)
    browser.chunk(aborted, 0, b"abcd")
    browser.chunk(failing, 0, b"ab")
    browser.chunk(failing, 2, b"c")
    assert (await browser.error(id=failing)).code == "over_size"
    browser.abort(aborted)
    await browser.idle()
    assert [message.id for message in browser.page.sent[-1:]] == [aborted]  # type: ignore[union-attr]


async def test_what_is_tried_again_does_not_count_as_failed(
    browser: Browser, page: FakePage, hooked: HookedStore
) -> None:
    hooked.hooks["append"] = raising(ERRORS[0])
    (failing, other, _waiting) = browser.create(12, 13, 14)
    browser.transfer(failing, DATA)
    browser.transfer(other, bytes(13))
    await browser.error(id=failing)
    await browser.error(id=other)
    del hooked.hooks["append"]
    states = {(it.name, it.state) for it in browser.session.uploads}
    assert states == {("f0.bin", "failed"), ("f1.bin", "failed"), ("f2.bin", "queued")}
    (again,) = browser.create(12, batch="again")
    states = {(it.name, it.state) for it in browser.session.uploads}
    assert states == {("f0.bin", "queued"), ("f1.bin", "failed"), ("f2.bin", "queued")}
    browser.transfer(again, DATA)
    await page.next(Complete, id=again)
    assert {it.name for it in browser.session.uploads} == {"f1.bin", "f2.bin"}


async def test_no_space_is_no_false_ack(
    browser: Browser, page: FakePage, hooked: HookedStore
) -> None:
    hooked.hooks["append"] = raising(ERRORS[0])
    (upload_id,) = browser.create(12)
    browser.transfer(upload_id, DATA)
    await browser.error(id=upload_id)
    await browser.idle()
    assert page.all(Ack) == []


async def test_failures_are_forgotten_with_the_next_pick(browser: Browser, page: FakePage) -> None:
    page.allow(limits=Limits(max_file_size=4))
    browser.create(5, batch="b1")
    browser.create(4, batch="b2")
    assert [upload.state for upload in browser.session.uploads] == ["queued"]


async def test_one_that_is_tried_again_leaves_the_other_failures(
    browser: Browser, page: FakePage
) -> None:
    page.allow(limits=Limits(max_file_size=8))
    browser.create(9, 10)
    await browser.idle()
    page.allow(limits=Limits())
    browser.create(9, batch="retry")
    assert [it.size for it in browser.session.uploads if it.state == "failed"] == [10]
