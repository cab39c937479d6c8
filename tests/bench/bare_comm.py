"""The least that can take a file in a notebook: an anywidget whose comm carries the chunks.

The page is ``ts/bench/comm.ts``. What arrives is written to a file; that is all.
"""

import tempfile
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from tests.bench.bare import Arriving, build_script


class BareComm(anywidget.AnyWidget):
    """Takes one file.

    Parameters
    ----------
    chunk_size
        Bytes in a message.
    in_flight
        Messages on their way at once.
    """

    _esm = build_script("comm.ts", "--format=esm")
    chunk_size = traitlets.Int().tag(sync=True)
    in_flight = traitlets.Int().tag(sync=True)

    def __init__(self, chunk_size: int, in_flight: int) -> None:
        super().__init__(chunk_size=chunk_size, in_flight=in_flight)
        self._folder = tempfile.TemporaryDirectory()
        self._arriving = Arriving(Path(self._folder.name))
        self.on_msg(self._take)

    def _take(self, _widget: Any, content: dict[str, int], buffers: list[memoryview]) -> None:
        self._arriving.write(buffers[0], content["offset"], content["size"])
        self.send({})
