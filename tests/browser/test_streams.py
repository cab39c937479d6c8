"""A function of the app uses the bytes of an upload while a real browser sends them."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from .conftest import App, make_file, serving, wait_until
from .cutting_proxy import cutting_proxy

MB = 1000**2

OpenApp = Callable[..., App]


def open_handler(open_app: OpenApp, name: str, tmp_path: Path, **options: object) -> App:
    return open_app(handler=[name, str(tmp_path / "gate")], **options)


@pytest.mark.parametrize("name", ["sha256", "sha256_in_thread"])
def test_all_bytes_come_in_order(open_app: OpenApp, tmp_path: Path, name: str) -> None:
    checksum = make_file(tmp_path / "large.bin", 64 * MB)
    app = open_handler(open_app, name, tmp_path)
    app.choose(tmp_path / "large.bin")
    outputs = app.wait_for(lambda it: it["files"])
    (file,) = outputs["files"]
    assert file["result"] == checksum
    assert (file["received"], outputs["value"]) == (64 * MB, None)
    app.expect_row("large.bin", "complete")


def test_page_says_that_it_waits_for_a_function_that_takes_nothing(
    open_app: OpenApp, tmp_path: Path
) -> None:
    make_file(tmp_path / "large.bin", 64 * MB)
    app = open_handler(open_app, "hold", tmp_path)
    app.choose(tmp_path / "large.bin")
    row = app.expect_row("large.bin", "running")
    expect(row).to_contain_text("Waiting for the server")
    (upload,) = app.outputs["uploads"]
    assert upload["stored"] < 20 * MB
    (tmp_path / "gate").touch()
    app.expect_row("large.bin", "complete")
    assert app.wait_for(lambda it: it["files"])["files"][0]["result"] == 64 * MB


def test_page_says_that_it_goes_as_fast_as_the_function(open_app: OpenApp, tmp_path: Path) -> None:
    make_file(tmp_path / "large.bin", 20 * MB)
    app = open_handler(open_app, "slow", tmp_path)
    app.choose(tmp_path / "large.bin")
    row = app.expect_row("large.bin", "running")
    expect(row).to_contain_text("as fast as the server takes it")
    expect(row).to_contain_text("MB/s")
    app.expect_row("large.bin", "complete", timeout=40)


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("fail", "app_error", "Failed: The app could not use the file: Row 3 has no date."),
        ("refuse", "refused", "Failed: This is no table. Choose a file that ends with .csv."),
    ],
)
def test_what_it_raises_is_said_and_stops_the_browser(
    open_app: OpenApp, tmp_path: Path, name: str, code: str, said: str
) -> None:
    make_file(tmp_path / "large.bin", 200 * MB)
    app = open_handler(open_app, name, tmp_path)
    app.choose(tmp_path / "large.bin")
    expect(app.expect_row("large.bin", "failed")).to_contain_text(said)
    (upload,) = app.wait_for(lambda it: any(u["error_code"] for u in it["uploads"]))["uploads"]
    assert upload["error_code"] == code
    assert upload["stored"] < 100 * MB
    retry = app.page.get_by_role("button", name="Retry large.bin")
    assert retry.count() == (1 if name == "fail" else 0)


def test_a_function_that_returns_early_ends_the_upload(open_app: OpenApp, tmp_path: Path) -> None:
    make_file(tmp_path / "large.bin", 200 * MB)
    app = open_handler(open_app, "enough", tmp_path)
    app.choose(tmp_path / "large.bin")
    row = app.expect_row("large.bin", "complete")
    expect(row).to_contain_text("Complete, the app needed no more than")
    (file,) = app.wait_for(lambda it: it["files"])["files"]
    assert (len(file["result"]), file["size"]) == (4, 200 * MB)
    assert file["received"] < 100 * MB
    app.page.get_by_role("button", name="Remove large.bin").click()
    app.wait_for(lambda it: not it["files"])


def test_cancelling_in_the_page_cancels_it(open_app: OpenApp, tmp_path: Path) -> None:
    make_file(tmp_path / "large.bin", 64 * MB)
    app = open_handler(open_app, "hold", tmp_path)
    app.choose(tmp_path / "large.bin")
    app.expect_row("large.bin", "running")
    app.wait_for(lambda it: it["uploads"] and it["uploads"][0]["stored"])
    app.page.get_by_role("button", name="Cancel the upload of large.bin").click()
    gate = tmp_path / "gate"
    wait_until(lambda: gate.exists() and gate.read_text())
    assert gate.read_text() == "cancelled"


@pytest.mark.parametrize("name", ["sha256", "sha256_in_thread"])
def test_it_gets_every_byte_once_though_the_connection_is_cut(
    page: Page, tmp_path: Path, name: str
) -> None:
    checksum = make_file(tmp_path / "large.bin", 64 * MB)
    command = ["panel", "serve", "tests/faults/app.py", "--port", "{port}"]
    with (
        serving(*command, "--allow-websocket-origin", "*") as url,
        cutting_proxy(urlsplit(url).port or 0) as proxy,
    ):
        app = App(page, f"{proxy.url}/app", {"handler": [name, str(tmp_path / "gate")]})
        proxy.rate = 20 * MB
        app.choose(tmp_path / "large.bin")
        for sent in (5 * MB, 15 * MB, 30 * MB):
            wait_until(lambda sent=sent: proxy.sent > sent)
            assert proxy.cut() > 0
        (file,) = app.wait_for(lambda it: it["files"], timeout=60)["files"]
        assert file["result"] == checksum


@pytest.mark.parametrize("kind", ["coroutine", "function"])
def test_it_goes_on_though_the_session_of_its_script_has_ended(
    page: Page, tmp_path: Path, kind: str
) -> None:
    """Bokeh empties the module of a script with its session, and with it what a function uses."""
    checksum = make_file(tmp_path / "large.bin", 100 * MB)
    ended = tmp_path / "ended"
    ended.mkdir()
    sessions = ["--unused-session-lifetime", "500", "--check-unused-sessions", "200"]
    command = ["panel", "serve", "tests/browser/script_app.py", "--port", "{port}", *sessions]
    command += ["--allow-websocket-origin", "*"]
    path = f"/script_app?kind={kind}"
    with (
        serving(*command, path=path, variables={"ENDED": str(ended)}) as url,
        cutting_proxy(urlsplit(url).port or 0, 8 * MB) as proxy,
    ):
        page.goto(f"{proxy.url}{path}")
        page.locator("input[type=file]").set_input_files(tmp_path / "large.bin")
        page.get_by_role("button", name="Pause the upload of large.bin").click()
        expect(page.locator(".row")).to_contain_text("Paused")
        page.goto("about:blank")
        wait_until(lambda: list(ended.iterdir()))

        proxy.rate = None
        page.goto(f"{proxy.url}{path}")
        page.locator("input[type=file]").set_input_files(tmp_path / "large.bin")
        row = page.locator(".row")
        expect(row).to_have_attribute("data-state", "complete", timeout=60_000)
        expect(page.locator(".results")).to_have_text(checksum)
