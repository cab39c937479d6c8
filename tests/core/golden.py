"""The golden messages that both halves of the project read."""

import base64
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "golden"


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"), object_hook=_bytes)


def messages(name: str, verdict: str) -> dict[str, Any]:
    """Give messages by their name, or by the reason why they are invalid."""
    return {case.get("name") or case["reason"]: case["message"] for case in load(name)[verdict]}


def _bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["$base64"]) if value.keys() == {"$base64"} else value
