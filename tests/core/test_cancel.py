"""Uploads that are cancelled, and files that are removed."""

import errno
from pathlib import Path

import pytest
from fakes import Browser, FakePage, Gate, HookedStore, files_below

from panel_chunked.files import UploadedFile
from panel_chunked.protocol import Created, Error, Removed
from panel_chunked.upload import UploadInfo

pytestmark = pytest.mark.usefixtures("nothing_blocks")

DATA = b"abcdefghijkl"


async def test_abort_in_the_middle_of_a_write_frees_what_is_stored(
    browser: Browser, page: FakePage, gate: Gate, hooked: HookedStore, incoming: Path
) -> None:
    (upload_id,) = browser.create(12)
    browser.transfer(upload_id, DATA)
    await gate.reached.wait()
    browser.abort(upload_id)
    assert page.all(Removed) == []
    gate.opened.set()
    await browser.removed(upload_id)
    assert files_below(incoming) == {}
    assert hooked.steps == ["create", "append", "terminate"]


async def test_nothing_is_taken_after_an_abort(
    browser: Browser, page: FakePage, gate: Gate, incoming: Path
) -> None:
    (upload_id,) = browser.create(12)
    browser.chunk(upload_id, 0, b"abcd")
    await gate.reached.wait()
    browser.abort(upload_id)
    browser.chunk(upload_id, 4, b"efgh")
    browser.finish(upload_id)
    assert [error.code for error in page.all(Error)] == ["unknown_upload"] * 2
    gate.opened.set()
    await browser.idle()
    assert browser.session.files == []


async def test_page_that_did_not_hear_of_its_upload_aborts_it_by_its_key(
    browser: Browser, page: FakePage
) -> None:
    (upload_id,) = browser.create(12)
    browser.send("abort", id="b.f0")
    await browser.removed(upload_id)
    assert page.all(Removed, id="b.f0")
    assert browser.session.uploads == []


async def test_what_is_aborted_while_the_app_is_asked_does_not_begin(
    browser: Browser, page: FakePage
) -> None:
    gate = Gate()

    async def ask(info: UploadInfo) -> UploadInfo:
        await gate()
        return info

    page.allow(ask=ask)
    browser.create(12)
    await gate.reached.wait()
    browser.send("abort", id="b.f0")
    await browser.removed("b.f0")
    gate.opened.set()
    await browser.idle()
    await page.until(lambda: not browser.session._underway.batches)
    assert page.all(Created) == []
    assert browser.session.uploads == []


async def test_abort_of_a_queued_upload_does_not_touch_the_store(
    browser: Browser, hooked: HookedStore
) -> None:
    (upload_id,) = browser.create(12)
    browser.abort(upload_id)
    await browser.removed(upload_id)
    assert hooked.steps == []


async def test_abort_while_the_file_is_finished_leaves_no_file(
    browser: Browser, hooked: HookedStore, incoming: Path
) -> None:
    gate = hooked.hooks["finish"] = Gate()
    (upload_id,) = browser.create(4)
    browser.transfer(upload_id, b"abcd")
    await gate.reached.wait()
    browser.abort(upload_id)
    gate.opened.set()
    await browser.idle()
    assert browser.session.files == []
    assert files_below(incoming) == {}
    await browser.removed(upload_id)


async def test_abort_while_the_file_is_finished_ends_even_if_it_cannot_be_deleted(
    browser: Browser, hooked: HookedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UploadedFile, "unlink", refuse_to_delete)
    gate = hooked.hooks["finish"] = Gate()
    (upload_id,) = browser.create(4)
    browser.transfer(upload_id, b"abcd")
    await gate.reached.wait()
    browser.abort(upload_id)
    gate.opened.set()
    await browser.removed(upload_id)
    await browser.upload(DATA, batch="b2")


async def test_abort_of_an_upload_that_is_failing_cancels_it(
    browser: Browser, page: FakePage, hooked: HookedStore
) -> None:
    gate = Gate()

    async def fail_late() -> None:
        await gate()
        raise OSError(errno.EIO, "I/O error")

    hooked.hooks["append"] = fail_late
    (upload_id,) = browser.create(4)
    browser.transfer(upload_id, b"abcd")
    await gate.reached.wait()
    browser.abort(upload_id)
    gate.opened.set()
    await browser.idle()
    assert [type(message) for message in page.sent] == [Created, Removed]
    assert browser.session.uploads == []


def refuse_to_delete(file: UploadedFile) -> None:
    raise PermissionError(errno.EPERM, "Operation not permitted")


async def test_a_complete_file_is_not_called_removed_while_it_is_there(
    browser: Browser, page: FakePage
) -> None:
    upload_id = await browser.upload(DATA)
    browser.abort(upload_id)
    await browser.idle()
    assert bool(page.all(Removed)) == (browser.session.files == [])


async def test_remove_deletes_the_file(browser: Browser, page: FakePage, incoming: Path) -> None:
    upload_id = await browser.upload(DATA)
    settled = page.settled_calls
    browser.remove(upload_id)
    await browser.removed(upload_id)
    await browser.idle()
    assert browser.session.files == []
    assert files_below(incoming) == {}
    assert page.settled_calls == settled + 1


async def test_nothing_is_removed_while_disabled(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    upload_id = await browser.upload(DATA)
    page.allow(disabled=True)
    browser.remove(upload_id)
    assert (await browser.error(id=upload_id)).code == "disabled"
    assert len(browser.session.files) == len(files_below(incoming)) == 1


async def test_remove_of_a_file_that_has_vanished_is_no_error(
    browser: Browser, incoming: Path
) -> None:
    upload_id = await browser.upload(DATA)
    (incoming / "f0.bin").unlink()
    browser.remove(upload_id)
    await browser.removed(upload_id)


async def test_the_same_file_again_works(browser: Browser, incoming: Path) -> None:
    for batch in ("b1", "b2"):
        await browser.upload(DATA, batch=batch)
    assert list(files_below(incoming).values()) == [DATA, DATA]
