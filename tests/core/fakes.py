"""What stands around a session in these tests: a page, a browser, and stores that misbehave."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from panel_chunked import protocol
from panel_chunked.checksum import checksum
from panel_chunked.credit import Pool
from panel_chunked.files import UploadedFile
from panel_chunked.limits import Limits
from panel_chunked.protocol import (
    Complete,
    Created,
    Error,
    RecordingState,
    Removed,
    Resume,
    ServerMessage,
)
from panel_chunked.session import Session
from panel_chunked.settings import Settings
from panel_chunked.stores import Store, stream
from panel_chunked.stores.directory import PARTIALS
from panel_chunked.upload import Upload, UploadInfo

M = TypeVar("M", bound=ServerMessage)


ids = itertools.count(1)


def info(name: str = "a.bin", *, size: int | None = 0, path: str = "", id: str = "") -> UploadInfo:
    upload_id = id or f"upload{next(ids)}"
    return UploadInfo(upload_id, name, path or name, size, "application/octet-stream", name)


class Checksums:
    """Those of what a page has sent: of each upload, up to the end of each chunk."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], int] = {}
        self._ends: dict[str, int] = {}

    def chunk(self, upload_id: str, offset: int, data: bytes) -> int:
        before = 0 if offset == 0 else self._known.get((upload_id, offset))
        known = checksum(data, before or 0)
        if before is not None:
            self.learn(upload_id, offset + len(data), known)
        return known

    def learn(self, upload_id: str, end: int, known: int) -> None:
        self._known.setdefault((upload_id, end), known)  # other bytes come later, if ever
        self._ends[upload_id] = max(end, self._ends.get(upload_id, 0))

    def end(self, upload_id: str) -> int:
        return self._ends.get(upload_id, 0)

    def file(self, upload_id: str) -> int:
        return self._known.get((upload_id, self.end(upload_id)), 0)


class Signals:
    """Lets a test wait until something is so, however often it changes."""

    #: Seconds after which what has not happened never will, so that a failing test ends.
    patience = 10.0

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def changed(self) -> None:
        self._changed.set()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(self.patience):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


class FakePage(Signals):
    """Records what a session sends and tells."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.now = Settings(Limits(), store, multiple=True)
        self.sent: list[ServerMessage] = []
        self.picked: list[list[UploadedFile]] = []
        self.settled_calls = 0
        self.progressed_calls = 0
        self.deleted_ids: list[str] = []
        self.recording_states: list[RecordingState] = []
        self.told: list[tuple[str, Upload | UploadedFile]] = []
        self.heard_pages: list[str] = []
        self.while_settling: Callable[[], Awaitable[object]] | None = None

    def settings(self) -> Settings:
        return self.now

    def allow(self, **changes: Any) -> None:
        self.now = replace(self.now, **changes)

    def welcome(self) -> ServerMessage:
        return protocol.Welcome(protocol.VERSION, "socket", 4, 16, None)

    def heard(self, page: str) -> None:
        self.heard_pages.append(page)

    def send(self, message: ServerMessage, page: str | None = None) -> None:
        self.sent.append(message)
        self.changed()

    def progressed(self) -> None:
        self.progressed_calls += 1
        self.changed()

    async def settled(self, picked: list[UploadedFile]) -> None:
        if self.while_settling is not None:
            await self.while_settling()
        self.settled_calls += 1
        if picked:
            self.picked.append(picked)
        self.changed()

    def recorded(self, state: RecordingState) -> None:
        self.recording_states.append(state)

    def deleted(self, upload_id: str) -> None:
        self.deleted_ids.append(upload_id)

    def started(self, upload: Upload) -> None:
        self.told.append(("started", upload))
        self.changed()

    def completed(self, file: UploadedFile) -> None:
        self.told.append(("completed", file))
        self.changed()

    def failed(self, upload: Upload) -> None:
        self.told.append(("failed", upload))
        self.changed()

    def all(self, kind: type[M], **fields: Any) -> list[M]:
        """Give what was sent of `kind`, as far as it has these fields."""
        return [
            message
            for message in self.sent
            if isinstance(message, kind)
            and all(getattr(message, name) == value for name, value in fields.items())
        ]

    async def next(self, kind: type[M], **fields: Any) -> M:
        """Wait for the first such message, sent already or not."""
        await self.until(lambda: self.all(kind, **fields))
        return self.all(kind, **fields)[0]


class Browser:
    """Sends what a browser sends, or worse."""

    def __init__(self, page: FakePage, session: Session | None = None, name: str = "page") -> None:
        self.page = page
        self.name = name
        self.memory = Pool(10**9)
        self.checksums = Checksums()
        self.session = session or Session(page, self.memory)

    def send(self, kind: str, **fields: Any) -> None:
        self.session.receive({"kind": kind, **fields})

    def hello(self, *uploads: str) -> None:
        known = [{"id": it, "secret": self.secret(it), "batch": "b"} for it in uploads]
        self.send("hello", version=protocol.VERSION, page=self.name, uploads=known)

    def secret(self, upload_id: str) -> str:
        """Give the secret of an upload that this page was told of, or a wrong one."""
        told = [m.secret for m in self.page.sent if isinstance(m, Created) and m.id == upload_id]
        return next((secret for secret in told if secret), "wrong")

    def attempt(self, upload_id: str) -> int:
        """Give the attempt that the server has asked for last."""
        asked = [m for m in self.page.sent if isinstance(m, Created | Resume) and m.id == upload_id]
        return asked[-1].attempt if asked else 0

    def create(
        self, *sizes: int | None, batch: str = "b", more: bool = False, **facts: Any
    ) -> list[str]:
        """Announce files ``f0``, ``f1`` …; give the ids of those that the server has taken."""
        start = len(self.page.sent)
        files = [
            {"key": f"{batch}.f{i}", "name": f"f{i}.bin", "relative_path": "", "mime_type": ""}
            | {"size": size}
            | facts
            for i, size in enumerate(sizes)
        ]
        self.send("create", page=self.name, batch=batch, files=files, more=more)
        return [m.id for m in self.page.sent[start:] if isinstance(m, Created)]

    def chunk(self, upload_id: str, offset: int, data: bytes, **fields: Any) -> None:
        self._learn(upload_id)
        fields = {"checksum": self.checksums.chunk(upload_id, offset, data)} | fields
        attempt = self.attempt(upload_id)
        self.send("chunk", id=upload_id, attempt=attempt, offset=offset, data=data, **fields)

    def finish(self, upload_id: str, **fields: Any) -> None:
        self._learn(upload_id)
        sizes = self.checksums
        fields = {"size": sizes.end(upload_id), "checksum": sizes.file(upload_id)} | fields
        self.send("finish", id=upload_id, attempt=self.attempt(upload_id), **fields)

    def _learn(self, upload_id: str) -> None:
        for told in self.page.sent:
            if isinstance(told, Created | Resume) and told.id == upload_id:
                self.checksums.learn(upload_id, told.offset, told.checksum)

    def abort(self, upload_id: str) -> None:
        self.send("abort", id=upload_id, secret=self.secret(upload_id))

    def remove(self, upload_id: str) -> None:
        self.send("remove", id=upload_id)

    def transfer(self, upload_id: str, data: bytes, chunk_size: int = 4) -> None:
        for offset in range(0, len(data), chunk_size):
            self.chunk(upload_id, offset, data[offset : offset + chunk_size])
        self.finish(upload_id)

    async def upload(self, data: bytes, **facts: Any) -> str:
        """Upload one file and wait until the app has heard of it."""
        (upload_id,) = self.create(len(data), **facts)
        settled = self.page.settled_calls
        self.transfer(upload_id, data)
        await self.page.next(Complete, id=upload_id)
        await self.page.until(lambda: self.page.settled_calls > settled)
        return upload_id

    async def resume(self, upload_id: str) -> Resume:
        return await self.page.next(Resume, id=upload_id)

    async def error(self, **fields: Any) -> Error:
        return await self.page.next(Error, **fields)

    async def removed(self, upload_id: str) -> Removed:
        return await self.page.next(Removed, id=upload_id)

    async def idle(self) -> None:
        """Wait until nothing runs and the app has heard of it."""
        await self.page.until(lambda: self.session.idle)
        await until_only_this_task_runs()


async def until_only_this_task_runs() -> None:
    """Wait until all other tasks are done; one that never ends fails the test."""
    async with asyncio.timeout(10):
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)


Hook = Callable[[], Awaitable[None]]


class Gate:
    """A hook that holds a store at one step until the test opens it."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self) -> None:
        self.reached.set()
        await self.opened.wait()


def raising(error: Exception) -> Hook:
    async def fail() -> None:
        raise error

    return fail


class HookedStore:
    """A real store, with something that happens before one of its steps."""

    def __init__(self, store: Store, **hooks: Hook) -> None:
        self._store = store
        self.hooks = hooks
        self.steps: list[str] = []

    async def before(self, step: str) -> None:
        self.steps.append(step)
        if step in self.hooks:
            await self.hooks[step]()

    async def create(self, info: UploadInfo) -> "HookedUpload":
        await self.before("create")
        return HookedUpload(self, await self._store.create(info))


class HookedUpload:
    def __init__(self, store: HookedStore, stored: Any) -> None:
        self._store = store
        self._stored = stored

    @property
    def offset(self) -> int:
        return int(self._stored.offset)

    async def append(self, data: bytes) -> None:
        await self._store.before("append")
        await self._stored.append(data)

    async def finish(self) -> UploadedFile:
        await self._store.before("finish")
        file: UploadedFile = await self._stored.finish()
        if "finished" in self._store.hooks:
            await self._store.hooks["finished"]()
        return file

    async def terminate(self) -> None:
        await self._store.before("terminate")
        await self._stored.terminate()


def cancel_streams() -> None:
    """End every function that uses an upload, whether its page may come back or not."""
    for waiting in list(stream._streams.values()):
        waiting.cancel()


def files_below(folder: Path) -> dict[str, bytes]:
    """Give the content of every file by its path inside `folder`, but for records of uploads."""
    with suppress(FileNotFoundError):
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not (path.parent.name == PARTIALS and path.suffix == ".json")
        }
    return {}
