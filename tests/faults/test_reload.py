"""The page is loaded again, or the browser started anew, and the same file goes on."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import App, launch_options, make_file, wait_until
from tests.browser.cutting_proxy import CuttingProxy, cutting_proxy
from tests.core.fakes import files_below

from .server import Server, served
from .test_server import part, sha256

MB = 1000**2
SIZE = 40 * MB
SLOW = {"chunk_size": 16384}  # so that little is on its way when the page goes


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with served(tmp_path_factory.mktemp("server") / "tmp") as server:
        yield server


@pytest.fixture
def proxy(server: Server) -> Iterator[CuttingProxy]:
    """A way to the server that is slow, until the test lets it be fast."""
    with cutting_proxy(server.port, 8 * MB) as proxy:
        yield proxy


def begin(app: App, path: Path, *, drop: bool = False) -> None:
    (app.drop if drop else app.choose)(path)
    wait_until(lambda: part(app, path.name) > 0.1)


def test_file_chosen_again_after_a_reload_goes_on_from_what_is_stored(
    page: Page, proxy: CuttingProxy, tmp_path: Path
) -> None:
    checksum = make_file(tmp_path / "large.bin", SIZE)
    options = {"destination": str(tmp_path / "in"), **SLOW}
    begin(App(page, f"{proxy.url}/app", options), tmp_path / "large.bin")

    sent = count_sent(page)
    app = App(page, f"{proxy.url}/app", options)  # the page is loaded again
    app.choose(tmp_path / "large.bin")

    expect(app.row("large.bin")).to_contain_text("Went on from", timeout=20_000)
    proxy.rate = None
    app.expect_row("large.bin", "complete", timeout=120)
    assert sum(sent) < 0.95 * SIZE
    assert list(files_below(tmp_path / "in")) == ["large.bin"]
    assert sha256(tmp_path / "in" / "large.bin") == checksum
    assert remembered(page) is None


def test_temporary_file_goes_on_after_a_reload(
    page: Page, proxy: CuttingProxy, tmp_path: Path
) -> None:
    checksum = make_file(tmp_path / "large.bin", SIZE)
    begin(App(page, f"{proxy.url}/app", SLOW), tmp_path / "large.bin")

    app = App(page, f"{proxy.url}/app", SLOW)
    app.choose(tmp_path / "large.bin")

    expect(app.row("large.bin")).to_contain_text("Went on from", timeout=20_000)
    proxy.rate = None
    app.expect_row("large.bin", "complete", timeout=120)
    assert app.wait_for(lambda it: it["files"])["files"][0]["checksum"] == checksum


def test_file_chosen_again_after_the_browser_was_started_anew_goes_on(
    browser: Browser, proxy: CuttingProxy, tmp_path: Path
) -> None:
    checksum = make_file(tmp_path / "large.bin", SIZE)
    options = {"destination": str(tmp_path / "in"), **SLOW}
    kind, profile = browser.browser_type, tmp_path / "profile"
    with kind.launch_persistent_context(profile, **launch_options()) as context:
        begin(App(context.new_page(), f"{proxy.url}/app", options), tmp_path / "large.bin")

    with kind.launch_persistent_context(profile, **launch_options()) as context:
        app = App(context.new_page(), f"{proxy.url}/app", options)
        app.choose(tmp_path / "large.bin")
        expect(app.row("large.bin")).to_contain_text("Went on from", timeout=20_000)
        proxy.rate = None
        app.expect_row("large.bin", "complete", timeout=120)
    assert sha256(tmp_path / "in" / "large.bin") == checksum


def test_file_that_was_changed_since_is_never_spliced(
    page: Page, proxy: CuttingProxy, tmp_path: Path
) -> None:
    source = tmp_path / "large.bin"
    make_file(source, SIZE)
    os.utime(source, (1e9, 1e9))
    options = {"destination": str(tmp_path / "in"), **SLOW}
    begin(App(page, f"{proxy.url}/app", options), source)
    app = App(page, f"{proxy.url}/app", options)
    with source.open("r+b") as file:  # one byte, of the part that is stored
        file.seek(MB)
        byte = file.read(1)
        file.seek(MB)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(source, (1e9, 1e9))  # the same name, size and time

    app.choose(source)

    row = app.expect_row("large.bin", "failed")
    expect(row).to_contain_text("changed since its upload was begun")
    wait_until(lambda: not files_below(tmp_path / "in"))
    row.get_by_role("button", name="Retry").click()
    proxy.rate = None
    app.expect_row("large.bin", "complete", timeout=120)
    assert sha256(tmp_path / "in" / "large.bin") == sha256(source)


def test_same_file_in_another_tab_goes_on_there(
    browser: Browser, proxy: CuttingProxy, tmp_path: Path
) -> None:
    checksum = make_file(tmp_path / "large.bin", SIZE)
    options = {"destination": str(tmp_path / "in"), **SLOW}
    with browser.new_context() as context:
        first = App(context.new_page(), f"{proxy.url}/app", options)
        begin(first, tmp_path / "large.bin")
        proxy.rate = MB  # so that it is still under way there

        second = App(context.new_page(), f"{proxy.url}/app", options)
        second.choose(tmp_path / "large.bin")

        expect(second.row("large.bin")).to_contain_text("Went on from")
        proxy.rate = None
        second.expect_row("large.bin", "complete", timeout=120)
        row = first.expect_row("large.bin", "failed")
        expect(row).to_contain_text("goes on in another page")
    assert list(files_below(tmp_path / "in")) == ["large.bin"]
    assert sha256(tmp_path / "in" / "large.bin") == checksum


def test_dropped_file_goes_on_at_a_click_after_a_reload(
    page: Page, proxy: CuttingProxy, tmp_path: Path
) -> None:
    checksum = make_file(tmp_path / "large.bin", SIZE)
    options = {"destination": str(tmp_path / "in"), **SLOW}
    app = App(page, f"{proxy.url}/app", options)
    begin(app, tmp_path / "large.bin", drop=True)

    app = App(page, f"{proxy.url}/app", options)
    offer = app.expect_row("large.bin", "offer")
    expect(offer).not_to_contain_text("Choose it again")
    offer.get_by_role("button", name="Go on").click()

    expect(app.row("large.bin")).to_contain_text("Went on from", timeout=20_000)
    proxy.rate = None
    app.expect_row("large.bin", "complete", timeout=120)
    assert list(files_below(tmp_path / "in")) == ["large.bin"]
    assert sha256(tmp_path / "in" / "large.bin") == checksum
    assert remembered(page) is None
    wait_until(lambda: handles(page) == [])


def test_dropped_file_is_at_hand_after_the_browser_was_started_anew(
    browser: Browser, proxy: CuttingProxy, tmp_path: Path
) -> None:
    make_file(tmp_path / "large.bin", SIZE)
    kind, profile = browser.browser_type, tmp_path / "profile"
    with kind.launch_persistent_context(profile, **launch_options()) as context:
        app = App(context.new_page(), f"{proxy.url}/app", SLOW)
        begin(app, tmp_path / "large.bin", drop=True)

    with kind.launch_persistent_context(profile, **launch_options()) as context:
        app = App(context.new_page(), f"{proxy.url}/app", SLOW)
        offer = app.expect_row("large.bin", "offer")
        # A click now asks the user, whom a headless browser does not have.
        expect(offer.get_by_role("button", name="Go on")).to_be_enabled()


def test_dropped_file_that_was_moved_is_to_be_chosen_again(
    page: Page, proxy: CuttingProxy, tmp_path: Path
) -> None:
    make_file(tmp_path / "large.bin", SIZE)
    app = App(page, f"{proxy.url}/app", SLOW)
    begin(app, tmp_path / "large.bin", drop=True)

    app = App(page, f"{proxy.url}/app", SLOW)
    (tmp_path / "moved").mkdir()
    moved = (tmp_path / "large.bin").rename(tmp_path / "moved" / "large.bin")
    app.expect_row("large.bin", "offer").get_by_role("button", name="Go on").click()

    expect(app.row("large.bin")).to_contain_text("Choose it again to go on.")
    app.choose(moved)
    expect(app.row("large.bin")).to_contain_text("Went on from", timeout=20_000)
    proxy.rate = None
    app.expect_row("large.bin", "complete", timeout=120)


def test_chosen_file_is_offered_to_be_chosen_again_after_a_reload(
    page: Page, proxy: CuttingProxy, tmp_path: Path
) -> None:
    make_file(tmp_path / "large.bin", SIZE)
    begin(App(page, f"{proxy.url}/app", SLOW), tmp_path / "large.bin")

    app = App(page, f"{proxy.url}/app", SLOW)
    offer = app.expect_row("large.bin", "offer")
    expect(offer).to_contain_text("Its upload was begun and not ended.")
    expect(offer).to_contain_text("Choose it again to go on.")
    offer.get_by_role("button", name="Forget the upload of large.bin").click()

    expect(app.row("large.bin")).to_have_count(0)
    assert remembered(page) is None
    app = App(page, f"{proxy.url}/app", SLOW)
    expect(app.row("large.bin")).to_have_count(0)


def test_another_tab_is_offered_what_is_not_under_way(
    browser: Browser, proxy: CuttingProxy, tmp_path: Path
) -> None:
    make_file(tmp_path / "left.bin", SIZE)
    make_file(tmp_path / "running.bin", 100 * MB)
    with browser.new_context() as context:
        first = context.new_page()
        begin(App(first, f"{proxy.url}/app", SLOW), tmp_path / "left.bin")
        app = App(first, f"{proxy.url}/app", SLOW)
        begin(app, tmp_path / "running.bin")

        second = App(context.new_page(), f"{proxy.url}/app", SLOW)

        second.expect_row("left.bin", "offer")
        expect(second.row("running.bin")).to_have_count(0)
        app.choose(tmp_path / "left.bin")
        proxy.rate = None
        app.expect_row("left.bin", "complete", timeout=120)
        expect(second.row("left.bin")).to_have_count(0)


def count_sent(page: Page) -> list[int]:
    """Give a list that grows by the size of each frame that the page sends when loaded again."""
    sizes: list[int] = []
    page.on(
        "websocket",
        lambda socket: socket.on("framesent", lambda payload: sizes.append(len(payload))),
    )
    return sizes


def remembered(page: Page) -> Any:
    return page.evaluate("localStorage.getItem('panel_chunked.uploads')")


def handles(page: Page) -> Any:
    """Give the ids of the uploads whose files' handles the browser keeps."""
    return page.evaluate("""new Promise((resolve) => {
        indexedDB.open("panel_chunked").onsuccess = ({ target: { result: db } }) => {
            const keys = db.transaction("handles").objectStore("handles").getAllKeys();
            keys.onsuccess = () => resolve(keys.result);
        };
    })""")
