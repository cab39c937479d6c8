"""The widget in use: keyboard, focus, names for a screen reader."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from .conftest import App


def test_keyboard_alone_uploads_and_removes(open_app: Callable[..., App], tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_text("hello")
    app = open_app(label="Data", multiple=True)
    app.page.bring_to_front()
    app.choose_button.focus()
    expect(app.choose_button).to_be_focused()
    with app.page.expect_file_chooser() as chooser:
        app.page.keyboard.press("Enter")
    chooser.value.set_files(tmp_path / "hello.txt")
    app.expect_row("hello.txt", "complete")
    expect(app.choose_button).to_be_focused()
    app.page.keyboard.press("Tab")
    expect(app.page.get_by_role("button", name="Remove hello.txt")).to_be_focused()
    app.page.keyboard.press("Space")
    expect(app.page.locator(".row")).to_have_count(0)
    expect(app.choose_button).to_be_focused()


def test_widget_is_named_by_its_label_and_described_by_its_limits(
    open_app: Callable[..., App],
) -> None:
    app = open_app(label="Data", max_file_size="5 GB")
    expect(app.page.get_by_role("region", name="Data")).to_be_visible()
    expect(app.choose_button).to_have_accessible_description("or drop a file here · up to 5 GB")


def test_dragging_over_shows_that_it_can_be_dropped(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    (tmp_path / "hello.txt").write_text("hello")
    app = open_app()
    box = app.page.locator(".widget").bounding_box()
    assert box is not None
    place = {"x": box["x"] + 5, "y": box["y"] + 5}
    data = {"items": [], "files": [str(tmp_path / "hello.txt")], "dragOperationsMask": 1}
    devtools = app.page.context.new_cdp_session(app.page)
    devtools.send("Input.dispatchDragEvent", {"type": "dragEnter", **place, "data": data})
    devtools.send("Input.dispatchDragEvent", {"type": "dragOver", **place, "data": data})
    expect(app.page.locator(".hint")).to_contain_text("Drop to upload")
    elsewhere = {"x": 690, "y": 590}
    devtools.send("Input.dispatchDragEvent", {"type": "dragOver", **elsewhere, "data": data})
    expect(app.page.locator(".hint")).to_contain_text("or drop a file here")


def test_dropzone_has_room_and_compact_is_one_line_high(open_app: Callable[..., App]) -> None:
    heights = {}
    for layout in ("compact", "dropzone"):
        app = open_app(layout=layout, max_file_size="5 GB")
        box = app.page.locator(".picker").bounding_box()
        assert box is not None
        heights[layout] = box["height"]
    assert heights["compact"] < 40
    assert heights["dropzone"] > 120
