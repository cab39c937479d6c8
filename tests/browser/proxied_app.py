"""The app behind a proxy that takes little: ``python -m tests.browser.proxied_app PORT LIMIT``.

Like many a gateway, the proxy closes the connection when a WebSocket message from the browser has
more than LIMIT bytes.
"""

import asyncio
import socket
import sys

import panel as pn

from tests.browser.pages import page

HEADER_END = b"\r\n\r\n"


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


async def copy_frames(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int
) -> None:
    """Pass WebSocket frames on (RFC 6455, section 5.2) until a message is too large."""
    message = 0
    while True:
        head = await reader.readexactly(2)
        size = head[1] & 127
        if size >= 126:
            extended = await reader.readexactly(2 if size == 126 else 8)
            head, size = head + extended, int.from_bytes(extended)
        message += size
        if message > limit:
            return
        if head[0] & 128:  # the last frame of the message
            message = 0
        writer.write(head + await reader.readexactly(4 + size))  # 4: the mask
        await writer.drain()


async def connect(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, limit: int
) -> None:
    server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
    request = await reader.readuntil(HEADER_END)
    server_writer.write(request)
    down = asyncio.create_task(copy(server_reader, writer))
    try:
        if b"upgrade: websocket" in request.lower():
            await copy_frames(reader, server_writer, limit)
        else:
            await copy(reader, server_writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        server_writer.close()
        writer.close()
        down.cancel()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    port, limit = map(int, sys.argv[1:])
    pn.extension(reconnect=True)
    inner = free_port()
    server = pn.serve(
        {"app": page},
        port=inner,
        show=False,
        start=False,
        websocket_origin=[f"localhost:{port}"],
    )
    server.start()

    async def start_proxy() -> None:
        await asyncio.start_server(lambda r, w: connect(r, w, inner, limit), "127.0.0.1", port)

    server.io_loop.add_callback(start_proxy)
    server.io_loop.start()
