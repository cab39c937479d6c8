"""Upload files of any size through Panel, Bokeh and Jupyter messages.

`ChunkedFileInput` takes the place of `panel.widgets.FileInput`: the browser slices each file
into chunks below the message limit, and the server puts them together again.
`ChunkedMediaRecorder` sends what the browser records in the same way, while it is recorded.
"""

from .config import config
from .errors import Refused, UploadError
from .files import UploadedFile
from .recorder import ChunkedMediaRecorder
from .stores import DirectoryStore, StreamStore
from .stream import UploadCancelledError, UploadReader, UploadStream
from .upload import Upload
from .viewing import view_file
from .widget import ChunkedFileInput

__version__ = "0.1.0"

__all__ = [
    "ChunkedFileInput",
    "ChunkedMediaRecorder",
    "DirectoryStore",
    "Refused",
    "StreamStore",
    "Upload",
    "UploadCancelledError",
    "UploadError",
    "UploadReader",
    "UploadStream",
    "UploadedFile",
    "__version__",
    "config",
    "view_file",
]
