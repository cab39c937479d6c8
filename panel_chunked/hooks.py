"""What an app does when an upload begins and when it ends."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import param

from .channel import Channel
from .errors import Refused, UploadError
from .files import UploadedFile
from .names import safe_name
from .stores.consumer import is_async
from .upload import Upload, UploadInfo

log = logging.getLogger(__name__)

Callback = Callable[[Any], Any]


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
            ``refused`` if it does not; ``app_error`` if a callback raises anything but `Refused`.
        """
        for callback in self.accept:
            try:
                name = await _call(channel, callback, info)
                info = info if name is None else _renamed(info, name)
            except Refused as refusal:
                raise UploadError("refused", str(refusal)) from None
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

        It is called with the upload, whose `error` says why. What the page itself refuses, Python
        does not hear of.
        """
        self._upload_hooks.fail.append(callback)


def tell(channel: Channel, callbacks: list[Callback], about: object) -> None:
    """Call the callbacks as Panel calls those of an event."""
    for callback in callbacks:
        call = partial(callback, about)
        if is_async(callback):
            call = partial(_start, call)
        channel.run(call)


def _start(call: Callback) -> None:
    run: Any = param.parameterized.async_executor  # type: ignore[attr-defined]  # Panel's
    run(call)


async def _call(channel: Channel, callback: Callback, argument: object) -> Any:
    """Call as Panel does, and give the answer."""
    if is_async(callback):
        with channel.within():
            return await callback(argument)
    answer: Future[Any] = Future()
    channel.run(partial(_answer, answer, callback, argument))
    return await asyncio.wrap_future(answer)


def _answer(answer: "Future[Any]", callback: Callback, argument: object) -> None:
    try:
        answer.set_result(callback(argument))
    except Exception as error:
        answer.set_exception(error)


def _renamed(info: UploadInfo, name: object) -> UploadInfo:
    if not isinstance(name, str):
        raise TypeError(f"on_accept is to return a name or None, not {name!r}.")
    *folders, _ = info.relative_path.split("/")
    name = safe_name(name)
    return replace(info, name=name, relative_path="/".join([*folders, name]))
