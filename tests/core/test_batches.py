"""Files that are picked together, or one in the place of another."""

import pytest
from fakes import Browser, FakePage, raising

from panel_chunked.limits import Limits
from panel_chunked.protocol import Complete, Error, Removed

pytestmark = pytest.mark.usefixtures("nothing_blocks")


# --- Batches ---


async def test_a_batch_is_told_once_in_the_order_it_was_picked(
    browser: Browser, page: FakePage
) -> None:
    ids = browser.create(4, 4, 4)
    for upload_id in reversed(ids):
        assert page.picked == []
        browser.transfer(upload_id, b"abcd")
        await page.next(Complete, id=upload_id)
    await browser.idle()
    assert [[file.name for file in files] for files in page.picked] == [
        ["f0.bin", "f1.bin", "f2.bin"]
    ]


async def test_the_app_hears_of_each_file_of_a_batch(browser: Browser, page: FakePage) -> None:
    for number, upload_id in enumerate(browser.create(4, 4), start=1):
        browser.transfer(upload_id, b"abcd")
        await page.until(lambda number=number: page.settled_calls == number)
        assert len(browser.session.files) == number


async def test_members_that_failed_are_left_out(browser: Browser, page: FakePage) -> None:
    page.allow(limits=Limits(max_file_size=10))
    good, failing, cancelled = browser.create(4, 4, 11, 4)
    browser.chunk(failing, 0, b"abcde")
    browser.abort(cancelled)
    browser.transfer(good, b"abcd")
    await browser.idle()
    assert [[file.name for file in files] for files in page.picked] == [["f0.bin"]]


async def test_a_member_that_was_removed_before_the_end_is_left_out(
    browser: Browser, page: FakePage
) -> None:
    first, second = browser.create(4, 4)
    browser.transfer(first, b"abcd")
    await page.next(Complete, id=first)
    browser.remove(first)
    await browser.removed(first)
    browser.transfer(second, b"abcd")
    await browser.idle()
    assert [[file.name for file in files] for files in page.picked] == [["f1.bin"]]


async def test_a_batch_that_comes_in_parts_ends_with_the_last(
    browser: Browser, page: FakePage
) -> None:
    await browser.upload(b"abcd", more=True, key="k1")
    assert page.picked == []
    await browser.upload(b"abcd", more=False, key="k2")
    await browser.idle()
    assert [len(files) for files in page.picked] == [2]


async def test_a_last_part_without_files_ends_the_batch(browser: Browser, page: FakePage) -> None:
    await browser.upload(b"abcd", more=True)
    browser.create(more=False)
    await browser.idle()
    assert [len(files) for files in page.picked] == [1]


async def test_the_app_hears_of_a_batch_that_is_refused_as_a_whole(
    browser: Browser, page: FakePage
) -> None:
    page.allow(disabled=True)
    browser.create(4, 4)
    await browser.idle()
    assert page.settled_calls == 1
    assert page.picked == []
    assert len(browser.session.uploads) == 2


async def test_an_app_that_fails_at_one_end_hears_of_the_next(
    browser: Browser, page: FakePage
) -> None:
    page.while_settling = raising(RuntimeError("The app's own fault."))
    (upload_id,) = browser.create(4, batch="b1")
    browser.transfer(upload_id, b"abcd")
    await page.next(Complete, id=upload_id)
    await browser.idle()
    page.while_settling = None
    await browser.upload(b"abcd", batch="b2")
    assert [len(files) for files in page.picked] == [1]


@pytest.fixture
def single(page: FakePage) -> FakePage:
    page.allow(multiple=False)
    return page


# --- A single file ---


async def test_a_single_file_takes_the_place_of_the_one_before(
    browser: Browser, single: FakePage
) -> None:
    first = await browser.upload(b"old", batch="b1")
    await browser.upload(b"new", batch="b2")
    assert [file.path.read_bytes() for file in browser.session.files] == [b"new"]
    assert [removed.id for removed in single.all(Removed)] == [first]
    assert [len(files) for files in single.picked] == [1, 1]


async def test_of_several_files_only_one_is_taken(browser: Browser, single: FakePage) -> None:
    assert len(browser.create(4, 4, 4)) == 1
    assert [error.code for error in single.all(Error)] == ["too_many_files"] * 2


async def test_a_failed_file_does_not_replace_the_one_before(
    browser: Browser, single: FakePage
) -> None:
    await browser.upload(b"old", batch="b1")
    (upload_id,) = browser.create(4, batch="b2")
    browser.abort(upload_id)
    await browser.idle()
    assert [file.path.read_bytes() for file in browser.session.files] == [b"old"]


async def test_limits_do_not_count_the_file_that_is_replaced(
    browser: Browser, single: FakePage
) -> None:
    single.allow(limits=Limits(max_files=1, max_total_size=10))
    await browser.upload(bytes(10), batch="b1")
    await browser.upload(bytes(10), batch="b2")
    assert single.all(Error) == []


async def test_limits_do_not_count_the_upload_that_is_replaced(
    browser: Browser, single: FakePage
) -> None:
    """The user picks again before the page knows an id that it could abort."""
    single.allow(limits=Limits(max_files=1, max_total_size=10))
    (first,) = browser.create(10, batch="b1")
    assert len(browser.create(10, batch="b2")) == 1
    browser.abort(first)
