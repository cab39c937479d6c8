"""The recorder as Python has it."""

import panel as pn
import pytest
from panel.widgets import FileInput

from panel_chunked import ChunkedMediaRecorder

TYPE = "audio/webm;codecs=opus"


async def record(page, *parts, name="recording.webm", finish=True):
    """Send what a page sends that records, and give the id of the upload."""
    await page.say("hello", version=1, page="page", uploads=[])
    facts = {"name": name, "relative_path": name, "size": None, "mime_type": TYPE}
    files = [{"key": name, **facts}]
    await page.say("create", page="page", batch=name, files=files, more=False)
    upload_id = (await page.heard("created", key=name))["id"]
    offset = 0
    for part in parts:
        await page.say("chunk", id=upload_id, attempt=0, offset=offset, data=part)
        offset += len(part)
    if finish:
        await page.say("finish", id=upload_id, attempt=0)
    return upload_id


def test_it_is_a_widget_and_no_file_input():
    recorder = ChunkedMediaRecorder(label="Take")
    assert isinstance(recorder, pn.widgets.Widget)
    assert not isinstance(recorder, FileInput)
    assert recorder.name == "Take"


def test_its_params_have_docs():
    own = set(ChunkedMediaRecorder.param) - set(pn.widgets.Widget.param) - {"name"}
    assert not [name for name in own if not ChunkedMediaRecorder.param[name].doc]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source", "radio"),
        ("when_full", "explode"),
        ("max_waiting", None),
        ("max_waiting", "much"),
        ("audio_bits_per_second", 0),
    ],
)
def test_what_makes_no_sense_is_refused(name, value):
    with pytest.raises(ValueError, match=name if name != "max_waiting" else "size"):
        ChunkedMediaRecorder(**{name: value})


def test_the_state_is_the_page_s():
    with pytest.raises(TypeError, match="state"):
        ChunkedMediaRecorder().state = "recording"


def test_the_page_gets_what_it_obeys_and_nothing_else():
    recorder = ChunkedMediaRecorder(
        source="camera", max_waiting="1 MB", media_type="video/mp4", max_file_size="2 GB"
    )
    properties = recorder.get_root().data.properties_with_values()
    wanted = {
        "source": "camera",
        "max_waiting": 1_000_000,
        "media_type": "video/mp4",
        "max_file_size": 2 * 10**9,
        "when_full": "pause",
        "audio_bits_per_second": None,
        "video_bits_per_second": None,
    }
    assert wanted.items() <= properties.items()
    assert not {"value", "filename", "files", "state", "destination"} & properties.keys()


async def test_a_recording_arrives_as_a_file(open_page):
    recorder = ChunkedMediaRecorder()
    page = await open_page(recorder)

    upload_id = await record(page, b"abcd", finish=False)
    await page.wait(lambda: [it.stored for it in recorder.uploads] == [4])
    assert (recorder.uploads[0].size, recorder.value) == (None, None)
    await page.say("chunk", id=upload_id, attempt=0, offset=4, data=b"ef")
    await page.say("finish", id=upload_id, attempt=0)

    await page.wait(lambda: recorder.value is not None)
    assert (recorder.value, recorder.filename) == (b"abcdef", "recording.webm")
    assert recorder.mime_type == TYPE
    assert [file.size for file in recorder.files] == [6]


@pytest.mark.parametrize("multiple", [False, True])
async def test_the_next_recording_takes_the_place_of_the_one_before_unless_several_are_kept(
    open_page, multiple
):
    recorder = ChunkedMediaRecorder(multiple=multiple)
    page = await open_page(recorder)
    await record(page, b"one", name="1.webm")
    await page.wait(lambda: recorder.filename == (["1.webm"] if multiple else "1.webm"))
    await record(page, b"two", name="2.webm")
    await page.wait(lambda: recorder.filename == (["2.webm"] if multiple else "2.webm"))
    assert [it.name for it in recorder.files] == (["1.webm", "2.webm"] if multiple else ["2.webm"])


async def test_a_recording_goes_to_its_destination_and_can_be_saved_and_cleared(
    open_page, tmp_path
):
    recorder = ChunkedMediaRecorder(destination=tmp_path / "takes")
    page = await open_page(recorder)
    await record(page, b"abcd")
    await page.wait(lambda: recorder.files)
    assert (tmp_path / "takes/recording.webm").read_bytes() == b"abcd"
    recorder.save(tmp_path / "saved.webm")
    assert (tmp_path / "saved.webm").read_bytes() == b"abcd"
    recorder.clear()
    assert (recorder.files, recorder.filename) == ([], None)


async def test_a_function_uses_a_recording_while_it_is_made(open_page):
    got, sizes = [], []

    async def use(stream):
        sizes.append(stream.size)
        while data := await stream.read(100):
            got.append(data)
        return "heard"

    recorder = ChunkedMediaRecorder(destination=use)
    page = await open_page(recorder)
    upload_id = await record(page, b"abcd", finish=False)
    await page.wait(lambda: got == [b"abcd"])
    await page.say("chunk", id=upload_id, attempt=0, offset=4, data=b"ef")
    await page.say("finish", id=upload_id, attempt=0)
    await page.wait(lambda: recorder.files)
    (file,) = recorder.files
    assert (file.result, file.size, file.received) == ("heard", 6, 6)
    assert (got, sizes) == ([b"abcd", b"ef"], [None])


async def test_a_recording_ends_when_its_function_has_enough(open_page):
    async def use(stream):
        return await stream.read(4)

    recorder = ChunkedMediaRecorder(destination=use)
    page = await open_page(recorder)
    upload_id = await record(page, b"abcd", finish=False)
    await page.heard("complete", id=upload_id, offset=4)
    await page.wait(lambda: [file.result for file in recorder.files] == [b"abcd"])
    assert recorder.files[0].size == 4


async def test_a_limit_holds_while_the_bytes_arrive(open_page):
    recorder = ChunkedMediaRecorder(max_file_size=6)
    page = await open_page(recorder)
    await record(page, b"abcd", b"efg", finish=False)
    assert (await page.heard("error"))["code"] == "file_too_large"
    await page.wait(lambda: [it.error_code for it in recorder.uploads] == ["file_too_large"])
    assert recorder.files == []


async def test_python_has_the_page_record(open_page):
    recorder = ChunkedMediaRecorder()
    recorder.start()  # nobody is there
    page = await open_page(recorder)
    await page.say("hello", version=1, page="page", uploads=[])
    await page.heard("welcome")
    for act in (recorder.start, recorder.pause, recorder.stop):
        act()
    await page.heard("record", action="stop")
    said = [message["action"] for message in page.messages if message["kind"] == "record"]
    assert said == ["start", "pause", "stop"]


async def test_the_state_is_that_of_the_pages(open_page):
    recorder = ChunkedMediaRecorder()
    one, two = [await open_page(recorder) for _ in range(2)]
    for page, state, shown in [
        (one, "paused", "paused"),
        (two, "recording", "recording"),
        (one, "inactive", "recording"),
    ]:
        await page.say("recording", state=state)
        await page.wait(lambda shown=shown: recorder.state == shown)
    await two.leave()
    await one.wait(lambda: recorder.state == "inactive")


async def test_a_watcher_of_the_state_is_called(open_page, seen):
    recorder = ChunkedMediaRecorder()
    updates = seen(recorder, "state")
    page = await open_page(recorder)
    for state in ("recording", "recording", "inactive"):
        await page.say("recording", state=state)
        await page.wait(lambda state=state: recorder.state == state)
    assert updates == [{"state": "recording"}, {"state": "inactive"}]
