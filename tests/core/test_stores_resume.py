"""What a store keeps for another session, or another process."""

import asyncio
import errno
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from io import FileIO
from pathlib import Path

import pytest
from fakes import files_below, info
from processes import run_python
from stored import another, append_all, content, everything, join_deleting, open_files, put

from panel_chunked.stores import (
    DirectoryStore,
    Store,
    StreamStore,
    TakenOverError,
    TemporaryStore,
    directory,
    partial,
)
from panel_chunked.stores.directory import PARTIALS, Existing

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
        # As soon as it is asked, nothing is written.
        await asyncio.wait_for(append_all(stored.append, sys.maxsize, b""), 10)
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
    if fails == "its data":
        (folder / f"{of.id}.part").rmdir()


async def test_who_has_no_handle_left_deletes_nothing_of_another(
    disk_store: Store, disk_newcomer: Store
) -> None:
    of = info("a.bin", size=6)
    stored = await disk_store.create(of)
    await stored.append(b"abc")
    await stored.suspend()
    resumed = await disk_newcomer.resume(of.id)
    await resumed.append(b"d")
    with no_more_files():
        for step in (stored.append(b"xxx"), stored.terminate(), disk_newcomer.find(of.id)):
            with pytest.raises(OSError, match="Too many open files"):
                await step
        await resumed.append(b"ef")
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


async def test_what_goes_on_is_not_open_before_the_next_byte(
    disk_store: Store, disk_newcomer: Store
) -> None:
    of = info("a.bin", size=3)
    await (await disk_store.create(of)).suspend()
    before = open_files()
    resumed = await disk_newcomer.resume(of.id)
    assert open_files() == before
    await resumed.append(b"abc")
    assert content(await resumed.finish()) == b"abc"


@pytest.mark.parametrize("step", ["append", "terminate", "sweep"])
async def test_what_somebody_has_just_taken_over_is_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    of = info("a.bin", size=6)
    store, newcomer = DirectoryStore(tmp_path, expiry=60), DirectoryStore(tmp_path)
    stored = await store.create(of)
    await stored.append(b"abc")
    await stored.suspend()
    for path in (tmp_path / PARTIALS).iterdir():
        os.utime(path, (0, 0))

    def open_later(path: Path, mode: str) -> tuple[FileIO, bool]:
        monkeypatch.undo()
        newcomer._partials().resume(of.id)
        return partial._open(path, mode)

    monkeypatch.setattr(partial, "_open", open_later)
    if step == "append":
        with pytest.raises(TakenOverError):
            await stored.append(b"xyz")
    elif step == "terminate":
        await stored.terminate()
    else:
        await asyncio.to_thread(store.sweep)
    resumed = await DirectoryStore(tmp_path).resume(of.id)
    await resumed.append(b"def")
    assert content(await resumed.finish()) == b"abcdef"


async def test_what_somebody_else_has_completed_is_theirs(
    disk_store: Store, disk_newcomer: Store
) -> None:
    of = info("a.bin", size=3)
    stored = await disk_store.create(of)
    await stored.suspend()
    resumed = await disk_newcomer.resume(of.id)
    await resumed.append(b"abc")
    file = await resumed.finish()
    with pytest.raises(TakenOverError):
        await stored.append(b"abc")
    await stored.terminate()
    assert await disk_newcomer.find(of.id) == of
    assert content(file) == b"abc"


async def test_what_was_written_after_all_is_not_written_twice(
    disk_store: Store, disk_newcomer: Store
) -> None:
    of = info("a.bin", size=6)
    stored = await disk_store.create(of)
    await stored.append(b"ab")
    await stored.suspend()
    resumed = await disk_newcomer.resume(of.id)
    with resumed._partial.path.open("ab") as file:  # as by who has no lock, and writes just then
        file.write(b"cd")
    with pytest.raises(TakenOverError):
        await resumed.append(b"cd")
    resumed = await disk_newcomer.resume(of.id)
    assert resumed.offset == 4


async def test_what_cannot_be_taken_over_stays_free(
    disk_store: Store, disk_newcomer: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = info("a.bin", size=6)
    stored = await disk_store.create(of)
    await stored.append(b"abc")
    await stored.suspend()
    before = open_files()

    def full(_: partial.Partial) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(partial.Partial, "save", full)
    with pytest.raises(OSError, match="No space") as kept:
        await disk_newcomer.resume(of.id)
    assert open_files() == before
    await stored.terminate()
    assert await disk_store.find(of.id) is None
    assert kept.value.errno == errno.ENOSPC


async def test_what_is_kept_for_ever_goes_on(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path, expiry=math.inf)
    of = info("a.bin", size=3)
    await (await store.create(of)).suspend()
    for path in (tmp_path / PARTIALS).iterdir():
        os.utime(path, (0, 0))
    await asyncio.to_thread(DirectoryStore(tmp_path, expiry=60).sweep)
    assert await store.find(of.id) == of


FORKS = """
import asyncio, os, sys
from panel_chunked.stores import DirectoryStore
from fakes import info

async def main():
    stored = await DirectoryStore(sys.argv[1]).create(info("a.bin", size=3, id="u1"))
    await stored.append(b"ab")
    hold, let_go = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(let_go)
        os.read(hold, 1)
        os._exit(0)
    await stored.suspend()
    await stored.append(b"c")
    await stored.suspend()
    resumed = await DirectoryStore(sys.argv[1]).resume("u1")
    print((await resumed.finish()).path.read_text())
    os.write(let_go, b"x")
    os.waitpid(child, 0)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no process is forked there")
async def test_a_process_that_was_forked_meanwhile_keeps_nothing(tmp_path: Path) -> None:
    assert await asyncio.to_thread(run_python, FORKS, str(tmp_path)) == "abc\n"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no locks anyway")
async def test_a_file_system_without_locks_will_do(
    disk_store: Store, disk_newcomer: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr("fcntl.flock", no_locks)
    of = info("a.bin", size=4)
    stored = await disk_store.create(of)
    await stored.append(b"ab")
    resumed = await disk_newcomer.resume(of.id)
    await resumed.append(b"c")
    with pytest.raises(TakenOverError):
        await stored.append(b"x")
    await stored.terminate()
    await resumed.append(b"d")
    assert content(await resumed.finish()) == b"abcd"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="what is open is read there")
@pytest.mark.parametrize("existing", ["number", "overwrite"])
async def test_a_system_that_keeps_what_is_open_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, existing: Existing
) -> None:
    """Windows deletes and renames nothing that is open."""

    def unless_open(act: Callable[..., None]) -> Callable[..., None]:
        def checked(path: str, *more: str) -> None:
            for descriptor in Path("/proc/self/fd").iterdir():
                with suppress(FileNotFoundError):
                    if descriptor.samefile(path):
                        raise PermissionError(errno.EACCES, "It is open.", path)
            act(path, *more)

        return checked

    monkeypatch.setattr(sys, "platform", "win32")
    for name in ("unlink", "replace"):
        monkeypatch.setattr(os, name, unless_open(getattr(os, name)))
    store = DirectoryStore(tmp_path, existing=existing)
    file = await put(store, info("a.bin", size=3), b"ab", b"c")
    assert files_below(tmp_path).items() >= {"a.bin": b"abc"}.items()
    read = await store.create(info("d.bin", size=3))
    await read.append(b"abc")
    if existing == "number":  # what is read cannot get another name in one step
        with read.open():
            await read.finish()
        assert (tmp_path / "d.bin").read_bytes() == b"abc"
    await read.terminate()
    (tmp_path / "d.bin").unlink(missing_ok=True)
    cancelled = await store.create(info("b.bin", size=3))
    await cancelled.append(b"ab")
    await cancelled.terminate()
    left = await store.create(info("c.bin", size=3))
    await left.suspend()
    for path in (tmp_path / PARTIALS).iterdir():
        os.utime(path, (0, 0))
    await asyncio.to_thread(store.sweep)
    assert files_below(tmp_path) == {"a.bin": b"abc"}
    assert file.path == tmp_path / "a.bin"


async def test_an_upload_is_kept_as_long_as_its_own_store_says(tmp_path: Path) -> None:
    patient, hasty = DirectoryStore(tmp_path), DirectoryStore(tmp_path, expiry=60)
    uploads = [info("a.bin", size=3), info("b.bin", size=3)]
    for store, of in zip((patient, hasty), uploads, strict=True):
        await (await store.create(of)).suspend()
    an_hour_ago = time.time() - 60 * 60
    for path in (tmp_path / PARTIALS).iterdir():
        os.utime(path, (an_hour_ago, an_hour_ago))
    await asyncio.to_thread(hasty.sweep)
    await asyncio.to_thread(patient.sweep)
    assert [await patient.find(of.id) for of in uploads] == [uploads[0], None]


async def test_what_has_no_record_that_can_be_read_is_swept_too(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path, expiry=60)
    folder = tmp_path / PARTIALS
    await (await store.create(info("a.bin", size=3, id="recent"))).suspend()
    for name in ("u1.part", "u2.new", "u3.wanted", "u4.json", "u4.part"):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (0, 0))
    assert await asyncio.to_thread(store.sweep)
    assert everything(folder) == ["recent.json", "recent.part"]


@pytest.mark.parametrize("expiry", [0, -1, float("nan")])
def test_an_upload_is_kept_for_some_time(tmp_path: Path, expiry: float) -> None:
    with pytest.raises(ValueError, match="more than 0 seconds, not"):
        DirectoryStore(tmp_path, expiry=expiry)
    with pytest.raises(ValueError, match="more than 0 seconds, not"):
        StreamStore(print, expiry=expiry)


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
