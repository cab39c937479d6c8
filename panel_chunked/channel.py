"""Carries messages between the session and one rendered model.

Panel's own road (`_server_event`, `_send_event`) costs about 2 ms of CPU for each event, waits for
the document lock and for `hold`. Chunks and acks touch no model property, so they go past it.
`server` and `notebook` have the two ways of doing so.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Literal
from uuid import uuid4

from bokeh.document import Document
from bokeh.model import Model
from panel.io.state import set_curdoc, state

from .frames import new_token

#: Takes a message from the browser.
Receive = Callable[["Channel", object], None]


class Channel(ABC):
    """One rendered model and its document.

    Parameters
    ----------
    model
        What the page shows.
    doc
        Its document.
    receive
        Is handed every message from the browser, on one event loop.
    """

    #: What carries the messages.
    transport: Literal["socket", "comm", "ipywidget"]

    def __init__(self, model: Model, doc: Document, receive: Receive) -> None:
        self.model = model
        self.doc = doc
        context = doc.session_context
        self.session_id = context.id if context is not None else None
        self.closed = False
        self._receive = receive
        self._token = new_token()
        self.model.on_event("data_event", self._on_event)

    def heard(self, page: str) -> None:  # noqa: B027 (most have nothing to note)
        """Note that the last message was of `page`."""

    @abstractmethod
    def open(self) -> str | None:
        """Note that a page has said hello.

        Returns
        -------
        The token of a way beside Bokeh's messages, if the page may send by one.
        """

    @abstractmethod
    def send(
        self, data: dict[str, Any], replaces: str | None = None, page: str | None = None
    ) -> None:
        """Send to the browser; in order, from any thread, without waiting.

        `replaces` is a key of what it makes needless, see `Outbox.put`. `page` is who it is for, or
        None for all that show the model; others may get it as well.
        """

    @abstractmethod
    def close(self) -> None:
        """Send no more; the model is gone. Safe in any thread."""

    def renew_token(self) -> float | None:
        """Hand its pages new tokens to connect with, where they need any.

        Returns
        -------
        Seconds until it is to be done again; None if there is no such page.
        """
        return None

    @property
    @abstractmethod
    def max_chunk_size(self) -> int:
        """Bytes of a file that one message may have."""

    @property
    @abstractmethod
    def best_chunk_size(self) -> int:
        """Bytes of a file that one message had best have at the most."""

    @property
    @abstractmethod
    def max_in_flight(self) -> int:
        """Bytes that may be on their way at once."""

    @abstractmethod
    def _on_event(self, event: Any) -> None:
        """Take a message that came as an event of Bokeh."""

    @abstractmethod
    def _schedule(self, callback: Callable[[], None]) -> None:
        """Call `callback` soon where the app's callbacks are called. Safe in any thread."""

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
        self._schedule(partial(self._dispatch, callback))

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
        with self.within():
            callback()

    def within(self) -> AbstractContextManager[object]:
        """Give a context in which `pn.state.curdoc` is the document."""
        context: AbstractContextManager[object] = set_curdoc(self.doc)
        return context

    def within_function(self) -> AbstractContextManager[object]:
        """Give such a context for a function that may go on when the session has ended."""
        return self.within()


def _while_busy(callback: Callable[[], None]) -> None:
    event = f"upload-{uuid4().hex}"
    state._add_busy_event(event)
    try:
        callback()
    finally:
        state._remove_busy_event(event)
