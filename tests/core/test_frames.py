"""Frames of their own on Bokeh's socket: what is ours is taken off, all else is Bokeh's."""

import asyncio
import json
from types import SimpleNamespace

import golden
import pytest
from bokeh.server.views.ws import WSHandler
from tornado.locks import Lock

from panel_chunked import protocol
from panel_chunked.frames import HEAD_SIZE, TOKEN_SIZE, Frames, new_token

GOLDEN = golden.load("frames")
TOKEN = GOLDEN["token"]
PREFIX = TOKEN[:16]


class Socket:
    """What `Frames` uses of a socket of Bokeh's server."""

    def __init__(self):
        self.bokehs, self.sent = [], []

    def on_message(self, frame):
        self.bokehs.append(frame)
        return "a coroutine that Tornado awaits"

    def set_nodelay(self, value):
        self.nodelay = value

    async def write_message(self, frame, locked=True):
        self.sent.append(frame)


@pytest.fixture
def taken():
    """Give what was taken off a socket, the socket, and its frames."""
    socket, messages = Socket(), []
    frames = Frames(socket, PREFIX)
    frames.add(TOKEN, lambda _, message: messages.append(message))
    return SimpleNamespace(socket=socket, messages=messages, frames=frames)


@pytest.mark.parametrize("case", GOLDEN["client"], ids=lambda case: case["name"])
def test_frame_is_read_as_the_golden_message(taken, case):
    assert taken.socket.on_message(case["frame"]) is None
    assert taken.messages == [case["message"]]
    assert taken.socket.bokehs == []
    assert protocol.decode(taken.messages[0])


@pytest.mark.parametrize("case", GOLDEN["server"], ids=lambda case: case["name"])
async def test_message_is_sent_as_the_golden_frame(taken, case):
    await taken.frames.send(TOKEN, case["message"])
    assert taken.socket.sent == [case["frame"]]


async def test_frame_neither_waits_for_the_lock_of_bokehs_messages_nor_takes_it():
    socket = object.__new__(WSHandler)  # its own `write_message`, on a connection that takes all
    socket.write_lock, sent = Lock(), []
    finished, go_on = asyncio.Event(), asyncio.Event()

    async def write(frame, binary=False):
        sent.append(frame)
        finished.set()
        await go_on.wait()

    socket.ws_connection = SimpleNamespace(
        write_message=lambda *args, **options: asyncio.ensure_future(write(*args, **options)),
        is_closing=lambda: False,
        set_nodelay=lambda value: None,
    )
    frames = Frames(socket, PREFIX)
    with await socket.write_lock.acquire():
        sending = asyncio.ensure_future(frames.send(TOKEN, {"kind": "removed", "id": "u1"}))
        await asyncio.wait_for(finished.wait(), 5)
    async with asyncio.timeout(5):
        await socket.write_lock.acquire()
    go_on.set()
    await sending
    assert [json.loads(frame[TOKEN_SIZE:])["id"] for frame in sent] == ["u1"]


def test_bytes_of_a_chunk_are_not_copied(taken):
    frame = next(case for case in GOLDEN["client"] if case["name"] == "chunk")["frame"]
    taken.socket.on_message(frame)
    assert taken.messages[0]["data"].obj is frame


@pytest.mark.parametrize("frame", ['{"msgid": "1"}', "{}", "", b"", b"\xff" * 300, b"{}", "€" * 20])
def test_frames_of_bokeh_stay_bokehs(taken, frame):
    assert taken.socket.on_message(frame) == "a coroutine that Tornado awaits"
    assert taken.socket.bokehs == [frame]
    assert taken.messages == []


NONSENSE = ["", "{", "[" * 100_000, '{"kind": "chunk"}', "5", "\ud800"]


@pytest.mark.parametrize("text", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_behind_the_token_is_refused_as_a_bad_message(taken, text):
    taken.socket.on_message(TOKEN + text)
    taken.socket.on_message((TOKEN + text).encode(errors="replace"))
    assert taken.socket.bokehs == []
    for message in taken.messages:
        with pytest.raises(protocol.UploadError, match="Not a valid upload message"):
            protocol.decode(message)


def test_several_widgets_share_a_socket(taken):
    other = []
    token = TOKEN.replace("A", "C")
    Frames.of(taken.socket).add(token, lambda _, message: other.append(message))
    taken.socket.on_message(token + '{"n": 1}')
    taken.socket.on_message(TOKEN + '{"n": 2}')
    assert (other, taken.messages) == ([{"n": 1}], [{"n": 2}])
    assert Frames.of(taken.socket) is taken.frames


def test_what_comes_for_a_widget_that_is_gone_does_not_reach_bokeh(taken):
    taken.frames.remove(TOKEN)
    taken.socket.on_message(TOKEN + json.dumps({"n": 1}))
    taken.socket.on_message(TOKEN.encode() + b" " * HEAD_SIZE)
    assert taken.messages == taken.socket.bokehs == []


def test_tokens_differ_and_are_as_long_as_both_halves_expect():
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {len(TOKEN)} == {TOKEN_SIZE}


def test_frames_are_sent_at_once(taken):
    assert taken.socket.nodelay is True
