"""Who waits is woken by a change."""

import threading

import pytest

from panel_chunked import UploadCancelledError, changes
from panel_chunked.changes import Changes


@pytest.mark.parametrize(("daemon", "raised"), [(True, [UploadCancelledError]), (False, [])])
def test_daemon_threads_go_on_with_nothing_when_the_process_has_ended(
    daemon: bool, raised: list[type], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_has_ended", True)
    found: list[type] = []

    def read() -> None:
        try:
            Changes().wait_until(lambda: True)
        except UploadCancelledError as error:
            found.append(type(error))

    thread = threading.Thread(target=read, daemon=daemon)
    thread.start()
    thread.join()
    assert found == raised
