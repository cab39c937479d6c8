"""Finds what another session has stored of an upload, for a page that goes on with it."""

import hmac
import logging
import secrets
from typing import Any

from .batch import hash_secret
from .errors import UploadError, storage_error
from .handler import UploadHandler
from .names import safe_name
from .protocol import FileFacts, Identity
from .settings import Settings
from .stores import Resumable
from .upload import UploadInfo

log = logging.getLogger(__name__)


async def find_upload(
    settings: Settings, known: Identity, facts: FileFacts | None = None
) -> UploadHandler:
    """Take over an upload, if it is the page's own, and of a file like `facts`.

    Raises
    ------
    UploadError
        ``unknown_upload`` if there is none, the code of the limit that it does not keep, or what
        `storage_error` gives.
    """
    store: Any = settings.store
    try:
        info = await _find(store, known)
        if info.place != settings.place:
            raise unknown_upload()
        if facts is not None and (facts.name, facts.size) != (info.original_name, info.size):
            raise unknown_upload()
        # Under another name it is stored if the app has said so.
        settings.limits.check_file(safe_name(info.original_name), info.mime_type, info.size)
        return await UploadHandler.resume(info, store)
    except UploadError:
        raise
    except FileNotFoundError:
        raise unknown_upload() from None
    except OSError as error:
        log.warning("Upload %s cannot go on: %s", known.id, error)
        raise storage_error(error) from None
    except Exception:  # a store of one's own may raise anything
        log.exception("Upload %s cannot go on", known.id)
        raise unknown_upload() from None


async def free_upload(store: Any, known: Identity) -> None:
    """Free what is stored of an upload, if it is the page's own; whoever writes has to let go."""
    try:
        info = await _find(store, known)
        await UploadHandler(info, store, await store.resume(info.id)).cancel()
    except UploadError:
        pass  # nothing is stored, or nothing of this page
    except Exception as error:  # a store of one's own may raise anything
        log.warning("Upload %s could not be freed: %s", known.id, error)


async def _find(store: Any, known: Identity) -> UploadInfo:
    info = await store.find(known.id) if isinstance(store, Resumable) else None
    if info is None or not is_secret(known.secret, info):
        raise unknown_upload()
    return info


def new_secret(store: object) -> str:
    """Make what a page goes on with in another session; empty if none can."""
    return secrets.token_urlsafe(32) if isinstance(store, Resumable) else ""


def is_secret(secret: str, info: UploadInfo) -> bool:
    """Tell whether a page that says `secret` may go on with an upload."""
    return bool(secret) and hmac.compare_digest(info.secret_hash, hash_secret(secret))


def unknown_upload() -> UploadError:
    """Give the error of an upload of which nothing is known here."""
    return UploadError("unknown_upload", "What the server had of it is gone, as after a restart.")
