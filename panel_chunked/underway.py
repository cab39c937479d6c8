"""What a page has begun and not ended: its batches, and its uploads with and without a lane."""

from .batch import Batch
from .handler import UploadHandler
from .lane import Lane
from .protocol import Abort

#: Uploads of a page that are under way at the same time, each with an open file.
MAX_RUNNING = 8

#: Uploads that a page may have announced and not ended; the browser sends the rest later.
MAX_PENDING = 2000

#: Batches that a page may have open.
MAX_BATCHES = 100


class Underway:
    """What one page has under way."""

    def __init__(self) -> None:
        self.lanes: dict[str, Lane] = {}
        self.batches: dict[str, Batch] = {}
        self.adopting: set[str] = set()  # ids of what is looked for in another session's place
        #: Keys of files about which the store or the app is asked, and whether they were cancelled.
        self.admitting: dict[str, bool] = {}
        self.closed = False  # nothing begins any more

    @property
    def pending(self) -> int:
        """Uploads that were announced and have not ended."""
        return len(self.lanes) + len(self.adopting) + len(self.admitting)

    @property
    def has_room(self) -> bool:
        """Whether one more upload may be announced."""
        return self.pending < MAX_PENDING

    def takes_batch(self, key: str) -> bool:
        """Tell whether a batch is open, or may be."""
        return key in self.batches or len(self.batches) < MAX_BATCHES

    def open_batch(self, key: str, page: str, multiple: bool) -> Batch:
        """Give a batch, which is opened if it is a new one."""
        return self.batches.setdefault(key, Batch(key, page, multiple))

    def takes_upload(self, batch: str) -> bool:
        """Tell whether one more upload may be announced in a batch."""
        return self.has_room and self.takes_batch(batch)

    def is_open(self, batch: Batch) -> bool:
        """Tell whether the app has not cleared a batch."""
        return self.batches.get(batch.key) is batch

    def lane(self, upload_id: str) -> Lane | None:
        """Give the lane of an upload, unless it is stopping."""
        lane = self.lanes.get(upload_id)
        return None if lane is None or lane.stopped else lane

    def lane_of(self, key: str) -> Lane | None:
        """Give the lane of an upload by the page's name for it, unless it is stopping."""
        found = [batch.handlers[key] for batch in self.batches.values() if key in batch.handlers]
        return self.lane(found[0].info.id) if found else None

    def may_work(self, lane: Lane) -> bool:
        """Tell whether not too many others run."""
        running = sum(it.working and it.handler.is_busy for it in self.active)
        return lane.working or running < MAX_RUNNING

    @property
    def active(self) -> list[Lane]:
        """Lanes that are not stopping."""
        return [lane for lane in self.lanes.values() if not lane.stopped]

    @property
    def wanted(self) -> list[UploadHandler]:
        """Uploads that were not cancelled. Safe in any thread."""
        # What is cancelled may take a while to be freed; for the app, it is over.
        return [lane.handler for lane in list(self.lanes.values()) if not lane.aborted]

    def abort(self, lanes: list[Lane]) -> None:
        """Cancel uploads, as far as they are not stopping."""
        for lane in lanes:
            if not lane.stopped:
                lane.stop(Abort(lane.handler.info.id))

    def close(self) -> list[Lane]:
        """Begin nothing any more; give the lanes of what was under way."""
        self.closed = True
        lanes, self.lanes = self.active, {}
        return lanes


def size_of(handler: UploadHandler) -> int:
    """Give the bytes of a file, or those stored as long as nobody knows."""
    return handler.offset if handler.info.size is None else handler.info.size
