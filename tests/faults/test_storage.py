"""Disks that take nothing more, names that are taken, and what is left behind."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from panel_chunked.stores import DirectoryStore
from tests.browser.conftest import App, make_file, wait_until
from tests.browser.cutting_proxy import CuttingProxy, cutting_proxy
from tests.core.fakes import files_below, info

from .server import Server, served

MB = 1000**2
CHUNK = 65536


def run(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{command[0]} fails here, which needs root: {done.stderr.strip()}")
    return done.stdout.strip()


@contextmanager
def mounted(folder: Path, *options: str | Path) -> Iterator[Path]:
    if sys.platform != "linux":
        pytest.skip("file systems are mounted as on Linux")
    folder.mkdir()
    run("mount", *options, folder)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=3m", "tmpfs") as folder:
        yield folder


@pytest.fixture
def disk_with_less_than_it_says(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MB on a device that holds 3 MiB, which only fsync tells of."""
    with ExitStack() as stack:
        folder = mounted(tmp_path / "device", "-t", "tmpfs", "-o", "size=3m", "tmpfs")
        image = stack.enter_context(folder) / "image"
        with image.open("wb") as file:
            file.truncate(32 * MB)
        device = run("losetup", "--find", "--show", image)
        stack.callback(run, "losetup", "--detach", device)
        run("mkfs.ext4", "-q", "-O", "^has_journal", device)
        yield stack.enter_context(mounted(tmp_path / "disk", device))


class Other:
    """Another page of the same server, with an upload to elsewhere that is under way."""

    def __init__(self, page: Page, proxy: CuttingProxy, folder: Path) -> None:
        make_file(folder / "other.bin", 12 * MB)
        self._app = App(page, f"{proxy.url}/app", {"destination": str(folder / "in")})
        self._proxy, proxy.rate = proxy, MB // 4  # it is to last longer than what fails
        self._app.choose(folder / "other.bin")
        self._app.expect_row("other.bin", "running")

    def assert_unaffected(self) -> None:
        self._app.expect_row("other.bin", "running")
        self._proxy.rate = None
        self._app.expect_row("other.bin", "complete")


@pytest.fixture
def impatient(page: Page) -> None:
    """Have the page give up soon what it tries again by itself."""
    page.add_init_script("Math.random = () => 0.01")


@pytest.fixture
def other(browser: Browser, shared: Server, tmp_path: Path) -> Iterator[Other]:
    page = browser.new_page()
    with cutting_proxy(shared.port) as proxy:
        yield Other(page, proxy, tmp_path)
    page.close()


def assert_failed(app: App, name: str, reason: str) -> None:
    """Tell that an upload has failed for good, with a reason in the page and in Python."""
    row = app.page.locator(".row[data-state=failed]", has_text=name)
    given_up = row.filter(has_not_text="Trying again")  # as a full disk is tried four times
    expect(given_up).to_contain_text(re.compile(f"The server could not store the file: {reason}"))
    failed = [(name, "failed")]  # the page may know it first
    app.wait_for(lambda it: [(u["name"], u["state"]) for u in it["uploads"]] == failed)
    assert re.search(reason, app.outputs["uploads"][0]["error"])
    assert app.outputs["files"] == []


@pytest.mark.usefixtures("impatient")
def test_full_disk_fails_the_upload_that_fills_it_and_no_other(
    open_app: Callable[..., App], other: Other, small_disk: Path, tmp_path: Path
) -> None:
    make_file(tmp_path / "large.bin", 5 * MB)
    (tmp_path / "small.txt").write_text("fits")
    app = open_app(destination=str(small_disk), chunk_size=CHUNK)
    app.choose(tmp_path / "large.bin")
    assert_failed(app, "large.bin", "No space left on device")
    other.assert_unaffected()
    assert files_below(small_disk) == {}
    app.choose(tmp_path / "small.txt")  # what the failed one took is free again
    app.expect_row("small.txt", "complete")


def test_read_only_directory_refuses_the_upload_and_no_other(
    open_app: Callable[..., App], other: Other, small_disk: Path, tmp_path: Path
) -> None:
    (tmp_path / "small.txt").write_text("fits")
    run("mount", "-o", "remount,ro", small_disk)
    app = open_app(destination=str(small_disk))
    app.choose(tmp_path / "small.txt")
    assert_failed(app, "small.txt", "Read-only file system")
    other.assert_unaffected()


@pytest.mark.usefixtures("impatient")
def test_disk_that_loses_what_it_took_fails_the_upload_before_it_is_called_complete(
    open_app: Callable[..., App], other: Other, disk_with_less_than_it_says: Path, tmp_path: Path
) -> None:
    make_file(tmp_path / "large.bin", 8 * MB)
    app = open_app(destination=str(disk_with_less_than_it_says), durable=True)
    app.choose(tmp_path / "large.bin")
    assert_failed(app, "large.bin", "(No space left on device|Input/output error)")
    other.assert_unaffected()
    assert files_below(disk_with_less_than_it_says) == {}


def fill(disk: Path) -> None:
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    assert shutil.disk_usage(disk).free == 0


def names_below(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


async def test_disk_that_is_full_before_an_upload_has_its_name_has_it_whole(
    small_disk: Path,
) -> None:
    """There is no room to note that it is complete."""
    store, upload = DirectoryStore(small_disk / "in"), info("data.bin", size=6)
    stored = await store.create(upload)
    await stored.append(b"abcdef")
    fill(small_disk)
    file = await stored.finish()
    assert file.path.read_bytes() == b"abcdef"
    assert files_below(small_disk / "in") == {"data.bin": b"abcdef"}
    assert await store.find(upload.id) is None  # and nothing tells of an upload that is not whole


async def test_disk_that_is_full_before_an_upload_begins_keeps_nothing_of_it(
    small_disk: Path,
) -> None:
    fill(small_disk)
    with pytest.raises(OSError, match="No space left"):
        await DirectoryStore(small_disk / "in").create(info("data.bin", size=6))
    assert names_below(small_disk) == {"filler", "in"}


def test_too_many_open_files_are_tried_again_by_itself(page: Page, tmp_path: Path) -> None:
    checksum = make_file(tmp_path / "data.bin", 8 * MB)
    page.add_init_script("Math.random = () => 0.99")  # so that there is time to allow some
    with served(tmp_path / "tmp") as server:
        app = App(page, server.url, {"destination": str(tmp_path / "in")})
        with no_more_files(server):
            app.choose(tmp_path / "data.bin")
            row = app.row("data.bin")
            expect(row).to_contain_text("Too many open files. Try again in a moment.")
            expect(row).to_contain_text("Trying again in")
            busy = [("failed", "busy")]
            app.wait_for(lambda it: [(u["state"], u["error_code"]) for u in it["uploads"]] == busy)
            assert files_below(tmp_path / "in") == {}
        app.expect_row("data.bin", "complete")
        (file,) = app.wait_for(lambda it: it["files"])["files"]
        assert file["checksum"] == checksum
        assert files_below(tmp_path / "in").keys() == {"data.bin"}
        assert "Traceback" not in server.log.read_text()


@contextmanager
def no_more_files(server: Server) -> Iterator[None]:
    """Have a server open nothing any more; what is open stays so."""
    if sys.platform != "linux":
        pytest.skip("limits of another process are set as on Linux")
    process = psutil.Process(server.pid)
    limits = process.rlimit(psutil.RLIMIT_NOFILE)
    process.rlimit(psutil.RLIMIT_NOFILE, (0, limits[1]))
    try:
        yield
    finally:
        process.rlimit(psutil.RLIMIT_NOFILE, limits)


def handles_of(server: Server) -> list[str]:
    """Give the files that a server has open."""
    return [file.path for file in psutil.Process(server.pid).open_files()]


SHORT_SESSIONS = ("--unused-session-lifetime=1", "--check-unused-sessions=1")


def test_closed_tab_leaves_no_handle_and_its_partial_goes_after_the_grace(
    page: Page, tmp_path: Path
) -> None:
    make_file(tmp_path / "large.bin", 100 * MB)
    incoming = tmp_path / "in"
    options = {"destination": str(incoming), "chunk_size": 8192, "expiry": 8}
    with served(tmp_path / "tmp", *SHORT_SESSIONS) as server:
        before = handles_of(server)
        app = App(page, server.url, options)
        app.choose(tmp_path / "large.bin")
        wait_until(lambda: any(path.endswith(".part") for path in handles_of(server)))
        page.goto("about:blank")
        wait_until(lambda: "session destroyed" in server.log.read_text())
        wait_until(lambda: set(handles_of(server)) == set(before))
        (partial,) = incoming.rglob("*.part")  # waits for its page
        stored = partial.stat().st_mtime
        wait_until(lambda: not partial.exists(), timeout=60)
        assert time.time() - stored >= 8
        assert files_below(incoming) == {}
        assert "never retrieved" not in server.log.read_text()


def test_what_a_killed_process_left_goes_with_the_next_one(
    browser: Browser, page: Page, tmp_path: Path
) -> None:
    """Temporary files with its first upload, those in a destination when they have expired."""
    make_file(tmp_path / "large.bin", 100 * MB)
    (tmp_path / "small.txt").write_text("small")
    incoming, slow = tmp_path / "in", {"chunk_size": 8192}
    with served(tmp_path / "tmp", "--unused-session-lifetime=600000") as server:

        def begin(folder: Path, **options: object) -> Path:
            tab = browser.new_page()
            before = set(folder.rglob("*.part"))
            App(tab, server.url, slow | options).choose(tmp_path / "large.bin")
            wait_until(lambda: set(folder.rglob("*.part")) - before)
            (partial,) = set(folder.rglob("*.part")) - before
            wait_until(lambda: partial.stat().st_size > 0)
            tab.close()
            return partial

        temporary = begin(server.temporary)
        expired = begin(incoming, destination=str(incoming))
        recent = begin(incoming, destination=str(incoming))
        server.kill()
        assert all(partial.stat().st_size > 0 for partial in (temporary, expired, recent))
        for path in (expired, expired.with_suffix(".json")):
            os.utime(path, (0, 0))
        server.start()
        for options in ({}, {"destination": str(incoming)}):
            app = App(page, server.url, options)
            app.choose(tmp_path / "small.txt")
            app.expect_row("small.txt", "complete")
        wait_until(lambda: not temporary.exists() and not expired.exists())
        assert recent.exists()  # somebody may still go on with it
        assert (incoming / "small.txt").read_text() == "small"


TAKEN = {
    "number": {"data.bin": b"old", "data (1).bin": b"new"},
    "overwrite": {"data.bin": b"new"},
    "error": {"data.bin": b"old"},
}


@pytest.mark.parametrize("existing", TAKEN)
def test_name_that_exists_keeps_its_content_until_the_new_file_is_whole(
    page: Page, shared: Server, tmp_path: Path, existing: str
) -> None:
    old = tmp_path / "in" / "data.bin"
    old.parent.mkdir()
    if existing != "error":  # else it is refused at once, and here while it is on its way
        old.write_bytes(b"old")
    make_file(tmp_path / "data.bin", 8 * MB)
    options = {"destination": str(old.parent), "existing": existing}
    with cutting_proxy(shared.port) as proxy:
        app = App(page, f"{proxy.url}/app", options)
        proxy.rate = MB
        app.choose(tmp_path / "data.bin")
        wait_until(lambda: list(old.parent.rglob("*.part")))
        if existing == "error":
            old.write_bytes(b"old")
        while app.row("data.bin").get_attribute("data-state") == "running":
            assert old.read_bytes() == b"old" or app.outputs["progress"] == 100
        row = app.expect_row("data.bin", "failed" if existing == "error" else "complete")
    if existing == "error":
        expect(row).to_contain_text("A file of this name is there already")
    new = (tmp_path / "data.bin").read_bytes()
    expected = {name: new if data == b"new" else data for name, data in TAKEN[existing].items()}
    assert files_below(old.parent) == expected
