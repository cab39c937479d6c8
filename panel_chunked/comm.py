"""A Jupyter comm of our own for each view in a notebook, beside Panel's.

Panel's collects events for 50 ms, sends nothing before the kernel has answered the last, and has
Bokeh read them: half of the throughput. By this one each message goes as it is, a chunk's bytes as
a buffer. Its id is the token of the view, so that it is the same in every page that shows it.
"""

from collections.abc import Callable
from typing import Any

#: What the page opens the comm for.
TARGET = "panel_chunked"

#: Takes a comm and a message from the page.
Receive = Callable[[Any, object], None]

_receivers: dict[str, Receive] = {}

#: By token. A page that is loaded anew opens the comm once more, and one that nothing refers to
#: would be closed, for every page, when Python collects garbage.
_opened: dict[str, list[Any]] = {}


def listen(token: str, receive: Receive) -> bool:
    """Hand on the messages of the comm `token`, once a page opens it, on any thread.

    Returns
    -------
    Whether this kernel has comms.
    """
    try:
        from comm import get_comm_manager  # which a kernel brings along
    except ImportError:
        return False
    _receivers[token] = receive
    get_comm_manager().register_target(TARGET, _open)
    return True


def forget(token: str) -> None:
    """Close the comm `token`, and drop its messages from now on."""
    _receivers.pop(token, None)
    comms = _opened.pop(token, [])
    for comm in comms:
        comm.close(deleting=comm is not comms[-1])  # the manager knows only the last one


def _open(comm: Any, _message: object) -> None:
    token = comm.comm_id
    if token not in _receivers:
        comm.close()
        return
    _opened.setdefault(token, []).append(comm)

    def take(message: dict[str, Any]) -> None:
        receive = _receivers.get(token)
        if receive is not None:
            receive(comm, _parse(message))

    comm.on_msg(take)


def _parse(message: dict[str, Any]) -> object:
    data, buffers = message["content"]["data"], message.get("buffers")
    return {**data, "data": buffers[0]} if isinstance(data, dict) and buffers else data
