"""What goes on in the background when the process ends."""

from pathlib import Path

from fakes import files_below
from processes import start_python

# A process waits for the workers of an executor as it ends; no other work is taken from then on.
ENDING = """
import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from fakes import Browser, FakePage
from panel_chunked import UploadCancelledError, background
from panel_chunked.protocol import Ack, Error
from panel_chunked.stores import DirectoryStore, sweeper

store = DirectoryStore(sys.argv[1])
loop = background.loop()

async def begin():
    browser = Browser(FakePage(store))
    (upload_id,) = browser.create(8)
    browser.chunk(upload_id, 0, b"abcd")
    await browser.page.next(Ack)
    return browser, upload_id

def run(coroutine):
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

def wait_until_it_ends():
    while not background.executors_have_ended():
        time.sleep(0.01)

def have_the_loop_work():
    for _ in range(5):
        run(asyncio.sleep(0))
"""

SWEEP = """
def work():
    wait_until_it_ends()
    sweeper.watch(store)
    have_the_loop_work()
"""

SEND = """
browser, upload_id = run(begin())

def work():
    wait_until_it_ends()
    loop.call_soon_threadsafe(browser.chunk, upload_id, 4, b"efgh")
    have_the_loop_work()
    print(browser.page.all(Error))
"""

FOLLOW = """
browser, _ = run(begin())

def work():
    try:
        browser.session.uploads[0].open().read()
    except UploadCancelledError as error:
        print(error)
"""

# pyarrow reads in threads that Python has not started.
LIBRARY = """
import threading
from contextlib import suppress
from pyarrow import csv
from panel_chunked import changes

browser, _ = run(begin())

def read():
    with suppress(UploadCancelledError):
        csv.open_csv(browser.session.uploads[0].open())

threading.Thread(target=read, daemon=True).start()
while not changes._waited_for:
    time.sleep(0.01)

def work():
    pass
"""

BUSY = """
import threading

pool = ThreadPoolExecutor(1)
gate = threading.Event()
loop.set_default_executor(pool)
pool.submit(gate.wait)
calls = []

def no_threads(_):
    raise RuntimeError("can't start new thread")

threading.Thread.start, start = no_threads, threading.Thread.start
pool._max_workers = 2  # it would begin another one
try:
    run(background.to_thread(calls.append, 1))
except RuntimeError as error:
    print(error)
threading.Thread.start = start
gate.set()
pool.shutdown()
print(calls)

def work():
    pass
"""


def end(work: str, folder: Path) -> str:
    with start_python(f"{ENDING}{work}\nThreadPoolExecutor().submit(work)", str(folder)) as process:
        try:
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, errors) == (0, "")
    return output


def test_sweeper_is_quiet(tmp_path: Path) -> None:
    assert end(SWEEP, tmp_path) == ""


def test_upload_stays_for_the_next_process(tmp_path: Path) -> None:
    assert end(SEND, tmp_path) == "[]\n"
    (data,) = files_below(tmp_path).values()
    assert data in (b"abcd", b"abcdefgh")


def test_who_waits_for_more_of_an_upload_does_not_keep_the_process(tmp_path: Path) -> None:
    assert end(FOLLOW, tmp_path) == "The process ends.\n"


def test_process_does_not_end_under_a_library_that_waits_for_more(tmp_path: Path) -> None:
    assert end(LIBRARY, tmp_path) == ""


def test_nothing_is_done_twice_if_there_are_too_many_threads(tmp_path: Path) -> None:
    assert end(BUSY, tmp_path) == "can't start new thread\n[1]\n"
