"""The server is killed, or the page comes back to another one."""

import hashlib
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.conftest import App, make_file, wait_until
from tests.browser.cutting_proxy import cutting_proxy
from tests.core.fakes import files_below

from .server import served

MB = 1000**2
SIZE = 100 * MB
RATE = 8 * MB  # so that a file is not there before the fault is


def part(app: App, name: str) -> float:
    """Give the part of a file that the page shows as stored, between 0 and 1."""
    progress = app.row(name).locator("progress")
    return float(progress.evaluate("it => it.value / it.max")) if progress.count() else 0.0


def test_upload_goes_on_by_itself_after_the_server_was_killed_and_started_anew(
    page: Page, tmp_path: Path
) -> None:
    checksum = make_file(tmp_path / "large.bin", SIZE)
    incoming = tmp_path / "in"
    with served(tmp_path / "tmp") as server, cutting_proxy(server.port, RATE) as proxy:
        app = App(page, f"{proxy.url}/app", {"destination": str(incoming)})
        app.choose(tmp_path / "large.bin")
        wait_until(lambda: part(app, "large.bin") > 0.1)
        server.kill()
        assert not (incoming / "large.bin").exists()
        stored = sum(path.stat().st_size for path in incoming.rglob("*.part"))
        assert 0 < stored < SIZE
        server.start()
        proxy.rate = None

        app.expect_row("large.bin", "complete", timeout=120)
        file = app.wait_for(lambda it: it["files"])["files"][0]
        assert file["checksum"] == checksum
        assert list(files_below(incoming)) == ["large.bin"]


def test_upload_goes_on_in_another_process(page: Page, tmp_path: Path) -> None:
    checksum = make_file(tmp_path / "large.bin", SIZE)
    incoming = tmp_path / "in"
    with (
        served(tmp_path / "tmp", "--num-procs=2") as server,
        cutting_proxy(server.port, RATE) as proxy,
    ):
        app = App(page, f"{proxy.url}/app", {"destination": str(incoming)})
        app.choose(tmp_path / "large.bin")
        for cut in range(1, 5):
            wait_until(lambda cut=cut: part(app, "large.bin") > 0.1 * cut and proxy.cut())
        proxy.rate = None

        app.expect_row("large.bin", "complete", timeout=120)
        assert list(files_below(incoming)) == ["large.bin"]
        assert sha256(incoming / "large.bin") == checksum


def test_temporary_file_goes_on_after_its_session_has_ended(page: Page, tmp_path: Path) -> None:
    checksum = make_file(tmp_path / "large.bin", SIZE)
    options = ("--unused-session-lifetime=1", "--check-unused-sessions=1")
    with served(tmp_path / "tmp", *options) as server, cutting_proxy(server.port, RATE) as proxy:
        app = App(page, f"{proxy.url}/app", {})
        app.choose(tmp_path / "large.bin")
        wait_until(lambda: part(app, "large.bin") > 0.1)
        proxy.refusing = True
        proxy.cut()
        wait_until(lambda: server.log.read_text().count("session destroyed") > 0)
        proxy.refusing, proxy.rate = False, None

        app.expect_row("large.bin", "complete", timeout=120)
        assert app.wait_for(lambda it: it["files"])["files"][0]["checksum"] == checksum
        assert list(server.temporary.rglob("*.part")) == []


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
