"""What no page of ours sends: wrong offsets, sizes, names, junk; over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.core.fakes import files_below
from tests.core.test_names import assert_valid_everywhere

from .bare_page import DATA, BarePage, bare_page
from .server import Server

Open = Callable[..., AbstractAsyncContextManager[BarePage]]


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    return tmp_path / "in"


@pytest.fixture
def open_page(shared: Server, incoming: Path) -> Open:
    return partial(bare_page, shared.url, destination=str(incoming), multiple=True)


@pytest.fixture
async def bare(open_page: Open) -> AsyncIterator[BarePage]:
    async with open_page() as page:
        yield page


async def stored(folder: Path) -> dict[str, bytes]:
    return await asyncio.to_thread(files_below, folder)


async def test_the_same_offset_again_with_other_bytes_is_not_mixed(
    bare: BarePage, incoming: Path
) -> None:
    created = await bare.begin(12, name="a.bin")
    await bare.chunk(created, 0, b"abcdef")
    await bare.hear("ack")
    await bare.chunk(created, 0, b"XXXXXX", stored=6)
    resume = await bare.hear("resume")
    assert resume["offset"] == 6
    await bare.chunk(created, 6, b"ghijkl", resume["attempt"])
    await bare.finish(created, resume["attempt"])
    await bare.hear("complete")
    assert await stored(incoming) == {"a.bin": DATA}


async def test_of_two_tabs_that_send_the_same_upload_one_has_it(
    open_page: Open, incoming: Path
) -> None:
    async with open_page() as one, open_page() as other:
        created = await one.begin(12, name="a.bin")
        await one.chunk(created, 0, b"abcdef")
        await one.hear("ack")
        await other.hello({"id": created["id"], "secret": created["secret"], "batch": "b"})
        resume = await other.told("resume")
        assert resume["offset"] == 6
        await one.chunk(created, 6, b"XXXXXX")
        assert (await one.hear("error"))["code"] == "taken_over"
        await other.chunk(created, 6, b"ghijkl", resume["attempt"])
        await other.finish(created, resume["attempt"])
        await other.hear("complete")
    assert await stored(incoming) == {"a.bin": DATA}


async def test_a_late_chunk_of_an_old_connection_is_dropped(
    bare: BarePage, open_page: Open, incoming: Path
) -> None:
    created = await bare.begin(12, name="a.bin")
    await bare.chunk(created, 0, b"abcdef")
    await bare.hear("ack")
    async with open_page(bare.token) as new:
        await new.hello({"id": created["id"], "secret": created["secret"], "batch": "b"})
        resume = await new.told("resume")
        await bare.chunk(created, 6, b"XXXXXX")  # from before
        await bare.finish(created)
        assert await bare.nothing_else() == []
        await new.chunk(created, 6, b"ghijkl", resume["attempt"])
        await new.finish(created, resume["attempt"])
        await new.hear("complete")
    assert await stored(incoming) == {"a.bin": DATA}


@pytest.mark.parametrize("offset", [3, 7], ids=["overlap", "gap"])
async def test_a_gap_or_an_overlap_is_answered_with_the_right_offset(
    bare: BarePage, incoming: Path, offset: int
) -> None:
    created = await bare.begin(12, name="a.bin")
    await bare.chunk(created, 0, b"abcdef")
    await bare.chunk(created, offset, b"XXXX", stored=6)
    resume = await bare.hear("resume")
    assert (resume["offset"], resume["attempt"]) == (6, 1)
    await bare.chunk(created, 6, b"ghijkl", 1)
    await bare.finish(created, 1)
    await bare.hear("complete")
    assert await stored(incoming) == {"a.bin": DATA}


async def test_more_bytes_than_declared_are_refused(bare: BarePage, incoming: Path) -> None:
    good, bad = await bare.begin(12, "good", name="a.bin"), await bare.begin(6, "bad")
    await bare.chunk(bad, 0, b"abcd")
    await bare.chunk(bad, 4, b"efg")
    assert (await bare.hear("error", of=bad))["code"] == "over_size"
    await bare.finish(bad)
    assert (await bare.hear("error", of=bad))["code"] == "unknown_upload"
    await bare.chunk(good, 0, DATA)
    await bare.finish(good)
    await bare.hear("complete", of=good)
    assert await stored(incoming) == {"a.bin": DATA}


async def test_finish_too_early_and_from_two_connections_at_once(
    bare: BarePage, open_page: Open, incoming: Path
) -> None:
    created = await bare.begin(12, name="a.bin")
    await bare.finish(created)
    resume = await bare.hear("resume")
    assert resume["offset"] == 0
    await bare.chunk(created, 0, DATA, resume["attempt"])
    async with open_page(bare.token) as other:
        await asyncio.gather(
            *(page.finish(created, resume["attempt"]) for page in (bare, other, bare))
        )
        await bare.hear("complete")
        assert {it["kind"] for it in await bare.nothing_else()} <= {"ack", "complete"}
        await bare.finish(created, resume["attempt"])
        await bare.hear("complete")
    assert await stored(incoming) == {"a.bin": DATA}


NAMES = [
    *("../../evil", "/etc/passwd", "C:\\evil.ini", "a\0b", "a\nb", "a\u202eb", "\u2066"),
    *("ü" * 150, "CON", "con.txt", ".hidden", "...", "..", "", "a/../../b"),
]


async def test_whatever_the_name_the_file_stays_in_the_destination(
    bare: BarePage, incoming: Path
) -> None:
    for number, name in enumerate(NAMES):
        await bare.put(b"x", f"b{number}", name=name, relative_path=f"../{name}")
    files = await stored(incoming)
    assert len(files) == len(NAMES)
    for path in files:
        for part in path.split("/"):
            assert_valid_everywhere(part)
    assert {path.split("/")[0] for path in await stored(incoming.parent)} == {"in"}


BAD_SIZES = [-1, 2**53 + 1, 1.5, float("nan"), float("inf"), "5", [], True, 2**70]


async def test_sizes_that_are_none_are_refused_and_others_arrive(
    bare: BarePage, incoming: Path
) -> None:
    for number, size in enumerate(BAD_SIZES):
        await bare.create({"size": size}, batch=f"bad{number}")
        assert (await bare.hear("created", "error"))["kind"] == "error", size
    assert (await bare.begin(2**53 - 1, "huge"))["kind"] == "created"  # the disk may have room
    for size in (0, 1, 65536):
        await bare.put(bytes(size), f"good{size}", name=f"{size}.bin")
    sizes = {name: len(data) for name, data in (await stored(incoming)).items()}
    assert sizes == {"0.bin": 0, "1.bin": 1, "65536.bin": 65536}


JUNK: list[tuple[str, dict[str, Any]]] = [
    ("nonsense", {}),
    ("finish", {}),
    ("finish", {"id": 5, "attempt": 0}),
    ("finish", {"id": "a", "attempt": -1}),
    ("create", {"page": "p", "batch": "b", "files": "all", "more": False}),
    ("create", {"page": "p", "batch": "b", "files": [{}], "more": False}),
    ("create", {"page": "p", "batch": "x" * 19_000_000, "files": [], "more": False}),
    ("hello", {"version": "1", "page": None, "uploads": {}}),
]


async def test_messages_that_are_none_are_refused_one_by_one(
    bare: BarePage, open_page: Open, shared: Server, incoming: Path
) -> None:
    logged = len(shared.log.read_text())
    for kind, fields in JUNK:
        await bare.say(kind, **fields)
        answer = await bare.hear("error")
        assert answer["code"] == "bad_message"
        assert len(answer["message"]) < 500
    async with open_page() as stranger:
        created = await stranger.begin(1)
        await bare.finish(created)
        assert (await bare.hear("error"))["code"] == "unknown_upload"
    await bare.put(DATA, "good", name="a.bin")
    assert await stored(incoming) == {"a.bin": DATA}
    log = shared.log.read_text()[logged:]
    assert log.count("bad upload message") == 1
    assert "Traceback" not in log


async def test_100_000_creates_leave_memory_flat_and_the_session_alive(
    bare: BarePage, shared: Server, incoming: Path
) -> None:
    process = psutil.Process(shared.pid)
    files = [{"name": f"{number}.bin"} for number in range(1000)]
    for number in range(4):  # as many as may wait, and what Python takes once
        await bare.create(*files, batch=f"a{number}")
        await bare.nothing_else()
    before, logged = process.memory_info().rss, len(shared.log.read_text())
    for number in range(100):
        await bare.create(*files, batch=f"b{number}")
        refused = await bare.nothing_else()
        assert {message["code"] for message in refused} == {"busy"}
        assert len(refused) == 1000
    grown = process.memory_info().rss - before
    print(f"grown by {grown / 1e6:.1f} MB")
    assert grown < 20e6
    assert shared.log.read_text()[logged:].count("\n") < 100
    assert await stored(incoming) == {}


LIMITS = {
    "not_accepted": ({"accept": ".csv"}, [{"name": "a.exe"}]),
    "file_too_large": ({"max_file_size": 5}, [{"name": "a.csv", "size": 6}]),
    "total_too_large": ({"max_total_size": 5}, [{"size": 3}, {"size": 3}]),
    "too_many_files": ({"max_files": 1}, [{}, {}]),
}


@pytest.mark.parametrize("code", LIMITS)
async def test_limits_that_the_page_does_not_keep_are_kept_by_the_server(
    open_page: Open, incoming: Path, code: str
) -> None:
    options, files = LIMITS[code]
    async with open_page(**options) as page:
        await page.create(*files)
        answers = await page.nothing_else()
        assert [it["kind"] for it in answers] == ["created"] * (len(files) - 1) + ["error"]
        assert answers[-1]["code"] == code
    assert await stored(incoming) == {}
