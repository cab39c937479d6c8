"""An upload goes on in another session, behind the old one or beside it."""

import asyncio
import errno
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import Browser, FakePage, files_below, info, until_only_this_task_runs

from panel_chunked import lane
from panel_chunked.checksum import checksum
from panel_chunked.limits import Limits
from panel_chunked.protocol import Complete, Created, Error, Removed, Resume
from panel_chunked.stores import DirectoryStore, directory
from panel_chunked.stores.directory import DirectoryUpload
from panel_chunked.underway import MAX_PENDING, MAX_RUNNING
from panel_chunked.upload import UploadInfo

pytestmark = pytest.mark.usefixtures("nothing_blocks")

DATA = b"abcdefghijkl"


class Returning(Browser):
    """The same page behind a new session, which knows what the old one was told."""

    def __init__(self, old: Browser, page: FakePage) -> None:
        super().__init__(page)
        self._old = old

    def secret(self, upload_id: str) -> str:
        return self._old.secret(upload_id)


@pytest.fixture
async def returning(browser: Browser, incoming: Path) -> AsyncIterator[Returning]:
    """Not before the test lets the old session end, or keeps it, does it say hello."""
    returning = Returning(browser, FakePage(DirectoryStore(incoming)))
    yield returning
    await returning.session.close()
    await until_only_this_task_runs()


def everything_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


async def begin(browser: Browser, page: FakePage) -> str:
    """Upload the first four bytes."""
    (upload_id,) = browser.create(len(DATA))
    browser.chunk(upload_id, 0, DATA[:4])
    await page.until(lambda: browser.session.progress[0] == 4)
    return upload_id


async def begin_and_leave(browser: Browser, page: FakePage) -> str:
    upload_id = await begin(browser, page)
    await browser.session.close()
    return upload_id


async def come_back_complete(browser: Browser, returning: Returning) -> str:
    """Upload all, and ask a new session for it."""
    upload_id = await browser.upload(DATA)
    await browser.session.close()
    returning.hello(upload_id)
    await returning.resume(upload_id)
    return upload_id


def send_rest(browser: Browser, upload_id: str) -> None:
    """Send what `begin` has not."""
    for offset in (4, 8):
        browser.chunk(upload_id, offset, DATA[offset : offset + 4])
    browser.finish(upload_id)


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
    wanted = incoming / ".panel_chunked" / f"{upload_id}.wanted"
    async with asyncio.timeout(10):
        while not wanted.exists():  # noqa: ASYNC110 (a file has no event)
            await asyncio.sleep(0.01)
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


async def test_cancelled_upload_is_gone(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path
) -> None:
    upload_id = await begin(browser, page)
    browser.abort(upload_id)
    await browser.removed(upload_id)
    returning.hello(upload_id)
    assert (await returning.error(id=upload_id)).code == "unknown_upload"
    assert files_below(incoming) == {}


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


# The page was loaded again, and the same file is chosen.


def choose_again(
    page: Browser, upload_id: str, secret: str, data: bytes = DATA, **facts: object
) -> None:
    identity = {"id": upload_id, "secret": secret}
    assert page.create(len(data), batch="again", resume=identity, **facts) == []  # not yet


async def test_file_that_is_chosen_again_goes_on(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path
) -> None:
    upload_id = await begin_and_leave(browser, page)

    choose_again(returning, upload_id, browser.secret(upload_id))
    created = await returning.page.next(Created)
    assert (created.id, created.offset, created.checksum) == (upload_id, 4, checksum(DATA[:4]))
    send_rest(returning, upload_id)
    await returning.page.next(Complete, id=upload_id)
    await returning.idle()

    assert files_below(incoming) == {"f0.bin": DATA}
    assert returning.page.picked == [returning.session.files]


async def test_page_asks_twice_before_the_answer_and_goes_on_once(
    browser: Browser, page: FakePage, returning: Returning
) -> None:
    upload_id = await begin_and_leave(browser, page)

    for _ in range(2):
        choose_again(returning, upload_id, browser.secret(upload_id))
    await returning.page.next(Created)
    await returning.page.until(lambda: not returning.session._underway.admitting)
    assert [it.stored for it in returning.session.uploads] == [4]


async def test_page_of_the_same_session_goes_on_in_the_place_of_the_one_before(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    upload_id = await begin(browser, page)  # in a notebook, which is opened again
    later = Browser(page, browser.session, name="later")

    choose_again(later, upload_id, browser.secret(upload_id))
    created = await page.next(Created, key="again.f0")
    assert (created.id, created.offset) == (upload_id, 4)
    await page.until(lambda: len(browser.session.uploads) == 1)
    send_rest(later, upload_id)
    await page.next(Complete, id=upload_id)
    assert files_below(incoming) == {"f0.bin": DATA}


@pytest.mark.parametrize(
    ("wrong", "facts"),
    [
        ("secret", {}),
        ("id", {}),
        ("name", {"name": "other.bin"}),
        ("size", {"size": 13}),
    ],
)
async def test_what_is_not_the_same_upload_begins_anew(
    browser: Browser, page: FakePage, returning: Returning, wrong: str, facts: dict[str, object]
) -> None:
    upload_id = await begin_and_leave(browser, page)

    id_ = "unknown" if wrong == "id" else upload_id
    secret = "wrong" if wrong == "secret" else browser.secret(upload_id)
    choose_again(returning, id_, secret, **facts)
    created = await returning.page.next(Created)
    assert created.id != upload_id
    assert created.offset == 0


async def test_limits_hold_for_what_goes_on(
    browser: Browser, page: FakePage, returning: Returning
) -> None:
    upload_id = await begin_and_leave(browser, page)
    returning.page.allow(limits=Limits(max_file_size=8))

    choose_again(returning, upload_id, browser.secret(upload_id))
    error = await returning.error(key="again.f0")
    assert error.code == "file_too_large"
    await returning.idle()


async def test_what_the_app_clears_meanwhile_does_not_go_on(
    browser: Browser, page: FakePage, returning: Returning
) -> None:
    upload_id = await begin_and_leave(browser, page)

    choose_again(returning, upload_id, browser.secret(upload_id))
    returning.session.clear()
    await until_only_this_task_runs()
    assert returning.page.all(Created) == []
    assert returning.session.uploads == []


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


async def test_flood_of_files_that_go_on_is_bounded(browser: Browser, page: FakePage) -> None:
    facts = {"name": "f", "relative_path": "", "mime_type": "", "size": 1}
    for batch in range(10):
        files = [
            {"key": f"{batch}.{i}", **facts, "resume": {"id": f"u{batch}-{i}", "secret": "s"}}
            for i in range(1000)
        ]
        browser.send("create", page="page", batch=f"b{batch}", files=files, more=False)
        assert browser.session._underway.pending <= MAX_PENDING
    assert page.all(Error, code="busy")
    browser.session.clear()


async def test_page_that_another_one_goes_on_for_is_told(browser: Browser, page: FakePage) -> None:
    upload_id = await begin(browser, page)
    later = Browser(page, browser.session, name="later")
    choose_again(later, upload_id, browser.secret(upload_id))
    assert (await browser.error(id=upload_id)).code == "taken_over"


async def test_complete_file_that_is_chosen_again_stays(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    page.allow(multiple=False)
    upload_id = await browser.upload(DATA)
    later = Browser(page, browser.session, name="later")
    choose_again(later, upload_id, browser.secret(upload_id))
    await page.next(Created, key="again.f0")
    later.finish(upload_id)
    await page.until(lambda: len(page.all(Complete, id=upload_id)) == 2)
    await later.idle()
    assert page.all(Removed) == []
    assert [file.size for file in browser.session.files] == [len(DATA)]
    assert files_below(incoming) == {"f0.bin": DATA}


async def test_cancel_of_what_is_not_found_is_answered(page: FakePage, browser: Browser) -> None:
    browser.hello("unknown")
    browser.abort("unknown")
    await browser.removed("unknown")


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


async def test_file_that_is_chosen_again_and_sends_nothing_is_left_to_the_next_page(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path
) -> None:
    upload_id = await begin_and_leave(browser, page)
    secret = browser.secret(upload_id)
    choose_again(returning, upload_id, secret)  # compares the file with what is stored, and is left
    await returning.page.next(Created)

    last = Browser(FakePage(DirectoryStore(incoming)))
    choose_again(last, upload_id, secret)
    created = await last.page.next(Created)
    assert (created.id, created.offset) == (upload_id, 4)
    await last.session.close()


async def test_what_is_asked_for_in_vain_stays_with_who_has_it(
    incoming: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "HANDOVER_SECONDS", 0.0)
    store = DirectoryStore(incoming)
    upload = info(size=8)
    stored = await store.create(upload)
    await stored.append(b"abcd")
    with pytest.raises(BlockingIOError):
        await DirectoryStore(incoming).resume(upload.id)
    await stored.append(b"efgh")
    file = await stored.finish()
    assert file.size == 8
