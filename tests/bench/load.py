"""Many uploads at once: ``python -m tests.bench.load [--clients N] [--size MB] [--rounds N]``.

The browsers are coroutines of this process that speak Bokeh's protocol and ours, as BokehJS and the
widget do. First all of them open the page, then all of them upload. The server is new each time.
"""

import argparse
import asyncio
import hashlib
import json
import logging
import os
import re
import statistics
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import panel as pn
import psutil
from bokeh.util.token import generate_jwt_token, generate_session_id
from tornado.web import RequestHandler
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from panel_chunked import ChunkedFileInput
from panel_chunked.checksum import checksum
from panel_chunked.frames import HEAD_SIZE
from panel_chunked.protocol import VERSION
from tests.bench.chromium import wait_until
from tests.bench.throughput import Server, save, serving

MB = 1000**2
CHUNK_SIZE = 256 * 1024
MIN_CHUNK_SIZE = 64 * 1024

#: Bytes that a browser has on their way at most.
WINDOW = 2 * 1024**2

#: Browsers that open the page at the same time.
OPENING = 8


@dataclass
class Figures:
    """What one round gave; memory is what the server has grown by since all pages were open."""

    clients: int
    size_mb: int
    whole: int
    memory_mb: float
    lag_p50_ms: float
    lag_p99_ms: float
    lag_max_ms: float
    median_seconds: float
    slowest_seconds: float
    slowest_to_median: float
    mb_per_second: float


COLUMNS = {
    "whole": "files that are whole",
    "memory_mb": "server memory, MB more",
    "lag_p50_ms": "event loop late by, p50 ms",
    "lag_p99_ms": "event loop late by, p99 ms",
    "lag_max_ms": "event loop late by, at most ms",
    "median_seconds": "median upload, s",
    "slowest_seconds": "slowest upload, s",
    "slowest_to_median": "slowest to median",
    "mb_per_second": "MB/s over all",
}


# The server: ``--serve PORT``


class Facts(RequestHandler):
    """Tells what the server has seen."""

    lag: list[float] = []  # noqa: RUF012 (there is one server)
    files: list[str] = []  # noqa: RUF012

    def get(self) -> None:
        status = Path("/proc/self/status").read_text("ascii")
        peak = int(re.findall(r"VmHWM:\s*(\d+)", status)[0]) * 1024
        memory = psutil.Process().memory_info().rss
        if self.get_query_argument("begin", ""):
            Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak is forgotten
        self.write({"lag": self.lag, "files": self.files, "memory": memory, "peak": peak})


async def watch_lag() -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + 0.01
        await asyncio.sleep(0.01)
        Facts.lag.append(loop.time() - due)


def page() -> ChunkedFileInput:
    # What is measured is the way to the disk: no app reads the files into memory here.
    upload = ChunkedFileInput(value_limit=0)
    upload.param.watch(lambda e: Facts.files.extend(str(f.path) for f in e.new), "files")
    return upload


def serve(port: int) -> None:
    logging.getLogger("bokeh").setLevel(logging.ERROR)  # all pages just leave at the end
    facts = [("/facts", Facts)]
    server = pn.serve({"app": page}, port=port, show=False, start=False, extra_patterns=facts)
    server.io_loop.add_callback(watch_lag)
    server.start()
    server.io_loop.start()


def ask(server: Server, query: str = "") -> dict[str, Any]:
    with urlopen(f"http://localhost:{server.port}/facts{query}") as answer:
        return dict(json.load(answer))


def ask_when_arrived(server: Server, count: int) -> dict[str, Any]:
    wait_until(lambda: len(ask(server)["files"]) >= count, 60)
    return ask(server)


def checksums(paths: list[str]) -> set[str]:
    return {hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths}


# The browsers


class Browser:
    """A page that shows the widget.

    Parameters
    ----------
    data
        The file that it uploads.
    """

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._attempt = 0
        self._sent = 0
        self._stored = 0
        self._granted = 0
        self._checksum = 0
        self._told: list[dict[str, Any]] = []

    async def open(self, port: int, token: str = "") -> None:
        """Open a page, or with a token another connection of one."""
        token = token or generate_jwt_token(generate_session_id())
        self._socket = await connect(
            f"ws://localhost:{port}/app/ws",
            subprotocols=[Subprotocol("bokeh"), Subprotocol(token)],
            compression=None,
            max_size=None,
            ping_interval=None,
        )
        await self._receive("ACK")
        await self._send("PULL-DOC-REQ", {})
        document = await self._receive("PULL-DOC-REPLY")
        name = r'"name":\s*"panel\.models\.esm\.ReactiveESM",\s*"id":\s*"(\w+)"'
        (self._model,) = re.findall(name, document)
        welcome = await self.hello()
        self._token = welcome["token"]
        self.heard = self._hear()

    async def upload(self) -> float:
        """Upload the file and give the seconds that it took."""
        started = time.perf_counter()
        size = len(self._data)
        facts = {"name": "a.bin", "relative_path": "a.bin", "size": size, "mime_type": ""}
        files = [{"key": "a", **facts}]
        await self.say("create", page="page", batch="b", files=files, more=False)
        async for message in self.heard:
            match message["kind"]:
                case "created" | "resume":
                    self._attempt = message["attempt"]
                    self._sent = message["offset"]
                    self._checksum = message["checksum"]
                    self._granted = 0
                case "complete":
                    break
                case "error":
                    raise RuntimeError(message["message"])
            if "grant" in message:
                self._stored = message["offset"]
                self._granted = max(self._granted, message["offset"] + message["grant"])
                await self._send_chunks(message["id"])
        return time.perf_counter() - started

    async def close(self) -> None:
        await self._socket.close()

    async def _send_chunks(self, upload_id: str) -> None:
        size = len(self._data)
        which = {"id": upload_id, "attempt": self._attempt}
        while self._sent < size:
            wanted = min(CHUNK_SIZE, size - self._sent)
            end = min(self._sent + wanted, self._granted, self._stored + WINDOW)
            if end - self._sent < min(wanted, MIN_CHUNK_SIZE):
                return
            offset, self._sent = self._sent, end
            data = self._data[offset:end]
            self._checksum = checksum(data, self._checksum)
            which["checksum"] = self._checksum
            await self.say("chunk", **which, offset=offset, data=data)
            if end == size:
                await self.say("finish", **which, size=size)

    async def hello(self, *uploads: dict[str, str]) -> dict[str, Any]:
        """Say hello in a message of Bokeh, and give the answer."""
        known = [_map(upload) for upload in uploads]
        hello = _map({"kind": "hello", "version": VERSION, "page": "page", "uploads": known})
        event = _map({"model": {"id": self._model}, "data": hello})
        data = {"type": "event", "name": "data_event", "values": event}
        sent = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": data}
        await self._send("PATCH-DOC", {"events": [sent]})
        return await self.told("welcome")

    async def told(self, *kinds: str) -> dict[str, Any]:
        """Give the next message of one of these kinds that comes in a message of Bokeh."""
        while True:
            while self._told:
                answer = self._told.pop(0)
                if answer["kind"] in kinds:
                    return answer
            for event in json.loads(await self._receive("PATCH-DOC"))["events"]:
                if event["kind"] == "MessageSent":
                    values = dict(event["msg_data"]["values"]["entries"])
                    self._told.append(dict(values["data"]["entries"]))

    async def say(self, kind: str, data: bytes | memoryview | None = None, **fields: Any) -> None:
        """Send a message in a frame of its own."""
        head = self._token + json.dumps({"kind": kind, **fields})
        if data is None:
            await self._socket.send(head)
        else:
            await self._socket.send(head.ljust(HEAD_SIZE).encode() + data)

    async def _hear(self) -> AsyncIterator[dict[str, Any]]:
        """Give what the widget is told."""
        async for frame in self._socket:
            if isinstance(frame, str) and frame.startswith(self._token):
                yield json.loads(frame.removeprefix(self._token))

    # Messages of Bokeh

    async def _send(self, kind: str, content: Any) -> None:
        for part in ({"msgid": "0", "msgtype": kind}, {}, content):
            await self._socket.send(json.dumps(part))

    async def _receive(self, wanted: str) -> str:
        """Give the content of the next message that is of the kind `wanted`."""
        while True:
            header = json.loads(await self._socket.recv())
            buffers = header.get("num_buffers", 0)
            _, content, *_ = [await self._socket.recv() for _ in range(2 + 2 * buffers)]
            if header["msgtype"] == "ERROR":
                raise RuntimeError(content)
            if header["msgtype"] == wanted:
                return str(content)


def _map(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "map", "entries": list(values.items())}


async def upload_all(
    server: Server, browsers: list[Browser]
) -> tuple[list[float], dict[str, Any], dict[str, Any], set[str]]:
    """Give the seconds of each upload, what the server saw before and after, and checksums."""
    opening = asyncio.Semaphore(OPENING)

    async def open_page(browser: Browser) -> None:
        async with opening:
            await browser.open(server.port)

    await asyncio.gather(*map(open_page, browsers))
    before = await asyncio.to_thread(ask, server, "?begin=1")
    seconds = await asyncio.gather(*(browser.upload() for browser in browsers))
    after = await asyncio.to_thread(ask_when_arrived, server, len(browsers))
    arrived = await asyncio.to_thread(checksums, after["files"])
    await asyncio.gather(*(browser.close() for browser in browsers))
    return seconds, before, after, arrived


# What is measured


def measure(clients: int, size: int) -> Figures:
    """Upload a file of `size` MB in each of `clients` pages."""
    random = memoryview(os.urandom(size * MB + clients))
    files = [random[i : i + size * MB] for i in range(clients)]
    sent = {hashlib.sha256(file).hexdigest() for file in files}
    with serving((sys.executable, "-m", "tests.bench.load", "--serve", "{port}")) as server:
        browsers = [Browser(file) for file in files]
        seconds, before, after, arrived = asyncio.run(upload_all(server, browsers))
    lag = [1000 * late for late in after["lag"][len(before["lag"]) :]]
    percentiles = statistics.quantiles(lag, n=100, method="inclusive")
    median, slowest = statistics.median(seconds), max(seconds)
    return Figures(
        clients,
        size,
        whole=len(sent & arrived),
        memory_mb=(after["peak"] - before["memory"]) / MB,
        lag_p50_ms=percentiles[49],
        lag_p99_ms=percentiles[98],
        lag_max_ms=max(lag),
        median_seconds=median,
        slowest_seconds=slowest,
        slowest_to_median=slowest / median,
        mb_per_second=clients * size / slowest,
    )


def table(figures: list[Figures]) -> str:
    """Give the medians, and between what they lie, as a Markdown table."""
    lines = ["| | median | lowest | highest |", "|---|---|---|---|"]
    for column, title in COLUMNS.items():
        values = [getattr(f, column) for f in figures]
        cells = [f"{v:.4g}" for v in (statistics.median(values), min(values), max(values))]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--size", type=int, default=20, help="MB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    figures = []
    for _ in range(options.rounds):
        figures.append(measure(options.clients, options.size))
        print(figures[-1], flush=True)
    print(f"\n{options.clients} uploads of {options.size} MB at once, {options.rounds} times:\n")
    print(table(figures))
    save("load", figures)


if __name__ == "__main__":
    main()
