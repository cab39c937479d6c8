"""Uploads of a page that were refused or have failed: told, logged, and remembered for the app."""

import logging
import time
from collections import deque
from collections.abc import Sequence

from .errors import UploadError
from .handler import UploadHandler
from .names import safe_name
from .protocol import Error, FileFacts
from .upload import Upload, UploadInfo
from .world import Page

log = logging.getLogger(__name__)

#: Uploads refused or failed that are logged for a page, in each minute.
MAX_LOGGED = 20

#: Failed uploads that are remembered, for `ChunkedFileInput.uploads`.
MAX_FAILED = 100


class Failures:
    """Those of one page, the latest last."""

    def __init__(self, page: Page) -> None:
        self._page = page
        # With the name as the page knows it: the app may have given the file another one.
        self._failed: deque[tuple[str, Upload]] = deque(maxlen=MAX_FAILED)
        self._logged, self._logged_since = 0, time.monotonic()

    @property
    def uploads(self) -> list[Upload]:
        """What has failed since the last pick."""
        return [upload for _, upload in self._failed]

    def refuse(self, facts: FileFacts, error: UploadError, page: str) -> None:
        """Refuse a file that `page` has announced."""
        self._warn(f"Upload of {facts.name[:200]!r} refused: {error}")
        name, message, code = safe_name(facts.name), error.message, error.code
        refused = Upload(name, facts.size, 0, "failed", error=message, error_code=code)
        self._remember(name, refused)
        self._page.send(Error(error.code, error.message, key=facts.key), page)

    def fail(self, handler: UploadHandler, error: UploadError, page: str) -> None:
        """Take an upload of `page` that `error` has ended."""
        info = handler.info
        self._warn(f"Upload {info.id} of {info.name!r} failed: {error}")
        self._remember(safe_name(info.original_name), handler.snapshot())
        self._page.send(Error(error.code, error.message, id=info.id), page)

    def begin_pick(self, files: Sequence[FileFacts]) -> None:
        """Forget all, unless one is tried again: the page still shows the others."""
        if not any(self._of(safe_name(it.name), it.size) for it in files):
            self._failed.clear()

    def begin(self, info: UploadInfo) -> None:
        """Note that an upload begins: a file that is tried again does not count as failed."""
        for failed in self._of(safe_name(info.original_name), info.size)[:1]:
            self._failed.remove(failed)

    def clear(self) -> None:
        """Forget all. Safe in any thread."""
        self._failed.clear()

    def _of(self, name: str, size: int | None) -> list[tuple[str, Upload]]:
        return [it for it in self._failed if (it[0], it[1].size) == (name, size)]

    def _remember(self, name: str, failed: Upload) -> None:
        self._failed.append((name, failed))
        self._page.failed(failed)

    def _warn(self, text: str) -> None:
        now = time.monotonic()
        if now - self._logged_since > 60:
            self._logged, self._logged_since = 0, now
        self._logged += 1
        if self._logged <= MAX_LOGGED:
            log.warning("%s", text)
        elif self._logged == MAX_LOGGED + 1:
            log.warning("More failures of this page are not logged for a minute.")
