"""A contestant in JupyterLab as it is installed: ``python -m tests.bench.notebook PORT CODE``.

CODE is what the one cell shows.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

#: What the kernel says goes where the server was told to say it, not into the notebook.
SETUP = """
import os
import panel as pn
from tests.bench import report
pn.extension(inline=True)
report.output = open(f"/proc/{os.getppid()}/fd/1", "w")
"""


def cell(number: int, source: str) -> dict[str, object]:
    return {
        "cell_type": "code",
        "id": f"cell{number}",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }


def main(port: str, code: str) -> None:
    folder = Path(tempfile.mkdtemp())  # goes with the folder that TMPDIR names
    content = {
        "cells": [cell(0, SETUP), cell(1, code)],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (folder / "test.ipynb").write_text(json.dumps(content))
    places = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    os.environ |= {name: str(folder / f".{name}") for name in places}  # nobody's configuration
    options = ["--no-browser", "--allow-root", f"--port={port}", f"--ServerApp.root_dir={folder}"]
    options += ["--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True"]
    os.execv(sys.executable, [sys.executable, "-m", "jupyter", "lab", *options])


if __name__ == "__main__":
    main(*sys.argv[1:])
