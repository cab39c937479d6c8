"""examples/forward.py: files that go on to an HTTP server as they arrive, at its speed."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import make_file, wait_until
from .cutting_proxy import CuttingProxy
from .streams import example, failed, upload

NAME = "forward"
MB = 1000**2

#: Most bytes between the page and the service: what is granted, and what sockets hold.
ON_THE_WAY = 32 * MB


class Service(ThreadingHTTPServer):
    """Takes what is put, no more than the test allows."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Put)
        self.path = ""
        self.headers: dict[str, str] = {}
        self.received = 0
        self.digest = hashlib.sha256()
        self.was_cut = False
        self.status = 201
        self._allowed: float = 0
        self._more = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_address[1]}/incoming"

    def begin(self, status: int = 201) -> None:
        """Forget what was put before, and allow nothing."""
        self.received, self.was_cut, self.status, self._allowed = 0, False, status, 0
        self.digest = hashlib.sha256()

    def allow(self, until: float = float("inf")) -> None:
        with self._more:
            self._allowed = until
            self._more.notify_all()

    def may_read(self, size: int) -> int:
        """Wait until it may read some of `size` bytes."""
        with self._more:
            assert self._more.wait_for(lambda: self._allowed > self.received, 20)
            return int(min(size, self._allowed - self.received, 65536))


class Put(BaseHTTPRequestHandler):
    server: Service

    def do_PUT(self) -> None:
        service = self.server
        service.path, service.headers = self.path, dict(self.headers)
        left = int(self.headers["Content-Length"])
        while left:
            data = self.rfile.read(service.may_read(left))
            if not data:
                service.was_cut = True
                return
            service.digest.update(data)
            service.received += len(data)
            left -= len(data)
        self.send_response(service.status)
        self.end_headers()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    service = Service()
    thread = threading.Thread(target=service.serve_forever)
    thread.start()
    yield service
    service.shutdown()
    service.server_close()
    thread.join()


@pytest.fixture(scope="module")
def app(service: Service) -> Iterator[CuttingProxy]:
    with example(NAME, variables={"FORWARD_URL": service.url}) as proxy:
        yield proxy


def test_a_file_goes_on_as_it_arrives_and_no_faster_than_the_service_takes_it(
    page: Page, app: CuttingProxy, service: Service, tmp_path: Path
) -> None:
    size = 64 * MB
    checksum = make_file(tmp_path / "a file.bin", size)
    service.begin()
    before = app.sent

    upload(page, app, NAME, tmp_path / "a file.bin")
    for received in range(MB, 24 * MB, MB):
        service.allow(received)
        wait_until(lambda: service.received == received)  # noqa: B023 (it is called at once)
        assert app.sent - before < received + ON_THE_WAY
    service.allow()

    page.get_by_role("cell", name="201 Created").wait_for()
    expect(page.get_by_role("cell", name=f"{size:,}")).to_be_visible()
    assert f"sha256:{service.digest.hexdigest()}" == checksum
    assert service.path == "/incoming/a%20file.bin"
    assert service.headers["Content-Length"] == str(size)
    assert service.headers["Content-Type"] == "application/octet-stream"


def test_a_service_that_refuses_is_told_of(
    page: Page, app: CuttingProxy, service: Service, tmp_path: Path
) -> None:
    make_file(tmp_path / "a.bin", 8 * MB)
    service.begin(status=413)
    service.allow()

    upload(page, app, NAME, tmp_path / "a.bin")

    expect(failed(page)).to_contain_text("answers “Request Entity Too Large”")


def test_a_service_that_fails_or_sends_elsewhere_has_not_taken_the_file(
    page: Page, app: CuttingProxy, service: Service, tmp_path: Path
) -> None:
    make_file(tmp_path / "a.bin", MB)
    for status, said, may_retry in ((302, "Found", False), (503, "Service Unavailable", True)):
        service.begin(status=status)
        service.allow()
        upload(page, app, NAME, tmp_path / "a.bin")
        expect(failed(page)).to_contain_text(f"answers “{said}”")
        retry = page.get_by_role("button", name="Retry a.bin")
        expect(retry).to_have_count(1 if may_retry else 0)


def test_a_service_that_is_not_there_is_told_of(page: Page, tmp_path: Path) -> None:
    make_file(tmp_path / "a.bin", MB)
    with example(NAME, variables={"FORWARD_URL": "http://localhost:9"}) as app:
        upload(page, app, NAME, tmp_path / "a.bin")

        expect(failed(page)).to_contain_text("The service behind this app does not answer")


def test_an_upload_that_is_cancelled_is_cut_off(
    page: Page, app: CuttingProxy, service: Service, tmp_path: Path
) -> None:
    make_file(tmp_path / "a.bin", 64 * MB)
    service.begin()
    service.allow(MB)
    upload(page, app, NAME, tmp_path / "a.bin")
    wait_until(lambda: service.received == MB)

    page.get_by_role("button", name="Cancel the upload of a.bin").click()
    service.allow()

    wait_until(lambda: service.was_cut)
    assert service.received < 64 * MB
