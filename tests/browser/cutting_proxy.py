"""A TCP proxy on this machine whose connections can be cut at any moment."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


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

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def cut(self) -> int:
        """Reset every connection, and give how many there were."""
        done = threading.Event()
        count = 0

        def reset() -> None:
            nonlocal count
            count = len(self._writers)
            for writer in self._writers:
                writer.transport.abort()
            done.set()

        self._loop.call_soon_threadsafe(reset)
        done.wait(10)
        return count

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
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._target)
        both = {writer, server_writer}
        self._writers |= both
        try:
            await asyncio.gather(
                self._copy(reader, server_writer, counted=True),
                self._copy(server_reader, writer, counted=False),
            )
        except (ConnectionError, asyncio.CancelledError):
            pass  # asyncio asks the task for its exception, and a cancelled one has none to give
        finally:
            self._writers -= both
            for it in both:
                it.transport.abort()

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counted: bool
    ) -> None:
        while data := await reader.read(65536):
            if counted:
                self.sent += len(data)
                if self.rate is not None:
                    await asyncio.sleep(len(data) / self.rate)
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()


@contextmanager
def cutting_proxy(target: int) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(target)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
