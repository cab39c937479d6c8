"""All uploads of one page: who may begin, what is complete, what the app is told."""

import asyncio
import logging
import threading
from collections.abc import Coroutine
from functools import partial
from typing import Any

from . import protocol
from .admission import Admission
from .adoption import Adoption
from .batch import Batch, Total
from .complete import CompleteFiles
from .credit import Credit, Pool, pool
from .errors import UploadError
from .failures import Failures
from .files import UploadedFile
from .handler import UploadHandler
from .lane import Lane, Suspend
from .languages import texts_in
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
    Remove,
)
from .settings import Settings
from .underway import MAX_BATCHES, MAX_RUNNING, Underway, size_of
from .upload import Upload
from .world import Page

log = logging.getLogger(__name__)

#: Times that a session sends the texts of a language, which take more than asking for them. In a
#: notebook, it is asked by all pages that show the widget.
MAX_TEXTS = 1000


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
        self._underway = Underway()
        self._files = CompleteFiles(page)
        self._failures = Failures(page)
        self._admission = Admission(page, self._underway, self._files)
        self._adoption = Adoption(
            page,
            self._underway,
            self._admission,
            self._open_lane,
            self._settle,
            self._spawn,
        )
        self._presence = Presence(self._underway.batches, self._end_batch)
        self.ending = 0  # uploads that have ended, and the app has not heard of it
        self._refused_messages = 0
        self._sent_texts = 0
        self._settling = asyncio.Lock()
        self._keeping = threading.Lock()  # the app may clear while an upload becomes complete
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    @property
    def files(self) -> list[UploadedFile]:
        """Complete files, in the order they were completed."""
        return self._files.all

    @property
    def completed(self) -> int:
        """Files since the page was last idle."""
        return self._files.count

    @property
    def uploads(self) -> list[Upload]:
        """What is queued or running, and what has failed since the last pick."""
        active = [handler.snapshot() for handler in self._underway.wanted]
        return active + self._failures.uploads

    @property
    def progress(self) -> tuple[int, int]:
        """Bytes stored and bytes in all, over everything since the page was last idle."""
        active = self._underway.wanted
        stored, size = sum(h.offset for h in active), sum(size_of(h) for h in active)
        return self._files.size + stored, self._files.size + size

    @property
    def idle(self) -> bool:
        """Whether nothing is queued or running."""
        return not self._underway.lanes

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
        texts = texts_in(language) if self._sent_texts <= MAX_TEXTS else None
        self._page.send(protocol.Texts(language, texts))

    def _hear(self, page: str) -> None:
        self._page.heard(page)
        self._presence.hear(page)

    def forget(self, upload_id: str) -> None:
        """Take a file that was deleted out of `files` and off the page. Safe in any thread."""
        self._files.forget(upload_id)

    def clear(self) -> None:
        """Cancel what runs and forget every file and failure. Safe in any thread."""
        with self._keeping:
            lanes = list(self._underway.lanes.values())
            batches = list(self._underway.batches)
            for lane in lanes:
                lane.aborted = True  # from now on, what completes is not kept
            files = self._files.take()
        for file in files:
            file.forget()
        # What the page begins from now on is wanted.
        self._loop.call_soon_threadsafe(self._abort_these, lanes, batches)
        self._failures.clear()
        self._files.restart()
        self._page.send(protocol.Cleared())

    def _abort_these(self, lanes: list[Lane], batches: list[str]) -> None:
        for key in batches:
            self._underway.batches.pop(key, None)
        self._underway.abort(lanes)

    async def close(self) -> None:
        """Stop everything; what is not complete waits for whoever goes on with it."""
        self._presence.close()
        for lane in self._underway.close():
            lane.stop(Suspend())
        self._admission.close()
        while self._tasks:
            await asyncio.wait(self._tasks)

    # Messages

    def _refuse_message(self, error: UploadError) -> None:
        if not self._refused_messages:
            log.warning("A page sent a bad upload message; more are not logged: %s", error)
        self._refused_messages += 1
        self._refuse(error)

    def _refuse(self, error: UploadError) -> None:
        self._page.send(protocol.Error(error.code, error.message))

    def _create(self, message: Create) -> None:
        settings, underway = self._page.settings(), self._underway
        if message.files and not underway.lanes and message.batch not in underway.batches:
            self._files.restart()
            self._failures.begin_pick(message.files)
        if not underway.takes_batch(message.batch):
            error = UploadError("busy", f"More than {MAX_BATCHES} picks are under way.")
            for facts in message.files:
                self._failures.refuse(facts, error, message.page)
            return
        batch = underway.open_batch(message.batch, message.page, settings.multiple)
        self._hear(batch.page)
        total = self._admission.total()
        for facts in message.files:
            try:
                self._admit(facts, batch, settings, total)
            except UploadError as error:
                self._failures.refuse(facts, error, batch.page)
        batch.more = message.more
        if batch.ended:
            self._spawn(self._settle(batch))
        self._page.progressed()

    def _admit(self, facts: FileFacts, batch: Batch, settings: Settings, total: Total) -> None:
        handler = batch.handlers.get(facts.key)  # the page asks again if no answer came
        takes_time = facts.resume is not None or settings.ask is not None
        if handler is None and takes_time and self._underway.takes_upload(batch.key):
            self._admit_later(facts, batch)
            return
        if handler is None:
            handler, secret = self._admission.new(facts, batch, settings, total)
            self._begin(facts.key, handler, batch, secret)
        self._send_created(facts.key, handler, batch.page)

    def _send_created(self, key: str, handler: UploadHandler, page: str) -> None:
        upload_id, offset, checksum = handler.info.id, handler.offset, handler.checksum
        lane = self._underway.lanes.get(upload_id)
        # Without a lane it has ended; the page learns that when it says finish.
        attempt, grant = (lane.attempt, lane.credit.grant) if lane is not None else (0, 0)
        secret = lane.secret if lane is not None else ""
        created = protocol.Created(key, upload_id, secret, attempt, offset, checksum, grant)
        self._page.send(created, page)

    def _begin(self, key: str, handler: UploadHandler, batch: Batch, secret: str) -> None:
        self._failures.begin(handler.info)
        batch.add(key, handler)
        self._open_lane(handler, batch, key, secret)

    def _open_lane(self, handler: UploadHandler, batch: Batch, key: str, secret: str) -> Lane:
        page, ended = self._page, partial(self._end, batch, key)
        credit = Credit(self._memory)
        send = partial(page.send, page=batch.page)
        lane = Lane(handler, credit, send, page.progressed, ended, self._spawn)
        lane.page, lane.secret = batch.page, secret
        handler.check_size = partial(self._admission.check_growing, handler, batch)
        self._underway.lanes[handler.info.id] = lane
        handler.on_begin = lambda: page.started(handler.snapshot())
        return lane

    def _forward(self, message: Chunk | Finish) -> None:
        lane = self._underway.lane(message.id)
        if lane is None:
            self._files.answer(message.id)
            return
        if message.attempt == lane.attempt:  # else it is late, perhaps by a way that leads nowhere
            self._hear(lane.page)
        if self._underway.may_work(lane):
            lane.put(message)
        else:
            text = f"More than {MAX_RUNNING} uploads are under way at the same time."
            lane.stop(UploadError("busy", text))

    def _paused(self, message: Paused) -> None:
        lane = self._underway.lane(message.id)
        if lane is not None:
            self._hear(lane.page)
            lane.handler.pause(message.paused)
            self._page.progressed()

    def _resume(self, known: KnownUpload, page: str) -> None:
        underway = self._underway
        lane = underway.lane(known.id)
        is_here = known.id in underway.lanes or self._files.get(known.id) is not None
        if lane is not None:
            lane.resume()
        elif is_here or not underway.takes_upload(known.batch):
            self._files.answer(known.id)
        else:
            self._adoption.adopt(known, page)

    def _admit_later(self, facts: FileFacts, batch: Batch) -> None:
        """Go on with what a page before has begun of the file, or else ask the app and begin it."""
        if facts.key not in self._underway.admitting:  # the page asks again if no answer came
            self._underway.admitting[facts.key] = False
            batch.open += 1
            self._spawn(self._admit_found(facts, batch))

    async def _admit_found(self, facts: FileFacts, batch: Batch) -> None:
        found: tuple[UploadHandler, str] | None = None
        refusal: UploadError | None = None
        try:
            found = await self._admission.find_or_ask(facts, batch)
        except UploadError as error:
            refusal = error
        is_cancelled = self._underway.admitting.pop(facts.key)
        if found is not None and is_cancelled:
            await found[0].cancel()
        elif found is not None:
            refusal = await self._begin_found(facts, batch, *found)
        batch.open -= 1
        if self._underway.closed:
            return
        if is_cancelled:
            pass
        elif not self._underway.is_open(batch):
            self._tell_cleared(facts, batch)
        elif refusal is not None:
            self._failures.refuse(facts, refusal, batch.page)
        if batch.ended:
            await self._settle(batch)
        self._page.progressed()

    def _tell_cleared(self, facts: FileFacts, batch: Batch) -> None:
        """End what the page has kept of a batch: it takes what has no answer for a newer one."""
        text = "The app has cleared what was chosen."
        error = UploadError("refused", text, advice="Choose it again.")
        self._page.send(protocol.Error(error.code, error.message, key=facts.key), batch.page)

    async def _begin_found(
        self, facts: FileFacts, batch: Batch, handler: UploadHandler, secret: str
    ) -> UploadError | None:
        """Begin, or go on with, what was found for a file; give why not, if it is not allowed."""
        is_cleared = not self._underway.is_open(batch)
        if self._underway.closed or is_cleared:
            await (handler.cancel() if is_cleared else handler.suspend())
            return None
        try:
            self._admission.check(facts, batch, self._page.settings(), self._admission.total())
        except UploadError as error:
            await handler.suspend()
            return error
        self._begin(facts.key, handler, batch, secret)
        if handler.has_begun:
            self._underway.lanes[handler.info.id].arrive()
            log.info("Upload %s goes on at %d bytes", handler.info.id, handler.offset)
        self._send_created(facts.key, handler, batch.page)
        return None

    def _stop(self, message: Abort, reason: Abort | UploadError) -> None:
        upload_id, underway = message.id, self._underway
        lane = underway.lane(upload_id)
        if self._adoption.stop(upload_id, reason):
            pass
        elif lane is not None:
            lane.stop(reason)
        elif upload_id in underway.admitting:
            underway.admitting[upload_id] = True
            self._page.send(protocol.Removed(upload_id))
        elif (known := underway.lane_of(upload_id)) is not None:
            known.stop(reason)
            self._page.send(protocol.Removed(upload_id))
        elif message.secret and self._may_be_elsewhere(upload_id):
            self._adoption.free(Identity(upload_id, message.secret))
        else:
            self._remove(upload_id)  # it may have been complete before the page knew

    def _may_be_elsewhere(self, upload_id: str) -> bool:
        """Tell whether this session knows nothing of an upload; one that failed is not its own."""
        failed = {it.id for it in self._failures.uploads}
        is_here = upload_id in self._underway.lanes.keys() | failed
        return not is_here and self._files.get(upload_id) is None and self._underway.has_room

    def _remove(self, upload_id: str) -> None:
        file = self._files.get(upload_id)
        if file is None:
            self._page.send(protocol.Removed(upload_id))
        elif self._page.settings().disabled:
            refusal = UploadError("disabled", "Files cannot be removed here at the moment.")
            self._page.send(protocol.Error(refusal.code, refusal.message, id=upload_id))
        else:
            self._spawn(self._files.delete(upload_id, file))

    def _end_batch(self, batch: Batch) -> None:
        """End what a page has begun that is gone."""
        batch.more = False
        error = UploadError("page_gone", "The page was left, or away for too long.")
        for handler in batch.handlers.values():
            lane = self._underway.lane(handler.info.id)
            if lane is not None:
                lane.stop(error)
        if batch.ended:
            self._spawn(self._settle(batch))

    # The end of uploads

    async def _end(self, batch: Batch, key: str, lane: Lane) -> None:
        handler, upload_id = lane.handler, lane.handler.info.id
        underway = self._underway
        with self._keeping:
            if underway.closed:
                return
            if underway.lanes.get(upload_id) is lane:  # else another page goes on with it
                del underway.lanes[upload_id]
            self.ending += 1
            if handler.file is not None and not lane.aborted:
                self._files.keep(upload_id, handler.file, batch.page, multiple=batch.multiple)
        if lane.aborted:
            await handler.cancel()  # the abort may have come while the file was finished
        batch.end(key)
        if handler.error is not None:
            self._failures.fail(handler, handler.error, batch.page)
        elif handler.file is None:
            self._page.send(protocol.Removed(upload_id), batch.page)
        try:
            await self._settle(batch)
            if handler.file is not None:
                self._page.completed(handler.file)
        finally:
            self.ending -= 1

    async def _settle(self, batch: Batch) -> None:
        async with self._settling:  # the app hears of uploads in the order they ended
            picked: list[UploadedFile] = []
            if batch.ended and self._underway.batches.pop(batch.key, None) is not None:
                held = set(self.files)
                picked = [file for file in batch.files if file in held]
            await self._page.settled(picked)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)  # the event loop itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)
