"""Small pictures of files, and a button that plays one, made in the browser from what it has."""

import struct
import wave
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import ExifTags, Image
from playwright.sync_api import Page, expect

from .conftest import App, make_file, wait_until
from .test_example_video import encode

#: Counts object URLs that are not revoked, and the pictures that are drawn; the latter may wait.
COUNT = """
window.urls = new Set();
window.urlsMade = 0;
window.drawn = 0;
window.mayDraw = Promise.resolve();
const { createObjectURL, revokeObjectURL } = URL;
URL.createObjectURL = (it) => {
  const url = createObjectURL.call(URL, it);
  if (it instanceof File) { window.urls.add(url); window.urlsMade += 1; }
  return url;
};
URL.revokeObjectURL = (url) => { window.urls.delete(url); revokeObjectURL.call(URL, url); };
const draw = window.createImageBitmap;
window.createImageBitmap = async (...options) => {
  await window.mayDraw;
  window.drawn += 1;
  return draw(...options);
};
"""

#: The colour in the middle of an image, at this part of its height.
COLOUR = """(image, part) => {
  const context = document.createElement("canvas").getContext("2d");
  context.drawImage(image, 0, 0);
  const { naturalWidth, naturalHeight } = image;
  return [...context.getImageData(naturalWidth / 2, naturalHeight * part, 1, 1).data];
}"""


@pytest.fixture
def page(page: Page) -> Page:
    page.add_init_script(COUNT)
    return page


def png(path: Path, width: int, height: int, colour: bytes = b"\x2a\x9d\x8f") -> Path:
    """Write an image of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    packer = zlib.compressobj(9)
    row = b"\x00" + width * colour
    rows = [packer.compress(row) for _ in range(height)] + [packer.flush()]
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", b"".join(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))
    return path


def huge(path: Path) -> Path:
    """Write an image of 900 megapixels and 110 kB."""
    rows = zlib.compress(30_000 * (b"\x00" + 3750 * b"\xaa"), 9)
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"
    for kind, part in ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")):
        data += struct.pack(">I", len(part)) + kind + part
        data += struct.pack(">I", zlib.crc32(kind + part))
    path.write_bytes(data)
    return path


def sound(path: Path, seconds: int = 60) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 8000 * seconds))
    return path


def no_urls_are_left(page: Page) -> None:
    wait_until(lambda: page.evaluate("window.urls.size") == 0)


def test_image_is_shown_small(page: Page, open_app: Callable[..., App], tmp_path: Path) -> None:
    app = open_app()
    app.choose(png(tmp_path / "a.png", 900, 300))
    image = app.row("a.png").locator(".thumbnail img")
    expect(image).to_be_visible()
    assert image.evaluate("it => [it.naturalWidth, it.naturalHeight]") == [64, 64]
    red, green, blue, alpha = image.evaluate(COLOUR, 0.5)
    assert abs(red - 0x2A) + abs(green - 0x9D) + abs(blue - 0x8F) < 12
    assert alpha == 255
    app.expect_row("a.png", "complete")
    expect(app.row("a.png").locator(".icon-done")).to_be_visible()
    no_urls_are_left(page)


@pytest.mark.parametrize(
    ("make", "drawn"),
    [
        (lambda path: path.write_bytes(png(path, 50, 50).read_bytes()[:60]), None),
        (lambda path: path.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), 0),
        (lambda path: make_file(path, 1000), 0),
        (lambda path: make_file(path, 0), 0),
        (huge, 0),
    ],
    ids=["half", "not of its kind", "noise", "empty", "huge"],
)
def test_image_that_cannot_be_shown_has_an_icon(
    page: Page,
    open_app: Callable[..., App],
    tmp_path: Path,
    make: Callable[[Path], Any],
    drawn: int | None,
) -> None:
    make(tmp_path / "bad.png")
    app = open_app(multiple=True)
    app.choose(tmp_path / "bad.png", png(tmp_path / "good.png", 60, 60))
    expect(app.row("good.png").locator("img")).to_be_visible()  # it came after
    expect(app.row("bad.png").locator(".thumbnail .icon-image")).to_be_visible()
    if drawn is not None:
        assert page.evaluate("window.drawn") == drawn + 1
    no_urls_are_left(page)


def test_video_has_a_frame_of_it(page: Page, open_app: Callable[..., App], tmp_path: Path) -> None:
    app = open_app(multiple=True)
    make_file(tmp_path / "noise.webm", 100_000)
    app.choose(tmp_path / "noise.webm", encode(tmp_path / "clip.webm", "libvpx"))
    image = app.row("clip.webm").locator("img")
    expect(image).to_be_visible()
    assert image.evaluate("it => [it.naturalWidth, it.naturalHeight]") == [64, 64]
    assert image.evaluate(COLOUR, 0.5)[3] == 255
    expect(app.row("noise.webm").locator(".thumbnail .icon-video")).to_be_visible()
    no_urls_are_left(page)


def test_nothing_moves_when_the_picture_comes(
    page: Page, open_app: Callable[..., App], tmp_path: Path
) -> None:
    app = open_app()
    page.evaluate("() => { window.mayDraw = new Promise((go) => { window.go = go; }); }")
    app.choose(png(tmp_path / "a.png", 60, 60))
    row = app.expect_row("a.png", "complete")
    parts = [row, row.locator(".name bdi"), row.locator(".detail"), row.locator(".thumbnail")]
    before = [part.bounding_box() for part in parts]
    expect(row.locator(".icon-image")).to_be_visible()
    page.evaluate("window.go()")
    expect(row.locator("img")).to_be_visible()
    assert [part.bounding_box() for part in parts] == before
    assert before[0] is not None
    assert before[0]["height"] < 52  # as high as its two lines


def test_of_many_images_only_those_shown_are_made_and_nothing_is_left(
    page: Page, open_app: Callable[..., App], tmp_path: Path
) -> None:
    app = open_app(multiple=True)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(urlsplit(request.url).scheme))
    app.choose(*(png(tmp_path / f"{number}.png", 40 + number, 40) for number in range(60)))
    app.wait_for(lambda outputs: len(outputs["files"]) == 60)
    expect(app.page.locator(".row img")).to_have_count(6)
    no_urls_are_left(page)
    page.get_by_role("button", name="Show 54 more files").click()
    expect(app.page.locator(".row img")).to_have_count(60)
    no_urls_are_left(page)
    assert set(requests) <= {"blob", "data"}


def test_image_that_a_phone_has_turned_is_upright(
    page: Page, open_app: Callable[..., App], tmp_path: Path
) -> None:
    turned = Image.new("RGB", (400, 200), "red")
    turned.paste("blue", (180, 0, 400, 200))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # its left is its top
    turned.save(tmp_path / "turned.jpg", exif=exif)
    app = open_app()
    app.choose(tmp_path / "turned.jpg")
    image = app.row("turned.jpg").locator("img")
    expect(image).to_be_visible()
    top, bottom = (image.evaluate(COLOUR, part) for part in (0.1, 0.9))
    assert top[0] > 200 > 50 > top[2]
    assert bottom[2] > 200 > 50 > bottom[0]


def test_sound_plays_and_stops_by_one_button(
    page: Page, open_app: Callable[..., App], tmp_path: Path
) -> None:
    app = open_app(multiple=True)
    app.choose(sound(tmp_path / "a.wav"), sound(tmp_path / "b.wav"), sound(tmp_path / "c.wav", 5))
    app.expect_row("c.wav", "complete")
    button = page.get_by_role("button", name="Play a.wav")
    box = button.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 24
    button.focus()
    page.keyboard.press("Enter")
    stop = page.get_by_role("button", name="Stop playing a.wav")
    expect(stop).to_be_focused()
    page.keyboard.press("Enter")
    expect(button).to_be_focused()
    no_urls_are_left(page)

    button.click()
    page.get_by_role("button", name="Play b.wav").click()
    expect(page.get_by_role("button", name="Stop playing b.wav")).to_be_visible()
    expect(button).to_be_visible()
    assert page.evaluate("window.urls.size") == 1
    page.get_by_role("button", name="Remove b.wav").click()
    no_urls_are_left(page)

    page.get_by_role("button", name="Play c.wav").click()
    page.get_by_role("button", name="Stop playing c.wav").wait_for()
    page.get_by_role("button", name="Play c.wav").wait_for()  # it is over
    no_urls_are_left(page)


def test_sound_that_the_browser_cannot_play_says_so(
    page: Page, open_app: Callable[..., App], tmp_path: Path
) -> None:
    make_file(tmp_path / "noise.mp3", 100_000)
    app = open_app()
    app.choose(tmp_path / "noise.mp3")
    page.get_by_role("button", name="Play noise.mp3").click()
    expect(page.get_by_role("button", name="The browser cannot play noise.mp3")).to_be_focused()
    no_urls_are_left(page)


def test_without_previews_there_are_icons(
    page: Page, open_app: Callable[..., App], tmp_path: Path
) -> None:
    app = open_app(multiple=True, previews=False)
    app.choose(png(tmp_path / "a.png", 60, 60), sound(tmp_path / "a.wav"))
    app.expect_row("a.wav", "complete")
    expect(app.row("a.png").locator(".thumbnail .icon-image")).to_be_visible()
    expect(app.row("a.wav").locator(".thumbnail .icon-audio")).to_be_visible()
    expect(page.get_by_role("button", name="Play a.wav")).to_have_count(0)
    assert page.evaluate("window.urlsMade") == 0
