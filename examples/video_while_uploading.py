"""Thumbnails of a video while it is uploaded, long before all of it has arrived.

Needs PyAV: `pip install av`. Start it with `panel serve examples/video_while_uploading.py`.
"""

import struct
from collections.abc import Iterator
from functools import partial

import av
import panel as pn

from panel_chunked import ChunkedFileInput, Refused, UploadReader

pn.extension(sizing_mode="stretch_width")

#: Seconds of video between thumbnails, at first.
INTERVAL = 5
#: Thumbnails in the page. When there are more, every other one goes, and so the rest of them lie
#: twice as far apart.
MOST = 40
WIDTH = 180

INTRODUCTION = f"""
## Watch it arrive
Choose a video, the longer the better. A thumbnail for every {INTERVAL} seconds appears as soon as
that part of the video is here.
"""

MP4 = """
**MP4 and MOV files** have an index. Most cameras write it at the end, and before that has arrived,
nothing of the video can be seen. Such a file is refused at its first bytes. FFmpeg moves the index
to the front, within seconds and without loss:

```sh
ffmpeg -i video.mp4 -c copy -movflags +faststart faststart.mp4
```
"""


def index_is_last(start: bytes) -> bool:
    """Tell whether a file is an MP4 whose pictures come before their index.

    Such a file is a row of boxes, each with its size and its kind in front: `moov` is the index,
    or says that each `moof` has a part of it, and `mdat` has the pictures.
    """
    position = 0
    while position + 8 <= len(start):
        size, kind = struct.unpack_from(">I4s", start, position)
        if kind == b"mdat":
            return True
        if kind == b"moov" or size < 8:
            return False
        position += size
    return False


def pictures(video: av.container.InputContainer) -> Iterator[av.VideoFrame]:
    """Decode what needs no other picture, which is little work for a long video."""
    if not video.streams.video:
        raise Refused("There are no pictures in this file. Choose a video.")
    video.streams.video[0].codec_context.skip_frame = "NONKEY"
    return video.decode(video=0)


def clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes}:{seconds:02}"


def thumbnail(picture: av.VideoFrame) -> pn.pane.JPG:
    height = round(picture.height * WIDTH / picture.width)
    image = picture.to_image(width=WIDTH, height=height).rotate(picture.rotation, expand=True)
    at = clock(picture.time)
    return pn.pane.JPG(
        image,
        caption=at,
        alt_text=f"The video at {at}",
        sizing_mode="fixed",
        margin=(0, 0, 25, 0),  # its height is that of the image: this is for the caption
    )


def show(stream: UploadReader) -> str:
    """Decode a video as it arrives. It runs in a thread of its own, so it may wait for bytes."""
    if index_is_last(stream.peek()):
        raise Refused("The index of this MP4 is at its end. See below how to move it.")
    sheet, thumbnails = pn.FlexBox(gap="10px", margin=(5, 10)), []
    change(seen, [sheet])
    interval, due, time = INTERVAL, 0.0, 0.0
    try:
        with av.open(stream) as video:
            for picture in pictures(video):
                time = picture.time
                if time < due:
                    continue
                due = time + interval
                thumbnails.append(thumbnail(picture))
                if len(thumbnails) > MOST:
                    del thumbnails[1::2]
                    interval *= 2
                change(sheet, thumbnails)
    except av.InvalidDataError:
        raise Refused("This is no video that FFmpeg knows, or it is damaged.") from None
    return clock(time)


def change(layout: pn.layout.base.ListLike, objects: list[pn.viewable.Viewable]) -> None:
    """Have the event loop change what is in the page: it alone puts anything there."""
    pn.state.execute(partial(layout.param.update, objects=list(objects)))


upload = ChunkedFileInput(
    accept="video/*,.mkv", destination=show, label="A video", max_file_size="50 GB"
)
seen = pn.Column(pn.pane.Markdown("No video yet."))


def summary(files: list) -> str:
    return "".join(f"All of **{it.name}** has arrived, {it.result} minutes of it." for it in files)


pn.template.BootstrapTemplate(
    title="Video while it is uploaded",
    main=[
        pn.Column(INTRODUCTION, upload, pn.bind(summary, upload.param.files), seen),
        pn.pane.Markdown(MP4),
    ],
    main_max_width="1000px",
).servable()
