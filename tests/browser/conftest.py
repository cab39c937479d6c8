import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

expect.set_options(timeout=20_000)

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def launch_options(*more: str) -> dict[str, Any]:
    """Give what Playwright is to start Chromium with; `more` are flags."""
    find = subprocess.run(
        ["bash", ROOT / "tests/install_browser.sh", "--find"], capture_output=True, text=True
    )
    flags = [*FLAGS, *more, "--no-sandbox"] if os.getuid() == 0 else [*FLAGS, *more]
    return {"executable_path": find.stdout.strip() or None, "args": flags}


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(**launch_options())
    yield browser
    browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 700, "height": 600})
    page.set_default_timeout(20_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    # Listening makes Chromium hand file dialogs over, which takes a while to come into force.
    page.on("filechooser", lambda _: None)
    yield page
    page.close()
    assert errors == []


@contextmanager
def serving(
    *command: str, path: str = "/app", variables: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run a server on a free port, which stands for ``{port}``, and give its URL."""
    port = free_port()
    arguments = [part.format(port=port) for part in command]
    environment = {**os.environ, **(variables or {})}
    process = subprocess.Popen([sys.executable, "-m", *arguments], cwd=ROOT, env=environment)
    url = f"http://localhost:{port}{path}"
    try:
        wait_until(lambda: answers(url) or process.poll() is not None, timeout=60)
        assert process.poll() is None, "the server has ended"
        yield url
    finally:
        process.terminate()
        process.wait(timeout=60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urlopen(url) as response:
            return response.status == 200
    except (URLError, ConnectionError):
        return False


def wait_until(condition: Callable[[], Any], timeout: float = 20) -> None:
    """Poll until `condition()` is true."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


@pytest.fixture(scope="package")
def server() -> Iterator[str]:
    sessions = ["--unused-session-lifetime", "500", "--check-unused-sessions", "200"]
    command = ["panel", "serve", "tests/browser/app.py", "--port", "{port}", *sessions]
    with serving(*command, "--allow-websocket-origin", "*") as url:  # by way of proxies, too
        yield url


class App:
    """The page of `pages.py` as a person sees it, and what Python says of it."""

    def __init__(self, page: Page, url: str, options: dict[str, Any], query: str = "") -> None:
        self.page = page
        self._choose = options.pop("choose", "Choose")  # what its button says
        page.goto(f"{url}?options={quote(json.dumps(options))}{query}")
        self.choose_button.wait_for()
        # Until then Bokeh may render views anew, and take the focus away.
        page.wait_for_function("Bokeh.documents[0]?.is_idle")
        # Its stylesheet is there.
        expect(self.choose_button).to_have_css("cursor", re.compile("pointer|not-allowed"))

    @property
    def choose_button(self) -> Any:
        return self.page.get_by_role("button", name=self._choose)

    def choose(self, *paths: Path) -> None:
        self.page.locator("input[type=file]").set_input_files(list(paths))

    def drop(self, *paths: Path) -> None:
        """Drop files or folders on the widget, as the browser does when a person drops them."""
        box = self.page.locator(".widget").first.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        devtools = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            devtools.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})

    def row(self, name: str) -> Any:
        return self.page.locator(".row", has=self.page.get_by_text(name, exact=True))

    def expect_row(self, name: str, state: str, timeout: float = 20) -> Any:
        row = self.row(name)
        expect(row).to_have_attribute("data-state", state, timeout=timeout * 1000)
        return row

    @property
    def outputs(self) -> dict[str, Any]:
        text = self.page.locator("#outputs", has_text="{").inner_text()  # empty as Bokeh renders
        outputs: dict[str, Any] = json.loads(text)
        return outputs

    def wait_for(self, condition: Callable[[dict[str, Any]], Any], timeout: float = 20) -> Any:
        """Wait until Python's outputs satisfy `condition`, and give them."""
        try:
            wait_until(lambda: self.outputs and condition(self.outputs), timeout)
        except AssertionError:
            shown = self.page.locator(".widget").inner_text()
            raise AssertionError(f"not in time: {self.outputs}, the page shows {shown!r}") from None
        return self.outputs


@pytest.fixture
def open_app(page: Page, server: str) -> Callable[..., App]:
    """Open the widget with the given options."""

    def open_(query: str = "", **options: Any) -> App:
        return App(page, server, options, query)

    return open_


def make_file(path: Path, size: int) -> str:
    """Write random bytes and give their checksum."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        while size > 0:
            block = os.urandom(min(size, 1024**2))
            size -= len(block)
            digest.update(block)
            file.write(block)
    return f"sha256:{digest.hexdigest()}"
