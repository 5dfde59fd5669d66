"""Every DataWorks event, once: what routing, the policy's `on:` and the documents read.

Source: https://www.alibabacloud.com/help/en/dataworks/user-guide/formats-of-event-messages-sent-to-eventbridge
"""

import re
from enum import StrEnum
from typing import TypeAlias

import msgspec

from extension import payloads
from extension.events import Callback, Payload


class Module(StrEnum):
    """DataWorks module that sends an event."""

    DATA_STUDIO = "Data Studio"
    DATA_INTEGRATION = "Data Integration"
    OPERATION_CENTER = "Operation Center"
    SECURITY_CENTER = "Security Center"
    DATA_QUALITY = "Data Quality"
    CONSOLE = "Console"
    UPLOAD_AND_DOWNLOAD = "Upload and Download"


class Level(StrEnum):
    """What an extension that handles the event is registered for; one extension cannot have both."""

    TENANT = "tenant"
    WORKSPACE = "workspace"


class Kind(StrEnum):
    """Whether DataWorks waits for a verdict on the event.

    BOTH: a subscriber gets two messages, one before the operation that waits, one after it that does not; how to
    tell them apart in the EventBridge payload is unverified.
    """

    EXTENSION_POINT = "extension_point"
    REGULAR = "regular"
    BOTH = "both"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the catalogue. Codes are compared exactly: `start-diJob` has a capital J."""

    code: str
    event_type: str
    """EventBridge type, `dataworks:Category:Action`."""
    module: Module
    kind: Kind
    about: str
    """When DataWorks sends it, one English sentence."""
    payload: type[Payload] | None
    """Struct of the payload, None where it is kept as a mapping."""

    @property
    def category(self) -> str:
        """Middle part of the type in kebab case, as the platform writes the one that it documents."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", self.event_type.split(":")[1]).lower()

    @property
    def level(self) -> Level:
        """Level of extension that may handle it."""
        return Level.TENANT if self.module in _TENANT_MODULES else Level.WORKSPACE

    @property
    def has_code(self) -> bool:
        """Whether it is about a file, whose code DataWorks can be asked for."""
        return self.payload is not None and issubclass(self.payload, payloads.FileOperation)

    @property
    def callback(self) -> Callback | None:
        """API that takes the verdict, None where nobody waits for one."""
        if self.kind is Kind.REGULAR:
            return None
        return _CALLBACKS.get(self.module, Callback.EXTENSION)


_TENANT_MODULES = frozenset({Module.CONSOLE, Module.UPLOAD_AND_DOWNLOAD})
_CALLBACKS = {Module.DATA_STUDIO: Callback.IDE, Module.OPERATION_CENTER: Callback.WORKBENCH}


_POINT, _REGULAR, _BOTH = Kind.EXTENSION_POINT, Kind.REGULAR, Kind.BOTH

_Row: TypeAlias = tuple[str, str, Kind, str, type[Payload] | None]

# A table, one event a line: code, category and action of the type, kind, when it is sent, struct.
# fmt: off
_EVENTS: dict[Module, tuple[_Row, ...]] = {
    Module.DATA_STUDIO: (
        ("node-change-created", "NodeChange:NodeChangeCreated", _REGULAR, "A new node reaches production.", None),
        ("node-change-updated", "NodeChange:NodeChangeUpdated", _REGULAR, "A node is changed in development or the change reaches production; also sent on freeze, unfreeze, owner change and resource group change.", None),
        ("delete-file", "FileChange:DeleteFile", _BOTH, "A file is deleted in development (moved to the recycle bin).", payloads.FileOperation),
        ("commit-file", "FileChange:CommitFile", _BOTH, "A node, resource or function is committed.", payloads.FileChange),
        ("deploy-file", "FileChange:DeployFile", _BOTH, "A node, resource or function is deployed.", payloads.FileChange),
        ("run-file", "FileChange:RunFile", _BOTH, "Node code is run.", payloads.FileOperation),
        ("commit-table", "TableChange:CommitTable", _BOTH, "A table is committed.", payloads.TableChange),
        ("deploy-table", "TableChange:DeployTable", _BOTH, "A table is deployed.", payloads.TableChange),
    ),
    Module.DATA_INTEGRATION: (
        ("start-diJob", "NodeChange:StartDiJob", _POINT, "A sync job is started.", payloads.JobStart),
        ("batch-start-diJob", "NodeChange:BatchStartDiJob", _POINT, "Several sync jobs are started.", payloads.BatchJobStart),
    ),
    Module.OPERATION_CENTER: (
        ("node-change-deleted", "NodeChange:NodeChangeDeleted", _REGULAR, "A node is undeployed or removed from the recycle bin.", None),
        ("undeploy-node", "NodeChange:UndeployNode", _POINT, "An auto-triggered production node is undeployed.", payloads.NodeOperation),
        ("freeze-node", "NodeChange:FreezeNode", _POINT, "A production node is frozen; node-change-updated follows.", payloads.NodeOperation),
        ("unfreeze-node", "NodeChange:UnFreezeNode", _POINT, "A production node is unfrozen; node-change-updated follows.", payloads.NodeOperation),
        ("backfill-data", "BackfillDataOperate:BackfillData", _POINT, "Backfill of a production auto-triggered node.", payloads.Backfill),
        ("instance-status-changes", "InstanceStatusChanges:InstanceStatusChanges", _REGULAR, "An auto-triggered instance changes status.", None),
        ("freeze-instance", "InstanceChange:FreezeInstance", _REGULAR, "Instance frozen.", None),
        ("unfreeze-instance", "InstanceChange:UnfreezeInstance", _REGULAR, "Instance unfrozen.", None),
        ("kill-instance", "InstanceChange:KillInstance", _REGULAR, "Instance stopped.", None),
        ("rerun-instance", "InstanceChange:RerunInstance", _REGULAR, "Instance (or its descendants) rerun.", None),
        ("set-instance-success", "InstanceChange:SetInstanceSuccess", _REGULAR, "Instance set to succeeded.", None),
        ("delete-task-instance-dependencies", "InstanceChange:DeleteTaskInstanceDependencies", _REGULAR, "Chosen upstream dependencies of an instance are removed.", None),
        ("pre-freeze-instance", "InstanceChange:PreFreezeInstance", _POINT, "Before an instance is frozen.", payloads.InstanceOperation),
        ("pre-unfreeze-instance", "InstanceChange:PreUnfreezeInstance", _POINT, "Before an instance is unfrozen.", payloads.InstanceOperation),
        ("pre-rerun-instance", "InstanceChange:PreRerunInstance", _POINT, "Before an instance is rerun.", payloads.InstanceOperation),
        ("pre-set-instance-success", "InstanceChange:PreSetInstanceSuccess", _POINT, "Before an instance is set to succeeded.", payloads.InstanceOperation),
        ("pre-kill-instance", "InstanceChange:PreKillInstance", _POINT, "Before an instance is stopped.", payloads.InstanceOperation),
        ("expired-task-instances-deleted", "InstanceChange:ExpiredTaskInstancesDeleted", _REGULAR, "Expired instances are removed.", None),
        ("dag-status-changes", "DagStatusChanges:DagStatusChanges", _REGULAR, "A backfill or manual workflow changes status.", None),
        ("workbench-monitor-alert", "MonitorAlert:WorkbenchMonitorAlert", _REGULAR, "A monitoring alert is sent.", None),
    ),
    Module.SECURITY_CENTER: (
        ("approval-change-created", "ApprovalChange:ApprovalChangeCreated", _REGULAR, "A permission request is created.", None),
        ("approval-change-finished", "ApprovalChange:ApprovalChangeFinished", _REGULAR, "A permission request is finished.", None),
        ("approval-change-before-create", "ApprovalChange:ApprovalChangeBeforeCreate", _POINT, "Before a table permission request is created.", payloads.Approval),
    ),
    Module.DATA_QUALITY: (
        ("dqc-check-feedback-event", "DqcCheck:DqcCheckFeedbackEvent", _REGULAR, "A user gives feedback on a check result.", None),
        ("dqc-check-finished-event", "DqcCheck:DqcCheckFinishedEvent", _REGULAR, "A rule check ends.", None),
        ("batch-create-data-quality-rules", "DqcCheck:BatchCreateDataQualityRules", _POINT, "Before rules are created.", payloads.QualityRules),
        ("batch-update-data-quality-rules", "DqcCheck:BatchUpdateDataQualityRules", _POINT, "Before rules are updated in bulk.", payloads.QualityRulesUpdate),
        ("batch-delete-data-quality-rules", "DqcCheck:BatchDeleteDataQualityRules", _POINT, "Before rules are deleted.", payloads.QualityDeletion),
        ("update-data-quality-rule", "DqcCheck:UpdateDataQualityRule", _POINT, "Before one rule is updated.", payloads.QualityRuleUpdate),
        ("create-data-quality-evaluation-task", "DqcCheck:CreateDataQualityEvaluationTask", _POINT, "Before a monitor task is created.", payloads.QualityTask),
        ("update-data-quality-evaluation-task", "DqcCheck:UpdateDataQualityEvaluationTask", _POINT, "Before a monitor task is updated.", payloads.QualityTask),
        ("clone-data-quality-evaluation-task", "DqcCheck:CloneDataQualityEvaluationTask", _POINT, "Before a monitor task is cloned.", payloads.QualityTaskClone),
        ("batch-delete-data-quality-evaluation-tasks", "DqcCheck:BatchDeleteDataQualityEvaluationTasks", _POINT, "Before monitor tasks are deleted.", payloads.QualityDeletion),
        ("create-data-quality-evaluation-task-notification", "DqcCheck:CreateDataQualityEvaluationTaskNotification", _POINT, "Before an alert subscription is created.", payloads.Subscription),
        ("update-data-quality-evaluation-task-notification", "DqcCheck:UpdateDataQualityEvaluationTaskNotification", _POINT, "Before an alert subscription is changed.", payloads.SubscriptionUpdate),
        ("delete-data-quality-evaluation-task-notification", "DqcCheck:DeleteDataQualityEvaluationTaskNotification", _POINT, "Before an alert subscription is removed.", payloads.SubscriptionDeletion),
    ),
    Module.CONSOLE: (
        ("delete-project", "ProjectChange:DeleteProject", _POINT, "Before a workspace is deleted.", payloads.WorkspaceDeletion),
        ("project-deleted", "ProjectChange:ProjectDeleted", _REGULAR, "A workspace was deleted.", None),
    ),
    Module.UPLOAD_AND_DOWNLOAD: (
        ("download-resources", "ResourcesDownload:DownloadResources", _POINT, "Before the download file is generated.", payloads.Download),
        ("download-resources-execute", "ResourcesDownload:DownloadResourcesExecute", _POINT, "Before the generated file is fetched.", payloads.DownloadExecution),
        ("upload-data-to-table", "ResourcesUpload:UploadDataToTable", _POINT, "Before data is uploaded to a table.", payloads.Upload),
    ),
}
# fmt: on

ENTRIES = tuple(
    Entry(code=code, event_type=f"dataworks:{action}", module=module, kind=kind, about=about, payload=payload)
    for module, rows in _EVENTS.items()
    for code, action, kind, about, payload in rows
)
BY_CODE = {entry.code: entry for entry in ENTRIES}
WITH_CODE = frozenset(entry.code for entry in ENTRIES if entry.has_code)
"""Events about a file, whose code DataWorks can be asked for."""
BY_TYPE = {entry.event_type: entry for entry in ENTRIES}


def select(name: str) -> frozenset[str]:
    """Codes that `name` stands for in a policy: a code, a category, a module, or `*`; empty for any other word."""
    return frozenset(entry.code for entry in ENTRIES if name in ("*", entry.code, entry.category, entry.module.value))


def names() -> frozenset[str]:
    """Every word that `select` knows."""
    return frozenset(name for entry in ENTRIES for name in ("*", entry.code, entry.category, entry.module.value))
