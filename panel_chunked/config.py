"""What holds for all uploads of a process."""

from os import PathLike
from typing import Any

import param

from .credit import MEMORY_LIMIT, pool
from .languages import TAG, check_texts
from .limits import parse_size

#: Bytes in a message that Jupyter Server takes; beyond that it closes the socket with code 1009
#: (``ServerApp.tornado_settings``, ``websocket_max_message_size`` of Tornado).
JUPYTER_MESSAGE_LIMIT = 10 * 1000**2


class Size(param.Parameter):
    """A number of bytes: an int, or a string such as ``"5 GB"`` or ``"200 MiB"``."""

    def _validate(self, val: Any) -> None:
        super()._validate(val)
        if val is None and not self.allow_None:
            raise ValueError(f"{self.name} must be a size, not None.")
        parse_size(val)


class Destination(param.Parameter):
    """None, the path of a directory, a function, or a store."""

    def _validate(self, val: Any) -> None:
        super()._validate(val)
        is_store = callable(val) or callable(getattr(val, "create", None))
        if val is not None and not isinstance(val, (str, PathLike)) and not is_store:
            raise ValueError(
                f"destination must be None, a directory, a function or a store, not {val!r}."
            )


class Language(param.String):
    """None, ``"browser"``, or a language tag as in HTML."""

    def _validate(self, val: Any) -> None:
        super()._validate(val)
        if val not in (None, "browser") and not TAG.fullmatch(val):
            raise ValueError(
                f"language must be None, 'browser' or a tag such as 'de' or 'pt-BR', not {val!r}."
            )


class Texts(param.Dict):
    """Texts by their keys, see `panel_chunked.languages`."""

    def _validate(self, val: Any) -> None:
        super()._validate(val)
        check_texts(val or {})


class Config(param.Parameterized):
    """Settings of this process: ``panel_chunked.config.memory_limit = "1 GB"``."""

    jupyter_message_limit = Size(
        default=JUPYTER_MESSAGE_LIMIT,
        allow_None=False,
        doc="""
        Most bytes that a message from a notebook page may have; 10 MB by default, as Jupyter Server
        has it. Set it before the widget is shown if a hub or a proxy in front takes less.""",
    )

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

    @property
    def comm_in_flight(self) -> int:
        """Bytes of files on their way in a notebook; by Panel's comm they come in one message."""
        limit = parse_size(self.jupyter_message_limit) or 0
        return max(1, limit * 17 // 20)


config = Config(name="panel_chunked.config")
