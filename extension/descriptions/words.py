"""Parameters of the built-in checks and their forms, in Chinese."""

from collections.abc import Mapping

PARAMETERS: Mapping[str, str] = {
    "Most that is allowed.": "允许的最大值。",
    "Most that is allowed, in bytes or with a unit: 10MB, 1GiB.": (
        "允许的最大值，以字节为单位，或带单位书写：10MB、1GiB。"
    ),
    "Only these are allowed.": "只允许这些。",
    "These are not allowed.": "不允许这些。",
    "Regular expression (RE2) that the whole name must match.": "整个名称必须匹配的正则表达式（RE2）。",
    "Allowed for these.": "对这些表允许。",
    "Not allowed for these; without `allow` and `deny`, for none.": (
        "对这些表不允许；`allow` 和 `deny` 都没有设置时，对所有表都不允许。"
    ),
    "Types of files that it is for, by number or name; without it, all.": (
        "适用的文件类型，写编号或名称；不设置则适用于所有类型。"
    ),
    "Types of files that it is for, by number or name; without it, all. A download is always judged.": (
        "适用的文件类型，写编号或名称；不设置则适用于所有类型。下载始终会检查。"
    ),
    "Names of functions that are not allowed, or patterns with `*`.": "不允许调用的函数的名称，可以使用通配符 `*`。",
    "Regular expression (RE2) that must match somewhere in the code: (?i) for any case, (?m) for ^ and $ at lines.": (
        "代码中必须有某处匹配的正则表达式（RE2）：(?i) 表示不区分大小写，(?m) 表示 ^ 和 $ 按行匹配。"
    ),
    "Regular expression (RE2) that must match nowhere in the code.": "代码中不得有任何位置匹配的正则表达式（RE2）。",
    "Only these tables are allowed.": "只允许这些表。",
    "These tables are not allowed.": "不允许这些表。",
    "Of those in `deny`, these are allowed.": "`deny` 所含的表中，这些例外允许。",
    "What is judged: read, written, or both, which is the default.": (
        "检查哪种访问：读取（read）、写入（written），或两者都检查（默认）。"
    ),
    "Columns that are not allowed.": "不允许的字段。",
    "Functions, by their names alone, that a value may leave through: a column that went through one is allowed.": (
        "可用于脱敏的函数（只写函数名）：经过其中任一函数处理的字段允许输出。"
    ),
    "Whether columns of filters, joins, groups and orders count, too, and those that a sub-query reads by a star.": (
        "过滤、关联、分组和排序中的字段，以及子查询用星号读取的字段，是否也算在内。"
    ),
    "Tables of which all columns may not be taken; without it, all tables.": (
        "不允许选取所有字段的表；不设置则适用于所有表。"
    ),
    "Whether a star in a sub-query counts, too, where its columns do not reach the result.": (
        "子查询中的星号，即使其字段没有进入结果，是否也算在内。"
    ),
    "Only statements of these kinds are allowed.": "只允许这些类型的语句。",
    "Statements of these kinds are not allowed.": "不允许这些类型的语句。",
    "Tables that are read with a filter on their partition only.": "读取时必须带分区过滤条件的表。",
    "Columns that the tables are partitioned by, a filter on one of which is enough; by default ds, dt, pt.": (
        "这些表的分区字段，对其中一个过滤即可；默认为 ds、dt、pt。"
    ),
    "Most rows that a query may ask for.": "一个查询最多可以返回的行数。",
    "Most characters that the SQL may have.": "SQL 最多可以有的字符数。",
    "Whether each column must have a comment, too.": "是否要求每个字段也必须有注释。",
    "Columns that the table must be partitioned by, all of them; without it, by any.": (
        "表必须采用的分区字段，须全部具备；不设置则任意分区字段均可。"
    ),
    "Most days that data may be kept.": "数据最多可以保留的天数。",
    "Fewest days that data must be kept.": "数据至少必须保留的天数。",
    "Ids of the nodes whose instances are protected.": "实例受保护的节点的 ID。",
    "Names of such nodes.": "实例受保护的节点的名称。",
    "Ids of rules that must not be changed or deleted.": "不得修改或删除的质量规则的 ID。",
    "Ids of monitor tasks that must not be deleted, and whose alert subscriptions must not be changed.": (
        "不得删除、且不得变更其告警订阅的监控任务的 ID。"
    ),
    "Tables, by their ids in Data Map, whose monitor tasks must not be changed.": (
        "不得变更其监控任务的表，写其在数据地图中的 ID。"
    ),
    "Lowest severity that is allowed: High. The only other one is Normal.": (
        "允许的最低强弱：High（强规则）。另一种只有 Normal（弱规则）。"
    ),
    "Fewest characters, without blanks around them and without what is invisible.": (
        "至少需要的字符数，首尾空白和不可见字符不计。"
    ),
    "Regular expression (RE2) that the whole reason must match.": "整个申请原因必须匹配的正则表达式（RE2）。",
    'Ids of workspaces that must not be deleted; `"*"` for all.': '不得删除的工作空间的 ID；`"*"` 表示所有工作空间。',
    "Frozen every week: `Fri 18:00 - Mon 08:00`, `Sat - Sun`, `daily 23:00 - 06:00`, `Mon Wed 12:00 - 13:00`.": (
        "每周封网的时段：`Fri 18:00 - Mon 08:00`、`Sat - Sun`、`daily 23:00 - 06:00`、`Mon Wed 12:00 - 13:00`。"
    ),
    "Frozen once: `2026-11-11`, `2026-01-20 .. 2026-02-03`, `2026-11-10 20:00 .. 2026-11-12 02:00`.": (
        "一次性封网的日期：`2026-11-11`、`2026-01-20 .. 2026-02-03`、`2026-11-10 20:00 .. 2026-11-12 02:00`。"
    ),
    "Frozen on the public holidays of a country: `CN`, or a part of one: `DE-BY`.": (
        "在某个国家或地区的法定节假日封网：`CN`，或其中一部分：`DE-BY`。"
    ),
}
"""By what the docstring of the parameter says in English: who changes the one is told that the other is missing."""

FORMS: Mapping[str, str] = {
    "High": "固定值 High",
    "column names": "字段名",
    "column names in full": "完整字段名",
    "column types": "字段类型",
    "country": "国家或地区",
    "dates": "日期",
    "file types": "文件类型",
    "function names": "函数名",
    "ids": "ID 列表",
    "kinds of access": "访问方式",
    "kinds of statements": "语句类型",
    "names": "名称列表",
    "networks": "网段",
    "regular expression": "正则表达式",
    "size": "大小",
    "table GUIDs": "表 GUID",
    "table names": "表名",
    "true or false": "true 或 false（是或否）",
    "user ids": "用户 ID",
    "whole number": "整数",
    "windows of the week": "每周时段",
    "workspace ids": "工作空间 ID",
}
"""What a form is called, by its English name."""

EXPLAINED: Mapping[str, str] = {
    "High": "质量规则的强弱，只能写 High（强规则）：若写 Normal（弱规则），所有规则都会通过，因此不接受。",
    "column names": "字段的名称；不能使用通配符：用通配符无法确定必须包含哪些字段。",
    "column names in full": "project.table.column 形式的字段，可以使用通配符：`*.phone` 表示任意表中的该字段。",
    "column types": "不带参数的字段数据类型，例如 decimal 或 array，可以使用通配符。",
    "country": (
        "某个国家或地区（或其中一部分）的法定节假日，包括调休的休息日。\n\n"
        "节假日数据来自 `holidays` 库，需要每年更新并重新部署一次：中国每年较晚才公布下一年的调休安排，"
        "在此之前该库只知道节假日本身。夹在两个节假日之间的周末也算节假日（2026 年 10 月 4 日），调休上班的除外；"
        "节假日之前或之后的周末不算。"
    ),
    "dates": (
        "日期、日期范围或时间范围。\n\n"
        "- `2026-11-11`：全天\n"
        "- `2026-01-20 .. 2026-02-03`：从第一天开始到最后一天结束\n"
        "- `2026-11-10 20:00 .. 2026-11-12 02:00`：从前一时刻到后一时刻，后一时刻不包含在内"
    ),
    "file types": (
        "文件的类型，写编号或官方文档中的名称；内部以编号保存。\n\n"
        "比较名称时不区分大小写，并忽略空格、`_` 和 `-`。未公开的编号也可以使用，因为平台的类型比文档中列出的多；"
        "未公开的名称则永远不会匹配。"
    ),
    "function names": "函数的名称，不写所属的库，也不写括号；`*` 表示任意字符。",
    "ids": "数字 ID，可以使用通配符。写名称永远不会匹配，数字前面带零也不会匹配。",
    "kinds of access": "对表的操作：读取（read），或写入、创建、变更、删除（written）。",
    "kinds of statements": (
        "语句的类型，可以使用通配符。\n\n"
        "DESC 属于 DESCRIBE；ASSIGN、FUNCTION 和 CONTROL（IF、LOOP）用于脚本；"
        "不属于其他类型的命令以及非 SQL 内容均为 OTHER。WITH 语句的类型取决于其后的语句，"
        "赋值给变量的查询属于 SELECT。"
    ),
    "names": "名称或 ID，比较时不区分大小写；`*` 表示任意字符（包括点），`?` 表示一个字符。",
    "networks": "IP 地址和 CIDR 网段，支持 IPv4 和 IPv6。IPv4 地址也会按 ::ffff:192.0.2.1 的形式匹配。",
    "regular expression": "RE2 语法的正则表达式；无论表达式如何书写，匹配耗时都与文本长度成线性关系。",
    "size": "字节数，可以写数字，也可以带单位：`10MB` 为 10,000,000 字节，`1GiB` 为 1,073,741,824 字节。",
    "table GUIDs": (
        "官方文档中的表 GUID，可以使用通配符；写表的其他名称永远不会匹配。\n\n"
        "其形式为 odps.project.table、emr_hive.cluster.schema.table 和 holo.instance.database。"
        "平台今后新增的引擎，可以将第一段写为通配符来指定：`*.finance.ledger`。"
    ),
    "table names": (
        "SQL 中的表名：project.table（其他引擎为 schema.table 或 database.table），可以使用通配符。\n\n"
        "如有 Schema，则位于项目和表之间。只写表名永远不会匹配：`*.salary` 表示任意项目中的该表。"
        "SQL 表名中的调度参数可以是任意内容；日期参数（`${bizdate}`、`$[yyyymmdd]`）中不会有点。"
    ),
    "true or false": "写 true 表示是，写 false 表示否，不加引号。",
    "user ids": "用户的 ID：数字，可以使用通配符。写登录名永远不会匹配，因为任何事件中都没有登录名。",
    "whole number": "大于或等于 0 的整数。",
    "windows of the week": (
        "每周重复的时段；开始时刻包含在内，结束时刻不包含。\n\n"
        "- `Fri 18:00 - Mon 08:00`：一段连续的时间，必要时跨周末\n"
        "- `Sat - Sun`、`Fri`：整天，包括最后一天\n"
        "- `daily 23:00 - 06:00`：每天；结束时刻早于开始时刻的，延续到次日\n"
        "- `Mon Wed 12:00 - 13:00`：所列各天的同一时段\n\n"
        "调休上班的周六、周日与普通周末一样封网。没有参数可以排除某一天；可以在规则的 `when:` 中排除：\n"
        '`now < timestamp("2026-10-10T00:00:00+08:00") || now >= timestamp("2026-10-11T00:00:00+08:00")`'
    ),
    "workspace ids": "工作空间的 ID：数字，可以使用通配符。写名称永远不会匹配，因为几乎没有事件包含工作空间名称。",
}
"""What a form means, by its English name."""
