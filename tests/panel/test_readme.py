"""The README's examples run as they stand."""

from pathlib import Path
from typing import Any

import panel as pn

from panel_chunked import ChunkedFileInput, ChunkedMediaRecorder

README = Path(__file__).parents[2] / "README.md"


def run_example(number: int) -> dict[str, Any]:
    code = README.read_text().split("```python\n")[number].split("```")[0]
    names: dict[str, Any] = {}
    exec(code.replace(".servable()", ""), names)
    return names


def test_readme_example_runs() -> None:
    names = run_example(1)
    assert isinstance(names["upload"], ChunkedFileInput)
    pn.Column(names["upload"], names["progress"], names["listing"]).get_root()


def test_readme_example_of_a_recorder_runs() -> None:
    names = run_example(2)
    assert isinstance(names["recorder"], ChunkedMediaRecorder)
    pn.Column(names["recorder"], names["taken"]).get_root()
