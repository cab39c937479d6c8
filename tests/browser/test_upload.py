"""Files that arrive: sizes, numbers, folders, and what Python gets of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import App, make_file, wait_until

MB = 1000**2


def test_small_file_changes_all_outputs_in_one_update(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    (tmp_path / "hello.txt").write_text("hello\n")
    app = open_app()
    app.choose(tmp_path / "hello.txt")
    app.expect_row("hello.txt", "complete")
    outputs = app.wait_for(lambda it: it["value"])
    assert (outputs["value"], outputs["filename"]) == ("hello\n", "hello.txt")
    assert outputs["mime_type"] == "text/plain"
    assert outputs["progress"] == 100
    (update,) = [names for names in outputs["updates"] if "value" in names]
    assert {"value", "filename", "mime_type", "files"} <= set(update)


def test_empty_file_is_a_file(open_app: Callable[..., App], tmp_path: Path) -> None:
    (tmp_path / "empty.dat").touch()
    app = open_app()
    app.choose(tmp_path / "empty.dat")
    app.expect_row("empty.dat", "complete")
    outputs = app.wait_for(lambda it: it["filename"])
    assert outputs["value"] == ""
    assert outputs["files"][0]["size"] == 0


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_size_around_a_multiple_of_the_chunk(
    open_app: Callable[..., App], tmp_path: Path, extra: int
) -> None:
    size = 4 * 65536 + extra
    checksum = make_file(tmp_path / "data.bin", size)
    app = open_app(chunk_size=65536)
    app.choose(tmp_path / "data.bin")
    outputs = app.wait_for(lambda it: it["filename"])
    assert outputs["files"][0]["checksum"] == checksum
    assert outputs["value"] == size


def test_300_mb_arrive_whole_beyond_the_value_limit(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    checksum = make_file(tmp_path / "large.bin", 300 * MB)
    app = open_app()
    app.choose(tmp_path / "large.bin")
    app.expect_row("large.bin", "complete", timeout=120)
    outputs = app.wait_for(lambda it: it["filename"])
    assert outputs["files"][0]["checksum"] == checksum
    assert outputs["value"] is None
    assert any("progress" in names and "value" not in names for names in outputs["updates"])


def test_batch_sets_value_once_at_its_end_in_the_order_of_the_pick(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    names = [f"{number}.bin" for number in range(12)]
    sizes = [(12 - number) * 100_000 for number in range(12)]
    checksums = [make_file(tmp_path / n, size) for n, size in zip(names, sizes, strict=True)]
    app = open_app(multiple=True)
    app.choose(*(tmp_path / name for name in names))
    outputs = app.wait_for(lambda it: it["value"])
    assert outputs["filename"] == names
    assert outputs["value"] == sizes
    assert len([update for update in outputs["updates"] if "value" in update]) == 1
    assert len([update for update in outputs["updates"] if "files" in update]) > 1
    by_name = {file["name"]: file["checksum"] for file in outputs["files"]}
    assert [by_name[name] for name in names] == checksums


def test_two_files_of_one_name_stay_two(open_app: Callable[..., App], tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.txt").write_text(folder)
    app = open_app(multiple=True, destination=str(tmp_path / "in"))
    app.choose(tmp_path / "a/same.txt", tmp_path / "b/same.txt")
    outputs = app.wait_for(lambda it: it["filename"])
    assert outputs["value"] is None
    contents = [Path(file["path"]).read_text() for file in outputs["files"]]
    assert sorted(contents) == ["a", "b"]
    visible = {path.name for path in (tmp_path / "in").glob("[!.]*")}
    assert visible == {"same.txt", "same (1).txt"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "trip"
    (root / "day 1").mkdir(parents=True)
    (root / "notes.txt").write_text("notes")
    (root / "day 1" / "photo.txt").write_text("photo")
    return root


def test_folder_keeps_its_paths(open_app: Callable[..., App], folder: Path, tmp_path: Path) -> None:
    app = open_app(directory=True, destination=str(tmp_path / "in"))
    app.choose(folder)
    outputs = app.wait_for(lambda it: it["filename"])
    assert sorted(outputs["filename"]) == ["trip/day 1/photo.txt", "trip/notes.txt"]
    assert (tmp_path / "in/trip/day 1/photo.txt").read_text() == "photo"


def test_dropped_files_and_folders(
    open_app: Callable[..., App], folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "single.txt").write_text("single")
    app = open_app(multiple=True)
    app.drop(folder, tmp_path / "single.txt")
    outputs = app.wait_for(lambda it: it["filename"])
    paths = sorted(file["relative_path"] for file in outputs["files"])
    assert paths == ["single.txt", "trip/day 1/photo.txt", "trip/notes.txt"]


def test_next_file_takes_the_place_of_the_one_before(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    for name in ("first.txt", "second.txt"):
        (tmp_path / name).write_text(name)
    app = open_app()
    app.choose(tmp_path / "first.txt")
    first = app.wait_for(lambda it: it["filename"] == "first.txt")["files"][0]["path"]
    app.choose(tmp_path / "second.txt")
    outputs = app.wait_for(lambda it: it["filename"] == "second.txt")
    assert [file["name"] for file in outputs["files"]] == ["second.txt"]
    app.row("first.txt").wait_for(state="detached")
    wait_until(lambda: not Path(first).exists())


def test_same_file_can_be_chosen_again(open_app: Callable[..., App], tmp_path: Path) -> None:
    path = tmp_path / "same.txt"
    path.write_text("one")
    app = open_app()
    app.choose(path)
    app.wait_for(lambda it: it["value"] == "one")
    path.write_text("two")
    app.choose(path)
    app.wait_for(lambda it: it["value"] == "two")


def test_jslink_gives_a_data_url_in_the_page(open_app: Callable[..., App], tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_text("hello")
    app = open_app("&linked=1")
    app.choose(tmp_path / "hello.txt")
    app.page.get_by_text("data:text/plain;base64,aGVsbG8=").wait_for()
