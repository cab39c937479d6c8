"""What every store promises."""

import asyncio
import os
import subprocess
import sys
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


# Its workers are waited for when a process ends, and from then on no other is begun.
ENDING = """
import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from panel_chunked import background
from panel_chunked.stores import DirectoryStore, sweeper

pool = ThreadPoolExecutor()

def wait_until_it_ends():
    while True:
        try:
            ThreadPoolExecutor().submit(int).result()
        except RuntimeError:
            break
    print("It ends.")
    sweeper.watch(DirectoryStore(sys.argv[1]))
    for _ in range(3):  # so that what it has its loop do is done
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), background.loop()).result()

pool.submit(wait_until_it_ends)
"""


def test_sweeper_is_quiet_as_the_process_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENDING, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "It ends.\n", "")
