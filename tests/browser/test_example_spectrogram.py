"""examples/live_spectrogram.py: what Chromium's microphone hears, a beep each second, is drawn."""

import io
import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from .conftest import ROOT, launch_options, wait_until
from .cutting_proxy import CuttingProxy
from .streams import PATIENCE, example

NAME = "live_spectrogram"
FLAGS = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]

#: Gives the loudest of each block of the plot, in decibels.
LOUDEST = """() => {
  const models = [...Bokeh.documents[0].all_models];
  const source = models.find((it) => it.type === "ColumnDataSource" && it.data.image);
  return Array.from(source.data.image, (image) => Math.max(...image));
}"""


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(**launch_options(*FLAGS))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def app() -> Iterator[CuttingProxy]:
    with example(NAME) as proxy:
        yield proxy


def test_the_microphone_is_drawn_while_it_is_recorded(page: Page, app: CuttingProxy) -> None:
    page.goto(f"{app.url}/{NAME}")
    page.get_by_role("button", name="Record sound").click()

    def beeps() -> bool:
        drawn = page.evaluate(LOUDEST)
        return len(drawn) > 60 and max(drawn) > -50 and min(drawn) < -90

    wait_until(beeps, timeout=60)
    page.get_by_role("button", name="Stop").click()  # so it was recording

    expect(page.get_by_text("seconds were drawn.")).to_be_visible(timeout=PATIENCE)
    begun = len(page.evaluate(LOUDEST))
    page.get_by_role("button", name="Record sound").click()
    wait_until(lambda: 0 < len(page.evaluate(LOUDEST)) < begun)


def record_tone(path: Path, hertz: int, seconds: int) -> bytes:
    """Encode a tone as browsers do."""
    time = np.arange(48_000 * seconds) / 48_000
    tone = np.sin(2 * np.pi * hertz * time).astype(np.float32)
    with av.open(path, "w", options={"live": "1", "cluster_time_limit": "250"}) as file:
        sound = file.add_stream("libopus", rate=48_000, layout="mono")
        for start in range(0, len(tone), 960):
            part = tone[None, start : start + 960]
            frame = av.AudioFrame.from_ndarray(part, format="flt", layout="mono")
            frame.sample_rate, frame.pts = 48_000, start
            file.mux(sound.encode(frame))
        file.mux(sound.encode())
    return path.read_bytes()


def test_a_tone_is_drawn_where_it_is_before_the_recording_has_ended(tmp_path: Path) -> None:
    recording = io.BytesIO(record_tone(tmp_path / "tone.webm", 1000, 10))
    size = len(recording.getvalue())
    example = runpy.run_path(str(ROOT / "examples/live_spectrogram.py"))
    arriving = SimpleNamespace(read=lambda _: recording.read(500))
    sound = example["samples"](SimpleNamespace(raw=arriving))

    images = []
    for image in example["spectra"](sound):
        images.append(image)
        assert len(images) > 1 or recording.tell() < size / 10

    assert len(images) == 78  # of 128 ms
    tones = np.argmax(np.hstack(images), axis=0) * example["RATE"] / example["WINDOW"]
    assert set(tones) == {1000}
