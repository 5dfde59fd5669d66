"""Does a push over HTTP really come from EventBridge? Both signatures that it is known to send, and repeated requests.

What is signed is the URL of the target, five headers and the body. A signature says that EventBridge sent this to this
URL, not on whose behalf: whoever has an account can have his own events pushed to any URL. And the secret of the older
signature is one that everybody who was ever pushed to can read, and use again. So it is the token that tells our rule
from another one, and nobody should be without it.

Source: https://www.alibabacloud.com/help/en/eventbridge/user-guide/signature-algorithm and EventBridge's verifier in
Java. Headers and order of the newer signature are those of three independent verifiers, unverified end to end.
"""

import hashlib
import hmac
import re
import threading
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from extension.certificates import Certificates
from extension.envelopes import MAX_BODY_BYTES
from extension.errors import SignatureError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

WINDOW = timedelta(seconds=60)
"""How far the timestamp of a request may be from now, either way."""

MAX_REPLAYS = 50_000
"""So many requests are remembered: far more than come in two minutes."""

TIMESTAMP = "x-eventbridge-signature-timestamp"
VERSION = "x-eventbridge-signature-version"
CERTIFICATE = "x-eventbridge-signature-url"
TOKEN = "x-eventbridge-signature-token"  # noqa: S105  the name of a header
SECRET = "x-eventbridge-signature-secret"  # noqa: S105  the name of a header

_MILLISECONDS = re.compile("[0-9]{1,15}")

_TOKEN = re.compile(r"[^\x00-\x1f\x7f,]{0,1024}")
"""A token that nobody told us: no line end, which would move the border to the body, and no two of them."""

_MAX_SIGNATURE_CHARS = 2048


class _Scheme(msgspec.Struct, frozen=True):
    """A way to sign: the header of its signature, the one that names the method, and the method."""

    signature: str
    named: str
    method: str


_V1 = _Scheme("x-eventbridge-signature", "x-eventbridge-signature-method", "HMAC-SHA1")
_V2 = _Scheme("x-eventbridge-signature-v2", "x-eventbridge-hash-method", "SHA256")


class Verifier:
    """Verifies requests to one target of one rule. Any number of threads can at the same time."""

    def __init__(self, url: str, token: str, certificates: Certificates) -> None:
        """`url` is the target's whole URL, with its query, as the rule has it; `token` its token, empty for none."""
        self._url = url.encode()
        self._token = token.encode()
        self._certificates = certificates

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime, within_s: float) -> str:
        """Whether a request is signed: its identity, which is the same for everything that passes for this request.

        Names of headers are in lower case, repeated ones are joined by ", "; `now` has its timezone, and a certificate
        may take `within_s`. The newer signature alone counts where there is one. What costs nothing is looked at first.

        The identity is a digest of what both signatures sign, not of one of them: the other could be taken away. Line
        ends behind the body are not in it, for one of them can be added or taken away under the same signature.

        Raises SignatureError for what is not signed by EventBridge, CertificateError where that cannot be said, and
        ConfigurationError where nothing can be verified.
        """
        if len(body) > MAX_BODY_BYTES:
            raise SignatureError(f"the body has {len(body):,} bytes; at most {MAX_BODY_BYTES:,} are read", status=413)
        scheme = _V2 if _V2.signature in headers else _V1
        signature = _binary(headers, scheme.signature)
        secret = _binary(headers, SECRET) if scheme is _V1 else b""
        _expect(headers, scheme.named, scheme.method)
        _expect(headers, VERSION, "1.0")
        timestamp = _timestamp(headers, now)
        token = self._token_of(headers, body)
        certificate = headers.get(CERTIFICATE, "")
        key = self._certificates.key(certificate, within_s)
        lines = (
            f"{TIMESTAMP}: {timestamp}\n{scheme.named}: {scheme.method}\n{VERSION}: 1.0\n{CERTIFICATE}: {certificate}\n"
        )
        last = b"" if token is None else b"%s: %s\n" % (TOKEN.encode(), token)
        head = b"%s\n%s%s" % (self._url, lines.encode(), last)
        right = _is_v2(key, signature, head, body) if scheme is _V2 else _is_v1(key, secret, signature, head, body)
        if not right:
            raise SignatureError(f"{scheme.signature}: is not EventBridge's, of this URL, these headers and this body")
        self._certificates.proved(certificate)
        return _identity(f"{timestamp} {certificate}\n".encode(), last, body)

    def _token_of(self, headers: Mapping[str, str], body: bytes) -> bytes | None:
        """The token that is signed, None where there is none. Raises SignatureError where it is not the right one."""
        given = headers.get(TOKEN)
        if self._token:
            if given is None or not hmac.compare_digest(_sent(given), self._token):
                raise SignatureError(f"{TOKEN}: is not the token that is configured")
        elif given is None:
            if body.startswith(f"{TOKEN}: ".encode()):  # moved there from the headers, under the same signature
                raise SignatureError("the body begins with a token")
            return None
        elif not _TOKEN.fullmatch(given):
            raise SignatureError(f"{TOKEN}: can be a token only where it is configured")
        return _sent(given)


def _sent(value: str) -> bytes:
    """The bytes of a header, of which servers make a character each; or else it was decoded."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode(errors="surrogatepass")


def _expect(headers: Mapping[str, str], name: str, value: str) -> None:
    if headers.get(name) != value:
        raise SignatureError(f"{name}: is not {value}")


def _binary(headers: Mapping[str, str], name: str) -> bytes:
    """What a header has in Base64, in the one way to write it."""
    value = headers.get(name, "")
    try:
        decoded = b64decode(value if len(value) <= _MAX_SIGNATURE_CHARS else "", validate=True)
    except ValueError:
        decoded = b""
    if not decoded or b64encode(decoded).decode() != value:
        raise SignatureError(f"{name}: is missing, or not Base64")
    return decoded


def _timestamp(headers: Mapping[str, str], now: datetime) -> str:
    """When a request was signed, as it says. Raises SignatureError where that is too far from now."""
    value = headers.get(TIMESTAMP, "")
    if not _MILLISECONDS.fullmatch(value):
        raise SignatureError(f"{TIMESTAMP}: is not a number of milliseconds")
    ahead_ms = int(value) - round(now.timestamp() * 1000)
    if abs(ahead_ms) > WINDOW.total_seconds() * 1000:
        raise SignatureError(f"{TIMESTAMP}: is more than {WINDOW.total_seconds():.0f} s away from the clock here")
    return value


def _is_v1(key: "RSAPublicKey", secret: bytes, signature: bytes, head: bytes, body: bytes) -> bool:
    """Whether a signature is made with a secret that only the owner of the key can have encrypted.

    Documented without a line end behind the body, and made with one by EventBridge's own code: both are taken.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  loaded, with the key
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415  as above

    try:
        shared = key.recover_data_from_signature(secret, PKCS1v15(), None)
    except InvalidSignature:
        return False
    if _is_digest(shared):
        return False
    mac = hmac.new(shared, head, "sha1")
    mac.update(body)
    bare = mac.digest()
    mac.update(b"\n")
    return hmac.compare_digest(mac.digest(), signature) | hmac.compare_digest(bare, signature)


def _is_digest(secret: bytes) -> bool:
    """Whether a secret is none, but a digest that was signed: an ASN.1 sequence of an algorithm and its value.

    Everybody can read that out of any signature by the same key: of a push to himself, or of the certificate.
    """
    return secret[:1] == secret[2:3] == b"\x30" and secret[1] == len(secret) - 2


def _is_v2(key: "RSAPublicKey", signature: bytes, head: bytes, body: bytes) -> bool:
    """Whether a signature is made with the private key, with a line end behind the body or without: see `_is_v1`."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  loaded, with the key
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415  as above
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed  # noqa: PLC0415  as above
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415  as above

    digest = hashlib.sha256(head)
    for part in (body, b"\n"):
        digest.update(part)
        try:
            key.verify(signature, digest.digest(), PKCS1v15(), Prehashed(SHA256()))
        except InvalidSignature:
            continue
        return True
    return False


def _identity(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts[:-1]:
        digest.update(part)
    digest.update(parts[-1].rstrip(b"\n"))
    return digest.hexdigest()


class Replays:
    """Requests that were answered with success: who has listened in cannot send them again.

    What failed is not noted, so that EventBridge can send the same bytes again. Nor is what is still worked on: if
    EventBridge has hung up and the first attempt then fails, the second is the only one left. An event that comes twice
    at the same time is answered once all the same, see `deliveries`.

    In the memory of one process. Any number of threads can use it at the same time.
    """

    def __init__(self, window: timedelta = WINDOW, size: int = MAX_REPLAYS) -> None:
        """`window` is how far a timestamp may be from now, either way; of more than `size` the oldest is forgotten."""
        self._kept_for = 2 * window  # that of a request from the future is good for twice as long
        self._size = size
        self._until: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def seen(self, identity: str, now: datetime) -> bool:
        """Whether a request was noted, and could still pass."""
        with self._lock:
            until = self._until.get(identity)
        return until is not None and until >= now

    def note(self, identity: str, now: datetime) -> None:
        """Remember a request, at the moment by which it was verified or later."""
        with self._lock:
            self._until.pop(identity, None)  # so that it becomes the last in order
            self._until[identity] = now + self._kept_for
            while len(self._until) > self._size or next(iter(self._until.values())) < now:
                del self._until[next(iter(self._until))]
