"""What the README's table says of FileInput and FileDropper at a server's message limit."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import make_file, serving

SERVE = ["panel", "serve", "tests/browser/peers_app.py", "--port", "{port}"]


@pytest.mark.parametrize(
    ("query", "selector", "options", "size"),
    [
        ("", "input[type=file]", [], 30_000_000),
        ("?dropper=1", ".filepond--browser", ["--websocket-max-message-size", "262144"], 1_000_000),
    ],
    ids=["FileInput, default limit", "FileDropper, 256 KiB limit"],
)
def test_peer_loses_its_connection_beyond_the_limit(
    page: Page, tmp_path: Path, query: str, selector: str, options: list[str], size: int
) -> None:
    make_file(tmp_path / "large.bin", size)
    with serving(*SERVE, *options, path="/peers_app") as url:
        with page.expect_websocket() as socket:
            page.goto(url + query)
        expect(page.get_by_text("arrived: 0")).to_be_visible()
        with socket.value.expect_event("close"):
            page.locator(selector).set_input_files(tmp_path / "large.bin")
        expect(page.get_by_text("arrived: 0")).to_be_visible()


@pytest.mark.parametrize("size", [0, 30_000_000])
def test_file_dropper_takes_a_file_within_the_default_limit(
    page: Page, tmp_path: Path, size: int
) -> None:
    make_file(tmp_path / "file.bin", size)
    with serving(*SERVE, path="/peers_app") as url:
        page.goto(f"{url}?dropper=1")
        expect(page.get_by_text("arrived: 0")).to_be_visible()
        page.locator(".filepond--browser").set_input_files(tmp_path / "file.bin")
        expect(page.get_by_text("arrived: 1")).to_be_visible()  # a dict of one file
