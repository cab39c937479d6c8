"""What an app does when an upload begins and when it ends."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import param

from .background import answer
from .channel import Channel
from .errors import Refused, UploadError, refusal_error
from .files import UploadedFile
from .names import safe_name
from .stores.consumer import is_async
from .upload import Upload, UploadInfo

log = logging.getLogger(__name__)

Callback = Callable[[Any], Any]

#: Calls that may wait for their turn, for one page, until no failure is told any more.
MAX_NEWS = 1000


@dataclass
class Hooks:
    """The callbacks of one widget, functions or coroutine functions."""

    accept: list[Callback] = field(default_factory=list)
    start: list[Callback] = field(default_factory=list)
    complete: list[Callback] = field(default_factory=list)
    fail: list[Callback] = field(default_factory=list)

    async def ask(self, channel: Channel, info: UploadInfo) -> UploadInfo:
        """Ask whether the app takes an upload, and under what name.

        Raises
        ------
        UploadError
            ``refused`` if it does not; ``app_error`` if it may be tried again, or if a callback
            raises anything but `Refused`.
        """
        for callback in self.accept:
            try:
                name = await _call(channel, callback, info)
                info = info if name is None else _renamed(info, name)
            except Refused as refusal:
                raise refusal_error(refusal) from None
            except Exception as error:
                log.exception("Upload %s of %r: on_accept has failed", info.id, info.name)
                text = "The app could not tell whether it takes the file."
                raise UploadError("app_error", text) from error
        return info


class Callbacks:
    """The methods of a widget that take them."""

    _upload_hooks: Hooks

    def on_accept(self, callback: Callable[[UploadInfo], Any]) -> None:
        """Call a function, or a coroutine function, before an upload is accepted.

        Parameters
        ----------
        callback
            It is called with what is known of the file, once that keeps all limits. To refuse it,
            it raises `Refused` with a text for the person who uploads; to have it stored under
            another name, it returns that name, else None.
        """
        self._upload_hooks.accept.append(callback)

    def on_start(self, callback: Callable[[Upload], Any]) -> None:
        """Call a function, or a coroutine function, when the first byte of an upload has come."""
        self._upload_hooks.start.append(callback)

    def on_complete(self, callback: Callable[[UploadedFile], Any]) -> None:
        """Call a function, or a coroutine function, when an upload is complete."""
        self._upload_hooks.complete.append(callback)

    def on_fail(self, callback: Callable[[Upload], Any]) -> None:
        """Call a function, or a coroutine function, when an upload is refused or fails.

        It is called with the upload, whose `error` says why; not of more than a thousand that wait
        to be told, as a hostile page could have. What the page itself refuses, Python
        does not hear of.
        """
        self._upload_hooks.fail.append(callback)


class News:
    """What the app is still to be told by callbacks, as Panel calls those of an event.

    It is kept here, not in what Panel schedules: Bokeh holds that for a while after it was called,
    and with it a file.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callback, object]] = deque()
        self._is_logged = False

    def tell(self, channel: Channel, callbacks: list[Callback], about: object) -> None:
        """Have callbacks called, each by itself: one that raises holds up no other."""
        for callback in callbacks:
            self._waiting.append((callback, about))
            channel.run(self._tell_next)

    def tell_of_failure(self, channel: Channel, callbacks: list[Callback], about: object) -> None:
        """Have callbacks called, unless too much waits: a browser may have no end of failures."""
        if len(self._waiting) < MAX_NEWS:
            self.tell(channel, callbacks, about)
        elif not self._is_logged:
            self._is_logged = True
            log.warning("The app is not told of all failures: more than %s calls wait.", MAX_NEWS)

    def _tell_next(self) -> None:
        callback, about = self._waiting.popleft()
        if is_async(callback):
            run: Any = param.parameterized.async_executor  # type: ignore[attr-defined]  # Panel's
            run(partial(callback, about))
        else:
            callback(about)


async def _call(channel: Channel, callback: Callback, argument: object) -> Any:
    """Call as Panel does, and give the answer."""
    if is_async(callback):
        with channel.within():
            return await callback(argument)
    done: Future[Any] = Future()
    channel.run(partial(answer, done, partial(callback, argument)))
    return await asyncio.wrap_future(done)


def _renamed(info: UploadInfo, name: object) -> UploadInfo:
    if not isinstance(name, str) or not name:
        raise TypeError(f"on_accept is to return a name or None, not {name!r}.")
    *folders, _ = info.relative_path.split("/")
    name = safe_name(name)
    return replace(info, name=name, relative_path="/".join([*folders, name]))
