"""What the widgets have in common: pages, channels, limits, files, and what Python sees of them."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal
from weakref import WeakKeyDictionary

import param
from bokeh.document import Document
from bokeh.model import Model
from panel.custom import JSComponent
from panel.pane.markup import Markdown

from .channel import Channel
from .config import Destination, Language, Size, Texts
from .files import UploadedFile
from .hooks import Callbacks, Hooks
from .limits import parse_size
from .notebook import NotebookChannel
from .outputs import Outputs
from .page import WidgetPage
from .saving import save_files
from .server import ServerChannel
from .session import Session
from .upload import Upload
from .views import FileViews

#: Tokens of the widgets of a page, in the order they were rendered.
_widgets: WeakKeyDictionary[Document, list[str]] = WeakKeyDictionary()


class UploadComponent(Callbacks, FileViews, JSComponent):
    """Takes uploads of the pages that show it. A subclass is a Panel widget besides.

    It needs the params `value`, `filename`, `mime_type`, `multiple` and `disabled`.
    """

    __abstract = True

    value: Any
    filename: Any
    multiple: Any
    disabled: Any
    label: Any

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

    files = param.List(
        default=[],
        item_type=UploadedFile,
        readonly=True,
        doc="""
        Complete files, in the order they were completed.""",
    )

    language = Language(
        default=None,
        doc="""
        Language of the widget, as a tag such as ``"de"``. None takes that of the page, its ``lang``
        in HTML, which is ``"en"`` in Panel's templates; ``"browser"`` takes the user's. There are
        texts in English, German, Spanish, French, Japanese, Chinese and Arabic; any other language
        has its numbers, and the texts that `texts` gives.""",
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

    texts = Texts(
        default={},
        doc="""
        Texts of the page in other words, by the keys of ``panel_chunked.languages.ENGLISH``, such
        as ``{"choose_file": "Add a picture"}``.""",
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

    #: What the page shows.
    _view: ClassVar[Literal["files", "recorder"]]

    #: Params that only Python has, or that go by the name of the param.
    _rename: ClassVar[Mapping[str, str | None]] = {
        "chunk_size": None,
        "destination": None,
        "files": None,
        "label": "label",
        "progress": None,
        "uploads": None,
        "value_limit": None,
    }

    #: Params that the page fills in itself, if at all.
    _set_in_page: ClassVar[frozenset[str]] = frozenset({"value", "filename", "mime_type"})

    #: Params that the page gets as bytes.
    _sizes: ClassVar[tuple[str, ...]] = ("max_file_size", "max_total_size")

    #: Params that only the outputs set.
    _outputs_only: ClassVar[tuple[str, ...]] = ("files", "uploads", "progress")

    def __init__(self, **params: Any) -> None:
        self._pages: dict[str | None, WidgetPage] = {}
        self._channels: dict[str, Channel] = {}
        self._token = secrets.token_urlsafe(16)
        self._outputs = Outputs(self, self._sessions)
        self._upload_hooks = Hooks()
        super().__init__(**params)
        self._first_label = self.label or ""  # an app may change it, as to what goes on
        watcher = self.param.watch(lambda _: self._outputs.let_go(), "value")
        self._internal_callbacks.append(watcher)

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
        save_files(sources, filename, several=several)

    def clear(self) -> None:
        """Cancel what runs, forget all files, and empty the page.

        Temporary files are deleted; files in a `destination` stay.
        """
        for session in self._sessions():
            session.clear()
        self._outputs.clear(later=self._publish)

    @property
    def takes_many(self) -> bool:
        """Whether `value`, `filename` and `mime_type` are lists."""
        return bool(self.multiple)

    @property
    def accepted_kinds(self) -> tuple[str, ...]:
        """Kinds of files that are taken; none is all."""
        return ()

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

    def _more_outputs(self) -> dict[str, Any]:
        """Give what is brought up to date with the outputs, beside them."""
        return {}

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
            "view": self._view,
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
        return f"{tokens.index(self._token)} {self._first_label}"

    def place_of_uploads(self, doc: Document | None) -> str:
        """Give what is the same for this widget in the next session, and for no other one."""
        place = self._place(doc)
        if doc is None or place is None:  # a notebook, whose next cell has another widget
            return self._token
        context: Any = doc.session_context
        application = getattr(context.server_context, "application_context", None)
        return f"{getattr(application, 'url', None) or ''} {place}"

    def _process_param_change(self, params: dict[str, Any]) -> dict[str, Any]:
        params = {name: value for name, value in params.items() if name not in self._set_in_page}
        described, description = "description" in params, params.pop("description", None)
        properties: dict[str, Any] = super()._process_param_change(params)
        if described:  # Widget would make a Bokeh tooltip of it
            properties["description"] = description and _render_markdown(description)
        for name in self._sizes:
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


def _render_markdown(text: str) -> str:
    html: str = Markdown._get_parser("markdown-it", (), Markdown.hard_line_break).render(text)
    return html
