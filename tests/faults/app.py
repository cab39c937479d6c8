"""``panel serve tests/faults/app.py``: the page of the browser tests, which connects anew."""

import panel as pn

from tests.browser.pages import page

pn.extension(reconnect=True)
page().servable()
pn.state.on_session_destroyed(lambda _: print("session destroyed", flush=True))
