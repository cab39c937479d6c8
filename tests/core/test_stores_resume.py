"""What a store keeps for another session, or another process."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
from fakes import info
from stored import another, append_all, content, everything, join_deleting, open_files, put

from panel_chunked.stores import DirectoryStore, Store, TakenOverError, TemporaryStore, directory

pytestmark = pytest.mark.usefixtures("nothing_blocks")


@contextmanager
def no_more_files() -> Iterator[None]:
    """Have this process open no further file."""
    if sys.platform == "win32":
        pytest.skip("files are counted otherwise")
    import resource

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.fixture
def newcomer(any_store: Store) -> Iterator[Store]:
    yield from newcomer_of(any_store)


@pytest.fixture
def disk_newcomer(disk_store: Store) -> Iterator[Store]:
    yield from newcomer_of(disk_store)


def newcomer_of(store: Store) -> Iterator[Store]:
    newcomer = another(store)
    yield newcomer
    if isinstance(newcomer, TemporaryStore):
        newcomer.close()


async def test_another_store_goes_on_where_one_has_stopped(
    any_store: Store, newcomer: Store
) -> None:
    of = info("a.bin", size=6)
    stored = await any_store.create(of)
    await stored.append(b"abc")
    await stored.suspend()

    assert await newcomer.find(of.id) == of
    resumed = await newcomer.resume(of.id)
    assert resumed.offset == 3
    await resumed.append(b"def")
    assert content(await resumed.finish()) == b"abcdef"


async def test_what_was_suspended_goes_on_with_the_next_byte(disk_store: Store) -> None:
    before = open_files()
    stored = await disk_store.create(info(size=4))
    await stored.append(b"ab")
    await stored.suspend()
    assert open_files() == before
    await stored.append(b"cd")
    await stored.suspend()
    assert (await stored.finish()).path.read_bytes() == b"abcd"


async def test_who_writes_lets_go_for_a_newcomer(disk_store: Store, disk_newcomer: Store) -> None:
    of = info(size=6)
    stored = await disk_store.create(of)
    await stored.append(b"abc")

    taking = asyncio.create_task(disk_newcomer.resume(of.id))
    with pytest.raises(TakenOverError):
        await append_all(stored.append, 1000, b"")  # as soon as it is asked, nothing is written
    resumed = await taking
    await resumed.append(b"def")

    assert (await resumed.finish()).path.read_bytes() == b"abcdef"


@pytest.mark.parametrize("is_held", [True, False])
@pytest.mark.parametrize("step", ["append", "finish", "terminate"])
async def test_who_was_taken_over_while_suspended_touches_nothing(
    any_store: Store, newcomer: Store, step: str, is_held: bool
) -> None:
    of = info(size=6)
    stored = await any_store.create(of)
    await stored.append(b"abc")
    await stored.suspend()
    resumed = await newcomer.resume(of.id)
    if not is_held:  # it has sent nothing for a while, either
        await resumed.suspend()

    if step == "terminate":
        await stored.terminate()
    else:
        with pytest.raises(TakenOverError):
            await (stored.append(b"xxx") if step == "append" else stored.finish())

    await resumed.append(b"def")
    assert content(await resumed.finish()) == b"abcdef"


async def test_who_does_not_let_go_is_left_alone(
    disk_store: Store, disk_newcomer: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "HANDOVER_SECONDS", 0.1)
    of = info(size=6)
    stored = await disk_store.create(of)
    with pytest.raises(BlockingIOError):
        await disk_newcomer.resume(of.id)
    await stored.terminate()


async def test_a_complete_upload_gives_its_file_again(any_store: Store, newcomer: Store) -> None:
    of = info("a.bin", size=6)
    file = await put(any_store, of, b"abcdef")
    again = await newcomer.resume(of.id)
    assert again.offset == 6
    assert content(await again.finish()) == content(file) == b"abcdef"


async def test_a_complete_upload_outlives_the_store_that_it_was_in_first(
    any_store: Store, newcomer: Store
) -> None:
    of = info("a.bin", size=6)
    file = await put(any_store, of, b"abcdef")
    found = await (await newcomer.resume(of.id)).finish()
    assert content(file) == b"abcdef"  # for who still has it
    if isinstance(any_store, TemporaryStore):
        await asyncio.to_thread(any_store.close)
    assert (found.name, content(found)) == ("a.bin", b"abcdef")


async def test_a_complete_upload_outlives_the_object_that_it_was_given_as_first(
    any_store: Store,
) -> None:
    of = info("a.bin", size=6)
    file = await put(any_store, of, b"abcdef")
    found = await (await any_store.resume(of.id)).finish()
    del file
    await asyncio.to_thread(join_deleting)
    assert content(found) == b"abcdef"


@pytest.mark.parametrize("fails", ["its record", "its data"])
async def test_an_upload_that_cannot_begin_leaves_nothing(
    disk_store: DirectoryStore, fails: str
) -> None:
    of = info("a.bin", size=3)
    other = await put(disk_store, info("b.bin", size=3), b"abc")
    folder = (await asyncio.to_thread(disk_store._partials)).folder
    if fails == "its data":
        (folder / f"{of.id}.part").mkdir()
    before = everything(folder)
    with no_more_files() if fails == "its record" else nullcontext(), pytest.raises(OSError):  # noqa: PT011
        await disk_store.create(of)
    assert everything(folder) == before
    assert other.path.read_bytes() == b"abc"


async def test_who_has_no_handle_left_deletes_nothing_of_another(
    disk_store: Store, disk_newcomer: Store
) -> None:
    of = info("a.bin", size=6)
    stored = await disk_store.create(of)
    await stored.append(b"abc")
    await stored.suspend()
    resumed = await disk_newcomer.resume(of.id)
    with no_more_files():
        for step in (stored.append(b"xxx"), stored.terminate(), disk_newcomer.find(of.id)):
            with pytest.raises(OSError, match="Too many open files"):
                await step
        await resumed.append(b"def")
    assert (await resumed.finish()).path.read_bytes() == b"abcdef"


@pytest.mark.parametrize("gone", ["terminated", "deleted", "of another size", "unknown"])
async def test_what_is_gone_is_not_found(
    disk_store: Store, disk_newcomer: Store, gone: str
) -> None:
    of = info("a.bin", size=3)
    if gone == "terminated":
        await (await disk_store.create(of)).terminate()
    elif gone != "unknown":
        file = await put(disk_store, of, b"abc")
        file.path.unlink() if gone == "deleted" else file.path.write_bytes(b"abcd")
    assert await disk_newcomer.find(of.id) is None
    with pytest.raises(FileNotFoundError):
        await disk_newcomer.resume(of.id)


@pytest.mark.parametrize("wrong", ["", "..", "../a", "/etc/passwd", "a\0b", "a/b", "ü", "x" * 999])
async def test_an_id_that_is_none_finds_nothing(any_store: Store, wrong: str) -> None:
    assert await any_store.find(wrong) is None


async def test_what_has_expired_is_swept_unless_somebody_writes(disk_store: Store) -> None:
    expired, running, recent, complete = (info(f"{n}.bin", size=3) for n in range(4))
    for of in (expired, running, recent):
        stored = await disk_store.create(of)
        await stored.append(b"ab")
        if of is running:
            kept = stored
        else:
            await stored.suspend()
    file = await put(disk_store, complete, b"abc")
    partials = await asyncio.to_thread(disk_store._partials)
    for path in partials.folder.iterdir():
        if recent.id not in path.name:
            os.utime(path, (0, 0))

    await asyncio.to_thread(disk_store.sweep)

    found = [await disk_store.find(of.id) for of in (expired, running, recent, complete)]
    assert found == [None, running, recent, None]
    assert file.path.read_bytes() == b"abc"
    await kept.terminate()
