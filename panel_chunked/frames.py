"""Messages of uploads as WebSocket frames of their own, on the socket that Bokeh's go by.

A chunk in a message of Bokeh is five frames, waits for the document lock, and is answered by
Bokeh with three frames more, and a frame costs Python as much as some 200 KiB. So a page and a
server that agree on it send each message as one frame, which begins with a token that no message
of Bokeh begins with. JSON follows, and in a binary frame the bytes of the chunk.
"""

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from bokeh.server.views.ws import WSHandler

#: Bytes before those of a chunk: the token and JSON, filled up with spaces.
HEAD_SIZE = 256

#: Begins all frames of this process, so that none of a view that is gone is taken for Bokeh's.
PREFIX = secrets.token_urlsafe(12)


def new_token() -> str:
    """Make what the frames of one view begin with, in ASCII."""
    return PREFIX + secrets.token_urlsafe(6)


TOKEN_SIZE = len(new_token())

#: Where a socket has its frames.
_ATTRIBUTE = "_panel_chunked_frames"

#: Takes a message from the page, and the frames that answers may be sent by.
Receive = Callable[["Frames", object], None]


class Frames:
    """The frames of all uploads on one socket of Bokeh's server.

    They are taken off before Bokeh's own receiver sees them.

    Parameters
    ----------
    socket
        Of the server under ``panel serve`` and ``pn.serve``.
    prefix
        What all tokens begin with.
    """

    def __init__(self, socket: WSHandler, prefix: str = PREFIX) -> None:
        self._socket = socket
        self._prefix = prefix
        self._bokeh = socket.on_message
        self._receivers: dict[str, Receive] = {}
        setattr(socket, _ATTRIBUTE, self)
        socket.on_message = self._on_message  # type: ignore[assignment,method-assign]
        # With Nagle's algorithm, a second message waits until the browser's system has acknowledged
        # the first, which it delays by 40 ms.
        socket.set_nodelay(True)

    @classmethod
    def of(cls, socket: WSHandler) -> "Frames":
        """Give the frames of `socket`, always the same."""
        found: Frames | None = getattr(socket, _ATTRIBUTE, None)
        return cls(socket) if found is None else found

    def add(self, token: str, receive: Receive) -> None:
        """Hand the messages behind `token` to `receive`."""
        self._receivers[token] = receive

    def remove(self, token: str) -> None:
        """Drop the messages behind `token` from now on."""
        self._receivers.pop(token, None)

    async def send(self, token: str, data: dict[str, Any]) -> None:
        """Send a message to the page."""
        # Without the lock that keeps the frames of one of Bokeh's messages together: this one may
        # stand between them. While it is held, Panel puts updates of the app off, and may lose the
        # last of them.
        await self._socket.write_message(token + json.dumps(data), locked=False)

    def _on_message(self, message: str | bytes) -> Awaitable[None] | None:
        start = message[:TOKEN_SIZE]
        token = start.decode("latin-1") if isinstance(start, bytes) else start
        if not token.startswith(self._prefix):
            return self._bokeh(message)
        receive = self._receivers.get(token)
        if receive is not None:
            receive(self, _parse(message))
        return None


def _parse(frame: str | bytes) -> object:
    head = frame[TOKEN_SIZE:] if isinstance(frame, str) else frame[TOKEN_SIZE:HEAD_SIZE]
    try:
        message = json.loads(head)
    except (ValueError, RecursionError):
        return None  # which is no message, as the session will say
    if isinstance(frame, bytes) and isinstance(message, dict):
        message["data"] = memoryview(frame)[HEAD_SIZE:]  # not a copy
    return message
