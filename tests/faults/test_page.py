"""What becomes of uploads under the hands of a user, of other programs, and of the app."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import App, make_file, wait_until
from tests.browser.cutting_proxy import CuttingProxy, cutting_proxy
from tests.core.fakes import files_below

from .server import Server

MB = 1000**2


@pytest.fixture
def proxy(shared: Server) -> Iterator[CuttingProxy]:
    with cutting_proxy(shared.port, 2 * MB) as proxy:
        yield proxy


@pytest.fixture
def large(tmp_path: Path) -> Path:
    make_file(tmp_path / "large.bin", 40 * MB)
    return tmp_path / "large.bin"


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    return tmp_path / "in"


@pytest.fixture
def open_app(page: Page, proxy: CuttingProxy, incoming: Path) -> Callable[..., App]:
    def open_(**options: object) -> App:
        return App(page, f"{proxy.url}/app", {"destination": str(incoming), **options})

    return open_


def wait_until_stored(app: App, name: str) -> None:
    app.wait_for(lambda it: any(u["name"] == name and u["stored"] for u in it["uploads"]))


def truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(25 * MB)


def change_the_end(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-1000, 2)
        file.write(bytes(1000))


CHANGES: list[Callable[[Path], object]] = [
    lambda path: path.write_bytes(b"now it is another file"),
    truncate,
    change_the_end,
    Path.unlink,
]


@pytest.mark.parametrize("change", CHANGES, ids=["replaced", "truncated", "changed", "removed"])
def test_file_that_changes_while_it_is_read_fails_alone(
    open_app: Callable[..., App],
    proxy: CuttingProxy,
    large: Path,
    incoming: Path,
    change: Callable[[Path], object],
) -> None:
    other = large.with_name("other.bin")
    checksum = make_file(other, 6 * MB)
    app = open_app(multiple=True)
    app.choose(large, other)
    wait_until_stored(app, "large.bin")
    change(large)
    proxy.rate = None
    row = app.expect_row("large.bin", "failed")
    expect(row).to_contain_text("changed, moved or deleted")
    app.expect_row("other.bin", "complete")
    outputs = app.wait_for(lambda it: it["filename"])
    assert [file["checksum"] for file in outputs["files"]] == [checksum]
    assert [(it["name"], it["state"]) for it in outputs["uploads"]] == [("large.bin", "failed")]
    assert list(files_below(incoming)) == ["other.bin"]


def test_cancel_clear_and_another_pick_each_end_the_transfer(
    open_app: Callable[..., App], proxy: CuttingProxy, large: Path, incoming: Path
) -> None:
    small = large.with_name("small.txt")
    small.write_text("small")
    app = open_app()

    app.choose(large)
    wait_until_stored(app, "large.bin")
    app.page.get_by_role("button", name="Cancel the upload of large.bin").click()
    app.expect_row("large.bin", "cancelled")
    wait_until(lambda: files_below(incoming) == {})

    app.choose(large)  # again
    wait_until_stored(app, "large.bin")
    app.page.get_by_role("button", name="Clear from Python").click()
    expect(app.page.locator(".row")).to_have_count(0)
    wait_until(lambda: files_below(incoming) == {})

    app.choose(large)  # and again
    wait_until_stored(app, "large.bin")
    app.choose(small)  # takes its place, as there is only one
    app.expect_row("small.txt", "complete")
    wait_until(lambda: files_below(incoming) == {"small.txt": b"small"})
    outputs = app.wait_for(lambda it: it["filename"] == "small.txt")
    assert [file["name"] for file in outputs["files"]] == ["small.txt"]

    app.choose(large)
    proxy.rate = None
    app.expect_row("large.bin", "complete")


def test_same_file_picked_twice_during_its_transfer_arrives_twice(
    open_app: Callable[..., App], proxy: CuttingProxy, large: Path, incoming: Path
) -> None:
    app = open_app(multiple=True)
    app.choose(large)
    wait_until_stored(app, "large.bin")
    app.choose(large)
    expect(app.row("large.bin")).to_have_count(2)
    proxy.rate = None
    files = app.wait_for(lambda it: len(it["files"]) == 2)["files"]
    data = large.read_bytes()
    assert files_below(incoming) == {"large.bin": data, "large (1).bin": data}
    assert files[0]["checksum"] == files[1]["checksum"]


def show_another_tab(app: App) -> None:
    app.page.get_by_text("other", exact=True).click()
    app.page.get_by_text("another tab").wait_for()


def show_first_tab(app: App) -> None:
    app.page.get_by_text("upload", exact=True).click()


def click(name: str) -> Callable[[App], None]:
    return lambda app: app.page.get_by_role("button", name=name).click()


VIEWS = {
    "tab": (show_another_tab, show_first_tab),
    "hidden": (click("Hide"), click("Hide")),
    "moved": (click("Move"), lambda app: app.page.get_by_text("Moved").wait_for()),
}


@pytest.mark.parametrize("how", VIEWS)
def test_transfer_goes_on_whether_its_widget_is_shown_or_not(
    open_app: Callable[..., App], proxy: CuttingProxy, large: Path, how: str
) -> None:
    leave, come_back = VIEWS[how]
    app = open_app()
    app.choose(large)
    wait_until_stored(app, "large.bin")
    leave(app)
    if how != "moved":
        expect(app.row("large.bin")).not_to_be_visible()
    before = proxy.sent
    wait_until(lambda: proxy.sent > before + 2 * MB)  # more than was on its way
    come_back(app)
    app.expect_row("large.bin", "running")
    proxy.rate = None
    app.expect_row("large.bin", "complete")
    (file,) = app.wait_for(lambda it: it["files"])["files"]
    assert Path(file["path"]).read_bytes() == large.read_bytes()


def test_callback_that_raises_is_logged_and_harms_no_upload(
    browser: Browser, open_app: Callable[..., App], shared: Server, large: Path
) -> None:
    """The callback is the one of tests/browser/pages.py."""
    poison = large.with_name("poison.txt")
    poison.write_text("poison")
    other = open_app()
    other.choose(large)
    wait_until_stored(other, "large.bin")
    tab = browser.new_page()
    app = App(tab, shared.url, {})
    logged = shared.log.read_text().count("the app's own callback fails")
    app.choose(poison)
    app.expect_row("poison.txt", "complete")
    wait_until(lambda: shared.log.read_text().count("the app's own callback fails") > logged)
    poison.with_name("fine.txt").write_text("fine")
    app.choose(poison.with_name("fine.txt"))
    app.expect_row("fine.txt", "complete")
    assert app.wait_for(lambda it: it["filename"] == "fine.txt")["value"] == "fine"
    other.expect_row("large.bin", "running")
    tab.close()
