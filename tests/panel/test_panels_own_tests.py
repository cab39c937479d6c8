"""The tests that Panel's wheel carries for FileInput and for every widget, run on ours.

They run in a process of their own, since Panel's conftest changes Panel's configuration, and
without our settings of pytest, which are not meant for them.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).parent


def run_panels_tests(tmp_path: Path, plugin: str, *args: str) -> dict[str, str]:
    """Give the outcome of each test by its name; a failure fails the test that called."""
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(tmp_path)]
    options = ["-p", "no:cacheprovider", "-p", plugin, "-o", "asyncio_mode=auto", "-q", "-x"]
    search = os.pathsep.join([str(HERE), str(HERE.parent.parent), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        [*command, *options, f"--junitxml={report}", "--pyargs", *args],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": search, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    cases = ElementTree.parse(report).iter("testcase")
    return {case.get("name"): next((child.tag for child in case), "passed") for case in cases}


def test_tests_of_every_widget(tmp_path):
    outcomes = run_panels_tests(
        tmp_path, "panel_chunked", "panel.tests.widgets.test_base", "-k", "FileInput"
    )
    ours = {name.split("[")[0]: o for name, o in outcomes.items() if "[ChunkedFileInput]" in name}
    panels = {name.split("[")[0]: o for name, o in outcomes.items() if "[FileInput]" in name}

    assert ours == panels, "Ours is collected for each test, and skipped only where FileInput is."
    assert Counter(ours.values())["passed"] >= 5


@pytest.fixture(scope="module")
def swapped_in(tmp_path_factory):
    """Outcomes of the tests that name FileInput, with our class in its place."""
    modules = ["panel.tests.widgets.test_input", "panel.tests.chat.test_interface"]
    chosen = ["-k", "test_file_input or test_interface", "-m", "not internet"]
    return run_panels_tests(tmp_path_factory.mktemp("swapped"), "swap_in", *modules, *chosen)


def test_tests_of_file_input(swapped_in):
    assert swapped_in["test_file_input"] == "passed"
    assert swapped_in["test_file_input_save_one_file"] == "passed"


def test_tests_of_the_chat_interface(swapped_in):
    outcomes = Counter(swapped_in.values())

    assert outcomes["passed"] > 60
    assert outcomes.keys() == {"passed"}
    with_file_input = {"test_init_custom_widgets", "test_active_in_constructor"}
    assert with_file_input | {"test_file_input_only", "test_replace_widgets"} <= swapped_in.keys()
