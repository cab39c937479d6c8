"""Panes that show what a file has, and run nothing of it in the page."""

import json
import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
from markdown_it import MarkdownIt
from panel.layout import Column
from panel.pane import HTML, JSON, PDF
from panel.viewable import Layoutable, Viewable
from panel.widgets import Tabulator

from .files import UploadedFile
from .kinds import HEAD_SIZE, Kind, kind_of, media_type
from .limits import format_size, parse_size
from .objects import TEXTS, decode
from .reading import Part, Table, TooLargeError
from .tables import TABLES, read_table

log = logging.getLogger(__name__)

#: Most columns of a table that are shown.
MAX_COLUMNS = 200

#: Most characters of a cell that are shown.
MAX_CELL = 1000

#: Most bytes of a text that are shown, and most of a JSON document that is shown as a tree.
TEXT_LIMIT = 200_000

#: Most levels of a JSON document that is shown as a tree; Panel would not get to the end of more.
MAX_DEPTH = 50

_MEDIA = {
    "audio": '<audio src="{}" controls style="width: 300px; max-width: 100%"></audio>',
    "image": '<img src="{}" alt="{}" style="max-width: 100%; max-height: 100%">',
    "video": '<video src="{}" controls style="max-width: 100%; max-height: 100%"></video>',
}
_CALLED: dict[Kind, str] = {"audio": "sound", "image": "an image", "svg": "an SVG image"}
_TEXT_STYLES = {"max-height": "400px", "overflow": "auto"}
#: NumPy's kinds of values that the page gets as they are; others, it gets as text.
_PLAIN = "biufM"


@dataclass
class _Content:
    """A pane yet to be made, with what is said below it."""

    pane: Callable[..., Viewable]
    object: Any
    params: dict[str, Any] = field(default_factory=dict)
    note: str = ""


def view_file(
    file: UploadedFile, *, limit: int | str | None = "20 MB", rows: int = 1000, **params: Any
) -> Viewable:
    """Show a file: image, sound, video, PDF, table, JSON, Markdown or text.

    A browser may send what it wants to as a file of any kind, so nothing of it is run in the page:
    HTML is shown as its source, SVG as an image, and in Markdown, HTML and images are not
    rendered. What is broken, too large or gone gives a pane that says so.

    Parameters
    ----------
    file
        One of `files`. It is read at once, so a coroutine calls this in a thread.
    limit
        Most bytes that are read, and of images, sound, video and PDF files sent to the page: more
        is not shown. Of CSV files and text, the beginning is shown. None for no limit.
    rows
        Most rows of a table.
    params
        Of the pane, such as its `width`.

    Raises
    ------
    ValueError
        If `limit` is no size.
    """
    most = parse_size(limit)
    try:
        content = _read(file, most, rows)
    except (ImportError, TooLargeError) as error:
        content = _message(str(error))
    except FileNotFoundError:
        content = _message(f"{file.name} is not stored any more, or never was.")
    except Exception as error:
        log.warning("Upload %s of %r cannot be shown: %s", file.id, file.name, error)
        content = _message(
            f"{file.name} cannot be shown. It is damaged, or not what its name says."
        )
    return _make(content, params)


def _make(content: _Content, params: dict[str, Any]) -> Viewable:
    if content.pane is HTML:  # which a message is, too, whatever the pane would have been
        params = {name: value for name, value in params.items() if name in Layoutable.param}
    defaults = dict(content.params)
    if "width" in params:
        defaults.pop("sizing_mode", None)  # which would stretch it
    pane = content.pane(content.object, **{**defaults, **params})
    if not content.note:
        return pane
    note = _message(content.note)
    return Column(pane, HTML(note.object), sizing_mode=pane.sizing_mode)


def _message(text: str) -> _Content:
    return _Content(HTML, f'<p role="note"><em>{escape(text)}</em></p>')


def _read(file: UploadedFile, limit: int | None, rows: int) -> _Content:
    kind = kind_of(file.name, file.mime_type)
    if file.path.stat().st_size == 0:
        return _message(f"{file.name} is empty.")
    if kind in TABLES:
        return _table(file, kind, limit, rows)
    if kind in (*TEXTS, "json") and kind != "svg":
        return _text(file, kind)
    with file.open() as opened:
        head = opened.read(8192)
    found = media_type(head[:HEAD_SIZE], kind)
    if kind == "svg" and "<svg" in decode(head, "replace"):
        found = "image/svg+xml"
    if found is not None:
        return _media(file, "image" if kind == "svg" else kind, found, limit)
    if kind == "other":
        return _text(file, kind) if _is_text(head) else _unknown(file)
    called = _CALLED.get(kind, f"a {kind if kind == 'video' else 'PDF file'}")
    return _message(f"{file.name} is not {called} that browsers show.")


def _unknown(file: UploadedFile) -> _Content:
    return _message(f"{file.name}, {format_size(file.size)}, is of no kind that can be shown.")


def _is_text(head: bytes) -> bool:
    try:
        return "\0" not in decode(head, is_cut=True)
    except UnicodeDecodeError:
        return False


def _media(file: UploadedFile, kind: Kind, found: str, limit: int | None) -> _Content:
    if limit is not None and file.size > limit:
        most = format_size(limit)
        return _message(f"{file.name} has {format_size(file.size)}; at most {most} are shown.")
    data = file.read()
    if kind == "pdf" and b"%%EOF" not in data[-1024:]:  # browsers would say so, and take the focus
        raise ValueError("It has no end.")
    if kind == "pdf":
        return _Content(PDF, data, {"embed": True, "sizing_mode": "stretch_width", "height": 600})
    source = f"data:{found};base64,{b64encode(data).decode()}"
    html = _MEDIA[kind].format(source, escape(file.name))
    return _Content(HTML, html, {"sizing_mode": "stretch_width"})


def _table(file: UploadedFile, kind: Kind, limit: int | None, rows: int) -> _Content:
    part = Part(limit, rows + 1, MAX_COLUMNS, is_loose=True)
    found = read_table(file, kind, part)
    table = found.frame
    if type(table.index).__name__ != "RangeIndex":  # cells for which there is no name
        table = table.reset_index(allow_duplicates=True)
    shown = table.iloc[:rows, :MAX_COLUMNS].reset_index(drop=True)
    # Tabulator takes titles for HTML, and names must differ.
    titles = {f"column{i}": escape(str(name)) for i, name in enumerate(shown.columns)}
    shown.columns = list(titles)
    for name in shown.columns:
        shown[name] = _cells(shown[name])
    height = min(400, 60 + 32 * len(shown))
    options = {"titles": titles, "show_index": False, "disabled": True, "height": height}
    return _Content(
        Tabulator,
        shown,
        {**options, "sizing_mode": "stretch_width"},
        " ".join(_notes(found, len(shown), max(found.columns, table.shape[1]))),
    )


def _notes(table: Table, shown: int, columns: int) -> Iterator[str]:
    if table.is_cut or len(table.frame) > shown:
        yield "The first row is shown." if shown == 1 else f"The first {shown:,} rows are shown."
    if columns > MAX_COLUMNS:
        yield f"{MAX_COLUMNS} of {columns:,} columns are shown."


def _cells(column: Any) -> Any:
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in _PLAIN:
        return column
    texts = column.astype(object).map(str).astype(object)
    return texts.str.slice(0, MAX_CELL).astype(object).where(column.notna(), "")


def _text(file: UploadedFile, kind: Kind) -> _Content:
    is_cut = file.size > TEXT_LIMIT
    with file.open() as opened:
        text = decode(opened.read(TEXT_LIMIT), "replace", is_cut=is_cut)
    note = f"The first {format_size(TEXT_LIMIT)} are shown." if is_cut else ""
    params = {"styles": _TEXT_STYLES, "sizing_mode": "stretch_width"}
    if kind == "json" and not is_cut:
        value = json.loads(text)
        if _is_tree(value):
            return _Content(JSON, value, params)
    if kind == "markdown":
        # Images would be loaded from elsewhere.
        parser = MarkdownIt("gfm-like", {"html": False}).disable("image")
        return _Content(HTML, parser.render(text), params, note)
    return _Content(HTML, f"<pre>{escape(text)}</pre>", params, note)


def _is_tree(value: Any) -> bool:
    """Tell what Panel's pane shows: of other values, it makes HTML or an empty object."""
    if not value or _is_deeper(value, MAX_DEPTH):
        return False
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(part, levels - 1) for part in parts)
