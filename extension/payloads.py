"""What the events say: one frozen struct for each payload, and the meaning of every field.

Source of the fields: https://www.alibabacloud.com/help/en/dataworks/user-guide/formats-of-event-messages-sent-to-eventbridge
"""

from extension.events import SQL, Count, Fact, P, Payload, Reason, Unknown, known, named


def _tables(parts: Fact[tuple[P, ...]]) -> tuple[str, ...]:
    """Tables of all parts; none where one of them does not name its own."""
    found = [part.tables() for each in known(parts) for part in each]
    return tuple(table for tables in found for table in tables) if all(found) else ()


class Transfer(Payload, frozen=True, kw_only=True):
    """What downloads and uploads share."""

    operator_uid: Fact[str] = named("operatorUid")
    """UID of the user."""
    operator_base_id: Fact[str] = named("operatorBaseId")
    """Base id of the user: the account behind a RAM user or role."""
    datasource_id: Fact[str] = named("datasourceId")
    """Id of the data source."""
    datasource_name: Fact[str] = named("datasourceName")
    """Name of the data source."""
    workspace_id: Fact[str] = named("queryDwProjectId")
    """Id of the workspace."""
    workspace_name: Fact[str] = named("queryDwProjectName")
    """Name of the workspace."""
    file_size_bytes: Fact[Count] = named("fileSize")
    """Size of the file in bytes."""


class Download(Transfer, frozen=True, kw_only=True):
    """A result that is about to be written into a file (`download-resources`)."""

    source: Fact[str] = named("moduleType")
    """Where the data is downloaded from: entity_transfer (data catalog), develop_query (Data Studio query),
    sqlx_query (SQL query) or dw_excel (spreadsheet)."""
    file_name: Fact[str] = named("fileName")
    """Name of the file."""
    row_count: Fact[Count] = named("dataRowSize")
    """Rows of the result. The documented sample gives it as text."""
    sql_text: Fact[str] = named(SQL)
    """The SQL that gave the result. Never logged, never shown."""


class DownloadExecution(Download, frozen=True, kw_only=True):
    """A generated file that is about to be fetched (`download-resources-execute`)."""

    ip: Fact[str] = named("ip")
    """Address that the user downloads from, as text."""


class Upload(Transfer, frozen=True, kw_only=True):
    """Data that is about to be written into a table (`upload-data-to-table`)."""

    source: Fact[str] = named("uploadSourceType")
    """LOCAL, OSS, DW_EXCEL or HTTP."""
    table_mode: Fact[str] = named("optTableType")
    """CREATE (a new table) or IMPORT (an existing one)."""
    engine: Fact[str] = named("targetEngineType")
    """MaxCompute, EMR Hive or Hologres in the documented table, MAXCOMPUTE in the documented sample."""
    write_mode: Fact[str] = named("writeType")
    """OVERWRITE or APPEND."""
    conflict_mode: Fact[str] = named("conflictMode")
    """What happens to rows whose key is there already: IGNORE, REPLACE or UPDATE."""
    table_guid: Fact[str] = named("tableGuid")
    """odps.project.table, emr_hive.cluster.schema.table or holo.instance.database."""

    def tables(self) -> tuple[str, ...]:
        """The table that is written into."""
        return known(self.table_guid)


class Operation(Payload, frozen=True, kw_only=True):
    """What nearly every event but transfers says."""

    operator: Fact[str] = named("operator")
    """UID of the user."""
    project_id: Fact[Count] = named("projectId")
    """Id of the workspace."""


class Tenanted(Operation, frozen=True, kw_only=True):
    """An operation that names its tenant: one for each account of Alibaba Cloud."""

    tenant_id: Fact[Count] = named("tenantId")
    """Id of the tenant."""


class Checked(Tenanted, frozen=True, kw_only=True):
    """An operation with the check process that was opened for it."""

    check_id: Fact[str] = named("extensionBizId")
    """Id of the check process."""


class FileOperation(Checked, frozen=True, kw_only=True):
    """Code that is about to be run or deleted (`run-file`, `delete-file`)."""

    node_id: Fact[Count] = named("nodeId")
    """Id of the node. In the documented table, but not in the samples of commit and deploy."""
    file_type: Fact[Count] = named("fileType")
    """Type of the file as a number: 10 is ODPS SQL, 6 Shell, 1221 PyODPS 3."""
    file_name: Fact[str] = named("fileName")
    """Name of the file."""
    file_owner: Fact[str] = named("fileOwner")
    """UID of the file's owner."""
    created: Fact[str] = named("fileCreateTime")
    """When the file was made, `2024-07-12 11:08:50`, without a zone."""
    file_id: Fact[Count] = named("fileId")
    """Id of the file."""
    blocks: Fact[bool] = named("blockBusiness")
    """Whether the operation waits for a verdict; not reliable (the documented pre-event has false)."""
    resource_type: Fact[Count] = named("resourceType")
    """In the samples only; its meaning is not documented."""


class FileChange(FileOperation, frozen=True, kw_only=True):
    """Code that is about to be committed or deployed (`commit-file`, `deploy-file`)."""

    change: Fact[str] = named("changeType")
    """What happens to the file, as text: 0 for created, 1 for updated, 2 for deleted."""
    file_version: Fact[Count] = named("fileVersion")
    """Version of the file."""
    datasource_name: Fact[str] = named("dataSourceName")
    """Name of the data source."""


class TableChange(Checked, frozen=True, kw_only=True):
    """A table that is about to be committed or deployed (`commit-table`, `deploy-table`)."""

    table_name: Fact[str] = named("tableName")
    """Name of the table."""
    table_type: Fact[str] = named("tableType")
    """Always ODPS."""
    maxcompute_project: Fact[str] = named("maxComputeProject")
    """Name of the MaxCompute project."""

    def tables(self) -> tuple[str, ...]:
        """The table with its project: project.table."""
        return tuple(".".join((*known(self.maxcompute_project), name)) for name in known(self.table_name))


class TablePair(Payload, frozen=True, kw_only=True):
    """A source and its destination in a sync job. Database and table of the source can be patterns: `.*`, `shard.*`."""

    source: Fact[str] = named("srcDatasourceName")
    """Data source that is read."""
    source_database: Fact[str] = named("srcDatabaseName")
    """Database that is read."""
    source_table: Fact[str] = named("srcTable")
    """Table that is read."""
    destination: Fact[str] = named("dstDatasourceName")
    """Data source that is written."""
    destination_table: Fact[str] = named("dstTable")
    """Table that is written."""

    def tables(self) -> tuple[str, ...]:
        """The table that is written, with its data source."""
        return tuple(".".join((*known(self.destination), name)) for name in known(self.destination_table))


class StartSetting(Payload, frozen=True, kw_only=True):
    """When and from where sync jobs start."""

    start_time: Fact[str] = named("startDateTime")
    """Planned start, `2024-09-12 14:00:00`."""
    time_zone: Fact[str] = named("timeZone")
    """Zone of the planned start."""


class JobStartSetting(StartSetting, frozen=True, kw_only=True):
    """When and from where one sync job starts."""

    last_start_position: Fact[str] = named("lastStartPosition")
    """Position to start from."""


class JobStart(Checked, frozen=True, kw_only=True):
    """A sync job that is about to start (`start-diJob`), in any of its documented forms.

    The V1 form has `id` and `projectId`, the V2 form `jobId`, `setting` and, for the workspace, `appId` alone.
    """

    name: Fact[str] = named("extensionBizName")
    """Name of the sync solution."""
    shows_mapping: Fact[bool] = named("showTableMapping")
    """Whether `tableMapping` is sent: false where there are more than 500 tables."""
    mapping: Fact[tuple[TablePair, ...]] = named("tableMapping")
    """What is read and written."""
    app_id: Fact[Count] = named("appId")
    """In the samples only; looks like the id of the workspace."""
    blocks: Fact[bool] = named("blockBusiness")
    """Whether the operation waits for a verdict."""
    job_id: Fact[Count] = named("jobId")
    """Id of the job (V2)."""
    job_id_v1: Fact[Count] = named("id")
    """Id of the job (V1)."""
    forced: Fact[bool] = named("forceRun")
    """In the samples only (V2)."""
    starts_as_v2: Fact[bool] = named("startAsV2")
    """In the samples only (V2)."""
    setting: Fact[JobStartSetting] = named("setting")
    """Settings of the start (V2)."""

    def tables(self) -> tuple[str, ...]:
        """The tables that are written, with their data sources."""
        return _tables(self.mapping)


class JobMapping(Payload, frozen=True, kw_only=True):
    """One job of a batch. The documents write `tableMapping`, as for a single job."""

    job_id: Fact[Count] = named("id")
    """Id of the job; in the sample only."""
    name: Fact[str] = named("extensionBizName")
    """Name of the sync solution; in the sample only."""
    mapping: Fact[tuple[TablePair, ...]] = named("tableMapping")
    """What is read and written."""

    def tables(self) -> tuple[str, ...]:
        """The tables that are written, with their data sources."""
        return _tables(self.mapping)


class BatchJobStart(Checked, frozen=True, kw_only=True):
    """Several sync jobs that are about to start (`batch-start-diJob`)."""

    name: Fact[str] = named("extensionBizName")
    """Names of the sync solutions, with commas between them."""
    setting: Fact[StartSetting] = named("setting")
    """Settings of the start."""
    shows_mapping: Fact[bool] = named("showTableMapping")
    """Whether mappings are sent: false where there are more than 500 tables."""
    mappings: Fact[tuple[JobMapping, ...]] = named("tableMappings")
    """What is read and written, job by job."""
    blocks: Fact[bool] = named("blockBusiness")
    """Whether the operation waits for a verdict."""
    job_ids: Fact[tuple[Count, ...]] = named("jobIds")
    """Ids of the jobs; in the sample only."""
    app_id: Fact[Count] = named("appId")
    """In the sample only; looks like the id of the workspace."""
    environment: Fact[str] = named("env")
    """In the sample only: prod."""
    needs_error_message: Fact[bool] = named("needErrorMessage")
    """In the sample only; its meaning is not documented."""
    error_message_only_failed: Fact[bool] = named("errorMessageOnlyFailedFileIds")
    """In the sample only; its meaning is not documented."""

    def tables(self) -> tuple[str, ...]:
        """The tables that are written by any job, with their data sources."""
        return _tables(self.mappings)


class NodeOperation(Checked, frozen=True, kw_only=True):
    """Nodes that are about to be frozen, unfrozen or undeployed (`freeze-node`, `unfreeze-node`, `undeploy-node`)."""

    node_ids: Fact[tuple[Count, ...]] = named("nodeIds")
    """Ids of the nodes."""

    def nodes(self) -> tuple[Fact[int], ...]:
        """Nodes that are operated on, or what is unknown about them; never empty."""
        return _each("nodeIds", self.node_ids)


def _each(name: str, ids: Fact[tuple[int, ...]]) -> tuple[Fact[int], ...]:
    """Each of the ids, or what is unknown about them: a list of none makes no sense where something is operated on."""
    return (ids,) if isinstance(ids, Unknown) else ids or (Unknown(name, Reason.UNREADABLE),)


class Period(Payload, frozen=True, kw_only=True):
    """Business dates of a backfill, both inside."""

    begin: Fact[str] = named("bizBeginTime")
    """First business date, `2022-04-17`."""
    end: Fact[str] = named("bizEndTime")
    """Last business date."""


class Backfill(Checked, frozen=True, kw_only=True):
    """Data that is about to be filled in for past (or future) dates (`backfill-data`)."""

    name: Fact[str] = named("name")
    """Name of the backfill."""
    root_node_id: Fact[Count] = named("rootNodeId")
    """Node that it starts from."""
    root_node_workspace: Fact[Count] = named("rootNodeProjectId")
    """Workspace of that node."""
    included_node_ids: Fact[tuple[Count, ...]] = named("includeNodeIds")
    """Nodes that run."""
    excluded_node_ids: Fact[tuple[Count, ...]] = named("excludeNodeIds")
    """Nodes that are left out; they get an instance that runs dry."""
    periods: Fact[tuple[Period, ...]] = named("multipleTimePeriods")
    """Periods to fill in. The platform sends the list as JSON text inside the JSON."""
    parallel: Fact[bool] = named("isParallel")
    """Whether business dates may run side by side."""
    parallel_groups: Fact[Count] = named("parallelGroup")
    """Number of groups that run side by side; 1 means none."""
    starts_future_instances: Fact[bool] = named("startFutureInstanceImmediately")
    """Whether instances that are scheduled later than now start at once."""
    order: Fact[str] = named("order")
    """asc or desc, by business date."""
    has_periods: Fact[bool] = named("useMultipleTimePeriods")
    """In the sample only."""

    def nodes(self) -> tuple[Fact[int], ...]:
        """Nodes whose code runs, or what is unknown about them: the included ones, and the root unless it is excluded.

        An excluded node gets an instance that succeeds without running its code. Which list wins where both name a node
        is not documented, so it is taken to run; the documented sample has the root among the included ones.
        Source: https://www.alibabacloud.com/help/en/dataworks/developer-reference/api-dataworks-public-2020-05-18-runcycledagnodes
        """
        left_out = any(self.root_node_id in ids for ids in known(self.excluded_node_ids))
        return (*(() if left_out else (self.root_node_id,)), *_each("includeNodeIds", self.included_node_ids))


class InstanceOperation(Checked, frozen=True, kw_only=True):
    """Instances that are about to be frozen, unfrozen, rerun, set to succeeded or stopped (`pre-...-instance`)."""

    name: Fact[str] = named("extensionBizName")
    """Name of the target; can be a summary of several."""
    instance_ids: Fact[tuple[Count, ...]] = named("taskIds")
    """Ids of the instances."""

    def ids(self) -> tuple[Fact[int], ...]:
        """Instances that are operated on, or what is unknown about them; never empty."""
        return _each("taskIds", self.instance_ids)


class Grantee(Payload, frozen=True, kw_only=True):
    """Who is to get a permission."""

    grantee_id: Fact[str] = named("granteeId")
    """Id of the RAM user."""


class Asked(Payload, frozen=True, kw_only=True):
    """A table that a permission is asked for."""

    actions: Fact[tuple[str, ...]] = named("action")
    """What is to be allowed: Select, Describe, ..."""
    name: Fact[str] = named("name")
    """Name of the table."""
    project_guid: Fact[str] = named("projectGuid")
    """GUID of the table's project: odps.project."""

    def tables(self) -> tuple[str, ...]:
        """The table with its project: odps.project.table."""
        return tuple(".".join((*known(self.project_guid), name)) for name in known(self.name))


class AskedProject(Payload, frozen=True, kw_only=True):
    """The workspace of the tables that a permission is asked for."""

    environment: Fact[Count] = named("envCode")
    """0 for development, 1 for production."""
    label_security: Fact[bool] = named("labelSecurity")
    """Whether access is controlled by label."""
    workspace_id: Fact[Count] = named("projectId")
    """Id of the workspace of the tables."""
    workspace_name: Fact[str] = named("projectName")
    """Name of the workspace."""
    objects: Fact[tuple[Asked, ...]] = named("objectMetaList")
    """The tables."""

    def tables(self) -> tuple[str, ...]:
        """The tables with their projects."""
        return _tables(self.objects)


class Order(Payload, frozen=True, kw_only=True):
    """A request for permission."""

    reason: Fact[str] = named("applyReason")
    """Why, in the words of who asks."""
    validity: Fact[Count] = named("deadlineDate")
    """How long, in units of `deadlineType`; text in the sample."""
    validity_unit: Fact[str] = named("deadlineType")
    """day or month."""
    grantees: Fact[tuple[Grantee, ...]] = named("granteeObjectList")
    """Who is to get the permission."""
    project: Fact[AskedProject] = named("projectMeta")
    """What the permission is for."""


class Approval(Tenanted, frozen=True, kw_only=True):
    """A request for a permission on tables that is about to be made (`approval-change-before-create`)."""

    event_type: Fact[str] = named("eventType")
    """approval-create-before in the sample; not the event code."""
    order: Fact[Order] = named("order")
    """The request."""

    def tables(self) -> tuple[str, ...]:
        """The tables that are asked for, with their projects."""
        return tuple(
            table for order in known(self.order) for project in known(order.project) for table in project.tables()
        )


class QualityOperation(Tenanted, frozen=True, kw_only=True):
    """What most events of Data Quality say."""

    operation_time: Fact[Count] = named("operationTime")
    """When, in milliseconds since 1970."""


class QualityTarget(Payload, frozen=True, kw_only=True):
    """Table whose quality is watched."""

    database_type: Fact[str] = named("databaseType")
    """maxcompute, emr, cdh, hologres, analyticdb for postgresql; in mixed case in the documented table."""
    table_guid: Fact[str] = named("tableGuid")
    """Id of the table in Data Map."""

    def tables(self) -> tuple[str, ...]:
        """The table."""
        return known(self.table_guid)


class Threshold(Payload, frozen=True, kw_only=True):
    """When a threshold of a quality rule is met."""

    expression: Fact[str] = named("expression")
    """Such as `$checkValue > 0`."""


class Thresholds(Payload, frozen=True, kw_only=True):
    """Thresholds of a quality rule."""

    expected: Fact[Threshold] = named("expected")
    """When the rule passes."""
    critical: Fact[Threshold] = named("critical")
    """When it raises the alarm."""


class Checking(Payload, frozen=True, kw_only=True):
    """How a quality rule compares."""

    kind: Fact[str] = named("type")
    """Fixed, Fluctuation, FluctuationDiscrete, Auto, Average or Variance; in lower case in the sample."""
    thresholds: Fact[Thresholds] = named("thresholds")
    """What it compares with."""


class Sampling(Payload, frozen=True, kw_only=True):
    """What a quality rule measures."""

    metric: Fact[str] = named("metric")
    """Count, Min, Max, NullValuePercent, UserDefinedSql, ...; in lower case in the sample."""


class QualityRule(Payload, frozen=True, kw_only=True):
    """A quality rule. Inside a task, one that exists already may come with `id`, `name` and `checkingConfig` alone."""

    rule_id: Fact[Count] = named("id")
    """Id of a rule that exists already; in the sample only."""
    name: Fact[str] = named("name")
    """Name of the rule."""
    enabled: Fact[bool] = named("enabled")
    """Whether it is on."""
    severity: Fact[str] = named("severity")
    """High (strong) or Normal (weak)."""
    description: Fact[str] = named("description")
    """Text."""
    template: Fact[str] = named("templateCode")
    """Template, such as system:table:table_count:fixed:0."""
    sampling: Fact[Sampling] = named("samplingConfig")
    """What it measures."""
    checking: Fact[Checking] = named("checkingConfig")
    """How it compares."""


class QualityRules(QualityOperation, frozen=True, kw_only=True):
    """Quality rules that are about to be made (`batch-create-data-quality-rules`)."""

    task_id: Fact[Count] = named("dataQualityTaskId")
    """Monitor task, where there is one."""
    target: Fact[QualityTarget] = named("target")
    """Table that is watched."""
    rules: Fact[tuple[QualityRule, ...]] = named("rules")
    """The rules."""

    def tables(self) -> tuple[str, ...]:
        """The table that is watched."""
        return tuple(table for target in known(self.target) for table in target.tables())


class QualityRuleUpdate(QualityRule, frozen=True, kw_only=True):
    """A quality rule that is about to be changed (`update-data-quality-rule`)."""

    operator: Fact[str] = named("operator")
    """UID of the user."""
    project_id: Fact[Count] = named("projectId")
    """Id of the workspace."""
    tenant_id: Fact[Count] = named("tenantId")
    """Id of the tenant."""
    operation_time: Fact[Count] = named("operationTime")
    """When, in milliseconds since 1970."""


class QualityRulesUpdate(QualityRuleUpdate, frozen=True, kw_only=True):
    """Quality rules that are about to be changed in bulk (`batch-update-data-quality-rules`).

    The payload that is printed for this event is a copy of that of a single update: its real form is unverified. Where
    a list `rules` or `ids` comes, as in the other batches, it is judged; else the fields of the single rule are.
    """

    rules: Fact[tuple[QualityRule, ...]] = named("rules")
    """Rules to change; by analogy, unverified."""
    ids: Fact[tuple[Count, ...]] = named("ids")
    """Ids of rules to change; by analogy, unverified."""


class QualityDeletion(QualityOperation, frozen=True, kw_only=True):
    """Quality rules or monitor tasks that are about to be deleted (`batch-delete-data-quality-rules`,
    `batch-delete-data-quality-evaluation-tasks`).
    """

    ids: Fact[tuple[Count, ...]] = named("ids")
    """Ids of what is deleted."""


class Trigger(Payload, frozen=True, kw_only=True):
    """What sets a monitor task off."""

    kind: Fact[str] = named("type")
    """ByScheduledTaskInstance or ByManual."""
    node_ids: Fact[tuple[Count, ...]] = named("taskIds")
    """Scheduled nodes that set it off."""


class Hook(Payload, frozen=True, kw_only=True):
    """What a monitor task does with a result."""

    kind: Fact[str] = named("type")
    """BlockTaskInstance."""
    condition: Fact[str] = named("condition")
    """When."""


class Receivers(Payload, frozen=True, kw_only=True):
    """Who is told."""

    kind: Fact[str] = named("receiverType")
    """AliUid, DingdingUrl, ..."""
    values: Fact[tuple[str, ...]] = named("receiverValues")
    """UIDs or addresses."""
    extension: Fact[str] = named("extension")
    """JSON text with more, such as atAll."""


class Notification(Payload, frozen=True, kw_only=True):
    """How somebody is told."""

    channels: Fact[tuple[str, ...]] = named("channels")
    """Mail, Sms, Dingding, ..."""
    receivers: Fact[tuple[Receivers, ...]] = named("notificaionReceivers")
    """Who is told. The key is spelled this way in the sample."""


class Notifications(Payload, frozen=True, kw_only=True):
    """When and how somebody is told of a monitor task's result."""

    condition: Fact[str] = named("condition")
    """When."""
    notifications: Fact[tuple[Notification, ...]] = named("notifications")
    """How, and whom."""


class QualityTask(QualityOperation, frozen=True, kw_only=True):
    """A monitor task that is about to be made or changed (`create-data-quality-evaluation-task`,
    `update-data-quality-evaluation-task`; an id of the changed task is not documented).
    """

    name: Fact[str] = named("name")
    """Name of the task."""
    description: Fact[str] = named("description")
    """Text."""
    target: Fact[QualityTarget] = named("target")
    """Table that is watched."""
    trigger: Fact[Trigger] = named("trigger")
    """What sets it off."""
    datasource_id: Fact[Count] = named("dataSourceId")
    """Data source that is used."""
    runtime: Fact[str] = named("runtimeConf")
    """JSON text: queue and engine of EMR."""
    rules: Fact[tuple[QualityRule, ...]] = named("rules")
    """Rules of the task."""
    hooks: Fact[tuple[Hook, ...]] = named("hooks")
    """What it does with a result."""
    notifications: Fact[Notifications] = named("notifications")
    """Who is told."""

    def tables(self) -> tuple[str, ...]:
        """The table that is watched."""
        return tuple(table for target in known(self.target) for table in target.tables())


class QualityTaskClone(QualityOperation, frozen=True, kw_only=True):
    """A monitor task that is about to be copied (`clone-data-quality-evaluation-task`)."""

    task_id: Fact[Count] = named("id")
    """Task that is copied."""
    targets: Fact[tuple[QualityTarget, ...]] = named("targets")
    """Tables that the copies watch."""

    def tables(self) -> tuple[str, ...]:
        """The tables that the copies watch."""
        return _tables(self.targets)


class Notice(Operation, frozen=True, kw_only=True):
    """What events about alert subscriptions say; their samples name no tenant."""

    operation_time: Fact[Count] = named("operationTime")
    """When, in milliseconds since 1970."""
    task_id: Fact[Count] = named("dataQualityEvaluationTaskId")
    """Monitor task."""


class Subscription(Notice, frozen=True, kw_only=True):
    """An alert subscription that is about to be made (`create-data-quality-evaluation-task-notification`)."""

    channel: Fact[str] = named("channel")
    """Email, SMS, Phone, Lark, WeChat, DingTalk, Custom Webhook; sms in the sample."""
    receiver: Fact[str] = named("receiverValue")
    """Who is told."""


class SubscriptionUpdate(Notice, frozen=True, kw_only=True):
    """An alert subscription that is about to be changed (`update-data-quality-evaluation-task-notification`)."""

    current_channel: Fact[str] = named("currentChannel")
    """Channel until now."""
    current_receiver: Fact[str] = named("currentReceiverValue")
    """Who is told until now."""
    channel: Fact[str] = named("updatedChannel")
    """Channel from now on."""
    receiver: Fact[str] = named("updatedReceiverValue")
    """Who is told from now on."""


class SubscriptionDeletion(Notice, frozen=True, kw_only=True):
    """An alert subscription that is about to be removed (`delete-data-quality-evaluation-task-notification`).

    Its payload is not documented: these fields are those that its siblings share, by analogy (unverified).
    """


class WorkspaceDeletion(Tenanted, frozen=True, kw_only=True):
    """A workspace that is about to be deleted (`delete-project`): `projectId` is that workspace."""
