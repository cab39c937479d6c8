"""Disks that take nothing more, names that are taken, and what is left behind."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import App, make_file, wait_until
from tests.core.fakes import files_below

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
def broken_disk(tmp_path: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A disk whose writes fail with an I/O error once it is broken."""
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(32 * MB)
    with ExitStack() as stack:
        if sys.platform != "linux":
            pytest.skip("devices are mapped as on Linux")
        device = run("losetup", "--find", "--show", image)
        stack.callback(run, "losetup", "--detach", device)
        run("mkfs.ext4", "-q", "-O", "^has_journal", device)
        name = f"broken-{tmp_path.name}"
        sectors = run("blockdev", "--getsz", device)
        run("dmsetup", "create", name, "--table", f"0 {sectors} linear {device} 0")
        stack.callback(run, "dmsetup", "remove", "--force", name)
        folder = stack.enter_context(mounted(tmp_path / "disk", f"/dev/mapper/{name}"))

        def break_it() -> None:
            run("dmsetup", "suspend", "--noflush", "--nolockfs", name)
            run("dmsetup", "load", name, "--table", f"0 {sectors} error")
            run("dmsetup", "resume", name)

        yield folder, break_it


def assert_failed_alone(app: App, name: str, other: App, reason: str) -> None:
    """Tell that an upload has failed with a reason in the page and in Python, and no other."""
    row = app.expect_row(name, "failed")
    expect(row).to_contain_text(f"The server could not store the file: {reason}")
    (failed,) = app.wait_for(lambda it: it["uploads"])["uploads"]
    assert (failed["name"], failed["state"]) == (name, "failed")
    assert reason in failed["error"]
    other.expect_row("other.bin", "complete")


@pytest.fixture
def other(browser: Browser, shared: Server, tmp_path: Path) -> Iterator[App]:
    """Another page of the same server, with an upload to elsewhere under way."""
    another = browser.new_page()
    make_file(tmp_path / "other.bin", 8 * MB)
    app = App(another, shared.url, {"destination": str(tmp_path / "in"), "chunk_size": 8192})
    app.choose(tmp_path / "other.bin")
    app.expect_row("other.bin", "running")
    yield app
    another.close()


def test_full_disk_fails_the_upload_that_fills_it_and_no_other(
    open_app: Callable[..., App], other: App, small_disk: Path, tmp_path: Path
) -> None:
    make_file(tmp_path / "large.bin", 5 * MB)
    (tmp_path / "small.txt").write_text("fits")
    app = open_app(destination=str(small_disk), chunk_size=CHUNK)
    app.choose(tmp_path / "large.bin")
    assert_failed_alone(app, "large.bin", other, "No space left on device")
    assert files_below(small_disk) == {}
    assert app.outputs["files"] == []
    app.choose(tmp_path / "small.txt")  # what the failed one took is free again
    app.expect_row("small.txt", "complete")


def test_read_only_directory_refuses_the_upload_and_no_other(
    open_app: Callable[..., App], other: App, small_disk: Path, tmp_path: Path
) -> None:
    (tmp_path / "small.txt").write_text("fits")
    run("mount", "-o", "remount,ro", small_disk)
    app = open_app(destination=str(small_disk))
    app.choose(tmp_path / "small.txt")
    assert_failed_alone(app, "small.txt", other, "Read-only file system")


def test_error_of_the_disk_fails_the_upload_before_it_is_called_complete(
    open_app: Callable[..., App],
    other: App,
    broken_disk: tuple[Path, Callable[[], None]],
    tmp_path: Path,
) -> None:
    folder, break_it = broken_disk
    make_file(tmp_path / "large.bin", 8 * MB)
    app = open_app(destination=str(folder), chunk_size=8192, durable=True)
    app.choose(tmp_path / "large.bin")
    app.wait_for(lambda it: any(u["stored"] > 0 for u in it["uploads"]))
    break_it()
    assert_failed_alone(app, "large.bin", other, "Input/output error")
    assert app.outputs["files"] == []


def handles_of(server: Server) -> list[str]:
    """Give the files that a server has open."""
    return [file.path for file in psutil.Process(server.pid).open_files()]


SHORT_SESSIONS = ("--unused-session-lifetime=1", "--check-unused-sessions=1")


def test_closed_tab_leaves_no_handle_and_its_partial_goes_after_the_grace(
    page: Page, tmp_path: Path
) -> None:
    make_file(tmp_path / "large.bin", 100 * MB)
    incoming = tmp_path / "in"
    options = {"destination": str(incoming), "chunk_size": 8192, "expiry": 3}
    with served(tmp_path / "tmp", *SHORT_SESSIONS) as server:
        before = handles_of(server)
        app = App(page, server.url, options)
        app.choose(tmp_path / "large.bin")
        wait_until(lambda: any(path.endswith(".part") for path in handles_of(server)))
        page.goto("about:blank")
        left = time.time()
        wait_until(lambda: "session destroyed" in server.log.read_text())
        wait_until(lambda: set(handles_of(server)) == set(before))
        (partial,) = incoming.rglob("*.part")  # waits for its page
        stored = partial.stat().st_mtime
        wait_until(lambda: not partial.exists())
        assert time.time() - stored >= 3, f"gone too soon after {left}"
        assert files_below(incoming) == {}
        assert "never retrieved" not in server.log.read_text()


def test_what_a_killed_process_left_goes_with_the_next_one(
    browser: Browser, page: Page, tmp_path: Path
) -> None:
    """Temporary files with its first upload, those in a destination when they have expired."""
    make_file(tmp_path / "large.bin", 100 * MB)
    (tmp_path / "small.txt").write_text("small")
    incoming, options = tmp_path / "in", {"chunk_size": 8192}
    kept = {**options, "destination": str(incoming), "expiry": 6}
    with served(tmp_path / "tmp") as server:
        partials: list[Path] = []
        for where, folder in ((options, server.temporary), (kept, incoming)):
            tab = browser.new_page()
            app = App(tab, server.url, where)
            app.choose(tmp_path / "large.bin")
            wait_until(lambda folder=folder: list(folder.rglob("*.part")))
            tab.close()
            partials += folder.rglob("*.part")
        server.kill()
        server.start()
        assert all(partial.stat().st_size > 0 for partial in partials)

        app = App(page, server.url, kept)
        app.choose(tmp_path / "small.txt")
        app.expect_row("small.txt", "complete")
        app = App(page, server.url, {})
        app.choose(tmp_path / "small.txt")
        app.expect_row("small.txt", "complete")
        temporary, in_destination = partials
        wait_until(lambda: not temporary.exists())
        assert in_destination.exists()  # somebody may still go on with it
        wait_until(lambda: not in_destination.exists())
        assert set(files_below(incoming)) == {"small.txt"}


TAKEN = {
    "number": {"data.bin": b"old", "data (1).bin": b"new"},
    "overwrite": {"data.bin": b"new"},
    "error": {"data.bin": b"old"},
}


@pytest.mark.parametrize("existing", TAKEN)
def test_name_that_exists_keeps_its_content_until_the_new_file_is_whole(
    open_app: Callable[..., App], tmp_path: Path, existing: str
) -> None:
    incoming = tmp_path / "in"
    incoming.mkdir()
    make_file(tmp_path / "data.bin", 8 * MB)
    app = open_app(destination=str(incoming), chunk_size=8192, existing=existing)
    if existing != "error":
        (incoming / "data.bin").write_bytes(b"old")
    app.choose(tmp_path / "data.bin")
    wait_until(lambda: list(incoming.rglob("*.part")))
    (incoming / "data.bin").write_bytes(b"old")  # here it is made while the new one is on its way
    state = "failed" if existing == "error" else "complete"
    row = app.row("data.bin")
    while row.get_attribute("data-state") in ("running", "finishing"):
        assert (incoming / "data.bin").stat().st_size in (3, 8 * MB)
    app.expect_row("data.bin", state)
    if existing == "error":
        expect(row).to_contain_text("A file of this name is there already")
    new = (tmp_path / "data.bin").read_bytes()
    expected = {name: new if data == b"new" else data for name, data in TAKEN[existing].items()}
    assert files_below(incoming) == expected
