"""What every store promises."""

import asyncio
import os
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest
from fakes import info
from stored import content, open_files, put, visible

from panel_chunked.stores import DirectoryStore, Store, Terminable, sweeper
from panel_chunked.stores.directory import PARTIALS

pytestmark = pytest.mark.usefixtures("nothing_blocks")


async def test_offset_counts_what_is_stored(any_store: Store) -> None:
    stored = await any_store.create(info(size=6))
    offsets = [stored.offset]
    for chunk in (b"ab", b"", b"cdef"):
        await stored.append(chunk)
        offsets.append(stored.offset)
    assert offsets == [0, 2, 2, 6]


async def test_finished_file_has_all_bytes_and_its_name(any_store: Store) -> None:
    file = await put(any_store, info("a.bin", size=6), b"ab", b"cdef")
    assert content(file) == b"abcdef"
    assert file.name == "a.bin"


async def test_a_file_of_zero_bytes_is_a_file(any_store: Store) -> None:
    assert content(await put(any_store, info(size=0))) == b""


async def test_a_large_chunk_is_stored_whole(any_store: Store) -> None:
    data = os.urandom(5 * 2**20 + 1)
    assert content(await put(any_store, info(size=len(data)), data)) == data


async def test_two_uploads_of_one_name_are_two_files(disk_store: Store) -> None:
    first, second = await asyncio.gather(
        put(disk_store, info("a.bin", id="u1"), b"first"),
        put(disk_store, info("a.bin", id="u2"), b"second"),
    )
    assert first.path != second.path
    assert {first.path.read_bytes(), second.path.read_bytes()} == {b"first", b"second"}


async def test_uploads_that_run_at_once_do_not_mix(any_store: Store) -> None:
    one = await any_store.create(info("a.bin", id="u1"))
    two = await any_store.create(info("a.bin", id="u2"))
    for _ in range(3):
        await one.append(b"1")
        await two.append(b"22")
    files = [await one.finish(), await two.finish()]
    assert [content(file) for file in files] == [b"111", b"222222"]


async def test_nothing_has_the_final_name_before_the_end(disk_store: DirectoryStore) -> None:
    stored = await disk_store.create(info("a.bin", size=4))
    await stored.append(b"abcd")
    assert visible(disk_store.root) == {}
    file = await stored.finish()
    assert file.name == "a.bin"
    assert list(visible(disk_store.root).values()) == [b"abcd"]


@pytest.mark.parametrize("chunks", [[], [b"abcd"]])
async def test_terminate_leaves_nothing(disk_store: DirectoryStore, chunks: list[bytes]) -> None:
    stored = await disk_store.create(info("a.bin", size=8))
    for chunk in chunks:
        await stored.append(chunk)
    assert isinstance(stored, Terminable)
    await stored.terminate()
    assert list(disk_store.root.iterdir()) == []


async def test_terminate_closes_the_file(disk_store: Store) -> None:
    before = open_files()
    stored = await disk_store.create(info())
    assert open_files() == before + 1
    assert isinstance(stored, Terminable)
    await stored.terminate()
    assert open_files() == before


async def test_finish_closes_the_file(disk_store: Store) -> None:
    before = open_files()
    stored = await disk_store.create(info())
    await stored.append(b"abcd")
    file = await stored.finish()
    assert open_files() == before
    assert file.name == "a.bin"
    del stored  # it was there until now, so that it was not its end that closed the file


async def test_sweeper_looks_until_nothing_is_left(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path, expiry=0.2)
    stored = await store.create(info(size=3))
    await stored.append(b"ab")
    sweeper.watch(store)
    async with asyncio.timeout(10):
        await asyncio.sleep(0.5)  # it is in use
        assert (tmp_path / PARTIALS).exists()
        await stored.suspend()
        while (tmp_path / PARTIALS).exists():  # noqa: ASYNC110 (a folder has no event)
            await asyncio.sleep(0.05)


class Restless:
    """Something is left in it, which it does not keep for long."""

    expiry = 1e-9
    place = (object, "restless")

    def __init__(self) -> None:
        self.looks: list[float] = []

    def sweep(self) -> bool:
        self.looks.append(time.monotonic())
        return len(self.looks) < 4


async def test_sweeper_takes_its_time() -> None:
    store = Restless()
    sweeper.watch(store)
    async with asyncio.timeout(10):
        while len(store.looks) < 4:  # noqa: ASYNC110 (it has no event)
            await asyncio.sleep(0.05)
    assert min(b - a for a, b in pairwise(store.looks)) >= 0.9 * sweeper.MIN_INTERVAL


async def test_sweeper_looks_again_when_there_are_threads_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_threads(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    store = DirectoryStore(tmp_path, expiry=60)
    await (await store.create(info(size=3))).suspend()
    for path in (tmp_path / PARTIALS).iterdir():
        os.utime(path, (0, 0))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_threads)
        sweeper.watch(store)
    sweeper.watch(store)
    async with asyncio.timeout(10):
        while (tmp_path / PARTIALS).exists():  # noqa: ASYNC110 (a folder has no event)
            await asyncio.sleep(0.05)
