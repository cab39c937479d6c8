"""Where the bytes of uploads go."""

from .base import (
    EnoughError,
    InterruptedUploadError,
    Interruptible,
    Readable,
    Resumable,
    ResumedUpload,
    Store,
    StoredUpload,
    Suspendable,
    Sweepable,
    TakenOverError,
    Terminable,
    Watchable,
)
from .directory import DirectoryStore
from .stream import StreamStore
from .temporary import TemporaryStore

__all__ = [
    "DirectoryStore",
    "EnoughError",
    "InterruptedUploadError",
    "Interruptible",
    "Readable",
    "Resumable",
    "ResumedUpload",
    "Store",
    "StoredUpload",
    "StreamStore",
    "Suspendable",
    "Sweepable",
    "TakenOverError",
    "TemporaryStore",
    "Terminable",
    "Watchable",
]
