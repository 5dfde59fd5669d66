"""A push is let in if EventBridge signed it for this URL, in this minute, with this token: and no other, nor twice."""

import re
import shutil
import subprocess
import sys
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from extension import edges, envelopes
from extension.certificates import Certificates, pinned
from extension.envelopes import MAX_BODY_BYTES
from extension.errors import CertificateError, ConfigurationError, MessageError, SignatureError
from extension.signatures import WINDOW, Replays, Verifier
from tests import eventbridge
from tests.eventbridge import (
    BAD,
    CERTIFICATE,
    EVENT,
    HASH_METHOD,
    METHOD,
    SECRET,
    TIMESTAMP,
    TOKEN,
    V1,
    V2,
    VERSION,
    Push,
    Pusher,
    Signing,
    address,
    certificates,
    send,
)
from tests.strategies import examples

URL = "https://gate.example.com/eventbridge?source=dataworks"
SHARED = "Correct-horse/42"
NOW = datetime(2026, 11, 27, 8, 30, 15, 123456, tzinfo=UTC)
WITHIN_S = 5.0
SCHEMES = {"v1": (V1,), "v2": (V2,), "both": (V1, V2)}


class Bucket:
    """Where EventBridge's certificates lie; `asked` is what was fetched from it."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.asked: list[str] = []
        self._files = dict(eventbridge.files()) if files is None else files

    def __call__(self, url: str, within_s: float) -> bytes:
        """The file at a URL."""
        assert within_s == WITHIN_S
        self.asked.append(url)
        name = url.rpartition("/")[2]
        if name not in self._files:
            raise CertificateError(url, "HTTP 404")
        return self._files[name]


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


def verifier(bucket: Bucket, *, url: str = URL, token: str = SHARED) -> Verifier:
    return Verifier(url, token, Certificates(bucket, clock=lambda: 0.0))


def pusher(token: str | None = SHARED, scheme: str = "both", newline: bytes = b"\n") -> Pusher:
    return Pusher(URL, token, schemes=SCHEMES[scheme], newline=newline, now=lambda: NOW)


def verify(gate: Verifier, push: Push, now: datetime = NOW) -> str:
    return gate.verify(push.received, push.body, now, WITHIN_S)


def status(gate: Verifier, replays: Replays, push: Push) -> int:
    """What a service answers that has these two; what else is wrong with a signed push is not theirs to say."""
    try:
        identity = verify(gate, push)
    except SignatureError as error:
        return error.status
    except CertificateError:
        return 503
    if replays.seen(identity, NOW):
        return 409
    replays.note(identity, NOW)
    return 200


@pytest.mark.parametrize("newline", [b"\n", b""], ids=["with a line end", "without"])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("token", [SHARED, None], ids=["token", "no token"])
def test_a_push_is_let_in_under_each_signature(bucket: Bucket, token: str | None, scheme: str, newline: bytes) -> None:
    push = pusher(token, scheme, newline).push()
    assert re.fullmatch("[0-9a-f]{64}", verify(verifier(bucket, token=token or ""), push))
    assert bucket.asked == [address("own")]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_push_is_not(bucket: Bucket, kind: str, scheme: str) -> None:
    gate, replays = verifier(bucket), Replays()
    *before, last = BAD[kind].pushes(pusher(scheme=scheme), EVENT)
    assert [status(gate, replays, push) for push in before] == [200] * len(before)
    expected = BAD[kind].status if BAD[kind].status in {401, 409, 413, 503} else 200
    assert status(gate, replays, last) == expected


class Service(BaseHTTPRequestHandler):
    """The smallest service that can say what is wrong with a push: it stands at the path of `URL`."""

    gate: Verifier
    replays: Replays

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): ", ".join(self.headers.get_all(name, ())) for name in self.headers}
        self.answer(self.judged(headers, body))

    def judged(self, headers: dict[str, str], body: bytes) -> int:
        if self.path != "/eventbridge?source=dataworks":
            return 404
        try:
            identity = self.gate.verify(headers, body, edges.now(), WITHIN_S)
        except SignatureError as error:
            return error.status
        except CertificateError:
            return 503
        if self.replays.seen(identity, edges.now()):
            return 409
        try:
            envelopes.parse(body)
        except MessageError:
            return 400
        self.replays.note(identity, edges.now())
        return 200

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.answer(405)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the overridden
        """Say nothing."""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where such a service listens."""
    found = Certificates(pinned(eventbridge.publish(tmp_path_factory.mktemp("pinned"))), time.monotonic)
    Service.gate, Service.replays = Verifier(URL, SHARED, found), Replays()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("kind", BAD)
def test_it_gets_its_status_over_a_socket(port: int, kind: str) -> None:
    *before, last = BAD[kind].pushes(Pusher(URL, SHARED), EVENT)
    assert [send(push, "127.0.0.1", port).status for push in before] == [200] * len(before)
    assert send(last, "127.0.0.1", port).status == BAD[kind].status


def test_a_good_one_is_let_in_over_a_socket(port: int) -> None:
    assert send(Pusher(URL, SHARED).push(), "127.0.0.1", port).status == 200


def test_the_bad_ones_are_many_and_all_of_them_differ_from_a_good_one() -> None:
    assert len(BAD) > 100
    assert {bad.status for bad in BAD.values()} == {400, 401, 404, 405, 409, 413, 503}
    good = pusher().push()
    assert all(bad.pushes(pusher(), EVENT)[-1] != good or bad.status == 409 for bad in BAD.values())


@pytest.mark.parametrize("kind", [kind for kind in BAD if "token" in kind and "twice" not in kind])
def test_what_is_wrong_with_a_token_is_wrong_without_one_too_where_it_is_signed(bucket: Bucket, kind: str) -> None:
    """Where none is configured, one that comes is a part of what is signed, and one that does not come is none."""
    (push,) = BAD[kind].pushes(pusher(), EVENT)
    good = kind in {"another token", "the token in capitals", "token of nobody", "token empty"}
    assert (status(verifier(bucket, token=""), Replays(), push) == 200) is good


DEAR = {
    *("signature cut", "signature endless", "signature of another body", "signed by another key"),
    *("body with one byte changed", "body with a blank in front", "body cut", "body that is not there"),
    *("timestamp changed", "token added", "certificate of another key", "certificate changed"),
    *("signed for another host", "signed for another path", "signed for another query", "signed for another scheme"),
    *("secret encrypted by another key", "secret in the clear", "secret encrypted for the public key"),
    *("secret that is a signature", "secret that is the signature of the certificate", "secret of another push"),
    *("v2 wrong with v1 right", "v1 in the place of v2"),
}
"""What only a certificate tells from a good push."""


@pytest.mark.parametrize("kind", [kind for kind, bad in BAD.items() if bad.status in {401, 413}])
def test_a_certificate_is_asked_for_last(bucket: Bucket, kind: str) -> None:
    (push,) = BAD[kind].pushes(pusher(scheme="v1"), EVENT)
    with pytest.raises(SignatureError):
        verify(verifier(bucket), push)
    assert bool(bucket.asked) is (kind in DEAR)


def test_the_check_value_of_the_platforms_documentation_comes_out() -> None:
    """Made from the formula, not by EventBridge: with the line end of its own code, and without it as documented."""
    signing = Signing(
        url="https://sample.cn-shanghai.fcapp.run/extensions/consumer",
        token=None,
        timestamp="1612167546574",
        certificate="https://cn-hangzhou-eventbridge.oss-accelerate.aliyuncs.com/x509_public_certificate_sample.pem",
        secret=b"SampleSecret1234",
        schemes=(V1,),
    )
    headers = {
        name: value if isinstance(value, str) else value.decode() for name, value in signing.headers(b'{"id":"m-1"}')
    }
    assert headers[V1] == "rgVQ9CnqGuv0I9Lu/vnj2mo0JK8="
    bucket = Bucket({"x509_public_certificate_sample.pem": certificates()["own"].pem})
    gate = verifier(bucket, url=signing.url, token="")
    at = datetime.fromtimestamp(1612167546.574, UTC)
    identities = [
        gate.verify({**headers, V1: value}, b'{"id":"m-1"}', at, WITHIN_S)
        for value in ("rgVQ9CnqGuv0I9Lu/vnj2mo0JK8=", "XCrDjDzaGZ79ELUVzk+zi0p6zYI=")
    ]
    assert len(set(identities)) == 1
    with pytest.raises(SignatureError, match="is not EventBridge's"):
        gate.verify({**headers, V1: "rgVQ9CnqGuv0I9Lu/vnj2mo0JK9="[:-2] + "8="}, b'{"id":"m-2"}', at, WITHIN_S)


SIGNED = {
    "v1": (TIMESTAMP, METHOD, VERSION, CERTIFICATE, TOKEN),
    "v2": (TIMESTAMP, HASH_METHOD, VERSION, CERTIFICATE, TOKEN),
}


@cache
def signed(scheme: str, newline: bytes) -> Push:
    return pusher(scheme=scheme, newline=newline).push()


@examples(200)
@given(
    scheme=st.sampled_from([*SIGNED]),
    newline=st.sampled_from([b"", b"\n"]),
    configured=st.booleans(),
    what=st.sampled_from(["body", "url", "header"]),
    place=st.integers(0, 2**16),
    change=st.sampled_from(["other", "more", "less"]),
    byte=st.integers(0x21, 0x7E),
)
def test_any_byte_of_what_is_signed_that_is_changed_is_refused(  # noqa: PLR0913, PLR0917  where, and how
    scheme: str, newline: bytes, what: str, place: int, change: str, byte: int, *, configured: bool
) -> None:
    def changed(content: bytes) -> bytes:
        at = place % len(content)
        new = bytes((byte if byte != content[at] else byte ^ 1,))
        put = {"other": new, "more": new + content[at : at + 1], "less": b""}[change]
        found = content[:at] + put + content[at + 1 :]
        return found if found != content else content + new

    push, url = signed(scheme, newline), URL
    if what == "body":
        push = push.altered(body=changed(push.body))
    elif what == "url":
        url = changed(url.encode()).decode()
    else:
        name = (*SIGNED[scheme], {"v1": V1, "v2": V2}[scheme])[place % 6]
        push = push.having(name, changed(push.of(name)))
    gate = verifier(Bucket(), url=url, token=SHARED if configured else "")
    with pytest.raises((SignatureError, CertificateError)):
        verify(gate, push)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_identity_is_that_of_what_is_signed_and_nothing_else(bucket: Bucket, scheme: str) -> None:
    gate, source = verifier(bucket), pusher(scheme=scheme)
    push = source.push()
    identity = verify(gate, push)
    assert identity == verify(gate, push.also("x-other", "1").without("user-agent"))
    assert identity == verify(gate, source.push(newline=b""))
    assert identity == verify(gate, source.push(secret=b"another secret"))
    assert identity == verify(gate, source.push(schemes=(V1, V2)).without(V2 if scheme == "v1" else V1))
    others = [
        source.push(EVENT.replace(b"m-1", b"m-2")),
        source.push(timestamp=source.timestamp(milliseconds=1)),
        source.push(certificate=address("other"), by="other", encrypted_by="other"),
    ]
    assert len({identity, *(verify(gate, other) for other in others)}) == 4
    anybody = verifier(bucket, token="")
    tokens = [verify(anybody, source.push(token=token)) for token in ("a", "b", "", None)]
    assert len({identity, *tokens}) == 5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("side", [1, -1])
def test_a_minute_is_not_too_far_and_a_thousandth_more_is(bucket: Bucket, side: int, scheme: str) -> None:
    gate, source = verifier(bucket), pusher(scheme=scheme)
    push = source.push()
    sent = NOW.replace(microsecond=123000)
    assert verify(gate, push, sent + side * WINDOW)
    for more in (timedelta(milliseconds=1), timedelta(seconds=1), timedelta(days=1)):
        with pytest.raises(SignatureError, match="more than 60 s away") as caught:
            verify(gate, push, sent + side * (WINDOW + more))
        assert caught.value.status == 401


@pytest.mark.parametrize("zero", ["\uff10", "\u0660"], ids=["full-width", "Arabic"])
def test_digits_are_the_plain_ones_also_where_a_server_decodes_headers(bucket: Bucket, zero: str) -> None:
    digits = "".join(chr(ord(zero) + int(digit)) for digit in pusher().timestamp())
    push = pusher().push(timestamp=digits)
    with pytest.raises(SignatureError, match="not a number of milliseconds"):
        verifier(bucket).verify({**push.received, TIMESTAMP: digits}, push.body, NOW, WITHIN_S)


def test_a_minute_is_the_same_in_every_timezone(bucket: Bucket) -> None:
    assert verify(verifier(bucket), pusher().push(), NOW.astimezone(ZoneInfo("Asia/Shanghai")))


@pytest.mark.parametrize("token", ["密钥", "clé", "a, b", "a,b", " ".join("abc")])
def test_a_token_that_is_configured_can_be_any_text(bucket: Bucket, token: str) -> None:
    push = pusher(token).push()
    assert verify(verifier(bucket, token=token), push)
    decoded = {**push.received, TOKEN: token}  # as a server gives it that decodes headers
    if not token.startswith("cl"):
        assert verifier(bucket, token=token).verify(decoded, push.body, NOW, WITHIN_S)


@pytest.mark.parametrize("token", ["a, b", "a\nb", "a\rb", "a\x00b", "a\tb", "x" * 1025])
def test_one_that_is_not_is_one_word_or_a_few(bucket: Bucket, token: str) -> None:
    push = pusher("plain").push()
    gate = verifier(bucket, token="")
    assert verify(gate, pusher("plain words").push())
    with pytest.raises(SignatureError, match="only where it is configured"):
        gate.verify({**push.received, TOKEN: token}, push.body, NOW, WITHIN_S)


def test_half_of_a_surrogate_pair_is_no_token(bucket: Bucket) -> None:
    push = pusher().push()
    with pytest.raises(SignatureError, match="not the token that is configured"):
        verifier(bucket).verify({**push.received, TOKEN: "\ud800"}, push.body, NOW, WITHIN_S)


@pytest.mark.parametrize("kind", BAD)
def test_no_error_says_what_the_token_is_nor_what_was_sent(bucket: Bucket, kind: str) -> None:
    gate = verifier(bucket)
    push = BAD[kind].pushes(pusher(), EVENT)[-1]
    try:
        verify(gate, push)
        text = ""
    except (SignatureError, CertificateError) as error:
        text = str(error)
    names = {TIMESTAMP, METHOD, HASH_METHOD, VERSION, CERTIFICATE, TOKEN, SECRET, V1, V2}
    sent = {value for name, value in push.received.items() if name in names and len(value) > 3}
    allowed = {"SHA256", "HMAC-SHA1"} | ({push.received[CERTIFICATE]} if BAD[kind].status == 503 else set())
    assert not [value for value in {SHARED, *sent} - allowed if value in text]
    assert text.isascii()
    assert "\n" not in text


@pytest.mark.parametrize("secret", [b"", b"0", b"00", b"\x30\x0e" + b"0" * 15, b"0" * 16, b"\x30\x0e\x31" + b"0" * 13])
def test_a_secret_that_only_begins_as_a_digest_is_one(bucket: Bucket, secret: bytes) -> None:
    """In a digest the second byte says how many there are behind it."""
    assert verify(verifier(bucket), pusher(scheme="v1").push(secret=secret))


def test_a_body_of_the_longest_size_is_verified(bucket: Bucket) -> None:
    assert verify(verifier(bucket), pusher(scheme="v2").push(EVENT.ljust(MAX_BODY_BYTES)))
    assert verify(verifier(bucket), pusher(scheme="v1").push(EVENT.ljust(MAX_BODY_BYTES)))


def test_a_certificate_by_which_a_signature_was_right_is_noted_and_no_other(bucket: Bucket) -> None:
    found = Certificates(bucket, clock=lambda: 7.0)
    gate = Verifier(URL, SHARED, found)
    verify(gate, pusher().push())
    with pytest.raises(SignatureError):
        verify(gate, pusher().push(certificate=address("other")))
    assert [found._kept[address(name)].proved_s for name in ("own", "other")] == [7.0, float("-inf")]


def test_where_cryptography_is_not_installed_it_is_said_what_to_do(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.x509", None)
    with pytest.raises(ConfigurationError, match=r"EVENTBRIDGE_URL: .* requirements-service\.txt") as caught:
        verify(verifier(bucket), pusher().push())
    assert caught.value.variable == "EVENTBRIDGE_URL"
    assert bucket.asked == []


def test_cryptography_is_loaded_where_something_is_to_be_verified_and_not_before() -> None:
    program = (
        "import sys; from extension import certificates, signatures; "
        "print('cryptography' in sys.modules); certificates.load(); print('cryptography' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603  our own
    assert done.stdout.split() == ["False", "True"]


OPENSSL = shutil.which("openssl") or ""


def openssl(*arguments: str, given: bytes) -> bytes:
    return subprocess.run([OPENSSL, *arguments], input=given, capture_output=True, check=True).stdout  # noqa: S603  found above


@pytest.mark.skipif(not OPENSSL, reason="another implementation of the same is openssl's, which is not installed")
@pytest.mark.parametrize("scheme", ["v1", "v2"])
def test_what_another_implementation_signs_is_right(bucket: Bucket, tmp_path: Path, scheme: str) -> None:
    """`openssl` encrypts the secret and makes both signatures; of our own maker there are only the lines."""
    key = tmp_path / "key.pem"
    key.write_bytes(
        certificates()["own"].rsa.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    secret, timestamp = "0a1b2c3d4e5f", str(round(NOW.timestamp() * 1000))
    method = (METHOD, "HMAC-SHA1") if scheme == "v1" else (HASH_METHOD, "SHA256")
    lines = [(TIMESTAMP, timestamp), method, (VERSION, "1.0"), (CERTIFICATE, address("own")), (TOKEN, SHARED)]
    text = "\n".join((URL, *(f"{name}: {value}" for name, value in lines), "")).encode() + EVENT + b"\n"
    if scheme == "v1":
        raw = ("-sign", "-inkey", str(key), "-pkeyopt", "rsa_padding_mode:pkcs1")
        lines.append((SECRET, b64encode(openssl("pkeyutl", *raw, given=secret.encode())).decode()))
        lines.append((V1, b64encode(openssl("dgst", "-sha1", "-hmac", secret, "-binary", given=text)).decode()))
    else:
        lines.append((V2, b64encode(openssl("dgst", "-sha256", "-sign", str(key), given=text)).decode()))
    assert verifier(bucket).verify(dict(lines), EVENT, NOW, WITHIN_S)
    name, value = lines[-1]
    wrong = bytes((b64decode(value)[0] ^ 1,)) + b64decode(value)[1:]
    with pytest.raises(SignatureError, match="is not EventBridge's"):
        verifier(bucket).verify({**dict(lines), name: b64encode(wrong).decode()}, EVENT, NOW, WITHIN_S)


def test_a_push_that_was_answered_is_known_as_long_as_it_could_pass_again(bucket: Bucket) -> None:
    """One from a minute ahead passes for two."""
    gate, source, replays = verifier(bucket), pusher(), Replays()
    push = source.push(timestamp=source.timestamp(seconds=60))
    identity = verify(gate, push)
    assert not replays.seen(identity, NOW)
    replays.note(identity, NOW)
    moment = NOW
    while moment <= NOW + 2 * WINDOW:
        assert verify(gate, push, moment) == identity
        assert replays.seen(identity, moment)
        moment += timedelta(seconds=5)
    assert not replays.seen(identity, moment)
    with pytest.raises(SignatureError):
        verify(gate, push, moment)


def test_one_that_failed_can_come_again(bucket: Bucket) -> None:
    gate, replays = verifier(bucket), Replays()
    identity = verify(gate, pusher().push())
    assert [replays.seen(identity, NOW) for _ in range(3)] == [False] * 3


def test_what_could_not_pass_again_is_forgotten() -> None:
    replays = Replays(timedelta(seconds=10))
    for second in range(100):
        replays.note(f"push {second}", NOW + timedelta(seconds=second))
    assert [*replays._until] == [f"push {second}" for second in range(79, 100)]


def test_of_too_many_the_oldest_goes() -> None:
    replays = Replays(size=3)
    for name in ("a", "b", "c", "a", "d"):
        replays.note(name, NOW)
    assert [replays.seen(name, NOW) for name in "abcd"] == [True, False, True, True]
    for number in range(10_000):
        replays.note(str(number), NOW)
    assert len(replays._until) == 3


def test_many_threads_note_and_look_at_the_same_time() -> None:
    replays, wrong = Replays(size=50), []
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait()
        for each in range(500):
            replays.note(f"{number} {each}", NOW + timedelta(seconds=each))
            if len(replays._until) > 50 or replays.seen("never", NOW):
                wrong.append(each)

    together(work, 8)
    assert wrong == []


def together(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
