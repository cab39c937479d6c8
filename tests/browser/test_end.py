"""How uploads and files end: cancel, remove, clear, session end, faults."""

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import App, make_file, wait_until

MB = 1000**2
SLOW = {"chunk_size": 8192}  # so many messages that a large file does not arrive meanwhile


@pytest.fixture
def large(tmp_path: Path) -> Path:
    make_file(tmp_path / "large.bin", 200 * MB)
    return tmp_path / "large.bin"


def test_cancel_stops_both_sides_and_frees_what_was_stored(
    open_app: Callable[..., App], large: Path, tmp_path: Path
) -> None:
    incoming = tmp_path / "in"
    app = open_app(destination=str(incoming), multiple=True, **SLOW)
    app.choose(large)
    app.wait_for(lambda it: any(u["stored"] > 0 for u in it["uploads"]))
    app.page.get_by_role("button", name="Cancel the upload of large.bin").click()
    app.expect_row("large.bin", "cancelled")
    wait_until(lambda: list(incoming.iterdir()) == [])
    outputs = app.wait_for(lambda it: it["uploads"] == [])
    assert outputs["files"] == []


def test_others_go_on_when_one_is_cancelled(
    open_app: Callable[..., App], large: Path, tmp_path: Path
) -> None:
    (tmp_path / "small.txt").write_text("small")
    app = open_app(multiple=True, **SLOW)
    app.choose(large)
    app.choose(tmp_path / "small.txt")
    app.page.get_by_role("button", name="Cancel the upload of large.bin").click()
    app.expect_row("small.txt", "complete")
    outputs = app.wait_for(lambda it: it["value"])
    assert outputs["value"] == ["small"]


def test_remove_deletes_the_file(open_app: Callable[..., App], tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_text("hello")
    app = open_app(destination=str(tmp_path / "in"), multiple=True)
    app.choose(tmp_path / "hello.txt")
    app.wait_for(lambda it: it["files"])
    app.page.get_by_role("button", name="Remove hello.txt").click()
    outputs = app.wait_for(lambda it: it["files"] == [])
    assert outputs["filename"] is None
    expect(app.page.locator(".row")).to_have_count(0)
    expect(app.choose_button).to_be_focused()
    assert list((tmp_path / "in").iterdir()) == []


def test_clear_from_python_empties_the_page(open_app: Callable[..., App], tmp_path: Path) -> None:
    for name in ("hello.txt", "hello.exe"):
        (tmp_path / name).write_text("hello")
    app = open_app(accept=".txt", multiple=True)
    app.choose(tmp_path / "hello.txt", tmp_path / "hello.exe")
    path = app.wait_for(lambda it: it["files"])["files"][0]["path"]
    app.expect_row("hello.exe", "refused")
    app.page.get_by_role("button", name="Clear from Python").click()
    expect(app.page.locator(".row")).to_have_count(0)
    outputs = app.wait_for(lambda it: it["files"] == [])
    assert (outputs["value"], outputs["filename"]) == (None, None)
    wait_until(lambda: not Path(path).exists())


def test_temporary_files_go_with_the_session_and_directory_files_stay(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    (tmp_path / "hello.txt").write_text("hello")
    app = open_app()
    app.choose(tmp_path / "hello.txt")
    temporary = Path(app.wait_for(lambda it: it["files"])["files"][0]["path"])
    app = open_app(destination=str(tmp_path / "in"))
    app.choose(tmp_path / "hello.txt")
    kept = Path(app.wait_for(lambda it: it["files"])["files"][0]["path"])
    app.page.goto("about:blank")
    wait_until(lambda: not temporary.parent.parent.exists())
    assert kept.read_text() == "hello"


def is_open(path: Path) -> bool:
    """Tell whether some process has a file open."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # of another user, or ended by now
            for link in (process / "fd").iterdir():
                with suppress(OSError):  # closed by now
                    if link.readlink() == path:
                        return True
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="open files are listed in /proc")
def test_session_that_ends_lets_go_of_its_partial_file_which_waits(
    open_app: Callable[..., App], large: Path, tmp_path: Path
) -> None:
    app = open_app(destination=str(tmp_path / "in"), **SLOW)
    app.choose(large)
    app.wait_for(lambda it: any(u["stored"] > 0 for u in it["uploads"]))
    (partial,) = (tmp_path / "in").rglob("*.part")
    wait_until(lambda: is_open(partial))
    app.page.goto("about:blank")
    wait_until(lambda: not is_open(partial))
    assert partial.stat().st_size > 0


def test_transfer_goes_on_after_another_tab_was_shown(
    open_app: Callable[..., App], large: Path
) -> None:
    app = open_app()
    app.choose(large)
    app.wait_for(lambda it: any(u["stored"] > 0 for u in it["uploads"]))
    app.page.get_by_text("other", exact=True).click()
    app.page.get_by_text("another tab").wait_for()
    app.page.get_by_text("upload", exact=True).click()
    app.expect_row("large.bin", "complete", timeout=60)
    assert app.wait_for(lambda it: it["files"])["files"][0]["size"] == 200 * MB


def test_file_that_changes_while_it_is_read_fails_alone(
    open_app: Callable[..., App], large: Path, tmp_path: Path
) -> None:
    (tmp_path / "small.txt").write_text("small")
    app = open_app(multiple=True, **SLOW)
    app.choose(large, tmp_path / "small.txt")
    app.wait_for(lambda it: any(u["stored"] > 0 for u in it["uploads"]))
    large.write_bytes(b"now it is another file")
    row = app.expect_row("large.bin", "failed")
    expect(row).to_contain_text("changed, moved or deleted")
    outputs = app.wait_for(lambda it: it["value"])
    assert outputs["value"] == ["small"]
    assert [(it["name"], it["state"]) for it in outputs["uploads"]] == [("large.bin", "failed")]


def test_file_whose_end_changes_while_it_is_read_fails(
    open_app: Callable[..., App], large: Path
) -> None:
    app = open_app(chunk_size=100_000)
    app.choose(large)
    app.wait_for(lambda it: any(u["stored"] > 0 for u in it["uploads"]))
    with large.open("r+b") as file:
        file.seek(-1000, 2)
        file.write(bytes(1000))
    app.expect_row("large.bin", "failed", timeout=120)
    assert app.outputs["files"] == []


def test_destination_that_is_no_directory_fails_with_a_reason(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    (tmp_path / "blocked").write_text("a file where the directory should be")
    (tmp_path / "hello.txt").write_text("hello")
    app = open_app(destination=str(tmp_path / "blocked"))
    app.choose(tmp_path / "hello.txt")
    row = app.expect_row("hello.txt", "failed")
    expect(row).to_contain_text("The server could not store the file")
    (failed,) = app.wait_for(lambda it: any(u["error"] for u in it["uploads"]))["uploads"]
    assert failed["state"] == "failed"
    assert "could not store" in failed["error"]


def test_callback_that_raises_leaves_the_upload_complete(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    for name in ("poison.txt", "fine.txt"):
        (tmp_path / name).write_text(name)
    app = open_app()
    app.choose(tmp_path / "poison.txt")
    app.expect_row("poison.txt", "complete")
    app.choose(tmp_path / "fine.txt")
    app.expect_row("fine.txt", "complete")
    app.wait_for(lambda it: it["filename"] == "fine.txt")
