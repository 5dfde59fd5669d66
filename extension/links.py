"""Links to the page of a verdict: who has one can open that page until it expires, and no other.

The sender of a verdict makes them, so nothing is imported here that takes time to load.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

MIN_KEY_CHARS = 32
"""Shortest key that links are signed with."""

_VERSION = "verdict-link-1"
"""What is signed, so that a signature says nothing about anything else that the key signs, or later forms of links."""

_SIGN_CHARS = 22
"""Of base64: 132 bits, and short enough for a text that a user may have to type."""

_SECONDS = re.compile("[0-9]{1,12}")


class Standing(StrEnum):
    """What a link is worth: signed by us and in time, signed by us and too old, or not signed by us."""

    GOOD = "good"
    EXPIRED = "expired"
    FORGED = "forged"


def key(text: str) -> str:
    """The key that links are signed with, without blanks around it.

    Raises ValueError for one that could be guessed, without the key in its text.
    """
    text = text.strip()
    if len(text) < MIN_KEY_CHARS:
        raise ValueError(f"expected a random text of at least {MIN_KEY_CHARS} characters, found {len(text)}")
    return text


def address(base: str, key: str, identity: str, until: datetime) -> str:
    """The address of the page of a verdict, by the id of its record; it expires at `until`, to the second.

    `base` is the public address of the pages, with a path before theirs where there is one.
    """
    return f"{base.rstrip('/')}{path(key, identity, until)}"


def path(key: str, identity: str, until: datetime) -> str:
    """The address of the page of a verdict, without what is before the pages' own path."""
    seconds = str(int(until.timestamp()))
    return f"/verdicts/{identity}?until={seconds}&sign={_signature(key, identity, seconds)}"


def holds(key: str, identity: str, until_text: str, sign_text: str, now: datetime) -> Standing:
    """What the link with these parts is worth at a moment. It takes any text, in the same time whatever the signature.

    A signature has one spelling: it is compared as it is written.
    """
    if not _SECONDS.fullmatch(until_text):
        return Standing.FORGED
    expected = _signature(key, identity, until_text).encode()
    if not hmac.compare_digest(expected, sign_text.encode(errors="surrogatepass")):
        return Standing.FORGED
    return Standing.GOOD if now.timestamp() < int(until_text) else Standing.EXPIRED


def _signature(key: str, identity: str, until_text: str) -> str:
    said = f"{_VERSION}\n{identity}\n{until_text}".encode(errors="surrogatepass")
    digest = hmac.digest(key.encode(errors="surrogatepass"), said, sha256)
    return urlsafe_b64encode(digest)[:_SIGN_CHARS].decode()
