"""Uploads that are paused, by the user and by the app."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from .conftest import App, make_file
from .cutting_proxy import CuttingProxy, cutting_proxy

MB = 1000**2


@pytest.fixture
def proxy(server: str) -> Iterator[CuttingProxy]:
    """A way to the server on which a file is not there before it is paused."""
    with cutting_proxy(urlsplit(server).port or 0, 8 * MB) as proxy:
        yield proxy


@pytest.fixture
def open_app(page: Page, proxy: CuttingProxy) -> Callable[..., App]:
    def open_(**options: Any) -> App:
        return App(page, f"{proxy.url}/app", options)

    return open_


def stored(app: App, name: str) -> int:
    (upload,) = [it for it in app.outputs["uploads"] if it["name"] == name]
    return int(upload["stored"])


def test_a_paused_upload_goes_on_where_it_was(
    open_app: Callable[..., App], proxy: CuttingProxy, tmp_path: Path
) -> None:
    checksum = make_file(tmp_path / "large.bin", 200 * MB)
    make_file(tmp_path / "other.bin", 5 * MB)
    app = open_app(multiple=True, destination=str(tmp_path / "in"))
    app.choose(tmp_path / "large.bin")
    app.page.get_by_role("button", name="Pause the upload of large.bin").click()
    expect(app.row("large.bin")).to_contain_text("Paused")
    app.wait_for(lambda it: it["uploads"] and it["uploads"][0]["state"] == "paused")
    proxy.rate = None
    app.choose(tmp_path / "other.bin")
    app.expect_row("other.bin", "complete")
    app.wait_for(lambda it: len(it["files"]) == 1)
    before = stored(app, "large.bin")
    assert before < 200 * MB
    app.choose(tmp_path / "other.bin")  # it takes a while, too
    app.wait_for(lambda it: len(it["files"]) == 2)
    assert stored(app, "large.bin") == before
    app.page.get_by_role("button", name="Go on with the upload of large.bin").click()
    files = app.wait_for(lambda it: len(it["files"]) == 3, timeout=60)["files"]
    assert files[-1]["checksum"] == checksum


def test_the_app_pauses_all_and_has_them_go_on(
    open_app: Callable[..., App], proxy: CuttingProxy, tmp_path: Path
) -> None:
    names = ["a.bin", "b.bin", "c.bin", "d.bin"]
    checksums = [make_file(tmp_path / name, 50 * MB) for name in names]
    app = open_app(multiple=True, destination=str(tmp_path / "in"))
    app.choose(*[tmp_path / name for name in names])
    app.page.get_by_role("button", name="Pause from Python").click()
    expect(app.page.locator(".facts")).to_contain_text("Paused")
    paused = app.wait_for(lambda it: {up["state"] for up in it["uploads"]} == {"paused"})
    assert len(paused["uploads"]) + len(paused["files"]) == 4
    proxy.rate = None
    app.page.get_by_role("button", name="Resume from Python").click()
    files = app.wait_for(lambda it: len(it["files"]) == 4, timeout=60)["files"]
    assert sorted(file["checksum"] for file in files) == sorted(checksums)
    expect(app.page.locator(".facts")).to_have_text("4 files, 200 MB")
