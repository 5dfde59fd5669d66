"""What the reference of checks says between what is said of each check, in English and Chinese."""

from collections.abc import Mapping
from types import MappingProxyType

from extension.checks import Need
from extension.verdict import Text

HEAD = Text(
    en="""\
# Checks

[中文](checks.zh-CN.md)

What a rule can name with `check:`. Made by `make docs` from the code; `python -m extension events CODE` shows the
checks of one event.

- **Parameters** stand under `with:`. What is a list can also be `{list: NAME}`, which stands for a list under `lists:`.
  How each form is written: [Forms of parameters](#forms-of-parameters).
- **Console options**: every parameter can be set by a workspace, with `options: {PARAMETER: KEY}` in the rule. The
  console gives text: a number, true or false is read from it, and a list by its commas or lines. A value that cannot be
  read leaves that of the rule.
- **Messages** are what users read in the policy's language, behind the id of the rule. A rule can have a `message:` of
  its own, with the placeholders that the check gives.
- **Facts**: what a check needs and the event does not have, or has in a form that cannot be read, is a finding of its
  rule: nothing passes because it could not be judged. *Asks DataWorks* says what is asked before the check runs; if it
  cannot be had, the rule gives its `on_error`.
- **Examples** are complete. Save the first block as `policy.yaml` and the second as `cases/a.yaml` beside it, and
  `python -m extension policy test .` runs them. An event has more fields than those that are shown.
""",
    zh=(
        "# 检查项参考\n\n"
        "[English](checks.md)\n\n"
        "规则通过 `check:` 引用的检查项。本页由 `make docs` 根据代码生成；`python -m extension events CODE` "
        "可显示某个事件的检查项。\n\n"
        "- **参数**写在 `with:` 下。凡是列表，都可以写成 `{list: NAME}`，引用 `lists:` 中的列表。"
        "各种形式的写法见[参数的形式](#参数的形式)。\n"
        "- **控制台选项**：每个参数都可以由工作空间设置，在规则中写 `options: {参数: 选项名}`。"
        "控制台给出的是文本：数字、true 或 false 从文本中读取，列表按逗号或换行拆分。"
        "无法识别的值不生效，仍采用规则中的值。\n"
        "- **提示信息**是用户看到的文字，使用策略的语言，前面带有规则的 ID。规则可以用 `message:` 自定义提示信息，"
        "并使用检查项提供的占位符。\n"
        "- **缺少的信息**：检查项需要的字段，如果事件中没有或无法识别，按命中该规则处理：不会因为无法判断而放行。"
        "“向 DataWorks 查询”说明检查之前要查询的内容；查询不到时，采用规则的 `on_error`。\n"
        "- **示例**都是完整的。将第一段保存为 `policy.yaml`，第二段保存为它旁边的 `cases/a.yaml`，"
        "即可用 `python -m extension policy test .` 运行。事件的字段比示例中列出的多。\n"
    ),
)

WORDS: Mapping[str, Text] = MappingProxyType(
    {
        "contents": Text(en="Contents", zh="目录"),
        "forms": Text(en="Forms of parameters", zh="参数的形式"),
        "events": Text(en="Events", zh="事件"),
        "every": Text(en="every event", zh="所有事件"),
        "asks": Text(en="Asks DataWorks", zh="向 DataWorks 查询"),
        "parameters": Text(en="| Parameter | Form | Default | Meaning |", zh="| 参数 | 形式 | 默认值 | 含义 |"),
        "no_parameters": Text(en="No parameters.", zh="没有参数。"),
        "required": Text(en="required", zh="必填"),
        "unset": Text(en="none", zh="无"),
        "one_of": Text(en="At least one has to be set: {names}.", zh="至少设置其中一个：{names}。"),
        "known": Text(en="Known are {names}.", zh="可选值：{names}。"),
        "messages": Text(en="Messages", zh="提示信息"),
        "placeholders": Text(en="Placeholders for `message:`", zh="`message:` 可用的占位符"),
        "example": Text(en="Example", zh="示例"),
        "passes": Text(en="passes", zh="通过"),
        "hits": Text(en="is blocked", zh="被拦截"),
        "reads": Text(en="The second one is blocked. The user reads:", zh="第二个事件被拦截，用户看到："),
        "such": Text(en="Such as {names}.", zh="例如 {names}。"),
        "sent": Text(
            en="When DataWorks sends each. A rule for a notice is judged and logged, and blocks nothing.",
            zh="DataWorks 在何时发送各个事件。针对通知类事件的规则只检查和记录日志，不会拦截任何操作。",
        ),
        "notice": Text(en=" (a notice)", zh="（通知）"),
        "colon": Text(en=": ", zh="："),
        "comma": Text(en=", ", zh="、"),
        "and": Text(en=" and ", zh="，以及"),
    }
)

ASKED: Mapping[Need, Text] = MappingProxyType(
    {
        Need.FILE: Text(en="the code of a file (GetIDEEventDetail)", zh="文件的代码（GetIDEEventDetail）"),
        Need.TABLE: Text(en="the table (GetIDEEventDetail)", zh="表的详情（GetIDEEventDetail）"),
        Need.INSTANCES: Text(en="the instances (GetInstance)", zh="实例（GetInstance）"),
        Need.ROLES: Text(
            en="the members of the workspace (ListProjectMembers)", zh="工作空间的成员（ListProjectMembers）"
        ),
    }
)
NOT_ASKED = Text(en="the message of a download has its SQL, and nothing is asked", zh="下载的消息中已有 SQL，无需查询")
"""Why nothing is asked about some events of checks on SQL."""
