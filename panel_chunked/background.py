"""Threads beside those of the app, and what becomes of them when the main thread has ended.

A kernel takes the messages of a page on its main thread, or on threads that come and go with what
is shown (JEP 91, "subshells"). The uploads must not end with one of these, so they have an event
loop of their own.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")

_starting = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_probe = ThreadPoolExecutor(1, "panel_chunked: probe")


def loop() -> asyncio.AbstractEventLoop:
    """Give the loop, which runs on a daemon thread as long as the process lives."""
    global _loop
    with _starting:
        if _loop is None:
            loop = asyncio.new_event_loop()
            try:
                _start(loop.run_forever)
            except RuntimeError:
                loop.close()
                raise
            _loop = loop
        return _loop


async def to_thread(function: Callable[..., T], *arguments: Any, **keywords: Any) -> T:
    """Call a function in a thread, as `asyncio.to_thread`, which a server may outlive.

    No executor takes work any more when the main thread has ended. A server may go on in another
    one, as of a script whose last line is ``pn.serve(app, threaded=True)``.
    """
    call = partial(copy_context().run, function, *arguments, **keywords)
    try:
        work: asyncio.Future[T] = asyncio.get_running_loop().run_in_executor(None, call)
    except RuntimeError as error:
        if not _is_shut(error):  # else it is queued, and will be called there
            raise
        done: Future[T] = Future()
        _start(partial(answer, done, call))
        work = asyncio.wrap_future(done)
    return await work


def _start(function: Callable[[], object]) -> None:
    threading.Thread(target=function, name="panel_chunked", daemon=True).start()


def answer(done: "Future[T]", call: Callable[[], T]) -> None:
    """Set what a call gives or raises, unless nobody waits for it any more."""
    if not done.set_running_or_notify_cancel():
        return
    try:
        done.set_result(call())
    except BaseException as error:
        done.set_exception(error)


def executors_have_ended() -> bool:
    """Tell whether no executor takes work any more, as the main thread has ended."""
    try:
        _probe.submit(int)
    except RuntimeError as error:
        return _is_shut(error)
    return False


def _is_shut(error: RuntimeError) -> bool:
    """Tell whether an executor takes no work any more, or else there are too many threads."""
    return "shutdown" in str(error)


def process_ends() -> bool:
    """Tell whether this thread is about to end with the process, which does not wait for it."""
    return threading.current_thread().daemon and executors_have_ended()
