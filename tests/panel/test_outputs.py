"""What an app is told of uploads, through real documents and Panel's own event handling."""

import asyncio
import itertools
import sys
from pathlib import Path
from types import SimpleNamespace

import panel as pn
import pytest
from panel.io.state import state

from panel_chunked import ChunkedFileInput, Upload, UploadedFile, outputs
from panel_chunked import page as page_module
from panel_chunked.outputs import Outputs
from panel_chunked.page import MAX_UPDATES
from panel_chunked.upload import UploadInfo

OUTPUTS = ["value", "filename", "mime_type", "files"]


def contents(widget):
    return [file.read() for file in widget.files]


async def test_a_watcher_sees_all_outputs_of_an_upload_in_one_update(open_page, seen):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    updates = seen(widget, *OUTPUTS, "progress")

    await page.upload(("a.csv", b"x,y\n1,2\n", "text/csv"))

    assert [u for u in updates if u.keys() != {"progress"}] == [
        {
            "value": b"x,y\n1,2\n",
            "filename": "a.csv",
            "mime_type": "text/csv",
            "files": widget.files,
            "progress": 100,
        }
    ]
    assert contents(widget) == [b"x,y\n1,2\n"]


async def test_a_value_watcher_sees_the_filename_that_belongs_to_it(open_page):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    pairs = []
    widget.param.watch(lambda e: pairs.append((e.new, widget.filename, widget.mime_type)), "value")

    await page.upload(("a.txt", b"a"))
    await page.upload(("b.png", b"b", "image/png"))

    assert pairs == [(b"a", "a.txt", "text/plain"), (b"b", "b.png", "image/png")]


async def test_an_empty_file_is_empty_bytes(open_page):
    widget = ChunkedFileInput()
    page = await open_page(widget)

    await page.upload(("empty.txt", b""))

    assert widget.value == b""
    assert widget.filename == "empty.txt"
    assert contents(widget) == [b""]


async def test_a_second_upload_takes_the_place_of_the_first(open_page, no_garbage_collection):
    widget = ChunkedFileInput()
    page = await open_page(widget)

    first, *_ = await page.upload(("a.txt", b"a"))
    first_path = widget.files[0].path
    await page.upload(("b.txt", b"b"))

    assert [file.name for file in widget.files] == ["b.txt"]
    await page.heard("removed", id=first["id"])
    await page.wait(lambda: not first_path.exists())


async def test_a_batch_changes_value_once_and_files_each_time(open_page, seen):
    widget = ChunkedFileInput(multiple=True)
    page = await open_page(widget)
    values = seen(widget, "value", "filename")
    files = [("a.txt", b"aa"), ("a.txt", b"bb"), ("c.txt", b"cc")]

    created = await page.create(*files, chunks=False)
    for number, answer in enumerate(created):
        assert values == [], "the batch is not over"
        await page.send(answer["id"], files[number][1])
        await page.wait(lambda: len(widget.files) == number + 1)  # noqa: B023

    await page.wait(lambda: values)
    assert values == [{"value": [b"aa", b"bb", b"cc"], "filename": ["a.txt", "a.txt", "c.txt"]}]
    assert widget.mime_type == ["text/plain"] * 3


async def test_one_file_is_a_list_too_if_multiple(open_page):
    widget = ChunkedFileInput(multiple=True)
    page = await open_page(widget)

    await page.upload(("a.txt", b"a"))
    await page.upload(("b.txt", b"b"))

    assert widget.value == [b"b"], "the last pick"
    assert [file.name for file in widget.files] == ["a.txt", "b.txt"], "everything"


async def test_a_directory_gives_relative_paths(open_page):
    widget = ChunkedFileInput(directory=True)
    page = await open_page(widget)

    await page.upload(("photos/2024/a.jpg", b"a"), ("photos/b.jpg", b"b"))

    assert widget.filename == ["photos/2024/a.jpg", "photos/b.jpg"]
    assert widget.value == [b"a", b"b"]


async def test_beyond_value_limit_the_value_is_none_and_a_warning_names_files(open_page, caplog):
    widget = ChunkedFileInput(multiple=True, value_limit=4)
    page = await open_page(widget)

    await page.upload(("big.bin", b"12345"), ("small.bin", b"1234"))

    assert widget.value == [None, b"1234"]
    assert widget.filename == ["big.bin", "small.bin"]
    assert sorted(contents(widget)) == [b"1234", b"12345"]
    (warning,) = [r.getMessage() for r in caplog.records if "value_limit" in r.getMessage()]
    assert "big.bin" in warning
    assert "files" in warning
    (big,) = [file for file in widget.files if file.name == "big.bin"]
    assert f"Upload {big.id} " in warning


@pytest.mark.parametrize("multiple", [False, True])
async def test_with_a_destination_value_stays_none(open_page, tmp_path, caplog, multiple):
    widget = ChunkedFileInput(destination=tmp_path / "incoming", multiple=multiple)
    page = await open_page(widget)

    await page.upload(("a.txt", b"a"))

    assert widget.value is None
    assert widget.filename == (["a.txt"] if multiple else "a.txt")
    await page.leave()
    assert (tmp_path / "incoming" / "a.txt").read_bytes() == b"a", "it outlives the session"
    assert "value_limit" not in caplog.text


async def test_a_bound_function_runs_once_for_each_upload(open_page):
    widget = ChunkedFileInput()
    calls = []
    bound = pn.bind(lambda value: calls.append(value) or f"{len(value or b'')} bytes", widget)
    text = pn.pane.Str(bound)
    page = await open_page(pn.Column(widget, text), widget)

    await page.upload(("a.txt", b"abc"))

    assert text.object == "3 bytes"
    assert calls[-1] == b"abc"
    assert calls.count(b"abc") == 1


async def test_rx_follows_the_value(open_page):
    widget = ChunkedFileInput()
    upper = widget.rx().rx.pipe(lambda value: value and value.upper())
    page = await open_page(widget)

    await page.upload(("a.txt", b"abc"))

    assert upper.rx.value == b"ABC"


async def test_a_callback_runs_with_the_document_as_in_panel(open_page):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    docs = []
    widget.param.watch(lambda _: docs.append(state.curdoc), "value")

    await page.upload(("a.txt", b"a"))

    assert docs == [page.doc]


async def test_an_async_callback_runs(open_page):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    seen = asyncio.Queue()

    async def on_value(event):
        await asyncio.sleep(0)
        await seen.put(event.new)

    widget.param.watch(on_value, "value")
    await page.upload(("a.txt", b"a"))

    assert await asyncio.wait_for(seen.get(), 5) == b"a"


async def test_a_callback_that_raises_harms_no_later_upload(open_page, caplog):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    raising = widget.param.watch(lambda _: 1 / 0, "value")

    await page.create(("a.txt", b"a"))
    await page.wait(lambda: "ZeroDivisionError" in caplog.text)
    widget.param.unwatch(raising)
    await page.upload(("b.txt", b"b"))

    assert (widget.value, widget.filename) == (b"b", "b.txt")
    with pytest.raises(TypeError, match="Read-only"):
        widget.files = []


async def test_a_callback_may_clear_the_widget(open_page):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    widget.param.watch(lambda e: e.new is not None and widget.clear(), "value")

    await page.upload(("a.txt", b"a"))

    await page.heard("cleared")
    assert (widget.value, widget.filename, widget.files) == (None, None, [])


async def test_clear_reaches_the_page_and_frees_the_files(open_page, no_garbage_collection):
    widget = ChunkedFileInput(multiple=True)
    page = await open_page(widget)
    await page.upload(("a.txt", b"a"), ("b.txt", b"b"))
    paths = [file.path for file in widget.files]

    widget.clear()

    await page.heard("cleared")
    assert (widget.value, widget.filename, widget.mime_type) == (None, None, None)
    assert widget.files == []
    await page.wait(lambda: not any(path.exists() for path in paths))


async def test_clear_forgets_failures(open_page):
    widget = ChunkedFileInput(accept=".csv")
    page = await open_page(widget)
    (answer,) = await page.create(("a.exe", b"a"))
    assert answer["code"] == "not_accepted"
    await page.wait(lambda: widget.uploads)

    widget.clear()

    assert widget.uploads == []


async def test_clear_cancels_what_runs(open_page):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    (created,) = await page.create(("a.txt", b"abc"), chunks=False)
    await page.say("chunk", attempt=0, id=created["id"], offset=0, data=b"ab")
    await page.wait(lambda: widget.uploads)

    widget.clear()

    await page.heard("removed", id=created["id"])
    await page.wait(lambda: not widget._sessions()[0].ending)
    await page.wait(lambda: (widget.progress, widget.uploads) == (0, []))
    await page.wait(lambda: not widget.uploads)
    assert widget.files == []


async def test_uploads_tells_what_runs(open_page):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    (created,) = await page.create(("a.txt", b"abcd"), chunks=False)
    await page.say("chunk", attempt=0, id=created["id"], offset=0, data=b"abc")

    await page.wait(lambda: widget.progress == 75)

    (upload,) = widget.uploads
    assert (upload.name, upload.size, upload.stored, upload.state) == ("a.txt", 4, 3, "running")


async def test_a_deleted_file_leaves_the_outputs_and_the_page(open_page):
    widget = ChunkedFileInput(multiple=True)
    page = await open_page(widget)
    answers = await page.upload(("a.txt", b"a"), ("b.txt", b"b"))
    a = next(file for file in widget.files if file.name == "a.txt")

    a.delete()

    await page.heard("removed", id=answers[0]["id"])
    assert not a.path.exists()
    assert [file.name for file in widget.files] == ["b.txt"]
    assert (widget.value, widget.filename) == ([b"b"], ["b.txt"])


async def test_a_file_removed_in_the_page_leaves_the_outputs(open_page):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    (answer,) = await page.upload(("a.txt", b"a"))

    await page.say("remove", id=answer["id"])

    await page.wait(lambda: not widget.files)
    assert (widget.value, widget.filename, widget.mime_type) == (None, None, None)


async def test_what_was_uploaded_can_be_saved_beyond_value_limit(open_page, tmp_path):
    widget = ChunkedFileInput(value_limit=1)
    page = await open_page(widget)
    await page.upload(("a.txt", b"abc"))

    widget.save(tmp_path / "saved.txt")

    assert widget.value is None
    assert (tmp_path / "saved.txt").read_bytes() == b"abc"


async def test_value_that_the_app_has_set_is_what_is_saved(open_page, tmp_path):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    await page.upload(("a.txt", b"uploaded"))

    widget.value = b"set"
    widget.save(tmp_path / "out.txt")

    assert (tmp_path / "out.txt").read_bytes() == b"set"


async def test_value_that_the_app_has_emptied_stays_empty(open_page):
    widget = ChunkedFileInput(multiple=True)
    page = await open_page(widget)
    await page.upload(("a.txt", b"a"), ("b.txt", b"b"))

    widget.param.update(value=None, filename=None, mime_type=None)
    widget.files[0].delete()

    assert len(widget.files) == 1
    assert (widget.value, widget.filename, widget.mime_type) == (None, None, None)


async def test_bytes_that_the_app_has_let_go_of_are_freed(open_page, monkeypatch):
    data = bytes(100)
    monkeypatch.setattr(outputs, "_read", lambda file: data)
    free = sys.getrefcount(data)
    widget = ChunkedFileInput()
    page = await open_page(widget)
    await page.upload(("a.txt", b"a"))
    assert widget.value is data
    assert sys.getrefcount(data) > free

    widget.value = ""  # as ChatInterface does

    await page.wait(lambda: sys.getrefcount(data) == free)
    assert len(widget.files) == 1, "the file stays, as the page says"


async def test_after_the_app_has_emptied_value_the_next_pick_arrives(open_page):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    await page.upload(("a.txt", b"a"))
    widget.value = None

    await page.upload(("b.txt", b"b"))

    assert (widget.value, widget.filename) == (b"b", "b.txt")


async def test_a_file_that_the_app_moves_away_does_not_hold_up_the_batch(open_page, caplog):
    widget = ChunkedFileInput(multiple=True)
    page = await open_page(widget)
    widget.param.watch(lambda event: event.new and event.new[0].path.unlink(True), "files")

    await page.upload(("a.txt", b"a"), ("b.txt", b"b"))

    assert widget.filename == ["a.txt", "b.txt"]
    assert widget.progress == 100
    assert widget.uploads == []


async def test_progress_is_0_after_the_only_upload_was_cancelled(open_page):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    (created,) = await page.create(("a.txt", b"abc"), chunks=False)
    await page.say("chunk", attempt=0, id=created["id"], offset=0, data=b"ab")
    await page.wait(lambda: widget.progress)

    await page.say("abort", id=created["id"])

    await page.heard("removed", id=created["id"])
    await page.wait(lambda: widget.uploads == [])
    assert widget.progress == 0


async def test_outputs_of_ten_thousand_files_are_published_quickly():
    """Each publish looks a file up once, not once for every other file."""
    compared = 0

    class Counting(UploadedFile):
        def __eq__(self, other):
            nonlocal compared
            compared += 1
            return self is other

        __hash__ = UploadedFile.__hash__

    files = [Counting(info(number), Path(str(number))) for number in range(10_000)]
    session = SimpleNamespace(files=files, uploads=[], progress=(0, 0), completed=1)
    widget = ChunkedFileInput(multiple=True)

    Outputs(widget, lambda: [session]).publish([(file, None) for file in files])

    assert len(widget.files) == 10_000
    assert compared < 50_000


def test_progress_of_uploads_that_go_on_meanwhile_is_a_percentage():
    class Changing:
        files, uploads, completed = [], [], 0

        def __init__(self):
            self.moments = iter([(9, 10), (1, 1), (1, 1)])

        @property
        def progress(self):
            return next(self.moments)

    widget = ChunkedFileInput()
    session = Changing()

    Outputs(widget, lambda: [session]).publish_progress()

    assert widget.progress == 90


@pytest.mark.parametrize("ended", ["complete", "cancelled"])
def test_uploads_lists_nothing_that_has_ended_well_or_was_cancelled(ended):
    uploads = [Upload(state, 1, 0, state) for state in ("queued", ended, "running", "failed")]
    session = SimpleNamespace(files=[], uploads=uploads, progress=(0, 4), completed=0)
    widget = ChunkedFileInput()

    Outputs(widget, lambda: [session]).publish_progress()

    assert [upload.state for upload in widget.uploads] == ["queued", "running", "failed"]


def info(number):
    return UploadInfo(str(number), str(number), str(number), 1, "text/plain", str(number))


async def test_pages_that_begin_at_once_tell_progress_in_turns(open_page, monkeypatch):
    monkeypatch.setattr(page_module, "PROGRESS_INTERVAL", 60)  # so that no turn comes meanwhile
    monkeypatch.setattr(page_module, "_turns", page_module._Turns())  # other tests wait for none
    widget = ChunkedFileInput()
    pages = [await open_page(widget) for _ in range(5)]
    for page in pages:
        await page.create(("a.txt", b"abc"), chunks=False)

    due = sorted(page._progress_timer.when() for page in widget._pages.values())
    assert len(due) == 5
    for earlier, later in itertools.pairwise(due):
        assert later - earlier >= 0.99 / MAX_UPDATES
