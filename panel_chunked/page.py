"""One page that shows the widget: its session, its store, and the channel to reach it by."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

from . import protocol
from .background import to_thread
from .channel import Channel
from .files import UploadedFile
from .hooks import News
from .limits import Limits, parse_size
from .outputs import Outputs, Picked
from .session import Session
from .settings import Settings
from .stores import DirectoryStore, Store, StreamStore, TemporaryStore, sweeper
from .token import Renewal
from .upload import Upload

if TYPE_CHECKING:
    from .component import UploadComponent

#: Seconds between updates of `uploads` and `progress`, at least.
PROGRESS_INTERVAL = 0.2

#: Pages of one session whose channels are remembered, the latest.
MAX_PAGES = 100

#: Such updates in a second, over all pages of this process; each takes the document's lock.
MAX_UPDATES = 50


class _Turns:
    """Times that lie apart, however many ask at once."""

    def __init__(self) -> None:
        self._last = 0.0

    def next(self, earliest: float) -> float:
        self._last = max(earliest, self._last + 1 / MAX_UPDATES)
        return self._last


_turns = _Turns()


class WidgetPage:
    """Connects a session with the widget's params; see `panel_chunked.world.Page`."""

    def __init__(self, widget: "UploadComponent", outputs: Outputs, channel: Channel) -> None:
        self.session = Session(self)
        self.channel = channel  # of the last message
        self.recording: protocol.RecordingState = "inactive"
        self._channels: dict[str, Channel] = {}  # by page
        self._widget = widget
        self._outputs = outputs
        self._temporary = TemporaryStore()
        self._progress_timer: asyncio.TimerHandle | None = None
        self._progress_stale = False
        # Not in the callbacks, which Bokeh keeps for a while after it has run them.
        self._batches: deque[list[Picked]] = deque()
        self._news = News()
        self._loop = asyncio.get_running_loop()
        self._renewal = Renewal(lambda: not self.session.idle, lambda: self.channel.renew_token())

    def receive(self, channel: Channel, data: object) -> None:
        """Take a message."""
        self.channel = channel
        self.session.receive(data)

    def close(self) -> None:
        """Stop all uploads and delete the temporary files. Safe in any thread."""
        self.channel.close()
        self._loop.call_soon_threadsafe(self._start_closing)

    def _start_closing(self) -> None:
        self._closing = self._loop.create_task(self._close())

    async def _close(self) -> None:
        if self._progress_timer is not None:
            self._progress_timer.cancel()
        self._renewal.close()
        await self.session.close()
        sweeper.watch(self._store())  # what is not whole may be all that is left, until it expires
        await to_thread(self._temporary.close)

    # What the session asks for

    def settings(self) -> Settings:
        widget = self._widget
        limits = Limits(
            accept=widget.accepted_kinds,
            max_file_size=parse_size(widget.max_file_size),
            max_total_size=parse_size(widget.max_total_size),
            max_files=widget.max_files,
        )
        hooks = widget._upload_hooks
        ask = partial(hooks.ask, self.channel) if hooks.accept else None
        place = widget.place_of_uploads(self.channel.doc)
        return Settings(limits, self._store(), widget.takes_many, widget.disabled, ask, place)

    def welcome(self) -> protocol.Welcome:
        sweeper.watch(self._store())
        token = self.channel.open()
        self._renewal.restart()
        wanted = parse_size(self._widget.chunk_size) or self.channel.best_chunk_size
        return protocol.Welcome(
            protocol.VERSION,
            self.channel.transport,
            max_chunk_size=min(wanted, self.channel.max_chunk_size),
            max_in_flight=self.channel.max_in_flight,
            token=token,
        )

    def heard(self, page: str) -> None:
        self._channels.pop(page, None)
        self._channels[page] = self.channel
        if len(self._channels) > MAX_PAGES:
            del self._channels[next(iter(self._channels))]
        self.channel.heard(page)

    def send(self, message: protocol.ServerMessage, page: str | None = None) -> None:
        # Acks are cumulative: one that could not be sent yet has nothing to say any more.
        replaces = message.id if isinstance(message, protocol.Ack) else None
        data, channels = protocol.encode(message), {*self._channels.values(), self.channel}
        for channel in channels if page is None else [self._channels.get(page, self.channel)]:
            channel.send(data, replaces, page)

    def progressed(self) -> None:
        self._renewal.ensure()
        self._progress_stale = True
        if self._progress_timer is None:
            now = time.monotonic()
            delay = _turns.next(now + PROGRESS_INTERVAL) - now
            self._progress_timer = self._loop.call_later(delay, self._show_progress)

    async def settled(self, picked: list[UploadedFile]) -> None:
        self._batches.append(await to_thread(self._outputs.read, picked))
        self.publish()

    def recorded(self, state: protocol.RecordingState) -> None:
        if state != self.recording:  # a page says it again whenever it is back
            self.recording = state
            self.publish()

    def deleted(self, upload_id: str) -> None:
        self.session.forget(upload_id)
        self._outputs.turn.take(partial(self._outputs.publish, []), later=self.publish)

    def started(self, upload: Upload) -> None:
        self._news.tell(self.channel, self._widget._upload_hooks.start, upload)

    def completed(self, file: UploadedFile) -> None:
        self._news.tell(self.channel, self._widget._upload_hooks.complete, file)

    def failed(self, upload: Upload) -> None:
        self._news.tell_of_failure(self.channel, self._widget._upload_hooks.fail, upload)

    def publish(self) -> None:
        """Have the outputs brought up to date in the context of this page. Safe in any thread."""
        self._soon(self._start_publishing)

    def _start_publishing(self) -> None:
        self.channel.run(self._publish)

    def _publish(self) -> None:
        self._outputs.turn.take(self._publish_next, later=self.publish)

    def _publish_next(self) -> None:
        # One batch in each call, and one call for each: a callback of the app that raises holds
        # up no other batch.
        self._outputs.publish(self._batches.popleft() if self._batches else [])

    def _show_progress(self) -> None:
        self.channel.run(self._publish_progress, busy=False)

    def _publish_progress(self) -> None:
        later = partial(self._soon, self._show_progress)
        self._outputs.turn.take(self._publish_progress_now, later)

    def _publish_progress_now(self) -> None:
        self._progress_stale = False
        try:
            # An upload that has ended shows with its file, in the update that is on its way.
            if not (self.session.idle or self.session.ending or self._batches):
                self._outputs.publish_progress()
        finally:  # only now, so that never more than one waits for its turn
            self._soon(self._progress_shown)

    def _progress_shown(self) -> None:
        self._progress_timer = None
        if self._progress_stale:
            self.progressed()

    def _soon(self, callback: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the event loop is closed
            self._loop.call_soon_threadsafe(callback)

    def _store(self) -> Store:
        destination: Any = self._widget.destination
        if destination is None:
            return self._temporary
        if isinstance(destination, (str, PathLike)):
            return DirectoryStore(destination)
        within = self.channel.within_function
        if type(destination) is StreamStore:  # the function is to know the page
            return StreamStore(destination.handler, expiry=destination.expiry, within=within)
        if hasattr(destination, "create"):
            store: Store = destination
            return store
        return StreamStore(destination, within=within)
