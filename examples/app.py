"""A tour of ChunkedFileInput: `panel serve examples/app.py`, or `make demo`."""

import asyncio
import html
from base64 import b64encode
from contextlib import suppress

import pandas as pd
import panel as pn

from panel_chunked import ChunkedFileInput, Upload, UploadedFile

pn.extension("tabulator", sizing_mode="stretch_width")

# A preview travels to the page in one message, so a large file is told of instead of shown.
PREVIEW_LIMIT = 20_000_000
PLAYERS = {
    "image": '<img src="{}" style="width: 100%; max-height: 260px; object-fit: contain">',
    "audio": '<audio src="{}" controls style="width: 100%"></audio>',
    "video": '<video src="{}" controls style="width: 100%; max-height: 260px"></video>',
}

# A bar in the colour of the widget, without Panel's margin below.
PROGRESS_STYLE = """
:host { --primary-bg-color: var(--panel-primary-color); }
progress { margin: 0; }
"""


# --- Several files at once, of any size ---

upload = ChunkedFileInput(multiple=True, layout="dropzone", max_file_size="50 GB")


def status(uploads: list[Upload]) -> str:
    active = [u for u in uploads if u.state in ("queued", "running", "paused")]
    if not active:
        return "Nothing is on its way."
    if all(u.state == "paused" for u in active):
        return "Paused."
    stored, size = sum(u.stored for u in active), sum(u.size for u in active)
    rate = sum(u.rate or 0 for u in active)
    files = "1 file is" if len(active) == 1 else f"{len(active)} files are"
    return (
        f"{files} on the way: {stored / 1e6:,.0f} of {size / 1e6:,.0f} MB, {rate / 1e6:,.0f} MB/s"
    )


uploading = pn.Column(
    "## Files of any size",
    upload,
    pn.indicators.Progress(
        value=upload.param.progress, bar_color="primary", stylesheets=[PROGRESS_STYLE]
    ),
    pn.pane.Markdown(pn.bind(status, upload.param.uploads)),
)


# --- What arrived, each file on a card ---


async def preview(file: UploadedFile) -> pn.viewable.Viewable:
    """Play or show what can be; of anything else, give the checksum."""
    kind = file.mime_type.split("/")[0]
    if file.name.lower().endswith(".csv"):
        with suppress(ValueError):  # it says that it is a table, but it is none
            table = await asyncio.to_thread(pd.read_csv, file.path, nrows=1000)
            return pn.widgets.Tabulator(
                table, height=260, show_index=False, disabled=True, theme_classes=["table-sm"]
            )
    if kind in PLAYERS and file.size <= PREVIEW_LIMIT:
        data = b64encode(await asyncio.to_thread(file.read)).decode()
        source = html.escape(f"data:{file.mime_type};base64,{data}")
        return pn.pane.HTML(PLAYERS[kind].format(source))
    checksum = await asyncio.to_thread(lambda: file.checksum)  # reads the whole file
    remark = f"Not shown, since it is over {PREVIEW_LIMIT:,} bytes. " if kind in PLAYERS else ""
    return pn.pane.Markdown(f"{remark}Checksum: `{checksum}`")


def card(file: UploadedFile) -> pn.WidgetBox:
    facts = f"<b>{html.escape(file.name)}</b><br>{file.size:,} bytes, {html.escape(file.mime_type)}"
    return pn.WidgetBox(pn.pane.HTML(facts), pn.bind(preview, file), styles={"flex": "1 1 360px"})


cards: dict[UploadedFile, pn.WidgetBox] = {}
nothing = pn.pane.Markdown("Nothing yet.", margin=0)
gallery = pn.FlexBox(nothing, align_items="start", gap="10px", margin=(0, 10, 20, 10))
arrived = pn.Column("## What arrived", gallery)


@pn.depends(upload.param.files, watch=True)
def show_arrived(files: list[UploadedFile]) -> None:
    for gone in cards.keys() - set(files):
        del cards[gone]
    for file in files:
        if file not in cards:  # the others stay, or a video would start again
            cards[file] = card(file)
    gallery[:] = list(cards.values()) or [nothing]


# --- Where FileInput stood ---

single = ChunkedFileInput(
    accept=".csv,.txt,.md", label="A text file, up to 5 MB", max_file_size="5 MB"
)


def count(value: bytes | None, filename: str | None) -> str:
    if value is None:
        return "Its lines are counted here."
    return f"**{filename}** has {len(value.splitlines()):,} lines."


drop_in = pn.Column(
    "## In place of FileInput",
    single,
    pn.pane.Markdown(pn.bind(count, single, single.param.filename)),
)

pn.template.BootstrapTemplate(
    title="ChunkedFileInput", main=[uploading, arrived, drop_in], main_max_width="1000px"
).servable()
