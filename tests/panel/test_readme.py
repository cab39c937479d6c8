"""The README's examples run as they stand."""

import asyncio
import hashlib
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import panel as pn

from panel_chunked import ChunkedFileInput, ChunkedMediaRecorder, Refused

README = Path(__file__).parents[2] / "README.md"


def example(begins_with: str, **names: Any) -> dict[str, Any]:
    """Run the example that begins so, and give the names that it has made."""
    blocks = [block.split("```")[0] for block in README.read_text("utf-8").split("```python\n")]
    (code,) = [block for block in blocks if block.startswith(begins_with)]
    exec(code.replace(".servable()", ""), names)
    return names


def test_first_example_runs() -> None:
    names = example("import panel as pn")
    upload = names["upload"]
    assert isinstance(upload, ChunkedFileInput)
    pn.Column(upload, names["progress"], names["listing"]).get_root()


async def test_example_of_objects_and_views_runs(open_page: Any) -> None:
    names = example('pn.extension("tabulator")', pn=pn, ChunkedFileInput=ChunkedFileInput)
    upload = names["upload"]
    page = await open_page(pn.Column(upload, names["shown"]), upload)
    await page.upload(("a.csv", b"a\n1\n2\n"))
    assert names["rows"]() == [2]
    assert names["shown"]()._names == ["a.csv"]


async def test_example_of_a_stream_runs(open_page: Any, eventually: Any) -> None:
    names = example("async def handler", hashlib=hashlib, pn=pn, ChunkedFileInput=ChunkedFileInput)
    page = await open_page(names["upload"])
    await page.create(("a.txt", b"hello"))
    await eventually(lambda: names["upload"].files)
    assert names["hashes"]() == [hashlib.sha256(b"hello").hexdigest()]


async def test_example_of_hooks_runs(open_page: Any, eventually: Any, capsys: Any) -> None:
    upload = ChunkedFileInput(multiple=True)
    quota = SimpleNamespace(is_used_up=lambda size: size > 3)
    example("def accept", upload=upload, quota=quota, date=date, Refused=Refused)
    page = await open_page(upload)
    _, refused = await page.upload(("a.txt", b"abc"), ("b.txt", b"abcd"))
    assert refused["message"] == "Your quota is used up. Delete something first."
    assert upload.filename == [f"{date.today()}-a.txt"]
    await asyncio.sleep(0)
    said: list[str] = []
    await eventually(lambda: said.append(capsys.readouterr().out) or "here" in "".join(said))
    assert "failed b.txt Your quota is used up." in "".join(said)


def test_example_of_a_recorder_runs() -> None:
    names = example("recorder =", pn=pn, ChunkedMediaRecorder=ChunkedMediaRecorder)
    pn.Column(names["recorder"], names["taken"]).get_root()
