"""What a server says of an upload, in JSON lines on standard output."""

import hashlib
import json
from pathlib import Path
from typing import TextIO

#: Where it is said instead, as in a kernel.
output: TextIO | None = None


def say(**facts: object) -> None:
    print(json.dumps(facts), flush=True, file=output)


def say_arrived(file: Path | bytes | memoryview, **facts: object) -> None:
    """Say at once that a file is here, and its checksum as soon as it is known."""
    if isinstance(file, Path):
        say(arrived=file.stat().st_size, **facts)
        with file.open("rb") as opened:
            checksum = hashlib.file_digest(opened, "sha256").hexdigest()
    else:
        say(arrived=len(file), **facts)
        checksum = hashlib.sha256(file).hexdigest()
    say(checksum=f"sha256:{checksum}")
