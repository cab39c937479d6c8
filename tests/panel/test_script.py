"""The module of an app's script, while functions of it run and its session ends."""

import sys
from types import ModuleType

import pytest
from bokeh.document import Document

from panel_chunked.script import kept

NAME = "script_of_this_test"


class Context:
    """Stands for the context of a session."""

    destroyed = False


@pytest.fixture
def script():
    """Give the document of a session, and the module in which its script has run."""
    doc, module = Document(), ModuleType(NAME)
    module.value = 1
    doc.modules.add(module)
    doc._session_context = lambda: Context  # Bokeh has a weak reference there
    yield doc, module
    sys.modules.pop(NAME, None)


def destroy(doc):
    """Do what Bokeh does with the document of a session that ends."""
    doc._session_context = None
    for module in doc.modules._modules:
        sys.modules.pop(module.__name__, None)
        module.__dict__.clear()
    doc.modules._modules = []


def test_without_a_function_it_is_emptied(script):
    doc, module = script
    with kept(doc):
        pass
    destroy(doc)
    assert not vars(module)


def test_it_is_there_until_the_last_function_has_ended(script):
    doc, module = script
    with kept(doc):
        with kept(doc):
            destroy(doc)
            assert (module.value, sys.modules[NAME]) == (1, module)
        assert module.value == 1
    assert not vars(module)
    assert NAME not in sys.modules
    assert doc.modules._modules == []


def test_it_is_given_back_to_a_session_that_goes_on(script):
    doc, module = script
    with kept(doc):
        assert doc.modules._modules == []
    assert doc.modules._modules == [module]
    assert module.value == 1
