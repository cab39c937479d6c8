"""A slow link: ``python -m tests.bench.proxy LISTEN_PORT SERVER_PORT [--mbit N] [--delay ms]``.

In each direction, all connections share a token bucket; what has passed it arrives after the delay.
No more is read than the link carries, so what is sent too fast waits where it really would: in the
buffers of the sender's and this machine's sockets, whose sizes are the system's own.

Neither lost packets nor the slow start of TCP are modelled, and a connection opens at once. The
bytes counted are those of the streams, without the headers of packets.
"""

import argparse
import asyncio
import socket
from collections import deque
from contextlib import suppress

#: Mbit/s that stand for no cap: more than this process can pass on.
UNCAPPED = 20_000.0

#: Seconds of the rate that the bucket holds, for this process does not always run when it is due.
BURST = 0.02

#: Seconds of the rate that are read at once.
BLOCK = 0.002

#: Most bytes that are read at once.
MAX_BLOCK = 256 * 1024


class Link:
    """One direction of the link.

    Parameters
    ----------
    rate
        Bytes per second.
    delay
        Seconds.
    """

    def __init__(self, rate: float, delay: float) -> None:
        self.delay = delay
        self.block = min(MAX_BLOCK, int(rate * BLOCK))
        #: Bytes on the link at once: what its delay holds, and what has just passed the bucket.
        self.room = int(rate * (delay + BURST)) + self.block
        self._rate = rate
        self._free_at = 0.0  # when all that was taken has passed

    async def take(self, size: int) -> None:
        """Wait until `size` bytes have passed the bucket."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now - BURST) + size / self._rate
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)


class Stream:
    """The bytes of one connection in one direction."""

    def __init__(self, link: Link, source: socket.socket, target: socket.socket) -> None:
        self._link = link
        self._source = source
        self._target = target
        self._loop = asyncio.get_running_loop()
        self._under_way: deque[tuple[float, bytes]] = deque()
        self._held = 0
        self._changed = asyncio.Condition()

    async def carry(self) -> None:
        """Pass everything on, to the end of the stream."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read())
            group.create_task(self._write())

    async def _read(self) -> None:
        data = b"-"
        while data:
            data = await self._loop.sock_recv(self._source, self._link.block)
            await self._link.take(len(data))
            async with self._changed:
                self._under_way.append((self._loop.time() + self._link.delay, data))
                self._held += len(data)
                self._changed.notify_all()
                await self._changed.wait_for(lambda: self._held < self._link.room)

    async def _write(self) -> None:
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._under_way)
            due, data = self._under_way.popleft()
            await asyncio.sleep(due - self._loop.time())
            if not data:
                self._target.shutdown(socket.SHUT_WR)
                return
            await self._loop.sock_sendall(self._target, data)
            async with self._changed:
                self._held -= len(data)
                self._changed.notify_all()


async def connect(browser: socket.socket, server_port: int, up: Link, down: Link) -> None:
    loop = asyncio.get_running_loop()
    with browser, socket.socket() as server, suppress(ExceptionGroup, OSError):
        for end in (browser, server):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(server, ("127.0.0.1", server_port))
        async with asyncio.TaskGroup() as group:
            group.create_task(Stream(up, browser, server).carry())
            group.create_task(Stream(down, server, browser).carry())


async def serve(port: int, server_port: int, mbit: float, delay: float) -> None:
    up, down = (Link(mbit * 1e6 / 8, delay / 1000) for _ in range(2))
    connections = set()
    with socket.create_server(("127.0.0.1", port), backlog=128) as listening:
        listening.setblocking(False)
        while True:
            browser, _ = await asyncio.get_running_loop().sock_accept(listening)
            connection = asyncio.create_task(connect(browser, server_port, up, down))
            connections.add(connection)
            connection.add_done_callback(connections.discard)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("server_port", type=int)
    parser.add_argument("--mbit", type=float, default=UNCAPPED, help="Mbit/s in each direction")
    parser.add_argument("--delay", type=float, default=0, help="ms in each direction")
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.server_port, options.mbit, options.delay))
