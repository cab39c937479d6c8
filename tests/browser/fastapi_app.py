"""The app mounted in FastAPI: ``python -m tests.browser.fastapi_app PORT WS_MAX_SIZE``."""

import sys

import uvicorn
from fastapi import FastAPI
from panel.io.fastapi import add_applications

from tests.browser.pages import page

if __name__ == "__main__":
    port, ws_max_size = map(int, sys.argv[1:])
    app = FastAPI()
    add_applications({"/app": page}, app=app)
    uvicorn.run(app, port=port, ws_max_size=ws_max_size, log_level="warning")
