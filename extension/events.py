"""What an event says: one frozen struct for each payload, and the meaning of every field.

Payloads mix types: numbers come as text and text as numbers, so every field is read on its own and both are taken.
A field that is not there, or that cannot be read as what it should be, becomes an `Unknown` in its place, so that the
rule that needs it can say so.

Source of the fields: https://www.alibabacloud.com/help/en/dataworks/user-guide/formats-of-event-messages-sent-to-eventbridge
"""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Generic, TypeAlias, TypeVar, get_args

import msgspec


class Reason(StrEnum):
    """Why a fact is unknown."""

    MISSING = "missing"
    UNREADABLE = "unreadable"


class Unknown(msgspec.Struct, frozen=True):
    """A fact that the message does not give; `field` is the platform's name of it."""

    field: str
    reason: Reason


class Callback(StrEnum):
    """API that takes the verdict, by the platform's name of the action.

    Source: https://www.alibabacloud.com/help/en/dataworks/user-guide/preparations
    """

    IDE = "UpdateIDEEventResult"
    WORKBENCH = "UpdateWorkbenchEventResult"
    EXTENSION = "CallbackExtension"


class Delivery(StrEnum):
    """How an event reached us."""

    FUNCTION = "function-compute"
    EVENTBRIDGE = "eventbridge"


Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]

_SQL = "sqlText"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

T = TypeVar("T")
Fact: TypeAlias = T | Unknown


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What the data of an event says, where the struct of its code is known."""

    def __repr__(self) -> str:
        """The name of the struct alone: SQL and ids shall not end in a log or a traceback."""
        return f"{type(self).__name__}(...)"


class Transfer(Payload, frozen=True, kw_only=True):
    """What downloads and uploads share."""

    operator_uid: Fact[str] = msgspec.field(name="operatorUid")
    """UID of the user."""
    operator_base_id: Fact[str] = msgspec.field(name="operatorBaseId")
    """Base id of the user: the account behind a RAM user or role."""
    datasource_id: Fact[str] = msgspec.field(name="datasourceId")
    datasource_name: Fact[str] = msgspec.field(name="datasourceName")
    workspace_id: Fact[str] = msgspec.field(name="queryDwProjectId")
    workspace_name: Fact[str] = msgspec.field(name="queryDwProjectName")
    file_size_bytes: Fact[Count] = msgspec.field(name="fileSize")


class Download(Transfer, frozen=True, kw_only=True):
    """A result that is about to be written into a file (`download-resources`)."""

    source: Fact[str] = msgspec.field(name="moduleType")
    """Where the data is downloaded from: entity_transfer (data catalog), develop_query (Data Studio query),
    sqlx_query (SQL query) or dw_excel (spreadsheet)."""
    file_name: Fact[str] = msgspec.field(name="fileName")
    row_count: Fact[Count] = msgspec.field(name="dataRowSize")
    """Rows of the result. The documented sample gives it as text."""
    sql_text: Fact[str] = msgspec.field(name=_SQL)
    """The SQL that gave the result. Never logged, never shown."""


class DownloadExecution(Download, frozen=True, kw_only=True):
    """A generated file that is about to be fetched (`download-resources-execute`)."""

    ip: Fact[str] = msgspec.field(name="ip")
    """Address that the user downloads from, as text."""


class Upload(Transfer, frozen=True, kw_only=True):
    """Data that is about to be written into a table (`upload-data-to-table`)."""

    source: Fact[str] = msgspec.field(name="uploadSourceType")
    """LOCAL, OSS, DW_EXCEL or HTTP."""
    table_mode: Fact[str] = msgspec.field(name="optTableType")
    """CREATE (a new table) or IMPORT (an existing one)."""
    engine: Fact[str] = msgspec.field(name="targetEngineType")
    """MaxCompute, EMR Hive or Hologres in the documented table, MAXCOMPUTE in the documented sample."""
    write_mode: Fact[str] = msgspec.field(name="writeType")
    """OVERWRITE or APPEND."""
    conflict_mode: Fact[str] = msgspec.field(name="conflictMode")
    """What happens to rows whose key is there already: IGNORE, REPLACE or UPDATE."""
    table_guid: Fact[str] = msgspec.field(name="tableGuid")
    """odps.project.table, emr_hive.cluster.schema.table or holo.instance.database."""


P = TypeVar("P", bound=Payload)
P_co = TypeVar("P_co", bound=Payload | None, covariant=True)


class Event(msgspec.Struct, Generic[P_co], frozen=True, kw_only=True):
    """One operation that DataWorks asks or tells us about, whatever envelope it came in.

    `code` is the event code, or the EventBridge type of an event that is in no catalogue; `known` says which.
    `callback` is the API that waits for the verdict, None for a notification. `data` is the platform's own mapping,
    `payload` the typed reading of it (None where the code has no struct yet). `time` is when the platform says that
    it happened, None where it does not say so; `region` is the region of the event bus, empty where not given. `doubts`
    are what is odd about the delivery, for the log.
    """

    code: str
    known: bool
    message_id: str
    delivery: Delivery
    callback: Callback | None
    workspace: str
    operator: str
    region: str
    time: datetime | None
    data: Mapping[str, object]
    payload: P_co
    doubts: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Code and message id alone: SQL and ids of people shall not end in a log or a traceback."""
        return f"Event({self.code!r}, {self.message_id!r})"


def read(struct: type[P], data: Mapping[str, object]) -> P:
    """Read the fields of `struct` from the platform's mapping, each for itself; what is not declared is left aside."""
    return struct(**{attribute: _fact(name, kind, data) for attribute, name, kind in _fields(struct)})


def text(data: Mapping[str, object], *names: str) -> str:
    """The first of the fields `names` that is there, as text; empty where none is, or where it cannot be read."""
    for name in names:
        value = _fact(name, str, data)
        if isinstance(value, str):
            return value
        if value.reason is Reason.UNREADABLE:
            break
    return ""


def facts(payload: Payload) -> dict[str, object]:
    """What a payload says, by the platform's names; without what is unknown, and without SQL."""
    found = {name: getattr(payload, attribute) for attribute, name, _ in _fields(type(payload))}
    return {name: fact for name, fact in found.items() if name != _SQL and not isinstance(fact, Unknown)}


@cache
def _fields(struct: type[Payload]) -> tuple[tuple[str, str, Any], ...]:
    """Attribute, platform's name and type of each fact of `struct`."""
    return tuple((field.name, field.encode_name, get_args(field.type)[0]) for field in msgspec.structs.fields(struct))


def _fact(name: str, kind: Any, data: Mapping[str, object]) -> Any:  # noqa: ANN401  as dynamic as msgspec.convert
    """Read one field as `kind`: lenient between text and numbers, and about nothing else. Blank text is no fact."""
    value = data.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        return Unknown(name, Reason.MISSING)
    if isinstance(value, str) and not value.isascii() and _LONE_SURROGATE.search(value):
        return Unknown(name, Reason.UNREADABLE)
    if kind is str and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        return Unknown(name, Reason.UNREADABLE)
