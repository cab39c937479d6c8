from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import App, browser, page

from .server import Server, served

__all__ = ["browser", "page"]


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
