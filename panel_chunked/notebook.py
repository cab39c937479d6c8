"""Carries messages over Jupyter's comms: one of our own, or else Panel's."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any

from bokeh.document import Document
from bokeh.model import Model
from panel.io.document import hold
from panel.io.notebook import push
from panel.io.state import state
from panel.models.esm import ESMEvent

from . import background, printed
from . import comm as own_comm
from .channel import Channel, Receive
from .config import config


class NotebookChannel(Channel):
    """A model in the output of a cell.

    What is shown there as an ipywidget (`pn.ipywidget`, ``comms="ipywidgets"``) has no comm of
    Panel's: jupyter_bokeh puts the model into a document of its own, and sends what happens there.

    Parameters
    ----------
    comm
        Panel's, if it has one.
    """

    def __init__(self, model: Model, doc: Document, comm: Any, receive: Receive) -> None:
        super().__init__(model, doc, receive)
        self.transport = "comm" if comm is not None else "ipywidget"
        self._comm = comm
        self._own_comm: Any = None  # if the last message came by it
        self._own_comms: dict[str, Any] = {}  # by page
        self._panel_loop = background.loop()  # of the thread that Panel's last message came on

    def open(self) -> str | None:
        has_own = self._comm is not None and own_comm.listen(self._token, self._take)
        return self._token if has_own else None

    def heard(self, page: str) -> None:
        self._own_comms[page] = self._own_comm

    def send(
        self, data: dict[str, Any], replaces: str | None = None, page: str | None = None
    ) -> None:
        if self.closed:
            return
        ways = self._own_comms
        own: list[Any] = list(ways.values()) if page is None else [ways.get(page)]
        if own and None not in own:  # its id is the same in all pages
            background.loop().call_soon_threadsafe(own[-1].send, data)
        else:  # for a page that has just said hello, and has no other yet
            self._schedule(partial(self._send, data))

    def close(self) -> None:
        own_comm.forget(self._token)
        self.closed = True

    @property
    def max_chunk_size(self) -> int:
        return max(1, self.max_in_flight // 2)  # while the kernel takes one, another is sent

    @property
    def best_chunk_size(self) -> int:
        return self.max_chunk_size

    @property
    def max_in_flight(self) -> int:
        # Where there is no comm of our own, Panel's joins all that is queued into one message, so
        # all of it has to fit into one. jupyter_bokeh sends bytes as base64; half of it fits.
        return config.comm_in_flight

    def _on_event(self, event: Any) -> None:
        self._take(None, event.data)

    def _take(self, own: Any, data: object) -> None:
        """Take a message on one of the kernel's threads, which come and go.

        What the app is told, and all that goes by Panel's comm, belongs on the thread of Panel's
        messages: there are no locks, and the thread of our own comm has to take chunks.
        """
        if own is None:
            with suppress(RuntimeError):
                self._panel_loop = asyncio.get_running_loop()
        background.loop().call_soon_threadsafe(self._answer_by, own, data)

    def _answer_by(self, own: Any, data: object) -> None:
        self._own_comm = own
        self._receive(self, data)

    def _send(self, data: dict[str, Any]) -> None:
        event = ESMEvent(model=self.model, data=data)
        if self._comm is not None:
            self.doc.callbacks.send_event(event)
            push(self.doc, self._comm)
        elif self.model.document is not None:
            self.model.document.callbacks.send_event(event)

    def _schedule(self, callback: Callable[[], None]) -> None:
        try:
            self._panel_loop.call_soon_threadsafe(callback)
        except RuntimeError:  # its thread is gone
            background.loop().call_soon_threadsafe(callback)

    def _call(self, callback: Callable[[], None]) -> None:
        # As Panel does: over its comm, what changes goes in one message; what is printed, and an
        # exception, is shown where the cell shows its output.
        held = hold(self.doc, comm=self._comm) if self._comm is not None else nullcontext()
        with held, printed.collect() as lines:
            try:
                super()._call(callback)
            except Exception as error:
                for view, ref in self._views():
                    view._on_error(ref, error)
                raise
        for view, ref in self._views() if lines else ():
            view._on_stdout(ref, lines)

    def _views(self) -> list[tuple[Any, str]]:
        """Give what Panel shows of the document, with what that is known by."""
        views = list(state._views.items())
        return [(view, ref) for ref, (view, _, doc, _) in views if doc is self.doc]
