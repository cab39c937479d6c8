"""What a machine can tell of accessibility, in every state of the view; see ts/gallery."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from .conftest import ROOT, serving

AXE = ROOT / "ts/node_modules/axe-core/axe.min.js"

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def gallery() -> Iterator[str]:
    app = "tests/browser/gallery.py"
    with serving("panel", "serve", app, "--port", "{port}", path="/gallery") as url:
        yield url


def violations(place: Locator) -> list[str]:
    place.page.add_script_tag(path=AXE)
    result: dict[str, Any] = place.evaluate(
        """(place, rules) => axe.run(
            place, {runOnly: {type: "tag", values: rules}, resultTypes: ["violations"]})""",
        RULES,
    )
    assert "color-contrast" in {rule["id"] for rule in result["passes"]}
    return [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("theme", ["default", "dark"])
@pytest.mark.parametrize("width", [250, 700])
def test_axe_finds_nothing_in_any_state(page: Page, gallery: str, theme: str, width: int) -> None:
    page.goto(f"{gallery}?theme={theme}&width={width}")
    page.locator("[data-case=empty] .choose").wait_for()
    assert page.locator("[data-case]").count() > 30
    assert violations(page.locator("html")) == []


@pytest.fixture(scope="module")
def looks() -> Iterator[str]:
    app = "tests/browser/looks_app.py"
    with serving("panel", "serve", app, "--port", "{port}", path="/looks_app") as url:
        yield url


#: Those that share a design look the same when they are light.
LIGHT = [
    *(f"design={it}" for it in ("bootstrap", "fast", "material")),
    *(f"template={it}Template" for it in ("Vanilla", "FastList", "Material")),
]

DARK = [
    *LIGHT,
    *(
        f"template={it}Template"
        for it in ("Bootstrap", "FastGrid", "React", "Golden", "Slides", "Editable")
    ),
]

LOOKS = [*(f"{it}&theme=default" for it in LIGHT), *(f"{it}&theme=dark" for it in DARK)]


def open_look(page: Page, url: str, folder: Path) -> None:
    """Have a file that was uploaded and one that was refused, whose text is in a colour."""
    (folder / "a.csv").write_bytes(b"x" * 1000)
    (folder / "large.csv").write_bytes(b"x" * 2_000_000)
    page.goto(url)
    page.locator("input[type=file]").set_input_files([folder / "a.csv", folder / "large.csv"])
    page.locator(".row.complete").wait_for()


@pytest.mark.parametrize("look", LOOKS)
def test_it_looks_the_same_in_each_of_panels_looks(
    page: Page, looks: str, look: str, tmp_path: Path
) -> None:
    open_look(page, f"{looks}?{look}", tmp_path)
    name, detail = (
        page.locator(f".row.complete {it}").bounding_box()
        for it in (".name bdi", ".detail > :first-child")
    )
    assert name is not None
    assert detail is not None
    assert abs(name["x"] - detail["x"]) < 1
    assert violations(page.locator("section.widget")) == []


def background(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


def test_it_follows_a_theme_that_is_switched(page: Page, looks: str, tmp_path: Path) -> None:
    open_look(page, f"{looks}?template=material-ui&theme=default", tmp_path)
    for _ in ("as it was", "dark", "light again"):
        assert violations(page.locator("section.widget")) == []
        before = background(page)
        page.get_by_role("button", name="Toggle theme").click()
        page.wait_for_function(
            """before => getComputedStyle(document.body).backgroundColor !== before &&
                document.getAnimations().length === 0""",
            arg=before,
        )


def test_it_follows_the_switch_of_a_fast_template(page: Page, looks: str, tmp_path: Path) -> None:
    open_look(page, f"{looks}?template=FastListTemplate&theme=default", tmp_path)
    before = background(page)
    with page.expect_navigation():  # it loads the page again
        page.get_by_role("switch").click()
    page.locator(".choose").wait_for()
    assert background(page) != before
    assert violations(page.locator("section.widget")) == []
