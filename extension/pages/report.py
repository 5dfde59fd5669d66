"""The report of a replay: one page that stands alone, without scripts, charts drawn here."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from extension import replay
from extension.replay import Change, Effect, Replay
from extension.verdict import Language, clean, cut

WIDTH = 360
"""Width of a chart in its own units: that of a phone, so that its text can be read there."""

MOST_BARS, MOST_ROWS = 12, 100
"""Most bars of a chart, and rows of a table."""

_LABEL_CHARS = 40


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A bar of a chart: where it stands and how far it goes, in units of the chart."""

    label: str
    value: int
    at: float
    length: float
    kind: str = ""
    """What it is coloured by: fail, warn, ok, or unknown."""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A chart: bars that lie below each other, or that stand side by side where it is of days."""

    name: str
    title: str
    about: str
    bars: Sequence[Bar]
    height: int
    standing: bool = False
    breadth: float = 0
    """How broad a standing bar is."""


_TEXTS: Mapping[str, tuple[str, str]] = {
    "title": ("What the policy would change", "策略变更影响报告"),
    "policy": ("Policy", "策略"),
    "before": ("Policies that had decided", "当时生效的策略"),
    "events": ("Events", "事件"),
    "days": ("Days (UTC)", "日期（UTC）"),
    "judged": ("Events with a rule for them", "有适用规则的事件"),
    "newly_blocked": ("Newly blocked", "新增拦截"),
    "newly_warned": ("Newly warned", "新增告警"),
    "newly_passed": ("Newly passed", "新增放行"),
    "unchanged": ("Unchanged", "无变化"),
    "undecided": ("Not decidable", "无法判断"),
    "undecided_about": (
        "The record of such an event does not hold what a rule needs, and the rule could change the verdict.",
        "此类事件的记录中没有规则所需的信息，而该规则可能改变结论，因此不作猜测。",
    ),
    "switched": (
        "were let pass by EXTENSION_MODE or a parameter of the extension: compared is what their policy decided.",
        "个事件当时因 EXTENSION_MODE 或扩展程序参数而放行，此处按其策略的判断进行比较。",
    ),
    "unknown_before": (
        "have no verdict to compare with: nothing was judged, or not all findings were kept.",
        "个事件没有可供比较的结论：当时未进行检查，或未保留全部检查结果。",
    ),
    "accidents": (
        "of the changes are of verdicts that came of an error, or of time that had run out.",
        "个变化的原结论是由错误或超时造成的。",
    ),
    "left_out": ("records are of other days.", "条记录不在所选日期范围内。"),
    "strange": ("lines are no record of a verdict.", "行不是检查记录。"),
    "transitions": ("Changes of the verdict", "结论变化"),
    "transitions_about": ("Events by verdict: as recorded, and now.", "按结论统计的事件数：记录中的结论与新结论。"),
    "recorded": ("Recorded", "记录"),
    "now": ("Now", "现在"),
    "rules": ("Rules", "规则"),
    "rules_about": ("Events that each rule newly blocks.", "各规则新增拦截的事件数。"),
    "rule": ("Rule", "规则"),
    "hits_before": ("Hits before", "原命中"),
    "hits_now": ("Hits now", "现命中"),
    "unblocked": ("No longer blocked", "不再拦截"),
    "shadow_hits": ("Hits in shadow", "影子命中"),
    "workspaces": ("Workspaces", "工作空间"),
    "workspaces_about": ("Newly blocked events by workspace.", "各工作空间新增拦截的事件数。"),
    "workspace": ("Workspace", "工作空间"),
    "operators": ("Users", "用户"),
    "operator": ("User", "用户"),
    "codes": ("Events by code", "事件类型"),
    "code": ("Event", "事件"),
    "over_days": ("Over the days", "按日期"),
    "days_about": ("Newly blocked events by day, in UTC.", "每日新增拦截的事件数（UTC）。"),
    "day": ("Day", "日期"),
    "blocked_before": ("Blocked before", "原拦截"),
    "blocked_now": ("Blocked now", "现拦截"),
    "examples": ("Examples", "示例"),
    "time": ("Time (UTC)", "时间（UTC）"),
    "record": ("Record", "记录"),
    "rules_before": ("Rules then", "原规则"),
    "rules_now": ("Rules now", "现规则"),
    "open": ("Not decidable", "无法判断的规则"),
    "unknown": ("not known", "未知"),
    "others": ("others", "其他"),
    "none": ("Nothing changes.", "没有变化。"),
    "more": ("more rows are not shown here; --json has them all.", "行未显示，完整数据见 --json。"),
    "files": ("What could not be read", "无法读取的内容"),
    "file": ("File", "文件"),
    "lines": ("Lines", "行数"),
    "log_lines": ("Of Function Compute's log", "其中函数计算日志"),
    "broken": ("Not read to its end", "未能读完"),
}
"""In English and Chinese, what stands on the page."""

_KINDS = {"FAIL": "fail", "WARN": "warn", "OK": "ok", replay.UNKNOWN: "unknown"}


def render(found: Replay, language: Language) -> str:
    """The report as a page of HTML. Ids and names of rules are those of strangers: all is escaped."""
    number = list(Language).index(language)
    words = {name: texts[number] for name, texts in _TEXTS.items()}
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["clean"] = clean
    return environment.get_template("report.html.jinja").render(
        found=found,
        language="zh-CN" if language is Language.ZH else "en",
        words=words,
        width=WIDTH,
        changes=[(_verdict(before, words), _verdict(now, words), many, f"{before}>{now}")
                 for before, now, many in replay.changes(found)],
        charts=_charts(found, words),
        policies=sorted(found.policies.items(), key=lambda each: -each[1])[:MOST_ROWS],
        rules=[(name, msgspec.structs.asdict(effect)) for name, effect in replay.by_effect(found)[:MOST_ROWS]],
        effects=[name for name in _fields(Effect) if name != "undecided"],
        tables=[
            (title, head, *_rows(rows, words))
            for title, head, rows in (
                ("workspaces", "workspace", found.workspaces),
                ("operators", "operator", found.operators),
                ("codes", "code", found.codes),
            )
        ],
        days=[(name, msgspec.structs.asdict(change)) for name, change in sorted(found.days.items())],
        columns=_fields(Change),
        unknown=replay.UNKNOWN,
    )  # fmt: skip


def _fields(kind: type[msgspec.Struct]) -> list[str]:
    return [field.name for field in msgspec.structs.fields(kind)]


def _verdict(name: str, words: Mapping[str, str]) -> str:
    return words["unknown"] if name == replay.UNKNOWN else name


def _rows(rows: Mapping[str, Change], words: Mapping[str, str]) -> tuple[list[tuple[str, dict[str, int]]], int]:
    """The rows of a table, and how many more there are."""
    ordered = replay.by_change(rows)
    shown = [(_named(name, words), msgspec.structs.asdict(change)) for name, change in ordered[:MOST_ROWS]]
    return shown, len(ordered) - len(shown)


def _named(name: str, words: Mapping[str, str]) -> str:
    return words["others"] if name == replay.OTHERS else clean(name)


def _charts(found: Replay, words: Mapping[str, str]) -> dict[str, Chart]:
    """The charts, by the section that they stand in; none of what has nothing to show."""
    transitions = [
        (f"{_verdict(before, words)} → {_verdict(now, words)}", many, _KINDS[now])
        for before, now, many in replay.changes(found)
    ]
    by_rule = [(clean(name), effect.newly_blocked, "fail") for name, effect in replay.by_effect(found)]
    places = [(_named(name, words), row.newly_blocked, "fail") for name, row in replay.by_change(found.workspaces)]
    days = [(name, change.newly_blocked) for name, change in sorted(found.days.items())]
    charts = {
        "transitions": _lying("transitions", transitions, words),
        "rules": _lying("rules", by_rule, words),
        "workspaces": _lying("workspaces", places, words),
        "days": _standing(days, words),
    }
    return {name: chart for name, chart in charts.items() if any(bar.value for bar in chart.bars)}


_ROW, _STANDING = 38, 140
"""Height of a bar with its label, and of a chart of days."""


def _lying(name: str, values: Sequence[tuple[str, int, str]], words: Mapping[str, str]) -> Chart:
    """A chart of bars below each other."""
    shown = [each for each in values if each[1]][:MOST_BARS]
    most = max((value for _, value, _ in shown), default=0)
    bars = [
        Bar(label=cut(label, _LABEL_CHARS), value=value, at=row * _ROW, length=_share(value, most, WIDTH), kind=kind)
        for row, (label, value, kind) in enumerate(shown)
    ]
    return Chart(name=name, title=words[name], about=words[f"{name}_about"], bars=bars, height=len(bars) * _ROW)


def _standing(days: Sequence[tuple[str, int]], words: Mapping[str, str]) -> Chart:
    """A chart of bars side by side, one a day that there are events of."""
    most = max((value for _, value in days), default=0)
    step = WIDTH / max(len(days), 1)
    bars = [
        Bar(label=day, value=value, at=round(place * step, 2), length=_share(value, most, _STANDING), kind="fail")
        for place, (day, value) in enumerate(days)
    ]
    return Chart(
        name="days",
        title=words["over_days"],
        about=words["days_about"],
        bars=bars,
        height=_STANDING,
        standing=True,
        breadth=round(step * 0.8, 2),
    )


def _share(value: int, most: int, length: float) -> float:
    """How far a bar goes; it is seen, if only just, where there is anything."""
    return max(round(value / most * length, 2), 1.5) if value else 0
