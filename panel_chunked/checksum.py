"""Checksums of what is uploaded: CRC-32, of which both halves have a fast one.

The checksum of some bytes goes on from that of those before them. So one number, which says that a
chunk has come whole, says so of all the file up to its end; and an upload that goes on needs
nothing but the checksum of what is stored. It is a whole number below 2**32, which JSON can say.

It finds accidents, not intent: other bytes have the same checksum once in 4e9 times, and whoever
wants to can make some.
"""

import os
import zlib
from pathlib import Path

from .background import to_thread

#: Bytes of a block; both halves say the checksum at the end of each.
BLOCK_SIZE = 16 * 1024**2

#: Bytes in memory at once, few enough for the cache of a CPU.
PIECE_SIZE = 256 * 1024


def checksum(data: bytes | bytearray | memoryview, before: int = 0) -> int:
    """Give the checksum of bytes that are followed by `data`; theirs is `before`.

    Other threads run meanwhile, if these are more than a few KB.
    """
    return zlib.crc32(data, before)


async def block_checksums(
    path: str | os.PathLike[str],
    end: int,
    *,
    start: int = 0,
    before: int = 0,
    block_size: int = BLOCK_SIZE,
) -> list[int]:
    """Give the checksum of the first bytes of a file up to the end of each block.

    Parameters
    ----------
    path
        The file. It is read in a thread.
    end
        Where the last block ends, which may be shorter than the others.
    start
        Where the first block begins.
    before
        Checksum of the bytes before `start`.
    block_size
        Bytes of a block.

    Raises
    ------
    OSError
        If the file cannot be read, or is shorter than `end`.
    """
    checksums = []
    # A thread for each block, not one for all: so a long file gives way to what others write,
    # and no more than a block is read after the task was cancelled.
    for offset in range(start, end, block_size):
        size = min(block_size, end - offset)
        before = await to_thread(_read_on, Path(path), offset, size, before)
        checksums.append(before)
    return checksums


def _read_on(path: Path, offset: int, size: int, before: int) -> int:
    piece = memoryview(bytearray(min(PIECE_SIZE, size)))
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        while size > 0:
            count = file.readinto(piece[:size])
            if not count:
                raise OSError(f"{path} has become shorter.")
            before = checksum(piece[:count], before)
            size -= count
    return before
