"""An app whose script has all that its function uses, as people write it.

``?kind=function`` has a ``def`` instead of a coroutine. When a session has ended, its number is the
name of a file in the folder ``ENDED``.
"""

import hashlib
import os
from pathlib import Path

import panel as pn

from panel_chunked import ChunkedFileInput, UploadReader, UploadStream

pn.extension()

PIECE = 65536
shown = pn.pane.Str("nothing")


def result_of(digest: "hashlib._Hash") -> str:
    return f"sha256:{digest.hexdigest()}"


async def coroutine(stream: UploadStream) -> str:
    digest = hashlib.sha256()
    while data := await stream.read(PIECE):
        digest.update(data)
        shown.object = str(stream.offset)
    return result_of(digest)


def function(stream: UploadReader) -> str:
    digest = hashlib.sha256()
    while data := stream.read(PIECE):
        digest.update(data)
        shown.object = str(stream.tell())
    return result_of(digest)


def note_end(context: object, ended: Path = Path(os.environ["ENDED"])) -> None:
    (ended / str(len(list(ended.iterdir())))).touch()  # with no name of the script


kind = pn.state.session_args.get("kind", [b"coroutine"])[0].decode()
upload = ChunkedFileInput(destination={"coroutine": coroutine, "function": function}[kind])
results = pn.bind(lambda files: " ".join(file.result for file in files), upload.param.files)
pn.state.on_session_destroyed(note_end)
pn.Column(upload, shown, pn.pane.Str(results, css_classes=["results"])).servable()
