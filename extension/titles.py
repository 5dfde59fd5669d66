"""What modules, events and checks are called, in English and Chinese: for pages and for the command line."""

from collections.abc import Mapping

from extension import catalogue
from extension.verdict import Language

MODULES: Mapping[Language, Mapping[catalogue.Module, str]] = {
    Language.EN: {module: module.value for module in catalogue.Module},
    Language.ZH: {
        catalogue.Module.DATA_STUDIO: "数据开发（Data Studio）",
        catalogue.Module.DATA_INTEGRATION: "数据集成",
        catalogue.Module.OPERATION_CENTER: "运维中心",
        catalogue.Module.SECURITY_CENTER: "安全中心",
        catalogue.Module.DATA_QUALITY: "数据质量",
        catalogue.Module.CONSOLE: "控制台",
        catalogue.Module.UPLOAD_AND_DOWNLOAD: "上传与下载",
    },
}
"""Modules. The page of events calls 数据开发 and 运维中心 so; that the console calls the others so is unverified.

Source: https://help.aliyun.com/zh/dataworks/message-formats-1
"""

_EVENTS_ZH = {
    "node-change-created": "新节点发布到生产环境。",
    "node-change-updated": "节点在开发环境中变更，或变更发布到生产环境；冻结、解冻、变更责任人或资源组时也会发送。",
    "delete-file": "在开发环境中删除文件（移入回收站）。",
    "commit-file": "提交节点、资源或函数。",
    "deploy-file": "发布节点、资源或函数。",
    "run-file": "运行节点代码。",
    "commit-table": "提交表。",
    "deploy-table": "发布表。",
    "start-diJob": "启动同步任务。",
    "batch-start-diJob": "批量启动同步任务。",
    "node-change-deleted": "节点已下线，或已从回收站中删除。",
    "undeploy-node": "下线生产环境的周期任务节点。",
    "freeze-node": "冻结生产环境的节点；随后发送节点变更事件。",
    "unfreeze-node": "解冻生产环境的节点；随后发送节点变更事件。",
    "backfill-data": "对生产环境的周期任务节点补数据。",
    "instance-status-changes": "周期实例的状态发生变化。",
    "freeze-instance": "实例已冻结。",
    "unfreeze-instance": "实例已解冻。",
    "kill-instance": "实例已终止。",
    "rerun-instance": "实例（或其下游）已重跑。",
    "set-instance-success": "实例已置成功。",
    "delete-task-instance-dependencies": "已删除实例的部分上游依赖。",
    "pre-freeze-instance": "冻结实例之前。",
    "pre-unfreeze-instance": "解冻实例之前。",
    "pre-rerun-instance": "重跑实例之前。",
    "pre-set-instance-success": "将实例置成功之前。",
    "pre-kill-instance": "终止实例之前。",
    "expired-task-instances-deleted": "已清理过期实例。",
    "dag-status-changes": "补数据或手动业务流程的状态发生变化。",
    "workbench-monitor-alert": "发出监控告警。",
    "approval-change-created": "已创建权限申请。",
    "approval-change-finished": "权限申请已结束。",
    "approval-change-before-create": "创建表权限申请之前。",
    "dqc-check-feedback-event": "用户对质量校验结果作出反馈。",
    "dqc-check-finished-event": "质量规则校验结束。",
    "batch-create-data-quality-rules": "创建质量规则之前。",
    "batch-update-data-quality-rules": "批量修改质量规则之前。",
    "batch-delete-data-quality-rules": "删除质量规则之前。",
    "update-data-quality-rule": "修改单条质量规则之前。",
    "create-data-quality-evaluation-task": "创建质量监控任务之前。",
    "update-data-quality-evaluation-task": "修改质量监控任务之前。",
    "clone-data-quality-evaluation-task": "克隆质量监控任务之前。",
    "batch-delete-data-quality-evaluation-tasks": "删除质量监控任务之前。",
    "create-data-quality-evaluation-task-notification": "创建告警订阅之前。",
    "update-data-quality-evaluation-task-notification": "修改告警订阅之前。",
    "delete-data-quality-evaluation-task-notification": "删除告警订阅之前。",
    "delete-project": "删除工作空间之前。",
    "project-deleted": "工作空间已删除。",
    "download-resources": "生成下载文件之前。",
    "download-resources-execute": "下载已生成的文件之前。",
    "upload-data-to-table": "向表上传数据之前。",
}

EVENTS: Mapping[Language, Mapping[str, str]] = {
    Language.EN: {entry.code: entry.about for entry in catalogue.ENTRIES},
    Language.ZH: _EVENTS_ZH,
}
"""When DataWorks sends each event of the catalogue."""

POINTS_ZH: Mapping[str, str] = {
    "commit-file": "文件提交前置事件",
    "deploy-file": "文件发布前置事件",
    "run-file": "代码运行前置事件",
    "delete-file": "文件删除前置事件",
    "commit-table": "表提交到开发前置事件",
    "deploy-table": "表发布前置事件",
    "delete-project": "删除项目空间前置事件",
    "download-resources": "数据下载前置事件-文件生成",
}
"""What the Chinese documents call the extension point of an event, where they give it a name.

Source: https://help.aliyun.com/document_detail/463357.htm
and, for deploy-table, https://help.aliyun.com/document_detail/316518.htm
"""

CHECKS_ZH: Mapping[str, str] = {
    "download.rows": "下载的行数",
    "download.size": "下载文件的大小",
    "download.source": "下载数据的来源",
    "download.datasource": "下载所用的数据源",
    "download.workspace": "下载所在的工作空间",
    "download.operator": "下载数据的用户",
    "download.file_name": "下载文件的名称",
    "download.ip": "下载文件时的 IP 地址",
    "upload.size": "上传文件的大小",
    "upload.target": "上传数据写入的表",
    "upload.source": "上传数据的来源",
    "upload.overwrite": "覆盖写入的上传",
    "upload.engine": "上传数据写入的计算引擎",
    "file.name": "文件的名称",
    "file.owner": "文件的责任人",
    "file.type": "文件的类型",
    "file.functions": "代码调用的函数",
    "file.content": "代码的内容",
    "file.size": "代码的大小",
    "sql.tables": "SQL 读写的表",
    "sql.columns": "SQL 查询结果或写入内容中的字段",
    "sql.star": "SQL 中的 *（选取所有字段）",
    "sql.functions": "SQL 调用的函数",
    "sql.statements": "SQL 语句的类型",
    "sql.partition_filter": "读取表时的分区过滤条件",
    "sql.limit": "查询的 LIMIT",
    "sql.cross_join": "没有关联条件的 JOIN",
    "sql.length": "SQL 的长度",
    "table.name": "表的名称",
    "table.comment": "表的注释",
    "table.column_name": "字段的名称",
    "table.column_type": "字段的数据类型",
    "table.partition": "表的分区",
    "table.lifecycle": "表的生命周期",
    "node.protected": "受保护的节点",
    "node.count": "单次操作的节点数",
    "instance.protected": "受保护节点的实例",
    "instance.count": "单次操作的实例数",
    "instance.environment": "实例所在的环境",
    "backfill.days": "补数据的业务日期数",
    "backfill.age": "补数据最早的业务日期",
    "backfill.nodes": "补数据运行的节点数",
    "backfill.parallel": "补数据的并行组数",
    "backfill.order": "补数据的业务日期顺序",
    "backfill.future": "立即运行定时时间晚于当前时间的实例",
    "integration.source": "同步任务读取的数据源",
    "integration.destination": "同步任务写入的数据源",
    "integration.table_name": "同步任务目标表的名称",
    "integration.tables": "同步任务的源表与目标表的映射数",
    "integration.mapping": "表过多、未列出明细的同步任务",
    "quality.protected": "受保护的质量规则、监控任务和告警订阅",
    "quality.severity": "质量规则的强弱（强规则/弱规则）",
    "quality.thresholds": "质量规则的阈值",
    "quality.deletions": "一次删除的质量规则或监控任务数",
    "quality.receivers": "质量结果的接收人",
    "quality.target": "配置质量监控的表",
    "approval.actions": "申请的操作权限",
    "approval.validity": "申请的权限有效期",
    "approval.reason": "权限申请的原因",
    "approval.grantees": "一次申请的授权用户数",
    "approval.tables": "申请权限的表",
    "workspace.protected": "受保护的工作空间",
    "workspace.id": "操作所在的工作空间",
    "operator.id": "操作的用户",
    "operator.roles": "用户在工作空间中的角色",
    "calendar.freeze": "封网期",
}
"""What each built-in check is about. In English it is the first sentence of its docstring."""
