"""How long a click takes during an upload: ``python -m tests.bench.latency [--rounds N]``.

Every 100 ms, a script in the page clicks a button, which Python answers by changing a text. The
link is `tests.bench.proxy`. Contestants take turns; browser, server and link are new each time.
"""

import argparse
import logging
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import panel as pn

from tests.bench.chromium import FIND, Chromium, wait_until
from tests.bench.contestants import FILE_DROPPER, OURS, Contestant
from tests.bench.panel_apps import APPS
from tests.bench.throughput import MiB, make_file, save, serving

IDLE_SECONDS = 10


@dataclass(frozen=True)
class Link:
    """What is between browser and server, and the file that is sent over it.

    Parameters
    ----------
    size
        Of the file, in MiB.
    mbit
        Mbit/s in each direction.
    delay
        Milliseconds in each direction.
    """

    size: int
    mbit: float | None = None
    delay: float = 0

    def command(self, server_port: int) -> tuple[str, ...]:
        """Give what starts the proxy; ``{port}`` stands for its port."""
        cap = () if self.mbit is None else (f"--mbit={self.mbit}",)
        module = (sys.executable, "-m", "tests.bench.proxy", "{port}", str(server_port))
        return (*module, *cap, f"--delay={self.delay}")


LINKS = {
    "40 Mbit/s, 20 ms": Link(64, 40, 20),
    "uncapped": Link(1024),
    "100 Mbit/s, 100 ms": Link(128, 100, 100),
}
CONTESTANTS = {contestant.name: contestant for contestant in (OURS, FILE_DROPPER)}

#: Clicks that the page has not sent in time, its thread being busy, count from when they were due.
#: Those that were never answered count as old as they are.
PROBE = """
(find) => {
  const button = find(".probe").shadowRoot.querySelector("button");
  const models = [...Bokeh.documents[0]._all_models.values()];
  const answer = models.find((model) => model.tags.includes("answer"));
  const clicks = [];
  let first = 0;
  let timer;
  answer.properties.text.change.connect(() => {
    const now = performance.now();
    for (const click of clicks.slice(0, Number(answer.text))) click.answered ??= now;
  });
  window.probe = {
    start() {
      first = clicks.length;
      let due = performance.now() + 100;
      timer = setInterval(() => {
        const now = performance.now();
        for (; due <= now + 5; due += 100) {
          clicks.push({ due: Math.min(due, now) });
          button.click();
        }
      }, 100);
    },
    ready: () => clicks.filter((click) => click.answered).length >= 10,
    stop() {
      clearInterval(timer);
      const now = performance.now();
      return clicks.slice(first).map((click) => (click.answered ?? now) - click.due);
    },
  };
}
"""


@dataclass
class Figures:
    """What one upload did to the clicks; times in milliseconds."""

    contestant: str
    link: str
    idle_p50: float
    idle_p95: float
    uploading_p50: float
    uploading_p95: float
    uploading_max: float
    mb_per_second: float
    part_of_link: float | None
    clicks: list[float] = field(repr=False)


def page(name: str) -> Any:
    answer = pn.pane.HTML("0", tags=["answer"])
    button = pn.widgets.Button(label="Click", css_classes=["probe"])
    button.on_click(lambda _: answer.param.update(object=str(button.clicks)))
    return pn.Column(button, answer, APPS[name]())


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def upload(contestant: Contestant, link: str, path: Path) -> Figures:
    way, size = LINKS[link], path.stat().st_size
    server_command = (sys.executable, "-m", "tests.bench.latency", "--serve", contestant.name)
    with (
        serving((*server_command, "{port}")) as server,
        serving(way.command(server.port)) as proxy,
        Chromium() as browser,
    ):
        browser.open(f"http://localhost:{proxy.port}{contestant.path}", contestant.file_input)
        browser.evaluate(f"({PROBE})({FIND})")
        browser.evaluate("probe.start()")
        wait_until(lambda: browser.evaluate("probe.ready()"), 60)
        browser.evaluate("probe.stop()")

        browser.evaluate("probe.start()")
        time.sleep(IDLE_SECONDS)
        idle = browser.evaluate("probe.stop()")

        browser.evaluate("probe.start()")
        started = time.perf_counter()
        browser.choose_file(contestant.file_input, path)
        server.read_json("arrived")
        seconds = time.perf_counter() - started
        uploading = browser.evaluate("probe.stop()")
    rate = size / seconds
    return Figures(
        contestant.name,
        link,
        *(percentile(idle, percent) for percent in (50, 95)),
        *(percentile(uploading, percent) for percent in (50, 95)),
        max(uploading),
        rate / 1e6,
        None if way.mbit is None else rate * 8 / 1e6 / way.mbit,
        uploading,
    )


def measure(contestants: list[Contestant], links: list[str], rounds: int) -> list[Figures]:
    """Upload `rounds` times over each link with each of them, in turns."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for link in links:
            path = Path(folder) / "file.bin"
            make_file(path, LINKS[link].size * MiB)
            for contestant in contestants * rounds:
                figures.append(upload(contestant, link, path))
                print(figures[-1], flush=True)
    return figures


COLUMNS = {
    "idle_p50": "idle p50 ms",
    "idle_p95": "idle p95 ms",
    "uploading_p50": "uploading p50 ms",
    "uploading_p95": "uploading p95 ms",
    "mb_per_second": "MB/s",
}


def table(figures: list[Figures]) -> str:
    """Give the medians as a Markdown table."""
    titles = ["link", "", *COLUMNS.values(), "of the link"]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for link, name in dict.fromkeys((f.link, f.contestant) for f in figures):
        mine = [f for f in figures if (f.link, f.contestant) == (link, name)]
        values = [statistics.median(getattr(f, column) for f in mine) for column in COLUMNS]
        parts = [f.part_of_link for f in mine if f.part_of_link is not None]
        part = f"{statistics.median(parts):.0%}" if parts else ""
        lines.append(f"| {link} | {name} | {' | '.join(f'{v:.1f}' for v in values)} | {part} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=CONTESTANTS, action="append")
    parser.add_argument("--scenario", choices=LINKS, action="append")
    parser.add_argument("--serve", nargs=2, metavar=("NAME", "PORT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        name, port = options.serve
        # FilePond asks for animation frames all the time, wherever it is loaded.
        pn.extension(*["filedropper"] * (name == "FileDropper"))
        # The page leaves at once when it is done.
        logging.getLogger("bokeh").setLevel(logging.ERROR)
        # The page comes from the port of the link.
        pn.serve({"app": lambda: page(name)}, port=int(port), show=False, websocket_origin="*")
        return
    contestants = [c for name, c in CONTESTANTS.items() if name in (options.only or CONTESTANTS)]
    figures = measure(contestants, options.scenario or list(LINKS), options.rounds)
    print(f"\nMedians of {options.rounds} uploads; a click every 100 ms:\n")
    print(table(figures))
    save("latency", figures)


if __name__ == "__main__":
    main()
