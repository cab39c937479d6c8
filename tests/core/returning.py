"""A page that comes back, and goes on in another session."""

from fakes import Browser, FakePage

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


def choose_again(
    page: Browser, upload_id: str, secret: str, data: bytes = DATA, **facts: object
) -> None:
    identity = {"id": upload_id, "secret": secret}
    assert page.create(len(data), batch="again", resume=identity, **facts) == []  # not yet
