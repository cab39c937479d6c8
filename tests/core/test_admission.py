"""What may begin, for a browser that ignores the limits."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fakes import Browser, FakePage, Gate, HookedStore

from panel_chunked.errors import UploadError
from panel_chunked.limits import Limits
from panel_chunked.protocol import Complete, Created, Error
from panel_chunked.stores import DirectoryStore
from panel_chunked.upload import UploadInfo

pytestmark = pytest.mark.usefixtures("nothing_blocks")

DATA = b"abcdefghijkl"


@pytest.mark.parametrize(
    ("limits", "facts", "code"),
    [
        (Limits(accept=(".csv",)), {"name": "a.exe"}, "not_accepted"),
        (
            Limits(accept=(".csv",)),
            {"name": "a.exe", "relative_path": "ok.csv"},
            "not_accepted",
        ),
        (Limits(accept=("image/*",)), {"mime_type": "video/mp4"}, "not_accepted"),
        (Limits(max_file_size=11), {}, "file_too_large"),
        (Limits(max_total_size=11), {}, "file_too_large"),
        (Limits(max_files=0), {}, "too_many_files"),
    ],
)
async def test_what_is_not_allowed_is_refused(
    browser: Browser,
    page: FakePage,
    hooked: HookedStore,
    caplog: pytest.LogCaptureFixture,
    limits: Limits,
    facts: dict[str, Any],
    code: str,
) -> None:
    page.allow(limits=limits)
    assert browser.create(12, **facts) == []
    (error,) = page.all(Error)
    assert (error.code, error.key, error.id) == (code, "b.f0", None)
    (upload,) = browser.session.uploads
    assert (upload.state, upload.error) == ("failed", error.message)
    assert hooked.steps == []
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_nothing_is_taken_while_disabled(browser: Browser, page: FakePage) -> None:
    (running,) = browser.create(12)
    page.allow(disabled=True)
    assert browser.create(12, batch="b2") == []
    assert (await browser.error()).code == "disabled"
    browser.transfer(running, DATA)
    await page.next(Complete, id=running)


async def test_count_and_total_go_over_all_picks(browser: Browser, page: FakePage) -> None:
    page.allow(limits=Limits(max_files=3, max_total_size=20))
    first = await browser.upload(DATA, batch="b1")  # 12 bytes are complete
    assert len(browser.create(4, batch="b2")) == 1  # 4 are under way
    assert browser.create(5, batch="b3") == []
    assert len(browser.create(4, batch="b4")) == 1
    assert browser.create(0, batch="b5") == []
    assert [e.code for e in page.all(Error)] == ["total_too_large", "too_many_files"]
    browser.remove(first)
    await browser.removed(first)
    assert len(browser.create(12, batch="b6")) == 1


async def test_refused_files_do_not_count(browser: Browser, page: FakePage) -> None:
    page.allow(limits=Limits(max_file_size=10, max_files=1))
    assert len(browser.create(11, 11, 10)) == 1


async def test_failed_and_cancelled_files_do_not_count(browser: Browser, page: FakePage) -> None:
    page.allow(limits=Limits(max_files=1))
    (upload_id,) = browser.create(4)
    browser.abort(upload_id)
    (upload_id,) = browser.create(4, batch="b2")
    browser.chunk(upload_id, 0, b"abcde")
    await browser.error(code="over_size")
    assert len(browser.create(4, batch="b3")) == 1


async def test_session_ends_though_the_app_does_not_say_whether_it_takes_a_file(
    browser: Browser, page: FakePage
) -> None:
    asked = asyncio.Event()

    async def ask(info: UploadInfo) -> UploadInfo:
        asked.set()
        await asyncio.Event().wait()
        return info

    page.allow(ask=ask)
    browser.create(4)
    await asked.wait()
    async with asyncio.timeout(5):
        await browser.session.close()
    assert page.all(Created) == []


@pytest.mark.parametrize("refuses", [False, True])
async def test_page_is_told_when_the_app_clears_while_it_is_asked(
    browser: Browser, page: FakePage, refuses: bool
) -> None:
    gate = Gate()

    async def ask(info: UploadInfo) -> UploadInfo:
        await gate()
        if refuses:
            raise UploadError("refused", "Not this one.")
        return info

    page.allow(ask=ask)
    browser.create(12)
    await gate.reached.wait()
    browser.session.clear()
    gate.opened.set()
    error = await page.next(Error, key="b.f0")
    assert (error.code, error.message) == (
        "refused",
        "The app has cleared what was chosen. Choose it again.",
    )
    assert browser.session.uploads == []


class Searching(DirectoryStore):
    """Takes a while to find an upload."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.gate = Gate()

    async def find(self, upload_id: str) -> UploadInfo | None:
        await self.gate()
        return await super().find(upload_id)


async def test_app_is_not_asked_for_a_page_that_is_gone(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    asked: list[UploadInfo] = []

    async def ask(info: UploadInfo) -> UploadInfo:
        asked.append(info)
        return info

    store = Searching(incoming)
    page.allow(store=store, ask=ask)
    browser.create(12, resume={"id": "u1", "secret": "secret"})
    await store.gate.reached.wait()
    closing = asyncio.create_task(browser.session.close())
    await asyncio.sleep(0)
    store.gate.opened.set()
    await closing
    assert asked == []
