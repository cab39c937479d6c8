"""Carries messages between the session and one rendered model, over Bokeh or a notebook comm.

Panel's own road (`_server_event`, `_send_event`) costs about 2 ms of CPU for each event, waits for
the document lock and for `hold`. Chunks and acks touch no model property, so they go past it: on
a socket of Bokeh's own server as frames of their own, anywhere else as Bokeh's events.
"""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any, Literal
from uuid import uuid4

from bokeh.document import Document
from bokeh.model import Model
from panel.io.document import hold
from panel.io.notebook import push
from panel.io.state import set_curdoc, state
from panel.models.esm import ESMEvent
from tornado.websocket import WebSocketHandler

from . import background
from .config import config
from .frames import HEAD_SIZE, Frames, new_token
from .road import Road

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


class Channel:
    """One rendered model, its document, and Panel's comm if it is in a notebook.

    What is shown there as an ipywidget (`pn.ipywidget`, ``comms="ipywidgets"``) has none:
    jupyter_bokeh puts the model into a document of its own, and sends what happens to that.
    """

    def __init__(self, model: Model, doc: Document, comm: Any) -> None:
        self.model = model
        self.doc = doc
        self.comm = comm
        context = doc.session_context
        self.in_notebook = context is None
        self.session_id = context.id if context is not None else None
        self.closed = False
        self._roads: dict[Any, Road] = {}  # by Bokeh's connection
        self._token = new_token()
        self._loop: asyncio.AbstractEventLoop | None = None

    def listen(self, receive: Callable[["Channel", object], None]) -> None:
        """Hand every message from the browser to `receive`, on the event loop."""
        self._receive = receive

        def on_event(event: Any) -> None:
            try:
                self._loop = asyncio.get_running_loop()
            except RuntimeError:  # Bokeh 3.10 handles messages on a worker thread
                self._loop = self._session_loop()
                self._loop.call_soon_threadsafe(receive, self, event.data)
                return
            if not self.in_notebook:
                receive(self, event.data)
            else:  # a kernel takes messages on several threads, which come and go
                background.loop().call_soon_threadsafe(receive, self, event.data)

        self.model.on_event("data_event", on_event)

    def open(self) -> str | None:
        """Send to the connections that there are now; the page has said hello on one of them.

        Nothing is sent to one that comes later before the page says hello there: BokehJS gives up a
        connection on which anything comes before Bokeh's own first message.

        Returns
        -------
        The token that the page may begin its frames with, if it may send any.
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

    def send(self, data: dict[str, Any], replaces: str | None = None) -> None:
        """Send to the browser; in order, from any thread, without waiting.

        `replaces` is a key of what it makes needless, see `Outbox.put`.
        """
        if self._loop is not None and not self.closed:
            with suppress(RuntimeError):  # the loop is closed: the page will ask again
                if not self.in_notebook:
                    self._loop.call_soon_threadsafe(self._put, data, replaces)
                else:
                    self._loop.call_soon_threadsafe(self._push, data)

    def close(self) -> None:
        """Send no more; the model is gone. Safe in any thread."""
        if self._loop is not None and not self.closed:
            self._loop.call_soon_threadsafe(self._close_roads)
        self.closed = True

    def run(self, callback: Callable[[], None], *, busy: bool = True) -> None:
        """Run `callback` as Panel runs the callback of an event.

        That is with the document locked, `pn.state.curdoc` set, on Panel's thread pool if there
        is one, and with an exception shown as that of any callback.

        Parameters
        ----------
        callback
            What to run.
        busy
            Whether `pn.state.busy` is set meanwhile.
        """
        if busy:
            callback = partial(_while_busy, callback)
        if self.doc.session_context is not None:
            self.doc.add_next_tick_callback(partial(self._dispatch, callback))
        elif self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody is there to see anything
                self._loop.call_soon_threadsafe(self._dispatch, callback)

    def _dispatch(self, callback: Callable[[], None]) -> None:
        pool: Any = state._thread_pool
        if pool:
            future = pool.submit(self._call, callback)
            future.add_done_callback(partial(state._handle_future_exception, doc=self.doc))
            return
        try:
            self._call(callback)
        except Exception as error:
            state._handle_exception(error)

    def _call(self, callback: Callable[[], None]) -> None:
        # As Panel does: over a comm, what changes goes in one message.
        held = hold(self.doc, comm=self.comm) if self.comm is not None else nullcontext()
        with set_curdoc(self.doc), held:
            callback()

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

    def _push(self, data: dict[str, Any]) -> None:
        event = ESMEvent(model=self.model, data=data)
        if self.comm is not None:
            self.doc.callbacks.send_event(event)
            push(self.doc, self.comm)
        elif self.model.document is not None:
            self.model.document.callbacks.send_event(event)

    def _connections(self) -> list[Any]:
        session = getattr(self.doc.session_context, "session", None)
        return list(session._subscribed_connections) if session is not None else []

    def _session_loop(self) -> asyncio.AbstractEventLoop:
        loop: Any = self.doc.session_context.session._loop  # type: ignore[union-attr]
        found: asyncio.AbstractEventLoop = getattr(loop, "asyncio_loop", loop)
        return found

    # What the transport takes

    @property
    def transport(self) -> Literal["socket", "comm", "ipywidget"]:
        """What carries the messages."""
        if not self.in_notebook:
            return "socket"
        return "comm" if self.comm is not None else "ipywidget"

    @property
    def max_chunk_size(self) -> int:
        """Bytes of a file that one message may have."""
        if self.in_notebook:
            return max(1, self.max_in_flight // 2)  # while the kernel takes one, another is sent
        limit = min(map(_socket_limit, self._connections()), default=UNKNOWN_LIMIT)
        return max(1, min(limit - OVERHEAD, self.max_in_flight))

    @property
    def max_in_flight(self) -> int:
        """Bytes that may be on their way at once.

        Panel's comm joins all that is queued into one message, so what is on its way in a notebook
        has to fit into one. jupyter_bokeh joins nothing but sends bytes as base64; half of it fits.
        """
        return config.comm_in_flight if self.in_notebook else SERVER_IN_FLIGHT


def _while_busy(callback: Callable[[], None]) -> None:
    event = f"upload-{uuid4().hex}"
    state._add_busy_event(event)
    try:
        callback()
    finally:
        state._remove_busy_event(event)


def _is_open(socket: Any) -> bool:
    """Tell whether it is a socket of Bokeh's own server, and not closing."""
    return isinstance(socket, WebSocketHandler) and socket.ws_connection is not None


def _socket_limit(connection: Any) -> int:
    socket = connection._socket
    if isinstance(socket, WebSocketHandler):
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
