from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx
from fakes import Browser, FakePage, Gate, HookedStore, until_only_this_task_runs

from panel_chunked.stores import DirectoryStore


@pytest.fixture
def nothing_blocks() -> Iterator[None]:
    """Fail a test in which the package blocks the event loop."""
    with blockbuster_ctx("panel_chunked"):
        yield


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    """A directory that is not there yet."""
    return tmp_path / "incoming"


@pytest.fixture
def store(incoming: Path) -> DirectoryStore:
    return DirectoryStore(incoming)


@pytest.fixture
def page(store: DirectoryStore) -> FakePage:
    return FakePage(store)


@pytest.fixture
def hooked(store: DirectoryStore, page: FakePage) -> HookedStore:
    """The store of the page, for a test that puts a hook into one of its steps."""
    hooked = HookedStore(store)
    page.allow(store=hooked)
    return hooked


@pytest.fixture
def gate(hooked: HookedStore) -> Iterator[Gate]:
    """Holds every write until it is opened."""
    gate = hooked.hooks["append"] = Gate()
    yield gate
    gate.opened.set()


@pytest.fixture
async def browser(page: FakePage) -> AsyncIterator[Browser]:
    browser = Browser(page)
    yield browser
    await browser.session.close()
    await until_only_this_task_runs()
