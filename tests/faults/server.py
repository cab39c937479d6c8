"""A server that is killed and started anew at the same address."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.conftest import ROOT, answers, free_port, wait_until


class Server:
    """``panel serve`` with some options, and temporary files of its own."""

    def __init__(self, temporary: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}/app"
        self.temporary = temporary
        self.log = temporary.with_name("server.log")
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, app: str = "tests/faults/app.py") -> None:
        command = [sys.executable, "-m", "panel", "serve", app, f"--port={self.port}"]
        command += ["--allow-websocket-origin=*"]
        self.temporary.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            process = self._process = subprocess.Popen(
                [*command, *self._options],
                cwd=ROOT,
                env={**os.environ, "TMPDIR": str(self.temporary)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(lambda: answers(self.url) or process.poll() is not None, timeout=60)
        assert process.poll() is None, self.log.read_text()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it, and its processes, as with ``kill -9``."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(timeout=20)


@contextmanager
def served(temporary: Path, *options: str) -> Iterator[Server]:
    server = Server(temporary, *options)
    server.start()
    try:
        yield server
    finally:
        server.stop()
