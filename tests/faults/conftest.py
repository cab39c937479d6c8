from collections.abc import Callable, Iterator
from inspect import iscoroutinefunction
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import App, browser, page, playwright

from .server import Server, served

__all__ = ["browser", "page", "playwright"]


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Have coroutines come first: Playwright's event loop runs as long as the browser is open."""
    places = [
        place for place, item in enumerate(items) if Path(__file__).parent in item.path.parents
    ]
    own = [items[place] for place in places]
    own.sort(key=lambda item: not iscoroutinefunction(item.function))
    for place, item in zip(places, own, strict=True):
        items[place] = item


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for the faults that it survives."""
    with served(tmp_path_factory.mktemp("shared") / "tmp") as server:
        yield server


@pytest.fixture
def open_app(page: Page, shared: Server) -> Callable[..., App]:
    def open_(**options: object) -> App:
        return App(page, shared.url, options)

    return open_
