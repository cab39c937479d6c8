"""``panel serve tests/browser/app.py`` serves the page of the tests."""

from tests.browser.pages import page

page().servable()
