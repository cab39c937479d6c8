"""What the storage refuses, for real."""

import asyncio
import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes import info
from processes import run_python
from stored import append_all, everything, put

from panel_chunked.stores import DirectoryStore, sweeper
from panel_chunked.stores.directory import PARTIALS

pytestmark = pytest.mark.usefixtures("nothing_blocks")


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
