"""What the README's table says of FileInput and FileDropper, shown on them."""

from base64 import b64encode
from types import SimpleNamespace

import panel as pn
import pytest


def drop(dropper: pn.widgets.FileDropper, name: str, data: bytes, mime_type: str) -> None:
    facts = {"name": name, "chunk": 1, "total_chunks": 1, "data": data, "type": mime_type}
    dropper._process_event(SimpleNamespace(event_name="upload_event", data=facts))


def test_file_input_takes_what_accept_excludes() -> None:
    upload = pn.widgets.FileInput(accept=".csv")
    encoded = b64encode(b"MZ").decode()
    upload._process_events({"filename": "a.exe", "value": encoded, "mime_type": "x/y"})
    assert upload.value == b"MZ"


def test_file_dropper_takes_what_its_limits_exclude() -> None:
    dropper = pn.widgets.FileDropper(accepted_filetypes=[".csv"], max_file_size="1KB")
    drop(dropper, "a.exe", bytes(5000), "application/x-msdownload")
    assert len(dropper.value["a.exe"]) == 5000


def test_file_dropper_keeps_one_of_two_files_of_one_name() -> None:
    dropper = pn.widgets.FileDropper(multiple=True)
    drop(dropper, "same.bin", b"one", "application/octet-stream")
    drop(dropper, "same.bin", b"two", "application/octet-stream")
    assert dropper.value == {"same.bin": b"two"}


def test_file_input_makes_none_of_an_empty_file() -> None:
    upload = pn.widgets.FileInput()
    upload._process_events({"filename": "empty", "value": "", "mime_type": "text/plain"})
    assert upload.value is None


def test_file_input_keeps_both_files_of_one_name() -> None:
    upload = pn.widgets.FileInput(multiple=True)
    encoded = [b64encode(data).decode() for data in (b"one", b"two")]
    upload._process_events(
        {"filename": ["same.bin"] * 2, "value": encoded, "mime_type": ["x/y"] * 2}
    )
    assert upload.value == [b"one", b"two"]


@pytest.mark.parametrize("peer", [pn.widgets.FileInput, pn.widgets.FileDropper])
def test_peer_has_no_progress_in_python(peer: type[pn.widgets.Widget]) -> None:
    assert not {name for name in peer.param if "progress" in name or "upload" in name}
