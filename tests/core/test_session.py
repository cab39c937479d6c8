"""A whole session: a browser's messages go in, a real store is behind."""

import asyncio
from pathlib import Path

import pytest
from fakes import Browser, FakePage, Gate, HookedStore, files_below

from panel_chunked import lane
from panel_chunked.credit import FIRST_GRANT, MIN_GRANT
from panel_chunked.lane import MESSAGE_OVERHEAD
from panel_chunked.languages import texts_in
from panel_chunked.limits import Limits
from panel_chunked.protocol import Ack, Complete, Created, Error, Texts
from panel_chunked.session import MAX_TEXTS
from panel_chunked.stores import DirectoryStore
from panel_chunked.underway import MAX_RUNNING

pytestmark = pytest.mark.usefixtures("nothing_blocks")

DATA = b"abcdefghijkl"


# --- A file arrives ---


async def test_a_file_arrives(browser: Browser, page: FakePage, incoming: Path) -> None:
    upload_id = await browser.upload(DATA)
    assert files_below(incoming) == {"f0.bin": DATA}
    assert [type(message) for message in page.sent] == [Created, Ack, Ack, Ack, Complete]
    created, *acks, _ = page.sent
    assert created == Created("b.f0", upload_id, browser.secret(upload_id), 0, 0, 0, FIRST_GRANT)
    assert [(ack.id, ack.offset) for ack in acks] == [(upload_id, it) for it in (4, 8, 12)]
    assert page.picked == [browser.session.files]


async def test_what_the_browser_says_of_a_file_is_kept(browser: Browser) -> None:
    await browser.upload(
        b"x", name="a/CON", relative_path="/holiday/../../CON", mime_type="video/mp4"
    )
    (file,) = browser.session.files
    assert (file.name, file.original_name) == ("a_CON", "a/CON")
    assert (file.relative_path, file.mime_type, file.size) == ("holiday/a_CON", "video/mp4", 1)


async def test_a_name_that_is_no_unicode_arrives(browser: Browser, incoming: Path) -> None:
    upload_id = await browser.upload(DATA, name="a\ud800.bin")  # as Windows may have it
    (file,) = browser.session.files
    assert (file.name, file.original_name) == ("a_.bin", "a?.bin")
    assert files_below(incoming) == {"a_.bin": DATA}
    assert await DirectoryStore(incoming).find(upload_id) is not None


async def test_a_file_without_a_type_is_bytes(browser: Browser) -> None:
    await browser.upload(b"x")
    assert browser.session.files[0].mime_type == "application/octet-stream"


async def test_a_file_of_zero_bytes_arrives(browser: Browser, incoming: Path) -> None:
    await browser.upload(b"")
    assert files_below(incoming) == {"f0.bin": b""}


async def test_files_that_arrive_at_once_do_not_mix(browser: Browser, incoming: Path) -> None:
    contents = [bytes([number]) * 40 for number in range(5)]
    ids = browser.create(*map(len, contents))
    for offset in range(0, 40, 4):
        for upload_id, data in zip(ids, contents, strict=True):
            browser.chunk(upload_id, offset, data[offset : offset + 4])
    for upload_id in ids:
        browser.finish(upload_id)
    await browser.idle()
    assert list(files_below(incoming).values()) == contents


async def test_ack_comes_after_the_write(browser: Browser, page: FakePage, gate: Gate) -> None:
    (upload_id,) = browser.create(4)
    browser.chunk(upload_id, 0, b"abcd")
    await gate.reached.wait()
    assert page.all(Ack) == []
    gate.opened.set()
    ack = await page.next(Ack)
    assert (ack.id, ack.offset) == (upload_id, 4)


async def test_ids_cannot_be_guessed(browser: Browser) -> None:
    ids = browser.create(*[1] * 100)
    assert len(set(ids)) == 100
    assert min(map(len, ids)) >= 16


# --- Offsets ---


@pytest.mark.parametrize("offset", [0, 3, 5, 8])
async def test_a_chunk_that_belongs_elsewhere_is_answered_with_where_to_go_on(
    browser: Browser, incoming: Path, offset: int
) -> None:
    (upload_id,) = browser.create(12)
    browser.chunk(upload_id, 0, b"abcd")
    browser.chunk(upload_id, offset, b"XXXX")
    assert (await browser.resume(upload_id)).offset == 4
    browser.chunk(upload_id, 4, b"efghijkl")
    browser.finish(upload_id)
    await browser.idle()
    assert files_below(incoming) == {"f0.bin": DATA}


async def test_a_chunk_of_an_attempt_before_does_not_tell_where_the_page_is(
    browser: Browser, page: FakePage
) -> None:
    (upload_id,) = browser.create(12)
    browser.chunk(upload_id, 0, b"abcd")
    browser.hello(upload_id)  # from another view
    page.heard_pages.clear()
    browser.chunk(upload_id, 4, b"efgh")  # was sent before, from the view that is gone
    assert page.heard_pages == []
    await browser.resume(upload_id)
    browser.chunk(upload_id, 4, b"efgh")
    assert page.heard_pages == [browser.name]


async def test_early_finish_is_answered_with_where_to_go_on(browser: Browser) -> None:
    (upload_id,) = browser.create(12)
    browser.finish(upload_id)
    assert (await browser.resume(upload_id)).offset == 0
    browser.transfer(upload_id, DATA)
    await browser.page.next(Complete, id=upload_id)


async def test_more_bytes_than_declared_end_the_upload(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    (upload_id,) = browser.create(6)
    browser.chunk(upload_id, 0, b"abcd")
    browser.chunk(upload_id, 4, b"efg")
    assert (await browser.error()).code == "over_size"
    browser.chunk(upload_id, 4, b"ef")
    browser.finish(upload_id)
    assert [error.code for error in page.all(Error)][1:] == ["unknown_upload"] * 2
    await browser.idle()
    assert files_below(incoming) == {}


async def test_bytes_beyond_the_memory_of_the_process_harm_no_upload(
    browser: Browser, page: FakePage, gate: Gate, incoming: Path
) -> None:
    browser.memory.limit = 2 * (4 + MESSAGE_OVERHEAD)
    one, two = browser.create(8, 8)
    browser.chunk(one, 0, b"1111")
    browser.chunk(two, 0, b"2222")
    await gate.reached.wait()
    browser.chunk(two, 4, b"2222")  # dropped
    browser.finish(two)
    gate.opened.set()
    assert (await browser.resume(two)).offset == 4
    for upload_id, data in ((one, b"1111"), (two, b"2222")):
        browser.chunk(upload_id, 4, data)
        browser.finish(upload_id)
        await page.next(Complete, id=upload_id)
    assert files_below(incoming) == {"f0.bin": b"11111111", "f1.bin": b"22222222"}
    assert browser.memory.held == 0


async def test_uploads_that_run_share_the_memory_of_the_process(
    browser: Browser, page: FakePage, gate: Gate
) -> None:
    browser.memory.limit = 4 * MIN_GRANT
    ids = browser.create(*[8] * 4)
    for upload_id in ids:
        browser.chunk(upload_id, 0, b"abcd")
    gate.opened.set()
    await page.until(lambda: len(page.all(Ack)) == 4)
    assert {ack.grant for ack in page.all(Ack)} == {MIN_GRANT}


async def test_uploads_under_way_are_bounded(browser: Browser, page: FakePage, gate: Gate) -> None:
    ids = browser.create(*[4] * (MAX_RUNNING + 1))
    for upload_id in ids:
        browser.chunk(upload_id, 0, b"abcd")
    gate.opened.set()
    error = await browser.error()
    assert (error.id, error.code) == (ids[-1], "busy")
    for upload_id in ids[:-1]:
        browser.finish(upload_id)
        await page.next(Complete, id=upload_id)


async def test_paused_uploads_keep_no_other_from_beginning(
    browser: Browser, page: FakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "LET_GO_SECONDS", 0.01)
    ids = browser.create(*[8] * MAX_RUNNING)
    for upload_id in ids:
        browser.chunk(upload_id, 0, b"abcd")
        browser.send("paused", id=upload_id, paused=True)
    await page.until(lambda: len(page.all(Ack)) == MAX_RUNNING)
    handlers = [it.handler for it in browser.session._underway.lanes.values()]
    async with asyncio.timeout(5):
        while any(handler.is_busy for handler in handlers):  # noqa: ASYNC110 (it is not told)
            await asyncio.sleep(0.01)
    (late,) = browser.create(4, batch="late")
    browser.transfer(late, b"abcd")
    await page.next(Complete, id=late)


async def test_uploads_that_are_being_cancelled_keep_no_other_from_beginning(
    browser: Browser, page: FakePage, hooked: HookedStore
) -> None:
    slow = hooked.hooks["terminate"] = Gate()
    ids = browser.create(*[8] * MAX_RUNNING)
    for upload_id in ids:
        browser.chunk(upload_id, 0, b"abcd")
    await page.until(lambda: len(page.all(Ack)) == MAX_RUNNING)
    for upload_id in ids:
        browser.abort(upload_id)
    await slow.reached.wait()
    (late,) = browser.create(4, batch="late")
    browser.transfer(late, b"abcd")
    await page.next(Complete, id=late)
    slow.opened.set()


async def test_texts_are_sent_in_the_language_that_is_asked_for(
    browser: Browser, page: FakePage
) -> None:
    for language in ("de-AT", "tlh"):
        browser.send("language", language=language)
    german, klingon = page.sent
    assert german == Texts("de-AT", texts_in("de"))
    assert klingon == Texts("tlh", None)


async def test_texts_are_not_sent_for_ever(browser: Browser, page: FakePage) -> None:
    for _ in range(MAX_TEXTS + 2):
        browser.send("language", language="de")
    sent = page.all(Texts)
    assert [texts.texts is None for texts in sent[-3:]] == [False, True, True]
    assert page.all(Error) == []  # which a page would take for an answer about its files


async def test_the_path_gives_folders_and_never_another_name(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    page.allow(limits=Limits(accept=(".csv",)))
    await browser.upload(b"x", name="ok.csv", relative_path="folder/shell.php")
    assert files_below(incoming) == {"folder/ok.csv": b"x"}


# --- Finish ---


async def test_finish_twice_at_once_is_one_file(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    (upload_id,) = browser.create(4)
    browser.chunk(upload_id, 0, b"abcd")
    browser.finish(upload_id)
    browser.finish(upload_id)
    await browser.idle()
    assert files_below(incoming) == {"f0.bin": b"abcd"}
    assert len(page.picked) == 1
    assert page.all(Error) == []


async def test_finish_again_later_is_answered_the_same(browser: Browser, page: FakePage) -> None:
    upload_id = await browser.upload(DATA)
    browser.finish(upload_id)
    assert page.all(Complete) == [Complete(upload_id, 12)] * 2
    await browser.idle()
    assert len(page.picked) == 1


async def test_a_chunk_sent_again_after_the_end_is_told_of_the_end(
    browser: Browser, page: FakePage
) -> None:
    """The acks and the end were lost with the connection; the page sends from what it knows."""
    upload_id = await browser.upload(DATA)
    browser.chunk(upload_id, 8, DATA[8:])
    assert page.all(Error) == []
    assert page.sent[-1] == Complete(upload_id, 12)


async def test_the_guard_of_these_tests_sees_a_blocking_call(
    browser: Browser, hooked: HookedStore, tmp_path: Path
) -> None:
    async def block() -> None:
        (tmp_path / "made").mkdir()

    hooked.hooks["append"] = block
    (upload_id,) = browser.create(4)
    browser.chunk(upload_id, 0, b"abcd")
    assert (await browser.error()).code == "storage"
