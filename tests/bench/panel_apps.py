"""The contestants that are Panel apps: ``python -m tests.bench.panel_apps NAME PORT``.

With ``--callbacks`` behind that, every callback of the event loop is timed.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import panel as pn

from panel_chunked import ChunkedFileInput, DirectoryStore, UploadReader, UploadStream
from tests.bench.report import say, say_arrived

MiB = 1024**2
GiB = 1024**3


class LongestCallback:
    """How long the event loop was held by one callback at the most."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def watch(self) -> None:
        run = asyncio.Handle._run

        def timed(handle: asyncio.Handle) -> None:
            started = time.perf_counter()
            run(handle)
            self.seconds = max(self.seconds, time.perf_counter() - started)

        asyncio.Handle._run = timed  # type: ignore[method-assign]


longest = LongestCallback()


def ours(**options: Any) -> Any:
    upload = ChunkedFileInput(label="ours", **options)

    def arrived(event: Any) -> None:
        for file in event.new:
            say(arrived=file.size, longest_callback=longest.seconds)
            say(checksum=file.checksum)

    upload.param.watch(arrived, "files")
    return upload


def directory(*, durable: bool) -> Any:
    return ours(destination=DirectoryStore(tempfile.mkdtemp(), durable=durable))


async def _use(stream: UploadStream) -> None:
    _began(await stream.read(1))
    async for _ in stream:
        pass
    _ended()


def _use_in_thread(stream: UploadReader, rate: float | None = None) -> None:
    _began(stream.read(1))
    while data := stream.read(MiB // 4):
        if rate is not None:
            time.sleep(len(data) / rate)
    _ended()


def _began(_data: bytes) -> None:
    say(first_byte=time.time())


def _ended() -> None:
    say(arrived=True, at=time.time())


def streaming(handler: Callable[[Any], Any]) -> Any:
    return ChunkedFileInput(destination=handler)


def file_dropper() -> Any:
    dropper = pn.widgets.FileDropper()

    def arrived(event: Any) -> None:
        for data in event.new.values():
            say_arrived(data, longest_callback=longest.seconds)

    dropper.param.watch(arrived, "value")
    return dropper


def file_input() -> Any:
    return _with_value(pn.widgets.FileInput())


def material_ui() -> Any:
    import panel_material_ui as pmui

    return _with_value(pmui.FileInput())


def _with_value(widget: Any) -> Any:
    def arrived(event: Any) -> None:
        say_arrived(event.new, longest_callback=longest.seconds)

    widget.param.watch(arrived, "value")
    return widget


APPS: dict[str, Callable[[], Any]] = {
    "ours": ours,
    "directory": partial(directory, durable=False),
    "durable directory": partial(directory, durable=True),
    "many": partial(ChunkedFileInput, multiple=True),
    "coroutine": partial(streaming, _use),
    "function": partial(streaming, _use_in_thread),
    "slow function": partial(streaming, partial(_use_in_thread, rate=5_000_000)),
    "FileDropper": file_dropper,
    "FileInput": file_input,
    "panel-material-ui": material_ui,
}

#: With its defaults, the server closes the socket over a message of more than 20 MB.
RAISED = {"websocket_max_message_size": GiB, "http_server_kwargs": {"max_buffer_size": GiB}}


def page(name: str) -> Any:
    """Build the app; what building it costs does not count."""
    app = APPS[name]()
    pn.state.onload(lambda: setattr(longest, "seconds", 0.0))
    return app


if __name__ == "__main__":
    name, port, *options = sys.argv[1:]
    # FilePond asks for animation frames all the time, wherever it is loaded.
    pn.extension(*["filedropper"] * (name == "FileDropper"))
    if options == ["--callbacks"]:
        longest.watch()
    limits: dict[str, Any] = RAISED if name == "FileInput" else {}
    pn.serve({"app": lambda: page(name)}, port=int(port), show=False, **limits)
