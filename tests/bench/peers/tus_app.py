"""``python -m tests.bench.peers.tus_app PORT TUS_JS``: tus-js-client sends to tuspyserver."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse
from tuspyserver import create_tus_router

from tests.bench.report import say_arrived

#: One request for the whole file, which is the fastest and the client's default.
PAGE = """<!doctype html><input type=file><script src="/tus.js"></script><script>
  document.querySelector("input").onchange = ({ target }) =>
    new tus.Upload(target.files[0], { endpoint: "/files", onError: console.error }).start();
</script>"""


def build(folder: str, tus_js: str) -> FastAPI:
    app = FastAPI()

    def arrived(path: str, _metadata: dict[str, Any]) -> None:
        say_arrived(Path(path))

    app.include_router(create_tus_router(files_dir=folder, on_upload_complete=arrived))
    app.get("/tus.js")(lambda: FileResponse(tus_js))
    app.get("/", response_class=HTMLResponse)(lambda: PAGE)
    return app


if __name__ == "__main__":
    port, tus_js = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        uvicorn.run(build(folder, tus_js), port=int(port), log_level="warning")
