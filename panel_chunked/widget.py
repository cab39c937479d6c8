"""The widget: the params and methods of `panel.widgets.FileInput`, for files of any size."""

from collections.abc import Mapping
from typing import Any, ClassVar

import param
from panel.widgets import FileInput

from .component import UploadComponent
from .limits import parse_accept
from .protocol import Pause
from .upload import Upload


class ChunkedFileInput(UploadComponent, FileInput):
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

    capture: Any = param.Selector(
        default=None,
        objects=[None, "user", "environment"],
        doc="""
        Which camera a phone opens at once instead of its gallery, with `accept` of ``"image/*"`` or
        ``"video/*"``: ``"user"`` the one at its front, ``"environment"`` that at its back. With
        ``"audio/*"`` it opens the microphone. Other browsers choose files as ever.""",
    )

    directory = param.Boolean(
        default=False,
        doc="""
        Whether a folder is picked instead of files. `filename` then holds relative paths.""",
    )

    drop_area: Any = param.Selector(
        default="widget",
        objects=["widget", "page"],
        doc="""
        Where files may be dropped, and pasted: on the widget (to paste, with the focus in it), or
        anywhere on its page.""",
    )

    layout: Any = param.Selector(
        default="compact",
        objects=["compact", "dropzone", "button"],
        doc="""
        ``"compact"`` is one line high, ``"dropzone"`` a large area to drop files on, ``"button"``
        the button alone, for toolbars and forms that say elsewhere what to choose.""",
    )

    previews = param.Boolean(
        default=True,
        doc="""
        Whether the page shows small pictures of images and videos and plays sounds, from the files
        that it has; other files have an icon of their kind.""",
    )

    title_progress = param.Boolean(
        default=False,
        doc="""
        Whether the title of the page begins with the percent stored while uploads are under way, as
        in ``"(42%) My app"``, for those who look at another page meanwhile. Not in notebooks.""",
    )

    _view = "files"

    _rename: ClassVar[Mapping[str, str | None]] = {
        **UploadComponent._rename,
        "filename": "filename",
        "mime_type": "mime_type",
        "value": "value",
    }

    # The page fills these in itself when something is linked to them, as FileInput's model does.
    _source_transforms: ClassVar[Mapping[str, str | None]] = {
        "value": "'data:' + source.mime_type + ';base64,' + value",
    }

    def pause(self, upload: Upload | None = None) -> None:
        """Have the page send no more, until somebody says `resume`, here or there.

        A page whose connection is lost at this moment does not hear of it.

        Parameters
        ----------
        upload
            One of `uploads`; None pauses all of them, and not what is chosen later.
        """
        self._pause(upload, is_paused=True)

    def resume(self, upload: Upload | None = None) -> None:
        """Have the page go on with an upload that is paused, or with all of them."""
        self._pause(upload, is_paused=False)

    def _pause(self, upload: Upload | None, *, is_paused: bool) -> None:
        for page in list(self._pages.values()):
            page.send(Pause(upload.id if upload is not None else None, is_paused))

    @property
    def takes_many(self) -> bool:
        """Whether `value`, `filename` and `mime_type` are lists."""
        return bool(self.multiple or self.directory)

    @property
    def accepted_kinds(self) -> tuple[str, ...]:
        """Kinds of files that are taken; none is all."""
        return parse_accept(self.accept)

    def _process_param_change(self, params: dict[str, Any]) -> dict[str, Any]:
        properties = super()._process_param_change(params)
        if "accept" in properties:
            properties["accept"] = list(parse_accept(properties["accept"]))
        return properties
