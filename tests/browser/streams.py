"""Examples of streams, served, and what of a file gets through to them."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from .conftest import serving
from .cutting_proxy import CuttingProxy, cutting_proxy

#: Milliseconds after which what has not come to the page never will.
PATIENCE = 20_000


@contextmanager
def example(
    name: str, *options: str, variables: Mapping[str, str] | None = None
) -> Iterator[CuttingProxy]:
    """Serve an example, and give the way to it."""
    command = ["panel", "serve", f"examples/{name}.py", "--port", "{port}"]
    command += ["--allow-websocket-origin", "*", *options]
    with (
        serving(*command, path=f"/{name}", variables=variables) as url,
        cutting_proxy(urlsplit(url).port or 0) as proxy,
    ):
        yield proxy


def upload(page: Page, proxy: CuttingProxy, name: str, path: Path, most: float = math.inf) -> None:
    """Open an example and choose a file there, of which no more than `most` bytes get through."""
    proxy.allow()
    page.goto(f"{proxy.url}/{name}")
    page.locator("input[type=file]").wait_for(state="attached")
    proxy.allow(most)
    page.locator("input[type=file]").set_input_files(path)


def failed(page: Page) -> Locator:
    row = page.locator("li.row")
    expect(row).to_have_attribute("data-state", "failed", timeout=PATIENCE)
    return row
