"""What an app may say of an upload before it begins, and hear of it later."""

import asyncio
from concurrent.futures import Future
from functools import partial

import panel as pn
import pytest
from panel.io.state import state

from panel_chunked import ChunkedFileInput, Refused, StreamStore, background, hooks

KINDS = ("function", "coroutine")


def as_kind(kind, function):
    """Give a callback that calls `function`, of one kind or the other."""

    async def coroutine(about):
        await asyncio.sleep(0)
        return function(about)

    return coroutine if kind == "coroutine" else function


def listen(widget, kind="function"):
    """Record what the hooks are told, and whether the app's document was the current one."""
    heard = []

    def hear(name, what):
        heard.append((name, what.name, state.curdoc is not None))

    for name in ("start", "complete", "fail"):
        hook = as_kind(kind, lambda what, name=name: hear(name, what))
        getattr(widget, f"on_{name}")(hook)
    return heard


@pytest.mark.parametrize("kind", KINDS)
async def test_app_hears_when_an_upload_starts_and_is_complete(open_page, eventually, kind):
    widget = ChunkedFileInput(multiple=True)
    heard = listen(widget, kind)
    page = await open_page(widget)
    await page.upload(("a.txt", b"a"), ("empty.txt", b""))
    await eventually(lambda: len(heard) == 4)
    assert sorted(heard) == [
        ("complete", "a.txt", True),
        ("complete", "empty.txt", True),
        ("start", "a.txt", True),
        ("start", "empty.txt", True),
    ]


@pytest.mark.parametrize("kind", KINDS)
async def test_app_hears_why_an_upload_failed_or_was_refused(open_page, eventually, kind, tmp_path):
    (tmp_path / "file").write_text("in the way")
    widget = ChunkedFileInput(multiple=True, max_file_size=3, destination=tmp_path / "file" / "x")
    failures = []
    widget.on_fail(as_kind(kind, lambda upload: failures.append((upload.name, upload.error_code))))
    page = await open_page(widget)
    await page.create(("a.txt", b"a"), ("large.txt", b"large"))
    await eventually(lambda: len(failures) == 2)
    assert sorted(failures) == [("a.txt", "storage"), ("large.txt", "file_too_large")]


@pytest.mark.parametrize("kind", KINDS)
async def test_app_refuses_a_file_with_its_own_text(open_page, eventually, kind):
    def accept(info):
        if info.size > 3:
            raise Refused(f"{info.name} is too long for a Monday.")

    widget = ChunkedFileInput(multiple=True)
    heard = listen(widget)
    widget.on_accept(as_kind(kind, accept))
    page = await open_page(widget)
    taken, refused = await page.upload(("a.txt", b"abc"), ("b.txt", b"abcd"))
    assert taken["kind"] == "created"
    assert (refused["code"], refused["message"]) == ("refused", "b.txt is too long for a Monday.")
    assert widget.filename == ["a.txt"]
    await eventually(lambda: ("complete", "a.txt", True) in heard)
    assert ("fail", "b.txt", True) in heard


@pytest.mark.parametrize("kind", KINDS)
async def test_app_gives_a_file_another_name(open_page, kind, tmp_path):
    widget = ChunkedFileInput(directory=True, destination=tmp_path)
    names = {"a.txt": "3.TXT", "b.txt": "../../b.txt"}
    widget.on_accept(as_kind(kind, lambda info: names[info.name]))
    page = await open_page(widget)
    await page.upload(("folder/a.txt", b"abc"), ("folder/b.txt", b"b"))
    assert {file.original_name: file.path for file in widget.files} == {
        "a.txt": tmp_path / "folder" / "3.TXT",
        "b.txt": tmp_path / "folder" / "_.._.._b.txt",
    }


async def test_callbacks_are_asked_one_after_the_other(open_page):
    asked = []

    def number(info):
        asked.append(info.name)
        return f"{len(asked)}.txt"

    widget = ChunkedFileInput()
    for hook in (number, lambda _: None, number):
        widget.on_accept(hook)
    page = await open_page(widget)
    await page.upload(("a.txt", b"a"))
    assert asked == ["a.txt", "1.txt"]
    assert widget.filename == "2.txt"


@pytest.mark.parametrize("answer", ["raises", True, ""])
async def test_what_on_accept_gets_wrong_refuses_the_file(open_page, answer, caplog):
    def accept(info):
        return 1 / 0 if answer == "raises" else answer

    widget = ChunkedFileInput()
    widget.on_accept(accept)
    page = await open_page(widget)
    (refused,) = await page.create(("a.txt", b"a"), chunks=False)
    assert refused["code"] == "app_error"
    assert "division" not in refused["message"]
    traced = [record for record in caplog.records if record.exc_info]
    assert len(traced) == 1


async def test_a_file_that_breaks_a_limit_is_refused_before_the_app_is_asked(open_page):
    asked = []
    widget = ChunkedFileInput(max_file_size=2)
    widget.on_accept(asked.append)
    page = await open_page(widget)
    (refused,) = await page.create(("a.txt", b"abc"), chunks=False)
    assert refused["code"] == "file_too_large"
    assert asked == []


@pytest.mark.parametrize(
    ("settings", "may_be_asked"),
    [({"max_files": 1}, 1), ({"max_total_size": 3}, 1), ({"disabled": True}, 0)],
)
async def test_app_is_not_asked_about_what_cannot_be_taken(open_page, settings, may_be_asked):
    asked, answers = [], asyncio.Event()

    async def accept(info):
        asked.append(info.name)
        await answers.wait()

    widget = ChunkedFileInput(multiple=True, **settings)
    widget.on_accept(accept)
    page = await open_page(widget)
    await page.say("hello", version=1, page="page", uploads=[])
    facts = [
        {"key": key, "name": key, "relative_path": "", "size": 2, "mime_type": ""}
        for key in ("a", "b")
    ]
    await page.say("create", page="page", batch="b", files=facts, more=False)
    await page.heard("error", key="b")  # while the app still thinks about the other one
    answers.set()
    await page.heard("created" if may_be_asked else "error", key="a")
    assert len(asked) == may_be_asked


async def test_a_file_that_was_refused_is_tried_again_under_the_same_name(open_page, eventually):
    asked = []

    def accept(info):
        asked.append(info.name)
        if len(asked) == 1:
            raise Refused("Not yet.")
        return "other.txt"

    widget = ChunkedFileInput()
    widget.on_accept(accept)
    page = await open_page(widget)
    await page.create(("a.txt", b"a"), chunks=False)
    await eventually(lambda: [upload.state for upload in widget.uploads] == ["failed"])
    await page.create(("a.txt", b"a"), chunks=False)
    await eventually(lambda: [upload.name for upload in widget.uploads] == ["other.txt"])


async def test_app_is_told_of_no_more_failures_than_it_can_hear(
    open_page, eventually, caplog, monkeypatch
):
    monkeypatch.setattr(hooks, "MAX_NEWS", 20)
    widget = ChunkedFileInput(multiple=True, max_file_size=1)
    heard = []
    widget.on_fail(heard.append)
    page = await open_page(widget)
    await page.create(*[(f"{number}.txt", b"large") for number in range(25)])
    await eventually(lambda: len(heard) >= 20)
    assert len(heard) == 20
    assert caplog.text.count("is not told of all failures") == 1


async def test_page_that_asks_again_does_not_ask_the_app_twice(open_page, eventually):
    widget = ChunkedFileInput()
    asked, answers = [], asyncio.Event()

    async def accept(info):
        asked.append(info.name)
        await answers.wait()

    widget.on_accept(accept)
    page = await open_page(widget)
    await page.say("hello", version=1, page="page", uploads=[])
    facts = {"key": "k", "name": "a.txt", "relative_path": "", "size": 1, "mime_type": ""}
    for _ in range(2):
        await page.say("create", page="page", batch="b", files=[facts], more=False)
    await eventually(lambda: asked)
    answers.set()
    created = await page.heard("created", key="k")
    await page.send(created["id"], b"a")
    await eventually(lambda: widget.value == b"a")
    assert asked == ["a.txt"]


async def test_cleared_while_the_app_is_asked_nothing_begins(open_page, eventually):
    widget = ChunkedFileInput()
    asked, answers = asyncio.Event(), asyncio.Event()

    async def accept(info):
        asked.set()
        await answers.wait()

    widget.on_accept(accept)
    page = await open_page(widget)
    await page.say("hello", version=1, page="page", uploads=[])
    facts = {"key": "k", "name": "a.txt", "relative_path": "", "size": 1, "mime_type": ""}
    await page.say("create", page="page", batch="b", files=[facts], more=False)
    await asked.wait()
    widget.clear()
    await page.heard("cleared")
    answers.set()
    session = next(iter(widget._pages.values())).session
    await eventually(lambda: not session._underway.admitting)
    assert session.uploads == []


async def test_hook_that_raises_does_not_harm_the_upload(open_page, monkeypatch, eventually):
    raised = []
    monkeypatch.setattr(state, "_handle_exception", lambda error: raised.append(str(error)))

    def fail(about):
        raise ValueError("It broke.")

    widget = ChunkedFileInput()
    widget.on_start(fail)
    widget.on_complete(fail)
    page = await open_page(widget)
    await page.upload(("a.txt", b"a"))
    await eventually(lambda: len(raised) == 2)
    assert widget.value == b"a"


@pytest.mark.parametrize("store", [lambda function: function, StreamStore])
async def test_a_function_as_destination_may_change_what_the_page_shows(
    open_page, eventually, store
):
    shown = pn.pane.Markdown("nothing")

    async def handler(stream):
        assert state.curdoc is not None
        shown.object = (await stream.read()).decode()
        return len(shown.object)

    widget = ChunkedFileInput(destination=store(handler))
    page = await open_page(pn.Column(widget, shown), widget)
    await page.create(("a.txt", b"hello"))
    await eventually(lambda: widget.files)
    assert widget.files[0].result == 5
    assert (shown.object, widget.value) == ("hello", None)


def test_app_is_not_asked_on_a_thread_any_more_when_the_page_is_gone():
    asked, answer = [], Future()
    answer.cancel()
    background.answer(answer, partial(asked.append, "a.txt"))
    assert asked == []
