"""The widget by the keyboard alone: every button is reached, and the focus is always seen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from .conftest import App, make_file

#: What has the focus, in whatever shadow root it is: its name, and whether one sees that it has it.
FOCUSED = """() => {
    let element = document.activeElement;
    while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const isSeen = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    const name = element.getAttribute("aria-label") ?? element.textContent.trim();
    return [element === document.body ? null : name, isSeen];
}"""


class Keyboard:
    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, key: str, focus: str) -> None:
        """Press a key; from then on, this has the focus."""
        self.page.keyboard.press(key)
        self.expect_focus(focus)

    def expect_focus(self, name: str) -> None:
        self.page.wait_for_function(f"name => ({FOCUSED})()[0] === name", arg=name)
        assert self.page.evaluate(FOCUSED) == [name, True]

    def choose(self, *paths: Path) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Enter")
        chooser.value.set_files(paths)

    def tab_to(self, name: str, key: str = "Tab") -> None:
        """Go on until this has the focus; whatever has it before is seen as well."""
        for _ in range(20):
            self.page.keyboard.press(key)
            focused, is_seen = self.page.evaluate(FOCUSED)
            assert focused is not None
            assert is_seen, focused
            if focused == name:
                return
        raise AssertionError(f"Tab does not lead to {name!r}")


def open_with_keyboard(open_app: Callable[..., App], **options: Any) -> tuple[App, Keyboard]:
    app = open_app(label="Data", multiple=True, **options)
    app.page.bring_to_front()
    expect(app.choose_button).to_have_css("cursor", "pointer")  # its stylesheet is there
    return app, Keyboard(app.page)


def test_an_upload_is_begun_paused_goes_on_and_is_cancelled(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    make_file(tmp_path / "large.bin", 200 * 1000**2)
    app, keyboard = open_with_keyboard(open_app, chunk_size=8192, description="One per day")
    tooltip = app.page.get_by_role("tooltip")
    keyboard.tab_to("More about this")
    expect(tooltip).to_be_visible()
    keyboard.press("Escape", "More about this")
    expect(tooltip).to_be_hidden()
    keyboard.press("Tab", "Choose files")
    keyboard.choose(tmp_path / "large.bin")
    app.expect_row("large.bin", "running")
    keyboard.expect_focus("Choose files")
    keyboard.press("Tab", "Pause the upload of large.bin")
    keyboard.press("Space", "Go on with the upload of large.bin")
    keyboard.press("Space", "Pause the upload of large.bin")
    keyboard.press("Tab", "Cancel the upload of large.bin")
    keyboard.press("Enter", "Dismiss the message about large.bin")
    keyboard.press("Enter", "Choose files")
    expect(app.page.locator(".row")).to_have_count(0)


def test_many_are_unfolded_scrolled_removed_and_tried_again(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    paths = [tmp_path / f"{number}.txt" for number in range(9)]
    for path in paths:
        path.write_text(path.name)
    app, keyboard = open_with_keyboard(open_app, max_files=8)
    keyboard.tab_to("Choose files")
    keyboard.choose(*paths)
    expect(app.page.locator(".facts")).to_have_text("8 files, 40 bytes1 failed")
    keyboard.tab_to("Show 3 more files")
    keyboard.press("Enter", "Show fewer files")
    expect(app.page.locator(".row")).to_have_count(9)
    keyboard.tab_to("Remove 7.txt", "Shift+Tab")
    keyboard.press("Enter", "Retry 8.txt")
    expect(app.page.locator(".row")).to_have_count(8)
    keyboard.page.keyboard.press("Enter")
    app.expect_row("8.txt", "complete")
    keyboard.expect_focus("Choose files")  # and not Remove
    keyboard.tab_to("Files")
    rows = app.page.locator(".rows")
    keyboard.press("Home", "Files")
    app.page.wait_for_function("rows => rows.scrollTop === 0", arg=rows.element_handle())
    keyboard.press("End", "Files")
    app.page.wait_for_function("rows => rows.scrollTop > 0", arg=rows.element_handle())
    keyboard.press("Tab", "Remove 0.txt")
    keyboard.press("Enter", "Remove 1.txt")
    keyboard.tab_to("Remove all files", "Shift+Tab")
    keyboard.press("Enter", "Keep")
    keyboard.press("Escape", "Remove all files")
    keyboard.press("Enter", "Keep")
    keyboard.press("Shift+Tab", "Remove")
    keyboard.press("Enter", "Choose files")
    expect(app.page.locator(".row")).to_have_count(0)
