"""Which files of a page may begin: within the limits, and taken by the app."""

import asyncio
from collections.abc import Awaitable

from . import protocol
from .batch import Batch, Total, upload_info
from .complete import CompleteFiles
from .errors import UploadError
from .handler import UploadHandler
from .lane import Suspend
from .names import safe_name
from .protocol import FileFacts, Identity
from .resume import find_upload, is_secret, new_secret
from .settings import Settings
from .underway import MAX_PENDING, Underway, size_of
from .upload import UploadInfo
from .world import Page


class Admission:
    """Decides what a page may begin.

    Parameters
    ----------
    page
        Says what is allowed, and is told of what another page goes on with.
    underway
        What the page has begun and not ended.
    files
        What of it is complete.
    """

    def __init__(self, page: Page, underway: Underway, files: CompleteFiles) -> None:
        self._page = page
        self._underway = underway
        self._files = files
        self._asked: dict[asyncio.Future[UploadInfo], int] = {}  # and bytes, if it is taken

    def close(self) -> None:
        """Wait for no answer of the app any more."""
        for question in list(self._asked):
            question.cancel()

    def total(self) -> Total:
        """Count what the page has, will have and asks for."""
        active = [size_of(lane.handler) for lane in self._underway.active]
        held = [file.size for file in self._files.all] + active + list(self._asked.values())
        return Total(len(held), sum(held))

    def check(self, facts: FileFacts, batch: Batch, settings: Settings, total: Total) -> None:
        """Refuse what is not allowed, and make room for what is."""
        self._check_allowed(facts, batch, settings, total)
        total.add(facts.size or 0)
        if not batch.multiple:  # the new file takes the place of the one before
            self._underway.abort(self._underway.active)

    def _check_allowed(
        self, facts: FileFacts, batch: Batch, settings: Settings, total: Total
    ) -> None:
        if settings.disabled:
            raise UploadError("disabled", "Uploads are switched off here at the moment.")
        if not self._underway.has_room:
            raise UploadError("busy", f"More than {MAX_PENDING} uploads are waiting.")
        if batch.handlers and not batch.multiple:
            raise UploadError("too_many_files", "Only one file can be uploaded here.")
        settings.limits.check_file(safe_name(facts.name), facts.mime_type, facts.size)
        if batch.multiple:
            settings.limits.check_total(total.files + 1, total.size + (facts.size or 0))
        else:
            settings.limits.check_total(1, facts.size or 0)

    def check_found(self, handler: UploadHandler, batch: Batch, settings: Settings) -> None:
        """Refuse an upload of another session that would be too much here."""
        if batch.multiple:
            total = self.total()
            settings.limits.check_total(total.files + 1, total.size + size_of(handler))

    def check_growing(self, handler: UploadHandler, batch: Batch, size: int) -> None:
        """Refuse `size` bytes of a file whose size nobody knew when it was begun."""
        limits, total = self._page.settings().limits, self.total()
        limits.check_size(size)
        if batch.multiple:
            limits.check_total(total.files, total.size - handler.offset + size)
        else:
            limits.check_total(1, size)

    def new(
        self, facts: FileFacts, batch: Batch, settings: Settings, total: Total
    ) -> tuple[UploadHandler, str]:
        """Give a new upload that nobody has to be asked about, and its secret."""
        secret = new_secret(settings.store)
        info = upload_info(facts, secret, settings.place)
        self.check(facts, batch, settings, total)
        return UploadHandler(info, settings.store), secret

    async def find_or_ask(self, facts: FileFacts, batch: Batch) -> tuple[UploadHandler, str]:
        """Give what a page before has begun of a file, or a new upload if the app takes it.

        And its secret. It is still to be checked, as others may have begun meanwhile.
        """
        handler = await self._find(facts, facts.resume) if facts.resume else None
        if handler is not None and facts.resume is not None:
            return handler, facts.resume.secret
        settings = self._page.settings()
        secret = new_secret(settings.store)
        self._check_allowed(facts, batch, settings, self.total())
        info = upload_info(facts, secret, settings.place)
        if settings.ask is not None:
            if self._underway.closed:  # the app would not be asked any more, and not answer
                raise UploadError("page_gone", "The page was left.")
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

    async def _find(self, facts: FileFacts, identity: Identity) -> UploadHandler | None:
        # Of a page before: in a notebook, the session lives on.
        lane = self._underway.lane(identity.id)
        if lane is not None:
            if not is_secret(identity.secret, lane.handler.info):
                return None
            lane.stop(Suspend())
            error = UploadError("taken_over", "The upload goes on in another page.")
            self._page.send(protocol.Error(error.code, error.message, id=identity.id), lane.page)
        try:
            return await find_upload(self._page.settings(), identity, facts)
        except UploadError:
            return None
