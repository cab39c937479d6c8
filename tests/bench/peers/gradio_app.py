"""``python -m tests.bench.peers.gradio_app PORT``: gives the app a file on disk."""

import sys
from pathlib import Path

import gradio as gr

from tests.bench.report import say_arrived

with gr.Blocks(analytics_enabled=False) as app:
    file = gr.File()
    file.upload(lambda path: say_arrived(Path(path)), file)

if __name__ == "__main__":
    app.launch(server_port=int(sys.argv[1]), quiet=True)
