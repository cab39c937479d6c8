"""What a session needs of the world around it."""

from typing import Protocol

from .files import UploadedFile
from .protocol import RecordingState, ServerMessage
from .settings import Settings
from .upload import Upload


class Page(Protocol):
    """What a session needs of the world around it."""

    def settings(self) -> Settings:
        """Give what is allowed now."""

    def welcome(self) -> ServerMessage:
        """Give what this page's transport takes."""

    def heard(self, page: str) -> None:
        """Note that the message that was just received is of `page`, as that names itself."""

    def send(self, message: ServerMessage, page: str | None = None) -> None:
        """Send to the browser; in order, from any thread, without waiting.

        To `page` alone, or to all that show the widget.
        """

    def progressed(self) -> None:
        """Note that `Session.uploads` has changed."""

    async def settled(self, picked: list[UploadedFile]) -> None:
        """Note that something has ended; `picked` are the files of a batch that is over."""

    def recorded(self, state: RecordingState) -> None:
        """Note what the recorder of the page does."""

    def deleted(self, upload_id: str) -> None:
        """Note, in any thread, that the app has deleted a file."""

    def started(self, upload: Upload) -> None:
        """Note that the first byte of an upload is about to be stored."""

    def completed(self, file: UploadedFile) -> None:
        """Note that an upload is complete."""

    def failed(self, upload: Upload) -> None:
        """Note that an upload was refused or has failed."""
