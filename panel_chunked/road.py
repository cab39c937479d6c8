"""The way to one connection of Bokeh's server: what is sent to its page, in order.

Each has a queue of its own, so that a socket that hangs holds up no other.
"""

import asyncio
import logging
from typing import Any

from bokeh.core.serialization import Serializer
from bokeh.document.events import MessageSentEvent
from bokeh.model import Model
from bokeh.protocol.messages.patch_doc import patch_doc
from panel.models.esm import ESMEvent

from .frames import Frames
from .outbox import Outbox

log = logging.getLogger(__name__)


class Road:
    """Sends to one page: as Bokeh's events, or by frames once the page has sent by them.

    Parameters
    ----------
    connection
        Bokeh's, to the page.
    model
        What the page shows.
    frames
        Those of the connection's socket, if it takes any.
    token
        What the frames begin with.
    """

    def __init__(self, connection: Any, model: Model, frames: Frames | None, token: str) -> None:
        self.frames = frames
        self.by_frames = False
        self._connection = connection
        self._model = model
        self._token = token
        self._outbox = Outbox()
        self._sender: asyncio.Task[None] | None = None

    @property
    def closed(self) -> bool:
        """Whether nothing is sent any more."""
        return self._outbox.closed

    def put(self, data: dict[str, Any], replaces: str | None) -> None:
        """Queue a message, see `Outbox.put`."""
        self._outbox.put(data, replaces)
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._deliver_all())

    def close(self) -> None:
        """Send what waits, and no more."""
        self._outbox.close()

    async def _deliver_all(self) -> None:
        # Ends by itself, once it is closed: cancelled, it could leave half a message on the socket.
        while (data := await self._outbox.get()) is not None:
            try:
                await self._deliver(data)
            except Exception as error:  # the page is gone; the session learns that from Bokeh
                log.debug("A message could not be delivered: %s", error)

    async def _deliver(self, data: dict[str, Any]) -> None:
        if self.by_frames and self.frames is not None:
            await self.frames.send(self._token, data)
            return
        # `Protocol.create` would also take note of which models the page knows, which is not ours
        # to change without the document lock. This message refers to the one model that it knows.
        event = ESMEvent(model=self._model, data=data)
        serializer = Serializer(references={self._model})
        sent = MessageSentEvent(self._model.document, "bokeh_event", event)  # type: ignore[arg-type]
        content: Any = {"events": serializer.encode([sent])}
        message = patch_doc(patch_doc.create_header(), {}, content)
        await self._connection._socket.send_message(message)
