"""The road to one rendered model: what goes on it goes whole, and it ends by itself."""

import asyncio
from types import SimpleNamespace

import pytest

from panel_chunked import ChunkedFileInput
from panel_chunked.channel import Channel


class SlowSocket:
    """Takes a message in two steps, as Bokeh's sends its frames."""

    def __init__(self):
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        self.halves = []

    async def send_message(self, message):
        self.halves.append("first")
        self.begun.set()
        await self.go_on.wait()
        self.halves.append("second")


class Connection:
    def __init__(self, socket):
        self._socket = socket


@pytest.fixture
async def open_channel():
    model = ChunkedFileInput().get_root()
    socket = SlowSocket()
    session = SimpleNamespace(_subscribed_connections=[Connection(socket)])
    context = SimpleNamespace(id="s1", session=session)
    channel = Channel(model, SimpleNamespace(session_context=context), comm=None)
    channel.socket = socket
    channel._loop = asyncio.get_running_loop()
    channel.open()
    return channel


async def test_closing_does_not_cut_a_message_in_half(open_channel):
    open_channel.send({"kind": "removed", "id": "u1"})
    await open_channel.socket.begun.wait()
    open_channel.close()
    open_channel.socket.go_on.set()
    await open_channel._sender
    assert open_channel.socket.halves == ["first", "second"]


async def test_closing_at_once_leaves_no_task(open_channel):
    open_channel.socket.go_on.set()
    open_channel.send({"kind": "removed", "id": "u1"})
    open_channel.close()
    open_channel.send({"kind": "removed", "id": "u2"})
    await asyncio.sleep(0)
    await open_channel._sender
    assert open_channel.socket.halves == ["first", "second"]


async def test_connection_that_came_later_hears_nothing_until_the_page_has_said_hello_on_it(
    open_channel,
):
    later = SlowSocket()
    open_channel.socket.go_on.set()
    later.go_on.set()
    open_channel.doc.session_context.session._subscribed_connections.append(Connection(later))
    open_channel.send({"kind": "removed", "id": "u1"})
    await open_channel.socket.begun.wait()
    assert later.halves == []

    open_channel.open()
    open_channel.send({"kind": "removed", "id": "u2"})
    open_channel.close()
    await open_channel._sender
    assert later.halves == ["first", "second"]
