"""The one error type of an upload, with codes that stay the same across versions."""

from typing import Literal

ErrorCode = Literal[
    "bad_message",
    "disabled",
    "not_accepted",
    "file_too_large",
    "total_too_large",
    "too_many_files",
    "unknown_upload",
    "page_gone",
    "taken_over",
    "over_size",
    "unreadable",
    "checksum_mismatch",
    "storage",
]


class UploadError(Exception):
    """An upload, or one message of it, was refused or failed.

    Parameters
    ----------
    code
        Stable identifier, as it goes to the browser.
    message
        What happened and what to do, for the person who uploads.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.message = message


class WrongOffsetError(Exception):
    """What was sent is not what comes next; nothing is stored of it, and nothing is lost."""


class WrongChecksumError(Exception):
    """What was sent came as something else; nothing is stored of it."""
