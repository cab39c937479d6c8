"""What a widget allows."""

from dataclasses import dataclass

from .limits import Limits
from .stores import Store


@dataclass(frozen=True)
class Settings:
    """What the widget allows at this moment."""

    limits: Limits
    store: Store
    multiple: bool = False
    disabled: bool = False
