"""Notebooks in a real Jupyter server and a real browser."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from playwright.sync_api import Page, expect

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
        self.port = port
        self.url = f"http://localhost:{port}"
        self.folder = folder
        self.temporary = folder / ".tmp"  # for what kernels keep in temporary files

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

    def stop_kernels(self) -> None:
        for kernel in self.kernels():
            address = f"{self.url}/api/kernels/{kernel['id']}"
            urlopen(Request(address, method="DELETE")).close()


@contextmanager
def jupyter(
    folder: Path, *options: str, app: str = "lab", settings: dict[str, Any] | None = None
) -> Iterator[Jupyter]:
    """Run ``jupyter APP`` with nobody's configuration.

    `settings` are those of JupyterLab, by the extension and the name of the plugin that has them.
    """
    server = Jupyter(free_port(), folder)
    for plugin, values in (settings or {}).items():
        path = folder / f".home/lab/user-settings/{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values))
    command = ["jupyter", app, "--no-browser", "--allow-root", f"--port={server.port}"]
    command += [f"--ServerApp.root_dir={folder}", "--ServerApp.port_retries=0"]
    command += ["--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", *options]
    with running(server, *command, url=f"{server.url}/api"):
        yield server


@contextmanager
def voila(folder: Path) -> Iterator[Jupyter]:
    """Run Voilà with nobody's configuration: ``URL/voila/render/NAME`` runs a notebook."""
    server = Jupyter(free_port(), folder)
    command = ["voila", str(folder), "--no-browser", f"--port={server.port}"]
    # The tree of notebooks is there when Voilà is, and runs none of them.
    with running(server, *command, url=f"{server.url}/voila/tree"):
        yield server


@contextmanager
def running(server: Jupyter, *command: str, url: str) -> Iterator[None]:
    """Run a module, which answers at `url`, with a home of its own."""
    server.temporary.mkdir()
    home = server.folder / ".home"
    home.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTER_DATA_DIR": str(home),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "TMPDIR": str(server.temporary),
    }
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], env=environment, stdout=log, stderr=log
        )
    try:
        wait_until(lambda: answers(url) or process.poll() is not None, timeout=60)
        assert process.poll() is None, (home / "log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


class Lab:
    """A notebook that is open in JupyterLab, or in Notebook 7, which is made of the same parts.

    `url` is that of the server, or of a proxy in front of it.
    """

    def __init__(self, page: Page, url: str, name: str, app: str = "lab/tree") -> None:
        self.page = page
        # Cells that are scrolled out of sight may not be in the page.
        page.set_viewport_size({"width": 1200, "height": 1000})
        page.goto(f"{url}/{app}/{name}?reset")
        self.cell(0).wait_for(timeout=60_000)
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=60_000)

    def cell(self, number: int) -> Any:
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def prompt(self, number: int) -> str:
        """Give what stands before the cell: ``[3]:``, or ``[*]:`` while it runs."""
        text: str = self.cell(number).locator(".jp-InputPrompt").inner_text()
        return text.strip()

    def start(self, number: int) -> None:
        """Run a cell, and wait until it is under way, if not more."""
        # Its number may be the same as the last time, after a restart.
        self.cell(number).locator(".jp-InputPrompt").evaluate("it => { it.textContent = '' }")
        for patience in (5, 5, 60):  # JupyterLab misses the keys while it still renders the cells
            self.cell(number).locator(".jp-InputArea-editor").click()
            self.page.keyboard.press("Control+Enter")
            with suppress(AssertionError):
                wait_until(lambda: self.prompt(number) not in ("", "[ ]:"), patience)
                return
        raise AssertionError(f"cell {number} does not run")

    def run(self, *numbers: int) -> None:
        """Run cells, and wait until they have run."""
        for number in numbers:
            self.start(number)
            self.wait(number)

    def wait(self, number: int) -> None:
        """Wait until a cell that was started has run."""
        wait_until(lambda: self.prompt(number).strip("[]:").isdigit(), timeout=60)

    def json(self, number: int) -> Any:
        """Run a cell that prints JSON, and give that."""
        self.run(number)
        output = self.cell(number).locator(".jp-OutputArea-output")
        return json.loads(output.inner_text(timeout=60_000))

    def menu(self, *entries: str) -> None:
        """Choose from the menus, as ``menu("Edit", "Clear Cell Output")``."""
        for entry in entries:
            pattern = re.compile(f"^{re.escape(entry)}")
            self.page.get_by_role("menuitem", name=pattern).filter(visible=True).click()

    # The widget that a cell shows

    def widget(self, number: int) -> Any:
        widget = self.cell(number).locator("section.widget")
        widget.wait_for(timeout=60_000)
        return widget

    def widget_inputs(self, number: int) -> Any:
        self.cell(number).locator("section.widget").first.wait_for(timeout=60_000)
        return self.cell(number).locator("input[type=file]")

    def choose(self, number: int, *paths: Path) -> None:
        self.widget(number).locator("input[type=file]").set_input_files(list(paths))

    def row(self, number: int, name: str) -> Any:
        return self.cell(number).locator(".row", has=self.page.get_by_text(name, exact=True))

    def expect_row(self, number: int, name: str, state: str, timeout: float = 120) -> Any:
        row = self.row(number, name)
        expect(row).to_have_attribute("data-state", state, timeout=timeout * 1000)
        return row

    def wait_for_part(self, number: int, name: str, part: float) -> None:
        """Wait until this part of a file, between 0 and 1, is stored and it is still under way."""
        progress = self.row(number, name).locator("progress")
        wait_until(lambda: progress.evaluate("it => it.value / it.max") >= part, timeout=60)
