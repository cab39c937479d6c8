"""`object()` and `view()`: what is uploaded as a Python object, and shown on a page."""

import asyncio
import json
import sys
from dataclasses import replace

import pandas as pd
import panel as pn
import pytest
from bokeh.document import Document
from panel.param import ParamFunction
from PIL import Image

from panel_chunked import ChunkedFileInput, ChunkedMediaRecorder, UploadedFile, view_file
from tests.core.fakes import info

TABLE = pd.DataFrame({"number": [1, 2, 3], "name": ["a", "b", "c"]})
SCRIPT = "<img src=x onerror=alert(1)><script>alert(2)</script>"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def make(tmp_path):
    """Give a function that makes a file of bytes, or what a function writes to its path."""

    def make(name, content, mime_type="", *, stored_as="stored"):
        path = tmp_path / stored_as
        if callable(content):
            with path.open("wb") as file:
                content(file)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        facts = replace(info(name, size=path.stat().st_size), mime_type=mime_type)
        return UploadedFile(facts, path)

    return make


def html_of(view):
    """Give the HTML that the page gets, of all panes in `view`."""
    view.get_root(Document())
    return "".join(pane.object for pane in view.select(pn.pane.HTML))


# One file


def test_image_is_shown_by_its_own_type_and_not_the_browser_s(make):
    file = make("a.jpg", lambda path: Image.new("RGB", (3, 2)).save(path, "PNG"), "text/html")
    assert '<img src="data:image/png;base64,iVBOR' in html_of(view_file(file))


@pytest.mark.parametrize(
    ("name", "content", "shown"),
    [
        ("a.wav", b"RIFF\0\0\0\0WAVEfmt ", '<audio src="data:audio/wav;base64,'),
        ("a.mp4", b"\0\0\0\x20ftypisom", '<video src="data:video/mp4;base64,'),
        ("a.webm", b"\x1a\x45\xdf\xa3", '<video src="data:video/webm;base64,'),
    ],
)
def test_sound_and_video(make, name, content, shown):
    html = html_of(view_file(make(name, content)))
    assert shown in html
    assert "controls" in html


def test_pdf(make):
    view = view_file(make("a.pdf", b"%PDF-1.7 and so on %%EOF\n"))
    assert isinstance(view, pn.pane.PDF)
    assert view.object == b"%PDF-1.7 and so on %%EOF\n"
    assert view.get_root(Document()).embed, "else it would be HTML"


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.csv", lambda path: TABLE.to_csv(path, index=False)),
        ("a.xlsx", lambda path: TABLE.to_excel(path, index=False)),
    ],
)
def test_table(make, name, write):
    view = view_file(make(name, write))
    assert isinstance(view, pn.widgets.Tabulator)
    assert list(view.titles.values()) == ["number", "name"]
    assert view.value.to_numpy().tolist() == TABLE.to_numpy().tolist()
    assert view.disabled
    view.get_root(Document())


def test_table_whose_rows_are_many_says_how_many_are_shown(make):
    file = make("a.csv", "a\n" + "1\n" * 1001)
    view = view_file(file)
    assert len(view[0].value) == 1000
    assert "The first 1,000 rows are shown." in html_of(view)
    assert isinstance(view_file(file, rows=1001), pn.widgets.Tabulator)


def test_table_whose_columns_are_many(make):
    view = view_file(make("a.csv", ",".join(f"c{i}" for i in range(1000)) + "\n"))
    assert view[0].value.shape == (0, 200)
    assert "200 of 1,000 columns are shown." in html_of(view)


def test_large_csv_file_is_shown_as_far_as_its_limit(make):
    def write(file):
        file.write(b"a,b\n" + b"1,2\n" * 100 + b"1,")
        file.truncate(3 * 10**9)

    view = view_file(make("a.csv", write), limit="1 MB")
    assert len(view[0].value) == 100
    assert "The first 100 rows are shown." in html_of(view)


@pytest.mark.parametrize("cell", ['"5\n6', '"' + "x" * 99, '"' + "ü" * 99])
def test_csv_file_that_the_limit_cuts_anywhere_is_shown_up_to_there(make, cell):
    file = make("a.csv", f"a,b\n1,2\n3,{cell}" + '"\n' * 99)
    for limit in range(10, 15):
        view = view_file(file, limit=limit)
        assert view[0].value.to_numpy().tolist() == [[1, 2]]
        assert "The first row is shown." in html_of(view)


def test_csv_file_whose_columns_are_too_many_is_not_shown(make):
    html = html_of(view_file(make("a.csv", "," * 400_000 + "\n")))
    assert "with 400,001 columns, has more than 20 MB" in html


def test_columns_that_are_not_shown_are_not_read(make, monkeypatch):
    content = ",".join(f"c{i}" for i in range(1000)) + ("\n" + ",".join("1" * 1000)) * 9
    read = pd.read_csv
    shapes = []
    monkeypatch.setattr(pd, "read_csv", lambda *a, **k: shapes.append(it := read(*a, **k)) or it)
    view = view_file(make("a.csv", content))
    assert [it.shape for it in shapes] == [(9, 200)]
    assert "200 of 1,000 columns are shown." in html_of(view)


def test_no_limit(make):
    assert isinstance(view_file(make("a.csv", "a\n1\n"), limit=None), pn.widgets.Tabulator)
    assert "<img" in html_of(view_file(make("a.png", PNG), limit=None))


def test_limit_that_is_no_size_is_the_app_s_error(make):
    with pytest.raises(ValueError, match="'many' is not a size"):
        view_file(make("a.csv", "a\n1\n"), limit="many")
    with pytest.raises(ValueError, match="'many' is not a size"):
        ChunkedFileInput().view(limit="many")


def test_cells_of_every_type_reach_the_page(make):
    table = pd.DataFrame(
        {
            "text": ["a", None, "x" * 5000],
            "whole": [1, 2, 3],
            "part": [0.5, None, 1.5],
            "is": [True, False, True],
            "time": pd.to_datetime(["2026-01-01", None, "2026-01-02"]),
        }
    )
    view = view_file(make("a.xlsx", lambda path: table.to_excel(path, index=False)))
    doc = Document()
    doc.add_root(view.get_root(doc))
    doc.to_json()
    rows = view.value.set_axis(table.columns, axis=1)
    assert rows["whole"].tolist() == [1, 2, 3]
    assert rows["text"][1] == ""
    assert len(rows["text"][2]) == 1000


def test_columns_of_one_name(make):
    view = view_file(make("a.csv", "a,a,b.c\n1,2,3\n"))
    view.get_root(Document())
    assert list(view.titles.values()) == ["a", "a.1", "b.c"]


def test_more_cells_than_names(make):
    view = view_file(make("a.csv", "a,b\n1,2,3\n"))
    view.get_root(Document())
    assert list(view.titles.values()) == ["index", "a", "b"]
    assert view.value.to_numpy().tolist() == [[1, 2, 3]]


def test_json(make):
    view = view_file(make("a.json", json.dumps({"a": [SCRIPT]})))
    assert isinstance(view, pn.pane.JSON)
    assert view.object == {"a": [SCRIPT]}


NOT_A_TREE = [
    f'{{"a": NaN, "b": "{SCRIPT}"}}',  # Panel's pane would make HTML of the error
    f'{{"a": 1e999, "b": "{SCRIPT}"}}',
    "0",
    "[" * 60 + "]" * 60,
    json.dumps([SCRIPT] * 10_000),
]


@pytest.mark.parametrize("content", NOT_A_TREE, ids=lambda content: content[:10])
def test_json_that_panel_s_pane_cannot_show_is_shown_as_text(make, content):
    view = view_file(make("a.json", content))
    assert not view.select(pn.pane.JSON)
    html = html_of(view)
    assert html.startswith("<pre>")
    assert "<script" not in html


def test_markdown(make):
    html = html_of(view_file(make("a.md", "# Title\n\n| a |\n|---|\n| 1 |\n")))
    assert "<h1>Title</h1>" in html
    assert "<td>1</td>" in html


def test_text(make):
    assert html_of(view_file(make("a.txt", "# no title"))) == "<pre># no title</pre>"
    assert "key: 1" in html_of(view_file(make("notes", "key: 1")))


def test_text_in_another_encoding_is_shown_as_far_as_it_is_known(make):
    assert "gr\ufffdn" in html_of(view_file(make("a.txt", "grün".encode("latin-1"))))


def test_large_text_is_cut(make):
    view = view_file(make("a.txt", "ü" * 5_000_000))
    html = html_of(view)
    assert html.count("ü") == 100_000
    assert "\ufffd" not in html
    assert "The first 200 kB are shown." in html


def test_params_are_those_of_the_pane(make):
    assert view_file(make("a.csv", "a\n1\n"), width=300, page_size=5).page_size == 5
    assert view_file(make("a.txt", "text"), width=300).width == 300
    with pytest.raises(TypeError, match="nonsense"):
        view_file(make("a.csv", "a\n1\n"), nonsense=1)


# What a browser may send


@pytest.mark.parametrize(
    ("name", "content", "mime_type"),
    [
        ("a.html", SCRIPT, "text/html"),
        ("a.html", SCRIPT, "image/png"),
        ("a.xhtml", SCRIPT, "application/xhtml+xml"),
        ("a.txt", SCRIPT, "text/plain"),
        ("a.txt", f"</pre>{SCRIPT}", "text/html"),
        ("a", SCRIPT, ""),
        ("a.svg", SCRIPT, "image/svg+xml"),
        ("a.svg", SVG, "image/svg+xml"),
        ("a.png", SVG, "image/svg+xml"),
        ("a.png", PNG + SCRIPT.encode(), "image/png"),
        ("a.md", SCRIPT, "text/markdown"),
        ("a.md", f"```js\n{SCRIPT}\n```\n\n    {SCRIPT}\n\n`{SCRIPT}`", "text/markdown"),
        ("a.md", f'[x](javascript:alert(1)) [x](<"{SCRIPT}> "{SCRIPT}")', "text/markdown"),
        ("a.md", "![x](http://example.org/x.png)", "text/markdown"),
        ("a.json", SCRIPT, "application/json"),
        ("a.csv", f'a,b\n1,2,{SCRIPT}\n"', "text/csv"),
        (f"{SCRIPT}.png", PNG, "image/png"),
        (f'" onerror="alert(1)" {SCRIPT}.png', PNG, "image/png"),
        (f"{SCRIPT}.png", b"nothing", "image/png"),
        (f"{SCRIPT}.csv", b'"', "text/csv"),
        (f"{SCRIPT}.unknown", b"\0", SCRIPT),
        (f"{SCRIPT}.txt", b"", SCRIPT),
    ],
)
def test_nothing_of_a_file_or_its_name_is_html_in_the_page(make, name, content, mime_type):
    html = html_of(view_file(make(name, content, mime_type)))
    assert html
    assert "<script" not in html
    assert "<svg" not in html
    assert "<img src=x" not in html
    assert ' src="http' not in html
    assert 'href="javascript:' not in html
    assert '" onerror=' not in html


def test_svg_is_an_image_where_no_script_runs(make):
    assert '<img src="data:image/svg+xml;base64,' in html_of(view_file(make("a.svg", SVG)))


def test_names_of_columns_are_text(make):
    (title,) = view_file(make("a.csv", f"{SCRIPT}\n1\n")).titles.values()
    assert title.startswith("&lt;img")
    assert "<" not in title


@pytest.mark.parametrize("name", ["a.png", "a.mp4", "a.wav", "a.pdf", "a.svg"])
@pytest.mark.parametrize("content", [b"<html>", b"\xff\xff\xff", b"PK\x03\x04"])
def test_media_that_are_something_else_are_told_of(make, name, content):
    if name == "a.wav" and content[0] == 0xFF:
        pytest.skip("so does an MP3 frame begin")
    assert f"{name} is not " in html_of(view_file(make(name, content)))


@pytest.mark.parametrize("name", ["a.xlsx", "a.json", "a.csv"])
def test_what_is_damaged_is_told_of_and_logged(make, name, caplog):
    file = make(name, b'PK\x03\x04, a\n"')
    assert f"{name} cannot be shown. It is damaged" in html_of(view_file(file))
    assert [record.exc_info for record in caplog.records] == [None]
    assert file.id in caplog.text


def test_pdf_without_an_end_is_told_of(make):
    assert "a.pdf cannot be shown. It is damaged" in html_of(
        view_file(make("a.pdf", b"%PDF-1.7 1"))
    )


def test_empty_file(make):
    for name in ("a.csv", "a.png", "a.txt", "a.xlsx", "a.json", "a"):
        assert f"{name} is empty." in html_of(view_file(make(name, b"")))


def test_media_that_are_too_large_are_not_read(make, monkeypatch):
    def write(file):
        file.write(PNG)
        file.truncate(3 * 10**9)

    file = make("a.png", write)
    monkeypatch.setattr(UploadedFile, "read", lambda _: pytest.fail("read"))
    assert "a.png has 3 GB; at most 20 MB are shown." in html_of(view_file(file))
    assert "at most 1 kB are shown." in html_of(view_file(file, limit="1 kB"))


def test_file_that_is_gone_or_never_was_stored(make):
    file = make("a.csv", "a\n")
    file.unlink()
    for it in (file, UploadedFile(info("a.csv"), None)):
        assert "a.csv is not stored any more, or never was." in html_of(view_file(it))


def test_missing_package_is_named(make, monkeypatch):
    file = make("a.csv", "a\n1\n")
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert "pip install pandas" in html_of(view_file(file))


# The widget


def test_object_without_a_file():
    assert ChunkedFileInput().object() is None
    assert ChunkedFileInput(multiple=True).object() == []
    assert ChunkedMediaRecorder().object() is None


async def test_object_of_the_widget(open_page):
    one, many = ChunkedFileInput(), ChunkedFileInput(multiple=True)
    await (await open_page(one)).upload(("a.csv", b"a\n1\n2\n"))
    page = await open_page(many)
    await page.upload(("a.txt", b"text"))
    await page.upload(("b.json", b'{"a": 1}'))

    assert one.object()["a"].tolist() == [1, 2]
    assert one.object(rows=1)["a"].tolist() == [1]
    assert many.object() == ["text", {"a": 1}], "all of files, not the last pick alone"
    with pytest.raises(ValueError, match="at most 1 byte"):
        one.object(limit=1)


async def test_object_follows_the_files(open_page, eventually):
    upload = ChunkedFileInput()
    shown = pn.panel(upload.object)
    bound = pn.bind(lambda files: [upload.object() for _ in files], upload.param.files)
    page = await open_page(pn.Column(upload, shown), upload)
    await page.upload(("a.txt", b"first"))
    await eventually(lambda: "first" in str(content(shown).object))
    assert bound() == ["first"]
    await page.upload(("b.txt", b"second"))
    await eventually(lambda: "second" in str(content(shown).object))


def content(view):
    """Give what a bound function has returned."""
    return view._pane


def shown_in(view):
    """Give the HTML of each file that is shown, and not still read."""
    contents = [content(pane) for pane in view.select(ParamFunction)]
    return [it.object for it in contents if isinstance(it, pn.pane.HTML)]


async def test_view_of_one_file_follows_it(open_page, eventually):
    upload = ChunkedFileInput()
    view = pn.panel(upload.view(object_if_no_value="Choose one.", width=321))
    page = await open_page(pn.Column(upload, view), upload)
    assert content(view).object == "Choose one."
    await page.upload(("a.txt", b"first"))
    await eventually(lambda: shown_in(view) == ["<pre>first</pre>"])
    assert view.select(pn.pane.HTML)[0].width == 321
    await page.upload(("b.txt", b"second"))
    await eventually(lambda: shown_in(view) == ["<pre>second</pre>"])
    upload.clear()
    await eventually(lambda: content(view).object == "Choose one.")


async def test_view_of_many_files_has_a_tab_for_each(open_page, eventually):
    upload = ChunkedFileInput(multiple=True)
    view = pn.panel(upload.view(width=400))
    page = await open_page(pn.Column(upload, view), upload)
    assert not content(view).visible
    await page.upload(("a.txt", b"first"))
    await page.upload(("b.txt", b"second"))
    tabs = content(view)
    assert isinstance(tabs, pn.Tabs)
    assert tabs.visible
    assert (tabs._names, tabs.width) == (["a.txt", "b.txt"], 400)
    await eventually(lambda: shown_in(view) == ["<pre>first</pre>"])  # the other is not looked at
    tabs.active = 1
    await eventually(lambda: shown_in(view) == ["<pre>first</pre>", "<pre>second</pre>"])


async def test_view_of_a_widget_that_takes_many_since(open_page, eventually):
    upload = ChunkedFileInput()
    view = pn.panel(upload.view())
    page = await open_page(pn.Column(upload, view), upload)
    upload.multiple = True
    await page.upload(("a.txt", b"first"))
    await page.upload(("b.txt", b"second"))
    assert content(view)._names == ["a.txt", "b.txt"]


async def test_view_of_a_file_stays_when_others_come_and_go(open_page, eventually):
    upload = ChunkedFileInput(multiple=True)
    view = pn.panel(upload.view(layout=pn.Column))
    page = await open_page(pn.Column(upload, view), upload)
    await page.upload(("a.txt", b"first"))
    await page.upload(("b.txt", b"second"))
    await eventually(lambda: len(shown_in(view)) == 2)
    second = content(content(view)[1])
    await page.upload(("c.txt", b"third"))
    await eventually(lambda: len(shown_in(view)) == 3)
    upload.files[0].delete()
    await eventually(lambda: shown_in(view) == ["<pre>second</pre>", "<pre>third</pre>"])
    assert content(content(view)[0]) is second


async def test_view_in_a_bound_function(open_page, eventually):
    upload = ChunkedFileInput()
    view = pn.panel(pn.bind(lambda files: upload.view() if files else None, upload.param.files))
    page = await open_page(pn.Column(upload, view), upload)
    await page.upload(("a.txt", b"first"))
    await eventually(lambda: "<pre>first</pre>" in shown_in(view))
    await page.upload(("b.txt", b"second"))
    await eventually(lambda: "<pre>second</pre>" in shown_in(view))


async def test_view_holds_no_file_that_is_gone(open_page, eventually, no_garbage_collection):
    upload = ChunkedFileInput(multiple=True)
    view = pn.panel(upload.view(layout=pn.Column))
    page = await open_page(pn.Column(upload, view), upload)
    await page.upload(("a.txt", b"first"))
    await eventually(lambda: shown_in(view))
    path = upload.files[0].path
    upload.clear()
    await eventually(lambda: not path.exists())


async def test_a_slow_file_holds_up_no_callback(open_page, eventually, monkeypatch):
    going_on = asyncio.Event()
    loop = asyncio.get_running_loop()

    def read(*_, **__):
        asyncio.run_coroutine_threadsafe(going_on.wait(), loop).result(5)
        return pn.pane.HTML("read")

    monkeypatch.setattr("panel_chunked.views.view_file", read)
    upload = ChunkedFileInput()
    view = pn.panel(upload.view())
    page = await open_page(pn.Column(upload, view), upload)
    await page.upload(("a.txt", b"first"))
    assert shown_in(view) != ["read"]
    going_on.set()
    await eventually(lambda: shown_in(view) == ["read"])
