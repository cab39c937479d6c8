"""A CSV file becomes a Parquet file while it is uploaded, however large, in little memory.

Needs Apache Arrow: `pip install pyarrow`. The server hands out what is in the folder `parquet`:

    mkdir parquet
    panel serve examples/csv_to_parquet.py --static-dirs parquet=parquet
"""

import html
import os
import secrets
import time
from pathlib import Path

import panel as pn
import pyarrow as pa
from pyarrow import csv, parquet

from panel_chunked import ChunkedFileInput, Refused, UploadedFile, UploadReader

pn.extension(sizing_mode="stretch_width")

FOLDER = Path(os.environ.get("PARQUET_FOLDER", "parquet"))
#: Seconds for which a Parquet file is kept.
KEPT = 24 * 3600
#: Bytes of the table that are written together. Parquet is slow to read in many small groups.
GROUP = 32 * 1024**2

INTRODUCTION = """
## A table of any size
Choose a CSV file, however large. It is converted while it is uploaded, and the result is there as
soon as all of it has arrived. The kind of each column is taken from the first megabyte.
"""


def convert(stream: UploadReader) -> Path:
    """Convert a CSV file as it arrives, in a thread of its own: Arrow waits for its bytes."""
    forget_old_ones()
    rows.value = 0
    target = FOLDER / f"{secrets.token_urlsafe(16)}.parquet"  # a name that nobody guesses
    try:
        write(stream, target)
    except BaseException as error:
        target.unlink(missing_ok=True)
        rows.value = 0
        if isinstance(error, pa.ArrowInvalid):
            raise Refused(f"This table cannot be converted. {error}") from None
        raise
    return target


def write(stream: UploadReader, target: Path) -> None:
    count, group = 0, []
    with (
        csv.open_csv(stream) as table,
        parquet.ParquetWriter(target, table.schema, compression="zstd") as writer,
    ):
        for batch in table:
            group.append(batch)
            if sum(it.nbytes for it in group) >= GROUP:
                writer.write_table(pa.Table.from_batches(group))
                group.clear()
            count += batch.num_rows
            rows.value = count
        writer.write_table(pa.Table.from_batches(group, table.schema))


def forget_old_ones() -> None:
    for path in FOLDER.glob("*.parquet"):
        if path.stat().st_mtime < time.time() - KEPT:
            path.unlink(missing_ok=True)


def link(files: list[UploadedFile]) -> str:
    if not files:
        return "The Parquet file will be here."
    (file,) = files
    count = parquet.read_metadata(file.result).num_rows
    name = html.escape(Path(file.name).with_suffix(".parquet").name)
    size = file.result.stat().st_size
    return (
        f'Download <a href="parquet/{file.result.name}" download="{name}">{name}</a>, '
        f"{count:,} rows, {size / 1e6:,.1f} MB instead of {file.size / 1e6:,.1f} MB"
    )


upload = ChunkedFileInput(accept=".csv", destination=convert, label="A CSV file")
rows = pn.indicators.Number(name="Rows converted", value=0, format="{value:,}", font_size="36pt")

pn.template.BootstrapTemplate(
    title="CSV to Parquet",
    main=[pn.Column(INTRODUCTION, upload, rows, pn.pane.HTML(pn.bind(link, upload.param.files)))],
    main_max_width="1000px",
).servable()
