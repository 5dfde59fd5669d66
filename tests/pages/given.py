"""What the tests of the pages share: records of real verdicts, stores in memory, and pages taken apart."""

import json
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any, Self

import msgspec

from extension import envelopes, pipeline, policy, records
from extension.deliveries import Callback
from extension.errors import StoreError
from extension.records import Judgement, Record
from extension.stores import Query
from tests.cases import EVENTS

NOW = datetime(2026, 11, 27, 8, 30, 15, tzinfo=UTC)
KEY = "a key for links, of 32 characters"
TOKEN = "a token for the administrator, of many characters"

RULES = """
version: 1
language: en
timezone: Asia/Shanghai
log: {sql: outline}
sql: {projects: {odps_first: shop}}
rules:
  - id: bulk-download
    on: resources-download
    check: download.rows
    with: {max: 1000}
    severity: high
    owner: data-governance
    help: https://example.com/rules/bulk-download
  - {id: personal, on: resources-download, check: sql.columns, with: {deny: ["*.phone"], masked_by: [mask]}}
  - {id: hr, on: resources-download, check: sql.tables, with: {deny: ["hr.*"]}, owner: hr-office}
  - {id: large, on: resources-download, check: download.size, with: {max: 1MB}, result: WARN}
  - {id: names, on: resources-download, check: download.file_name, with: {pattern: "ok.*"}, mode: shadow}
"""

SQL = (
    "select u.phone, u.name, count(1) as n from dim_sku s join hr.users u on s.uid = u.id"
    " where s.ds = 'a secret' and u.age > 18 group by u.phone, u.name order by n limit 100000"
)


def judged(rules: str = RULES, at: datetime = NOW, sql: str = SQL, **changes: Any) -> Record:  # noqa: ANN401  fields
    """The record of a download that was judged, with some fields changed."""
    event = json.loads((EVENTS / "download-resources.json").read_text(encoding="utf-8"))
    event["messageBody"] |= {"sqlText": sql}
    in_force = policy.parse(rules.encode(), "policy.yaml")
    parsed, _ = in_force.at(envelopes.parse(json.dumps(event).encode()), at)
    verdict = pipeline.judge(parsed, in_force, at)
    posted = Callback(outcome="posted", action="CallbackExtension", result=verdict.result, calls=1)
    made = Judgement(
        event=parsed,
        verdict=verdict,
        callback=posted,
        at=at,
        request_id="r-1",
        switch="",
        judged_ms=1234.5,
        total_ms=2000,
    )
    return msgspec.structs.replace(records.record(made), **changes)


def many(count: int, record: Record) -> Iterator[Record]:
    """Records like one, each a second older than the one before."""
    for number in range(1, count + 1):
        at = record.at - timedelta(seconds=number)
        identity = f"{at:%Y%m%dT%H%M%S%f}-{number:012x}"
        yield msgspec.structs.replace(record, id=identity, at=at, message_id=f"m-{number}", thread="")


class Kept:
    """A store in memory."""

    def __init__(self, kept: Sequence[Record] = ()) -> None:
        self.kept = {record.id: record for record in sorted(kept, key=lambda record: record.id, reverse=True)}
        self.asked: list[str] = []

    def add(self, records: Sequence[Record]) -> None:
        """Nobody does here."""
        raise NotImplementedError(records)

    def get(self, identity: str) -> Record | None:
        self.asked.append(identity)
        return self.kept.get(identity)

    def find(self, query: Query, *, limit: int, before: str = "") -> list[Record]:
        found = (record for record in self.kept.values() if (not before or record.id < before) and query.takes(record))
        return [record for record, _ in zip(found, range(limit), strict=False)]

    def read(self) -> Iterator[Record]:
        return iter(self.kept.values())

    def purge(self, first: date) -> int:
        """Nobody does here."""
        raise NotImplementedError(first)

    def close(self) -> None:
        """There is nothing to close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to close."""


class Failing(Kept):
    """A store that cannot be read."""

    def get(self, identity: str) -> Record | None:
        raise StoreError(f"no connection for {identity}")


class Hanging(Kept):
    """A store that does not answer until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def get(self, identity: str) -> Record | None:
        self.let_go.wait(30)
        return super().get(identity)


_INLINE = ("a", "bdi", "code", "mark", "span", "time", "var")
"""Elements that end no word."""


class Page(HTMLParser):
    """A page as a browser would take it apart: `text`, and each element as its tag and attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.marked: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._open.append(tag)
        self.text += " " * (tag not in _INLINE)
        if tag == "mark":
            self.marked.append("")

    def handle_endtag(self, tag: str) -> None:
        self.text += " " * (tag not in _INLINE)
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self._open and self._open[-1] == "mark":
            self.marked[-1] += data

    @property
    def words(self) -> str:
        """The text with one blank where there are any."""
        return " ".join(self.text.split())

    @property
    def links(self) -> list[str]:
        """Addresses of all links."""
        return [attributes["href"] for tag, attributes in self.elements if tag == "a"]
