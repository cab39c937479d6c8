"""The one error type of an upload, with codes that stay the same across versions.

``docs/errors.md`` lists the codes for users; the page has them in ``ts/src/errors.ts``.
"""

import errno
from typing import Final, Literal

ErrorCode = Literal[
    "app_error",
    "bad_message",
    "busy",
    "checksum_mismatch",
    "disabled",
    "file_exists",
    "file_too_large",
    "not_accepted",
    "over_size",
    "page_gone",
    "refused",
    "storage",
    "storage_full",
    "taken_over",
    "too_many_files",
    "total_too_large",
    "unknown_upload",
    "unreadable",
]

#: What to do about each, for the person who uploads.
ADVICE: Final[dict[ErrorCode, str]] = {
    "app_error": "Try again, or tell those who run this app.",
    "bad_message": "Reload the page, then choose the file again.",
    "busy": "Try again in a moment.",
    "checksum_mismatch": "Try again.",
    "disabled": "Try again later.",
    "file_exists": "Rename yours, then choose it again.",
    "file_too_large": "Choose a smaller one.",
    "not_accepted": "Choose one of these.",
    "over_size": "Choose the file again.",
    "page_gone": "Try again.",
    "refused": "",
    "storage": "Try again later, or tell those who run this app.",
    "storage_full": "Try again when there is room, or tell those who run this app.",
    "taken_over": "Look there.",
    "too_many_files": "Remove others first, then try again.",
    "total_too_large": "Remove others first, then try again.",
    "unknown_upload": "Try again.",
    "unreadable": "Choose it again, or try again if it was moved back.",
}

#: What the storage may say that is over soon.
_BUSY = {errno.EAGAIN, errno.EBUSY, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ETIMEDOUT}
_FULL = {errno.ENOSPC, errno.EDQUOT}


class UploadError(Exception):
    """An upload, or one message of it, was refused or failed.

    Parameters
    ----------
    code
        Stable identifier, as it goes to the browser.
    what
        What happened, in a sentence.
    advice
        What to do; None is what `ADVICE` has.

    Attributes
    ----------
    code
        As above.
    message
        What happened and what to do, for the person who uploads.
    """

    def __init__(self, code: ErrorCode, what: str, advice: str | None = None) -> None:
        self.code: ErrorCode = code
        self.message = f"{what} {ADVICE[code] if advice is None else advice}".rstrip()
        super().__init__(self.message)


class Refused(Exception):  # noqa: N818 (it is the app's decision, and no fault)
    """Raised by the app to end an upload, with a text for the person who uploads.

    Such as ``raise Refused("This is not a sound file. Choose one with a .wav ending.")``.

    Parameters
    ----------
    text
        Why, and what to do.
    may_retry
        Whether the page offers to send the same file again, as where another service was away.
    """

    def __init__(self, text: str = "", *, may_retry: bool = False) -> None:
        self.may_retry = may_retry
        super().__init__(text or "The app does not take this file.")


class WrongOffsetError(Exception):
    """What was sent is not what comes next; nothing is stored of it, and nothing is lost."""


class WrongChecksumError(Exception):
    """What was sent came as something else; nothing is stored of it."""


class NameTakenError(FileExistsError):
    """A file of this name is there already, and is not to be touched."""

    def __init__(self) -> None:
        super().__init__(errno.EEXIST, "A file of this name is there already")


def refusal_error(refusal: Refused) -> UploadError:
    """Say what the app has said, and no more."""
    if refusal.may_retry:
        return UploadError("app_error", str(refusal), advice="")
    return UploadError("refused", str(refusal))


def storage_error(error: OSError) -> UploadError:
    """Say what the storage has refused, without its paths on the server."""
    reason = error.strerror  # which one has that the system gave
    what = f"The server could not store the file{f': {reason}' if reason else ''}."
    if error.errno in _FULL:
        return UploadError("storage_full", what)
    if error.errno in _BUSY:
        return UploadError("busy", what)
    if isinstance(error, NameTakenError):
        return UploadError("file_exists", f"{reason}.")
    return UploadError("storage", what)
