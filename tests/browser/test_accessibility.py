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


LOOKS = [
    "design=bootstrap",
    "design=material",
    "template=FastListTemplate",
    "template=MaterialTemplate",
    "template=SlidesTemplate",
]


@pytest.mark.parametrize("theme", ["default", "dark"])
@pytest.mark.parametrize("look", LOOKS)
def test_it_looks_the_same_in_each_of_panels_looks(
    page: Page, looks: str, look: str, theme: str, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_bytes(b"x" * 1000)
    (tmp_path / "large.csv").write_bytes(b"x" * 2_000_000)
    page.goto(f"{looks}?{look}&theme={theme}")
    page.locator("input[type=file]").set_input_files([tmp_path / "a.csv", tmp_path / "large.csv"])
    page.locator(".row.complete").wait_for()
    name, detail = (
        page.locator(f".row.complete {it}").bounding_box()
        for it in (".name bdi", ".detail > :first-child")
    )
    assert name is not None
    assert detail is not None
    assert abs(name["x"] - detail["x"]) < 1
    assert violations(page.locator("section.widget")) == []
