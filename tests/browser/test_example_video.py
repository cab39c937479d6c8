"""examples/video_while_uploading.py: thumbnails long before the video has arrived."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from .conftest import make_file
from .cutting_proxy import CuttingProxy
from .streams import PATIENCE, example, failed, upload

NAME = "video_while_uploading"
MB = 1000**2

#: What FFmpeg is asked for: not to take long, nor to make it small.
CODECS = {
    "libx264": {"preset": "ultrafast", "crf": "20"},
    "libvpx": {"deadline": "realtime", "threads": "1", "b": "4M"},
}


@pytest.fixture(scope="module")
def app() -> Iterator[CuttingProxy]:
    with example(NAME) as proxy:
        yield proxy


def encode(path: Path, codec: str, movflags: str = "") -> Path:
    """Encode 20 seconds of noise, which no codec makes small, with a keyframe each half second."""
    noise = np.random.default_rng(1)
    with av.open(path, "w", options={"movflags": movflags} if movflags else {}) as file:
        video = file.add_stream(codec, rate=20, options=CODECS[codec] | {"g": "10"})
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        for _ in range(400):
            picture = noise.integers(0, 256, (120, 160, 3), np.uint8)
            file.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(video.encode())
    return path


@pytest.mark.parametrize(
    ("name", "codec", "movflags"),
    [
        ("fragmented.mp4", "libx264", "frag_keyframe+empty_moov"),
        ("faststart.mp4", "libx264", "faststart"),
        ("video.webm", "libvpx", ""),
    ],
)
def test_the_first_thumbnail_is_there_before_a_tenth_of_the_file(
    page: Page, app: CuttingProxy, tmp_path: Path, name: str, codec: str, movflags: str
) -> None:
    path = encode(tmp_path / name, codec, movflags)

    upload(page, app, NAME, path, most=path.stat().st_size / 10)
    expect(page.locator("figcaption")).to_have_text(["0:00"], timeout=PATIENCE)

    app.allow()
    whole = page.get_by_text(f"All of {name} has arrived, 0:19 minutes of it.")
    expect(whole).to_be_visible(timeout=PATIENCE)
    assert page.locator("figcaption").all_inner_texts() == ["0:00", "0:05", "0:10", "0:15"]
    width = "image => image.naturalWidth"
    assert page.locator("figure img").evaluate_all(f"all => all.map({width})") == [180] * 4


def test_an_mp4_with_its_index_at_the_end_is_refused_at_once(
    page: Page, app: CuttingProxy, tmp_path: Path
) -> None:
    path = encode(tmp_path / "plain.mp4", "libx264")

    upload(page, app, NAME, path, most=path.stat().st_size / 10)

    expect(failed(page)).to_contain_text("The index of this MP4 is at its end.")
    expect(page.get_by_text("-movflags +faststart")).to_be_visible()


def test_what_is_no_video_is_refused(page: Page, app: CuttingProxy, tmp_path: Path) -> None:
    make_file(tmp_path / "noise.mp4", MB)

    upload(page, app, NAME, tmp_path / "noise.mp4")

    expect(failed(page)).to_contain_text("This is no video that FFmpeg knows")


def test_another_video_takes_the_place_of_one_on_its_way(
    page: Page, app: CuttingProxy, tmp_path: Path
) -> None:
    path = encode(tmp_path / "first.mp4", "libx264", "faststart")
    upload(page, app, NAME, path, most=path.stat().st_size / 2)
    page.locator("figure img").first.wait_for()

    app.allow()
    path = path.rename(tmp_path / "second.mp4")
    page.locator("input[type=file]").set_input_files(path)

    whole = page.get_by_text("All of second.mp4 has arrived")
    expect(whole).to_be_visible(timeout=PATIENCE)
    expect(page.locator("figure img")).to_have_count(4)
