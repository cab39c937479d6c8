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
    get_comm_manager().register_target(TARGET, _opened)
    return True


def forget(token: str) -> None:
    """Drop the messages of the comm `token` from now on."""
    _receivers.pop(token, None)


def _opened(comm: Any, _message: object) -> None:
    receive = _receivers.get(comm.comm_id)
    if receive is None:
        comm.close()
    else:
        comm.on_msg(lambda message: receive(comm, _parse(message)))


def _parse(message: dict[str, Any]) -> object:
    data, buffers = message["content"]["data"], message.get("buffers")
    return {**data, "data": buffers[0]} if isinstance(data, dict) and buffers else data
