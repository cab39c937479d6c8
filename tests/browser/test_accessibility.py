"""What a machine can tell of accessibility, in every state of the view; see ts/gallery."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from .conftest import ROOT, serving

AXE = ROOT / "ts/node_modules/axe-core/axe.min.js"

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def gallery() -> Iterator[str]:
    app = "tests/browser/gallery.py"
    with serving("panel", "serve", app, "--port", "{port}", path="/gallery") as url:
        yield url


@pytest.mark.parametrize("theme", ["default", "dark"])
@pytest.mark.parametrize("width", [250, 700])
def test_axe_finds_nothing_in_any_state(page: Page, gallery: str, theme: str, width: int) -> None:
    page.goto(f"{gallery}?theme={theme}&width={width}")
    page.locator("[data-case=empty] .choose").wait_for()
    cases = page.locator("[data-case]").count()
    page.add_script_tag(path=AXE)
    result: dict[str, Any] = page.evaluate(
        """rules => axe.run(
            document,
            {runOnly: {type: "tag", values: rules}, resultTypes: ["violations"]})""",
        RULES,
    )
    found = [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
    assert not found, "\n".join(found)
    assert cases > 30
    assert "color-contrast" in {rule["id"] for rule in result["passes"]}
