"""TLS is verified whatever the environment says, with both clients and a real certificate that nobody trusts."""

import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from extension.errors import PlatformError
from extension.events import Callback
from tests.fakes import TEMPORARY, by_client, parameters, transport_to

pytestmark = pytest.mark.usefixtures("client")

ADDRESS = "127.0.0.1"
OFF = {
    "PYTHONHTTPSVERIFY": "0",
    "CURL_CA_BUNDLE": "",
    "REQUESTS_CA_BUNDLE": "",
    "ALIBABA_CLOUD_IGNORE_SSL": "true",
    "NODE_TLS_REJECT_UNAUTHORIZED": "0",
}
"""Variables that turn verification off elsewhere."""


def certificate(folder: Path, *, address: str = ADDRESS, days: int = 1) -> Path:
    """A certificate for an address that signs itself, with its key, in one file; it ends in so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{address}-{days}.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


class Server:
    """An HTTPS server on loopback that says yes to everything; `requests` counts what it was asked."""

    def __init__(self, file: Path) -> None:
        self.requests = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                server.requests += 1
                self.rfile.read(int(self.headers["content-length"]))
                content = json.dumps({"RequestId": "R-1", "Success": "true"}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the overridden
                """Say nothing."""

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, request: object, address: object) -> None:
                """Say nothing: a caller that hangs up is what the tests want."""

        self._server = Quiet((ADDRESS, 0), Handler)
        self.endpoint = f"{ADDRESS}:{self._server.server_port}"
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        """Stop, and close the socket."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the certificates that the machine trusts."""
    file = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return file


def serve(file: Path) -> Iterator[Server]:
    server = Server(file)
    try:
        yield server
    finally:
        server.close()


def call(server: Server) -> object:
    transport = transport_to(server.endpoint, protocol="https")
    return transport.call("CallbackExtension", parameters(Callback.EXTENSION), TEMPORARY, 5)


def test_a_certificate_that_the_machine_trusts_is_good(trusted: Path) -> None:
    for server in serve(trusted):
        transport = transport_to(server.endpoint, protocol="https")
        for requests in (1, 2):
            answer = transport.call("CallbackExtension", parameters(Callback.EXTENSION), TEMPORARY, 5)
            assert answer == {"RequestId": "R-1", "Success": "true"}
            assert server.requests == requests


@pytest.mark.parametrize("variable", ["", *OFF])
def test_no_other_is_and_nothing_turns_that_off(
    variable: str, trusted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del trusted
    if variable:
        monkeypatch.setenv(variable, OFF[variable])
    (tmp_path / "other").mkdir()
    for server in serve(certificate(tmp_path / "other")):
        with pytest.raises(PlatformError, match=by_client(light="SSLCertVerificationError", sdk="SSLError")) as caught:
            call(server)
        assert (server.requests, caught.value.status) == (0, 0)


@pytest.mark.parametrize(("address", "days"), [("127.0.0.2", 1), (ADDRESS, -1)], ids=["another host", "over"])
def test_nor_one_for_another_host_or_another_time(
    address: str, days: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, address=address, days=days)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    for server in serve(file):
        with pytest.raises(PlatformError, match=by_client(light="SSLCertVerificationError", sdk="SSLError")):
            call(server)
        assert server.requests == 0
