"""Keeps the script of an app as long as a function of it uses an upload.

When a session ends, Bokeh and Panel empty the module that its script has run in. A function that
waits for its page would find none of the names that it uses: no import, and no other function.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from weakref import WeakKeyDictionary

from bokeh.document import Document

_lock = threading.Lock()
_runs: WeakKeyDictionary[Document, int] = WeakKeyDictionary()
_kept: WeakKeyDictionary[Document, list[ModuleType]] = WeakKeyDictionary()


@contextmanager
def kept(doc: Document) -> Iterator[None]:
    """Keep the modules of a document in this context, whatever becomes of its session."""
    with _lock:
        _runs[doc] = _runs.get(doc, 0) + 1
        # Of what is not there, nothing is emptied.
        _kept[doc] = [*_kept.get(doc, []), *doc.modules._modules]
        doc.modules._modules = []
    try:
        yield
    finally:
        with _lock:
            _runs[doc] -= 1
            if _runs[doc] == 0:
                del _runs[doc]
                _give_back(doc, _kept.pop(doc))


def _give_back(doc: Document, modules: list[ModuleType]) -> None:
    doc.modules._modules = [*modules, *doc.modules._modules]
    if doc.session_context is not None:
        return
    doc.modules._modules = []
    for module in modules:  # the session has ended, perhaps just now
        sys.modules.pop(module.__name__, None)
        module.__dict__.clear()
