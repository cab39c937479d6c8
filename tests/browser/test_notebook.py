"""The widget in notebooks: real Jupyter servers, their kernels, and what becomes of them."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import ROOT, make_file, wait_until
from .cutting_proxy import cutting_proxy
from .jupyter import Jupyter, Lab, jupyter, voila

MB = 1000**2

SHOW = "upload = ChunkedFileInput(multiple=True)\nupload"
FILES = "print(json.dumps({file.name: file.checksum for file in upload.files}))"

#: What a server takes by default is ten times as much.
SMALL = "--ServerApp.tornado_settings={'websocket_max_message_size': 1_000_000}"

#: What a kernel that has no subshells, as that of ipykernel 6, leaves JupyterLab to do.
NO_SUBSHELLS = {
    "@jupyterlab/apputils-extension/kernels-settings": {"commsOverSubshells": "disabled"}
}

COUNT_QUESTIONS = """() => {
    const { send } = WebSocket.prototype;
    window.questions = 0;
    WebSocket.prototype.send = function (data) {
        const text = typeof data === "string" ? data : new TextDecoder().decode(data);
        window.questions += text.split('"hello"').length - 1; // Panel joins them with what waits
        send.call(this, data);
    };
}"""


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    with jupyter(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture(scope="module")
def small_notebooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    with jupyter(tmp_path_factory.mktemp("small"), SMALL) as server:
        yield server


@pytest.fixture(scope="module")
def dashboards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    with voila(tmp_path_factory.mktemp("voila")) as server:
        yield server


@pytest.fixture(scope="module")
def queueing_notebooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """What comes from a page waits there until the cell that runs has ended."""
    with jupyter(tmp_path_factory.mktemp("queueing"), settings=NO_SUBSHELLS) as server:
        yield server


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in which JupyterLab may have errors of its own, but the widget may have none."""
    page = browser.new_page()
    page.set_default_timeout(20_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
    yield page
    page.close()
    assert [error for error in errors if "blob:" in error] == []  # as Panel loads the bundle


OpenLab = Callable[..., Lab]


@pytest.fixture
def open_lab(page: Page, notebooks: Jupyter) -> Iterator[OpenLab]:
    """Open a notebook of these cells, and run the one before them and the first of them."""

    def open_(*cells: str, server: Jupyter = notebooks, **options: str) -> Lab:
        used.append(server)
        lab = Lab(page, options.pop("url", server.url), server.write(*cells), **options)
        lab.run(0, 1)
        return lab

    used: list[Jupyter] = []
    yield open_
    for server in used:
        server.stop_kernels()


def make_hole(path: Path) -> None:
    """Make a file that takes long to upload, and no room."""
    with path.open("wb") as file:
        file.truncate(20_000 * MB)


def expect_files(lab: Lab, number: int, expected: dict[str, str]) -> None:
    """Wait until the cell `number` prints these files: Python gets them a little after the page."""
    wait_until(lambda: lab.json(number) == expected)


@pytest.mark.parametrize("size", [64 * MB, 300 * MB])
def test_file_arrives_whole(open_lab: OpenLab, page: Page, tmp_path: Path, size: int) -> None:
    checksum = make_file(tmp_path / "a.bin", size)
    sent: list[bytes | str] = []
    page.on("websocket", lambda it: it.on("framesent", lambda frame: sent.append(frame)))
    lab = open_lab(SHOW, FILES)

    lab.choose(1, tmp_path / "a.bin")

    lab.expect_row(1, "a.bin", "complete")
    expect_files(lab, 2, {"a.bin": checksum})
    chunks = [it for it in sent if isinstance(it, bytes) and b'"kind":"chunk"' in it[:2000]]
    assert sum(map(len, chunks)) > size
    assert max(map(len, chunks)) < 5 * MB  # by our own comm, which joins nothing


def test_widget_looks_as_on_a_server_and_says_the_same_in_other_languages(
    open_lab: OpenLab,
) -> None:
    lab = open_lab(SHOW, 'ChunkedFileInput(language="de")')
    lab.run(2)
    expect(lab.widget(2).get_by_role("button", name="Datei auswählen")).to_be_visible()

    button = lab.widget(1).get_by_role("button", name="Choose files")

    style = "it => [getComputedStyle(it).backgroundColor, getComputedStyle(it).cursor]"
    background, cursor = button.evaluate(style)
    plain = "() => document.body.appendChild(document.createElement('button'))"
    default, _ = lab.page.evaluate_handle(plain).evaluate(style)
    assert background != default
    assert cursor == "pointer"


def test_40_files_at_once(open_lab: OpenLab, tmp_path: Path) -> None:
    names = [f"{number}.bin" for number in range(40)]
    checksums = {name: make_file(tmp_path / name, 50_000 + i) for i, name in enumerate(names)}
    lab = open_lab(SHOW, FILES)

    lab.choose(1, *(tmp_path / name for name in names))

    expect_files(lab, 2, checksums)


def test_value_filename_and_mime_type_change_in_one_update(
    open_lab: OpenLab, tmp_path: Path
) -> None:
    (tmp_path / "hello.txt").write_text("hello")
    lab = open_lab(
        """
updates = []
upload = ChunkedFileInput()
upload.param.watch(
    lambda *events: updates.append({event.name: str(event.new) for event in events}),
    ["value", "filename", "mime_type"],
)
upload
""",
        "print(json.dumps(updates))",
    )

    lab.choose(1, tmp_path / "hello.txt")

    update = {"value": "b'hello'", "filename": "hello.txt", "mime_type": "text/plain"}
    wait_until(lambda: lab.json(2) == [update])


def test_upload_goes_on_while_a_cell_runs(
    open_lab: OpenLab, notebooks: Jupyter, tmp_path: Path
) -> None:
    checksums = {
        "large.bin": make_file(tmp_path / "large.bin", 60 * MB),
        "late.bin": make_file(tmp_path / "late.bin", 1 * MB),
    }
    until_told = f"while not pathlib.Path({str(tmp_path / 'go on')!r}).exists(): time.sleep(0.05)"
    lab = open_lab(SHOW, f"import pathlib\n{until_told}", FILES)
    lab.choose(1, tmp_path / "large.bin")
    lab.wait_for_part(1, "large.bin", 0.01)

    lab.start(2)
    lab.choose(1, tmp_path / "late.bin")

    lab.expect_row(1, "large.bin", "complete")
    lab.expect_row(1, "late.bin", "complete")
    assert lab.prompt(2) == "[*]:"
    (tmp_path / "go on").touch()
    lab.wait(2)
    expect_files(lab, 3, checksums)


def test_upload_waits_while_a_cell_runs_in_a_kernel_without_subshells(
    open_lab: OpenLab, queueing_notebooks: Jupyter, tmp_path: Path
) -> None:
    size = 60 * MB
    checksum = make_file(tmp_path / "a.bin", size)
    until_told = f"while not pathlib.Path({str(tmp_path / 'go on')!r}).exists(): time.sleep(0.05)"
    with cutting_proxy(urlsplit(queueing_notebooks.url).port or 0) as proxy:
        cells = SHOW, f"import pathlib\n{until_told}", FILES
        lab = open_lab(*cells, server=queueing_notebooks, url=proxy.url)
        before, proxy.rate = proxy.sent, 4 * MB
        lab.choose(1, tmp_path / "a.bin")
        lab.wait_for_part(1, "a.bin", 0.1)
        lab.page.evaluate(COUNT_QUESTIONS)

        lab.start(2)

        row = lab.expect_row(1, "a.bin", "running")
        expect(row).to_contain_text("Waiting for the kernel")
        # Several answers come at once, when the kernel is free.
        wait_until(lambda: lab.page.evaluate("questions") >= 2)
        proxy.rate = None
        (tmp_path / "go on").touch()
        lab.wait(2)
        lab.expect_row(1, "a.bin", "complete")
        sent = proxy.sent - before
        expect_files(lab, 3, {"a.bin": checksum})
    assert size < sent < 1.1 * size


def test_what_a_callback_prints_and_raises_is_shown_and_holds_nobody_up(
    open_lab: OpenLab, tmp_path: Path
) -> None:
    checksum = make_file(tmp_path / "large.bin", 200 * MB)
    make_file(tmp_path / "small.bin", 1000)
    go_on = tmp_path / "go on"
    lab = open_lab(
        f"""
import pathlib
def slow(event):
    print("the app is told")
    while not pathlib.Path({str(go_on)!r}).exists():
        time.sleep(0.05)
    raise RuntimeError("the app's own error")
upload = ChunkedFileInput(multiple=True)
other = ChunkedFileInput(multiple=True)
upload.param.watch(slow, "value")
pn.Column(upload, other)
""",
        "print(json.dumps({file.name: file.checksum for file in other.files}))",
    )
    inputs = lab.widget_inputs(1)
    inputs.nth(0).set_input_files(tmp_path / "small.bin")
    lab.expect_row(1, "small.bin", "complete")

    inputs.nth(1).set_input_files(tmp_path / "large.bin")

    lab.expect_row(1, "large.bin", "complete")
    go_on.touch()
    expect(lab.cell(1)).to_contain_text("the app is told", timeout=20_000)
    expect(lab.cell(1)).to_contain_text("the app's own error")
    expect_files(lab, 2, {"large.bin": checksum})


def test_another_widget_answers_during_an_upload(open_lab: OpenLab, tmp_path: Path) -> None:
    make_hole(tmp_path / "endless.bin")
    count = "pn.bind(lambda clicks: f'clicked {clicks} times', button.param.clicks)"
    lab = open_lab(SHOW, f"button = pn.widgets.Button(name='Count')\npn.Column(button, {count})")
    lab.run(2)
    lab.choose(1, tmp_path / "endless.bin")
    row = lab.row(1, "endless.bin")

    for clicks in (1, 2, 3):
        stored = row.locator("progress").evaluate("it => it.value")
        lab.cell(2).get_by_role("button", name="Count").click()
        expect(lab.cell(2)).to_contain_text(f"clicked {clicks} times")
        wait_until(lambda: row.locator("progress").evaluate("it => it.value") > stored)  # noqa: B023

    lab.expect_row(1, "endless.bin", "running")
    row.get_by_role("button", name="Cancel").click()
    lab.expect_row(1, "endless.bin", "cancelled")


def test_what_a_killed_kernel_left_goes_with_the_next_upload(
    open_lab: OpenLab, notebooks: Jupyter, tmp_path: Path
) -> None:
    make_hole(tmp_path / "endless.bin")
    checksum = make_file(tmp_path / "small.bin", 1 * MB)
    lab = open_lab(SHOW, "import os\nprint(os.getpid())", FILES)
    kernel = lab.json(2)
    lab.choose(1, tmp_path / "endless.bin")
    lab.wait_for_part(1, "endless.bin", 0.001)
    homes = set(notebooks.temporary.glob("panel_chunked-of-*"))
    assert [path.suffix for home in homes for path in home.rglob("*.part")] == [".part"]

    os.kill(kernel, signal.SIGKILL)

    row = lab.expect_row(1, "endless.bin", "failed")
    expect(row).to_contain_text("The kernel was restarted. Run the cell again")
    lab.page.get_by_role("dialog").get_by_role("button", name="Ok").click()  # JupyterLab tells, too
    assert set(notebooks.temporary.glob("panel_chunked-of-*")) == homes
    lab.run(0, 1)
    lab.choose(1, tmp_path / "small.bin")
    lab.expect_row(1, "small.bin", "complete")
    wait_until(lambda: not any(home.exists() for home in homes))
    expect_files(lab, 3, {"small.bin": checksum})


def test_after_a_kernel_restart_the_row_says_what_to_do(open_lab: OpenLab, tmp_path: Path) -> None:
    make_hole(tmp_path / "endless.bin")
    checksum = make_file(tmp_path / "small.bin", 1 * MB)
    lab = open_lab(SHOW, FILES)
    lab.choose(1, tmp_path / "endless.bin")
    lab.wait_for_part(1, "endless.bin", 0.0001)

    lab.menu("Kernel", "Restart Kernel…")
    lab.page.get_by_role("button", name="Confirm Kernel Restart").click()

    row = lab.expect_row(1, "endless.bin", "failed")
    expect(row).to_contain_text("The kernel was restarted. Run the cell again")
    lab.choose(1, tmp_path / "small.bin")
    expect(lab.expect_row(1, "small.bin", "failed")).to_contain_text("Run the cell again")
    lab.run(0, 1)
    expect(lab.widget(1).locator(".row")).to_have_count(0)
    lab.choose(1, tmp_path / "small.bin")
    lab.expect_row(1, "small.bin", "complete")
    expect_files(lab, 2, {"small.bin": checksum})


def test_cell_that_is_run_again_says_what_becomes_of_the_upload_before(
    open_lab: OpenLab, tmp_path: Path
) -> None:
    make_hole(tmp_path / "endless.bin")
    checksum = make_file(tmp_path / "small.bin", 1 * MB)
    lab = open_lab(SHOW, FILES)
    lab.choose(1, tmp_path / "endless.bin")
    lab.wait_for_part(1, "endless.bin", 0.0001)

    lab.run(1)

    notice = lab.widget(1).locator(".notice")
    expect(notice).to_contain_text("No cell shows the upload of endless.bin any more")
    lab.choose(1, tmp_path / "small.bin")
    lab.expect_row(1, "small.bin", "complete")
    expect(notice).to_have_count(0)
    expect_files(lab, 2, {"small.bin": checksum})


def test_upload_goes_on_after_the_socket_was_cut(
    open_lab: OpenLab, notebooks: Jupyter, tmp_path: Path
) -> None:
    size = 120 * MB
    checksum = make_file(tmp_path / "a.bin", size)
    with cutting_proxy(urlsplit(notebooks.url).port or 0) as proxy:
        lab = open_lab(SHOW, FILES, url=proxy.url)
        before = proxy.sent
        lab.choose(1, tmp_path / "a.bin")
        for part in (0.2, 0.6):
            lab.wait_for_part(1, "a.bin", part)
            assert proxy.cut() > 0

        lab.expect_row(1, "a.bin", "complete")
        sent = proxy.sent - before
        expect_files(lab, 2, {"a.bin": checksum})
    assert size < sent < 1.1 * size


def test_upload_goes_on_after_half_a_message_was_lost(open_lab: OpenLab, tmp_path: Path) -> None:
    checksum = make_file(tmp_path / "a.bin", 60 * MB)
    lab = open_lab(SHOW, FILES)
    lab.choose(1, tmp_path / "a.bin")
    lab.wait_for_part(1, "a.bin", 0.1)

    # Panel sends a message in parts, of which the socket's end may leave the page only some.
    torn = lab.page.evaluate("""() => {
        const roots = Bokeh.documents.flatMap(document => document.roots());
        const managers = roots.filter(root => root._receiver !== undefined);
        for (const manager of managers) manager._receiver.consume("{}");
        return managers.length;
    }""")

    assert torn > 0
    lab.expect_row(1, "a.bin", "complete")
    expect_files(lab, 2, {"a.bin": checksum})


def test_two_views_of_which_one_goes_and_comes_back(
    open_lab: OpenLab, notebooks: Jupyter, tmp_path: Path
) -> None:
    checksum = make_file(tmp_path / "a.bin", 100 * MB)
    with cutting_proxy(urlsplit(notebooks.url).port or 0, 8 * MB) as proxy:
        lab = open_lab(SHOW, "upload", FILES, url=proxy.url)
        lab.run(2)
        lab.choose(2, tmp_path / "a.bin")
        for view in (1, 2):
            lab.wait_for_part(view, "a.bin", 0.1)

        lab.cell(2).locator(".jp-InputArea-editor").click()
        lab.menu("Edit", "Clear Cell Output")

        expect(lab.cell(2).locator("section.widget")).to_have_count(0)
        lab.wait_for_part(1, "a.bin", 0.4)
        proxy.rate = None
        lab.run(2)
        for view in (1, 2):
            lab.expect_row(view, "a.bin", "complete")
        expect_files(lab, 3, {"a.bin": checksum})


def test_notebook_that_is_opened_again_with_its_kernel_and_without(
    open_lab: OpenLab, notebooks: Jupyter, tmp_path: Path
) -> None:
    impatient = f"import panel_chunked.presence\npanel_chunked.presence.PATIENCE = 2\n{SHOW}"
    checksums = {name: make_file(tmp_path / name, 1 * MB) for name in ("1.bin", "2.bin")}
    make_hole(tmp_path / "endless.bin")
    lab = open_lab(impatient, FILES, "print(json.dumps([it.name for it in upload.uploads]))")
    lab.choose(1, tmp_path / "1.bin")
    lab.expect_row(1, "1.bin", "complete")
    lab.menu("File", "Save Notebook Ctrl")
    wait_until(lambda: "holoviews_exec" in (notebooks.folder / "test.ipynb").read_text())
    lab.choose(1, tmp_path / "endless.bin")
    lab.wait_for_part(1, "endless.bin", 0.001)

    lab = Lab(lab.page, notebooks.url, "test.ipynb")

    lab.expect_row(1, "endless.bin", "offer")
    expect(lab.widget(1).locator(".row")).to_have_count(1)
    lab.choose(1, tmp_path / "2.bin")
    lab.expect_row(1, "2.bin", "complete")
    expect_files(lab, 2, checksums)
    # What the page that was left had under way does not count for ever.
    wait_until(lambda: not list(notebooks.temporary.rglob("*.part")))

    notebooks.stop_kernels()
    lab = Lab(lab.page, notebooks.url, "test.ipynb")

    expect(lab.widget(1)).to_contain_text("If it is not running, run this cell again")
    lab.choose(1, tmp_path / "1.bin")
    lab.expect_row(1, "1.bin", "queued")
    lab.run(0, 1)
    lab.choose(1, tmp_path / "1.bin")
    lab.expect_row(1, "1.bin", "complete")


def test_two_pages_that_show_the_same_notebook(
    open_lab: OpenLab, notebooks: Jupyter, browser: Browser, tmp_path: Path
) -> None:
    checksums = {name: make_file(tmp_path / name, 40 * MB) for name in ("1.bin", "2.bin")}
    lab = open_lab(SHOW, FILES)
    lab.menu("File", "Save Notebook Ctrl")
    wait_until(lambda: "holoviews_exec" in (notebooks.folder / "test.ipynb").read_text())
    second = browser.new_page()
    other = Lab(second, notebooks.url, "test.ipynb")

    lab.choose(1, tmp_path / "1.bin")
    other.choose(1, tmp_path / "2.bin")

    lab.expect_row(1, "1.bin", "complete")
    other.expect_row(1, "2.bin", "complete")
    expect_files(lab, 2, checksums)
    second.close()


def test_server_that_takes_less_and_python_that_was_told(
    open_lab: OpenLab, small_notebooks: Jupyter, tmp_path: Path
) -> None:
    checksum = make_file(tmp_path / "a.bin", 30 * MB)
    told = f'config.jupyter_message_limit = "1 MB"\n{SHOW}'
    lab = open_lab(told, FILES, server=small_notebooks)

    lab.choose(1, tmp_path / "a.bin")

    lab.expect_row(1, "a.bin", "complete")
    expect_files(lab, 2, {"a.bin": checksum})
    assert lab.page.evaluate("localStorage['panel_chunked.max_in_flight']") is None


#: Notes the bytes of the largest message that the page sends.
LARGEST_SENT = """
const { send } = WebSocket.prototype;
window.largestSent = 0;
WebSocket.prototype.send = function (data) {
  window.largestSent = Math.max(window.largestSent, data.byteLength ?? data.length);
  return send.call(this, data);
};
"""


def test_server_that_takes_less_is_found_out(
    open_lab: OpenLab, small_notebooks: Jupyter, page: Page, tmp_path: Path
) -> None:
    checksum = make_file(tmp_path / "a.bin", 30 * MB)
    page.add_init_script(LARGEST_SENT)
    lab = open_lab(SHOW, FILES, server=small_notebooks)

    lab.choose(1, tmp_path / "a.bin")

    lab.expect_row(1, "a.bin", "complete", timeout=180)
    expect_files(lab, 2, {"a.bin": checksum})
    known = page.evaluate("localStorage['panel_chunked.max_in_flight']")
    if page.evaluate("window.largestSent") <= 1 * MB:  # messages follow the delay of their acks
        assert known is None
        pytest.skip("This machine is too slow for messages that the server would not take.")
    learned = json.loads(known)
    assert learned["size"] / 2 < 1 * MB  # chunks of half of it are sent


def test_notebook_7(open_lab: OpenLab, tmp_path: Path) -> None:
    checksum = make_file(tmp_path / "a.bin", 64 * MB)
    lab = open_lab(SHOW, FILES, app="notebooks")

    lab.choose(1, tmp_path / "a.bin")

    lab.expect_row(1, "a.bin", "complete")
    expect_files(lab, 2, {"a.bin": checksum})


def test_classic_notebook_says_that_uploads_do_not_work_there(
    page: Page, notebooks: Jupyter
) -> None:
    name = notebooks.write(SHOW)
    page.goto(f"{notebooks.url}/nbclassic/notebooks/{name}")
    page.wait_for_function("window.Jupyter?.notebook?.kernel?.is_connected()", timeout=60_000)

    page.evaluate("Jupyter.notebook.execute_all_cells()")

    said = page.get_by_text("Uploads do not work in the classic notebook")
    expect(said).to_be_visible(timeout=60_000)
    expect(page.locator("section.widget")).to_have_count(0)
    notebooks.stop_kernels()


#: Every object is an ipywidget of jupyter_bokeh, which is what works in Voilà.
AS_IPYWIDGETS = "pn.extension(comms='ipywidgets', inline=True)"

#: One object is.
ONE = "pn.extension('ipywidgets', inline=True)"


@pytest.mark.parametrize(
    "show",
    [f"{AS_IPYWIDGETS}\n{SHOW}", f"{ONE}\n{SHOW}\npn.ipywidget(upload)"],
    ids=["all", "one"],
)
def test_ipywidget_of_jupyter_bokeh(open_lab: OpenLab, tmp_path: Path, show: str) -> None:
    checksum = make_file(tmp_path / "a.bin", 64 * MB)
    lab = open_lab(show, FILES)

    lab.choose(1, tmp_path / "a.bin")

    lab.expect_row(1, "a.bin", "complete")
    expect_files(lab, 2, {"a.bin": checksum})


def test_ipywidget_says_that_it_waits_after_a_kernel_restart(
    open_lab: OpenLab, tmp_path: Path
) -> None:
    make_hole(tmp_path / "endless.bin")
    checksum = make_file(tmp_path / "small.bin", 1 * MB)
    lab = open_lab(f"{AS_IPYWIDGETS}\n{SHOW}", FILES)
    lab.choose(1, tmp_path / "endless.bin")
    lab.wait_for_part(1, "endless.bin", 0.0001)

    lab.menu("Kernel", "Restart Kernel…")
    lab.page.get_by_role("button", name="Confirm Kernel Restart").click()

    expect(lab.row(1, "endless.bin")).to_contain_text("Waiting for the kernel")
    lab.run(0, 1)
    lab.choose(1, tmp_path / "small.bin")
    lab.expect_row(1, "small.bin", "complete")
    expect_files(lab, 2, {"small.bin": checksum})


def test_voila(page: Page, dashboards: Jupyter, tmp_path: Path) -> None:
    checksum = make_file(tmp_path / "a.bin", 64 * MB)
    name = dashboards.write(
        f"""
{AS_IPYWIDGETS}
upload = ChunkedFileInput()
checksums = pn.bind(lambda files: [file.checksum for file in files], upload.param.files)
pn.Column(upload, checksums)
"""
    )
    page.goto(f"{dashboards.url}/voila/render/{name}")
    page.locator("section.widget").wait_for(timeout=60_000)

    page.locator("input[type=file]").set_input_files(tmp_path / "a.bin")

    expect(page.locator(".row")).to_have_attribute("data-state", "complete", timeout=60_000)
    expect(page.get_by_text(checksum)).to_be_visible()


def test_voila_says_what_panel_needs_there(page: Page, dashboards: Jupyter) -> None:
    name = dashboards.write(SHOW)

    page.goto(f"{dashboards.url}/voila/render/{name}")

    said = page.get_by_text("Panel's usual connection to the kernel does not work in Voilà")
    expect(said).to_be_visible(timeout=60_000)


def test_example_notebook_runs_from_top_to_bottom(
    page: Page, notebooks: Jupyter, tmp_path: Path
) -> None:
    (tmp_path / "cities.csv").write_text("city,people\nOslo,717710\n")
    name = "example.ipynb"
    (notebooks.folder / name).write_bytes((ROOT / "examples/notebook.ipynb").read_bytes())
    lab = Lab(page, notebooks.url, name)
    lab.run(0, 1, 2, 3)
    expect(lab.cell(3)).to_contain_text("Nothing has arrived yet.")

    lab.choose(1, tmp_path / "cities.csv")

    expect(lab.cell(3).locator("td", has_text="Oslo")).to_be_visible(timeout=60_000)
    expect(lab.cell(1).locator("progress")).to_have_attribute("value", "100")
    lab.run(2)
    expect(lab.cell(2).locator("td", has_text="Oslo")).to_be_visible()
    expect(page.locator("[data-mime-type='application/vnd.jupyter.error']")).to_have_count(0)
    notebooks.stop_kernels()
