"""How quick the page stays with many small files: ``python -m tests.bench.many [--files N ...]``.

Each number of files is uploaded twice: with the list as it is at first, and shown in full.
"""

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench.chromium import FIND, Chromium, wait_until
from tests.bench.contestants import panel
from tests.bench.throughput import save, serving

FILE_SIZE = 1000

#: Notes when files are chosen, when their rows are painted, and what holds the page up until then
#: and after it.
WATCH = """
(find) => {
  const figures = (window.figures = { paint: null, first: 0, longest: 0 });
  const began = { at: 0 };
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      if (startTime < began.at) figures.first = Math.max(figures.first, duration);
      else figures.longest = Math.max(figures.longest, duration);
    }
  }).observe({ entryTypes: ["longtask"] });
  const input = find("input[type=file]");
  began.at = Infinity;
  input.addEventListener("change", () => {
    const chosen = performance.now();
    const look = () => requestAnimationFrame(() => {
      if (find(".row") === null) return look();
      setTimeout(() => {
        began.at = performance.now();
        figures.paint = began.at - chosen;
        if (window.unfolds) find(".more")?.click();
      });
    });
    look();
  }, { capture: true });
}
"""

IS_OVER = f"""
(() => {{
  const find = {FIND};
  return !find(".facts")?.textContent.includes(" of ") && Boolean(find(".row.complete"));
}})()
"""


@dataclass
class Figures:
    """Milliseconds: until the first paint, of the longest tasks, if over 50, and of all tasks."""

    files: int
    shown: str
    first_paint: float
    longest_until_then: float
    longest_after: float
    all_tasks: float
    total: float
    rows: int


def upload(count: int, unfolded: bool, paths: list[Path]) -> Figures:
    contestant = panel("many")
    with serving(contestant.command) as server, Chromium() as browser:
        browser.open(f"http://localhost:{server.port}/app", contestant.file_input)
        browser.evaluate(f"window.unfolds = {json.dumps(unfolded)}; ({WATCH})({FIND})")
        browser.call("Performance.enable")
        busy = busy_time(browser)
        browser.evaluate("window.started = performance.now()")
        browser.choose_files(contestant.file_input, paths[:count])
        wait_until(lambda: browser.evaluate("figures.paint") is not None, 60)
        wait_until(lambda: browser.evaluate(IS_OVER), 600)
        total = browser.evaluate("performance.now() - window.started")
        busy = busy_time(browser) - busy
        figures = browser.evaluate("figures")
        rows = browser.evaluate(f"({FIND})('.rows').children.length")
    shown = "all" if unfolded else "few"
    times = [*(figures[name] for name in ("paint", "first", "longest")), busy]
    return Figures(count, shown, *map(round, times), total=round(total), rows=rows)


def busy_time(browser: Chromium) -> float:
    metrics = browser.call("Performance.getMetrics")["metrics"]
    return float(next(it["value"] for it in metrics if it["name"] == "TaskDuration")) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, nargs="+", default=[200, 2000, 5000])
    options = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"IMG_{n:04}.jpg" for n in range(max(options.files))]
        for path in paths:
            path.write_bytes(path.name.encode() * (FILE_SIZE // len(path.name)))
        for count in options.files:
            for unfolded in (False, True):
                figures.append(upload(count, unfolded, paths))
                print(figures[-1], flush=True)
    save("many", figures)


if __name__ == "__main__":
    main()
