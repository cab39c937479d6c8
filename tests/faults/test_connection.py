"""The way between the page and the server: cut, deaf, silent; and a browser that is stopped."""

import fcntl
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browser.conftest import App, make_file, wait_until
from tests.browser.cutting_proxy import CuttingProxy, cutting_proxy

from .server import Server
from .test_reconnect import IN_FLIGHT, count_sent

MB = 1000**2
CHUNK = 65536
SIZE = 40 * MB
NAME = "data.bin"


@pytest.fixture
def proxy(shared: Server) -> Iterator[CuttingProxy]:
    with cutting_proxy(shared.port) as proxy:
        yield proxy


class Slow:
    """An upload that takes a while, into a destination, through a proxy."""

    def __init__(self, page: Page, proxy: CuttingProxy, folder: Path) -> None:
        self.source, self._proxy = folder / NAME, proxy
        self.checksum = make_file(self.source, SIZE)
        self.destination = folder / "in"
        options = {"destination": str(self.destination), "chunk_size": CHUNK}
        self.app = App(page, f"{proxy.url}/app", options)
        proxy.rate = 4 * MB
        self.app.choose(self.source)
        wait_until(lambda: self.stored)

    @property
    def partial(self) -> Path | None:
        return next(self.destination.rglob("*.part"), None)

    @property
    def stored(self) -> int:
        return self.partial.stat().st_size if self.partial else 0

    def assert_whole(self, timeout: float = 20) -> None:
        self._proxy.rate = None
        self.app.expect_row(NAME, "complete", timeout)
        assert self.app.wait_for(lambda it: it["files"])["files"][0]["checksum"] == self.checksum
        assert self.partial is None


@pytest.fixture
def slow(page: Page, proxy: CuttingProxy, tmp_path: Path) -> Slow:
    return Slow(page, proxy, tmp_path)


def test_socket_that_is_cut_in_the_middle_of_a_chunk_leaves_an_exact_prefix(
    slow: Slow, proxy: CuttingProxy
) -> None:
    proxy.cut_at = proxy.sent + 2 * MB + 12345
    expect(slow.app.row(NAME)).to_contain_text("Reconnecting")
    partial = slow.partial
    assert partial is not None
    wait_until(lambda: not is_locked(partial))  # what had come is stored
    prefix = partial.read_bytes()
    assert len(prefix) > 2 * MB
    assert len(prefix) % CHUNK == 0  # nothing of the one that was cut
    assert slow.source.read_bytes().startswith(prefix)
    proxy.refusing = False
    slow.assert_whole()


def test_chunk_that_comes_damaged_is_sent_again(
    page: Page, proxy: CuttingProxy, tmp_path: Path
) -> None:
    sockets: list[WebSocket] = []
    received: list[str] = []
    page.on("websocket", lambda it: sockets.append(it))
    page.on("websocket", lambda it: it.on("framereceived", lambda it: received.append(str(it))))
    slow = Slow(page, proxy, tmp_path)
    proxy.damaging = 1

    slow.assert_whole(timeout=60)

    assert proxy.damaging == 0
    assert sum('"kind": "resume"' in it for it in received) == 1
    assert len(sockets) == 1


def test_chunks_whose_acks_are_lost_are_stored_once(
    page: Page, proxy: CuttingProxy, tmp_path: Path
) -> None:
    sent = count_sent(page)
    slow = Slow(page, proxy, tmp_path)
    wait_until(lambda: slow.stored > 2 * MB)  # by now, several are on their way
    proxy.dropping, before = True, slow.stored
    wait_until(lambda: proxy.dropped and slow.stored > before + CHUNK)
    progress = slow.app.row(NAME).locator("progress")
    assert int(progress.get_attribute("value")) < slow.stored  # the page does not know of all
    proxy.dropping = False
    proxy.cut()
    slow.assert_whole()
    assert sum(sent) - SIZE < IN_FLIGHT


@pytest.fixture
def browser_processes() -> list[psutil.Process]:
    """Give Chromium's processes; the driver of these tests is their parent."""
    children = psutil.Process().children(recursive=True)
    found = []
    for process in children:
        with suppress(psutil.NoSuchProcess):
            if "chrom" in process.name():
                found.append(process)
    if not found:
        pytest.skip("the browser's processes are called otherwise here")
    return found


@contextmanager
def stopped(processes: list[psutil.Process]) -> Iterator[None]:
    """Stop them all, as a laptop does whose lid is closed."""
    try:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


def is_locked(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@pytest.mark.skipif(sys.platform == "win32", reason="signals and locks of Unix")
def test_browser_that_stalls_holds_no_lock_and_goes_on_later(
    slow: Slow, browser_processes: list[psutil.Process]
) -> None:
    partial = slow.partial
    assert partial is not None
    wait_until(lambda: is_locked(partial))
    with stopped(browser_processes):
        wait_until(lambda: not is_locked(partial))
        before = slow.stored
        assert slow.source.read_bytes().startswith(partial.read_bytes())
    wait_until(lambda: slow.stored > before)
    slow.assert_whole()


def test_network_that_swallows_everything_for_a_while_loses_nothing(
    slow: Slow, proxy: CuttingProxy
) -> None:
    proxy.hold()
    expect(slow.app.row(NAME)).to_contain_text("Waiting for the server")
    before = slow.stored
    proxy.release()
    slow.assert_whole()
    assert before < SIZE


def test_connection_that_leads_nowhere_is_left_and_its_late_chunks_do_not_count(
    slow: Slow, proxy: CuttingProxy
) -> None:
    """As behind a gateway that has forgotten it: only a new one helps."""
    proxy.hold()
    before = proxy.sent
    wait_until(lambda: proxy.sent > before + MB, timeout=100)
    proxy.release()
    slow.assert_whole()
