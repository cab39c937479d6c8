"""The page that the browser tests drive: the widget as its URL asks, and what Python has of it.

``/app?options={"multiple": true}`` passes the options to `ChunkedFileInput`, or to its store;
``{"handler": ["sha256", "path"]}`` makes one of `handlers.py` its destination. The outputs stand as
JSON in the element ``#outputs``.
"""

import json
from html import escape
from typing import Any

import panel as pn

from panel_chunked import ChunkedFileInput, DirectoryStore, UploadedFile

from .handlers import handler

pn.extension()

#: Options that are the store's.
STORE_OPTIONS = {"durable", "existing", "expiry"}


def build(options: dict[str, Any]) -> pn.viewable.Viewable:
    if "handler" in options:
        options["destination"] = handler(*options.pop("handler"))
        return build_with(options)
    if "destination" in options:
        settings = {"durable": False}  # a disk that other tests keep busy may take long to sync
        settings |= {name: options.pop(name) for name in STORE_OPTIONS & options.keys()}
        options["destination"] = DirectoryStore(options["destination"], **settings)
    return build_with(options)


def build_with(options: dict[str, Any]) -> pn.viewable.Viewable:
    upload = ChunkedFileInput(**options)
    updates: list[list[str]] = []
    outputs = pn.pane.HTML("<pre id=outputs>{}</pre>")

    def publish(*events: Any) -> None:
        updates.append(sorted(event.name for event in events))
        outputs.object = f"<pre id=outputs>{escape(json.dumps(state(upload, updates)))}</pre>"

    def fail(_event: Any) -> None:
        if upload.filename == "poison.txt":
            raise RuntimeError("the app's own callback fails")

    upload.param.watch(fail, "value")
    upload.param.watch(
        publish, ["value", "filename", "mime_type", "files", "uploads", "progress", "disabled"]
    )
    linked = pn.pane.HTML("", css_classes=["linked"])
    if "linked" in pn.state.session_args:
        upload.jslink(linked, value="object")
    tabs = pn.Tabs(("upload", upload), ("other", pn.pane.Str("another tab")), dynamic=True)
    clear = pn.widgets.Button(label="Clear from Python", on_click=lambda _: upload.clear())
    switch = pn.widgets.Button(
        label="Switch off", on_click=lambda _: upload.param.update(disabled=not upload.disabled)
    )
    pause = pn.widgets.Button(label="Pause from Python", on_click=lambda _: upload.pause())
    resume = pn.widgets.Button(label="Resume from Python", on_click=lambda _: upload.resume())
    return pn.Column(tabs, pn.Row(clear, switch), outputs, linked, pn.Row(pause, resume))


def state(upload: ChunkedFileInput, updates: list[list[str]]) -> dict[str, Any]:
    streamed = callable(upload.destination)
    return {
        "updates": updates,
        "value": summary(upload.value),
        "filename": upload.filename,
        "mime_type": upload.mime_type,
        "files": [
            {
                "name": file.name,
                "relative_path": file.relative_path,
                "size": file.size,
                "received": file.received,
                **({"result": summary(file.result)} if streamed else stored(file)),
            }
            for file in upload.files
        ],
        "uploads": [
            {
                "name": it.name,
                "state": it.state,
                "stored": it.stored,
                "error": it.error,
                "error_code": it.error_code,
            }
            for it in upload.uploads
        ],
        "progress": upload.progress,
    }


def stored(file: UploadedFile) -> dict[str, str]:
    return {"path": str(file.path), "checksum": file.checksum}


def summary(value: Any) -> Any:
    """Give the size of bytes, and the bytes themselves if they are few."""
    if isinstance(value, list):
        return [summary(entry) for entry in value]
    if isinstance(value, bytes):
        return value.decode("latin-1") if len(value) < 100 else len(value)
    return value


def page() -> pn.viewable.Viewable:
    (options,) = pn.state.session_args.get("options", [b"{}"])
    return build(json.loads(options))
