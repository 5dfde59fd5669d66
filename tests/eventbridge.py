"""EventBridge, as far as it pushes events over HTTP: certificates of our own, signed pushes, and many that are bad."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from hmac import digest
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

from extension import edges
from extension.envelopes import MAX_BODY_BYTES

HOST = "cn-shanghai-eventbridge.oss-accelerate.aliyuncs.com"
TIMESTAMP = "x-eventbridge-signature-timestamp"
METHOD = "x-eventbridge-signature-method"
HASH_METHOD = "x-eventbridge-hash-method"
VERSION = "x-eventbridge-signature-version"
CERTIFICATE = "x-eventbridge-signature-url"
TOKEN = "x-eventbridge-signature-token"
SECRET = "x-eventbridge-signature-secret"
V1 = "x-eventbridge-signature"
V2 = "x-eventbridge-signature-v2"

ANY_SECRET = b"SampleSecret1234"

EVENT = msgspec.json.encode(
    {
        "datacontenttype": "application/json;charset=utf-8",
        "id": "m-1",
        "source": "acs.dataworks",
        "specversion": "1.0",
        "type": "dataworks:ResourcesDownload:DownloadResources",
        "data": {"eventCode": "download-resources", "operator": "数据分析师"},
    }
)
"""A body, where it does not matter which."""


PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that signs itself, and its key."""

    key: PrivateKey
    pem: bytes

    @property
    def rsa(self) -> rsa.RSAPrivateKey:
        """The key of one that has an RSA key."""
        assert isinstance(self.key, rsa.RSAPrivateKey)
        return self.key


def self_signed(key: PrivateKey) -> Certificate:
    """A certificate for a key, good for a day."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "eventbridge")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=12))
        .not_valid_after(now + timedelta(hours=12))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )
    return Certificate(key=key, pem=made.public_bytes(serialization.Encoding.PEM))


@cache
def certificates() -> Mapping[str, Certificate]:
    """The certificates of the tests, made once: `own` and `other` are good, the others are not."""
    keys: dict[str, PrivateKey] = {
        "own": rsa.generate_private_key(65537, 2048),
        "other": rsa.generate_private_key(65537, 2048),
        "short": rsa.generate_private_key(65537, 1024),  # noqa: S505  it is to be refused
        "small": rsa.generate_private_key(3, 2048),
        "elliptic": ec.generate_private_key(ec.SECP256R1()),
        "edwards": ed25519.Ed25519PrivateKey.generate(),
    }
    return {name: self_signed(key) for name, key in keys.items()}


def files() -> Iterator[tuple[str, bytes]]:
    """What lies in the bucket: names, and contents. One of them is no certificate."""
    for name, certificate in certificates().items():
        yield f"{name}.pem", certificate.pem
    yield "text.pem", b"-----BEGIN CERTIFICATE-----\nno certificate\n-----END CERTIFICATE-----\n"


def publish(folder: Path) -> Path:
    """Put into a folder, for `certificates.pinned`, what lies in the bucket."""
    for name, content in files():
        (folder / name).write_bytes(content)
    return folder


def address(name: str, *, scheme: str = "https", host: str = HOST) -> str:
    """The URL of a certificate."""
    return f"{scheme}://{host}/{name}.pem"


def privately_encrypted(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    """Data under PKCS#1 v1.5 with block type 1, raised to the private exponent: for this there is no call."""
    size, numbers = key.key_size // 8, key.private_numbers()
    block = b"\x00\x01".ljust(size - len(data) - 1, b"\xff") + b"\x00" + data
    return pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n).to_bytes(size, "big")


@cache
def secret_by(name: str, secret: bytes) -> str:
    """A secret as the owner of a certificate sends it: the same each time, and slow to make."""
    return b64encode(privately_encrypted(certificates()[name].rsa, secret)).decode()


Headers: TypeAlias = tuple[tuple[str, bytes], ...]


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """A request over HTTP, as it is sent: headers in their order, and more than once where they are."""

    method: str = "POST"
    path: str
    """With the query."""
    headers: Headers
    body: bytes

    def of(self, name: str) -> bytes:
        """The value of a header that is there once."""
        (value,) = (value for each, value in self.headers if each == name)
        return value

    def having(self, name: str, value: str | bytes) -> "Push":
        """The same with another value of a header."""
        content = value if isinstance(value, bytes) else value.encode()
        return self.altered(headers=tuple((each, content if each == name else old) for each, old in self.headers))

    def without(self, *names: str) -> "Push":
        """The same without some headers."""
        return self.altered(headers=tuple(each for each in self.headers if each[0] not in names))

    def also(self, name: str, value: str | bytes) -> "Push":
        """The same with one header more."""
        content = value if isinstance(value, bytes) else value.encode()
        return self.altered(headers=(*self.headers, (name, content)))

    def altered(self, **changes: Any) -> "Push":  # noqa: ANN401  any fact of a push
        """The same with other facts."""
        return msgspec.structs.replace(self, **changes)

    @property
    def received(self) -> dict[str, str]:
        """The headers as a server gives them: a character for each byte, repeated ones joined."""
        found: dict[str, str] = {}
        for name, value in self.headers:
            text = value.decode("latin-1").strip()
            found[name.lower()] = f"{found[name.lower()]}, {text}" if name.lower() in found else text
        return found


class Signing(msgspec.Struct, frozen=True, kw_only=True):
    """What a push is signed with. `schemes` are the signatures that it carries, `newline` is what ends the text."""

    url: str
    token: str | None
    timestamp: str
    certificate: str = address("own")
    """Its URL."""
    method: str = "HMAC-SHA1"
    hash_method: str = "SHA256"
    version: str = "1.0"
    by: str = "own"
    """Whose key signs."""
    encrypted_by: str = "own"
    """Whose key encrypts the secret."""
    secret: bytes = ANY_SECRET
    schemes: tuple[str, ...] = (V1, V2)
    newline: bytes = b"\n"

    def text(self, scheme: str, body: bytes) -> bytes:
        """What is signed."""
        method = (METHOD, self.method) if scheme == V1 else (HASH_METHOD, self.hash_method)
        named = ((TIMESTAMP, self.timestamp), method, (VERSION, self.version), (CERTIFICATE, self.certificate))
        token = () if self.token is None else ((TOKEN, self.token),)
        lines = (f"{name}: {value}" for name, value in (*named, *token))
        return "\n".join((self.url, *lines, "")).encode() + body + self.newline

    def headers(self, body: bytes) -> Iterator[tuple[str, str | bytes]]:
        """The headers of EventBridge for a body."""
        yield TIMESTAMP, self.timestamp
        yield VERSION, self.version
        yield CERTIFICATE, self.certificate
        if self.token is not None:
            yield TOKEN, self.token
        if V1 in self.schemes:
            yield METHOD, self.method
            yield SECRET, secret_by(self.encrypted_by, self.secret)
            yield V1, b64encode(digest(self.secret, self.text(V1, body), "sha1"))
        if V2 in self.schemes:
            yield HASH_METHOD, self.hash_method
            signature = certificates()[self.by].rsa.sign(self.text(V2, body), padding.PKCS1v15(), hashes.SHA256())
            yield V2, b64encode(signature)


class Pusher:
    """The target of a rule, and what EventBridge pushes to it.

    The service that it is pushed to needs the same `url` and `token`, and the certificates that `publish` puts down.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        schemes: tuple[str, ...] = (V1, V2),
        newline: bytes = b"\n",
        now: Callable[[], datetime] = edges.now,
    ) -> None:
        self.url = url
        self.token = token
        self.now = now
        self._schemes = schemes
        self._newline = newline

    def push(self, body: bytes = EVENT, **changes: Any) -> Push:  # noqa: ANN401  any fact of a Signing
        """A signed push. What is changed of the signing is signed as well, and so is wrong only for what it says."""
        url = urlsplit(self.url)
        signing = Signing(
            url=self.url,
            token=self.token,
            timestamp=self.timestamp(),
            schemes=self._schemes,
            newline=self._newline,
        )
        signed = msgspec.structs.replace(signing, **changes).headers(body)
        plain = (
            ("host", url.netloc),
            ("content-type", "application/json;charset=utf-8"),
            ("user-agent", "EventBridge"),
        )
        headers = tuple(
            (name, value if isinstance(value, bytes) else value.encode()) for name, value in (*plain, *signed)
        )
        return Push(path=f"{url.path}?{url.query}" if url.query else url.path, headers=headers, body=body)

    def timestamp(self, **difference: float) -> str:
        """The moment, or one that is so far from it, in milliseconds."""
        return str(round((self.now() + timedelta(**difference)).timestamp() * 1000))


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def send(push: Push, host: str, port: int, *, timeout_s: float = 10) -> Answer:
    """Send a push over a connection of its own, just as it is."""
    with closing(HTTPConnection(host, port, timeout=timeout_s)) as connection:
        connection.putrequest(push.method, push.path, skip_host=True, skip_accept_encoding=True)
        for name, value in push.headers:
            connection.putheader(name, value)
        connection.putheader("content-length", str(len(push.body)))
        with suppress(BrokenPipeError, ConnectionResetError):  # one that is too large need not be read to its end
            connection.endheaders(push.body)
        with connection.getresponse() as response:
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(status=response.status, headers=headers, body=response.read())


Making: TypeAlias = Callable[[Pusher, bytes], Push | tuple[Push, ...]]


class Bad(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of bad push, and the status that it is to get."""

    make: Making
    status: int

    def pushes(self, pusher: Pusher, body: bytes) -> tuple[Push, ...]:
        """What is sent, in its order: the last one is to get `status`, those before are good."""
        made = self.make(pusher, body)
        return made if isinstance(made, tuple) else (made,)


_found: dict[str, Bad] = {}

BAD: Mapping[str, Bad] = _found
"""Kinds of bad pushes, by name, for a target that has a token: to a target without one, some of them are good.

A Pusher and a body that is a good event make one.
"""


def _bad(status: int = 401) -> Callable[[Making], Making]:
    """Add a kind."""

    def add(make: Making) -> Making:
        name = getattr(make, "__name__", "").replace("_", " ").strip()
        _found[name] = Bad(make=make, status=status)
        return make

    return add


def _every(push: Push, change: Callable[[bytes], bytes]) -> Push:
    """A push with each of its signatures changed."""
    return push.altered(
        headers=tuple((name, change(value) if name in (V1, V2) else value) for name, value in push.headers)
    )


@_bad()
def unsigned(pusher: Pusher, body: bytes) -> Push:
    names = (TIMESTAMP, METHOD, HASH_METHOD, VERSION, CERTIFICATE, TOKEN, SECRET, V1, V2)
    return pusher.push(body).without(*names)


@_bad()
def with_the_token_alone(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body).without(TIMESTAMP, METHOD, HASH_METHOD, VERSION, CERTIFICATE, SECRET, V1, V2)


@_bad()
def without_the_signature(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body).without(V1, V2)


@_bad()
def signature_empty(pusher: Pusher, body: bytes) -> Push:
    return _every(pusher.push(body), lambda _: b"")


@_bad()
def signature_cut(pusher: Pusher, body: bytes) -> Push:
    return _every(pusher.push(body), lambda value: value[:-4])


@_bad()
def signature_without_its_padding(pusher: Pusher, body: bytes) -> Push:
    return _every(pusher.push(body), lambda value: value.rstrip(b"="))


@_bad()
def signature_with_other_unused_bits(pusher: Pusher, body: bytes) -> Push:
    """Base64 that decodes to the same: 20 bytes leave two bits unused, 256 bytes four."""

    def change(value: bytes) -> bytes:
        digits = value.rstrip(b"=")
        return digits[:-1] + bytes((digits[-1] + 1,)) + value[len(digits) :]

    return _every(pusher.push(body), change)


@_bad()
def signature_not_base64(pusher: Pusher, body: bytes) -> Push:
    return _every(pusher.push(body), lambda value: b"!" + value[1:])


@_bad()
def signature_endless(pusher: Pusher, body: bytes) -> Push:
    return _every(pusher.push(body), lambda value: value.rstrip(b"=") * 20)


@_bad()
def signature_of_another_body(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body.replace(b"m-1", b"m-2") + b" ").altered(body=body)


@_bad()
def signature_twice(pusher: Pusher, body: bytes) -> Push:
    push = pusher.push(body)
    for name, value in push.headers:
        push = push.also(name, value) if name in (V1, V2) else push
    return push


@_bad()
def body_with_one_byte_changed(pusher: Pusher, body: bytes) -> Push:
    middle = len(body) // 2
    return pusher.push(body).altered(body=body[:middle] + bytes((body[middle] ^ 1,)) + body[middle + 1 :])


@_bad()
def body_with_a_blank_in_front(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body).altered(body=b" " + body)


@_bad()
def body_cut(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body).altered(body=body[:-1])


@_bad()
def body_that_is_not_there(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body).altered(body=b"")


@_bad()
def timestamp_changed(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body).having(TIMESTAMP, pusher.timestamp(milliseconds=-500))


@_bad()
def timestamp_missing(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body).without(TIMESTAMP)


@_bad()
def timestamp_twice(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body).also(TIMESTAMP, pusher.timestamp())


@_bad()
def timestamp_of_61_seconds_ago(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, timestamp=pusher.timestamp(seconds=-61))


@_bad()
def timestamp_in_70_seconds(pusher: Pusher, body: bytes) -> Push:
    """More than 61 of them: some pass while it is on its way."""
    return pusher.push(body, timestamp=pusher.timestamp(seconds=70))


@_bad()
def timestamp_in_seconds(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, timestamp=pusher.timestamp()[:-3])


@_bad()
def timestamp_no_number(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, timestamp="now")


@_bad()
def timestamp_negative(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, timestamp=f"-{pusher.timestamp()}")


@_bad()
def timestamp_with_a_plus(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, timestamp=f"+{pusher.timestamp()}")


@_bad()
def timestamp_with_underscores(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, timestamp=f"{pusher.timestamp()[:-3]}_{pusher.timestamp()[-3:]}")


@_bad()
def timestamp_with_a_fraction(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, timestamp=f"{pusher.timestamp()}.0")


@_bad()
def timestamp_in_full_width_digits(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, timestamp="".join(chr(ord(digit) + 0xFEE0) for digit in pusher.timestamp()))


@_bad()
def timestamp_with_leading_zeros_without_end(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, timestamp=pusher.timestamp().zfill(5000))


@_bad()
def signed_for_another_host(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, url=urlsplit(pusher.url)._replace(netloc="gate.example.org").geturl())


@_bad()
def signed_for_another_path(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, url=urlsplit(pusher.url)._replace(path="/other").geturl())


@_bad()
def signed_for_another_query(pusher: Pusher, body: bytes) -> Push:
    """Without it, where the target has one."""
    query = "" if urlsplit(pusher.url).query else "a=1"
    return pusher.push(body, url=urlsplit(pusher.url)._replace(query=query).geturl())


@_bad()
def signed_for_another_scheme(pusher: Pusher, body: bytes) -> Push:
    scheme = "http" if urlsplit(pusher.url).scheme == "https" else "https"
    return pusher.push(body, url=urlsplit(pusher.url)._replace(scheme=scheme).geturl())


@_bad()
def another_token(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, token="another")


@_bad()
def the_token_in_capitals(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, token=(pusher.token or "").swapcase())


@_bad()
def token_missing(pusher: Pusher, body: bytes) -> Push:
    """It is signed, but does not come."""
    return pusher.push(body).without(TOKEN)


@_bad()
def token_of_nobody(pusher: Pusher, body: bytes) -> Push:
    """Neither signed nor sent: a rule without a token, which anybody may have made."""
    return pusher.push(body, token=None)


@_bad()
def token_empty(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, token="")


@_bad()
def token_twice(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body).also(TOKEN, pusher.token or "")


@_bad()
def token_added(pusher: Pusher, body: bytes) -> Push:
    """To a request that was signed without one."""
    return pusher.push(body, token=None).also(TOKEN, pusher.token or "added")


@_bad()
def token_moved_into_the_body(pusher: Pusher, body: bytes) -> Push:
    """What is signed stays the same."""
    token = pusher.token or "moved"
    return pusher.push(body, token=token).without(TOKEN).altered(body=f"{TOKEN}: {token}\n".encode() + body)


BAD_URLS = {
    "over http": address("own", scheme="http"),
    "without a scheme": f"{HOST}/own.pem",
    "of a file": "file:///etc/ssl/own.pem",
    "on another host": address("own", host="gate.example.org"),
    "on a host with a suffix": address("own", host=f"{HOST}.example.org"),
    "on a host with a prefix": address("own", host=f"evil-{HOST}"),
    "on a host below": address("own", host=f"evil.{HOST}"),
    "on the host of 2021": address("own", host="cn-hangzhou-eventbridge.oss-cn-hangzhou.aliyuncs.com"),
    "in another bucket": address("own", host="cn-shanghai-eventbridges.oss-accelerate.aliyuncs.com"),
    "with user info": address("own", host=f"{HOST}@gate.example.org"),
    "with user info in front": address("own", host=f"gate.example.org@{HOST}"),
    "with a port": address("own", host=f"{HOST}:443"),
    "with a backslash": address("own", host=f"gate.example.org\\.{HOST}"),
    "with a slash in the host": address("own", host=f"gate.example.org/{HOST}"),
    "with dots of Unicode": address("own", host=HOST.replace(".", "。")),
    "with a letter of Unicode": address("own", host=HOST.replace("a", "а")),
    "with a trailing dot": address("own", host=f"{HOST}."),
    "in capitals": address("own", host=HOST.upper()),
    "of an unknown region": address("own", host="cn-atlantis-eventbridge.oss-accelerate.aliyuncs.com"),
    "of no region": address("own", host="-eventbridge.oss-accelerate.aliyuncs.com"),
    "with a query": f"{address('own')}?x.pem",
    "with an empty query": f"{address('own')}?",
    "with a fragment": f"{address('own')}#.pem",
    "with parameters": f"{address('own')};a=.pem",
    "with dots in the path": f"https://{HOST}/a/../own.pem",
    "with dots escaped": f"https://{HOST}/a/%2e%2e/own.pem",
    "with two slashes": f"https://{HOST}//own.pem",
    "with a hidden file": f"https://{HOST}/.pem",
    "without a path": f"https://{HOST}",
    "of a folder": f"https://{HOST}/own.pem/",
    "of no certificate's name": f"https://{HOST}/own.txt",
    "with a tab": f"https://{HOST}/own\t.pem",
    "with a blank": f"https://{HOST}/ own.pem",
    "too long": f"https://{HOST}/{'a' * 300}.pem",
    "empty": "",
}
"""Addresses of certificates that are none, by what is wrong with them."""


def _certificate_at(url: str) -> Making:
    return lambda pusher, body: pusher.push(body, certificate=url)


_found |= {f"certificate {kind}": Bad(make=_certificate_at(url), status=401) for kind, url in BAD_URLS.items()}


@_bad()
def certificate_missing(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body).without(CERTIFICATE)


@_bad()
def certificate_twice(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body).also(CERTIFICATE, address("own"))


@_bad()
def certificate_of_another_key(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, certificate=address("other"))


@_bad()
def certificate_changed(pusher: Pusher, body: bytes) -> Push:
    """To another of EventBridge's, which is not the one that is signed."""
    return pusher.push(body).having(CERTIFICATE, address("other"))


@_bad(503)
def certificate_that_is_not_there(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, certificate=address("nowhere"))


@_bad(503)
def certificate_that_is_text(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, certificate=address("text"))


@_bad(503)
def certificate_with_an_elliptic_key(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, certificate=address("elliptic"))


@_bad(503)
def certificate_with_a_short_key(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, certificate=address("short"), by="short", encrypted_by="short")


@_bad(503)
def certificate_with_a_small_exponent(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, certificate=address("small"), by="small", encrypted_by="small")


@_bad()
def signed_by_another_key(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, schemes=(V2,), by="other")


@_bad()
def secret_encrypted_by_another_key(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, schemes=(V1,), encrypted_by="other")


@_bad()
def secret_in_the_clear(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, schemes=(V1,)).having(SECRET, b64encode(ANY_SECRET))


@_bad()
def secret_encrypted_for_the_public_key(pusher: Pusher, body: bytes) -> Push:
    """Block type 2, which everybody can make."""
    key = certificates()["own"].rsa.public_key()
    return pusher.push(body, schemes=(V1,)).having(SECRET, b64encode(key.encrypt(ANY_SECRET, padding.PKCS1v15())))


@_bad()
def secret_that_is_a_signature(pusher: Pusher, body: bytes) -> Push:
    """What is encrypted in the newer signature of any push is known to whoever got it."""
    signed = pusher.push(body, url="https://stranger.example.org", token=None, schemes=(V2,))
    return _under(pusher, body, b64decode(signed.of(V2)))


@_bad()
def secret_that_is_the_signature_of_the_certificate(pusher: Pusher, body: bytes) -> Push:
    """A certificate that signs itself tells everybody a secret."""
    return _under(pusher, body, x509.load_pem_x509_certificate(certificates()["own"].pem).signature)


def _under(pusher: Pusher, body: bytes, encrypted: bytes) -> Push:
    """A push under what a signature has encrypted, made without the private key."""
    key = certificates()["own"].rsa.public_key()
    secret = key.recover_data_from_signature(encrypted, padding.PKCS1v15(), None)
    return pusher.push(body, schemes=(V1,), secret=secret).having(SECRET, b64encode(encrypted))


@_bad()
def secret_of_another_push(pusher: Pusher, body: bytes) -> Push:
    other = pusher.push(body, schemes=(V1,), secret=b"another secret")
    return pusher.push(body, schemes=(V1,)).having(SECRET, other.of(SECRET))


@_bad()
def secret_not_base64(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, schemes=(V1,)).having(SECRET, "*" * 344)


@_bad()
def secret_missing(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, schemes=(V1,)).without(SECRET)


@_bad()
def secret_empty(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, schemes=(V1,)).having(SECRET, b"")


@_bad()
def secret_twice(pusher: Pusher, body: bytes) -> Push:
    push = pusher.push(body, schemes=(V1,))
    return push.also(SECRET, push.of(SECRET))


@_bad()
def method_md5(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, schemes=(V1,), method="HMAC-MD5")


@_bad()
def method_missing(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, schemes=(V1,)).without(METHOD)


@_bad()
def hash_method_sha1(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, schemes=(V2,), hash_method="SHA1")


@_bad()
def hash_method_missing(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, schemes=(V2,)).without(HASH_METHOD)


@_bad()
def version_2(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, version="2.0")


@_bad()
def version_missing(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body).without(VERSION)


@_bad()
def version_twice(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body).also(VERSION, "1.0")


@_bad()
def v2_wrong_with_v1_right(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, schemes=(V1, V2), by="other")


@_bad()
def v2_empty_with_v1_right(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body, schemes=(V1, V2)).having(V2, b"")


@_bad()
def v1_in_the_place_of_v2(pusher: Pusher, body: bytes) -> Push:
    push = pusher.push(body, schemes=(V1, V2))
    return push.having(V2, push.of(V1))


@_bad(409)
def sent_again(pusher: Pusher, body: bytes) -> tuple[Push, ...]:
    push = pusher.push(body)
    return push, push


@_bad(409)
def sent_again_with_other_unsigned_headers(pusher: Pusher, body: bytes) -> tuple[Push, ...]:
    push = pusher.push(body)
    return push, push.having("user-agent", "curl/8").also("x-forwarded-for", "198.51.100.1")


@_bad(409)
def sent_again_with_one_signature_of_two(pusher: Pusher, body: bytes) -> tuple[Push, ...]:
    push = pusher.push(body, schemes=(V1, V2))
    return push, push.without(V2, HASH_METHOD)


@_bad(409)
def sent_again_with_a_line_end_more(pusher: Pusher, body: bytes) -> tuple[Push, ...]:
    """Under the same signature: whether EventBridge has one behind the body is not sure."""
    push = pusher.push(body, newline=b"\n")
    return push, push.altered(body=body + b"\n")


@_bad(413)
def too_large(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body.ljust(MAX_BODY_BYTES + 1))


@_bad(400)
def signed_but_not_json(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body[:-1])


@_bad(400)
def signed_but_no_event(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(msgspec.json.encode({"greeting": f"{len(body)} times hello"}))


@_bad(400)
def signed_but_empty(pusher: Pusher, body: bytes) -> Push:
    del body
    return pusher.push(b"")


@_bad(405)
def another_method(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body).altered(method="PUT")


@_bad(404)
def another_path(pusher: Pusher, body: bytes) -> Push:
    return pusher.push(body).altered(path="/no/such/page")
