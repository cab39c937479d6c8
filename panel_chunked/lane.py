"""The ordered queue of one upload: an `await` in one message cannot let another pass it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from .errors import UploadError
from .handler import UploadHandler
from .protocol import Abort, Ack, Chunk, Error, Finish, ServerMessage

log = logging.getLogger(__name__)

#: Bytes that may wait in memory for the store, over all uploads of a page. It is what an ack
#: grants; what comes beyond that is dropped. This bounds the memory of a session.
GRANT = 16 * 1024**2


class Backlog:
    """Counts the bytes that wait for the store, over all lanes of a session."""

    def __init__(self) -> None:
        self._bytes = 0

    def take(self, size: int) -> bool:
        """Count `size` more bytes, or tell that they are beyond the grant."""
        if self._bytes + size > GRANT:
            return False
        self._bytes += size
        return True

    def give_back(self, size: int) -> None:
        """Count `size` bytes as stored or dropped."""
        self._bytes -= size


class Lane:
    """Works off the messages of one upload, one at a time.

    Parameters
    ----------
    handler
        The rules of the upload.
    backlog
        Shared by all lanes of the session.
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
        backlog: Backlog,
        send: Callable[[ServerMessage], None],
        progressed: Callable[[], None],
        ended: Callable[["Lane"], Awaitable[None]],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self.handler = handler
        self.stopped = False  # an abort or an error is the last thing in the queue
        self.aborted = False
        self.working = False
        self._backlog = backlog
        self._send = send
        self._progressed = progressed
        self._ended = ended
        self._spawn = spawn
        self._queue: asyncio.Queue[Chunk | Finish | Abort | UploadError] = asyncio.Queue()
        self._rewinding = False  # a wrong offset was answered; those already on their way are not

    def put(self, message: Chunk | Finish) -> None:
        """Queue a message. A chunk beyond the grant is dropped.

        What comes behind it then has a wrong offset, and so the browser learns where to go on.
        """
        if self._backlog.take(_size(message)):
            self._put(message)

    def stop(self, reason: Abort | UploadError) -> None:
        """End the upload as soon as the write that is under way is done."""
        self.stopped = True
        self.aborted = isinstance(reason, Abort)
        self._drop_queue()
        self._put(reason)

    def start_over(self) -> None:
        """Forget what waits: a new view sends again from what is stored."""
        if not self.stopped:
            self._drop_queue()
            self._rewinding = False

    def _put(self, message: Chunk | Finish | Abort | UploadError) -> None:
        self._queue.put_nowait(message)
        if not self.working:
            self.working = True
            self._spawn(self._work())

    def _drop_queue(self) -> None:
        while not self._queue.empty():
            self._backlog.give_back(_size(self._queue.get_nowait()))

    async def _work(self) -> None:
        while not self.handler.ended:
            message = await self._queue.get()
            try:
                await self._handle(message)
            except UploadError as error:
                if error.code == "wrong_offset":
                    self._rewind(error)
                else:
                    await self.handler.fail(error)
            except Exception:
                log.exception("Upload %s failed unexpectedly", self.handler.info.id)
                await self.handler.fail(
                    UploadError("storage", "The server could not store the file; its log says why.")
                )
            finally:
                self._backlog.give_back(_size(message))
                del message  # or the chunk would stay in memory until the next one comes
        self.stopped = True
        self._drop_queue()
        await self._ended(self)

    async def _handle(self, message: Chunk | Finish | Abort | UploadError) -> None:
        match message:
            case Chunk(id=upload_id, offset=offset, data=data):
                await self.handler.write(offset, data)
                self._rewinding = False
                self._send(Ack(upload_id, self.handler.offset, GRANT))
                self._progressed()
            case Finish():
                await self.handler.finish()
            case Abort():
                await self.handler.cancel()
            case UploadError():
                raise message

    def _rewind(self, error: UploadError) -> None:
        if not self._rewinding:
            self._rewinding = True
            handler = self.handler
            self._send(Error(error.code, error.message, id=handler.info.id, offset=handler.offset))


def _size(message: Chunk | Finish | Abort | UploadError) -> int:
    return len(message.data) if isinstance(message, Chunk) else 0
