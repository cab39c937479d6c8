"""What a large file costs: ``python -m tests.bench.throughput [--size MiB] [--rounds N]``.

Chromium and the server share the machine, so ratios within one run count, not the figures alone.
Contestants take turns, in another order each round. Browser and server are new for each upload.
"""

import argparse
import hashlib
import json
import os
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from tests.bench.chromium import Chromium, wait_until
from tests.bench.contestants import CONTESTANTS, DESTINATIONS, NOTEBOOKS, PEERS, Contestant

MiB = 1024**2
ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "bench-results"


@dataclass
class Figures:
    """What one upload took. CPU is for each GiB, memory is for the whole file."""

    contestant: str
    size_mib: int
    mb_per_second: float
    server_cpu_per_gib: float
    server_memory_mb: float
    browser_memory_mb: float
    longest_callback_ms: float | None = None


COLUMNS = {
    "mb_per_second": "MB/s",
    "server_cpu_per_gib": "server CPU s/GiB",
    "server_memory_mb": "server memory MB",
    "browser_memory_mb": "browser memory MB",
    "longest_callback_ms": "longest callback ms",
}


class Server:
    """A contestant's server, and the processes that it has started."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.port = port
        self._process = process
        self._root = psutil.Process(process.pid)

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        return float(sum(sum(process.cpu_times()[:2]) for process in self._processes()))

    def memory(self) -> int:
        """Bytes resident."""
        return sum(process.memory_info().rss for process in self._processes())

    def read_json(self, key: str) -> dict[str, Any]:
        """Wait for the next line of its output that says `key`."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{") and key in (facts := json.loads(line)):
                return dict(facts)
        raise RuntimeError(f"the server ended with {self._process.wait()}")

    def kill(self) -> None:
        for process in self._processes():
            process.kill()
        self._process.wait()

    def _processes(self) -> list[psutil.Process]:
        return [self._root, *self._root.children(recursive=True)]


@contextmanager
def serving(command: tuple[str, ...]) -> Iterator[Server]:
    """Run a server on a free port, which stands for ``{port}``, with temporary files of its own."""
    port = free_port()
    arguments = [part.format(port=port) for part in command]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            arguments,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": folder},
        ) as process,
    ):
        server = Server(process, port)
        try:
            wait_until(lambda: is_open(port) or process.poll() is not None, 60)
            yield server
        finally:
            server.kill()


class Peak(threading.Thread):
    """Samples memory in the background and keeps the highest value over the first."""

    def __init__(self, server: Server, browser: Chromium) -> None:
        super().__init__(daemon=True)
        self._read = lambda: (server.memory(), browser.memory())
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


def upload(contestant: Contestant, path: Path, checksum: str) -> Figures:
    size = path.stat().st_size
    with serving(contestant.command) as server, Chromium() as browser:
        url = f"http://localhost:{server.port}{contestant.path}"
        browser.open(url, contestant.file_input, contestant.start)
        peak, cpu = Peak(server, browser), server.cpu()
        peak.start()
        started = time.perf_counter()
        browser.choose_file(contestant.file_input, path)
        facts = server.read_json("arrived")
        seconds = time.perf_counter() - started
        cpu = server.cpu() - cpu
        memory = peak.stop()
        if server.read_json("checksum")["checksum"] != checksum:
            raise RuntimeError(f"{contestant.name}: what arrived is not what was sent")
    longest = facts.get("longest_callback")
    return Figures(
        contestant.name,
        size // MiB,
        size / 1e6 / seconds,
        cpu * 1024 * MiB / size,
        *memory,
        longest_callback_ms=1000 * longest if longest else None,
    )


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


def medians(figures: list[Figures]) -> dict[str, dict[str, float | None]]:
    """Give the median of every column, by contestant."""
    result = {}
    for name in dict.fromkeys(f.contestant for f in figures):
        mine = [asdict(f) for f in figures if f.contestant == name]
        values = {column: [f[column] for f in mine if f[column] is not None] for column in COLUMNS}
        result[name] = {c: statistics.median(v) if v else None for c, v in values.items()}
    return result


def table(figures: list[Figures]) -> str:
    """Give the medians as a Markdown table."""
    rows = medians(figures)
    columns = [c for c in COLUMNS if any(values[c] is not None for values in rows.values())]
    header = " | ".join(COLUMNS[column] for column in columns)
    lines = [f"| | {header} |", "|---" * (len(columns) + 1) + "|"]
    for name, values in rows.items():
        cells = ["" if values[c] is None else f"{values[c]:.1f}" for c in columns]
        lines.append(f"| {label(figures, name)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def label(figures: list[Figures], contestant: str) -> str:
    """Give its name, with the size of the file if that is not what most have taken."""
    size = next(f.size_mib for f in figures if f.contestant == contestant)
    return contestant if size == figures[0].size_mib else f"{contestant} ({size} MiB)"


def rotated(contestants: list[Contestant], number: int) -> list[Contestant]:
    start = number % len(contestants)
    return contestants[start:] + contestants[:start]


def measure(contestants: list[Contestant], size: int, rounds: int) -> list[Figures]:
    """Upload `rounds` times with each of them, in turns; `size` in MiB."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        files: dict[int, tuple[Path, str]] = {}
        for contestant in [c for n in range(rounds) for c in rotated(contestants, n)]:
            mib = min(size, contestant.max_size or size)
            if mib not in files:
                path = Path(folder) / f"{mib}.bin"
                files[mib] = path, make_file(path, mib * MiB)
            figures.append(upload(contestant, *files[mib]))
            print(figures[-1], flush=True)
    return figures


def save(name: str, figures: Sequence[Any]) -> None:
    """Write dataclasses as JSON to ``bench-results``."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps([asdict(f) for f in figures], indent=1))
    print(f"\nWritten to {path.relative_to(ROOT)}")


def main() -> None:
    contestants = CONTESTANTS + PEERS
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1024, help="MiB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=[c.name for c in contestants], action="append")
    parser.add_argument("--all", action="store_true", help="those of `make bench-all`, too")
    parser.add_argument("--durable", action="store_true", help="ours with a directory, alone")
    parser.add_argument("--notebook", action="store_true", help="those in JupyterLab, alone")
    parser.add_argument(
        "--callbacks",
        action="store_true",
        help="time each callback of the event loop of Panel's, which costs them throughput",
    )
    options = parser.parse_args()
    if options.notebook:
        chosen = NOTEBOOKS
    elif options.durable:
        chosen = DESTINATIONS
    elif options.only:
        chosen = [c for c in contestants if c.name in options.only]
    else:
        chosen = contestants if options.all else CONTESTANTS
    if options.callbacks:
        chosen = [replace(c, command=(*c.command, "--callbacks")) for c in chosen if c.is_panel]
    figures = measure(chosen, options.size, options.rounds)
    print(f"\nMedians of {options.rounds} uploads of {options.size} MiB, hash equal:\n")
    print(table(figures))
    name = "notebook" if options.notebook else "durable" if options.durable else "throughput"
    save(name, figures)
    from tests.bench.chart import draw

    draw(figures, RESULTS / f"{name}.png")
    print(f"and to {RESULTS.name}/{name}.png")


if __name__ == "__main__":
    main()
