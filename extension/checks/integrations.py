"""Checks on sync jobs of Data Integration that are about to start, one or a batch of them.

What is read and written stands in the mapping of each job. DataWorks leaves it out where there are more than 500
tables; no rule lets pass what it was not shown. Database and table of a source can be patterns (`shard.*`); names are
compared as the text that they are.
"""

from collections.abc import Callable, Iterator

from extension.checks import row
from extension.checks.lists import few, refuses
from extension.events import Event, Fact, Reason, Unknown, known
from extension.payloads import BatchJobStart, JobMapping, JobStart, TablePair
from extension.settings import Listed, Maximum, Named, Names, Nothing
from extension.verdict import Finding, Text, hit, unread

Start = JobStart | BatchJobStart

NOT_SHOWN = Text(
    en='DataWorks did not send all tables of the sync jobs ("{field}"), as is its way where there are more than 500, so'
    " this rule could not be checked. Start jobs with fewer tables, or ask the owner of the extension.",
    zh="DataWorks 未发送同步任务的全部表（“{field}”，超过 500 张表时不发送），本规则未能完成检查。"
    "请启动表数较少的任务，或联系扩展程序负责人。",
)
"""Not a hit: what a rule says that was not shown what it judges."""

_MOST_SHOWN = 500
"""Most tables whose mapping DataWorks sends.

Source: https://www.alibabacloud.com/help/en/dataworks/user-guide/formats-of-event-messages-sent-to-eventbridge
"""

SOURCES_REFUSED = Text(
    en="Sync jobs may not read from these data sources: {sources} ({count} in all). Use other data sources, or ask"
    " their owner.",
    zh="不允许同步任务读取以下数据源：{sources}（共 {count} 个）。请改用其他数据源，或联系数据源负责人。",
)


def integration_source(event: Event[Start], settings: Listed[Names]) -> Iterator[Finding]:
    """Data sources that sync jobs read from, by name.

    A sync job copies whole tables at once; personal data should leave its system by the way that was agreed on alone.

    Passes: {showTableMapping: true, tableMapping: [{srcDatasourceName: shop}], tableMappings: [{tableMapping: [{srcDatasourceName: shop}]}]} with {deny: ["*_pii"]}
    Hits: {showTableMapping: true, tableMapping: [{srcDatasourceName: crm_pii}], tableMappings: [{tableMapping: [{srcDatasourceName: crm_pii}]}]} with {deny: ["*_pii"]}
    """
    refused, unjudged = _refused(event, lambda pair: pair.source, lambda name: refuses(settings, name))
    if refused:
        yield hit(SOURCES_REFUSED, sources=few(refused), count=len(refused))
    else:
        yield from unjudged


DESTINATIONS_REFUSED = Text(
    en="Sync jobs may not write into these data sources: {destinations} ({count} in all). Use other data sources, or"
    " ask their owner.",
    zh="不允许同步任务写入以下数据源：{destinations}（共 {count} 个）。请改用其他数据源，或联系数据源负责人。",
)


def integration_destination(event: Event[Start], settings: Listed[Names]) -> Iterator[Finding]:
    """Data sources that sync jobs write into, by name.

    Into production data should come where it is looked after, and not into whatever data source is at hand.

    Passes: {showTableMapping: true, tableMapping: [{dstDatasourceName: ods}], tableMappings: [{tableMapping: [{dstDatasourceName: ods}]}]} with {allow: [ods]}
    Hits: {showTableMapping: true, tableMapping: [{dstDatasourceName: ads}], tableMappings: [{tableMapping: [{dstDatasourceName: ads}]}]} with {allow: [ods]}
    """
    refused, unjudged = _refused(event, lambda pair: pair.destination, lambda name: refuses(settings, name))
    if refused:
        yield hit(DESTINATIONS_REFUSED, destinations=few(refused), count=len(refused))
    else:
        yield from unjudged


TABLE_NAMES_REFUSED = Text(
    en="The names of these destination tables are not of the form {pattern}: {tables} ({count} in all). Rename them in"
    " the sync jobs.",
    zh="以下目标表的名称不符合规定的格式 {pattern}：{tables}（共 {count} 张）。请在同步任务中修改表名。",
)


def integration_table_name(event: Event[Start], settings: Named) -> Iterator[Finding]:
    """Names of the tables that sync jobs write: all of each matches `pattern`.

    What lands in the warehouse is found by its name, and layers (ods_, dwd_) are told apart by it.

    Passes: {showTableMapping: true, tableMapping: [{dstTable: ods_a}], tableMappings: [{tableMapping: [{dstTable: ods_a}]}]} with {pattern: "ods_[a-z0-9_]+"}
    Hits: {showTableMapping: true, tableMapping: [{dstTable: a}], tableMappings: [{tableMapping: [{dstTable: a}]}]} with {pattern: "ods_[a-z0-9_]+"}
    """
    pattern = settings.pattern
    refused, unjudged = _refused(event, lambda pair: pair.destination_table, lambda name: not pattern.matches(name))
    if refused:
        yield hit(TABLE_NAMES_REFUSED, tables=few(refused), count=len(refused), pattern=pattern)
    else:
        yield from unjudged


TOO_MANY_TABLES = Text(
    en="The sync jobs have {tables} pairs of source and destination tables; at most {max} are allowed. Start fewer jobs"
    " at a time, or split them.",
    zh="同步任务的源表与目标表的映射数为 {tables}，最多允许 {max}。请减少单次启动的任务，或拆分任务。",
)
MORE_TABLES_THAN_SHOWN = Text(
    en="The sync jobs have more than 500 tables ({tables}), so many that DataWorks does not list them; at most {max}"
    " are allowed. Start fewer jobs at a time, or split them.",
    zh="同步任务的表超过 500 张（{tables}），DataWorks 未列出明细，最多允许 {max} 张。"
    "请减少单次启动的任务，或拆分任务。",
)


def integration_tables(event: Event[Start], settings: Maximum) -> Iterator[Finding]:
    """Pairs of source and destination tables of the sync jobs that start: at most `max` over all jobs.

    A source that is a pattern (`shard.*`) is one pair, however many tables it stands for. Where DataWorks lists none
    because there are more than 500, a `max` of up to 500 hits; a larger one cannot be judged.

    Passes: {showTableMapping: true, tableMapping: [{dstTable: a}], tableMappings: [{tableMapping: [{dstTable: a}]}]} with {max: 1}
    Hits: {showTableMapping: true, tableMapping: [{dstTable: a}, {dstTable: b}], tableMappings: [{tableMapping: [{dstTable: a}]}, {tableMapping: [{dstTable: b}]}]} with {max: 1}
    """
    pairs, unjudged = _pairs(event.payload)
    if len(pairs) > settings.max:
        yield hit(TOO_MANY_TABLES, tables=len(pairs), max=settings.max)
    elif event.payload.shows_mapping is False and settings.max <= _MOST_SHOWN:
        yield hit(MORE_TABLES_THAN_SHOWN, tables=f"{_MOST_SHOWN}+", max=settings.max)
    else:
        yield from unjudged


MAPPING_HIDDEN = Text(
    en='The sync jobs ("{jobs}") have more than 500 tables, so many that DataWorks does not list what they read and'
    " write. Split them into jobs of up to 500 tables.",
    zh="同步任务“{jobs}”的表超过 500 张，DataWorks 未列出其读写的表。请拆分任务，每个任务不超过 500 张表。",
)


def integration_mapping(event: Event[Start], settings: Nothing) -> Iterator[Finding]:
    """Sync jobs whose tables DataWorks does not list, because there are more than 500 (`showTableMapping` false).

    What nobody can see, no other rule can judge.

    Passes: {showTableMapping: true, tableMapping: [{dstTable: a}], tableMappings: [{tableMapping: [{dstTable: a}]}]} with {}
    Hits: {extensionBizName: sync_all, showTableMapping: false} with {}
    """
    del settings
    shown = event.payload.shows_mapping
    _, unjudged = _pairs(event.payload)
    if shown is False:
        yield hit(MAPPING_HIDDEN, jobs=(*known(event.payload.name), "?")[0])
    elif isinstance(shown, Unknown) and unjudged:
        yield unread(shown)
    else:
        yield from unjudged


def _refused(
    event: Event[Start], name_of: Callable[[TablePair], Fact[str]], refuse: Callable[[str], bool]
) -> tuple[list[str], list[Finding]]:
    """Names in the mappings that are refused, each once, and the finding for what cannot be judged, if there is any."""
    pairs, unjudged = _pairs(event.payload)
    facts = [name_of(pair) for pair in pairs]
    names = dict.fromkeys(fact for fact in facts if not isinstance(fact, Unknown))
    unnamed = [unread(fact) for fact in facts if isinstance(fact, Unknown)]
    return [name for name in names if refuse(name)], (unjudged + unnamed)[:1]


def _pairs(start: Start) -> tuple[list[TablePair], list[Finding]]:
    """Tables of all jobs, as far as they are shown, and the finding for what is not, if there is any.

    Where the flag is missing and the mapping is there, the mapping is taken to be whole.
    """
    mappings = _mappings(start)
    gaps = [fact for fact in (start.shows_mapping,) if isinstance(fact, Unknown) and fact.reason is not Reason.MISSING]
    gaps += [mapping for mapping in mappings if isinstance(mapping, Unknown)]
    unjudged = [
        Finding(NOT_SHOWN, {"field": gap.field}, judged=False) if gap.reason is Reason.MISSING else unread(gap)
        for gap in gaps[:1]
    ]
    return [pair for mapping in mappings for pairs in known(mapping) for pair in pairs], unjudged


def _mappings(start: Start) -> list[Fact[tuple[TablePair, ...]]]:
    """The mapping of each job, and `Unknown` for each gap: no job is without a table, so that an empty one is a gap."""
    hidden = start.shows_mapping is False
    if isinstance(start, JobStart):
        gap = Unknown("tableMapping", Reason.MISSING)
        return [start.mapping or gap, *([gap] if hidden else [])]
    gap = Unknown("tableMappings", Reason.MISSING)
    jobs = start.mappings
    if isinstance(jobs, Unknown):
        return [jobs]
    mappings: list[Fact[tuple[TablePair, ...]]] = [
        job.mapping or Unknown(f"tableMappings[{number}].tableMapping", Reason.MISSING)
        for number, job in enumerate(jobs)
    ]
    if isinstance(start.job_ids, Unknown) and start.job_ids.reason is not Reason.MISSING:
        mappings.append(start.job_ids)
    if hidden or not jobs or _lacks_a_job(start, jobs):
        mappings.append(gap)
    return mappings


def _lacks_a_job(start: BatchJobStart, jobs: tuple[JobMapping, ...]) -> bool:
    """Whether a job starts that has no mapping. Both kinds of id are in the sample only, so either may be missing."""
    shown = {job_id for job in jobs for job_id in known(job.job_id)}
    nameless = sum(isinstance(job.job_id, Unknown) for job in jobs)
    started = {job_id for ids in known(start.job_ids) for job_id in ids}
    return len(started - shown) > nameless


_SYNC = ("start-diJob", "batch-start-diJob")

# A table, one check a line.
# fmt: off
CHECKS = (
    row("integration.source", integration_source, Listed[Names], _SYNC, SOURCES_REFUSED),
    row("integration.destination", integration_destination, Listed[Names], _SYNC, DESTINATIONS_REFUSED),
    row("integration.table_name", integration_table_name, Named, _SYNC, TABLE_NAMES_REFUSED),
    row("integration.tables", integration_tables, Maximum, _SYNC, TOO_MANY_TABLES, MORE_TABLES_THAN_SHOWN),
    row("integration.mapping", integration_mapping, Nothing, _SYNC, MAPPING_HIDDEN),
)
# fmt: on
