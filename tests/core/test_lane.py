import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from fakes import Gate, HookedStore, Signals, files_below, info

from panel_chunked.errors import UploadError
from panel_chunked.handler import UploadHandler
from panel_chunked.lane import GRANT, Backlog, Lane
from panel_chunked.protocol import Abort, Ack, Chunk, Error, Finish, ServerMessage
from panel_chunked.stores import DirectoryStore

pytestmark = pytest.mark.usefixtures("nothing_blocks")


class Ground(Signals):
    """A lane on a store whose writes the test lets through, and what comes out of the lane."""

    def __init__(self, store: DirectoryStore, size: int = 12, *, held: bool = False) -> None:
        super().__init__()
        self.gate = Gate()
        if not held:
            self.gate.opened.set()
        self.store = HookedStore(store, append=self.gate)
        self.backlog = Backlog()
        self.sent: list[ServerMessage] = []
        self.progress = 0
        self.ends = 0
        self.lane = Lane(
            UploadHandler(info(size=size), self.store),
            self.backlog,
            self._send,
            self._progressed,
            self._ended,
            self._spawn,
        )

    def _send(self, message: ServerMessage) -> None:
        self.sent.append(message)
        self.changed()

    def _progressed(self) -> None:
        self.progress += 1

    async def _ended(self, lane: Lane) -> None:
        self.ends += 1
        self.changed()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.work = asyncio.create_task(work)

    def chunk(self, offset: int, data: bytes = b"abcd") -> None:
        self.lane.put(Chunk("u1", offset, data))

    async def answers(self, count: int) -> list[ServerMessage]:
        await self.until(lambda: len(self.sent) >= count)
        return self.sent

    async def end(self) -> UploadHandler:
        await self.until(lambda: self.ends)
        await self.work
        return self.lane.handler

    async def stop(self) -> UploadHandler:
        self.lane.stop(Abort("u1"))
        return await self.end()


@pytest.fixture
async def ground(store: DirectoryStore) -> Ground:
    return Ground(store)


@pytest.fixture
async def held(store: DirectoryStore) -> Ground:
    return Ground(store, held=True)


async def test_messages_are_worked_off_in_order(ground: Ground) -> None:
    for offset, data in ((0, b"abcd"), (4, b"efgh"), (8, b"ijkl")):
        ground.chunk(offset, data)
    ground.lane.put(Finish("u1"))
    handler = await ground.end()
    assert handler.file is not None
    assert handler.file.path.read_bytes() == b"abcdefghijkl"
    assert ground.sent == [Ack("u1", 4, GRANT), Ack("u1", 8, GRANT), Ack("u1", 12, GRANT)]
    assert ground.progress == 3


async def test_ack_comes_after_the_write(held: Ground, incoming: Path) -> None:
    held.chunk(0)
    await held.gate.reached.wait()
    assert held.sent == []
    held.gate.opened.set()
    assert await held.answers(1) == [Ack("u1", 4, GRANT)]
    assert list(files_below(incoming).values()) == [b"abcd"]
    await held.stop()


@pytest.mark.parametrize("offset", [0, 2, 5, 8])
async def test_wrong_offset_is_answered_once_in_an_episode(ground: Ground, offset: int) -> None:
    ground.chunk(0)
    for _ in range(3):
        ground.chunk(offset, b"XXXX")
    ground.lane.put(Finish("u1"))
    ground.chunk(4)  # this one fits, and ends the episode
    ground.chunk(0)
    answers = await ground.answers(4)
    assert [type(answer) for answer in answers] == [Ack, Error, Ack, Error]
    errors = [(a.code, a.id, a.offset) for a in answers if isinstance(a, Error)]
    assert errors == [("wrong_offset", "u1", 4), ("wrong_offset", "u1", 8)]
    await ground.stop()


async def test_start_over_forgets_what_waits(held: Ground) -> None:
    held.chunk(0)
    await held.gate.reached.wait()
    held.chunk(4, b"old!")
    held.lane.put(Finish("u1"))
    held.lane.start_over()
    held.gate.opened.set()
    held.chunk(4, b"new!")
    held.chunk(8, b"end!")
    held.lane.put(Finish("u1"))
    handler = await held.end()
    assert handler.file is not None
    assert handler.file.path.read_bytes() == b"abcdnew!end!"


async def test_start_over_begins_a_new_episode(ground: Ground) -> None:
    ground.chunk(4)
    await ground.answers(1)
    ground.lane.start_over()
    ground.chunk(8)
    assert [type(answer) for answer in await ground.answers(2)] == [Error, Error]
    await ground.stop()


async def test_abort_lets_the_write_end_and_drops_the_rest(held: Ground, incoming: Path) -> None:
    held.chunk(0)
    await held.gate.reached.wait()
    held.chunk(4)
    held.lane.stop(Abort("u1"))
    held.gate.opened.set()
    assert (await held.end()).state == "cancelled"
    assert held.store.steps.count("append") == 1
    assert files_below(incoming) == {}


async def test_an_error_ends_the_upload_once(held: Ground) -> None:
    held.chunk(0)
    await held.gate.reached.wait()
    held.lane.stop(UploadError("storage", "Full."))
    held.gate.opened.set()
    handler = await held.end()
    assert (handler.state, held.ends) == ("failed", 1)


async def test_chunks_beyond_the_grant_are_dropped_and_asked_for_again(
    store: DirectoryStore,
) -> None:
    ground = Ground(store, size=GRANT + 4, held=True)
    block = bytes(GRANT // 4)
    for i in range(4):
        ground.chunk(i * len(block), block)
    ground.chunk(GRANT, b"abcd")
    ground.lane.put(Finish("u1"))
    ground.gate.opened.set()
    answers = await ground.answers(5)
    assert isinstance(answers[4], Error)
    assert (answers[4].code, answers[4].offset) == ("wrong_offset", GRANT)
    ground.chunk(GRANT, b"abcd")
    ground.lane.put(Finish("u1"))
    assert (await ground.end()).state == "complete"


async def test_all_of_the_backlog_is_given_back(held: Ground) -> None:
    held.chunk(0)
    await held.gate.reached.wait()
    held.chunk(4)
    held.chunk(4)
    held.lane.start_over()
    held.chunk(4)
    held.chunk(9)
    held.gate.opened.set()
    held.lane.put(Finish("u1"))
    await held.answers(3)
    await held.stop()
    assert held.backlog.take(GRANT)
    assert not held.backlog.take(1)


async def test_a_stored_chunk_is_not_kept_in_memory(ground: Ground) -> None:
    data = bytes(4)
    references = sys.getrefcount(data)
    ground.chunk(0, data)
    await ground.answers(1)
    async with asyncio.timeout(ground.patience):  # the thread that wrote it lets go of it as well
        while sys.getrefcount(data) > references:  # noqa: ASYNC110
            await asyncio.sleep(0)
    await ground.stop()


async def test_abort_ends_a_lane_that_never_began(ground: Ground) -> None:
    assert (await ground.stop()).state == "cancelled"
    assert ground.ends == 1
    assert ground.store.steps == []
