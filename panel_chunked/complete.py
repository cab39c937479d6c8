"""Complete files of a page: held for the app until somebody forgets or deletes them."""

import logging
from functools import partial

from .background import to_thread
from .errors import UploadError
from .files import UploadedFile
from .protocol import Complete, Error, Removed
from .resume import unknown_upload
from .world import Page

log = logging.getLogger(__name__)


class CompleteFiles:
    """Those of one page, in the order they were completed."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._files: dict[str, UploadedFile] = {}
        self.count = 0  # since the page was last idle
        self.size = 0  # of these, in bytes

    @property
    def all(self) -> list[UploadedFile]:
        """The files."""
        return list(self._files.values())

    def get(self, upload_id: str) -> UploadedFile | None:
        """Give the file of an upload, if it is held."""
        return self._files.get(upload_id)

    def answer(self, upload_id: str) -> None:
        """Say what has become of an upload that is not under way."""
        file = self._files.get(upload_id)
        if file is not None:
            self._page.send(Complete(upload_id, file.received))
        else:
            error = unknown_upload()
            self._page.send(Error(error.code, error.message, id=upload_id))

    def restart(self) -> None:
        """Count from here on, as the page was idle."""
        self.count = self.size = 0

    def keep(self, upload_id: str, file: UploadedFile, page: str, *, multiple: bool) -> None:
        """Hold a file and tell `page`; without `multiple` in the place of those before."""
        if not multiple:
            for replaced in self._files.keys() - {upload_id}:  # which may be found again
                self.forget(replaced)
        file.on_delete = partial(self._page.deleted, upload_id)
        self._files[upload_id] = file
        self.count += 1
        self.size += file.size
        self._page.send(Complete(upload_id, file.received), page)

    def forget(self, upload_id: str) -> None:
        """Hold a file no more, and take it off the page. Safe in any thread."""
        file = self._files.pop(upload_id, None)
        if file is not None:
            file.forget()
            self._page.send(Removed(upload_id))

    def take(self) -> list[UploadedFile]:
        """Give all files, and hold none of them any more. Safe in any thread."""
        files, self._files = self._files, {}
        return list(files.values())

    async def delete(self, upload_id: str, file: UploadedFile) -> None:
        """Delete a file as its page wants it, and say what has become of it."""
        try:
            await to_thread(file.unlink)
        except OSError as error:
            log.warning("Upload %s could not be deleted: %s", upload_id, error)
            reason = f": {error.strerror}" if error.strerror else ""
            text = f"{file.name} could not be deleted on the server{reason}."
            refusal = UploadError("storage", text)
            self._page.send(Error(refusal.code, refusal.message, id=upload_id))
        else:
            self.forget(upload_id)
            await self._page.settled([])
