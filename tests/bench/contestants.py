"""What is compared: how each is started, and where its page takes a file."""

import sys
from dataclasses import dataclass
from pathlib import Path

#: Where `make bench-all` installs those that are no Panel components, each on its own.
ENVIRONMENTS = Path(__file__).parents[2] / ".bench"


MiB = 1024**2


@dataclass(frozen=True)
class Contestant:
    """One way to upload a file.

    Parameters
    ----------
    command
        Starts the server; ``{port}`` stands for the port.
    path
        Of the page on the server.
    file_input
        Selector of the element that takes the file.
    max_size
        Most MiB that it can take at all.
    start
        JavaScript that makes the page show the element, tried until it gives true.
    """

    name: str
    command: tuple[str, ...]
    path: str = "/app"
    file_input: str = "input[type=file]"
    max_size: int | None = None
    start: str | None = None

    @property
    def is_panel(self) -> bool:
        """Whether it is one of ``tests/bench/panel_apps.py``."""
        return "tests.bench.panel_apps" in self.command


def panel(name: str, file_input: str = "input[type=file]", size: int | None = None) -> Contestant:
    command = (sys.executable, "-m", "tests.bench.panel_apps", name, "{port}")
    return Contestant(name, command, file_input=file_input, max_size=size)


def bare(name: str, path: str) -> Contestant:
    return Contestant(name, (sys.executable, "-m", "tests.bench.bare", "{port}"), path)


def peer(name: str, environment: str, *arguments: str) -> Contestant:
    python = str(ENVIRONMENTS / environment / "bin/python")
    return Contestant(name, (python, "-m", *arguments), path="/")


def notebook(name: str, code: str) -> Contestant:
    return Contestant(
        name,
        (sys.executable, "-m", "tests.bench.notebook", "{port}", code),
        path="/lab/tree/test.ipynb?reset",
        start="""
            window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === "idle"
            && Boolean(window.jupyterapp.commands.execute("notebook:run-all-cells"))
        """,
    )


def bare_comm(chunk_size: int, in_flight: int) -> Contestant:
    code = f"from tests.bench.bare_comm import BareComm; BareComm({chunk_size}, {in_flight})"
    return notebook(f"bare anywidget, {in_flight} x {chunk_size / MiB:.3g} MiB", code)


OURS = panel("ours")
FILE_DROPPER = panel("FileDropper", ".filepond--browser")

#: Of `make bench`.
CONTESTANTS = [
    OURS,
    FILE_DROPPER,
    panel("panel-material-ui"),
    panel("FileInput", size=256),  # the whole file is one message, and one string
    bare("bare WebSocket", "/socket.html"),
    bare("bare HTTP PUT", "/put.html"),
]

#: Of `make bench-durable`: what it costs that a file is on the disk before it is complete.
DESTINATIONS = [OURS, panel("directory"), panel("durable directory")]

#: Besides, of `make bench-all`.
PEERS = [
    peer(
        "Streamlit",
        "streamlit",
        *("streamlit", "run", "tests/bench/peers/streamlit_app.py", "--server.headless=true"),
        *("--server.port={port}", "--server.maxUploadSize=20000"),
        "--browser.gatherUsageStats=false",
    ),
    peer("Gradio", "gradio", "tests.bench.peers.gradio_app", "{port}"),
    peer("NiceGUI", "nicegui", "tests.bench.peers.nicegui_app", "{port}"),
    peer(
        "tus",
        "tus",
        *("tests.bench.peers.tus_app", "{port}"),
        str(ENVIRONMENTS / "tus/node_modules/tus-js-client/dist/tus.min.js"),
    ),
]

#: Of `make bench-notebook`.
NOTEBOOKS = [
    notebook("ours", "from tests.bench.panel_apps import ours; ours()"),
    bare_comm(4 * MiB, 2),  # the same as ours
]
