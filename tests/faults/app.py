"""``panel serve tests/faults/app.py``: the page of the browser tests, which connects anew."""

import panel as pn

from panel_chunked import ChunkedFileInput
from tests.browser.pages import page

pn.extension(reconnect=True)


def build() -> pn.viewable.Viewable:
    """Give that page, with buttons that hide the widget, and that show it elsewhere."""
    shown = page()
    (upload,) = shown.select(ChunkedFileInput)

    def move(_event: object) -> None:
        shown[0] = pn.Card(upload, title="Moved")

    hide = pn.widgets.Button(
        label="Hide", on_click=lambda _: upload.param.update(visible=not upload.visible)
    )
    return pn.Column(shown, pn.Row(hide, pn.widgets.Button(label="Move", on_click=move)))


build().servable()
pn.state.on_session_destroyed(lambda _: print("session destroyed", flush=True))
