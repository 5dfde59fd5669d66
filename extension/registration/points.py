"""Which extension points a policy needs, on which level, what can host them, and what DataWorks must allow."""

from collections.abc import Mapping, Sequence

from extension import catalogue
from extension.catalogue import Entry
from extension.checks import Need
from extension.events import Callback
from extension.registration.form import Forced, Half, Host, Hosted, Hosting, Level, Permission, Point, RuleName
from extension.rules import Policy, Rule
from extension.verdict import Mode, Result

_NAMES: Mapping[str, tuple[str, str]] = {
    "commit-file": ("File committing", "文件提交前置事件"),
    "deploy-file": ("File deployment", "文件发布前置事件"),
    "run-file": ("File running", "代码运行前置事件"),
    "delete-file": ("File deletion", "文件删除前置事件"),
    "commit-table": ("Table committing", "表提交到开发前置事件"),
    "deploy-table": ("Table deployment", "表发布前置事件"),
    "freeze-node": ("Node freezing", "冻结节点"),
    "unfreeze-node": ("Node unfreezing", "解冻节点"),
    "undeploy-node": ("Node undeployment", "下线节点"),
    "backfill-data": ("Data backfill", "补数据"),
    "approval-change-before-create": ("Table permission request", "表权限申请"),
    "delete-project": ("Pre-event for workspace deletion", "删除项目空间前置事件"),
    "download-resources": ("Pre-event for data download", "数据下载前置事件-文件生成"),
}
"""What the documents call an event, in English and in Chinese. What the console writes differs between its versions.

Source: https://www.alibabacloud.com/help/en/dataworks/user-guide/extension-point-event-codes
and https://help.aliyun.com/document_detail/463357.htm
and, for deploy-table, https://help.aliyun.com/document_detail/316518.htm
"""

_STANDARD = "sent in workspaces in standard mode alone"
_NOTES = {"deploy-file": _STANDARD, "deploy-table": _STANDARD}
"""Source: https://www.alibabacloud.com/help/en/dataworks/user-guide/extension-point-event-codes"""

HOSTED = frozenset({"download-resources"})
"""What DataWorks documents that it sends to a function that it hosts.

Source: https://www.alibabacloud.com/help/en/dataworks/user-guide/develop-and-deploy-a-custom-extension
"""
PERHAPS_HOSTED = catalogue.select(catalogue.Module.UPLOAD_AND_DOWNLOAD.value) - HOSTED
"""What it may send as well: one envelope that is documented for functions shows an upload."""


def points(policy: Policy, *, blocking: bool) -> tuple[Point, ...]:
    """The events that the policy judges, in the catalogue's order: those that wait for a verdict, or the others."""
    return tuple(
        _point(entry, policy.plan[entry.code])
        for entry in catalogue.ENTRIES
        if entry.code in policy.plan and (entry.callback is not None) is blocking
    )


def _point(entry: Entry, rules: Sequence[Rule]) -> Point:
    name, name_zh = _NAMES.get(entry.code, (entry.about.rstrip("."), ""))
    return Point(
        code=entry.code,
        name=name,
        name_zh=name_zh,
        module=entry.module.value,
        level=entry.level.value,
        event_type=entry.event_type,
        rules=tuple(RuleName(id=rule.id, shadow=rule.mode is Mode.SHADOW) for rule in rules),
        note=_note(entry, rules),
    )


def _note(entry: Entry, rules: Sequence[Rule]) -> str:
    """What DataWorks documents of an event that somebody who ticks it should know."""
    if entry.callback is Callback.WORKBENCH and any(rule.result is Result.WARN for rule in rules):
        return "Operation Center documents no warning: what gives WARN may pass as OK, with its text"
    return _NOTES.get(entry.code, "")


def level(needed: Sequence[Point]) -> Level:
    """The level of an extension with these points."""
    levels = {point.level for point in needed}
    if not levels:
        return Level.NONE
    return Level(levels.pop()) if len(levels) == 1 else Level.MIXED


def halves(needed: Sequence[Point]) -> tuple[Half, ...]:
    """The two extensions that points of both levels need; none where all are of one.

    Source: https://www.alibabacloud.com/help/en/dataworks/user-guide/preparations
    """
    if level(needed) is not Level.MIXED:
        return ()
    rules = {
        each.value: list(dict.fromkeys(rule.id for point in needed if point.level == each for rule in point.rules))
        for each in catalogue.Level
    }
    both = set(rules[catalogue.Level.TENANT.value]) & set(rules[catalogue.Level.WORKSPACE.value])
    return tuple(
        Half(
            level=each,
            points=tuple(point.code for point in needed if point.level == each),
            rules=tuple(ids),
            both=tuple(rule for rule in ids if rule in both),
        )
        for each, ids in rules.items()
    )


def hosting(needed: Sequence[Point], wanted: Host | None = None) -> Hosted:
    """What can take the events, which rules decide that, and what is gone by: `wanted`, or else what is sure of all."""
    codes = {point.code for point in needed}
    forced: tuple[Forced, ...] = ()
    if codes <= HOSTED:
        kind, chosen = Hosting.EITHER, Host.FUNCTION
    elif codes <= HOSTED | PERHAPS_HOSTED:
        kind, chosen, forced = Hosting.UNVERIFIED, Host.SERVICE, _forced(needed, HOSTED)
    else:
        kind, chosen, forced = Hosting.SELF_MANAGED, Host.SERVICE, _forced(needed, HOSTED | PERHAPS_HOSTED)
    return Hosted(kind=kind, chosen=wanted or chosen, why=_WHY[kind], forced=forced)


_WHY = {
    Hosting.EITHER: "Function Compute hosting takes the data download, and no other point is needed. A self-managed"
    " service takes it as well, with a verdict log, pages for blocked users and notices; it needs EventBridge and an"
    " address that EventBridge reaches.",
    Hosting.UNVERIFIED: "Function Compute hosting is documented for the pre-event of a data download alone. Whether it"
    " sends the fetching of the file and the upload, too, is unverified; a self-managed service surely gets them.",
    Hosting.SELF_MANAGED: "Function Compute hosting takes the data download alone. All else comes through EventBridge"
    " to a self-managed service.",
}


def ticked(needed: Sequence[Point], hosted: Hosted) -> tuple[Point, ...]:
    """The points to tick: all that are needed, or those that a function may get."""
    if hosted.chosen is Host.SERVICE:
        return tuple(needed)
    return tuple(point for point in needed if point.code in HOSTED | PERHAPS_HOSTED)


def _forced(needed: Sequence[Point], but: frozenset[str]) -> tuple[Forced, ...]:
    """Rules that judge other events than some."""
    found: dict[str, list[str]] = {}
    for point in needed:
        for rule in point.rules:
            if point.code not in but:
                found.setdefault(rule.id, []).append(point.code)
    return tuple(Forced(rule=rule, events=tuple(codes)) for rule, codes in found.items())


def asking(policy: Policy) -> tuple[str, ...]:
    """Rules that give WARN for a data download, which DataWorks can send to approval."""
    rules = policy.plan.get("download-resources", ())
    return tuple(rule.id for rule in rules if rule.result is Result.WARN and rule.mode is Mode.ENFORCE)


def callbacks(points: Sequence[Point]) -> tuple[str, ...]:
    """OpenAPIs that take the verdicts."""
    found = (catalogue.BY_CODE[point.code].callback for point in points)
    return tuple(dict.fromkeys(callback.value for callback in found if callback))


def permissions(policy: Policy, points: Sequence[Point]) -> tuple[Permission, ...]:
    """RAM actions that the policy needs. That each operation has an action of its name is unverified: docs/ram."""
    found = [
        Permission(action=f"dataworks:{callback}", why="posts verdicts", rules=()) for callback in callbacks(points)
    ]
    why = "reads the extension's parameters, when a verdict is not OK"
    found.append(Permission(action="dataworks:GetExtension", why=why, rules=()))
    for action, reason in _READS.items():
        rules = tuple(rule.id for rule in policy.rules if action in asked(rule))
        if rules:
            found.append(Permission(action=f"dataworks:{action}", why=reason, rules=rules))
    return tuple(found)


_READS = {
    "GetIDEEventDetail": "reads the code of a file, or a table",
    "GetOptionValueForProject": "reads what a workspace has set",
    "ListProjectMembers": "reads the roles of the operator",
    "GetInstance": "reads the instances that an operation is about",
}


def asked(rule: Rule) -> tuple[str, ...]:
    """The actions that a rule has DataWorks asked with."""
    of_files = not rule.events.isdisjoint(catalogue.WITH_CODE)
    code = of_files and (rule.reads_sql or any(entry.tables for entry in rule.exempt))
    actions = {
        "GetIDEEventDetail": bool(rule.needs & {Need.FILE, Need.TABLE}) or code,
        "GetOptionValueForProject": bool(rule.options),
        "ListProjectMembers": Need.ROLES in rule.needs or rule.reads_roles,
        "GetInstance": Need.INSTANCES in rule.needs,
    }
    return tuple(action for action, needed in actions.items() if needed)
