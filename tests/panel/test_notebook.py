"""The widget behind a notebook's comm, without a notebook."""

import asyncio
import queue
import threading
from types import SimpleNamespace

import panel as pn
import pytest
from bokeh.document import Document
from panel.models.esm import DataEvent
from pyviz_comms import Comm

from panel_chunked import ChunkedFileInput, background, config, protocol


class RecordingComm(Comm):
    """Takes what a kernel would send to the page."""


@pytest.fixture
def limit():
    yield config
    config.jupyter_message_limit = config.param.jupyter_message_limit.default


def notebook_channel(receive=lambda *_: None):
    upload = ChunkedFileInput()
    model = upload.get_root(Document(), RecordingComm())
    channel = upload._channels[model.id]
    channel._receive = receive
    return channel


def say(channel, data):
    channel.model._trigger_event(DataEvent(channel.model, data))


@pytest.mark.parametrize(
    ("limit_set", "expected"),
    [("10 MB", 8_500_000), ("1 MB", 850_000), (1024, 870), (1, 1), (0, 1)],
)
def test_what_is_on_its_way_fits_into_one_message(limit, limit_set, expected):
    limit.jupyter_message_limit = limit_set
    assert limit.comm_in_flight == expected
    channel = notebook_channel()
    assert channel.transport == "comm"
    assert channel.max_in_flight == expected
    assert channel.max_chunk_size == max(1, expected // 2)


@pytest.mark.parametrize("wrong", ["much", "-1 MB", -5, None])
def test_limit_that_is_no_size_is_refused(limit, wrong):
    with pytest.raises(ValueError):  # noqa: PT011 (what it says is told by tests of sizes)
        limit.jupyter_message_limit = wrong
    assert limit.comm_in_flight == 8_500_000


async def test_messages_are_taken_on_a_loop_that_does_not_end_with_the_kernels(limit):
    seen, took = [], threading.Event()

    def receive(_, data):
        seen.append((data, threading.current_thread().name, asyncio.get_running_loop()))
        took.set()

    channel = notebook_channel(receive)

    # A kernel has one loop on its main thread, and others that come and go.
    say(channel, {"number": 1})
    await asyncio.to_thread(lambda: asyncio.run(say_later(channel, {"number": 2})))
    while len(seen) < 2:
        assert await asyncio.to_thread(took.wait, 10)
        took.clear()

    loop = background.loop()
    assert seen == [({"number": n}, "panel_chunked", loop) for n in (1, 2)]
    assert loop is not asyncio.get_running_loop()


async def say_later(channel, data):
    say(channel, data)


async def test_ipywidget_is_answered_through_the_document_that_jupyter_bokeh_made():
    widget = pn.ipywidget(upload := ChunkedFileInput())
    answered, sent = threading.Event(), []

    def send(content, buffers=None):
        sent.append(content["payload"])
        if "welcome" in sent[-1]:
            answered.set()

    widget.send = send
    hello = {"kind": "hello", "version": protocol.VERSION, "page": "p1", "uploads": []}

    widget._model.document.callbacks.trigger_event(DataEvent(widget._model, hello))

    assert await asyncio.to_thread(answered.wait, 10)
    assert '"ipywidget"' in sent[-1]
    (channel,) = upload._channels.values()
    assert channel.max_chunk_size * 4 / 3 < channel.max_in_flight  # as base64


def test_page_is_told_whether_it_is_a_notebook():
    served = Document()
    context = SimpleNamespace(id="s1", server_context=None)
    served._session_context = lambda: context
    models = [ChunkedFileInput().get_root(doc) for doc in (served, Document(), None)]
    assert [model.data.esm_constants["notebook"] for model in models] == [False, True, True]


def test_loop_is_one_for_all_threads():
    loops = []
    threads = [threading.Thread(target=lambda: loops.append(background.loop())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(loops)) == 1
    assert loops[0].is_running()


class OwnComm:
    """The comm that the page has opened."""

    def __init__(self, sent):
        self._sent = sent

    def send(self, data):
        self._sent.put(("own", data))


def test_page_that_has_opened_a_comm_is_answered_by_it_until_it_says_hello(monkeypatch):
    sent = queue.Queue()
    monkeypatch.setattr("panel_chunked.notebook.push", lambda *_: sent.put("Panel's"))

    def answer(channel, data):
        channel.heard("page")
        if data == "hello":
            channel.open()
        channel.send({"answers": data}, page="page")

    channel = notebook_channel(answer)
    say(channel, "hello")
    assert sent.get(timeout=10) == "Panel's"
    channel._take(OwnComm(sent), "chunk")
    assert sent.get(timeout=10) == ("own", {"answers": "chunk"})
    cleared = {"kind": "cleared"}  # which is for all pages
    channel.send(cleared)
    assert sent.get(timeout=10) == ("own", cleared)
    channel._own_comms["another page"] = None  # which has only said hello
    channel.send(cleared)
    assert sent.get(timeout=10) == "Panel's"
    say(channel, "hello")
    assert sent.get(timeout=10) == "Panel's"
