"""``make screenshots``: a picture of every state, light and dark, in three widths, and an index."""

import html
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from .conftest import launch_options, serving

THEMES = ("default", "dark")
WIDTHS = (250, 400, 700)


def main(folder: Path) -> None:
    rows: dict[str, list[str]] = {}
    with (
        serving(
            "panel", "serve", "tests/browser/gallery.py", "--port", "{port}", path="/gallery"
        ) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(**launch_options())
        for theme in THEMES:
            for width in WIDTHS:
                page = browser.new_page(viewport={"width": width + 30, "height": 800})
                page.goto(f"{url}?theme={theme}&width={width}")
                page.locator("[data-case=empty] .choose").wait_for()
                for case in page.locator("[data-case]").all():
                    name = case.get_attribute("data-case") or ""
                    path = folder / f"{name} {theme} {width}.png"
                    case.screenshot(path=path)
                    rows.setdefault(name, []).append(path.name)
                page.screenshot(path=folder / f"all {theme} {width}.png", full_page=True)
                page.close()
        browser.close()
    (folder / "index.html").write_text(index(rows), "utf-8")
    print(f"{sum(map(len, rows.values()))} pictures: {folder / 'index.html'}")


def index(rows: dict[str, list[str]]) -> str:
    parts = ["<!doctype html><meta charset=utf-8><title>Every state of the view</title>"]
    for name, pictures in rows.items():
        images = "".join(f"<img src='{html.escape(it)}' loading=lazy>" for it in pictures)
        parts.append(f"<h2>{html.escape(name)}</h2>{images}")
    return "\n".join(parts)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
