"""Files picked together, and what is known of each before its first byte."""

import hashlib
import re
import secrets
from dataclasses import dataclass, field

from .files import UploadedFile
from .handler import UploadHandler
from .names import safe_name, safe_relative_path
from .protocol import FileFacts
from .upload import UploadInfo

#: What a file is that the browser knows no type for (RFC 2046, section 4.5.1).
UNKNOWN_TYPE = "application/octet-stream"

_MIME_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+( *;[ -~]*)?", re.ASCII)


@dataclass
class Batch:
    """Files picked together."""

    key: str
    page: str
    multiple: bool
    handlers: dict[str, UploadHandler] = field(default_factory=dict)  # by the browser's key
    open: int = 0
    more: bool = True

    def add(self, key: str, handler: UploadHandler) -> None:
        """Take an upload in."""
        self.handlers[key] = handler
        self.open += 1

    def end(self, key: str) -> None:
        """Note that an upload has ended. One that gave no file is dropped."""
        self.open -= 1
        if self.handlers[key].file is None:
            del self.handlers[key]

    @property
    def ended(self) -> bool:
        """Whether all of it has ended, and nothing is to come."""
        return not self.more and self.open == 0

    @property
    def files(self) -> list[UploadedFile]:
        """Complete files, in the order they were picked."""
        return [handler.file for handler in self.handlers.values() if handler.file is not None]


@dataclass
class Total:
    """Files that count against the limits, and their bytes."""

    files: int
    size: int

    def add(self, size: int) -> None:
        """Count one more file."""
        self.files += 1
        self.size += size


def upload_info(facts: FileFacts, secret: str, place: str) -> UploadInfo:
    """Make what the browser says of a file safe to use; `place` is that of the widget."""
    name = safe_name(facts.name)
    *folders, _ = safe_relative_path(facts.relative_path).split("/")
    mime_type = facts.mime_type
    return UploadInfo(
        id=secrets.token_urlsafe(16),
        name=name,
        relative_path="/".join([*folders, name]),  # one name, which the limits were checked for
        size=facts.size,
        mime_type=mime_type if _MIME_TYPE.fullmatch(mime_type) else UNKNOWN_TYPE,
        original_name=facts.name,
        secret_hash=hash_secret(secret),
        place=place,
    )


def hash_secret(secret: str) -> str:
    """Give what a store may know of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
