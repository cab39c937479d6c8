"""``/recorder_app?options={"source": "camera"}``: the recorder, and what Python has of it."""

import json
from typing import Any

import panel as pn

from panel_chunked import ChunkedMediaRecorder

pn.extension(reconnect=True)


def state(recorder: ChunkedMediaRecorder) -> dict[str, Any]:
    return {
        "state": recorder.state,
        "filename": recorder.filename,
        "mime_type": recorder.mime_type,
        "files": [
            {"name": it.name, "size": it.size, "path": str(it.path), "checksum": it.checksum}
            for it in recorder.files
        ],
        "uploads": [
            {"size": it.size, "stored": it.stored, "error_code": it.error_code}
            for it in recorder.uploads
        ],
    }


def build(options: dict[str, Any]) -> pn.viewable.Viewable:
    recorder = ChunkedMediaRecorder(**options)
    outputs = pn.pane.HTML("<pre id=outputs>{}</pre>")

    def publish(*_: Any) -> None:
        outputs.object = f"<pre id=outputs>{json.dumps(state(recorder))}</pre>"

    recorder.param.watch(publish, ["state", "files", "uploads", "filename"])
    buttons = [
        pn.widgets.Button(label=f"{name} from Python", on_click=lambda _, act=act: act())
        for name, act in {
            "Start": recorder.start,
            "Pause": recorder.pause,
            "Stop": recorder.stop,
        }.items()
    ]
    return pn.Column(recorder, pn.Row(*buttons), outputs)


(options,) = pn.state.session_args.get("options", [b"{}"])
build(json.loads(options)).servable()
