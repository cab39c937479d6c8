"""Libraries read the file object of an upload unchanged, and have results before its end."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import pytest
from fakes import info
from pyarrow import csv

from panel_chunked import UploadCancelledError, UploadReader

TABLE = b"number,name\n" + b"".join(b"%d,name %d\n" % (n, n) for n in range(500_000))

#: What FFmpeg is asked for, by codec: pictures that stand alone each second, and no great effort.
CODECS = {
    "libx264": {"preset": "ultrafast", "crf": "30", "g": "10"},
    "libvpx": {"deadline": "realtime", "g": "10"},
}


class Arriving:
    """Bytes that come in chunks: half of them, the others once the test says so, and no end."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._read = 0
        self.more = threading.Event()
        self.is_cancelled = False

    def read_into(self, buffer: memoryview) -> int:
        if self._read >= len(self._data) // 2:
            assert self.more.wait(10)
        if self.is_cancelled:
            raise UploadCancelledError
        chunk = self._data[self._read :][: min(len(buffer), 64 * 1024)]
        buffer[: len(chunk)] = chunk
        self._read += len(chunk)
        return len(chunk)


def encode(path: Path, codec: str, movflags: str = "") -> bytes:
    """Encode ten seconds of noise, which no codec makes small."""
    noise = np.random.default_rng(1)
    with av.open(path, "w", options={"movflags": movflags} if movflags else {}) as file:
        video = file.add_stream(codec, rate=10, options=CODECS[codec])
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        for _ in range(100):
            picture = noise.integers(0, 256, (120, 160, 3), np.uint8)
            file.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(video.encode())
    return path.read_bytes()


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("videos")
    return {
        "fragmented": encode(folder / "a.mp4", "libx264", "frag_keyframe+empty_moov"),
        "faststart": encode(folder / "b.mp4", "libx264", "faststart"),
        "webm": encode(folder / "c.webm", "libvpx"),
    }


def pictures(stream: UploadReader) -> Iterator[int]:
    with av.open(stream) as video:
        for _ in video.decode(video=0):
            yield 1


def batches(stream: UploadReader) -> Iterator[int]:
    with csv.open_csv(stream) as table:
        for batch in table:
            yield batch.num_rows


def frames(stream: UploadReader) -> Iterator[int]:
    with pd.read_csv(stream, chunksize=10_000) as table:
        for frame in table:
            yield len(frame)


CASES = [
    pytest.param(pictures, "fragmented", 100, id="PyAV, a fragmented MP4"),
    pytest.param(pictures, "faststart", 100, id="PyAV, an MP4 with its index in front"),
    pytest.param(pictures, "webm", 100, id="PyAV, a WebM"),
    pytest.param(batches, "table", 500_000, id="pyarrow"),
    pytest.param(frames, "table", 500_000, id="pandas"),
]


def arriving(name: str, videos: dict[str, bytes]) -> tuple[Arriving, UploadReader]:
    data = TABLE if name == "table" else videos[name]
    source = Arriving(data)
    return source, UploadReader(info(size=len(data)), source)


@pytest.mark.parametrize(("read", "name", "count"), CASES)
def test_it_has_something_before_the_end_and_then_all(
    read: Callable[[Any], Iterator[int]], name: str, count: int, videos: dict[str, bytes]
) -> None:
    source, stream = arriving(name, videos)
    results = read(stream)
    first = next(results)
    source.more.set()
    assert first + sum(results) == count


@pytest.mark.parametrize(("read", "name", "count"), CASES)
def test_it_passes_on_that_the_upload_was_cancelled(
    read: Callable[[Any], Iterator[int]], name: str, count: int, videos: dict[str, bytes]
) -> None:
    source, stream = arriving(name, videos)
    results = read(stream)
    first = next(results)
    source.is_cancelled = True
    source.more.set()
    counted = [first]
    with pytest.raises(UploadCancelledError):
        counted.extend(results)
    assert sum(counted) < count


# pyarrow reads in threads of its own, and waits for them before the process ends.
HANGING = """
import asyncio
from pyarrow import csv
from fakes import Browser, FakePage
from panel_chunked.protocol import Ack
from panel_chunked.stores import StreamStore

def read(stream):
    with csv.open_csv(stream) as table:
        return sum(batch.num_rows for batch in table)

async def main():
    browser = Browser(FakePage(StreamStore(read)))
    (upload_id,) = browser.create(100)
    browser.chunk(upload_id, 0, b"a,b\\n1,2\\n")
    await browser.page.next(Ack, offset=8)
    print("It waits.")

asyncio.run(main())
"""


def test_the_process_ends_while_one_waits_for_bytes() -> None:
    command = [sys.executable, "-c", HANGING]
    ended = subprocess.run(
        command, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "It waits.\n", "")
