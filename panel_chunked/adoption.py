"""Uploads that another session has begun: found, and gone on with or freed for their page."""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from . import protocol
from .admission import Admission
from .batch import Batch
from .errors import UploadError
from .handler import UploadHandler
from .lane import Lane
from .protocol import Abort, Identity, KnownUpload, ServerMessage
from .resume import find_upload, free_upload
from .underway import Underway
from .world import Page

log = logging.getLogger(__name__)


class Adoption:
    """Goes on with what other sessions have begun.

    Parameters
    ----------
    page
        Says where to look, and is told what has become of an upload.
    underway
        What the page has begun and not ended.
    admission
        Says whether it is too much, together with what is here.
    open_lane
        Makes the lane of an upload that was found.
    settle
        Called when a batch may be over.
    spawn
        Starts the tasks that look for uploads.
    """

    def __init__(
        self,
        page: Page,
        underway: Underway,
        admission: Admission,
        open_lane: Callable[[UploadHandler, Batch, str, str], Lane],
        settle: Callable[[Batch], Awaitable[None]],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._page = page
        self._underway = underway
        self._admission = admission
        self._open_lane = open_lane
        self._settle = settle
        self._spawn = spawn
        self._stopped: dict[str, Abort | UploadError] = {}  # while it was looked for

    def adopt(self, known: KnownUpload, page: str) -> None:
        """Go on with an upload, if it is the page's own."""
        if known.id in self._underway.adopting:
            return
        self._underway.adopting.add(known.id)
        multiple = self._page.settings().multiple
        batch = self._underway.open_batch(known.batch, page, multiple)
        batch.open += 1
        self._spawn(self._adopt(known, batch))

    def free(self, known: Identity) -> None:
        """Cancel an upload, if it is the page's own."""
        self._underway.adopting.add(known.id)
        self._spawn(self._free(known))

    def stop(self, upload_id: str, reason: Abort | UploadError) -> bool:
        """End an upload as soon as it is found; tell whether it is looked for."""
        is_looked_for = upload_id in self._underway.adopting
        if is_looked_for:
            self._stopped[upload_id] = reason
        return is_looked_for

    async def _adopt(self, known: KnownUpload, batch: Batch) -> None:
        try:
            handler = await self._find(known, batch)
        except UploadError as error:
            if known.id not in self._stopped:
                gone: ServerMessage = protocol.Error(error.code, error.message, id=known.id)
            else:  # the page has cancelled it, and waits until nothing is left
                gone = protocol.Removed(known.id)
            self._page.send(gone, batch.page)
            batch.open -= 1
            if batch.ended:
                await self._settle(batch)
            return
        finally:
            stopped = self._end_search(known.id)
        if self._underway.closed:
            await handler.suspend()
            return
        log.info("Upload %s goes on at %d bytes", known.id, handler.offset)
        batch.handlers[known.id] = handler
        lane = self._open_lane(handler, batch, known.id, known.secret)
        if not self._underway.is_open(batch):  # the app has cleared it
            stopped = Abort(known.id)
        if stopped is None:
            lane.resume()
        else:
            lane.stop(stopped)

    def _end_search(self, upload_id: str) -> Abort | UploadError | None:
        """Give what has stopped an upload meanwhile."""
        self._underway.adopting.remove(upload_id)
        return self._stopped.pop(upload_id, None)

    async def _find(self, known: KnownUpload, batch: Batch) -> UploadHandler:
        """Find an upload, and see that not too many come together here."""
        settings = self._page.settings()
        handler = await find_upload(settings, known)
        try:
            self._admission.check_found(handler, batch, settings)
        except UploadError:
            await handler.suspend()
            raise
        return handler

    async def _free(self, known: Identity) -> None:
        await free_upload(self._page.settings().store, known)
        self._end_search(known.id)
        self._page.send(protocol.Removed(known.id))
