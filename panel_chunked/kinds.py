"""What kind of content a file has: by its name, by what the browser says, by its first bytes."""

import mimetypes
from pathlib import PurePath
from typing import Final, Literal

Kind = Literal[
    "audio",
    "csv",
    "excel",
    "html",
    "image",
    "json",
    "markdown",
    "other",
    "pdf",
    "svg",
    "text",
    "tsv",
    "video",
]

#: Bytes from the beginning of a file that `media_type` looks at.
HEAD_SIZE: Final = 64

_SUFFIXES: dict[str, Kind] = {
    ".csv": "csv",
    ".htm": "html",
    ".html": "html",
    ".json": "json",
    ".markdown": "markdown",
    ".md": "markdown",
    ".pdf": "pdf",
    ".svg": "svg",
    ".tsv": "tsv",
    ".xhtml": "html",
    ".xlsm": "excel",
    ".xlsx": "excel",
}

_MIME_TYPES: dict[str, Kind] = {
    "application/json": "json",
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "excel",
    "application/xhtml+xml": "html",
    "image/svg+xml": "svg",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "markdown",
    "text/tab-separated-values": "tsv",
    "text/x-markdown": "markdown",
}

_MAIN_TYPES: dict[str, Kind] = {
    "audio": "audio",
    "image": "image",
    "text": "text",
    "video": "video",
}

#: Containers that hold sound alone or a video, which the name does not tell.
_EITHER = {".mp4", ".ogg", ".webm"}

#: First bytes of what browsers show or play.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
)


def kind_of(name: str, mime_type: str) -> Kind:
    """Give the kind of a file that `name` and `mime_type` promise; its content may be another.

    The name counts first: on Windows, browsers say of a CSV file that it is an Excel workbook, and
    of many others nothing.
    """
    suffix = PurePath(name.lower()).suffix
    said = mime_type.partition(";")[0].strip().lower()
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    guessed = mimetypes.guess_type(f"a{suffix}")[0] or ""
    for it in (said, guessed) if suffix in _EITHER else (guessed, said):
        kind = _MIME_TYPES.get(it) or _MAIN_TYPES.get(it.partition("/")[0])
        if kind is not None:
            return kind
    return "other"


def media_type(head: bytes, kind: Kind) -> str | None:
    """Give the MIME type of an image, a PDF file, sound or video, by its first bytes.

    Parameters
    ----------
    head
        The first `HEAD_SIZE` bytes.
    kind
        What the file is taken for.

    Returns
    -------
    None if it is nothing that browsers show or play, or not of this kind.
    """
    if kind == "pdf":
        return _by_signature(head, "application/")
    if kind in ("image", "audio", "video"):
        return _by_signature(head, f"{kind}/") or _in_container(head, kind) or _frames(head, kind)
    return None


def _by_signature(head: bytes, begins_with: str) -> str | None:
    types = (it for signature, it in _SIGNATURES if head.startswith(signature))
    return next((it for it in types if it.startswith(begins_with)), None)


def _in_container(head: bytes, kind: Kind) -> str | None:
    """Tell RIFF, ISO (MP4), Ogg and Matroska apart, which hold more than one kind."""
    inner = head[8:12]
    if head.startswith(b"RIFF"):
        return {("image", b"WEBP"): "image/webp", ("audio", b"WAVE"): "audio/wav"}.get(
            (kind, inner)
        )
    if head[4:8] == b"ftyp":
        is_image = inner in (b"avif", b"avis")
        return (
            ("image/avif" if is_image else f"{kind}/mp4") if is_image == (kind == "image") else None
        )
    if kind == "image":
        return None
    if head.startswith(b"OggS"):
        return f"{kind}/ogg"
    return f"{kind}/webm" if head.startswith(b"\x1a\x45\xdf\xa3") else None


def _frames(head: bytes, kind: Kind) -> str | None:
    """Tell MP3 and AAC, which may begin with a frame at once."""
    if kind != "audio" or len(head) < 2 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    return "audio/mpeg" if head[1] & 0x06 else "audio/aac"
