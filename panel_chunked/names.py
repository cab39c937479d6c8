"""File names from the browser, made safe for any file system; names are labels, never keys."""

import re
import unicodedata

#: Bytes of UTF-8; file systems allow 255, and " (12)" or a suffix must still fit.
MAX_NAME_BYTES = 200

#: Components of a relative path.
MAX_DEPTH = 32

_JOINERS = "\u200c\u200d"
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')  # Windows; "/" is the separator everywhere
_WINDOWS_DEVICES = re.compile(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\.|$)", re.I
)


def safe_name(name: str) -> str:
    """Make one path component of `name` that is visible and valid on Linux, macOS and Windows.

    Control, bidirectional and other invisible characters are dropped, but for the joiners that
    emoji and Persian are written with; separators and what Windows forbids become ``_``, as does
    what would hide the file (a leading dot).
    """
    visible = "".join(map(_visible, name))
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", visible)).lstrip().rstrip(". ")
    if not name.strip(_JOINERS):
        return "file"
    if name.startswith(".") or _WINDOWS_DEVICES.match(name):
        name = "_" + name
    return _shorten(name)


def _visible(char: str) -> str:
    if char in _JOINERS:
        return char
    category = unicodedata.category(char)
    if category == "Zs":
        return " "  # no-break and other spaces, which look the same and sort apart
    return "" if category[0] in "CZ" else char


def safe_relative_path(path: str) -> str:
    """Make each component of a ``/``-separated path safe; ``.``, ``..`` and empty ones vanish.

    Of a path that is deeper than `MAX_DEPTH`, the outer folders are kept.
    """
    parts = [part for part in path.split("/") if part.strip() not in ("", ".", "..")]
    kept = [*parts[:-1][: MAX_DEPTH - 1], *parts[-1:]]
    return "/".join(map(safe_name, kept)) or "file"


def numbered(name: str, number: int) -> str:
    """Give ``report (1).csv`` for ``report.csv`` and 1."""
    stem, suffix = _split_suffix(name)
    return f"{stem} ({number}){suffix}"


def _split_suffix(name: str) -> tuple[str, str]:
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if stem and len(suffix.encode()) <= 16 else (name, "")


def _shorten(name: str) -> str:
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    stem, suffix = _split_suffix(name)
    room = MAX_NAME_BYTES - len(suffix.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + suffix
