"""What a large file costs: ``python -m tests.bench.throughput [--size MiB] [--rounds N]``.

Chromium and the server share the machine, so ratios within one run count, not the figures alone.
Contestants take turns. Browser and server are new for each upload.
"""

import argparse
import hashlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from tests.bench.chromium import Chromium, wait_until

MiB = 1024**2
INPUTS = {"ours": "input[type=file]", "FileDropper": ".filepond--browser"}


@dataclass
class Figures:
    contestant: str
    seconds: float
    mb_per_second: float
    server_cpu_seconds: float
    server_memory_mb: float
    browser_memory_mb: float
    longest_callback_ms: float


class Peak(threading.Thread):
    """Samples memory in the background and keeps the highest value over the first."""

    def __init__(self, server: psutil.Process, browser: Chromium) -> None:
        super().__init__(daemon=True)
        self._read = lambda: (server.memory_info().rss, browser.memory())
        self._first = self.peak = self._read()
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(0.5):
            self.peak = tuple(map(max, self.peak, self._read()))

    def stop(self) -> tuple[float, float]:
        """Give the growth of server and browser in MB."""
        self._stopping.set()
        self.join()
        server, browser = (
            (high - low) / 1e6 for high, low in zip(self.peak, self._first, strict=True)
        )
        return server, browser


def upload(contestant: str, path: Path, checksum: str) -> Figures:
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.servers", contestant, str(port)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        Chromium() as browser,
    ):
        try:
            process = psutil.Process(server.pid)
            wait_until(lambda: is_open(port), 60)
            browser.open(f"http://localhost:{port}/app", INPUTS[contestant])
            peak, cpu = Peak(process, browser), sum(process.cpu_times()[:2])
            peak.start()
            started = time.perf_counter()
            browser.choose_file(INPUTS[contestant], path)
            facts = read_json(server, "arrived")
            seconds = time.perf_counter() - started
            cpu = sum(process.cpu_times()[:2]) - cpu
            server_memory, browser_memory = peak.stop()
            if read_json(server, "checksum")["checksum"] != checksum:
                raise RuntimeError(f"{contestant}: what arrived is not what was sent")
        finally:
            server.kill()
    size = path.stat().st_size
    longest = 1000 * facts["longest_callback"]
    return Figures(
        contestant, seconds, size / 1e6 / seconds, cpu, server_memory, browser_memory, longest
    )


def read_json(server: subprocess.Popen[str], key: str) -> dict[str, float]:
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith("{") and key in (facts := json.loads(line)):
            return facts
    raise RuntimeError(f"the server ended with {server.wait()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def make_file(path: Path, size: int) -> str:
    """Write random bytes and give their checksum."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(size // MiB):
            block = os.urandom(MiB)
            digest.update(block)
            file.write(block)
    return f"sha256:{digest.hexdigest()}"


def table(figures: list[Figures]) -> str:
    """Give the medians as a Markdown table."""
    columns = [
        "mb_per_second",
        "server_cpu_seconds",
        "server_memory_mb",
        "browser_memory_mb",
        "longest_callback_ms",
    ]
    heads = ["MB/s", "server CPU s", "server memory MB", "browser memory MB", "longest callback ms"]
    lines = [f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for contestant in dict.fromkeys(f.contestant for f in figures):
        mine = [asdict(f) for f in figures if f.contestant == contestant]
        medians = [statistics.median(f[column] for f in mine) for column in columns]
        lines.append(f"| {contestant} | {' | '.join(f'{m:.1f}' for m in medians)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1024, help="MiB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=INPUTS, action="append")
    options = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.bin"
        checksum = make_file(path, options.size * MiB)
        for _ in range(options.rounds):
            for contestant in options.only or INPUTS:
                figures.append(upload(contestant, path, checksum))
                print(figures[-1], flush=True)
    print(f"\nMedians of {options.rounds} uploads of {options.size} MiB, hash equal:\n")
    print(table(figures))


if __name__ == "__main__":
    main()
