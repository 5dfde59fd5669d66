"""A certificate is fetched from EventBridge and nowhere else, once a day; no stranger changes anything about that."""

import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from extension import certificates
from extension.certificates import (
    AGAIN_S,
    FRESH_S,
    MAX_BYTES,
    MAX_KEPT,
    MAX_UNKNOWN,
    MAX_URL_CHARS,
    REGIONS,
    RENEWED_AGAIN_S,
    UNKNOWN_S,
    USABLE_S,
    Certificates,
    check,
    fetch,
    pinned,
)
from extension.errors import CertificateError, SignatureError
from extension.overtime import Stop
from tests import eventbridge
from tests.eventbridge import HOST, address, publish
from tests.fakes import LEFT_TO_THE_COLLECTOR, Stub, answering
from tests.test_tls import certificate

WITHIN_S = 5.0


def pem(name: str) -> bytes:
    """One of the certificates of the tests."""
    return eventbridge.certificates()[name].pem


class Clock:
    """A clock that goes when it is told to."""

    now_s = 1000.0

    def __call__(self) -> float:
        """The moment."""
        return self.now_s


class Bucket:
    """Where certificates lie: an own one under every name, but for those of `missing`; `asked` is what was fetched."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.missing: set[str] | None = set()
        self.content = pem("own")
        self.before: Callable[[str], object] = lambda _: None

    def __call__(self, url: str, within_s: float) -> bytes:
        """The file at a URL."""
        del within_s
        self.asked.append(url)
        self.before(url)
        if self.missing is None or url in self.missing:
            raise CertificateError(url, "HTTP 404")
        return self.content


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def found(bucket: Bucket, clock: Clock) -> Certificates:
    return Certificates(bucket, clock)


def key(found: Certificates, name: str = "own") -> object:
    return found.key(address(name), WITHIN_S)


def number(found: Certificates, name: str = "own") -> int:
    """What tells a key from another one."""
    return found.key(address(name), WITHIN_S).public_numbers().n


def number_of(name: str) -> int:
    return eventbridge.certificates()[name].rsa.public_key().public_numbers().n


@pytest.mark.parametrize("region", REGIONS)
def test_a_certificate_lies_in_the_bucket_of_a_region(region: str) -> None:
    host = f"{region}-eventbridge.oss-accelerate.aliyuncs.com"
    for path in ("x509_public_certificate_2.pem", "v1/keys/a.b-c.pem", "A.pem"):
        check(f"https://{host}/{path}")


def test_there_are_twelve_of_them() -> None:
    assert len(set(REGIONS)) == 12


@pytest.mark.parametrize("url", eventbridge.BAD_URLS.values(), ids=eventbridge.BAD_URLS)
def test_and_nowhere_else(found: Certificates, bucket: Bucket, url: str) -> None:
    with pytest.raises(SignatureError, match=r"x-eventbridge-signature-url: is not the address") as caught:
        found.key(url, WITHIN_S)
    assert caught.value.status == 401
    assert bucket.asked == []


@pytest.mark.parametrize(
    "character", [*map(chr, range(0x21)), "\x7f", "\x85", "\xa0", "\u2028", "%", "\\", "\u0131", "\u212a"]
)
@pytest.mark.parametrize("place", [0, 8, 30, len(address("own")) - 4, len(address("own"))])
def test_no_odd_character_is_in_an_address(character: str, place: int) -> None:
    url = address("own")
    with pytest.raises(SignatureError):
        check(url[:place] + character + url[place:])


def test_the_longest_address_is_taken() -> None:
    longest = f"https://{HOST}/{'a' * MAX_URL_CHARS}"[: MAX_URL_CHARS - 4] + ".pem"
    check(longest)
    with pytest.raises(SignatureError):
        check(longest.replace("/a", "/aa"))


def test_a_certificate_is_fetched_once_a_day(found: Certificates, bucket: Bucket, clock: Clock) -> None:
    for passed_s, fetched in ((0, 1), (1, 1), (FRESH_S - 1.001, 1), (0.001, 2), (FRESH_S - 0.001, 2), (0.001, 3)):
        clock.now_s += passed_s
        assert number(found) == number_of("own")
        assert len(bucket.asked) == fetched


def test_another_key_at_the_same_place_is_taken_up_within_a_day(
    found: Certificates, bucket: Bucket, clock: Clock
) -> None:
    assert number(found) == number_of("own")
    bucket.content = pem("other")
    assert number(found) == number_of("own")
    clock.now_s += FRESH_S
    assert number(found) == number_of("other")


@pytest.mark.parametrize("content", ["nothing", "nonsense", "elliptic"])
def test_the_last_good_one_serves_for_a_week_while_there_is_no_other(
    found: Certificates, bucket: Bucket, clock: Clock, content: str
) -> None:
    key(found)
    if content == "nothing":
        bucket.missing = None
    else:
        bucket.content = b"nonsense" if content == "nonsense" else pem(content)
    clock.now_s += FRESH_S
    for passed_s, fetched in ((0, 2), (RENEWED_AGAIN_S - 0.001, 2), (0.001, 3), (1, 3)):
        clock.now_s += passed_s
        assert number(found) == number_of("own")
        assert len(bucket.asked) == fetched
    clock.now_s = Clock.now_s + USABLE_S - 0.001
    assert number(found) == number_of("own")
    clock.now_s += RENEWED_AGAIN_S
    with pytest.raises(CertificateError):
        key(found)
    bucket.missing, bucket.content = set(), pem("other")
    clock.now_s += AGAIN_S
    assert number(found) == number_of("other")


def test_one_that_cannot_be_had_is_asked_for_again_after_some_seconds(
    found: Certificates, bucket: Bucket, clock: Clock
) -> None:
    bucket.missing = {address("own")}
    for passed_s, fetched in ((0, 1), (0, 1), (AGAIN_S - 0.001, 1), (0.001, 2), (AGAIN_S - 1, 2)):
        clock.now_s += passed_s
        with pytest.raises(CertificateError, match=rf"^https://{HOST}/own\.pem: HTTP 404$") as caught:
            key(found)
        assert (caught.value.url, caught.value.problem) == (address("own"), "HTTP 404")
        assert len(bucket.asked) == fetched
    bucket.missing = set()
    clock.now_s += 1
    assert number(found) == number_of("own")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (lambda: b"", "is no X.509 certificate in PEM"),
        (lambda: b"\x00\xff" * 100, "is no X.509 certificate in PEM"),
        (lambda: dict(eventbridge.files())["text.pem"], "is no X.509 certificate in PEM"),
        (lambda: pem("own")[:-100], "is no X.509 certificate in PEM"),
        (lambda: pem("own").replace(b"CERTIFICATE", b"PUBLIC KEY"), "is no X.509 certificate in PEM"),
        (lambda: pem("elliptic"), "has no RSA key"),
        (lambda: pem("edwards"), "has no RSA key"),
        (lambda: pem("short"), "of at least 2048 bits"),
        (lambda: pem("small"), "exponent of at least 65537"),
    ],
)
def test_what_is_no_certificate_with_a_long_key_does_not_serve(
    found: Certificates, bucket: Bucket, content: Callable[[], bytes], problem: str
) -> None:
    bucket.content = content()
    with pytest.raises(CertificateError, match=problem):
        key(found)


def test_a_small_exponent_is_one_that_lets_anybody_make_a_secret() -> None:
    """The cube of a cube root, rounded up, begins as it should: nobody had the private key."""
    numbers = eventbridge.certificates()["small"].rsa.public_key().public_numbers()
    wanted = int.from_bytes(b"\x00\x01" + b"\xff" * 8 + b"\x00" + bytes(245), "big")
    low, high = 0, 1 << 700
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**3 < wanted else (low, middle)
    made = pow(low, numbers.e, numbers.n).to_bytes(256, "big")
    assert made.startswith(b"\x00\x01" + b"\xff" * 8 + b"\x00")


def flood(found: Certificates, count: int, prefix: str = "unknown") -> int:
    """Ask for so many that nobody knows; how many are refused."""
    refused = 0
    for each in range(count):
        try:
            key(found, f"{prefix}{each}")
        except CertificateError:
            refused += 1
    return refused


def test_strangers_do_not_make_us_fetch_without_end(found: Certificates, bucket: Bucket, clock: Clock) -> None:
    bucket.missing = None
    assert flood(found, 1000) == 1000
    assert len(bucket.asked) == MAX_UNKNOWN
    clock.now_s += UNKNOWN_S - 0.001
    with pytest.raises(CertificateError, match="30 others were asked for in the last 60 s"):
        key(found)
    clock.now_s += 0.001
    bucket.missing = set()
    assert number(found) == number_of("own")
    assert len(bucket.asked) == MAX_UNKNOWN + 1
    assert len(found._attempts) == 0


def test_what_is_known_is_renewed_meanwhile(found: Certificates, bucket: Bucket, clock: Clock) -> None:
    key(found)
    clock.now_s += FRESH_S
    bucket.missing = None
    assert flood(found, MAX_UNKNOWN + 1) == MAX_UNKNOWN + 1
    bucket.missing, bucket.content = set(), pem("other")
    assert number(found) == number_of("other")


def test_nor_do_they_push_out_what_a_signature_was_right_by(found: Certificates, bucket: Bucket, clock: Clock) -> None:
    for each in range(MAX_KEPT - 1):
        key(found, f"good{each}")
        found.proved(address(f"good{each}"))
    for round_ in range(10):
        clock.now_s += UNKNOWN_S
        assert flood(found, MAX_UNKNOWN, f"real{round_}-") == 0
        assert len(found._kept) == MAX_KEPT
    fetched = len(bucket.asked)
    for each in range(MAX_KEPT - 1):
        key(found, f"good{each}")
    assert len(bucket.asked) == fetched


def test_where_all_are_proved_the_one_that_was_so_longest_ago_makes_room_once(
    found: Certificates, clock: Clock
) -> None:
    for each in range(MAX_KEPT):
        key(found, f"good{each}")
    for each in (*range(1, MAX_KEPT), 0):
        clock.now_s += 1
        found.proved(address(f"good{each}"))
    clock.now_s += UNKNOWN_S
    assert flood(found, MAX_UNKNOWN) == 0
    kept = {url for url in found._kept if "good" in url}
    assert kept == {address(f"good{each}") for each in range(MAX_KEPT) if each != 1}


def test_one_that_is_renewed_stays_proved(found: Certificates, clock: Clock) -> None:
    key(found)
    found.proved(address("own"))
    clock.now_s += FRESH_S
    key(found)
    assert found._kept[address("own")].proved_s == Clock.now_s
    found.proved(address("nowhere"))
    assert address("nowhere") not in found._kept


class Gate:
    """A bucket that lets a fetch go on only when it is told to; `reached` says that one is under way."""

    def __init__(self, bucket: Bucket, name: str) -> None:
        self.open = threading.Event()
        self.reached = threading.Event()
        self._url = address(name)
        bucket.before = self._hold

    def _hold(self, url: str) -> None:
        if url == self._url:
            self.reached.set()
            assert self.open.wait(10)


class Caller(threading.Thread):
    """Somebody who wants a certificate."""

    def __init__(self, found: Certificates, name: str = "own", within_s: float = 60) -> None:
        super().__init__()
        self.outcome: object = None
        self._found, self._url, self._within_s = found, address(name), within_s
        self.start()

    def run(self) -> None:
        """Ask for it."""
        try:
            self.outcome = self._found.key(self._url, self._within_s).public_numbers().n
        except CertificateError as error:
            self.outcome = error.problem

    def end(self) -> None:
        """Wait for it: not as long as it could take."""
        self.join(10)
        assert not self.is_alive()


def test_callers_of_one_address_fetch_once_and_another_address_does_not_wait(
    found: Certificates, bucket: Bucket
) -> None:
    gate = Gate(bucket, "own")
    callers = [Caller(found) for _ in range(8)]
    assert gate.reached.wait(10)
    assert number(found, "other") == number_of("own")
    assert [caller.outcome for caller in callers] == [None] * 8
    gate.open.set()
    for caller in callers:
        caller.end()
    assert [caller.outcome for caller in callers] == [number_of("own")] * 8
    assert sorted(bucket.asked) == [address("other"), address("own")]


def test_who_waited_for_one_that_cannot_be_had_is_told_so(found: Certificates, bucket: Bucket) -> None:
    gate = Gate(bucket, "own")
    bucket.missing = {address("own")}
    callers = [Caller(found) for _ in range(4)]
    assert gate.reached.wait(10)
    gate.open.set()
    for caller in callers:
        caller.end()
    assert [caller.outcome for caller in callers] == ["HTTP 404"] * 4
    assert len(bucket.asked) == 1


def test_nobody_waits_longer_than_he_has_time(found: Certificates, bucket: Bucket) -> None:
    gate = Gate(bucket, "own")
    first = Caller(found)
    assert gate.reached.wait(10)
    for within_s in (0.05, 0.0, -1.0):
        with pytest.raises(CertificateError, match="did not come in time"):
            found.key(address("own"), within_s)
    gate.open.set()
    first.end()
    assert first.outcome == number_of("own")


def test_nor_for_the_renewal_of_what_is_known(found: Certificates, bucket: Bucket, clock: Clock) -> None:
    key(found)
    clock.now_s += FRESH_S
    bucket.content = pem("other")
    gate = Gate(bucket, "own")
    first = Caller(found)
    assert gate.reached.wait(10)
    assert number(found) == number_of("own")
    gate.open.set()
    first.end()
    assert number(found) == number_of("other") == first.outcome


def test_a_fetch_that_hangs_is_left_behind_and_too_many_keep_others_from_it(
    found: Certificates, bucket: Bucket, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "MAX_LEFT", 2)
    over = threading.Event()

    def hang(_: str) -> None:
        """Whatever is done to end it; it looks up now and then, for where it is traced nothing goes on meanwhile."""
        while not over.is_set():
            with suppress(Stop):
                time.sleep(0.01)

    key(found, "known")
    bucket.before = hang
    for name in ("hangs", "hangs-too"):
        with pytest.raises(CertificateError, match=r"did not come in 0\.2 s"):
            found.key(address(name), 0.2)
    with pytest.raises(CertificateError, match="2 others hang"):
        key(found)
    clock.now_s += FRESH_S
    assert found.key(address("known"), 0.2).public_numbers().n == number_of("own")
    over.set()
    ends = time.monotonic() + 10
    while found._workers.left and time.monotonic() < ends:
        time.sleep(0.01)
    assert number(found) == number_of("own")


def test_what_a_fetch_raises_that_it_should_not_holds_up_nobody(found: Certificates, bucket: Bucket) -> None:
    def fail(_: str) -> None:
        raise ZeroDivisionError

    bucket.before = fail
    with pytest.raises(ZeroDivisionError):
        key(found)
    with pytest.raises(CertificateError, match="did not come in time"):
        key(found)


def test_many_threads_ask_for_many_at_the_same_time(found: Certificates, bucket: Bucket) -> None:
    names = [f"name{each}" for each in range(MAX_KEPT)]
    callers = [Caller(found, name) for _ in range(4) for name in names]
    for caller in callers:
        caller.end()
    assert {caller.outcome for caller in callers} == {number_of("own")}
    assert sorted(bucket.asked) == sorted(map(address, names))


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate of a server on loopback that the machine trusts."""
    file = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return file


def secure(stub: Stub, file: Path) -> Stub:
    """A server that talks TLS, under a certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    stub._server.socket = context.wrap_socket(stub._server.socket, server_side=True)
    return stub


def serving(file: Path, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Stub:
    return secure(answering(status, body, headers), file)


def test_a_certificate_is_fetched_over_tls(trusted: Path, clock: Clock) -> None:
    with serving(trusted, 200, pem("own")) as stub:
        there = Certificates(lambda url, within_s: fetch(url.replace(HOST, stub.endpoint), within_s), clock)
        assert number(there) == number_of("own")
    (request,) = stub.requests
    assert request.startswith("GET /own.pem HTTP/1.1\r\n")
    assert f"Host: {stub.endpoint}\r\n" in request
    assert "User-Agent: dataworks-extension/" in request


def test_not_from_a_server_that_the_machine_does_not_trust(tmp_path: Path) -> None:
    with (
        serving(certificate(tmp_path), 200, pem("own")) as stub,
        pytest.raises(CertificateError, match="SSLCertVerificationError"),
    ):
        fetch(f"https://{stub.endpoint}/own.pem", 5)
    assert stub.requests == []


def test_nor_without_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + pem("own"))

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(CertificateError, match="SSLError"):
            fetch(f"https://127.0.0.1:{server.getsockname()[1]}/own.pem", 5)
        thread.join()


@pytest.mark.parametrize("status", [204, 206, 301, 302, 307, 403, 404, 500, 503])
def test_no_other_answer_counts_and_nobody_is_sent_elsewhere(trusted: Path, status: int) -> None:
    with serving(trusted, 200, pem("own")) as other:
        location = {"location": f"https://{other.endpoint}/own.pem"}
        with (
            serving(trusted, status, pem("own"), location) as stub,
            pytest.raises(CertificateError, match=f"HTTP {status}"),
        ):
            fetch(f"https://{stub.endpoint}/own.pem", 5)
    assert other.requests == []


def test_what_is_too_long_is_not_read(trusted: Path) -> None:
    with serving(trusted, 200, b"x" * MAX_BYTES) as stub:
        assert fetch(f"https://{stub.endpoint}/own.pem", 5) == b"x" * MAX_BYTES
    with serving(trusted, 200, b"x" * (MAX_BYTES + 1)) as stub, pytest.raises(CertificateError, match="too long"):
        fetch(f"https://{stub.endpoint}/own.pem", 5)
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MAX_BYTES + 1)
    with raw(trusted, endless) as stub, pytest.raises(CertificateError, match="too long"):
        fetch(f"https://{stub.endpoint}/own.pem", 5)


def raw(file: Path, answer: bytes) -> Stub:
    return secure(Stub(lambda connection, _: connection.wfile.write(answer)), file)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf", "did not come whole"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nhalf", "IncompleteRead"),
        (b"", "RemoteDisconnected"),
        (b"SSH-2.0-\x1b[31mhello\r\n", "BadStatusLine: SSH-2.0-"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 101 + b"\r\n", "HTTPException: got more than 100 headers"),
    ],
)
def test_an_answer_that_is_none_is_an_error_on_one_line(trusted: Path, answer: bytes, problem: str) -> None:
    with raw(trusted, answer) as stub, pytest.raises(CertificateError, match=problem) as caught:
        fetch(f"https://{stub.endpoint}/own.pem", 5)
    assert str(caught.value).isprintable()


def test_nobody_there_is_an_error() -> None:
    with answering(200, b"") as stub:
        pass
    with pytest.raises(CertificateError, match="ConnectionRefusedError"):
        fetch(f"https://{stub.endpoint}/own.pem", 5)
    with pytest.raises(CertificateError, match="InvalidURL"):
        fetch("https://127.0.0.1:port/own.pem", 5)


def test_a_server_that_says_nothing_takes_no_longer_than_the_time(trusted: Path) -> None:
    with secure(Stub(lambda _, stub: stub.ended.wait(10)), trusted) as stub:
        began = time.monotonic()
        with pytest.raises(CertificateError, match="TimeoutError"):
            fetch(f"https://{stub.endpoint}/own.pem", 0.1)
        assert time.monotonic() - began < 5


@LEFT_TO_THE_COLLECTOR
def test_nor_does_one_that_sends_a_byte_now_and_then(trusted: Path, clock: Clock) -> None:
    def drip(connection: socketserver.StreamRequestHandler, stub: Stub) -> None:
        with suppress(OSError):
            while not stub.ended.wait(0.05):
                connection.wfile.write(b"H")

    with secure(Stub(drip), trusted) as stub:
        there = Certificates(lambda url, within_s: fetch(url.replace(HOST, stub.endpoint), within_s), clock)
        began = time.monotonic()
        with pytest.raises(CertificateError, match=r"did not come in 0\.3 s"):
            there.key(address("own"), 0.3)
        assert time.monotonic() - began < 5
        while there._workers.left:
            time.sleep(0.01)


def test_pinned_certificates_are_files_of_a_folder(tmp_path: Path, clock: Clock) -> None:
    found = Certificates(pinned(publish(tmp_path)), clock)
    assert number(found) == number_of("own")
    assert number(found, "deep/in/other") == number_of("other")
    with pytest.raises(CertificateError, match=r"no file nowhere\.pem: No such file or directory"):
        key(found, "nowhere")
    (tmp_path / "folder.pem").mkdir()
    with pytest.raises(CertificateError, match=r"no file folder\.pem: Is a directory"):
        key(found, "folder")


@pytest.mark.parametrize(
    "name", ["", "..", ".", "...pem", ".pem", "a%2f..pem", "..\\own.pem", "own.pem\x00", "a b.pem"]
)
def test_and_of_no_other_one(tmp_path: Path, name: str) -> None:
    """Also where no URL of EventBridge is asked for."""
    (tmp_path / "folder").mkdir()
    publish(tmp_path)
    for url in (f"https://{HOST}/{name}", f"https://{HOST}/../{name}", name):
        with pytest.raises(CertificateError, match="has no name of a file"):
            pinned(tmp_path / "folder")(url, WITHIN_S)
    with pytest.raises(CertificateError, match="No such file"):
        pinned(tmp_path / "folder")(f"https://{HOST}/../own.pem", WITHIN_S)


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "own.pem"
    file.write_bytes(b"x" * MAX_BYTES)
    assert len(pinned(tmp_path)(address("own"), WITHIN_S)) == MAX_BYTES
    file.write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(CertificateError, match="is too long"):
        pinned(tmp_path)(address("own"), WITHIN_S)
