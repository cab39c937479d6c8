"""The road to one rendered model: what goes on it goes whole, and it ends by itself."""

import asyncio
import json
from types import SimpleNamespace

import pytest
from bokeh.core.serialization import Deserializer
from bokeh.server.views.ws import WSHandler

from panel_chunked import ChunkedFileInput
from panel_chunked.frames import TOKEN_SIZE
from panel_chunked.server import ServerChannel


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
    doc = SimpleNamespace(session_context=context)
    channel = ServerChannel(model, doc, receive=lambda *_: None)
    channel.socket = socket
    channel._loop = asyncio.get_running_loop()
    channel.open()
    channel.road = next(iter(channel._roads.values()))
    return channel


async def test_closing_does_not_cut_a_message_in_half(open_channel):
    open_channel.send({"kind": "removed", "id": "u1"})
    await open_channel.socket.begun.wait()
    open_channel.close()
    open_channel.socket.go_on.set()
    await open_channel.road._sender
    assert open_channel.socket.halves == ["first", "second"]


async def test_closing_at_once_leaves_no_task(open_channel):
    open_channel.socket.go_on.set()
    open_channel.send({"kind": "removed", "id": "u1"})
    open_channel.close()
    open_channel.send({"kind": "removed", "id": "u2"})
    await asyncio.sleep(0)
    await open_channel.road._sender
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
    await asyncio.wait_for(later.begun.wait(), 5)
    await leave(open_channel)
    assert later.halves == ["first", "second"]


async def test_a_socket_that_hangs_holds_up_no_other(open_channel):
    other = SlowSocket()
    open_channel.doc.session_context.session._subscribed_connections.append(Connection(other))
    open_channel.open()
    open_channel.send({"kind": "removed", "id": "u1"})
    await open_channel.socket.begun.wait()  # and it goes on no more
    await asyncio.wait_for(other.begun.wait(), 5)
    other.go_on.set()
    open_channel.socket.go_on.set()
    await leave(open_channel)


async def test_nothing_is_sent_by_a_connection_that_is_lost(open_channel):
    open_channel.socket.go_on.set()
    open_channel.doc.session_context.session._subscribed_connections.clear()
    open_channel.send({"kind": "removed", "id": "u1"})
    await leave(open_channel)
    assert open_channel.socket.halves == []


async def leave(channel):
    """Close the channel, and wait until its roads have sent what waits."""
    senders = [road._sender for road in channel._roads.values() if road._sender is not None]
    channel.close()
    await asyncio.wait_for(asyncio.gather(*senders), 5)


# --- By frames ---


class FrameSocket(WSHandler):
    """What is used of a socket of Bokeh's server."""

    def __init__(self, model):
        self.model = model
        self.ws_connection = "open"
        self.frames, self.events, self.bokehs = [], [], []
        self.sent = asyncio.Event()

    def on_message(self, frame):
        self.bokehs.append(frame)

    def set_nodelay(self, value):
        pass

    async def write_message(self, frame, locked=True):
        self.frames.append(json.loads(frame[TOKEN_SIZE:]))
        self.sent.set()

    async def send_message(self, message):
        (event,) = message.content["events"]
        self.events.append(Deserializer([self.model]).decode(event["msg_data"]).data)
        self.sent.set()


@pytest.fixture
async def opened():
    """A channel on two sockets, as of two pages of one session, and what it was sent."""
    model = ChunkedFileInput().get_root()
    sockets = [FrameSocket(model), FrameSocket(model)]
    session = SimpleNamespace(_subscribed_connections=[Connection(socket) for socket in sockets])
    context = SimpleNamespace(id="s1", session=session)
    doc, received = SimpleNamespace(session_context=context), []
    channel = ServerChannel(model, doc, lambda _, data: received.append(data))
    channel._loop = asyncio.get_running_loop()
    token = channel.open()
    yield SimpleNamespace(channel=channel, sockets=sockets, token=token, received=received)
    if not channel.closed:
        await leave(channel)


async def answered(opened, message):
    """Send `message`, and give what each socket was sent, by frames and as events."""
    opened.channel.send(message)
    for socket in opened.sockets:
        await asyncio.wait_for(socket.sent.wait(), 5)
        socket.sent.clear()
    sent = [(it.frames, it.events) for it in opened.sockets]
    for it in opened.sockets:
        it.frames, it.events = [], []
    return sent


ANSWER = {"kind": "removed", "id": "u1"}


async def test_answers_go_as_events_until_the_page_has_sent_a_frame(opened):
    assert await answered(opened, ANSWER) == [([], [ANSWER]), ([], [ANSWER])]
    opened.sockets[0].on_message(opened.token + '{"n": 1}')
    assert opened.received == [{"n": 1}]
    assert await answered(opened, ANSWER) == [([ANSWER], []), ([], [ANSWER])]


async def test_two_pages_of_one_session_are_both_answered(opened):
    for socket in opened.sockets:
        socket.on_message(opened.token + "{}")
    assert await answered(opened, ANSWER) == [([ANSWER], []), ([ANSWER], [])]


async def test_hello_of_another_page_leaves_what_is_on_its_way(opened):
    opened.sockets[0].on_message(opened.token + '{"n": 1}')
    assert opened.channel.open() == opened.token
    opened.sockets[0].on_message(opened.token + '{"n": 2}')
    assert opened.received == [{"n": 1}, {"n": 2}]


async def test_view_that_says_hello_is_answered_by_an_event(opened):
    opened.sockets[0].on_message(opened.token + "{}")
    opened.channel.open()
    assert await answered(opened, ANSWER) == [([], [ANSWER]), ([], [ANSWER])]


async def test_frames_for_a_channel_that_is_closed_reach_nobody(opened):
    await leave(opened.channel)
    await asyncio.sleep(0)
    opened.sockets[0].on_message(opened.token + '{"n": 1}')
    assert opened.received == opened.sockets[0].bokehs == []
