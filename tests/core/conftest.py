from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx
from fakes import Browser, FakePage, Gate, HookedStore, until_only_this_task_runs
from hypothesis import settings
from returning import Returning
from stored import store_of, wait_for_deletions

from panel_chunked.stores import DirectoryStore, Store, StreamStore, TemporaryStore

settings.register_profile("suite", deadline=None)  # a busy machine may take long
settings.load_profile("suite")


@pytest.fixture
def nothing_blocks() -> Iterator[None]:
    """Fail a test in which the package blocks the event loop."""
    with blockbuster_ctx("panel_chunked"):
        yield
        wait_for_deletions()  # which in Python 3.13 minds that `os.lstat` becomes another one


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


@pytest.fixture
async def returning(browser: Browser, incoming: Path) -> AsyncIterator[Returning]:
    """Not before the test lets the old session end, or keeps it, does it say hello."""
    returning = Returning(browser, FakePage(DirectoryStore(incoming)))
    yield returning
    await returning.session.close()
    await until_only_this_task_runs()


@pytest.fixture(params=[DirectoryStore, TemporaryStore, StreamStore])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from store_of(request.param, tmp_path)


@pytest.fixture(params=[DirectoryStore, TemporaryStore])
def disk_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from store_of(request.param, tmp_path)
