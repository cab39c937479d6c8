"""The README's example runs as it stands."""

from pathlib import Path

import panel as pn

from panel_chunked import ChunkedFileInput

README = Path(__file__).parents[2] / "README.md"


def test_readme_example_runs() -> None:
    code = README.read_text().split("```python\n")[1].split("```")[0]
    names: dict[str, object] = {}
    exec(code.replace(".servable()", ""), names)
    upload = names["upload"]
    assert isinstance(upload, ChunkedFileInput)
    pn.Column(upload, names["progress"], names["listing"]).get_root()
