"""The flow of chunks in a real browser: a page in the background, a proxy that takes little."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket

from .conftest import App, make_file, serving, wait_until

MB = 1000**2


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def test_transfer_needs_no_timer_which_a_page_in_the_background_hardly_has(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    checksum = make_file(tmp_path / "large.bin", 100 * MB)
    app = open_app(destination=str(tmp_path / "in"))
    app.page.evaluate(
        """() => {
            for (const name of ["setTimeout", "setInterval", "requestAnimationFrame"])
                window[name] = () => 0
        }"""
    )
    app.choose(tmp_path / "large.bin")
    arrived = tmp_path / "in" / "large.bin"
    wait_until(arrived.exists, timeout=60)
    assert sha256(arrived) == checksum


def test_file_arrives_while_the_browser_collects_garbage(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    """Chromium frees a stream that nothing but a pending read refers to: the read never ends."""
    checksum = make_file(tmp_path / "data.bin", 20 * MB)
    app = open_app(destination=str(tmp_path / "in"))
    devtools = app.page.context.new_cdp_session(app.page)
    app.choose(tmp_path / "data.bin")
    arrived = tmp_path / "in" / "data.bin"

    def collect_garbage() -> bool:
        devtools.send("HeapProfiler.collectGarbage")
        return arrived.exists()

    wait_until(collect_garbage, timeout=60)
    assert sha256(arrived) == checksum


def test_each_chunk_is_one_frame_beside_bokehs_and_so_is_its_ack(
    page: Page, server: str, tmp_path: Path
) -> None:
    sent: list[str | bytes] = []
    received: list[str | bytes] = []

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))
        socket.on("framereceived", lambda frame: received.append(frame))

    page.on("websocket", watch)
    checksum = make_file(tmp_path / "data.bin", 20 * MB)
    app = App(page, server, {})
    app.choose(tmp_path / "data.bin")
    app.expect_row("data.bin", "complete")
    assert app.wait_for(lambda it: it["files"])["files"][0]["checksum"] == checksum
    chunks = [frame for frame in sent if isinstance(frame, bytes) and b'"chunk"' in frame[:256]]
    assert sum(len(chunk) - 256 for chunk in chunks) == 20 * MB
    acks = [frame for frame in received if isinstance(frame, str) and '"ack"' in frame]
    offsets = [json.loads(ack[ack.index("{") :])["offset"] for ack in acks]
    assert offsets == sorted(set(offsets))
    assert offsets[-1] == 20 * MB
    assert len(acks) <= len(chunks)  # one may say what several would
    assert not [ack for ack in acks if ack.startswith("{")]  # as Bokeh's messages do


@pytest.fixture
def proxied_server() -> Iterator[str]:
    """A server behind a proxy that closes the socket over a message of more than 100,000 bytes."""
    with serving("tests.browser.proxied_app", "{port}", "100000") as url:
        yield url


def test_socket_that_dies_over_large_chunks_makes_them_smaller_now_and_later(
    page: Page, proxied_server: str, tmp_path: Path
) -> None:
    sockets: list[str] = []
    sent: list[int] = []

    def watch(socket: WebSocket) -> None:
        sockets.append(socket.url)
        socket.on("framesent", lambda frame: sent.append(len(frame)))

    page.on("websocket", watch)
    checksum = make_file(tmp_path / "data.bin", 60 * MB)
    app = App(page, proxied_server, {})
    app.choose(tmp_path / "data.bin")
    app.expect_row("data.bin", "complete", timeout=60)
    assert app.wait_for(lambda it: it["files"])["files"][0]["checksum"] == checksum
    if max(sent) <= 100_000:  # chunks follow the delay of their acks
        assert len(sockets) == 1
        pytest.skip("This machine is too slow for messages that the proxy would not take.")
    assert len(sockets) > 1, "the proxy was to close the socket"
    assert sum(sent) < 1.2 * 60 * MB  # what was on its way is sent twice, and no more

    sockets.clear()  # a new page knows
    app = App(page, proxied_server, {})
    app.choose(tmp_path / "data.bin")
    app.expect_row("data.bin", "complete", timeout=60)
    assert app.wait_for(lambda it: it["files"])["files"][0]["checksum"] == checksum
    assert len(sockets) == 1
