"""Builds the browser bundle while hatchling builds the package.

Hatchling runs this for the wheel, the editable install and the sdist. Node is called only in a
checkout whose bundle is missing or older than its sources: an unpacked sdist carries the bundle,
and a current one (``make`` has just built it, say) is taken as it is.

It does not decide what is packed: the ``artifacts`` in ``pyproject.toml`` do.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_MINIMUM = 20
BUNDLE = ("panel_chunked.bundle.js", "panel_chunked.bundle.css")
HOW_TO_GET_NODE = (
    f"Building panel_chunked from a git checkout needs Node.js >= {NODE_MINIMUM} and npm on PATH, "
    "for the part that runs in the browser. On Debian or Ubuntu: sudo apt-get install nodejs npm; "
    "elsewhere see the Node.js site. Installing a released wheel or sdist needs neither."
)


class BundleBuildHook(BuildHookInterface[Any]):
    """Puts a current bundle into ``panel_chunked/dist`` before files are collected."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the bundle where needed (the signature is hatchling's)."""
        root = Path(self.root)
        bundle = [root / "panel_chunked" / "dist" / name for name in BUNDLE]
        if is_unpacked_sdist(root):
            require(bundle)
        elif not is_current(bundle, sources(root)):
            build_bundle(root / "ts")
            require(bundle)


def is_unpacked_sdist(root: Path) -> bool:
    """Tell an unpacked sdist, which always has a PKG-INFO, from a checkout, which never has."""
    return (root / "PKG-INFO").is_file()


def require(bundle: list[Path]) -> None:
    """Refuse to build a package that would render nothing in the browser."""
    missing = [path.name for path in bundle if not path.is_file()]
    if missing:
        raise RuntimeError(f"panel_chunked/dist lacks {', '.join(missing)}")


def sources(root: Path) -> list[Path]:
    """List what the bundle is made from; folders too, since deleting a file touches only them."""
    ts, english = root / "ts", root / "panel_chunked" / "languages" / "en.json"
    named = ("package.json", "package-lock.json", "build.mjs", "tsconfig.json")
    return [ts / name for name in named] + [english, ts / "src", *(ts / "src").rglob("*")]


def is_current(targets: list[Path], inputs: list[Path]) -> bool:
    """Tell whether every target exists and is at least as new as every input."""
    if not all(path.is_file() for path in targets):
        return False
    oldest = min(path.stat().st_mtime_ns for path in targets)
    return all(path.stat().st_mtime_ns <= oldest for path in inputs)


def build_bundle(ts: Path) -> None:
    """Install the locked npm packages where they are stale, then run the build script."""
    npm = find_npm()
    # npm writes this file at the end of an install: it is there only when that went through.
    installed = ts / "node_modules" / ".package-lock.json"
    if not is_current([installed], [ts / "package.json", ts / "package-lock.json"]):
        run([npm, "ci"], ts)
    run([npm, "run", "--silent", "build"], ts)


def find_npm() -> str:
    """Return npm's path.

    Raises
    ------
    RuntimeError
        Node or npm is not on PATH, or Node is too old; the message says what to install.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise RuntimeError(f"{'node' if node is None else 'npm'} was not found. {HOW_TO_GET_NODE}")
    found = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    major = re.match(r"v(\d+)\.", found)
    if major is None or int(major[1]) < NODE_MINIMUM:
        raise RuntimeError(f"{node} is Node.js {found.strip()}. {HOW_TO_GET_NODE}")
    return npm


def run(command: list[str], folder: Path) -> None:
    """Run a command without a stdin, and fail with what it was."""
    try:
        subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, check=True)
    except subprocess.CalledProcessError as error:
        line = " ".join(["npm", *command[1:]])
        raise RuntimeError(f"{line!r} in ts/ failed with exit code {error.returncode}") from error
