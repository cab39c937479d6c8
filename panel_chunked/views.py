"""The methods of a widget that give, and show, the content of its files."""

import weakref
from collections.abc import Callable
from typing import Any, cast

import param
from panel.depends import bind
from panel.layout import Column, Tabs
from panel.layout.base import NamedListLike
from panel.param import ParamFunction
from panel.viewable import Viewable

from .background import to_thread
from .files import UploadedFile
from .limits import parse_size
from .viewing import view_file


class FileViews:
    """The methods of a widget that give the content of its files."""

    @param.depends("files")
    def object(self, *, limit: int | str | None = "256 MB", rows: int | None = None) -> Any:
        """Give what is uploaded as a Python object of its kind, such as a `pandas.DataFrame`.

        Parameters
        ----------
        limit, rows
            As of `UploadedFile.object`, for each file.

        Returns
        -------
        None without a file; a list, of all `files`, if many are taken.

        Raises
        ------
        ImportError, ValueError, FileNotFoundError
            As `UploadedFile.object` does.
        """
        widget: Any = self
        files = widget.files if widget.takes_many else widget.files[-1:]
        objects = [file.object(limit=limit, rows=rows) for file in files]
        return objects if widget.takes_many else next(iter(objects), None)

    def view(
        self,
        *,
        object_if_no_value: Any = None,
        layout: Callable[..., Any] | None = None,
        limit: int | str | None = "20 MB",
        rows: int = 1000,
        **params: Any,
    ) -> Callable[[], Any]:
        """Show what is uploaded, now and whenever that changes.

        Tables need ``pn.extension("tabulator")``.

        Parameters
        ----------
        object_if_no_value
            What is shown without a file; None shows nothing.
        layout
            Class of the layout for the files if many are taken; None is `panel.Tabs`.
        limit, rows
            As of `view_file`, for each file.
        params
            Of the layout if many are taken, else of the pane, such as its `width`.

        Returns
        -------
        A function that is bound to `files`, to be put into any layout of Panel.

        Raises
        ------
        ValueError
            If `limit` is no size.
        """
        widget: Any = self
        options = {"limit": parse_size(limit), "rows": rows}
        views: dict[bool, _Views] = {}  # whether many are taken may change

        def show(files: list[UploadedFile]) -> Any:
            many = widget.takes_many
            if many not in views:
                views.clear()
                views[many] = _Views(layout or Tabs, params, options, takes_many=many)
            shown = views[many].update(files)
            return shown if files or object_if_no_value is None else object_if_no_value

        bound: Callable[[], Any] = bind(cast(Any, show), widget.param.files)
        return bound


class _Views:
    """Views of files in one layout; those that are there stay as they are.

    Each is read in a thread, once it is rendered.
    """

    def __init__(
        self, layout: Any, params: dict[str, Any], options: dict[str, Any], *, takes_many: bool
    ) -> None:
        self._takes_many = takes_many
        self._options = options if takes_many else {**options, **params}
        self._views: dict[UploadedFile, Viewable] = {}
        # Else a player or a PDF file, which have no width of their own, would have none.
        self._sizing = {} if "width" in params else {"sizing_mode": "stretch_width"}
        if takes_many and "dynamic" in layout.param:
            params = {"dynamic": True, **params}  # the page gets what it shows
        many = {**self._sizing, **params}
        self._layout = layout(**many) if takes_many else Column(**self._sizing)

    def update(self, files: list[UploadedFile]) -> Viewable:
        files = files if self._takes_many else files[-1:]
        self._views = {file: self._views.get(file) or self._view(file) for file in files}
        is_named = isinstance(self._layout, NamedListLike)
        self._layout[:] = [
            (file.name, view) if is_named else view for file, view in self._views.items()
        ]
        self._layout.visible = bool(files)
        shown: Viewable = self._layout
        return shown

    def _view(self, file: UploadedFile) -> Viewable:
        reference = weakref.ref(file)  # a pane goes late, and a file that is gone has to go at once

        async def show() -> Viewable | None:
            file = reference()
            if file is None:
                return None
            return await to_thread(view_file, file, **self._options)

        return ParamFunction(show, lazy=True, **self._sizing)
