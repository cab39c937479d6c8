"""Runs a function of the app with the bytes of one upload."""

import asyncio
import atexit
import inspect
import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from contextvars import copy_context
from functools import partial
from typing import Any

from panel_chunked.errors import Refused, UploadError, refusal_error
from panel_chunked.pipe import Pipe
from panel_chunked.stream import UploadCancelledError, UploadReader, UploadStream
from panel_chunked.upload import UploadInfo

log = logging.getLogger(__name__)

#: ``async def`` with an `UploadStream`, or ``def`` with an `UploadReader`.
Handler = Callable[[Any], Any]

Within = Callable[[], AbstractContextManager[object]]

#: Characters of what it raises that the page is told.
MAX_REASON = 300

#: Seconds that a function has to end at the end of the process.
LAST_SECONDS = 5.0

#: The threads that functions run in.
_threads: "dict[Consumer, threading.Thread]" = {}


class Consumer:
    """A function that uses the bytes of an upload, and what becomes of it.

    Parameters
    ----------
    info
        The upload.
    """

    def __init__(self, info: UploadInfo) -> None:
        self.pipe = Pipe()
        self.is_over = False
        self.error: BaseException | None = None
        self._on_over: Callable[[], object] = _ignore
        self._info = info
        self._result: Any = None
        self._is_cancelled = False
        self._stop: Callable[[], object] = self._close_pipe

    def start(self, handler: Handler, within: Within) -> None:
        """Call a function: a coroutine on this event loop, any other in a thread of its own.

        `within` makes a context in which it runs. Neither is kept: what is left of an upload may
        outlive its session.
        """
        if is_async(handler):
            loop = asyncio.get_running_loop()
            task = loop.create_task(self._run_async(handler, within))
            task.add_done_callback(lambda _: self._end())  # it may be cancelled before it has begun
            self._stop = partial(loop.call_soon_threadsafe, self._cancel, task)
        else:
            name = f"panel_chunked: {self._info.id}"
            run = copy_context().run
            args = [self._run, handler, within]
            thread = threading.Thread(target=run, args=args, name=name, daemon=True)
            _threads[self] = thread
            try:
                thread.start()
            except RuntimeError:  # there are too many
                del _threads[self]
                raise

    def when_over(self, call: Callable[[], object]) -> None:
        """Have it called when the function has ended, in some thread; at once if it has."""
        self._on_over = call
        if self.is_over:
            self._tell()

    def cancel(self) -> None:
        """Have the function end, by an exception that it may catch. Safe in any thread."""
        if not self.is_over:
            self._is_cancelled = True
            with suppress(RuntimeError):  # its event loop is closed
                self._stop()

    def _cancel(self, task: asyncio.Task[None]) -> None:
        task.cancel()  # first, or what it reads would raise something else
        self._close_pipe()

    def _close_pipe(self) -> None:
        self.pipe.close(UploadCancelledError("The upload was cancelled."))

    def outcome(self) -> Any:
        """Give what the function has returned.

        Raises
        ------
        UploadError
            ``refused`` or ``app_error``, if it has raised something.
        """
        if self.error is None:
            return self._result
        if isinstance(self.error, Refused):
            raise refusal_error(self.error)
        error = self.error
        # The text of an error of the system has paths on the server.
        text = (error.strerror or "") if isinstance(error, OSError) else str(error)
        reason = text.partition("\n")[0][:MAX_REASON].rstrip(". ")
        raise UploadError("app_error", f"The app could not use the file{reason and f': {reason}'}.")

    async def _run_async(self, handler: Handler, within: Within) -> None:
        try:
            with within():
                self._result = await handler(UploadStream(self._info, self.pipe))
        except BaseException as error:
            self._failed(error)
            if not isinstance(error, Exception | asyncio.CancelledError):
                raise
        finally:
            self._end()

    def _run(self, handler: Handler, within: Within) -> None:
        try:
            with within():
                self._result = handler(UploadReader(self._info, self.pipe))
            _check_result(self._result)
        except BaseException as error:
            self._failed(error)
        finally:
            self._end()
            _threads.pop(self, None)

    def _failed(self, error: BaseException) -> None:
        self.error = error
        if self._is_cancelled or isinstance(error, Refused):
            return
        if isinstance(error, asyncio.CancelledError):  # by the app, or at the end of the process
            text = "Upload %s of %r: the function that uses it was cancelled"
            log.warning(text, self._info.id, self._info.name)
        else:
            text = "Upload %s of %r: the function that uses it has failed"
            log.error(text, self._info.id, self._info.name, exc_info=error)

    def _end(self) -> None:
        if self.is_over:
            return
        self.is_over = True
        self.pipe.close(UploadCancelledError("The function that uses the upload has ended."))
        self._stop = _ignore
        self._tell()

    def _tell(self) -> None:
        call, self._on_over = self._on_over, _ignore  # nothing of a session is kept
        call()


def _check_result(result: object) -> None:
    """Raise TypeError for what has only been made, and has not run."""
    if inspect.iscoroutine(result):
        result.close()
        raise TypeError("A function that gives a coroutine has to be an async def itself.")
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise TypeError("A function that uses an upload cannot yield: it has to return.")


def _ignore() -> None:
    pass


def is_async(handler: Handler) -> bool:
    """Tell whether calling it gives a coroutine, as far as can be known before."""
    call = getattr(handler, "__call__", None)  # noqa: B004 (an object may have an async one)
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(call)


@atexit.register
def _end_threads() -> None:
    """Wake what waits for bytes: some libraries, pyarrow for one, hold the process until then."""
    threads = dict(_threads)
    for consumer in threads:
        consumer.cancel()
    deadline = time.monotonic() + LAST_SECONDS
    for thread in threads.values():
        thread.join(max(0.0, deadline - time.monotonic()))
