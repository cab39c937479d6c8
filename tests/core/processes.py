"""Programs that run in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path


def start_python(code: str, *arguments: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_python(code: str, *arguments: str, status: int = 0) -> str:
    """Give what a program prints."""
    with start_python(code, *arguments) as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == status, errors
    return output
