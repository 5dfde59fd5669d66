"""The registry of checks, written out by hand: id, function, settings, the events it judges, the texts of its hits."""

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from extension import catalogue
from extension.checks import (
    approvals,
    backfills,
    calendars,
    files,
    integrations,
    nodes,
    operators,
    quality,
    sql,
    tables,
    transfers,
    workspaces,
)
from extension.events import Event, Payload
from extension.settings import (
    Guids,
    Ids,
    Listed,
    Maximum,
    MaximumSize,
    Named,
    Names,
    Networks,
    Nothing,
    Numbers,
    Protected,
    WorkspaceIds,
    kind_of,
)
from extension.verdict import Finding, Text, placeholders

P = TypeVar("P", bound=Payload | None)
S = TypeVar("S", bound=msgspec.Struct)


class Need(StrEnum):
    """What a check needs that no message has: the field of `Event` that holds it. It is asked of the platform before."""

    FILE = "file"
    TABLE = "table"
    INSTANCES = "instances"
    ROLES = "roles"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check: what a rule names with `check:`."""

    id: str
    judge: Callable[[Event[Any], Any], Iterator[Finding]]
    settings: type[msgspec.Struct]
    events: frozenset[str]
    texts: tuple[Text, ...]
    needs: frozenset[Need] = frozenset()

    @property
    def placeholders(self) -> frozenset[str]:
        """Placeholders that every hit of the check has a value for."""
        return frozenset.intersection(*(text.fields for text in self.texts))

    @property
    def about(self) -> str:
        """What it judges, in the first line of its docstring."""
        return (self.judge.__doc__ or "").strip().partition("\n\n")[0]


_ANY = frozenset(catalogue.BY_CODE)
_DOWNLOADS = ("download-resources", "download-resources-execute")
_DOWNLOAD = ("download-resources-execute",)
_UPLOAD = ("upload-data-to-table",)
_FILE = ("commit-file", "deploy-file", "run-file", "delete-file")
_SQL = (*_DOWNLOADS, *_FILE)
_TABLE = ("commit-table", "deploy-table")
_NODES = ("freeze-node", "unfreeze-node", "undeploy-node")
_INSTANCES = (
    *("pre-freeze-instance", "pre-unfreeze-instance", "pre-rerun-instance"),
    *("pre-set-instance-success", "pre-kill-instance"),
)
_BACKFILL = ("backfill-data",)
_SYNC = ("start-diJob", "batch-start-diJob")
_RULES_MADE = ("batch-create-data-quality-rules",)
_RULES_UPDATED = ("update-data-quality-rule", "batch-update-data-quality-rules")
_QUALITY_DELETED = ("batch-delete-data-quality-rules", "batch-delete-data-quality-evaluation-tasks")
_TASK_UPDATED = ("update-data-quality-evaluation-task",)
_TASKS = ("create-data-quality-evaluation-task", *_TASK_UPDATED)
_TASK_CLONED = ("clone-data-quality-evaluation-task",)
_RECEIVERS = (
    *("create-data-quality-evaluation-task-notification", "update-data-quality-evaluation-task-notification"),
    *_TASKS,
)
_SUBSCRIPTIONS = (*_RECEIVERS[:2], "delete-data-quality-evaluation-task-notification")
_RULES = (*_RULES_MADE, *_RULES_UPDATED, *_TASKS)
_PROTECTED = (*_RULES_UPDATED, *_QUALITY_DELETED, *_TASK_UPDATED, *_SUBSCRIPTIONS)
_APPROVAL = ("approval-change-before-create",)
_WORKSPACE = ("delete-project",)


def _check(
    check: str,
    judge: Callable[[Event[P], S], Iterator[Finding]],
    settings: type[S],
    events: tuple[str, ...] | frozenset[str],
    *texts: Text,
    needs: Need | None = None,
) -> Check:
    needed = frozenset({needs} if needs else ())
    return Check(id=check, judge=judge, settings=settings, events=frozenset(events), texts=texts, needs=needed)


# A table, one check a line.
# fmt: off
_CHECKS = (
    _check("download.rows", transfers.download_rows, Maximum, _DOWNLOADS, transfers.TOO_MANY_ROWS),
    _check("download.size", transfers.download_size, MaximumSize, _DOWNLOADS, transfers.TOO_LARGE_DOWNLOAD),
    _check("download.source", transfers.download_source, Listed[transfers.DownloadSources], _DOWNLOADS, transfers.SOURCE_REFUSED),
    _check("download.datasource", transfers.download_datasource, Listed[Names], _DOWNLOADS, transfers.DATASOURCE_REFUSED),
    _check("download.workspace", transfers.download_workspace, Listed[Names], _DOWNLOADS, transfers.WORKSPACE_REFUSED),
    _check("download.operator", transfers.download_operator, Listed[Ids], _DOWNLOADS, transfers.OPERATOR_REFUSED),
    _check("download.file_name", transfers.download_file_name, Named, _DOWNLOADS, transfers.FILE_NAME_REFUSED),
    _check("download.ip", transfers.download_ip, Listed[Networks], _DOWNLOAD, transfers.IP_REFUSED),
    _check("upload.size", transfers.upload_size, MaximumSize, _UPLOAD, transfers.TOO_LARGE_UPLOAD),
    _check("upload.target", transfers.upload_target, Listed[Guids], _UPLOAD, transfers.TARGET_REFUSED),
    _check("upload.source", transfers.upload_source, Listed[transfers.UploadSources], _UPLOAD, transfers.UPLOAD_SOURCE_REFUSED),
    _check("upload.overwrite", transfers.upload_overwrite, Protected, _UPLOAD, transfers.OVERWRITE_REFUSED),
    _check("upload.engine", transfers.upload_engine, Listed[transfers.Engines], _UPLOAD, transfers.ENGINE_REFUSED),
    _check("file.name", files.file_name, files.NamedFiles, _FILE, files.FILE_NAME_REFUSED),
    _check("file.owner", files.file_owner, Nothing, _FILE, files.FILE_OWNER_REFUSED),
    _check("file.type", files.file_type, Listed[files.FileTypes], _FILE, files.FILE_TYPE_REFUSED),
    _check("file.functions", files.file_functions, files.Banned, _FILE, files.FUNCTIONS_REFUSED, needs=Need.FILE),
    _check("file.content", files.file_content, files.Content, _FILE, files.CONTENT_REQUIRED, files.CONTENT_FORBIDDEN, needs=Need.FILE),
    _check("file.size", files.file_size, MaximumSize, _FILE, files.FILE_TOO_LARGE, needs=Need.FILE),
    _check("sql.tables", sql.sql_tables, sql.JudgedTables, _SQL, sql.TABLE_READ, sql.TABLE_WRITTEN, sql.TABLE_IN_WORDS, needs=Need.FILE),
    _check("sql.columns", sql.sql_columns, sql.JudgedColumns, _SQL, sql.COLUMN_RETURNED, sql.COLUMN_USED, sql.COLUMN_UNMASKED, sql.COLUMN_IN_STAR, sql.COLUMN_IN_WORDS, needs=Need.FILE),
    _check("sql.star", sql.sql_star, sql.JudgedStars, _SQL, sql.STAR_REFUSED, needs=Need.FILE),
    _check("sql.functions", sql.sql_functions, sql.JudgedFunctions, _SQL, sql.FUNCTIONS_REFUSED, needs=Need.FILE),
    _check("sql.statements", sql.sql_statements, sql.JudgedStatements, _SQL, sql.STATEMENT_REFUSED, needs=Need.FILE),
    _check("sql.partition_filter", sql.sql_partition_filter, sql.Partitions, _SQL, sql.UNFILTERED, needs=Need.FILE),
    _check("sql.limit", sql.sql_limit, sql.Limited, _SQL, sql.NO_LIMIT, sql.LIMIT_TOO_HIGH, needs=Need.FILE),
    _check("sql.cross_join", sql.sql_cross_join, sql.Typed, _SQL, sql.CROSS_JOIN, needs=Need.FILE),
    _check("sql.length", sql.sql_length, sql.Length, _SQL, sql.SQL_TOO_LONG, needs=Need.FILE),
    _check("table.name", tables.table_name, Named, _TABLE, tables.TABLE_NAME_REFUSED),
    _check("table.comment", tables.table_comment, tables.Commented, _TABLE, tables.TABLE_COMMENT_MISSING, tables.COLUMN_COMMENT_MISSING, needs=Need.TABLE),
    _check("table.column_name", tables.table_column_name, Named, _TABLE, tables.COLUMN_NAME_REFUSED, needs=Need.TABLE),
    _check("table.column_type", tables.table_column_type, Listed[tables.ColumnTypes], _TABLE, tables.COLUMN_TYPE_REFUSED, needs=Need.TABLE),
    _check("table.partition", tables.table_partition, tables.Partitioned, _TABLE, tables.NOT_PARTITIONED, tables.NOT_PARTITIONED_BY, needs=Need.TABLE),
    _check("table.lifecycle", tables.table_lifecycle, tables.Lifecycle, _TABLE, tables.NO_LIFECYCLE, tables.LIFECYCLE_TOO_LONG, tables.LIFECYCLE_TOO_SHORT, needs=Need.TABLE),
    _check("node.protected", nodes.node_protected, Listed[Numbers], (*_NODES, *_BACKFILL), nodes.NODES_REFUSED),
    _check("node.count", nodes.node_count, Maximum, _NODES, nodes.TOO_MANY_NODES),
    _check("instance.protected", nodes.instance_protected, nodes.ProtectedNodes, _INSTANCES, nodes.INSTANCES_REFUSED, needs=Need.INSTANCES),
    _check("instance.count", nodes.instance_count, Maximum, _INSTANCES, nodes.TOO_MANY_INSTANCES),
    _check("instance.environment", nodes.instance_environment, Listed[nodes.Environments], _INSTANCES, nodes.ENVIRONMENT_REFUSED, needs=Need.INSTANCES),
    _check("backfill.days", backfills.backfill_days, Maximum, _BACKFILL, backfills.TOO_MANY_DAYS),
    _check("backfill.age", backfills.backfill_age, Maximum, _BACKFILL, backfills.TOO_OLD),
    _check("backfill.nodes", backfills.backfill_nodes, Maximum, _BACKFILL, backfills.TOO_MANY_NODES),
    _check("backfill.parallel", backfills.backfill_parallel, Maximum, _BACKFILL, backfills.TOO_PARALLEL),
    _check("backfill.order", backfills.backfill_order, Listed[backfills.Orders], _BACKFILL, backfills.ORDER_REFUSED),
    _check("backfill.future", backfills.backfill_future, Nothing, _BACKFILL, backfills.FUTURE_REFUSED),
    _check("integration.source", integrations.integration_source, Listed[Names], _SYNC, integrations.SOURCES_REFUSED),
    _check("integration.destination", integrations.integration_destination, Listed[Names], _SYNC, integrations.DESTINATIONS_REFUSED),
    _check("integration.table_name", integrations.integration_table_name, Named, _SYNC, integrations.TABLE_NAMES_REFUSED),
    _check("integration.tables", integrations.integration_tables, Maximum, _SYNC, integrations.TOO_MANY_TABLES, integrations.MORE_TABLES_THAN_SHOWN),
    _check("integration.mapping", integrations.integration_mapping, Nothing, _SYNC, integrations.MAPPING_HIDDEN),
    _check("quality.protected", quality.quality_protected, quality.ProtectedQuality, _PROTECTED, quality.PROTECTED),
    _check("quality.severity", quality.quality_severity, quality.Severity, _RULES, quality.TOO_LOW),
    _check("quality.thresholds", quality.quality_thresholds, Nothing, _RULES, quality.NO_THRESHOLDS),
    _check("quality.deletions", quality.quality_deletions, Maximum, _QUALITY_DELETED, quality.TOO_MANY_DELETIONS),
    _check("quality.receivers", quality.quality_receivers, Listed[Names], _RECEIVERS, quality.RECEIVERS_REFUSED),
    _check("quality.target", quality.quality_target, Listed[Names], (*_RULES_MADE, *_TASKS, *_TASK_CLONED), quality.TARGETS_REFUSED),
    _check("approval.actions", approvals.approval_actions, Listed[Names], _APPROVAL, approvals.ACTIONS_REFUSED),
    _check("approval.validity", approvals.approval_validity, Maximum, _APPROVAL, approvals.TOO_LONG),
    _check("approval.reason", approvals.approval_reason, approvals.Reasons, _APPROVAL, approvals.REASON_TOO_SHORT, approvals.REASON_REFUSED),
    _check("approval.grantees", approvals.approval_grantees, Maximum, _APPROVAL, approvals.TOO_MANY_GRANTEES),
    _check("approval.tables", approvals.approval_tables, Listed[Guids], _APPROVAL, approvals.TABLES_REFUSED),
    _check("workspace.protected", workspaces.workspace_protected, workspaces.ProtectedWorkspaces, _WORKSPACE, workspaces.DELETION_REFUSED),
    _check("workspace.id", workspaces.workspace_id, Listed[WorkspaceIds], _ANY, workspaces.WORKSPACE_REFUSED),
    _check("operator.id", operators.operator_id, Listed[Ids], _ANY, operators.OPERATOR_REFUSED),
    _check("operator.roles", operators.operator_roles, Listed[Names], _ANY, operators.ROLES_REFUSED, operators.NO_MEMBER, needs=Need.ROLES),
    _check("calendar.freeze", calendars.calendar_freeze, calendars.Freeze, _ANY, calendars.FROZEN),
)
# fmt: on

BY_ID = {check.id: check for check in _CHECKS}


def check(
    identity: str, *, events: str | Sequence[str], texts: Sequence[Text], needs: Sequence[Need] = ()
) -> Callable[[Callable[[Event[Any], Any], Iterator[Finding]]], Check]:
    """Make a check of a function, in a module that a policy names under `checks:`.

    `identity` is `family.name`, another one than those of the built-in checks; `events` are codes, categories or
    modules of the catalogue, or "*"; `texts` what it can say of a hit; the settings are the struct that its second
    parameter is annotated with. Raises ValueError for what a built-in check could not be either.
    """

    def register(judge: Callable[[Event[Any], Any], Iterator[Finding]]) -> Check:
        names = [events] if isinstance(events, str) else events
        unknown = [name for name in names if not catalogue.select(name)]
        if not re.fullmatch(r"[a-z][a-z0-9_]*[.][a-z][a-z0-9_]*", identity) or identity in BY_ID:
            raise ValueError(f"the id {identity} is not of the form family.name, or is that of a built-in check")
        if unknown or not names:
            raise ValueError(f"{identity}: expected event codes, categories or modules, found {', '.join(unknown)}")
        if not texts or any(text.fields != placeholders(text.zh) for text in texts):
            raise ValueError(f"{identity}: expected texts with the same placeholders in both languages")
        if not (judge.__doc__ or "").strip():
            raise ValueError(f"{identity}: the function has no docstring, which says what it judges")
        return Check(
            id=identity,
            judge=judge,
            settings=_settings(identity, judge),
            events=frozenset[str]().union(*map(catalogue.select, names)),
            texts=tuple(texts),
            needs=frozenset(needs),
        )

    return register


def _settings(identity: str, judge: Callable[..., object]) -> type[msgspec.Struct]:
    """The settings struct of a function. Raises ValueError for one that a policy could not be read into."""
    parameters = [*inspect.signature(judge, eval_str=True).parameters.values()]
    struct: Any = parameters[1].annotation if len(parameters) == 2 else None  # noqa: PLR2004  event and settings
    if not (inspect.isclass(struct) and issubclass(struct, msgspec.Struct)):
        raise ValueError(f"{identity}: expected a function of event and settings, the latter annotated with a struct")
    for field in msgspec.structs.fields(struct):
        if not all(hasattr(kind_of(field), name) for name in ("read", "schema", "FORM")):
            raise ValueError(f"{identity}: {field.name} is of no type of extension.settings")
    found: type[msgspec.Struct] = struct
    return found
