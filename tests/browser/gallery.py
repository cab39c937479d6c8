"""``panel serve tests/browser/gallery.py``: every state of the view on one page.

``?theme=dark`` is Panel's dark theme, ``?width=250`` a narrow column.
"""

from pathlib import Path

import panel as pn
from panel.custom import JSComponent

BUILT = Path(__file__).parents[2] / ".gallery"


def argument(name: str, default: str) -> str:
    return pn.state.session_args.get(name, [default.encode()])[0].decode()


class Gallery(JSComponent):
    """Made of the same parts as the widget, see ts/gallery."""

    _esm = BUILT / "gallery.js"


pn.extension(theme=argument("theme", "default"))

Gallery(
    stylesheets=[(BUILT / "gallery.css").read_text("utf-8")],
    width=int(argument("width", "400")),
).servable()
