"""Chromium over DevTools, without the Network domain.

Playwright turns that domain on and copies every WebSocket frame to its driver, which holds any
upload to some 27 MB/s. `Page`, `Runtime` and `DOM` are enough to choose a file.
"""

import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import urlopen

import psutil
from websockets.sync.client import ClientConnection, connect

FLAGS = [
    "--headless=new",
    "--no-first-run",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    *(["--no-sandbox"] if os.getuid() == 0 else []),
]

#: JavaScript that finds an element inside open shadow roots.
FIND = """
(selector) => {
  const search = (root) => root.querySelector(selector) ?? [...root.querySelectorAll("*")]
    .filter((e) => e.shadowRoot).map((e) => search(e.shadowRoot)).find(Boolean);
  return search(document);
}
"""


class Chromium:
    """One browser with one page, in a profile of its own."""

    def __init__(self) -> None:
        binary = next(
            filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
        )
        if binary is None:
            raise RuntimeError("Install Chromium first: tests/install_browser.sh")
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        command = [binary, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._ids = itertools.count(1)
        self._socket = self._connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
        processes = self._processes()
        self._process.terminate()
        psutil.wait_procs(processes, timeout=10)
        self._profile.cleanup()

    def open(self, url: str, ready: str, start: str | None = None) -> None:
        """Load `url` and wait until the selector `ready` finds something.

        `start` is JavaScript that makes it so, tried until it gives true.
        """
        # Else no element has the focus in a browser that nobody looks at, which JupyterLab goes by.
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        self.call("Page.navigate", url=url)
        if start is not None:
            wait_until(lambda: self.evaluate(start) is True, 60)
        wait_until(lambda: self.evaluate(f"({FIND})({ready!r}) != null"), 30)

    def choose_file(self, selector: str, path: Path) -> None:
        """Put a file into the file input that `selector` finds."""
        self.choose_files(selector, [path])

    def choose_files(self, selector: str, paths: list[Path]) -> None:
        found = self.call("Runtime.evaluate", expression=f"({FIND})({selector!r})")
        files = [str(path) for path in paths]
        object_id = found["result"]["objectId"]
        self.call("DOM.setFileInputFiles", files=files, objectId=object_id)

    def evaluate(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    def call(self, method: str, **params: Any) -> Any:
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=60))
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def memory(self) -> int:
        """Bytes of all its processes, shared pages counted once."""
        total = 0
        for process in self._processes():
            try:
                total += process.memory_full_info().pss
            except psutil.Error:  # it has just ended
                continue
        return total

    def _processes(self) -> list[psutil.Process]:
        root = psutil.Process(self._process.pid)
        return [root, *root.children(recursive=True)]

    def _connect(self) -> ClientConnection:
        port_file = Path(self._profile.name) / "DevToolsActivePort"
        wait_until(lambda: port_file.exists() and port_file.read_text().count("\n") >= 1, 30)
        port = port_file.read_text().split()[0]
        with urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            page = next(target for target in json.load(answer) if target["type"] == "page")
        return connect(page["webSocketDebuggerUrl"], max_size=None)


def wait_until(condition: Any, timeout: float) -> None:
    """Poll until `condition()` is true; raise `TimeoutError` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s")
        time.sleep(0.02)
