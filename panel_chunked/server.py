"""Carries messages over the sockets of Bokeh's server, and of FastAPI.

On a socket of Bokeh's own server they go as frames of their own, on others as Bokeh's events.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from bokeh.document import Document
from bokeh.model import Model
from bokeh.server.views.ws import WSHandler

from .channel import Channel, Receive
from .frames import HEAD_SIZE, Frames
from .protocol import Token, encode
from .road import Road
from .script import kept
from .token import renewed_token, seconds_between_tokens

MiB = 1024**2

#: Chromium copies what waits to be sent. Up to this size (with its head) it does so into memory
#: that it has, beyond it into new memory each time, which costs as much as all else in the page.
BEST_CHUNK_SIZE = 896 * 1024 - HEAD_SIZE

#: Bytes on their way at once on a Bokeh server: a gigabit over 50 ms. As measured over loopback, it
#: is slower with twice as much, which no longer fits into the processor's caches.
SERVER_IN_FLIGHT = 6 * MiB

#: Bytes that a message has besides those of a file.
OVERHEAD = 1024

#: For a server that does not tell: small enough for common proxies.
UNKNOWN_LIMIT = MiB


class ServerChannel(Channel):
    """A model on a page of a server; one session may have several connections."""

    transport = "socket"

    def __init__(self, model: Model, doc: Document, receive: Receive) -> None:
        super().__init__(model, doc, receive)
        self._roads: dict[Any, Road] = {}  # by Bokeh's connection
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> str | None:
        """Send to the connections that there are now; the page has said hello on one of them.

        Nothing is sent to one that comes later before the page says hello there: BokehJS gives up a
        connection on which anything comes before Bokeh's own first message.
        """
        connections = self._connections()
        for gone in self._roads.keys() - connections:
            self._roads.pop(gone).close()
        for connection in connections:
            road = self._roads.get(connection)
            if road is None or road.closed:
                road = self._roads[connection] = self._road(connection)
            # The view that says hello may be a new one, which takes no frames yet.
            road.by_frames = False
        return self._token if any(road.frames for road in self._roads.values()) else None

    def _road(self, connection: Any) -> Road:
        socket = connection._socket
        frames = Frames.of(socket) if _is_open(socket) else None
        if frames is not None:
            frames.add(self._token, self._take_frame)
        return Road(connection, self.model, frames, self._token)

    def send(
        self, data: dict[str, Any], replaces: str | None = None, page: str | None = None
    ) -> None:
        if self._loop is not None and not self.closed:
            with suppress(RuntimeError):  # the loop is closed: nobody is there to see anything
                self._loop.call_soon_threadsafe(self._put, data, replaces)

    def close(self) -> None:
        if self._loop is not None and not self.closed:
            self._loop.call_soon_threadsafe(self._close_roads)
        self.closed = True

    def renew_token(self) -> float | None:
        seconds = None
        for connection in self._connections():
            road = self._roads.get(connection)
            token = renewed_token(connection) if _is_open(connection._socket) else None
            if road is not None and token is not None:
                # Not to all: each page gets the token of its own connection.
                road.put(encode(Token(token)), replaces="token")
                seconds = seconds_between_tokens(connection)
        return seconds

    @property
    def max_chunk_size(self) -> int:
        limit = min(map(_socket_limit, self._connections()), default=UNKNOWN_LIMIT)
        return max(1, min(limit - OVERHEAD, self.max_in_flight))

    @property
    def best_chunk_size(self) -> int:
        return BEST_CHUNK_SIZE

    @property
    def max_in_flight(self) -> int:
        return SERVER_IN_FLIGHT

    @contextmanager
    def within_function(self) -> Iterator[None]:
        with kept(self.doc), self.within():
            yield

    def _on_event(self, event: Any) -> None:
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:  # Bokeh 3.10 handles messages on a worker thread
            self._loop = self._session_loop()
            self._loop.call_soon_threadsafe(self._receive, self, event.data)
        else:
            self._receive(self, event.data)

    def _schedule(self, callback: Callable[[], None]) -> None:
        context = self.doc.session_context
        if context is not None and not context.destroyed:  # its channel may be closed later
            self.doc.add_next_tick_callback(callback)

    def _take_frame(self, frames: Frames, data: object) -> None:
        for road in self._roads.values():
            # The page has been told of them, so it takes frames as well.
            road.by_frames = road.by_frames or road.frames is frames
        self._receive(self, data)

    def _close_roads(self) -> None:
        for road in self._roads.values():
            road.close()
            if road.frames is not None:
                road.frames.remove(self._token)
        self._roads.clear()

    def _put(self, data: dict[str, Any], replaces: str | None) -> None:
        for connection in self._connections():  # not by those that are lost
            road = self._roads.get(connection)
            if road is not None:
                road.put(data, replaces)

    def _connections(self) -> list[Any]:
        session = getattr(self.doc.session_context, "session", None)
        return list(session._subscribed_connections) if session is not None else []

    def _session_loop(self) -> asyncio.AbstractEventLoop:
        loop: Any = self.doc.session_context.session._loop  # type: ignore[union-attr]
        found: asyncio.AbstractEventLoop = getattr(loop, "asyncio_loop", loop)
        return found


def _is_open(socket: Any) -> bool:
    """Tell whether it is a socket of Bokeh's own server, and not closing."""
    return isinstance(socket, WSHandler) and socket.ws_connection is not None


def _socket_limit(connection: Any) -> int:
    socket = connection._socket
    if isinstance(socket, WSHandler):
        # A frame is read whole into the stream's buffer, which reads ahead a little.
        protocol: Any = socket.ws_connection
        if protocol is None:  # it is closing
            return UNKNOWN_LIMIT
        return int(min(socket.max_message_size, protocol.stream.max_buffer_size // 2))
    # No ASGI server tells its limit, but uvicorn's protocol has it, whose methods these are:
    # bokeh-fastapi keeps them in Starlette's WebSocket, Bokeh 3.10 keeps the one that sends.
    socket = getattr(socket, "_socket", socket)
    method = getattr(socket, "_receive", None) or getattr(socket, "_send", None)
    config = getattr(getattr(method, "__self__", None), "config", None)
    return int(getattr(config, "ws_max_size", UNKNOWN_LIMIT))
