"""A TCP proxy on this machine whose connections can be cut, or fall silent, at any moment."""

import asyncio
import math
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

#: Bytes that are passed on at once, at most.
BLOCK = 65536


class CuttingProxy:
    """Passes bytes on to a port of this machine, on an event loop of its own."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self.sent = 0  # bytes from the browser
        self.refusing = False
        self.refused = 0  # connections
        self.rate: float | None = None  # bytes per second from the browser, on each connection
        self.cut_at: int | None = None  # refuse from this byte from the browser on
        self.damaging = 0  # blocks from the browser, by a bit each
        self.dropping = False  # what comes from the server
        self.dropped = 0  # bytes
        self._gates: set[asyncio.Event] = set()
        self._most = math.inf  # bytes from the browser
        self._more = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def cut(self) -> int:
        """Reset every connection, and give how many there were."""
        count = 0

        def reset() -> None:
            nonlocal count
            count = len(self._writers)
            self._reset()

        self._run(reset)
        return count

    def hold(self) -> None:
        """Pass nothing more on by the connections that there are, and close none."""
        self._run(lambda: [gate.clear() for gate in self._gates])

    def release(self) -> None:
        """Pass on what was held."""
        self._run(lambda: [gate.set() for gate in self._gates])

    def allow(self, most: float = math.inf) -> None:
        """Pass on no more than so many further bytes from the browser."""

        def allow() -> None:
            self._most = self.sent + most
            self._more.set()
            self._more.clear()

        self._run(allow)

    def _run(self, work: Callable[[], object]) -> None:
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (work(), done.set()))
        assert done.wait(10)

    def _reset(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def start(self) -> None:
        ready = threading.Event()

        def run() -> None:
            asyncio.set_event_loop(self._loop)
            listening = asyncio.start_server(self._connect, "127.0.0.1", 0)
            self._server = self._loop.run_until_complete(listening)
            self.port = self._server.sockets[0].getsockname()[1]
            ready.set()
            self._loop.run_forever()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        ready.wait(10)

    def stop(self) -> None:
        self.cut()
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            self.refused += 1
            writer.transport.abort()
            return
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except ConnectionError:  # there is no server at the moment
            writer.transport.abort()
            return
        both = {writer, server_writer}
        self._writers |= both
        gate = asyncio.Event()
        gate.set()
        self._gates.add(gate)
        try:
            await asyncio.gather(
                self._copy(reader, server_writer, gate, self._from_browser),
                self._copy(server_reader, writer, gate, self._from_server),
            )
        except (ConnectionError, asyncio.CancelledError):
            pass  # asyncio asks the task for its exception, and a cancelled one has none to give
        finally:
            self._gates.discard(gate)
            self._writers -= both
            for it in both:
                it.transport.abort()

    async def _copy(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        gate: asyncio.Event,
        passed: Callable[[bytes], Awaitable[bytes]],
    ) -> None:
        while data := await reader.read(BLOCK):
            await gate.wait()
            writer.write(await passed(data))
            await writer.drain()
            if self.cut_at is not None and self.sent == self.cut_at:
                self.cut_at, self.refusing = None, True
                self._reset()
        with suppress(OSError):
            writer.write_eof()

    async def _from_browser(self, data: bytes) -> bytes:
        if self.cut_at is not None:
            data = data[: self.cut_at - self.sent]
        while self.sent + len(data) > self._most:
            await self._more.wait()
        self.sent += len(data)
        if self.damaging and len(data) == BLOCK:
            self.damaging -= 1
            middle = BLOCK // 2
            data = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        if self.rate is not None:
            await asyncio.sleep(len(data) / self.rate)
        return data

    async def _from_server(self, data: bytes) -> bytes:
        if not self.dropping:
            return data
        self.dropped += len(data)
        return b""


@contextmanager
def cutting_proxy(target: int, rate: float | None = None) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(target)
    proxy.rate = rate
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
