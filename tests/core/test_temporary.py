"""Temporary files go when nobody refers to them, whatever becomes of their process."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import files_below, info
from processes import run_python, start_python
from stored import everything, join_deleting, put

from panel_chunked.stores import TemporaryStore
from panel_chunked.stores.temporary import HOME_PREFIX

pytestmark = pytest.mark.usefixtures("nothing_blocks")


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


@pytest.mark.parametrize("end", ["", "raise RuntimeError"])
def test_temporary_files_go_when_the_process_exits(end: str) -> None:
    root = Path(run_python(EXIT + end, status=1 if end else 0).strip())
    assert root.parent.name.startswith(HOME_PREFIX)
    assert not root.parent.exists()


KILL = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
WAIT = "sys.stdin.read()"
SWEEP = """
from stored import join_deleting

join_deleting()
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
