"""JSON that is too deep, or holds too much, is told from its bytes: as a parser would, before there is one."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from extension import bounds
from extension.bounds import MAX_DEPTH, MAX_VALUES
from extension.envelopes import MAX_BODY_BYTES
from tests import strategies
from tests.conftest import EVENTS

DEEP, MANY = "is nested too deeply", "has more than 200,000 values"


def depth(value: object) -> int:
    """How many lists and objects are inside each other."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return int(isinstance(value, dict | list)) + max(map(depth, inner), default=0)


def count(value: object) -> int:
    """How many values there are, with one more for each list and object that is empty."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + (sum(map(count, inner)) or int(isinstance(value, dict | list)))


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.json")), ids=lambda path: path.name)
def test_the_documented_events_are_far_below(path: Path) -> None:
    value = json.loads(path.read_bytes())
    assert depth(value) <= MAX_DEPTH / 8
    assert count(value) <= MAX_VALUES / 2_000


@pytest.mark.parametrize(
    ("begin", "end"), [(b"[", b"]"), (b'{"":', b"}"), (b'[{"a":', b"}]"), (b'["]",', b"]"), (b'{"}":"","[":', b"}")]
)
def test_the_limit_of_the_depth_is_exact(begin: bytes, end: bytes) -> None:
    most = MAX_DEPTH // (begin.count(b"[{") + 1)
    inside = b"0"
    assert bounds.excess(begin * most + inside + end * most) == ""
    assert bounds.excess(begin * most + b"[]" + end * most) == DEEP
    assert bounds.excess(begin * (most + 1) + inside + end * (most + 1)) == DEEP


def test_what_stands_side_by_side_is_not_deep() -> None:
    assert bounds.excess(b"[" + b"[[]]," * 1_000 + b"[]]") == ""
    assert bounds.excess(b"[" + b'{"a": {"b": []}},' * 1_000 + b"{}]") == ""


@pytest.mark.parametrize(
    "text",
    [
        b'["' + b"[" * 1_000 + b'"]',
        b'["\\"' + b"[" * 1_000 + b'"]',
        b'["\\\\\\"' + b"{" * 1_000 + b'"]',
        b'["a", "' + b'\\"[' * 1_000 + b'", ""]',
        b'"' + b"[" * 1_000,
        b'"' + b"," * MAX_VALUES + b'"',
        b'["\\\\", "' + b"," * MAX_VALUES + b'"]',
    ],
)
def test_what_is_in_a_text_in_quotes_does_not_count(text: bytes) -> None:
    assert bounds.excess(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        b"[" * (MAX_DEPTH + 1),
        b'["\\\\",' + b"[" * MAX_DEPTH,
        b'["", "\\"", "",' + b"[" * MAX_DEPTH,
        b'{"messageId": NaN, "x": ' + b"[" * MAX_DEPTH,
        b"[}" * 2 + b"[" * (MAX_DEPTH + 1),
    ],
)
def test_what_is_broken_is_as_deep_as_a_parser_would_go(text: bytes) -> None:
    assert bounds.excess(text) == DEEP


@pytest.mark.parametrize("text", [b"]" * 1_000 + b"[" * MAX_DEPTH, b"[" * MAX_DEPTH + b'"' + b"[" * 1_000, b"[]" * 100])
def test_what_is_no_json_and_not_deep_is_left_to_the_parser(text: bytes) -> None:
    assert bounds.excess(text) == ""


@pytest.mark.parametrize(
    ("item", "values"), [(b"0", 1), (b'","', 1), (b'""', 1), (b'{"a":1}', 2), (b"[0,[0,0]]", 5), (b'{",":"{"}', 2)]
)
def test_the_limit_of_the_values_is_exact(item: bytes, values: int) -> None:
    most = (MAX_VALUES - 1) // values
    assert bounds.excess(b"[" + b",".join([item] * most) + b"]") == ""
    assert bounds.excess(b"[" + b",".join([item] * (most + 1)) + b"]") == MANY


VALUES = st.recursive(
    st.none() | st.integers() | st.text('[]{},:"\\ a\n字😀', max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('[{,"\\', max_size=3), inner, max_size=4),
    max_leaves=20,
)


@strategies.examples(100)
@given(value=VALUES, ascii_only=st.booleans(), most=st.integers(0, 5), indent=st.none() | st.just(1))
@example(value=['\\"', ["["]], ascii_only=True, most=1, indent=None)
def test_it_says_what_a_parser_would_find(value: object, ascii_only: bool, most: int, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounds, "MAX_DEPTH", most)
        patch.setattr(bounds, "MAX_VALUES", most * 2)
        deep, many = depth(value) > most, count(value) > most * 2
        expected = DEEP if deep else f"has more than {most * 2:,} values" if many else ""
        assert bounds.excess(text) == expected


HOSTILE = {
    "brackets in brackets": (b"[", b"]", DEEP),
    "brackets that are left open": (b"[", b"[", DEEP),
    "lists beside each other": (b"[],", b"[],", MANY),
    "steps": (b"[[],", b"],", DEEP),
    "quotes": (b'""', b'""', ""),
    "quotes with something between": (b'"[",', b'"",', MANY),
    "backslashes": (b"\\", b"\\", ""),
    "escapes in a text that is left open": (b'\\"', b"[{", ""),
}


@pytest.mark.parametrize(("first", "second", "excess"), HOSTILE.values(), ids=HOSTILE)
def test_the_longest_bodies_take_no_time_to_speak_of(first: bytes, second: bytes, excess: str) -> None:
    """Nor do they take many times their own memory: each would run for minutes if it were not one pass."""
    half = MAX_BODY_BYTES // 2
    begin = b'"' if first == b'\\"' else b"["
    text = begin + b"[]," * MAX_DEPTH + first * (half // len(first)) + second * (half // len(second))
    assert bounds.excess(text) == excess
