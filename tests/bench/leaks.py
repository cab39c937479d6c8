"""What many uploads leave behind: ``python -m tests.bench.leaks [--uploads N]``.

One server; pages that come and go, some at a time, each of which uploads files one after the other:
whole ones, empty ones, some that are cancelled, some that fail, and some that are left. What the
server has is counted when no page is open: before, after the first half, and after all of them.
"""

import argparse
import asyncio
import gc
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle
from typing import Any
from urllib.request import urlopen

import panel as pn
import psutil
from tornado.web import RequestHandler

from panel_chunked import ChunkedFileInput, UploadedFile
from panel_chunked.checksum import checksum
from panel_chunked.handler import UploadHandler
from panel_chunked.lane import Lane
from panel_chunked.session import Session
from tests.bench import load
from tests.bench.throughput import Server, save, serving

KB = 1000

#: Pages at the same time, and uploads of each.
PAGES, UPLOADS = 8, 10

#: Uploads before anything is counted: what is loaded once, and kept, is no leak.
WARM_UP = 100

#: Seconds for which what is over may still be there.
PATIENCE = 60

DATA = bytes(200 * KB)

KINDS = ["whole", "whole", "empty", "cancelled", "failed", "whole"]

#: What must not be there when no page is.
KEPT = (Lane, UploadHandler, Session, UploadedFile, ChunkedFileInput)


@dataclass
class Figures:
    """What the server has after so many uploads."""

    uploads: int
    tasks: int
    handles: int
    threads: int
    memory_mb: float
    objects: dict[str, int]


# The server: ``--serve PORT``


class Facts(RequestHandler):
    def get(self) -> None:
        gc.collect()
        live = [type(it) for it in gc.get_objects() if isinstance(it, KEPT)]
        self.write(
            {
                "tasks": len(asyncio.all_tasks()),
                "handles": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 (no paths needed)
                "threads": threading.active_count(),
                "memory_mb": psutil.Process().memory_info().rss / 1e6,
                "objects": {kind.__name__: live.count(kind) for kind in KEPT},
            }
        )


def page() -> ChunkedFileInput:
    return ChunkedFileInput(multiple=True)


def serve(port: int) -> None:
    for name in ("bokeh", "panel_chunked"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # uploads fail, and pages are left
    server = pn.serve(
        {"app": page},
        port=port,
        show=False,
        start=False,
        extra_patterns=[("/facts", Facts)],
        unused_session_lifetime_milliseconds=500,
        check_unused_sessions_milliseconds=200,
    )
    server.start()
    server.io_loop.start()


# The pages


class Page(load.Browser):
    """A page that uploads several files, whatever becomes of them."""

    def __init__(self) -> None:
        super().__init__(memoryview(DATA))

    async def run(self, port: int, kinds: Iterable[str]) -> None:
        await self.open(port)
        for number, kind in enumerate(kinds):
            await self._upload(f"{number}", kind)
        await self.close()

    async def _upload(self, key: str, kind: str) -> None:
        data = b"" if kind == "empty" else DATA
        facts = {"name": "a.bin", "relative_path": "a.bin", "mime_type": "", "size": len(data)}
        await self.say("create", page="page", batch=key, files=[{"key": key, **facts}], more=False)
        upload_id = (await self._next("created"))["id"]
        which = {"id": upload_id, "attempt": 0}
        if kind == "failed":
            data += b"too much"
        elif kind in ("cancelled", "left"):
            data = data[: len(data) // 2]
        if data:
            await self.say("chunk", **which, offset=0, checksum=checksum(data), data=data)
        if kind == "cancelled":
            await self.say("abort", id=upload_id)
        elif kind in ("whole", "empty"):
            await self.say("finish", **which, size=len(data), checksum=checksum(data))
        wanted = {"cancelled": "removed", "failed": "error", "left": "ack"}
        await self._next(wanted.get(kind, "complete"))

    async def _next(self, kind: str) -> dict[str, Any]:
        async for message in self.heard:
            if message["kind"] == kind:
                return message
            if message["kind"] == "error":
                raise RuntimeError(message["message"])
        raise RuntimeError("the connection is lost")


async def upload(port: int, count: int) -> None:
    """Upload `count` files. The last one of each page is left."""
    kinds = cycle(KINDS)
    pages = [[*(next(kinds) for _ in range(UPLOADS - 1)), "left"] for _ in range(count // UPLOADS)]
    places = asyncio.Semaphore(PAGES)

    async def run(kinds: list[str]) -> None:
        async with places:
            await Page().run(port, kinds)

    await asyncio.gather(*map(run, pages))


# What is measured


def look(server: Server, uploads: int) -> Figures:
    """Count once all pages are gone."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with urlopen(f"http://localhost:{server.port}/facts") as answer:
            figures = Figures(uploads, **json.load(answer))
        if not any(figures.objects.values()) or time.monotonic() > deadline:
            return figures
        time.sleep(0.5)


def measure(uploads: int) -> list[Figures]:
    with serving((sys.executable, "-m", "tests.bench.leaks", "--serve", "{port}")) as server:
        asyncio.run(upload(server.port, WARM_UP))
        figures = [look(server, 0)]
        for half in (1, 2):
            asyncio.run(upload(server.port, uploads // 2))
            figures.append(look(server, half * uploads // 2))
    return figures


def table(figures: list[Figures]) -> str:
    lines = ["| uploads | tasks | handles | threads | memory MB | objects |", "|---" * 6 + "|"]
    for f in figures:
        objects = ", ".join(f"{count} {name}" for name, count in f.objects.items())
        lines.append(
            f"| {f.uploads} | {f.tasks} | {f.handles} | {f.threads} | {f.memory_mb:.1f} "
            f"| {objects} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uploads", type=int, default=1000)
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    figures = measure(options.uploads)
    print(f"\nWith no page open, before, halfway and after, behind {WARM_UP} uploads:\n")
    print(table(figures))
    save("leaks", figures)


if __name__ == "__main__":
    main()
