"""What the built-in checks judge, and why, in Chinese: as their docstrings say it in English, without the examples."""

from collections.abc import Mapping

JUDGED: Mapping[str, str] = {
    "download.rows": "下载的行数：最多 `max` 行。\n\n数据外泄往往通过大批量的下载发生，小批量下载则属于日常工作。",
    "download.size": (
        "下载文件的大小：最多 `max`。\n\n"
        "行数少，数据量也可能很大：字段中存放文档和图片时，不需要多少行就能带走大量数据。"
    ),
    "download.source": (
        "下载数据的来源（`moduleType`）：entity_transfer、develop_query、sqlx_query、dw_excel。\n\n"
        "通过电子表格或数据目录可以下载到查询中看不到的数据。"
    ),
    "download.datasource": "下载所用的数据源，按名称或 ID 匹配。\n\n生产数据和个人信息通常存放在专门的数据源中。",
    "download.workspace": "下载所在的工作空间，按名称或 ID 匹配。",
    "download.operator": (
        "下载数据的用户，按 UID（`operatorUid`）或 Base ID（`operatorBaseId`）匹配：其中一个在名单中即可。"
    ),
    "download.file_name": (
        "下载文件的名称：整个名称必须与 `pattern` 匹配。\n\n在文件名中写上工单号，是下载操作成本最低的审计线索。"
    ),
    "download.ip": "下载已生成的文件时所用的 IP 地址；DataWorks 只在这一步提供该地址。",
    "upload.size": (
        "上传文件的大小：最多 `max`。\n\n手动上传没有调度、没有血缘，也没有责任人；大批量的数据应通过同步任务导入。"
    ),
    "upload.target": (
        "上传数据写入的表，按 GUID 匹配：`odps.project.table`、`emr_hive.cluster.schema.table`、"
        "`holo.instance.database`。"
    ),
    "upload.source": "上传数据的来源（`uploadSourceType`）：LOCAL、OSS、DW_EXCEL、HTTP。",
    "upload.overwrite": (
        "覆盖写入的上传（`writeType` 为 OVERWRITE）：一律不允许、不允许写入 `deny` 中的表，"
        "或只允许写入 `allow` 中的表（表 GUID）。\n\n"
        "手动覆盖的数据无法找回，而且事先没有征得任何人同意。追加上传时按主键替换的行（`conflictMode`）不在检查范"
        "围内。"
    ),
    "upload.engine": (
        "上传数据写入的计算引擎（`targetEngineType`）：MaxCompute、EMR Hive、Hologres。\n\n"
        "官方文档写作“EMR Hive”，示例中写作 MAXCOMPUTE，因此比较时忽略空格、`_` 和 `-`。"
    ),
    "file.name": (
        "文件的名称（只检查类型属于 `types` 的文件）：整个名称必须与 `pattern` 匹配。\n\n"
        "名称中写明分层、主题和周期，其他人才能找到文件；可为每一类或每一组文件类型各写一条规则。"
    ),
    "file.owner": "文件的责任人：必须是提交、发布、运行或删除该文件的用户本人。\n\n谁对文件负责，就应由谁来变更。",
    "file.type": (
        "文件的类型（`fileType`），按编号或名称匹配。\n\nShell 和不受限制的 Python 能做到的事情，SQL 规则无法发现。"
    ),
    "file.functions": (
        "代码调用的函数：不得调用 `deny` 中的函数。\n\n"
        "MAX_PT 总是读取最新的分区，重跑历史日期时读到的却是今天的数据："
        "https://www.alibabacloud.com/help/en/dataworks/user-guide/best-practices-for-prohibiting-the-use-of-the-max-pt-function\n\n"
        "函数名后跟左括号即视为调用，不区分大小写，写在反引号中或 `db.` 之后同样算。注释不算，"
        "SQL 中引号内的文本也不算；Python 和 Shell 中引号内的文本则要算，因为其中可能执行 SQL。其他类型的代码，"
        "以及不同引擎理解不一致之处以后的全部内容，均按原文检查。运行时才拼接出来的调用无法发现：例如通过参数、"
        '`"max" + "_pt"` 或在另一个函数内部拼接。提示信息中给出函数名（小写）和行号；无法判断是否为引号内文本时，'
        "给出所匹配的通配符写法。"
    ),
    "file.content": (
        "代码的内容：`require` 必须在其中某处匹配，`forbid` 不得在任何位置匹配。\n\n"
        "可以要求代码开头注明作者和用途，也可以禁止写入主机名和密钥。按代码原文检索，包括注释。"
    ),
    "file.size": "代码的大小（UTF-8 编码）：最多 `max`。\n\n没有人能读完的代码，也就没有人能评审。",
    "sql.tables": (
        "SQL 读取和写入的表（project.table 形式），与 `allow` 和 `deny` 比较。\n\n"
        "WITH 定义的名称、变量和别名不算表。没有写明项目的表，属于策略的 `sql:` 为该数据源指定的项目。"
        "如果没有指定项目，或名称中含有调度参数，可能无法判断该表是否在名单内，此时采用 `on_unreadable` 的结果；"
        "只能逐词检查的语句同样如此。所有 SQL 检查都遵循这一点。\n\n"
        "规则的 `exempt` 要求本次操作的所有表均被豁免才会放行；`except` 则放行所列的表，不论它们与哪些表关联。"
    ),
    "sql.columns": (
        "进入查询结果或写入目标表的字段（project.table.column 形式）：不得包含 `deny` 中的字段。\n\n"
        "字段会经由别名、WITH、子查询、UNION 和表达式追溯到来源表；没有写明来源表的字段，"
        "对每张可能的来源表都计入。对可能含有受限字段的表使用 `*` 也算命中，除非 SQL 已将该字段排除；整表克隆、"
        "卸载（UNLOAD）或读取同样如此。"
    ),
    "sql.star": (
        "查询结果或写入内容中的 `*`：不得对表使用。\n\n"
        "`*` 会带出用不到的字段，表中新增的字段也会自动带出。`count(*)` 不算，"
        "对已列明字段的子查询使用 `*` 也不算。`select ${columns}` 则可能是星号。"
    ),
    "sql.functions": (
        "SQL 调用的函数：不得调用 `deny` 中的函数。\n\n"
        "与 `file.functions` 相同，并且也检查下载；注释和引号内文本中出现的不算调用。"
    ),
    "sql.statements": (
        "SQL 语句的类型，与 `allow` 和 `deny` 比较。\n\n"
        "如果 `allow` 只打算放行查询，也应列入 SET：很多查询以参数设置开头。"
    ),
    "sql.partition_filter": (
        "读取表时的分区过滤条件：每次读取都必须有。\n\n没有分区过滤条件的查询会读取所有日期的数据，并按读取量计费。"
    ),
    "sql.limit": "向用户返回结果的每个查询的 LIMIT：必须有，且最多 `max` 行。",
    "sql.cross_join": (
        "JOIN：必须有关联条件，除非其中一侧可以确定最多只有一行。\n\n"
        "WHERE 中比较两侧的条件，等同于写在 JOIN 上的关联条件。"
    ),
    "sql.length": "SQL 的长度（字符数）：最多 `max`。\n\n没有人能读完的内容，也就没有人会评审。",
    "table.name": "表的名称：整个名称必须与 `pattern` 匹配。\n\n名称中写明分层、主题和周期，其他人才能找到表。",
    "table.comment": (
        "表的注释：必须有；设置 `columns` 后，每个字段也必须有注释。\n\n表没有注释，别人就看不懂，也不敢用。"
    ),
    "table.column_name": "表中字段（包括分区字段）的名称：每个名称都必须整体与 `pattern` 匹配。",
    "table.column_type": (
        "表中字段的数据类型：不含类型的参数；ARRAY、MAP 和 STRUCT 内部的每个类型也会检查。\n\n"
        "用 FLOAT 或 DOUBLE 存放的金额，求和时无法精确到分。"
    ),
    "table.partition": (
        "表的分区：必须有；设置 `columns` 后，必须按其中所有字段分区。\n\n"
        "没有分区的表只能整表读写，也无法单独补某一天的数据。"
    ),
    "table.lifecycle": (
        "表的生命周期：必须设置，且不少于 `min` 天、不超过 `max` 天。\n\n"
        "没人再读的数据同样要付存储费。没有设置生命周期，或设置为 0 及以下，表示数据永久保留。"
    ),
    "node.protected": (
        "被冻结、解冻、下线或补数据的节点，按 ID 匹配：不得在 `deny` 中；设置 `allow` 时只能是其中的节点。\n\n"
        "有很多下游等待的节点，不应随手停止或重新运行。补数据时检查实际运行代码的节点：即 `includeNodeIds`，"
        "以及未被排除的 `rootNodeId`。"
    ),
    "node.count": (
        "一次冻结、解冻或下线的节点数：最多 `max` 个；重复出现的节点只计一次。\n\n一次误点就可能让整个工作空间停摆。"
    ),
    "instance.protected": (
        "被冻结、解冻、重跑、终止或置成功的实例：不得属于 `nodes` 或 `names` 中的节点。\n\n"
        "将实例置成功后，所有等待它的下游都会在没有数据的情况下运行。消息中只有实例 ID，"
        "其中的 `extensionBizName` 也可能只是多个实例的概括，因此会逐个查询实例（GetInstance），最多 20 个；"
        "一次超过此数时采用 `on_error` 的结果。"
    ),
    "instance.count": (
        "一次冻结、解冻、重跑、终止或置成功的实例数：最多 `max` 个。\n\n"
        "大批量重跑会占用整个工作空间的资源。重复出现的实例只计一次。"
    ),
    "instance.environment": (
        "被冻结、解冻、重跑、终止或置成功的实例所在的环境：PROD、DEV。\n\n"
        "消息中没有环境信息，以 GetInstance 查到该实例的环境为准，查询时先查生产环境；"
        "开发环境的实例在生产环境中查不到，这一点尚未证实。最多查询 20 个实例；一次超过此数时采用 `on_error` 的结"
        "果。"
    ),
    "backfill.days": (
        "补数据所有时间段的业务日期数：最多 `max` 个；出现在两个时间段中的日期只计一次。\n\n"
        "每个业务日期都会让每个节点重新运行一次；误选一整年会占用日常任务的资源。首尾日期均包含在内。"
    ),
    "backfill.age": (
        "补数据最早的业务日期：最多早于事件发生日 `max` 天，按策略的时区计算。\n\n"
        "已经出具报表并关账的数据，不应在使用者不知情时发生变化。今天的日常任务，业务日期是昨天，即 1 天前。"
    ),
    "backfill.nodes": (
        "补数据实际运行代码的节点数：最多 `max` 个。\n\n"
        "包括 `includeNodeIds`，以及未被排除的 `rootNodeId`；重复出现的节点只计一次。"
        "被排除的节点生成的实例只空跑。"
    ),
    "backfill.parallel": (
        "补数据的并行组数（`parallelGroup`）：最多 `max` 组；1 表示不并行。\n\n"
        "没有设置 `isParallel` 时，无论组数是多少都不会并行。"
    ),
    "backfill.order": (
        "补数据的业务日期顺序（`order`）：asc、desc。\n\n"
        "如果每天的数据依赖前一天的数据，只有按升序补数据才能得到正确的结果。"
    ),
    "backfill.future": (
        "立即运行定时时间晚于当前时间的实例的补数据操作（`startFutureInstanceImmediately`）。\n\n"
        "这些实例在当天结束之前就会运行，所用的数据并不完整。"
    ),
    "integration.source": (
        "同步任务读取的数据源，按名称匹配。\n\n同步任务会一次性复制整张表；个人信息只能通过商定的途径离开原系统。"
    ),
    "integration.destination": (
        "同步任务写入的数据源，按名称匹配。\n\n进入生产的数据应写入有人维护的数据源，不得随意写入其他数据源。"
    ),
    "integration.table_name": (
        "同步任务写入的表的名称：每个名称都必须整体与 `pattern` 匹配。\n\n"
        "数仓中的数据靠名称查找，也靠名称区分分层（ods_、dwd_）。"
    ),
    "integration.tables": (
        "所启动的同步任务的源表与目标表的映射数（一对表计为一个）：所有任务合计最多 `max` 个。\n\n"
        "源表为通配写法（`shard.*`）时只计为一个，不论它代表多少张表。如果因超过 500 张表而 DataWorks 没有列出明"
        "细，则 `max` 不超过 500 时命中；`max` 更大时无法判断。"
    ),
    "integration.mapping": (
        "因超过 500 张表而 DataWorks 没有列出表明细的同步任务（`showTableMapping` 为 false）。\n\n"
        "看不到的内容，其他规则也无法检查。"
    ),
    "quality.protected": (
        "质量规则、监控任务及其告警订阅：受保护的不得修改或删除。\n\n"
        "规则被关闭，或告警没有人收到，往往要等数据出错后才会发现。\n\n"
        "修改监控任务的消息没有说明是哪个任务：因此按任务监控的表以及任务中的规则判断，"
        "任务中的规则全部视为被修改。向任务中添加的规则不算修改该任务。"
    ),
    "quality.severity": (
        "新建或修改的质量规则的强弱（强规则/弱规则）：不低于 `min`。\n\n"
        "只有强规则（High）会阻塞下游节点；弱规则（Normal）只会通知相关人员。已有的规则加入监控任务时，"
        "消息中不带强弱，因此不在此处检查。"
    ),
    "quality.thresholds": (
        "新建或修改的质量规则：必须设置正常阈值和红色异常阈值。\n\n"
        "没有阈值的规则只会统计，永远不会告警。Auto 类型的规则会自行确定阈值，无需设置（依据是类型的名称："
        "其消息内容的样子尚未证实）。"
    ),
    "quality.deletions": "一次删除的质量规则或监控任务数：最多 `max` 个。",
    "quality.receivers": (
        "监控任务结果的接收人：UID、邮箱地址、机器人地址。\n\n"
        "质量结果中含有数据的值，而机器人地址可以通向任何地方。对于网址，提示信息只给出主机名："
        "其后的部分等同于密码。没有 `notifications` 的任务不通知任何人。"
    ),
    "quality.target": (
        "被监控质量的表：包括新建规则的表、新建或修改的监控任务的表，以及克隆出的任务的表。\n\n"
        "监控任务会读取它所监控的表，并产生相应费用。表以其在数据地图中的 ID 指定，"
        "不一定是 MaxCompute 的 GUID 形式。"
    ),
    "approval.actions": (
        "对任意一张表申请的操作权限：Select、Describe、Update、Drop 等。\n\n"
        "读取属于日常工作；删除或下载表的权限则应从严控制。"
    ),
    "approval.validity": (
        "申请的权限有效期（`deadlineDate`、`deadlineType`），以天计：最多 `max` 天。\n\n"
        "永久授予的权限，再也不会有人复核。一个月按 31 天计算。除 day 和 month 以外的单位没有文档说明，"
        "没有期限的申请是什么样子也没有文档说明：这类申请无法判断。"
    ),
    "approval.reason": (
        "申请原因（`applyReason`）：至少 `min` 个字符，且整个原因与 `pattern` 匹配。\n\n"
        "审批人以及日后的审计人员只能以此为依据。没有填写原因的申请，视为原因有 0 个字符。"
    ),
    "approval.grantees": ("一次申请的授权用户数：最多 `max` 个。\n\n需要给很多用户授权时，应改为授权给角色。"),
    "approval.tables": "申请权限的表，按 GUID 匹配：`odps.project.table`。",
    "workspace.protected": "即将删除的工作空间：不得在 `deny` 中。\n\n删除工作空间，其中的节点和调度也会一并删除。",
    "workspace.id": "操作所在的工作空间，按 ID 匹配（`projectId`、`appId` 或 `queryDwProjectId`）。",
    "operator.id": (
        "操作的用户，按 UID 或 Base ID 匹配（`operator`、`operatorUid`、`operatorBaseId`）。\n\n"
        "其中一个在名单中即可。上传和下载事件同时提供两种 ID，其他事件只提供 UID。"
    ),
    "operator.roles": (
        "用户在工作空间中的角色：至少有一个在 `allow` 中，且没有一个在 `deny` 中。\n\n"
        "角色以其代码指定：role_project_owner、role_project_admin、role_project_dev、role_project_pe（运维）、"
        "role_project_deploy、role_project_guest、role_project_security，以及租户自定义的角色。"
        "不是工作空间成员的用户没有角色，因此 `allow` 不会放行，`deny` 会放行。"
    ),
    "calendar.freeze": (
        "操作的时间：不得在封网的每周时段、日期或法定节假日内。\n\n"
        "节假日前夕的变更一旦出错，没有人能够回退。DataWorks 提供事件时间时以其为准，否则以检查时间为准。"
        "时间按策略所设时区的当地时间计算；时段的开始时刻包含在内，结束时刻不包含。时段首尾相接时，"
        "`{until}` 是最后一个时段的结束时刻。节假日的名称采用当地的叫法；哪些日子算节假日，见下文“国家或地区”。"
    ),
}
