"""The example app, served as `make demo` serves it."""

import struct
import wave
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import serving


@pytest.fixture(scope="module")
def example() -> Iterator[str]:
    with serving("panel", "serve", "examples/app.py", "--port", "{port}") as url:
        yield url


@pytest.fixture
def offline(page: Page) -> Iterator[list[str]]:
    """Every address outside this machine that the page asks for."""
    outside: list[str] = []
    local = ("http://localhost", "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(local) else outside.append(r.url))
    yield outside
    assert outside == []


def png(path: Path, width: int, height: int) -> Path:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\x20\x60\xa0" * width) * height
    signature = b"\x89PNG\r\n\x1a\n"
    image = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(signature + image)
    return path


def wav(path: Path, seconds: int) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"\x80" * 8000 * seconds)
    return path


def text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


@pytest.mark.usefixtures("offline")
def test_what_arrives_is_shown(page: Page, example: str, tmp_path: Path) -> None:
    files = [
        png(tmp_path / "picture.png", 30, 20),
        wav(tmp_path / "sound.wav", 2),
        text(tmp_path / "table.csv", "city,people\nOslo,717710\n"),
        text(tmp_path / "broken.csv", ""),
        text(tmp_path / "notes.xyz", "hello"),
    ]
    page.goto(example)

    page.locator("input[type=file]").first.set_input_files(files)

    page.wait_for_function(  # media elements are found in shadow roots by locators only
        "image => image.naturalWidth === 30",
        arg=page.locator("img[src^='data:image/png']").element_handle(),
    )
    page.wait_for_function(
        "sound => sound.duration === 2", arg=page.locator("audio").element_handle()
    )
    expect(page.locator(".tabulator-cell", has_text="Oslo")).to_be_visible()
    hello = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    expect(page.get_by_text(hello)).to_be_visible()
    nothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    expect(page.get_by_text(nothing)).to_be_visible()
    expect(page.get_by_text("Nothing is on its way.")).to_be_visible()


@pytest.mark.usefixtures("offline")
def test_what_is_removed_is_shown_no_more(page: Page, example: str, tmp_path: Path) -> None:
    page.goto(example)
    page.locator("input[type=file]").first.set_input_files(wav(tmp_path / "sound.wav", 1))
    expect(page.locator("audio")).to_be_visible()

    page.get_by_role("button", name="Remove sound.wav").click()

    expect(page.locator("audio")).to_have_count(0)
    expect(page.get_by_text("Nothing yet.")).to_be_visible()


def test_a_bound_function_gets_the_value(page: Page, example: str, tmp_path: Path) -> None:
    page.goto(example)

    page.locator("input[type=file]").nth(1).set_input_files(text(tmp_path / "a.txt", "x\ny\nz\n"))

    expect(page.get_by_text("a.txt has 3 lines.")).to_be_visible()
