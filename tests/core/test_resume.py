"""An upload goes on in another session, behind the old one or beside it."""

import errno
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import Browser, FakePage, files_below
from returning import (
    DATA,
    Returning,
    answer_until_complete,
    begin,
    begin_and_leave,
    choose_again,
    come_back_complete,
    send_rest,
    until_wanted,
)

from panel_chunked import lane
from panel_chunked.limits import Limits
from panel_chunked.protocol import Complete, Created, Error, Resume
from panel_chunked.stores import DirectoryStore
from panel_chunked.stores.directory import DirectoryUpload
from panel_chunked.underway import MAX_RUNNING
from panel_chunked.upload import UploadInfo

pytestmark = pytest.mark.usefixtures("nothing_blocks")


async def test_upload_goes_on_in_a_new_session(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path
) -> None:
    upload_id = await begin_and_leave(browser, page)

    returning.hello(upload_id)
    resume = await returning.resume(upload_id)
    assert resume.offset == 4
    returning.send("create", page="page", batch="b", files=[], more=False)
    send_rest(returning, upload_id)
    await returning.page.next(Complete, id=upload_id)
    await returning.idle()

    assert files_below(incoming) == {"f0.bin": DATA}
    assert returning.page.picked == [returning.session.files]  # `value` comes as without the break


async def test_recording_goes_on_in_a_new_session_and_within_its_limit(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path
) -> None:
    ids = browser.create(None, None)
    for upload_id in ids:
        browser.chunk(upload_id, 0, DATA[:4])
    await page.until(lambda: browser.session.progress[0] == 8)
    await browser.session.close()
    returning.page.allow(limits=Limits(max_file_size=len(DATA)))

    returning.hello(*ids)
    for upload_id in ids:
        assert (await returning.resume(upload_id)).offset == 4
    returning.chunk(ids[1], 4, bytes(len(DATA)))
    assert (await returning.error(id=ids[1])).code == "file_too_large"
    send_rest(returning, ids[0])
    await returning.page.next(Complete, id=ids[0])
    await returning.idle()

    assert files_below(incoming) == {"f0.bin": DATA}
    assert [file.size for file in returning.session.files] == [len(DATA)]


async def test_upload_goes_on_while_the_old_session_still_has_it(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path
) -> None:
    upload_id = await begin(browser, page)

    returning.hello(upload_id)
    await until_wanted(incoming, upload_id)
    browser.chunk(upload_id, 4, b"late")
    error = await browser.error(id=upload_id)
    assert error.code == "taken_over"
    assert error.message == "The upload goes on in another page. Look there."
    assert (await returning.resume(upload_id)).offset == 4
    await browser.session.close()

    send_rest(returning, upload_id)
    await returning.page.next(Complete, id=upload_id)
    assert files_below(incoming) == {"f0.bin": DATA}


async def test_upload_comes_back_to_the_session_that_it_has_left(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path
) -> None:
    upload_id = await begin(browser, page)
    returning.hello(upload_id)
    await returning.resume(upload_id)
    returning.chunk(upload_id, 4, DATA[4:8])
    await returning.page.until(lambda: returning.session.progress[0] == 8)

    browser.hello(upload_id)

    assert (await browser.resume(upload_id)).offset == 8
    browser.chunk(upload_id, 8, DATA[8:])
    browser.finish(upload_id)
    await page.next(Complete, id=upload_id)
    assert files_below(incoming) == {"f0.bin": DATA}


async def test_session_that_the_page_has_left_does_not_take_its_upload_away(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path
) -> None:
    upload_id = await begin(browser, page)
    returning.hello(upload_id)  # a connection to another process, which is cut at once
    await until_wanted(incoming, upload_id)

    browser.hello(upload_id)

    await browser.resume(upload_id)
    assert await answer_until_complete(browser, upload_id) > 1  # wanted, and taken back
    assert files_below(incoming) == {"f0.bin": DATA}


async def test_page_that_came_long_ago_is_told_that_another_has_its_upload(
    browser: Browser,
    page: FakePage,
    returning: Returning,
    incoming: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upload_id = await begin(browser, page)
    browser.hello(upload_id)
    await browser.resume(upload_id)
    monkeypatch.setattr(lane, "ARRIVAL_SECONDS", 0)

    returning.hello(upload_id)
    await until_wanted(incoming, upload_id)
    browser.chunk(upload_id, 4, DATA[4:8])

    assert (await browser.error(id=upload_id)).code == "taken_over"
    assert (await returning.resume(upload_id)).offset == 4


async def test_hello_after_a_pause_holds_nobody_up(
    browser: Browser, page: FakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "LET_GO_SECONDS", 0)
    upload_id = await begin(browser, page)
    browser.chunk(upload_id, 4, DATA[4:8])
    await page.until(lambda: browser.session.progress[0] == 8)
    browser.hello(upload_id)
    assert (await browser.resume(upload_id)).offset == 8


async def test_idle_upload_is_let_go_and_goes_on(
    browser: Browser, page: FakePage, incoming: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "LET_GO_SECONDS", 0)
    await browser.upload(DATA)
    assert files_below(incoming) == {"f0.bin": DATA}


async def test_complete_file_is_found_by_a_new_session(
    browser: Browser, returning: Returning, incoming: Path
) -> None:
    upload_id = await browser.upload(DATA)
    await browser.session.close()

    returning.hello(upload_id)
    resume = await returning.resume(upload_id)
    assert resume.offset == len(DATA)
    returning.finish(upload_id)
    await returning.page.next(Complete, id=upload_id)

    assert [file.path for file in returning.session.files] == [incoming / "f0.bin"]
    assert files_below(incoming) == {"f0.bin": DATA}


async def test_many_complete_files_are_found_by_a_new_session(
    browser: Browser, returning: Returning
) -> None:
    ids = [await browser.upload(DATA, batch=f"b{number}") for number in range(MAX_RUNNING + 3)]
    await browser.session.close()

    returning.hello(*ids)
    for upload_id in ids:
        await returning.resume(upload_id)
    for upload_id in ids:
        returning.finish(upload_id)
    for upload_id in ids:
        await returning.page.next(Complete, id=upload_id)

    assert len(returning.session.files) == len(ids)


async def test_complete_file_stays_known_when_a_new_session_is_sent_too_much(
    browser: Browser, returning: Returning, incoming: Path
) -> None:
    upload_id = await come_back_complete(browser, returning)
    returning.chunk(upload_id, len(DATA), b"x")
    assert (await returning.error(id=upload_id)).code == "over_size"
    assert files_below(incoming) == {"f0.bin": DATA}
    assert await DirectoryStore(incoming).find(upload_id) is not None


async def test_upload_whose_page_does_not_go_on_is_let_go(
    browser: Browser, page: FakePage, returning: Returning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "LET_GO_SECONDS", 0.01)
    upload_id = await begin(browser, page)
    returning.hello(upload_id)
    await returning.resume(upload_id)

    browser.hello(upload_id)  # the page is back where it was before it has sent a byte there

    assert (await browser.resume(upload_id)).offset == 4
    await browser.session.close()


@pytest.mark.parametrize("wrong", ["secret", "id"])
async def test_who_has_not_the_secret_learns_nothing(
    browser: Browser, page: FakePage, returning: Returning, wrong: str
) -> None:
    upload_id = await begin_and_leave(browser, page)
    secret = browser.secret(upload_id)

    known = {"id": upload_id, "secret": secret, "batch": "b"} | {wrong: "guess"}
    returning.send("hello", version=1, page="page", uploads=[known])

    error = await returning.error()
    assert error.code == "unknown_upload"
    assert returning.page.all(Resume) == []
    returning.hello(upload_id)  # and it is there for its page
    assert (await returning.resume(upload_id)).offset == 4


async def test_store_knows_no_secret(browser: Browser, page: FakePage, incoming: Path) -> None:
    upload_id = await begin(browser, page)
    record = (incoming / ".panel_chunked" / f"{upload_id}.json").read_text()
    assert browser.secret(upload_id) not in record


async def test_limits_of_the_new_session_hold(
    browser: Browser, page: FakePage, returning: Returning
) -> None:
    upload_id = await begin_and_leave(browser, page)
    returning.page.allow(limits=Limits(max_file_size=3))

    returning.hello(upload_id)

    assert (await returning.error(id=upload_id)).code == "file_too_large"


@pytest.mark.parametrize("chosen_again", [False, True])
async def test_another_widget_does_not_go_on_with_it(
    browser: Browser, page: FakePage, returning: Returning, *, chosen_again: bool
) -> None:
    page.allow(place="a")
    upload_id = await begin_and_leave(browser, page)
    returning.page.allow(place="b")
    if chosen_again:
        choose_again(returning, upload_id, browser.secret(upload_id))
        assert (await returning.page.next(Created)).id != upload_id
    else:
        returning.hello(upload_id)
        assert (await returning.error(id=upload_id)).code == "unknown_upload"


async def test_uploads_go_on_until_the_limits_of_all_are_reached(
    browser: Browser, page: FakePage, returning: Returning
) -> None:
    ids = browser.create(len(DATA), len(DATA), len(DATA))
    for upload_id in ids:
        browser.chunk(upload_id, 0, DATA[:4])
    await page.until(lambda: browser.session.progress[0] == 12)
    await browser.session.close()
    returning.page.allow(limits=Limits(max_files=2))
    returning.hello(*ids)
    later = returning.page
    await later.until(lambda: len(later.all(Resume)) == 2 and later.all(Error))
    (error,) = later.all(Error)
    assert error.code == "too_many_files"


async def test_what_the_app_has_renamed_goes_on(
    browser: Browser, page: FakePage, returning: Returning
) -> None:
    async def rename(info: UploadInfo) -> UploadInfo:
        return replace(info, name="a.parquet", relative_path="a.parquet")

    limits = Limits(accept=(".csv",))
    page.allow(ask=rename, limits=limits)
    browser.create(len(DATA), name="a.csv")
    upload_id = (await page.next(Created)).id
    browser.chunk(upload_id, 0, DATA[:4])
    await page.until(lambda: browser.session.progress[0] == 4)
    await browser.session.close()
    returning.page.allow(ask=rename, limits=limits)
    returning.hello(upload_id)
    assert (await returning.resume(upload_id)).offset == 4


async def test_session_that_closes_while_it_looks_leaves_the_upload(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path
) -> None:
    upload_id = await begin_and_leave(browser, page)
    returning.hello(upload_id)
    await returning.session.close()
    third = Returning(browser, FakePage(DirectoryStore(incoming)))
    third.hello(upload_id)
    assert (await third.resume(upload_id)).offset == 4
    await third.session.close()


async def test_going_on_is_logged_with_the_id(
    browser: Browser, page: FakePage, returning: Returning, caplog: pytest.LogCaptureFixture
) -> None:
    upload_id = await begin_and_leave(browser, page)
    with caplog.at_level(logging.INFO, "panel_chunked"):
        returning.hello(upload_id)
        await returning.resume(upload_id)
    assert f"Upload {upload_id} goes on at 4 bytes" in caplog.text


async def test_what_the_app_clears_while_a_page_comes_back_does_not_go_on(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path
) -> None:
    upload_id = await begin_and_leave(browser, page)

    returning.hello(upload_id)
    returning.session.clear()
    await returning.idle()
    assert returning.session.uploads == []
    assert files_below(incoming) == {}


async def test_store_that_fails_while_it_looks_holds_nothing_up(
    page: FakePage, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find(self: DirectoryStore, upload_id: str) -> None:
        raise RuntimeError("a store of one's own")

    monkeypatch.setattr(DirectoryStore, "find", find)
    choose_again(browser, "u1", "s1")
    created = await page.next(Created)
    assert created.offset == 0


async def test_upload_that_cannot_be_read_is_let_go(
    browser: Browser, page: FakePage, returning: Returning, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = await begin_and_leave(browser, page)

    async def unreadable(self: DirectoryUpload, start: int = 0, before: int = 0) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(DirectoryUpload, "checksum", unreadable)
        returning.hello(upload_id)
        assert (await returning.error(id=upload_id)).code == "storage"
        await returning.idle()
    returning.hello(upload_id)
    assert (await returning.resume(upload_id)).offset == 4
