"""The least that can take a file: ``python -m tests.bench.bare PORT``.

The page is ``ts/bench/bare.ts``: over one WebSocket (``/socket.html``), with the reader of the
widget, or with HTTP PUTs (``/put.html``). What arrives is written to a file; that is all.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

from tests.bench.report import say_arrived

TS = Path(__file__).parents[2] / "ts"
MiB = 1024**2


class Arriving:
    """The one file that is uploaded."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "arrived.bin"
        self._file = os.open(self.path, os.O_CREAT | os.O_WRONLY)
        self._received = 0

    def write(self, data: bytes | memoryview, offset: int, size: int) -> None:
        os.pwrite(self._file, data, offset)
        self._received += len(data)
        if self._received == size:
            say_arrived(self.path)


class SocketHandler(WebSocketHandler):
    def initialize(self, arriving: Arriving) -> None:
        self._arriving = arriving
        self._offset = 0

    def open(self) -> None:
        self.set_nodelay(True)

    def on_message(self, message: str | bytes) -> None:
        assert isinstance(message, bytes)
        self._arriving.write(message, self._offset, int(self.get_query_argument("size")))
        self._offset += len(message)
        self.write_message(b"")


class PutHandler(RequestHandler):
    def initialize(self, arriving: Arriving) -> None:
        self._arriving = arriving

    def put(self) -> None:
        offset, size = (int(self.get_query_argument(name)) for name in ("offset", "size"))
        self._arriving.write(self.request.body, offset, size)


class PageHandler(RequestHandler):
    def initialize(self, script: str) -> None:
        self._script = script

    def get(self) -> None:
        self.write(f"<!doctype html><input type=file><script>{self._script}</script>")


def build_script(name: str, *options: str) -> str:
    esbuild = TS / "node_modules/.bin/esbuild"
    command = [esbuild, TS / "bench" / name, "--bundle", "--minify", *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


async def main(port: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shared: dict[str, Any] = {"arriving": Arriving(Path(folder))}
        handlers = [
            ("/socket", SocketHandler, shared),
            ("/put", PutHandler, shared),
            (r"/\w+\.html", PageHandler, {"script": build_script("bare.ts")}),
        ]
        Application(handlers, websocket_max_message_size=16 * MiB).listen(port, "127.0.0.1")  # type: ignore[arg-type]
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
