"""The ordered queue of one upload: an `await` in one message cannot let another pass it."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from .background import process_ends
from .credit import Credit
from .errors import UploadError, WrongChecksumError, WrongOffsetError
from .handler import UploadHandler
from .protocol import Abort, Ack, Chunk, Finish, Resume, ServerMessage
from .stores import InterruptedUploadError

log = logging.getLogger(__name__)

#: Bytes that a message takes in memory beside those of the file, so that small ones count too.
MESSAGE_OVERHEAD = 512


#: Damaged chunks in a row with which an upload fails; each one before is asked for again.
MAX_DAMAGED = 3


#: Seconds after which an upload that sends nothing does not count as running.
IDLE_SECONDS = 2.0


#: Seconds after which such an upload lets go of what is stored: its page may be elsewhere.
LET_GO_SECONDS = 0.5


#: Seconds after which a page has come to stay. Until then, a session that it has just left may want
#: its upload, as when it was cut off from another process; that one gives up before, see
#: `stores.directory.HANDOVER_SECONDS`.
ARRIVAL_SECONDS = 15.0


@dataclass(frozen=True)
class StartOver:
    """The browser is to send again, as a new attempt."""

    attempt: int


@dataclass(frozen=True)
class Suspend:
    """The page is gone; another one may come and go on."""


@dataclass(frozen=True)
class Over:
    """The store wants no more of the upload."""


Message = Chunk | Finish | Abort | UploadError | StartOver | Suspend | Over


class Lane:
    """Works off the messages of one upload, one at a time.

    Parameters
    ----------
    handler
        The rules of the upload.
    credit
        What it may hold in memory.
    send
        Takes answers to the browser.
    progressed
        Called when more is stored.
    ended
        Called once, when the upload is complete, failed or cancelled.
    spawn
        Starts the task that works off the queue.
    """

    def __init__(
        self,
        handler: UploadHandler,
        credit: Credit,
        send: Callable[[ServerMessage], None],
        progressed: Callable[[], None],
        ended: Callable[["Lane"], Awaitable[None]],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self.handler = handler
        handler.on_over = self._over
        self.stopped = False  # an abort or an error is the last thing in the queue
        self.aborted = False
        self.working = False
        self.attempt = 0  # what the browser sends of another one is not taken any more
        self.credit = credit
        self._waits = False  # for room in memory
        self._damaged = 0  # chunks, in a row
        self._arrived = -math.inf  # when the page came, with an upload that had begun
        self._send = send
        self._progressed = progressed
        self._ended = ended
        self._spawn = spawn
        self.page = ""  # the one that sends it
        self.secret = ""  # with which another session goes on with it
        self._queue: asyncio.Queue[tuple[Message, float]] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    def watch(self) -> None:
        """Begin to wait for what goes on: if nothing comes, what is stored is left to others."""
        if not self.working:
            self.working = True
            self._spawn(self._work())

    def put(self, message: Chunk | Finish) -> None:
        """Queue a message. A chunk for which there is no room is dropped, and asked for later."""
        if message.attempt != self.attempt or self._waits:
            return
        if self.credit.take(_size(message)):
            self._put(message)
        else:
            self.attempt += 1
            self._waits = True
            self.credit.wait(partial(self._go_on, self.attempt))

    def stop(self, reason: Abort | UploadError | Suspend) -> None:
        """End the upload as soon as the write that is under way is done."""
        self.stopped = True
        self.aborted = self.aborted or isinstance(reason, Abort)
        self._drop_queue()
        self._put(reason)
        self.handler.interrupt()

    def start_over(self) -> None:
        """Forget what waits, and have the browser send again from what is stored."""
        if not self.stopped:
            self._drop_queue()
            self.attempt += 1
            self._ask_for(self.attempt)

    def arrive(self) -> None:
        """Note that the page has just come here with its upload, from wherever it was."""
        self._arrived = self._loop.time()
        self.watch()

    def resume(self) -> None:
        """Tell the page where to go on, behind what has come: it does not know what was lost."""
        self._arrived = self._loop.time()
        if not self.stopped:
            self.attempt += 1
            self._ask_for(self.attempt)

    def _over(self) -> None:
        """Note that the store wants no more. Safe in any thread."""
        with suppress(RuntimeError):  # its event loop is closed
            self._loop.call_soon_threadsafe(self._end_early)

    def _end_early(self) -> None:
        if not self.stopped:
            self._put(Over())

    def _go_on(self, attempt: int) -> None:
        """Have the browser send again what there was no room for. Safe in any thread."""
        with suppress(RuntimeError):  # its event loop is closed
            self._loop.call_soon_threadsafe(self._ask_for, attempt)

    def _ask_for(self, attempt: int) -> None:
        self._waits = False
        if self.stopped:
            return
        if self.working or self.handler.has_begun:
            self._put(StartOver(attempt))  # behind the write that is under way
        else:
            self._resume(attempt)

    def _put(self, message: Message) -> None:
        self._queue.put_nowait((message, time.monotonic()))
        self.watch()

    def _drop_queue(self) -> None:
        while not self._queue.empty():
            self.credit.give_back(_size(self._queue.get_nowait()[0]))

    async def _work(self) -> None:
        while not self.handler.ended:
            message, arrival = await self._next()
            try:
                await self._handle(message, arrival)
            except WrongOffsetError:
                self.start_over()
            except WrongChecksumError:
                await self._ask_for_damaged()
            except InterruptedUploadError:
                pass  # why is the next message
            except UploadError as error:
                await self._fail(error)
            except Exception:
                if process_ends():  # what is stored stays
                    return
                log.exception("Upload %s failed unexpectedly", self.handler.info.id)
                await self.handler.fail(
                    UploadError("storage", "The server could not store the file; its log says why.")
                )
            finally:
                self.credit.give_back(_size(message))
                del message  # or the chunk would stay in memory until the next one comes
        self.stopped = True
        self._drop_queue()
        self.credit.end()
        await self._ended(self)

    async def _fail(self, error: UploadError) -> None:
        has_just_come = self._loop.time() - self._arrived < ARRIVAL_SECONDS
        if error.code != "taken_over" or not has_just_come:
            await self.handler.fail(error)
        elif not self.stopped:  # else the next message says how it ends
            # If the page is still here, it answers, and with that the upload is taken back.
            self._drop_queue()
            self._waits = False
            self.attempt += 1
            self._resume(self.attempt)

    async def _ask_for_damaged(self) -> None:
        self._damaged += 1
        upload_id, offset = self.handler.info.id, self.handler.offset
        if self._damaged < MAX_DAMAGED:
            log.info("Upload %s came damaged behind %d bytes, sent again", upload_id, offset)
            self.start_over()
        else:
            text = "The file does not arrive as it is read in the browser."
            await self.handler.fail(UploadError("checksum_mismatch", text))

    async def _next(self) -> tuple[Message, float]:
        """Wait for a message; after a while, leave memory and what is stored to others."""
        idle = self._loop.call_later(IDLE_SECONDS, self._rest)
        try:
            async with asyncio.timeout(LET_GO_SECONDS):
                message = await self._queue.get()
        except TimeoutError:
            await self.handler.let_go()
            message = await self._queue.get()
        idle.cancel()
        self.credit.begin()
        return message

    def _rest(self) -> None:
        if not self._waits:  # else it would lose its turn
            self.credit.end()

    async def _handle(self, message: Message, arrival: float) -> None:
        match message:
            case Chunk():
                await self._write(message, arrival)
            case Finish():
                await self.handler.finish(message.size, message.checksum)
            case Over():
                await self.handler.end_early()
            case Abort():
                await self.handler.cancel()
            case Suspend():
                await self.handler.suspend()
            case StartOver(attempt=attempt) if attempt == self.attempt:  # else one comes later
                await self.handler.reclaim()
                self._resume(attempt)
            case UploadError():
                raise message

    async def _write(self, chunk: Chunk, arrival: float) -> None:
        started = time.monotonic()
        await self.handler.write(chunk.offset, chunk.data, chunk.checksum)
        stored = time.monotonic()
        self._damaged = 0
        self.credit.stored(len(chunk.data), stored - started)
        delay = int(1000 * (stored - arrival))
        self._send(Ack(chunk.id, self.handler.offset, self.credit.grant, delay))
        self._progressed()

    def _resume(self, attempt: int) -> None:
        if attempt == self.attempt:  # else another one is asked for already
            handler, grant = self.handler, self.credit.grant
            self._send(Resume(handler.info.id, attempt, handler.offset, handler.checksum, grant))


def _size(message: Message) -> int:
    if not isinstance(message, Chunk | Finish):
        return 0
    return MESSAGE_OVERHEAD + (len(message.data) if isinstance(message, Chunk) else 0)
