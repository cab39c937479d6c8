"""The widget in other languages, as its page or its app has them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from panel_chunked.languages import texts_in

from .conftest import App

LIMITS = {"accept": ".csv", "max_file_size": "5 GB"}


def in_language(page: Page, tag: str) -> None:
    """Have the page say that it is in a language, as its template would."""
    page.add_init_script(
        f"addEventListener('DOMContentLoaded', () => {{document.documentElement.lang = '{tag}'}})"
    )


@pytest.mark.parametrize("tag", ["de", "es", "fr", "ja", "zh-CN", "ar"])
def test_widget_is_in_the_language_of_its_page(
    page: Page, open_app: Callable[..., App], tmp_path: Path, tag: str
) -> None:
    texts = texts_in(tag)
    assert texts is not None
    in_language(page, tag)
    (tmp_path / "a.csv").write_text("1,2")
    open_app(**LIMITS, choose=str(texts["choose_file"]))
    section = page.locator(".widget")
    expect(section).to_have_attribute("lang", tag)
    page.locator("input[type=file]").set_input_files(tmp_path / "a.csv")
    row = page.locator(".row[data-state=complete]")
    expect(row).to_contain_text(str(texts["complete"]))
    remove = str(texts["remove"]).replace("{name}", "a.csv")
    found = row.get_by_role("button").get_attribute("aria-label") or ""
    assert found.replace("\u2068", "").replace("\u2069", "") == remove


def test_arabic_runs_from_right_to_left(page: Page, open_app: Callable[..., App]) -> None:
    open_app(**LIMITS, language="ar", choose="اختيار ملف")
    button = page.locator(".choose").bounding_box()
    hint = page.locator(".hint").bounding_box()
    assert button is not None
    assert hint is not None
    assert button["x"] > hint["x"]
    expect(page.locator(".widget")).to_have_css("direction", "rtl")


def test_app_has_its_own_words_and_the_browser_its_language(
    page: Page, open_app: Callable[..., App]
) -> None:
    app = open_app(texts={"choose_file": "Add a table"}, choose="Add a table")
    expect(app.page.locator(".widget")).to_have_attribute("lang", "en")
    open_app(language="browser")
    language = page.evaluate("navigator.language")
    expect(page.locator(".widget")).to_have_attribute("lang", language)


def test_what_the_server_refuses_is_said_in_the_language_of_the_page(
    page: Page, open_app: Callable[..., App], tmp_path: Path
) -> None:
    (tmp_path / "in").write_text("a file, where a folder is wanted")
    (tmp_path / "a.csv").write_text("1,2")
    open_app(destination=str(tmp_path / "in"), language="de", choose="Datei auswählen")
    page.locator("input[type=file]").set_input_files(tmp_path / "a.csv")
    row = page.locator(".row[data-state=failed]")
    expect(row).to_contain_text("Der Server konnte die Datei nicht speichern.")
