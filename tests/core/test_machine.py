"""Whatever happens to uploads, in any order: the right bytes, or an honest error.

Hypothesis plays pages that send, repeat, reorder and lose messages, go away and come back to other
sessions, two of which may want the same upload. Nothing here waits: files are written at once, and
the clock of the event loop moves on to what comes next.
"""

import asyncio
import selectors
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest
from fakes import Browser, FakePage, files_below, until_only_this_task_runs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from stored import join_deleting

from panel_chunked.checksum import checksum
from panel_chunked.lane import MAX_DAMAGED
from panel_chunked.protocol import VERSION, Ack, Complete, Created, Error, Removed, Resume
from panel_chunked.stores import DirectoryStore, TemporaryStore, temporary
from panel_chunked.stores.directory import DAY, PARTIALS
from panel_chunked.stores.partial import Partials

T = TypeVar("T")

#: Answers that say where an upload goes on, or that it does not.
ANSWERS = (Resume, Complete, Removed, Error)

#: Most of a kind in one run: more would only make it longer.
UPLOADS, SESSIONS = 2, 2


class Inline(ThreadPoolExecutor):
    """Works at once, so that a run goes the same way each time."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Impatient(selectors.DefaultSelector):
    """Moves the clock instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        events = super().select(0)
        if not events and timeout is None:
            raise RuntimeError("All wait, and nothing is to come.")
        self.now += 0 if events else timeout or 0
        return events


class TimelessLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = Impatient()
        super().__init__(self._clock)
        self.set_default_executor(Inline())

    def time(self) -> float:
        return self._clock.now


@dataclass(eq=False)
class Source:
    """A file that was picked, and what may become of it: `whole`, `gone`, or `either`."""

    data: bytes
    batch: str
    id: str = ""
    secret: str = ""
    fate: str = "whole"
    knows_size: bool = True  # before the end
    is_over_size: bool = False  # more was sent than it has
    damaged: int = 0  # chunks

    @property
    def key(self) -> str:
        return f"key of {self.batch}"

    def may_be_gone(self) -> None:
        if self.fate == "whole":
            self.fate = "either"

    def other_bytes(self, offset: int, size: int) -> bytes:
        """Give what is not in the file there."""
        return bytes(byte ^ 255 for byte in self.data[offset : offset + size])


class Holder:
    """A page with its session and its store, which may hold an upload."""

    def __init__(self, store: DirectoryStore) -> None:
        self.store = store
        self.page = FakePage(store)
        self.browser = Browser(self.page)
        self.session = self.browser.session
        self._sent: dict[str, tuple[int, int]] = {}  # attempt, and the end of what was sent in it

    def create(self, source: Source, name: str) -> None:
        start = len(self.page.sent)
        size = len(source.data) if source.knows_size else None
        facts = {"name": name, "relative_path": "", "size": size, "mime_type": ""}
        files = [{"key": source.key, **facts}]
        self.browser.send("create", page="page", batch=source.batch, files=files, more=False)
        created = [it for it in self.page.sent[start:] if isinstance(it, Created)]
        if created:  # without a secret, it has ended
            source.id, source.secret = created[0].id, created[0].secret or source.secret

    def hello(self, *sources: Source) -> None:
        known = [{"id": it.id, "secret": it.secret, "batch": it.batch} for it in sources]
        self.browser.send("hello", version=VERSION, page="page", uploads=known)
        for it in sources:  # what a page does that comes to a new session
            self.browser.send("create", page="page", batch=it.batch, files=[], more=False)

    def chunk(
        self,
        source: Source,
        offset: int,
        data: bytes,
        attempt: int | None = None,
        arriving: bytes | None = None,
    ) -> None:
        """Send bytes, of which others may arrive. All chunks are made here."""
        current = self.attempt(source)
        if attempt is None:
            attempt = current
        if attempt == current:
            end = max(self.position(source), offset + len(data))
            self._sent[source.id] = attempt, end
        message = {"id": source.id, "attempt": attempt, "offset": offset, "data": arriving or data}
        known = checksum(data, checksum(source.data[:offset]))
        self.browser.send("chunk", checksum=known, **message)

    def abort(self, source: Source) -> None:
        self.browser.send("abort", id=source.id, secret=source.secret)

    def finish(self, source: Source) -> None:
        message = {"id": source.id, "attempt": self.attempt(source), "size": len(source.data)}
        self.browser.send("finish", checksum=checksum(source.data), **message)

    def attempt(self, source: Source) -> int:
        return self.browser.attempt(source.id)

    def start(self, source: Source) -> int:
        """Give where the session has said last that the upload goes on."""
        kinds = (Created, Resume)
        said = [it for it in self.page.sent if isinstance(it, kinds) and it.id == source.id]
        return said[-1].offset if said else 0

    def position(self, source: Source) -> int:
        """Give what comes next, if nothing is lost."""
        attempt, end = self._sent.get(source.id, (-1, 0))
        return end if attempt == self.attempt(source) else self.start(source)

    def has_all(self, source: Source) -> bool:
        return self.position(source) >= len(source.data)


offsets = st.integers(0, 60)
chunk_sizes = st.integers(1, 16)
holders = st.sampled_from([-1, 0])  # the newest, or the one before
names = st.sampled_from(["a.bin", "b.bin"])


class Transfers(RuleBasedStateMachine):
    uploads = Bundle("uploads")

    def __init__(self) -> None:
        super().__init__()
        self.loop = TimelessLoop()
        self.root = Path(tempfile.mkdtemp())
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(tempfile, "tempdir", str(self.root))
        self.patch.setattr(temporary, "_home", temporary._Home())
        self.sources: list[Source] = []
        self.pages: list[FakePage] = []  # of all sessions that there ever were
        self.holders: list[Holder] = []

    @initialize(is_temporary=st.booleans())
    def begin(self, is_temporary: bool) -> None:
        self.is_temporary = is_temporary
        self.run(self.open_session())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def act(self, work: Callable[..., object], *args: Any, **kwargs: Any) -> None:
        async def call() -> None:
            work(*args, **kwargs)

        self.run(call())

    async def open_session(self) -> None:
        store = DirectoryStore(self.root / "in", durable=False)
        self.holders.append(Holder(TemporaryStore() if self.is_temporary else store))
        self.pages.append(self.holders[-1].page)

    async def close_session(self, which: int) -> None:
        holder = self.holders.pop(which)
        await holder.session.close()
        if isinstance(holder.store, TemporaryStore):
            for source in self.sources:
                path = self.path(source)
                if path is not None and path.is_relative_to(holder.store.root):
                    source.may_be_gone()
            holder.store.close()

    # What happens

    @precondition(lambda self: len(self.sources) < UPLOADS)
    @rule(
        target=uploads,
        name=names,
        size=st.integers(0, 60),
        stored=st.integers(0, 30),
        knows_size=st.booleans(),
    )
    def create(self, name: str, size: int, stored: int, knows_size: bool) -> Any:
        number, holder = len(self.sources), self.holders[-1]
        data = Random(number).randbytes(size)
        source = Source(data, f"batch {number}", knows_size=knows_size)
        self.act(holder.create, source, name)
        self.sources.append(source)
        if not source.id:
            return multiple()
        if stored and size:
            self.act(holder.chunk, source, 0, source.data[:stored])
            self.pause(0.01)
        return source

    @rule(source=uploads, which=holders, sizes=st.lists(chunk_sizes, min_size=1, max_size=3))
    def next_chunks(self, source: Source, which: int, sizes: list[int]) -> None:
        holder = self.holders[which]
        for size in sizes:
            offset = holder.position(source)
            if data := source.data[offset : offset + size]:
                self.act(holder.chunk, source, offset, data)

    @rule(source=uploads, which=holders, offset=offsets, size=chunk_sizes)
    def chunk_from_anywhere(self, source: Source, which: int, offset: int, size: int) -> None:
        """A gap, an overlap, or by accident what comes next."""
        if data := source.data[offset : offset + size]:
            self.act(self.holders[which].chunk, source, offset, data)

    @rule(source=uploads, which=holders, part=st.floats(0, 1), size=chunk_sizes)
    def other_chunk_for_what_was_sent(
        self, source: Source, which: int, part: float, size: int
    ) -> None:
        holder = self.holders[which]
        offset = int(part * holder.position(source))
        if offset < holder.position(source):
            self.act(holder.chunk, source, offset, source.other_bytes(offset, size))

    @rule(source=uploads, which=holders, offset=offsets, size=chunk_sizes, before=st.integers(1, 3))
    def late_chunk(self, source: Source, which: int, offset: int, size: int, before: int) -> None:
        """It is of an earlier attempt, and of the file as it was before it was changed."""
        holder = self.holders[which]
        attempt = holder.attempt(source) - before
        offset = holder.start(source) if offset > 20 else offset
        if attempt >= 0 and (data := source.other_bytes(offset, size)):
            self.act(holder.chunk, source, offset, data, attempt)

    @rule(source=uploads, which=holders, size=chunk_sizes)
    def damaged_chunk(self, source: Source, which: int, size: int) -> None:
        holder = self.holders[which]
        offset = holder.position(source)
        if data := source.data[offset : offset + size]:
            source.damaged += 1
            if source.damaged >= MAX_DAMAGED:
                source.may_be_gone()
            other = source.other_bytes(offset, size)
            self.act(holder.chunk, source, offset, data, arriving=other)

    @rule(source=uploads, which=holders, size=st.integers(1, 4))
    def chunk_beyond_the_size(self, source: Source, which: int, size: int) -> None:
        if not source.knows_size:
            return  # it would be another file
        holder = self.holders[which]
        source.is_over_size = True
        source.may_be_gone()
        offset = holder.position(source)
        self.act(holder.chunk, source, offset, source.data[offset:] + b"x" * size)

    @rule(source=uploads, which=holders, times=st.integers(1, 2))
    def finish(self, source: Source, which: int, times: int) -> None:
        """At the end, too early, or once more."""
        for _ in range(times):
            self.act(self.holders[which].finish, source)

    @rule(source=uploads, which=holders, knows_it=st.booleans())
    def come_back(self, source: Source, which: int, knows_it: bool) -> None:
        """The connection was lost, and is back; so may be the answer to `create`."""
        holder = self.holders[which]
        batch = holder.session._underway.batches.get(source.batch)
        if knows_it or batch is None or source.key not in batch.handlers:
            self.act(holder.hello, source)
        else:
            self.act(holder.create, source, "a.bin")

    @rule(closes=st.sampled_from([False, False, True]), seconds=st.sampled_from([0, 3.0]))
    def restart(self, closes: bool, seconds: float) -> None:
        """Begin a new session, which the page goes to; the old one may live on beside it."""
        if closes or len(self.holders) == SESSIONS:
            self.run(self.close_session(0))
        self.run(self.open_session())
        self.act(self.holders[-1].hello, *[it for it in self.sources if it.id])
        self.pause(seconds)

    @rule(source=uploads, which=holders, removes=st.booleans())
    def cancel(self, source: Source, which: int, removes: bool) -> None:
        """Before it is complete, or after that, with or without the page knowing."""
        holder = self.holders[which]
        if removes and not holder.page.all(Complete, id=source.id):
            return  # the page does not offer that
        if len(self.holders) == 1 and not removes and source.fate == "whole":
            source.fate = "gone"
        source.may_be_gone()
        if removes:
            self.act(holder.browser.remove, source.id)
        else:
            self.act(holder.abort, source)

    @rule(turns=st.integers(1, 12))
    def turn(self, turns: int) -> None:
        """Let all go on, but not to the end."""

        async def take() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)

        self.run(take())

    @rule(seconds=st.sampled_from([0.01, 0.6, 3.0]))
    def pause(self, seconds: float) -> None:
        """Let all go on, and perhaps let go. Nothing has expired."""
        self.run(asyncio.sleep(seconds))
        self.holders[-1].store.sweep()

    @rule(source=uploads)
    def go_on_to_the_end(self, source: Source) -> None:
        self.run(self.recover(source))

    # What must hold

    @invariant()
    def all_is_well(self) -> None:
        self.no_wrong_file()
        self.nothing_is_lost()
        self.apps_hear_of_each_file_once()

    def no_wrong_file(self) -> None:
        """What is not whole is the beginning of its source; what is whole is one."""
        sources = {source.id: source for source in self.sources}
        whole: dict[int, bytes] = {}  # two sessions may each have a link to a temporary file
        for name, data in files_below(self.root).items():
            path = Path(name)
            if path.parent.name != PARTIALS:
                whole[(self.root / name).stat().st_ino] = data
            elif path.suffix == ".part":
                assert sources[path.stem].data.startswith(data), "wrong bytes are stored"
            else:
                assert path.suffix == ".wanted", name
        expected = Counter(source.data for source in self.sources)
        assert Counter(whole.values()) <= expected, "a wrong or second file"

    def nothing_is_lost(self) -> None:
        """What was acknowledged is stored, whoever asks; what is called complete is whole."""
        for source in self.sources:
            said = [it for page in self.pages for it in page.all(Ack, id=source.id)]
            acked = max((it.offset for it in said), default=0)
            is_complete = any(page.all(Complete, id=source.id) for page in self.pages)
            if source.fate == "whole":
                stored = self.stored(source)
                assert stored is not None or not (acked or is_complete), "lost"
                assert len(stored or b"") >= acked, "acknowledged, and not stored"
                assert not is_complete or stored == source.data, "complete, and not whole"

    def apps_hear_of_each_file_once(self) -> None:
        for page in self.pages:
            complete = {message.id for message in page.all(Complete)}
            picked = [file for files in page.picked for file in files]
            assert len({id(file) for file in picked}) == len(picked) <= len(complete)

    def stored(self, source: Source) -> bytes | None:
        path = self.path(source)
        return path.read_bytes() if path is not None else None

    def path(self, source: Source) -> Path | None:
        folder = temporary._home.path() if self.is_temporary else self.root / "in"
        record = Partials(folder / PARTIALS, DAY).find(source.id)
        if record is None:
            return None
        return Path(record.path or folder / PARTIALS / f"{source.id}.part")

    async def recover(self, source: Source) -> Complete | Removed | Error:
        """Do what an honest page does: ask where to go on, and go on from there."""
        holder = self.holders[-1]
        sent, start = holder.page.sent, len(holder.page.sent)

        def answers() -> list[Resume | Complete | Removed | Error]:
            return [it for it in sent[start:] if isinstance(it, ANSWERS) and it.id == source.id]

        holder.hello(source)
        for _ in range(20):
            await holder.page.until(answers)
            answer, start = answers()[-1], len(sent)
            if isinstance(answer, Complete):
                return answer
            if isinstance(answer, Removed):
                assert source.fate != "whole", "nobody has cancelled it"
                return answer
            if isinstance(answer, Error):
                if answer.code != "taken_over":
                    self.check_honest(source, answer)
                    return answer
                holder.hello(source)
            else:
                if rest := source.data[answer.offset :]:
                    holder.chunk(source, answer.offset, rest)
                holder.finish(source)
        raise AssertionError("asked for again and again")

    def check_honest(self, source: Source, error: Error) -> None:
        if error.code == "over_size":
            assert source.is_over_size
        elif error.code == "checksum_mismatch":
            assert source.damaged >= MAX_DAMAGED
        else:
            # The other is said by a session that has let go of what is gone since.
            assert error.code in ("unknown_upload", "storage"), error
            assert self.stored(source) is None or source.fate != "whole", error
            assert self.stored(source) is None or error.code == "unknown_upload", error

    def teardown(self) -> None:
        try:
            if self.holders:
                self.run(self.end())
        finally:
            self.patch.undo()
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()
            shutil.rmtree(self.root, ignore_errors=True)

    async def end(self) -> None:
        """Have every upload end, and look at what is there."""
        while len(self.holders) > 1:
            await self.close_session(0)
        await asyncio.sleep(1)  # what was cancelled last is still deleted
        complete = await self.recover_all()
        self.all_is_well()
        if self.is_temporary:
            join_deleting()
        whole = Counter(source.data for source in complete)
        files = [file for file in self.holders[0].session.files if file.path.exists()]
        assert Counter(file.read() for file in files) == whole
        assert Counter(files_below(self.root).values()) == whole, "something is left"
        records = {path.stem for path in self.root.rglob(f"{PARTIALS}/*.json")}
        if not self.is_temporary:  # where it tells of a file that is gone, until it expires
            assert records == {source.id for source in complete}
        await self.close_session(0)
        await until_only_this_task_runs()
        if self.is_temporary:
            whole.clear()
        assert Counter(files_below(self.root).values()) == whole

    async def recover_all(self) -> list[Source]:
        """Give those that are complete in the end."""
        complete = []
        for source in self.sources:
            if source.id and isinstance(await self.recover(source), Complete):
                assert source.fate != "gone", "cancelled, and complete"
                # Another session may have deleted it, or taken its temporary files along.
                file = self.holders[0].session._files.get(source.id)
                assert file is not None
                if source.fate == "whole" or file.path.exists():
                    complete.append(source)
        await asyncio.sleep(30)
        assert self.holders[0].session.idle
        return complete


TestTransfers = Transfers.TestCase
TestTransfers.settings = settings(deadline=None, max_examples=100, stateful_step_count=40)
