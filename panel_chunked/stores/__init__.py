"""Where the bytes of uploads go."""

from .base import Resumable, ResumedUpload, Store, StoredUpload, Suspendable, Terminable
from .directory import DirectoryStore
from .partial import TakenOverError
from .temporary import TemporaryStore

__all__ = [
    "DirectoryStore",
    "Resumable",
    "ResumedUpload",
    "Store",
    "StoredUpload",
    "Suspendable",
    "TakenOverError",
    "TemporaryStore",
    "Terminable",
]
