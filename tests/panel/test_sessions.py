"""Several pages, and pages that do what they should not."""

import panel as pn
import pytest

from panel_chunked import ChunkedFileInput


async def test_a_page_cannot_raise_a_limit(open_page):
    widget = ChunkedFileInput(max_file_size=10, accept=".txt", multiple=True, max_files=2)
    page = await open_page(widget)

    await page.set(page.model.data, "max_file_size", 10**12)
    await page.set(page.model.data, "accept", [])
    await page.set(page.model.data, "max_files", 1000)

    assert (widget.max_file_size, widget.accept, widget.max_files) == (10, ".txt", 2)
    big, wrong = await page.create(("a.txt", b"x" * 11), ("a.exe", b"x"))
    assert (big["code"], wrong["code"]) == ("file_too_large", "not_accepted")


async def test_a_page_cannot_set_the_outputs(open_page):
    widget = ChunkedFileInput()
    page = await open_page(widget)

    await page.set(page.model.data, "value", "U29tZSB0ZXh0Cg==")
    await page.set(page.model.data, "filename", "../../etc/passwd")

    assert (widget.value, widget.filename) == (None, None)


async def test_a_page_cannot_switch_on_a_disabled_widget(open_page):
    widget = ChunkedFileInput(disabled=True)
    page = await open_page(widget)

    await page.set(page.model, "disabled", False)

    assert widget.disabled
    (answer,) = await page.create(("a.txt", b"x"))
    assert answer["code"] == "disabled"


async def test_an_upload_belongs_to_its_widget_whatever_that_is_called_later(open_page):
    widget = ChunkedFileInput(label="Choose")
    page = await open_page(widget)
    before = widget.place_of_uploads(page.doc)
    widget.label = "Uploading"
    assert widget.place_of_uploads(page.doc) == before
    other = ChunkedFileInput(label="Choose")
    assert other.place_of_uploads(page.doc) != before


async def test_limits_that_the_app_changes_hold_at_once(open_page):
    widget = ChunkedFileInput(max_file_size="1 kB")
    page = await open_page(widget)

    widget.max_file_size = 10
    (answer,) = await page.create(("a.txt", b"x" * 11))

    assert answer["code"] == "file_too_large"


async def test_each_page_of_a_shared_widget_is_answered_alone(open_page):
    widget = ChunkedFileInput(multiple=True)
    one, two = await open_page(widget), await open_page(widget)

    (first,) = await one.upload(("one.txt", b"1"))
    (second,) = await two.upload(("two.txt", b"2"))

    assert {m["id"] for m in one.messages if m["kind"] == "complete"} == {first["id"]}
    assert {m["id"] for m in two.messages if m["kind"] == "complete"} == {second["id"]}
    assert sorted(file.name for file in widget.files) == ["one.txt", "two.txt"]


async def test_a_page_cannot_touch_the_uploads_of_another(open_page):
    widget = ChunkedFileInput(multiple=True)
    one, two = await open_page(widget), await open_page(widget)
    (answer,) = await one.upload(("one.txt", b"1"))

    await two.say("hello", version=1, page="page", uploads=[])
    await two.say("remove", id=answer["id"])
    await two.heard("removed", id=answer["id"])

    assert [file.name for file in widget.files] == ["one.txt"]
    assert widget.files[0].read() == b"1"


async def test_two_pages_may_upload_at_once(open_page):
    widget = ChunkedFileInput(multiple=True)
    pages = [await open_page(widget) for _ in range(2)]
    created = [(await page.create(("a.txt", b"ab"), chunks=False))[0] for page in pages]

    for offset, data in enumerate([b"a", b"b"]):
        for page, answer in zip(pages, created, strict=True):
            await page.say("chunk", attempt=0, id=answer["id"], offset=offset, data=data)
    for page, answer in zip(pages, created, strict=True):
        await page.say("finish", attempt=0, id=answer["id"])

    await pages[0].wait(lambda: len(widget.files) == 2)
    assert [file.read() for file in widget.files] == [b"ab", b"ab"]


async def test_files_of_a_session_that_ended_are_gone_and_not_listed(open_page):
    widget = ChunkedFileInput(multiple=True)
    one, two = await open_page(widget), await open_page(widget)
    await one.upload(("one.txt", b"1"))
    await two.upload(("two.txt", b"2"))
    path = next(file.path for file in widget.files if file.name == "one.txt")

    await one.leave()

    await two.wait(lambda: not path.exists())
    await two.wait(lambda: [file.name for file in widget.files] == ["two.txt"])


async def test_an_upload_of_a_session_that_ended_is_not_listed(open_page):
    widget = ChunkedFileInput()
    page = await open_page(widget)
    (created,) = await page.create(("a.txt", b"abcd"), chunks=False)
    await page.say("chunk", attempt=0, id=created["id"], offset=0, data=b"a")
    await page.wait(lambda: widget.uploads)

    await page.leave()

    await page.wait(lambda: not widget.uploads)


async def test_two_widgets_of_a_page_do_not_mix(open_page):
    one, two = ChunkedFileInput(), ChunkedFileInput()
    page = await open_page(pn.Column(one, two), one)

    await page.upload(("a.txt", b"a"))

    assert (one.value, two.value) == (b"a", None)
    assert two.files == []


@pytest.mark.parametrize(
    "template", [pn.template.FastListTemplate, pn.template.BootstrapTemplate], ids=lambda t: t.name
)
async def test_a_widget_in_a_template_takes_uploads(open_page, template):
    widget = ChunkedFileInput()
    page = await open_page(template(title="App", main=[widget]), widget)

    await page.upload(("a.txt", b"a"))

    assert widget.value == b"a"
