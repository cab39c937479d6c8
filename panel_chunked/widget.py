"""The widget: the params and methods of `panel.widgets.FileInput`, for files of any size."""

import secrets
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, ClassVar
from weakref import WeakKeyDictionary

import param
from bokeh.document import Document
from bokeh.model import Model
from panel.custom import JSComponent
from panel.pane.markup import Markdown
from panel.widgets import FileInput

from .channel import Channel
from .config import Size
from .files import UploadedFile
from .hooks import Hooks
from .limits import parse_accept, parse_size
from .notebook import NotebookChannel
from .outputs import Outputs
from .page import WidgetPage
from .server import ServerChannel
from .session import Session
from .upload import Upload, UploadInfo

#: Tokens of the widgets of a page, in the order they were rendered.
_widgets: WeakKeyDictionary[Document, list[str]] = WeakKeyDictionary()


class Destination(param.Parameter):
    """None, the path of a directory, a function, or a store."""

    def _validate(self, val: Any) -> None:
        super()._validate(val)
        is_store = callable(val) or callable(getattr(val, "create", None))
        if val is not None and not isinstance(val, (str, PathLike)) and not is_store:
            raise ValueError(
                f"destination must be None, a directory, a function or a store, not {val!r}."
            )


class ChunkedFileInput(JSComponent, FileInput):
    """Upload files of any size, in chunks below the message limit of the server.

    It takes the place of `panel.widgets.FileInput`: `value`, `filename` and `mime_type` hold the
    files of the last pick. `files` holds every file that the page lists, on disk.

    Reference: https://panel.holoviz.org/reference/widgets/FileInput.html

    :Example:

    >>> ChunkedFileInput(accept=".mp4,video/*", multiple=True, max_file_size="5 GB")
    """

    accept = param.ClassSelector(
        default=None,
        class_=(str, list),
        doc="""
        Accepted kinds of files: extensions, MIME types and wildcards such as ``image/*``, as a
        comma-separated string or a list. Checked in the browser and again on the server.""",
    )

    chunk_size = Size(
        default=None,
        doc="""
        Most bytes of a file in one message; None chooses. Set it if a proxy takes less than the
        server does.""",
    )

    destination = Destination(
        default=None,
        allow_refs=False,  # a function is what it is, and not called for its result
        doc="""
        Directory for the files, made if it does not exist; or a function that uses their bytes
        while they arrive, see `StreamStore`; or a `DirectoryStore` or `StreamStore` with settings
        of its own. `value` stays None then: use `files`. None keeps temporary files, which go with
        the session.""",
    )

    directory = param.Boolean(
        default=False,
        doc="""
        Whether a folder is picked instead of files. `filename` then holds relative paths.""",
    )

    files = param.List(
        default=[],
        item_type=UploadedFile,
        readonly=True,
        doc="""
        Complete files, in the order they were completed.""",
    )

    layout: Any = param.Selector(
        default="compact",
        objects=["compact", "dropzone"],
        doc="""
        ``"compact"`` is one line high, ``"dropzone"`` a large area to drop files on.""",
    )

    max_file_size = Size(
        default=None,
        doc="""
        Most bytes that a file may have, such as ``"5 GB"``; None is no limit.""",
    )

    max_files = param.Integer(
        default=None,
        bounds=(1, None),
        doc="""
        Most files that may be uploaded; None is no limit.""",
    )

    max_total_size = Size(
        default=None,
        doc="""
        Most bytes that all files together may have; None is no limit.""",
    )

    progress = param.Integer(
        default=0,
        bounds=(0, 100),
        readonly=True,
        doc="""
        Percent stored of everything that is running; 100 once it is complete.""",
    )

    uploads = param.List(
        default=[],
        item_type=Upload,
        readonly=True,
        doc="""
        What is queued or running, and what has failed since the last pick.""",
    )

    value_limit = Size(
        default="256 MB",
        allow_None=True,
        doc="""
        Most bytes that `value` may hold, None for no limit. A file beyond it has the value None;
        read it through `files`.""",
    )

    _bundle = Path(__file__).parent / "dist" / "panel_chunked.bundle.js"

    _rename: ClassVar[Mapping[str, str | None]] = {
        "chunk_size": None,
        "destination": None,
        "files": None,
        "filename": "filename",
        "label": "label",
        "mime_type": "mime_type",
        "progress": None,
        "uploads": None,
        "value": "value",
        "value_limit": None,
    }

    # The page fills these in itself when something is linked to them, as FileInput's model does.
    _source_transforms: ClassVar[Mapping[str, str | None]] = {
        "value": "'data:' + source.mime_type + ';base64,' + value",
    }

    _set_in_page: ClassVar[frozenset[str]] = frozenset({"value", "filename", "mime_type"})

    def __init__(self, **params: Any) -> None:
        self._pages: dict[str | None, WidgetPage] = {}
        self._channels: dict[str, Channel] = {}
        self._token = secrets.token_urlsafe(16)
        self._outputs = Outputs(self, self._sessions)
        self._upload_hooks = Hooks()
        super().__init__(**params)

    def save(self, filename: Any) -> None:  # type: ignore[override]  # as FileInput does
        """Save the files of the last pick.

        Parameters
        ----------
        filename
            Path (`str` or `pathlib.Path`) or binary file object; a list of these, one for each
            file, if `value` is a list.

        Raises
        ------
        TypeError
            If a list is given for one file or the other way round, or something that is neither
            a path nor a file object.
        ValueError
            If nothing was uploaded, or the list has another length than the files.
        """
        sources: list[Any] = list(self._outputs.picked)
        if not sources:
            sources = self.value if isinstance(self.value, list) else [self.value]
        several = isinstance(self.filename, list) or isinstance(self.value, list)
        if isinstance(filename, list) != several:
            raise TypeError(
                "There is a list of files: give a list of filenames or file objects."
                if several
                else "There is a single file: give one filename or file object, not a list."
            )
        targets = filename if isinstance(filename, list) else [filename]
        if len(targets) != len(sources):
            raise ValueError(f"{len(targets)} filenames were given for {len(sources)} files.")
        if any(source is None for source in sources):
            raise ValueError(
                "There is nothing to save: no file was uploaded, or its value is None."
            )
        for source, target in zip(sources, targets, strict=True):
            _save(source, target)

    def clear(self) -> None:
        """Cancel what runs, forget all files, and empty the page.

        Temporary files are deleted; files in a `destination` stay.
        """
        for session in self._sessions():
            session.clear()
        self._outputs.clear(later=self._publish)

    def on_accept(self, callback: Callable[[UploadInfo], Any]) -> None:
        """Call a function, or a coroutine function, before an upload is accepted.

        Parameters
        ----------
        callback
            It is called with what is known of the file, once that keeps all limits. To refuse it,
            it raises `Refused` with a text for the person who uploads; to have it stored under
            another name, it returns that name, else None.
        """
        self._upload_hooks.accept.append(callback)

    def on_start(self, callback: Callable[[Upload], Any]) -> None:
        """Call a function, or a coroutine function, when the first byte of an upload has come."""
        self._upload_hooks.start.append(callback)

    def on_complete(self, callback: Callable[[UploadedFile], Any]) -> None:
        """Call a function, or a coroutine function, when an upload is complete."""
        self._upload_hooks.complete.append(callback)

    def on_fail(self, callback: Callable[[Upload], Any]) -> None:
        """Call a function, or a coroutine function, when an upload is refused or fails.

        It is called with the upload, whose `error` says why. What the page itself refuses, Python
        does not hear of.
        """
        self._upload_hooks.fail.append(callback)

    @property
    def takes_many(self) -> bool:
        """Whether `value`, `filename` and `mime_type` are lists."""
        return bool(self.multiple or self.directory)

    # Panel

    def _register_events(self, *event_names: str, model: Model, doc: Document, comm: Any) -> None:
        self._channels[model.id] = (
            ServerChannel(model, doc, self._receive)
            if doc.session_context is not None
            else NotebookChannel(model, doc, comm, self._receive)
        )

    def _sessions(self) -> list[Session]:
        return [page.session for page in list(self._pages.values())]

    def _receive(self, channel: Channel, data: object) -> None:
        if channel.closed:
            return
        key = channel.session_id
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = WidgetPage(self, self._outputs, channel)
            if key is not None:
                channel.doc.on_session_destroyed(lambda _: self._close_page(key))
        page.receive(channel, data)

    def _close_page(self, key: str) -> None:
        for channel in list(self._channels.values()):
            if channel.session_id == key:
                channel.close()
        page = self._pages.pop(key, None)
        if page is None:
            return
        page.close()
        self._publish()

    def _publish(self) -> None:
        page = next(iter(list(self._pages.values())), None)
        if page is not None:
            page.publish()
        else:
            self._outputs.turn.take(self._publish_to_nobody, later=self._publish)

    def _publish_to_nobody(self) -> None:
        with param.parameterized.discard_events(self):
            self._outputs.publish([])

    @param.depends("value", watch=True)
    def _let_go(self) -> None:
        self._outputs.let_go()

    def _cleanup(self, root: Model | None = None) -> None:
        if root is not None and root.ref["id"] in self._models:
            model, _ = self._models[root.ref["id"]]
            channel = self._channels.pop(model.id, None)
            if channel is not None:
                channel.close()
        super()._cleanup(root)

    @property
    def _linked_properties(self) -> tuple[str, ...]:
        """None: a page that could change a limit would not be limited."""
        return ()

    def _get_properties(self, doc: Document | None) -> dict[str, Any]:
        properties: dict[str, Any] = super()._get_properties(doc)
        properties["disabled"] = self.disabled
        properties["data"].esm_constants = {
            "widget": self._token,
            "notebook": doc is None or doc.session_context is None,
            "place": self._place(doc),
        }
        if properties["css_bundle"] is None:  # Panel gives it to pages of its own server only
            properties["css_bundle"] = self._bundle_css[0].read_text("utf-8")
        return properties

    def _place(self, doc: Document | None) -> str | None:
        """Give what is the same for this widget in the next session, if that builds the same."""
        if doc is None or doc.session_context is None:
            return None
        tokens = _widgets.setdefault(doc, [])
        if self._token not in tokens:
            tokens.append(self._token)
        return f"{tokens.index(self._token)} {self.label or ''}"

    def _process_param_change(self, params: dict[str, Any]) -> dict[str, Any]:
        params = {name: value for name, value in params.items() if name not in self._set_in_page}
        described, description = "description" in params, params.pop("description", None)
        properties: dict[str, Any] = super()._process_param_change(params)
        if described:  # Widget would make a Bokeh tooltip of it
            properties["description"] = description and _render_markdown(description)
        if "accept" in properties:
            properties["accept"] = list(parse_accept(properties["accept"]))
        for name in ("max_file_size", "max_total_size"):
            if name in properties:
                properties[name] = parse_size(properties[name])
        return properties

    def _update_model(
        self,
        events: dict[str, Any],
        msg: dict[str, Any],
        root: Model,
        model: Model,
        doc: Document,
        comm: Any,
    ) -> None:
        if "disabled" in msg:
            model.update(disabled=msg["disabled"])
        super()._update_model(events, msg, root, model, doc, comm)


def _save(source: UploadedFile | bytes, target: str | PathLike[str] | BinaryIO) -> None:
    if isinstance(source, UploadedFile):
        source.save(target)
    elif isinstance(target, (str, PathLike)):
        Path(target).write_bytes(source)
    elif hasattr(target, "write"):
        target.write(source)
    else:
        raise TypeError(f"Save to a path or a file object, not to {target!r}.")


def _render_markdown(text: str) -> str:
    html: str = Markdown._get_parser("markdown-it", (), Markdown.hard_line_break).render(text)
    return html
