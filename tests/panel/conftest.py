"""Pages without a browser: real Bokeh sessions, and a client that speaks the upload protocol."""

import asyncio
import gc
import itertools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from bokeh.application import Application
from bokeh.application.handlers.document_lifecycle import DocumentLifecycleHandler
from bokeh.application.handlers.function import FunctionHandler
from bokeh.core.serialization import Deserializer, Serializer
from bokeh.document.events import MessageSentEvent, ModelChangedEvent
from bokeh.protocol import Protocol
from bokeh.server.connection import ServerConnection
from bokeh.server.contexts import ApplicationContext
from panel.io.state import set_curdoc, state
from panel.models.esm import DataEvent, ReactiveESM
from tornado.ioloop import IOLoop

from panel_chunked import ChunkedFileInput
from tests.core.fakes import Checksums

numbers = itertools.count(1)


async def eventually(condition: Callable[[], object], seconds: float = 20) -> object:
    """Wait until `condition` gives something true, and give that."""
    async with asyncio.timeout(seconds):
        while not (result := condition()):  # noqa: ASYNC110 (any condition, so no event)
            await asyncio.sleep(0.005)
    return result


class Page:
    """The other end of a real connection to a real session; only the socket is missing."""

    def __init__(self, widget, context, session):
        self.widget = widget
        self.session = session
        self.messages = []
        self.checksums = Checksums()
        self._context = context
        self._connection = ServerConnection(Protocol(), self, context, session)
        self.doc.to_json()  # the page has loaded it: no message carries a whole model after this

    @property
    def doc(self):
        return self.session.document

    @property
    def model(self):
        return next(
            m for m in self.doc.select({"type": ReactiveESM}) if m.id in self.widget._channels
        )

    async def send_message(self, message):
        """Take what the session sends, as the socket would have."""
        for event in message.content.get("events", ()):
            if event["kind"] == "MessageSent" and event["msg_type"] == "bokeh_event":
                sent = Deserializer(list(self.doc.models)).decode(event["msg_data"])
                self.messages.append(sent.data)

    async def wait(self, condition):
        return await eventually(condition)

    async def patch(self, *events):
        """Apply what BokehJS would have sent, serialized as it would have been."""
        serializer = Serializer(references=set(self.doc.models))
        patch = serializer.serialize({"events": list(events)})
        await self.session.with_document_locked(self.doc.apply_json_patch, patch)

    async def say(self, kind, **fields):
        if kind == "chunk":
            known = self.checksums.chunk(fields["id"], fields["offset"], fields["data"])
            fields = {"checksum": known, **fields}
        if kind == "finish":
            sums, upload_id = self.checksums, fields["id"]
            fields = {"size": sums.end(upload_id), "checksum": sums.file(upload_id), **fields}
        event = DataEvent(self.model, {"kind": kind, **fields})
        await self.patch(MessageSentEvent(self.doc, "bokeh_event", event))

    async def set(self, model, attr, value):
        await self.patch(ModelChangedEvent(self.doc, model, attr, value))

    async def heard(self, kind, **fields):
        def found():
            wanted = {"kind": kind, **fields}.items()
            return next((m for m in self.messages if wanted <= m.items()), None)

        return await eventually(found)

    async def create(self, *files, chunks=True):
        """Pick `(name, bytes)` or `(name, bytes, type)` together; send the bytes of those taken."""
        await self.say("hello", version=1, page="page", uploads=[])
        picked = {f"key{next(numbers)}": (*file, "text/plain")[:3] for file in files}
        facts = [
            {
                "key": key,
                "name": name.rpartition("/")[2],
                "relative_path": name,
                "size": len(data),
                "mime_type": mime_type,
            }
            for key, (name, data, mime_type) in picked.items()
        ]
        await self.say(
            "create", page="page", batch=f"batch{next(numbers)}", files=facts, more=False
        )
        answers = [await self._answer(key) for key in picked]
        if chunks:
            for answer, (_, data, _) in zip(answers, picked.values(), strict=True):
                if answer["kind"] == "created":
                    await self.send(answer["id"], data)
        return answers

    async def send(self, upload_id, data):
        if data:
            await self.say("chunk", id=upload_id, attempt=0, offset=0, data=data)
        await self.say("finish", id=upload_id, attempt=0)

    async def _answer(self, key):
        def found():
            return next((m for m in self.messages if m.get("key") == key), None)

        return await eventually(found)

    async def upload(self, *files):
        """Upload files together, and wait until the app has got them."""
        told = asyncio.Event()
        watcher = self.widget.param.watch(lambda _: told.set(), "filename", onlychanged=False)
        answers = await self.create(*files)
        await asyncio.wait_for(told.wait(), 20)
        self.widget.param.unwatch(watcher)
        return answers

    async def leave(self):
        """Close the page; the session is discarded at once."""
        self._connection.detach_session()
        async with asyncio.timeout(20):
            while not self.session.destroyed:  # it is not while a callback has the document
                await self._context._discard_session(self.session, lambda _: True)


@pytest.fixture
async def open_page():
    """Give a function that opens a page with a widget, or with what has `widget` in it."""
    pages = []
    # Panel 1.10 spins if its first busy event comes from a worker thread.
    state._add_busy_event("first")
    state._remove_busy_event("first")

    async def open_page(viewable, widget=None) -> Page:
        def app(doc):
            with set_curdoc(doc):
                viewable.server_doc(doc)

        handlers = FunctionHandler(app), DocumentLifecycleHandler()
        context = ApplicationContext(Application(*handlers), io_loop=IOLoop.current())
        address = {"protocol": "http", "host": "localhost", "uri": "/", "path": "/", "query": ""}
        request = SimpleNamespace(arguments={}, cookies={}, headers={}, **address)
        session = await context.create_session_if_needed(f"session{next(numbers)}", request)
        pages.append(Page(widget or viewable, context, session))
        return pages[-1]

    yield open_page
    for page in pages:
        if not page.session.destroyed:
            await page.leave()
    await asyncio.sleep(0)  # each page that was left begins to close in the next turn
    ours = {task for task in asyncio.all_tasks() if _is_ours(task)}
    if ours:
        _, pending = await asyncio.wait(ours, timeout=20)
        assert not pending, "A task outlives the sessions."


def _is_ours(task):
    return Path(task.get_coro().cr_code.co_filename).parent.name == "panel_chunked"


@pytest.fixture(name="eventually")
def give_eventually():
    """Give a function that waits until a condition gives something true."""
    return eventually


@pytest.fixture
def no_garbage_collection():
    """Only what nothing refers to any more is freed."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def seen():
    """Give a function that records each param update of a widget, as one dict."""

    def watch(widget: ChunkedFileInput, *names: str) -> list[dict[str, object]]:
        updates = []
        widget.param.watch(lambda *events: updates.append({e.name: e.new for e in events}), names)
        return updates

    return watch
