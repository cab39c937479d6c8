"""A page without a browser, which sends over a real socket whatever a test says."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

from panel_chunked.checksum import checksum
from tests.bench.load import Browser

#: The file that is uploaded, as its checksums say.
DATA = b"abcdefghijkl"

#: Seconds after which what has not come never will.
PATIENCE = 20


class BarePage(Browser):
    """One connection of a page; `token` opens another one."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(memoryview(b""))
        self._port = urlsplit(url).port or 0
        self.token = token

    async def connect(self) -> None:
        await self.open(self._port, self.token)

    async def create(self, *files: dict[str, Any], batch: str = "b", more: bool = False) -> None:
        every = [facts(f"{batch}.{number}") | file for number, file in enumerate(files)]
        await self.say("create", page="page", batch=batch, files=every, more=more)

    async def begin(self, size: int, batch: str = "b", **others: Any) -> dict[str, Any]:
        """Announce a file, and give what the server says of it."""
        await self.create({"size": size} | others, batch=batch)
        return await self.hear("created")

    async def chunk(
        self, of: dict[str, Any], offset: int, data: bytes, attempt: int = 0, stored: int = -1
    ) -> None:
        """Send bytes; where not as a page does, with the checksum for behind what is `stored`."""
        before = DATA[: offset if stored < 0 else stored]
        which = {"id": of["id"], "attempt": attempt, "checksum": checksum(before + data)}
        await self.say("chunk", data, **which, offset=offset)

    async def finish(self, of: dict[str, Any], attempt: int = 0, data: bytes = DATA) -> None:
        all_of_it = {"size": len(data), "checksum": checksum(data)}
        await self.say("finish", id=of["id"], attempt=attempt, **all_of_it)

    async def hear(self, *kinds: str, of: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give the next message of one of these kinds, and pass over what is of other kinds."""
        async with asyncio.timeout(PATIENCE):
            async for message in self.heard:
                if message["kind"] in kinds and (of is None or message["id"] == of["id"]):
                    return message
        raise AssertionError("the socket was closed")

    async def nothing_else(self) -> list[dict[str, Any]]:
        """Give what came until the server has answered a question that is asked now."""
        came = []
        await self.say("remove", id="nobody")
        async with asyncio.timeout(PATIENCE):
            async for message in self.heard:
                if message == {"kind": "removed", "id": "nobody"}:
                    break
                if message["kind"] != "token":  # which comes from time to time
                    came.append(message)
        return came

    async def put(self, data: bytes, batch: str, **others: Any) -> dict[str, Any]:
        """Upload a file as a page does."""
        created = await self.begin(len(data), batch, **others)
        if data:
            await self.chunk(created, 0, data)
        await self.finish(created, data=data)
        await self.hear("complete", of=created)
        return created


def facts(key: str) -> dict[str, Any]:
    name = f"{key}.bin"
    return {"key": key, "name": name, "relative_path": name, "size": 1, "mime_type": ""}


@asynccontextmanager
async def bare_page(url: str, token: str = "", **options: Any) -> AsyncIterator[BarePage]:
    """Open a page with the given options, or another connection of the one with `token`."""
    page = BarePage(url, token or await asyncio.to_thread(_token, url, options))
    await page.connect()
    try:
        yield page
    finally:
        with suppress(Exception):  # the server may have closed it
            await page.close()


def _token(url: str, options: dict[str, Any]) -> str:
    with urlopen(f"{url}?options={quote(json.dumps(options))}") as response:
        (token,) = re.findall(r'"token":\s*"([^"]+)"', response.read().decode())
    return str(token)
