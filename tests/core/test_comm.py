"""A comm of our own, with the package that kernels have their comms from."""

import gc
import weakref
from typing import Any

import pytest
from comm import base_comm, get_comm_manager

from panel_chunked import comm as own_comm

TOKEN = "token-of-a-view"


class RecordingComm(base_comm.BaseComm):
    """Keeps what a kernel would send to the page."""

    def publish_msg(self, msg_type: str, data: Any = None, **_: Any) -> None:
        sent.append((msg_type, data))


sent: list[tuple[str, Any]] = []


@pytest.fixture(autouse=True)
def comms(monkeypatch: pytest.MonkeyPatch) -> base_comm.CommManager:
    """The manager of a kernel, which makes comms when a page opens them."""
    monkeypatch.setattr("comm.create_comm", RecordingComm)
    sent.clear()
    yield (manager := get_comm_manager())
    manager.unregister_target(own_comm.TARGET, own_comm._open)
    own_comm.forget(TOKEN)


def open_comm(comms: base_comm.CommManager, token: str = TOKEN) -> None:
    content = {"comm_id": token, "target_name": own_comm.TARGET, "data": {}}
    comms.comm_open(None, None, {"content": content})


def say(comms: base_comm.CommManager, data: object, *buffers: memoryview) -> None:
    message = {"content": {"comm_id": TOKEN, "data": data}, "buffers": list(buffers)}
    comms.comm_msg(None, None, message)


def test_messages_come_in_with_the_bytes_of_a_chunk_and_are_answered(comms):
    taken = []
    assert own_comm.listen(TOKEN, lambda comm, data: taken.append((comm, data)))
    open_comm(comms)
    chunk = memoryview(b"bytes")

    say(comms, {"kind": "finish"})
    say(comms, {"kind": "chunk", "data": "text"}, chunk)

    assert [data for _, data in taken] == [{"kind": "finish"}, {"kind": "chunk", "data": chunk}]
    taken[0][0].send({"kind": "ack"})
    assert sent == [("comm_msg", {"kind": "ack"})]


@pytest.mark.parametrize("data", ["text", None, 5, ["list"]])
def test_what_is_no_message_is_handed_on_to_be_refused(comms, data):
    taken = []
    own_comm.listen(TOKEN, lambda _, it: taken.append(it))
    open_comm(comms)

    say(comms, data, memoryview(b"bytes"))

    assert taken == [data]


def test_comm_that_nobody_waits_for_is_closed(comms):
    own_comm.listen(TOKEN, lambda *_: None)

    open_comm(comms, "another-token")
    own_comm.forget(TOKEN)
    open_comm(comms)

    assert [kind for kind, _ in sent] == ["comm_close", "comm_close"]


def test_two_pages_that_show_the_same_view_are_both_heard(comms):
    taken = []
    own_comm.listen(TOKEN, lambda _, data: taken.append(data))

    open_comm(comms)
    say(comms, 1)
    open_comm(comms)  # the id is the same, so the kernel answers both
    gc.collect()  # a comm that is collected would be closed
    say(comms, 2)

    assert taken == [1, 2]
    assert sent == []


def test_comm_that_is_forgotten_is_closed_and_keeps_nothing_alive(comms):
    class View:
        def take(self, _, data):
            raise AssertionError(data)

    view = View()
    own_comm.listen(TOKEN, view.take)
    open_comm(comms)
    open_comm(comms)
    comm = comms.get_comm(TOKEN)
    gone = weakref.ref(view)

    own_comm.forget(TOKEN)
    del view
    comm.handle_msg({"content": {"data": 1}})  # which was on its way

    assert [kind for kind, _ in sent] == ["comm_close", "comm_close"]
    assert comms.get_comm(TOKEN) is None
    assert gone() is None
