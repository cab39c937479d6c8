"""Functions that use an upload as it arrives, as a test's URL names them."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from panel_chunked import Refused, UploadReader, UploadStream

#: Bytes per second of a slow one.
SLOW = 2_000_000


async def sha256(stream: UploadStream, path: Path) -> str:
    """Hash all of it."""
    digest = hashlib.sha256()
    async for chunk in stream:
        digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def sha256_in_thread(stream: UploadReader, path: Path) -> str:
    return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


async def hold(stream: UploadStream, path: Path) -> int:
    """Take one chunk, and more only when `path` is there; note there whether it is cancelled."""
    try:
        count = len(await anext(stream))
        while not await asyncio.to_thread(path.exists):  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # the test is another process
        return count + len(await stream.read())
    except asyncio.CancelledError:
        path.write_text("cancelled")  # noqa: ASYNC240
        raise


def slow(stream: UploadReader, path: Path) -> int:
    count = 0
    while data := stream.read(SLOW // 20):
        count += len(data)
        time.sleep(0.05)
    return count


async def fail(stream: UploadStream, path: Path) -> None:
    await stream.read(1)
    raise ValueError("Row 3 has no date.")


async def refuse(stream: UploadStream, path: Path) -> None:
    await stream.read(1)
    raise Refused("This is no table. Choose a file that ends with .csv.")


def enough(stream: UploadReader, path: Path) -> bytes:
    return stream.read(4)


HANDLERS: dict[str, Callable[[Any, Path], Any]] = {
    it.__name__: it for it in (sha256, sha256_in_thread, hold, slow, fail, refuse, enough)
}


def handler(name: str, path: str) -> Callable[[Any], Any]:
    return partial(HANDLERS[name], path=Path(path))
