"""The recorder in Chromium, whose microphone beeps and whose camera shows a clock."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import av
import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from .conftest import launch_options, serving, wait_until
from .cutting_proxy import CuttingProxy, cutting_proxy

#: A name of this machine that the browser takes for another one, which is not secure.
INSECURE = "insecure.test"

FLAGS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    f"--host-resolver-rules=MAP {INSECURE} 127.0.0.1",
]

#: Keeps what the browser has recorded, to compare it with what arrives.
KEEP = """
window.recorded = [];
const { start } = MediaRecorder.prototype;
MediaRecorder.prototype.start = function (...options) {
  window.recorded = [];
  window.device = this.stream.getAudioTracks()[0]?.getSettings().deviceId;
  this.addEventListener("dataavailable", ({ data }) => window.recorded.push(data));
  return start.apply(this, options);
};
"""

#: Measures for how many milliseconds the browser has recorded, without pauses.
MEASURE = """
window.recordedFor = 0;
let since;
for (const name of ["start", "pause", "resume", "stop"]) {
  const method = MediaRecorder.prototype[name];
  MediaRecorder.prototype[name] = function (...options) {
    if (name === "start") window.recordedFor = 0;
    if (this.state === "recording") window.recordedFor += performance.now() - since;
    since = performance.now();
    return method.apply(this, options);
  };
}
"""

CHECKSUM = """async () => {
  const bytes = await new Blob(window.recorded).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}"""


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(**launch_options(*FLAGS))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    app = "tests/browser/recorder_app.py"
    command = ["panel", "serve", app, "--port", "{port}", "--allow-websocket-origin=*"]
    with serving(*command, path="/recorder_app") as url:
        yield url


@pytest.fixture
def proxy(server: str) -> Iterator[CuttingProxy]:
    with cutting_proxy(urlsplit(server).port or 0) as proxy:
        yield proxy


class Studio:
    """The page of the recorder, as a person sees it, and what Python says of it."""

    def __init__(self, page: Page, url: str, options: dict[str, Any]) -> None:
        self.page = page
        page.add_init_script(KEEP)
        page.add_init_script(MEASURE)
        page.goto(f"{url}?options={quote(json.dumps(options))}")
        self.button("Record").wait_for()
        page.wait_for_function("Bokeh.documents[0]?.is_idle")

    def button(self, name: str) -> Any:
        return self.page.locator(".recorder").get_by_role("button", name=name)

    def press(self, name: str) -> None:
        self.button(name).click()

    @property
    def hint(self) -> Any:
        return self.page.locator(".controls .hint")

    @property
    def seconds(self) -> int:
        minutes, seconds = self.page.get_by_role("timer").inner_text().split(":")
        return 60 * int(minutes) + int(seconds)

    @property
    def recorded_for(self) -> float:
        """Give the seconds for which the browser has recorded."""
        return float(self.page.evaluate("window.recordedFor / 1000"))

    def record_until(self, seconds: int) -> None:
        """Wait until the recording is so long."""
        wait_until(lambda: self.seconds >= seconds, timeout=seconds + 20)

    @property
    def outputs(self) -> dict[str, Any]:
        outputs: dict[str, Any] = json.loads(self.page.locator("#outputs").inner_text())
        return outputs

    def wait_for(self, condition: Callable[[dict[str, Any]], Any], timeout: float = 20) -> Any:
        wait_until(lambda: self.outputs and condition(self.outputs), timeout)
        return self.outputs

    def result(self, timeout: float = 20) -> Path:
        """Give the file, which has what the browser has recorded."""
        (file,) = self.wait_for(lambda it: it["files"], timeout)["files"]
        assert file["checksum"] == f"sha256:{self.page.evaluate(CHECKSUM)}"
        return Path(file["path"])


@pytest.fixture
def open_studio(page: Page, server: str) -> Callable[..., Studio]:
    def open_(url: str = "", **options: Any) -> Studio:
        return Studio(page, url or server, options)

    return open_


@pytest.fixture
def through_proxy(open_studio: Callable[..., Studio], proxy: CuttingProxy) -> Callable[..., Studio]:
    return lambda **options: open_studio(f"{proxy.url}/recorder_app", **options)


def seconds_of_sound(path: Path) -> float:
    with av.open(path) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


def times_of_frames(path: Path) -> list[float]:
    with av.open(path) as container:
        return [frame.time for frame in container.decode(video=0)]


def test_ten_seconds_of_sound_are_sent_while_they_are_recorded(
    open_studio: Callable[..., Studio],
) -> None:
    studio = open_studio(source="microphone")
    studio.press("Record sound")
    studio.record_until(5)
    running = studio.wait_for(lambda it: it["uploads"] and it["uploads"][0]["stored"])
    assert (running["state"], running["uploads"][0]["size"]) == ("recording", None)
    studio.record_until(10)
    studio.press("Stop")
    path = studio.result()
    assert studio.recorded_for > 9.5
    assert abs(seconds_of_sound(path) - studio.recorded_for) < 1
    assert studio.outputs["state"] == "inactive"
    assert studio.outputs["mime_type"].startswith("audio/webm")
    assert studio.outputs["uploads"] == []


def test_ten_seconds_of_video_are_shown_and_arrive(open_studio: Callable[..., Studio]) -> None:
    studio = open_studio(source="camera", video_bits_per_second=1_000_000)
    studio.press("Record video")
    video = studio.page.locator("video")
    wait_until(lambda: video.evaluate("it => it.videoWidth") > 0)
    studio.record_until(10)
    studio.press("Stop")
    path = studio.result()
    times = times_of_frames(path)
    assert studio.recorded_for > 9.5
    assert abs(times[-1] - times[0] - studio.recorded_for) < 1
    assert len(times) > 50  # a busy machine drops frames, but does not lose them on the way
    assert times == sorted(times)
    assert abs(seconds_of_sound(path) - studio.recorded_for) < 1


def test_a_pause_is_not_in_the_recording(open_studio: Callable[..., Studio]) -> None:
    studio = open_studio()
    studio.press("Record sound")
    studio.record_until(2)
    studio.press("Pause")
    studio.wait_for(lambda it: it["state"] == "paused")
    paused_at, now = studio.seconds, studio.page.evaluate("performance.now()")
    studio.page.wait_for_function("now => performance.now() > now + 4000", arg=now)
    assert studio.seconds == paused_at
    studio.press("Go on")
    studio.record_until(paused_at + 2)
    last = studio.seconds
    studio.press("Stop")
    sound = seconds_of_sound(studio.result())
    assert sound > last - 1
    assert abs(sound - studio.recorded_for) < 1


def test_python_starts_pauses_and_stops(open_studio: Callable[..., Studio]) -> None:
    studio = open_studio()
    python = ["Start", "Pause", "Start", "Stop"]
    for name, state in zip(python, ["recording", "paused", "recording", "inactive"], strict=True):
        studio.page.get_by_role("button", name=f"{name} from Python").click()
        studio.wait_for(lambda it, state=state: it["state"] == state)
        if state == "recording":
            studio.record_until(1)
    assert seconds_of_sound(studio.result()) > 0.5


def test_a_connection_that_is_cut_while_it_records_loses_nothing(
    through_proxy: Callable[..., Studio], proxy: CuttingProxy
) -> None:
    studio = through_proxy(source="camera")
    studio.press("Record video")
    studio.record_until(2)
    proxy.refusing = True
    assert proxy.cut() > 0
    expect(studio.hint).to_contain_text("What is recorded waits in this page")
    studio.record_until(5)
    proxy.refusing = False
    expect(studio.hint).to_have_text("Recording", timeout=30_000)
    studio.record_until(7)
    proxy.cut()
    studio.record_until(8)
    studio.press("Stop")
    times = times_of_frames(studio.result(timeout=60))
    assert times[-1] - times[0] > 7


def test_a_slow_connection_pauses_the_recording_and_the_page_says_so(
    through_proxy: Callable[..., Studio], proxy: CuttingProxy
) -> None:
    studio = through_proxy(source="camera", max_waiting="300 kB")
    proxy.rate = 20_000
    studio.press("Record video")
    expect(studio.hint).to_contain_text("Paused until more is sent", timeout=30_000)
    expect(studio.button("Go on")).to_be_disabled()
    proxy.rate = None
    expect(studio.hint).to_have_text("Recording", timeout=30_000)
    studio.press("Stop")
    studio.result(timeout=60)


def test_a_slow_connection_ends_the_recording_if_that_is_wanted(
    through_proxy: Callable[..., Studio], proxy: CuttingProxy
) -> None:
    studio = through_proxy(source="camera", max_waiting="300 kB", when_full="stop")
    proxy.rate = 20_000
    studio.press("Record video")
    remark = studio.page.locator(".remark")
    expect(remark).to_contain_text("the connection is too slow", timeout=30_000)
    proxy.rate = None
    assert times_of_frames(studio.result(timeout=60))


def test_a_limit_ends_the_recording_which_is_kept(open_studio: Callable[..., Studio]) -> None:
    studio = open_studio(source="camera", max_file_size="500 kB")
    studio.press("Record video")
    expect(studio.page.locator(".remark")).to_contain_text("as large as is allowed", timeout=30_000)
    (file,) = studio.wait_for(lambda it: it["files"])["files"]
    assert file["size"] <= 500_000
    assert times_of_frames(Path(file["path"]))


def test_without_permission_the_page_says_what_to_do(playwright: Playwright, server: str) -> None:
    asking = [flag for flag in FLAGS if flag != "--use-fake-ui-for-media-stream"]  # which says yes
    browser = playwright.chromium.launch(**launch_options(*asking))
    try:
        context = browser.new_context()
        context.grant_permissions([])  # and no other
        studio = Studio(context.new_page(), server, {})
        studio.press("Record sound")
        alert = studio.page.get_by_role("alert")
        expect(alert).to_contain_text("does not allow this page to use the microphone")
        assert studio.outputs.get("files", []) == []
        context.grant_permissions(["microphone"])
        studio.press("Record sound")
        expect(studio.hint).to_have_text("Recording")
        expect(alert).to_have_count(0)
    finally:
        browser.close()


def test_a_page_that_is_not_secure_says_so(page: Page, server: str) -> None:
    studio = Studio(page, server.replace("localhost", INSECURE), {})
    studio.press("Record sound")
    expect(studio.page.get_by_role("alert")).to_contain_text("from HTTPS or localhost")


def test_one_of_several_microphones_is_chosen(open_studio: Callable[..., Studio]) -> None:
    studio = open_studio(multiple=True)
    studio.press("Record sound")
    studio.record_until(1)
    studio.press("Stop")
    choice = studio.page.get_by_label("Microphone")
    other = choice.locator("option").last
    choice.select_option(label=other.inner_text())
    studio.press("Record sound")
    studio.record_until(1)
    assert studio.page.evaluate("window.device") == choice.input_value()
    studio.press("Stop")
    assert len(studio.wait_for(lambda it: len(it["files"]) == 2)["files"]) == 2


def test_a_screen_is_recorded(open_studio: Callable[..., Studio]) -> None:
    studio = open_studio(source="screen")
    studio.press("Record screen")
    studio.record_until(3)
    studio.press("Stop")
    assert times_of_frames(studio.result())
