"""Links to the page of a verdict: who has one opens that page, until it expires."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta, timezone
from string import ascii_letters, digits
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extension import links
from extension.links import Standing, address, holds, path
from tests import strategies

KEY = "0123456789abcdef0123456789abcdef"
ID = "20261127T083015123456-1a2b3c4d5e6f"
NOW = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
UNTIL = NOW + timedelta(days=7)

ANY_TEXT = st.text(st.characters(codec=None))
"""Halves of surrogate pairs among it."""


def parts(link: str) -> tuple[str, str, str]:
    """Id, time and signature of a link."""
    url = urlsplit(link)
    query = parse_qs(url.query, strict_parsing=True)
    return url.path.rpartition("/")[2], query["until"][0], query["sign"][0]


def test_a_link_is_the_address_of_the_page_with_its_time_and_signature() -> None:
    link = address("https://rules.example.com/ext/", KEY, ID, UNTIL)
    assert link == f"https://rules.example.com/ext/verdicts/{ID}?until=1796373000&sign=SlDzpsXyrHRMJM4x-2Rs2s"
    assert link.endswith(path(KEY, ID, UNTIL))


def test_a_link_is_good_until_its_time_is_over() -> None:
    identity, until, sign = parts(address("", KEY, ID, UNTIL))
    assert holds(KEY, identity, until, sign, NOW) is Standing.GOOD
    assert holds(KEY, identity, until, sign, UNTIL - timedelta(microseconds=1)) is Standing.GOOD
    assert holds(KEY, identity, until, sign, UNTIL) is Standing.EXPIRED


def test_the_zone_of_a_time_does_not_matter() -> None:
    east = UNTIL.astimezone(timezone(timedelta(hours=8)))
    assert address("", KEY, ID, east) == address("", KEY, ID, UNTIL)


def test_another_key_or_verdict_or_time_makes_it_forged() -> None:
    identity, until, sign = parts(address("", KEY, ID, UNTIL))
    assert holds(KEY[::-1], identity, until, sign, NOW) is Standing.FORGED
    assert holds(KEY, identity.replace("08", "09", 1), until, sign, NOW) is Standing.FORGED
    assert holds(KEY, identity, str(int(until) + 1), sign, NOW) is Standing.FORGED


@pytest.mark.parametrize("until", ["", "+1", "-1", " 1", "1 ", "1_000", "1.0", "1e9", "١", "１", "1\n", "9" * 13])
def test_a_time_is_plain_digits(until: str) -> None:
    assert holds(KEY, ID, until, links._signature(KEY, ID, until), NOW) is Standing.FORGED


def test_a_signature_has_one_spelling() -> None:
    identity, until, sign = parts(address("", KEY, ID, UNTIL))
    others = [sign[:-1] + letter for letter in ascii_letters + digits + "-_" if letter != sign[-1]]
    assert any(urlsafe_b64decode(f"{other}==") == urlsafe_b64decode(f"{sign}==") for other in others)
    for other in (*others, f"{sign}==", f" {sign}", f"{sign}A", sign[:-1], ""):
        assert holds(KEY, identity, until, other, NOW) is Standing.FORGED


@strategies.examples(100)
@given(key=ANY_TEXT, identity=ANY_TEXT, until=ANY_TEXT | st.from_regex(r"\A[0-9]{1,14}\Z"), sign=ANY_TEXT)
def test_whatever_comes_is_forged_and_raises_nothing(key: str, identity: str, until: str, sign: str) -> None:
    assert holds(key, identity, until, sign, NOW) is Standing.FORGED


@strategies.examples(100)
@given(
    key=st.text(min_size=1),
    identity=st.text(st.characters(codec="ascii", categories=["L", "N", "Pd"]), min_size=1),
    until=st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)),  # noqa: DTZ001  a zone is put on it below
    seconds=st.integers(-(10**9), 10**9),
)
def test_what_is_signed_is_good_or_over_and_nothing_else(
    key: str, identity: str, until: datetime, seconds: int
) -> None:
    end = until.replace(tzinfo=UTC, microsecond=0)
    standing = holds(key, *parts(address("https://x.example", key, identity, end)), end + timedelta(seconds=seconds))
    assert standing is (Standing.GOOD if seconds < 0 else Standing.EXPIRED)


def test_a_key_has_at_least_32_characters_and_no_blanks_around_it() -> None:
    assert links.key(f" {KEY}\n") == KEY
    with pytest.raises(ValueError, match="at least 32 characters, found 31") as raised:
        links.key(f"   {KEY[1:]}   ")
    assert KEY[1:] not in str(raised.value)
