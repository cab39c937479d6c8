"""How fast checksums are, in Python and in Chromium: ``python -m tests.bench.checksum``.

The best of seven rounds each: the machine has other work, too. The packages that are compared are
in an environment of their own, where `make bench-checksum` has put them.
"""

import asyncio
import gzip
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from panel_chunked.checksum import block_checksums
from tests.bench.chromium import Chromium, wait_until
from tests.bench.contestants import ENVIRONMENTS
from tests.bench.throughput import ROOT, MiB, make_file

ENVIRONMENT = ENVIRONMENTS / "checksum"
TS = ROOT / "ts"
FILE_MIB = 1024
SIZES = ["65536", "917504", "16777216"]  # as JSON names them
CHUNK = SIZES[1]

#: What of each package the page would need.
IMPORTS = {
    "CRC-32, @foxglove/crc": "crc32Update, crc32Final } from '@foxglove/crc'",
    "CRC-32, crc-32": "buf } from 'crc-32'",
    "CRC-32, hash-wasm": "createCRC32 } from 'hash-wasm'",
    "CRC-32C, hash-wasm": "createCRC32 } from 'hash-wasm'",
    "Adler-32, hash-wasm": "createAdler32 } from 'hash-wasm'",
    "XXH64, hash-wasm": "createXXHash64 } from 'hash-wasm'",
    "XXH64, xxhash-wasm": "default } from 'xxhash-wasm'",
    "XXH3-64, hash-wasm": "createXXHash3 } from 'hash-wasm'",
    "BLAKE3, hash-wasm": "createBLAKE3 } from 'hash-wasm'",
    "BLAKE3, @noble/hashes": "blake3 } from '@noble/hashes/blake3.js'",
    "SHA-256, hash-wasm": "createSHA256 } from 'hash-wasm'",
    "SHA-256, @noble/hashes": "sha256 } from '@noble/hashes/sha2.js'",
}


def bundled(*source: str | Path, code: str | None = None) -> bytes:
    command = [TS / "node_modules/.bin/esbuild", *source, "--bundle", "--minify"]
    environment = {**os.environ, "NODE_PATH": str(ENVIRONMENT / "node_modules")}
    data = None if code is None else code.encode()
    done = subprocess.run(
        command, check=True, capture_output=True, cwd=TS, input=data, env=environment
    )
    return done.stdout


def gzipped_size(name: str) -> float | None:
    """Give what it adds to the bundle, in KB."""
    if name not in IMPORTS:
        return None
    script = bundled("--format=esm", "--target=es2022", code=f"export {{ {IMPORTS[name]};")
    return len(gzip.compress(script)) / 1000


def in_python() -> dict[str, dict[str, float]]:
    """Give the seconds for a block of each size, by name."""
    command = [ENVIRONMENT / "bin/python", "-m", "tests.bench.peers.checksums"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return dict(json.loads(done.stdout))


@contextmanager
def serving_page(folder: Path) -> Iterator[str]:
    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    (folder / "checksum.js").write_bytes(bundled("bench/checksum.ts"))
    page = "<!doctype html><input type=file><script src=checksum.js></script>"
    (folder / "index.html").write_text(page)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/index.html"
        server.shutdown()


def in_chromium(file: Path) -> dict[str, Any]:
    """Give the milliseconds: for a block of each size, in the page and in a worker; for `file`."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving_page(Path(folder)) as url,
        Chromium() as browser,
    ):
        browser.open(url, "input")
        browser.choose_file("input", file)
        wait_until(lambda: browser.evaluate("globalThis.report != null"), 300)
        return dict(browser.evaluate("report"))


def blocks_in_python(file: Path) -> tuple[float, float]:
    """Give the seconds for the blocks of a file, and those of CPU."""
    times = []
    for _ in range(7):
        started, cpu = time.perf_counter(), time.process_time()
        asyncio.run(block_checksums(file, FILE_MIB * MiB))
        times.append((time.perf_counter() - started, time.process_time() - cpu))
    return min(times)


def speeds(seconds: dict[str, float]) -> str:
    """Give MB/s for a block of each size."""
    return " / ".join(f"{int(size) / seconds[size] / 1e6:.0f}" for size in SIZES)


def in_seconds(times: dict[str, float]) -> dict[str, float]:
    return {size: milliseconds / 1000 for size, milliseconds in times.items()}


TITLES = [
    "MB/s for 64 KiB / 896 KiB / 16 MiB",
    "Python",
    "page",
    "worker",
    "ms of the page for 896 KiB",
    "KB gzipped",
]


def table(python: dict[str, dict[str, float]], chromium: dict[str, Any]) -> str:
    """Give all as a Markdown table; Python is said once for each algorithm."""
    lines = [f"| {' | '.join(TITLES)} |", "|---" * len(TITLES) + "|"]
    for name, times in chromium["page"].items():
        own = python.pop(name.split(",")[0], None)
        size = gzipped_size(name)
        cells = [
            name,
            "" if own is None else speeds(own),
            speeds(in_seconds(times)),
            speeds(in_seconds(chromium["worker"][name])),
            f"{times[CHUNK]:.2f}",
            "" if size is None else f"{size:.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file.bin"
        make_file(file, FILE_MIB * MiB)
        seconds, cpu = blocks_in_python(file)
        chromium = in_chromium(file)
    print(table(in_python(), chromium))
    print(f"\nBlocks of a file of {FILE_MIB} MiB that is in the page cache:\n")
    size = FILE_MIB * MiB / 1e6
    print(f"- server: {size / seconds:.0f} MB/s, {cpu:.2f} s of CPU")
    holds = chromium["holds"]  # the longest hundred, the longest first
    held = f"{holds[0]:.1f} ms at most, the tenth longest time {holds[9]:.1f} ms"
    print(f"- page: {size / min(chromium['blocks']) * 1000:.0f} MB/s; its thread was held {held}")


if __name__ == "__main__":
    main()
