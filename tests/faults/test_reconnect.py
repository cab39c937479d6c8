"""Connections that are lost during an upload: after hours, for long, for good."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, WebSocket, expect

from tests.browser.conftest import App, make_file, serving, wait_until
from tests.browser.cutting_proxy import CuttingProxy, cutting_proxy

MB = 1000**2

#: Most bytes on their way at once, see panel_chunked/server.py.
IN_FLIGHT = 6 * 1024**2

#: Seconds for which BokehJS tries to reconnect.
PATIENCE_OF_BOKEH = 30

#: Seconds after which a page may be on its way again, once its network is.
SOON = 10

#: Has the page note what it opens sockets with.
WATCH = """
    window.tokens = []
    window.WebSocket = class extends WebSocket {
        constructor(url, protocols) {
            super(url, protocols)
            tokens.push(protocols[1])
        }
    }
"""

#: Has it note that BokehJS has given up.
WATCH_LAST_ATTEMPT = """
    Bokeh.documents[0].on_event("connection_lost", (_, event) => {
        if (event.timeout === null) window.gaveUp = true
    })
"""

#: Takes the timers from the page until it is online.
WITHOUT_TIMERS = """() => {
    const real = window.setTimeout
    window.setTimeout = () => 0
    addEventListener("online", () => { window.setTimeout = real })
}"""


@contextmanager
def proxied(app: str, *options: str) -> Iterator[CuttingProxy]:
    command = ["panel", "serve", app, "--port", "{port}", "--allow-websocket-origin", "*"]
    with (
        serving(*command, *options) as url,
        cutting_proxy(urlsplit(url).port or 0) as proxy,
    ):
        yield proxy


RECONNECTING = "tests/faults/app.py"
LONG_SESSION = ["--unused-session-lifetime", "600000"]


def open_app(page: Page, proxy: CuttingProxy) -> App:
    page.add_init_script(WATCH)
    return App(page, f"{proxy.url}/app", {})


def count_sent(page: Page) -> list[int]:
    """Give a list to which the size of each frame is added that the page sends."""
    sent: list[int] = []

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(len(frame)))

    page.on("websocket", watch)
    return sent


def expiry(token: str) -> float:
    payload = token.split(".")[0]
    padded = payload + "=" * (-len(payload) % 4)
    return float(json.loads(base64.urlsafe_b64decode(padded))["session_expiry"])


def tokens(app: App) -> list[str]:
    found: list[str] = app.page.evaluate("tokens")
    return found


def cut_and_wait(app: App, proxy: CuttingProxy, size: int = 2 * MB) -> float:
    """Cut the connection, and give the seconds until `size` more bytes have come."""
    proxy.cut()
    start, sent = time.monotonic(), proxy.sent
    wait_until(lambda: proxy.sent > sent + size)
    return time.monotonic() - start


def test_upload_survives_drops_after_the_token_of_the_page_has_expired(
    page: Page, tmp_path: Path
) -> None:
    checksum = make_file(tmp_path / "data.bin", 60 * MB)
    sent = count_sent(page)
    with proxied(RECONNECTING, "--session-token-expiration", "6", *LONG_SESSION) as proxy:
        app = open_app(page, proxy)
        proxy.rate = 4 * MB
        app.choose(tmp_path / "data.bin")
        for cuts in (1, 2):
            # Of the renewed tokens, only the last is good by now.
            wait_until(lambda: time.time() > expiry(tokens(app)[-1]) + 1)
            app.expect_row("data.bin", "running")
            print(f"cut {cuts}: on its way again after {cut_and_wait(app, proxy):.2f} s")
            assert len(tokens(app)) == cuts + 1
        cut_and_wait(app, proxy)  # and again soon after that
        proxy.rate = None
        app.expect_row("data.bin", "complete")
        assert app.wait_for(lambda it: it["files"])["files"][0]["checksum"] == checksum
        assert len(set(map(expiry, tokens(app)))) >= 3
    again = sum(sent) - 60 * MB
    print(f"sent again: {again} bytes over 3 cuts")
    assert again < 3 * IN_FLIGHT + MB


def test_upload_goes_on_after_an_outage_longer_than_bokehjs_tries(
    page: Page, tmp_path: Path
) -> None:
    checksum = make_file(tmp_path / "data.bin", 60 * MB)
    sent = count_sent(page)
    with proxied(RECONNECTING, *LONG_SESSION) as proxy:
        app = open_app(page, proxy)
        page.evaluate(WATCH_LAST_ATTEMPT)
        proxy.rate = 4 * MB
        app.choose(tmp_path / "data.bin")
        wait_until(lambda: proxy.sent > 10 * MB)
        proxy.refusing = True
        proxy.cut()
        lost = time.monotonic()
        expect(app.row("data.bin")).to_contain_text("Reconnecting")
        # Sockets are refused as fast as a page can ask, so the outage is real, and no wait for it.
        wait_until(lambda: time.monotonic() > lost + PATIENCE_OF_BOKEH + 5, timeout=60)
        wait_until(lambda: page.evaluate("window.gaveUp"))
        assert proxy.refused >= 5
        proxy.refusing, before = False, proxy.sent
        back = time.monotonic()
        wait_until(lambda: proxy.sent > before + MB, timeout=SOON + 1)
        print(f"{proxy.refused} attempts, then back after {time.monotonic() - back:.2f} s")
        assert time.monotonic() - back < SOON
        expect(app.row("data.bin")).not_to_contain_text("Reconnecting")
        proxy.rate = None
        app.expect_row("data.bin", "complete")
        assert app.wait_for(lambda it: it["files"])["files"][0]["checksum"] == checksum
    assert sum(sent) - 60 * MB < IN_FLIGHT + MB


def test_page_goes_on_at_once_when_its_network_is_back(page: Page, tmp_path: Path) -> None:
    """The browser tells of that; a page in the background could wait for its timers for long."""
    checksum = make_file(tmp_path / "data.bin", 60 * MB)
    with proxied(RECONNECTING, *LONG_SESSION) as proxy:
        app = open_app(page, proxy)
        proxy.rate = 4 * MB
        app.choose(tmp_path / "data.bin")
        wait_until(lambda: proxy.sent > 5 * MB)
        page.evaluate(WITHOUT_TIMERS)
        proxy.refusing = True
        proxy.cut()
        expect(app.row("data.bin")).to_contain_text("Reconnecting")
        # Not before: to a page that is offline, Chromium may not tell for long that a socket died.
        page.context.set_offline(True)
        proxy.refusing = False
        before, back = proxy.sent, time.monotonic()
        page.context.set_offline(False)
        wait_until(lambda: proxy.sent > before + MB)
        print(f"online: on its way again after {time.monotonic() - back:.2f} s")
        assert time.monotonic() - back < SOON
        proxy.rate = None
        app.expect_row("data.bin", "complete")
        assert app.wait_for(lambda it: it["files"])["files"][0]["checksum"] == checksum


def test_page_that_was_away_for_too_long_says_so(page: Page, tmp_path: Path) -> None:
    make_file(tmp_path / "data.bin", 60 * MB)
    with proxied(RECONNECTING, "--session-token-expiration", "4", *LONG_SESSION) as proxy:
        app = open_app(page, proxy)
        proxy.rate = 4 * MB
        app.choose(tmp_path / "data.bin")
        wait_until(lambda: proxy.sent > 5 * MB)
        proxy.refusing = True
        proxy.cut()
        wait_until(lambda: len(tokens(app)) > 1)
        wait_until(lambda: time.time() > expiry(tokens(app)[-1]) + 1)
        proxy.refusing = False
        expect(app.row("data.bin")).to_contain_text("away for too long")
        expect(app.row("data.bin")).to_contain_text("Reload the page")
        expect(app.row("data.bin").locator("progress")).to_have_count(0)


def test_without_reconnect_the_row_says_what_to_do(page: Page, tmp_path: Path) -> None:
    make_file(tmp_path / "data.bin", 60 * MB)
    with proxied("tests/browser/app.py", *LONG_SESSION) as proxy:
        app = open_app(page, proxy)
        proxy.rate = 4 * MB
        app.choose(tmp_path / "data.bin")
        wait_until(lambda: proxy.sent > 5 * MB)
        proxy.cut()
        expect(app.row("data.bin")).to_contain_text("Reload the page, then choose the file again.")
        expect(app.row("data.bin").locator("progress")).to_have_count(0)
        page.evaluate("dispatchEvent(new Event('online'))")
        assert len(tokens(app)) == 1  # nobody has asked the page to reconnect
        proxy.rate = None
        app = open_app(page, proxy)
        app.choose(tmp_path / "data.bin")
        app.expect_row("data.bin", "complete")
