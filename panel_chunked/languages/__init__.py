"""Every text that the page shows: a file for each language, all with the keys of ``en.json``.

Others than English have those for errors of the server besides, which says them in English itself.

A text has values in braces, such as ``"Remove {name}"``. One that speaks of a number has a form for
each plural category of its language, see the Unicode CLDR's plural rules. English is part of the
browser bundle; the page asks for the others, see `panel_chunked.protocol.Language`.
"""

import difflib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from ..errors import ErrorCode

#: Texts by their keys; of one that has forms, each by its plural category.
Texts = Mapping[str, str | Mapping[str, str]]

#: Plural categories of the Unicode CLDR, of which a language has some.
CATEGORIES = ("zero", "one", "two", "few", "many", "other")

#: As in HTML, see BCP 47.
TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,5}")

#: Parts of a Chinese tag that call for traditional characters, which are not among the texts.
_TRADITIONAL = {"hant", "tw", "hk", "mo"}

_SETS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in Path(__file__).parent.glob("*.json")
}

#: With what the server says of an error, for those who say it in other words.
ENGLISH: Texts = _SETS["en"] | {f"server_{code}": "{message}" for code in get_args(ErrorCode)}


def texts_in(tag: str) -> Texts | None:
    """Give all texts in the language that a tag such as ``"de-AT"`` names, if there are any."""
    language, *more = tag.lower().split("-")
    if language == "zh" and not _TRADITIONAL.isdisjoint(more):
        return None
    return _SETS.get(language)


def check_texts(texts: Mapping[str, Any]) -> None:
    """Refuse texts that the page could not show.

    Raises
    ------
    ValueError
        If there is no such text, or it has no such value; the message names what there is.
    """
    for key, text in texts.items():
        if key not in ENGLISH:
            raise ValueError(f"texts has no {key!r}.{_similar(key)}")
        forms = text if isinstance(text, Mapping) else {"other": text}
        if "other" not in forms or not set(forms) <= set(CATEGORIES):
            raise ValueError(f"texts[{key!r}] has forms other than {', '.join(CATEGORIES)}.")
        for form in forms.values():
            _check_text(key, form)
        if key == "direction" and text not in ("ltr", "rtl"):
            raise ValueError(f"texts['direction'] is 'ltr' or 'rtl', not {text!r}.")


def _check_text(key: str, text: Any) -> None:
    if not isinstance(text, str) or not text:
        raise ValueError(f"texts[{key!r}] must be a text, or have one for each form.")
    known = values_of(ENGLISH[key])
    if unknown := values_of(text) - known:
        has = ", ".join(f"{{{value}}}" for value in sorted(known)) or "none"
        raise ValueError(f"texts[{key!r}] has no value {{{min(unknown)}}}; it has {has}.")


def values_of(text: str | Mapping[str, str]) -> set[str]:
    """Give the names in the braces of a text."""
    forms = [text] if isinstance(text, str) else text.values()
    return {name for form in forms for name in re.findall(r"\{(\w+)\}", form)}


def _similar(key: str) -> str:
    similar = difflib.get_close_matches(str(key), ENGLISH, n=3)
    return f" Did you mean {' or '.join(map(repr, similar))}?" if similar else ""
