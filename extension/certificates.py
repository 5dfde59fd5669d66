"""The certificates that EventBridge's signatures name: where one may lie, how it is had, and how long it is kept.

Source: https://www.alibabacloud.com/help/en/eventbridge/user-guide/signature-algorithm
"""

import re
import threading
from collections import deque
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPException, HTTPSConnection
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from extension import __version__
from extension.errors import CertificateError, ConfigurationError, SignatureError
from extension.light import trust
from extension.overtime import Workers
from extension.verdict import clean

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

Fetch: TypeAlias = Callable[[str, float], bytes]
"""What is at a URL, in so many seconds. Raises CertificateError where that cannot be had."""

REGIONS = (
    *("cn-beijing", "cn-hangzhou", "cn-shanghai", "cn-zhangjiakou", "cn-shenzhen", "cn-chengdu", "cn-hongkong"),
    *("us-west-1", "us-east-1", "eu-central-1", "ap-northeast-1", "ap-southeast-1"),
)
"""Regions that have extensions.

A host below oss-accelerate.aliyuncs.com is a bucket, and names of buckets are anybody's: where there is no such region,
a stranger can register `{region}-eventbridge`, and sign with a certificate of his own. That EventBridge holds the
bucket of each of these is unverified.
"""

MAX_URL_CHARS = 300

MAX_BYTES = 64 * 1024
"""Longest certificate that is read."""

MIN_KEY_BITS, MIN_EXPONENT = 2048, 65537
"""Below that exponent a secret can be made that a certificate seems to have encrypted: with 3, a cube root does it."""

FRESH_S = 24 * 60 * 60.0
"""A certificate serves for that long before it is fetched again."""

USABLE_S = 7 * FRESH_S
"""And for that long while it cannot be."""

AGAIN_S, RENEWED_AGAIN_S = 10.0, 300.0
"""After a fetch that failed the next one of that name is this much later; of one that is usable meanwhile, this."""

MAX_KEPT = 16

MAX_UNKNOWN, UNKNOWN_S = 30, 60.0
"""So many names that are not known are asked for in so many seconds: strangers can make up as many as they like."""

MAX_LEFT = 8
"""None of them is while so many fetches hang that were left behind."""

_WORD = "[A-Za-z0-9_-]+"
_FILE = rf"{_WORD}(?:\.{_WORD})*"
_FILE_NAME = re.compile(_FILE)
_URL = re.compile(rf"https://(?:{'|'.join(REGIONS)})-eventbridge\.oss-accelerate\.aliyuncs\.com(?:/{_FILE})+")


def check(url: str) -> None:
    """Raise SignatureError for a URL that is not of a certificate of EventBridge.

    What is not in the pattern is not in the URL: port, user info, query, fragment, `..`, percent-escapes, backslashes.
    """
    if len(url) > MAX_URL_CHARS or not _URL.fullmatch(url) or not url.endswith(".pem"):
        raise SignatureError("x-eventbridge-signature-url: is not the address of a certificate of EventBridge")


def load() -> None:
    """Load what certificates are read with. Raises ConfigurationError where it is not installed."""
    try:
        import cryptography.x509  # noqa: F401, PLC0415  slow, and not there in a light package
    except ImportError as error:
        raise ConfigurationError(
            "EVENTBRIDGE_URL",
            "signatures of EventBridge are verified with the package cryptography, which is not here: "
            "install requirements-service.txt, or deploy the package with the SDK (without LIGHT=1)",
        ) from error


class _Kept:
    """A certificate that was had, and when; `proved_s` is when a signature was last found right by it."""

    def __init__(self, key: "RSAPublicKey", fetched_s: float, proved_s: float) -> None:
        self.key = key
        self.fetched_s = fetched_s
        self.proved_s = proved_s


class _Attempt:
    """To have a certificate: who wants it meanwhile waits until it is over. It stands for `until_s` where it failed."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.until_s = inf
        self.key: RSAPublicKey | None = None
        self.problem = "did not come in time"


class Certificates:
    """Public keys by the URLs of their certificates. Any number of threads can ask at the same time.

    Neither validity nor issuer of a certificate is looked at: it counts because of where it lies, as in EventBridge's
    own verifier.

    Strangers can name what is not there, and every certificate that is: what they make us fetch is counted, and what
    they make us keep goes before anything by which a signature was ever found right. One who keeps using up the count
    keeps out a certificate that is new to us: nobody comes as far without the token, where one is configured.
    """

    def __init__(self, fetch: Fetch, clock: Callable[[], float]) -> None:
        """`fetch` is left behind when its time is up; `clock` counts seconds from any point."""
        self._fetch = fetch
        self._clock = clock
        self._workers = Workers()
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._attempts: dict[str, _Attempt] = {}
        self._unknown: deque[float] = deque(maxlen=MAX_UNKNOWN)

    def key(self, url: str, within_s: float) -> "RSAPublicKey":
        """The key of a certificate. It is fetched once, whoever else asks; one that is kept is not waited for.

        Raises SignatureError for a URL that is not of EventBridge, CertificateError for a certificate that cannot be
        had or does not serve, and ConfigurationError where nothing can be verified.
        """
        check(url)
        load()
        with self._lock:
            now_s = self._clock()
            kept = self._kept.get(url)
            if kept and now_s < kept.fetched_s + FRESH_S:
                return kept.key
            usable = kept.key if kept and now_s < kept.fetched_s + USABLE_S else None
            for each in [name for name, attempt in self._attempts.items() if attempt.until_s <= now_s]:
                del self._attempts[each]
            attempt = self._attempts.get(url)
            mine = attempt is None
            if attempt is None:
                attempt = self._begin(url, now_s, known=usable is not None)
        if mine:
            self._make(attempt, url, within_s, AGAIN_S if usable is None else RENEWED_AGAIN_S)
        elif usable is None:
            attempt.over.wait(max(within_s, 0))
        found = attempt.key or usable
        if found is None:
            raise CertificateError(url, attempt.problem)
        return found

    def proved(self, url: str) -> None:
        """Note that a signature was found right by a certificate: no other but such a one takes its place."""
        with self._lock:
            kept = self._kept.get(url)
            if kept:
                kept.proved_s = self._clock()

    def _begin(self, url: str, now_s: float, *, known: bool) -> _Attempt:
        """A new attempt. Raises CertificateError where too many were made for what is not known."""
        left = self._workers.left  # looked at each time, for that lets go of those that have ended
        if not known:
            if left >= MAX_LEFT:
                raise CertificateError(url, f"{left} others hang")
            if len(self._unknown) == MAX_UNKNOWN and now_s < self._unknown[0] + UNKNOWN_S:
                raise CertificateError(url, f"{MAX_UNKNOWN} others were asked for in the last {UNKNOWN_S:.0f} s")
            self._unknown.append(now_s)
        attempt = self._attempts[url] = _Attempt()
        return attempt

    def _make(self, attempt: _Attempt, url: str, within_s: float, again_s: float) -> None:
        """Fetch a certificate, and keep it; what goes wrong is noted in the attempt."""
        try:
            content = self._workers.run(lambda: self._fetch(url, within_s), within_s)
            attempt.key = _key(url, content)
        except CertificateError as error:
            attempt.problem = error.problem
        except TimeoutError:
            attempt.problem = f"did not come in {within_s:.1f} s"
        finally:
            with self._lock:
                now_s = self._clock()
                if attempt.key:
                    del self._attempts[url]
                    self._keep(url, attempt.key, now_s)
                else:
                    attempt.until_s = now_s + again_s
            attempt.over.set()

    def _keep(self, url: str, key: "RSAPublicKey", now_s: float) -> None:
        before = self._kept.pop(url, None)
        if len(self._kept) >= MAX_KEPT:
            del self._kept[min(self._kept, key=lambda each: (self._kept[each].proved_s, self._kept[each].fetched_s))]
        self._kept[url] = _Kept(key, now_s, before.proved_s if before else -inf)


def _key(url: str, content: bytes) -> "RSAPublicKey":
    """The key in a certificate. Raises CertificateError for what is none, or too weak."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  as in load
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415  as in load
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415  as in load

    try:
        key = load_pem_x509_certificate(content).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError(url, "is no X.509 certificate in PEM") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < MIN_KEY_BITS or key.public_numbers().e < MIN_EXPONENT:
        raise CertificateError(
            url, f"has no RSA key of at least {MIN_KEY_BITS} bits with an exponent of at least {MIN_EXPONENT}"
        )
    return key


def fetch(url: str, within_s: float) -> bytes:
    """What is at `https://host[:port]/path`, by a server that the machine trusts. Redirections are not followed.

    The time is that of each step: who wants an end of the whole leaves it behind, as `Certificates` does. No proxy is
    asked. Raises CertificateError for every answer but 200 and for one that is too long or not whole.
    """
    host, _, path = url.removeprefix("https://").partition("/")
    agent = {"User-Agent": f"dataworks-extension/{__version__}"}
    try:
        with closing(HTTPSConnection(host, timeout=within_s, context=trust())) as connection:
            connection.request("GET", f"/{path}", headers=agent)
            with connection.getresponse() as response:
                content = response.read(MAX_BYTES + 1)
    except (OSError, HTTPException, ValueError) as error:
        raise CertificateError(url, f"{type(error).__name__}: {clean(str(error))}") from error
    if response.status != 200:  # noqa: PLR2004  OK
        raise CertificateError(url, f"HTTP {response.status}")
    if response.length or len(content) > MAX_BYTES:
        raise CertificateError(url, "is too long, or did not come whole")
    return content


def pinned(folder: Path) -> Fetch:
    """Certificates from files of a folder, by the last part of their URL, for a machine without a way out.

    A file that is changed is taken up within a day.
    """

    def read(url: str, within_s: float) -> bytes:
        del within_s
        name = url.rpartition("/")[2]
        if not _FILE_NAME.fullmatch(name):
            raise CertificateError(url, "has no name of a file")
        try:
            with (folder / name).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise CertificateError(url, f"no file {name}: {error.strerror}") from error
        if len(content) > MAX_BYTES:
            raise CertificateError(url, "is too long")
        return content

    return read
