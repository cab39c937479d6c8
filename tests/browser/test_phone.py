"""The widget under a finger, in a narrow page, in large letters, and as a system wants it shown."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from .conftest import serving

#: A state of the view that is looked at.
CASE = "[data-case='{}']"

#: What of the page is wider than its place, or cut off, in whatever shadow root it is. A name may
#: be: it ends with dots, and the tooltip has all of it.
CUT_OFF = """(gallery) => {
    const isSeen = (it) => it.checkVisibility({ contentVisibilityAuto: true });
    const meantToBe = ".name, .unseen, .description, .button .hint, .unfolded";
    return [...gallery.querySelectorAll(".widget, .widget *")]
        .filter((it) => isSeen(it) && !it.matches(meantToBe) && it instanceof HTMLElement)
        .filter((it) => {
            const { overflowX, overflowY, display } = getComputedStyle(it);
            if (display === "inline") return false;
            const isWide = it.scrollWidth > it.clientWidth + 1;
            const cuts = overflowX !== "visible" || overflowY !== "visible";
            return isWide || (cuts && it.scrollHeight > it.clientHeight + 1);
        })
        .map((it) => `${it.closest("[data-case]").dataset.case}: ${it.outerHTML.slice(0, 150)}`);
}"""

#: As Panel's templates have it; without, a phone shows every page as if it had 980 pixels.
VIEWPORT = """document.addEventListener("DOMContentLoaded", () => document.head.append(
    Object.assign(document.createElement("meta"), {name: "viewport", content: "width=device-width"})
))"""

#: Buttons and the like that a finger may miss (WCAG 2.5.8), by state.
SMALL = """(gallery) => [...gallery.querySelectorAll("button, select, [tabindex='0']")]
    .filter((it) => it.checkVisibility({ contentVisibilityAuto: true }))
    .map((it) => [it, it.getBoundingClientRect()])
    .filter(([, { width, height }]) => width < 24 || height < 24)
    .map(([it, { width, height }]) => `${it.outerHTML.slice(0, 150)}: ${width} x ${height}`)"""


@pytest.fixture(scope="module")
def gallery() -> Iterator[str]:
    app = "tests/browser/gallery.py"
    with serving("panel", "serve", app, "--port", "{port}", path="/gallery") as url:
        yield url


def open_gallery(page: Page, url: str, width: int) -> None:
    page.goto(f"{url}?width={width}")
    page.locator(CASE.format("recorder refused")).wait_for()


def states(page: Page) -> object:
    return page.locator("[data-case]").first.locator("..").element_handle()


def picture(place: Locator) -> Image.Image:
    return Image.open(BytesIO(place.screenshot())).convert("RGB")


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(
        viewport={"width": 320, "height": 640},
        has_touch=True,
        is_mobile=True,
        device_scale_factor=2,
    )
    page.add_init_script(VIEWPORT)
    page.on("filechooser", lambda _: None)  # as in conftest.py
    yield page
    page.close()


def test_a_finger_hits_every_button_of_a_page_that_does_not_scroll_sideways(
    phone: Page, gallery: str
) -> None:
    open_gallery(phone, gallery, 300)
    phone.locator(CASE.format("200 files")).locator(".more").tap()
    expect(phone.locator(CASE.format("200 files")).locator(".row")).to_have_count(200)
    phone.locator(CASE.format("label")).locator(".info").tap()
    expect(phone.locator(CASE.format("label")).get_by_role("tooltip")).to_be_visible()
    assert phone.evaluate(SMALL, states(phone)) == []
    assert phone.evaluate(CUT_OFF, states(phone)) == []
    assert phone.evaluate("matchMedia('(pointer: coarse)').matches")
    assert phone.evaluate("document.scrollingElement.scrollWidth") <= 320


def test_a_tap_pauses_and_removes(phone: Page, server: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    phone.goto(f"{server}?options={quote('{}')}")
    phone.get_by_role("button", name="Choose file").wait_for()
    phone.wait_for_function("Bokeh.documents[0]?.is_idle")
    with phone.expect_file_chooser() as chooser:
        phone.get_by_role("button", name="Choose file").tap()
    chooser.value.set_files(tmp_path / "a.txt")
    phone.get_by_role("button", name="Remove a.txt").tap()
    expect(phone.locator(".row")).to_have_count(0)


def test_letters_of_twice_the_size_are_not_cut_off(page: Page, gallery: str) -> None:
    page.set_viewport_size({"width": 400, "height": 700})
    open_gallery(page, gallery, 380)
    page.add_style_tag(content=":root { --bokeh-font-size: 24px; }")
    assert page.locator(".choose").first.evaluate("it => getComputedStyle(it).fontSize") == "24px"
    assert page.evaluate(CUT_OFF, states(page)) == []
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 400


def test_nothing_moves_for_who_does_not_want_that(page: Page, gallery: str) -> None:
    moving = """(gallery) => [...gallery.querySelectorAll("*")].filter((it) => {
        const { transitionDuration, animationName } = getComputedStyle(it);
        return parseFloat(transitionDuration) > 0 || animationName !== "none";
    }).length"""
    open_gallery(page, gallery, 400)
    assert page.evaluate(moving, states(page)) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving, states(page)) == 0


def test_forced_colours_show_what_is_a_button_and_how_far_it_is(page: Page, gallery: str) -> None:
    page.emulate_media(forced_colors="active", color_scheme="dark")
    open_gallery(page, gallery, 400)
    borderless = """(gallery) => [...gallery.querySelectorAll("button, select")]
        .filter((it) => it.checkVisibility())
        .filter((it) => {
            const { borderTopWidth, borderTopStyle, borderTopColor } = getComputedStyle(it);
            return borderTopStyle === "none" || parseFloat(borderTopWidth) < 1 ||
                borderTopColor === getComputedStyle(document.body).backgroundColor;
        })
        .map((it) => it.outerHTML.slice(0, 150))"""
    assert page.evaluate(borderless, states(page)) == []
    colour = "(it, [part, name]) => getComputedStyle(it, part)[name]"
    bar = picture(page.locator(CASE.format("running")).locator("progress"))
    done, rest = (bar.getpixel((x, bar.height // 2)) for x in (10, bar.width - 10))
    assert done != rest
    middle = {bar.getpixel((bar.width // 2, y)) for y in range(bar.height)}
    assert len(middle) > 1  # it has a border
    for case in ("dragged over", "refusing what is dragged over"):
        picker = page.locator(CASE.format(case)).locator(".picker")
        assert picker.evaluate(colour, [None, "outlineStyle"]) == "solid"
    page.locator(CASE.format("complete")).locator(".action").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    action = page.locator(CASE.format("complete")).locator(".action")
    assert action.evaluate(colour, [None, "outlineStyle"]) == "solid"
    icon = page.locator(CASE.format("complete")).locator(".icon-done")
    assert icon.evaluate(colour, [None, "stroke"]) == page.locator("body").evaluate(
        colour, [None, "color"]
    )
