"""What every store promises, and then what each one promises besides."""

import asyncio
import errno
import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from fakes import cancel_streams, files_below, info

from panel_chunked.files import UploadedFile
from panel_chunked.stores import (
    DirectoryStore,
    Store,
    StreamStore,
    TakenOverError,
    TemporaryStore,
    Terminable,
    directory,
    sweeper,
)
from panel_chunked.stores.directory import PARTIALS
from panel_chunked.stores.temporary import DELETING, HOME_PREFIX
from panel_chunked.stream import UploadStream
from panel_chunked.upload import UploadInfo

pytestmark = pytest.mark.usefixtures("nothing_blocks")


async def put(store: Store, of: UploadInfo, *chunks: bytes) -> UploadedFile:
    stored = await store.create(of)
    for chunk in chunks:
        await stored.append(chunk)
    return await stored.finish()


def visible(folder: Path) -> dict[str, bytes]:
    """Give the files that a user who lists the folder sees."""
    return {path: data for path, data in files_below(folder).items() if not path.startswith(".")}


def join_deleting() -> None:
    """Wait until temporary files are gone that nobody refers to."""
    gc.collect()
    for thread in threading.enumerate():
        if thread.name == DELETING:
            thread.join()


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


def everything(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- Every store ---


async def read_all(stream: UploadStream) -> bytes:
    return await stream.read()


def content(file: UploadedFile) -> bytes:
    """Give the bytes of a file, which a stream has handed to `read_all`."""
    return file.path.read_bytes() if file.result is None else file.result


@pytest.fixture(params=[DirectoryStore, TemporaryStore, StreamStore])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from store_of(request.param, tmp_path)


@pytest.fixture(params=[DirectoryStore, TemporaryStore])
def disk_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from store_of(request.param, tmp_path)


def store_of(kind: type, tmp_path: Path) -> Iterator[Store]:
    if kind is DirectoryStore:
        yield DirectoryStore(tmp_path)
    elif kind is StreamStore:
        yield StreamStore(read_all)
        cancel_streams()
    else:
        store = TemporaryStore()
        yield store
        store.close()


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


def open_files() -> int:
    if sys.platform != "linux":
        pytest.skip("open files are counted in /proc")
    links = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return sum(".part" in str(path.readlink()) for path in links)


# --- Every store that can resume ---


def another(store: Store) -> Store:
    """Give a store of the same kind in the same place, as a new session or process has it."""
    if isinstance(store, StreamStore):
        return StreamStore(read_all)
    return TemporaryStore() if isinstance(store, TemporaryStore) else DirectoryStore(store.root)


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


# --- A directory ---


async def test_directory_is_made_with_its_parents(tmp_path: Path) -> None:
    file = await put(DirectoryStore(tmp_path / "a" / "b"), info("c.bin"), b"x")
    assert file.path == tmp_path / "a" / "b" / "c.bin"


async def test_relative_path_is_kept(store: DirectoryStore, incoming: Path) -> None:
    await put(store, info("clip.mp4", path="holiday/day 1/clip.mp4"), b"x")
    assert files_below(incoming) == {"holiday/day 1/clip.mp4": b"x"}


async def test_a_name_that_is_taken_gets_a_number(store: DirectoryStore, incoming: Path) -> None:
    for data in (b"first", b"second", b"third"):
        await put(store, info("report.csv", id=data.decode()), data)
    assert files_below(incoming) == {
        "report.csv": b"first",
        "report (1).csv": b"second",
        "report (2).csv": b"third",
    }


async def test_a_file_of_somebody_else_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "report.csv").write_bytes(b"old")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    store = DirectoryStore(tmp_path)
    assert (await put(store, info("report.csv"), b"new")).path.name == "report (1).csv"
    assert (await put(store, info("dangling"), b"new")).path.name == "dangling (1)"
    assert visible(tmp_path)["report.csv"] == b"old"
    assert not (tmp_path / "nowhere").exists()


async def test_twenty_uploads_of_one_name_that_end_at_once_all_stay(
    store: DirectoryStore, incoming: Path
) -> None:
    contents = [str(number).encode() for number in range(20)]
    uploads = [put(store, info("a.bin", id=data.decode()), data) for data in contents]
    await asyncio.gather(*uploads)
    assert sorted(files_below(incoming).values()) == sorted(contents)


async def test_a_file_system_without_hard_links_will_do(
    store: DirectoryStore, incoming: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    await put(store, info("a.bin", id="u1"), b"first")
    await put(store, info("a.bin", id="u2"), b"second")
    assert files_below(incoming) == {"a.bin": b"first", "a (1).bin": b"second"}


async def test_a_file_where_a_folder_must_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "holiday").write_bytes(b"I am a file.")
    with pytest.raises(OSError, match="holiday"):
        await DirectoryStore(tmp_path).create(info("a", path="holiday/a"))


@pytest.mark.parametrize("path", ["link/a.bin", "link/made/a.bin", "inside/../link/a.bin"])
async def test_a_link_that_leads_outside_is_refused(tmp_path: Path, path: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root, outside):
        folder.mkdir()
    (root / "link").symlink_to(outside)
    with pytest.raises(OSError, match="outside"):
        await DirectoryStore(root).create(info("a.bin", path=path))
    assert list(outside.iterdir()) == []


async def test_a_link_that_stays_inside_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    await put(DirectoryStore(tmp_path), info("a.bin", path="link/a.bin"), b"x")
    assert files_below(tmp_path / "real") == {"a.bin": b"x"}


async def test_overwriting_puts_the_new_file_in_the_place_of_the_old(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"old")
    stored = await DirectoryStore(tmp_path, existing="overwrite").create(info("a.bin", size=3))
    await stored.append(b"new")
    assert visible(tmp_path) == {"a.bin": b"old"}
    await stored.finish()
    assert visible(tmp_path) == {"a.bin": b"new"}


async def test_name_that_is_taken_is_an_error_if_the_user_wants_it(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path, existing="error")
    stored = await store.create(info("a.bin", size=3))
    await stored.append(b"new")
    (tmp_path / "a.bin").write_bytes(b"old")
    for refused in (stored.finish(), store.create(info("a.bin"))):
        with pytest.raises(FileExistsError, match="there already"):
            await refused
    await stored.terminate()
    assert files_below(tmp_path) == {"a.bin": b"old"}


def test_existing_must_be_one_of_three(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'number', 'overwrite' or 'error'"):
        DirectoryStore(tmp_path, existing="rename")  # type: ignore[arg-type]


KILLED_WHILE_FINISHING = """
import asyncio, os, signal, sys
from pathlib import Path
from panel_chunked.stores import DirectoryStore
from panel_chunked.stores.partial import Partial
from fakes import info

def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

step = sys.argv[2]
if step == "named":
    save = Partial.save
    Partial.save = lambda self: kill() if self.record.path else save(self)
elif step == "recorded":
    Path.unlink = kill
else:
    os.link = kill

async def main():
    stored = await DirectoryStore(sys.argv[1]).create(info("a.bin", size=3, id="u1"))
    await stored.append(b"abc")
    await stored.finish()

asyncio.run(main())
"""


@pytest.mark.parametrize("step", ["full", "named", "recorded"])
async def test_upload_whose_process_is_killed_while_it_finishes_is_one_file_at_last(
    tmp_path: Path, step: str
) -> None:
    await asyncio.to_thread(
        run_python, KILLED_WHILE_FINISHING, str(tmp_path), step, status=-signal.SIGKILL
    )
    assert visible(tmp_path) == ({} if step == "full" else {"a.bin": b"abc"})
    resumed = await DirectoryStore(tmp_path).resume("u1")
    assert resumed.offset == 3
    await resumed.finish()
    assert files_below(tmp_path) == {"a.bin": b"abc"}


@pytest.mark.parametrize("step", ["Partial.open = kill", "Partial.save = kill"])
async def test_upload_whose_process_is_killed_while_it_begins_is_swept(
    tmp_path: Path, step: str
) -> None:
    code = KILLED_WHILE_FINISHING.replace("async def main", f"{step}\nasync def main")
    await asyncio.to_thread(run_python, code, str(tmp_path), "", status=-signal.SIGKILL)
    for path in (tmp_path / PARTIALS).iterdir():
        os.utime(path, (0, 0))
    store = DirectoryStore(tmp_path)
    assert await store.find("u1") is None
    await asyncio.to_thread(store.sweep)
    assert everything(tmp_path) == []


async def test_process_that_was_killed_blocks_nobody(tmp_path: Path) -> None:
    code = KILLED_WHILE_FINISHING.replace("await stored.finish()", "kill()")
    await asyncio.to_thread(run_python, code, str(tmp_path), "", status=-signal.SIGKILL)
    resumed = await DirectoryStore(tmp_path).resume("u1")
    assert (resumed.offset, (await resumed.finish()).path.read_bytes()) == (3, b"abc")


async def test_files_in_a_directory_stay(store: DirectoryStore) -> None:
    file = await put(store, info(), b"x")
    path = file.path
    del file, store
    await asyncio.to_thread(gc.collect)
    assert path.read_bytes() == b"x"


@pytest.mark.skipif(sys.platform == "win32", reason="the longest path is asked of Unix")
async def test_an_upload_that_cannot_begin_leaves_no_folder(tmp_path: Path) -> None:
    # The folder's path is as long as a path may be, so that no file can be in it.
    room = os.pathconf(tmp_path, "PC_PATH_MAX") - len(f"{tmp_path}/") - 1
    folders = "/".join(["d" * 100] * (room // 101) + ["d" * (room % 101)])
    (tmp_path / "kept").mkdir()
    with pytest.raises(OSError, match="too long"):
        await DirectoryStore(tmp_path).create(info("a", path=f"{folders}/a"))
    assert everything(tmp_path) == ["kept"]


# --- Temporary files ---


@pytest.fixture
def temporary() -> Iterator[TemporaryStore]:
    store = TemporaryStore()
    yield store
    store.close()


def test_temporary_file_goes_with_the_last_reference(temporary: TemporaryStore) -> None:
    file = asyncio.run(put(temporary, info(), b"x"))
    path = file.path
    del file
    join_deleting()
    assert not path.parent.exists()


async def test_temporary_files_go_when_the_store_is_closed(temporary: TemporaryStore) -> None:
    file = await put(temporary, info(), b"x")
    partial = await temporary.create(info("b.bin", id="u2"))
    await partial.append(b"y")
    await asyncio.to_thread(temporary.close)
    assert file.size == 0  # it is still referred to
    assert files_below(temporary.root) == {}


async def test_a_temporary_store_may_be_closed_twice(temporary: TemporaryStore) -> None:
    await temporary.create(info())
    await asyncio.to_thread(temporary.close)
    await asyncio.to_thread(temporary.close)


async def test_temporary_files_are_no_ones_else_to_read(temporary: TemporaryStore) -> None:
    await temporary.create(info())
    assert temporary.root.stat().st_mode & 0o077 == 0


EXIT = """
import asyncio, sys
from panel_chunked.stores import TemporaryStore
from fakes import info

async def main():
    complete = await store.create(info("a.bin", id="u1"))
    await complete.append(b"x")
    partial = await store.create(info("b.bin", id="u2"))
    await partial.append(b"y")
    return await complete.finish(), partial

store = TemporaryStore()
kept = asyncio.run(main())
print(store.root, flush=True)
"""


def start_python(code: str, *arguments: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_python(code: str, *arguments: str, status: int = 0) -> str:
    """Give what a program prints."""
    with start_python(code, *arguments) as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == status, errors
    return output


@pytest.mark.parametrize("end", ["", "raise RuntimeError"])
def test_temporary_files_go_when_the_process_exits(end: str) -> None:
    root = Path(run_python(EXIT + end, status=1 if end else 0).strip())
    assert root.parent.name.startswith(HOME_PREFIX)
    assert not root.parent.exists()


KILL = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
WAIT = "sys.stdin.read()"
SWEEP = """
import threading
from panel_chunked.stores.temporary import DELETING

for thread in threading.enumerate():
    if thread.name == DELETING:
        thread.join()
print(*sorted(path.name for path in store.root.parent.parent.iterdir()))
"""


@pytest.fixture
def tmpdir_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if sys.platform == "win32":
        pytest.skip("directories are locked on Unix")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def homes_after_another_process() -> list[str]:
    """Give the directories that a process sees which begins to use a store, less its own."""
    root, names = run_python(EXIT + SWEEP).splitlines()
    return sorted(set(names.split()) - {Path(root).parent.name})


def test_temporary_files_of_a_killed_process_go_when_another_one_begins(
    tmpdir_of_processes: Path,
) -> None:
    left = Path(run_python(EXIT + KILL, status=-signal.SIGKILL).strip())
    assert sorted(files_below(left.parent).values()) == [b"x", b"y"]
    assert homes_after_another_process() == []
    assert not left.parent.exists()


def test_temporary_files_of_a_process_that_lives_stay(tmpdir_of_processes: Path) -> None:
    with start_python(EXIT + WAIT) as living:
        assert living.stdout is not None
        root = Path(living.stdout.readline().strip())
        assert homes_after_another_process() == [root.parent.name]
        assert sorted(files_below(root.parent).values()) == [b"x", b"y"]
        living.communicate("")
    assert not root.exists()


def test_what_is_not_left_over_by_this_user_stays(tmpdir_of_processes: Path) -> None:
    elsewhere = tmpdir_of_processes / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.bin").write_bytes(b"x")
    (tmpdir_of_processes / f"{HOME_PREFIX}link").symlink_to(elsewhere)
    (tmpdir_of_processes / f"{HOME_PREFIX}file").write_bytes(b"x")
    if os.geteuid() == 0:
        another = tmpdir_of_processes / f"{HOME_PREFIX}another"
        another.mkdir()
        os.chown(another, 12345, 12345)
    before = everything(tmpdir_of_processes)
    assert homes_after_another_process() == before
    assert files_below(elsewhere) == {"a.bin": b"x"}


def test_a_directory_that_the_system_tidied_up_is_made_anew(temporary: TemporaryStore) -> None:
    asyncio.run(put(temporary, info(), b"x"))
    shutil.rmtree(temporary.root.parent)
    another = TemporaryStore()
    assert asyncio.run(put(another, info(), b"x")).read() == b"x"
    another.close()


# --- What the storage refuses, for real ---


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small file system")
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_full_disk_is_an_error_and_terminate_frees_it(small_disk: Path) -> None:
    store = DirectoryStore(small_disk)
    stored = await store.create(info("big.bin", size=2**20))
    with pytest.raises(OSError, match="No space left") as error:
        await append_all(stored.append, 32, bytes(8192))
    assert error.value.errno == errno.ENOSPC
    assert stored.offset <= 65536
    await stored.terminate()
    assert (await put(store, info("small.bin", id="u2"), b"fits")).path.read_bytes() == b"fits"


async def test_read_only_disk_is_an_error(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)  # noqa: ASYNC221
    with pytest.raises(OSError, match="Read-only"):
        await DirectoryStore(small_disk).create(info())


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


def test_sweeper_of_a_read_only_disk_says_so_and_comes_again(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = DirectoryStore(small_disk, expiry=0.2)
    asyncio.run(put(store, info(), b"x"))
    (record,) = small_disk.rglob("*.json")
    os.utime(record, (0, 0))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    sweeper.watch(store)
    wait_until(lambda: len(caplog.records) > 1)
    assert record.exists()
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    wait_until(lambda: not (small_disk / PARTIALS).exists())
    for line in caplog.records:
        assert "Read-only file system" in line.getMessage()
        assert line.exc_info is None


async def test_full_disk_leaves_no_folder_of_an_upload_that_cannot_begin(small_disk: Path) -> None:
    few = ["mount", "-o", "remount,nr_inodes=3", str(small_disk)]  # itself and two folders
    subprocess.run(few, check=True)  # noqa: ASYNC221
    with pytest.raises(OSError, match="No space left"):
        await DirectoryStore(small_disk).create(info("a", path="holiday/day 1/a"))
    assert everything(small_disk) == []


async def append_all(append: Callable[..., object], times: int, data: bytes) -> None:
    for _ in range(times):
        await append(data)  # type: ignore[misc]


FILE_LIMIT = """
import asyncio, resource, signal, sys
from pathlib import Path
from panel_chunked.checksum import checksum
from panel_chunked.errors import UploadError
from panel_chunked.handler import UploadHandler
from panel_chunked.stores import DirectoryStore
from fakes import files_below, info

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
root = Path(sys.argv[1])

async def main():
    handler = UploadHandler(info(size=30_000), DirectoryStore(root))
    await handler.write(0, bytes(6000), checksum(bytes(6000)))
    try:
        await handler.write(6000, bytes(6000), checksum(bytes(12000)))
    except UploadError as error:
        print(error.code, handler.offset, error)
        await handler.fail(error)
    print(files_below(root))

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are of Unix")
def test_a_write_that_is_cut_short_is_no_success(tmp_path: Path) -> None:
    reason, left = run_python(FILE_LIMIT, str(tmp_path)).splitlines()
    assert reason.startswith("storage 6000 The server could not store the file: File too large. ")
    assert left == "{}"
