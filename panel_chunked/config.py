"""What holds for all uploads of a process."""

from typing import Any

import param

from .credit import MEMORY_LIMIT, pool
from .limits import parse_size


class Size(param.Parameter):
    """A number of bytes: an int, or a string such as ``"5 GB"`` or ``"200 MiB"``."""

    def _validate(self, val: Any) -> None:
        super()._validate(val)
        parse_size(val)


class Config(param.Parameterized):
    """Settings of this process: ``panel_chunked.config.memory_limit = "1 GB"``."""

    memory_limit = Size(
        default=MEMORY_LIMIT,
        allow_None=False,
        doc="""
        Most bytes that chunks may take in memory until they are stored, over all uploads of all
        sessions; 256 MB by default. When there are many, each is granted less.""",
    )

    @param.depends("memory_limit", watch=True)
    def _set_limit(self) -> None:
        pool.limit = parse_size(self.memory_limit) or 0


config = Config(name="panel_chunked.config")
