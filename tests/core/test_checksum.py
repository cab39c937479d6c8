"""Checksums of chunks and files, the same ones in both halves."""

import asyncio
from pathlib import Path

import golden
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panel_chunked.checksum import BLOCK_SIZE, PIECE_SIZE, block_checksums, checksum

GOLDEN = golden.load("checksums")


def pattern(size: int) -> bytes:
    """Give the bytes of which the golden cases are; `ts/tests/files.ts` has them, too."""
    period = bytes((i * 31 + (i >> 8) * 7) & 255 for i in range(65536))
    return (period * (size // len(period) + 1))[:size]


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A file with something of everything: blocks, pieces of them, and a rest."""
    path = tmp_path / "stored.bin"
    path.write_bytes(pattern(5 * PIECE_SIZE + 3))
    return path


@pytest.mark.parametrize("case", GOLDEN["data"], ids=lambda case: case["name"])
def test_checksum_is_the_golden_one(case):
    data = case["data"] if "data" in case else pattern(case["size"])
    assert checksum(data) == checksum(memoryview(data)) == case["checksum"]


@pytest.mark.parametrize("case", GOLDEN["blocks"], ids=lambda case: case["name"])
async def test_blocks_have_the_golden_checksums(case, tmp_path, nothing_blocks):
    path = tmp_path / "stored.bin"
    await asyncio.to_thread(path.write_bytes, pattern(case["size"]))
    options = {name: case[name] for name in ("start", "before", "block_size") if name in case}
    assert await block_checksums(path, case["end"], **options) == case["checksums"]


def test_both_halves_have_blocks_of_one_size():
    assert GOLDEN["block_size"] == BLOCK_SIZE


@given(st.lists(st.binary(max_size=300)))
def test_checksum_of_parts_is_that_of_all(parts):
    running = 0
    for part in parts:
        running = checksum(part, running)
    assert running == checksum(b"".join(parts))


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_changed_bit_is_seen(data, draw):
    bit = draw.draw(st.integers(0, 8 * len(data) - 1))
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    assert checksum(changed) != checksum(data)


@pytest.mark.parametrize("block_size", [1000 * 97, PIECE_SIZE - 1, PIECE_SIZE, 2 * PIECE_SIZE + 5])
async def test_blocks_end_with_the_checksum_of_all_before(stored, block_size):
    data = stored.read_bytes()
    ends = [*range(block_size, len(data), block_size), len(data)]
    checksums = await block_checksums(stored, len(data), block_size=block_size)
    assert checksums == [checksum(data[:end]) for end in ends]


async def test_blocks_may_be_asked_for_in_parts(stored):
    whole = await block_checksums(stored, 5 * PIECE_SIZE, block_size=PIECE_SIZE)
    first = await block_checksums(stored, 2 * PIECE_SIZE, block_size=PIECE_SIZE)
    rest = await block_checksums(
        stored, 5 * PIECE_SIZE, start=2 * PIECE_SIZE, before=first[-1], block_size=PIECE_SIZE
    )
    assert first + rest == whole


async def test_nothing_stored_has_no_block(stored):
    assert await block_checksums(stored, 0) == []


async def test_bytes_behind_the_end_do_not_count(stored):
    before = await block_checksums(stored, 10)
    with stored.open("ab") as file:
        file.write(b"more")
    assert await block_checksums(stored, 10) == before == [checksum(pattern(10))]


async def test_a_file_that_is_shorter_is_refused(stored):
    with pytest.raises(OSError, match="has become shorter"):
        await block_checksums(stored, stored.stat().st_size + 1)


async def test_a_file_that_is_gone_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        await block_checksums(tmp_path / "gone.bin", 1)


async def test_the_event_loop_runs_meanwhile(stored):
    turns = 0
    task = asyncio.create_task(block_checksums(stored, 5 * PIECE_SIZE, block_size=PIECE_SIZE))
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 5  # once while each block was read


async def test_no_more_than_a_block_is_read_once_cancelled(stored):
    task = asyncio.create_task(block_checksums(stored, 5 * PIECE_SIZE, block_size=1))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):  # else it reads a million blocks first
        await task
