"""What a function costs that uses a file as it arrives: ``python -m tests.bench.streams``.

A file of 1 GiB goes to one that takes what it gets, and to one that takes 5 MB/s. For each: the
time from the choice to its first byte, the speed, what server and browser need more, what the row
says.
"""

import argparse
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.chromium import FIND, Chromium
from tests.bench.contestants import panel
from tests.bench.throughput import MiB, Peak, make_file, save, serving

ROW_TEXT = f"({FIND})('.row .detail')?.innerText"

#: Seconds between two looks at the row.
LOOK = 5


@dataclass
class Figures:
    """What one upload took; memory is what was needed more than before."""

    function: str
    size_mib: int
    first_byte_s: float
    mb_per_second: float
    server_memory_mb: float
    browser_memory_mb: float
    said: str


def upload(name: str, path: Path) -> Figures:
    contestant = panel(name)
    size = path.stat().st_size
    with serving(contestant.command) as server, Chromium() as browser:
        browser.open(f"http://localhost:{server.port}/app", contestant.file_input)
        peak = Peak(server, browser)
        peak.start()
        started = time.time()  # of the machine, which both processes share
        browser.choose_file(contestant.file_input, path)
        first_byte = server.read_json("first_byte")["first_byte"] - started
        said = watch(browser)
        seconds = server.read_json("arrived")["at"] - started
        memory = peak.stop()
    return Figures(name, size // MiB, first_byte, size / 1e6 / seconds, *memory, said=said)


def watch(browser: Chromium) -> str:
    """Look at the row until it has ended, and give what it has said most often."""
    said: Counter[str] = Counter()
    while (text := browser.evaluate(ROW_TEXT)) not in ("Uploaded", None):
        said[" ".join(word for word in text.split() if not word[0].isdigit())] += 1
        time.sleep(LOOK if "min" in text else 0.2)
    return said.most_common(1)[0][0] if said else ""


def table(figures: list[Figures]) -> str:
    lines = [
        "| function | first byte s | MB/s | server memory MB | browser memory MB | the row says |",
        "|---|---|---|---|---|---|",
    ]
    for it in figures:
        cells: list[Any] = [f"{it.first_byte_s:.2f}", f"{it.mb_per_second:.1f}"]
        cells += [f"{it.server_memory_mb:.1f}", f"{it.browser_memory_mb:.1f}", it.said]
        lines.append(f"| {it.function} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1024, help="MiB")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.bin"
        make_file(path, options.size * MiB)
        for _ in range(options.rounds):
            for name in ("coroutine", "function", "slow function"):
                figures.append(upload(name, path))
                print(figures[-1], flush=True)
    print(f"\nUploads of {options.size} MiB:\n")
    print(table(figures))
    save("streams", figures)


if __name__ == "__main__":
    main()
