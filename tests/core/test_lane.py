import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import Gate, HookedStore, Signals, files_below, info

from panel_chunked import lane
from panel_chunked.checksum import checksum
from panel_chunked.credit import MAX_HELD, MIN_GRANT, Credit, Pool
from panel_chunked.errors import UploadError
from panel_chunked.files import UploadedFile
from panel_chunked.handler import UploadHandler
from panel_chunked.lane import MESSAGE_OVERHEAD, Lane
from panel_chunked.protocol import Abort, Ack, Chunk, Finish, Resume, ServerMessage
from panel_chunked.stores import DirectoryStore

pytestmark = pytest.mark.usefixtures("nothing_blocks")


RIGHT = -1


class Handler(UploadHandler):
    """Takes `RIGHT` for the checksum that is right, whatever was stored before."""

    async def write(self, offset: int, data: bytes | memoryview, known: int) -> None:
        right = checksum(data, self.checksum)
        await super().write(offset, data, right if known == RIGHT else known)

    async def finish(self, size: int, known: int) -> UploadedFile:
        return await super().finish(size, self.checksum if known == RIGHT else known)


class Ground(Signals):
    """A lane on a store whose writes the test lets through, and what comes out of the lane."""

    def __init__(
        self,
        store: DirectoryStore,
        size: int = 12,
        *,
        held: bool = False,
        limit: int = 10**9,
        id: str = "u1",
    ) -> None:
        super().__init__()
        self.gate = Gate()
        if not held:
            self.gate.opened.set()
        self.store = HookedStore(store, append=self.gate)
        self.pool = Pool(limit)
        self.sent: list[ServerMessage] = []
        self.progress = 0
        self.ends = 0
        self.lane = Lane(
            Handler(info(size=size, id=id), self.store),
            Credit(self.pool),
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

    def chunk(self, offset: int, data: bytes = b"abcd", attempt: int = 0) -> None:
        self.lane.put(Chunk("u1", attempt, offset, RIGHT, data))

    def finish(self, attempt: int = 0) -> None:
        size = self.lane.handler.info.size or 0
        self.lane.put(Finish("u1", attempt, size, RIGHT))

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
    ground.finish()
    handler = await ground.end()
    assert handler.file is not None
    assert handler.file.path.read_bytes() == b"abcdefghijkl"
    acks = [(it.id, it.offset) for it in ground.sent if isinstance(it, Ack)]
    assert acks == [("u1", 4), ("u1", 8), ("u1", 12)]
    assert len(acks) == len(ground.sent)
    assert ground.progress == 3


async def test_ack_comes_after_the_write(held: Ground, incoming: Path) -> None:
    held.chunk(0)
    await held.gate.reached.wait()
    assert held.sent == []
    held.gate.opened.set()
    (ack,) = await held.answers(1)
    assert isinstance(ack, Ack)
    assert (ack.id, ack.offset) == ("u1", 4)
    assert list(files_below(incoming).values()) == [b"abcd"]
    await held.stop()


@pytest.mark.parametrize("offset", [0, 2, 5, 8])
async def test_a_wrong_offset_is_answered_with_a_new_attempt(ground: Ground, offset: int) -> None:
    ground.chunk(0)
    for _ in range(3):
        ground.chunk(offset, b"XXXX")
    ground.finish()
    _, resume = await ground.answers(2)
    assert isinstance(resume, Resume)
    assert (resume.attempt, resume.offset) == (1, 4)
    ground.chunk(4, attempt=1)
    ground.chunk(0, attempt=1)
    _, _, ack, resume = await ground.answers(4)
    assert isinstance(ack, Ack)
    assert isinstance(resume, Resume)
    assert (resume.attempt, resume.offset) == (2, 8)
    await ground.stop()


async def test_a_chunk_that_came_damaged_is_asked_for_again(ground: Ground) -> None:
    ground.lane.put(Chunk("u1", 0, 0, checksum(b"abcd"), memoryview(b"abXd")))
    (resume,) = await ground.answers(1)
    assert isinstance(resume, Resume)
    assert (resume.attempt, resume.offset, resume.checksum) == (1, 0, 0)
    ground.chunk(0, attempt=1)
    ack = (await ground.answers(2))[-1]
    assert isinstance(ack, Ack)
    await ground.stop()


async def test_what_comes_damaged_again_and_again_fails(ground: Ground) -> None:
    for attempt in range(lane.MAX_DAMAGED):
        ground.lane.put(Chunk("u1", attempt, 0, checksum(b"abcd"), memoryview(b"abXd")))
        if attempt < lane.MAX_DAMAGED - 1:
            await ground.answers(attempt + 1)
    await ground.until(lambda: ground.ends)
    error = ground.lane.handler.error
    assert error is not None
    assert error.code == "checksum_mismatch"


async def test_late_chunks_of_an_earlier_attempt_do_not_count(ground: Ground) -> None:
    ground.chunk(4)
    await ground.answers(1)
    ground.chunk(0, b"late")  # it would fit
    ground.finish()
    ground.chunk(0, b"abcd", attempt=1)
    ground.chunk(4, b"late")
    ground.chunk(4, b"efghijkl", attempt=1)
    ground.finish(attempt=1)
    handler = await ground.end()
    assert handler.file is not None
    assert handler.file.path.read_bytes() == b"abcdefghijkl"
    assert [type(answer) for answer in ground.sent] == [Resume, Ack, Ack]


async def test_an_attempt_that_was_never_asked_for_does_not_count(ground: Ground) -> None:
    ground.chunk(0, b"what", attempt=7)
    ground.chunk(0)
    (ack,) = await ground.answers(1)
    assert isinstance(ack, Ack)
    await ground.stop()


async def test_start_over_forgets_what_waits(held: Ground) -> None:
    held.chunk(0)
    await held.gate.reached.wait()
    held.chunk(4, b"old!")
    held.finish()
    held.lane.start_over()
    held.chunk(4, b"old!")
    held.gate.opened.set()
    _, resume = await held.answers(2)
    assert isinstance(resume, Resume)
    assert (resume.attempt, resume.offset) == (1, 4)
    held.chunk(4, b"new!", attempt=1)
    held.chunk(8, b"end!", attempt=1)
    held.finish(attempt=1)
    handler = await held.end()
    assert handler.file is not None
    assert handler.file.path.read_bytes() == b"abcdnew!end!"


async def test_starting_over_several_times_asks_once(held: Ground) -> None:
    held.chunk(0)
    await held.gate.reached.wait()
    for _ in range(3):
        held.lane.start_over()
    held.gate.opened.set()
    answers = await held.answers(2)
    await held.stop()
    resumes = [answer.attempt for answer in answers if isinstance(answer, Resume)]
    assert resumes == [3]


async def test_a_lane_that_never_began_says_at_once_where_to_go_on(ground: Ground) -> None:
    ground.lane.start_over()
    (resume,) = ground.sent
    assert isinstance(resume, Resume)
    assert (resume.attempt, resume.offset) == (1, 0)
    assert not ground.lane.working
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


async def test_an_ack_tells_how_long_the_chunk_waited(
    held: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("panel_chunked.lane.time", SimpleNamespace(monotonic=lambda: now))
    held.chunk(0)
    await held.gate.reached.wait()
    now += 0.25
    held.chunk(4)
    now += 0.5
    held.gate.opened.set()
    acks = await held.answers(2)
    assert [ack.delay for ack in acks if isinstance(ack, Ack)] == [750, 500]
    await held.stop()


async def test_chunks_beyond_the_grant_are_dropped_and_asked_for_when_there_is_room(
    store: DirectoryStore,
) -> None:
    block = bytes(MAX_HELD // 4 - MESSAGE_OVERHEAD)
    size = 4 * len(block)
    ground = Ground(store, size=size + 8, held=True)
    for i in range(4):
        ground.chunk(i * len(block), block)
    ground.chunk(size, b"drop")
    ground.chunk(size + 4, b"too!")
    ground.finish()
    assert ground.sent == []
    ground.gate.opened.set()
    answers = await ground.answers(5)
    assert sorted(type(answer).__name__ for answer in answers) == ["Ack"] * 4 + ["Resume"]
    (resume,) = [answer for answer in answers if isinstance(answer, Resume)]
    assert resume.grant >= MIN_GRANT
    data = bytes(size) + b"new bytes"[:8]
    ground.chunk(resume.offset, data[resume.offset :], attempt=1)
    ground.finish(attempt=1)
    handler = await ground.end()
    assert handler.file is not None
    assert handler.file.path.read_bytes() == data


async def test_a_lane_that_finds_the_pool_full_goes_on_when_another_has_stored(
    store: DirectoryStore,
) -> None:
    full = Ground(store, held=True, limit=4)
    late = Ground(store, id="u2")
    late.lane.credit = Credit(full.pool)
    full.chunk(0)
    await full.gate.reached.wait()
    late.chunk(0)  # dropped: it has not begun, and there is no room
    assert late.store.steps == []
    full.gate.opened.set()
    (resume,) = await late.answers(1)
    assert isinstance(resume, Resume)
    assert (resume.attempt, resume.offset) == (1, 0)
    late.chunk(0, attempt=1)
    assert isinstance((await late.answers(2))[1], Ack)
    await full.stop()
    await late.stop()


async def test_a_lane_that_waits_for_room_keeps_its_turn(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "IDLE_SECONDS", 0.05)
    full = Ground(store, held=True, limit=4)
    late = Ground(store, id="u2")
    late.lane.credit = Credit(full.pool)
    late.chunk(0)
    await late.answers(1)
    full.chunk(0)
    await full.gate.reached.wait()
    late.chunk(4)
    await asyncio.sleep(0.2)  # it does nothing, for longer than an upload that does not run
    full.gate.opened.set()
    assert isinstance((await late.answers(2))[1], Resume)
    await full.stop()
    await late.stop()


async def test_what_comes_before_it_was_asked_for_is_dropped(store: DirectoryStore) -> None:
    full = Ground(store, held=True, limit=4)
    late = Ground(store, id="u2")
    late.lane.credit = Credit(full.pool)
    full.chunk(0)
    await full.gate.reached.wait()
    for attempt in range(100):  # as a browser that guesses which attempt comes next
        late.chunk(0, attempt=attempt)
    full.gate.opened.set()
    (resume,) = await late.answers(1)
    assert isinstance(resume, Resume)
    assert resume.attempt == 1
    await full.stop()
    await late.stop()


async def test_many_small_messages_are_held_to_what_they_weigh(held: Ground) -> None:
    held.chunk(0)
    await held.gate.reached.wait()
    for _ in range(100_000):
        held.finish()
    assert held.pool.held <= MAX_HELD
    assert held.lane._queue.qsize() <= MAX_HELD // MESSAGE_OVERHEAD
    held.gate.opened.set()
    await held.stop()


async def test_a_new_view_is_told_where_to_go_on_behind_what_has_come(
    held: Ground, incoming: Path
) -> None:
    held.chunk(0)
    await held.gate.reached.wait()
    held.chunk(4, b"efgh")
    held.lane.resume()
    held.chunk(8, b"late")  # of the attempt before
    held.gate.opened.set()
    first, second, resume = await held.answers(3)
    assert [type(answer) for answer in (first, second)] == [Ack, Ack]
    assert isinstance(resume, Resume)
    assert (resume.attempt, resume.offset) == (1, 8)
    assert list(files_below(incoming).values()) == [b"abcdefgh"]
    held.chunk(8, b"ijkl", attempt=1)
    held.finish(attempt=1)
    handler = await held.end()
    assert handler.file is not None
    assert handler.file.path.read_bytes() == b"abcdefghijkl"


async def test_two_new_views_are_told_once(held: Ground) -> None:
    held.chunk(0)
    await held.gate.reached.wait()
    held.lane.resume()
    held.lane.resume()
    held.gate.opened.set()
    _, resume = await held.answers(2)
    assert isinstance(resume, Resume)
    assert (resume.attempt, resume.offset) == (2, 4)
    await held.stop()
    assert len(held.sent) == 2


async def test_a_new_view_of_what_does_nothing_is_answered_at_once(ground: Ground) -> None:
    ground.lane.resume()
    (resume,) = ground.sent
    assert isinstance(resume, Resume)
    assert (resume.attempt, resume.offset) == (1, 0)
    await ground.stop()


async def test_a_new_view_hears_nothing_of_what_is_being_stopped(held: Ground) -> None:
    held.chunk(0)
    await held.gate.reached.wait()
    held.lane.stop(Abort("u1"))
    held.lane.resume()
    held.gate.opened.set()
    await held.end()
    assert [type(answer) for answer in held.sent] == [Ack]


async def test_a_lane_that_has_ended_is_not_woken(store: DirectoryStore) -> None:
    full = Ground(store, held=True, limit=4)
    gone = Ground(store, id="u2")
    gone.lane.credit = Credit(full.pool)
    full.chunk(0)
    await full.gate.reached.wait()
    gone.chunk(0)
    await gone.stop()
    full.gate.opened.set()
    await full.answers(1)
    await full.stop()
    assert gone.sent == []


async def test_all_that_was_held_is_given_back(held: Ground) -> None:
    held.chunk(0)
    await held.gate.reached.wait()
    held.chunk(4)
    held.chunk(4)
    held.lane.start_over()
    held.gate.opened.set()
    await held.answers(2)
    held.chunk(4, attempt=1)
    held.chunk(9, attempt=1)
    held.finish(attempt=1)
    await held.answers(4)
    await held.stop()
    assert held.pool.held == 0
    assert held.pool.share == Pool(held.pool.limit).share


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


async def test_an_upload_that_sends_nothing_leaves_its_share_to_others(
    incoming: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "IDLE_SECONDS", 0.01)
    ground = Ground(DirectoryStore(incoming))
    ground.chunk(0)
    await ground.answers(1)
    assert ground.pool.running == 1
    async with asyncio.timeout(5):
        while ground.pool.running:  # noqa: ASYNC110 (a timer of the lane ends it)
            await asyncio.sleep(0.005)
    ground.chunk(4)
    await ground.answers(2)
    assert ground.pool.running == 1
    await ground.stop()
    assert ground.pool.running == 0
