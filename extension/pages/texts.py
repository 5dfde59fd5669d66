"""All words of the pages, in English and Chinese, in one table for each kind: a page takes those of its reader."""

import re
from collections.abc import Mapping

from extension.verdict import Language, Mode, Result, Severity, Text


def said(text: Text, language: Language) -> str:
    """A text in a language."""
    return text.zh if language is Language.ZH else text.en


def _table(rows: Mapping[str, Text]) -> Mapping[Language, Mapping[str, str]]:
    """The columns of a table, for each language one."""
    return {language: {name: said(text, language) for name, text in rows.items()} for language in Language}


WORDS = _table(
    {
        # every page
        "site": Text(en="DataWorks rules", zh="DataWorks 规则检查"),
        "lang": Text(en="en", zh="zh-CN"),
        "skip": Text(en="Skip to the content", zh="跳到正文"),
        "other_language": Text(en="中文", zh="English"),
        "other_lang": Text(en="zh-CN", zh="en"),
        "all_rules": Text(en="All rules", zh="全部规则"),
        "all_verdicts": Text(en="All verdicts", zh="全部检查记录"),
        "log_out": Text(en="Log out", zh="退出登录"),
        "site_menu": Text(en="Site", zh="站点导航"),
        "policy": Text(en="Policy", zh="策略"),
        "and_more": Text(en="and {count} more", zh="等，另有 {count} 项"),
        "colon": Text(en=": ", zh="："),
        # results
        "ok": Text(en="Passed", zh="通过"),
        "warn": Text(en="Warning", zh="警告"),
        "fail": Text(en="Blocked", zh="已拦截"),
        # the page of a verdict
        "title_ok": Text(en="Passed", zh="检查通过"),
        "title_warn": Text(en="Passed with a warning", zh="通过，但有警告"),
        "title_fail": Text(en="Blocked", zh="操作被拦截"),
        "said_ok": Text(
            en="This operation passed. No rule objects to it.", zh="本次操作已通过检查，没有规则提出异议。"
        ),
        "said_warn": Text(
            en="This operation passed, with a warning from the rules below.",
            zh="本次操作已通过，但以下规则给出了警告。",
        ),
        "said_fail": Text(en="This operation was blocked by the rules below.", zh="本次操作被以下规则拦截。"),
        "said_fail_unasked": Text(
            en="The rules below object to this operation. DataWorks did not wait for the verdict, so the operation  "
            "went on.",
            zh="以下规则不允许本次操作，但 DataWorks 并未等待检查结果，操作已继续执行。",
        ),
        "switch_shadow": Text(
            en="The emergency switch was on: everything was checked, and nothing was blocked.",
            zh="当时应急开关已打开：只检查，不拦截。",
        ),
        "switch_off": Text(
            en="The emergency switch was on: nothing was checked, and nothing was blocked.",
            zh="当时应急开关已打开：不检查，也不拦截。",
        ),
        "operation": Text(en="Operation", zh="操作"),
        "checked_at": Text(en="Checked", zh="检查时间"),
        "happened_at": Text(en="Happened", zh="发生时间"),
        "operator": Text(en="User (id)", zh="操作人（ID）"),
        "workspace": Text(en="Workspace (id)", zh="工作空间（ID）"),
        "region": Text(en="Region", zh="地域"),
        "not_said": Text(en="not said by DataWorks", zh="DataWorks 未提供"),
        "unknown_event": Text(en="An operation that the event catalogue does not know.", zh="事件目录中没有的操作。"),
        "to_do": Text(en="What you can do", zh="您可以这样做"),
        "do_change": Text(en="Change the operation as the rules below say.", zh="按照以下规则的提示调整操作。"),
        "do_recheck": Text(
            en="In DataWorks, press Recheck, or start the operation again.",
            zh="在 DataWorks 中点击“重新检查（Recheck）”，或重新发起操作。",
        ),
        "do_ask": Text(
            en="If you need an exception, ask {owners}, and give the verdict id at the end of this page.",
            zh="如需例外放行，请联系 {owners}，并提供本页末尾的检查记录 ID。",
        ),
        "do_ask_nobody": Text(
            en="If you need an exception, ask the owner of the extension, and give the verdict id at the end of this "
            "page.",
            zh="如需例外放行，请联系扩展程序负责人，并提供本页末尾的检查记录 ID。",
        ),
        "do_warning": Text(
            en="The operation went on. Please look at the warnings, so that it can stay that way.",
            zh="操作已继续执行。请留意以下警告，以免今后被拦截。",
        ),
        "findings": Text(en="What the rules found", zh="规则检查结果"),
        "findings_cut": Text(
            en="Only the first {shown} of {total} findings are kept.", zh="共 {total} 条检查结果，仅保留前 {shown} 条。"
        ),
        "rule": Text(en="Rule", zh="规则"),
        "severity": Text(en="Severity", zh="严重程度"),
        "ask": Text(en="Ask", zh="联系人"),
        "help": Text(en="Read more", zh="了解详情"),
        "not_counting": Text(en="Findings that do not count", zh="未计入结果的检查"),
        "why_shadow": Text(
            en="This rule is only watched for now, and decides nothing.", zh="本规则目前仅观察，不影响结果。"
        ),
        "why_exempt": Text(en="Exempt from this rule", zh="已豁免本规则"),
        "why_overruled": Text(
            en="Overruled: the extension is switched off here, or was by the emergency switch.",
            zh="不计入：扩展程序在此处被关闭，或应急开关已打开。",
        ),
        "why_enforce": Text(en="This rule lets pass what it finds or cannot check.", zh="本规则对该情况放行。"),
        "facts": Text(en="What DataWorks said", zh="DataWorks 提供的信息"),
        "facts_none": Text(en="Nothing of what DataWorks said is kept.", zh="未保留 DataWorks 提供的信息。"),
        "facts_cut": Text(en="{count} more fields are not shown.", zh="另有 {count} 个字段未显示。"),
        "withheld": Text(en="Said, but never kept", zh="已提供但不保留"),
        "sql": Text(en="The SQL", zh="SQL"),
        "sql_note": Text(
            en="Without values and comments; ? stands for a value. What a rule names is marked.",
            zh="不含具体取值和注释，? 代表取值。规则所指的名称已标出。",
        ),
        "marked": Text(en="named by a rule: ", zh="规则所指："),
        "sql_not_kept": Text(
            en="The text of the SQL or code is not kept. This is what was read of it.",
            zh="不保留 SQL 或代码的原文，以下是从中读取的信息。",
        ),
        "sql_nothing": Text(
            en="The text of the SQL or code is not kept, nor what it reads and writes.",
            zh="不保留 SQL 或代码的原文，也没有其读写信息。",
        ),
        "reads": Text(en="Tables that it reads", zh="读取的表"),
        "writes": Text(en="Tables that it writes", zh="写入的表"),
        "columns": Text(en="Columns that it uses", zh="使用的字段"),
        "functions": Text(en="Functions that it calls", zh="调用的函数"),
        "callback": Text(en="What DataWorks was told", zh="向 DataWorks 返回的结果"),
        "callback_posted": Text(
            en="The verdict reached DataWorks as {result}.", zh="检查结果已送达 DataWorks：{result}。"
        ),
        "callback_not-needed": Text(
            en="DataWorks only told of this operation and waited for no verdict.",
            zh="DataWorks 仅通知本次操作，不等待检查结果。",
        ),
        "callback_off": Text(
            en="The verdict was not sent: sending is switched off.", zh="检查结果未发送：回调已关闭。"
        ),
        "callback_refused": Text(en="DataWorks did not take the verdict.", zh="DataWorks 未接受检查结果。"),
        "callback_failed": Text(
            en="The verdict could not be sent to DataWorks. The event is delivered again, or its verdict was returned "
            "in another way.",
            zh="检查结果未能通过回调发送至 DataWorks。事件会再次投递，或已通过其他方式返回结果。",
        ),
        "history": Text(en="Other checks of the same operation", zh="同一操作的其他检查"),
        "history_none": Text(en="There are none.", zh="暂无。"),
        "trail": Text(en="For whoever you ask", zh="供联系人和审计人员查询"),
        "verdict_id": Text(en="Verdict id", zh="检查记录 ID"),
        "message_id": Text(en="Message id", zh="消息 ID"),
        "request_id": Text(en="Request id", zh="请求 ID"),
        "for_admin": Text(en="For administrators", zh="管理员信息"),
        "warnings": Text(en="Warnings", zh="告警"),
        "errors": Text(en="Errors", zh="错误"),
        "took": Text(en="Time taken", zh="耗时"),
        "took_ms": Text(en="{judged} ms to check, {total} ms in all", zh="检查 {judged} 毫秒，合计 {total} 毫秒"),
        "link_until": Text(en="This link works until {until}.", zh="本链接有效期至 {until}。"),
        # the list
        "list_title": Text(en="Verdicts", zh="检查记录"),
        "filter": Text(en="Filter", zh="筛选"),
        "any": Text(en="any", zh="不限"),
        "f_result": Text(en="Result", zh="结果"),
        "f_code": Text(en="Event", zh="事件"),
        "f_rule": Text(en="Rule that decided", zh="起决定作用的规则"),
        "f_workspace": Text(en="Workspace id", zh="工作空间 ID"),
        "f_operator": Text(en="User id", zh="操作人 ID"),
        "f_message": Text(en="Message id", zh="消息 ID"),
        "f_first": Text(en="First day (UTC)", zh="开始日期（UTC）"),
        "f_last": Text(en="Last day (UTC)", zh="结束日期（UTC）"),
        "apply": Text(en="Show", zh="查询"),
        "reset": Text(en="Clear the filter", zh="清除筛选"),
        "time": Text(en="Time", zh="时间"),
        "event": Text(en="Event", zh="事件"),
        "rules": Text(en="Rules", zh="规则"),
        "none": Text(en="none", zh="无"),
        "nothing_found": Text(en="No verdict is like that.", zh="没有符合条件的检查记录。"),
        "filter_wrong": Text(
            en="Some of the filter cannot be used. See the fields that are marked.",
            zh="部分筛选条件无效，请查看标出的字段。",
        ),
        "older": Text(en="Older", zh="更早"),
        "newest": Text(en="Newest", zh="最新"),
        "paging": Text(en="Pages", zh="分页"),
        "page_of": Text(
            en="{count} verdicts on this page, the newest first. Times are {zone}.",
            zh="本页 {count} 条，按时间从新到旧排列。时区：{zone}。",
        ),
        "e_choice": Text(en="Choose one of the list.", zh="请从列表中选择。"),
        "e_long": Text(en="At most {max} characters, on one line.", zh="最多 {max} 个字符，不能换行。"),
        "e_date": Text(en="Write a day such as 2026-11-27.", zh="请填写日期，例如 2026-11-27。"),
        "e_order": Text(en="The last day is before the first.", zh="结束日期早于开始日期。"),
        "e_before": Text(en="The link to this page is broken.", zh="翻页链接无效。"),
        # login
        "login_title": Text(en="Log in", zh="登录"),
        "login_about": Text(
            en="The list of all verdicts is for administrators. The token is in the configuration of the service.",
            zh="全部检查记录仅供管理员查看。令牌见服务配置。",
        ),
        "token": Text(en="Token", zh="令牌"),
        "log_in": Text(en="Log in", zh="登录"),
        "login_wrong": Text(en="This is not the token.", zh="令牌不正确。"),
        "login_form": Text(en="The form could not be read.", zh="无法读取表单。"),
        "login_busy": Text(
            en="Too many wrong tokens in the last minute. Wait a minute, then try again.",
            zh="一分钟内令牌错误次数过多，请一分钟后再试。",
        ),
        # the document
        "document_title": Text(en="What is checked", zh="检查规则说明"),
        "document_about": Text(
            en="DataWorks asks for a verdict before the operations below. These are the rules that are in force now.",
            zh="在以下操作执行前，DataWorks 会请求检查。这里列出目前生效的规则。",
        ),
        "document_blocked": Text(
            en="The operation does not run. Change it as the message says, or ask whoever is named; then  "
            "press Recheck in DataWorks.",
            zh="操作不会执行。请按提示调整，或联系所列的联系人，然后在 DataWorks 中点击“重新检查（Recheck）”。",
        ),
        "document_warning": Text(
            en="The operation runs, and the user reads the message.", zh="操作会执行，同时显示提示。"
        ),
        "document_made": Text(en="Made of policy {policy} on {time}.", zh="根据策略 {policy} 于 {time} 生成。"),
        "document_none": Text(en="No rule is in force now.", zh="目前没有生效的规则。"),
        "everything": Text(en="Every operation", zh="所有操作"),
        "everything_about": Text(
            en="These rules are for whatever DataWorks asks about.", zh="以下规则适用于 DataWorks 请求检查的所有操作。"
        ),
        "contents": Text(en="On this page", zh="本页内容"),
        "condition": Text(en="A condition of one's own", zh="自定义条件"),
        "only_if": Text(en="Only if", zh="仅当"),
        "hits_if": Text(en="Hits if", zh="命中条件"),
        "hidden": Text(en="a list that is not shown", zh="名单，不公开"),
        "hidden_condition": Text(en="a condition on who does it, which is not shown", zh="与操作人有关的条件，不公开"),
        "in_some_workspaces": Text(en="Applies in some workspaces.", zh="仅适用于部分工作空间。"),
        "for_some_users": Text(en="Applies to some users.", zh="仅适用于部分用户。"),
        "options": Text(
            en="A workspace can set some of this for itself, in the console.",
            zh="各工作空间可在控制台中自行设置部分内容。",
        ),
        "message": Text(en="What the user reads", zh="提示内容"),
        "yes": Text(en="yes", zh="是"),
        "no": Text(en="no", zh="否"),
        # the tiny page, and pages in the place of others
        "home_title": Text(en="Rules for DataWorks", zh="DataWorks 规则检查服务"),
        "home_about": Text(
            en="A service that DataWorks asks before operations such as downloads, commits and backfills. It answers  "
            "by the rules of your company: passed, passed with a warning, or blocked.",
            zh="在下载、提交、补数据等操作执行前，DataWorks 会请求本服务检查。本服务按照贵司的规则给出结果：通过、"
            "警告或拦截。",
        ),
        "home_blocked": Text(
            en="If you were blocked: the message in DataWorks says why, and has the link to the details.",
            zh="如果您的操作被拦截：DataWorks 中的提示会说明原因，并附有详情链接。",
        ),
        "home_rules": Text(en="Read the rules that are in force now", zh="查看目前生效的规则"),
        "expired_title": Text(en="This link has expired", zh="链接已过期"),
        "expired_about": Text(en="Links to verdicts work for a limited time.", zh="检查记录的链接仅在一段时间内有效。"),
        "expired_do": Text(
            en="In DataWorks, press Recheck: the new message has a new link. Or ask the owner of the extension, who  "
            "can find the verdict by its id:",
            zh="请在 DataWorks 中点击“重新检查（Recheck）”，新的提示中有新的链接。也可联系扩展程序负责人，"
            "凭以下 ID 查询：",
        ),
        "absent_title": Text(en="There is no such page", zh="页面不存在"),
        "absent_about": Text(
            en="The address is not complete, or nothing is kept under it any more.",
            zh="地址不完整，或其内容已不再保留。",
        ),
        "absent_do": Text(
            en="If you come from a message in DataWorks, copy the whole link; of a verdict that was given a moment  "
            "ago, try again in a minute.",
            zh="如果链接来自 DataWorks 中的提示，请复制完整链接；如果检查刚刚完成，请一分钟后再试。",
        ),
        "method_title": Text(en="That is not possible here", zh="不支持该请求"),
        "method_about": Text(en="The page can be read only.", zh="本页面仅可查看。"),
        "method_do": Text(en="Open it by its address.", zh="请直接打开其地址。"),
        "refused_title": Text(en="That is not possible from there", zh="不允许该请求"),
        "refused_about": Text(en="The form was sent from another site.", zh="表单来自其他站点。"),
        "refused_do": Text(en="Open the page here, and send its form.", zh="请在本站打开页面后提交。"),
        "broken_title": Text(en="Something went wrong", zh="页面出错"),
        "broken_about": Text(
            en="The page could not be made, because of an error in the service.", zh="服务出错，无法生成页面。"
        ),
        "broken_do": Text(
            en="Try again; if it happens again, tell the owner of the extension.",
            zh="请重试；如问题仍然存在，请联系扩展程序负责人。",
        ),
        "unavailable_title": Text(en="The records cannot be read now", zh="暂时无法读取记录"),
        "unavailable_about": Text(
            en="The place where verdicts are kept does not answer.", zh="检查记录的存储没有响应。"
        ),
        "unavailable_do": Text(
            en="Try again in a minute. Verdicts are given all the same.", zh="请一分钟后再试。检查不受影响。"
        ),
    }
)

SEVERITIES: Mapping[Language, Mapping[Severity, str]] = {
    Language.EN: {each: each.value for each in Severity},
    Language.ZH: {Severity.LOW: "低", Severity.MEDIUM: "中", Severity.HIGH: "高", Severity.CRITICAL: "严重"},
}

PARAMETERS = _table(
    {
        "max": Text(en="at most", zh="最多"),
        "min": Text(en="at least", zh="至少"),
        "allow": Text(en="allowed only", zh="仅允许"),
        "deny": Text(en="not allowed", zh="不允许"),
        "except": Text(en="allowed all the same", zh="例外允许"),
        "access": Text(en="kind of access", zh="访问方式"),
        "types": Text(en="types of files", zh="文件类型"),
        "pattern": Text(en="form", zh="格式"),
        "masked_by": Text(en="allowed through these functions", zh="可经以下函数脱敏后使用"),
        "anywhere": Text(en="anywhere in the SQL", zh="SQL 中任何位置"),
        "tables": Text(en="tables", zh="表"),
        "columns": Text(en="columns", zh="字段"),
        "require": Text(en="must have", zh="必须包含"),
        "forbid": Text(en="must not have", zh="不得包含"),
        "nodes": Text(en="nodes", zh="节点"),
        "names": Text(en="names", zh="名称"),
        "rules": Text(en="rules", zh="规则"),
        "tasks": Text(en="monitor tasks", zh="监控任务"),
        "weekly": Text(en="every week", zh="每周"),
        "dates": Text(en="on these dates", zh="以下日期"),
        "holidays": Text(en="on public holidays of", zh="法定节假日（国家或地区）"),
    }
)
"""Parameters of the built-in checks."""

RESULTS: Mapping[Result, str] = {Result.OK: "ok", Result.WARN: "warn", Result.FAIL: "fail"}
"""The word of `WORDS` for each result."""

WHYS: Mapping[Mode, str] = {mode: f"why_{mode.value}" for mode in Mode}
"""The word of `WORDS` for why a finding does not count; of one that is enforced, because it gives OK."""


_ACCEPTED = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?)\s*)?")


def language(accepted: str) -> Language | None:
    """The language of ours that a browser likes best, by its Accept-Language; None for neither."""
    best, found = 0.0, None
    for part in accepted[:1000].split(","):
        match = _ACCEPTED.fullmatch(part)
        name, quality = (match[1].lower(), float(match[2] or 1)) if match else ("", 0.0)
        if name in tuple(Language) and quality > best:
            best, found = quality, Language(name)
    return found
