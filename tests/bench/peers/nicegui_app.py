"""``python -m tests.bench.peers.nicegui_app PORT``: a large file goes to disk."""

import sys
from typing import Any

from nicegui import ui

from tests.bench.report import say_arrived


def arrived(event: Any) -> None:
    say_arrived(event.file._path)


@ui.page("/")
def page() -> None:
    ui.upload(on_upload=arrived, auto_upload=True)


if __name__ in {"__main__", "__mp_main__"}:
    ui.run(port=int(sys.argv[1]), show=False, reload=False)
