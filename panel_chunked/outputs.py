"""The widget's outputs: what Python sees of the uploads of all its pages."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from param.parameterized import batch_call_watchers

from .files import UploadedFile
from .limits import format_size, parse_size
from .session import Session
from .turn import Turn

log = logging.getLogger(__name__)

#: A file of the last pick, and its bytes if `value` may hold them.
Picked = tuple[UploadedFile, bytes | None]

#: States of what `uploads` lists; what is complete is in `files`.
LISTED = ("queued", "running", "paused", "failed")


class Outputs:
    """Keeps `files`, `uploads`, `progress`, `value`, `filename` and `mime_type` up to date.

    Panel may run callbacks on several threads. One at a time computes, sets and tells the
    watchers, so that none overwrites newer outputs with older ones: `publish` and
    `publish_progress` are called in `turn`. The watchers of an app may take their time, so nobody
    waits for a turn, least of all the event loop.

    Parameters
    ----------
    widget
        A `panel_chunked.component.UploadComponent`.
    sessions
        Gives the sessions of all pages that show it.
    """

    def __init__(self, widget: Any, sessions: Callable[[], list[Session]]) -> None:
        self._widget = widget
        self._sessions = sessions
        self.turn = Turn()
        self._picked: list[Picked] = []
        self._value: Any = None
        self._cleared = False

    @property
    def picked(self) -> list[UploadedFile]:
        """The files that `value` holds, unless the app has set it to something else."""
        return [file for file, _ in self._picked] if self._widget.value is self._value else []

    def read(self, files: list[UploadedFile]) -> list[Picked]:
        """Read what `value` may hold of `files`."""
        if self._widget.destination is not None:
            return [(file, None) for file in files]
        limit = parse_size(self._widget.value_limit)
        picked: list[Picked] = []
        held = 0
        for file in files:
            value = None
            if limit is None or held + file.size <= limit:
                value = _read(file)
                held += file.size
            elif limit > 0:  # 0 says that only `files` is used
                log.warning(
                    "Upload %s of %r has %s, and value_limit is %s, so its value is None. "
                    "Read it through `files`.",
                    *(file.id, file.name, format_size(file.size), format_size(limit)),
                )
            picked.append((file, value))
        return picked

    def publish(self, picked: list[Picked]) -> None:
        """Bring all outputs up to date, in one update; `picked` is a batch that is over."""
        self.let_go()
        cleared, self._cleared = self._cleared, False
        files = [file for session in self._sessions() for file in session.files]
        held = set(files)
        kept = [entry for entry in picked or self._picked if entry[0] in held]
        changed = picked or cleared or len(kept) < len(self._picked)
        values = self._values(kept) if changed else {}
        self._picked = kept
        self._update(files=files, **self._progress(), **values)

    def publish_progress(self) -> None:
        """Bring `uploads` and `progress` up to date."""
        self._update(**self._progress())

    def clear(self, later: Callable[[], None]) -> None:
        """Empty all outputs.

        If another thread tells the watchers just now, it calls `later` when it has done; what is
        published then is empty.
        """
        self._cleared = True
        self.turn.take(self._clear, later)

    def let_go(self) -> None:
        """Forget the last pick, and its bytes, if the app has set `value` to something else."""
        if self._widget.value is not self._value:
            self._picked, self._value = [], None

    def _clear(self) -> None:
        self._cleared = False
        self._picked = []
        self._update(files=[], uploads=[], progress=0, **self._values([]))

    def _values(self, picked: list[Picked]) -> dict[str, Any]:
        widget = self._widget
        in_folder = getattr(widget, "directory", False)  # a recorder has none
        names = [file.relative_path if in_folder else file.name for file, _ in picked]
        types = [file.mime_type for file, _ in picked]
        values: dict[str, Any] = {
            "value": [value for _, value in picked],
            "filename": names,
            "mime_type": types,
        }
        if not picked:
            values = dict.fromkeys(values)
        elif not widget.takes_many:
            values = {name: entries[-1] for name, entries in values.items()}
        if widget.destination is not None:
            values["value"] = None
        self._value = values["value"]
        return values

    def _progress(self) -> dict[str, Any]:
        sessions = self._sessions()
        progress = [session.progress for session in sessions]  # once: uploads go on meanwhile
        stored, size = sum(part[0] for part in progress), sum(part[1] for part in progress)
        complete = any(session.completed for session in sessions)
        percent = min(100, stored * 100 // size) if size else 100 * complete
        uploads = [u for session in sessions for u in session.uploads if u.state in LISTED]
        return {"uploads": uploads, "progress": percent}

    def _update(self, **outputs: Any) -> None:
        widget = self._widget
        outputs |= widget._more_outputs()
        # param takes every list that it is given for a change.
        changes = {k: v for k, v in outputs.items() if k == "value" or v != getattr(widget, k)}
        with batch_call_watchers(widget), _writable(widget):
            widget.param.update(**changes)


@contextmanager
def _writable(widget: Any) -> Iterator[None]:
    """Let the read-only params of this one widget be set."""
    # The instance's own, not the class's.
    parameters = [widget.param[name] for name in widget._outputs_only]
    for parameter in parameters:
        parameter.constant = parameter.readonly = False
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.constant = parameter.readonly = True


def _read(file: UploadedFile) -> bytes | None:
    try:
        return file.read()
    except OSError as error:
        text = "Upload %s of %r cannot be read any more, so its value is None: %s"
        log.warning(text, file.id, file.name, error)
        return None
