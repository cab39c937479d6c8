"""What may be uploaded: kinds, sizes and numbers of files."""

import mimetypes
import re
from dataclasses import dataclass

from .errors import UploadError

_UNITS = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgtp", start=1):
    _UNITS |= {_letter: 1000**_power, f"{_letter}b": 1000**_power, f"{_letter}ib": 1024**_power}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.I)


def parse_size(size: object) -> int | None:
    """Give bytes for ``5_000_000``, ``"5 MB"`` (10⁶) or ``"5 MiB"`` (2²⁰); None stays None.

    Raises
    ------
    ValueError
        If it is none of these, or negative.
    """
    if size is None:
        return None
    if isinstance(size, str):
        match = _SIZE.fullmatch(size)
        unit = _UNITS.get(match[2].lower()) if match else None
        if match is not None and unit is not None:
            return int(float(match[1]) * unit) if "." in match[1] else int(match[1]) * unit
    elif isinstance(size, int) and not isinstance(size, bool) and size >= 0:
        return size
    raise ValueError(f"{size!r} is not a size; write it like '5 GB', '200 MiB' or 5000000.")


def format_size(size: int) -> str:
    """Give ``"5 GB"`` for 5 * 10⁹, with up to one decimal."""
    value, units = float(size), ["bytes", "kB", "MB", "GB", "TB", "PB"]
    while round(value, 1) >= 1000 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.1f}".removesuffix(".0") + f" {'byte' if size == 1 else units[0]}"


def parse_accept(accept: str | list[str] | None) -> tuple[str, ...]:
    """Give the kinds in `accept`, lower case: ``.ext``, ``type/subtype`` or ``type/*``.

    Parameters
    ----------
    accept
        A comma-separated string, as HTML and ``FileInput`` have it, or a list, as
        ``FileDropper`` has it. A bare ``csv`` is read as ``.csv``.
    """
    tokens = accept.split(",") if isinstance(accept, str) else (accept or [])
    kinds = [token.strip().lower() for token in tokens]
    kinds = [kind for kind in kinds if kind not in ("", "*")]
    return tuple(kind if kind[0] == "." or "/" in kind else f".{kind}" for kind in kinds)


@dataclass(frozen=True)
class Limits:
    """What one widget takes. Sizes are in bytes; None is no limit."""

    accept: tuple[str, ...] = ()
    max_file_size: int | None = None
    max_total_size: int | None = None
    max_files: int | None = None

    def check_file(self, name: str, mime_type: str, size: int) -> None:
        """Raise `UploadError` if this file may not be uploaded, whatever else is there."""
        if not self.accepts(name, mime_type):
            raise UploadError(
                "not_accepted",
                f"This kind of file is not accepted. Accepted: {', '.join(self.accept)}.",
            )
        if self.max_file_size is not None and size > self.max_file_size:
            raise UploadError(
                "file_too_large",
                f"The file has {format_size(size)}; "
                f"at most {format_size(self.max_file_size)} are allowed.",
            )

    def check_total(self, files: int, total_size: int) -> None:
        """Raise `UploadError` if there may not be `files` files with `total_size` bytes."""
        if self.max_files is not None and files > self.max_files:
            noun = "file is" if self.max_files == 1 else "files are"
            raise UploadError("too_many_files", f"At most {self.max_files} {noun} allowed.")
        if self.max_total_size is not None and total_size > self.max_total_size:
            raise UploadError(
                "total_too_large",
                f"All files together may have {format_size(self.max_total_size)}; "
                f"with this one they would have {format_size(total_size)}.",
            )

    def accepts(self, name: str, mime_type: str) -> bool:
        """Tell whether the file's name or MIME type is among the accepted kinds."""
        if not self.accept or "*/*" in self.accept:
            return True
        name = name.lower()
        mime_type = (mime_type or mimetypes.guess_type(name)[0] or "").split(";")[0].strip().lower()
        return any(
            name.endswith(kind)
            if kind.startswith(".")
            else mime_type.startswith(kind[:-1])
            if kind.endswith("/*")
            else mime_type == kind
            for kind in self.accept
        )
