"""What may be uploaded: kinds, sizes and numbers of files."""

import mimetypes
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from .errors import UploadError

_UNITS = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgtp", start=1):
    _UNITS |= {_letter: 1000**_power, f"{_letter}b": 1000**_power, f"{_letter}ib": 1024**_power}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.I)
_SHOWN = {
    1000: ("bytes", "kB", "MB", "GB", "TB", "PB"),
    1024: ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB"),
}
_WILDCARDS = {
    "image/*": "images",
    "video/*": "videos",
    "audio/*": "audio",
    "text/*": "text files",
}


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


def format_size(size: int, base: int = 1000, decimals: int = 1) -> str:
    """Give ``"5 GB"`` for 5 * 10⁹, or ``"5 GiB"`` for 5 * 2³⁰ with the base 1024."""
    unit, name = _unit_of(size, base, decimals)
    value = _round(size, unit, decimals).normalize()
    return f"{value:,f} {'byte' if size == 1 else name}"


def _unit_of(size: int, base: int, decimals: int) -> tuple[int, str]:
    units: list[tuple[int, str]] = [(base**power, it) for power, it in enumerate(_SHOWN[base])]
    return next((it for it in units if _round(size, it[0], decimals) < base), units[-1])


def _round(size: int, unit: int, decimals: int) -> Decimal:
    # Halves are rounded up, as the browser does it.
    return (Decimal(size) / unit).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def _format_apart(size: int, limit: int) -> tuple[str, str]:
    """Give both with as many digits as tell them apart, and ``"5 MiB"`` as ``"5 MiB"``."""
    base = 1024 if not _is_round(limit, 1000) and _is_round(limit, 1024) else 1000
    for decimals in (1, 2, 3):
        shown = format_size(size, base, decimals), format_size(limit, base, decimals)
        if shown[0] != shown[1]:
            return shown
    return f"{size:,} bytes", f"{limit:,} bytes"


def _is_round(limit: int, base: int) -> bool:
    """Tell whether one decimal says it all."""
    unit, _ = _unit_of(limit, base, 1)
    return 10 * limit % unit == 0


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

    # The texts are the same in the browser, see failureText in ts/src/view/texts.ts.

    def check_file(self, name: str, mime_type: str, size: int | None) -> None:
        """Raise `UploadError` if this file may not be uploaded, whatever else is there.

        A `size` of None is not known yet, see `check_size`.
        """
        if not self.accepts(name, mime_type):
            raise UploadError(
                "not_accepted",
                f"This kind of file is not accepted. Accepted: {_kinds(self.accept)}.",
            )
        self.check_size(size or 0)

    def check_size(self, size: int) -> None:
        """Raise `UploadError` if no file may have `size` bytes."""
        if self.max_file_size is not None and size > self.max_file_size:
            has, limit = _format_apart(size, self.max_file_size)
            raise UploadError("file_too_large", f"The file has {has}; at most {limit} is allowed.")

    def check_total(self, files: int, total_size: int) -> None:
        """Raise `UploadError` if there may not be `files` files with `total_size` bytes."""
        if self.max_files is not None and files > self.max_files:
            raise UploadError(
                "too_many_files",
                "Only one file can be uploaded here."
                if self.max_files == 1
                else f"At most {self.max_files} files are allowed.",
            )
        if self.max_total_size is not None and total_size > self.max_total_size:
            total, limit = _format_apart(total_size, self.max_total_size)
            if files == 1:
                raise UploadError(
                    "file_too_large", f"The file has {total}; at most {limit} is allowed."
                )
            raise UploadError(
                "total_too_large",
                f"All files together would have {total}; at most {limit} is allowed.",
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


def _kinds(accept: tuple[str, ...]) -> str:
    return ", ".join(_WILDCARDS.get(kind, kind) for kind in accept)
