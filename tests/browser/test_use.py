"""The widget in use: keyboard, focus, names for a screen reader."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import App, make_file


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
    assert heights["compact"] < 42
    assert heights["dropzone"] > 120


def box_of(part: Any) -> dict[str, float]:
    box: dict[str, float] | None = part.bounding_box()
    assert box is not None
    return box


@pytest.mark.parametrize("layout", ["compact", "dropzone"])
@pytest.mark.parametrize(("options", "width"), [({}, 300), ({"width": 250}, 250)])
def test_width_is_the_same_whatever_it_shows(
    open_app: Callable[..., App], tmp_path: Path, layout: str, options: dict[str, Any], width: int
) -> None:
    name = "a long name that is cut off at the end of its line, as it has no room there.txt"
    (tmp_path / name).write_text("hello")
    app = open_app(layout=layout, **options)
    widget = app.page.locator(".widget")
    assert box_of(widget)["width"] == width
    app.choose(tmp_path / name)
    app.expect_row(name, "complete")
    assert box_of(widget)["width"] == width
    app.page.get_by_role("button", name="Switch off").click()
    expect(app.page.locator(".hint")).to_contain_text("Not available")
    assert box_of(widget)["width"] == width


def test_widget_that_stretches_is_as_wide_as_there_is_room(open_app: Callable[..., App]) -> None:
    app = open_app(sizing_mode="stretch_width")
    assert box_of(app.page.locator(".widget"))["width"] > 600


def test_row_of_a_file_on_its_way_is_as_high_as_one_that_is_complete(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    make_file(tmp_path / "large.bin", 200 * 1000**2)
    (tmp_path / "small.txt").write_text("small")
    app = open_app(multiple=True, chunk_size=8192)
    app.choose(tmp_path / "large.bin", tmp_path / "small.txt")
    complete = app.expect_row("small.txt", "complete")
    running = app.expect_row("large.bin", "running")
    assert box_of(running)["height"] == box_of(complete)["height"]
    assert box_of(running.locator(".name"))["x"] == box_of(complete.locator(".name"))["x"]


def test_file_on_its_way_is_in_view_behind_many_that_are_complete(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    small = [tmp_path / f"{number}.txt" for number in range(12)]
    for path in small:
        path.write_text(path.name)
    make_file(tmp_path / "large.bin", 200 * 1000**2)
    app = open_app(multiple=True, chunk_size=8192)
    app.choose(*small, tmp_path / "large.bin")
    expect(app.expect_row("large.bin", "running")).to_be_in_viewport(ratio=1)
    app.expect_row("11.txt", "complete")
    expect(app.row("0.txt")).to_have_count(0)
    app.page.get_by_role("button", name="Show 7 more files").click()
    app.expect_row("0.txt", "complete")


def test_description_makes_the_label_no_higher(open_app: Callable[..., App]) -> None:
    heights = [
        box_of(open_app(label="Data", **options).page.locator(".label"))["height"]
        for options in ({}, {"description": "More about it"})
    ]
    assert heights[0] == heights[1]


def test_hint_stands_on_the_line_of_the_button(open_app: Callable[..., App]) -> None:
    app = open_app()
    button, hint = box_of(app.choose_button), box_of(app.page.locator(".hint"))
    assert button["y"] + button["height"] / 2 == hint["y"] + hint["height"] / 2


def test_font_is_that_of_panels_own_widgets(open_app: Callable[..., App]) -> None:
    app = open_app()
    font = "element => getComputedStyle(element).fontFamily"
    own = app.page.get_by_role("button", name="Switch off").evaluate(font)
    assert app.choose_button.evaluate(font) == own


def test_what_it_has_stays_and_nothing_is_removed_while_it_is_switched_off(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    (tmp_path / "hello.txt").write_text("hello")
    app = open_app(multiple=True)
    app.choose(tmp_path / "hello.txt")
    row = app.expect_row("hello.txt", "complete")
    height = box_of(row)["height"]
    app.page.get_by_role("button", name="Switch off").click()
    expect(row.get_by_role("button")).to_have_count(0)
    expect(app.page.get_by_role("list", name="Files")).to_have_text("hello.txtUploaded5 bytes")
    assert box_of(row)["height"] == height


def test_panels_spinner_covers_it_while_it_is_loading(open_app: Callable[..., App]) -> None:
    is_on_top = """it => {
        const { x, y, width, height } = it.getBoundingClientRect();
        return it.contains(it.getRootNode().elementFromPoint(x + width / 2, y + height / 2));
    }"""
    assert open_app().choose_button.evaluate(is_on_top)
    app = open_app(loading=True)
    button = app.choose_button.element_handle()
    app.page.wait_for_function(f"it => !({is_on_top})(it)", arg=button)  # once its style is there


def test_an_app_styles_it_by_classes_variables_and_parts(open_app: Callable[..., App]) -> None:
    sheets = [
        ".widget { --accent: rgb(1, 2, 3); } .hint { font-style: italic; }",
        ":host { --bokeh-font-size: 15px; }",
    ]
    app = open_app(stylesheets=sheets)
    expect(app.choose_button).to_have_css("background-color", "rgb(1, 2, 3)")
    expect(app.choose_button).to_have_css("font-size", "15px")
    expect(app.page.locator(".hint")).to_have_css("font-style", "italic")
    around = app.page.locator(".widget").evaluate_handle(
        "it => it.getRootNode().host.getRootNode()"
    )
    around.evaluate("""root => root.append(Object.assign(document.createElement("style"), {
        textContent: "::part(hint) { letter-spacing: 3px; }"}))""")
    expect(app.page.locator(".hint")).to_have_css("letter-spacing", "3px")
