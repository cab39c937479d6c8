"""Notebooks in a real Jupyter server and a real browser."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from playwright.sync_api import Page

from .conftest import answers, free_port, wait_until

#: Offline, BokehJS comes with the notebook.
SETUP = """
import hashlib, json, time
import panel as pn
from panel_chunked import ChunkedFileInput, config
pn.extension(inline=True)
"""


class Jupyter:
    """A Jupyter server as it is installed, with notebooks in a folder of its own."""

    def __init__(self, port: int, folder: Path) -> None:
        self.url = f"http://localhost:{port}"
        self.folder = folder

    def write(self, *cells: str, name: str = "test.ipynb") -> str:
        """Write a notebook with these cells, after one that sets Panel up."""
        code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        content = {
            "cells": [
                {**code, "id": f"cell{number}", "source": source.strip()}
                for number, source in enumerate([SETUP, *cells])
            ],
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (self.folder / name).write_text(json.dumps(content))
        return name

    def kernels(self) -> list[dict[str, Any]]:
        with urlopen(f"{self.url}/api/kernels") as response:
            kernels: list[dict[str, Any]] = json.load(response)
        return kernels

    def restart_kernel(self) -> None:
        (kernel,) = self.kernels()
        urlopen(Request(f"{self.url}/api/kernels/{kernel['id']}/restart", method="POST")).close()


@contextmanager
def jupyter(folder: Path, *options: str, app: str = "lab") -> Iterator[Jupyter]:
    """Run ``jupyter APP`` with nobody's configuration."""
    port = free_port()
    home = folder / ".home"
    home.mkdir(parents=True)
    environment = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTER_DATA_DIR": str(home),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    command = [sys.executable, "-m", "jupyter", app, "--no-browser", "--allow-root"]
    command += [f"--port={port}", f"--ServerApp.root_dir={folder}", "--ServerApp.port_retries=0"]
    command += ["--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", *options]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    server = Jupyter(port, folder)
    try:
        wait_until(lambda: answers(f"{server.url}/api") or process.poll() is not None, timeout=60)
        assert process.poll() is None, (home / "log").read_text()
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)


class Lab:
    """A notebook that is open in JupyterLab."""

    def __init__(self, page: Page, server: Jupyter, name: str = "test.ipynb") -> None:
        self.page = page
        self.server = server
        page.goto(f"{server.url}/lab/tree/{name}?reset")
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=60_000)
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=60_000)

    def cell(self, number: int) -> Any:
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def run(self, number: int, wait: bool = True) -> None:
        """Run a cell, and wait until it has run."""
        cell = self.cell(number)
        cell.locator(".jp-InputArea-editor").click()
        self.page.keyboard.press("Control+Enter")
        if wait:
            self.page.wait_for_function(
                "n => /\\[\\d+\\]/.test(document.querySelectorAll("
                "'.jp-Notebook .jp-CodeCell')[n].querySelector('.jp-InputPrompt').textContent)",
                arg=number,
                timeout=60_000,
            )

    def widget(self, number: int) -> Any:
        """Give the widget that a cell shows, as soon as Python has answered it."""
        widget = self.cell(number).locator("section.widget")
        widget.wait_for(timeout=60_000)
        return widget

    def text(self, number: int) -> str:
        """Run a cell, and give what it prints."""
        self.run(number)
        text: str = self.cell(number).locator(".jp-OutputArea-output").inner_text(timeout=60_000)
        return text
