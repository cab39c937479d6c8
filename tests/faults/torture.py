"""Everything at once, for a while: ``python -m tests.faults.torture [--seconds N] [--seed N]``.

Two pages upload eight files at a time, of nothing to tens of MB. The way to the server is cut, held
up, slowed down and closed at random, and the server is killed and started anew. In the end every
file is there, once, whole, and nothing else is. The seed gives the same files and the same faults,
if not at the same moment of the uploads.
"""

import argparse
import hashlib
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

from playwright.sync_api import sync_playwright

from tests.browser.conftest import App, launch_options, wait_until
from tests.browser.cutting_proxy import CuttingProxy, cutting_proxy
from tests.faults.server import Server, served

KB, MB = 1000, 1000**2

#: Pages, uploads of each at a time, and files until a page is closed and opened anew.
PAGES, UPLOADS, FILES = 2, 4, 25

#: Seconds for what is left to arrive once nothing is broken any more.
PATIENCE = 120

#: Seconds for which a fault lasts, and between two of them.
SHORT, LONG = (0.2, 3.0), (0.5, 4.0)

#: Has the page show all rows.
SHOW_MORE = "found => found.forEach(it => it.innerText.includes(' more ') && it.click())"

FAILED = {"failed", "refused", "cancelled"}
ENDED = {"complete", *FAILED}


class Faults(threading.Thread):
    """Breaks one thing after the other until it is told to stop."""

    def __init__(self, random: Random, server: Server, proxy: CuttingProxy) -> None:
        super().__init__(daemon=True)
        self.survived: Counter[str] = Counter()
        self.pause = threading.Lock()
        self._random = random
        self._server = server
        self._proxy = proxy
        self._over = threading.Event()
        self._error: BaseException | None = None

    def run(self) -> None:
        faults = [self.cut, self.cut, self.stall, self.stall, self.delay, self.close, self.kill]
        try:
            while not self._wait(LONG):
                fault = self._random.choice(faults)
                with self.pause:
                    fault()
                self.survived[fault.__name__] += 1
        except BaseException as error:
            self._error = error

    def stop(self) -> None:
        """Break nothing any more."""
        self._over.set()
        self.join()
        if self._error is not None:
            raise self._error

    def cut(self) -> None:
        self._proxy.cut()

    def stall(self) -> None:
        """Pass nothing on, and then all of it; or lose it."""
        self._proxy.hold()
        self._wait(SHORT)
        if self._random.random() < 0.5:
            self._proxy.cut()
        self._proxy.release()

    def delay(self) -> None:
        self._proxy.rate = self._random.uniform(0.2, 4) * MB
        self._wait(LONG)
        self._proxy.rate = None

    def close(self) -> None:
        """Lose all connections, and take no others for a while."""
        self._proxy.refusing = True
        self._proxy.cut()
        self._wait(LONG)
        self._proxy.refusing = False

    def kill(self) -> None:
        self._server.kill()
        self._wait(SHORT)
        self._server.start()

    def _wait(self, seconds: tuple[float, float]) -> bool:
        return self._over.wait(self._random.uniform(*seconds))


class Source:
    """Files of random bytes."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.checksums: dict[str, str] = {}
        self.bytes = 0
        self._random = Random(seed)
        self._bytes = self._random.randbytes(64 * MB)
        self._folder = folder

    def next(self) -> Path:
        kinds = [0, self._random.randint(1, 100 * KB), self._random.randint(MB, 5 * MB)]
        size = self._random.choice([*kinds, kinds[1], kinds[2], self._random.randint(10, 40) * MB])
        start = self._random.randrange(len(self._bytes) - size)
        path = self._folder / f"{len(self.checksums):05}.bin"
        data = memoryview(self._bytes)[start : start + size]
        path.write_bytes(data)
        self.checksums[path.name] = hashlib.sha256(data).hexdigest()
        self.bytes += size
        return path


class Tab:
    """A page that uploads some files at a time, and begins anew after a number of them."""

    def __init__(self, open_app: Callable[[], App], source: Source) -> None:
        self._open = open_app
        self._source = source
        self._app: App | None = None
        self._paths: list[Path] = []
        self.failures: dict[str, str] = {}  # what the page has said, until more is chosen
        self.whole = 0
        self.wrong: list[str] = []

    def work(self, incoming: Path, *, last: bool = False) -> None:
        """Choose more files, or look at them if all that were chosen have ended."""
        if self._app is None:
            if not last:
                self._app = self._open()
            return
        states = self.states()
        under_way = [path for path in self._paths if states.get(path.name) not in ENDED]
        if len(self._paths) < FILES and not last:
            new = [self._source.next() for _ in range(UPLOADS - len(under_way))]
            self._paths += new
            if new:
                self._app.choose(*new)
        elif not under_way:
            self._end(states, incoming)

    @property
    def is_over(self) -> bool:
        return self._app is None

    def states(self) -> dict[str, str]:
        """Give the state of each row by its name."""
        assert self._app is not None
        page = self._app.page
        page.locator(".more").evaluate_all(SHOW_MORE)
        rows = page.locator(".row").evaluate_all(
            "rows => rows.map(it => [it.querySelector('.name').innerText, it.dataset.state,"
            " it.querySelector('.detail').innerText])"
        )
        self.failures |= {name: text for name, state, text in rows if state in FAILED}
        return {name: state for name, state, _ in rows}

    def unfinished(self, states: dict[str, str]) -> list[str]:
        """Give what is not complete, and what the page has said of it."""
        names = [path.name for path in self._paths if states.get(path.name) != "complete"]
        return [f"{it}: {states.get(it, 'no row')} {self.failures.get(it, '')}" for it in names]

    def _end(self, states: dict[str, str], incoming: Path) -> None:
        assert self._app is not None
        self.wrong += self.unfinished(states)
        for path in self._paths:
            arrived = incoming / path.name
            checksum = self._source.checksums[path.name]
            if not arrived.exists():
                self.wrong.append(f"{path.name} is not there")
            elif hashlib.sha256(arrived.read_bytes()).hexdigest() != checksum:
                self.wrong.append(f"{path.name} is not what was sent")
            else:
                self.whole += 1
                arrived.unlink()
            path.unlink()
        self._app.page.close()
        self._app, self._paths = None, []


def torture(folder: Path, seconds: float, seed: int) -> list[str]:
    """Give what is wrong in the end."""
    incoming, sources = folder / "incoming", folder / "sources"
    sources.mkdir()
    source = Source(sources, seed)
    options = {"destination": str(incoming), "multiple": True}
    with (
        served(folder / "tmp") as server,
        cutting_proxy(server.port) as proxy,
        sync_playwright() as playwright,
        playwright.chromium.launch(**launch_options()) as browser,
    ):
        faults = Faults(Random(seed), server, proxy)

        def open_app() -> App:
            with faults.pause:  # a page that is not there yet has nothing to go on with
                return App(browser.new_page(), f"{proxy.url}/app", options)

        tabs = [Tab(open_app, source) for _ in range(PAGES)]
        faults.start()
        try:
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                for tab in tabs:
                    tab.work(incoming)
                time.sleep(0.05)
        finally:
            faults.stop()
        wrong = end(tabs, incoming)
    whole = sum(tab.whole for tab in tabs)
    print(f"seed {seed}: {whole} of {len(source.checksums)} files whole, {source.bytes} bytes")
    print("survived: " + ", ".join(f"{n} {name}" for name, n in sorted(faults.survived.items())))
    return wrong + left_over(folder)


def end(tabs: list[Tab], incoming: Path) -> list[str]:
    """Wait until all has ended, and give what is wrong."""

    def is_over() -> bool:
        for tab in tabs:
            tab.work(incoming, last=True)
        return all(tab.is_over for tab in tabs)

    with suppress(AssertionError):
        wait_until(is_over, PATIENCE)
    late = [text for tab in tabs if not tab.is_over for text in tab.unfinished(tab.states())]
    return [text for tab in tabs for text in tab.wrong] + [f"not in time: {it}" for it in late]


def left_over(folder: Path) -> list[str]:
    """Give what is in the destination beside records of complete files."""
    paths = (folder / "incoming").rglob("*")
    return [
        f"left: {path.name}, {path.stat().st_size} bytes, "
        f"{'with' if path.with_suffix('.json').exists() else 'without'} a record"
        for path in paths
        if path.is_file() and path.suffix != ".json"
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=Random().randrange(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.seconds:g} s", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        wrong = torture(Path(folder), options.seconds, options.seed)
        if wrong:
            print("\n".join(["", "Wrong:", *wrong]))
            print("\nThe end of the server's log:\n")
            print("\n".join((Path(folder) / "server.log").read_text().splitlines()[-40:]))
            sys.exit(1)


if __name__ == "__main__":
    main()
