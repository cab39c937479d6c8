"""All uploads of one page: who may begin, what is complete, what the app is told."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Awaitable, Coroutine
from functools import partial
from typing import Any, Protocol

from . import protocol
from .batch import Batch, Total, upload_info
from .credit import Credit, Pool, pool
from .errors import UploadError
from .files import UploadedFile
from .handler import UploadHandler
from .lane import Lane, Suspend
from .languages import texts_in
from .names import safe_name
from .presence import Presence
from .protocol import (
    Abort,
    Chunk,
    Create,
    FileFacts,
    Finish,
    Hello,
    Identity,
    KnownUpload,
    Language,
    Paused,
    Recording,
    RecordingState,
    Remove,
    ServerMessage,
)
from .resume import find_upload, free_upload, is_secret, new_secret, unknown_upload
from .settings import Settings
from .upload import Upload, UploadInfo

log = logging.getLogger(__name__)

#: Uploads of a page that are under way at the same time, each with an open file.
MAX_RUNNING = 8

#: Uploads that a page may have announced and not ended; the browser sends the rest later.
MAX_PENDING = 2000

#: Batches that a page may have open.
MAX_BATCHES = 100

#: Uploads refused or failed that are logged for a page, in each minute.
MAX_LOGGED = 20

#: Times that a session sends the texts of a language, which take more than asking for them.
MAX_TEXTS = 100

#: Failed uploads that are remembered, for `ChunkedFileInput.uploads`.
MAX_FAILED = 100


class Page(Protocol):
    """What a session needs of the world around it."""

    def settings(self) -> Settings:
        """Give what is allowed now."""

    def welcome(self) -> ServerMessage:
        """Give what this page's transport takes."""

    def heard(self, page: str) -> None:
        """Note that the message that was just received is of `page`, as that names itself."""

    def send(self, message: ServerMessage, page: str | None = None) -> None:
        """Send to the browser; in order, from any thread, without waiting.

        To `page` alone, or to all that show the widget.
        """

    def progressed(self) -> None:
        """Note that `Session.uploads` has changed."""

    async def settled(self, picked: list[UploadedFile]) -> None:
        """Note that something has ended; `picked` are the files of a batch that is over."""

    def recorded(self, state: RecordingState) -> None:
        """Note what the recorder of the page does."""

    def deleted(self, upload_id: str) -> None:
        """Note, in any thread, that the app has deleted a file."""

    def started(self, upload: Upload) -> None:
        """Note that the first byte of an upload is about to be stored."""

    def completed(self, file: UploadedFile) -> None:
        """Note that an upload is complete."""

    def failed(self, upload: Upload) -> None:
        """Note that an upload was refused or has failed."""


class Session:
    """The uploads of one page; in a notebook, of all pages that show the widget.

    Everything runs on the event loop that makes it; `receive` returns at once.

    Parameters
    ----------
    page
        The world around: where messages go, what is allowed, who wants to know.
    memory
        Bounds what the uploads hold in memory; by default with all others of this process.
    """

    def __init__(self, page: Page, memory: Pool = pool) -> None:
        self._page = page
        self._memory = memory
        self._lanes: dict[str, Lane] = {}
        self._batches: dict[str, Batch] = {}
        self._presence = Presence(self._batches, self._end_batch)
        self._adopting: dict[str, Abort | UploadError | None] = {}  # and what has stopped it
        self._admitting: set[str] = set()  # by the browser's key
        self._closed = False
        self._files: dict[str, UploadedFile] = {}
        self._failed: deque[tuple[str, Upload]] = deque(maxlen=MAX_FAILED)  # with the page's name
        self.completed = 0  # files since the page was last idle
        self._completed_bytes = 0
        self.ending = 0  # uploads that have ended, and the app has not heard of it
        self._refused_messages = 0
        self._sent_texts = 0
        self._logged, self._logged_since = 0, time.monotonic()
        self._settling = asyncio.Lock()
        self._keeping = threading.Lock()  # the app may clear while an upload becomes complete
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked: dict[asyncio.Future[UploadInfo], int] = {}  # and bytes, if it is taken
        self._loop = asyncio.get_running_loop()

    @property
    def files(self) -> list[UploadedFile]:
        """Complete files, in the order they were completed."""
        return list(self._files.values())

    @property
    def uploads(self) -> list[Upload]:
        """What is queued or running, and what has failed since the last pick."""
        return [handler.snapshot() for handler in self._wanted()] + [
            upload for _, upload in self._failed
        ]

    @property
    def progress(self) -> tuple[int, int]:
        """Bytes stored and bytes in all, over everything since the page was last idle."""
        active = self._wanted()
        stored, size = sum(h.offset for h in active), sum(_size(h) for h in active)
        return self._completed_bytes + stored, self._completed_bytes + size

    @property
    def idle(self) -> bool:
        """Whether nothing is queued or running."""
        return not self._lanes

    def _wanted(self) -> list[UploadHandler]:
        # What is cancelled may take a while to be freed; for the app, it is over.
        return [lane.handler for lane in list(self._lanes.values()) if not lane.aborted]

    def receive(self, data: object) -> None:
        """Take a message from the browser, whatever it is."""
        try:
            message = protocol.decode(data)
        except UploadError as error:
            self._refuse_message(error)
            return
        match message:
            case Hello():
                self._hello(message)
            case Create():
                self._create(message)
            case Paused():
                self._paused(message)
            case Recording():
                self._page.recorded(message.state)
            case Remove():
                self._remove(message.id)
            case Language():
                self._send_texts(message.language)
            case Abort(reason="unreadable"):
                text = "The file could not be read: it was changed, moved or deleted."
                self._stop(message, UploadError("unreadable", text))
            case Abort():
                self._stop(message, message)
            case _:
                self._forward(message)

    def _hello(self, message: Hello) -> None:
        if message.version != protocol.VERSION:
            self._refuse(UploadError("bad_message", "This page is of another version."))
            return
        self._hear(message.page)
        self._page.send(self._page.welcome(), message.page)
        for known in dict.fromkeys(message.uploads):
            self._resume(known, message.page)

    def _send_texts(self, language: str) -> None:
        self._sent_texts += 1
        if self._sent_texts <= MAX_TEXTS:
            self._page.send(protocol.Texts(language, texts_in(language)))
        else:
            self._refuse_message(UploadError("bad_message", "Texts were asked for too often."))

    def _hear(self, page: str) -> None:
        self._page.heard(page)
        self._presence.hear(page)

    def forget(self, upload_id: str) -> None:
        """Take a file that was deleted out of `files` and off the page. Safe in any thread."""
        file = self._files.pop(upload_id, None)
        if file is not None:
            file.forget()
            self._page.send(protocol.Removed(upload_id))

    def clear(self) -> None:
        """Cancel what runs and forget every file and failure. Safe in any thread."""
        with self._keeping:
            lanes, batches = list(self._lanes.values()), list(self._batches)
            for lane in lanes:
                lane.aborted = True  # from now on, what completes is not kept
            files, self._files = self._files, {}
        for file in files.values():
            file.forget()
        # What the page begins from now on is wanted.
        self._loop.call_soon_threadsafe(self._abort_these, lanes, batches)
        self._failed.clear()
        self.completed = self._completed_bytes = 0
        self._page.send(protocol.Cleared())

    def _abort_these(self, lanes: list[Lane], batches: list[str]) -> None:
        for key in batches:
            self._batches.pop(key, None)
        for lane in lanes:
            self._abort(lane)

    async def close(self) -> None:
        """Stop everything; what is not complete waits for whoever goes on with it."""
        self._closed = True
        self._presence.close()
        lanes, self._lanes = list(self._lanes.values()), {}
        for lane in lanes:
            if not lane.stopped:
                lane.stop(Suspend())
        for question in list(self._asked):
            question.cancel()
        while self._tasks:
            await asyncio.wait(self._tasks)

    # Messages

    def _warn(self, text: str) -> None:
        now = time.monotonic()
        if now - self._logged_since > 60:
            self._logged, self._logged_since = 0, now
        self._logged += 1
        if self._logged <= MAX_LOGGED:
            log.warning("%s", text)
        elif self._logged == MAX_LOGGED + 1:
            log.warning("More failures of this page are not logged for a minute.")

    def _refuse_message(self, error: UploadError) -> None:
        if not self._refused_messages:
            log.warning("A page sent a bad upload message; more are not logged: %s", error)
        self._refused_messages += 1
        self._refuse(error)

    def _refuse(self, error: UploadError) -> None:
        self._page.send(protocol.Error(error.code, error.message))

    def _create(self, message: Create) -> None:
        settings = self._page.settings()
        if message.files and not self._lanes and message.batch not in self._batches:
            self.completed = self._completed_bytes = 0
            if not any(self._failures(safe_name(it.name), it.size) for it in message.files):
                self._failed.clear()  # else one is tried again, and the page still shows the others
        if message.batch not in self._batches and len(self._batches) >= MAX_BATCHES:
            error = UploadError("busy", f"More than {MAX_BATCHES} picks are under way.")
            for facts in message.files:
                self._refuse_file(facts, error, message.page)
            return
        new = Batch(message.batch, message.page, settings.multiple)
        batch = self._batches.setdefault(message.batch, new)
        self._hear(batch.page)
        total = self._total()
        for facts in message.files:
            try:
                known = batch.handlers.get(facts.key)  # the page asks again if no answer came
                takes_time = facts.resume is not None or settings.ask is not None
                if known is None and takes_time and not self._is_full(batch.key):
                    self._admit_later(facts, batch)
                    continue
                handler = known or self._admit(facts, batch, settings, total)
            except UploadError as error:
                self._refuse_file(facts, error, batch.page)
            else:
                self._send_created(facts.key, handler, batch.page)
        batch.more = message.more
        if batch.ended:
            self._spawn(self._settle(batch))
        self._page.progressed()

    def _total(self) -> Total:
        active = [_size(lane.handler) for lane in self._lanes.values() if not lane.stopped]
        held = [file.size for file in self.files] + active + list(self._asked.values())
        return Total(len(held), sum(held))

    def _send_created(self, key: str, handler: UploadHandler, page: str) -> None:
        upload_id, offset, checksum = handler.info.id, handler.offset, handler.checksum
        lane = self._lanes.get(upload_id)
        # Without a lane it has ended; the page learns that when it says finish.
        attempt, grant = (lane.attempt, lane.credit.grant) if lane is not None else (0, 0)
        secret = lane.secret if lane is not None else ""
        created = protocol.Created(key, upload_id, secret, attempt, offset, checksum, grant)
        self._page.send(created, page)

    def _admit(
        self, facts: FileFacts, batch: Batch, settings: Settings, total: Total
    ) -> UploadHandler:
        secret = new_secret(settings.store)
        info = upload_info(facts, secret, settings.place)
        self._check(facts, batch, settings, total)
        return self._begin(facts.key, UploadHandler(info, settings.store), batch, secret)

    def _check(self, facts: FileFacts, batch: Batch, settings: Settings, total: Total) -> None:
        """Refuse what is not allowed, and make room for what is."""
        self._check_allowed(facts, batch, settings, total)
        total.add(facts.size or 0)
        if not batch.multiple:  # the new file takes the place of the one before
            for lane in self._lanes.values():
                self._abort(lane)

    def _check_allowed(
        self, facts: FileFacts, batch: Batch, settings: Settings, total: Total
    ) -> None:
        if settings.disabled:
            raise UploadError("disabled", "Uploads are switched off here at the moment.")
        if self._pending >= MAX_PENDING:
            raise UploadError("busy", f"More than {MAX_PENDING} uploads are waiting.")
        if batch.handlers and not batch.multiple:
            raise UploadError("too_many_files", "Only one file can be uploaded here.")
        settings.limits.check_file(safe_name(facts.name), facts.mime_type, facts.size)
        if batch.multiple:
            settings.limits.check_total(total.files + 1, total.size + (facts.size or 0))
        else:
            settings.limits.check_total(1, facts.size or 0)

    def _begin(self, key: str, handler: UploadHandler, batch: Batch, secret: str) -> UploadHandler:
        self._forget_failure(handler.info)
        batch.add(key, handler)
        self._open_lane(handler, batch, key, secret)
        return handler

    def _open_lane(self, handler: UploadHandler, batch: Batch, key: str, secret: str) -> Lane:
        page, ended = self._page, partial(self._end, batch, key)
        credit = Credit(self._memory)
        send = partial(page.send, page=batch.page)
        lane = Lane(handler, credit, send, page.progressed, ended, self._spawn)
        lane.page, lane.secret = batch.page, secret
        handler.check_size = partial(self._check_growing, handler, batch)
        self._lanes[handler.info.id] = lane
        handler.on_begin = lambda: page.started(handler.snapshot())
        return lane

    def _check_growing(self, handler: UploadHandler, batch: Batch, size: int) -> None:
        """Refuse `size` bytes of a file whose size nobody knew when it was begun."""
        limits, total = self._page.settings().limits, self._total()
        limits.check_size(size)
        if batch.multiple:
            limits.check_total(total.files, total.size - handler.offset + size)
        else:
            limits.check_total(1, size)

    def _forget_failure(self, info: UploadInfo) -> None:
        """Note that a file is tried again: it does not count as failed any more."""
        for failed in self._failures(safe_name(info.original_name), info.size)[:1]:
            self._failed.remove(failed)

    def _failures(self, name: str, size: int | None) -> list[tuple[str, Upload]]:
        """Give those of a file as the page knows it; the app may have given it another name."""
        return [it for it in self._failed if (it[0], it[1].size) == (name, size)]

    def _refuse_file(self, facts: FileFacts, error: UploadError, page: str) -> None:
        self._warn(f"Upload of {facts.name[:200]!r} refused: {error}")
        name, message, code = safe_name(facts.name), error.message, error.code
        refused = Upload(name, facts.size, 0, "failed", error=message, error_code=code)
        self._failed.append((name, refused))
        self._page.failed(refused)
        self._page.send(protocol.Error(error.code, error.message, key=facts.key), page)

    def _forward(self, message: Chunk | Finish) -> None:
        lane = self._lanes.get(message.id)
        if lane is not None and not lane.stopped:
            self._hear(lane.page)
            lanes = self._lanes.values()
            running = sum(it.working and it.handler.is_busy for it in lanes if not it.stopped)
            if lane.working or running < MAX_RUNNING:
                lane.put(message)
            else:
                text = f"More than {MAX_RUNNING} uploads are under way at the same time."
                lane.stop(UploadError("busy", text))
        else:
            self._answer_ended(message.id)

    def _paused(self, message: Paused) -> None:
        lane = self._lanes.get(message.id)
        if lane is not None and not lane.stopped:
            self._hear(lane.page)
            lane.handler.pause(message.paused)
            self._page.progressed()

    def _resume(self, known: KnownUpload, page: str) -> None:
        lane = self._lanes.get(known.id)
        if lane is not None and not lane.stopped:
            lane.resume()
        elif lane is not None or known.id in self._files or self._is_full(known.batch):
            self._answer_ended(known.id)
        elif known.id not in self._adopting:
            self._adopting[known.id] = None
            multiple = self._page.settings().multiple
            batch = self._batches.setdefault(known.batch, Batch(known.batch, page, multiple))
            batch.open += 1
            self._spawn(self._adopt(known, batch))

    @property
    def _pending(self) -> int:
        return len(self._lanes) + len(self._adopting) + len(self._admitting)

    def _is_full(self, batch: str) -> bool:
        too_many_batches = batch not in self._batches and len(self._batches) >= MAX_BATCHES
        return self._pending >= MAX_PENDING or too_many_batches

    async def _adopt(self, known: KnownUpload, batch: Batch) -> None:
        """Go on with an upload of another session, if it is the page's own."""
        try:
            handler = await self._find(known, batch)
        except UploadError as error:
            if self._adopting[known.id] is None:
                gone: ServerMessage = protocol.Error(error.code, error.message, id=known.id)
            else:  # the page has cancelled it, and waits until nothing is left
                gone = protocol.Removed(known.id)
            self._page.send(gone, batch.page)
            batch.open -= 1
            if batch.ended:
                await self._settle(batch)
            return
        finally:
            stopped = self._adopting.pop(known.id)
        if self._closed:
            await handler.suspend()
            return
        log.info("Upload %s goes on at %d bytes", known.id, handler.offset)
        batch.handlers[known.id] = handler
        lane = self._open_lane(handler, batch, known.id, known.secret)
        if self._batches.get(batch.key) is not batch:  # the app has cleared it
            stopped = Abort(known.id)
        if stopped is None:
            lane.resume()
        else:
            lane.stop(stopped)

    async def _find(self, known: KnownUpload, batch: Batch) -> UploadHandler:
        """Find an upload of another session, and see that not too many come together here."""
        settings = self._page.settings()
        handler = await find_upload(settings, known)
        total = self._total()
        try:
            if batch.multiple:
                settings.limits.check_total(total.files + 1, total.size + _size(handler))
        except UploadError:
            await handler.suspend()
            raise
        return handler

    def _admit_later(self, facts: FileFacts, batch: Batch) -> None:
        """Go on with what a page before has begun of the file, or else ask the app and begin it."""
        if facts.key not in self._admitting:  # the page asks again if no answer came
            self._admitting.add(facts.key)
            batch.open += 1
            self._spawn(self._admit_found(facts, batch))

    async def _admit_found(self, facts: FileFacts, batch: Batch) -> None:
        found: tuple[UploadHandler, str] | None = None
        refusal: UploadError | None = None
        try:
            found = await self._find_or_ask(facts, batch)
        except UploadError as error:
            refusal = error
        self._admitting.remove(facts.key)
        batch.open -= 1
        if found is not None:
            refusal = await self._begin_found(facts, batch, *found)
        if refusal is not None and not self._closed and self._batches.get(batch.key) is batch:
            self._refuse_file(facts, refusal, batch.page)
            if batch.ended:
                await self._settle(batch)
        self._page.progressed()

    async def _begin_found(
        self, facts: FileFacts, batch: Batch, handler: UploadHandler, secret: str
    ) -> UploadError | None:
        """Begin, or go on with, what was found for a file; give why not, if it is not allowed."""
        is_cleared = self._batches.get(batch.key) is not batch
        if self._closed or is_cleared:
            await (handler.cancel() if is_cleared else handler.suspend())
            return None
        try:
            self._check(facts, batch, self._page.settings(), self._total())
        except UploadError as error:
            await handler.suspend()
            return error
        self._begin(facts.key, handler, batch, secret)
        if handler.has_begun:
            self._lanes[handler.info.id].watch()
            log.info("Upload %s goes on at %d bytes", handler.info.id, handler.offset)
        self._send_created(facts.key, handler, batch.page)
        return None

    async def _find_or_ask(self, facts: FileFacts, batch: Batch) -> tuple[UploadHandler, str]:
        """Give what a page before has begun of a file, or a new upload if the app takes it.

        And its secret.
        """
        handler = await self._find_file(facts, facts.resume) if facts.resume else None
        if handler is not None and facts.resume is not None:
            return handler, facts.resume.secret
        settings = self._page.settings()
        secret = new_secret(settings.store)
        self._check_allowed(facts, batch, settings, self._total())
        info = upload_info(facts, secret, settings.place)
        if settings.ask is not None:
            info = await self._answer(settings.ask(info), facts.size or 0)
        return UploadHandler(info, settings.store), secret

    async def _answer(self, answer: Awaitable[UploadInfo], size: int) -> UploadInfo:
        """Wait for the app, but not when the page is gone: it may take for ever."""
        question = asyncio.ensure_future(answer)
        self._asked[question] = size  # it counts until then, so that no more is asked for
        try:
            return await question
        except asyncio.CancelledError:
            raise UploadError("page_gone", "The page was left.") from None
        finally:
            del self._asked[question]

    async def _find_file(self, facts: FileFacts, identity: Identity) -> UploadHandler | None:
        lane = self._lanes.get(identity.id)  # of a page before: in a notebook, the session lives on
        if lane is not None and not lane.stopped:
            if not is_secret(identity.secret, lane.handler.info):
                return None
            lane.stop(Suspend())
            error = UploadError("taken_over", "The upload goes on in another page.")
            self._page.send(protocol.Error(error.code, error.message, id=identity.id), lane.page)
        try:
            return await find_upload(self._page.settings(), identity, facts)
        except UploadError:
            return None

    def _answer_ended(self, upload_id: str) -> None:
        file = self._files.get(upload_id)
        if file is not None:
            self._page.send(protocol.Complete(upload_id, file.received))
        else:
            error = unknown_upload()
            self._page.send(protocol.Error(error.code, error.message, id=upload_id))

    def _stop(self, message: Abort, reason: Abort | UploadError) -> None:
        upload_id = message.id
        lane = self._lanes.get(upload_id)
        if upload_id in self._adopting:
            self._adopting[upload_id] = reason
        elif lane is not None and not lane.stopped:
            lane.stop(reason)
        elif message.secret and self._may_be_elsewhere(upload_id):
            self._adopting[upload_id] = reason
            self._spawn(self._free(Identity(upload_id, message.secret)))
        else:
            self._remove(upload_id)  # it may have been complete before the page knew

    def _may_be_elsewhere(self, upload_id: str) -> bool:
        """Tell whether this session knows nothing of an upload; one that failed is not its own."""
        failed = {it.id for _, it in self._failed}
        is_known = upload_id in self._lanes.keys() | self._files.keys() | failed
        return not is_known and self._pending < MAX_PENDING

    async def _free(self, known: Identity) -> None:
        await free_upload(self._page.settings().store, known)
        del self._adopting[known.id]
        self._page.send(protocol.Removed(known.id))

    def _abort(self, lane: Lane) -> None:
        if not lane.stopped:
            lane.stop(Abort(lane.handler.info.id))

    def _remove(self, upload_id: str) -> None:
        file = self._files.get(upload_id)
        if file is None:
            self._page.send(protocol.Removed(upload_id))
        elif self._page.settings().disabled:
            refusal = UploadError("disabled", "Files cannot be removed here at the moment.")
            self._page.send(protocol.Error(refusal.code, refusal.message, id=upload_id))
        else:
            self._spawn(self._delete(upload_id, file))

    async def _delete(self, upload_id: str, file: UploadedFile) -> None:
        try:
            await asyncio.to_thread(file.unlink)
        except OSError as error:
            log.warning("Upload %s could not be deleted: %s", upload_id, error)
            reason = f": {error.strerror}" if error.strerror else ""
            text = f"{file.name} could not be deleted on the server{reason}."
            refusal = UploadError("storage", text)
            self._page.send(protocol.Error(refusal.code, refusal.message, id=upload_id))
        else:
            self.forget(upload_id)
            await self._page.settled([])

    def _end_batch(self, batch: Batch) -> None:
        """End what a page has begun that is gone."""
        batch.more = False
        error = UploadError("page_gone", "The page was left, or away for too long.")
        ids = {handler.info.id for handler in batch.handlers.values()}
        for lane in [self._lanes[upload_id] for upload_id in ids & self._lanes.keys()]:
            if not lane.stopped:
                lane.stop(error)
        if batch.ended:
            self._spawn(self._settle(batch))

    # The end of uploads

    async def _end(self, batch: Batch, key: str, lane: Lane) -> None:
        handler, upload_id = lane.handler, lane.handler.info.id
        with self._keeping:
            if self._closed:
                return
            if self._lanes.get(upload_id) is lane:  # else another page goes on with it
                del self._lanes[upload_id]
            self.ending += 1
            if handler.file is not None and not lane.aborted:
                self._keep(upload_id, handler.file, batch)
        if lane.aborted:
            await handler.cancel()  # the abort may have come while the file was finished
        batch.end(key)
        if handler.error is not None:
            self._warn(f"Upload {upload_id} of {handler.info.name!r} failed: {handler.error}")
            failed = handler.snapshot()
            self._failed.append((safe_name(handler.info.original_name), failed))
            self._page.failed(failed)
            error = protocol.Error(handler.error.code, handler.error.message, id=upload_id)
            self._page.send(error, batch.page)
        elif handler.file is None:
            self._page.send(protocol.Removed(upload_id), batch.page)
        try:
            await self._settle(batch)
            if handler.file is not None:
                self._page.completed(handler.file)
        finally:
            self.ending -= 1

    def _keep(self, upload_id: str, file: UploadedFile, batch: Batch) -> None:
        if not batch.multiple:
            for replaced in self._files.keys() - {upload_id}:  # which may be found again
                self.forget(replaced)
        file.on_delete = partial(self._page.deleted, upload_id)
        self._files[upload_id] = file
        self.completed += 1
        self._completed_bytes += file.size
        self._page.send(protocol.Complete(upload_id, file.received), batch.page)

    async def _settle(self, batch: Batch) -> None:
        async with self._settling:  # the app hears of uploads in the order they ended
            picked: list[UploadedFile] = []
            if batch.ended and self._batches.pop(batch.key, None) is not None:
                held = set(self.files)
                picked = [file for file in batch.files if file in held]
            await self._page.settled(picked)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)  # the event loop itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)


def _size(handler: UploadHandler) -> int:
    """Give the bytes of a file, or those stored as long as nobody knows."""
    return handler.offset if handler.info.size is None else handler.info.size
