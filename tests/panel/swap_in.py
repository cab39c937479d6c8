"""A pytest plugin for Panel's own tests: it puts ChunkedFileInput where they say FileInput.

Nothing else of the tests changes, apart from the Bokeh model that a FileInput has to have.
`test_panels_own_tests.py` runs it.
"""

import pytest

from panel_chunked import ChunkedFileInput


class FileInput(ChunkedFileInput):
    """Under FileInput's name: ChatInterface names its tabs after the class."""

    made = 0

    def __init__(self, **params):
        type(self).made += 1
        super().__init__(**params)


def pytest_collection_modifyitems(items):
    for module in {item.module for item in items}:
        if hasattr(module, "FileInput"):
            module.FileInput = FileInput
        if hasattr(module, "BkFileInput"):
            module.BkFileInput = FileInput._bokeh_model


def pytest_sessionfinish(session, exitstatus):
    if exitstatus == pytest.ExitCode.OK and not FileInput.made:
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
