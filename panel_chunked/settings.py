"""What a widget allows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .limits import Limits
from .stores import Store
from .upload import UploadInfo

#: Asks the app whether it takes an upload; gives it as it is to be stored, or raises `UploadError`.
Ask = Callable[[UploadInfo], Awaitable[UploadInfo]]


@dataclass(frozen=True)
class Settings:
    """What the widget allows at this moment.

    `place` is what is the same for it in another session: an upload that one widget has accepted
    is not gone on with by another, which may allow less.
    """

    limits: Limits
    store: Store
    multiple: bool = False
    disabled: bool = False
    ask: Ask | None = None
    place: str = ""
