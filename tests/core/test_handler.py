import errno
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes import HookedStore, files_below, info, raising

from panel_chunked.checksum import checksum
from panel_chunked.errors import UploadError, WrongChecksumError, WrongOffsetError
from panel_chunked.files import UploadedFile
from panel_chunked.handler import UploadHandler
from panel_chunked.limits import Limits
from panel_chunked.stores import DirectoryStore
from panel_chunked.upload import UploadInfo

pytestmark = pytest.mark.usefixtures("nothing_blocks")


class Devourer:
    """A store that offers only what it must."""

    offset = 0

    async def create(self, info: UploadInfo) -> "Devourer":
        return self

    async def append(self, data: bytes) -> None:
        self.offset += len(data)

    async def finish(self) -> UploadedFile:
        raise NotImplementedError

    def close(self) -> None:
        pass


async def write(handler: UploadHandler, offset: int, data: bytes) -> None:
    await handler.write(offset, data, checksum(data, handler.checksum))


async def write_all(handler: UploadHandler, data: bytes) -> None:
    await write(handler, 0, data)
    await handler.finish(handler.offset, handler.checksum)


@pytest.fixture
def handler(store: DirectoryStore) -> UploadHandler:
    return UploadHandler(info(size=8), store)


async def test_bytes_in_order_become_the_file(handler: UploadHandler, incoming: Path) -> None:
    await write(handler, 0, b"abcd")
    await write(handler, 4, b"efgh")
    file = await handler.finish(handler.offset, handler.checksum)
    assert file.path.read_bytes() == b"abcdefgh"
    assert files_below(incoming) == {"a.bin": b"abcdefgh"}


@pytest.fixture
async def other(handler: UploadHandler, store: DirectoryStore) -> UploadHandler:
    """Goes on with the upload of `handler`, which has been told so."""
    await write(handler, 0, b"abcd")
    await handler.let_go()
    other = await UploadHandler.resume(handler.info, store)
    with pytest.raises(UploadError) as raised:
        await write(handler, 4, b"late")
    assert raised.value.code == "taken_over"
    return other


async def test_upload_that_goes_on_elsewhere_is_left_there(
    handler: UploadHandler, other: UploadHandler, incoming: Path
) -> None:
    await handler.suspend()
    assert handler.state == "suspended"
    await write(other, 4, b"efgh")
    await other.finish(other.offset, other.checksum)
    assert files_below(incoming) == {"a.bin": b"abcdefgh"}


async def test_upload_that_goes_on_elsewhere_is_taken_back_with_the_next_bytes(
    handler: UploadHandler, other: UploadHandler, incoming: Path
) -> None:
    await other.let_go()
    await write(handler, 4, b"efgh")
    with pytest.raises(UploadError):
        await write(other, 4, b"late")
    await handler.finish(handler.offset, handler.checksum)
    assert files_below(incoming) == {"a.bin": b"abcdefgh"}


async def test_upload_that_is_taken_back_goes_on_behind_what_came_elsewhere(
    handler: UploadHandler, other: UploadHandler, incoming: Path
) -> None:
    await write(other, 4, b"ef")
    await other.let_go()
    with pytest.raises(WrongOffsetError):
        await handler.finish(8, 0)
    assert (handler.offset, handler.checksum) == (6, checksum(b"abcdef"))
    await write(handler, 6, b"gh")
    await handler.finish(handler.offset, handler.checksum)
    assert files_below(incoming) == {"a.bin": b"abcdefgh"}


@pytest.mark.parametrize("after", ["a pause", "another session"])
async def test_rate_counts_only_what_comes(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    clock = SimpleNamespace(now=100.0, monotonic=lambda: clock.now)
    monkeypatch.setattr("panel_chunked.handler.time", clock)
    handler = UploadHandler(of := info(size=2000), store)
    await write(handler, 0, bytes(1000))
    if after == "a pause":
        handler.pause(True)
        clock.now += 60
        handler.pause(False)
    else:
        await handler.suspend()
        handler = await UploadHandler.resume(of, store)
    clock.now += 10
    await write(handler, 1000, bytes(500))
    assert handler.snapshot().rate == 50


async def test_state_says_how_far_it_is(handler: UploadHandler) -> None:
    states = [handler.snapshot()]
    await write(handler, 0, b"abcd")
    states.append(handler.snapshot())
    await write(handler, 4, b"efgh")
    await handler.finish(handler.offset, handler.checksum)
    states.append(handler.snapshot())
    assert [(s.state, s.stored) for s in states] == [("queued", 0), ("running", 4), ("complete", 8)]


async def test_the_store_is_not_touched_before_the_first_byte(store: DirectoryStore) -> None:
    watched = HookedStore(store)
    await UploadHandler(info(size=8), watched).cancel()
    assert watched.steps == []


@pytest.mark.parametrize("offset", [0, 1, 3, 5, 8, 2**53 - 1])
async def test_a_chunk_that_belongs_elsewhere_is_not_written(
    handler: UploadHandler, incoming: Path, offset: int
) -> None:
    await write(handler, 0, b"abcd")
    with pytest.raises(WrongOffsetError):
        await write(handler, offset, b"XXXX")
    assert handler.offset == 4
    assert list(files_below(incoming).values()) == [b"abcd"]


async def test_nothing_is_written_past_the_end(handler: UploadHandler, incoming: Path) -> None:
    await write(handler, 0, b"abcd")
    with pytest.raises(UploadError) as error:
        await write(handler, 4, b"efghi")
    assert error.value.code == "over_size"
    assert list(files_below(incoming).values()) == [b"abcd"]


async def test_finish_before_the_last_byte_goes_on(handler: UploadHandler) -> None:
    await write(handler, 0, b"abcd")
    with pytest.raises(WrongOffsetError):
        await handler.finish(handler.offset, handler.checksum)
    await write(handler, 4, b"efgh")
    assert (await handler.finish(8, handler.checksum)).path.read_bytes() == b"abcdefgh"


async def test_finish_twice_gives_the_same_file(handler: UploadHandler) -> None:
    await write(handler, 0, b"abcdefgh")
    file = await handler.finish(8, handler.checksum)
    assert await handler.finish(8, handler.checksum) is file


async def test_a_file_of_zero_bytes_is_a_file(store: DirectoryStore) -> None:
    handler = UploadHandler(info(size=0), store)
    assert (await handler.finish(0, handler.checksum)).path.read_bytes() == b""


@pytest.mark.parametrize("failed", [True, False])
async def test_an_upload_that_ends_early_frees_what_is_stored(
    handler: UploadHandler, incoming: Path, failed: bool
) -> None:
    await write(handler, 0, b"abcd")
    if failed:
        error = UploadError("storage", "It broke.")
        await handler.fail(error)
        upload = handler.snapshot()
        assert (upload.state, upload.error, upload.error_code) == ("failed", str(error), "storage")
    else:
        await handler.cancel()
        assert (handler.snapshot().state, handler.snapshot().error) == ("cancelled", None)
    assert handler.ended
    assert files_below(incoming) == {}


@pytest.mark.parametrize("step", ["create", "append", "finish"])
async def test_an_error_of_the_storage_says_why_but_not_where(
    store: DirectoryStore, step: str
) -> None:
    error = OSError(errno.ENOSPC, "No space left on device", "/srv/secret/a.part")
    handler = UploadHandler(info(size=4), HookedStore(store, **{step: raising(error)}))
    with pytest.raises(UploadError, match="No space left on device") as refused:
        await write_all(handler, b"abcd")
    assert refused.value.code == "storage_full"
    assert "secret" not in refused.value.message


async def test_a_store_without_terminate_can_be_cancelled() -> None:
    handler = UploadHandler(info(size=8), Devourer())
    await write(handler, 0, b"abcd")
    await handler.cancel()
    assert handler.state == "cancelled"


async def test_bytes_that_cannot_be_freed_are_no_further_error(
    store: DirectoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    failing = HookedStore(store, terminate=raising(OSError(errno.EIO, "I/O error")))
    handler = UploadHandler(info(size=4), failing)
    await write(handler, 0, b"ab")
    await handler.cancel()
    assert handler.ended
    assert "could not be freed" in caplog.text


async def test_a_chunk_that_came_damaged_is_not_stored(incoming: Path) -> None:
    handler = UploadHandler(info(size=8), DirectoryStore(incoming))
    await write(handler, 0, b"abcd")
    with pytest.raises(WrongChecksumError):
        await handler.write(4, b"efgX", checksum(b"abcdefgh"))
    assert (handler.offset, handler.checksum) == (4, checksum(b"abcd"))
    await write(handler, 4, b"efgh")
    await handler.finish(8, checksum(b"abcdefgh"))
    assert files_below(incoming) == {"a.bin": b"abcdefgh"}


async def test_a_file_whose_checksum_is_another_is_not_complete(incoming: Path) -> None:
    handler = UploadHandler(info(size=4), DirectoryStore(incoming))
    await write(handler, 0, b"abcd")
    with pytest.raises(WrongChecksumError):
        await handler.finish(4, checksum(b"abcX"))
    assert handler.state == "running"
    assert "a.bin" not in files_below(incoming)
    await handler.cancel()


async def test_an_upload_goes_on_with_the_checksum_of_what_is_stored(incoming: Path) -> None:
    first = UploadHandler(info(size=8), DirectoryStore(incoming))
    await write(first, 0, b"abcd")
    await first.suspend()
    handler = await UploadHandler.resume(first.info, DirectoryStore(incoming))
    assert (handler.offset, handler.checksum) == (4, checksum(b"abcd"))
    await write(handler, 4, b"efgh")
    await handler.finish(8, checksum(b"abcdefgh"))


# A size that is not known before the end


async def test_a_file_of_unknown_size_has_what_came_when_it_is_finished(incoming: Path) -> None:
    handler = UploadHandler(info(size=None), DirectoryStore(incoming))
    await write(handler, 0, b"abcd")
    await write(handler, 4, b"ef")
    running = handler.snapshot()
    assert (running.size, running.stored, running.time_left) == (None, 6, None)
    file = await handler.finish(6, checksum(b"abcdef"))
    assert (handler.info.size, handler.snapshot().size, file.size) == (6, 6, 6)
    assert files_below(incoming) == {"a.bin": b"abcdef"}


@pytest.mark.parametrize("size", [0, 3, 5])
async def test_a_file_of_unknown_size_is_not_finished_while_bytes_are_missing(
    incoming: Path, size: int
) -> None:
    handler = UploadHandler(info(size=None), DirectoryStore(incoming))
    await write(handler, 0, b"abcd")
    with pytest.raises(WrongOffsetError):
        await handler.finish(size, handler.checksum)
    assert "a.bin" not in files_below(incoming)
    await handler.cancel()


async def test_a_file_of_unknown_size_is_refused_at_the_bytes_beyond_its_limit(
    incoming: Path,
) -> None:
    handler = UploadHandler(info(size=None), DirectoryStore(incoming))
    handler.check_size = Limits(max_file_size=6).check_size
    await write(handler, 0, b"abcdef")
    with pytest.raises(UploadError) as refused:
        await write(handler, 6, b"g")
    assert (refused.value.code, handler.offset) == ("file_too_large", 6)
    await handler.cancel()


async def test_a_file_of_unknown_size_is_found_with_its_size_once_it_is_whole(
    incoming: Path,
) -> None:
    store = DirectoryStore(incoming)
    first = UploadHandler(info(size=None), store)
    await write(first, 0, b"abcd")
    await first.suspend()
    begun = await store.find(first.info.id)
    assert begun is not None
    assert begun.size is None
    handler = await UploadHandler.resume(first.info, store)
    await write(handler, 4, b"efgh")
    await handler.finish(8, checksum(b"abcdefgh"))
    found = await store.find(first.info.id)
    assert found is not None
    assert found.size == 8
    again = await UploadHandler.resume(found, DirectoryStore(incoming))
    assert (again.offset, (await again.finish(8, checksum(b"abcdefgh"))).size) == (8, 8)


async def test_a_file_of_a_store_that_knows_no_size_has_one(incoming: Path) -> None:
    class Forgetful(Devourer):
        async def finish(self) -> UploadedFile:
            return UploadedFile(info(size=None), incoming)

    handler = UploadHandler(info(size=None), Forgetful())
    await write(handler, 0, b"abcd")
    assert (await handler.finish(4, handler.checksum)).size == 4
