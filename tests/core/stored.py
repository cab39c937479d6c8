"""What tests of stores do with them, and look at."""

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes import cancel_streams, files_below

from panel_chunked.files import UploadedFile
from panel_chunked.stores import DirectoryStore, Store, StreamStore, TemporaryStore, deletions
from panel_chunked.stream import UploadStream
from panel_chunked.upload import UploadInfo


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
    wait_for_deletions()


def wait_for_deletions() -> None:
    deletions.start()
    done = threading.Event()
    deletions.put(done.set)
    assert done.wait(20)


def everything(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def read_all(stream: UploadStream) -> bytes:
    return await stream.read()


def content(file: UploadedFile) -> bytes:
    """Give the bytes of a file, which a stream has handed to `read_all`."""
    return file.path.read_bytes() if file.result is None else file.result


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


def open_files() -> int:
    if sys.platform != "linux":
        pytest.skip("open files are counted in /proc")
    links = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return sum(".part" in str(path.readlink()) for path in links)


def another(store: Store) -> Store:
    """Give a store of the same kind in the same place, as a new session or process has it."""
    if isinstance(store, StreamStore):
        return StreamStore(read_all)
    return TemporaryStore() if isinstance(store, TemporaryStore) else DirectoryStore(store.root)


async def append_all(append: Callable[..., object], times: int, data: bytes) -> None:
    for _ in range(times):
        await append(data)  # type: ignore[misc]
