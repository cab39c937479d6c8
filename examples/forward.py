"""Files go on to another service as they arrive, at its speed, and nothing of them is stored here.

Needs HTTPX: `pip install httpx`. Each file is sent by PUT to its name below an address:

    FORWARD_URL=https://files.example.org/incoming panel serve examples/forward.py
"""

import logging
import os
from urllib.parse import quote

import httpx
import pandas as pd
import panel as pn

from panel_chunked import ChunkedFileInput, Refused, UploadedFile, UploadStream

pn.extension(sizing_mode="stretch_width")
log = logging.getLogger("forward")

URL = os.environ.get("FORWARD_URL", "http://localhost:8080")
#: Seconds that the service may take for each block of bytes, and for its answer at the end.
PATIENCE = 60

INTRODUCTION = """
## On to another service
Choose files. Each goes through this app to the service behind it, no faster than that takes it.
"""


async def forward(stream: UploadStream) -> str:
    """Send a file on, and give the answer.

    The stream is an asynchronous iterator of bytes, which is what HTTPX takes. With the length in
    front, the service need not know chunked transfer encoding.
    """
    headers = {
        "Content-Length": str(stream.size),
        "Content-Type": stream.mime_type or "application/octet-stream",
    }
    try:
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            address = f"{URL}/{quote(stream.name)}"
            response = await client.put(address, content=stream, headers=headers)
    except httpx.TransportError as error:  # its text has the address, which is not for everyone
        log.error("%s was not forwarded: %r", stream.name, error)
        text = (
            "The service behind this app does not answer, or takes no more of it. Try again later."
        )
        raise Refused(text, may_retry=True) from None
    if not response.is_success:  # a redirect is none either: nothing is stored there
        answer = f"The service behind this app answers “{response.reason_phrase}”."
        raise Refused(answer, may_retry=response.is_server_error)
    return f"{response.status_code} {response.reason_phrase}"


def listing(files: list[UploadedFile]) -> pd.DataFrame:
    rows = [(it.name, f"{it.received:,}", it.result) for it in files]
    return pd.DataFrame(rows, columns=["File", "Bytes", "Answer"])


upload = ChunkedFileInput(multiple=True, destination=forward, label="Files for the service")

pn.template.BootstrapTemplate(
    title="Forward",
    main=[
        pn.Column(
            INTRODUCTION,
            upload,
            pn.pane.DataFrame(pn.bind(listing, upload.param.files), index=False),
        )
    ],
    main_max_width="1000px",
).servable()
