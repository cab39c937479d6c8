"""The microphone as a live spectrogram, drawn on the server while it is recorded.

Needs PyAV: `pip install av`. Start it with `panel serve examples/live_spectrogram.py`. Browsers let
only pages from HTTPS or localhost use the microphone.
"""

from collections.abc import Iterator
from functools import partial

import av
import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, DataRange1d, LinearColorMapper
from bokeh.plotting import figure

from panel_chunked import ChunkedMediaRecorder, Refused, UploadedFile, UploadReader

pn.extension(sizing_mode="stretch_width")

#: Samples per second: half of that is the highest tone that can be seen.
RATE = 16_000
#: Samples of which one spectrum is made.
WINDOW = 512
#: Spectra that are drawn together.
BLOCK = 4
SECONDS = BLOCK * WINDOW / RATE
#: Seconds that are seen.
SPAN = 10

INTRODUCTION = """
## See what you say
Record, then speak, sing or whistle. What the microphone hears is sent to the server meanwhile,
which decodes it and draws its spectrum: low tones are at the bottom, loud ones are bright.
"""


def samples(stream: UploadReader) -> Iterator[np.ndarray]:
    """Decode sound as it arrives: one channel, numbers from -1 to 1.

    `read` of a file object waits until it has as many bytes as it was asked for. That of its `raw`
    gives those that are there.
    """
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(stream.raw) as recording:
        if not recording.streams.audio:
            raise Refused("There is no sound in this recording.")
        for frame in recording.decode(audio=0):
            for part in resampler.resample(frame):
                yield part.to_ndarray()[0]


def spectra(sound: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Make images of the sound: a column for each window, a row for each tone, in decibels."""
    rest = np.empty(0, np.float32)
    size = BLOCK * WINDOW
    for part in sound:
        rest = np.concatenate([rest, part])
        while len(rest) >= size:
            windows, rest = rest[:size].reshape(BLOCK, WINDOW), rest[size:]
            loudness = np.abs(np.fft.rfft(windows * np.hanning(WINDOW))) / WINDOW
            yield 20 * np.log10(loudness + 1e-6).astype(np.float32).T


def draw(stream: UploadReader) -> float:
    """Draw a recording as it arrives, in a thread of its own: PyAV waits for its bytes."""
    most, count = int(SPAN / SECONDS), 0
    # Models of Bokeh are changed on the event loop only, and Panel brings that about.
    pn.state.execute(lambda: source.update(data={"image": [], "x": []}))
    for image in spectra(samples(stream)):
        block = {"image": [image], "x": [count * SECONDS]}
        pn.state.execute(partial(source.stream, block, rollover=most))
        count += 1
    return count * SECONDS


def summary(files: list[UploadedFile]) -> str:
    return "".join(f"{it.result:.1f} seconds were drawn." for it in files)


source = ColumnDataSource({"image": [], "x": []})
plot = figure(
    height=320,
    x_range=DataRange1d(follow="end", follow_interval=SPAN, range_padding=0),
    x_axis_label="Seconds",
    y_range=(0, RATE / 2),
    y_axis_label="Hertz",
    tools="",
    toolbar_location=None,
    sizing_mode="stretch_width",
)
plot.grid.visible = False
plot.image(
    "image",
    source=source,
    x="x",
    y=0,
    dw=SECONDS,
    dh=RATE / 2,
    color_mapper=LinearColorMapper("Inferno256", low=-100, high=-20),
)

recorder = ChunkedMediaRecorder(source="microphone", destination=draw, label="A recording")

pn.template.BootstrapTemplate(
    title="Live spectrogram",
    main=[
        pn.Column(
            INTRODUCTION, recorder, pn.pane.Bokeh(plot), pn.bind(summary, recorder.param.files)
        )
    ],
    main_max_width="1000px",
).servable()
