"""The contestants: Panel apps that say on standard output, in JSON lines, what arrived.

Run as ``python -m tests.bench.servers NAME PORT``.
"""

import asyncio
import hashlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import panel as pn

GiB = 1024**3


def say(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def ours() -> Any:
    from panel_chunked import ChunkedFileInput

    upload = ChunkedFileInput(label="ours")

    def arrived(event: Any) -> None:
        for file in event.new:
            say(arrived=file.size, longest_callback=longest.seconds)
            say(checksum=file.checksum)

    upload.param.watch(arrived, "files")
    return upload


def file_dropper() -> Any:
    dropper = pn.widgets.FileDropper()

    def arrived(event: Any) -> None:
        for data in event.new.values():
            say(arrived=len(data), longest_callback=longest.seconds)
            say(checksum="sha256:" + hashlib.sha256(data).hexdigest())

    dropper.param.watch(arrived, "value")
    return dropper


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

APPS: dict[str, Callable[[], Any]] = {"ours": ours, "FileDropper": file_dropper}


def page(name: str) -> Any:
    """Build the app; what building it costs does not count."""
    app = APPS[name]()
    pn.state.onload(lambda: setattr(longest, "seconds", 0.0))
    return app


if __name__ == "__main__":
    name, port = sys.argv[1:]
    pn.extension("filedropper")
    longest.watch()
    pn.serve({"app": lambda: page(name)}, port=int(port), show=False)
