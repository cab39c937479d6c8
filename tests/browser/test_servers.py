"""The servers' own message limits are found and kept."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from .conftest import App, make_file, serving

SERVERS = {
    "panel serve, 256 KiB messages": [
        "panel",
        "serve",
        "tests/browser/app.py",
        "--port",
        "{port}",
        "--websocket-max-message-size",
        "262144",
    ],
    "panel serve, callbacks on threads": [
        "panel",
        "serve",
        "tests/browser/app.py",
        "--port",
        "{port}",
        "--num-threads",
        "2",
    ],
    "pn.serve, small messages and buffer": ["tests.browser.pn_serve_app", "{port}"],
    "pn.serve in a thread": ["tests.browser.pn_serve_app", "{port}", "without the main one"],
    "FastAPI on uvicorn, 256 KiB messages": ["tests.browser.fastapi_app", "{port}", "262144"],
    "FastAPI on uvicorn, default": ["tests.browser.fastapi_app", "{port}", "16777216"],
}


@pytest.fixture(params=SERVERS.values(), ids=SERVERS.keys())
def limited_server(request: pytest.FixtureRequest) -> Iterator[str]:
    if "without the main one" in request.param and (3, 12, 0) <= sys.version_info < (3, 12, 2):
        pytest.skip("this Python begins no thread when the main one has ended (gh-113964)")
    with serving(*request.param) as url:
        yield url


def test_upload_keeps_to_the_limit_of_the_server(
    page: Page, limited_server: str, tmp_path: Path
) -> None:
    frames: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda it: frames.append(it)))
    checksum = make_file(tmp_path / "data.bin", 20_000_000)
    app = App(page, limited_server, {})
    app.choose(tmp_path / "data.bin")
    app.expect_row("data.bin", "complete", timeout=60)
    outputs = app.wait_for(lambda it: it["files"])
    assert outputs["files"][0]["checksum"] == checksum
    large = [frame for frame in frames if len(frame) > 10_000]
    assert sum(map(len, large)) > 19_000_000
    assert all(isinstance(frame, bytes) for frame in large)  # never base64
