import hashlib
import io
from pathlib import Path

import pytest
from fakes import info

from panel_chunked.files import UploadedFile

DATA = b"some bytes\x00\xff" * 1000


@pytest.fixture
def file(tmp_path: Path) -> UploadedFile:
    path = tmp_path / "stored.bin"
    path.write_bytes(DATA)
    return UploadedFile(info("clip.mp4", size=len(DATA), path="holiday/clip.mp4"), path)


def test_it_says_what_the_browser_said(file: UploadedFile) -> None:
    assert (file.name, file.relative_path, file.original_name) == (
        "clip.mp4",
        "holiday/clip.mp4",
        "clip.mp4",
    )
    assert (file.size, file.mime_type) == (len(DATA), "application/octet-stream")
    assert "holiday/clip.mp4" in repr(file)


def test_its_bytes_can_be_read(file: UploadedFile) -> None:
    assert file.read() == DATA
    with file.open() as opened:
        assert opened.read(4) == b"some"
    assert file.path.read_bytes() == DATA


def test_checksum_names_its_algorithm(file: UploadedFile) -> None:
    assert file.checksum == "sha256:" + hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize("kind", [str, Path])
def test_save_to_a_path(file: UploadedFile, tmp_path: Path, kind: type) -> None:
    file.save(kind(tmp_path / "copy.bin"))
    assert (tmp_path / "copy.bin").read_bytes() == DATA
    assert file.path.exists()


def test_save_to_a_file_object(file: UploadedFile) -> None:
    target = io.BytesIO()
    file.save(target)
    assert target.getvalue() == DATA


def test_save_to_anything_else_is_refused(file: UploadedFile) -> None:
    with pytest.raises(TypeError, match="path or a file object"):
        file.save(42)  # type: ignore[arg-type]


def test_delete_tells_once_and_may_be_repeated(file: UploadedFile) -> None:
    told: list[str] = []
    file.on_delete = lambda: told.append("deleted")
    file.delete()
    file.delete()
    assert told == ["deleted"]
    assert not file.path.exists()


def test_unlink_tells_nobody(file: UploadedFile) -> None:
    file.on_delete = lambda: pytest.fail("told")
    file.unlink()
    assert not file.path.exists()
