"""The app with a small socket buffer: ``python -m tests.browser.pn_serve_app PORT``.

With another argument, the server goes on in a thread when the main thread has ended.
"""

import sys

import panel as pn

from tests.browser.pages import page

if __name__ == "__main__":
    pn.serve(
        {"app": page},
        port=int(sys.argv[1]),
        show=False,
        threaded=len(sys.argv) > 2,
        websocket_max_message_size=400_000,
        http_server_kwargs={"max_buffer_size": 500_000},
    )
