"""Messages between browser and server: their shapes, and nothing of how they travel.

The TypeScript twin is ``ts/src/protocol.ts``; ``tests/golden`` holds messages that both read.
The browser is untrusted: `decode` is the only way in, and it checks every field.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from . import languages
from .errors import ErrorCode, UploadError

VERSION = 1

#: Largest integer that a JavaScript number holds exactly (ECMA-262, Number.MAX_SAFE_INTEGER).
MAX_SAFE_INTEGER = 2**53 - 1

#: Characters of a validation error that are passed on: it quotes what the browser has sent.
MAX_REASON = 200

_BINARY = (bytes, memoryview)

Key = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(max_length=4096)]
Size = Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER)]
Checksum = Annotated[int, Meta(ge=0, lt=2**32)]
RecordingState = Literal["inactive", "recording", "paused"]
RecordAction = Literal["start", "pause", "stop"]

#: What shows that an upload is the page's own; empty, it shows nothing.
Secret = Annotated[str, Meta(pattern=r"\A[!-~]{0,64}\Z")]


class _Message(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    pass


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an upload is known by, and what shows that a page may go on with it."""

    id: Key
    secret: Secret


class FileFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the browser says of a file; `key` is the browser's own name for the upload.

    `size` is null as long as it is not known, as of a recording: `Finish` tells it then. `resume`
    is that of an upload which a page before has begun of the same file, as it seems.
    """

    key: Key
    name: Text
    relative_path: Text
    size: Size | None
    mime_type: Annotated[str, Meta(max_length=255)]
    resume: Identity | None = None

    def __post_init__(self) -> None:
        # A name on Windows may have half a pair of surrogates, which UTF-8 cannot have.
        name = self.name.encode(errors="replace").decode()
        msgspec.structs.force_setattr(self, "name", name)


class KnownUpload(Identity, frozen=True, forbid_unknown_fields=True):
    """An upload that the page knows, from this session or one before; `batch` as in `Create`."""

    batch: Key


class Hello(_Message, frozen=True, tag="hello"):
    """The page asks who is there, and what has become of its uploads: where to go on, or the end.

    What it has sent before may be lost with the view or the socket that it went by. `page` is its
    name for itself: in a notebook, several pages may show the same widget, or one after the other.
    """

    version: int
    page: Key
    uploads: Annotated[list[KnownUpload], Meta(max_length=1000)]


class Create(_Message, frozen=True, tag="create"):
    """Files picked together; `more` says that the batch goes on in another message."""

    page: Key
    batch: Key
    files: Annotated[list[FileFacts], Meta(max_length=1000)]
    more: bool


class Chunk(_Message, frozen=True, tag="chunk"):
    """Bytes of a file from `offset` on, in the attempt that the server has asked for last.

    `checksum` is that of the file up to the end of the chunk, see `panel_chunked.checksum`.
    """

    id: Key
    attempt: Size
    offset: Size
    checksum: Checksum
    data: Annotated[memoryview, Meta(min_length=1)]


class Finish(_Message, frozen=True, tag="finish"):
    """All bytes were sent, `size` of them; `checksum` is that of the file."""

    id: Key
    attempt: Size
    size: Size
    checksum: Checksum


class Abort(_Message, frozen=True, tag="abort"):
    """Stop the upload and free what is stored of it: not wanted, or not readable any more.

    `id` is the upload's key if the page does not know its id. With the `secret`, a session frees
    what another one has stored.
    """

    id: Key
    reason: Literal["cancelled", "unreadable"] = "cancelled"
    secret: Secret = ""


class Remove(_Message, frozen=True, tag="remove"):
    """Delete a complete file."""

    id: Key


class Paused(_Message, frozen=True, tag="paused"):
    """The user, or the app, has paused the upload, or it goes on; said again after each `Hello`."""

    id: Key
    paused: bool


class Recording(_Message, frozen=True, tag="recording"):
    """What the recorder of the page does, whenever that changes and after each `Hello`."""

    state: RecordingState


class Language(_Message, frozen=True, tag="language"):
    """The page asks for its texts in a language, named by a tag as in HTML."""

    language: Annotated[str, Meta(max_length=64)]


ClientMessage = Hello | Create | Chunk | Finish | Abort | Remove | Paused | Recording | Language


class Welcome(_Message, frozen=True, tag="welcome"):
    """Answers `Hello` with what the transport takes, in bytes.

    A socket copies a chunk when it is given to it; a comm sends it later, and that of an ipywidget
    one by one. With a `token`, messages may go as frames of their own, see `panel_chunked.frames`.
    """

    version: int
    transport: Literal["socket", "comm", "ipywidget"]
    max_chunk_size: int
    max_in_flight: int
    token: str | None


class Created(_Message, frozen=True, tag="created"):
    """The upload `key` is known as `id`; `grant` bytes beyond `offset` may be sent.

    `checksum` is that of the bytes which are stored already. With the `secret`, another session
    goes on with the upload, after the server was started anew or the page was loaded again. It is
    empty if none can, or if the upload has ended.
    """

    key: str
    id: str
    secret: str
    attempt: int
    offset: int
    checksum: int
    grant: int


class Ack(_Message, frozen=True, tag="ack"):
    """`offset` bytes are stored; `grant` bytes beyond that may be sent.

    `delay` is how long the last of these bytes waited on the server until they were stored, in
    milliseconds: without it, the round trip tells how full the way is.
    """

    id: str
    offset: int
    grant: int
    delay: int


class Resume(_Message, frozen=True, tag="resume"):
    """Send from `offset` on, as a new `attempt`, at most `grant` bytes.

    The server has not taken what it was sent: it was lost, or it was not what comes next, or there
    was no room. Chunks of an earlier attempt that are still on their way do not count any more.
    `checksum` is that of the `offset` bytes which are stored.
    """

    id: str
    attempt: int
    offset: int
    checksum: int
    grant: int


class Complete(_Message, frozen=True, tag="complete"):
    """The file is whole and stored; or the app, which used it as it came, wants no more of it.

    `offset` bytes have come.
    """

    id: str
    offset: int


class Removed(_Message, frozen=True, tag="removed"):
    """Nothing of the upload is stored any more."""

    id: str


class Cleared(_Message, frozen=True, tag="cleared"):
    """The app has cleared the widget: nothing is stored, and nothing that was picked is wanted."""


class Token(_Message, frozen=True, tag="token"):
    """What the page is to connect with when it has lost its connection, see `panel_chunked.token`.

    The one that it has expires earlier.
    """

    token: str


class Pause(_Message, frozen=True, tag="pause"):
    """The app has the page pause the upload, or with None all that are under way; or they go on."""

    id: str | None
    paused: bool


class Record(_Message, frozen=True, tag="record"):
    """The app has the recorder of the page do this; `start` goes on after a pause."""

    action: RecordAction


class Texts(_Message, frozen=True, tag="texts"):
    """Answers `Language`, see `panel_chunked.languages`; None if there are none in it."""

    language: str
    texts: languages.Texts | None


class Error(_Message, frozen=True, tag="error", omit_defaults=True):
    """A message was refused, and the upload has failed with it.

    `key` names an upload that was never created, `id` any other.
    """

    code: ErrorCode
    message: str
    key: str | None = None
    id: str | None = None


ServerMessage = (
    Welcome
    | Created
    | Ack
    | Resume
    | Complete
    | Removed
    | Cleared
    | Token
    | Pause
    | Record
    | Texts
    | Error
)


def decode(data: object) -> ClientMessage:
    """Check what came from the browser.

    Parameters
    ----------
    data
        A message as Bokeh or `panel_chunked.frames` gives it: a dict with a ``kind``; binary values
        are bytes or memoryviews, which are not copied.

    Raises
    ------
    UploadError
        With the code ``bad_message``, if it is not one of the messages above to the letter.
    """
    try:
        # As builtin types, bytes stay bytes, and text is not taken for base64.
        message: ClientMessage = msgspec.convert(data, ClientMessage, builtin_types=_BINARY)
    except (msgspec.ValidationError, RecursionError, UnicodeError) as error:
        reason = str(error)[:MAX_REASON]
        raise UploadError("bad_message", f"Not a valid upload message: {reason}.") from None
    return message


def encode(message: ServerMessage) -> dict[str, Any]:
    """Turn a message into plain dicts, strings and numbers."""
    plain: dict[str, Any] = msgspec.to_builtins(message)
    return plain
