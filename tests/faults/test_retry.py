"""What has failed is tried again: a disk that was full, or could not be written."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import App, make_file, wait_until
from tests.browser.cutting_proxy import cutting_proxy
from tests.core.fakes import files_below

from .server import Server, served

MB = 1000**2


class Disk:
    """A file system of 16 MB."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self) -> None:
        """Leave room for 2 MB."""
        self._filler.write_bytes(bytes(14 * MB))

    def empty(self) -> None:
        self._filler.unlink()

    def remount(self, option: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{option}", str(self.path)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    path = tmp_path / "disk"
    path.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small file system")
    command = ["mount", "-t", "tmpfs", "-o", f"size={16 * MB}", "tmpfs", str(path)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.strip()}")
    yield Disk(path)
    subprocess.run(["umount", str(path)], check=True)


def open_app(page: Page, server: Server, disk: Disk) -> App:
    return App(page, server.url, {"destination": str(disk.path), "multiple": True})


def expect_whole(app: App, name: str, checksum: str) -> None:
    app.expect_row(name, "complete")
    files = {file["name"]: file for file in app.wait_for(lambda it: it["files"])["files"]}
    assert files[name]["checksum"] == checksum
    app.wait_for(lambda it: it["uploads"] == [])  # what has failed before does not count any more


def expect_failed_in_python(app: App, code: str) -> None:
    # The page may know it first.
    failed = [("failed", code)]
    app.wait_for(lambda it: [(u["state"], u["error_code"]) for u in it["uploads"]] == failed)


def expect_quiet_log(server: Server) -> None:
    """The log names each upload, and shows no traceback."""
    log = server.log.read_text()
    lines = [line for line in log.splitlines() if "bin" in line]
    assert lines
    assert all(re.search(r"Upload [\w-]{22} ", line) for line in lines), log
    assert "Traceback" not in log


def test_full_disk_is_tried_again_by_itself(page: Page, tmp_path: Path, disk: Disk) -> None:
    checksum = make_file(tmp_path / "data.bin", 8 * MB)
    page.add_init_script("Math.random = () => 0.99")  # so that there is time to make room
    with served(tmp_path / "tmp") as server:
        app = open_app(page, server, disk)
        disk.fill()
        app.choose(tmp_path / "data.bin")
        row = app.row("data.bin")
        expect(row).to_contain_text("No space left on device. Try again when there is room")
        expect(row).to_contain_text("Trying again in")
        disk.empty()
        expect_whole(app, "data.bin", checksum)
        assert list(files_below(disk.path)) == ["data.bin"]
        expect_quiet_log(server)


def test_full_disk_is_tried_again_when_asked_once_there_is_room(
    page: Page, tmp_path: Path, disk: Disk
) -> None:
    checksum = make_file(tmp_path / "data.bin", 8 * MB)
    small = make_file(tmp_path / "small.bin", 1000)
    page.add_init_script("Math.random = () => 0.01")  # so that the page gives up soon
    with served(tmp_path / "tmp") as server:
        app = open_app(page, server, disk)
        disk.fill()
        app.choose(tmp_path / "data.bin")
        wait_until(lambda: server.log.read_text().count("failed: ") == 4)  # it was tried 4 times
        row = app.expect_row("data.bin", "failed")
        expect(row).not_to_contain_text("Trying again")
        expect_failed_in_python(app, "storage_full")
        assert list(files_below(disk.path)) == ["filler"]  # nothing is left to fill the disk
        disk.empty()
        page.get_by_role("button", name="Retry data.bin").click()
        expect_whole(app, "data.bin", checksum)
        expect(page.locator(".row")).to_have_count(1)
        app.choose(tmp_path / "small.bin")
        expect_whole(app, "small.bin", small)
        assert set(files_below(disk.path)) == {"data.bin", "small.bin"}
        expect_quiet_log(server)


def test_disk_that_cannot_be_written_is_tried_again_only_when_asked(
    page: Page, tmp_path: Path, disk: Disk
) -> None:
    checksum = make_file(tmp_path / "data.bin", 8 * MB)
    with served(tmp_path / "tmp") as server:
        app = open_app(page, server, disk)
        disk.remount("ro")
        app.choose(tmp_path / "data.bin")
        row = app.expect_row("data.bin", "failed")
        expect(row).to_contain_text("Read-only file system. Try again later")
        expect(row).not_to_contain_text("Trying again")
        disk.remount("rw")
        page.get_by_role("button", name="Retry data.bin").press("Enter")
        expect(app.choose_button).to_be_focused()
        expect_whole(app, "data.bin", checksum)
        expect_quiet_log(server)


def test_file_that_was_moved_away_is_read_when_it_is_back(page: Page, tmp_path: Path) -> None:
    checksum = make_file(tmp_path / "data.bin", 60 * MB)
    with served(tmp_path / "tmp") as server, cutting_proxy(server.port, 8 * MB) as proxy:
        app = App(page, f"{proxy.url}/app", {"chunk_size": 65536})
        app.choose(tmp_path / "data.bin")
        app.wait_for(lambda it: any(u["stored"] > 0 for u in it["uploads"]))
        (tmp_path / "data.bin").rename(tmp_path / "elsewhere.bin")
        row = app.expect_row("data.bin", "failed", timeout=60)
        expect(row).to_contain_text("The file could not be read")
        expect(row).not_to_contain_text("Trying again")
        expect_failed_in_python(app, "unreadable")
        retry = page.get_by_role("button", name="Retry data.bin")
        retry.click()
        wait_until(lambda: server.log.read_text().count("failed: ") == 2)  # it is not there
        (tmp_path / "elsewhere.bin").rename(tmp_path / "data.bin")
        proxy.rate = None
        retry.click()
        expect_whole(app, "data.bin", checksum)
        expect_quiet_log(server)
