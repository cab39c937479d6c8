"""``/looks_app?template=FastListTemplate&theme=dark`` and ``?design=material``: Panel's looks."""

import panel as pn
from panel.theme import Bootstrap, Fast, Material, Native

from panel_chunked import ChunkedFileInput


def argument(name: str, default: str) -> str:
    return pn.state.session_args.get(name, [default.encode()])[0].decode()


theme = argument("theme", "default")
design = {"bootstrap": Bootstrap, "fast": Fast, "material": Material, "native": Native}
pn.extension(theme=theme, design=design[argument("design", "native")])

upload = ChunkedFileInput(label="Files", multiple=True, max_file_size="1 MB")
other = pn.widgets.TextInput(label="Beside it", value="what Panel's own look like")
if "template" in pn.state.session_args:
    template = getattr(pn.template, argument("template", ""))
    template(title="Looks", main=[pn.Column(upload, other)], theme=theme).servable()
else:
    pn.Column(upload, other).servable()
