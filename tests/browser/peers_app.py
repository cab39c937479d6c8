"""FileInput; or FileDropper, if the URL has ``?dropper=1``."""

import panel as pn

pn.extension("filedropper")

widgets = pn.widgets
peer = (widgets.FileDropper if "dropper" in pn.state.session_args else widgets.FileInput)()
pn.Column(peer, pn.bind(lambda value: f"arrived: {len(value or '')}", peer)).servable()
