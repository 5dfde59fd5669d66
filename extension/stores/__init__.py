"""Where records of verdicts are kept: a folder of JSON lines, or an SQL database. One interface for both.

`opening` opens one by the name of its place.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Protocol, Self

import msgspec

from extension.records import Record
from extension.verdict import Result


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which records are looked for; what is empty or None leaves them all in. Texts must match as a whole."""

    result: Result | None = None
    code: str = ""
    """Event code."""
    rule: str = ""
    """A rule that decided: one of `Record.rules`."""
    workspace: str = ""
    operator: str = ""
    """Any of `Record.operators`, or `Record.operator`."""
    message_id: str = ""
    thread: str = ""
    first: date | None = None
    """First day, in UTC."""
    last: date | None = None
    """Last day, in UTC, too."""

    def takes(self, record: Record) -> bool:
        """Whether a record is looked for."""
        day = record.at.date()
        return (
            (self.result is None or record.result is self.result)
            and (not self.code or record.code == self.code)
            and (not self.rule or self.rule in record.rules)
            and (not self.workspace or record.workspace == self.workspace)
            and (not self.operator or self.operator in (record.operator, *record.operators))
            and (not self.message_id or record.message_id == self.message_id)
            and (not self.thread or record.thread == self.thread)
            and (self.first is None or day >= self.first)
            and (self.last is None or day <= self.last)
        )


class Store(Protocol):
    """A store of records. Any number of threads and processes can use one at the same time.

    What fails raises StoreError, with nothing secret in its text.
    """

    def add(self, records: Sequence[Record]) -> None:
        """Keep records. One that is there already, by its id, is there once."""
        ...

    def get(self, identity: str) -> Record | None:
        """The record with an id, None for none."""
        ...

    def find(self, query: Query, *, limit: int, before: str = "") -> list[Record]:
        """Records that are looked for, the newest first: those with an id below `before`, at most `limit`."""
        ...

    def read(self) -> Iterator[Record]:
        """All records, the oldest day first, in little memory however many there are."""
        ...

    def purge(self, first: date) -> int:
        """Remove what was judged before a day, in UTC; how many records that were, or files where only those count."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...

    def __enter__(self) -> Self:
        """Use it in a `with` block, which closes it."""
        ...

    def __exit__(self, *_: object) -> None:
        """Close it."""
        ...
