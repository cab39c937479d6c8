"""All uploads of one page: who may begin, what is complete, what the app is told."""

import asyncio
import logging
import re
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
from .lane import GRANT, Backlog, Lane
from .limits import Limits
from .names import safe_name, safe_relative_path
from .protocol import Abort, Chunk, Create, FileFacts, Finish, Hello, Remove, ServerMessage
from .stores import Store
from .upload import Upload, UploadInfo

log = logging.getLogger(__name__)

#: What a file is that the browser knows no type for (RFC 2046, section 4.5.1).
UNKNOWN_TYPE = "application/octet-stream"

_MIME_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+( *;[ -~]*)?", re.ASCII)

#: Uploads that a page may have announced and not ended; the browser sends the rest later.
MAX_PENDING = 2000

#: Batches that a page may have open.
MAX_BATCHES = 100

#: Refused files that are logged for a page.
MAX_LOGGED = 20

#: Failed uploads that are remembered, for `ChunkedFileInput.uploads`.
MAX_FAILED = 100


@dataclass(frozen=True)
class Settings:
    """What the widget allows at this moment."""

    limits: Limits
    store: Store
    multiple: bool = False
    disabled: bool = False


class Page(Protocol):
    """What a session needs of the world around it."""

    def settings(self) -> Settings:
        """Give what is allowed now."""

    def welcome(self) -> ServerMessage:
        """Give what this page's transport takes."""

    def send(self, message: ServerMessage) -> None:
        """Send to the browser; in order, from any thread, without waiting."""

    def progressed(self) -> None:
        """Note that `Session.uploads` has changed."""

    async def settled(self, picked: list[UploadedFile]) -> None:
        """Note that something has ended; `picked` are the files of a batch that is over."""

    def deleted(self, upload_id: str) -> None:
        """Note, in any thread, that the app has deleted a file."""


@dataclass
class _Batch:
    """Files picked together."""

    key: str
    handlers: dict[str, UploadHandler] = field(default_factory=dict)  # by the browser's key
    more: bool = True

    def forget(self, handler: UploadHandler) -> None:
        """Drop an upload that gave no file: a batch that stays open must not grow."""
        self.handlers = {key: it for key, it in self.handlers.items() if it is not handler}

    @property
    def ended(self) -> bool:
        return not self.more and all(handler.ended for handler in self.handlers.values())


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
        self._lanes: dict[str, Lane] = {}
        self._backlog = Backlog()
        self._batches: dict[str, _Batch] = {}
        self._files: dict[str, UploadedFile] = {}
        self._failed: deque[Upload] = deque(maxlen=MAX_FAILED)
        self._completed_bytes = 0  # since the page was last idle
        self._refused_messages = 0
        self._refused_files = 0
        self._settling = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
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
        active = [lane.handler for lane in list(self._lanes.values())]
        stored, size = sum(h.offset for h in active), sum(h.info.size for h in active)
        return self._completed_bytes + stored, self._completed_bytes + size

    @property
    def idle(self) -> bool:
        """Whether nothing is queued or running."""
        return not self._lanes

    def receive(self, data: object) -> None:
        """Take a message from the browser, whatever it is."""
        try:
            message = protocol.decode(data)
        except UploadError as error:
            self._refuse_message(error)
            return
        match message:
            case Hello(version=version) if version != protocol.VERSION:
                text = "This page is of another version than the server. Reload it."
                self._page.send(protocol.Error("bad_message", text))
            case Hello():
                for lane in self._lanes.values():
                    lane.start_over()
                self._page.send(self._page.welcome())
            case Create():
                self._create(message)
            case Remove():
                self._remove(message.id)
            case _:
                self._forward(message)

    def forget(self, upload_id: str) -> None:
        """Take a file that was deleted out of `files` and off the page. Safe in any thread."""
        if self._files.pop(upload_id, None) is not None:
            self._page.send(protocol.Removed(upload_id))

    def clear(self) -> None:
        """Cancel what runs and forget every file and failure. Safe in any thread."""
        for upload_id in list(self._lanes):
            self._loop.call_soon_threadsafe(self._forward, Abort(upload_id))
        for upload_id in list(self._files):
            self.forget(upload_id)
        self._failed.clear()

    async def close(self) -> None:
        """Stop everything and free what is not complete."""
        lanes, self._lanes = list(self._lanes.values()), {}
        for lane in lanes:
            self._abort(lane)
        while self._tasks:
            await asyncio.wait(self._tasks)

    # Messages

    def _refuse_message(self, error: UploadError) -> None:
        if not self._refused_messages:
            log.warning("A page sent a bad upload message; more are not logged: %s", error)
        self._refused_messages += 1
        self._page.send(protocol.Error(error.code, error.message))

    def _create(self, message: Create) -> None:
        settings = self._page.settings()
        if not self._lanes and message.batch not in self._batches:
            self._completed_bytes = 0
            self._failed.clear()
        if message.batch not in self._batches and len(self._batches) >= MAX_BATCHES:
            error = UploadError(
                "too_many_files", f"More than {MAX_BATCHES} picks are open already."
            )
            for facts in message.files:
                self._refuse_file(facts, error)
            return
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
            self._spawn(self._settle(batch))
        self._page.progressed()

    def _admit(self, facts: FileFacts, batch: _Batch, settings: Settings) -> UploadHandler:
        if settings.disabled:
            raise UploadError("disabled", "Uploads are switched off here at the moment.")
        if len(self._lanes) >= MAX_PENDING:
            raise UploadError("too_many_files", f"More than {MAX_PENDING} uploads wait already.")
        if batch.handlers and not settings.multiple:
            raise UploadError("too_many_files", "Only one file can be uploaded here.")
        settings.limits.check_file(facts.name, facts.mime_type, facts.size)
        if settings.multiple:
            held = [file.size for file in self._files.values()]
            held += [lane.handler.info.size for lane in self._lanes.values() if not lane.stopped]
            settings.limits.check_total(1 + len(held), facts.size + sum(held))
        else:  # the new file takes the place of the one before
            settings.limits.check_total(1, facts.size)
            for lane in self._lanes.values():
                self._abort(lane)

        handler = UploadHandler(_info(facts), settings.store)
        batch.handlers[facts.key] = handler
        ended = partial(self._end, batch)
        page = self._page
        lane = Lane(handler, self._backlog, page.send, page.progressed, ended, self._spawn)
        self._lanes[handler.info.id] = lane
        return handler

    def _refuse_file(self, facts: FileFacts, error: UploadError) -> None:
        self._refused_files += 1
        if self._refused_files <= MAX_LOGGED:
            log.warning("Upload of %r refused: %s", facts.name[:200], error)
        refused = Upload(safe_name(facts.name), facts.size, 0, "failed", error=error.message)
        self._failed.append(refused)
        self._page.send(protocol.Error(error.code, error.message, key=facts.key))

    def _forward(self, message: Chunk | Finish | Abort) -> None:
        lane = self._lanes.get(message.id)
        if lane is None or lane.stopped:
            self._answer_ended(message)
        elif isinstance(message, Abort):
            self._abort(lane)
        else:
            lane.put(message)

    def _abort(self, lane: Lane) -> None:
        if not lane.stopped:
            lane.stop(Abort(lane.handler.info.id))

    def _answer_ended(self, message: Chunk | Finish | Abort) -> None:
        if isinstance(message, Abort):
            self._remove(message.id)  # it was complete before the page knew
        elif message.id in self._files:
            self._page.send(protocol.Complete(message.id))
        else:
            text = "The server does not know this upload. Choose the file again."
            self._page.send(protocol.Error("unknown_upload", text, id=message.id))

    def _remove(self, upload_id: str) -> None:
        file = self._files.get(upload_id)
        if file is None:
            self._page.send(protocol.Removed(upload_id))
        else:
            self._spawn(self._delete(upload_id, file))

    async def _delete(self, upload_id: str, file: UploadedFile) -> None:
        try:
            await asyncio.to_thread(file.unlink)
        except OSError as error:
            log.warning("Upload %s could not be deleted: %s", upload_id, error)
        self.forget(upload_id)
        await self._page.settled([])

    # The end of uploads

    async def _end(self, batch: _Batch, lane: Lane) -> None:
        handler, upload_id = lane.handler, lane.handler.info.id
        if self._lanes.pop(upload_id, None) is None:
            return  # the session was closed
        if lane.aborted:
            await handler.cancel()  # the abort may have come while the file was finished
        if handler.file is not None:
            self._keep(upload_id, handler.file)
        else:
            batch.forget(handler)
        if handler.error is not None:
            log.warning("Upload %s of %r failed: %s", upload_id, handler.info.name, handler.error)
            self._failed.append(handler.snapshot())
            error = protocol.Error(handler.error.code, handler.error.message, id=upload_id)
            self._page.send(error)
        elif handler.file is None:
            self._page.send(protocol.Removed(upload_id))
        await self._settle(batch)

    def _keep(self, upload_id: str, file: UploadedFile) -> None:
        if not self._page.settings().multiple:
            for replaced in list(self._files):
                self.forget(replaced)
        file.on_delete = partial(self._page.deleted, upload_id)
        self._files[upload_id] = file
        self._completed_bytes += file.size
        self._page.send(protocol.Complete(upload_id))

    async def _settle(self, batch: _Batch) -> None:
        async with self._settling:  # the app hears of uploads in the order they ended
            picked: list[UploadedFile] = []
            if batch.ended and self._batches.pop(batch.key, None) is not None:
                files = [handler.file for handler in batch.handlers.values()]
                picked = [file for file in files if file is not None and file in self.files]
            await self._page.settled(picked)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)  # the event loop itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)


def _info(facts: FileFacts) -> UploadInfo:
    return UploadInfo(
        id=secrets.token_urlsafe(16),
        name=safe_name(facts.name),
        relative_path=safe_relative_path(facts.relative_path or facts.name),
        size=facts.size,
        mime_type=facts.mime_type if _MIME_TYPE.fullmatch(facts.mime_type) else UNKNOWN_TYPE,
        original_name=facts.name,
    )
