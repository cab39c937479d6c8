"""What `view` shows of files whose senders mean no good."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import App, serving

ATTACK = "<img src=x onerror='window.hacked = true'><script>window.hacked = true</script>"

HOSTILE = {
    "text.txt": ATTACK,
    "page.html": f"<p>{ATTACK}</p>",
    "readme.md": f"# Read me\n\n{ATTACK}\n\n[x](javascript:window.hacked=true)",
    "table.csv": f"{ATTACK},b\n{ATTACK},2\n",
    "tree.json": json.dumps({ATTACK: ATTACK}),
    "nan.json": f'{{"a": NaN, "b": "{ATTACK}"}}',
    "drawing.svg": '<svg xmlns="http://www.w3.org/2000/svg" onload="window.top.hacked = true">'
    "<script>window.top.hacked = true</script><circle r='9'/></svg>",
    "<img src=x onerror='hacked=true'>.txt": "only its name",
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(
        "panel", "serve", "tests/browser/view_app.py", "--port", "{port}", path="/view_app"
    ) as url:
        yield url


def test_nothing_of_a_file_runs_in_the_page(page: Page, url: str, tmp_path: Path) -> None:
    for name, content in HOSTILE.items():
        (tmp_path / name).write_text(content)
    app = App(page, url, {})
    expect(page.get_by_text("Nothing yet.")).to_be_visible()

    app.choose(*(tmp_path / name for name in HOSTILE))

    tabs = page.locator(".bk-tab")
    expect(tabs).to_have_count(len(HOSTILE))
    for number, name in enumerate(HOSTILE):
        tabs.nth(number).click()
        shown = page.locator("pre, h1, .tabulator, .json-formatter-row, img[alt='drawing.svg']")
        expect(shown.filter(visible=True).first, name).to_be_visible()
    assert page.evaluate("window.hacked") is None


def test_what_is_uploaded_is_seen(page: Page, url: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("city,people\nUlm,128928\n")
    app = App(page, url, {})
    app.choose(tmp_path / "a.csv")
    expect(page.locator(".tabulator")).to_contain_text("Ulm")
    page.get_by_role("button", name="Remove a.csv").click()
    expect(page.locator(".tabulator")).to_have_count(0)
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
