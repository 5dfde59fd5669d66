"""What an event is, and how what it says is read: every field a fact, or `Unknown` in its place.

Payloads mix types: numbers come as text and text as numbers, so every field is read on its own and both are taken.
A field that is not there, or that cannot be read as what it should be, becomes an `Unknown` in its place, so that the
rule that needs it can say so.

Source of the fields: https://www.alibabacloud.com/help/en/dataworks/user-guide/formats-of-event-messages-sent-to-eventbridge
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from itertools import count
from typing import Annotated, Any, Generic, TypeAlias, TypeVar, get_args, get_origin

import msgspec

from extension import bounds
from extension.sql.facts import Code, Engine


class Reason(StrEnum):
    """Why a fact is unknown."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    UNRECORDED = "unrecorded"
    """It was there, and a record of the event does not hold it."""


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

SQL = "sqlText"
"""Field that holds SQL: never logged, never shown."""

NEVER_KEPT = frozenset(
    {SQL, "Content", "receiverValue", "receiverValues", "currentReceiverValue", "updatedReceiverValue"}
)
"""Code, and who is told: of a chat's webhook the address is the key, too."""

WITHHELD = object()
"""In the place of a value that a record of an event does not hold."""

UNRECORDED = "unrecorded"
"""Why an answer of the platform is `Missing`, where a record of the event does not hold it."""

T = TypeVar("T")
Fact: TypeAlias = T | Unknown


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What the data of an event says, where the struct of its code is known; also a part of it."""

    def __repr__(self) -> str:
        """The name of the struct alone: SQL and ids shall not end in a log or a traceback."""
        return f"{type(self).__name__}(...)"

    def tables(self) -> tuple[str, ...]:
        """Tables that the operation is about, each by the fullest name that the message gives.

        Empty where there are none, and where the message does not name them all: whoever lets a table pass by its name
        shall not let another pass with it.
        """
        return ()


def named(name: str) -> Any:  # noqa: ANN401  a default, as msgspec.field is one to the type checker
    """A field by the platform's name."""
    return msgspec.field(name=name)


class FileSnapshot(Payload, frozen=True, kw_only=True):
    """Code as it is at the moment of the event, from GetIDEEventDetail.

    One struct for the members CommittedFile, DeletedFile and FileExecutionCommand of the answer; the last has neither
    name nor owner.
    """

    content: Fact[str] = named("Content")
    """The code; can be empty. Never logged, never shown."""
    file_id: Fact[Count] = named("FileId")
    """Id of the file."""
    file_name: Fact[str] = named("FileName")
    """Name of the file."""
    file_type: Fact[Count] = named("FileType")
    """Type of the file as a number."""
    owner: Fact[str] = named("Owner")
    """UID of the owner."""
    use_type: Fact[str] = named("UseType")
    """NORMAL, MANUAL, MANUAL_BIZ, SKIP, ADHOCQUERY or COMPONENT."""
    datasource_name: Fact[str] = named("DataSourceName")
    """Name of the data source."""


class Column(Payload, frozen=True, kw_only=True):
    """A column of a table."""

    name: Fact[str] = named("ColumnName")
    """Name of the column."""
    type: Fact[str] = named("ColumnType")
    """Type of the column, such as BIGINT or DECIMAL(10,2)."""
    comment: Fact[str] = named("Comment")
    """Comment of the column."""
    partition: Fact[bool] = named("IsPartitionColumn")
    """Whether the table is partitioned by it."""


class TableSnapshot(Payload, frozen=True, kw_only=True):
    """A table as it is at the moment of the event, from GetIDEEventDetail (member TableModel)."""

    columns: Fact[tuple[Column, ...]] = named("Columns")
    """Columns, those of the partition among them."""
    comment: Fact[str] = named("Comment")
    """Comment of the table."""
    datasource_name: Fact[str] = named("DataSourceName")
    """Name of the data source."""
    environment: Fact[str] = named("Env")
    """DEV or PROD."""
    lifecycle_days: Fact[int] = named("LifeCycle")
    """Days that data is kept; not there, or not above 0, where the table has no lifecycle."""
    location: Fact[str] = named("Location")
    """Where an external table is stored."""
    table_name: Fact[str] = named("TableName")
    """Name of the table."""


class Instance(Payload, frozen=True, kw_only=True):
    """An instance as it is at the moment of the event, from GetInstance."""

    instance_id: Fact[Count] = named("InstanceId")
    """Id of the instance."""
    node_id: Fact[Count] = named("NodeId")
    """Node that it is of."""
    node_name: Fact[str] = named("NodeName")
    """Name of that node."""
    environment: Fact[str] = named("ProjectEnv")
    """PROD or DEV: where it was found."""


P = TypeVar("P", bound=Payload)
P_co = TypeVar("P_co", bound=Payload | None, covariant=True)


class Missing(msgspec.Struct, frozen=True):
    """What was asked of the platform for an event and could not be had; `error` says why, for the log.

    Where it was not asked because there is too much of it, `count` says how much, and `most` how much is asked for.
    """

    error: str
    count: int = 0
    most: int = 0


class Databases(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy says, and no event does, of where SQL runs.

    Keys are the id of a workspace and the name of a data source in it, without case; one of the two can be empty, for
    any.
    """

    projects: Mapping[tuple[str, str], str] = {}
    """Project (schema, database) of the tables that are named without one."""
    engines: Mapping[tuple[str, str], Engine] = {}
    """What runs the SQL."""
    project: str = ""
    """Project of tables on MaxCompute of which `projects` says nothing, empty where it is not known."""


EPOCH = datetime.fromtimestamp(0, UTC)


class Event(msgspec.Struct, Generic[P_co], frozen=True, kw_only=True):
    """One operation that DataWorks asks or tells us about, whatever envelope it came in.

    `code` is the event code, or the EventBridge type of an event that is in no catalogue; `known` says which.
    `callback` is the API that waits for the verdict, None for a notification. `data` is the platform's own mapping,
    `payload` the typed reading of it (None where the code has no struct). `time` is when the platform says that it
    happened, None where it does not say so; `region` is the region of the event bus, empty where not given. `doubts`
    are what is odd about the delivery, for the log.

    `workspace` and `operator` are ids; `operators` are all ids that the message gives for the user: a transfer has the
    UID and the base id, the account behind it.
    """

    code: str
    known: bool
    message_id: str
    delivery: Delivery
    callback: Callback | None
    workspace: Fact[str]
    operator: Fact[str]
    operators: tuple[str, ...]
    region: str
    time: datetime | None
    data: Mapping[str, object]
    payload: P_co
    doubts: tuple[str, ...] = ()

    moment: datetime = EPOCH
    """When it is judged for: `time`, else the moment of judging, in the policy's timezone. Set by `judge`."""
    databases: Databases = Databases()
    """What the policy says of data sources. Set by `judge`, too."""
    file: FileSnapshot | Missing | None = None
    """Code that the event is about. This and the next are asked of the platform, where a rule needs them: None where
    none does."""
    table: TableSnapshot | Missing | None = None
    """Table that the event is about."""
    instances: tuple[Instance, ...] | Missing | None = None
    """Instances that the event is about."""
    roles: frozenset[str] | Missing | None = None
    """Codes of the operator's roles in the workspace: role_project_admin, role_project_dev, ..."""
    options: Mapping[str, object] = {}
    """What the workspace has set of the extension's options."""
    parameters: Mapping[str, str] | Missing | None = None
    """Parameters of the extension's registration."""
    code_facts: Code | None = None
    """What a record of the event holds of its SQL or code, whose text it does not."""

    def __repr__(self) -> str:
        """Code and message id alone: SQL and ids of people shall not end in a log or a traceback."""
        return f"Event({self.code!r}, {self.message_id!r})"


def known(fact: Fact[T]) -> tuple[T] | tuple[()]:
    """A fact as a tuple of one, empty where it is unknown."""
    return () if isinstance(fact, Unknown) else (fact,)


MAX_PARTS = 20_000
"""Most parts of a payload that are read. Each takes about a kilobyte, for which `{}` is enough in the message."""


def read(struct: type[P], data: Mapping[str, object]) -> P:
    """Read the fields of `struct` from the platform's mapping, each for itself; what is not declared is left aside.

    A field in which there are more parts than are read is unreadable as a whole.
    """
    return _read(struct, data, "", count(1))


def _read(struct: type[P], data: Mapping[str, object], path: str, parts: Iterator[int]) -> P:
    """Read a payload or a part of one.

    `path` is where the mapping stands in the message, for the names of what is unknown: `rules[2].`. `parts` gives each
    part its number.
    """
    return struct(**{attribute: _fact(name, kind, data, path, parts) for attribute, name, kind in fields(struct)})


def text(data: Mapping[str, object], *names: str) -> str:
    """The first of the fields `names` that is there, as text; empty where none is, or where it cannot be read."""
    return "".join(known(first(data, *names)))


def first(data: Mapping[str, object], *names: str) -> Fact[str]:
    """The first of the fields `names` that is there, as text; what cannot be read is there, too."""
    for name in names:
        fact: Fact[str] = _fact(name, str, data, "", count(1))
        if not isinstance(fact, Unknown) or fact.reason is not Reason.MISSING:
            return fact
    return Unknown(names[0], Reason.MISSING)


_LOGGED_ITEMS = 20


def facts(payload: Payload, path: str = "") -> dict[str, object]:
    """What a payload says, by the platform's names, for a log: without what is unknown, secret, or code.

    Parts are named by their path (`order.applyReason`); of a list of parts there is the number, of any other list the
    first twenty.
    """
    found: dict[str, object] = {}
    for attribute, name, _ in fields(type(payload)):
        fact = getattr(payload, attribute)
        if isinstance(fact, Payload):
            found |= facts(fact, f"{path}{name}.")
        elif isinstance(fact, tuple):
            parts = any(isinstance(item, Payload) for item in fact)
            found[f"{path}{name}"] = len(fact) if parts else fact[:_LOGGED_ITEMS]
        elif name not in NEVER_KEPT and not isinstance(fact, Unknown):
            found[f"{path}{name}"] = fact
    return found


@cache
def fields(struct: type[Payload]) -> tuple[tuple[str, str, Any], ...]:
    """Attribute, platform's name and type of each fact of `struct`."""
    return tuple((field.name, field.encode_name, get_args(field.type)[0]) for field in msgspec.structs.fields(struct))


_MAY_BE_EMPTY = frozenset({"Content"})
"""Text that is a fact even if there is nothing in it: code."""


def _fact(name: str, kind: Any, data: Mapping[str, object], path: str, parts: Iterator[int]) -> Any:  # noqa: ANN401  as dynamic as msgspec.convert
    """Read one field as `kind`: lenient between text and numbers, and about nothing else. Blank text is no fact."""
    value = data.get(name)
    if kind is str and type(value) is str and value.isascii() and not value.isspace() and value:
        return value  # as most are
    if value is None or (isinstance(value, str) and not value.strip() and name not in _MAY_BE_EMPTY):
        return Unknown(f"{path}{name}", Reason.MISSING)
    try:
        return _convert(value, kind, f"{path}{name}", parts)
    except ValueError:
        return Unknown(f"{path}{name}", Reason.UNRECORDED if value is WITHHELD else Reason.UNREADABLE)


def _convert(value: object, kind: Any, path: str, parts: Iterator[int]) -> object:  # noqa: ANN401  what kind is, is known at run time only
    """`value` as `kind`. Raises ValueError for what it cannot be. Lists and parts may come as JSON text."""
    part, items = shape(kind)
    if (part or items) and isinstance(value, str):
        value = decoded(value, path)
    if part:
        if not isinstance(value, dict) or next(parts) > MAX_PARTS:
            raise ValueError(path)
        return _read(kind, value, f"{path}.", parts)
    if items:
        if not isinstance(value, list):
            raise ValueError(path)
        return tuple(_convert(item, items, f"{path}[{number}]", parts) for number, item in enumerate(value))
    if isinstance(value, str) and not _is_unicode(value):
        raise ValueError(path)
    if kind is str and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return msgspec.convert(value, kind, strict=False)


def _is_unicode(text: str) -> bool:
    """Whether a text has no half of a surrogate pair in it."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


@cache
def shape(kind: Any) -> tuple[bool, Any]:  # noqa: ANN401  see _convert
    """Whether facts of a kind are parts, and the kind of their items, None where they are no lists."""
    items = get_args(kind)[0] if get_origin(kind) is tuple else None
    return isinstance(kind, type) and issubclass(kind, Payload), items


def decoded(text: str, path: str) -> object:
    """What JSON text says. Raises ValueError for what is none, and for what is too much."""
    content = text.encode()
    if bounds.excess(content):
        raise ValueError(path)
    return msgspec.json.decode(content)


def file_snapshot(detail: Mapping[str, object]) -> FileSnapshot | None:
    """The code in an answer of GetIDEEventDetail (its EventDetail); None where it holds none.

    Source: https://www.alibabacloud.com/help/en/dataworks/developer-reference/api-dataworks-public-2020-05-18-getideeventdetail
    """
    for member in ("CommittedFile", "DeletedFile", "FileExecutionCommand"):
        found = detail.get(member)
        if isinstance(found, dict):
            properties = found.get("FilePropertyContent")
            own = {name: value for name, value in found.items() if value is not None}
            return read(FileSnapshot, {**properties, **own} if isinstance(properties, dict) else own)
    return None


def table_snapshot(detail: Mapping[str, object]) -> TableSnapshot | None:
    """The table in an answer of GetIDEEventDetail (its EventDetail); None where it holds none."""
    found = detail.get("TableModel")
    return read(TableSnapshot, found) if isinstance(found, dict) else None


def had(answer: T | Missing | None) -> T:
    """What was asked of the platform for an event. Raises LookupError where it could not be had.

    `judge` sees to that before it calls a check, so that the error means a check that does not say what it needs.
    """
    if answer is None or isinstance(answer, Missing):
        raise LookupError("not asked of the platform")
    return answer
