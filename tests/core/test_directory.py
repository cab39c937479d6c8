"""Files in a directory: their names, and what is left of processes that were killed."""

import asyncio
import errno
import gc
import os
import signal
import sys
from pathlib import Path

import pytest
from fakes import files_below, info
from processes import run_python
from stored import everything, put, visible

from panel_chunked.stores import DirectoryStore
from panel_chunked.stores.directory import PARTIALS

pytestmark = pytest.mark.usefixtures("nothing_blocks")


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
