"""What FileInput is to an app: params, links, Param panes, saving. No page is needed."""

from io import BytesIO
from pathlib import Path

import panel as pn
import param
import pytest
from bokeh.document import Document
from panel.chat import ChatInterface
from panel.widgets import FileInput

from panel_chunked import ChunkedFileInput


def model_of(viewable):
    return viewable.get_root(Document())


# Params


def test_it_is_a_file_input():
    assert isinstance(ChunkedFileInput(), FileInput)


def test_it_has_every_param_of_file_input_with_its_default():
    added_by_components = {"name"}  # a unique name in both
    for name in set(FileInput.param) - added_by_components:
        assert getattr(ChunkedFileInput(), name) == getattr(FileInput(), name), name


def test_it_has_every_method_of_file_input():
    assert {name for name in dir(FileInput) if name[0] != "_"} <= set(dir(ChunkedFileInput))


def test_every_param_of_its_own_is_documented():
    own = set(ChunkedFileInput.param) - set(FileInput.param)

    assert {"files", "uploads", "progress", "destination", "value_limit"} <= own
    assert not [name for name in own if not ChunkedFileInput.param[name].doc]


def test_defaults_of_its_own():
    widget = ChunkedFileInput()

    assert (widget.files, widget.uploads, widget.progress) == ([], [], 0)
    assert (widget.destination, widget.chunk_size) == (None, None)
    assert (widget.max_file_size, widget.max_total_size, widget.max_files) == (None, None, None)
    assert widget.value_limit == "256 MB"


@pytest.mark.parametrize("name", ["files", "uploads", "progress"])
def test_an_app_cannot_set_what_the_widget_reports(name):
    with pytest.raises(TypeError, match="Read-only"):
        setattr(ChunkedFileInput(), name, getattr(ChunkedFileInput(), name))


SIZES = ["max_file_size", "max_total_size", "chunk_size", "value_limit"]


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("size", [0, 1, 5 * 10**9, "5 GB", "200 MiB", "1.5kB", "17"])
def test_sizes(name, size):
    assert getattr(ChunkedFileInput(**{name: size}), name) == size


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("size", [-1, 1.5, "", "5 XB", "-5 MB", "GB", True, [1]])
def test_what_is_not_a_size_is_refused_at_once(name, size):
    with pytest.raises(ValueError, match="size"):
        ChunkedFileInput(**{name: size})
    widget = ChunkedFileInput()
    with pytest.raises(ValueError, match="size"):
        setattr(widget, name, size)


def test_the_page_gets_sizes_as_bytes():
    data = model_of(ChunkedFileInput(max_file_size="5 MB", max_total_size="1 GiB")).data

    assert (data.max_file_size, data.max_total_size) == (5_000_000, 2**30)


@pytest.mark.parametrize(
    ("accept", "in_page"),
    [
        (None, None),
        ("", []),
        (".csv", [".csv"]),
        (".mp4, Video/*", [".mp4", "video/*"]),
        ([".png", "image/jpeg"], [".png", "image/jpeg"]),
        (["csv"], [".csv"]),
        ("*", []),
    ],
)
def test_accept_is_a_string_or_a_list(accept, in_page):
    widget = ChunkedFileInput(accept=accept)

    assert widget.accept == accept
    assert model_of(widget).data.accept == in_page


@pytest.mark.parametrize("accept", [5, (".csv",), {".csv"}])
def test_accept_is_nothing_else(accept):
    with pytest.raises(ValueError, match="accept"):
        ChunkedFileInput(accept=accept)


@pytest.mark.parametrize("destination", [None, "incoming", Path("incoming")])
def test_destination(destination):
    assert ChunkedFileInput(destination=destination).destination == destination


def test_destination_is_nothing_else():
    with pytest.raises(ValueError, match="destination"):
        ChunkedFileInput(destination=5)


@pytest.mark.filterwarnings("ignore:Widget.name is deprecated")
@pytest.mark.parametrize("names", [{"label": "Data"}, {"name": "Data"}])
def test_label_and_its_old_name(names):
    widget = ChunkedFileInput(**names)

    assert widget.label == "Data"
    assert model_of(widget).data.label == "Data"


def test_description_is_rendered_as_panel_renders_it():
    data = model_of(ChunkedFileInput(description="Only **CSV**")).data

    assert "<strong>CSV</strong>" in data.description


def test_what_the_app_changes_reaches_the_page():
    widget = ChunkedFileInput()
    model = model_of(widget)

    widget.param.update(accept=".csv", max_file_size="1 kB", label="New", disabled=True)

    assert (model.data.accept, model.data.max_file_size) == ([".csv"], 1000)
    assert model.data.label == "New"
    assert model.disabled


def test_nothing_but_what_the_page_shows_is_sent_to_it():
    properties = model_of(ChunkedFileInput(value=b"secret", filename="a")).data.properties()

    assert not properties & {"files", "uploads", "destination", "value_limit"}


def test_bytes_that_the_app_sets_are_not_sent_to_the_page():
    model = model_of(ChunkedFileInput(value=b"secret", filename="secret", mime_type="a/b"))

    assert (model.data.value, model.data.filename, model.data.mime_type) == (None, None, None)


def test_no_property_is_taken_over_from_the_page():
    assert ChunkedFileInput()._linked_properties == ()


# Where FileInput is used


class Settings(param.Parameterized):
    file = param.Bytes(default=None, allow_None=True, label="Your file")


@pytest.mark.parametrize("how", [ChunkedFileInput, {"type": ChunkedFileInput, "accept": ".csv"}])
def test_in_a_param_pane(how):
    settings = Settings()
    pane = pn.Param(settings, widgets={"file": how})
    (widget,) = pane.select(ChunkedFileInput)
    assert widget.label == "Your file"

    widget.value = b"from the widget"
    assert settings.file == b"from the widget"
    settings.file = b"from the app"
    assert widget.value == b"from the app"
    assert widget.accept == (".csv" if isinstance(how, dict) else None)


def test_from_param():
    settings = Settings()
    widget = ChunkedFileInput.from_param(settings.param.file, accept=".csv")

    widget.value = b"abc"

    assert settings.file == b"abc"
    assert (widget.label, widget.accept) == ("Your file", ".csv")


def test_bind_and_rx_give_the_value():
    widget = ChunkedFileInput()
    bound = pn.bind(lambda value: value and len(value), widget)
    length = widget.rx().rx.len()

    widget.value = b"abc"

    assert bound() == 3
    assert length.rx.value == 3


def test_clone_takes_the_params_and_not_the_uploads():
    widget = ChunkedFileInput(accept=".csv", max_file_size="5 GB", multiple=True)

    clone = widget.clone(label="Other")

    assert (clone.accept, clone.max_file_size, clone.multiple) == (".csv", "5 GB", True)
    assert clone.label == "Other"
    assert clone._token != widget._token, "or the page would take them for one widget"


def test_a_link_in_python():
    widget, text = ChunkedFileInput(), pn.widgets.TextInput()
    widget.link(text, filename="value")

    widget.filename = "a.txt"

    assert text.value == "a.txt"


@pytest.mark.parametrize("name", ["value", "filename", "mime_type"])
def test_a_link_in_the_page_finds_its_property(name):
    widget, target = ChunkedFileInput(), pn.pane.HTML()
    widget.jslink(target, **{name: "object"})

    data = model_of(pn.Row(widget, target)).children[0].data

    assert [f"change:{name}"] == list(data.js_property_callbacks)


def test_a_link_of_the_value_gives_a_data_url_as_with_file_input():
    widget, target = ChunkedFileInput(), pn.pane.HTML()
    widget.jslink(target, value="object")
    data = model_of(pn.Row(widget, target)).children[0].data

    ((callback,),) = data.js_property_callbacks.values()

    assert "'data:' + source.mime_type + ';base64,' + value" in callback.code
    assert callback.args["source"] is data


def test_a_javascript_callback_in_the_page():
    widget = ChunkedFileInput()
    widget.jscallback(value="console.log(source.filename)")

    assert "change:value" in model_of(widget).data.js_property_callbacks


@pytest.mark.parametrize("name", ["files", "uploads", "destination", "value_limit"])
def test_a_link_in_the_page_to_what_it_does_not_have_fails_at_once(name):
    with pytest.raises(ValueError, match=name):
        ChunkedFileInput().jslink(pn.pane.HTML(), **{name: "object"})


def test_in_a_chat_interface():
    widget = ChunkedFileInput(accept=".txt")
    chat = ChatInterface(widgets=[widget])
    widget.param.update(value=b"hello", filename="a.txt", mime_type="text/plain")

    chat._click_send(None)

    assert chat.objects[0].object.contents == b"hello"
    assert chat.objects[0].object.file_name == "a.txt"


@pytest.mark.parametrize(
    "template",
    [
        pn.template.BootstrapTemplate,
        pn.template.FastGridTemplate,
        pn.template.FastListTemplate,
        pn.template.MaterialTemplate,
        pn.template.SlidesTemplate,
        pn.template.VanillaTemplate,
    ],
    ids=lambda template: template.name,
)
def test_in_a_template(template):
    widget, page = ChunkedFileInput(), template(title="App")
    if isinstance(page, pn.template.FastGridTemplate):
        page.main[:3, :] = widget
    else:
        page.main.append(widget)

    doc = page.server_doc(Document())

    assert doc.select_one({"class_name": "ChunkedFileInput"}) is not None


# Saving


@pytest.fixture
def uploaded():
    return ChunkedFileInput(value=b"abc", filename="a.txt", mime_type="text/plain")


@pytest.fixture
def several():
    return ChunkedFileInput(multiple=True, value=[b"a", b"b"], filename=["a", "b"])


@pytest.mark.parametrize("kind", [str, Path])
def test_save_to_a_path(uploaded, tmp_path, kind):
    uploaded.save(kind(tmp_path / "saved.txt"))

    assert (tmp_path / "saved.txt").read_bytes() == b"abc"


def test_save_to_a_file_object(uploaded):
    target = BytesIO()

    uploaded.save(target)

    assert target.getvalue() == b"abc"


def test_save_an_empty_file(tmp_path):
    ChunkedFileInput(value=b"", filename="a").save(tmp_path / "saved.txt")

    assert (tmp_path / "saved.txt").read_bytes() == b""


def test_save_several(several, tmp_path):
    target = BytesIO()

    several.save([tmp_path / "a", target])

    assert ((tmp_path / "a").read_bytes(), target.getvalue()) == (b"a", b"b")


def test_save_takes_one_filename_for_one_file(uploaded, tmp_path):
    with pytest.raises(TypeError, match="single file"):
        uploaded.save([str(tmp_path / "a")])


def test_save_takes_a_list_for_a_list(several, tmp_path):
    with pytest.raises(TypeError, match="list"):
        several.save(str(tmp_path / "a"))
    assert list(tmp_path.iterdir()) == []


def test_save_takes_as_many_filenames_as_files(several, tmp_path):
    with pytest.raises(ValueError, match="1 filenames were given for 2 files"):
        several.save([tmp_path / "a"])
    assert list(tmp_path.iterdir()) == []


def test_save_takes_nothing_else(uploaded):
    with pytest.raises(TypeError, match="path or a file object"):
        uploaded.save(5)


def test_save_without_an_upload_makes_no_file(tmp_path):
    with pytest.raises(ValueError, match="nothing to save"):
        ChunkedFileInput().save(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_save_of_several_makes_no_file_if_one_value_is_none(tmp_path):
    widget = ChunkedFileInput(multiple=True, value=[b"a", None], filename=["a", "b"])

    with pytest.raises(ValueError, match="nothing to save"):
        widget.save([tmp_path / "a", tmp_path / "b"])

    assert list(tmp_path.iterdir()) == []


def test_clear_works_without_a_page(uploaded):
    uploaded.clear()

    assert (uploaded.value, uploaded.filename, uploaded.mime_type) == (None, None, None)
