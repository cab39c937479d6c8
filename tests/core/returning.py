"""A page that comes back, and goes on in another session."""

import asyncio
from pathlib import Path

from fakes import Browser, FakePage

from panel_chunked.protocol import Complete, Created, Error, Resume

DATA = b"abcdefghijkl"


class Returning(Browser):
    """The same page behind a new session, which knows what the old one was told."""

    def __init__(self, old: Browser, page: FakePage) -> None:
        super().__init__(page)
        self._old = old

    def secret(self, upload_id: str) -> str:
        return self._old.secret(upload_id)


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


async def answer_until_complete(browser: Browser, upload_id: str) -> int:
    """Send the rest whenever the server says where to go on; give how often it has."""
    answered = 0
    while not browser.page.all(Complete, id=upload_id):
        asked = browser.page.all(Created, id=upload_id) + browser.page.all(Resume, id=upload_id)
        for it in asked[answered:]:
            browser.chunk(upload_id, it.offset, DATA[it.offset :])
            browser.finish(upload_id)
        answered = len(asked)
        sent = len(browser.page.sent)
        await browser.page.until(lambda sent=sent: len(browser.page.sent) > sent)
        assert browser.page.all(Error) == []
    return answered


async def until_wanted(incoming: Path, upload_id: str) -> None:
    """Wait until somebody asks the session that writes an upload to let go."""
    wanted = incoming / ".panel_chunked" / f"{upload_id}.wanted"
    async with asyncio.timeout(10):
        while not wanted.exists():  # noqa: ASYNC110 (a file has no event)
            await asyncio.sleep(0.01)


def choose_again(
    page: Browser, upload_id: str, secret: str, data: bytes = DATA, **facts: object
) -> None:
    identity = {"id": upload_id, "secret": secret}
    assert page.create(len(data), batch="again", resume=identity, **facts) == []  # not yet
