"""The page was loaded again, and the same file is chosen."""

from pathlib import Path

import pytest
from fakes import Browser, FakePage, files_below, info, until_only_this_task_runs
from returning import (
    DATA,
    Returning,
    answer_until_complete,
    begin,
    begin_and_leave,
    choose_again,
    send_rest,
)

from panel_chunked.checksum import checksum
from panel_chunked.limits import Limits
from panel_chunked.protocol import Complete, Created, Error, Removed, Resume
from panel_chunked.stores import DirectoryStore, directory
from panel_chunked.underway import MAX_PENDING

pytestmark = pytest.mark.usefixtures("nothing_blocks")


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


async def test_file_that_is_chosen_again_stays_although_another_session_takes_it(
    browser: Browser, page: FakePage, returning: Returning, incoming: Path
) -> None:
    upload_id = await begin_and_leave(browser, page)
    choose_again(returning, upload_id, browser.secret(upload_id))
    await returning.page.next(Created)

    other = Returning(browser, FakePage(DirectoryStore(incoming)))
    other.hello(upload_id)
    await other.page.next(Resume)

    assert await answer_until_complete(returning, upload_id) > 1
    assert files_below(incoming) == {"f0.bin": DATA}
    await other.session.close()


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
