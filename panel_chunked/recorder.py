"""The widget that records, and sends what it records meanwhile."""

from collections.abc import Mapping
from typing import Any, ClassVar

import param
from panel.widgets.base import Widget

from .component import UploadComponent
from .config import Size
from .protocol import Record, RecordAction


class ChunkedMediaRecorder(UploadComponent, Widget):
    """Record with the microphone, the camera or from the screen, for as long as it takes.

    What the browser records is sent while it is recorded, to the same destinations as the files of
    `ChunkedFileInput`. Once stopped, a recording is a file like any other: `files` holds it, and
    `value`, `filename` and `mime_type` are those of the last one.

    Browsers let only pages from HTTPS or localhost record.

    :Example:

    >>> ChunkedMediaRecorder(source="camera", destination="takes/", max_file_size="2 GB")
    """

    audio_bits_per_second = param.Integer(
        default=None,
        bounds=(1, None),
        doc="""
        How good the sound is, as far as the browser keeps to it; None leaves it to the browser.""",
    )

    description = param.String(
        default=None,
        doc="""
        Markdown that is shown as a tooltip beside the label.""",
    )

    filename = param.ClassSelector(
        default=None,
        class_=(str, list),
        doc="""
        Name of the last recording.""",
    )

    max_waiting = Size(
        default="64 MB",
        allow_None=False,
        doc="""
        Most bytes that may wait in the browser to be sent and stored, as where the connection is
        slower than the recording, or lost. See `when_full`.""",
    )

    media_type = param.String(
        default=None,
        doc="""
        What to record, such as ``"video/webm;codecs=vp9,opus"``. Where the browser cannot, and with
        None, it is what the browser can.""",
    )

    mime_type = param.ClassSelector(
        default=None,
        class_=(str, list),
        doc="""
        MIME type of the last recording, as the browser says.""",
    )

    multiple = param.Boolean(
        default=False,
        doc="""
        Whether earlier recordings are kept. If so, `value`, `filename` and `mime_type` are lists.
        Else the next recording takes the place of the one before.""",
    )

    source: Any = param.Selector(
        default="microphone",
        objects=["microphone", "camera", "screen"],
        doc="""
        What is recorded. The camera comes with the microphone, the screen with the sound that the
        browser shares.""",
    )

    state: Any = param.Selector(
        default="inactive",
        objects=["inactive", "recording", "paused"],
        readonly=True,
        doc="""
        What the recorder does.""",
    )

    value = param.Parameter(
        default=None,
        doc="""
        Bytes of the last recording, as far as `value_limit` allows and without a `destination`.""",
    )

    video_bits_per_second = param.Integer(
        default=None,
        bounds=(1, None),
        doc="""
        How good the picture is, as far as the browser keeps to it; None leaves it to the browser.
        """,
    )

    when_full: Any = param.Selector(
        default="pause",
        objects=["pause", "stop"],
        doc="""
        What happens when `max_waiting` bytes wait: ``"pause"`` records on when half of it was sent,
        ``"stop"`` ends the recording and keeps it.""",
    )

    _view = "recorder"

    _rename: ClassVar[Mapping[str, str | None]] = {
        **UploadComponent._rename,
        "filename": None,
        "mime_type": None,
        "state": None,
        "value": None,
    }

    _sizes: ClassVar[tuple[str, ...]] = (*UploadComponent._sizes, "max_waiting")

    _outputs_only: ClassVar[tuple[str, ...]] = (*UploadComponent._outputs_only, "state")

    def start(self) -> None:
        """Have the pages that show the recorder begin to record, or go on after a pause.

        Nothing happens while the one before is still being sent, unless `multiple` are kept. The
        browser may ask for permission first. A screen is only recorded when the user presses
        the button in the page, which browsers insist on.
        """
        self._command("start")

    def pause(self) -> None:
        """Pause what is recorded."""
        self._command("pause")

    def stop(self) -> None:
        """End the recording; it is in `files` when all of it has arrived."""
        self._command("stop")

    def _command(self, action: RecordAction) -> None:
        for page in list(self._pages.values()):
            page.send(Record(action))

    def _more_outputs(self) -> dict[str, Any]:
        states = {page.recording for page in list(self._pages.values())}
        order = ("recording", "paused")
        return {"state": next((it for it in order if it in states), "inactive")}
