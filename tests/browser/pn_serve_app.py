"""The app with a small socket buffer: ``python -m tests.browser.pn_serve_app PORT``."""

import sys

import panel as pn

from tests.browser.pages import page

if __name__ == "__main__":
    pn.serve(
        {"app": page},
        port=int(sys.argv[1]),
        show=False,
        websocket_max_message_size=400_000,
        http_server_kwargs={"max_buffer_size": 500_000},
    )
