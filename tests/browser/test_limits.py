"""What is refused, and what is said before and after."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import App, make_file


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"accept": ".csv,image/*"}, "This kind of file is not accepted. Accepted: .csv, images."),
        ({"max_file_size": "1 kB"}, "The file has 2 kB; at most 1 kB is allowed."),
        ({"max_total_size": "1 KiB"}, "The file has 2 KiB; at most 1 KiB is allowed."),
    ],
)
def test_refusal_says_why(
    open_app: Callable[..., App], tmp_path: Path, options: dict[str, object], reason: str
) -> None:
    make_file(tmp_path / "data.bin", 2000)
    app = open_app(**options)
    app.choose(tmp_path / "data.bin")
    expect(app.expect_row("data.bin", "refused")).to_contain_text(reason)
    assert app.outputs == {}


def test_only_so_many_files(open_app: Callable[..., App], tmp_path: Path) -> None:
    names = ["a.txt", "b.txt", "c.txt"]
    for name in names:
        (tmp_path / name).write_text(name)
    app = open_app(multiple=True, max_files=2)
    app.choose(*(tmp_path / name for name in names))
    app.expect_row("b.txt", "complete")
    expect(app.expect_row("c.txt", "refused")).to_contain_text("At most 2 files are allowed.")
    assert app.wait_for(lambda it: it["value"])["value"] == ["a.txt", "b.txt"]


def test_only_one_of_several_dropped_files_without_multiple(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
    app = open_app()
    app.drop(tmp_path / "a.txt", tmp_path / "b.txt")
    app.expect_row("a.txt", "complete")
    expect(app.expect_row("b.txt", "refused")).to_contain_text("Only one file")
    app.page.get_by_role("button", name="Dismiss the message about b.txt").click()
    expect(app.row("b.txt")).to_have_count(0)


def test_limits_are_shown_before_anything_is_chosen(open_app: Callable[..., App]) -> None:
    app = open_app(accept=".csv,image/*", multiple=True, max_files=3, max_file_size="5 GB")
    hint = app.page.locator(".hint")
    expect(hint).to_contain_text("or drop files here")
    expect(hint).to_contain_text(".csv, images · up to 3 files · up to 5 GB each")


def test_disabled_widget_takes_nothing(open_app: Callable[..., App], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    app = open_app(disabled=True)
    expect(app.choose_button).to_be_disabled()
    expect(app.page.locator(".hint")).to_contain_text("Not available at the moment")
    app.drop(tmp_path / "a.txt")
    expect(app.page.locator(".row")).to_have_count(0)
    app.page.get_by_role("button", name="Switch off").click()
    expect(app.choose_button).to_be_enabled()
    app.choose(tmp_path / "a.txt")
    app.expect_row("a.txt", "complete")


def test_server_refuses_what_a_page_without_limits_sends(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    make_file(tmp_path / "data.bin", 2000)
    app = open_app(max_file_size="1 kB")
    # A page that has changed the limit for itself. Its property change must not reach Python.
    app.page.evaluate(
        """() => {
            const models = [...Bokeh.documents[0]._all_models.values()]
            const model = models.find((m) => m.data?.max_file_size === 1000)
            model.data.max_file_size = null
        }"""
    )
    expect(app.page.locator(".hint")).not_to_contain_text("1 kB")
    app.choose(tmp_path / "data.bin")
    row = app.expect_row("data.bin", "refused")
    expect(row).to_contain_text("The file has 2 kB; at most 1 kB is allowed.")
    (refused,) = app.wait_for(lambda it: it["uploads"])["uploads"]
    assert refused["state"] == "failed"
