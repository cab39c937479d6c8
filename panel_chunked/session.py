"""All uploads of one page: messages in, messages out, one ordered queue for each upload."""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from . import protocol
from .errors import UploadError
from .files import UploadedFile
from .handler import UploadHandler
from .limits import Limits
from .names import safe_name, safe_relative_path
from .protocol import Abort, Chunk, Create, FileFacts, Finish, Hello, Remove, ServerMessage
from .stores import Store
from .upload import Upload, UploadInfo

log = logging.getLogger(__name__)

#: Bytes that may wait in memory for the store, over all uploads of a page. It is what an ack
#: grants, and a browser that sends more is refused: this bounds the memory of a session.
GRANT = 16 * 1024**2

#: Uploads that a page may have announced and not ended; the browser sends the rest later.
MAX_PENDING = 2000

#: Failed uploads that are remembered, for `ChunkedFileInput.uploads`.
MAX_FAILED = 100


@dataclass(frozen=True)
class Settings:
    """What the widget allows at this moment."""

    limits: Limits
    store: Store
    multiple: bool
    disabled: bool


class Page(Protocol):
    """What a session needs of the world around it."""

    def settings(self) -> Settings: ...

    def send(self, message: ServerMessage) -> None:
        """Send to the browser; in order, from any thread, without waiting."""

    def welcome(self) -> ServerMessage:
        """Give what this page's transport takes."""

    def progressed(self) -> None:
        """Note that `Session.uploads` has changed."""

    async def settled(self, picked: list[UploadedFile] | None) -> None:
        """Note that uploads have ended; `picked` are the files of a batch that is over."""

    def deleted(self, upload_id: str) -> None:
        """Note, in any thread, that the app has deleted a file."""


@dataclass
class _Batch:
    """Files picked together."""

    key: str
    handlers: dict[str, UploadHandler] = field(default_factory=dict)  # by the browser's key
    more: bool = True

    @property
    def ended(self) -> bool:
        return not self.more and all(handler.ended for handler in self.handlers.values())


class _Lane:
    """The ordered queue of one upload: an `await` in one message cannot let another pass."""

    def __init__(self, handler: UploadHandler, batch: _Batch) -> None:
        self.handler = handler
        self.batch = batch
        self.queue: asyncio.Queue[Chunk | Finish | Abort | UploadError] = asyncio.Queue()
        self.task: asyncio.Task[None] | None = None
        self.stopped = False  # an abort or an error is the last thing in the queue
        self.rewinding = False  # a wrong offset was answered; what was on its way is passed over


class Session:
    """The uploads of one page.

    Everything runs on the event loop that makes it; `receive` returns at once.

    Parameters
    ----------
    page
        The world around: where messages go, what is allowed, who wants to know.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._lanes: dict[str, _Lane] = {}
        self._batches: dict[str, _Batch] = {}
        self._files: dict[str, UploadedFile] = {}
        self._failed: deque[Upload] = deque(maxlen=MAX_FAILED)
        self._run: list[UploadHandler] = []
        self._queued_bytes = 0
        self._bad_messages = 0
        self._settling = asyncio.Lock()
        self._loop = asyncio.get_running_loop()

    @property
    def files(self) -> list[UploadedFile]:
        """Complete files, in the order they were completed."""
        return list(self._files.values())

    @property
    def uploads(self) -> list[Upload]:
        """What is queued or running, and what has failed since the last pick."""
        active = [lane.handler.snapshot() for lane in list(self._lanes.values())]
        return active + list(self._failed)

    @property
    def progress(self) -> tuple[int, int]:
        """Bytes stored and bytes in all, over everything since the page was last idle."""
        run = [handler for handler in self._run if handler.state not in ("failed", "cancelled")]
        return sum(h.offset for h in run), sum(h.info.size for h in run)

    @property
    def idle(self) -> bool:
        return not self._lanes

    def receive(self, data: object) -> None:
        """Take a message from the browser, whatever it is."""
        try:
            message = protocol.decode(data)
        except UploadError as error:
            self._refuse_message(error)
            return
        match message:
            case Hello():
                self._start_over()
                self._page.send(self._page.welcome())
            case Create():
                self._create(message)
            case Remove():
                self._remove(message)
            case Chunk() | Finish() | Abort():
                self._enqueue(message)

    def forget(self, upload_id: str) -> None:
        """Take a file that was deleted out of `files` and off the page. Safe in any thread."""
        if self._files.pop(upload_id, None) is not None:
            self._page.send(protocol.Removed(upload_id))

    def clear(self) -> None:
        """Cancel what runs and forget every file and failure. Safe in any thread."""
        for upload_id in list(self._lanes):
            self._loop.call_soon_threadsafe(self._enqueue, Abort(upload_id))
        for upload_id in list(self._files):
            self.forget(upload_id)
        self._failed.clear()

    async def close(self) -> None:
        """Stop everything and free what is not complete."""
        lanes, self._lanes = list(self._lanes.values()), {}
        for lane in lanes:
            if lane.task is not None:
                lane.task.cancel()
        await asyncio.gather(*(lane.task for lane in lanes if lane.task), return_exceptions=True)
        for lane in lanes:
            await lane.handler.cancel()

    # Messages

    def _refuse_message(self, error: UploadError) -> None:
        if self._bad_messages == 0:
            log.warning("A page sent a bad upload message; more of them are not logged: %s", error)
        self._bad_messages += 1
        self._page.send(protocol.Error(error.code, error.message))

    def _start_over(self) -> None:
        """A new view sends again from what is stored, since it cannot know what was on its way."""
        for lane in self._lanes.values():
            if not lane.stopped:
                self._drop_queue(lane)
                lane.rewinding = False

    def _create(self, message: Create) -> None:
        settings = self._page.settings()
        if not self._lanes and message.batch not in self._batches:
            self._run.clear()
            self._failed.clear()
        batch = self._batches.setdefault(message.batch, _Batch(message.batch))
        for facts in message.files:
            try:
                known = batch.handlers.get(facts.key)  # the page asks again if no answer came
                handler = known or self._admit(facts, batch, settings)
            except UploadError as error:
                self._refuse_file(facts, error)
            else:
                created = protocol.Created(facts.key, handler.info.id, handler.offset, GRANT)
                self._page.send(created)
        batch.more = message.more
        if batch.ended:
            _spawn(self._settle(batch))
        self._page.progressed()

    def _admit(self, facts: FileFacts, batch: _Batch, settings: Settings) -> UploadHandler:
        if settings.disabled:
            raise UploadError("disabled", "Uploads are switched off here at the moment.")
        if len(self._lanes) >= MAX_PENDING:
            raise UploadError("too_many_files", f"More than {MAX_PENDING} uploads wait already.")
        if batch.handlers and not settings.multiple:
            raise UploadError("too_many_files", "Only one file can be uploaded here.")
        settings.limits.check_file(facts.name, facts.mime_type, facts.size)
        # A single file takes the place of the one before, so that one does not count.
        held = [file.size for file in self._files.values()] if settings.multiple else []
        sizes = [facts.size, *held, *(lane.handler.info.size for lane in self._lanes.values())]
        settings.limits.check_total(len(sizes), sum(sizes))

        handler = UploadHandler(_info(facts), settings.store)
        batch.handlers[facts.key] = handler
        self._run.append(handler)
        self._lanes[handler.info.id] = _Lane(handler, batch)
        return handler

    def _refuse_file(self, facts: FileFacts, error: UploadError) -> None:
        log.warning("Upload of %r refused: %s", facts.name[:200], error)
        self._failed.append(
            Upload(safe_name(facts.name), facts.size, stored=0, state="failed", error=error.message)
        )
        self._page.send(protocol.Error(error.code, error.message, key=facts.key))

    def _enqueue(self, message: Chunk | Finish | Abort) -> None:
        lane = self._lanes.get(message.id)
        if lane is None or lane.stopped:
            self._answer_ended(message)
        elif isinstance(message, Abort):
            self._stop(lane, message)
        elif isinstance(message, Chunk) and self._queued_bytes + len(message.data) > GRANT:
            self._stop(lane, UploadError("over_grant", "More bytes came than were granted."))
        else:
            self._queued_bytes += _size(message)
            self._put(lane, message)

    def _stop(self, lane: _Lane, reason: Abort | UploadError) -> None:
        lane.stopped = True
        self._drop_queue(lane)
        self._put(lane, reason)

    def _drop_queue(self, lane: _Lane) -> None:
        while not lane.queue.empty():
            self._queued_bytes -= _size(lane.queue.get_nowait())

    def _put(self, lane: _Lane, message: Chunk | Finish | Abort | UploadError) -> None:
        lane.queue.put_nowait(message)
        if lane.task is None:
            lane.task = _spawn(self._work(lane))

    def _answer_ended(self, message: Chunk | Finish | Abort) -> None:
        if isinstance(message, Finish) and message.id in self._files:
            self._page.send(protocol.Complete(message.id))
        elif isinstance(message, Abort):
            self._page.send(protocol.Removed(message.id))
        else:
            self._page.send(_unknown(message.id))

    def _remove(self, message: Remove) -> None:
        file = self._files.get(message.id)
        if file is None:
            self._page.send(protocol.Removed(message.id))
        else:
            _spawn(self._delete(message.id, file))

    async def _delete(self, upload_id: str, file: UploadedFile) -> None:
        try:
            await asyncio.to_thread(file.unlink)
        except OSError as error:
            log.warning("Upload %s could not be deleted: %s", upload_id, error)
        self.forget(upload_id)
        await self._page.settled(None)

    # The work on one upload

    async def _work(self, lane: _Lane) -> None:
        while not lane.handler.ended:
            message = await lane.queue.get()
            try:
                await self._handle(lane, message)
            except UploadError as error:
                if error.code == "wrong_offset":
                    self._rewind(lane, error)
                else:
                    await lane.handler.fail(error)
            except Exception:
                log.exception("Upload %s failed unexpectedly", lane.handler.info.id)
                await lane.handler.fail(
                    UploadError("storage", "The server could not store the file; its log says why.")
                )
            finally:
                self._queued_bytes -= _size(message)
                del message  # or the chunk would stay in memory until the next one comes
        self._end(lane)
        await self._settle(lane.batch)

    async def _handle(self, lane: _Lane, message: Chunk | Finish | Abort | UploadError) -> None:
        handler = lane.handler
        match message:
            case Chunk(id=upload_id, offset=offset, data=data):
                await handler.write(offset, data)
                lane.rewinding = False
                self._page.send(protocol.Ack(upload_id, handler.offset, GRANT))
                self._page.progressed()
            case Finish():
                await handler.finish()
            case Abort():
                await handler.cancel()
            case UploadError():
                raise message

    def _rewind(self, lane: _Lane, error: UploadError) -> None:
        """Answer the first wrong offset; those already on their way behind it need no answer."""
        if not lane.rewinding:
            lane.rewinding = True
            handler = lane.handler
            self._page.send(
                protocol.Error(error.code, error.message, id=handler.info.id, offset=handler.offset)
            )

    def _end(self, lane: _Lane) -> None:
        handler, upload_id = lane.handler, lane.handler.info.id
        self._drop_queue(lane)
        self._lanes.pop(upload_id, None)
        if handler.file is not None:
            if not self._page.settings().multiple:
                for replaced in list(self._files):
                    self.forget(replaced)
            handler.file.on_delete = partial(self._page.deleted, upload_id)
            self._files[upload_id] = handler.file
            self._page.send(protocol.Complete(upload_id))
        elif handler.error is not None:
            log.warning("Upload %s of %r failed: %s", upload_id, handler.info.name, handler.error)
            self._failed.append(handler.snapshot())
            self._page.send(protocol.Error(handler.error.code, handler.error.message, id=upload_id))
        else:
            self._page.send(protocol.Removed(upload_id))

    async def _settle(self, batch: _Batch) -> None:
        async with self._settling:
            picked: list[UploadedFile] = []
            if batch.ended and self._batches.pop(batch.key, None):
                done = [(handler.info.id, handler.file) for handler in batch.handlers.values()]
                picked = [file for id_, file in done if file is not None and id_ in self._files]
            await self._page.settled(picked or None)


def _info(facts: FileFacts) -> UploadInfo:
    return UploadInfo(
        id=secrets.token_urlsafe(16),
        name=safe_name(facts.name),
        relative_path=safe_relative_path(facts.relative_path or facts.name),
        size=facts.size,
        mime_type=facts.mime_type or "application/octet-stream",
        original_name=facts.name,
    )


def _unknown(upload_id: str) -> protocol.Error:
    return protocol.Error(
        "unknown_upload", "The server does not know this upload. Choose the file again.", id=upload_id
    )


def _size(message: Chunk | Finish | Abort | UploadError) -> int:
    return len(message.data) if isinstance(message, Chunk) else 0


_tasks: set[asyncio.Task[None]] = set()  # the event loop itself keeps only weak references


def _spawn(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.get_running_loop().create_task(coroutine)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task
