"""``panel serve tests/browser/view_app.py``: what is uploaded, shown by `view`."""

import panel as pn

from panel_chunked import ChunkedFileInput

pn.extension("tabulator")

upload = ChunkedFileInput(multiple=True)
pn.Column(upload, pn.panel(upload.view(object_if_no_value="Nothing yet."))).servable()
