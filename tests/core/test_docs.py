"""What the documentation refers to is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RELIABILITY = ROOT / "docs" / "reliability.md"
ROWS = [line for line in RELIABILITY.read_text("utf-8").splitlines() if line.startswith("| ")][1:]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split(" | ")[0][2:40])
def test_each_row_of_reliability_names_tests_that_there_are(row: str) -> None:
    _fault, promise, tests = row.strip("| ").split(" | ")
    assert promise
    assert re.fullmatch(f"{TEST.pattern}(, {TEST.pattern})*", tests)
    for path, name in TEST.findall(tests):
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        assert name in {node.name for node in tree.body if isinstance(node, functions)}


def test_reliability_has_every_test_of_faults() -> None:
    named = {f"{path}::{name}" for path, name in TEST.findall(RELIABILITY.read_text("utf-8"))}
    there = {
        f"{path.relative_to(ROOT).as_posix()}::{name}"
        for path in ROOT.glob("tests/faults/test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.M)
    }
    assert there - named == set()


STYLING = (ROOT / "docs" / "styling.md").read_text("utf-8")
VIEW = "".join(path.read_text("utf-8") for path in (ROOT / "ts/src/view").glob("*.tsx"))
STYLE = (ROOT / "ts/src/view/style.css").read_text("utf-8")


def test_every_documented_class_and_state_is_in_the_view() -> None:
    strings = re.findall(r"\"[\w -]*\"|`[^`]*`", VIEW)
    there = {word for string in strings for word in re.findall(r"[\w-]+", string)}
    upload = (ROOT / "ts/src/upload.ts").read_text("utf-8")
    union = upload.split("export type UploadState =")[1].split("\n\n")[0]
    states = set(re.findall(r'kind: "(\w+)"', union))
    layouts = {"compact", "dropzone", "button"}
    documented = set(re.findall(r"`\.([\w-]+)`", STYLING))
    assert len(documented) > 20
    assert documented - there - layouts == set()
    assert states | {"offer"} == set(
        re.findall(r"`(\w+)`", STYLING.split("`data-state`:")[1].split(". For")[0])
    )


def test_parts_are_those_that_are_documented() -> None:
    documented = dict(re.findall(r"^\| `\.([\w-]+)` \| `([\w-]+)`", STYLING, re.M))
    assert {*documented.values(), "progress"} == set(re.findall(r'part="([\w-]+)"', VIEW))
    elements = [
        (name, element)
        for name in documented
        for element in re.findall(rf'<[a-z]+\b[^<>]*class=[^<>]*["`]{name}\b[^<>]*>', VIEW)
    ]
    assert {name for name, _ in elements} == documented.keys()
    for name, element in elements:
        assert f'part="{documented[name]}"' in element, element


def test_every_documented_variable_is_one() -> None:
    documented = re.findall(r"^\| `(--[\w-]+)`", STYLING, re.M)
    assert len(documented) > 8
    assert [name for name in documented if f"var({name}" not in STYLE] == []
