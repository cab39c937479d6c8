"""``make pictures``: those of README.md, of the example app in a real browser."""

import io
import math
import struct
import sys
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, expect, sync_playwright

from .conftest import App, launch_options, make_file, serving
from .cutting_proxy import CuttingProxy, cutting_proxy

MB = 1000**2

#: Most bytes of the animated picture.
MOST = MB

#: What a person's pointer would look like, with the files that it drags.
POINTER = """<div id=pointer style="position: fixed; z-index: 9999; left: 0; top: 0; display: none;
 pointer-events: none; font: 13px sans-serif; align-items: center; gap: 4px">
 <svg width=22 height=22 viewBox="0 0 24 24"><path d="M3 2l17 10-8 1.5L8 21z" fill="#222"
 stroke="#fff" stroke-width=1.5 /></svg><span id=dragged style="display: inline-block; padding: 4px
 10px; border-radius: 4px; background: #222c; color: #fff">4 files</span></div>"""


class Film:
    """Pictures of a part of a page, each shown as long as it was to be seen."""

    def __init__(self, page: Page, clip: dict[str, float]) -> None:
        self._page, self._clip = page, clip
        self._frames: list[Image.Image] = []
        self._times: list[float] = []

    def take(self) -> None:
        self._times.append(time.monotonic())
        picture = Image.open(io.BytesIO(self._page.screenshot(clip=self._clip)))
        self._frames.append(picture.convert("RGB"))

    def roll(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.take()
            self._page.wait_for_timeout(60)

    def roll_while(self, condition: Callable[[], bool]) -> None:
        while condition():
            self.roll(0.1)

    def save(self, path: Path) -> None:
        ends = [*self._times[1:], self._times[-1] + 3]
        durations = [round(1000 * (b - a)) for a, b in zip(self._times, ends, strict=True)]
        first, *rest = self._frames
        options = {"save_all": True, "append_images": rest, "duration": durations, "loop": 0}
        first.save(path, "WEBP", quality=70, method=6, minimize_size=True, **options)


def main(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as made,
        serving("panel", "serve", "examples/app.py", "--port", "{port}") as url,
        cutting_proxy(int(url.removesuffix("/app").rpartition(":")[2])) as proxy,
        sync_playwright() as playwright,
    ):
        files = make_files(Path(made))
        browser = playwright.chromium.launch(**launch_options())
        page = browser.new_page(viewport={"width": 760, "height": 1180})
        film_an_upload(page, proxy, files).save(folder / "uploading.webp")
        page.screenshot(path=folder / "app.png")
        size = {"width": 390, "height": 640}
        phone = browser.new_page(viewport=size, device_scale_factor=2)
        show_on_phone(phone, proxy, files)
        phone.screenshot(path=folder / "phone.png")
        browser.close()
    for name in ("uploading.webp", "app.png", "phone.png"):
        print(f"{folder / name}: {(folder / name).stat().st_size:,} bytes")
    assert (folder / "uploading.webp").stat().st_size < MOST


def film_an_upload(page: Page, proxy: CuttingProxy, files: list[Path]) -> Film:
    """Film how files are dropped, how one is paused and goes on, and how all arrive."""
    proxy.rate = None
    app = App(page, f"{proxy.url}/app", {"choose": "Choose files"})
    zone = page.locator(".dropzone .picker").bounding_box()
    assert zone is not None
    film = Film(page, {"x": 0, "y": zone["y"] - 60, "width": 760, "height": 440})
    page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", POINTER)
    film.roll(0.8)
    proxy.rate = 4 * MB
    drag_and_drop(app, film, files, zone["x"] + 460, zone["y"] + 70)
    film.roll(2.5)
    click(page, film, page.get_by_role("button", name=f"Pause the upload of {files[0].name}"))
    film.roll(1.5)
    click(page, film, page.get_by_role("button", name="Go on with the upload of"))
    film.roll(1)
    proxy.rate = 12 * MB
    film.roll_while(lambda: page.locator(".widget .row:not([data-state=complete])").count() > 0)
    page.locator("#pointer").evaluate("it => it.remove()")
    film.roll(1)
    return film


def show_on_phone(page: Page, proxy: CuttingProxy, files: list[Path]) -> None:
    """Show files on their way in a narrow and dark page."""
    proxy.rate = None
    app = App(page, f"{proxy.url}/app", {"choose": "Choose files"}, "&theme=dark")
    app.page.locator("input[type=file]").first.set_input_files(files[1:])
    expect(page.locator(".row[data-state=complete]")).to_have_count(len(files) - 1)
    proxy.rate = MB
    app.page.locator("input[type=file]").first.set_input_files(files[0])
    page.locator(".row .detail", has_text="left").wait_for()


def point_at(page: Page, x: float, y: float) -> None:
    page.locator("#pointer").evaluate(
        "(it, [x, y]) => Object.assign(it.style, {display: 'flex', translate: `${x}px ${y}px`})",
        [x, y],
    )


def move(page: Page, film: Film, end: tuple[float, float]) -> None:
    """Move the pointer there in a third of a second."""
    start = page.locator("#pointer").evaluate("it => it.style.translate") or "700px 600px"
    x, y = (float(part.removesuffix("px")) for part in start.split())
    for step in range(1, 9):
        point_at(page, x + (end[0] - x) * step / 8, y + (end[1] - y) * step / 8)
        film.take()


def drag_and_drop(app: App, film: Film, files: list[Path], x: float, y: float) -> None:
    move(app.page, film, (x, y + 100))
    # In a drag of DevTools, the page could not be filmed.
    app.page.locator(".widget").first.evaluate(
        "it => { const dataTransfer = new DataTransfer();"
        "dataTransfer.items.add(new File([], 'a'));"
        "it.dispatchEvent(new DragEvent('dragover', {dataTransfer, bubbles: true})); }"
    )
    move(app.page, film, (x, y))
    film.roll(0.5)
    app.page.locator("#dragged").evaluate("it => it.remove()")
    app.drop(*files)


def click(page: Page, film: Film, button: Locator) -> None:
    box = button.bounding_box()
    assert box is not None
    move(page, film, (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
    button.click()


def make_files(folder: Path) -> list[Path]:
    """Make a large file, an image, a table and a sound."""
    large, image, table = (folder / name for name in ("scan.tif", "dunes.png", "stations.csv"))
    make_file(large, 30 * MB)
    draw_dunes(image)
    rows = (f"{n},{49 + n / 70:.3f},{9 + n / 50:.3f},{12 + n % 9}" for n in range(60_000))
    table.write_text("station,lat,lon,temperature\n" + "\n".join(rows))
    sound = folder / "tone.wav"
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 22_050, 0, "NONE", "not compressed"))
        wave_form = (round(9000 * math.sin(n / 8) * math.sin(n / 9000)) for n in range(400_000))
        file.writeframes(b"".join(struct.pack("<h", it) for it in wave_form))
    return [large, image, table, sound]


def draw_dunes(path: Path) -> None:
    """Draw a picture of its own, so that nobody else's licence goes with ours."""
    width, height = 640, 400
    picture = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            ridge = [170 + 60 * n + 30 * math.sin(x / (110 - 20 * n) + n) for n in range(4)]
            depth = sum(y > it for it in ridge)
            shade = int(20 * math.sin(x / 37 + y / 29 + depth))
            colours = [(150 + y // 4, 190, 235), (230, 180, 120), (214, 150, 92), (190, 122, 70)]
            red, green, blue = (*colours, (160, 96, 54))[depth]
            picture.putpixel((x, y), (red + shade // 2, green + shade // 2, blue + shade // 2))
    picture.save(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
