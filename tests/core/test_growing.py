"""A file whose size is not known before its end, as that of a recording."""

from pathlib import Path

import pytest
from fakes import Browser, FakePage, files_below

from panel_chunked.limits import Limits
from panel_chunked.protocol import Ack, Complete

pytestmark = pytest.mark.usefixtures("nothing_blocks")


async def test_a_recording_grows_and_is_a_file_when_it_is_finished(
    browser: Browser, page: FakePage, incoming: Path
) -> None:
    (upload_id,) = browser.create(None, name="recording.webm", mime_type="audio/webm;codecs=opus")
    browser.chunk(upload_id, 0, b"abcd")
    await page.next(Ack, id=upload_id)
    (running,) = browser.session.uploads
    assert (running.size, running.stored, running.state) == (None, 4, "running")
    assert browser.session.progress == (4, 4)
    browser.chunk(upload_id, 4, b"ef")
    browser.finish(upload_id)
    await page.next(Complete, id=upload_id)
    await browser.idle()
    (file,) = browser.session.files
    assert (file.name, file.size) == ("recording.webm", 6)
    assert files_below(incoming) == {"recording.webm": b"abcdef"}
    assert browser.session.progress == (6, 6)


async def test_a_recording_that_lacks_bytes_goes_on_from_what_is_stored(browser: Browser) -> None:
    (upload_id,) = browser.create(None)
    browser.chunk(upload_id, 0, b"abcd")
    browser.finish(upload_id, size=6)
    assert (await browser.resume(upload_id)).offset == 4


@pytest.mark.parametrize(
    ("multiple", "limits", "code"),
    [
        (True, {"max_file_size": 6}, "file_too_large"),
        (True, {"max_total_size": 10}, "total_too_large"),
        (False, {"max_total_size": 6}, "file_too_large"),
    ],
)
async def test_a_recording_ends_with_the_bytes_beyond_a_limit(
    browser: Browser, page: FakePage, multiple: bool, limits: dict[str, int], code: str
) -> None:
    page.allow(multiple=multiple)
    await browser.upload(b"1234", batch="first")
    page.allow(limits=Limits(**limits))
    (upload_id,) = browser.create(None, batch="second")
    browser.chunk(upload_id, 0, b"abcdef")
    await page.next(Ack, id=upload_id)
    browser.chunk(upload_id, 6, b"g")
    assert (await browser.error(id=upload_id)).code == code


async def test_what_was_stored_of_a_recording_counts_for_others(
    browser: Browser, page: FakePage
) -> None:
    page.allow(limits=Limits(max_total_size=10))
    (upload_id,) = browser.create(None, batch="recording")
    browser.chunk(upload_id, 0, b"abcdef")
    await page.next(Ack, id=upload_id)
    assert browser.create(5, batch="too large") == []
    assert len(browser.create(4, batch="fits")) == 1
