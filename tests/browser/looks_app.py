"""``/looks_app?template=FastListTemplate&theme=dark`` and ``?design=material``: Panel's looks.

``?template=material-ui`` is the page of panel-material-ui, which is a package of its own.
"""

from typing import Any

import panel as pn
from panel.theme import Bootstrap, Fast, Material, Native

from panel_chunked import ChunkedFileInput

#: Templates that lay out a grid.
GRIDS = {"FastGridTemplate", "ReactTemplate"}


def argument(name: str, default: str) -> str:
    return pn.state.session_args.get(name, [default.encode()])[0].decode()


def in_template(name: str, shown: pn.Column) -> Any:
    if name == "material-ui":
        import panel_material_ui as pmui

        return pmui.Page(title="Looks", main=[shown], dark_theme=theme == "dark")
    template = getattr(pn.template, name)(title="Looks", theme=theme)
    if name in GRIDS:
        template.main[0:6, 0:12] = shown
    else:
        template.main.append(shown)
    return template


theme = argument("theme", "default")
design = {"bootstrap": Bootstrap, "fast": Fast, "material": Material, "native": Native}
pn.extension(theme=theme, design=design.get(argument("design", "")))

upload = ChunkedFileInput(
    label="Files", description="One per day", multiple=True, max_file_size="1 MB"
)
other = pn.widgets.TextInput(label="Beside it", value="what Panel's own look like")
column = pn.Column(upload, other)
name = argument("template", "")
(in_template(name, column) if name else column).servable()
