"""Where the bytes of uploads go."""

from .base import Store, StoredUpload, Terminable
from .directory import DirectoryStore
from .temporary import TemporaryStore

__all__ = ["DirectoryStore", "Store", "StoredUpload", "TemporaryStore", "Terminable"]
